"""Clocks in use: what is written down of a card becomes its dates; answers, own figures, newer rules, the calendar."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.model.card import Card, CardKind, CardSecrets
from services.model.clock import Activity, ClockStatus, Confidence, EventKind, Missing, Question, Span
from services.model.money import Money
from services.model.reading import Event, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.reading import EventKind as SeenKind
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.library import generic_rule, shipped_rules
from services.rules.clocks.recorded import recorded_events, with_shown_dates
from services.rules.clocks.schema import CardKind as RuleKind
from services.rules.clocks.schema import OperatorRule
from services.use.cards import CardDesk
from services.use.clock_answers import Answer, MarkKind, answer
from services.use.clocks import ClockDesk, ClockInputError, Given, Moves, NotPossible, rule_text
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 18, 30, tzinfo=SHANGHAI)


class Watch:
    """The desk's clock, which a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(Configuration(database_url=database_url, data_dir=tmp_path))
    opened.database.ensure_account("other")
    yield opened
    opened.close()


@pytest.fixture
def desk(house: House, watch: Watch) -> ClockDesk:
    return ClockDesk(house, "local", watch)


def add(house: House, name: str, operator: str | None = None, kind: CardKind = CardKind.SIM, **facts: object) -> Card:
    card = Card(card_id=name, nickname=name, kind=kind, operator=operator, **facts)  # type: ignore[arg-type]
    CardDesk(house, "local", lambda: NOW).add(card, CardSecrets())
    return card


def read(house: House, name: str, at: datetime, **facts: object) -> None:
    reading = Reading(name, Source.PASTED, at, **facts)  # type: ignore[arg-type]
    assert ReadingDesk(house, "local", lambda: at).record(reading)


def clock(desk: ClockDesk, name: str, clock_id: str) -> ClockState:
    clocks = desk.of_card(name)
    assert clocks is not None
    return next(state for state in clocks.states if state.rule.id == clock_id)


def local(state: ClockState) -> date:
    assert state.due is not None
    return state.due.astimezone(SHANGHAI).date()


# ------------------------------------------------------------------------------------------------------------------- from facts to dates


def test_six_months_from_the_last_use_that_a_person_recorded(house: House, desk: ClockDesk) -> None:
    """giffgaff, used on 1 July in Shanghai, whose first minute is still 30 June in London. Nobody says what a month is, so six of them are
    180 days: over when 27 December begins in London, at 8 in the morning in Shanghai. The 26th is in time at any hour."""
    add(house, "uk", "giffgaff")
    desk.record("uk", Activity.SMS_OUT, date(2026, 7, 1))
    state = clock(desk, "uk", "use")
    assert state.due == datetime(2026, 12, 27, 0, 0, tzinfo=UTC)
    assert state.latest_safe_day == date(2026, 12, 26)
    assert state.days_left == 36


def test_what_does_not_count_moves_nothing(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "giffgaff")
    desk.record("uk", Activity.SMS_OUT, date(2026, 7, 1))
    before = clock(desk, "uk", "use").due
    desk.record("uk", Activity.SMS_IN, date(2026, 11, 1))
    assert clock(desk, "uk", "use").due == before
    desk.record("uk", Activity.TOP_UP, date(2026, 11, 1), money=Money.of(10, "GBP"))
    after = clock(desk, "uk", "use").due
    assert before is not None
    assert after is not None
    assert after > before + timedelta(days=100)


def test_the_date_in_a_text_is_the_date_of_the_clock(house: House, desk: ClockDesk) -> None:
    """ValueGB prints the last day; Hong Kong and Shanghai share their days."""
    add(house, "hk", "value_gb")
    read(house, "hk", NOW - timedelta(days=3), validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 3, 2)),))
    lead = desk.of_card("hk").lead  # type: ignore[union-attr]
    assert lead is not None
    assert lead.is_read
    assert lead.latest_safe_day in (date(2027, 3, 1), date(2027, 3, 2))


@pytest.mark.parametrize("operator", ["giffgaff", "china_mobile", None])
def test_a_plan_that_ends_before_the_number_is_the_first_thing_that_can_be_lost(
    house: House, desk: ClockDesk, operator: str | None
) -> None:
    """giffgaff's rules are about the number, China Mobile's about debt: the end of a plan ends something too."""
    add(house, "card", operator, country="GB", first_used_on=date(2026, 11, 1))
    read(house, "card", NOW - timedelta(hours=1), validity=(Validity(ValidityKind.PLAN, date(2026, 11, 25), "Goodybag"),))
    clocks = desk.of_card("card")
    assert clocks is not None
    plan = next(state for state in clocks.states if state.is_read)
    assert plan.rule.kind.value == "bundle"
    assert plan.latest_safe_day in (date(2026, 11, 23), date(2026, 11, 24))
    assert plan.confidence is Confidence.HIGH
    before = answer(desk.all()).before
    assert before is not None
    assert before <= datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", ValidityKind)
@pytest.mark.parametrize("operator", sorted(shipped_rules()))
def test_no_date_that_an_operator_shows_is_left_out(kind: ValidityKind, operator: str) -> None:
    rule = shipped_rules()[operator]
    reading = Reading("card", Source.PASTED, NOW - timedelta(hours=1), validity=(Validity(kind, date(2026, 12, 9)),))
    longer = with_shown_dates(rule, [reading])
    card = Card("card", "card", CardKind(rule.cards[0].value), operator)
    states = clock_states(longer, recorded_events(rule, card, [reading], (), SHANGHAI), NOW, SHANGHAI)
    shown = [state for state in states if any(step.code.value == "read" for step in state.steps)]
    assert len(shown) == 1
    counted = shown[0].steps[0].due.astimezone(SHANGHAI).date()
    assert date(2026, 12, 8) <= counted <= date(2026, 12, 10)


def test_a_top_up_told_of_twice_is_one(house: House, desk: ClockDesk) -> None:
    """AIS adds up: 30 days for each small top-up. The text pasted twice, and the same payment recorded by hand, give 30 days once."""
    add(house, "th", "ais")
    add(house, "th2", "ais")
    at = NOW - timedelta(days=5)
    for name in ("th", "th2"):
        read(house, name, at - timedelta(days=1), validity=(Validity(ValidityKind.UNSPECIFIED, date(2026, 12, 31)),))
        read(house, name, at, events=(Event(SeenKind.TOPPED_UP, money=Money.of(50, "THB")),))
    read(house, "th2", at + timedelta(minutes=3), events=(Event(SeenKind.TOPPED_UP, money=Money.of(50, "THB")),))
    desk.record("th2", Activity.TOP_UP, at.date(), money=Money.of(50, "THB"))
    once, twice = desk.of_card("th"), desk.of_card("th2")
    assert once is not None
    assert twice is not None
    assert once.states[0].due == twice.states[0].due
    assert once.states[0].due is not None
    assert once.states[0].due.date() > date(2027, 1, 15)


def test_the_dates_of_the_card_itself_start_its_clocks(house: House, desk: ClockDesk) -> None:
    add(house, "plain", "giffgaff")
    add(house, "dated", "giffgaff", first_used_on=date(2026, 9, 1))
    assert clock(desk, "plain", "use").unknown is not None
    assert clock(desk, "dated", "use").status is ClockStatus.RUNNING


def test_a_payment_of_today_comes_after_what_was_read_this_morning(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "giffgaff")
    read(house, "uk", NOW - timedelta(hours=6), validity=(Validity(ValidityKind.NUMBER, date(2026, 12, 1)),))
    assert local(clock(desk, "uk", "use")) <= date(2026, 12, 2)
    desk.record("uk", Activity.TOP_UP, NOW.date())
    assert local(clock(desk, "uk", "use")) > date(2027, 5, 1)


def test_an_unknown_operator_gets_the_assumed_rule_and_it_is_marked(house: House, desk: ClockDesk) -> None:
    add(house, "odd", None, country="GB")
    add(house, "strange", "no_such_operator", CardKind.POCKET_WIFI)
    odd, strange = desk.of_card("odd"), desk.of_card("strange")
    assert odd is not None
    assert strange is not None
    assert (odd.rule.id, odd.is_assumed) == ("generic_gb", True)
    assert (strange.rule.id, strange.is_assumed) == ("generic_data", True)


@pytest.mark.parametrize("kind", CardKind)
def test_every_kind_of_card_has_an_assumed_rule_anywhere(kind: CardKind) -> None:
    assert generic_rule("ZZ", RuleKind(kind.value)) is not None


# ------------------------------------------------------------------------------------------------------------------- the one question


def test_the_one_question_is_settled_by_its_answer(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "giffgaff")
    state = clock(desk, "uk", "use")
    assert state.unknown is not None
    assert state.unknown.ask is Question.WHEN_LAST_USED
    with pytest.raises(ClockInputError) as refused:
        desk.settle("uk", state, Given(day=date(2026, 9, 1)))
    assert refused.value.because is NotPossible.INCOMPLETE
    with pytest.raises(ClockInputError) as refused:
        desk.settle("uk", state, Given(day=NOW.date() + timedelta(days=1), activity=Activity.DATA))
    assert refused.value.because is NotPossible.IN_FUTURE
    desk.settle("uk", state, Given(day=date(2026, 9, 1), activity=Activity.DATA))
    assert clock(desk, "uk", "use").unknown is None


def test_a_date_that_the_operator_shows_settles_a_clock_without_a_length(house: House, desk: ClockDesk) -> None:
    rule = next(rule for rule in shipped_rules().values() if _asks_date(rule))
    add(house, "card", rule.id, CardKind(rule.cards[0].value))
    state = next(state for state in desk.of_card("card").states if state.unknown and state.unknown.ask is Question.VALID_UNTIL)  # type: ignore[union-attr]
    desk.settle("card", state, Given(day=date(2027, 2, 1)))
    settled = clock(desk, "card", state.rule.id)
    assert settled.unknown is None
    assert settled.is_read
    assert abs((local(settled) - date(2027, 2, 1)).days) <= 1


def _asks_date(rule: OperatorRule) -> bool:
    first = next((clock for clock in rule.clocks if clock.id == rule.shown_clock), None)
    return first is not None and first.kind.value in ("validity", "top_up_only") and not first.lengths


def test_balance_and_fee_of_a_wallet(house: House, desk: ClockDesk, watch: Watch) -> None:
    """Ultra PayGo takes 3 USD every 30 days: 10 USD pay for three fees."""
    add(house, "us", "ultra_mobile")
    state = next(state for state in desk.of_card("us").states if state.rule.kind.value == "wallet_fee")  # type: ignore[union-attr]
    assert state.unknown is not None
    assert state.unknown.ask is Question.VALID_UNTIL
    desk.settle("us", state, Given(day=date(2026, 12, 1)))
    state = clock(desk, "us", state.rule.id)
    assert state.unknown is not None
    assert state.unknown.ask is Question.BALANCE
    desk.settle("us", state, Given(money=Money.of("10", "USD")))
    state = clock(desk, "us", state.rule.id)
    assert state.unknown is None
    assert state.fees_covered == 3
    assert (local(state) - date(2026, 12, 1)).days in (89, 90, 91)


def test_the_length_of_a_plan_completes_the_purchase(house: House, desk: ClockDesk) -> None:
    add(house, "travel", "nomad", CardKind.ESIM, bought_on=date(2026, 11, 1))
    desk.record("travel", Activity.CONNECT, date(2026, 11, 10))
    desk.record("travel", Activity.BUNDLE, date(2026, 11, 2))
    state = next(state for state in desk.of_card("travel").states if state.rule.kind.value == "bundle")  # type: ignore[union-attr]
    assert state.unknown is not None
    assert state.unknown.because is Missing.NO_PLAN_LENGTH
    desk.settle("travel", state, Given(span=Span.parse("30 days")))
    assert clock(desk, "travel", state.rule.id).unknown is None
    assert [item.event.span for item in desk.of_card("travel").typed if item.event.kind is EventKind.BUNDLE_BOUGHT] == [
        Span.parse("30 days")
    ]  # type: ignore[union-attr]


def test_a_clock_that_does_not_run_is_left_out_until_it_is_reset(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "giffgaff")
    desk.stop("uk", "use")
    clocks = desk.of_card("uk")
    assert clocks is not None
    assert clocks.states == ()
    assert list(clocks.stopped) == ["use"]
    desk.reset(clocks.stopped["use"])
    assert clock(desk, "uk", "use")


# ------------------------------------------------------------------------------------------------------------------- own figures


def test_an_own_figure_wins_is_marked_and_is_taken_back(house: House, desk: ClockDesk) -> None:
    add(house, "one", "giffgaff", first_used_on=date(2026, 9, 1))
    add(house, "two", "giffgaff", first_used_on=date(2026, 9, 1))
    shipped = clock(desk, "one", "use").due
    desk.correct("one", "use.span", "90 days", "the app says so", for_all=False)
    own = clock(desk, "one", "use")
    assert own.due is not None
    assert shipped is not None
    assert own.due < shipped
    assert own.overridden == ("span",)
    assert clock(desk, "two", "use").due == shipped
    desk.correct("one", "use.span", "100 days", "", for_all=True)
    assert clock(desk, "one", "use").due == own.due, "the figure of one card wins over that of all"
    assert clock(desk, "two", "use").confidence is not Confidence.UNKNOWN
    assert clock(desk, "two", "use").due != shipped
    clocks = desk.of_card("one")
    assert clocks is not None
    for kept in clocks.figures:
        desk.reset(kept.override_id)
    assert clock(desk, "one", "use").due == clock(desk, "two", "use").due == shipped


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("use.span", "soon"),
        ("use.nothing", "1 day"),
        ("gone.span", "1 day"),
        ("use.fee_day", 40),
        ("use.zone", "Mars/Olympus"),
        ("use.stacking", 3),
    ],
)
def test_a_figure_that_does_not_fit_is_refused(house: House, desk: ClockDesk, path: str, value: str | int) -> None:
    add(house, "uk", "giffgaff", first_used_on=date(2026, 9, 1))
    with pytest.raises(ClockInputError) as refused:
        desk.correct("uk", path, value, "", for_all=False)
    assert refused.value.because is NotPossible.DOES_NOT_FIT
    assert desk.of_card("uk").figures == ()  # type: ignore[union-attr]


def test_a_suggestion_says_the_fact_and_nothing_of_the_card(house: House, desk: ClockDesk) -> None:
    add(house, "my-secret-name", "giffgaff")
    desk.correct("my-secret-name", "use.span", "90 days", "seen on their page", for_all=False)
    text = desk.suggestions(desk.of_card("my-secret-name"))  # type: ignore[arg-type]
    said = json.loads(text)
    assert [(item["operator"], item["fact"], item["shipped_value"], item["suggested_value"], item["note"]) for item in said] == [
        ("giffgaff", "use.span", "6 months", "90 days", "seen on their page")
    ]
    assert "my-secret-name" not in text


def test_accounts_do_not_see_each_other(house: House, desk: ClockDesk, watch: Watch) -> None:
    add(house, "uk", "giffgaff")
    desk.record("uk", Activity.DATA, date(2026, 9, 1))
    desk.correct("uk", "use.span", "90 days", "", for_all=True)
    theirs = ClockDesk(house, "other", watch)
    assert theirs.all() == []
    assert theirs.store.events() == []
    assert theirs.store.overrides() == []
    with pytest.raises(ClockInputError):
        theirs.record("uk", Activity.DATA, date(2026, 9, 1))
    theirs.forget(desk.store.events()[0].event_id)
    theirs.reset(desk.store.overrides()[0].override_id)
    assert len(desk.store.events()) == len(desk.store.overrides()) == 1


def test_what_was_said_goes_with_the_card_and_into_the_one_it_is_merged_with(house: House, desk: ClockDesk) -> None:
    add(house, "one", "giffgaff")
    add(house, "two", "giffgaff")
    desk.record("two", Activity.DATA, date(2026, 9, 1))
    desk.correct("two", "use.span", "90 days", "", for_all=False)
    cards = CardDesk(house, "local", lambda: NOW)
    cards.merge("one", "two")
    assert clock(desk, "one", "use").overridden == ("span",)
    assert clock(desk, "one", "use").unknown is None
    cards.delete(["one"])
    assert desk.store.events() == []
    assert desk.store.overrides() == []


# ------------------------------------------------------------------------------------------------------------------- all cards


def test_the_overview_answers_with_the_first_thing_that_can_be_lost(house: House, desk: ClockDesk) -> None:
    add(house, "later", "giffgaff", first_used_on=date(2026, 10, 1))
    add(house, "first", "giffgaff", first_used_on=date(2026, 9, 1))
    first = clock(desk, "first", "use")
    assert answer(desk.all()) == Answer(cards=2, overdue=0, unknown=0, before=first.due)
    assert [clocks.card.card_id for clocks in desk.all()] == ["first", "later"]


def test_unknown_is_never_safe_and_overdue_comes_first(house: House, desk: ClockDesk) -> None:
    add(house, "fine", "asda_mobile", first_used_on=date(2026, 11, 1))
    add(house, "blank", "asda_mobile")
    add(house, "late", "asda_mobile", first_used_on=date(2026, 4, 1))
    said = answer(desk.all())
    assert (said.cards, said.overdue, said.unknown) == (3, 1, 1)
    assert said.before == clock(desk, "fine", "top_up").due
    assert [clocks.card.card_id for clocks in desk.all()] == ["late", "fine", "blank"]
    late = clock(desk, "late", "top_up")
    assert late.is_overdue
    assert late.days_left is not None
    assert clock(desk, "blank", "top_up").days_left is None
    assert answer([]) == Answer(0, 0, 0, None)


def test_what_is_kept_in_memory_turns_with_the_day_and_with_every_date(house: House, desk: ClockDesk, watch: Watch) -> None:
    add(house, "uk", "asda_mobile", first_used_on=date(2026, 9, 1))
    before = clock(desk, "uk", "top_up")
    assert clock(desk, "uk", "top_up") is before, "nothing changed: nothing is worked out anew"
    watch.now = NOW + timedelta(days=1)
    tomorrow = clock(desk, "uk", "top_up")
    assert tomorrow.days_left == before.days_left - 1  # type: ignore[operator]
    assert before.due is not None
    watch.now = (before.due - timedelta(minutes=1)).astimezone(SHANGHAI)
    assert clock(desk, "uk", "top_up").status is ClockStatus.RUNNING
    watch.now = before.due.astimezone(SHANGHAI)
    assert clock(desk, "uk", "top_up").status is ClockStatus.PAST
    watch.now = NOW
    assert clock(desk, "uk", "top_up").status is ClockStatus.RUNNING


def test_readings_added_later_are_seen_of_one_card_and_of_many(house: House, desk: ClockDesk) -> None:
    names = [f"card{number}" for number in range(30)]
    for name in names:
        add(house, name, "value_gb")
    assert all(clocks.unknown for clocks in desk.all())
    read(house, names[0], NOW - timedelta(days=1), validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 1, 5)),))
    assert sum(bool(clocks.unknown) for clocks in desk.all()) == 29
    for name in names[1:]:
        read(house, name, NOW - timedelta(days=1), validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 1, 6)),))
    assert not any(clocks.unknown for clocks in desk.all())
    assert desk.all()[0].card.card_id == names[0]


def test_readings_without_a_date_or_money_are_not_even_read(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "giffgaff")
    read(house, "uk", NOW, raw_text="no figure")
    read(house, "uk", NOW, money=(MoneyBalance(Money.of(3, "GBP")),))
    assert [len(found) for found in desk.store.readings().values()] == [1]


def test_the_calendar_has_the_last_safe_day_the_end_and_the_steps_after_it(house: House, desk: ClockDesk) -> None:
    add(house, "uk", "asda_mobile", first_used_on=date(2026, 9, 1))
    state = clock(desk, "uk", "top_up")
    found = {mark.kind: mark.day for mark in desk.marks(date(2026, 11, 1), date(2027, 12, 31))}
    assert found[MarkKind.LAST_SAFE] == state.latest_safe_day
    assert found[MarkKind.ENDS] == local(state)
    assert found[MarkKind.STAGE] == state.stages[1].begins.astimezone(SHANGHAI).date()  # type: ignore[union-attr]
    assert found[MarkKind.EARLIEST] < found[MarkKind.LAST_SAFE]
    assert desk.marks(date(2026, 11, 1), date(2026, 11, 30)) == []


# ------------------------------------------------------------------------------------------------------------------- newer rules


def older_edition(rule_id: str, span: str) -> str:
    """The shipped rule with another length of its first clock."""
    body = json.loads(rule_text(rule_id))
    parsed = Span.parse(span)
    body["clocks"][0]["span"]["value"] = {"amount": parsed.amount, "unit": parsed.unit.value}
    return json.dumps(body)


def test_a_newer_rule_lists_once_the_cards_it_moves(house: House, desk: ClockDesk) -> None:
    add(house, "moved", "giffgaff", first_used_on=date(2026, 9, 1))
    add(house, "same", "asda_mobile", first_used_on=date(2026, 9, 1))
    add(house, "corrected", "giffgaff", first_used_on=date(2026, 9, 1))
    desk.correct("corrected", "use.span", "90 days", "", for_all=False)
    assert desk.moves() == Moves(), "rules seen for the first time move nothing"
    desk.store.see_rules({"giffgaff": older_edition("giffgaff", "9 months")})
    add(house, "newcomer", "tesco_mobile")
    moves = desk.moves()
    assert [(card.card_id, rule.id) for card, _, rule in moves.moved] == [("moved", "use")]
    moved = moves.moved[0][1]
    assert moved.after == clock(desk, "moved", "use").due
    assert moved.before is not None
    assert moved.after is not None
    assert 80 < (moved.before - moved.after).days < 100
    assert desk.moves() == moves, "it stays until it is dismissed"
    desk.dismiss_moves()
    assert desk.moves() == Moves()


def test_a_newer_rule_that_moves_nothing_is_taken_note_of_quietly(house: House, desk: ClockDesk) -> None:
    add(house, "blank", "giffgaff")
    desk.moves()
    desk.store.see_rules({"giffgaff": older_edition("giffgaff", "9 months")})
    desk.record("blank", Activity.SMS_IN, date(2026, 9, 1))
    assert desk.moves() == Moves()
    assert desk.store.seen_rules()["giffgaff"] == rule_text("giffgaff")


def test_every_shipped_rule_comes_back_from_the_text_it_is_kept_as() -> None:
    for rule in shipped_rules().values():
        assert OperatorRule.model_validate_json(rule_text(rule.id)) == rule
