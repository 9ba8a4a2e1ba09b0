"""EID, the number of the chip that holds eSIM profiles (SGP.02 and SGP.29).

It names a phone for life: mask it on pages.
"""

from dataclasses import dataclass

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from stdnum.iso7064 import mod_97_10

from services.rules.identifiers.findings import Finding, Level, Oddity, plain

_LENGTH = 32


@dataclass(frozen=True, slots=True)
class MakerHint:
    """Region whose telephone code an EID of the older form (SGP.02) carries: where the chip's maker is registered, not the phone."""

    country: str


def compact(text: str) -> str:
    """Digits without separators."""
    return plain(text)


def check(text: str) -> tuple[Finding, ...]:
    """32 digits whose whole value is 1 modulo 97. An EID that does not start with 89 is allowed (SGP.29) and noted."""
    number = compact(text)
    if not number:
        return (Finding(Oddity.EMPTY, Level.ERROR),)
    strange = sorted(set(number) - set("0123456789"))
    if strange:
        return (Finding(Oddity.CHARACTER, Level.ERROR, "".join(strange)),)
    if len(number) != _LENGTH:
        return (Finding(Oddity.LENGTH, Level.ERROR, str(len(number)), str(_LENGTH)),)
    findings = []
    if int(number) % 97 != 1:
        findings.append(Finding(Oddity.CHECK_DIGIT, Level.ERROR, number[-2:], mod_97_10.calc_check_digits(number[:-2])))
    if not number.startswith("89"):
        findings.append(Finding(Oddity.PREFIX, Level.INFO, number[:2], "89"))
    return tuple(findings)


def format(text: str) -> str:  # noqa: A001  # the name every identifier module uses
    """In groups of four."""
    number = compact(text)
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def hint(text: str) -> MakerHint | None:
    """Where the maker is registered; None when the EID is of the newer form or the code is of no single region."""
    number = compact(text)
    if check(text) or not number.isdecimal():
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(number[2:5]), ())
    return MakerHint(regions[0]) if regions and regions[0].isalpha() else None
