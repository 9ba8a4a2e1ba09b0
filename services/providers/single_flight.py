"""One piece of work at a time for each key, whatever thread or event loop asks for it; everybody gets its result."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Whoever comes while the work for a key is under way waits for it instead of starting it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[Result]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[Result]]) -> Result:
        """The result of ``work`` for ``key``, or its error. When the one who does it is cancelled, the next in line does it."""
        while True:
            with self._lock:
                flight = self._under_way.get(key)
                mine = flight is None
                if flight is None:
                    flight = self._under_way[key] = Future()
            if mine:
                return await self._do(key, flight, work)
            try:
                return await asyncio.shield(asyncio.wrap_future(flight))
            except asyncio.CancelledError:
                if not flight.cancelled():
                    raise

    async def _do(self, key: Hashable, flight: Future[Result], work: Callable[[], Awaitable[Result]]) -> Result:
        try:
            result = await work()
        except Exception as error:
            self._land(key)
            flight.set_exception(error)
            raise
        except BaseException:  # cancelled, or the whole process is ending
            self._land(key)
            flight.cancel()
            raise
        self._land(key)
        flight.set_result(result)
        return result

    def _land(self, key: Hashable) -> None:
        with self._lock:
            del self._under_way[key]
