"""The life of an intended purchase: which status may follow which, and what each of them means for money and for the next order."""

from datetime import datetime, timedelta

from services.model.intent import IntentStatus, KeptIntent
from services.model.order import OrderStatus

I = IntentStatus  # noqa: E741 - read as "I.READY"
_ANSWERS = frozenset({I.CONFIRMED, I.PENDING, I.FAILED, I.REFUNDED})
NEXT: dict[IntentStatus, frozenset[IntentStatus]] = {
    I.READY: frozenset({I.SENDING, I.WITHDRAWN}),
    I.SENDING: _ANSWERS | {I.UNKNOWN, I.REFUSED},
    I.UNKNOWN: _ANSWERS | {I.REFUSED, I.CLOSED},
    I.PENDING: frozenset({I.CONFIRMED, I.FAILED, I.REFUNDED}),
    I.CONFIRMED: frozenset({I.FAILED, I.REFUNDED}),
    I.FAILED: frozenset({I.REFUNDED}),
    I.REFUNDED: frozenset(),
    I.REFUSED: frozenset(),
    I.WITHDRAWN: frozenset(),
    I.CLOSED: _ANSWERS,  # found after all, when the person was sure that it was not there
}
"""From each status the ones that may follow. SENDING is entered from READY alone, and by one sender: nothing is ever sent twice."""
OPEN = frozenset({I.READY, I.SENDING, I.UNKNOWN, I.PENDING})
"""While one of a card's orders is in one of these, no other is taken for it."""
COUNTS = OPEN | {I.CONFIRMED}
"""What counts against the spending limits: everything that was paid for, or may have been."""
UNSETTLED = OPEN
LEASE = timedelta(minutes=5)
"""A sender that has not said anything for so long has died: longer than all time limits of a provider's calls together."""
STALE_CLAIM = timedelta(seconds=30)
"""A sender that was held up for so long between taking an order and sending it does not send it any more."""
READY_FOR = timedelta(minutes=10)
"""An order that nobody began to send within this time is withdrawn: the person who confirmed it may be gone."""
SETTLE = timedelta(minutes=15)
"""Providers list an order at the latest so long after taking it; before, "not in the list" says nothing."""
LOOKS = 2
KEEP_LOOKING = timedelta(days=2)
"""For so long, an order that the person declared not placed is looked for all the same."""
APART = timedelta(minutes=3)
"""The same product on the same card again so soon could be taken for the first one, where a provider keeps no reference of ours."""
OUTCOME = {
    OrderStatus.CONFIRMED: I.CONFIRMED,
    OrderStatus.PENDING: I.PENDING,
    OrderStatus.UNKNOWN: I.UNKNOWN,
    OrderStatus.FAILED: I.FAILED,
    OrderStatus.REFUNDED: I.REFUNDED,
}


def may_follow(now: IntentStatus, after: IntentStatus) -> bool:
    return after in NEXT[now]


def is_dead(kept: KeptIntent, now: datetime) -> bool:
    """Whether its sender has died, so that nobody knows what became of it."""
    return kept.status is I.SENDING and kept.claimed_at is not None and now - kept.claimed_at >= LEASE


def is_stale(kept: KeptIntent, now: datetime) -> bool:
    """Whether nobody began to send it in time."""
    return kept.status is I.READY and now - kept.intent.made_at >= READY_FOR


def to_look_up(kept: KeptIntent, now: datetime) -> bool:
    """Whether the provider is to be asked what became of it."""
    if kept.status in (I.UNKNOWN, I.PENDING):
        return True
    return kept.status is I.CLOSED and now - kept.intent.made_at < KEEP_LOOKING


def may_close(kept: KeptIntent, now: datetime) -> bool:
    """Whether a person may say that nothing was bought: looked for several times in vain, the last time late enough. The sandbox forgets
    its orders when the program ends, and no money is at stake there."""
    if kept.status is not I.UNKNOWN:
        return False
    if kept.intent.invented:
        return kept.looks > 0
    sent_at = kept.claimed_at or kept.intent.made_at
    return kept.looks >= LOOKS and kept.looked_at is not None and kept.looked_at - sent_at >= SETTLE
