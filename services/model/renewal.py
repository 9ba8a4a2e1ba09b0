"""A renewal: one walk through a checklist, from the first question to the proof.

What happened is a list of events that only ever grows; taking something back is an event too. Where a renewal stands is worked out from
its events (services/rules/renewals).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.model.card import CardKind
from services.model.clock import Activity
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.tri import Tri


class Channel(StrEnum):
    APP = "app"
    WEBSITE = "website"
    HOTLINE = "hotline"
    THIRD_PARTY = "third_party"
    OWN_SHOP = "own_shop"
    PARTNER_SHOP = "partner_shop"
    API = "api"


class Situation(StrEnum):
    HOME = "home"
    ABROAD = "abroad"
    CANNOT_LOG_IN = "cannot_log_in"
    NO_SMS = "no_sms"
    FORGOT_ACCOUNT = "forgot_account"
    PHONE_CHANGED = "phone_changed"
    CARD_EXPIRED = "card_expired"
    FAMILY_CARD = "family_card"


class RenewalStatus(StrEnum):
    """DRAFT: nothing paid. PAYING: at the till. SENT: money has left. UNKNOWN: whether it has is not known. PENDING: waiting for it to
    count. CONFIRMED: balance and date are as promised."""

    DRAFT = "draft"
    PAYING = "paying"
    SENT = "sent"
    UNKNOWN = "unknown"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class EventKind(StrEnum):
    STARTED = "started"
    CHANNEL = "channel"
    TICKED = "ticked"
    UNTICKED = "unticked"
    NOTED = "noted"
    LINK_CHECKED = "link_checked"
    NUMBER_CHECKED = "number_checked"
    STATUS = "status"
    PAID = "paid"
    BEFORE = "before"
    PROMISED = "promised"
    AFTER = "after"
    ABANDONED = "abandoned"
    RESUMED = "resumed"
    UNDONE = "undone"
    PRODUCT = "product"
    PHOTO = "photo"
    PHOTO_REMOVED = "photo_removed"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a card showed. None: not read. ``money``: the balance. ``until``: the date it is valid to. ``data``: what was left of it."""

    money: Money | None = None
    until: date | None = None
    data: DataVolume | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """What is about to be bought. ``what``: money put on (TOP_UP), a plan (BUNDLE), or another thing that is paid for. ``amount``: the
    money put on, of a top-up; else the price; None when not known. ``data``: None when it brings none or nobody says. ``days``: how long it
    lasts by its own words."""

    what: Activity
    name: str = ""
    amount: Money | None = None
    data: DataVolume | None = None
    unlimited: bool = False
    days: int | None = None

    def __post_init__(self) -> None:
        if self.days is not None and not 0 < self.days <= 3650:
            raise ValueError(f"no length of a plan: {self.days} days")


@dataclass(frozen=True, slots=True)
class Promise:
    """What the product promises. ``adds``: at least this much more balance, None when the amount is not known; ``adds_data``: of a product
    that brings data, whose balance is the data left. ``until``: at least this date. ``moves_balance``, ``moves_date``: whether each
    moves at all; with some products the money is spent at once, with others no date exists."""

    adds: Money | None = None
    until: date | None = None
    moves_balance: Tri = Tri.UNKNOWN
    moves_date: Tri = Tri.UNKNOWN
    adds_data: DataVolume | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """What a renewal was started for. ``operator``: id of rules and guide, None for one we do not know, named by ``operator_name`` then.
    ``card_id``: None when the card is not among the account's. ``country``: ISO 3166-1 alpha-2, None when not known."""

    kind: CardKind
    channel: Channel
    situation: Situation = Situation.HOME
    operator: str | None = None
    operator_name: str = ""
    card_id: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class RenewalEvent:
    """One thing that happened. Which fields are set follows from ``kind``; ``sequence`` is given by the store and orders them.

    ``step``: of a tick, its removal or a note. ``text``: the note, the reason of giving up or changing, the checked domain or number.
    ``undoes``: sequence of the event taken back. ``reference``: the operator's or shop's number of the payment.
    """

    kind: EventKind
    at: datetime
    sequence: int = 0
    begun: Begun | None = None
    channel: Channel | None = None
    step: str = ""
    text: str = ""
    verdict: str = ""
    status: RenewalStatus | None = None
    paid: Money | None = None
    reference: str = ""
    figures: Figures | None = None
    promise: Promise | None = None
    undoes: int | None = None
    product: Product | None = None
