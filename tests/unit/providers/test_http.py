"""The HTTP core by itself: what it repeats, what it waits for, what it refuses, what it never shows."""

import asyncio
import json
import logging
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.providers.errors import Because, Malformed, NotFound, ProviderError, RateLimited, Refused, Unauthorised, Unreachable
from services.providers.http import Answer, Call, Endpoint, Http
from services.providers.rate_limits import MOST_HELD_S, AccountLimits, Bookings, LedgerUnreachable, Limit, RateLimits, SharedRateLimits
from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.server import serve

ROOT = Path(__file__).resolve().parents[3]


class Desk:
    """An app that gives the answers it was told to, in order, the last one for good, and notes when it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers) or [JSONResponse({"ok": True})]
        self.at: list[float] = []
        self.requests: list[Request] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.at.append(time.monotonic())
        self.requests.append(Request(scope))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await answer(scope, receive, send)


def send(app: Any, call: Call, limits: RateLimits | None = None, **endpoint: Any) -> Answer:
    """One call to ``app`` inside the process."""

    async def work() -> Answer:
        http = Http(Endpoint("desk", "https://desk.example", app=app, **endpoint), limits or RateLimits())
        try:
            return await http.send(call)
        finally:
            await http.aclose()

    return asyncio.run(work())


def failing(*statuses: int, **headers: str) -> list[Response]:
    return [JSONResponse({"message": "no"}, status, headers or None) for status in statuses]


GET = Call("GET", "/thing")
POST = Call("POST", "/thing", json={"buy": 1})


# What is repeated


def test_a_read_is_tried_again_and_succeeds():
    desk = Desk(*failing(503, 502), JSONResponse({"ok": True}))
    assert send(desk, GET).json() == {"ok": True}
    assert len(desk.at) == 3


def test_a_post_is_sent_once():
    desk = Desk(*failing(503))
    with pytest.raises(Unreachable) as caught:
        send(desk, POST)
    assert caught.value.may_have_arrived
    assert len(desk.at) == 1


def test_a_post_the_provider_promises_to_replay_may_be_repeated():
    desk = Desk(*failing(503), JSONResponse({"ok": True}))
    assert send(desk, Call("POST", "/thing", json={}, idempotent=True)).status == 200
    assert len(desk.at) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 302])
def test_a_clear_no_is_not_asked_again(status):
    desk = Desk(*failing(status))
    with pytest.raises(ProviderError) as caught:
        send(desk, GET)
    assert not caught.value.may_have_arrived
    assert len(desk.at) == 1


def test_tries_end():
    desk = Desk(*failing(500))
    with pytest.raises(Unreachable) as caught:
        send(desk, GET, attempts=3)
    assert caught.value.status == 500
    assert len(desk.at) == 3


def test_an_earlier_attempt_that_may_have_arrived_is_not_forgotten():
    """The first sending is lost with its work done; the second is refused for certain. The order's fate is not certain."""
    desk = Desk(*failing(500, 422))
    with pytest.raises(Refused) as caught:
        send(desk, Call("POST", "/thing", json={}, idempotent=True))
    assert caught.value.may_have_arrived


def test_an_error_inside_a_200_that_may_pass_is_tried_again():
    def judge(answer: Answer) -> None:
        if answer.json() == {"busy": True}:
            raise Unreachable("desk", Because.SERVER)

    desk = Desk(JSONResponse({"busy": True}), JSONResponse({"ok": True}))
    assert send(desk, Call("GET", "/thing", judge=judge)).json() == {"ok": True}


def test_what_is_signed_is_signed_at_the_moment_of_sending():
    stamps = iter("123")
    desk = Desk(*failing(503), JSONResponse({}))
    send(desk, Call("POST", "/thing", content=b"x", idempotent=True, sign=lambda body: {"Stamp": next(stamps) + body.decode()}))
    assert [request.headers["stamp"] for request in desk.requests] == ["1x", "2x"]


# Time


def test_a_stall_costs_the_time_of_the_call_and_no_more():
    asked = []

    async def never(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await asyncio.Event().wait()

    with pytest.raises(Unreachable) as caught:
        send(never, GET, attempts=50, attempt_timeout_s=0.2, call_timeout_s=0.5)
    assert caught.value.because == "timeout"
    assert 1 <= len(asked) <= 3, "after the time of the call nothing is tried again"


def test_retry_after_in_seconds_is_waited_for():
    desk = Desk(*failing(429, **{"Retry-After": "1"}), JSONResponse({}))
    assert send(desk, GET).status == 200
    assert desk.at[1] - desk.at[0] >= 1


def test_retry_after_as_a_date_is_read_by_the_providers_own_clock():
    dates = {"Date": "Mon, 01 Jan 2001 00:00:00 GMT", "Retry-After": "Mon, 01 Jan 2001 00:00:01 GMT"}
    desk = Desk(*failing(429, **dates), JSONResponse({}))
    assert send(desk, GET).status == 200
    assert desk.at[1] - desk.at[0] >= 1


@pytest.mark.parametrize(
    "headers",
    [{}, {"Retry-After": "soon"}, {"Retry-After": "-5"}, {"Retry-After": ""}, {"Retry-After": "Mon, 99 Foo"}, {"Retry-After": "١٢"}],
)
def test_429_without_a_time_that_can_be_read(headers):
    desk = Desk(Response("{}", 429, {name: value.encode().decode("latin-1") for name, value in headers.items()}))
    with pytest.raises(RateLimited) as caught:
        send(desk, GET)
    assert caught.value.retry_after_s is None
    assert len(desk.at) == 1


def test_a_long_pause_is_told_at_once_and_kept_by_the_whole_account():
    limits = RateLimits()
    desk = Desk(*failing(429, **{"Retry-After": "120"}), JSONResponse({}))
    with pytest.raises(RateLimited) as caught:
        send(desk, GET, limits)
    assert caught.value.retry_after_s == 120
    with pytest.raises(RateLimited) as caught:
        send(desk, GET, limits)
    assert 0 < caught.value.retry_after_s <= 120
    assert len(desk.at) == 1  # not asked again
    assert send(desk, GET, limits, account="another").status == 200


# Rate limits


def kept(times: list[float], calls: int, per_s: float) -> bool:
    ordered = sorted(times)
    return all(later - earlier >= per_s for earlier, later in zip(ordered, ordered[calls:], strict=False))


class Noted(RateLimits):
    """Notes the moments that calls are given: when they arrive depends on how busy this machine is, but never earlier."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[float] = []

    async def _change(self, asked: AccountLimits, change: Any) -> Any:
        held, pause = await super()._change(asked, change)
        self.given.append(time.monotonic() + pause)
        return held, pause


def test_limits_are_kept_across_threads_and_tasks():
    limits, desk = Noted(), Desk()

    def work() -> None:
        async def many() -> None:
            http = Http(Endpoint("desk", "https://desk.example", app=desk, limits=(Limit(4, 1),)), limits)
            await asyncio.gather(*(http.send(GET) for _ in range(4)))
            await http.aclose()

        asyncio.run(many())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.at) == len(limits.given) == 12
    assert kept(limits.given, 4, 1)
    assert all(arrived >= given for arrived, given in zip(sorted(desk.at), sorted(limits.given), strict=True))


def test_a_limit_of_one_card_does_not_hold_up_another():
    limits, desk = RateLimits(), Desk()

    async def work() -> None:
        http = Http(Endpoint("desk", "https://desk.example", app=desk, limits=(Limit(1, 3600, "card"),)), limits)
        await http.send(Call("GET", "/a", counts={"card": "a"}))
        async with asyncio.timeout(60):  # far less than the hour that card a has to wait
            await http.send(Call("GET", "/b", counts={"card": "b"}))
            await http.send(GET)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await http.send(Call("GET", "/a", counts={"card": "a"}))
        await http.aclose()

    asyncio.run(work())
    assert [request.url.path for request in desk.requests] == ["/a", "/b", "/thing"]


@settings(max_examples=60)
@given(
    arrivals=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 4)), min_size=1, max_size=60),
    account=st.tuples(st.integers(1, 5), st.integers(1, 4)),
    long=st.tuples(st.integers(5, 20), st.integers(10, 30)),
    card=st.tuples(st.integers(1, 3), st.integers(1, 9)),
    written_down=st.booleans(),
)
def test_bookings_keep_every_window(arrivals, account, long, card, written_down):
    """The oracle looks at all calls afterwards and knows nothing of how they were booked."""
    now = 0.0
    bookings, limits = Bookings(), (Limit(*account), Limit(*long), Limit(*card, "card"))
    made: list[tuple[float, int]] = []
    for pause, which in arrivals:
        now += pause
        if written_down:
            bookings = Bookings.of_text(bookings.as_text(now))
        start = bookings.book(limits, {"card": str(which)}, now)
        assert start >= now
        made.append((start, which))
    assert kept([at for at, _ in made], *account)
    assert kept([at for at, _ in made], *long)
    for which in {which for _, which in made}:
        assert kept([at for at, each in made if each == which], *card)


def test_calls_left_are_counted():
    limits = RateLimits()
    per_card = Limit(4, 60, "card")
    endpoint = Endpoint("desk", "https://desk.example", limits=(Limit(5, 60), per_card), app=Desk())
    other = replace(endpoint, account="another")

    async def thrice() -> None:
        http = Http(endpoint, limits)
        await http.send(GET)
        await http.send(replace(GET, counts={"card": "a"}))
        await http.send(replace(GET, counts={"card": "b"}))
        assert http.calls_left() == [2, 3]
        await http.aclose()

    def left(of: Endpoint) -> list[int]:
        return Http(of, limits).calls_left()

    assert left(endpoint) == [5, 4]
    asyncio.run(thrice())
    assert left(endpoint) == [2, 3], "of cards, the one with the least left"
    assert left(other) == [5, 4]


class Gone:
    """A ledger in a database that does not answer."""

    def change(self, place: str, change: Any) -> Any:
        raise LedgerUnreachable

    def look(self, place: str) -> tuple[str | None, float]:
        raise LedgerUnreachable


def shared(ledger: Any) -> SharedRateLimits:
    return SharedRateLimits(ledger, RateLimits())


def sent(limits: SharedRateLimits, address: str) -> Answer:
    async def work() -> Answer:
        http = Http(Endpoint("desk", address, limits=(Limit(4, 1),)), limits)
        try:
            return await http.send(Call("POST", "/order"))
        finally:
            await http.aclose()

    return asyncio.run(work())


def test_without_a_turn_nothing_is_sent_and_that_is_certain():
    with pytest.raises(Unreachable) as caught:
        sent(shared(Gone()), "http://127.0.0.1:9")
    assert caught.value.may_have_arrived is False


def test_a_pause_that_cannot_be_written_down_is_told_all_the_same():
    class HalfGone(Gone):
        def change(self, place: str, change: Any) -> Any:
            text, said = change(None, 0.0)
            if "held_until" in text and json.loads(text)["held_until"]:
                raise LedgerUnreachable
            return said

    desk = Desk(*failing(429, **{"Retry-After": "120"}))
    with serve(Sandbox(desk)) as address, pytest.raises(RateLimited) as caught:
        sent(shared(HalfGone()), address)
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize("asked_s", [120, 999_999_999])
def test_no_pause_is_longer_than_a_day_and_a_clock_that_goes_back_prolongs_none(asked_s: int):
    bookings = Bookings()
    bookings.hold(asked_s, 1_000_000.0)
    assert bookings.held(1_000_000.0) == min(asked_s, MOST_HELD_S)
    assert bookings.held(1_000_000.0 + 86_401) == 0
    assert bookings.held(0.0) == 0
    assert Bookings.of_text(bookings.as_text(1_000_000.0)).held(1_000_000.0) == min(asked_s, MOST_HELD_S)


# Answers


def test_a_body_beyond_the_limit_is_not_read_to_its_end():
    """The body has no end: it is sent for as long as anybody reads it."""
    hung_up = threading.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            hung_up.set()

        listening = asyncio.create_task(listen())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        while not listening.done():
            await send({"type": "http.response.body", "body": b" " * 65536, "more_body": True})
            await asyncio.sleep(0)

    async def work(address: str) -> None:
        http = Http(Endpoint("desk", address, max_body_bytes=1_000_000, attempt_timeout_s=60, call_timeout_s=60), RateLimits())
        with pytest.raises(Malformed, match="too_large"):
            await http.send(GET)
        await http.aclose()

    with serve(endless) as address:
        asyncio.run(work(address))
        assert hung_up.wait(60)


def test_redirects_are_refused_not_followed():
    desk = Desk(Response(b"", 302, {"Location": "https://elsewhere.example/"}))
    with pytest.raises(Refused, match="redirect") as caught:
        send(desk, GET)
    assert caught.value.status == 302
    assert len(desk.at) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, Unauthorised), (403, Refused), (404, NotFound), (429, RateLimited), (500, Unreachable)]
)
def test_statuses(status, kind):
    with pytest.raises(kind):
        send(Desk(*failing(status)), POST)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'{"a": NaN}', b'{"a": Infinity}', b"\xff\xfe\x00", b"[" * 50_000, b"1" * 5000])
def test_what_is_no_json_is_malformed(body):
    with pytest.raises(Malformed):
        send(Desk(Response(body)), GET).json()


def test_decimals_stay_exact():
    assert send(Desk(Response(b'{"price": 4.10}')), GET).json() == {"price": Decimal("4.10")}


def test_secrets_are_struck_out_of_errors_and_never_logged(caplog):
    caplog.set_level(logging.DEBUG)
    said = JSONResponse({"message": "key sk-very-secret is wrong,\nand tok-later too\x00" + "x" * 500}, 403)

    async def work() -> Refused:
        http = Http(Endpoint("desk", "https://desk.example", app=Desk(said), secrets=("sk-very-secret",)), RateLimits())
        http.keep_secret("tok-later")
        with pytest.raises(Refused) as caught:
            await http.send(Call("GET", "/thing", headers={"Authorization": "Bearer tok-later"}))
        await http.aclose()
        return caught.value

    error = asyncio.run(work())
    shown = str(error) + repr(error) + caplog.text + repr(Endpoint("desk", "https://desk.example", secrets=("sk-very-secret",)))
    assert "sk-very-secret" not in shown
    assert "tok-later" not in shown
    assert "***" in str(error)
    assert "\n" not in error.detail
    assert len(error.detail) < 250


def test_addresses_stay_out_of_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    with serve(Sandbox(Desk())) as address:

        async def work() -> None:
            http = Http(Endpoint("desk", address), RateLimits())
            await http.send(Call("GET", "/sims/8999931000000000017", params={"phone": "+447700900123"}))
            await http.aclose()

        asyncio.run(work())
    assert "desk GET 200" in caplog.text
    assert "8999931000000000017" not in caplog.text
    assert "447700900123" not in caplog.text


@pytest.mark.parametrize("url", ["http://example.com", "ftp://example.com", "http://10.0.0.1", "example.com"])
def test_off_this_machine_only_over_tls(url):
    with pytest.raises(ValueError, match="TLS"):
        Http(Endpoint("desk", url), RateLimits())


def test_the_core_says_who_it_is():
    desk = Desk()
    send(desk, GET)
    assert desk.requests[0].headers["user-agent"].startswith("Simkeeper/")
