"""What the answers say, on questions whose answer a person can work out."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context

import pytest

from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import Caution, Lost, OwnedCard, Person, Sharing, Source, Status, TopUp, TripProblem
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Plan, StartRule
from services.model.tri import Tri
from services.model.trip import Leg, Needs, Trip
from services.rules.trips import Catalogue, Limits, MissingRate, solve

FIRST = date(2026, 5, 1)


def gb(amount: str | int) -> DataVolume:
    return DataVolume.of(amount, DataUnit.GB)


def plan(name: str, price: str, countries: str, data: DataVolume | None = None, days: int | None = 30, **more: object) -> Plan:
    allowance = more.pop("allowance", None) or Allowance(AllowanceKind.TOTAL, data)
    values: dict[str, object] = {
        "hotspot": Tri.YES,
        "id_check": Tri.NO,
        "new_users_only": Tri.NO,
        "start_rule": StartRule.FIRST_CONNECTION,
        "seller": name,
        **more,
    }
    return Plan(
        source="test",
        plan_id=name,
        name=name,
        allowance=allowance,
        validity_days=days,
        countries=frozenset(countries.split()),
        price=Money.of(price, "USD"),
        fetched_at=datetime(2026, 4, 1, tzinfo=UTC),
        **values,  # type: ignore[arg-type]
    )


def leg(country: str, first: int, last: int, need: DataVolume | None = None) -> Leg:
    return Leg(country, FIRST + timedelta(first - 1), FIRST + timedelta(last - 1), need)


def trip(*legs: Leg, need: str | int = 1, needs: Needs | None = None) -> Trip:
    return Trip(legs, gb(need), needs or Needs())


def names(answer: object) -> list[str]:
    return sorted(purchase.key[1] for purchase in answer.purchases)  # type: ignore[attr-defined]


def ask(problem: TripProblem, *plans: Plan):  # type: ignore[no-untyped-def]
    return solve(problem, Catalogue.of(plans, "USD"))


def test_two_local_plans_beat_a_regional_one_only_while_the_fee_is_low() -> None:
    plans = plan("de", "4", "DE", gb(5)), plan("at", "4", "AT", gb(5)), plan("both", "9.50", "DE AT", gb(10))
    legs = leg("DE", 1, 5), leg("AT", 6, 10)
    low = ask(TripProblem(trip(*legs)), *plans)
    assert names(low.cheapest) == ["at", "de"]
    assert low.cheapest.cost_micro == 10_000_000
    assert low.cheapest.status is Status.PROVED
    assert names(low.one_plan) == ["both"]
    assert [names(point) for point in low.front[:2]] == [["both"], ["at", "de"]]
    assert names(ask(TripProblem(trip(*legs), fee_micro=3_000_000), *plans).cheapest) == ["both"]


def test_on_a_border_day_the_need_must_be_there_in_both_countries() -> None:
    local = plan("de", "3", "DE", gb(3)), plan("at", "3", "AT", gb(3))
    both = plan("both", "9", "DE AT", gb(5))
    legs = leg("DE", 1, 3), leg("AT", 3, 5)
    assert names(ask(TripProblem(trip(*legs)), *local, both).cheapest) == ["at", "de"]
    # 2 GB are not enough where the third day may be spent on either side
    short = plan("de", "3", "DE", gb(2)), plan("at", "3", "AT", gb(3))
    assert names(ask(TripProblem(trip(*legs)), *short, both).cheapest) == ["both"]
    # one plan for both countries keeps one reserve for the day, not two
    assert ask(TripProblem(trip(*legs)), both).cheapest.cost_micro == 10_000_000


def test_days_at_home_need_nothing_but_validity_runs_on() -> None:
    legs = leg("DE", 1, 2), leg("DE", 9, 10)
    week = plan("week", "2", "DE", gb(10), days=7)
    month = plan("month", "7", "DE", gb(4), days=10)
    found = ask(TripProblem(trip(*legs)), week, month)
    assert names(found.cheapest) == ["week", "week"]
    assert {day for one in found.cheapest.purchases for day, _ in one.use} == {FIRST + timedelta(day) for day in (0, 1, 8, 9)}
    assert names(found.front[0]) == ["month"]


def test_seven_days_are_seven_natural_days() -> None:
    week = plan("week", "5", "DE", gb(50), days=7)
    assert len(ask(TripProblem(trip(leg("DE", 1, 7))), week).cheapest.purchases) == 1
    assert len(ask(TripProblem(trip(leg("DE", 1, 8))), week).cheapest.purchases) == 2


def test_unknown_is_not_yes_unless_the_person_says_so() -> None:
    silent = plan("silent", "1", "DE", gb(9), hotspot=Tri.UNKNOWN)
    stated = plan("stated", "8", "DE", gb(9))
    never = plan("never", "0.5", "DE", gb(9), hotspot=Tri.NO)
    asked = trip(leg("DE", 1, 5), needs=Needs(hotspot=True))
    strict = ask(TripProblem(asked), silent, stated, never)
    assert names(strict.cheapest) == ["stated"]
    loose = ask(TripProblem(asked, accept_unknown=Needs(hotspot=True)), silent, stated, never)
    assert names(loose.cheapest) == ["silent"]
    assert Caution.HOTSPOT_UNPUBLISHED in loose.cheapest.purchases[0].cautions
    missing = {miss.key[1]: miss.reason for miss in strict.near_misses}
    assert missing in ({"silent": Lost.HOTSPOT_UNKNOWN}, {"never": Lost.HOTSPOT_NO})


def test_a_first_order_price_holds_once_per_person_and_seller() -> None:
    promo = plan("small", "6", "DE", gb(5), promo_price=Money.of(1, "USD"), seller="s")
    other = plan("other", "6", "DE", gb(5), promo_price=Money.of(1, "USD"), seller="s")
    need = trip(leg("DE", 1, 10))
    found = ask(TripProblem(need), promo, other).cheapest
    assert found.cost_micro == (1 + 6 + 2) * 1_000_000
    assert sorted(one.once for one in found.purchases) == [False, True]
    two = TripProblem(need, people=(Person("a"), Person("b")))
    assert ask(two, promo, other).cheapest.cost_micro == 2 * 9_000_000
    assert ask(TripProblem(need, first_order_prices=False), promo, other).cheapest.cost_micro == 14_000_000
    # two devices of one person have one first order between them
    devices = TripProblem(trip(leg("DE", 1, 5)), people=(Person("a", 2),), sharing=Sharing.NONE)
    answer = ask(devices, promo, other).cheapest
    assert answer.cost_micro == 9_000_000
    assert answer.status is Status.PROVED


def test_sharing_needs_a_hotspot_and_adds_up() -> None:
    quiet = plan("quiet", "2", "DE", gb(20), hotspot=Tri.NO)
    open_plan = plan("open", "5", "DE", gb(20))
    pair = (Person("a"), Person("b"))
    together = ask(TripProblem(trip(leg("DE", 1, 10)), people=pair, sharing=Sharing.ALL), quiet, open_plan).cheapest
    assert names(together) == ["open"]
    assert sum(amount for _, amount in together.purchases[0].use) == gb(20).bytes
    apart = ask(TripProblem(trip(leg("DE", 1, 10)), people=pair), quiet, open_plan).cheapest
    assert names(apart) == ["quiet", "quiet"]
    assert {one.carrier for one in apart.purchases} == {0, 1}


def test_owned_cards_and_top_ups_compete_without_price_and_without_fee() -> None:
    card = OwnedCard("c", Allowance(AllowanceKind.TOTAL, gb(4)), frozenset({"DE"}), last_day=FIRST + timedelta(4), hotspot=Tri.YES)
    top = TopUp("t", "c", Allowance(AllowanceKind.TOTAL, gb(3)), 7, 4_500_000, frozenset({"DE"}), datetime(2026, 4, 1, tzinfo=UTC))
    new = plan("new", "4", "DE", gb(8))
    question = TripProblem(trip(leg("DE", 1, 7)), owned=(card,), top_ups=(top,))
    found = ask(question, new)
    assert [(one.source, one.key[1]) for one in found.cheapest.purchases] == [(Source.OWNED, "c"), (Source.TOP_UP, "t")]
    assert (found.cheapest.cost_micro, found.cheapest.installs) == (4_500_000, 0)
    assert found.owned_only == found.cheapest
    alone = ask(TripProblem(trip(leg("DE", 1, 7)), owned=(card,)), new)
    # a card that the plan can do without is not asked for
    assert (names(alone.cheapest), alone.cheapest.cost_micro) == (["new"], 5_000_000)
    smaller = plan("smaller", "3", "DE", gb(3))
    assert names(ask(TripProblem(trip(leg("DE", 1, 7)), owned=(card,)), new, smaller).cheapest) == ["c", "smaller"]
    assert alone.owned_only.status is Status.IMPOSSIBLE
    # a card whose days are over before the trip is no offer
    over = OwnedCard("c", Allowance(AllowanceKind.TOTAL, gb(40)), frozenset({"DE"}), last_day=FIRST - timedelta(1))
    assert names(ask(TripProblem(trip(leg("DE", 1, 7)), owned=(over,)), new).cheapest) == ["new"]


def test_what_costs_the_same_to_the_smallest_coin_is_answered_with_the_fewest_installs() -> None:
    halves = plan("de", "4", "DE", gb(5)), plan("at", "4", "AT", gb(5))
    legs = leg("DE", 1, 5), leg("AT", 6, 10)
    for above, wanted in (("0", ["whole"]), ("0.009999", ["whole"]), ("0.01", ["at", "de"])):
        found = ask(TripProblem(trip(*legs)), *halves, plan("whole", str(9 + Decimal(above)), "DE AT", gb(10)))
        assert names(found.cheapest) == wanted
        assert found.cheapest.status is Status.PROVED
        assert found.front[-1].cost_micro == 10_000_000
    # a yen is the smallest coin where one plan costs ten yen in all
    yen = Catalogue.of(
        [replace(one, price=Money(one.price.amount, "JPY")) for one in (*halves, plan("whole", "9.9", "DE AT", gb(10)))], "JPY"
    )
    assert names(solve(TripProblem(trip(*legs)), yen).cheapest) == ["whole"]
    # the coin is one for all travellers: both could do with one plan, but only for one of them is that within it
    pair = TripProblem(trip(*legs), people=(Person("a"), Person("b")))
    both = ask(pair, *halves, plan("whole", "9.006", "DE AT", gb(10))).cheapest
    assert (names(both), both.cost_micro) == (["at", "de", "whole"], 20_006_000)


def test_of_what_is_owned_as_little_as_needed_is_used() -> None:
    def card(key: str, left: int) -> OwnedCard:
        return OwnedCard(key, Allowance(AllowanceKind.TOTAL, gb(left)), frozenset({"DE"}), last_day=FIRST + timedelta(30))

    three = plan("three", "3", "DE", gb(3))
    found = ask(TripProblem(trip(leg("DE", 1, 7)), owned=(card("large", 4), card("a", 2), card("b", 2))), three)
    assert (names(found.cheapest), found.cheapest.cost_micro) == (["a", "b", "large"], 0)
    found = ask(TripProblem(trip(leg("DE", 1, 11)), owned=(card("large", 4), card("a", 2), card("b", 2))), three)
    assert names(found.cheapest) == ["a", "b", "large", "three"]
    found = ask(TripProblem(trip(leg("DE", 1, 4)), owned=(card("large", 4), card("a", 2), card("b", 2))), three)
    assert names(found.cheapest) == ["large"]
    # a top-up that costs as much as the one plan, and spares the install
    top = TopUp("t", "a", Allowance(AllowanceKind.TOTAL, gb(9)), 30, 4_000_000, frozenset({"DE"}), datetime(2026, 4, 1, tzinfo=UTC))
    tied = TripProblem(trip(leg("DE", 1, 5)), owned=(card("a", 2),), top_ups=(top,))
    assert (names(ask(tied, three).cheapest), ask(tied, three).cheapest.installs) == (["t"], 0)


def test_a_country_without_a_plan_is_named_with_what_would_help() -> None:
    found = ask(
        TripProblem(trip(leg("DE", 1, 3), leg("XK", 4, 6), needs=Needs(hotspot=True))),
        plan("de", "3", "DE", gb(9)),
        plan("silent", "3", "DE XK", gb(9), hotspot=Tri.UNKNOWN),
    )
    assert found.cheapest.status is Status.IMPOSSIBLE
    (gap,) = found.uncovered
    assert (gap.country, gap.first_day, gap.turned_down) == ("XK", FIRST + timedelta(3), ((Lost.HOTSPOT_UNKNOWN, 1),))


def test_too_few_installs_says_how_many_are_needed() -> None:
    plans = [plan(name, "2", name, gb(9)) for name in ("DE", "AT", "CZ")]
    found = ask(TripProblem(trip(leg("DE", 1, 3), leg("AT", 4, 6), leg("CZ", 7, 9)), max_installs=2), *plans)
    assert found.cheapest.status is Status.IMPOSSIBLE
    assert found.installs_needed == 3


def test_unlimited_without_published_fair_use_is_flagged_and_can_be_refused() -> None:
    endless = plan("endless", "3", "DE", allowance=Allowance(AllowanceKind.UNLIMITED))
    fair = plan("fair", "9", "DE", allowance=Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=gb(2), speed_after_kbps=512))
    found = ask(TripProblem(trip(leg("DE", 1, 9), need=2)), endless, fair)
    assert names(found.cheapest) == ["endless"]
    assert Caution.FAIR_USE_UNPUBLISHED in found.cheapest.purchases[0].cautions
    refused = ask(TripProblem(trip(leg("DE", 1, 9), need=2), accept_unpublished_fair_use=False), endless, fair)
    assert names(refused.cheapest) == ["fair"]
    assert Caution.SLOW_AFTER_CAP in refused.cheapest.purchases[0].cautions
    # published fair use is all that counts as data
    assert ask(TripProblem(trip(leg("DE", 1, 9), need=3), max_installs=1), fair).cheapest.status is Status.IMPOSSIBLE


def test_robustness_names_the_day_and_what_it_then_costs() -> None:
    found = ask(TripProblem(trip(leg("DE", 1, 10))), plan("ten", "8", "DE", gb(10)), plan("three", "2", "DE", gb(3)))
    assert found.robustness.lasts is False
    assert found.robustness.first_day_short == FIRST + timedelta(7)
    assert found.robustness.extra_micro == 3_000_000
    calm = ask(TripProblem(trip(leg("DE", 1, 10))), plan("twenty", "8", "DE", gb(20)))
    assert calm.robustness.lasts


def test_the_plan_that_nearly_won() -> None:
    found = ask(TripProblem(trip(leg("DE", 1, 10))), plan("won", "8", "DE", gb(10)), plan("second", "8.25", "DE", gb(12)))
    (near,) = found.near_misses
    assert (near.key[1], near.instead_of[1], near.reason, near.difference_micro) == ("second", "won", Lost.DEARER, 250_000)


def test_left_out_plans_and_unknown_validity_take_no_part() -> None:
    plans = plan("out", "1", "DE", gb(20)), plan("no days", "1", "DE", gb(20), days=None), plan("in", "5", "DE", gb(20))
    found = ask(TripProblem(trip(leg("DE", 1, 10)), left_out=frozenset({("test", "out")})), *plans)
    assert names(found.cheapest) == ["in"]
    assert (found.offered, found.considered) == (3, 1)
    assert found.prices_from == found.prices_to == datetime(2026, 4, 1, tzinfo=UTC)


def test_start_rules_are_cautions() -> None:
    for rule, caution in (
        (StartRule.INSTALL, Caution.STARTS_AT_INSTALL),
        (StartRule.PURCHASE, Caution.STARTS_AT_PURCHASE),
        (StartRule.UNKNOWN, Caution.START_UNPUBLISHED),
    ):
        found = ask(TripProblem(trip(leg("DE", 1, 3))), plan("p", "1", "DE", gb(9), start_rule=rule))
        assert caution in found.cheapest.purchases[0].cautions
    calm = ask(TripProblem(trip(leg("DE", 1, 3))), plan("p", "1", "DE", gb(9)))
    assert not {caution for caution in calm.cheapest.purchases[0].cautions if caution.value.startswith("start")}


def test_currencies_are_converted_exactly_and_never_without_a_rate() -> None:
    euro = Plan(**{**{f: getattr(plan("e", "1", "DE", gb(9)), f) for f in Plan.__slots__}, "price": Money.of("3.33", "EUR")})
    assert Catalogue.of([euro], "USD", {"EUR": Decimal("1.0837")}).price.tolist() == [3_608_721]
    with pytest.raises(MissingRate):
        Catalogue.of([euro], "USD")


def test_an_expired_limit_gives_no_false_proof() -> None:
    plans = [plan(f"p{n}", str(3 + n / 7)[:6], "DE", gb(8 + n % 5), days=9 + n % 4) for n in range(30)]
    found = solve(TripProblem(trip(leg("DE", 1, 40))), Catalogue.of(plans, "USD"), Limits(seconds=0.0))
    assert found.cheapest.status is Status.UNDECIDED
    known = solve(
        TripProblem(trip(leg("DE", 1, 40))), Catalogue.of([*plans, plan("all", "90", "DE", gb(99), 90)], "USD"), Limits(seconds=0.0)
    )
    assert known.cheapest.status is Status.BEST_FOUND
    assert names(known.cheapest) == ["all"]
    assert known.cheapest.gap is not None
    assert known.cheapest.gap > 0


def test_cancelling_stops_the_search() -> None:
    plans = [plan(f"p{n}", str(3 + n / 7)[:6], "DE", gb(8 + n % 5), days=9 + n % 4) for n in range(30)]
    asked = TripProblem(trip(leg("DE", 1, 40)))
    assert solve(asked, Catalogue.of(plans, "USD"), cancelled=lambda: True).cheapest.status is Status.UNDECIDED
    assert solve(asked, Catalogue.of(plans, "USD"), cancelled=lambda: False).cheapest.status is Status.PROVED


def test_question_and_answers_travel_to_another_process() -> None:
    problem, catalogue = TripProblem(trip(leg("DE", 1, 5))), Catalogue.of([plan("p", "1", "DE", gb(9))], "USD")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(solve, problem, catalogue, Limits()).result(timeout=60)
    assert there.cheapest == solve(problem, catalogue).cheapest
    assert pickle.loads(pickle.dumps(there)).cheapest == there.cheapest


def test_needs_of_a_day() -> None:
    asked = trip(leg("DE", 1, 3), leg("AT", 3, 5, gb(2)), leg("DE", 3, 4, gb(3)))
    assert asked.need_on(FIRST) == {"DE": gb(1)}
    assert asked.need_on(FIRST + timedelta(2)) == {"DE": gb(3), "AT": gb(2)}
    assert asked.need_on(FIRST + timedelta(9)) == {}
