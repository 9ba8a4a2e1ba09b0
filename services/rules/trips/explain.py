"""Answers in the words of the model: purchases with cautions, plans that nearly won, reasons why a plan was turned down."""

from collections.abc import Mapping, Sequence

import numpy as np

from services.model.itinerary import START_CAUTIONS, Caution, Lost, NearMiss, OwnedCard, Purchase, Source, TripAnswer, TripProblem
from services.model.plan import AllowanceKind
from services.model.tri import Tri
from services.rules.trips.catalogue import NO_LIMIT, Catalogue, Ints
from services.rules.trips.demand import Demand, demand_for
from services.rules.trips.items import Item
from services.rules.trips.reduce import masks, must_share
from services.rules.trips.schedule import Placed

REFUSALS = (
    Lost.HOTSPOT_NO,
    Lost.HOTSPOT_UNKNOWN,
    Lost.FIVE_G_NO,
    Lost.FIVE_G_UNKNOWN,
    Lost.NUMBER_NO,
    Lost.NUMBER_UNKNOWN,
    Lost.ID_CHECK,
    Lost.ID_CHECK_UNKNOWN,
    Lost.FAIR_USE_UNPUBLISHED,
    Lost.LEFT_OUT,
)
"""What the bits of ``reduce.refusals`` mean, lowest first."""


def purchases_of(
    problem: TripProblem, catalogue: Catalogue, demands: Mapping[int, Demand], placed: Sequence[tuple[int, Placed]]
) -> tuple[Purchase, ...]:
    """``placed`` items as purchases, by first day; owned cards that carry nothing are left out."""
    found = []
    for carrier, one in placed:
        item, demand = one.item, demands[carrier]
        use = tuple((demand.day(day), int(one.use[day])) for day in np.flatnonzero(one.use).tolist())
        if item.source is Source.OWNED and not use:
            continue
        first, last = one.window
        if item.source is Source.NEW:
            last = first + int(catalogue.validity[item.row]) - 1
        found.append(
            Purchase(
                source=item.source,
                key=item.key,
                carrier=carrier,
                first_day=demand.day(first),
                last_day=demand.day(last),
                price_micro=item.price,
                fee_micro=problem.fee_micro * item.installs,
                use=use,
                once=item.group >= 0,
                cautions=_cautions(problem, catalogue, item, carrier),
            )
        )
    return tuple(sorted(found, key=lambda purchase: (purchase.carrier, purchase.first_day, purchase.key)))


def _cautions(problem: TripProblem, catalogue: Catalogue, item: Item, carrier: int) -> tuple[Caution, ...]:
    if item.source is Source.TOP_UP:
        return (Caution.STARTS_AT_PURCHASE,)
    needs = must_share(problem, problem.carriers[carrier].devices)
    if item.source is Source.OWNED:
        card = next(card for card in problem.owned if card.key == item.key[1])
        return _card_cautions(card)
    row, found = item.row, []
    speed, limited = int(catalogue.speed_after[row]), catalogue.total[row] < NO_LIMIT or catalogue.per_day[row] < NO_LIMIT
    if catalogue.kind[row] == 2 and not limited:
        found.append(Caution.FAIR_USE_UNPUBLISHED)
    if limited and speed:
        found.append(Caution.SLOW_AFTER_CAP if speed > 0 else Caution.SPEED_AFTER_CAP_UNPUBLISHED)
    hotspot, id_check, new_users = (
        catalogue.tri(column, row) for column in (catalogue.hotspot, catalogue.id_check, catalogue.new_users_only)
    )
    if hotspot is not Tri.YES:
        found.append(Caution.NO_HOTSPOT if hotspot is Tri.NO else Caution.HOTSPOT_UNPUBLISHED)
    if needs.five_g and catalogue.tri(catalogue.five_g, row) is Tri.UNKNOWN:
        found.append(Caution.FIVE_G_UNPUBLISHED)
    if needs.phone_number and catalogue.tri(catalogue.phone_number, row) is Tri.UNKNOWN:
        found.append(Caution.NUMBER_UNPUBLISHED)
    if id_check is not Tri.NO:
        found.append(Caution.ID_CHECK if id_check is Tri.YES else Caution.ID_CHECK_UNPUBLISHED)
    start = START_CAUTIONS.get(catalogue.start(row))
    if start is not None:
        found.append(start)
    if new_users is not Tri.NO:
        found.append(Caution.NEW_USERS_ONLY if new_users is Tri.YES else Caution.NEW_USERS_UNPUBLISHED)
    if item.price < catalogue.price[row]:
        found.append(Caution.FIRST_ORDER_PRICE)
    if catalogue.price[row] == 0:
        found.append(Caution.FREE_ONCE)
    return tuple(found)


def _card_cautions(card: OwnedCard) -> tuple[Caution, ...]:
    found = []
    if card.allowance.kind is AllowanceKind.UNLIMITED and card.allowance.fair_use_per_day is None:
        found.append(Caution.FAIR_USE_UNPUBLISHED)
    if card.hotspot is not Tri.YES:
        found.append(Caution.NO_HOTSPOT if card.hotspot is Tri.NO else Caution.HOTSPOT_UNPUBLISHED)
    return tuple(found)


def turned_down(catalogue: Catalogue, country: str, refused: Ints) -> tuple[tuple[Lost, int], ...]:
    """How many plans cover ``country`` and fail by one reason alone, most frequent first."""
    covering = np.asarray([country in area for area in catalogue.areas], np.bool_)
    if not len(catalogue):
        return ()
    bits = refused[covering[catalogue.coverage]]
    counts = [(reason, int((bits == 1 << position).sum())) for position, reason in enumerate(REFUSALS)]
    return tuple(sorted(((reason, count) for reason, count in counts if count), key=lambda pair: -pair[1]))


def near_misses(problem: TripProblem, catalogue: Catalogue, answer: TripAnswer, refused: Mapping[int, Ints]) -> tuple[NearMiss, ...]:
    """For the dearest new plan bought: the cheapest other that does its work, and the one that would be cheaper but for one reason.

    Its work is what it carries in ``answer``: the days from its first to its last use, the bytes in all and on its fullest day, the
    countries where it is used.
    """
    bought = max((one for one in answer.purchases if one.source is Source.NEW and one.use), key=lambda one: one.price_micro, default=None)
    if bought is None:
        return ()
    carrier = problem.carriers[bought.carrier]
    demand = demand_for(problem, carrier)
    own = catalogue.keys.index(bought.key)
    cover = masks(catalogue, demand)
    used = [demand.offset(day) for day, _ in bought.use]
    where = sum(1 << bit for bit in range(len(demand.countries)) if demand.need[used, bit].any()) & int(cover[own])
    days, total, most = used[-1] - used[0] + 1, sum(amount for _, amount in bought.use), max(amount for _, amount in bought.use)
    lacks = np.stack(
        [
            cover & where != where,
            catalogue.validity < days,
            catalogue.total < total,
            catalogue.per_day < most,
            refused[carrier.devices] != 0,
        ]
    )
    others = np.asarray([key not in {one.key for one in answer.purchases} for key in catalogue.keys], np.bool_)
    once = (catalogue.new_users_only == 1) | (catalogue.price == 0)
    price = np.where((catalogue.promo >= 0) & bought.once & problem.first_order_prices, catalogue.promo, catalogue.price)
    found = []
    fits = np.flatnonzero(others & ~lacks.any(axis=0) & (price >= bought.price_micro) & ~once)
    if len(fits):
        row = int(fits[price[fits].argmin()])
        found.append(NearMiss(catalogue.keys[row], bought.key, Lost.DEARER, int(price[row]) - bought.price_micro))
    cheaper = np.flatnonzero(others & (lacks.sum(axis=0) == 1) & (price < bought.price_micro) & ~once & (cover != 0))
    single = np.isin(refused[carrier.devices][cheaper], [0, *(1 << position for position in range(len(REFUSALS)))])
    cheaper = cheaper[single]
    if len(cheaper):
        # the plan that lacks least: by the share of what it lacks, a missing property or country counting as a tenth
        share = np.full(len(cheaper), 0.1)
        for needed, column in ((days, catalogue.validity), (total, catalogue.total), (most, catalogue.per_day)):
            short = column[cheaper] < needed
            share[short] = 1 - column[cheaper][short] / needed
        row = int(cheaper[np.lexsort((price[cheaper], share))[0]])
        reason, short_of = _why(row, lacks[:, row], catalogue, refused[carrier.devices], (days, total, most))
        found.append(NearMiss(catalogue.keys[row], bought.key, reason, int(price[row]) - bought.price_micro, short_of))
    return tuple(found)


def _why(
    row: int, lacks: np.typing.NDArray[np.bool_], catalogue: Catalogue, refused: Ints, wanted: tuple[int, int, int]
) -> tuple[Lost, int]:
    days, total, most = wanted
    if lacks[0]:
        return Lost.COUNTRY, 0
    if lacks[1]:
        return Lost.DAYS, days - int(catalogue.validity[row])
    if lacks[2]:
        return Lost.DATA, total - int(catalogue.total[row])
    if lacks[3]:
        return Lost.DATA_PER_DAY, most - int(catalogue.per_day[row])
    return REFUSALS[int(refused[row]).bit_length() - 1], 0
