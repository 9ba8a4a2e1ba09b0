"""What a document shows for copying is taken by the program."""

import re
import tomllib

import pytest

from services.rules.guides.library import parse_guide
from tests.conftest import ROOT


def examples(name: str) -> list[str]:
    blocks = re.findall(r"^( *)```toml\n(.*?)^ *```", (ROOT / "docs" / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


@pytest.mark.parametrize("name", ["guides.md", "guides.zh-CN.md"])
def test_the_guide_is_one(name: str) -> None:
    (example,) = examples(name)
    guide = parse_guide(example)
    assert [fact.source for fact in guide.facts()] == [("S1",)] * 3


@pytest.mark.parametrize("name", ["rules.md", "rules.zh-CN.md"])
def test_the_facts_of_a_rule_are_toml(name: str) -> None:
    disputed, tiers = (tomllib.loads(example) for example in examples(name))
    assert [other["value"] for other in disputed["span"]["others"]] == ["90 days"]
    assert [tier["at_least"] for tier in tiers["tiers"]["value"]] == ["11 SGD", "21 SGD"]
