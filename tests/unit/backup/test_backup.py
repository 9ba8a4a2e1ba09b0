"""One file with everything: made while in use, put back on this or another machine, refused when anything is wrong with it."""

import hashlib
import io
import json
import random
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.model.card import Card, CardKind, CardSecrets
from services.model.data_volume import DataVolume
from services.model.reading import DataBalance, Reading, Source
from services.store import sealed_file
from services.store.database import NEWEST_SCHEMA, Database
from services.store.sealed_file import CHUNK, SealDamaged, SealingWriter, WrongPassphrase, is_sealed, unseal
from services.store.snapshot import BackupDamaged, BackupTooNew, NotABackup, PassphraseNeeded, put_back, stage, take
from services.store.tables import metadata
from services.store.vault import KEY_FILE, SecretUnreadable, Vault
from services.use import backup, worker
from services.use.cards import CardDesk
from services.use.house import House
from services.use.readings import ReadingDesk
from services.use.renewals import RenewalDesk
from tests.servers.postgresql import Cluster
from tests.unit.backup.conftest import NOW, SECRETS, furnish, rows_of, without_sealed

PASSPHRASE = "correct horse 电池"


def made(house: House, passphrase: str | None = None) -> bytes:
    return backup.make_bytes(house, NOW, passphrase)


def there(file: bytes) -> io.BytesIO:
    return io.BytesIO(file)


@pytest.fixture
def house(open_at: Callable[..., House]) -> House:
    opened = open_at("here")
    furnish(opened)
    furnish(opened, "another account")
    return opened


def test_every_row_comes_back_on_a_new_machine_and_its_secrets_with_a_passphrase(house: House, open_at: Callable[..., House]) -> None:
    file = made(house, PASSPHRASE)
    elsewhere = open_at("elsewhere")
    found = backup.restore(elsewhere, there(file), NOW, PASSPHRASE)
    assert found.unreadable == 0
    assert found.contents.encrypted
    assert without_sealed(rows_of(elsewhere)) == without_sealed(rows_of(house))
    for account in ("local", "another account"):
        assert CardDesk(elsewhere, account).secrets("a") == SECRETS
        assert CardDesk(elsewhere, account).store.merged_secrets("a", "b") == SECRETS
    assert (elsewhere.configuration.data_dir / KEY_FILE).read_bytes() != (house.configuration.data_dir / KEY_FILE).read_bytes()


def test_without_a_passphrase_secrets_are_sealed_and_readable_only_where_their_key_is(house: House, open_at: Callable[..., House]) -> None:
    file = made(house)
    key = (house.configuration.data_dir / KEY_FILE).read_bytes()
    with zipfile.ZipFile(there(file)) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (b"4711", b"87654321", b"MATCHING", b"a token", key):
        assert secret not in inside
    elsewhere = open_at("elsewhere")
    assert backup.restore(elsewhere, there(file), NOW).unreadable == 8
    with pytest.raises(SecretUnreadable):
        CardDesk(elsewhere, "local").secrets("a")
    (elsewhere.configuration.data_dir / KEY_FILE).write_bytes(key)
    assert CardDesk(elsewhere, "local").secrets("a") == SECRETS
    CardDesk(house, "local").delete(["a"])
    assert backup.restore(house, there(file), NOW).unreadable == 0
    assert CardDesk(house, "local").secrets("a") == SECRETS


def test_an_encrypted_file_shows_nothing_and_opens_with_its_passphrase_alone(house: House) -> None:
    file = made(house, PASSPHRASE)
    assert is_sealed(file)
    for word in (b"PK\x03\x04", b"cards", "卡".encode(), b"local", b"8944110068"):
        assert word not in file[96:]
    with pytest.raises(PassphraseNeeded):
        backup.look(house, there(file))
    with pytest.raises(WrongPassphrase):
        backup.look(house, there(file), "another phrase")
    assert backup.look(house, there(file), PASSPHRASE).contents.made_at == NOW
    assert made(house, PASSPHRASE)[:100] != file[:100], "salt and nonce are new each time"


def test_a_passphrase_typed_in_another_composition_is_the_same(house: House) -> None:
    assert backup.look(house, there(made(house, "pâté ｆｕｌｌ")), "pa\u0302te\u0301 full").unreadable == 0


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_the_encryption_gives_back_what_went_in_and_notices_any_cut_or_swap(size: int) -> None:
    data, sealed = random.Random(size).randbytes(size), io.BytesIO()
    with SealingWriter(sealed, PASSPHRASE) as writer:
        for at in range(0, size, 10_007):
            writer.write(data[at : at + 10_007])
    file, plain = sealed.getvalue(), io.BytesIO()
    unseal(there(file), plain, PASSPHRASE)
    assert plain.getvalue() == data
    head = len(file) - size - 16 * max(1, -(-size // CHUNK))
    step = CHUNK + 16
    for broken in (file[:-1], file + b"\0", file[: head + step] if size > CHUNK else file[:-2], file[: len(file) - 16 - size % CHUNK]):
        if broken != file:
            with pytest.raises((SealDamaged, sealed_file.NotSealed)):
                unseal(there(broken), io.BytesIO(), PASSPHRASE)
    if size == 3 * CHUNK:
        first, second = file[head : head + step], file[head + step : head + 2 * step]
        with pytest.raises(SealDamaged):
            unseal(there(file[:head] + second + first + file[head + 2 * step :]), io.BytesIO(), PASSPHRASE)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_whatever_byte_is_changed_or_missing_the_file_is_refused_and_nothing_changes(house: House, passphrase: str | None) -> None:
    file, before, luck = made(house, passphrase), rows_of(house), random.Random(7)
    refused = 0
    for _ in range(40):
        broken = bytearray(file)
        at = luck.randrange(len(file))
        if luck.random() < 0.5:
            broken[at] ^= 1 << luck.randrange(8)
        else:
            del broken[at : at + luck.randrange(1, 2_000)]
        try:
            found = backup.look(house, there(bytes(broken)), passphrase)
        except (NotABackup, BackupDamaged, BackupTooNew, PassphraseNeeded, WrongPassphrase):
            refused += 1
        else:  # bytes of a ZIP that mean nothing, such as a time
            assert passphrase is None
            assert found.rows == backup.look(house, there(file), passphrase).rows
    assert refused >= 30
    assert rows_of(house) == before


def rezipped(file: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """``file`` with its members changed, as somebody with a text editor would."""
    with zipfile.ZipFile(there(file)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_rows(members: dict[str, bytes], table: str, data: bytes) -> None:
    manifest = json.loads(members["manifest.json"])
    entry = manifest["tables"][table]
    entry.update(rows=data.count(b"\n"), sha256=hashlib.sha256(data).hexdigest())
    members[f"tables/{table}.jsonl"], members["manifest.json"] = data, json.dumps(manifest).encode()


def said(members: dict[str, bytes], **more: object) -> None:
    members["manifest.json"] = json.dumps({**json.loads(members["manifest.json"]), **more}).encode()


HOSTILE: dict[str, tuple[Callable[[dict[str, bytes]], object], type[Exception]]] = {
    "a member more": (lambda members: members.update({"tables/../../evil": b"x"}), BackupDamaged),
    "a member less": (lambda members: members.pop("tables/cards.jsonl"), BackupDamaged),
    "no manifest": (lambda members: members.pop("manifest.json"), NotABackup),
    "a manifest of something else": (lambda members: members.update({"manifest.json": b'{"name": "x"}'}), NotABackup),
    "a manifest that is a list": (lambda members: members.update({"manifest.json": b"[]"}), NotABackup),
    "no JSON": (lambda members: members.update({"manifest.json": b"{" * 5_000}), BackupDamaged),
    "another table": (lambda members: said(members, tables={}), BackupDamaged),
    "a newer schema": (lambda members: said(members, schema="9999"), BackupTooNew),
    "a newer format": (lambda members: said(members, format=2), BackupTooNew),
    "a path for a schema": (lambda members: said(members, schema="../../etc"), BackupTooNew),
    "a moment that is none": (lambda members: said(members, made_at=10**18), BackupDamaged),
    "a row changed": (lambda members: members.update({"tables/settings.jsonl": b'["local","language","en"]\n'}), BackupDamaged),
    "a row too short": (lambda members: with_rows(members, "settings", b'["local"]\n'), BackupDamaged),
    "a number for a text": (lambda members: with_rows(members, "settings", b'["local",7,"en"]\n'), BackupDamaged),
    "a row of nobody": (lambda members: with_rows(members, "settings", b'["nobody","language","en"]\n'), BackupDamaged),
    "twice the same": (lambda members: with_rows(members, "settings", b'["local","language","en"]\n' * 2), BackupDamaged),
    "no text": (lambda members: with_rows(members, "settings", b"\xff\xfe\n"), BackupDamaged),
    "a bomb": (lambda members: with_rows(members, "settings", b" " * 300_000_000), BackupDamaged),
    "a deep row": (lambda members: with_rows(members, "settings", b"[" * 100_000 + b"\n"), BackupDamaged),
    "keys that are none": (lambda members: members.update({"keys.json": b'{"a": 1}'}), BackupDamaged),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_made_to_harm_is_refused_and_nothing_changes(house: House, case: str) -> None:
    change, refusal = HOSTILE[case]
    before, names = rows_of(house), sorted(path.name for path in house.configuration.data_dir.rglob("*"))
    file = rezipped(made(house), lambda members: (change(members), None)[1])
    with pytest.raises(refusal):
        backup.restore(house, there(file), NOW)
    assert rows_of(house) == before
    assert sorted(path.name for path in house.configuration.data_dir.rglob("*")) == names


@pytest.mark.parametrize(
    "file", [b"", b"PK", b"hello", b"PK\x03\x04" + bytes(500), b"<html>", sealed_file.MAGIC, sealed_file.MAGIC + bytes(500)]
)
def test_any_other_file_is_refused(house: House, file: bytes) -> None:
    with pytest.raises((NotABackup, BackupDamaged)):
        backup.look(house, there(file), PASSPHRASE)


def test_what_is_replaced_is_kept_first_and_can_be_put_back(house: House) -> None:
    empty_handed = made(house)
    CardDesk(house, "local").add(Card("late", "Added after the backup", CardKind.SIM))
    now = rows_of(house)
    backup.restore(house, there(empty_handed), NOW)
    assert "late" not in [card.card_id for card in CardDesk(house, "local").all()]
    (before,) = [each.path for each in backup.kept(house) if each.day is None]
    assert stat.S_IMODE(before.stat().st_mode) == 0o600
    with before.open("rb") as source:
        backup.restore(house, source, NOW + timedelta(minutes=1))
    assert rows_of(house) == now


def test_a_restore_that_breaks_off_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    file = made(house)
    CardDesk(house, "local").add(Card("late", "Added after the backup", CardKind.SIM))
    before = rows_of(house)
    monkeypatch.setattr("services.store.snapshot._move_on", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backup.restore(house, there(file), NOW)
    assert rows_of(house) == before


def test_pages_see_the_restored_rows_at_once_and_in_every_process(house: House, open_at: Callable[..., House]) -> None:
    file, elsewhere = made(house), open_at("here")
    desk, other = ReadingDesk(house, "local", lambda: NOW), ReadingDesk(elsewhere, "local", lambda: NOW)
    CardDesk(house, "local").add(Card("late", "Added after the backup", CardKind.SIM))
    assert len(desk.board()) == len(other.board()) == 3
    revisions = {house.database: CardDesk(house, "local").store.revision()}
    backup.restore(house, there(file), NOW)
    assert len(desk.board()) == len(other.board()) == 2
    assert CardDesk(house, "local").store.revision() > revisions[house.database]


def test_a_renewal_goes_on_where_it_was(house: House, open_at: Callable[..., House]) -> None:
    elsewhere = open_at("elsewhere")
    backup.restore(elsewhere, there(made(house)), NOW)
    (walk,) = RenewalDesk(elsewhere, "local", lambda: NOW).walks()
    (same,) = RenewalDesk(house, "local", lambda: NOW).walks()
    assert walk == same
    RenewalDesk(elsewhere, "local", lambda: NOW).note(walk.renewal_id, "card", "new events follow the old ones")
    events = RenewalDesk(elsewhere, "local").walk(walk.renewal_id).events
    assert len(events) == len(same.events) + 1
    assert [event.sequence for event in events] == sorted({event.sequence for event in events})


def test_an_older_backup_is_migrated_on_its_way_in(tmp_path: Path, open_at: Callable[..., House]) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    old.upgrade("0002")
    with sqlite3.connect(tmp_path / "old.db") as raw:
        raw.execute("INSERT INTO accounts VALUES ('local', 1)")
        raw.execute('INSERT INTO cards VALUES (\'local\', \'old\', \'{"card_id":"old","nickname":"Old","kind":"sim"}\', 0, 1)')
    file = io.BytesIO()
    assert take(old, file, NOW).schema == "0002"
    old.close()
    house = open_at("new")
    found = backup.restore(house, there(file.getvalue()), NOW)
    assert (found.contents.schema, found.rows["cards"], found.rows["renewals"]) == ("0002", 1, 0)
    assert [card.nickname for card in CardDesk(house, "local").all()] == ["Old"]


def test_every_column_of_every_table_can_travel() -> None:
    from services.store.snapshot import _kinds_of

    for table in metadata.sorted_tables:
        for column in table.columns:
            _kinds_of(column)


def test_a_backup_is_of_one_moment_while_others_write(house: House) -> None:
    """Two counters are always raised together: a backup that sees them differ mixed two moments."""
    stop = threading.Event()
    with house.database.write() as connection:
        for table in ("catalogue_revisions", "card_revisions"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ('local', 0)")

    def write() -> None:
        other = Database(f"sqlite:///{house.database.file}")
        count = 0
        while not stop.is_set():
            count += 1
            with other.write() as connection:
                for table in ("catalogue_revisions", "card_revisions"):
                    connection.exec_driver_sql(f"UPDATE {table} SET revision = {count}")
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        for _ in range(15):
            with zipfile.ZipFile(there(made(house))) as archive:
                figures = [
                    dict(map(json.loads, archive.read(f"tables/{name}.jsonl").splitlines())).get("local")
                    for name in ("catalogue_revisions", "card_revisions")
                ]
            seen.add(tuple(figures))
    finally:
        stop.set()
        writer.join()
    assert all(one == other for one, other in seen), seen
    assert len(seen) > 1, "nobody wrote meanwhile"


def test_one_backup_a_day_and_the_newest_seven_are_kept(house: House) -> None:
    for day in range(10):
        at = NOW + timedelta(days=day)
        path = backup.keep_daily(house, at)
        assert path is not None
        assert backup.keep_daily(house, at + timedelta(hours=3)) is None
    names = sorted(path.name for path in backup.folder(house).iterdir())
    assert names == [f"simkeeper-2026-11-{day}.zip" for day in range(23, 30)]
    (newest, *_) = sorted((each for each in backup.kept(house)), key=lambda each: str(each.day), reverse=True)
    with backup.kept_named(house, newest.path.name).open("rb") as source:
        assert backup.look(house, source).rows["cards"] == 4


def test_an_empty_house_keeps_no_empty_backups(open_at: Callable[..., House]) -> None:
    house = open_at("empty")
    assert backup.keep_daily(house, NOW) is None
    assert backup.kept(house) == []


@pytest.mark.parametrize("name", ["../simkeeper.db", "/etc/passwd", "", ".", "secret.key", "simkeeper-2026-01-01.zip", "x\0y"])
def test_no_name_leads_out_of_the_folder_of_kept_backups(house: House, name: str) -> None:
    backup.keep_daily(house, NOW)
    with pytest.raises(FileNotFoundError):
        backup.kept_named(house, name)


def test_the_command_line_makes_checks_and_restores(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "kept.simkeeper")
    monkeypatch.setenv("SIMKEEPER_DATA_DIR", str(house.configuration.data_dir))
    monkeypatch.delenv("SIMKEEPER_DATABASE_URL", raising=False)
    monkeypatch.setenv("SIMKEEPER_BACKUP_PASSPHRASE", PASSPHRASE)
    assert backup.main(["make", file]) == 0
    assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    assert backup.main(["check", file]) == 0
    monkeypatch.setenv("SIMKEEPER_DATA_DIR", str(tmp_path / "new machine"))
    monkeypatch.setenv("SIMKEEPER_BACKUP_PASSPHRASE", "something else")
    assert backup.main(["restore", file]) == 1
    assert "口令不正确" in capsys.readouterr().err
    monkeypatch.setenv("SIMKEEPER_BACKUP_PASSPHRASE", PASSPHRASE)
    assert backup.main(["restore", file]) == 0
    assert "cards" in capsys.readouterr().out
    with sqlite3.connect(tmp_path / "new machine" / "simkeeper.db") as raw:
        assert raw.execute("SELECT count(*) FROM cards").fetchone() == (4,)


def test_the_staging_directory_is_gone_afterwards(house: House) -> None:
    with stage(there(made(house)), Vault(house.configuration.data_dir), room=house.configuration.data_dir) as staged:
        assert list(house.configuration.data_dir.glob("simkeeper-restore-*"))
        put_back(staged, house.database)
    assert list(house.configuration.data_dir.glob("simkeeper-restore-*")) == []


def test_secrets_put_in_after_the_backup_do_not_survive_the_restore(house: House) -> None:
    file = made(house)
    CardDesk(house, "local").add(Card("late", "late", CardKind.SIM), CardSecrets(pin="9999"))
    backup.restore(house, there(file), NOW)
    assert CardDesk(house, "local").secrets("late") == CardSecrets()
    assert datetime.now(UTC) > NOW


def test_it_goes_from_sqlite_to_postgresql_and_back(house: House, open_at: Callable[..., House], postgresql: Cluster) -> None:
    over = open_at("over", postgresql.migrated())
    furnish(over, "somebody who was there before")
    assert backup.restore(over, there(made(house, PASSPHRASE)), NOW, PASSPHRASE).unreadable == 0
    assert [each.day for each in backup.kept(over)] == [None], "what was there is kept first"
    assert CardDesk(over, "another account").secrets("a") == SECRETS
    (walk,) = RenewalDesk(over, "local", lambda: NOW).walks()
    RenewalDesk(over, "local", lambda: NOW).note(walk.renewal_id, "card", "ids go on after those that came")
    ReadingDesk(over, "local", lambda: NOW).record(Reading("a", Source.TYPED, NOW, data=(DataBalance(remaining=DataVolume(1)),)))
    RenewalDesk(over, "local", lambda: NOW).delete(walk.renewal_id)
    back = open_at("back")
    backup.restore(back, there(made(over, PASSPHRASE)), NOW, PASSPHRASE)
    came, left = without_sealed(rows_of(back)), without_sealed(rows_of(house))
    assert len(came.pop("readings")) == len(left.pop("readings")) + 1
    for table in ("readings", "current_readings", "cards", "renewals", "renewal_events"):
        came.pop(table, None)
        left.pop(table, None)
    assert came == shown_characters(left)
    assert CardDesk(back, "local").secrets("a") == SECRETS


def shown_characters(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """PostgreSQL keeps no NUL; nothing here has one, so nothing changes."""
    assert "\x00" not in repr(rows)
    return rows


def test_an_upgrade_of_postgresql_keeps_a_backup_first(tmp_path: Path, open_at: Callable[..., House], postgresql: Cluster) -> None:
    url = postgresql.empty()
    old = Database(url)
    old.upgrade("0002")
    with old.write() as connection:
        connection.exec_driver_sql("INSERT INTO accounts VALUES ('local', 1)")
        connection.exec_driver_sql("INSERT INTO settings VALUES ('local', 'language', '\"zh\"')")
    old.close()
    house = open_at("server", url)
    (kept,) = backup.kept(house)
    assert kept.path.name == "before-upgrade-from-0002.zip"
    elsewhere = open_at("elsewhere")
    with kept.path.open("rb") as source:
        found = backup.restore(elsewhere, source, NOW)
    assert (found.contents.schema, found.rows["settings"]) == ("0002", 1)


def test_an_upgrade_keeps_the_file_as_it_was_until_the_next(tmp_path: Path) -> None:
    path = tmp_path / "simkeeper.db"
    for schema in ("0002", "0003"):
        path.unlink(missing_ok=True)
        old = Database(f"sqlite:///{path}")
        old.upgrade(schema)
        with old.write() as connection:
            connection.exec_driver_sql(f"INSERT INTO accounts VALUES ('from {schema}', 1)")
        old.close()
        newer = Database(f"sqlite:///{path}")
        newer.migrate()
        assert newer.schema() == NEWEST_SCHEMA
        newer.close()
        (copy,) = tmp_path.glob("*before-upgrade*")
        assert copy.name == f"simkeeper.db.before-upgrade-from-{schema}"
        with sqlite3.connect(copy) as raw:
            assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == (schema,)
            assert raw.execute("SELECT id FROM accounts").fetchall() == [(f"from {schema}",)]


def test_the_worker_keeps_it_and_one_that_cannot_be_kept_holds_up_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    over, rounds = threading.Event(), 0

    def open_house() -> House:
        nonlocal rounds
        rounds += 1
        if rounds >= 4:
            over.set()
        return house

    backup.folder(house).write_text("a file is in the way")
    worker.work(over, open_house, timedelta(0), timedelta(0))
    assert "no backup was kept today" in caplog.text
    assert worker.last_run(house, "local") is not None
    backup.folder(house).unlink()
    worker.keep_backup(house)
    (kept,) = backup.kept(house)
    assert kept.day is not None
