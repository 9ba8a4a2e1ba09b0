"""Names of countries and regions, and the list a person chooses from. Names come from CLDR through Babel."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from babel import Locale

from services.rules.places.data_files import load_name_overrides, load_regions

REGION_PREFIX = "region:"

# CLDR territories with two letters that are not countries of ISO 3166-1: unions, pseudo-locales, reserved codes.
_NOT_COUNTRIES = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())


class PlaceOption(NamedTuple):
    """``id``: "JP" or "region:europe", stable; ``label``: what the person reads."""

    id: str
    label: str


_CODES = frozenset(code for code in map(str, Locale.parse("en").territories) if len(code) == 2) - _NOT_COUNTRIES


@lru_cache(maxsize=4)
def cldr_names(language: str) -> dict[str, str]:
    """CLDR names by country code in ``language``, a CLDR locale such as "zh_Hant"."""
    territories = Locale.parse(language).territories
    return {code: territories[code] for code in sorted(_CODES) if code in territories}


def _is_chinese(language: str) -> bool:
    return language.lower().startswith("zh")


@lru_cache(maxsize=2)
def _names(chinese: bool) -> dict[str, str]:
    names = dict(cldr_names("zh_Hans" if chinese else "en"))
    for code, override in load_name_overrides().items():
        name = override.zh if chinese else override.en
        if name is not None:
            names[code] = name
    return names


def country_codes() -> frozenset[str]:
    """The 249 codes of ISO 3166-1 alpha-2 and XK."""
    return _CODES


def is_country(code: str) -> bool:
    """Whether ``code`` is an ISO 3166-1 alpha-2 code in capitals, or XK."""
    return code in _CODES


def country_name(code: str, language: str) -> str:
    """Name of a country for a reader: simplified Chinese when ``language`` starts with "zh", English otherwise.

    Mainland-facing names of HK, MO and TW as in ``data/names.toml`` (renewal-facts 5.4). A code nobody knows is
    returned as it is, so that stored text still shows.
    """
    return _names(_is_chinese(language)).get(code, code)


def place_name(place_id: str, language: str) -> str:
    """Name of a country ("JP") or region ("region:europe"). An unknown id is returned as it is."""
    if not place_id.startswith(REGION_PREFIX):
        return country_name(place_id, language)
    region = load_regions().get(place_id.removeprefix(REGION_PREFIX))
    if region is None:
        return place_id
    return region.zh if _is_chinese(language) else region.en


def _sort_key(label: str, chinese: bool) -> tuple[bytes, str]:
    if chinese:
        # GB 18030 keeps the GB 2312 order, in which common characters stand by pinyin.
        return label.encode("gb18030"), label
    plain = "".join(c for c in unicodedata.normalize("NFD", label.casefold()) if not unicodedata.combining(c))
    return plain.encode(), label


@lru_cache(maxsize=4)
def _options(chinese: bool, both_languages: bool) -> tuple[PlaceOption, ...]:
    own, other = ("zh", "en") if chinese else ("en", "zh")

    def option(place_id: str) -> PlaceOption:
        label = place_name(place_id, own)
        return PlaceOption(place_id, f"{label} · {place_name(place_id, other)}" if both_languages else label)

    regions = tuple(option(f"{REGION_PREFIX}{key}") for key in load_regions())
    countries = sorted((option(code) for code in _CODES), key=lambda found: _sort_key(found.label, chinese))
    return regions + tuple(countries)


def place_options(language: str, *, both_languages: bool = False) -> tuple[PlaceOption, ...]:
    """Every region, in the order of the data file, then every country, sorted by name (pinyin for Chinese).

    ``both_languages`` writes the other language's name behind the own one, so that a field which searches its labels
    is searched in either language.
    """
    return _options(_is_chinese(language), both_languages)


@lru_cache(maxsize=64)
def _members(key: str) -> tuple[str, ...]:
    region = load_regions()[key]
    united = [code for part in region.unites for code in _members(part)]
    return tuple(dict.fromkeys([*united, *region.members]))


def expand(ids: Iterable[str]) -> tuple[str, ...]:
    """Countries meant by place ids, each once, in the order asked for. Raises KeyError on an id that is not a place."""
    found: dict[str, None] = {}
    for place_id in ids:
        if place_id.startswith(REGION_PREFIX):
            found.update(dict.fromkeys(_members(place_id.removeprefix(REGION_PREFIX))))
        elif place_id in _CODES:
            found[place_id] = None
        else:
            raise KeyError(place_id)
    return tuple(found)
