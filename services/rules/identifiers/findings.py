"""What can be odd about an identifier, as facts; the sentences are made on the pages."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """INFO: worth knowing. WARNING: probably mistyped, may still be right. ERROR: cannot be what it is meant to be."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Oddity(StrEnum):
    EMPTY = "empty"
    CHARACTER = "character"
    LENGTH = "length"
    PREFIX = "prefix"
    CHECK_DIGIT = "check_digit"
    NO_CHECK_POSSIBLE = "no_check_possible"
    SOFTWARE_VERSION = "software_version"
    SHORT_CODE = "short_code"
    MACHINE_NUMBER = "machine_number"
    NOT_VALID = "not_valid"
    REGION_NEEDED = "region_needed"
    SEVERAL_READINGS = "several_readings"
    VERSION = "version"
    FIELD_COUNT = "field_count"
    ADDRESS = "address"
    MATCHING_ID = "matching_id"
    OID = "oid"
    CONFIRMATION_FLAG = "confirmation_flag"


@dataclass(frozen=True, slots=True)
class Finding:
    """``found`` and ``expected`` are bits of the identifier itself; never of a secret one."""

    oddity: Oddity
    level: Level
    found: str = ""
    expected: str = ""


def plain(text: str) -> str:
    """Full-width letters and digits as ASCII, without spaces, hyphens, dots and invisible marks. One character stays one character."""
    return text.translate(_PLAIN)


_INVISIBLE = "\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_PLAIN: dict[int, str | None] = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
_PLAIN |= {ord(mark): None for mark in " \t\r\n\u3000.\uff0e\uff0d" + _INVISIBLE + _DASHES}
