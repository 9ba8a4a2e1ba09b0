"""Loads the activities and their figures from the data file beside this module."""

import tomllib
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]
Megabytes = Annotated[Decimal, Field(gt=0)]


class ActivityUnit(StrEnum):
    """What one amount of an activity is."""

    HOUR = "hour"
    ITEM = "item"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedPoint(_Row):
    """A figure somebody published, as written (MB), what it was about, and the site."""

    mb: Text
    about: Text | None = None
    source: Text


class Note(_Row):
    """A remark in both languages."""

    en: Text
    zh: Text


class Activity(_Row):
    """An activity and what it uses, in decimal MB per hour or per item.

    ``low``, ``typical``, ``high`` are this project's assumptions; ``outside_published`` says that they reach beyond the
    ``published`` points.
    """

    en: Text
    zh: Text
    unit: ActivityUnit
    low: Megabytes
    typical: Megabytes
    high: Megabytes
    outside_published: bool = False
    note: Note | None = None
    published: Annotated[tuple[PublishedPoint, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low, typical and high are out of order")
        return self

    def name(self, language: str) -> str:
        """Chinese when ``language`` starts with "zh", English otherwise."""
        return self.zh if language.lower().startswith("zh") else self.en


@lru_cache(maxsize=1)
def load_activities() -> dict[str, Activity]:
    """Activities by id, in the order of the file. Raises pydantic.ValidationError on a wrong file."""
    text = files(__package__).joinpath("data", "activities.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Activity]).validate_python(tomllib.loads(text))
