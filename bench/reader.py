"""How long one pasted text takes to read, over the whole corpus and over hostile texts. Aim: 1 ms per text."""

import statistics
import time
from datetime import date

from services.rules.messages.reader import LONGEST, read
from tests.unit.messages.scoring import Score, answer, corpus

ROUNDS = 7
FILES = ("balances", "adverse", "held_out", "held_out_2")
HOSTILE = {
    "nines": "9" * LONGEST,
    "balances": "余额" * 2000,
    "you have": "you have " * 440,
    "dates": "12/11/26 " * 440,
    "blanks": " " * LONGEST,
}


def main() -> None:
    samples = [(name, sample) for name in FILES for sample in corpus(name)]
    started = time.perf_counter()
    answer(samples[0][1])
    print(f"{'first text (patterns compiled)':<34}{(time.perf_counter() - started) * 1000:>10.1f} ms")
    times: dict[int, list[float]] = {}
    for _ in range(ROUNDS):
        for index, (_, sample) in enumerate(samples):
            started = time.perf_counter()
            answer(sample)
            times.setdefault(index, []).append((time.perf_counter() - started) * 1000)
    medians = sorted(statistics.median(taken) for taken in times.values())
    print(f"{'texts':<34}{len(medians):>10}")
    print(f"{'median':<34}{statistics.median(medians):>10.3f} ms")
    print(f"{'95th of 100':<34}{medians[int(len(medians) * 0.95)]:>10.3f} ms")
    print(f"{'slowest':<34}{medians[-1]:>10.3f} ms")
    for name, text in HOSTILE.items():
        started = time.perf_counter()
        read(text, received=date(2026, 11, 20), sender="10086")
        print(f"{'hostile, ' + str(LONGEST) + ' characters of ' + name:<44}{(time.perf_counter() - started) * 1000:>10.1f} ms")
    for file in FILES:
        score = Score()
        for name, sample in samples:
            if name == file:
                score.add(sample, answer(sample))
        counts = f"right {score.right:>4}  wrong {score.wrong:>3}  missed {score.missed:>3}"
        print(f"{file:<12} {counts}  precision {score.precision:.3f}  recall {score.recall:.3f}")


if __name__ == "__main__":
    main()
