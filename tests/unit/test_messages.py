"""Both catalogues say exactly what the code says, completely, with the same placeholders."""

import importlib.util
import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message

from tests.conftest import ROOT

DIRECTORIES = ("zh_CN", "en")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
HAN = re.compile(r"[\u3400-\u9fff]")
SAME_IN_CHINESE = {"5G"}
"""Sentences that a Chinese page shows as they are."""


def load_update() -> ModuleType:
    """locale/update.py by its path: ``locale`` is also a module of Python."""
    spec = importlib.util.spec_from_file_location("simkeeper_messages", ROOT / "locale" / "update.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


UPDATE = load_update()


def forms(said: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


@pytest.fixture(scope="module")
def code() -> Catalog:
    return UPDATE.collected()


@pytest.fixture(params=DIRECTORIES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    return UPDATE.read(request.param)


def test_the_code_and_the_catalogue_have_the_same_sentences(code: Catalog, catalogue: Catalog) -> None:
    said = {forms(message.id) for message in entries(code)}
    written = {forms(message.id) for message in entries(catalogue)}
    assert sorted(said - written) == [], "run `make messages` and translate"
    assert sorted(written - said) == [], "run `make messages`: the code says this no more"
    assert not catalogue.obsolete


def test_the_collector_finds_what_the_pages_say(code: Catalog) -> None:
    """An oracle of its own: the sentences between ``_("`` and ``")`` on single lines of the pages."""
    simple = re.compile(r"""(?<![\w])(?:_|mark)\("([^"\\{]+)"\)""")
    found = {
        text for folder in ("ui", "pages") for path in (ROOT / folder).rglob("*.py") for text in simple.findall(path.read_text("utf-8"))
    }
    assert len(found) > 100
    said = {form for message in entries(code) for form in forms(message.id)}
    assert sorted(found - said) == [], "a sentence inside an f-string is not collected: take it out of there"


def test_no_entry_is_empty_or_fuzzy(catalogue: Catalog) -> None:
    assert [message.id for message in entries(catalogue) if message.fuzzy or not all(forms(message.string))] == []


def test_every_sentence_has_as_many_forms_as_its_language(catalogue: Catalog) -> None:
    wrong = [message.id for message in entries(catalogue) if message.pluralizable and len(forms(message.string)) != catalogue.num_plurals]
    assert wrong == []


def test_placeholders_are_those_of_the_code(catalogue: Catalog) -> None:
    wrong = []
    for message in entries(catalogue):
        wanted = {name for form in forms(message.id) for name in PLACEHOLDER.findall(form)}
        for said in forms(message.string):
            if set(PLACEHOLDER.findall(said)) != wanted:
                wrong.append((message.id, said))
    assert wrong == []


def test_english_says_what_the_code_says() -> None:
    assert [message.id for message in entries(UPDATE.read("en")) if forms(message.string) != forms(message.id)] == []


def test_chinese_is_chinese() -> None:
    """Not left in English; placeholders are no words, and what has no letters beside them needs none."""
    left = []
    for message in entries(UPDATE.read("zh_CN")):
        for english, chinese in zip(forms(message.id), forms(message.string), strict=False):
            if re.search(r"[A-Za-z]", PLACEHOLDER.sub("", english)) and not HAN.search(chinese) and english not in SAME_IN_CHINESE:
                left.append((english, chinese))
    assert left == []


def test_nobody_is_shouted_at(catalogue: Catalog) -> None:
    assert [said for message in entries(catalogue) for said in forms(message.string) if re.search("[!！\U0001f000-\U0001ffff]", said)] == []
