"""Counting lengths of time the way a rule words them. Every result is an instant in UTC, the first at which the time is over.

What a rule leaves open is counted so that the instant comes earlier: natural days whose first day counts against 24-hour periods, calendar
months against 30 days, and any zone on Earth when none is known.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from services.model.clock import DayMeaning, FirstDay, MonthMeaning, Span, SpanUnit, start_of_day

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_EARLIEST_ZONE = timezone(timedelta(hours=14))


class Midnights(dict[int, datetime]):
    """The first instant of each day (an ordinal) in one zone, in UTC. A dict that fills itself: one look-up for a day seen before."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, ordinal: int) -> datetime:
        if len(self) > _MOST_DAYS:
            self.clear()
        self[ordinal] = found = start_of_day(date.min + (ordinal - 1) * _DAY, self._zone).astimezone(UTC)
        return found


_MOST_DAYS = 20_000
"""More than the days of fifty years: no card needs them, and what comes from outside may not fill the memory."""


@lru_cache(maxsize=512)
def midnights_of(zone: tzinfo) -> Midnights:
    """The days of ``zone``, the same for everything that is counted in it."""
    return Midnights(zone)


@dataclass(frozen=True, slots=True)
class Counting:
    """How a clock counts; None is "nobody says"."""

    day: DayMeaning | None = None
    first_day: FirstDay | None = None
    month: MonthMeaning | None = None
    zone: tzinfo | None = None
    midnights: Midnights | None = field(init=False, repr=False, compare=False)
    """The days of the zone, when it is known and days can be natural: counting days is then adding whole numbers."""
    free: int = field(init=False, repr=False, compare=False)
    """Days that are free at the start."""

    def __post_init__(self) -> None:
        in_days = self.zone is not None and self.day is not DayMeaning.PERIOD_24H
        object.__setattr__(self, "midnights", midnights_of(self.zone) if in_days and self.zone is not None else None)
        object.__setattr__(self, "free", 1 if self.first_day is FirstDay.FREE else 0)


# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_NATURAL = DayMeaning.NATURAL
_PERIOD_24H = DayMeaning.PERIOD_24H
_CALENDAR = MonthMeaning.CALENDAR
_DAYS_30 = MonthMeaning.DAYS_30
_SPANUNIT_DAY = SpanUnit.DAY
_SPANUNIT_HOUR = SpanUnit.HOUR


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, day.day if day.day <= 28 else min(day.day, monthrange(year, month + 1)[1]))


def _later(day: date, amount: int, unit: SpanUnit, month: MonthMeaning | None) -> int:
    """The ordinal of the day ``amount`` of days or months after ``day``."""
    if unit is _SPANUNIT_DAY:
        return day.toordinal() + amount
    thirty = day.toordinal() + 30 * amount
    if month is _DAYS_30:
        return thirty
    calendar = add_months(day, amount).toordinal()
    return calendar if month is _CALENDAR else min(calendar, thirty)


def end_of(at: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from the event at ``at``."""
    return ahead(at, span.amount, span.unit, counting, counting.free)


def extend(end: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from ``end``, itself the end of an earlier length of time: no day is free a second time."""
    return ahead(end, span.amount, span.unit, counting, 0)


def ahead(at: datetime, amount: int, unit: SpanUnit, counting: Counting, free: int) -> datetime:
    """``amount`` of ``unit`` after ``at``; natural days begin after ``free`` of them (0 or 1)."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if amount == 0:
        return at
    if unit is _SPANUNIT_HOUR:
        return at + amount * _HOUR
    midnights = counting.midnights
    if midnights is not None:
        today = at.astimezone(counting.zone)
        first = today.toordinal()
        last = first + amount if unit is _SPANUNIT_DAY else _later(today, amount, unit, counting.month)
        natural = midnights[last + free]
        return natural if counting.day is _NATURAL else min(natural, at + (last - first) * _DAY)
    zone = counting.zone
    if unit is _SPANUNIT_DAY:
        periods = at + amount * _DAY
    elif zone is not None:
        today = at.astimezone(zone)
        periods = at + (_later(today, amount, unit, counting.month) - today.toordinal()) * _DAY
    else:
        periods = at + _fewest_days(at, amount, unit, counting.month) * _DAY
    return periods if free or counting.day is _PERIOD_24H else periods - _DAY


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC."""
    return midnights_of(zone)[day.toordinal()]


def _fewest_days(at: datetime, amount: int, unit: SpanUnit, month: MonthMeaning | None) -> int:
    """The fewest days that so many months can have, whichever date it is at ``at`` where they are counted (UTC-12 to UTC+14)."""
    dates = {(at - 12 * _HOUR).date(), at.date(), (at + 14 * _HOUR).date()}
    return min(_later(day, amount, unit, month) - day.toordinal() for day in dates)


def end_of_printed(day: date, *, is_last: bool, zone: tzinfo | None) -> datetime:
    """The instant that a printed validity date means. ``is_last``: the date is still good; otherwise it is counted as already over."""
    return midnight(day + _DAY if is_last else day, zone or _EARLIEST_ZONE)


def last_whole_day(instant: datetime, zone: tzinfo) -> date:
    """The last date in ``zone`` that is over, to its last minute, by ``instant``."""
    return instant.astimezone(zone).date() - _DAY
