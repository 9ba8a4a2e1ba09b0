"""A document in Chinese says what its English one says, as far as that can be seen without reading: headings, commands, tables, links."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAIRS = [
    (path.with_name(path.name.replace(".zh-CN", "")), path) for path in sorted([*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md")])
]
DRAWN = re.compile("[─┬└┤┘]")


def shape(path: Path) -> dict[str, list[str]]:
    """What is the same in every language. A command is compared without what is said of it behind ``#`` or three spaces."""
    text = path.read_text("utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"\n\n((?:    .*\n)+)", prose)
    commands = "".join(blocks).splitlines() + re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return {
        "headings": re.findall(r"^#+(?= )", prose, re.MULTILINE),
        "commands": [re.sub(r"\s+#.*|\s{3,}.*", "", command.strip()) for command in commands if not DRAWN.search(command)],
        "rows": [str(row.count("|")) for row in re.findall(r"^\|.*$", prose, re.MULTILINE)],
        "outside": sorted(set(re.findall(r"https?://[^\s)>`*]+", prose))),
        "named": sorted(set(re.findall(r"`([a-z_]+(?:[./][a-z_.@]+)+)`", prose))),
    }


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=[chinese.name for _, chinese in PAIRS])
def test_both_languages_have_the_same_shape(english: Path, chinese: Path) -> None:
    assert shape(english) == shape(chinese)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=[chinese.name for _, chinese in PAIRS])
def test_each_language_leads_to_the_other(english: Path, chinese: Path) -> None:
    assert f"]({chinese.name})" in english.read_text("utf-8")
    assert f"]({english.name})" in chinese.read_text("utf-8")


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda path: path.name)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
