"""A PostgreSQL of the tests' own: in a directory that goes with it, on a socket file, never on the network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.store.database import Database

MISSING = "PostgreSQL is not installed, and no test is left out for that: run `sh tests/servers/set_up.sh`, which says what is needed"
TEMPLATE = "migrated"
UNSAFE_AND_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=200")


class Cluster:
    """A running PostgreSQL. Every test gets a database of its own in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._numbers = count(1)

    def url(self, name: str) -> str:
        """The address of a database, as a person would write it."""
        return f"postgresql://simkeeper@/{name}?host={self.place}"

    def empty(self) -> str:
        """The address of a new database with nothing in it."""
        return self._new("template0")

    def migrated(self) -> str:
        """The address of a new database with the newest schema."""
        return self._new(TEMPLATE)

    def drop(self, url: str) -> None:
        self._say(f'DROP DATABASE "{url.partition("@/")[2].partition("?")[0]}" WITH (FORCE)')

    def make_template(self) -> None:
        self._say(f'CREATE DATABASE "{TEMPLATE}" TEMPLATE template0')
        database = Database(self.url(TEMPLATE))
        database.migrate()
        database.close()

    def _new(self, template: str) -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def _say(self, statement: Any) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start one, and stop it. PostgreSQL refuses to run as root, so it runs as the user that Debian made for it, or as nobody."""
    programs = _programs()
    place = Path(tempfile.mkdtemp(prefix="simkeeper-pg-"))  # the path of a socket file must be short
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(place, user.pw_uid, user.pw_gid)
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, log = place / "data", place / "log"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def run(program: str, *arguments: str) -> None:
        command = [programs / program, "--pgdata", data, *arguments]
        with (place / "said").open("w") as said:
            ended = subprocess.run(command, cwd=place, env=environment, stdout=said, stderr=said, check=False, **other)
        assert ended.returncode == 0, "\n".join(file.read_text() for file in (place / "said", log) if file.exists())

    options = " ".join(["-c listen_addresses=''", f"-k {place}", *(f"-c {setting}" for setting in UNSAFE_AND_FAST)])
    try:
        run("initdb", "--auth=trust", "--username=simkeeper", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "--log", str(log), "-w", "-t", "120", "-o", options, "start")
        try:
            yield Cluster(place)
        finally:
            run("pg_ctl", "-w", "-t", "120", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _programs() -> Path:
    """Where initdb is: on the path, or in Debian's directory of the newest version."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3]))
    if not versions:
        pytest.fail(MISSING)
    return versions[-1].parent
