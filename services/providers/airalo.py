"""Airalo Partner API v2: plans of the account, cards, balances, top-ups, install codes, wallet.

Contract: Airalo's per-endpoint OpenAPI text and official SDKs. Units: data in MB of 1024 to the GB (``amount``, ``remaining``,
``total``), 0 when unlimited; voice in minutes; money in USD, ``price`` is what a customer is asked, ``net_price`` what the account
pays; times without a zone are taken as UTC. Usage is up to 20 minutes old (60 in test mode).

There is no idempotency: a repeated order buys twice. Our reference goes into ``description``, and orders are searched by it
before anything is sent, because the list of orders does not name the card of a top-up.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.order import (
    AccountBalance,
    InstallInfo,
    OrderOutcome,
    OrderStatus,
    ProviderReading,
    RemoteCard,
    Secret,
    TopUpProduct,
)
from services.model.plan import Allowance, AllowanceKind, Network, Plan, StartRule
from services.model.reading import CountBalance, DataBalance, LineStatus, Measure, ValidityKind
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Wire, check_reference, collect, parse
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised
from services.providers.http import Answer, Call
from services.providers.tokens import Token
from services.providers.wire import (
    Count,
    Flag,
    Int,
    MaybeInstant,
    MaybeText,
    Name,
    Number,
    NumberOrText,
    Text,
    iso2_codes,
    lpa_code,
)

TRUSTED_S = 23 * 3600
"""``expires_in`` says 366 days; the text says 24 hours, and is right."""
PAGE_SIZE = 100
MOST_PAGES = 1000
NOT_FOUND = "messages.resource_not_found"
NET: Literal["net_pricing"] = "net_pricing"
FAIR_USE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB)\b[^.]*\bper day", re.IGNORECASE)
SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*([km])bps", re.IGNORECASE)

STATUS = {
    "NOT_ACTIVE": LineStatus.NOT_ACTIVATED,
    "ACTIVE": LineStatus.ACTIVE,
    "FINISHED": LineStatus.ACTIVE,  # the data is used up; the card takes a top-up
    "EXPIRED": LineStatus.EXPIRED,
    "RECYCLED": LineStatus.CLOSED,
}
ORDER_STATUS = {
    "completed": OrderStatus.CONFIRMED,
    "failed": OrderStatus.FAILED,
    "refunded": OrderStatus.REFUNDED,
    "partially_refunded": OrderStatus.REFUNDED,
}
RECYCLED = "73"


class _Meta(Wire):
    message: MaybeText = None
    current_page: Int | None = None
    last_page: Int | None = None


class _Page(Wire):
    """``data`` is a list, and from the second page on perhaps an object whose keys count."""

    data: list[Any] | dict[str, Any]
    meta: _Meta | None = None
    pricing: Any = None


class _Pricing(Wire):
    model: Literal["net_pricing", "discount_pricing"] = NET
    discount_percentage: Number | None = None


class _TokenData(Wire):
    access_token: Name = Field(repr=False)
    expires_in: Count | None = None


class _NetworkWire(Wire):
    name: Text
    types: tuple[Text, ...] | None = None


class _Coverage(Wire):
    code: MaybeText = None
    networks: tuple[_NetworkWire, ...] | None = None


class _Country(Wire):
    country_code: MaybeText = None


class _Operator(Wire):
    title: Text = ""
    plan_type: MaybeText = None
    activation_policy: MaybeText = None
    is_kyc_verify: Flag | None = None
    rechargeability: Flag | None = None
    coverages: tuple[_Coverage, ...] | None = None
    countries: tuple[_Country, ...] | None = None
    packages: list[Any] = Field(default_factory=list)


class _Entry(Wire):
    title: Text = ""
    country_code: MaybeText = None
    operators: list[Any]


class _Package(Wire):
    id: Name
    type: Text = "sim"
    title: Text = ""
    price: Number = Field(ge=0)
    net_price: Number | None = Field(default=None, ge=0)
    amount: Number = Field(ge=0)
    day: Int = Field(gt=0)
    is_unlimited: Flag
    data: MaybeText = None
    voice: Count | None = None
    text: Count | None = None
    short_info: MaybeText = None
    fair_usage_policy: MaybeText = None


class _Usage(Wire):
    remaining: Number = Field(ge=0)
    total: Number = Field(ge=0)
    expired_at: MaybeInstant
    is_unlimited: Flag | None
    status: Text
    remaining_voice: Count
    remaining_text: Count
    total_voice: Count
    total_text: Count


class _Simable(Wire):
    package: MaybeText = None
    package_id: MaybeText = None


class _Sim(Wire):
    iccid: Name
    created_at: MaybeInstant = None
    qrcode: MaybeText = Field(default=None, repr=False)
    confirmation_code: MaybeText = Field(default=None, repr=False)
    apn_type: MaybeText = None
    apn_value: MaybeText = None
    is_roaming: Flag | None = None
    msisdn: MaybeText = None
    recycled: Flag | None = None
    simable: _Simable | None = None


class _OrderStatus(Wire):
    slug: MaybeText = None


class _Order(Wire):
    id: Int
    code: MaybeText = None
    package_id: MaybeText = None
    description: MaybeText = None
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    created_at: MaybeInstant = None
    price: NumberOrText | None = Field(default=None, ge=0)
    net_price: NumberOrText | None = Field(default=None, ge=0)
    total_amount_paid: NumberOrText | None = Field(default=None, ge=0)
    status: _OrderStatus | None = None


class _Available(Wire):
    amount: NumberOrText
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class _Balances(Wire):
    available: _Available = Field(alias="availableBalance")


@dataclass(frozen=True, slots=True)
class _Offered:
    """A package with the operator and the pricing it stands under; ``path`` is where it stood."""

    path: str
    entry: _Entry
    operator: _Operator
    pricing: _Pricing
    package: Any


class Airalo(Provider):
    """One account at Airalo."""

    id = "airalo"

    async def plans(self) -> Catalogue:
        """Everything the account can buy, at its own cost."""
        offered: list[Any] = []
        async for page, path, pricing in self._pages("/v2/packages", {}, {"packages": "all"}):
            for index, raw in enumerate(page):
                entry = parse(self.id, _Entry, raw, f"{path}[{index}]")
                for number, each in enumerate(entry.operators):
                    spot = f"{path}[{index}].operators[{number}]"
                    operator = parse(self.id, _Operator, each, spot)
                    offered += [_Offered(f"{spot}.packages[{n}]", entry, operator, pricing, p) for n, p in enumerate(operator.packages)]
        if not offered:
            raise Malformed(self.id, "data", "empty")
        as_of = self.now()
        return collect(self.id, offered, lambda index, item: self._plan(item, as_of), as_of, "data")

    async def cards(self) -> tuple[RemoteCard, ...]:
        """The eSIMs bought through the API."""
        found: dict[str, RemoteCard] = {}
        async for page, path, _ in self._pages("/v2/sims", {"include": "order"}, {}):
            for index, raw in enumerate(page):
                sim = parse(self.id, _Sim, raw, f"{path}[{index}]")
                order = sim.simable
                found.setdefault(
                    sim.iccid,
                    RemoteCard(
                        remote_id=sim.iccid,
                        name=(order and (order.package or order.package_id)) or "",
                        iccid=sim.iccid,
                        msisdn=sim.msisdn,
                        status=LineStatus.CLOSED if sim.recycled else None,
                        status_said="RECYCLED" if sim.recycled else "",
                        created_at=sim.created_at,
                    ),
                )
        return tuple(found.values())

    async def reading(self, card: str) -> ProviderReading:
        usage = parse(self.id, _Usage, (await self._get(f"/v2/sims/{_safe(card)}/usage", {}, {"usage_of_card": card})).data, "data")
        now = self.now()
        gone = usage.status == "RECYCLED"
        data = () if gone else _data(usage)
        validity = () if gone or usage.expired_at is None else (self.ends(ValidityKind.PLAN, usage.expired_at),)
        return ProviderReading(
            remote_id=card,
            taken_at=now,
            as_of=self.earliest(now),
            data=data,
            voice=() if gone else _counted(usage.remaining_voice, usage.total_voice, 60),
            sms=() if gone else _counted(usage.remaining_text, usage.total_text, 1),
            validity=validity,
            status=STATUS.get(usage.status),
            status_said=usage.status,
            complete=frozenset({Measure.DATA} if data else ()) | frozenset({Measure.VALIDITY} if validity else ()),
        )

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """Raises Refused with code 73 for a card that was taken back."""
        page = await self._get(f"/v2/sims/{_safe(card)}/topups", {}, {})
        pricing = parse(self.id, _Pricing, page.pricing or {}, "pricing")
        return tuple(
            self._product(parse(self.id, _Package, entry, f"data[{index}]"), pricing, f"data[{index}]")
            for index, entry in enumerate(_rows(page.data))
        )

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        body = {"package_id": product.product_id, "iccid": card, "description": check_reference(reference)}

        async def send() -> OrderOutcome:
            answer = await self.send_with_token(Call("POST", "/v2/orders/topups", json=body, accept=(403, 404, 422), judge=self._judge))
            order = parse(self.id, _Order, self._page(answer).data, "data")
            return self._outcome(order, reference, OrderStatus.CONFIRMED, card)

        return await self.place_once(reference, send, search_first=True)

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """By ``description``. The search finds parts of words, so each is compared again."""
        terms: dict[str, str | int] = {"filter[description]": reference, "include": "status"}
        async for page, path, _ in self._pages("/v2/orders", terms, {}):
            for index, raw in enumerate(page):
                order = parse(self.id, _Order, raw, f"{path}[{index}]")
                if order.description == reference:
                    slug = (order.status and order.status.slug) or ""
                    # Found, so it was placed; a state that is not in the contract is not taken for done.
                    return self._outcome(order, reference, ORDER_STATUS.get(slug, OrderStatus.PENDING), None, slug)
        return None

    async def install(self, card: str) -> InstallInfo:
        sim = parse(self.id, _Sim, (await self._get(f"/v2/sims/{_safe(card)}", {}, {})).data, "data")
        try:
            code = None if sim.qrcode is None else Secret(lpa_code(sim.qrcode))
        except ValueError:
            raise Malformed(self.id, "data.qrcode", "not_an_activation_code") from None
        return InstallInfo(
            remote_id=card,
            lpa_code=code,
            confirmation_code=None if sim.confirmation_code is None else Secret(sim.confirmation_code),
            iccid=sim.iccid,
            apn=sim.apn_value,
            apn_automatic=Tri.of({"automatic": True, "manual": False}.get(sim.apn_type or "")),
            roaming=Tri.of(sim.is_roaming),
            status_said="RECYCLED" if sim.recycled else "",
        )

    async def account(self) -> AccountBalance:
        """An account without a purse of its own answers with an empty list."""
        answer = await self.send_with_token(Call("GET", "/v2/balance", judge=self._judge))
        balances = parse(self.id, _BalanceData, self._page(answer).data, "data").balances
        if isinstance(balances, list):
            if balances:
                raise Malformed(self.id, "data.balances", "not_an_object")
            return AccountBalance(None)
        available = parse(self.id, _Balances, balances, "data.balances").available
        return AccountBalance(Money.of(available.amount, available.currency))

    async def fetch_token(self) -> Token:
        form = {
            "client_id": self.credential("client_id"),
            "client_secret": self.credential("client_secret"),
            "grant_type": "client_credentials",
        }
        answer = await self.http.send(
            Call("POST", "/v2/token", form=form, auth=True, idempotent=True, counts={"token": "all"}, accept=(422,))
        )
        if answer.status == 422:
            raise Unauthorised(self.id, self.http.clean(_first_text(answer)))
        data = parse(self.id, _TokenData, self._page(answer).data, "data")
        return Token(data.access_token, float(min(data.expires_in or TRUSTED_S, TRUSTED_S)))

    async def _get(self, path: str, params: Mapping[str, str | int], counts: Mapping[str, str]) -> _Page:
        call = Call("GET", path, params=params, counts=counts, accept=(403, 404, 422), judge=self._judge)
        return self._page(await self.send_with_token(call))

    async def _pages(
        self, path: str, terms: Mapping[str, str | int], counts: Mapping[str, str]
    ) -> AsyncIterator[tuple[Sequence[Any], str, _Pricing]]:
        """Rows of each page, the path to them for errors, and the pricing the page names. Links are not followed: they lead elsewhere."""
        for number in range(1, MOST_PAGES + 1):
            call = Call(
                "GET",
                path,
                params={**terms, "limit": PAGE_SIZE, "page": number},
                counts=counts,
                accept=(403, 404, 422),
                judge=self._judge,
                slow=path == "/v2/packages",
            )
            page = self._page(await self.send_with_token(call))
            rows = _rows(page.data)
            yield rows, "data", parse(self.id, _Pricing, page.pricing or {}, "pricing")
            last = page.meta.last_page if page.meta is not None else None
            if last is None or number >= last or not rows:
                return

    def _page(self, answer: Answer) -> _Page:
        return parse(self.id, _Page, answer.json())

    def _judge(self, answer: Answer) -> None:
        """Errors by their body: the same status means different things, and a card that is not there may come with 200."""
        said = answer.json()
        if not isinstance(said, dict):
            raise Malformed(self.id, "", "not_an_object")
        meta = said.get("meta")
        if isinstance(meta, dict) and meta.get("message") == NOT_FOUND:
            raise NotFound(self.id, "card")
        code = said.get("code")
        if isinstance(code, int | str) and not isinstance(code, bool) and "reason" in said:
            raise Refused(self.id, answer.status, self.http.clean(str(said["reason"])), code=str(code))
        if answer.status == 404:
            raise NotFound(self.id, "path")
        if answer.status >= 400:
            raise Refused(self.id, answer.status, self.http.clean(_first_text(answer)))

    def _plan(self, item: _Offered, as_of: datetime) -> Plan | None:
        package, operator = parse(self.id, _Package, item.package, item.path), item.operator
        if package.type != "sim":
            return None
        codes = [country.country_code or "" for country in operator.countries or ()]
        codes += [coverage.code or "" for coverage in operator.coverages or ()]
        countries, complete = iso2_codes(codes or [item.entry.country_code or ""])
        generations = {kind for coverage in operator.coverages or () for network in coverage.networks or () for kind in network.types or ()}
        return Plan(
            source=self.id,
            plan_id=package.id,
            seller=self.facts.name,
            name=f"{operator.title} {package.title}".strip() or package.id,
            allowance=self._allowance(package, item.path),
            validity_days=package.day,
            countries=countries,
            coverage_complete=complete,
            price=self._cost(package, item.pricing, item.path),
            fetched_at=as_of,
            start_rule={"first-usage": StartRule.FIRST_CONNECTION, "installation": StartRule.INSTALL}.get(
                operator.activation_policy or "", StartRule.UNKNOWN
            ),
            id_check=Tri.of(operator.is_kyc_verify),
            top_up=Tri.of(operator.rechargeability),
            five_g=Tri.UNKNOWN if not generations else Tri.of(any("5G" in kind.upper() for kind in generations)),
            phone_number=Tri.of({"data": False, "data-voice-text": True}.get(operator.plan_type or "")),
            networks=tuple(
                Network(code, network.name, tuple(network.types or ()))
                for coverage in operator.coverages or ()
                for code in iso2_codes([coverage.code or ""])[0]
                for network in coverage.networks or ()
            ),
        )

    def _product(self, package: _Package, pricing: _Pricing, path: str) -> TopUpProduct:
        return TopUpProduct(
            product_id=package.id,
            name=package.title or package.id,
            price=self._cost(package, pricing, path),
            retail_price=Money.of(package.price, "USD"),
            allowance=self._allowance(package, path),
            validity_days=package.day,
            voice_s=None if package.voice is None else package.voice * 60,
            sms=package.text,
            said=package.fair_usage_policy or package.short_info or "",
        )

    def _cost(self, package: _Package, pricing: _Pricing, path: str) -> Money:
        """What the account pays; ``price`` is what a customer is asked, and never stands in for it."""
        if pricing.model == NET:
            if package.net_price is None:
                raise Malformed(self.id, f"{path}.net_price", "missing")
            return Money.of(package.net_price, "USD")
        if pricing.discount_percentage is None or not 0 <= pricing.discount_percentage <= 100:
            raise Malformed(self.id, "pricing.discount_percentage", "missing")
        return Money.of(package.price * (100 - pricing.discount_percentage) / 100, "USD")

    def _allowance(self, package: _Package, path: str) -> Allowance:
        """In test mode ``is_unlimited`` can be false for an unlimited plan; its ``data`` then says so."""
        if package.is_unlimited or (package.data or "").lower() == "unlimited":
            fair, speed = _fair_use(package.fair_usage_policy)
            return Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=fair, speed_after_kbps=speed)
        if package.amount == 0:
            raise Malformed(self.id, f"{path}.amount", "no_amount")
        return Allowance(AllowanceKind.TOTAL, DataVolume.of(package.amount, DataUnit.MIB))

    def _outcome(self, order: _Order, reference: str, status: OrderStatus, card: str | None, said: str = "") -> OrderOutcome:
        paid = order.net_price if order.net_price is not None else order.total_amount_paid
        return OrderOutcome(
            status,
            reference,
            order_id=str(order.id),
            remote_id=card,
            product_id=order.package_id,
            charged=None if paid is None else Money.of(paid, order.currency),
            placed_at=order.created_at,
            said=said,
        )


class _BalanceData(Wire):
    balances: dict[str, Any] | list[Any]


def _safe(card: str) -> str:
    """An ICCID is part of the path: nothing else may get there."""
    if not re.fullmatch(r"[0-9A-Fa-f]{10,22}", card):
        raise NotFound("airalo", "card")
    return card


def _rows(data: list[Any] | dict[str, Any]) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else data


def _first_text(answer: Answer) -> str:
    """The field and the text of a 422, or the text of ``meta``."""
    said = answer.json()
    data = said.get("data") if isinstance(said, dict) else None
    if isinstance(data, dict):
        for name, text in data.items():
            return f"{name}: {text}"
    meta = said.get("meta") if isinstance(said, dict) else None
    return str(meta.get("message", "")) if isinstance(meta, dict) else ""


def _data(usage: _Usage) -> tuple[DataBalance, ...]:
    """0 of 0 is what unlimited plans show; without being told so, it is nothing known."""
    if usage.is_unlimited:
        return (DataBalance(unlimited=Tri.YES),)
    if usage.total == 0:
        return ()
    return (
        DataBalance(
            remaining=DataVolume.of(usage.remaining, DataUnit.MIB),
            total=DataVolume.of(usage.total, DataUnit.MIB),
            unlimited=Tri.of(usage.is_unlimited),
        ),
    )


def _counted(remaining: int, total: int, unit: int) -> tuple[CountBalance, ...]:
    """0 of 0 means that the plan has none, so there is nothing to show."""
    return (CountBalance(remaining=remaining * unit, total=total * unit),) if total else ()


def _fair_use(text: str | None) -> tuple[DataVolume | None, int | None]:
    """ "Lower speed rate of 1 Mbps after 3 GB usage per day.": 3 GB and 1000 kbit/s; None for what the text does not say so."""
    volume, speed = FAIR_USE.search(text or ""), SPEED.search(text or "")
    fair = None if volume is None else DataVolume.of(Decimal(volume[1]), DataUnit.GIB if volume[2].upper() == "GB" else DataUnit.MIB)
    return fair, None if speed is None else int(Decimal(speed[1]) * (1000 if speed[2].lower() == "m" else 1))
