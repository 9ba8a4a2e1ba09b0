"""Runs of pages take turns: one after the other they are all done sooner than all at once, for Python runs one at a time anyway, and
handing over between many costs more than the runs themselves."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

import streamlit as st

P = ParamSpec("P")
R = TypeVar("R")
AT_MOST_S = 0.15
"""How long a run keeps others waiting. A page is drawn in less; what takes longer waits itself, for a provider or a solver."""


class Turns:
    """First come, first served. A run that has had its turn for ``at_most_s`` goes on, and the next one begins beside it."""

    def __init__(self, at_most_s: float = AT_MOST_S) -> None:
        self._at_most_s = at_most_s
        self._line: deque[threading.Event] = deque()
        self._change = threading.Condition()
        self._whose: threading.Event | None = None
        self._until = 0.0
        self._thread = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Inside, it is this thread's turn. A turn inside a turn is the same one."""
        if getattr(self._thread, "has_turn", False):
            yield
            return
        mine = self._take()
        self._thread.has_turn = True
        try:
            yield
        finally:
            self._thread.has_turn = False
            self._give_back(mine)

    def _take(self) -> threading.Event:
        first = threading.Event()
        with self._change:
            self._line.append(first)
            if self._line[0] is first:
                first.set()
        first.wait()  # only who stands first watches the one whose turn it is
        with self._change:
            while self._whose is not None and (left := self._until - time.monotonic()) > 0:
                self._change.wait(left)
            self._whose, self._until = first, time.monotonic() + self._at_most_s
            self._line.popleft()
            if self._line:
                self._line[0].set()
        return first

    def _give_back(self, turn: threading.Event) -> None:
        with self._change:
            if self._whose is turn:
                self._whose = None
                self._change.notify()


TURNS = Turns()
"""Those of all visitors of this process."""


@overload
def fragment(draw: Callable[P, R]) -> Callable[P, R]: ...


@overload
def fragment(*, run_every: float | None = ...) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def fragment(draw: Callable[..., Any] | None = None, *, run_every: float | None = None) -> Any:
    """``st.fragment`` whose runs take their turn."""

    def in_turn(draw: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(draw)
        def drawn(*given: Any, **named: Any) -> Any:
            with TURNS.turn():
                return draw(*given, **named)

        return st.fragment(drawn, run_every=run_every)

    return in_turn if draw is None else in_turn(draw)
