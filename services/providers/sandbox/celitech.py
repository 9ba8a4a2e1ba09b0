"""Emulator of Celitech API v1, with its token host on the same address.

Account: ``client_id`` sandbox-celitech, ``client_secret`` sandbox-celitech-secret. Tokens live an hour by the clock that is
passed in. Paths under ``/v1``; the token at ``/oauth2/token``.

Cards (ICCIDs from :func:`invented_iccid` with issuer 7): 1 France with two purchases in use, 2 Japan unlimited, 3 Great Britain
bought by duration and not used yet (no dates), 4 Europe with an ended purchase, 5 deleted, 6 made and never filled.

Quirks kept: per-purchase balances, price bands, cursors, unlimited rows hidden unless asked for, -1 for unlimited, dates that are
UTC instants of a day at UTC+2, a QR picture called activationCode, refusals with a text and no code, and Idempotency-Key kept
three days. ``order_takes_s`` makes an order run long enough to be asked for again meanwhile (409).
"""

import asyncio
import base64
import hashlib
import io
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import segno
from babel.core import get_global
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import invented_plans
from services.providers.sandbox.state import AGAIN, GIB, Clock, Line, fresh_id, invented_iccid, utc_now
from services.rules.places.names import country_name

CREDENTIALS = {"client_id": "sandbox-celitech", "client_secret": "sandbox-celitech-secret"}
ISSUER = 7
TOKEN_S = 3600
KEY_DAYS = 3
CREDIT_CENTS = 50_000
SMDP = "SMDP.SANDBOX.INVALID"
LOCAL_DAY = timedelta(hours=2)  # contract, trap 10: a day asked for starts at 22:00Z of the day before
UNLIMITED = Decimal(-1)
DURATIONS = (1, 2, 7, 14, 30, 90)
REGION_CODES = {
    "europe": ("EUR", "EU"),
    "asia": ("ASI", "AS"),
    "north-america": ("NAM", "NA"),
    "middle-east": ("MEA", "ME"),
    "global": ("GLB", "GL"),
}
"""Regions are destinations too, and their codes look like countries': AS, NA, ME and GL are some."""
OLD_CODES = {"DDR", "FXX", "ROM", "BUR", "ZAR"}
BANDS: tuple[tuple[str, int, int, float], ...] = (
    ("0.5", 0, 7, 0.6), ("1", 0, 7, 1.0), ("1", 8, 30, 1.3), ("2", 0, 30, 1.9), ("3", 0, 30, 2.6), ("5", 0, 30, 3.9), ("8", 0, 30, 5.6),
    ("20", 0, 30, 11.0), ("50", 0, 90, 24.0), ("-1", 3, 3, 5.5), ("-1", 7, 7, 11.0), ("-1", 15, 15, 20.0), ("-1", 30, 30, 36.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Package:
    id: str
    destination: str
    iso2: str
    name: str
    gigabytes: Decimal
    min_days: int
    max_days: int
    cents: int

    @property
    def bytes(self) -> int:
        return -1 if self.gigabytes == UNLIMITED else int(self.gigabytes * GIB)

    def row(self) -> dict[str, Any]:
        size = {"dataLimitInBytes": self.bytes, "dataLimitInGB": float(self.gigabytes) if self.gigabytes % 1 else int(self.gigabytes)}
        return {"id": self.id, "destination": self.destination, "destinationISO2": self.iso2, **size}


@dataclass(slots=True)
class _Purchase:
    id: str
    package: _Package
    iccid: str
    created: datetime
    kind: str
    line: Line
    start: datetime | None = None
    end: datetime | None = None
    duration: int | None = None
    reference: str | None = None

    def left(self, now: datetime) -> int:
        return -1 if self.package.bytes < 0 else self.line.left(now)

    def running(self, now: datetime) -> bool:
        return self.start is not None and self.end is not None and self.start <= now <= self.end


@dataclass(slots=True)
class _Card:
    iccid: str
    status: str
    destination: str
    purchases: list[_Purchase] = field(default_factory=list)

    @property
    def lpa(self) -> str:
        return f"LPA:1${SMDP}$SANDBOX-{self.iccid[-8:]}"

    def picture(self) -> str:
        """The QR code as a base64 PNG, in the documented size of 1,000 to 8,000 characters."""
        png = io.BytesIO()
        segno.make(self.lpa).save(png, kind="png", scale=20, border=4, compresslevel=1)
        return base64.b64encode(png.getvalue()).decode()


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


Row = TypeVar("Row")
Answering = Callable[[Request], Awaitable[Response]]


class _Account:
    """The one account: catalogue, cards, purchases, tokens and remembered keys."""

    def __init__(self, seed: str, now: Clock, order_takes_s: float) -> None:
        self.now = now
        self.order_takes_s = order_takes_s
        self.destinations: list[dict[str, Any]] = []
        self.packages = self._invent(seed)
        self.cards: dict[str, _Card] = {}
        self.purchases: list[_Purchase] = []
        self.tokens: dict[str, datetime] = {}
        self.keys: dict[str, tuple[bytes, datetime, Any]] = {}
        self.under_way: set[str] = set()
        self.cents = CREDIT_CENTS
        self._fill()

    def _invent(self, seed: str) -> list[_Package]:
        aliases = get_global("territory_aliases").items()
        alpha3 = {codes[0]: old for old, codes in aliases if len(old) == 3 and len(codes) == 1 and old.isalpha() and old not in OLD_CODES}
        rows = []
        for plan in invented_plans(seed):
            if (plan.gigabytes, plan.days) != (1, 7):
                continue
            place = plan.place
            destination, iso2 = REGION_CODES.get(place) or (alpha3[place], place)
            name = place.replace("-", " ").title() if place in REGION_CODES else country_name(place, "en")
            countries = [country_name(code, "en") for code in plan.countries]
            if place == "europe":
                countries.append("Sandbox Islands")  # a name no table knows
            self.destinations.append({"name": name, "destination": destination, "destinationISO2": iso2, "supportedCountries": countries})
            for size, low, high, times in BANDS:
                ident = str(uuid.UUID(bytes=hashlib.md5(f"{seed}{place}{size}{low}".encode(), usedforsecurity=False).digest()))
                rows.append(_Package(ident, destination, iso2, name, Decimal(size), low, high, round(plan.cents * times)))
        return rows

    def _fill(self) -> None:
        now = self.now().astimezone(UTC).replace(microsecond=0)
        days = timedelta(days=1)

        def card(number: int, destination: str, status: str) -> _Card:
            made = _Card(invented_iccid(number, ISSUER), status, destination)
            self.cards[made.iccid] = made
            return made

        france = card(1, "FRA", "ENABLED")
        self._buy(france, "3", 20, at=now - 6 * days, first=now.date() - 6 * days, per_hour=9_000_000, reference="trip-paris-1")
        self._buy(france, "1", 14, at=now - 2 * days, first=now.date() - 2 * days, per_hour=2_000_000, kind="Top-up Purchase")
        japan = card(2, "JPN", "ENABLED")
        self._buy(japan, "-1", 7, at=now - 2 * days, first=now.date() - 2 * days)
        britain = card(3, "GBR", "RELEASED")
        self._buy(britain, "5", 30, at=now - days, reference="gift_1@home")
        europe = card(4, "EUR", "INSTALLED")
        self._buy(europe, "2", 7, at=now - 40 * days, first=now.date() - 40 * days, per_hour=3_000_000)
        deleted = card(5, "THA", "DELETED")
        self._buy(deleted, "1", 7, at=now - 90 * days, first=now.date() - 90 * days, per_hour=20_000_000)
        card(6, "USA", "DOWNLOADED")
        self.purchases.sort(key=lambda purchase: purchase.created, reverse=True)

    def package(self, destination: str, size: Decimal, days: int) -> _Package:
        fitting = [p for p in self.packages if p.destination == destination and p.gigabytes == size and p.min_days <= days <= p.max_days]
        if not fitting:
            raise _Refusal(400, "Package not found for the given destination, data limit and duration")
        return min(fitting, key=lambda package: package.cents)

    def _buy(
        self, card: _Card, size: str, days: int, *, at: datetime, first: date | None = None, per_hour: int = 0,
        kind: str = "First Purchase", reference: str | None = None,
    ) -> _Purchase:  # fmt: skip
        package = self.package(card.destination, Decimal(size), days)
        line = Line(card.iccid, at, max(0, package.bytes), days, per_hour)
        ident = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{card.iccid}{at}{len(self.purchases)}"))
        purchase = _Purchase(ident, package, card.iccid, at, kind, line)
        purchase.reference = reference
        if first is None:
            purchase.duration = days
        else:
            purchase.start = datetime(first.year, first.month, first.day, tzinfo=UTC) - LOCAL_DAY
            purchase.end = purchase.start + timedelta(days=days, seconds=-1)
            line.first_used_at = purchase.start
        card.purchases.append(purchase)
        self.purchases.insert(0, purchase)
        return purchase

    # What comes in

    async def token(self, request: Request) -> Response:
        form = await request.form()
        encoded = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if not encoded or form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "invalid_request"}, 400)
        if any(form.get(name) != value for name, value in CREDENTIALS.items()):
            return JSONResponse({"error": "invalid_client"}, 400)
        token = f"sandbox.{fresh_id().hex}"
        self.tokens[token] = self.now() + timedelta(seconds=TOKEN_S)
        return JSONResponse({"access_token": token, "expires_in": TOKEN_S, "token_type": "Bearer"})

    def guarded(self, answering: Answering) -> Answering:
        """``answering`` behind the token check, refusals turned into their answers."""

        async def answer(request: Request) -> Response:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not AGAIN.get() and self.tokens.get(token, datetime.min.replace(tzinfo=UTC)) <= self.now():
                return JSONResponse({"message": "Unauthorized"}, 401)
            try:
                return await answering(request)
            except _Refusal as refusal:
                return JSONResponse({"message": refusal.message}, refusal.status)

        return answer

    def once(self, order: Callable[[dict[str, Any]], Any]) -> Answering:
        """``order`` under the Idempotency-Key of the request, if it has one."""

        async def answer(request: Request) -> Response:
            raw = await request.body()
            key = request.headers.get("idempotency-key")
            if key is None:
                return JSONResponse(order(_object(raw)))
            if not (1 <= len(key) <= 255) or any(not 33 <= ord(letter) <= 126 for letter in key):
                raise _Refusal(400, "Invalid Idempotency-Key")
            asked = request.url.path.encode() + b" " + raw
            kept = self.keys.get(key)
            if kept is not None and self.now() - kept[1] < timedelta(days=KEY_DAYS):
                if kept[0] != asked:
                    raise _Refusal(422, "Idempotency-Key was already used with a different request")
                return JSONResponse(kept[2], headers={"Idempotent-Replayed": "true"})
            if key in self.under_way:
                raise _Refusal(409, "A request with this Idempotency-Key is still in progress")
            self.under_way.add(key)
            try:
                await asyncio.sleep(self.order_takes_s)
                done = order(_object(raw))
                self.keys[key] = asked, self.now(), done
                return JSONResponse(done)
            finally:
                self.under_way.discard(key)

        return answer

    # What is asked

    async def list_destinations(self, _: Request) -> Response:
        return JSONResponse({"destinations": self.destinations})

    async def list_packages(self, request: Request) -> Response:
        query = request.query_params
        rows = self.packages
        if wanted := query.get("destination"):
            rows = [p for p in rows if wanted.upper() in {p.destination, p.iso2}]
            if not rows:
                raise _Refusal(400, "Invalid destination")
        if query.get("includeUnlimited", "false").lower() != "true":
            rows = [p for p in rows if p.gigabytes != UNLIMITED]
        if (size := Decimal(query.get("dataLimitInGB", "0"))) != 0:
            rows = [p for p in rows if p.gigabytes == size]
        if "startDate" in query and "endDate" in query:
            days = (_day(query["endDate"]) - _day(query["startDate"])).days + 1
            rows = [p for p in rows if p.min_days <= days <= p.max_days]
        page, cursor = _page(request, rows, 160)
        packages = [{**p.row(), "minDays": p.min_days, "maxDays": p.max_days, "priceInCents": p.cents} for p in page]
        return JSONResponse({"packages": packages, "afterCursor": cursor})

    async def list_purchases(self, request: Request) -> Response:
        query = request.query_params
        if "iccid" in query and not 18 <= len(query["iccid"]) <= 22:
            raise _Refusal(400, "iccid must be between 18 and 22 characters")
        wanted: Mapping[str, Callable[[_Purchase], str | None]] = {
            "purchaseId": lambda purchase: purchase.id,
            "iccid": lambda purchase: purchase.iccid,
            "referenceId": lambda purchase: purchase.reference,
        }
        rows = [p for p in self.purchases if all(read(p) == query[name] for name, read in wanted.items() if name in query)]
        page, cursor = _page(request, rows, 100)
        return JSONResponse({"purchases": [self._row(purchase) for purchase in page], "afterCursor": cursor})

    def _row(self, purchase: _Purchase) -> dict[str, Any]:
        package = {**purchase.package.row(), "destinationName": purchase.package.name, "priceInCents": purchase.package.cents}
        return {
            "id": purchase.id,
            "startDate": _instant(purchase.start),
            "endDate": _instant(purchase.end),
            "duration": purchase.duration,
            "createdDate": _instant(purchase.created),
            "startTime": None,
            "endTime": None,
            "createdAt": None,
            "package": package,
            "esim": {"iccid": purchase.iccid},
            "source": "API",
            "purchaseType": purchase.kind,
            "referenceId": purchase.reference,
        }

    async def consumption(self, request: Request) -> Response:
        purchase = next((p for p in self.purchases if p.id == request.path_params["purchase_id"]), None)
        if purchase is None:
            raise _Refusal(400, "Purchase not found")
        left = purchase.left(self.now())
        gigabytes = -1 if left < 0 else round(left / GIB, 6)
        status = "ACTIVE" if purchase.running(self.now()) else "NOT_ACTIVE"
        return JSONResponse({"dataUsageRemainingInBytes": left, "dataUsageRemainingInGB": gigabytes, "status": status})

    def _card(self, iccid: str) -> _Card:
        if not 18 <= len(iccid) <= 22:
            raise _Refusal(400, "iccid must be between 18 and 22 characters")
        if iccid not in self.cards:
            raise _Refusal(400, "eSIM not found")
        return self.cards[iccid]

    async def esim(self, request: Request) -> Response:
        card = self._card(request.query_params.get("iccid", ""))
        connected = any(purchase.running(self.now()) for purchase in card.purchases) and card.status == "ENABLED"
        shown = {
            "iccid": card.iccid,
            "smdpAddress": SMDP,
            "activationCode": card.picture(),
            "manualActivationCode": card.lpa,
            "status": card.status,
            "connectivityStatus": "ACTIVE" if connected else "NOT_ACTIVE",
            "isTopUpAllowed": card.status not in {"DELETED", "ERROR"},
        }
        return JSONResponse({"esim": shown})

    async def history(self, request: Request) -> Response:
        card = self._card(request.path_params["iccid"])
        events = [{"status": card.status, "statusDate": _instant(purchase.created), "date": None} for purchase in card.purchases]
        return JSONResponse({"esim": {"iccid": card.iccid, "history": events}})

    # What is bought

    def _order(self, card: _Card, body: dict[str, Any], kind: str) -> _Purchase:
        try:
            size = Decimal(str(body["dataLimitInGB"]))
        except (KeyError, ArithmeticError):
            raise _Refusal(400, "dataLimitInGB is required") from None
        reference = body.get("referenceId")
        if reference is not None and (len(reference) > 255 or not all(c.isascii() and (c.isalnum() or c in "-_.@+") for c in reference)):
            raise _Refusal(400, "Invalid referenceId")
        dates = body.get("startDate"), body.get("endDate")
        if (body.get("duration") is None) == (None in dates):
            raise _Refusal(400, "Either duration or startDate and endDate is required")
        first: date | None = None
        if body.get("duration") is not None:
            if size == UNLIMITED:
                raise _Refusal(400, "duration is not supported for unlimited packages")
            days = int(body["duration"])
            if days not in DURATIONS:
                raise _Refusal(400, "Invalid duration")
        else:
            first = _day(str(dates[0]))
            days = (_day(str(dates[1])) - first).days + 1
            if first < (self.now() + LOCAL_DAY).date() or days < 1 or days > 90:
                raise _Refusal(400, "Invalid dates")
        package = self.package(card.destination, size, days)
        if package.cents > self.cents:
            raise _Refusal(400, "Insufficient funds")
        self.cents -= package.cents
        return self._buy(card, str(size), days, at=self.now().astimezone(UTC), first=first, kind=kind, reference=reference)

    def top_up(self, body: dict[str, Any]) -> Any:
        card = self._card(str(body.get("iccid", "")))
        if card.status in {"DELETED", "ERROR"}:
            raise _Refusal(400, "Top-up is not allowed for this eSIM")
        purchase = self._order(card, body, "Top-up Purchase")
        row = self._row(purchase)
        shown = {name: row[name] for name in ("id", "startDate", "endDate", "createdDate", "startTime", "endTime")}
        return {"purchase": {**shown, "packageId": purchase.package.id}, "profile": {"iccid": card.iccid}}

    def _new_card(self, body: dict[str, Any]) -> tuple[_Card, _Purchase]:
        wanted = str(body.get("destination", "")).upper()
        destination = next(
            (row["destination"] for row in self.destinations if wanted in {row["destination"], row["destinationISO2"]}), None
        )
        if destination is None:
            raise _Refusal(400, "Invalid destination")
        card = _Card(invented_iccid(1000 + len(self.cards), ISSUER), "RELEASED", destination)
        purchase = self._order(card, body, "First Purchase")
        self.cards[card.iccid] = card
        return card, purchase

    def purchase_v2(self, body: dict[str, Any]) -> Any:
        quantity = body.get("quantity")
        if not isinstance(quantity, int | float) or not 1 <= quantity <= 5:
            raise _Refusal(400, "quantity must be between 1 and 5")
        answer = []
        for _ in range(int(quantity)):
            card, purchase = self._new_card(body)
            links = {
                "iosActivationLink": f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={card.lpa}",
                "androidActivationLink": f"https://esimsetup.android.com/esim_qrcode_provisioning?carddata={card.lpa}",
            }
            profile = {"iccid": card.iccid, "activationCode": card.picture(), "manualActivationCode": card.lpa, **links}
            bought = {"id": purchase.id, "packageId": purchase.package.id, "createdDate": _instant(purchase.created)}
            answer.append({"purchase": bought, "profile": profile})
        return answer

    def purchase_v1(self, body: dict[str, Any]) -> Any:
        if body.get("duration") is not None:
            raise _Refusal(400, "startDate and endDate are required")
        card, purchase = self._new_card(body)
        row = self._row(purchase)
        bought = {name: row[name] for name in ("id", "startDate", "endDate", "createdDate", "startTime", "endTime")}
        profile = {"iccid": card.iccid, "activationCode": card.picture(), "manualActivationCode": card.lpa}
        return {"purchase": {**bought, "packageId": purchase.package.id}, "profile": profile}


def create_app(seed: str = "celitech", now: Clock = utc_now, order_takes_s: float = 0.0) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices; ``order_takes_s`` how many real seconds an order with a key takes."""
    account = _Account(seed, now, order_takes_s)
    guarded, once = account.guarded, account.once
    routes = [
        Route("/oauth2/token", account.token, methods=["POST"]),
        Route("/v1/destinations", guarded(account.list_destinations)),
        Route("/v1/packages", guarded(account.list_packages)),
        Route("/v1/purchases", guarded(account.list_purchases), methods=["GET"]),
        Route("/v1/purchases", guarded(once(account.purchase_v1)), methods=["POST"]),
        Route("/v1/purchases/v2", guarded(once(account.purchase_v2)), methods=["POST"]),
        Route("/v1/purchases/topup", guarded(once(account.top_up)), methods=["POST"]),
        Route("/v1/purchases/{purchase_id}/consumption", guarded(account.consumption)),
        Route("/v1/esim", guarded(account.esim)),
        Route("/v1/esim/{iccid}/history", guarded(account.history)),
    ]
    shows = ("France, two purchases", "Japan, unlimited", "Great Britain, not used yet", "Europe, ended", "deleted", "never filled")
    cards = {text: invented_iccid(number, ISSUER) for number, text in enumerate(shows, 1)}
    return Sandbox(Starlette(routes=routes), CREDENTIALS, cards, "/v1/purchases(/v2|/topup)?")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refusal(400, "Invalid request body")
    return body


def _page(request: Request, rows: list[Row], most: int) -> tuple[list[Row], str | None]:
    """One page and the cursor of the next. A cursor is good for the filters it was given out with alone."""
    query = request.query_params
    limit = int(float(query.get("limit", "20")))
    if not 0 < limit <= most:
        raise _Refusal(400, f"limit must be between 1 and {most}")
    filters = "&".join(f"{name}={value}" for name, value in sorted(query.items()) if name not in {"limit", "afterCursor"})
    at = 0
    if cursor := query.get("afterCursor"):
        said = base64.b64decode(cursor + "=" * (-len(cursor) % 4)).decode("utf-8", "replace").split(",", 1)
        if said[1:] != [filters]:
            raise _Refusal(400, "Invalid cursor")
        at = int(said[0].removeprefix("after:"))
    following = at + limit
    coded = base64.b64encode(f"after:{following},{filters}".encode()).decode().rstrip("=")
    return rows[at:following], coded if following < len(rows) else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _Refusal(400, "Invalid date, use yyyy-MM-dd") from None


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
