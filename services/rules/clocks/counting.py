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
    """The days of the zone when the days are natural and the zone is known: then counting days is adding whole numbers."""
    is_exact: bool = field(init=False, repr=False, compare=False)
    """Days are 24-hour periods."""

    def __post_init__(self) -> None:
        natural = self.day is DayMeaning.NATURAL and self.zone is not None
        object.__setattr__(self, "midnights", midnights_of(self.zone) if natural and self.zone is not None else None)
        object.__setattr__(self, "is_exact", self.day is DayMeaning.PERIOD_24H)


# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_NATURAL = DayMeaning.NATURAL
_FREE = FirstDay.FREE
_CALENDAR = MonthMeaning.CALENDAR
_DAYS_30 = MonthMeaning.DAYS_30
_SPANUNIT_DAY = SpanUnit.DAY
_SPANUNIT_HOUR = SpanUnit.HOUR


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, day.day if day.day <= 28 else min(day.day, monthrange(year, month + 1)[1]))


def _later(day: date, amount: int, unit: SpanUnit, month: MonthMeaning | None) -> date:
    if unit is _SPANUNIT_DAY:
        return day + amount * _DAY
    thirty = day + 30 * amount * _DAY
    if month is _DAYS_30:
        return thirty
    calendar = add_months(day, amount)
    return calendar if month is _CALENDAR else min(calendar, thirty)


def end_of(at: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from the event at ``at``."""
    return end_of_amount(at, span.amount, span.unit, counting)


def end_of_amount(at: datetime, amount: int, unit: SpanUnit, counting: Counting) -> datetime:
    """``end_of`` for a length that is not put into words."""
    free = counting.first_day is _FREE
    if unit is _SPANUNIT_DAY and amount:
        midnights = counting.midnights
        if midnights is not None:
            return midnights[at.astimezone(counting.zone).toordinal() + (amount + 1 if free else amount)]
        if counting.is_exact:
            return at.astimezone(UTC) + amount * _DAY
    return _end(at, amount, unit, counting, free)


def extend(end: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from ``end``, itself the end of an earlier length of time: no day is free a second time."""
    return extend_by_amount(end, span.amount, span.unit, counting)


def extend_by_amount(end: datetime, amount: int, unit: SpanUnit, counting: Counting) -> datetime:
    """``extend`` for a length that is not put into words."""
    if unit is _SPANUNIT_DAY and amount:
        midnights = counting.midnights
        if midnights is not None:
            return midnights[end.astimezone(counting.zone).toordinal() + amount]
        if counting.is_exact:
            return end.astimezone(UTC) + amount * _DAY
    return _end(end, amount, unit, counting, False)


def _end(at: datetime, amount: int, unit: SpanUnit, counting: Counting, free: bool) -> datetime:
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if amount == 0:
        return at
    if unit is _SPANUNIT_HOUR:
        return at + amount * _HOUR
    zone = counting.zone
    if zone is None:
        periods = _over_all_zones(at, amount, unit, counting.month)
        natural = periods if free else periods - _DAY
    else:
        today = at.astimezone(zone).date()
        day = _later(today, amount, unit, counting.month)
        periods = at + (day - today)
        if counting.is_exact:
            return periods
        natural = midnight(day + _DAY if free else day, zone)
    if counting.is_exact:
        return periods
    return natural if counting.day is _NATURAL else min(natural, periods)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC."""
    return midnights_of(zone)[day.toordinal()]


def _over_all_zones(at: datetime, amount: int, unit: SpanUnit, month: MonthMeaning | None) -> datetime:
    """``at`` plus the shortest that so many of ``unit`` can be, whichever date it is where the days are counted (UTC-12 to UTC+14)."""
    if unit is _SPANUNIT_DAY:
        return at + amount * _DAY
    dates = {(at - 12 * _HOUR).date(), at.date(), (at + 14 * _HOUR).date()}
    return at + min(_later(day, amount, unit, month) - day for day in dates)


def end_of_printed(day: date, *, is_last: bool, zone: tzinfo | None) -> datetime:
    """The instant that a printed validity date means. ``is_last``: the date is still good; otherwise it is counted as already over."""
    return midnight(day + _DAY if is_last else day, zone or _EARLIEST_ZONE)


def last_whole_day(instant: datetime, zone: tzinfo) -> date:
    """The last date in ``zone`` that is over, to its last minute, by ``instant``."""
    return instant.astimezone(zone).date() - _DAY
