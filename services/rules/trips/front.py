"""The front of cost against installs: for each number of installs the cheapest, by the search or by the integer model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from services.model.itinerary import Carrier, Source, TripProblem
from services.rules.trips.bounds import INFINITE
from services.rules.trips.demand import Demand
from services.rules.trips.items import Item
from services.rules.trips.master import PRICE_UNIT, Block, Master
from services.rules.trips.reduce import Candidates
from services.rules.trips.schedule import Placed, schedule
from services.rules.trips.search import Search

Cancelled = Callable[[], bool]
Progress = Callable[[int, int, int | None], None]
"""Called with steps done, steps in all and the cost of the best answer so far (micro-units)."""

MOST_REPEATS = 8
"""Questions in which more top-ups than this may be worth buying go to the integer model instead of the search."""


@dataclass(frozen=True, slots=True)
class Point:
    """The cheapest for some carriers with a number of installs: cost None when none was found, and ``proved`` when that is certain."""

    cost: int | None
    bound: int
    placed: tuple[tuple[int, Placed], ...]
    installs: int
    proved: bool


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A carrier with everything that can be put on it."""

    carrier: Carrier
    demand: Demand
    offers: Candidates
    items: tuple[Item, ...]
    cards: tuple[Item, ...]
    tops: tuple[Item, ...]
    ceiling: int


@dataclass(frozen=True, slots=True)
class Clock:
    until: float
    cancelled: Cancelled | None

    @property
    def left(self) -> float:
        return max(self.until - monotonic(), 0.01)

    @property
    def over(self) -> bool:
        return monotonic() > self.until or (self.cancelled is not None and self.cancelled())


def clusters_of(problem: TripProblem, sides: Sequence[Side]) -> list[list[Side]]:
    """Carriers that compete for the same once-offers together; every other carrier alone."""
    clusters: dict[tuple[str, ...], list[Side]] = {}
    for side in sides:
        clusters.setdefault(side.carrier.people, []).append(side)
    return list(clusters.values())


def fronts_of(problem: TripProblem, clusters: Sequence[Sequence[Side]], clock: Clock, report: Progress) -> list[list[Point]]:
    """Per cluster the cheapest with at most 0, 1, 2, ... installs per carrier."""
    memo: dict[tuple[int, int], list[Point]] = {}
    fronts = []
    for number, cluster in enumerate(clusters):
        report(number, len(clusters), None)
        first = cluster[0]
        plain = len(cluster) == 1 and not first.cards and not first.tops
        kind = (first.carrier.devices, len(first.carrier.people))
        if plain and kind in memo:
            points = memo[kind]
            fronts.append([replace(point, placed=tuple((first.carrier.index, one) for _, one in point.placed)) for point in points])
            continue
        points = _cluster_front(problem, cluster, clock, lambda best, done=number: report(done, len(clusters), best))  # type: ignore[misc]
        if plain:
            memo[kind] = points
        fronts.append(points)
    report(len(clusters), len(clusters), None)
    return fronts


def joined(points: Sequence[Point]) -> Point:
    if any(point.cost is None for point in points):
        certain = any(point.cost is None and point.proved for point in points)
        return Point(None, sum(point.bound for point in points), (), 0, certain)
    return Point(
        sum(point.cost or 0 for point in points),
        sum(point.bound for point in points),
        tuple(one for point in points for one in point.placed),
        max(point.installs for point in points),
        all(point.proved for point in points),
    )


def _cluster_front(problem: TripProblem, cluster: Sequence[Side], clock: Clock, report: Callable[[int | None], None]) -> list[Point]:
    if not any(side.demand.need.any() for side in cluster):
        return [Point(0, 0, (), 0, True)] * (problem.max_installs + 1)
    solver = solver_of(problem, cluster, clock)
    found = [Point(None, INFINITE, (), 0, True)] * (problem.max_installs + 1)
    lowest = 0 if any(side.cards or side.tops for side in cluster) else 1
    installs = problem.max_installs
    while installs >= lowest:
        point = without_needless(cluster, solver(installs), clock)
        report(point.cost)
        if point.cost is None and point.proved:
            found[: installs + 1] = [point] * (installs + 1)
            break
        fewest = max(point.installs, lowest) if point.cost is not None and point.proved else installs
        found[fewest : installs + 1] = [point] * (installs + 1 - fewest)
        installs = fewest - 1
    # a cheaper or equally cheap answer with fewer installs serves where more are allowed; a bound for more installs holds for fewer
    for index in range(1, len(found)):
        before, here = found[index - 1], found[index]
        if before.cost is not None and (here.cost is None or before.cost <= here.cost):
            found[index] = replace(before, bound=min(here.bound, before.cost), proved=here.proved or here.bound >= before.cost)
    for index in range(len(found) - 2, -1, -1):
        after, here = found[index + 1], found[index]
        if here.cost is not None and not here.proved and after.bound > here.bound:
            found[index] = replace(here, bound=min(after.bound, here.cost), proved=after.bound >= here.cost)
    return found


def without_needless(sides: Sequence[Side], point: Point, clock: Clock) -> Point:
    """``point`` without the cards that it can do without: one after another, until none that is left can be spared."""
    placed = [(at, one) for at, one in point.placed if one.item.source is not Source.OWNED or one.use.any()]
    for carrier, card in [(at, one.item) for at, one in placed if one.item.source is Source.OWNED]:
        demand = next(side.demand for side in sides if side.carrier.index == carrier)
        try:
            rest = schedule([one.item for at, one in placed if at == carrier and one.item is not card], demand, clock.left)
        except TimeoutError:
            continue
        if rest is not None:
            placed = [(at, one) for at, one in placed if at != carrier] + [(carrier, one) for one in rest]
    return replace(point, placed=tuple(placed))


def solver_of(problem: TripProblem, cluster: Sequence[Side], clock: Clock) -> Callable[[int], Point]:
    """The search where one carrier stands alone, else the integer model."""
    first = cluster[0]
    repeats = most_repeats(first)
    if len(cluster) == 1 and repeats <= MOST_REPEATS:
        search = Search(
            (*first.items, *first.tops), first.cards, first.demand, problem.fee_micro, len(first.carrier.people), first.ceiling, repeats
        )

        def by_search(installs: int) -> Point:
            found = search.cheapest(installs, clock.until, clock.cancelled)
            placed = tuple((first.carrier.index, one) for one in found.placed)
            return Point(found.cost, found.bound, placed, found.installs, found.proved)

        return by_search
    blocks = [Block(side.demand, (*side.items, *side.cards, *side.tops), side.carrier.people, len(side.carrier.people)) for side in cluster]
    master = Master(blocks, problem.fee_micro, 1)

    def by_model(installs: int) -> Point:
        return _by_model(master, [side.carrier.index for side in cluster], installs, clock)

    return by_model


def most_repeats(side: Side) -> int:
    """Most top-ups that can be worth buying on this carrier."""
    if not side.tops:
        return 0
    useful = sum(top.most for top in side.tops)
    return min(useful, side.ceiling // min(top.price for top in side.tops))


def _by_model(master: Master, carriers: Sequence[int], installs: int, clock: Clock) -> Point:
    """Solve the relaxation, place what it chose, forbid what cannot be placed, and again."""
    master.limit(installs)
    bound = 0
    while True:
        if clock.over:
            return Point(None, bound, (), 0, False)
        solved = master.model.solve(clock.left, clock.cancelled)
        if solved.infeasible:
            return Point(None, INFINITE, (), 0, True)
        if solved.bound > -INFINITE:
            bound = max(bound, int(np.ceil(solved.bound * PRICE_UNIT - 1)))
        if solved.values is None:
            return Point(None, bound, (), 0, False)
        placed: list[tuple[int, Placed]] = []
        blocked = False
        for number, (block, chosen) in enumerate(zip(master.blocks, master.chosen(solved.values), strict=True)):
            items = [block.items[index] for index, copies in chosen for _ in range(copies)]
            try:
                here = schedule(items, block.demand, clock.left)
            except TimeoutError:
                return Point(None, bound, (), 0, False)
            if here is None:
                master.forbid(number, chosen)
                blocked = True
            else:
                placed += [(carriers[number], one) for one in here]
        if blocked:
            continue
        cost = sum(one.item.price + master.fee * one.item.installs for _, one in placed)
        most = max(sum(one.item.installs for carrier, one in placed if carrier == index) for index in carriers)
        return Point(cost, cost if solved.optimal else min(bound, cost), tuple(placed), most, solved.optimal)
