"""What one process keeps in memory of an account's cards until one of them changes."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from services.model.card import Card
from services.rules.balances.forecast import Point
from services.rules.balances.state import CardState
from services.rules.clocks.engine import ClockState
from services.use.known_clocks import CardClocks

if TYPE_CHECKING:
    from services.use.readings import CardView


class HeldView(NamedTuple):
    """A view and what it was made of beside the card: the hour in ``zone``, and the clock that leads."""

    hour: datetime
    zone: tzinfo | None
    lead: ClockState | None
    view: "CardView"


class HeldBoard(NamedTuple):
    """Every view in order, and what they were made of beside the cards: the hour in ``zone``, and ``clocks``, by identity."""

    hour: datetime
    zone: tzinfo | None
    clocks: tuple[CardClocks, ...]
    views: tuple["CardView", ...]


@dataclass(frozen=True, slots=True)
class KnownCards:
    """``revision``: of the store when this was read. ``points``: what was left of each card's main package over time, oldest first,
    with the number of readings it was worked out from. ``twins``: pairs of cards that are probably one. ``views``: of each card, good
    for an hour: nothing on them moves faster by itself. ``board``: all of them in order, the newest alone."""

    revision: int
    cards: tuple[Card, ...] = ()
    twins: tuple[tuple[Card, Card], ...] = ()
    states: dict[str, CardState] = field(default_factory=dict)
    points: dict[str, tuple[int, list[Point]]] = field(default_factory=dict)
    views: dict[str, HeldView] = field(default_factory=dict)
    board: list[HeldBoard] = field(default_factory=list)
