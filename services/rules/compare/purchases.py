"""How many times a plan must be bought for a trip.

Days are counted the cautious way: a validity of N days carries N calendar days, the day of the first use included, whether
the seller counts natural days or 24-hour periods (the part of a day that the latter leave at the end is not relied upon).
Each purchase is made on the day it is first needed, and what is left of it is used first.
"""

from typing import Any

import numpy as np

from services.rules.compare.frame import I64

TOO_MANY = np.iinfo(np.int64).max // 4


def _ceil(numerator: Any, denominator: Any) -> Any:
    return -(-numerator // denominator)


def purchases_by_days(validity: I64, days: int) -> I64:
    """Purchases that carry ``days`` days. ``validity`` > 0."""
    return np.asarray(_ceil(days, validity), dtype=np.int64)


def purchases_of_day_plans(volume: I64, validity: I64, days: int, part: int | I64, parts_per_byte: int) -> I64:
    """Plans with ``volume`` bytes for each day: side by side when one day needs more than one of them carries."""
    a_day = np.minimum(volume, _ceil(part, parts_per_byte)) * parts_per_byte
    side_by_side = _ceil(part, np.maximum(a_day, 1))
    return np.where(a_day > 0, side_by_side * purchases_by_days(validity, days), TOO_MANY)


def purchases_of_bundles(volume: I64, validity: I64, days: int, part: int | I64, parts_per_byte: int) -> I64:
    """Plans with ``volume`` bytes for ``validity`` days, for a need of ``part / parts_per_byte`` bytes on each of ``days`` days.

    With V bytes, N days and a need d a day:
    a plan with V >= N d lasts its N days, whatever is left is lost;
    one with V <= (N-1) d is always used up before it ends, so only the sum counts;
    in between, one that begins in the middle of a day may end with data unused. With m = V - (N-1) d, the first begins
    with the day, the next with m less of a day to carry, until one has no more than m to carry and ends with its last day:
    a cycle of c = ceil(d / m) purchases and c (N-1) + 1 days, inside which nothing is lost.
    """
    lasting = np.minimum(validity, days).astype(np.int64)
    need = part * days  # parts
    data = np.minimum(volume, _ceil(need, parts_per_byte)) * parts_per_byte
    some = np.maximum(data, 1)
    spent = _ceil(need, some)
    spare = data - (lasting - 1) * part
    cycles = (spare > 0) & (spare < part)
    in_cycle = _ceil(part, np.where(cycles, spare, part))
    cycle_days = in_cycle * (lasting - 1) + 1
    whole, rest = np.divmod(np.int64(days), cycle_days)
    cycled = whole * in_cycle + _ceil(rest * part, some)
    count = np.where(spare >= part, _ceil(days, lasting), np.where(cycles, cycled, spent))
    return np.where(data > 0, count, TOO_MANY)
