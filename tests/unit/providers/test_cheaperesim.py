"""CheapereSIM against its emulator. The traps are those named at the end of the contract's section 4."""

import json
from datetime import timedelta

import pytest

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import AllowanceKind
from services.model.reading import LineStatus, ValidityKind
from services.model.tri import Tri
from services.providers.base import Capability
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised
from services.providers.sandbox.cheaperesim import ACTIVE, DELIVERED, EXPIRED, WAITING

ID = "cheaperesim"
GIB = 1024**3


def test_trap_pooling_and_cutting_hides_no_country(lab):
    at = lab(ID)
    found = at.run(at.provider.plans_for_trip(["JP", "KR", "FR"], 1))
    local = {country for plan in found.plans if len(plan.countries) == 1 and plan.coverage_complete for country in plan.countries}
    assert local == {"JP", "KR", "FR"}
    asked = [asked.query for asked in at.asked("/plans/search")]
    assert len(asked) == 3 + 2
    assert found.plans
    assert found.complete


def test_a_cut_answer_is_not_called_complete(lab, monkeypatch):
    monkeypatch.setattr("services.providers.cheaperesim.MOST_PLANS", 5)
    at = lab(ID)
    assert not at.run(at.provider.plans_for_trip(["JP"], 1)).complete


def test_more_than_ten_countries_are_asked_in_parts_and_joined(lab):
    at = lab(ID)
    many = "FR DE ES PT IT CH AT NL BE LU DK SE".split()
    found = at.run(at.provider.plans_for_trip(many, 1))
    europe = next(plan for plan in found.plans if plan.name.startswith("Europe 10GB"))
    assert europe.countries == set(many)


def test_trap_tasters_are_left_out_by_size(lab):
    at = lab(ID)
    everything = at.run(at.provider.plans_for_trip(["JP"], 1)).plans
    assert min(plan.allowance.volume for plan in everything if plan.allowance.volume) == DataVolume.of(100, DataUnit.MIB)
    large = at.run(at.provider.plans_for_trip(["JP"], 1, DataVolume(3 * GIB))).plans
    assert all(plan.allowance.volume is None or plan.allowance.volume >= DataVolume(3 * GIB) for plan in large)
    assert any(plan.allowance.kind is AllowanceKind.UNLIMITED for plan in large)


def test_trap_covers_requested_is_not_coverage(lab):
    at = lab(ID)
    plans = at.run(at.provider.plans_for_trip(["JP", "KR"], 1)).plans
    asia = next(plan for plan in plans if plan.name.startswith("Asia"))
    assert asia.countries == {"JP", "KR"}
    assert not asia.coverage_complete
    assert next(plan for plan in plans if plan.countries == {"JP"}).coverage_complete


def test_trap_a_country_without_local_plans_is_sold_in_regions(lab):
    at = lab(ID)
    plans = at.run(at.provider.plans_for_trip(["TW"], 1)).plans
    assert plans
    assert all(not plan.coverage_complete for plan in plans)


def test_an_unknown_country_is_no_error_and_no_plan(lab):
    at = lab(ID)
    assert at.run(at.provider.plans_for_trip(["XX"], 1)).plans == ()


def test_units_of_the_documented_plan(lab):
    at = lab(ID)
    documented = {"id": 4471, "group_id": None, "name": "Japan 100MB 7Days", "scope": "local", "data_amount_mb": 100, "data_gb": 0.1,
                  "is_unlimited": False, "duration_days": 7, "price_cents": 106, "price_formatted": "$1.06", "currency": "USD",
                  "price_per_gb_cents": 1085, "provider": "eSIM Access", "destination_count": 1, "covers_requested": ["JP"],
                  "covers_all_requested": False, "buy_url": "https://cheaperesim.com/esim/japan?package=4471&utm_source=mcp"}  # fmt: skip
    at.fault("status", "/api/v1/plans/search", body=json.dumps({"plans": [documented], "unmatched": ["Narnia"]}))
    (plan,) = at.run(at.provider.plans_for_trip(["JP"], 1)).plans
    assert plan.price == Money.of("1.06", "USD")
    assert plan.allowance.volume == DataVolume(100 * 1024**2)
    assert plan.buy_url == documented["buy_url"]
    assert {plan.hotspot, plan.five_g, plan.top_up, plan.id_check} == {Tri.UNKNOWN}


def test_the_token_goes_to_the_account_and_nowhere_else(lab):
    at = lab(ID)
    at.run(at.provider.plans_for_trip(["JP"], 1))
    assert all("authorization" not in asked.headers for asked in at.sandbox.log)
    at.run(at.provider.reading(ACTIVE))
    assert all(("authorization" in asked.headers) == ("orders" in asked.path) for asked in at.sandbox.log)


def test_without_a_token_only_the_search_is_offered(lab):
    at = lab(ID, credentials={})
    assert at.provider.offers() == {Capability.PLANS_FOR_TRIP}
    assert at.run(at.provider.plans_for_trip(["JP"], 1)).plans
    with pytest.raises(Unauthorised):
        at.run(at.provider.cards())
    assert at.asked("/orders") == []
    assert lab(ID).provider.offers() == {Capability.PLANS_FOR_TRIP, Capability.CARDS, Capability.READING, Capability.READINGS}


def test_orders_and_usage(lab):
    at = lab(ID)
    assert [card.remote_id for card in at.run(at.provider.cards())] == [ACTIVE, DELIVERED, WAITING, EXPIRED]
    reading = at.run(at.provider.reading(ACTIVE))
    (data,) = reading.data
    assert data.total == DataVolume(10 * GIB)
    assert abs(data.used.bytes - 10 * 24 * 20 * 1024**2) < 1024**2
    assert reading.validity[0].kind is ValidityKind.PLAN
    assert reading.status is LineStatus.ACTIVE
    assert reading.taken_at - reading.as_of < timedelta(seconds=3)


def test_many_are_read_from_the_list_with_its_age(lab):
    at = lab(ID)
    found = at.run(at.provider.readings([ACTIVE, WAITING, EXPIRED, "nobody"]))
    assert abs(found.good[ACTIVE].taken_at - found.good[ACTIVE].as_of - timedelta(hours=6)) < timedelta(seconds=5)
    assert found.good[EXPIRED].status is LineStatus.EXPIRED
    assert isinstance(found.failed["nobody"], NotFound)
    assert at.asked("/usage") == []


def test_one_unreadable_order_spoils_no_other(lab):
    at = lab(ID)
    at.fault("set", "/api/v1/orders", at=["data", 0, "data_used_bytes"], value=-1)
    found = at.run(at.provider.readings([DELIVERED, EXPIRED, ACTIVE, WAITING]))
    assert {ACTIVE} <= set(found.failed)
    assert isinstance(found.failed[ACTIVE], Malformed)
    assert {DELIVERED, WAITING} <= set(found.good)


def test_before_delivery_nothing_is_known_and_nothing_is_zero(lab):
    at = lab(ID)
    reading = at.run(at.provider.reading(WAITING))
    assert reading.data == reading.validity == ()
    assert reading.status is None
    assert at.run(at.provider.reading(DELIVERED)).status is LineStatus.NOT_ACTIVATED


def test_a_card_that_is_not_there(lab):
    at = lab(ID)
    for card in ("0d5e4b1a-0000-4000-8000-00000000000f", "../plans/search"):
        with pytest.raises(NotFound):
            at.run(at.provider.reading(card))


def test_a_refusal_keeps_the_sellers_words(lab):
    at = lab(ID)
    with pytest.raises(Refused, match="scope is invalid"):
        at.run(at.provider._search({"countries": "JP", "scope": "galactic"}))
