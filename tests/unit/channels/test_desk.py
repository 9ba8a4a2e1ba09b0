"""Channels of an account in a real database, with real receivers at the other end."""

import contextvars
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.channels.outcome import Delivery, Failure
from services.store.acting import Actor, NotAllowed, act_as
from services.store.database import LOCAL_ACCOUNT
from services.use.channels import MOST_CHANNELS, ChannelDesk, ChannelProblem, LastFailure, NoSuchChannel
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from tests.unit.channels.receivers import Receiver, http_receiver, mail_server

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CANARY = "canary90b1d2"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(tmp_path), "SIMKEEPER_DATABASE_URL": database_url}))
    yield house
    house.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as opened_receiver:
        yield opened_receiver


@pytest.fixture
def desk(opened: House) -> ChannelDesk:
    return ChannelDesk(opened, LOCAL_ACCOUNT, Clock())


def test_a_channel_is_kept_sealed_and_never_shows_its_secrets(desk: ChannelDesk, receiver: Receiver, tmp_path: Path) -> None:
    channel_id = desk.add("ntfy", "  My \n phone ", "zh", {"server": receiver.url, "topic": CANARY, "token": f"tk_{CANARY}"})
    (view,) = desk.channels()
    assert (view.kind, view.name, view.enabled, view.is_fallback, view.language) == ("ntfy", "My phone", True, False, "zh")
    assert (view.last_ok_at, view.last_failure) == (None, None)
    assert desk.entered(channel_id) == ({"server": receiver.url}, frozenset({"topic", "token"}))
    assert CANARY not in repr(view)
    assert not any(CANARY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_how_the_last_message_went_is_remembered(opened: House, receiver: Receiver) -> None:
    clock = Clock()
    desk = ChannelDesk(opened, LOCAL_ACCOUNT, clock)
    channel_id = desk.add("gotify", "", "en", {"server": receiver.url, "token": CANARY})
    assert desk.deliver(channel_id, "title", "body") == Delivery()
    assert desk.channels()[0].last_ok_at == NOW
    receiver.status, clock.now = 401, NOW + timedelta(hours=1)
    assert desk.deliver(channel_id, "title", "body") == Delivery(Failure.UNAUTHORISED, "HTTP 401")
    (view,) = desk.channels()
    assert (view.last_ok_at, view.last_failure) == (NOW, LastFailure(Failure.UNAUTHORISED, clock.now, "HTTP 401"))
    receiver.status, clock.now = 200, NOW + timedelta(hours=2)
    assert desk.deliver(channel_id, "title", "body").ok
    assert (desk.channels()[0].last_ok_at, desk.channels()[0].last_failure) == (clock.now, None)


@pytest.mark.parametrize(("language", "words"), [("zh", "测试消息"), ("en", "test message")])
def test_the_test_message_speaks_the_language_of_the_channel(desk: ChannelDesk, language: str, words: str) -> None:
    with mail_server() as mailbox:
        given = {
            "to": "me@example.org",
            "sender": "a@example.com",
            "server": "127.0.0.1",
            "security": "insecure",
            "port": str(mailbox.port),
        }
        assert desk.test(desk.add("mail", "", language, given)).ok
        assert words in mailbox.mails[0]["Subject"]


def test_an_empty_secret_keeps_the_one_that_is_there(desk: ChannelDesk, receiver: Receiver) -> None:
    channel_id = desk.add("gotify", "", "en", {"server": receiver.url, "token": CANARY})
    desk.change(channel_id, "Other name", "zh", {"server": receiver.url, "token": " "})
    assert (desk.channels()[0].name, desk.channels()[0].language) == ("Other name", "zh")
    assert desk.deliver(channel_id, "t", "b").ok
    desk.change(channel_id, "", "en", {"server": receiver.url, "token": "newtoken99"})
    assert desk.channels()[0].last_ok_at is None, "what was said of the old values says nothing of the new ones"
    assert desk.deliver(channel_id, "t", "b").ok
    assert [call.headers["X-Gotify-Key"] for call in receiver.calls] == [CANARY, "newtoken99"]


def test_a_secret_goes_only_to_the_server_it_was_entered_for(desk: ChannelDesk, receiver: Receiver) -> None:
    channel_id = desk.add("gotify", "", "en", {"server": receiver.url, "token": CANARY})
    with http_receiver() as elsewhere:
        with pytest.raises(ChannelProblem) as raised:
            desk.change(channel_id, "", "en", {"server": elsewhere.url, "token": ""})
        assert (raised.value.field, raised.value.problem) == ("token", "missing")
        hook = desk.add("webhook", "", "en", {"address": f"{receiver.url}/in", "authorization": f"Bearer {CANARY}"})
        desk.change(hook, "", "en", {"address": f"{elsewhere.url}/in", "authorization": ""})
        assert desk.deliver(hook, "t", "b").ok
        assert "Authorization" not in elsewhere.calls[0].headers
    assert desk.deliver(channel_id, "t", "b").ok
    assert len(receiver.calls) == 1


def test_a_value_that_cannot_be_used_keeps_nothing(desk: ChannelDesk) -> None:
    with pytest.raises(ChannelProblem):
        desk.add("telegram", "", "en", {"token": "x", "chat": "1"})
    assert desk.channels() == []
    with pytest.raises(KeyError):
        desk.add("pigeon", "", "en", {})


def test_one_channel_serves_when_another_fails(desk: ChannelDesk, receiver: Receiver) -> None:
    first, second = (desk.add("ntfy", name, "en", {"server": receiver.url, "topic": "sims"}) for name in ("one", "two"))
    desk.make_fallback(first)
    desk.make_fallback(second)
    assert {view.channel_id: view.is_fallback for view in desk.channels()} == {first: False, second: True}
    with pytest.raises(NoSuchChannel):
        desk.make_fallback("gone")
    assert {view.channel_id: view.is_fallback for view in desk.channels()} == {first: False, second: True}
    desk.make_fallback(None)
    assert not any(view.is_fallback for view in desk.channels())


def test_switching_off_and_removing(desk: ChannelDesk, receiver: Receiver) -> None:
    channel_id = desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
    desk.switch(channel_id, False)
    assert [view.enabled for view in desk.channels()] == [False]
    desk.switch(channel_id, True)
    desk.remove(channel_id)
    assert desk.channels() == []
    assert desk.deliver(channel_id, "t", "b") == Delivery(Failure.GONE)
    for act in (lambda: desk.test(channel_id), lambda: desk.switch(channel_id, True), lambda: desk.entered(channel_id)):
        with pytest.raises(NoSuchChannel):
            act()
    assert receiver.calls == []


def test_a_lost_key_file_is_said(desk: ChannelDesk, receiver: Receiver, tmp_path: Path) -> None:
    channel_id = desk.add("gotify", "", "en", {"server": receiver.url, "token": CANARY})
    (tmp_path / "secret.key").unlink()
    assert desk.deliver(channel_id, "t", "b") == Delivery(Failure.UNREADABLE)
    assert desk.entered(channel_id) == ({}, frozenset())
    desk.change(channel_id, "", "en", {"server": receiver.url, "token": "entered-again"})
    assert desk.deliver(channel_id, "t", "b").ok


def test_what_was_kept_by_another_version_is_no_crash(desk: ChannelDesk, opened: House, receiver: Receiver) -> None:
    channel_id = desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
    with opened.database.write() as connection:
        connection.execute(text("UPDATE delivery_channels SET kind = 'pigeon', failed_at = 1, failure = 'pecked'"))
    assert desk.channels()[0].last_failure == LastFailure(Failure.REFUSED, datetime.fromtimestamp(1, UTC), "")
    assert desk.deliver(channel_id, "t", "b") == Delivery(Failure.INCOMPLETE)


def test_channels_belong_to_their_account(opened: House, receiver: Receiver) -> None:
    opened.database.ensure_account("somebody")
    mine, theirs = (ChannelDesk(opened, account, Clock()) for account in (LOCAL_ACCOUNT, "somebody"))
    channel_id = mine.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
    assert theirs.channels() == []
    assert theirs.deliver(channel_id, "t", "b") == Delivery(Failure.GONE)
    for act in (lambda: theirs.entered(channel_id), lambda: theirs.switch(channel_id, False), lambda: theirs.make_fallback(channel_id)):
        with pytest.raises(NoSuchChannel):
            act()
    theirs.remove(channel_id)
    assert [view.channel_id for view in mine.channels()] == [channel_id]
    assert receiver.calls == []


def test_who_may_only_look_sends_nothing(opened: House, receiver: Receiver) -> None:
    desk = ChannelDesk(opened, LOCAL_ACCOUNT, Clock())
    channel_id = desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
    stranger = contextvars.copy_context()
    stranger.run(act_as, Actor(LOCAL_ACCOUNT, "viewer@example.org"))
    for act in (lambda: desk.test(channel_id), lambda: desk.switch(channel_id, False), lambda: desk.remove(channel_id)):
        with pytest.raises(NotAllowed):
            stranger.run(act)
    assert receiver.calls == []
    assert [view.enabled for view in desk.channels()] == [True]


def test_there_is_an_end_to_channels(desk: ChannelDesk, receiver: Receiver) -> None:
    for _ in range(MOST_CHANNELS):
        desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
    with pytest.raises(ChannelProblem, match="too_many"):
        desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
