"""How much data a day needs, from what a person does with the phone. Figures from renewal-facts section 6."""

from services.rules.habits.activities import Activity, ActivityUnit, PublishedPoint, load_activities
from services.rules.habits.estimate import (
    DEFAULT_RESERVE_PERCENT,
    AmountOutOfRange,
    Assumption,
    Band,
    Figures,
    FiguresOutOfOrder,
    HabitError,
    ReserveOutOfRange,
    UnknownActivity,
    assumptions,
    estimate,
)

__all__ = [
    "DEFAULT_RESERVE_PERCENT",
    "Activity",
    "ActivityUnit",
    "AmountOutOfRange",
    "Assumption",
    "Band",
    "Figures",
    "FiguresOutOfOrder",
    "HabitError",
    "PublishedPoint",
    "ReserveOutOfRange",
    "UnknownActivity",
    "assumptions",
    "estimate",
    "load_activities",
]
