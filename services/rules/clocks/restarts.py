"""Clocks with one end that counted events move, and the two that wait for a card to be started or used."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.model.clock import (
    Activity,
    Anchor,
    CardEvent,
    ClockKind,
    EventKind,
    Missing,
    Question,
    Span,
    SpanUnit,
    Stacking,
    Step,
    StepCode,
    Unknown,
)
from services.model.tri import Tri
from services.rules.clocks.counting import end_of, extend
from services.rules.clocks.schema import ClockRule
from services.rules.clocks.standing import START_EVENTS, START_QUESTION, Standing, activity_of, can_save, is_connection, read_date

_TWO_DAYS = timedelta(days=2)
_SHORTEST = {SpanUnit.HOUR: timedelta(hours=1), SpanUnit.DAY: timedelta(days=1), SpanUnit.MONTH: timedelta(days=28)}
_ENDS_ACTIVATE_BY = (EventKind.ACTIVATED, EventKind.FIRST_CONNECTION)

# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_FIRST_CONNECTION = EventKind.FIRST_CONNECTION
_READING = EventKind.READING
_SEEN_WORKING = EventKind.SEEN_WORKING
_TOPPED_UP = EventKind.TOPPED_UP
_USED = EventKind.USED
_KEEP_LATER = Stacking.KEEP_LATER
_RESET = Stacking.RESET
_STACK = Stacking.STACK
_UNKNOWN = Tri.UNKNOWN
_YES = Tri.YES


class Restarts:
    """Clocks with one end that counted events move: validity, inactivity, top-up-only, and plans that do not queue."""

    def __init__(self, clock: ClockRule, shown: bool) -> None:
        self._clock = clock
        self._shown = shown
        self._out = Standing()
        self._pending: tuple[CardEvent, Span] | None = None  # counted, and not worked out: the next event will most likely undo it
        length = clock.span.value
        only_the_last = clock.stacking.value in (_RESET, None) and length is not None and clock.tiers.value is None
        self._sure = _SHORTEST[length.unit] * length.amount - _TWO_DAYS if only_the_last and length is not None else None

    def replay(self, events: Iterable[CardEvent]) -> Standing:
        clock, out = self._clock, self._out
        starts = START_EVENTS[clock.start.value]
        initial = clock.initial.value or clock.span.value
        started = False
        for event in events:
            kind = event.kind
            if kind is _READING:
                read = read_date(clock, self._shown, event)
                if read is not None:
                    self._pending = None
                    out.due, out.unknown, out.doubtful = read, None, None
                    out.steps = [Step(StepCode.READ, event.at, read, None, read)]
                continue
            if kind is _SEEN_WORKING:
                self._believe()
                continue
            if kind in starts and not started and (length := self._own_length(event) or initial) is not None:
                started = True
                self._settle()
                end = end_of(event.at, length, clock.counting)
                if out.due is None or end > out.due:
                    out.due, out.unknown = end, None
                    out.steps = [Step(StepCode.STARTED, event.at, event.at, length, end)]
                continue
            activity = activity_of(event)
            if activity is None:
                continue
            counts = clock.counts(activity)
            if counts is _YES:
                self._counted(event, activity)
            elif counts is _UNKNOWN and kind is _USED:
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
            self._give(unknown.about, activity_of(unknown.about))

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
        return Unknown(Missing.NO_START, START_QUESTION[clock.start.value])

    def _settle(self) -> None:
        """Work out the counted event that was put off."""
        if self._pending is not None:
            (event, span), self._pending = self._pending, None
            self._apply(event, span)

    def _counted(self, event: CardEvent, activity: Activity) -> None:
        clock, out = self._clock, self._out
        if self._pending is not None:
            if self._sure is not None and event.at - self._pending[0].at < self._sure and event.span is None:
                self._pending = (event, self._pending[1])  # long before the end that is being reset: only the newer one matters
                return
            self._settle()
        if out.due is not None and event.at >= out.due and out.unknown is None and not can_save(clock, out.due, event, activity):
            out.unknown = Unknown(Missing.MAYBE_GONE, Question.STILL_WORKS, event)
            return
        if out.unknown is not None and out.unknown.because is Missing.MAYBE_GONE:
            return
        self._give(event, activity)

    def _give(self, event: CardEvent, activity: Activity | None) -> None:
        """Move the end by what the event brings."""
        spans = self._spans(event, activity)
        if not spans:
            return
        first = spans[0]
        if len(spans) == 1 and first is not None:
            if self._sure is not None and event.span is None:
                self._pending = (event, first)
            else:
                self._apply(event, first)
        else:
            self._between(event, spans)

    def _own_length(self, event: CardEvent) -> Span | None:
        """The length that the event itself says; that of a plan says nothing of a clock that is not a plan's."""
        return event.span if self._clock.kind is ClockKind.BUNDLE or event.kind is _TOPPED_UP else None

    def _spans(self, event: CardEvent, activity: Activity | None) -> list[Span | None]:
        """What the event can have given: one span, or every possibility (None among them: nothing) when its amount is not known."""
        clock = self._clock
        if (length := self._own_length(event)) is not None:
            return [length]
        tiers = clock.tiers.value
        if tiers is None:
            return [clock.span.value]
        if (
            activity is None
            or activity is not Activity.TOP_UP
            or event.amount is None
            or event.amount.currency != tiers[0].at_least.currency
        ):
            return [None, *(tier.span for tier in tiers)]
        reached = clock.gives(activity, event.amount)
        return [] if reached is None else [reached]

    def _apply(self, event: CardEvent, span: Span) -> None:
        clock, out = self._clock, self._out
        if out.unknown is not None and clock.stacking.value in (_RESET, None):
            out.unknown = None
        if out.due is None:
            out.due = end_of(event.at, span, clock.counting)
            out.steps = [Step(StepCode.STARTED, event.at, event.at, span, out.due)]
            if clock.stacking.value in (_KEEP_LATER, _STACK) and clock.kind is not ClockKind.BUNDLE:
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
            is_plan = clock.kind is ClockKind.BUNDLE
            if clock.stacking.value is _RESET or (before is None and is_plan):
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
        return _moved(self._clock, self._out.due, event, span).due


def _moved(clock: ClockRule, due: datetime, event: CardEvent, span: Span) -> Step:
    """What a counted event does to a clock that ends at ``due``."""
    stacking = clock.stacking.value
    if stacking is not _STACK or due <= event.at:
        fresh = end_of(event.at, span, clock.counting)
        if stacking is _KEEP_LATER and due > fresh:
            return Step(StepCode.KEPT, event.at, event.at, span, due)
        return Step(StepCode.RESET, event.at, event.at, span, fresh)
    longer = extend(due, span, clock.counting)
    if clock.cap.value is not None:
        limit = end_of(event.at, clock.cap.value, clock.counting)
        if limit < longer:
            return Step(StepCode.CAPPED, event.at, event.at, clock.cap.value, max(limit, due))
    return Step(StepCode.STACKED, event.at, due, span, longer)


def activate_by(clock: ClockRule, shown: bool, events: Iterable[CardEvent]) -> Standing:
    """Counted from the purchase that is not started yet; the event that starts it ends the clock until the next purchase."""
    starts = START_EVENTS[clock.start.value or Anchor.PURCHASE]
    ended_by = clock.ended_by.value or _ENDS_ACTIVATE_BY
    out = Standing(unknown=Unknown(Missing.NO_START, START_QUESTION[clock.start.value or Anchor.PURCHASE]))
    for event in events:
        if event.kind in ended_by or (_FIRST_CONNECTION in ended_by and is_connection(event)):
            out = Standing(settled=True, steps=out.steps)
        elif event.kind in starts and (out.due is None or out.settled):
            span = clock.span.value
            if span is None:
                out = Standing(due=event.at, unknown=Unknown(Missing.NO_LENGTH, Question.VALID_UNTIL, event))
            else:
                end = end_of(event.at, span, clock.counting)
                out = Standing(due=end, steps=[Step(StepCode.STARTED, event.at, event.at, span, end)])
        elif event.kind is _READING and not out.settled and (read := read_date(clock, shown, event)) is not None:
            out = Standing(due=read, steps=[Step(StepCode.READ, event.at, read, None, read)])
    return out


def recycling(clock: ClockRule, shown: bool, events: Iterable[CardEvent], plans: Standing | None) -> Standing:
    """Counted from the purchase, from each event that counts, and from the end of the last plan: the latest of them holds."""
    out = Restarts(clock, shown).replay(events)
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
