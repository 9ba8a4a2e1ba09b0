"""When money left and nothing came: steps with their deadlines by country, and a message ready to be sent, in both languages."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.rules.clocks.schema import Evidence, Text


class DisputeStep(Evidence):
    """``within_days``: the last day to do it, counted from the payment; None when no deadline is known. ``after_days``: not before."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    text: Text
    countries: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    within_days: int | None = Field(default=None, gt=0)
    after_days: int | None = Field(default=None, ge=0)


class _Disputes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: dict[str, str]
    message: Text
    missing: Text
    step: tuple[DisputeStep, ...]


@dataclass(frozen=True, slots=True)
class DatedStep:
    """``until``: the deadline; ``since``: the earliest moment; None when there is none or the payment's time is not known."""

    step: DisputeStep
    since: datetime | None
    until: datetime | None


@cache
def shipped_disputes() -> _Disputes:
    return _Disputes.model_validate(tomllib.loads((Path(__file__).parent / "data" / "disputes.toml").read_text(encoding="utf-8")))


def sources() -> Mapping[str, str]:
    return shipped_disputes().sources


def dispute_steps(country: str | None, operator: str | None, paid_at: datetime | None) -> tuple[DatedStep, ...]:
    """What to do, in order: what holds for this operator and country, and what holds everywhere."""
    fitting = [
        step
        for step in shipped_disputes().step
        if (not step.countries or country in step.countries) and (not step.operators or operator in step.operators)
    ]
    return tuple(DatedStep(step, _later(paid_at, step.after_days), _later(paid_at, step.within_days)) for step in fitting)


def message(language: str, facts: Mapping[str, str]) -> str:
    """The complaint, ready to be copied. ``facts``: operator, number, amount, reference, paid_at, channel, promised, seen; what is missing
    or empty is said to be."""
    words = shipped_disputes()
    missing = words.missing.zh if language == "zh" else words.missing.en
    names = ("operator", "number", "amount", "reference", "paid_at", "channel", "promised", "seen")
    template = words.message.zh if language == "zh" else words.message.en
    return template.format(**{name: facts.get(name) or missing for name in names})


def _later(moment: datetime | None, days: int | None) -> datetime | None:
    return None if moment is None or days is None else moment + timedelta(days=days)
