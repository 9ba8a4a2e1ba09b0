"""Reloadly Airtime: every trap of the contract's last section, by its numbers, against the emulator over a socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.model.money import Money
from services.model.order import OrderStatus, TopUpProduct
from services.model.tri import Tri
from services.providers.base import Capability, parse
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised, Unreachable, Unsupported
from services.providers.http import Call
from services.providers.reloadly import LIVE, SANDBOX, Reloadly, _Status, _Transaction
from services.providers.sandbox.reloadly import CREDENTIALS, TOKEN_S, create_app
from services.providers.tokens import TokenCache
from tests.unit.providers.at_emulator import START, AtEmulator, at_emulator

DIGICEL = {
    "transactionId": 10670, "operatorTransactionId": None, "customIdentifier": "fe8c5a90-691a-452a-a9a6-19045f7f7a7c",
    "recipientPhone": "50910000001", "recipientEmail": None, "senderPhone": None, "countryCode": "HT", "operatorId": 173,
    "operatorName": "Digicel Haiti", "discount": Decimal("1.8"), "discountCurrencyCode": "USD", "requestedAmount": 15,
    "requestedAmountCurrencyCode": "USD", "deliveredAmount": Decimal("1089.31"), "deliveredAmountCurrencyCode": "HTG",
    "transactionDate": "2021-01-16 03:39:56", "pinDetail": None,
    "balanceInfo": {
        "oldBalance": Decimal("1648.56"), "newBalance": Decimal("1635.36"), "currencyCode": "USD", "currencyName": "US Dollar",
        "updatedAt": "2021-01-16 08:39:56",
    },
}  # fmt: skip


@pytest.fixture
def shop() -> Iterator[AtEmulator]:
    with at_emulator(Reloadly, create_app) as running:
        yield running


def products(shop: AtEmulator, shows: str) -> dict[str, TopUpProduct]:
    return {one.product_id: one for one in shop.ask(lambda p: p.top_ups(shop.card(shows)))}


def haiti(shop: AtEmulator, dollars: str = "15") -> tuple[str, TopUpProduct]:
    return shop.card("Haiti, any amount"), products(shop, "Haiti, any amount")["173:range"].with_amount(Money.of(dollars, "USD"))


def balance(shop: AtEmulator) -> Decimal:
    return shop.ask(lambda p: p.account()).balance.amount


def sent(shop: AtEmulator) -> list:
    return [json.loads(asked.body) for asked in shop.asked("/topups", "POST") if asked.path == "/topups"]


def test_trap_1_each_environment_has_its_own_token(shop: AtEmulator) -> None:
    live = Reloadly(credentials={**CREDENTIALS, "environment": ""})
    test = Reloadly(credentials=CREDENTIALS)
    assert (live.http.endpoint.base_url, live.audience) == (LIVE, LIVE)
    assert (test.http.endpoint.base_url, test.audience) == (SANDBOX, SANDBOX)
    assert live.http.endpoint.auth_url == test.http.endpoint.auth_url == "https://auth.reloadly.com"
    assert live.account_key != test.account_key
    shop.connect(**{**CREDENTIALS, "environment": "test"})
    with pytest.raises(Unauthorised):  # whoever meant the sandbox must not pay
        shop.ask(lambda p: p.account())
    assert shop.asked() == []
    shop.connect(**{**CREDENTIALS, "environment": "live"})
    with pytest.raises(Unauthorised):  # the emulator is the sandbox host: a token for the other audience does not open it
        shop.ask(lambda p: p.account())


def test_trap_1_and_2_the_token_is_asked_for_in_json_with_an_audience(shop: AtEmulator) -> None:
    shop.ask(lambda p: p.account())
    (asked,) = shop.asked("/oauth/token")
    assert asked.headers["content-type"] == "application/json"
    body = json.loads(asked.body)
    assert body == {
        "client_id": CREDENTIALS["client_id"],
        "client_secret": CREDENTIALS["client_secret"],
        "grant_type": "client_credentials",
        "audience": "https://topups-sandbox.reloadly.com",
    }
    form = shop.ask(lambda p: p.http.send(Call("POST", "/oauth/token", form=body, accept=(400,))))
    assert form.status == 400
    del body["audience"]
    with pytest.raises(Unauthorised):
        shop.ask(lambda p: p.http.send(Call("POST", "/oauth/token", json=body)))


def test_trap_2_wrong_credentials_are_unauthorised_without_the_secret(shop: AtEmulator) -> None:
    shop.connect(**{**CREDENTIALS, "client_secret": "not-the-secret"})
    with pytest.raises(Unauthorised) as caught:
        shop.ask(lambda p: p.account())
    assert "not-the-secret" not in str(caught.value)
    assert "Access Denied" in str(caught.value)


@pytest.mark.parametrize("said", ["5184000", 5184000])
def test_trap_2_the_life_of_a_token_is_a_number_or_a_text(shop: AtEmulator, said: str | int) -> None:
    shop.fault(kind="set", path="/oauth/token", at=["expires_in"], value=said)
    assert shop.ask(lambda p: p.fetch_token()).lives_s == 5_184_000


def test_trap_2_an_expired_token_is_renewed_once(shop: AtEmulator) -> None:
    shop.tokens = TokenCache()
    shop.connect(**CREDENTIALS)
    shop.ask(lambda p: p.account())
    shop.ask(lambda p: p.account())
    assert len(shop.asked("/oauth/token")) == 1
    shop.clock.move(seconds=TOKEN_S)
    assert shop.ask(lambda p: p.account()).balance == Money.of(1000, "USD")
    assert len(shop.asked("/oauth/token")) == 2


def test_trap_3_pages_are_asked_for_from_one_and_numbered_from_zero(shop: AtEmulator) -> None:
    pages = [shop.ask(lambda p, n=n: p._ask(Call("GET", "/operators", {"page": n, "size": 4}))) for n in (1, 2)]
    assert [page["number"] for page in pages] == [0, 1]
    assert [page["last"] for page in pages] == [False, True]
    assert len({one["id"] for page in pages for one in page["content"]}) == 7
    card, product = haiti(shop)
    shop.ask(lambda p: p.top_up(card, product, "order-0001"))
    assert all("page=1" in asked.query for asked in shop.asked("/topups/reports"))


def test_trap_4_operators_of_a_country_are_an_array_and_transactions_a_page(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/operators/countries", at=[], value={"content": [], "last": True})
    with pytest.raises(Malformed):
        shop.ask(lambda p: p.top_ups(shop.card("Haiti, any amount")))
    shop.sandbox.faults.clear()
    shop.fault(kind="set", path="/topups/reports", at=[], value=[])
    with pytest.raises(Malformed):
        shop.ask(lambda p: p.find_order("order-0001"))


def test_trap_5_descriptions_have_two_decimals_and_amounts_have_not(shop: AtEmulator) -> None:
    said = {one.product_id: one.said for one in products(shop, "Nigeria, airtime and data").values()}
    assert said == {
        "340:range": "",
        "341:0.14": "25MB (24 hours)",
        "341:0.28": "100MB (24 hours)",
        "341:50": "Data 27.5GB (30 days)",
    }


@pytest.mark.parametrize("nothing", [[], {}, None])
def test_trap_5_no_descriptions_come_in_three_ways(shop: AtEmulator, nothing: object) -> None:
    shop.fault(kind="set", path="/operators/auto-detect", at=["fixedAmountsDescriptions"], value=nothing)
    assert {one.said for one in products(shop, "Great Britain, fixed amounts").values()} == {""}


def test_trap_5_free_text_is_shown_and_never_read(shop: AtEmulator) -> None:
    assert all(one.allowance is None and one.validity_days is None for one in products(shop, "Nigeria, airtime and data").values())


def test_trap_6_a_fixed_operator_takes_its_amounts_and_a_range_any_between(shop: AtEmulator) -> None:
    card, product = haiti(shop, "5.01")
    assert (product.amount_from, product.amount_to) == (Money.of(5, "USD"), Money.of(70, "USD"))
    for dollars in ("4.99", "70.01"):
        with pytest.raises(ValueError):
            product.with_amount(Money.of(dollars, "USD"))
    fixed = products(shop, "Great Britain, fixed amounts")
    assert {one.retail_price.amount for one in fixed.values()} == {Decimal("6.4"), Decimal("12.8")}
    assert all(one.amount_from is None for one in fixed.values())
    bad = TopUpProduct("600:7", "", None)
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.top_up(shop.card("Great Britain, fixed amounts"), bad, "order-0002"))
    assert caught.value.code == "INVALID_AMOUNT_FOR_OPERATOR"
    with pytest.raises(ValueError):
        shop.ask(lambda p: p.top_up(card, replace(product, price=None), "order-0003"))


def test_trap_6_a_kind_of_amount_nobody_knows_offers_nothing(shop: AtEmulator) -> None:
    shop.fault(kind="set", path="/operators/auto-detect", at=["denominationType"], value="AUCTION")
    assert products(shop, "Haiti, any amount") == {}


def test_trap_7_regional_plans_are_offered_where_they_are_all_there_is(shop: AtEmulator) -> None:
    found = products(shop, "India, amounts by region")
    assert {(one.product_id, one.name, one.said) for one in found.values()} == {
        ("200:2.5:KA", "Sandbox India, Karnataka", "1GB a day, 20 days"),
        ("200:4:KA", "Sandbox India, Karnataka", "1.5GB a day, 24 days"),
        ("200:2.5:DL", "Sandbox India, Delhi", "1GB a day, 18 days"),
    }
    done = shop.ask(lambda p: p.top_up(shop.card("India, amounts by region"), found["200:2.5:DL"], "order-0004"))
    assert done.status is OrderStatus.CONFIRMED
    assert sent(shop)[0]["amount"] == 2.5


def test_trap_8_amounts_are_in_the_currency_of_the_account(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    done = shop.ask(lambda p: p.top_up(card, product, "order-0005"))
    (body,) = sent(shop)
    assert body == {
        "operatorId": 173,
        "amount": 15.0,
        "useLocalAmount": False,
        "customIdentifier": "order-0005",
        "recipientPhone": {"countryCode": "HT", "number": "50910000001"},
    }
    assert done.delivered == Money.of(1020, "HTG")


def test_trap_8_what_arrives_is_said_in_its_own_currency(shop: AtEmulator) -> None:
    assert {one.delivers for one in products(shop, "Great Britain, fixed amounts").values()} == {Money.of(5, "GBP"), Money.of(10, "GBP")}


def test_trap_9_prices_are_less_the_discount(shop: AtEmulator) -> None:
    found = products(shop, "Great Britain, fixed amounts")["600:6.4"]
    assert (found.price, found.retail_price) == (Money.of("6.08", "USD"), Money.of("6.40", "USD"))
    before = balance(shop)
    done = shop.ask(lambda p: p.top_up(shop.card("Great Britain, fixed amounts"), found, "order-0006"))
    assert done.charged == found.price == Money.of(before - balance(shop), "USD")


def test_trap_9_charged_is_what_left_the_purse() -> None:
    assert parse("reloadly", _Transaction, DIGICEL).charged == Money.of("13.20", "USD")
    assert parse("reloadly", _Transaction, {**DIGICEL, "balanceInfo": None}).charged == Money.of("13.20", "USD")
    assert parse("reloadly", _Transaction, {**DIGICEL, "balanceInfo": None, "discount": None}).charged is None
    with_pin = {**DIGICEL, "balanceInfo": None, "pinDetail": {"code": "1"}}
    assert parse("reloadly", _Transaction, with_pin).charged == Money.of(15, "USD")


@pytest.mark.parametrize("kind", ["lost", "reset", "truncated"])
def test_trap_10_a_lost_answer_is_looked_up_by_the_same_identifier(shop: AtEmulator, kind: str) -> None:
    card, product = haiti(shop)
    before = balance(shop)
    shop.fault(kind="latency", path="/topups/reports")
    shop.fault(kind=kind, path="/topups", times=1)
    done = shop.ask(lambda p: p.top_up(card, product, "order-0007"))
    assert (done.status, done.charged) == (OrderStatus.CONFIRMED, Money.of("13.20", "USD"))
    assert before - balance(shop) == Decimal("13.20")
    again = shop.ask(lambda p: p.top_up(card, product, "order-0007"))
    assert again.order_id == done.order_id
    assert [body["customIdentifier"] for body in sent(shop)] == ["order-0007"]


def test_trap_10_an_outcome_nobody_knows_is_a_result(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    shop.fault(kind="latency", path="/topups/reports")
    shop.fault(kind="status", path="/topups", status=500, body='{"message": "x", "errorCode": "FX_RATE_NOT_AVAILABLE"}')
    done = shop.ask(lambda p: p.top_up(card, product, "order-0008"))
    assert (done.status, done.order_id, len(sent(shop))) == (OrderStatus.UNKNOWN, None, 1)


def test_trap_10_no_order_is_sent_while_its_reference_cannot_be_looked_up(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    shop.fault(kind="status", path="/topups/reports", status=503)
    with pytest.raises(Unreachable):
        shop.ask(lambda p: p.top_up(card, product, "order-0009"))
    assert sent(shop) == []


def test_trap_11_the_refusal_of_a_used_identifier_is_no_failure(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    done = shop.ask(lambda p: p.top_up(card, product, "order-0010"))
    shop.clock.move(minutes=5)
    empty = {"content": [], "last": True}
    shop.fault(kind="set", path="/topups/reports", times=1, at=[], value=empty)  # the report lags
    again = shop.ask(lambda p: p.top_up(card, product, "order-0010"))
    assert len(sent(shop)) == 2
    assert (again.status, again.order_id) == (OrderStatus.CONFIRMED, done.order_id)
    assert balance(shop) == Decimal("986.80")


def test_trap_11_other_refusals_stay_refusals(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    shop.ask(lambda p: p.top_up(card, product, "order-0011"))
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p.top_up(card, product, "order-0012"))
    assert caught.value.code == "PHONE_RECENTLY_RECHARGED"
    shop.clock.move(minutes=2)
    assert shop.ask(lambda p: p.top_up(card, product, "order-0012")).status is OrderStatus.CONFIRMED


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2021-01-16 03:39:56", datetime(2021, 1, 16, 8, 39, 56, tzinfo=UTC)),
        ("2021-07-16 03:39:56", datetime(2021, 7, 16, 7, 39, 56, tzinfo=UTC)),
    ],
)
def test_trap_12_the_date_of_a_transaction_is_on_the_clock_of_new_york(said: str, meant: datetime) -> None:
    alone = {**DIGICEL, "transactionDate": said, "balanceInfo": None}
    assert parse("reloadly", _Transaction, alone).placed_at == meant


def test_trap_12_the_time_of_the_purse_is_utc_and_preferred(shop: AtEmulator) -> None:
    assert parse("reloadly", _Transaction, DIGICEL).placed_at == datetime(2021, 1, 16, 8, 39, 56, tzinfo=UTC)
    card, product = haiti(shop)
    assert shop.ask(lambda p: p.top_up(card, product, "order-0013")).placed_at == START
    assert shop.ask(lambda p: p.find_order("order-0013")).placed_at == START
    assert shop.ask(lambda p: p.account()).as_of == START


def test_trap_13_a_status_comes_flat_or_wrapped(shop: AtEmulator) -> None:
    flat = {**DIGICEL, "status": "SUCCESSFUL"}
    for shown in (flat, {"code": None, "message": None, "status": "SUCCESSFUL", "transaction": flat}):
        assert parse("reloadly", _Status, shown).status == "SUCCESSFUL"
    body = {"operatorId": 173, "amount": 5, "recipientPhone": {"countryCode": "HT", "number": "50910000001"}}
    for number in range(2):  # one of the two is wrapped at the emulator
        reference = f"async-000{number}"
        shop.ask(lambda p, r=reference: p._ask(Call("POST", "/topups-async", json={**body, "customIdentifier": r})))
        assert shop.ask(lambda p, r=reference: p.find_order(r)).status is OrderStatus.PENDING
        shop.clock.move(seconds=30)
        assert shop.ask(lambda p, r=reference: p.find_order(r)).status is OrderStatus.CONFIRMED
        shop.clock.move(minutes=2)
    assert len(shop.asked("/topups/1067")) == 2


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SUCCESSFUL", OrderStatus.CONFIRMED),
        ("PROCESSING", OrderStatus.PENDING),
        ("REFUNDED", OrderStatus.REFUNDED),
        ("FAILED", OrderStatus.FAILED),
        ("ON_THE_MOON", OrderStatus.PENDING),
        (None, OrderStatus.CONFIRMED),  # an old synchronous answer
    ],
)
def test_trap_13_words_of_status(shop: AtEmulator, word: str | None, status: OrderStatus) -> None:
    card, product = haiti(shop)
    shop.fault(kind="latency", path="/topups/reports")
    shop.fault(kind="set", path="/topups", at=["status"], value=word)
    assert shop.ask(lambda p: p.top_up(card, product, "order-0014")).status is status


def test_trap_14_there_is_no_balance_of_a_number(shop: AtEmulator) -> None:
    assert Reloadly.capabilities() == {Capability.TOP_UPS, Capability.TOP_UP, Capability.FIND_ORDER, Capability.ACCOUNT}
    with pytest.raises(Unsupported):
        shop.ask(lambda p: p.reading(shop.card("Haiti, any amount")))


def test_trap_15_the_pin_reaches_the_person_and_nobody_else(shop: AtEmulator) -> None:
    card = shop.card("United States, a PIN")
    found = products(shop, "United States, a PIN")
    assert {one.is_pin for one in found.values()} == {Tri.YES}
    assert found["500:10"].price == Money.of(10, "USD")
    done = shop.ask(lambda p: p.top_up(card, found["500:10"], "order-0015"))
    lines = done.pin.reveal().splitlines()
    assert lines[0].startswith("7700-")
    assert {"1: Dial *123*", "2: then the PIN", "3: then #", "validity: 30 days"} <= set(lines)
    assert lines[0] not in repr(done)
    assert shop.ask(lambda p: p.find_order("order-0015")).pin == done.pin


def test_errors_with_a_null_code_and_wrong_paths_without_one(shop: AtEmulator) -> None:
    with pytest.raises(NotFound):
        shop.ask(lambda p: p._ask(Call("GET", "/topup")))
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p._ask(Call("GET", "/operators", {"page": 0})))
    assert (caught.value.code, caught.value.status) == (None, 400)
    with pytest.raises(Refused) as caught:
        shop.ask(lambda p: p._ask(Call("GET", "/operators/countries/FR")))
    assert caught.value.code == "COUNTRY_NOT_SUPPORTED"


@pytest.mark.parametrize("card", ["", "nothing", "12025550143", "+999", "+4477009001234567", "+33612345678"])
def test_what_is_no_number_it_can_top_up_is_not_found(shop: AtEmulator, card: str) -> None:
    with pytest.raises(NotFound):
        shop.ask(lambda p: p.top_ups(card))


def test_numbers_come_back_as_text_or_as_numbers(shop: AtEmulator) -> None:
    card, product = haiti(shop)
    shop.ask(lambda p: p.top_up(card, product, "order-0016"))
    assert shop.ask(lambda p: p.find_order("order-0016")).remote_id == card
    assert shop.ask(lambda p: p.find_order("order-0017")) is None


def test_only_sisters_of_the_detected_operator_are_offered(shop: AtEmulator) -> None:
    assert {one.name for one in products(shop, "Nigeria, airtime and data").values()} == {"Sandbox Nigeria", "Sandbox Nigeria Data"}


def test_the_answer_is_asked_for_in_its_version(shop: AtEmulator) -> None:
    shop.ask(lambda p: p.account())
    assert shop.sandbox.log[-1].headers["accept"] == "application/com.reloadly.topups-v1+json"


def test_a_refusal_buys_nothing(shop: AtEmulator) -> None:
    card, product = haiti(shop, "70")
    with pytest.raises(Refused) as caught:  # noqa: PT012 - which one it is depends on the credit
        for number in range(20):
            shop.ask(lambda p, n=number: p.top_up(card, product, f"order-1{n:03}"))
            shop.clock.move(minutes=3)
    assert caught.value.code == "INSUFFICIENT_BALANCE"
    assert balance(shop) == Decimal(1000) - 16 * Decimal("61.60")
    assert timedelta(0) < shop.clock() - START


OFFICIAL = {"accept": "application/com.reloadly.topups-v1+json", "user-agent": "python-requests/2.34.2", "accept-encoding": "gzip, deflate"}
"""What reloadly_airtime 1.1.2 sends. It cannot be installed beside protobuf 4 and newer, so its requests are sent here as it sends them."""


def test_the_requests_of_the_official_client(shop: AtEmulator) -> None:
    asked = {
        "client_id": CREDENTIALS["client_id"],
        "client_secret": CREDENTIALS["client_secret"],
        "grant_type": "client_credentials",
        "audience": "https://topups-sandbox.reloadly.com",
    }

    def send(method: str, path: str, body: object = None, **headers: str):
        content = None if body is None else json.dumps(body).encode()
        call = Call(method, path, content=content, headers={**OFFICIAL, **headers}, accept=(400, 404))
        return shop.ask(lambda p: p.http.send(call)).json()

    token = send("POST", "/oauth/token", asked, **{"accept": "application/json", "content-type": "application/json"})["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert send("GET", "/accounts/balance", **bearer)["currencyCode"] == "USD"
    assert send("GET", "/operators", **bearer)["number"] == 0
    assert [one["id"] for one in send("GET", "/operators/countries/HT", **bearer)] == [173]
    assert send("GET", "/operators/173", **bearer)["name"] == "Sandbox Haiti"
    assert send("GET", "/operators/auto-detect/phone/50910000001/countries/HT", **bearer)["id"] == 173
    assert send("GET", "/countries", **bearer)[0]["isoName"] == "HT"
    order = {"operatorId": 173, "amount": 15, "useLocalAmount": False, "customIdentifier": "sdk-00001"}
    order |= {"recipientPhone": {"countryCode": "HT", "number": "50910000001"}}
    done = send("POST", "/topups", order, **bearer, **{"content-type": "application/json"})
    assert "errorCode" not in done  # the client takes any answer with this key for a failure
    assert "errorCode" in send("POST", "/topups", order, **bearer, **{"content-type": "application/json"})
    status = send("GET", f"/topups/{done['transactionId']}/status", **bearer)
    assert status["status"] == "SUCCESSFUL"
    # Two of its paths do not exist at the service either: the answer is that of a wrong path.
    for path in ("/topups/reports/transaction", "/operators/fx-rate/173"):
        assert send("GET", path, **bearer)["error"] == "Not Found"
