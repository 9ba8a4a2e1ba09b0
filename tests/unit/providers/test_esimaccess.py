"""eSIM Access against its emulator. The traps are those of the contract's last section, by its numbers."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.order import OrderStatus
from services.model.plan import AllowanceKind, StartRule
from services.model.reading import LineStatus, ValidityKind
from services.model.tri import Tri
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised, Unreachable
from services.providers.sandbox.esimaccess import ACTIVE, CREDENTIALS, DAY_PASS, EXPIRED, NEW, NO_TOP_UP, RECYCLED, USED_UP
from tests.unit.providers.lab import REFERENCE

GIB = 1024**3
ID = "esimaccess"


def test_trap_1_http_200_is_no_success(lab):
    at = lab(ID)
    at.fault(
        "status", "/api/v1/open/balance", body=json.dumps({"success": False, "errorCode": "200009", "errorMsg": "abnormal", "obj": None})
    )
    with pytest.raises(Refused) as caught:
        at.run(at.provider.account())
    assert caught.value.code == "200009"


def test_trap_2_money_is_ten_thousandths_and_data_is_binary(lab):
    at = lab(ID)
    row = {
        "packageCode": "CKH002", "slug": "ES_3_30", "name": "Spain 3GB 30Days", "price": 18000, "currencyCode": "USD", "volume": 3221225472,
        "dataType": 1, "duration": 30, "durationUnit": "DAY", "location": "ES", "locationCode": "ES", "activeType": 2, "speed": "3G/4G/5G",
        "ipExport": "NL/FR", "supportTopUpType": 2, "fupPolicy": "", "locationNetworkList": None, "somethingNew": [1],
    }  # fmt: skip
    at.fault("status", body=json.dumps({"success": True, "errorCode": None, "errorMsg": None, "obj": {"packageList": [row]}}))
    (plan,) = at.run(at.provider.plans()).plans
    assert plan.price == Money.of("1.80", "USD")
    assert plan.allowance.volume == DataVolume(3 * GIB)
    assert plan.start_rule is StartRule.FIRST_CONNECTION
    assert (plan.hotspot, plan.id_check, plan.phone_number) == (Tri.UNKNOWN, Tri.UNKNOWN, Tri.UNKNOWN)
    assert plan.breakout_country is None  # two of them

    at.sandbox.faults.clear()
    assert at.run(at.provider.account()).balance == Money.of(200, "USD")


def test_trap_3_a_day_pass_is_priced_and_sized_by_the_day(lab):
    at = lab(ID)
    plans = {plan.plan_id: plan for plan in at.run(at.provider.plans()).plans}
    slowed, stopped, full = plans["KR_1_Daily"], plans["KR_1_DailyStop"], plans["KR_1_DailyFull"]
    assert slowed.allowance.kind is AllowanceKind.PER_DAY
    assert slowed.allowance.speed_after_kbps in {384, 1000}
    assert slowed.validity_days == 1
    assert stopped.allowance.speed_after_kbps == 0
    assert full.allowance.kind is AllowanceKind.UNLIMITED

    reading = at.run(at.provider.reading(DAY_PASS))
    assert reading.data == ()  # the figures are those of a day, not what is left of a total

    top_up = at.run(at.provider.top_ups(DAY_PASS))[0]
    week = top_up.for_periods(7)
    assert week.price == top_up.price * 7
    assert week.validity_days == 7
    before = at.run(at.provider.account()).balance
    outcome = at.run(at.provider.top_up(DAY_PASS, week, REFERENCE))
    after = at.run(at.provider.account()).balance
    assert outcome.status is OrderStatus.CONFIRMED
    assert outcome.charged == week.price
    assert before.minor - after.minor == week.price.minor
    assert json.loads(at.asked("esim/topup")[0].body)["periodNum"] == 7


def test_trap_4_every_query_has_a_pager_and_pages_are_read_to_the_end(lab, monkeypatch):
    monkeypatch.setattr("services.providers.esimaccess.PAGE_SIZE", 5)
    at = lab(ID)
    assert [card.remote_id for card in at.run(at.provider.cards())] == list(at.sandbox.cards.values())
    pagers = [json.loads(asked.body)["pager"] for asked in at.asked("esim/query")]
    assert [pager["pageNum"] for pager in pagers] == [1, 2]


def test_trap_5_usage_is_asked_by_number_ten_at_a_time(lab):
    at = lab(ID)
    package = {"packageInfoList": [{"packageCode": "JP_1_7", "count": 20}], "transactionId": "many"}
    at.run(at.provider._ask("esim/order", package))
    at.later(minutes=1)
    cards = [card.remote_id for card in at.run(at.provider.cards())]
    found = at.run(at.provider.readings([*cards, "nobody"]))
    assert set(found.good) == set(cards)
    assert isinstance(found.failed["nobody"], NotFound)
    batches = [json.loads(asked.body)["esimTranNoList"] for asked in at.asked("usage/query")]
    assert [len(batch) for batch in batches] == [10, 10, 7]
    assert all(not number.startswith("89") for batch in batches for number in batch)


def test_trap_6_a_card_is_not_its_iccid(lab):
    at = lab(ID)
    cards = {card.remote_id: card for card in at.run(at.provider.cards())}
    assert cards[ACTIVE].iccid == cards[RECYCLED].iccid
    assert at.run(at.provider.reading(ACTIVE)).status is LineStatus.ACTIVE
    assert at.run(at.provider.reading(RECYCLED)).status is LineStatus.EXPIRED
    with pytest.raises(NotFound):
        at.run(at.provider.reading(cards[ACTIVE].iccid))


def test_trap_7_the_answer_of_a_top_up_has_the_cards_new_totals(lab):
    at = lab(ID)
    product = next(product for product in at.run(at.provider.top_ups(ACTIVE)) if product.product_id == "TOPUP_JP_1_7")
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    (data,) = outcome.data
    assert data.total == DataVolume(11 * GIB)
    assert outcome.charged == product.price
    (validity,) = outcome.validity
    assert validity.ends_at - datetime(2026, 11, 10, 12, tzinfo=UTC) - timedelta(days=37) < timedelta(minutes=5)


def test_trap_8_a_retry_keeps_its_transaction_and_pays_once(lab):
    at = lab(ID, adjust=lambda endpoint: endpoint)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    before = at.run(at.provider.account()).balance
    at.fault("lost", "/api/v1/open/esim/topup", times=1)
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert outcome.status is OrderStatus.CONFIRMED
    assert {json.loads(asked.body)["transactionId"] for asked in at.asked("esim/topup")} == {REFERENCE}
    assert len(at.asked("esim/topup")) == 2
    again = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert again.status is OrderStatus.CONFIRMED
    after = at.run(at.provider.account()).balance
    assert before.minor - after.minor == product.price.minor


def test_trap_8_an_answer_that_never_comes_is_looked_up(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    at.fault("lost", "/api/v1/open/esim/topup")
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert outcome.status is OrderStatus.CONFIRMED
    assert outcome.remote_id == ACTIVE
    assert outcome.product_id == product.product_id


def test_an_order_nobody_can_find_is_unknown_not_failed(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    at.fault("status", "/api/v1/open/esim", status=502)
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert outcome.status is OrderStatus.UNKNOWN
    assert outcome.charged is None


def test_trap_9_a_profile_being_allocated_is_no_error(lab):
    at = lab(ID)
    order = at.run(at.provider._ask("esim/order", {"transactionId": "new-1", "packageInfoList": [{"slug": "JP_1_7", "count": 1}]}))
    assert at.run(at.provider._query({"orderNo": order["orderNo"]}, 1, 5)).esimList is None
    at.later(seconds=30)
    assert len(at.run(at.provider._query({"orderNo": order["orderNo"]}, 1, 5)).esimList) == 1
    at.fault("status", "/api/v1/open/esim/topup", body=json.dumps({"success": False, "errorCode": 200010, "errorMsg": "allocating"}))
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    assert at.run(at.provider.top_up(ACTIVE, product, REFERENCE)).status is OrderStatus.PENDING


def test_trap_10_the_date_of_an_unused_card_is_its_use_by(lab):
    at = lab(ID)
    (unused,) = at.run(at.provider.reading(NEW)).validity
    (used,) = at.run(at.provider.reading(ACTIVE)).validity
    assert unused.kind is ValidityKind.ACTIVATE_BY
    assert used.kind is ValidityKind.PLAN
    assert unused.ends_at.date() == datetime(2026, 11, 18, tzinfo=UTC).date() + timedelta(days=180)
    assert at.run(at.provider.install(NEW)).activate_by == unused
    assert at.run(at.provider.install(ACTIVE)).activate_by is None


def test_trap_11_the_catalogue_may_take_longer_than_other_calls(lab):
    at = lab(ID)
    endpoint = at.provider.http.endpoint
    assert endpoint.slow_timeout_s >= 90
    assert endpoint.attempt_timeout_s < 30

    quick = lab(ID, adjust=lambda endpoint: replace(endpoint, limits=(), attempt_timeout_s=0.2, call_timeout_s=0.4, slow_timeout_s=120))
    quick.fault("latency", seconds=0.6)
    assert quick.run(quick.provider.plans()).plans
    with pytest.raises(Unreachable):
        quick.run(quick.provider.account())


def test_trap_12_what_is_signed_is_what_is_sent(lab):
    at = lab(ID)
    at.run(at.provider.reading(ACTIVE))
    asked = at.asked("esim/query")[0]
    signed = asked.headers["rt-timestamp"] + asked.headers["rt-requestid"] + CREDENTIALS["access_code"] + asked.body
    wanted = hmac.new(CREDENTIALS["secret_key"].encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert asked.headers["rt-signature"] == wanted

    unsigned = at.another(ID, credentials={"access_code": CREDENTIALS["access_code"]})
    assert at.run(unsigned.account()).balance is not None
    wrong = at.another(ID, credentials={**CREDENTIALS, "secret_key": "another"})
    with pytest.raises(Unauthorised):
        at.run(wrong.account())


def test_the_documented_example_of_a_signature():
    signed = b"1628670421" + b"4ce9d9cdac9e4e17b3a2c66c358c1ce2" + b"11111" + b'{"imsi":"326543826"}'
    wanted = "7eb765e27df5373dea2dbc8c41a7d9557743e46c8054750f3d851b3fd01d0835"
    assert hmac.new(b"1111", signed, hashlib.sha256).hexdigest() == wanted


@pytest.mark.parametrize(("success", "code"), [(True, "0"), (True, None), ("true", 0), ("True", "0")])
def test_trap_13_success_and_code_come_in_several_types(lab, success, code):
    at = lab(ID)
    at.fault("status", body=json.dumps({"success": success, "errorCode": code, "errorMessage": None, "obj": {"balance": 18000}}))
    assert at.run(at.provider.account()).balance == Money(Decimal(180), "USD")


def test_trap_13_the_text_of_an_error_has_two_names(lab):
    at = lab(ID)
    at.fault("status", body=json.dumps({"success": "false", "errorCode": 200007, "errorMessage": "insufficient balance"}))
    with pytest.raises(Refused, match="insufficient balance"):
        at.run(at.provider.account())


def test_trap_14_a_balance_is_hours_old_and_says_so(lab):
    at = lab(ID)
    reading = at.run(at.provider.reading(ACTIVE))
    assert timedelta(hours=2) < reading.taken_at - reading.as_of < timedelta(hours=4)
    used = reading.data[0].used.bytes
    assert abs(used - ((10 * 24 - 3) * 20 * 1024**2)) < 2 * 1024**2
    at.later(hours=5)
    assert at.run(at.provider.reading(ACTIVE)).data[0].used.bytes > used

    at.fault("set", "/api/v1/open/esim/usage", at=["obj", "esimUsageList"], value=[])
    blind = at.run(at.provider.reading(ACTIVE))
    assert blind.taken_at - blind.as_of == timedelta(hours=3)


def test_usage_as_a_bare_list(lab):
    at = lab(ID)
    usage = [{"esimTranNo": ACTIVE, "dataUsage": 907415004, "totalData": 3221225472, "lastUpdateTime": "2026-04-02T06:00:00+0000"}]
    at.fault("set", "/api/v1/open/esim/usage", at=["obj"], value=usage)
    reading = at.run(at.provider.reading(ACTIVE))
    assert reading.data[0].used == DataVolume(907415004)
    assert reading.as_of == datetime(2026, 4, 2, 6, tzinfo=UTC)


def test_states_by_the_providers_table(lab):
    at = lab(ID)
    found = at.run(at.provider.readings(list(at.sandbox.cards.values()))).good
    assert found[NEW].status is LineStatus.NOT_ACTIVATED
    assert found[USED_UP].status is LineStatus.ACTIVE
    assert found[USED_UP].data[0].remaining == DataVolume(0)
    assert found[EXPIRED].status is LineStatus.EXPIRED
    at.fault("set", "/api/v1/open/esim/query", at=["obj", "esimList", "*", "esimStatus"], value="HIBERNATING")
    strange = at.run(at.provider.reading(ACTIVE))
    assert strange.status is None
    assert "HIBERNATING" in strange.status_said


def test_one_unreadable_card_spoils_no_other(lab):
    at = lab(ID)
    at.fault("set", "/api/v1/open/esim/query", at=["obj", "esimList", 2, "totalVolume"], value="much")
    found = at.run(at.provider.readings(list(at.sandbox.cards.values())))
    assert set(found.failed) == {USED_UP}
    assert isinstance(found.failed[USED_UP], Malformed)
    assert "totalVolume" in found.failed[USED_UP].path
    assert len(found.good) == 6
    # Whether the unreadable card has an order nobody can say, so it is not said to be absent.
    with pytest.raises(Malformed):
        at.run(at.provider.find_order(REFERENCE))
    assert at.run(at.provider.find_order("seed-2")).remote_id == ACTIVE


def test_what_cannot_be_topped_up_offers_nothing_or_says_why(lab):
    at = lab(ID)
    assert at.run(at.provider.top_ups(NO_TOP_UP)) == ()
    with pytest.raises(Refused) as caught:
        at.run(at.provider.top_ups(EXPIRED))
    assert caught.value.code == "card_over"


def test_a_price_that_moved_is_refused_and_nothing_is_bought(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    before = at.run(at.provider.account()).balance
    with pytest.raises(Refused) as caught:
        at.run(at.provider.top_up(ACTIVE, replace(product, price=Money.of("0.01", "USD")), REFERENCE))
    assert caught.value.code == "200006"
    assert not caught.value.may_have_arrived
    assert at.run(at.provider.account()).balance == before


def test_a_wrong_clock_is_set_by_theirs(lab):
    at = lab(ID)
    at.provider.now = lambda: at.now() - timedelta(hours=7)
    assert at.run(at.provider.account()).balance is not None
    assert len(at.asked("balance/query")) == 2


def test_install_codes_are_there_and_silent(lab):
    at = lab(ID)
    install = at.run(at.provider.install(NEW))
    assert install.lpa_code.reveal().startswith("LPA:1$rsp.sandbox.example$")
    assert "SBX-" not in repr(install) + str(install) + f"{install.lpa_code}"
    at.fault("set", "/api/v1/open/esim/query", at=["obj", "esimList", 0, "ac"], value="not a code S3CRET")
    with pytest.raises(Malformed) as caught:
        at.run(at.provider.install(NEW))
    assert "S3CRET" not in str(caught.value)
