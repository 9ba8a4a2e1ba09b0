"""What each plan comes to for one question: purchases, total, data, coverage. No filter and no order here."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from services.model.plan import AllowanceKind
from services.model.tri import Tri
from services.rules.compare.countries import mask_of
from services.rules.compare.frame import I8, I16, I64, KINDS, TRI_CODES, UNKNOWN, Flags, PlanFrame
from services.rules.compare.purchases import purchases_by_days, purchases_of_bundles, purchases_of_day_plans
from services.rules.compare.question import MAX_PURCHASES, Question, Rates

PER_DAY_KIND = KINDS.index(AllowanceKind.PER_DAY)
UNLIMITED_KIND = KINDS.index(AllowanceKind.UNLIMITED)
YES, NO, NOT_PUBLISHED = TRI_CODES[Tri.YES], TRI_CODES[Tri.NO], TRI_CODES[Tri.UNKNOWN]
STALE_AFTER_SECONDS = 86_400
RATE_DIGITS = 12
LARGEST = 9 * 10**18
SAFE_FACTOR = 9 * 10**12


class TotalState(StrEnum):
    """Whether there is a total for the trip and, when there is none, why."""

    KNOWN = "known"
    NO_RATE = "no_rate"
    VALIDITY_NOT_PUBLISHED = "validity_not_published"
    ONCE_ONLY = "once_only"
    """One purchase does not carry the trip and a second is not to be had: for new users only, or free of charge, as trials are."""
    TOO_MANY = "too_many"
    """More than MAX_PURCHASES purchases, or none is enough."""


STATES: tuple[TotalState, ...] = tuple(TotalState)
KNOWN, NO_RATE, VALIDITY_NOT_PUBLISHED, ONCE_ONLY, TOO_MANY = range(len(STATES))


@dataclass(frozen=True, slots=True, eq=False)
class Appraisal:
    """Arrays of one length; row i speaks of plan ``place[i]`` of the frame. Unknown is -1, money is micro-units of the question's currency.

    ``countries_yes``, ``countries_unknown``, ``countries_no``: how many of the countries asked for are covered, not published, not covered.
    ``meets``: tri-state code; whether the plan carries the need of every day at full speed. A published fair use below the need is a no,
    an unpublished one leaves it unknown.
    ``purchases``: -1 without a published validity, or past MAX_PURCHASES.
    ``total``: price times purchases, -1 when ``state`` is not KNOWN. Promo prices never count: their terms are not published.
    ``usable``: bytes inside the dates; -1 when unlimited or unknown.
    ``needs_unknown``: how many of the needs asked for the seller does not publish; ``needs_no``: how many it says it does not meet.
    """

    place: I64
    countries_yes: I16
    countries_unknown: I16
    countries_no: I16
    meets: I8
    state: I8
    purchases: I64
    total: I64
    usable: I64
    needs_unknown: I8
    needs_no: I8
    stale: Flags

    @property
    def per_gb(self) -> I64:
        """Micro-units for one GB of the data usable; -1 when unlimited, unknown, without any, or above LARGEST (a few bytes sold dear)."""
        priced = (self.usable > 0) & (self.total >= 0)
        value = np.rint(self.total * (1e9 / np.where(priced, self.usable, 1)))
        return np.where(priced & (value < LARGEST), value, UNKNOWN).astype(np.int64)


def coverage_counts(frame: PlanFrame, question: Question, place: I64 | None = None) -> tuple[I16, I16, I16]:
    """For the plans at ``place`` (all of them when None): countries asked for that are covered, not published, not covered."""
    asked = mask_of(question.countries)
    covered = np.bitwise_count(frame.coverage_masks & asked).sum(axis=1).astype(np.int16)
    rows = slice(None) if place is None else place
    yes, complete = covered[frame.coverage_code[rows]], frame.coverage_complete[rows]
    rest = np.int16(len(question.countries)) - yes
    zero = np.int16(0)
    return yes, np.where(complete, zero, rest), np.where(complete, rest, zero)


def need_counts(frame: PlanFrame, question: Question, place: I64 | None = None) -> tuple[I8, I8]:
    """For the plans at ``place`` (all of them when None): needs not published, and needs the seller says it lacks."""
    rows = slice(None) if place is None else place
    unknown = np.zeros(len(frame) if place is None else len(place), dtype=np.int8)
    contrary = np.zeros_like(unknown)
    needs = question.needs
    for wanted, feature, bad in (
        (needs.hotspot, "hotspot", NO),
        (needs.five_g, "five_g", NO),
        (needs.phone_number, "phone_number", NO),
        (needs.no_id_check, "id_check", YES),
    ):
        if wanted:
            answers = frame.features[feature][rows]
            unknown += answers == NOT_PUBLISHED
            contrary += answers == bad
    return unknown, contrary


def sold_once(frame: PlanFrame, place: I64) -> Flags:
    """Plans nobody can count on buying again: for new users only, or at a price of nothing, which sellers give to try them."""
    return np.asarray((frame.features["new_users_only"][place] == YES) | (frame.price_micro[place] == 0), dtype=np.bool_)


def converted(amount: I64, rate: Decimal) -> I64:
    """``amount`` times ``rate``, exact to the last unit (half up); -1 where the result does not fit. ``amount`` >= 0."""
    scaled = int(rate.scaleb(RATE_DIGITS).to_integral_value(ROUND_HALF_EVEN))
    whole, fraction = divmod(scaled, 10**RATE_DIGITS)
    if fraction == 0 and whole == 1:
        return amount
    high, low = divmod(fraction, 10**6)
    limit = min(SAFE_FACTOR, LARGEST // (whole + 1))
    small = np.minimum(amount, limit)
    carry, left = np.divmod(small * high, 10**6)
    result = small * whole + carry + (left * 10**6 + small * low + 5 * 10 ** (RATE_DIGITS - 1)) // 10**RATE_DIGITS
    for row in np.flatnonzero(amount > limit):
        exact = (int(amount[row]) * scaled + 5 * 10 ** (RATE_DIGITS - 1)) // 10**RATE_DIGITS
        result[row] = exact if exact <= LARGEST else UNKNOWN
    return np.asarray(result, dtype=np.int64)


def appraise(frame: PlanFrame, places: npt.ArrayLike, question: Question, rates: Rates, now: datetime) -> Appraisal:
    """The plans at ``places`` for ``question``. Raises ValueError when the rates are for another currency or ``now`` has no time zone."""
    if rates.target != question.currency:
        raise ValueError(f"rates to {rates.target} for a question in {question.currency}")
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    place = np.asarray(places, dtype=np.int64)
    days, part, scale = question.days, question.part, question.parts_per_byte
    kind, volume, fair_use = frame.kind[place], frame.volume[place], frame.fair_use_per_day[place]
    published = frame.validity_days[place] > 0
    validity = np.where(published, frame.validity_days[place], 1).astype(np.int64)
    unlimited, day_plan = kind == UNLIMITED_KIND, kind == PER_DAY_KIND

    count = np.empty(len(place), dtype=np.int64)
    bundle = ~(unlimited | day_plan)
    count[unlimited] = purchases_by_days(validity[unlimited], days)
    count[day_plan] = purchases_of_day_plans(volume[day_plan], validity[day_plan], days, part, scale)
    count[bundle] = purchases_of_bundles(volume[bundle], validity[bundle], days, part, scale)

    state = np.full(len(place), KNOWN, dtype=np.int8)
    price = frame.price_micro[place] * np.minimum(count, MAX_PURCHASES)
    total = np.full(len(place), UNKNOWN, dtype=np.int64)
    currency = frame.currency_code[place]
    for code, name in enumerate(frame.currencies):
        rows = np.flatnonzero(currency == code)
        rate = rates.of(name)
        if rate is None:
            state[rows] = NO_RATE
        else:
            total[rows] = converted(price[rows], rate)
    state[(state == KNOWN) & (total < 0)] = TOO_MANY
    state[(count > 1) & sold_once(frame, place)] = ONCE_ONLY
    state[count > MAX_PURCHASES] = TOO_MANY
    state[~published] = VALIDITY_NOT_PUBLISHED
    total[state != KNOWN] = UNKNOWN

    meets = np.full(len(place), YES, dtype=np.int8)
    enough = np.where(fair_use == UNKNOWN, NOT_PUBLISHED, np.where(fair_use >= -(-part // scale), YES, NO))
    meets[unlimited] = enough[unlimited]
    meets[(state == ONCE_ONLY) | (state == TOO_MANY)] = NO
    meets[state == VALIDITY_NOT_PUBLISHED] = NOT_PUBLISHED

    counted_out = ~published | (count > MAX_PURCHASES)
    purchases = np.where(counted_out, UNKNOWN, count)
    times = np.where(day_plan, days * np.maximum(count // purchases_by_days(validity, days), 1), count)
    usable = np.where(unlimited | counted_out, UNKNOWN, volume * np.minimum(times, MAX_PURCHASES * days))
    yes, open_, no = coverage_counts(frame, question, place)
    needs_unknown, needs_no = need_counts(frame, question, place)
    return Appraisal(
        place=place,
        countries_yes=yes,
        countries_unknown=open_,
        countries_no=no,
        meets=meets,
        state=state,
        purchases=purchases,
        total=total,
        usable=usable,
        needs_unknown=needs_unknown,
        needs_no=needs_no,
        stale=frame.fetched_at[place] < int(now.timestamp()) - STALE_AFTER_SECONDS,
    )
