"""A question about a trip (who goes, what is owned, what one will bear) and the answers to it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from services.model.plan import Allowance, StartRule
from services.model.tri import Tri
from services.model.trip import Needs, Trip

PlanKey = tuple[str, str]
"""(source, plan_id) of a plan; ("owned", card) or ("top_up", top-up) for what is owned."""


class Sharing(StrEnum):
    """Whose devices live on one device's data. Sharing goes through a hotspot, so plans must then allow one."""

    NONE = "none"
    PERSON = "person"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Person:
    """A traveller. Each device needs the trip's data a day. First-order prices and new-user plans are once per person and seller."""

    key: str
    devices: int = 1

    def __post_init__(self) -> None:
        if self.devices < 1:
            raise ValueError("a traveller without a device needs no plan")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A device that carries plans, for ``devices`` devices (its own included) of ``people``."""

    index: int
    people: tuple[str, ...]
    devices: int


@dataclass(frozen=True, slots=True)
class OwnedCard:
    """A card at price 0. ``allowance``: what is left of it (TOTAL), or each day's (PER_DAY), or UNLIMITED.

    Running: ``last_day`` is its last usable day and ``first_day`` the first (None: already usable). Not started: ``validity_days`` from
    the first connection, which must be on ``activate_by`` at the latest (None: not limited). ``holder``: key of the person in whose (first)
    device it is; None is the first traveller. A card whose remaining data is unknown is not an offer and must not be given.
    """

    key: str
    allowance: Allowance
    countries: frozenset[str]
    first_day: date | None = None
    last_day: date | None = None
    validity_days: int | None = None
    activate_by: date | None = None
    hotspot: Tri = Tri.UNKNOWN
    five_g: Tri = Tri.UNKNOWN
    phone_number: Tri = Tri.UNKNOWN
    id_check: Tri = Tri.NO
    holder: str | None = None

    def __post_init__(self) -> None:
        if (self.last_day is None) == (self.validity_days is None):
            raise ValueError("a card is either running (last_day) or not started (validity_days)")


@dataclass(frozen=True, slots=True)
class TopUp:
    """Data for a card that is owned: no install fee, any number of times, on a chosen day not after ``buy_by``.

    Counted the cautious way: it carries its own data for its own days and does not lengthen what is on the card. ``price_micro`` is in
    micro-units of the question's currency.
    """

    key: str
    card: str
    allowance: Allowance
    validity_days: int
    price_micro: int
    countries: frozenset[str]
    priced_at: datetime
    buy_by: date | None = None

    def __post_init__(self) -> None:
        if self.price_micro <= 0 or self.validity_days < 1:
            raise ValueError("a top-up has a price and lasts at least a day")


@dataclass(frozen=True, slots=True)
class TripProblem:
    """One question. ``fee_micro``: what sparing one install is worth to the person, micro-units.

    ``max_installs``: most installs per carrying device.

    ``accept_unknown``: needs for which a plan that does not say is good enough; by default unknown is not yes.
    ``first_order_prices``: whether promotional prices count (once per person and seller).
    """

    trip: Trip
    people: tuple[Person, ...] = (Person("1"),)
    sharing: Sharing = Sharing.PERSON
    fee_micro: int = 1_000_000
    max_installs: int = 5
    left_out: frozenset[PlanKey] = frozenset()
    accept_unknown: Needs = field(default_factory=Needs)
    accept_unpublished_fair_use: bool = True
    first_order_prices: bool = True
    owned: tuple[OwnedCard, ...] = ()
    top_ups: tuple[TopUp, ...] = ()

    def __post_init__(self) -> None:
        if not self.people or len({person.key for person in self.people}) != len(self.people):
            raise ValueError("travellers need keys of their own, and there must be one")
        if self.fee_micro < 0 or self.max_installs < 1:
            raise ValueError("the fee cannot be negative and at least one install must be allowed")
        if len({card.key for card in self.owned}) != len(self.owned) or len({top.key for top in self.top_ups}) != len(self.top_ups):
            raise ValueError("owned cards and top-ups need keys of their own")
        if not {top.card for top in self.top_ups} <= {card.key for card in self.owned}:
            raise ValueError("a top-up belongs to an owned card")
        if not {card.holder for card in self.owned} <= {person.key for person in self.people} | {None}:
            raise ValueError("the holder of a card is one of the travellers")

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """The devices that need plans of their own."""
        if self.sharing is Sharing.ALL:
            groups = [(tuple(person.key for person in self.people), sum(person.devices for person in self.people))]
        elif self.sharing is Sharing.PERSON:
            groups = [((person.key,), person.devices) for person in self.people]
        else:
            groups = [((person.key,), 1) for person in self.people for _ in range(person.devices)]
        return tuple(Carrier(index, people, devices) for index, (people, devices) in enumerate(groups))


class Status(StrEnum):
    """PROVED: none is cheaper. BEST_FOUND: within the gap. IMPOSSIBLE: proved that none exists. UNDECIDED: stopped too early."""

    PROVED = "proved"
    BEST_FOUND = "best_found"
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"


class Source(StrEnum):
    NEW = "new"
    OWNED = "owned"
    TOP_UP = "top_up"


class Caution(StrEnum):
    """What a person must know about a plan before buying it."""

    FAIR_USE_UNPUBLISHED = "fair_use_unpublished"
    SLOW_AFTER_CAP = "slow_after_cap"
    SPEED_AFTER_CAP_UNPUBLISHED = "speed_after_cap_unpublished"
    HOTSPOT_UNPUBLISHED = "hotspot_unpublished"
    NO_HOTSPOT = "no_hotspot"
    FIVE_G_UNPUBLISHED = "five_g_unpublished"
    NUMBER_UNPUBLISHED = "number_unpublished"
    ID_CHECK = "id_check"
    ID_CHECK_UNPUBLISHED = "id_check_unpublished"
    STARTS_AT_INSTALL = "starts_at_install"
    STARTS_AT_PURCHASE = "starts_at_purchase"
    STARTS_ON_DATE = "starts_on_date"
    START_UNPUBLISHED = "start_unpublished"
    NEW_USERS_ONLY = "new_users_only"
    NEW_USERS_UNPUBLISHED = "new_users_unpublished"
    FIRST_ORDER_PRICE = "first_order_price"
    FREE_ONCE = "free_once"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A plan on a carrying device, usable on natural days ``first_day`` to ``last_day``. ``use``: bytes planned per day, no zeros.

    ``carrier`` is an index into ``TripProblem.carriers``. ``once``: bought at a price that holds once per person and seller.
    """

    source: Source
    key: PlanKey
    carrier: int
    first_day: date
    last_day: date
    price_micro: int
    fee_micro: int
    use: tuple[tuple[date, int], ...]
    once: bool = False
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True)
class TripAnswer:
    """Purchases that meet every day's need. ``cost_micro`` includes install fees; ``bound_micro``: no answer can cost less than this.

    ``installs``: the most that any one carrying device needs. Without an answer: ``purchases`` is empty and ``cost_micro`` None.
    """

    status: Status
    cost_micro: int | None = None
    bound_micro: int | None = None
    installs: int = 0
    purchases: tuple[Purchase, ...] = ()

    @property
    def gap(self) -> float | None:
        """How far above the optimum the cost can be, as a share of the bound; 0 when proved.

        None without an answer or with a bound of 0.
        """
        if self.status is Status.PROVED:
            return 0.0
        if self.cost_micro is None or not self.bound_micro:
            return None
        return (self.cost_micro - self.bound_micro) / self.bound_micro


class Lost(StrEnum):
    """Why a plan is not in the answer."""

    DEARER = "dearer"
    COUNTRY = "country"
    DAYS = "days"
    DATA = "data"
    DATA_PER_DAY = "data_per_day"
    HOTSPOT_NO = "hotspot_no"
    HOTSPOT_UNKNOWN = "hotspot_unknown"
    FIVE_G_NO = "five_g_no"
    FIVE_G_UNKNOWN = "five_g_unknown"
    NUMBER_NO = "number_no"
    NUMBER_UNKNOWN = "number_unknown"
    ID_CHECK = "id_check"
    ID_CHECK_UNKNOWN = "id_check_unknown"
    FAIR_USE_UNPUBLISHED = "fair_use_unpublished"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A plan that could have stood in for ``instead_of`` of the cheapest answer but for ``reason``.

    ``difference_micro``: its price less that of the plan bought; positive when dearer.
    ``short_of``: what it lacks for DATA and DATA_PER_DAY (bytes) or DAYS (days).
    """

    key: PlanKey
    instead_of: PlanKey
    reason: Lost
    difference_micro: int
    short_of: int = 0


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A country that nothing eligible covers from ``first_day`` on, and how many plans there were turned down for one reason alone."""

    country: str
    first_day: date
    turned_down: tuple[tuple[Lost, int], ...]


@dataclass(frozen=True, slots=True)
class Robustness:
    """The cheapest answer under ``percent`` % of the need. ``lasts``: every day is still met.

    Otherwise the first day that is not, and what the cheapest extra plans then cost (None: none found in time, or none exists).
    """

    percent: int
    lasts: bool
    first_day_short: date | None = None
    extra_micro: int | None = None
    extra: tuple[Purchase, ...] = ()


@dataclass(frozen=True, slots=True)
class TripAnswers:
    """Everything said about one trip. ``front[k - 1]`` is the cheapest with at most ``k`` installs per carrying device; ``cheapest`` the
    easiest (fewest installs, then fewest pieces) of those that cost as little, to the smallest unit of ``currency`` that is shown.

    ``considered`` plans were eligible of ``offered``; their prices were fetched between ``prices_from`` and ``prices_to``.
    ``installs_needed``: fewest installs with which an answer exists, given when ``max_installs`` is too few.
    """

    currency: str
    offered: int
    considered: int
    prices_from: datetime | None
    prices_to: datetime | None
    cheapest: TripAnswer
    one_plan: TripAnswer
    owned_only: TripAnswer | None
    front: tuple[TripAnswer, ...]
    near_misses: tuple[NearMiss, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    robustness: Robustness | None = None
    installs_needed: int | None = None
    seconds: float = 0.0


START_CAUTIONS = {
    StartRule.INSTALL: Caution.STARTS_AT_INSTALL,
    StartRule.PURCHASE: Caution.STARTS_AT_PURCHASE,
    StartRule.DATE: Caution.STARTS_ON_DATE,
    StartRule.UNKNOWN: Caution.START_UNPUBLISHED,
}
"""First connection needs no caution: the plan waits for the person."""
