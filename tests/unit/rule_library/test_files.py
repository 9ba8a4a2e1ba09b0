"""Every shipped rule file: who is there, that each fact says who says so and when, and that both languages are whole."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from services.model.clock import Confidence
from services.rules.clocks.library import generic_rule, shipped_rules
from services.rules.clocks.schema import CardKind, OperatorRule, Text

RULES = list(shipped_rules().values())
NAMED = [rule for rule in RULES if not rule.generic]
GENERIC = [rule for rule in RULES if rule.generic]

# Operators and providers of renewal-facts, section 2 and 1.4, in its order: id of the file, country.
EXPECTED = {
    "china_mobile": "CN",
    "china_unicom": "CN",
    "china_telecom": "CN",
    "china_broadnet": "CN",
    "giffgaff": "GB",
    "asda_mobile": "GB",
    "ee": "GB",
    "vodafone_uk": "GB",
    "o2_uk": "GB",
    "tesco_mobile": "GB",
    "three_uk": "GB",
    "smarty": "GB",
    "superdrug_mobile": "GB",
    "lycamobile_uk": "GB",
    "ctexcel": "GB",
    "cmlink_uk": "GB",
    "ultra_mobile": "US",
    "tello": "US",
    "us_mobile": "US",
    "visible": "US",
    "metro": "US",
    "mint_mobile": "US",
    "google_fi": "US",
    "total_wireless": "US",
    "cricket": "US",
    "verizon_prepaid": "US",
    "verizon_prepaid_old": "US",
    "att_prepaid": "US",
    "t_mobile_us": "US",
    "cmhk": "HK",
    "csl": "HK",
    "club_sim": "HK",
    "club_sim_86easy": "HK",
    "three_hk": "HK",
    "hahasim": "HK",
    "sosim": "HK",
    "value_gb": "HK",
    "shine_town": "HK",
    "shine_town_gold": "HK",
    "ctm": "MO",
    "cuniq": "HK",
    "singtel": "SG",
    "starhub": "SG",
    "ais": "TH",
    "dtac": "TH",
    "true_th": "TH",
    "skinny_nz": "NZ",
    "telkomsel": "ID",
    "base_be": "BE",
    "orange_lu": "LU",
    "airalo": "any",
    "airalo_install": "any",
    "ubigi": "any",
    "nomad": "any",
    "holafly": "any",
    "yesim": "any",
    "yesim_postponed": "any",
    "esim_me": "any",
    "kkday": "any",
    "trip_com": "any",
    "uupay": "any",
    "keepgo": "any",
    "keepgo_unlimited": "any",
    "keepgo_unlimited_asia": "any",
    "glocalme": "any",
    "glocalme_month": "any",
    "glocalme_japan_korea": "any",
    "solis": "any",
    "ryoko": "any",
}

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{3,}")
# Traditional forms of the characters that this subject uses most: the texts are in Simplified Chinese.
_TRADITIONAL = set("儲餘額續費號碼購買賬戶開啟處過雲遊網絡機門數據預繳實際應時間點後無關顯從屬個這裡們說會還沒讓長為與來")


def _texts(rule: OperatorRule) -> Iterator[tuple[str, Text]]:
    """Every sentence of a file with where it stands; names of operators are no sentences."""
    if rule.note:
        yield "note", rule.note
    for index, text in enumerate(rule.unknowns):
        yield f"unknowns.{index}", text
    for path, fact in rule.facts():
        if fact.note:
            yield path, fact.note
    for index, action in enumerate(rule.actions):
        if action.note:
            yield f"actions.{index}", action.note
    for clock in rule.clocks:
        yield f"{clock.id}.name", clock.name
        if clock.note:
            yield clock.id, clock.note
        for item in (*clock.activity, *clock.ladder):
            if item.note:
                yield f"{clock.id}.note", item.note


SENTENCES = [pytest.param(text, id=f"{rule.id}:{path}") for rule in RULES for path, text in _texts(rule)]


def _first_day(as_of: str) -> date:
    """The earliest day that a date of evidence can mean."""
    year, month, day = (*(int(part) for part in as_of.split("-")), 1, 1)[:3]
    return date(year, month, day)


def test_every_operator_of_the_facts_is_there_and_no_other() -> None:
    assert {rule.id: rule.country for rule in NAMED} == EXPECTED
    assert len(NAMED) >= 35


def test_providers_nothing_was_found_of_have_no_file() -> None:
    ids = " ".join(rule.id for rule in RULES)
    assert not [name for name in ("saily", "redteago", "truely") if name in ids]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_fact_has_a_source_a_date_and_a_confidence(rule: OperatorRule) -> None:
    assert any(evidence.source for _, evidence in rule.evidence())
    for path, evidence in rule.evidence():
        if evidence.confidence is Confidence.UNKNOWN:
            continue
        assert evidence.source, path
        assert evidence.as_of, path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_date_of_evidence_lies_in_the_future(rule: OperatorRule) -> None:
    today = datetime.now(UTC).date()
    dates = [(path, evidence.as_of) for path, evidence in rule.evidence() if evidence.as_of]
    dates += [(path, other.as_of) for path, fact in rule.facts() for other in fact.others]
    for path, as_of in dates:
        if as_of != "undated":
            assert date(2009, 1, 1) <= _first_day(as_of) <= today, path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_sources_are_words_a_stranger_can_follow(rule: OperatorRule) -> None:
    for key, text in rule.sources.items():
        assert key not in text.split(), key
        assert re.search(r"\w\.\w{2,}|GitHub|Xinhua", text) or rule.generic, text
        assert len(text) >= 12, text
        assert "…" not in text


@pytest.mark.parametrize("text", SENTENCES)
def test_both_languages_are_whole(text: Text) -> None:
    assert text.en != text.zh
    assert _WORD.search(text.en)
    assert not _CHINESE.search(text.en)
    assert len(_CHINESE.findall(text.zh)) >= 2
    assert not set(text.zh) & _TRADITIONAL, text.zh
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]", text.zh), "Chinese punctuation is full-width"
    assert not re.search(r"\[S\d+|TODO|\bS\d{1,3}\b", text.en + text.zh)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_notes_end_as_sentences_do(rule: OperatorRule) -> None:
    for path, text in _texts(rule):
        if not path.endswith(".name"):
            assert text.en.endswith((".", "?")), path
            assert text.zh.endswith(("。", "？", "）")), path


def test_an_operator_we_do_not_know_gets_the_rule_of_its_country_and_kind() -> None:
    chosen = {
        ("CN", CardKind.SIM): "generic_cn",
        ("CN", CardKind.DATA_CARD): "generic_cn_data",
        ("CN", CardKind.POCKET_WIFI): "generic_cn_data",
        ("GB", CardKind.SIM): "generic_gb",
        ("US", CardKind.SIM): "generic_us",
        ("HK", CardKind.SIM): "generic_hk",
        ("MO", CardKind.SIM): "generic_mo",
        ("SG", CardKind.SIM): "generic_sg",
        ("TH", CardKind.SIM): "generic_th",
        ("ID", CardKind.SIM): "generic_id",
        ("FR", CardKind.SIM): "generic_sim",
        ("FR", CardKind.ESIM): "generic_esim",
        ("FR", CardKind.POCKET_WIFI): "generic_data",
        ("GB", CardKind.DATA_CARD): "generic_data",
        (None, CardKind.SIM): "generic_sim",
        (None, CardKind.ESIM): "generic_esim",
    }
    found = {key: generic_rule(*key) for key in chosen}
    assert {key: rule.id if rule else None for key, rule in found.items()} == chosen


@pytest.mark.parametrize("rule", GENERIC, ids=lambda rule: rule.id)
def test_a_generic_rule_says_that_it_is_assumed(rule: OperatorRule) -> None:
    known = [evidence for _, evidence in rule.evidence() if evidence.confidence is not Confidence.UNKNOWN]
    assert known
    assert {evidence.confidence for evidence in known} == {Confidence.ASSUMED}
    assert all("assumption of this project, drawn from" in text for text in rule.sources.values())
    assert rule.note is not None
    assert "Assumed" in rule.note.en
    assert "推测" in rule.note.zh
    assert rule.unknowns
    assert rule.id.startswith("generic_")


def test_only_generic_rules_assume() -> None:
    for rule in NAMED:
        assert Confidence.ASSUMED not in {evidence.confidence for _, evidence in rule.evidence()}, rule.id
