"""The first page: what it is for, sample cards with one press, and away again with one press."""

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from services.use.cards import CardDesk
from services.use.house import house
from services.use.readings import ReadingDesk
from services.use.samples import shipped_samples

JOBS = {"zh": ["出行前", "手上的每一张卡", "续费"], "en": ["Before a trip", "Every card you have", "Topping up"]}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_empty_house_says_what_it_is_for(app: AppTest, language: str) -> None:
    app.query_params["lang"] = language
    app.run()
    assert [header.value for header in app.header] == JOBS[language]


def test_samples_come_with_one_press_are_called_invented_on_every_page_and_go_with_one_press(app: AppTest) -> None:
    app.query_params["lang"] = "en"
    app.run()
    app.button(key="samples_load").click().run()
    assert not app.exception
    assert len(CardDesk(house(), "local").all()) == len(shipped_samples().cards)
    assert app.subheader[0].value == "What to do next"
    for page in ("overview", "balances", "renew", "compare", "trips", "calendar", "settings"):
        app.switch_page(f"../pages/{page}.py").run()
        assert not app.exception, page
        assert any("They are invented" in text.value for text in app.markdown), page
        if page == "renew":
            first = ReadingDesk(house(), "local", lambda: datetime.now(UTC)).board()[0].card.card_id
            assert first in ("sample-wifi", "sample-dad"), "towards the end of a month its fee presses more"
            assert app.selectbox(key="renew_card").value == first, "the card to act on first, as on the page of cards"
    app.button(key="samples_remove").click().run()
    assert CardDesk(house(), "local").all() == []
    assert not any("They are invented" in text.value for text in app.markdown)
