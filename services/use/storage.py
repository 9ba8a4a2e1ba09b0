"""What is wrong with the place where data is kept, told from whatever error it came as."""

import errno
import sqlite3
from enum import StrEnum

import sqlalchemy.exc

from services.store.database import DatabaseDamaged


class Trouble(StrEnum):
    """FULL: no room. READ_ONLY: not to be written to. DAMAGED: the database is broken inside. BUSY: another one writes for too long.
    UNREACHABLE: the database server does not answer."""

    FULL = "full"
    READ_ONLY = "read_only"
    DAMAGED = "damaged"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


_OF_SYSTEM = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EFBIG: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
}
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.FULL,  # a disk that takes no more, or is gone
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
}
_OF_POSTGRESQL = {
    "53100": Trouble.FULL,
    "25006": Trouble.READ_ONLY,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
    "55P03": Trouble.BUSY,
}


def trouble_of(error: BaseException | None) -> Trouble | None:
    """None when the error says nothing of the place where data is kept."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, DatabaseDamaged):
            return Trouble.DAMAGED
        if isinstance(error, sqlite3.Error) and (code := getattr(error, "sqlite_errorcode", None)) is not None:
            return _OF_SQLITE.get(code & 0xFF)
        if isinstance(error, OSError) and error.errno in _OF_SYSTEM:
            return _OF_SYSTEM[error.errno]
        if isinstance(error, sqlalchemy.exc.DBAPIError):
            state = getattr(error.orig, "sqlstate", None)
            if state is not None:
                return _OF_POSTGRESQL.get(state)
            if isinstance(error, sqlalchemy.exc.OperationalError) and not isinstance(error.orig, sqlite3.Error):
                return Trouble.UNREACHABLE
        error = error.__cause__ or error.__context__
    return None
