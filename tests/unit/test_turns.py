"""Runs of pages take turns, and none waits for long for one that waits itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.app.driving import fresh_app
from ui.turns import Turns, fragment

PATIENCE_S = 20.0
FOREVER_S = 3600.0


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


@contextmanager
def running(*work: Callable[[], None]) -> Iterator[None]:
    """``work`` in threads of its own; all of it is over at the end."""
    threads = [threading.Thread(target=each, daemon=True) for each in work]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_one_runs_at_a_time_and_who_came_first_is_first() -> None:
    turns, order, inside = Turns(FOREVER_S), list[int](), list[int]()

    def run(number: int) -> None:
        with turns.turn():
            inside.append(number)
            assert inside == [number]
            time.sleep(0.002)
            inside.remove(number)
            order.append(number)

    with ExitStack() as started, turns.turn():
        for number in range(12):
            started.enter_context(running(lambda number=number: run(number)))  # type: ignore[misc]
            wait_until(lambda number=number: len(turns._line) == number + 1)  # type: ignore[misc]
        assert order == []
    assert order == list(range(12))


def test_a_long_run_does_not_hold_up_the_others_and_takes_no_turn_away_when_it_ends() -> None:
    turns, over, seen = Turns(0.05), threading.Event(), list[str]()

    def long() -> None:
        with turns.turn():
            seen.append("begun")
            over.wait(PATIENCE_S)
        seen.append("over")

    with running(long):
        wait_until(lambda: seen == ["begun"])
        began = time.monotonic()
        with turns.turn():  # begins although the other has not ended
            assert time.monotonic() - began < PATIENCE_S / 2
            mine = turns._whose
            over.set()
            wait_until(lambda: "over" in seen)
            assert turns._whose is mine is not None
    assert turns._whose is None
    assert not turns._line


def test_an_error_ends_the_turn_and_a_turn_inside_a_turn_is_the_same() -> None:
    turns = Turns(FOREVER_S)
    with pytest.raises(KeyError), turns.turn(), turns.turn():
        raise KeyError
    done = threading.Event()

    def next_one() -> None:
        with turns.turn():
            done.set()

    with ExitStack() as started, turns.turn():
        with turns.turn():
            pass
        started.enter_context(running(next_one))
        wait_until(lambda: len(turns._line) == 1)
        assert not done.is_set(), "the inner turn gave back what the outer one holds"
    assert done.is_set()


@pytest.mark.usefixtures("own_house")
def test_a_page_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(FOREVER_S)
    monkeypatch.setattr("ui.turns.TURNS", turns)
    app = fresh_app()
    with ExitStack() as started, turns.turn():
        started.enter_context(running(lambda: app.run(timeout=60) and None))
        wait_until(lambda: len(turns._line) == 1)
        assert not app.title
    assert len(app.title) == 1


def test_a_part_drawn_alone_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, drawn = Turns(FOREVER_S), threading.Event()
    monkeypatch.setattr("ui.turns.TURNS", turns)
    monkeypatch.setattr("streamlit.fragment", lambda draw, run_every=None: draw)
    with ExitStack() as started, turns.turn():
        started.enter_context(running(fragment(drawn.set), fragment(run_every=1.0)(drawn.set)))
        wait_until(lambda: len(turns._line) == 2)
        assert not drawn.is_set()
    assert drawn.is_set()
