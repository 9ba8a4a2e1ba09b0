"""The replay of the events of a card for one clock: the kind of the clock decides which family of rules it is."""

from collections.abc import Sequence
from datetime import datetime

from services.model.clock import CardEvent, ClockKind, Stacking
from services.rules.clocks.fees import Fees
from services.rules.clocks.plans import Parallel, Queue
from services.rules.clocks.restarts import Restarts, activate_by, recycling
from services.rules.clocks.schema import ClockRule
from services.rules.clocks.standing import Standing

_BUNDLE, _ACTIVATE_BY, _RECYCLING = ClockKind.BUNDLE, ClockKind.ACTIVATE_BY, ClockKind.RECYCLING
_FEES = frozenset({ClockKind.WALLET_FEE, ClockKind.ARREARS})
_ONE_END = frozenset({Stacking.RESET, Stacking.KEEP_LATER, Stacking.STACK})
_QUEUES = frozenset({Stacking.OLD_END, Stacking.OLD_END_OR_SPENT})


def replay(clock: ClockRule, shown: bool, events: Sequence[CardEvent], now: datetime, plans: Standing | None) -> Standing:
    """Where ``clock`` stands at ``now``; ``events`` in order of time, none later than ``now``.

    ``shown``: whether a reading's date that names no clock is this one's. ``plans``: how the card's bundle clock stands, for recycling.
    """
    kind = clock.kind
    if kind is _BUNDLE and clock.stacking.value not in _ONE_END:
        # nobody says how plans add up: they run side by side, so that nothing is added to anything
        family = Queue if clock.stacking.value in _QUEUES else Parallel
        return family(clock, shown).replay(events, now)
    if kind in _FEES:
        return Fees(clock, shown, now).replay(events)
    if kind is _ACTIVATE_BY:
        return activate_by(clock, shown, events)
    if kind is _RECYCLING:
        return recycling(clock, shown, events, plans)
    return Restarts(clock, shown).replay(events)
