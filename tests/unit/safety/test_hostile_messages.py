"""The hostile corpus in reminders and in the calendar feed: nothing of it becomes a link, markup, a line or a header of its own.

The judges share nothing with what writes: a Markdown parser, the HTML entities of the standard library, a calendar parser, and a reader of
addresses made for this. What is delivered goes through a real mail server.
"""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from markdown_it import MarkdownIt

from services.channels.kinds import address, kinds
from services.channels.post import deliver
from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.model.reminder import Matter, Slot, Topic
from services.model.saved_trip import SavedTrip, Step, StepKind
from services.rules.reminders.messages import Links, Saying, message
from services.store.trips import TripStore
from services.use.calendar_feed import CalendarFeeds, written
from services.use.house import House, house
from tests.hostile.household import corpus, every_text, furnish
from tests.unit.channels.receivers import mail_server
from ui.calendar_feed import Words
from ui.language import speaking

TODAY = date(2026, 11, 28)
BASE = "https://sim.example"
LINKS = Links(BASE, f"{BASE}/remind/seen", f"{BASE}/remind/later")
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
INLINE = {"text", "softbreak", "hardbreak"}
ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]*:/|\bwww\.|[\w.+-]+@\w|\w\.(?=[a-z])|\\\\|(javascript|vbscript|data|mailto|tel):\w")
MENTION = re.compile(r"(?<!\S)[@#/$]\w")
HIDDEN = re.compile("[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def reminder(name: str, number: int = 0) -> tuple[Topic, Slot]:
    until = datetime(2026, 12, 4, tzinfo=UTC)
    what = "Number", "号码"
    return Topic(f"c{number}/x", Matter.VALIDITY, f"c{number}", name, "e", until.date(), what=what, until=until), Slot(-5, 0, 0)


def said(language: str, *names: str) -> tuple[str, str]:
    return message([reminder(name, number) for number, name in enumerate(names)], LINKS, Saying(language, UTC, TODAY))


def alive(text: str) -> list[str]:
    """What a mail program, a messenger or a renderer of Markdown would make of ``text`` besides text. Our own links are taken out."""
    ours = re.sub(rf"{re.escape(BASE)}/[\w?=/]*", "", text)
    found = [token[0] for what in (ADDRESS, MENTION) for token in what.finditer(ours)]
    found += [f"entity {text[:40]!r}"] if html.unescape(text) != text else []
    found += [inner.type for token in PARSER.parse(text) for inner in token.children or [] if inner.type not in INLINE]
    return found + [token.type for token in PARSER.parse(text) if token.type in ("html_block", "fence", "table_open", "heading_open")]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", list(corpus()))
def test_no_name_of_a_card_is_more_than_a_name_in_a_message(kind: str, language: str) -> None:
    _, harmless = said(language, "Home")
    _, harmless_two = said(language, "Home", "Home")
    for text in corpus()[kind]:
        for (title, body), lines in ((said(language, text), harmless), (said(language, text, text), harmless_two)):
            assert alive(title) == [], text[:80]
            assert alive(body) == [], text[:80]
            assert "\n" not in title
            assert body.count("\n") == lines.count("\n"), "no line of its own"
            assert not HIDDEN.search(title + body), text[:80]
            assert len(title) < 200


def test_the_judge_can_tell() -> None:
    assert len([text for text in every_text() if alive(text[:300])]) > 120
    for text in ("see evil.example", "[x](https://evil.example)", "*x*", "&lt;b&gt;", "a@b.example", "@everyone", "javascript:alert(1)"):
        assert alive(text), text


def test_a_name_that_nobody_meant_ill_by_reads_as_it_was_typed() -> None:
    for name in ("妈妈的号码", "Mum's card (UK), 1.5 GB - no. 2!", "50% off + tax = £3.00"):
        title, _ = said("en", name)
        assert title.startswith(f"{name}: ")


def test_mails_of_such_names_have_the_headers_of_any_mail() -> None:
    with mail_server() as mailbox:
        given = {
            "server": "127.0.0.1", "security": "insecure", "sender": "me@example.org", "to": "me@example.org",
            "port": str(mailbox.port),
        }  # fmt: skip
        to = address(kinds()["mail"], given)
        nasty = [text for text in every_text() if re.search(r"[\r\n\u0085\u2028]", text)] + ["x\r\nBcc: you@evil.example", "=?utf-8?q?x?="]
        for text in ("Home", *nasty):
            assert deliver(to, *said("en", text)).ok
        plain, *others = mailbox.mails
        assert len(others) == len(nasty) > 4
        for mail in others:
            assert set(mail.keys()) == set(plain.keys())
            assert (mail["To"], mail["From"], mail.is_multipart()) == (plain["To"], plain["From"], plain.is_multipart())
        assert set(mailbox.recipients) == {"me@example.org"}


# ------------------------------------------------------------------------------------------------------------------- the calendar

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
PROPERTY = re.compile(r"[A-Z-]+(;[A-Z-]+=[\w\"/+-]+)*:")


def parts(content: bytes) -> Iterator[tuple[str, str]]:
    """Every line of a calendar, unfolded, as name and value."""
    assert content.endswith(b"\r\n")
    for line in content.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        assert PROPERTY.match(line), line[:80]
        assert not HIDDEN.search(line), line[:80]
        yield line.split(":", 1)[0].split(";")[0], line.split(":", 1)[1]


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


@pytest.fixture
def hostile(own_house: object) -> House:
    furnish(house())
    steps = [Step(f"s{number}", StepKind.BUY, TODAY, what=text, url=text) for number, text in enumerate(every_text())]
    trips = [SavedTrip(f"t{number}", text[:80], (), NOW, tuple(steps[number::6])) for number, text in enumerate(corpus()["links"][:6])]
    for trip in trips:
        TripStore(house().database, "local").put(trip)
    return house()


def test_the_calendar_of_a_hostile_household_holds_its_own_lines_alone(hostile: House) -> None:
    with speaking("zh"):
        content = CalendarFeeds(hostile, "local", lambda: NOW).file("zh", "Asia/Shanghai", Words()).content
    events = vobject.readOne(content.decode()).vevent_list
    assert len(events) > len(every_text())
    names: dict[str, int] = {}
    for name, value in parts(content):
        names[name] = names.get(name, 0) + 1
        if name in ("SUMMARY", "DESCRIPTION"):
            assert "<" not in value
            assert not ADDRESS.search(unescaped(value)), value[:80]
        if name == "URL":
            assert value.startswith("https://")
    assert names["UID"] == names["DTSTAMP"] == names["SUMMARY"] == len(events)
    assert set(names) <= {
        "BEGIN", "END", "COMMENT", "PRODID", "VERSION", "CALSCALE", "METHOD", "NAME", "X-WR-CALNAME", "X-WR-TIMEZONE", "REFRESH-INTERVAL",
        "X-PUBLISHED-TTL", "TZID", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO", "DTSTART", "DTEND", "UID", "DTSTAMP", "LAST-MODIFIED",
        "SEQUENCE",
        "TRANSP", "CLASS", "STATUS", "SUMMARY", "DESCRIPTION", "URL", "ACTION", "TRIGGER", "RRULE", "RDATE",
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(corpus()))
def test_every_text_as_every_part_of_an_entry(kind: str) -> None:
    texts = corpus()[kind]
    entries = [
        PublishedEntry(CalendarEntry(f"e{number}", TODAY, text, text, lead_days=(1,)), 0, NOW - timedelta(days=1))
        for number, text in enumerate(texts)
    ]
    content = written(entries, Words(), ZoneInfo("Asia/Shanghai").key)
    assert len(vobject.readOne(content.decode()).vevent_list) == len(texts)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    for name, value in parts(content):
        if name in ("SUMMARY", "DESCRIPTION"):
            assert "<" not in value
            assert not ADDRESS.search(unescaped(value)), value[:80]
