"""Renewing by itself: what is due is ordered once, within its limits, and everything else is written down."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.model.data_volume import DataUnit, DataVolume
from services.model.intent import Act, AutoMode, AutoRule, Reason, SpendingLimit
from services.model.money import Money
from services.model.renewal import RenewalStatus
from services.providers.sandbox.faults import Fault
from services.providers.sandbox.state import Window
from services.use.auto_renew import AutoRenewDesk
from services.use.renewals import RenewalDesk
from tests.unit.orders.till import CARD, OpenTill, Till, account_in, cheapest, open_shop_house

S = RenewalStatus


def due_rule(at: Till, **more: object) -> AutoRule:
    """A rule that is due for the card as the emulator shows it."""
    product = cheapest(at.desk.offer(CARD))
    assert product.price is not None
    rule = AutoRule(AutoMode.ON, product.product_id, product.name, product.price, days_left=365)
    days = at.auto.dry_run(CARD, rule).days_left  # such that it is due now, and not after a week more
    return replace(rule, **{"days_left": days, **more})  # type: ignore[arg-type]


def test_a_dry_run_decides_writes_down_and_orders_nothing(till: OpenTill) -> None:
    at = till()
    rule = due_rule(at, mode=AutoMode.DRY_RUN)
    assert at.auto.run() == [], "off until somebody sets it"
    at.auto.set_rule(CARD, rule)
    (decision,) = at.auto.run()
    assert (decision.act, decision.reason, decision.price) == (Act.ORDER, Reason.DAYS_LEFT, rule.at_most)
    assert (at.sold, at.desk.store.all()) == (0, [])
    at.auto.run()
    assert at.auto.decided(CARD, 9) == [decision], "the same decision once a day"
    idle = at.auto.dry_run(CARD, replace(rule, days_left=3))
    assert (idle.act, idle.reason) == (Act.NOTHING, Reason.ENOUGH)
    assert idle.days_left is not None
    assert idle.days_left > 3


def test_what_is_due_once_is_ordered_once_by_however_many_workers(till: OpenTill, tmp_path: Path) -> None:
    at = till()
    account_in(at.sandbox).limit = Window(
        1000, 1
    )  # each process counts the calls of its own, and a second order is not tried before tomorrow
    at.auto.set_rule(CARD, due_rule(at))
    replica = open_shop_house(tmp_path, at.house.configuration.urls["esimaccess"], "esimaccess", at.house.configuration.database_url)
    workers = [AutoRenewDesk(house, "local") for house in (at.house, replica) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replica.close()
    assert at.sold == 1
    (kept,) = at.desk.store.all()
    assert kept.intent.period is not None
    walk = RenewalDesk(at.house, "local").walks()[0]
    assert walk.run.status is S.CONFIRMED, "the emulator shows it at once"
    for _ in range(3):
        at.ahead += timedelta(hours=7)
        assert [decision.act for decision in at.auto.run()] == [Act.NOTHING]
    ordered = [decision for decision in at.auto.decided(CARD, 99) if decision.intent_id]
    assert [decision.intent_id for decision in ordered] == [kept.intent.intent_id]
    assert at.sold == len(at.desk.store.all()) == 1, "never two for one period"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"at_most": Money.of("0.01", "USD")}, Reason.PRICE_TOO_HIGH),
        ({"at_most": Money.of(500, "EUR")}, Reason.PRICE_TOO_HIGH),
        ({"product_id": "gone"}, Reason.PRODUCT_GONE),
        ({"days_left": 0}, Reason.ENOUGH),
        ({"days_left": None, "data_left": DataVolume.of(1, DataUnit.KB)}, Reason.ENOUGH),
    ],
)
def test_a_rule_keeps_to_its_limits_and_says_so(till: OpenTill, change: dict[str, object], reason: Reason) -> None:
    at = till()
    at.auto.set_rule(CARD, due_rule(at, **change))
    (decision,) = at.auto.run()
    assert (decision.act, decision.reason) == (Act.NOTHING, reason)
    assert at.sold == 0
    assert at.auto.decided(CARD, 1) == [decision]


def test_a_rule_keeps_to_the_spending_limits_and_orders_nothing_blindly(till: OpenTill) -> None:
    at = till()
    at.auto.set_rule(CARD, due_rule(at))
    at.desk.set_limit(SpendingLimit(Money.of("0.50", "USD"), Money.of(60, "USD")))
    assert at.auto.run()[0].reason is Reason.LIMIT_ORDER
    at.sandbox.faults.append(Fault("html"))
    assert at.auto.run()[0].reason is Reason.LOOK_UP_FAILED
    assert at.sold == 0
