"""Where a clock stands after the events of a card, and what every family of clocks asks of an event."""

from dataclasses import dataclass, field
from datetime import datetime

from services.model.clock import Activity, Anchor, CardEvent, EventKind, PlanSegment, Question, Step, Unknown
from services.model.money import Money
from services.rules.clocks.counting import end_of_printed, extend
from services.rules.clocks.schema import ClockRule, ShownDate, StageRule

CONNECTIONS = frozenset({EventKind.FIRST_CONNECTION, EventKind.ROAMED})
_ACTIVITY_OF = {
    EventKind.TOPPED_UP: Activity.TOP_UP,
    EventKind.BUNDLE_BOUGHT: Activity.BUNDLE,
    EventKind.RENEWED: Activity.BUNDLE,
    EventKind.INSTALLED: Activity.INSTALL,
    EventKind.FIRST_CONNECTION: Activity.CONNECT,
    EventKind.ROAMED: Activity.SWITCHED_ON,
}
START_EVENTS = {
    Anchor.ACTIVATION: frozenset({EventKind.ACTIVATED}),
    Anchor.LAST_EVENT: frozenset({EventKind.ACTIVATED}),
    Anchor.FIRST_CONNECTION: CONNECTIONS,
    Anchor.INSTALL: frozenset({EventKind.INSTALLED}),
    Anchor.PURCHASE: frozenset({EventKind.PURCHASED}),
    Anchor.PLAN_END: frozenset({EventKind.PURCHASED}),
    None: frozenset({EventKind.PURCHASED, EventKind.INSTALLED, EventKind.ACTIVATED, EventKind.FIRST_CONNECTION}),
}
START_QUESTION = {
    Anchor.ACTIVATION: Question.WHEN_ACTIVATED,
    Anchor.LAST_EVENT: Question.WHEN_LAST_USED,
    Anchor.FIRST_CONNECTION: Question.WHEN_CONNECTED,
    Anchor.INSTALL: Question.WHEN_INSTALLED,
    Anchor.PURCHASE: Question.WHEN_PURCHASED,
    Anchor.PLAN_END: Question.WHEN_PURCHASED,
    None: Question.WHEN_ACTIVATED,
}

# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_ACTIVITY_CONNECT = Activity.CONNECT
_DATA = Activity.DATA
_EVENTKIND_USED = EventKind.USED


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
    return event.activity if event.kind is _EVENTKIND_USED else _ACTIVITY_OF.get(event.kind)


def is_connection(event: CardEvent) -> bool:
    """Whether the card was on a network for data at this event."""
    return event.kind in CONNECTIONS or event.activity is _DATA or event.activity is _ACTIVITY_CONNECT


def read_date(clock: ClockRule, shown: bool, event: CardEvent) -> datetime | None:
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


def can_save(clock: ClockRule, due: datetime, event: CardEvent, activity: Activity) -> bool:
    """Whether ``activity`` after ``due`` still moves the clock. Where nobody says, what the person recorded is believed."""
    stage = stage_at(clock, due, event.at)
    return stage is None or stage.rescue.value is None or activity in stage.rescue.value
