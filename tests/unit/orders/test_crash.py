"""The process is killed in the middle of buying: never two orders for one intent, never a lost one. ``bench.orders`` does it 200 times."""

import random
from pathlib import Path

from services.model.intent import IntentStatus
from tests.unit.orders.kills import AFTER, BEFORE, buyers


def test_killed_at_any_point_of_buying_nothing_is_bought_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    dice = random.Random(7)
    with buyers(tmp_path) as shop:
        whole = shop.buy("never")
        assert (whole.was, whole.became, whole.sold, whole.died) == (IntentStatus.CONFIRMED, IntentStatus.CONFIRMED, 1, False)
        done = shop.buy(AFTER)
        assert (done.was, done.became, done.sold, done.died) == (IntentStatus.SENDING, IntentStatus.CONFIRMED, 1, True), "found again"
        arrived = shop.buy(BEFORE)
        assert arrived.died
        assert arrived.was is IntentStatus.SENDING
        found = [done, arrived, *(shop.buy(dice.uniform(0.05, 1.2)) for _ in range(4))]
    assert [one.wrong for one in found if one.wrong] == []
