"""What a plan costs as the need grows: the lines of the chart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.model.data_volume import DataVolume
from services.model.tri import Tri
from services.rules.compare.appraisal import PER_DAY_KIND, STATES, UNLIMITED_KIND, VALIDITY_NOT_PUBLISHED, TotalState, converted, sold_once
from services.rules.compare.frame import I64, UNKNOWN, PlanFrame
from services.rules.compare.purchases import purchases_by_days, purchases_of_bundles, purchases_of_day_plans
from services.rules.compare.question import Question, Rates

MAX_STEPS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """Needs above that of the step before and up to ``up_to`` (bytes for the whole trip, spread evenly) cost ``total_micro``.

    ``meets``: whether such a need is carried at full speed; unknown when an unlimited plan does not publish its fair use.
    """

    up_to: DataVolume
    purchases: int
    total_micro: int
    meets: Tri


@dataclass(frozen=True, slots=True)
class StepLine:
    """The steps of one plan. None when there is no total at all, and then ``state`` says why.

    ``complete`` is False when the line ends before the greatest need asked for: the plan cannot be, or is not sensibly, bought that often.
    """

    place: int
    state: TotalState
    steps: tuple[Step, ...]
    complete: bool


def step_lines(frame: PlanFrame, places: Sequence[int], question: Question, rates: Rates, most: DataVolume) -> tuple[StepLine, ...]:
    """One line for each plan at ``places``, for needs of 1 to ``most`` bytes over the days of ``question``, whose own need plays no part.

    Raises ValueError when ``most`` is nothing or the rates are for another currency.
    """
    if most.bytes <= 0:
        raise ValueError("a line needs a greatest need above nothing")
    if rates.target != question.currency:
        raise ValueError(f"rates to {rates.target} for a question in {question.currency}")
    return tuple(_line(frame, place, question.days, rates, most.bytes) for place in places)


def _line(frame: PlanFrame, place: int, days: int, rates: Rates, most: int) -> StepLine:
    rate = rates.of(frame.currencies[frame.currency_code[place]])
    validity = np.array([frame.validity_days[place]], dtype=np.int64)
    if validity[0] == 0:
        return StepLine(place, STATES[VALIDITY_NOT_PUBLISHED], (), False)
    if rate is None:
        return StepLine(place, TotalState.NO_RATE, (), False)
    kind, once = frame.kind[place], bool(sold_once(frame, np.array([place]))[0])
    price = int(frame.price_micro[place])
    if kind == UNLIMITED_KIND:
        count = int(purchases_by_days(validity, days)[0])
        if once and count > 1:
            return StepLine(place, TotalState.ONCE_ONLY, (), False)
        total = int(converted(np.array([price * count], dtype=np.int64), rate)[0])
        fair_use = int(frame.fair_use_per_day[place])
        if fair_use == UNKNOWN:
            return StepLine(place, TotalState.KNOWN, (Step(DataVolume(most), count, total, Tri.UNKNOWN),), True)
        carried = min(fair_use * days, most)
        inside = (Step(DataVolume(carried), count, total, Tri.YES),) if carried else ()
        beyond = (Step(DataVolume(most), count, total, Tri.NO),) if carried < most else ()
        return StepLine(place, TotalState.KNOWN, inside + beyond, True)

    volume = np.array([frame.volume[place]], dtype=np.int64)
    counting = purchases_of_day_plans if kind == PER_DAY_KIND else purchases_of_bundles

    def count_for(need: I64) -> I64:
        return counting(volume, validity, days, need, days)

    first, last = (int(count_for(np.array([need], dtype=np.int64))[0]) for need in (1, most))
    greatest = min(last, first + MAX_STEPS - 1, 1 if once else last)
    if volume[0] == 0 or first > greatest:
        return StepLine(place, TotalState.ONCE_ONLY if once and volume[0] else TotalState.TOO_MANY, (), False)
    counts = np.arange(first, greatest + 1, dtype=np.int64)
    low, high = np.ones_like(counts), np.full_like(counts, most)
    while bool(np.any(low < high)):  # the greatest need that so many purchases carry, all counts at once
        middle = (low + high + 1) // 2
        enough = count_for(middle) <= counts
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    totals = converted(price * counts, rate)
    steps = tuple(
        Step(DataVolume(int(need)), int(count), int(total), Tri.YES)
        for need, before, count, total in zip(low, [0, *low[:-1]], counts, totals, strict=True)
        if need > before
    )
    return StepLine(place, TotalState.KNOWN, steps, greatest == last)
