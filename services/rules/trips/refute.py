"""That some plans cannot be placed, shown by sums alone: wherever they lie, in some part of the trip they carry too little."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, product
from math import comb, prod

import numpy as np

from services.rules.trips.catalogue import Bools, Ints
from services.rules.trips.demand import Demand
from services.rules.trips.highs import Floats
from services.rules.trips.items import Item
from services.rules.trips.parts import Part, stretches

_MOST_PICKS = 512
"""Parts looked at: every choice of runs and countries where there are no more than this, else one or two blocks of runs."""

_MOST_KEPT = 4_000_000
"""Sums kept for plans of the same shape."""

_MOST_NODES = 400
"""Choices looked at before the question is left to the integer model."""


class TooMany(RuntimeError):
    """Too many choices to look at them all."""


class Board:
    """The parts of a demand that are looked at, each a choice of runs of equal days and of countries in them.

    ``asked``: bytes needed in each part.
    """

    def __init__(self, demand: Demand, parts: int) -> None:
        self.demand = demand
        self.runs = stretches(demand, parts)
        self.options: list[list[int]] = []
        for first, _ in self.runs:
            here = [1 << bit for bit in np.flatnonzero(demand.need[first]).tolist()]
            self.options.append(list(dict.fromkeys([0, sum(here), *here])))
        if prod(len(option) for option in self.options) <= _MOST_PICKS:
            self.picks = np.asarray(list(product(*(range(len(option)) for option in self.options))), np.int64)
        else:
            self.picks = _blocks(self.options)
        lengths = np.asarray([last + 1 - first for first, last in self.runs], np.float64)
        self.asked: Floats = lengths @ self._each(-1, int(demand.need.max()))
        self._kept: dict[tuple[int, int, tuple[tuple[int, int], ...]], Floats] = {}
        self._ends: dict[tuple[int, int, tuple[tuple[int, int], ...], int], tuple[Floats, Floats]] = {}

    def _each(self, mask: int, per_day: int) -> Floats:
        """Bytes a day that a plan can be asked for in each run within each part; shape (runs, parts)."""
        rows = []
        for (first, _), option, place in zip(self.runs, self.options, self.picks.T, strict=True):
            need = self.demand.need[first].tolist()
            most = [max((amount for bit, amount in enumerate(need) if chosen & mask & 1 << bit), default=0) for chosen in option]
            rows.append(np.asarray([min(amount, per_day) for amount in most], np.float64)[place])
        return np.stack(rows)

    def _days(self, windows: Sequence[tuple[int, int]]) -> Floats:
        """How many days of each run lie within each of ``windows``; shape (windows, runs), equal ones once."""
        edges = np.asarray(windows, np.int64)
        runs = np.asarray(self.runs, np.int64)
        low = np.maximum(edges[:, None, 0], runs[None, :, 0])
        high = np.minimum(edges[:, None, 1], runs[None, :, 1])
        return np.unique(np.maximum(high - low + 1, 0), axis=0).astype(np.float64)

    def ways(self, item: Item) -> Floats:
        """The most bytes that plans like ``item`` carry in each part, for each way their windows lie over the runs, if their data in total
        were no limit; shape (ways, parts).
        """
        shape = (item.mask, item.per_day, item.windows)
        if shape not in self._kept:
            if sum(table.size for table in self._kept.values()) > _MOST_KEPT:
                self._kept.clear()
            self._kept[shape] = self._days(item.windows) @ self._each(item.mask, item.per_day)
        return self._kept[shape]

    def ends(self, item: Item) -> tuple[Floats, Floats]:
        """The most and the least bytes that ``item`` carries in each part, of all ways it can lie."""
        shape = (item.mask, item.per_day, item.windows, item.total)
        if shape not in self._ends:
            if len(self._ends) * self.picks.shape[0] > _MOST_KEPT:
                self._ends.clear()
            ways = self.ways(item)
            self._ends[shape] = np.minimum(ways.max(axis=0), float(item.total)), np.minimum(ways.min(axis=0), float(item.total))
        return self._ends[shape]

    def part(self, number: int) -> Part:
        found = [0] * self.demand.days
        for (first, last), option, place in zip(self.runs, self.options, self.picks[number].tolist(), strict=True):
            found[first : last + 1] = [option[place]] * (last - first + 1)
        return tuple(found)


def _blocks(options: Sequence[Sequence[int]]) -> Ints:
    """Parts of one or two blocks of whole runs, and of one block with a single country. Option 1 of each run is all its countries."""
    runs, edges = len(options), range(len(options) + 1)
    countries = sorted({country for option in options for country in option[2:] or option[1:]})
    found: list[list[int]] = []
    for first, after in combinations(edges, 2):
        found.append([int(first <= run < after) for run in range(runs)])
        for country in countries:
            found.append([option.index(country) if first <= run < after and country in option else 0 for run, option in enumerate(options)])
    if comb(runs + 1, 4) <= _MOST_PICKS:
        for one, two, three, four in combinations(edges, 4):
            found.append([int(one <= run < two or three <= run < four) for run in range(runs)])
    return np.asarray(list(dict.fromkeys(map(tuple, found))), np.int64)


@lru_cache(maxsize=3)
def _board(demand: Demand, parts: int) -> Board:
    return Board(demand, parts)


def short_part(items: Sequence[Item], demand: Demand) -> Part | None:
    """A part in which ``items`` together cannot carry what is needed, wherever each runs; None when none was found.

    The part with the largest share missing.
    """
    board = _board(demand, 1)
    carried = np.zeros(len(board.asked))
    for item in items:
        carried += board.ends(item)[0]
    missing = np.flatnonzero(carried < board.asked)
    return board.part(int(missing[np.argmin(carried[missing] / board.asked[missing])])) if len(missing) else None


def refuted(items: Sequence[Item], demand: Demand, parts: int) -> bool:
    """True when ``items`` cannot be placed, whichever of their windows each takes; False says nothing. Raises TooMany.

    ``parts``: about how many runs of days are told apart. Amounts are whole bytes below 2**53, exact in floating point.
    """
    board = _board(demand, parts)
    most, least = (np.stack(end) for end in zip(*(board.ends(item) for item in items), strict=True))
    slack = most.sum(axis=0) - board.asked
    if (slack < 0).any():
        return True
    telling = np.flatnonzero((most - least).sum(axis=0) > slack)
    if not len(telling):
        return False
    losses = [
        best - np.minimum(board.ways(item)[:, telling], float(item.total)) for best, item in zip(most[:, telling], items, strict=True)
    ]
    twins = [index > 0 and _alike(items[index - 1], item) for index, item in enumerate(items)]
    return _Choice(losses, twins).hopeless(slack[telling], [np.arange(len(loss)) for loss in losses], {})


def _alike(one: Item, other: Item) -> bool:
    return (one.mask, one.per_day, one.total, one.windows) == (other.mask, other.per_day, other.total, other.windows)


class _Choice:
    """Which way each item lies: what it then carries less than at best must not exceed the slack of any part."""

    def __init__(self, losses: Sequence[Floats], twins: Sequence[bool]) -> None:
        self.losses, self.twins, self.nodes = losses, twins, 0

    def hopeless(self, slack: Floats, ways_open: list[Ints], taken: dict[int, int]) -> bool:
        """Whether no choice for the items not in ``taken`` fits into ``slack``. Raises TooMany."""
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise TooMany
        free = [index for index in range(len(self.losses)) if index not in taken]
        if not free:
            return False
        left = {index: self.losses[index][ways_open[index]] for index in free}
        least = {index: loss.min(axis=0) for index, loss in left.items()}
        spare = slack - np.sum(list(least.values()), axis=0)
        if (spare < 0).any():
            return True
        narrowed = list(ways_open)
        for index in free:
            fits: Bools = (left[index] <= spare + least[index]).all(axis=1)
            if index > 0 and self.twins[index] and index - 1 in taken:
                fits &= ways_open[index] >= taken[index - 1]
            if index + 1 < len(self.twins) and self.twins[index + 1] and index + 1 in taken:
                fits &= ways_open[index] <= taken[index + 1]
            narrowed[index] = ways_open[index][fits]
            if not len(narrowed[index]):
                return True
        chosen = min(free, key=lambda index: len(narrowed[index]))
        ways = narrowed[chosen]
        order = np.argsort(self.losses[chosen][ways].sum(axis=1), kind="stable")
        return all(self.hopeless(slack - self.losses[chosen][way], narrowed, {**taken, chosen: way}) for way in ways[order].tolist())
