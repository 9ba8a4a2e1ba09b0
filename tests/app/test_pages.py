"""Every page runs through the router, in both languages, on a fresh house."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT

PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_and_has_one_title(app: AppTest, page: str, language: str) -> None:
    app.query_params["lang"] = language
    app.run()
    app.switch_page(f"../pages/{page}").run()
    assert not app.exception
    assert len(app.title) == 1


def test_an_address_open_to_others_shows_only_what_to_set(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.door.is_local", lambda address: False)
    app.query_params["lang"] = "en"
    app.run()
    assert [title.value for title in app.title] == ["Simkeeper is closed here"]
    assert "auth.client_id" in "".join(text.value for text in app.markdown)
    assert not app.button


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), (None, False), ("", False), ("192.0.2.7", False)],
)
def test_only_loopback_is_local(address: str | None, local: bool) -> None:
    from ui.web import is_local

    assert is_local(address) is local


def test_the_compare_page_keeps_its_question_while_other_pages_are_open(app: AppTest) -> None:
    app.query_params["lang"] = "en"
    app.run()
    app.switch_page("../pages/compare.py").run()
    app.button(key="compare_first_JP").click().run()
    app.number_input(key="compare_gb").set_value(2.5).run()
    assert app.query_params["in"] == "JP"
    app.switch_page("../pages/settings.py").run()
    app.switch_page("../pages/compare.py").run()
    assert app.multiselect(key="compare_places").value == ["JP"]
    assert app.number_input(key="compare_gb").value == 2.5
    assert app.metric


def test_a_database_from_a_newer_version_gets_a_sentence_of_its_own(own_house: Path) -> None:
    def page() -> None:
        from services.use.house import DatabaseTooNew
        from ui.trouble import report

        report(DatabaseTooNew("9999"))

    app = AppTest.from_function(page)
    app.session_state["lang"] = "zh"
    app.run()
    assert "更新版本" in app.error[0].value


def test_the_language_of_an_address_is_heeded_once_and_can_be_changed(app: AppTest) -> None:
    app.query_params["lang"] = "zh"
    app.run()
    assert app.title[0].value == "续卡管家"
    app.session_state["lang"] = "en"
    app.run()
    assert app.title[0].value == "Simkeeper"


def test_a_card_leads_to_its_renewal(app: AppTest) -> None:
    from services.model.card import Card, CardKind
    from services.use.cards import CardDesk
    from services.use.house import house

    CardDesk(house(), "local").add(Card("c1", "Home number", CardKind.SIM))
    app.query_params["lang"] = "en"
    app.run()
    app.query_params["id"] = "c1"
    app.switch_page("../pages/card.py").run()
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert links["Renew this card"] == "card=c1"
    app.query_params["card"] = "c1"
    app.switch_page("../pages/renew.py").run()
    assert not app.exception
    assert "Home number" in {box.value if isinstance(box.value, str) else "" for box in app.selectbox} | {
        option for box in app.selectbox for option in box.options
    }


def test_a_process_that_takes_the_script_for_its_own_beginning_only_ignores_it(tmp_path: Path) -> None:
    """Python's pools begin each process with what the parent's main module is, which within a run is the script."""
    begin = "import runpy; runpy.run_path('ui/main.py', run_name='__mp_main__')"
    environment = {**os.environ, "SIMKEEPER_DATA_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", begin], cwd=ROOT, env=environment, check=True, capture_output=True)
