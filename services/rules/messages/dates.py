"""Dates in a text. What can be read two ways is returned as two dates, for a person to choose from."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Order(StrEnum):
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    YEAR_FIRST = "ymd"


class Side(StrEnum):
    """Where a date without a year is looked for: ends lie ahead, "as of" lies behind."""

    AHEAD = "ahead"
    BEHIND = "behind"


_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_TIME = r"(?:,?\s?(?:at\s)?(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m)?|\d{1,2}[时点](?:\d{1,2}分)?))?"
_BEFORE = r"(?<![\d./-])"
_AFTER = r"(?!\d)(?![./-]\d)"
_FORMS = (
    rf"{_BEFORE}(?P<y1>20\d\d)\s?年\s?(?P<m1>\d{{1,2}})\s?月\s?(?P<d1>\d{{1,2}})\s?[日号]?",
    rf"{_BEFORE}(?P<y2>20\d\d)(?P<s2>[-/.])(?P<m2>\d{{1,2}})(?P=s2)(?P<d2>\d{{1,2}}){_AFTER}",
    rf"{_BEFORE}(?P<y3>20\d\d)(?P<m3>[01]\d)(?P<d3>[0-3]\d){_AFTER}",
    rf"{_BEFORE}(?P<m4>\d{{1,2}})\s?月\s?(?P<d4>\d{{1,2}})\s?[日号]",
    rf"{_BEFORE}(?P<a5>\d{{1,2}})(?P<s5>[-/.])(?P<b5>\d{{1,2}})(?P=s5)(?P<c5>20\d\d|\d\d){_AFTER}",
    rf"{_BEFORE}(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?[\s-]?(?:of\s)?(?P<m6>{_MONTH})(?:[\s,'-]{{0,2}}(?P<y6>20\d\d|\d\d(?![\d:])))?(?![A-Za-z])",
    rf"(?<![A-Za-z])(?P<m7>{_MONTH})\s?(?P<d7>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<y7>20\d\d))?",
    rf"{_BEFORE}(?P<a8>\d{{1,2}})/(?P<b8>\d{{1,2}}){_AFTER}",
)
_PATTERN = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)
DATE = "(?i:(?:" + "|".join(re.sub(r"\?P<\w+>", "?:", re.sub(r"\(\?P=s\d\)", "[-/.]", form)) for form in _FORMS) + rf"){_TIME})"
_HOUR = re.compile(r"(\d{1,2})(?::(\d{2})|[时点])(?:.*?([ap])m)?", re.IGNORECASE)

# Ends older than two years or further than eleven are misreadings; so is an "as of" after tomorrow.
_OLDEST = timedelta(days=800)
_FURTHEST = timedelta(days=4000)
# Without a year the nearest date wins only when it is clearly nearer than the other one.
_CLEAR = timedelta(days=275)


@dataclass(frozen=True, slots=True)
class DateReading:
    """``days``: the ways to read it, one when it is clear, none when it is no date. ``year_assumed``: the text gave no year.

    ``hour``: 0-24 when the text gave a time of day.
    """

    days: tuple[date, ...]
    year_assumed: bool = False
    hour: int | None = None


def interpret(text: str, order: Order | None, received: date, side: Side) -> DateReading:
    """Read ``text`` (one match of DATE). ``order``: how this operator writes dates in figures, None when not known."""
    match = _PATTERN.search(text)
    if match is None:
        return DateReading(())
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    form = re.sub(r"\D", "", next(name for name in groups if name[0] in "dab"))
    hour = _hour(text[match.end() :])
    if form in "123467":
        month_text = groups["m" + form]
        month = _MONTHS[month_text[:3].lower()] if month_text[0].isalpha() else int(month_text)
        day, year = int(groups["d" + form]), groups.get("y" + form)
        if year is None:
            return DateReading(_nearest(month, day, received, side), year_assumed=True, hour=hour)
        full = int(year) if len(year) == 4 else 2000 + int(year)
        return DateReading(_plausible({_day(full, month, day)}, received, side), hour=hour)
    first, second = int(groups["a" + form]), int(groups["b" + form])
    if form == "8":
        ways = {Order.DAY_FIRST: (second, first), Order.MONTH_FIRST: (first, second)}
        chosen = [ways[order]] if order in ways else list(ways.values())
        found = {day for month, number in chosen for day in _nearest(month, number, received, side)}
        return DateReading(tuple(sorted(found)), year_assumed=True, hour=hour)
    third = groups["c5"]
    year = int(third) if len(third) == 4 else 2000 + int(third)
    candidates = {Order.DAY_FIRST: _day(year, second, first), Order.MONTH_FIRST: _day(year, first, second)}
    if len(third) == 2:
        candidates[Order.YEAR_FIRST] = _day(2000 + first, second, int(third))
    if order in candidates and (days := _plausible({candidates[order]}, received, side)):
        return DateReading(days, hour=hour)
    return DateReading(_plausible(set(candidates.values()), received, side), hour=hour)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plausible(days: set[date | None], received: date, side: Side) -> tuple[date, ...]:
    last = received + (_FURTHEST if side is Side.AHEAD else timedelta(days=1))
    return tuple(sorted(day for day in days if day is not None and received - _OLDEST <= day <= last))


def _nearest(month: int, day: int, received: date, side: Side) -> tuple[date, ...]:
    """The one year that is clearly meant, or the two that could be."""
    near = [found for year in (received.year - 1, received.year, received.year + 1) if (found := _day(year, month, day))]
    if side is Side.AHEAD:
        clear = [found for found in near if timedelta(0) <= found - received <= _CLEAR]
    else:
        clear = [found for found in near if -_CLEAR <= found - received <= timedelta(days=1)]
    if clear:
        return (clear[0],)
    return tuple(found for found in near if abs(found - received) < timedelta(days=366))


def _hour(text: str) -> int | None:
    match = _HOUR.search(text)
    if match is None:
        return None
    hour = int(match.group(1))
    if match.group(3) and match.group(3).lower() == "p" and hour < 12:
        hour += 12
    return hour if hour <= 24 else None
