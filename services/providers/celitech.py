"""Celitech API v1: travel eSIMs sold by the purchase.

Contract: celitech.md. Units: bytes are binary, 1 GB = 1,073,741,824, and -1 is unlimited (trap 5); ``priceInCents`` counts
hundredths of a currency that no answer names (trap 4), US dollars unless the account says otherwise; times are UTC instants.
A balance belongs to a purchase, not to a card (trap 1). Consumption carries no time; about an hour between looks is documented
(5.4). ``activationCode`` is a picture, ``manualActivationCode`` the LPA string (trap 7).
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.order import AccountBalance, InstallInfo, OrderOutcome, OrderStatus, ProviderReading, RemoteCard, Secret, TopUpProduct
from services.model.plan import Allowance, AllowanceKind, Plan
from services.model.reading import DataBalance, LineStatus, Measure, Validity, ValidityKind
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Wire, check_reference, collect, parse
from services.providers.errors import Because, Malformed, NotFound, Refused, Unauthorised, Unreachable
from services.providers.http import Answer, Call, said_in
from services.providers.tokens import Token
from services.providers.wire import Count, Flag, Instant, MaybeInstant, Name, Number, Text, lpa_code
from services.rules.places.names import is_country
from services.rules.places.reading import read_places

UNLIMITED = -1
DURATIONS = (1, 2, 7, 14, 30, 90)  # 5.1: the only durations an order takes
MOST_DAYS = 90
UNLIMITED_DAYS = range(3, 31)
PACKAGES_A_PAGE = 160
PURCHASES_A_PAGE = 100
MOST_PAGES = 500
SHORT_TOKEN_S = 300  # when the answer does not say how long the token lives
STILL_RUNNING_S = (1.0, 2.0, 4.0)

STATUS = {
    "RELEASED": LineStatus.NOT_ACTIVATED,
    "DOWNLOADED": LineStatus.NOT_ACTIVATED,
    "ENABLED": LineStatus.ACTIVE,
    "DELETED": LineStatus.CLOSED,
}
"""INSTALLED says nothing of whether the line works, ERROR nothing of what it is."""


def _amount(value: Decimal) -> Decimal:
    if value < 0 and value != UNLIMITED:
        raise ValueError("negative and not -1")
    return value


Amount = Annotated[Number, AfterValidator(_amount)]
"""A size in bytes or gigabytes; -1 is unlimited."""


class _TokenWire(Wire):
    access_token: Name
    expires_in: Count | None = None


class _Destination(Wire):
    name: Text
    destination: Name
    supportedCountries: tuple[Text, ...]  # noqa: N815 - the provider's spelling


class _Destinations(Wire):
    destinations: tuple[_Destination, ...]


class _Package(Wire):
    id: Name
    destination: Name
    destinationISO2: Text  # noqa: N815
    dataLimitInBytes: Amount  # noqa: N815
    dataLimitInGB: Amount  # noqa: N815
    minDays: Count  # noqa: N815
    maxDays: Count = Field(gt=0)  # noqa: N815
    priceInCents: Number = Field(ge=0)  # noqa: N815


class _Packages(Wire):
    packages: list[Any]
    afterCursor: Text | None  # noqa: N815


class _Bought(Wire):
    destination: Name
    destinationISO2: Text  # noqa: N815
    destinationName: Text  # noqa: N815
    dataLimitInBytes: Amount  # noqa: N815
    priceInCents: Number = Field(ge=0)  # noqa: N815


class _Of(Wire):
    iccid: Name


class _Purchase(Wire):
    id: Name
    startDate: MaybeInstant  # noqa: N815
    endDate: MaybeInstant  # noqa: N815
    createdDate: Instant  # noqa: N815
    package: _Bought
    esim: _Of


class _Purchases(Wire):
    purchases: tuple[_Purchase, ...]
    afterCursor: Text | None  # noqa: N815


class _Consumption(Wire):
    dataUsageRemainingInBytes: Amount  # noqa: N815


class _Esim(Wire):
    iccid: Name
    manualActivationCode: Text = Field(repr=False)  # noqa: N815
    status: Text
    isTopUpAllowed: Flag  # noqa: N815


class _EsimAnswer(Wire):
    esim: _Esim


class _TopUpPurchase(Wire):
    id: Name
    packageId: Name  # noqa: N815
    startDate: MaybeInstant  # noqa: N815
    endDate: MaybeInstant  # noqa: N815
    createdDate: Instant  # noqa: N815


class _TopUp(Wire):
    purchase: _TopUpPurchase
    profile: _Of


class Celitech(Provider):
    """One partner account at Celitech. A card is named by its ICCID. References go out as Idempotency-Key and as referenceId."""

    id = "celitech"

    async def fetch_token(self) -> Token:
        """By client credentials in the form (section 2). Raises Unauthorised for a refused pair, which is answered with 400."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credential("client_id"),
            "client_secret": self.credential("client_secret"),
            "scope": "",
        }
        answer = await self.http.send(Call("POST", "/oauth2/token", form=form, auth=True, idempotent=True, accept=(400,)))
        if answer.status == 400:
            raise Unauthorised(self.id, self.http.clean(said_in(answer)))
        token = parse(self.id, _TokenWire, answer.json())
        return Token(token.access_token, token.expires_in or SHORT_TOKEN_S)

    @property
    def currency(self) -> str:
        """Of every price (trap 4). Raises Unauthorised when what was entered is no code of three letters."""
        code = (self.credentials.get("currency") or "USD").strip().upper()
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise Unauthorised(self.id, "currency")
        return code

    async def plans(self) -> Catalogue:
        """Every package, the unlimited ones too, each at the longest validity its price holds for."""
        destinations = parse(self.id, _Destinations, (await self.send_with_token(Call("GET", "/v1/destinations"))).json()).destinations
        covered = {place.destination: _countries(place) for place in destinations}
        entries = await self._packages({})
        if not entries:
            raise Malformed(self.id, "packages", "empty")
        names = {place.destination: place.name for place in destinations}
        as_of = self.now()
        return collect(self.id, entries, lambda index, entry: self._plan(index, entry, covered, names, as_of), as_of, "packages")

    def _plan(
        self, index: int, entry: Any, covered: Mapping[str, tuple[frozenset[str], bool]], names: Mapping[str, str], as_of: datetime
    ) -> Plan:
        package = parse(self.id, _Package, entry, f"packages[{index}]")
        alone = _country(package.destination, package.destinationISO2)
        countries, complete = covered.get(package.destination) or (alone, bool(alone))
        return Plan(
            source=self.id,
            plan_id=package.id,
            seller=self.facts.name,
            name=names.get(package.destination, package.destination),
            allowance=_allowance(package.dataLimitInBytes),
            # A row is a price for minDays to maxDays (trap 3); bought by dates it may last all of them.
            validity_days=min(package.maxDays, MOST_DAYS),
            countries=countries,
            coverage_complete=complete,
            price=self._money(package.priceInCents),
            fetched_at=as_of,
            phone_number=Tri.NO,
        )

    def _money(self, cents: Decimal) -> Money:
        return Money.of(cents / 100, self.currency)

    async def _packages(self, query: Mapping[str, str]) -> list[Any]:
        entries: list[Any] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            params: dict[str, str | int] = {**query, "includeUnlimited": "true", "limit": PACKAGES_A_PAGE}
            if cursor:
                params["afterCursor"] = cursor
            page = parse(self.id, _Packages, (await self.send_with_token(Call("GET", "/v1/packages", params))).json())
            entries += page.packages
            if not page.afterCursor:
                return entries
            if page.afterCursor == cursor:
                break  # the same page again
            cursor = page.afterCursor
        raise Malformed(self.id, "afterCursor", "no_end")

    async def _purchases(self, query: Mapping[str, str]) -> list[_Purchase]:
        found: list[_Purchase] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            params: dict[str, str | int] = {**query, "limit": PURCHASES_A_PAGE}
            if cursor:
                params["afterCursor"] = cursor
            page = parse(self.id, _Purchases, (await self.send_with_token(Call("GET", "/v1/purchases", params))).json())
            found += page.purchases
            if not page.afterCursor:
                return found
            if page.afterCursor == cursor:
                break  # the same page again
            cursor = page.afterCursor
        raise Malformed(self.id, "afterCursor", "no_end")

    async def cards(self) -> tuple[RemoteCard, ...]:
        """The cards of every purchase (5.3), each once."""
        newest: dict[str, _Purchase] = {}
        first: dict[str, datetime] = {}
        for purchase in sorted(await self._purchases({}), key=lambda purchase: purchase.createdDate):
            newest[purchase.esim.iccid] = purchase
            first.setdefault(purchase.esim.iccid, purchase.createdDate)
        cards = [
            RemoteCard(
                remote_id=iccid,
                name=purchase.package.destinationName,
                iccid=iccid,
                countries=_country(purchase.package.destination, purchase.package.destinationISO2),
                created_at=first[iccid],
            )
            for iccid, purchase in newest.items()
        ]
        return tuple(sorted(cards, key=lambda card: card.created_at or first[card.remote_id], reverse=True))

    async def reading(self, card: str) -> ProviderReading:
        """The sum over the purchases that can still hold data, and each of them."""
        esim = await self._esim(card)
        purchases = await self._purchases({"iccid": card})
        taken_at = self.now()
        live = [purchase for purchase in purchases if purchase.endDate is None or purchase.endDate > taken_at]
        left = [await self._left(purchase.id) for purchase in live]
        balances = [_balance(purchase, remaining) for purchase, remaining in zip(live, left, strict=True)]
        dated = [Validity(ValidityKind.PLAN, _last_day(end), _name(p), end) for p in (live or purchases) if (end := p.endDate) is not None]
        status = STATUS.get(esim.status)
        if status is LineStatus.ACTIVE and purchases and not live:
            status = LineStatus.EXPIRED
        return ProviderReading(
            remote_id=card,
            taken_at=taken_at,
            as_of=self.earliest(taken_at),
            data=_summed(balances) if purchases else (),
            validity=tuple(dated) if live else tuple(sorted(dated, key=lambda validity: validity.last_day)[-1:]),
            status=status,
            status_said=esim.status,
            complete=frozenset({Measure.DATA, Measure.VALIDITY}),
        )

    async def _left(self, purchase: str) -> Decimal:
        answer = await self.send_with_token(Call("GET", f"/v1/purchases/{quote(purchase, safe='')}/consumption"))
        return parse(self.id, _Consumption, answer.json()).dataUsageRemainingInBytes

    async def _esim(self, card: str) -> _Esim:
        """Its only parameter is the ICCID, so that a 400 is about the card; no 404 is declared (section 8)."""
        answer = await self.send_with_token(Call("GET", "/v1/esim", {"iccid": card}, accept=(400,)))
        if answer.status == 400:
            raise NotFound(self.id, "card")
        return parse(self.id, _EsimAnswer, answer.json()).esim

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """Packages of the card's own destination, once for each validity they can be ordered with."""
        if not (await self._esim(card)).isTopUpAllowed:
            raise Refused(self.id, 200, "isTopUpAllowed is false", code="top_up_not_allowed")
        purchases = await self._purchases({"iccid": card})
        if not purchases:
            return ()
        destination = max(purchases, key=lambda purchase: purchase.createdDate).package.destination
        entries = await self._packages({"destination": destination})
        packages = [parse(self.id, _Package, entry, f"packages[{index}]") for index, entry in enumerate(entries)]
        return tuple(self._product(package, days) for package in packages for days in _durations(package))

    def _product(self, package: _Package, days: int) -> TopUpProduct:
        unlimited = package.dataLimitInGB == UNLIMITED
        return TopUpProduct(
            product_id=f"{package.id}:{package.dataLimitInGB.normalize():f}:{days}",
            name=package.destination,
            price=self._money(package.priceInCents),
            allowance=_allowance(package.dataLimitInBytes),
            validity_days=days,
            countries=_country(package.destination, package.destinationISO2),
            extends=Tri.NO,
            said="unlimited" if unlimited else f"{package.dataLimitInGB.normalize():f} GB",
        )

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """A purchase for the card. Safe to repeat: a known key is replayed for three days, and looked up by referenceId after."""
        check_reference(reference)
        content = json.dumps(self._order(card, product, reference), sort_keys=True).encode()

        async def send() -> OrderOutcome:
            answer = await self._send_with_key(content, reference)
            done = parse(self.id, _TopUp, answer.json())
            end = done.purchase.endDate
            return OrderOutcome(
                OrderStatus.CONFIRMED,
                reference,
                order_id=done.purchase.id,
                remote_id=done.profile.iccid,
                product_id=product.product_id,
                # Neither price nor size is answered (5.2); both are those of the package, if it is the one that was shown.
                charged=product.price if product.product_id.startswith(f"{done.purchase.packageId}:") else None,
                placed_at=done.purchase.createdDate,
                validity=() if end is None else (Validity(ValidityKind.PLAN, _last_day(end), ends_at=end),),
            )

        return await self.place_once(reference, send, search_first=True, is_duplicate=lambda refusal: refusal.status == 422)

    def _order(self, card: str, product: TopUpProduct, reference: str) -> dict[str, Any]:
        _, size, days_said = product.product_id.rsplit(":", 2)
        gigabytes, days = Decimal(size), int(days_said)
        body: dict[str, Any] = {
            "iccid": card,
            "dataLimitInGB": int(gigabytes) if gigabytes % 1 == 0 else float(gigabytes),
            "referenceId": reference,
        }
        if gigabytes == UNLIMITED:
            first = self.now().date()
            return {**body, "startDate": first.isoformat(), "endDate": (first + timedelta(days=days - 1)).isoformat()}
        return {**body, "duration": days}

    async def _send_with_key(self, content: bytes, key: str) -> Answer:
        """Byte for byte the same at every attempt (section 7). Waits while the original is still running (409)."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        call = Call("POST", "/v1/purchases/topup", content=content, headers=headers, idempotent=True, accept=(409,))
        for wait in (*STILL_RUNNING_S, None):
            answer = await self.send_with_token(call)
            if answer.status != 409:
                return answer
            if wait is not None:
                await asyncio.sleep(wait)
        raise Unreachable(self.id, Because.SERVER, "409", status=409)

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """By referenceId; only purchases that succeeded are listed (5.3)."""
        purchases = await self._purchases({"referenceId": check_reference(reference)})
        if not purchases:
            return None
        purchase = purchases[0]
        return OrderOutcome(
            OrderStatus.CONFIRMED,
            reference,
            order_id=purchase.id,
            remote_id=purchase.esim.iccid,
            charged=self._money(purchase.package.priceInCents),
            placed_at=purchase.createdDate,
        )

    async def install(self, card: str) -> InstallInfo:
        """The LPA string; the picture of the QR code is not kept, it holds the same."""
        esim = await self._esim(card)
        try:
            code = lpa_code(esim.manualActivationCode)
        except ValueError:
            raise Malformed(self.id, "esim.manualActivationCode", "no_lpa") from None
        return InstallInfo(card, lpa_code=Secret(code), iccid=esim.iccid, status_said=esim.status)

    async def account(self) -> AccountBalance:
        """The account answers; a balance is not in this API (trap 15)."""
        answer = await self.send_with_token(Call("GET", "/v1/purchases", {"limit": 1}))
        parse(self.id, _Purchases, answer.json())
        return AccountBalance(None)


def _allowance(limit: Decimal) -> Allowance:
    if limit == UNLIMITED:
        return Allowance(AllowanceKind.UNLIMITED)
    return Allowance(AllowanceKind.TOTAL, DataVolume.of(limit, DataUnit.BYTE))


def _durations(package: _Package) -> tuple[int, ...]:
    """Validities that can be ordered for this row. Unlimited rows are bought by dates, for their one length (trap 6)."""
    if package.dataLimitInGB == UNLIMITED:
        return (package.maxDays,) if package.minDays == package.maxDays and package.maxDays in UNLIMITED_DAYS else ()
    return tuple(days for days in DURATIONS if package.minDays <= days <= package.maxDays)


def _country(alpha3: str, alpha2: str) -> frozenset[str]:
    """The country, when both codes name the same one: the codes of regions look like codes of countries (trap 12)."""
    return frozenset({alpha2}) if is_country(alpha2) and read_places(alpha3).ids == (alpha2,) else frozenset()


def _countries(place: _Destination) -> tuple[frozenset[str], bool]:
    """Countries by their names, and whether every name was understood."""
    read = [tuple(code for code in read_places(name).ids if is_country(code)) for name in place.supportedCountries]
    return frozenset(code for codes in read for code in codes), all(read)


def _name(purchase: _Purchase) -> str:
    return purchase.package.destinationName


def _balance(purchase: _Purchase, left: Decimal) -> DataBalance:
    end = purchase.endDate
    last_day = None if end is None else _last_day(end)
    limit = purchase.package.dataLimitInBytes
    if UNLIMITED in (limit, left):
        return DataBalance(_name(purchase), unlimited=Tri.YES, last_day=last_day)
    total, remaining = DataVolume.of(limit, DataUnit.BYTE), DataVolume.of(left, DataUnit.BYTE)
    return DataBalance(_name(purchase), remaining, total, unlimited=Tri.NO, last_day=last_day)


def _summed(balances: list[DataBalance]) -> tuple[DataBalance, ...]:
    """The line's figure, then each purchase where there are several. One unlimited purchase makes the line unlimited (section 10)."""
    if any(balance.unlimited is Tri.YES for balance in balances):
        line = DataBalance(unlimited=Tri.YES)
    else:
        left = sum((balance.remaining.bytes for balance in balances if balance.remaining), 0)
        total = sum((balance.total.bytes for balance in balances if balance.total), 0)
        line = DataBalance(remaining=DataVolume(left), total=DataVolume(total) if balances else None, unlimited=Tri.NO)
    return (line, *balances) if len(balances) > 1 else (line,)


def _last_day(end: datetime) -> date:
    """The local day that ends at ``end``: a day asked for ends a second before some full quarter hour of UTC (trap 10).

    21:59:59 is the end of that day two hours east, 04:59:59 the end of the day before five hours west.
    """
    seconds = end.hour * 3600 + end.minute * 60 + end.second
    ends_a_day = (seconds + 1) % 900 == 0
    return end.date() - timedelta(days=1) if ends_a_day and end.hour < 12 else end.date()
