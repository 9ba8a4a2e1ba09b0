"""Reloadly Airtime: airtime and data bundles for an ordinary prepaid number, anywhere.

Contract: reloadly.md. Units: amounts are decimal, in the currency of the account unless local amounts are asked for, which is never
done here (trap 8). What is charged is the amount less a discount in per cent. Times without a zone are UTC, but ``transactionDate`` is
on the clock of New York (trap 12). Data and validity of a bundle are free text: they are shown, never read.

A card is named by its phone number in E.164. Its balance cannot be asked for (trap 14). A used ``customIdentifier`` is refused, not
replayed: the reference goes out as one, and an order is looked up by it before anything else is done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import BeforeValidator, Field

from services.model.money import Money
from services.model.order import AccountBalance, OrderOutcome, OrderStatus, Secret, TopUpProduct
from services.model.tri import Tri
from services.providers.base import Provider, Wire, check_reference, parse
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised
from services.providers.http import Answer, Call, Endpoint, said_in
from services.providers.tokens import Token
from services.providers.wire import Count, Flag, Instant, Int, MaybeText, Name, Number, Text

LIVE = "https://topups.reloadly.com"
SANDBOX = "https://topups-sandbox.reloadly.com"
AUDIENCES = {"live": LIVE, "sandbox": SANDBOX}
ACCEPT = "application/com.reloadly.topups-v1+json"
PAGE = 200
SHORT_TOKEN_S = 300
EASTERN = ZoneInfo("America/New_York")
CENT = Decimal("0.01")
FREE = "range"

PLACED = {
    "SUCCESSFUL": OrderStatus.CONFIRMED,
    "PROCESSING": OrderStatus.PENDING,
    "REFUNDED": OrderStatus.REFUNDED,
    "FAILED": OrderStatus.FAILED,
}
NO_OPERATOR = {"COULD_NOT_AUTO_DETECT_OPERATOR", "OPERATOR_NOT_FOUND", "INVALID_PHONE_NUMBER", "INVALID_RECIPIENT_PHONE"}


def _by_text(value: Any) -> Any:
    """Descriptions are an object; none of them is ``[]`` or null."""
    return {} if value in (None, []) else value


def _digits(value: Any) -> Any:
    """A phone number comes as text or as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _eastern(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("not a time")
    moment = datetime.fromisoformat(value)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=EASTERN)).astimezone(UTC)
    except OverflowError:
        raise ValueError("at the edge of all calendars") from None


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Descriptions = Annotated[dict[Text, MaybeText], BeforeValidator(_by_text)]
Digits = Annotated[MaybeText, BeforeValidator(_digits)]


class _TokenWire(Wire):
    access_token: Name = Field(repr=False)
    expires_in: Annotated[
        Count | None, BeforeValidator(lambda value: int(value) if isinstance(value, str) and value.isdigit() else value)
    ] = None


class _Balance(Wire):
    balance: Number
    currencyCode: Currency  # noqa: N815 - the provider's spelling
    updatedAt: Instant | None = None  # noqa: N815


class _Country(Wire):
    isoName: Text = ""  # noqa: N815


class _Regional(Wire):
    locationCode: Name  # noqa: N815
    locationName: Text = ""  # noqa: N815
    fixedAmounts: tuple[Number, ...] | None = None  # noqa: N815
    fixedAmountsDescriptions: Descriptions = Field(default_factory=dict)  # noqa: N815


class _Operator(Wire):
    id: Int = Field(gt=0)
    name: Name
    pin: Flag = False
    denominationType: Text  # noqa: N815
    senderCurrencyCode: Currency  # noqa: N815
    destinationCurrencyCode: Currency  # noqa: N815
    internationalDiscount: Number | None = None  # noqa: N815
    localDiscount: Number | None = None  # noqa: N815
    minAmount: Number | None = None  # noqa: N815
    maxAmount: Number | None = None  # noqa: N815
    country: _Country = _Country()
    fixedAmounts: tuple[Number, ...] | None = None  # noqa: N815
    fixedAmountsDescriptions: Descriptions = Field(default_factory=dict)  # noqa: N815
    localFixedAmounts: tuple[Number, ...] | None = None  # noqa: N815
    geographicalRechargePlans: tuple[_Regional, ...] | None = None  # noqa: N815

    def charge(self, amount: Decimal) -> Decimal:
        """What the account pays for ``amount``. PINs are charged in full."""
        local = self.senderCurrencyCode == self.destinationCurrencyCode
        percent = Decimal(0) if self.pin else (self.localDiscount if local else self.internationalDiscount) or Decimal(0)
        return (amount - (amount * percent / 100).quantize(CENT, ROUND_HALF_UP)) if 0 <= percent < 100 else amount


class _PinDetail(Wire):
    serial: Digits = Field(default=None, repr=False)
    info1: Digits = None
    info2: Digits = None
    info3: Digits = None
    code: Digits = Field(default=None, repr=False)
    ivr: Digits = None
    validity: Digits = None

    @property
    def text(self) -> str:
        """The code first, then all that is needed to use it, a line each."""
        rest = {"serial": self.serial, "1": self.info1, "2": self.info2, "3": self.info3, "ivr": self.ivr, "validity": self.validity}
        return "\n".join([self.code or "", *(f"{name}: {value}" for name, value in rest.items() if value)]).strip()


class _Purse(Wire):
    oldBalance: Number | None = None  # noqa: N815
    newBalance: Number | None = None  # noqa: N815
    currencyCode: Currency | None = None  # noqa: N815
    updatedAt: Instant | None = None  # noqa: N815


class _Transaction(Wire):
    transactionId: Int  # noqa: N815
    status: MaybeText = None
    customIdentifier: MaybeText = None  # noqa: N815
    recipientPhone: Digits = None  # noqa: N815
    operatorId: Int | None = None  # noqa: N815
    discount: Number | None = None
    requestedAmount: Number  # noqa: N815
    requestedAmountCurrencyCode: Currency  # noqa: N815
    deliveredAmount: Number | None = None  # noqa: N815
    deliveredAmountCurrencyCode: Currency | None = None  # noqa: N815
    transactionDate: Annotated[datetime | None, BeforeValidator(lambda value: None if value is None else _eastern(value))] = None  # noqa: N815
    pinDetail: _PinDetail | None = None  # noqa: N815
    balanceInfo: _Purse | None = None  # noqa: N815

    @property
    def pin(self) -> str:
        """The code and what belongs to it; empty when the answer has none."""
        return "" if self.pinDetail is None else self.pinDetail.text

    @property
    def charged(self) -> Money | None:
        """By the purse where it is shown, else by amount and discount; PINs are charged in full. None when neither is said."""
        purse = self.balanceInfo
        if purse is not None and purse.oldBalance is not None and purse.newBalance is not None and purse.currencyCode:
            return Money.of(purse.oldBalance - purse.newBalance, purse.currencyCode)
        discount = Decimal(0) if self.pin else self.discount
        return None if discount is None else Money.of(self.requestedAmount - discount, self.requestedAmountCurrencyCode)

    @property
    def placed_at(self) -> datetime | None:
        purse = self.balanceInfo
        return purse.updatedAt if purse is not None and purse.updatedAt is not None else self.transactionDate


class _Page(Wire):
    content: tuple[_Transaction, ...]
    last: Flag = True


class _Status(Wire):
    """Flat or wrapped, the status stands on top."""

    status: Name


class Reloadly(Provider):
    """One account in one environment: ``environment`` "sandbox" moves no money; credentials and tokens of the two do not mix."""

    id = "reloadly"

    def __init__(
        self,
        *,
        credentials: Mapping[str, str] | None = None,
        adjust: Callable[[Endpoint], Endpoint] = lambda endpoint: endpoint,
        **more: Any,
    ) -> None:
        self.environment = (credentials or {}).get("environment", "").strip().casefold() or "live"
        self.audience = AUDIENCES.get(self.environment, LIVE)

        def of_environment(endpoint: Endpoint) -> Endpoint:
            # Only the provider's own hosts come in two; an address of one's own has no other host for tokens.
            return adjust(replace(endpoint, base_url=self.audience) if endpoint.auth_url else endpoint)

        super().__init__(credentials=credentials, adjust=of_environment, **more)

    async def fetch_token(self) -> Token:
        """For this environment's audience, asked for in JSON. Raises Unauthorised for wrong credentials, and for an environment that is
        neither of the two: whoever meant the sandbox must not pay."""
        if self.environment not in AUDIENCES:
            raise Unauthorised(self.id, "environment")
        asked = {
            "client_id": self.credential("client_id"),
            "client_secret": self.credential("client_secret"),
            "grant_type": "client_credentials",
            "audience": self.audience,
        }
        answer = await self.http.send(Call("POST", "/oauth/token", json=asked, auth=True, idempotent=True, accept=(400, 403)))
        if answer.status != 200:
            raise Unauthorised(self.id, self.http.clean(said_in(answer)))
        token = parse(self.id, _TokenWire, answer.json())
        return Token(token.access_token, token.expires_in or SHORT_TOKEN_S)

    async def _ask(self, call: Call) -> Any:
        answer = await self.send_with_token(replace(call, headers={"Accept": ACCEPT}, accept=(400, 403, 404, 409, 422)))
        if answer.status < 300:
            return answer.json()
        code, words = self._error(answer)
        if answer.status == 404 and code is None:
            raise NotFound(self.id, "path")
        raise Refused(self.id, answer.status, words, code=code)

    def _error(self, answer: Answer) -> tuple[str | None, str]:
        """``errorCode``, which may be null and is absent on a wrong path, and the message."""
        try:
            said = answer.json()
        except Malformed:
            return None, ""
        code = said.get("errorCode") if isinstance(said, dict) else None
        return (self.http.clean(code) if isinstance(code, str) else None), self.http.clean(said_in(answer))

    async def account(self) -> AccountBalance:
        said = parse(self.id, _Balance, await self._ask(Call("GET", "/accounts/balance")))
        return AccountBalance(Money.of(said.balance, said.currencyCode), as_of=said.updatedAt)

    def _number(self, card: str) -> tuple[str, str]:
        """Digits with the calling code, and ISO 3166-1 alpha-2. Raises NotFound for what cannot be a number."""
        try:
            number = phonenumbers.parse(card)
        except phonenumbers.NumberParseException:
            raise NotFound(self.id, "number") from None
        country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(number.country_code or 0)
        if not phonenumbers.is_possible_number(number) or not country or len(country) != 2 or country == "ZZ":
            raise NotFound(self.id, "number")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+"), country

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """Of the operator the number seems to belong to, and of its sisters ("… Data"). A number that was ported can fool the guess."""
        digits, country = self._number(card)
        try:
            said = await self._ask(Call("GET", f"/operators/auto-detect/phone/{digits}/countries/{country}"))
        except Refused as refusal:
            if refusal.code in NO_OPERATOR or refusal.status == 404:
                raise NotFound(self.id, "operator") from refusal
            raise
        detected = parse(self.id, _Operator, said)
        every = {"includeBundles": "true", "includeData": "true", "includePin": "true"}
        listed = await self._ask(Call("GET", f"/operators/countries/{country}", every))
        if not isinstance(listed, list):
            raise Malformed(self.id, "", "list_type")
        return tuple(product for operator in (detected, *self._sisters(detected, listed)) for product in _products(operator))

    def _sisters(self, detected: _Operator, listed: Sequence[Any]) -> list[_Operator]:
        found = []
        for index, entry in enumerate(listed):
            try:
                operator = parse(self.id, _Operator, entry, f"[{index}]")
            except Malformed:
                continue  # another operator's trouble
            if operator.id != detected.id and operator.name.casefold().startswith(detected.name.casefold()):
                found.append(operator)
        return found

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """Sent once, with the reference as customIdentifier."""
        digits, country = self._number(card)
        operator, amount, *_ = product.product_id.split(":")
        if amount == FREE and product.price is None:
            raise ValueError("choose an amount first")
        figure = product.price.amount if amount == FREE and product.price is not None else Decimal(amount)
        body = {
            "operatorId": int(operator),
            "amount": float(figure),
            "useLocalAmount": False,
            "customIdentifier": check_reference(reference),
            "recipientPhone": {"countryCode": country, "number": digits},
        }

        async def send() -> OrderOutcome:
            done = parse(self.id, _Transaction, await self._ask(Call("POST", "/topups", json=body)))
            return _outcome(done, reference, card, product.product_id, done.status or "SUCCESSFUL")

        return await self.place_once(reference, send, search_first=True, is_duplicate=_is_duplicate)

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """In the report of transactions, by customIdentifier."""
        query: dict[str, str | int] = {"customIdentifier": check_reference(reference), "page": 1, "size": PAGE}
        page = parse(self.id, _Page, await self._ask(Call("GET", "/topups/reports/transactions", query)))
        found = next((one for one in page.content if one.customIdentifier == reference), None)
        if found is None:
            return None
        status = found.status
        if status is None or PLACED.get(status.upper()) is OrderStatus.PENDING:
            said = await self._ask(Call("GET", f"/topups/{found.transactionId}/status"))
            status = parse(self.id, _Status, said).status
        return _outcome(found, reference, f"+{found.recipientPhone}" if found.recipientPhone else None, None, status)


def _is_duplicate(refusal: Refused) -> bool:
    """400 and words about the identifier; the code of this refusal is not documented."""
    return refusal.status in {400, 409} and "identifier" in f"{refusal.code} {refusal.detail}".casefold()


def _outcome(done: _Transaction, reference: str, card: str | None, product_id: str | None, status: str) -> OrderOutcome:
    delivered, currency = done.deliveredAmount, done.deliveredAmountCurrencyCode
    return OrderOutcome(
        PLACED.get(status.upper(), OrderStatus.PENDING),
        reference,
        order_id=str(done.transactionId),
        remote_id=card,
        product_id=product_id,
        charged=done.charged,
        delivered=Money.of(delivered, currency) if delivered is not None and currency else None,
        placed_at=done.placed_at,
        pin=Secret(done.pin) if done.pin else None,
        said=status,
    )


def _products(operator: _Operator) -> list[TopUpProduct]:
    """Every amount of a FIXED operator, the regional ones where those are all there is, or the free amount of a RANGE one.

    The price of a free amount is that amount; what is charged in the end is less by the discount.
    """
    is_pin = Tri.of(operator.pin)
    if operator.denominationType == "RANGE" and operator.minAmount is not None and operator.maxAmount is not None:
        low, high = (Money.of(amount, operator.senderCurrencyCode) for amount in (operator.minAmount, operator.maxAmount))
        return [TopUpProduct(f"{operator.id}:{FREE}", operator.name, None, amount_from=low, amount_to=high, is_pin=is_pin)]
    if operator.denominationType != "FIXED":
        return []
    amounts = operator.fixedAmounts or ()
    local = operator.localFixedAmounts or ()
    products = [
        replace(
            _fixed(operator, amount, operator.fixedAmountsDescriptions),
            delivers=Money.of(local[at], operator.destinationCurrencyCode) if len(local) == len(amounts) else None,
        )
        for at, amount in enumerate(amounts)
    ]
    if products:
        return products
    return [
        _fixed(operator, amount, region.fixedAmountsDescriptions, region)
        for region in operator.geographicalRechargePlans or ()
        for amount in region.fixedAmounts or ()
    ]


def _fixed(operator: _Operator, amount: Decimal, descriptions: Mapping[str, str | None], region: _Regional | None = None) -> TopUpProduct:
    where = f":{region.locationCode}" if region else ""
    return TopUpProduct(
        product_id=f"{operator.id}:{amount.normalize():f}{where}",
        name=f"{operator.name}, {region.locationName or region.locationCode}" if region else operator.name,
        price=Money.of(operator.charge(amount), operator.senderCurrencyCode),
        retail_price=Money.of(amount, operator.senderCurrencyCode),
        is_pin=Tri.of(operator.pin),
        said=descriptions.get(f"{amount:.2f}") or "",  # the key for 50.0 is "50.00" (trap 5)
    )
