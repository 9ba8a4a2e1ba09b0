"""Plans of fixed length: those that queue, and those that run side by side."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from services.model.clock import Anchor, CardEvent, EventKind, Missing, PlanSegment, Question, Span, Stacking, StepCode, Unknown
from services.rules.clocks.bare import BareClock, Happening
from services.rules.clocks.counting import end_of, extend
from services.rules.clocks.standing import START_QUESTION, Line, Standing, read_date

# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_BUNDLE_BOUGHT = EventKind.BUNDLE_BOUGHT
_DATA_SPENT = EventKind.DATA_SPENT
_PURCHASED = EventKind.PURCHASED
_READING = EventKind.READING
_RENEWED = EventKind.RENEWED
_OLD_END_OR_SPENT = Stacking.OLD_END_OR_SPENT
_QUEUED = StepCode.QUEUED
_READ = StepCode.READ
_STARTED = StepCode.STARTED
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Plans:
    """What queued and parallel plans have in common: bought, then started by the event that the rule names."""

    def __init__(self, clock: BareClock, shown: bool) -> None:
        self._clock = clock
        self._shown = shown
        self._starts_now = clock.start in (Anchor.PURCHASE, None)
        self._installed = False
        self._bought: list[CardEvent] = []  # not begun
        self._segments: list[PlanSegment] = []
        self._lines: tuple[Line, ...] = ()
        self._blind: CardEvent | None = None  # the plan that has begun and whose length nobody knows
        self._blind_from = _LONG_AGO
        self._card_bought: CardEvent | None = None

    def _length(self, event: CardEvent) -> Span | None:
        return event.span or self._clock.span

    def _is_purchase(self, event: CardEvent) -> bool:
        """A card bought with a plan in it, a plan bought for it, or one that renewed itself."""
        if event.kind is _PURCHASED:
            self._card_bought = event
            return self._length(event) is not None
        return event.kind in (_BUNDLE_BOUGHT, _RENEWED)

    def _result(self, now: datetime) -> Standing:
        clock = self._clock
        out = Standing(segments=tuple(self._segments), lines=self._lines)
        if self._blind is not None:
            out.due = max((self._blind_from, *(segment.end for segment in self._segments)))
            out.unknown = Unknown(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH, self._blind)
        elif self._segments and (not self._bought or self._segments[-1].end > now):
            out.due = max(segment.end for segment in self._segments)
        elif self._bought:
            first = self._bought[0]
            length = self._length(first)
            out.waiting = True
            out.due = end_of(first.at, length, clock.counting) if length is not None else first.at
            out.unknown = Unknown(Missing.NOT_CONNECTED, START_QUESTION[clock.start], first)
        elif self._card_bought is not None:
            out.unknown = Unknown(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH, self._card_bought)
        else:
            out.unknown = Unknown(Missing.NO_START, Question.WHEN_PURCHASED)
        return out


class Parallel(_Plans):
    def replay(self, events: Iterable[Happening], now: datetime) -> Standing:
        acting, starts = self._clock.acting, self._clock.starts
        for what, event in events:
            if what not in acting:
                continue
            if self._is_purchase(event):
                self._bought.append(event)
                if self._starts_now or (self._clock.start is Anchor.INSTALL and self._installed):
                    self._begin(event)
            elif what is _READING:
                self._reading(event)
            elif what in starts:
                self._installed = True
                self._begin(event)
        self._segments.sort(key=lambda segment: (segment.end, segment.start))
        return self._result(now)

    def _begin(self, event: CardEvent) -> None:
        for bought in self._bought:
            length = self._length(bought)
            if length is None:
                self._blind, self._blind_from = bought, event.at
                continue
            end = end_of(event.at, length, self._clock.counting)
            self._segments.append(PlanSegment(event.at, end))
            self._lines = (*self._lines, (_STARTED, event.at, event.at, length, end))
        self._bought = []

    def _reading(self, event: CardEvent) -> None:
        read = read_date(self._clock, self._shown, event)
        if read is not None:
            start = event.at
            self._segments = [segment for segment in self._segments if segment.end <= start]
            self._segments.append(PlanSegment(min(start, read), read))
            self._lines = ((_READ, event.at, read, None, read),)
            self._blind, self._bought = None, []


class Queue(_Plans):
    """``_segments`` has the plans that have begun; the last of them may still run, and ``_queue`` waits behind it."""

    def __init__(self, clock: BareClock, shown: bool) -> None:
        super().__init__(clock, shown)
        self._queue: list[CardEvent] = []

    def replay(self, events: Iterable[Happening], now: datetime) -> Standing:
        acting, starts = self._clock.acting, self._clock.starts
        for what, event in events:
            if what not in acting:
                continue
            at = event.at
            if self._queue:
                self._advance(at)
            running = self._blind is not None or (bool(self._segments) and self._segments[-1].end > at)
            if self._is_purchase(event):
                self._buy(event, running)
            elif what is _READING:
                self._reading(event)
            elif what is _DATA_SPENT:
                if running and self._queue and self._blind is None and self._clock.stacking is _OLD_END_OR_SPENT:
                    self._segments[-1] = replace(self._segments[-1], end=at)
                    self._next(event.at, queued=False)
            elif what in starts:
                self._installed = True
                if not running:
                    self._begin(event)
        self._advance(None)
        return self._result(now)

    def _buy(self, event: CardEvent, running: bool) -> None:
        if running:
            self._queue.append(event)
            return
        self._bought.append(event)
        if self._starts_now or (self._clock.start is Anchor.INSTALL and self._installed):
            self._begin(event)

    def _advance(self, at: datetime | None) -> None:
        """Begin what is queued: everything, or what begins by ``at``."""
        while self._queue and self._blind is None and (at is None or self._segments[-1].end <= at):
            self._next(self._segments[-1].end, queued=True)

    def _begin(self, event: CardEvent) -> None:
        if self._bought:
            self._queue, self._bought = self._bought, []
            self._next(event.at, queued=False)

    def _next(self, start: datetime, *, queued: bool) -> None:
        event = self._queue.pop(0)
        length = self._length(event)
        if length is None:
            self._blind, self._blind_from = event, start.astimezone(UTC)
            return
        end = (extend if queued else end_of)(start, length, self._clock.counting)
        self._segments.append(PlanSegment(start.astimezone(UTC), end))
        self._lines = (*self._lines, (_QUEUED if queued else _STARTED, event.at, start, length, end))

    def _reading(self, event: CardEvent) -> None:
        """The operator's date is the end of the plan that runs; what is queued waits behind it."""
        read = read_date(self._clock, self._shown, event)
        if read is None:
            return
        start = event.at
        if self._segments and self._segments[-1].end > start:
            start = self._segments.pop().start
        self._segments.append(PlanSegment(min(start, read), read))
        self._lines = ((_READ, event.at, read, None, read),)
        self._blind, self._bought = None, []
