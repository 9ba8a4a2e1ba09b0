"""Where a renewal stands, worked out from its events, and which events may come next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.model.money import Money
from services.model.renewal import Begun, Channel, EventKind, Figures, Product, Promise, RenewalEvent, RenewalStatus
from services.rules.renewals.proof import prove

S = RenewalStatus
NEXT: dict[RenewalStatus, frozenset[RenewalStatus]] = {
    S.DRAFT: frozenset({S.PAYING}),
    S.PAYING: frozenset({S.DRAFT, S.SENT, S.UNKNOWN, S.FAILED}),
    S.UNKNOWN: frozenset({S.SENT, S.PENDING, S.FAILED, S.DISPUTED}),
    S.SENT: frozenset({S.PENDING, S.CONFIRMED, S.FAILED, S.DISPUTED}),
    S.PENDING: frozenset({S.CONFIRMED, S.FAILED, S.DISPUTED}),
    S.FAILED: frozenset({S.DRAFT, S.DISPUTED, S.REFUNDED}),
    S.DISPUTED: frozenset({S.CONFIRMED, S.REFUNDED, S.FAILED}),
    S.CONFIRMED: frozenset({S.DISPUTED}),
    S.REFUNDED: frozenset(),
}
"""From each status the ones that may follow. CONFIRMED is reached by proof alone (:func:`services.rules.renewals.proof.prove`)."""
MONEY_MAY_BE_GONE = frozenset({S.SENT, S.UNKNOWN, S.PENDING, S.DISPUTED})
OVER = frozenset({S.CONFIRMED, S.REFUNDED})
BESIDE = frozenset({EventKind.PHOTO, EventKind.PHOTO_REMOVED, EventKind.RECEIPT})
"""What is laid beside a renewal: it can be at any time, changes nothing of where the renewal stands, and is taken away where it lies."""


class NotNow(Exception):
    """An event that does not fit where the renewal stands. ``event`` and ``status`` say which; nothing was written."""

    def __init__(self, event: str, status: RenewalStatus) -> None:
        super().__init__(f"{event} does not fit a renewal that is {status.value}")
        self.event = event
        self.status = status


@dataclass(frozen=True, slots=True)
class Run:
    """A renewal as it stands. ``ticks``: steps done and when. ``channels``: every channel it has been on, the present one last.
    ``sent_at``: when the money left, None while it has not. ``abandoned``: the reason, None while it goes on."""

    begun: Begun
    started_at: datetime
    status: RenewalStatus = S.DRAFT
    channels: tuple[Channel, ...] = ()
    ticks: dict[str, datetime] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    link: tuple[str, str] | None = None
    number: str | None = None
    paid: Money | None = None
    reference: str = ""
    sent_at: datetime | None = None
    before: Figures | None = None
    promise: Promise | None = None
    after: Figures | None = None
    abandoned: str | None = None
    last_at: datetime | None = None
    product: Product | None = None

    @property
    def channel(self) -> Channel:
        return self.channels[-1]

    @property
    def is_open(self) -> bool:
        return self.abandoned is None and self.status not in OVER


def stand(events: Iterable[RenewalEvent]) -> Run:
    """Where a renewal stands. ``events``: all of it, in order, the first of them STARTED. Raises ValueError otherwise."""
    history = list(events)
    if not history or history[0].begun is None:
        raise ValueError("a renewal begins with STARTED")
    undone = _undone(history)
    begun = history[0].begun
    state = _State(begun, history[0].at)
    for event in history[1:]:
        if event.sequence not in undone and event.kind is not EventKind.UNDONE:
            state.take(event)
    return state.run(history[-1].at)


def undoable(events: Sequence[RenewalEvent]) -> RenewalEvent | None:
    """The last event that still counts and can be taken back: anything but the beginning and what lies beside it."""
    undone = _undone(events)
    out = BESIDE | {EventKind.UNDONE}
    standing = [event for event in events[1:] if event.kind not in out and event.sequence not in undone]
    return standing[-1] if standing else None


def admit(events: Sequence[RenewalEvent], fresh: RenewalEvent) -> None:
    """Whether ``fresh`` may follow ``events``. Raises NotNow; says nothing otherwise."""
    run = stand(events)
    match fresh.kind:
        case EventKind.STARTED:
            raise NotNow("started", run.status)
        case EventKind.UNDONE:
            last = undoable(events)
            if last is None or last.sequence != fresh.undoes:
                raise NotNow("undone", run.status)
        case EventKind.RESUMED if run.abandoned is None:
            raise NotNow("resumed", run.status)
        case EventKind.RESUMED | EventKind.NOTED | EventKind.PHOTO | EventKind.PHOTO_REMOVED | EventKind.RECEIPT:
            pass
        case _ if run.abandoned is not None:
            raise NotNow(fresh.kind.value, run.status)
        case EventKind.CHANNEL if run.status in MONEY_MAY_BE_GONE | OVER:
            raise NotNow("channel", run.status)  # paying again elsewhere while the first money may still arrive would pay twice
        case EventKind.STATUS if fresh.status is S.CONFIRMED and not prove(run.before, run.after, run.promise).confirmed:
            raise NotNow("confirmed", run.status)
        case EventKind.STATUS if fresh.status not in NEXT[run.status]:
            raise NotNow(fresh.status.value if fresh.status else "status", run.status)
        case _:
            pass


def _undone(history: Sequence[RenewalEvent]) -> frozenset[int]:
    return frozenset(event.undoes for event in history if event.kind is EventKind.UNDONE and event.undoes is not None)


class _State:
    """The fold: one field per thing that events say."""

    def __init__(self, begun: Begun, at: datetime) -> None:
        self._begun, self._at = begun, at
        self._status = S.DRAFT
        self._channels = [begun.channel]
        self._ticks: dict[str, datetime] = {}
        self._notes: dict[str, str] = {}
        self._link: tuple[str, str] | None = None
        self._number: str | None = None
        self._paid: Money | None = None
        self._reference = ""
        self._sent_at: datetime | None = None
        self._before: Figures | None = None
        self._promise: Promise | None = None
        self._after: Figures | None = None
        self._abandoned: str | None = None
        self._product: Product | None = None

    def take(self, event: RenewalEvent) -> None:
        match event.kind:
            case EventKind.CHANNEL if event.channel is not None:
                self._channels.append(event.channel)
                self._status = S.DRAFT
                # What belonged to the payment elsewhere stays in the history; the card, its figures and the product carry over.
                self._link, self._paid, self._reference, self._sent_at, self._after = None, None, "", None, None
            case EventKind.TICKED:
                self._ticks[event.step] = event.at
            case EventKind.UNTICKED:
                self._ticks.pop(event.step, None)
            case EventKind.NOTED:
                self._notes[event.step] = event.text
            case EventKind.LINK_CHECKED:
                self._link = (event.text, event.verdict)
            case EventKind.NUMBER_CHECKED:
                self._number = event.text
            case EventKind.STATUS if event.status is not None:
                self._status = event.status
                if event.status in (S.SENT, S.UNKNOWN) and self._sent_at is None:
                    self._sent_at = event.at
                if event.status is S.DRAFT:
                    self._sent_at = None
            case EventKind.PAID:
                self._paid, self._reference = event.paid, event.reference
            case EventKind.BEFORE:
                self._before = event.figures
            case EventKind.PRODUCT:
                self._product = event.product
            case EventKind.PROMISED:
                self._promise = event.promise
            case EventKind.AFTER:
                self._after = event.figures
            case EventKind.ABANDONED:
                self._abandoned = event.text
            case EventKind.RESUMED:
                self._abandoned = None
            case _:
                pass

    def run(self, last_at: datetime) -> Run:
        return Run(
            self._begun, self._at, self._status, tuple(self._channels), self._ticks, self._notes, self._link, self._number, self._paid,
            self._reference, self._sent_at, self._before, self._promise, self._after, self._abandoned, last_at,
            self._product,
        )  # fmt: skip
