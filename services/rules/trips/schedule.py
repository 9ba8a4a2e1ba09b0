"""Given the plans on one device: from which day does each run, and what does it carry? Exact, in whole bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import gcd

import numpy as np

from services.rules.trips.catalogue import Ints
from services.rules.trips.demand import Demand
from services.rules.trips.highs import Model
from services.rules.trips.items import Item
from services.rules.trips.parts import positions, stretches

_ORDERS = 24
"""Orders tried by the quick fill before the exact model is asked."""

_COARSE = (1, 12)
"""Numbers of runs at which a set is tried coarsely before it is tried day by day."""

_DENOMINATORS = 60
"""Amounts at a vertex are small fractions of the common unit of all volumes."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An item that runs in ``window`` and carries ``use[day]`` bytes."""

    item: Item
    window: tuple[int, int]
    use: Ints


def quick(items: Sequence[Item], demand: Demand) -> list[Placed] | None:
    """Fill from the left in several orders; a result is a valid schedule, None says nothing."""
    for order, _ in zip(permutations(range(len(items))), range(_ORDERS), strict=False):
        placed = _fill([items[index] for index in order], demand)
        if placed is not None:
            return [placed[order.index(index)] for index in range(len(items))]
    return None


def _fill(order: Sequence[Item], demand: Demand) -> list[Placed] | None:
    rest = demand.need.copy()
    placed = []
    for item in order:
        chosen = [bit for bit in range(rest.shape[1]) if item.mask >> bit & 1]
        asked = np.minimum(rest[:, chosen].max(axis=1), item.per_day)
        due = np.flatnonzero(asked)
        first_due = int(due[0]) if len(due) else 0
        window = next((window for window in item.windows if window[0] >= first_due), item.windows[-1])
        if len(due) and window[0] > first_due:
            window = next((other for other in reversed(item.windows) if other[0] <= first_due <= other[1]), window)
        use = np.zeros(demand.days, np.int64)
        first, last = max(window[0], 0), window[1] + 1
        spent = np.minimum(np.cumsum(asked[first:last]), item.total)
        use[first:last] = np.diff(spent, prepend=0)
        rest[:, chosen] = np.maximum(rest[:, chosen] - use[:, None], 0)
        placed.append(Placed(item, window, use))
    return None if rest.any() else placed


def schedule(items: Sequence[Item], demand: Demand, seconds: float = 60.0) -> list[Placed] | None:
    """Windows and daily use for ``items`` that meet ``demand``, or None when there are none. Raises TimeoutError after ``seconds``."""
    if not demand.need.any():
        return [Placed(item, item.windows[0], np.zeros(demand.days, np.int64)) for item in items]
    if not items or _too_little(items, demand):
        return None
    placed = quick(items, demand)
    if placed is not None:
        return placed
    if not all(_coarsely(items, demand, parts, seconds) for parts in _COARSE):
        return None
    return _exact(items, demand, seconds)


def _too_little(items: Sequence[Item], demand: Demand) -> bool:
    for country in range(len(demand.countries)):
        able = [item for item in items if item.mask >> country & 1]
        if sum(item.total for item in able) < int(demand.need[:, country].sum()):
            return True
    return False


def _coarsely(items: Sequence[Item], demand: Demand, parts: int, seconds: float) -> bool:
    """False when ``items`` cannot be placed even if only runs of days are looked at, not the days in them; True says nothing."""
    runs = stretches(demand, parts)
    unit = max(int(demand.need.max()), 1)
    model = Model()
    slots = {
        (run, country): model.row(int(demand.need[first : last + 1, country].sum()) / unit, np.inf)
        for run, (first, last) in enumerate(runs)
        for country in np.flatnonzero(demand.need[first]).tolist()
    }
    for item in items:
        classes = positions(item.windows, np.minimum(demand.reach(item.mask), item.per_day), runs)
        one = model.row(-np.inf, 1)
        total = model.row(-np.inf, item.total / unit)
        columns = [model.column(0, 0, 1, integer=True) for _ in range(len(classes))]
        for column in columns:
            model.put(one, column, 1)
        for run in np.flatnonzero(classes.max(axis=0, initial=0)).tolist():
            use = model.column(0, 0, np.inf, integer=False)
            link = model.row(-np.inf, 0)
            model.put(total, use, 1)
            model.put(link, use, 1)
            for column, amount in zip(columns, classes[:, run].tolist(), strict=True):
                if amount:
                    model.put(link, column, -amount / unit)
            for country in range(len(demand.countries)):
                if item.mask >> country & 1 and (run, country) in slots:
                    model.put(slots[run, country], use, 1)
    return not model.solve(seconds).infeasible


def _exact(items: Sequence[Item], demand: Demand, seconds: float) -> list[Placed] | None:
    """One binary per item and window, one amount per item and day."""
    unit = gcd(*(int(value) for value in np.unique(demand.need)), *(item.total for item in items), *(item.per_day for item in items))
    model = Model()
    slots = {
        (int(day), int(country)): model.row(int(demand.need[day, country]) / unit, np.inf) for day, country in np.argwhere(demand.need > 0)
    }
    chosen: list[list[int]] = []
    amounts: list[dict[int, int]] = []
    for item in items:
        one = model.row(1, 1)
        total = model.row(-np.inf, item.total / unit)
        reach = np.minimum(demand.reach(item.mask), item.per_day)
        use: dict[int, int] = {}
        links: dict[int, int] = {}
        for day in np.flatnonzero(reach).tolist():
            if not any(first <= day <= last for first, last in item.windows):
                continue
            links[day] = model.row(-np.inf, 0)
            column = model.column(0, 0, np.inf, integer=False)
            use[day] = column
            model.put(links[day], column, 1)
            model.put(total, column, 1)
            for country in range(len(demand.countries)):
                if item.mask >> country & 1 and (day, country) in slots:
                    model.put(slots[day, country], column, 1)
        columns = []
        for first, last in item.windows:
            column = model.column(0, 0, 1, integer=True)
            model.put(one, column, 1)
            for day, link in links.items():
                if first <= day <= last:
                    model.put(link, column, -int(reach[day]) / unit)
            columns.append(column)
        chosen.append(columns)
        amounts.append(use)
    for index in range(len(items) - 1):
        if items[index] == items[index + 1]:
            # copies of one plan are interchangeable: let the earlier one run first
            row = model.row(0, np.inf)
            for position in range(1, len(items[index].windows)):
                model.put(row, chosen[index][position], -position)
                model.put(row, chosen[index + 1][position], position)
    solved = model.solve(seconds)
    if solved.values is None:
        if solved.infeasible:
            return None
        raise TimeoutError
    windows = [item.windows[int(np.argmax(solved.values[columns]))] for item, columns in zip(items, chosen, strict=True)]
    return whole_bytes(items, windows, demand, [{day: float(solved.values[c]) for day, c in use.items()} for use in amounts], unit)


def whole_bytes(
    items: Sequence[Item], windows: Sequence[tuple[int, int]], demand: Demand, amounts: Sequence[dict[int, float]], unit: int
) -> list[Placed] | None:
    """The amounts of the exact model (in ``unit`` bytes, with the noise of floating point) as whole bytes that meet every row exactly.

    None when whole bytes cannot: the purchases then meet the need only by the solver's tolerance.
    """
    uses = []
    for item, (first, last), amount in zip(items, windows, amounts, strict=True):
        use = np.zeros(demand.days, np.int64)
        left = item.total
        for day, value in sorted(amount.items()):
            if first <= day <= last and left > 0:
                use[day] = min(int(Fraction(max(value, 0.0)).limit_denominator(_DENOMINATORS) * unit), item.per_day, left)
                left -= int(use[day])
        uses.append(use)
    for day, country in np.argwhere(demand.need > 0).tolist():
        missing = int(demand.need[day, country]) - sum(
            int(use[day]) for item, use in zip(items, uses, strict=True) if item.mask >> country & 1
        )
        for item, (first, last), use in zip(items, windows, uses, strict=True):
            if missing > 0 and item.mask >> country & 1 and first <= day <= last:
                more = min(missing, item.per_day - int(use[day]), item.total - int(use.sum()))
                use[day] += more
                missing -= more
        if missing > 0:
            return None
    return [Placed(item, window, use) for item, window, use in zip(items, windows, uses, strict=True)]
