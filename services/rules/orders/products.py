"""What a top-up does: money or service, whether it carries the need, what it promises for the proof, what it does to the clocks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.model.clock import CardEvent, ClockKind, EventKind, Span, SpanUnit
from services.model.data_volume import DataVolume
from services.model.order import TopUpProduct
from services.model.plan import AllowanceKind
from services.model.renewal import Figures, Promise
from services.model.tri import Tri
from services.rules.clocks.engine import ClockState
from services.rules.renewals.effect import ClockEffect


class Gives(StrEnum):
    """What arrives on the card. MONEY stays as credit; SERVICE is spent at once on data, minutes or days; CODE has to be typed in."""

    MONEY = "money"
    SERVICE = "service"
    CODE = "code"


class Fit(StrEnum):
    """How a product carries the need. COVERS: what is left and what it adds last as long as it runs. SHORT: they do not."""

    COVERS = "covers"
    SHORT = "short"
    UNLIMITED = "unlimited"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Need:
    """What a product is held against. ``left``: on the card now; ``per_day``: mean use. None: not known."""

    left: DataVolume | None = None
    per_day: DataVolume | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What buying now does to one clock. ``before``, ``after``: when it ends; None when not known. ``days_lost``: validity that acting
    today wastes, with ``nothing_lost_from`` the first day on which none is; None when not known."""

    clock: ClockState
    before: datetime | None
    after: datetime | None
    days_lost: int | None
    nothing_lost_from: date | None


def gives(product: TopUpProduct) -> Gives:
    if product.is_pin is Tri.YES:
        return Gives.CODE
    carries = product.allowance is not None or product.voice_s is not None or product.sms is not None or product.validity_days is not None
    return Gives.SERVICE if carries and product.delivers is None else Gives.MONEY


def fit(product: TopUpProduct, need: Need) -> Fit:
    """Whether what is left and what the product adds carry the days it lasts, at the use seen so far."""
    allowance = product.allowance
    if allowance is None:
        return Fit.NOT_KNOWN
    if allowance.kind is AllowanceKind.UNLIMITED or allowance.volume is None:
        return Fit.UNLIMITED
    if need.per_day is None:
        return Fit.NOT_KNOWN
    if allowance.kind is AllowanceKind.PER_DAY:
        return Fit.COVERS if allowance.volume >= need.per_day else Fit.SHORT
    if product.validity_days is None:
        return Fit.NOT_KNOWN
    there = allowance.volume + (need.left or DataVolume(0))
    return Fit.COVERS if there.bytes >= need.per_day.bytes * product.validity_days else Fit.SHORT


def event_of(product: TopUpProduct, at: datetime) -> CardEvent:
    """The purchase as the clocks see it."""
    if gives(product) is Gives.SERVICE:
        span = Span(product.validity_days, SpanUnit.DAY) if product.validity_days else None
        return CardEvent(EventKind.BUNDLE_BOUGHT, at, span=span)
    return CardEvent(EventKind.TOPPED_UP, at, amount=product.delivers)


def what_if(product: TopUpProduct, states: Iterable[ClockState], at: datetime, until: date | None) -> tuple[CardEvent, ...]:
    """What would be known of the card after buying ``product``: the purchase, and, where the provider says that its time is added, the date
    that it would show then in the place of ``until``."""
    bought = event_of(product, at)
    plan = next((state for state in states if state.rule.kind is ClockKind.BUNDLE and state.due is not None and state.due > at), None)
    if product.extends is not Tri.YES or not product.validity_days or plan is None or until is None:
        return (bought,)
    return (bought, CardEvent(EventKind.READING, at, valid_until=until + timedelta(days=product.validity_days), clock=plan.rule.id))


def moves(product: TopUpProduct, effects: Iterable[ClockEffect], added: Iterable[ClockState]) -> tuple[Move, ...]:
    """Clock by clock what the purchase does, the most pressing first. ``added``: the clocks as they would stand if the provider added the
    time as it says; empty when it does not say so. A plan's clock of which neither rule nor provider says what more time does to it is not
    known afterwards."""
    then = {state.rule.id: state.due for state in added}
    return tuple(_move(product, effect, then) for effect in effects)


def _move(product: TopUpProduct, effect: ClockEffect, then: Mapping[str, datetime | None]) -> Move:
    state = effect.before
    if then:
        return Move(state, state.due, then.get(effect.rule.id, effect.after.due), 0, None)
    open_end = effect.rule.kind is ClockKind.BUNDLE and effect.rule.stacking.value is None and product.extends is Tri.UNKNOWN
    if open_end or effect.after.due is None:
        return Move(state, state.due, None, None, None)
    lost = effect.days_lost_today if effect.moves or effect.loses_nothing_from is not None else None
    return Move(state, state.due, effect.after.due, lost, effect.loses_nothing_from)


def promise_of(product: TopUpProduct, before: Figures) -> Promise:
    """What must be seen on the card afterwards. Where the provider says that the time is added, the date has to grow by it, less a day for
    zones; what it does not say has to be seen to grow, without a figure."""
    kind, allowance = gives(product), product.allowance
    volume = allowance.volume if allowance is not None and allowance.kind is AllowanceKind.TOTAL else None
    until = None
    if product.extends is Tri.YES and product.validity_days and before.until is not None:
        until = before.until + timedelta(days=product.validity_days - 1)
    if kind is not Gives.SERVICE:
        return Promise(adds=product.delivers, until=until)
    return Promise(until=until, moves_balance=Tri.of(None) if volume is not None else Tri.NO, adds_data=volume)
