"""The steps of a trip as a calendar file (RFC 5545): one whole-day event each, the same each time it is made."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from services.rules.compare.export import plain_cell
from services.rules.inert import unlinked

LONGEST = 1_000
"""Characters of a text in a calendar."""
_TAGS = re.compile(r"[<>]")
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
REMIND_AT = timedelta(hours=9)
"""After midnight of the day, in the calendar's own zone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``uid``: the same for the same step, so that a calendar that reads the file again changes it instead of adding another."""

    uid: str
    day: date
    summary: str
    description: str = ""
    url: str = ""


def calendar_file(entries: Iterable[Entry], stamp: datetime) -> bytes:
    """``stamp``: when the steps were made, aware. Texts may be other people's: neither markup nor a formula is left in them, and an
    address that is not https is not written."""
    calendar = Calendar()
    calendar.add("prodid", "-//Simkeeper//Trip//EN")
    calendar.add("version", "2.0")
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.uid}@simkeeper")
        event.add("dtstamp", stamp)
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("summary", safe(entry.summary))
        if entry.description:
            event.add("description", safe(entry.description))
        if entry.url.startswith("https://"):
            event.add("url", entry.url)
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", safe(entry.summary))
        alarm.add("trigger", REMIND_AT)
        event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def safe(text: str) -> str:
    """``text`` without what an importing program might run, follow or hide: tags, addresses, control and direction characters, a formula's
    beginning, and what is longer than anybody reads in a calendar."""
    return plain_cell(unlinked(_HIDDEN.sub("", _TAGS.sub(" ", text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"))))
