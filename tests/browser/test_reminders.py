"""A person is reminded: a message leaves through a real channel, its links are followed in a real browser, the page answers, and shows what
is due, what comes next and what was sent. A dashboard sends by itself, without anybody's browser."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from services.model.card import Card, CardKind, CardSecrets
from services.model.reading import Reading, Source, Validity, ValidityKind
from services.model.reminder import Habits
from services.use import worker
from services.use.cards import CardDesk
from services.use.channels import ChannelDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.reminders import ReminderDesk
from tests.browser.conftest import Dashboard, Visitor
from tests.unit.channels.receivers import Receiver, http_receiver

WORDS = {
    "zh": {
        "due": "现在要处理",
        "left": "还剩",
        "nothing": "没有要处理的提醒",
        "seen": "知道了：Dad's UK number",
        "tomorrow": "明天再提醒：",
        "ran": "提醒上次运行：",
        "do": "知道了",
        "done": "已记下，不再重复",
        "used": "已经用过",
        "log": "发送记录",
        "sent": "已发送",
        "keep": "保存设置",
        "days": "各类提醒的天数",
        "field": "有效期 (提前天数)",
        "wrong": "以下内容无法识别：有效期",
        "kept": "已保存",
        "one": "单独设置某张卡",
        "silent": "这张卡不提醒",
    },
    "en": {
        "due": "Due now",
        "left": "days left",
        "nothing": "Nothing is due.",
        "seen": "Seen: Dad's UK number",
        "tomorrow": "Again tomorrow: ",
        "ran": "Reminders last ran ",
        "do": "I have seen this",
        "done": "Noted. It is not repeated.",
        "used": "This link was used before",
        "log": "What was sent",
        "sent": "● sent",
        "keep": "Keep this",
        "days": "Days for each kind of reminder",
        "field": "Valid until a date (days before)",
        "wrong": "This cannot be read: Valid until a date",
        "kept": "Kept.",
        "one": "Other days for one card",
        "silent": "No reminders for this card",
        "not_sent": "Nothing is sent: there is no channel",
        "next_run": "Is sent with the next run",
    },
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as opened:
        yield opened


def opened(dashboard: Dashboard) -> House:
    return open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(dashboard.data_dir), "SIMKEEPER_BASE_URL": dashboard.url}))


def furnish(house: House, receiver: Receiver, language: str) -> None:
    """Two cards, of which one has six days to go, and one channel."""
    now = datetime.now(UTC)
    ReminderDesk(house, "local").keep_habits(Habits(zone="Asia/Shanghai", quiet=None))
    for name, nickname, days in (("home", "Dad's UK number", 6), ("later", "Bank codes", 90)):
        CardDesk(house, "local").add(Card(name, nickname, CardKind.SIM, "vodafone_uk"), CardSecrets())
        end = (Validity(ValidityKind.UNSPECIFIED, now.date() + timedelta(days=days)),)
        ReadingDesk(house, "local").record(Reading(name, Source.TYPED, now, validity=end))
    ChannelDesk(house, "local").add("ntfy", "Phone", language, {"server": receiver.url, "topic": "sims"})


@pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])
def test_from_the_message_to_the_answer(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], receiver: Receiver, language: str, width: str
) -> None:
    words, dashboard = WORDS[language], open_dashboard(f"reminders-{language}")
    house = opened(dashboard)
    furnish(house, receiver, language)
    worker.run_once(house, "test")
    house.close()
    assert len(receiver.calls) == 1
    message = receiver.calls[0].body.decode("unicode_escape")
    assert f"{dashboard.url}/renew?card=home" in message
    seen = re.findall(r"http://[\d.:]+/remind/[\w-]+", message)[0]

    visitor = visit(language, width)
    page = visitor.goto(f"{dashboard.url}/reminders")
    expect(page.get_by_text(words["ran"])).to_be_visible()
    expect(page.get_by_role("heading", name=words["due"])).to_be_visible()
    expect(page.get_by_text(words["left"]).first).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    for folded in (words["days"], words["one"], words["log"]):
        page.locator("[data-testid=stExpander] summary").filter(has_text=folded).click()
        visitor.settle()
    expect(page.get_by_text(words["sent"]).first).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0

    # What cannot be read is said, and what was typed stays.
    field = page.get_by_label(words["field"], exact=True).first
    field.fill("ten days")
    page.get_by_role("button", name=words["keep"]).first.click()
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    expect(field).to_have_value("ten days")
    field.fill("20, 3")
    page.get_by_role("button", name=words["keep"]).first.click()
    expect(page.get_by_text(words["kept"]).first).to_be_visible()

    page.goto(seen)
    expect(page.get_by_role("button", name=words["do"])).to_be_visible()
    assert visitor.axe() == []
    visitor.goto(f"{dashboard.url}/reminders")
    expect(page.get_by_role("button", name=words["seen"])).to_be_visible()  # looking did no harm
    page.goto(seen)
    page.get_by_role("button", name=words["do"]).click()
    expect(page.get_by_text(words["done"])).to_be_visible()
    assert visitor.axe() == []
    visitor.goto(f"{dashboard.url}/reminders")
    expect(page.get_by_text(words["nothing"])).to_be_visible()
    visitor.goto(dashboard.url)
    expect(page.get_by_text(words["ran"])).to_be_visible()


def test_answers_on_the_page_itself(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], receiver: Receiver) -> None:
    words, dashboard = WORDS["en"], open_dashboard("answers")
    house = opened(dashboard)
    furnish(house, receiver, "en")
    (channel,) = ChannelDesk(house, "local").channels()
    ChannelDesk(house, "local").switch(channel.channel_id, False)
    visitor = visit("en", "phone")
    page = visitor.goto(f"{dashboard.url}/reminders")
    expect(page.get_by_text(words["not_sent"])).to_be_visible()
    expect(page.get_by_text(words["next_run"])).to_have_count(0)
    ChannelDesk(house, "local").switch(channel.channel_id, True)
    house.close()
    visitor.goto(f"{dashboard.url}/reminders")
    expect(page.get_by_text(words["next_run"])).to_be_visible()
    expect(page.get_by_text(words["not_sent"])).to_have_count(0)
    page.get_by_role("button", name=words["tomorrow"]).click()
    visitor.settle()
    expect(page.get_by_text(words["nothing"])).to_be_visible()
    expect(page.get_by_text("snoozed")).to_be_visible()
    page.locator("[data-testid=stExpander] summary").filter(has_text=words["one"]).click()
    visitor.settle()
    page.get_by_text(words["silent"]).click()
    page.get_by_role("button", name=words["keep"]).last.click()
    visitor.settle()
    expect(page.get_by_text(words["kept"]).first).to_be_visible()


def test_a_dashboard_sends_without_anybodys_browser(open_dashboard: Callable[..., Dashboard], receiver: Receiver) -> None:
    """Its own thread runs soon after the start; the message arrives while no page is open."""
    dashboard = open_dashboard("alone", environment={"SIMKEEPER_WORKER": "on"})
    house = opened(dashboard)
    furnish(house, receiver, "en")
    house.close()
    end = time.monotonic() + 120
    while not receiver.calls and time.monotonic() < end:
        time.sleep(0.2)
    assert len(receiver.calls) == 1
    assert "Dad's UK number" in receiver.calls[0].body.decode("unicode_escape")
