"""Cards as a person adds and watches them: every way in, every source of a reading, in both languages and widths."""

import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from services.model.card import Card, CardKind, DependentAccount, Identifiers
from services.providers.sandbox.faults import Fault
from services.store.cards import CardStore
from services.store.database import Database
from services.store.provider_accounts import ProviderAccountStore
from services.store.vault import Vault
from tests.browser.conftest import CHROMIUM_FLAGS, LOCALES, PATIENCE, Dashboard, Visitor, installed_chromium, pick
from ui.language import catalogues

BOTH = pytest.mark.parametrize(("language", "width"), [("zh", "desktop"), ("en", "phone")])
CODE = "LPA:1$smdp.example.com$TEST-CODE-77"
MESSAGE = "Your giffgaff balance is £7.25. Your goodybag has 4.5GB of data left and ends on 25/12/2027."
FRAUD = "giffgaff: your payment failed, your number will be suspended today. Verify your card now at http://giffgaff-billing.top/login"


class Person:
    """A visitor who reads the labels of one language."""

    def __init__(self, visitor: Visitor, language: str, home: str) -> None:
        self.visitor, self.page, self.home = visitor, visitor.page, home
        self._words = catalogues()[language]

    def words(self, english: str) -> str:
        return self._words.gettext(english)

    def open(self, path: str) -> Page:
        return self.visitor.goto(self.home + path)

    def press(self, english: str) -> None:
        self.page.get_by_role("button", name=self.words(english), exact=True).first.click()
        self.visitor.settle()

    def field(self, english: str, value: str) -> None:
        field = self.page.get_by_label(self.words(english), exact=True).first
        field.fill(value)
        field.press("Tab")
        self.visitor.settle()

    def follow(self, english: str) -> None:
        self.page.get_by_role("link", name=self.words(english)).first.click()
        self.visitor.settle()

    def unfold(self, english: str) -> None:
        self.page.locator("summary").filter(has_text=self.words(english)).first.click()
        self.visitor.settle()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def switch_on(self, english: str) -> None:
        """Pressed once more when the page was drawn anew under the first press."""
        switch = self.page.get_by_role("switch", name=self.words(english))
        for patience in (5_000, 10_000, PATIENCE):
            self.visitor.settle()
            if not switch.is_checked():
                self.page.get_by_text(self.words(english)).click()
            try:
                expect(switch).to_be_checked(timeout=patience)
            except AssertionError:
                continue
            self.visitor.settle()
            return
        raise AssertionError(f"{english} cannot be switched on")

    def check(self) -> None:
        assert self.visitor.axe() == []
        assert self.visitor.sideways() <= 0


@pytest.fixture
def person(visit: Callable[..., Visitor]) -> Callable[..., Person]:
    return lambda opened, language, width="desktop": Person(visit(language, width), language, opened.url)


def name_it(someone: Person, name: str) -> None:
    someone.field("Name", name)
    someone.press("Add the card")
    expect(someone.page.get_by_role("heading", name=name, level=1)).to_be_visible()


@BOTH
def test_from_nothing_to_a_card_a_typed_reading_and_a_message(
    open_dashboard: Callable[..., Dashboard], person: Callable[..., Person], language: str, width: str
) -> None:
    someone = person(open_dashboard(f"cards-{language}"), language, width)
    page = someone.open("/balances")
    someone.sees(
        someone.words("There is no card here yet. Add one: photograph its QR code, type its number, or take it over from a provider.")
    )
    someone.check()
    someone.follow("Add a card")

    page.get_by_role("radio", name=someone.words("Phone number"), exact=True).click()
    someone.visitor.settle()
    someone.field("Phone number", "+86 138 0013 8000")
    someone.sees("中国移动" if language == "zh" else "China Mobile")
    someone.check()
    name_it(someone, "爸爸 *的* 卡")
    someone.check()

    someone.field("Balance", "12.34")
    someone.field("Data left", "3")
    someone.press("Keep this reading")
    someone.sees(someone.words("Kept."))
    expect(page.get_by_text("¥12.34").first).to_be_visible()
    someone.sees("3 GB")
    someone.sees(someone.words("typed"))

    someone.unfold("Paste a message")
    someone.field("The whole text of the message", FRAUD)
    someone.press("Read the message")
    someone.sees(someone.words("This message is probably a fraud"))
    someone.field("The whole text of the message", MESSAGE)
    someone.press("Read the message")
    assert "£7.25" in page.locator("mark").all_inner_texts()
    someone.check()
    someone.press("Keep what is ticked")
    expect(page.get_by_text("£7.25").first).to_be_visible()
    expect(page.get_by_text("¥12.34").first).to_be_visible()
    someone.sees(someone.words("from a message"))

    someone.open("/balances")
    someone.sees("4.5 GB")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(1)
    someone.check()
    someone.open("/")
    someone.check()


@BOTH
def test_an_esim_from_its_qr_code_keeps_its_secret(
    open_dashboard: Callable[..., Dashboard], person: Callable[..., Person], language: str, width: str
) -> None:
    opened = open_dashboard(f"codes-{language}")
    someone = person(opened, language, width)
    page = someone.open("/add-card")
    picture = io.BytesIO()
    segno.make(CODE, error="m").save(picture, kind="png", scale=6)
    page.locator("input[type=file]").set_input_files({"name": "qr.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    someone.sees("smdp.example.com")
    someone.visitor.settle()
    assert "TEST-CODE-77" not in page.content()
    name_it(someone, "Trip")
    someone.unfold("Installing it: QR code, PIN, PUK")
    assert "TEST-CODE-77" not in page.content()
    someone.switch_on("Show the codes: whoever sees them can take this card")
    someone.sees("TEST-CODE-77")
    link = page.get_by_role("link", name=someone.words("Install on this iPhone (iOS 17.5 and later)"))
    assert "LPA%3A1%24smdp.example.com%24TEST-CODE-77" in (link.get_attribute("href") or "")
    expect(page.get_by_alt_text(someone.words("QR code that installs this eSIM"))).to_be_visible()
    someone.check()
    assert "TEST-CODE-77" not in opened.log.read_text()


def film(path: Path, code: str) -> None:
    """A film for Chromium's pretended camera: the QR code of ``code``, black on white."""
    wide, high = 640, 480
    rows = list(segno.make(code, error="m").matrix_iter(scale=8, border=4))
    picture = bytearray([235]) * (wide * high)
    top, left = (high - len(rows)) // 2, (wide - len(rows[0])) // 2
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            picture[(top + y) * wide + left + x] = 16 if dark else 235
    frame = b"FRAME\n" + bytes(picture) + bytes([128]) * (wide * high // 2)
    path.write_bytes(f"YUV4MPEG2 W{wide} H{high} F10:1 Ip A1:1 C420\n".encode() + frame * 10)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_esim_is_scanned_with_the_camera(dashboard: Dashboard, browser: Browser, tmp_path: Path, language: str) -> None:
    film(tmp_path / "code.y4m", CODE)
    pretended = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    camera = [*pretended, f"--use-file-for-fake-video-capture={tmp_path / 'code.y4m'}"]
    with browser.browser_type.launch(executable_path=installed_chromium(), args=[*CHROMIUM_FLAGS, *camera]) as other:
        context = other.new_context(viewport={"width": 390, "height": 1400}, locale=LOCALES[language], permissions=["camera"])
        context.set_default_timeout(PATIENCE)
        someone = Person(Visitor(context), language, dashboard.url)
        page = someone.open("/add-card")
        someone.switch_on("Use the camera")
        page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.5")  # before that there is no picture to take
        page.get_by_role("button", name=someone.words("Take the photo")).click()
        someone.sees("smdp.example.com")
        someone.visitor.settle()
        assert "TEST-CODE-77" not in page.content()
        someone.check()
        assert someone.visitor.console_errors == []
        assert someone.visitor.outside == []


@BOTH
def test_an_iccid_with_a_slip_is_pointed_out_and_a_picture_of_nothing_too(
    dashboard: Dashboard, person: Callable[..., Person], language: str, width: str
) -> None:
    someone = person(dashboard, language, width)
    page = someone.open("/add-card?way=iccid")
    someone.field("ICCID, the long number on the card", "8986 0012 3456 7890 123")
    someone.sees("中国移动" if language == "zh" else "China Mobile")
    someone.sees("校验位" if language == "zh" else "The check digit does not fit")
    someone.check()
    name_it(someone, "Mainland SIM")
    someone.unfold("Numbers and people")
    someone.sees("8986001234567890123")
    someone.open("/add-card")
    page.locator("input[type=file]").set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"})
    someone.sees(someone.words("This file is no picture that can be opened. Choose a PNG or JPEG of at most 5 MB."))


@BOTH
def test_a_device_by_its_imei_and_the_chip_by_its_eid(
    dashboard: Dashboard, person: Callable[..., Person], language: str, width: str
) -> None:
    someone = person(dashboard, language, width)
    page = someone.open("/add-card?way=device")
    someone.field("IMEI of the device", "490154203237519")
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    someone.check()
    someone.field("IMEI of the device", "49-015420-323751-8")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    name_it(someone, "Router")
    someone.unfold("Numbers and people")
    someone.sees("490154203237518")


@pytest.mark.parametrize(("language", "width", "country"), [("zh", "phone", "英国"), ("en", "desktop", "United Kingdom")])
def test_a_card_is_typed_by_hand_and_what_is_wrong_loses_nothing_of_it(
    open_dashboard: Callable[..., Dashboard], person: Callable[..., Person], language: str, width: str, country: str
) -> None:
    opened = open_dashboard(f"hand-{language}")
    someone = person(opened, language, width)
    page = someone.open("/add-card?way=by_hand")
    someone.unfold("More about this card")
    for english, choice in (("Kind", someone.words("Pocket Wi-Fi")), ("Operator", "giffgaff"), ("Country", country)):
        pick(page, someone.words(english), choice)
    tags = page.get_by_role("combobox", name=someone.words("Tags"), exact=True)
    tags.fill("trip")
    tags.press("Enter")
    typed = {
        "Holder": "李雷 *Li*",
        "Phone number": "+44 7700 900123",
        "ICCID": "8944 1100 6800 0000 005",
        "EID": "89049032 00000000 00000000 00000164",
        "IMEI": "49-015420-323751-8",
        "Device": "Router",
        "Slot": "1",
        "Who pays": "Mum",
        "Accounts that depend on this number, one per line": "Bank\nMail",
    }
    for english, value in typed.items():
        someone.field(english, value)
    days = [date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3), datetime.now(UTC).date() + timedelta(days=200)]
    for at, day in enumerate(days):
        field = page.get_by_test_id("stForm").get_by_test_id("stDateInput").nth(at)
        for part, number in (("year", day.year), ("month", day.month), ("day", day.day)):
            field.locator(f"[data-type={part}]").press_sequentially(str(number))
        page.keyboard.press("Tab")
    someone.press("Add the card")
    said = page.get_by_test_id("stAlert").filter(has_text=someone.words("Give the card a name to tell it apart by."))
    expect(said).to_contain_text("EID")
    for english, value in typed.items():
        expect(page.get_by_label(someone.words(english), exact=True).first).to_have_value(value)
    someone.check()

    someone.field("EID", "89049032 00000000 00000000 00000163")
    name_it(someone, "妈妈 *的* 卡")
    someone.sees(" · ".join(["giffgaff", someone.words("Pocket Wi-Fi"), country]))
    someone.unfold("Numbers and people")
    for value in ("+447700900123", "8944110068000000005", "89049032000000000000000000000163", "490154203237518", "李雷 *Li*", "Mum"):
        someone.sees(value)
    someone.check()
    database = Database(f"sqlite:///{opened.data_dir / 'simkeeper.db'}")
    (card,) = CardStore(database, "local", Vault(opened.data_dir)).all()
    database.close()
    assert card == Card(
        card.card_id,
        "妈妈 *的* 卡",
        CardKind.POCKET_WIFI,
        "giffgaff",
        "GB",
        Identifiers("8944110068000000005", "+447700900123", "89049032000000000000000000000163", "490154203237518"),
        device="Router",
        slot="1",
        holder="李雷 *Li*",
        payer="Mum",
        tags=frozenset({"trip"}),
        dependents=(DependentAccount("Bank"), DependentAccount("Mail")),
        bought_on=days[0],
        installed_on=days[1],
        first_used_on=days[2],
        return_by=days[3],
    )


@BOTH
def test_many_cards_from_a_file_found_and_changed_together(
    open_dashboard: Callable[..., Dashboard], person: Callable[..., Person], language: str, width: str
) -> None:
    someone = person(open_dashboard(f"many-{language}"), language, width)
    page = someone.open("/add-card?way=file")
    rows = "name,phone number,country,holder\n" + "".join(f"Card {n:02},+4477009001{n:02},GB,Holder {n % 3}\n" for n in range(22))
    table = (rows + "Twin,+447700900100,,\nNowhere,,Atlantis,\n").encode()
    page.locator("input[type=file]").set_input_files({"name": "cards.csv", "mimeType": "text/csv", "buffer": table})
    someone.sees(someone._words.ngettext("{n} card understood", "{n} cards understood", 22).format(n=22))
    someone.sees(someone._words.ngettext("{n} row left out", "{n} rows left out", 2).format(n=2))
    someone.check()
    page.get_by_role("button", name=someone._words.ngettext("Add {n} card", "Add {n} cards", 22).format(n=22), exact=True).click()
    someone.sees(someone._words.ngettext("{n} card added.", "{n} cards added.", 22).format(n=22))
    someone.open("/balances")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(12)
    someone.field("Find a card", "Card 21")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(1)
    someone.field("Find a card", "holder 1")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(7)
    someone.unfold("Several cards at once")
    page.get_by_role("radio", name=someone.words("Delete"), exact=True).click()
    someone.visitor.settle()
    someone.sees("Card 01")
    page.get_by_text(someone.words("Delete them with all their readings and codes")).click()
    someone.visitor.settle()
    someone.check()
    page.locator(".st-key-several_go button").click()
    someone.sees(someone.words("No card passes these filters. Clear one of them."))
    someone.field("Find a card", "")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(12)


@BOTH
def test_a_refresh_brings_readings_and_a_failure_leaves_them(
    open_dashboard: Callable[..., Dashboard], person: Callable[..., Person], language: str, width: str
) -> None:
    opened = open_dashboard(f"refresh-{language}", also=["keepgo"])
    sandbox = opened.sellers["keepgo"]
    connect(opened, sandbox.credentials)
    someone = person(opened, language, width)
    page = someone.open("/add-card?way=provider")
    someone.press("Show its cards")
    cards = page.get_by_label(someone.words("Cards to add"))
    for iccid in list(sandbox.cards.values())[:3]:
        pick(page, cards, iccid)
    page.keyboard.press("Escape")
    someone.visitor.settle()
    page.get_by_role("button", name=someone._words.ngettext("Add {n} card", "Add {n} cards", 3).format(n=3), exact=True).press("Enter")
    someone.sees(someone._words.ngettext("{n} card added.", "{n} cards added.", 3).format(n=3))

    someone.open("/balances")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(3)
    someone.press("Look up all cards")
    looked_up = someone._words.ngettext("{n} card looked up", "{n} cards looked up", 3).format(n=3)
    expect(page.get_by_text(looked_up)).to_be_visible(timeout=30_000)
    someone.visitor.settle()
    someone.sees(someone.words("looked up at {provider}").format(provider="Keepgo"))
    before = figures(page)
    assert any("GB" in figure or "MB" in figure for figure in before)
    someone.check()

    sandbox.faults[:] = [Fault("html")]
    someone.press("Look up all cards")
    expect(page.get_by_text(someone.words("Look-up failed"))).to_have_count(3)
    someone.visitor.settle()
    assert figures(page) == before
    someone.sees(someone.words("The figures above are the last good ones."))
    someone.check()

    sandbox.faults[:] = [Fault("stall_before")]
    someone.press("Look up all cards")
    stop = page.get_by_role("button", name=someone.words("Stop looking up"), exact=True)
    stop.click()
    expect(stop).to_have_count(0)
    someone.visitor.settle()
    assert figures(page) == before
    expect(page.get_by_text(someone.words("Look-up failed"))).to_have_count(3)  # of the time before: stopping is no failure


def figures(page: Page) -> list[str]:
    """The bold figures of all tiles, in order."""
    return page.locator("[data-testid=stMarkdown] strong").filter(has_text=re.compile(r"\d ?[GM]B")).all_inner_texts()


def connect(opened: Dashboard, credentials: dict[str, str]) -> None:
    """As if the settings page had kept the credentials (it is under test elsewhere)."""
    database = Database(f"sqlite:///{opened.data_dir / 'simkeeper.db'}")
    database.migrate()
    ProviderAccountStore(database, "local", Vault(opened.data_dir)).keep("keepgo", credentials, datetime.now(UTC))
    database.close()
