"""Given the plans on one device: from which day does each run, and what does it carry? Exact, in whole bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd

import numpy as np

from services.rules.trips.catalogue import Bools, Ints
from services.rules.trips.demand import Demand
from services.rules.trips.highs import Model
from services.rules.trips.items import Item
from services.rules.trips.refute import TooMany, refuted

_ORDERS = 120
"""Beginnings of orders that the quick fill goes on with at most: of five items all there are."""

_REFUTED_AT = (1, 12, 36)
"""Numbers of runs of days at which a set is looked at before the exact model is asked."""

_DENOMINATORS = 60
"""Amounts at a vertex are small fractions of the common unit of all volumes."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An item that runs in ``window`` and carries ``use[day]`` bytes."""

    item: Item
    window: tuple[int, int]
    use: Ints


def quick(items: Sequence[Item], demand: Demand) -> list[Placed] | None:
    """Fill from the left in many orders at once; a result is a valid schedule, None says nothing.

    Of the beginnings of orders only those are gone on with after which the items left have enough data for what is left to carry.
    """
    if not items:
        return None if demand.need.any() else []
    days = np.arange(demand.days)
    totals = [min(item.total, int(demand.need.sum())) for item in items]
    bits = [[bit for bit in range(len(demand.countries)) if item.mask >> bit & 1] for item in items]
    rest, done, spare = demand.need[None], np.zeros((1, len(items)), np.bool_), np.asarray([sum(totals)], np.int64)
    steps: list[list[tuple[int, int, int, Ints]]] = []
    for _ in items:
        grown: list[tuple[Ints, Bools, Ints]] = []
        step: list[tuple[int, int, int, Ints]] = []
        for number, item in enumerate(items):
            ready = ~done[:, number]
            if number and items[number - 1] == item:
                ready &= done[:, number - 1]
            which = np.flatnonzero(ready)
            left = rest[which]
            asked = np.minimum(left[:, :, bits[number]].max(axis=2), item.per_day)
            first, after, choice = _windows_from(item.windows, demand.days)
            window = choice[(asked > 0).argmax(axis=1)]
            asked[(days < first[window][:, None]) | (days >= after[window][:, None])] = 0
            use = np.diff(np.minimum(np.cumsum(asked, axis=1), totals[number]), axis=1, prepend=0)
            left[:, :, bits[number]] = np.maximum(left[:, :, bits[number]] - use[:, :, None], 0)
            over = spare[which] - totals[number]
            kept = np.flatnonzero(left.max(axis=2).sum(axis=1) <= over)
            if len(kept):
                after_it = done[which[kept]]
                after_it[:, number] = True
                grown.append((left[kept], after_it, over[kept]))
                step += [(int(which[one]), number, int(window[one]), use[one]) for one in kept.tolist()]
        if not grown:
            return None
        rest, done, spare = (np.concatenate(columns) for columns in zip(*grown, strict=True))
        if len(step) > _ORDERS:
            best = np.argsort(rest.max(axis=2).sum(axis=1) - spare, kind="stable")[:_ORDERS]
            rest, done, spare, step = rest[best], done[best], spare[best], [step[one] for one in best.tolist()]
        steps.append(step)
    placed: dict[int, Placed] = {}
    at = 0
    for step in reversed(steps):
        at, number, chosen, use = step[at]
        placed[number] = Placed(items[number], items[number].windows[chosen], use)
    return [placed[number] for number in range(len(items))]


@lru_cache(maxsize=512)
def _windows_from(windows: tuple[tuple[int, int], ...], days: int) -> tuple[Ints, Ints, Ints]:
    """First days of ``windows``, the days after their last, and per day of the trip which to take when that day is the first to carry:
    the one that begins there, else the last that reaches it, else the next, else the last of all.
    """
    first, after = (np.asarray(edge, np.int64) for edge in zip(*((begin, end + 1) for begin, end in windows), strict=True))
    day = np.arange(max(days, 1))
    begun = np.searchsorted(first, day, side="right") - 1
    reaches = (begun >= 0) & (after[begun] > day)
    choice: Ints = np.where(reaches, begun, np.minimum(begun + 1, len(windows) - 1))
    return first, after, choice


def schedule(items: Sequence[Item], demand: Demand, seconds: float = 60.0) -> list[Placed] | None:
    """Windows and daily use for ``items`` that meet ``demand``, or None when there are none. Raises TimeoutError after ``seconds``."""
    if not demand.need.any():
        return [Placed(item, item.windows[0], np.zeros(demand.days, np.int64)) for item in items]
    if not items or _too_little(items, demand):
        return None
    if _refuted(items, demand, _REFUTED_AT[:1]):
        return None
    placed = quick(items, demand)
    if placed is not None:
        return placed
    return None if _refuted(items, demand, _REFUTED_AT[1:]) else _exact(items, demand, seconds)


def _refuted(items: Sequence[Item], demand: Demand, runs: Sequence[int]) -> bool:
    try:
        return any(refuted(items, demand, parts) for parts in runs)
    except TooMany:
        return False


def _too_little(items: Sequence[Item], demand: Demand) -> bool:
    for country in range(len(demand.countries)):
        able = [item for item in items if item.mask >> country & 1]
        if sum(item.total for item in able) < int(demand.need[:, country].sum()):
            return True
    return False


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
