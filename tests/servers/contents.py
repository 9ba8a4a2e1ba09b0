"""All that a database holds, on either engine, read without the program's own tables."""

from sqlalchemy import MetaData, select

from services.store.database import Database


def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table, as the database itself lists them."""
    found = MetaData()
    with database.read() as connection:
        found.reflect(connection)
        return {table.name: [tuple(row) for row in connection.execute(select(table))] for table in found.sorted_tables}


def text_of(database: Database) -> str:
    return "\n".join(f"{name}: {row!r}" for name, rows in rows_of(database).items() for row in rows)
