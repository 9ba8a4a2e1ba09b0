"""A house with one card at an emulator on a socket, whose own books judge what was bought."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.model.card import Card, CardKind, CardSecrets, ProviderLink
from services.model.intent import KeptIntent
from services.model.order import TopUpProduct
from services.model.renewal import Begun, Channel
from services.providers import base
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.store.cards import CardStore
from services.store.vault import Vault
from services.use import connections
from services.use.auto_renew import AutoRenewDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from services.use.orders import Offer, OrderDesk, new_intent_id
from services.use.renewals import RenewalDesk

CARD = "roaming0"
NOBODY_WAITS = 3600


@dataclass(frozen=True, slots=True)
class Shop:
    """A provider as the tests need it. ``card``: what its emulator shows. ``path``: end of the address that buys, with ``body`` in what is
    sent. ``sold``: how many purchases are in its books."""

    card: str
    path: str
    sold: Callable[[Any], int]
    body: bytes = b""


SHOPS = {
    "esimaccess": Shop("in use", "/esim/topup", lambda account: sum(len(card.applied) for card in account.cards.values())),
    "reloadly": Shop("Great Britain, fixed amounts", "/topups", lambda account: len(account.top_ups)),
    "airalo": Shop("in use", "/orders/topups", lambda account: len(account.orders)),
    "celitech": Shop("France, two purchases", "/purchases/topup", lambda account: len(account.purchases)),
    "esimgo": Shop("in use, another queued", "/orders", lambda account: len(account.orders), b'"transaction"'),
    "keepgo": Shop("eSIM, travel plan", "/refill", lambda account: sum(len(line.transactions) for line in account.lines.values())),
}


@dataclass
class Spoiler:
    """In front of the emulator. ``plan``: what happens to the next purchases, one word each; without a word they go well.

    ``lost``, ``broken``, ``500_after``, ``stall_after``: the work is done, and the answer does not come, is cut, is a failure of the
    server, or never ends. ``500_before``, ``refused_connection``: nothing is done.
    """

    app: ASGIApp
    shop: Shop
    plan: list[str] = field(default_factory=list)
    asked: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        buys = scope["method"] == "POST" and scope["path"].endswith(self.shop.path) and self.shop.body in body
        self.asked += buys
        what = self.plan.pop(0) if buys and self.plan else "well"
        if what == "refused_connection":
            return  # no answer was begun: the server closes the connection
        if what == "500_before":
            await _answer(send, 500, b'{"oops": true}')
            return
        if what == "well":
            await self.app(scope, _replay(body), send)
            return
        status, answer = await _work(self.app, scope, _replay(body))
        if what == "500_after":
            await _answer(send, 500, b'{"oops": true}')
        elif what == "broken":
            await _answer(send, status, answer, cut=len(answer) // 2)
        elif what == "lost":
            await _answer(send, status, answer, cut=0)
        else:
            await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
            await asyncio.sleep(NOBODY_WAITS)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _work(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[int, bytes]:
    said: dict[str, Any] = {"status": 500, "body": b""}

    async def keep(message: Message) -> None:
        said["status"] = message.get("status", said["status"])
        said["body"] += message.get("body", b"")

    await app(scope, receive, keep)
    return said["status"], said["body"]


async def _answer(send: Send, status: int, body: bytes, cut: int | None = None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body if cut is None else body[:cut], "more_body": cut is not None})


def hasty(adapter: type[base.Provider]) -> type[base.Provider]:
    """The adapter with time limits that a test can wait for."""

    class Hasty(adapter):  # type: ignore[misc, valid-type]
        def __init__(self, **more: Any) -> None:
            def adjust(endpoint: Any) -> Any:
                return replace(endpoint, attempt_timeout_s=2.0, call_timeout_s=4.0, slow_timeout_s=4.0)

            super().__init__(adjust=adjust, **more)
            self.look_again_s = (0.0, 0.05)

    return Hasty


def account_in(sandbox: Sandbox) -> Any:
    """What the routes of an emulator are bound to."""
    for route in sandbox.app.routes:  # type: ignore[attr-defined]
        owner = _bound(route.endpoint)
        if owner is not None:
            return owner
    raise AssertionError("no account found")


def _bound(answer: Any) -> Any:
    for cell in getattr(answer, "__closure__", None) or ():
        inside = cell.cell_contents
        owner = getattr(inside, "__self__", None) or (_bound(inside) if callable(inside) else None)
        if owner is not None and not isinstance(owner, type):
            return owner
    return None


class Till:
    """``ahead``: how far our side's clock is in front of the emulator's."""

    def __init__(self, house: House, sandbox: Sandbox, spoiler: Spoiler, provider: str) -> None:
        self.house = house
        self.sandbox = sandbox
        self.spoiler = spoiler
        self.provider = provider
        self.ahead = timedelta(0)
        self.seeded = SHOPS[provider].sold(account_in(sandbox))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def desk(self) -> OrderDesk:
        return OrderDesk(self.house, "local", self.now)

    @property
    def auto(self) -> AutoRenewDesk:
        return AutoRenewDesk(self.house, "local", self.now)

    @property
    def renewals(self) -> RenewalDesk:
        return RenewalDesk(self.house, "local", self.now)

    def begin(self) -> str:
        """A renewal by the provider's interface."""
        return self.renewals.start(Begun(CardKind.ESIM, Channel.API, operator_name="Invented", card_id=CARD))

    def place(self, renewal: str | None = None) -> str:
        """Decide on the cheapest product. Returns the intent's id."""
        offer, intent = self.desk.offer(CARD), new_intent_id()
        self.desk.place(offer, cheapest(offer), intent, renewal)
        return intent

    @property
    def sold(self) -> int:
        """Purchases in the emulator's books since the test began."""
        return SHOPS[self.provider].sold(account_in(self.sandbox)) - self.seeded

    def kept(self, intent: str) -> KeptIntent:
        return self.desk.store.get(intent)


def cheapest(offer: Offer) -> TopUpProduct:
    """The cheapest product with a price."""
    priced = [product for product in offer.products if product.price is not None and product.periods_from is None]
    return min(priced, key=lambda product: (product.price.minor if product.price else 0, product.product_id))


def open_shop_house(folder: Path, address: str, provider: str, database_url: str = "") -> House:
    """``database_url``: empty for the file in ``folder``."""
    environment = {"SIMKEEPER_DATA_DIR": str(folder), "SIMKEEPER_DATABASE_URL": database_url}
    return open_house(read_configuration({**environment, f"SIMKEEPER_URL_{provider.upper()}": address}))


def add_card(house: House, provider: str, remote_id: str, card_id: str = CARD) -> None:
    card = Card(card_id, "Tokyo data", CardKind.ESIM, provider=ProviderLink(provider, remote_id))
    CardStore(house.database, "local", Vault(house.configuration.data_dir)).add([(card, CardSecrets())], datetime.now(UTC))


OpenTill = Callable[..., Till]


@contextmanager
def open_till(folder: Path, set_item: Callable[..., None], provider: str = "esimaccess", database_url: str = "") -> Iterator[Till]:
    """``set_item``: pytest's ``monkeypatch.setitem``."""
    sandbox = SANDBOXES[provider]()
    spoiler = Spoiler(sandbox, SHOPS[provider])
    set_item(connections.PROVIDERS, provider, hasty(PROVIDERS[provider]))
    with serve(spoiler) as address:
        house = open_shop_house(folder, address, provider, database_url)
        connections.ConnectionDesk(house, "local").connect(provider, sandbox.credentials)
        add_card(house, provider, sandbox.cards[SHOPS[provider].card])
        yield Till(house, sandbox, spoiler, provider)
        house.close()
