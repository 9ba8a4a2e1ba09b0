"""Emulator of eSIM Access: POST for everything, errors inside HTTP 200, money times 10,000, binary bytes, day passes, orders that
are allocated a moment later, repeated ``transactionId`` answered with the first order, ICCIDs given out again, usage that is three
hours old, eight calls a second.

Not documented by the provider, and so assumed here: a wrong access code answers 101003, too many calls answer HTTP 429 with 900001.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans
from services.providers.sandbox.state import GIB, MIB, Clock, Line, Window, invented_iccid, utc_now

CREDENTIALS = {"access_code": "sandbox-esimaccess-code", "secret_key": "sandbox-esimaccess-key"}
USAGE_LAG = timedelta(hours=3)
ALLOCATION = timedelta(seconds=20)
CLOCK_TOLERANCE = timedelta(minutes=5)
UNUSED_DAYS = 180
START_BALANCE = 2_000_000

NEW, ACTIVE, USED_UP, EXPIRED, DAY_PASS, NO_TOP_UP, RECYCLED = (f"2600000000000000{n}" for n in range(1, 8))
CARDS = {
    "bought, not installed": NEW,
    "in use": ACTIVE,
    "data used up": USED_UP,
    "expired": EXPIRED,
    "day pass in use": DAY_PASS,
    "cannot be topped up": NO_TOP_UP,
    "earlier owner of the ICCID that the card in use has now": RECYCLED,
}


class Fail(Exception):
    """A business error: HTTP 200 with ``success`` false."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message


@dataclass(slots=True)
class _Card:
    tran_no: str
    order_no: str
    line: Line
    package: dict[str, Any]
    transaction_id: str
    applied: list[dict[str, Any]] = field(default_factory=list)
    ended: str = ""
    suspended: bool = False
    ready_at: datetime | None = None

    def status(self, now: datetime) -> tuple[str, str]:
        line = self.line
        smdp = "RELEASED" if line.installed_at is None else "ENABLED"
        if self.ended:
            return smdp, self.ended
        if line.over(now):
            return smdp, "UNUSED_EXPIRED" if line.first_used_at is None else "USED_EXPIRED"
        if line.first_used_at is None:
            return smdp, "GOT_RESOURCE"
        return smdp, "USED_UP" if line.left(now) == 0 and self.package["dataType"] == 1 else "IN_USE"


def create_app(seed: str = "esimaccess", now: Clock = utc_now) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices; ``now`` is the time it lives in."""
    return Sandbox(_Account(seed, now).app(), CREDENTIALS, CARDS, "/api/v1/open/esim/(order|topup|cancel|suspend|unsuspend|revoke)")


class _Account:
    def __init__(self, seed: str, now: Clock) -> None:
        self.now = now
        self.balance = START_BALANCE
        self.limit = Window(8, 1)
        self.packages = {entry["packageCode"]: entry for plan in invented_plans(seed) for entry in _packages(plan)}
        self.top_up_packages = {
            f"TOPUP_{code}": {**entry, "packageCode": f"TOPUP_{code}", "supportTopUpType": 2} for code, entry in self.packages.items()
        }
        self.answers: dict[str, dict[str, Any]] = {}
        self.cards: dict[str, _Card] = {}
        self._seed_cards()

    def app(self) -> Starlette:
        calls: dict[str, Callable[[dict[str, Any]], Any]] = {
            "package/list": self.package_list,
            "location/list": self.location_list,
            "esim/order": self.order,
            "esim/query": self.query,
            "esim/usage/query": self.usage,
            "esim/topup": self.top_up,
            "esim/cancel": self.cancel,
            "esim/suspend": lambda body: self.suspend(body, True),
            "esim/unsuspend": lambda body: self.suspend(body, False),
            "esim/revoke": self.revoke,
            "balance/query": lambda body: {"balance": self.balance, "lastUpdateTime": _time(self.now())},
        }
        return Starlette(routes=[Route(f"/api/v1/open/{path}", self._endpoint(call), methods=["POST"]) for path, call in calls.items()])

    def _endpoint(self, call: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            headers = {"Date": format_datetime(self.now(), usegmt=True)}
            try:
                raw = await request.body()
                self._check_key(request.headers, raw)
                if self.limit.wait_for("account", self.now()):
                    return JSONResponse(_envelope(code="900001", message="system is busy"), 429, headers)
                try:
                    body = json.loads(raw or b"{}")
                except ValueError:
                    raise Fail("000104", "request body is not valid json") from None
                return JSONResponse(_envelope(call(body if isinstance(body, dict) else {})), 200, headers)
            except Fail as fail:
                return JSONResponse(_envelope(code=fail.code, message=fail.message), 200, headers)

        return answer

    def _check_key(self, headers: Mapping[str, str], body: bytes) -> None:
        code = headers.get("rt-accesscode", "")
        if not code:
            raise Fail("000101", "request header RT-AccessCode is missing")
        if code != CREDENTIALS["access_code"]:
            raise Fail("101003", "signature verification failed")
        if "rt-signature" not in headers:
            return
        stamp = headers.get("rt-timestamp", "")
        if not stamp.isdigit():
            raise Fail("000102", "request header RT-Timestamp is invalid")
        seconds = int(stamp) / (1000 if len(stamp) > 11 else 1)
        if abs(seconds - self.now().timestamp()) > CLOCK_TOLERANCE.total_seconds():
            raise Fail("101001", "the timestamp has expired")
        signed = f"{stamp}{headers.get('rt-requestid', '')}{code}".encode() + body
        wanted = hmac.new(CREDENTIALS["secret_key"].encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, headers["rt-signature"].lower()):
            raise Fail("101003", "signature verification failed")

    def package_list(self, body: dict[str, Any]) -> Any:
        if body.get("type") == "TOPUP":
            return {"packageList": self._top_ups(body)}
        entries = list(self.packages.values())
        place = body.get("locationCode")
        if place == "!RG":
            entries = [entry for entry in entries if "," in entry["location"] and not entry["slug"].startswith("GL")]
        elif place == "!GL":
            entries = [entry for entry in entries if entry["slug"].startswith("GL")]
        elif place:
            entries = [entry for entry in entries if place in entry["location"].split(",")]
        for name in ("packageCode", "slug", "dataType"):
            if body.get(name):
                entries = [entry for entry in entries if entry[name] == body[name]]
        return {"packageList": entries}

    def _top_ups(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if body.get("iccid"):
            cards = [card for card in self.cards.values() if card.line.iccid == body["iccid"]]
            if not cards:
                raise Fail("310403", f"iccid:[{body['iccid']}] doesn`t exist.")
            base = max(cards, key=lambda card: card.line.bought_at).package
        else:
            base = self._package(body.get("packageCode") or body.get("slug") or "")
        if base["supportTopUpType"] == 1:
            return []
        daily = base["dataType"] != 1
        return [
            entry
            for entry in self.top_up_packages.values()
            if entry["location"] == base["location"] and (entry["dataType"] != 1) == daily and (not daily or entry["slug"] == base["slug"])
        ]

    def location_list(self, body: dict[str, Any]) -> Any:
        places = {entry["locationCode"]: entry["location"].split(",") for entry in self.packages.values()}
        return {
            "locationList": [
                {
                    "code": code,
                    "name": code,
                    "type": 2 if len(codes) > 1 else 1,
                    "subLocation": [{"code": c, "name": c} for c in codes] if len(codes) > 1 else None,
                }
                for code, codes in places.items()
            ]
        }

    def _package(self, name: str) -> dict[str, Any]:
        for entry in self.packages.values():
            if name in (entry["packageCode"], entry["slug"]):
                return entry
        raise Fail("310241", f"base data plan code:[{name}] doesn`t exist.")

    def _pay(self, amount: int, said: Any) -> None:
        if said not in (None, "") and str(said) != str(amount):
            raise Fail("200006", "the total amount of the order is wrong")
        if amount > self.balance:
            raise Fail("200007", "the account balance is insufficient")
        self.balance -= amount

    @staticmethod
    def _transaction(body: dict[str, Any]) -> str:
        transaction_id = body.get("transactionId")
        if not transaction_id:
            raise Fail("000105", "parameter transactionId is missing")
        if len(transaction_id) > 50:
            raise Fail("000107", "parameter transactionId is too long")
        return str(transaction_id)

    def order(self, body: dict[str, Any]) -> Any:
        transaction_id = self._transaction(body)
        if transaction_id in self.answers:
            return self.answers[transaction_id]
        chosen = []
        for entry in body.get("packageInfoList") or []:
            package = self._package(entry.get("packageCode") or entry.get("slug") or "")
            if entry.get("price") not in (None, package["price"]):
                raise Fail("200005", "the package price is wrong")
            chosen += [(package, entry.get("periodNum") or 1)] * int(entry.get("count") or 1)
        if not chosen or len(chosen) > 30:
            raise Fail("200008", "order parameters are wrong")
        self._pay(sum(package["price"] * periods for package, periods in chosen), body.get("amount"))
        order_no = f"B{self.now():%y%m%d%H%M}{len(self.answers) + 1:04d}"
        for package, periods in chosen:
            self._new_card(package, periods, transaction_id, order_no, self.now() + ALLOCATION)
        self.answers[transaction_id] = {"orderNo": order_no, "transactionId": transaction_id}
        return self.answers[transaction_id]

    def _new_card(self, package: dict[str, Any], periods: int, transaction_id: str, order_no: str, ready_at: datetime | None) -> _Card:
        number, moment = len(self.cards) + 1, self.now()
        line = Line(
            invented_iccid(number, 21),
            moment,
            package["volume"],
            package["duration"] * periods,
            bytes_per_hour=6 * MIB,
            use_by=moment + timedelta(days=UNUSED_DAYS),
        )
        card = _Card(f"2600000000000000{number}", order_no, line, package, transaction_id, ready_at=ready_at)
        card.applied.append(self._applied(package, card, transaction_id, moment))
        self.cards[card.tran_no] = card
        return card

    def query(self, body: dict[str, Any]) -> Any:
        pager = body.get("pager")
        if not isinstance(pager, dict):
            raise Fail("000105", "parameter pager is missing")
        number, size = pager.get("pageNum", 0), pager.get("pageSize", 0)
        if not (1 <= number <= 10_000 and 5 <= size <= 500):
            raise Fail("000103", "parameter pager is out of range")
        found = list(self.cards.values())
        if body.get("orderNo"):
            found = [card for card in found if card.order_no == body["orderNo"]]
            if not found:
                raise Fail("310272", f"orderNo:[{body['orderNo']}] doesn`t exist.")
            if any(card.ready_at and self.now() < card.ready_at for card in found):
                raise Fail("200010", "the profile is being allocated")
        elif body.get("esimTranNo"):
            found = [card for card in found if card.tran_no == body["esimTranNo"]]
        elif body.get("iccid"):
            found = [card for card in found if card.line.iccid == body["iccid"]]
        elif body.get("startTime") and body.get("endTime"):
            start, end = _moment(body["startTime"]), _moment(body["endTime"])
            found = [card for card in found if start <= card.line.bought_at <= end]
        else:
            raise Fail("000105", "parameter orderNo, iccid, esimTranNo or startTime and endTime is missing")
        ready = [card for card in found if card.ready_at is None or self.now() >= card.ready_at]
        page = ready[(number - 1) * size : number * size]
        return {
            "esimList": [self._esim(card) for card in page],
            "pager": {"pageSize": size, "pageNum": number, "total": len(ready)},
        }

    def _esim(self, card: _Card) -> dict[str, Any]:
        line, moment = card.line, self.now()
        smdp, status = card.status(moment)
        return {
            "esimTranNo": card.tran_no,
            "orderNo": card.order_no,
            "transactionId": card.transaction_id,
            "imsi": f"99901{int(card.tran_no[-6:]):010d}",
            "iccid": line.iccid,
            "smsStatus": card.package["smsStatus"],
            "msisdn": "",
            "ac": f"LPA:1$rsp.sandbox.example$SBX-{card.tran_no[-6:]}",
            "qrCodeUrl": "https://qr.sandbox.example/" + card.tran_no,
            "shortUrl": "https://qr.sandbox.example/" + card.tran_no,
            "smdpStatus": smdp,
            "eid": "",
            "activeType": card.package["activeType"],
            "dataType": card.package["dataType"],
            "activateTime": _time(line.first_used_at),
            "expiredTime": _time(line.ends_at or line.use_by),
            "installationTime": _time(line.installed_at),
            "totalVolume": line.total,
            "totalDuration": line.days,
            "durationUnit": "DAY",
            "orderUsage": line.used(moment - USAGE_LAG),
            "esimStatus": status,
            "pin": "",
            "puk": "",
            "apn": "plus",
            "ipExport": card.package["ipExport"],
            "supportTopUpType": card.package["supportTopUpType"],
            "fupPolicy": card.package["fupPolicy"],
            "packageList": card.applied,
        }

    def usage(self, body: dict[str, Any]) -> Any:
        numbers = body.get("esimTranNoList") or []
        if not numbers or len(numbers) > 10:
            raise Fail("000103", "parameter esimTranNoList takes 1 to 10 entries")
        measured = self.now() - USAGE_LAG
        return {
            "esimUsageList": [
                {
                    "esimTranNo": number,
                    "dataUsage": self.cards[number].line.used(measured),
                    "totalData": self.cards[number].line.total,
                    "lastUpdateTime": _time(measured),
                }
                for number in numbers
                if number in self.cards
            ]
        }

    def top_up(self, body: dict[str, Any]) -> Any:
        transaction_id = self._transaction(body)
        if transaction_id in self.answers:
            return self.answers[transaction_id]
        card = self._card(body)
        moment = self.now()
        if card.ended or card.line.over(moment):
            raise Fail("200002", "the order status does not allow this operation")
        package = self.top_up_packages.get(body.get("packageCode") or "")
        if package is None or package not in self._top_ups({"iccid": card.line.iccid}):
            raise Fail("310243", f"top up plan code:[{body.get('packageCode')}] doesn`t exist.")
        periods = int(body.get("periodNum") or 1)
        self._pay(package["price"] * periods, body.get("amount"))
        card.line.add(moment, package["volume"] if package["dataType"] == 1 else 0, package["duration"] * periods)
        card.applied.append(self._applied(package, card, transaction_id, moment))
        self.answers[transaction_id] = {
            "transactionId": transaction_id,
            "iccid": card.line.iccid,
            "expiredTime": _time(card.line.ends_at or card.line.use_by),
            "totalVolume": card.line.total,
            "totalDuration": card.line.days,
            "orderUsage": card.line.used(moment - USAGE_LAG),
        }
        return self.answers[transaction_id]

    def _card(self, body: dict[str, Any]) -> _Card:
        for card in self.cards.values():
            if body.get("esimTranNo") == card.tran_no or (not body.get("esimTranNo") and body.get("iccid") == card.line.iccid):
                return card
        raise Fail("310403", "the esim doesn`t exist.")

    def cancel(self, body: dict[str, Any]) -> Any:
        card = self._card(body)
        if card.status(self.now()) != ("RELEASED", "GOT_RESOURCE"):
            raise Fail("200002", "the order status does not allow this operation")
        card.ended = "CANCEL"
        self.balance += int(card.package["price"])
        return {}

    def suspend(self, body: dict[str, Any], suspended: bool) -> Any:
        self._card(body).suspended = suspended
        return {}

    def revoke(self, body: dict[str, Any]) -> Any:
        self._card(body).ended = "REVOKED"
        return {}

    def _applied(self, package: dict[str, Any], card: _Card, transaction_id: str, at: datetime) -> dict[str, Any]:
        return {
            "packageName": package["name"],
            "packageCode": package["packageCode"],
            "slug": package["slug"],
            "duration": package["duration"],
            "volume": package["volume"],
            "locationCode": package["locationCode"],
            "createTime": _time(at),
            "esimTranNo": card.tran_no,
            "transactionId": transaction_id,
        }

    def _seed_cards(self) -> None:
        moment = self.now()

        def seeded(code: str, bought_days: int, used_days: int | None, per_hour: int) -> _Card:
            card = self._new_card(self.packages[code], 1, f"seed-{len(self.cards) + 1}", f"B{len(self.cards) + 1:014d}", None)
            line = card.line
            line.bought_at = moment - timedelta(days=bought_days)
            line.use_by = line.bought_at + timedelta(days=UNUSED_DAYS)
            card.applied[0]["createTime"] = _time(line.bought_at)
            line.bytes_per_hour = per_hour
            if used_days is not None:
                line.installed_at = line.first_used_at = moment - timedelta(days=used_days)
            return card

        seeded("JP_3_30", 2, None, 0)
        active = seeded("JP_10_30", 20, 10, 20 * MIB)
        seeded("FR_1_7", 5, 3, GIB)
        seeded("GB_3_15", 60, 40, 10 * MIB)
        seeded("KR_1_Daily", 4, 3, 30 * MIB).line.days = 30
        none = seeded("TH_5_30", 3, 1, 10 * MIB)
        none.package = {**none.package, "supportTopUpType": 1}
        seeded("US_1_7", 300, 290, 0).line.iccid = active.line.iccid


def _envelope(obj: Any = None, code: str = "0", message: str | None = None) -> dict[str, Any]:
    return {"success": code == "0", "errorCode": code, "errorMsg": message, "obj": obj}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _moment(text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:?00)", text):
        raise Fail("000103", "parameter startTime or endTime is not a UTC time")
    return datetime.fromisoformat(text)


def _packages(plan: Invented) -> list[dict[str, Any]]:
    """The plan with a total of data; for unlimited ones, the three kinds of day pass."""
    local = len(plan.countries) == 1
    place = {"global": "GL-100", "europe": "EU-33"}.get(plan.place, plan.place.upper())
    base = {
        "currencyCode": "USD",
        "smsStatus": 0,
        "unusedValidTime": UNUSED_DAYS,
        "durationUnit": "DAY",
        "location": ",".join(plan.countries),
        "locationCode": plan.place if local else place,
        "activeType": 2,
        "favorite": False,
        "speed": "3G/4G/5G" if plan.five_g else "3G/4G",
        "ipExport": "SG/HK" if local else "NL",
        "locationNetworkList": [
            {
                "locationName": code,
                "locationLogo": f"/img/flags/{code.lower()}.png",
                "locationCode": code,
                "operatorList": [{"operatorName": f"Sandbox {code} Mobile", "networkType": "5G" if plan.five_g else "4G"}],
            }
            for code in plan.countries[:3]
        ],
    }
    if plan.gigabytes is not None:
        slug = f"{place.split('-')[0] if not local else place}_{plan.gigabytes}_{plan.days}"
        name = f"{plan.place.title()} {plan.gigabytes}GB {plan.days}Days"
        price = plan.cents * 70
        return [
            {
                **base,
                "packageCode": slug,
                "slug": slug,
                "name": name,
                "description": name,
                "price": price,
                "retailPrice": plan.cents * 100,
                "volume": plan.gigabytes * GIB,
                "dataType": 1,
                "duration": plan.days,
                "supportTopUpType": 2,
                "fupPolicy": "",
            }
        ]
    passes = ((2, "1 Mbps" if plan.five_g else "384 Kbps", "Daily"), (3, "", "DailyStop"), (4, "", "DailyFull"))
    return [
        {
            **base,
            "packageCode": f"{place}_1_{word}",
            "slug": f"{place}_1_{word}",
            "name": f"{plan.place.title()} {'Unlimited' if kind == 4 else '1GB'}/Day",
            "description": "",
            "price": plan.cents * kind * 5,
            "retailPrice": plan.cents * kind * 10,
            "volume": 0 if kind == 4 else GIB,
            "dataType": kind,
            "duration": 1,
            "supportTopUpType": 3,
            "fupPolicy": policy,
        }
        for kind, policy, word in passes
    ]
