"""The process is killed while it writes: what was acknowledged is there, nothing is half there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from services.model.card import CardSecrets
from services.rules.balances.state import states
from services.store.cards import CardStore
from services.store.database import Database
from services.store.readings import ReadingStore
from services.store.vault import Vault
from tests.conftest import ROOT

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from services.model.card import Card, CardKind, CardSecrets
from services.model.data_volume import DataVolume
from services.model.reading import DataBalance, Reading, Source
from services.store.cards import CardStore
from services.store.database import Database
from services.store.readings import ReadingStore
from services.store.vault import Vault

place = Path(sys.argv[1])
database = Database(f"sqlite:///{place / 'simkeeper.db'}")
database.migrate()
cards, readings = CardStore(database, "local", Vault(place)), ReadingStore(database, "local")
now = datetime(2026, 11, 20, tzinfo=UTC)
for step in range(10_000):
    name = f"card{step}"
    cards.add([(Card(name, name, CardKind.SIM), CardSecrets(pin=str(step)))], now)
    readings.add([
        Reading(name, Source.TYPED, now + timedelta(minutes=at), data=(DataBalance(remaining=DataVolume(at)),)) for at in range(5)
    ])
    print(f"kept {step}", flush=True)
    if step % 3 == 2:
        cards.merge(cards.get(name), f"card{step - 1}", now)
        print(f"merged {step - 1} {step}", flush=True)
"""


def test_killed_between_any_two_steps_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    said: list[list[str]] = []
    for _ in range(3):
        place = tmp_path / str(len(said))
        place.mkdir()
        lines: list[str] = []
        with subprocess.Popen([sys.executable, "-c", WRITER, str(place)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.strip())
                if len(lines) == 11 + 2 * len(said):
                    os.kill(process.pid, signal.SIGKILL)
        said.append(lines)
        check(place, lines)


def check(place: Path, lines: list[str]) -> None:
    database = Database(f"sqlite:///{place / 'simkeeper.db'}")
    database.migrate()
    cards, readings = CardStore(database, "local", Vault(place)), ReadingStore(database, "local")
    merged = dict(line.split()[1:] for line in lines if line.startswith("merged"))
    held = {card.card_id for card in cards.all()}
    history = []
    for line in lines:
        if line.startswith("kept"):
            step = line.split()[1]
            name = f"card{step}"
            if name not in held:
                into = f"card{merged.get(step, int(step) + 1)}"
                assert name in [gone.card.card_id for gone in cards.merged_into(into)]
                assert cards.merged_secrets(into, name) == CardSecrets(pin=step)
            else:
                assert len(readings.of_card(name)) in (5, 10)
                assert cards.secrets(name) == CardSecrets(pin=step)
    for name in held:
        own = readings.of_card(name)
        assert len(own) % 5 == 0, "a batch is there whole, or not at all"
        assert readings.counts()[name] == len(own)
        history += own
    assert readings.states() == states(history)
    database.close()
