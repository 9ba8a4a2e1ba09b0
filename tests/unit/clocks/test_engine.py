"""What the engine says besides the date: order, questions, offers, early payments, and where a figure comes from."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.model.clock import (
    Activity,
    CardEvent,
    ClockStatus,
    Confidence,
    Early,
    EventKind,
    Missing,
    Question,
    Span,
    StageCode,
    StepCode,
    start_of_day,
)
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.counting import add_months, end_of_printed
from services.rules.clocks.engine import ClockState, cheapest, clock_states, leading, nothing_lost_before
from services.rules.clocks.library import shipped_rules
from services.rules.clocks.overrides import Override
from services.rules.clocks.schema import OperatorRule, parse_zone
from tests.unit.clocks import rulebook as rb

JAKARTA = ZoneInfo("Asia/Jakarta")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def state(rule: OperatorRule, events: list[CardEvent], now: str, clock: str | None = None, zone: str = "UTC") -> ClockState:
    states = clock_states(rule, events, utc(now), ZoneInfo(zone))
    return next(one for one in states if clock is None or one.rule.id == clock)


def paid(amount: str, text: str) -> CardEvent:
    return CardEvent(EventKind.TOPPED_UP, utc(text), amount=Money.of(*amount.split()))


def plan(length: str, text: str) -> CardEvent:
    return CardEvent(EventKind.BUNDLE_BOUGHT, utc(text), span=Span.parse(length))


def test_the_first_to_end_leads_and_the_overdue_before_it() -> None:
    events = [CardEvent(EventKind.PURCHASED, utc("2026-03-01 10:00")), plan("30 days", "2026-03-01 10:00")]
    before = clock_states(rb.AIRALO, events, utc("2026-03-02 10:00"), UTC)
    assert [one.rule.id for one in before] == ["plan", "profile"]  # may have begun at once; the profile is safe for 90 days
    connected = [*events, CardEvent(EventKind.FIRST_CONNECTION, utc("2026-03-03 10:00"))]
    ended = clock_states(rb.AIRALO, connected, utc("2026-05-01 10:00"), UTC)
    assert [one.rule.id for one in ended] == ["profile", "plan"]  # an ended plan has nothing left to lose
    assert ended[1].is_over
    asda = state(rb.ASDA, [paid("5 GBP", "2025-01-01 10:00")], "2025-07-10 10:00")
    assert leading([*ended, asda]) is asda
    assert nothing_lost_before([*ended, asda]) is None
    assert nothing_lost_before(ended) == ended[0].due
    assert leading(ended[1:]) is None
    assert nothing_lost_before(ended[1:]) is None


def test_a_clock_without_any_bound_hides_every_promise() -> None:
    unknown = state(rb.GIFFGAFF, [], "2026-05-01 12:00")
    known = state(rb.GIFFGAFF, [paid("10 GBP", "2026-05-01 12:00")], "2026-05-02 12:00")
    assert nothing_lost_before([known]) == known.due
    assert nothing_lost_before([known, unknown]) is None
    assert leading([unknown, known]) is known


def test_what_counts_and_what_does_not() -> None:
    one = state(rb.GIFFGAFF, [], "2026-05-01 12:00")
    assert Activity.SMS_OUT in one.activities(Tri.YES)
    assert set(one.activities(Tri.NO)) == {Activity.SMS_IN, Activity.FREE_NUMBER}
    assert one.activities(Tri.UNKNOWN) == (Activity.CALL_IN,)


def test_the_cheapest_way_on_giffgaff_is_one_text() -> None:
    one = state(shipped_rules()["giffgaff"], [], "2026-05-01 12:00")
    best = cheapest(one)
    assert best is not None
    assert (best.what, best.price, best.keeps_value) == (Activity.SMS_OUT, Money.of("0.30", "GBP"), Tri.NO)
    assert [offer.price for offer in one.offers if offer.price] == sorted((offer.price for offer in one.offers if offer.price), key=_minor)


def _minor(money: Money) -> int:
    return int(money.minor)


def test_no_price_is_no_price() -> None:
    one = state(shipped_rules()["asda_mobile"], [], "2026-05-01 12:00")
    assert [offer.what for offer in one.offers] == [Activity.TOP_UP]
    assert cheapest(one) is None


def test_tiers_are_offers() -> None:
    one = state(rb.SINGTEL, [paid("11 SGD", "2026-05-01 12:00")], "2026-05-02 12:00")
    assert [(offer.price, str(offer.gives)) for offer in one.offers] == [
        (Money.of(11, "SGD"), "120 days"),
        (Money.of(21, "SGD"), "180 days"),
    ]


@pytest.mark.parametrize(
    ("rule", "events", "today", "early"),
    [
        # reset: 35 days before the last safe day (8 July) is soon enough, and every day before that costs a day
        (rb.GIFFGAFF, [paid("10 GBP", "2026-01-10 12:00")], "2026-03-01", Early(date(2026, 6, 3), 129)),
        (rb.GIFFGAFF, [paid("10 GBP", "2026-01-10 12:00")], "2026-07-01", Early(date(2026, 7, 1), 7)),
        # past the last safe day nothing is early
        (rb.GIFFGAFF, [paid("10 GBP", "2026-01-10 12:00")], "2026-07-20", Early(date(2026, 7, 20), 0)),
        # queued: costs nothing
        (
            rb.NOMAD,
            [plan("30 days", "2026-03-01 00:00"), CardEvent(EventKind.ROAMED, utc("2026-03-02 00:00"))],
            "2026-03-03",
            Early(date(2026, 3, 3), 0),
        ),
    ],
)
def test_the_earliest_sensible_day(rule: OperatorRule, events: list[CardEvent], today: str, early: Early) -> None:
    assert state(rule, events, f"{today} 12:00", zone="Europe/London").early == early


def test_stacking_wastes_only_what_is_over_the_cap() -> None:
    events = [
        CardEvent(EventKind.ACTIVATED, datetime(2026, 1, 1, 12, tzinfo=JAKARTA)),
        CardEvent(EventKind.TOPPED_UP, datetime(2026, 1, 10, 12, tzinfo=JAKARTA), amount=Money.of(150_000, "IDR")),
    ]
    # ends on 11 April; 7 days more would be the 18th, but on 11 January no more than 90 days, the 12th, are given
    states = clock_states(rb.TELKOMSEL, events, datetime(2026, 1, 11, 12, tzinfo=JAKARTA), JAKARTA)
    assert states[0].early == Early(date(2026, 1, 17), 6)
    waited = clock_states(rb.TELKOMSEL, events, datetime(2026, 1, 17, 12, tzinfo=JAKARTA), JAKARTA)
    assert waited[0].early == Early(date(2026, 1, 17), 0)


def test_a_settling_payment_moves_the_last_safe_day() -> None:
    slow = rb.rule(
        "slow", "GB", "Europe/London", 'id = "v"\nkind = "validity"\nspan = { value = "30 days" }\nsettling = { value = "24 hours" }\n'
    )
    events = [CardEvent(EventKind.ACTIVATED, utc("2026-01-01 12:00"))]
    one = state(slow, events, "2026-01-02 12:00", zone="Europe/London")
    assert one.due == utc("2026-01-31 00:00")
    assert one.latest_safe_day == date(2026, 1, 29)


def test_the_arithmetic_is_told() -> None:
    events = [
        CardEvent(EventKind.ACTIVATED, datetime(2026, 1, 1, 12, tzinfo=JAKARTA)),
        CardEvent(EventKind.TOPPED_UP, datetime(2026, 1, 10, 12, tzinfo=JAKARTA), amount=Money.of(25_000, "IDR")),
        CardEvent(EventKind.TOPPED_UP, datetime(2026, 1, 11, 12, tzinfo=JAKARTA), amount=Money.of(150_000, "IDR")),
    ]
    one = clock_states(rb.TELKOMSEL, events, datetime(2026, 1, 12, tzinfo=JAKARTA), JAKARTA)[0]
    assert [(step.code, str(step.span)) for step in one.steps] == [
        (StepCode.STARTED, "30 days"),
        (StepCode.STACKED, "30 days"),
        (StepCode.CAPPED, "90 days"),
    ]
    assert one.steps[-1].due == one.due


def test_a_read_date_is_sure_until_something_moves_it() -> None:
    reading = CardEvent(EventKind.READING, utc("2026-02-01 12:00"), valid_until=date(2026, 3, 5))
    one = state(rb.TELKOMSEL, [reading], "2026-02-02 12:00")
    assert (one.is_read, one.confidence) == (True, Confidence.HIGH)
    assert one.due == datetime(2026, 3, 6, tzinfo=JAKARTA)


def test_a_date_for_another_clock_moves_only_that_one() -> None:
    reading = CardEvent(EventKind.READING, utc("2026-02-01 12:00"), valid_until=date(2026, 3, 5), clock="start_by")
    states = {one.rule.id: one for one in clock_states(rb.UBIGI, [reading], utc("2026-02-02 12:00"), UTC)}
    assert states["start_by"].due == utc("2026-03-04 10:00")
    assert states["plan"].due is None


def test_events_after_now_have_not_happened() -> None:
    events = [paid("5 GBP", "2026-01-01 12:00"), paid("5 GBP", "2026-05-01 12:00")]
    assert state(rb.ASDA, events, "2026-04-01 12:00").due == state(rb.ASDA, events[:1], "2026-04-01 12:00").due


def test_stages_name_what_works_and_the_next_dates() -> None:
    one = state(shipped_rules()["asda_mobile"], [paid("5 GBP", "2026-01-01 09:00")], "2026-07-15 12:00", zone="Europe/London")
    assert one.stage is not None
    assert one.stage.code is StageCode.OUTGOING_BARRED
    assert one.stage.loses == ()
    assert [stage.code for stage in one.stages] == [StageCode.OUTGOING_BARRED, StageCode.CANCELLED]
    assert one.next_end == one.stages[1].begins == datetime(2026, 9, 28, tzinfo=ZoneInfo("Europe/London"))
    gone = state(shipped_rules()["asda_mobile"], [paid("5 GBP", "2026-01-01 09:00")], "2026-10-15 12:00")
    assert gone.is_over
    assert gone.next_end is None


def test_a_wallet_that_renews_itself_keeps_its_rhythm() -> None:
    events = [
        CardEvent(EventKind.ACTIVATED, utc("2026-01-01 17:00")),
        CardEvent(EventKind.READING, utc("2026-01-02 17:00"), balance=Money.of(7, "USD")),
        CardEvent(EventKind.RENEWED, utc("2026-01-31 17:00")),
    ]
    one = state(rb.ULTRA, events, "2026-02-01 12:00")
    assert (one.status, one.fees_covered) == (ClockStatus.RUNNING, 0)
    assert one.due == datetime(2026, 3, 2, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("clock", "events", "missing", "ask"),
    [
        ('kind = "arrears"\n', [], Missing.NO_FEE_DAY, Question.FEE_DAY),
        ('kind = "arrears"\nfee_day = { value = 1 }\n', [], Missing.NO_FEE, Question.FEE),
        ('kind = "validity"\n', [], Missing.NO_LENGTH, Question.VALID_UNTIL),
        ('kind = "validity"\nspan = { value = "9 days" }\nstart = { value = "install" }\n', [], Missing.NO_START, Question.WHEN_INSTALLED),
        ('kind = "top_up_only"\nspan = { value = "9 days" }\n', [], Missing.NO_START, Question.WHEN_TOPPED_UP),
        ('kind = "activate_by"\nspan = { value = "9 days" }\n', [], Missing.NO_START, Question.WHEN_PURCHASED),
        ('kind = "activate_by"\n', [CardEvent(EventKind.PURCHASED, utc("2026-01-01 12:00"))], Missing.NO_LENGTH, Question.VALID_UNTIL),
        ('kind = "bundle"\n', [], Missing.NO_START, Question.WHEN_PURCHASED),
        ('kind = "bundle"\n', [CardEvent(EventKind.PURCHASED, utc("2026-01-01 12:00"))], Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH),
        ('kind = "wallet_fee"\nfee = { value = "3 USD" }\nspan = { value = "30 days" }\n', [], Missing.NO_START, Question.VALID_UNTIL),
    ],
)
def test_every_missing_fact_has_its_one_question(clock: str, events: list[CardEvent], missing: Missing, ask: Question) -> None:
    one = state(rb.rule("asks", "GB", None, f'id = "c"\nwarnings = {{ value = ["1 day"] }}\n{clock}'), events, "2026-02-01 12:00")
    assert one.status is ClockStatus.UNKNOWN
    assert one.unknown is not None
    assert (one.unknown.because, one.unknown.ask) == (missing, ask)
    assert one.due is None


def test_a_wallet_beyond_all_reason_lasts_a_century_and_not_longer() -> None:
    events = [
        CardEvent(EventKind.ACTIVATED, utc("2026-01-01 17:00")),
        CardEvent(EventKind.READING, utc("2026-01-02 17:00"), balance=Money.of(10**40, "USD")),
    ]
    one = state(rb.ULTRA, events, "2026-01-03 12:00")
    assert one.due is not None
    assert 2120 <= one.due.year <= 2126


def test_a_card_that_was_seen_working_is_alive() -> None:
    works = CardEvent(EventKind.SEEN_WORKING, utc("2026-10-03 12:00"))
    events = [paid("5 GBP", "2026-01-01 09:00"), paid("5 GBP", "2026-10-01 12:00")]
    assert state(rb.ASDA, events, "2026-10-04 12:00").unknown is not None
    alive = state(rb.ASDA, [*events, works], "2026-10-04 12:00")
    assert (alive.status, alive.unknown) == (ClockStatus.RUNNING, None)
    assert alive.due == datetime(2027, 3, 30, tzinfo=ZoneInfo("Europe/London"))  # 180 days from 1 October
    wallet = [
        CardEvent(EventKind.ACTIVATED, utc("2026-01-01 17:00")),
        CardEvent(EventKind.READING, utc("2026-01-02 17:00"), balance=Money.of(0, "USD")),
        paid("5 USD", "2026-03-10 17:00"),
    ]
    assert state(rb.ULTRA, wallet, "2026-03-11 12:00").status is ClockStatus.PAST
    seen = CardEvent(EventKind.SEEN_WORKING, utc("2026-03-11 00:00"))
    alive = state(rb.ULTRA, [*wallet, seen], "2026-03-11 12:00")
    assert alive.due == datetime(2026, 4, 1, tzinfo=ZoneInfo("America/New_York"))  # 3 of the 5 dollars paid, the next fee on the old grid


def test_a_wallet_seen_working_has_paid_its_last_fee() -> None:
    events = [
        CardEvent(EventKind.ACTIVATED, utc("2026-01-01 17:00")),
        CardEvent(EventKind.READING, utc("2026-02-10 17:00"), balance=Money.of(1, "USD")),
    ]
    assert state(rb.ULTRA, events, "2026-02-11 12:00").unknown is not None
    seen = CardEvent(EventKind.SEEN_WORKING, utc("2026-02-10 18:00"))
    assert state(rb.ULTRA, [*events, seen], "2026-02-11 12:00").due == datetime(2026, 3, 2, tzinfo=ZoneInfo("America/New_York"))


def test_the_answers_on_fee_and_day_are_overrides() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    events = [CardEvent(EventKind.READING, datetime(2026, 1, 10, 12, tzinfo=shanghai), balance=Money.of(30, "CNY"))]
    rule = rb.rule("mobile", "CN", "Asia/Shanghai", 'id = "fee"\nkind = "arrears"\nwarnings = { value = ["1 day"] }\n')
    now = datetime(2026, 1, 11, 12, tzinfo=shanghai)
    day = Override("mobile", "fee.fee_day", 1, "", date(2026, 1, 11))
    fee = Override("mobile", "fee.fee", "8.00 CNY", "", date(2026, 1, 11))
    asked = [clock_states(rule, events, now, shanghai, known)[0].unknown for known in ((), (day,), (day, fee))]
    assert [one.ask if one else None for one in asked] == [Question.FEE_DAY, Question.FEE, None]
    assert clock_states(rule, events, now, shanghai, (day, fee))[0].due == datetime(2026, 5, 1, tzinfo=shanghai)


def test_what_nobody_states_is_named() -> None:
    assert rb.GIFFGAFF.clocks[0].assumed == ("day", "first_day", "month")
    assert rb.KKDAY.clocks[0].assumed == ()
    assert "zone" in rb.UBIGI.clock("start_by").assumed


def test_now_needs_a_zone_and_so_does_an_event() -> None:
    with pytest.raises(ValueError, match="zone"):
        clock_states(rb.ASDA, [], datetime(2026, 1, 1), UTC)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        CardEvent(EventKind.ACTIVATED, datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="activity"):
        CardEvent(EventKind.USED, utc("2026-01-01 12:00"))
    with pytest.raises(ValueError, match="years"):
        CardEvent(EventKind.ACTIVATED, utc("1066-01-01 12:00"))


def test_a_day_that_has_no_midnight_begins_at_its_first_instant() -> None:
    santiago = ZoneInfo("America/Santiago")  # on 6 September 2026 the clocks go from 24:00 to 01:00
    first = start_of_day(date(2026, 9, 6), santiago)
    assert first.astimezone(UTC) == utc("2026-09-06 04:00")
    assert (first.astimezone(UTC) - timedelta(seconds=1)).astimezone(santiago).date() == date(2026, 9, 5)


def test_month_ends_and_leap_days() -> None:
    assert add_months(date(2027, 8, 31), 6) == date(2028, 2, 29)
    assert add_months(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert end_of_printed(date(2028, 2, 29), is_last=True, zone=UTC) == utc("2028-03-01 00:00")
    assert parse_zone("UTC-05:30").utcoffset(None) == timedelta(hours=-5, minutes=-30)


def test_an_exact_event_and_its_copy_in_another_zone_are_one() -> None:
    event = CardEvent(EventKind.ACTIVATED, utc("2026-01-01 12:00"))
    same = replace(event, at=event.at.astimezone(JAKARTA))
    assert state(rb.CMHK, [event], "2026-01-02 12:00").due == state(rb.CMHK, [same], "2026-01-02 12:00").due


def test_a_daily_fee_moves_on_where_no_zone_is_known() -> None:
    daily = rb.rule(
        "daily",
        "GB",
        None,
        'id = "fee"\nkind = "wallet_fee"\nstart = { value = "activation" }\nspan = { value = "1 day" }\nfee = { value = "1 GBP" }\n',
    )
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    events = [CardEvent(EventKind.ACTIVATED, begun), CardEvent(EventKind.READING, begun, balance=Money.of(10, "GBP"))]
    state = clock_states(daily, events, begun + timedelta(days=20), UTC)[0]
    assert state.status is ClockStatus.PAST
    assert state.due is not None
    assert begun + timedelta(days=9) <= state.due <= begun + timedelta(days=11)
