"""The page behind a link in a message, as a browser, a mail scanner and a stranger see it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.model.card import Card, CardKind, CardSecrets
from services.model.reading import Reading, Source, Validity, ValidityKind
from services.model.reminder import Habits
from services.use.cards import CardDesk
from services.use.house import house
from services.use.readings import ReadingDesk
from services.use.reminders import ReminderDesk
from tests.unit.reminders.test_desk import Post, view
from ui.remind_links import answer


def ask(method: str, token: str) -> HTMLResponse:
    scope = {"type": "http", "method": method, "path": f"/remind/{token}", "headers": [], "query_string": b""}
    scope["path_params"] = {"token": token}
    return answer(Request(scope))


@pytest.fixture
def tokens(own_house: Path) -> list[str]:
    """Of a message in Chinese: one to acknowledge, one to snooze."""
    now = datetime.now(UTC)
    ReminderDesk(house(), "local").keep_habits(Habits(zone="UTC", quiet=None))
    CardDesk(house(), "local").add(Card("home", "<b>Home</b>", CardKind.SIM, "vodafone_uk"), CardSecrets())
    end = (Validity(ValidityKind.UNSPECIFIED, now.date() + timedelta(days=7)),)
    ReadingDesk(house(), "local").record(Reading("home", Source.TYPED, now, validity=end))
    post = Post(view("main", "zh"))
    ReminderDesk(house(), "local").run(post)
    return [line.rsplit("/", 1)[1] for line in post.arrived[0][2].splitlines() if "/remind/" in line]


def silenced() -> bool:
    return [it.silenced for it in ReminderDesk(house(), "local").standings() if it.due is not None] == [True]


def test_a_scanner_that_opens_every_link_changes_nothing(tokens: list[str]) -> None:
    for token in tokens * 3:
        seen = ask("GET", token)
        assert seen.status_code == 200
        assert b'<form method="post">' in seen.body
        assert seen.headers["cache-control"] == "no-store"
        assert ask("HEAD", token).status_code == 200
    assert not silenced()


@pytest.mark.parametrize(("which", "words"), [(0, "已记下，不再重复"), (1, "已记下，明天再提醒您")])
def test_the_button_does_it_once_in_the_language_of_the_message(tokens: list[str], which: int, words: str) -> None:
    done = ask("POST", tokens[which])
    assert done.status_code == 200
    assert words in bytes(done.body).decode()
    assert 'lang="zh-CN"' in bytes(done.body).decode()
    assert silenced()
    for method in ("POST", "GET"):
        again = ask(method, tokens[which])
        assert again.status_code == 410
        assert "已经用过" in bytes(again.body).decode()
        assert b"<form" not in again.body


@pytest.mark.parametrize("token", ["", "x", "<script>alert(1)</script>", "a" * 100_000, "ü" * 50])
def test_what_is_no_link_of_ours_is_refused_in_both_languages(own_house: Path, token: str) -> None:
    for method in ("GET", "POST"):
        page = ask(method, token)
        assert page.status_code == 404
        text = bytes(page.body).decode()
        assert "链接不正确" in text
        assert "not one of ours" in text
        assert "<script" not in text
        assert len(text) < 5_000
