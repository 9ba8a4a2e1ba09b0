"""Taking an address apart the way a browser does (WHATWG URL standard), noting every trick on the way.

Python's own ``urlsplit`` follows another standard: it sees other hosts than a browser would where backslashes, missing or additional
slashes, tabs or percent signs are used, and that difference is what the tricks live on.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

_HIDDEN = re.compile(
    r"[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+-]*):|([a-zA-Z][a-zA-Z0-9+.-]*):(?!\d{1,5}(?:[/?#\\]|$))")
_WEB = ("http", "https")
_IN_TEXT = re.compile(r"https?\s*:\s*[/\\]+", re.IGNORECASE)
_LINK_LIKE = re.compile(r"[a-z]+:[/\\]|[^\W_][.。．｡][^\W\d_]{2}", re.IGNORECASE)
_AROUND = "<>()[]{}\"'“”‘’「」『』《》〈〉【】（）.,;!?，。；！？、…"
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class Trick(StrEnum):
    """What an honest address has no use for."""

    HIDDEN_CHARACTERS = "hidden_characters"
    BACKSLASH = "backslash"
    USER_INFO = "user_info"
    ENCODED_HOST = "encoded_host"
    BARE_ADDRESS = "bare_address"
    ODD_PORT = "odd_port"
    OTHER_SCHEME = "other_scheme"
    PLAIN_HTTP = "plain_http"
    SEVERAL_LINKS = "several_links"


@dataclass(frozen=True, slots=True)
class Address:
    """``host``: lower case, as typed but for percent signs, without port, user and final dot. ``rest``: path, query and fragment."""

    host: str
    rest: str
    tricks: tuple[tuple[Trick, str], ...]


def take_apart(text: str) -> Address | None:
    """None when the text holds no web address."""
    tricks: list[tuple[Trick, str]] = []
    stripped = text.strip(" \t\r\n\u3000\u00a0")
    if len([word for word in stripped.split() if _LINK_LIKE.search(word)]) > 1:
        tricks.append((Trick.SEVERAL_LINKS, ""))
    if _HIDDEN.search(stripped):
        tricks.append((Trick.HIDDEN_CHARACTERS, ""))
        stripped = _HIDDEN.sub("", stripped)
    link = _link_in(stripped).strip(_AROUND)
    scheme_match = _SCHEME.match(link)
    scheme = (scheme_match[1] or scheme_match[2]).lower() if scheme_match else ""
    if scheme and scheme not in _WEB:
        return Address("", link, (*tricks, (Trick.OTHER_SCHEME, scheme)))
    after = (link[scheme_match.end() :] if scheme_match else link).lstrip("/\\")
    authority = re.split(r"[/\\?#]", after, maxsplit=1)[0]
    rest = after[len(authority) :]
    if "\\" in link:
        tricks.append((Trick.BACKSLASH, ""))
    if "@" in authority:
        tricks.append((Trick.USER_INFO, authority.rsplit("@", 1)[0][:80]))
        authority = authority.rsplit("@", 1)[1]
    host, port = _without_port(authority)
    if "%" in host:
        tricks.append((Trick.ENCODED_HOST, host[:80]))
        host = re.split(r"[/\\?#@:]", unquote(host))[0]
    host = host.lower().removesuffix(".")
    if _is_number(host):
        tricks.append((Trick.BARE_ADDRESS, host))
    elif not _is_name(host):
        return None if not tricks else Address(host, rest, tuple(tricks))
    if port not in ("", "443", "80"):
        tricks.append((Trick.ODD_PORT, port[:8]))
    if scheme == "http" or port == "80":
        tricks.append((Trick.PLAIN_HTTP, ""))
    return Address(host, rest, tuple(tricks))


def _link_in(text: str) -> str:
    """The link inside a pasted message, else the first word that could be one, else the text."""
    if (found := _IN_TEXT.search(text)) is not None and not _SCHEME.match(text):
        return text[found.start() :].split()[0] if " " not in found.group() else text[found.start() :]
    words = text.split()
    if len(words) > 1 and not _SCHEME.match(text):
        return next((word for word in words if "." in word.strip(".") or "。" in word.strip("。")), text)
    return words[0] if len(words) > 1 and _SCHEME.match(words[0]) and words[0].lower() not in ("http:", "https:") else "".join(words)


def _without_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        inside, _, after = authority.partition("]")
        return inside + "]", after.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def _is_number(host: str) -> bool:
    """An IP address in any of the ways browsers read one: dotted, one whole number, octal, hexadecimal, IPv6."""
    return host.startswith("[") or _NUMBER.fullmatch(host) is not None


def _is_name(host: str) -> bool:
    """At least two labels. Letters of other scripts pass here; they are judged elsewhere."""
    labels = re.split(r"[.。．｡]", host)
    if len(labels) < 2 or not all(labels) or len(host) > 253:
        return False
    return all(
        _LABEL.fullmatch(label) or (not label.isascii() and not re.search(r"[\s,，、;；!！\"'<>(){}|^`$&=+*]", label)) for label in labels
    )
