"""What a trip can be answered from: the plans of the catalogue as the solver reads them, and the cards a person owns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from services.model.data_volume import DataVolume
from services.model.itinerary import OwnedCard, TopUp
from services.model.money import Money
from services.model.order import TopUpProduct
from services.model.plan import Allowance, AllowanceKind, StartRule
from services.model.tri import Tri
from services.rules.balances.packages import Package
from services.rules.compare.countries import codes_of
from services.rules.compare.frame import KINDS, START_RULES, UNKNOWN, PlanFrame
from services.rules.compare.question import Rates
from services.rules.trips.catalogue import MICRO, NO_LIMIT, Catalogue, Ints

_SOLVER_START = np.array([tuple(StartRule).index(rule) for rule in START_RULES], np.int64)
_SOLVER_KIND = np.array([Catalogue.KINDS.index(kind) for kind in KINDS], np.int64)


def catalogue_of(frame: PlanFrame, rates: Rates) -> Catalogue:
    """The plans of ``frame`` with prices in ``rates.target``. Plans without a published validity, and those priced in a currency that
    has no rate, cannot be planned with; ``left_out`` counts them. A country that a plan does not name counts as not covered."""
    known = np.array([rates.of(code) is not None for code in frame.currencies], np.bool_)
    rows = np.flatnonzero((frame.validity_days > 0) & known[frame.currency_code])
    per_currency = [rates.of(code) or Decimal(0) for code in frame.currencies]
    kind = frame.kind[rows]
    total_kind, day_kind = KINDS.index(AllowanceKind.TOTAL), KINDS.index(AllowanceKind.PER_DAY)
    volume, fair_use = frame.volume[rows], frame.fair_use_per_day[rows]
    price = _converted(frame.price_micro[rows], frame.currency_code[rows], per_currency)
    lower = frame.promo_price_micro[rows]
    promo = np.where(lower < 0, -1, _converted(np.maximum(lower, 0), frame.currency_code[rows], per_currency))
    names = [frame.sources[code] for code in frame.source_code[rows].tolist()]

    def tri(feature: str) -> Ints:
        column = frame.features[feature][rows].astype(np.int64)
        return np.where(column == UNKNOWN, 2, column)

    return Catalogue(
        currency=rates.target,
        keys=tuple(zip(names, frame.plan_id[rows].tolist(), strict=True)),
        sellers=frame.sellers,
        areas=tuple(frozenset(codes_of(mask)) for mask in frame.coverage_masks),
        seller=frame.seller_code[rows].astype(np.int64),
        coverage=frame.coverage_code[rows].astype(np.int64),
        price=price,
        promo=np.where(promo < price, promo, -1),
        total=np.where(kind == total_kind, volume, NO_LIMIT),
        per_day=np.where(
            kind == day_kind,
            volume,
            np.where((kind == KINDS.index(AllowanceKind.UNLIMITED)) & (fair_use != UNKNOWN), fair_use, NO_LIMIT),
        ),
        validity=frame.validity_days[rows].astype(np.int64),
        kind=_SOLVER_KIND[kind],
        speed_after=frame.speed_after_kbps[rows].astype(np.int64),
        start_rule=_SOLVER_START[frame.start_rule[rows]],
        hotspot=tri("hotspot"),
        five_g=tri("five_g"),
        phone_number=tri("phone_number"),
        id_check=tri("id_check"),
        new_users_only=tri("new_users_only"),
        fetched_at=frame.fetched_at[rows].astype(np.int64),
        left_out=len(frame) - len(rows),
    )


def _converted(micro: Ints, currency: npt.NDArray[np.int16], rates: Sequence[Decimal]) -> Ints:
    """Exact products, each rounded once, half to even. Prices repeat, so each different one is converted once."""
    found = np.empty(len(micro), np.int64)
    for code, rate in enumerate(rates):
        mine = currency == code
        values, back = np.unique(micro[mine], return_inverse=True)
        exact = [int((value * rate).to_integral_value(ROUND_HALF_EVEN)) for value in map(Decimal, values.tolist())]
        found[mine] = np.array(exact, np.int64)[back] if exact else 0
    return found


# ------------------------------------------------------------------------------------------------------------------- owned


class NotOffered(StrEnum):
    """Why a card that is owned cannot take part."""

    DATA_UNKNOWN = "data_unknown"
    NOTHING_LEFT = "nothing_left"
    END_UNKNOWN = "end_unknown"
    ENDED = "ended"
    COUNTRY_UNKNOWN = "country_unknown"


@dataclass(frozen=True, slots=True)
class OwnedOffer:
    """One card of the account as an offer. ``offers`` is empty and ``reason`` set when it cannot be one; ``countries``: where it works,
    as the person said or the home country of its operator; ``left`` and ``last_day`` of its main package, None when not known."""

    card_id: str
    nickname: str
    countries: frozenset[str]
    offers: tuple[OwnedCard, ...] = ()
    reason: NotOffered | None = None
    left: DataVolume | None = None
    unlimited: bool = False
    last_day: date | None = None


def owned_offer(
    card_id: str,
    nickname: str,
    packages: Sequence[Package],
    plan_end: date | None,
    countries: frozenset[str],
    has_number: bool,
    today: date,
) -> OwnedOffer:
    """A card and what is left on it. ``packages``: those usable anywhere, of which each carries what it has until its own last day;
    ``plan_end`` is the last day of those that do not say. A figure or a day that is not known is never taken for one."""
    offers: list[OwnedCard] = []
    reasons: list[NotOffered] = []
    for package in packages:
        last = package.last_day or plan_end
        if package.left is None and not package.unlimited:
            reasons.append(NotOffered.DATA_UNKNOWN)
        elif package.left is not None and package.left.bytes == 0:
            reasons.append(NotOffered.NOTHING_LEFT)
        elif last is None:
            reasons.append(NotOffered.END_UNKNOWN)
        elif last < today:
            reasons.append(NotOffered.ENDED)
        elif not countries:
            reasons.append(NotOffered.COUNTRY_UNKNOWN)
        else:
            offers.append(
                OwnedCard(
                    key=f"{card_id}/{package.name}" if package.name else card_id,
                    allowance=Allowance(AllowanceKind.UNLIMITED) if package.left is None else Allowance(AllowanceKind.TOTAL, package.left),
                    countries=countries,
                    last_day=last,
                    phone_number=Tri.YES if has_number else Tri.UNKNOWN,
                )
            )
    first = packages[0] if packages else None
    return OwnedOffer(
        card_id=card_id,
        nickname=nickname,
        countries=countries,
        offers=tuple(offers),
        reason=None if offers else reasons[0] if reasons else NotOffered.DATA_UNKNOWN,
        left=first.left if first else None,
        unlimited=bool(first and first.unlimited),
        last_day=(first.last_day or plan_end) if first else None,
    )


def top_up_offer(offer: OwnedOffer, product: TopUpProduct, rates: Rates, seen_at: datetime) -> TopUp | None:
    """A top-up of an owned card, when its price, its data and its days are published and its price can be converted; else None.

    It goes on the first package that is an offer. A top-up that does not name its countries works where the card does.
    """
    price = product.price
    if not offer.offers or price is None or product.allowance is None or not product.validity_days or product.is_pin is Tri.YES:
        return None
    micro = _price(price, rates)
    countries = (product.countries & offer.countries) if product.countries else offer.countries
    if micro is None or micro <= 0 or not countries:
        return None
    return TopUp(
        key=f"{offer.card_id}/{product.product_id}",
        card=offer.offers[0].key,
        allowance=product.allowance,
        validity_days=product.validity_days,
        price_micro=micro,
        countries=countries,
        priced_at=seen_at,
        buy_by=offer.offers[0].last_day,
    )


def _price(price: Money, rates: Rates) -> int | None:
    rate = rates.of(price.currency)
    return None if rate is None else int((price.amount * rate * MICRO).to_integral_value(ROUND_HALF_EVEN))
