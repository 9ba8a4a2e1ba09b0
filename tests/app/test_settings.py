"""The settings page as its script runs: the import of a plan list, the choices an account remembers, the sources."""

import csv
import io
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.plan import Origin
from services.rules.plan_lists import DEFAULT_MAX_BYTES
from services.use.catalogue import CatalogueDesk
from services.use.house import house
from tests.conftest import ROOT
from tests.unit.plan_lists.lists import generated_list, workbook
from ui.shell import account

HEADINGS = {"zh": "您自己的套餐表", "en": "Your own plan lists"}
SMALL = b"seller,name,gb,days,usd_price,countries\nA,Ten,10,30,9.50,Japan\nA,,5,7,4,Japan;Thailand\nA,Bad,five,7,4,Japan\n"


@pytest.fixture
def app(own_house: Path) -> AppTest:
    return AppTest.from_file(str(ROOT / "ui/main.py"), default_timeout=30)


def settings(app: AppTest, language: str = "en") -> AppTest:
    app.session_state["lang"] = language
    app.run()
    app.switch_page("../pages/settings.py").run()
    assert not app.exception
    return app


def choose(app: AppTest, name: str, data: bytes) -> AppTest:
    app.file_uploader[0].upload(name, data).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """Every sentence on the page, the escapes of Markdown taken out."""
    drawn = [*app.error, *app.info, *app.warning, *app.success, *app.caption, *app.markdown, *app.subheader]
    return re.sub(r"\\(.)", r"\1", "\n".join(f"{getattr(each, 'title', '')} {each.value}" for each in drawn))


def labelled(app: AppTest, kind: str, label: str):  # type: ignore[no-untyped-def]
    return next(each for each in getattr(app, kind) if each.label == label)


def stored() -> CatalogueDesk:
    return CatalogueDesk(house(), account())


def test_a_list_is_imported_with_what_only_a_person_knows(app: AppTest) -> None:
    stored().ensure_plans()
    choose(settings(app), "my list.csv", SMALL)
    assert "Still needed before the list can be imported: Amount of data, or a column that says unlimited" in said(app)
    labelled(app, "selectbox", "Amount of data").select("gb").run()
    assert "Unit of the data" in said(app)
    labelled(app, "selectbox", "Unit of the data, where the cell does not say it").select("GB").run()
    preview = app.dataframe[0].value
    assert preview["Allowance"].tolist() == ["10 GB", "5 GB", "—"]
    assert preview["Price"].tolist()[:2] == ["$9.50", "$4.00"]
    assert preview["Works in"].tolist()[:2] == ["Japan", "Japan, Thailand"]
    assert "gb: This is not a number" in preview["Outcome"].tolist()[2]
    labelled(app, "button", "Import the list").click().run()
    assert not app.exception
    assert "2 plans kept" in said(app)
    assert "1 row was left out" in said(app)
    report = app.dataframe[0].value
    assert report.iloc[0].tolist() == [4, "gb", "five", "This is not a number or amount that can be read."]
    desk = stored()
    assert [(row.label, row.plan_count) for row in desk.lists()] == [("my list", 2)]
    assert all(row.origin is not Origin.SANDBOX or not row.plan_count for row in desk.store.sources())
