"""Many visitors at once, at one dashboard and at two: ``python -m bench.load [--quick]``.

Each visitor is a websocket that asks for a run of its page, waits until the server says that it is finished, and thinks for three
seconds. Beside every page stands an empty one under the same launcher, in the same run. The database is PostgreSQL, which two
dashboards share. Aims: p95 of a rerun 60 ms with 100 visitors at one dashboard, 1 MB of memory for a visitor, no growth over 10,000 reruns.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.compare import REAL_FILE, real_plans
from bench.dashboard import Running, Session, dashboard
from bench.generated_plans import generated_plans
from bench.pages import FLOOR, QUERY
from services.model.card import Card, CardKind, CardSecrets
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Origin
from services.model.reading import DataBalance, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.store.cards import CardStore
from services.store.catalogue import CatalogueStore
from services.store.database import LOCAL_ACCOUNT, Database
from services.store.readings import ReadingStore
from services.store.vault import Vault
from tests.servers.postgresql import cluster

PAGES = {"empty page": ("", ""), "overview": ("", "lang=en"), "compare": ("compare", QUERY), "balances": ("balances", "lang=en")}
THINK_S = 3.0
CARDS, READINGS_EACH = 25, 40
RERUNS, AT_ONCE, SAMPLE = 10_000, 10, 250


@dataclass(frozen=True)
class Measured:
    """Milliseconds of the reruns in the window; megabytes of all dashboards for one visitor; share of one core that they used. The
    processor time of a rerun says what it would take on a machine that has nothing else to do."""

    times: list[float]
    memory_each: float
    busy: float
    window_s: float

    def line(self) -> str:
        ordered = sorted(self.times)
        p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
        each = self.busy * self.window_s * 1000 / len(ordered)
        figures = f"p50 {p50:7.1f}  p95 {p95:7.1f} ms  {len(ordered):5} reruns of {each:5.1f} ms CPU"
        return f"{figures}  {self.busy:4.0%} of a core  {self.memory_each:5.2f} MB each"


def fill(url: str) -> None:
    """A household with ``CARDS`` cards and a catalogue of some ten thousand plans."""
    luck, now = random.Random(9), datetime.now(UTC)
    database = Database(url)
    database.migrate()
    plans = real_plans() if REAL_FILE.exists() else generated_plans(10_000)
    CatalogueStore(database, LOCAL_ACCOUNT).replace("bench", "Bench", Origin.IMPORTED, list(plans), now)
    kinds = [("giffgaff", "GB"), ("cmhk", "HK"), (None, None)]
    cards = []
    for number in range(CARDS):
        operator, country = kinds[number % len(kinds)]
        bought = (now - timedelta(days=100)).date()
        cards.append(
            (Card(f"card{number}", f"Card {number}", CardKind.SIM, operator=operator, country=country, bought_on=bought), CardSecrets())
        )
    CardStore(database, LOCAL_ACCOUNT, Vault(Path("/nowhere"))).add(cards, now)
    readings = [
        Reading(
            card_id=f"card{card}",
            source=Source.TYPED,
            taken_at=now - timedelta(days=READINGS_EACH - step),
            money=(MoneyBalance(Money.of(luck.randrange(50), "GBP")),),
            data=(DataBalance(remaining=DataVolume(10**10 - step * 10**8)),),
            validity=(Validity(ValidityKind.PLAN, (now + timedelta(days=card)).date()),),
        )
        for card in range(CARDS)
        for step in range(READINGS_EACH)
    ]
    ReadingStore(database, LOCAL_ACCOUNT).add(readings)
    database.close()


async def settle(running: Running, page: str, query: str) -> None:
    """Until a dashboard has loaded what it loads for its first visitors: that is not the memory of any one of them."""
    before = 0.0
    async with Session(running.url, page, query) as first:
        while running.memory_mb() > before + 1:
            before = running.memory_mb()
            await first.rerun()
            await asyncio.sleep(2)


async def visits(running: Sequence[Running], page: str, query: str, count: int, window_s: float) -> Measured:
    """``count`` visitors spread over the dashboards; measured once all of them have seen their first page."""
    luck, times = random.Random(count), []
    seen, begun, over = 0, asyncio.Event(), asyncio.Event()

    async def visit(number: int) -> None:
        nonlocal seen
        await asyncio.sleep(luck.random() * THINK_S)
        async with Session(running[number % len(running)].url, page, query) as session:
            await session.rerun()
            seen += 1
            if seen == count:
                begun.set()
            while not over.is_set():
                await asyncio.sleep(luck.uniform(0.5, 1.5) * THINK_S)
                taken = await session.rerun() * 1000
                if begun.is_set() and not over.is_set():
                    times.append(taken)

    for each in running:
        await settle(each, page, query)
    idle = sum(each.memory_mb() for each in running)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(visit(number))
        await begun.wait()
        spent, began = sum(each.cpu_s() for each in running), time.perf_counter()
        await asyncio.sleep(window_s)
        busy = (sum(each.cpu_s() for each in running) - spent) / (time.perf_counter() - began)
        memory = sum(each.memory_mb() for each in running)
        over.set()
    return Measured(times, (memory - idle) / count, busy, window_s)


async def growth(running: Running, page: str, query: str, reruns: int) -> tuple[float, float]:
    """Memory in MB after the first tenth of so many reruns, and how much it grows with every thousand after that."""
    points: list[tuple[int, float]] = []
    done = 0

    async def visit() -> None:
        nonlocal done
        async with Session(running.url, page, query) as session:
            while done < reruns:
                await session.rerun()
                done += 1
                if done % SAMPLE == 0:
                    points.append((done, running.memory_mb()))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(visit())
    later = [(float(at), memory) for at, memory in points if at >= reruns / 10]
    slope = statistics.linear_regression([at for at, _ in later], [memory for _, memory in later]).slope
    return later[0][1], slope * 1000


def main() -> None:
    quick = "--quick" in sys.argv
    with cluster() as postgresql, tempfile.TemporaryDirectory() as directory:
        url = postgresql.empty()
        fill(url)
        environment = {"SIMKEEPER_DATABASE_URL": url, "SIMKEEPER_WORKER": "off"}
        for processes in (1, 2):
            for count in (10,) if quick else (50, 100, 200):
                for name, (page, query) in PAGES.items():
                    script = FLOOR if name == "empty page" else "app.py"
                    with ExitStack() as stack:
                        running = []
                        for number in range(processes):
                            place = Path(directory) / str(number)
                            running.append(stack.enter_context(dashboard(place, script, environment)))
                        measured = asyncio.run(visits(running, page, query, count, 5 if quick else 20))
                    print(f"{processes} at work, {count:3} sessions  {name:<11} {measured.line()}", flush=True)
        reruns = 1_000 if quick else RERUNS
        for name in ("empty page", "overview", "compare", "balances"):
            page, query = PAGES[name]
            script = FLOOR if name == "empty page" else "app.py"
            with dashboard(Path(directory) / "0", script, environment) as one:
                first, slope = asyncio.run(growth(one, page, query, reruns))
            print(f"{reruns:,} reruns of the {name:<11} {first:6.0f} MB after a tenth, {slope:+.2f} MB for every thousand more", flush=True)


if __name__ == "__main__":
    main()
