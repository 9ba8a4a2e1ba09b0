"""The calendar for other programs, read by a parser that shares no code with what wrote it; and its secret address."""

import asyncio
import contextvars
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import vobject
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Route

from services.model.card import Card, CardKind, CardSecrets
from services.model.clock import Activity, CardEvent, EventKind
from services.model.reminder import Habits, Matter
from services.model.renewal import Begun, Channel, RenewalStatus
from services.model.saved_trip import SavedTrip, Step, StepKind
from services.store.acting import Actor, NotAllowed, act_as
from services.store.reminders import ReminderStore
from services.store.tables import calendar_entries, calendar_feeds
from services.store.trips import TripStore
from services.use.calendar_feed import CalendarFeeds, CalendarFile
from services.use.cards import CardDesk
from services.use.clocks import ClockDesk
from services.use.house import House, house, leave_house
from services.use.renewals import RenewalDesk
from ui.calendar_feed import Words, calendar_file
from ui.language import speaking
from ui.web import CALENDAR, SecretAddresses, calendar

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LONG = "妈妈的香港卡，每年都要记得充值一次，不然号码就没有了，还有银行的验证码；also =1+1, <b>x</b>"
SHANGHAI = "Asia/Shanghai"


@pytest.fixture
def ours(own_house: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """On each engine in turn."""
    monkeypatch.setenv("SIMKEEPER_DATABASE_URL", database_url)
    leave_house()
    yield house()
    leave_house()


def add(ours: House, name: str, nickname: str = "", used: date | None = date(2026, 11, 1), **facts: Any) -> None:
    card = Card(name, nickname or name, CardKind.SIM, "asda_mobile", first_used_on=used, **facts)
    CardDesk(ours, "local").add(card, CardSecrets())


def made(ours: House, now: datetime = NOW, spoken: str = "zh", zone: str = SHANGHAI) -> CalendarFile:
    with speaking(spoken):
        return CalendarFeeds(ours, "local", lambda: now).file(spoken, zone, Words())


def events(file: CalendarFile) -> dict[str, Any]:
    parsed = vobject.readOne(file.content.decode())
    parsed.validate()
    return {event.uid.value: event for event in getattr(parsed, "vevent_list", [])}


def last_safe_day(ours: House, name: str, zone: str = SHANGHAI, now: datetime = NOW) -> date:
    clocks = ClockDesk(ours, "local", lambda: now.astimezone(ZoneInfo(zone))).of_card(name)
    assert clocks is not None
    found = clocks.states[0].latest_safe_day
    assert found is not None
    return found


@pytest.mark.parametrize("spoken", ["zh", "en"])
def test_every_clock_is_an_entry_with_its_reminders(ours: House, spoken: str) -> None:
    add(ours, "c1", "Home")
    ReminderStore(ours.database, "local").keep_habits(Habits(ladders={Matter.TOP_UP_ONLY: (10, 1)}))
    (event,) = events(made(ours, spoken=spoken)).values()
    day = last_safe_day(ours, "c1")
    assert (event.dtstart.value, event.dtend.value) == (day, day + timedelta(days=1))
    assert {"zh": "最后安全日", "en": "last safe day"}[spoken] in event.summary.value
    assert event.summary.value.startswith("Home")
    assert {"zh": "到期时间", "en": "Ends"}[spoken] in event.description.value
    assert event.status.value == "CONFIRMED"
    nine = timedelta(hours=9)
    assert [alarm.trigger.value for alarm in event.valarm_list] == [nine - timedelta(days=10), nine - timedelta(days=1)]
    assert all(alarm.action.value == "DISPLAY" and alarm.description.value for alarm in event.valarm_list)


def test_the_usual_reminders_are_those_of_the_ladder(ours: House) -> None:
    from services.rules.reminders.schedule import steps_of
    from services.rules.reminders.topics import CardFacts, topics

    add(ours, "c1")
    (clocks,) = ClockDesk(ours, "local", lambda: NOW.astimezone(ZoneInfo(SHANGHAI))).all()
    (topic,) = topics([CardFacts(clocks.card, clocks.states)], (), NOW, ZoneInfo(SHANGHAI))
    (event,) = events(made(ours)).values()
    leads = [-(alarm.trigger.value - timedelta(hours=9)).days for alarm in event.valarm_list]
    assert leads == [-step for step in steps_of(topic, Habits())]
    assert len(leads) > 1


def test_lines_are_folded_within_75_octets_and_say_what_they_said(ours: House) -> None:
    add(ours, "c1", LONG)
    file = made(ours)
    lines = file.content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert any(line.startswith(b" ") for line in lines), "there is something to fold"
    for line in lines:
        line.decode()  # no character is cut in two
    assert b"\n" not in file.content.replace(b"\r\n", b"")
    (event,) = events(file).values()
    assert "妈妈的香港卡，每年都要记得充值一次，不然号码就没有了，还有银行的验证码；also" in event.summary.value
    assert "<" not in event.summary.value


def test_a_renewed_card_moves_its_entry_instead_of_adding_one(ours: House) -> None:
    add(ours, "c1")
    ((uid, before),) = events(made(ours)).items()
    later = NOW + timedelta(days=5)
    assert made(ours, later).content == made(ours).content, "nothing changed, so the file is the same"
    ClockDesk(ours, "local", lambda: later).record("c1", Activity.TOP_UP, later.date())
    file = made(ours, later)
    after = events(file)[uid]
    assert after.dtstart.value > before.dtstart.value
    assert (before.sequence.value, after.sequence.value) == ("0", "1")
    assert after.last_modified.value == file.changed_at == later
    assert before.dtstamp.value == NOW
    assert len(events(file)) == 1


def test_the_card_that_goes_cancels_its_entry_and_takes_its_words_along(ours: House) -> None:
    add(ours, "c1", "Secret nickname 33")
    uid = next(iter(events(made(ours))))
    CardDesk(ours, "local").delete(["c1"])
    (event,) = events(made(ours, NOW + timedelta(days=1))).values()
    assert (event.uid.value, event.status.value, event.sequence.value) == (uid, "CANCELLED", "1")
    assert event.summary.value == "已取消"
    assert not hasattr(event, "valarm_list")
    with ours.database.read() as connection:
        bodies = list(connection.execute(select(calendar_entries.c.body)).scalars())
    assert len(bodies) == 1
    assert "33" not in bodies[0]
    assert events(made(ours, NOW + timedelta(days=120))) == {}


def test_the_day_is_the_day_of_the_person(ours: House) -> None:
    add(ours, "c1", used=None)
    topped_up = CardEvent(EventKind.TOPPED_UP, datetime(2026, 11, 1, 12, tzinfo=UTC))
    ClockDesk(ours, "local").store.add_event("c1", topped_up, NOW)
    for zone in (SHANGHAI, "America/Los_Angeles", "Pacific/Kiritimati"):
        file = made(ours, zone=zone)
        (event,) = [event for event in events(file).values() if event.status.value == "CONFIRMED"]
        assert event.dtstart.value == last_safe_day(ours, "c1", zone)
        assert f"TZID:{zone}".encode() in file.content
    days = {last_safe_day(ours, "c1", zone) for zone in (SHANGHAI, "America/Los_Angeles", "Pacific/Kiritimati")}
    assert len(days) > 1, "the zones tell the days apart"
    ReminderStore(ours.database, "local").keep_habits(Habits(zone="America/Los_Angeles", at=time(9)))
    (event,) = events(made(ours)).values()
    assert event.dtstart.value == last_safe_day(ours, "c1", "America/Los_Angeles")


def test_a_rented_device_and_the_steps_of_a_trip(ours: House) -> None:
    add(ours, "c1", "Pocket", used=None, return_by=date(2026, 12, 3))
    steps = (
        Step("s1", StepKind.BUY, date(2026, 12, 1), what="Plan <i>X</i>", url="https://shop.example/x"),
        Step("s2", StepKind.SWITCH_ON, date(2026, 12, 2), what="Plan", url="javascript:alert(1)"),
        Step("s3", StepKind.HOTSPOT_ON, date(2026, 12, 2), done=True),
        Step("s4", StepKind.TAKE_CARD, date(2026, 1, 2), what="long ago"),
    )
    TripStore(ours.database, "local").put(SavedTrip("t1", "东京", (), NOW, steps))
    found = events(made(ours))
    assert set(found) == {"c1/return@simkeeper", "trip/t1/s1@simkeeper", "trip/t1/s2@simkeeper"}
    assert found["c1/return@simkeeper"].dtstart.value == date(2026, 12, 3)
    assert "归还设备" in found["c1/return@simkeeper"].summary.value
    step = found["trip/t1/s1@simkeeper"]
    assert (step.description.value, step.url.value) == ("东京", "https://shop.example/x")
    assert "<" not in step.summary.value
    assert not hasattr(found["trip/t1/s2@simkeeper"], "url")
    TripStore(ours.database, "local").tick("t1", ["s1"], True)
    assert events(made(ours))["trip/t1/s1@simkeeper"].status.value == "CANCELLED"


def test_the_last_days_of_a_claim_are_there_while_the_money_is_in_doubt(ours: House) -> None:
    add(ours, "c1", "Home", used=None, country="GB")
    renewals = RenewalDesk(ours, "local", lambda: NOW)
    run = renewals.start(Begun(CardKind.SIM, Channel.APP, operator="asda_mobile", card_id="c1", country="GB"))
    assert not any("claim" in event.summary.value for event in events(made(ours, spoken="en")).values())
    for status in (RenewalStatus.PAYING, RenewalStatus.SENT):
        renewals.set_status(run, status)
    found = {uid: event for uid, event in events(made(ours, spoken="en")).items() if uid.startswith(f"renewal/{run}/")}
    # The money left on 20 November at 16:00 in Shanghai; a step to be taken within 90 days is safe on all of the day before the 90th.
    card = found[f"renewal/{run}/chargeback@simkeeper"]
    assert card.dtstart.value == date(2027, 2, 17)
    assert card.summary.value == "Home: last day of a claim"
    assert "Until" in card.description.value
    nine = timedelta(hours=9)
    assert [alarm.trigger.value for alarm in card.valarm_list] == [nine - timedelta(days=days) for days in (10, 5, 1, 0)]
    chinese = events(made(ours))[f"renewal/{run}/chargeback@simkeeper"]
    assert "申诉截止日" in chinese.summary.value
    renewals.abandon(run, "")
    gone = {event.status.value for uid, event in events(made(ours, spoken="en")).items() if uid.startswith("renewal/")}
    assert gone == {"CANCELLED"}


def test_alarms_come_at_the_hour_the_person_wants_to_be_reminded_at(ours: House) -> None:
    add(ours, "c1")
    TripStore(ours.database, "local").put(SavedTrip("t1", "东京", (), NOW, (Step("s1", StepKind.BUY, date(2026, 12, 1)),)))
    before = events(made(ours))
    ReminderStore(ours.database, "local").keep_habits(Habits(at=time(7, 30)))
    after = events(made(ours, NOW + timedelta(hours=1)))
    for uid in before:
        hours = {(alarm.trigger.value.seconds / 3600) for alarm in after[uid].valarm_list}
        assert ({alarm.trigger.value.seconds / 3600 for alarm in before[uid].valarm_list}, hours) == ({9.0}, {7.5})
        assert (before[uid].sequence.value, after[uid].sequence.value) == ("0", "1")


def test_what_was_bought_and_has_to_be_started_is_there(ours: House) -> None:
    bought = Card("c1", "Japan", CardKind.ESIM, "kkday", bought_on=date(2026, 11, 15))
    CardDesk(ours, "local").add(bought, CardSecrets())
    (event,) = events(made(ours, spoken="en")).values()
    assert event.summary.value.startswith("Japan: Install and activate within 90 days of the order")
    assert date(2027, 2, 10) <= event.dtstart.value <= date(2027, 2, 13), "90 days from the day of the order, counted the cautious way"
    assert len(event.valarm_list) > 1


def test_with_nothing_to_tell_it_is_a_calendar_all_the_same(ours: House) -> None:
    file = made(ours)
    assert events(file) == {}
    assert b"BEGIN:VTIMEZONE" in file.content
    assert "续卡管家".encode() in file.content


def test_who_may_only_look_can_take_the_calendar_along(ours: House) -> None:
    add(ours, "c1")
    viewer = contextvars.copy_context()
    viewer.run(act_as, Actor("local", "viewer@example.org"))
    assert viewer.run(made, ours).content == made(ours).content
    with pytest.raises(NotAllowed):
        viewer.run(CalendarFeeds(ours, "local").open, "zh", SHANGHAI)


def test_both_languages_are_told_separately(ours: House) -> None:
    add(ours, "c1")
    assert made(ours).content != made(ours, spoken="en").content
    assert next(iter(events(made(ours)).values())).sequence.value == "0", "one language does not change the other"


# ------------------------------------------------------------------------------------------------------------------- the address


@pytest.fixture
def server(ours: House) -> Any:
    app = Starlette(routes=[Route(CALENDAR, calendar)])

    def ask(token: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, CALENDAR.format(token=token), headers=headers)

        return asyncio.run(asked())

    return ask


def test_the_feed_is_refused_without_the_secret(ours: House, server: Any) -> None:
    add(ours, "c1", "Home")
    feeds = CalendarFeeds(ours, "local")
    token = feeds.open("zh", SHANGHAI)
    assert len(token) >= 43
    for wrong in ("x", "", "local", token[:-1], token + "x", token.swapcase(), "ü" * 43, "x" * 5000, "..%2f..%2fapp", "%00"):
        answer = server(wrong)
        assert answer.status_code == 404, wrong
        assert "Home" not in answer.text
        assert answer.headers.get("cache-control", "no-store") == "no-store"
    assert server(token).status_code == 200
    assert server(token, "POST").status_code == 405


def test_what_is_served_can_be_kept_privately_and_asked_for_again(ours: House, server: Any) -> None:
    add(ours, "c1", "Home")
    token = CalendarFeeds(ours, "local").open("en", SHANGHAI)
    answer = server(token)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "last safe day" in vobject.readOne(answer.text).vevent.summary.value
    head = server(token, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    tag = answer.headers["etag"]
    assert head.headers["etag"] == tag
    assert answer.headers["last-modified"].endswith("GMT")
    assert server(token, **{"if-none-match": tag}).status_code == 304
    assert server(token, **{"if-none-match": f'"x", W/{tag}'}).status_code == 304
    CardDesk(ours, "local").delete(["c1"])
    changed = server(token, **{"if-none-match": tag})
    assert changed.status_code == 200
    assert "CANCELLED" in changed.text


def test_a_new_address_revokes_the_old_one(ours: House, server: Any, own_house: Path) -> None:
    feeds = CalendarFeeds(ours, "local")
    first, english = feeds.open("zh", SHANGHAI), feeds.open("en", SHANGHAI)
    second = feeds.open("zh", "no/such zone")
    assert server(first).status_code == 404
    assert (server(second).status_code, server(english).status_code) == (200, 200)
    assert {language: feed.token for language, feed in feeds.feeds().items()} == {"zh": second, "en": english}
    assert feeds.feeds()["zh"].zone == "UTC"
    feeds.close("zh")
    assert server(second).status_code == 404
    with ours.database.read() as connection:
        rows = list(connection.execute(select(calendar_feeds)))
    kept = b"".join(path.read_bytes() for path in own_house.rglob("*") if path.is_file()) + repr(rows).encode()
    assert len(rows) == 1
    assert english.encode() not in kept, "only its hash, and sealed"
    (own_house / "secret.key").unlink()
    assert feeds.feeds()["en"].token is None


def test_a_feed_shows_only_its_account(ours: House, server: Any) -> None:
    add(ours, "c1", "Mine")
    ours.database.ensure_account("somebody")
    token = CalendarFeeds(ours, "somebody").open("en", SHANGHAI)
    assert CalendarFeeds(ours, "local").feeds() == {}
    answer = server(token)
    assert (answer.status_code, "Mine" in answer.text, "VEVENT" in answer.text) == (200, False, False)
    assert calendar_file(ours, "local", "en", SHANGHAI).content != answer.content


def test_a_list_of_requests_does_not_show_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test of access")
    log.addFilter(SecretAddresses())
    caplog.set_level(logging.INFO)
    log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/calendar/CANARY_x-9.ics?x=1", "1.1", 200)
    log.info("GET /calendar/CANARY.ics")
    assert "CANARY" not in caplog.text
    assert "/calendar/-.ics?x=1" in caplog.text
