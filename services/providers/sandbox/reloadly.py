"""Emulator of Reloadly Airtime's sandbox host, with the token host on the same address.

Account: ``client_id`` sandbox-reloadly, ``client_secret`` sandbox-reloadly-secret, environment sandbox; 1,000.00 USD. Tokens live
sixty days by the clock and are good for the audience they were asked for: this host is https://topups-sandbox.reloadly.com.

Cards are phone numbers that nobody has (unassigned, or kept free for fiction): Haiti (any amount), Nigeria (airtime, and a second
operator with data bundles), India (amounts by region), the United States (a PIN), Great Britain (fixed amounts).

Quirks kept: a JSON token request; 1-based pages answered 0-based; arrays here and pages there; descriptions by "50.00" for the amount
50.0, and ``[]`` for none; ``errorCode`` null on some errors and absent on wrong paths; a reused customIdentifier refused and not
replayed; two minutes between top-ups of a number; ``transactionDate`` on the clock of New York; a status that comes wrapped or flat;
phone numbers as text here and as numbers there.

Not documented by the provider, and so assumed here: the words of the refusal of a reused customIdentifier.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.state import AGAIN, Clock, fresh_id, utc_now
from services.rules.places.names import country_name

CREDENTIALS = {"client_id": "sandbox-reloadly", "client_secret": "sandbox-reloadly-secret", "environment": "sandbox"}
AUDIENCES = {"https://topups.reloadly.com", "https://topups-sandbox.reloadly.com"}
AUDIENCE = "https://topups-sandbox.reloadly.com"
TOKEN_S = 5_184_000
BALANCE = Decimal(1000)
RECENTLY = timedelta(minutes=2)
ASYNC_TAKES = timedelta(seconds=30)
LONGEST_IDENTIFIER = 150
EASTERN = ZoneInfo("America/New_York")
CARDS = {
    "Haiti, any amount": "+50910000001",
    "Nigeria, airtime and data": "+2340000000001",
    "India, amounts by region": "+910000000001",
    "United States, a PIN": "+12025550143",
    "Great Britain, fixed amounts": "+447700900123",
}
CALLING_CODES = {"HT": "509", "NG": "234", "IN": "91", "US": "1", "GB": "44"}


def _operator(ident: int, name: str, country: str, currency: str, rate: float, **more: Any) -> dict[str, Any]:
    return {
        "id": ident,
        "operatorId": ident,
        "name": name,
        "bundle": False,
        "data": False,
        "pin": False,
        "supportsLocalAmounts": False,
        "supportsGeographicalRechargePlans": False,
        "denominationType": "FIXED",
        "senderCurrencyCode": "USD",
        "senderCurrencySymbol": "$",
        "destinationCurrencyCode": currency,
        "destinationCurrencySymbol": currency,
        "commission": 0.0,
        "internationalDiscount": 0.0,
        "localDiscount": 0.0,
        "mostPopularAmount": None,
        "mostPopularLocalAmount": None,
        "minAmount": None,
        "maxAmount": None,
        "localMinAmount": None,
        "localMaxAmount": None,
        "country": {"isoName": country, "name": country_name(country, "en")},
        "fx": {"rate": rate, "currencyCode": currency},
        "logoUrls": [],
        "fixedAmounts": [],
        "fixedAmountsDescriptions": [],
        "localFixedAmounts": [],
        "localFixedAmountsDescriptions": {},
        "suggestedAmounts": [],
        "suggestedAmountsMap": {},
        "geographicalRechargePlans": [],
        "promotions": [],
        **more,
    }


def _range(low: float, high: float) -> dict[str, Any]:
    return {
        "denominationType": "RANGE",
        "minAmount": low,
        "maxAmount": high,
        "suggestedAmounts": [5, 10],
        "suggestedAmountsMap": {"7": 476.0},
    }


def _discount(percent: float) -> dict[str, Any]:
    return {"commission": percent, "internationalDiscount": percent}


OPERATORS = {
    operator["id"]: operator
    for operator in (
        _operator(173, "Sandbox Haiti", "HT", "HTG", 68, **_range(5.0, 70), **_discount(12.0)),
        _operator(340, "Sandbox Nigeria", "NG", "NGN", 400, **_range(0.1, 100), **_discount(2.0)),
        _operator(
            341, "Sandbox Nigeria Data", "NG", "NGN", 400, data=True, bundle=True, **_discount(2.5),
            fixedAmounts=[0.14, 0.28, 50.0],
            fixedAmountsDescriptions={"0.14": "25MB (24 hours)", "0.28": "100MB (24 hours)", "50.00": "Data 27.5GB (30 days)"},
        ),
        _operator(342, "Other Nigeria", "NG", "NGN", 400, **_range(1, 50)),
        _operator(
            200, "Sandbox India", "IN", "INR", 75, supportsGeographicalRechargePlans=True, **_discount(6.0),
            geographicalRechargePlans=[
                {
                    "locationCode": "KA", "locationName": "Karnataka", "fixedAmounts": [2.5, 4.0], "localAmounts": [149, 239],
                    "fixedAmountsDescriptions": {"2.50": "1GB a day, 20 days", "4.00": "1.5GB a day, 24 days"},
                    "localFixedAmountsDescriptions": {},
                },
                {
                    "locationCode": "DL", "locationName": "Delhi", "fixedAmounts": [2.5], "localAmounts": [149],
                    "fixedAmountsDescriptions": {"2.50": "1GB a day, 18 days"}, "localFixedAmountsDescriptions": [],
                },
            ],
        ),
        _operator(
            500, "Sandbox America PIN", "US", "USD", 1, pin=True, fixedAmounts=[10.0, 25.0], fixedAmountsDescriptions={}, **_discount(4.0),
        ),
        _operator(
            600, "Sandbox Britain", "GB", "GBP", 0.8, fixedAmounts=[6.4, 12.8], localFixedAmounts=[5.0, 10.0], supportsLocalAmounts=True,
            fixedAmountsDescriptions={"6.40": "", "12.80": ""}, **_discount(5.0),
        ),
    )
}  # fmt: skip
DETECTED = {"HT": 173, "NG": 340, "IN": 200, "US": 500, "GB": 600}


class _Refusal(Exception):
    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(slots=True)
class _TopUp:
    shown: dict[str, Any]
    placed_at: datetime
    done_at: datetime

    def status(self, now: datetime) -> str:
        return "SUCCESSFUL" if now >= self.done_at else "PROCESSING"


Answering = Callable[[Request], Awaitable[Any]]


class _Account:
    def __init__(self, now: Clock) -> None:
        self.now = now
        self.balance = BALANCE
        self.tokens: dict[str, tuple[str, datetime]] = {}
        self.top_ups: dict[int, _TopUp] = {}
        self.identifiers: set[str] = set()
        self.numbers = 10_670

    def _error(self, request: Request, refusal: _Refusal) -> Response:
        body = {"timeStamp": _time(self.now()), "message": refusal.message, "path": request.url.path, "errorCode": refusal.code}
        return JSONResponse({**body, "infoLink": None, "details": []}, refusal.status)

    async def no_such_path(self, request: Request, _: Exception) -> Response:
        body = {"timeStamp": _time(self.now()), "status": 404, "error": "Not Found", "message": "No message available"}
        return JSONResponse({**body, "path": request.url.path}, 404)

    async def token(self, request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            if not isinstance(asked, dict) or "application/json" not in request.headers.get("content-type", ""):
                raise ValueError
        except ValueError:
            return self._error(request, _Refusal(400, None, "Malformed JSON request"))
        if any(asked.get(name) != CREDENTIALS[name] for name in ("client_id", "client_secret")):
            return self._error(request, _Refusal(401, None, "Access Denied"))
        if asked.get("audience") not in AUDIENCES or asked.get("grant_type") != "client_credentials":
            return self._error(request, _Refusal(401, "INVALID_AUDIENCE", "The audience is not valid"))
        token = f"sandbox.{fresh_id().hex}"
        self.tokens[token] = asked["audience"], self.now() + timedelta(seconds=TOKEN_S)
        return JSONResponse({"access_token": token, "scope": "developer", "expires_in": TOKEN_S, "token_type": "Bearer"})

    def guarded(self, answering: Answering) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                audience, ends_at = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "), ("", self.now()))
                if AGAIN.get():
                    audience, ends_at = AUDIENCE, datetime.max.replace(tzinfo=UTC)
                if audience != AUDIENCE:
                    raise _Refusal(401, "INVALID_TOKEN", "Full authentication is required to access this resource")
                if ends_at <= self.now():
                    raise _Refusal(401, "TOKEN_EXPIRED", "The access token expired")
                return JSONResponse(await answering(request))
            except _Refusal as refusal:
                return self._error(request, refusal)

        return answer

    # Account, countries, operators

    async def account(self, _: Request) -> Any:
        return {**self._purse(), "balance": float(self.balance)}

    def _purse(self) -> dict[str, Any]:
        return {"currencyCode": "USD", "currencyName": "US Dollar", "updatedAt": _time(self.now())}

    async def countries(self, _: Request) -> Any:
        return [_country(code) for code in CALLING_CODES]

    async def country(self, request: Request) -> Any:
        return _country(self._supported(request))

    @staticmethod
    def _supported(request: Request) -> str:
        code = str(request.path_params["iso"]).upper()
        if code not in CALLING_CODES:
            raise _Refusal(404, "COUNTRY_NOT_SUPPORTED", "Country is not supported")
        return code

    async def operators(self, request: Request) -> Any:
        return _page(request, _wanted(request, list(OPERATORS.values())))

    async def operators_of_country(self, request: Request) -> Any:
        code = self._supported(request)
        return _wanted(request, [operator for operator in OPERATORS.values() if operator["country"]["isoName"] == code])

    async def operator(self, request: Request) -> Any:
        return self._operator(request.path_params["ident"])

    @staticmethod
    def _operator(ident: Any) -> dict[str, Any]:
        try:
            return OPERATORS[int(ident)]
        except (KeyError, ValueError, TypeError):
            raise _Refusal(404, "OPERATOR_NOT_FOUND", "Operator not found") from None

    async def detect(self, request: Request) -> Any:
        code = self._supported(request)
        digits = str(request.path_params["phone"]).lstrip("+")
        if not digits.isdigit() or not digits.startswith(CALLING_CODES[code]) or len(digits) < 9:
            raise _Refusal(400, "COULD_NOT_AUTO_DETECT_OPERATOR", "Could not auto detect operator for given phone number")
        return OPERATORS[DETECTED[code]]

    async def commissions(self, request: Request) -> Any:
        return _page(request, [_commission(operator) for operator in OPERATORS.values()])

    async def commission(self, request: Request) -> Any:
        return _commission(self._operator(request.path_params["ident"]))

    async def promotions(self, request: Request) -> Any:
        return _page(request, [])

    async def fx_rate(self, request: Request) -> Any:
        body = await _object(request)
        operator = self._operator(body.get("operatorId"))
        delivered = round(operator["fx"]["rate"] * float(body.get("amount", 0)), 2)
        return {"id": operator["id"], "name": operator["name"], "fxRate": delivered, "currencyCode": operator["fx"]["currencyCode"]}

    # Top-ups

    async def top_up(self, request: Request) -> Any:
        return self._place(await _object(request), at_once=True)

    async def top_up_later(self, request: Request) -> Any:
        return {"transactionId": self._place(await _object(request), at_once=False)["transactionId"]}

    def _place(self, body: dict[str, Any], *, at_once: bool) -> dict[str, Any]:
        now = self.now()
        operator = self._operator(body.get("operatorId"))
        phone = body.get("recipientPhone") or {}
        digits = str(phone.get("number", "")).lstrip("+")
        country = str(phone.get("countryCode", ""))
        if country != operator["country"]["isoName"] or not digits.isdigit() or len(digits) < 7:
            raise _Refusal(400, "INVALID_RECIPIENT_PHONE", "Recipient phone number is not valid")
        amount = self._amount(operator, body)
        identifier = body.get("customIdentifier")
        if identifier is not None and (len(identifier) > LONGEST_IDENTIFIER or identifier in self.identifiers):
            raise _Refusal(400, None, "Custom identifier has already been used")
        full = digits if digits.startswith(CALLING_CODES[country]) else CALLING_CODES[country] + digits
        if any(one.shown["recipientPhone"] == full and now - one.placed_at < RECENTLY for one in self.top_ups.values()):
            raise _Refusal(400, "PHONE_RECENTLY_RECHARGED", "Phone number was recently recharged")
        # The PIN fixture is charged in full.
        discount = (
            Decimal(0) if operator["pin"] else (amount * Decimal(str(operator["internationalDiscount"])) / 100).quantize(Decimal("0.01"))
        )
        if amount - discount > self.balance:
            raise _Refusal(400, "INSUFFICIENT_BALANCE", "Insufficient wallet balance")
        before, self.balance = self.balance, self.balance - (amount - discount)
        self.numbers += 1
        if identifier is not None:
            self.identifiers.add(identifier)
        shown = {
            "transactionId": self.numbers,
            "operatorTransactionId": None,
            "customIdentifier": identifier,
            "recipientPhone": full,
            "recipientEmail": None,
            "senderPhone": None,
            "countryCode": country,
            "operatorId": operator["id"],
            "operatorName": operator["name"],
            "discount": float(discount),
            "discountCurrencyCode": "USD",
            "requestedAmount": float(amount),
            "requestedAmountCurrencyCode": "USD",
            "deliveredAmount": round(float(amount) * operator["fx"]["rate"], 2),
            "deliveredAmountCurrencyCode": operator["fx"]["currencyCode"],
            "transactionDate": now.astimezone(EASTERN).strftime("%Y-%m-%d %H:%M:%S"),
            "pinDetail": _pin(self.numbers, amount) if operator["pin"] else None,
            "balanceInfo": {"oldBalance": float(before), "newBalance": float(self.balance), **self._purse()},
        }
        self.top_ups[self.numbers] = _TopUp(shown, now, now if at_once else now + ASYNC_TAKES)
        return shown if operator["pin"] else {**shown, "status": "SUCCESSFUL"}

    @staticmethod
    def _amount(operator: dict[str, Any], body: dict[str, Any]) -> Decimal:
        try:
            amount = Decimal(str(body["amount"]))
        except (KeyError, ArithmeticError):
            raise _Refusal(400, "INVALID_AMOUNT", "Amount is not valid") from None
        if body.get("useLocalAmount"):
            if not operator["supportsLocalAmounts"]:
                raise _Refusal(400, "INVALID_AMOUNT", "Operator does not support local amounts")
            amount = (amount / Decimal(str(operator["fx"]["rate"]))).quantize(Decimal("0.01"))
        fixed = [*operator["fixedAmounts"], *(each for plan in operator["geographicalRechargePlans"] for each in plan["fixedAmounts"])]
        if operator["denominationType"] == "RANGE":
            good = Decimal(str(operator["minAmount"])) <= amount <= Decimal(str(operator["maxAmount"]))
        else:
            good = amount in {Decimal(str(each)) for each in fixed}
        if not good:
            raise _Refusal(400, "INVALID_AMOUNT_FOR_OPERATOR", "Amount is not valid for the operator")
        return amount

    async def status(self, request: Request) -> Any:
        """Even numbers flat as in the reference, odd ones wrapped as seen by the official client."""
        ident = int(request.path_params["ident"])
        one = self._one(ident)
        shown = {**one.shown, "status": one.status(self.now())}
        return shown if ident % 2 == 0 else {"code": None, "message": None, "status": shown["status"], "transaction": shown}

    def _one(self, ident: int) -> _TopUp:
        if ident not in self.top_ups:
            raise _Refusal(404, "TRANSACTION_NOT_FOUND", "Transaction not found")
        return self.top_ups[ident]

    def _reported(self, one: _TopUp) -> dict[str, Any]:
        return {**one.shown, "recipientPhone": int(one.shown["recipientPhone"]), "balanceInfo": None, "status": one.status(self.now())}

    async def report(self, request: Request) -> Any:
        wanted = request.query_params.get("customIdentifier")
        rows = [one for one in reversed(self.top_ups.values()) if wanted is None or one.shown["customIdentifier"] == wanted]
        return _page(request, [self._reported(one) for one in rows])

    async def report_of(self, request: Request) -> Any:
        return self._reported(self._one(int(request.path_params["ident"])))


def create_app(seed: str = "reloadly", now: Clock = utc_now) -> Sandbox:
    """The emulator. Its few operators do not hang on ``seed``."""
    account = _Account(now)
    guarded = account.guarded
    reports = "/topups/reports/transactions"
    routes = [
        Route("/oauth/token", account.token, methods=["POST"]),
        Route("/accounts/balance", guarded(account.account)),
        Route("/countries", guarded(account.countries)),
        Route("/countries/{iso}", guarded(account.country)),
        Route("/operators", guarded(account.operators)),
        Route("/operators/countries/{iso}", guarded(account.operators_of_country)),
        Route("/operators/commissions", guarded(account.commissions)),
        Route("/operators/fx-rate", guarded(account.fx_rate), methods=["POST"]),
        Route("/operators/auto-detect/phone/{phone}/countries/{iso}", guarded(account.detect)),
        Route("/operators/mnp-lookup/phone/{phone}/countries/{iso}", guarded(account.detect)),
        Route("/operators/{ident:int}", guarded(account.operator)),
        Route("/operators/{ident:int}/commissions", guarded(account.commission)),
        Route("/promotions", guarded(account.promotions)),
        Route("/topups", guarded(account.top_up), methods=["POST"]),
        Route("/topups-async", guarded(account.top_up_later), methods=["POST"]),
        Route(reports, guarded(account.report)),
        Route(f"{reports}/{{ident:int}}", guarded(account.report_of)),
        Route("/topups/{ident:int}/status", guarded(account.status)),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: account.no_such_path, 404: account.no_such_path})
    return Sandbox(app, CREDENTIALS, CARDS, "/topups(-async)?")


def _country(code: str) -> dict[str, Any]:
    currency = next(o["destinationCurrencyCode"] for o in OPERATORS.values() if o["country"]["isoName"] == code)
    money = {"currencyCode": currency, "currencyName": currency, "currencySymbol": currency}
    return {"isoName": code, "name": country_name(code, "en"), **money, "flag": "", "callingCodes": [f"+{CALLING_CODES[code]}"]}


def _commission(operator: dict[str, Any]) -> dict[str, Any]:
    shown = {"percentage": operator["commission"], "internationalPercentage": operator["internationalDiscount"]}
    of = {"operatorId": operator["id"], "name": operator["name"], "countryCode": operator["country"]["isoName"]}
    return {**shown, "localPercentage": operator["localDiscount"], "updatedAt": "2026-01-01 00:00:00", "operator": of}


def _wanted(request: Request, operators: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Data, bundle and PIN operators are left out where they are not asked for."""
    query = request.query_params
    unwanted = {
        kind for kind, name in (("data", "includeData"), ("bundle", "includeBundles"), ("pin", "includePin")) if query.get(name) == "false"
    }
    return [operator for operator in operators if not any(operator[kind] for kind in unwanted)]


def _page(request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A Spring page: asked for from 1 on, numbered from 0 on."""
    query = request.query_params
    number, size = int(query.get("page", "1")) - 1, int(query.get("size", "200"))
    if number < 0 or size < 1:
        raise _Refusal(400, None, "Page index must not be less than one")
    content = rows[number * size : (number + 1) * size]
    pages = -(-len(rows) // size)
    numbers = {"totalPages": pages, "totalElements": len(rows), "size": size, "number": number, "numberOfElements": len(content)}
    return {"content": content, **numbers, "first": number == 0, "last": number + 1 >= pages, "empty": not content}


def _pin(number: int, value: Decimal) -> dict[str, Any]:
    info = {"info1": "Dial *123*", "info2": "then the PIN", "info3": "then #"}
    return {
        "serial": 558_111_000 + number,
        **info,
        "value": float(value),
        "code": f"7700-{number}-0000",
        "ivr": "1-800-555-0100",
        "validity": "30 days",
    }


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refusal(400, None, "Malformed JSON request")
    return body


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
