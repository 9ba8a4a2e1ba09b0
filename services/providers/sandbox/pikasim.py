"""Emulator of PikaSim's public packages: binary bytes, price times 10,000, ``volumeGB`` that is sometimes megabytes, a
worldwide list of its own, daily plans, a hundred requests a minute."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.invented import Invented, invented_plans

GIB = 1024**3
CALLS_PER_MINUTE = 100


def create_app(seed: str = "pikasim", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Sandbox:
    """The emulator. ``seed`` chooses the invented prices."""
    plans = invented_plans(seed)
    calls: list[float] = []

    def too_many() -> Response | None:
        moment = now().timestamp()
        calls[:] = [at for at in calls if moment - at < 60]
        if len(calls) >= CALLS_PER_MINUTE:
            return JSONResponse({"error": "Too many requests"}, 429, {"Retry-After": str(int(60 - (moment - calls[0])) + 1)})
        calls.append(moment)
        return None

    async def all_countries(_: Request) -> Response:
        return too_many() or JSONResponse({"packages": [_package(plan) for plan in plans if plan.place != "global"]})

    async def worldwide(_: Request) -> Response:
        return too_many() or JSONResponse({"packages": [_package(plan) for plan in plans if plan.place == "global"]})

    return Sandbox(Starlette(routes=[Route("/api/packages/all-countries", all_countries), Route("/api/packages/global", worldwide)]))


def _package(plan: Invented) -> dict[str, Any]:
    local = len(plan.countries) == 1
    package: dict[str, Any] = {
        "packageCode": f"{plan.place.upper().replace('-', '')}{plan.gigabytes or 'DAY'}X{plan.days}",
        "name": f"{plan.place.title()} {f'{plan.gigabytes}GB {plan.days}Days' if plan.gigabytes else '1GB/Day'}",
        "slug": f"{plan.place.lower()}-{plan.gigabytes or 'daily'}-{plan.days}",
        "region": None if local else plan.place.title(),
        "location": ",".join(plan.countries),
        "locationCode": plan.place if local else f"{plan.place[:2].upper()}-{len(plan.countries)}",
        "durationUnit": "DAY",
        "price": plan.cents * 100,
        "priceUSD": plan.cents / 100,
        "currencyCode": "USD",
        "speed": "4G/5G" if plan.five_g else "4G",
        "supportTopUpType": True,
        "activeType": 2,
        "locationNetworkList": [
            {
                "locationName": code,
                "locationCode": code,
                "operatorList": [{"operatorName": f"Sandbox {code} Telecom", "networkType": "5G" if plan.five_g else "4G"}],
            }
            for code in plan.countries
        ],
    }
    if plan.gigabytes is None:
        daily = {"volume": GIB, "duration": 1, "dataType": 2, "isUnlimited": True, "validityDays": 180, "dailyDataGB": 1}
        return {**package, **daily, "price": plan.cents * 10, "priceUSD": plan.cents / 1000}
    volume_gb = plan.gigabytes * 1024 if plan.gigabytes == 1 else plan.gigabytes
    return {
        **package,
        "volume": plan.gigabytes * GIB,
        "volumeGB": volume_gb,
        "duration": plan.days,
        "dataType": 1,
        "isUnlimited": False,
        "validityDays": plan.days,
        "ipExport": "SG",
    }
