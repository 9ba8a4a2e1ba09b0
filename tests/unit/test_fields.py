"""What keeps Streamlit's English words off the pages, and choices on a phone: every field is told what it needs to be told."""

import ast
from collections.abc import Iterator

from tests.conftest import ROOT

NEEDED = {
    # Only beside a count does the style sheet know that the first words are those on the key Enter.
    "text_input": {"max_chars"},
    "text_area": {"max_chars"},
    "multiselect": {"placeholder", "select_all"},
    # Otherwise the last ones are cut off on a phone.
    "pills": {"wrap"},
}


def calls() -> Iterator[tuple[str, str, set[str]]]:
    for folder in ("ui", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    told = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.func.attr, told


def test_every_field_is_told_what_it_needs() -> None:
    found = list(calls())
    assert {name for _where, name, _told in found} >= set(NEEDED)
    assert [(where, name) for where, name, told in found if NEEDED.get(name, set()) - told] == []
