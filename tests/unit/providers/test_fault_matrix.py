"""Every fault against every verb of every provider in the registry, over real sockets.

Each ends in the right error of the family, within the time limit, with no secret in message or log. An order whose fate is not
certain ends as ``OrderStatus.UNKNOWN`` instead of an error.
"""

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import trustme

from services.model.order import OrderOutcome, OrderStatus
from services.providers.base import Capability, Provider, ProviderError, Readings
from services.providers.errors import Because, Malformed, NotFound, RateLimited, Refused, Unauthorised, Unreachable
from services.providers.http import Endpoint
from services.providers.rate_limits import RateLimits
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import HTML, Fault
from services.providers.sandbox.server import serve
from services.providers.tokens import TokenCache
from tests.unit.providers.calls import PROVIDER_IDS, Subject, outcomes, subject_of, verbs
from tests.unit.providers.lab import Lab

CALL_S = 60.0
STALL_S = 0.3
SMALL_BODY = 300_000
REFUSING = '{"message": "no, and sandbox-secret-echo is not shown"}'


@dataclass(frozen=True, slots=True)
class Case:
    """``fault`` strikes every path. ``expected``: error classes it may end in; ``because`` narrows Unreachable.
    ``uncertain``: an order may have been placed all the same."""

    name: str
    expected: tuple[type[ProviderError], ...]
    fault: Fault | None = None
    because: tuple[Because, ...] = ()
    uncertain: bool = False
    retry_after_s: float | None = None
    adjust: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def status(code: int, *expected: type[ProviderError], **more: Any) -> Case:
    headers = more.pop("headers", {})
    name = more.pop("name", str(code))
    return Case(name, expected, Fault("status", status=code, body=REFUSING, headers=headers), **more)


DATE = {"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "Retry-After": "Fri, 20 Nov 2026 12:02:00 GMT"}
STALLED = {"attempt_timeout_s": STALL_S, "call_timeout_s": STALL_S, "slow_timeout_s": STALL_S}

CASES = [
    Case("stalled before the answer", (Unreachable,), Fault("stall_before"), (Because.TIMEOUT,), True, adjust=STALLED),
    Case("stalled in the body", (Unreachable,), Fault("stall_body"), (Because.TIMEOUT,), True, adjust=STALLED),
    Case("broken off in the body", (Unreachable,), Fault("reset"), (Because.BROKEN,), True),
    status(401, Unauthorised),
    status(403, Refused, Unauthorised),
    status(404, NotFound, Refused),
    status(409, Refused, Unreachable, uncertain=True),
    status(422, Refused, NotFound, Unauthorised),
    status(429, RateLimited, name="429 without a time"),
    status(429, RateLimited, name="429 in seconds", headers={"Retry-After": "120"}, retry_after_s=120),
    status(429, RateLimited, name="429 until a date", headers=DATE, retry_after_s=120),
    status(500, Unreachable, because=(Because.SERVER,), uncertain=True),
    status(503, Unreachable, because=(Because.SERVER,), uncertain=True),
    Case("502 with a page", (Unreachable,), Fault("html", status=502), (Because.SERVER,), True),
    Case("a page with 200", (Malformed,), Fault("html"), uncertain=True),
    Case("empty", (Malformed,), Fault("empty"), uncertain=True),
    Case("truncated", (Malformed,), Fault("truncated"), uncertain=True),
    Case("a list", (Malformed,), Fault("status", body="[[]]"), uncertain=True),
    Case("a number", (Malformed,), Fault("status", body="7"), uncertain=True),
    Case("null", (Malformed,), Fault("status", body="null"), uncertain=True),
    Case("not a number", (Malformed,), Fault("status", body='{"data": NaN}'), uncertain=True),
    Case("nested without end", (Malformed,), Fault("status", body="[" * 100_000), uncertain=True),
    Case("too large", (Malformed,), Fault("huge", size=2 * SMALL_BODY), uncertain=True, adjust={"max_body_bytes": SMALL_BODY}),
]


@dataclass(slots=True)
class Stand:
    """An emulator on a socket, and how to open a connection to it."""

    lab: Lab
    subject: Subject
    address: str

    def connect(self, address: str | None = None, warm: bool = True, **adjust: Any) -> Provider:
        """Time limits short, our own rate limits off, no retries. ``warm``: its token fetched already."""
        kept = {"limits": (), "attempts": 1, "attempt_timeout_s": CALL_S, "call_timeout_s": CALL_S, "slow_timeout_s": CALL_S}
        tokens = TokenCache()

        def made(url: str, changes: dict[str, Any]) -> Provider:
            def changed(endpoint: Endpoint) -> Endpoint:
                return replace(endpoint, **{**kept, **changes, "account": "matrix"})

            provider = PROVIDERS[self.lab.provider.id](
                base_url=url,
                credentials=self.lab.sandbox.credentials,
                now=self.lab.now,
                adjust=changed,
                rate_limits=RateLimits(),
                tokens=tokens,
            )
            provider.account_key = "matrix"
            provider.look_again_s = (0.0,)
            return provider

        self.lab.later(minutes=1)  # emulators keep the published limits, on tokens too
        if warm and self.lab.sandbox.credentials:
            first = made(self.address, {})
            self.lab.run(first.check())
            self.lab.run(first.aclose())
        return made(address or self.address, adjust)

    def ask(self, connected: Provider, wanted: list[Capability] | None = None) -> dict[Capability, Any]:
        """How all verbs (or those ``wanted``) end on this connection, which is closed afterwards."""
        found = self.lab.run(outcomes(connected, verbs(self.lab.provider.id) if wanted is None else wanted, self.subject))
        self.lab.run(connected.aclose())
        return found

    @contextmanager
    def struck(self, fault: Fault | None) -> Iterator[None]:
        """``fault`` strikes while the block runs."""
        if fault is not None:
            self.lab.sandbox.faults.append(replace(fault))
        try:
            yield
        finally:
            self.lab.sandbox.faults.clear()


@pytest.fixture(scope="module")
def stands() -> Iterator[Callable[[str], Stand]]:
    made: dict[str, Stand] = {}
    with ExitStack() as stack:

        def stand(provider: str) -> Stand:
            if provider not in made:
                lab = Lab(provider)
                stack.callback(lab.close)
                made[provider] = Stand(lab, subject_of(lab), stack.enter_context(serve(lab.sandbox)))
            return made[provider]

        yield stand


def judge(case: Case, stand: Stand, found: dict[Capability, Any]) -> None:
    """Raises AssertionError naming the verb that did not end as ``case`` wants."""
    for verb, outcome in found.items():
        where = f"{stand.lab.provider.id}.{verb} with {case}: {outcome!r}"
        if isinstance(outcome, Readings):
            assert set(outcome.failed) == {stand.subject.card}, where
            outcome = outcome.failed[stand.subject.card]
        if verb is Capability.TOP_UP and isinstance(outcome, OrderOutcome):
            assert case.uncertain, where
            assert outcome.status is OrderStatus.UNKNOWN, where
            assert outcome.charged is None, where
            continue
        assert isinstance(outcome, case.expected), where
        if case.because and isinstance(outcome, Unreachable):
            assert outcome.because in case.because, where
        if case.retry_after_s is not None and isinstance(outcome, RateLimited):
            assert outcome.retry_after_s == pytest.approx(case.retry_after_s, abs=1), where
        if isinstance(outcome, Malformed):
            assert outcome.problem, where
        silent(stand, str(outcome) + repr(outcome) + str(vars(outcome)), where)


def silent(stand: Stand, text: str, where: str) -> None:
    """No secret of this account in ``text``."""
    secrets = [
        value for field in stand.lab.provider.facts.credentials if field.secret for value in [stand.lab.sandbox.credentials[field.name]]
    ]
    for secret in [*secrets, "LPA:1$", "Bearer "]:
        assert secret not in text, where


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_fault(provider, case, stands, caplog):
    stand = stands(provider)
    connected = stand.connect(**case.adjust)
    caplog.set_level(logging.DEBUG)
    with stand.struck(case.fault):
        found = stand.ask(connected)  # a stalled answer never comes: only the time limit of a call ends it
    judge(case, stand, found)
    silent(stand, caplog.text, "the log")


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_nobody_listens(provider, stands):
    stand = stands(provider)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else can take it
        connected = stand.connect(f"http://127.0.0.1:{taken.getsockname()[1]}")
        found = stand.ask(connected)
    judge(Case("refused", (Unreachable,), because=(Because.CONNECT,)), stand, found)
    assert not any(error.may_have_arrived for error in found.values() if isinstance(error, ProviderError))


@contextmanager
def resetting() -> Iterator[str]:
    """A server that reads a request, begins to answer and resets the connection (RST)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        listener.settimeout(0.2)
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(2)
                    connection.recv(65536)
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"data": [')
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_reset_in_the_body(provider, stands):
    stand = stands(provider)
    with resetting() as address:
        connected = stand.connect(address)
        found = stand.ask(connected)
    judge(Case("RST", (Unreachable,), because=(Because.BROKEN,), uncertain=True), stand, found)


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_redirect_to_another_host_is_not_followed(provider, stands):
    stand = stands(provider)
    elsewhere = Lab(provider)
    with serve(elsewhere.sandbox) as other:
        connected = stand.connect()
        with stand.struck(Fault("redirect", to=other + "/stolen")):
            found = stand.ask(connected)
    elsewhere.close()
    judge(Case("redirect", (Refused,)), stand, found)
    assert elsewhere.sandbox.log == []


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_certificate_nobody_trusts(provider, stands, tmp_path):
    stand = stands(provider)
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    before = len(stand.lab.sandbox.log)
    with serve(stand.lab.sandbox, certificate=(certificate, key)) as address:
        connected = stand.connect(address)
        before = len(stand.lab.sandbox.log)
        found = stand.ask(connected)
    judge(Case("certificate", (Unreachable,), because=(Because.TLS,)), stand, found)
    assert len(stand.lab.sandbox.log) == before


@pytest.mark.parametrize("hours", [-7, 7])
@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_a_wrong_clock_of_ours(provider, hours, stands):
    """Nothing is from the future, and nothing crashes."""
    stand = stands(provider)
    connected = stand.connect()
    connected.now = lambda: stand.lab.now() + timedelta(hours=hours)
    wanted = [verb for verb in verbs(provider) if verb is not Capability.TOP_UP]
    for verb, outcome in stand.ask(connected, wanted).items():
        assert not isinstance(outcome, BaseException) or isinstance(outcome, ProviderError), (verb, outcome)
        if verb is Capability.READING and not isinstance(outcome, ProviderError) and outcome.as_of is not None:
            assert outcome.as_of <= outcome.taken_at


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_a_body_of_200_mb_ends_at_the_providers_own_limit(provider, stands):
    stand = stands(provider)
    connected = stand.connect()
    assert connected.http.endpoint.max_body_bytes < 100_000_000
    with stand.struck(Fault("huge", size=200_000_000)):
        found = stand.ask(connected, verbs(provider)[:1])
    judge(Case("200 MB", (Malformed,)), stand, found)


def test_a_page_about_an_error_stays_out_of_it(stands):
    stand = stands(PROVIDER_IDS[0])
    connected = stand.connect()
    with stand.struck(Fault("html", status=403)):
        found = stand.ask(connected)
    assert all(HTML.decode()[:10] not in str(outcome) for outcome in found.values())


def test_one_bad_provider_neither_delays_nor_hides_another(stands):
    bad, good = stands("simsima"), stands("pikasim")
    slow, quick = bad.connect(attempt_timeout_s=3600, call_timeout_s=3600), good.connect()

    async def both() -> Any:
        stalled = asyncio.create_task(slow.plans())
        while not bad.lab.sandbox.log:
            await asyncio.sleep(0.01)
        plans = await quick.plans()
        assert not stalled.done(), "the stalled one still waits when the other has answered"
        stalled.cancel()
        await asyncio.gather(stalled, return_exceptions=True)
        return plans

    bad.lab.sandbox.log.clear()
    with bad.struck(Fault("stall_before")):
        plans = good.lab.run(both())
    for connected in (slow, quick):
        good.lab.run(connected.aclose())
    assert plans.plans
