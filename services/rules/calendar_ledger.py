"""Which entries a calendar program is told of, and as which edition of each (RFC 5545, 3.8.7).

A changed entry gets a higher sequence number; one whose thing is no more is cancelled once. Programs ignore an entry with a lower number
than the one they know, so no number is given twice.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from services.model.calendar_entry import CalendarEntry, PublishedEntry

TOLD_FOR = timedelta(days=90)
"""So long a cancelled entry, and one that is past and gone, is still told of: every program has asked by then."""


def next_edition(
    published: Mapping[str, PublishedEntry], entries: Iterable[CalendarEntry], now: datetime, today: date
) -> list[PublishedEntry]:
    """What changes in ``published`` when ``entries`` is how things stand; nothing when they stand as published. ``now`` aware, ``today``
    the person's day."""
    found: list[PublishedEntry] = []
    standing = {entry.uid: entry for entry in entries}
    moment = now.astimezone(UTC).replace(microsecond=0)
    for entry in standing.values():
        before = published.get(entry.uid)
        if before is None:
            found.append(PublishedEntry(entry, 0, moment))
        elif before.cancelled or before.entry != entry:
            found.append(PublishedEntry(entry, before.sequence + 1, max(moment, before.changed_at)))
    for uid, before in published.items():
        if uid in standing or before.cancelled or today - TOLD_FOR <= before.entry.day < today:
            continue  # what is past stays in the program as it was
        gone = CalendarEntry(uid, before.entry.day, "")
        found.append(PublishedEntry(gone, before.sequence + 1, max(moment, before.changed_at), cancelled=True))
    return found


def told(published: Iterable[PublishedEntry], now: datetime) -> list[PublishedEntry]:
    """What stands in the calendar, by day."""
    recent = [one for one in published if not one.cancelled or now - one.changed_at <= TOLD_FOR]
    return sorted(recent, key=lambda one: (one.entry.day, one.entry.uid))
