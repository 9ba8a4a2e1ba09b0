"""A million readings of 500 cards: the newest state of all, adding to them, and the board a page draws."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.model.card import Card, CardKind, CardSecrets
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.store.cards import CardStore
from services.store.readings import ReadingStore
from services.store.vault import Vault
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.readings import ReadingDesk

CARDS, READINGS, BATCH, ROUNDS = 500, 1_000_000, 20_000, 15
START = datetime(2025, 11, 20, tzinfo=UTC)


def reading(card: int, step: int, luck: random.Random) -> Reading:
    taken = START + timedelta(hours=4 * step)
    return Reading(
        card_id=f"card{card}",
        source=luck.choice(list(Source)),
        taken_at=taken,
        money=(MoneyBalance(Money.of(luck.randrange(50), "GBP")),),
        data=(DataBalance(remaining=DataVolume(luck.randrange(10**10))),),
        validity=(Validity(ValidityKind.PLAN, (taken + timedelta(days=30)).date()),),
    )


def measure(name: str, work: Callable[[], object], rounds: int = ROUNDS) -> None:
    times, spent = [], []
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        work()
        spent.append((time.process_time() - busy) * 1000)
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(f"{name:<62}{statistics.median(times):>9.1f} ms p50{p95:>9.1f} ms p95{statistics.median(spent):>9.1f} ms CPU")


def main() -> None:
    luck = random.Random(4)
    with tempfile.TemporaryDirectory() as directory:
        house = open_house(Configuration(Path(directory), f"sqlite:///{directory}/simkeeper.db"))
        cards = CardStore(house.database, "local", Vault(Path(directory)))
        store = ReadingStore(house.database, "local")
        cards.add([(Card(f"card{n}", f"Card {n}", CardKind.SIM), CardSecrets()) for n in range(CARDS)], START)
        began, each = time.perf_counter(), BATCH // CARDS
        for start in range(0, READINGS // CARDS, each):
            store.add([reading(card, start + step, luck) for card in range(CARDS) for step in range(each)])
        print(f"{READINGS:,} readings of {CARDS} cards stored in {time.perf_counter() - began:.0f} s", flush=True)
        last = READINGS // CARDS
        measure(f"newest state of {CARDS} cards", store.states)
        measure("one reading added", lambda: store.add([reading(7, last, luck)]))
        measure(f"one reading added to each of {CARDS} cards", lambda: store.add([reading(n, last, luck) for n in range(CARDS)]), 3)
        measure("500 newest readings of one card", lambda: store.of_card("card7", 500))
        desk = ReadingDesk(house, "local", lambda: START + timedelta(hours=4 * last))
        measure("board, read for the first time", desk.board, 1)
        measure("board, nothing new", desk.board)

        def one_new() -> None:
            store.add([reading(7, last, luck)])
            desk.board()

        measure("board after one new reading", one_new)
        house.close()


if __name__ == "__main__":
    main()
