"""The one module that sends messages. Apprise speaks to the services; around it stands what it does not promise by itself.

While a message is on its way, everything that Apprise's classes ask of ``requests`` and ``smtplib`` passes through here (``_Watch``): no
redirect is followed, certificates are verified whatever an address says, time and size of an answer are limited, nothing goes to this
machine or to a private address unless the person entered that very host, and what went wrong is seen as it happened instead of being
guessed from a sentence in a log. Other users of those two libraries in this process notice nothing. What Apprise would log holds keys
and addresses, so none of it reaches a log.

Apprise takes a second to import, so it is imported when the first message is sent.
"""

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from services.channels.kinds import Address, Answer, looks_private
from services.channels.outcome import Delivery, Failure

CONNECT_S = 10
READ_S = 15
PATIENCE_S = 40
"""For one message with everything that its service needs for it."""
MOST_BYTES = 256 * 1024
"""Of one answer; what is longer is cut."""
_STATUS = {401: Failure.UNAUTHORISED, 403: Failure.UNAUTHORISED, 404: Failure.NOT_FOUND, 410: Failure.NOT_FOUND, 429: Failure.RATE_LIMITED}


@dataclass(slots=True)
class _Watch:
    """One message on its way. ``failure``: what went wrong at the last call; ``said``: what was answered to it."""

    own_host: str | None
    until: float
    calls: int = 0
    failure: Failure | None = None
    detail: str = ""
    said: bytes = b""

    def note(self, failure: Failure | None, detail: str = "") -> None:
        self.failure, self.detail = failure, detail


_watch: ContextVar[_Watch | None] = ContextVar("simkeeper_message", default=None)


def deliver(address: Address, title: str, body: str) -> Delivery:
    """Try once to send a message. ``title`` and ``body`` are plain text. A message that fails is an answer, never an error."""
    watch = _Watch(address.own_host, time.monotonic() + PATIENCE_S)
    token = _watch.set(watch)
    try:
        return _sent(address, title, body, watch)
    except Exception as error:  # noqa: BLE001 - nothing of a service's class may end the work that sends reminders
        return Delivery(_kind_of(error) or Failure.REFUSED, type(error).__name__)
    finally:
        _watch.reset(token)


def _sent(address: Address, title: str, body: str, watch: _Watch) -> Delivery:
    apprise = _apprise()
    asset = apprise.AppriseAsset(
        app_id="Simkeeper",
        app_desc="Simkeeper",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        interpret_emojis=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        service_timeout=PATIENCE_S,
    )
    given = address.service if isinstance(address.service, str) else dict(address.service)
    service = apprise.Apprise.instantiate(given, asset=asset)
    if service is None:
        return Delivery(Failure.INCOMPLETE)
    service.verify_certificate, service.redirects = True, False
    service.socket_connect_timeout, service.socket_read_timeout = float(CONNECT_S), float(READ_S)
    post = apprise.Apprise(asset=asset)
    post.add(service)
    result = post.notify(title=_one_line(title), body=body, body_format=apprise.NotifyFormat.TEXT, tag=apprise.common.MATCH_ALL_TAG)
    if watch.failure is None and watch.calls and address.answer is not None:
        watch.note(*_of_answer(address.answer, watch.said))
    if result.status == apprise.result.AppriseResultStatus.SUCCESS and watch.failure is None:
        return Delivery()
    if watch.failure is not None:
        return Delivery(watch.failure, watch.detail)
    if result.status == apprise.result.AppriseResultStatus.TIMEOUT:
        return Delivery(Failure.TIMEOUT)
    return Delivery(Failure.REFUSED if watch.calls else Failure.INCOMPLETE)


def _one_line(text: str) -> str:
    return " ".join(text.split())


_loading = threading.Lock()


def _apprise() -> ModuleType:
    """Apprise, loaded once however many messages wait for it."""
    with _loading:
        return _loaded()


@cache
def _loaded() -> ModuleType:
    """Apprise, with the watch around what it sends with."""
    import smtplib

    quiet = logging.getLogger("apprise")
    quiet.propagate = False
    quiet.addHandler(logging.NullHandler())
    for name in ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection"):
        logging.getLogger(name).addFilter(_outside_messages)
    import apprise
    import apprise.result
    import requests

    requests.Session.send = _watched_send(requests.Session.send)  # type: ignore[method-assign]
    for method in ("__init__", "starttls", "login", "sendmail"):
        setattr(smtplib.SMTP, method, _watched_smtp(getattr(smtplib.SMTP, method)))
    return apprise


def _outside_messages(_: logging.LogRecord) -> bool:
    return _watch.get() is None


def _watched_send(send: Callable[..., Any]) -> Callable[..., Any]:
    """``requests.Session.send`` that tells the watch."""

    @wraps(send)
    def watched(self: Any, request: Any, **kwargs: Any) -> Any:
        watch = _watch.get()
        if watch is None:
            return send(self, request, **kwargs)
        watch.calls += 1
        host = urlsplit(request.url).hostname or ""
        if host != (watch.own_host or "").lower() and looks_private(host):
            watch.note(Failure.FORBIDDEN_HOST)
            raise _requests().exceptions.InvalidURL("not an address that was entered")
        if time.monotonic() > watch.until:
            watch.note(Failure.TIMEOUT)
            raise _requests().exceptions.ReadTimeout("too late")
        verify = kwargs.get("verify") or True  # a bundle of the person's own stays; "no" does not
        try:
            response = send(
                self, request, **{**kwargs, "verify": verify, "allow_redirects": False, "timeout": (CONNECT_S, READ_S), "stream": True}
            )
            response._content, response._content_consumed = _body(response, watch.until), True
            response.close()
        except Exception as error:
            watch.note(_kind_of(error) or Failure.UNREACHABLE)
            raise
        watch.said = response._content
        watch.note(_of_status(response.status_code), f"HTTP {response.status_code}")
        return response

    return watched


def _body(response: Any, until: float) -> bytes:
    """The answer as it arrives, up to ``MOST_BYTES``."""
    found = bytearray()
    while len(found) < MOST_BYTES:
        piece = response.raw.read1(MOST_BYTES - len(found), decode_content=True)
        if not piece:
            break
        found += piece
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(found)


def _of_status(status: int) -> Failure | None:
    if status < 300:
        return None
    if status < 400:
        return Failure.REDIRECTED
    return _STATUS.get(status) or (Failure.SERVER if status >= 500 else Failure.REFUSED)


def _of_answer(answer: Answer, said: bytes) -> tuple[Failure | None, str]:
    """Many services answer every request with status 200 and say in the body whether they took the message; and so does the sign-in page of
    a hotel's network."""
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if not isinstance(found, dict) or answer.field not in found:
        return Failure.REFUSED, ""
    value = found[answer.field]
    if answer.good is None or value == answer.good:
        return None, ""
    return Failure.REFUSED, f"{answer.field} {value}" if isinstance(value, int) and abs(value) < 10**9 else ""


def _watched_smtp(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of ``smtplib.SMTP`` that tells the watch what it raises."""

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        watch = _watch.get()
        if watch is None:
            return method(*args, **kwargs)
        watch.calls += 1
        try:
            return method(*args, **kwargs)
        except Exception as error:
            watch.note(*_of_mail(error))
            raise

    return watched


def _of_mail(error: Exception) -> tuple[Failure, str]:
    """What a mail server's refusal is."""
    import smtplib

    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Failure.TLS, "SMTP"
    codes = [code for code, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    if isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    if codes:
        code = int(codes[0])
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return Failure.UNAUTHORISED, f"SMTP {code}"
        return Failure.SERVER if 400 <= code < 500 else Failure.REFUSED, f"SMTP {code}"
    if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
        return Failure.REFUSED, "SMTP"
    return _kind_of(error) or Failure.UNREACHABLE, ""


def _kind_of(error: BaseException) -> Failure | None:
    """What the deepest cause that tells something says; None when nothing does."""
    seen: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    if any(isinstance(one, ssl.SSLError) and not isinstance(one, ssl.SSLEOFError) for one in seen):
        return Failure.TLS
    if any(isinstance(one, TimeoutError) or type(one).__name__ in _TOO_LATE for one in seen):
        return Failure.TIMEOUT
    return Failure.UNREACHABLE if any(isinstance(one, OSError) for one in seen) else None


_TOO_LATE = {"ConnectTimeout", "ReadTimeout", "Timeout", "ConnectTimeoutError", "ReadTimeoutError"}


def _requests() -> ModuleType:
    import requests

    return requests
