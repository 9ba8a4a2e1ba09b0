"""The providers an account is connected to: credentials kept sealed, providers opened with them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from services.model.order import RemoteCard
from services.providers.base import Provider
from services.providers.errors import Unauthorised
from services.providers.facts import ProviderFacts, facts_of
from services.providers.registry import PROVIDERS
from services.store.provider_accounts import ProviderAccountStore
from services.store.vault import SecretUnreadable, Vault
from services.use.house import House

PATIENCE_S = 60


class ConnectionDesk:
    """Connections of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._now = now
        self._store = ProviderAccountStore(house.database, account, Vault(house.configuration.data_dir))

    def connected(self) -> list[ProviderFacts]:
        """The connected providers, in the registry's order."""
        there = self._store.connected()
        return [facts_of(provider) for provider in PROVIDERS if provider in there]

    def connectable(self) -> list[ProviderFacts]:
        """Providers that a person with credentials can connect."""
        return [facts for provider in PROVIDERS if (facts := facts_of(provider)).credentials]

    def connect(self, provider: str, credentials: Mapping[str, str]) -> None:
        """Try the credentials with one cheap read, then keep them. Raises ProviderError and keeps nothing."""
        given = {name: value.strip() for name, value in credentials.items() if value.strip()}
        trial = self._open(provider, given)
        self._house.background.run(_checked(trial), PATIENCE_S)
        self._store.keep(provider, given, self._now())

    def disconnect(self, provider: str) -> None:
        """Forget the credentials. Cards and readings stay."""
        self._store.forget(provider)

    def open(self, provider: str) -> Provider:
        """The provider with the account's credentials; close it after use. Raises Unauthorised when there are none that can be read."""
        try:
            credentials = self._store.credentials(provider)
        except SecretUnreadable:
            raise Unauthorised(provider, "credentials unreadable") from None
        if not credentials:
            raise Unauthorised(provider, "not connected")
        return self._open(provider, credentials)

    def cards(self, provider: str) -> tuple[RemoteCard, ...]:
        """The cards of the account at the provider. Raises ProviderError."""
        return self._house.background.run(_cards(self.open(provider)), PATIENCE_S)

    def _open(self, provider: str, credentials: Mapping[str, str]) -> Provider:
        return PROVIDERS[provider](base_url=self._house.configuration.urls.get(provider), credentials=credentials, now=self._now)


async def _checked(provider: Provider) -> None:
    try:
        await provider.check()
    finally:
        await provider.aclose()


async def _cards(provider: Provider) -> tuple[RemoteCard, ...]:
    try:
        return await provider.cards()
    finally:
        await provider.aclose()
