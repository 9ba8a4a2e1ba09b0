"""The clocks of 500 cards in use: from the database, from memory, and after one new reading."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from services.model.card import Card, CardKind, CardSecrets
from services.model.clock import Activity
from services.model.money import Money
from services.model.reading import Event, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.reading import EventKind as SeenKind
from services.rules.clocks.library import shipped_rules
from services.use.cards import CardDesk
from services.use.clock_answers import answer
from services.use.clocks import ClockDesk
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.readings import ReadingDesk

CARDS, EACH, ROUNDS = 500, 40, 9
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def main() -> None:
    luck = random.Random(5)
    rules = [rule for rule in shipped_rules().values() if not rule.generic]
    with tempfile.TemporaryDirectory() as folder:
        house = open_house(Configuration(database_url=f"sqlite:///{folder}/simkeeper.db", data_dir=Path(folder)))
        names = [f"card{number}" for number in range(CARDS)]
        own = [rules[number % len(rules)] for number in range(CARDS)]
        CardDesk(house, "local", lambda: NOW).add_many(
            (Card(name, name, CardKind(rule.cards[0].value), rule.id, first_used_on=date(2026, 1, 5)), CardSecrets())
            for name, rule in zip(names, own, strict=True)
        )
        readings = ReadingDesk(house, "local", lambda: NOW)
        readings.store.add([_reading(luck, name, step) for name in names for step in range(EACH)])
        now = NOW

        def desk() -> ClockDesk:
            return ClockDesk(house, "local", lambda: now)

        for name in names[:100]:
            desk().record(name, Activity.TOP_UP, date(2026, 10, 1), money=Money.of(10, "GBP"))

        def cold() -> None:
            house.known_clocks.clear()
            answer(desk().all())

        def after_one() -> None:
            readings.record(_reading(luck, names[7], EACH))
            answer(desk().all())

        def next_day() -> None:
            nonlocal now
            now += timedelta(days=1)
            answer(desk().all())

        _measure(f"first answer of a process, {CARDS} cards, {CARDS * EACH} readings", cold)
        _measure("answer again, nothing changed", lambda: answer(desk().all()))
        _measure("answer after one new reading (the write included)", after_one)
        _measure("first answer of a new day", next_day)
        _measure("one card", lambda: desk().of_card(names[3]))
        _measure("what newer rules move, nothing changed", lambda: desk().moves())
        _measure("the marks of a month", lambda: desk().marks(date(2026, 12, 1), date(2026, 12, 31)))
        house.close()


def _reading(luck: random.Random, name: str, step: int) -> Reading:
    at = NOW - timedelta(days=2 * (EACH - step))
    told = (Event(SeenKind.TOPPED_UP, money=Money.of(10, "GBP")),) if step % 20 == 0 else ()
    end = (Validity(ValidityKind.UNSPECIFIED, at.date() + timedelta(days=90)),) if step % 10 == 0 else ()
    return Reading(name, Source.API, at, money=(MoneyBalance(Money.of(luck.randrange(50), "GBP")),), validity=end, events=told)


def _measure(name: str, work: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    print(f"{name:<70}{statistics.median(times):>9.1f} ms")


if __name__ == "__main__":
    main()
