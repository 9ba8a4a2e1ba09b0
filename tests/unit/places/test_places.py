"""Countries and regions: names in both languages, finding them in text, the list to choose from."""

import re
import tomllib
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.rules import places
from services.rules.places.data_files import NameOverride, Region

DATA = Path(places.__file__).parent / "data"
STATES_OF_SCHENGEN = 29
MEMBERS_OF_THE_EU = 27


def test_every_iso_country_and_kosovo_is_known() -> None:
    assert len(places.country_codes()) == 250
    assert {"XK", "HK", "MO", "TW", "PS", "GG"} <= places.country_codes()
    assert not {"EU", "UN", "ZZ", "IC", "AC", "UK"} & places.country_codes()


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("HK", "中国香港", "Hong Kong SAR China"),
        ("MO", "中国澳门", "Macao SAR China"),
        ("TW", "中国台湾", "Taiwan"),
        ("KR", "韩国", "South Korea"),
        ("XK", "科索沃", "Kosovo"),
        ("ZQ", "ZQ", "ZQ"),
    ],
)
def test_names(code: str, zh: str, en: str) -> None:
    for language in ("zh", "zh_CN", "zh-Hans"):
        assert places.country_name(code, language) == zh
    assert places.country_name(code, "en") == en


def test_the_override_table_is_exactly_the_three_decided_names() -> None:
    table = tomllib.loads((DATA / "names.toml").read_text(encoding="utf-8"))
    assert table == {"HK": {"zh": "中国香港"}, "MO": {"zh": "中国澳门"}, "TW": {"zh": "中国台湾"}}


def test_the_schemas_refuse_what_is_misspelt() -> None:
    with pytest.raises(ValidationError):
        NameOverride.model_validate({"zh_hans": "中国香港"})
    with pytest.raises(ValidationError):
        Region.model_validate({"en": "Europe", "zh": "欧洲", "members": ["Germany"], "sources": ["x"]})
    with pytest.raises(ValidationError):
        Region.model_validate({"en": "Europe", "zh": "欧洲", "members": ["DE"], "sources": []})


def test_regions_have_known_members_no_double_and_only_regions_that_exist() -> None:
    regions = places.load_regions()
    for key, region in regions.items():
        assert set(region.members) <= places.country_codes(), key
        assert len(set(region.members)) == len(region.members), key
        assert set(region.unites) <= set(regions), key
        assert re.search("[一-鿿]", region.zh), key
        assert region.en.isascii(), key
        assert places.expand([f"region:{key}"]), key


def test_no_place_has_two_meanings_in_the_data_files() -> None:
    meanings: dict[str, str] = {}
    for key, region in places.load_regions().items():
        for name in (region.en, region.zh, *region.aliases):
            assert meanings.setdefault(name.casefold(), key) == key, name
    for codes, names in tomllib.loads((DATA / "aliases.toml").read_text(encoding="utf-8")).items():
        for name in names:
            assert meanings.setdefault(name.casefold(), codes) == codes, name
            assert places.find_places(name) == codes.split("+"), name


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant", "zh_Hant_HK"])
def test_every_cldr_name_is_found(language: str) -> None:
    territories = Locale.parse(language).territories
    for code in places.country_codes():
        assert places.find_places(territories[code]) == [code]
        assert places.find_places(territories[code].upper()) == [code]


def test_every_code_is_found() -> None:
    for code in places.country_codes():
        assert places.find_places(code) == [code]
        assert places.find_places(code.lower()) == [code]
    assert places.find_places("JPN, deu") == ["JP", "DE"]


def test_every_option_is_found_by_its_own_label_in_both_languages() -> None:
    for language in ("en", "zh"):
        for option in places.place_options(language):
            assert places.find_places(option.label) == [option.id]
            assert places.place_name(option.id, language) == option.label


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("UK", ["GB"]),
        ("U.K. and the U.S.A.", ["GB", "US"]),
        ("uk and us", ["GB", "US"]),
        ("tell us about Japan", ["JP"]),
        ("TRIP TO INDIA", ["IN"]),
        ("our trip to Japan in May", ["JP"]),
        ("Czech Republic / czechia", ["CZ"]),
        ("south-korea,turkiye", ["KR", "TR"]),
        ("Turkey", ["TR"]),
        ("cote-d-ivoire", ["CI"]),
        ("Côte d'Ivoire", ["CI"]),
        ("韩国、南韩", ["KR"]),
        ("日本和韩国", ["JP", "KR"]),
        ("日本韩国", ["JP", "KR"]),
        ("臺灣", ["TW"]),
        ("香港", ["HK"]),
        ("中国香港", ["HK"]),
        ("新马泰", ["SG", "MY", "TH"]),
        ("ＪＡＰＡＮ", ["JP"]),
        ("ｊｐ，ｋｒ", ["JP", "KR"]),
        ("🇯🇵🇰🇷", ["JP", "KR"]),
        ("欧洲", ["region:europe"]),
        ("EU", ["region:eu"]),
        ("Schengen", ["region:schengen"]),
        ("the Balkans", ["region:balkans"]),
        ("Nordics", ["region:nordics"]),
        ("东南亚", ["region:southeast_asia"]),
        ("Southeast Asia", ["region:southeast_asia"]),
        ("南亚", ["region:south_asia"]),
        ("Greater China", ["region:greater_china"]),
        ("GCC", ["region:gcc"]),
        ("中东", ["region:middle_east"]),
        ("Latin America", ["region:latin_america"]),
        ("north-america", ["region:north_america"]),
        ("Oceania Africa Caribbean", ["region:oceania", "region:africa", "region:caribbean"]),
        ("worldwide", ["region:world"]),
        ("全球", ["region:world"]),
        ("Georgia", ["GE"]),
        ("South America", ["region:south_america"]),
        ("America", ["US"]),
        ("Papua New Guinea, Guinea-Bissau, guinea", ["PG", "GW", "GN"]),
        ("Nigeria and Niger", ["NG", "NE"]),
        ("New Jersey", ["US"]),
        ("Korea, Democratic People's Republic of", ["KP"]),
        ("Congo (DRC)", ["CD"]),
        ('["slovakia", "czechia", "germany", "austria"]', ["SK", "CZ", "DE", "AT"]),
        ("['AD', 'AX', 'in']", ["AD", "AX", "IN"]),
        ("Japan, and, Korea", ["JP", "KR"]),
        ("Indiana Jones", []),
        ("", []),
    ],
)
def test_finding(text: str, ids: list[str]) -> None:
    assert places.find_places(text) == ids


def test_words_that_name_no_place_are_told() -> None:
    assert places.read_places("Japan, Narnia, 纳尼亚") == places.PlacesRead(("JP",), ("Narnia", "纳", "尼", "亚"))
    assert places.read_places("to Japan and the UK").unread == ()


@given(st.text())
@example("İ" * 10)
@example("ſt. lucia")
@example("🇯")
def test_any_text_is_read_without_an_error_and_gives_real_places(text: str) -> None:
    found = places.find_places(text)
    assert len(set(found)) == len(found)
    places.expand(found)


def test_region_sizes() -> None:
    assert len(places.expand(["region:schengen"])) == STATES_OF_SCHENGEN
    assert len(places.expand(["region:eu"])) == MEMBERS_OF_THE_EU
    assert set(places.expand(["region:eu"])) - set(places.expand(["region:schengen"])) == {"CY", "IE"}
    assert set(places.expand(["region:eea"])) - set(places.expand(["region:eu"])) == {"IS", "LI", "NO"}
    assert len(places.expand(["region:southeast_asia"])) == 11
    assert places.expand(["region:gcc"]) == ("AE", "BH", "KW", "OM", "QA", "SA")


def test_the_world_is_every_inhabited_place_and_holds_every_region() -> None:
    world = set(places.expand(["region:world"]))
    assert places.country_codes() - world == {"AQ", "BV", "GS", "HM", "IO", "TF", "UM"}
    for key in places.load_regions():
        assert set(places.expand([f"region:{key}"])) <= world


def test_expanding_keeps_the_order_asked_for_and_each_country_once() -> None:
    assert places.expand(["JP", "region:benelux", "BE", "JP"]) == ("JP", "BE", "LU", "NL")
    for wrong in ("region:narnia", "ZQ", "jp"):
        with pytest.raises(KeyError):
            places.expand([wrong])


def test_options() -> None:
    english = places.place_options("en")
    chinese = places.place_options("zh_CN")
    assert {option.id for option in english} == {option.id for option in chinese}
    assert len(english) == len({option.id for option in english}) == 250 + len(places.load_regions())
    labels = [option.label for option in english if not option.id.startswith("region:")]
    assert labels[:4] == ["Afghanistan", "Åland Islands", "Albania", "Algeria"]
    by_pinyin = [option.label for option in chinese if option.label in ("中国", "日本", "德国", "阿根廷", "英国")]
    assert by_pinyin == ["阿根廷", "德国", "日本", "英国", "中国"]


def test_options_that_can_be_searched_in_either_language() -> None:
    chinese = dict(places.place_options("zh", both_languages=True))
    english = dict(places.place_options("en", both_languages=True))
    assert chinese["JP"] == "日本 · Japan"
    assert english["JP"] == "Japan · 日本"
    assert english["region:europe"] == "Europe · 欧洲"
