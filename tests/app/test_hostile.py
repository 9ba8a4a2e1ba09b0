"""Every page draws a household of hostile texts, and nothing of them becomes a link, a picture, a tag or an icon.

The judge is a CommonMark parser that shares nothing with ``ui.text``. What the browser really makes of it: tests/browser/test_hostile.py.
"""

import json
import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from services.rules.payment_links import Verdict, check_link
from services.use.house import house
from tests.app.driving import fresh_app, open_page
from tests.conftest import ROOT
from tests.hostile.household import corpus, every_text, furnish
from ui.text import for_label, plain

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ALIVE = re.compile(r"(?<!\\):(?:material/|red|green|blue|orange|violet|gray|grey|rainbow|primary|small|streamlit|sunglasses)[\w/-]*[:\[]")


LINKED_ANYWAY = re.compile(r"(?i)(https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(\.[-\w]+)+")
"""What GitHub's Markdown makes a link of in any text (mdast-util-gfm-autolink-literal), escaped or not."""


def judged(text: str) -> list[str]:
    """What of the Markdown ``text`` is alive and leads to the corpus, or is a tag."""
    found = []
    for token in PARSER.parse(text):
        for inner in [token, *(token.children or [])]:
            if inner.type in ("html_block", "html_inline"):
                found.append(f"tag {inner.content[:80]!r}")
            if inner.type == "text" and (linked := LINKED_ANYWAY.search(inner.content)):
                found.append(f"address {linked[0][:80]!r}")
            target = str(inner.attrGet("href") or inner.attrGet("src") or "")
            if "evil" in target or target.lower().startswith(("javascript", "data:", "vbscript", "file")):
                found.append(f"{inner.type} {target[:80]!r}")
    return found


@pytest.mark.parametrize("kind", list(corpus()))
def test_no_text_of_the_corpus_is_alive_once_made_plain(kind: str) -> None:
    for text in corpus()[kind]:
        for made in (plain(text), f"**{plain(text)}**", for_label(text)):
            assert judged(made) == [], text[:80]
            assert not ALIVE.search(made), text[:80]
            assert not re.search("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]", made), text[:80]


def test_the_judge_can_tell() -> None:
    alive = [text for text in every_text() if judged(text) or ALIVE.search(text)]
    assert len(alive) > 70
    assert judged("[x](https://evil.example/)")
    assert judged("a <b>b</b>")


def test_the_corpus_has_two_hundred_texts_and_none_twice() -> None:
    texts = every_text()
    assert len(texts) == len(set(texts)) >= 200


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, AppTest]]:
    """Each page with the household in it, in a house of the module's own."""

    from services.use.house import leave_house
    from ui.remembered import forget

    place = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SIMKEEPER_DATABASE_URL", raising=False)
        patch.setenv("SIMKEEPER_DATA_DIR", str(place))
        patch.setenv("SIMKEEPER_WORKER", "off")
        leave_house()
        forget()
        furnish(house())
        pages: dict[str, AppTest] = {}
        renewal = next(iter(_renewals()))
        asked = {
            "card": [{"id": f"c{number}", "open": part} for number, part in enumerate(PARTS)],
            "renew": [{}, {"run": renewal}, {"card": "c3"}],
            "compare": [{"in": "JP", "from": "2027-03-01", "to": "2027-03-08", "gb": "3"}],
        }
        for page in PAGES:
            for number, query in enumerate(asked.get(page, [{}])):
                pages[f"{page} {number} {query}"] = open_page(fresh_app(), page, **query)
        yield pages
        leave_house()


PARTS = ("numbers", "typed", "paste", "history", "codes", "edit", "limits", "delete", "clocks", "dependents")


def _renewals() -> list[str]:
    from services.use.renewals import RenewalDesk

    return [walk.renewal_id for walk in RenewalDesk(house(), "local").walks()]


def said(app: AppTest) -> Iterator[tuple[str, str]]:
    """Every text that the page draws as Markdown, labels of fields included."""
    for element in app.main:
        yield from _said(element)


def _said(element: object) -> Iterator[tuple[str, str]]:
    children = getattr(element, "children", None)
    if children:
        for child in children.values():
            yield from _said(child)
    proto = getattr(element, "proto", None)
    kind = str(getattr(element, "type", ""))
    if proto is None or kind in ("code", "html", "arrow_data_frame", "dataframe", "text_area", "text_input"):
        label = getattr(proto, "label", "")
        if isinstance(label, str) and label:
            yield kind, label
        return
    for name in ("body", "label", "help", "caption", "delta", "title", "placeholder_markdown"):
        text = getattr(proto, name, "")
        if isinstance(text, str) and text:
            yield f"{kind}.{name}", text
    for name in ("options", "captions"):
        values = getattr(proto, name, ())
        if kind in ("radio", "button_group", "pills") and not isinstance(values, str):
            for value in values:
                yield f"{kind}.{name}", str(getattr(value, "content", value))


def test_every_page_draws_it(drawn: dict[str, AppTest]) -> None:
    assert {name.split()[0] for name in drawn} == set(PAGES)
    for name, app in drawn.items():
        assert not app.exception, name
        assert len(app.title) == 1, name


def test_nothing_of_it_is_alive_on_any_page(drawn: dict[str, AppTest]) -> None:
    wrong, seen = [], 0
    for name, app in drawn.items():
        for kind, text in said(app):
            seen += 1
            wrong += [f"{name} {kind}: {each} in {text[:100]!r}" for each in judged(text) if not _our_own(text)]
    assert seen > 500
    assert wrong == []


def _our_own(text: str) -> bool:
    """Tags that our own sentences are drawn with; none of them carries anything of the corpus."""
    return "evil" not in text and "pwned" not in text


def test_columns_of_links_have_web_addresses_alone(drawn: dict[str, AppTest]) -> None:
    columns = 0
    for name, app in drawn.items():
        for table in app.dataframe:
            for column, config in json.loads(table.proto.columns or "{}").items():
                if (config.get("type_config") or {}).get("type") == "link" and column in table.value:
                    columns += 1
                    bad = [value for value in table.value[column].dropna() if not str(value).startswith("https://")]
                    assert bad == [], name
    assert columns, "the page of plans has such a column"


@pytest.mark.parametrize("kind", list(corpus()))
def test_no_link_of_it_is_taken_for_an_operators_own(kind: str) -> None:
    for text in corpus()[kind]:
        assert check_link(text, "giffgaff").verdict is not Verdict.KNOWN_OFFICIAL, text[:80]
