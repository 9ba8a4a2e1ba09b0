"""What a provider says about a card it runs: the card in its list, the top-ups that fit, an order placed, how to install."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance
from services.model.reading import CountBalance, DataBalance, LineStatus, Measure, MoneyBalance, Reading, Source, Validity
from services.model.tri import Tri


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that opens something. Silent in ``repr`` and ``str``; ``reveal`` is called where it is meant to be seen."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class RemoteCard:
    """A card of the account, as its list shows it. ``remote_id`` is what the provider names it by (an ICCID, an order, a number).

    ``status_said``: the provider's own word, kept because new words appear. ``created_at``: aware, when the provider made it.
    """

    remote_id: str
    name: str = ""
    iccid: str | None = None
    msisdn: str | None = None
    countries: frozenset[str] = frozenset()
    status: LineStatus | None = None
    status_said: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderReading:
    """One look at one card through a provider. Fields as in :class:`services.model.reading.Reading`.

    ``remote_id`` is the provider's name of the card. ``as_of``: when the figures were true at the provider; where the provider gives
    no time but is known to lag, the earliest time they can be from. ``status_said``: its own word for the state.
    """

    remote_id: str
    taken_at: datetime
    as_of: datetime | None = None
    money: tuple[MoneyBalance, ...] = ()
    data: tuple[DataBalance, ...] = ()
    voice: tuple[CountBalance, ...] = ()
    sms: tuple[CountBalance, ...] = ()
    validity: tuple[Validity, ...] = ()
    status: LineStatus | None = None
    status_said: str = ""
    complete: frozenset[Measure] = frozenset()

    def of_card(self, card_id: str, provider: str) -> Reading:
        """The same figures as a reading of our card ``card_id``."""
        return Reading(
            card_id=card_id,
            source=Source.API,
            taken_at=self.taken_at,
            as_of=self.as_of,
            origin=provider,
            money=self.money,
            data=self.data,
            voice=self.voice,
            sms=self.sms,
            validity=self.validity,
            status=self.status,
            complete=self.complete,
        )


@dataclass(frozen=True, slots=True)
class TopUpProduct:
    """Something that can be put on one card.

    ``price``: what the account is charged; None when the provider does not say before the order. ``retail_price``: what the
    provider suggests to ask for it. ``allowance`` and ``validity_days``: what it adds, None when not said in figures.
    ``voice_s`` whole seconds, ``sms`` pieces. ``delivers``: money that arrives on the card (airtime).
    ``amount_from`` and ``amount_to``: the price is free between them (choose with :meth:`with_amount`).
    ``periods_from`` and ``periods_to``: sold by the period, price and validity are of one (choose with :meth:`for_periods`).
    ``extends``: YES adds to the time that is left, NO starts a time of its own. ``is_pin``: a code to type in by hand.
    """

    product_id: str
    name: str
    price: Money | None
    allowance: Allowance | None = None
    validity_days: int | None = None
    retail_price: Money | None = None
    countries: frozenset[str] = frozenset()
    voice_s: int | None = None
    sms: int | None = None
    delivers: Money | None = None
    amount_from: Money | None = None
    amount_to: Money | None = None
    periods_from: int | None = None
    periods_to: int | None = None
    periods: int = 1
    extends: Tri = Tri.UNKNOWN
    is_pin: Tri = Tri.NO
    said: str = ""

    def with_amount(self, amount: Money) -> "TopUpProduct":
        """This product at ``amount``. Raises ValueError outside of the range, or where there is no choice."""
        low, high = self.amount_from, self.amount_to
        if low is None or high is None or amount.currency != low.currency or not low.minor <= amount.minor <= high.minor:
            raise ValueError("this product is not sold at that amount")
        return replace(self, price=amount)

    def for_periods(self, periods: int) -> "TopUpProduct":
        """``periods`` of this product at once: price and validity multiplied. Raises ValueError where that is not sold."""
        if self.periods != 1 or self.periods_from is None or self.periods_to is None or not self.periods_from <= periods <= self.periods_to:
            raise ValueError("this product is not sold for that many periods")
        return replace(
            self,
            periods=periods,
            price=None if self.price is None else self.price * periods,
            retail_price=None if self.retail_price is None else self.retail_price * periods,
            validity_days=None if self.validity_days is None else self.validity_days * periods,
        )


class OrderStatus(StrEnum):
    """CONFIRMED: placed and done. PENDING: placed, not done. UNKNOWN: nobody can say whether it was placed; look it up again
    by its reference, never send it again with another. FAILED and REFUNDED: placed, and it came to nothing."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    UNKNOWN = "unknown"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of an order with our ``reference``.

    ``order_id``: the provider's number for it. ``charged``: what the account paid; None when not said.
    ``delivered``: money that arrived on the card. ``placed_at``: aware. ``pin``: a code the person has to type in.
    ``validity``, ``data``: the card's new totals, where the answer gives them. ``said``: the provider's own word or reason.
    """

    status: OrderStatus
    reference: str
    order_id: str | None = None
    remote_id: str | None = None
    product_id: str | None = None
    charged: Money | None = None
    delivered: Money | None = None
    placed_at: datetime | None = None
    pin: Secret | None = None
    data: tuple[DataBalance, ...] = ()
    validity: tuple[Validity, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class InstallInfo:
    """What a phone needs to take the eSIM in. The codes are bearer secrets: whoever has them can take the card.

    ``apn``: None when it sets itself, or is not said (``apn_automatic`` tells which). ``roaming``: whether data roaming must be on.
    """

    remote_id: str
    lpa_code: Secret | None = None
    confirmation_code: Secret | None = None
    pin: Secret | None = None
    puk: Secret | None = None
    iccid: str | None = None
    apn: str | None = None
    apn_automatic: Tri = Tri.UNKNOWN
    roaming: Tri = Tri.UNKNOWN
    activate_by: Validity | None = None
    status_said: str = ""


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """The purse that top-ups are paid from. ``balance`` None: the account answers, and says nothing of money.
    ``as_of``: aware, when the provider says the figure is from."""

    balance: Money | None
    as_of: datetime | None = None
    name: str = ""


def data_left(total: DataVolume, used: DataVolume) -> DataVolume:
    """What is left of ``total``; nothing when more was used than there was (counters overshoot)."""
    return DataVolume(max(0, total.bytes - used.bytes))
