"""What runs in the solving processes. It imports the rules alone: no pages, no database, no network."""

import os
import pickle
import signal
from dataclasses import dataclass
from typing import Any

from services.model.itinerary import TripAnswers, TripProblem
from services.rules.trips import Catalogue, Limits, TooManyCountries, WrongAnswer, solve

CANCELLED, DONE, STEPS, BEST = range(4)
"""The places of one question on the board that all processes share; BEST is a cost in micro-units, -1 while there is none."""
WIDTH = 4


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer. ``kind``: "wrong_answer" when the verifier refused one, "too_many_countries", or "lost" when the process
    died; ``detail`` for the log."""

    kind: str
    detail: str


_board: Any = None
_held: tuple[str, Catalogue] | None = None


def begin(board: Any) -> None:
    """Called once in a new process. Pages come first: this process yields to them."""
    global _board
    _board = board
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)


def ready() -> bool:
    """Answered as soon as a process is there and everything is imported."""
    return True


def answer(place: int, problem: TripProblem, token: str, catalogue: bytes, limits: Limits) -> TripAnswers | Trouble | None:
    """Solve ``problem``; None when it was stopped before this began.

    ``catalogue`` is a pickled Catalogue, ``token`` names it: the last one is kept. ``place`` on the board is where progress is written and
    where a request to stop is read.
    """
    at = place * WIDTH

    def tell(done: int, steps: int, best: int | None) -> None:
        _board[at + DONE], _board[at + STEPS] = done, steps
        if best is not None:
            _board[at + BEST] = best

    if _board[at + CANCELLED]:
        return None
    try:
        return solve(problem, _catalogue(token, catalogue), limits, cancelled=lambda: bool(_board[at + CANCELLED]), progress=tell)
    except WrongAnswer as error:
        return Trouble("wrong_answer", str(error))
    except TooManyCountries as error:
        return Trouble("too_many_countries", str(error))


def _catalogue(token: str, pickled: bytes) -> Catalogue:
    global _held
    if _held is None or _held[0] != token:
        _held = token, pickle.loads(pickled)  # noqa: S301 - made by the process that started this one
    return _held[1]
