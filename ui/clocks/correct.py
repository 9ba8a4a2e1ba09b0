"""The person's own figures: put one in the place of a fact, see those in force, take them back, send them in."""

from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from services.model.clock import (
    Activity,
    Anchor,
    ClockKind,
    DayMeaning,
    EventKind,
    FirstDay,
    Loss,
    MonthMeaning,
    Span,
    Stacking,
    Works,
)
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.overrides import RawValue
from services.rules.clocks.schema import OperatorRule, ShownDate
from services.store.clocks import KeptOverride
from services.use.known_clocks import CardClocks
from services.use.operators import home_country
from ui import figures
from ui.clocks import words
from ui.clocks.ask import attempt, money_field, money_of, span_field, span_of
from ui.clocks.desk import clock_desk
from ui.language import _
from ui.preferences import usual_currency
from ui.text import plain
from ui.words import word

_SPANS = frozenset({"span", "initial", "cap", "settling", "after"})
_ONE_OF = {"start": Anchor, "stacking": Stacking, "day": DayMeaning, "first_day": FirstDay, "month": MonthMeaning, "shown_date": ShownDate}
_SOME_OF = {"works": Works, "loses": Loss, "rescue": Activity, "ended_by": EventKind}
_ONLY_FOR = {
    "fee": (ClockKind.WALLET_FEE, ClockKind.ARREARS),
    "fee_day": (ClockKind.ARREARS,),
    "ended_by": (ClockKind.ACTIVATE_BY,),
}


def corrections(clocks: CardClocks) -> None:
    """The figures in force, then the form for another one."""
    for kept in (*clocks.figures, *clocks.unfit):
        _kept(clocks.rule, kept, kept in clocks.unfit)
    for clock_id, override_id in clocks.stopped.items():
        name = words.said(clocks.rule.clock(clock_id).name) if any(item.id == clock_id for item in clocks.rule.clocks) else plain(clock_id)
        with st.container(horizontal=True, vertical_alignment="center"):
            said = _("Does not run on this card: {name}").format(name=name)
            st.markdown(f"{words.own_badge()} {said}", width="content")
            st.button(_("Undo"), key=f"clock_reset_{override_id}", on_click=_reset, args=(override_id,), type="tertiary")
    if clocks.figures:
        st.download_button(
            _("Download my figures as a suggestion"),
            data=clock_desk().suggestions(clocks),
            file_name=f"simkeeper-{clocks.rule.id}.json",
            mime="application/json",
            on_click="ignore",
            key=f"clock_suggest_{clocks.card.card_id}",
        )
        st.caption(_("The file has the figures, your notes and the shipped sources. Nothing of your card is in it."))
    _form(clocks)


def _kept(rule: OperatorRule, kept: KeptOverride, unfit: bool) -> None:
    own = kept.override
    scope = _("every card under this rule") if own.card is None else _("this card")
    value = figures.listing([plain(_shown(item)) for item in own.value]) if isinstance(own.value, list) else plain(str(own.value))
    line = f"{words.own_badge()} {figures.labelled(path_name(rule, own.path), f'**{value}**')} · {scope} · {figures.day(own.made_on)}"
    if unfit:
        line += " " + words.badge("orange", "!", _("does not fit the newer rule and is not used"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(line + (f"  \n{plain(own.note)}" if own.note else ""), width="content")
        st.button(
            _("Back to the shipped figure"),
            key=f"clock_reset_{kept.override_id}",
            on_click=_reset,
            args=(kept.override_id,),
            type="tertiary",
        )


def _shown(item: Any) -> str:
    return f"{item['at_least']}: {item['span']}" if isinstance(item, dict) else str(item)


def path_name(rule: OperatorRule, path: str) -> str:
    """A fact's path in words: "180 days without a top-up: how long it runs"."""
    head, _sep, rest = path.partition(".")
    if head == "actions":
        index, _sep, name = rest.partition(".")
        action = rule.actions[int(index)] if int(index) < len(rule.actions) else None
        return figures.labelled(words.value(action.what) if action is not None else plain(path), word(words.FACT, name))
    clock = next((item for item in rule.clocks if item.id == head), None)
    if clock is None:
        return plain(path)
    name = rest.rpartition(".")[2]
    if rest.startswith("activity."):
        return figures.labelled(words.said(clock.name), words.value(Activity(name)))
    if rest.startswith("ladder."):
        stage = clock.ladder[int(rest.split(".")[1])]
        return figures.labelled(words.said(clock.name), figures.labelled(word(words.STAGE, stage.code.value), word(words.FACT, name)))
    return figures.labelled(words.said(clock.name), word(words.FACT, name))


def paths(rule: OperatorRule) -> list[str]:
    """Every fact that makes sense for the kind of its clock."""
    found = []
    for clock in rule.clocks:
        for name, fact in clock.facts():
            only = _ONLY_FOR.get(name)
            if (only is None or clock.kind in only) and (name not in ("tiers", "warnings") or fact.value is not None):
                found.append(f"{clock.id}.{name}")
        found += [f"{clock.id}.activity.{activity.value}" for activity in Activity if clock.is_about(activity)]
    return found + [f"actions.{index}.price" for index in range(len(rule.actions))]


def _form(clocks: CardClocks) -> None:
    key = f"clock_fix_{clocks.card.card_id}"
    options = paths(clocks.rule)
    path = st.selectbox(_("Which figure"), options, format_func=lambda item: path_name(clocks.rule, item), key=f"{key}_path")
    if path is None:
        return
    field = f"{key}_{path}"
    with st.form(f"{key}_form_{path}", border=False):
        _editor(clocks, path, field)
        st.text_input(_("Note: who says so, and when"), max_chars=300, key=f"{field}_note")
        st.checkbox(_("For every card under this rule"), key=f"{field}_all")
        st.form_submit_button(_("Use this figure"), on_click=_correct, args=(clocks.card.card_id, path, field))


def _current(rule: OperatorRule, path: str) -> Any:
    evidence = dict(rule.evidence()).get(path)
    return getattr(evidence, "value", None) if evidence is not None else None


def _editor(clocks: CardClocks, path: str, key: str) -> None:
    name, value, label = path.rpartition(".")[2], _current(clocks.rule, path), _("Your figure")
    if ".activity." in path:
        st.radio(_("Does it count?"), ["yes", "no"], format_func=lambda code: words.value(Tri(code)), key=f"{key}_one", horizontal=True)
    elif name in _SPANS:
        span_field(label, key, value if isinstance(value, Span) else None)
    elif name in ("fee", "price"):
        money_field(label, key, value.currency if isinstance(value, Money) else usual_currency(home_country(clocks.card)))
    elif name == "fee_day":
        st.number_input(label, min_value=1, max_value=28, value=None, step=1, key=f"{key}_number")
    elif name == "zone":
        st.selectbox(label, sorted(available_timezones()), index=None, placeholder=_("Choose"), key=f"{key}_one")
    elif name in _ONE_OF:
        st.selectbox(label, list(_ONE_OF[name]), format_func=words.value, key=f"{key}_one")
    elif name in _SOME_OF:
        st.multiselect(
            label,
            list(_SOME_OF[name]),
            default=list(value or ()),
            format_func=words.value,
            key=f"{key}_some",
            placeholder=_("Choose"),
            select_all=False,
        )
    elif name == "tiers":
        text = "\n".join(f"{tier.at_least.amount} {tier.at_least.currency} = {tier.span}" for tier in value or ())
        st.text_area(_("One line for each amount, such as 10 GBP = 90 days"), value=text, key=f"{key}_lines", max_chars=2000)
    else:
        st.text_input(_("Days before the end, such as 35, 5"), key=f"{key}_leads", max_chars=100)


def _given(path: str, key: str) -> RawValue | None:
    """What the fields of ``path`` hold, worded as in a rule file; None when something is missing."""
    name, state = path.rpartition(".")[2], st.session_state
    if name in _SPANS:
        length = span_of(key)
        return None if length is None else str(length)
    if name in ("fee", "price"):
        amount = money_of(key)
        return None if amount is None else f"{amount.amount} {amount.currency}"
    if name == "fee_day":
        return state.get(f"{key}_number")
    if name in _SOME_OF:
        return [str(item) for item in state.get(f"{key}_some", [])]
    if name == "tiers":
        lines = [line.split("=") for line in state.get(f"{key}_lines", "").splitlines() if line.strip()]
        return [{"at_least": parts[0].strip(), "span": parts[-1].strip()} for parts in lines] or None
    if name == "warnings":
        leads = [part.strip() for part in state.get(f"{key}_leads", "").replace("，", ",").replace("、", ",").split(",")]
        return [f"{lead} days" for lead in leads if lead] or None
    chosen = state.get(f"{key}_one")
    return None if chosen is None else str(chosen)


def _correct(card_id: str, path: str, key: str) -> None:
    value = _given(path, key)
    attempt(_put, card_id, path, value, str(st.session_state.get(f"{key}_note", "")), bool(st.session_state.get(f"{key}_all")))


def _put(card_id: str, path: str, value: RawValue | None, note: str, for_all: bool) -> None:
    clock_desk().correct(card_id, path, value, note.strip(), for_all=for_all)


def _reset(override_id: str) -> None:
    attempt(clock_desk().reset, override_id)
