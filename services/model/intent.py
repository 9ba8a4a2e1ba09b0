"""An intended purchase: one top-up of one card that a person (or a rule the person made) has decided on, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.order import TopUpProduct


class IntentStatus(StrEnum):
    """READY: stored, and nobody has begun to send it. SENDING: one sender has it, and it may have arrived. UNKNOWN: nobody can say whether
    it was placed. PENDING: placed, not done. CONFIRMED: placed and done. FAILED, REFUNDED: placed, and it came to nothing. REFUSED: sent or
    about to be, and nothing was bought. WITHDRAWN: never sent. CLOSED: the person looked and says that nothing was bought."""

    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    REFUNDED = "refunded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Intent:
    """What was decided; none of it ever changes.

    ``intent_id``: made when the person was shown the order, so that the same order confirmed twice is one. ``reference``: ours, that the
    provider gets. ``remote_id``: the provider's name of the card. ``price``: what the account will be charged. ``invented``: the provider
    is the sandbox inside the process. ``purse``: tells accounts at one provider apart. ``wallet``: its balance before. ``period``: of an
    automatic renewal, what it was due for. ``due_then``: the day that ended the card when it was decided.
    """

    intent_id: str
    reference: str
    card_id: str
    provider: str
    remote_id: str
    product: TopUpProduct
    price: Money
    made_at: datetime
    invented: bool
    purse: str
    wallet: Money | None = None
    renewal_id: str | None = None
    period: str | None = None
    due_then: date | None = None
    data_then: DataVolume | None = None


@dataclass(frozen=True, slots=True)
class IntentEvent:
    """One thing that became of an intent. ``said``: the provider's own word. ``failure``: as ``services.use.catalogue.failure_of`` makes
    it. ``found``: of a look-up, whether the provider had it; None for what is no look-up."""

    at: datetime
    status: IntentStatus
    said: str = ""
    order_id: str | None = None
    charged: Money | None = None
    failure: dict[str, Any] | None = None
    found: bool | None = None


@dataclass(frozen=True, slots=True)
class KeptIntent:
    """An intent as it stands. ``claimed_at``: when a sender took it. ``looks``: how often it was looked up in vain since, the last time at
    ``looked_at``. ``settled_at``: when its status was last set by an answer. ``has_pin``: a code to type in is kept for it."""

    intent: Intent
    status: IntentStatus
    claimed_at: datetime | None = None
    looks: int = 0
    looked_at: datetime | None = None
    settled_at: datetime | None = None
    order_id: str | None = None
    charged: Money | None = None
    said: str = ""
    failure: dict[str, Any] | None = None
    has_pin: bool = False

    @property
    def cost(self) -> Money:
        """What it cost, or will."""
        return self.charged or self.intent.price


@dataclass(frozen=True, slots=True)
class SpendingLimit:
    """The most that orders may cost in one currency, one at a time and in a calendar month."""

    order: Money
    month: Money

    def __post_init__(self) -> None:
        if self.order.currency != self.month.currency or min(self.order.minor, self.month.minor) < 0:
            raise ValueError("a limit is of one currency and not negative")


class AutoMode(StrEnum):
    """DRY_RUN decides and writes down what it would do, and orders nothing."""

    OFF = "off"
    DRY_RUN = "dry_run"
    ON = "on"


@dataclass(frozen=True, slots=True)
class AutoRule:
    """When a card is topped up by itself, with what, and for how much at most. ``days_left``, ``data_left``: at or below these; None when
    it is not looked at."""

    mode: AutoMode
    product_id: str
    product_name: str
    at_most: Money
    days_left: int | None = None
    data_left: DataVolume | None = None

    def __post_init__(self) -> None:
        if self.days_left is None and self.data_left is None:
            raise ValueError("a rule needs something to go by")
        if (self.days_left is not None and not 0 <= self.days_left <= 365) or self.at_most.minor <= 0:
            raise ValueError("a rule outside of what makes sense")


class Act(StrEnum):
    NOTHING = "nothing"
    ORDER = "order"


class Reason(StrEnum):
    """Why a rule does what it does."""

    OFF = "off"
    NOT_KNOWN = "not_known"
    DAYS_LEFT = "days_left"
    DATA_LEFT = "data_left"
    ENOUGH = "enough"
    PAST = "past"
    ORDER_OPEN = "order_open"
    AWAITING_EFFECT = "awaiting_effect"
    TRIED_TODAY = "tried_today"
    NOT_CONNECTED = "not_connected"
    LOOK_UP_FAILED = "look_up_failed"
    PRODUCT_GONE = "product_gone"
    PRICE_UNKNOWN = "price_unknown"
    PRICE_TOO_HIGH = "price_too_high"
    LIMIT_ORDER = "limit_order"
    LIMIT_MONTH = "limit_month"
    NO_LIMIT = "no_limit"
    WALLET = "wallet"
    MOVED_ON = "moved_on"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided at a moment, and from what. ``act`` ORDER with ``mode`` DRY_RUN: it would have. ``period``: what it is due for.
    ``price``: of the product then. ``intent_id``: of the order that was placed."""

    card_id: str
    at: datetime
    mode: AutoMode
    act: Act
    reason: Reason
    days_left: int | None = None
    data_left: DataVolume | None = None
    price: Money | None = None
    period: str | None = None
    intent_id: str | None = None
