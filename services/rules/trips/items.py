"""What can be put on a carrying device: new plans, owned cards and their top-ups in one form, and the windows they can run in."""

from dataclasses import dataclass

import numpy as np

from services.model.itinerary import OwnedCard, PlanKey, Source, TopUp, TripProblem
from services.model.plan import Allowance, AllowanceKind
from services.model.tri import Tri
from services.rules.trips.catalogue import NO_LIMIT, Catalogue, Ints
from services.rules.trips.demand import Demand
from services.rules.trips.reduce import Candidates, must_share


@dataclass(frozen=True, slots=True)
class Item:
    """An offer for one carrier. ``price`` without the fee, micro-units; ``installs`` 0 or 1; ``total``, ``per_day`` bytes.

    ``windows``: the stretches it can run in, (first, last) as day offsets of the trip, both included; they may begin before the trip or end
    after it. ``group``: -1, or the seller at whom it holds once per person. ``most``: most copies on one carrier.
    """

    source: Source
    key: PlanKey
    row: int
    price: int
    installs: int
    group: int
    most: int
    mask: int
    total: int
    per_day: int
    windows: tuple[tuple[int, int], ...]


def starts(demand: Demand, mask: int, days: int, last_start: int | None = None) -> tuple[tuple[int, int], ...]:
    """Windows of ``days`` natural days worth trying for a plan that covers ``mask`` and can start no later than ``last_start``.

    A window that starts on a day without need there carries no less when it starts on the next day with need; one that ends after the
    last need carries no less when it starts earlier. So: each day with need, up to the first whose window reaches the last need; and
    ``last_start`` itself, where waiting for the next need is not possible.
    """
    asked = np.flatnonzero(demand.reach(mask))
    if not len(asked):
        return ()
    end = int(asked[-1])
    found: list[tuple[int, int]] = []
    for day in asked.tolist():
        if last_start is not None and day >= last_start:
            if last_start + days - 1 >= int(asked[0]):
                found.append((last_start, last_start + days - 1))
            break
        found.append((day, day + days - 1))
        if day + days - 1 >= end:
            break
    return tuple(found)


def _limits(allowance: Allowance) -> tuple[int, int]:
    """(bytes in total, bytes a day) at full speed."""
    if allowance.kind is AllowanceKind.TOTAL and allowance.volume is not None:
        return allowance.volume.bytes, NO_LIMIT
    if allowance.kind is AllowanceKind.PER_DAY and allowance.volume is not None:
        return NO_LIMIT, allowance.volume.bytes
    return NO_LIMIT, NO_LIMIT if allowance.fair_use_per_day is None else allowance.fair_use_per_day.bytes


def new_items(offers: Candidates, catalogue: Catalogue, demand: Demand, people: int, purchases: int) -> list[Item]:
    """``offers`` as items for a carrier of ``people`` travellers and at most ``purchases`` installs."""
    memo: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
    items = []
    for index in range(len(offers)):
        row, mask = int(offers.row[index]), int(offers.mask[index])
        days, group = int(offers.validity[index]), int(offers.group[index])
        if (mask, days) not in memo:
            memo[mask, days] = starts(demand, mask, days)
        items.append(
            Item(
                source=Source.NEW,
                key=catalogue.keys[row],
                row=row,
                price=int(offers.price[index]),
                installs=1,
                group=group,
                most=min(people, purchases) if group >= 0 else purchases,
                mask=mask,
                total=int(offers.total[index]),
                per_day=int(offers.per_day[index]),
                windows=memo[mask, days],
            )
        )
    return items


def fair_use_accepted(allowance: Allowance, problem: TripProblem) -> bool:
    """False for unlimited data without published fair use, where the person does not want that."""
    unpublished = allowance.kind is AllowanceKind.UNLIMITED and allowance.fair_use_per_day is None
    return problem.accept_unpublished_fair_use or not unpublished


def card_serves(card: OwnedCard, problem: TripProblem, devices: int) -> bool:
    """Whether ``card`` can do what the trip needs; unknown counts only where the person accepts it."""
    needs, accept = must_share(problem, devices), problem.accept_unknown
    checks = (
        (needs.hotspot, accept.hotspot, card.hotspot, Tri.YES),
        (needs.five_g, accept.five_g, card.five_g, Tri.YES),
        (needs.phone_number, accept.phone_number, card.phone_number, Tri.YES),
        (needs.no_id_check, accept.no_id_check, card.id_check, Tri.NO),
    )
    if not fair_use_accepted(card.allowance, problem):
        return False
    return all(not needed or value is good or (value is Tri.UNKNOWN and unknown_ok) for needed, unknown_ok, value, good in checks)


def card_item(card: OwnedCard, demand: Demand) -> Item | None:
    """``card`` as an item; None when it carries nothing on this trip."""
    mask = demand.mask(card.countries)
    total, per_day = _limits(card.allowance)
    if card.last_day is not None:
        first = 0 if card.first_day is None else demand.offset(card.first_day)
        windows: tuple[tuple[int, int], ...] = ((first, demand.offset(card.last_day)),)
    else:
        windows = starts(demand, mask, card.validity_days or 0, None if card.activate_by is None else demand.offset(card.activate_by))
        if card.first_day is not None:
            windows = tuple(window for window in windows if window[0] >= demand.offset(card.first_day))
    return _fitting(Item(Source.OWNED, ("owned", card.key), -1, 0, 0, -1, 1, mask, total, per_day, windows), demand)


def top_up_item(top: TopUp, demand: Demand) -> Item | None:
    """``top`` as an item; None when it carries nothing on this trip."""
    mask = demand.mask(top.countries)
    total, per_day = _limits(top.allowance)
    windows = starts(demand, mask, top.validity_days, None if top.buy_by is None else demand.offset(top.buy_by))
    each = min(total, per_day)
    # as many as carry each day on their own are always enough
    most = int((-(-demand.reach(mask) // each)).sum()) if each else 0
    return _fitting(Item(Source.TOP_UP, ("top_up", top.key), -1, top.price_micro, 0, -1, most, mask, total, per_day, windows), demand)


def _fitting(item: Item, demand: Demand) -> Item | None:
    reach = demand.reach(item.mask)
    windows = tuple((first, last) for first, last in item.windows if last >= 0 and reach[max(first, 0) : last + 1].any())
    if not windows or item.total <= 0 or item.per_day <= 0:
        return None
    total, per_day = min(item.total, int(reach.sum())), min(item.per_day, int(reach.max()))
    return Item(item.source, item.key, item.row, item.price, 0, -1, item.most, item.mask, total, min(per_day, total), windows)


def can_carry(item: Item, demand: Demand) -> Ints:
    """Bytes that ``item`` can be asked for on each day if it runs, shape (days,)."""
    asked: Ints = np.minimum(demand.reach(item.mask), item.per_day)
    return asked
