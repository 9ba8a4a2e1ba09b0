"""Keepgo partner API v2: data lines in pocket WiFis, plastic SIMs and eSIMs (eSIMba consoles speak it too).

Contract: keepgo.md, "Base, auth, conventions". Units: usage in kilobytes, refills in megabytes, both binary (1 GB = 1,048,576 KB =
1,024 MB); prices in US dollars; times are UTC, written without a zone. A plan is a bundle and one of its refills, and has no id of its
own. Lifetime data (null days) stays as long as the line is refilled once a year. No idempotency: a refill is sent once, and looked for
among the line's data bundles when its answer is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.order import AccountBalance, InstallInfo, OrderOutcome, OrderStatus, ProviderReading, RemoteCard, Secret, TopUpProduct
from services.model.plan import Allowance, AllowanceKind, Network, Plan
from services.model.reading import DataBalance, LineStatus, Measure, Validity, ValidityKind
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Readings, Wire, check_reference, collect, parse
from services.providers.errors import Malformed, NotFound, ProviderError, Refused, Unauthorised, Unsupported
from services.providers.http import Answer, Call
from services.providers.traced import TRACES, Trace, mark_of, traced_reference
from services.providers.wire import Count, Flag, MaybeText, Name, NumberOrText, Text, lpa_code
from services.rules.places.names import is_country
from services.rules.places.reading import read_places

ROOT = "/api/v2"
LINES_A_PAGE = 100
MOST_PAGES = 500
A_YEAR = 365
"""[F]: lifetime data is kept for a year after a refill, and a purchase is one."""

FAIR_USE_A_DAY = DataVolume.of(1, DataUnit.GB)
SLOW_KBPS = 128
"""[F]: unlimited plans give 1 GB a day, then 128 kbps, allow a hotspot and cannot be refilled."""

REFUSED = {"error", "fail", "failed", "failure"}
STATUS = {"activated": LineStatus.ACTIVE, "deactivated": LineStatus.SUSPENDED}
RUNNING = {"1", "active"}


def _id(value: Any) -> Any:
    """An id comes as a number or as text; it is compared as text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _time(value: Any) -> Any:
    """A time without a zone is UTC; null and "" are not set; a day alone is its first moment."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise ValueError("not a time")
    moment = datetime.fromisoformat(value.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


Id = Annotated[Name, BeforeValidator(_id)]
Time = Annotated[datetime | None, BeforeValidator(_time)]
Kb = Annotated[NumberOrText, Field(ge=0)]


class _Refill(Wire):
    title: Text = ""
    amount_mb: Count = Field(gt=0)
    amount_days: Count | None
    price_usd: NumberOrText = Field(ge=0)

    @property
    def unlimited(self) -> bool:
        """Only the title tells."""
        return "unlimited" in self.title.casefold()

    @property
    def product_id(self) -> str:
        return _product_id(self.amount_mb, self.amount_days)


class _NetworkWire(Wire):
    title: Text = ""
    local_networks: tuple[Text, ...] | None = None


class _Bundle(Wire):
    id: Id
    name: Name
    description: MaybeText = None
    coverage: tuple[Text, ...]
    refills: list[Any]
    networks: tuple[_NetworkWire, ...] | None = None


class _Bundles(Wire):
    bundles: list[Any]


class _Data(Wire):
    id: Id
    status: Id
    allowed_usage_kb: Kb
    remaining_usage_kb: Kb | None = None
    validity: Count | None = None
    assigned_at: Time = None
    expire_at: Time = None

    @property
    def running(self) -> bool:
        return self.status.casefold() in RUNNING


class _Line(Wire):
    """A line in the list and by itself; ``active_kb``, which counts what is used, is not read."""

    iccid: Id
    status: Text = ""
    notes: MaybeText = None
    deactivation_date: Time = None
    allowed_usage_kb: Kb | None = None
    remaining_usage_kb: Kb | None = None
    remaining_days: Count | None = None
    bundle: MaybeText = None
    data_bundles: tuple[_Data, ...] | None = None
    lpa_code: MaybeText = Field(default=None, repr=False)
    auto_refill_turned_on: Flag = False


class _Page(Wire):
    items: list[Any]
    last_page: Count = 1


class _Lines(Wire):
    sim_cards: _Page


class _Details(Wire):
    sim_card: _Line


class _Available(Wire):
    available_refills: tuple[_Refill, ...]


class _Refilled(Wire):
    data_bundle_id: Id
    transaction_id: Id


class Keepgo(Provider):
    """One partner account. A card is a line, named by its ICCID. ``console_url``: a console of one's own instead of Keepgo's."""

    id = "keepgo"

    def __init__(self, *, base_url: str | None = None, credentials: Mapping[str, str] | None = None, **more: Any) -> None:
        console = (credentials or {}).get("console_url", "")
        super().__init__(base_url=base_url or _console(console), credentials=credentials, **more)

    async def _ask(self, call: Call) -> Any:
        """The payload of a success. ``ack`` decides, whatever the HTTP status says."""
        headers = {"apiKey": self.credential("api_key"), "accessToken": self.credential("access_token")}
        answer = await self.http.send(replace(call, path=ROOT + call.path, headers=headers, accept=(400, 403, 404, 422)))
        if answer.status == 403:
            raise Unauthorised(self.id, self._said(answer))
        if answer.status == 404:
            raise NotFound(self.id, "card" if call.path.startswith("/line/") else "path")
        said = answer.json() if answer.status == 200 else {"ack": "error"}
        ack = said.get("ack") if isinstance(said, dict) else None
        if ack == "success":
            return said
        if answer.status != 200 or (isinstance(ack, str) and ack.casefold() in REFUSED):
            raise Refused(self.id, answer.status, self._said(answer))
        raise Malformed(self.id, "ack", "not_success")

    def _said(self, answer: Answer) -> str:
        """Where the words of a failure stand is not documented: the first text under a likely name, else the raw body."""
        try:
            said = answer.json()
        except Malformed:
            return ""
        for name in ("message", "error", "errors"):
            text = said.get(name) if isinstance(said, dict) else None
            if isinstance(text, str) and text:
                return self.http.clean(text)
        return self.http.clean(answer.body.decode("utf-8", "replace"))

    async def plans(self) -> Catalogue:
        """Every bundle with each of its refills."""
        bundles = parse(self.id, _Bundles, await self._ask(Call("GET", "/bundles", {"with_async": "false"}))).bundles
        if not bundles:
            raise Malformed(self.id, "bundles", "empty")
        as_of = self.now()
        entries: list[Any] = []
        for index, entry in enumerate(bundles):
            path = f"bundles[{index}]"
            try:
                bundle = parse(self.id, _Bundle, entry, path)
            except Malformed as error:
                entries.append(error)
                continue
            entries += [(f"{path}.refills[{at}]", bundle, refill) for at, refill in enumerate(bundle.refills)]
        return collect(self.id, entries, lambda _, entry: self._plan(entry, as_of), as_of, "bundles")

    def _plan(self, entry: Any, as_of: datetime) -> Plan:
        if isinstance(entry, Malformed):
            raise entry
        path, bundle, said = entry
        refill = parse(self.id, _Refill, said, path)
        countries, unread = _coverage(bundle.coverage)
        return Plan(
            source=self.id,
            plan_id=f"{bundle.id}:{refill.product_id}",
            seller=self.facts.name,
            name=" ".join([bundle.name, refill.title, *(f"(+ {name})" for name in unread)]).strip(),
            allowance=_allowance(refill),
            validity_days=self._days(refill, path),
            countries=countries,
            coverage_complete=bool(countries) and not unread,
            price=Money.of(refill.price_usd, "USD"),
            fetched_at=as_of,
            hotspot=Tri.YES if refill.unlimited else Tri.UNKNOWN,
            top_up=Tri.NO if refill.unlimited else Tri.UNKNOWN,
            phone_number=Tri.NO,
            networks=_networks(bundle.networks or ()),
        )

    def _days(self, refill: _Refill, path: str) -> int:
        if refill.amount_days is None:
            return A_YEAR
        if refill.amount_days == 0:
            raise Malformed(self.id, f"{path}.amount_days", "no_days")
        return refill.amount_days

    async def _rows(self) -> list[Any]:
        rows: list[Any] = []
        for number in range(1, MOST_PAGES):
            said = await self._ask(Call("GET", "/lines", {"page": number, "per_page": LINES_A_PAGE}))
            page = parse(self.id, _Lines, said).sim_cards
            rows += page.items
            if number >= page.last_page:
                return rows
        raise Malformed(self.id, "sim_cards.last_page", "no_end")

    async def cards(self) -> tuple[RemoteCard, ...]:
        """Every line of the account."""
        lines = [parse(self.id, _Line, row, f"sim_cards.items[{index}]") for index, row in enumerate(await self._rows())]
        return tuple(
            RemoteCard(
                remote_id=line.iccid,
                name=line.notes or line.bundle or "",
                iccid=line.iccid,
                status=STATUS.get(line.status.casefold()),
                status_said=line.status,
            )
            for line in lines
        )

    async def readings(self, cards: Sequence[str]) -> Readings:
        """From the list of lines, a hundred or fewer a call: the way the provider means it to be done."""
        rows = await self._rows()
        taken_at = self.now()
        good: dict[str, ProviderReading] = {}
        failed: dict[str, ProviderError] = {card: NotFound(self.id, "card") for card in cards}
        for index, row in enumerate(rows):
            card = _id(row.get("iccid")) if isinstance(row, dict) else None
            if not isinstance(card, str) or card not in failed:
                continue
            try:
                good[card] = self._reading(parse(self.id, _Line, row, f"sim_cards.items[{index}]"), taken_at)
                del failed[card]
            except ProviderError as error:
                failed[card] = error
        return Readings(good, failed)

    async def reading(self, card: str) -> ProviderReading:
        """From the line's details, which say when each data bundle ends."""
        return self._reading(await self._details(card), self.now())

    async def _details(self, card: str) -> _Line:
        return parse(self.id, _Details, await self._ask(Call("GET", f"/line/{quote(card, safe='')}/get_details"))).sim_card

    def _reading(self, line: _Line, taken_at: datetime) -> ProviderReading:
        left, total = line.remaining_usage_kb, line.allowed_usage_kb
        data = DataBalance(
            remaining=None if left is None else _kb(left), total=None if total is None else _kb(total), unlimited=Tri.UNKNOWN
        )
        ends = [one.expire_at for one in line.data_bundles or () if one.running and one.expire_at]
        validity: list[Validity] = []
        if ends:
            validity.append(self.ends(ValidityKind.PLAN, max(ends)))
        elif line.remaining_days is not None:
            validity.append(Validity(ValidityKind.PLAN, (taken_at + timedelta(days=line.remaining_days)).astimezone(UTC).date()))
        if line.deactivation_date is not None:
            validity.append(self.ends(ValidityKind.NUMBER, line.deactivation_date, "deactivation_date"))
        return ProviderReading(
            remote_id=line.iccid,
            taken_at=taken_at,
            data=() if left is None and total is None else (data,),
            validity=tuple(validity),
            status=STATUS.get(line.status.casefold()),
            status_said=line.status,
            complete=frozenset({Measure.DATA, Measure.VALIDITY}),
        )

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """The line's refills; empty for one that cannot be refilled. Says so when it refills itself."""
        said = await self._ask(Call("GET", f"/line/{quote(card, safe='')}/available_refills"))
        refills = parse(self.id, _Available, said).available_refills
        if not refills:
            return ()
        automatic = (await self._details(card)).auto_refill_turned_on
        return tuple(
            TopUpProduct(
                product_id=refill.product_id,
                name=refill.title or f"{refill.amount_mb} MB",
                price=Money.of(refill.price_usd, "USD"),
                allowance=_allowance(refill),
                validity_days=refill.amount_days or None,
                extends=Tri.YES if refill.amount_days is None else Tri.UNKNOWN,
                said="auto_refill_turned_on" if automatic else "",
            )
            for refill in refills
        )

    def new_reference(self, card: str, product: TopUpProduct) -> str:
        return traced_reference(card, product.product_id, self.now())

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """Sent once. What it cost is not answered; ``order_id`` is the number of the line's new data bundle."""
        check_reference(reference)
        megabytes, _, days = product.product_id.partition(":")
        body = {"amount_mb": int(megabytes), "amount_days": int(days) if days else None}
        if TRACES.of(self.account_key, reference) is None:
            there = frozenset(one.id for one in (await self._details(card)).data_bundles or ())
            TRACES.keep(self.account_key, reference, Trace(card, mark_of(product.product_id), self.now(), there))

        async def send() -> OrderOutcome:
            said = await self._ask(Call("POST", f"/line/{quote(card, safe='')}/refill", json=body))
            done = parse(self.id, _Refilled, said)
            TRACES.claim(self.account_key, done.data_bundle_id, reference)
            return OrderOutcome(
                OrderStatus.CONFIRMED,
                reference,
                order_id=done.data_bundle_id,
                remote_id=card,
                product_id=product.product_id,
                placed_at=self.now(),
                said=done.transaction_id,
            )

        return await self.place_once(reference, send, search_first=True)

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """A data bundle of this size, assigned to the line since. Raises Unsupported for a reference that does not say which line."""
        trace = TRACES.of(self.account_key, check_reference(reference))
        if trace is None:
            raise Unsupported(self.id, "find_order")
        fitting = [
            (one.assigned_at, one)
            for one in (await self._details(trace.card)).data_bundles or ()
            if one.assigned_at
            and TRACES.free_for(self.account_key, one.id, reference)
            and trace.fits(one.id, _product_id(int(one.allowed_usage_kb / 1024), one.validity), one.assigned_at)
        ]
        if not fitting:
            return None
        placed_at, first = min(fitting, key=lambda pair: pair[0])
        TRACES.claim(self.account_key, first.id, reference)
        return OrderOutcome(
            OrderStatus.CONFIRMED,
            reference,
            order_id=first.id,
            remote_id=trace.card,
            product_id=_product_id(int(first.allowed_usage_kb / 1024), first.validity),
            placed_at=placed_at,
        )

    async def install(self, card: str) -> InstallInfo:
        """A complete LPA string; none for plastic cards and for what is built into a device."""
        line = await self._details(card)
        try:
            code = Secret(lpa_code(line.lpa_code)) if line.lpa_code else None
        except ValueError:
            raise Malformed(self.id, "sim_card.lpa_code", "no_lpa") from None
        return InstallInfo(card, lpa_code=code, iccid=line.iccid, status_said=line.status)

    async def account(self) -> AccountBalance:
        """The prepaid balance where the answer has one under a likely name; its shape is not documented."""
        said = await self._ask(Call("GET", "/account_balance"))
        for place in (said, *(value for value in said.values() if isinstance(value, dict))):
            for name in ("balance", "account_balance", "amount"):
                if place.get(name) is not None and not isinstance(place[name], dict):
                    figure = parse(self.id, _Figure, {"balance": place[name], "currency": place.get("currency") or "USD"})
                    return AccountBalance(Money.of(figure.balance, figure.currency.upper()))
        return AccountBalance(None)


class _Figure(Wire):
    balance: NumberOrText
    currency: str = Field(pattern=r"^[A-Za-z]{3}$")


def _console(url: str) -> str | None:
    """The address of a console, whatever was pasted of it; always over TLS."""
    url = url.strip()
    host = urlsplit(url if "//" in url else f"//{url}").netloc
    return f"https://{host}" if host else None


def _product_id(megabytes: int, days: int | None) -> str:
    return f"{megabytes}:{'' if days is None else days}"


def _kb(amount: Decimal) -> DataVolume:
    return DataVolume.of(amount, DataUnit.KIB)


def _allowance(refill: _Refill) -> Allowance:
    if refill.unlimited:
        return Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=FAIR_USE_A_DAY, speed_after_kbps=SLOW_KBPS)
    return Allowance(AllowanceKind.TOTAL, DataVolume.of(refill.amount_mb, DataUnit.MIB))


def _coverage(names: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Countries by their names, and the names that nobody knows."""
    codes = {name: [code for code in read_places(name).ids if is_country(code)] for name in names}
    return frozenset(code for found in codes.values() for code in found), tuple(name for name, found in codes.items() if not found)


def _networks(networks: Sequence[_NetworkWire]) -> tuple[Network, ...]:
    return tuple(
        Network(code, operator)
        for entry in networks
        for code in read_places(entry.title).ids[:1]
        if is_country(code)
        for operator in entry.local_networks or ()
    )
