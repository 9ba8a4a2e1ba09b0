"""Backups: one file made, kept every day, looked into, put back. ``python -m services.use.backup make|check|restore FILE``.

A backup holds the whole database of this machine, of every account. Without a passphrase, what is sealed stays sealed with this
machine's key, which is not inside: on another machine those secrets cannot be read. With one, the file is encrypted and the key is inside.
"""

import argparse
import getpass
import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from services.store.database import Database
from services.store.sealed_file import WrongPassphrase
from services.store.snapshot import (
    BackupDamaged,
    BackupTooNew,
    Contents,
    NotABackup,
    PassphraseNeeded,
    Staged,
    put_back,
    stage,
    take,
    write_whole,
)
from services.store.tables import metadata
from services.store.vault import Vault
from services.use.house import BACKUPS, House, open_house

__all__ = ["BackupDamaged", "BackupTooNew", "Found", "KeptBackup", "NotABackup", "PassphraseNeeded", "WrongPassphrase"]

DAILY_KEPT = 7
BEFORE_RESTORE_KEPT = 3
SHORTEST_PASSPHRASE = 8
PLAIN_ENDING, SEALED_ENDING = "zip", "simkeeper"
FROM_ENVIRONMENT = "SIMKEEPER_BACKUP_PASSPHRASE"
_DAILY = re.compile(r"simkeeper-(\d{4}-\d{2}-\d{2})\.zip")
_BEFORE = re.compile(r"before-(restore|upgrade)-[0-9a-z-]{1,40}\.zip")
_OF_A_PERSON = ("cards", "trips", "renewals", "receipts", "provider_accounts", "delivery_channels", "settings")
"""Tables that fill when a person does something. Of the others nothing is lost when they are: they fill themselves."""


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A backup that this program kept by itself. ``day``: of a daily one, None for one made before a restore or an upgrade."""

    path: Path
    day: date | None
    made_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a backup that was checked whole. ``rows``: by table, at the newest schema. ``unreadable``: secrets no key here opens."""

    contents: Contents
    rows: Mapping[str, int]
    unreadable: int


def folder(house: House) -> Path:
    """Where kept backups lie."""
    return house.configuration.data_dir / BACKUPS


def file_name(now: datetime, passphrase: str | None) -> str:
    """The name to download under."""
    return f"simkeeper-backup-{now:%Y-%m-%d}.{PLAIN_ENDING if passphrase is None else SEALED_ENDING}"


def make(house: House, target: BinaryIO, now: datetime, passphrase: str | None = None) -> Contents:
    """Write a backup of everything as it is at this moment. Raises OSError, what the database raises, and ForTheMachine."""
    house.database.require_machine()
    return take(house.database, target, now, passphrase, Vault(house.configuration.data_dir))


def make_bytes(house: House, now: datetime, passphrase: str | None = None) -> bytes:
    """The same in memory, for a download."""
    out = io.BytesIO()
    make(house, out, now, passphrase)
    return out.getvalue()


def make_file(house: House, path: Path, now: datetime, passphrase: str | None = None) -> Contents:
    """The same in a file, which is there whole or not at all, for its owner alone."""
    return write_whole(path, lambda target: make(house, target, now, passphrase))


def keep_daily(house: House, now: datetime) -> Path | None:
    """Keep today's backup and the newest ``DAILY_KEPT``. Harmless to call often and from several processes. Returns the new file; None
    when today has one, or when nothing is there that a person would miss. Raises OSError and what the database raises."""
    path = folder(house) / f"simkeeper-{now:%Y-%m-%d}.{PLAIN_ENDING}"
    if path.exists() or not _worth_keeping(house.database):
        return None
    make_file(house, path, now)
    _drop_oldest(house, _DAILY, DAILY_KEPT)
    return path


def kept(house: House) -> list[KeptBackup]:
    """The backups that were kept, the newest first."""
    there = []
    with suppress(FileNotFoundError):
        for path in folder(house).iterdir():
            daily = _DAILY.fullmatch(path.name)
            if (daily or _BEFORE.fullmatch(path.name)) and path.is_file():
                stat = path.stat()
                made_at = datetime.fromtimestamp(int(stat.st_mtime), UTC)
                there.append(KeptBackup(path, date.fromisoformat(daily[1]) if daily else None, made_at, stat.st_size))
    return sorted(there, key=lambda each: (each.made_at, each.path.name), reverse=True)


def kept_named(house: House, name: str) -> Path:
    """The kept backup of that name. Raises FileNotFoundError for any other name, wherever it points, and ForTheMachine."""
    house.database.require_machine()
    for each in kept(house):
        if each.path.name == name:
            return each.path
    raise FileNotFoundError(name)


def look(house: House, source: BinaryIO, passphrase: str | None = None) -> Found:
    """Check a backup whole, as a restore does, and change nothing.

    Raises NotABackup, PassphraseNeeded, WrongPassphrase, BackupDamaged, BackupTooNew, ForTheMachine.
    """
    house.database.require_machine()
    with _staged(house, source, passphrase) as staged:
        return _found(staged)


def restore(house: House, source: BinaryIO, now: datetime, passphrase: str | None = None) -> Found:
    """Put a backup in place of everything that is here, all or nothing; what was here is kept as a backup first. Raises as ``look``, and
    OSError and what the database raises: then nothing was changed. Raises ForTheMachine: it replaces the rows of every household."""
    house.database.require_machine()
    with _staged(house, source, passphrase) as staged:
        found = _found(staged)
        if _worth_keeping(house.database):
            make_file(house, folder(house) / f"before-restore-{now:%Y-%m-%d-%H%M%S}.{PLAIN_ENDING}", now)
            _drop_oldest(house, re.compile(r"before-restore-.*\.zip"), BEFORE_RESTORE_KEPT)
        put_back(staged, house.database)
    house.database.ensure_local_account()
    forget_what_was_read(house)
    return found


def forget_what_was_read(house: House) -> None:
    """Drop what this process remembers of the rows."""
    with house.lock:
        for remembered in (house.frames, house.known_cards, house.known_clocks):
            remembered.clear()


def remove_kept(house: House) -> None:
    """Delete every kept backup, and the copy from before the last upgrade."""
    for each in kept(house):
        each.path.unlink(missing_ok=True)
    database = house.database.file
    if database is not None:
        for copy in database.parent.glob(f"{database.name}.before-upgrade-from-*"):
            copy.unlink(missing_ok=True)


def _worth_keeping(database: Database) -> bool:
    with database.read() as connection:
        return any(connection.execute(select(metadata.tables[name]).limit(1)).first() is not None for name in _OF_A_PERSON)


def _drop_oldest(house: House, names: re.Pattern[str], most: int) -> None:
    by_name = sorted((each.path for each in kept(house) if names.fullmatch(each.path.name)), key=lambda path: path.name)
    for path in by_name[:-most]:
        path.unlink(missing_ok=True)


@contextmanager
def _staged(house: House, source: BinaryIO, passphrase: str | None) -> Iterator[Staged]:
    """In the data directory, where what is private may lie, and where there is room for it or for nothing."""
    house.configuration.data_dir.mkdir(parents=True, exist_ok=True)
    with stage(source, Vault(house.configuration.data_dir), passphrase or None, house.configuration.data_dir) as staged:
        yield staged


def _found(staged: Staged) -> Found:
    return Found(staged.contents, staged.row_counts(), staged.unreadable)


SENTENCES = {
    NotABackup: "This file is no backup of Simkeeper. / 这个文件不是续卡管家的备份。",
    PassphraseNeeded: f"This backup is encrypted; give the passphrase, or set {FROM_ENVIRONMENT}. / 这份备份已加密，请提供口令。",
    WrongPassphrase: "The passphrase does not fit. / 口令不正确。",
    BackupDamaged: "This backup is damaged; nothing was changed. Take an older one. / 这份备份已损坏，没有做任何改动。请改用更早的备份。",
    BackupTooNew: "A newer Simkeeper wrote this backup; nothing was changed. / 这份备份由更新版本写成，没有做任何改动。",
}


def main(arguments: Sequence[str] | None = None) -> int:
    from services.use.configuration import read_configuration

    parser = argparse.ArgumentParser(prog="python -m services.use.backup", description="One file with everything, and back.")
    parser.add_argument("what", choices=["make", "check", "restore"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--passphrase", action="store_true", help=f"ask for a passphrase; else {FROM_ENVIRONMENT} is used when it is set")
    given = parser.parse_args(arguments)
    passphrase = os.environ.get(FROM_ENVIRONMENT) or (getpass.getpass("Passphrase / 口令: ") if given.passphrase else None)
    if given.what == "make" and passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE:
        print(f"At least {SHORTEST_PASSPHRASE} characters. / 至少 {SHORTEST_PASSPHRASE} 个字符。", file=sys.stderr)
        return 2
    house = open_house(read_configuration())
    try:
        return _run(house, given.what, given.file, passphrase)
    except (NotABackup, PassphraseNeeded, WrongPassphrase, BackupDamaged, BackupTooNew) as error:
        print(SENTENCES[type(error)], file=sys.stderr)
        return 1
    finally:
        house.close()


def _run(house: House, what: str, path: Path, passphrase: str | None) -> int:
    now = datetime.now(UTC)
    if what == "make":
        contents = make_file(house, path, now, passphrase)
        print(f"{path}: {sum(contents.rows.values())} rows / 行")
        return 0
    with path.open("rb") as source:
        found = look(house, source, passphrase) if what == "check" else restore(house, source, now, passphrase)
    for table, rows in found.rows.items():
        if rows:
            print(f"{table:24}{rows:10}")
    print("Complete and readable. / 完整可读。" if what == "check" else "Restored. / 已恢复。")
    if found.unreadable:
        print(f"Secrets that no key here opens / 本机密钥解不开的机密: {found.unreadable}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
