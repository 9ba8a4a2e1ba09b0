"""The trip page in a real browser: both languages, both widths."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, Visitor, download

FIRST = datetime.now(UTC).date() + timedelta(20)
SECOND = FIRST + timedelta(6)
QUERY = f"legs=JP_{FIRST}_{SECOND},KR_{SECOND}_{FIRST + timedelta(11)}&gb=1"
WORDS = {
    "zh": {
        "cheapest": "最省组合",
        "proved": "已证明是",
        "checklist": "生成行前清单",
        "ics": "把步骤下载为日历",
        "invented": "本页所有价格都是虚构的",
        "home": "关闭常用 SIM 卡的数据漫游",
        "add": "添加一站",
        "country": "第 3 站：国家或地区",
    },
    "en": {
        "cheapest": "Cheapest mix",
        "proved": "Proved cheapest among",
        "checklist": "Turn this into a checklist",
        "ics": "Download the steps as a calendar",
        "invented": "All prices on this page are invented",
        "home": "Switch data roaming of the home SIM off",
        "add": "Add a stay",
        "country": "Stay 3: country",
    },
}


def answered(visitor: Visitor, url: str) -> Page:
    page = visitor.goto(url)
    page.get_by_test_id("stMetric").first.wait_for(timeout=60_000)
    visitor.settle()
    return page


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_shared_address_becomes_answers_a_checklist_and_a_calendar(
    dashboard: Dashboard, visit: Callable[..., Visitor], tmp_path: Path, language: str, width: str
) -> None:
    words = WORDS[language]
    visitor = visit(language, width)
    page = answered(visitor, f"{dashboard.url}/trips?{QUERY}")
    expect(page.get_by_text(words["invented"])).to_be_visible()
    expect(page.get_by_text(words["proved"]).first).to_be_visible()
    expect(page.get_by_text(words["cheapest"]).first).to_be_visible()
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")).to_have_count(2)
    assert visitor.sideways() <= 0
    page.get_by_role("button", name=words["checklist"]).click()
    expect(page.get_by_role("checkbox", name=re.compile(words["home"]))).to_be_visible()
    visitor.settle()
    kept = tmp_path / "trip.ics"
    download(page, page.get_by_role("button", name=words["ics"])).save_as(kept)
    events = icalendar.Calendar.from_ical(kept.read_bytes()).walk("VEVENT")
    assert len({str(event["uid"]) for event in events}) == len(events) > 4
    assert any(words["home"] in str(event["summary"]) for event in events)
    assert visitor.sideways() <= 0
    assert visitor.axe() == []


def test_a_tick_is_there_again_on_another_device(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]) -> None:
    url = open_dashboard("trips").url
    first = visit("en")
    page = answered(first, f"{url}/trips?{QUERY}")
    page.get_by_role("button", name=WORDS["en"]["checklist"]).click()
    page.get_by_text(WORDS["en"]["home"]).click()
    expect(page.get_by_text(re.compile(r"^1 of \d+ steps done")).locator("visible=true").first).to_be_visible()
    first.settle()
    address = page.url
    again = answered(visit("zh", "phone"), address)
    expect(again.get_by_role("checkbox", name=re.compile(WORDS["zh"]["home"]))).to_be_checked()


def test_a_stay_is_added_by_typing_the_country_in_the_other_language(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = answered(visitor, f"{dashboard.url}/trips?{QUERY}")
    page.get_by_role("button", name=WORDS["en"]["add"]).click()
    field = page.get_by_role("combobox", name=re.compile(WORDS["en"]["country"]))
    field.fill("泰国")
    field.press("Enter")
    page.wait_for_url(re.compile("TH_"), timeout=60_000)
    visitor.settle()
    expect(page.get_by_text(WORDS["en"]["proved"]).first).to_be_visible()


def test_a_country_that_nothing_covers_is_named(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh")
    page = visitor.goto(f"{dashboard.url}/trips?legs=AQ_{FIRST}_{SECOND}&gb=1")
    expect(page.get_by_text("南极洲没有可用套餐")).to_be_visible()
    assert visitor.axe() == []


def test_whoever_looks_at_another_page_finds_the_question_again(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = answered(visitor, f"{dashboard.url}/trips?{QUERY}")
    page.get_by_test_id("stTopNavLink").filter(has_text="Overview").click()
    expect(page.locator("h1")).to_have_text("Simkeeper")
    visitor.settle()
    page.go_back()
    page.get_by_test_id("stMetric").first.wait_for(timeout=60_000)
    visitor.settle()
    expect(page.get_by_role("combobox", name=re.compile("Stay 2: country"))).to_have_value(re.compile("South Korea"))
    expect(page.get_by_role("spinbutton", name="Data a day for each device, in GB")).to_have_value("1")
