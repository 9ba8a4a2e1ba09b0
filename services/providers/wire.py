"""Types of single fields in providers' answers: strict, bounded, and clean, so that a wrong value is an error and not a figure."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict

LONGEST_TEXT = 20_000
LARGEST = Decimal(10) ** 18
SMALLEST_STEP = Decimal("1e-9")

Int = Annotated[int, Strict(), Field(ge=-(2**63), lt=2**63)]
"""A JSON integer that a database column can hold; no text, no true or false, no 3.0."""

Count = Annotated[int, Strict(), Field(ge=0, lt=2**63)]
"""An :data:`Int` that cannot be negative."""

Flag = Annotated[bool, Strict()]
"""true or false; no 0, 1 or text."""


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


Text = Annotated[str, Strict(), Field(max_length=LONGEST_TEXT), AfterValidator(_printable)]
"""A JSON string without control characters."""

Name = Annotated[str, Strict(), Field(min_length=1, max_length=500), AfterValidator(_printable)]
"""A short :data:`Text` that is not empty: an identifier, a title."""


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("not a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError("not a plausible number")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -9:
        # 409.99999999999994 is how some write 410: the noise of their arithmetic is no figure.
        rounded = number.quantize(SMALLEST_STEP).normalize()
        if number and not rounded:
            raise ValueError("not a plausible number")
        return rounded
    return number


def _number_or_text(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", value):
            raise ValueError("not a number")
        value = Decimal(value)
    return _number(value)


Number = Annotated[Decimal, BeforeValidator(_number)]
"""A JSON number, exact to nine decimals; not infinite, not larger than anything that is sold."""

NumberOrText = Annotated[Decimal, BeforeValidator(_number_or_text)]
"""A :data:`Number`, or the same written as text ("9.50")."""


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("not a time")
    moment = datetime.fromisoformat(value)
    if len(value) < len("2026-01-01T00:00"):
        raise ValueError("not a time of day")
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time") from None


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""A time as text, in UTC; without a zone it is meant in UTC (say so in the adapter)."""


def _nothing(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


MaybeInstant = Annotated[datetime | None, BeforeValidator(lambda value: None if _nothing(value) is None else _instant(value))]
"""An :data:`Instant`; null and "" are None."""

MaybeText = Annotated[Text | None, BeforeValidator(_nothing)]
"""A :data:`Text`; null and "" are None."""

ISO2 = re.compile(r"[A-Z]{2}")


def iso2_codes(codes: list[str]) -> tuple[frozenset[str], bool]:
    """The ISO 3166-1 alpha-2 codes among ``codes``, and whether there was nothing else among them."""
    cleaned = [code.strip().upper() for code in codes if code.strip()]
    good = frozenset(code for code in cleaned if ISO2.fullmatch(code))
    return good, bool(good) and len(good) == len(set(cleaned))


LPA = re.compile(r"LPA:1\$[A-Za-z0-9.-]+\$[A-Za-z0-9-]*(\$[0-9.]*(\$1?)?)?")


def lpa_code(text: str) -> str:
    """``text`` when it is an activation code (SGP.22 section 4.1). Raises ValueError without repeating it: it is a secret."""
    if not LPA.fullmatch(text.strip()):
        raise ValueError("not an activation code")
    return text.strip()
