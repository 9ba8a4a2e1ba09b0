"""Plans in columns: what the trip solver reads, built once per catalogue and cheap to hand to another process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

from services.model.money import Money
from services.model.plan import AllowanceKind, Plan, StartRule
from services.model.tri import Tri

MICRO = 1_000_000
"""Micro-units in one major unit (dollar, yuan). Every cost inside the solver is a whole number of them."""

NO_LIMIT = 2**62
"""Stands for "no limit" in the columns of bytes."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_TRI = {Tri.NO: 0, Tri.YES: 1, Tri.UNKNOWN: 2}
_TRI_BACK = (Tri.NO, Tri.YES, Tri.UNKNOWN)
_START = tuple(StartRule)


class MissingRate(ValueError):
    """A plan is priced in a currency for which the caller gave no rate."""

    def __init__(self, currency: str, wanted: str) -> None:
        super().__init__(f"no rate from {currency} to {wanted}")
        self.currency = currency
        self.wanted = wanted


def micro(money: Money, currency: str, rates: Mapping[str, Decimal]) -> int:
    """``money`` as whole micro-units of ``currency``; ``rates[c]`` is the price of one unit of ``c`` in ``currency``.

    The product is exact and rounded once, half to even. Raises MissingRate.
    """
    if money.currency == currency:
        rate = Decimal(1)
    elif money.currency in rates:
        rate = rates[money.currency]
    else:
        raise MissingRate(money.currency, currency)
    return int((money.amount * rate * MICRO).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One row per plan with a known validity. Prices in micro-units of ``currency``, data in bytes, validity in days.

    ``total``, ``per_day``: NO_LIMIT where the allowance has no such limit. ``promo``: -1 where there is no lower promotional price.
    Three-valued columns hold 0 no, 1 yes, 2 unknown. ``coverage[i]`` indexes ``areas``. ``left_out`` counts plans given to ``of``
    that have no published validity, and so cannot be planned with.
    """

    currency: str
    keys: tuple[tuple[str, str], ...]
    sellers: tuple[str, ...]
    areas: tuple[frozenset[str], ...]
    seller: Ints
    coverage: Ints
    price: Ints
    promo: Ints
    total: Ints
    per_day: Ints
    validity: Ints
    kind: Ints
    speed_after: Ints
    start_rule: Ints
    hotspot: Ints
    five_g: Ints
    phone_number: Ints
    id_check: Ints
    new_users_only: Ints
    fetched_at: Ints
    left_out: int

    KINDS = (AllowanceKind.TOTAL, AllowanceKind.PER_DAY, AllowanceKind.UNLIMITED)

    @classmethod
    def of(cls, plans: Sequence[Plan], currency: str, rates: Mapping[str, Decimal] | None = None) -> "Catalogue":
        """``plans`` in columns, prices converted to ``currency``. Raises MissingRate."""
        given = rates or {}
        usable = [plan for plan in plans if plan.validity_days is not None]
        sellers: dict[str, int] = {}
        areas: dict[frozenset[str], int] = {}

        def column(value: Callable[[Plan], int]) -> Ints:
            return np.fromiter((value(plan) for plan in usable), np.int64, len(usable))

        def promo(plan: Plan) -> int:
            if plan.promo_price is None:
                return -1
            lower = micro(plan.promo_price, currency, given)
            return lower if lower < micro(plan.price, currency, given) else -1

        def total(plan: Plan) -> int:
            return plan.allowance.volume.bytes if plan.allowance.kind is AllowanceKind.TOTAL and plan.allowance.volume else NO_LIMIT

        def per_day(plan: Plan) -> int:
            allowance = plan.allowance
            if allowance.kind is AllowanceKind.PER_DAY and allowance.volume is not None:
                return allowance.volume.bytes
            if allowance.kind is AllowanceKind.UNLIMITED and allowance.fair_use_per_day is not None:
                return allowance.fair_use_per_day.bytes
            return NO_LIMIT

        return cls(
            currency=currency,
            keys=tuple((plan.source, plan.plan_id) for plan in usable),
            seller=column(lambda plan: sellers.setdefault(plan.seller, len(sellers))),
            coverage=column(lambda plan: areas.setdefault(plan.countries, len(areas))),
            sellers=tuple(sellers),
            areas=tuple(areas),
            price=column(lambda plan: micro(plan.price, currency, given)),
            promo=column(promo),
            total=column(total),
            per_day=column(per_day),
            validity=column(lambda plan: plan.validity_days or 0),
            kind=column(lambda plan: cls.KINDS.index(plan.allowance.kind)),
            speed_after=column(lambda plan: -1 if plan.allowance.speed_after_kbps is None else plan.allowance.speed_after_kbps),
            start_rule=column(lambda plan: _START.index(plan.start_rule)),
            hotspot=column(lambda plan: _TRI[plan.hotspot]),
            five_g=column(lambda plan: _TRI[plan.five_g]),
            phone_number=column(lambda plan: _TRI[plan.phone_number]),
            id_check=column(lambda plan: _TRI[plan.id_check]),
            new_users_only=column(lambda plan: _TRI[plan.new_users_only]),
            fetched_at=column(lambda plan: int(plan.fetched_at.timestamp())),
            left_out=len(plans) - len(usable),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def tri(self, column: Ints, row: int) -> Tri:
        """The three-valued answer in ``column`` of plan ``row``."""
        return _TRI_BACK[int(column[row])]

    def start(self, row: int) -> StartRule:
        return _START[int(self.start_rule[row])]

    def priced_at(self, row: int) -> datetime:
        """When the price of plan ``row`` was fetched, UTC."""
        return datetime.fromtimestamp(int(self.fetched_at[row]), UTC)
