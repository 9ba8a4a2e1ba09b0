"""One proved answer for a trip. ``solve`` is all that the floors above call (docs/trip-solver.md explains the method)."""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import numpy as np

from services.model.data_volume import DataVolume
from services.model.itinerary import (
    Carrier,
    Robustness,
    Source,
    Status,
    TripAnswer,
    TripAnswers,
    TripProblem,
    Uncovered,
)
from services.model.plan import Allowance, AllowanceKind
from services.rules.trips.bounds import INFINITE
from services.rules.trips.catalogue import Catalogue, Ints
from services.rules.trips.demand import Demand, demand_for
from services.rules.trips.easiest import easiest, smallest_unit
from services.rules.trips.explain import near_misses, purchases_of, turned_down
from services.rules.trips.front import (
    Cancelled,
    Clock,
    Point,
    Progress,
    Side,
    clusters_of,
    fronts_of,
    joined,
    most_repeats,
    solver_of,
    without_needless,
)
from services.rules.trips.items import Item, card_item, card_serves, fair_use_accepted, new_items, top_up_item
from services.rules.trips.limits import Limits
from services.rules.trips.reduce import candidates, cheapest_of_equals, cheapest_single, refusals, undominated
from services.rules.trips.schedule import Placed, schedule
from services.rules.trips.search import Search
from services.rules.trips.verify import verify

_CEILING = INFINITE // 8

_NOTHING = Allowance(AllowanceKind.TOTAL, DataVolume(0))
"""A card with nothing left: its properties decide whether its top-ups serve."""

_MORE_INSTALLS = 3
"""How far beyond the wanted number of installs an answer is looked for when there is none within it."""


def solve(
    problem: TripProblem,
    catalogue: Catalogue,
    limits: Limits | None = None,
    cancelled: Cancelled | None = None,
    progress: Progress | None = None,
) -> TripAnswers:
    """The cheapest answers to ``problem`` with the plans of ``catalogue``, each verified by code that shares nothing with the solver.

    Amounts are micro-units of ``catalogue.currency``; the caller converts beforehand. Arguments and result can be pickled (without the two
    callables), so that it runs as well in another process. Raises TooManyCountries, and WrongAnswer if an answer fails verification.
    """
    begun = monotonic()
    chosen = limits or Limits()
    clock = Clock(begun + chosen.seconds, cancelled)
    report = progress or (lambda done, steps, best: None)
    refused = {devices: refusals(catalogue, problem, devices) for devices in {carrier.devices for carrier in problem.carriers}}
    sides = [
        _side(problem, catalogue, carrier, demand_for(problem, carrier), refused[carrier.devices], chosen) for carrier in problem.carriers
    ]
    eligible = next(iter(refused.values())) == 0 if len(refused) == 1 else np.logical_and.reduce([bits == 0 for bits in refused.values()])
    helpful = eligible & np.isin(np.arange(len(catalogue)), np.unique(np.concatenate([side.offers.row for side in sides])))
    dates = catalogue.fetched_at[helpful]

    def told(point: Point) -> TripAnswer:
        return _answer(problem, catalogue, sides, point)

    uncovered = _uncovered(problem, catalogue, sides, refused)
    front = [Point(None, INFINITE, (), 0, True)] * problem.max_installs
    best, needed = None, None
    if not uncovered:
        clusters = clusters_of(problem, sides)
        fronts = fronts_of(problem, clusters, clock, report)
        front = [joined([points[installs] for points in fronts]) for installs in range(1, problem.max_installs + 1)]
        best = easiest(problem, clusters, fronts, smallest_unit(catalogue.currency), clock)
        if front[-1].cost is None and front[-1].proved:
            needed = _installs_needed(problem, sides, clock)
    single = _one_plan(problem, sides, catalogue)
    front = [replace(single, bound=point.bound, proved=False) if point.cost is None and not point.proved else point for point in front]
    best = best or front[-1]
    cheapest = told(best)
    misses = near_misses(problem, catalogue, cheapest, refused) if chosen.near_misses and cheapest.purchases else ()
    robust = None
    if chosen.robust_percent is not None and cheapest.cost_micro is not None:
        robust = _robustness(problem, catalogue, sides, best, refused, chosen, clock)
    result = TripAnswers(
        currency=catalogue.currency,
        offered=len(catalogue) + catalogue.left_out,
        considered=int(helpful.sum()),
        prices_from=catalogue.priced_at(int(np.flatnonzero(helpful)[dates.argmin()])) if len(dates) else None,
        prices_to=catalogue.priced_at(int(np.flatnonzero(helpful)[dates.argmax()])) if len(dates) else None,
        cheapest=cheapest,
        one_plan=told(single),
        owned_only=told(_owned_only(problem, sides, clock)) if problem.owned else None,
        front=tuple(told(point) for point in front),
        near_misses=misses,
        uncovered=uncovered,
        robustness=robust,
        installs_needed=needed,
        seconds=monotonic() - begun,
    )
    # numbers of installs that share an answer share its check
    for answer in dict.fromkeys((result.cheapest, *result.front, result.one_plan, result.owned_only)):
        if answer is not None and answer.cost_micro is not None:
            verify(problem, catalogue, answer)
    return result


def _side(problem: TripProblem, catalogue: Catalogue, carrier: Carrier, demand: Demand, refused: Ints, limits: Limits) -> Side:
    """Everything for one carrier, new plans reduced."""
    whole = candidates(catalogue, problem, demand, refused)
    single = cheapest_single(whole, demand)
    ceiling, offers = _CEILING, whole
    alone = sum(1 for other in problem.carriers if other.people == carrier.people)
    if single is not None and alone == 1:
        # one plan already does it: nothing that costs as much or more can be part of anything better
        ceiling = int(whole.price[single]) + problem.fee_micro
        cheaper = whole.price < whole.price[single]
        cheaper[single] = True
        offers = whole.take(cheaper)
    if limits.dominance:
        offers = undominated(cheapest_of_equals(offers), problem.max_installs * alone)
    items = new_items(offers, catalogue, demand, len(carrier.people), problem.max_installs)
    mine = [card for card in problem.owned if _holder(problem, card.holder) == carrier.index]
    serving = [card for card in mine if card_serves(card, problem, carrier.devices)]
    cards = [item for card in serving if (item := card_item(card, demand)) is not None]
    able = {card.key for card in mine if card_serves(replace(card, allowance=_NOTHING), problem, carrier.devices)}
    wanted = [top for top in problem.top_ups if top.card in able and fair_use_accepted(top.allowance, problem)]
    tops = [item for top in wanted if (item := top_up_item(top, demand)) is not None]
    return Side(carrier, demand, whole, tuple(items), tuple(cards), tuple(tops), ceiling)


def _holder(problem: TripProblem, holder: str | None) -> int:
    """The carrier in which a card of ``holder`` is: the first that carries for her; the first of all when nobody is named."""
    if holder is None:
        return 0
    return next(carrier.index for carrier in problem.carriers if holder in carrier.people)


def _installs_needed(problem: TripProblem, sides: Sequence[Side], clock: Clock) -> int | None:
    """The fewest installs beyond the wanted number with which there is an answer; None when not found."""
    for installs in range(problem.max_installs + 1, problem.max_installs + _MORE_INSTALLS + 1):
        points = []
        for cluster in clusters_of(problem, sides):
            if clock.over:
                return None
            wider = [
                replace(side, items=tuple(replace(item, most=item.most if item.group >= 0 else installs) for item in side.items))
                for side in cluster
            ]
            points.append(solver_of(problem, wider, clock)(installs))
        if all(point.cost is not None for point in points):
            return installs
    return None


def _one_plan(problem: TripProblem, sides: Sequence[Side], catalogue: Catalogue) -> Point:
    """On each carrier one new plan that does everything, the cheapest there is."""
    placed: list[tuple[int, Placed]] = []
    used: dict[tuple[tuple[str, ...], int], int] = {}
    for side in sides:
        full = [group for (people, group), count in used.items() if people == side.carrier.people and count >= len(people)]
        offers = side.offers.take(~np.isin(side.offers.group, full))
        single = cheapest_single(offers, side.demand)
        if single is None:
            return Point(None, INFINITE, (), 0, True)
        item = new_items(offers.take(np.asarray([single])), catalogue, side.demand, 1, 1)[0]
        here = schedule([item], side.demand)
        if here is None:
            return Point(None, INFINITE, (), 0, True)
        placed += [(side.carrier.index, one) for one in here]
        if item.group >= 0:
            used[side.carrier.people, item.group] = used.get((side.carrier.people, item.group), 0) + 1
    cost = sum(one.item.price + problem.fee_micro for _, one in placed)
    return Point(cost, cost, tuple(placed), 1, True)


def _owned_only(problem: TripProblem, sides: Sequence[Side], clock: Clock) -> Point:
    """What is owned and its top-ups, without any install."""
    points = []
    for side in sides:
        alone = replace(side, items=(), ceiling=_CEILING)
        points.append(without_needless([alone], solver_of(problem, [alone], clock)(0), clock))
    return joined(points)


def _robustness(
    problem: TripProblem,
    catalogue: Catalogue,
    sides: Sequence[Side],
    point: Point,
    refused: dict[int, Ints],
    limits: Limits,
    clock: Clock,
) -> Robustness:
    """What happens to an answer when more is needed: the first day that runs short, and the cheapest extra plans."""
    percent = limits.robust_percent or 100
    first_short: int | None = None
    extras: list[Point] = []
    for side in sides:
        demand = side.demand.scaled(percent)
        fixed = [replace(one.item, windows=(one.window,)) for carrier, one in point.placed if carrier == side.carrier.index]
        fixed = [_uncapped(item, catalogue, side, demand, problem) for item in fixed]
        short = _first_short(fixed, demand)
        if short is None:
            continue
        first_short = short if first_short is None else min(first_short, short)
        wider = _side(problem, catalogue, side.carrier, demand, refused[side.carrier.devices], limits)
        taken = {item.group for item in fixed if item.group >= 0}
        fresh = tuple(item for item in wider.items if item.group not in taken)
        extra = Search(
            (*fresh, *wider.tops),
            tuple(fixed),
            demand,
            problem.fee_micro,
            len(side.carrier.people),
            wider.ceiling,
            min(most_repeats(wider), 2),
        )
        found = extra.cheapest(min(problem.max_installs, 3), min(clock.until, monotonic() + 2), clock.cancelled)
        members = tuple((side.carrier.index, one) for one in found.placed[len(fixed) :])
        extras.append(Point(found.cost, found.bound, members, found.installs, found.proved))
    if first_short is None:
        return Robustness(percent, lasts=True)
    total = joined(extras)
    return Robustness(
        percent,
        lasts=False,
        first_day_short=sides[0].demand.day(first_short),
        extra_micro=total.cost,
        extra=purchases_of(problem, catalogue, {side.carrier.index: side.demand for side in sides}, total.placed),
    )


def _uncapped(item: Item, catalogue: Catalogue, side: Side, demand: Demand, problem: TripProblem) -> Item:
    """The item with what it really carries, where the reduction had cut it to the smaller demand."""
    reach = demand.reach(item.mask)
    most, each = int(reach.sum()), int(reach.max())
    if item.source is Source.NEW:
        total, per_day = int(catalogue.total[item.row]), int(catalogue.per_day[item.row])
        first = item.windows[0][0]
        windows = ((first, first + int(catalogue.validity[item.row]) - 1),)
        return replace(item, total=min(total, most), per_day=min(per_day, each), windows=windows)
    if item.source is Source.OWNED:
        card = next(card for card in problem.owned if card.key == item.key[1])
        fresh = card_item(card, demand)
    else:
        fresh = top_up_item(next(top for top in problem.top_ups if top.key == item.key[1]), demand)
    return item if fresh is None else replace(fresh, windows=item.windows)


def _first_short(items: Sequence[Item], demand: Demand) -> int | None:
    """The first day up to which ``items``, running in their windows, cannot meet ``demand``; None when they meet all of it."""

    def lasts(days: int) -> bool:
        need = demand.need.copy()
        need[days:] = 0
        return schedule(items, Demand(demand.first, demand.countries, need)) is not None

    if lasts(demand.days):
        return None
    good, bad = 0, demand.days
    while bad - good > 1:
        middle = (good + bad) // 2
        if lasts(middle):
            good = middle
        else:
            bad = middle
    return bad - 1


def _uncovered(problem: TripProblem, catalogue: Catalogue, sides: Sequence[Side], refused: dict[int, Ints]) -> tuple[Uncovered, ...]:
    """Countries with a day on which nothing eligible can carry anything."""
    found: dict[str, Uncovered] = {}
    for side in sides:
        new = int(np.bitwise_or.reduce(side.offers.mask)) if len(side.offers) else 0
        for bit, country in enumerate(side.demand.countries):
            if new >> bit & 1 or country in found:
                continue
            free = np.flatnonzero(side.demand.need[:, bit])
            for item in (*side.cards, *side.tops):
                if item.mask >> bit & 1:
                    free = free[[not any(first <= day <= last for first, last in item.windows) for day in free.tolist()]]
            if len(free):
                reasons = turned_down(catalogue, country, refused[side.carrier.devices])
                found[country] = Uncovered(country, side.demand.day(int(free[0])), reasons)
    return tuple(found.values())


def _answer(problem: TripProblem, catalogue: Catalogue, sides: Sequence[Side], point: Point) -> TripAnswer:
    if point.cost is None:
        return TripAnswer(Status.IMPOSSIBLE if point.proved else Status.UNDECIDED, bound_micro=None if point.proved else point.bound)
    purchases = purchases_of(problem, catalogue, {side.carrier.index: side.demand for side in sides}, point.placed)
    status = Status.PROVED if point.proved else Status.BEST_FOUND
    return TripAnswer(status, point.cost, min(point.bound, point.cost), point.installs, purchases)
