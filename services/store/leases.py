"""Which worker is at an account, and when one last did its work."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from services.store.database import Database
from services.store.tables import accounts, worker_leases


class LeaseStore:
    """The worker's lease of one account, and what its last run noted."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def take(self, holder: str, now: datetime, length: timedelta) -> bool:
        """Whether ``holder`` may work now: nobody else holds the lease, or its time is over. One that lies further ahead than any lease
        lasts was taken by a clock that was wrong, and does not count. The lease spares work; that nothing is sent twice rests on claims
        (services/store/reminders.py)."""
        at = int(now.timestamp())
        until = at + int(length.total_seconds())
        free = or_(worker_leases.c.holder.in_(("", holder)), worker_leases.c.until <= at, worker_leases.c.until > until)
        with self._database.write(self._account) as connection:
            lock(connection, self._account)
            mine = and_(worker_leases.c.account_id == self._account, free)
            return bool(connection.execute(worker_leases.update().where(mine).values(holder=holder, until=until)).rowcount)

    def leave(self, holder: str) -> None:
        mine = and_(worker_leases.c.account_id == self._account, worker_leases.c.holder == holder)
        with self._database.write(self._account) as connection:
            connection.execute(worker_leases.update().where(mine).values(holder="", until=0))

    def beat(self, now: datetime) -> None:
        """Note that a run ended well."""
        self._note("beat_at", now)

    def last_beat(self) -> datetime | None:
        return self._moment(worker_leases.c.beat_at)

    def looked_up(self, now: datetime) -> None:
        """Note that balances are asked for now."""
        self._note("looked_up_at", now)

    def last_look_up(self) -> datetime | None:
        return self._moment(worker_leases.c.looked_up_at)

    def _note(self, column: str, now: datetime) -> None:
        with self._database.write(self._account) as connection:
            lock(connection, self._account)
            mine = worker_leases.c.account_id == self._account
            connection.execute(worker_leases.update().where(mine).values({column: int(now.timestamp())}))

    def _moment(self, column: Any) -> datetime | None:
        with self._database.read() as connection:
            at = connection.execute(select(column).where(worker_leases.c.account_id == self._account)).scalar()
        return None if at is None else datetime.fromtimestamp(at, UTC)


def lock(connection: Connection, account: str) -> None:
    """One at a time: the account's lease row, made when there is none, is locked until the transaction ends (SQLite has one writer)."""
    mine = select(worker_leases.c.account_id).where(worker_leases.c.account_id == account).with_for_update()
    if connection.execute(mine).first() is None:
        connection.execute(select(accounts.c.id).where(accounts.c.id == account).with_for_update())
        if connection.execute(mine).first() is None:
            connection.execute(worker_leases.insert().values(account_id=account, holder="", until=0))


def all_accounts(database: Database) -> list[str]:
    """Every account there is, for the worker, which works for each of them in turn."""
    with database.read() as connection:
        return list(connection.execute(select(accounts.c.id).order_by(accounts.c.id)).scalars())
