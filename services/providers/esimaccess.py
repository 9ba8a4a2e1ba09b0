"""eSIM Access (RedTea open API v1): plans of the account, cards, balances, top-ups, install codes, wallet.

Contract: docs.esimaccess.com. Units: data in bytes, binary (3 GB = 3221225472); money in USD times 10,000, for prices, the check
amount and the wallet alike; times in UTC. Every call is a POST, reads included; errors come with HTTP 200. Cards are named by
``esimTranNo``: the vendor gives ICCIDs out again. ``transactionId`` is idempotent: a repeated one answers with the first order.
Usage is two to three hours old. For day passes (``dataType`` 2 to 4) price and volume are those of one day.
"""

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pydantic import BaseModel, Field, field_validator

from services.model.data_volume import DataVolume
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
    data_left,
)
from services.model.plan import Allowance, AllowanceKind, Network, Plan, StartRule
from services.model.reading import DataBalance, LineStatus, Measure, ValidityKind
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Readings, Wire, check_reference, collect, parse
from services.providers.errors import Because, Malformed, NotFound, ProviderError, Refused, Unauthorised, Unreachable
from services.providers.http import Answer, Call
from services.providers.wire import Count, Int, MaybeInstant, MaybeText, Name, Text, iso2_codes, lpa_code

PREFIX = "/api/v1/open/"
PRICE_UNITS = 10_000
USAGE_BATCH = 10
PAGE_SIZE = 500
MOST_PAGES = 10_000
MOST_PERIODS = 365
BEGINNING = "2019-01-01T00:00:00Z"
"""Before the service existed: the cards of an account are listed by time."""

TOTAL, DAILY_THEN_SLOW, DAILY_THEN_STOP, DAILY_UNLIMITED = 1, 2, 3, 4
NO_TOP_UP = 1

BUSY = {"000001", "900001"}
CLOCK = "101001"
UNAUTHORISED = {"101002", "101003"}
NO_SUCH_PLAN = {"310241", "310243"}
NO_SUCH_CARD = {"310272", "310403"}
ALLOCATING = "200010"

OVER = {
    "USED_EXPIRED": LineStatus.EXPIRED,
    "UNUSED_EXPIRED": LineStatus.EXPIRED,
    "CANCEL": LineStatus.CLOSED,
    "REVOKED": LineStatus.CLOSED,
}
FUP_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*([KM])bps", re.IGNORECASE)

Obj = TypeVar("Obj", bound=BaseModel)


class _Envelope(Wire):
    """``success`` is a boolean, and "true" in the documentation; ``errorCode`` a text, a number or null."""

    success: bool
    code: str = Field(default="", alias="errorCode")
    message: str = Field(default="", alias="errorMsg")
    obj: Any = None

    @field_validator("success", mode="before")
    @classmethod
    def _as_flag(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ValueError("neither true nor false")
        return value

    @field_validator("code", "message", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return "" if value is None else str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Operator(Wire):
    operatorName: Text  # noqa: N815 - the provider's spelling, here and below
    networkType: MaybeText = None  # noqa: N815


class _Location(Wire):
    locationCode: MaybeText = None  # noqa: N815
    operatorList: tuple[_Operator, ...] | None = None  # noqa: N815


class _Package(Wire):
    packageCode: Name  # noqa: N815
    name: Text
    price: Count
    currencyCode: str = Field(default="USD", pattern=r"^[A-Z]{3}$")  # noqa: N815
    volume: Count
    dataType: Int = TOTAL  # noqa: N815
    duration: Int = Field(gt=0)
    durationUnit: Text = "DAY"  # noqa: N815
    location: Text = ""
    speed: MaybeText = None
    activeType: Int | None = None  # noqa: N815
    retailPrice: Count | None = None  # noqa: N815
    ipExport: MaybeText = None  # noqa: N815
    supportTopUpType: Int | None = None  # noqa: N815
    fupPolicy: MaybeText = None  # noqa: N815
    locationNetworkList: tuple[_Location, ...] | None = None  # noqa: N815


class _PackageList(Wire):
    packageList: list[Any]  # noqa: N815


class _Applied(Wire):
    packageName: MaybeText = None  # noqa: N815
    packageCode: MaybeText = None  # noqa: N815
    locationCode: MaybeText = None  # noqa: N815
    createTime: MaybeInstant = None  # noqa: N815
    transactionId: MaybeText = None  # noqa: N815


class _Esim(Wire):
    esimTranNo: Name  # noqa: N815
    orderNo: MaybeText = None  # noqa: N815
    transactionId: MaybeText = None  # noqa: N815
    iccid: MaybeText = None
    msisdn: MaybeText = None
    ac: MaybeText = Field(default=None, repr=False)
    smdpStatus: MaybeText = None  # noqa: N815
    esimStatus: MaybeText = None  # noqa: N815
    activateTime: MaybeInstant = None  # noqa: N815
    expiredTime: MaybeInstant = None  # noqa: N815
    totalVolume: Count | None = None  # noqa: N815
    orderUsage: Count | None = None  # noqa: N815
    dataType: Int | None = None  # noqa: N815
    pin: MaybeText = Field(default=None, repr=False)
    puk: MaybeText = Field(default=None, repr=False)
    apn: MaybeText = None
    supportTopUpType: Int | None = None  # noqa: N815
    packageList: tuple[_Applied, ...] | None = None  # noqa: N815


class _Pager(Wire):
    total: Count


class _EsimList(Wire):
    esimList: list[Any] | None = None  # noqa: N815
    pager: _Pager | None = None


class _Usage(Wire):
    esimTranNo: Name  # noqa: N815
    dataUsage: Count  # noqa: N815
    totalData: Count | None = None  # noqa: N815
    lastUpdateTime: MaybeInstant = None  # noqa: N815


class _UsageList(Wire):
    esimUsageList: tuple[_Usage, ...]  # noqa: N815


class _ToppedUp(Wire):
    transactionId: MaybeText = None  # noqa: N815
    expiredTime: MaybeInstant = None  # noqa: N815
    totalVolume: Count | None = None  # noqa: N815
    orderUsage: Count | None = None  # noqa: N815


class _Balance(Wire):
    balance: Int
    lastUpdateTime: MaybeInstant = None  # noqa: N815


class EsimAccess(Provider):
    """One account at eSIM Access."""

    id = "esimaccess"
    _clock_ahead = timedelta(0)

    async def plans(self) -> Catalogue:
        """Everything the account can buy, at its own prices."""
        return await self._catalogue({})

    async def cards(self) -> tuple[RemoteCard, ...]:
        """Every eSIM of the account."""
        return tuple([self._remote(_readable(esim)) async for _, esim in self._all()])

    async def reading(self, card: str) -> ProviderReading:
        esim = await self._one(card)
        usage = (await self._usage([card])).get(card)
        return self._reading(esim, usage, self.now())

    async def readings(self, cards: Sequence[str]) -> Readings:
        """The list of all cards in pages of 500, and their usage in tens."""
        wanted = list(dict.fromkeys(cards))
        found: dict[str, _Esim] = {}
        unreadable: dict[str, Malformed] = {}
        async for name, esim in self._all(until=set(wanted)):
            if isinstance(esim, Malformed):
                unreadable[name] = esim
            else:
                found[name] = esim
        known = [card for card in wanted if card in found]
        # An entry without a readable number may be any of the cards that are missing.
        absent = unreadable.get("") or NotFound(self.id, "card")
        failed: dict[str, ProviderError] = {card: unreadable.get(card, absent) for card in wanted if card not in found}
        good: dict[str, ProviderReading] = {}
        for first in range(0, len(known), USAGE_BATCH):
            batch = known[first : first + USAGE_BATCH]
            try:
                usages = await self._usage(batch)
            except ProviderError as error:
                failed.update(dict.fromkeys(batch, error))
                continue
            for card in batch:
                try:
                    good[card] = self._reading(found[card], usages.get(card), self.now())
                except ProviderError as error:
                    failed[card] = error
        return Readings(good, failed)

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        esim = await self._one(card)
        if esim.esimStatus in OVER:
            raise Refused(self.id, 200, str(esim.esimStatus), code="card_over")
        if esim.supportTopUpType == NO_TOP_UP:
            return ()
        if esim.iccid is None:
            raise Malformed(self.id, "esimList[0].iccid", "missing")
        packages = parse(self.id, _PackageList, await self._ask("package/list", {"type": "TOPUP", "iccid": esim.iccid}), "obj").packageList
        return tuple(self._product(parse(self.id, _Package, entry, f"packageList[{i}]"), i) for i, entry in enumerate(packages))

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """The price is sent along: the provider refuses (200005, 200006) when it has moved since the product was shown."""
        check_reference(reference)
        body: dict[str, Any] = {"esimTranNo": card, "packageCode": product.product_id, "transactionId": reference}
        if product.price is not None:
            body["amount"] = str(int(product.price.amount * PRICE_UNITS))
        if product.periods_from is not None:
            body["periodNum"] = product.periods

        async def send() -> OrderOutcome:
            try:
                answer = parse(self.id, _ToppedUp, await self._ask("esim/topup", body), "obj")
            except Refused as refusal:
                if refusal.code != ALLOCATING:
                    raise
                return OrderOutcome(OrderStatus.PENDING, reference, remote_id=card, product_id=product.product_id, said=ALLOCATING)
            return OrderOutcome(
                OrderStatus.CONFIRMED,
                reference,
                remote_id=card,
                product_id=product.product_id,
                # The answer has no price; the one sent along was checked by the provider.
                charged=product.price,
                data=() if product.periods_from is not None else _totals(answer),
                validity=() if answer.expiredTime is None else (self.ends(ValidityKind.UNSPECIFIED, answer.expiredTime),),
            )

        return await self.place_once(reference, send, search_first=False)

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """There is no list of orders: every top-up is an entry of its card. An unreadable card may be the one that has it."""
        unreadable: Malformed | None = None
        async for _, esim in self._all():
            if isinstance(esim, Malformed):
                unreadable = esim
                continue
            for applied in esim.packageList or ():
                if applied.transactionId == reference:
                    return self._found(esim, applied.packageCode, applied.createTime, reference)
            if esim.transactionId == reference:
                return self._found(esim, None, None, reference)
        if unreadable is not None:
            raise unreadable
        return None

    async def install(self, card: str) -> InstallInfo:
        esim = await self._one(card)
        try:
            code = None if esim.ac is None else Secret(lpa_code(esim.ac))
        except ValueError:
            raise Malformed(self.id, "esimList[0].ac", "not_an_activation_code") from None
        return InstallInfo(
            remote_id=card,
            lpa_code=code,
            pin=None if esim.pin is None else Secret(esim.pin),
            puk=None if esim.puk is None else Secret(esim.puk),
            iccid=esim.iccid,
            apn=esim.apn,
            activate_by=self.ends(ValidityKind.ACTIVATE_BY, esim.expiredTime) if esim.expiredTime and not esim.activateTime else None,
            status_said=_said(esim),
        )

    async def account(self) -> AccountBalance:
        balance = parse(self.id, _Balance, await self._ask("balance/query", {}), "obj")
        return AccountBalance(_money(balance.balance, "USD"), balance.lastUpdateTime)

    async def _ask(self, path: str, payload: Mapping[str, Any], *, slow: bool = False) -> Any:
        """``obj`` of the answer. Every call may be repeated: reads are, and orders carry their ``transactionId``."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        call = Call("POST", PREFIX + path, content=body, sign=self._headers, idempotent=True, judge=self._judge, slow=slow)
        try:
            answer = await self.http.send(call)
        except Refused as refusal:
            # Our clock is wrong: set it by theirs and ask once more; what was refused for its time stamp did nothing.
            if refusal.code != CLOCK or refusal.may_have_arrived:
                raise
            answer = await self.http.send(call)
        return self._envelope(answer).obj

    def _headers(self, body: bytes) -> dict[str, str]:
        code = self.credential("access_code")
        headers = {"Content-Type": "application/json", "RT-AccessCode": code}
        key = self.credentials.get("secret_key")
        if key:
            stamp, request_id = str(int((self.now() + self._clock_ahead).timestamp() * 1000)), str(uuid.uuid4())
            signed = stamp.encode() + request_id.encode() + code.encode() + body
            headers |= {
                "RT-Timestamp": stamp,
                "RT-RequestID": request_id,
                "RT-Signature": hmac.new(key.encode(), signed, hashlib.sha256).hexdigest(),
            }
        return headers

    def _envelope(self, answer: Answer) -> _Envelope:
        said = answer.json()
        if isinstance(said, dict) and "errorMsg" not in said and "errorMessage" in said:
            said["errorMsg"] = said["errorMessage"]
        return parse(self.id, _Envelope, said)

    def _judge(self, answer: Answer) -> None:
        envelope = self._envelope(answer)
        if envelope.success:
            return
        detail = self.http.clean(envelope.message)
        if envelope.code in BUSY:
            raise Unreachable(self.id, Because.SERVER, envelope.code)
        if envelope.code in UNAUTHORISED:
            raise Unauthorised(self.id, detail)
        if envelope.code in NO_SUCH_PLAN:
            raise NotFound(self.id, "plan")
        if envelope.code in NO_SUCH_CARD:
            raise NotFound(self.id, "card")
        if envelope.code == CLOCK:
            self._set_clock(answer)
        raise Refused(self.id, answer.status, detail, code=envelope.code)

    def _set_clock(self, answer: Answer) -> None:
        try:
            self._clock_ahead = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC) - self.now()
        except (ValueError, TypeError):
            return

    async def _query(self, terms: Mapping[str, Any], page: int, size: int) -> _EsimList:
        try:
            said = await self._ask("esim/query", {**terms, "pager": {"pageNum": page, "pageSize": size}})
        except Refused as refusal:
            if refusal.code != ALLOCATING:
                raise
            return _EsimList()
        return parse(self.id, _EsimList, {} if said is None else said, "obj")

    async def _one(self, card: str) -> _Esim:
        for index, entry in enumerate((await self._query({"esimTranNo": card}, 1, 5)).esimList or []):
            if isinstance(entry, dict) and entry.get("esimTranNo", card) == card:
                return parse(self.id, _Esim, entry, f"esimList[{index}]")
        raise NotFound(self.id, "card")

    async def _all(self, until: set[str] | None = None) -> AsyncIterator[tuple[str, _Esim | Malformed]]:
        """Every card by its number, page by page; stops early when all of ``until`` were seen. One that cannot be read spoils no other."""
        span = {"startTime": BEGINNING, "endTime": (self.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")}
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            answer = await self._query(span, page, PAGE_SIZE)
            before = len(seen)
            for index, entry in enumerate(answer.esimList or []):
                name = entry.get("esimTranNo") if isinstance(entry, dict) else None
                name = name if isinstance(name, str) else ""
                if name not in seen:
                    seen.add(name)
                    yield name, self._esim_or_error(entry, f"esimList[{index}]")
            done = len(seen) == before or (answer.pager is not None and page * PAGE_SIZE >= answer.pager.total)
            if done or (until is not None and until <= seen):
                return

    def _esim_or_error(self, entry: Any, path: str) -> _Esim | Malformed:
        try:
            return parse(self.id, _Esim, entry, path)
        except Malformed as error:
            return error

    async def _usage(self, cards: Sequence[str]) -> dict[str, _Usage]:
        said = await self._ask("esim/usage/query", {"esimTranNoList": list(cards)})
        usages = parse(self.id, _UsageList, {"esimUsageList": said} if isinstance(said, list) else said, "obj").esimUsageList
        return {usage.esimTranNo: usage for usage in usages}

    async def _catalogue(self, terms: Mapping[str, Any]) -> Catalogue:
        entries = parse(self.id, _PackageList, await self._ask("package/list", terms, slow=True), "obj").packageList
        if not entries:
            raise Malformed(self.id, "obj.packageList", "empty")
        as_of = self.now()
        return collect(self.id, entries, lambda index, entry: self._plan(index, entry, as_of), as_of, "packageList")

    def _plan(self, index: int, entry: Any, as_of: datetime) -> Plan:
        package = parse(self.id, _Package, entry, f"packageList[{index}]")
        countries, complete = iso2_codes(package.location.split(","))
        breakout, one = iso2_codes((package.ipExport or "").split("/"))
        return Plan(
            source=self.id,
            plan_id=package.packageCode,
            seller=self.facts.name,
            name=package.name,
            allowance=self._allowance(package, index),
            validity_days=self._days(package, index),
            countries=countries,
            coverage_complete=complete,
            price=_money(package.price, package.currencyCode),
            fetched_at=as_of,
            start_rule={1: StartRule.INSTALL, 2: StartRule.FIRST_CONNECTION}.get(package.activeType or 0, StartRule.UNKNOWN),
            top_up=Tri.of({1: False, 2: True, 3: True}.get(package.supportTopUpType or 0)),
            five_g=Tri.UNKNOWN if package.speed is None else Tri.of("5G" in package.speed.upper()),
            breakout_country=next(iter(breakout)) if one and len(breakout) == 1 else None,
            networks=_networks(package),
        )

    def _product(self, package: _Package, index: int) -> TopUpProduct:
        by_day = package.dataType != TOTAL
        return TopUpProduct(
            product_id=package.packageCode,
            name=package.name,
            price=_money(package.price, package.currencyCode),
            retail_price=None if package.retailPrice is None else _money(package.retailPrice, package.currencyCode),
            allowance=self._allowance(package, index),
            validity_days=self._days(package, index),
            countries=iso2_codes(package.location.split(","))[0],
            periods_from=1 if by_day else None,
            periods_to=MOST_PERIODS if by_day else None,
            extends=Tri.YES,
            said=package.fupPolicy or "",
        )

    def _days(self, package: _Package, index: int) -> int:
        if package.durationUnit != "DAY":
            raise Malformed(self.id, f"packageList[{index}].durationUnit", "not_days")
        return package.duration

    def _allowance(self, package: _Package, index: int) -> Allowance:
        volume = DataVolume(package.volume)
        match package.dataType:
            case 1 if package.volume > 0:
                return Allowance(AllowanceKind.TOTAL, volume)
            case 2 if package.volume > 0:
                return Allowance(AllowanceKind.PER_DAY, volume, speed_after_kbps=_speed(package.fupPolicy))
            case 3 if package.volume > 0:
                return Allowance(AllowanceKind.PER_DAY, volume, speed_after_kbps=0)
            case 4:
                return Allowance(AllowanceKind.UNLIMITED)
            case 1 | 2 | 3:
                raise Malformed(self.id, f"packageList[{index}].volume", "no_amount")
            case _:
                raise Malformed(self.id, f"packageList[{index}].dataType", "unknown_kind")

    def _remote(self, esim: _Esim) -> RemoteCard:
        first = (esim.packageList or (None,))[0]
        return RemoteCard(
            remote_id=esim.esimTranNo,
            name=(first.packageName if first else None) or "",
            iccid=esim.iccid,
            msisdn=esim.msisdn,
            countries=iso2_codes([first.locationCode] if first and first.locationCode else [])[0],
            status=_status(esim),
            status_said=_said(esim),
            created_at=first.createTime if first else None,
        )

    def _reading(self, esim: _Esim, usage: _Usage | None, now: datetime) -> ProviderReading:
        used = usage.dataUsage if usage is not None else esim.orderUsage
        # A top-up shows in the card's total at once and in the usage hours later: the total is the card's own.
        total = esim.totalVolume if esim.totalVolume is not None else usage.totalData if usage is not None else None
        as_of = usage.lastUpdateTime if usage is not None else None
        # Before the first use this is the last day to start, not the end of the plan.
        ending = ValidityKind.ACTIVATE_BY if esim.activateTime is None else ValidityKind.PLAN
        validity = () if esim.expiredTime is None else (self.ends(ending, esim.expiredTime),)
        data = _data(esim.dataType, total, used)
        return ProviderReading(
            remote_id=esim.esimTranNo,
            taken_at=now,
            as_of=min(as_of, now) if as_of is not None else self.earliest(now),
            data=data,
            validity=validity,
            status=_status(esim),
            status_said=_said(esim),
            complete=frozenset({Measure.DATA} if data else ()) | frozenset({Measure.VALIDITY} if validity else ()),
        )

    def _found(self, esim: _Esim, package: str | None, at: datetime | None, reference: str) -> OrderOutcome:
        return OrderOutcome(
            OrderStatus.CONFIRMED,
            reference,
            order_id=esim.orderNo,
            remote_id=esim.esimTranNo,
            product_id=package,
            placed_at=at,
        )


def _readable(esim: _Esim | Malformed) -> _Esim:
    if isinstance(esim, Malformed):
        raise esim
    return esim


def _money(units: int, currency: str) -> Money:
    return Money.of(Decimal(units) / PRICE_UNITS, currency)


def _speed(policy: str | None) -> int | None:
    """ "384 Kbps" or "1 Mbps" in kbit/s; None when the text says neither."""
    match = FUP_SPEED.search(policy or "")
    return None if match is None else int(Decimal(match[1]) * (1000 if match[2].upper() == "M" else 1))


def _networks(package: _Package) -> tuple[Network, ...]:
    return tuple(
        Network(code, operator.operatorName, (operator.networkType,) if operator.networkType else ())
        for location in package.locationNetworkList or ()
        for code in iso2_codes([location.locationCode or ""])[0]
        for operator in location.operatorList or ()
    )


def _status(esim: _Esim) -> LineStatus | None:
    """As the provider's own table has it. A word that is not in it is no status, and stays in ``status_said``."""
    if esim.esimStatus in OVER:
        return OVER[esim.esimStatus]
    match esim.smdpStatus, esim.esimStatus:
        case "DELETED", _:
            return None
        case "RELEASED", "GOT_RESOURCE":
            return LineStatus.NOT_ACTIVATED
        case "ENABLED" | "DISABLED", "GOT_RESOURCE":
            return LineStatus.NOT_ACTIVATED if esim.activateTime is None else LineStatus.ACTIVE
        case _, "IN_USE" | "USED_UP":
            return LineStatus.ACTIVE
        case _:
            return None


def _said(esim: _Esim) -> str:
    return "/".join(filter(None, (esim.smdpStatus, esim.esimStatus)))


def _data(kind: int | None, total: int | None, used: int | None) -> tuple[DataBalance, ...]:
    """Of a day pass only what is true of it: its figures are those of a day, not of the card."""
    if kind == DAILY_UNLIMITED:
        return (DataBalance(unlimited=Tri.YES),)
    if kind in {DAILY_THEN_SLOW, DAILY_THEN_STOP} or (total is None and used is None):
        return ()
    volume = None if total is None else DataVolume(total)
    spent = None if used is None else DataVolume(used)
    left = None if volume is None or spent is None or kind != TOTAL else data_left(volume, spent)
    return (DataBalance(remaining=left, total=volume, used=spent, unlimited=Tri.NO if kind == TOTAL else Tri.UNKNOWN),)


def _totals(answer: _ToppedUp) -> tuple[DataBalance, ...]:
    """The card's new totals, not what was added."""
    return _data(TOTAL, answer.totalVolume, answer.orderUsage)
