"""The cheapest answer to a small question by trying everything. Shares no code with the solver, knows no windows but all, no bounds.

Volumes of the questions made here are multiples of ``UNIT``; the day-by-day check moves half-units, so that a plan may split a day.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations_with_replacement, product

from services.model.data_volume import DataVolume
from services.model.itinerary import OwnedCard, Person, Sharing, TopUp, TripProblem
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Plan
from services.model.tri import Tri
from services.model.trip import Leg, Needs, Trip

UNIT = 200_000_000
HALF = UNIT // 2
FIRST = date(2026, 3, 1)
LOTS = 10**6


@dataclass(frozen=True)
class Choice:
    """Half-units; ``starts`` and ``days`` in days of the trip."""

    cost: int
    installs: int
    seller: str | None
    countries: frozenset[str]
    total: int
    per_day: int
    starts: tuple[int, ...]
    days: int
    free: bool = False
    repeats: bool = True


def volumes(allowance: Allowance) -> tuple[int, int]:
    if allowance.kind is AllowanceKind.TOTAL:
        assert allowance.volume is not None
        return allowance.volume.bytes // HALF, LOTS
    if allowance.kind is AllowanceKind.PER_DAY:
        assert allowance.volume is not None
        return LOTS, allowance.volume.bytes // HALF
    return LOTS, LOTS if allowance.fair_use_per_day is None else allowance.fair_use_per_day.bytes // HALF


def serves(needs: Needs, accept: Needs, hotspot: Tri, five_g: Tri, id_check: Tri, devices: int) -> bool:
    def enough(value: Tri, good: Tri, unknown_is_fine: bool) -> bool:
        return value is good or (value is Tri.UNKNOWN and unknown_is_fine)

    return (
        (not (needs.hotspot or devices > 1) or enough(hotspot, Tri.YES, accept.hotspot))
        and (not needs.five_g or enough(five_g, Tri.YES, accept.five_g))
        and (not needs.no_id_check or enough(id_check, Tri.NO, accept.no_id_check))
    )


def choices(problem: TripProblem, plans: list[Plan], carrier: int) -> list[Choice]:
    length, devices = problem.trip.days, problem.carriers[carrier].devices
    needs, accept, everyday = problem.trip.needs, problem.accept_unknown, tuple(range(length))
    found = []
    for plan in plans:
        if (plan.source, plan.plan_id) in problem.left_out or plan.validity_days is None:
            continue
        if not serves(needs, accept, plan.hotspot, plan.five_g, plan.id_check, devices):
            continue
        unlimited = plan.allowance.kind is AllowanceKind.UNLIMITED and plan.allowance.fair_use_per_day is None
        if unlimited and not problem.accept_unpublished_fair_use:
            continue
        total, per_day = volumes(plan.allowance)
        price = int(plan.price.amount * 1_000_000)
        once = plan.seller if plan.new_users_only is Tri.YES or price == 0 else None
        found.append(Choice(price + problem.fee_micro, 1, once, plan.countries, total, per_day, everyday, plan.validity_days))
        if plan.promo_price is not None and problem.first_order_prices and plan.promo_price.amount < plan.price.amount:
            lower = int(plan.promo_price.amount * 1_000_000) + problem.fee_micro
            found.append(Choice(lower, 1, plan.seller, plan.countries, total, per_day, everyday, plan.validity_days))
    for card in problem.owned:
        home = next(c.index for c in problem.carriers if card.holder is None or card.holder in c.people)
        if home != carrier or not serves(needs, accept, card.hotspot, card.five_g, card.id_check, devices):
            continue
        total, per_day = volumes(card.allowance)
        refused = not problem.accept_unpublished_fair_use
        if card.last_day is not None:
            begin = -50 if card.first_day is None else (card.first_day - FIRST).days
            starts: tuple[int, ...] = (begin,)
            days = (card.last_day - FIRST).days - begin + 1
        else:
            latest = length if card.activate_by is None else (card.activate_by - FIRST).days
            starts, days = tuple(day for day in range(-10, length) if day <= latest), card.validity_days or 0
        if not (refused and total == per_day == LOTS):
            found.append(Choice(0, 0, None, card.countries, total, per_day, starts, days, free=True))
        for top in problem.top_ups:
            if top.card == card.key and not (refused and volumes(top.allowance) == (LOTS, LOTS)):
                total, per_day = volumes(top.allowance)
                latest = length if top.buy_by is None else (top.buy_by - FIRST).days
                starts = tuple(day for day in range(-10, length) if day <= latest)
                found.append(Choice(top.price_micro, 0, None, top.countries, total, per_day, starts, top.validity_days))
    return [choice for choice in found if choice.starts]


def enough(items: list[Choice], starts: tuple[int, ...], needs: list[dict[str, int]]) -> bool:
    """Whether ``items`` running from ``starts`` can carry ``needs`` (half-units per day and country)."""

    @cache
    def rest_of_trip(day: int, left: tuple[int, ...]) -> bool:
        if day == len(needs):
            return True
        need = needs[day]
        if not need:
            return rest_of_trip(day + 1, left)
        most = max(need.values())
        ranges = []
        for item, start, remaining in zip(items, starts, left, strict=True):
            if not (start <= day < start + item.days and item.countries & need.keys()):
                ranges.append(range(1))
            else:
                useful = min(most, item.per_day, remaining)
                ranges.append(range(useful, useful + 1) if remaining >= LOTS // 2 else range(useful + 1))
        for use in product(*ranges):
            if all(sum(u for item, u in zip(items, use, strict=True) if country in item.countries) >= n for country, n in need.items()):
                after = tuple(r if r >= LOTS // 2 else r - u for r, u in zip(left, use, strict=True))
                if rest_of_trip(day + 1, after):
                    return True
        return False

    return rest_of_trip(0, tuple(item.total for item in items))


def placeable(items: list[Choice], needs: list[dict[str, int]]) -> bool:
    for country in {country for need in needs for country in need}:
        wanted = sum(need.get(country, 0) for need in needs)
        if sum(min(item.total, item.per_day * item.days) for item in items if country in item.countries) < wanted:
            return False
    return any(enough(items, starts, needs) for starts in product(*(item.starts for item in items)))


def sets_of(offered: list[Choice], installs: int, top_ups: int) -> Iterator[list[Choice]]:
    bought = [choice for choice in offered if choice.installs]
    topped = [choice for choice in offered if not choice.installs and not choice.free]
    free = [choice for choice in offered if choice.free]
    for count in range(installs + 1):
        for chosen in combinations_with_replacement(bought, count):
            for more in range(top_ups + 1 if topped else 1):
                for extra in combinations_with_replacement(topped, more):
                    yield [*free, *chosen, *extra]


def cheapest(problem: TripProblem, plans: list[Plan], installs: int, top_ups: int = 2) -> int | None:
    """Micro-units of the cheapest answer with at most ``installs`` installs per carrier; None when there is none."""
    answers: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
    for carrier in problem.carriers:
        needs = []
        for offset in range(problem.trip.days):
            day: dict[str, int] = {}
            for leg in problem.trip.legs:
                if leg.first_day <= FIRST + timedelta(offset) <= leg.last_day:
                    need = (leg.per_day or problem.trip.per_day).bytes * carrier.devices // HALF
                    day[leg.country] = max(need, day.get(leg.country, 0))
            needs.append(day)
        found: list[tuple[int, tuple[str, ...]]] = []
        best = None
        alone = len(problem.carriers) == 1
        for items in sorted(sets_of(choices(problem, plans, carrier.index), installs, top_ups), key=lambda s: sum(c.cost for c in s)):
            cost = sum(item.cost for item in items)
            sellers = tuple(sorted(item.seller for item in items if item.seller))
            if any(sellers.count(seller) > len(carrier.people) for seller in sellers) or (alone and best is not None):
                continue
            if placeable(items, needs):
                found.append((cost, sellers))
                best = cost
        answers[carrier.index] = found
    totals = []
    for combination in product(*answers.values()):
        held: dict[tuple[tuple[str, ...], str], int] = {}
        for carrier, (_, sellers) in zip(problem.carriers, combination, strict=True):
            for seller in sellers:
                held[carrier.people, seller] = held.get((carrier.people, seller), 0) + 1
        if all(count <= len(people) for (people, _), count in held.items()):
            totals.append(sum(cost for cost, _ in combination))
    return min(totals, default=None)


def random_allowance(rng: random.Random) -> Allowance:
    kind = rng.choice([AllowanceKind.TOTAL, AllowanceKind.TOTAL, AllowanceKind.PER_DAY, AllowanceKind.UNLIMITED])
    if kind is AllowanceKind.TOTAL:
        return Allowance(kind, DataVolume(rng.randint(1, 9) * UNIT))
    if kind is AllowanceKind.PER_DAY:
        return Allowance(kind, DataVolume(rng.randint(1, 3) * UNIT))
    return Allowance(kind, fair_use_per_day=rng.choice([None, DataVolume(rng.randint(1, 3) * UNIT)]))


def random_plans(rng: random.Random, count: int, countries: str) -> list[Plan]:
    def amount() -> Decimal:
        return Decimal(rng.choice([rng.randint(1, 9) * 1_000_000, rng.randint(1, 9_999_999)])) / 1_000_000

    plans = []
    for number in range(count):
        price = Decimal(0) if rng.random() < 0.08 else amount()
        plans.append(
            Plan(
                source="oracle",
                plan_id=str(number),
                seller=rng.choice("xyz"),
                name=f"plan {number}",
                allowance=random_allowance(rng),
                validity_days=rng.choice([1, 2, 2, 3, 4, 7]),
                countries=frozenset(rng.sample(countries, rng.randint(1, len(countries)))),
                price=Money.of(price, "USD"),
                fetched_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
                promo_price=Money.of(amount(), "USD") if rng.random() < 0.3 else None,
                hotspot=rng.choice(list(Tri)),
                five_g=rng.choice(list(Tri)),
                id_check=rng.choice(list(Tri)),
                new_users_only=rng.choice([Tri.NO, Tri.NO, Tri.UNKNOWN, Tri.YES]),
            )
        )
    return plans


def random_trip(rng: random.Random, countries: str, days: int) -> Trip:
    legs, day = [], 0
    while day < days:
        stay = rng.randint(1, days - day)
        need = DataVolume(rng.randint(1, 3) * UNIT) if rng.random() < 0.3 else None
        legs.append(Leg(rng.choice(countries), FIRST + timedelta(day), FIRST + timedelta(day + stay - 1), need))
        step = rng.choice([stay, stay, stay - 1, stay + 1])
        day += max(step, 1)
    legs[0] = Leg(legs[0].country, FIRST, legs[0].last_day, legs[0].per_day)
    needs = Needs(hotspot=rng.random() < 0.2, five_g=rng.random() < 0.1, no_id_check=rng.random() < 0.1)
    return Trip(tuple(legs), DataVolume(rng.randint(1, 2) * UNIT), needs)


def random_question(rng: random.Random) -> tuple[TripProblem, list[Plan]]:
    """A question small enough to try everything."""
    countries = "ABC"[: rng.randint(1, 3)]
    shape = rng.choice(["one", "one", "one", "cards", "cards", "two people", "two devices"])
    many = shape in ("two people", "two devices")
    trip = random_trip(rng, countries, rng.randint(1, 4 if many or shape == "cards" else 5))
    plans = random_plans(rng, rng.randint(2, 4 if many else 6), countries)
    sharing = Sharing.PERSON
    people: tuple[Person, ...] = (Person("p"),)
    owned: tuple[OwnedCard, ...] = ()
    tops: tuple[TopUp, ...] = ()
    if shape == "two people":
        people, sharing = (Person("p"), Person("q")), rng.choice([Sharing.PERSON, Sharing.ALL, Sharing.NONE])
    if shape == "two devices":
        people, sharing = (Person("p", 2),), rng.choice([Sharing.PERSON, Sharing.NONE])
    if shape == "cards":
        running = rng.random() < 0.5
        owned = (
            OwnedCard(
                "card",
                random_allowance(rng),
                frozenset(rng.sample(countries, rng.randint(1, len(countries)))),
                last_day=FIRST + timedelta(rng.randint(-1, 5)) if running else None,
                validity_days=None if running else rng.randint(1, 4),
                activate_by=None if running or rng.random() < 0.5 else FIRST + timedelta(rng.randint(-2, 3)),
                hotspot=rng.choice(list(Tri)),
                five_g=rng.choice(list(Tri)),
            ),
        )
        if rng.random() < 0.7:
            tops = tuple(
                TopUp(
                    f"top {number}",
                    "card",
                    random_allowance(rng),
                    rng.randint(1, 5),
                    rng.randint(1, 6_000_000),
                    frozenset(rng.sample(countries, rng.randint(1, len(countries)))),
                    datetime(2026, 1, 1, tzinfo=UTC),
                    None if rng.random() < 0.6 else FIRST + timedelta(rng.randint(-2, 3)),
                )
                for number in range(rng.randint(1, 2))
            )
    problem = TripProblem(
        trip,
        people,
        sharing,
        fee_micro=rng.choice([0, 1_000_000, 3_000_000]),
        max_installs=rng.randint(1, 2 if many or tops else 3),
        left_out=frozenset({("oracle", "0")}) if rng.random() < 0.1 else frozenset(),
        accept_unknown=Needs(hotspot=rng.random() < 0.3),
        accept_unpublished_fair_use=rng.random() < 0.8,
        first_order_prices=rng.random() < 0.8,
        owned=owned,
        top_ups=tops,
    )
    return problem, plans
