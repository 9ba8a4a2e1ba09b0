"""What the web server does around the pages: warm-up, security headers, the health answer."""

import asyncio
import gc
import hmac
import ipaddress
import logging
import pkgutil
import re
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.use.configuration import ConfigurationError, SignIn, read_configuration
from ui.closed import closed_page

CALENDAR = "/calendar/{token}.ics"
"""Where a calendar lies; the token is the secret."""
REMIND = "/remind/{token}"
"""Where the links in messages lead; the token is the secret."""
METRICS = "/_stcore/metrics"
"""Says how many sessions there are; it is for the machine alone."""
HEALTH_PATIENCE_S = 5
FRESH = {"cache-control": "no-store"}
IMPORTS = threading.Lock()
"""Held while modules are imported: of two threads that import parts of one package at once, one may be given a part that is half made."""
_SECRET = re.compile(r"/(calendar|remind)/[^/?\s]+?(\.ics)?(?=[/?\s]|$)")

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


class Doorkeeper:
    """Lets in whom the configuration lets in, whatever server was started and however. With sign-in configured, everybody: the pages
    ask who it is. Without it, only what comes from this machine and for it. All else gets one page that says what to set.
    """

    def __init__(self, app: ASGIApp, sign_in: SignIn | ConfigurationError | None = None) -> None:
        self.app = app
        self.sign_in = configured() if sign_in is None else sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._open(scope):
            await self.app(scope, receive, self._with_secure_cookies(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await HTMLResponse(closed_page(Headers(scope=scope), scope.get("query_string", b""), self.sign_in), 403)(scope, receive, send)

    def _open(self, scope: Scope) -> bool:
        if isinstance(self.sign_in, ConfigurationError):
            return False
        local = is_local(st.get_option("server.address")) and from_this_machine(scope)
        if self.sign_in.wanted:
            return self.sign_in.ready and (local or not scope.get("path", "").endswith(METRICS))
        return local

    def _with_secure_cookies(self, send: Send) -> Send:
        """Streamlit leaves Secure out, for browsers that drop such cookies at http://localhost; behind https they are to be Secure."""
        if isinstance(self.sign_in, ConfigurationError) or not (self.sign_in.public_url or "").startswith("https:"):
            return send

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value + b"; Secure" if name.lower() == b"set-cookie" and b"; secure" not in value.lower() else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        return secured


@cache
def configured() -> SignIn | ConfigurationError:
    """How people sign in here; or what is wrong with the configuration, so that nobody comes in."""
    try:
        return read_configuration().sign_in
    except ConfigurationError as error:
        return error


def secrets_of_sign_in() -> dict[str, Any]:
    """For ``st.App``: what Streamlit's login needs, wherever it is set."""
    sign_in = configured()
    return {} if isinstance(sign_in, ConfigurationError) or not sign_in.auth else {"auth": dict(sign_in.auth)}


def from_this_machine(scope: Scope) -> bool:
    """Whether a request was made on this machine, for this machine: at an address of its own, under a name of its own (a web page that
    somebody made point here has another), and not handed on by a proxy for somebody elsewhere."""
    headers = Headers(scope=scope)
    server = scope.get("server")
    named = [host_of(f"//{headers[name]}") for name in ("host", "x-forwarded-host") if name in headers]
    named += [host_of(headers["origin"])] if headers.get("origin", "null") != "null" else []
    asked_by = [part.strip() for name in ("x-forwarded-for", "x-real-ip") for value in headers.getlist(name) for part in value.split(",")]
    return (
        (server is None or is_local(server[0]))
        and all(is_local(name) for name in named)
        and all(is_local(address.strip("[]")) or is_local(host_of(f"//{address}")) for address in asked_by)
        and "forwarded" not in headers
    )


def host_of(address: str) -> str:
    """The name or number of the host in an address; empty when there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_local(address: str | None) -> bool:
    """Whether only this machine can reach ``address``. None and nothing mean every address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address or "0.0.0.0").is_loopback  # noqa: S104 - a reading, not a binding
    except ValueError:
        return False


async def healthz(_: Request) -> PlainTextResponse:
    """Alive, and the database answers. The body is what counts: unknown paths answer 200 with the app's shell."""
    try:
        answers = await asyncio.wait_for(asyncio.to_thread(_database_answers), HEALTH_PATIENCE_S)
    except TimeoutError:
        answers = False
    if answers:
        return PlainTextResponse("ok", headers=FRESH)
    return PlainTextResponse("degraded: the database does not answer\n", 503, headers=FRESH)


def _database_answers() -> bool:
    with IMPORTS:
        from services.use.house import house

    try:
        return house().database.answers()
    except Exception:  # noqa: BLE001 - whatever keeps the house from opening is said on the pages
        return False


def metrics(request: Request) -> Response:
    """Figures of the program for Prometheus, for who sends the configured token, else for this machine. Runs in a thread."""
    with IMPORTS:
        from services.use.house import house
        from services.use.metrics import CONTENT_TYPE
        from services.use.metrics import metrics as figures_of

    try:
        token = house().configuration.metrics_token
        if not _may_measure(request, token):
            return PlainTextResponse("Not found\n", 404, headers=FRESH)
        return Response(figures_of(house(), datetime.now(UTC)), media_type=CONTENT_TYPE, headers=FRESH)
    except Exception as error:  # noqa: BLE001 - a page of the dashboard is no answer for a program
        logging.getLogger(__name__).error("no metrics: %s", type(error).__name__)
        return PlainTextResponse("degraded: the database does not answer\n", 503, headers=FRESH)


def _may_measure(request: Request, token: str | None) -> bool:
    """Without a token: only what comes straight from this machine and asks for it. What a proxy passes on may come from anywhere."""
    if token is not None:
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"))
    return not passed_on and request.client is not None and is_local(request.client.host) and is_local(request.url.hostname)


def calendar(request: Request) -> Response:
    """The calendar at its secret address. Runs in a thread; what it needs is imported with the pages, not with the server."""
    with IMPORTS:
        from ui.calendar_feed import calendar_at

    return calendar_at(request)


class SecretAddresses(logging.Filter):
    """Keeps the secret addresses of calendars and of links in messages out of a server's list of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _without_secret(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_without_secret(argument) for argument in record.args)
        return True


def _without_secret(said: object) -> object:
    return _SECRET.sub(r"/\1/-\2", said) if isinstance(said, str) else said


def remind(request: Request) -> Response:
    """A link from a message. Runs in a thread; what it needs is imported with the pages, not with the server."""
    with IMPORTS:
        from ui.remind_links import answer

    return answer(request)


def report(error: Exception) -> bool:
    """An error in a page. What it needs is imported with the pages, not with the server."""
    from ui.trouble import report as draw

    return draw(error)


def _import_all() -> None:
    """Every module that a page, the worker or a calendar needs, before any of them does."""
    import altair  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow  # type: ignore[import-untyped]

    import ui
    from services.use import worker  # noqa: F401

    for module in pkgutil.walk_packages(ui.__path__, "ui."):
        if module.name != "ui.main":  # the script itself
            import_module(module.name)
    pyarrow.set_cpu_count(1)


def _warm_up() -> None:
    """Import everything, open the database, then take all of it out of the garbage collector's sight: a collection over these modules costs
    tens of milliseconds in every session."""
    try:
        _import_all()
    finally:
        IMPORTS.release()
    from services.use import rates
    from services.use.house import house
    from ui import language

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
    IMPORTS.acquire()
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
