"""Emulator of eSIM Go, API v2.5 (older versions in the path answer alike).

Account: header ``X-API-Key: sandbox-esimgo-key``; 100.00 USD, 20.00 of it test credit. Ten calls in each second of the clock.

Cards (ICCIDs from :func:`invented_iccid` with issuer 8): 1 Great Britain in use, with a second bundle queued; 2 Europe unlimited;
3 Japan not used yet; 4 used up; 5 ended; 6 nothing assigned; 7 of another organisation (403); 8 one bundle running behind twenty
that are used up.

Quirks kept: megabytes in the catalogue and bytes on the card, both decimal; a wrapped catalogue without a currency; regions that
stand where countries do, in two shapes; used bundles hidden and 15 assignments unless asked; no times until a bundle starts; text
errors on orders; 403 for a wrong key and for a foreign card alike; ``allowReassign`` that makes a new card; CSV by default; times
with nine digits after the second; an organisation that shows its key.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans
from services.providers.sandbox.state import AGAIN, Clock, fresh_id, invented_iccid, utc_now
from services.rules.places.names import country_name

CREDENTIALS = {"api_key": "sandbox-esimgo-key"}
ISSUER = 8
CALLS_PER_SECOND = 10
GB = 1000**3
PROCESSING = timedelta(seconds=90)
LAPSES = timedelta(days=365)
CENTS = 10_000
TEST_CENTS = 2_000
REGION_BUNDLES = {
    "europe": ("Europe", "REUP"),
    "asia": ("Asia", "RASI"),
    "north-america": ("North America", "RNAM"),
    "global": ("Global", "RGBS"),
}
SHOWS = {
    "in use, another queued": 1,
    "unlimited": 2,
    "not used yet": 3,
    "used up": 4,
    "ended": 5,
    "nothing assigned": 6,
    "another organisation's": 7,
    "behind twenty used up": 8,
}


@dataclass(frozen=True, slots=True)
class _Bundle:
    name: str
    plan: Invented

    @property
    def base(self) -> dict[str, str]:
        if self.plan.place in REGION_BUNDLES:
            region = REGION_BUNDLES[self.plan.place][0]
            return {"name": region, "region": region, "iso": region}
        return {"name": country_name(self.plan.place, "en"), "region": "Sandbox", "iso": self.plan.place}

    @property
    def description(self) -> str:
        size = f"{self.plan.gigabytes}GB" if self.plan.gigabytes else "Unlimited"
        return f"eSIM, {size}, {self.plan.days} Days, {self.base['name']}, V2"

    @property
    def bytes(self) -> int:
        return (self.plan.gigabytes or 0) * GB

    def roaming(self) -> list[dict[str, Any]]:
        """Half of the regions as the reference has it, half as it is seen."""
        flat = [{"name": country_name(code, "en"), "region": "Sandbox", "iso": code} for code in self.plan.countries]
        if self.plan.place not in REGION_BUNDLES:
            return []
        if self.plan.place == "europe":
            networks = [{"name": "Sandbox Mobile", "brandName": "Sandbox", "speeds": ["4G", "5G"] if self.plan.five_g else ["4G"]}]
            return [{"country": country, "networks": networks} for country in flat]
        return list(flat)

    def row(self) -> dict[str, Any]:
        unlimited = self.plan.gigabytes is None
        megabytes = -1 if unlimited else (self.plan.gigabytes or 0) * 1000
        allowance = {"type": "DATA", "service": "STANDARD", "description": self.description, "unit": "MB", "unlimited": unlimited}
        return {
            "name": self.name,
            "description": self.description,
            "groups": ["Standard Unlimited Essential" if unlimited else "Standard Fixed"],
            "countries": [self.base],
            "dataAmount": megabytes,
            "duration": self.plan.days,
            "durationUnit": "day",
            "speed": ["4G", "5G"] if self.plan.five_g else ["4G"],
            "autostart": True,
            "unlimited": unlimited,
            "roamingEnabled": self.roaming(),
            "price": self.plan.cents / 100,
            "billingType": "FixedCost",
            "allowances": [{**allowance, "amount": megabytes}],
        }


@dataclass(slots=True)
class _Assignment:
    id: str
    bundle: _Bundle
    at: datetime
    reference: str
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    """An assignment as it stands now."""

    assignment: _Assignment
    state: str
    left: int
    start: datetime | None = None
    end: datetime | None = None


@dataclass(slots=True)
class _Card:
    iccid: str
    made_at: datetime
    bytes_per_hour: int = 0
    used_from: datetime | None = None
    assignments: list[_Assignment] = field(default_factory=list)

    @property
    def matching_id(self) -> str:
        return f"SB-{self.iccid[-6:]}-SANDBOX{self.iccid[-2:]}"

    def seen(self, now: datetime) -> list[_Seen]:
        """One bundle runs at a time; the next starts when it is over."""
        free_at = self.used_from
        seen = []
        for one in self.assignments:
            start = None if free_at is None else max(free_at, one.ready_at)
            if now < one.ready_at:
                seen.append(_Seen(one, "processing", one.bundle.bytes))
            elif start is None or start > now:
                seen.append(_Seen(one, "lapsed" if now - one.at > LAPSES else "queued", one.bundle.bytes))
            else:
                end = start + timedelta(days=one.bundle.plan.days)
                until = min(now, end)
                left = one.bundle.bytes - int((until - start).total_seconds() / 3600 * self.bytes_per_hour)
                empty_at = end
                if one.bundle.bytes and self.bytes_per_hour:
                    empty_at = min(end, start + timedelta(hours=one.bundle.bytes / self.bytes_per_hour))
                state = "active" if now < empty_at else "depleted" if empty_at < end else "expired"
                free_at = empty_at
                seen.append(_Seen(one, state, max(0, left) if one.bundle.bytes else 0, start, end))
        return seen


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


Answering = Callable[[Request], Awaitable[Response]]


class _Organisation:
    def __init__(self, seed: str, now: Clock) -> None:
        self.now = now
        self.bundles = {bundle.name: bundle for bundle in map(_bundle, invented_plans(seed)) if bundle is not None}
        self.cards: dict[str, _Card] = {}
        self.orders: list[dict[str, Any]] = []
        self.cents = CENTS
        self.numbers = 215_009_266
        self._second, self._calls = 0, 0
        self._fill()

    def _fill(self) -> None:
        now = self.now().astimezone(UTC)
        day = timedelta(days=1)

        def card(shows: str, age_days: int, per_hour: int = 0, used: bool = True) -> _Card:
            made = _Card(invented_iccid(SHOWS[shows], ISSUER), now - age_days * day, per_hour)
            made.used_from = made.made_at if used else None
            self.cards[made.iccid] = made
            return made

        used = card("in use, another queued", 6, 12_000_000)
        self._assign(used, "esim_3GB_30D_GB_V2", used.made_at)
        self._assign(used, "esim_1GB_7D_GB_V2", now - day)
        unlimited = card("unlimited", 2, 50_000_000)
        self._assign(unlimited, "esim_UL_7D_REUP_V2", unlimited.made_at)
        fresh = card("not used yet", 3, used=False)
        self._assign(fresh, "esim_5GB_30D_JP_V2", fresh.made_at)
        empty = card("used up", 5, 100_000_000)
        self._assign(empty, "esim_1GB_7D_FR_V2", empty.made_at)
        ended = card("ended", 60, 1_000_000)
        self._assign(ended, "esim_3GB_15D_US_V2", ended.made_at)
        card("nothing assigned", 1, used=False)
        many = card("behind twenty used up", 40, 50_000_000)
        for number in range(20):
            self._assign(many, "esim_1GB_7D_TH_V2", many.made_at + timedelta(hours=number))
        self._assign(many, "esim_50GB_90D_TH_V2", now - 2 * day)

    def _assign(self, card: _Card, bundle: str, at: datetime, reference: str | None = None) -> _Assignment:
        self.numbers += 1
        one = _Assignment(str(self.numbers), self.bundles[bundle], at, f"{reference or fresh_id()}-0", at + PROCESSING)
        card.assignments.append(one)
        return one

    def guarded(self, answering: Answering, *, text_errors: bool = False) -> Answering:
        """``answering`` behind the key and the limit; a refusal is JSON, or on orders plain text."""

        async def answer(request: Request) -> Response:
            second = int(self.now().timestamp())
            if not AGAIN.get():
                self._second, self._calls = second, self._calls + 1 if second == self._second else 1
            limits = {
                "X-Ratelimit-Limit": str(CALLS_PER_SECOND),
                "X-Ratelimit-Remaining": str(max(0, CALLS_PER_SECOND - self._calls)),
                "X-Ratelimit-Reset": datetime.fromtimestamp(second + 1, UTC).isoformat().replace("+00:00", "Z"),
                "X-Ratelimit-Cost": "1",
            }
            if self._calls > CALLS_PER_SECOND and not AGAIN.get():
                return JSONResponse({"message": "Rate limit exceeded"}, 429, {**limits, "Retry-After": "1"})
            try:
                if request.headers.get("x-api-key") != CREDENTIALS["api_key"]:
                    raise _Refusal(403, "access denied")
                response = await answering(request)
            except _Refusal as refusal:
                if text_errors and refusal.status == 400:
                    return PlainTextResponse(refusal.message, 400, limits)
                return JSONResponse({"message": refusal.message}, refusal.status, limits)
            response.headers.update(limits)
            return response

        return answer

    # Catalogue

    async def catalogue(self, request: Request) -> Response:
        query = request.query_params
        rows = [bundle.row() for bundle in self.bundles.values()]
        if wanted := query.get("countries"):
            rows = [row for row in rows if row["countries"][0]["iso"] in wanted.split(",")]
        if wanted := query.get("region"):
            rows = [row for row in rows if row["countries"][0]["region"] == wanted]
        page, size = int(query.get("page", "1")), int(query.get("perPage", "50"))
        pages = max(1, -(-len(rows) // size))
        return JSONResponse({"bundles": rows[(page - 1) * size : page * size], "pageCount": pages, "rows": len(rows), "pageSize": size})

    def _named(self, name: str) -> _Bundle:
        if name not in self.bundles:
            raise _Refusal(400, "bundle not found")
        return self.bundles[name]

    async def bundle(self, request: Request) -> Response:
        row = self._named(request.path_params["name"]).row()
        return JSONResponse({**{name: value for name, value in row.items() if name != "groups"}, "group": row["groups"][0]})

    # Cards

    def _card(self, iccid: str) -> _Card:
        if iccid == invented_iccid(SHOWS["another organisation's"], ISSUER):
            raise _Refusal(403, "access denied")
        if iccid not in self.cards:
            raise _Refusal(400, "esim not found")
        return self.cards[iccid]

    async def list_cards(self, request: Request) -> Response:
        query = request.query_params
        page, size = int(query.get("page", "1")), int(query.get("perPage", "10"))
        if size not in {10, 25, 50, 100}:
            raise _Refusal(400, "perPage must be one of 10, 25, 50, 100")
        cards = sorted(self.cards.values(), key=lambda card: card.made_at, reverse=True)
        rows = [
            {
                "iccid": card.iccid,
                "customerRef": "",
                "lastAction": "Bundle Applied" if card.assignments else "",
                "actionDate": _instant(card.made_at),
                "physical": False,
                "assignedDate": _instant(card.made_at),
                "state": "active",
            }
            for card in cards[(page - 1) * size : page * size]
        ]
        return JSONResponse({"esims": rows, "pageCount": max(1, -(-len(cards) // size)), "pageSize": size, "rows": len(cards)})

    async def card(self, request: Request) -> Response:
        card = self._card(request.path_params["iccid"])
        installed = None if card.used_from is None else int(card.used_from.timestamp() * 1000)
        return JSONResponse({**_profile(card), "firstInstalledDateTime": installed, "customerRef": "", "state": "active"})

    async def bundles_of(self, request: Request) -> Response:
        query = request.query_params
        limit = int(query.get("limit", "15"))
        if not 1 <= limit <= 200:
            raise _Refusal(400, "limit must be between 1 and 200")
        seen = self._card(request.path_params["iccid"]).seen(self.now())
        if query.get("includeUsed") != "true":
            seen = [one for one in seen if one.state not in {"depleted", "expired", "revoked", "lapsed"}]
        shown: dict[str, dict[str, Any]] = {}
        for one in seen[:limit]:
            bundle = one.assignment.bundle
            group = shown.setdefault(bundle.name, {"name": bundle.name, "description": bundle.description, "assignments": []})
            group["assignments"].append(_assignment(one))
        return JSONResponse({"bundles": list(shown.values())})

    async def compatible(self, request: Request) -> Response:
        card = self._card(request.path_params["iccid"])
        return JSONResponse({"compatible": self._fits(card, self._named(request.path_params["name"]))})

    @staticmethod
    def _fits(card: _Card, bundle: _Bundle) -> bool:
        """Invented: a card takes fixed bundles, and keeps to unlimited ones once it had one."""
        had_unlimited = any(one.bundle.plan.gigabytes is None for one in card.assignments)
        return not card.assignments or had_unlimited == (bundle.plan.gigabytes is None)

    async def assignments(self, request: Request) -> Response:
        reference = request.query_params.get("reference", "")
        found = [c for c in self.cards.values() if any(one.reference.startswith(reference) for one in c.assignments)] if reference else []
        if not found:
            raise _Refusal(400, "reference not found")
        if request.headers.get("accept") != "application/json":
            lines = ["ICCID,Matching ID,RSP URL,Bundle,Reference"]
            lines += [f"{c.iccid},{c.matching_id},rsp.sandbox.invalid,{c.assignments[-1].bundle.name},{reference}" for c in found]
            return PlainTextResponse("\n".join(lines) + "\n", media_type="text/csv")
        shown = [{**_profile(c), "firstInstalledDateTime": c.used_from and _instant(c.used_from)} for c in found]
        return JSONResponse(shown[0] if len(shown) == 1 else shown)

    # Orders and money

    async def place(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            lines = body["order"]
            kind, assign = body["type"], bool(body["assign"])
        except (ValueError, KeyError, TypeError):
            raise _Refusal(400, "invalid order") from None
        now = self.now().astimezone(UTC)
        answer: dict[str, Any] = {"order": [], "total": 0, "currency": "USD", "createdDate": _instant(now), "assigned": assign}
        cents, work = 0, []
        for line in lines:
            bundle, iccids = self._named(line["item"]), list(line.get("iccids") or [])
            if iccids and (not assign or line["quantity"] != len(iccids)):
                raise _Refusal(400, "quantity must match number of iccids")
            cents += bundle.plan.cents * line["quantity"]
            reassign = bool(line.get("allowReassign"))
            work.append((bundle, iccids or [None] * line["quantity"], reassign))
            price = bundle.plan.cents / 100
            shown = {"type": "bundle", "item": bundle.name, "quantity": line["quantity"], "pricePerUnit": price}
            answer["order"].append({**shown, "subTotal": round(price * line["quantity"], 2), "AllowReassign": reassign})
        answer["total"] = cents / 100
        for bundle, iccids, reassign in work:
            for iccid in filter(None, iccids):
                if not self._fits(self._card(iccid), bundle) and not reassign:
                    raise _Refusal(400, "bundle is not compatible with esim")
        if cents > self.cents:
            raise _Refusal(400, "insufficient balance")
        if kind == "validate":
            return JSONResponse({**answer, "valid": True})
        if kind != "transaction":
            raise _Refusal(400, "invalid type")
        self.cents -= cents
        reference = str(fresh_id())
        for shown, (bundle, iccids, _) in zip(answer["order"], work, strict=True):
            if assign:
                cards = [self._take(iccid, bundle, now, reference) for iccid in iccids]
                shown["iccids"] = [card.iccid for card in cards]
                shown["esims"] = [
                    {"iccid": card.iccid, "matchingId": card.matching_id, "smdpAddress": "http://rsp.sandbox.invalid"} for card in cards
                ]
        done = {
            "status": "completed",
            "statusMessage": "Order completed",
            "orderReference": reference,
            "runningBalance": f"{self.cents / 100:.2f}",
        }
        self.orders.append({**answer, **done})
        return JSONResponse(self.orders[-1])

    def _take(self, iccid: str | None, bundle: _Bundle, now: datetime, reference: str) -> _Card:
        card = self.cards.get(iccid or "")
        if card is None or not self._fits(card, bundle):
            card = _Card(invented_iccid(1000 + len(self.cards), ISSUER), now)
            self.cards[card.iccid] = card
        self._assign(card, bundle.name, now, reference)
        return card

    async def list_orders(self, request: Request) -> Response:
        query = request.query_params
        orders = list(reversed(self.orders))
        for bound in query.getlist("createdAt"):
            how, _, said = bound.partition(":")
            moment = datetime.fromisoformat(said)
            later = how == "gte"
            orders = [o for o in orders if (datetime.fromisoformat(o["createdDate"]) >= moment) == later or o["createdDate"] == said]
        page, size = int(query.get("page", "1")), int(query.get("limit", "10"))
        shown = orders[(page - 1) * size : page * size]
        if query.get("includeIccids") != "true":
            hidden = {"iccids", "esims"}
            shown = [{**o, "order": [{k: v for k, v in line.items() if k not in hidden} for line in o["order"]]} for o in shown]
        return JSONResponse({"orders": shown, "pageCount": max(1, -(-len(orders) // size)), "rows": len(orders), "pageSize": size})

    async def order(self, request: Request) -> Response:
        found = [order for order in self.orders if order["orderReference"] == request.path_params["reference"]]
        if not found:
            raise _Refusal(400, "order not found")
        return JSONResponse(found[0])

    async def organisation(self, _: Request) -> Response:
        credit = {"balance": self.cents / 100, "testCredit": TEST_CENTS / 100, "testCreditExpiry": "2026-12-31"}
        users = [{"firstName": "Sandbox", "role": "Admin"}]
        return JSONResponse({"name": "Sandbox Travel", "apiKey": CREDENTIALS["api_key"], "currency": "USD", **credit, "users": users})


def create_app(seed: str = "esimgo", now: Clock = utc_now) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices."""
    made = _Organisation(seed, now)
    guarded = made.guarded
    root = "/{version:str}"
    routes = [
        Route(f"{root}/catalogue", guarded(made.catalogue)),
        Route(f"{root}/catalogue/bundle/{{name}}", guarded(made.bundle)),
        Route(f"{root}/esims", guarded(made.list_cards)),
        Route(f"{root}/esims/assignments", guarded(made.assignments)),
        Route(f"{root}/esims/{{iccid}}", guarded(made.card)),
        Route(f"{root}/esims/{{iccid}}/bundles", guarded(made.bundles_of)),
        Route(f"{root}/esims/{{iccid}}/compatible/{{name}}", guarded(made.compatible)),
        Route(f"{root}/orders", guarded(made.place, text_errors=True), methods=["POST"]),
        Route(f"{root}/orders", guarded(made.list_orders), methods=["GET"]),
        Route(f"{root}/orders/{{reference}}", guarded(made.order)),
        Route(f"{root}/organisation", guarded(made.organisation)),
    ]
    cards = {shows: invented_iccid(number, ISSUER) for shows, number in SHOWS.items()}
    return Sandbox(Starlette(routes=routes), CREDENTIALS, cards, "/[^/]+/orders")


def _bundle(plan: Invented) -> _Bundle | None:
    if len(plan.countries) > 1 and plan.place not in REGION_BUNDLES:
        return None
    place = REGION_BUNDLES[plan.place][1] if plan.place in REGION_BUNDLES else plan.place
    size = "UL" if plan.gigabytes is None else f"{plan.gigabytes}GB"
    return _Bundle(f"esim_{size}_{plan.days}D_{place}_V2", plan)


def _profile(card: _Card) -> dict[str, Any]:
    return {
        "iccid": card.iccid,
        "pin": "0000",
        "puk": f"{int(card.iccid[-8:]):08d}",
        "matchingId": card.matching_id,
        "smdpAddress": "http://rsp.sandbox.invalid",
        "profileStatus": "Released" if card.used_from is None else "Installed",
    }


def _assignment(one: _Seen) -> dict[str, Any]:
    unlimited = one.assignment.bundle.plan.gigabytes is None
    shown: dict[str, Any] = {
        "id": one.assignment.id,
        "callTypeGroup": "data",
        "initialQuantity": one.assignment.bundle.bytes,
        "remainingQuantity": one.left,
        "assignmentDateTime": one.assignment.at.strftime("%Y-%m-%dT%H:%M:%S.34523Z"),
        "assignmentReference": one.assignment.reference,
        "bundleState": one.state,
        "unlimited": unlimited,
    }
    if one.start is not None and one.end is not None:
        shown |= {"startTime": _instant(one.start), "endTime": _instant(one.end)}
    amounts = {"initialAmount": one.assignment.bundle.bytes, "remainingAmount": one.left}
    shown["allowances"] = [{"type": "DATA", "service": "STANDARD", "unit": "BYTES", "unlimited": unlimited, **amounts}]
    return shown


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "019Z"
