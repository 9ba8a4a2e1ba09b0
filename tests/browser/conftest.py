"""A real dashboard on a socket, real emulators on sockets, a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Download, Locator, Page, Request, expect, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from services.providers.sandbox.faults import Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from tests.conftest import ROOT

# Without the background-networking flags Chromium looks up hosts of its maker.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BASE_PATH_PROBES = ("/_stcore/health", "/_stcore/host-config")  # the frontend looks for its base path on deep links; 404 is its answer
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
PATIENCE = 60_000
"""Milliseconds: machines here are slow when they are busy, and waiting longer costs a test that passes nothing."""
expect.set_options(timeout=PATIENCE)
WIDTHS = {"desktop": 1280, "phone": 390}
LOCALES = {"zh": "zh-CN", "en": "en-US"}


@dataclass
class Dashboard:
    """A running dashboard and the emulators that it takes for the sellers."""

    url: str
    data_dir: Path
    log: Path
    sellers: dict[str, Sandbox] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)  # of the emulators, as the environment names them


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start_dashboard(
    data_dir: Path, environment: dict[str, str], *, port: int | None = None, address: str = "127.0.0.1", closed: bool = False
) -> tuple[subprocess.Popen[bytes], str, Path]:
    """``streamlit run app.py`` on a free port, answering; or, ``closed``, refusing."""
    port = port or free_port()
    log = data_dir / "dashboard.log"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("SIMKEEPER_", "STREAMLIT_"))}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.address", address],
            cwd=ROOT,
            env={**own, "SIMKEEPER_DATA_DIR": str(data_dir), "SIMKEEPER_WORKER": "off", **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
    while True:
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            pytest.fail(f"the dashboard did not start: {log.read_text()}")
        try:
            if urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).read() == b"ok" and not closed:
                return process, url, log
        except urllib.error.HTTPError as refused:
            if closed and refused.code == 403:
                return process, url, log
        except OSError:
            time.sleep(0.05)


@pytest.fixture(scope="module")
def open_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Dashboard]]:
    """Call it for a dashboard on an empty data directory, with emulators of the keyless sellers, and of those in ``also``, on sockets."""
    with ExitStack() as stack:

        def open_one(name: str = "dashboard", also: Sequence[str] = (), environment: Mapping[str, str] = MappingProxyType({})) -> Dashboard:
            data_dir = tmp_path_factory.mktemp(name)
            sellers = {seller: SANDBOXES[seller]() for seller in ("simsima", "pikasim", *also)}
            addresses = {f"SIMKEEPER_URL_{seller.upper()}": stack.enter_context(serve(app)) for seller, app in sellers.items()}
            process, url, log = start_dashboard(data_dir, {**addresses, **environment})
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            return Dashboard(url, data_dir, log, sellers, addresses)

        yield open_one


@pytest.fixture(scope="module")
def dashboard(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """One dashboard for the tests that change nothing of note."""
    return open_dashboard("shared")


def installed_chromium() -> str | None:
    """The one of this machine; None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one file: while Playwright's driver runs, its event loop keeps other tests of the process from starting theirs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed_chromium(), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


def rest(page: Page) -> None:
    """The run is over and everything is drawn, and stays so: a part of the page that redraws itself may be followed by a whole run."""
    page.locator("h1").first.wait_for(timeout=PATIENCE)
    for pause in (250, 0):
        page.locator("[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]").wait_for(
            timeout=PATIENCE
        )
        expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        page.wait_for_timeout(pause)
    assert page.locator("[data-testid=stException]").count() == 0, page.locator("[data-testid=stException]").first.inner_text()


def pick(page: Page, which: str | Locator, choice: str) -> None:
    """Choose what holds ``choice`` from a list, which is named by its label, as a person does: open it, type, press what is found. A list
    that was opened while its part of the page was drawn anew is closed again, and has to be opened once more."""
    field = page.get_by_role("combobox", name=which, exact=True) if isinstance(which, str) else which
    for patience in (5_000, 10_000, PATIENCE):
        field.click()
        field.fill(choice)
        try:
            page.get_by_role("option", name=choice).first.click(timeout=patience)
        except NotInTime:
            page.keyboard.press("Escape")
        else:
            rest(page)
            return
    raise AssertionError(f"{choice} cannot be chosen")


def download(page: Page, button: str | Locator) -> Download:
    """What a button gives to keep, pressed as a person does: once the page is at rest, and again when the browser gave up on it, because
    what a page offers goes when the page is drawn anew."""
    pressed = page.get_by_role("button", name=button, exact=True) if isinstance(button, str) else button
    for _attempt in range(3):
        rest(page)
        with page.expect_download() as started:
            pressed.click()
        if started.value.failure() is None:
            return started.value
    raise AssertionError(f"{button} gives nothing to keep: {started.value.failure()}")


class Visitor:
    """A person with a browser. Everything that must never happen in it is collected, and fails the test at its end."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.console_errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("console", self._listen)
        self.page.on("request", self._watch)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(BASE_PATH_PROBES):
            self.console_errors.append(f"{message.text} at {message.location['url']}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def goto(self, url: str) -> Page:
        self.page.goto(url)
        self.settle()
        return self.page

    def settle(self) -> None:
        rest(self.page)

    def axe(self) -> list[tuple[str, str, str]]:
        """Serious and critical findings of axe: (rule, impact, element)."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate(
            "axe.run({exclude: [['.stMetric svg']]}, {runOnly: ['wcag2a','wcag2aa','wcag21aa','wcag22aa','best-practice']})"
        )
        serious = [violation for violation in found["violations"] if violation["impact"] in ("serious", "critical")]
        return [(violation["id"], violation["impact"], node["html"][:200]) for violation in serious for node in violation["nodes"]]

    def sideways(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """``visit("zh", "phone")``: a visitor with that language and width. Checked for console errors and outside requests at the end."""
    visitors: list[Visitor] = []

    def arrive(language: str = "zh", width: str = "desktop", dark: bool = False) -> Visitor:
        context = browser.new_context(
            viewport={"width": WIDTHS[width], "height": 1400},
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        context.set_default_timeout(PATIENCE)
        visitors.append(Visitor(context))
        return visitors[-1]

    yield arrive
    errors = [error for visitor in visitors for error in visitor.console_errors]
    outside = [url for visitor in visitors for url in visitor.outside]
    for visitor in visitors:
        visitor.context.close()
    assert errors == []
    assert outside == []
