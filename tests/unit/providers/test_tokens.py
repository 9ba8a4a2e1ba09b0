"""Tokens and orders that many ask for at once are had once, over threads and event loops."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from dataclasses import replace

import pytest

from services.model.order import OrderOutcome, OrderStatus
from services.providers.errors import Because, Refused, Unauthorised, Unreachable
from services.providers.ordering import _orders, place_once
from services.providers.single_flight import SingleFlight
from services.providers.tokens import Token, TokenCache
from tests.unit.providers.lab import REFERENCE


class Office:
    """Gives tokens out, slowly, and counts."""

    def __init__(self, lives_s: float = 3600) -> None:
        self.given = 0
        self.lives_s = lives_s

    async def __call__(self) -> Token:
        await asyncio.sleep(0.05)
        self.given += 1
        return Token(f"token-{self.given}", self.lives_s)


def in_threads(count: int, work) -> list:
    """``work()`` in an event loop of its own in each of ``count`` threads; results or errors."""
    found, ready = [], threading.Barrier(count)

    def run() -> None:
        ready.wait()
        try:
            found.append(asyncio.run(work()))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


async def until(holds: Callable[[], bool]) -> None:
    """Comes back when ``holds``."""
    while not holds():
        await asyncio.sleep(0.001)


def waiting(flights: SingleFlight, key: Hashable) -> int:
    """How many wait for the work under way for ``key``."""
    flight = flights._under_way.get(key)
    return 0 if flight is None else len(flight._done_callbacks)


def test_one_token_for_all_threads_and_tasks():
    cache, office = TokenCache(), Office()

    async def many():
        return await asyncio.gather(*(cache.get("account", office) for _ in range(10)))

    found = in_threads(4, many)
    assert {token for tokens in found for token in tokens} == {"token-1"}
    assert office.given == 1


def test_a_refused_token_is_renewed_once_however_many_were_refused():
    cache, office = TokenCache(), Office()
    asyncio.run(cache.get("account", office))

    async def many():
        return await asyncio.gather(*(cache.get("account", office, refused="token-1") for _ in range(10)))

    assert {token for tokens in in_threads(4, many) for token in tokens} == {"token-2"}
    # One who was refused with the old token later still gets the new one, not another.
    assert asyncio.run(cache.get("account", office, refused="token-1")) == "token-2"
    assert office.given == 2


def test_a_token_ends_before_its_end():
    now = 0.0
    cache, office = TokenCache(lambda: now), Office(lives_s=3600)
    assert asyncio.run(cache.get("account", office)) == "token-1"
    now = 3539.0
    assert asyncio.run(cache.get("account", office)) == "token-1"
    now = 3541.0
    assert asyncio.run(cache.get("account", office)) == "token-2"


def test_accounts_have_tokens_of_their_own_and_can_be_forgotten():
    cache, office = TokenCache(), Office()
    assert asyncio.run(cache.get("a", office)) == "token-1"
    assert asyncio.run(cache.get("b", office)) == "token-2"
    cache.forget("a")
    assert asyncio.run(cache.get("a", office)) == "token-3"
    assert "token-9" not in repr(Token("token-9", 1))


def test_a_failure_reaches_all_and_is_not_kept():
    cache = TokenCache()
    asked = []

    async def closed() -> Token:
        asked.append(1)
        await asyncio.sleep(0.05)
        raise Unauthorised("office", "closed")

    async def many():
        return await asyncio.gather(*(cache.get("account", closed) for _ in range(5)), return_exceptions=True)

    assert all(isinstance(error, Unauthorised) for error in asyncio.run(many()))
    assert len(asked) == 1
    assert asyncio.run(cache.get("account", Office())) == "token-1"


def test_when_the_one_who_works_is_cancelled_the_next_does_it():
    flights: SingleFlight[str] = SingleFlight()
    began = []

    async def work() -> str:
        go = asyncio.Event()

        async def slow() -> str:
            began.append(1)
            await go.wait()
            return "done"

        first = asyncio.create_task(flights.run("key", slow))
        await until(lambda: began == [1])
        second = asyncio.create_task(flights.run("key", slow))
        await until(lambda: waiting(flights, "key") == 1)
        first.cancel()
        await until(lambda: began == [1, 1])
        go.set()
        result = await second
        with pytest.raises(asyncio.CancelledError):
            await first
        return result

    assert asyncio.run(work()) == "done"
    assert len(began) == 2


def test_one_who_waits_can_be_cancelled_without_harm():
    flights: SingleFlight[str] = SingleFlight()

    async def work() -> str:
        go = asyncio.Event()

        async def slow() -> str:
            await go.wait()
            return "done"

        first = asyncio.create_task(flights.run("key", slow))
        second = asyncio.create_task(flights.run("key", slow))
        await until(lambda: waiting(flights, "key") == 1)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go.set()
        return await first

    assert asyncio.run(work()) == "done"


# Orders

DONE = OrderOutcome(OrderStatus.CONFIRMED, REFERENCE, order_id="1")


class Shop:
    """Takes orders; ``answers`` says what becomes of each sending, ``finds`` of each look-up."""

    def __init__(self, sending=None, finding=None, others: int = 0) -> None:
        """``others``: a sending ends when so many others wait for it."""
        self.sending, self.finding, self.others = sending, finding, others
        self.sent = self.looked = 0

    async def send(self) -> OrderOutcome:
        self.sent += 1
        await until(lambda: waiting(_orders, ("shop", REFERENCE)) == self.others)
        if self.sending is not None:
            raise self.sending
        return DONE

    async def find(self, reference: str) -> OrderOutcome | None:
        self.looked += 1
        if isinstance(self.finding, Exception):
            raise self.finding
        return self.finding

    async def place(self, **more) -> OrderOutcome:
        more = {"search_first": False, "look_again_s": (0, 0), **more}
        return await place_once("shop", REFERENCE, self.send, self.find, **more)


LOST = Unreachable("shop", Because.TIMEOUT)
CLOSED = Unreachable("shop", Because.CONNECT, may_have_arrived=False)


def test_an_order_that_is_there_already_is_not_sent():
    shop = Shop(finding=DONE)
    assert asyncio.run(shop.place(search_first=True)) == DONE
    assert shop.sent == 0


def test_nothing_is_sent_when_it_cannot_be_looked_up_first():
    shop = Shop(finding=LOST)
    with pytest.raises(Unreachable):
        asyncio.run(shop.place(search_first=True))
    assert shop.sent == 0


def test_a_lost_answer_is_looked_up():
    shop = Shop(sending=LOST, finding=replace(DONE, status=OrderStatus.PENDING))
    assert asyncio.run(shop.place()).status is OrderStatus.PENDING
    assert (shop.sent, shop.looked) == (1, 1)


@pytest.mark.parametrize("finding", [None, LOST])
def test_what_cannot_be_found_is_unknown(finding):
    shop = Shop(sending=LOST, finding=finding)
    outcome = asyncio.run(shop.place())
    assert outcome == OrderOutcome(OrderStatus.UNKNOWN, REFERENCE, said="Unreachable")
    assert (shop.sent, shop.looked) == (1, 2)


@pytest.mark.parametrize("error", [CLOSED, Refused("shop", 422), Unauthorised("shop")])
def test_what_certainly_did_not_arrive_is_an_error(error):
    shop = Shop(sending=error)
    with pytest.raises(type(error)):
        asyncio.run(shop.place())
    assert (shop.sent, shop.looked) == (1, 0)


def test_the_refusal_of_a_known_reference_is_looked_up():
    shop = Shop(sending=Refused("shop", 400, code="DUPLICATE"), finding=DONE)
    assert asyncio.run(shop.place(is_duplicate=lambda refusal: refusal.code == "DUPLICATE")) == DONE


def test_many_threads_that_place_one_order_send_it_once():
    shop = Shop(others=4)
    found = in_threads(5, shop.place)
    assert found == [DONE] * 5
    assert shop.sent == 1
