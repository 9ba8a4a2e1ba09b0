"""Other people's pages while a trip is being solved: reruns of a second session, idle and beside it. ``python -m bench.trips_page``.

The second session reruns the compare page. Aim: its p95 during a solve within 1.5 times the idle one. Idle and busy stretches take turns,
so that other work on the machine falls on both.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

from bench.dashboard import PAUSE_S, Session, dashboard, with_plans
from bench.generated_plans import EUROPE, generated_plans

FIRST = datetime.now(UTC).date() + timedelta(30)
COUNT = 40
TURNS = 3
OTHER = "in=JP&gb=1"


def hard(turn: int) -> str:
    """A trip that takes longer than any stretch here: eleven countries in half a year, another one each turn."""
    legs = [f"{code}_{FIRST + timedelta(15 * at)}_{FIRST + timedelta(15 * at + 15)}" for at, code in enumerate(EUROPE[turn : turn + 11])]
    return f"legs={','.join(legs)}&gb=3&installs=8&cur=USD"


async def stretch(session: Session) -> list[float]:
    times = []
    for _ in range(COUNT):
        await asyncio.sleep(PAUSE_S)
        times.append(await session.rerun() * 1000)
    return times


async def measure(url: str) -> tuple[list[float], list[float]]:
    idle: list[float] = []
    busy: list[float] = []
    async with Session(url, "trips", hard(TURNS)) as first:
        await first.rerun()  # the solving process is there from now on
    await asyncio.sleep(20)
    async with Session(url, "compare", OTHER) as other:
        for _ in range(5):
            await other.rerun()
        for turn in range(TURNS):
            idle += await stretch(other)
            async with Session(url, "trips", hard(turn)) as solving:
                await solving.rerun()
                began = time.monotonic()
                busy += await stretch(other)
                print(f"turn {turn + 1}: {time.monotonic() - began:.1f} s beside a solve of at most 15 s", flush=True)
            await asyncio.sleep(16)
    return idle, busy


def said(name: str, times: list[float]) -> float:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name:<40} p50 {ordered[len(ordered) // 2]:6.1f} ms  p95 {p95:6.1f} ms  worst {ordered[-1]:6.1f} ms  n {len(ordered)}")
    return p95


def main() -> None:
    with with_plans(generated_plans(10_000)) as data_dir, dashboard(data_dir) as running:
        idle, busy = asyncio.run(measure(running.url))
    quiet, loud = said("second session, idle", idle), said("second session, during a solve", busy)
    print(f"p95 during a solve is {loud / quiet:.2f} times the idle one (aim: at most 1.5)")


if __name__ == "__main__":
    sys.exit(main())
