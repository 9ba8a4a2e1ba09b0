"""Holding a pasted link against the operators' own lists."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from services.rules.payment_links.address import Address, Trick, take_apart
from services.rules.payment_links.sites import Site, SiteList, registrable, shipped_sites


class Verdict(StrEnum):
    """KNOWN_OFFICIAL: on the operator's own list and nothing odd. UNKNOWN: nothing odd was found, which proves nothing."""

    KNOWN_OFFICIAL = "known_official"
    SUSPICIOUS = "suspicious"
    UNKNOWN = "unknown"


class Sign(StrEnum):
    """Why a link is suspicious. The first nine are tricks of the address itself (``Trick``)."""

    HIDDEN_CHARACTERS = "hidden_characters"
    BACKSLASH = "backslash"
    USER_INFO = "user_info"
    ENCODED_HOST = "encoded_host"
    BARE_ADDRESS = "bare_address"
    ODD_PORT = "odd_port"
    OTHER_SCHEME = "other_scheme"
    PLAIN_HTTP = "plain_http"
    SEVERAL_LINKS = "several_links"
    PUNYCODE = "punycode"
    FOREIGN_LETTERS = "foreign_letters"
    SHORTENER = "shortener"
    LOOK_ALIKE = "look_alike"
    NAME_IN_FRONT = "name_in_front"
    NAME_INSIDE = "name_inside"
    NAME_IN_PATH = "name_in_path"
    OTHER_ENDING = "other_ending"
    WRONG_COUNTRY = "wrong_country"
    OTHER_OPERATOR = "other_operator"
    LEADS_ON = "leads_on"
    APP_FILE = "app_file"


@dataclass(frozen=True, slots=True)
class Reason:
    """``found``: the piece of the address meant. ``meant``: the true address or operator it imitates or is confused with, "" if none."""

    sign: Sign
    found: str = ""
    meant: str = ""


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """``domain``: what somebody had to register, "" when there is none. ``owners``: operators on whose list the host is."""

    verdict: Verdict
    host: str
    domain: str
    owners: tuple[Site, ...]
    reasons: tuple[Reason, ...]


ORDINARY_WORDS = frozenset({"three", "orange", "base", "true", "trip", "skinny", "smarty", "nomad"})
"""Names that are words of the language: another address that has them in it is no imitation by that alone."""
_SHORTEST = 4
"""Names with fewer letters (EE, O2, 189, CTM) stand in too many honest addresses to be looked for inside one."""
_TWINS = str.maketrans(
    "аеорсухіјѕԁɡһкмтвнӏԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαενορτυχιοսօոցհ",
    "aeopcyxijsdghkmtbhlqwABEZHIKMNOPTYXaevoptuxiouonqh",
)
_STROKES = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ɑ": "a", "ο": "o", "ⅼ": "l", "ǀ": "l", "ƅ": "b", "ß": "b"}
)
_FOLD = str.maketrans({"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "8": "b", "2": "z", "-": "", "_": "", "|": "l"})
_DIGITS_FOLD = str.maketrans({"o": "0", "l": "1", "i": "1", "b": "8", "s": "5", "z": "2", "q": "9", "-": "", "_": ""})
_ONWARD = re.compile(r"(?:https?:)?[/\\]{2,}([^/\\?#&\s]+)", re.IGNORECASE)
_APP_FILE = re.compile(r"\.(?:apk|exe|ipa|mobileconfig|dmg|msi|scr)(?:$|[?#&])", re.IGNORECASE)


def check_link(text: str, operator: str | None = None, sites: SiteList | None = None) -> LinkCheck:
    """What a pasted link is. ``operator``: whom the person means to pay, None when not said; then any operator's own page is known."""
    known = sites or shipped_sites()
    address = take_apart(text)
    if address is None:
        return LinkCheck(Verdict.UNKNOWN, "", "", (), ())
    reasons = [Reason(Sign(trick.value), found) for trick, found in address.tricks]
    host = address.host
    owners = tuple(site for site in known.site if host and site.owns(host))
    wanted = known.of(operator) if operator else None
    bare = any(trick is Trick.BARE_ADDRESS for trick, _ in address.tricks)
    domain = "" if bare or not host else registrable(host)
    if host and not bare:
        reasons += _letters(host)
        if domain in known.shorteners or host in known.shorteners:
            reasons.append(Reason(Sign.SHORTENER, domain or host))
        elif owners and operator is not None:
            reasons += _somebody_else(owners, operator, wanted)
        elif not owners:
            reasons += _imitations(host, domain, known, wanted)
    reasons += _beyond(address, owners, known)
    if reasons:
        return LinkCheck(Verdict.SUSPICIOUS, host, domain, owners, tuple(dict.fromkeys(reasons)))
    if owners and (operator is None or any(site.operator == operator for site in owners)):
        return LinkCheck(Verdict.KNOWN_OFFICIAL, host, domain, owners, ())
    return LinkCheck(Verdict.UNKNOWN, host, domain, owners, ())


def _letters(host: str) -> list[Reason]:
    found = []
    if not host.isascii():
        found.append(Reason(Sign.FOREIGN_LETTERS, "".join(sorted({mark for mark in host if not mark.isascii()}))))
    if any(label.startswith("xn--") for label in host.split(".")):
        found.append(Reason(Sign.PUNYCODE, _decoded(host)))
    return found


def _decoded(host: str) -> str:
    """A host with its punycode labels as the letters they stand for; a broken label stays as it is."""
    labels = []
    for label in host.split("."):
        try:
            labels.append(label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label)
        except (UnicodeError, ValueError):
            labels.append(label)
    return ".".join(labels)


def _somebody_else(owners: tuple[Site, ...], operator: str, wanted: Site | None) -> list[Reason]:
    """The host is on a list, but not on that of the operator to be paid."""
    if any(site.operator == operator for site in owners):
        return []
    other = owners[0]
    if wanted is None:
        return [Reason(Sign.OTHER_OPERATOR, other.operator)]
    shared = next((site for site in owners if site.brand == wanted.brand), None)
    if shared is not None:
        same_country = shared.country == wanted.country
        return [Reason(Sign.OTHER_OPERATOR if same_country else Sign.WRONG_COUNTRY, shared.operator, wanted.hosts[0])]
    return [Reason(Sign.OTHER_OPERATOR, other.operator, wanted.hosts[0])]


def _imitations(host: str, domain: str, known: SiteList, wanted: Site | None) -> list[Reason]:
    """Whose name the host wears. ``domain`` is on no list."""
    if any(domain and domain == registrable(own) for site in known.site for own in site.hosts):
        return []  # another part of a domain that an operator owns: not listed, and no imitation
    shown = re.sub("[。．｡]", ".", _decoded(host))
    ends_at = len(shown) - len(_decoded(domain)) if domain else 0
    label = shown[ends_at:].split(".")[0] if domain else shown.split(".")[0]
    for site in sorted(known.site, key=lambda site: site is not wanted):
        for own in site.hosts:
            name = registrable(own).split(".")[0]
            if label == name and ((len(name) >= _SHORTEST and name not in ORDINARY_WORDS) or site is wanted):
                return [Reason(Sign.OTHER_ENDING, domain, own)]
    plain = _plain(shown)
    for site in known.site:
        for own in site.hosts:
            if f".{own}." in f".{shown}." or f".{own}-" in "." + shown or f".{own.replace('.', '-')}" in "." + shown:
                return [Reason(Sign.NAME_IN_FRONT, domain or host, own)]
            if f".{own}." in f".{plain}.":
                return [Reason(Sign.LOOK_ALIKE, domain or host, own)]
    for site in sorted(known.site, key=lambda site: site is not wanted):
        for name in dict.fromkeys([*(registrable(own).split(".")[0] for own in site.hosts), *site.words]):
            if len(name) < _SHORTEST or name in ORDINARY_WORDS:
                if len(name) < _SHORTEST and name in re.split(r"[-_.]", shown) and site is wanted:
                    return [Reason(Sign.NAME_INSIDE, domain or host, site.hosts[0])]
                continue
            for piece in (label, *shown.split(".")[:-1]):
                if (sign := _wears(piece, name)) is not None:
                    return [Reason(sign, domain or host, site.hosts[0])]
    return []


def _wears(piece: str, name: str) -> Sign | None:
    """Whether a label is, contains, or nearly is ``name``."""
    if name in piece:
        return Sign.NAME_INSIDE
    plain = _plain(piece)
    for table in (_FOLD, _DIGITS_FOLD):
        folded, own = _joined(plain.translate(table)), _joined(name.translate(table))
        if own in folded:
            return Sign.LOOK_ALIKE
    return Sign.LOOK_ALIKE if len(name) >= 5 and any(_near(part, name) for part in (plain, *re.split("[-_]", plain))) else None


def _plain(text: str) -> str:
    """Letters of other scripts, accents and widths as the ASCII letters they look like."""
    text = unicodedata.normalize("NFKC", text).translate(_TWINS).translate(_STROKES).lower()
    return "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))


def _joined(text: str) -> str:
    """Pairs of letters that read as one."""
    return text.replace("rn", "m").replace("vv", "w").replace("cl", "d")


def _near(left: str, right: str) -> bool:
    """One letter changed, missing, added, or two neighbours exchanged."""
    if left == right or abs(len(left) - len(right)) > 1:
        return left == right
    start = next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))
    if len(left) == len(right):
        swapped = left[start + 2 :] == right[start + 2 :] and left[start : start + 2] == right[start : start + 2][::-1]
        return left[start + 1 :] == right[start + 1 :] or swapped
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    return longer[start + 1 :] == shorter[start:]


def _beyond(address: Address, owners: tuple[Site, ...], known: SiteList) -> list[Reason]:
    """What stands after the host: an operator's address as decoration, another page to be led to, a program to install."""
    rest = address.rest
    for _ in range(3):
        rest = unquote(rest)
    found = []
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    if not owners:
        named = next(
            (own for site in known.site for own in site.hosts if re.search(rf"(?<![\w-]){re.escape(own)}(?![\w-])", path.lower())), None
        )
        if named is not None:
            found.append(Reason(Sign.NAME_IN_PATH, address.host, named))
    else:
        for onward in _ONWARD.findall(rest):
            target = onward.rsplit("@", 1)[-1].split(":")[0].lower().rstrip(".")
            if not any(site.owns(target) for site in owners):
                found.append(Reason(Sign.LEADS_ON, target[:80]))
    if (file := _APP_FILE.search(path)) is not None:
        found.append(Reason(Sign.APP_FILE, file.group()))
    return found
