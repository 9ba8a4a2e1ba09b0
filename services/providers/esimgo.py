"""eSIM Go API v2.5: travel eSIMs, bundles assigned to cards.

Contract: esimgo.md, "Units". Units: catalogue ``dataAmount`` counts decimal megabytes (1000 = 1 GB), quantities on a card count
decimal bytes (1 GB = 1,000,000,000); either is ignored where ``unlimited`` is set. Prices are decimal, in the organisation's
currency, which the catalogue does not name. Times are UTC. Ten calls a second. No idempotency key: a transaction is sent once, and
looked for among the orders of the card when its answer is lost.

``/esims/{iccid}/refresh`` is never called: it disconnects the phone.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.order import AccountBalance, InstallInfo, OrderOutcome, OrderStatus, ProviderReading, RemoteCard, Secret, TopUpProduct
from services.model.plan import Allowance, AllowanceKind, Network, Plan, StartRule
from services.model.reading import CountBalance, DataBalance, LineStatus, Measure, ValidityKind
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Wire, check_reference, collect, parse
from services.providers.errors import Malformed, NotFound, ProviderError, Refused, Unauthorised, Unsupported
from services.providers.http import Answer, Call, said_in
from services.providers.traced import TRACES, Trace, mark_of, traced_reference
from services.providers.wire import Count, Flag, Instant, Int, MaybeInstant, MaybeText, Name, Number, Text, lpa_code
from services.rules.places.names import is_country

ROOT = "/v2.5"
PAGE = 100
MOST_ASSIGNMENTS = 200  # "limit 1-200"; without it 15 are given
MOST_PAGES = 500

WAITING = {"processing", "queued"}
RUNNING = "active"
OVER = {"depleted", "expired", "revoked", "lapsed"}

ESSENTIAL = "Standard Unlimited Essential"
ESSENTIAL_A_DAY = DataVolume.of(1, DataUnit.GB)
ESSENTIAL_KBPS = 1250
"""[G]: 1 GB a day at full speed, then 1.25 Mbps. The fair use of other groups is not published."""

PROFILE = {"suspended": LineStatus.SUSPENDED, "deactivated": LineStatus.CLOSED}
SECONDS = {"MINS": 60, "SECONDS": 1}
PLACED = {"completed": OrderStatus.CONFIRMED, "failed": OrderStatus.FAILED}


class _Country(Wire):
    name: MaybeText = None
    iso: MaybeText = None


class _NetworkWire(Wire):
    name: MaybeText = None
    brandName: MaybeText = None  # noqa: N815 - the provider's spelling
    speeds: tuple[Text, ...] | None = None


class _Roaming(_Country):
    """Flat in the reference, a country with its networks as seen."""

    country: _Country | None = None
    networks: tuple[_NetworkWire, ...] | None = None

    @property
    def code(self) -> str:
        return ((self.country or self).iso or "").upper()


class _Offered(Wire):
    type: Text
    unit: MaybeText = None


class _Bundle(Wire):
    name: Name
    description: MaybeText = None
    groups: tuple[Text, ...] | None = None
    group: MaybeText = None
    countries: tuple[_Country, ...] = ()
    dataAmount: Int  # noqa: N815
    duration: Count = Field(gt=0)
    durationUnit: Text = "day"  # noqa: N815
    speed: tuple[Text, ...] | None = None
    autostart: Flag | None = None
    unlimited: Flag = False
    roamingEnabled: tuple[_Roaming, ...] | None = None  # noqa: N815
    price: Number = Field(ge=0)
    allowances: tuple[_Offered, ...] | None = None

    @property
    def is_unlimited(self) -> bool:
        return self.unlimited or self.dataAmount == -1

    @property
    def in_groups(self) -> set[str]:
        return {*(self.groups or ()), *filter(None, [self.group])}


class _CataloguePage(Wire):
    bundles: list[Any]
    pageCount: Count = 1  # noqa: N815


class _Listed(Wire):
    iccid: Name
    customerRef: MaybeText = None  # noqa: N815
    assignedDate: MaybeInstant = None  # noqa: N815
    state: MaybeText = None


class _CardPage(Wire):
    esims: tuple[_Listed, ...]
    pageCount: Count = 1  # noqa: N815


class _Profile(Wire):
    iccid: Name
    matchingId: Name = Field(repr=False)  # noqa: N815
    smdpAddress: Name  # noqa: N815
    pin: MaybeText = Field(default=None, repr=False)
    puk: MaybeText = Field(default=None, repr=False)
    profileStatus: Text = ""  # noqa: N815


class _CardAllowance(Wire):
    type: Text
    unit: MaybeText = None
    unlimited: Flag = False
    initialAmount: Int | None = None  # noqa: N815
    remainingAmount: Int | None = None  # noqa: N815


class _Assignment(Wire):
    id: Name
    callTypeGroup: Text = "data"  # noqa: N815
    initialQuantity: Int  # noqa: N815
    remainingQuantity: Int  # noqa: N815
    startTime: MaybeInstant = None  # noqa: N815
    endTime: MaybeInstant = None  # noqa: N815
    bundleState: Text  # noqa: N815
    unlimited: Flag = False
    allowances: tuple[_CardAllowance, ...] | None = None

    @property
    def state(self) -> str:
        return self.bundleState.casefold()


class _OnCard(Wire):
    name: Name
    description: MaybeText = None
    assignments: tuple[_Assignment, ...] = ()


class _CardBundles(Wire):
    bundles: tuple[_OnCard, ...] | None


class _Compatible(Wire):
    compatible: Flag


class _OrderEsim(Wire):
    iccid: Name


class _OrderLine(Wire):
    item: Name
    iccids: tuple[Name, ...] | None = None
    esims: tuple[_OrderEsim, ...] | None = None

    @property
    def cards(self) -> set[str]:
        return {*(self.iccids or ()), *(esim.iccid for esim in self.esims or ())}


class _Order(Wire):
    order: tuple[_OrderLine, ...]
    total: Number = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    createdDate: Instant  # noqa: N815
    orderReference: Name  # noqa: N815
    status: Text = ""
    statusMessage: Text = ""  # noqa: N815


class _Validated(Wire):
    total: Number = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class _Organisation(Wire):
    """Only what is needed: the answer also holds the key, the address and the people."""

    name: Text = ""
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    balance: Number


class EsimGo(Provider):
    """One organisation at eSIM Go. A card is named by its ICCID, a product by its bundle's name, letter for letter."""

    id = "esimgo"

    async def _ask(self, call: Call) -> Answer:
        return await self.http.send(replace(call, headers={"X-API-Key": self.credential("api_key")}))

    async def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """An answer that does not hang on one card: a 403 is then about the key or the address it is used from."""
        try:
            return (await self._ask(Call("GET", f"{ROOT}{path}", params))).json()
        except Refused as refusal:
            if refusal.status == 403:
                raise Unauthorised(self.id, refusal.detail) from refusal
            raise

    async def _get_of_card(self, card: str, path: str = "", params: Mapping[str, str | int] | None = None, what: str = "card") -> Any:
        """An answer about one card. 400 and, where the key is good, 403 mean that this organisation has no such card."""
        try:
            return (await self._ask(Call("GET", f"{ROOT}/esims/{quote(card, safe='')}{path}", params))).json()
        except Refused as refusal:
            if refusal.status == 403:
                await self._organisation()
            if refusal.status in {400, 403}:
                raise NotFound(self.id, what) from refusal
            raise

    async def _organisation(self) -> _Organisation:
        said = await self._get("/organisation")
        if isinstance(said, dict) and isinstance(said.get("organisations"), list) and said["organisations"]:
            said = said["organisations"][0]
        return parse(self.id, _Organisation, said)

    async def account(self) -> AccountBalance:
        """The balance, of which test credit is a part already."""
        organisation = await self._organisation()
        return AccountBalance(Money.of(organisation.balance, organisation.currency), name=organisation.name)

    async def plans(self) -> Catalogue:
        """The whole catalogue, priced in the organisation's currency."""
        currency = (await self._organisation()).currency
        entries = await self._bundles({})
        if not entries:
            raise Malformed(self.id, "bundles", "empty")
        as_of = self.now()
        return collect(self.id, entries, lambda index, entry: self._plan(index, entry, currency, as_of), as_of, "bundles")

    async def _bundles(self, query: Mapping[str, str | int]) -> list[Any]:
        """All pages; a bare list, as in the reference, is one page."""
        entries: list[Any] = []
        for number in range(1, MOST_PAGES):
            said = await self._get("/catalogue", {**query, "page": number, "perPage": PAGE})
            page = parse(self.id, _CataloguePage, {"bundles": said} if isinstance(said, list) else said)
            again = number > 1 and page.bundles == entries[-len(page.bundles) :]
            entries += page.bundles
            if number >= page.pageCount:
                return entries
            if again or not page.bundles:
                break  # it counts pages that it does not have
        raise Malformed(self.id, "pageCount", "no_end")

    def _plan(self, index: int, entry: Any, currency: str, as_of: datetime) -> Plan | None:
        path = f"bundles[{index}]"
        bundle = parse(self.id, _Bundle, entry, path)
        if not bundle.is_unlimited and bundle.dataAmount == 0:
            return None  # voice or messages alone
        countries, complete = _coverage(bundle)
        return Plan(
            source=self.id,
            plan_id=bundle.name,
            seller=self.facts.name,
            name=bundle.description or bundle.name,
            allowance=self._allowance(bundle, path),
            validity_days=self._days(bundle, path),
            countries=countries,
            coverage_complete=complete,
            price=Money.of(bundle.price, currency),
            fetched_at=as_of,
            start_rule=StartRule.FIRST_CONNECTION if bundle.autostart else StartRule.UNKNOWN,
            five_g=Tri.of(any("5G" in speed for speed in bundle.speed)) if bundle.speed else Tri.UNKNOWN,
            phone_number=Tri.YES if any(one.type == "VOICE" for one in bundle.allowances or ()) else Tri.UNKNOWN,
            networks=_networks(bundle),
        )

    def _allowance(self, bundle: _Bundle, path: str) -> Allowance:
        if bundle.is_unlimited:
            if ESSENTIAL in bundle.in_groups:
                return Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=ESSENTIAL_A_DAY, speed_after_kbps=ESSENTIAL_KBPS)
            return Allowance(AllowanceKind.UNLIMITED)
        if bundle.dataAmount < 0:
            raise Malformed(self.id, f"{path}.dataAmount", "negative")
        return Allowance(AllowanceKind.TOTAL, DataVolume.of(bundle.dataAmount, DataUnit.MB))

    def _days(self, bundle: _Bundle, path: str) -> int:
        if bundle.durationUnit.casefold() not in {"day", "days"}:
            raise Malformed(self.id, f"{path}.durationUnit", "not_days")
        return bundle.duration

    async def cards(self) -> tuple[RemoteCard, ...]:
        """Every card of the organisation; the list says nothing of usage."""
        found: list[_Listed] = []
        for number in range(1, MOST_PAGES):
            page = parse(self.id, _CardPage, await self._get("/esims", {"page": number, "perPage": PAGE}))
            found += page.esims
            if number >= page.pageCount:
                break
        return tuple(
            RemoteCard(
                remote_id=card.iccid,
                name=card.customerRef or "",
                iccid=card.iccid,
                status=PROFILE.get((card.state or "").casefold()),
                status_said=card.state or "",
                created_at=card.assignedDate,
            )
            for card in found
        )

    async def _on_card(self, card: str) -> tuple[_OnCard, ...]:
        said = await self._get_of_card(card, "/bundles", {"includeUsed": "true", "limit": MOST_ASSIGNMENTS})
        return parse(self.id, _CardBundles, said).bundles or ()

    async def reading(self, card: str) -> ProviderReading:
        """The sum of what runs and what waits behind it; the end of what runs."""
        bundles = await self._on_card(card)
        taken_at = self.now()
        each = [(bundle, one) for bundle in bundles for one in bundle.assignments]
        live = [(bundle, one) for bundle, one in each if one.state == RUNNING or one.state in WAITING]
        over = [(bundle, one) for bundle, one in each if one.state in OVER]
        known = len(live) + len(over) == len(each)
        running = [(bundle, one) for bundle, one in live if one.state == RUNNING]
        balances = [self._balance(bundle, one) for bundle, one in live if one.callTypeGroup == "data"]
        ending = running or ([] if live else sorted(over, key=_end)[-1:])
        return ProviderReading(
            remote_id=card,
            taken_at=taken_at,
            data=_summed(balances, known) if each else (),
            voice=_counted(live, "VOICE", SECONDS),
            sms=_counted(live, "SMS", {"SMS": 1}),
            validity=tuple(self.ends(ValidityKind.PLAN, one.endTime, _title(bundle)) for bundle, one in ending if one.endTime),
            status=_status(running, live, over, known),
            status_said=", ".join(sorted({one.bundleState for _, one in running or live or over})),
            complete=frozenset({Measure.DATA, Measure.VALIDITY}) if known else frozenset(),
        )

    def _balance(self, bundle: _OnCard, one: _Assignment) -> DataBalance:
        last_day = None if one.endTime is None else self.ends(ValidityKind.PLAN, one.endTime).last_day
        if one.unlimited:
            return DataBalance(_title(bundle), unlimited=Tri.YES, last_day=last_day)
        if one.initialQuantity < 0 or one.remainingQuantity < 0:
            raise Malformed(self.id, f"bundles.{bundle.name}.remainingQuantity", "negative")
        left, total = DataVolume(one.remainingQuantity), DataVolume(one.initialQuantity)
        return DataBalance(_title(bundle), left, total, unlimited=Tri.NO, last_day=last_day)

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """Bundles for where the card was used last. Whether the card takes one is asked when it is chosen: a call for each."""
        for on_card in reversed(await self._on_card(card)):
            try:
                said = await self._get(f"/catalogue/bundle/{quote(on_card.name, safe='')}")
            except Refused as refusal:
                if refusal.status == 400:
                    continue  # no longer sold
                raise
            base = parse(self.id, _Bundle, said).countries
            codes = {country.iso for country in base if country.iso and is_country(country.iso)}
            entries = await self._bundles({"countries": ",".join(sorted(codes))} if codes else {})
            currency = (await self._organisation()).currency
            names = {country.name for country in base}
            bundles = [parse(self.id, _Bundle, entry, f"bundles[{index}]") for index, entry in enumerate(entries)]
            return tuple(self._product(b, currency) for b in bundles if names & {country.name for country in b.countries})
        return ()

    def _product(self, bundle: _Bundle, currency: str) -> TopUpProduct:
        return TopUpProduct(
            product_id=bundle.name,
            name=bundle.description or bundle.name,
            price=Money.of(bundle.price, currency),
            allowance=self._allowance(bundle, bundle.name) if bundle.dataAmount else None,
            validity_days=self._days(bundle, bundle.name),
            countries=_coverage(bundle)[0],
            extends=Tri.NO,
        )

    def new_reference(self, card: str, product: TopUpProduct) -> str:
        return traced_reference(card, product.product_id, self.now())

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """Checked (does the card take it, is it still this price), then sent once and for this card alone (``allowReassign`` false)."""
        check_reference(reference)
        if TRACES.of(self.account_key, reference) is None:
            trace = Trace(card, mark_of(product.product_id), self.now())
            there = [found.orderReference for found in await self._orders(trace)]
            TRACES.keep(self.account_key, reference, Trace(card, trace.mark, trace.made_at, frozenset(there)))

        async def send() -> OrderOutcome:
            try:
                await self._check(card, product)
            except ProviderError as error:
                error.may_have_arrived = False  # the order itself was not sent yet
                raise
            placed = parse(self.id, _Order, await self._post_order(card, product, "transaction"))
            TRACES.claim(self.account_key, placed.orderReference, reference)
            return self._outcome(card, product.product_id, reference, placed)

        return await self.place_once(reference, send, search_first=True)

    async def _check(self, card: str, product: TopUpProduct) -> None:
        """Raises Refused when the card does not take the bundle, or when it would cost something else than was shown."""
        path = f"/compatible/{quote(product.product_id, safe='')}"
        if not parse(self.id, _Compatible, await self._get_of_card(card, path, what="bundle for this card")).compatible:
            raise Refused(self.id, 200, "compatible is false", code="not_compatible")
        price = parse(self.id, _Validated, await self._post_order(card, product, "validate"))
        if product.price is not None and Money.of(price.total, price.currency) != product.price:
            raise Refused(self.id, 200, f"{price.total} {price.currency}", code="price_changed")

    async def _post_order(self, card: str, product: TopUpProduct, kind: str) -> Any:
        line = {"type": "bundle", "quantity": 1, "item": product.product_id, "iccids": [card], "allowReassign": False}
        body = {"type": kind, "assign": True, "order": [line]}
        answer = await self._ask(Call("POST", f"{ROOT}/orders", json=body, idempotent=kind == "validate", accept=(400, 403)))
        if answer.status == 403:
            raise Unauthorised(self.id, self.http.clean(said_in(answer)))
        if answer.status == 400:  # text/plain here (trap 7)
            raise Refused(self.id, 400, self.http.clean(said_in(answer) or answer.body.decode("utf-8", "replace")))
        return answer.json()

    def _outcome(self, card: str, product_id: str | None, reference: str, order: _Order) -> OrderOutcome:
        cards = {iccid for line in order.order for iccid in line.cards}
        elsewhere = bool(cards) and card not in cards
        return OrderOutcome(
            # A bundle that landed on another card left this one as it was.
            OrderStatus.FAILED if elsewhere else PLACED.get(order.status.casefold(), OrderStatus.PENDING),
            reference,
            order_id=order.orderReference,
            remote_id=next(iter(sorted(cards))) if elsewhere else card,
            product_id=product_id,
            charged=Money.of(order.total, order.currency),
            placed_at=order.createdDate,
            said=order.statusMessage or order.status,
        )

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """By card, bundle and time: no reference of ours is kept there. Raises Unsupported for a reference that says none of these."""
        trace = TRACES.of(self.account_key, check_reference(reference))
        if trace is None:
            raise Unsupported(self.id, "find_order")
        found = [one for one in await self._orders(trace) if TRACES.free_for(self.account_key, one.orderReference, reference)]
        if not found:
            return None
        first = min(found, key=lambda order: order.createdDate)
        TRACES.claim(self.account_key, first.orderReference, reference)
        items = [line.item for line in first.order if mark_of(line.item) == trace.mark]
        return self._outcome(trace.card, items[0], reference, first)

    async def _orders(self, trace: Trace) -> list[_Order]:
        """Orders of the trace's time for its card and bundle. The bounds are one parameter given twice; three shapes of list are met."""
        bounds = "&".join(f"createdAt={how}:{_query_time(at)}" for how, at in (("gte", trace.since), ("lte", trace.until)))
        orders: list[_Order] = []
        for number in range(1, MOST_PAGES):
            said = await self._get(f"/orders?includeIccids=true&page={number}&limit={PAGE}&{bounds}")
            entries = said if isinstance(said, list) else said.get("orders", [said]) if isinstance(said, dict) else None
            if not isinstance(entries, list):
                raise Malformed(self.id, "orders", "list_type")
            orders += [parse(self.id, _Order, entry, f"orders[{index}]") for index, entry in enumerate(entries)]
            if len(entries) < PAGE:
                break
        return [
            order
            for order in orders
            if any(trace.card in line.cards and trace.fits(order.orderReference, line.item, order.createdDate) for line in order.order)
        ]

    async def install(self, card: str) -> InstallInfo:
        """The LPA string, built from its two parts; the address may come with a scheme that does not belong there."""
        profile = parse(self.id, _Profile, await self._get_of_card(card))
        host = profile.smdpAddress.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
        try:
            code = lpa_code(f"LPA:1${host}${profile.matchingId}")
        except ValueError:
            raise Malformed(self.id, "matchingId", "no_lpa") from None
        return InstallInfo(
            card,
            lpa_code=Secret(code),
            pin=Secret(profile.pin) if profile.pin else None,
            puk=Secret(profile.puk) if profile.puk else None,
            iccid=profile.iccid,
            status_said=profile.profileStatus,
        )


def _query_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _coverage(bundle: _Bundle) -> tuple[frozenset[str], bool]:
    """Base countries and the roaming list. Regions stand among the base countries: without a roaming list they cover who knows what."""
    base = [(country.iso or "").upper() for country in bundle.countries]
    roaming = [entry.code for entry in bundle.roamingEnabled or ()]
    countries = frozenset(code for code in (*base, *roaming) if is_country(code))
    complete = all(is_country(code) for code in (roaming or base)) and bool(countries)
    return countries, complete


def _networks(bundle: _Bundle) -> tuple[Network, ...]:
    return tuple(
        Network(entry.code, network.brandName or network.name or "", tuple(network.speeds or ()))
        for entry in bundle.roamingEnabled or ()
        if is_country(entry.code)
        for network in entry.networks or ()
        if network.brandName or network.name
    )


def _title(bundle: _OnCard) -> str:
    return bundle.description or bundle.name


def _end(each: tuple[_OnCard, _Assignment]) -> float:
    return each[1].endTime.timestamp() if each[1].endTime else 0.0


def _summed(balances: list[DataBalance], known: bool) -> tuple[DataBalance, ...]:
    """The line's figure, then each bundle where there are several. A state nobody knows leaves the line without a figure."""
    if not known:
        return tuple(balances)
    if any(balance.unlimited is Tri.YES for balance in balances):
        line = DataBalance(unlimited=Tri.YES)
    else:
        left = sum((balance.remaining.bytes for balance in balances if balance.remaining), 0)
        total = sum((balance.total.bytes for balance in balances if balance.total), 0)
        line = DataBalance(remaining=DataVolume(left), total=DataVolume(total) if balances else None, unlimited=Tri.NO)
    return (line, *balances) if len(balances) > 1 else (line,)


def _counted(live: list[tuple[_OnCard, _Assignment]], kind: str, units: Mapping[str, int]) -> tuple[CountBalance, ...]:
    """Voice in seconds or messages, summed; empty when none is there or a unit is not known."""
    found = [allowance for _, one in live for allowance in one.allowances or () if allowance.type == kind]
    if not found or any((allowance.unit or "") not in units for allowance in found):
        return ()
    if any(allowance.unlimited for allowance in found):
        return (CountBalance(unlimited=Tri.YES),)
    left = [allowance.remainingAmount for allowance in found]
    total = [allowance.initialAmount for allowance in found]
    times = [units[allowance.unit or ""] for allowance in found]
    return (CountBalance(remaining=_weighed(left, times), total=_weighed(total, times), unlimited=Tri.NO),)


def _weighed(amounts: list[int | None], times: list[int]) -> int | None:
    said = [amount * each for amount, each in zip(amounts, times, strict=True) if amount is not None and amount >= 0]
    return sum(said) if len(said) == len(amounts) else None


def _status(running: list[Any], live: list[Any], over: list[Any], known: bool) -> LineStatus | None:
    if running:
        return LineStatus.ACTIVE
    if not known:
        return None
    if live:
        return None if over else LineStatus.NOT_ACTIVATED
    return LineStatus.EXPIRED if over else None
