"""Canaries in every secret of a card and of a connection, and a whole session around them: they are nowhere but where they were put."""

import sqlite3
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, expect

from services.model.card import Card, CardKind, CardSecrets, ProviderLink
from services.store.provider_accounts import ProviderAccountStore
from services.store.vault import Vault
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.readings import ReadingDesk
from tests.browser.conftest import Dashboard, Visitor, download

CANARIES = {
    "lpa": "LPA:1$rsp.example.com$CANARY-LPA-5d1f",
    "confirmation": "CANARY-CONF-5d1f",
    "pin": "CANARY-PIN-5d1f",
    "puk": "CANARY-PUK-5d1f",
    "token": "CANARYTOKEN5d1f",
    "passphrase": "CANARY-PHRASE-5d1f",
}
SIGN = "5d1f"


def plant(opened: Dashboard) -> None:
    house = open_house(Configuration(opened.data_dir, f"sqlite:///{opened.data_dir / 'simkeeper.db'}"))
    secrets = CardSecrets(*(CANARIES[name] for name in ("lpa", "confirmation", "pin", "puk")))
    CardDesk(house, "local").add(Card("c", "The card", CardKind.ESIM, provider=ProviderLink("keepgo", "1")), secrets)
    vault = Vault(opened.data_dir)
    ProviderAccountStore(house.database, "local", vault).keep(
        "keepgo", {"api_key": CANARIES["token"], "access_token": CANARIES["token"]}, datetime.now(UTC)
    )
    assert ReadingDesk(house, "local").view("c") is not None
    house.close()


def saved(page: Page, where: str, tmp_path: Path) -> Path:
    kept = download(page, page.locator(where))
    path = tmp_path / kept.suggested_filename
    kept.save_as(path)
    return path


def inside(path: Path) -> bytes:
    """The bytes of a file, those of a ZIP unpacked."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_no_secret_leaves_its_place(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], tmp_path: Path) -> None:
    opened = open_dashboard("canaries", also=["keepgo"])
    plant(opened)
    visitor = visit("en")
    addresses: list[str] = []
    visitor.page.on("request", lambda request: addresses.append(f"{request.url} {request.headers.get('referer', '')}"))
    visitor.page.on("framenavigated", lambda frame: addresses.append(frame.url))
    page = visitor.page
    for address in ("", "balances", "card?id=c", "card?id=c&open=codes", "card?id=c&open=edit", "renew?card=c", "settings", "receipts"):
        visitor.goto(f"{opened.url}/{address}")
        assert SIGN not in page.content(), address
    visitor.goto(f"{opened.url}/card?id=c&open=codes")
    page.get_by_text("Show the codes").click()
    expect(page.get_by_text(CANARIES["pin"]).first).to_be_visible()
    visitor.goto(f"{opened.url}/card?id=c")
    page.get_by_role("button", name="Look up now").first.click()  # the emulator refuses the token
    visitor.settle()
    visitor.goto(f"{opened.url}/data")
    plain = saved(page, ".st-key-backup_make button", tmp_path)
    exported = saved(page, ".st-key-data_export button", tmp_path)
    page.get_by_label("Passphrase (optional)").fill(CANARIES["passphrase"])
    page.keyboard.press("Tab")
    visitor.settle()
    expect(page.locator(".st-key-backup_make button")).to_be_enabled()
    sealed = saved(page, ".st-key-backup_make button", tmp_path)
    for path in (plain, exported, sealed):
        assert SIGN.encode() not in inside(path), path.name
    with sqlite3.connect(opened.data_dir / "simkeeper.db") as raw:  # a fault nobody expected, with its traceback in the log
        raw.execute("ALTER TABLE trips RENAME TO gone")
    page.goto(f"{opened.url}/trips")
    expect(page.get_by_text("Something went wrong on this page")).to_be_visible()
    assert SIGN not in page.content()
    with sqlite3.connect(opened.data_dir / "simkeeper.db") as raw:
        raw.execute("ALTER TABLE gone RENAME TO trips")
    assert "Traceback" in opened.log.read_text()
    for path in opened.data_dir.rglob("*"):
        if path.is_file():
            assert SIGN.encode() not in path.read_bytes(), path.name
    assert addresses
    assert not [address for address in addresses if SIGN in address]
    kept = page.evaluate("JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, history.state])")
    assert SIGN not in kept
    for cookie in visitor.context.cookies():
        assert SIGN not in cookie["value"]
        assert cookie["sameSite"] in ("Lax", "Strict"), cookie["name"]
    assert not [error for error in visitor.console_errors if SIGN in error]
