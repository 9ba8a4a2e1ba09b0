"""Parts of a trip, and what plans can carry there at most: the sums by which sets of plans are judged before they are placed."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from services.rules.trips.catalogue import Ints
from services.rules.trips.demand import Demand
from services.rules.trips.items import Item

Part = tuple[int, ...]
"""Per day of the trip the countries looked at, as bits; 0 leaves the day out."""

_SUBSETS_UP_TO = 4
"""All subsets of this many countries are looked at; of more countries single ones, pairs, and all but one."""

_SPANS = 8
"""Stretches of days are looked at from each of at most this many places to each."""


def stretches(demand: Demand, parts: int) -> list[tuple[int, int]]:
    """Runs of days with equal need (days at home left out), the long ones split so that about ``parts`` result."""
    longest = max(1, -(-demand.days // parts))
    found: list[tuple[int, int]] = []
    day = 0
    while day < demand.days:
        end = day
        while end + 1 < demand.days and (demand.need[end + 1] == demand.need[day]).all():
            end += 1
        if demand.need[day].any():
            pieces = -(-(end - day + 1) // longest)
            edges = [day + (end - day + 1) * piece // pieces for piece in range(pieces + 1)]
            found += [(first, after - 1) for first, after in pairwise(edges)]
        day = end + 1
    return found


def positions(windows: Sequence[tuple[int, int]], carried: Ints, runs: Sequence[tuple[int, int]]) -> Ints:
    """Where a plan can lie, coarsely: per class of windows the bytes it can carry in each run at most, shape (classes, runs).

    Windows that touch the same first and last run are one class, with the most that any of them carries in each run. A class that another
    one covers is dropped.
    """
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(carried)))
    days = len(carried)
    first = np.asarray([max(window[0], 0) for window in windows])
    after = np.asarray([min(window[1] + 1, days) for window in windows])
    begin = np.asarray([run[0] for run in runs])
    end = np.asarray([run[1] + 1 for run in runs])
    low = np.maximum(first[:, None], begin[None, :])
    high = np.maximum(np.minimum(after[:, None], end[None, :]), low)
    inside = sums[np.minimum(high, days)] - sums[np.minimum(low, days)]
    touched = inside > 0
    alive = touched.any(axis=1)
    inside, touched = inside[alive], touched[alive]
    names = touched.argmax(axis=1) * len(runs) + (len(runs) - 1 - touched[:, ::-1].argmax(axis=1))
    classes = np.stack([inside[names == name].max(axis=0) for name in np.unique(names)]) if len(inside) else inside
    keep: list[int] = []
    for index in np.argsort(-classes.sum(axis=1), kind="stable").tolist():
        if not any((classes[other] >= classes[index]).all() for other in keep):
            keep.append(index)
    return classes[keep]


def usual_parts(demand: Demand) -> list[Part]:
    """The whole trip first, then subsets of its countries on all days, then stretches of its days."""
    everything = (1 << len(demand.countries)) - 1
    bits = range(len(demand.countries))
    if len(demand.countries) <= _SUBSETS_UP_TO:
        subsets = list(range(1, everything))
    else:
        subsets = [1 << bit for bit in bits] + [1 << one | 1 << two for one, two in combinations(bits, 2)]
        subsets += [everything & ~(1 << bit) for bit in bits]
    runs = stretches(demand, 1)
    edges = runs if len(runs) <= _SPANS else [runs[len(runs) * place // _SPANS] for place in range(_SPANS)]
    spans = [(one[0], two[1]) for index, one in enumerate(edges) for two in edges[index:]]
    found = [(subset,) * demand.days for subset in (everything, *subsets)]
    found += [tuple(everything if first <= day <= last else 0 for day in range(demand.days)) for first, last in spans]
    return list(dict.fromkeys(found))


def reach_in(demand: Demand, mask: int, part: Part) -> Ints:
    """Per day, the most that a plan covering ``mask`` can be asked for within ``part``: bytes, shape (days,)."""
    seen = np.asarray(part, np.int64)[:, None] & mask & (1 << np.arange(len(demand.countries)))[None, :]
    most: Ints = np.where(seen != 0, demand.need, 0).max(axis=1)
    return most


def asked_of(demand: Demand, parts: Sequence[Part]) -> Ints:
    """Bytes needed in each part: per day the largest need of its countries."""
    return np.asarray([int(reach_in(demand, -1, part).sum()) for part in parts], np.int64)


def carried_by(items: Sequence[Item], demand: Demand, parts: Sequence[Part]) -> Ints:
    """The most bytes each item can carry in each part, over all its windows; shape (items, parts)."""
    memo: dict[tuple[tuple[tuple[int, int], ...], int, int], Ints] = {}
    reaches: dict[int, Ints] = {}
    most = np.zeros((len(items), len(parts)), np.int64)
    for index, item in enumerate(items):
        shape = (item.windows, item.mask, item.per_day)
        if shape not in memo:
            if item.mask not in reaches:
                reaches[item.mask] = np.stack([reach_in(demand, item.mask, part) for part in parts])
            sums = np.zeros((len(parts), demand.days + 1), np.int64)
            np.cumsum(np.minimum(reaches[item.mask], item.per_day), axis=1, out=sums[:, 1:])
            first, after = _edges(item, demand.days)
            memo[shape] = (sums[:, after] - sums[:, first]).max(axis=1)
        most[index] = np.minimum(memo[shape], item.total)
    return most


def _edges(item: Item, days: int) -> tuple[Ints, Ints]:
    first = np.clip(np.asarray([window[0] for window in item.windows], np.int64), 0, days)
    after = np.clip(np.asarray([window[1] + 1 for window in item.windows], np.int64), 0, days)
    return first, after
