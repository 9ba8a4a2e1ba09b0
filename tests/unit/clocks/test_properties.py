"""What must hold for every card, whatever the rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.clock import CardEvent, ClockStatus, DayMeaning, EventKind, FirstDay, MonthMeaning, Span, SpanUnit, Stacking
from services.model.money import Money
from services.rules.clocks.counting import Counting, end_of, extend
from services.rules.clocks.engine import ClockState, clock_states
from tests.unit.clocks import rulebook as rb
from tests.unit.clocks.random_cards import ZONES, random_card

INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
SPANS = st.one_of(
    st.builds(Span, st.integers(1, 400), st.just(SpanUnit.DAY)),
    st.builds(Span, st.integers(1, 24), st.just(SpanUnit.MONTH)),
)
COUNTINGS = st.builds(
    Counting,
    st.sampled_from([None, *DayMeaning]),
    st.sampled_from([None, *FirstDay]),
    st.sampled_from([None, *MonthMeaning]),
    st.one_of(st.none(), ZONE),
)
CLAMPED = timedelta(hours=25)
"""Months counted to the minute: 28 January 23:00 and 31 January 01:00 both have their month over on 28 February, at that time of
day. A day, and the hour by which clocks are put forward."""
RESTARTING = (rb.GIFFGAFF, rb.ASDA, rb.CMHK, rb.SHINE_TOWN, rb.TELKOMSEL, rb.DTAC, rb.SKINNY, rb.CTM, rb.VALUEGB, rb.SINGTEL)


@given(INSTANTS, st.integers(0, 90_000), SPANS, COUNTINGS)
def test_a_later_event_never_ends_sooner_than_the_days_of_a_month_allow(at: datetime, minutes: int, span: Span, counting: Counting) -> None:
    later, sooner = end_of(at + timedelta(minutes=minutes), span, counting), end_of(at, span, counting)
    if span.unit is SpanUnit.DAY or (counting.day is DayMeaning.NATURAL and counting.zone is not None):
        assert later >= sooner
    else:
        assert later > sooner - CLAMPED


@given(INSTANTS, SPANS, COUNTINGS)
def test_what_a_rule_leaves_open_is_counted_to_the_earlier_date(at: datetime, span: Span, counting: Counting) -> None:
    cautious = end_of(at, span, counting)
    for day in DayMeaning if counting.day is None else [counting.day]:
        for first in FirstDay if counting.first_day is None else [counting.first_day]:
            for month in MonthMeaning if counting.month is None else [counting.month]:
                for hours in range(-12, 15) if counting.zone is None else [0]:
                    zone = counting.zone or timezone(timedelta(hours=hours))
                    assert cautious <= end_of(at, span, Counting(day, first, month, zone))


@given(INSTANTS, SPANS, COUNTINGS)
def test_an_unknown_zone_costs_at_most_a_day(at: datetime, span: Span, counting: Counting) -> None:
    cautious = end_of(at, span, replace(counting, zone=None))
    earliest = min(end_of(at, span, replace(counting, zone=timezone(timedelta(hours=hours)))) for hours in range(-12, 15))
    assert timedelta(0) <= earliest - cautious <= timedelta(days=1)


@given(INSTANTS, SPANS, COUNTINGS)
def test_adding_to_an_end_never_loses_against_starting_then(at: datetime, span: Span, counting: Counting) -> None:
    assert extend(at, span, counting) <= end_of(at, span, counting)


def _card(rule_index: int, minutes: list[int], amounts: list[int]) -> tuple[CardEvent, ...]:
    currency = {"telkomsel": "IDR", "giffgaff": "GBP", "asda": "GBP", "dtac": "THB", "skinny": "NZD", "singtel": "SGD"}
    rule = RESTARTING[rule_index]
    at = datetime(2025, 1, 1, 12, tzinfo=UTC)
    events = [CardEvent(EventKind.ACTIVATED, at)]
    for step, amount in zip(minutes, amounts, strict=False):
        at += timedelta(minutes=step)
        scale = 1000 if rule.id == "telkomsel" else 1
        events.append(CardEvent(EventKind.TOPPED_UP, at, amount=Money.of(amount * scale, currency.get(rule.id, "HKD"))))
    return tuple(events)


CARDS = st.tuples(
    st.integers(0, len(RESTARTING) - 1),
    st.lists(st.integers(1, 200_000), min_size=1, max_size=6),
    st.lists(st.integers(1, 250), min_size=6, max_size=6),
)


def _only(rule_index: int, events: tuple[CardEvent, ...], now: datetime, zone: str = "UTC") -> ClockState:
    return clock_states(RESTARTING[rule_index], events, now, ZoneInfo(zone))[0]


@given(CARDS)
def test_a_counted_event_never_moves_a_date_earlier_unless_the_rule_resets(card: tuple[int, list[int], list[int]]) -> None:
    events = _card(*card)
    clock = RESTARTING[card[0]].clocks[0]
    before = _only(card[0], events[:-1], events[-1].at)
    after = _only(card[0], events, events[-1].at)
    if before.due is None or after.due is None:
        return
    lengths = {tier.span for tier in clock.tiers.value or ()} | {clock.initial.value} - {None}
    resets_to_another_length = clock.stacking.value is Stacking.RESET and len(lengths) > 1
    assert after.due >= before.due or resets_to_another_length


@given(CARDS, st.integers(0, 600), st.sampled_from(ZONES))
def test_the_latest_safe_day_is_over_by_the_due_instant(card: tuple[int, list[int], list[int]], days: int, zone: str) -> None:
    events = _card(*card)
    state = _only(card[0], events, events[-1].at + timedelta(days=days), zone)
    if state.not_before is None or state.latest_safe_day is None:
        return
    home = ZoneInfo(zone)
    next_day = datetime.combine(state.latest_safe_day + timedelta(days=1), datetime.min.time(), home)
    assert next_day.astimezone(UTC) <= state.not_before
    day_after = datetime.combine(state.latest_safe_day + timedelta(days=2), datetime.min.time(), home)
    assert day_after.astimezone(UTC) > state.not_before  # and no safe day is thrown away


@given(CARDS, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_moving_to_another_zone_moves_no_date(card: tuple[int, list[int], list[int]], one: str, other: str) -> None:
    events = _card(*card)
    moved = tuple(replace(event, at=event.at.astimezone(ZoneInfo(other))) for event in events)
    here = _only(card[0], events, events[-1].at, one)
    there = _only(card[0], moved, events[-1].at.astimezone(ZoneInfo(other)), other)
    assert (here.due, here.status, here.unknown is None) == (there.due, there.status, there.unknown is None)
    if here.latest_safe_day is not None and there.latest_safe_day is not None:
        assert abs((here.latest_safe_day - there.latest_safe_day).days) <= 2  # UTC-3 to UTC+14 is 17 hours and more than a date line


@given(CARDS, st.integers(0, 400))
def test_stages_follow_one_another_and_the_clock(card: tuple[int, list[int], list[int]], days: int) -> None:
    events = _card(*card)
    now = events[-1].at + timedelta(days=days)
    state = _only(card[0], events, now)
    begins = [stage.begins for stage in state.stages if stage.begins is not None]
    assert begins == sorted(begins)
    if begins:
        assert begins[0] == state.due
    assert (state.stage is not None) == (state.status is ClockStatus.PAST and bool(begins))
    if state.stage is not None:
        assert state.stage.begins is not None
        assert state.stage.begins <= now
        assert state.stage.ends is None or state.stage.ends > now


@given(CARDS)
def test_acting_on_the_earliest_sensible_day_is_in_time(card: tuple[int, list[int], list[int]]) -> None:
    events = _card(*card)
    state = _only(card[0], events, events[-1].at)
    if state.early is None or state.latest_safe_day is None or state.status is not ClockStatus.RUNNING:
        return
    today = events[-1].at.date()
    assert state.early.days_lost_today >= 0
    assert state.early.day >= today
    assert state.early.day <= max(today, state.latest_safe_day)


@settings(max_examples=60)
@given(st.integers(0, 2_000))
def test_the_order_of_the_events_handed_in_does_not_matter(seed: int) -> None:
    card = random_card(seed)
    forwards = clock_states(card.ruled, card.events, card.now, UTC)
    backwards = clock_states(card.ruled, tuple(reversed(card.events)), card.now, UTC)
    assert [state.due for state in forwards] == [state.due for state in backwards]


@settings(max_examples=60)
@given(st.integers(0, 2_000), st.integers(1, 400))
def test_time_alone_moves_no_known_date(seed: int, days: int) -> None:
    card = random_card(seed)
    if card.simulated.family == "plans" and card.simulated.starts_at_connection:
        return
    now = clock_states(card.ruled, card.events, card.now, UTC)[0]
    later = clock_states(card.ruled, card.events, card.now + timedelta(days=days), UTC)[0]
    assert now.due == later.due
