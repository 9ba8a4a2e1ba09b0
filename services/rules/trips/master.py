"""Which plans? The relaxation that leaves the exact days open: a small integer model over stretches of days."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.rules.trips.catalogue import Ints
from services.rules.trips.demand import Demand
from services.rules.trips.highs import Floats, Model
from services.rules.trips.items import Item
from services.rules.trips.parts import positions, stretches

PRICE_UNIT = 10_000
"""Micro-units in one unit of the objective (a cent): keeps prices well above the solver's tolerances and well below its precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One carrier: its demand and what could be put on it. ``owners``: the travellers whose once-offers it uses up,
    ``orders`` how many each seller grants them.
    """

    demand: Demand
    items: tuple[Item, ...]
    owners: tuple[str, ...]
    orders: int


Chosen = tuple[tuple[int, int], ...]
"""(index of an item, copies), copies > 0, in order."""


@dataclass(slots=True)
class Master:
    """The relaxation for some carriers at a given coarseness. Build once per coarseness, solve for each number of installs."""

    blocks: Sequence[Block]
    fee: int
    parts: int
    model: Model = field(default_factory=Model)
    install_rows: list[int] = field(default_factory=list)
    columns: list[list[list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        once: dict[tuple[tuple[str, ...], int], int] = {}
        cards: dict[tuple[str, str], int] = {}
        for block in self.blocks:
            self._add(block, once, cards)

    def _add(self, block: Block, once: dict[tuple[tuple[str, ...], int], int], cards: dict[tuple[str, str], int]) -> None:
        model, demand = self.model, block.demand
        runs = stretches(demand, self.parts)
        unit = max(int(demand.need.max()), 1)
        asked = np.stack([demand.need[first : last + 1].sum(axis=0) for first, last in runs])
        slots = {(run, country): model.row(int(asked[run, country]) / unit, np.inf) for run, country in np.argwhere(asked > 0).tolist()}
        installs = model.row(-np.inf, 0)
        self.install_rows.append(installs)
        memo: dict[tuple[int, int, tuple[tuple[int, int], ...]], tuple[Ints, Ints]] = {}
        columns: list[list[int]] = []
        for item in block.items:
            shape = (item.mask, item.per_day, item.windows)
            if shape not in memo:
                reach = np.minimum(demand.reach(item.mask), item.per_day)
                memo[shape] = (positions(item.windows, reach, runs), reach)
            classes, reach = memo[shape]
            countries = [bit for bit in range(len(demand.countries)) if item.mask >> bit & 1]
            cost = (item.price + self.fee * item.installs) / PRICE_UNIT
            mine = [model.column(cost, 0, item.most, integer=True) for _ in range(len(classes))]
            columns.append(mine)
            if item.installs:
                for column in mine:
                    model.put(installs, column, 1)
            if item.group >= 0:
                held = (block.owners, item.group)
                if held not in once:
                    once[held] = model.row(-np.inf, block.orders)
                for column in mine:
                    model.put(once[held], column, 1)
            elif not item.installs and item.price == 0:
                if item.key not in cards:
                    cards[item.key] = model.row(-np.inf, 1)
                for column in mine:
                    model.put(cards[item.key], column, 1)
            whole = classes.sum(axis=1) <= item.total
            if whole.all():
                for column, amounts in zip(mine, classes.tolist(), strict=True):
                    for run, amount in enumerate(amounts):
                        for country in countries:
                            if amount and (run, country) in slots:
                                model.put(slots[run, country], column, min(amount, int(asked[run, country])) / unit)
                continue
            total = model.row(-np.inf, 0)
            for column, amounts in zip(mine, classes.sum(axis=1).tolist(), strict=True):
                model.put(total, column, -min(item.total, amounts) / unit)
            for run in np.flatnonzero(classes.max(axis=0)).tolist():
                use = model.column(0, 0, np.inf, integer=False)
                link = model.row(-np.inf, 0)
                model.put(total, use, 1)
                model.put(link, use, 1)
                for column, amount in zip(mine, classes[:, run].tolist(), strict=True):
                    if amount:
                        model.put(link, column, -min(amount, item.total) / unit)
                for country in countries:
                    if (run, country) in slots:
                        model.put(slots[run, country], use, 1)
        self.columns.append(columns)

    def forbid(self, block: int, chosen: Chosen) -> None:
        """The block needs something beyond ``chosen``: another plan, or one more copy of one of these."""
        counts = dict(chosen)
        row = self.model.row(1, np.inf)
        for index, columns in enumerate(self.columns[block]):
            copies = counts.get(index, 0)
            if copies == 0:
                for column in columns:
                    self.model.put(row, column, 1)
            elif copies < self.blocks[block].items[index].most:
                more = self.model.column(0, 0, 1, integer=True)
                link = self.model.row(0, np.inf)
                self.model.put(link, more, -(copies + 1))
                for column in columns:
                    self.model.put(link, column, 1)
                self.model.put(row, more, 1)

    def limit(self, installs: int) -> None:
        for row in self.install_rows:
            self.model.upper[row] = installs

    def chosen(self, values: Floats) -> list[Chosen]:
        """The items of each block in a solution."""
        picked = []
        for columns in self.columns:
            counts = ((index, round(sum(float(values[column]) for column in mine))) for index, mine in enumerate(columns))
            picked.append(tuple((index, count) for index, count in counts if count > 0))
        return picked
