"""What a visit weighs: bytes over the wire and round trips of a cold and a warm visit in Chromium. ``python -m bench.weight [--quick]``.

The house holds the sample cards. Cold: an empty browser cache. Warm: the same address again. Bytes are what came over the wire, headers
included (``encodedDataLength`` of Chromium); what the socket carried both ways is counted apart. On the slow link, 400 kbit/s down and up
with 400 ms of delay, the seconds run until the heading is drawn and the first run is over.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.dashboard import dashboard
from bench.pages import FLAGS
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.samples import SampleDesk
from tests.browser.conftest import installed_chromium

PAGES = ("", "balances", "compare?in=JP&gb=1", "renew")
SLOW_BYTES_PER_S, SLOW_DELAY_MS = 400_000 / 8, 400
PATIENCE_MS = 600_000
KINDS = ("Document", "Script", "Stylesheet", "Font")
REST = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED] h1"


@dataclass
class Visit:
    """What one visit cost. ``wire`` in bytes by kind of resource, ``socket`` in bytes both ways, ``seconds`` until usable."""

    wire: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    from_cache: int = 0
    messages: int = 0
    socket: int = 0
    seconds: float = 0.0

    def row(self, name: str) -> str:
        other = self.wire.total() - sum(self.wire[kind] for kind in KINDS)
        kinds = "".join(f"{self.wire[kind] / 1000:9.0f}" for kind in KINDS)
        sent = f"{self.requests:9}{self.from_cache:9}{self.messages:9}{self.socket / 1000:9.0f}"
        return f"{name:<34}{self.wire.total() / 1000:9.0f}{kinds}{other / 1000:9.0f}{sent}{self.seconds:9.1f}"


HEAD = f"{'kB over the wire':<34}" + "".join(
    f"{name:>9}" for name in ("total", "page", "script", "style", "font", "other", "requests", "cached", "messages", "socket", "usable s")
)


class Scale:
    """Weighs what a page of Chromium asks for and gets."""

    def __init__(self, page: Page, slow: bool) -> None:
        self.page = page
        self.visit = Visit()
        self._kinds: dict[str, str] = {}
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        if slow:
            link = {"latency": SLOW_DELAY_MS, "downloadThroughput": SLOW_BYTES_PER_S, "uploadThroughput": SLOW_BYTES_PER_S}
            wire.send("Network.emulateNetworkConditions", {"offline": False, **link})
        wire.on("Network.responseReceived", self._answered)
        wire.on("Network.requestServedFromCache", self._cached)
        wire.on("Network.loadingFinished", self._loaded)
        wire.on("Network.webSocketFrameReceived", self._frame)
        wire.on("Network.webSocketFrameSent", self._frame)

    def weigh(self, address: str) -> Visit:
        """Open ``address`` and wait until it can be used, then until nothing comes any more."""
        self.visit = Visit()
        began = time.perf_counter()
        self.page.goto(address, timeout=PATIENCE_MS, wait_until="commit")
        self.page.locator(REST).first.wait_for(timeout=PATIENCE_MS)
        self.visit.seconds = time.perf_counter() - began
        self.page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
        self.page.wait_for_timeout(1000)
        return self.visit

    def _answered(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"]
        if event["response"].get("fromDiskCache"):
            self.visit.from_cache += 1

    def _cached(self, _event: dict[str, Any]) -> None:
        self.visit.from_cache += 1

    def _loaded(self, event: dict[str, Any]) -> None:
        self.visit.requests += 1
        self.visit.wire[self._kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])

    def _frame(self, event: dict[str, Any]) -> None:
        self.visit.messages += 1
        frame = event["response"]
        self.visit.socket += len(frame["payloadData"]) * (3 if frame["opcode"] == 2 else 4) // 4  # base64 when binary


def visits(browser: Browser, url: str, path: str, slow: bool) -> Iterator[tuple[str, Visit]]:
    """The page in a fresh browser, then again."""
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    scale = Scale(context.new_page(), slow)
    for state in ("cold", "warm"):
        yield state, scale.weigh(f"{url}/{path}")
    context.close()


@contextmanager
def with_samples() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        data_dir = Path(name)
        house = open_house(Configuration(data_dir, f"sqlite:///{data_dir / 'simkeeper.db'}", {}))
        SampleDesk(house, "local", "en").load()
        house.close()
        yield data_dir


def main() -> None:
    pages = PAGES[:1] if "--quick" in sys.argv else PAGES
    quiet = {"SIMKEEPER_WORKER": "off"}
    with sync_playwright() as playwright, with_samples() as data_dir, dashboard(data_dir, environment=quiet) as running:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=FLAGS)
        for _state, _visit in visits(browser, running.url, "", slow=False):  # the first run of a process imports what the pages need
            pass
        print(HEAD)
        for path in pages:
            for state, visit in visits(browser, running.url, path, slow=False):
                print(visit.row(f"{path.split('?')[0] or 'overview'}, {state}"), flush=True)
        for path in pages:
            for state, visit in visits(browser, running.url, path, slow=True):
                print(visit.row(f"{path.split('?')[0] or 'overview'}, {state}, slow link"), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
