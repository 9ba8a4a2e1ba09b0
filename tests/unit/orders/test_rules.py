"""The rules of an order without a provider: its life, its limits, what it may cost, what a rule that orders by itself does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.intent import Act, AutoMode, AutoRule, Intent, IntentStatus, KeptIntent, Reason, SpendingLimit
from services.model.money import Money
from services.model.order import AccountBalance, TopUpProduct
from services.model.plan import Allowance, AllowanceKind
from services.model.renewal import Figures, Promise
from services.model.tri import Tri
from services.rules.orders.auto import Known, decide
from services.rules.orders.limits import No, OrderNotTaken, check_card, check_price, check_wallet, room
from services.rules.orders.machine import NEXT, OPEN, is_dead, is_stale, may_close, may_follow, to_look_up
from services.rules.orders.products import Fit, Gives, Need, fit, gives, promise_of
from services.rules.renewals.proof import prove

I = IntentStatus  # noqa: E741
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GB = DataUnit.GB


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def gb(amount: int) -> DataVolume:
    return DataVolume.of(amount, GB)


PRODUCT = TopUpProduct("p1", "1 GB, 7 days", usd("4.50"), Allowance(AllowanceKind.TOTAL, gb(1)), 7, extends=Tri.YES)


def kept(status: IntentStatus, name: str = "a", **more: object) -> KeptIntent:
    price = more.pop("price", usd("4.50"))
    made_at = more.pop("made_at", NOW - timedelta(hours=2))
    about = {key: more.pop(key) for key in ("renewal_id", "due_then", "invented", "product", "period") if key in more}
    intent = Intent(name, f"ref-{name}", "card", "esimaccess", "26", PRODUCT, price, made_at, False, "purse")  # type: ignore[arg-type]
    return KeptIntent(replace(intent, **about), status, **more)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------------- its life


@given(st.lists(st.sampled_from(list(IntentStatus)), max_size=30))
def test_whatever_is_said_in_whatever_order_it_is_sent_once_and_an_answer_is_never_forgotten(said: list[IntentStatus]) -> None:
    status, history = I.READY, [I.READY]
    for after in said:
        if may_follow(status, after):
            status = after
            history.append(after)
    assert history.count(I.SENDING) <= 1, "no way leads back to the till"
    placed = [at for at, one in enumerate(history) if one in (I.PENDING, I.CONFIRMED, I.FAILED, I.REFUNDED)]
    if placed:
        assert I.SENDING in history[: placed[0]]
        assert not {I.READY, I.SENDING, I.UNKNOWN, I.REFUSED, I.WITHDRAWN, I.CLOSED} & set(history[placed[0] :])
    if I.WITHDRAWN in history:
        assert I.SENDING not in history, "only what was never sent is withdrawn"


def test_every_status_has_its_place() -> None:
    assert set(NEXT) == set(IntentStatus)
    assert {status for status in IntentStatus if not NEXT[status]} == {I.REFUNDED, I.REFUSED, I.WITHDRAWN}
    assert all(I.READY not in after for after in NEXT.values())


@pytest.mark.parametrize(
    ("one", "dead", "stale", "looked_up", "closable"),
    [
        (kept(I.READY, made_at=NOW - timedelta(minutes=9)), False, False, False, False),
        (kept(I.READY, made_at=NOW - timedelta(minutes=10)), False, True, False, False),
        (kept(I.SENDING, claimed_at=NOW - timedelta(minutes=4)), False, False, False, False),
        (kept(I.SENDING, claimed_at=NOW - timedelta(minutes=5)), True, False, False, False),
        (kept(I.UNKNOWN, claimed_at=NOW - timedelta(hours=1)), False, False, True, False),
        (kept(I.UNKNOWN, claimed_at=NOW - timedelta(hours=1), looks=1, looked_at=NOW), False, False, True, False),
        (kept(I.UNKNOWN, claimed_at=NOW - timedelta(hours=1), looks=2, looked_at=NOW), False, False, True, True),
        (kept(I.UNKNOWN, claimed_at=NOW - timedelta(minutes=14), looks=9, looked_at=NOW), False, False, True, False),
        (kept(I.UNKNOWN, claimed_at=NOW, looks=1, looked_at=NOW, invented=True), False, False, True, True),
        (kept(I.PENDING, looks=9, looked_at=NOW), False, False, True, False),
        (kept(I.CONFIRMED), False, False, False, False),
        (kept(I.CLOSED, made_at=NOW - timedelta(hours=47)), False, False, True, False),
        (kept(I.CLOSED, made_at=NOW - timedelta(hours=49)), False, False, False, False),
    ],
)
def test_who_is_dead_stale_looked_up_or_closed(one: KeptIntent, dead: bool, stale: bool, looked_up: bool, closable: bool) -> None:
    assert (is_dead(one, NOW), is_stale(one, NOW), to_look_up(one, NOW), may_close(one, NOW)) == (dead, stale, looked_up, closable)


# ------------------------------------------------------------------------------------------------------------------- limits


def test_what_may_have_been_paid_counts_as_paid() -> None:
    listed = [kept(status, status.value, price=usd("1")) for status in IntentStatus]
    there = room(listed, "USD", {}, NOW, invented=False)
    assert there.spent == usd("5"), "ready, sending, unknown, pending, confirmed"
    assert room(listed, "USD", {}, NOW, invented=True).spent == usd("0"), "the sandbox has a limit of its own"
    assert room(listed, "EUR", {}, NOW, invented=False).spent == Money.of(0, "EUR")


def test_what_was_charged_counts_and_last_month_does_not() -> None:
    last = kept(I.CONFIRMED, made_at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    dearer = kept(I.CONFIRMED, "b", charged=usd("5.25"))
    assert room([last, dearer], "USD", {}, NOW, invented=False).spent == usd("5.25")


@pytest.mark.parametrize(
    ("price", "spent", "because"),
    [
        (usd("20"), usd("40"), None),
        (usd("20.01"), usd("0"), No.LIMIT_ORDER),
        (usd("20"), usd("40.01"), No.LIMIT_MONTH),
        (None, usd("0"), No.NO_PRICE),
        (usd("0"), usd("0"), No.NO_PRICE),
    ],
)
def test_the_limits_hold_to_the_cent(price: Money | None, spent: Money, because: No | None) -> None:
    there = room([kept(I.CONFIRMED, price=spent)] if spent.minor else [], "USD", {}, NOW, invented=False)
    if because is None:
        assert check_price(price, there) == price
    else:
        with pytest.raises(OrderNotTaken) as caught:
            check_price(price, there)
        assert caught.value.because is because


def test_without_a_limit_nothing_is_ordered_and_an_own_one_wins() -> None:
    with pytest.raises(OrderNotTaken) as caught:
        check_price(Money.of(1, "THB"), room([], "THB", {}, NOW, invented=False))
    assert caught.value.because is No.NO_LIMIT
    own = {"THB": SpendingLimit(Money.of(100, "THB"), Money.of(100, "THB"))}
    assert check_price(Money.of(100, "THB"), room([], "THB", own, NOW, invented=False))
    with pytest.raises(ValueError, match="one currency"):
        SpendingLimit(Money.of(1, "THB"), usd("1"))


def test_a_purse_that_is_known_to_be_too_small_stops_an_order_one_that_is_not_known_does_not() -> None:
    check_wallet(usd("5"), None)
    check_wallet(usd("5"), AccountBalance(None))
    check_wallet(usd("5"), AccountBalance(Money.of(1, "EUR")))
    check_wallet(usd("5"), AccountBalance(usd("5")))
    with pytest.raises(OrderNotTaken):
        check_wallet(usd("5"), AccountBalance(usd("4.99")))


@pytest.mark.parametrize("status", sorted(IntentStatus))
def test_a_card_takes_one_order_at_a_time(status: IntentStatus) -> None:
    orders = [kept(status)]
    if status in OPEN:
        with pytest.raises(OrderNotTaken) as caught:
            check_card(orders, "a", PRODUCT, None, NOW)
        assert caught.value.because is No.ORDER_OPEN
    elif status is I.CONFIRMED:
        with pytest.raises(OrderNotTaken) as caught:
            check_card(orders, None, PRODUCT, None, NOW)
        assert caught.value.because is No.MOVED_ON, "placed in another tab since this one was opened"
        check_card(orders, "a", PRODUCT, None, NOW)
    else:
        check_card(orders, None, PRODUCT, None, NOW)


def test_one_renewal_buys_once_and_the_same_thing_not_twice_in_a_breath() -> None:
    with pytest.raises(OrderNotTaken) as caught:
        check_card([kept(I.CONFIRMED, renewal_id="r")], "a", PRODUCT, "r", NOW)
    assert caught.value.because is No.RENEWAL_OVER
    soon = kept(I.CONFIRMED, made_at=NOW - timedelta(minutes=2))
    with pytest.raises(OrderNotTaken) as caught:
        check_card([soon], "a", PRODUCT, None, NOW)
    assert caught.value.because is No.TOO_SOON
    check_card([soon], "a", replace(PRODUCT, product_id="p2"), None, NOW)


# ------------------------------------------------------------------------------------------------------------------- products


@pytest.mark.parametrize(
    ("product", "need", "expected"),
    [
        (PRODUCT, Need(), Fit.NOT_KNOWN),
        (PRODUCT, Need(gb(0), DataVolume(gb(1).bytes // 7)), Fit.COVERS),
        (PRODUCT, Need(gb(0), gb(1)), Fit.SHORT),
        (PRODUCT, Need(gb(6), gb(1)), Fit.COVERS),
        (PRODUCT, Need(None, gb(1)), Fit.SHORT),
        (replace(PRODUCT, validity_days=None), Need(gb(6), gb(1)), Fit.NOT_KNOWN),
        (replace(PRODUCT, allowance=None), Need(gb(6), gb(1)), Fit.NOT_KNOWN),
        (replace(PRODUCT, allowance=Allowance(AllowanceKind.UNLIMITED)), Need(), Fit.UNLIMITED),
        (replace(PRODUCT, allowance=Allowance(AllowanceKind.PER_DAY, gb(1))), Need(None, gb(2)), Fit.SHORT),
        (replace(PRODUCT, allowance=Allowance(AllowanceKind.PER_DAY, gb(1))), Need(None, gb(1)), Fit.COVERS),
    ],
)
def test_a_product_is_held_against_what_is_left_and_used(product: TopUpProduct, need: Need, expected: Fit) -> None:
    assert fit(product, need) is expected


def test_money_service_and_codes_are_told_apart_and_promise_different_things() -> None:
    airtime = TopUpProduct("a", "Airtime", usd("6"), delivers=Money.of(5, "GBP"))
    code = replace(airtime, is_pin=Tri.YES)
    assert [gives(one) for one in (PRODUCT, airtime, code)] == [Gives.SERVICE, Gives.MONEY, Gives.CODE]
    before = Figures(until=date(2026, 12, 18), data=gb(1))
    assert promise_of(PRODUCT, before) == Promise(until=date(2026, 12, 24), adds_data=gb(1)), "seven days more, less one for zones"
    assert promise_of(replace(PRODUCT, extends=Tri.UNKNOWN), before) == Promise(adds_data=gb(1))
    assert promise_of(airtime, before).adds == Money.of(5, "GBP")
    assert promise_of(replace(PRODUCT, allowance=Allowance(AllowanceKind.UNLIMITED)), before).moves_balance is Tri.NO


def test_data_is_proved_by_what_is_left_with_room_for_what_was_used_meanwhile() -> None:
    before, promise = Figures(until=date(2026, 12, 18), data=gb(1)), Promise(until=date(2026, 12, 24), adds_data=gb(4))
    for left, said in ((5, Tri.YES), (4, Tri.YES), (3, Tri.UNKNOWN), (1, Tri.NO), (None, Tri.UNKNOWN)):
        after = Figures(until=date(2026, 12, 25), data=None if left is None else gb(left))
        assert prove(before, after, promise).balance is said, left


# ------------------------------------------------------------------------------------------------------------------- by itself

DUE = date(2026, 12, 2)
RULE = AutoRule(AutoMode.ON, "p1", "1 GB, 7 days", usd("5"), days_left=7)
DATA_RULE = AutoRule(AutoMode.ON, "p1", "1 GB, 7 days", usd("5"), data_left=gb(1))


def known(days: int | None, data: int | None = None, rose: datetime | None = None, *orders: KeptIntent) -> Known:
    due = None if days is None else NOW.date() + timedelta(days=days)
    return Known(NOW, due, None if data is None else gb(data), rose, orders)


LATELY = NOW - timedelta(days=2)


def paid(due_in: int | None = None, days_ago: int = 2) -> KeptIntent:
    """An order that went well, with the date the card had then."""
    due = None if due_in is None else NOW.date() + timedelta(days=due_in)
    return kept(I.CONFIRMED, made_at=NOW - timedelta(days=days_ago), due_then=due)


@pytest.mark.parametrize(
    ("rule", "seen", "act", "reason"),
    [
        (replace(RULE, mode=AutoMode.OFF), known(1), Act.NOTHING, Reason.OFF),
        (RULE, known(12), Act.NOTHING, Reason.ENOUGH),
        (RULE, known(8), Act.NOTHING, Reason.ENOUGH),
        (RULE, known(7), Act.ORDER, Reason.DAYS_LEFT),
        (replace(RULE, mode=AutoMode.DRY_RUN), known(7), Act.ORDER, Reason.DAYS_LEFT),
        (RULE, known(0), Act.ORDER, Reason.DAYS_LEFT),
        (RULE, known(-1), Act.NOTHING, Reason.PAST),
        (RULE, known(None), Act.NOTHING, Reason.NOT_KNOWN),
        (RULE, known(None, 0), Act.NOTHING, Reason.NOT_KNOWN),
        (DATA_RULE, known(20, 2), Act.NOTHING, Reason.ENOUGH),
        (DATA_RULE, known(20, 1), Act.ORDER, Reason.DATA_LEFT),
        (DATA_RULE, known(20, None), Act.NOTHING, Reason.NOT_KNOWN),
        (DATA_RULE, known(None, 0), Act.ORDER, Reason.DATA_LEFT),
        (replace(DATA_RULE, days_left=3), known(20, None), Act.NOTHING, Reason.ENOUGH),
        *((RULE, known(3, None, None, kept(status)), Act.NOTHING, Reason.ORDER_OPEN) for status in sorted(OPEN)),
        # ordered within this period already: the date has not moved, or by a day only
        (RULE, known(5, None, None, paid(5)), Act.NOTHING, Reason.AWAITING_EFFECT),
        (RULE, known(6, None, None, paid(5)), Act.NOTHING, Reason.AWAITING_EFFECT),
        (RULE, known(7, None, None, paid(4)), Act.ORDER, Reason.DAYS_LEFT),
        # bought long before this date came near: not for it
        (RULE, known(5, None, None, paid(5, 9)), Act.ORDER, Reason.DAYS_LEFT),
        (DATA_RULE, known(20, 0, None, paid()), Act.NOTHING, Reason.AWAITING_EFFECT),
        (DATA_RULE, known(20, 0, LATELY - timedelta(hours=1), paid()), Act.NOTHING, Reason.AWAITING_EFFECT),
        (DATA_RULE, known(20, 0, LATELY + timedelta(hours=1), paid()), Act.ORDER, Reason.DATA_LEFT),
        (RULE, known(3, None, None, kept(I.REFUSED, made_at=NOW - timedelta(hours=23))), Act.NOTHING, Reason.TRIED_TODAY),
        (RULE, known(3, None, None, kept(I.REFUSED, made_at=NOW - timedelta(hours=24))), Act.ORDER, Reason.DAYS_LEFT),
        # its date has moved, and is due again at once: the product is too short for the rule
        (RULE, known(7, None, None, kept(I.CONFIRMED, period="due", due_then=NOW.date())), Act.NOTHING, Reason.TRIED_TODAY),
    ],
)  # fmt: skip
def test_a_rule_orders_once_for_what_is_due_and_nothing_when_it_does_not_know(
    rule: AutoRule, seen: Known, act: Act, reason: Reason
) -> None:
    decision = decide("card", rule, seen)
    assert (decision.act, decision.reason) == (act, reason)
    assert (decision.period is not None) == (act is Act.ORDER)
    assert (decision.days_left, decision.data_left) == (seen.days_left, seen.data_left)


def test_a_rule_needs_something_to_go_by() -> None:
    with pytest.raises(ValueError, match="go by"):
        AutoRule(AutoMode.ON, "p1", "x", usd("5"))
    with pytest.raises(ValueError, match="makes sense"):
        AutoRule(AutoMode.ON, "p1", "x", usd("5"), days_left=-1)
