"""Spending limits: per order and per calendar month, per currency. Where none was set and none is safe to assume, nothing is ordered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.model.intent import KeptIntent, SpendingLimit
from services.model.money import Money
from services.model.order import AccountBalance, TopUpProduct
from services.rules.orders.machine import APART, COUNTS, OPEN

SAFE: Mapping[str, SpendingLimit] = {
    currency: SpendingLimit(Money.of(order, currency), Money.of(month, currency))
    for currency, order, month in (
        ("USD", 20, 60),
        ("EUR", 20, 60),
        ("GBP", 15, 45),
        ("CNY", 100, 300),
        ("HKD", 150, 450),
        ("SGD", 25, 75),
        ("AUD", 30, 90),
        ("CAD", 25, 75),
        ("JPY", 3000, 9000),
    )
}
"""In force until the person sets another one: one ordinary top-up at a time, three a month."""


class No(StrEnum):
    """Why an order is not taken. Nothing was stored or sent."""

    NO_PRICE = "no_price"
    NO_LIMIT = "no_limit"
    LIMIT_ORDER = "limit_order"
    LIMIT_MONTH = "limit_month"
    WALLET = "wallet"
    ORDER_OPEN = "order_open"
    MOVED_ON = "moved_on"
    TOO_SOON = "too_soon"
    CARD_GONE = "card_gone"
    NOT_CONNECTED = "not_connected"
    PERIOD_SERVED = "period_served"
    RENEWAL_OVER = "renewal_over"


class OrderNotTaken(Exception):
    """An order that is not taken. ``because``; ``limit`` and ``spent``: of a limit that it would pass."""

    def __init__(self, because: No, limit: Money | None = None, spent: Money | None = None) -> None:
        super().__init__(because.value)
        self.because = because
        self.limit = limit
        self.spent = spent


@dataclass(frozen=True, slots=True)
class Room:
    """The limit of a currency, and what of it is spent this month."""

    limit: SpendingLimit | None
    spent: Money


def month_start(now: datetime) -> datetime:
    """The first instant of the month in the zone of ``now``."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def room(intents: Iterable[KeptIntent], currency: str, own: Mapping[str, SpendingLimit], now: datetime, *, invented: bool) -> Room:
    """What may still be spent. Everything that was paid for or may have been counts from the moment it was decided. Invented orders and
    real ones are counted apart."""
    since = month_start(now)
    spent = Money.of(0, currency)
    for kept in intents:
        if kept.intent.invented is invented and kept.status in COUNTS and kept.intent.made_at >= since and kept.cost.currency == currency:
            spent += kept.cost
    return Room(own.get(currency, SAFE.get(currency)), spent)


def check_price(price: Money | None, there: Room) -> Money:
    """``price`` when it is within the limits. Raises OrderNotTaken."""
    if price is None or price.minor <= 0:
        raise OrderNotTaken(No.NO_PRICE)
    if there.limit is None:
        raise OrderNotTaken(No.NO_LIMIT)
    if price.minor > there.limit.order.minor:
        raise OrderNotTaken(No.LIMIT_ORDER, there.limit.order)
    if there.spent.minor + price.minor > there.limit.month.minor:
        raise OrderNotTaken(No.LIMIT_MONTH, there.limit.month, there.spent)
    return price


def check_wallet(price: Money, wallet: AccountBalance | None) -> None:
    """Raises OrderNotTaken when the purse is known to hold less. A purse that is not known stops nothing: the provider refuses then."""
    balance = None if wallet is None else wallet.balance
    if balance is not None and balance.currency == price.currency and balance.minor < price.minor:
        raise OrderNotTaken(No.WALLET, balance)


def check_card(of_card: Iterable[KeptIntent], newest: str | None, product: TopUpProduct, renewal_id: str | None, now: datetime) -> None:
    """Raises OrderNotTaken when the card has an order that is not settled, when one was placed since the person looked (``newest``: the
    last one shown, None when there was none), or when the same was ordered a moment ago."""
    intents = sorted(of_card, key=lambda kept: (kept.intent.made_at, kept.intent.intent_id))
    if any(kept.status in OPEN for kept in intents):
        raise OrderNotTaken(No.ORDER_OPEN)
    counted = [kept for kept in intents if kept.status in COUNTS]
    if (counted[-1].intent.intent_id if counted else None) != newest:
        raise OrderNotTaken(No.MOVED_ON)
    if any(kept.intent.renewal_id == renewal_id for kept in counted if renewal_id is not None):
        raise OrderNotTaken(No.RENEWAL_OVER)
    if any(kept.intent.product.product_id == product.product_id and now - kept.intent.made_at < APART for kept in counted):
        raise OrderNotTaken(No.TOO_SOON)
