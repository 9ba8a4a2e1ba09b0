"""The sandbox of an account is one and the same for every process of the database, and after a restart."""

import io
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from services.model.order import OrderStatus, TopUpProduct
from services.providers import sandbox as emulators
from services.providers.base import Provider
from services.providers.errors import RateLimited, Refused, Unreachable, Unsupported
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.state import Window
from services.store.sandbox_requests import SandboxRequestStore
from services.store.tables import sandbox_requests
from services.use import backup
from services.use.configuration import read_configuration
from services.use.connections import ConnectionDesk
from services.use.house import House, open_house
from tests.unit.orders.till import SHOPS, account_in

T = TypeVar("T")
OpenHouse = Callable[[str], House]


@pytest.fixture
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of calls in a second: they are not what is tested here, and machines of one process do not wait for each other's."""
    monkeypatch.setattr(Window, "wait_for", lambda *_: 0)


@pytest.fixture
def open_machine(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenHouse]:
    """Each machine has a data directory of its own; database and key are all they share."""
    monkeypatch.setenv("SIMKEEPER_KEYS", Fernet.generate_key().decode())
    with ExitStack() as opened:

        def machine(name: str) -> House:
            house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(tmp_path / name), "SIMKEEPER_DATABASE_URL": database_url}))
            opened.callback(house.close)
            return house

        yield machine


def ask(house: House, provider: str, question: Callable[[Provider], Coroutine[Any, Any, T]]) -> T:
    desk = ConnectionDesk(house, "local")
    return desk._ask(provider, lambda: desk.open(provider), question)


def seen(house: House, provider: str, card: str, reference: str) -> list[object]:
    """What the emulator says of a card, of an order and of its purse, but for what runs down meanwhile. Airalo's shows a card as it was
    twenty minutes ago."""
    said: list[object] = []
    with suppress(Unsupported):
        reading = ask(house, provider, lambda opened: opened.reading(card))
        said += [] if provider == "airalo" else [[data.total for data in reading.data], reading.money, reading.validity]
    if provider not in {"esimgo", "keepgo"}:  # they keep no reference of ours
        said.append(ask(house, provider, lambda opened: opened.find_order(reference)))
    with suppress(Unsupported):
        said.append(ask(house, provider, lambda opened: opened.account()).balance)
    return said


def a_product(house: House, provider: str, card: str) -> TopUpProduct:
    priced = [product for product in ask(house, provider, lambda opened: opened.top_ups(card)) if product.price is not None]
    return min(priced, key=lambda product: (product.price.minor if product.price else 0, product.product_id))


@pytest.mark.usefixtures("no_limits")
@pytest.mark.parametrize("provider", sorted(SHOPS))
def test_what_one_process_bought_is_there_for_another_and_after_a_restart(provider: str, open_machine: OpenHouse) -> None:
    one, two = open_machine("one"), open_machine("two")
    card = SANDBOXES[provider]().cards[SHOPS[provider].card]
    ConnectionDesk(one, "local").connect_sandbox(provider)
    product = a_product(one, provider, card)
    assert a_product(two, provider, card) == product
    before = seen(two, provider, card, "order-0001")
    placed = ask(one, provider, lambda opened: opened.top_up(card, product, "order-0001"))
    assert placed.status in {OrderStatus.CONFIRMED, OrderStatus.PENDING}
    first = seen(one, provider, card, "order-0001")
    assert first != before
    assert seen(two, provider, card, "order-0001") == first
    if provider == "reloadly":  # takes one for a number in a few minutes, whoever sends it
        with pytest.raises(Refused):
            ask(two, provider, lambda opened: opened.top_up(card, product, "order-0002"))
    else:
        ask(two, provider, lambda opened: opened.top_up(card, product, "order-0002"))
        assert seen(two, provider, card, "order-0001") != first
    last = seen(two, provider, card, "order-0002")
    assert seen(one, provider, card, "order-0002") == last
    assert seen(open_machine("three"), provider, card, "order-0002") == last


def test_an_order_that_was_sent_twice_is_one_order_whichever_process_it_reached(open_machine: OpenHouse) -> None:
    one, two = open_machine("one"), open_machine("two")
    card = SANDBOXES["esimaccess"]().cards[SHOPS["esimaccess"].card]
    ConnectionDesk(one, "local").connect_sandbox("esimaccess")
    product = a_product(one, "esimaccess", card)
    first = ask(one, "esimaccess", lambda opened: opened.top_up(card, product, "order-0001"))
    purse = ask(one, "esimaccess", lambda opened: opened.account()).balance
    assert ask(two, "esimaccess", lambda opened: opened.top_up(card, product, "order-0001")).order_id == first.order_id
    assert ask(two, "esimaccess", lambda opened: opened.account()).balance == purse


def test_a_process_that_is_at_its_limit_misses_no_order_of_another(open_machine: OpenHouse) -> None:
    one, two = open_machine("one"), open_machine("two")
    card = SANDBOXES["esimaccess"]().cards[SHOPS["esimaccess"].card]
    ConnectionDesk(one, "local").connect_sandbox("esimaccess")
    product = a_product(one, "esimaccess", card)
    ask(two, "esimaccess", lambda opened: opened.account())
    made = two.sandboxes["local", "esimaccess"]._made
    assert made is not None
    limit = account_in(made.sandbox).limit
    ask(one, "esimaccess", lambda opened: opened.top_up(card, product, "order-0001"))
    (order,) = SandboxRequestStore(one.database, "local").since("esimaccess", 1)[1:]
    while not limit.wait_for("account", order.at):
        pass
    with suppress(RateLimited):
        ask(two, "esimaccess", lambda opened: opened.account())
    time.sleep(1.1)  # until it may ask again
    purses = [ask(house, "esimaccess", lambda opened: opened.account()).balance for house in (one, two)]
    assert purses[0] == purses[1]


@pytest.mark.parametrize("provider", sorted(SHOPS))
def test_every_request_that_is_no_question_is_kept(provider: str) -> None:
    questions = (
        "/v2/token|/oauth2?/token|/operators/fx-rate|/api/v1/open/(package/list|location/list|esim/query|esim/usage/query|balance/query)"
    )
    sandbox = SANDBOXES[provider]()
    app: Any = sandbox.app
    for route in app.routes:
        if route.methods - {"GET", "HEAD"} and not re.fullmatch(questions, route.path):
            assert sandbox.changes.fullmatch(re.sub(r"\{[^}]*\}", "1", route.path)), route.path


def test_what_emulators_invent_is_invented_alike_everywhere() -> None:
    for path in Path(emulators.__file__).parent.glob("*.py"):
        if path.name != "state.py":
            assert not re.search(r"uuid[14]\(|secrets\.|random\.random|time\.time|datetime\.now\(\)", path.read_text("utf-8")), path.name


def test_looking_adds_nothing_to_what_is_kept(open_machine: OpenHouse) -> None:
    house = open_machine("one")
    card = SANDBOXES["esimaccess"]().cards[SHOPS["esimaccess"].card]
    ConnectionDesk(house, "local").connect_sandbox("esimaccess")

    def kept() -> int:
        with house.database.read() as connection:
            return connection.execute(select(func.count()).select_from(sandbox_requests)).scalar_one()

    before = kept()
    for _ in range(3):
        ask(house, "esimaccess", lambda opened: opened.reading(card))
        ask(house, "esimaccess", lambda opened: opened.account())
    assert kept() == before == 1


def test_one_that_was_disconnected_begins_anew_for_everybody(open_machine: OpenHouse) -> None:
    one, two = open_machine("one"), open_machine("two")
    card = SANDBOXES["keepgo"]().cards[SHOPS["keepgo"].card]
    ConnectionDesk(one, "local").connect_sandbox("keepgo")
    fresh = ask(two, "keepgo", lambda opened: opened.account())
    product = a_product(one, "keepgo", card)
    ask(one, "keepgo", lambda opened: opened.top_up(card, product, "order-0001"))
    assert ask(two, "keepgo", lambda opened: opened.account()) != fresh
    ConnectionDesk(one, "local").disconnect("keepgo")
    ConnectionDesk(one, "local").connect_sandbox("keepgo")
    assert ask(two, "keepgo", lambda opened: opened.account()) == fresh
    assert ask(one, "keepgo", lambda opened: opened.account()) == fresh


def test_a_restored_backup_brings_the_sandbox_back_as_it_was(open_machine: OpenHouse) -> None:
    one, two = open_machine("one"), open_machine("two")
    card = SANDBOXES["keepgo"]().cards[SHOPS["keepgo"].card]
    ConnectionDesk(one, "local").connect_sandbox("keepgo")
    product = a_product(one, "keepgo", card)
    purses, kept = list[object](), b""
    for number in range(3):
        ask(one, "keepgo", lambda opened: opened.top_up(card, product, f"order-000{number}"))  # noqa: B023 - asked at once
        purses.append(ask(two, "keepgo", lambda opened: opened.account()))
        kept = kept or backup.make_bytes(one, datetime.now(UTC))
    assert len(set(purses)) == 3
    backup.restore(one, io.BytesIO(kept), datetime.now(UTC))
    assert ask(one, "keepgo", lambda opened: opened.account()) == purses[0]
    assert ask(two, "keepgo", lambda opened: opened.account()) == purses[0]
    ask(two, "keepgo", lambda opened: opened.top_up(card, product, "order-0004"))
    assert ask(one, "keepgo", lambda opened: opened.account()) == purses[1]


def test_accounts_have_sandboxes_of_their_own(open_machine: OpenHouse) -> None:
    house = open_machine("one")
    house.database.ensure_account("other")
    card = SANDBOXES["keepgo"]().cards[SHOPS["keepgo"].card]
    for account in ("local", "other"):
        ConnectionDesk(house, account).connect_sandbox("keepgo")
    product = a_product(house, "keepgo", card)
    ask(house, "keepgo", lambda opened: opened.top_up(card, product, "order-0001"))
    desk = ConnectionDesk(house, "other")
    assert desk._ask("keepgo", lambda: desk.open("keepgo"), lambda opened: opened.account()) != ask(
        house, "keepgo", lambda opened: opened.account()
    )


def test_an_order_that_could_not_be_kept_was_not_placed(open_machine: OpenHouse) -> None:
    house = open_machine("one")
    card = SANDBOXES["esimaccess"]().cards[SHOPS["esimaccess"].card]
    ConnectionDesk(house, "local").connect_sandbox("esimaccess")
    product = a_product(house, "esimaccess", card)
    purse = ask(house, "esimaccess", lambda opened: opened.account()).balance

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO sandbox_requests"):
            raise OSError("the disk is full")

    event.listen(house.database.engine, "before_cursor_execute", fail)
    placed = ask(house, "esimaccess", lambda opened: opened.top_up(card, product, "order-0001"))
    assert placed.status is OrderStatus.UNKNOWN
    event.remove(house.database.engine, "before_cursor_execute", fail)
    assert ask(house, "esimaccess", lambda opened: opened.account()).balance == purse
    assert ask(house, "esimaccess", lambda opened: opened.find_order("order-0001")) is None


def test_it_cannot_be_reached_while_the_database_is_away(open_machine: OpenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house = open_machine("one")
    desk = ConnectionDesk(house, "local")
    desk.connect_sandbox("keepgo")
    opened = desk.open("keepgo")

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    for way in ("since", "changing"):
        monkeypatch.setattr(SandboxRequestStore, way, away)
    with pytest.raises(Unreachable):
        desk._ask("keepgo", lambda: opened, lambda provider: provider.account())
