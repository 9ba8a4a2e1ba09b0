"""Where a clock stands after the events of a card, and what every family of clocks asks of an event."""

from dataclasses import dataclass
from datetime import datetime

from services.model.clock import Activity, Anchor, CardEvent, PlanSegment, Question, Span, StepCode, Unknown
from services.model.money import Money
from services.rules.clocks.bare import BareClock, BareStage
from services.rules.clocks.counting import end_of_printed, extend

START_QUESTION = {
    Anchor.ACTIVATION: Question.WHEN_ACTIVATED,
    Anchor.LAST_EVENT: Question.WHEN_LAST_USED,
    Anchor.FIRST_CONNECTION: Question.WHEN_CONNECTED,
    Anchor.INSTALL: Question.WHEN_INSTALLED,
    Anchor.PURCHASE: Question.WHEN_PURCHASED,
    Anchor.PLAN_END: Question.WHEN_PURCHASED,
    None: Question.WHEN_ACTIVATED,
}


Line = tuple[StepCode, datetime, datetime, Span | None, datetime]
"""What a ``Step`` says, in its order. A replay writes many that nobody reads; the steps are made of those that someone does."""


@dataclass(slots=True)
class Standing:
    """``due``: exact when ``unknown`` is None, else the bound before which nothing ends (None: no bound either).

    ``settled``: ended for good. ``waiting``: bought and not begun. ``segments``: the plans of a bundle clock, in order.
    ``doubtful``: the newest event of which nobody says whether it counts. ``owed``: what is missing to be out of arrears.
    ``covered``: how many of the coming fees the balance pays.
    """

    due: datetime | None = None
    unknown: Unknown | None = None
    lines: tuple[Line, ...] = ()
    settled: bool = False
    waiting: bool = False
    segments: tuple[PlanSegment, ...] = ()
    doubtful: CardEvent | None = None
    owed: Money | None = None
    covered: int | None = None


def read_date(clock: BareClock, shown: bool, event: CardEvent) -> datetime | None:
    """The instant that a reading gives for this clock."""
    if event.valid_until is None or not (event.clock == clock.id or (event.clock is None and shown)):
        return None
    return end_of_printed(event.valid_until, is_last=clock.shows_last_day, zone=clock.counting.zone)


def stage_at(clock: BareClock, due: datetime, instant: datetime) -> BareStage | None:
    """The step of the ladder that holds at ``instant``; None before ``due`` or when there is no ladder."""
    found: BareStage | None = None
    begins = due
    for stage in clock.ladder:
        if stage.after is None:
            break
        begins = extend(begins, stage.after, clock.counting)
        if begins > instant:
            break
        found = stage
    return found


def can_save(clock: BareClock, due: datetime, event: CardEvent, activity: Activity | None) -> bool:
    """Whether ``activity`` after ``due`` still moves the clock. Where nobody says, what the person recorded is believed."""
    stage = stage_at(clock, due, event.at)
    return stage is None or stage.rescue is None or activity in stage.rescue
