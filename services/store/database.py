"""Opening the database: SQLite (WAL) or PostgreSQL by URL, transactions, and migration to the newest schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url

from services.store.tables import accounts

NEWEST_SCHEMA = "0007"
"""Alembic revision this program reads and writes (services/store/migrations/versions)."""
LOCAL_ACCOUNT = "local"
BUSY_TIMEOUT_MS = 15_000


class DatabaseTooNew(Exception):
    """The database was written by a newer program. Nothing was changed. ``schema`` is its revision."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the database has schema {schema}, this program knows {NEWEST_SCHEMA}")
        self.schema = schema


class Database:
    """A pool of connections. ``read`` and ``write`` give one inside a transaction; a write commits or leaves no trace."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = create_engine(parsed)
        if parsed.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writer at a time on SQLite: the lock is taken at the start, so that a transaction never fails half-way for it."""
        with self.engine.connect().execution_options(simkeeper_write=True) as connection, connection.begin():
            yield connection

    def schema(self) -> str | None:
        """The revision the database has; None when it is empty."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def migrate(self) -> None:
        """Bring the schema to ``NEWEST_SCHEMA`` and make sure of the local account. Raises DatabaseTooNew."""
        schema = self.schema()
        if schema != NEWEST_SCHEMA:
            self._upgrade(schema)
        self.ensure_account(LOCAL_ACCOUNT)

    def _upgrade(self, schema: str | None) -> None:
        # Alembic takes a tenth of a second to import and is needed once in the life of most databases.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if schema is not None and schema not in known:
            raise DatabaseTooNew(schema)
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ensure_account(self, account: str) -> None:
        with self.read() as connection:
            if connection.execute(select(accounts.c.id).where(accounts.c.id == account)).first():
                return
        with self.write() as connection:
            if not connection.execute(select(accounts.c.id).where(accounts.c.id == account)).first():
                connection.execute(accounts.insert().values(id=account, created_at=int(datetime.now(UTC).timestamp())))

    def close(self) -> None:
        self.engine.dispose()


def _configure_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the "begin" event below says when a transaction starts, and how
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("simkeeper_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
