"""The words for everything that can be said of a channel, and what stays in a session after a secret was entered."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.channels.kinds import OTHER, kinds
from services.use.channels import ChannelDesk, ChannelProblem, Failure
from services.use.house import house
from tests.app.driving import fresh_app, open_page, press, said
from tests.unit.channels.receivers import Receiver, http_receiver
from ui.language import speaking
from ui.reminders import channel_words

CANARY = "canary51d0e9"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as opened:
        yield opened


@pytest.fixture
def app(own_house: Path) -> AppTest:
    found = fresh_app()
    found.session_state["lang"] = "en"
    return found


def test_every_failure_has_a_sentence_of_its_own_in_both_languages() -> None:
    sentences = {}
    for language in ("zh", "en"):
        with speaking(language):
            sentences[language] = {channel_words.trouble(failure, "") for failure in Failure}
            assert "HTTP 401" in channel_words.trouble(Failure.UNAUTHORISED, "HTTP 401")
        assert len(sentences[language]) == len(Failure)
    assert not sentences["zh"] & sentences["en"]


@pytest.mark.parametrize(
    ("kind", "field", "problem"),
    [
        ("ntfy", "topic", "missing"),
        ("ntfy", "topic", "shape"),
        ("ntfy", "server", "server"),
        ("ntfy", "server", "path"),
        ("ntfy", "server", "plain"),
        ("mail", "server", "server"),
        ("mail", "port", "port"),
        (OTHER, "address", "schema"),
        ("ntfy", "", "too_many"),
    ],
)
def test_every_problem_has_words_that_name_the_field(kind: str, field: str, problem: str) -> None:
    for language in ("zh", "en"):
        with speaking(language):
            words = channel_words.problem(kinds()[kind], ChannelProblem(field, problem))
            label = next((channel_words.said(each.label) for each in kinds()[kind].fields if each.name == field), "")
        assert words
        assert label in words
        assert "{" not in words


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", list(kinds()))
def test_the_form_asks_for_every_field_and_masks_secrets(app: AppTest, kind: str, language: str) -> None:
    with speaking(language):
        open_page(app, "reminders", language)
        app.selectbox(key="channel_choice_0").select(kind).run()
    assert not app.exception
    boxes = {box.key: box for box in app.text_input}
    for field in kinds()[kind].fields:
        if field.type != "choice":
            box = boxes[f"channel_new_{kind}_0_{field.name}"]
            assert (box.proto.type == box.proto.PASSWORD) == field.secret, field.name
            assert box.value == field.default


def test_a_secret_is_gone_from_the_session_once_it_is_kept(app: AppTest, receiver: Receiver) -> None:
    open_page(app, "reminders")
    assert "there is no channel to send through" in said(app)
    app.selectbox(key="channel_choice_0").select("gotify").run()
    app.text_input(key="channel_new_gotify_0_server").input(receiver.url)
    app.text_input(key="channel_new_gotify_0_token").input(CANARY)
    press(app, "Save and send a test")
    assert "Gotify works" in said(app)
    assert receiver.calls[0].headers["X-Gotify-Key"] == CANARY
    assert CANARY not in repr(app.session_state) + said(app)
    assert [view.last_failure for view in ChannelDesk(house(), "local").channels()] == [None]


def test_a_failure_is_said_with_its_time_until_a_message_arrives(app: AppTest, receiver: Receiver) -> None:
    desk = ChannelDesk(house(), "local", lambda: datetime.now(UTC))
    receiver.status = 404
    channel = desk.add("gotify", "*Home*", "en", {"server": receiver.url, "token": CANARY})
    desk.deliver(channel, "t", "b")
    open_page(app, "reminders")
    assert "The last message did not arrive, just now" in said(app)
    assert "does not know this recipient" in said(app)
    assert "It said: HTTP 404" in said(app)
    receiver.status = 200
    press(app, "Test  Home ")
    assert "did not arrive" not in said(app)
    assert "● Works" in said(app)
