"""The one place that opens a connection. Nothing else in the project imports an HTTP client.

What it keeps, for every provider alike: a time limit per attempt and per call, retries with jitter on idempotent calls
alone, ``Retry-After``, the published rate limits on our side, a body size limit, no redirects, verified TLS, and errors
of one family with no secret in them.
"""

import asyncio
import ipaddress
import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from services import VERSION
from services.providers.errors import Because, Malformed, NotFound, ProviderError, RateLimited, Refused, Unauthorised, Unreachable
from services.providers.rate_limits import RATE_LIMITS, AccountLimits, LedgerUnreachable, Limit, RateLimits

USER_AGENT = f"Simkeeper/{VERSION} (self-hosted prepaid card dashboard)"
MASK = "***"
DETAIL_LIMIT = 200

log = logging.getLogger(__name__)
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)  # they log addresses, and addresses hold numbers of cards


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one provider is spoken to.

    ``attempt_timeout_s`` bounds one attempt with its whole body; ``call_timeout_s`` bounds all attempts of a call.
    ``app`` answers inside the process instead of over the network (the embedded sandbox).
    ``account`` separates the rate limits of two accounts at one provider; ``secrets`` are struck out of every error.
    ``auth_url``: where tokens are had, when that is another host. ``slow_timeout_s`` replaces both limits for slow calls.
    """

    provider: str
    base_url: str
    limits: tuple[Limit, ...] = ()
    attempt_timeout_s: float = 10.0
    call_timeout_s: float = 25.0
    attempts: int = 3
    max_body_bytes: int = 16 * 1024 * 1024
    slow_timeout_s: float | None = None
    auth_url: str = ""
    account: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    app: ASGIApp | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    ``idempotent``: None means what the method says. ``accept``: error statuses that the adapter reads itself. ``counts`` maps a
    limit's scope to the thing counted, such as ``{"card": iccid}``. ``content``: the very bytes to send; ``sign`` makes headers
    from them at the moment of sending (a call may have waited for its turn). ``judge`` raises for an error inside an answer with
    a good status, so that one that may pass is tried again like any other. ``auth``: ask the host that gives out tokens.
    ``slow``: an answer known to take long.
    """

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    multipart: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    idempotent: bool | None = None
    accept: tuple[int, ...] = ()
    counts: Mapping[str, str] | None = None
    content: bytes | None = None
    sign: Callable[[bytes], Mapping[str, str]] | None = None
    judge: Callable[["Answer"], None] | None = None
    auth: bool = False
    slow: bool = False

    @property
    def may_repeat(self) -> bool:
        return self.method in {"GET", "HEAD"} if self.idempotent is None else self.idempotent


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower-case names) and the whole body."""

    provider: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, decimal numbers as Decimal. Raises Malformed for anything else, NaN and infinities included."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Malformed(self.provider, "", "empty" if not self.body.strip() else "not_json") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class Http:
    """The core bound to one endpoint. Use within one event loop; close with ``aclose``."""

    def __init__(self, endpoint: Endpoint, rate_limits: RateLimits = RATE_LIMITS) -> None:
        if endpoint.app is None:
            for url in filter(None, (endpoint.base_url, endpoint.auth_url)):
                if urlsplit(url).scheme != "https" and not _is_loopback(url):
                    raise ValueError("a provider is only spoken to over TLS")
        self.endpoint = endpoint
        self.watch: Callable[[Call, Answer], None] | None = None  # sees every answer with a good status, before it is judged
        self._rate_limits = rate_limits
        self._limits = AccountLimits(endpoint.provider, endpoint.account, endpoint.limits, inside=endpoint.app is not None)
        self._secrets = set(filter(None, endpoint.secrets))
        self._client = httpx.AsyncClient(
            base_url=endpoint.base_url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            timeout=httpx.Timeout(endpoint.attempt_timeout_s),
            follow_redirects=False,
            verify=_trusted(),
            transport=None if endpoint.app is None else _Inside(app=endpoint.app, raise_app_exceptions=False),
            trust_env=endpoint.app is None and not _is_loopback(endpoint.base_url),
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    def calls_left(self) -> list[int]:
        """Calls left now under each limit of the endpoint, in its order."""
        left = dict(self._rate_limits.left(self._limits))
        return [left[limit] for limit in self.endpoint.limits]

    def keep_secret(self, text: str) -> None:
        """Strike ``text`` (a token just received) out of every error from now on."""
        self._secrets.add(text)

    async def send(self, call: Call) -> Answer:
        """Send ``call`` and return its answer. Raises the family of ``services.providers.errors``.

        Only a call that may be repeated is tried again, and only after a failure that may pass.
        """
        attempts = self.endpoint.attempts if call.may_repeat else 1
        limit_s = self._time_limit(call, self.endpoint.call_timeout_s)
        deadline = time.monotonic() + limit_s
        may_have_arrived = False
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=_wait_as_told,
            retry=retry_if_exception(lambda error: _may_pass(error) and time.monotonic() + _told_wait(error) < deadline),
            sleep=asyncio.sleep,
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                try:
                    await self._wait_for_turn(call.counts or {})
                    if attempt.retry_state.attempt_number == 1:
                        deadline = time.monotonic() + limit_s
                    answer = await self._attempt(call, deadline - time.monotonic())
                    await self._raise_for_status(call, answer)
                    if self.watch is not None:
                        self.watch(call, answer)
                    if call.judge is not None:
                        call.judge(answer)
                except ProviderError as error:
                    # The last attempt may have failed for certain while an earlier one did its work.
                    may_have_arrived = error.may_have_arrived = error.may_have_arrived or may_have_arrived
                    raise
                return answer
        raise AssertionError("unreachable: the last attempt either returned or raised")

    async def _wait_for_turn(self, counts: Mapping[str, str]) -> None:
        try:
            held = await self._rate_limits.wait(self._limits, counts, self.endpoint.call_timeout_s)
        except LedgerUnreachable as error:  # nothing was sent, and that is certain
            raise Unreachable(self.endpoint.provider, Because.CONNECT, "no turn", may_have_arrived=False) from error
        if held > 0:
            raise RateLimited(self.endpoint.provider, held)

    def _time_limit(self, call: Call, usual_s: float) -> float:
        return max(usual_s, self.endpoint.slow_timeout_s or 0.0) if call.slow else usual_s

    async def _attempt(self, call: Call, seconds_left: float) -> Answer:
        provider = self.endpoint.provider
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.05, min(self._time_limit(call, self.endpoint.attempt_timeout_s), seconds_left))):
                answer = await self._exchange(call)
        except TimeoutError as error:
            raise Unreachable(provider, Because.TIMEOUT) from error
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(provider, Because.TIMEOUT, may_have_arrived=False) from error
        except httpx.TimeoutException as error:
            raise Unreachable(provider, Because.TIMEOUT) from error
        except httpx.ConnectError as error:
            because = Because.TLS if _is_tls(error) else Because.CONNECT
            raise Unreachable(provider, because, may_have_arrived=False) from error
        except httpx.DecodingError as error:
            raise Malformed(provider, "", "not_decodable") from error
        except httpx.HTTPError as error:
            raise Unreachable(provider, Because.BROKEN) from error
        log.info("%s %s %d in %.0f ms", provider, call.method, answer.status, (time.monotonic() - started) * 1000)
        return answer

    async def _exchange(self, call: Call) -> Answer:
        body = bytearray()
        async with self._client.stream(
            call.method,
            self.endpoint.auth_url + call.path if call.auth else call.path,
            params=dict(call.params) if call.params else None,
            json=call.json,
            content=call.content,
            data=dict(call.form) if call.form else None,
            files={name: (None, value) for name, value in call.multipart.items()} if call.multipart else None,
            headers={**(call.headers or {}), **(call.sign(call.content or b"") if call.sign else {})},
            timeout=self._time_limit(call, self.endpoint.attempt_timeout_s),
        ) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self.endpoint.max_body_bytes:
                    raise Malformed(self.endpoint.provider, "", "too_large")
        return Answer(self.endpoint.provider, response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))

    async def _raise_for_status(self, call: Call, answer: Answer) -> None:
        provider, status = self.endpoint.provider, answer.status
        if 200 <= status < 300 or status in call.accept:
            return
        if status == 401:
            raise Unauthorised(provider, self.clean(said_in(answer)))
        if status == 404:
            raise NotFound(provider, "path")
        if status == 429:
            seconds = _retry_after(answer)
            if seconds is not None:
                try:
                    await self._rate_limits.hold(self._limits, seconds)
                except LedgerUnreachable:
                    log.warning("%s asked for a pause that could not be written down", provider)
            raise RateLimited(provider, seconds)
        if status >= 500:
            raise Unreachable(provider, Because.SERVER, str(status), status=status)
        raise Refused(provider, status, "redirect" if 300 <= status < 400 else self.clean(said_in(answer)))

    def clean(self, text: str) -> str:
        """``text`` from a provider made fit for an error: one line, short, this endpoint's secrets struck out."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return "".join(c if c.isprintable() else " " for c in text)[:DETAIL_LIMIT].strip()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates we trust, read once: it takes longer than a call."""
    return httpx.create_ssl_context()


class _Inside(httpx.ASGITransport):
    """Speaks to an emulator inside the process. One that stops in the middle of an answer breaks the connection, as on a socket."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except AssertionError as error:
            raise httpx.RemoteProtocolError("the emulator broke off", request=request) from error


def said_in(answer: Answer) -> str:
    """The provider's own words in an error body, where there are any; empty for HTML and other pages."""
    try:
        said = answer.json()
    except Malformed:
        return ""
    if isinstance(said, dict):
        for name in ("message", "error_description", "error", "errorMsg", "detail", "reason"):
            if isinstance(said.get(name), str):
                return str(said[name])
    return ""


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, RateLimited):
        return error.retry_after_s is not None
    return isinstance(error, Unreachable) and error.because is not Because.TLS


def _told_wait(error: BaseException) -> float:
    return error.retry_after_s or 0.0 if isinstance(error, RateLimited) else 0.0


_backoff = wait_random_exponential(multiplier=0.2, max=4)


def _wait_as_told(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = _told_wait(error) if error is not None else 0.0
    return told or float(_backoff(state))


def _retry_after(answer: Answer) -> float | None:
    """Seconds from ``Retry-After``. A date is read against the answer's own ``Date``, so that our clock may be wrong."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    try:
        said_at = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        said_at = datetime.now(UTC)
    try:
        return max(0.0, (until - said_at).total_seconds())
    except TypeError:  # one of the two has no zone
        return None
