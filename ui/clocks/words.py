"""The words of clocks: what counts, steps of the ladder, why a date is not known, facts of a rule and their values."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from services.model.clock import (
    Activity,
    Anchor,
    CardEvent,
    ClockStatus,
    Confidence,
    DayMeaning,
    EventKind,
    FirstDay,
    Loss,
    MonthMeaning,
    Span,
    SpanUnit,
    Stacking,
    StageCode,
    Works,
)
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.engine import ClockState
from services.rules.clocks.schema import ShownDate, Text, Tier
from services.use.clock_answers import is_soon
from ui import figures
from ui.language import _, mark, n_, spoken
from ui.text import plain
from ui.words import word

ACTIVITY = {
    "top_up": mark("a top-up"),
    "bundle": mark("buying a plan"),
    "transfer_in": mark("credit sent from another card"),
    "call_out": mark("a call you make"),
    "sms_out": mark("a text you send"),
    "mms_out": mark("a picture message you send"),
    "data": mark("using mobile data"),
    "call_in": mark("a call you receive"),
    "sms_in": mark("a text you receive"),
    "free_number": mark("a call or text to a free number"),
    "wifi_call": mark("a call over Wi-Fi"),
    "switched_on": mark("being switched on"),
    "pay_arrears": mark("paying what is owed"),
    "buy_days": mark("buying days with credit"),
    "log_in": mark("logging in"),
    "support": mark("asking the operator"),
    "install": mark("installing it"),
    "connect": mark("connecting to a network"),
}
EVENT = {
    "purchased": mark("Bought"),
    "installed": mark("Installed"),
    "activated": mark("Activated"),
    "first_connection": mark("First connected"),
    "topped_up": mark("Topped up"),
    "bundle_bought": mark("Plan bought"),
    "renewed": mark("Renewed by itself"),
    "used": mark("Used"),
    "reading": mark("Date shown by the operator"),
    "data_spent": mark("Data used up"),
    "seen_working": mark("Seen working"),
    "roamed": mark("Used abroad"),
}
STAGE = {
    "expired": mark("Expired"),
    "outgoing_barred": mark("Outgoing calls and texts barred"),
    "hibernated": mark("Put to sleep"),
    "suspended": mark("Suspended"),
    "grace": mark("Grace period"),
    "deactivated": mark("Deactivated"),
    "cancelled": mark("Cancelled"),
    "frozen": mark("Number frozen"),
    "reissued": mark("Number may go to somebody else"),
    "reclaimed": mark("Profile taken back"),
}
WORKS = {
    "sms_in": mark("receiving texts"),
    "call_in": mark("receiving calls"),
    "sms_out": mark("sending texts"),
    "call_out": mark("making calls"),
    "data": mark("mobile data"),
    "emergency": mark("emergency calls"),
    "operator_desk": mark("calls to the operator"),
    "top_up": mark("topping up"),
}
LOSS = {
    "number": mark("the number"),
    "credit": mark("the credit"),
    "data": mark("the data"),
    "plan": mark("the plan"),
    "profile": mark("the profile"),
    "service": mark("service"),
}
CONFIDENCE = {
    "H": mark("sure: the operator or two sources that agree"),
    "M": mark("fairly sure: one decent source"),
    "L": mark("weak: hearsay"),
    "disputed": mark("disputed: the cautious value is used"),
    "assumed": mark("assumed: nothing is known of this operator"),
    "unknown": mark("unknown"),
    "own": mark("yours"),
}
MISSING = {
    "no_start": mark("nobody has said when it began"),
    "no_length": mark("no source says how long it runs"),
    "no_plan_length": mark("nobody has said how long the plan lasts"),
    "no_amount": mark("a top-up has no amount, or one in another currency"),
    "no_balance": mark("the balance is not known"),
    "no_fee": mark("the fee is not known"),
    "no_fee_day": mark("the day of the fee is not known"),
    "not_connected": mark("what starts it has not happened yet"),
    "maybe_gone": mark("something was done after the date, when nothing is said to save it any more"),
}
QUESTION = {
    "when_activated": mark("When was the card activated?"),
    "when_connected": mark("When did it first connect?"),
    "when_installed": mark("When was it installed?"),
    "when_purchased": mark("When was it bought?"),
    "when_last_used": mark("When was it last used, and how?"),
    "when_topped_up": mark("When was it last topped up?"),
    "valid_until": mark("Which date does the operator show?"),
    "plan_length": mark("How long does the plan last?"),
    "top_up_amount": mark("How much was paid?"),
    "balance": mark("How much is on the card now?"),
    "fee": mark("How much is the fee?"),
    "fee_day": mark("On which day of the month is the fee taken?"),
    "still_works": mark("Does the card still work?"),
}
STEP = {
    "started": mark("began"),
    "reset": mark("began anew"),
    "kept": mark("the older date was later and stayed"),
    "stacked": mark("was added to what was left"),
    "capped": mark("was added up to the ceiling"),
    "queued": mark("waits for the one before"),
    "read": mark("the operator showed this date"),
    "fee_paid": mark("the fee was paid"),
    "fee_due": mark("the balance pays up to here"),
}
FACT = {
    "start": mark("What it is counted from"),
    "span": mark("How long it runs"),
    "initial": mark("How long it runs at first"),
    "tiers": mark("What each amount gives"),
    "stacking": mark("What happens to time that is left"),
    "cap": mark("Ceiling"),
    "day": mark("What a day is"),
    "zone": mark("Time zone of the days"),
    "first_day": mark("The first day"),
    "month": mark("What a month is"),
    "shown_date": mark("What the date shown means"),
    "fee": mark("Fee"),
    "fee_day": mark("Day of the month of the fee"),
    "warnings": mark("When the operator warns"),
    "settling": mark("How long a payment takes to count"),
    "ended_by": mark("What ends it for good"),
    "after": mark("How long after the step before"),
    "works": mark("What still works"),
    "loses": mark("What is lost"),
    "rescue": mark("What still saves it"),
    "price": mark("Price"),
    "keeps_value": mark("The money stays as credit"),
}
ASSUMED = {
    "start": mark("what it is counted from"),
    "stacking": mark("what happens to time that is left"),
    "day": mark("what a day is"),
    "first_day": mark("whether the first day counts"),
    "month": mark("what a month is"),
    "zone": mark("the time zone"),
}
NOT_POSSIBLE = {
    "in_future": mark("This day is still to come. Choose today or an earlier day."),
    "incomplete": mark("Something is missing. Fill in every field."),
    "does_not_fit": mark("This value does not fit here. Nothing was changed; check it and try again."),
    "card_gone": mark("This card is not here any more."),
}
CLAIM = ("●", mark("Last day of a claim"))
MARK = {
    "stage": ("◆", mark("Next step down")),
    "ends": ("■", mark("Ends")),
    "last_safe": ("▲", mark("Last safe day")),
    "earliest": ("○", mark("Makes sense from here on")),
}
UNIT = {"day": mark("days"), "month": mark("months"), "hour": mark("hours")}
_VALUES: Mapping[type[StrEnum], Mapping[str, str]] = {
    Anchor: {
        "activation": mark("activation"),
        "first_connection": mark("the first connection"),
        "install": mark("installation"),
        "purchase": mark("the purchase"),
        "last_event": mark("the last thing that counts"),
        "plan_end": mark("the end of the last plan"),
    },
    Stacking: {
        "reset": mark("lost: it begins anew"),
        "keep_later": mark("the later date stays"),
        "stack": mark("added up"),
        "old_end": mark("the next waits for the end of this one"),
        "old_end_or_spent": mark("the next waits until this one has ended or its data is used up"),
        "parallel": mark("each runs by itself"),
    },
    DayMeaning: {"natural": mark("a calendar day"), "24h": mark("24 hours from the minute")},
    FirstDay: {"counts": mark("counts"), "free": mark("is free")},
    MonthMeaning: {"calendar": mark("a calendar month"), "30_days": mark("30 days")},
    ShownDate: {"last_day": mark("the last good day"), "day_after": mark("the day after")},
    Tri: {"yes": mark("Yes"), "no": mark("No"), "unknown": mark("unknown")},
    Activity: ACTIVITY,
    EventKind: EVENT,
    Works: WORKS,
    Loss: LOSS,
    StageCode: STAGE,
}


def said(text: Text) -> str:
    """A bilingual text of a rule in the session's language, as itself."""
    return plain(spoken(text))


def span(value: Span) -> str:
    count = figures.number(value.amount)
    if value.unit is SpanUnit.HOUR:
        return n_("{n} hour", "{n} hours", value.amount).format(n=count)
    if value.unit is SpanUnit.DAY:
        return n_("{n} day", "{n} days", value.amount).format(n=count)
    return n_("{n} month", "{n} months", value.amount).format(n=count)


def money(value: Money) -> str:
    return plain(figures.money(int(value.amount * figures.MICRO), value.currency))


def listed(codes: tuple[StrEnum, ...]) -> str:
    return figures.listing([value(code) for code in codes])


def value(fact: Any) -> str:
    """The value of a fact for people."""
    match fact:
        case None:
            return _("unknown")
        case Span():
            return span(fact)
        case Money():
            return money(fact)
        case Tier():
            return _("{amount} or more: {length}").format(amount=money(fact.at_least), length=span(fact.span))
        case tuple():
            return figures.listing([value(item) for item in fact]) if fact else _("nothing")
        case StrEnum():
            return word(_VALUES[type(fact)], fact.value)
        case _:
            return plain(str(fact))


def happened(event: CardEvent) -> str:
    """What an event was: "Topped up", or for a use, the use."""
    return value(event.activity) if event.activity is not None else word(EVENT, event.kind.value)


def confidence(code: Confidence) -> str:
    return word(CONFIDENCE, code.value)


def day_of(at: datetime, state: ClockState) -> date:
    return at.astimezone(state.zone).date()


def day(at: datetime, state: ClockState) -> str:
    """The person's day that holds ``at``."""
    return figures.day(day_of(at, state))


def badge(colour: str, shape: str, text: str) -> str:
    """A word with a shape, so that the colour is not all there is."""
    return f":{colour}-badge[{shape} {text}]"


def own_badge() -> str:
    """Marks the person's own figure."""
    return badge("violet", "✎", _("yours"))


def assumed_badge(is_assumed: bool) -> str:
    """Marks what rests on an assumed rule."""
    return " " + badge("gray", "≈", _("assumed")) if is_assumed else ""


def urgency(state: ClockState) -> str:
    """A shape, a word and a colour."""
    left = state.days_left
    if state.status is ClockStatus.SETTLED or state.is_over:
        return badge("gray", "–", _("Over"))
    if state.is_overdue:
        return badge("red", "■", _("Overdue"))
    if left is None:
        return badge("gray", "?", _("Unknown"))
    if left <= 0:
        return badge("red", "▲", _("Today"))
    if is_soon(state):
        return badge("orange", "▲", _("Soon"))
    return badge("green", "●", _("Fine"))


def count(state: ClockState) -> str:
    """The largest figure: days left, or the word that stands for it."""
    left = state.days_left
    if state.is_over:
        return _("Over")
    if state.is_overdue and left is not None:
        return n_("{n} day over", "{n} days over", -left).format(n=figures.number(-left))
    if left is None:
        return _("Unknown")
    return figures.days(left) if left > 0 else _("Today")
