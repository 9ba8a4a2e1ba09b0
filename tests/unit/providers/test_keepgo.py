"""Keepgo: every trap of the contract's last section, by its numbers, against the emulator over a socket."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.order import OrderStatus, TopUpProduct
from services.model.plan import AllowanceKind
from services.model.reading import LineStatus, ValidityKind
from services.model.tri import Tri
from services.providers.base import Capability, read_many
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised, Unsupported
from services.providers.facts import facts_of
from services.providers.http import Call
from services.providers.keepgo import Keepgo
from services.providers.sandbox.keepgo import CREDENTIALS, OFFICE, create_app
from tests.unit.providers.at_emulator import START, AtEmulator, at_emulator

GIB = 1024**3
MIB = 1024**2


@pytest.fixture
def shop() -> Iterator[AtEmulator]:
    with at_emulator(Keepgo, create_app) as running:
        yield running


@pytest.fixture
def far_from_utc() -> Iterator[None]:
    """A machine whose own time is ten hours ahead."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "AEST-10"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def refill(shop: AtEmulator, card: str, product_id: str) -> TopUpProduct:
    return next(one for one in shop.ask(lambda p: p.top_ups(card)) if one.product_id == product_id)


def refills_sent(shop: AtEmulator, card: str) -> list:
    return shop.bodies(f"/api/v2/line/{card}/refill")


def failing(shop: AtEmulator, path: str, body: str, status: int = 200) -> None:
    shop.fault(kind="status", path=f"/api/v2{path}", status=status, body=body)


def test_trap_1_http_200_without_success_is_a_failure(shop: AtEmulator) -> None:
    failing(shop, "/line/", '{"ack": "error", "message": "Line is locked"}')
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.reading(shop.card("eSIM, travel plan")))
    assert caught.value.detail.endswith("Line is locked")


@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"ack": null, "sim_cards": {"items": []}}', '{"ack": true}', '{"sim_cards": {"items": []}}']
)
def test_trap_1_an_answer_without_ack_is_not_an_empty_account(shop: AtEmulator, body: str) -> None:
    failing(shop, "/lines", body)
    with pytest.raises(Malformed) as caught:
        shop.ask(lambda p: p.cards())
    assert caught.value.path == "ack"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"ack": "error", "error": "Insufficient balance"}', "Insufficient balance"),
        ('{"ack": "error", "errors": {"amount_mb": ["required"]}}', '"amount_mb"'),
        ('{"ack": "failed"}', '"failed"'),
    ],
)
def test_trap_1_the_words_of_a_failure_are_kept_wherever_they_stand(shop: AtEmulator, body: str, said: str) -> None:
    failing(shop, "/lines", body)
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.cards())
    assert said in caught.value.detail


def test_trap_2_kilobytes_of_usage_and_megabytes_of_refills_are_binary(shop: AtEmulator) -> None:
    card = shop.card("eSIM, not started")
    reading = shop.ask(lambda p: p.reading(card))
    assert reading.data[0].remaining == DataVolume(1_048_576 * 1024)
    assert refill(shop, card, "1024:30").allowance.volume == DataVolume(GIB)
    travel = shop.ask(lambda p: p.reading(shop.card("eSIM, travel plan")))
    assert travel.data[0].remaining.bytes == 5 * GIB - 240 * 12_000 * 1024
    shop.clock.move(hours=1)
    assert (
        travel.data[0].remaining.bytes - shop.ask(lambda p: p.reading(shop.card("eSIM, travel plan"))).data[0].remaining.bytes
        == 12_000 * 1024
    )


def test_trap_3_a_plan_is_a_bundle_and_a_refill(shop: AtEmulator) -> None:
    plans = shop.ask(lambda p: p.plans()).plans
    assert len({plan.plan_id for plan in plans}) == len(plans) > 300
    orion = {plan.plan_id.split(":", 1)[1]: plan for plan in plans if plan.name.startswith("Orion")}
    assert set(orion) == {"1024:30", "1024:", "5120:30", "10240:", "3072:3"}
    assert {plan.price.currency for plan in plans} == {"USD"}


def test_trap_3_ids_are_numbers_or_texts(shop: AtEmulator) -> None:
    odd, even = shop.card("pocket WiFi, lifetime data"), shop.card("eSIM, travel plan")
    ids = [shop.ask(lambda p, card=card: p._details(card)).data_bundles[0].id for card in (odd, even)]
    assert all(isinstance(one, str) and one.isdigit() for one in ids)


def test_trap_4_coverage_is_names_and_unknown_ones_stay_visible(shop: AtEmulator) -> None:
    plans = shop.ask(lambda p: p.plans()).plans
    europe = next(plan for plan in plans if plan.name.startswith("Orion"))
    assert {"FR", "ES", "GB", "CZ", "TR"} <= europe.countries
    assert not europe.coverage_complete
    assert "Sandbox Islands" in europe.name
    america = next(plan for plan in plans if plan.name.startswith("Cygnus"))
    assert (america.countries, america.coverage_complete) == ({"US", "CA", "MX"}, True)
    assert {network.country for network in america.networks} == {"US", "CA", "MX"}


def test_trap_5_null_days_are_lifetime_and_not_no_days(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("pocket WiFi, lifetime data")))
    assert reading.validity == ()
    assert reading.data[0].remaining.bytes > 0
    listed = shop.ask(lambda p: p.readings([shop.card("pocket WiFi, lifetime data")]))
    assert listed.good[shop.card("pocket WiFi, lifetime data")].validity == ()
    lifetime = [plan for plan in shop.ask(lambda p: p.plans()).plans if plan.plan_id.endswith(":")]
    assert {plan.validity_days for plan in lifetime} == {365}
    assert refill(shop, shop.card("eSIM, travel plan"), "1024:").validity_days is None


def test_trap_6_active_kb_counts_what_is_used(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    reading = shop.ask(lambda p: p.reading(card))
    raw = shop.ask(lambda p: p._ask(Call("GET", f"/line/{card}/get_details")))["sim_card"]
    used = raw["data_bundles"][0]["active_kb"]
    assert reading.data[0].total.bytes - reading.data[0].remaining.bytes == used * 1024
    assert reading.data[0].remaining.bytes != used * 1024


def test_trap_7_a_refill_says_amount_and_not_refill(shop: AtEmulator) -> None:
    card = shop.card("pocket WiFi, lifetime data")
    done = shop.ask(lambda p: p.top_up(card, TopUpProduct("1024:", "1GB", None), "order-0001"))
    assert done.status is OrderStatus.CONFIRMED
    assert refills_sent(shop, card) == [{"amount_mb": 1024, "amount_days": None}]
    travel = shop.card("eSIM, travel plan")
    shop.ask(lambda p: p.top_up(travel, TopUpProduct("5120:30", "5GB", None), "order-0002"))
    assert refills_sent(shop, travel) == [{"amount_mb": 5120, "amount_days": 30}]
    made = shop.ask(
        lambda p: p._ask(Call("POST", "/line/create", json={"bundle_id": 12, "refill_mb": 1024, "refill_days": 30, "count": 1}))
    )
    assert shop.ask(lambda p: p.reading(made["sim_card"]["iccid"])).data[0].remaining.bytes == GIB


def test_trap_7_a_pair_that_is_not_offered_is_refused(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    with pytest.raises(Refused):
        shop.ask(lambda p: p.top_up(card, TopUpProduct("1024:31", "1GB", None), "order-0003"))


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("kind", ["lost", "reset", "truncated"])
def test_trap_8_a_lost_refill_is_looked_for_and_not_sent_again(shop: AtEmulator, kind: str, traced: bool) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "1024:30")
    reference = shop.provider.new_reference(card, product) if traced else "order-0004"
    shop.fault(kind=kind, path=f"/api/v2/line/{card}/refill", times=1)
    done = shop.ask(lambda p: p.top_up(card, product, reference))
    assert done.status is OrderStatus.CONFIRMED
    again = shop.ask(lambda p: p.top_up(card, product, reference))
    assert again.order_id == done.order_id
    assert len(refills_sent(shop, card)) == 1
    bundles = shop.ask(lambda p: p._details(card)).data_bundles
    assert [one.id for one in bundles].count(done.order_id) == 1
    assert len(bundles) == 2


def test_trap_8_a_refill_that_never_arrived_is_unknown_and_not_sent_again(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "1024:30")
    shop.fault(kind="status", path=f"/api/v2/line/{card}/refill", status=504, body="")
    done = shop.ask(lambda p: p.top_up(card, product, "order-0005"))
    assert (done.status, done.order_id) == (OrderStatus.UNKNOWN, None)
    assert len(refills_sent(shop, card)) == 1


def test_trap_8_an_answer_without_ack_after_a_refill_is_looked_for(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "1024:30")
    shop.fault(kind="set", path=f"/api/v2/line/{card}/refill", at=["ack"], value="pending")
    done = shop.ask(lambda p: p.top_up(card, product, "order-0006"))
    assert done.status is OrderStatus.CONFIRMED
    assert len(refills_sent(shop, card)) == 1


def test_trap_8_a_traced_reference_is_found_after_a_restart(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "5120:30")
    reference = shop.provider.new_reference(card, product)
    assert shop.ask(lambda p: p.find_order(reference)) is None
    done = shop.ask(lambda p: p.top_up(card, product, reference))
    shop.clock.move(days=2)
    found = shop.ask(lambda p: p.find_order(reference))
    assert (found.order_id, found.product_id) == (done.order_id, "5120:30")
    with pytest.raises(Unsupported):
        shop.ask(lambda p: p.find_order("never-seen-here"))


@pytest.mark.parametrize("traced", [False, True])
def test_trap_8_a_second_refill_of_the_same_is_another_refill(shop: AtEmulator, traced: bool) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "1024:30")
    one, two = (shop.provider.new_reference(card, product) if traced else f"order-000{number}" for number in (7, 8))
    first = shop.ask(lambda p: p.top_up(card, product, one))
    second = shop.ask(lambda p: p.top_up(card, product, two))
    assert first.order_id != second.order_id
    assert shop.ask(lambda p: p.find_order(one)).order_id == first.order_id
    assert shop.ask(lambda p: p.find_order(two)).order_id == second.order_id


def test_trap_8_a_refill_without_credit_buys_nothing(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    product = refill(shop, card, "10240:")
    before = shop.ask(lambda p: p.account()).balance
    shop.ask(lambda p: p.top_up(card, product, "order-1000"))
    assert before.minor - shop.ask(lambda p: p.account()).balance.minor == product.price.minor
    with pytest.raises(Refused, match="Insufficient"):  # noqa: PT012 - which one it is depends on the price
        for number in range(1, 50):
            shop.ask(lambda p, number=number: p.top_up(card, product, f"order-1{number:03}"))


def test_trap_9_minutes_of_waiting_are_allowed() -> None:
    provider = Keepgo(credentials=CREDENTIALS)
    assert provider.http.endpoint.attempt_timeout_s >= 120
    assert provider.http.endpoint.call_timeout_s >= provider.http.endpoint.attempt_timeout_s


def test_trap_10_many_cards_are_read_from_the_list(shop: AtEmulator) -> None:
    wanted = [*shop.sandbox.cards.values(), "8999909000000099999"]
    found = shop.ask(lambda p: read_many(p, wanted))
    assert set(found.good) == set(shop.sandbox.cards.values())
    assert isinstance(found.failed["8999909000000099999"], NotFound)
    assert shop.asked("/api/v2/line/") == []
    assert len(shop.asked("/api/v2/lines")) == 2  # 60 lines, 50 a page whatever was asked for
    for card in shop.sandbox.cards.values():
        one = shop.ask(lambda p, card=card: p.reading(card))
        assert one.data == found.good[card].data
        assert [v.last_day for v in one.validity] == [v.last_day for v in found.good[card].validity]


def test_trap_10_one_unreadable_line_costs_one_card(shop: AtEmulator) -> None:
    broken = shop.card("eSIM, travel plan")
    rows = shop.ask(lambda p: p._rows())
    rows = [{**row, "remaining_usage_kb": "many"} if row["iccid"] == broken else row for row in rows]
    shop.fault(kind="set", path="/api/v2/lines", at=["sim_cards"], value={"items": rows, "last_page": 1})
    found = shop.ask(lambda p: p.readings(list(shop.sandbox.cards.values())))
    assert set(found.failed) == {broken}
    assert isinstance(found.failed[broken], Malformed)
    assert found.failed[broken].path.endswith(".remaining_usage_kb")


def test_trap_11_times_without_a_zone_are_utc(shop: AtEmulator, far_from_utc: None) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("eSIM, travel plan")))
    assert reading.validity[0].ends_at == START + timedelta(days=20)
    assert reading.validity[0].last_day == date(2026, 12, 10)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, None),
        ("", None),
        ("2024-06-01 08:30:00", datetime(2024, 6, 1, 8, 30, tzinfo=UTC)),
        ("2024-06-01", datetime(2024, 6, 1, tzinfo=UTC)),
    ],
)
def test_trap_11_not_set_is_null_or_an_empty_text(shop: AtEmulator, said: str | None, meant: datetime | None) -> None:
    shop.fault(kind="set", path="/api/v2/line/", at=["sim_card", "deactivation_date"], value=said)
    reading = shop.ask(lambda p: p.reading(shop.card("pocket WiFi, lifetime data")))
    assert [v.ends_at for v in reading.validity if v.kind is ValidityKind.NUMBER] == ([meant] if meant else [])


def test_trap_12_the_headers_are_those_of_this_api(shop: AtEmulator) -> None:
    shop.ask(lambda p: p.account())
    headers = shop.sandbox.log[-1].headers
    assert (headers["apikey"], headers["accesstoken"]) == (CREDENTIALS["api_key"], CREDENTIALS["access_token"])
    assert {"timestamp", "hash", "uuid", "authorization"}.isdisjoint(headers)
    shop.connect(api_key=CREDENTIALS["api_key"], access_token="of-the-other-product")
    with pytest.raises(Unauthorised) as caught:
        shop.ask(lambda p: p.account())
    assert "of-the-other-product" not in str(caught.value)


@pytest.mark.parametrize("entered", ["panel.esimba.io", "https://panel.esimba.io/api/v2", "http://panel.esimba.io/", " panel.esimba.io "])
def test_a_console_of_another_name_is_a_setting(entered: str) -> None:
    assert Keepgo(credentials={**CREDENTIALS, "console_url": entered}).http.endpoint.base_url == "https://panel.esimba.io"
    assert Keepgo(credentials=CREDENTIALS).http.endpoint.base_url == facts_of("keepgo").base_url


@pytest.mark.parametrize("status", ["Active", "active", 1, "1"])
def test_states_of_data_are_words_or_numbers(shop: AtEmulator, status: str | int) -> None:
    shop.fault(kind="set", path="/api/v2/line/", at=["sim_card", "data_bundles", "*", "status"], value=status)
    assert shop.ask(lambda p: p.reading(shop.card("eSIM, travel plan"))).validity[0].ends_at == START + timedelta(days=20)


def test_a_deactivated_line_is_not_active(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("deactivated")))
    assert (reading.status, reading.status_said) == (LineStatus.SUSPENDED, "Deactivated")
    assert reading.data[0].remaining.bytes == 0


def test_an_unknown_line_is_not_found(shop: AtEmulator) -> None:
    for verb in ("reading", "install", "top_ups"):
        with pytest.raises(NotFound):
            shop.ask(lambda p, verb=verb: getattr(p, verb)("8999909000000099999"))


def test_what_cannot_be_refilled_has_no_top_ups(shop: AtEmulator) -> None:
    assert shop.ask(lambda p: p.top_ups(shop.card("unlimited, cannot be refilled"))) == ()
    plan = next(plan for plan in shop.ask(lambda p: p.plans()).plans if plan.plan_id.endswith(":3072:3"))
    assert (plan.allowance.kind, plan.top_up, plan.hotspot) == (AllowanceKind.UNLIMITED, Tri.NO, Tri.YES)
    assert plan.allowance.speed_after_kbps == 128


def test_a_line_that_refills_itself_says_so_before_a_refill_by_hand(shop: AtEmulator) -> None:
    assert {one.said for one in shop.ask(lambda p: p.top_ups(shop.card("data used up")))} == {"auto_refill_turned_on"}
    assert {one.said for one in shop.ask(lambda p: p.top_ups(shop.card("eSIM, travel plan")))} == {""}


def test_install_codes_of_esims_and_none_for_devices(shop: AtEmulator) -> None:
    info = shop.ask(lambda p: p.install(shop.card("eSIM, travel plan")))
    assert info.lpa_code.reveal() == "LPA:1$consumer.sandbox.invalid$SANDBOX000002"
    assert "SANDBOX000002" not in repr(info)
    assert shop.ask(lambda p: p.install(shop.card("pocket WiFi, lifetime data"))).lpa_code is None


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ('{"ack": "success", "balance": "12.50", "currency": "usd"}', Money.of("12.50", "USD")),
        ('{"ack": "success", "account_balance": 3}', Money.of(3, "USD")),
        ('{"ack": "success", "account": {"balance": 0, "currency": "EUR"}}', Money.of(0, "EUR")),
        ('{"ack": "success", "something": 3}', None),
    ],
)
def test_the_balance_is_read_where_it_may_stand_and_never_made_up(shop: AtEmulator, body: str, balance: Money | None) -> None:
    failing(shop, "/account_balance", body)
    assert shop.ask(lambda p: p.account()).balance == balance


def test_cards_are_listed_to_the_last_page(shop: AtEmulator) -> None:
    cards = shop.ask(lambda p: p.cards())
    assert len(cards) == OFFICE + 6
    assert {card.name for card in cards} >= {"office MiFi", "Orion", "desk 0"}


def test_price_of_a_refill_is_what_the_list_says(shop: AtEmulator) -> None:
    card = shop.card("eSIM, travel plan")
    row = {"title": "1GB", "amount_mb": 1024, "amount_days": None, "price_usd": 7}
    shop.fault(
        kind="set", path=f"/api/v2/line/{card}/available_refills", at=["available_refills"], value=[row, {**row, "price_usd": "29.5"}]
    )
    first, second = shop.ask(lambda p: p.top_ups(card))
    assert (first.price, second.price) == (Money.of(7, "USD"), Money.of("29.50", "USD"))
    assert replace(first, price=second.price) == second


def test_what_it_has() -> None:
    assert Keepgo.capabilities() == frozenset(Capability) - {Capability.PLANS_FOR_TRIP}
