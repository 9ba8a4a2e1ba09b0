"""The pages of 500 cards, with readings and clocks: reruns on the server, beside an empty page. ``python -m bench.cards_page [--quick]``.

Aim for the page of all cards: p50 30 ms, p95 60 ms. CPU is the server's own per rerun, which other work on the machine leaves as it is.
"""

import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.dashboard import WARMING, Running, dashboard, reruns
from bench.pages import FLOOR, spread
from services.model.card import Card, CardKind, CardSecrets, Identifiers
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.store.cards import CardStore
from services.store.database import LOCAL_ACCOUNT, Database
from services.store.readings import ReadingStore
from services.store.vault import Vault

CARDS, EACH = 500, 40
OPERATORS = (("giffgaff", "GB"), ("china_mobile", "CN"), ("cmhk", "HK"), ("ultra_mobile", "US"), (None, None))
ADDRESSES = {
    "all cards": ("balances", "lang=en"),
    "all cards, by holder": ("balances", "lang=zh&q=holder+3"),
    "one card": ("card", "id=card7&lang=en"),
    "one card, its history open": ("card", "id=card7&open=history&lang=en"),
    "overview": ("", "lang=en"),
}


def fill(data_dir: Path) -> None:
    """``CARDS`` cards of five kinds of operator, each with ``EACH`` readings of three weeks."""
    luck, now = random.Random(4), datetime.now(UTC)
    database = Database(f"sqlite:///{data_dir / 'simkeeper.db'}")
    database.migrate()
    cards, readings = [], []
    for number in range(CARDS):
        operator, country = OPERATORS[number % len(OPERATORS)]
        card = Card(
            f"card{number}",
            f"Card {number}",
            CardKind.SIM,
            operator,
            country,
            Identifiers(msisdn=f"+4477009{number:05}"),
            holder=f"Holder {number % 9}",
            tags=frozenset({f"tag {number % 5}"}),
            first_used_on=(now - timedelta(days=luck.randrange(30, 400))).date(),
        )
        cards.append((card, CardSecrets()))
        end = (now + timedelta(days=luck.randrange(-5, 60))).date()
        for step in range(EACH):
            left = DataVolume((EACH - step) * 25 * 10**7 + luck.randrange(10**8))
            readings.append(
                Reading(
                    card.card_id,
                    luck.choice(list(Source)),
                    now - timedelta(hours=12 * (EACH - step)),
                    money=(MoneyBalance(Money.of(luck.randrange(50), "GBP")),),
                    data=(DataBalance(remaining=left),),
                    validity=(Validity(ValidityKind.PLAN, end),),
                )
            )
    CardStore(database, LOCAL_ACCOUNT, Vault(data_dir)).add(cards, now)
    ReadingStore(database, LOCAL_ACCOUNT).add(readings)
    database.close()


def measure(name: str, running: Running, page: str, query: str, count: int) -> None:
    before = running.process.cpu_times()
    times = reruns(running.url, page, query, count)
    after = running.process.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) * 1000 / (count + WARMING)
    print(f"{name:<44} {spread(times)}   CPU {cpu:6.1f} ms", flush=True)


def main() -> None:
    count = 10 if "--quick" in sys.argv else 40
    with tempfile.TemporaryDirectory() as empty, dashboard(Path(empty), FLOOR) as running:
        measure("empty page", running, "", "", count)
    with tempfile.TemporaryDirectory() as filled:
        fill(Path(filled))
        with dashboard(Path(filled)) as running:
            for name, (page, query) in ADDRESSES.items():
                reruns(running.url, page, query, 1)
                measure(f"{CARDS} cards: {name}", running, page, query, count)


if __name__ == "__main__":
    main()
