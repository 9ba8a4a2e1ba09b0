"""Two dashboards and PostgreSQL behind nginx as it is shipped: one is killed while it is used, and nothing is lost or there twice."""

import asyncio
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError

import pytest
from cryptography.fernet import Fernet
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import WebSocketException

from bench.dashboard import Session
from services.model.card import CardSecrets
from services.store.cards import CardStore
from services.store.database import Database
from services.store.readings import ReadingStore
from services.store.vault import Vault
from tests.browser.conftest import Visitor, start_dashboard
from tests.servers.nginx import Proxy, nginx
from tests.servers.postgresql import Cluster

LOAD = 3
"""Visitors at each dashboard."""


@dataclass
class House:
    """Two dashboards, by their addresses as nginx knows them."""

    proxy: Proxy
    dashboards: dict[str, subprocess.Popen[bytes]]
    database: Database

    def serving(self, browser: Page) -> str:
        """The dashboard that this browser is sent to now."""
        assert browser.request.get(f"{self.proxy.url}/_stcore/health").text() == "ok"
        (cookie,) = [each["value"] for each in browser.context.cookies() if each["name"] == "simkeeper_route"]
        return self._dashboard_of(cookie)

    def cookies(self) -> list[str]:
        """Cookies whose visitors nginx sends to both dashboards, ``LOAD`` to each."""
        safe = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.proxy.trust))
        found: dict[str, list[str]] = {dashboard: [] for dashboard in self.dashboards}
        for number in range(1000):
            if all(len(cookies) >= LOAD for cookies in found.values()):
                return [cookie for cookies in found.values() for cookie in cookies[:LOAD]]
            asked = urllib.request.Request(f"{self.proxy.url}/_stcore/health", headers={"Cookie": f"simkeeper_route=load{number}"})
            with safe.open(asked):
                pass
            found[self._dashboard_of(f"load{number}")].append(f"load{number}")
        raise AssertionError(f"nginx sends everybody to one dashboard: {found}")

    def _dashboard_of(self, cookie: str) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:  # the line is written after the answer has gone
            for key, upstream, _status, _uri in reversed(self.proxy.routes()):
                if key == cookie:
                    return upstream.split(", ")[-1]
            time.sleep(0.01)
        raise AssertionError(f"nginx did not note where it sent {cookie}")

    def kill(self, dashboard: str) -> None:
        process = self.dashboards.pop(dashboard)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)


@pytest.fixture
def house(tmp_path: Path, postgresql: Cluster) -> Iterator[House]:
    url, key = postgresql.migrated(), Fernet.generate_key().decode()
    environment = {"SIMKEEPER_DATABASE_URL": url, "SIMKEEPER_KEYS": key, "STREAMLIT_SERVER_COOKIE_SECRET": "s" * 40}
    with ExitStack() as stack:
        stack.callback(postgresql.drop, url)
        database = Database(url)
        stack.callback(database.close)
        dashboards = {}
        for name in ("one", "two"):
            place = tmp_path / name
            place.mkdir()
            process, address, _log = start_dashboard(place, environment)
            stack.callback(process.wait, 60)
            stack.callback(process.kill)
            dashboards[address.removeprefix("http://")] = process
        place = tmp_path / "nginx"
        place.mkdir()
        proxy = stack.enter_context(nginx(place, list(dashboards)))
        yield House(proxy, dashboards, database)


@dataclass
class Load:
    """Visitors who look at pages all the time, each with a socket and a cookie of its own; one who is cut off comes again."""

    proxy: Proxy
    cookies: list[str]
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self.runs, self.cut_off = [0] * len(self.cookies), [0] * len(self.cookies)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._thread.join()

    def wait_for_more(self, runs: int) -> None:
        """Until every one of them has seen so many more pages."""
        wanted = [before + runs for before in self.runs]
        end = time.monotonic() + 240
        while any(now < then for now, then in zip(self.runs, wanted, strict=True)):
            assert self._thread.is_alive()
            assert time.monotonic() < end, (self.runs, self.cut_off)
            time.sleep(0.05)

    async def _all(self) -> None:
        await asyncio.gather(*(self._visit(number) for number in range(len(self.cookies))))

    async def _visit(self, number: int) -> None:
        page = ("", "balances", "compare")[number % 3]
        while not self.over.is_set():
            try:
                cookie = f"simkeeper_route={self.cookies[number]}"
                async with Session(self.proxy.url, page, "lang=en", trust=self.proxy.trust, cookie=cookie) as session:
                    while not self.over.is_set():
                        await session.rerun()
                        self.runs[number] += 1
                        await asyncio.sleep(0.3)
            except (OSError, WebSocketException):
                self.cut_off[number] += 1
                await asyncio.sleep(0.1)


@pytest.fixture
def person(browser: Browser) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 1600}, locale="en-US", ignore_https_errors=True)
    context.set_default_timeout(60_000)
    yield Visitor(context)
    context.close()


def enter(person: Visitor, label: str, value: str) -> None:
    field = person.page.get_by_label(label, exact=True).first
    field.fill(value)
    field.press("Tab")
    person.settle()


def press(person: Visitor, name: str) -> None:
    person.page.get_by_role("button", name=name, exact=True).first.click()
    person.settle()


def test_only_the_way_in_with_a_certificate_is_open(house: House) -> None:
    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    plain = urllib.request.build_opener(NoRedirect)
    with pytest.raises(HTTPError) as sent_on:
        plain.open(f"{house.proxy.plain}/balances?lang=en")
    sent_on.value.close()
    assert (sent_on.value.code, sent_on.value.headers["Location"]) == (301, "https://127.0.0.1/balances?lang=en")

    safe = urllib.request.build_opener(urllib.request.HTTPSHandler(context=house.proxy.trust))
    with safe.open(f"{house.proxy.url}/") as answer:
        cookies = answer.headers.get_all("Set-Cookie")
        assert answer.headers["Strict-Transport-Security"]
        assert answer.headers["Content-Security-Policy"]
    assert any(cookie.startswith("simkeeper_route=") and "HttpOnly" in cookie for cookie in cookies)
    for cookie in cookies:
        assert "secure" in cookie.lower(), cookie
        assert "samesite=lax" in cookie.lower(), cookie
    for path in ("/_stcore/metrics", "/_stcore/agent/interact"):
        with pytest.raises(HTTPError) as closed:
            safe.open(f"{house.proxy.url}{path}")
        closed.value.close()
        assert closed.value.code == 404


def test_one_of_two_dashboards_is_killed_under_load(house: House, person: Visitor) -> None:
    with Load(house.proxy, house.cookies()) as load:
        load.wait_for_more(1)
        page = person.goto(f"{house.proxy.url}/add-card?lang=en")
        page.get_by_role("radio", name="Phone number", exact=True).click()
        person.settle()
        enter(person, "Phone number", "+44 7700 900123")
        enter(person, "Name", "Ma's card")
        press(person, "Add the card")
        expect(page.get_by_role("heading", name="Ma's card", level=1)).to_be_visible()
        enter(person, "Data left", "3")
        press(person, "Keep this reading")
        expect(page.get_by_text("Kept.").first).to_be_visible()

        enter(person, "Data left", "2.5")
        first = house.serving(page)
        house.kill(first)
        load.wait_for_more(3)
        assert sum(cut > 0 for cut in load.cut_off) >= LOAD, "those at the killed one were cut off"

        person.settle()
        assert house.serving(page) != first
        expect(page.get_by_role("heading", name="Ma's card", level=1)).to_be_visible()
        expect(page.get_by_label("Data left", exact=True).first).to_have_value("2.50")
        press(person, "Keep this reading")
        expect(page.get_by_text("Kept.").first).to_be_visible()
        load.wait_for_more(1)

    store = CardStore(house.database, "local", Vault(Path("/nowhere")))
    (card,) = store.all()
    assert card.nickname == "Ma's card"
    assert store.secrets(card.card_id) == CardSecrets()
    kept = ReadingStore(house.database, "local").of_card(card.card_id)
    assert [each.data[0].remaining.bytes for each in kept if each.data[0].remaining] == [2_500_000_000, 3_000_000_000]
    broken = ("WebSocket", "net::ERR_")  # what was on its way when the dashboard was killed
    assert [error for error in person.console_errors if not any(sign in error for sign in broken)] == [], "nothing else went wrong"
