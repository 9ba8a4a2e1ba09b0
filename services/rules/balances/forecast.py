"""How fast data is used, when it runs out, and whether it lasts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from services.model.data_volume import DataVolume
from services.model.reading import Reading
from services.model.tri import Tri
from services.rules.balances.packages import remaining


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
