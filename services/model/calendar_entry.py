"""What a calendar program is told of one thing that falls on a day."""

from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """``uid``: the same for the same thing in every edition, so that a program changes its entry instead of adding another. ``day``: a
    whole day of the person. ``lead_days``: days before it on which the program reminds of it, the earliest first; ``remind_at``: the hour
    of those days."""

    uid: str
    day: date
    summary: str
    description: str = ""
    url: str = ""
    lead_days: tuple[int, ...] = ()
    remind_at: time = time(9)


@dataclass(frozen=True, slots=True)
class PublishedEntry:
    """An entry as programs were told of it. ``sequence`` grows with every change; ``changed_at`` (aware, whole seconds) is when it last
    did. ``cancelled``: the thing is no more; its words are gone then, its day is the one it had."""

    entry: CalendarEntry
    sequence: int
    changed_at: datetime
    cancelled: bool = False
