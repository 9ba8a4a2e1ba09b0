"""The tour of four steps, and the fields whose own words Streamlit says in English: what is seen and read aloud."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, Visitor
from tests.browser.test_feel import TOO_SMALL, tab_to

WORDS = {
    "zh": {
        "begin": "看一看",
        "next": "下一步",
        "done": "看完了",
        "steps": ["出行前", "手上的每一张卡", "续费", "提醒和您的数据"],
        "choose": "选择文件",
        "enter": '"按回车键确认"',
        "sends": '"按回车键提交"',
        "none": '"没有找到"',
        "date": ['"年"', '"月"', '"日"'],
        "content": '"跳到正文"',
    },
    "en": {
        "begin": "Show me",
        "next": "Next step",
        "done": "Done",
        "steps": ["Before a trip", "Every card you have", "Topping up", "Reminders and your data"],
        "choose": "Choose a file",
        "enter": '"Press Enter to take it over"',
        "sends": '"Press Enter to send the form"',
        "none": '"Nothing found"',
        "date": ['"yyyy"', '"mm"', '"dd"'],
        "content": '"Skip to the page"',
    },
}
STREAMLITS = re.compile("Press Enter|No results|Upload")
BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SAID = "(element, where) => getComputedStyle(element, where).content"


def says(page: Page, selector: str, where: str, wanted: str) -> None:
    """The words of the page stand ``where`` (before or after) in the place of those of the field, which are neither seen nor read."""
    place = page.locator(selector).first
    place.wait_for(state="attached")
    assert place.evaluate(SAID, f"::{where}") == wanted, selector
    expect(place.get_by_text(STREAMLITS).filter(visible=True)).to_have_count(0)


@BOTH
def test_the_tour_is_walked_with_the_keyboard_on_a_phone(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str
) -> None:
    words: dict[str, object] = WORDS[language]
    visitor = visit(language, "phone")
    page = visitor.goto(open_dashboard(f"tour-{language}").url)
    tab_to(page, page.get_by_role("button", name=str(words["begin"]), exact=True))
    page.keyboard.press("Enter")
    titles: list[str] = words["steps"]  # type: ignore[assignment]
    for number, title in enumerate(titles):
        step = page.locator(".st-key-tour")
        expect(step.get_by_role("heading", level=2)).to_contain_text(title)
        last = number == len(titles) - 1
        press = step.get_by_role("button", name=str(words["done"] if last else words["next"]), exact=True)
        press.wait_for()
        visitor.settle()
        assert page.evaluate(TOO_SMALL) == [], title
        assert visitor.sideways() <= 0, title
        assert visitor.axe() == [], title
        if number == 0:
            tab_to(page, press)
        else:
            expect(press).to_be_focused()  # who pressed it stays on it
        page.keyboard.press("Enter")
    expect(page.locator(".st-key-tour")).to_have_count(0)
    page.reload()
    visitor.settle()
    expect(page.locator(".st-key-tour, .st-key-tour_offer")).to_have_count(0)


@BOTH
def test_fields_speak_the_language_of_the_page(dashboard: Dashboard, visit: Callable[..., Visitor], language: str) -> None:
    words: dict[str, object] = WORDS[language]
    visitor = visit(language)
    page = visitor.goto(f"{dashboard.url}/add-card")
    assert page.locator("[data-testid=stFileUploaderDropzone] > span button p").evaluate(SAID, "::after") == f'"{words["choose"]}"'
    expect(page.get_by_test_id("stFileUploaderDropzoneInstructions").first).to_be_hidden()
    assert page.get_by_test_id("stSkipToContent").evaluate(SAID, "::after") == words["content"]

    visitor.goto(f"{dashboard.url}/add-card?way=number")
    page.get_by_role("textbox").first.click()
    page.keyboard.type("1")
    says(page, "[data-testid=InputInstructions]", "before", str(words["enter"]))
    expect(page.get_by_test_id("InputInstructions").locator("span").last).to_have_text("1/40")
    country = page.get_by_role("combobox").first
    country.click()
    country.press_sequentially("zzzzz")
    says(page, "[role=listbox][data-empty] [role=option]", "after", str(words["none"]))
    page.keyboard.press("Escape")

    visitor.goto(f"{dashboard.url}/add-card?way=by_hand")
    page.locator("[data-testid=stForm] input[type=text]").first.click()
    page.keyboard.type("x")
    says(page, "[data-testid=stForm] [data-testid=InputInstructions]", "before", str(words["sends"]))
    page.locator("[data-testid=stForm] summary").first.click()
    parts = page.get_by_test_id("stDateInput").first.get_by_role("spinbutton")
    expect(parts).to_have_count(3)
    assert [parts.nth(at).evaluate(SAID, "::after") for at in range(3)] == words["date"]
    visitor.settle()  # the part that was opened grows to its size
    assert visitor.axe() == []
