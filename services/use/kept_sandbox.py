"""The emulator that an account is connected to: one and the same for every process of the database, and after a restart.

What it was asked to change is kept in the database. Each process has an emulator of its own, and lets it do what was done elsewhere, at
the moment and with the luck of then, before it asks it anything.
"""

import asyncio
import json
import random
import secrets
import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.providers.sandbox.faults import Sandbox, replay, true_answer
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.state import LUCK
from services.store.database import Database
from services.store.sandbox_requests import Asked, Entry, SandboxRequestStore

PATIENCE_S = 30
_AT: ContextVar[datetime | None] = ContextVar("at", default=None)

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An emulator that has done everything up to the entry ``number``. ``luck`` tells it from one that was begun anew."""

    sandbox: Sandbox
    luck: str
    number: int = 0

    def is_changed_by(self, asked: Asked) -> bool:
        return asked.method != "GET" and self.sandbox.changes.fullmatch(asked.path) is not None


class KeptSandbox:
    """An emulator as an ASGI application. Answers 503 when the database does not."""

    def __init__(self, database: Database, account: str, provider: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = SandboxRequestStore(database, account)
        self._provider = provider
        self._now = now
        self._lock = threading.Lock()
        self._made: _Made | None = None

    @property
    def credentials(self) -> dict[str, str]:
        """What it is opened with."""
        return dict(_credentials(self._provider))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        asked = Asked(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body.decode("latin-1"))
        try:
            status, said, body = await asyncio.to_thread(self._ask, asked, asyncio.get_running_loop())
        except SQLAlchemyError:
            status, said, body = 503, [], b""
        answer = Response(body, status)
        answer.raw_headers += said
        await answer(scope, receive, send)

    def _ask(self, asked: Asked, loop: asyncio.AbstractEventLoop) -> Answer:
        with self._lock:
            made, self._made = self._made, None  # after a failure in the middle it is made anew
            if made is not None and not made.is_changed_by(asked) and (before := self._store.after(self._provider, made.number)):
                made = self._caught_up(made, before, loop)
                answer = _answer(made.sandbox, self._entry(made, asked), loop)
            else:
                with self._store.changing(self._provider, 0 if made is None else made.number) as (before, fresh):
                    made = self._caught_up(made, before or [self._begin(fresh)], loop)
                    entry = self._entry(made, asked)
                    answer = _answer(made.sandbox, entry, loop)
                    if made.is_changed_by(asked) and _was_done(answer):
                        fresh.append(entry)
                        made = replace(made, number=entry.number)
            self._made = made
        return answer

    def _begin(self, fresh: list[Entry]) -> Entry:
        fresh.append(Entry(0, self._now(), secrets.token_hex(16), None))
        return fresh[0]

    def _entry(self, made: _Made, asked: Asked) -> Entry:
        return Entry(made.number + 1, self._now(), secrets.token_hex(16), asked)

    def _caught_up(self, made: _Made | None, before: Iterable[Entry], loop: asyncio.AbstractEventLoop) -> _Made:
        """``before`` starts with number 0. When another emulator was begun since, all of it is for that one."""
        beginning, *later = before
        if made is not None and made.luck != beginning.luck:
            later = self._store.after(self._provider, 0)[1:]
            made = None
        if made is None:
            made = _Made(_begun(self._provider, beginning, self._now), beginning.luck)
        for entry in later:
            _answer(made.sandbox, entry, loop)
            made = replace(made, number=entry.number)
        return made


@cache
def _credentials(provider: str) -> dict[str, str]:
    return SANDBOXES[provider]().credentials


def _begun(provider: str, beginning: Entry, now: Callable[[], datetime]) -> Sandbox:
    at, luck = _AT.set(beginning.at), LUCK.set(_luck(beginning))
    try:
        return SANDBOXES[provider](now=lambda: _AT.get() or now())
    finally:
        _AT.reset(at)
        LUCK.reset(luck)


def _luck(entry: Entry) -> random.Random:
    return random.Random(entry.luck)  # noqa: S311 - invented numbers of an emulator


def _answer(sandbox: Sandbox, entry: Entry, loop: asyncio.AbstractEventLoop) -> Answer:
    return asyncio.run_coroutine_threadsafe(_answered(sandbox, entry), loop).result(PATIENCE_S)


async def _answered(sandbox: Sandbox, entry: Entry) -> Answer:
    """In a task of its own, so that moment and luck are those of this request alone."""
    asked = entry.asked
    assert asked is not None
    _AT.set(entry.at)
    LUCK.set(_luck(entry))
    scope: Scope = {
        "type": "http",
        "method": asked.method,
        "path": asked.path,
        "query_string": asked.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in asked.headers],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("sandbox", 80),
        "client": ("sandbox", 0),
        "root_path": "",
    }
    return await true_answer(sandbox.app, scope, replay(asked.body.encode("latin-1")))


def _was_done(answer: Answer) -> bool:
    """Whether the emulator did what it was asked. Some of them refuse with 200."""
    status, _, body = answer
    if not 200 <= status < 300:
        return False
    try:
        said = json.loads(body)
    except ValueError:
        return True
    return not (isinstance(said, dict) and said.get("success") is False)
