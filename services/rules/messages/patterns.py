"""Patterns as data: one TOML file per operator, and ``general.toml`` behind them all.

A pattern is a regular expression over the normalised text in which ``{kind:field}`` stands for an amount:
kind is money, amount (money whose currency may be left out), data, voice, sms, count, date or name.
Fields: money main, bonus, topped_up; data, voice, sms left, total, used; date plan, credit, number, rescue, activate_by, any, as_of;
count days, voice_left, sms_left; name package. A space in a pattern is up to three blanks.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.model.reading import EventKind
from services.rules.messages.dates import DATE, Order
from services.rules.messages.quantities import AMOUNT, COUNT, DATA, MONEY, SMS, VOICE
from services.rules.messages.text import normalise

_KINDS = {
    "money": MONEY,
    "amount": AMOUNT,
    "data": DATA,
    "voice": VOICE,
    "sms": SMS,
    "count": COUNT,
    "date": DATE,
    "name": r"[^,，;；。:!?！？\n\r{}\d]{1,24}?",
}
_FIELDS = {
    "money": {"main", "bonus", "topped_up", "owed"},
    "amount": {"main", "bonus", "topped_up"},
    "data": {"left", "total", "used"},
    "voice": {"left", "total", "used"},
    "sms": {"left", "total", "used"},
    "count": {"days", "voice_left", "sms_left"},
    "date": {"plan", "credit", "number", "rescue", "activate_by", "any", "as_of"},
    "name": {"package"},
}
_PLACEHOLDER = re.compile(r"\{([a-z]+):([a-z_]+)\}")


class PatternEntry(BaseModel):
    """One pattern. ``veto``: read nothing when this is found in the clauses the pattern touches.

    ``unlimited``: what it says is without limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    regex: str = Field(min_length=1)
    veto: str = ""
    event: EventKind | None = None
    unlimited: Literal["", "data", "voice", "sms"] = ""
    restricted: bool = False

    @field_validator("regex")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        for kind, field in _PLACEHOLDER.findall(value):
            if kind not in _FIELDS or field not in _FIELDS[kind]:
                raise ValueError(f"no such placeholder: {kind}:{field}")
        return value


class OperatorEntry(BaseModel):
    """One operator's texts. ``senders``: short codes and names texts come from. ``names``: how a text signs itself.

    ``domains``: registrable domains of its links. ``data_base``: 1024 where the operator says so.
    ``source`` and ``as_of``: of the whole file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    country: str = Field(pattern=r"^[A-Z]{2}$|^$")
    names: list[str]
    senders: list[str] = []
    domains: list[str] = []
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    dates: Order | None = None
    zone: str | None = None
    data_base: Literal[1000, 1024] = 1000
    source: str = Field(min_length=1)
    as_of: str = Field(pattern=r"^\d{4}(-\d{2}){0,2}$")
    pattern: list[PatternEntry] = []


class GeneralEntry(BaseModel):
    """Patterns for every operator. ``veto``: per kind of amount, words that forbid reading it in the same clause."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    veto: dict[Literal["money", "data", "voice", "sms", "date"], str]
    pattern: list[PatternEntry]


@dataclass(frozen=True, slots=True)
class Pattern:
    """``fields``: group name, kind and field of each amount. ``event``: what happened when the pattern is found.

    ``script``: "han" or "latin" when it can match only where such words stand, else "".
    """

    regex: re.Pattern[str]
    fields: tuple[tuple[str, str, str], ...]
    veto: re.Pattern[str] | None
    event: EventKind | None
    unlimited: str
    restricted: bool
    script: str


@dataclass(frozen=True, slots=True)
class Operator:
    id: str
    country: str
    names: tuple[str, ...]
    senders: frozenset[str]
    domains: frozenset[str]
    currency: str | None
    dates: Order | None
    zone: str | None
    data_base: int
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """All pattern files, compiled. ``names`` finds an operator's name in a text; its matches, lower case, are keys of ``by_name``."""

    operators: dict[str, Operator]
    by_sender: dict[str, str]
    by_name: dict[str, str]
    by_domain: dict[str, str]
    names: re.Pattern[str]
    general: tuple[Pattern, ...]
    veto: dict[str, re.Pattern[str]]


@cache
def library() -> Library:
    """Reads the files beside this module once."""
    folder = Path(__file__).parent / "data"
    general = GeneralEntry.model_validate(tomllib.loads((folder / "general.toml").read_text(encoding="utf-8")))
    operators = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name != "general.toml":
            entry = OperatorEntry.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
            operators[entry.id] = _operator(entry)
    by_name = {name.lower(): operator.id for operator in operators.values() for name in operator.names}
    longest_first = sorted(by_name, key=len, reverse=True)
    words = [rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])" if name.isascii() else re.escape(name) for name in longest_first]
    return Library(
        operators=operators,
        by_sender={sender: operator.id for operator in operators.values() for sender in operator.senders},
        by_name=by_name,
        by_domain={domain: operator.id for operator in operators.values() for domain in operator.domains},
        names=re.compile("|".join(words)),
        general=tuple(_compile(entry) for entry in general.pattern),
        veto={kind: re.compile(words, re.IGNORECASE) for kind, words in general.veto.items()},
    )


def _operator(entry: OperatorEntry) -> Operator:
    return Operator(
        entry.id,
        entry.country,
        tuple(normalise(name) for name in entry.names),
        frozenset(sender.lower() for sender in entry.senders),
        frozenset(entry.domains),
        entry.currency,
        entry.dates,
        entry.zone,
        entry.data_base,
        tuple(_compile(pattern) for pattern in entry.pattern),
    )


def _compile(entry: PatternEntry) -> Pattern:
    fields: list[tuple[str, str, str]] = []

    def amount(match: re.Match[str]) -> str:
        kind, field = match.groups()
        group = f"f{len(fields)}"
        fields.append((group, kind, field))
        return f"(?P<{group}>{_KINDS[kind]})"

    # Blanks are made elastic before the amounts are put in: their own expressions mean their blanks literally.
    elastic = re.sub(r"(?<=\|) (?=\))", r"\\s", normalise(entry.regex))
    elastic = re.sub(r" +", r"\\s{0,3}", elastic)
    return Pattern(
        regex=re.compile(_PLACEHOLDER.sub(amount, elastic), re.IGNORECASE),
        fields=tuple(fields),
        veto=re.compile(entry.veto, re.IGNORECASE) if entry.veto else None,
        event=entry.event,
        unlimited=entry.unlimited,
        restricted=entry.restricted,
        script=_script(_PLACEHOLDER.sub("", entry.regex)),
    )


def _script(regex: str) -> str:
    """The one script the words of a regular expression are in."""
    words = re.sub(r"\\.", "", regex)
    han, latin = re.search(r"[\u4e00-\u9fff]", words), re.search(r"[A-Za-z]", words)
    if han and not latin:
        return "han"
    return "latin" if latin and not han else ""
