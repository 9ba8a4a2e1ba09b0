"""A full disk, a disk that takes no writes, a broken file, a process killed anywhere: what was stored is there afterwards."""

import contextlib
import errno
import hashlib
import io
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from services.model.card import Card, CardKind
from services.store.database import Database, DatabaseDamaged
from services.use import backup
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.storage import Trouble, trouble_of
from tests.conftest import ROOT
from tests.unit.backup.conftest import NOW, furnish, rows_of


@pytest.fixture
def house(open_at: Callable[..., House]) -> House:
    opened = open_at("here")
    furnish(opened)
    return opened


def fill_up(house: House) -> None:
    """From now on SQLite is told at every connection that the disk has no page left."""

    @event.listens_for(house.database.engine, "connect")
    def no_room(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    house.database.close()


def many() -> list[Card]:
    return [Card(f"n{number}", "x" * 1_000, CardKind.SIM) for number in range(500)]


def test_a_full_disk_keeps_all_that_was_there_and_says_so(house: House) -> None:
    before = rows_of(house)
    fill_up(house)
    with pytest.raises(OperationalError) as caught:
        CardDesk(house, "local").add_many([(card, CardDesk(house, "local").secrets("a")) for card in many()])
    assert trouble_of(caught.value) is Trouble.FULL
    assert rows_of(house) == before


def test_a_restore_onto_a_full_disk_changes_nothing(house: House, open_at: Callable[..., House]) -> None:
    rich = open_at("rich")
    for card in many():
        CardDesk(rich, "local").add(card)
    file = backup.make_bytes(rich, NOW)
    before = rows_of(house)
    fill_up(house)
    with pytest.raises(OperationalError) as caught:
        backup.restore(house, io.BytesIO(file), NOW)
    assert trouble_of(caught.value) is Trouble.FULL
    assert rows_of(house) == before


BACKUP_WITH_LITTLE_ROOM = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from services.use import backup
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.storage import trouble_of

place = Path(sys.argv[1])
house = open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
try:
    backup.keep_daily(house, datetime(2026, 11, 20, tzinfo=UTC))
except OSError as error:
    print(trouble_of(error))
"""


def test_a_backup_that_finds_no_room_leaves_no_half_file(house: House) -> None:
    place = house.configuration.data_dir
    ran = subprocess.run([sys.executable, "-c", BACKUP_WITH_LITTLE_ROOM, str(place)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "full", ran.stderr
    assert list((place / "backups").iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2_000


ON_A_SMALL_DISK = """
import resource, secrets, signal, subprocess, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from services.model.card import Card, CardKind
from services.use import backup
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.storage import trouble_of

disk, mounted = Path(sys.argv[1]), sys.argv[2] == "mounted"
place = disk / "data"


def room(more):
    if mounted:
        subprocess.run(["mount", "-o", "remount,size=" + ("64m" if more else "3m"), str(disk)], check=True)
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most if more else 3_000_000, most))


def opened():
    return open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))


def add(house, name):
    CardDesk(house, "local").add(Card(name, secrets.token_hex(10_000), CardKind.SIM))


room(False)
house, kept, troubles, now = opened(), [], [], datetime(2026, 11, 20, tzinfo=UTC)
for number in range(1_000):
    try:
        add(house, f"n{number}")
        kept.append(f"n{number}")
    except Exception as error:
        troubles.append(str(trouble_of(error)))
        if len(troubles) == 3:
            break
try:
    backup.keep_daily(house, now)
except Exception as error:
    troubles.append(str(trouble_of(error)))
print(*troubles)
print(len(kept) > 20, len(list((place / "backups").iterdir())))
room(True)
for again in (house, opened()):
    assert {card.card_id for card in CardDesk(again, "local").all()} == set(kept)
    add(again, f"after {len(kept)}")
    kept.append(f"after {len(kept)}")
    again.close()
house = opened()
assert {card.card_id for card in CardDesk(house, "local").all()} == set(kept)
with backup.keep_daily(house, now + timedelta(days=1)).open("rb") as source:
    print(backup.look(house, source).rows["cards"] == len(kept))
"""


def mounting() -> list[str] | None:
    """What goes before a command that may mount a disk of its own; None where this machine lets nobody do that."""
    for way in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        with contextlib.suppress(OSError):
            if subprocess.run([*way, "sh", "-c", "mount -t tmpfs -o size=1m x /mnt"], capture_output=True, check=False).returncode == 0:
                return way
    return None


@pytest.mark.parametrize("disk", ["mounted", "limited"] if mounting() else ["limited"])
def test_on_a_disk_that_fills_up_nothing_kept_is_lost_and_work_goes_on_when_there_is_room(disk: str, tmp_path: Path) -> None:
    """On a file system of 3 MB, and where no file may grow beyond them."""
    command = [sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path), disk]
    if disk == "mounted":
        command = [*(mounting() or ()), "sh", "-c", f'mount -t tmpfs -o size=3m x "{tmp_path}" && exec "$@"', "sh", *command]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    troubles, rest, whole = ran.stdout.splitlines()
    # A backup is smaller than what it is of, so that it fits where no file may be larger, and not where there is no room at all.
    assert troubles.split() == ["full"] * (4 if disk == "mounted" else 3)
    assert (rest, whole) == (f"True {0 if disk == 'mounted' else 1}", "True")


READ_ONLY = """
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from services.model.card import Card, CardKind
from services.use import backup
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.storage import trouble_of

place = Path(sys.argv[1])
if os.geteuid() == 0:  # root writes everywhere: somebody without that right stands for everybody else
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    house = open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))
    CardDesk(house, "local").add(Card("n", "n", CardKind.SIM))
except Exception as error:
    print(trouble_of(error))
try:
    backup.write_whole(place / "backups" / "x.zip", lambda target: None)
except OSError as error:
    print(trouble_of(error))
"""


def test_a_directory_that_takes_no_writes_says_so_and_is_not_touched() -> None:
    place = Path(tempfile.mkdtemp(prefix="simkeeper-read-only-"))  # the directories of pytest are closed to others
    try:
        house = open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))
        furnish(house)
        before = rows_of(house)
        house.close()
        (place / "backups").mkdir()
        for path in (*place.iterdir(), place):
            path.chmod(0o555 if path.is_dir() else 0o444)
        ran = subprocess.run([sys.executable, "-c", READ_ONLY, str(place)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.stdout.split() == ["read_only", "read_only"], ran.stderr
        assert rows_of(house) == before
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


@pytest.mark.parametrize("kind", ["text", "zeros", "half", "holes", "html"])
def test_a_broken_database_is_refused_and_not_touched(house: House, kind: str) -> None:
    place = house.configuration.data_dir
    with sqlite3.connect(place / "simkeeper.db") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    house.close()
    path = place / "simkeeper.db"
    whole = path.read_bytes()
    luck = random.Random(3)
    broken = {
        "text": b"this is a letter, not a database" * 100,
        "zeros": bytes(len(whole)),
        "half": whole[: len(whole) // 2],
        "holes": whole[:8_192] + luck.randbytes(len(whole) - 8_192),
        "html": b"<!doctype html><title>404</title>" * 300,
    }[kind]
    path.write_bytes(broken)
    for companion in ("simkeeper.db-wal", "simkeeper.db-shm"):
        (place / companion).unlink(missing_ok=True)
    digest = hashlib.sha256(broken).hexdigest()
    for _ in range(2):
        with pytest.raises(DatabaseDamaged) as caught:
            open_house(Configuration(place, f"sqlite:///{path}"))
        assert trouble_of(caught.value) is Trouble.DAMAGED
        assert caught.value.path == path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_moved_aside_the_newest_backup_brings_everything_back(house: House, open_at: Callable[..., House]) -> None:
    """What the sentence on the page says, done."""
    backup.keep_daily(house, NOW)
    before, place = rows_of(house), house.configuration.data_dir
    house.close()
    (place / "simkeeper.db").write_bytes(b"broken" * 1_000)
    aside = place.parent / "aside"
    aside.mkdir()
    for path in place.glob("simkeeper.db*"):
        path.rename(aside / path.name)
    fresh = open_at("here")
    with backup.kept(fresh)[0].path.open("rb") as source:
        assert backup.restore(fresh, source, NOW).unreadable == 0
    assert rows_of(fresh) == before


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENOSPC, "x"), Trouble.FULL),
        (PermissionError(errno.EACCES, "x"), Trouble.READ_ONLY),
        (OSError(errno.EROFS, "x"), Trouble.READ_ONLY),
        (FileNotFoundError(errno.ENOENT, "x"), None),
        (ValueError("disk full"), None),
        (DatabaseDamaged(Path("x")), Trouble.DAMAGED),
    ],
)
def test_each_trouble_is_told_from_its_error(error: Exception, trouble: Trouble | None) -> None:
    assert trouble_of(error) is trouble
    wrapped = RuntimeError("something around it")
    wrapped.__cause__ = error
    assert trouble_of(wrapped) is trouble


def test_a_server_that_does_not_answer_is_told_apart(tmp_path: Path) -> None:
    nobody = Database(f"postgresql://simkeeper@/x?host={tmp_path}")
    with pytest.raises(OperationalError) as caught:
        nobody.schema()
    assert trouble_of(caught.value) is Trouble.UNREACHABLE
    nobody.close()


RESTORER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from services.use import backup
from services.use.configuration import Configuration
from services.use.house import open_house

place, file, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
house = open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))
now = datetime(2026, 11, 20, tzinfo=UTC)
print("ready", flush=True)
for round in range(1_000):
    if what == "restore":
        with file.open("rb") as source:
            backup.restore(house, source, now)
    else:
        backup.make_file(house, file, now)
    print("done", flush=True)
"""


def killed(place: Path, file: Path, what: str, after: int, delay_s: float) -> None:
    """Let it finish ``after`` rounds, then kill it somewhere in the next."""
    command = [sys.executable, "-c", RESTORER, str(place), str(file), what]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after + 1):
            process.stdout.readline()
        try:
            process.wait(delay_s)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("delay_s", [0.02, 0.12])
def test_killed_inside_a_restore_the_old_or_the_new_is_there_whole(house: House, open_at: Callable[..., House], delay_s: float) -> None:
    old = rows_of(house)
    other = open_at("other")
    CardDesk(other, "local").add(Card("only", "The only card", CardKind.SIM))
    file = other.configuration.data_dir / "backup.zip"
    backup.make_file(other, file, NOW)
    new = rows_of(other)
    house.close()
    killed(house.configuration.data_dir, file, "restore", 0, delay_s)
    opened = open_at("here")
    assert rows_of(opened) in (old, new)


def test_killed_inside_a_backup_the_file_is_the_old_or_a_new_whole_one(house: House) -> None:
    file = house.configuration.data_dir / "kept.zip"
    before = rows_of(house)
    for delay_s in (0.005, 0.03):
        killed(house.configuration.data_dir, file, "make", 1, delay_s)
        with file.open("rb") as source:
            assert backup.look(house, source).rows["cards"] == 2
    assert rows_of(house) == before
