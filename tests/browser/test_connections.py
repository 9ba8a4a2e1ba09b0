"""A person connects accounts at providers, in a real browser: a wrong key, the right one, the sandbox, and away again. What was typed
as a key is found nowhere afterwards: not on the page, in the address, the console, the log or the database."""

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from services.providers.facts import facts_of
from services.providers.sandbox.faults import Fault
from tests.browser.conftest import Dashboard, Visitor, pick

ALSO = ("airalo", "esimaccess", "celitech", "esimgo", "keepgo", "reloadly", "cheaperesim")
CANARY = "CANARY-5d1f0b7e"
WORDS = {
    "zh": {
        "connect": "连接账户",
        "send": "测试并连接",
        "refused": "不接受此密钥",
        "connected": "已连接",
        "not_connected": "未连接",
        "works": "● 正常",
        "balance": "账户余额：",
        "permissions": "权限与剩余请求次数",
        "buys": "用账户余额充值",
        "left": "还剩",
        "test": "测试",
        "broken": "▲ 无法使用",
        "disconnect": "断开",
        "sure": "断开 {}？",
        "delete": "删除密钥",
        "keep": "保留",
        "leave": "退出模拟环境",
        "gone": "已断开",
        "none": "还没有连接账户",
        "try": "用模拟环境试试",
        "invented": "来自模拟环境，都是虚构的",
        "invented_mark": "虚构",
        "fill": "请填写",
        "nowhere": "密钥里不会出现的字符",
        "fault": "服务器出现故障",
    },
    "en": {
        "connect": "Connect an account",
        "send": "Test and connect",
        "refused": "does not accept this key",
        "connected": "is connected",
        "not_connected": "is not connected",
        "works": "● Works",
        "balance": "Balance of the account:",
        "permissions": "What it may do, and calls left",
        "buys": "Buy a top-up with the money of the account",
        "left": "left in",
        "test": "Test",
        "broken": "▲ Does not work",
        "disconnect": "Disconnect",
        "sure": "Disconnect {}?",
        "delete": "Delete the key",
        "keep": "Keep it",
        "leave": "Leave the sandbox",
        "gone": "is disconnected",
        "none": "No account is connected",
        "try": "Try with the sandbox",
        "invented": "come from the sandbox and are invented",
        "invented_mark": "Invented",
        "fill": "Fill in",
        "nowhere": "a character in it that no key has",
        "fault": "has a fault of its own",
    },
}
BOTH = pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])


@dataclass
class Heard:
    """Everything the browser said and fetched while a key was typed: console, addresses, what came from the server."""

    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", lambda message: self.said.append(message.text))
        page.on("request", lambda request: self.said.append(urllib.parse.unquote(request.url)))
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self.said.append(_text(frame))))


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("latin-1")


@pytest.fixture(scope="module")
def house(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return open_dashboard("connections", also=ALSO)


def fields(page: Page, provider: str) -> dict[str, Locator]:
    """The inputs of a provider's form, by the name of the credential."""
    return {each.name: page.locator(f"[class*='st-key-connect_{provider}_{each.name}_'] input") for each in facts_of(provider).credentials}


def fill(page: Page, provider: str, values: dict[str, str]) -> None:
    for name, box in fields(page, provider).items():
        box.fill(values.get(name, ""))


def press(visitor: Visitor, button: Locator) -> None:
    """When nothing of the run before is left on the page."""
    visitor.settle()
    button.click()


def connection(page: Page, provider: str) -> Locator:
    """The box of one connection: the smallest one that holds its test button."""
    return page.locator("[data-testid=stVerticalBlock]").filter(has=page.locator(f".st-key-connection_test_{provider}")).last


def of_the_machine(dashboard: Dashboard) -> bytes:
    """The log and every byte of the data directory."""
    return b"".join(path.read_bytes() for path in Path(dashboard.data_dir).rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("language", "width", "provider", "secret"),
    [("zh", "phone", "airalo", "client_secret"), ("en", "desktop", "esimaccess", "access_code")],
)
def test_a_wrong_key_then_the_right_one_then_away(
    house: Dashboard, visit: Callable[..., Visitor], language: str, width: str, provider: str, secret: str
) -> None:
    words, right, name = WORDS[language], house.sellers[provider].credentials, facts_of(provider).name
    house.sellers[provider].faults.clear()
    visitor, heard = visit(language, width), Heard()
    heard.listen(visitor.page)
    page = visitor.goto(f"{house.url}/settings")
    expect(page.get_by_text(words["none"])).to_be_visible()
    pick(page, words["connect"], name)
    expect(fields(page, provider)[secret]).to_have_attribute("type", "password")
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0

    press(visitor, page.get_by_role("button", name=words["send"]))
    expect(page.get_by_text(words["fill"])).to_be_visible()
    fill(page, provider, {**right, secret: f"{CANARY} x"})
    press(visitor, page.get_by_role("button", name=words["send"]))
    expect(page.get_by_text(words["nowhere"])).to_be_visible()
    fill(page, provider, {**right, secret: CANARY})
    press(visitor, page.get_by_role("button", name=words["send"]))
    expect(page.get_by_text(words["refused"])).to_be_visible()
    expect(page.get_by_text(words["none"])).to_be_visible()
    assert CANARY in str(house.sellers[provider].log), "it went to the provider, and nowhere else"

    fill(page, provider, right)
    press(visitor, page.get_by_role("button", name=words["send"]))
    expect(page.get_by_text(f"{name} {words['connected']}")).to_be_visible()
    expect(connection(page, provider).get_by_text(words["works"])).to_be_visible()
    expect(page.get_by_text(words["balance"])).to_be_visible()
    page.get_by_text(words["permissions"]).click()
    expect(page.get_by_text(words["buys"])).to_be_visible()
    expect(page.get_by_text(words["left"]).first).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    assert page.locator("input[type=password]").count() == 0
    for key in (CANARY, right[secret]):
        assert key not in page.content()
        assert key not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert key.encode() not in of_the_machine(house)
        assert not [said for said in heard.said if key in said]

    visitor.goto(f"{house.url}/settings")
    assert right[secret] not in page.content()
    house.sellers[provider].faults.append(Fault("status", status=500))
    press(visitor, page.get_by_role("button", name=f"{words['test']} {name}"))
    expect(connection(page, provider).get_by_text(words["broken"])).to_be_visible()
    expect(page.get_by_text(words["fault"])).to_be_visible()
    house.sellers[provider].faults.clear()
    press(visitor, page.get_by_role("button", name=f"{words['test']} {name}"))
    expect(connection(page, provider).get_by_text(words["works"])).to_be_visible()

    press(visitor, page.get_by_role("button", name=words["disconnect"]))
    expect(page.get_by_text(words["sure"].format(name))).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    press(visitor, page.get_by_role("button", name=words["keep"], exact=True))
    expect(page.get_by_text(words["sure"].format(name))).to_have_count(0)
    press(visitor, page.get_by_role("button", name=words["disconnect"]))
    press(visitor, page.get_by_role("button", name=words["delete"]))
    expect(page.get_by_text(words["gone"])).to_be_visible()
    expect(page.get_by_text(words["none"])).to_be_visible()
    assert right[secret].encode() not in of_the_machine(house)


@BOTH
def test_without_a_key_the_sandbox_is_connected_and_called_invented_on_every_page(
    house: Dashboard, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    asked = len(house.sellers["keepgo"].log)
    page = visitor.goto(f"{house.url}/settings")
    pick(page, words["connect"], "Keepgo")
    press(visitor, page.get_by_role("button", name=words["try"]))
    expect(page.get_by_text(words["invented"])).to_be_visible()
    expect(connection(page, "keepgo").get_by_text(words["invented_mark"]).first).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    for path in ("", "compare"):
        visitor.goto(f"{house.url}/{path}")
        expect(page.get_by_text(words["invented"])).to_be_visible()
    assert len(house.sellers["keepgo"].log) == asked, "nobody outside was asked"
    visitor.goto(f"{house.url}/settings")
    press(visitor, page.get_by_role("button", name=words["disconnect"]))
    press(visitor, page.get_by_role("button", name=words["leave"]))
    expect(page.get_by_text(words["gone"])).to_be_visible()
    expect(page.get_by_text(words["invented"])).to_have_count(0)


def test_every_provider_is_connected_through_its_own_address(house: Dashboard, visit: Callable[..., Visitor]) -> None:
    words, visitor = WORDS["en"], visit("en", "desktop")
    page = visitor.goto(f"{house.url}/settings")
    for provider in ALSO:
        house.sellers[provider].faults.clear()
        before = len(house.sellers[provider].log)
        pick(page, words["connect"], facts_of(provider).name)
        expect(fields(page, provider)[facts_of(provider).credentials[0].name]).to_be_visible()
        fill(page, provider, house.sellers[provider].credentials)
        press(visitor, page.get_by_role("button", name=words["send"]))
        expect(connection(page, provider).get_by_text(words["works"])).to_be_visible()
        assert len(house.sellers[provider].log) > before
    expect(page.get_by_role("combobox", name=words["connect"])).to_have_count(0)
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    for provider in ALSO:
        press(visitor, page.get_by_role("button", name=f"{words['disconnect']} {facts_of(provider).name}"))
        press(visitor, page.get_by_role("button", name=words["delete"]))
        expect(page.get_by_text(f"{facts_of(provider).name} {words['gone']}")).to_be_visible()
    machine = of_the_machine(house)
    for provider in ALSO:
        for each in facts_of(provider).credentials:
            if each.secret and (key := house.sellers[provider].credentials.get(each.name)):
                assert key.encode() not in machine, provider
