"""The published rate limits of providers, kept on our side: who may call when.

Each call books the first moment at which it keeps every limit, and sleeps until then: callers are served in the order they came, and a
thousand that wait cost nothing.
"""

import asyncio
import hashlib
import json
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
EDGE_S, SHARED_EDGE_S = 0.05, 0.3
"""What comes between a booking and its call must not push two calls into one window at the provider's end: the network; with a shared
ledger its transaction too."""
MOST_HELD_S = 86_400.0
"""No provider is left alone for longer, whatever it asked for: while it is, nothing it says can correct that."""
ROUNDING_S = 1e-6
MOST_WINDOWS = 10_000
"""Windows of single cards kept before those that no longer matter are dropped."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``calls`` in any ``per_s`` seconds. ``scope`` "account" counts all calls of one account; any other scope
    counts the calls that name it in ``Call.counts`` (per card, per endpoint)."""

    calls: int
    per_s: int
    scope: str = "account"


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """The limits of one account at one provider. ``inside``: at the emulator of this process, which counts its calls alone."""

    provider: str
    account: str
    limits: tuple[Limit, ...]
    inside: bool = False

    @property
    def place(self) -> str:
        """Names the account at the provider, and holds nothing of its name."""
        return hashlib.sha256(f"{self.provider}|{self.account}".encode()).hexdigest()[:32]


class _Window:
    """Moments booked under one limit, in order: at most ``calls`` of them in any ``per_s`` seconds."""

    def __init__(self, calls: int, per_s: float, booked: Sequence[float] = ()) -> None:
        self._calls = calls
        self._per_s = per_s
        self._booked = list(booked)
        self._full = (0.0, 0.0)  # no room from the first to the second; booking only makes that truer

    def earliest(self, start: float) -> float:
        """The first moment from ``start`` on that may have room; ``start`` itself when it has."""
        if self._full[0] <= start < self._full[1]:
            return self._full[1]
        place = bisect_right(self._booked, start)
        for first in range(min(place, len(self._booked) - self._calls), max(0, place - self._calls) - 1, -1):
            # booked[first] and the calls - 1 after it are one too many together with a new one when they lie this close.
            span = max(self._booked[first + self._calls - 1], start) - min(self._booked[first], start)
            if span < self._per_s - ROUNDING_S:
                free = self._booked[first] + self._per_s
                self._full = (self._full[0] if self._full[0] <= start <= self._full[1] else start, free)
                return free
        return start

    def book(self, moment: float, now: float) -> None:
        del self._booked[: bisect_left(self._booked, now - self._per_s)]
        insort(self._booked, moment)

    def left(self, now: float) -> int:
        return max(0, self._calls - sum(at + self._per_s > now for at in self._booked))

    def matters(self, now: float) -> bool:
        return bool(self._booked) and self._booked[-1] + self._per_s > now

    def booked(self, now: float) -> list[float]:
        """The moments that still matter at ``now``."""
        return self._booked[bisect_left(self._booked, now - self._per_s) :]


class Bookings:
    """What one account has booked at one provider. All moments are seconds of one clock."""

    def __init__(self, edge_s: float = EDGE_S) -> None:
        self._edge_s = edge_s
        self._windows: dict[tuple[Limit, str], _Window] = {}
        self._held_until = 0.0

    def hold(self, seconds: float, now: float) -> None:
        """No call before ``seconds`` from ``now``: the provider said so."""
        self._held_until = now + min(seconds, MOST_HELD_S)

    def held(self, now: float) -> float:
        """Seconds until calls may be made again; 0 when they may. A clock that went back does not prolong a pause."""
        rest = self._held_until - now
        return rest if 0 < rest <= MOST_HELD_S else 0.0

    def book(self, limits: Sequence[Limit], counts: Mapping[str, str], now: float) -> float:
        """The first moment from ``now`` on at which one more call keeps every limit. It is taken from now on."""
        windows = []
        for limit in limits:
            if limit.scope == "account" or limit.scope in counts:
                key = (limit, counts.get(limit.scope, ""))
                windows.append(self._windows.setdefault(key, _Window(limit.calls, limit.per_s + self._edge_s)))
        held = self.held(now)
        start = now + (held + self._edge_s if held > 0 else 0.0)
        while (later := max((window.earliest(start) for window in windows), default=start)) > start:
            start = later
        for window in windows:
            window.book(start, now)
        if len(self._windows) > MOST_WINDOWS:
            self._windows = {key: window for key, window in self._windows.items() if window.matters(now)}
        return start

    def left(self, limits: Sequence[Limit], now: float) -> list[tuple[Limit, int]]:
        """Calls left at ``now`` under each limit; for one counted per card or per endpoint, the least that any of them has left."""
        least = {limit: limit.calls for limit in limits}
        for (limit, _counted), window in self._windows.items():
            if limit in least:
                least[limit] = min(least[limit], window.left(now))
        return list(least.items())

    def as_text(self, now: float) -> str:
        """What of it still matters at ``now``, as JSON."""
        windows = [
            [limit.calls, limit.per_s, limit.scope, counted, window.booked(now)]
            for (limit, counted), window in self._windows.items()
            if window.matters(now)
        ]
        return json.dumps({"held_until": self._held_until, "windows": windows})

    @classmethod
    def of_text(cls, text: str | None, edge_s: float = EDGE_S) -> "Bookings":
        """Of what ``as_text`` wrote; empty for None."""
        found = cls(edge_s)
        if text is not None:
            said = json.loads(text)
            found._held_until = said["held_until"]
            for calls, per_s, scope, counted, booked in said["windows"]:
                found._windows[Limit(calls, per_s, scope), counted] = _Window(calls, per_s + edge_s, booked)
        return found


class RateLimits:
    """What is booked at every provider, shared by every core of the process, whatever its thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._bookings: dict[str, Bookings] = {}

    async def wait(self, asked: AccountLimits, counts: Mapping[str, str], patience_s: float) -> float:
        """Return 0 when one more call keeps every limit of ``asked``; at once, without having booked, the seconds of the pause that the
        provider asked for, when it is longer than ``patience_s``."""

        def turn(bookings: Bookings, now: float) -> tuple[float, float]:
            held = bookings.held(now)
            return held, 0.0 if held > patience_s else bookings.book(asked.limits, counts, now) - now

        while True:
            held, pause = await self._change(asked, turn)
            if held > patience_s:
                return held
            if pause <= 0:
                return 0.0
            end = time.monotonic() + pause
            while (rest := end - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            # The provider may have asked for a pause meanwhile: those who slept must not all wake at its end.
            if await self._look(asked, lambda bookings, now: not bookings.held(now)):
                return 0.0

    async def hold(self, asked: AccountLimits, seconds: float) -> None:
        """No call to this account before ``seconds`` from now: the provider said so."""

        await self._change(asked, lambda bookings, now: bookings.hold(seconds, now))

    def left(self, asked: AccountLimits) -> list[tuple[Limit, int]]:
        """Calls left now under each limit of ``asked``."""
        return self.here(asked, lambda bookings, now: bookings.left(asked.limits, now))

    async def _change(self, asked: AccountLimits, change: Callable[[Bookings, float], T]) -> T:
        return self.here(asked, change)

    async def _look(self, asked: AccountLimits, look: Callable[[Bookings, float], T]) -> T:
        return self.here(asked, look)

    def here(self, asked: AccountLimits, act: Callable[[Bookings, float], T]) -> T:
        """Do ``act`` to what this process has booked for ``asked``; nobody comes between."""
        with self._lock:
            return act(self._bookings.setdefault(asked.place, Bookings()), self._clock())


class LedgerUnreachable(Exception):
    """The ledger cannot be read or written now, so that nobody knows whose turn it is."""


class Ledger(Protocol):
    """Where several processes keep what they have booked (services/use/provider_turns.py). Both raise LedgerUnreachable."""

    def change(self, place: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """Put the first part of what ``change`` makes of what is kept at ``place``, and of the seconds that the one clock of all says, in
        its place; nobody comes between. Returns the second part."""

    def look(self, place: str) -> tuple[str | None, float]:
        """What is kept at ``place``, and the seconds of that clock."""


class SharedRateLimits(RateLimits):
    """As ``RateLimits``, for several processes that keep their bookings in one ledger. What is inside the process stays there, in
    ``here``. Every method raises LedgerUnreachable too."""

    def __init__(self, ledger: Ledger, here: RateLimits) -> None:
        super().__init__()
        self._ledger, self._inside = ledger, here

    def left(self, asked: AccountLimits) -> list[tuple[Limit, int]]:
        if asked.inside:
            return self._inside.left(asked)
        kept, now = self._ledger.look(asked.place)
        return Bookings.of_text(kept, SHARED_EDGE_S).left(asked.limits, now)

    async def _change(self, asked: AccountLimits, change: Callable[[Bookings, float], T]) -> T:
        if asked.inside:
            return self._inside.here(asked, change)

        def changed(kept: str | None, now: float) -> tuple[str, T]:
            bookings = Bookings.of_text(kept, SHARED_EDGE_S)
            said = change(bookings, now)
            return bookings.as_text(now), said

        return await asyncio.to_thread(self._ledger.change, asked.place, changed)

    async def _look(self, asked: AccountLimits, look: Callable[[Bookings, float], T]) -> T:
        if asked.inside:
            return self._inside.here(asked, look)
        kept, now = await asyncio.to_thread(self._ledger.look, asked.place)
        return look(Bookings.of_text(kept, SHARED_EDGE_S), now)


RATE_LIMITS = RateLimits()
