"""A wrong answer is an error: each rule of the verifier against an answer that breaks it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.model.itinerary import OwnedCard, TopUp, TripAnswer, TripProblem
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.trips import Catalogue, WrongAnswer, solve, verify
from tests.unit.trips.test_solve import FIRST, gb, leg, plan, trip

PLANS = (
    plan("small", "6", "DE", gb(5), days=8, promo_price=Money.of(1, "USD"), seller="s"),
    plan("silent", "1", "DE", gb(1), days=8, hotspot=Tri.UNKNOWN),
)
CARD = OwnedCard("c", Allowance(AllowanceKind.TOTAL, gb(2)), frozenset({"DE"}), last_day=FIRST + timedelta(3), hotspot=Tri.YES)
TOP = TopUp("t", "c", Allowance(AllowanceKind.PER_DAY, gb(1)), 2, 500_000, frozenset({"DE"}), datetime(2026, 4, 1, tzinfo=UTC))
PROBLEM = TripProblem(trip(leg("DE", 1, 12), needs=Needs(hotspot=True)), owned=(CARD,), top_ups=(TOP,), max_installs=2)
CATALOGUE = Catalogue.of(PLANS, "USD")


@pytest.fixture(scope="module")
def answer() -> TripAnswer:
    question = replace(PROBLEM, top_ups=(replace(TOP, price_micro=5_000_000),))
    return solve(question, CATALOGUE).cheapest


def change(answer: TripAnswer, which: str, **fields: object) -> TripAnswer:
    changed = tuple(replace(one, **fields) if one.key[1] == which else one for one in answer.purchases)  # type: ignore[arg-type]
    return replace(answer, purchases=changed, cost_micro=sum(one.price_micro + one.fee_micro for one in changed))


def test_the_answer_itself_holds(answer: TripAnswer) -> None:
    verify(replace(PROBLEM, top_ups=(replace(TOP, price_micro=5_000_000),)), CATALOGUE, answer)
    assert {one.key[1] for one in answer.purchases} == {"small", "c"}


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("the sum is not the cost", lambda a: replace(a, cost_micro=a.cost_micro - 1)),
        ("not enough data", lambda a: change(a, "c", use=())),
        ("not its price", lambda a: change(a, "small", price_micro=2_000_000)),
        ("a price that holds once, taken more often", lambda a: change(a, "small", price_micro=1_000_000)),
        ("not the fee of an install", lambda a: change(a, "small", fee_micro=0)),
        ("a fee without an install", lambda a: change(a, "c", fee_micro=1)),
        ("a card that is owned costs nothing", lambda a: change(a, "c", price_micro=1)),
        ("longer than its validity", lambda a: change(a, "small", first_day=FIRST - timedelta(9))),
        ("used outside its days", lambda a: change(a, "small", first_day=FIRST + timedelta(11), last_day=FIRST + timedelta(11))),
        ("after the card has ended", lambda a: change(a, "c", last_day=FIRST + timedelta(30))),
        ("more data than it has", lambda a: change(a, "small", use=((one_day(a, "small"), gb(6).bytes),))),
        ("more data than is left", lambda a: change(a, "c", use=((one_day(a, "c"), gb(3).bytes),))),
        ("a day counted twice", lambda a: change(a, "c", use=((one_day(a, "c"), 1), (one_day(a, "c"), 1)))),
        ("does not do what is needed", lambda a: change(a, "small", key=("test", "silent"), price_micro=1_000_000, use=())),
        ("no such plan", lambda a: change(a, "small", key=("test", "none"))),
        ("no such card", lambda a: change(a, "c", key=("owned", "none"))),
        ("a card used twice", lambda a: replace(a, purchases=(*a.purchases, *(one for one in a.purchases if one.key[1] == "c")))),
        ("too many installs", lambda a: many(a)),
    ],
)
def test_each_fault_is_named(answer: TripAnswer, fault: str, spoil: Callable[[TripAnswer], TripAnswer]) -> None:
    with pytest.raises(WrongAnswer) as raised:
        verify(PROBLEM, CATALOGUE, spoil(answer))
    assert raised.value.fault == fault


def one_day(answer: TripAnswer, which: str):  # type: ignore[no-untyped-def]
    return next(one.use[0][0] for one in answer.purchases if one.key[1] == which)


def many(answer: TripAnswer) -> TripAnswer:
    dear = next(one for one in answer.purchases if one.key[1] == "small" and not one.once)
    more = replace(answer, purchases=(*answer.purchases, dear))
    return replace(more, cost_micro=sum(one.price_micro + one.fee_micro for one in more.purchases))
