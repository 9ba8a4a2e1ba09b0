"""What a person is about to buy: whether it fits what the card uses, whether it is money or service, and what it promises."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import StrEnum

from services.model.clock import Activity, CardEvent, ClockKind, Span, SpanUnit
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.renewal import Product, Promise
from services.model.tri import Tri
from services.rules.clocks.counting import last_whole_day
from services.rules.clocks.schema import OperatorRule, parse_zone
from services.rules.renewals.effect import ClockEffect, payment_of

PAID_FOR = (Activity.TOP_UP, Activity.BUNDLE, Activity.BUY_DAYS, Activity.PAY_ARREARS)
"""What money is paid for; the rest of what keeps a card is done, not bought."""
_FEES = frozenset({ClockKind.WALLET_FEE, ClockKind.ARREARS})


class Nature(StrEnum):
    """MONEY: it stays on the card as credit, and service is a second step. SERVICE: it is spent on what is bought at once."""

    MONEY = "money"
    SERVICE = "service"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fit:
    """A product held against what the card uses. ``enough``: whether its data lasts as long as it does. ``lasts_days``: whole days that its
    data lasts at that pace. ``needed``: what its days would use. None: not known."""

    enough: Tri
    lasts_days: int | None = None
    needed: DataVolume | None = None


def known_products(rule: OperatorRule) -> tuple[Product, ...]:
    """What the rule names with an amount, each once: priced actions first in their order, then the steps of amounts."""
    found = [Product(action.what, amount=action.price.value) for action in rule.actions if action.what in PAID_FOR and action.price.value]
    tiers = [tier for clock in rule.clocks for tier in clock.tiers.value or ()]
    found += [Product(Activity.TOP_UP, amount=tier.at_least) for tier in sorted(tiers, key=lambda tier: tier.at_least.minor)]
    return tuple(dict.fromkeys(found))


def payment(product: Product, like: CardEvent) -> CardEvent:
    """The product as an event to the clocks, at the time of ``like``."""
    length = Span(product.days, SpanUnit.DAY) if product.days is not None else None
    return payment_of(product.what, like.at, product.amount, length)


def nature(product: Product, rule: OperatorRule | None) -> Nature:
    """A plan is service. Money put on is what the operator's rule says of it; without a word, nobody knows."""
    if product.what is not Activity.TOP_UP:
        return Nature.SERVICE
    said = {action.keeps_value.value for action in rule.actions if action.what is Activity.TOP_UP} if rule else set()
    said.discard(None)
    if said == {Tri.YES}:
        return Nature.MONEY
    return Nature.SERVICE if said == {Tri.NO} else Nature.UNKNOWN


def fit(product: Product, per_day: DataVolume | None) -> Fit:
    """``per_day``: what the card uses, from its readings or as typed; None when not known."""
    if product.unlimited:
        return Fit(Tri.YES)
    needed = per_day * product.days if per_day is not None and product.days is not None else None
    if product.data is None or per_day is None:
        return Fit(Tri.UNKNOWN, None, needed)
    if per_day.bytes == 0:
        return Fit(Tri.YES, None, needed)
    lasts = product.data.bytes // per_day.bytes
    if needed is None:
        return Fit(Tri.UNKNOWN, lasts)
    return Fit(Tri.YES if product.data >= needed else Tri.NO, lasts, needed)


def promise_of(product: Product, rule: OperatorRule | None, effects: Iterable[ClockEffect], zone: tzinfo) -> Promise:
    """What the card must show once the product counts, as the operator's rule expects it.

    The date is that of the clock whose date the operator shows, and the earliest that the rule allows; a fee's date does not move by money
    put on, and a time without use is printed nowhere. What the rule does not tell stays unknown.
    """
    stays = nature(product, rule) is not Nature.SERVICE
    adds: Money | None = product.amount if stays else None
    until, moves_date = _date(rule, list(effects), zone)
    return Promise(adds, until, Tri.YES if stays else Tri.NO, moves_date)


def _date(rule: OperatorRule | None, effects: list[ClockEffect], zone: tzinfo) -> tuple[date | None, Tri]:
    shown = next((effect for effect in effects if rule is not None and effect.rule.id == rule.shown_clock), None)
    if shown is None:
        return None, Tri.UNKNOWN
    if shown.rule.kind is ClockKind.INACTIVITY:
        return None, Tri.NO
    if shown.rule.kind in _FEES:
        return None, Tri.UNKNOWN if shown.before.stage is not None else Tri.NO
    if shown.after.due is None:
        return None, Tri.UNKNOWN
    if shown.before.due == shown.after.due:
        return None, Tri.NO
    home = parse_zone(shown.rule.home_zone) if shown.rule.home_zone else zone
    return last_whole_day(shown.after.due, home), Tri.YES
