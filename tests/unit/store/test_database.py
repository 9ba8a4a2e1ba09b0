"""Opening and migrating the database."""

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.store import database as module
from services.store.database import NEWEST_SCHEMA, Database, DatabaseTooNew, engine_url
from services.store.settings import SettingsStore
from services.store.tables import accounts, cards, current_readings, metadata, readings, settings
from tests.servers.contents import rows_of
from tests.servers.postgresql import Cluster


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "simkeeper.db"


def opened(url: str) -> Database:
    database = Database(url)
    database.migrate()
    return database


def opened_file(path: Path) -> Database:
    return opened(f"sqlite:///{path}")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = opened(database_url)
    yield database
    database.close()


def test_the_migrations_make_exactly_the_tables(empty_database_url: str) -> None:
    database = opened(empty_database_url)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


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


def test_migrating_twice_and_from_two_threads_is_harmless(empty_database_url: str) -> None:
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            opened(empty_database_url).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    database = opened(empty_database_url)
    with database.read() as connection:
        assert connection.execute(select(accounts.c.id)).scalars().all() == ["local"]
    database.close()


def test_a_newer_database_is_refused_and_not_touched(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = rows_of(database)
    with pytest.raises(DatabaseTooNew) as caught:
        database.migrate()
    assert caught.value.schema == "9999"
    assert rows_of(database) == before


def test_not_a_byte_of_a_newer_file_is_touched(path: Path) -> None:
    opened_file(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew):
        Database(f"sqlite:///{path}").migrate()
    assert path.read_bytes() == before


def test_sqlite_runs_in_wal_mode(path: Path) -> None:
    with opened_file(path).read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_row_of_nobody_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(settings.insert().values(account_id="nobody", key="language", value="en"))


def test_row_numbers_have_room_for_more_than_four_bytes(database: Database) -> None:
    many = 2**40
    with database.write("local") as connection:
        connection.execute(cards.insert().values(account_id="local", id="a", body="{}", reading_count=0, created_at=0))
        connection.execute(readings.insert().values(id=many, account_id="local", card_id="a", taken_at=0, body="{}"))
        connection.execute(current_readings.insert().values(account_id="local", card_id="a", reading_id=many))
    with database.read() as connection:
        assert connection.execute(select(current_readings.c.reading_id)).scalar() == many


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_opened_with_psycopg_however_its_address_is_spelt(scheme: str) -> None:
    assert engine_url(f"{scheme}://me:secret@db.example/cards").drivername == "postgresql+psycopg"
    assert engine_url("sqlite:///a.db").drivername == "sqlite"


def test_no_value_stands_in_an_error_of_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        connection.execute(settings.insert().values(account_id="nobody", key="language", value="CANARY"))
    assert "CANARY" not in str(caught.value)


def test_a_write_that_fails_leaves_no_trace(database: Database) -> None:
    def break_half_way() -> None:
        with database.write() as connection:
            connection.execute(settings.insert().values(account_id="local", key="language", value="en"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_half_way()
    with database.read() as connection:
        assert connection.execute(select(settings)).all() == []


@pytest.mark.parametrize(("one", "other"), [(None, None), ("local", "local"), (None, "local"), ("local", None)])
def test_a_writer_waits_for_another_and_does_not_fail(database: Database, one: str | None, other: str | None) -> None:
    order = []
    inside = threading.Event()

    def first() -> None:
        with database.write(one) as connection:
            connection.execute(settings.insert().values(account_id="local", key="a", value=1))
            inside.set()
            threading.Event().wait(0.3)
            order.append("first")

    writer = threading.Thread(target=first)
    writer.start()
    inside.wait()
    with database.write(other) as connection:
        order.append("second")
        connection.execute(settings.insert().values(account_id="local", key="b", value=2))
    writer.join()
    assert order == ["first", "second"]


def test_a_writer_sees_what_the_one_before_wrote_however_many_come_at_once(database: Database) -> None:
    with database.write("local") as connection:
        connection.execute(settings.insert().values(account_id="local", key="count", value=0))
    mine = settings.c.key == "count"

    def add_one() -> None:
        for _ in range(10):
            with database.write("local") as connection:
                before = connection.execute(select(settings.c.value).where(mine)).scalar()
                connection.execute(settings.update().where(mine).values(value=before + 1))

    writers = [threading.Thread(target=add_one) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as connection:
        assert connection.execute(select(settings.c.value).where(mine)).scalar() == 60


def test_a_read_is_of_one_moment(database: Database) -> None:
    with database.read() as reading:
        assert reading.execute(select(settings.c.key)).scalars().all() == []
        with database.write("local") as writing:
            writing.execute(settings.insert().values(account_id="local", key="language", value="en"))
        assert reading.execute(select(settings.c.key)).scalars().all() == []
    with database.read() as reading:
        assert reading.execute(select(settings.c.key)).scalars().all() == ["language"]


def test_on_postgresql_writers_of_two_accounts_do_not_wait_for_each_other(postgresql: Cluster) -> None:
    url = postgresql.migrated()
    database = opened(url)
    database.ensure_account("other")
    with database.write("local") as one, database.write("other") as another:
        one.execute(settings.insert().values(account_id="local", key="a", value=1))
        another.execute(settings.insert().values(account_id="other", key="a", value=2))
    with database.read() as connection:
        assert len(connection.execute(select(settings)).all()) == 2
    database.close()
    postgresql.drop(url)


def test_a_character_that_no_text_may_hold_is_no_reason_to_fail(database: Database) -> None:
    store = SettingsStore(database, "local")
    store.put("n\0te", "a\0b")
    assert store.get("n\0te") in ("a\0b", "a\ufffdb")


def test_the_file_is_the_only_thing_that_is_made(path: Path) -> None:
    opened_file(path).close()
    assert {file.name.removesuffix("-wal").removesuffix("-shm") for file in path.parent.iterdir()} == {"simkeeper.db"}
    assert stat.S_ISREG(path.stat().st_mode)


def give_up_half_way(database: Database) -> None:
    with database.write("local") as connection:
        connection.execute(settings.delete())
        raise RuntimeError


def in_another_thread(act: Callable[[], object]) -> None:
    other = threading.Thread(target=act)
    other.start()
    other.join(30)


def test_one_look_is_of_one_moment_and_of_one_transaction(database: Database) -> None:
    kept, begun = SettingsStore(database, "local"), []
    kept.put("a", 1)
    event.listen(database.engine, "begin", begun.append)
    with database.one_look():
        assert kept.get("a") == 1
        with database.one_look():
            assert kept.get("b") is None
        assert len(begun) == 1
        in_another_thread(lambda: kept.put("a", 2))
        assert kept.get("a") == 1
    assert kept.get("a") == 2


def test_what_is_written_during_a_look_is_seen_in_it(database: Database) -> None:
    kept = SettingsStore(database, "local")
    with database.one_look():
        assert kept.get("a") is None
        in_another_thread(lambda: kept.put("b", 1))
        kept.put("a", 1)
        assert (kept.get("a"), kept.get("b")) == (1, 1)
        with database.write("local"):
            assert kept.get("a") == 1
        with pytest.raises(RuntimeError):
            give_up_half_way(database)
        assert kept.get("a") == 1


def test_a_look_outlives_a_read_that_failed(database: Database) -> None:
    kept = SettingsStore(database, "local")
    kept.put("a", 1)
    with database.one_look():
        with pytest.raises(DBAPIError), database.read() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        assert kept.get("a") == 1


def test_a_look_is_of_one_thread_and_leaves_no_connection_open(database: Database) -> None:
    kept, seen = SettingsStore(database, "local"), []
    with database.one_look():
        assert kept.get("a") is None
        in_another_thread(lambda: (kept.put("a", 1), seen.append(kept.get("a"))))
    assert seen == [1]
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_what_is_asked_twice_in_one_look_is_read_once_and_for_each_account(database: Database) -> None:
    database.ensure_account("other")
    mine, theirs, asked = SettingsStore(database, "local"), SettingsStore(database, "other"), []
    mine.put("a", 1)
    theirs.put("a", 2)
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with database.one_look():
        assert [mine.get("a"), theirs.get("a"), mine.get("a"), theirs.get("a")] == [1, 2, 1, 2]
        assert sum("settings" in statement for statement in asked) == 2
        mine.put("a", 3)
        assert (mine.get("a"), theirs.get("a")) == (3, 2)
    asked.clear()
    assert [mine.get("a"), mine.get("a")] == [3, 3]
    assert sum("settings" in statement for statement in asked) == 2, "outside a look every question is asked"
