"""Secret addresses of an account's calendar, one for each language, and what programs were told through them."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, select

from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.store.database import Database
from services.store.tables import calendar_entries, calendar_feeds
from services.store.vault import SecretUnreadable, Vault

_ENTRY: TypeAdapter[CalendarEntry] = TypeAdapter(CalendarEntry)
LONGEST_TOKEN = 100


@dataclass(frozen=True, slots=True)
class Feed:
    """``token``: the secret part of the address; None when it cannot be read any more."""

    language: str
    token: str | None
    zone: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """Whose calendar an address is, and how it speaks."""

    account: str
    language: str
    zone: str


def find_feed(database: Database, token: str) -> FoundFeed | None:
    """The feed of the secret ``token``, of whatever account; None when there is none (any more). A token is looked up by its hash, so that
    how long the answer takes says nothing of the tokens there are."""
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    wanted = _hash(token)
    with database.read() as connection:
        row = connection.execute(select(calendar_feeds).where(calendar_feeds.c.token_hash == wanted)).first()
    if row is None or not hmac.compare_digest(row.token_hash, wanted):
        return None
    return FoundFeed(row.account_id, row.language, row.zone)


class CalendarFeedStore:
    """Feeds of one account."""

    def __init__(self, database: Database, account: str, vault: Vault) -> None:
        self._database = database
        self._account = account
        self._vault = vault

    def all(self) -> dict[str, Feed]:
        """Every feed, by its language."""
        query = select(calendar_feeds).where(calendar_feeds.c.account_id == self._account)
        with self._database.read() as connection:
            return {row.language: self._feed(row) for row in connection.execute(query)}

    def make(self, language: str, zone: str, at: datetime) -> str:
        """A new secret in the place of the one there was, which leads nowhere from now on. Returns it."""
        token = secrets.token_urlsafe(32)
        row = {"token_hash": _hash(token), "sealed": self._vault.seal(token), "zone": zone, "made_at": int(at.timestamp())}
        with self._database.write(self._account) as connection:
            if not connection.execute(calendar_feeds.update().where(self._of(language)).values(**row)).rowcount:
                connection.execute(calendar_feeds.insert().values(account_id=self._account, language=language, **row))
        return token

    def remove(self, language: str) -> None:
        """The address leads nowhere from now on."""
        with self._database.write(self._account) as connection:
            connection.execute(calendar_feeds.delete().where(self._of(language)))

    def publish(
        self, language: str, decide: Callable[[Mapping[str, PublishedEntry]], Iterable[PublishedEntry]]
    ) -> dict[str, PublishedEntry]:
        """Keep what ``decide`` makes of what was published, and return how it stands then. ``decide`` may be asked twice; nothing comes
        between the second asking and the keeping."""
        with self._database.read() as connection:
            published = self._published(connection, language)
        if not list(decide(published)):
            return published
        with self._database.write(self._account) as connection:
            published = self._published(connection, language)
            for one in decide(published):
                row = {
                    "body": _ENTRY.dump_json(one.entry, exclude_defaults=True).decode(),
                    "sequence": one.sequence,
                    "changed_at": int(one.changed_at.timestamp()),
                    "cancelled": int(one.cancelled),
                }
                mine = and_(
                    calendar_entries.c.account_id == self._account,
                    calendar_entries.c.language == language,
                    calendar_entries.c.uid == one.entry.uid,
                )
                if not connection.execute(calendar_entries.update().where(mine).values(**row)).rowcount:
                    connection.execute(
                        calendar_entries.insert().values(account_id=self._account, language=language, uid=one.entry.uid, **row)
                    )
                published[one.entry.uid] = one
        return published

    def _published(self, connection: Connection, language: str) -> dict[str, PublishedEntry]:
        mine = and_(calendar_entries.c.account_id == self._account, calendar_entries.c.language == language)
        return {
            row.uid: PublishedEntry(
                _ENTRY.validate_json(row.body), row.sequence, datetime.fromtimestamp(row.changed_at, UTC), bool(row.cancelled)
            )
            for row in connection.execute(select(calendar_entries).where(mine))
        }

    def _feed(self, row: Any) -> Feed:
        try:
            token = self._vault.open(row.sealed)
        except SecretUnreadable:
            token = None
        return Feed(row.language, token, row.zone, datetime.fromtimestamp(row.made_at, UTC))

    def _of(self, language: str) -> Any:
        return and_(calendar_feeds.c.account_id == self._account, calendar_feeds.c.language == language)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
