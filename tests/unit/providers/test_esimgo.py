"""eSIM Go: every trap of the contract's last section, by its numbers, against the emulator over a socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.order import OrderStatus
from services.model.plan import AllowanceKind, StartRule
from services.model.reading import CountBalance, LineStatus
from services.model.tri import Tri
from services.providers.base import Capability, parse
from services.providers.errors import Malformed, NotFound, RateLimited, Refused, Unauthorised, Unreachable, Unsupported
from services.providers.esimgo import EsimGo, _Order
from services.providers.http import Call
from services.providers.sandbox.esimgo import CREDENTIALS, PROCESSING, create_app
from tests.unit.providers.at_emulator import START, AtEmulator, at_emulator

GB = 1000**3
TICK = timedelta(milliseconds=150)


@pytest.fixture
def shop() -> Iterator[AtEmulator]:
    with at_emulator(EsimGo, create_app, tick=TICK) as running:
        yield running


def product(shop: AtEmulator, card: str, name: str):
    return next(one for one in shop.ask(lambda p: p.top_ups(card)) if one.product_id == name)


def transactions(shop: AtEmulator) -> list:
    return [body for body in shop.bodies("/v2.5/orders") if body["type"] == "transaction"]


def bundles(shop: AtEmulator, card: str) -> list:
    return [one for bundle in shop.ask(lambda p: p._on_card(card)) for one in bundle.assignments]


def on_card(state: str, initial: int, left: int, **more) -> dict:
    return {
        "id": "1", "callTypeGroup": "data", "initialQuantity": initial, "remainingQuantity": left, "bundleState": state, "unlimited": False,
        "assignmentDateTime": "2024-12-11T10:47:00.34523Z", "assignmentReference": "r-0", **more,
    }  # fmt: skip


def shows(shop: AtEmulator, *assignments: dict) -> None:
    bundle = {"name": "esim_1GB_7D_GB_V2", "description": "eSIM, 1GB, 7 Days, United Kingdom, V2", "assignments": list(assignments)}
    shop.fault(kind="set", path="/v2.5/esims/", at=["bundles"], value=[bundle])


def test_trap_1_megabytes_in_the_catalogue_bytes_on_the_card_both_decimal(shop: AtEmulator) -> None:
    plan = next(plan for plan in shop.ask(lambda p: p.plans()).plans if plan.plan_id == "esim_1GB_7D_GB_V2")
    assert plan.allowance.volume == DataVolume(1_000_000_000)
    assert (plan.validity_days, plan.countries, plan.coverage_complete) == (7, {"GB"}, True)
    assert plan.start_rule is StartRule.FIRST_CONNECTION
    reading = shop.ask(lambda p: p.reading(shop.card("not used yet")))
    assert reading.data[0].remaining == DataVolume(5 * GB)


def test_trap_2_what_waits_counts_too(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("in use, another queued")))
    first, second = reading.data[1:]
    assert second.remaining.bytes == GB
    assert 3 * GB - 6 * 24 * 12_000_000 - 1_000_000 < first.remaining.bytes < 3 * GB - (6 * 24 - 1) * 12_000_000
    assert reading.data[0].remaining.bytes == first.remaining.bytes + second.remaining.bytes
    assert reading.data[0].total.bytes == 4 * GB


def test_trap_2_used_bundles_and_more_than_fifteen_are_asked_for(shop: AtEmulator) -> None:
    card = shop.card("behind twenty used up")
    reading = shop.ask(lambda p: p.reading(card))
    assert reading.data[0].total.bytes == 50 * GB
    assert reading.status is LineStatus.ACTIVE
    (asked,) = shop.asked(f"/v2.5/esims/{card}/bundles")
    assert asked.query == "includeUsed=true&limit=200"


@pytest.mark.parametrize(("shown", "ended"), [("used up", False), ("ended", True)])
def test_trap_2_a_card_whose_bundles_are_over_has_nothing_left(shop: AtEmulator, shown: str, ended: bool) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card(shown)))
    assert reading.data[0].remaining.bytes == 0
    assert reading.status is LineStatus.EXPIRED
    assert (reading.validity[0].ends_at < START) == ended


def test_a_card_without_bundles_has_no_balance_not_a_zero(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("nothing assigned")))
    assert (reading.data, reading.validity, reading.status) == ((), (), None)


def test_trap_3_queued_bundles_have_no_end(shop: AtEmulator) -> None:
    fresh = shop.ask(lambda p: p.reading(shop.card("not used yet")))
    assert fresh.validity == ()
    assert fresh.status is LineStatus.NOT_ACTIVATED
    used = shop.ask(lambda p: p.reading(shop.card("in use, another queued")))
    assert [validity.last_day for validity in used.validity] == [date(2026, 12, 14)]


def test_trap_4_the_currency_is_the_organisations(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v2.5/organisation", at=["currency"], value="GBP")
    assert {plan.price.currency for plan in shop.ask(lambda p: p.plans()).plans} == {"GBP"}


def test_trap_4_prices_keep_their_cents(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v2.5/catalogue", at=["bundles", "*", "price"], value=2.28)
    assert {plan.price for plan in shop.ask(lambda p: p.plans()).plans} == {Money.of("2.28", "USD")}


def test_trap_5_a_top_up_never_lands_on_another_card(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    outcome = shop.ask(lambda p: p.top_up(card, chosen, p.new_reference(card, chosen)))
    assert outcome.status is OrderStatus.CONFIRMED
    assert (outcome.remote_id, outcome.charged) == (card, chosen.price)
    (body,) = transactions(shop)
    assert body == {
        "type": "transaction",
        "assign": True,
        "order": [{"type": "bundle", "quantity": 1, "item": "esim_1GB_7D_GB_V2", "iccids": [card], "allowReassign": False}],
    }


def test_trap_5_a_card_that_does_not_take_the_bundle_is_a_refusal_before_any_order(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_UL_7D_GB_V2")
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.top_up(card, chosen, p.new_reference(card, chosen)))
    assert caught.value.code == "not_compatible"
    assert transactions(shop) == []


def test_trap_5_an_answer_that_names_another_card_is_no_success(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    line = {"item": chosen.product_id, "iccids": ["8999908000000099999"]}
    answer = {"order": [line], "orderReference": "x", "status": "completed", "total": 1, "currency": "USD"}
    placed = parse("esimgo", _Order, {**answer, "createdDate": "2026-11-20T12:00:00Z"})
    outcome = shop.provider._outcome(card, chosen.product_id, "order-0010", placed)
    assert (outcome.status, outcome.remote_id, outcome.charged) == (OrderStatus.FAILED, "8999908000000099999", Money.of(1, "USD"))


async def _new(provider: EsimGo, card: str, chosen) -> str:
    return provider.new_reference(card, chosen)


def test_a_price_that_changed_is_a_refusal_before_any_order(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    shown = product(shop, card, "esim_1GB_7D_GB_V2")
    chosen = replace(shown, price=Money.of("0.50", "USD"))
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.top_up(card, chosen, "order-0001"))
    assert caught.value.code == "price_changed"
    assert transactions(shop) == []


@pytest.mark.parametrize("reference", ["order-0002", None], ids=["any reference", "traced reference"])
@pytest.mark.parametrize("kind", ["lost", "reset", "truncated"])
def test_trap_6_a_lost_answer_is_looked_for_and_not_sent_again(shop: AtEmulator, kind: str, reference: str | None) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    reference = reference or shop.ask(lambda p: _new(p, card, chosen))

    async def order(provider: EsimGo):
        check = provider._check

        async def checked(*about) -> None:
            await check(*about)
            shop.fault(kind=kind, path="/v2.5/orders", times=1)

        provider._check = checked
        return await provider.top_up(card, chosen, reference)

    outcome = shop.ask(order)
    assert outcome.status is OrderStatus.CONFIRMED
    assert len(transactions(shop)) == 1
    again = shop.ask(lambda p: p.top_up(card, chosen, reference))
    assert again.order_id == outcome.order_id
    assert len(transactions(shop)) == 1


def test_trap_6_a_traced_reference_finds_the_order_after_a_restart(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    reference = shop.ask(lambda p: _new(p, card, chosen))
    assert shop.ask(lambda p: p.find_order(reference)) is None
    placed = shop.ask(lambda p: p.top_up(card, chosen, reference))
    shop.clock.move(days=3)
    found = shop.ask(lambda p: p.find_order(reference))
    assert (found.order_id, found.product_id, found.charged) == (placed.order_id, chosen.product_id, chosen.price)
    query = shop.asked("/v2.5/orders", "GET")[-1].query
    assert query.count("createdAt=") == 2
    other = product(shop, card, "esim_3GB_15D_GB_V2")
    assert shop.ask(lambda p: p.find_order(p.new_reference(card, other))) is None


def test_trap_6_a_reference_nobody_remembers_is_not_answered_with_no(shop: AtEmulator) -> None:
    with pytest.raises(Unsupported):
        shop.ask(lambda p: p.find_order("never-seen-here"))


@pytest.mark.parametrize("traced", [False, True])
def test_trap_6_a_second_order_of_the_same_is_another_order(shop: AtEmulator, traced: bool) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    one, two = (shop.provider.new_reference(card, chosen) if traced else f"order-000{number}" for number in (3, 4))
    first = shop.ask(lambda p: p.top_up(card, chosen, one))
    second = shop.ask(lambda p: p.top_up(card, chosen, two))
    assert first.order_id != second.order_id
    assert shop.ask(lambda p: p.find_order(one)).order_id == first.order_id
    assert shop.ask(lambda p: p.find_order(two)).order_id == second.order_id


def test_trap_6_an_outcome_nobody_knows_is_a_result(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")

    async def order(provider: EsimGo):
        check = provider._check

        async def checked(*about) -> None:
            await check(*about)
            shop.fault(kind="status", path="/v2.5/orders", status=503, headers={"Retry-After": "5"}, body='{"message": "processing"}')

        provider._check = checked
        return await provider.top_up(card, chosen, "order-0005")

    outcome = shop.ask(order)
    assert (outcome.status, outcome.order_id) == (OrderStatus.UNKNOWN, None)
    assert len(transactions(shop)) == 1


def test_trap_6_a_failure_before_the_order_was_sent_is_an_error_and_no_unknown_order(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    shop.fault(kind="status", path=f"/v2.5/esims/{card}/compatible", status=500)
    with pytest.raises(Unreachable):
        shop.ask(lambda p: p.top_up(card, chosen, "order-0006"))
    assert transactions(shop) == []


def test_trap_7_errors_of_orders_are_plain_text(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    dear = product(shop, card, "esim_20GB_30D_GB_V2")
    with pytest.raises(Refused) as caught:  # noqa: PT012 - which one it is depends on the price
        for number in range(20):
            shop.ask(lambda p, number=number: p.top_up(card, dear, f"order-1{number:03}"))
    assert caught.value.status == 400
    assert "insufficient balance" in caught.value.detail


def test_trap_7_assignments_are_csv_unless_json_is_asked_for(shop: AtEmulator) -> None:
    """The adapter reads install codes per card; other clients meet this at the emulator."""
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    done = shop.ask(lambda p: p.top_up(card, chosen, "order-0007"))
    path, key = f"/v2.5/esims/assignments?reference={done.order_id}", dict(shop.sandbox.credentials)["api_key"]
    as_csv = shop.ask(lambda p: p.http.send(Call("GET", path, headers={"X-API-Key": key, "Accept": "*/*"})))
    assert as_csv.body.decode().splitlines()[0] == "ICCID,Matching ID,RSP URL,Bundle,Reference"
    as_json = shop.ask(lambda p: p.http.send(Call("GET", path, headers={"X-API-Key": key, "Accept": "application/json"})))
    assert as_json.json()["iccid"] == card


def test_trap_8_403_for_one_card_is_not_a_wrong_key(shop: AtEmulator) -> None:
    with pytest.raises(NotFound):
        shop.ask(lambda p: p.reading(shop.card("another organisation's")))
    with pytest.raises(NotFound):
        shop.ask(lambda p: p.reading("8999908000000099999"))  # 400 at the provider
    shop.connect(api_key="not-the-key")
    for ask in (lambda p: p.reading(shop.card("another organisation's")), lambda p: p.account(), lambda p: p.plans()):
        with pytest.raises(Unauthorised) as caught:
            shop.ask(ask)
        assert "not-the-key" not in str(caught.value)


def test_trap_9_unlimited_is_no_size(shop: AtEmulator) -> None:
    plans = {plan.plan_id: plan for plan in shop.ask(lambda p: p.plans()).plans}
    allowance = plans["esim_UL_7D_GB_V2"].allowance
    assert (allowance.kind, allowance.volume) == (AllowanceKind.UNLIMITED, None)
    # Fair use of this group is published in words: 1 GB a day, then 1.25 Mbps.
    assert (allowance.fair_use_per_day, allowance.speed_after_kbps) == (DataVolume(GB), 1250)
    reading = shop.ask(lambda p: p.reading(shop.card("unlimited")))
    assert (reading.data[0].unlimited, reading.data[0].remaining) == (Tri.YES, None)


def test_trap_9_minus_one_without_the_flag_is_unlimited_and_another_negative_is_wrong(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v2.5/catalogue", at=["bundles", "*", "unlimited"], value=False)
    assert any(plan.allowance.kind is AllowanceKind.UNLIMITED for plan in shop.ask(lambda p: p.plans()).plans)
    shop.sandbox.faults.clear()
    shop.fault(kind="set", path="/v2.5/catalogue", at=["bundles", "*", "dataAmount"], value=-2)
    with pytest.raises(Malformed):
        shop.ask(lambda p: p.plans())


def test_trap_10_europe_is_no_country(shop: AtEmulator) -> None:
    plans = {plan.plan_id: plan for plan in shop.ask(lambda p: p.plans()).plans}
    europe, asia = plans["esim_5GB_30D_REUP_V2"], plans["esim_5GB_30D_RASI_V2"]
    assert {"FR", "GB", "TR"} <= europe.countries  # countries with their networks
    assert {"JP", "TH", "CN"} <= asia.countries  # flat
    assert all(len(code) == 2 for plan in plans.values() for code in plan.countries)
    assert europe.coverage_complete
    assert {network.country for network in europe.networks} == europe.countries
    shop.fault(kind="set", path="/v2.5/catalogue", at=["bundles", "*", "roamingEnabled"], value=[])
    europe = next(plan for plan in shop.ask(lambda p: p.plans()).plans if plan.plan_id == "esim_5GB_30D_REUP_V2")
    assert (europe.countries, europe.coverage_complete) == (frozenset(), False)


def test_trap_10_top_ups_of_a_regional_card_are_regional(shop: AtEmulator) -> None:
    products = shop.ask(lambda p: p.top_ups(shop.card("unlimited")))
    assert products
    assert all("_REUP_" in one.product_id for one in products)
    assert shop.ask(lambda p: p.top_ups(shop.card("nothing assigned"))) == ()


def test_trap_11_nothing_calls_refresh(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    for verb in ("reading", "top_ups", "install"):
        shop.ask(lambda p, verb=verb: getattr(p, verb)(card))
    shop.ask(lambda p: p.cards())
    assert not [asked for asked in shop.sandbox.log if "refresh" in asked.path]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2025-03-28T14:47:26.153875019Z", datetime(2025, 3, 28, 14, 47, 26, 153875, UTC)),
        ("2024-12-11T10:47:00.34523Z", datetime(2024, 12, 11, 10, 47, 0, 345230, UTC)),
        ("2006-01-02T15:04:05Z", datetime(2006, 1, 2, 15, 4, 5, tzinfo=UTC)),
    ],
)
def test_trap_12_any_number_of_digits_after_the_second(shop: AtEmulator, said: str, meant: datetime) -> None:
    shows(shop, on_card("active", GB, GB, startTime=said, endTime=said))
    assert shop.ask(lambda p: p.reading(shop.card("unlimited"))).validity[0].ends_at == meant


def test_trap_13_the_key_in_the_organisation_is_not_kept(shop: AtEmulator) -> None:
    account = shop.ask(lambda p: p.account())
    assert CREDENTIALS["api_key"] not in repr(account)
    shop.fault(kind="status", path="/v2.5/organisation", status=400, body='{"message": "key sandbox-esimgo-key is odd"}')
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.account())
    assert CREDENTIALS["api_key"] not in str(caught.value)


def test_trap_14_bare_lists_and_single_orders_are_read_too(shop: AtEmulator) -> None:
    card = shop.card("in use, another queued")
    chosen = product(shop, card, "esim_1GB_7D_GB_V2")
    done = shop.ask(lambda p: p.top_up(card, chosen, "order-0008"))
    key = {"X-API-Key": CREDENTIALS["api_key"]}
    wrapped = shop.ask(lambda p: p.http.send(Call("GET", "/v2.5/orders?includeIccids=true", headers=key)))
    orders = json.loads(wrapped.body)["orders"]
    for shown in (orders, orders[0]):
        shop.fault(kind="set", path="/v2.5/orders", at=[], value=shown)
        assert shop.ask(lambda p: p.find_order("order-0008")).order_id == done.order_id
        shop.sandbox.faults.clear()
    rows = [{"name": "esim_1GB_7D_AX_V2", "dataAmount": 1000, "duration": 7, "price": 2, "countries": [{"iso": "AX"}]}]
    shop.fault(kind="set", path="/v2.5/catalogue", at=[], value=rows)
    assert [plan.countries for plan in shop.ask(lambda p: p.plans()).plans] == [{"AX"}]


def test_trap_15_test_credit_is_part_of_the_balance(shop: AtEmulator) -> None:
    assert shop.ask(lambda p: p.account()).balance == Money.of("100", "USD")


def test_a_new_bundle_is_processed_before_it_waits(shop: AtEmulator) -> None:
    card = shop.card("not used yet")
    chosen = product(shop, card, "esim_1GB_7D_JP_V2")
    shop.ask(lambda p: p.top_up(card, chosen, "order-0009"))
    assert {one.state for one in bundles(shop, card)} == {"queued", "processing"}
    assert shop.ask(lambda p: p.reading(card)).data[0].remaining.bytes == 6 * GB
    shop.clock.move(seconds=PROCESSING.total_seconds())
    assert {one.state for one in bundles(shop, card)} == {"queued"}


def test_states_are_read_in_any_case_and_an_unknown_one_leaves_no_figure(shop: AtEmulator) -> None:
    card = shop.card("unlimited")
    shows(shop, on_card("Active", GB, 5), on_card("DEPLETED", GB, 0), on_card("Queued", GB, GB))
    assert shop.ask(lambda p: p.reading(card)).data[0].remaining.bytes == GB + 5
    shop.sandbox.faults.clear()
    shows(shop, on_card("active", GB, 5), on_card("paused", GB, 700))
    reading = shop.ask(lambda p: p.reading(card))
    assert all(balance.name for balance in reading.data)
    assert not reading.complete


def test_voice_and_messages_are_read_where_their_unit_is_known(shop: AtEmulator) -> None:
    card = shop.card("unlimited")
    voice = {"type": "VOICE", "service": "STANDARD", "unit": "MINS", "initialAmount": 100, "remainingAmount": 40}
    sms = {"type": "SMS", "service": "STANDARD", "unit": "SMS", "initialAmount": 50, "remainingAmount": 49}
    shows(shop, on_card("active", GB, 5, allowances=[voice, sms]))
    reading = shop.ask(lambda p: p.reading(card))
    assert reading.voice == (CountBalance(remaining=2400, total=6000, unlimited=Tri.NO),)
    assert reading.sms == (CountBalance(remaining=49, total=50, unlimited=Tri.NO),)
    shop.sandbox.faults.clear()
    shows(shop, on_card("active", GB, 5, allowances=[{**voice, "unit": "TICKS"}]))
    assert shop.ask(lambda p: p.reading(card)).voice == ()


def test_an_iccid_that_became_a_number_is_refused(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v2.5/esims", at=["esims", "*", "iccid"], value=8944123456789012000)
    with pytest.raises(Malformed) as caught:
        shop.ask(lambda p: p.cards())
    assert caught.value.path == "esims[0].iccid"


def test_the_install_code_is_built_without_a_scheme(shop: AtEmulator) -> None:
    card = shop.card("not used yet")
    info = shop.ask(lambda p: p.install(card))
    assert info.lpa_code.reveal() == f"LPA:1$rsp.sandbox.invalid$SB-{card[-6:]}-SANDBOX{card[-2:]}"
    assert info.pin.reveal() == "0000"
    assert "SANDBOX" not in repr(info)


def test_ten_calls_a_second_are_kept_there(shop: AtEmulator) -> None:
    shop.clock.tick = timedelta(0)
    shop.clock.move(seconds=2)
    for _ in range(10):
        shop.ask(lambda p: p.account())
    with pytest.raises(RateLimited) as caught:
        shop.ask(lambda p: _once(p))
    assert caught.value.retry_after_s == 1


async def _once(provider: EsimGo):
    return await provider.http.send(Call("GET", "/v2.5/organisation", headers={"X-API-Key": CREDENTIALS["api_key"]}, idempotent=False))


def test_cards_are_listed_to_the_last_page(shop: AtEmulator) -> None:
    cards = shop.ask(lambda p: p.cards())
    assert {card.iccid for card in cards} == set(shop.sandbox.cards.values()) - {shop.card("another organisation's")}


def test_what_it_has() -> None:
    assert EsimGo.capabilities() == frozenset(Capability) - {Capability.PLANS_FOR_TRIP, Capability.READINGS}
