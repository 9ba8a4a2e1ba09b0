"""The providers an account is connected to: credentials kept sealed, providers opened with them, how each connection does.

Credentials come from one of three places. What a person entered on the page is kept sealed in the database. What stands in
``.streamlit/secrets.toml`` under ``[simkeeper.providers.<id>]`` serves the account of this machine and stays in that file. And the
sandbox of a provider is an emulator inside the program with documented credentials: everything it says is invented.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from services.model.order import AccountBalance, RemoteCard
from services.providers.base import Capability, Provider
from services.providers.errors import Because, NotFound, ProviderError, Refused, Unauthorised, Unreachable, Unsupported
from services.providers.facts import ProviderFacts, PublishedLimit, facts_of
from services.providers.registry import PROVIDERS
from services.providers.tokens import TOKENS
from services.store.acting import as_program
from services.store.database import LOCAL_ACCOUNT
from services.store.provider_accounts import ProviderAccountStore
from services.store.sandbox_requests import SandboxRequestStore
from services.store.settings import SettingsStore
from services.store.vault import SecretUnreadable, Vault
from services.use.catalogue import failure_of
from services.use.house import House
from services.use.kept_sandbox import KeptSandbox

PATIENCE_S = 60
SANDBOX_PREFIX = "sandbox:"
"""Before a provider's id in the origin of readings that an emulator invented."""
WRITE_EVERY = timedelta(minutes=1)
"""A success that follows a success is written down this often."""
OF_ONE_CARD = (NotFound, Refused, Unsupported)
"""Errors that say something about one card, and that the connection works."""

Result = TypeVar("Result")


class ConnectionSource(StrEnum):
    """Where the credentials of a connection come from."""

    KEPT = "kept"
    FILE = "file"
    SANDBOX = "sandbox"


class CredentialProblem(ValueError):
    """A credential cannot be right whatever the provider says. ``name`` is the field; ``problem`` "missing", or "characters" for
    one with spaces, line ends or signs that no key has. Holds nothing of what was entered."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection as the settings show it. ``connected_at``: None for one from the file. ``succeeded_at``: when the provider last
    answered well; ``failure`` (as ``services.use.catalogue.failure_of`` makes it) and ``failed_at``: set when it did not since.
    ``verbs``: what it may do with these credentials."""

    facts: ProviderFacts
    source: ConnectionSource
    verbs: frozenset[Capability]
    connected_at: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    failure: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CallsLeft:
    """A published limit, and the calls left under it now; for one counted per card or per kind of call, the least of any."""

    limit: PublishedLimit
    left: int


class ConnectionDesk:
    """Connections of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._store = ProviderAccountStore(house.database, account, Vault(house.configuration.data_dir))
        self._settings = SettingsStore(house.database, account)

    def connected(self) -> list[ProviderFacts]:
        """The connected providers, in the registry's order."""
        there = {*self._store.connected(), *self._in_file()}
        return [facts_of(provider) for provider in PROVIDERS if provider in there]

    def connectable(self) -> list[ProviderFacts]:
        """Providers that a person with credentials can connect."""
        return [facts for provider in PROVIDERS if (facts := facts_of(provider)).credentials]

    def connections(self) -> list[Connection]:
        """The connected providers with where their credentials are and how they do, in the registry's order."""
        kept, in_file = self._store.connected(), self._in_file()
        return [self._connection(provider, kept.get(provider)) for provider in PROVIDERS if provider in kept or provider in in_file]

    def _connection(self, provider: str, connected_at: datetime | None) -> Connection:
        state = self._state(provider)
        return Connection(
            facts=facts_of(provider),
            source=self._source(provider, state, kept=connected_at is not None),
            verbs=PROVIDERS[provider].capabilities(),
            connected_at=connected_at,
            succeeded_at=_moment(state.get("succeeded_at")),
            failed_at=_moment(state.get("failed_at")),
            failure=state.get("failure"),
        )

    def invented(self) -> list[ProviderFacts]:
        """The providers whose sandbox is connected: what they say is invented."""
        there = self._store.connected()
        return [facts_of(provider) for provider in PROVIDERS if provider in there and self.is_sandbox(provider)]

    def is_sandbox(self, provider: str) -> bool:
        """Whether ``provider`` is the emulator inside the program."""
        return bool(self._state(provider).get("sandbox"))

    def origin(self, provider: str) -> str:
        """The origin of readings that come through this connection: the provider's id, marked when an emulator invents them."""
        return SANDBOX_PREFIX + provider if self.is_sandbox(provider) else provider

    def connect(self, provider: str, credentials: Mapping[str, str]) -> AccountBalance | None:
        """Try the credentials with one cheap read, then keep them. Returns what the provider says of the account, None when it says
        nothing. Raises CredentialProblem, ProviderError and NotAllowed, and keeps nothing then."""
        self._house.database.require()
        given = checked(facts_of(provider), credentials)
        said = self._ask(provider, lambda: self._open(provider, given), _tried)
        self._store.keep(provider, given, self._now())
        self._note(provider, {"succeeded_at": self._seconds()})
        return said

    def connect_sandbox(self, provider: str) -> AccountBalance | None:
        """Connect the emulator of ``provider`` inside the program with its documented credentials. Nothing leaves the machine.
        Raises NotAllowed."""
        self._house.database.require()
        sandbox = self._sandbox(provider)
        said = self._ask(provider, lambda: self._open(provider, sandbox.credentials, sandbox), _tried)
        self._note(provider, {"sandbox": True, "succeeded_at": self._seconds()})
        self._store.keep(provider, sandbox.credentials, self._now())
        return said

    def test(self, provider: str) -> AccountBalance | None:
        """Ask the provider something cheap now, and remember how it went. Raises ProviderError and NotAllowed."""
        self._house.database.require()
        try:
            said = self._ask(provider, lambda: self.open(provider), _tried)
        except ProviderError as error:
            self._keep_failure(provider, error)
            raise
        self.heard(provider)
        return said

    def disconnect(self, provider: str) -> None:
        """Forget the credentials and the token they brought. Cards and readings stay. Raises NotAllowed."""
        self._house.database.require()
        try:
            opened = self.open(provider)
        except (ProviderError, ValueError):
            pass  # what cannot be opened brought no token
        else:
            TOKENS.forget(opened.account_key)
            self._house.background.run(opened.aclose(), PATIENCE_S)
        self._store.forget(provider)
        self._note(provider, {})
        SandboxRequestStore(self._house.database, self._account).forget(provider)
        self._house.sandboxes.pop((self._account, provider), None)

    def open(self, provider: str) -> Provider:
        """The provider with the account's credentials; close it after use. Raises Unauthorised when there are none that can be read."""
        try:
            credentials = self._store.credentials(provider)
        except SecretUnreadable:
            raise Unauthorised(provider, "credentials unreadable") from None
        if credentials and self.is_sandbox(provider):
            sandbox = self._sandbox(provider)
            return self._open(provider, sandbox.credentials, sandbox)
        credentials = credentials or dict(self._in_file().get(provider, {}))
        if not credentials:
            raise Unauthorised(provider, "not connected")
        return self._open(provider, credentials)

    def cards(self, provider: str) -> tuple[RemoteCard, ...]:
        """The cards of the account at the provider. Raises ProviderError."""
        return self._ask(provider, lambda: self.open(provider), lambda opened: opened.cards())

    def calls_left(self, provider: str) -> list[CallsLeft]:
        """Calls left now under each limit of ``provider``, in the order of its facts. Raises ProviderError when it cannot be opened."""
        opened = self.open(provider)
        left = opened.calls_left()
        self._house.background.run(opened.aclose(), PATIENCE_S)
        return [CallsLeft(limit, count) for limit, count in zip(opened.facts.limits, left, strict=True)]

    def heard(self, provider: str, error: ProviderError | None = None) -> None:
        """Remember how the last use of a connection went. An error that is about one card counts as an answer."""
        if error is not None and not isinstance(error, OF_ONE_CARD):
            self._keep_failure(provider, error)
            return
        state = self._state(provider)
        before = _moment(state.get("succeeded_at"))
        if state.get("failure") or before is None or self._now() - before >= WRITE_EVERY:
            self._note(provider, {"sandbox": self.is_sandbox(provider), "succeeded_at": self._seconds()})

    def _keep_failure(self, provider: str, error: ProviderError) -> None:
        facts, state = failure_of(error), self._state(provider)
        before = _moment(state.get("failed_at"))
        if state.get("failure") != facts or before is None or self._now() - before >= WRITE_EVERY:
            self._note(provider, {**state, "failed_at": self._seconds(), "failure": facts})

    def _state(self, provider: str) -> dict[str, Any]:
        return dict(self._settings.get(f"connection:{provider}") or {})

    def _note(self, provider: str, state: Mapping[str, Any]) -> None:
        with as_program():  # how a provider answers is no change of anybody's
            self._settings.put(f"connection:{provider}", dict(state))

    def _seconds(self) -> int:
        return int(self._now().timestamp())

    def _source(self, provider: str, state: Mapping[str, Any], *, kept: bool) -> ConnectionSource:
        if kept:
            return ConnectionSource.SANDBOX if state.get("sandbox") else ConnectionSource.KEPT
        return ConnectionSource.FILE

    def _in_file(self) -> Mapping[str, Mapping[str, str]]:
        """Those of the file belong to whoever runs this machine, to no account of somebody else."""
        given = self._house.configuration.credentials if self._account == LOCAL_ACCOUNT else {}
        return {provider: fields for provider, fields in given.items() if provider in PROVIDERS and facts_of(provider).credentials}

    def _sandbox(self, provider: str) -> KeptSandbox:
        """The one emulator of this account. What it was told is kept in the database."""
        with self._house.lock:
            return self._house.sandboxes.setdefault((self._account, provider), KeptSandbox(self._house.database, self._account, provider))

    def _open(self, provider: str, credentials: Mapping[str, str], sandbox: KeptSandbox | None = None) -> Provider:
        address = None if sandbox is not None else self._house.configuration.urls.get(provider)
        limits = self._house.rate_limits()
        return PROVIDERS[provider](base_url=address, app=sandbox, credentials=credentials, now=self._now, rate_limits=limits)

    def _ask(self, provider: str, open_one: Callable[[], Provider], question: Callable[[Provider], Coroutine[Any, Any, Result]]) -> Result:
        """Open, ask, close. Raises ProviderError, also when no answer came within ``PATIENCE_S``."""
        try:
            return self._house.background.run(_asked(open_one(), question), PATIENCE_S)
        except TimeoutError:
            raise Unreachable(provider, Because.TIMEOUT) from None


async def _asked(provider: Provider, question: Callable[[Provider], Coroutine[Any, Any, Result]]) -> Result:
    try:
        return await question(provider)
    finally:
        await provider.aclose()


async def _tried(provider: Provider) -> AccountBalance | None:
    """One cheap read: the purse where the provider shows it."""
    if Capability.ACCOUNT in provider.capabilities():
        return await provider.account()
    await provider.check()
    return None


def checked(facts: ProviderFacts, credentials: Mapping[str, str]) -> dict[str, str]:
    """What was entered without the spaces around it, empty fields left out. Raises CredentialProblem."""
    given = {name: value.strip() for name, value in credentials.items() if value.strip()}
    for field in facts.credentials:
        value = given.get(field.name, "")
        if field.required and not value:
            raise CredentialProblem(field.name, "missing")
        if not all("!" <= character <= "~" for character in value):
            raise CredentialProblem(field.name, "characters")
    return given


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
