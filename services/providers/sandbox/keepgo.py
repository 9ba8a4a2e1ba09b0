"""Emulator of Keepgo's partner API v2 (also spoken by eSIMba consoles).

Account: headers ``apiKey: sandbox-keepgo-key`` and ``accessToken: sandbox-keepgo-token``; a prepaid balance of 200.00 USD.

Lines (ICCIDs from :func:`invented_iccid` with issuer 9): 1 a pocket WiFi with lifetime data, 2 an eSIM on a travel plan, 3 an eSIM
not started, 4 a deactivated line, 5 an unlimited plan that cannot be refilled, 6 data used up, and an office of 54 more so that the
list has pages.

Quirks kept: kilobytes for usage and megabytes for refills, both binary; no plan id; countries by name, one of them in no table; null
days for lifetime data; ``active_kb`` that counts what is used; failures inside HTTP 200; ids as numbers and as texts, states as words
and as numbers, "" and null for what is not set; times without a zone; other names for the same thing in create and refill.

Not documented by the provider, and so assumed here: the shapes of ``/account_balance`` and ``/transactions``, 401 for a wrong key, 404
for an unknown line, 50 lines a page at most.
"""

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import invented_plans
from services.providers.sandbox.state import Clock, fresh_id, invented_iccid, utc_now
from services.rules.places.names import country_name

CREDENTIALS = {"api_key": "sandbox-keepgo-key", "access_token": "sandbox-keepgo-token"}
ISSUER = 9
MOST_A_PAGE = 50
OFFICE = 54
BALANCE = Decimal(200)
KB_PER_MB = 1024
KB_PER_GB = 1024**2
UNKNOWN_COUNTRY = "Sandbox Islands"
SHOWS = {
    "pocket WiFi, lifetime data": 1,
    "eSIM, travel plan": 2,
    "eSIM, not started": 3,
    "deactivated": 4,
    "unlimited, cannot be refilled": 5,
    "data used up": 6,
}
NAMES = {"europe": "Orion", "asia": "Lyra", "north-america": "Cygnus", "global": "Andromeda"}
WORDS = ("Not active", "Active", "Finished", "Expired")


@dataclass(slots=True)
class _Data:
    """One data bundle of a line. ``days`` None is lifetime data."""

    id: int
    kb: int
    days: int | None
    assigned_at: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    data: _Data
    state: int
    used_kb: int
    start: datetime | None = None
    end: datetime | None = None
    terminated: datetime | None = None


@dataclass(slots=True)
class _Line:
    iccid: str
    number: int
    notes: str
    bundle: dict[str, Any]
    lpa: str = ""
    status: str = "Activated"
    kb_per_hour: int = 0
    used_from: datetime | None = None
    refillable: bool = True
    auto_refill: bool = False
    deactivation: datetime | None = None
    data: list[_Data] = field(default_factory=list)
    transactions: list[dict[str, Any]] = field(default_factory=list)

    def seen(self, now: datetime) -> list[_Seen]:
        """One bundle is used up after the other."""
        free_at = self.used_from
        seen = []
        for one in self.data:
            start = None if free_at is None else max(free_at, one.assigned_at)
            if start is None or start > now:
                seen.append(_Seen(one, 0, 0))
                continue
            end = None if one.days is None else start + timedelta(days=one.days)
            empty = start + timedelta(hours=one.kb / self.kb_per_hour) if self.kb_per_hour else datetime.max.replace(tzinfo=UTC)
            over = min(end, empty) if end else empty
            hours = (min(now, over) - start).total_seconds() / 3600
            state = 1 if now < over else 3 if over == end else 2
            seen.append(_Seen(one, state, min(one.kb, int(hours * self.kb_per_hour)), start, end, over if state > 1 else None))
            free_at = over
        return seen


class _Refusal(Exception):
    """A failure; with status 200 unless the provider is known to say otherwise."""

    def __init__(self, message: str, status: int = 200, key: str = "message") -> None:
        super().__init__(message)
        self.status = status
        self.said = {key: message}


Answering = Callable[[Request], Awaitable[dict[str, Any]]]


class _Account:
    def __init__(self, seed: str, now: Clock) -> None:
        self.now = now
        self.bundles = list(_bundles(seed))
        self.lines: dict[str, _Line] = {}
        self.balance = BALANCE
        self.numbers = fresh_id().int % 10**9  # no two emulators give out the same
        self._fill()

    def _fill(self) -> None:
        now = self.now().astimezone(UTC).replace(microsecond=0)
        day = timedelta(days=1)
        regional = next(bundle for bundle in self.bundles if bundle["name"] == "Orion")

        def line(
            number: int, notes: str, age_days: float, gigabytes: int, days: int | None, kb_per_hour: int = 0, used: bool = True
        ) -> _Line:
            made = _Line(invented_iccid(number, ISSUER), number, notes, regional, kb_per_hour=kb_per_hour)
            made.used_from = now - age_days * day if used else None
            self._add(made, gigabytes * KB_PER_MB, days, now - age_days * day)
            self.lines[made.iccid] = made
            return made

        line(1, "office MiFi", 100, 20, None, 5_000)
        self._add(self.lines[invented_iccid(1, ISSUER)], 5 * KB_PER_MB, None, now - 2 * day)
        line(2, "", 10, 5, 30, 12_000).lpa = _lpa(2)
        line(3, "for Lyon", 1, 1, 30, used=False).lpa = _lpa(3)
        ended = line(4, "old phone", 400, 1, 30, 3_000)
        ended.status, ended.deactivation = "Deactivated", now - 5 * day
        unlimited = line(5, "weekend", 1, 3, 3, 20_000)
        unlimited.refillable, unlimited.lpa = False, _lpa(5)
        empty = line(6, "bus", 20, 1, None, 100_000)
        empty.auto_refill = True
        for number in range(OFFICE):
            line(100 + number, f"desk {number}", 3 + number, 1 + number % 9, (None, 30)[number % 2], 1_000 + 100 * number)

    def _add(self, line: _Line, megabytes: int, days: int | None, at: datetime) -> _Data:
        self.numbers += 1
        data = _Data(self.numbers, megabytes * KB_PER_MB, days, at)
        line.data.append(data)
        return data

    def guarded(self, answering: Answering) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if request.headers.get("apikey") != CREDENTIALS["api_key"] or request.headers.get("accesstoken") != CREDENTIALS["access_token"]:
                return JSONResponse({"ack": "error", "message": "Invalid credentials"}, 401)
            try:
                return JSONResponse({"ack": "success", **await answering(request)})
            except _Refusal as refusal:
                return JSONResponse({"ack": "error", **refusal.said}, refusal.status)

        return answer

    # Catalogue

    def listing(self, kind: str | None = None, lifetime: bool = False) -> Answering:
        async def answer(_: Request) -> dict[str, Any]:
            bundles = [bundle for bundle in self.bundles if kind in {None, bundle["bundle_type"]}]
            if lifetime:
                bundles = [b for b in bundles if any(refill["amount_days"] is None for refill in b["refills"])]
            return {"bundles": bundles}

        return answer

    # Lines

    def _line(self, request: Request) -> _Line:
        line = self.lines.get(request.path_params["iccid"])
        if line is None:
            raise _Refusal("SIM card not found", 404)
        return line

    def _row(self, line: _Line) -> dict[str, Any]:
        now = self.now()
        seen = line.seen(now)
        live = [one for one in seen if one.state < 2]
        ends = [one.end for one in seen if one.state == 1 and one.end]
        return {
            "iccid": line.iccid,
            "status": line.status,
            "notes": line.notes,
            "deactivation_date": _time(line.deactivation) or (None if line.number % 2 else ""),
            "expired_at": None,
            "allowed_usage_kb": sum(one.data.kb for one in live),
            "remaining_usage_kb": sum(one.data.kb - one.used_kb for one in live),
            "remaining_days": math.floor((max(ends) - now) / timedelta(days=1)) if ends else None,
            "bundle": line.bundle["name"],
            "data_bundles": [],
        }

    async def list_lines(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        page, size = int(query.get("page", "1")), min(MOST_A_PAGE, int(query.get("per_page", "25")))
        lines = list(self.lines.values())
        shown = lines[(page - 1) * size : page * size]
        last = max(1, -(-len(lines) // size))
        paging = {"current_page": page, "last_page": last, "per_page": size, "total": len(lines)}
        first = (page - 1) * size + 1
        return {"sim_cards": {**paging, "from": first, "to": first + len(shown) - 1, "items": [self._row(line) for line in shown]}}

    async def details(self, request: Request) -> dict[str, Any]:
        line = self._line(request)
        row = self._row(line)
        as_words = line.number % 2 == 1
        bundles = [
            {
                "id": one.data.id if as_words else str(one.data.id),
                "status": WORDS[one.state] if as_words else one.state,
                "allowed_usage_kb": one.data.kb,
                "active_kb": one.used_kb,
                "remaining_usage_kb": one.data.kb - one.used_kb,
                "validity": one.data.days,
                "assigned_at": _time(one.data.assigned_at),
                "activated_at": _time(one.start),
                "terminated_at": _time(one.terminated),
                "expire_at": _time(one.end),
            }
            for one in line.seen(self.now())
        ]
        card = {
            **{name: row[name] for name in row if name != "expired_at"},
            "msisdn": None,
            "lpa_code": line.lpa,
            "bundle_id": line.bundle["id"],
            "auto_refill_turned_on": line.auto_refill,
            "auto_refill_amount_mb": 1024,
            "auto_refill_price": 7,
            "auto_refill_currency": "usd",
            "auto_refill_list": self._refills(line),
            "data_bundles": bundles,
        }
        return {"sim_card": card}

    @staticmethod
    def _refills(line: _Line) -> list[dict[str, Any]]:
        return [refill for refill in line.bundle["refills"] if "Unlimited" not in refill["title"]] if line.refillable else []

    async def available_refills(self, request: Request) -> dict[str, Any]:
        return {"available_refills": self._refills(self._line(request))}

    async def refill(self, request: Request) -> dict[str, Any]:
        line, body = self._line(request), await _object(request)
        if "amount_mb" not in body or "amount_days" not in body:
            raise _Refusal("The amount mb and amount days fields are required.", key="errors")
        chosen = [r for r in self._refills(line) if (r["amount_mb"], r["amount_days"]) == (body["amount_mb"], body["amount_days"])]
        if not chosen or line.status != "Activated":
            raise _Refusal("This refill is not available for the SIM card")
        return self._charge(line, chosen[0])

    def _charge(self, line: _Line, refill: dict[str, Any]) -> dict[str, Any]:
        price = Decimal(str(refill["price_usd"]))
        if price > self.balance:
            raise _Refusal("Insufficient balance", key="error")
        self.balance -= price
        data = self._add(line, refill["amount_mb"], refill["amount_days"], self.now().astimezone(UTC))
        transaction = f"AB_{data.id}_42"
        line.transactions.append({"id": transaction, "amount_usd": float(price), "created_at": _time(data.assigned_at)})
        return {"data_bundle_id": data.id, "transaction_id": transaction}

    async def create(self, request: Request) -> dict[str, Any]:
        body = await _object(request)
        bundle = next((bundle for bundle in self.bundles if str(bundle["id"]) == str(body.get("bundle_id"))), None)
        if bundle is None:
            raise _Refusal("Unknown bundle")
        wanted = body.get("refill_mb"), body.get("refill_days")
        chosen = [refill for refill in bundle["refills"] if (refill["amount_mb"], refill["amount_days"]) == wanted]
        if not chosen:
            raise _Refusal("This refill is not available for the bundle")
        number = 1000 + len(self.lines)
        line = _Line(invented_iccid(number, ISSUER), number, "", bundle, lpa=_lpa(number))
        charged = self._charge(line, chosen[0])
        self.lines[line.iccid] = line
        return {"sim_card": {"iccid": line.iccid, "lpa_code": line.lpa}, "transaction_id": charged["transaction_id"]}

    def switch(self, on: bool) -> Answering:
        async def answer(request: Request) -> dict[str, Any]:
            self._line(request).auto_refill = on
            return {}

        return answer

    async def line_transactions(self, request: Request) -> dict[str, Any]:
        return {"transactions": self._line(request).transactions}

    async def all_transactions(self, _: Request) -> dict[str, Any]:
        rows = [{**row, "iccid": line.iccid} for line in self.lines.values() for row in line.transactions]
        return {"transactions": {"current_page": 1, "last_page": 1, "per_page": 25, "total": len(rows), "items": rows}}

    async def account_balance(self, _: Request) -> dict[str, Any]:
        return {"balance": f"{self.balance:.2f}", "currency": "usd"}


def create_app(seed: str = "keepgo", now: Clock = utc_now) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices."""
    account = _Account(seed, now)
    guarded = account.guarded
    root = "/api/v2"
    line = f"{root}/line/{{iccid}}"
    routes = [
        Route(f"{root}/bundles", guarded(account.listing())),
        Route(f"{root}/country_bundles", guarded(account.listing("country"))),
        Route(f"{root}/region_bundles", guarded(account.listing("regional"))),
        Route(f"{root}/global_bundles", guarded(account.listing("global"))),
        Route(f"{root}/lifetime_bundles", guarded(account.listing(lifetime=True))),
        Route(f"{root}/lines", guarded(account.list_lines)),
        Route(f"{root}/line/create", guarded(account.create), methods=["POST"]),
        Route(f"{line}/get_details", guarded(account.details)),
        Route(f"{line}/available_refills", guarded(account.available_refills)),
        Route(f"{line}/refill", guarded(account.refill), methods=["POST"]),
        Route(f"{line}/transactions", guarded(account.line_transactions)),
        Route(f"{line}/turn_on_auto_refill", guarded(account.switch(True)), methods=["POST"]),
        Route(f"{line}/turn_off_auto_refill", guarded(account.switch(False)), methods=["PUT"]),
        Route(f"{root}/account_balance", guarded(account.account_balance)),
        Route(f"{root}/transactions", guarded(account.all_transactions)),
    ]
    cards = {shows: invented_iccid(number, ISSUER) for shows, number in SHOWS.items()}
    return Sandbox(Starlette(routes=routes), CREDENTIALS, cards, f"{root}/line/(create|[^/]+/(refill|turn_(on|off)_auto_refill))")


def _bundles(seed: str) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for plan in invented_plans(seed):
        if (plan.gigabytes, plan.days) != (1, 7) or (len(plan.countries) > 1 and plan.place not in NAMES):
            continue
        place = plan.place
        kind = "global" if place == "global" else "regional" if place in NAMES else "country"
        names = [country_name(code, "en") for code in plan.countries]
        if place == "europe":
            names.append(UNKNOWN_COUNTRY)
        dollar = plan.cents / 100
        ident: int | str = 10 + len(made)
        made.append(
            {
                "id": ident if len(made) % 2 else str(ident),
                "type_id": 1,
                "name": NAMES.get(place, f"{names[0]} Travel"),
                "bundle_type": kind,
                "img": "",
                "description": place.replace("-", " ").title() if place in NAMES else names[0],
                "coverage": names,
                "refills": [
                    {"title": "1GB", "amount_mb": 1024, "amount_days": 30, "price_usd": round(dollar * 1.4, 2)},
                    {"title": "1GB", "amount_mb": 1024, "amount_days": None, "price_usd": round(dollar * 3, 2)},
                    {"title": "5GB", "amount_mb": 5120, "amount_days": 30, "price_usd": round(dollar * 5, 2)},
                    {"title": "10GB", "amount_mb": 10240, "amount_days": None, "price_usd": round(dollar * 20, 2)},
                    {"title": "Unlimited 3 days", "amount_mb": 3072, "amount_days": 3, "price_usd": round(dollar * 4, 2)},
                ],
                "privacy_ip": False,
                "networks": [{"title": name, "local_networks": [f"Sandbox {name} Mobile"], "flag": ""} for name in names],
            }
        )
    return made


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refusal("Invalid request", 400)
    return body


def _lpa(number: int) -> str:
    return f"LPA:1$consumer.sandbox.invalid$SANDBOX{number:06d}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
