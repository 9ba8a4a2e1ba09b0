"""From hours and items a day to a band of data a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from services.model.data_volume import DataUnit, DataVolume
from services.rules.habits.activities import Activity, ActivityUnit, load_activities

# Renewal-facts section 6 advises 20 to 30 % on top.
DEFAULT_RESERVE_PERCENT = 25
MOST_RESERVE_PERCENT = 300
MOST_PER_DAY = {ActivityUnit.HOUR: Decimal(24), ActivityUnit.ITEM: Decimal(10_000)}
MOST_MB = Decimal(1_000_000)


class HabitError(ValueError):
    """Something asked of the estimator cannot be estimated."""


class UnknownActivity(HabitError):
    """No activity has this id."""

    def __init__(self, activity: str) -> None:
        super().__init__(activity)
        self.activity = activity


class AmountOutOfRange(HabitError):
    """Hours or items a day below 0, above ``most``, or not a number."""

    def __init__(self, activity: str, amount: Decimal, most: Decimal) -> None:
        super().__init__(activity, amount, most)
        self.activity, self.amount, self.most = activity, amount, most


class ReserveOutOfRange(HabitError):
    """A reserve below 0 % or above ``most`` %."""

    def __init__(self, percent: int, most: int) -> None:
        super().__init__(percent, most)
        self.percent, self.most = percent, most


class FiguresOutOfOrder(HabitError):
    """Figures that are negative, beyond ``MOST_MB``, not numbers, or not in the order low, typical, high."""

    def __init__(self, figures: "Figures") -> None:
        super().__init__(figures.low, figures.typical, figures.high)
        self.figures = figures


@dataclass(frozen=True, slots=True)
class Figures:
    """Decimal MB per hour or per item. Raises FiguresOutOfOrder unless 0 <= low <= typical <= high."""

    low: Decimal
    typical: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        finite = all(figure.is_finite() for figure in (self.low, self.typical, self.high))
        if not (finite and 0 <= self.low <= self.typical <= self.high <= MOST_MB):
            raise FiguresOutOfOrder(self)


@dataclass(frozen=True, slots=True)
class Band:
    """Data a day, reserve included: if little is used, as usual, if much is used."""

    low: DataVolume
    typical: DataVolume
    high: DataVolume


@dataclass(frozen=True, slots=True)
class Assumption:
    """What the estimate takes one activity to need, for showing. ``edited``: the figures are the person's own."""

    activity_id: str
    activity: Activity
    figures: Figures
    edited: bool


def assumptions(overrides: Mapping[str, Figures] | None = None) -> tuple[Assumption, ...]:
    """Every activity with the figures in force, in the order of the data file. Raises UnknownActivity."""
    overrides = overrides or {}
    activities = load_activities()
    for activity_id in overrides:
        if activity_id not in activities:
            raise UnknownActivity(activity_id)
    return tuple(
        Assumption(
            activity_id,
            activity,
            overrides.get(activity_id) or Figures(activity.low, activity.typical, activity.high),
            activity_id in overrides,
        )
        for activity_id, activity in activities.items()
    )


def estimate(
    per_day: Mapping[str, Decimal | int],
    reserve_percent: int = DEFAULT_RESERVE_PERCENT,
    overrides: Mapping[str, Figures] | None = None,
) -> Band:
    """Data a day for hours (or items) a day by activity id, plus a reserve, rounded up to whole bytes.

    Hours of different activities may add up to more than a day: music plays while maps are open. ``overrides`` replace
    the figures of activities. Raises UnknownActivity, AmountOutOfRange and ReserveOutOfRange.
    """
    if not 0 <= reserve_percent <= MOST_RESERVE_PERCENT:
        raise ReserveOutOfRange(reserve_percent, MOST_RESERVE_PERCENT)
    in_force = {row.activity_id: row for row in assumptions(overrides)}
    low = typical = high = Decimal(0)
    for activity_id, given in per_day.items():
        row = in_force.get(activity_id)
        if row is None:
            raise UnknownActivity(activity_id)
        amount, most = Decimal(given), MOST_PER_DAY[row.activity.unit]
        if not (amount.is_finite() and 0 <= amount <= most):
            raise AmountOutOfRange(activity_id, amount, most)
        low += amount * row.figures.low
        typical += amount * row.figures.typical
        high += amount * row.figures.high
    with_reserve = Decimal(100 + reserve_percent) / 100
    return Band(*(_rounded_up(megabytes * with_reserve) for megabytes in (low, typical, high)))


def _rounded_up(megabytes: Decimal) -> DataVolume:
    return DataVolume(int((megabytes * DataUnit.MB.value).to_integral_value(ROUND_CEILING)))
