"""Emulator of Airalo's Partner API v2: bodies as form, JSON or multipart, optional request signatures, tokens that die after a day
whatever ``expires_in`` says, numbers that are texts in lists, two shapes of 422, "not found" with an empty list, a recycled eSIM, usage
that is 20 minutes old, pages that may be objects, the published limits, and no memory for repeated orders.

Package ids that always fail: ``test-insufficient-balance-7days-1gb`` (11), ``test-maintenance-mode-7days-1gb`` (13),
``test-disabled-top-up-7days-1gb`` (23), ``test-not-enough-7days-1gb`` (33), ``test-out-of-stock-7days-1gb`` (34).
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans
from services.providers.sandbox.state import AGAIN, MIB, Clock, Line, Window, fresh_id, invented_iccid, utc_now

CREDENTIALS = {"client_id": "sandbox-airalo-client", "client_secret": "sandbox-airalo-secret"}
TOKEN_LIFE = timedelta(hours=24)
CACHE = timedelta(minutes=20)
START_BALANCE = 500.0
FAILING = {
    "test-insufficient-balance-7days-1gb": (11, "Insufficient Airalo Credit. Please top up."),
    "test-maintenance-mode-7days-1gb": (13, "The operator is under maintenance. Please try again later."),
    "test-disabled-top-up-7days-1gb": (23, "Top up has been disabled by the operator."),
    "test-not-enough-7days-1gb": (33, "Not enough eSIMs in stock."),
    "test-out-of-stock-7days-1gb": (34, "The package is out of stock."),
}
RECYCLED_TEXT = "The eSIM with iccid {} has been recycled. It can no longer be used or topped up."

ACTIVE, NEW, USED_UP, EXPIRED, RECYCLED, UNLIMITED, NO_TOP_UPS, VOICE = (invented_iccid(n, 31) for n in range(1, 9))
CARDS = {
    "in use": ACTIVE,
    "bought, not used": NEW,
    "data used up": USED_UP,
    "expired": EXPIRED,
    "taken back": RECYCLED,
    "unlimited": UNLIMITED,
    "has no top-ups": NO_TOP_UPS,
    "with minutes and messages": VOICE,
}


class Fail(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers


def _invalid(fields: dict[str, str]) -> Fail:
    return Fail(422, {"data": fields, "meta": {"message": "the parameter is invalid"}})


def _reason(code: int, text: str) -> Fail:
    return Fail(422, {"code": code, "reason": text})


@dataclass(slots=True)
class _Sim:
    number: int
    line: Line
    package: dict[str, Any]
    place: str
    recycled: bool = False
    seen: tuple[datetime, dict[str, Any]] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)


def create_app(
    seed: str = "airalo", now: Clock = utc_now, *, odd_pages: bool = False, pricing: str = "net_pricing", allowed: bool = True
) -> Sandbox:
    """The emulator. ``odd_pages``: pages after the first come as objects. ``pricing``: or "discount_pricing" (10 %).
    ``allowed``: False puts every caller outside the list of allowed addresses."""
    return Sandbox(_Account(seed, now, odd_pages, pricing, allowed).app(), CREDENTIALS, CARDS, r"/v2/orders(-async|/topups)?")


class _Account:
    def __init__(self, seed: str, now: Clock, odd_pages: bool, pricing: str, allowed: bool) -> None:
        self.now = now
        self.odd_pages = odd_pages
        self.pricing = {"model": pricing, "discount_percentage": 10 if pricing == "discount_pricing" else 0}
        self.allowed = allowed
        self.balance = START_BALANCE
        self.tokens: dict[str, datetime] = {}
        self.orders: list[dict[str, Any]] = []
        self.sims: dict[str, _Sim] = {}
        self.places: dict[str, list[Invented]] = {}
        for plan in invented_plans(seed):
            self.places.setdefault(plan.place, []).append(plan)
        self.packages = {package["id"]: (place, package) for place in self.places for package in self._packages(place, "sim")}
        self.top_ups = {package["id"]: (place, package) for place in self.places for package in self._packages(place, "topup")}
        self.limits = {
            "token": Window(3, 60),
            "packages": Window(80, 60),
            "usage": Window(10, 60),
            "history": Window(10, 60),
            "client": Window(5, 1),
        }
        self._seed_sims()

    def app(self) -> Starlette:
        get, post = ["GET"], ["POST"]
        return Starlette(
            routes=[
                Route("/v2/token", self._open(self.token), methods=post),
                Route("/v2/packages", self._open(self.list_packages, "packages"), methods=get),
                Route("/v2/sims", self._open(self.list_sims), methods=get),
                Route("/v2/sims/{iccid}", self._open(self.one_sim), methods=get),
                Route("/v2/sims/{iccid}/usage", self._open(self.usage, "usage"), methods=get),
                Route("/v2/sims/{iccid}/packages", self._open(self.history, "history"), methods=get),
                Route("/v2/sims/{iccid}/topups", self._open(self.list_top_ups), methods=get),
                Route("/v2/sims/{iccid}/instructions", self._open(self.instructions), methods=get),
                Route("/v2/orders", self._open(self.list_orders), methods=get),
                Route("/v2/orders", self._open(self.order), methods=post),
                Route("/v2/orders-async", self._open(self.order_later), methods=post),
                Route("/v2/orders/topups", self._open(self.top_up), methods=post),
                Route("/v2/orders/{number:int}", self._open(self.one_order), methods=get),
                Route("/v2/balance", self._open(self.show_balance), methods=get),
            ]
        )

    def _open(self, call: Callable[[Request, dict[str, Any]], Any], limit: str = "") -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                if request.url.path != "/v2/token":
                    self._check_token(request)
                    self._count("client", request.url.path)
                    if limit:
                        self._count(limit, request.path_params.get("iccid", ""))
                body = await _body(request)
                self._check_signature(request, body)
                return JSONResponse(call(request, body), 202 if request.url.path.endswith("-async") else 200)
            except Fail as fail:
                return JSONResponse(fail.body, fail.status, fail.headers)

        return answer

    def _count(self, limit: str, key: str) -> None:
        wait = self.limits[limit].wait_for(key, self.now())
        if wait:
            calls = str(self.limits[limit].calls)
            headers = {"X-RateLimit-Limit": calls, "X-RateLimit-Remaining": "0", "Retry-After": str(wait)}
            raise Fail(429, {"message": "Too Many Attempts."}, headers)

    def _check_token(self, request: Request) -> None:
        word, _, token = request.headers.get("authorization", "").partition(" ")
        if not AGAIN.get() and (word != "Bearer" or self.tokens.get(token, self.now()) <= self.now()):
            raise Fail(401, {"data": [], "meta": {"message": "Unauthenticated."}})
        if not self.allowed:
            raise Fail(403, {"code": 89, "reason": "Your IP address is not on the allow list."})

    def _check_signature(self, request: Request, body: dict[str, Any]) -> None:
        """Optional; a wrong one is refused. Computed over compact JSON with "/" escaped, whatever the encoding of the body."""
        given = request.headers.get("airalo-signature")
        if given is None or not body:
            return
        texts = {json.dumps(body, separators=(",", ":"), ensure_ascii=ascii_).replace("/", "\\/") for ascii_ in (True, False)}
        key = CREDENTIALS["client_secret"].encode()
        if not any(hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha512).hexdigest(), given.lower()) for text in texts):
            raise _reason(14, "Invalid checksum")

    def token(self, request: Request, body: dict[str, Any]) -> Any:
        self._count("token", "")
        if body.get("client_id") != CREDENTIALS["client_id"]:
            raise _invalid({"client_id": "The selected client id is invalid."})
        if body.get("client_secret") != CREDENTIALS["client_secret"]:
            raise Fail(401, {"data": [], "meta": {"message": "Client authentication failed"}})
        token = "sandbox." + fresh_id().hex
        self.tokens[token] = self.now() + TOKEN_LIFE
        return {"data": {"token_type": "Bearer", "expires_in": 31622400, "access_token": token}, "meta": {"message": "success"}}

    def _paged(self, request: Request, rows: list[Any], **more: Any) -> dict[str, Any]:
        try:
            limit, page = int(request.query_params.get("limit", len(rows) or 1)), int(request.query_params.get("page", 1))
        except ValueError:
            raise _invalid({"limit": "The limit must be an integer."}) from None
        shown = rows[(page - 1) * limit : page * limit]
        data: Any = {str((page - 1) * limit + i): row for i, row in enumerate(shown)} if self.odd_pages and page > 1 else shown
        last = max(1, -(-len(rows) // limit))
        elsewhere = "https://partners-api.airalo.com" + request.url.path
        return {
            **more,
            "data": data,
            "links": {
                "first": f"{elsewhere}?page=1",
                "last": f"{elsewhere}?page={last}",
                "prev": None,
                "next": f"{elsewhere}?page={page + 1}",
            },
            "meta": {
                "message": "success",
                "current_page": page,
                "from": 1,
                "last_page": last,
                "path": elsewhere,
                "per_page": str(limit),
                "to": len(shown),
                "total": len(rows),
            },
        }

    def list_packages(self, request: Request, _: dict[str, Any]) -> Any:
        kind, country = request.query_params.get("filter[type]"), request.query_params.get("filter[country]")
        if kind not in (None, "local", "global"):
            raise _invalid({"filter.type": "The selected type is not supported. Supported values:local, global."})
        with_top_ups = request.query_params.get("include") == "topup"
        rows = [
            self._entry(place, with_top_ups)
            for place in self.places
            if (kind is None or (kind == "local") == (len(place) == 2)) and country in (None, place)
        ]
        return self._paged(request, rows, pricing=self.pricing)

    def _entry(self, place: str, with_top_ups: bool) -> dict[str, Any]:
        plans, local = self.places[place], len(place) == 2
        image = {"width": 132, "height": 99, "url": "https://cdn.sandbox.example/flag.png"}
        apn = {"apn_type": "automatic", "apn_value": None}
        operator = {
            "id": 1000 + list(self.places).index(place),
            "title": f"Sandbox {place.title()}",
            "type": "local" if local else "global",
            "plan_type": "data",
            "is_roaming": not local,
            "rechargeability": place != "TH",
            "activation_policy": "first-usage" if local else "installation",
            "is_kyc_verify": False,
            "is_prepaid": False,
            "esim_type": "Prepaid",
            "install_window_days": 365,
            "topup_grace_window_days": 180,
            "warning": None,
            "other_info": None,
            **apn,
            "apn": {"ios": apn, "android": apn},
            "info": ["Data-only eSIM."],
            "image": image,
            "coverages": [
                {"name": code, "code": code, "networks": [{"name": f"Sandbox {code}", "types": ["5G"] if plans[0].five_g else ["LTE"]}]}
                for code in plans[0].countries
            ],
            "countries": [{"country_code": code, "title": code, "image": image} for code in plans[0].countries],
            "packages": self._packages(place, "sim") + (self._packages(place, "topup") if with_top_ups else []),
        }
        return {
            "slug": "world" if place == "global" else place.lower(),
            "country_code": place if local else "",
            "title": place.title(),
            "image": image,
            "min_price": {"recommended_retail_price": {"USD": min(plan.cents for plan in plans) / 100}},
            "operators": [operator],
        }

    def _packages(self, place: str, kind: str) -> list[dict[str, Any]]:
        return [self._package(plan, kind) for plan in self.places[place]]

    def _package(self, plan: Invented, kind: str) -> dict[str, Any]:
        unlimited = plan.gigabytes is None
        size = "Unlimited" if unlimited else f"{plan.gigabytes} GB"
        slug = f"sandbox-{plan.place.lower()}-{plan.days}days-{size.replace(' ', '').lower()}"
        net = self.pricing["model"] == "net_pricing"
        retail, cost = plan.cents / 100, round(plan.cents * 0.7) / 100
        prices = {"recommended_retail_price": {"USD": retail, "EUR": round(retail * 0.9, 2)}}
        return {
            "id": slug + ("-topup" if kind == "topup" else ""),
            "type": kind,
            "price": retail,
            "net_price": cost if net else None,
            "amount": 0 if unlimited else (plan.gigabytes or 0) * 1024,
            "day": plan.days,
            "is_unlimited": unlimited,
            "title": f"{size} - {plan.days} days",
            "data": size,
            "voice": None,
            "text": None,
            "short_info": "This eSIM doesn't come with a phone number.",
            "is_fair_usage_policy": unlimited,
            "fair_usage_policy": "Lower speed rate of 1 Mbps after 3 GB usage per day." if unlimited else None,
            "qr_installation": "<p>Scan.</p>",
            "manual_installation": "<p>Type.</p>",
            "prices": {"net_price": {"USD": cost}, **prices} if net else prices,
        }

    def _sim(self, request: Request) -> _Sim:
        sim = self.sims.get(request.path_params["iccid"])
        if sim is None:
            raise Fail(404, {"data": [], "meta": {"message": "messages.resource_not_found"}})
        return sim

    def usage(self, request: Request, _: dict[str, Any]) -> Any:
        sim, moment = self._sim(request), self.now()
        if sim.seen is None or moment - sim.seen[0] >= CACHE:
            sim.seen = moment, self._usage(sim, moment)
        return {"data": sim.seen[1], "meta": {"message": "api.succes"}}

    def _usage(self, sim: _Sim, moment: datetime) -> dict[str, Any]:
        line, unlimited = sim.line, sim.package["is_unlimited"]
        zero = {"remaining_voice": 0, "remaining_text": 0, "total_voice": 0, "total_text": 0}
        if sim.recycled:
            return {"remaining": 0, "total": 0, "expired_at": None, "is_unlimited": None, "status": "RECYCLED", **zero}
        status = "ACTIVE"
        if line.over(moment):
            status = "EXPIRED"
        elif line.first_used_at is None:
            status = "NOT_ACTIVE"
        elif line.left(moment) == 0 and not unlimited:
            status = "FINISHED"
        if sim.package["voice"]:
            zero = {"remaining_voice": 40, "remaining_text": 73, "total_voice": sim.package["voice"], "total_text": sim.package["text"]}
        return {
            "remaining": 0 if unlimited else line.left(moment) // MIB,
            "total": 0 if unlimited else line.total // MIB,
            "expired_at": None if line.ends_at is None else f"{line.ends_at:%Y-%m-%d %H:%M:%S}",
            "is_unlimited": unlimited,
            "status": status,
            **zero,
        }

    def history(self, request: Request, _: dict[str, Any]) -> Any:
        return {"pricing": self.pricing, "data": self._sim(request).history}

    def list_top_ups(self, request: Request, _: dict[str, Any]) -> Any:
        sim = self._sim(request)
        if sim.recycled:
            raise _reason(73, RECYCLED_TEXT.format(sim.line.iccid))
        found = [package for place, package in self.top_ups.values() if place == sim.place]
        return {"pricing": self.pricing, "data": found} if sim.place != "TH" else {"data": []}

    def _sim_row(self, sim: _Sim) -> dict[str, Any]:
        code = f"SBX-{sim.number:04d}-AIR"
        return {
            "id": 11000 + sim.number,
            "created_at": f"{sim.line.bought_at:%Y-%m-%d %H:%M:%S}",
            "iccid": sim.line.iccid,
            "lpa": "rsp.sandbox.example",
            "imsis": None,
            "matching_id": code,
            "qrcode": f"LPA:1$rsp.sandbox.example${code}",
            "qrcode_url": "https://qr.sandbox.example/?expires=1&signature=x",
            "direct_apple_installation_url": f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=LPA:1$rsp.sandbox.example${code}",
            "voucher_code": None,
            "airalo_code": None,
            "apn_type": "manual",
            "apn_value": "sandbox",
            "is_roaming": True,
            "confirmation_code": "5751" if sim.number == 1 else None,
            "brand_settings_name": None,
            "recycled": sim.recycled,
            "recycled_at": "2026-05-05 10:52:39" if sim.recycled else None,
            "msisdn": None,
        }

    def list_sims(self, request: Request, _: dict[str, Any]) -> Any:
        wanted = request.query_params.get("filter[iccid]", "")
        with_order = "order" in request.query_params.get("include", "").split(",")
        sims = sorted((sim for sim in self.sims.values() if wanted in sim.line.iccid), key=lambda sim: -sim.number)
        simable = [{"simable": {"package": sim.package["title"], "package_id": sim.package["id"]}} if with_order else {} for sim in sims]
        return self._paged(request, [self._sim_row(sim) | order for sim, order in zip(sims, simable, strict=True)])

    def one_sim(self, request: Request, _: dict[str, Any]) -> Any:
        return {"data": self._sim_row(self._sim(request)), "meta": {"message": "succes"}}

    def instructions(self, request: Request, _: dict[str, Any]) -> Any:
        row = self._sim_row(self._sim(request))
        block = {
            "model": None,
            "version": "17.0",
            "installation_via_qr_code": {"steps": {"1": "Open the settings.", "2": "Scan the code."}, "qr_code_data": row["qrcode"]},
            "installation_manual": {"steps": {"1": "Enter the details."}, "smdp_address_and_activation_code": row["lpa"]},
            "network_setup": {"steps": {"1": "Choose the eSIM."}, "apn_type": "manual", "apn_value": "sandbox", "is_roaming": True},
        }
        return {"data": {"instructions": {"language": "EN", "ios": [block], "android": [block]}}, "meta": {"message": "success"}}

    def _pay(self, package: dict[str, Any], quantity: int) -> dict[str, Any]:
        if package["net_price"] is not None:
            each = package["net_price"]
            shown = {"net_price": each}
        else:
            each = round(package["price"] * 0.9, 2)
            paid = {"unit_paid_price": each, "total_amount_paid": each * quantity}
            shown = {"net_price": None, "discount_percentage": 10, "discount_amount": round(package["price"] * 0.1, 2), **paid}
        if each * quantity > self.balance:
            raise _reason(11, FAILING["test-insufficient-balance-7days-1gb"][1])
        self.balance = round(self.balance - each * quantity, 2)
        return shown

    def _placed(self, kind: str, package: dict[str, Any], body: dict[str, Any], quantity: int, sims: list[_Sim]) -> dict[str, Any]:
        paid, number, moment = self._pay(package, quantity), 583000 + len(self.orders), self.now()
        row = {
            "id": number,
            "created_at": f"{moment:%Y-%m-%d %H:%M:%S}",
            "code": f"{moment:%Y%m%d}-{number:06d}",
            "description": body.get("description"),
            "type": kind,
            "package_id": package["id"],
            "quantity": quantity,
            "package": package["title"],
            "esim_type": "Prepaid",
            "validity": str(package["day"]),
            "price": f"{package['price']:.2f}",
            "data": package["data"],
            "currency": "USD",
            "sims": [self._sim_row(sim) for sim in sims],
            "status": {"name": "Completed", "slug": "completed"},
        }
        self.orders.append(row)
        shown = {**row, "validity": package["day"], "price": package["price"], "pricing_model": self.pricing["model"], **paid}
        del shown["status"]
        if kind == "topup":
            del shown["sims"]
        return {"data": {**shown, "text": package["text"], "voice": package["voice"]}, "meta": {"message": "success"}}

    def top_up(self, request: Request, body: dict[str, Any]) -> Any:
        missing = {name: f"The {name.replace('_', ' ')} field is required." for name in ("iccid", "package_id") if not body.get(name)}
        if missing:
            raise _invalid(missing)
        if body["package_id"] in FAILING:
            raise _reason(*FAILING[body["package_id"]])
        sim = self.sims.get(body["iccid"])
        if sim is None:
            raise _invalid({"iccid": "The selected iccid is invalid."})
        if sim.recycled:
            raise _reason(73, RECYCLED_TEXT.format(sim.line.iccid))
        place, package = self.top_ups.get(body["package_id"], ("", {}))
        if place != sim.place:
            raise _invalid({"package_id": "invalid topup package"})
        answer = self._placed("topup", package, body, 1, [])
        sim.line.add(self.now(), package["amount"] * MIB, package["day"])
        sim.history.append(self._applied(len(self.orders), package, self.now()))
        return answer

    def order(self, request: Request, body: dict[str, Any]) -> Any:
        name = body.get("package_id")
        if name in FAILING:
            raise _reason(*FAILING[name])
        quantity = str(body.get("quantity") or "")
        if not quantity.isdigit() or not 1 <= int(quantity) <= 50:
            raise _invalid({"quantity": "The quantity field is required."})
        if name not in self.packages:
            raise _reason(34, "The package is invalid or out of stock.")
        place, package = self.packages[name]
        return self._placed("sim", package, body, int(quantity), [self._new_sim(place, package) for _ in range(int(quantity))])

    def order_later(self, request: Request, body: dict[str, Any]) -> Any:
        self.order(request, body)
        return {"data": {"request_id": fresh_id().hex[:25], "accepted_at": f"{self.now():%Y-%m-%d %H:%M:%S}"}}

    def list_orders(self, request: Request, _: dict[str, Any]) -> Any:
        rows = list(reversed(self.orders))
        for name in ("code", "description"):
            wanted = request.query_params.get(f"filter[{name}]")
            if wanted:
                rows = [row for row in rows if wanted in (row[name] or "")]
        include = request.query_params.get("include", "").split(",")
        hidden = {"sims", "status"} - set(include)
        return self._paged(request, [{key: value for key, value in row.items() if key not in hidden} for row in rows])

    def one_order(self, request: Request, _: dict[str, Any]) -> Any:
        for row in self.orders:
            if row["id"] == request.path_params["number"]:
                return {"data": row, "meta": {"message": "success"}}
        raise Fail(404, {"data": [], "meta": {"message": "messages.resource_not_found"}})

    def show_balance(self, request: Request, _: dict[str, Any]) -> Any:
        available = {"amount": self.balance, "currency": "USD"}
        return {"data": {"balances": {"name": "balance", "availableBalance": available}}, "meta": {"message": "success"}}

    def _new_sim(self, place: str, package: dict[str, Any]) -> _Sim:
        number = len(self.sims) + 1
        line = Line(invented_iccid(number, 31), self.now(), package["amount"] * MIB, package["day"], bytes_per_hour=5 * MIB)
        sim = self.sims[line.iccid] = _Sim(number, line, package, place)
        sim.history.append(self._applied(7000 + number, package, None))
        return sim

    def _applied(self, number: int, package: dict[str, Any], at: datetime | None) -> dict[str, Any]:
        shown = ("id", "type", "price", "net_price", "amount", "day", "is_unlimited", "title", "data", "short_info")
        return {
            "id": number,
            "status": "NOT_ACTIVE" if at is None else "ACTIVE",
            "remaining": package["amount"],
            "activated_at": None if at is None else f"{at:%Y-%m-%dT%H:%M:%S+00:00}",
            "expired_at": None if at is None else f"{at + timedelta(days=package['day']):%Y-%m-%dT%H:%M:%S+00:00}",
            "finished_at": None,
            "package": {name: package[name] for name in shown},
        }

    def _seed_sims(self) -> None:
        moment = self.now()

        def seeded(package: str, days_ago: int | None, per_hour: int = 0) -> _Sim:
            sim = self._new_sim(*self.packages[f"sandbox-{package}"])
            sim.line.bought_at = moment - timedelta(days=(days_ago or 0) + 3)
            sim.line.bytes_per_hour = per_hour
            if days_ago is not None:
                sim.line.first_used_at = sim.line.installed_at = moment - timedelta(days=days_ago)
                sim.history = [self._applied(7000 + sim.number, sim.package, sim.line.first_used_at)]
            return sim

        seeded("jp-30days-10gb", 10, 20 * MIB)
        seeded("fr-7days-1gb", None)
        seeded("gb-15days-3gb", 5, 2048 * MIB)
        seeded("us-7days-1gb", 20, MIB)
        seeded("es-7days-1gb", 300).recycled = True
        seeded("kr-7days-unlimited", 2, 100 * MIB)
        seeded("th-30days-5gb", 3, 5 * MIB)
        sim = seeded("de-30days-10gb", 4, 10 * MIB)
        sim.package = {**sim.package, "voice": 100, "text": 100}


async def _body(request: Request) -> dict[str, Any]:
    """Form, multipart or JSON: the official clients send all three."""
    if request.method != "POST":
        return {}
    kind = request.headers.get("content-type", "")
    if "json" in kind:
        try:
            said = json.loads(await request.body() or b"{}")
        except ValueError:
            raise Fail(400, {"code": 43, "reason": "Bad request"}) from None
        return said if isinstance(said, dict) else {}
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}
