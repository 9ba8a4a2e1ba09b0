"""All rows of one account: given out, or deleted for good."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Table, select

from services.model.person import Role
from services.store.database import Database
from services.store.tables import accounts, metadata

NOT_GIVEN_OUT = frozenset({"card_revisions", "catalogue_revisions", "current_readings", "sandbox_requests"})
"""Tables that follow from others, and what emulators were asked in their own language."""


class OwnRows:
    """Rows of one account, whatever table they are in."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def tables(self) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        """Each table that has rows, with them, all of one moment."""
        with self._database.read() as connection:
            for table in metadata.sorted_tables:
                if table is not accounts and table.name not in NOT_GIVEN_OUT:
                    query = select(table).where(table.c.account_id == self._account).order_by(*table.primary_key.columns)
                    rows = [dict(row) for row in connection.execute(query).mappings()]
                    if rows:
                        yield table, rows

    def delete(self) -> None:
        """Delete the account and every row of it, all or nothing; then take what is left of them out of a SQLite file. Raises
        NotAllowed."""
        with self._database.write(needs=Role.OWNER) as connection:
            if not self._database.is_postgresql:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")  # overwritten with zeros, in this connection's writes
            for table in reversed(metadata.sorted_tables):
                owner = table.c.id if table is accounts else table.c.account_id
                connection.execute(table.delete().where(owner == self._account))
        self._scrub()

    def _scrub(self) -> None:
        """The file is written anew without free pages, and its log of writes emptied. Waits for others as any writer does; raises
        OperationalError when they do not let it."""
        if self._database.file is None:
            return
        self._database.close()  # this process's idle connections would hold the log
        with closing(sqlite3.connect(self._database.file, isolation_level=None, timeout=15)) as raw:
            raw.execute("PRAGMA secure_delete=ON")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
