"""A person takes the calendar along, in a real browser: downloads it, makes a secret address, sees and revokes it; and what a calendar
program gets there, from the same server."""

from collections.abc import Callable

import pytest
import vobject
from playwright.sync_api import expect

from tests.browser.conftest import Dashboard, Visitor, download
from tests.browser.test_connections import press

WORDS = {
    "zh": {
        "download": "下载日历（.ics）",
        "make": "生成私密网址",
        "show": "显示网址",
        "renew": "生成新网址",
        "yes": "生成",
        "name": "续卡管家：卡片",
    },
    "en": {
        "download": "Download the calendar (.ics)",
        "make": "Make a secret address",
        "show": "Show the address",
        "renew": "Make a new address",
        "yes": "Make it",
        "name": "Simkeeper: cards",
    },
}


@pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])
def test_the_calendar_is_taken_along_and_its_address_revoked(
    dashboard: Dashboard, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words = WORDS[language]
    visitor = visit(language, width)
    page = visitor.goto(f"{dashboard.url}/calendar")
    saved = download(page, page.get_by_role("button", name=words["download"])).path().read_text("utf-8")
    assert vobject.readOne(saved).x_wr_calname.value == words["name"]

    press(visitor, page.get_by_role("button", name=words["make"]))
    expect(page.get_by_text(words["show"])).to_be_visible()
    assert "/calendar/" not in page.locator("[data-testid=stMain]").inner_text()
    visitor.settle()
    page.get_by_text(words["show"]).click()
    code = page.locator("[data-testid=stCode] code")
    expect(code).to_contain_text(f"{dashboard.url}/calendar/")
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    address = code.inner_text().strip().replace("\n", "")
    answer = page.request.get(address)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert vobject.readOne(answer.text()).x_wr_calname.value == words["name"]
    assert page.request.get(f"{dashboard.url}/calendar/wrong.ics").status == 404

    press(visitor, page.get_by_role("button", name=words["renew"]))
    press(visitor, page.get_by_role("button", name=words["yes"], exact=True))
    expect(code).not_to_have_text(address)
    assert page.request.get(address).status == 404
    assert page.request.get(code.inner_text().strip().replace("\n", "")).status == 200
    token = address.rsplit("/", 1)[1].removesuffix(".ics")
    assert token not in dashboard.log.read_text()
