"""What the emulators of one account were asked to change, in the order they did it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from services.store.acting import as_program
from services.store.database import Database
from services.store.tables import sandbox_requests

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: ``query``, headers and ``body`` are bytes read as Latin-1."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. ``asked`` is None for number 0: the emulator came to be then. ``luck``: what the numbers it invented follow from."""

    number: int
    at: datetime
    luck: str
    asked: Asked | None


class SandboxRequestStore:
    """The journal of each provider's emulator of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def since(self, provider: str, number: int) -> list[Entry]:
        """The beginning, and from ``number`` on; nothing when there is no emulator."""
        with self._database.read() as connection:
            return self._since(connection, provider, number)

    @contextmanager
    def changing(self, provider: str, number: int) -> Iterator[tuple[list[Entry], list[Entry]]]:
        """As ``since``, and a list whose entries are kept when the block ends well. Nobody else changes this emulator meanwhile."""
        fresh: list[Entry] = []
        # A lock of its own where there are several: on PostgreSQL, whatever else is written need not wait for an emulator.
        with as_program(), self._database.write(f"sandbox {provider} of {self._account}") as connection:
            yield self._since(connection, provider, number), fresh
            for entry in fresh:
                connection.execute(sandbox_requests.insert().values(account_id=self._account, provider=provider, **_row(entry)))

    def forget(self, provider: str) -> None:
        """The next emulator begins anew."""
        with as_program(), self._database.write(f"sandbox {provider} of {self._account}") as connection:
            connection.execute(sandbox_requests.delete().where(self._of(provider)))

    def _of(self, provider: str) -> ColumnElement[bool]:
        return and_(sandbox_requests.c.account_id == self._account, sandbox_requests.c.provider == provider)

    def _since(self, connection: Connection, provider: str, number: int) -> list[Entry]:
        later = or_(sandbox_requests.c.number == 0, sandbox_requests.c.number >= number)
        query = select(sandbox_requests).where(self._of(provider), later).order_by(sandbox_requests.c.number)
        return [
            Entry(row.number, _EPOCH + timedelta(microseconds=row.at), row.luck, _asked(row.asked)) for row in connection.execute(query)
        ]


def _row(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": (entry.at - _EPOCH) // timedelta(microseconds=1),
        "luck": entry.luck,
        "asked": "" if entry.asked is None else json.dumps(asdict(entry.asked)),
    }


def _asked(text: str) -> Asked | None:
    if not text:
        return None
    said = json.loads(text)
    return Asked(said["method"], said["path"], said["query"], tuple((name, value) for name, value in said["headers"]), said["body"])
