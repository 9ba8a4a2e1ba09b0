"""Activation codes of eSIMs (GSMA SGP.22, section 4.1): ``1$SM-DP+ address$MatchingID[$OID[$confirmation flag]]``, with or without "LPA:".

Until it is used the code is worth the eSIM itself: pages hide it, logs never see it, and findings here carry no part of the MatchingID.
The confirmation code a person may have to type is never inside; field 5 only says that one is needed.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from services.rules.identifiers.findings import Finding, Level, Oddity

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+\Z")
_MATCHING_ID = re.compile(r"[A-Za-z0-9-]*\Z")
_OID = re.compile(r"\d+(?:\.\d+)+\Z")
_APPLE_HOST = "esimsetup.apple.com"
# Spaces and line breaks come from copying; hyphens and dots belong to the code.
_SPACE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]+")


@dataclass(frozen=True, slots=True, repr=False)
class ActivationCode:
    """``matching_id`` may be empty: the SM-DP+ then finds the profile by EID. ``oid`` is empty when not given."""

    address: str
    matching_id: str
    oid: str = ""
    confirmation_required: bool = False

    def __repr__(self) -> str:
        return f"ActivationCode({self.address}, hidden)"


@dataclass(frozen=True, slots=True)
class ServerHint:
    """The SM-DP+ that keeps the profile; it belongs to the network upstream or its supplier, seldom to the shop."""

    address: str


class NotAnActivationCodeError(ValueError):
    """Raised by :func:`parse`; ``findings`` say why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("not an activation code: " + ", ".join(finding.oddity.value for finding in findings))
        self.findings = findings


def compact(text: str) -> str:
    """The code without "LPA:", spaces and line breaks; also taken out of an Apple setup link."""
    bare = _SPACE.sub("", _half_width(text))
    if _APPLE_HOST in bare.lower():
        bare = (parse_qs(urlsplit(bare).query).get("carddata") or [""])[0]
    return bare[4:] if bare[:4].upper() == "LPA:" else bare


def check(text: str) -> tuple[Finding, ...]:
    """ERROR for what no phone would accept; WARNING for what one may."""
    bare = compact(text)
    if not bare:
        return (Finding(Oddity.EMPTY, Level.ERROR),)
    fields = bare.split("$")
    if len(fields) < 3:
        return (Finding(Oddity.FIELD_COUNT, Level.ERROR, str(len(fields)), "3-5"),)
    findings = []
    if fields[0] != "1":
        findings.append(Finding(Oddity.VERSION, Level.ERROR, "", "1"))
    if not _ADDRESS.match(fields[1]):
        findings.append(Finding(Oddity.ADDRESS, Level.ERROR))
    if not _MATCHING_ID.match(fields[2]):
        findings.append(Finding(Oddity.MATCHING_ID, Level.ERROR))
    if len(fields) > 3 and fields[3] and not _OID.match(fields[3]):
        # Some pages put the confirmation code here; no specification does.
        findings.append(Finding(Oddity.OID, Level.ERROR))
    if len(fields) > 4 and fields[4] not in ("", "0", "1"):
        findings.append(Finding(Oddity.CONFIRMATION_FLAG, Level.ERROR, "", "1"))
    if len(fields) > 5:
        findings.append(Finding(Oddity.FIELD_COUNT, Level.ERROR, str(len(fields)), "3-5"))
    return tuple(findings)


def parse(text: str) -> ActivationCode:
    """Raises NotAnActivationCodeError."""
    findings = check(text)
    if any(finding.level is Level.ERROR for finding in findings):
        raise NotAnActivationCodeError(findings)
    fields = [*compact(text).split("$"), "", ""]
    return ActivationCode(fields[1].lower(), fields[2], fields[3], fields[4] == "1")


def build(code: ActivationCode) -> str:
    """The text a QR code carries, with "LPA:" and no empty fields at its end."""
    text = f"LPA:1${code.address}${code.matching_id}"
    if code.confirmation_required:
        return f"{text}${code.oid}$1"
    return f"{text}${code.oid}" if code.oid else text


def format(text: str) -> str:  # noqa: A001  # the name every identifier module uses
    """The canonical form, or the characters as typed when this is no activation code."""
    try:
        return build(parse(text))
    except NotAnActivationCodeError:
        return compact(text)


def hint(text: str) -> ServerHint | None:
    """The server, which is no secret; None when this is no activation code."""
    try:
        return ServerHint(parse(text).address)
    except NotAnActivationCodeError:
        return None


def apple_link(code: ActivationCode) -> str:
    """The link that opens the installer on an iPhone (iOS 17.4 or 17.5 and later; the sources differ). As secret as the code."""
    return f"https://{_APPLE_HOST}/esim_qrcode_provisioning?carddata={quote(build(code), safe='')}"


def _half_width(text: str) -> str:
    return "".join(chr(ord(mark) - 0xFEE0) if 0xFF01 <= ord(mark) <= 0xFF5E else mark for mark in text)
