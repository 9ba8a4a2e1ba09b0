"""Counting lengths of time the way a rule words them. Every result is an instant in UTC, the first at which the time is over.

What a rule leaves open is counted so that the instant comes earlier: natural days whose first day counts against 24-hour periods, calendar
months against 30 days, and any zone on Earth when none is known.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

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


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last of that month when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _later(day: date, span: Span, month: MonthMeaning | None) -> date:
    if span.unit is SpanUnit.DAY:
        return day + span.amount * _DAY
    thirty = day + 30 * span.amount * _DAY
    if month is MonthMeaning.DAYS_30:
        return thirty
    calendar = add_months(day, span.amount)
    return calendar if month is MonthMeaning.CALENDAR else min(calendar, thirty)


def end_of(at: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from the event at ``at``."""
    return _end(at, span, counting, counting.first_day is FirstDay.FREE)


def extend(end: datetime, span: Span, counting: Counting) -> datetime:
    """The end of ``span`` that is counted from ``end``, itself the end of an earlier length of time: no day is free a second time."""
    return _end(end, span, counting, False)


def _end(at: datetime, span: Span, counting: Counting, free: bool) -> datetime:
    at = at.astimezone(UTC)
    if span.amount == 0:
        return at
    if span.unit is SpanUnit.HOUR:
        return at + span.amount * _HOUR
    if counting.day is DayMeaning.NATURAL:
        return _natural(at, span, counting, free)
    if counting.day is DayMeaning.PERIOD_24H:
        return _periods(at, span, counting)
    return min(_natural(at, span, counting, free), _periods(at, span, counting))


def _natural(at: datetime, span: Span, counting: Counting, free: bool) -> datetime:
    if counting.zone is None:
        return _over_all_zones(at, span, counting.month) - (timedelta(0) if free else _DAY)
    day = _later(at.astimezone(counting.zone).date(), span, counting.month)
    return start_of_day(day + _DAY if free else day, counting.zone).astimezone(UTC)


def _periods(at: datetime, span: Span, counting: Counting) -> datetime:
    if span.unit is SpanUnit.DAY:
        return at + span.amount * _DAY
    if counting.zone is None:
        return _over_all_zones(at, span, counting.month)
    local = at.astimezone(counting.zone)
    day = _later(local.date(), span, counting.month)
    return at + (day - local.date())


def _over_all_zones(at: datetime, span: Span, month: MonthMeaning | None) -> datetime:
    """``at`` plus the shortest that ``span`` can be, whichever of three dates it is where the days are counted."""
    today = at.date()
    return at + min(_later(day, span, month) - day for day in (today - _DAY, today, today + _DAY))


def end_of_printed(day: date, *, is_last: bool, zone: tzinfo | None) -> datetime:
    """The instant that a printed validity date means. ``is_last``: the date is still good; otherwise it is counted as already over."""
    return start_of_day(day + _DAY if is_last else day, zone or _EARLIEST_ZONE).astimezone(UTC)


def last_whole_day(instant: datetime, zone: tzinfo) -> date:
    """The last date in ``zone`` that is over, to its last minute, by ``instant``."""
    return instant.astimezone(zone).date() - _DAY
