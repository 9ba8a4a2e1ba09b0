"""Faults on demand, in front of any emulator, and a log of what was asked.

    POST   /_sandbox/faults   {"kind": "status", "path": "/en", "times": 2, "status": 429, "headers": {"Retry-After": "1"}}
    DELETE /_sandbox/faults   no more faults
    GET    /_sandbox/log      [{"method", "path", "query", "headers", "body"}, ...]

Kinds: ``latency`` (``seconds`` before the answer), ``stall_before`` and ``stall_body`` (never finishes), ``reset`` (the
connection breaks in the middle of the body), ``status`` (``status``, ``headers``, ``body``), ``html`` (a page instead of
JSON, with status 200 or ``status``), ``empty``, ``truncated``, ``huge`` (``size`` bytes), ``redirect`` (``to``), ``set``
(puts ``value`` at ``at``, a list of keys and indexes, "*" for each element, in the true answer), ``lost`` (the emulator
does the work, then the connection breaks before the answer).
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = b"<!doctype html><html><head><title>Please wait</title></head><body><h1>We will be right back</h1></body></html>"
FOREVER_S = 3600


@dataclass(slots=True)
class Fault:
    """One fault. ``times`` -1 is for good; ``path`` is the beginning of the paths it strikes."""

    kind: str
    path: str = "/"
    times: int = -1
    seconds: float = 0.0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    size: int = 0
    to: str = ""
    at: Sequence[str | int] = ()
    value: Any = None


@dataclass(slots=True)
class Asked:
    """A request the emulator got."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


class Sandbox:
    """ASGI middleware: the emulator behind it, faults and log in front.

    ``credentials``: what its one account is opened with; ``cards``: what each seeded card shows, and its ``remote_id``.
    ``changes``: a pattern of the paths whose POST, PUT or DELETE changes what it knows; others only ask.
    """

    def __init__(
        self,
        app: ASGIApp,
        credentials: Mapping[str, str] | None = None,
        cards: Mapping[str, str] | None = None,
        changes: str = "(?!)",
    ) -> None:
        self.app = app
        self.changes = re.compile(changes)
        self.credentials = dict(credentials or {})
        self.cards = dict(cards or {})
        self.faults: list[Fault] = []
        self.log: list[Asked] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith("/_sandbox/"):
            await (await self._control(Request(scope, receive)))(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        self.log.append(Asked(request.method, request.url.path, request.url.query, dict(request.headers), body.decode("utf-8", "replace")))
        await self._answer(self._strike(request.url.path), scope, replay(body), send)

    async def _control(self, request: Request) -> Response:
        if request.url.path == "/_sandbox/log":
            return JSONResponse([asdict(asked) for asked in self.log])
        if request.method == "DELETE":
            self.faults.clear()
        else:
            self.faults.append(Fault(**await request.json()))
        return JSONResponse([asdict(fault) for fault in self.faults])

    def _strike(self, path: str) -> Fault | None:
        for fault in self.faults:
            if path.startswith(fault.path) and fault.times != 0:
                fault.times -= 1 if fault.times > 0 else 0
                return fault
        return None

    async def _answer(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault is None:
            await self.app(scope, receive, send)
            return
        match fault.kind:
            case "latency":
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)
            case "stall_before":
                await asyncio.sleep(FOREVER_S)
            case "status":
                await Response(fault.body, fault.status, fault.headers, "application/json")(scope, receive, send)
            case "html":
                await Response(HTML, fault.status, fault.headers, "text/html")(scope, receive, send)
            case "empty":
                await Response(b"", fault.status, media_type="application/json")(scope, receive, send)
            case "redirect":
                await Response(b"", 302, {"Location": fault.to})(scope, receive, send)
            case "huge":
                await _send_huge(fault.size, send)
            case "stall_body" | "reset" | "truncated" | "set" | "lost":
                status, headers, body = await true_answer(self.app, scope, receive)
                await _spoil(fault, status, headers, body, send)
            case _:
                raise ValueError(f"no such fault: {fault.kind}")


def replay(body: bytes) -> Receive:
    """A request body that is there at once."""
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.sleep(FOREVER_S)
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def true_answer(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers without the length, and body of what ``app`` answers."""
    status, headers, body = 500, [], bytearray()

    async def keep(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(k, v) for k, v in message.get("headers", []) if k.lower() != b"content-length"]
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    return status, headers, bytes(body)


async def _spoil(fault: Fault, status: int, headers: list[tuple[bytes, bytes]], body: bytes, send: Send) -> None:
    if fault.kind == "set":
        answer = json.loads(body)
        body = json.dumps(_put(answer, fault.at, fault.value)).encode()
    promised = len(body)
    if fault.kind == "truncated":
        body = body[: len(body) // 2]
        promised = len(body)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", str(promised).encode())]})
    if fault.kind in {"truncated", "set"}:
        await send({"type": "http.response.body", "body": body})
        return
    if fault.kind != "lost":
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    if fault.kind == "stall_body":
        await asyncio.sleep(FOREVER_S)
    # Returning with less than was promised makes the server close the connection in the middle of the answer.


def _put(answer: Any, at: Sequence[str | int], value: Any) -> Any:
    if not at:
        return value
    step, rest = at[0], at[1:]
    if step == "*":
        return [_put(element, rest, value) for element in answer]
    if isinstance(answer, dict):
        return {**answer, step: _put(answer.get(step), rest, value)}
    return [_put(element, rest, value) if index == step else element for index, element in enumerate(answer)]


async def _send_huge(size: int, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    chunk = b" " * 65536
    for _ in range(size // len(chunk) + 1):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"{}"})
