"""What the web server does around the pages: warm-up, security headers, the health answer."""

import gc
import ipaddress
import logging
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CALENDAR = "/calendar/{token}.ics"
"""Where a calendar lies; the token is the secret."""
_SECRET = re.compile(r"/calendar/[^/?\s]+\.ics")

CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
]


class SecurityHeaders:
    """Pure ASGI, so that WebSockets pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class ThisMachineOnly:
    """Refuses what comes in at an address that others can reach, whatever server was started and however: nobody signs in here."""

    REFUSAL = (
        "Simkeeper is closed at this address: other machines can reach it, and nobody has to sign in. "
        "Start it at 127.0.0.1.\n续卡管家在此地址上不开放：其他机器也能访问，而且无需登录。请在 127.0.0.1 上启动。\n"
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        if scope["type"] == "lifespan" or server is None or is_local(server[0]):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(self.REFUSAL, 403)(scope, receive, send)


def is_local(address: str | None) -> bool:
    """Whether only this machine can reach ``address``. None means every address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "0.0.0.0").is_loopback  # noqa: S104 - a reading, not a binding
    except ValueError:
        return False


async def healthz(_: Request) -> PlainTextResponse:
    """Alive. The body is what counts: unknown paths answer 200 with the app's shell."""
    return PlainTextResponse("ok")


def calendar(request: Request) -> Response:
    """The calendar at its secret address. Runs in a thread; what it needs is imported with the pages, not with the server."""
    from ui.calendar_feed import calendar_at

    return calendar_at(request)


class SecretAddresses(logging.Filter):
    """Keeps the secret addresses of calendars out of a server's list of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _without_secret(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_without_secret(argument) for argument in record.args)
        return True


def _without_secret(said: object) -> object:
    return _SECRET.sub("/calendar/-.ics", said) if isinstance(said, str) else said


def _warm_up() -> None:
    """Import what the first page needs, open the database, then take all of it out of the garbage collector's sight:
    a collection over these modules costs tens of milliseconds in every session."""
    import altair  # noqa: F401 - loaded before the first visitor needs it
    import pandas  # noqa: F401
    import pyarrow  # type: ignore[import-untyped]

    from services.use import rates, worker  # noqa: F401 - the worker's modules too
    from services.use.house import house
    from ui import language

    pyarrow.set_cpu_count(1)
    language.catalogues()
    house()
    rates.currencies()
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[None]:
    """Warm up beside the server, so that the health answer does not wait for it."""
    logging.getLogger("uvicorn.access").addFilter(SecretAddresses())
    over = threading.Event()
    beside = threading.Thread(target=_warm_up_and_work, args=(over,), name="simkeeper-worker", daemon=True)
    beside.start()
    yield
    from services.use.house import leave_house

    over.set()
    beside.join(5)  # what a run under way has claimed and not sent is sent by the next one
    leave_house()


def _warm_up_and_work(over: threading.Event) -> None:
    """Then reminders leave from this process, unless the configuration says that another one sends them."""
    _warm_up()
    from services.use import worker
    from services.use.house import house

    if house().configuration.worker:
        worker.work(over)
