"""The clocks of one card, from its rule and its events: what ends when, what still works then, and what acting today would waste.

One call does it: ``clock_states``. It reads no clock and no file; ``now`` and the zone of the person come in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from operator import attrgetter

from services.model.clock import (
    Activity,
    CardEvent,
    ClockKind,
    ClockStatus,
    Confidence,
    Early,
    Missing,
    Offer,
    PlanSegment,
    Stacking,
    Stage,
    Step,
    StepCode,
    Unknown,
)
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.bare import BareClock, happenings
from services.rules.clocks.counting import end_of, extend, last_whole_day
from services.rules.clocks.overrides import Override, applied
from services.rules.clocks.replay import replay
from services.rules.clocks.schema import ClockRule, OperatorRule
from services.rules.clocks.standing import Standing

_DAY = timedelta(days=1)
_NO_LOSS = frozenset({Stacking.OLD_END, Stacking.OLD_END_OR_SPENT})
_NO_PLAN = frozenset({ClockKind.WALLET_FEE, ClockKind.ARREARS})
_ENDS_WHOLLY = frozenset({ClockKind.BUNDLE, ClockKind.ACTIVATE_BY})
_when = attrgetter("at")
# Bound once: looking a member up on its enum is slow, and this is asked for every clock of every card.
_ACTIVATE_BY = ClockKind.ACTIVATE_BY
_NOT_STARTED = ClockStatus.NOT_STARTED
_PAST = ClockStatus.PAST
_RUNNING = ClockStatus.RUNNING
_SETTLED = ClockStatus.SETTLED
_DATED = frozenset({_RUNNING, _PAST})
_UNKNOWN = ClockStatus.UNKNOWN
_MAYBE_GONE = Missing.MAYBE_GONE
_STACK = Stacking.STACK


@dataclass(frozen=True)
class ClockState:
    """One clock of a card at one instant. Instants are aware, in UTC; days are dates in the person's zone.

    ``due``: the first instant at which the thing is over; None unless known. ``not_before``: nothing ends before this instant (``due`` when
    that is known, else a cautious bound, or None when there is none). ``unknown``: why ``due`` is not known, and the one question to ask.
    ``latest_safe_day``: the last day on which acting at any hour is in time, by ``due`` or else by the bound.
    ``steps``: the arithmetic, oldest first. ``segments``: plans of a bundle clock.
    ``doubtful``: the newest event of which nobody says whether it counts; it moved nothing.
    ``owed``: arrears to pay. ``fees_covered``: coming fees that the balance pays. ``offers``: what serves the clock, cheapest first.
    ``rule``: names, notes, activities and facts with their sources, and reminder leads. ``now``, ``zone``: what was asked for.
    """

    rule: ClockRule
    standing: Standing
    status: ClockStatus
    is_over: bool
    offers: tuple[Offer, ...]
    now: datetime
    zone: tzinfo

    @property
    def due(self) -> datetime | None:
        return self.standing.due if self.status in _DATED else None

    @property
    def is_overdue(self) -> bool:
        """Past its date, with something left to save."""
        return self.status is _PAST and not self.is_over

    @property
    def not_before(self) -> datetime | None:
        return self.standing.due

    @property
    def unknown(self) -> Unknown | None:
        return self.standing.unknown

    @cached_property
    def latest_safe_day(self) -> date | None:
        bound, settling = self.standing.due, self.rule.bare.settling
        if bound is None:
            return None
        return last_whole_day(bound - settling if settling is not None else bound, self.zone)

    @cached_property
    def days_left(self) -> int | None:
        """Whole days in which acting is still in time, today not counted; negative once the date has passed; None when nothing is known."""
        if self.latest_safe_day is None:
            return None
        return (self.latest_safe_day - self.now.astimezone(self.zone).date()).days

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return tuple(Step(*line) for line in self.standing.lines)

    @property
    def segments(self) -> tuple[PlanSegment, ...]:
        return self.standing.segments

    @property
    def doubtful(self) -> CardEvent | None:
        return self.standing.doubtful

    @property
    def owed(self) -> Money | None:
        return self.standing.owed

    @property
    def fees_covered(self) -> int | None:
        return self.standing.covered

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The ladder with its dates; empty while the due instant is not known."""
        return _ladder(self.rule, self.due) if self.due is not None else ()

    @property
    def stage(self) -> Stage | None:
        """The step of the ladder that holds now; None before the due instant."""
        return next((stage for stage in reversed(self.stages) if stage.begins is not None and stage.begins <= self.now), None)

    @property
    def rescue_until(self) -> datetime | None:
        """Up to when something is known to save it; None when nothing is known to end the rescue, or no date is known."""
        return next((stage.begins for stage in self.stages if not stage.rescue), None)

    @cached_property
    def early(self) -> Early | None:
        """When it makes sense to act; None when the clock cannot be served by acting early, or has no date."""
        if self.due is None or self.latest_safe_day is None:
            return None
        return _early(self.rule, self.due, self.latest_safe_day, self.now, self.now.astimezone(self.zone).date())

    @property
    def is_read(self) -> bool:
        """Whether the date rests on the operator's own word."""
        return bool(self.steps) and self.steps[0].code is StepCode.READ

    @property
    def confidence(self) -> Confidence:
        """The weakest fact under the date. A date that the operator itself showed, and that nothing moved since, is sure."""
        return Confidence.HIGH if self.is_read and len(self.steps) == 1 else self.rule.confidence

    @property
    def assumed(self) -> tuple[str, ...]:
        """Facts of counting that nobody states and that were taken the cautious way."""
        return self.rule.assumed

    @property
    def overridden(self) -> tuple[str, ...]:
        """Facts that carry the person's own figure."""
        return self.rule.overridden

    def activities(self, counts: Tri) -> tuple[Activity, ...]:
        """What restarts the clock (yes), what does not (no), and what nobody is sure of (unknown)."""
        return tuple(activity for activity in Activity if self.rule.is_about(activity) and self.rule.counts(activity) is counts)

    @property
    def next_end(self) -> datetime | None:
        """The next instant at which more is lost: the due instant, then the next step of the ladder. None: nothing, or unknown."""
        if self.status is not _PAST:
            return self.not_before
        if self.stage is None or self.stage.ends is None:
            return None
        return self.stage.ends


def clock_states(
    rule: OperatorRule,
    events: Iterable[CardEvent],
    now: datetime,
    zone: tzinfo,
    overrides: Iterable[Override] = (),
) -> tuple[ClockState, ...]:
    """Every clock of a card, the most pressing first: what is over its date and can be saved, then by the date that comes first.

    ``events`` in any order; those after ``now`` are left out. ``zone``: the person's. ``overrides``: of this card and of its operator.
    Raises ValueError when ``now`` has no zone, and ``OverrideError`` when an override does not fit the rule.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    overrides = tuple(overrides)
    if overrides:
        rule = applied(rule, overrides)
    now = now.astimezone(UTC)
    past = [event for event in events if event.at <= now]
    past.sort(key=_when)
    happened = happenings(past)
    plan = rule.plan_clock
    plans = replay(plan, plan.id == rule.shown_clock, happened, now, None) if plan is not None else None
    states = []
    for clock, bare, shown, offers in rule.replays:
        standing = plans if plans is not None and bare is plan else replay(bare, shown, happened, now, plans)
        states.append(_state(clock, bare, standing, now, zone, offers))
    states.sort(key=_urgency)
    return tuple(states)


def leading(states: Iterable[ClockState]) -> ClockState | None:
    """Of any number of clocks, of one card or of many, the one that presses most; None when every one is over."""
    return min((state for state in states if not state.is_over), key=_urgency, default=None)


def nothing_lost_before(states: Iterable[ClockState]) -> datetime | None:
    """The instant before which no clock ends anything. None when one of them has no bound, or is already past its date."""
    ends: list[datetime] = []
    for state in states:
        if not state.is_over:
            if state.not_before is None or state.status is _PAST:
                return None
            ends.append(state.not_before)
    return min(ends, default=None)


def cheapest(state: ClockState) -> Offer | None:
    """The cheapest thing that serves the clock and has a price; None when no price is known."""
    return next((offer for offer in state.offers if offer.price is not None), None)


_FAR = datetime.max.replace(tzinfo=UTC)


def _urgency(state: ClockState) -> tuple[int, datetime]:
    ends = state.standing.due
    if state.is_over:
        return 3, state.due or _FAR
    if state.status is _PAST:
        return 0, ends or _FAR
    return (1, ends) if ends is not None else (2, _FAR)


def _state(clock: ClockRule, bare: BareClock, standing: Standing, now: datetime, zone: tzinfo, offers: tuple[Offer, ...]) -> ClockState:
    bound, unknown = standing.due, standing.unknown
    is_over = False
    if standing.settled:
        status, is_over = _SETTLED, True
    elif standing.waiting:
        status = _NOT_STARTED
    elif bound is None or (unknown is not None and unknown.because is not _MAYBE_GONE):
        status = _UNKNOWN
    elif bound <= now:
        status, is_over = _PAST, _is_lost(clock, bare, bound, now)
    else:
        status = _RUNNING
    return ClockState(clock, standing, status, is_over, offers, now, zone)


def _is_lost(clock: ClockRule, bare: BareClock, due: datetime, now: datetime) -> bool:
    """Whether nothing is left to save of what ended at ``due``: an ended plan, or a last stage that nothing saves."""
    if not bare.ladder:
        return bare.kind in _ENDS_WHOLLY
    least = bare.reaches_last_stage
    if least is None or now - due < least:  # mostly so, and then the ladder need not be counted
        return False
    last = _ladder(clock, due)[-1].begins
    return last is not None and last <= now


def _ladder(clock: ClockRule, due: datetime) -> tuple[Stage, ...]:
    """The stages with the dates that are known."""
    begins: list[datetime | None] = []
    at: datetime | None = due
    for rule in clock.ladder:
        at = None if at is None or rule.after.value is None else extend(at, rule.after.value, clock.counting)
        begins.append(at)
    ends = (*begins, None)[1:]
    return tuple(
        Stage(rule.code, begin, end, rule.works.value, rule.loses.value, rule.rescue.value)
        for rule, begin, end in zip(clock.ladder, begins, ends, strict=True)
    )


def _early(clock: ClockRule, due: datetime, latest: date, now: datetime, today: date) -> Early | None:
    """When it makes sense to act, given that the clock ends at ``due``."""
    if clock.kind is _ACTIVATE_BY:
        return None
    if latest <= today or clock.kind in _NO_PLAN or clock.stacking.value in _NO_LOSS:
        return Early(today, 0)
    if clock.stacking.value is _STACK:
        return _early_stacked(clock, due, now, today, latest)
    return Early(max(today, latest - timedelta(days=clock.margin_days)), (latest - today).days)


def _early_stacked(clock: ClockRule, due: datetime, now: datetime, today: date, latest: date) -> Early:
    """Stacked time is only lost above the cap: the sooner, the more of it. Taken for the shortest length that can be bought."""
    if clock.cap.value is None or not clock.lengths:
        return Early(today, 0)
    longer = min(extend(due, length, clock.counting) for length in clock.lengths)
    over = longer - max(due, end_of(now, clock.cap.value, clock.counting))
    lost = max(0, -(-over // _DAY))
    return Early(min(latest, today + lost * _DAY), lost)
