"""What paying does to the clocks: dates worked out by hand from the operators' rules, and every day tried one by one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.clock import Activity, CardEvent, EventKind, Span
from services.model.money import Money
from services.rules.clocks.engine import clock_states
from services.rules.clocks.library import shipped_rules
from services.rules.clocks.overrides import Override
from services.rules.renewals.effect import ClockEffect, effects, payment_of

HK = ZoneInfo("Asia/Hong_Kong")
NOW = datetime(2026, 2, 1, 15, 30, tzinfo=HK)


def shown_until(day: date, at: datetime = NOW - timedelta(days=3)) -> CardEvent:
    return CardEvent(EventKind.READING, at, valid_until=day)


def effect(operator: str, events: list[CardEvent], payment: CardEvent, clock: str, now: datetime = NOW) -> ClockEffect:
    found = effects(shipped_rules()[operator], events, payment, now, HK)
    return next(item for item in found if item.rule.id == clock)


def pay(amount: str, currency: str) -> CardEvent:
    return payment_of(Activity.TOP_UP, NOW, Money.of(amount, currency))


def days(item: ClockEffect) -> tuple[date | None, date | None, date | None, int]:
    return item.last_day_before, item.last_day_after, item.loses_nothing_from, item.days_lost_today


def test_a_reset_wastes_every_day_that_is_left() -> None:
    """ValueGB: 365 days from the top-up, whatever was left. Nobody states whether the printed date is still good: the day before counts."""
    found = effect("value_gb", [shown_until(date(2026, 3, 4))], pay("50", "HKD"), "validity")
    assert days(found) == (date(2026, 3, 3), date(2027, 1, 31), date(2026, 3, 3), 30)
    assert found.moves


def test_too_small_a_top_up_moves_nothing() -> None:
    found = effect("value_gb", [shown_until(date(2026, 3, 4))], pay("20", "HKD"), "validity")
    assert days(found) == (date(2026, 3, 3), date(2026, 3, 3), None, 0)
    assert not found.moves


def test_stacked_time_is_wasted_above_the_cap_alone() -> None:
    """Telkomsel: 150,000 rupiah add 90 days, no more than 90 from the top-up (the cautious figure of two)."""
    long, short = (effect("telkomsel", [shown_until(day)], pay("150000", "IDR"), "credit") for day in (date(2026, 3, 4), date(2026, 2, 2)))
    assert long.last_day_after == date(2026, 5, 1)  # 90 days from 1 February, the first of them that day
    assert long.loses_nothing_from == date(2026, 3, 3)
    assert (short.last_day_before, short.loses_nothing_from, short.days_lost_today) == (date(2026, 2, 1), date(2026, 2, 1), 0)
    fifteen = effect("telkomsel", [shown_until(date(2026, 4, 20))], pay("10000", "IDR"), "credit")
    assert fifteen.last_day_before == date(2026, 4, 19)
    # 15 days on top of 19 April end on 4 May, the 90th day from 4 February in Jakarta. In Hong Kong that day begins an hour before it does
    # there, and in that hour a day would still be wasted: so the day after.
    assert (fifteen.loses_nothing_from, fifteen.days_lost_today) == (date(2026, 2, 5), 3)


def test_a_later_date_stays_and_a_payment_too_early_brings_nothing() -> None:
    """Shine Town: 210 days from the top-up, unless the old date is later."""
    found = effect("shine_town", [shown_until(date(2026, 12, 1))], pay("50", "HKD"), "validity")
    assert found.last_day_before == found.last_day_after == date(2026, 11, 30)
    assert found.loses_nothing_from == date(2026, 11, 30)
    assert found.days_lost_today > 180


def test_a_plan_that_waits_its_turn_wastes_nothing() -> None:
    bought = [
        CardEvent(EventKind.BUNDLE_BOUGHT, NOW - timedelta(days=4), span=Span.parse("7 days")),
        CardEvent(EventKind.FIRST_CONNECTION, NOW - timedelta(days=3)),
    ]
    found = effect("nomad", bought, payment_of(Activity.BUNDLE, NOW, span=Span.parse("30 days")), "plan")
    assert (found.before.due, found.after.due) == (NOW.astimezone(UTC) + timedelta(days=4), NOW.astimezone(UTC) + timedelta(days=34))
    assert (found.loses_nothing_from, found.days_lost_today) == (date(2026, 2, 1), 0)


def test_money_in_a_wallet_is_never_too_early() -> None:
    events = [CardEvent(EventKind.READING, NOW - timedelta(days=1), balance=Money.of(4, "USD"), valid_until=date(2026, 2, 10), clock="fee")]
    found = effect("ultra_mobile", events, pay("6", "USD"), "fee")
    assert (found.before.fees_covered, found.after.fees_covered) == (1, 3)
    assert found.after.due is not None
    assert found.before.due is not None
    assert found.after.due - found.before.due == timedelta(days=60)
    assert (found.loses_nothing_from, found.days_lost_today) == (date(2026, 2, 1), 0)


def test_the_same_payment_moves_one_clock_and_not_another() -> None:
    """giffgaff: a paid text restarts the six months, receiving one does not."""
    used = [CardEvent(EventKind.USED, datetime(2025, 12, 1, 12, tzinfo=HK), activity=Activity.SMS_OUT)]
    restarts, nothing = (effect("giffgaff", used, payment_of(what, NOW), "use") for what in (Activity.TOP_UP, Activity.SMS_IN))
    assert restarts.moves
    assert restarts.last_day_after is not None
    assert restarts.last_day_after > date(2026, 7, 20)
    assert not nothing.moves
    assert nothing.loses_nothing_from is None


def test_what_is_not_known_stays_unknown() -> None:
    found = effect("value_gb", [], pay("50", "HKD"), "validity")
    assert (found.last_day_before, found.loses_nothing_from, found.days_lost_today) == (None, None, 0)
    assert found.last_day_after == date(2027, 1, 31)
    assert found.moves


def test_past_the_date_there_is_nothing_left_to_waste() -> None:
    found = effect("value_gb", [shown_until(date(2026, 1, 20))], pay("50", "HKD"), "validity")
    assert (found.last_day_before, found.last_day_after, found.loses_nothing_from, found.days_lost_today) == (
        date(2026, 1, 19),
        date(2027, 1, 31),
        date(2026, 2, 1),
        0,
    )


def test_an_own_figure_is_the_one_that_counts() -> None:
    rule = shipped_rules()["value_gb"]
    own = [Override("value_gb", "validity.stacking", "stack", "", date(2026, 1, 1))]
    found = effects(rule, [shown_until(date(2026, 3, 4))], pay("50", "HKD"), NOW, HK, own)[0]
    assert (found.last_day_after, found.days_lost_today) == (date(2027, 3, 3), 0)


@given(
    operator=st.sampled_from(["value_gb", "telkomsel", "shine_town", "skinny_nz", "ais", "asda_mobile", "singtel"]),
    left=st.integers(0, 120),
    amount=st.integers(1, 200),
    hour=st.integers(0, 23),
)
def test_the_day_named_is_the_first_of_all_days_tried_one_by_one(operator: str, left: int, amount: int, hour: int) -> None:
    rule, now = shipped_rules()[operator], NOW.replace(hour=hour)
    events = [shown_until(now.date() + timedelta(days=left))]
    currency = next((tier.at_least.currency for clock in rule.clocks for tier in clock.tiers.value or ()), "GBP")
    payment = payment_of(Activity.TOP_UP, now, Money.of(amount * (1000 if currency == "IDR" else 1), currency))
    for item in effects(rule, events, payment, now, HK):
        latest = item.before.latest_safe_day
        if item.before.due is None or item.after.due is None or latest is None or latest <= now.date():
            continue
        ends = {}
        for ahead in range((latest - now.date()).days + 1):
            day = now.date() + timedelta(days=ahead)
            at = now if ahead == 0 else datetime(day.year, day.month, day.day, tzinfo=HK)
            states = clock_states(rule, [*events, replace(payment, at=at)], at, HK)
            due = next(state.due for state in states if state.rule.id == item.rule.id)
            assert due is not None
            ends[day] = due.astimezone(HK).date()
        best = ends[latest]
        first = min(day for day, end in ends.items() if end >= best)
        if item.loses_nothing_from is None:
            assert set(ends.values()) == {item.before.due.astimezone(HK).date()}
        else:
            assert item.loses_nothing_from == first
            assert item.days_lost_today == max(0, (best - ends[now.date()]).days)


@pytest.mark.parametrize("what", [Activity.TOP_UP, Activity.BUNDLE, Activity.SMS_OUT, Activity.BUY_DAYS, Activity.PAY_ARREARS])
def test_every_shipped_rule_answers(what: Activity) -> None:
    for rule in shipped_rules().values():
        payment = payment_of(what, NOW, Money.of(50, "HKD"), Span.parse("30 days"))
        for events in ([], [shown_until(date(2026, 3, 4))]):
            for item in effects(rule, events, payment, NOW, HK):
                assert item.days_lost_today >= 0
