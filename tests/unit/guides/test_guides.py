"""The guides: complete in both languages, every fact with its source, every channel of use to somebody with any card."""

import re
from pathlib import Path

import pytest

from services.model.card import CardKind
from services.model.clock import Confidence
from services.model.renewal import Channel, Situation
from services.rules.clocks.library import shipped_rules
from services.rules.guides import library as guides
from services.rules.guides.schema import About, Guide, Part, Phase

SHIPPED = guides.shipped_guides()
OPERATORS = [guide for guide in SHIPPED.values() if guide.about is About.OPERATOR]


def texts(guide: Guide) -> list[tuple[str, str]]:
    found = [guide.name, *guide.unknowns, *(entry.name for entry in guide.channels), *(point.text for point in guide.points)]
    return [(text.en, text.zh) for text in [*found, *(step.text for step in guide.steps)]]


def test_there_is_a_guide_for_every_kind_of_card_and_every_situation_and_forty_operators() -> None:
    for kind in CardKind:
        assert guides.card_guide(kind).about is About.CARD
    for situation in Situation:
        assert guides.situation_guide(situation).about is About.SITUATION
    assert len(OPERATORS) >= 40
    assert {guide.id for guide in OPERATORS} <= set(shipped_rules())
    assert {guide.country for guide in OPERATORS} >= {"CN", "GB", "US", "HK", "MO", "SG", "any"}


@pytest.mark.parametrize("guide", SHIPPED.values(), ids=lambda guide: guide.id)
def test_both_languages_are_complete_and_themselves(guide: Guide) -> None:
    for english, chinese in texts(guide):
        assert not re.search(r"[\u4e00-\u9fff]", english) or english in ("中国移动", "中国联通", "中国电信"), english
        assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", chinese), chinese
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", chinese), chinese
        if len(english) > 60:
            assert re.search(r"[\u4e00-\u9fff]", chinese), chinese


@pytest.mark.parametrize("guide", SHIPPED.values(), ids=lambda guide: guide.id)
def test_every_fact_has_its_source_its_age_and_how_sure_it_is(guide: Guide) -> None:
    for fact in guide.facts():
        assert fact.source
        assert fact.as_of
        assert fact.confidence not in (Confidence.UNKNOWN, Confidence.OWN)
        if fact.source == ("P",):
            assert fact.confidence is Confidence.ASSUMED
    for words in guide.sources.values():
        assert not re.fullmatch(r"S\d+[a-z]?.*", words)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("kind", CardKind)
def test_every_channel_guides_an_unknown_operators_card_from_the_question_to_the_proof(channel: Channel, kind: CardKind) -> None:
    found = guides.guides_for(None, kind, Situation.HOME)
    phases = [step.phase for step in guides.steps(found, channel, kind)]
    assert phases == sorted(phases, key=list(Phase).index)
    assert set(phases) == set(Phase)
    for part in (Part.READY, Part.PAYMENT, Part.HOURS, Part.EFFECT, Part.TRAP, Part.EVIDENCE, Part.FALLBACK, Part.WRONG_NUMBER, Part.COST):
        assert guides.points(found, channel, part), (channel, kind, part)


def test_an_esim_is_told_about_its_device_profile_installation_start_and_backup() -> None:
    found = guides.guides_for("airalo", CardKind.ESIM, Situation.PHONE_CHANGED)
    for part in (Part.DEVICE, Part.PROFILE, Part.INSTALL, Part.ACTIVATE, Part.BACKUP):
        assert guides.points(found, Channel.APP, part)
    assert "esim_keep" in {step.id for step in guides.steps(found, Channel.APP, CardKind.ESIM)}
    assert not guides.points(guides.guides_for("giffgaff", CardKind.SIM, Situation.HOME), Channel.APP, Part.DEVICE)


def test_what_an_operator_says_stands_before_what_holds_for_everybody() -> None:
    found = guides.guides_for("cmhk", CardKind.SIM, Situation.ABROAD)
    assert [guide.id for guide in found] == ["cmhk", "situation_abroad", "card_sim", "channels"]
    owner, point = guides.points(found, Channel.WEBSITE, Part.WRONG_NUMBER)[0]
    assert (owner.id, point.confidence) == ("cmhk", Confidence.HIGH)
    assert guides.steps(found, Channel.WEBSITE, CardKind.SIM)[0].id == "abroad_code"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('source = ["S1"]', 'source = ["S2"]'), "sources without words"),
        (('confidence = "H"', 'confidence = "sure"'), "confidence"),
        (('zh = "二"', 'zh = ""'), "zh"),
        (('channels = ["app"]', 'channels = ["pigeon"]'), "channels"),
        (('as_of = "2024"', 'as_of = "lately"'), "as_of"),
    ],
)
def test_a_guide_with_a_mistake_is_refused(change: tuple[str, str], complaint: str) -> None:
    good = """
id = "x"
about = "operator"
country = "GB"
cards = ["sim"]
name = { en = "One", zh = "一" }
[sources]
S1 = "example.org"
[[points]]
part = "cost"
channels = ["app"]
text = { en = "Two", zh = "二" }
source = ["S1"]
as_of = "2024"
confidence = "H"
"""
    assert guides.parse_guide(good).points[0].text.zh == "二"
    with pytest.raises(ValueError, match=complaint):
        guides.parse_guide(good.replace(*change))


def test_each_file_is_named_after_its_guide() -> None:
    folder = Path(guides.__file__).parent / "data"
    assert {path.stem for path in folder.glob("*.toml")} == set(SHIPPED)
