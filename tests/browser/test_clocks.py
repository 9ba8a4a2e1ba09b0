"""What ends when, in a real browser: both languages, both widths, a question answered, a figure corrected, the month turned."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from services.model.card import Card, CardKind, CardSecrets
from services.use.cards import CardDesk
from services.use.clocks import ClockDesk, rule_text
from services.use.configuration import Configuration
from services.use.house import open_house
from tests.browser.conftest import Dashboard, Visitor, download, pick

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime.now(ZONE)
SAID = {
    "zh": {
        "late": "1 张卡已过期：请今天处理",
        "moved": "规则更新后，以下日期有变",
        "ends": "各项何时到期",
        "why": "为什么是这个日期",
        "ladder": "到期后会怎样",
        "fix": "更正数值",
        "event": "记录发生的事",
        "here": "目前处于此阶段",
    },
    "en": {
        "late": "1 card is past its date: act today",
        "moved": "Newer rules moved these dates",
        "ends": "What ends when",
        "why": "Why this date",
        "ladder": "What happens after the date",
        "fix": "Correct a figure",
        "event": "Record what happened",
        "here": "You are here",
    },
}


def fill(board: Dashboard) -> None:
    """Cards of every kind of answer: past its date, known, unknown, assumed, and one that a newer rule moves."""
    house = open_house(Configuration(database_url=f"sqlite:///{board.data_dir / 'simkeeper.db'}", data_dir=board.data_dir))
    cards = CardDesk(house, "local", lambda: NOW)
    for name, nickname, operator, used in (
        ("uk", "giffgaff 号", "giffgaff", 100),
        ("late", "Dad's *card* <b>", "asda_mobile", 200),
        ("blank", "Tesco", "tesco_mobile", None),
        ("odd", "A shop", None, 20),
    ):
        first = None if used is None else NOW.date() - timedelta(days=used)
        cards.add(Card(name, nickname, CardKind.SIM, operator, "GB", first_used_on=first), CardSecrets())
    desk = ClockDesk(house, "local", lambda: NOW)
    desk.moves()
    older = json.loads(rule_text("giffgaff"))
    older["clocks"][0]["span"]["value"] = {"amount": 9, "unit": "month"}
    desk.store.see_rules({"giffgaff": json.dumps(older)})
    house.close()


@pytest.fixture(scope="module")
def board(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """A dashboard whose cards nobody changes."""
    opened = open_dashboard("clocks")
    fill(opened)
    return opened


def check(visitor: Visitor) -> None:
    visitor.settle()
    assert visitor.sideways() <= 0
    assert visitor.axe() == []


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_three_places_are_accessible_and_fit(board: Dashboard, visit: Callable[..., Visitor], language: str, width: str) -> None:
    said, visitor = SAID[language], visit(language, width)
    page = visitor.goto(board.url)
    expect(page.get_by_role("heading", name=said["late"])).to_be_visible()
    expect(page.get_by_role("heading", name=said["moved"])).to_be_visible()
    expect(page.get_by_text("Dad's *card* <b>").first).to_be_visible()
    check(visitor)
    page = visitor.goto(f"{board.url}/card?id=late")
    expect(page.get_by_role("heading", name=said["ends"])).to_be_visible()
    expect(page.get_by_text(said["here"])).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first).to_be_visible()
    for panel in ("why", "fix", "event"):
        page.get_by_text(said[panel], exact=True).first.click()
        visitor.settle()
    check(visitor)
    page = visitor.goto(f"{board.url}/calendar")
    if width == "desktop":
        expect(page.locator("table.month td.today")).to_be_visible()
    else:
        expect(page.locator("table.month")).to_be_hidden()
    check(visitor)


def test_a_question_answered_a_figure_corrected_and_taken_back(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    own = open_dashboard("clock-answers")
    fill(own)
    visitor = visit("en")
    page = visitor.goto(f"{own.url}/card?id=blank")
    expect(page.get_by_text("Unknown, because nobody has said when it began.")).to_be_visible()
    day = page.get_by_test_id("stDateInput").first
    for part, value in (("year", NOW.year), ("month", NOW.month), ("day", NOW.day)):
        day.locator(f"[data-type={part}]").press_sequentially(str(value))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("Kept. The dates are worked out anew.")).to_be_visible()
    expect(page.get_by_text("Unknown, because")).to_have_count(0)
    page = visitor.goto(f"{own.url}/card?id=uk")
    counted = page.get_by_test_id("stMetricValue").filter(has_text="days").first
    before = counted.inner_text()
    page.get_by_text("Correct a figure", exact=True).click()
    pick(page, page.get_by_role("combobox", name="Which figure"), "How long it runs")
    page.get_by_role("spinbutton", name="Your figure").fill("4")
    page.get_by_role("button", name="Use this figure").click()
    expect(page.get_by_text("yours").first).to_be_visible()
    expect(counted).not_to_have_text(before)
    suggested = json.loads(download(page, "Download my figures as a suggestion").path().read_text("utf-8"))
    assert suggested[0]["suggested_value"] == "4 months"
    page.get_by_role("button", name="Back to the shipped figure").click()
    expect(counted).to_have_text(before)
    page = visitor.goto(own.url)
    page.get_by_role("button", name="I have seen this").click()
    expect(page.get_by_role("heading", name="Newer rules moved these dates")).to_have_count(0)
    page = visitor.goto(own.url)
    expect(page.get_by_role("heading", name="Newer rules moved these dates")).to_have_count(0)


def test_the_month_is_turned_and_leads_to_the_card(board: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "phone")
    page = visitor.goto(f"{board.url}/calendar?month={NOW:%Y-%m}")
    for _ in range(4):
        if page.get_by_role("link", name="giffgaff 号").count():
            break
        page.get_by_role("button", name="Month after").click()
        visitor.settle()
    assert visitor.sideways() <= 0
    page.get_by_role("link", name="giffgaff 号").first.click()
    expect(page.get_by_role("heading", name="What ends when")).to_be_visible()
    assert "id=uk" in page.url
