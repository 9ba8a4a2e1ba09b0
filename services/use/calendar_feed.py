"""An account's calendar for other programs: the last safe day of every clock, days that devices go back, the last days of claims, the steps
of trips; as a file, and at a secret address that can be revoked (RFC 5545).

The file says the same until something changes, so that a program that asks every hour is told "nothing new".
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Alarm, Calendar, Event, Timezone

from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.model.reminder import CardHabits, Habits, Topic
from services.model.saved_trip import SavedTrip, Step
from services.rules.calendar_ledger import next_edition, told
from services.rules.reminders.ladders import is_dated
from services.rules.reminders.schedule import steps_of
from services.rules.reminders.topics import CardFacts, topics
from services.store.acting import as_program
from services.store.calendar_feeds import CalendarFeedStore, Feed, FoundFeed, find_feed
from services.store.reminders import ReminderStore
from services.store.trips import TripStore
from services.store.vault import Vault
from services.use.clocks import ClockDesk
from services.use.house import House
from services.use.renewals import RenewalDesk, facts_of
from services.use.trip_calendar import safe

ASK_AGAIN = timedelta(hours=6)
LEADS = (10, 1)
"""Days before the day of a step of a trip, or of anything that has no ladder of its own."""
SHORT = timedelta(days=14)
"""How far back a trip's step may lie to stand in the calendar still."""


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one entry."""

    summary: str
    description: str = ""


class Speaker(Protocol):
    """Says things in the language of the calendar. The same thing is said in the same words on every day."""

    def name(self) -> str: ...

    def cancelled(self) -> str: ...

    def topic(self, topic: Topic, zone: ZoneInfo) -> Said: ...

    def step(self, trip: SavedTrip, step: Step) -> Said: ...


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """``tag``: the same for the same ``content``. ``changed_at``: of what changed last."""

    content: bytes
    tag: str
    changed_at: datetime


def feed_of(house: House, token: str) -> FoundFeed | None:
    """Whose calendar lies at the secret address; None when there is none (any more)."""
    return find_feed(house.database, token)


class CalendarFeeds:
    """Calendars of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._store = CalendarFeedStore(house.database, account, Vault(house.configuration.data_dir))

    def feeds(self) -> dict[str, Feed]:
        """The secret addresses there are, by language."""
        return self._store.all()

    def open(self, language: str, zone: str) -> str:
        """A new secret for the calendar in ``language``; an older one leads nowhere from now on. ``zone``: where the person is."""
        return self._store.make(language, _zone(zone).key, self._now())

    def close(self, language: str) -> None:
        """The address in ``language`` leads nowhere from now on."""
        self._store.remove(language)

    def file(self, language: str, zone: str, speaker: Speaker) -> CalendarFile:
        """The calendar as it stands. ``zone`` serves while the person has chosen none for reminders."""
        reminders = ReminderStore(self._house.database, self._account)
        habits, by_card = reminders.habits(), reminders.card_habits()
        here, now = _zone(habits.zone or zone), self._now()
        entries = [*self._of_cards(speaker, habits, by_card, here, now), *self._of_trips(speaker, habits, here, now)]
        today = now.astimezone(here).date()
        with as_program():  # whoever looks at a calendar changes nothing of the cards
            published = self._store.publish(language, lambda before: next_edition(before, entries, now, today))
        shown = told(published.values(), now)
        content = written(shown, speaker, here.key)
        changed_at = max((one.changed_at for one in shown), default=datetime.fromtimestamp(0, UTC))
        return CalendarFile(content, hashlib.sha256(content).hexdigest()[:32], changed_at)

    def _of_cards(
        self, speaker: Speaker, habits: Habits, by_card: dict[str, CardHabits], zone: ZoneInfo, now: datetime
    ) -> Iterable[CalendarEntry]:
        clocks = ClockDesk(self._house, self._account, lambda: now.astimezone(zone)).all()
        facts = [CardFacts(known.card, known.states, known.is_assumed) for known in clocks if not known.card.is_sample]
        walks = RenewalDesk(self._house, self._account, lambda: now.astimezone(zone)).walks()
        for topic in topics(facts, facts_of(walks, [known.card for known in clocks]), now, zone):
            if topic.last_day is None or not is_dated(topic.matter):
                continue
            said = speaker.topic(topic, zone)
            leads = tuple(-step for step in steps_of(topic, habits, by_card.get(topic.card_id or "")))
            yield CalendarEntry(topic.key, topic.last_day, said.summary, said.description, lead_days=leads, remind_at=habits.at)

    def _of_trips(self, speaker: Speaker, habits: Habits, zone: ZoneInfo, now: datetime) -> Iterable[CalendarEntry]:
        since = (now - SHORT).astimezone(zone).date()
        for trip in TripStore(self._house.database, self._account).all():
            for step in () if trip.is_sample else trip.steps:
                if step.day >= since and not step.done:
                    said = speaker.step(trip, step)
                    url = step.url if step.url.startswith("https://") else ""
                    uid = f"trip/{trip.trip_id}/{step.step_id}"
                    yield CalendarEntry(uid, step.day, said.summary, said.description, url, LEADS, habits.at)


def written(shown: Iterable[PublishedEntry], speaker: Speaker, zone: str) -> bytes:
    """The file of what is ``shown``. ``zone``: IANA name of the person's."""
    calendar = Calendar()
    calendar.add("prodid", "-//Simkeeper//Cards//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", safe(speaker.name()))
    calendar.add("x-wr-calname", safe(speaker.name()))
    calendar.add("x-wr-timezone", zone)
    calendar.add("refresh-interval", ASK_AGAIN, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", f"PT{ASK_AGAIN // timedelta(hours=1)}H")
    calendar.add_component(_zone_part(zone))  # a calendar without any part is none, and on some days there is nothing to tell
    for one in shown:
        calendar.add_component(_event(one, speaker))
    return bytes(calendar.to_ical())


@lru_cache(maxsize=32)
def _zone_part(zone: str) -> Timezone:
    return Timezone.from_tzid(zone, first_date=date(2026, 1, 1), last_date=date(2038, 1, 1))


def _event(one: PublishedEntry, speaker: Speaker) -> Event:
    entry, event = one.entry, Event()
    event.add("uid", f"{entry.uid}@simkeeper")
    event.add("dtstamp", one.changed_at)
    event.add("last-modified", one.changed_at)
    event.add("sequence", one.sequence)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
    event.add("summary", speaker.cancelled() if one.cancelled else safe(entry.summary))
    if entry.description:
        event.add("description", safe(entry.description))
    if entry.url:
        event.add("url", entry.url)
    for lead in entry.lead_days:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", safe(entry.summary))
        alarm.add("trigger", timedelta(hours=entry.remind_at.hour, minutes=entry.remind_at.minute) - timedelta(days=lead))
        event.add_component(alarm)
    return event


def _zone(name: str) -> ZoneInfo:
    """UTC for a name that is no zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
