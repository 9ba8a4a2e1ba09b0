"""Driving the whole app without a browser: open a page, press a button, read what it says."""

import re

from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT

PATIENCE_S = 120
"""Machines here are slow when they are busy, and waiting longer costs a test that passes nothing."""


def fresh_app() -> AppTest:
    return AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=PATIENCE_S)


def open_page(app: AppTest, name: str, language: str = "en", /, **query: str) -> AppTest:
    """``name``: of the file in pages/. ``query``: what its address asks for."""
    app.session_state["lang"] = language
    app.run()
    for asked, value in query.items():
        app.query_params[asked] = value
    app.switch_page(f"../pages/{name}.py").run()
    assert not app.exception, (name, query)
    return app


def said(app: AppTest) -> str:
    """Every sentence on the page, the escapes of Markdown taken out."""
    drawn = [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption]
    drawn += [*app.info, *app.warning, *app.error, *app.success, *app.metric]
    lines = (f"{getattr(each, 'label', '')} {getattr(each, 'title', '')} {each.value}" for each in drawn)
    return re.sub(r"\\(.)", r"\1", "\n".join(lines))


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app
