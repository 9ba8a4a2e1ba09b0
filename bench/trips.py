"""Planning trips: time, proofs, savings; on the real file when it is there and on 100,000 generated plans. ``python -m bench.trips``.

``--quick`` takes fewer trips, ``--seed N`` others, ``--oracle N`` compares N small questions with trying everything. Times are of one core:
processor time, which other work on the machine does not lengthen; the wall clock stands beside it. Each includes the whole front of 1 to 5
installs, reduction and verification. Aim: all proved, median 0.15 s, p95 0.6 s, worst 3 s.
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np

from bench.compare import REAL_FILE, real_plans
from bench.generated_plans import EUROPE, generated_plans
from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import Status, TripProblem
from services.model.trip import Leg, Needs, Trip
from services.rules.trips import Catalogue, Limits, solve
from services.rules.trips.demand import Demand, demand_of
from services.rules.trips.highs import Model
from services.rules.trips.items import new_items
from services.rules.trips.reduce import candidates, cheapest_of_equals, cheapest_single, refusals

RATES = {"EUR": Decimal("1.0873"), "GBP": Decimal("1.2651"), "JPY": Decimal("0.0064731"), "CNY": Decimal("0.13921")}
FIRST = date(2027, 3, 1)
NEEDS_MB = (100, 200, 300, 500, 700, 1000, 1500, 2000, 3000)
NAIVE_SECONDS = 25.0
LIMITS = Limits(seconds=20.0, robust_percent=None, near_misses=False)


@dataclass(frozen=True, slots=True)
class Timed:
    trip: Trip
    seconds: float
    wall: float
    proved: bool
    cost: int | None
    plans: int


def random_trip(dice: random.Random, countries: Sequence[str]) -> Trip:
    """1 to 6 legs, up to 60 days; a third of the borders are crossed within a day, some legs leave days at home or need more."""
    stays = dice.randint(1, 6)
    days = dice.randint(stays, 60)
    cuts = [0, *sorted(dice.sample(range(1, days), stays - 1)), days]
    legs: list[Leg] = []
    for number in range(stays):
        country = dice.choice([code for code in countries if not legs or code != legs[-1].country])
        begin, end = cuts[number], cuts[number + 1] - 1
        if number < stays - 1 and dice.random() < 0.33:
            end += 1
        elif end - begin > 3 and dice.random() < 0.2:
            begin += dice.randint(1, 2)
        need = DataVolume.of(dice.choice((300, 500, 1000, 2000)), DataUnit.MB) if dice.random() < 0.2 else None
        legs.append(Leg(country, FIRST + timedelta(begin), FIRST + timedelta(end), need))
    return Trip(tuple(legs), DataVolume.of(dice.choice(NEEDS_MB), DataUnit.MB), Needs(hotspot=dice.random() < 0.3))


def run(trips: Sequence[Trip], catalogue: Catalogue, fee: int = 1_000_000) -> list[Timed]:
    found = []
    for trip in trips:
        began, wall = time.process_time(), time.perf_counter()
        answers = solve(TripProblem(trip, fee_micro=fee), catalogue, LIMITS)
        seconds, waited = time.process_time() - began, time.perf_counter() - wall
        proved = all(answer.status in (Status.PROVED, Status.IMPOSSIBLE) for answer in answers.front)
        found.append(Timed(trip, seconds, waited, proved, answers.cheapest.cost_micro, answers.considered))
    return found


def spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    return f"median {statistics.median(ordered):.3f}  p95 {ordered[int(len(ordered) * 0.95)]:.3f}  worst {ordered[-1]:.3f}"


def report(label: str, found: Sequence[Timed]) -> None:
    proved = sum(one.proved for one in found) / len(found)
    print(f"{label}: {len(found)} trips, {proved:.1%} proved, {sum(one.cost is not None for one in found)} with an answer")
    print(f"  processor s  {spread([one.seconds for one in found])}")
    print(f"  wall s       {spread([one.wall for one in found])}")
    for name, key, edges in (
        ("days", lambda one: one.trip.days, (1, 10, 20, 30, 40, 50, 61)),
        ("countries", lambda one: len(one.trip.countries), (1, 2, 3, 4, 5, 6, 7)),
        ("plans", lambda one: one.plans, (0, 2000, 4000, 6000, 8000, 16_000, 200_000)),
    ):
        for low, high in pairwise(edges):
            times = [one.seconds for one in found if low <= key(one) < high]
            if times:
                print(f"    {name} {low}-{high - 1}: n {len(times):3d}  {spread(times)}  {'#' * round(statistics.median(times) * 200)}")


def naive(trip: Trip, catalogue: Catalogue, installs: int) -> tuple[float, float | None, bool]:
    """The time-indexed model over every eligible plan: one integer per plan and first day, one amount per plan and day. 25 s at most.

    Given as processor seconds, the cost found in dollars, and whether it was proved. Building the model is not counted. Offers that hold
    once are left out, so that costs compare with answers at regular prices.
    """
    problem = TripProblem(trip, first_order_prices=False)
    demand = demand_of(trip, 1)
    offers = candidates(catalogue, problem, demand, refusals(catalogue, problem, 1))
    offers = offers.take(offers.group < 0)
    items = new_items(offers, catalogue, demand, 1, installs)
    model, unit = Model(), 1_000_000
    slots = {(int(d), int(c)): model.row(int(demand.need[d, c]) / unit, np.inf) for d, c in np.argwhere(demand.need > 0)}
    count = model.row(-np.inf, installs)
    for item in items:
        reach = np.minimum(demand.reach(item.mask), item.per_day)
        total = model.row(-np.inf, 0)
        links = {}
        for day in np.flatnonzero(reach).tolist():
            links[day] = model.row(-np.inf, 0)
            use = model.column(0, 0, np.inf, integer=False)
            model.put(links[day], use, 1)
            model.put(total, use, 1)
            for country in range(len(demand.countries)):
                if item.mask >> country & 1 and (day, country) in slots:
                    model.put(slots[day, country], use, 1)
        for day in links:
            bought = model.column((item.price + problem.fee_micro) / 10_000, 0, installs, integer=True)
            model.put(count, bought, 1)
            model.put(total, bought, -item.total / unit)
            for later in range(day, day + item.windows[0][1] - item.windows[0][0] + 1):
                if later in links:
                    model.put(links[later], bought, -int(reach[later]) / unit)
    began = time.process_time()
    solved = model.solve(NAIVE_SECONDS)
    return time.process_time() - began, None if solved.values is None else solved.objective / 100, solved.optimal


def alone(trip: Trip, catalogue: Catalogue, fee: int) -> int | None:
    """The cheapest single plan, micro-units."""
    problem, demand = TripProblem(trip, fee_micro=fee), demand_of(trip, 1)
    offers = candidates(catalogue, problem, demand, refusals(catalogue, problem, 1))
    best = cheapest_single(offers, demand)
    return None if best is None else int(offers.price[best]) + fee


def per_country(trip: Trip, catalogue: Catalogue, fee: int) -> int | None:
    """The cheapest plan of each country for all the days there, micro-units."""
    problem, demand, cost = TripProblem(trip, fee_micro=fee), demand_of(trip, 1), 0
    refused = refusals(catalogue, problem, 1)
    ordered: list[int] = []
    for bit, country in enumerate(demand.countries):
        here = Demand(demand.first, (country,), demand.need[:, [bit]])
        offers = cheapest_of_equals(candidates(catalogue, problem, here, refused))
        offers = offers.take(~np.isin(offers.group, ordered))
        best = cheapest_single(offers, here)
        if best is None:
            return None
        cost += int(offers.price[best]) + fee
        ordered += [int(offers.group[best])] if offers.group[best] >= 0 else []
    return cost


def savings(trips: Sequence[Trip], catalogue: Catalogue) -> None:
    for fee in (0, 1_000_000, 3_000_000):
        mixes = [one.cost for one in run(trips, catalogue, fee)]
        for name, other in (("cheapest single plan", alone), ("cheapest plan per country", per_country)):
            pairs = [(mix, there) for mix, trip in zip(mixes, trips, strict=True) if mix and (there := other(trip, catalogue, fee))]
            if pairs:
                share = [1 - mix / there for mix, there in pairs]
                total = 1 - sum(mix for mix, _ in pairs) / sum(there for _, there in pairs)
                saved = f"saves median {statistics.median(share):.1%}, in all {total:.1%}"
                print(f"  fee ${fee // 1_000_000}: against {name} (n {len(pairs)}): {saved}")


def against_naive(trips: Sequence[Trip], catalogue: Catalogue) -> None:
    done = 0
    for trip in trips:
        began = time.process_time()
        problem = TripProblem(trip, first_order_prices=False)
        ours = solve(problem, catalogue, LIMITS).cheapest
        here = time.process_time() - began
        seconds, cost, proved = naive(trip, catalogue, problem.max_installs)
        done += proved
        said = "nothing found" if cost is None else f"${cost:.2f}"
        mine = "none" if ours.cost_micro is None else f"${ours.cost_micro / 1e6:.2f}"
        verdict = "proved" if proved else "not proved"
        print(
            f"    {trip.days} days, {len(trip.countries)} countries: {here:.2f} s {mine}; naive {seconds:.1f} s {said}, {verdict}",
            flush=True,
        )
    print(f"  naive time-indexed model proved {done} of {len(trips)} in {NAIVE_SECONDS:.0f} s each")


def oracle(count: int, seed: int) -> None:
    from tests.unit.trips.test_oracle import disagreement

    began = time.perf_counter()
    wrong = {number: fault for number in range(seed * 1_000_000, seed * 1_000_000 + count) if (fault := disagreement(number))}
    print(f"oracle: {count} small questions, {len(wrong)} disagreements, {time.perf_counter() - began:.0f} s")
    for number, fault in wrong.items():
        print(f"  question {number}: {fault}")


def argument(name: str, default: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main() -> None:
    quick = "--quick" in sys.argv
    seed = argument("--seed", 1)
    print(f"seed {seed}")
    if "--oracle" in sys.argv:
        oracle(argument("--oracle", 1000), seed)
        return
    count = argument("--trips", 40 if quick else 500)
    if REAL_FILE.exists():
        catalogue = Catalogue.of(list(real_plans()), "USD")
        dice = random.Random(seed)
        trips = [random_trip(dice, ("DE", "AT", "CZ", "SK")) for _ in range(count)]
        report(f"real file, {len(catalogue)} plans", run(trips, catalogue))
        savings(trips[: 10 if quick else 100], catalogue)
        against_naive(trips[: 1 if quick else 6], catalogue)
    began = time.process_time()
    catalogue = Catalogue.of(list(generated_plans(100_000, seed)), "USD", RATES)
    print(f"100,000 generated plans in columns: {time.process_time() - began:.1f} s")
    dice = random.Random(seed)
    report("generated", run([random_trip(dice, EUROPE) for _ in range(count)], catalogue))


if __name__ == "__main__":
    main()
