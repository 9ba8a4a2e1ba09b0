"""A plan that somebody sells: what it carries, for how long, where, and for how much."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.tri import Tri


class AllowanceKind(StrEnum):
    TOTAL = "total"
    PER_DAY = "per_day"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a plan carries.

    ``volume``: of the whole plan (TOTAL) or of each day (PER_DAY); None when UNLIMITED.
    ``fair_use_per_day``: full-speed data a day of an UNLIMITED plan; None when not published.
    ``speed_after_kbps``: speed once the volume or fair use is spent; 0 means data stops, None means not published.
    """

    kind: AllowanceKind
    volume: DataVolume | None = None
    fair_use_per_day: DataVolume | None = None
    speed_after_kbps: int | None = None

    def __post_init__(self) -> None:
        if (self.kind is AllowanceKind.UNLIMITED) != (self.volume is None):
            raise ValueError("a volume goes with every allowance that is not unlimited, and with no other")


class StartRule(StrEnum):
    """The event that the validity is counted from (renewal-facts 1.2)."""

    FIRST_CONNECTION = "first_connection"
    INSTALL = "install"
    PURCHASE = "purchase"
    DATE = "date"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where a plan of the catalogue came from."""

    LIVE = "live"
    IMPORTED = "imported"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Network:
    """A network a plan may use. ``generations`` as published ("4G", "5G"); empty means not published."""

    country: str
    operator: str
    generations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of one seller.

    ``source`` is the provider's id (or the id of an imported list); with ``plan_id`` it names the plan for good.
    ``countries``: ISO 3166-1 alpha-2 codes. ``coverage_complete``: False when other countries may be covered too,
    so that a country outside the set is then unknown, not "no".
    ``promo_price``: a lower price whose terms the seller did not publish; it may hold for a first order only.
    ``validity_days``: None when not published. ``fetched_at``: aware, UTC; the date of the price.
    """

    source: str
    plan_id: str
    seller: str
    name: str
    allowance: Allowance
    validity_days: int | None
    countries: frozenset[str]
    price: Money
    fetched_at: datetime
    coverage_complete: bool = True
    promo_price: Money | None = None
    start_rule: StartRule = StartRule.UNKNOWN
    hotspot: Tri = Tri.UNKNOWN
    id_check: Tri = Tri.UNKNOWN
    top_up: Tri = Tri.UNKNOWN
    five_g: Tri = Tri.UNKNOWN
    phone_number: Tri = Tri.UNKNOWN
    new_users_only: Tri = Tri.UNKNOWN
    consecutive_days: Tri = Tri.UNKNOWN
    breakout_country: str | None = None
    networks: tuple[Network, ...] = field(default=())
    buy_url: str | None = None
    origin: Origin = Origin.LIVE

    def __post_init__(self) -> None:
        if self.validity_days is not None and self.validity_days <= 0:
            raise ValueError(f"validity must be at least one day, or None when not published: {self.validity_days}")
        if self.fetched_at.tzinfo is None:
            raise ValueError("fetched_at needs a time zone")
