"""Hostile texts in every field, in a real browser: nothing runs, nothing loads, nothing leads away, nothing asks."""

from collections.abc import Callable

from playwright.sync_api import Dialog

from services.use.configuration import Configuration
from services.use.house import open_house
from services.use.renewals import RenewalDesk
from tests.browser.conftest import Dashboard, Visitor
from tests.hostile.household import furnish

ALIVE = """() => {
    const bad = [];
    const other = /evil|pwned|good[.]example|xn--|169[.]254|^(javascript|data|vbscript|file|gopher|blob):|^(tel|sms):[*+]/i;
    for (const link of document.querySelectorAll('a[href], area[href]'))
        if (!link.getAttribute('href').startsWith('#') && other.test(link.href)
            && !(link.closest('[data-testid=stLinkButton]') && link.protocol === 'https:'))
            bad.push('link ' + link.outerHTML.slice(0, 200));
    for (const each of document.querySelectorAll('img, iframe, object, embed, video, audio, base, form[action]'))
        if (/evil|pwned|javascript:/i.test(each.outerHTML)) bad.push('loads ' + each.outerHTML.slice(0, 200));
    for (const each of document.querySelectorAll('script, style'))
        if (/evil[.]example|pwned/.test(each.textContent)) bad.push('code ' + each.outerHTML.slice(0, 200));
    for (const each of document.querySelectorAll('*'))
        for (const attribute of each.attributes)
            if (/^on/.test(attribute.name) && /pwned/.test(attribute.value)) bad.push('handler ' + each.outerHTML.slice(0, 200));
    if (window.pwned) bad.push('a script ran');
    return bad;
}"""


def test_nothing_of_it_comes_alive(open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor]) -> None:
    opened = open_dashboard("hostile")
    house = open_house(Configuration(opened.data_dir, f"sqlite:///{opened.data_dir / 'simkeeper.db'}"))
    furnish(house)
    renewal = RenewalDesk(house, "local").walks()[0].renewal_id
    house.close()
    visitor, asked = visit("en"), []

    def listen(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    visitor.page.on("dialog", listen)
    found: dict[str, list[str]] = {}
    question = "compare?in=JP&from=2027-03-01&to=2027-03-08&gb=3"
    pages = ["", "balances", "card?id=c0", "card?id=c7", "renew", f"renew?run={renewal}", question, "trips", "settings", "calendar"]
    for address in [*pages, "reminders", "receipts", "data"]:
        page = visitor.goto(f"{opened.url}/{address}")
        alive = page.evaluate(ALIVE)
        if alive:
            found[address] = alive
    assert found == {}
    assert asked == []
    assert "evil.example" not in opened.log.read_text()
