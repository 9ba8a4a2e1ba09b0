"""Accounts at providers as the settings page draws them, and the words for everything that can be said of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.providers.base import Capability
from services.providers.errors import Because, Malformed, NotFound, ProviderError, RateLimited, Refused, Unauthorised, Unreachable
from services.providers.facts import facts_of
from services.providers.registry import PROVIDERS
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.use.catalogue import failure_of
from services.use.configuration import read_configuration
from services.use.connections import ConnectionDesk, ConnectionSource, CredentialProblem
from services.use.house import house
from tests.app.driving import open_page, press, said
from tests.conftest import ROOT
from ui import connection_words
from ui.language import speaking

CANARY = "canary-51d0e9"
ACCOUNTS = [provider for provider in PROVIDERS if facts_of(provider).credentials]


@pytest.fixture
def keepgo(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Keepgo's emulator on a socket, at the address that the environment names. Gives its credentials."""
    sandbox = SANDBOXES["keepgo"]()
    with serve(sandbox) as address:
        monkeypatch.setenv("SIMKEEPER_URL_KEEPGO", address)
        yield sandbox.credentials


def choose(app: AppTest, provider: str) -> AppTest:
    choice = next(box for box in app.selectbox if box.key and box.key.startswith("connect_choice_"))
    choice.select(provider).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("provider", ACCOUNTS)
def test_the_form_asks_for_every_field_and_says_where_to_find_it(app: AppTest, provider: str, language: str) -> None:
    with speaking(language):
        choose(open_page(app, "settings", language), provider)
    facts, words = facts_of(provider), said(app)
    boxes = {
        box.key.split(f"connect_{provider}_")[1].rsplit("_", 1)[0]: box for box in app.text_input if f"connect_{provider}_" in str(box.key)
    }
    assert list(boxes) == [field.name for field in facts.credentials]
    for field in facts.credentials:
        assert field.label.in_language(language) in boxes[field.name].label
        assert field.where.in_language(language) in words
        assert (boxes[field.name].proto.type == boxes[field.name].proto.PASSWORD) == field.secret
    assert facts.sends.in_language(language) in words
    assert facts.notes is None or facts.notes.in_language(language) in words
    for verb in PROVIDERS[provider].capabilities():
        with speaking(language):
            assert connection_words.word(connection_words.VERB, verb.value) in words


def test_a_key_is_gone_from_the_session_once_it_is_kept(app: AppTest, keepgo: dict[str, str]) -> None:
    choose(open_page(app, "settings"), "keepgo")
    for name, value in {"api_key": CANARY, "access_token": keepgo["access_token"]}.items():
        app.text_input(key=f"connect_keepgo_{name}_0").input(value)
    press(app, "Test and connect")
    assert "Keepgo does not accept this key" in said(app)
    assert ConnectionDesk(house(), "local").connections() == []
    assert CANARY not in said(app)
    for name, value in keepgo.items():
        app.text_input(key=f"connect_keepgo_{name}_0").input(value)
    press(app, "Test and connect")
    assert "Keepgo is connected" in said(app)
    assert "● Works" in said(app)
    assert "of 2 left in 1 second: all calls" in said(app)
    held = repr(app.session_state)
    assert not any(secret in held + said(app) for secret in (CANARY, *keepgo.values()))


def test_disconnecting_asks_once_more(app: AppTest, keepgo: dict[str, str]) -> None:
    ConnectionDesk(house(), "local").connect("keepgo", keepgo)
    press(open_page(app, "settings"), "Disconnect Keepgo")
    assert "Disconnect Keepgo?" in said(app)
    press(app, "Keep it")
    assert len(ConnectionDesk(house(), "local").connections()) == 1
    press(press(app, "Disconnect Keepgo"), "Delete the key")
    assert "Keepgo is disconnected" in said(app)
    assert ConnectionDesk(house(), "local").connections() == []


def test_a_connection_of_the_file_is_removed_in_the_file(
    app: AppTest, keepgo: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[simkeeper.providers.keepgo]\n" + "".join(f'{name} = "{value}"\n' for name, value in keepgo.items()))
    monkeypatch.setattr("services.use.house.read_configuration", lambda: read_configuration(secrets_file=secrets))
    open_page(app, "settings")
    assert "Key read from .streamlit/secrets.toml" in said(app)
    assert "○ Not tried yet" in said(app)
    assert not any(button.label.startswith("Disconnect") for button in app.button)
    press(app, "Test Keepgo")
    assert "● Works" in said(app)


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "pages").glob("*.py")))
def test_every_page_says_which_connections_are_invented(app: AppTest, page: str) -> None:
    desk = ConnectionDesk(house(), "local")
    desk.connect_sandbox("esimaccess")
    app.session_state["lang"] = "en"
    app.run()
    app.switch_page(f"../pages/{page}").run()
    assert "orders of eSIM Access come from the sandbox and are invented" in said(app)


def test_every_code_has_its_words() -> None:
    assert set(connection_words.VERB) == {verb.value for verb in Capability}
    assert set(connection_words.SOURCE) == {source.value for source in ConnectionSource}
    assert set(connection_words.SCOPE) == {limit.scope for provider in PROVIDERS for limit in facts_of(provider).limits}


ERRORS: list[ProviderError] = [
    *(Unreachable("reloadly", because, CANARY, status=503 if because is Because.SERVER else None) for because in Because),
    Unauthorised("reloadly", CANARY),
    Unauthorised("reloadly", "environment"),
    Unauthorised("reloadly", "credentials unreadable"),
    RateLimited("reloadly", 7),
    Malformed("reloadly", "items[3].price", "missing"),
    Refused("reloadly", 403, CANARY),
]


def test_every_failure_has_a_sentence_that_repeats_nothing_of_the_provider() -> None:
    for language in ("zh", "en"):
        with speaking(language):
            sentences = {connection_words.trouble(facts_of("reloadly"), failure_of(error)) for error in ERRORS}
        assert len(sentences) == len(ERRORS) - 1, "a broken connection and one that was never made are the same to a person"
        assert not any(CANARY in sentence or "{" in sentence for sentence in sentences)
    with speaking("en"):
        assert "items[3].price" in re.sub(r"\\", "", connection_words.trouble(facts_of("reloadly"), failure_of(ERRORS[-2])))
        assert connection_words.trouble(facts_of("reloadly"), failure_of(NotFound("reloadly", "path")))


@pytest.mark.parametrize("problem", ["missing", "characters"])
def test_a_problem_names_the_field_as_the_form_does(problem: str) -> None:
    for language in ("zh", "en"):
        with speaking(language):
            field = facts_of("keepgo").credentials[1]
            assert field.label.in_language(language) in connection_words.problem(facts_of("keepgo"), CredentialProblem(field.name, problem))
