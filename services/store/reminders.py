"""What was reminded of, how it went, and what a person decided about it.

**Nothing is sent twice, and nothing is lost.** A slot (one step of one episode, or one repeat of it) and the messages about it are claimed
in one transaction; its key makes a second claim impossible, whatever worker asks. A claimed message is *handed over* by one more update of
its own, made immediately before the channel is called, and *sent* or *failed* by another after it. So after a crash:

- CLAIMED: the channel was not called. Any worker sends it in its next run.
- HANDED: the channel was called, or was about to be, and nobody can know whether the message left. It is never sent again: it becomes
  UNKNOWN and is shown as such. The next repeat of the step, a slot of its own, says the same again in due course (within a day where five
  days or less are left), and a fallback channel is not called for it either. Once at most for each slot, and a repeat for every doubt.
- FAILED: the channel said that the message did not leave. It is sent again, later each time.

**No clock is trusted.** What is claimed and waits, and does not hold by the clock of the worker that would send it (its time is over, or
has not come), becomes OBSOLETE, and so does the part of a digest that does not hold. The claim stays. As soon as it holds by the clock of
some later worker, and no other message on that channel says it, it is claimed for that channel again (``claim_left_out``).
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, select

from services.model.reminder import CardHabits, Decision, Habits, Slot
from services.store.acting import as_program
from services.store.database import Database
from services.store.leases import lock
from services.store.settings import SettingsStore
from services.store.tables import card_reminders, cards, reminder_episodes, reminder_links, reminder_messages, reminder_slots

_HABITS: TypeAdapter[Habits] = TypeAdapter(Habits)
_CARD_HABITS: TypeAdapter[CardHabits] = TypeAdapter(CardHabits)
SETTING = "reminders"
SEEN = "seen-"
"""How the names of episodes begin that begin with being seen."""
REOPENS = timedelta(days=1)
"""What was away for less than this is the same episode: figures close to a limit come and go."""
KEPT = timedelta(days=400)
"""Messages and links older than this are forgotten; slots stay, so that nothing is said again."""
_CHUNK = 300


class MessageStatus(StrEnum):
    CLAIMED = "claimed"
    HANDED = "handed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"  # handed over, and the worker died before it learned what came of it
    REPLACED = "replaced"  # kept failing, and went to the fallback channel
    GIVEN_UP = "given_up"
    OBSOLETE = "obsolete"  # what it was about did not hold, by the clock of the worker that was to send it, or is said by another one


_GOING = tuple(status.value for status in (MessageStatus.CLAIMED, MessageStatus.FAILED, MessageStatus.HANDED))
_SAID = tuple(status.value for status in (MessageStatus.HANDED, MessageStatus.SENT, MessageStatus.UNKNOWN, MessageStatus.GIVEN_UP))


class LinkAction(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"


@dataclass(frozen=True, slots=True)
class Item:
    """One slot of one episode of one topic. ``card_id``: for the ledger, so that its rows go with the card."""

    topic: str
    episode: str
    slot: Slot
    card_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Episode:
    opened_at: datetime
    closed_at: datetime | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be claimed, and the links it carries: action, items, expiry, by their ids."""

    channel_id: str
    items: tuple[Item, ...]
    title: str
    body: str
    links: Mapping[str, tuple[LinkAction, tuple[Item, ...], datetime]]


@dataclass(frozen=True, slots=True)
class Message:
    message_id: str
    channel_id: str
    items: tuple[Item, ...]
    title: str
    body: str
    made_at: datetime
    status: MessageStatus
    attempts: int
    tried_at: datetime | None
    next_try_at: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class Link:
    """``used_at``: None while it works."""

    action: LinkAction
    items: tuple[Item, ...]
    expires_at: datetime
    used_at: datetime | None


class ReminderStore:
    """Reminders of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account
        self._settings = SettingsStore(database, account)

    # ------------------------------------------------------------------------------------------------------- habits

    def habits(self) -> Habits:
        kept = self._settings.get(SETTING)
        return Habits() if kept is None else _HABITS.validate_python(kept)

    def keep_habits(self, habits: Habits) -> None:
        self._settings.put(SETTING, _HABITS.dump_python(habits, mode="json"))

    def card_habits(self) -> dict[str, CardHabits]:
        """Of every card that differs."""
        query = select(card_reminders.c.card_id, card_reminders.c.body).where(card_reminders.c.account_id == self._account)
        with self._database.read() as connection:
            return {row.card_id: _CARD_HABITS.validate_json(row.body) for row in connection.execute(query)}

    def keep_card_habits(self, card_id: str, habits: CardHabits) -> bool:
        """False when the card is gone."""
        mine = and_(card_reminders.c.account_id == self._account, card_reminders.c.card_id == card_id)
        with self._database.write(self._account) as connection:
            if not self._known(connection, {card_id}):
                return False
            connection.execute(card_reminders.delete().where(mine))
            if habits != CardHabits():
                body = _CARD_HABITS.dump_json(habits).decode()
                connection.execute(card_reminders.insert().values(account_id=self._account, card_id=card_id, body=body))
        return True

    # ------------------------------------------------------------------------------------------------------- episodes

    def episodes(self) -> dict[tuple[str, str], Episode]:
        """Every episode that was opened or decided about, by topic and name."""
        query = select(reminder_episodes).where(reminder_episodes.c.account_id == self._account)
        with self._database.read() as connection:
            return {(row.topic, row.episode): _episode(row) for row in connection.execute(query)}

    def see(self, seen: Mapping[str, str | None], now: datetime) -> None:
        """Open an episode for each topic of ``seen`` (with its card) that has none open, and close those seen no more. For topics alone
        whose episodes begin with being seen: the episode's name is the second at which it was opened."""
        mine = and_(reminder_episodes.c.account_id == self._account, reminder_episodes.c.episode.like(f"{SEEN}%"))
        at = int(now.timestamp())
        with as_program(), self._database.write(self._account) as connection:  # seen whenever anybody looks
            newest: dict[str, Any] = {}
            for row in connection.execute(select(reminder_episodes).where(mine).order_by(reminder_episodes.c.opened_at)):
                newest[row.topic] = row
            present = self._known(connection, {card for card in seen.values() if card is not None})
            for topic, row in newest.items():
                same = and_(mine, reminder_episodes.c.topic == topic, reminder_episodes.c.episode == row.episode)
                if topic not in seen and row.closed_at is None:
                    connection.execute(reminder_episodes.update().where(same).values(closed_at=at))
                elif topic in seen and row.closed_at is not None and abs(at - row.closed_at) < REOPENS.total_seconds():
                    connection.execute(reminder_episodes.update().where(same).values(closed_at=None))
            for topic, card_id in seen.items():
                last = newest.get(topic)
                away = last is not None and last.closed_at is not None and abs(at - last.closed_at) >= REOPENS.total_seconds()
                if (last is None or away) and (card_id is None or card_id in present):
                    name = f"{SEEN}{at}"
                    taken = and_(mine, reminder_episodes.c.topic == topic, reminder_episodes.c.episode == name)
                    connection.execute(reminder_episodes.delete().where(taken))
                    fresh = {"account_id": self._account, "topic": topic, "episode": name, "card_id": card_id, "opened_at": at}
                    connection.execute(reminder_episodes.insert().values(**fresh))

    def acknowledge(self, items: Iterable[Item], now: datetime) -> None:
        """Nothing of these is repeated; the next step of each comes. What was acknowledged at a later step stays so."""
        with self._database.write(self._account) as connection:
            for item in items:
                kept = self._make_episode(connection, item, now)
                step = item.slot.step if kept is None or kept.acknowledged is None else max(kept.acknowledged, item.slot.step)
                self._decide(connection, item, {"acknowledged": step, "acknowledged_at": int(now.timestamp()), "snoozed_until": None})

    def snooze(self, items: Iterable[Item], until: datetime, now: datetime) -> None:
        """Nothing of these is sent before ``until``; then they are due anew."""
        with self._database.write(self._account) as connection:
            for item in items:
                self._make_episode(connection, item, now)
                self._decide(connection, item, {"snoozed_until": int(until.timestamp()), "acknowledged": None, "acknowledged_at": None})

    def _make_episode(self, connection: Connection, item: Item, now: datetime) -> Any:
        row = connection.execute(select(reminder_episodes).where(self._is_episode(item))).first()
        if row is None and (item.card_id is None or self._known(connection, {item.card_id})):
            fresh = {"topic": item.topic, "episode": item.episode, "card_id": item.card_id, "opened_at": int(now.timestamp())}
            connection.execute(reminder_episodes.insert().values(account_id=self._account, **fresh))
        return row

    def _decide(self, connection: Connection, item: Item, values: dict[str, Any]) -> None:
        connection.execute(reminder_episodes.update().where(self._is_episode(item)).values(**values))

    def _is_episode(self, item: Item) -> Any:
        mine = reminder_episodes.c.account_id == self._account
        return and_(mine, reminder_episodes.c.topic == item.topic, reminder_episodes.c.episode == item.episode)

    # ------------------------------------------------------------------------------------------------------- slots and messages

    def claimed(self, topics: Sequence[str]) -> dict[tuple[str, str], set[Slot]]:
        """Every slot claimed so far of these topics, by topic and episode."""
        with self._database.read() as connection:
            return self._claimed(connection, topics)

    def _claimed(self, connection: Connection, topics: Sequence[str]) -> dict[tuple[str, str], set[Slot]]:
        found: dict[tuple[str, str], set[Slot]] = {}
        for start in range(0, len(topics), _CHUNK):
            part = reminder_slots.c.topic.in_(topics[start : start + _CHUNK])
            for row in connection.execute(select(reminder_slots).where(reminder_slots.c.account_id == self._account, part)):
                found.setdefault((row.topic, row.episode), set()).add(Slot.parse(row.slot))
        return found

    def said(self, since: datetime, until: datetime) -> dict[tuple[str, str], list[tuple[Slot, datetime]]]:
        """What left between the two, or may have left, and when, by topic and episode. What was claimed and waits has not been said."""
        between = reminder_messages.c.tried_at.between(int(since.timestamp()), int(until.timestamp()))
        found: dict[tuple[str, str], list[tuple[Slot, datetime]]] = {}
        for message in self._messages(and_(reminder_messages.c.status.in_(_SAID), between), None):
            for item in message.items:
                found.setdefault((item.topic, item.episode), []).append((item.slot, message.tried_at or message.made_at))
        return found

    def claim(self, items: Sequence[Item], draft: Callable[[Sequence[Item]], Sequence[Draft]], now: datetime) -> int:
        """Claim those of ``items`` that nobody has claimed, with the messages that ``draft`` makes of them, in one transaction: of several
        workers one gets each slot. Nothing is claimed when ``draft`` makes no message. Returns how many messages there are."""
        at = int(now.timestamp())
        with self._database.write(self._account) as connection:
            lock(connection, self._account)
            done = self._claimed(connection, list({item.topic for item in items}))
            present = self._known(connection, {item.card_id for item in items if item.card_id is not None})
            fresh = [
                item
                for item in items
                if (item.card_id is None or item.card_id in present) and item.slot not in done.get((item.topic, item.episode), ())
            ]
            drafts = draft(fresh) if fresh else []
            if not drafts:
                return 0
            rows = [
                {
                    "account_id": self._account,
                    "topic": item.topic,
                    "episode": item.episode,
                    "slot": str(item.slot),
                    "card_id": item.card_id,
                    "claimed_at": at,
                }
                for item in fresh
            ]
            connection.execute(reminder_slots.insert(), rows)
            for number, message in enumerate(drafts):
                self._put(connection, message, at, number)
            return len(drafts)

    def claim_left_out(
        self,
        items: Collection[Item],
        channel_ids: Collection[str],
        draft: Callable[[str, Sequence[Item]], Sequence[Draft]],
        now: datetime,
    ) -> int:
        """Messages, made by ``draft`` for a channel, about those of ``items`` that were left out on it: claimed and never said, because a
        clock that was wrong saw their time gone by, or claimed them before it came. Returns how many messages there are."""
        with self._database.read() as connection:
            if not self._left_out(connection, items, channel_ids):
                return 0
        with self._database.write(self._account) as connection:
            lock(connection, self._account)
            drafts = [one for channel, lost in self._left_out(connection, items, channel_ids).items() for one in draft(channel, lost)]
            for number, message in enumerate(drafts):
                self._put(connection, message, int(now.timestamp()), number)
            return len(drafts)

    def _left_out(self, connection: Connection, items: Collection[Item], channel_ids: Collection[str]) -> dict[str, list[Item]]:
        """Those of ``items`` that a channel was to say and no message says or said there, by channel."""
        mine, over = reminder_messages.c.account_id == self._account, reminder_messages.c.status == MessageStatus.OBSOLETE.value
        columns = select(reminder_messages.c.channel_id, reminder_messages.c["items"]).where(mine)
        lost: dict[str, set[Item]] = {}
        for row in connection.execute(columns.where(over)):
            if row.channel_id in channel_ids:
                lost.setdefault(row.channel_id, set()).update(item for item in map(_item, row.items) if item in items)
        lost = {channel: found for channel, found in lost.items() if found}
        if lost:
            for row in connection.execute(columns.where(~over, reminder_messages.c.channel_id.in_(list(lost)))):
                lost[row.channel_id] -= set(map(_item, row.items))
        return {channel: [item for item in items if item in found] for channel, found in lost.items() if found}

    def end(self, message: Message, status: MessageStatus) -> bool:
        """Note that a message is over, untouched. False when another worker has taken it in between."""
        with self._database.write(self._account) as connection:
            return self._end(connection, message, status)

    def replace(self, message: Message, draft: Draft, now: datetime, status: MessageStatus) -> bool:
        """Put ``draft`` in the place of a message that waits, which becomes ``status``; on the same channel it has been tried as often.
        False when another worker has taken it."""
        with self._database.write(self._account) as connection:
            if not self._end(connection, message, status):
                return False
            attempts = message.attempts if draft.channel_id == message.channel_id else 0
            self._put(connection, draft, int(now.timestamp()), attempts=attempts)
        return True

    def _end(self, connection: Connection, message: Message, status: MessageStatus) -> bool:
        waits = and_(self._is_message(message.message_id), reminder_messages.c.status == message.status.value)
        return bool(connection.execute(reminder_messages.update().where(waits).values(status=status.value)).rowcount)

    def _put(self, connection: Connection, draft: Draft, at: int, number: int = 0, attempts: int = 0) -> None:
        """``number``: its place among those claimed at once, which its id keeps."""
        row = {
            "account_id": self._account,
            "id": f"{number:04x}{secrets.token_hex(8)}",
            "channel_id": draft.channel_id,
            "items": [_as_json(item) for item in draft.items],
            "title": draft.title,
            "body": draft.body,
            "made_at": at,
            "status": MessageStatus.CLAIMED.value,
            "attempts": attempts,
            "failure": "",
        }
        connection.execute(reminder_messages.insert().values(**row))
        for link_id, (action, items, expires) in draft.links.items():
            entries, until = [_as_json(item) for item in items], int(expires.timestamp())
            link = reminder_links.insert().values(
                account_id=self._account, id=link_id, action=action.value, items=entries, expires_at=until
            )
            connection.execute(link)

    def open_messages(self) -> list[Message]:
        """Those that still have to go: claimed, failed, or handed over; the oldest first."""
        return self._messages(reminder_messages.c.status.in_(_GOING), None)[::-1]

    def log(self, newest: int) -> list[Message]:
        """The last ``newest`` messages, the last one first."""
        return self._messages(None, newest)

    def _messages(self, which: Any, newest: int | None) -> list[Message]:
        query = select(reminder_messages).where(reminder_messages.c.account_id == self._account)
        if which is not None:
            query = query.where(which)
        query = query.order_by(reminder_messages.c.made_at.desc(), reminder_messages.c.id.desc()).limit(newest)  # ids count up in a claim
        with self._database.read() as connection:
            return [_message(row) for row in connection.execute(query)]

    def hand_over(self, message: Message, now: datetime) -> bool:
        """Note that the channel is called now. False when another worker has it, or it is over."""
        same = and_(self._is_message(message.message_id), reminder_messages.c.status == message.status.value)
        values = {"status": MessageStatus.HANDED.value, "attempts": message.attempts + 1, "tried_at": int(now.timestamp())}
        with self._database.write(self._account) as connection:
            unchanged = and_(same, reminder_messages.c.attempts == message.attempts)
            return bool(connection.execute(reminder_messages.update().where(unchanged).values(**values)).rowcount)

    def settle(self, message_id: str, status: MessageStatus, failure: str = "", next_try_at: datetime | None = None) -> None:
        """Note what came of a message."""
        values = {
            "status": status.value,
            "failure": failure[:300],
            "next_try_at": None if next_try_at is None else int(next_try_at.timestamp()),
        }
        with self._database.write(self._account) as connection:
            connection.execute(reminder_messages.update().where(self._is_message(message_id)).values(**values))

    def _is_message(self, message_id: str) -> Any:
        return and_(reminder_messages.c.account_id == self._account, reminder_messages.c.id == message_id)

    # ------------------------------------------------------------------------------------------------------- links

    def link(self, link_id: str) -> Link | None:
        """None when there is none."""
        query = select(reminder_links).where(reminder_links.c.account_id == self._account, reminder_links.c.id == link_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            items = tuple(_item(entry) for entry in row.items)
            cards_of = self._cards_of(connection, items)
        used = None if row.used_at is None else _moment(row.used_at)
        return Link(LinkAction(row.action), tuple(cards_of(item) for item in items), _moment(row.expires_at), used)

    def use_link(self, link_id: str, now: datetime) -> bool:
        """Take the one use of a link. False when it was taken."""
        mine = and_(reminder_links.c.account_id == self._account, reminder_links.c.id == link_id, reminder_links.c.used_at.is_(None))
        with self._database.write(self._account) as connection:
            return bool(connection.execute(reminder_links.update().where(mine).values(used_at=int(now.timestamp()))).rowcount)

    def _cards_of(self, connection: Connection, items: Sequence[Item]) -> Callable[[Item], Item]:
        topics = {item.topic for item in items}
        query = select(reminder_slots.c.topic, reminder_slots.c.card_id)
        mine = query.where(reminder_slots.c.account_id == self._account, reminder_slots.c.topic.in_(topics))
        known = {row.topic: row.card_id for row in connection.execute(mine)}
        return lambda item: Item(item.topic, item.episode, item.slot, known.get(item.topic))

    # ------------------------------------------------------------------------------------------------------- tidying

    def forget_old(self, now: datetime) -> None:
        """Drop messages and links that nobody asks for any more."""
        before = int((now - KEPT).timestamp())
        over = and_(reminder_messages.c.made_at < before, reminder_messages.c.status.not_in(_GOING))  # this clock may be wrong by years
        with self._database.write(self._account) as connection:
            for table, old in ((reminder_messages, over), (reminder_links, reminder_links.c.expires_at < before)):
                connection.execute(table.delete().where(table.c.account_id == self._account, old))

    def _known(self, connection: Connection, card_ids: set[str]) -> set[str]:
        wanted, found = list(card_ids), set[str]()
        for start in range(0, len(wanted), _CHUNK):
            part = cards.c.id.in_(wanted[start : start + _CHUNK])
            found |= set(connection.execute(select(cards.c.id).where(cards.c.account_id == self._account, part)).scalars())
        return found


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _as_json(item: Item) -> list[str]:
    return [item.topic, item.episode, str(item.slot)]


def _item(entry: Sequence[str]) -> Item:
    return Item(entry[0], entry[1], Slot.parse(entry[2]))


def _episode(row: Any) -> Episode:
    snoozed = None if row.snoozed_until is None else _moment(row.snoozed_until)
    closed = None if row.closed_at is None else _moment(row.closed_at)
    return Episode(_moment(row.opened_at), closed, Decision(row.acknowledged, snoozed))


def _message(row: Any) -> Message:
    return Message(
        row.id,
        row.channel_id,
        tuple(_item(entry) for entry in row.items),
        row.title,
        row.body,
        _moment(row.made_at),
        MessageStatus(row.status),
        row.attempts,
        None if row.tried_at is None else _moment(row.tried_at),
        None if row.next_try_at is None else _moment(row.next_try_at),
        row.failure,
    )
