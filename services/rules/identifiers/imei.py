"""IMEI, the number of a device with a modem (3GPP TS 23.003): 15 digits with a Luhn digit, or 16 (IMEISV) without one."""

from dataclasses import dataclass

from stdnum import imei as _stdnum
from stdnum import luhn

from services.rules.identifiers.findings import Finding, Level, Oddity, plain


@dataclass(frozen=True, slots=True)
class ModelHint:
    """The type allocation code: the same for every device of one model."""

    type_allocation_code: str


def compact(text: str) -> str:
    """Digits without separators; the slash some devices print is dropped too."""
    return plain(text).replace("/", "")


def check(text: str) -> tuple[Finding, ...]:
    """15 digits must pass Luhn; 16 digits are an IMEISV, 14 an IMEI without its last digit, and neither can be checked."""
    number = compact(text)
    if not number:
        return (Finding(Oddity.EMPTY, Level.ERROR),)
    strange = sorted(set(number) - set("0123456789"))
    if strange:
        return (Finding(Oddity.CHARACTER, Level.ERROR, "".join(strange)),)
    if len(number) == 16:
        return (Finding(Oddity.SOFTWARE_VERSION, Level.INFO, number[-2:]),)
    if len(number) == 14:
        return (Finding(Oddity.NO_CHECK_POSSIBLE, Level.INFO, "", luhn.calc_check_digit(number)),)
    if len(number) != 15:
        return (Finding(Oddity.LENGTH, Level.ERROR, str(len(number)), "15"),)
    expected = luhn.calc_check_digit(number[:-1])
    return () if number[-1] == expected else (Finding(Oddity.CHECK_DIGIT, Level.ERROR, number[-1], expected),)


def format(text: str) -> str:  # noqa: A001  # the name every identifier module uses
    """As printed on devices, "49-015420-323751-8"; what is no IMEI comes back as it is."""
    number = compact(text)
    if len(number) not in (14, 15, 16) or not number.isdecimal():
        return number
    return str(_stdnum.format(number, add_check_digit=False))


def hint(text: str) -> ModelHint | None:
    """The model's code, or None when this is no IMEI."""
    number = compact(text)
    if any(finding.level is Level.ERROR for finding in check(text)):
        return None
    return ModelHint(number[:8])
