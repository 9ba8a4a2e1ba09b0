"""200 processes killed with SIGKILL at random moments while they write cards, restore a backup, or make one: nothing acknowledged is lost.

``python -m bench kills``; ``python -m bench.kills [runs]``.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

from services.model.card import Card, CardKind
from services.use import backup
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from tests.conftest import ROOT
from tests.unit.backup.conftest import NOW, furnish, rows_of
from tests.unit.backup.test_failures import RESTORER
from tests.unit.cards.test_crash import WRITER, check

RUNS = 200


def opened(place: Path) -> House:
    place.mkdir(parents=True, exist_ok=True)
    return open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))


def run_and_kill(command: list[str], luck: random.Random, longest_s: float) -> list[str]:
    """Start it, wait for its first line, let it go on for a random time, kill it. Returns the whole lines it wrote."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        killer = threading.Timer(luck.uniform(0, longest_s), os.kill, (process.pid, signal.SIGKILL))
        killer.start()
        lines += list(process.stdout)
        killer.join()
    return [line.strip() for line in lines if line.endswith("\n")]


def writing(place: Path, luck: random.Random) -> None:
    place.mkdir()
    check(place, run_and_kill([sys.executable, "-c", WRITER, str(place)], luck, 0.6))


def restoring(place: Path, luck: random.Random) -> None:
    """The rows of before or those of the backup, whole."""
    here, there = opened(place / "here"), opened(place / "there")
    furnish(here)
    CardDesk(there, "local").add(Card("only", "The only card", CardKind.SIM))
    file = place / "backup.zip"
    backup.make_file(there, file, NOW)
    old, new = rows_of(here), rows_of(there)
    here.close()
    there.close()
    run_and_kill([sys.executable, "-c", RESTORER, str(place / "here"), str(file), "restore"], luck, 0.5)
    again = opened(place / "here")
    assert rows_of(again) in (old, new)
    again.close()


def backing_up(place: Path, luck: random.Random) -> None:
    """The file is the one before, or a new whole one; the database is as it was."""
    here = opened(place / "here")
    furnish(here)
    file, before = place / "backup.zip", rows_of(here)
    backup.make_file(here, file, NOW)
    run_and_kill([sys.executable, "-c", RESTORER, str(place / "here"), str(file), "make"], luck, 0.3)
    with file.open("rb") as source:
        assert backup.look(here, source).rows["cards"] == len(before["cards"])
    assert rows_of(here) == before
    here.close()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    luck, lost = random.Random(runs), Counter[str]()
    kinds = (writing, restoring, backing_up)
    with tempfile.TemporaryDirectory() as directory:
        for number in range(runs):
            kind = kinds[number % len(kinds)]
            place = Path(directory) / str(number)
            try:
                if kind is not writing:
                    place.mkdir()
                kind(place, luck)
                with sqlite3.connect(next(place.rglob("simkeeper.db"))) as raw:
                    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            except AssertionError:
                lost[kind.__name__] += 1
    print(f"{'while':14}{'kills':>8}{'lost':>8}")
    for at, kind in enumerate(kinds):
        print(f"{kind.__name__:14}{len(range(at, runs, len(kinds))):8}{lost[kind.__name__]:8}")
    if lost:
        raise SystemExit("something that was stored is gone")


if __name__ == "__main__":
    main()
