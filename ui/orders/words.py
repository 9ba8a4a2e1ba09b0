"""The words of orders: where one stands, why one is not taken or was refused, what a product gives, what a rule decided."""

from collections.abc import Mapping
from typing import Any

from services.model.intent import Act, AutoMode, Decision, IntentStatus, KeptIntent, Reason
from services.model.order import TopUpProduct
from services.model.plan import Allowance, AllowanceKind
from services.providers.facts import facts_of
from services.rules.orders.limits import No, OrderNotTaken
from services.rules.orders.products import Fit, Gives
from ui import connection_words, figures
from ui.language import _, mark, n_
from ui.orders.desk import price
from ui.text import plain
from ui.words import word

I = IntentStatus  # noqa: E741 - read as "I.READY"
STATUS: Mapping[str, str] = {
    I.READY: mark("Confirmed, about to be sent"),
    I.SENDING: mark("Being sent"),
    I.UNKNOWN: mark("Not clear whether it was placed"),
    I.PENDING: mark("Placed, not done yet"),
    I.CONFIRMED: mark("Placed and done"),
    I.FAILED: mark("Placed, and it failed"),
    I.REFUNDED: mark("Refunded"),
    I.REFUSED: mark("Refused: nothing was bought"),
    I.WITHDRAWN: mark("Never sent: nothing was bought"),
    I.CLOSED: mark("Closed by you: nothing was bought"),
}
SHAPE: Mapping[str, str] = {
    I.READY: ":material/hourglass_top:",
    I.SENDING: ":material/hourglass_top:",
    I.UNKNOWN: ":material/help:",
    I.PENDING: ":material/hourglass_top:",
    I.CONFIRMED: ":material/check_circle:",
    I.FAILED: ":material/error:",
    I.REFUNDED: ":material/undo:",
    I.REFUSED: ":material/block:",
    I.WITHDRAWN: ":material/block:",
    I.CLOSED: ":material/block:",
}
GIVES: Mapping[str, str] = {
    Gives.MONEY: mark("Money: it stays on the card as credit; a plan may still have to be bought with it."),
    Gives.SERVICE: mark("Service: data, minutes or days, spent at once. It is not credit."),
    Gives.CODE: mark("A code, which you have to type in on the phone yourself."),
}
FIT: Mapping[str, str] = {
    Fit.COVERS: mark("At your pace, what is left and what it adds last as long as it runs."),
    Fit.SHORT: mark("At your pace, the data are used up before it ends."),
    Fit.UNLIMITED: mark("Data without a limit; the speed may drop."),
    Fit.NOT_KNOWN: mark("Whether it lasts is not known: too little is known of your use, or of the product."),
}
EXTENDS: Mapping[str, str] = {
    "yes": mark("The provider adds its time to what is left: nothing is lost by buying early."),
    "no": mark("It starts a time of its own; it does not lengthen the plan there is."),
    "unknown": mark("The provider does not say whether its time is added to what is left or runs beside it."),
}
NO: Mapping[str, str] = {
    No.NO_PRICE: mark("The provider does not say the price before the order, so it cannot be compared with your limit."),
    No.NO_LIMIT: mark("There is no spending limit in {currency} yet. Set one first."),
    No.LIMIT_ORDER: mark("It costs more than your limit for one order, {limit}."),
    No.LIMIT_MONTH: mark("It would pass your limit for this month, {limit}; {spent} of it is used or may be."),
    No.WALLET: mark("The account at the provider holds {limit} only. Fill it up there first."),
    No.ORDER_OPEN: mark("An order for this card is not settled. Settle it first, or you may pay twice."),
    No.MOVED_ON: mark("Another order for this card was placed since this was shown. Ask again what can be bought."),
    No.TOO_SOON: mark("The same was ordered for this card a moment ago. Wait three minutes if you want it a second time."),
    No.CARD_GONE: mark("This card is not here any more."),
    No.NOT_CONNECTED: mark("The connection to the provider is gone, or another one. Look in the settings, then ask again."),
    No.PERIOD_SERVED: mark("What is due now was ordered already."),
    No.RENEWAL_OVER: mark("Something was paid for this renewal already. Start a new one."),
}
MODE: Mapping[str, str] = {
    AutoMode.OFF: mark("Off"),
    AutoMode.DRY_RUN: mark("Only write down what it would do"),
    AutoMode.ON: mark("On: buy without asking"),
}
BECAUSE: Mapping[str, str] = {
    Reason.OFF: mark("it is off"),
    Reason.NOT_KNOWN: mark("what is left is not known"),
    Reason.PAST: mark("the card has already ended, and that needs a person"),
    Reason.ORDER_OPEN: mark("an order for this card is not settled"),
    Reason.AWAITING_EFFECT: mark("the last order has not shown on the card yet"),
    Reason.TRIED_TODAY: mark("something was ordered or tried within a day"),
    Reason.NOT_CONNECTED: mark("the card is not linked to a connected provider"),
    Reason.LOOK_UP_FAILED: mark("the provider could not be asked"),
    Reason.PRODUCT_GONE: mark("the product is not sold for this card any more"),
    Reason.PRICE_UNKNOWN: mark("the provider does not say the price"),
    Reason.PRICE_TOO_HIGH: mark("the price is above your limit for it"),
    Reason.LIMIT_ORDER: mark("it would pass your spending limit for one order"),
    Reason.LIMIT_MONTH: mark("it would pass your spending limit for the month"),
    Reason.NO_LIMIT: mark("there is no spending limit in this currency"),
    Reason.WALLET: mark("the account at the provider holds too little"),
    Reason.MOVED_ON: mark("another order came in between"),
}


def not_taken(error: OrderNotTaken, currency: str = "") -> str:
    """Why an order is not taken, and what to do."""
    limit = price(error.limit) if error.limit is not None else ""
    spent = price(error.spent) if error.spent is not None else ""
    return word(NO, error.because).format(limit=plain(limit), spent=plain(spent), currency=currency)


def why(kept: KeptIntent) -> str:
    """Why an order did not go through, or is not clear; empty when nothing was said."""
    return failed(kept.intent.provider, kept.failure) if kept.failure else plain(kept.said)


def failed(provider: str, failure: Mapping[str, Any]) -> str:
    facts = facts_of(provider)
    match failure.get("kind"):
        case "OtherAccount":
            return _("The connection to {provider} belongs to another account now.").format(provider=facts.name)
        case "HeldUp":
            return _("This machine paused for too long before it could be sent.")
        case "TooLate":
            return _("It was not sent in time.")
        case "SenderDied":
            return _("The program ended while it was being sent.")
        case "Unexpected":
            return _("Something unexpected happened while it was being sent.")
        case "Refused":
            said = " ".join(str(part) for part in (failure.get("code"), failure.get("detail")) if part)
            return _("{provider} refused it: {said}").format(provider=facts.name, said=plain(said))
        case "NotFound":
            return _("{provider} does not know this card or product any more.").format(provider=facts.name)
        case _:
            return connection_words.trouble(facts, failure)


def product_line(product: TopUpProduct) -> str:
    """What it is, for a list to choose from: as plain text."""
    parts = [product.name]
    if product.allowance is not None:
        parts.append(allowance(product.allowance))
    if product.validity_days is not None:
        parts.append(figures.days(product.validity_days))
    if product.delivers is not None:
        parts.append(_("{amount} on the card").format(amount=price(product.delivers)))
    parts.append(
        price(product.price) if product.price is not None else _("amount of your choice") if product.amount_from else _("no price")
    )
    return " · ".join(parts)


def allowance(carries: Allowance) -> str:
    if carries.kind is AllowanceKind.UNLIMITED or carries.volume is None:
        return _("Unlimited")
    shown = figures.volume(carries.volume.bytes)
    return _("{data} a day").format(data=shown) if carries.kind is AllowanceKind.PER_DAY else shown


def decided(decision: Decision) -> str:
    """ "It would do nothing, because 12 days are left."""
    if decision.act is Act.NOTHING:
        return _("Nothing, because {reason}.").format(reason=_because(decision))
    paid = price(decision.price) if decision.price is not None else ""
    reason = _because(decision)
    if decision.intent_id is not None:
        return _("Ordered for {price}, because {reason}.").format(price=plain(paid), reason=reason)
    if paid:
        return _("It would order for {price}, because {reason}.").format(price=plain(paid), reason=reason)
    return _("It would order, because {reason}.").format(reason=reason)


def today(decision: Decision) -> str:
    """The dry run in one sentence."""
    if decision.act is Act.NOTHING:
        return _("Today it would do nothing, because {reason}.").format(reason=_because(decision))
    return _("Today it would order, because {reason}.").format(reason=_because(decision))


def _because(decision: Decision) -> str:
    if decision.reason not in (Reason.ENOUGH, Reason.DAYS_LEFT, Reason.DATA_LEFT):
        return word(BECAUSE, decision.reason)
    days = decision.days_left
    parts = [n_("{n} day is left", "{n} days are left", days).format(n=days)] if days is not None else []
    if decision.data_left is not None:
        parts.append(_("{data} is left").format(data=figures.volume(decision.data_left.bytes)))
    return figures.listing(parts)
