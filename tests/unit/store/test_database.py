"""Opening and migrating the database."""

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services.store import database as module
from services.store.database import NEWEST_SCHEMA, Database, DatabaseTooNew
from services.store.tables import accounts, metadata, settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "simkeeper.db"


def opened(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    database.migrate()
    return database


def test_the_migrations_make_exactly_the_tables(path: Path) -> None:
    database = opened(path)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_schema_is_the_head_of_one_line_of_migrations() -> None:
    scripts = ScriptDirectory(str(Path(module.__file__).with_name("migrations")))
    assert scripts.get_heads() == [NEWEST_SCHEMA]


def test_every_table_but_the_accounts_belongs_to_an_account() -> None:
    for table in metadata.sorted_tables:
        if table is not accounts:
            assert not table.c.account_id.nullable, table.name
            owners = {key.column for key in table.c.account_id.foreign_keys}
            assert owners, table.name
            assert all(owner is accounts.c.id or owner.name == "account_id" for owner in owners), table.name


def test_migrating_twice_and_from_two_threads_is_harmless(path: Path) -> None:
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            opened(path).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with opened(path).read() as connection:
        assert connection.execute(select(accounts.c.id)).scalars().all() == ["local"]


def test_a_newer_database_is_refused_and_not_touched(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew) as caught:
        Database(f"sqlite:///{path}").migrate()
    assert caught.value.schema == "9999"
    assert path.read_bytes() == before


def test_sqlite_runs_in_wal_mode_with_foreign_keys(path: Path) -> None:
    with opened(path).read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    with pytest.raises(IntegrityError), opened(path).write() as connection:
        connection.execute(settings.insert().values(account_id="nobody", key="language", value="en"))


def test_a_write_that_fails_leaves_no_trace(path: Path) -> None:
    database = opened(path)

    def break_half_way() -> None:
        with database.write() as connection:
            connection.execute(settings.insert().values(account_id="local", key="language", value="en"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_half_way()
    with database.read() as connection:
        assert connection.execute(select(settings)).all() == []


def test_a_writer_waits_for_another_and_does_not_fail(path: Path) -> None:
    database, order = opened(path), []
    inside = threading.Event()

    def first() -> None:
        with database.write() as connection:
            connection.execute(settings.insert().values(account_id="local", key="a", value=1))
            inside.set()
            threading.Event().wait(0.3)
            order.append("first")

    writer = threading.Thread(target=first)
    writer.start()
    inside.wait()
    with database.write() as connection:
        order.append("second")
        connection.execute(settings.insert().values(account_id="local", key="b", value=2))
    writer.join()
    assert order == ["first", "second"]


def test_the_file_is_the_only_thing_that_is_made(path: Path) -> None:
    opened(path).close()
    assert {file.name.removesuffix("-wal").removesuffix("-shm") for file in path.parent.iterdir()} == {"simkeeper.db"}
    assert stat.S_ISREG(path.stat().st_mode)
