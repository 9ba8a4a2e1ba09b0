"""Solving in processes of its own, so that pages stay as fast while it runs."""

import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import TYPE_CHECKING, Any

from services.model.order import TopUpProduct

if TYPE_CHECKING:
    from services.model.itinerary import TripAnswers, TripProblem
    from services.rules.trips import Limits
    from services.use.trip_worker import Trouble

log = logging.getLogger(__name__)

PLACES = 64
"""Questions that may be under way or waiting at one time."""
KEPT = 128
"""Answers kept in memory, the last asked for."""


class Busy(Exception):
    """More questions are waiting than anybody would wait for. Ask again later."""


class _Process(SpawnProcess):
    """A new process imports its parent's main module, and in Streamlit that is whatever page ran last. These are to import none."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the hook's name
        with _no_main():
            return SpawnProcess._Popen(process_obj)


class _Context(SpawnContext):
    Process = _Process


_starting = threading.Lock()


@contextmanager
def _no_main() -> Iterator[None]:
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class Solving:
    """One question under way."""

    def __init__(self, board: Any, place: int, future: "Future[TripAnswers | Trouble | None]") -> None:
        self._board, self._place, self._future = board, place, future
        self.stopped = False

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for: it has ended, or was stopped while it waited its turn."""
        return self._future.done() or (self.stopped and self.progress()[1] == 0)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether it is over."""
        if self.over:
            return True
        try:
            self._future.exception(seconds)
        except TimeoutError:
            return False
        except BaseException:  # noqa: BLE001 - cancelled: over as well
            return True
        return True

    def stop(self) -> None:
        """Look no further: what was found so far becomes the answer; a question that nobody began has none."""
        from services.use.trip_worker import CANCELLED, WIDTH

        self.stopped = True
        if not self._future.cancel() and not self._future.done():
            self._board[self._place * WIDTH + CANCELLED] = 1

    def progress(self) -> tuple[int, int, int | None]:
        """Steps done, steps in all (0 before it began), cost of the best answer so far in micro-units."""
        from services.use.trip_worker import BEST, DONE, STEPS, WIDTH

        at = self._place * WIDTH
        best = int(self._board[at + BEST])
        return int(self._board[at + DONE]), int(self._board[at + STEPS]), None if best < 0 else best

    def outcome(self) -> "TripAnswers | Trouble | None":
        """The answers; None while it is under way, and when it was stopped before it began."""
        from services.use.trip_worker import Trouble

        if not self._future.done() or self._future.cancelled():
            return None
        error = self._future.exception()
        if error is None:
            return self._future.result()
        log.error("solving a trip failed", exc_info=error)
        return Trouble("lost", repr(error))


class TripPool:
    """One pool of solving processes for this process; they start at the first use. ``workers``: one less than there are cores."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or max(1, (os.cpu_count() or 2) - 1)
        self._lock = threading.RLock()
        self._executor: ProcessPoolExecutor | None = None
        self._board: Any = None
        self._free: list[int] = []
        self._kept: OrderedDict[Any, Solving] = OrderedDict()
        self.catalogues: dict[tuple[str, str], tuple[int, bytes]] = {}
        """Pickled catalogues by account and currency, with the revision of the plans."""
        self.top_ups: dict[tuple[str, str], tuple[datetime, tuple[TopUpProduct, ...]]] = {}
        """What a provider said can be put on a card, by account and card, and when it said so."""

    def warm(self) -> None:
        """Start the processes, without waiting for them."""
        from services.use.trip_worker import ready

        with self._lock:
            if self._executor is None:
                for _ in range(self._workers):
                    self._started().submit(ready)

    def solve(self, key: Any, problem: "TripProblem", token: str, catalogue: bytes, limits: "Limits") -> Solving:
        """The solving of this question, begun at the first call for ``key`` and kept. Raises Busy."""
        from services.use.trip_worker import BEST, WIDTH, answer

        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            executor = self._started()
            if not self._free:
                raise Busy
            place = self._free.pop()
            self._board[place * WIDTH : (place + 1) * WIDTH] = [0] * WIDTH
            self._board[place * WIDTH + BEST] = -1
            try:
                future = executor.submit(answer, place, problem, token, catalogue, limits)
            except BrokenProcessPool:
                self._executor = None
                return self.solve(key, problem, token, catalogue, limits)
            solving = Solving(self._board, place, future)
            future.add_done_callback(self._freeing(place, self._free))
            self._kept[key] = solving
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return solving

    def forget(self, key: Any) -> None:
        """Drop what is kept for ``key``, so that it is solved anew."""
        with self._lock:
            self._kept.pop(key, None)

    def close(self) -> None:
        """Stop what is under way and end the processes."""
        with self._lock:
            for solving in self._kept.values():
                solving.stop()
            self._kept.clear()
            self.catalogues.clear()
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _freeing(self, place: int, free: list[int]) -> Callable[[Any], None]:
        def give_back(_: Any) -> None:
            with self._lock:
                free.append(place)

        return give_back

    def _started(self) -> ProcessPoolExecutor:
        from services.use.trip_worker import WIDTH, begin

        if self._executor is None:
            context = _Context()
            self._board = context.RawArray("q", PLACES * WIDTH)
            self._free = list(range(PLACES))
            self._executor = ProcessPoolExecutor(self._workers, mp_context=context, initializer=begin, initargs=(self._board,))
        return self._executor
