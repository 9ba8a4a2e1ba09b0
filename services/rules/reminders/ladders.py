"""The shipped ladders: ``data/ladders.toml``, whose head says what each entry means."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.model.reminder import Matter

LONGEST_STEP = 400
"""Days; a longer step would come before anything that a card can promise."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Why(_Entry):
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Ladder(_Entry):
    """Steps in days, ``before`` the last safe day (falling) or ``after`` the beginning (rising); one of the two."""

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    facts: str = ""
    why: Why

    @model_validator(mode="after")
    def _coherent(self) -> "Ladder":
        if bool(self.before) == bool(self.after):
            raise ValueError("a ladder counts before a date or after a beginning")
        if list(self.before) != sorted(set(self.before), reverse=True) or list(self.after) != sorted(set(self.after)):
            raise ValueError("steps stand in the order in which they come, each once")
        if any(not 0 <= days <= LONGEST_STEP for days in (*self.before, *self.after)):
            raise ValueError(f"a step lies between 0 and {LONGEST_STEP} days")
        return self


class Repeat(_Entry):
    from_: int = Field(alias="from", ge=0)
    every: int = Field(ge=1)


class Ladders(_Entry):
    """Every matter's ladder, and how often its steps repeat."""

    ladders: dict[Matter, Ladder]
    repeat: tuple[Repeat, ...]
    repeat_after: tuple[Repeat, ...]

    @model_validator(mode="after")
    def _complete(self) -> "Ladders":
        if set(self.ladders) != set(Matter):
            raise ValueError("every matter has a ladder")
        for lines in (self.repeat, self.repeat_after):
            if not any(line.from_ == 0 for line in lines):
                raise ValueError("repeats are said from 0 days on")
        return self

    def every(self, matter: Matter, step: int) -> int:
        """Days between repeats of ``step`` (days after the last safe day, or after the beginning)."""
        dated = bool(self.ladders[matter].before)
        lines, days = (self.repeat, max(0, -step)) if dated else (self.repeat_after, step)
        return max((line for line in lines if line.from_ <= days), key=lambda line: line.from_).every


@cache
def shipped_ladders() -> Ladders:
    raw = tomllib.loads((Path(__file__).parent / "data" / "ladders.toml").read_text(encoding="utf-8"))
    repeats = {name: raw.pop(name) for name in ("repeat", "repeat_after")}
    return Ladders.model_validate({"ladders": raw, **repeats})


def is_dated(matter: Matter) -> bool:
    """Whether ``matter`` counts towards a date."""
    return bool(shipped_ladders().ladders[matter].before)


def usual_days(matter: Matter) -> tuple[int, ...]:
    """The shipped steps of ``matter``, as a person reads them: days before, or days after."""
    ladder = shipped_ladders().ladders[matter]
    return ladder.before or ladder.after


def checked_days(days: tuple[int, ...], matter: Matter) -> tuple[int, ...]:
    """A person's own steps in the order in which they come, each once. Raises ValueError for one that is no number of days."""
    if any(not 0 <= day <= LONGEST_STEP for day in days):
        raise ValueError(f"a step lies between 0 and {LONGEST_STEP} days")
    return tuple(sorted(set(days), reverse=is_dated(matter)))


_NEVER = frozenset({"none", "never", "-", "无", "不提醒", "不"})
_NUMBER = re.compile(r"\d{1,4}")


def read_days(text: str, matter: Matter) -> tuple[int, ...] | None:
    """A person's own steps as typed: "35, 10, 5", "35、10 5"; "none" or "不提醒" for no reminder at all. None when nothing was typed: then
    the usual steps hold. Raises ValueError when something in it is no number of days."""
    typed = unicodedata.normalize("NFKC", text).strip()
    if not typed:
        return None
    if typed.lower() in _NEVER:
        return ()
    parts = [part for part in re.split(r"[\s,;、/]+", typed) if part]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(f"not numbers of days: {text!r}")
    return checked_days(tuple(int(part) for part in parts), matter)
