"""Where a clock stands after the events of a card: one function per family of clocks, all of them pure.

A result holds a due instant that is *exact*, or a lower bound with what is missing. Events must be in order of time, none later than now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from services.model.clock import (
    LONGEST,
    Activity,
    Anchor,
    CardEvent,
    ClockKind,
    EventKind,
    Missing,
    PlanSegment,
    Question,
    Span,
    SpanUnit,
    Stacking,
    Step,
    StepCode,
    Unknown,
    start_of_day,
)
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.counting import add_months, end_of, end_of_printed, extend
from services.rules.clocks.schema import ClockRule, ShownDate, StageRule

_CONNECTIONS = frozenset({EventKind.FIRST_CONNECTION, EventKind.ROAMED})
_ACTIVITY_OF = {
    EventKind.TOPPED_UP: Activity.TOP_UP,
    EventKind.BUNDLE_BOUGHT: Activity.BUNDLE,
    EventKind.RENEWED: Activity.BUNDLE,
    EventKind.INSTALLED: Activity.INSTALL,
    EventKind.FIRST_CONNECTION: Activity.CONNECT,
    EventKind.ROAMED: Activity.SWITCHED_ON,
}
_START_EVENTS = {
    Anchor.ACTIVATION: frozenset({EventKind.ACTIVATED}),
    Anchor.LAST_EVENT: frozenset({EventKind.ACTIVATED}),
    Anchor.FIRST_CONNECTION: _CONNECTIONS,
    Anchor.INSTALL: frozenset({EventKind.INSTALLED}),
    Anchor.PURCHASE: frozenset({EventKind.PURCHASED}),
    Anchor.PLAN_END: frozenset({EventKind.PURCHASED}),
    None: frozenset({EventKind.PURCHASED, EventKind.INSTALLED, EventKind.ACTIVATED, EventKind.FIRST_CONNECTION}),
}
_START_QUESTION = {
    Anchor.ACTIVATION: Question.WHEN_ACTIVATED,
    Anchor.LAST_EVENT: Question.WHEN_LAST_USED,
    Anchor.FIRST_CONNECTION: Question.WHEN_CONNECTED,
    Anchor.INSTALL: Question.WHEN_INSTALLED,
    Anchor.PURCHASE: Question.WHEN_PURCHASED,
    Anchor.PLAN_END: Question.WHEN_PURCHASED,
    None: Question.WHEN_ACTIVATED,
}
_ENDS_ACTIVATE_BY = (EventKind.ACTIVATED, EventKind.FIRST_CONNECTION)


@dataclass(slots=True)
class Standing:
    """``due``: exact when ``unknown`` is None, else the bound before which nothing ends (None: no bound either).

    ``settled``: ended for good. ``waiting``: bought and not begun. ``segments``: the plans of a bundle clock, in order.
    ``doubtful``: the newest event of which nobody says whether it counts. ``owed``: what is missing to be out of arrears.
    ``covered``: how many of the coming fees the balance pays.
    """

    due: datetime | None = None
    unknown: Unknown | None = None
    steps: list[Step] = field(default_factory=list)
    settled: bool = False
    waiting: bool = False
    segments: list[PlanSegment] = field(default_factory=list)
    doubtful: CardEvent | None = None
    owed: Money | None = None
    covered: int | None = None


def activity_of(event: CardEvent) -> Activity | None:
    """What a clock sees in an event; None when it is nothing anyone does with a card."""
    return event.activity if event.kind is EventKind.USED else _ACTIVITY_OF.get(event.kind)


def is_connection(event: CardEvent) -> bool:
    """Whether the card was on a network for data at this event."""
    return event.kind in _CONNECTIONS or event.activity is Activity.DATA or event.activity is Activity.CONNECT


def replay(clock: ClockRule, shown: bool, events: Sequence[CardEvent], now: datetime, plans: Standing | None) -> Standing:
    """Where ``clock`` stands at ``now``.

    ``shown``: whether a reading's date that names no clock is this one's. ``plans``: how the card's bundle clock stands, for recycling.
    """
    match clock.kind:
        case ClockKind.BUNDLE if clock.stacking.value not in _ONE_END:
            return _plans(clock, shown, events, now)
        case ClockKind.WALLET_FEE | ClockKind.ARREARS:
            return _Fees(clock, shown, now).replay(events)
        case ClockKind.ACTIVATE_BY:
            return _activate_by(clock, shown, events)
        case ClockKind.RECYCLING:
            return _recycling(clock, shown, events, plans)
        case _:
            return _Restarts(clock, shown).replay(events)


_ONE_END = frozenset({Stacking.RESET, Stacking.KEEP_LATER, Stacking.STACK})


def _read(clock: ClockRule, shown: bool, event: CardEvent) -> datetime | None:
    """The instant that a reading gives for this clock."""
    if event.valid_until is None or not (event.clock == clock.id or (event.clock is None and shown)):
        return None
    return end_of_printed(event.valid_until, is_last=clock.shown_date.value is ShownDate.LAST_DAY, zone=clock.counting.zone)


def stage_at(clock: ClockRule, due: datetime, instant: datetime) -> StageRule | None:
    """The step of the ladder that holds at ``instant``; None before ``due`` or when there is no ladder."""
    found: StageRule | None = None
    begins = due
    for stage in clock.ladder:
        if stage.after.value is None:
            break
        begins = extend(begins, stage.after.value, clock.counting)
        if begins > instant:
            break
        found = stage
    return found


def _saves(clock: ClockRule, due: datetime, event: CardEvent, activity: Activity) -> bool:
    """Whether ``activity`` after ``due`` still moves the clock. Where nobody says, what the person recorded is believed."""
    stage = stage_at(clock, due, event.at)
    return stage is None or stage.rescue.value is None or activity in stage.rescue.value


class _Restarts:
    """Clocks with one end that counted events move: validity, inactivity, top-up-only, and plans that do not queue."""

    def __init__(self, clock: ClockRule, shown: bool) -> None:
        self._clock = clock
        self._shown = shown
        self._out = Standing()

    def replay(self, events: Iterable[CardEvent]) -> Standing:
        clock, out = self._clock, self._out
        starts = _START_EVENTS[clock.start.value]
        initial = clock.initial.value or clock.span.value
        started = False
        for event in events:
            kind = event.kind
            if kind is EventKind.READING:
                read = _read(clock, self._shown, event)
                if read is not None:
                    out.due, out.unknown, out.doubtful = read, None, None
                    out.steps = [Step(StepCode.READ, event.at, read, None, read)]
                continue
            if kind in starts and not started and (length := self._own_length(event) or initial) is not None:
                started = True
                end = end_of(event.at, length, clock.counting)
                if out.due is None or end > out.due:
                    out.due, out.unknown = end, None
                    out.steps = [Step(StepCode.STARTED, event.at, event.at, length, end)]
                continue
            activity = activity_of(event)
            if activity is None:
                continue
            counts = clock.counts(activity)
            if counts is Tri.YES:
                self._counted(event, activity)
            elif counts is Tri.UNKNOWN and kind is EventKind.USED:
                out.doubtful = event
        if out.due is None and out.unknown is None:
            out.unknown = self._nothing()
        return out

    def _nothing(self) -> Unknown:
        clock = self._clock
        if clock.span.value is None and clock.initial.value is None and clock.tiers.value is None:
            return Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL)
        if clock.tiers.value is not None and clock.initial.value is None:
            return Unknown(Missing.NO_START, Question.VALID_UNTIL)
        if clock.kind is ClockKind.TOP_UP_ONLY:
            return Unknown(Missing.NO_START, Question.WHEN_TOPPED_UP)
        if clock.kind is ClockKind.INACTIVITY:
            return Unknown(Missing.NO_START, Question.WHEN_LAST_USED)
        return Unknown(Missing.NO_START, _START_QUESTION[clock.start.value])

    def _counted(self, event: CardEvent, activity: Activity) -> None:
        clock, out = self._clock, self._out
        if out.due is not None and event.at >= out.due and out.unknown is None and not _saves(clock, out.due, event, activity):
            out.unknown = Unknown(Missing.MAYBE_GONE, Question.STILL_WORKS, event)
            return
        if out.unknown is not None and out.unknown.because is Missing.MAYBE_GONE:
            return
        spans = self._spans(event, activity)
        if not spans:
            return
        first = spans[0]
        if len(spans) == 1 and first is not None:
            self._apply(event, first)
        else:
            self._between(event, spans)

    def _own_length(self, event: CardEvent) -> Span | None:
        """The length that the event itself says; that of a plan says nothing of a clock that is not a plan's."""
        return event.span if self._clock.kind is ClockKind.BUNDLE or event.kind is EventKind.TOPPED_UP else None

    def _spans(self, event: CardEvent, activity: Activity) -> list[Span | None]:
        """What the event can have given: one span, or every possibility (None among them: nothing) when its amount is not known."""
        clock = self._clock
        if (length := self._own_length(event)) is not None:
            return [length]
        tiers = clock.tiers.value
        if tiers is None:
            if clock.span.value is None:
                return [None] if clock.kind is ClockKind.BUNDLE else []
            return [clock.span.value]
        if activity is not Activity.TOP_UP or event.amount is None or event.amount.currency != tiers[0].at_least.currency:
            return [None, *(tier.span for tier in tiers)]
        reached = clock.gives(activity, event.amount)
        return [] if reached is None else [reached]

    def _apply(self, event: CardEvent, span: Span) -> None:
        clock, out = self._clock, self._out
        if out.unknown is not None and clock.stacking.value in (Stacking.RESET, None):
            out.unknown = None
        if out.due is None:
            out.due = end_of(event.at, span, clock.counting)
            out.steps = [Step(StepCode.STARTED, event.at, event.at, span, out.due)]
            if clock.stacking.value in (Stacking.KEEP_LATER, Stacking.STACK) and clock.kind is not ClockKind.BUNDLE:
                out.unknown = out.unknown or Unknown(Missing.NO_START, Question.VALID_UNTIL, event)  # an older, later end may exist
        else:
            step = _moved(clock, out.due, event, span)
            out.due = step.due
            out.steps = [*out.steps, step] if step.code is not StepCode.RESET else [step]
        out.doubtful = None

    def _between(self, event: CardEvent, spans: list[Span | None]) -> None:
        clock, out = self._clock, self._out
        before = out.due
        if spans == [None]:
            out.due = event.at.astimezone(UTC) if before is None or clock.stacking.value in (Stacking.RESET, None) else before
            out.unknown = Unknown(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH, event)
            return
        ends = [before if span is None else self._tried(event, span) for span in spans]
        known = [end for end in ends if end is not None]
        if len(known) == len(ends) and len(set(known)) == 1:
            return
        out.due = min(known) if len(known) == len(ends) else None
        if event.kind is EventKind.TOPPED_UP:
            out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, event)
        else:
            out.unknown = Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL, event)

    def _tried(self, event: CardEvent, span: Span) -> datetime:
        if self._out.due is None:
            return end_of(event.at, span, self._clock.counting)
        return _moved(self._clock, self._out.due, event, span).due


def _moved(clock: ClockRule, due: datetime, event: CardEvent, span: Span) -> Step:
    """What a counted event does to a clock that ends at ``due``."""
    fresh = end_of(event.at, span, clock.counting)
    stacking = clock.stacking.value
    if stacking is Stacking.KEEP_LATER and due > fresh:
        return Step(StepCode.KEPT, event.at, event.at, span, due)
    if stacking is not Stacking.STACK or due <= event.at:
        return Step(StepCode.RESET, event.at, event.at, span, fresh)
    longer = extend(due, span, clock.counting)
    if clock.cap.value is not None:
        limit = end_of(event.at, clock.cap.value, clock.counting)
        if limit < longer:
            return Step(StepCode.CAPPED, event.at, event.at, clock.cap.value, max(limit, due))
    return Step(StepCode.STACKED, event.at, due, span, longer)


def _activate_by(clock: ClockRule, shown: bool, events: Iterable[CardEvent]) -> Standing:
    starts = _START_EVENTS[clock.start.value or Anchor.PURCHASE]
    ended_by = clock.ended_by.value or _ENDS_ACTIVATE_BY
    out = Standing(unknown=Unknown(Missing.NO_START, _START_QUESTION[clock.start.value or Anchor.PURCHASE]))
    for event in events:
        if event.kind in ended_by or (EventKind.FIRST_CONNECTION in ended_by and is_connection(event)):
            out = Standing(settled=True, steps=out.steps)
        elif event.kind in starts and (out.due is None or out.settled):
            span = clock.span.value
            if span is None:
                out = Standing(due=event.at, unknown=Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL, event))
            else:
                end = end_of(event.at, span, clock.counting)
                out = Standing(due=end, steps=[Step(StepCode.STARTED, event.at, event.at, span, end)])
        elif event.kind is EventKind.READING and not out.settled and (read := _read(clock, shown, event)) is not None:
            out = Standing(due=read, steps=[Step(StepCode.READ, event.at, read, None, read)])
    return out


def _recycling(clock: ClockRule, shown: bool, events: Iterable[CardEvent], plans: Standing | None) -> Standing:
    """Counted from the purchase, from each event that counts, and from the end of the last plan: the latest of them holds."""
    out = _Restarts(clock, shown).replay(events)
    span = clock.span.value
    if clock.start.value is not Anchor.PLAN_END or plans is None or span is None or (out.steps and out.steps[-1].code is StepCode.READ):
        return out
    if plans.unknown is not None and plans.segments:
        return replace(out, unknown=out.unknown or plans.unknown)
    if plans.segments:
        plan_end = plans.segments[-1].end
        end = extend(plan_end, span, clock.counting)
        if out.due is None or end > out.due:
            return replace(out, due=end, unknown=None, steps=[Step(StepCode.STARTED, plan_end, plan_end, span, end)])
    return out


def _plans(clock: ClockRule, shown: bool, events: Sequence[CardEvent], now: datetime) -> Standing:
    """Plans that queue, or that run side by side (also when nobody says: nothing is then added to anything)."""
    return (_Queue if clock.stacking.value in (Stacking.OLD_END, Stacking.OLD_END_OR_SPENT) else _Parallel)(clock, shown).replay(
        events, now
    )


class _Plans:
    """What queued and parallel plans have in common: bought, then started by the event that the rule names."""

    def __init__(self, clock: ClockRule, shown: bool) -> None:
        self._clock = clock
        self._shown = shown
        self._starts_now = clock.start.value in (Anchor.PURCHASE, None)
        self._installed = False
        self._bought: list[CardEvent] = []  # not begun
        self._segments: list[PlanSegment] = []
        self._steps: list[Step] = []
        self._blind: CardEvent | None = None  # the plan that has begun and whose length nobody knows
        self._blind_from = datetime.min.replace(tzinfo=UTC)
        self._card_bought: CardEvent | None = None

    def _length(self, event: CardEvent) -> Span | None:
        return event.span or self._clock.span.value

    def _is_purchase(self, event: CardEvent) -> bool:
        """A card bought with a plan in it, a plan bought for it, or one that renewed itself."""
        if event.kind is EventKind.PURCHASED:
            self._card_bought = event
            return self._length(event) is not None
        return event.kind in (EventKind.BUNDLE_BOUGHT, EventKind.RENEWED)

    def _is_start(self, event: CardEvent) -> bool:
        match self._clock.start.value:
            case Anchor.FIRST_CONNECTION:
                return is_connection(event)
            case Anchor.INSTALL:
                return event.kind is EventKind.INSTALLED
            case _:
                return event.kind is EventKind.ACTIVATED

    def _result(self, now: datetime) -> Standing:
        clock = self._clock
        out = Standing(segments=self._segments, steps=self._steps)
        if self._blind is not None:
            out.due = max((self._blind_from, *(segment.end for segment in self._segments)))
            out.unknown = Unknown(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH, self._blind)
        elif self._segments and (not self._bought or self._segments[-1].end > now):
            out.due = max(segment.end for segment in self._segments)
        elif self._bought:
            first = self._bought[0]
            length = self._length(first)
            out.waiting = True
            out.due = end_of(first.at, length, clock.counting) if length is not None else first.at.astimezone(UTC)
            out.unknown = Unknown(Missing.NOT_CONNECTED, _START_QUESTION[clock.start.value], first)
        elif self._card_bought is not None:
            out.unknown = Unknown(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH, self._card_bought)
        else:
            out.unknown = Unknown(Missing.NO_START, Question.WHEN_PURCHASED)
        return out


class _Parallel(_Plans):
    def replay(self, events: Iterable[CardEvent], now: datetime) -> Standing:
        for event in events:
            if self._is_purchase(event):
                self._bought.append(event)
                if self._starts_now or (self._clock.start.value is Anchor.INSTALL and self._installed):
                    self._begin(event)
            elif event.kind is EventKind.READING:
                self._reading(event)
            elif self._is_start(event):
                self._installed = True
                self._begin(event)
        self._segments.sort(key=lambda segment: (segment.end, segment.start))
        return self._result(now)

    def _begin(self, event: CardEvent) -> None:
        for bought in self._bought:
            length = self._length(bought)
            if length is None:
                self._blind, self._blind_from = bought, event.at.astimezone(UTC)
                continue
            end = end_of(event.at, length, self._clock.counting)
            self._segments.append(PlanSegment(event.at.astimezone(UTC), end))
            self._steps = [*self._steps, Step(StepCode.STARTED, event.at, event.at, length, end)]
        self._bought = []

    def _reading(self, event: CardEvent) -> None:
        read = _read(self._clock, self._shown, event)
        if read is not None:
            start = event.at.astimezone(UTC)
            self._segments = [segment for segment in self._segments if segment.end <= start]
            self._segments.append(PlanSegment(min(start, read), read))
            self._steps = [Step(StepCode.READ, event.at, read, None, read)]
            self._blind, self._bought = None, []


class _Queue(_Plans):
    """``_segments`` has the plans that have begun; the last of them may still run, and ``_queue`` waits behind it."""

    def __init__(self, clock: ClockRule, shown: bool) -> None:
        super().__init__(clock, shown)
        self._queue: list[CardEvent] = []

    def replay(self, events: Iterable[CardEvent], now: datetime) -> Standing:
        for event in events:
            at = event.at.astimezone(UTC)
            self._advance(at)
            running = self._blind is not None or (bool(self._segments) and self._segments[-1].end > at)
            if self._is_purchase(event):
                self._buy(event, running)
            elif event.kind is EventKind.READING:
                self._reading(event)
            elif event.kind is EventKind.DATA_SPENT:
                if running and self._queue and self._blind is None and self._clock.stacking.value is Stacking.OLD_END_OR_SPENT:
                    self._segments[-1] = replace(self._segments[-1], end=at)
                    self._next(event.at, queued=False)
            elif self._is_start(event):
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
        if self._starts_now or (self._clock.start.value is Anchor.INSTALL and self._installed):
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
        self._steps = [*self._steps, Step(StepCode.QUEUED if queued else StepCode.STARTED, event.at, start, length, end)]

    def _reading(self, event: CardEvent) -> None:
        """The operator's date is the end of the plan that runs; what is queued waits behind it."""
        read = _read(self._clock, self._shown, event)
        if read is None:
            return
        start = event.at.astimezone(UTC)
        if self._segments and self._segments[-1].end > start:
            start = self._segments.pop().start
        self._segments.append(PlanSegment(min(start, read), read))
        self._steps = [Step(StepCode.READ, event.at, read, None, read)]
        self._blind, self._bought = None, []


class _Fees:
    """A fee that leaves a balance every so often (wallet), or that also falls due without one (arrears).

    ``_balance`` is a lower bound in minor units, exact while ``_exact``; None means that nothing is known of it.
    """

    def __init__(self, clock: ClockRule, shown: bool, now: datetime) -> None:
        self._clock = clock
        self._shown = shown
        self._now = now.astimezone(UTC)
        self._arrears = clock.kind is ClockKind.ARREARS
        self._fee = clock.fee.value
        self._balance: Decimal | None = None if self._arrears else Decimal(0)
        self._exact = False
        self._vague: CardEvent | None = None  # a payment whose amount nobody wrote down
        self._missed: datetime | None = None  # the fee that could not be paid
        self._unsure: datetime | None = None  # the first fee of which nobody knows whether it was paid
        self._gone: CardEvent | None = None  # paid in when nothing could save the card any more
        self._base: datetime | None = None
        self._lead = 0  # 1 when the first fee is one span after the base, 0 when it is at the base
        self._turn = 0  # fees since then
        self._next: datetime | None = None
        self._steps: list[Step] = []

    def replay(self, events: Iterable[CardEvent]) -> Standing:
        starts = _START_EVENTS[self._clock.start.value]
        for event in events:
            self._schedule(event.at)
            self._run_to(event.at.astimezone(UTC))
            match event.kind:
                case EventKind.READING:
                    self._reading(event)
                case EventKind.TOPPED_UP:
                    self._paid(event)
                case EventKind.RENEWED:
                    self._anchor(event.at)
                    self._renewed()
                case kind if kind in starts and self._base is None:
                    self._anchor(event.at)
        self._schedule(self._now)
        self._run_to(self._now)
        return self._result()

    def _anchor(self, at: datetime) -> None:
        """The fee was taken at ``at``; the next one is a span later. A fee on a fixed day of the month does not move."""
        span = self._clock.span.value
        if span is not None and self._clock.fee_day.value is None:
            self._base, self._lead, self._turn = at, 1, 0
            self._next = self._instant(0)
            self._steps = [Step(StepCode.STARTED, at, at, span, self._next)]

    def _schedule(self, at: datetime) -> None:
        """A fee on a fixed day of the month needs no anchor: the schedule begins before the first event."""
        day = self._clock.fee_day.value
        if day is not None and self._base is None:
            zone = self._clock.counting.zone or UTC
            local = at.astimezone(zone).date()
            first = local.replace(day=day) if local.day < day else add_months(local.replace(day=day), 1)
            self._base = self._next = start_of_day(first, zone).astimezone(UTC)

    def _instant(self, turn: int) -> datetime:
        assert self._base is not None
        if self._clock.fee_day.value is not None:
            zone = self._clock.counting.zone or UTC
            return start_of_day(add_months(self._base.astimezone(zone).date(), turn), zone).astimezone(UTC)
        span = self._clock.span.value
        assert span is not None
        count = end_of if self._lead else extend
        return count(self._base, Span(span.amount * (turn + self._lead), span.unit), self._clock.counting)

    def _most_turns(self) -> int:
        """How many fees can be counted from the base: as many as fit into the longest length of time."""
        span = self._clock.span.value
        return LONGEST[span.unit] // span.amount - 1 if span is not None else LONGEST[SpanUnit.MONTH]

    def _step_on(self) -> None:
        self._turn += 1
        self._next = self._instant(self._turn)

    def _run_to(self, instant: datetime) -> None:
        fee = self._fee
        while self._next is not None and self._next <= instant:
            if fee is not None and self._balance is not None and (self._missed is None or self._arrears):
                if self._arrears:
                    self._balance -= fee.minor
                    if self._balance < 0 and self._missed is None:
                        self._missed = self._next
                elif self._balance >= fee.minor:
                    self._balance -= fee.minor
                elif self._exact:
                    self._missed = self._next
                else:
                    self._balance = Decimal(0)
                    self._unsure = self._unsure or self._next
            elif self._missed is None:
                self._unsure = self._unsure or self._next
            self._step_on()

    def _reading(self, event: CardEvent) -> None:
        read = _read(self._clock, self._shown, event)
        if read is not None and self._clock.fee_day.value is None and self._clock.span.value is not None:
            self._base, self._lead, self._turn, self._next = read, 0, 0, read
            self._steps = [Step(StepCode.READ, event.at, read, None, read)]
            self._missed = self._unsure = self._gone = None
        if event.balance is not None and (self._fee is None or event.balance.currency == self._fee.currency):
            self._balance, self._exact, self._vague, self._unsure, self._gone = event.balance.minor, True, None, None, None
            if not self._arrears or self._balance >= 0:
                self._missed = None
            elif self._missed is None:
                self._missed = event.at.astimezone(UTC)

    def _renewed(self) -> None:
        """The operator took its fee: whatever was unsure before is settled, and the balance is smaller by it."""
        self._missed = self._unsure = self._gone = None
        if self._balance is not None and self._fee is not None:
            self._balance -= self._fee.minor
            if self._balance < 0 and not self._arrears:
                self._balance, self._exact = Decimal(0), False

    def _paid(self, event: CardEvent) -> None:
        if self._missed is not None and not _saves(self._clock, self._missed, event, Activity.TOP_UP):
            self._gone = self._gone or event
            return
        if event.amount is None or (self._fee is not None and event.amount.currency != self._fee.currency):
            self._vague, self._exact = event, False
            return
        if self._balance is None:
            return
        self._balance += event.amount.minor
        if self._missed is None or self._fee is None:
            return
        if self._arrears:
            if self._balance >= 0:
                self._missed = None
        elif self._balance >= self._fee.minor:
            self._balance -= self._fee.minor
            self._missed = None
            if self._clock.stacking.value is Stacking.RESET:
                self._anchor(event.at)

    def _result(self) -> Standing:
        out = Standing(steps=self._steps)
        balance, fee = self._balance, self._fee
        if self._next is None:
            ask = Question.FEE_DAY if self._arrears else Question.VALID_UNTIL
            out.unknown = Unknown(Missing.NO_FEE_DAY if self._arrears else Missing.NO_START, ask)
        elif self._missed is not None:
            out.due = self._missed
            if self._arrears and balance is not None and fee is not None:
                out.owed = Money(max(Decimal(0), -balance), fee.currency)
            if self._gone is not None:
                out.unknown = Unknown(Missing.MAYBE_GONE, Question.STILL_WORKS, self._gone)
            elif self._vague is not None:
                out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, self._vague)
        elif fee is None:
            out.due = (self._unsure or self._next) if balance is not None and self._exact and balance >= 0 else None
            out.unknown = Unknown(Missing.NO_FEE, Question.FEE)
        elif balance is None:
            out.unknown = Unknown(Missing.NO_BALANCE, Question.BALANCE)
        else:
            covered = max(0, min(int(balance // fee.minor), self._most_turns() - self._turn))
            due = self._instant(self._turn + covered)
            out.due = self._unsure or due
            out.covered = covered
            if self._vague is not None:
                out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, self._vague)
            elif not self._exact:
                out.unknown = Unknown(Missing.NO_BALANCE, Question.BALANCE)
            out.steps = [*self._steps, Step(StepCode.FEE_DUE, self._next, self._next, self._clock.span.value, due)]
        return out
