"""What an order means for the renewal it belongs to: the events that bring it up to date. What the person did meanwhile stands."""

from collections.abc import Sequence
from datetime import datetime

from services.model.intent import IntentStatus, KeptIntent
from services.model.renewal import EventKind, Figures, Promise, RenewalEvent, RenewalStatus
from services.rules.renewals.run import NotNow, admit, stand

I = IntentStatus  # noqa: E741 - read as "I.READY"
S = RenewalStatus
_WAY: dict[IntentStatus, tuple[RenewalStatus, ...]] = {
    I.READY: (S.PAYING,),
    I.UNKNOWN: (S.PAYING, S.UNKNOWN),
    I.CONFIRMED: (S.PAYING, S.SENT),
    I.PENDING: (S.PAYING, S.SENT, S.PENDING),
    I.FAILED: (S.PAYING, S.SENT, S.FAILED),
    I.REFUNDED: (S.PAYING, S.SENT, S.FAILED, S.REFUNDED),
    I.REFUSED: (S.FAILED,),
    I.WITHDRAWN: (S.FAILED,),
    I.CLOSED: (S.FAILED,),
}
"""The statuses a renewal goes through to be where its order is."""
_PAID = frozenset({I.CONFIRMED, I.PENDING, I.FAILED, I.REFUNDED})


def begin(events: Sequence[RenewalEvent], before: Figures, promise: Promise, now: datetime) -> list[RenewalEvent]:
    """What the card showed and what the product promises, then the till."""
    run, fresh = stand(events), []
    if before != Figures() and before != run.before:
        fresh.append(RenewalEvent(EventKind.BEFORE, now, figures=before))
    if promise != run.promise:
        fresh.append(RenewalEvent(EventKind.PROMISED, now, promise=promise))
    way = (S.DRAFT, S.PAYING) if run.status is S.FAILED else (S.PAYING,)
    return [*fresh, *_walk([*events, *fresh], way, now)]


BEFORE_PAYING = frozenset({S.DRAFT, S.PAYING, S.FAILED})
"""Where a renewal has to stand for an order: nothing was paid for it, by whatever way."""


def follow(events: Sequence[RenewalEvent], kept: KeptIntent, now: datetime) -> list[RenewalEvent]:
    """The events that are missing of what became of the order; none when nothing is."""
    fresh: list[RenewalEvent] = []
    run = stand(events)
    if run.abandoned is not None:
        return []
    way = _WAY.get(kept.status, ())
    if run.status in way:
        way = way[way.index(run.status) + 1 :]
    elif kept.status is I.CONFIRMED and run.status is S.PENDING:
        way = ()
    fresh += _walk(events, way, now)
    reference = kept.order_id or kept.intent.reference
    if kept.status in _PAID and (run.paid, run.reference) != (kept.cost, reference):
        fresh.append(RenewalEvent(EventKind.PAID, now, paid=kept.cost, reference=reference))
    return fresh


def _walk(events: Sequence[RenewalEvent], way: Sequence[RenewalStatus], now: datetime) -> list[RenewalEvent]:
    fresh: list[RenewalEvent] = []
    for status in way:
        event = RenewalEvent(EventKind.STATUS, now, status=status)
        try:
            admit([*events, *fresh], event)
        except NotNow:
            continue
        fresh.append(event)
    return fresh
