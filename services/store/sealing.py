"""The sealed columns of every account at once: sealed anew with another key."""

from sqlalchemy import Column, Connection, Table, select

from services.store.database import Database
from services.store.tables import metadata
from services.store.vault import SecretUnreadable, Vault

SEALED = "sealed"
"""The name of every column that holds what a vault sealed."""


def sealed_columns() -> list[tuple[Table, Column[str]]]:
    """Each table that has one, with it."""
    return [(table, table.c[SEALED]) for table in metadata.sorted_tables if SEALED in table.c]


def seal_anew(connection: Connection, opens: Vault, seals: Vault) -> tuple[int, int]:
    """Seal with ``seals`` what ``opens`` can open, inside the caller's transaction. What it cannot open is left as it is.
    Returns how many are sealed with the newest key now, and how many could not be opened."""
    good = unreadable = 0
    for table, column in sealed_columns():
        for sealed in connection.execute(select(column).where(column.is_not(None)).distinct()).scalars().all():
            if not seals.is_newest(sealed):
                try:
                    fresh = seals.seal(opens.open(sealed))
                except SecretUnreadable:
                    unreadable += 1
                    continue
                connection.execute(table.update().where(column == sealed).values({column: fresh}))
            good += 1
    return good, unreadable


def rotate(database: Database, vault: Vault) -> tuple[int, int]:
    """Seal everything with the newest key of ``vault``, all or nothing. Returns as ``seal_anew``."""
    with database.write() as connection:
        return seal_anew(connection, vault, vault)


def holds_sealed(database: Database) -> bool:
    """Whether any account has something sealed."""
    with database.read() as connection:
        return any(
            connection.execute(select(column).where(column.is_not(None)).limit(1)).first() is not None
            for _table, column in sealed_columns()
        )
