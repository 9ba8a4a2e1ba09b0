"""What one process keeps in memory of an account's clocks until a card, a reading, an event or a figure changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any, NamedTuple

from services.model.card import Card
from services.model.clock import CardEvent, ClockStatus
from services.model.reading import Reading
from services.rules.clocks.engine import ClockState, leading
from services.rules.clocks.schema import OperatorRule
from services.store.clocks import KeptOverride, TypedEvent


@dataclass(frozen=True)
class CardClocks:
    """The clocks of one card, the most pressing first.

    ``rule``: the shipped one. ``figures``: the person's own ones, of this card and of all cards under the rule; ``unfit``: those of them
    that fit the shipped rule no more. ``typed``: what the person recorded. ``stopped``: clocks that the person says do not run on this
    card, by id, with the id of the figure that says so.
    """

    card: Card
    rule: OperatorRule
    states: tuple[ClockState, ...]
    figures: tuple[KeptOverride, ...]
    unfit: tuple[KeptOverride, ...]
    typed: tuple[TypedEvent, ...]
    stopped: Mapping[str, str]

    @property
    def is_assumed(self) -> bool:
        """Whether nothing is known of the operator, so that an assumed rule is in force."""
        return self.rule.generic

    @cached_property
    def lead(self) -> ClockState | None:
        """The clock that presses most; None when nothing is left to lose."""
        return leading(self.states)

    @cached_property
    def is_overdue(self) -> bool:
        """Whether a date has passed with something left to save."""
        return any(state.is_overdue for state in self.states)

    @cached_property
    def first_end(self) -> datetime | None:
        """Nothing that is known to end, and has not ended, ends before this instant."""
        ends = [state.not_before for state in self.states if not state.is_over and state.status is not ClockStatus.PAST]
        return min((end for end in ends if end is not None), default=None)

    @cached_property
    def unknown(self) -> tuple[ClockState, ...]:
        """The clocks that could end at any time for all anybody knows."""
        return tuple(state for state in self.states if not state.is_over and state.not_before is None)


@dataclass(frozen=True, slots=True)
class Worked:
    """Clocks worked out from ``inputs`` (compared by identity of their parts), good from ``since`` until ``until`` in ``zone``.

    ``events``: what the card's dates, readings and recorded events came to; good for as long as the inputs are.
    """

    inputs: tuple[Any, ...]
    zone: tzinfo
    events: tuple[CardEvent, ...]
    since: datetime
    until: datetime
    clocks: CardClocks


class Listed(NamedTuple):
    """The clocks of every card in order, good from ``since`` until ``until`` in ``zone``."""

    zone: tzinfo
    since: datetime
    until: datetime
    cards: tuple[CardClocks, ...]


@dataclass(frozen=True, slots=True)
class KnownClocks:
    """``revision``: of the store when this was read. ``readings``: of each card those that say something of a clock, with the number of
    readings the card had. ``worked``: each card's clocks as last worked out; ``listed``: all of them in order, the newest list alone.
    ``rules_agree``: when it was found that the shipped rules are those that the cards were last seen under; empty before.
    """

    revision: int
    cards: tuple[Card, ...] = ()
    readings: Mapping[str, tuple[int, tuple[Reading, ...]]] = field(default_factory=dict)
    typed: Mapping[str, tuple[TypedEvent, ...]] = field(default_factory=dict)
    figures: tuple[KeptOverride, ...] = ()
    worked: dict[str, Worked] = field(default_factory=dict)
    listed: list[Listed] = field(default_factory=list)
    rules_agree: list[datetime] = field(default_factory=list)
