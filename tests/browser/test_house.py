"""The frame around the pages, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WIDTHS, Dashboard, Visitor
from tests.conftest import ROOT

PAGES = {
    "": {"zh": "续卡管家", "en": "Simkeeper"},
    "add-card": {"zh": "添加卡", "en": "Add a card"},
    "balances": {"zh": "卡与余额", "en": "Cards and balances"},
    "calendar": {"zh": "日历", "en": "Calendar"},
    "card": {"zh": "卡", "en": "Card"},
    "data": {"zh": "备份与数据", "en": "Backup and data"},
    "compare": {"zh": "比套餐", "en": "Compare plans"},
    "reminders": {"zh": "提醒", "en": "Reminders"},
    "orders": {"zh": "订单", "en": "Orders"},
    "renew": {"zh": "续费", "en": "Renew"},
    "trips": {"zh": "行程方案", "en": "Trip planner"},
    "people": {"zh": "成员与登录", "en": "People and sign-in"},
    "settings": {"zh": "设置", "en": "Settings"},
    "receipts": {"zh": "凭证与支出", "en": "Receipts and spending"},
}


def test_no_page_is_left_out_of_the_table() -> None:
    files = {path.stem.replace("_", "-") for path in (ROOT / "pages").glob("*.py")}
    assert {address or "overview" for address in PAGES} == files


@pytest.mark.parametrize("address", ["", "card", "compare", "renew"])
def test_a_cold_deep_link_goes_through_the_router(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], address: str
) -> None:
    """The very first visitor of a fresh process opens a page by its address."""
    page = visit("zh").goto(f"{open_dashboard(f'cold-{address}').url}/{address}")
    expect(page.locator("h1")).to_have_text(PAGES[address]["zh"])
    expect(page.get_by_role("radio", name="English")).to_be_visible()
    expect(page.get_by_role("link", name="比套餐").first).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_by_its_address_and_is_accessible_and_fits(
    dashboard: Dashboard, visit: Callable[..., Visitor], language: str
) -> None:
    """Each in a session of its own, which begins with that page: title, language switch and navigation are there."""
    visitor, found = visit(language), []
    for address, titles in PAGES.items():
        visitor.page.set_viewport_size({"width": WIDTHS["desktop"], "height": 1400})
        page = visitor.goto(f"{dashboard.url}/{address}")
        expect(page.locator("h1")).to_have_text(titles[language])
        assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
        expect(page.get_by_role("radio", name="English")).to_be_visible()
        expect(page.get_by_role("link", name=PAGES["compare"][language]).first).to_be_visible()
        found += [(address, *finding) for finding in visitor.axe()]
        for width in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": 1400})
            page.wait_for_timeout(200)
            found += [(address, width, visitor.sideways())] if visitor.sideways() > 0 else []
    assert found == []


def test_the_dark_theme_is_accessible(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", dark=True)
    visitor.goto(f"{dashboard.url}/compare?in=JP")
    assert visitor.axe() == []


def test_the_language_is_switched_remembered_and_kept_on_the_next_page(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    url = open_dashboard("language").url
    first = visit("zh")
    page = first.goto(f"{url}/compare")
    page.get_by_role("radio", name="English").click()
    expect(page.locator("h1")).to_have_text("Compare plans")
    page.get_by_role("link", name="Settings").first.click()
    expect(page.locator("h1")).to_have_text("Settings")
    returning = visit("zh").goto(url)
    expect(returning.locator("h1")).to_have_text("Simkeeper")


def test_security_headers_are_on_the_shell_and_the_health_answer(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    page = visit("en").page
    shell = page.request.get(dashboard.url)
    assert "default-src 'self'" in shell.headers["content-security-policy"]
    assert shell.headers["x-content-type-options"] == "nosniff"
    health = page.request.get(f"{dashboard.url}/healthz")
    assert health.text() == "ok"
