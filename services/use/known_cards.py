"""What one process keeps in memory of an account's cards until one of them changes."""

from dataclasses import dataclass, field

from services.model.card import Card
from services.rules.balances import CardState, Point


@dataclass(frozen=True, slots=True)
class KnownCards:
    """``revision``: of the store when this was read. ``points``: what was left of each card's main package over time, oldest first,
    with the number of readings it was worked out from."""

    revision: int
    cards: tuple[Card, ...] = ()
    states: dict[str, CardState] = field(default_factory=dict)
    points: dict[str, tuple[int, list[Point]]] = field(default_factory=dict)
