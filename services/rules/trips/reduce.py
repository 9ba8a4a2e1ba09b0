"""From a catalogue to the few offers that can be part of a cheapest answer. Every step is provably safe (docs/trip-solver.md)."""

from dataclasses import dataclass

import numpy as np

from services.model.itinerary import TripProblem
from services.model.trip import Needs
from services.rules.trips.catalogue import NO_LIMIT, Bools, Catalogue, Ints
from services.rules.trips.demand import Demand


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Offers of new plans in columns, each capped to what this demand can use of it.

    ``row``: row of the catalogue. ``price``: micro-units. ``group``: -1, or the seller at whom the offer holds once per person.
    ``mask``: countries of the trip. ``total``, ``per_day``: bytes. ``validity``: days.
    """

    row: Ints
    price: Ints
    group: Ints
    mask: Ints
    total: Ints
    per_day: Ints
    validity: Ints

    def take(self, which: Bools | Ints) -> "Candidates":
        return Candidates(
            self.row[which],
            self.price[which],
            self.group[which],
            self.mask[which],
            self.total[which],
            self.per_day[which],
            self.validity[which],
        )

    def __len__(self) -> int:
        return len(self.row)


def must_share(problem: TripProblem, devices: int) -> Needs:
    """The needs of a carrier: one that feeds other devices needs a hotspot."""
    needs = problem.trip.needs
    return Needs(needs.hotspot or devices > 1, needs.five_g, needs.phone_number, needs.no_id_check)


def refusals(catalogue: Catalogue, problem: TripProblem, devices: int) -> Ints:
    """Per plan a bit set of reasons why it cannot be used at all; 0 is eligible. Bits are positions in ``REFUSALS``."""
    needs = must_share(problem, devices)
    accept = problem.accept_unknown
    bits = np.zeros(len(catalogue), np.int64)
    wanted = (
        (needs.hotspot, accept.hotspot, catalogue.hotspot, 1),
        (needs.five_g, accept.five_g, catalogue.five_g, 1),
        (needs.phone_number, accept.phone_number, catalogue.phone_number, 1),
        (needs.no_id_check, accept.no_id_check, catalogue.id_check, 0),
    )
    for number, (needed, unknown_is_enough, column, good) in enumerate(wanted):
        if needed:
            bits |= (column == 1 - good).astype(np.int64) << (2 * number)
            if not unknown_is_enough:
                bits |= (column == 2).astype(np.int64) << (2 * number + 1)
    if not problem.accept_unpublished_fair_use:
        bits |= ((catalogue.kind == 2) & (catalogue.per_day == NO_LIMIT)).astype(np.int64) << 8
    if problem.left_out:
        bits |= np.fromiter((key in problem.left_out for key in catalogue.keys), np.int64, len(catalogue)) << 9
    return bits


def masks(catalogue: Catalogue, demand: Demand) -> Ints:
    """Per plan, the countries of the trip that it covers, as bits."""
    per_area = np.fromiter((demand.mask(area) for area in catalogue.areas), np.int64, len(catalogue.areas))
    covered: Ints = per_area[catalogue.coverage] if len(catalogue) else np.zeros(0, np.int64)
    return covered


def candidates(catalogue: Catalogue, problem: TripProblem, demand: Demand, refused: Ints) -> Candidates:
    """Eligible offers, capped to what ``demand`` can use. A plan with a lower first-order price is two offers.

    Offers of new users' plans, of first-order prices and of free trials hold once per person and seller.
    """
    mask = masks(catalogue, demand)
    row = np.flatnonzero((refused == 0) & (mask != 0))
    once = (catalogue.new_users_only[row] == 1) | (catalogue.price[row] == 0)
    group = np.where(once, catalogue.seller[row], -1)
    offers = Candidates(row, catalogue.price[row], group, mask[row], catalogue.total[row], catalogue.per_day[row], catalogue.validity[row])
    if problem.first_order_prices:
        lower = np.flatnonzero(catalogue.promo[row] >= 0)
        again = row[lower]
        offers = Candidates(
            np.concatenate((row, again)),
            np.concatenate((offers.price, catalogue.promo[again])),
            np.concatenate((group, catalogue.seller[again])),
            np.concatenate((offers.mask, mask[again])),
            np.concatenate((offers.total, catalogue.total[again])),
            np.concatenate((offers.per_day, catalogue.per_day[again])),
            np.concatenate((offers.validity, catalogue.validity[again])),
        )
    return cap(offers, demand)


def cap(offers: Candidates, demand: Demand) -> Candidates:
    """Cut each offer to what it can be asked for: validity to the stretch of its countries, data per day to the largest day there,
    total to the most that any window of its days needs. Offers that can carry nothing are dropped."""
    validity, per_day, total = offers.validity.copy(), offers.per_day.copy(), offers.total.copy()
    for mask in np.unique(offers.mask):
        reach = demand.reach(int(mask))
        asked = np.flatnonzero(reach)
        here = offers.mask == mask
        if not len(asked):
            total[here] = 0
            continue
        validity[here] = np.minimum(validity[here], asked[-1] - asked[0] + 1)
        per_day[here] = np.minimum(np.minimum(per_day[here], total[here]), int(reach.max()))
        reach = reach[asked[0] : asked[-1] + 1]
        for quota in np.unique(per_day[here]):
            slots = here & (per_day == quota)
            sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.minimum(reach, quota))))
            for days in np.unique(validity[slots]):
                same = slots & (validity == days)
                total[same] = np.minimum(total[same], int((sums[days:] - sums[:-days]).max()))
    capped = Candidates(offers.row, offers.price, offers.group, offers.mask, total, per_day, validity)
    return capped.take(total > 0)


def cheapest_of_equals(offers: Candidates) -> Candidates:
    """One offer for each distinct (once-group, countries, data, days): the cheapest. In order of price, the better first where equal."""
    if not len(offers):
        return offers
    keys = (offers.row, offers.price, offers.group, offers.validity, offers.per_day, offers.total, offers.mask)
    order = np.lexsort(keys)
    ordered = offers.take(order)
    same = np.ones(len(order) - 1, np.bool_)
    for column in (ordered.group, ordered.validity, ordered.per_day, ordered.total, ordered.mask):
        same &= column[1:] == column[:-1]
    kept = ordered.take(np.concatenate((np.ones(1, np.bool_), ~same)))
    size = np.bitwise_count(kept.mask).astype(np.int64)
    return kept.take(np.lexsort((kept.row, kept.group, -size, -kept.validity, -kept.per_day, -kept.total, kept.price)))


_AT_ONCE = 256
"""Offers compared at once with those kept so far."""


def undominated(offers: Candidates, purchases: int) -> Candidates:
    """Drop offers that another can replace in every answer of at most ``purchases`` new plans by the same people.

    An offer that is not dearer, covers the same countries, carries as much in total and a day and lasts as long can replace it if it is not
    bound to a once-group, or to the same one. Offers of ``purchases`` different groups can, too: the answer's other plans cannot use up all
    of them. ``offers`` must be in the order of ``cheapest_of_equals``.
    """
    count = len(offers)
    kept = np.zeros(count, np.int64)
    size = 0

    def better(front: Ints, these: Ints) -> Bools:
        """Which of ``front`` carry as much, as long and as far as each of ``these``; shape (front, these)."""
        found: Bools = (
            (offers.total[front][:, None] >= offers.total[these])
            & (offers.per_day[front][:, None] >= offers.per_day[these])
            & (offers.validity[front][:, None] >= offers.validity[these])
            & (~offers.mask[front][:, None] & offers.mask[these] == 0)
        )
        return found

    for start in range(0, count, _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, count))
        anywhere = kept[:size][offers.group[kept[:size]] < 0]
        for index in some[~better(anywhere, some).any(axis=0)].tolist():
            front = kept[:size]
            beats = front[better(front, np.asarray([index]))[:, 0]]
            if len(beats):
                groups = offers.group[beats]
                if groups.min() < 0 or offers.group[index] in groups or len(np.unique(groups)) >= purchases:
                    continue
            kept[size] = index
            size += 1
    return offers.take(kept[:size])


def cheapest_single(offers: Candidates, demand: Demand) -> int | None:
    """Index of the cheapest offer that meets the whole demand alone; None if there is none."""
    able = np.zeros(len(offers), np.bool_)
    for mask in np.unique(offers.mask):
        reach = demand.reach(int(mask))
        chosen = [bit for bit in range(len(demand.countries)) if int(mask) >> bit & 1]
        elsewhere = np.delete(demand.need, chosen, axis=1)
        if elsewhere.any():
            continue
        asked = np.flatnonzero(reach)
        able |= (
            (offers.mask == mask)
            & (offers.validity >= asked[-1] - asked[0] + 1)
            & (offers.per_day >= int(reach.max()))
            & (offers.total >= int(reach.sum()))
        )
    alone = np.flatnonzero(able)
    return int(alone[np.argmin(offers.price[alone])]) if len(alone) else None
