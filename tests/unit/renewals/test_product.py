"""What is about to be bought: money or service, enough or too little, and what it promises by the operator's rule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.model.card import Card, CardKind
from services.model.clock import Activity, CardEvent, EventKind
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reading import MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.renewal import Begun, Channel, Figures, Product, Promise, RenewalStatus, Situation
from services.model.tri import Tri
from services.rules.clocks.library import shipped_rules
from services.rules.renewals.effect import effects
from services.rules.renewals.product import Fit, Nature, fit, known_products, nature, payment, promise_of
from services.rules.renewals.run import NotNow
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.renewals import RenewalDesk

HK = ZoneInfo("Asia/Hong_Kong")
NOW = datetime(2026, 2, 1, 15, 30, tzinfo=HK)
GB = DataVolume.of(1, DataUnit.GB)


def top_up(amount: str, currency: str) -> Product:
    return Product(Activity.TOP_UP, amount=Money.of(amount, currency))


def promised(operator: str, product: Product, *events: CardEvent) -> Promise:
    rule = shipped_rules()[operator]
    found = effects(rule, events, payment(product, CardEvent(EventKind.TOPPED_UP, NOW)), NOW, HK)
    return promise_of(product, rule, found, HK)


def until(day: date) -> CardEvent:
    return CardEvent(EventKind.READING, NOW, valid_until=day)


def test_what_the_rules_name_with_an_amount_can_be_picked() -> None:
    assert known_products(shipped_rules()["value_gb"]) == (top_up("50", "HKD"),)
    assert [product.amount for product in known_products(shipped_rules()["shine_town"])] == [Money.of(50, "HKD"), Money.of(300, "HKD")]
    amounts = [product.amount.amount for product in known_products(shipped_rules()["telkomsel"]) if product.amount]
    assert amounts == [Decimal(it) for it in (5000, 10000, 15000, 20000, 50000, 100000, 150000)]
    for rule in shipped_rules().values():
        assert all(product.amount is not None and product.what is not Activity.SMS_OUT for product in known_products(rule))


def test_money_and_service_are_told_apart_and_unknown_is_said() -> None:
    assert nature(top_up("50", "HKD"), shipped_rules()["value_gb"]) is Nature.MONEY
    assert nature(top_up("50", "HKD"), shipped_rules()["shine_town"]) is Nature.UNKNOWN
    assert nature(top_up("50", "HKD"), None) is Nature.UNKNOWN
    assert nature(Product(Activity.BUNDLE), shipped_rules()["value_gb"]) is Nature.SERVICE


@pytest.mark.parametrize(
    ("product", "per_day", "expected"),
    [
        (Product(Activity.BUNDLE, data=GB * 10, days=30), GB, Fit(Tri.NO, 10, GB * 30)),
        (Product(Activity.BUNDLE, data=GB * 30, days=30), GB, Fit(Tri.YES, 30, GB * 30)),
        (Product(Activity.BUNDLE, data=GB * 10), GB, Fit(Tri.UNKNOWN, 10)),
        (Product(Activity.BUNDLE, data=GB * 10, days=30), None, Fit(Tri.UNKNOWN)),
        (Product(Activity.BUNDLE, days=30), GB, Fit(Tri.UNKNOWN, None, GB * 30)),
        (Product(Activity.BUNDLE, unlimited=True, days=30), None, Fit(Tri.YES)),
        (Product(Activity.BUNDLE, data=GB, days=30), DataVolume(0), Fit(Tri.YES, None, DataVolume(0))),
    ],
)
def test_the_product_is_held_against_what_the_card_uses(product: Product, per_day: DataVolume | None, expected: Fit) -> None:
    assert fit(product, per_day) == expected


def test_the_promise_is_what_the_rule_expects() -> None:
    """ValueGB: 365 days, the first of them today. Ultra: a reload moves no date. giffgaff prints none. A plan moves no balance."""
    assert promised("value_gb", top_up("50", "HKD"), until(date(2026, 3, 4))) == Promise(
        Money.of(50, "HKD"), date(2027, 1, 31), Tri.YES, Tri.YES
    )
    assert promised("value_gb", top_up("20", "HKD"), until(date(2026, 3, 4))) == Promise(Money.of(20, "HKD"), None, Tri.YES, Tri.NO)
    fee = CardEvent(EventKind.READING, NOW, balance=Money.of(4, "USD"), valid_until=date(2026, 2, 10))
    assert promised("ultra_mobile", top_up("5", "USD"), fee) == Promise(Money.of(5, "USD"), None, Tri.YES, Tri.NO)
    assert promised("giffgaff", top_up("10", "GBP")).moves_date is Tri.NO
    assert promised("nomad", Product(Activity.BUNDLE, days=30)) == Promise(None, None, Tri.NO, Tri.UNKNOWN)


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(tmp_path), "SIMKEEPER_DATABASE_URL": database_url}))
    yield house
    house.close()


def test_choosing_a_product_fills_in_the_promise_that_proves_it(opened: House) -> None:
    own = RenewalDesk(opened, "local", lambda: NOW)
    CardDesk(opened, "local").add(Card("c1", "Home", CardKind.SIM, operator="value_gb", country="HK"))
    validity = (Validity(ValidityKind.NUMBER, date(2026, 3, 4)),)
    ReadingDesk(opened, "local").record(Reading("c1", Source.TYPED, NOW, money=(MoneyBalance(Money.of(12, "HKD")),), validity=validity))
    renewal = own.start(
        Begun(CardKind.SIM, Channel.WEBSITE, operator="value_gb", card_id="c1"), Figures(Money.of(12, "HKD"), date(2026, 3, 4))
    )
    product = top_up("50", "HKD")
    effect = next(item for item in own.effects(own.walk(renewal), product) if item.rule.id == "validity")
    assert (effect.last_day_before, effect.last_day_after, effect.days_lost_today) == (date(2026, 3, 3), date(2027, 1, 31), 30)
    own.choose(renewal, product)
    run = own.walk(renewal).run
    assert (run.product, run.promise) == (product, Promise(Money.of(50, "HKD"), date(2027, 1, 31), Tri.YES, Tri.YES))
    own.switch(renewal, Channel.APP)
    assert own.walk(renewal).run.product == product
    for status in (RenewalStatus.PAYING, RenewalStatus.SENT):
        own.set_status(renewal, status)
    assert own.saw_after(renewal, Figures(Money.of(62, "HKD"), date(2027, 2, 1))).confirmed
    own.abandon(renewal, "")
    with pytest.raises(NotNow):
        own.choose(renewal, product)


def test_without_a_card_what_was_seen_before_is_all_that_counts(opened: House) -> None:
    own = RenewalDesk(opened, "local", lambda: NOW)
    seen = Figures(None, date(2026, 3, 4))
    renewal = own.start(Begun(CardKind.SIM, Channel.HOTLINE, Situation.ABROAD, "value_gb"), seen)
    (effect,) = own.effects(own.walk(renewal), top_up("50", "HKD"))
    assert (effect.last_day_before, effect.last_day_after) == (date(2026, 3, 3), date(2027, 1, 31))
    unknown = own.start(Begun(CardKind.POCKET_WIFI, Channel.HOTLINE, operator_name="Isle Tel"))
    walk = own.walk(unknown)
    rule = own.rule(walk)
    assert rule is not None
    assert rule.generic
    assert all(effect.last_day_before is None for effect in own.effects(walk, Product(Activity.BUNDLE, days=30)))
    own.choose(unknown, Product(Activity.BUNDLE, "30 days", Money.of(20, "USD"), GB * 10, days=30))
    assert own.walk(unknown).run.product is not None


def test_a_product_can_be_taken_back(opened: House) -> None:
    own = RenewalDesk(opened, "local", lambda: datetime(2026, 2, 1, tzinfo=UTC))
    renewal = own.start(Begun(CardKind.SIM, Channel.APP, operator="cmhk"))
    own.choose(renewal, top_up("50", "HKD"))
    own.undo(renewal)
    own.undo(renewal)
    run = own.walk(renewal).run
    assert (run.product, run.promise) == (None, None)
