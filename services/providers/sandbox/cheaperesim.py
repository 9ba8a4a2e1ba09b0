"""Emulator of CheapereSIM's API: a search that pools countries, sorts by price and cuts; ``unmatched`` instead of an error for unknown
countries; Laravel's refusals; orders and usage for a bearer token; 60 calls a minute (assumed)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans
from services.providers.sandbox.state import GIB, MIB, Clock, Line, Window, invented_iccid, utc_now

CREDENTIALS = {"token": "sandbox-cheaperesim-token"}
PER_PAGE = 3
TASTER_MB = 100

ACTIVE, DELIVERED, WAITING, EXPIRED = (f"0d5e4b1a-0000-4000-8000-00000000000{n}" for n in range(1, 5))
CARDS = {"in use": ACTIVE, "delivered, not activated": DELIVERED, "not delivered yet": WAITING, "expired": EXPIRED}


class Fail(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers


def _invalid(name: str, text: str) -> Fail:
    return Fail(422, {"message": text, "errors": {name: [text]}})


def create_app(seed: str = "cheaperesim", now: Clock = utc_now) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices; ``now`` is the time it lives in."""
    return Sandbox(_Site(seed, now).app(), CREDENTIALS, CARDS)


class _Site:
    def __init__(self, seed: str, now: Clock) -> None:
        self.now = now
        self.limit = Window(60, 60)
        self.plans = _with_tasters(invented_plans(seed))
        self.groups = {place: 40 + n for n, place in enumerate(dict.fromkeys(p.place for p, _, _ in self.plans if len(p.countries) > 1))}
        moment = now()
        self.lines = {
            ACTIVE: _line(1, moment, 10 * GIB, 30, 20 * MIB, used_days=10),
            DELIVERED: _line(2, moment, 3 * GIB, 15, 0, used_days=None),
            WAITING: _line(3, moment, GIB, 7, 0, used_days=None),
            EXPIRED: _line(4, moment, GIB, 7, MIB, used_days=40),
        }

    def app(self) -> Starlette:
        calls: dict[str, Callable[[Request], Any]] = {
            "plans/search": self.search,
            "plans/{group:int}/coverage": self.coverage,
            "search": self.destinations,
            "popular": self.popular,
            "orders": self.orders,
            "orders/{uuid}/usage": self.usage,
        }
        return Starlette(routes=[Route(f"/api/v1/{path}", self._endpoint(call)) for path, call in calls.items()])

    def _endpoint(self, call: Callable[[Request], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            wait = self.limit.wait_for("address", self.now())
            if wait:
                return JSONResponse({"message": "Too Many Attempts."}, 429, {"Retry-After": str(wait)})
            try:
                return JSONResponse(call(request))
            except Fail as fail:
                return JSONResponse(fail.body, fail.status, fail.headers)

        return answer

    def search(self, request: Request) -> Any:
        asked = request.query_params
        if "countries" not in asked:
            raise _invalid("countries", "The countries field is required.")
        names = [name.strip() for name in asked["countries"].split(",")]
        if len(names) > 10:
            raise _invalid("countries", "The countries field must not have more than 10 items.")
        scope, limit = asked.get("scope"), asked.get("limit", "20")
        if scope not in (None, "local", "regional", "global"):
            raise _invalid("scope", "The selected scope is invalid.")
        if not limit.isdigit() or not 1 <= int(limit) <= 50:
            raise _invalid("limit", "The limit field must be between 1 and 50.")
        sold = {code for plan, _, _ in self.plans for code in plan.countries}
        matched = [name.upper() for name in names if name.upper() in sold]
        unmatched = [name for name in names if name.upper() not in sold]
        least_mb, days = float(asked.get("min_data_gb", 0)) * 1024, int(asked.get("days", 1))
        found = [
            self._plan(number, plan, mb, cents, matched, not unmatched)
            for number, (plan, mb, cents) in enumerate(self.plans)
            if set(matched) & set(plan.countries)
            and scope in (None, _scope(plan))
            and (mb == 0 or mb >= least_mb)
            and _days(plan, mb) >= days
        ]
        return {"plans": sorted(found, key=lambda plan: plan["price_cents"])[: int(limit)], "unmatched": unmatched}

    def _plan(self, number: int, plan: Invented, mb: int, cents: int, matched: list[str], all_matched: bool) -> dict[str, Any]:
        covers = [code for code in matched if code in plan.countries]
        size = "Unlimited" if mb == 0 else f"{mb}MB" if mb < 1024 else f"{mb // 1024}GB"
        return {
            "id": 4400 + number,
            "group_id": self.groups.get(plan.place),
            "name": f"{plan.place.title()} {size} {_days(plan, mb)}Days",
            "scope": _scope(plan),
            "data_amount_mb": mb,
            "data_gb": round(mb / 1024, 1),
            "is_unlimited": mb == 0,
            "duration_days": _days(plan, mb),
            "price_cents": cents,
            "price_formatted": f"${cents / 100:.2f}",
            "currency": "USD",
            "price_per_gb_cents": None if mb == 0 else round(cents * 1024 / mb),
            "provider": "eSIM Access",
            "destination_count": len(plan.countries),
            "covers_requested": covers,
            "covers_all_requested": all_matched and len(covers) == len(matched),
            "buy_url": f"https://cheaperesim.com/esim/{plan.place.lower()}?package={4400 + number}&utm_source=mcp",
        }

    def coverage(self, request: Request) -> Any:
        group = request.path_params["group"]
        for plan, _, _ in self.plans:
            if self.groups.get(plan.place) == group:
                return {"destination_count": len(plan.countries), "destinations": [_destination(code) for code in plan.countries]}
        raise Fail(404, {"message": f"No query results for model [App\\Models\\PackageGroup] {group}"})

    def destinations(self, request: Request) -> Any:
        wanted = request.query_params.get("q", "").upper()
        return {"destinations": [{**_destination(code), "from_price": None} for code in self._codes() if wanted in code]}

    def popular(self, request: Request) -> Any:
        return {"destinations": [{**_destination(code), "cheapest_price_cents": None, "package_count": 8} for code in self._codes()[:10]]}

    def _codes(self) -> list[str]:
        return list(dict.fromkeys(plan.place for plan, _, _ in self.plans if len(plan.countries) == 1))

    def _check_token(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {CREDENTIALS['token']}":
            raise Fail(401, {"message": "Unauthenticated."})

    def orders(self, request: Request) -> Any:
        self._check_token(request)
        page, rows = int(request.query_params.get("page", 1)), [self._order(uuid) for uuid in self.lines]
        shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
        return {"data": shown, "current_page": page, "last_page": -(-len(rows) // PER_PAGE), "total": len(rows)}

    def _order(self, uuid: str) -> dict[str, Any]:
        line, moment = self.lines[uuid], self.now()
        delivered = uuid != WAITING
        return {
            "uuid": uuid,
            "status": "completed" if delivered else "processing",
            "package_name": f"Japan {line.total // GIB}GB {line.days}Days",
            "destination": "Japan",
            "destination_iso_code": "JP",
            "delivered_at": _time(line.bought_at) if delivered else None,
            "expires_at": _time(line.ends_at),
            "installed_at": _time(line.first_used_at),
            "activated_at": _time(line.first_used_at),
            "smdp_status": ("ENABLED" if line.first_used_at else "RELEASED") if delivered else None,
            "data_used_bytes": line.used(moment - timedelta(hours=6)) if delivered else None,
            "data_total_bytes": line.total if delivered else None,
            "last_synced_at": _time(moment - timedelta(hours=6)) if delivered else None,
            "created_at": _time(line.bought_at),
            "retail_price_cents": 1999,
        }

    def usage(self, request: Request) -> Any:
        self._check_token(request)
        uuid = request.path_params["uuid"]
        if uuid not in self.lines:
            raise Fail(404, {"message": f"No query results for model [App\\Models\\Order] {uuid}"})
        if uuid == WAITING:
            return {"message": "The eSIM has not been delivered yet.", "usage": None}
        line, moment = self.lines[uuid], self.now()
        used = line.used(moment)
        return {
            "usage": {
                "data_used_mb": round(used / MIB, 2),
                "data_remaining_mb": round((line.total - used) / MIB, 2),
                "data_used_formatted": f"{used / GIB:.1f} GB",
                "data_remaining_formatted": f"{(line.total - used) / GIB:.1f} GB",
                "is_active": line.first_used_at is not None and not line.over(moment),
                "usage_percent": round(100 * used / line.total),
                "last_checked_at": _time(moment),
            }
        }


def _with_tasters(plans: list[Invented]) -> list[tuple[Invented, int, int]]:
    """Each plan with its MB and its price in cents; every place has a taster of 100 MB as well. Taiwan is sold in regions only."""
    found = [(plan, (plan.gigabytes or 0) * 1024, plan.cents) for plan in plans if plan.place != "TW"]
    return found + [(plan, TASTER_MB, 90 + plan.cents // 20) for plan in plans if plan.gigabytes == 1 and plan.place != "TW"]


def _days(plan: Invented, mb: int) -> int:
    return 7 if mb == TASTER_MB else plan.days


def _scope(plan: Invented) -> str:
    return "local" if len(plan.countries) == 1 else "global" if plan.place == "global" else "regional"


def _destination(code: str) -> dict[str, Any]:
    return {"name": code, "slug": code.lower(), "iso_code": code, "flag_emoji": ""}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _line(number: int, now: datetime, total: int, days: int, per_hour: int, used_days: int | None) -> Line:
    bought = now - timedelta(days=(used_days or 0) + 2)
    used = None if used_days is None else now - timedelta(days=used_days)
    return Line(invented_iccid(number, 41), bought, total, days, per_hour, used, used)
