"""``make screenshots``: pictures for the README into docs/images, and every page in both languages, themes and widths on one contact sheet.

python -m tests.browser.screenshots             both
python -m tests.browser.screenshots sheet DIR   only the contact sheet and its pictures, into DIR
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.samples import SampleDesk
from tests.browser.conftest import CHROMIUM_FLAGS, LOCALES, WIDTHS, installed_chromium, rest, start_dashboard
from tests.conftest import ROOT

IMAGES = ROOT / "docs" / "images"
SHEET = ROOT / "screenshots"
THUMB, ACROSS, CAPTION = 300, 8, 18
FIRST = datetime.now(UTC).date() + timedelta(40)
TRIP = f"trips?legs=JP_{FIRST}_{FIRST + timedelta(6)},KR_{FIRST + timedelta(6)}_{FIRST + timedelta(11)}&gb=1"
COMPARE = f"compare?in=JP&from={FIRST}&to={FIRST + timedelta(9)}&gb=1"
EMPTY = ("", "balances", "calendar", "receipts", "renew")
FULL = (
    "",
    "balances",
    "card?id=sample-japan",
    "card?id=sample-uk-bank",
    "add-card",
    "calendar",
    "renew",
    "renew?card=sample-hongkong",
    COMPARE,
    TRIP,
    "reminders",
    "receipts",
    "orders",
    "data",
    "people",
    "settings",
)
README = {"overview": ("", 1200), "card": ("card?id=sample-uk-bank", 1200), "compare": (COMPARE, 1500), "trip": (TRIP, 2300)}


@contextmanager
def dashboard(language: str, *, samples: bool) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        if samples:
            house = open_house(Configuration(data_dir, f"sqlite:///{data_dir / 'simkeeper.db'}", {}))
            SampleDesk(house, "local", language).load()
            house.close()
        process, url, _log = start_dashboard(data_dir, {})
        try:
            yield url
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def visitor(browser: Browser, language: str, width: str, dark: bool, height: int) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": height},
        locale=LOCALES[language],
        timezone_id="Asia/Shanghai",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def shoot(page: Page, url: str, target: Path) -> Path:
    page.goto(url)
    rest(page)
    page.wait_for_timeout(700)  # charts fade in
    page.screenshot(path=target)
    return target


def sheet(browser: Browser, folder: Path) -> None:
    """Every page, empty and with samples, in each language, theme and width; then all of them on one picture."""
    folder.mkdir(parents=True, exist_ok=True)
    shots: list[Path] = []
    for language in LOCALES:
        for state, paths in (("empty", EMPTY), ("full", FULL)):
            with dashboard(language, samples=state == "full") as url:
                for width in WIDTHS:
                    for dark in (False, True):
                        with visitor(browser, language, width, dark, 1600) as page:
                            for path in paths:
                                name = "-".join([_slug(path), state, language, width, "dark" if dark else "light"])
                                shots.append(shoot(page, f"{url}/{path}", folder / f"{name}.png"))
    _contact(sorted(shots), folder / "contact-sheet.png")


def _slug(path: str) -> str:
    return path.split("&")[0].replace("?", "_").replace("=", "_").split(",")[0] or "overview"


def _contact(shots: list[Path], target: Path) -> None:
    cell = (THUMB, int(THUMB * 1.25) + CAPTION)
    rows = -(-len(shots) // ACROSS)
    whole = Image.new("RGB", (cell[0] * ACROSS, cell[1] * rows), "white")
    draw = ImageDraw.Draw(whole)
    for number, path in enumerate(shots):
        x, y = number % ACROSS * cell[0], number // ACROSS * cell[1]
        with Image.open(path) as shot:
            shot.thumbnail((THUMB - 6, cell[1] - CAPTION - 4))
            whole.paste(shot, (x, y + CAPTION))
        draw.text((x + 2, y + 3), path.stem, fill="black")
    whole.save(target)
    print(f"{len(shots)} pictures, all of them on {target}")


def readme(browser: Browser) -> None:
    """The pictures of both README files, small enough to live beside the text."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        with dashboard(language, samples=True) as url:
            for name, (path, height) in README.items():
                with visitor(browser, language, "desktop", False, height) as page:
                    target = shoot(page, f"{url}/{path}", IMAGES / f"{name}-{language}.png")
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
