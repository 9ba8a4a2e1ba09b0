"""Of answers that cost a person the same: the one with the fewest installs, then with the fewest plans, top-ups and cards."""

from collections.abc import Sequence
from dataclasses import replace

from services.model.itinerary import TripProblem
from services.model.money import minor_digits
from services.rules.trips.catalogue import MICRO
from services.rules.trips.front import MOST_REPEATS, Clock, Point, Side, joined
from services.rules.trips.search import Search


def smallest_unit(currency: str) -> int:
    """The smallest amount of ``currency`` that is shown, in micro-units. Prices from other currencies are rounded one by one, and what
    differs by less than this looks the same and is the same."""
    return max(1, int(MICRO // 10 ** minor_digits(currency)))


def easiest(
    problem: TripProblem, clusters: Sequence[Sequence[Side]], fronts: Sequence[Sequence[Point]], unit: int, clock: Clock
) -> Point | None:
    """The answer to recommend: less than ``unit`` above the cheapest, with the fewest installs in all, then the fewest pieces.

    ``fronts``: per cluster, in the order of ``clusters``, as of ``fronts_of``. None without an answer. Where a carrier stands alone the
    pieces are fewest for sure; devices that share first orders only do without the cards that they do not need.
    """
    cheapest = joined([points[-1] for points in fronts])
    if cheapest.cost is None:
        return None
    least: dict[int, tuple[int, tuple[Point, ...]]] = {0: (0, ())}
    for points in fronts:
        grown: dict[int, tuple[int, tuple[Point, ...]]] = {}
        for installs, (above, picked) in least.items():
            for point in points:
                if point.cost is None:
                    continue
                total, over = installs + _installs(point), above + point.cost - (points[-1].cost or 0)
                if over < unit and (total not in grown or over < grown[total][0]):
                    grown[total] = over, (*picked, point)
        least = grown
    above, picks = least[min(least)]
    slack, lighter = unit - 1 - above, []
    for cluster, point in zip(clusters, picks, strict=True):
        light = _lightest(problem, cluster, point, slack, clock)
        slack -= (light.cost or 0) - (point.cost or 0)
        lighter.append(light)
    return replace(joined(lighter), bound=cheapest.bound, proved=cheapest.proved)


def _installs(point: Point) -> int:
    return sum(one.item.installs for _, one in point.placed)


def _lightest(problem: TripProblem, cluster: Sequence[Side], point: Point, slack: int, clock: Clock) -> Point:
    """The fewest pieces with no more installs than ``point`` and at most ``slack`` micro-units dearer."""
    installs, pieces = _installs(point), len(point.placed)
    if len(cluster) > 1 or pieces - installs > MOST_REPEATS or point.cost is None:
        return point
    side = cluster[0]
    items, ceiling = (*side.items, *side.tops, *side.cards), point.cost + slack
    for fewer in range(max(installs, 1), pieces):
        search = Search(items, (), side.demand, problem.fee_micro, len(side.carrier.people), ceiling, fewer - installs)
        found = search.cheapest(installs, clock.until, clock.cancelled)
        if found.cost is not None:
            return Point(found.cost, found.cost, tuple((side.carrier.index, one) for one in found.placed), found.installs, found.proved)
        if not found.proved:
            break
    return point
