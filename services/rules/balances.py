"""From readings to what is known: newest figure per field, pace, forecast, and which card comes first.

Readings are append-only. Each field keeps the newest figure with its own age and source; another source that says something else is
shown beside it; a failed look-up is remembered and changes nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import NamedTuple

from services.model.card import Thresholds
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import (
    CountBalance,
    DataBalance,
    FailedLookUp,
    LineStatus,
    Measure,
    MoneyBalance,
    MoneyKind,
    Reading,
    Source,
    Validity,
    ValidityKind,
)
from services.model.tri import Tri

Figure = MoneyBalance | DataVolume | Validity | LineStatus | Tri | date | int


class Aspect(StrEnum):
    """Which figure of a package or of an allowance; each is a field with its own age. WHOLE: the field has but one."""

    WHOLE = ""
    LEFT = "left"
    TOTAL = "total"
    USED = "used"
    UNLIMITED = "unlimited"
    RESTRICTED = "restricted"
    LAST_DAY = "last_day"


class FieldKey(NamedTuple):
    """What one figure is about: kind of figure; which purse, package or date ("" is the line as a whole); which aspect of it."""

    measure: Measure
    part: str = ""
    aspect: Aspect = Aspect.WHOLE


class Known(NamedTuple):
    """A figure and who said it. ``true_at``: the moment it was true at, for its age."""

    figure: Figure
    source: Source
    origin: str
    true_at: datetime
    taken_at: datetime
    sequence: int

    def age(self, now: datetime) -> timedelta:
        """Never negative."""
        return max(now - self.true_at, timedelta(0))


class FieldState(NamedTuple):
    """``newest`` wins. ``disagreeing``: the newest figure of each other source (kind and origin) where it differs, newest first."""

    newest: Known
    disagreeing: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class CardState:
    """Everything known of one card. ``last_failure``: newest failed look-up, only while no look-up at the same place succeeded since."""

    card_id: str
    fields: dict[FieldKey, FieldState] = field(default_factory=dict)
    last_failure: FailedLookUp | None = None

    def figures(self, measure: Measure) -> list[FieldState]:
        """States of one kind of figure, the line as a whole first."""
        return [self.fields[key] for key in sorted(key for key in self.fields if key.measure is measure)]

    def main_money(self) -> Known | None:
        """The main purse, newest over all currencies."""
        found = [
            state.newest
            for key, state in self.fields.items()
            if key.measure is Measure.MONEY and isinstance(state.newest.figure, MoneyBalance) and state.newest.figure.kind is MoneyKind.MAIN
        ]
        return max(found, key=_rank, default=None)


def states(readings: Iterable[Reading], failures: Iterable[FailedLookUp] = ()) -> dict[str, CardState]:
    """The state of every card that occurs, in one pass; the order of the input does not matter.

    Time of a figure: when it was true, then when it was taken, then the order it was added in.
    """
    newest: dict[str, dict[FieldKey, dict[tuple[Source, str], Known]]] = {}
    cleared: dict[tuple[str, Measure, Source, str], tuple[datetime, datetime, int]] = {}
    successes: dict[tuple[str, str], datetime] = {}
    for reading in readings:
        fields = newest.setdefault(reading.card_id, {})
        true_at, who = reading.true_at, (reading.source, reading.origin)
        rank = (true_at, reading.taken_at, reading.sequence)
        if reading.source is Source.API:
            seen = successes.get((reading.card_id, reading.origin))
            if seen is None or reading.taken_at > seen:
                successes[reading.card_id, reading.origin] = reading.taken_at
        for measure in reading.complete:
            at = (reading.card_id, measure, *who)
            if at not in cleared or rank > cleared[at]:
                cleared[at] = rank
        for key, figure in _figures(reading):
            sources = fields.setdefault(key, {})
            known = sources.get(who)
            if known is None or rank > _rank(known):
                sources[who] = Known(figure, reading.source, reading.origin, true_at, reading.taken_at, reading.sequence)
    failed: dict[str, FailedLookUp] = {}
    for failure in failures:
        newest.setdefault(failure.card_id, {})
        success = successes.get((failure.card_id, failure.origin))
        if success is not None and success >= failure.tried_at:
            continue
        known_failure = failed.get(failure.card_id)
        if known_failure is None or (failure.tried_at, failure.origin) > (known_failure.tried_at, known_failure.origin):
            failed[failure.card_id] = failure
    return {card_id: CardState(card_id, _settle(card_id, fields, cleared), failed.get(card_id)) for card_id, fields in newest.items()}


def _figures(reading: Reading) -> list[tuple[FieldKey, Figure]]:
    found: list[tuple[FieldKey, Figure]] = []
    for purse in reading.money:
        found.append((FieldKey(Measure.MONEY, f"{purse.kind.value}/{purse.money.currency}/{purse.name}"), purse))
    for package in reading.data:
        found += _aspects(Measure.DATA, package)
        if package.restricted:
            found.append((FieldKey(Measure.DATA, package.name, Aspect.RESTRICTED), Tri.YES))
        if package.last_day is not None:
            found.append((FieldKey(Measure.DATA, package.name, Aspect.LAST_DAY), package.last_day))
    for measure, counts in ((Measure.VOICE, reading.voice), (Measure.SMS, reading.sms)):
        for count in counts:
            found += _aspects(measure, count)
    for end in reading.validity:
        found.append((FieldKey(Measure.VALIDITY, f"{end.kind.value}/{end.name}"), end))
    if reading.status is not None:
        found.append((FieldKey(Measure.STATUS), reading.status))
    return found


def _aspects(measure: Measure, balance: DataBalance | CountBalance) -> list[tuple[FieldKey, Figure]]:
    said = ((Aspect.LEFT, balance.remaining), (Aspect.TOTAL, balance.total), (Aspect.USED, balance.used))
    found: list[tuple[FieldKey, Figure]] = [(FieldKey(measure, balance.name, aspect), value) for aspect, value in said if value is not None]
    if balance.unlimited is not Tri.UNKNOWN:
        found.append((FieldKey(measure, balance.name, Aspect.UNLIMITED), balance.unlimited))
    return found


def _rank(known: Known) -> tuple[datetime, datetime, int]:
    return known.true_at, known.taken_at, known.sequence


def _settle(
    card_id: str,
    fields: dict[FieldKey, dict[tuple[Source, str], Known]],
    cleared: dict[tuple[str, Measure, Source, str], tuple[datetime, datetime, int]],
) -> dict[FieldKey, FieldState]:
    """Choose the newest of each field. A figure its own source has since left out of a complete list is gone."""
    settled = {}
    for key, sources in fields.items():
        standing = list(sources.values())
        if cleared:
            standing = [
                known
                for (source, origin), known in sources.items()
                if (gone := cleared.get((card_id, key.measure, source, origin))) is None or _rank(known) >= gone
            ]
        if len(standing) == 1:
            settled[key] = FieldState(standing[0])
        elif standing:
            standing.sort(key=lambda known: (*_rank(known), known.source, known.origin), reverse=True)
            winner = standing[0]
            settled[key] = FieldState(winner, tuple(known for known in standing[1:] if known.figure != winner.figure))
    return settled


# ------------------------------------------------------------------------------------------------------------------- data as one figure


@dataclass(frozen=True, slots=True)
class Package:
    """What is known of one package. ``said_by``: the figure ``left`` rests on (what is left, or what is used), for its age and source.

    ``left`` is None when unlimited or not known. ``total`` is None too when it is smaller than what is left: that total is an old one.
    """

    name: str
    left: DataVolume | None
    total: DataVolume | None
    unlimited: bool
    restricted: bool
    last_day: date | None
    said_by: Known


@dataclass(frozen=True, slots=True)
class DataLeft:
    """All data a card can use anywhere. ``at_least``: some package did not say what it has left. ``oldest``: age of the sum."""

    remaining: DataVolume | None
    total: DataVolume | None
    unlimited: bool
    at_least: bool
    oldest: datetime


def packages(state: CardState) -> list[Package]:
    """Every package anything is known of, the line as a whole first. A newer "used" beats an older "left" where the total is known."""
    parts: dict[str, dict[Aspect, Known]] = {}
    for key in sorted(key for key in state.fields if key.measure is Measure.DATA):
        parts.setdefault(key.part, {})[key.aspect] = state.fields[key].newest
    return [_package(name, known) for name, known in parts.items()]


def _package(name: str, known: dict[Aspect, Known]) -> Package:
    left_by, used_by = known.get(Aspect.LEFT), known.get(Aspect.USED)
    left, total, used = (_volume(known.get(aspect)) for aspect in (Aspect.LEFT, Aspect.TOTAL, Aspect.USED))
    if used_by is not None and used is not None:
        newer = left_by is None or used_by.true_at > left_by.true_at
        if newer and total is not None and used <= total:
            left, left_by = DataVolume(total.bytes - used.bytes), used_by
        elif not newer and total is None and left is not None and left_by is not None and left_by.true_at == used_by.true_at:
            total = left + used
    no_end = known.get(Aspect.UNLIMITED)
    unlimited = no_end is not None and no_end.figure is Tri.YES and (left_by is None or no_end.true_at >= left_by.true_at)
    last_day = known.get(Aspect.LAST_DAY)
    return Package(
        name=name,
        left=None if unlimited else left,
        total=None if total is not None and left is not None and total < left else total,
        unlimited=unlimited,
        restricted=Aspect.RESTRICTED in known,
        last_day=last_day.figure if last_day is not None and isinstance(last_day.figure, date) else None,
        said_by=no_end if unlimited and no_end is not None else left_by or max(known.values(), key=_rank),
    )


def _volume(known: Known | None) -> DataVolume | None:
    return known.figure if known is not None and isinstance(known.figure, DataVolume) else None


def data_left(state: CardState, today: date) -> DataLeft | None:
    """The line's own figure if it is the newest, else the sum of its packages; None when nothing is known.

    Packages for some apps alone, and those whose last day is over, are left out.
    """
    usable = [package for package in packages(state) if not package.restricted and (package.last_day is None or package.last_day >= today)]
    line = next((package for package in usable if not package.name), None)
    named = [package for package in usable if package.name]
    if line is not None and all(package.said_by.true_at <= line.said_by.true_at for package in named):
        usable = [line]
    elif named:
        usable = named
    if not usable:
        return None
    oldest = min(package.said_by.true_at for package in usable)
    if any(package.unlimited for package in usable):
        return DataLeft(None, None, True, False, oldest)
    lefts = [package.left for package in usable if package.left is not None]
    totals = [package.total for package in usable if package.total is not None]
    return DataLeft(
        remaining=sum(lefts, DataVolume(0)) if lefts else None,
        total=sum(totals, DataVolume(0)) if len(totals) == len(usable) else None,
        unlimited=False,
        at_least=bool(lefts) and len(lefts) < len(usable),
        oldest=oldest,
    )


def remaining(package: DataBalance) -> DataVolume | None:
    """As said in one reading, or total less used; None when neither is known or they do not fit."""
    if package.remaining is not None:
        return package.remaining
    if package.total is None or package.used is None or package.used > package.total:
        return None
    return DataVolume(package.total.bytes - package.used.bytes)


# ------------------------------------------------------------------------------------------------------------------- pace


@dataclass(frozen=True, slots=True)
class Pace:
    """Use against an even spend over the period.

    ``ahead``: bytes used beyond the even share so far (negative: saved). ``ratio``: used per even share, None at the very start.
    ``per_day_left``: what may be used on each day that is left, None on or after the end.
    """

    ahead: int
    ratio: float | None
    per_day_left: DataVolume | None


def pace(left: DataVolume, total: DataVolume, start: datetime, end: datetime, now: datetime) -> Pace | None:
    """None when the period is no period, has not begun, or more is left than there ever was."""
    if end <= start or now < start or left > total:
        return None
    share = min((now - start) / (end - start), 1.0)
    used, even = total.bytes - left.bytes, total.bytes * share
    return Pace(ahead=round(used - even), ratio=used / even if even > 0 else None, per_day_left=per_day(left, end, now))


def per_day(left: DataVolume, end: datetime, now: datetime) -> DataVolume | None:
    """``left`` spread over the time until ``end``, in days of 24 hours, at least one; None on or after the end."""
    if now >= end:
        return None
    return DataVolume(int(left.bytes / max((end - now) / timedelta(days=1), 1.0)))


# ------------------------------------------------------------------------------------------------------------------- forecast


class NoForecast(StrEnum):
    """Why there is none. It is never replaced by a number that looks like one."""

    NOT_KNOWN = "not_known"
    UNLIMITED = "unlimited"
    TOO_FEW_READINGS = "too_few_readings"
    TOO_SHORT = "too_short"
    NO_USE_SEEN = "no_use_seen"
    NOTHING_LEFT = "nothing_left"


@dataclass(frozen=True, slots=True)
class Point:
    """What was left at a moment."""

    at: datetime
    left: DataVolume


@dataclass(frozen=True, slots=True)
class Forecast:
    """When data runs out. Eight in ten times it should be between ``earliest`` and ``latest``.

    ``latest`` is None when use is so uneven that no end can be named. ``per_day``: mean use. ``steps``: intervals it rests on.
    """

    earliest: datetime
    expected: datetime
    latest: datetime | None
    per_day: DataVolume
    steps: int


# 90th percentile of Student's t by degrees of freedom: four fifths of the probability lie between plus and minus.
_T90 = (
    3.078,
    1.886,
    1.638,
    1.533,
    1.476,
    1.440,
    1.415,
    1.397,
    1.383,
    1.372,
    1.363,
    1.356,
    1.350,
    1.345,
    1.341,
    1.337,
    1.333,
    1.330,
    1.328,
    1.325,
)
_T90_MANY = 1.30
_WINDOW = timedelta(days=60)
_FEWEST_STEPS = 3
_SHORTEST = timedelta(days=3)
_FURTHEST = timedelta(days=3650)


def history(readings: Iterable[Reading], package: str = "") -> list[Point]:
    """What was left of one package, oldest first, as its own readings say; one point per moment, the last one added winning."""
    points: dict[datetime, tuple[tuple[datetime, int], DataVolume]] = {}
    for reading in readings:
        for figure in reading.data:
            left = remaining(figure) if figure.name == package and figure.unlimited is not Tri.YES else None
            if left is not None:
                order = (reading.taken_at, reading.sequence)
                known = points.get(reading.true_at)
                if known is None or order >= known[0]:
                    points[reading.true_at] = (order, left)
    return [Point(at, points[at][1]) for at in sorted(points)]


def forecast(points: Sequence[Point], *, unlimited: bool = False) -> Forecast | NoForecast:
    """From the last sixty days of one package's history (``points`` oldest first).

    Use between two readings is what is left less; where there is more than before, something was added and the interval says nothing.
    The spread of use per day, measured on the card itself, gives the uncertainty: it holds both that the mean is known from few days
    and that the coming days will differ from it.
    """
    if unlimited:
        return NoForecast.UNLIMITED
    if not points:
        return NoForecast.NOT_KNOWN
    last = points[-1]
    if last.left.bytes == 0:
        return NoForecast.NOTHING_LEFT
    recent = [point for point in points if last.at - point.at <= _WINDOW]
    steps = [
        ((after.at - before.at) / timedelta(days=1), before.left.bytes - after.left.bytes)
        for before, after in pairwise(recent)
        if after.left <= before.left and after.at > before.at
    ]
    if len(steps) < _FEWEST_STEPS:
        return NoForecast.TOO_FEW_READINGS
    days, used = sum(length for length, _ in steps), sum(spent for _, spent in steps)
    if days < _SHORTEST / timedelta(days=1):
        return NoForecast.TOO_SHORT
    if used == 0:
        return NoForecast.NO_USE_SEEN
    mean = used / days
    freedom = len(steps) - 1
    variance = sum((spent - mean * length) ** 2 / length for length, spent in steps) / freedom
    t = _T90[freedom - 1] if freedom <= len(_T90) else _T90_MANY
    early, late = _crossings(last.left.bytes, mean, variance * t * t, days)
    return Forecast(
        earliest=_later(last.at, early),
        expected=_later(last.at, last.left.bytes / mean),
        latest=None if late is None or late > _FURTHEST / timedelta(days=1) else _later(last.at, late),
        per_day=DataVolume(int(mean)),
        steps=len(steps),
    )


def _crossings(left: float, mean: float, spread: float, days: float) -> tuple[float, float | None]:
    """Solve ``(left - mean t)^2 = spread (t + t^2 / days)`` for t: the band of total use crosses what is left on both sides of the mean."""
    square, linear = mean * mean - spread / days, 2 * left * mean + spread
    root = math.sqrt(max(linear * linear - 4 * square * left * left, 0.0))
    # In this form the smaller root stays exact when ``square`` is near zero or negative.
    early = 2 * left * left / (linear + root)
    return early, (linear + root) / (2 * square) if square > 0 else None


def _later(start: datetime, days: float) -> datetime:
    return start + min(timedelta(days=min(days, _FURTHEST / timedelta(days=1))), _FURTHEST)


class Outlook(StrEnum):
    """Does data last until ``end``? UNKNOWN is not "yes"."""

    RUNS_OUT = "runs_out"
    UNCERTAIN = "uncertain"
    LASTS = "lasts"
    UNKNOWN = "unknown"


def outlook(prediction: Forecast | NoForecast, end: datetime | None) -> Outlook:
    """RUNS_OUT or LASTS only when the whole band lies on one side of ``end``."""
    if prediction is NoForecast.UNLIMITED:
        return Outlook.LASTS
    if prediction is NoForecast.NOTHING_LEFT:
        return Outlook.RUNS_OUT
    if isinstance(prediction, NoForecast) or end is None:
        return Outlook.UNKNOWN
    if prediction.earliest >= end:
        return Outlook.LASTS
    return Outlook.RUNS_OUT if prediction.latest is not None and prediction.latest < end else Outlook.UNCERTAIN


# ------------------------------------------------------------------------------------------------------------------- urgency


class Level(IntEnum):
    """Order of cards: smaller comes first. A card we know nothing of stands before those that are known to be fine."""

    OVERDUE = 0
    TODAY = 1
    SOON = 2
    LOW = 3
    UNKNOWN = 4
    FINE = 5


class Reason(StrEnum):
    DATE_PASSED = "date_passed"
    DATE_NEAR = "date_near"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DATA_LOW = "data_low"
    DATA_GONE = "data_gone"
    DATA_RUNS_OUT = "data_runs_out"
    MONEY_LOW = "money_low"
    MONEY_OWED = "money_owed"
    NOTHING_KNOWN = "nothing_known"


@dataclass(frozen=True, slots=True)
class Urgency:
    """``days_left``: whole days until the next date that ends something, negative once it has passed; None when no date is known."""

    level: Level
    reasons: tuple[Reason, ...]
    days_left: int | None

    @property
    def dateless(self) -> bool:
        """Nothing asks for an action, but no date is known either: then nobody can say that all is well."""
        return self.level is Level.FINE and self.days_left is None


DEFAULT_DAYS = 7


def urgency(
    state: CardState | None,
    thresholds: Thresholds,
    today: date,
    *,
    due: date | None = None,
    due_is_near: bool = False,
    runs_out: Outlook = Outlook.UNKNOWN,
) -> Urgency:
    """How soon somebody must act. ``due``: next due date of the card's clocks, beside the dates its readings carry;
    ``due_is_near``: its rule says that it is time, which counts unless the person set days of their own.

    Limits the person did not set are not made up for money and data; dates of readings count as near from a week.
    """
    reasons: list[tuple[Level, Reason]] = []
    days = None
    ends = [] if state is None else _ends(state)
    if due is not None:
        ends.append(due)
    if ends:
        days = (min(ends) - today).days
        near = DEFAULT_DAYS if thresholds.days is None else thresholds.days
        if days < 0:
            reasons.append((Level.OVERDUE, Reason.DATE_PASSED))
        elif days <= near or (due_is_near and thresholds.days is None):
            reasons.append((Level.TODAY if days == 0 else Level.SOON, Reason.DATE_NEAR))
    if state is not None:
        reasons += _figure_reasons(state, thresholds, today)
    if runs_out is Outlook.RUNS_OUT:
        reasons.append((Level.LOW, Reason.DATA_RUNS_OUT))
    if (state is None or not state.fields) and due is None:
        reasons.append((Level.UNKNOWN, Reason.NOTHING_KNOWN))
    reasons.sort(key=lambda item: item[0])
    level = reasons[0][0] if reasons else Level.FINE
    return Urgency(level, tuple(dict.fromkeys(reason for _, reason in reasons)), days)


def _ends(state: CardState) -> list[date]:
    """The dates that count. A date of no stated kind gives way to any newer one: it was probably about the same thing."""
    known = [item.newest for item in state.figures(Measure.VALIDITY)]
    newest = max((item.true_at for item in known), default=None)
    return [
        item.figure.last_day
        for item in known
        if isinstance(item.figure, Validity) and (item.figure.kind is not ValidityKind.UNSPECIFIED or item.true_at == newest)
    ]


def _figure_reasons(state: CardState, thresholds: Thresholds, today: date) -> list[tuple[Level, Reason]]:
    reasons: list[tuple[Level, Reason]] = []
    status = state.fields.get(FieldKey(Measure.STATUS))
    if status is not None and status.newest.figure is LineStatus.SUSPENDED:
        reasons.append((Level.OVERDUE, Reason.SUSPENDED))
    if status is not None and status.newest.figure is LineStatus.CLOSED:
        reasons.append((Level.OVERDUE, Reason.CLOSED))
    money = state.main_money()
    if money is not None and isinstance(money.figure, MoneyBalance):
        amount = money.figure.money
        if amount.minor < 0:
            reasons.append((Level.OVERDUE, Reason.MONEY_OWED))
        elif thresholds.money is not None and _below(amount, thresholds.money):
            reasons.append((Level.LOW, Reason.MONEY_LOW))
    data = data_left(state, today)
    if data is not None and data.remaining is not None and not data.at_least:
        if data.remaining.bytes == 0:
            reasons.append((Level.LOW, Reason.DATA_GONE))
        elif thresholds.data is not None and data.remaining < thresholds.data:
            reasons.append((Level.LOW, Reason.DATA_LOW))
    return reasons


def _below(amount: Money, limit: Money) -> bool:
    """Amounts in different currencies are not compared."""
    return amount.currency == limit.currency and amount.minor < limit.minor


def by_urgency(urgencies: dict[str, Urgency]) -> list[str]:
    """Card ids, the one to act on first. Within a level the nearest date first, cards without a date last, then by id."""
    return sorted(
        urgencies,
        key=lambda card: (urgencies[card].level, math.inf if urgencies[card].days_left is None else urgencies[card].days_left, card),
    )
