"""The tour: offered and never begun by itself, one press to go on and one to skip, kept with the account, and found in the settings."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT

TITLES = {
    "zh": ["出行前", "手上的每一张卡", "续费", "提醒和您的数据"],
    "en": ["Before a trip", "Every card you have", "Topping up", "Reminders and your data"],
}
OF_ALL = {"zh": "第 {n} 步，共 4 步：{title}", "en": "{n} of 4: {title}"}


def arrive(language: str) -> AppTest:
    """A new session: nothing is known of an earlier one but what was stored."""
    app = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=60)
    app.query_params["lang"] = language
    return app.run()


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button if button.key is not None and button.key.startswith("tour")}


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("language", ["zh", "en"])
def test_four_steps_point_at_the_jobs_the_reminders_and_the_data(own_house: Path, language: str) -> None:
    app = arrive(language)
    assert keys(app) == {"tour_begin", "tour_refuse"}, "offered, and not begun"
    press(app, "tour_begin")
    for number, title in enumerate(TITLES[language], start=1):
        assert app.header[0].value == OF_ALL[language].format(n=number, title=title)
        assert ("tour_skip" in keys(app)) is (number < 4)
        press(app, "tour_next")
    assert keys(app) == set()
    assert keys(arrive(language)) == set(), "over for this account, in whichever session"


def test_the_last_step_names_the_folder_of_the_data(own_house: Path) -> None:
    app = press(arrive("en"), "tour_begin")
    for _step in range(3):
        press(app, "tour_next")
    said = [text.value.replace("\\", "") for text in app.markdown]
    assert any(str(own_house) in text for text in said), said


def test_one_press_refuses_it_or_skips_it_for_good(own_house: Path) -> None:
    press(arrive("en"), "tour_refuse")
    app = arrive("en")
    assert keys(app) == set()
    app.switch_page("../pages/settings.py").run()
    press(app, "tour_again")
    app.switch_page("../pages/overview.py").run()
    press(press(app, "tour_next"), "tour_skip")
    assert keys(app) == set()
    assert keys(arrive("en")) == set()


def test_another_session_goes_on_where_this_one_stopped(own_house: Path) -> None:
    press(press(arrive("en"), "tour_begin"), "tour_next")
    app = arrive("zh")
    assert app.header[0].value == OF_ALL["zh"].format(n=2, title=TITLES["zh"][1])
    press(app, "tour_back")
    assert app.header[0].value == OF_ALL["zh"].format(n=1, title=TITLES["zh"][0])


def test_it_stands_on_the_first_page_alone(own_house: Path) -> None:
    app = press(arrive("en"), "tour_begin")
    for page in ("balances", "compare", "trips", "renew", "data"):
        app.switch_page(f"../pages/{page}.py").run()
        assert keys(app) == set(), page


@pytest.mark.parametrize("kept", ["nonsense", 99, -7, None, [1]])
def test_whatever_was_kept_the_page_is_drawn(own_house: Path, kept: object) -> None:
    from services.store.settings import SettingsStore
    from services.use.house import house

    SettingsStore(house().database, "local").put("tour", kept)
    assert keys(arrive("en")) == {"tour_begin", "tour_refuse"}
