"""Whether the program lives, and its figures: for machines, and without anything of a person."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from services.channels.outcome import Failure
from services.model.card import Card, CardKind, CardSecrets, Identifiers
from services.model.reading import FailedLookUp
from services.store.counts import Counts
from services.store.database import NEWEST_SCHEMA
from services.store.leases import LeaseStore
from services.store.readings import ReadingStore
from services.store.reminders import MessageStatus
from services.store.settings import SettingsStore
from services.use.cards import CardDesk
from services.use.channels import ChannelDesk
from services.use.configuration import ConfigurationError, read_configuration
from services.use.connections import ConnectionDesk
from services.use.house import House, house
from services.use.metrics import metrics, written
from tests.unit.channels.receivers import http_receiver
from ui import web

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? (-?[0-9.e+]+)')
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    """The text format, read strictly: each family once, HELP and TYPE before its samples, nothing twice."""
    assert text.endswith("\n")
    found: Samples = {}
    family, seen = "", set()
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in seen
            seen.add(family)
            assert len(line.split()) > 3
            assert next(lines) == f"# TYPE {family} gauge"
            continue
        match = SAMPLE.fullmatch(line)
        assert match is not None, line
        assert match[1] == family, line
        labels = tuple(re.findall(r'([a-z]+)="([^"]*)"', match[2] or ""))
        assert (family, labels) not in found
        found[family, labels] = float(match[3])
    return found


@pytest.fixture
def ours(own_house: Path) -> House:
    return house()


def ask(path: str, client: str = "127.0.0.1", base: str = "http://127.0.0.1:8501", **headers: str) -> httpx.Response:
    app = Starlette(routes=[Route("/healthz", web.healthz), Route("/metrics", web.metrics)])

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url=base) as browser:
            return await browser.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asyncio.run(asked())


def test_the_figures_can_be_read_and_count_right(ours: House) -> None:
    CardDesk(ours, "local").add(Card("c1", "Home", CardKind.SIM), CardSecrets())
    ours.database.ensure_account("somebody")
    ConnectionDesk(ours, "local", lambda: NOW).connect_sandbox("keepgo")
    desk = ChannelDesk(ours, "local", lambda: NOW)
    with http_receiver() as receiver:
        works = desk.add("ntfy", "Phone", "en", {"server": receiver.url, "topic": "sims"})
        fails = desk.add("gotify", "", "en", {"server": receiver.url, "token": "abcdefgh"})
        desk.add("ntfy", "", "en", {"server": receiver.url, "topic": "sims"})
        assert desk.deliver(works, "t", "b").ok
        receiver.status = 500
        assert desk.deliver(fails, "t", "b").failure is Failure.SERVER
    desk.switch(fails, False)
    lease = LeaseStore(ours.database, "local")
    assert lease.take("me", NOW, timedelta(minutes=1))
    lease.beat(NOW - timedelta(seconds=90))
    found = parsed(metrics(ours, NOW))
    assert found["simkeeper_schema", (("version", NEWEST_SCHEMA),)] == 1
    assert found["simkeeper_worker_heartbeat_age_seconds", (("of", "newest"),)] == 90
    assert found["simkeeper_worker_heartbeat_age_seconds", (("of", "oldest"),)] == 90
    assert found["simkeeper_worker_accounts_without_heartbeat", ()] == 1
    channels = {labels: value for (name, labels), value in found.items() if name == "simkeeper_channels"}
    assert channels == {
        (("kind", "gotify"), ("state", "off")): 1,
        (("kind", "ntfy"), ("state", "untried")): 1,
        (("kind", "ntfy"), ("state", "works")): 1,
    }
    assert found["simkeeper_provider_connections", (("provider", "keepgo"), ("state", "works"))] == 1
    assert found["simkeeper_accounts", (("cards", "0"),)] == 1
    assert found["simkeeper_accounts", (("cards", "1-5"),)] == 1


def test_nothing_of_a_person_is_in_the_figures(ours: House) -> None:
    """Everything a person types or a provider says is put where figures are counted from; none of it comes out."""
    secret = {
        "account": "somebody@example.org",
        "nickname": "Mother's card canary",
        "number": "+447700900123",
        "iccid": "8944110068591234567",
        "channel": "Phone canary",
        "host": "127.0.0.1",
    }
    ours.database.ensure_account(secret["account"])
    identifiers = Identifiers(iccid=secret["iccid"], msisdn=secret["number"])
    card = Card("cardcanary", secret["nickname"], CardKind.SIM, "giffgaff", identifiers=identifiers)
    CardDesk(ours, secret["account"]).add(card, CardSecrets())
    with http_receiver() as receiver:
        desk = ChannelDesk(ours, secret["account"])
        desk.deliver(desk.add("ntfy", secret["channel"], "en", {"server": receiver.url, "topic": "topiccanary"}), "t canary", "b canary")
    for origin in ("keepgo", "sandbox:keepgo", "origin canary", 'x"} 1\nevil{a="'):
        ReadingStore(ours.database, secret["account"]).fail(FailedLookUp("cardcanary", origin, NOW, "reason canary"))
    SettingsStore(ours.database, secret["account"]).put("connection:canary", {"failure": {"kind": "canary"}})
    text = metrics(ours, NOW)
    for name, value in {**secret, "id": "cardcanary", "operator": "giffgaff", "canary": "canary"}.items():
        assert value not in text, name
    assert not re.search(r"\d{6,}", text), "no number long enough to be somebody's"
    assert parsed(text)["simkeeper_cards_whose_look_up_fails", (("provider", "other"),)] == 3


def test_a_label_is_never_what_stands_in_the_database() -> None:
    evil = 'x"} 1\nsimkeeper_evil{a="'
    text = written(
        Counts((), {(evil, evil): 2, ("", MessageStatus.SENT.value): 1}, {(evil, evil): 1}, {(evil, evil): 1}, {evil: 1}, (3, 9000)), NOW
    )
    found = parsed(text)
    assert found["simkeeper_messages", (("channel", "other"), ("status", "other"))] == 2
    assert found["simkeeper_messages", (("channel", "other"), ("status", "sent"))] == 1
    assert found["simkeeper_accounts", (("cards", "501+"),)] == 1
    assert not any(name == "simkeeper_worker_heartbeat_age_seconds" for name, _ in found), "no age is made up"
    assert "evil" not in text


def test_the_figures_are_for_this_machine(ours: House) -> None:
    answer = ask("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert parsed(answer.text)
    assert ask("/metrics", client="192.0.2.7").status_code == 404
    assert ask("/metrics", base="http://dashboard.example").status_code == 404
    for header in ("forwarded", "x_forwarded_for", "x_real_ip", "via"):
        assert ask("/metrics", **{header: "192.0.2.7"}).status_code == 404, header


def test_with_a_token_the_figures_are_for_who_sends_it(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "a-token-of-some-length"
    monkeypatch.setenv("SIMKEEPER_METRICS_TOKEN", token)
    assert ask("/metrics", client="192.0.2.7", base="http://dashboard.example", authorization=f"Bearer {token}").status_code == 200
    for wrong in ("", token, f"Bearer {token}x", "Bearer ", f"Basic {token}"):
        assert ask("/metrics", authorization=wrong).status_code == 404, wrong
    assert token not in repr(house().configuration)


@pytest.mark.parametrize("token", ["short", "has a space in it, and is long", "tökentökentökentöken"])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    with pytest.raises(ConfigurationError):
        read_configuration({"SIMKEEPER_METRICS_TOKEN": token}, Path("none.toml"))


def test_health_is_ok_only_while_the_database_answers(ours: House, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["cache-control"] == "no-store"
    with ours.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE accounts RENAME TO elsewhere")
    answer = ask("/healthz")
    assert answer.status_code == 503
    assert answer.text.startswith("degraded: the database does not answer")
    assert ask("/metrics").status_code == 503
    with ours.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO accounts")
    assert ask("/healthz").text == "ok"


def test_health_does_not_wait_for_ever(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    release = threading.Event()

    def stuck() -> Any:
        release.wait(60)
        return True

    monkeypatch.setattr(web, "HEALTH_PATIENCE_S", 0.05)
    monkeypatch.setattr(web, "_database_answers", stuck)

    async def asked() -> int:
        try:
            return (await web.healthz(None)).status_code  # type: ignore[arg-type]
        finally:
            release.set()  # before the loop waits for its threads

    assert asyncio.run(asked()) == 503


def test_a_house_that_cannot_open_is_not_healthy(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMKEEPER_DATABASE_URL", f"sqlite:///{own_house}")  # a directory
    assert ask("/healthz").status_code == 503
    assert ask("/metrics").status_code == 503
