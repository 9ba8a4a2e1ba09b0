"""A simulated year of 500 cards: two workers, restarts, deaths in the middle of sending, clocks that jump; and what one run costs."""

import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from services.use import worker
from tests.unit.reminders.year import Accidents, Receiver, Run, World, judge

CARDS, DAYS, RUNS_A_DAY, SEED, ROUNDS = 500, 365, 4, 2026, 9


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        world = World(Path(folder), CARDS, SEED)
        verdict = judge(world.live(DAYS, RUNS_A_DAY))
        took = time.perf_counter() - began
        print(f"{CARDS} cards, {DAYS} days, {verdict.runs} runs by two workers, {verdict.died} of them died; {took:.0f} s")
        print(f"reminders that were due and arrived once   {verdict.delivered:>8}")
        print(f"in doubt: the worker died while sending    {verdict.doubtful:>8}   (said again by the next repeat, never sent twice)")
        print(f"twice, late, missing, or not due           {len(verdict.wrong):>8}")
        for sentence in verdict.wrong[:10]:
            print(f"    {sentence}")
        world.restart()
        times = []
        for number in range(ROUNDS):
            now = world.now + timedelta(hours=number)
            receiver = Receiver(Run(now), Accidents(), lambda: None)
            start = time.perf_counter()
            worker.run_once(world.house, "bench", lambda now=now: now, lambda *_, it=receiver: it)
            times.append((time.perf_counter() - start) * 1000)
        world.house.close()
        print(f"one run over {CARDS} cards                     {statistics.median(times):>8.1f} ms")


if __name__ == "__main__":
    main()
