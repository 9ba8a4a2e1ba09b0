"""The clocks that run on a card: what feeds them (events), and what they say (states).

A clock counts towards the first instant at which something is gone. Instants are aware datetimes; a *day* is a date in the zone of
the person who reads it. Codes are enums; the sentences that belong to them are made at the edge.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum

from services.model.money import Money
from services.model.tri import Tri


class ClockKind(StrEnum):
    """The eight clocks (renewal-facts 1.1). The letter in brackets is the one the facts use."""

    VALIDITY = "validity"  # (A) valid until a date; a top-up moves it
    INACTIVITY = "inactivity"  # (B) any counted use or top-up restarts it
    TOP_UP_ONLY = "top_up_only"  # (C) only a top-up or bundle restarts it
    WALLET_FEE = "wallet_fee"  # (D) a fee leaves a wallet every so often
    ARREARS = "arrears"  # (E) a fee falls due whether or not there is money
    BUNDLE = "bundle"  # (F) a plan of fixed length
    ACTIVATE_BY = "activate_by"  # something bought must be started before
    RECYCLING = "recycling"  # the profile is taken back when it lies unused


class SpanUnit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


LONGEST = {SpanUnit.HOUR: 876_000, SpanUnit.DAY: 36_500, SpanUnit.MONTH: 1_200}
_SPAN = re.compile(r"(\d{1,6}) (hour|day|month|year)s?")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a rule words it. ``amount`` is zero or more. A year is kept as 12 months."""

    amount: int
    unit: SpanUnit

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a length of time cannot be negative: {self.amount}")
        if self.amount > LONGEST[self.unit]:
            raise ValueError(f"a length of time of more than a hundred years: {self.amount} {self.unit.value}s")

    @classmethod
    def parse(cls, text: str) -> "Span":
        """``"180 days"``, ``"6 months"``, ``"1 year"``, ``"24 hours"``. Raises ValueError on anything else."""
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a length of time such as '180 days': {text!r}")
        amount, unit = int(match[1]), match[2]
        return cls(amount * 12, SpanUnit.MONTH) if unit == "year" else cls(amount, SpanUnit(unit))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}{'' if self.amount == 1 else 's'}"


class Anchor(StrEnum):
    """The event that a clock is first counted from."""

    ACTIVATION = "activation"
    FIRST_CONNECTION = "first_connection"
    INSTALL = "install"
    PURCHASE = "purchase"
    LAST_EVENT = "last_event"  # the newest event that counts; activation when there is none yet
    PLAN_END = "plan_end"  # the end of the card's bundle clock; the purchase while nothing was ever started


class Stacking(StrEnum):
    """What a new counted event does to time that is still left."""

    RESET = "reset"  # counted from the event; days that were left are lost, and the date may move earlier
    KEEP_LATER = "keep_later"  # counted from the event, but an older date that is later stays
    STACK = "stack"  # added to what is left, up to the cap (counted from the event) if there is one
    OLD_END = "old_end"  # queued: starts when the one before has ended, and not earlier even when its data is gone
    OLD_END_OR_SPENT = "old_end_or_spent"  # queued: starts when the one before has ended or its data is used up
    PARALLEL = "parallel"  # each runs by itself


class DayMeaning(StrEnum):
    NATURAL = "natural"  # calendar days of a zone, ending at midnight there
    PERIOD_24H = "24h"  # 24-hour periods from the anchor's minute


class FirstDay(StrEnum):
    """Whether the day of the anchor is day 1 of natural days, or free."""

    COUNTS = "counts"
    FREE = "free"


class MonthMeaning(StrEnum):
    CALENDAR = "calendar"
    DAYS_30 = "30_days"


class Activity(StrEnum):
    """Things a person can do with a card, as far as a clock can tell them apart."""

    TOP_UP = "top_up"
    BUNDLE = "bundle"
    TRANSFER_IN = "transfer_in"
    CALL_OUT = "call_out"
    SMS_OUT = "sms_out"
    MMS_OUT = "mms_out"
    DATA = "data"
    CALL_IN = "call_in"
    SMS_IN = "sms_in"
    FREE_NUMBER = "free_number"  # a call or text to a number that costs nothing
    WIFI_CALL = "wifi_call"
    SWITCHED_ON = "switched_on"  # registered on a network, nothing more
    PAY_ARREARS = "pay_arrears"
    BUY_DAYS = "buy_days"  # validity bought with credit that is already there
    LOG_IN = "log_in"
    SUPPORT = "support"  # asking the operator
    INSTALL = "install"
    CONNECT = "connect"


class Loss(StrEnum):
    """What a stage takes away for good (unless its rescue says otherwise)."""

    NUMBER = "number"
    CREDIT = "credit"
    DATA = "data"
    PLAN = "plan"
    PROFILE = "profile"
    SERVICE = "service"


class StageCode(StrEnum):
    """Steps of the ladder after the due instant."""

    EXPIRED = "expired"
    OUTGOING_BARRED = "outgoing_barred"
    HIBERNATED = "hibernated"
    SUSPENDED = "suspended"
    GRACE = "grace"
    DEACTIVATED = "deactivated"
    CANCELLED = "cancelled"
    FROZEN = "frozen"  # the number rests and can perhaps be taken back
    REISSUED = "reissued"  # somebody else may have the number
    RECLAIMED = "reclaimed"  # the profile is gone


class Works(StrEnum):
    """What still works in a stage."""

    SMS_IN = "sms_in"
    CALL_IN = "call_in"
    SMS_OUT = "sms_out"
    CALL_OUT = "call_out"
    DATA = "data"
    EMERGENCY = "emergency"
    OPERATOR_DESK = "operator_desk"
    TOP_UP = "top_up"


class Confidence(StrEnum):
    """How sure a fact is. H operator or regulator or two that agree, M one decent source, L blog or anecdote."""

    HIGH = "H"
    MEDIUM = "M"
    LOW = "L"
    DISPUTED = "disputed"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"
    OWN = "own"  # the person's own figure, in the place of the shipped one


class EventKind(StrEnum):
    """What can happen to a card."""

    PURCHASED = "purchased"
    INSTALLED = "installed"
    ACTIVATED = "activated"
    FIRST_CONNECTION = "first_connection"
    TOPPED_UP = "topped_up"
    BUNDLE_BOUGHT = "bundle_bought"
    RENEWED = "renewed"  # the operator took the fee or prolonged the plan by itself
    USED = "used"
    READING = "reading"  # the operator's own word: a validity date, a balance, or both
    DATA_SPENT = "data_spent"
    SEEN_WORKING = "seen_working"  # the person saw the card work, after something that should not have been able to save it
    ROAMED = "roamed"


@dataclass(frozen=True, slots=True)
class CardEvent:
    """One thing that happened to a card at the aware instant ``at``, which is kept in UTC.

    ``activity``: what was done (USED, and nothing else). ``amount``: money put on (TOPPED_UP).
    ``span``: how long the plan or top-up lasts when the event itself says so; it then stands in the place of the rule's figure.
    ``balance``, ``valid_until``: what the operator showed (READING); the date is as printed, meant in the operator's zone.
    ``clock``: id of the clock a READING's date belongs to; None for the one whose date the operator shows.
    """

    kind: EventKind
    at: datetime
    activity: Activity | None = None
    amount: Money | None = None
    span: Span | None = None
    balance: Money | None = None
    valid_until: date | None = None
    clock: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an event needs a time zone")
        if not 1990 <= self.at.year <= 2200 or (self.valid_until is not None and not 1990 <= self.valid_until.year <= 2400):
            raise ValueError("an event outside the years a card can live in")
        if (self.kind is EventKind.USED) != (self.activity is not None):
            raise ValueError("an activity goes with USED, and with nothing else")
        object.__setattr__(self, "at", self.at.astimezone(UTC))


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The first instant of ``day`` in ``zone``: what a date without a time of day means, counted the cautious way."""
    return datetime.combine(day, time.min, zone)


class ClockStatus(StrEnum):
    RUNNING = "running"
    PAST = "past"  # the due instant has gone by; ``stage`` says what is left
    NOT_STARTED = "not_started"  # bought, and not begun
    SETTLED = "settled"  # ended for good by what it was waiting for
    UNKNOWN = "unknown"


class Missing(StrEnum):
    """Why a due instant is not known."""

    NO_START = "no_start"  # nobody said when the clock began
    NO_LENGTH = "no_length"  # the rule has no length for this
    NO_PLAN_LENGTH = "no_plan_length"
    NO_AMOUNT = "no_amount"  # a top-up without its amount, or in another currency
    NO_BALANCE = "no_balance"
    NO_FEE = "no_fee"
    NO_FEE_DAY = "no_fee_day"
    NOT_CONNECTED = "not_connected"  # waits for the event that starts it
    MAYBE_GONE = "maybe_gone"  # something happened after a stage that nothing saves


class Question(StrEnum):
    """The one question whose answer settles a missing fact, and what the answer becomes.

    ``WHEN_...``: the event of that kind (WHEN_LAST_USED: USED; WHEN_TOPPED_UP: TOPPED_UP). VALID_UNTIL, BALANCE: a READING.
    PLAN_LENGTH, TOP_UP_AMOUNT: the event it is about, with its ``span`` or ``amount``. STILL_WORKS: SEEN_WORKING.
    FEE, FEE_DAY: an override of the clock's ``fee`` or ``fee_day``.
    """

    WHEN_ACTIVATED = "when_activated"
    WHEN_CONNECTED = "when_connected"
    WHEN_INSTALLED = "when_installed"
    WHEN_PURCHASED = "when_purchased"
    WHEN_LAST_USED = "when_last_used"
    WHEN_TOPPED_UP = "when_topped_up"
    VALID_UNTIL = "valid_until"
    PLAN_LENGTH = "plan_length"
    TOP_UP_AMOUNT = "top_up_amount"
    BALANCE = "balance"
    FEE = "fee"
    FEE_DAY = "fee_day"
    STILL_WORKS = "still_works"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A due instant that is not known: why, what to ask, and the event it is about if it is about one."""

    because: Missing
    ask: Question
    about: CardEvent | None = None


class StepCode(StrEnum):
    """How one event moved a due instant."""

    STARTED = "started"
    RESET = "reset"
    KEPT = "kept"  # the older date was later and stayed
    STACKED = "stacked"
    CAPPED = "capped"
    QUEUED = "queued"
    READ = "read"  # the operator's own date
    FEE_PAID = "fee_paid"
    FEE_DUE = "fee_due"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of "why this date": ``counted_from`` plus ``span`` gave ``due`` (an upper end that is exclusive).

    ``at``: when the event happened. ``span``: None when nothing was added (a date was read, an older one stayed).
    """

    code: StepCode
    at: datetime
    counted_from: datetime
    span: Span | None
    due: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the ladder. ``begins`` and ``ends`` are None when not known (or when nothing follows).

    ``works``, ``loses``, ``rescue``: None means that nobody says. ``rescue`` empty: nothing saves the number any more.
    """

    code: StageCode
    begins: datetime | None
    ends: datetime | None
    works: tuple[Works, ...] | None
    loses: tuple[Loss, ...] | None
    rescue: tuple[Activity, ...] | None


@dataclass(frozen=True, slots=True)
class Early:
    """The earliest sensible day to act, and the days of validity that acting today would waste (0 when it wastes none)."""

    day: date
    days_lost_today: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that serves the clock. ``price`` None: not known. ``keeps_value``: the money stays as credit.

    ``gives``: the length of time it brings; None when the rule does not say.
    """

    what: Activity
    price: Money | None
    keeps_value: Tri
    gives: Span | None
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class PlanSegment:
    """One plan of a bundle clock: it carries from ``start`` up to and without ``end``."""

    start: datetime
    end: datetime
