"""What is asked of the catalogue: where, when, how much, in which currency, and in what order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.model.data_volume import DataUnit, DataVolume
from services.model.plan import AllowanceKind, Origin, StartRule
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare.countries import PLACE
from services.rules.compare.frame import FEATURES

MAX_DAYS = 366
MAX_NEED_PER_DAY = DataVolume.of(200, DataUnit.GB)
MAX_NEED_TOTAL = DataVolume.of(5000, DataUnit.GB)
LEAST_RATE, GREATEST_RATE = Decimal("1E-12"), Decimal("1E+12")
MAX_PURCHASES = 999
"""A plan that would have to be bought more often than this has no total."""


class NeedBasis(StrEnum):
    PER_DAY = "per_day"
    TOTAL = "total"


class UnknownPolicy(StrEnum):
    """What becomes of a plan when a fact that was asked for is not published. It is never taken for a yes or a no."""

    KEEP = "keep"
    """Kept, marked, and ranked after the plans that publish what was asked."""
    PUBLISHED_ONLY = "published_only"
    """Left out."""


class SortKey(StrEnum):
    """A plan without the value sorted by comes after those that have it, in both directions."""

    TOTAL = "total"
    PER_GB = "per_gb"
    DAYS = "days"
    DATA = "data"
    PURCHASES = "purchases"
    SELLER = "seller"
    PRICE_DATE = "price_date"


class Preset(StrEnum):
    """An intent, as a filter and an order. A sort chosen by the person replaces the order, never the filter.

    BEST_VALUE: every plan, cheapest total for the trip first.
    SHORT_STAY: bought once, with little left over: one purchase covers the trip, and the validity is at most
        twice the days of the trip or 7 days, whichever is more. Cheapest total first.
    LONG_STAY: something to stay with: validity of 28 days or more, or the seller says that it can be topped up.
        Cheapest GB first; unlimited plans, which have no price per GB, after them.
    UNLIMITED: plans sold as unlimited. Cheapest total first; those whose published fair use covers the need lead.
    """

    BEST_VALUE = "best_value"
    SHORT_STAY = "short_stay"
    LONG_STAY = "long_stay"
    UNLIMITED = "unlimited"


PRESET_SORT: dict[Preset, SortKey] = {
    Preset.BEST_VALUE: SortKey.TOTAL,
    Preset.SHORT_STAY: SortKey.TOTAL,
    Preset.LONG_STAY: SortKey.PER_GB,
    Preset.UNLIMITED: SortKey.TOTAL,
}


@dataclass(frozen=True, slots=True)
class Filters:
    """An empty set or None lets everything pass. ``features`` maps a name of ``FEATURES`` to the answers that pass, unknown included.

    ``max_total`` is in major units of the question's currency. ``max_total`` and ``min_days`` meet unknown values: see UnknownPolicy.
    """

    sellers: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    kinds: frozenset[AllowanceKind] = frozenset()
    origins: frozenset[Origin] = frozenset()
    start_rules: frozenset[StartRule] = frozenset()
    features: tuple[tuple[str, frozenset[Tri]], ...] = ()
    max_total: Decimal | None = None
    min_days: int | None = None
    max_purchases: int | None = None
    full_coverage_only: bool = False
    fresh_only: bool = False

    def __post_init__(self) -> None:
        answers = dict(self.features)
        if any(name not in FEATURES for name in answers):
            raise ValueError("a filter on a feature that no plan has")
        object.__setattr__(self, "features", tuple((name, answers[name]) for name in FEATURES if answers.get(name)))


@dataclass(frozen=True, slots=True)
class Question:
    """A trip to countries that are not dated one by one, both dates included, and how to show the answer.

    Raises ValueError outside the bounds that ``Draft.problems`` names one by one. A country named twice counts once.
    """

    countries: tuple[str, ...]
    first_day: date
    last_day: date
    need: DataVolume
    need_basis: NeedBasis = NeedBasis.PER_DAY
    needs: Needs = field(default_factory=Needs)
    unknown: UnknownPolicy = UnknownPolicy.KEEP
    currency: str = "USD"
    preset: Preset = Preset.BEST_VALUE
    sort: SortKey | None = None
    descending: bool = False
    filters: Filters = field(default_factory=Filters)

    def __post_init__(self) -> None:
        if not self.countries or any(code not in PLACE for code in self.countries) or not 1 <= self.days <= MAX_DAYS:
            raise ValueError(f"a question needs ISO countries and 1 to {MAX_DAYS} days")
        object.__setattr__(self, "countries", tuple(dict.fromkeys(self.countries)))
        most = MAX_NEED_PER_DAY if self.need_basis is NeedBasis.PER_DAY else MAX_NEED_TOTAL
        if not 0 < self.need.bytes <= most.bytes:
            raise ValueError(f"a need is more than 0 and at most {most.bytes} bytes")

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def sort_key(self) -> SortKey:
        return self.sort or PRESET_SORT[self.preset]

    @property
    def part(self) -> int:
        """The need of one day, in parts of ``1 / parts_per_byte`` byte: whole even when a total does not divide by the days."""
        return self.need.bytes

    @property
    def parts_per_byte(self) -> int:
        return 1 if self.need_basis is NeedBasis.PER_DAY else self.days

    @property
    def total_need(self) -> DataVolume:
        """The need of the whole trip. A need given as a total is taken to be spread evenly over the days."""
        return self.need if self.need_basis is NeedBasis.TOTAL else self.need * self.days


@dataclass(frozen=True, slots=True)
class Rates:
    """Units of ``target`` for one unit of each currency, used to 12 decimals, as of the day ``on``.

    A rate below LEAST_RATE, from GREATEST_RATE up, or not finite is no rate.
    """

    target: str
    on: date
    per_unit: Mapping[str, Decimal]

    def of(self, currency: str) -> Decimal | None:
        """None when there is no usable rate. A currency is always worth one of itself."""
        if currency == self.target:
            return Decimal(1)
        rate = self.per_unit.get(currency)
        return rate if rate is not None and rate.is_finite() and LEAST_RATE <= rate < GREATEST_RATE else None
