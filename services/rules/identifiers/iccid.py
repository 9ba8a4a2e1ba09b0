"""ICCID, the number of a SIM or of an eSIM profile (ITU-T E.118).

E.118 allows 19 visible characters, the last a Luhn digit; real cards carry 18 to 22, often 20, sometimes padded with F, and some mainland
cards contain A to E (renewal-facts 5.1). So nothing is refused here: oddities are warnings.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from stdnum import luhn

from services.rules.identifiers.findings import Finding, Level, Oddity, plain

_LENGTHS = range(18, 23)
_DIGITS = frozenset("0123456789")
_ALPHABET = frozenset("0123456789ABCDEF")


class IssuerEntry(BaseModel):
    """One line of data/iccid_issuers.toml. ``prefix`` starts an ICCID; ``registered``: in the ITU list, not folklore."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(pattern=r"^89[0-9A-F]{2,7}$")
    country: str = Field(pattern=r"^[A-Z]{2}$|^$")
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
    registered: bool
    source: str = Field(min_length=1)
    as_of: str = Field(pattern=r"^\d{4}(-\d{2}){0,2}$")


class _Issuers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: list[IssuerEntry]


@dataclass(frozen=True, slots=True)
class IssuerHint:
    """Who probably issued the card. A travel eSIM shows the network upstream, not the shop it was bought from."""

    prefix: str
    country: str
    en: str
    zh: str
    registered: bool
    source: str
    as_of: str


def compact(text: str) -> str:
    """Upper case, no separators, one trailing F filler of a card's storage dropped."""
    bare = plain(text).upper()
    return bare[:-1] if bare.endswith("F") else bare


def check(text: str) -> tuple[Finding, ...]:
    """Warnings and notes, never an error: a card that exists is right whatever we think of its number."""
    number = compact(text)
    if not number:
        return (Finding(Oddity.EMPTY, Level.WARNING),)
    findings = []
    strange = sorted(set(number) - _ALPHABET)
    if strange:
        findings.append(Finding(Oddity.CHARACTER, Level.WARNING, "".join(strange)))
    if len(number) not in _LENGTHS:
        findings.append(Finding(Oddity.LENGTH, Level.WARNING, str(len(number)), "18-22"))
    if not number.startswith("89"):
        findings.append(Finding(Oddity.PREFIX, Level.WARNING, number[:2], "89"))
    if set(number) <= _DIGITS:
        expected = luhn.calc_check_digit(number[:-1])
        if number[-1] != expected:
            findings.append(Finding(Oddity.CHECK_DIGIT, Level.WARNING, number[-1], expected))
    elif not strange:
        findings.append(Finding(Oddity.NO_CHECK_POSSIBLE, Level.INFO, "".join(sorted(set(number) - _DIGITS))))
    return tuple(findings)


def format(text: str) -> str:  # noqa: A001  # the name every identifier module uses
    """In groups of four, as phones show it."""
    number = compact(text)
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def hint(text: str) -> IssuerHint | None:
    """The issuer whose prefix matches longest, or None."""
    number = compact(text)
    for length in range(9, 3, -1):
        entry = _issuers().get(number[:length])
        if entry is not None and len(number) > length:
            return IssuerHint(entry.prefix, entry.country, entry.en, entry.zh, entry.registered, entry.source, entry.as_of)
    return None


@cache
def _issuers() -> dict[str, IssuerEntry]:
    text = (Path(__file__).parent / "data" / "iccid_issuers.toml").read_text(encoding="utf-8")
    return {entry.prefix: entry for entry in _Issuers.model_validate(tomllib.loads(text)).issuer}
