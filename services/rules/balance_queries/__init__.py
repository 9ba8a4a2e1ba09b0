"""How to ask an operator what is left on a card: codes to dial, words to text, numbers to call, apps to open.

One TOML file per region; every way carries its source and the date of the evidence. Nothing here is sent or dialled by the program.
"""

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Way(StrEnum):
    DIAL = "dial"
    TEXT = "text"
    CALL = "call"
    APP = "app"
    WEB = "web"


class Words(BaseModel):
    """The same in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class BalanceQuery(BaseModel):
    """One way to ask.

    ``value``: what to copy: the code, the word to text, the number, the app's or the site's name. ``to``: where to text it.
    ``tells``: what the answer holds. ``confidence``: high (operator's page or two sources), medium, low; ``conflict``: sources disagree.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    way: Way
    value: str = Field(min_length=1)
    to: str = ""
    tells: Words
    note: Words | None = None
    confidence: Literal["high", "medium", "low"]
    conflict: bool = False
    source: str = Field(min_length=1)
    as_of: str = Field(pattern=r"^\d{4}(-\d{2}){0,2}$")

    @model_validator(mode="after")
    def _complete(self) -> "BalanceQuery":
        if (self.way is Way.TEXT) != bool(self.to):
            raise ValueError("a text, and nothing else, needs a number to go to")
        if self.way is Way.DIAL and not (self.value[0] in "*#" and self.value.endswith("#")):
            raise ValueError(f"not a code to dial: {self.value}")
        return self


class OperatorQueries(BaseModel):
    """All ways of one operator, the surest first as the file lists them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: str = Field(pattern=r"^[a-z0-9_]+$")
    query: list[BalanceQuery] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    operators: list[OperatorQueries]


def for_operator(operator: str) -> tuple[BalanceQuery, ...]:
    """Ways to ask this operator; empty when none is known."""
    return _queries().get(operator, ())


def known_operators() -> frozenset[str]:
    """Ids of operators some way is known for."""
    return frozenset(_queries())


@cache
def _queries() -> dict[str, tuple[BalanceQuery, ...]]:
    found: dict[str, tuple[BalanceQuery, ...]] = {}
    for path in sorted((Path(__file__).parent / "data").glob("*.toml")):
        for entry in _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).operators:
            if entry.operator in found:
                raise ValueError(f"{entry.operator} is listed twice")
            found[entry.operator] = tuple(entry.query)
    return found
