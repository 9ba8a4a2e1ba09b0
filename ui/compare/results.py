"""The answer of the compare page: the best three as tiles, all of them as a table, chosen ones side by side."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import streamlit as st

from services.model.money import minor_digits
from services.model.plan import Network
from services.rules.compare.beside import MOST_BESIDE, side_by_side
from services.rules.compare.export import EXPORT_COLUMNS, export_csv
from services.rules.compare.frame import micro_of
from services.rules.compare.ranking import Ranking
from services.use.compare import CompareDesk, PriceSeen
from ui import clock, figures, words
from ui.grid import grid
from ui.language import _, language, n_, speaking
from ui.text import plain

TILES = 3
ROWS = 50
PICKED = "pick"
TOO_MANY = "compare_too_many"
MAX_LISTED_COUNTRIES = 6
NO_FIGURE = "–"


def tiles(ranking: Ranking, version: str) -> None:
    """The best plans of the answer that ``version`` names, each with its total, what it carries, and where to buy it."""
    _tiles(ranking, version, _reader())


def _reader() -> str:
    """What the words and days of an answer depend on beside the answer."""
    return f"{language()} {clock.zone()}"


@st.cache_data(max_entries=256, ttl=3600, show_spinner=False)
def _tiles(_ranking: Ranking, version: str, reader: str) -> None:
    """Kept as they were drawn."""
    with grid("best"):
        for _rank, row in _ranking.page(0, TILES).iterrows():
            with st.container(border=True, height="stretch"):
                _tile(row, _ranking)


def _tile(row: "pd.Series[Any]", ranking: Ranking) -> None:
    currency, countries = ranking.question.currency, ranking.question.countries
    st.markdown(f"**{plain(row['seller'])}** · {plain(plan_name(row))}")
    st.metric(_("Total for this trip"), total(row, currency), label_visibility="collapsed")
    lines = [carries(row), coverage(row, countries), *_warnings(row)]
    st.markdown("  \n".join(line for line in lines if line))
    st.caption(_("Price of {day}").format(day=price_date(row["fetched_at"])))
    if url := link(row["buy_url"], row["origin"]):
        st.link_button(_("Open at the seller"), url, width="stretch")


def link(url: Any, origin: str) -> str | None:
    """The address to open: only one of the web, because a seller's answer could name any scheme, and none for an invented plan."""
    clickable = origin != "sandbox" and isinstance(url, str) and url.lower().startswith(("https://", "http://"))
    return url if clickable else None


def price_date(at: datetime) -> str:
    """The day of a price where the person is."""
    return figures.day(at.astimezone(clock.zone()))


def plan_name(row: "pd.Series[Any]") -> str:
    """The seller's name for it; what it carries and how long, where a list gives no name."""
    return str(row["name"]) if row["name"] else offer(row)


def total(row: "pd.Series[Any]", currency: str) -> str:
    if pd.isna(row["total_micro"]):
        return _("No total")
    return figures.money(int(row["total_micro"]), currency)


def offer(row: "pd.Series[Any]") -> str:
    """What one purchase carries: "10 GB, 30 days"."""
    days = [] if pd.isna(row["validity_days"]) else [figures.days(int(row["validity_days"]))]
    return figures.listing([allowance(row), *days])


def carries(row: "pd.Series[Any]") -> str:
    """What one purchase carries and how many are needed: "10 GB, 30 days, bought 2 times"."""
    parts = [offer(row)]
    if not pd.isna(row["purchases"]) and row["purchases"] > 1:
        times = int(row["purchases"])
        parts.append(n_("bought {n} time", "bought {n} times", times).format(n=times))
    return figures.listing(parts)


def allowance(row: "pd.Series[Any]") -> str:
    if row["kind"] == "total":
        return figures.volume(int(row["volume"]))
    if row["kind"] == "per_day":
        return _("{volume} a day").format(volume=figures.volume(int(row["volume"])))
    return figures.labelled(_("Unlimited"), unlimited(row))


def unlimited(row: "pd.Series[Any]") -> str:
    """What "unlimited" comes to, as far as it is published."""
    fair_use = "" if pd.isna(row["fair_use_per_day"]) else figures.volume(int(row["fair_use_per_day"]))
    speed = "" if pd.isna(row["speed_after_kbps"]) else figures.speed(int(row["speed_after_kbps"]))
    match row["unlimited_meaning"]:
        case "then_slower":
            return _("{volume} a day, then {speed}").format(volume=fair_use, speed=speed)
        case "then_stops":
            return _("{volume} a day, then no data").format(volume=fair_use)
        case "then_unpublished":
            return _("{volume} a day, then a speed that is not published").format(volume=fair_use)
        case "fair_use_unpublished":
            return _("fair use not published, then {speed}").format(speed=speed)
        case _other:
            return _("speed not published")


def coverage(row: "pd.Series[Any]", countries: tuple[str, ...]) -> str:
    """In which of the countries asked for it works, in words and signs."""
    if len(countries) == 1:
        answer = row["covers_all"]
        return figures.labelled(f"{words.TICK[answer]} {figures.country(countries[0])}", words.word(words.ANSWER, answer))
    by_answer = {answer: [code for code in countries if row[f"covers_{code}"] == answer] for answer in words.TICK}
    if row["covers_all"] == "yes":
        return _("✓ All {n} countries").format(n=len(countries))
    parts = [_("✓ {covered} of {all} countries").format(covered=len(by_answer["yes"]), all=len(countries))]
    parts += [_("✗ Not in {countries}").format(countries=_some(by_answer["no"]))] if by_answer["no"] else []
    parts += [_("? Not published: {countries}").format(countries=_some(by_answer["unknown"]))] if by_answer["unknown"] else []
    return "  \n".join(parts)


def _some(codes: list[str]) -> str:
    names = [figures.country(code) for code in codes[:MAX_LISTED_COUNTRIES]]
    more = len(codes) - len(names)
    return figures.listing(names) + (n_(" and {n} more", " and {n} more", more).format(n=more) if more else "")


def _warnings(row: "pd.Series[Any]") -> list[str]:
    notes = []
    if row["total_state"] != "known":
        notes.append(words.word(words.TOTAL_STATE, row["total_state"]))
    if row["meets_need"] == "no":
        notes.append(_("Does not carry your need every day at full speed"))
    elif row["meets_need"] == "unknown":
        notes.append(_("Whether it carries your need at full speed is not published"))
    if row["needs_unknown"]:
        notes.append(_("Something you need is not published"))
    if row["origin"] == "sandbox":
        notes.append(_("Invented price"))
    elif row["stale"]:
        notes.append(_("Old price: more than a day old"))
    return [f":orange-badge[{plain(note)}]" for note in notes]


def table(ranking: Ranking, start: int, version: str) -> None:
    """Rows ``start`` and following of the answer that ``version`` names. A row is picked for the comparison by its box."""
    shown, names = _rows(ranking, start, version, _reader())
    picked = picks()
    if st.session_state.pop(TOO_MANY, False):
        st.toast(_("At most three plans stand side by side. Untick one first."))
    st.dataframe(
        shown,
        hide_index=True,
        column_config=_columns(ranking),
        key=_table_key(ranking, start),
        on_select=lambda: _pick_rows(_table_key(ranking, start), names),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [at for at, name in enumerate(names) if name in picked]}},
        height=min(38 + 35 * len(names), 600),
        placeholder=NO_FIGURE,
        alt=_("Plans, best first"),
    )


def _table_key(ranking: Ranking, start: int) -> str:
    return f"compare_table_{hash((ranking.question, start, len(ranking)))}"


@st.cache_resource(max_entries=256, ttl=3600, show_spinner=False)
def _rows(_ranking: Ranking, start: int, version: str, reader: str) -> tuple[pa.Table, list[tuple[str, str]]]:
    """The table as shown, and the (source, plan id) of each row. Kept per answer, in the form in which it is sent; nobody changes it."""
    shown = _ranking.page(start, start + ROWS)
    sent = pa.Table.from_pandas(_table_of(shown, _ranking), preserve_index=False)
    return sent, list(zip(shown["source"], shown["plan_id"], strict=True))


def _table_of(shown: pd.DataFrame, ranking: Ranking) -> pd.DataFrame:
    currency, countries = ranking.question.currency, ranking.question.countries
    rows = [row for _rank, row in shown.iterrows()]
    columns: dict[str, list[Any]] = {
        "seller": shown["seller"].tolist(),
        "origin": [words.word(words.ORIGIN, origin) for origin in shown["origin"]],
        "name": [plan_name(row) for row in rows],
        "total": [None if pd.isna(row["total_micro"]) else row["total_micro"] / figures.MICRO for row in rows],
        "usable": [_usable(row) for row in rows],
        "days": shown["validity_days"].tolist(),
        "purchases": shown["purchases"].tolist(),
        "per_gb": [_money_or_none(row["per_gb_micro"], currency) for row in rows],
        "per_day": [_money_or_none(row["per_day_micro"], currency) for row in rows],
        **{f"in_{code}": [words.TICK[answer] for answer in shown[f"covers_{code}"]] for code in countries[:MAX_LISTED_COUNTRIES]},
        "allowance": [allowance(row) for row in rows],
        **{
            feature: [words.word(words.ANSWER, answer) for answer in shown[feature]]
            for feature in ("hotspot", "top_up", "id_check", "five_g")
        },
        "start": [words.word(words.START_RULE, rule) for rule in shown["start_rule"]],
        "fetched_at": [price_date(at) for at in shown["fetched_at"]],
        "note": [words.word(words.TOTAL_STATE, state) for state in shown["total_state"]],
        "buy_url": [link(url, origin) for url, origin in zip(shown["buy_url"], shown["origin"], strict=True)],
    }
    if len(countries) > MAX_LISTED_COUNTRIES:
        covered = [sum(row[f"covers_{code}"] == "yes" for code in countries) for row in rows]
        columns["countries"] = [f"{n}/{len(countries)}" for n in covered]
    return pd.DataFrame(columns)


def _usable(row: "pd.Series[Any]") -> str:
    if row["kind"] == "unlimited":
        return _("Unlimited")
    return _("Not published") if pd.isna(row["usable_bytes"]) else figures.volume(int(row["usable_bytes"]))


def _money_or_none(micro: Any, currency: str) -> str | None:
    return None if pd.isna(micro) else figures.money(int(micro), currency)


def _columns(ranking: Ranking) -> dict[str, Any]:
    text, config = st.column_config.TextColumn, st.column_config
    currency, countries = ranking.question.currency, ranking.question.countries
    return {
        "seller": text(_("Seller"), pinned=True),
        "origin": text(_("Where from")),
        "name": text(_("Plan")),
        "total": config.NumberColumn(_("Total, {currency}").format(currency=currency), format=f"%.{minor_digits(currency)}f"),
        "usable": text(_("Usable data")),
        "days": config.NumberColumn(_("Days")),
        "purchases": config.NumberColumn(_("Times to buy")),
        "per_gb": text(_("Per GB")),
        "per_day": text(_("Per day")),
        **{f"in_{code}": text(figures.country(code)) for code in countries[:MAX_LISTED_COUNTRIES]},
        "countries": text(_("Countries")),
        "allowance": text(_("Allowance")),
        **{feature: text(words.word(words.FEATURE, feature)) for feature in ("hotspot", "top_up", "id_check", "five_g")},
        "start": text(_("Validity starts")),
        "fetched_at": text(_("Price date")),
        "note": text(_("Note")),
        "buy_url": config.LinkColumn(_("Buy"), display_text=_("Open at the seller")),
    }


def picks() -> list[tuple[str, str]]:
    """The plans picked for the comparison, as (source, plan id), from the address."""
    named = [entry.split("~", 1) for entry in st.query_params.get(PICKED, "").split("|")]
    return [(entry[0], entry[1]) for entry in named if len(entry) == 2][:MOST_BESIDE]


def _pick_rows(table_key: str, names: list[tuple[str, str]]) -> None:
    rows = st.session_state[table_key]["selection"]["rows"]
    elsewhere = [pick for pick in picks() if pick not in names]
    ticked = elsewhere + [names[row] for row in rows if row < len(names)]
    if len(ticked) > MOST_BESIDE:
        st.session_state[TOO_MANY] = True  # said where the table is drawn: what a callback draws takes the place of something else
    chosen = ticked[:MOST_BESIDE]
    if chosen:
        st.query_params[PICKED] = "|".join(f"{source}~{plan_id}" for source, plan_id in chosen)
    else:
        st.query_params.pop(PICKED, None)


def beside(plans: Ranking, desk: CompareDesk) -> None:
    """The picked plans side by side, what differs in bold, with how the price of each moved."""
    currency, countries = plans.question.currency, plans.question.countries
    differing = {fact.name for fact in side_by_side(plans) if fact.differs}
    lines: list[tuple[str, set[str], Callable[[pd.Series[Any]], str]]] = [
        (_("Total for this trip"), {"total_micro"}, lambda row: total(row, currency)),
        (_("Allowance"), {"volume", "kind", "validity_days", "purchases", "unlimited_meaning"}, carries),
        (_("Usable data"), {"usable_bytes"}, _usable),
        (_("Per GB"), {"per_gb_micro"}, lambda row: _money_or_none(row["per_gb_micro"], currency) or NO_FIGURE),
        (_("Where it works"), {f"covers_{code}" for code in countries}, lambda row: coverage(row, countries)),
        *(
            (words.word(words.FEATURE, name), {name}, partial(_answer, name))
            for name in ("hotspot", "top_up", "id_check", "five_g", "phone_number", "new_users_only")
        ),
        (_("Validity starts"), {"start_rule"}, lambda row: words.word(words.START_RULE, row["start_rule"])),
        (_("Networks"), set(), lambda row: _networks(desk.networks(int(row["plan_key"])), countries)),
        (_("Price so far"), set(), lambda row: _price_history(desk.prices(row["source"], row["plan_id"])) or NO_FIGURE),
        (_("Price date"), {"fetched_at"}, lambda row: price_date(row["fetched_at"])),
    ]
    with grid("beside"):
        for _rank, row in plans.page().iterrows():
            with st.container(border=True, height="stretch"):
                said = [f"**{plain(row['seller'])}** · {plain(plan_name(row))}"]
                for label, names, say in lines:
                    value = say(row)
                    said.append(f"{label}  \n" + (f"**{value}**" if names & differing and "\n" not in value else value))
                st.markdown("\n\n".join(said))


def _answer(feature: str, row: "pd.Series[Any]") -> str:
    return words.word(words.ANSWER, row[feature])


def _networks(networks: Sequence[Network], countries: tuple[str, ...]) -> str:
    names = [
        f"{plain(network.operator)} ({plain('/'.join(network.generations))})" if network.generations else plain(network.operator)
        for network in networks
        if network.country in countries
    ]
    return figures.listing(list(dict.fromkeys(names))) or _("Not published")


def _price_history(seen: Sequence[PriceSeen]) -> str:
    """Each price with the day it was first seen, oldest first."""
    said = [f"{figures.money(micro_of(price.price), price.price.currency)} ({price_date(price.seen_at)})" for price in seen[-5:]]
    return " → ".join(plain(part) for part in said)


def csv_file(ranking: Ranking) -> Callable[[], bytes]:
    """Builds, on the click, every ranked plan with headings and words of the language that is spoken now."""
    spoken = language()

    def build() -> bytes:
        with speaking(spoken):
            return _csv(ranking)

    return build


def _csv(ranking: Ranking) -> bytes:
    tables = {"origin": words.ORIGIN, "kind": words.KIND, "start_rule": words.START_RULE, "total_state": words.TOTAL_STATE}

    def say(column: str, code: str) -> str:
        return words.word(tables.get(column, words.ANSWER if code in words.ANSWER else words.UNLIMITED_MEANING), code)

    headings = {name: words.word(words.EXPORT_HEADING, name) for name in EXPORT_COLUMNS}
    return export_csv(ranking, headings, say)
