"""Connecting, testing, using and disconnecting every provider, at its emulator on a socket and at the one inside the process."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.model.card import Card, CardKind, ProviderLink
from services.model.order import AccountBalance
from services.providers.base import Capability
from services.providers.errors import NotFound, ProviderError, RateLimited, Refused, Unauthorised, Unreachable
from services.providers.facts import facts_of
from services.providers.registry import PROVIDERS
from services.providers.sandbox.faults import Fault, Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.providers.sandbox.state import Window
from services.providers.tokens import TOKENS
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.connections import ConnectionDesk, ConnectionSource, CredentialProblem
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from tests.servers.contents import text_of
from tests.unit.orders.till import account_in

ACCOUNTS = [provider for provider in PROVIDERS if facts_of(provider).credentials]
CANARY = "canary-7f3a91c2"


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture(scope="module")
def emulators() -> Iterator[tuple[dict[str, Sandbox], dict[str, str]]]:
    """Every provider with accounts, on a socket of its own: emulators and the environment that leads to them."""
    with ExitStack() as stack:
        sandboxes = {provider: SANDBOXES[provider]() for provider in ACCOUNTS}
        yield sandboxes, {f"SIMKEEPER_URL_{provider.upper()}": stack.enter_context(serve(app)) for provider, app in sandboxes.items()}


@pytest.fixture
def sandboxes(emulators: tuple[dict[str, Sandbox], dict[str, str]]) -> dict[str, Sandbox]:
    """As new: without faults, without a log, and with no call counted against a limit, however quickly the tests follow one another."""
    for sandbox in emulators[0].values():
        sandbox.faults.clear()
        sandbox.log.clear()
        for kept in vars(account_in(sandbox)).values():
            for window in kept.values() if isinstance(kept, dict) else [kept]:
                if isinstance(window, Window):
                    window._made.clear()
    return emulators[0]


@pytest.fixture
def house(
    tmp_path: Path, database_url: str, emulators: tuple[dict[str, Sandbox], dict[str, str]], sandboxes: dict[str, Sandbox]
) -> Iterator[House]:
    environment = {"SIMKEEPER_DATA_DIR": str(tmp_path), "SIMKEEPER_DATABASE_URL": database_url, **emulators[1]}
    opened = open_house(read_configuration(environment, tmp_path / "secrets.toml"))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(house: House, clock: Clock) -> ConnectionDesk:
    return ConnectionDesk(house, "local", clock)


def bytes_of(data_dir: Path) -> bytes:
    """Everything the house wrote, but the key itself."""
    return b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())


@pytest.mark.parametrize("provider", ACCOUNTS)
def test_each_provider_is_reached_through_its_address_in_the_environment(
    provider: str, desk: ConnectionDesk, house: House, sandboxes: dict[str, Sandbox], tmp_path: Path
) -> None:
    said = desk.connect(provider, sandboxes[provider].credentials)
    assert sandboxes[provider].log, "asked on its socket"
    assert (said is not None) == (Capability.ACCOUNT in PROVIDERS[provider].capabilities())
    (connection,) = desk.connections()
    assert connection.facts.id == provider
    assert connection.source is ConnectionSource.KEPT
    assert connection.verbs == PROVIDERS[provider].capabilities()
    assert connection.succeeded_at == connection.connected_at is not None
    assert connection.failure is None
    if Capability.CARDS in connection.verbs:
        assert desk.cards(provider)
    secret = [sandboxes[provider].credentials[field.name] for field in connection.facts.credentials if field.secret and field.required]
    held = bytes_of(tmp_path) + text_of(house.database).encode()
    assert not any(each.encode() in held for each in secret), "sealed in the database"

    desk.disconnect(provider)
    assert desk.connections() == []
    with pytest.raises(Unauthorised):
        desk.open(provider)


@pytest.mark.parametrize("provider", ACCOUNTS)
def test_a_wrong_key_is_refused_and_leaves_no_trace(
    provider: str, desk: ConnectionDesk, house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = {field.name: f"{CANARY}-{field.name}" for field in facts_of(provider).credentials if field.secret or field.required}
    with pytest.raises(Unauthorised) as caught:
        desk.connect(provider, wrong)
    assert desk.connections() == []
    assert CANARY not in str(caught.value) + repr(vars(caught.value)) + caplog.text
    assert CANARY.encode() not in bytes_of(tmp_path) + text_of(house.database).encode()


@pytest.mark.parametrize("provider", ACCOUNTS)
def test_the_sandbox_needs_no_key_and_asks_nobody_outside(provider: str, desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect_sandbox(provider)
    assert sandboxes[provider].log == [], "the emulator inside, not the address"
    (connection,) = desk.connections()
    assert connection.source is ConnectionSource.SANDBOX
    assert [facts.id for facts in desk.invented()] == [provider]
    assert desk.origin(provider) == f"sandbox:{provider}"
    desk.test(provider)
    if Capability.CARDS in connection.verbs:
        assert {card.remote_id for card in desk.cards(provider)} & set(SANDBOXES[provider]().cards.values())
    desk.disconnect(provider)
    assert desk.invented() == []
    assert desk.origin(provider) == provider


def test_real_credentials_take_the_place_of_the_sandbox(desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect_sandbox("keepgo")
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    assert desk.invented() == []
    sandboxes["keepgo"].log.clear()
    desk.cards("keepgo")
    assert sandboxes["keepgo"].log


def test_readings_of_a_sandbox_are_marked_as_invented(house: House, desk: ConnectionDesk) -> None:
    desk.connect_sandbox("esimaccess")
    remote = desk.cards("esimaccess")[0].remote_id
    CardDesk(house, "local").add(Card("a", "A", CardKind.ESIM, provider=ProviderLink("esimaccess", remote)))
    readings = ReadingDesk(house, "local")
    readings.start_refresh()
    refresh = readings.refreshing()
    assert refresh is not None
    for work in refresh.work:
        work.result(20)
    (kept,) = readings.history("a")
    assert kept.origin == "sandbox:esimaccess"


def secrets_file(tmp_path: Path, sandbox: Sandbox, key: str | None = None) -> Path:
    fields = {**sandbox.credentials, **({"api_key": key} if key else {})}
    path = tmp_path / "secrets.toml"
    path.write_text("[simkeeper.providers.keepgo]\n" + "".join(f'{name} = "{value}"\n' for name, value in fields.items()))
    return path


def test_credentials_of_the_file_connect_and_stay_in_the_file(
    tmp_path: Path, emulators: tuple[dict[str, Sandbox], dict[str, str]], sandboxes: dict[str, Sandbox]
) -> None:
    configuration = read_configuration(
        {"SIMKEEPER_DATA_DIR": str(tmp_path / "data"), **emulators[1]}, secrets_file(tmp_path, sandboxes["keepgo"])
    )
    assert sandboxes["keepgo"].credentials["api_key"] not in repr(configuration)
    opened = open_house(configuration)
    desk = ConnectionDesk(opened, "local")
    (connection,) = desk.connections()
    assert connection.source is ConnectionSource.FILE
    assert connection.connected_at is connection.succeeded_at is None
    assert desk.test("keepgo") is not None
    assert desk.connections()[0].succeeded_at is not None
    assert [facts.id for facts in desk.connected()] == ["keepgo"]
    assert ConnectionDesk(opened, "somebody else").connected() == [], "the file is of whoever runs the machine"
    desk.disconnect("keepgo")
    assert [each.source for each in desk.connections()] == [ConnectionSource.FILE]
    opened.close()
    assert sandboxes["keepgo"].credentials["api_key"].encode() not in bytes_of(tmp_path / "data")


def test_what_was_entered_goes_before_the_file(
    tmp_path: Path, emulators: tuple[dict[str, Sandbox], dict[str, str]], sandboxes: dict[str, Sandbox]
) -> None:
    configuration = read_configuration(
        {"SIMKEEPER_DATA_DIR": str(tmp_path), **emulators[1]}, secrets_file(tmp_path, sandboxes["keepgo"], "old")
    )
    opened = open_house(configuration)
    desk = ConnectionDesk(opened, "local")
    with pytest.raises(Unauthorised):
        desk.test("keepgo")
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    assert desk.connections()[0].source is ConnectionSource.KEPT
    assert desk.test("keepgo") is not None
    opened.close()


def test_a_failure_is_remembered_until_an_answer_comes(desk: ConnectionDesk, sandboxes: dict[str, Sandbox], clock: Clock) -> None:
    desk.connect("esimgo", sandboxes["esimgo"].credentials)
    connected_at = desk.connections()[0].succeeded_at
    sandboxes["esimgo"].faults.append(Fault("status", status=401))
    clock.at += timedelta(hours=1)
    with pytest.raises(Unauthorised):
        desk.test("esimgo")
    (broken,) = desk.connections()
    assert broken.failure is not None
    assert broken.failure["kind"] == "Unauthorised"
    assert broken.failed_at == clock.at.replace(microsecond=0)
    assert broken.succeeded_at == connected_at
    sandboxes["esimgo"].faults.clear()
    clock.at += timedelta(hours=1)
    assert isinstance(desk.test("esimgo"), AccountBalance)
    (well,) = desk.connections()
    assert well.failure is well.failed_at is None
    assert well.succeeded_at == clock.at.replace(microsecond=0)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (None, None),
        (NotFound("keepgo", "card"), None),
        (Refused("keepgo", 422), None),
        (RateLimited("keepgo", 3), "RateLimited"),
        (Unauthorised("keepgo"), "Unauthorised"),
    ],
)
def test_an_error_about_one_card_says_nothing_bad_of_the_connection(
    error: ProviderError | None, kind: str | None, desk: ConnectionDesk, sandboxes: dict[str, Sandbox]
) -> None:
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    desk.heard("keepgo", error)
    failure = desk.connections()[0].failure
    assert (failure and failure["kind"]) == kind


def test_a_use_that_goes_well_is_dated_once_a_minute(desk: ConnectionDesk, sandboxes: dict[str, Sandbox], clock: Clock) -> None:
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    first = desk.connections()[0].succeeded_at
    clock.at += timedelta(seconds=30)
    desk.heard("keepgo")
    assert desk.connections()[0].succeeded_at == first
    clock.at += timedelta(seconds=31)
    desk.heard("keepgo")
    assert desk.connections()[0].succeeded_at == clock.at.replace(microsecond=0)


def test_calls_left_follow_the_calls_made(desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect("esimgo", {"api_key": sandboxes["esimgo"].credentials["api_key"]})
    limits = facts_of("esimgo").limits
    left = desk.calls_left("esimgo")
    assert [each.limit for each in left] == list(limits)
    assert 0 <= left[0].left < limits[0].calls, "the test of the key was a call"
    desk.connect("airalo", sandboxes["airalo"].credentials)
    desk.disconnect("airalo")  # and with it the token, which another test may have fetched
    desk.connect("airalo", sandboxes["airalo"].credentials)
    by_scope = {each.limit.scope: (each.left, each.limit.calls) for each in desk.calls_left("airalo")}
    assert by_scope["token"][0] < by_scope["token"][1]
    assert by_scope["packages"][0] == by_scope["packages"][1]


@pytest.mark.parametrize(
    ("given", "name", "problem"),
    [
        ({"api_key": "k"}, "access_token", "missing"),
        ({"api_key": "  ", "access_token": "t"}, "api_key", "missing"),
        ({"api_key": f"{CANARY}\nX", "access_token": "t"}, "api_key", "characters"),
        ({"api_key": f"{CANARY}密", "access_token": "t"}, "api_key", "characters"),
        ({"api_key": "k", "access_token": f"{CANARY} x"}, "access_token", "characters"),
    ],
)
def test_what_can_be_no_key_is_sent_nowhere(
    given: dict[str, str], name: str, problem: str, desk: ConnectionDesk, sandboxes: dict[str, Sandbox]
) -> None:
    with pytest.raises(CredentialProblem) as caught:
        desk.connect("keepgo", given)
    assert (caught.value.name, caught.value.problem) == (name, problem)
    assert CANARY not in repr(caught.value) + repr(vars(caught.value))
    assert sandboxes["keepgo"].log == []


def test_spaces_around_a_key_are_left_out(desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect("keepgo", {name: f" {value}\n" for name, value in sandboxes["keepgo"].credentials.items()})
    assert desk.cards("keepgo")


def test_disconnecting_forgets_the_token(desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect("airalo", sandboxes["airalo"].credentials)
    account = desk.open("airalo").account_key
    assert account in TOKENS._kept
    desk.disconnect("airalo")
    assert account not in TOKENS._kept


def test_a_provider_that_never_answers_is_unreachable(
    desk: ConnectionDesk, sandboxes: dict[str, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.use.connections.PATIENCE_S", 0.3)
    sandboxes["keepgo"].faults.append(Fault("stall_before"))
    with pytest.raises(Unreachable):
        desk.connect("keepgo", sandboxes["keepgo"].credentials)
    assert desk.connections() == []


def test_without_the_key_file_a_connection_can_still_be_removed(
    desk: ConnectionDesk, sandboxes: dict[str, Sandbox], tmp_path: Path
) -> None:
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    (tmp_path / "secret.key").unlink()
    with pytest.raises(Unauthorised):
        desk.test("keepgo")
    assert desk.connections()[0].failure is not None
    with pytest.raises(Unauthorised):
        desk.calls_left("keepgo")
    desk.disconnect("keepgo")
    assert desk.connections() == []


def test_another_account_sees_nothing(house: House, desk: ConnectionDesk, sandboxes: dict[str, Sandbox]) -> None:
    desk.connect("keepgo", sandboxes["keepgo"].credentials)
    assert ConnectionDesk(house, "another").connections() == []
