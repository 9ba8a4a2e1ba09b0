"""Placing plans on days against trying everything, and what is said to be impossible by sums alone."""

import random
from datetime import timedelta

import numpy as np
import pytest

from services.model.data_volume import DataVolume
from services.model.itinerary import Source
from services.model.trip import Leg, Needs, Trip
from services.rules.trips.catalogue import NO_LIMIT
from services.rules.trips.demand import Demand, demand_of
from services.rules.trips.items import Item, starts
from services.rules.trips.refute import refuted, short_part
from services.rules.trips.schedule import quick, schedule
from tests.unit.trips.oracle import FIRST, HALF, LOTS, UNIT, Choice, placeable, random_trip


def small_set(seed: int) -> tuple[Demand, list[Item], list[Choice], list[dict[str, int]]]:
    """A trip of up to six days and up to four plans, for the solver and for the oracle (in half-units)."""
    rng = random.Random(seed)
    countries = "ABC"[: rng.randint(1, 3)]
    trip = random_trip(rng, countries, rng.randint(2, 6))
    demand = demand_of(trip, 1)
    items: list[Item] = []
    choices: list[Choice] = []
    while len(items) < 4 and (not items or rng.random() < 0.8):
        covered = frozenset(rng.sample(countries, rng.randint(1, len(countries))))
        days, total, per_day = rng.randint(1, 4), rng.choice([LOTS, rng.randint(1, 9) * 2]), rng.choice([LOTS, rng.randint(1, 3) * 2])
        mask = demand.mask(covered)
        windows = starts(demand, mask, days)
        if not windows:
            continue
        limits = [NO_LIMIT if most == LOTS else most * HALF for most in (total, per_day)]
        most, each = int(demand.reach(mask).sum()), int(demand.reach(mask).max())
        capped = min(limits[0], most), min(limits[1], each)
        copies = 2 if rng.random() < 0.2 and len(items) < 3 else 1
        items += [Item(Source.NEW, ("test", str(len(items))), 0, 1, 1, -1, 9, mask, *capped, windows)] * copies
        choices += [Choice(1, 1, None, covered, total, per_day, tuple(range(trip.days)), days)] * copies
    needs = [
        {country: volume.bytes // HALF for country, volume in trip.need_on(FIRST + timedelta(day)).items()} for day in range(trip.days)
    ]
    return demand, items, choices, needs


def holds(demand: Demand, items: list[Item], placed: list) -> bool:  # type: ignore[type-arg]
    carried = np.zeros_like(demand.need)
    for item, one in zip(items, placed, strict=True):
        first, last = one.window
        inside = (np.arange(demand.days) >= first) & (np.arange(demand.days) <= last)
        if one.item != item or one.window not in item.windows or one.use[~inside].any():
            return False
        if one.use.min() < 0 or one.use.sum() > item.total or one.use.max() > item.per_day:
            return False
        for bit in range(len(demand.countries)):
            if item.mask >> bit & 1:
                carried[:, bit] += one.use
    return bool((carried >= demand.need).all())


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_sets_are_placed_when_they_can_be_and_refuted_only_when_they_cannot(start: int) -> None:
    seen = {True: 0, False: 0}
    for seed in range(start, start + 100):
        demand, items, choices, needs = small_set(seed)
        possible = placeable(choices, needs)
        seen[possible] += 1
        for found in (schedule(items, demand), quick(items, demand)):
            assert found is None or holds(demand, items, found), seed
        assert (schedule(items, demand) is not None) == possible, seed
        said = [refuted(items, demand, runs) for runs in (1, 2, 36)] + [short_part(items, demand) is not None]
        assert not (possible and any(said)), seed
    assert min(seen.values()) > 10


def test_sums_alone_refute_what_adds_up_and_still_cannot_be_placed() -> None:
    days = tuple(Leg("A", FIRST + timedelta(day), FIRST + timedelta(day)) for day in (0, 4, 8))
    demand = demand_of(Trip(days, DataVolume(UNIT), Needs()), 1)
    one = Item(Source.NEW, ("test", "1"), 0, 1, 1, -1, 9, 1, 2 * UNIT, UNIT, starts(demand, 1, 5))
    other = Item(Source.NEW, ("test", "2"), 0, 1, 1, -1, 9, 1, UNIT, UNIT, starts(demand, 1, 1))
    assert schedule([one, other], demand) is not None
    # two plans of three days reach two of the three days, though each could reach any
    short = Item(Source.NEW, ("test", "3"), 0, 1, 1, -1, 9, 1, 2 * UNIT, UNIT, starts(demand, 1, 3))
    assert refuted([short, short], demand, 1)
    assert schedule([short, short], demand) is None
