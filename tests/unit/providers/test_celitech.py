"""Celitech: every trap of the contract's section 0, against the emulator over a socket, and the official client against it too."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from celitech import Celitech as OfficialClient
from celitech.models import CreatePurchaseRequest, CreatePurchaseV2Request, ErrorResponse, TopUpEsimRequest

from services.model.money import Money
from services.model.order import OrderStatus
from services.model.plan import AllowanceKind
from services.model.reading import LineStatus
from services.model.tri import Tri
from services.providers.base import Capability
from services.providers.celitech import Celitech
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised, Unsupported
from services.providers.sandbox.celitech import create_app
from tests.unit.providers.at_emulator import START, AtEmulator, at_emulator

GIB = 1024**3


@pytest.fixture
def shop() -> Iterator[AtEmulator]:
    with at_emulator(Celitech, create_app) as running:
        yield running


def offer(shop: AtEmulator, card: str, gigabytes: str, days: int):
    products = shop.ask(lambda p: p.top_ups(card))
    return next(product for product in products if product.product_id.endswith(f":{gigabytes}:{days}"))


def test_trap_1_balance_is_per_purchase_and_summed(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    reading = shop.ask(lambda p: p.reading(france))
    hours_3gb = 6 * 24 + 12 + 2  # from midnight at UTC+2, six days ago, to noon UTC
    hours_1gb = 2 * 24 + 12 + 2
    first, second = 3 * GIB - hours_3gb * 9_000_000, GIB - hours_1gb * 2_000_000
    assert reading.data[0].name == ""
    assert reading.data[0].remaining.bytes == first + second
    assert reading.data[0].total.bytes == 4 * GIB
    assert {balance.remaining.bytes for balance in reading.data[1:]} == {first, second}
    assert len(shop.asked("/v1/purchases/")) == 2
    shop.clock.move(hours=1)
    assert shop.ask(lambda p: p.reading(france)).data[0].remaining.bytes == first + second - 11_000_000


def test_trap_1_an_ended_purchase_holds_nothing_and_is_not_asked_for(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("Europe, ended")))
    assert reading.data[0].remaining.bytes == 0
    assert reading.validity[0].ends_at < START
    assert not shop.asked("/v1/purchases/")


def test_trap_1_a_card_without_purchases_has_no_balance_not_a_zero(shop: AtEmulator) -> None:
    assert shop.ask(lambda p: p.reading(shop.card("never filled"))).data == ()


def test_trap_1_an_unknown_card_is_not_an_empty_card(shop: AtEmulator) -> None:
    with pytest.raises(NotFound):
        shop.ask(lambda p: p.reading("8999907000000099999"))


def test_a_reading_lags_and_says_so(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("France, two purchases")))
    assert reading.taken_at == START
    assert reading.as_of == START - timedelta(hours=1)


def test_trap_2_top_ups_are_packages_of_the_destination_the_card_has(shop: AtEmulator) -> None:
    products = shop.ask(lambda p: p.top_ups(shop.card("France, two purchases")))
    assert products
    assert {product.countries for product in products} == {frozenset({"FR"})}
    assert "destination=FRA" in shop.asked("/v1/packages")[0].query
    assert all(product.extends is Tri.NO for product in products)


def test_trap_2_a_card_that_may_not_be_topped_up_is_refused(shop: AtEmulator) -> None:
    with pytest.raises(Refused):
        shop.ask(lambda p: p.top_ups(shop.card("deleted")))


def test_trap_2_an_order_names_size_and_duration_and_no_package(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "0.5", 7)
    shop.ask(lambda p: p.top_up(france, product, "order-0001"))
    (body,) = shop.bodies("/v1/purchases/topup")
    assert body == {"iccid": france, "dataLimitInGB": 0.5, "duration": 7, "referenceId": "order-0001"}


def test_trap_3_a_row_is_a_price_band_and_not_a_validity(shop: AtEmulator) -> None:
    products = shop.ask(lambda p: p.top_ups(shop.card("France, two purchases")))
    days = {size: sorted(p.validity_days for p in products if f":{size}:" in p.product_id) for size in ("1", "2", "50")}
    assert days == {"1": [1, 2, 7, 14, 30], "2": [1, 2, 7, 14, 30], "50": [1, 2, 7, 14, 30, 90]}
    week, month = (next(p.price for p in products if p.product_id.endswith(f":1:{n}")) for n in (7, 30))
    assert week.minor < month.minor
    plans = [plan for plan in shop.ask(lambda p: p.plans()).plans if plan.countries == {"FR"}]
    assert sorted(plan.validity_days for plan in plans if plan.allowance.kind is AllowanceKind.TOTAL) == [7, 7, 30, 30, 30, 30, 30, 30, 90]


def test_trap_4_price_is_in_cents_and_the_currency_is_a_setting(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v1/packages", at=["packages", "*", "priceInCents"], value=10000)
    france = shop.card("France, two purchases")
    assert {product.price for product in shop.ask(lambda p: p.top_ups(france))} == {Money.of("100.00", "USD")}
    shop.connect(**shop.sandbox.credentials, currency="EUR")
    assert {product.price for product in shop.ask(lambda p: p.top_ups(france))} == {Money.of("100.00", "EUR")}


def test_trap_5_gigabytes_are_binary(shop: AtEmulator) -> None:
    volumes = {plan.allowance.volume.bytes for plan in shop.ask(lambda p: p.plans()).plans if plan.allowance.volume}
    assert volumes == {GIB // 2, GIB, 2 * GIB, 3 * GIB, 5 * GIB, 8 * GIB, 20 * GIB, 50 * GIB}


def test_trap_5_minus_one_is_unlimited_and_never_a_size(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("Japan, unlimited")))
    assert reading.data[0].unlimited is Tri.YES
    assert reading.data[0].remaining is None
    shop.fault(kind="set", path="/v1/purchases/", at=["dataUsageRemainingInBytes"], value=-2)
    with pytest.raises(Malformed) as caught:
        shop.ask(lambda p: p.reading(shop.card("France, two purchases")))
    assert caught.value.path == "dataUsageRemainingInBytes"


def test_trap_6_unlimited_packages_are_asked_for(shop: AtEmulator) -> None:
    plans = shop.ask(lambda p: p.plans()).plans
    assert {plan.validity_days for plan in plans if plan.allowance.kind is AllowanceKind.UNLIMITED} == {3, 7, 15, 30}
    assert all("includeUnlimited=true" in asked.query for asked in shop.asked("/v1/packages"))


def test_trap_6_unlimited_is_bought_by_dates(shop: AtEmulator) -> None:
    japan = shop.card("Japan, unlimited")
    product = offer(shop, japan, "-1", 7)
    outcome = shop.ask(lambda p: p.top_up(japan, product, "order-0002"))
    (body,) = shop.bodies("/v1/purchases/topup")
    assert (body["startDate"], body["endDate"], body["dataLimitInGB"]) == ("2026-11-20", "2026-11-26", -1)
    assert "duration" not in body
    assert outcome.validity[0].last_day == date(2026, 11, 26)


def test_trap_7_the_lpa_string_is_the_manual_code_and_not_the_picture(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    info = shop.ask(lambda p: p.install(france))
    assert info.lpa_code.reveal() == f"LPA:1$SMDP.SANDBOX.INVALID$SANDBOX-{france[-8:]}"
    assert "SANDBOX-" not in repr(info)
    shop.fault(kind="set", path="/v1/esim", at=["esim", "manualActivationCode"], value="iVBORw0KGgo")
    with pytest.raises(Malformed):
        shop.ask(lambda p: p.install(france))


def test_trap_8_the_size_is_spelled_with_capital_gb(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "1", 7)
    shop.ask(lambda p: p.top_up(france, product, "order-0003"))
    assert '"dataLimitInGB"' in shop.asked("/v1/purchases/topup")[0].body
    shop.fault(kind="set", path="/v1/packages", at=["packages", "*", "dataLimitInGB"], value=None)
    with pytest.raises(Malformed) as caught:
        shop.ask(lambda p: p.top_ups(france))
    assert caught.value.path == "packages[0].dataLimitInGB"


def test_trap_9_the_two_ways_to_buy_answer_a_list_and_an_object(shop: AtEmulator, client: OfficialClient) -> None:
    """The adapter buys no new cards; other clients meet this at the emulator."""
    order = {"destination": "JPN", "data_limit_in_gb": 1}
    several = client.purchases.create_purchase_v2(CreatePurchaseV2Request(**order, duration=7, quantity=2))
    assert len({one.profile.iccid for one in several}) == 2
    one = client.purchases.create_purchase(CreatePurchaseRequest(**order, start_date="2026-11-20", end_date="2026-11-26"))
    assert (one.purchase.start_date, one.purchase.end_date) == ("2026-11-19T22:00:00.000Z", "2026-11-26T21:59:59.000Z")
    assert shop.ask(lambda p: p.reading(one.profile.iccid)).validity[0].last_day == date(2026, 11, 26)
    assert shop.ask(lambda p: p.reading(several[0].profile.iccid)).validity == ()


def test_trap_10_dates_are_instants_of_a_local_day(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("Japan, unlimited")))
    (validity,) = reading.validity
    # Bought for seven days from 18 November at UTC+2: the wire says 2026-11-24T21:59:59.000Z.
    assert validity.last_day == date(2026, 11, 24)
    assert validity.ends_at == datetime(2026, 11, 24, 21, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("end", "last_day"),
    [
        ("2023-11-20T21:59:59.000Z", date(2023, 11, 20)),  # UTC+2, the documented example
        ("2023-11-21T04:59:59.000Z", date(2023, 11, 20)),  # UTC-5
        ("2023-11-20T14:59:59.000Z", date(2023, 11, 20)),  # UTC+9
        ("2023-11-21T03:12:44.000Z", date(2023, 11, 21)),  # no end of any day: counted from an activation
    ],
)
def test_trap_10_the_first_ten_characters_are_not_the_day(shop: AtEmulator, end: str, last_day: date) -> None:
    shop.clock.at = datetime(2023, 11, 1, tzinfo=UTC)
    shop.fault(kind="set", path="/v1/purchases", at=["purchases", "*", "endDate"], value=end)
    shop.fault(kind="set", path="/v1/purchases/", at=[], value={"dataUsageRemainingInBytes": 1})
    japan = shop.card("Japan, unlimited")
    shop.sandbox.faults.reverse()
    assert shop.ask(lambda p: p.reading(japan)).validity[0].last_day == last_day


def test_trap_10_dates_may_be_null(shop: AtEmulator) -> None:
    reading = shop.ask(lambda p: p.reading(shop.card("Great Britain, not used yet")))
    assert reading.validity == ()
    assert reading.data[0].remaining.bytes == 5 * GIB
    assert reading.status is LineStatus.NOT_ACTIVATED


def test_trap_11_tokens_come_from_a_host_of_their_own() -> None:
    provider = Celitech(credentials={"client_id": "a", "client_secret": "b"})
    assert provider.http.endpoint.auth_url == "https://auth.celitech.net"
    assert provider.http.endpoint.base_url == "https://api.celitech.net"


def test_trap_12_countries_of_regions_are_names(shop: AtEmulator) -> None:
    by_name = {plan.name: plan for plan in shop.ask(lambda p: p.plans()).plans}
    assert {"FR", "GB", "TR", "CH"} <= by_name["Europe"].countries
    assert not by_name["Europe"].coverage_complete  # one of its names is in no table
    # AS, NA, ME and GL are the codes of these regions, and of Samoa, Namibia, Montenegro and Greenland.
    assert {"AS", "NA", "ME", "GL"}.isdisjoint(by_name["Asia"].countries | by_name["North America"].countries)
    assert by_name["North America"].countries == {"US", "CA", "MX"}
    assert by_name["North America"].coverage_complete
    card = next(card for card in shop.ask(lambda p: p.cards()) if card.name == "Europe")
    assert card.countries == frozenset()


def test_trap_13_a_lost_answer_is_replayed_and_not_bought_twice(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "1", 7)
    shop.fault(kind="lost", path="/v1/purchases/topup", times=1)
    outcome = shop.ask(lambda p: p.top_up(france, product, "order-0004"))
    sent = shop.asked("/v1/purchases/topup")
    assert outcome.status is OrderStatus.CONFIRMED
    assert len(sent) == 2
    assert sent[0].body == sent[1].body
    assert {asked.headers["idempotency-key"] for asked in sent} == {"order-0004"}
    bought = [p for p in shop.ask(lambda p: p._purchases({"iccid": france})) if p.createdDate == START]
    assert len(bought) == 1


def test_trap_13_an_order_still_running_is_waited_for() -> None:
    with at_emulator(Celitech, create_app, order_takes_s=1.2) as shop:
        france = shop.card("France, two purchases")
        product = offer(shop, france, "1", 7)

        async def twice(provider: Celitech) -> list[str]:
            content = json.dumps(provider._order(france, product, "order-0005"), sort_keys=True).encode()
            answers = await asyncio.gather(*(provider._send_with_key(content, "order-0005") for _ in range(2)))
            return [json.loads(answer.body)["purchase"]["id"] for answer in answers]

        first, second = shop.ask(twice)
        assert first == second
        assert len(shop.asked("/v1/purchases/topup")) >= 3


def test_trap_13_after_the_key_is_forgotten_the_reference_still_finds_the_order(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "1", 7)
    first = shop.ask(lambda p: p.top_up(france, product, "order-0006"))
    shop.clock.move(days=4)
    again = shop.ask(lambda p: p.top_up(france, product, "order-0006"))
    assert again.order_id == first.order_id
    assert len(shop.asked("/v1/purchases/topup")) == 1


def test_trap_13_a_key_used_for_something_else_is_looked_up_and_not_an_error_or_a_second_order(shop: AtEmulator) -> None:
    france, japan = shop.card("France, two purchases"), shop.card("Japan, unlimited")
    product = offer(shop, france, "1", 7)
    done = shop.ask(lambda p: p.top_up(france, product, "order-0007"))
    other = offer(shop, japan, "1", 7)

    async def send_anyway(provider: Celitech) -> None:
        content = json.dumps(provider._order(japan, other, "order-0007"), sort_keys=True).encode()
        await provider._send_with_key(content, "order-0007")

    with pytest.raises(Refused) as caught:
        shop.ask(send_anyway)
    assert caught.value.status == 422
    found = shop.ask(lambda p: p.top_up(japan, other, "order-0007"))
    assert (found.order_id, found.remote_id) == (done.order_id, france)


def test_what_was_charged_is_only_said_of_the_package_that_was_shown(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "1", 7)
    assert shop.ask(lambda p: p.top_up(france, product, "order-0009")).charged == product.price
    shop.fault(kind="set", path="/v1/purchases/topup", at=["purchase", "packageId"], value="another")
    assert shop.ask(lambda p: p.top_up(france, product, "order-0010")).charged is None


def test_an_outcome_nobody_knows_is_a_result(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    product = offer(shop, france, "1", 7)
    shop.fault(kind="status", path="/v1/purchases/topup", status=502)
    shop.fault(kind="set", path="/v1/purchases", at=["purchases"], value=[])
    outcome = shop.ask(lambda p: p.top_up(france, product, "order-0008"))
    assert outcome.status is OrderStatus.UNKNOWN
    assert outcome.order_id is None


def test_a_refusal_buys_nothing_and_the_key_can_be_used_again(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    dear = offer(shop, france, "50", 90)
    with pytest.raises(Refused, match="Insufficient"):  # noqa: PT012 - which one it is depends on the credit
        for number in range(40):
            reference = f"order-1{number:03}"
            shop.ask(lambda p, reference=reference: p.top_up(france, dear, reference))
    cheap = offer(shop, france, "0.5", 1)
    assert shop.ask(lambda p: p.top_up(france, cheap, reference)).status is OrderStatus.CONFIRMED


def test_trap_14_consumption_status_is_connectivity_and_not_the_state_of_the_card(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/v1/purchases/", at=["status"], value="NOT_ACTIVE")
    reading = shop.ask(lambda p: p.reading(shop.card("France, two purchases")))
    assert reading.status is LineStatus.ACTIVE
    assert reading.status_said == "ENABLED"
    assert shop.ask(lambda p: p.reading(shop.card("deleted"))).status is LineStatus.CLOSED


def test_trap_15_there_is_no_account_balance(shop: AtEmulator) -> None:
    assert shop.ask(lambda p: p.account()).balance is None
    assert all(plan.phone_number is Tri.NO and plan.hotspot is Tri.UNKNOWN for plan in shop.ask(lambda p: p.plans()).plans)


def test_cards_are_the_distinct_cards_of_all_purchases(shop: AtEmulator) -> None:
    cards = shop.ask(lambda p: p.cards())
    assert {card.iccid for card in cards} == set(shop.sandbox.cards.values()) - {shop.card("never filled")}
    assert [card.created_at for card in cards] == sorted((card.created_at for card in cards), reverse=True)


def test_every_page_of_the_catalogue_is_read(shop: AtEmulator) -> None:
    catalogue = shop.ask(lambda p: p.plans())
    assert len(catalogue.plans) == len({plan.plan_id for plan in catalogue.plans}) > 160
    assert len(shop.asked("/v1/packages")) == -(-len(catalogue.plans) // 160)
    assert not catalogue.skipped


def test_one_token_for_all_and_one_renewal_on_401(shop: AtEmulator) -> None:
    france = shop.card("France, two purchases")
    shop.ask(lambda p: p.reading(france))
    assert len(shop.asked("/oauth2/token")) == 1
    shop.clock.move(hours=2)  # over at the emulator; by the cache's own clock it still lives
    shop.ask(lambda p: p.reading(france))
    assert len(shop.asked("/oauth2/token")) == 2
    form = shop.asked("/oauth2/token")[0]
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_wrong_secret_is_unauthorised_though_answered_with_400(shop: AtEmulator) -> None:
    shop.connect(client_id="sandbox-celitech", client_secret="nothing-like-it")
    with pytest.raises(Unauthorised) as caught:
        shop.ask(lambda p: p.account())
    assert "nothing-like-it" not in str(caught.value)


def test_what_it_has() -> None:
    assert Celitech.capabilities() == frozenset(Capability) - {Capability.PLANS_FOR_TRIP, Capability.READINGS}


def test_it_offers_no_bulk_reading(shop: AtEmulator) -> None:
    with pytest.raises(Unsupported):
        shop.ask(lambda p: p.readings(["8999907000000000017"]))


# The official client, unchanged, against the emulator


@pytest.fixture
def client(shop: AtEmulator) -> OfficialClient:
    return OfficialClient(**shop.sandbox.credentials, base_url=f"{shop.address}/v1", base_oauth_url=shop.address)


def test_official_client_reads_the_catalogue(shop: AtEmulator, client: OfficialClient) -> None:
    page = client.packages.list_packages(destination="FR", limit=5.0, include_unlimited=True)
    assert len(page.packages) == 5
    rest = client.packages.list_packages(destination="FR", limit=5.0, include_unlimited=True, after_cursor=page.after_cursor)
    assert {p.id_ for p in page.packages}.isdisjoint(p.id_ for p in rest.packages)
    ours = {plan.plan_id: plan.price for plan in shop.ask(lambda p: p.plans()).plans}
    assert {p.id_: Money.of(Decimal(str(p.price_in_cents)) / 100, "USD") for p in page.packages}.items() <= ours.items()
    assert "France" in {place.name for place in client.destinations.list_destinations().destinations}


def test_official_client_buys_tops_up_and_reads(shop: AtEmulator, client: OfficialClient) -> None:
    bought = client.purchases.create_purchase_v2(CreatePurchaseV2Request(destination="JP", data_limit_in_gb=1, duration=7, quantity=1))[0]
    assert base64.b64decode(bought.profile.activation_code).startswith(b"\x89PNG")
    iccid = bought.profile.iccid
    order = TopUpEsimRequest(iccid=iccid, data_limit_in_gb=2, duration=30, reference_id="from-the-client")
    topped = client.purchases.top_up_esim(order, idempotency_key="key-1")
    assert client.purchases.top_up_esim(order, idempotency_key="key-1").purchase.id_ == topped.purchase.id_
    with pytest.raises(ErrorResponse, match="422"):
        client.purchases.top_up_esim(TopUpEsimRequest(iccid=iccid, data_limit_in_gb=3, duration=30), idempotency_key="key-1")
    listed = client.purchases.list_purchases(iccid=iccid).purchases
    assert {p.purchase_type for p in listed} == {"First Purchase", "Top-up Purchase"}
    assert client.purchases.get_purchase_consumption(topped.purchase.id_).data_usage_remaining_in_gb == 2
    assert client.e_sim.get_esim(iccid).esim.is_top_up_allowed
    assert shop.ask(lambda p: p.find_order("from-the-client")).order_id == topped.purchase.id_
    assert shop.ask(lambda p: p.reading(iccid)).data[0].remaining.bytes == 3 * GIB
