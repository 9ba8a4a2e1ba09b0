"""Shipped rules and the engine together: dates added up by hand, counted the cautious way where a rule leaves the day open."""

from datetime import UTC, datetime

import pytest

from services.model.clock import Activity, CardEvent, EventKind, Span
from services.model.money import Money
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.library import shipped_rules
from services.rules.clocks.schema import parse_zone


def _state(rule_id: str, clock: str, events: list[CardEvent], now: datetime) -> ClockState:
    return next(state for state in clock_states(shipped_rules()[rule_id], events, now, UTC) if state.rule.id == clock)


def _at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=parse_zone(zone))


def _paid(money: str) -> dict[str, object]:
    return {"kind": EventKind.TOPPED_UP, "amount": Money.of(*money.split())}


def _used(what: Activity) -> dict[str, object]:
    return {"kind": EventKind.USED, "activity": what}


def _plan(length: str) -> dict[str, object]:
    return {"kind": EventKind.BUNDLE_BOUGHT, "span": Span.parse(length)}


LONDON, HONG_KONG, SINGAPORE, AUCKLAND = "Europe/London", "Asia/Hong_Kong", "Asia/Singapore", "Pacific/Auckland"
CHICAGO, PARIS, NEW_YORK = "America/Chicago", "Europe/Paris", "America/New_York"
CONNECTED = {"kind": EventKind.FIRST_CONNECTION}
INSTALLED = {"kind": EventKind.INSTALLED}
BOUGHT = {"kind": EventKind.PURCHASED}

# (file, clock, [(event, local time)], zone, due as local time)
DATES = [
    # 179 days, the first of them 1 January: 31+28+31+30+31 = 151, 28 June is day 179
    ("ee", "use", [(_used(Activity.CALL_OUT), "2026-01-01 12:00")], LONDON, "2026-06-29 00:00"),
    # 180 days from 1 January end with 29 June
    ("asda_mobile", "top_up", [(_paid("10 GBP"), "2026-01-01 12:00")], LONDON, "2026-06-30 00:00"),
    # ... and a call does not move them
    (
        "asda_mobile",
        "top_up",
        [(_paid("10 GBP"), "2026-01-01 12:00"), (_used(Activity.CALL_OUT), "2026-03-01 12:00")],
        LONDON,
        "2026-06-30 00:00",
    ),
    ("value_gb", "validity", [(_paid("50 HKD"), "2026-03-10 12:00")], HONG_KONG, "2027-03-10 00:00"),
    ("cmhk", "validity", [(_paid("100 HKD"), "2026-01-01 12:00")], HONG_KONG, "2026-06-30 00:00"),
    ("singtel", "validity", [(_paid("11 SGD"), "2026-01-01 12:00")], SINGAPORE, "2026-05-01 00:00"),
    ("singtel", "validity", [(_paid("21 SGD"), "2026-01-01 12:00")], SINGAPORE, "2026-06-30 00:00"),
    ("club_sim", "data", [(_plan("90 days"), "2026-01-01 12:00"), (_plan("90 days"), "2026-01-31 12:00")], HONG_KONG, "2026-05-01 00:00"),
    # 24-hour periods from the first connection
    ("nomad", "plan", [(_plan("7 days"), "2026-03-01 10:00"), (CONNECTED, "2026-03-05 16:00")], PARIS, "2026-03-12 16:00"),
    # installed on 10 March at noon in Paris (19:00 in Hong Kong): three Hong Kong days end on 13 March at 00:00 there
    ("kkday", "plan", [(_plan("3 days"), "2026-03-01 12:00"), (INSTALLED, "2026-03-10 12:00")], PARIS, "2026-03-12 17:00"),
    ("airalo_install", "plan", [(_plan("7 days"), "2026-03-01 10:00"), (INSTALLED, "2026-03-02 10:00")], "UTC", "2026-03-08 10:00"),
    # switched on at 14:00 in Chicago, 15:00 in New York, on 10 February: ends with 9 March in UTC-05:00
    ("glocalme_month", "plan", [(_plan("1 month"), "2026-02-01 10:00"), (CONNECTED, "2026-02-10 14:00")], CHICAGO, "2026-03-10 00:00"),
    ("glocalme", "plan", [(_plan("30 days"), "2026-03-01 10:00"), (CONNECTED, "2026-04-01 08:00")], PARIS, "2026-05-01 08:00"),
    (
        "skinny_nz",
        "use",
        [(_paid("5 NZD"), "2026-01-01 12:00"), (_used(Activity.SMS_OUT), "2026-02-01 12:00")],
        AUCKLAND,
        "2027-01-27 00:00",
    ),
]


@pytest.mark.parametrize(("rule_id", "clock", "events", "zone", "due"), DATES, ids=lambda item: str(item)[:24])
def test_a_date_by_a_shipped_rule(rule_id: str, clock: str, events: list[tuple[dict[str, object], str]], zone: str, due: str) -> None:
    happened = [CardEvent(at=_at(text, zone), **what) for what, text in events]  # type: ignore[arg-type]
    state = _state(rule_id, clock, happened, max(event.at for event in happened))
    assert state.due is not None
    assert state.due == _at(due, zone)


def test_a_shine_town_top_up_never_shortens_the_card() -> None:
    """300 HKD on 1 January gives 360 days, to 26 December inclusive; 50 HKD in February would give fewer, so the older date stays."""
    events = [CardEvent(EventKind.ACTIVATED, _at("2026-01-01 09:00", HONG_KONG))]
    events += [
        CardEvent(at=_at(day, HONG_KONG), **_paid(money))
        for money, day in (("300 HKD", "2026-01-01 12:00"), ("50 HKD", "2026-02-01 12:00"))
    ]  # type: ignore[arg-type]
    assert _state("shine_town", "validity", events, _at("2026-02-02 12:00", HONG_KONG)).due == _at("2026-12-27 00:00", HONG_KONG)


def test_tello_keeps_a_number_five_days_and_t_mobile_ninety() -> None:
    """A plan that ended on 10 March 2026: five days on it is 15 March; ninety days on it is 8 June (21 + 30 + 31 + 8)."""
    read = CardEvent(EventKind.READING, _at("2026-03-01 12:00", NEW_YORK), valid_until=datetime(2026, 3, 10, tzinfo=UTC).date())
    for rule_id, gone in (("tello", "2026-03-15 00:00"), ("t_mobile_us", "2026-06-08 00:00")):
        state = _state(rule_id, "plan", [read], _at("2026-03-11 12:00", NEW_YORK))
        assert state.due == _at("2026-03-10 00:00", NEW_YORK)
        assert state.stages[-1].begins == _at(gone, NEW_YORK)


def test_a_mainland_number_in_debt_rests_after_thirty_days_and_is_sold_after_ninety_more() -> None:
    """In debt on 10 January: 30 days on it is 9 February, 90 days on that is 10 May (19 + 31 + 30 + 10)."""
    read = CardEvent(EventKind.READING, _at("2026-01-10 00:00", "Asia/Shanghai"), balance=Money.of("-5", "CNY"))
    state = _state("china_mobile", "fee", [read], _at("2026-01-11 12:00", "Asia/Shanghai"))
    assert [stage.begins for stage in state.stages] == [
        _at("2026-01-10 00:00", "Asia/Shanghai"),
        _at("2026-02-09 00:00", "Asia/Shanghai"),
        _at("2026-05-10 00:00", "Asia/Shanghai"),
    ]


def test_what_was_bought_and_never_started_has_a_last_day() -> None:
    """Bought on 1 March 2026 at noon UTC; days are counted in the earliest zone where none is named."""
    for rule_id, days in (("keepgo_unlimited", 180), ("kkday", 90), ("yesim_postponed", 365), ("sosim", 60)):
        at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        due = _state(rule_id, "start_by", [CardEvent(at=at, **BOUGHT)], at).due  # type: ignore[arg-type]
        assert due is not None
        assert days - 2 < (due - at).total_seconds() / 86400 <= days
