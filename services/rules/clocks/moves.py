"""Which cards a changed shipped rule moves: two editions of the library in, the clocks whose date is another one out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.model.clock import CardEvent
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.overrides import Override, OverrideError, applied
from services.rules.clocks.schema import OperatorRule


@dataclass(frozen=True, slots=True)
class RuledCard:
    """What a card brings to its clocks. ``operator``: id of its rule. ``overrides``: the card's own and its operator's."""

    card: str
    operator: str
    events: tuple[CardEvent, ...]
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class MovedClock:
    """A clock whose due instant changed. None: not known, or (see the flags) the clock is not in that edition."""

    card: str
    clock: str
    before: datetime | None
    after: datetime | None
    is_new: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class BrokenOverride:
    """An override that no longer fits the new edition: the fact it corrected is gone or has another shape."""

    card: str
    override: Override


def moved_clocks(
    cards: Iterable[RuledCard],
    before: Mapping[str, OperatorRule],
    after: Mapping[str, OperatorRule],
    now: datetime,
    zone: tzinfo,
) -> tuple[tuple[MovedClock, ...], tuple[BrokenOverride, ...]]:
    """The clocks that the step from ``before`` to ``after`` moves, in the order of ``cards``, and the overrides that fit no more.

    A card whose operator is in neither edition is left out. Overrides that fit stay in force: they hide a shipped change.
    """
    moved: list[MovedClock] = []
    broken: list[BrokenOverride] = []
    for card in cards:
        old, new = before.get(card.operator), after.get(card.operator)
        if old == new:
            continue
        was = _by_id(old, card, _fitting(old, card)[0], now, zone)
        fitting, unfit = _fitting(new, card)
        broken += [BrokenOverride(card.card, override) for override in unfit]
        becomes = _by_id(new, card, fitting, now, zone)
        for clock in was | becomes:
            old_state, new_state = was.get(clock), becomes.get(clock)
            old_due = old_state.due if old_state else None
            new_due = new_state.due if new_state else None
            if old_due != new_due or (old_state is None) != (new_state is None):
                moved.append(MovedClock(card.card, clock, old_due, new_due, is_new=old_state is None, is_gone=new_state is None))
    return tuple(moved), tuple(broken)


def _fitting(rule: OperatorRule | None, card: RuledCard) -> tuple[list[Override], list[Override]]:
    fit: list[Override] = []
    unfit: list[Override] = []
    if rule is None:
        return fit, unfit
    for override in card.overrides:
        try:
            applied(rule, (override,))
        except OverrideError:
            unfit.append(override)
        else:
            fit.append(override)
    return fit, unfit


def _by_id(rule: OperatorRule | None, card: RuledCard, overrides: list[Override], now: datetime, zone: tzinfo) -> dict[str, ClockState]:
    if rule is None:
        return {}
    return {state.rule.id: state for state in clock_states(rule, card.events, now, zone, overrides)}
