"""What was seen on a card at one moment, and who said so. Readings are only ever added, never changed."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.tri import Tri


class Source(StrEnum):
    TYPED = "typed"
    PASTED = "pasted"
    API = "api"


class Measure(StrEnum):
    """The kinds of figure a reading can carry."""

    MONEY = "money"
    DATA = "data"
    VOICE = "voice"
    SMS = "sms"
    VALIDITY = "validity"
    STATUS = "status"


class MoneyKind(StrEnum):
    MAIN = "main"
    BONUS = "bonus"


class ValidityKind(StrEnum):
    """What ends on a date. UNSPECIFIED: the operator wrote "valid until" and did not say what is."""

    PLAN = "plan"
    CREDIT = "credit"
    NUMBER = "number"
    RESCUE = "rescue"
    ACTIVATE_BY = "activate_by"
    UNSPECIFIED = "unspecified"


class LineStatus(StrEnum):
    NOT_ACTIVATED = "not_activated"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    CLOSED = "closed"


class EventKind(StrEnum):
    TOPPED_UP = "topped_up"
    LOW_MONEY = "low_money"
    LOW_DATA = "low_data"
    DATA_USED_UP = "data_used_up"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    ACTIVATED = "activated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class MoneyBalance:
    """Money on the card. Negative when it is owed (arrears). ``name``: of a purse beside the main one, as the operator calls it."""

    money: Money
    kind: MoneyKind = MoneyKind.MAIN
    name: str = ""


@dataclass(frozen=True, slots=True)
class DataBalance:
    """Data of the line (``name`` empty) or of one package. Each figure is None when it was not said.

    ``unlimited``: YES only when the operator says so. ``restricted``: counts for some apps or places alone (定向流量), so it is
    never added to the rest. ``last_day``: last day of this package.
    """

    name: str = ""
    remaining: DataVolume | None = None
    total: DataVolume | None = None
    used: DataVolume | None = None
    unlimited: Tri = Tri.UNKNOWN
    restricted: bool = False
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class CountBalance:
    """Voice in whole seconds, or messages in pieces; None when not said."""

    name: str = ""
    remaining: int | None = None
    total: int | None = None
    used: int | None = None
    unlimited: Tri = Tri.UNKNOWN

    def __post_init__(self) -> None:
        if any(number is not None and number < 0 for number in (self.remaining, self.total, self.used)):
            raise ValueError("an allowance cannot be negative")


@dataclass(frozen=True, slots=True)
class Validity:
    """A date that ends something. ``last_day`` counts in the operator's own zone; ``ends_at`` when the very moment is known (aware)."""

    kind: ValidityKind
    last_day: date
    name: str = ""
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.ends_at is not None and self.ends_at.tzinfo is None:
            raise ValueError("ends_at needs a time zone")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the card. ``in_days``: "in 3 days" as the operator counts it; never turned into a date."""

    kind: EventKind
    money: Money | None = None
    data: DataVolume | None = None
    in_days: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one card. Every figure is optional; an empty tuple means "nothing was said", never zero.

    ``taken_at``: when we learned it. ``as_of``: when it was true at the operator, if said (providers lag minutes to hours).
    ``origin``: provider id, or the sender of a pasted text. ``sequence``: order of being added; breaks ties of time.
    ``complete``: kinds of figure of which this reading lists everything there is, so that an older package it leaves out is gone.
    """

    card_id: str
    source: Source
    taken_at: datetime
    as_of: datetime | None = None
    origin: str = ""
    sequence: int = 0
    money: tuple[MoneyBalance, ...] = ()
    data: tuple[DataBalance, ...] = ()
    voice: tuple[CountBalance, ...] = ()
    sms: tuple[CountBalance, ...] = ()
    validity: tuple[Validity, ...] = ()
    status: LineStatus | None = None
    events: tuple[Event, ...] = ()
    complete: frozenset[Measure] = frozenset()
    raw_text: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.taken_at.tzinfo is None or (self.as_of is not None and self.as_of.tzinfo is None):
            raise ValueError("the times of a reading need a time zone")

    @property
    def true_at(self) -> datetime:
        """When the figures were true: ``as_of`` where said and not in the future of ``taken_at``, else ``taken_at``."""
        return self.taken_at if self.as_of is None else min(self.as_of, self.taken_at)


@dataclass(frozen=True, slots=True)
class FailedLookUp:
    """An attempt that brought nothing. It is a fact of its own: it neither changes nor hides the last good reading."""

    card_id: str
    origin: str
    tried_at: datetime
    reason: str

    def __post_init__(self) -> None:
        if self.tried_at.tzinfo is None:
            raise ValueError("tried_at needs a time zone")
