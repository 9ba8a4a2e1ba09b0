"""The one thing to do next: what presses most comes first, and nothing is made up when nothing waits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.model.card import Card, CardKind
from services.model.clock import Activity, CardEvent, EventKind
from services.model.renewal import Begun, Channel, RenewalStatus
from services.model.saved_trip import SavedTrip, Step, StepKind
from services.store.trips import TripStore
from services.use.cards import CardDesk
from services.use.clocks import ClockDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.next_thing import NextKind, NextThing, next_thing, trips_ahead
from services.use.renewals import RenewalDesk

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ME = "local"


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(Configuration(tmp_path, database_url, {}))
    yield house
    house.close()


def add(house: House, card_id: str, used_days_ago: int | None) -> None:
    """A giffgaff card: 180 cautious days from its last use."""
    CardDesk(house, ME, lambda: NOW).add(Card(card_id, f"Card {card_id}", CardKind.SIM, "giffgaff", "GB"))
    if used_days_ago is not None:
        used = CardEvent(EventKind.USED, NOW - timedelta(used_days_ago), activity=Activity.SMS_OUT)
        ClockDesk(house, ME, lambda: NOW).store.add_event(card_id, used, NOW)


def asked(house: House, now: datetime = NOW) -> NextThing | None:
    return next_thing(
        ClockDesk(house, ME, lambda: now).all(), RenewalDesk(house, ME, lambda: now).walks(), TripStore(house.database, ME).all(), now
    )


def test_nothing_waits_where_nothing_is_near(house: House) -> None:
    assert asked(house) is None
    add(house, "far", 10)
    assert asked(house) is None


def test_a_date_near_then_one_that_has_passed(house: House) -> None:
    add(house, "near", 160)
    thing = asked(house)
    assert thing is not None
    assert (thing.kind, thing.card_id, thing.name) == (NextKind.RENEW, "near", "Card near")
    assert thing.days is not None
    assert 17 <= thing.days <= 20
    add(house, "late", 185)
    thing = asked(house)
    assert thing is not None
    assert (thing.kind, thing.card_id) == (NextKind.OVERDUE, "late")


def test_a_card_of_which_nothing_is_known_waits_behind_everything(house: House) -> None:
    add(house, "blank", None)
    thing = asked(house)
    assert thing is not None
    assert (thing.kind, thing.card_id) == (NextKind.ANSWER, "blank")
    add(house, "near", 160)
    thing = asked(house)
    assert thing is not None
    assert (thing.kind, thing.card_id) == (NextKind.RENEW, "near")


def test_a_renewal_begun_stands_for_its_card_and_a_late_payment_comes_first(house: House) -> None:
    add(house, "near", 160)
    desk = RenewalDesk(house, ME, lambda: NOW)
    run = desk.start(Begun(CardKind.SIM, Channel.WEBSITE, operator="giffgaff", card_id="near", country="GB"))
    thing = asked(house)
    assert thing is not None
    assert (thing.kind, thing.renewal_id) == (NextKind.GO_ON, run)
    desk.set_status(run, RenewalStatus.PAYING)
    desk.set_status(run, RenewalStatus.SENT)
    add(house, "late", 185)
    thing = asked(house)
    assert thing is not None
    assert thing.kind is NextKind.OVERDUE
    thing = asked(house, NOW + timedelta(days=2))
    assert thing is not None
    assert (thing.kind, thing.renewal_id) == (NextKind.LOOK_AGAIN, run)


def trip(first: date, *steps: Step) -> SavedTrip:
    return SavedTrip("t", "Japan", (("legs", f"JP_{first}_{first + timedelta(4)}"),), NOW, steps)


def test_a_step_of_a_trip_waits_when_it_is_near_and_not_ticked(house: House) -> None:
    store = TripStore(house.database, ME)
    first = NOW.date() + timedelta(12)
    buy = Step("a", StepKind.BUY, NOW.date() + timedelta(9), what="Plan", seller="Shop")
    store.put(trip(first, buy))
    assert asked(house) is None
    store.put(trip(first, replace(buy, day=NOW.date() + timedelta(7))))
    thing = asked(house)
    assert thing is not None
    assert thing.kind is NextKind.TRIP_STEP
    assert thing.step is not None
    assert (thing.name, thing.step.step_id, thing.days) == ("Japan", "a", 7)
    store.put(trip(first, replace(buy, day=NOW.date() + timedelta(7), done=True)))
    assert asked(house) is None


def test_trips_ahead_are_those_that_are_not_over_the_next_one_first() -> None:
    today = NOW.date()
    over, now, later = trip(today - timedelta(9)), trip(today - timedelta(4)), trip(today + timedelta(30))
    nothing = replace(later, params=(("gb", "1"),))
    assert trips_ahead([later, over, nothing, now], today) == [(today - timedelta(4), now), (today + timedelta(30), later)]
