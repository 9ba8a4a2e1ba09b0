"""``make screenshots``: pictures for the README into docs/images, and every page in both languages, themes and widths on one contact sheet.

python -m tests.browser.screenshots             both
python -m tests.browser.screenshots sheet DIR   only the contact sheet and its pictures, into DIR
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from services.model.card import CardKind
from services.model.renewal import Begun, Channel
from services.store.settings import SettingsStore
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.renewals import RenewalDesk
from services.use.samples import SampleDesk
from tests.browser.conftest import CHROMIUM_FLAGS, LOCALES, WIDTHS, installed_chromium, rest, start_dashboard
from tests.conftest import ROOT
from ui.overview.tour import NOT_BEGUN, OVER, SETTING

IMAGES = ROOT / "docs" / "images"
SHEET = ROOT / "screenshots"
THUMB, ACROSS, CAPTION, MOST, TALLEST = 300, 8, 18, 4000, 2.6
RUN = "RUN"
"""Stands for the renewal under way."""
FIRST = datetime.now(UTC).date() + timedelta(40)
TRIP = f"trips?legs=JP_{FIRST}_{FIRST + timedelta(6)},KR_{FIRST + timedelta(6)}_{FIRST + timedelta(11)}&gb=1"
COMPARE = f"compare?in=JP&from={FIRST}&to={FIRST + timedelta(9)}&gb=1"
EMPTY = ("", "balances", "renew", "compare", "trips", "calendar", "reminders", "receipts", "orders", "settings", "data", "people")
FULL = (
    "",
    "balances",
    "card?id=sample-japan",
    "card?id=sample-uk-bank&open=typed",
    "add-card",
    "add-card?way=number",
    "add-card?way=file",
    "calendar",
    "renew",
    "renew?card=sample-hongkong",
    f"renew?run={RUN}",
    COMPARE,
    TRIP,
    "reminders",
    "receipts",
    "orders",
    "data",
    "people",
    "settings",
)
WRONG = (
    "card?id=nothing",
    "renew?run=nothing",
    "compare?in=ZZ&cur=XQZ",
    f"trips?legs=ZZ_{FIRST}_{FIRST}",
    f"trips?legs=JP_{FIRST}_{FIRST}&gb=9000",
    "calendar?month=nonsense",
)
"""What an address can get wrong, and a trip that no plans carry."""
STATES = (("empty", EMPTY), ("tour", ("",)), ("full", FULL), ("wrong", WRONG))
README = {"overview": ("", 1200), "card": ("card?id=sample-uk-bank", 1200), "compare": (COMPARE, 1500), "trip": (TRIP, 2300)}


@contextmanager
def dashboard(language: str, state: str) -> Iterator[tuple[str, str]]:
    """One whose house is empty, at the first step of the tour, or full of samples with a renewal under way: its address, that renewal."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        house = open_house(Configuration(data_dir, f"sqlite:///{data_dir / 'simkeeper.db'}", {}))
        SettingsStore(house.database, "local").put(SETTING, 1 if state == "tour" else OVER if state == "full" else NOT_BEGUN)
        run = ""
        if state == "full":
            SampleDesk(house, "local", language).load()
            begun = Begun(CardKind.SIM, Channel.WEBSITE, card_id="sample-uk-bank", operator="giffgaff", operator_name="giffgaff")
            run = RenewalDesk(house, "local").start(begun)
        house.close()
        process, url, _log = start_dashboard(data_dir, {})
        try:
            yield url, run
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def visitor(browser: Browser, language: str) -> Iterator[Page]:
    context = browser.new_context(locale=LOCALES[language], timezone_id="Asia/Shanghai", reduced_motion="reduce")
    yield context.new_page()
    context.close()


def shoot(page: Page, width: str, height: int | None, target: Path) -> Path:
    """The page as it is, ``height`` pixels high; all of it for None. The page itself does not scroll, a part of it does."""
    page.set_viewport_size({"width": WIDTHS[width], "height": height or 900})
    rest(page)
    if height is None:
        whole = int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
        page.set_viewport_size({"width": WIDTHS[width], "height": min(max(whole, 600), MOST)})
    page.wait_for_timeout(700)  # charts fade in
    page.screenshot(path=target)
    return target


def sheet(browser: Browser, folder: Path) -> None:
    """Every page in every state, in each language, theme and width; then all of them on one picture."""
    folder.mkdir(parents=True, exist_ok=True)
    shots: list[Path] = []
    for language in LOCALES:
        for state, paths in STATES:
            with dashboard(language, state) as (url, run), visitor(browser, language) as page:
                for path, dark in product(paths, (False, True)):  # a table that is on the page keeps something of the other theme
                    page.emulate_media(color_scheme="dark" if dark else "light")
                    page.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})
                    page.goto(f"{url}/{path.replace(RUN, run)}")
                    for width in WIDTHS:
                        name = "-".join([_slug(path), state, language, width, "dark" if dark else "light"])
                        shots.append(shoot(page, width, None, folder / f"{name}.png"))
    _contact(sorted(shots), folder / "contact-sheet.png")


def _slug(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", path.lower())[:40].strip("_") or "overview"


def _contact(shots: list[Path], target: Path) -> None:
    cell = (THUMB, int(THUMB * 1.25) + CAPTION)
    rows = -(-len(shots) // ACROSS)
    whole = Image.new("RGB", (cell[0] * ACROSS, cell[1] * rows), "white")
    draw = ImageDraw.Draw(whole)
    for number, path in enumerate(shots):
        x, y = number % ACROSS * cell[0], number // ACROSS * cell[1]
        with Image.open(path) as whole_page:
            shot = whole_page.crop((0, 0, whole_page.width, min(whole_page.height, int(whole_page.width * TALLEST))))
            shot.thumbnail((THUMB - 6, cell[1] - CAPTION - 4))
            whole.paste(shot, (x, y + CAPTION))
        draw.text((x + 2, y + 3), path.stem, fill="black")
    whole.save(target)
    print(f"{len(shots)} pictures, all of them on {target}")


def readme(browser: Browser) -> None:
    """The pictures of both README files, small enough to live beside the text."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        with dashboard(language, "full") as (url, _run), visitor(browser, language) as page:
            for name, (path, height) in README.items():
                page.set_viewport_size({"width": WIDTHS["desktop"], "height": height})
                page.goto(f"{url}/{path}")
                target = shoot(page, "desktop", height, IMAGES / f"{name}-{language}.png")
                with Image.open(target) as shot:
                    shot.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(target, optimize=True)
                print(target.relative_to(ROOT), target.stat().st_size // 1024, "KB")


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=CHROMIUM_FLAGS)
        if sys.argv[1:2] == ["sheet"]:
            sheet(browser, Path(sys.argv[2]))
        else:
            readme(browser)
            sheet(browser, SHEET)
        browser.close()


if __name__ == "__main__":
    main()
