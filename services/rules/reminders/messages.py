"""What a reminder says, in both languages (``data/messages.toml``). Plain text; names that people and providers gave read as themselves,
and no service makes a link, a mention or markup of them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import cache
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reminder import Matter, Slot, Topic
from services.rules.inert import inert

IN_ONE_MESSAGE = 10
"""Reminders in one digest: with their links they stay below the 4,096 characters that Telegram takes."""
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
_NAMED_BY_MATTER = frozenset(matter.value for matter in Matter) - {
    "validity", "inactivity", "top_up_only", "wallet_fee", "arrears", "bundle", "activate_by", "recycling",
}  # fmt: skip
_INVISIBLE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in a message. ``base``: of the dashboard, without a slash at its end."""

    base: str
    acknowledge: str
    snooze: str


@dataclass(frozen=True, slots=True)
class Saying:
    """What a message needs besides its reminders. ``today``: where the person is."""

    language: str
    zone: tzinfo
    today: date


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads((Path(__file__).parent / "data" / "messages.toml").read_text(encoding="utf-8"))


def said(part: str, name: str, language: str, /, **facts: object) -> str:
    """One text of the file. Raises KeyError when it is not there."""
    return _texts()[part][name]["zh" if language == "zh" else "en"].format(**facts)


def head(topic: Topic, slot: Slot, saying: Saying) -> str:
    """The one line that says which card, and what is due when."""
    name, facts = topic.matter.value, _facts(topic, saying)
    if name not in _NAMED_BY_MATTER:
        name = "dated"
    elif name == "low_data" and topic.data is not None:
        name = "low_data_known"
    elif name == "low_money" and topic.money is not None:
        name = "low_money_known"
    return said("head", name, saying.language, **facts, days=slot.step + slot.repeat)


def details(topic: Topic, saying: Saying) -> list[str]:
    """The lines below: when it ends, what that rests on, the cheapest thing that serves."""
    lines, language, facts = [], saying.language, _facts(topic, saying)
    name = topic.matter.value
    if name not in _NAMED_BY_MATTER:
        name = "ends" if topic.last_day is None or topic.last_day >= saying.today else "ended"
    lines.append(said("detail", name, language, **facts))
    lines += [said("detail", "uncertain", language)] if topic.uncertain else []
    lines += [said("detail", "assumed", language)] if topic.assumed else []
    if topic.offer is not None:
        action = said("activity", topic.offer.what.value, language)
        price = topic.offer.price
        lines.append(
            said("detail", "way", language, action=action)
            if price is None
            else said("detail", "cheapest", language, action=action, price=money(price, language))
        )
    return lines


def checklist(topic: Topic, base: str, language: str) -> str:
    """Where to go on: the renewal, the checklist of the card, or the card itself where nothing is to be paid."""
    if topic.renewal_id is not None:
        return said("link", "checklist", language, url=f"{base}/renew?run={topic.renewal_id}")
    if topic.matter in (Matter.RETURN, Matter.LOOK_UP_FAILED):
        return said("link", "card", language, url=f"{base}/card?id={topic.card_id}")
    return said("link", "checklist", language, url=f"{base}/renew?card={topic.card_id}")


def message(items: Sequence[tuple[Topic, Slot]], links: Links, saying: Saying, part: tuple[int, int] = (1, 1)) -> tuple[str, str]:
    """Title and body for ``items``, the most urgent first: one in full, several as a digest. ``part``: of how many messages."""
    language = saying.language
    if len(items) == 1 and part == (1, 1):
        topic, slot = items[0]
        title = head(topic, slot, saying)
        lines = [*details(topic, saying), "", checklist(topic, links.base, language)]
    else:
        title = said("digest", "title", language, count=len(items), first=head(*items[0], saying))
        if part[1] > 1:
            title = said("digest", "part", language, title=title, part=part[0], parts=part[1])
        lines = []
        for number, (topic, slot) in enumerate(items, 1):
            lines += [f"{number}. {head(topic, slot, saying)}", f"   {details(topic, saying)[-1]}"]
            lines += [f"   {checklist(topic, links.base, language)}"]
        lines += ["", said("link", "all", language, url=f"{links.base}/reminders")]
    seen = "acknowledge" if len(items) == 1 else "acknowledge_all"
    lines += [said("link", seen, language, url=links.acknowledge), said("link", "snooze", language, url=links.snooze)]
    return title, "\n".join(lines)


def self_test(saying: Saying) -> tuple[str, str]:
    """The daily message that says that messages arrive."""
    language = saying.language
    return said("self_test", "title", language), said("self_test", "body", language, day=day(saying.today, language))


def day(value: date, language: str) -> str:
    return str(format_date(value, "medium", locale=LOCALES[language]))


def money(value: Money, language: str) -> str:
    return str(format_currency(value.amount, value.currency, locale=LOCALES[language]))


def volume(value: DataVolume, language: str) -> str:
    unit = DataUnit.GB if value.bytes * 2 >= DataUnit.GB.value else DataUnit.MB
    return f"{format_decimal(value.in_unit(unit), '#,##0.##', locale=LOCALES[language])} {unit.name}"


def shown(text: str) -> str:
    """A name as itself: one line, nothing invisible, nothing that becomes more than text, not too long."""
    clean = inert(" ".join(_INVISIBLE.sub(" ", text).split()))
    return clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - 1] + "…"


def _facts(topic: Topic, saying: Saying) -> dict[str, str]:
    language = saying.language
    facts = {"name": shown(topic.name)}
    if topic.what is not None:
        facts["what"] = topic.what[1 if language == "zh" else 0]
    if topic.last_day is not None:
        facts |= {"left": _left((topic.last_day - saying.today).days, language), "safe": day(topic.last_day, language)}
    if topic.until is not None:
        facts["until"] = day(topic.until.astimezone(saying.zone).date(), language)
    if topic.data is not None:
        facts["data"] = volume(topic.data, language)
    if topic.money is not None:
        facts["money"] = money(topic.money, language)
    return facts


def _left(days: int, language: str) -> str:
    if days == 0:
        return said("left", "today", language)
    name = ("one" if days == 1 else "many") if days > 0 else ("past_one" if days == -1 else "past")
    return said("left", name, language, days=abs(days))
