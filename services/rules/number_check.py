"""The last look at a number before money is sent to it.

A number is read back in groups, its country and probable operator are told, and it is laid beside the one that the last successful
renewal went to. Nothing here refuses: a person may know better; but two numbers that differ in a digit or in the order of two are named.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.rules.identifiers import iccid, msisdn
from services.rules.identifiers.findings import Finding, Level, Oddity


class NumberKind(StrEnum):
    PHONE = "phone"
    ICCID = "iccid"
    OTHER = "other"  # a data card's thirteen digits, a device's serial number, anything that follows no plan we know


class Difference(StrEnum):
    """How two numbers differ. FIRST: there is nothing to compare with."""

    FIRST = "first"
    SAME = "same"
    ONE_DIGIT = "one_digit"
    TWO_SWAPPED = "two_swapped"
    LENGTH = "length"
    OTHER = "other"


class Doubt(StrEnum):
    """What speaks against paying now."""

    OTHER_COUNTRY = "other_country"
    OTHER_OPERATOR = "other_operator"
    NOT_THE_LAST = "not_the_last"
    MISTYPED = "mistyped"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose number it probably is. ``country``: ISO 3166-1 alpha-2, "" when not known; ``en``, ``zh``: the operator, "" when not known.

    ``portable``: numbers move between operators there, so the operator is no more than "probably".
    """

    country: str = ""
    en: str = ""
    zh: str = ""
    portable: bool = False


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """``bare``: the form to compare and store. ``groups``: the same to be read aloud, group by group.
    ``differs_at``: groups that are not those of the last payment, by position in ``groups``."""

    kind: NumberKind
    bare: str
    groups: tuple[str, ...]
    recognised: Recognised
    findings: tuple[Finding, ...]
    difference: Difference
    differs_at: tuple[int, ...]
    doubts: tuple[Doubt, ...]


# Words by which the numbering plan names an operator, for the ids of this program's rules.
_NAMES = {
    "china_mobile": "China Mobile",
    "china_unicom": "China Unicom",
    "china_telecom": "China Telecom",
    "china_broadnet": "China Broadnet",
}


def check_number(
    text: str, *, region: str | None = None, operator: str | None = None, country: str | None = None, last_paid: str | None = None
) -> NumberCheck:
    """Look at a number before it is paid.

    ``region``: ISO 3166-1 alpha-2 for a number typed without its country code. ``operator``: id of whom the person means to pay;
    ``country``: where that operator is at home; None when not known. ``last_paid``: the number of the last confirmed renewal.
    """
    kind = kind_of(text, region)
    if kind is NumberKind.ICCID:
        bare, findings = iccid.compact(text), iccid.check(text)
        groups = tuple(iccid.format(text).split())
        issuer = iccid.hint(text)
        recognised = Recognised(issuer.country, issuer.en, issuer.zh, portable=True) if issuer else Recognised()
    else:
        bare, findings = msisdn.compact(text, region), msisdn.check(text, region)
        groups = _groups(msisdn.format(text, region), bare)
        hint = msisdn.hint(text, region)
        recognised = Recognised(hint.country, hint.operator_en, hint.operator_zh, hint.portable) if hint else Recognised()
    last = _bare(last_paid, region) if last_paid else None
    difference = compare(bare, last)
    differs_at = _differing(groups, bare, last) if difference not in (Difference.FIRST, Difference.SAME) else ()
    return NumberCheck(
        kind, bare, groups, recognised, findings, difference, differs_at, _doubts(kind, recognised, findings, difference, operator, country)
    )


def kind_of(text: str, region: str | None = None) -> NumberKind:
    """An ICCID starts with 89 and has 18 to 22 characters; a phone number fits a numbering plan; the rest is neither."""
    number = iccid.compact(text)
    if number.startswith("89") and len(number) in range(18, 23):
        return NumberKind.ICCID
    return NumberKind.PHONE if msisdn.hint(text, region) is not None else NumberKind.OTHER


def compare(number: str, last: str | None) -> Difference:
    """Two numbers in their bare form."""
    if not last:
        return Difference.FIRST
    if number == last:
        return Difference.SAME
    if len(number) != len(last):
        return Difference.LENGTH
    places = [place for place, (one, other) in enumerate(zip(number, last, strict=True)) if one != other]
    if len(places) == 1:
        return Difference.ONE_DIGIT
    first, second = places[0], places[-1]
    swapped = len(places) == 2 and second == first + 1 and number[first] == last[second] and number[second] == last[first]
    return Difference.TWO_SWAPPED if swapped else Difference.OTHER


def _bare(text: str, region: str | None) -> str:
    return iccid.compact(text) if kind_of(text, region) is NumberKind.ICCID else msisdn.compact(text, region)


def _groups(formatted: str, bare: str) -> tuple[str, ...]:
    """As written internationally; long groups, and what follows no plan, in fours from the left."""
    parts = formatted.replace("-", " ").split() if " " in formatted or "-" in formatted else [bare]
    return tuple(part[start : start + 4] for part in parts for start in range(0, len(part), 4))


def _differing(groups: tuple[str, ...], bare: str, last: str | None) -> tuple[int, ...]:
    """Groups that hold a character which is another one in ``last``. When the lengths differ, every group from the first difference on."""
    assert last is not None
    longest = max(len(bare), len(last))
    wrong = {place for place in range(longest) if bare[place : place + 1] != last[place : place + 1]}
    found, start = [], 0
    for position, group in enumerate(groups):
        if wrong & set(range(start, start + len(group))):
            found.append(position)
        start += len(group)
    return tuple(found)


def _doubts(
    kind: NumberKind,
    recognised: Recognised,
    findings: tuple[Finding, ...],
    difference: Difference,
    operator: str | None,
    country: str | None,
) -> tuple[Doubt, ...]:
    doubts = []
    if country not in (None, "any") and recognised.country not in ("", country) and kind is NumberKind.PHONE:
        doubts.append(Doubt.OTHER_COUNTRY)
    named = _NAMES.get(operator or "")
    if named and recognised.country == "CN" and recognised.en and recognised.en != named:
        doubts.append(Doubt.OTHER_OPERATOR)
    if difference not in (Difference.FIRST, Difference.SAME):
        doubts.append(Doubt.NOT_THE_LAST)
    if any(finding.level is not Level.INFO and finding.oddity is not Oddity.SEVERAL_READINGS for finding in findings):
        doubts.append(Doubt.MISTYPED)
    if kind is not NumberKind.ICCID and any(finding.oddity is Oddity.SEVERAL_READINGS for finding in findings):
        doubts.append(Doubt.UNCLEAR)
    return tuple(doubts)
