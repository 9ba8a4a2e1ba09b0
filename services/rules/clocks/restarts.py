"""Clocks with one end that counted events move, and the two that wait for a card to be started or used."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.model.clock import (
    Activity,
    Anchor,
    CardEvent,
    ClockKind,
    EventKind,
    Missing,
    Question,
    Span,
    Stacking,
    StepCode,
    Unknown,
)
from services.rules.clocks.bare import ACTIVITY_OF, BareClock, Happening
from services.rules.clocks.counting import end_of, extend
from services.rules.clocks.standing import START_QUESTION, Line, Standing, can_save, read_date

# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_READING = EventKind.READING
_SEEN_WORKING = EventKind.SEEN_WORKING
_TOPPED_UP = EventKind.TOPPED_UP
_USED = EventKind.USED
_KEEP_LATER = Stacking.KEEP_LATER
_STACK = Stacking.STACK
_CAPPED = StepCode.CAPPED
_READ = StepCode.READ
_RESET = StepCode.RESET
_STACKED = StepCode.STACKED
_STARTED = StepCode.STARTED
_TOP_UP = Activity.TOP_UP


class Restarts:
    """Clocks with one end that counted events move: validity, inactivity, top-up-only, and plans that do not queue."""

    __slots__ = ("_clock", "_had_end", "_out", "_pending", "_pending_start", "_shown")

    def __init__(self, clock: BareClock, shown: bool) -> None:
        self._clock = clock
        self._shown = shown
        self._out = Standing()
        self._pending: CardEvent | None = None  # starts or restarts the clock, and is not worked out: the next will most likely undo it
        self._pending_start = False  # it is the start that is put off
        self._had_end = False  # what is put off comes after a start that was put off and is undone

    def replay(self, events: Iterable[Happening]) -> Standing:
        clock, out = self._clock, self._out
        acting, counted, starts = clock.acting, clock.counted, clock.starts
        initial = clock.initial or clock.span
        started = False
        for what, event in events:
            if what not in acting:
                continue
            if what is _READING:
                read = read_date(clock, self._shown, event)
                if read is not None:
                    self._pending = None
                    out.due, out.unknown, out.doubtful = read, None, None
                    out.lines = ((_READ, event.at, read, None, read),)
            elif what is _SEEN_WORKING:
                self._believe()
            elif what in starts and not started and (length := self._own_length(event) or initial) is not None:
                started = True
                self._settle()
                if out.due is None and out.unknown is None and length is clock.span and clock.surely_within is not None:
                    self._pending, self._pending_start = event, True
                    continue
                end = end_of(event.at, length, clock.counting)
                if out.due is None or end > out.due:
                    out.due, out.unknown = end, None
                    out.lines = ((_STARTED, event.at, event.at, length, end),)
            elif what in counted:
                self._counted(event)
            elif event.kind is _USED:
                if self._pending is not None and not self._pending_start and out.due is None:
                    self._settle()
                out.doubtful = event
        self._settle()
        if out.due is None and out.unknown is None:
            out.unknown = self._nothing()
        return out

    def _believe(self) -> None:
        """The card works: what could not have saved it did."""
        unknown = self._out.unknown
        if unknown is not None and unknown.because is Missing.MAYBE_GONE and unknown.about is not None:
            self._out.unknown = None
            self._give(unknown.about)

    def _nothing(self) -> Unknown:
        clock = self._clock
        if clock.span is None and clock.initial is None and clock.tiers is None:
            return Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL)
        if clock.tiers is not None and clock.initial is None:
            return Unknown(Missing.NO_START, Question.VALID_UNTIL)
        if clock.kind is ClockKind.TOP_UP_ONLY:
            return Unknown(Missing.NO_START, Question.WHEN_TOPPED_UP)
        if clock.kind is ClockKind.INACTIVITY:
            return Unknown(Missing.NO_START, Question.WHEN_LAST_USED)
        return Unknown(Missing.NO_START, START_QUESTION[clock.start])

    def _settle(self) -> None:
        """Work out the counted event that was put off."""
        event = self._pending
        if event is not None:
            self._pending = None
            clock, out = self._clock, self._out
            assert clock.span is not None  # else nothing is put off
            if self._pending_start or out.due is None:
                out.due, out.unknown = end_of(event.at, clock.span, clock.counting), None
                out.lines = ((_RESET if self._had_end else _STARTED, event.at, event.at, clock.span, out.due),)
                self._pending_start = self._had_end = False
            else:
                self._apply(event, clock.span)

    def _counted(self, event: CardEvent) -> None:
        clock, out = self._clock, self._out
        if self._pending is not None:
            within = clock.surely_within
            if within is not None and event.at - self._pending.at < within and event.span is None:
                self._pending = event  # long before the end that is being reset: only the newer one matters
                self._had_end = self._had_end or self._pending_start
                self._pending_start = False
                out.doubtful = None
                return
            self._settle()
        if out.unknown is not None and out.unknown.because is Missing.MAYBE_GONE:
            return
        if out.due is not None and event.at >= out.due and out.unknown is None and not can_save(clock, out.due, event, _done(event)):
            out.unknown = Unknown(Missing.MAYBE_GONE, Question.STILL_WORKS, event)
            return
        self._give(event)

    def _give(self, event: CardEvent) -> None:
        """Move the end by what the event brings."""
        spans = self._spans(event)
        if not spans:
            return
        first = spans[0]
        if len(spans) == 1 and first is not None:
            if self._clock.surely_within is not None and event.span is None:
                self._pending = event
            else:
                self._apply(event, first)
            self._out.doubtful = None
        else:
            self._between(event, spans)

    def _own_length(self, event: CardEvent) -> Span | None:
        """The length that the event itself says; that of a plan says nothing of a clock that is not a plan's."""
        return event.span if self._clock.is_plan or event.kind is _TOPPED_UP else None

    def _spans(self, event: CardEvent) -> Sequence[Span | None]:
        """What the event can have given: one span, or every possibility (None among them: nothing) when its amount is not known."""
        clock = self._clock
        if event.span is not None and (length := self._own_length(event)) is not None:
            return (length,)
        tiers = clock.tiers
        if tiers is None:
            return clock.usual
        activity = _done(event)
        if activity is not _TOP_UP or event.amount is None or event.amount.currency != tiers[0].currency:
            return (None, *(tier.span for tier in tiers))
        reached = clock.gives(activity, event.amount)
        return () if reached is None else (reached,)

    def _apply(self, event: CardEvent, span: Span) -> None:
        clock, out = self._clock, self._out
        if out.unknown is not None and clock.is_reset:
            out.unknown = None
        if out.due is None:
            out.due = end_of(event.at, span, clock.counting)
            out.lines = ((_STARTED, event.at, event.at, span, out.due),)
            if clock.adds_up and not clock.is_plan:
                out.unknown = out.unknown or Unknown(Missing.NO_START, Question.VALID_UNTIL, event)  # an older, later end may exist
        else:
            line = _moved(clock, out.due, event, span)
            out.due = line[-1]
            out.lines = (*out.lines, line) if line[0] is not _RESET else (line,)

    def _between(self, event: CardEvent, spans: Sequence[Span | None]) -> None:
        clock, out = self._clock, self._out
        before = out.due
        if spans == (None,):
            is_plan = clock.is_plan
            if clock.stacking is Stacking.RESET or (before is None and is_plan):
                out.due = event.at  # even a shorter time than was left is possible
            missing = (Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH) if is_plan else (Missing.NO_LENGTH, Question.VALID_UNTIL)
            out.unknown = Unknown(*missing, event)
            return
        ends = [before if span is None else self._tried(event, span) for span in spans]
        known = [end for end in ends if end is not None]
        if len(known) == len(ends) and len(set(known)) == 1:
            return
        out.due = min(known) if len(known) == len(ends) else None
        if event.kind is _TOPPED_UP:
            out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, event)
        else:
            out.unknown = Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL, event)

    def _tried(self, event: CardEvent, span: Span) -> datetime:
        if self._out.due is None:
            return end_of(event.at, span, self._clock.counting)
        return _moved(self._clock, self._out.due, event, span)[-1]


def _moved(clock: BareClock, due: datetime, event: CardEvent, span: Span) -> Line:
    """What a counted event does to a clock that ends at ``due``."""
    stacking = clock.stacking
    if stacking is not _STACK or due <= event.at:
        fresh = end_of(event.at, span, clock.counting)
        if stacking is _KEEP_LATER and due > fresh:
            return (StepCode.KEPT, event.at, event.at, span, due)
        return (_RESET, event.at, event.at, span, fresh)
    longer = extend(due, span, clock.counting)
    if clock.cap is not None:
        assert clock.surely_below_cap is not None
        if longer - event.at > clock.surely_below_cap:  # seldom, and only then the cap need be counted
            limit = end_of(event.at, clock.cap, clock.counting)
            if limit < longer:
                return (_CAPPED, event.at, event.at, clock.cap, max(limit, due))
    return (_STACKED, event.at, due, span, longer)


def _done(event: CardEvent) -> Activity | None:
    """What a clock sees in an event; None when it is nothing anyone does with a card."""
    return event.activity if event.kind is _USED else ACTIVITY_OF.get(event.kind)


def activate_by(clock: BareClock, shown: bool, events: Iterable[Happening]) -> Standing:
    """Counted from the purchase that is not started yet; the event that starts it ends the clock until the next purchase."""
    acting, starts, ends = clock.acting, clock.starts, clock.ends
    out: Standing | None = None
    for what, event in events:
        if what not in acting:
            continue
        if what in ends:
            out = Standing(settled=True, lines=out.lines if out is not None else ())
        elif what in starts and (out is None or out.due is None or out.settled):
            span = clock.span
            if span is None:
                out = Standing(due=event.at, unknown=Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL, event))
            else:
                end = end_of(event.at, span, clock.counting)
                out = Standing(due=end, lines=((_STARTED, event.at, event.at, span, end),))
        elif what is _READING and not (out is not None and out.settled) and (read := read_date(clock, shown, event)) is not None:
            out = Standing(due=read, lines=((_READ, event.at, read, None, read),))
    return out or Standing(unknown=Unknown(Missing.NO_START, START_QUESTION[clock.start or Anchor.PURCHASE]))


def recycling(clock: BareClock, shown: bool, events: Iterable[Happening], plans: Standing | None) -> Standing:
    """Counted from the purchase, from each event that counts, and from the end of the last plan: the latest of them holds."""
    out = Restarts(clock, shown).replay(events)
    span = clock.span
    if clock.start is not Anchor.PLAN_END or plans is None or span is None or (out.lines and out.lines[-1][0] is _READ):
        return out
    if plans.segments:
        if plans.unknown is not None:
            out.unknown = out.unknown or plans.unknown
            return out
        plan_end = plans.segments[-1].end
        end = extend(plan_end, span, clock.counting)
        if out.due is None or end > out.due:
            out.due, out.unknown, out.lines = end, None, ((_STARTED, plan_end, plan_end, span, end),)
    return out
