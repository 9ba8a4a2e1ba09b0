"""A person renews a card, in a real browser: choosing how, ticking, checking before paying, proving, changing the channel half-way."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from services.model.card import Card, CardKind
from services.model.money import Money
from services.model.reading import MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.renewal import Begun, Channel, Figures, Promise
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.house import open_house
from services.use.operators import operator_name
from services.use.readings import ReadingDesk
from services.use.renewals import RenewalDesk
from tests.browser.conftest import Dashboard, Visitor, pick

WORDS = {
    "zh": {
        "operator": "运营商或商家",
        "name": "名称",
        "cmhk": "中国移动香港",
        "giffgaff": "giffgaff",
        "other": "其他运营商",
        "start": "开始",
        "website": "官方网站",
        "app": "官方应用",
        "hotline": "热线或短信",
        "third_party": "第三方平台",
        "own_shop": "运营商营业厅",
        "partner_shop": "便利店或充值券",
        "api": "通过已连接的服务商",
        "steps": "已完成 {}/{} 步",
        "card": "确认是不是这张卡",
        "pay_now": "我现在付款",
        "paid": "我已付款",
        "unsure": "不确定付款是否成功",
        "failed": "失败了",
        "other_channel": "换个渠道",
        "go_on": "改用这个渠道",
        "may_arrive": "第一笔付款仍可能到账",
        "undo": "撤销：",
        "link": "付款页的网址",
        "check": "核对网址",
        "own": "运营商的官方网址",
        "bad": "不要在这里付款",
        "unknown": "未知",
        "alike": "只是看起来像",
        "country": "同一品牌的其他地区网站",
        "number": "要充值的号码或 ICCID",
        "read_back": "复核号码",
        "probably": "可能是 中国香港",
        "refund": "充值确认后不退款",
        "now": "现在卡上显示什么？",
        "compare": "与承诺对照",
        "before": "付款前：",
        "keep": "保存这些数据",
        "promised": "承诺：",
        "fixed": "有效期不变",
        "keep_promise": "保存承诺",
        "confirmed": "已确认",
        "good": "余额：已按承诺变化",
        "earlier": "以往的续费",
        "reason": "原因",
        "give_up": "放弃",
        "give_up_now": "放弃这次续费",
        "given_up": "已放弃：",
        "again": "重新开始",
        "complaint": "现正式投诉",
        "only_link": "只核对付款页",
        "dispute": "钱没有到账时",
        "not_paid": "已付：未填写",
        "not_read": "付款后还没有查过这张卡",
        "paste": "到卡的页面粘贴运营商短信",
        "newest": "使用最新查询结果",
        "other_than_promised": "卡上显示的与承诺不符",
        "down": "跳到“证明：两项变化”",
        "proof": "证明：两项变化",
        "open_card": "打开这张卡",
        "twice": "这张卡正在续费。请在上方继续",
        "not_confirmed": "未证实",
        "safe": "最后安全日：",
    },
    "en": {
        "operator": "Operator or seller",
        "name": "Its name",
        "cmhk": "China Mobile Hong Kong",
        "giffgaff": "giffgaff",
        "other": "Another operator",
        "start": "Start",
        "website": "Official website",
        "app": "Official app",
        "hotline": "Hotline or text",
        "third_party": "Third-party platform",
        "own_shop": "The operator's shop",
        "partner_shop": "Convenience store or voucher",
        "api": "Through a connected provider",
        "steps": "{} of {} steps",
        "card": "Is it the right card?",
        "pay_now": "I am paying now",
        "paid": "I have paid",
        "unsure": "I am not sure whether it went through",
        "failed": "It failed",
        "other_channel": "Another channel",
        "go_on": "Go on this way",
        "may_arrive": "The first payment may still arrive",
        "undo": "Undo: ",
        "link": "Address of the payment page",
        "check": "Check the address",
        "own": "The operator's own address",
        "bad": "Do not pay here",
        "unknown": "Not known",
        "alike": "only looks like",
        "country": "the same brand elsewhere",
        "number": "Number or ICCID to be paid",
        "read_back": "Read it back",
        "probably": "Probably Hong Kong",
        "refund": "neither refunded nor moved",
        "now": "What does the card show now?",
        "compare": "Compare with the promise",
        "before": "Before: ",
        "keep": "Keep these figures",
        "promised": "Promised: ",
        "fixed": "The date does not move",
        "keep_promise": "Keep the promise",
        "confirmed": "Confirmed",
        "good": "Balance: changed as promised",
        "earlier": "Earlier renewals",
        "reason": "Why?",
        "give_up": "Give up",
        "give_up_now": "Give this renewal up",
        "given_up": "Given up: ",
        "again": "Take it up again",
        "complaint": "This is a complaint",
        "only_link": "Only check a payment page",
        "dispute": "When the money does not arrive",
        "not_paid": "Paid: not entered",
        "not_read": "The card has not been read since you paid",
        "paste": "Paste the operator's message on the card's page",
        "newest": "Take the newest reading",
        "other_than_promised": "The card does not show what was promised",
        "down": "Down to “Proof: two changes”",
        "proof": "Proof: two changes",
        "open_card": "Open the card",
        "twice": "A renewal of this card is going on",
        "not_confirmed": "not confirmed",
        "safe": "Last safe day: ",
    },
}
BOTH = pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])
FIRST_PAYING_STEP = {
    "zh": {
        "app": "打开从官方商店安装",
        "website": "手动输入官网地址",
        "hotline": "用本卡拨打或发短信",
        "third_party": "打开平台官方应用",
        "own_shop": "带上卡、手机",
        "partner_shop": "购买完全对应该品牌",
        "api": "在服务商账户里核对",
    },
    "en": {
        "app": "Open the operator's own app",
        "website": "Type the operator's address yourself",
        "hotline": "Call or text from the card itself",
        "third_party": "Open the platform's own app",
        "own_shop": "Go to the shop",
        "partner_shop": "Buy the voucher of exactly this brand",
        "api": "Look at card, product, price and wallet",
    },
}


@pytest.fixture(scope="module")
def own(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return open_dashboard("renewals")


def begin(visitor: Visitor, url: str, words: dict[str, str], operator: str, channel: str) -> Page:
    """Start a renewal, from an operator and by a channel; the page then shows it."""
    page = visitor.goto(f"{url}/renew")
    pick(page, words["operator"], words[operator])
    if operator == "other":
        page.get_by_label(words["name"], exact=True).fill("Isle Tel")
        page.keyboard.press("Enter")
    visitor.settle()
    page.locator("[data-testid=stRadio]").last.get_by_text(words[channel], exact=True).click()
    visitor.settle()
    page.get_by_role("button", name=words["start"], exact=True).click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{16}"))
    visitor.settle()
    return page


def press(visitor: Visitor, name: str, exact: bool = True) -> None:
    visitor.page.get_by_role("button", name=name, exact=exact).first.click()
    visitor.settle()


def type_number(page: Page, key: str, value: str) -> None:
    """Type, leave the field, and see that it has taken the number: a page that still comes to rest may put a fresh field in its place."""
    field = page.locator(f"[class*='st-key-{key}'] input").first
    expect(field).to_be_editable()
    field.fill(value)
    field.press("Tab")
    expect(field).to_have_value(f"{value}.00")


def unfold(page: Page, title: str) -> None:
    page.locator("[data-testid=stExpander] summary").filter(has_text=title).first.click()


@BOTH
def test_from_an_operator_to_the_proof_and_on_another_device(
    own: Dashboard, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    page = begin(visitor, own.url, words, "cmhk", "website")
    total = page.get_by_role("checkbox").count()
    page.get_by_role("checkbox", name=words["card"]).locator("xpath=ancestor::label").click()
    expect(page.get_by_text(re.compile(words["steps"].format(1, r"\d+")))).to_be_visible()
    assert total >= 10

    page.get_by_role("textbox", name=words["number"], exact=True).fill("51234567")
    press(visitor, words["read_back"], exact=False)
    expect(page.get_by_role("heading", name=re.compile(r"\+852\s+5123\s+4567"))).to_be_visible()
    expect(page.get_by_text(words["probably"])).to_be_visible()
    expect(page.get_by_text(words["refund"]).first).to_be_visible()

    for link, said in (
        ("https://eshop.hk.chinamobile.com/prepaid", words["own"]),
        ("https://hk.chinamoblie.com/refill", words["alike"]),
        ("https://www.10086.cn/", words["country"]),
        ("https://pay.example.org/", words["unknown"]),
    ):
        page.get_by_role("textbox", name=words["link"], exact=True).fill(link)
        press(visitor, words["check"], exact=False)
        expect(page.locator("[data-testid=stAlert]").filter(has_text=said)).to_be_visible()

    unfold(page, words["before"])
    type_number(page, "before_amount", "12")
    press(visitor, words["keep"])
    unfold(page, words["promised"])
    type_number(page, "promise_amount", "50")
    page.get_by_text(words["fixed"], exact=True).click()
    expect(page.get_by_role("checkbox", name=words["fixed"])).to_be_checked()
    press(visitor, words["keep_promise"])
    expect(page.get_by_text(re.compile(f"^{words['promised']}.*50"))).to_be_visible()
    press(visitor, words["pay_now"])
    press(visitor, words["paid"])
    expect(page.get_by_text(words["not_paid"], exact=True)).to_be_visible()

    other = visit(language, "desktop")
    elsewhere = other.goto(page.url)
    expect(elsewhere.get_by_text(re.compile(words["steps"].format(1, r"\d+")))).to_be_visible()
    type_number(elsewhere, "after_amount", "62")
    press(other, words["compare"])
    expect(elsewhere.get_by_text(words["good"])).to_be_visible()
    expect(elsewhere.locator("[data-testid=stAlert]").filter(has_text=words["confirmed"])).to_be_visible()

    visitor.goto(f"{own.url}/renew")
    expect(page.get_by_role("heading", name=words["earlier"])).to_be_visible()
    assert visitor.sideways() == 0


@BOTH
def test_a_proof_that_contradicts_and_the_one_that_moves_the_clock_of_the_card(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, own, visitor = WORDS[language], open_dashboard(f"proof-{language}"), visit(language, width)
    page = visitor.goto(f"{own.url}/renew")
    expect(page.get_by_text(words["not_confirmed"])).to_have_count(0)  # nobody has said yet which operator it is

    now = datetime.now(UTC)
    house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(own.data_dir)}))
    CardDesk(house, "local").add(Card("c1", "Home", CardKind.SIM, operator="value_gb", country="HK"))
    shown, until = Figures(Money.of(12, "HKD"), now.date() + timedelta(30)), now.date() + timedelta(365)
    before = (Validity(ValidityKind.NUMBER, now.date() + timedelta(30)),)
    ReadingDesk(house, "local").record(Reading("c1", Source.TYPED, now, money=(MoneyBalance(Money.of(12, "HKD")),), validity=before))
    desk = RenewalDesk(house, "local")
    renewal = desk.start(Begun(CardKind.SIM, Channel.WEBSITE, operator="value_gb", card_id="c1"), shown)
    desk.promised(renewal, Promise(Money.of(50, "HKD"), until))
    visitor.goto(f"{own.url}/renew?card=c1")
    expect(page.get_by_text(words["twice"])).to_be_visible()

    visitor.goto(f"{own.url}/renew?run={renewal}")
    press(visitor, words["pay_now"])
    press(visitor, words["paid"])
    expect(page.get_by_text(words["not_read"])).to_be_visible()
    expect(page.get_by_text(words["not_paid"], exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=words["newest"])).to_have_count(0)
    expect(page.get_by_role("link", name=words["paste"])).to_have_attribute("href", re.compile("id=c1.*open=paste"))
    type_number(page, "after_amount", "12")
    press(visitor, words["compare"])
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["other_than_promised"])).to_be_visible()
    desk.paid(renewal, Money.of(50, "HKD"), "T-1")
    visitor.goto(f"{own.url}/renew?run={renewal}")
    page.get_by_role("link", name=words["down"]).click()
    expect(page.get_by_role("heading", name=words["proof"])).to_be_in_viewport()
    assert f"run={renewal}" in page.url
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() == 0

    after = (Validity(ValidityKind.NUMBER, until),)
    ReadingDesk(house, "local").record(
        Reading("c1", Source.PASTED, datetime.now(UTC), money=(MoneyBalance(Money.of(62, "HKD")),), validity=after)
    )
    house.close()
    visitor.goto(f"{own.url}/renew?run={renewal}")
    press(visitor, words["newest"], exact=False)
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["confirmed"])).to_be_visible()
    expect(page.get_by_text(words["safe"])).to_contain_text(str((until - timedelta(1)).year))
    expect(page.get_by_role("link", name=words["open_card"])).to_be_visible()
    unfold(page, words["now"])
    expect(page.locator("[class*='st-key-after_amount'] input").first).to_have_value("62.00")


@BOTH
def test_a_channel_that_fails_gives_way_to_the_next_and_nobody_pays_twice(
    own: Dashboard, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    page = begin(visitor, own.url, words, "giffgaff", "website")
    page.get_by_role("checkbox", name=words["card"]).locator("xpath=ancestor::label").click()
    visitor.settle()
    press(visitor, words["pay_now"])
    press(visitor, words["unsure"])
    unfold(page, words["other_channel"])
    expect(page.get_by_text(words["may_arrive"])).to_be_visible()
    unfold(page, words["dispute"])
    expect(page.get_by_text(words["complaint"])).to_be_visible()
    expect(page.get_by_text("CISAS").first).to_be_visible()
    press(visitor, words["failed"])
    press(visitor, words["go_on"])
    expect(page.get_by_text(FIRST_PAYING_STEP[language]["app"]).first).to_be_visible()
    expect(page.get_by_text(re.compile(words["steps"].format(1, r"\d+")))).to_be_visible()
    press(visitor, words["undo"], exact=False)
    expect(page.get_by_text(FIRST_PAYING_STEP[language]["website"]).first).to_be_visible()
    unfold(page, words["give_up"])
    page.get_by_label(words["reason"], exact=True).fill("Bought another <b>card</b>")
    page.keyboard.press("Enter")
    visitor.settle()
    press(visitor, words["give_up_now"])
    expect(page.get_by_text(words["given_up"] + "Bought another <b>card</b>").first).to_be_visible()
    press(visitor, words["again"])
    expect(page.get_by_role("checkbox", name=words["card"])).to_be_checked()


@pytest.mark.parametrize(
    ("language", "width", "operator"),
    [("zh", "phone", None), ("en", "desktop", "giffgaff"), ("zh", "desktop", "china_mobile"), ("en", "phone", None)],
)
def test_every_channel_leads_through_its_own_steps(
    own: Dashboard, visit: Callable[..., Visitor], language: str, width: str, operator: str | None
) -> None:
    visitor = visit(language, width)
    page = visitor.page
    house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(own.data_dir)}))
    desk = RenewalDesk(house, "local")
    started = {channel: desk.start(Begun(CardKind.SIM, channel, operator=operator, operator_name="Isle <Tel>")) for channel in Channel}
    house.close()
    for channel, renewal in started.items():
        visitor.goto(f"{own.url}/renew?run={renewal}")
        expect(page.get_by_text(FIRST_PAYING_STEP[language][channel.value]).first).to_be_visible()
        expect(page.get_by_role("heading", name=operator_name(operator, language) if operator else "Isle <Tel>")).to_be_visible()
        assert visitor.sideways() == 0
    assert visitor.axe() == []


def test_the_page_can_be_used_by_everybody(own: Dashboard, visit: Callable[..., Visitor]) -> None:
    words, visitor = WORDS["zh"], visit("zh", "phone", dark=True)
    page = visitor.goto(f"{own.url}/renew")
    assert visitor.axe() == []
    unfold(page, words["only_link"])
    page.get_by_role("textbox", name=words["link"], exact=True).fill("https://www.l0086.cn/")
    press(visitor, words["check"], exact=False)
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["bad"])).to_be_visible()
    assert visitor.axe() == []
    begin(visitor, own.url, words, "giffgaff", "app")
    for summary in page.locator("[data-testid=stExpander] summary").all():
        summary.click()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() == 0
    # A thumb: whatever is pressed is at least 24 px high (WCAG 2.2), and the step's whole text can be pressed.
    for label in page.locator("[data-testid=stCheckbox] label").all():
        box = label.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        assert box["x"] + box["width"] <= 390
