"""The words of reminders: complete in both languages, with the same placeholders, and short enough for every channel."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from services.model.clock import Activity, Confidence, Offer
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reminder import Matter, Slot, Topic
from services.model.tri import Tri
from services.rules.reminders import messages
from services.rules.reminders.messages import IN_ONE_MESSAGE, Links, Saying
from tests.conftest import ROOT

TEXTS = tomllib.loads((ROOT / "services" / "rules" / "reminders" / "data" / "messages.toml").read_text("utf-8"))
LINKS = Links("https://cards.example.org", "https://cards.example.org/remind/" + "a" * 240, "https://cards.example.org/remind/" + "b" * 240)


def entries() -> Iterator[tuple[str, dict[str, str]]]:
    for part, texts in TEXTS.items():
        for name, text in texts.items():
            yield f"{part}.{name}", text


def topic(matter: Matter, number: int = 1, **facts: object) -> Topic:
    dated: dict[str, object] = {"last_day": date(2026, 12, 3), "until": datetime(2026, 12, 4, tzinfo=UTC)}
    given = {"what": ("Number", "号码"), **dated, **facts}
    return Topic(f"card{number}/x", matter, f"card{number}", f"Card number {number}", "e", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "text"), entries())
def test_both_languages_say_the_same_with_the_same_placeholders(name: str, text: dict[str, str]) -> None:
    assert set(text) == {"en", "zh"}
    assert re.search("[\u4e00-\u9fff]", text["zh"]), name
    assert not re.search("[\u4e00-\u9fff]", text["en"]), name
    assert sorted(re.findall(r"\{\w+\}", text["en"])) == sorted(re.findall(r"\{\w+\}", text["zh"])), name
    assert not re.search("[!！]", text["en"] + text["zh"]), name


def test_every_activity_has_its_words() -> None:
    assert set(TEXTS["activity"]) == {activity.value for activity in Activity}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("matter", list(Matter))
def test_every_matter_can_be_said(matter: Matter, language: str) -> None:
    offer = Offer(Activity.SMS_OUT, Money.of("0.30", "GBP"), Tri.NO, None, Confidence.HIGH)
    said = topic(matter, offer=offer, data=DataVolume.of(300, DataUnit.MB), money=Money.of(2, "GBP"), assumed=True, uncertain=True)
    title, body = messages.message([(said, Slot(-5, 0, 0))], LINKS, Saying(language, UTC, date(2026, 11, 28)))
    assert "Card number 1" in title
    assert "{" not in title + body
    assert "None" not in title + body


@pytest.mark.parametrize(
    ("today", "en", "zh"),
    [
        (date(2026, 11, 28), "5 days left", "还剩 5 天"),
        (date(2026, 12, 2), "1 day left", "还剩 1 天"),
        (date(2026, 12, 3), "today is the last safe day", "今天是最后安全日"),
        (date(2026, 12, 4), "1 day too late", "已超过 1 天"),
        (date(2026, 12, 9), "6 days too late", "已超过 6 天"),
    ],
)
def test_how_much_time_is_left(today: date, en: str, zh: str) -> None:
    for language, words in (("en", en), ("zh", zh)):
        assert words in messages.head(topic(Matter.VALIDITY), Slot(-5, 0, 0), Saying(language, UTC, today))


def test_a_date_that_has_passed_is_not_said_to_come() -> None:
    lines = messages.details(topic(Matter.VALIDITY), Saying("en", UTC, date(2026, 12, 9)))
    assert "ended on Dec 4, 2026" in lines[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_longest_digest_fits_into_every_channel(language: str) -> None:
    offer = Offer(Activity.FREE_NUMBER, Money.of("9999.99", "GBP"), Tri.NO, None, Confidence.HIGH)
    items = [(topic(Matter.REFUND, number, what=("w" * 90, "长" * 60), offer=offer), Slot(-5, 0, 0)) for number in range(IN_ONE_MESSAGE)]
    title, body = messages.message(items, LINKS, Saying(language, UTC, date(2026, 11, 28)), (1, 2))
    assert len(title) + len(body) < 4_096
    assert body.count("/remind/") == 2


def test_small_and_large_amounts_of_data() -> None:
    assert messages.volume(DataVolume.of(300, DataUnit.MB), "en") == "300 MB"
    assert messages.volume(DataVolume.of("1.25", DataUnit.GB), "zh") == "1.25 GB"
    assert messages.volume(DataVolume(0), "en") == "0 MB"
