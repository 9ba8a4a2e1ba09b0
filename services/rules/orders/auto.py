"""Renewing by itself: what a rule does with what is known of a card now. What is not known never orders anything."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.model.data_volume import DataVolume
from services.model.intent import Act, AutoMode, AutoRule, Decision, IntentStatus, KeptIntent, Reason
from services.rules.orders.machine import COUNTS, OPEN

EFFECT_DAYS = 2
"""A date that moved by fewer days than these is the same one, read in another zone or counted another way."""
AGAIN = timedelta(days=1)
"""After an order by a rule, or an attempt that bought nothing, the next one at the earliest: whatever goes wrong, it goes wrong slowly."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a card. ``due``: the last day it is good for. ``data_left``: None when not known or unlimited. ``rose_at``: when
    data was last seen above the rule's limit. ``orders``: all of the card, in any order."""

    now: datetime
    due: date | None
    data_left: DataVolume | None
    rose_at: datetime | None
    orders: tuple[KeptIntent, ...] = ()

    @property
    def days_left(self) -> int | None:
        return None if self.due is None else (self.due - self.now.date()).days


def decide(card_id: str, rule: AutoRule, known: Known) -> Decision:
    """What ``rule`` does now. ORDER names what it is due for: one order is placed for it, whatever happens."""
    days, data = known.days_left, known.data_left

    def decided(act: Act, reason: Reason, period: str | None = None) -> Decision:
        return Decision(card_id, known.now, rule.mode, act, reason, days, data, period=period)

    if rule.mode is AutoMode.OFF:
        return decided(Act.NOTHING, Reason.OFF)
    if any(kept.status in OPEN for kept in known.orders):
        return decided(Act.NOTHING, Reason.ORDER_OPEN)
    if days is not None and days < 0:
        return decided(Act.NOTHING, Reason.PAST)
    by_days = rule.days_left is not None and days is not None and days <= rule.days_left
    by_data = rule.data_left is not None and data is not None and data <= rule.data_left
    if not by_days and not by_data:
        blind = (rule.days_left is None or days is None) and (rule.data_left is None or data is None)
        return decided(Act.NOTHING, Reason.NOT_KNOWN if blind else Reason.ENOUGH)
    last = _newest(known.orders, COUNTS)
    if last is not None and not _took_effect(last, known, rule, by_days=by_days):
        return decided(Act.NOTHING, Reason.AWAITING_EFFECT)
    lately = [kept for kept in known.orders if known.now - kept.intent.made_at < AGAIN]
    if any(kept.status not in COUNTS or kept.intent.period is not None for kept in lately):
        return decided(Act.NOTHING, Reason.TRIED_TODAY)
    if by_days:
        return decided(Act.ORDER, Reason.DAYS_LEFT, f"due {known.due}")
    return decided(Act.ORDER, Reason.DATA_LEFT, f"data after {last.intent.intent_id if last else 'the first day'}")


def _newest(orders: tuple[KeptIntent, ...], statuses: frozenset[IntentStatus]) -> KeptIntent | None:
    return max((kept for kept in orders if kept.status in statuses), key=lambda kept: kept.intent.made_at, default=None)


def _took_effect(last: KeptIntent, known: Known, rule: AutoRule, *, by_days: bool) -> bool:
    """Whether the last order has shown on the card, or was for something else, so that what is due now is due anew."""
    if not by_days:
        return known.rose_at is not None and known.rose_at > last.intent.made_at
    if known.due is None or rule.days_left is None:
        return False
    then = last.intent.due_then or known.due
    if (then - last.intent.made_at.astimezone(known.now.tzinfo).date()).days > rule.days_left:
        return True  # bought long before this date came near, for its data say
    return (known.due - then).days >= EFFECT_DAYS
