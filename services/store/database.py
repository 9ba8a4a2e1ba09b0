"""Opening the database: SQLite (WAL) or PostgreSQL by URL, transactions, and migration to the newest schema."""

import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from services.model.person import Role
from services.store.acting import Actor, ForTheMachine, NotAllowed, acting, as_program
from services.store.audit import Trail
from services.store.tables import accounts, members

T = TypeVar("T")
NEWEST_SCHEMA = "0014"
"""Alembic revision this program reads and writes (services/store/migrations/versions)."""
LOCAL_ACCOUNT = "local"
BUSY_TIMEOUT_MS = 15_000
CONNECT_TIMEOUT_S = 10
_EVERYBODY, _ACCOUNT = 0x51ACE, 0x51ACF
"""The two kinds of advisory locks on PostgreSQL: one for all writers, one for each account."""


class DatabaseTooNew(Exception):
    """The database was written by a newer program. Nothing was changed. ``schema`` is its revision."""

    def __init__(self, schema: str) -> None:
        super().__init__(f"the database has schema {schema}, this program knows {NEWEST_SCHEMA}")
        self.schema = schema


class DatabaseDamaged(Exception):
    """The file at ``path`` is no database, or is broken inside. It was read, and not written to."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"damaged: {path}")
        self.path = path


def engine_url(text: str) -> URL:
    """``text`` as SQLAlchemy wants it: a PostgreSQL address in any of its usual spellings is opened with psycopg 3."""
    url = make_url(text)
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgres", "postgresql"} else url


def can_open(text: str) -> bool:
    """Whether ``text`` is the address of a database of a kind that this program works with."""
    try:
        return engine_url(text).drivername in {"sqlite", "postgresql+psycopg"}
    except (SQLAlchemyError, ValueError):  # a port that is no number
        return False


class _Look:
    """One transaction for many reads: begun by the first, ended by a write, by an error, or with the look. ``told``: answers of this
    transaction, by what was asked."""

    def __init__(self, reading: Engine) -> None:
        self._reading = reading
        self.told: dict[Hashable, Any] = {}
        self._open = ExitStack()
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = self._open.enter_context(self._reading.connect())
            self._open.enter_context(self._connection.begin())
        return self._connection

    def end(self) -> None:
        self.told.clear()
        self._connection = None
        self._open.close()


class Database:
    """A pool of connections. ``read`` and ``write`` give one inside a transaction; a write commits or leaves no trace."""

    def __init__(self, url: str) -> None:
        parsed = engine_url(url)
        self.file: Path | None = None
        """Where a SQLite database lies; None for any other."""
        self.is_postgresql = parsed.get_backend_name() == "postgresql"
        if self.is_postgresql:
            self.engine: Engine = create_engine(
                parsed, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
            )
            event.listen(self.engine, "connect", _configure_postgresql)
            # Every statement of one read sees the same moment, as on SQLite.
            self._reading: Engine = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            if parsed.database and parsed.database != ":memory:":
                self.file = Path(parsed.database)
                self.file.parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(parsed, hide_parameters=True)
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self._reading = self.engine
        event.listen(self.engine, "after_execute", _note)
        self._thread = threading.local()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Everything read inside is of one moment."""
        look = self._look
        if look is None:
            with self._reading.connect() as connection, connection.begin():
                yield connection
            return
        try:
            yield look.connection()
        except BaseException:
            look.end()
            raise

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """All that this thread reads inside is of one moment and goes over one connection, until it writes. For code that only looks: what
        others write meanwhile is not seen."""
        if self._look is not None:
            yield
            return
        self._thread.look = look = _Look(self._reading)
        try:
            yield
        finally:
            self._thread.look = None
            look.end()

    def once(self, what: Hashable, ask: Callable[[Connection], T]) -> T:
        """What ``ask`` reads, which must be named by ``what`` alone and never be changed by who gets it. Asked twice in one look it answers
        the same, without asking again."""
        look = self._look
        if look is not None and what in look.told:
            return cast(T, look.told[what])
        with self.read() as connection:
            answer = ask(connection)
        if look is not None:
            look.told[what] = answer
        return answer

    @property
    def _look(self) -> _Look | None:
        look: _Look | None = getattr(self._thread, "look", None)
        return look

    @contextmanager
    def write(self, account: str | None = None, *, needs: Role = Role.EDITOR) -> Iterator[Connection]:
        """One writer at a time: the lock is taken at the start, so that a transaction never fails half-way for it, and nothing it has read
        is changed by another before it ends. On PostgreSQL a writer that names its ``account`` keeps out only the writers of that account
        and those that name none; it reads and writes no rows of another. Raises OperationalError after ``BUSY_TIMEOUT_MS``.

        Raises NotAllowed when the person who acts does not have the role ``needs`` in their household at this very moment. What a person
        changes is in the log of their household when the transaction ends well."""
        actor = acting()
        trail = None if actor is None else Trail(actor)
        options = {"simkeeper_write": True, "simkeeper_trail": trail}
        with self._looking_anew(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if self.is_postgresql:
                _take_turn(connection, account)
            if actor is not None and not _role(connection, actor).covers(needs):
                raise NotAllowed(needs)
            yield connection
            if trail is not None:
                trail.keep(connection)

    @contextmanager
    def _looking_anew(self) -> Iterator[None]:
        """What was read before a write is over, and so is what was read during it."""
        look = self._look
        if look is not None:
            look.end()
        try:
            yield
        finally:
            if look is not None:
                look.end()

    def require(self, needs: Role = Role.EDITOR) -> None:
        """Raises NotAllowed when the person who acts may not change anything: for work that asks others before it writes."""
        actor = acting()
        if actor is None or actor.address is None:
            return
        with self.read() as connection:
            if not _role(connection, actor).covers(needs):
                raise NotAllowed(needs)

    def flush(self) -> None:
        """Have what was committed outlive a loss of power too. SQLite's WAL reaches the disk at a checkpoint, others do it each time."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()  # type: ignore[union-attr]

    def answers(self) -> bool:
        """Whether a row can be read now."""
        try:
            with self.read() as connection:
                connection.execute(select(accounts.c.id).limit(1)).first()
        except SQLAlchemyError:
            return False
        return True

    def require_machine(self) -> None:
        """Raises ForTheMachine when the person who acts signed in from anywhere."""
        actor = acting()
        if actor is not None and actor.address is not None:
            raise ForTheMachine

    def schema(self) -> str | None:
        """The revision the database has; None when it is empty."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def migrate(self, before_upgrade: Callable[[str], None] | None = None) -> None:
        """Bring the schema to ``NEWEST_SCHEMA`` and make sure of the local account. Before an older one is changed, a SQLite file is
        copied beside itself, and ``before_upgrade`` is called with the schema. Raises DatabaseTooNew, DatabaseDamaged."""
        self.check()
        schema = self.schema()
        if schema != NEWEST_SCHEMA:
            if schema is not None and schema not in known_schemas():
                raise DatabaseTooNew(schema)
            if schema is not None:
                self._keep_copy(schema)
                if before_upgrade is not None:
                    before_upgrade(schema)
            self.upgrade()
        self.ensure_local_account()

    def check(self) -> None:
        """Look through a SQLite file without writing to it. Raises DatabaseDamaged."""
        if self.file is None or not self.file.exists():
            return
        try:
            with closing(sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro", uri=True)) as raw:
                found = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.OperationalError:
            return  # locked, or unreadable to us: opening it says what is wrong
        except sqlite3.DatabaseError:
            raise DatabaseDamaged(self.file) from None
        if found != "ok":
            raise DatabaseDamaged(self.file)

    def upgrade(self, schema: str = "head") -> None:
        """Bring the schema to ``schema``, all or nothing."""
        # Alembic takes a tenth of a second to import and is needed once in the life of most databases.
        from alembic import command

        config = _alembic()
        with as_program(), self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, schema)

    def _keep_copy(self, schema: str) -> None:
        """A copy of the file as it is, beside it, until the next upgrade. Another process may be upgrading it at this moment: a copy that
        has the new schema already is none."""
        if self.file is None:
            return
        kept = self.file.with_name(f"{self.file.name}.before-upgrade-from-{schema}")
        draft = kept.with_name(f"{kept.name}.{os.getpid()}.draft")
        try:
            with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(draft)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
                good = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0] == schema
            if good:
                draft.replace(kept)
                for older in self.file.parent.glob(f"{self.file.name}.before-upgrade-from-*"):
                    if older != kept and not older.name.endswith(".draft"):
                        older.unlink(missing_ok=True)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    def ensure_local_account(self) -> None:
        self.ensure_account(LOCAL_ACCOUNT)

    def ensure_account(self, account: str) -> None:
        with self.read() as connection:
            if connection.execute(select(accounts.c.id).where(accounts.c.id == account)).first():
                return
        with as_program(), self.write() as connection:
            if not connection.execute(select(accounts.c.id).where(accounts.c.id == account)).first():
                connection.execute(accounts.insert().values(id=account, created_at=int(datetime.now(UTC).timestamp())))

    def close(self) -> None:
        self.engine.dispose()


def _alembic() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def known_schemas() -> frozenset[str]:
    """The revisions this program can read and bring to the newest."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _role(connection: Connection, actor: Actor) -> Role:
    """The role of ``actor`` now. Raises NotAllowed for a person who does not belong to the household any more."""
    if actor.address is None:
        return Role.OWNER
    query = select(members.c.role).where(members.c.account_id == actor.account, members.c.address == actor.address)
    role = connection.execute(query).scalar()
    if role is None:
        raise NotAllowed(None)
    return Role(role)


def _note(connection: Connection, statement: Any, _many: Any, _one: Any, _options: Any, result: Any) -> None:
    trail: Trail | None = connection.get_execution_options().get("simkeeper_trail")
    if trail is not None:
        rows = -1 if result.returns_rows else result.rowcount  # SQLite counts what a statement returns only when it is read
        trail.note(statement, getattr(result.context, "compiled_parameters", None) or [], rows)


def _configure_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the "begin" event below says when a transaction starts, and how
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("simkeeper_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _take_turn(connection: Connection, account: str | None) -> None:
    """Advisory locks until the end of the transaction. They come before the first look at any row, and that look sees what the writer
    before has committed, for at READ COMMITTED every statement sees the newest state."""
    connection.execute(text(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}"))
    if account is None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:kind, 0)"), {"kind": _EVERYBODY})
        return
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:kind, 0)"), {"kind": _EVERYBODY})
    # Two accounts of one number only wait for each other without need.
    number = zlib.crc32(account.encode()) - 2**31
    connection.execute(text("SELECT pg_advisory_xact_lock(:kind, :number)"), {"kind": _ACCOUNT, "number": number})


def _configure_postgresql(connection: Any, _: Any) -> None:
    """PostgreSQL keeps no NUL in a text: such a character, which nobody can see, is kept as the sign for one that cannot be shown."""
    from psycopg.adapt import Dumper  # installed for everybody, loaded where it is used

    class Storable(Dumper):
        def dump(self, obj: str) -> bytes:
            return obj.replace("\0", "\ufffd").encode()

    connection.adapters.register_dumper(str, Storable)
