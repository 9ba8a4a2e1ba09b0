"""When the steps of a topic fall, which slot holds now, and when a person may be spoken to.

Everything is worked out from ``now`` alone: a run that was missed needs no memory to be caught up, and a clock that jumps finds the slots
that were sent before under the same names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from services.model.reminder import CardHabits, Decision, Habits, Matter, Quiet, Slot, Topic
from services.rules.reminders.ladders import is_dated, shipped_ladders, usual_days

_DAY = timedelta(days=1)
JUST_SENT = timedelta(hours=20)
"""A later slot that was sent less than this from now, before or after it, stands for an earlier one: a clock set back by some hours says
nothing a second time. One that was sent in a far future was sent by a clock that was wrong by days, and stands for itself alone."""


@dataclass(frozen=True, slots=True)
class Due:
    """``slot`` holds from the instant ``since`` on, until ``next_at``: the next repeat, or the next step."""

    slot: Slot
    since: datetime
    next_at: datetime


def steps_of(topic: Topic, habits: Habits, card: CardHabits | None = None) -> tuple[int, ...]:
    """The steps in force in the order in which they come, each as days after the last safe day or after the beginning.

    The card's own ladder wins over the person's, that over the operator's rule, that over the shipped one; the former two hold as said.
    """
    if card is not None and card.silent:
        return ()
    own = _chosen(topic.matter, habits.ladders, card.ladders if card is not None else {})
    days = own if own is not None else topic.leads if topic.leads is not None else usual_days(topic.matter)
    if own is None and topic.length_days is not None:
        days = tuple(day for day in days if day <= topic.length_days / 2)
    return tuple(-day for day in days) if is_dated(topic.matter) else days


def _chosen(matter: Matter, person: Mapping[Matter, tuple[int, ...]], card: Mapping[Matter, tuple[int, ...]]) -> tuple[int, ...] | None:
    return card.get(matter, person.get(matter))


def falls(topic: Topic, step: int, began: datetime, at: time, zone: tzinfo) -> datetime:
    """When ``step`` falls due, in UTC: at the hour ``at`` of its day, or so many days after the episode ``began``."""
    if topic.last_day is None:
        return _later(began.astimezone(UTC), step * _DAY)
    try:
        return wall(topic.last_day + step * _DAY, at, zone)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def wall(day: date, at: time, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which clocks on a wall in ``zone`` show ``at`` on ``day``. An hour that is left out in spring counts as the
    one after it; of an hour that comes twice in autumn the first counts."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def due_slot(topic: Topic, steps: Iterable[int], began: datetime, decision: Decision, at: time, zone: tzinfo, now: datetime) -> Due | None:
    """The slot that holds ``now``; None before the first step. ``began``: of the episode. Acknowledging does not move slots; see
    ``is_silenced``."""
    falling = [(step, falls(topic, step, began, at, zone)) for step in steps]
    passed = [(step, moment) for step, moment in falling if moment <= now]
    if not passed:
        return None
    step, moment = passed[-1]
    after = min((moment for _, moment in falling if moment > now), default=_far())
    base, snooze = moment, 0
    if decision.snoozed_until is not None and moment < decision.snoozed_until <= now:
        base, snooze = decision.snoozed_until, int(decision.snoozed_until.timestamp())
    every = shipped_ladders().every(topic.matter, step)
    count = max(0, (now - base) // (every * _DAY))
    # Days of the wall clock are not all as long: the count of 24 hours is off by at most one on the day of a change.
    while count and repeated(base, count * every, zone) > now:
        count -= 1
    while repeated(base, (count + 1) * every, zone) <= now:
        count += 1
    return Due(Slot(step, snooze, count), repeated(base, count * every, zone), min(after, repeated(base, (count + 1) * every, zone)))


def repeated(base: datetime, days: int, zone: tzinfo) -> datetime:
    """``days`` after ``base`` at the same hour of the wall clock of ``zone``, in UTC."""
    local = base.astimezone(zone)
    try:
        return wall(local.date() + days * _DAY, local.time(), zone)
    except OverflowError:
        return _far()


def first_falls(topic: Topic, steps: Iterable[int], began: datetime, at: time, zone: tzinfo) -> datetime | None:
    """When the first step falls; None when there is none."""
    return min((falls(topic, step, began, at, zone) for step in steps), default=None)


def is_silenced(slot: Slot, decision: Decision, now: datetime) -> bool:
    """Whether the person has said that this need not be sent: acknowledged at this step or a later one, or snoozed."""
    if decision.acknowledged is not None and slot.step <= decision.acknowledged:
        return True
    return decision.snoozed_until is not None and now < decision.snoozed_until


def is_overtaken(slot: Slot, sent: Iterable[tuple[Slot, datetime]], now: datetime) -> bool:
    """Whether a later one of the episode stands for ``slot``. ``sent``: slots that were sent and when, by the clock of that time."""
    return any(done > slot and abs(when - now) < JUST_SENT for done, when in sent)


def is_quiet(quiet: Quiet | None, moment: datetime, zone: tzinfo) -> bool:
    """Whether ``moment`` lies in the quiet hours, by the wall clock of ``zone``."""
    if quiet is None or quiet.start == quiet.end:
        return False
    shown = moment.astimezone(zone).time()
    if quiet.start < quiet.end:
        return quiet.start <= shown < quiet.end
    return shown >= quiet.start or shown < quiet.end


def after_quiet(quiet: Quiet | None, moment: datetime, zone: tzinfo) -> datetime:
    """``moment`` itself, or the end of the quiet hours it lies in, in UTC."""
    if quiet is None or not is_quiet(quiet, moment, zone):
        return moment.astimezone(UTC)
    local = moment.astimezone(zone)
    day = local.date() if local.time() < quiet.end else local.date() + _DAY
    return max(wall(day, quiet.end, zone), moment.astimezone(UTC))


def most_urgent_first(items: Iterable[tuple[Topic, Slot]]) -> list[tuple[Topic, Slot]]:
    """What ends soonest first; then what has no date."""
    return sorted(items, key=lambda item: (item[0].last_day is None, item[0].last_day or date.max, item[0].name, item[0].key))


def _later(moment: datetime, length: timedelta) -> datetime:
    try:
        return moment + length
    except OverflowError:
        return _far()


def _far() -> datetime:
    return datetime.max.replace(tzinfo=UTC)
