"""PikaSim's adapter against its emulator over a real socket: each trap of the contract, and its documented shapes."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import AllowanceKind
from services.model.tri import Tri
from services.providers.base import Catalogue
from services.providers.errors import Malformed, RateLimited
from services.providers.pikasim import PikaSim
from services.providers.sandbox import pikasim as emulator
from services.providers.sandbox.faults import Fault
from services.providers.sandbox.server import serve

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GIB = 1024**3

# Shapes of the contract, section 3 (its values are invented).
JAPAN: dict[str, Any] = {
    "packageCode": "JPN1G7",
    "name": "Japan 1GB 7Days",
    "region": None,
    "location": "JP",
    "locationCode": "JP",
    "volume": 1073741824,
    "volumeGB": 1,
    "duration": 7,
    "durationUnit": "DAY",
    "dataType": 1,
    "isUnlimited": False,
    "validityDays": 7,
    "price": 12000,
    "priceUSD": 1.2,
    "speed": "4G/5G",
    "ipExport": "SG",
    "supportTopUpType": True,
    "activeType": 2,
    "locationNetworkList": [
        {"locationName": "Japan", "locationCode": "JP", "operatorList": [{"operatorName": "Docomo", "networkType": "4G"}]}
    ],
}
DAILY: dict[str, Any] = {
    "packageCode": "JPNDAY1G",
    "name": "Japan 1GB/Day",
    "location": "JP",
    "locationCode": "JP",
    "volume": 1073741824,
    "duration": 1,
    "dataType": 2,
    "isUnlimited": True,
    "validityDays": 180,
    "dailyDataGB": 1,
    "price": 19000,
    "priceUSD": 1.9,
}
EUROPE: dict[str, Any] = {
    "packageCode": "EU20G30",
    "name": "Europe 20GB 30Days",
    "region": "Europe",
    "location": "AT,BE,DE,FR,HR,IT,ES",
    "locationCode": "EU-42",
    "volume": 21474836480,
    "duration": 30,
    "dataType": 1,
    "isUnlimited": False,
    "validityDays": 30,
    "price": 295000,
    "priceUSD": 29.5,
}
GLOBAL: dict[str, Any] = {**EUROPE, "packageCode": "GL1", "location": "DE,JP,US"}


def read(app: Any) -> Catalogue:
    async def ask(url: str) -> Catalogue:
        provider = PikaSim(base_url=url, now=lambda: NOW)
        try:
            return await provider.plans()
        finally:
            await provider.aclose()

    with serve(app) as url:
        return asyncio.run(ask(url))


def shop(*packages: dict[str, Any]) -> Starlette:
    async def countries(_: Any) -> JSONResponse:
        return JSONResponse({"packages": list(packages)})

    async def worldwide(_: Any) -> JSONResponse:
        return JSONResponse({"packages": [GLOBAL]})

    return Starlette(routes=[Route("/api/packages/all-countries", countries), Route("/api/packages/global", worldwide)])


def test_the_documented_shapes() -> None:
    japan, europe, _ = read(shop(JAPAN, EUROPE)).plans
    assert japan.price == Money.of("1.2", "USD")
    assert japan.allowance.volume == DataVolume(GIB)
    assert (japan.validity_days, japan.countries, japan.top_up, japan.breakout_country) == (7, {"JP"}, Tri.YES, "SG")
    assert europe.countries == {"AT", "BE", "DE", "FR", "HR", "IT", "ES"}
    assert (europe.hotspot, europe.id_check, europe.top_up, europe.five_g) == (Tri.UNKNOWN,) * 4


def test_trap_1_prices_are_ten_thousandths_and_not_cents() -> None:
    without_usd = {name: value for name, value in JAPAN.items() if name != "priceUSD"}
    assert read(shop(without_usd)).plans[0].price.amount == Decimal("1.2")


def test_trap_1_two_prices_that_disagree_are_no_price() -> None:
    others = [{**JAPAN, "packageCode": f"P{number}"} for number in range(40)]
    catalogue = read(shop({**JAPAN, "price": 120}, *others))
    assert [(entry.path, entry.problem) for entry in catalogue.skipped] == [("packages[0].price", "prices_disagree")]


def test_trap_2_volume_gb_is_never_read() -> None:
    assert read(shop({**JAPAN, "volumeGB": 1024})).plans[0].allowance.volume == DataVolume(GIB)


def test_trap_3_a_daily_plan_has_no_period_for_its_price_and_so_no_total() -> None:
    daily = read(shop(DAILY)).plans[0]
    assert daily.allowance.kind is AllowanceKind.UNLIMITED
    assert daily.allowance.fair_use_per_day == DataVolume(GIB)
    assert daily.allowance.speed_after_kbps is None
    assert daily.validity_days is None


def test_trap_4_the_worldwide_list_is_asked_for_too() -> None:
    assert "GL1" in {plan.plan_id for plan in read(shop(JAPAN)).plans}


def test_trap_5_phone_plans_are_not_asked_for() -> None:
    app = emulator.create_app()
    read(app)
    assert [asked.path for asked in app.log] == ["/api/packages/all-countries", "/api/packages/global"]


def test_trap_6_no_link_is_built_from_a_slug() -> None:
    assert read(shop({**JAPAN, "slug": "japan-1gb-7days"})).plans[0].buy_url == "https://pikasim.com/"


def test_trap_7_errors_may_be_pages() -> None:
    app = emulator.create_app()
    app.faults.append(Fault("html", status=200))
    with pytest.raises(Malformed) as caught:
        read(app)
    assert caught.value.problem == "not_json"


def test_a_region_code_is_never_taken_for_a_country() -> None:
    nowhere = read(shop({**EUROPE, "location": "EU-42"})).plans[0]
    assert (nowhere.countries, nowhere.coverage_complete) == (set(), False)


def test_the_published_limit_is_enforced_by_the_emulator() -> None:
    app = emulator.create_app(now=lambda: NOW)
    read(app)
    app.faults.append(Fault("status", status=429))
    with pytest.raises(RateLimited):
        read(app)


def test_the_emulator_speaks_the_contract() -> None:
    catalogue = read(emulator.create_app(now=lambda: NOW))
    assert len(catalogue.plans) > 500
    assert catalogue.skipped == ()
