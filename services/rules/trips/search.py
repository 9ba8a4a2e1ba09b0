"""Which plans, for one device without top-ups: best-first search over sets of plans, exact in integers.

A set of plans can only be enough if, for every part of the trip one looks at, the most its plans can carry there adds up to the need there.
Parts are stretches of days with some of the countries. What covering a part costs at least bounds every completion of a set from below
(``bounds.py``). Sets whose parts all add up are given to the scheduler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from services.model.itinerary import Source
from services.rules.trips.bounds import INFINITE, Blend, Tables, weights
from services.rules.trips.catalogue import Bools, Ints
from services.rules.trips.demand import Demand
from services.rules.trips.items import Item
from services.rules.trips.parts import Part, asked_of, carried_by, usual_parts
from services.rules.trips.refute import short_part
from services.rules.trips.schedule import Placed, quick, schedule


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """``cost``: of the placed new plans, None when there is no answer within the ceiling; ``bound``: no answer costs less."""

    cost: int | None
    bound: int
    placed: tuple[Placed, ...]
    installs: int
    proved: bool


@dataclass(slots=True)
class Frontier:
    """Sets still to be extended, in columns. ``members`` are padded with -1."""

    bound: Ints
    cost: Ints
    members: Ints
    installs: Ints
    rest: Ints

    def take(self, which: Ints | Bools) -> "Frontier":
        return Frontier(self.bound[which], self.cost[which], self.members[which], self.installs[which], self.rest[which])

    @staticmethod
    def joined(several: Sequence["Frontier"]) -> "Frontier":
        return Frontier(
            np.concatenate([one.bound for one in several]),
            np.concatenate([one.cost for one in several]),
            np.concatenate([one.members for one in several]),
            np.concatenate([one.installs for one in several]),
            np.concatenate([one.rest for one in several]),
        )


def _stronger(items: Sequence[Item]) -> Bools:
    """Whether the second carries no less than the first wherever that runs; shape (items, items).

    New plans start on any day, so a longer one reaches as far; cards and top-ups may have to start by a certain day.
    """
    total, per_day, mask, days = (
        np.asarray(column, np.int64)
        for column in zip(*((item.total, item.per_day, item.mask, item.windows[0][1] - item.windows[0][0]) for item in items), strict=True)
    )
    found: Bools = (total >= total[:, None]) & (per_day >= per_day[:, None]) & (mask[:, None] & ~mask == 0) & (days >= days[:, None])
    for weak, strong in np.argwhere(found).tolist():
        one, other = items[weak], items[strong]
        if one.source is not Source.NEW or other.source is not Source.NEW:
            found[weak, strong] = all(any(first <= begin and end <= last for first, last in other.windows) for begin, end in one.windows)
    return found


def matched(able: Bools) -> Bools:
    """Where each member can be given one of its own; ``able[member, row, place]`` with at most six places, shape (rows,).

    The 64 bits of a number per row stand for the sets of places that can have been given away.
    """
    members, rows, places = able.shape
    given = np.ones(rows, np.uint64)
    without = [sum(1 << taken for taken in range(1 << places) if not taken >> place & 1) for place in range(places)]
    for member in range(members):
        before, given = given, np.zeros(rows, np.uint64)
        for place in range(places):
            more = (before & np.uint64(without[place])) << np.uint64(1 << place)
            given |= np.where(able[member, :, place], more, np.uint64(0))
    found: Bools = given != 0
    return found


_MOST_MATCHED = 6
"""Only sets of at most so many plans are compared with sets that cannot be placed: in larger ones that takes longer than it spares."""

_BATCH = 256
"""Sets extended at once."""

_SLACK = 200
"""Sets within a 1/200 of the lowest bound are looked at before the others."""

_BLEND_AFTER = 500
"""So many sets are looked at with the blends made for more plans before there is one for this number of plans."""

_SHARPEN_AFTER = 3000
"""So many sets are looked at before blends are made for the cheaper items alone."""

_STEPS = 10
"""Steps of price for which there are blends of the items from there on."""

_LAST_TRIES = 20
"""Complete sets tried when the time is up."""


@dataclass(slots=True)
class Search:
    """The sets of ``items`` for one carrier with ``demand``, beside the free items ``always``.

    ``fee``: micro-units per install. ``people``: travellers who share the carrier, each with an order of her own at every seller.
    ``ceiling``: no dearer answer is looked for. ``repeats``: most items without install (top-ups) in one answer.
    """

    items: Sequence[Item]
    always: Sequence[Item]
    demand: Demand
    fee: int
    people: int
    ceiling: int
    repeats: int = 0
    parts: list[Part] = field(init=False)
    cost: Ints = field(init=False)
    group: Ints = field(init=False)
    installs: Ints = field(init=False)
    most: Ints = field(init=False)
    tables: Tables = field(init=False)
    missing: Ints = field(init=False)
    tried: dict[tuple[int, ...], tuple[Placed, ...] | None] = field(init=False)
    blends: list[Blend] = field(init=False)
    hopeless: Ints = field(init=False)
    stronger: Bools | None = field(init=False)
    sharp: list[tuple[int, Blend]] = field(init=False)
    expanded: int = 0

    def __post_init__(self) -> None:
        self.items = sorted(self.items, key=lambda item: (-item.price, item.key, item.group))
        self.parts = usual_parts(self.demand)
        self.tried = {}
        carried = carried_by(self.items, self.demand, self.parts)
        asked = asked_of(self.demand, self.parts)
        columns = np.unique(np.vstack((asked, carried)), axis=1, return_index=True)[1]
        columns = np.concatenate(([0], columns[columns != 0]))
        self.parts = [self.parts[column] for column in columns.tolist()]
        free = carried_by(self.always, self.demand, self.parts).sum(axis=0) if self.always else 0
        self.missing = np.maximum(asked[columns] - free, 0)
        self.cost = np.asarray([item.price + self.fee * item.installs for item in self.items], np.int64)
        self.installs = np.asarray([item.installs for item in self.items], np.int64)
        self.most = np.asarray([item.most for item in self.items], np.int64)
        self.group = np.asarray([item.group for item in self.items], np.int64)
        self.tables = Tables(carried[:, columns], self.cost, self.missing, self.ceiling)
        self.blends = []
        self.hopeless = np.zeros((0, _MOST_MATCHED), np.int64)
        self.stronger = None
        self.sharp = []

    def _blend(self, installs: int) -> None:
        weight = weights(self.tables, self.group, self.people, installs)
        if weight is not None and not any((weight == blend.weight).all() for blend in self.blends):
            self.blends.append(Blend.of(weight, self.tables, self.group, self.people, installs))

    def cheapest(self, installs: int, until: float, cancelled: Callable[[], bool] | None = None) -> Found:
        """The cheapest set with at most ``installs`` installs that costs at most the ceiling and can be scheduled."""
        ceiling, size = self.ceiling, installs + self.repeats
        if not self.items or not size or not self.missing.any():
            placed = self._place(())
            if placed is not None:
                return Found(0, 0, placed, 0, True)
            if not self.items or not size:
                return Found(None, INFINITE, (), 0, True)
        if len(self.tables.at) <= size:
            self.tables.grow(size)
        blended = not any(size < len(blend.least) for blend in self.blends)
        if blended:
            self._blend(size)
        nothing = np.zeros(1, np.int64)
        root = Frontier(nothing, nothing, np.full((1, size), -1, np.int64), nothing, self.missing[None, :])
        for part in range(len(self.parts)):
            root.bound = np.maximum(root.bound, self.tables.least(size, part, root.rest[:, part]))
        for blend in self.blends:
            if size < len(blend.least):
                root.bound = np.maximum(root.bound, blend.bound(size, root.rest))
        pool, later = root.take(np.zeros(0, np.int64)), [root]
        edge, begun, sharpened = 0, self.expanded, False
        while True:
            if not len(pool.bound):
                # the next sets in order of their bound; those beyond the edge stay as they are meanwhile
                everything = Frontier.joined(later)
                everything = everything.take(everything.bound <= ceiling)
                if not len(everything.bound):
                    return Found(None, ceiling + 1, (), 0, True)
                edge = int(everything.bound.min()) * (_SLACK + 1) // _SLACK
                pool, later = everything.take(everything.bound <= edge), [everything.take(everything.bound > edge)]
            lowest = int(pool.bound.min())
            if monotonic() > until or (cancelled is not None and cancelled()):
                return self._stopped(Frontier.joined([pool, *later]), lowest)
            if not blended and self.expanded - begun > _BLEND_AFTER:
                blended = True
                self._blend(size)
            if self.blends and not sharpened and self.expanded - begun > _SHARPEN_AFTER:
                sharpened = True
                pool, later = pool.take(np.zeros(0, np.int64)), [self._sharpened(Frontier.joined([pool, *later]), size)]
                continue
            near = np.arange(len(pool.bound))
            if len(near) > _BATCH:
                near = near[np.argpartition(pool.bound[near], _BATCH - 1)[:_BATCH]]
            complete = ~pool.rest[near].any(axis=1)
            growing = near[~complete].tolist()
            known = len(self.parts)
            for index in near[complete & (pool.bound[near] == lowest)].tolist():
                members = self._members(pool, index)
                try:
                    placed = self._place(members, max(until - monotonic(), 0.1))
                except TimeoutError:
                    return self._stopped(Frontier.joined([pool, *later]), lowest)
                if placed is not None:
                    return Found(lowest, lowest, placed, int(pool.installs[index]), True)
                if len(self.parts) > known:
                    break
                growing.append(index)
            if len(self.parts) > known:
                pool, later = pool.take(np.zeros(0, np.int64)), [self._with_new_part(Frontier.joined([pool, *later]), size)]
                continue
            waiting = np.ones(len(pool.bound), np.bool_)
            waiting[growing] = False
            grown = self._extend(pool.take(np.asarray(growing, np.int64)), installs, size, ceiling)
            pool = Frontier.joined([pool.take(waiting), grown.take(grown.bound <= edge)])
            later.append(grown.take(grown.bound > edge))

    @staticmethod
    def _members(sets: Frontier, index: int) -> tuple[int, ...]:
        return tuple(member for member in sets.members[index].tolist() if member >= 0)

    def _stopped(self, pool: Frontier, lowest: int) -> Found:
        """The cheapest of the few cheapest complete sets that can be placed at once."""
        complete = np.flatnonzero(~pool.rest.any(axis=1))
        for index in complete[np.argsort(pool.cost[complete], kind="stable")][:_LAST_TRIES].tolist():
            members = self._members(pool, index)
            placed = quick([*self.always, *(self.items[member] for member in members)], self.demand)
            if placed is not None:
                return Found(int(pool.cost[index]), lowest, tuple(placed), int(pool.installs[index]), False)
        return Found(None, lowest, (), 0, False)

    def _place(self, members: tuple[int, ...], seconds: float = 60.0) -> tuple[Placed, ...] | None:
        """Where the members run; None when they cannot. A part that shows why they cannot is looked at from then on."""
        if members not in self.tried:
            if self._is_hopeless(members):
                self.tried[members] = None
                return None
            items = [*self.always, *(self.items[member] for member in members)]
            part = short_part(items, self.demand)
            if part is not None:
                self._look_at(part)
                return None
            placed = schedule(items, self.demand, seconds)
            if placed is None and len(members) <= _MOST_MATCHED:
                self.hopeless = np.vstack((self.hopeless, [*members, *[-1] * (_MOST_MATCHED - len(members))]))
            self.tried[members] = None if placed is None else tuple(placed)
        return self.tried[members]

    def _is_hopeless(self, members: tuple[int, ...]) -> bool:
        """Whether a set that carries no less cannot be placed."""
        if not len(self.hopeless) or not 0 < len(members) <= _MOST_MATCHED:
            return False
        if self.stronger is None:
            self.stronger = _stronger(self.items)
        known = self.hopeless[:, (self.hopeless >= 0).any(axis=0)]
        able = self.stronger[np.asarray(members)][:, known] & (known >= 0)
        likely = able.any(axis=2).all(axis=0)
        return bool(likely.any()) and bool(matched(able[:, likely]).any())

    def _look_at(self, part: Part) -> None:
        """One more part in all the tables."""
        free = int(carried_by(self.always, self.demand, [part]).sum())
        missing = max(int(asked_of(self.demand, [part])[0]) - free, 0)
        self.parts.append(part)
        self.missing = np.append(self.missing, missing)
        self.tables.add(carried_by(self.items, self.demand, [part]), missing)
        for blend in (*self.blends, *(blend for _, blend in self.sharp)):
            blend.weight = np.append(blend.weight, 0)

    def _sharpened(self, sets: Frontier, most: int) -> Frontier:
        """``sets`` bounded by what is left to them: items come in order of price: after a cheap one only cheap ones come."""
        starts = [len(self.items) * step // _STEPS for step in range(1, _STEPS)]
        weight = self.blends[-1].weight
        self.sharp = [(start, Blend.of(weight, self.tables, self.group, self.people, most, start)) for start in starts]
        bound, size = sets.bound.copy(), (sets.members >= 0).sum(axis=1)
        last = sets.members.max(axis=1, initial=-1)
        for start, blend in self.sharp:
            for used in np.unique(size).tolist():
                here = np.flatnonzero((size == used) & (last >= start))
                bound[here] = np.maximum(bound[here], sets.cost[here] + blend.bound(most - used, sets.rest[here]))
        return Frontier(bound, sets.cost, sets.members, sets.installs, sets.rest)

    def _with_new_part(self, sets: Frontier, most: int) -> Frontier:
        """``sets`` with what the part added last asks of them still."""
        part = len(self.parts) - 1
        carried = np.append(self.tables.carried[:, part], 0)
        rest = np.maximum(self.missing[part] - carried[sets.members].sum(axis=1), 0)
        bound, size = sets.bound.copy(), (sets.members >= 0).sum(axis=1)
        for used in np.unique(size).tolist():
            here = size == used
            bound[here] = np.maximum(bound[here], sets.cost[here] + self.tables.least(most - used, part, rest[here]))
        return Frontier(bound, sets.cost, sets.members, sets.installs, np.column_stack((sets.rest, rest)))

    def _extend(self, sets: Frontier, installs: int, most: int, ceiling: int) -> Frontier:
        """Every set with one more item, in the order of the items, that can still be completed within ``ceiling``."""
        size = (sets.members >= 0).sum(axis=1)
        grown = []
        for used in np.unique(size[size < most]).tolist():
            here = sets.take(size == used)
            left = most - used - 1
            after = here.members[:, used - 1] if used else np.zeros(len(here.cost), np.int64)
            one, item = np.nonzero(np.arange(len(self.items))[None, :] >= after[:, None])
            cost = here.cost[one] + self.cost[item]
            bound = cost.copy()
            alive = np.flatnonzero((cost <= ceiling) & (here.installs[one] + self.installs[item] <= installs))
            one, item, cost, bound = one[alive], item[alive], cost[alive], bound[alive]
            if used:
                taken = (self.group[here.members[one, :used]] == self.group[item][:, None]).sum(axis=1)
                copies = (here.members[one, :used] == item[:, None]).sum(axis=1)
                fine = ((self.group[item] < 0) | (taken < self.people)) & (copies < self.most[item])
                one, item, cost, bound = one[fine], item[fine], cost[fine], bound[fine]
            for part in range(len(self.parts)):
                rest = here.rest[one, part] - self.tables.carried[item, part]
                bound = np.maximum(bound, cost + self.tables.least(left, part, rest))
                fine = bound <= ceiling
                one, item, cost, bound = one[fine], item[fine], cost[fine], bound[fine]
            self.expanded += len(one)
            rest = np.maximum(here.rest[one] - self.tables.carried[item], 0)
            for blend in self.blends:
                if left < len(blend.least):
                    bound = np.maximum(bound, cost + blend.bound(left, rest))
            for start, blend in self.sharp:
                if left < len(blend.least):
                    later = np.flatnonzero((item >= start) & (bound <= ceiling))
                    bound[later] = np.maximum(bound[later], cost[later] + blend.bound(left, rest[later]))
            fine = bound <= ceiling
            one, item, cost, bound, rest = one[fine], item[fine], cost[fine], bound[fine], rest[fine]
            members = here.members[one].copy()
            members[:, used] = item
            grown.append(Frontier(np.maximum(bound, here.bound[one]), cost, members, here.installs[one] + self.installs[item], rest))
        return Frontier.joined(grown) if grown else sets.take(np.zeros(0, np.int64))
