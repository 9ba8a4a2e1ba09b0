"""The emulator that an account is connected to: one and the same for every process of the database, and after a restart.

What it was asked to change is kept in the database. Each process has an emulator of its own, and lets it do what was done elsewhere, at
the moment and with the luck of then, before it asks it anything.
"""

import asyncio
import json
import logging
import random
import secrets
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.providers.sandbox.faults import Sandbox, replay, true_answer
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.state import AGAIN, LUCK
from services.store.database import Database
from services.store.sandbox_requests import Asked, Entry, SandboxRequestStore

log = logging.getLogger(__name__)

PATIENCE_S = 30
_AT: ContextVar[datetime | None] = ContextVar("at", default=None)

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An emulator that has done everything up to ``last``."""

    sandbox: Sandbox
    last: Entry

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
            kept = self._store.since(self._provider, 0 if made is None else made.last.number)
            if kept:  # without a lock in the database, so that nobody waits for what there is to catch up
                made = self._caught_up(made, kept, loop)
            if not kept or made is None or made.is_changed_by(asked):
                made, answer = self._change(made, asked, loop)
            else:
                answer = _answer(made.sandbox, self._entry(made, asked), loop)
            self._made = made
        return answer

    def _change(self, made: _Made | None, asked: Asked, loop: asyncio.AbstractEventLoop) -> tuple[_Made | None, Answer]:
        with self._store.changing(self._provider, 0 if made is None else made.last.number) as (kept, fresh):
            made = self._caught_up(made, kept or [self._begin(fresh)], loop)
            entry = self._entry(made, asked)
            answer = _answer(made.sandbox, entry, loop)
            if not made.is_changed_by(asked):
                return made, answer
            if not _was_done(answer):
                return None, answer  # what it did before it refused is in nobody's list
            fresh.append(entry)
        return _Made(made.sandbox, entry), answer

    def _begin(self, fresh: list[Entry]) -> Entry:
        fresh.append(Entry(0, self._now(), secrets.token_hex(16), None))
        return fresh[0]

    def _entry(self, made: _Made, asked: Asked) -> Entry:
        return Entry(made.last.number + 1, self._now(), secrets.token_hex(16), asked)

    def _caught_up(self, made: _Made | None, kept: list[Entry], loop: asyncio.AbstractEventLoop) -> _Made:
        """``kept``: number 0, and from the last that ``made`` has done on. Where that one is missing, another emulator was begun since, or
        an older state was restored."""
        if made is not None and made.last not in kept:
            made, kept = None, self._store.since(self._provider, 0) or kept
        if made is None:
            made = _Made(_begun(self._provider, kept[0], self._now), kept[0])
        for entry in kept:
            if entry.number > made.last.number:
                if not _was_done(_answer(made.sandbox, entry, loop, again=True)):
                    log.warning("the sandbox of %s refuses what it once did, number %s", self._provider, entry.number)
                made = _Made(made.sandbox, entry)
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


def _answer(sandbox: Sandbox, entry: Entry, loop: asyncio.AbstractEventLoop, *, again: bool = False) -> Answer:
    return asyncio.run_coroutine_threadsafe(_answered(sandbox, entry, again), loop).result(PATIENCE_S)


async def _answered(sandbox: Sandbox, entry: Entry, again: bool) -> Answer:
    """In a task of its own, so that moment and luck are those of this request alone."""
    asked = entry.asked
    assert asked is not None
    _AT.set(entry.at)
    LUCK.set(_luck(entry))
    AGAIN.set(again)
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
    return not (isinstance(said, dict) and (said.get("success") is False or said.get("ack") == "error"))
