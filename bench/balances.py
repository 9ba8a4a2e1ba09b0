"""State of 500 cards out of 50,000 readings, and a forecast for each."""

import random
import statistics
import time
from datetime import UTC, datetime, timedelta

from services.model.card import Thresholds
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.rules.balances.forecast import forecast, history
from services.rules.balances.state import states
from services.rules.balances.urgency import by_urgency, urgency

CARDS, EACH, ROUNDS = 500, 100, 5


def main() -> None:
    luck = random.Random(4)
    start = datetime(2026, 9, 1, tzinfo=UTC)
    readings: list[Reading] = []
    for card in range(CARDS):
        left = 100_000_000_000
        for step in range(EACH):
            left -= luck.randrange(900_000_000)
            taken = start + timedelta(hours=14 * step)
            readings.append(
                Reading(
                    card_id=str(card),
                    source=luck.choice(list(Source)),
                    taken_at=taken,
                    sequence=step,
                    money=(MoneyBalance(Money.of(luck.randrange(50), "GBP")),),
                    data=(DataBalance(remaining=DataVolume(max(left, 0))),),
                    validity=(Validity(ValidityKind.PLAN, (taken + timedelta(days=30)).date()),),
                )
            )
    today = (start + timedelta(hours=14 * EACH)).date()
    by_card: dict[str, list[Reading]] = {}
    for reading in readings:
        by_card.setdefault(reading.card_id, []).append(reading)
    last = [own[-1] for own in by_card.values()]

    def measure(name: str, work: object) -> None:
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            work()  # type: ignore[operator]
            times.append((time.perf_counter() - began) * 1000)
        print(f"{name:<58}{statistics.median(times):>9.1f} ms")

    measure(f"states, {CARDS} cards from {len(readings)} readings", lambda: states(readings))
    measure(f"states, {CARDS} cards from their {len(last)} newest readings", lambda: states(last))
    known = states(readings)
    measure(f"forecasts, {CARDS} cards of {EACH} readings", lambda: [forecast(history(own)) for own in by_card.values()])
    measure(
        f"urgency and order, {CARDS} cards",
        lambda: by_urgency({card: urgency(state, Thresholds(), today) for card, state in known.items()}),
    )


if __name__ == "__main__":
    main()
