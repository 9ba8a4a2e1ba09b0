"""The channels that an account's messages go through; what was entered for them is sealed."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, select

from services.store.database import Database
from services.store.tables import delivery_channels
from services.store.vault import Vault


class NoSuchChannel(Exception):
    """The account has no channel of this id (any more)."""


@dataclass(frozen=True, slots=True)
class KeptChannel:
    """``failed_at``, ``failure``, ``failure_detail``: how the last message failed; None when it arrived or none was sent."""

    channel_id: str
    kind: str
    name: str
    language: str
    enabled: bool
    is_fallback: bool
    added_at: datetime
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    failure_detail: str


class ChannelStore:
    """Channels of one account."""

    def __init__(self, database: Database, account: str, vault: Vault) -> None:
        self._database = database
        self._account = account
        self._vault = vault

    def all(self) -> list[KeptChannel]:
        """Every channel, the one added first first."""
        table = delivery_channels
        query = select(table).where(table.c.account_id == self._account).order_by(table.c.added_at, table.c.id)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(query)]

    def get(self, channel_id: str) -> KeptChannel:
        """Raises NoSuchChannel."""
        with self._database.read() as connection:
            row = connection.execute(select(delivery_channels).where(self._of(channel_id))).first()
        if row is None:
            raise NoSuchChannel(channel_id)
        return _kept(row)

    def values(self, channel_id: str) -> dict[str, str]:
        """What was entered. Raises NoSuchChannel and SecretUnreadable."""
        with self._database.read() as connection:
            sealed = connection.execute(select(delivery_channels.c.sealed).where(self._of(channel_id))).scalar()
        if sealed is None:
            raise NoSuchChannel(channel_id)
        return dict(json.loads(self._vault.open(sealed)))

    def add(self, kind: str, name: str, language: str, values: Mapping[str, str], at: datetime) -> str:
        """Keep a new channel, switched on. Returns its id."""
        channel_id = secrets.token_hex(8)
        row = {"kind": kind, "name": name, "language": language, "sealed": self._seal(values), "added_at": int(at.timestamp())}
        with self._database.write(self._account) as connection:
            connection.execute(delivery_channels.insert().values(account_id=self._account, id=channel_id, enabled=1, is_fallback=0, **row))
        return channel_id

    def change(self, channel_id: str, name: str, language: str, values: Mapping[str, str]) -> None:
        """Put other values in place of those kept; what was said of the old ones is forgotten. Raises NoSuchChannel."""
        forgotten = {"succeeded_at": None, "failed_at": None, "failure": None, "failure_detail": None}
        self._update(channel_id, {"name": name, "language": language, "sealed": self._seal(values), **forgotten})

    def switch(self, channel_id: str, on: bool) -> None:
        """Raises NoSuchChannel."""
        self._update(channel_id, {"enabled": int(on)})

    def make_fallback(self, channel_id: str | None) -> None:
        """The one channel that serves when another fails; None: none does. Raises NoSuchChannel."""
        mine = delivery_channels.c.account_id == self._account
        with self._database.write(self._account) as connection:
            connection.execute(delivery_channels.update().where(mine).values(is_fallback=0))
            if (
                channel_id is not None
                and not connection.execute(delivery_channels.update().where(self._of(channel_id)).values(is_fallback=1)).rowcount
            ):
                raise NoSuchChannel(channel_id)

    def note_success(self, channel_id: str, at: datetime) -> None:
        """The service took a message. Nothing happens when the channel is gone."""
        arrived = {"succeeded_at": int(at.timestamp()), "failed_at": None, "failure": None, "failure_detail": None}
        with self._database.write(self._account) as connection:
            connection.execute(delivery_channels.update().where(self._of(channel_id)).values(**arrived))

    def note_failure(self, channel_id: str, failure: str, detail: str, at: datetime) -> None:
        """A message did not arrive. Nothing happens when the channel is gone."""
        failed = {"failed_at": int(at.timestamp()), "failure": failure, "failure_detail": detail[:64]}
        with self._database.write(self._account) as connection:
            connection.execute(delivery_channels.update().where(self._of(channel_id)).values(**failed))

    def remove(self, channel_id: str) -> None:
        with self._database.write(self._account) as connection:
            connection.execute(delivery_channels.delete().where(self._of(channel_id)))

    def _update(self, channel_id: str, row: Mapping[str, Any]) -> None:
        with self._database.write(self._account) as connection:
            if not connection.execute(delivery_channels.update().where(self._of(channel_id)).values(**row)).rowcount:
                raise NoSuchChannel(channel_id)

    def _seal(self, values: Mapping[str, str]) -> str:
        return self._vault.seal(json.dumps(dict(values)))

    def _of(self, channel_id: str) -> Any:
        return and_(delivery_channels.c.account_id == self._account, delivery_channels.c.id == channel_id)


def _kept(row: Any) -> KeptChannel:
    return KeptChannel(
        row.id,
        row.kind,
        row.name,
        row.language,
        bool(row.enabled),
        bool(row.is_fallback),
        datetime.fromtimestamp(row.added_at, UTC),
        _moment(row.succeeded_at),
        _moment(row.failed_at),
        row.failure,
        row.failure_detail or "",
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
