"""What ends when, on the overview, on a card's page and in the calendar: what each answer shows, and what becomes of what is typed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.card import Card, CardKind, CardSecrets
from services.model.clock import Activity, EventKind, Missing, Question, StageCode
from services.model.renewal import Begun, Channel, RenewalStatus
from services.rules.clocks.library import shipped_rules
from services.use.cards import CardDesk
from services.use.clock_answers import MarkKind
from services.use.clocks import ClockDesk, NotPossible, rule_text
from services.use.house import house
from services.use.renewals import RenewalDesk
from tests.app.driving import fresh_app, open_page

TODAY = datetime.now(UTC).date()


def desk() -> ClockDesk:
    return ClockDesk(house(), "local")


def add(name: str, operator: str | None = None, used: int | None = None, **facts: object) -> None:
    first = None if used is None else TODAY - timedelta(days=used)
    card = Card(name, facts.pop("nickname", name), CardKind.SIM, operator, first_used_on=first, **facts)  # type: ignore[arg-type]
    CardDesk(house(), "local").add(card, CardSecrets())


@pytest.fixture
def app(own_house: Path) -> AppTest:
    found = fresh_app()
    found.query_params["lang"] = "en"
    return found


def overview(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    return "\n".join(item.value for kind in ("markdown", "caption", "warning", "error", "success", "info") for item in app.get(kind))


def unfold(app: AppTest, key: str) -> AppTest:
    app.session_state[key] = True
    app.run()
    assert not app.exception
    return app


# ------------------------------------------------------------------------------------------------------------------- the overview


def test_the_overview_names_the_day_before_which_nothing_can_be_lost(app: AppTest) -> None:
    add("later", "asda_mobile", 10)
    add("first", "asda_mobile", 100)
    due = desk().all()[0].states[0].due
    assert due is not None
    overview(app)
    assert app.header[0].value == f"Nothing can be lost before {due:%b} {due.day}, {due.year}"
    left = [clocks.states[0].days_left for clocks in desk().all()]
    assert [metric.value for metric in app.metric][:2] == [f"{days} days" for days in left]
    assert left[0] in (78, 79, 80), "180 days from 100 days ago, counted the cautious way"


def test_an_unknown_date_is_never_called_safe(app: AppTest) -> None:
    add("fine", "asda_mobile", 10)
    add("blank", "asda_mobile")
    overview(app)
    assert app.header[0].value.startswith("Nothing is known to be lost before ")
    assert "1 card has a date that nobody knows. Unknown does not mean safe" in text(app)
    assert [metric.value for metric in app.metric][:2] == [f"{desk().all()[0].states[0].days_left} days", "Unknown"]


def test_with_no_date_at_all_nothing_is_promised(app: AppTest) -> None:
    add("blank", "asda_mobile")
    overview(app)
    assert app.header[0].value == "Nothing is known yet of what can be lost"


def test_what_is_over_its_date_comes_first_and_says_until_when_it_can_be_saved(app: AppTest) -> None:
    add("fine", "asda_mobile", 10)
    add("late", "asda_mobile", 200)
    overview(app)
    assert app.header[0].value == "1 card is past its date: act today"
    assert app.metric[0].value.endswith("days over")
    shown = text(app)
    assert ":red-badge[■ Overdue]" in shown
    assert "It can be saved before" in shown


def test_without_a_card_there_is_no_answer(app: AppTest) -> None:
    overview(app)
    assert not any("lost" in header.value for header in app.header)


def test_newer_rules_are_listed_once_with_old_and_new_date_and_dismissed(app: AppTest) -> None:
    add("uk", "giffgaff", 30, nickname="UK *number*")
    desk().moves()
    older = json.loads(rule_text("giffgaff"))
    older["clocks"][0]["span"]["value"] = {"amount": 9, "unit": "month"}
    desk().store.see_rules({"giffgaff": json.dumps(older)})
    house().known_clocks.clear()  # newer rules come with a new process
    overview(app)
    assert [header.value for header in app.subheader] == ["Newer rules moved these dates"]
    assert "Six months without use: before " in text(app)
    app.button(key="clock_moves_seen").click().run()
    assert not app.subheader
    assert desk().moves().moved == ()


# ------------------------------------------------------------------------------------------------------------------- a card's page


def test_a_known_clock_shows_dates_what_counts_and_the_cheapest_way_with_the_date_of_the_rate(app: AppTest) -> None:
    add("uk", "giffgaff", 30)
    shown = text(open_page(app, "card", id="uk"))
    state = desk().of_card("uk").states[0]  # type: ignore[union-attr]
    assert state.latest_safe_day is not None
    assert f"Last safe day: **{state.latest_safe_day:%b} {state.latest_safe_day.day}, {state.latest_safe_day.year}**" in shown
    assert "Earliest sensible day" in shown
    assert "Acting today would waste" in shown
    assert "✓ Counts: a top-up, buying a plan, a call you make" in shown
    assert "✗ Does not count: a text you receive" in shown
    assert "Cheapest way: **a text you send**, **£0.30 (about US$" in shown.replace("\\", "").replace("about $", "about US$")
    assert "rate of" in shown
    assert "The money is spent." in shown


def test_why_this_date_unfolds_to_arithmetic_facts_and_sources(app: AppTest) -> None:
    add("uk", "giffgaff", 30)
    page = open_page(app, "card", id="uk")
    assert "staff blog" not in text(page)
    shown = text(unfold(page, "clock_why_uk_use")).replace("\\", "")
    assert "began, " in shown
    assert "+ 6 months, counted as 1" in shown
    assert "How long it runs: **6 months**" in shown
    assert "sure: the operator or two sources that agree, undated · Source: community.giffgaff.com" in shown
    assert "No source states what a day is" in shown
    assert "Looked for and not found" in shown
    assert "](http" not in shown, "an address without https is text"


def test_the_ladder_shows_each_step_with_its_date_and_where_the_card_stands(app: AppTest) -> None:
    add("late", "asda_mobile", 200)
    shown = text(unfold(open_page(app, "card", id="late"), "clock_ladder_late_top_up"))
    assert "Outgoing calls and texts barred** :red-badge[◀ You are here]" in shown
    assert "Still works: receiving texts, receiving calls" in shown
    assert "Saved by: a top-up, buying a plan, asking the operator" in shown
    assert "Cancelled" in shown
    assert "Saved by: nothing" in shown


def test_the_one_question_is_asked_and_its_answer_gives_the_date(app: AppTest) -> None:
    add("uk", "asda_mobile")
    page = open_page(app, "card", id="uk")
    assert "Unknown, because nobody has said when it began." in text(page)
    assert "When was it last topped up?" in text(page)
    page.date_input(key="clock_ask_uk_top_up_day").set_value(TODAY - timedelta(days=10))
    page.button(key="FormSubmitter:clock_ask_uk_top_up_form-Keep").click().run()
    assert not page.exception
    assert "Kept. The dates are worked out anew." in text(page)
    assert "Unknown, because" not in text(page)
    assert desk().of_card("uk").states[0].due is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("operator", "facts", "currency"),
    [
        ("china_mobile", {}, "CNY"),
        ("giffgaff", {}, "GBP"),
        (None, {"country": "CN"}, "CNY"),
        (None, {"country": "TW"}, "TWD"),
        (None, {}, "USD"),
    ],
)
def test_money_of_a_card_is_asked_for_in_the_currency_of_its_country(
    app: AppTest, operator: str | None, facts: dict[str, str], currency: str
) -> None:
    add("card", operator, **facts)
    page = unfold(unfold(open_page(app, "card", id="card", open="limits"), "clock_event_card"), "open_typed_card")
    asked = {box.key: box.value for box in page.selectbox if box.key and box.key.endswith("_currency")}
    assert {"clock_event_card_currency", "limits_card_currency", "typed_currency"} <= set(asked)
    assert set(asked.values()) == {currency}
    assert any(key.startswith("clock_ask_card_fee") for key in asked) is (operator == "china_mobile" or facts.get("country") == "CN")


def test_an_empty_answer_is_refused_in_words(app: AppTest) -> None:
    add("uk", "asda_mobile")
    page = open_page(app, "card", id="uk")
    page.button(key="FormSubmitter:clock_ask_uk_top_up_form-Keep").click().run()
    assert [error.value for error in page.error] == ["Something is missing. Fill in every field."]


def test_an_assumed_rule_is_called_so(app: AppTest) -> None:
    add("odd", None, 10, country="GB")
    shown = text(open_page(app, "card", id="odd"))
    assert "The dates rest on an assumption" in shown
    assert ":gray-badge[≈ assumed]" in shown


def test_what_happened_is_recorded_and_taken_back(app: AppTest) -> None:
    add("uk", "giffgaff", 100)
    page = unfold(open_page(app, "card", id="uk"), "clock_event_uk")
    before = desk().of_card("uk").states[0].due  # type: ignore[union-attr]
    page.selectbox(key="clock_event_uk_what").set_value("did:sms_out")
    page.button(key="FormSubmitter:clock_event_uk_form-Record it").click().run()
    after = desk().of_card("uk")
    assert after is not None
    assert [(item.event.kind, item.event.activity) for item in after.typed] == [(EventKind.USED, Activity.SMS_OUT)]
    assert after.states[0].due > before  # type: ignore[operator]
    page.button(key=f"clock_forget_{after.typed[0].event_id}").click().run()
    assert desk().of_card("uk").states[0].due == before  # type: ignore[union-attr]


def test_an_own_figure_is_put_in_force_marked_and_reset(app: AppTest) -> None:
    add("uk", "giffgaff", 10)
    page = unfold(open_page(app, "card", id="uk"), "clock_fix_uk")
    before = desk().of_card("uk").states[0].due  # type: ignore[union-attr]
    page.selectbox(key="clock_fix_uk_path").set_value("use.span").run()
    page.number_input(key="clock_fix_uk_use.span_count").set_value(60)
    page.selectbox(key="clock_fix_uk_use.span_unit").set_value("day")
    page.text_input(key="clock_fix_uk_use.span_note").set_value("their app, [today](http://x)")
    page.button(key="FormSubmitter:clock_fix_uk_form_use.span-Use this figure").click().run()
    assert not page.exception
    own = desk().of_card("uk")
    assert own is not None
    assert own.states[0].due < before  # type: ignore[operator]
    shown = text(page)
    assert shown.count(":violet-badge[✎ yours]") == 2
    assert "How long it runs: **60 days** · this card" in shown
    assert "](http" not in shown.replace("\\](", "")
    assert page.get("download_button")
    page.button(key=f"clock_reset_{own.figures[0].override_id}").click().run()
    assert desk().of_card("uk").states[0].due == before  # type: ignore[union-attr]


@pytest.mark.parametrize("operator", ["giffgaff", "singtel", "china_mobile", "ultra_mobile", "nomad", "kkday", "glocalme_month"])
def test_every_fact_has_a_field_that_can_be_drawn_and_named(app: AppTest, operator: str) -> None:
    from ui.clocks.correct import paths

    add("card", operator)
    page = unfold(open_page(app, "card", id="card"), "clock_fix_card")
    for path in paths(shipped_rules()[operator]):
        page.selectbox(key="clock_fix_card_path").set_value(path).run()
        assert not page.exception, path


# ------------------------------------------------------------------------------------------------------------------- the calendar


def test_the_calendar_shows_a_month_and_turns_to_the_next(app: AppTest) -> None:
    add("uk", "asda_mobile", 100, nickname="Mum's <i>card</i>")
    state = desk().of_card("uk").states[0]  # type: ignore[union-attr]
    safe = state.latest_safe_day
    assert safe is not None
    page = open_page(app, "calendar", month=f"{safe:%Y-%m}")
    assert f"{safe:%B %Y}" in [header.value for header in page.header]
    assert "▲ **Last safe day** · 180 days without a top\\-up" in text(page)
    table = page.get("html")[-1].proto.body if hasattr(page.get("html")[-1], "proto") else str(page.get("html")[-1])
    assert "<i>card" not in table
    page.button(key="month_after").click().run()
    following = (safe.replace(day=1) + timedelta(days=32)).replace(day=1)
    assert page.query_params["month"] in (f"{following:%Y-%m}", [f"{following:%Y-%m}"])


def test_the_calendar_shows_the_last_day_of_a_claim_and_leads_to_the_renewal(app: AppTest) -> None:
    add("uk", "asda_mobile", 100, nickname="Mum's <i>card</i>", country="GB")
    renewals = RenewalDesk(house(), "local")
    run = renewals.start(Begun(CardKind.SIM, Channel.APP, operator="asda_mobile", card_id="uk", country="GB"))
    for status in (RenewalStatus.PAYING, RenewalStatus.SENT):
        renewals.set_status(run, status)
    claim = renewals.claims(TODAY, TODAY + timedelta(days=700))[0]
    assert claim.last_day is not None
    page = open_page(app, "calendar", month=f"{claim.last_day:%Y-%m}")
    assert "● **Last day of a claim** · " in text(page)
    renewals.abandon(run, "")
    assert renewals.claims(TODAY, TODAY + timedelta(days=700)) == []
    assert "● **Last day of a claim** · " not in text(page.run())


@pytest.mark.parametrize("month", ["", "2026-13", "x", "9999-12", "2026-01-05", "0001-01"])
def test_an_address_that_names_no_month_shows_this_one(app: AppTest, month: str) -> None:
    page = open_page(app, "calendar", month=month)
    assert f"{TODAY:%B %Y}" in [header.value for header in page.header]


# ------------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("https://example.com/terms?id=4#top", True),
        ("http://example.com/terms", False),
        ("example.com/terms", False),
        ("https://example.com/a)b](https://evil.example", False),
        ("https://example.com/a b", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_a_complete_https_address_is_a_link(text: str, is_link: bool) -> None:
    from ui.clocks.sources import source

    assert ("](https://example.com" in source(text)) is is_link


def test_every_code_has_a_word() -> None:
    from services.rules.clocks.schema import ShownDate
    from ui.clocks import words

    for table, codes in (
        (words.MISSING, Missing),
        (words.QUESTION, Question),
        (words.STAGE, StageCode),
        (words.ACTIVITY, Activity),
        (words.EVENT, EventKind),
        (words.NOT_POSSIBLE, NotPossible),
        (words.MARK, MarkKind),
        (words._VALUES[ShownDate], ShownDate),
    ):
        assert set(table) == {code.value for code in codes}
    for values, meanings in words._VALUES.items():
        assert set(meanings) == {code.value for code in values}
    facts = {path.rpartition(".")[2] for rule in shipped_rules().values() for path, _ in rule.facts()}
    assert facts <= set(words.FACT)
    assert {name for rule in shipped_rules().values() for clock in rule.clocks for name in clock.assumed} <= set(words.ASSUMED)
