"""What covering what is left costs at least: a table for each part of a trip, and one for a weighted sum of parts.

Each part alone is a one-dimensional covering problem whose exact cost is kept in a table; the largest over the parts bounds every
completion of a set of plans from below.
"""

from dataclasses import dataclass, field

import numpy as np

from services.rules.trips.catalogue import Ints
from services.rules.trips.highs import Model

INFINITE = 2**60
"""Cost of what cannot be done."""


def _stairs(amounts: Ints, costs: Ints) -> tuple[Ints, Ints]:
    """The undominated (amount, cost) pairs, both ascending."""
    order = np.lexsort((-amounts, costs))
    amounts, costs = amounts[order], costs[order]
    best = np.maximum.accumulate(amounts)
    keep = np.ones(len(amounts), np.bool_)
    keep[1:] = amounts[1:] > best[:-1]
    return amounts[keep], costs[keep]


@dataclass(slots=True)
class Tables:
    """``at[m][part]``: what covering an amount of that part costs at least with at most ``m`` items."""

    carried: Ints
    cost: Ints
    asked: Ints
    ceiling: int
    at: list[list[tuple[Ints, Ints]]] = field(default_factory=list)

    def grow(self, items: int) -> None:
        """Make tables up to ``items`` items."""
        if not self.at:
            nothing = (np.zeros(1, np.int64), np.zeros(1, np.int64))
            self.at.append([nothing for _ in self.asked])
        while len(self.at) <= items:
            self.at.append([self._level(len(self.at), part) for part in range(len(self.asked))])

    def add(self, carried: Ints, asked: int) -> None:
        """One more part: bytes carried by each item, shape (items, 1), and bytes asked."""
        self.carried = np.column_stack((self.carried, carried))
        self.asked = np.append(self.asked, asked)
        if not self.at:
            return
        self.at[0].append((np.zeros(1, np.int64), np.zeros(1, np.int64)))
        for count in range(1, len(self.at)):
            self.at[count].append(self._level(count, len(self.asked) - 1))

    def _level(self, items: int, part: int) -> tuple[Ints, Ints]:
        before, full = self.at[items - 1][part], int(self.asked[part])
        if items == 1:
            amounts, costs = np.minimum(self.carried[:, part], full), self.cost
        else:
            single = self.at[1][part]
            amounts = np.minimum(np.add.outer(before[0], single[0]).ravel(), full)
            costs = np.add.outer(before[1], single[1]).ravel()
            affordable = costs <= self.ceiling
            amounts, costs = amounts[affordable], costs[affordable]
        return _stairs(np.concatenate((before[0], amounts)), np.concatenate((before[1], costs)))

    def least(self, items: int, part: int, amounts: Ints) -> Ints:
        """Least cost of covering each of ``amounts`` of ``part`` with at most ``items`` items."""
        covers, costs = self.at[items][part]
        place = np.searchsorted(covers, amounts, "left")
        found: Ints = np.where(place < len(covers), costs[np.minimum(place, len(covers) - 1)], INFINITE)
        return found


_GRID = 2000
"""Cells of a blend's table. Amounts are rounded up to whole cells, which keeps the bound valid."""


@dataclass(slots=True)
class Blend:
    """A weighted sum of parts as one covering problem, with once-offers used once per person: stronger than any part alone.

    ``weight``: whole numbers per part. ``least[m][y]``: least cost of ``y`` cells with at most ``m`` items.
    """

    weight: Ints
    cell: int
    least: Ints

    @classmethod
    def of(cls, weight: Ints, tables: Tables, group: Ints, people: int, items: int, start: int = 0) -> "Blend":
        """The blend of the items from number ``start`` on."""
        carried = np.minimum(tables.carried, tables.asked[None, :]) @ weight
        cell = max(1, -(-int(tables.asked @ weight) // _GRID))
        cells = np.minimum(-(-carried // cell), _GRID)
        least = np.full((items + 1, _GRID + 1), INFINITE, np.int64)
        least[:, 0] = 0
        for seller in np.unique(group[group >= 0]).tolist():
            members = start + np.flatnonzero(group[start:] == seller)
            for _ in range(people):
                before = least.copy()
                for member in members.tolist():
                    _offer(least, before, int(cells[member]), int(tables.cost[member]))
        for member in (start + np.flatnonzero(group[start:] < 0)).tolist():
            for used in range(1, items + 1):
                _offer(least[used : used + 1], least[used - 1 : used], int(cells[member]), int(tables.cost[member]), step=0)
        # more than asked is as good as what is asked
        np.minimum.accumulate(least[:, ::-1], axis=1, out=least[:, ::-1])
        np.minimum.accumulate(least, axis=0, out=least)
        return cls(weight, cell, least)

    def bound(self, items: int, rest: Ints) -> Ints:
        """Least cost of covering each row of ``rest`` (bytes per part, none negative) with at most ``items`` items."""
        found: Ints = self.least[items, np.minimum(-(-(rest @ self.weight) // self.cell), _GRID)]
        return found


def _offer(least: Ints, before: Ints, cells: int, cost: int, step: int = 1) -> None:
    """Improve ``least[m][y]`` by one item on top of ``before[m - step][y - cells]``; what exceeds the last cell counts as the last."""
    if not cells:
        return
    source = before[: len(before) - step] if step else before
    target = least[step:]
    np.minimum(target[:, cells:], source[:, : _GRID + 1 - cells] + cost, out=target[:, cells:])
    np.minimum(target[:, _GRID], source[:, _GRID + 1 - cells :].min(axis=1) + cost, out=target[:, _GRID])


def weights(tables: Tables, group: Ints, people: int, items: int) -> Ints | None:
    """Weights for a blend: dual prices of the parts in the linear relaxation. Any are valid; these are the strongest at the start."""
    model = Model()
    parts = [model.row(1, np.inf) for _ in tables.asked]
    count = model.row(-np.inf, items)
    sellers = {seller: model.row(-np.inf, people) for seller in np.unique(group[group >= 0]).tolist()}
    share = np.minimum(tables.carried / np.maximum(tables.asked, 1), 1)
    columns = [model.column(cost / 10_000, 0, np.inf, integer=False) for cost in tables.cost.tolist()]
    item, part = np.nonzero(share)
    model.put_all(
        [parts[0] + place for place in part.tolist()], [columns[0] + index for index in item.tolist()], share[item, part].tolist()
    )
    model.put_all([count] * len(columns), columns, [1.0] * len(columns))
    once = [index for index, seller in enumerate(group.tolist()) if seller >= 0]
    model.put_all([sellers[int(group[index])] for index in once], [columns[index] for index in once], [1.0] * len(once))
    prices = model.prices()
    if prices is None:
        return None
    price = np.maximum(prices[: len(parts)], 0)
    if not price.max() > 0:
        return None
    # weights count per byte: the same price on a smaller part weighs more
    per_byte = price / np.maximum(tables.asked, 1)
    whole: Ints = np.round(per_byte / per_byte.max() * 1000).astype(np.int64)
    return whole
