"""Counting lengths of time the way a rule words them. Every result is an instant in UTC, the first at which the time is over.

What a rule leaves open is counted so that the instant comes earlier: natural days whose first day counts against 24-hour periods, calendar
months against 30 days, and any zone on Earth when none is known.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from services.model.clock import DayMeaning, FirstDay, MonthMeaning, Span, SpanUnit, start_of_day

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_EARLIEST_ZONE = timezone(timedelta(hours=14))


@dataclass(frozen=True, slots=True)
class Counting:
    """How a clock counts; None is "nobody says"."""

    day: DayMeaning | None = None
    first_day: FirstDay | None = None
    month: MonthMeaning | None = None
    zone: tzinfo | None = None


# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_NATURAL = DayMeaning.NATURAL
_PERIOD_24H = DayMeaning.PERIOD_24H
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


def _later(day: date, span: Span, month: MonthMeaning | None) -> date:
    if span.unit is _SPANUNIT_DAY:
        return day + span.amount * _DAY
    thirty = day + 30 * span.amount * _DAY
    if month is _DAYS_30:
        return thirty
    calendar = add_months(day, span.amount)
    return calendar if month is _CALENDAR else min(calendar, thirty)


def end_of(at: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from the event at ``at``."""
    return _end(at, span, counting, counting.first_day is _FREE)


def extend(end: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from ``end``, itself the end of an earlier length of time: no day is free a second time."""
    return _end(end, span, counting, False)


def _end(at: datetime, span: Span, counting: Counting, free: bool) -> datetime:
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if span.amount == 0:
        return at
    if span.unit is _SPANUNIT_HOUR:
        return at + span.amount * _HOUR
    zone = counting.zone
    if zone is None:
        periods = _over_all_zones(at, span, counting.month)
        natural = periods if free else periods - _DAY
    else:
        today = at.astimezone(zone).date()
        day = _later(today, span, counting.month)
        periods = at + (day - today)
        natural = midnight(day + _DAY if free else day, zone)
    if counting.day is _PERIOD_24H:
        return periods
    return natural if counting.day is _NATURAL else min(natural, periods)


@lru_cache(maxsize=8192)
def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC."""
    return start_of_day(day, zone).astimezone(UTC)


def _over_all_zones(at: datetime, span: Span, month: MonthMeaning | None) -> datetime:
    """``at`` plus the shortest that ``span`` can be, whichever date it is where the days are counted (UTC-12 to UTC+14)."""
    if span.unit is _SPANUNIT_DAY:
        return at + span.amount * _DAY
    dates = {(at - 12 * _HOUR).date(), at.date(), (at + 14 * _HOUR).date()}
    return at + min(_later(day, span, month) - day for day in dates)


def end_of_printed(day: date, *, is_last: bool, zone: tzinfo | None) -> datetime:
    """The instant that a printed validity date means. ``is_last``: the date is still good; otherwise it is counted as already over."""
    return midnight(day + _DAY if is_last else day, zone or _EARLIEST_ZONE)


def last_whole_day(instant: datetime, zone: tzinfo) -> date:
    """The last date in ``zone`` that is over, to its last minute, by ``instant``."""
    return instant.astimezone(zone).date() - _DAY
