"""An adapter at its emulator over a real socket, both by one clock that the test moves."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from services.providers.base import Provider
from services.providers.rate_limits import RateLimits
from services.providers.sandbox.faults import Asked, Fault, Sandbox
from services.providers.sandbox.server import serve
from services.providers.tokens import TokenCache

Answer = TypeVar("Answer")
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until moved; with a ``tick`` it moves by that each time somebody looks."""

    def __init__(self, at: datetime = START, tick: timedelta = timedelta(0)) -> None:
        self.at = at
        self.tick = tick

    def __call__(self) -> datetime:
        self.at += self.tick
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class AtEmulator:
    """One account of ``adapter`` at ``sandbox``. Calls are not spaced out, and lost orders looked for at once."""

    def __init__(self, adapter: type[Provider], sandbox: Sandbox, address: str, clock: Clock) -> None:
        self.adapter = adapter
        self.sandbox = sandbox
        self.address = address
        self.clock = clock
        self.tokens = TokenCache()
        self._runner = asyncio.Runner()
        self._opened: list[Provider] = []
        self.connect(**sandbox.credentials)

    def connect(self, **credentials: str) -> None:
        """Go on with these credentials."""
        self.provider = self._runner.run(self._open(credentials))

    async def _open(self, credentials: dict[str, str]) -> Provider:
        provider = self.adapter(
            base_url=self.address,
            credentials=credentials,
            now=self.clock,
            tokens=self.tokens,
            rate_limits=RateLimits(),
            adjust=lambda endpoint: replace(endpoint, limits=()),
        )
        provider.look_again_s = (0.0, 0.05)
        self._opened.append(provider)
        return provider

    def ask(self, work: Callable[[Any], Awaitable[Answer]]) -> Answer:
        async def run() -> Answer:
            return await work(self.provider)

        return self._runner.run(run())

    def close(self) -> None:
        for provider in self._opened:
            self._runner.run(provider.aclose())
        self._runner.close()

    def card(self, shows: str) -> str:
        return self.sandbox.cards[shows]

    def fault(self, **what: Any) -> None:
        self.sandbox.faults.append(Fault(**what))

    def asked(self, path: str = "/", method: str | None = None) -> list[Asked]:
        return [a for a in self.sandbox.log if a.path.startswith(path) and method in {None, a.method}]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(asked.body) for asked in self.asked(path, "POST")]


class _Stage:
    """One server for all tests of a process; each puts its own emulator on."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


_stage = _Stage()


@cache
def _running() -> tuple[str, object]:
    server = serve(_stage)
    return server.__enter__(), server


@contextmanager
def at_emulator(
    adapter: type[Provider], create_app: Callable[..., Sandbox], tick: timedelta = timedelta(0), **options: Any
) -> Iterator[AtEmulator]:
    clock = Clock(tick=tick)
    _stage.app = sandbox = create_app(now=clock, **options)
    running = AtEmulator(adapter, sandbox, _running()[0], clock)
    yield running
    running.close()
