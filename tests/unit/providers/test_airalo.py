"""Airalo against its emulator. The traps are those of the contract's section 0, by its numbers."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.order import OrderStatus
from services.model.plan import AllowanceKind, StartRule
from services.model.reading import LineStatus
from services.model.tri import Tri
from services.providers.airalo import Airalo
from services.providers.errors import Malformed, NotFound, Refused, Unauthorised
from services.providers.facts import facts_of
from services.providers.rate_limits import RateLimits
from services.providers.sandbox import airalo as emulator
from services.providers.sandbox.airalo import ACTIVE, CREDENTIALS, EXPIRED, NEW, NO_TOP_UPS, RECYCLED, UNLIMITED, USED_UP, VOICE
from services.providers.sandbox.server import serve
from services.providers.tokens import TokenCache
from services.providers.wire import LPA
from tests.unit.providers.calls import outcomes, subject_of, verbs
from tests.unit.providers.lab import REFERENCE, Lab

GIB = 1024**3
ID = "airalo"


def of(at: Lab, **options) -> Lab:
    """``at`` with an emulator of other manners."""
    at.sandbox.app = emulator.create_app(now=at.now, **options).app
    return at


def test_trap_1_a_token_is_trusted_for_less_than_a_day_and_shared(lab):
    at = lab(ID)
    token = at.run(at.provider.fetch_token())
    assert token.lives_s <= 24 * 3600
    assert token.text not in repr(token)

    async def many():
        await asyncio.gather(*(at.provider.reading(card) for card in (ACTIVE, NEW, USED_UP)))

    before = len(at.asked("/token"))
    at.run(many())
    assert len(at.asked("/token")) == before + 1

    at.later(hours=25)  # dead at their end, and not yet at ours
    at.run(many())
    assert len(at.asked("/token")) == before + 2


def test_trap_2_megabytes_of_1024_and_unlimited_is_not_empty(lab):
    at = lab(ID)
    plans = {plan.plan_id: plan for plan in at.run(at.provider.plans()).plans}
    assert plans["sandbox-jp-30days-10gb"].allowance.volume == DataVolume(10 * GIB)
    unlimited = plans["sandbox-jp-7days-unlimited"].allowance
    assert unlimited.kind is AllowanceKind.UNLIMITED
    assert unlimited.fair_use_per_day == DataVolume(3 * GIB)
    assert unlimited.speed_after_kbps == 1000

    (data,) = at.run(at.provider.reading(UNLIMITED)).data
    assert (data.unlimited, data.remaining, data.total) == (Tri.YES, None, None)

    at.fault("set", f"/v2/sims/{UNLIMITED}/usage", at=["data", "is_unlimited"], value=False)  # as in test mode
    assert at.run(at.provider.reading(UNLIMITED)).data == ()

    at.sandbox.faults.clear()
    literal = {"remaining": 767, "total": 2048, "expired_at": "2022-01-01 00:00:00", "is_unlimited": True, "status": "ACTIVE",
               "remaining_voice": 0, "remaining_text": 0, "total_voice": 0, "total_text": 0}  # fmt: skip
    at.fault("status", f"/v2/sims/{ACTIVE}/usage", body=json.dumps({"data": literal, "meta": {"message": "api.succes"}}))
    reading = at.run(at.provider.reading(ACTIVE))
    assert reading.data[0].unlimited is Tri.YES
    assert reading.validity[0].ends_at == datetime(2022, 1, 1, tzinfo=UTC)
    assert reading.voice == reading.sms == ()


def test_trap_3_a_recycled_card_is_closed_and_has_no_zero(lab):
    at = lab(ID)
    reading = at.run(at.provider.reading(RECYCLED))
    assert reading.status is LineStatus.CLOSED
    assert reading.status_said == "RECYCLED"
    assert reading.data == reading.validity == ()
    for call in (at.provider.top_ups(RECYCLED), at.provider.top_up(RECYCLED, at.run(at.provider.top_ups(ACTIVE))[0], REFERENCE)):
        with pytest.raises(Refused) as caught:
            at.run(call)
        assert caught.value.code == "73"


def test_trap_4_not_found_and_no_top_ups_are_told_apart(lab):
    at = lab(ID)
    assert at.run(at.provider.top_ups(NO_TOP_UPS)) == ()
    with pytest.raises(NotFound):
        at.run(at.provider.top_ups("8999931000000009999"))
    # Two pages of the documentation have the not-found answer under 200.
    at.fault("status", f"/v2/sims/{ACTIVE}", body=json.dumps({"data": [], "meta": {"message": "messages.resource_not_found"}}))
    for call in (at.provider.top_ups(ACTIVE), at.provider.reading(ACTIVE), at.provider.install(ACTIVE)):
        with pytest.raises(NotFound):
            at.run(call)


def test_trap_5_data_changes_its_type_with_the_error(lab):
    at = lab(ID)
    with pytest.raises(Unauthorised):
        at.run(at.another(ID, credentials={**CREDENTIALS, "client_secret": "wrong"}).account())
    with pytest.raises(Unauthorised, match="client id is invalid"):
        at.run(at.another(ID, credentials={**CREDENTIALS, "client_id": "wrong"}).account())
    at.fault("status", f"/v2/sims/{ACTIVE}/usage", body=json.dumps({"data": [], "meta": {"message": "success"}}))
    with pytest.raises(Malformed):
        at.run(at.provider.reading(ACTIVE))


def test_trap_6_two_shapes_of_422(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    with pytest.raises(Refused, match="invalid topup package") as caught:
        at.run(at.provider.top_up(ACTIVE, replace(product, product_id="nothing"), REFERENCE))
    assert caught.value.code is None
    with pytest.raises(Refused, match="Insufficient") as caught:
        at.run(at.provider.top_up(ACTIVE, replace(product, product_id="test-insufficient-balance-7days-1gb"), REFERENCE))
    assert caught.value.code == "11"
    assert not caught.value.may_have_arrived


def test_trap_7_a_lost_order_is_found_by_its_description_and_never_sent_again(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    before = at.run(at.provider.account()).balance
    at.fault("lost", "/v2/orders/topups")
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert outcome.status is OrderStatus.CONFIRMED
    assert outcome.product_id == product.product_id
    at.sandbox.faults.clear()
    again = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert again.order_id == outcome.order_id
    assert len(at.asked("/orders/topups")) == 1
    after = at.run(at.provider.account()).balance
    assert before.minor - after.minor == product.price.minor
    # The search finds parts of words; ours are whole.
    assert at.run(at.provider.find_order(REFERENCE[:-1])) is None


def test_trap_7_an_order_that_cannot_be_found_is_unknown(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    at.fault("status", "/v2/orders/topups", status=500)
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert outcome.status is OrderStatus.UNKNOWN
    assert len(at.asked("/orders/topups")) == 1


def test_trap_7_nothing_is_sent_when_the_search_fails(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    at.fault("status", "/v2/orders", status=503)
    with pytest.raises(Exception, match="503"):
        at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert at.asked("/orders/topups") == []


def test_trap_7_two_at_once_are_one_order(lab):
    at = lab(ID)
    product = at.run(at.provider.top_ups(ACTIVE))[0]

    async def both():
        return await asyncio.gather(*(at.provider.top_up(ACTIVE, product, REFERENCE) for _ in range(5)))

    assert len({outcome.order_id for outcome in at.run(both())}) == 1
    assert len(at.asked("/orders/topups")) == 1


def test_trap_8_cost_is_net_and_not_the_price_a_customer_is_asked(lab):
    at = lab(ID)
    page = json.loads(
        '{"pricing": {"model": "net_pricing", "discount_percentage": 0}, "data": [{"id": "bonbon-mobile-30days-3gb-topup", "type": "topup",'
        '"price": 10, "amount": 3072, "day": 30, "is_unlimited": false, "title": "3 GB - 100 SMS - 100 Mins - 30 Days", "data": "3 GB",'
        '"short_info": null, "voice": 100, "text": 100, "net_price": 8}]}'
    )
    at.fault("status", f"/v2/sims/{ACTIVE}/topups", body=json.dumps(page))
    (product,) = at.run(at.provider.top_ups(ACTIVE))
    assert (product.price, product.retail_price) == (Money.of(8, "USD"), Money.of(10, "USD"))
    assert (product.voice_s, product.sms) == (6000, 100)
    at.sandbox.faults.clear()

    at.run(at.provider.top_up(ACTIVE, at.run(at.provider.top_ups(ACTIVE))[0], REFERENCE))
    (row,) = at.run(at.provider._get("/v2/orders", {"filter[description]": REFERENCE}, {})).data
    assert isinstance(row["price"], str)  # a number everywhere else
    assert at.run(at.provider.find_order(REFERENCE)).status is OrderStatus.CONFIRMED


def test_trap_8_cost_under_a_discount(lab):
    at = of(lab(ID), pricing="discount_pricing")
    product = at.run(at.provider.top_ups(ACTIVE))[0]
    assert product.price.amount == product.retail_price.amount * Decimal("0.9")
    outcome = at.run(at.provider.top_up(ACTIVE, product, REFERENCE))
    assert abs(outcome.charged.amount - product.price.amount) <= Decimal("0.01")
    plan = at.run(at.provider.plans()).plans[0]
    assert plan.price == product.price


def test_trap_9_regions_say_their_countries_elsewhere(lab):
    at = lab(ID)
    plans = {plan.plan_id: plan for plan in at.run(at.provider.plans()).plans}
    europe = plans["sandbox-europe-30days-10gb"]
    assert {"FR", "DE", "TR"} <= europe.countries
    assert "" not in europe.countries
    assert europe.start_rule is StartRule.INSTALL
    assert plans["sandbox-jp-30days-10gb"].countries == {"JP"}


def test_trap_10_a_reading_is_as_old_as_their_cache(lab):
    at = lab(ID)
    first = at.run(at.provider.reading(ACTIVE))
    assert first.taken_at - first.as_of == timedelta(minutes=20)
    at.run(at.provider.top_up(ACTIVE, at.run(at.provider.top_ups(ACTIVE))[0], REFERENCE))
    assert at.run(at.provider.reading(ACTIVE)).data[0].total == first.data[0].total
    at.later(minutes=21)
    assert at.run(at.provider.reading(ACTIVE)).data[0].total > first.data[0].total


def test_trap_11_pages_may_be_objects_and_all_are_read(lab, monkeypatch):
    monkeypatch.setattr("services.providers.airalo.PAGE_SIZE", 7)
    whole, odd = lab(ID), of(lab(ID), odd_pages=True)
    expected, found = ({plan.plan_id for plan in at.run(at.provider.plans()).plans} for at in (whole, odd))
    assert found == expected
    assert len(found) > 500
    assert len(odd.run(odd.provider.cards())) == 8
    assert {asked.headers["host"] for asked in odd.sandbox.log} == {"partners-api.airalo.com"}  # links are not followed


def test_trap_12_times_with_and_without_a_zone(lab):
    at = lab(ID)
    (validity,) = at.run(at.provider.reading(ACTIVE)).validity
    assert validity.ends_at.utcoffset() == timedelta(0)
    assert abs(validity.ends_at - (at.moment - timedelta(days=10) + timedelta(days=30))) < timedelta(minutes=5)


def test_trap_13_hotspot_is_unknown(lab):
    at = lab(ID)
    assert {plan.hotspot for plan in at.run(at.provider.plans()).plans} == {Tri.UNKNOWN}


def test_trap_14_no_webhook_is_asked_for_so_none_is_answered_wrongly(lab):
    at = lab(ID)
    at.run(outcomes(at.provider, verbs(ID), subject_of(at)))
    assert len(at.sandbox.log) > len(verbs(ID))
    for asked in at.sandbox.log:
        assert not {"notifications", "orders-async", "future-orders", "simulator"} & set(asked.path.split("/"))
        assert "webhook" not in asked.body


def test_trap_15_no_answer_tells_test_mode_so_the_notes_do():
    notes = facts_of(ID).notes
    assert "mode" in notes.en
    assert "模式" in notes.zh


def test_states_and_counts(lab):
    at = lab(ID)
    assert at.run(at.provider.reading(NEW)).status is LineStatus.NOT_ACTIVATED
    assert at.run(at.provider.reading(NEW)).validity == ()
    assert at.run(at.provider.reading(USED_UP)).data[0].remaining == DataVolume(0)
    at.later(seconds=2)
    assert at.run(at.provider.reading(EXPIRED)).status is LineStatus.EXPIRED
    voice = at.run(at.provider.reading(VOICE))
    assert (voice.voice[0].remaining, voice.voice[0].total, voice.sms[0].remaining) == (40 * 60, 100 * 60, 73)
    at.fault("set", f"/v2/sims/{ACTIVE}/usage", at=["data", "status"], value="FROZEN")
    strange = at.run(at.provider.reading(ACTIVE))
    assert (strange.status, strange.status_said) == (None, "FROZEN")


def test_an_address_that_is_not_allowed_is_no_wrong_key(lab):
    at = of(lab(ID), allowed=False)
    with pytest.raises(Refused) as caught:
        at.run(at.provider.reading(ACTIVE))
    assert caught.value.code == "89"


def test_a_card_number_cannot_lead_to_another_path(lab):
    at = lab(ID)
    with pytest.raises(NotFound):
        at.run(at.provider.reading("../orders"))
    assert at.sandbox.log == []


def test_account_without_a_purse_and_install(lab):
    at = lab(ID)
    assert at.run(at.provider.account()).balance == Money.of(500, "USD")
    at.fault("set", "/v2/balance", at=["data", "balances"], value=[])
    assert at.run(at.provider.account()).balance is None
    install = at.run(at.provider.install(ACTIVE))
    assert LPA.fullmatch(install.lpa_code.reveal())
    assert install.confirmation_code.reveal() == "5751"
    assert (install.apn, install.apn_automatic, install.roaming) == ("sandbox", Tri.NO, Tri.YES)
    assert "5751" not in repr(install)


def test_the_token_call_keeps_three_a_minute():
    limits = {limit.scope: (limit.calls, limit.per_s) for limit in facts_of(ID).limits}
    assert limits == {
        "account": (5, 1),
        "token": (3, 60),
        "packages": (80, 60),
        "usage_of_card": (10, 60),
        "history_of_card": (10, 60),
    }
    assert Airalo(credentials=CREDENTIALS).http.endpoint.limits


# The emulator and clients that are not ours


def signed(payload: dict[str, str]) -> str:
    text = json.dumps(payload, separators=(",", ":")).replace("/", "\\/")
    return hmac.new(CREDENTIALS["client_secret"].encode(), text.encode(), hashlib.sha512).hexdigest()


@pytest.mark.parametrize("encoding", ["data", "json", "files"])
def test_emulator_takes_form_json_and_multipart_with_and_without_signature(lab, encoding):
    at = lab(ID)
    with serve(at.sandbox) as address:
        login = {**CREDENTIALS, "grant_type": "client_credentials"}
        order = {"package_id": "sandbox-jp-7days-1gb-topup", "iccid": ACTIVE, "description": "a/b"}

        def post(path, body, **headers):
            value = {name: (None, text) for name, text in body.items()} if encoding == "files" else body
            return httpx.post(address + path, headers=headers, **{encoding: value})

        token = post("/v2/token", login, **{"airalo-signature": signed(login)}).json()["data"]["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert post("/v2/orders/topups", order, **bearer).json()["data"]["description"] == "a/b"
        assert post("/v2/orders/topups", order, **bearer, **{"airalo-signature": signed(order)}).status_code == 200
        wrong = post("/v2/orders/topups", order, **bearer, **{"airalo-signature": "0" * 128})
        assert (wrong.status_code, wrong.json()["code"]) == (422, 14)


def test_emulator_keeps_the_published_limits(lab):
    at = lab(ID)
    with serve(at.sandbox) as address:
        answers = [httpx.post(address + "/v2/token", data=CREDENTIALS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json() == {"message": "Too Many Attempts."}
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


def test_official_client_reads_and_tops_up(lab, monkeypatch, tmp_path):
    from airalo import Airalo as OfficialClient
    from airalo.constants.api_constants import ApiConstants
    from airalo.helpers.cached import Cached

    at = lab(ID)
    monkeypatch.setattr(Cached, "_cache_path", tmp_path)
    with serve(at.sandbox) as address:
        monkeypatch.setattr(ApiConstants, "PRODUCTION_URL", address + "/v2/")
        client = OfficialClient(dict(CREDENTIALS))
        packages = client.get_all_packages(flat=True)["data"]
        assert {"sandbox-jp-30days-10gb", "sandbox-jp-7days-1gb-topup"} <= {package["package_id"] for package in packages}
        assert client.sim_usage(ACTIVE)["data"]["total"] == 10240
        assert client.sim_usage_bulk([NEW, EXPIRED])[NEW]["data"]["status"] == "NOT_ACTIVE"
        assert client.get_sim_topups(ACTIVE)["data"][0]["type"] == "topup"
        assert client.get_sim_package_history(ACTIVE)["data"][0]["status"] == "ACTIVE"
        assert client.topup("sandbox-jp-7days-1gb-topup", ACTIVE, "from the official client")["data"]["type"] == "topup"
        assert client.order("sandbox-fr-7days-1gb", 2, "two")["data"]["sims"][1]["qrcode"].startswith("LPA:1$")
        assert client.get_installation_instructions({"iccid": ACTIVE})["data"]["instructions"]["language"] == "EN"
    ours = Airalo(app=at.sandbox, credentials=CREDENTIALS, now=at.now, rate_limits=RateLimits(), tokens=TokenCache())
    assert at.run(ours.find_order("from the official client")).status is OrderStatus.CONFIRMED
