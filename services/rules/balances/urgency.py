"""How soon somebody must act for a card, and which card comes first."""

import math
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from services.model.card import Thresholds
from services.model.money import Money
from services.model.reading import LineStatus, Measure, MoneyBalance, Validity, ValidityKind
from services.rules.balances.forecast import Outlook
from services.rules.balances.packages import data_left
from services.rules.balances.state import CardState, FieldKey


class Level(IntEnum):
    """Order of cards: smaller comes first. A card we know nothing of stands before those that are known to be fine."""

    OVERDUE = 0
    TODAY = 1
    SOON = 2
    LOW = 3
    UNKNOWN = 4
    FINE = 5


class Reason(StrEnum):
    DATE_PASSED = "date_passed"
    DATE_NEAR = "date_near"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DATA_LOW = "data_low"
    DATA_GONE = "data_gone"
    DATA_RUNS_OUT = "data_runs_out"
    MONEY_LOW = "money_low"
    MONEY_OWED = "money_owed"
    NOTHING_KNOWN = "nothing_known"


@dataclass(frozen=True, slots=True)
class Urgency:
    """``days_left``: whole days until the next date that ends something, negative once it has passed; None when no date is known."""

    level: Level
    reasons: tuple[Reason, ...]
    days_left: int | None

    @property
    def dateless(self) -> bool:
        """Nothing asks for an action, but no date is known either: then nobody can say that all is well."""
        return self.level is Level.FINE and self.days_left is None


DEFAULT_DAYS = 7


def urgency(
    state: CardState | None,
    thresholds: Thresholds,
    today: date,
    *,
    due: date | None = None,
    due_is_near: bool = False,
    runs_out: Outlook = Outlook.UNKNOWN,
) -> Urgency:
    """How soon somebody must act. ``due``: next due date of the card's clocks, beside the dates its readings carry;
    ``due_is_near``: its rule says that it is time, which counts unless the person set days of their own.

    Limits the person did not set are not made up for money and data; dates of readings count as near from a week.
    """
    reasons: list[tuple[Level, Reason]] = []
    days = None
    ends = [] if state is None else _ends(state)
    if due is not None:
        ends.append(due)
    if ends:
        days = (min(ends) - today).days
        near = DEFAULT_DAYS if thresholds.days is None else thresholds.days
        if days < 0:
            reasons.append((Level.OVERDUE, Reason.DATE_PASSED))
        elif days <= near or (due_is_near and thresholds.days is None):
            reasons.append((Level.TODAY if days == 0 else Level.SOON, Reason.DATE_NEAR))
    if state is not None:
        reasons += _figure_reasons(state, thresholds, today)
    if runs_out is Outlook.RUNS_OUT:
        reasons.append((Level.LOW, Reason.DATA_RUNS_OUT))
    if (state is None or not state.fields) and due is None:
        reasons.append((Level.UNKNOWN, Reason.NOTHING_KNOWN))
    reasons.sort(key=lambda item: item[0])
    level = reasons[0][0] if reasons else Level.FINE
    return Urgency(level, tuple(dict.fromkeys(reason for _, reason in reasons)), days)


def _ends(state: CardState) -> list[date]:
    """The dates that count. A date of no stated kind gives way to any newer one: it was probably about the same thing."""
    known = [item.newest for item in state.figures(Measure.VALIDITY)]
    newest = max((item.true_at for item in known), default=None)
    return [
        item.figure.last_day
        for item in known
        if isinstance(item.figure, Validity) and (item.figure.kind is not ValidityKind.UNSPECIFIED or item.true_at == newest)
    ]


def _figure_reasons(state: CardState, thresholds: Thresholds, today: date) -> list[tuple[Level, Reason]]:
    reasons: list[tuple[Level, Reason]] = []
    status = state.fields.get(FieldKey(Measure.STATUS))
    if status is not None and status.newest.figure is LineStatus.SUSPENDED:
        reasons.append((Level.OVERDUE, Reason.SUSPENDED))
    if status is not None and status.newest.figure is LineStatus.CLOSED:
        reasons.append((Level.OVERDUE, Reason.CLOSED))
    money = state.main_money()
    if money is not None and isinstance(money.figure, MoneyBalance):
        amount = money.figure.money
        if amount.minor < 0:
            reasons.append((Level.OVERDUE, Reason.MONEY_OWED))
        elif thresholds.money is not None and _below(amount, thresholds.money):
            reasons.append((Level.LOW, Reason.MONEY_LOW))
    data = data_left(state, today)
    if data is not None and data.remaining is not None and not data.at_least:
        if data.remaining.bytes == 0:
            reasons.append((Level.LOW, Reason.DATA_GONE))
        elif thresholds.data is not None and data.remaining < thresholds.data:
            reasons.append((Level.LOW, Reason.DATA_LOW))
    return reasons


def _below(amount: Money, limit: Money) -> bool:
    """Amounts in different currencies are not compared."""
    return amount.currency == limit.currency and amount.minor < limit.minor


def by_urgency(urgencies: dict[str, Urgency]) -> list[str]:
    """Card ids, the one to act on first. Within a level the nearest date first, cards without a date last, then by id."""
    return sorted(
        urgencies,
        key=lambda card: (urgencies[card].level, math.inf if urgencies[card].days_left is None else urgencies[card].days_left, card),
    )
