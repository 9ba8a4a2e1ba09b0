"""The shipped rule files: each parses, names its sources and dates, and speaks both languages."""

import re
import tomllib
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.model.clock import Confidence
from services.rules.clocks.engine import clock_states
from services.rules.clocks.library import generic_rule, parse_rule, shipped_rules
from services.rules.clocks.schema import CardKind, OperatorRule, Text

RULES = list(shipped_rules().values())
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _texts(rule: OperatorRule) -> list[Text]:
    """Everything a person reads, except names: an operator may have the same name everywhere."""
    texts = [rule.note, *rule.unknowns, *(clock.name for clock in rule.clocks), *(clock.note for clock in rule.clocks)]
    texts += [item.note for clock in rule.clocks for item in (*clock.activity, *clock.ladder)]
    texts += [action.note for action in rule.actions] + [fact.note for _, fact in rule.facts()]
    return [text for text in texts if text is not None]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_fact_names_its_source_and_date(rule: OperatorRule) -> None:
    for path, evidence in rule.evidence():
        if evidence.confidence is not Confidence.UNKNOWN:
            assert evidence.source, path
            assert evidence.as_of, path
            assert all(len(rule.sources[key]) > 8 for key in evidence.source), path


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_text_is_in_both_languages(rule: OperatorRule) -> None:
    for text in _texts(rule):
        assert _CHINESE.search(text.zh), text
        assert 4 * len(_CHINESE.findall(text.en)) < len(text.en), text  # a Chinese term may be named in English, not more
        assert text.en.strip() == text.en
        assert text.zh.strip() == text.zh


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_answers_for_a_card_nothing_is_known_of(rule: OperatorRule) -> None:
    for state in clock_states(rule, (), datetime(2026, 11, 20, tzinfo=UTC), UTC):
        assert state.due is None
        assert state.unknown is not None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_file_holds_a_fact_of_nothing(rule: OperatorRule) -> None:
    assert rule.clocks or rule.unknowns


def test_an_unknown_operator_gets_an_assumed_rule_or_none() -> None:
    for card in CardKind:
        for country in ("GB", "ZZ", None):
            found = generic_rule(country, card)
            if found is not None:
                assert found.generic
                assert card in found.cards
                assert found.country in (country, "any")


_MINIMAL = """
id = "minimal"
country = "GB"
cards = ["sim"]
name = { en = "Minimal", zh = "最小" }
[sources]
S1 = "a page that exists"
[[clocks]]
id = "use"
kind = "inactivity"
name = { en = "Use", zh = "使用" }
source = ["S1"]
as_of = "2024"
confidence = "H"
span = { value = "180 days" }
"""


def test_the_minimal_file_is_a_rule() -> None:
    rule = parse_rule(_MINIMAL)
    assert str(rule.clock("use").span.value) == "180 days"
    assert rule.clock("use").span.source == ("S1",)
    assert rule.clock("use").remind_days == (35, 10, 5, 1, 0)
    with pytest.raises(KeyError):
        rule.clock("top_up")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = ["S1"]\n', ""),  # no source
        ('as_of = "2024"\n', ""),  # no date
        ('as_of = "2024"', 'as_of = "last year"'),
        ('confidence = "H"', 'confidence = "sure"'),
        ('confidence = "H"', 'confidence = "own"'),  # a person's own figure in a shipped file
        ('confidence = "H"', 'confidence = "assumed"'),  # an assumption in a file that is not generic
        ('confidence = "H"', 'confidence = "disputed"'),  # disputed, and by whom?
        ('source = ["S1"]', 'source = ["S2"]'),  # a source nobody describes
        ('"a page that exists"', '" "'),
        ('"180 days"', '"half a year"'),
        ('"180 days"', '"-3 days"'),
        ('"180 days"', '"101 years"'),
        ('{ value = "180 days" }', '{ confidence = "unknown", value = "180 days" }'),
        ('{ value = "180 days" }', "{ }"),  # sure of nothing
        ('zh = "使用"', 'zh = ""'),
        ('kind = "inactivity"', 'kind = "idle"'),
        ('country = "GB"', 'country = "UK2"'),
        ('id = "minimal"', 'id = "Minimal File"'),
        ('id = "use"', 'id = "use"\nlength = 5'),  # a key the schema does not know
        ('span = { value = "180 days" }', 'span = { value = "180 days" }\nzone = { value = "Mars/Base" }'),
        ('span = { value = "180 days" }', 'span = { value = "180 days" }\ntiers = { value = [ { at_least = "5 GBP", span = "1 day" } ] }'),
        ('span = { value = "180 days" }', 'tiers = { value = [ { at_least = "5 pounds", span = "1 day" } ] }'),
        ('span = { value = "180 days" }', 'fee = { value = "0 GBP" }'),
        ('span = { value = "180 days" }', "fee_day = { value = 31 }"),
        ('span = { value = "180 days" }', 'span = { value = "180 days" }\nremind_days = [5, 10]'),
    ],
)
def test_a_broken_file_is_refused(old: str, new: str) -> None:
    assert old in _MINIMAL
    with pytest.raises(ValidationError):
        parse_rule(_MINIMAL.replace(old, new))


def test_a_file_that_is_no_toml_is_refused() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        parse_rule("id = ")


def test_a_disputed_fact_keeps_both_values() -> None:
    disputed = '{ value = "30 days", confidence = "disputed", others = [ { value = "90 days", source = ["S1"], as_of = "2023" } ] }'
    fact = parse_rule(_MINIMAL.replace('{ value = "180 days" }', disputed)).clock("use").span
    assert str(fact.value) == "30 days"
    assert [str(other.value) for other in fact.others] == ["90 days"]
    assert parse_rule(_MINIMAL.replace('{ value = "180 days" }', disputed)).clock("use").confidence is Confidence.DISPUTED
