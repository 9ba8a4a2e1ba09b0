"""Who acts in this thread or task. Every write asks: what a person may not do is refused, what they did is noted.

The frame around the pages says who sits at a session; work that a session hands to the background takes its person along, as context
variables do. Where nobody is named, the program itself acts: the worker, a migration, what is kept while a page is only looked at.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from services.model.person import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """``address``: None for the person at this machine, who signs in nowhere and may do everything."""

    account: str
    address: str | None = None


class NotAllowed(Exception):
    """The person may not do this. Nothing was changed. ``needed``: the role it takes, None when it is another household's."""

    def __init__(self, needed: Role | None) -> None:
        super().__init__(f"needs the role {needed}" if needed else "of another household")
        self.needed = needed


class ForTheMachine(NotAllowed):
    """It touches every household, so it is for whoever runs the machine, and not for those who sign in."""

    def __init__(self) -> None:
        super().__init__(None)


_acting: ContextVar[tuple[Actor | None] | None] = ContextVar("acting", default=None)
_ask: list[Callable[[], Actor | None]] = []


def acting() -> Actor | None:
    """Who acts; None for the program itself."""
    named = _acting.get()
    if named is None:
        actor = _ask[0]() if _ask else None
        if actor is None:
            return None
        named = (actor,)
        _acting.set(named)
    return named[0]


def act_as(actor: Actor) -> None:
    """From now on ``actor`` acts in this thread or task, and in what it starts on the background loop."""
    _acting.set((actor,))


@contextmanager
def as_program() -> Iterator[None]:
    """In the block the program acts: for notes of its own that no person asked for and every person may cause."""
    token = _acting.set((None,))
    try:
        yield
    finally:
        _acting.reset(token)


def ask_when_unknown(ask: Callable[[], Actor | None]) -> None:
    """Who acts where ``act_as`` was not called: ``ask`` knows the sessions."""
    _ask[:] = [ask]
