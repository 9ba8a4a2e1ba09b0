"""All rows of all accounts in one file that any database of this program can take back.

A ZIP of ``tables/<name>.jsonl``, one row a line as a JSON array in the order of the columns, and ``manifest.json`` with the schema, the
program's version, the columns, and count and SHA-256 of every table; with a passphrase ``keys.json`` too, the keys of what is sealed, and
the whole ZIP is encrypted (``services.store.sealed_file``). Bytes stand as ``{"base64": ...}``.

A snapshot is taken in one read transaction, and put back in one write transaction: the rows first go into a SQLite database of the
snapshot's own schema in a temporary directory, where everything is checked and migrated to the newest schema, and from there into the
database in use. So a file that is damaged in any way, or a process killed at any moment, changes nothing.
"""

import base64
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from services import VERSION
from services.model.person import Role
from services.store.acting import as_program
from services.store.database import NEWEST_SCHEMA, Database, known_schemas
from services.store.sealed_file import MAGIC, NotSealed, SealDamaged, SealingWriter, is_sealed, unseal
from services.store.sealed_file import VERSION as SEALED_VERSION
from services.store.sealing import seal_anew
from services.store.tables import metadata
from services.store.vault import Vault

FORMAT = 1
MANIFEST, KEYS = "manifest.json", "keys.json"
AT_ONCE = 500
"""Rows in one statement."""
MOST_BYTES = 4 * 1024**3
MOST_PACKED = 200
"""Times that the rows may be larger than the file: ours are 10 to 30, and what is meant to fill a disk is 1,000."""
LONGEST_ROW = 64 * 1024**2
IN_MEMORY = 32 * 1024**2


class NotABackup(Exception):
    """The file is something else."""


class PassphraseNeeded(Exception):
    """The file is encrypted, and no passphrase was given."""


class BackupDamaged(Exception):
    """The file is a backup that is not whole or not as it was written. ``where`` says what did not fit, in English, for a log."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class BackupTooNew(Exception):
    """A newer program wrote it. ``program``: its version, "?" when it does not say."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self.program = program


class _TableEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    columns: list[str]
    rows: int = Field(ge=0)
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    format: int
    program: str = Field(max_length=40)
    schema_: str = Field(alias="schema", max_length=40)
    made_at: int
    tables: dict[str, _TableEntry]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot says of itself. ``rows``: by table. ``encrypted``: with a passphrase, and then the keys of secrets are inside."""

    made_at: datetime
    program: str
    schema: str
    rows: Mapping[str, int]
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Staged:
    """A snapshot that was checked, in a database of its own at the newest schema. ``unreadable``: sealed values that no key here opens;
    they are kept as they are."""

    contents: Contents
    database: Database
    unreadable: int

    def row_counts(self) -> dict[str, int]:
        """Rows by table, at the newest schema."""
        with self.database.read() as connection:
            count = {table.name: select(func.count()).select_from(table) for table in metadata.sorted_tables}
            return {name: connection.execute(query).scalar_one() for name, query in count.items()}


def take(database: Database, target: BinaryIO, at: datetime, passphrase: str | None = None, vault: Vault | None = None) -> Contents:
    """Write a snapshot of ``database``, of whatever schema it has. With ``passphrase`` it is encrypted and the keys of ``vault`` travel
    inside. Raises what writing raises; ``target`` is then worth nothing."""
    if passphrase is None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            return _take(database, archive, at, None)
    keys = [] if vault is None else [key.decode() for key in vault.every_key()]
    with SealingWriter(target, passphrase) as sealing, zipfile.ZipFile(sealing, "w", zipfile.ZIP_DEFLATED) as archive:
        return _take(database, archive, at, keys)


def write_whole(path: Path, write: Callable[[BinaryIO], Contents]) -> Contents:
    """A file that is there whole or not at all, for its owner alone: written under another name first, on the disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            contents = write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return contents


def _take(database: Database, archive: zipfile.ZipFile, at: datetime, keys: Sequence[str] | None) -> Contents:
    with database.read() as connection:
        schema = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
        entries = {table.name: _write_table(connection, table, archive) for table in _tables(connection, schema)}
    if keys is not None:
        archive.writestr(KEYS, json.dumps(keys))
    manifest = {
        "format": FORMAT,
        "program": VERSION,
        "schema": schema,
        "made_at": int(at.timestamp()),
        "tables": {name: entry.model_dump() for name, entry in entries.items()},
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return Contents(_moment(manifest["made_at"]), VERSION, schema, {name: entry.rows for name, entry in entries.items()}, keys is not None)


def _tables(connection: Connection, schema: str) -> Sequence[Table]:
    """The tables that a database of ``schema`` has, owners first."""
    if schema == NEWEST_SCHEMA:
        return metadata.sorted_tables
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def _write_table(connection: Connection, table: Table, archive: zipfile.ZipFile) -> _TableEntry:
    digest, count = hashlib.sha256(), 0
    writers = [_writer(column) for column in table.columns]
    query = select(table).order_by(*table.primary_key.columns)
    with archive.open(_member(table.name), "w", force_zip64=True) as member:
        for row in connection.execution_options(stream_results=True, yield_per=AT_ONCE).execute(query):
            line = json.dumps([write(value) for write, value in zip(writers, row, strict=True)], ensure_ascii=False, separators=(",", ":"))
            data = line.encode("utf-8", "surrogatepass") + b"\n"
            digest.update(data)
            member.write(data)
            count += 1
    return _TableEntry(columns=[column.name for column in table.columns], rows=count, sha256=digest.hexdigest())


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


@contextmanager
def stage(source: BinaryIO, vault: Vault, passphrase: str | None = None, room: Path | None = None) -> Iterator[Staged]:
    """Check a snapshot whole and unpack it beside the database. ``room``: the directory to do it in.

    Raises NotABackup, PassphraseNeeded, WrongPassphrase, BackupDamaged, BackupTooNew.
    """
    work = Path(tempfile.mkdtemp(prefix="simkeeper-restore-", dir=room))
    try:
        with _opened(source, passphrase, work) as plain, _archive(plain) as archive:
            manifest, keys = _manifest(archive)
            _check_size(archive, plain)
            database = Database(f"sqlite:///{work / 'staged.db'}")
            try:
                yield Staged(_contents(manifest, passphrase is not None), database, _fill(database, archive, manifest, keys, vault))
            finally:
                database.close()
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _opened(source: BinaryIO, passphrase: str | None, work: Path) -> Iterator[BinaryIO]:
    """The ZIP itself, decrypted when it has to be."""
    start = source.read(64)
    source.seek(0)
    if not is_sealed(start):
        yield source
        return
    if passphrase is None:
        raise PassphraseNeeded
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(work)) as spooled:
        plain = cast(BinaryIO, spooled)
        try:
            unseal(source, plain, passphrase)
        except SealDamaged:
            raise BackupDamaged("a chunk does not fit its tag") from None
        except NotSealed:
            if len(start) > len(MAGIC) and start[len(MAGIC)] > SEALED_VERSION:
                raise BackupTooNew("?") from None
            raise BackupDamaged("the head of the encryption") from None
        plain.seek(0)
        yield plain


PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@contextmanager
def _archive(plain: BinaryIO) -> Iterator[zipfile.ZipFile]:
    start = plain.read(4)
    plain.seek(0)
    if start != b"PK\x03\x04":
        raise NotABackup
    try:
        archive = zipfile.ZipFile(plain)
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise BackupDamaged("no directory of the archive") from error
    with archive:
        if any(member.compress_type not in PACKED for member in archive.infolist()):
            raise BackupDamaged("packed in another way than ours")
        yield archive


def _manifest(archive: zipfile.ZipFile) -> tuple[_Manifest, list[bytes]]:
    names = archive.namelist()
    if MANIFEST not in names:
        raise NotABackup
    said = _json(archive, MANIFEST)
    if not isinstance(said, dict) or not isinstance(said.get("format"), int) or not isinstance(said.get("schema"), str):
        raise NotABackup
    if said["format"] > FORMAT or said["schema"] not in known_schemas():
        raise BackupTooNew(str(said.get("program", "?"))[:40])
    try:
        manifest = _Manifest.model_validate(said)
    except ValidationError as error:
        raise BackupDamaged("the manifest") from error
    wanted = {MANIFEST, *(_member(name) for name in manifest.tables)}
    if len(names) != len(set(names)) or not wanted <= set(names) <= wanted | {KEYS}:
        raise BackupDamaged("other members than the manifest names")
    keys = _json(archive, KEYS) if KEYS in names else []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise BackupDamaged("the keys")
    return manifest, [key.encode() for key in keys]


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > 1024**2:
        raise BackupDamaged(f"{name} is too large")
    with _reading(name):
        return json.loads(archive.read(name))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Whatever a broken archive or row raises becomes BackupDamaged."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, RecursionError, TypeError) as error:
        raise BackupDamaged(name) from error


def _check_size(archive: zipfile.ZipFile, plain: BinaryIO) -> None:
    """What unpacks to more than a real backup is a bomb."""
    packed = plain.seek(0, 2)
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MOST_BYTES or unpacked > 1024**2 + packed * MOST_PACKED:
        raise BackupDamaged("unpacks to too much")


def _fill(database: Database, archive: zipfile.ZipFile, manifest: _Manifest, keys: Sequence[bytes], vault: Vault) -> int:
    """Rows into the staging database. Returns how many sealed values no key here opens."""
    tables = {table.name: table for table in _made(database, manifest.schema_)}
    if set(tables) != set(manifest.tables):
        raise BackupDamaged("other tables than its schema has")
    with database.write() as connection:
        for table in reversed(tables.values()):
            connection.execute(table.delete())
        for name, table in tables.items():
            _read_table(connection, table, archive, manifest.tables[name])
    if manifest.schema_ != NEWEST_SCHEMA:
        try:
            database.upgrade()
        except (SQLAlchemyError, ValueError, KeyError, TypeError) as error:
            raise BackupDamaged("its rows do not go through the migrations") from error
    with database.write() as connection:
        opens = Vault(vault.data_dir, vault.environment, also=keys)
        return seal_anew(connection, opens, vault)[1]


def _made(database: Database, schema: str) -> Sequence[Table]:
    """Make the tables of ``schema``, owners first. Those of the newest are made at once, without walking through the older ones."""
    if schema == NEWEST_SCHEMA:
        with database.write() as connection:
            metadata.create_all(connection)
    else:
        database.upgrade(schema)
    with database.read() as connection:
        return _tables(connection, schema)


def _read_table(connection: Connection, table: Table, archive: zipfile.ZipFile, entry: _TableEntry) -> None:
    if entry.columns != [column.name for column in table.columns]:
        raise BackupDamaged(f"columns of {table.name}")
    digest, count, batch = hashlib.sha256(), 0, []
    readers = [(column.name, _reader(column)) for column in table.columns]
    with _reading(table.name), archive.open(_member(table.name)) as member:
        while line := member.readline(LONGEST_ROW):
            digest.update(line)
            values = json.loads(line.decode("utf-8", "surrogatepass"))
            batch.append({name: read(value) for (name, read), value in zip(readers, values, strict=True)})
            count += 1
            if len(batch) == AT_ONCE:
                _insert(connection, table, batch)
                batch = []
    _insert(connection, table, batch)
    if count != entry.rows or digest.hexdigest() != entry.sha256:
        raise BackupDamaged(f"count or checksum of {table.name}")


def _insert(connection: Connection, table: Table, batch: list[dict[str, Any]]) -> None:
    if batch:
        try:
            connection.execute(table.insert(), batch)
        except SQLAlchemyError as error:
            raise BackupDamaged(f"rows of {table.name}") from error


def put_back(staged: Staged, database: Database) -> None:
    """Put the staged rows in place of everything that ``database`` has, all or nothing. Raises NotAllowed for anybody but an owner, and
    what the database raises."""
    database.require(Role.OWNER)
    with as_program(), staged.database.read() as source, database.write() as target:
        before = _revisions(target)
        for table in reversed(metadata.sorted_tables):
            target.execute(table.delete())
        for table in metadata.sorted_tables:
            rows = source.execution_options(yield_per=AT_ONCE).execute(select(table)).mappings()
            for batch in rows.partitions(AT_ONCE):
                target.execute(table.insert(), [dict(row) for row in batch])
        _move_on(target, before)
        if database.is_postgresql:
            _reset_sequences(target)


def _counters() -> list[Table]:
    return [table for table in metadata.sorted_tables if set(table.c.keys()) == {"account_id", "revision"}]


def _revisions(connection: Connection) -> dict[str, dict[str, int]]:
    return {
        table.name: {row.account_id: row.revision for row in connection.execute(select(table.c.account_id, table.c.revision))}
        for table in _counters()
    }


def _move_on(connection: Connection, before: Mapping[str, Mapping[str, int]]) -> None:
    """What a process remembers under a revision was of other rows: every revision becomes one that never was."""
    accounts = set(connection.execute(select(metadata.tables["accounts"].c.id)).scalars())
    now = _revisions(connection)
    for table in _counters():
        for account in accounts:
            fresh = max(before[table.name].get(account, 0), now[table.name].get(account, 0)) + 1
            connection.execute(table.delete().where(table.c.account_id == account))
            connection.execute(table.insert().values(account_id=account, revision=fresh))


def _reset_sequences(connection: Connection) -> None:
    """Ids given from now on follow those that were put back."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None and connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar():
            newest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), newest, False)))


def _contents(manifest: _Manifest, encrypted: bool) -> Contents:
    rows = {name: entry.rows for name, entry in manifest.tables.items()}
    with _reading("made_at"):
        return Contents(_moment(manifest.made_at), manifest.program, manifest.schema_, rows, encrypted)


def _moment(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(seconds) from error


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    """How a value of the column becomes JSON. Raises TypeError for a kind of column that a snapshot cannot carry."""
    _kinds_of(column)
    if isinstance(column.type, LargeBinary):
        return lambda value: None if value is None else {"base64": base64.b64encode(value).decode()}
    return lambda value: value


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """The way back; what is of another kind than the column raises ValueError."""
    kinds = _kinds_of(column)

    def read(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(column.type, LargeBinary):
            return base64.b64decode(value["base64"], validate=True)
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            raise ValueError(column.name)
        return value

    return read


def _kinds_of(column: Column[Any]) -> tuple[type, ...]:
    """What Python knows a column's values as; empty for anything JSON has."""
    for kind, classes in _KINDS:
        if isinstance(column.type, kind):
            return classes
    raise TypeError(f"{column.table.name}.{column.name}")


_KINDS: Sequence[tuple[type, tuple[type, ...]]] = (
    (JSON, ()),
    (Boolean, (bool,)),
    (BigInteger, (int,)),
    (Integer, (int,)),
    (Float, (float, int)),
    (String, (str,)),
    (LargeBinary, (dict,)),
)
