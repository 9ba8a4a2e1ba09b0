"""Providers: 1,000 cards read at five providers against the bound of their rate limits, our own CPU for a reading, a catalogue of 50,000
plans, and a body of 200 MB that must not be read."""

import asyncio
import json
import multiprocessing
import re
import resource
import statistics
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.providers.base import Capability, Provider, read_many
from services.providers.errors import Malformed
from services.providers.http import Call, Endpoint, Http
from services.providers.rate_limits import RateLimits
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Fault, Sandbox
from services.providers.sandbox.invented import invented_plans
from services.providers.sandbox.server import serve
from services.providers.sandbox.simsima import _destination, _item
from services.providers.sandbox.simsima import create_app as simsima
from services.providers.tokens import TokenCache
from tests.unit.providers.mutations import Player

SPREAD = {"airalo": 250, "esimaccess": 200, "esimgo": 400, "celitech": 50, "keepgo": 100}
"""1,000 cards, so that each provider's limits alone would take about as long."""
AT_ONCE = 16
ROUNDS = 3
PLANS = 50_000


class Copies:
    """Answers for any card as was once recorded for one, under the asked card's number."""

    def __init__(self, provider: str) -> None:
        player = Player(provider)
        self.card = player.subject.card
        self.recorded = {(each.method, each.path): json.dumps(each.body) for each in player.recorded[Capability.READING]}
        self.credentials = player.lab.sandbox.credentials
        self.asked: Counter[str] = Counter()
        self._any = re.compile(re.escape(self.card[:-5]) + r"(\d{5})")
        player.lab.close()

    def named(self, number: int) -> str:
        return f"{self.card[:-5]}{number:05d}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        path = request.url.path
        said = self._any.search(f"{path} {request.url.query} {(await request.body()).decode()}")
        self.asked["token" if "token" in path else "account"] += 1
        body = self.recorded[request.method, self._any.sub(self.card, path)]
        await Response(body.replace(self.card, said[0]) if said else body, media_type="application/json")(scope, receive, send)


def connect(provider: str, app: Copies, limited: bool) -> Provider:
    return PROVIDERS[provider](
        app=app,
        credentials=app.credentials,
        rate_limits=RateLimits(),
        tokens=TokenCache(),
        adjust=lambda endpoint: endpoint if limited else replace(endpoint, limits=()),
    )


async def read_all(copies: dict[str, Copies], limited: bool) -> int:
    """Readings that succeeded, at all providers at once, card by card."""
    opened = {name: connect(name, app, limited) for name, app in copies.items()}
    singles = {name: [app.named(number) for number in range(SPREAD[name])] for name, app in copies.items()}
    found = await asyncio.gather(*(_one_by_one(opened[name], singles[name]) for name in opened))
    for provider in opened.values():
        await provider.aclose()
    return sum(found)


async def _one_by_one(provider: Provider, cards: list[str]) -> int:
    if Capability.READINGS not in provider.capabilities():
        return len((await read_many(provider, cards, AT_ONCE)).good)
    turns, good = asyncio.Semaphore(AT_ONCE), []

    async def one(card: str) -> None:
        async with turns:
            good.append(await provider.reading(card))

    await asyncio.gather(*(one(card) for card in cards))
    return len(good)


def bound(copies: dict[str, Copies]) -> float:
    """Seconds that the account-wide limits alone ask for, for the calls that were made."""
    slowest = 0.0
    for name, app in copies.items():
        for limit in PROVIDERS[name]().http.endpoint.limits:
            if limit.scope == "account":
                slowest = max(slowest, (app.asked["account"] / limit.calls - 1) * limit.per_s)
    return slowest


def cards() -> None:
    copies = {name: Copies(name) for name in SPREAD}
    wanted = sum(SPREAD.values())
    cpu = []
    for _ in range(ROUNDS):
        began = time.process_time()
        read = asyncio.run(read_all(copies, limited=False))
        cpu.append((time.process_time() - began) / wanted * 1000)
        assert read == wanted, f"{read} of {wanted} cards were read"
    print(f"{'CPU for a reading, the replayed answers included (aim 2 ms)':<74}{statistics.median(cpu):>9.2f} ms")
    for app in copies.values():
        app.asked.clear()
    began = time.perf_counter()
    read = asyncio.run(read_all(copies, limited=True))
    took, least = time.perf_counter() - began, bound(copies)
    assert read == wanted
    print(f"{f'{wanted} cards at {len(SPREAD)} providers, one by one':<74}{took:>9.1f} s")
    print(f"{'  bound of the published limits':<74}{least:>9.1f} s")
    print(f"{'  times the bound (aim 1.1)':<74}{took / least:>9.2f}")


def _catalogue(results: Any) -> None:
    shop = invented_plans("bench")
    items = []
    while len(items) < PLANS:
        items += [{**_item(plan), "sku": f"{len(items) + n}"} for n, plan in enumerate(shop)]
    feed = {"generatedAt": "2026-11-20T08:00:00.000Z", "items": items[:PLANS], "destinations": [_destination(plan) for plan in shop]}
    body = json.dumps(feed).encode()
    del feed, items

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Response(body, media_type="application/json")(scope, receive, send)

    async def work() -> int:
        provider = PROVIDERS["simsima"](app=app, rate_limits=RateLimits())
        try:
            found = await provider.plans()
            return len(found.plans) + found.hidden
        finally:
            await provider.aclose()

    began = time.perf_counter()
    count = asyncio.run(work())
    results.put((time.perf_counter() - began, count, len(body), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def catalogue() -> None:
    """In a process of its own, so that its peak of memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    found = []
    for _ in range(ROUNDS):
        results = spawn.Queue()
        child = spawn.Process(target=_catalogue, args=(results,))
        child.start()
        found.append(results.get())
        child.join()
    seconds, count, size, peak = sorted(found)[len(found) // 2]
    print(f"{f'catalogue of {count} plans, {size / 1e6:.0f} MB (aim 5 s)':<74}{seconds:>9.2f} s")
    print(f"{'  peak of the whole process, with the answer in it (aim 300 MB)':<74}{peak:>9.0f} MB")


def huge() -> None:
    sandbox = Sandbox(simsima().app)
    sandbox.faults.append(Fault("huge", size=200_000_000))

    async def work(address: str) -> str:
        http = Http(Endpoint("huge", address), RateLimits())
        try:
            await http.send(Call("GET", "/en/agent/catalog"))
        except Malformed as error:
            return error.problem
        finally:
            await http.aclose()
        return "read to its end"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serve(sandbox) as address:
        began = time.perf_counter()
        ended = asyncio.run(work(address))
        took = (time.perf_counter() - began) * 1000
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{f'a body of 200 MB, limit 16 MB: {ended}':<74}{took:>9.0f} ms")
    print(f"{'  memory it took':<74}{grown:>9.0f} MB")


def main() -> None:
    huge()
    catalogue()
    cards()


if __name__ == "__main__":
    main()
