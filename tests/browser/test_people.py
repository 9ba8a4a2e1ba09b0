"""People sign in with a provider of their own on a socket: who comes in, who does not, what each may do, and how it ends."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from services.model.card import Card, CardKind
from services.model.person import Role
from services.providers.sandbox.server import serve
from services.store.acting import as_program
from services.store.people import PeopleStore
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from tests.browser.conftest import Visitor, free_port, start_dashboard
from tests.browser.identity_provider import CLIENT, SECRET, IdentityProvider

ANN, BOB, CARL, EVE = "ann@example.org", "bob@example.org", "carl@example.com", "eve@example.net"
STRANGER, UNVERIFIED = "stranger@example.com", "unverified@example.net"
SETTINGS = """
[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "{cookie}"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
client_kwargs = {{ code_challenge_method = "S256" }}

[simkeeper]
public_url = "{url}"

[simkeeper.people]
allow = ["example.net"]

[simkeeper.people.households.home]
"{ann}" = "owner"
"{bob}" = "viewer"
"""


@dataclass
class Place:
    """A dashboard that asks for sign-in, its provider, and the house behind it as the program sees it."""

    url: str
    provider: IdentityProvider
    house: House
    log: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    provider = IdentityProvider(
        {who: {"email": who, "email_verified": who != UNVERIFIED} for who in (ANN, BOB, CARL, EVE, STRANGER, UNVERIFIED)}
    )
    data_dir, port = tmp_path_factory.mktemp("people"), free_port()
    secrets = data_dir / "secrets.toml"
    with ExitStack() as stack:
        provider.url = stack.enter_context(serve(provider.app))
        secrets.write_text(
            SETTINGS.format(
                url=f"http://127.0.0.1:{port}", cookie="c" * 40, client=CLIENT, secret=SECRET, provider=provider.url, ann=ANN, bob=BOB
            )
        )
        process, url, log = start_dashboard(data_dir, {"SIMKEEPER_SECRETS_FILE": str(secrets)}, port=port, address="0.0.0.0")
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        while True:  # the first page opens the database
            if (data_dir / "simkeeper.db").exists():
                break
            urllib.request.urlopen(url).read()
        house = open_house(read_configuration({"SIMKEEPER_SECRETS_FILE": str(secrets), "SIMKEEPER_DATA_DIR": str(data_dir)}))
        stack.callback(house.close)
        with as_program():
            house.database.ensure_account("home")
            CardDesk(house, "home").add(Card("c1", "Home number", CardKind.SIM))
        yield Place(url, provider, house, log)


@contextmanager
def signed_in(place: Place, visit: Callable[..., Visitor], who: str, language: str = "en", width: str = "desktop") -> Iterator[Visitor]:
    visitor = visit(language, width)
    page = visitor.goto(place.url)
    page.get_by_role("button", name={"en": "Sign in", "zh": "登录"}[language]).click()
    page.get_by_role("link", name=who).click()
    page.wait_for_url(f"{place.url}/**")
    visitor.settle()
    yield visitor


def written(address: str) -> re.Pattern[str]:
    """An address as pages write it: an invisible sign after the @ keeps it from becoming a link."""
    return re.compile(re.escape(address).replace("@", "@\u2060?"))


def see(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_text(text).first).to_be_visible()


def test_nobody_sees_a_page_before_signing_in(place: Place, visit: Callable[..., Visitor]) -> None:
    visitor = visit("en")
    for address in ("", "balances", "card?id=c1", "people", "data", "settings"):
        page = visitor.goto(f"{place.url}/{address}")
        see(page, "Sign in to see the cards of your household.")
        assert page.get_by_text("Home number").count() == 0
        assert page.get_by_role("link", name="Cards and balances").count() == 0
    assert visitor.axe() == []


def test_a_person_signs_in_reloads_and_signs_out(place: Place, visit: Callable[..., Visitor]) -> None:
    with signed_in(place, visit, ANN) as visitor:
        page = visitor.goto(f"{place.url}/balances")
        see(page, "Home number")
        cookies = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
        assert cookies["_streamlit_user"]["httpOnly"]
        assert cookies["_streamlit_user"]["sameSite"] == "Lax"
        page.reload()
        visitor.settle()
        see(page, "Home number")
        page.get_by_role("button", name="Signed in").click()
        see(page, written(ANN))
        page.get_by_role("button", name="Sign out").click()
        see(page, "Sign in to see the cards of your household.")
        assert page.get_by_text("Home number").count() == 0
        visitor.goto(f"{place.url}/balances")
        see(page, "Sign in to see the cards of your household.")
    assert set(place.provider.challenges) == {"S256"}
    assert CLIENT in place.provider.ended


@pytest.mark.parametrize(
    ("who", "sentence"),
    [(STRANGER, "This address is not among those who may sign in."), (UNVERIFIED, "does not say that this address is really yours")],
)
def test_who_is_not_on_the_list_stays_outside(place: Place, visit: Callable[..., Visitor], who: str, sentence: str) -> None:
    with signed_in(place, visit, who) as visitor:
        see(visitor.page, sentence)
        for address in ("balances", "card?id=c1", "people"):
            page = visitor.goto(f"{place.url}/{address}")
            see(page, sentence)
            assert page.get_by_text("Home number").count() == 0
        page.get_by_role("button", name="Sign out").click()
        see(page, "Sign in to see the cards of your household.")


def test_a_viewer_of_the_household_sees_its_cards_and_changes_nothing(place: Place, visit: Callable[..., Visitor]) -> None:
    with signed_in(place, visit, BOB) as visitor:
        page = visitor.goto(f"{place.url}/card?id=c1&open=delete")
        see(page, "Home number")
        see(page, "You can look at everything here and change nothing.")
        page = visitor.goto(f"{place.url}/people")
        see(page, written(ANN))
        assert page.get_by_role("button", name="Invite").count() == 0
        page = visitor.goto(f"{place.url}/data")
        see(page, "A backup holds every household")
        assert page.get_by_role("button", name="Make a backup and download it").count() == 0
        page = visitor.goto(f"{place.url}/renew?card=c1")
        page.get_by_role("button", name="Start", exact=True).click()
        see(page, "Nothing was changed")


def test_another_household_sees_nothing_of_it(place: Place, visit: Callable[..., Visitor]) -> None:
    with signed_in(place, visit, EVE) as visitor:
        for address in ("balances", "card?id=c1", "people", "calendar", "reminders", "receipts", "trips", "settings"):
            page = visitor.goto(f"{place.url}/{address}")
            assert page.get_by_text("Home number").count() == 0
            assert page.get_by_text(written(ANN)).count() == 0


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_people_is_accessible_and_fits(place: Place, visit: Callable[..., Visitor], language: str, width: str) -> None:
    with signed_in(place, visit, ANN, language, width) as visitor:
        page = visitor.goto(f"{place.url}/people")
        see(page, written(ANN))
        assert visitor.sideways() <= 0
        assert visitor.axe() == []


def test_an_owner_invites_and_removes_somebody_who_is_out_at_the_next_click(place: Place, visit: Callable[..., Visitor]) -> None:
    with signed_in(place, visit, ANN) as owner:
        page = owner.goto(f"{place.url}/people")
        page.get_by_label("Address they sign in with").fill("not an address")
        page.get_by_role("button", name="Invite").click()
        owner.settle()
        page.get_by_label("Address they sign in with").fill(CARL)
        page.get_by_role("button", name="Invite").click()
        see(page, written(f"{CARL} can sign in from now on."))
        with signed_in(place, visit, CARL) as guest:
            guest.goto(f"{place.url}/balances")
            see(guest.page, "Home number")
            with as_program():
                assert {m.address: m.role for m in PeopleStore(place.house.database, "home").all()}[CARL] is Role.EDITOR
            page.get_by_role("button", name="Remove", exact=True).click()
            page.get_by_role("button", name="Remove this person").click()
            expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
            guest.page.get_by_role("radio", name="中文").click()
            see(guest.page, "这个邮箱不在允许登录的名单里")
            assert guest.page.get_by_text("Home number").count() == 0
        owner.goto(f"{place.url}/people")
        see(page, "Person: added")
        see(page, "Person: removed")


def test_when_a_sign_in_is_too_old_the_session_ends(place: Place, visit: Callable[..., Visitor]) -> None:
    place.provider.people["old@example.net"] = {
        "email": "old@example.net",
        "email_verified": True,
        "iat": int(datetime.now(UTC).timestamp()) - 8 * 86_400,
        "exp": int(datetime.now(UTC).timestamp()) + 600,
    }
    with signed_in(place, visit, "old@example.net") as visitor:
        see(visitor.page, "You signed in some days ago.")
        assert visitor.page.get_by_role("button", name="Sign in").count() == 1


# ----------------------------------------------------------------------------------------------------------- not set up


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, url, _ = start_dashboard(tmp_path_factory.mktemp("closed"), {}, address="0.0.0.0", closed=True)
    yield url
    process.terminate()
    process.wait(60)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_without_sign_in_every_route_of_an_open_address_says_what_to_set(closed: str, host: str) -> None:
    for path in (
        *("", "balances", "card?id=c1", "people", "data", "nowhere", "healthz", "_stcore/health", "_stcore/metrics", "_stcore/host-config"),
        *("media/0123.csv", "static/index.js", "calendar/secret.ics", "auth/login", "oauth2callback", "app/static/x"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{closed.replace('127.0.0.1', host)}/{path}")
        body = refused.value.read().decode()
        assert refused.value.code == 403, path
        assert "auth.client_id" in body, path
        assert "simkeeper.people.allow" in body, path
        assert "stApp" not in body, path
        assert refused.value.headers["content-security-policy"], path


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_that_says_what_to_set_is_accessible_and_fits(
    closed: str, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    visitor = visit(language, width)
    page = visitor.page
    page.goto(f"{closed}/balances")
    expect(page.locator("h1")).to_have_text({"en": "Simkeeper is closed here", "zh": "续卡管家在此地址上不开放"}[language])
    assert visitor.sideways() <= 0
    assert visitor.axe() == []
    page.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text({"zh": "Simkeeper is closed here", "en": "续卡管家在此地址上不开放"}[language])
    visitor.console_errors[:] = [error for error in visitor.console_errors if "403" not in error]
