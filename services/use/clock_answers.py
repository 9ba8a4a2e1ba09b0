"""What the clocks of cards say at a glance: the first thing that can be lost, the days left, what acting costs, the days of a calendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from services.model.card import Card
from services.model.clock import Offer, SpanUnit, Stage
from services.model.money import Money
from services.rules.clocks.engine import ClockState, cheapest
from services.use.known_clocks import CardClocks
from services.use.rates import rates_to

SOON_DAYS = 14
"""From so many days before the last safe day on it is time to act."""
_DAYS = {SpanUnit.HOUR: Decimal(1) / 24, SpanUnit.DAY: Decimal(1), SpanUnit.MONTH: Decimal(30)}
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """The first sentence of the overview. ``overdue``: cards past a date with something left to save. ``unknown``: cards with a clock of
    which nothing is known. ``before``: nothing known ends before this instant; None when nothing that ends is known."""

    cards: int
    overdue: int
    unknown: int
    before: datetime | None


@dataclass(frozen=True, slots=True)
class Cost:
    """A price, and the same in the person's currency by the rate of the day ``rate_of``; None when it is the same or has no rate."""

    price: Money
    converted: Money | None = None
    rate_of: date | None = None


class MarkKind(StrEnum):
    """What a day of the calendar is to a card. The order is that of urgency."""

    STAGE = "stage"
    ENDS = "ends"
    LAST_SAFE = "last_safe"
    EARLIEST = "earliest"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing on one day of the calendar. ``stage``: the step of the ladder that begins (STAGE)."""

    day: date
    kind: MarkKind
    card: Card
    state: ClockState
    stage: Stage | None = None


def answer(cards: Iterable[CardClocks]) -> Answer:
    """What can be said of all cards at once."""
    listed = list(cards)
    return Answer(
        cards=len(listed),
        overdue=sum(clocks.is_overdue for clocks in listed),
        unknown=sum(bool(clocks.unknown) for clocks in listed),
        before=min((clocks.first_end for clocks in listed if clocks.first_end is not None), default=None),
    )


def is_soon(state: ClockState) -> bool:
    """Whether it is time to act: within two weeks of the last safe day, or within the margin of its rule where that is longer."""
    left = state.days_left
    return left is not None and left <= max(SOON_DAYS, state.rule.margin_days)


def cheapest_way(state: ClockState, currency: str) -> tuple[Offer, Cost] | None:
    """The cheapest thing that serves the clock and has a price, with the price in ``currency`` too; None when no price is known."""
    offer = cheapest(state)
    return None if offer is None or offer.price is None else (offer, _cost(offer.price, currency))


def waste(state: ClockState, currency: str) -> Cost | None:
    """What the days that acting today would waste are worth, by what the cheapest thing that says how long it lasts costs a day."""
    offer = next((offer for offer in state.offers if offer.price is not None and offer.gives is not None and offer.gives.amount), None)
    if offer is None or offer.price is None or offer.gives is None or state.early is None or not state.early.days_lost_today:
        return None
    lost = offer.price.minor * state.early.days_lost_today / (offer.gives.amount * _DAYS[offer.gives.unit])
    return _cost(Money(min(offer.price.minor, lost).quantize(Decimal(1)), offer.price.currency), currency)


def _cost(price: Money, currency: str) -> Cost:
    if price.currency == currency:
        return Cost(price)
    rates = rates_to(currency)
    rate = rates.of(price.currency)
    return Cost(price) if rate is None else Cost(price, Money.of(price.amount * rate, currency), rates.on)


def pressing(clocks: CardClocks) -> tuple[int, datetime, str]:
    """What to sort cards by: those past a date first, then by the first thing that can be lost, then those of which nothing is known."""
    lead = clocks.lead
    if lead is None:
        return 3, _FAR, clocks.card.nickname
    if lead.is_overdue:
        return 0, lead.next_end or lead.due or _FAR, clocks.card.nickname
    return (1, lead.not_before, clocks.card.nickname) if lead.not_before is not None else (2, _FAR, clocks.card.nickname)


def marks_of(card: Card, state: ClockState) -> Iterable[Mark]:
    """The days of a clock in a calendar: its end and the steps after it; the last safe and the earliest sensible day while they are to
    come. No day when it is over."""
    if state.is_over:
        return
    today = state.now.astimezone(state.zone).date()
    if state.due is not None:
        yield Mark(state.due.astimezone(state.zone).date(), MarkKind.ENDS, card, state)
    if state.latest_safe_day is not None and state.latest_safe_day >= today:
        yield Mark(state.latest_safe_day, MarkKind.LAST_SAFE, card, state)
    if state.early is not None and state.early.day > today:
        yield Mark(state.early.day, MarkKind.EARLIEST, card, state)
    for stage in state.stages[1:]:
        if stage.begins is not None:
            yield Mark(stage.begins.astimezone(state.zone).date(), MarkKind.STAGE, card, state, stage)
