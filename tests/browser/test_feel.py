"""What using it feels like: the first minutes, the keyboard alone, a thumb, a zoomed window, paper, and every page in both themes."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from services.model.card import SAMPLE_PREFIX, CardKind
from services.model.renewal import Begun, Channel
from services.use.configuration import read_configuration
from services.use.house import open_house
from services.use.renewals import RenewalDesk
from services.use.samples import SampleDesk
from tests.browser.conftest import PATIENCE, WIDTHS, Dashboard, Visitor
from tests.browser.test_house import PAGES

NUMBER = "+44 7700 900457"  # from the numbers that Ofcom keeps for stories
FIRST = datetime.now(UTC).date() + timedelta(20)
TRIP = f"trips?legs=JP_{FIRST}_{FIRST + timedelta(5)}&gb=1"
ASKED = {
    "compare": f"compare?in=JP&from={FIRST}&to={FIRST + timedelta(5)}&gb=1",
    "trips": TRIP,
    "card": f"card?id={SAMPLE_PREFIX}uk-bank",
}
WORDS = {
    "zh": {
        "jobs": ("出行前", "手上的每一张卡", "续费"),
        "add": "添加卡",
        "number_way": "电话号码",
        "number": "电话号码",
        "send": "添加这张卡",
        "plan": "规划行程",
        "country": "第 1 站：国家或地区",
        "japan": "日本",
        "ticked": re.compile(r"已完成 1/\d+ 步"),
        "checklist": "变成行前清单",
        "key": re.compile("密钥|API"),
    },
    "en": {
        "jobs": ("Before a trip", "Every card you have", "Topping up"),
        "add": "Add a card",
        "number_way": "Phone number",
        "number": "Phone number",
        "send": "Add the card",
        "plan": "Plan a trip",
        "country": "Stay 1: country",
        "japan": "Japan",
        "places": "Where are you going?",
        "best": re.compile("best first"),
        "ticked": re.compile(r"1 of \d+ steps"),
        "checklist": "Turn this into a checklist",
        "key": re.compile("API|[Kk]ey|[Tt]oken"),
    },
}
BOTH = pytest.mark.parametrize("language", ["zh", "en"])
FOCUS_IS_SEEN = """() => {
  const element = document.activeElement;
  const places = [element, element.closest('label'), element.closest('[role=group]'),
    element.closest('[data-testid=stTextInputRootElement]'), element.closest('[data-testid=stNumberInputContainer]')];
  return places.filter(Boolean).some(place => {
    const style = getComputedStyle(place);
    return style.boxShadow !== 'none' || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  });
}"""
TOO_SMALL = """() => {
  const boxes = 'label, [role=group], [data-testid=stTextInputRootElement], [data-testid=stNumberInputContainer]';
  return [...document.querySelectorAll('[data-testid=stMain] :is(button, a[href], summary, input, textarea, [role=button])')]
    .filter(element => element.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .filter(element => element.getBoundingClientRect().height > 1)
    .filter(element => !element.closest('p, li'))  // a link within a sentence may be as high as its line (WCAG 2.2, 2.5.8)
    .filter(element => !(element.tagName === 'A' && element.querySelector('strong')))  // a card's name: its tile has buttons too
    .map(element => [
      (element.getAttribute('aria-label') || element.innerText || element.closest('label')?.innerText || element.tagName).trim(),
      (element.closest(boxes) || element).getBoundingClientRect().height])
    .filter(([, height]) => height < 43.5);
}"""
UNREAD = """() => [...document.querySelectorAll('[data-testid=stMain] .stMarkdownEllipsis')]
  .filter(text => text.scrollWidth > text.clientWidth + 1 && text.innerText.trim()).map(text => text.innerText)"""
CUT = """() => [...document.querySelectorAll('[class*=st-key-paper_] [data-testid=stCheckbox] label')].filter(label => {
  const box = label.getBoundingClientRect();
  const text = label.querySelector('p').getBoundingClientRect();
  return !label.checkVisibility() || text.height === 0 || text.top < box.top - 1 || text.bottom > box.bottom + 1 || text.right > innerWidth;
}).map(label => label.innerText)"""


IN_ROWS = """inARow => {
  const rows = {};
  const tiles = [...document.querySelectorAll('[class*="st-key-tiles_"] > *')].map(tile => tile.getBoundingClientRect());
  tiles.forEach(({y, height}) => (rows[Math.round(y)] ??= []).push(height));
  const found = Object.values(rows);
  return tiles.length >= 6
    && found.every((heights, at) => at === found.length - 1 ? heights.length <= inARow : heights.length === inARow)
    && found.every(heights => Math.max(...heights) - Math.min(...heights) < 1);
}"""


@pytest.fixture(scope="module")
def full(open_dashboard: Callable[..., Dashboard]) -> dict[str, tuple[Dashboard, str]]:
    """By language: a dashboard whose house holds the samples and a renewal under way, and the name of that renewal."""
    houses = {}
    for language in WORDS:
        dashboard = open_dashboard(f"full-{language}")
        house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(dashboard.data_dir)}))
        SampleDesk(house, "local", language).load()
        run = RenewalDesk(house, "local").start(Begun(CardKind.SIM, Channel.WEBSITE, operator="giffgaff", operator_name="giffgaff"))
        house.close()
        houses[language] = (dashboard, run)
    return houses


class Newcomer:
    """Somebody who has never been here; counts what is pressed and the seconds since the page was asked for."""

    def __init__(self, visitor: Visitor, url: str) -> None:
        self.visitor, self.page, self.presses = visitor, visitor.page, 0
        self.began = time.perf_counter()
        visitor.goto(url)

    def press(self, what: Locator) -> None:
        self.presses += 1
        what.click()

    def type(self, what: Locator, text: str) -> None:
        """Into a field, and Enter."""
        self.press(what)
        what.fill(text)
        self.presses += 1
        what.press("Enter")

    def no_key_is_asked_for(self, words: dict[str, object]) -> None:
        expect(self.page.locator("[data-testid=stMain] input[type=password]")).to_have_count(0)
        expect(self.page.locator("[data-testid=stMain] [data-testid=stWidgetLabel]").filter(has_text=words["key"])).to_have_count(0)  # type: ignore[arg-type]

    def report(self, what: str) -> None:
        print(f"\n{what}: {time.perf_counter() - self.began:.1f} s, {self.presses} presses")


@BOTH
def test_the_first_screen_says_what_it_is_for(dashboard: Dashboard, visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language)
    for width, height, seen in ((1280, 800, 3), (390, 844, 2)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        page = visitor.goto(dashboard.url)
        for job in WORDS[language]["jobs"][:seen]:  # type: ignore[index]
            box = page.get_by_role("heading", name=job, exact=True).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height, (job, width)


@BOTH
def test_a_first_trip_and_a_first_card_in_a_few_presses(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str
) -> None:
    words: dict[str, object] = WORDS[language]
    empty = open_dashboard(f"newcomer-{language}")
    traveller = Newcomer(visit(language), empty.url)
    page = traveller.page
    traveller.no_key_is_asked_for(words)
    traveller.press(page.get_by_role("link", name=str(words["plan"])).first)
    traveller.type(page.get_by_role("combobox", name=str(words["country"])), str(words["japan"]))
    page.get_by_test_id("stMetric").first.wait_for(timeout=PATIENCE)
    traveller.report(f"a first trip, {language}")
    traveller.no_key_is_asked_for(words)
    assert traveller.presses <= 3

    keeper = Newcomer(visit(language), empty.url)
    page = keeper.page
    keeper.press(page.get_by_role("link", name=str(words["add"])).first)
    keeper.press(page.get_by_role("radio", name=str(words["number_way"]), exact=True))
    keeper.type(page.get_by_role("textbox", name=str(words["number"]), exact=True), NUMBER)
    keeper.press(page.get_by_role("button", name=str(words["send"])))
    page.wait_for_url(re.compile(r"/card\?id="), timeout=PATIENCE)
    keeper.report(f"a first card, {language}")
    keeper.no_key_is_asked_for(words)
    assert keeper.presses <= 5


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Only the Tab key; on every stop it can be seen where one is."""
    for _stop in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            continue  # between the end of a page and its beginning is the browser itself
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert page.evaluate(FOCUS_IS_SEEN), where
        if wanted.evaluate("element => element === document.activeElement || element.contains(document.activeElement)"):
            return
    raise AssertionError(f"{wanted} was not reached with {most} presses of Tab")


def test_the_keyboard_alone_is_enough(full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor]) -> None:
    (dashboard, run), words = full["en"], WORDS["en"]
    visitor = visit("en")
    page = visitor.goto(dashboard.url)
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("stSkipToContent")).to_be_focused()
    for link in ("Overview", "Cards", "Renew", "Compare plans"):
        tab_to(page, page.get_by_test_id("stTopNavLink").filter(has_text=link).first, most=1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Compare plans")
    visitor.settle()
    tab_to(page, page.get_by_role("combobox", name=str(words["places"])).first)
    page.keyboard.type("Japan")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # the list stays open for the next country
    expect(page.get_by_role("heading", name=words["best"])).to_be_visible()  # type: ignore[arg-type]

    page = visitor.goto(f"{dashboard.url}/add-card?way=number")
    tab_to(page, page.get_by_role("textbox", name=str(words["number"]), exact=True))
    page.keyboard.type(NUMBER)
    page.keyboard.press("Enter")
    send = page.get_by_role("button", name=str(words["send"]))
    send.wait_for()
    visitor.settle()
    tab_to(page, send)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/card\?id="), timeout=PATIENCE)

    page = visitor.goto(f"{dashboard.url}/renew?run={run}")
    tab_to(page, page.get_by_role("checkbox").first)
    page.keyboard.press("Space")
    expect(page.get_by_text(words["ticked"])).to_be_visible()  # type: ignore[arg-type]


def test_a_thumb_hits_everything_on_the_pages_of_the_counter(full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor]) -> None:
    (dashboard, run), visitor = full["zh"], visit("zh", "phone")
    for path in ("balances", "renew", f"renew?run={run}"):
        page = visitor.goto(f"{dashboard.url}/{path}")
        assert page.locator("[data-testid=stMain] button").count() > 1
        assert page.evaluate(TOO_SMALL) == [], path


@pytest.fixture
def zoomed(browser: Browser) -> Iterator[Page]:
    """A window of 1280 pixels at 200 %, of somebody who wants no motion."""
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2, locale="zh-CN", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("window", "in_a_row"), [(1280, 3), (800, 2), (390, 1)])
def test_as_many_tiles_stand_in_a_row_as_fit_and_are_of_one_height(
    full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor], window: int, in_a_row: int
) -> None:
    visitor = visit("en")
    visitor.page.set_viewport_size({"width": window, "height": 1400})
    page = visitor.goto(f"{full['en'][0].url}/balances")
    page.wait_for_function(IN_ROWS, arg=in_a_row)
    assert visitor.sideways() <= 0


def test_nothing_moves_for_who_wants_no_motion(full: dict[str, tuple[Dashboard, str]], zoomed: Page) -> None:
    zoomed.goto(f"{full['zh'][0].url}/balances")
    button = zoomed.locator("[data-testid=stMain] button").first
    button.wait_for()
    zoomed.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stMain] button')].every("
        "button => getComputedStyle(button).transitionDuration.split(',').every(time => parseFloat(time) < 0.001))"
    )


@BOTH
def test_every_page_full_of_samples_is_accessible_in_both_themes_and_fits(
    full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor], language: str
) -> None:
    """Light on a phone, at 200 % zoom, dark on a desk; one load for each page."""
    (dashboard, run), visitor = full[language], visit(language, "phone")
    found = []
    for path in (*(ASKED.get(address, address) for address in PAGES), f"renew?run={run}"):
        visitor.page.emulate_media(color_scheme="light")
        visitor.page.set_viewport_size({"width": WIDTHS["phone"], "height": 844})
        page = visitor.goto(f"{dashboard.url}/{path}")
        found += [(path, "light", *one) for one in visitor.axe()]
        found += [(path, "phone", visitor.sideways())] if visitor.sideways() > 0 else []
        found += [(path, "cut off", text) for text in page.evaluate(UNREAD)]
        page.set_viewport_size({"width": 640, "height": 400})
        page.wait_for_timeout(200)
        found += [(path, "200 %", visitor.sideways())] if visitor.sideways() > 0 else []
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": WIDTHS["desktop"], "height": 1000})
        page.wait_for_function("getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === 'dark'")
        visitor.settle()
        found += [(path, "dark", *one) for one in visitor.axe()]
    assert found == []


def on_paper(page: Page) -> None:
    """What is pressed is gone, every step is there and whole, and all of it is black on white."""
    page.emulate_media(media="print")
    for gone in ("stHeader", "stToolbar"):
        assert page.get_by_test_id(gone).locator("visible=true").count() == 0
    assert page.locator("[data-testid=stMain] button, [data-testid=stMain] summary").locator("visible=true").count() == 0
    assert page.get_by_role("checkbox").count() > 4
    assert page.evaluate(CUT) == []
    colours = page.evaluate(
        "() => [...document.querySelectorAll('[class*=st-key-paper_] [data-testid=stCheckbox] p, h1')]"
        ".map(text => getComputedStyle(text).color)"
        ".concat([getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor])"
    )
    assert set(colours[:-1]) == {"rgb(0, 0, 0)"}
    assert colours[-1] == "rgb(255, 255, 255)"


def test_a_renewal_on_paper_is_its_steps(full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor]) -> None:
    dashboard, run = full["zh"]
    on_paper(visit("zh", dark=True).goto(f"{dashboard.url}/renew?run={run}"))


def test_the_checklist_of_a_trip_on_paper_is_its_steps(full: dict[str, tuple[Dashboard, str]], visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", dark=True)
    page = visitor.goto(f"{full['en'][0].url}/{TRIP}")
    page.get_by_role("button", name=str(WORDS["en"]["checklist"])).click()
    page.get_by_role("checkbox").filter(visible=True).nth(4).wait_for()
    visitor.settle()
    on_paper(page)
