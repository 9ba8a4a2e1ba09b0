"""The one thing to do next, over cards, renewals and trips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.model.saved_trip import SavedTrip, Step
from services.rules.journeys.address import from_params
from services.use.known_clocks import CardClocks
from services.use.renewals import Walk

SOON_DAYS = 30
"""A date this near is acted on; the ladders of reminders begin at about as many days (renewal-facts 7.3)."""
STEP_DAYS = 7
"""A step of a trip this near is done now."""


class NextKind(StrEnum):
    """The most pressing first."""

    LOOK_AGAIN = "look_again"  # a payment should have counted by now
    OVERDUE = "overdue"  # a date has passed, and something can still be saved
    RENEW = "renew"  # a date is near
    TRIP_STEP = "trip_step"  # a trip is near
    GO_ON = "go_on"  # a renewal was begun and not ended
    ANSWER = "answer"  # nothing is known, and one answer would settle it


@dataclass(frozen=True, slots=True)
class NextThing:
    """``name``: of the card or trip, as a person wrote it. ``days``: to the latest safe day, negative when it has passed.
    ``step``: of the trip. Which of ``card_id``, ``renewal_id`` and ``trip`` is set follows from ``kind``."""

    kind: NextKind
    name: str
    card_id: str | None = None
    renewal_id: str | None = None
    trip: SavedTrip | None = None
    step: Step | None = None
    days: int | None = None


def next_thing(cards: Sequence[CardClocks], walks: Iterable[Walk], trips: Iterable[SavedTrip], now: datetime) -> NextThing | None:
    """None when nothing waits. ``cards``: the most pressing first, as :meth:`services.use.clocks.ClockDesk.all` gives them. ``now``: aware,
    in the person's zone."""
    names = {clocks.card.card_id: clocks.card.nickname for clocks in cards}
    open_walks = [walk for walk in walks if walk.run.is_open]
    going = {walk.card_id for walk in open_walks}
    found = [_of_walk(walk, names, now) for walk in open_walks]
    found += [thing for clocks in cards if clocks.card.card_id not in going and (thing := _of_card(clocks)) is not None]
    found += [thing for trip in trips if (thing := _of_trip(trip, now.date())) is not None]
    order = list(NextKind)
    return min(found, key=lambda thing: (order.index(thing.kind), thing.days if thing.days is not None else 0), default=None)


def _of_walk(walk: Walk, names: dict[str, str], now: datetime) -> NextThing:
    late = walk.look_again_at is not None and walk.look_again_at <= now
    name = names.get(walk.card_id or "", walk.run.begun.operator_name)
    return NextThing(NextKind.LOOK_AGAIN if late else NextKind.GO_ON, name, walk.card_id, walk.renewal_id)


def _of_card(clocks: CardClocks) -> NextThing | None:
    lead, card = clocks.lead, clocks.card
    if lead is None:
        return None
    days = lead.days_left
    if lead.is_overdue:
        return NextThing(NextKind.OVERDUE, card.nickname, card.card_id, days=days)
    if days is not None and days <= SOON_DAYS:
        return NextThing(NextKind.RENEW, card.nickname, card.card_id, days=days)
    if clocks.unknown:
        return NextThing(NextKind.ANSWER, card.nickname, card.card_id)
    return None


def _of_trip(trip: SavedTrip, today: date) -> NextThing | None:
    waiting = [step for step in trip.steps if not step.done and (step.day - today).days <= STEP_DAYS and not _is_past(trip, today)]
    if not waiting:
        return None
    step = min(waiting, key=lambda step: step.day)
    return NextThing(NextKind.TRIP_STEP, trip.name, trip=trip, step=step, days=(step.day - today).days)


def _is_past(trip: SavedTrip, today: date) -> bool:
    return all(step.day < today for step in trip.steps)


def trips_ahead(trips: Iterable[SavedTrip], today: date) -> list[tuple[date, SavedTrip]]:
    """Trips that are not over, each with its first day, the next one first. A trip without a readable day is left out."""
    found = []
    for trip in trips:
        question, _ = from_params(dict(trip.params))
        days = [day for leg in question.legs for day in (leg.first_day, leg.last_day) if day is not None]
        if days and max(days) >= today:
            found.append((min(days), trip))
    return sorted(found, key=lambda item: item[0])
