"""A person buys a top-up from the page, in a real browser, at an emulator on a socket whose books say what was bought."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from services.model.card import CardKind
from services.model.renewal import Begun, Channel
from services.use.auto_renew import AutoRenewDesk
from services.use.configuration import read_configuration
from services.use.connections import ConnectionDesk
from services.use.house import House, open_house
from services.use.orders import OrderDesk, new_intent_id
from services.use.renewals import RenewalDesk
from tests.browser.conftest import Dashboard, Visitor
from tests.unit.orders.till import SHOPS, account_in, add_card, cheapest

WORDS = {
    "zh": {
        "does": "购买后的变化",
        "moves": "今天购买，会从",
        "real": "要花真钱吗？",
        "wallet": "服务商账户",
        "month": "本月限额",
        "done": "下单成功，已完成",
        "proved": "余额：已按承诺变化",
        "settled": "所有订单都有了结果。",
        "unknown": "不确定是否下单成功",
        "twice": "已查询 2 次",
        "idle": "今天它不会做任何事，因为还剩",
        "dry_run": "试运行：只记下它会做什么",
        "waiting": "有 1 笔订单没有结果。",
        "used": "本月已用",
    },
    "en": {
        "does": "What this does",
        "moves": "buying today moves",
        "real": "Spend real money?",
        "wallet": "Account at the provider",
        "month": "Limit this month",
        "done": "Placed and done",
        "proved": "Balance: changed as promised",
        "settled": "Every order is settled.",
        "unknown": "Not clear whether it was placed",
        "twice": "Looked for 2 times in vain",
        "idle": "Today it would do nothing, because",
        "dry_run": "Only write down what it would do",
        "waiting": "1 order is not settled.",
        "used": "used this month",
    },
}
BOTH = pytest.mark.parametrize(("language", "width", "shows"), [("zh", "phone", "in use"), ("en", "desktop", "data used up")])


class Shop:
    """The dashboard's house beside it, as another process on the same database."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self.emulator = dashboard.sellers["esimaccess"]
        self.house: House = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(dashboard.data_dir), **dashboard.addresses}))
        self.desk = OrderDesk(self.house, "local")
        ConnectionDesk(self.house, "local").connect("esimaccess", self.emulator.credentials)

    def card(self, shows: str) -> str:
        name = "".join(letter for letter in shows if letter.isalpha())
        add_card(self.house, "esimaccess", self.emulator.cards[shows], name)
        return name

    def begin(self, card: str) -> str:
        begun = Begun(CardKind.ESIM, Channel.API, operator_name="Invented", card_id=card)
        return f"{self.dashboard.url}/renew?run={RenewalDesk(self.house, 'local').start(begun)}"

    @property
    def sold(self) -> int:
        return SHOPS["esimaccess"].sold(account_in(self.emulator))


@pytest.fixture(scope="module")
def shop(open_dashboard: Callable[..., Dashboard]) -> Iterator[Shop]:
    opened = Shop(open_dashboard("orders", ["esimaccess"]))
    yield opened
    opened.house.close()


def press(visitor: Visitor, key: str) -> None:
    visitor.page.locator(f".st-key-{key} button").first.click()
    visitor.settle()


def at_the_till(visitor: Visitor, address: str) -> Page:
    """A renewal by the provider, asked what can be bought, the question open."""
    page = visitor.goto(address)
    press(visitor, "order_ask")
    press(visitor, "order_open")
    page.get_by_role("dialog").wait_for()
    return page


@BOTH
def test_bought_with_a_double_click_it_is_bought_once_and_another_tab_buys_nothing(
    shop: Shop, visit: Callable[..., Visitor], language: str, width: str, shows: str
) -> None:
    words, visitor, other = WORDS[language], visit(language, width), visit(language, width)
    card = shop.card(shows)
    before, address = shop.sold, shop.begin(card)
    page = at_the_till(visitor, address)
    elsewhere = at_the_till(other, shop.begin(card))
    expect(page.get_by_role("heading", name=words["real"])).to_be_visible()
    for said in (words["wallet"], words["month"], words["moves"]):
        expect(page.get_by_role("dialog").get_by_text(said).first).to_be_visible()
    assert visitor.axe() == []
    assert shop.sold == before, "nothing is bought before it is confirmed"
    page.locator(".st-key-order_confirm button").dblclick()
    page.get_by_role("dialog").wait_for(state="detached")
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["done"])).to_be_visible(timeout=60_000)
    visitor.settle()
    assert shop.sold == before + 1
    visitor.goto(address)
    expect(page.get_by_text(words["proved"])).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() == 0

    elsewhere.locator(".st-key-order_confirm button").click()
    elsewhere.get_by_role("dialog").wait_for(state="detached")
    other.settle()
    expect(elsewhere.locator(".st-key-order_open button")).to_be_disabled()
    assert shop.sold == before + 1, "the other tab showed what was true before"

    visitor.goto(f"{shop.dashboard.url}/orders")
    expect(page.get_by_text(words["done"]).first).to_be_visible()
    expect(page.get_by_text(words["used"]).first).to_be_visible()


@pytest.mark.parametrize(("language", "width", "shows"), [("en", "phone", "bought, not installed"), ("zh", "desktop", "day pass in use")])
def test_an_order_whose_sender_died_is_looked_up_and_closed_by_hand(
    shop: Shop, visit: Callable[..., Visitor], language: str, width: str, shows: str
) -> None:
    words, visitor, card = WORDS[language], visit(language, width), shop.card(shows)
    offer, intent = shop.desk.offer(card), new_intent_id()
    product = cheapest(offer) if any(one.periods_from is None for one in offer.products) else offer.products[0].for_periods(1)
    shop.desk.place(offer, product, intent)
    shop.desk.store.claim(intent, "a sender that died", datetime.now(UTC) - timedelta(hours=1))
    page = visitor.goto(f"{shop.dashboard.url}/renew")
    expect(page.get_by_text(words["waiting"])).to_be_visible()
    shop.desk.look_up(intent)
    visitor.goto(f"{shop.dashboard.url}/orders")
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["unknown"])).to_be_visible()
    expect(page.locator(f".st-key-close_{intent} button")).to_be_disabled()
    press(visitor, f"look_up_{intent}")
    expect(page.get_by_text(words["twice"])).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() == 0
    page.locator(f".st-key-sure_{intent} label").click()
    visitor.settle()
    press(visitor, f"close_{intent}")
    expect(page.get_by_text(words["settled"])).to_be_visible()


@pytest.mark.parametrize(("language", "width", "shows"), [("zh", "phone", "in use")])
def test_a_rule_says_what_it_would_do_today(shop: Shop, visit: Callable[..., Visitor], language: str, width: str, shows: str) -> None:
    words, visitor, card = WORDS[language], visit(language, width), shop.card(shows)
    page = visitor.goto(f"{shop.dashboard.url}/card?id={card}&open=auto")
    press(visitor, f"auto_ask_{card}")
    page.locator(f".st-key-auto_mode_{card}").get_by_text(words["dry_run"]).click()
    page.locator(f".st-key-auto_form_{card} [data-testid=stFormSubmitButton] button, [data-testid=stFormSubmitButton] button").last.click()
    visitor.settle()
    expect(page.get_by_text(words["idle"])).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() == 0
    sold = shop.sold
    assert [decision.act.value for decision in AutoRenewDesk(shop.house, "local").run()] == ["nothing"]
    assert shop.sold == sold
