"""Up to three plans side by side."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from services.rules.compare.ranking import Ranking

MOST_BESIDE = 3
IDENTITY = ("plan_key", "source", "plan_id", "seller", "name", "buy_url")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison. ``name`` is a column of ``Ranking.page``; ``values`` holds one value per plan, None when unknown or none.

    ``differs`` is False for what merely names a plan (IDENTITY).
    """

    name: str
    values: tuple[Any, ...]
    differs: bool


def side_by_side(plans: Ranking) -> tuple[Fact, ...]:
    """The facts of the plans of ``plans`` (see ``ranking.chosen``), column by column. Raises ValueError unless 1 to MOST_BESIDE."""
    if not 1 <= len(plans) <= MOST_BESIDE:
        raise ValueError(f"one to {MOST_BESIDE} plans go side by side, not {len(plans)}")
    facts = []
    table = plans.page()
    for name in table.columns:
        values = tuple(None if pd.isna(value) else value for value in table[name].tolist())
        facts.append(Fact(str(name), values, name not in IDENTITY and len(set(values)) > 1))
    return tuple(facts)
