"""Finds countries and regions in what somebody typed or a list says, in English or Chinese."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from babel.core import get_global

from services.rules.places.data_files import load_aliases, load_regions
from services.rules.places.names import REGION_PREFIX, cldr_names, country_codes

# Words between places that say nothing themselves.
_FILLERS = frozenset(
    "a an and or the to in of for from via plus then with et und y i country countries region regions area travel trip"
    " esim esims sim 和 与 及 跟 或 到 去 在 再 后 然 从 至 等 国 地 区 家 的".split()
)
_LONGEST_INPUT = 20_000
_LONGEST_CACHED = 500  # a list repeats its coverages; long texts would fill the memory

_APOSTROPHES = re.compile("['’‘`´ʻ]")
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b|\s|$)")
# One token per run of letters and digits; Chinese is written without spaces, so there each character is one.
_TOKEN = re.compile(r"[㐀-䶿一-鿿]|(?:(?![㐀-䶿一-鿿])[^\W_])+")
_PIECES = re.compile(r"[,;/|\n\r\t、。\[\]{}\"]+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_SAINT = {"st": "saint", "ste": "sainte"}

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacesRead:
    """``ids``: place ids in the order found, each once. ``unread``: the words that name no place known here."""

    ids: tuple[str, ...]
    unread: tuple[str, ...]


def _flag_letters(flag: re.Match[str]) -> str:
    return " " + "".join(chr(ord(letter) - 0x1F1E6 + ord("A")) for letter in flag.group()) + " "


def _simplify(text: str) -> str:
    """Full width to half width, accents and dots inside abbreviations dropped, flags to codes. Case is kept."""
    text = _FLAG.sub(_flag_letters, unicodedata.normalize("NFKC", text))
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return _DOTTED.sub("", text)


def _tokens(text: str) -> list[str]:
    """Tokens of simplified text, case kept; the apostrophe of "d'Ivoire" joins."""
    return _TOKEN.findall(_APOSTROPHES.sub("", text))


def _fold(token: str) -> str:
    folded = token.casefold()
    return _SAINT.get(folded, folded)


def _spellings(name: str) -> set[Tokens]:
    """The ways a name may be written: whole, without or with only what stands in brackets, "&" as "and" or nothing."""
    plain = _simplify(name)
    forms = {plain, re.sub(r"\(.*?\)", " ", plain), *re.findall(r"\((.{3,}?)\)", plain)}
    forms |= {re.sub("&", " and ", form) for form in forms}
    # Slugs write the apostrophe as a hyphen: cote-d-ivoire.
    forms |= {_APOSTROPHES.sub(" ", form) for form in forms}
    return {tuple(_fold(token) for token in _tokens(form)) for form in forms} - {()}


@lru_cache(maxsize=1)
def _names() -> dict[Tokens, tuple[str, ...]]:
    """Place ids by the tokens of a name. Where two sources share a spelling, the later of this order holds."""
    found: dict[Tokens, tuple[str, ...]] = {}

    def learn(name: str, ids: tuple[str, ...]) -> None:
        for spelling in _spellings(name):
            found[spelling] = ids

    for language in ("zh_Hant_HK", "zh_Hant", "zh_Hans", "en"):
        for code, name in cldr_names(language).items():
            learn(name, (code,))
    for key, region in load_regions().items():
        for name in (key.replace("_", " "), region.en, region.zh, *region.aliases):
            learn(name, (f"{REGION_PREFIX}{key}",))
    for codes, aliases in load_aliases().items():
        for name in aliases:
            learn(name, tuple(codes.split("+")))
    return found


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(len(name) for name in _names())


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """ISO 3166-1 codes of two and three capitals, and a country's alpha-2."""
    codes = {code: code for code in country_codes()}
    for alias, replacements in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(replacements) == 1 and replacements[0] in codes:
            codes[alias] = replacements[0]
    codes["XKX"] = "XK"
    return codes


def _read_piece(piece: str, *, any_case: bool = False) -> tuple[list[str], list[str]]:
    """Ids and unread words of a piece of simplified text without separators: the longest name wins, from the left.

    A code counts when it is the whole piece ("de" in "de, at"), stands in capitals among other text ("US trip"), or
    when the piece is nothing but places and codes ("uk and us"); not where everything is in capitals ("TRIP TO INDIA").
    """
    written = _tokens(piece)
    folded = [_fold(token) for token in written]
    shouted = piece.upper() == piece and any(len(token) > 3 and token.isascii() for token in written)
    names, codes, longest = _names(), _codes(), _longest()
    ids: list[str] = []
    unread: list[str] = []
    at = 0
    while at < len(written):
        for length in range(min(longest, len(written) - at), 0, -1):
            hit = names.get(tuple(folded[at : at + length]))
            if hit is not None:
                ids.extend(hit)
                at += length
                break
        else:
            token = written[at]
            code = codes.get(token.upper())
            filler = folded[at] in _FILLERS
            alone = len(written) == 1 and not (filler and len(token) > 2)
            if code is not None and (alone or (token.isupper() and not shouted) or (any_case and not filler)):
                ids.append(code)
            elif not filler:
                unread.append(token)
            at += 1
    if unread and not any_case and all(len(token) == 2 and token.upper() in codes for token in unread):
        return _read_piece(piece, any_case=True)
    return ids, unread


def read_places(text: str) -> PlacesRead:
    """Places named in ``text`` and the words that were not understood.

    Understands English and Chinese (simplified and traditional) names, aliases, slugs ("south-korea"), ISO codes of two
    and three letters, flags and region names, in any case and width. Reads the first 20,000 characters.
    """
    return _read_cached(text) if len(text) <= _LONGEST_CACHED else _read(text[:_LONGEST_INPUT])


def _read(text: str) -> PlacesRead:
    simple = _simplify(text)
    # Names that ISO writes with a comma: "Korea, Democratic People's Republic of".
    whole = _names().get(tuple(_fold(token) for token in _tokens(simple)))
    if whole is not None:
        return PlacesRead(whole, ())
    ids: list[str] = []
    unread: list[str] = []
    for piece in _PIECES.split(simple):
        piece_ids, piece_unread = _read_piece(piece)
        ids += piece_ids
        unread += piece_unread
    return PlacesRead(tuple(dict.fromkeys(ids)), tuple(dict.fromkeys(unread)))


_read_cached = lru_cache(maxsize=4096)(_read)


def find_places(text: str) -> list[str]:
    """Ids of the places named in ``text``, in order, each once: "JP", "region:europe". See :func:`read_places`."""
    return list(read_places(text).ids)
