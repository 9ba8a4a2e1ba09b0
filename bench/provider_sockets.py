"""Providers at work: 1,000 cards read at five of them, and a catalogue of 50,000 plans. ``python -m bench.provider_sockets [--quick]``.

Reading: 200 cards at each of five emulators on sockets, which enforce their published limits; all five at once, with the limits that
the facts state, none scaled. The bound is counted from the requests that the emulators got: of n calls under a limit of c in s
seconds, the last can be no earlier than s * floor((n - 1) / c); the slowest provider sets it. Aim: at most 1.1 times the bound.
CPU is that of the one thread our side runs in; the emulators run in theirs. Aim: 2 ms a reading.

Catalogue: in a process of its own, from the first request to the last row stored, of a seller's answer made beforehand.
Aims: 5 s, 300 MB peak.
"""

import asyncio
import copy
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from services.providers.base import Provider, Readings, read_many
from services.providers.facts import facts_of
from services.providers.rate_limits import RateLimits
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.providers.sandbox.state import invented_iccid
from services.providers.tokens import TokenCache

CARDS, QUICK_CARDS = 1_000, 100
PLANS, QUICK_PLANS = 50_000, 5_000
ISSUER = 77
MB = 1024**2


# ------------------------------------------------------------------------------------------------------------------- many cards


def account_in(sandbox: Sandbox) -> Any:
    """The emulator's account: what its routes' answers are bound to."""
    assert isinstance(sandbox.app, Starlette)
    for route in sandbox.app.routes:
        assert isinstance(route, Route)
        for cell in route.endpoint.__closure__ or ():
            if (owner := getattr(cell.cell_contents, "__self__", None)) is not None and not isinstance(owner, type):
                return owner
    raise AssertionError("no account found")


def more_cards(provider: str, sandbox: Sandbox, count: int) -> list[str]:
    """Put ``count`` cards into the emulator, all like one that is in use. Returns their names."""
    account, names = account_in(sandbox), []
    for number in range(count):
        iccid = invented_iccid(number + 1, ISSUER)
        if provider == "airalo":
            sim = copy.deepcopy(next(sim for sim in account.sims.values() if not sim.recycled and sim.line.first_used_at))
            sim.line.iccid = iccid
            account.sims[iccid] = sim
        elif provider == "esimaccess":
            card = copy.deepcopy(next(card for card in account.cards.values() if card.line.first_used_at))
            card.line.iccid, card.tran_no, card.order_no = iccid, f"27{number:014d}", f"B77{number:012d}"
            account.cards[card.tran_no] = card
            iccid = card.tran_no
        elif provider == "celitech":
            card = type(next(iter(account.cards.values())))(iccid, "ENABLED", "FRA")
            account.cards[iccid] = card
            now = datetime.now(UTC).replace(microsecond=0)
            account._buy(card, "3", 20, at=now - timedelta(days=3), first=now.date() - timedelta(days=3), per_hour=9_000_000)
        else:
            kept = account.cards if provider == "esimgo" else account.lines
            card = copy.deepcopy(next(card for card in kept.values() if card.used_from))
            card.iccid = iccid
            kept[iccid] = card
        names.append(iccid)
    return names


# ------------------------------------------------------------------------------------------------------------------- reading


def bound_s(provider: str, calls: int) -> float:
    """The least time that ``calls`` can take under the account-wide limits of ``provider``."""
    return max(limit.per_s * ((calls - 1) // limit.calls) for limit in facts_of(provider).limits if limit.scope == "account")


def reading(cards: int) -> None:
    names = ("airalo", "esimaccess", "celitech", "esimgo", "keepgo")
    sandboxes = {name: SANDBOXES[name]() for name in names}
    wanted = {name: more_cards(name, sandbox, cards // len(names)) for name, sandbox in sandboxes.items()}
    took: dict[str, float] = {}

    async def one(name: str, provider: Provider, began: float) -> Readings:
        try:
            return await read_many(provider, wanted[name])
        finally:
            took[name] = time.perf_counter() - began
            await provider.aclose()

    async def all_at_once(addresses: dict[str, str]) -> tuple[list[Readings], float, float]:
        limits, tokens = RateLimits(), TokenCache()
        opened = {
            name: PROVIDERS[name](
                base_url=addresses[name], credentials=sandboxes[name].credentials, rate_limits=limits, tokens=tokens
            )
            for name in names
        }  # fmt: skip
        began, cpu = time.perf_counter(), time.thread_time()
        found = await asyncio.gather(*(one(name, provider, began) for name, provider in opened.items()))
        return list(found), time.perf_counter() - began, time.thread_time() - cpu

    with ExitStack() as stack:
        addresses = {name: stack.enter_context(serve(sandbox)) for name, sandbox in sandboxes.items()}
        found, elapsed, cpu = asyncio.run(all_at_once(addresses))
    print(f"{'provider':12} {'cards':>6} {'read':>6} {'calls':>6} {'bound s':>8} {'took s':>8} {'times':>6}")
    bounds = {}
    for name, answer in zip(names, found, strict=True):
        calls = len(sandboxes[name].log)
        bounds[name] = bound_s(name, calls)
        times = f"{took[name] / bounds[name]:.2f}" if bounds[name] else "-"
        print(f"{name:12} {len(wanted[name]):6} {len(answer.good):6} {calls:6} {bounds[name]:8.1f} {took[name]:8.1f} {times:>6}")
    total, bound = sum(len(answer.good) for answer in found), max(bounds.values())
    print(f"all at once: {total} readings in {elapsed:.1f} s, bound {bound:.1f} s, {elapsed / bound:.3f} times (aim 1.1)")
    print(f"our CPU: {cpu / max(1, total) * 1000:.2f} ms a reading (aim 2)")


# ------------------------------------------------------------------------------------------------------------------- catalogue


def big_seller(plans: int) -> ASGIApp:
    """Simsima's public catalogue, its invented plans repeated under new numbers until there are ``plans`` on sale."""
    seen: dict[str, Any] = {}

    async def ask() -> None:
        provider = PROVIDERS["simsima"](app=SANDBOXES["simsima"](), rate_limits=RateLimits())
        provider.http.watch = lambda call, answer: seen.update(answer=json.loads(answer.body))
        await provider.plans()
        await provider.aclose()

    asyncio.run(ask())
    feed = seen["answer"]
    on_sale = [item for item in feed["items"] if item["availability"] == "in_stock"]
    feed["items"] = [{**on_sale[n % len(on_sale)], "sku": f"{on_sale[n % len(on_sale)]['sku']}-{n}"} for n in range(plans)]
    feed["count"] = plans
    body = json.dumps(feed).encode()
    print(f"the answer has {len(body) / MB:.0f} MB")

    async def catalogue(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/{locale}/agent/catalog", catalogue)])


def sync() -> None:
    """In the process that is measured: prints seconds, of them on the processor, plans stored, peak MB, MB before the first request."""
    from services.use.catalogue import CatalogueDesk
    from services.use.house import house

    desk = CatalogueDesk(house(), "local")
    desk.store.sources()
    before = peak_mb()
    began, cpu = time.perf_counter(), time.process_time()
    desk.start_refresh(["simsima"])
    while desk.refreshing():
        time.sleep(0.01)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    stored = next(row.plan_count for row in desk.store.sources() if row.source == "simsima")
    print(json.dumps([seconds, cpu, stored, peak_mb(), before]))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def catalogue(plans: int, times: int = 3) -> None:
    results = []
    with serve(big_seller(plans)) as address:
        for _ in range(times):
            with tempfile.TemporaryDirectory() as directory:
                environment = {**os.environ, "SIMKEEPER_DATA_DIR": directory, "SIMKEEPER_URL_SIMSIMA": address}
                done = subprocess.run(
                    [sys.executable, "-m", "bench.provider_sockets", "--sync"], env=environment, capture_output=True, text=True, check=True
                )
                results.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, cpu, stored, peak, before = (statistics.median(column) for column in zip(*results, strict=True))
    print(f"{stored:.0f} plans through adapter and store: {seconds:.2f} s (aim 5), {cpu:.2f} s of them on the processor")
    print(f"peak of the process: {peak:.0f} MB (aim 300), {before:.0f} MB before the first request")


def main() -> None:
    quick = "--quick" in sys.argv
    work: list[Callable[[], None]] = [
        lambda: catalogue(QUICK_PLANS if quick else PLANS),
        lambda: reading(QUICK_CARDS if quick else CARDS),
    ]
    for each in work:
        each()


if __name__ == "__main__":
    if "--sync" in sys.argv:
        sync()
    else:
        main()
