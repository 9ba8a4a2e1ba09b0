"""What one plan comes to, worked out plan by plan, day by day, with Decimal and Fraction, and nothing of what is under test.

Rows are plain dicts. Totals are in millionths of a major unit, rounded half up once, at the end.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import combinations_with_replacement
from math import floor
from typing import Any

from services.model.plan import AllowanceKind, Plan
from services.model.tri import Tri

LIMIT = 999


def bought(volume: int, validity: int, days: int, need: Fraction) -> int:
    """How many bundles somebody buys who buys the next one at the moment the last is used up or over. Stops counting past LIMIT."""
    if volume == 0:
        return LIMIT + 1
    count, left, last_day = 0, Fraction(0), 0
    for day in range(1, days + 1):
        if day > last_day:
            left = Fraction(0)
        open_need = need
        while open_need > 0:
            if left == 0:
                count += 1
                if count > LIMIT:
                    return count
                left, last_day = Fraction(volume), day + validity - 1
            used = min(left, open_need)
            left -= used
            open_need -= used
    return count


def fewest(volume: int, validity: int, days: int, need: int) -> int:
    """The least number of bundles by trying every set of first days; for tiny cases."""
    count = 0
    while True:
        count += 1
        for starts in combinations_with_replacement(range(1, days + 1), count):
            stock = [[start, start + validity - 1, volume] for start in starts]  # sorted by end as well
            for day in range(1, days + 1):
                open_need = need
                for bundle in stock:
                    if bundle[0] <= day <= bundle[1]:
                        used = min(bundle[2], open_need)
                        bundle[2] -= used
                        open_need -= used
                if open_need:
                    break
            else:
                return count


def judged(plan: Plan, question: Any, rates: Any, now: datetime) -> dict[str, Any]:
    """The row of ``plan``; None is unknown or none."""
    days = (question.last_day - question.first_day).days + 1
    per_day = Fraction(question.need.bytes) if question.need_basis.value == "per_day" else Fraction(question.need.bytes, days)
    kind, volume = plan.allowance.kind, plan.allowance.volume
    row: dict[str, Any] = {"purchases": None, "total": None, "usable": None, "per_gb": None, "per_day": None}
    count = None
    side_by_side = 1
    if plan.validity_days is not None:
        stays = -(-days // plan.validity_days)
        if kind is AllowanceKind.UNLIMITED:
            count = stays
        elif volume.bytes == 0:
            count = LIMIT + 1
        elif kind is AllowanceKind.PER_DAY:
            while side_by_side * volume.bytes < per_day and side_by_side <= LIMIT:
                side_by_side += 1
            count = stays * side_by_side
        else:
            count = bought(volume.bytes, plan.validity_days, days, per_day)

    currency = plan.price.currency
    rate = Decimal(1) if currency == question.currency else rates.get(currency)
    if count is None:
        row["state"], row["meets"] = "validity_not_published", Tri.UNKNOWN
    elif count > LIMIT:
        row["state"], row["meets"] = "too_many", Tri.NO
    elif count > 1 and (plan.new_users_only is Tri.YES or plan.price.amount == 0):
        row["state"], row["meets"], row["purchases"] = "once_only", Tri.NO, count
    else:
        row["state"], row["meets"], row["purchases"] = ("no_rate" if rate is None else "known"), Tri.YES, count
        if kind is AllowanceKind.UNLIMITED:
            fair = plan.allowance.fair_use_per_day
            row["meets"] = Tri.UNKNOWN if fair is None else Tri.of(fair.bytes >= per_day)
    if row["purchases"] is not None and kind is AllowanceKind.TOTAL:
        row["usable"] = volume.bytes * count
    if row["purchases"] is not None and kind is AllowanceKind.PER_DAY:
        row["usable"] = volume.bytes * days * side_by_side
    if row["state"] == "known":
        price = int((plan.price.amount * 1_000_000).to_integral_value(ROUND_HALF_EVEN))
        row["total"] = floor(price * count * Fraction(rate) + Fraction(1, 2))
        row["per_day"] = Fraction(row["total"], days)
        if row["usable"] and row["total"] * 10**9 < row["usable"] * 9 * 10**18:
            row["per_gb"] = Fraction(row["total"] * 10**9, row["usable"])

    row["ticks"] = {
        country: Tri.YES if country in plan.countries else Tri.NO if plan.coverage_complete else Tri.UNKNOWN
        for country in question.countries
    }
    answers = list(row["ticks"].values())
    row["covers_all"] = Tri.NO if Tri.NO in answers else Tri.UNKNOWN if Tri.UNKNOWN in answers else Tri.YES
    asked = {
        "hotspot": (question.needs.hotspot, plan.hotspot, Tri.NO),
        "five_g": (question.needs.five_g, plan.five_g, Tri.NO),
        "phone_number": (question.needs.phone_number, plan.phone_number, Tri.NO),
        "no_id_check": (question.needs.no_id_check, plan.id_check, Tri.YES),
    }
    row["needs_unmet"] = sum(wanted and answer is bad for wanted, answer, bad in asked.values())
    row["needs_unknown"] = sum(wanted and answer is Tri.UNKNOWN for wanted, answer, _ in asked.values())
    row["stale"] = now - plan.fetched_at > timedelta(days=1)
    return row


def ordered(plans: list[Plan], question: Any, rates: Any, now: datetime) -> list[Plan]:
    """The plans that answer a question without filters under the best value preset, in rank order, by sorting whole tuples."""
    states = ["known", "no_rate", "validity_not_published", "once_only", "too_many"]
    keyed = []
    for plan in plans:
        row = judged(plan, question, rates, now)
        answers = list(row["ticks"].values())
        if row["needs_unmet"] or all(answer is Tri.NO for answer in answers):
            continue
        if question.unknown.value == "published_only" and row["needs_unknown"]:
            continue
        value: Any = {
            "total": row["total"],
            "per_gb": None if row["per_gb"] is None else round(row["per_gb"]),
            "days": plan.validity_days,
            "data": row["usable"],
            "purchases": row["purchases"],
            "seller": plan.seller,
            "price_date": int(plan.fetched_at.timestamp()),
        }[question.sort_key.value]
        keyed.append((plan, row, value, answers))
    places = {value: place for place, value in enumerate(sorted({value for _, _, value, _ in keyed if value is not None}))}
    sign = -1 if question.descending else 1

    def key(item: Any) -> Any:
        plan, row, value, answers = item
        return (
            answers.count(Tri.NO),
            answers.count(Tri.UNKNOWN),
            states.index(row["state"]),
            [Tri.YES, Tri.UNKNOWN, Tri.NO].index(row["meets"]) if row["state"] == "known" else 0,
            row["needs_unknown"],
            value is None,
            0 if value is None else sign * places[value],
            row["total"] is None,
            row["total"] or 0,
            plan.seller,
            plan.plan_id,
            plan.source,
        )

    return [plan for plan, *_ in sorted(keyed, key=key)]
