"""The replay of the events of a card for one clock: the kind of the clock decides which family of rules it is."""

from collections.abc import Sequence
from datetime import datetime

from services.rules.clocks.bare import BareClock, Family, Happening
from services.rules.clocks.fees import Fees
from services.rules.clocks.plans import Parallel, Queue
from services.rules.clocks.restarts import Restarts, activate_by, recycling
from services.rules.clocks.standing import Standing

_ONE_END = Family.ONE_END
_QUEUE = Family.QUEUE
_PARALLEL = Family.PARALLEL
_FEES = Family.FEES
_ACTIVATE_BY = Family.ACTIVATE_BY


def replay(clock: BareClock, shown: bool, events: Sequence[Happening], now: datetime, plans: Standing | None) -> Standing:
    """Where ``clock`` stands at ``now``; ``events`` in order of time, none later than ``now``.

    ``shown``: whether a reading's date that names no clock is this one's. ``plans``: how the card's bundle clock stands, for recycling.
    """
    family = clock.family
    if family is _ONE_END:
        return Restarts(clock, shown).replay(events)
    if family is _FEES:
        return Fees(clock, shown, now).replay(events)
    if family is _QUEUE:
        return Queue(clock, shown).replay(events, now)
    if family is _PARALLEL:
        return Parallel(clock, shown).replay(events, now)
    if family is _ACTIVATE_BY:
        return activate_by(clock, shown, events)
    return recycling(clock, shown, events, plans)
