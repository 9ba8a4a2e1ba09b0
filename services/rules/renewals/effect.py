"""What paying would do to each clock of a card: the date before and after, and from which day paying wastes nothing.

Nothing is computed here that the clocks do not compute themselves: the payment is laid beside the events of the card, and the clocks are
asked again, for today and for days to come.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.model.clock import Activity, CardEvent, EventKind, Span, start_of_day
from services.model.money import Money
from services.rules.clocks.counting import last_whole_day
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.overrides import Override
from services.rules.clocks.schema import ClockRule, OperatorRule

_DAY = timedelta(days=1)
_EVENT_OF = {Activity.TOP_UP: EventKind.TOPPED_UP, Activity.TRANSFER_IN: EventKind.TOPPED_UP, Activity.BUNDLE: EventKind.BUNDLE_BOUGHT}


@dataclass(frozen=True)
class ClockEffect:
    """One clock before and after a payment today.

    ``loses_nothing_from``: the first day, today or later, on which the same payment leads as far as on the last safe day; None when the
    payment does not move the clock, or a date is not known. ``days_lost_today``: days by which paying today leads less far than that.
    """

    before: ClockState
    after: ClockState
    loses_nothing_from: date | None
    days_lost_today: int

    @property
    def rule(self) -> ClockRule:
        return self.before.rule

    @property
    def moves(self) -> bool:
        """Whether the payment changes what is known of the end."""
        return (self.before.due, self.before.not_before) != (self.after.due, self.after.not_before)

    @property
    def last_day_before(self) -> date | None:
        """The last whole day in the person's zone without the payment; None when the end is not known."""
        return _last_day(self.before)

    @property
    def last_day_after(self) -> date | None:
        """The same once it is paid today."""
        return _last_day(self.after)


def payment_of(what: Activity, at: datetime, amount: Money | None = None, span: Span | None = None) -> CardEvent:
    """The event that paying for ``what`` is to the clocks. ``amount``: money put on, of a top-up. ``span``: how long what is bought lasts,
    of a top-up or a plan, when the product itself says so."""
    kind = _EVENT_OF.get(what, EventKind.USED)
    return CardEvent(
        kind,
        at,
        activity=what if kind is EventKind.USED else None,
        amount=amount if kind is EventKind.TOPPED_UP else None,
        span=span if kind is not EventKind.USED else None,
    )


def effects(
    rule: OperatorRule,
    events: Iterable[CardEvent],
    payment: CardEvent,
    now: datetime,
    zone: tzinfo,
    overrides: Iterable[Override] = (),
) -> tuple[ClockEffect, ...]:
    """What ``payment`` does to each clock that still runs, the most pressing first. Its own time does not matter: it is tried now, and at
    the beginning of later days.

    ``events``, ``zone``, ``overrides`` as for :func:`services.rules.clocks.engine.clock_states`, with its errors.
    """
    known = [event for event in events if event.at <= now]
    own = tuple(overrides)
    before = clock_states(rule, known, now, zone, own)
    trial = _Trial(rule, known, payment, zone, own)
    after = trial.paid_at(now)
    return tuple(_effect(state, after[state.rule.id], trial) for state in before if not (state.is_over and after[state.rule.id].is_over))


class _Trial:
    """The same payment on any day, each day worked out once."""

    def __init__(
        self, rule: OperatorRule, events: Sequence[CardEvent], payment: CardEvent, zone: tzinfo, own: tuple[Override, ...]
    ) -> None:
        self._rule, self._events, self._payment, self._zone, self._own = rule, events, payment, zone, own
        self._tried: dict[datetime, dict[str, ClockState]] = {}

    def paid_at(self, at: datetime) -> dict[str, ClockState]:
        at = at.astimezone(UTC)
        if at not in self._tried:
            events = [*self._events, replace(self._payment, at=at)]
            self._tried[at] = {state.rule.id: state for state in clock_states(self._rule, events, at, self._zone, self._own)}
        return self._tried[at]

    def last_day(self, clock: str, day: date) -> date | None:
        """The last whole day of ``clock`` when paid as ``day`` begins."""
        return _last_day(self.paid_at(start_of_day(day, self._zone))[clock])


def _effect(before: ClockState, after: ClockState, trial: _Trial) -> ClockEffect:
    today, reached = before.now.astimezone(before.zone).date(), _last_day(after)
    latest = before.latest_safe_day
    if before.due is None or after.due is None or reached is None or latest is None:
        return ClockEffect(before, after, None, 0)
    if latest <= today:
        return ClockEffect(before, after, today if before.due != after.due else None, 0)
    furthest = trial.last_day(before.rule.id, latest)
    if furthest is None or (before.due == after.due and furthest == _last_day(before)):
        return ClockEffect(before, after, None, 0)
    if reached >= furthest:
        return ClockEffect(before, after, today, 0)
    first, last = today, latest  # paying on ``first`` wastes days, on ``last`` none
    while last - first > _DAY:
        between = first + (last - first) // 2
        tried = trial.last_day(before.rule.id, between)
        if tried is not None and tried >= furthest:
            last = between
        else:
            first = between
    return ClockEffect(before, after, last, (furthest - reached).days)


def _last_day(state: ClockState) -> date | None:
    return None if state.due is None else last_whole_day(state.due, state.zone)
