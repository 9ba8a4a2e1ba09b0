"""What was spent, on what and by whom; prices that changed; money that may have been taken twice.

Amounts of different currencies are never added: every sum is of one currency, and a conversion is a step of its own with the date of its
rates beside it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from services.model.money import Money
from services.rules.compare.question import Rates

CLOSE = timedelta(days=3)
"""Two equal payments for one card within so many days are worth a look: most double charges show within them."""


class By(StrEnum):
    """What sums are split by."""

    MONTH = "month"
    CARD = "card"
    PAYER = "payer"
    CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that left and did not come back.

    ``payment_id``: of the receipt or renewal it is known from. ``card``: what the card is called, "" for none; ``card_id`` tells cards of
    one name apart. ``payee``: id of the operator, or the words for who was paid. ``product``: what was bought, "" when nobody said.
    """

    payment_id: str
    on: date
    amount: Money
    card_id: str | None = None
    card: str = ""
    payer: str = ""
    payee: str = ""
    product: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """``key``: the month as its first day in ISO form, the card's id or name, the payer, or the currency; "" when nobody said."""

    key: str
    name: str
    total: Money
    count: int


@dataclass(frozen=True, slots=True)
class Converted:
    """Everything in one currency. ``without_rate``: what is not in ``total``, because its currency has no rate."""

    total: Money
    on: date
    without_rate: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class PriceChange:
    """The same product cost something else the time after."""

    before: Payment
    after: Payment

    @property
    def more(self) -> bool:
        return self.after.amount.minor > self.before.amount.minor


class Alike(StrEnum):
    """Why two payments may be one charge taken twice. SAME_REFERENCE: one number on both. SAME_AMOUNT: one card, one amount, days apart."""

    SAME_REFERENCE = "same_reference"
    SAME_AMOUNT = "same_amount"


@dataclass(frozen=True, slots=True)
class Double:
    first: Payment
    second: Payment
    why: Alike

    @property
    def days(self) -> int:
        return (self.second.on - self.first.on).days


def sums(payments: Iterable[Payment], by: By) -> tuple[Sum, ...]:
    """One sum for each key and currency: months in order of time, everything else the largest first within its currency."""
    groups: dict[tuple[str, str], list[Payment]] = defaultdict(list)
    for payment in payments:
        groups[_key(payment, by), payment.amount.currency].append(payment)
    found = [
        Sum(
            key,
            _name(group[-1], by),
            Money(sum((payment.amount.minor for payment in group), start=group[0].amount.minor * 0), currency),
            len(group),
        )
        for (key, currency), group in groups.items()
    ]
    if by is By.MONTH:
        return tuple(sorted(found, key=lambda item: (item.key, item.total.currency)))
    return tuple(sorted(found, key=lambda item: (item.total.currency, -item.total.minor, item.name)))


def converted(payments: Iterable[Payment], rates: Rates) -> Converted:
    """The sum of all in the rates' currency."""
    total, left_out = Money.of(0, rates.target), []
    for item in sums(payments, By.CURRENCY):
        rate = rates.of(item.total.currency)
        if rate is None:
            left_out.append(item.total)
        else:
            total += Money.of(item.total.amount * rate, rates.target)
    return Converted(total, rates.on, tuple(left_out))


def in_currency(payments: Iterable[Payment], rates: Rates) -> list[Payment]:
    """The payments that have a rate, each in the rates' currency, for a picture of all of them."""
    found = []
    for payment in payments:
        rate = rates.of(payment.amount.currency)
        if rate is not None:
            amount = Money.of(payment.amount.amount * rate, rates.target)
            found.append(
                Payment(
                    payment.payment_id, payment.on, amount, payment.card_id, payment.card, payment.payer, payment.payee, payment.product
                )
            )
    return found


def price_changes(payments: Iterable[Payment]) -> tuple[PriceChange, ...]:
    """The newest first. A product is the same when payee, words and currency are; one that nobody named is compared with nothing."""
    groups: dict[tuple[str, str, str], list[Payment]] = defaultdict(list)
    for payment in sorted(payments, key=lambda item: item.on):
        if payment.product.strip() and payment.payee.strip():
            groups[_folded(payment.payee), _folded(payment.product), payment.amount.currency].append(payment)
    found = [PriceChange(one, next_one) for group in groups.values() for one, next_one in pairwise(group) if one.amount != next_one.amount]
    return tuple(sorted(found, key=lambda change: change.after.on, reverse=True))


def doubles(payments: Iterable[Payment], right: frozenset[tuple[str, str]] = frozenset(), within: timedelta = CLOSE) -> tuple[Double, ...]:
    """Pairs that may be one charge taken twice, the newest first. ``right``: pairs of ids that the person has said are two payments.

    Two payments of one card and amount that are close are told of whatever their numbers are: a till that charges twice gives two numbers.
    """
    listed = sorted(payments, key=lambda item: (item.on, item.payment_id))
    found: dict[tuple[str, str], Double] = {}
    for pair in (*_by_reference(listed), *_by_amount(listed, within)):
        ids = pair_of(pair)
        if ids not in right:
            found.setdefault(ids, pair)
    return tuple(sorted(found.values(), key=lambda pair: pair.second.on, reverse=True))


def pair_of(double: Double) -> tuple[str, str]:
    """The ids of the two, in one order."""
    first, second = sorted((double.first.payment_id, double.second.payment_id))
    return first, second


def _by_reference(listed: Sequence[Payment]) -> Iterable[Double]:
    seen: dict[str, Payment] = {}
    for payment in listed:
        number = _folded(payment.reference)
        if number in seen:
            yield Double(seen[number], payment, Alike.SAME_REFERENCE)
        if number:
            seen[number] = payment


def _by_amount(listed: Sequence[Payment], within: timedelta) -> Iterable[Double]:
    seen: dict[tuple[str, Money], Payment] = {}
    for payment in listed:
        who = payment.card_id or _folded(payment.card)
        if not who or payment.amount.minor <= 0:
            continue
        before = seen.get((who, payment.amount))
        if before is not None and payment.on - before.on <= within:
            yield Double(before, payment, Alike.SAME_AMOUNT)
        seen[who, payment.amount] = payment


def _key(payment: Payment, by: By) -> str:
    return {
        By.MONTH: payment.on.replace(day=1).isoformat(),
        By.CARD: payment.card_id or payment.card,
        By.PAYER: _folded(payment.payer),
        By.CURRENCY: payment.amount.currency,
    }[by]


def _name(payment: Payment, by: By) -> str:
    names: Mapping[By, str] = {By.CARD: payment.card, By.PAYER: payment.payer.strip()}
    return names.get(by, "") or _key(payment, by)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
