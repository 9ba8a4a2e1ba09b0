"""Comparing plans as a person does: first start, real prices (from emulators on sockets), question, table, export, shared link."""

import csv
import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from services.providers.sandbox.faults import Fault
from tests.browser.conftest import Dashboard, Visitor, download

WORDS = {
    "zh": {
        "invented": "本页所有价格都是虚构的",
        "fetch": "获取真实价格",
        "again": "重新获取价格",
        "asked": "向谁请求，发送什么",
        "total": "本次行程总价",
        "download": "下载 CSV",
        "where": "要去哪里？",
        "gb": "需要的流量（GB）",
        "all": "全部套餐",
        "invented_row": "虚构",
        "seller": "商家",
        "beside": "并排对比",
    },
    "en": {
        "invented": "All prices on this page are invented",
        "fetch": "Fetch real prices",
        "again": "Fetch prices again",
        "asked": "Who is asked, and what is sent",
        "total": "Total for this trip",
        "download": "Download as CSV",
        "where": "Where are you going?",
        "gb": "Data needed, in GB",
        "all": "All plans",
        "invented_row": "Invented",
        "seller": "Seller",
        "beside": "Side by side",
    },
}


def fetch(page: Page, words: dict[str, str]) -> None:
    page.get_by_role("button", name=re.compile(f"{words['fetch']}|{words['again']}")).click()
    expect(page.get_by_role("button", name=words["again"])).to_be_disabled(timeout=60_000)  # the outcome is drawn


def let_ask_again(opened: Dashboard) -> None:
    """As if a quarter of an hour had passed since the sellers were asked."""
    with closing(sqlite3.connect(opened.data_dir / "simkeeper.db", timeout=20)) as database, database:
        database.execute("UPDATE catalogue_sources SET attempted_at = attempted_at - 1000")


def exported(page: Page, words: dict[str, str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download(page, words["download"]).path().read_text("utf-8-sig"))))


@pytest.mark.parametrize(("language", "width"), [("zh", "desktop"), ("en", "phone")])
def test_from_the_first_start_to_real_prices_an_export_and_a_shared_link(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, opened = WORDS[language], open_dashboard(f"first-{language}")
    visitor = visit(language, width)
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    expect(page.get_by_text(words["invented"])).to_be_visible()
    rows = exported(page, words)
    assert rows
    assert [row for row in rows if words["invented_row"] not in row.values()] == []
    assert page.get_by_role("link", name="去商家页面" if language == "zh" else "Open at the seller").count() == 0
    assert all(not seller.log for seller in opened.sellers.values()), "nothing is asked before a person says so"

    page.get_by_text(words["asked"]).click()
    expect(page.get_by_text("https://simsima.io/en/agent/catalog")).to_be_visible()
    expect(page.get_by_text("https://pikasim.com/api/packages/global")).to_be_visible()

    fetch(page, words)
    visitor.settle()
    expect(page.get_by_text(words["invented"])).to_have_count(0)
    rows = exported(page, words)
    assert {row[words["seller"]] for row in rows} == {"Simsima", "PikaSim"}
    assert not any(words["invented_row"] in row.values() for row in rows)
    asked = [(entry.path, entry.query) for seller in opened.sellers.values() for entry in seller.log]
    assert sorted(asked) == [("/api/packages/all-countries", ""), ("/api/packages/global", ""), ("/en/agent/catalog", "")]
    agents = {entry.headers["user-agent"] for seller in opened.sellers.values() for entry in seller.log}
    assert len(agents) == 1
    assert agents.pop().startswith("Simkeeper/")
    expect(page.get_by_role("button", name=words["again"])).to_be_disabled()

    page.get_by_label(words["gb"]).fill("3")
    page.get_by_label(words["gb"]).press("Enter")
    page.wait_for_url("**gb=3**")
    visitor.settle()
    other = visit(language, width)
    theirs = other.goto(page.url)
    expect(theirs.get_by_label(words["gb"])).to_have_value("3")
    assert theirs.get_by_test_id("stMetricValue").first.inner_text() == page.get_by_test_id("stMetricValue").first.inner_text()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0


FAULTS: dict[str, tuple[Fault, str]] = {
    "server error": (Fault("status", status=503), "故障"),
    "page instead of data": (Fault("html"), "有变或已损坏"),
    "empty": (Fault("empty"), "有变或已损坏"),
    "cut short": (Fault("truncated"), "有变或已损坏"),
    "connection broken": (Fault("reset"), "连不上"),
    "too many requests": (Fault("status", status=429), "稍等"),
    "refused": (Fault("status", status=403), "拒绝"),
    "moved to another host": (Fault("redirect", to="https://example.invalid/"), "拒绝"),
    "wrong type": (Fault("set", at=("items",), value={"a": 1}), "有变或已损坏"),
    "nulls": (Fault("set", at=("items", "*", "price"), value=None), "有变或已损坏"),
    "no plans": (Fault("set", at=("items",), value=[]), "有变或已损坏"),
}


@pytest.fixture(scope="module")
def troubled(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return open_dashboard("troubled")


@pytest.mark.parametrize("name", FAULTS)
def test_one_seller_fails_in_each_way_and_the_other_is_not_hurt(troubled: Dashboard, visit: Callable[..., Visitor], name: str) -> None:
    fault, said = FAULTS[name]
    words = WORDS["zh"]
    troubled.sellers["simsima"].faults[:] = [fault]
    visitor = visit("zh")
    page = visitor.goto(f"{troubled.url}/compare?in=JP")
    let_ask_again(troubled)
    page.reload()
    visitor.settle()
    fetch(page, words)
    visitor.settle()
    alert = page.get_by_test_id("stAlert").filter(has_text="Simsima：未能获取")
    expect(alert).to_contain_text(said)
    assert {row[words["seller"]] for row in exported(page, words)} == {"PikaSim"}


OF_EITHER = ("server error", "page instead of data", "cut short", "connection broken", "too many requests", "refused")


@pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])
def test_the_other_seller_fails_in_one_way_after_another(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, opened = WORDS[language], open_dashboard(f"other-{language}")
    visitor = visit(language, width)
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    for name in OF_EITHER:
        opened.sellers["pikasim"].faults[:] = [FAULTS[name][0]]
        let_ask_again(opened)
        page.reload()
        visitor.settle()
        fetch(page, words)
        visitor.settle()
        expect(page.get_by_test_id("stAlert").filter(has_text="PikaSim")).to_be_visible()
        assert {row[words["seller"]] for row in exported(page, words)} == {"Simsima"}, name
        assert visitor.sideways() <= 0
    assert visitor.axe() == []


def test_while_a_seller_stalls_the_page_goes_on_with_the_prices_of_the_other(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    opened, words = open_dashboard("stalls"), WORDS["en"]
    opened.sellers["simsima"].faults.append(Fault("stall_before"))
    visitor = visit("en")
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    page.get_by_role("button", name=words["fetch"]).click()
    expect(page.get_by_text("PikaSim: done")).to_be_visible()
    expect(page.get_by_text("Simsima: asking the seller")).to_be_visible()
    say(visitor, words["gb"], "2")
    page.wait_for_url("**gb=2**")
    assert {row[words["seller"]] for row in exported(page, words)} == {"PikaSim"}


def test_when_every_seller_fails_the_invented_plans_stay_and_say_so(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    opened, words = open_dashboard("all-fail"), WORDS["en"]
    for seller in opened.sellers.values():
        seller.faults.append(Fault("status", status=500))
    page = visit("en").goto(f"{opened.url}/compare?in=JP")
    page.get_by_role("button", name=words["fetch"]).click()
    expect(page.get_by_text("Simsima: not fetched")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("PikaSim: not fetched")).to_be_visible()
    expect(page.get_by_text(words["invented"])).to_be_visible()


def test_a_failed_refresh_leaves_the_old_prices(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]) -> None:
    opened, words = open_dashboard("refresh"), WORDS["en"]
    visitor = visit("en")
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    fetch(page, words)
    visitor.settle()
    before = exported(page, words)
    for seller in opened.sellers.values():
        seller.faults.append(Fault("truncated"))
    let_ask_again(opened)
    page.reload()
    visitor.settle()
    fetch(page, words)
    expect(page.get_by_text("Simsima: not fetched")).to_be_visible()
    assert exported(page, words) == before


def test_the_only_download_is_the_one_that_no_spreadsheet_runs(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    page = visit("en").goto(f"{dashboard.url}/compare?in=JP")
    page.get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(1)


def test_up_to_three_rows_are_laid_side_by_side(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.goto(f"{dashboard.url}/compare?in=JP")
    for row in range(2):
        tick(visitor, row)
    page.wait_for_url("**pick=**")
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    shared = visit("zh").goto(page.url)
    expect(shared.get_by_role("heading", name="并排对比")).to_be_visible()


def tick(visitor: Visitor, row: int) -> None:
    """The box of a row of the table, which moves down as plans are laid side by side above it."""
    grid = visitor.page.get_by_test_id("stDataFrame")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    visitor.page.mouse.click(box["x"] + 16, box["y"] + 38 + 35 * row + 17)
    visitor.settle()


def test_a_fourth_row_is_refused_with_a_sentence_and_nothing_else_changes(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.goto(f"{dashboard.url}/compare?in=JP")
    for row in range(4):
        tick(visitor, row)
    expect(page.get_by_text("At most three plans stand side by side. Untick one first.")).to_be_visible()
    assert page.url.count("~") == 3
    words_of_the_style = "getComputedStyle(document.documentElement).getPropertyValue('--choose-file')"
    assert "Choose a file" in page.evaluate(words_of_the_style), "a message must not take the place of the style sheet"


def test_prices_that_came_elsewhere_are_shown_with_what_is_true_of_them(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    opened, words = open_dashboard("elsewhere"), WORDS["en"]
    visitor, other = visit("en"), visit("en")
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    expect(page.get_by_text(words["invented"])).to_be_visible()
    fetch(other.goto(f"{opened.url}/compare?in=JP"), words)
    page.get_by_role("radio", name="Short stay").or_(page.get_by_role("button", name="Short stay")).first.click()
    expect(page.get_by_text(words["invented"])).to_have_count(0)
    expect(page.get_by_text("Invented price")).to_have_count(0)


BAD_ADDRESSES = {
    "in=JP&from=2027-05-10&to=2027-05-01": "最后一天早于第一天",
    "in=JP&from=2020-05-01&to=2020-05-10": "这些日期已经过去",
    "": "请选择您要去哪里",
    "in=JP&gb=0": "请填写需要多少流量",
    "in=JP&gb=10000": "10000 GB 超出了任何套餐的容量",
    "in=Narnia": "我们不认识“Narnia”这个地方",
    "in=JP&cur=XQZ": "我们没有“XQZ”的汇率",
    "in=JP&from=soon": "“soon”不是日期",
    "in=JP&sort=magic": "“magic”不是本页的选项",
}


@pytest.mark.parametrize("query", BAD_ADDRESSES)
def test_a_bad_question_gets_a_sentence_that_says_what_to_do(dashboard: Dashboard, visit: Callable[..., Visitor], query: str) -> None:
    page = visit("zh").goto(f"{dashboard.url}/compare?{query}")
    expect(page.get_by_test_id("stAlert").filter(has_text=BAD_ADDRESSES[query])).to_be_visible()


def test_places_are_understood_in_either_language(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.goto(f"{dashboard.url}/compare")
    field = page.get_by_label(WORDS["en"]["where"])
    field.fill("韩国")
    field.press("Enter")
    visitor.settle()
    page.wait_for_url("**in=KR**")
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()


def say(visitor: Visitor, label: str, value: str) -> None:
    """Fill a field and wait until its question is answered."""
    visitor.page.get_by_label(label, exact=True).fill(value)
    visitor.page.get_by_label(label, exact=True).press("Enter")
    visitor.settle()


def test_a_switch_of_the_language_in_the_middle_of_a_question_changes_nothing_else(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    visitor = visit("zh")
    page = visitor.goto(f"{open_dashboard('languages').url}/compare?in=JP,region:oceania&cur=CNY&sort=per_gb")
    page.get_by_label(WORDS["zh"]["gb"]).fill("3.5")  # and no Enter
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_role("heading", name="Compare plans")).to_be_visible()
    visitor.settle()
    expect(page.get_by_label(WORDS["en"]["gb"])).to_have_value("3.5")
    expect(page.get_by_label("Show prices in")).to_have_value("CNY · Chinese Yuan")
    expect(page.get_by_text("Japan · 日本")).to_be_visible()
    # The next change is sent with every other field, in the words that the browser shows.
    say(visitor, WORDS["en"]["gb"], "4")
    page.wait_for_url("**gb=4**")
    for part in ("cur=CNY", "sort=per_gb", "in=JP%2Cregion%3Aoceania"):
        assert part in page.url.replace("in=JP,", "in=JP%2C").replace("region:", "region%3A")


def test_a_seller_chosen_stays_chosen_while_the_question_changes(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.goto(f"{dashboard.url}/compare?in=JP&seller=Simsima")
    say(visitor, WORDS["en"]["gb"], "2")
    page.wait_for_url("**gb=2**")
    page.get_by_text("Sort and filter").click()
    say(visitor, "Highest total", "5000")
    page.wait_for_url("**max=5000**")
    assert "seller=Simsima&" in page.url + "&"
    assert {row[WORDS["en"]["seller"]] for row in exported(page, WORDS["en"])} == {"Simsima"}


def test_the_question_stands_in_the_address_again_after_a_look_at_another_page(dashboard: Dashboard, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    page = visitor.goto(f"{dashboard.url}/compare?in=JP&gb=2")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    visitor.settle()
    page.get_by_role("link", name="Compare plans").click()
    page.wait_for_url("**in=JP**gb=2**")
    visitor.settle()
    expect(page.get_by_label(WORDS["en"]["gb"])).to_have_value("2")


def test_a_source_that_is_switched_off_is_not_asked(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]) -> None:
    opened, words = open_dashboard("switch"), WORDS["en"]
    visitor = visit("en")
    page = visitor.goto(f"{opened.url}/settings")
    page.get_by_text("PikaSim", exact=True).click()
    visitor.settle()
    visitor.goto(f"{opened.url}/compare?in=JP")
    fetch(page, words)
    assert opened.sellers["simsima"].log
    assert not opened.sellers["pikasim"].log


def test_an_unexpected_error_shows_a_code_that_is_in_the_log(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]
) -> None:
    opened = open_dashboard("broken")
    visitor = visit("en")
    page = visitor.goto(f"{opened.url}/compare?in=JP")
    with sqlite3.connect(opened.data_dir / "simkeeper.db") as database:
        database.execute("UPDATE plans SET volume = -5")
        database.execute("UPDATE catalogue_revisions SET revision = revision + 1")
    page.reload()
    alert = page.get_by_test_id("stAlert").filter(has_text="Something went wrong on this page")
    expect(alert).to_be_visible()
    code = alert.inner_text().rsplit(" ", 1)[-1]
    log = opened.log.read_text()
    assert f"code {code}" in log
    assert "Traceback" in log
    assert "Traceback" not in page.locator("body").inner_text()
