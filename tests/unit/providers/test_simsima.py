"""Simsima's adapter against its emulator over a real socket: each trap of the contract, and literals of the provider's own sample."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import AllowanceKind
from services.model.tri import Tri
from services.providers.base import Catalogue
from services.providers.errors import Malformed
from services.providers.sandbox import simsima as emulator
from services.providers.sandbox.faults import Fault
from services.providers.sandbox.server import serve
from services.providers.simsima import Simsima

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

# The provider's documented sample (contract, section 2), with a second destination item of its own.
SAMPLE: dict[str, Any] = {
    "generatedAt": "2026-11-20T08:00:00.000Z",
    "brand": "Simsima",
    "currency": "USD",
    "count": 3,
    "items": [
        {
            "sku": "esim-japan-1gb-7d",
            "destination": "japan",
            "countryCode": "JP",
            "dataAmountGB": 1,
            "unlimited": False,
            "validityDays": 7,
            "price": 4,
            "currency": "USD",
            "url": "https://simsima.io/en/esim/esim-japan",
            "checkoutUrl": "https://simsima.io/en/esim/esim-japan?plan=esim-japan-1gb-7d",
            "topUp": True,
            "availability": "in_stock",
            "instantDelivery": True,
        },
        {
            "sku": "esim-japan-unlimited-7d",
            "destination": "japan",
            "countryCode": "JP",
            "dataAmountGB": None,
            "unlimited": True,
            "validityDays": 7,
            "price": 25,
            "currency": "USD",
            "url": "https://simsima.io/en/esim/esim-japan",
            "availability": "in_stock",
            "instantDelivery": True,
        },
        {
            "sku": "esim-europe-10gb-30d",
            "destination": "europe",
            "countryCode": None,
            "dataAmountGB": 10,
            "unlimited": False,
            "validityDays": 30,
            "price": 27.5,
            "currency": "USD",
            "url": "https://simsima.io/en/esim/esim-europe",
            "topUp": True,
            "availability": "in_stock",
            "instantDelivery": True,
        },
    ],
    "destinations": [
        {
            "destination": "japan",
            "pathSlug": "esim-japan",
            "url": "https://simsima.io/en/esim/esim-japan",
            "countryCode": "JP",
            "bundleType": "local",
            "coverage": ["JP"],
            "networks": [{"name": "NTT DOCOMO", "types": ["4G", "5G"]}],
        },
        {
            "destination": "europe",
            "pathSlug": "esim-europe",
            "url": "https://simsima.io/en/esim/esim-europe",
            "countryCode": None,
            "bundleType": "regional",
            "coverage": ["FR", "HR", "IT"],
            "networks": [],
        },
    ],
}


def read(app: Any) -> Catalogue:
    """What the adapter makes of an app on a socket."""

    async def ask(url: str) -> Catalogue:
        provider = Simsima(base_url=url, now=lambda: NOW)
        try:
            return await provider.plans()
        finally:
            await provider.aclose()

    with serve(app) as url:
        return asyncio.run(ask(url))


def feed(**changes: Any) -> Starlette:
    async def answer(_: Any) -> JSONResponse:
        return JSONResponse({**SAMPLE, **changes})

    return Starlette(routes=[Route("/en/agent/catalog", answer)])


def first(**changes: Any) -> list[dict[str, Any]]:
    """The sample's items with the first one changed."""
    return [{**SAMPLE["items"][0], **changes}, *SAMPLE["items"][1:]]


def test_the_documented_sample() -> None:
    japan, unlimited, europe = read(feed()).plans
    assert japan.price == Money.of("4", "USD")
    assert japan.allowance.volume == DataVolume.of(1, DataUnit.GB)
    assert (japan.validity_days, japan.countries, japan.top_up, japan.five_g) == (7, {"JP"}, Tri.YES, Tri.YES)
    assert japan.buy_url == "https://simsima.io/en/esim/esim-japan?plan=esim-japan-1gb-7d"
    assert unlimited.buy_url == "https://simsima.io/en/esim/esim-japan"
    assert europe.price.amount == Decimal("27.5")
    assert japan.fetched_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (japan.hotspot, japan.id_check) == (Tri.UNKNOWN, Tri.UNKNOWN)


def test_trap_1_coverage_comes_from_the_destination_and_not_from_the_plan() -> None:
    europe = read(feed()).plans[2]
    assert europe.countries == {"FR", "HR", "IT"}
    assert europe.coverage_complete


def test_trap_1_an_older_feed_without_destinations_leaves_a_region_unknown() -> None:
    japan, _, europe = read(feed(destinations=[])).plans
    assert (japan.countries, japan.coverage_complete) == ({"JP"}, True)
    assert (europe.countries, europe.coverage_complete) == (set(), False)


def test_trap_2_unlimited_has_no_volume_and_is_not_zero() -> None:
    unlimited = read(feed()).plans[1]
    assert unlimited.allowance.kind is AllowanceKind.UNLIMITED
    assert unlimited.allowance.volume is None
    assert unlimited.allowance.fair_use_per_day is None


@pytest.mark.parametrize("amount", [None, 0, -1])
def test_trap_2_a_metered_plan_without_an_amount_is_skipped_with_its_place(amount: int | None) -> None:
    many = first(dataAmountGB=amount) + [{**SAMPLE["items"][2], "sku": f"more-{number}"} for number in range(40)]
    catalogue = read(feed(items=many))
    assert [(entry.path, entry.problem) for entry in catalogue.skipped] == [("items[0].dataAmountGB", "no_amount")]
    assert len(catalogue.plans) == 42


def test_trap_3_one_locale_is_asked_so_that_prices_do_not_mix() -> None:
    app = emulator.create_app()
    read(app)
    assert [asked.path for asked in app.log] == ["/en/agent/catalog"]


def test_trap_4_the_size_stands_beside_every_price() -> None:
    teaser = read(feed(items=first(dataAmountGB=0.1, price=1.5))).plans[0]
    assert teaser.allowance.volume == DataVolume(100_000_000)


@pytest.mark.parametrize("items", [[], None, {}])
def test_trap_5_missing_or_empty_items_are_a_failure_and_not_an_empty_shop(items: Any) -> None:
    with pytest.raises(Malformed) as caught:
        read(feed(items=items))
    assert caught.value.path == "items"


def test_trap_5_a_feed_whose_plans_mostly_cannot_be_read_is_refused_whole() -> None:
    with pytest.raises(Malformed) as caught:
        read(feed(items=[{**item, "price": "free"} for item in SAMPLE["items"]]))
    assert caught.value.path == "items[0].price"


def test_trap_6_an_endless_answer_is_cut_off() -> None:
    app = emulator.create_app()
    app.faults.append(Fault("huge", size=40 * 1024 * 1024))
    with pytest.raises(Malformed) as caught:
        read(app)
    assert caught.value.problem == "too_large"


def test_anything_but_in_stock_is_hidden() -> None:
    catalogue = read(feed(items=first(availability="preorder")))
    assert [plan.plan_id for plan in catalogue.plans] == ["esim-japan-unlimited-7d", "esim-europe-10gb-30d"]
    assert catalogue.hidden == 1


def test_a_missing_top_up_is_unknown_and_not_no() -> None:
    assert read(feed()).plans[1].top_up is Tri.UNKNOWN


def test_a_feed_from_the_future_is_dated_now() -> None:
    """The seller's clock may be wrong; a price is never newer than the moment it was read."""
    ahead = (NOW + timedelta(days=3)).isoformat()
    assert read(feed(generatedAt=ahead)).as_of == NOW


def test_the_emulator_speaks_the_contract() -> None:
    catalogue = read(emulator.create_app(now=lambda: NOW))
    assert len(catalogue.plans) > 500
    assert catalogue.skipped == ()
    assert catalogue.hidden > 0
