"""Telephone numbers, through libphonenumber and around its traps (renewal-facts 5.4).

"00" is read as "+" before the region's own rules get a say: under Hong Kong rules 008613912345678 would be an Australian number. A number
that makes sense in more than one way is a question, not a guess.
"""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, carrier

from services.rules.identifiers.findings import Finding, Level, Oddity, plain

_CHINA_VIRTUAL = ("162", "165", "167", "170", "171")
_MACHINE_PREFIXES = ("10646", "10647", "10648", "10649", "140", "141", "144", "146", "148")
_MACHINE_LENGTH = 13
_MOBILE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True, slots=True)
class NumberHint:
    """What a number suggests.

    ``country``: ISO 3166-1 alpha-2, "" for numbers of no country. ``operator_en``, ``operator_zh``: whoever the block was first given to,
    "" when unknown. ``portable``: numbers can move between operators there, so the operator is no more than "probably".
    ``virtual``: the block is let to virtual operators; the operator named is the network beneath. ``mobile``: None when undecided.
    """

    country: str
    operator_en: str
    operator_zh: str
    portable: bool
    virtual: bool
    mobile: bool | None


def compact(text: str, region: str | None = None) -> str:
    """E.164 ("+8613912345678") when the number is valid in exactly one way, else the characters as typed without separators.

    ``region``: ISO 3166-1 alpha-2 of the user, for numbers typed without a country code.
    """
    readings = _readings(_bare(text), region)
    return phonenumbers.format_number(readings[0], PhoneNumberFormat.E164) if len(readings) == 1 else _bare(text)


def check(text: str, region: str | None = None) -> tuple[Finding, ...]:
    """SEVERAL_READINGS carries the possible E.164 forms in ``expected``, separated by spaces, for the person to choose from."""
    bare = _bare(text)
    if not bare:
        return (Finding(Oddity.EMPTY, Level.ERROR),)
    digits = bare.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        return (Finding(Oddity.CHARACTER, Level.ERROR, "".join(sorted(set(digits) - set("0123456789")))),)
    readings = _readings(bare, region)
    if len(readings) == 1:
        return ()
    if readings:
        forms = " ".join(phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in readings)
        return (Finding(Oddity.SEVERAL_READINGS, Level.WARNING, bare, forms),)
    if len(digits) <= 6:
        return (Finding(Oddity.SHORT_CODE, Level.WARNING, digits),)
    if _machine_number(digits):
        return (Finding(Oddity.MACHINE_NUMBER, Level.WARNING, digits),)
    if region is None and not bare.startswith(("+", "00")):
        return (Finding(Oddity.REGION_NEEDED, Level.WARNING, bare),)
    return (Finding(Oddity.NOT_VALID, Level.WARNING, bare),)


def format(text: str, region: str | None = None) -> str:  # noqa: A001  # the name every identifier module uses
    """ "+44 7700 900123"; what is no number comes back without separators."""
    readings = _readings(_bare(text), region)
    return phonenumbers.format_number(readings[0], PhoneNumberFormat.INTERNATIONAL) if len(readings) == 1 else _bare(text)


def hint(text: str, region: str | None = None) -> NumberHint | None:
    """Country and probable operator; None unless the number is valid in exactly one way."""
    readings = _readings(_bare(text), region)
    if len(readings) != 1:
        return None
    number = readings[0]
    country = phonenumbers.region_code_for_number(number) or ""
    kind = phonenumbers.number_type(number)
    mobile = {
        PhoneNumberType.MOBILE: True,
        PhoneNumberType.FIXED_LINE_OR_MOBILE: None,
        PhoneNumberType.UNKNOWN: None,
    }.get(kind, False)
    national = phonenumbers.national_significant_number(number)
    return NumberHint(
        country=country if country.isalpha() else "",
        operator_en=carrier.name_for_number(number, "en"),
        operator_zh=carrier.name_for_number(number, "zh") or carrier.name_for_number(number, "en"),
        # Mainland numbers have been portable since 2019-11; libphonenumber does not know.
        portable=country == "CN" or phonenumbers.is_mobile_number_portable_region(country),
        virtual=country == "CN" and national.startswith(_CHINA_VIRTUAL),
        mobile=mobile,
    )


def _bare(text: str) -> str:
    return "".join(mark for mark in plain(text) if mark not in "()/")


def _machine_number(digits: str) -> bool:
    """Thirteen-digit numbers of mainland data cards (物联网卡), with or without the country code."""
    local = digits.removeprefix("86") if len(digits) == _MACHINE_LENGTH + 2 else digits
    return len(local) == _MACHINE_LENGTH and local.startswith(_MACHINE_PREFIXES)


@lru_cache(maxsize=4096)
def _readings(bare: str, region: str | None) -> tuple[PhoneNumber, ...]:
    """Every valid way to read the number, most literal first; more than one only where no sign says which is meant."""
    if not bare.removeprefix("+").isdecimal() or _machine_number(bare.removeprefix("+").removeprefix("00")):
        return ()
    if bare.startswith("+"):
        ways = [_valid(bare, None)]
    elif bare.startswith("00") and (international := _valid("+" + bare[2:], None)) is not None:
        ways = [international]
    else:
        at_home = _valid(bare, region) if region else None
        if at_home is not None and phonenumbers.number_type(at_home) in _MOBILE_TYPES:
            return (at_home,)  # the way everybody there writes a mobile number
        ways = [at_home, _valid("+" + bare, None)]
    found: dict[str, PhoneNumber] = {}
    for number in ways:
        if number is not None:
            found.setdefault(phonenumbers.format_number(number, PhoneNumberFormat.E164), number)
    return tuple(found.values())


def _valid(text: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
