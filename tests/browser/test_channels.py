"""A person sets up where reminders are sent, in a real browser, with a real mail server and a real HTTP receiver at the other end: a wrong
value, a channel that fails, one that works, changed, put in charge, removed. What was entered as a secret is found nowhere afterwards."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Dashboard, Visitor, pick
from tests.browser.test_connections import of_the_machine, press
from tests.unit.channels.receivers import Mailbox, Receiver, http_receiver, mail_server

CANARY = "CANARY5d1f0b7e"
WORDS = {
    "zh": {
        "none": "还没有渠道",
        "add": "添加渠道",
        "mail": "电子邮件",
        "save": "保存并发送测试消息",
        "shape": "格式不对",
        "fill_topic": "请填写“主题（Topic）”",
        "refused": "不接受此密钥或密码",
        "broken": "▲ 无法使用",
        "works": "● 正常",
        "subject": "测试消息",
        "test": "测试“{}”",
        "settings": "“{}”的设置",
        "fallback": "某个渠道发送失败时，改用",
        "serves": "备用渠道",
        "off": "停用“{}”",
        "is_off": "– 已停用",
        "remove": "删除“{}”",
        "sure": "删除“{}”？",
        "yes": "删除",
        "gone": "已删除“{}”",
        "none_security": "不加密：仅限自己网络内的服务器",
        "security": "加密方式",
    },
    "en": {
        "none": "No channel yet",
        "add": "Add a channel",
        "mail": "E-mail",
        "save": "Save and send a test",
        "shape": "does not look as it should",
        "fill_topic": "Fill in “Topic”",
        "refused": "does not accept the key or password",
        "broken": "▲ Does not work",
        "works": "● Works",
        "subject": "test message",
        "test": "Test {}",
        "settings": "Settings of {}",
        "fallback": "When a channel fails, send through",
        "serves": "Used when another fails",
        "off": "Switch {} off",
        "is_off": "– Switched off",
        "remove": "Remove {}",
        "sure": "Remove {}?",
        "yes": "Remove it",
        "gone": "{} is removed",
        "none_security": "None: only for a server on your own network",
        "security": "Secure connection",
    },
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as opened:
        yield opened


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as opened:
        yield opened


def field(page: Page, name: str) -> Locator:
    """The one input that is asked for ``name`` in the form of a new channel."""
    return page.locator(f"[class*='st-key-channel_new_'][class*='_{name}'] input")


def box(page: Page, name: str) -> Locator:
    """The box of one channel."""
    return page.locator("[data-testid=stVerticalBlock]").filter(has=page.get_by_role("button", name=name)).last


@pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])
def test_channels_from_the_first_to_the_last(
    open_dashboard: Callable[..., Dashboard],
    visit: Callable[..., Visitor],
    receiver: Receiver,
    mailbox: Mailbox,
    language: str,
    width: str,
) -> None:
    words, house = WORDS[language], open_dashboard(f"channels-{language}")
    visitor = visit(language, width)
    page = visitor.goto(f"{house.url}/reminders")
    expect(page.get_by_text(words["none"])).to_be_visible()

    pick(page, words["add"], "ntfy")
    expect(field(page, "topic")).to_have_attribute("type", "password")
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    field(page, "server").fill(receiver.url)
    field(page, "its_name").fill("Phone")
    press(visitor, page.get_by_role("button", name=words["save"]))
    expect(page.get_by_text(words["fill_topic"])).to_be_visible()
    field(page, "topic").fill("not a topic")
    press(visitor, page.get_by_role("button", name=words["save"]))
    expect(page.get_by_text(words["shape"])).to_be_visible()
    expect(field(page, "server")).to_have_value(receiver.url)
    receiver.status = 401
    field(page, "topic").fill(CANARY)
    press(visitor, page.get_by_role("button", name=words["save"]))
    expect(page.get_by_text(words["refused"])).to_be_visible()
    expect(page.get_by_text(words["broken"])).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    receiver.status = 200
    press(visitor, page.get_by_role("button", name=words["test"].format("Phone")))
    expect(page.get_by_text(words["works"])).to_be_visible()
    assert CANARY.encode() in receiver.calls[-1].body
    assert words["subject"] in receiver.calls[-1].body.decode("unicode_escape")

    visitor.settle()
    pick(page, words["add"], words["mail"])
    for name, value in {
        "to": "me@example.org",
        "server": "127.0.0.1",
        "port": str(mailbox.port),
        "sender": "cards@example.com",
        "its_name": "Letter",
    }.items():
        field(page, name).fill(value)
    visitor.settle()
    pick(page, words["security"], words["none_security"])
    press(visitor, page.get_by_role("button", name=words["save"]))
    expect(page.get_by_text(words["works"])).to_have_count(2)
    assert words["subject"] in mailbox.mails[0]["Subject"]

    visitor.settle()
    pick(page, words["fallback"], "Letter")
    expect(page.get_by_text(words["serves"])).to_be_visible()
    visitor.settle()
    page.get_by_text(words["settings"].format("Phone")).click()
    expect(page.locator("[class*='_topic'] input[type=password]")).to_have_value("")
    press(visitor, page.get_by_role("button", name=words["off"].format("Phone")))
    expect(page.get_by_text(words["is_off"])).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    press(visitor, page.get_by_role("button", name=words["remove"].format("Phone")))
    expect(page.get_by_text(words["sure"].format("Phone"))).to_be_visible()
    press(visitor, page.get_by_role("button", name=words["yes"], exact=True))
    expect(page.get_by_text(words["gone"].format("Phone"))).to_be_visible()

    visitor.goto(f"{house.url}/reminders")
    expect(page.get_by_role("button", name=words["test"].format("Letter"))).to_be_visible()
    assert CANARY not in page.content()
    assert CANARY.encode() not in of_the_machine(house)
