"""Which providers an account is connected to, and with which credentials; these are sealed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, select

from services.store.database import Database
from services.store.tables import provider_accounts
from services.store.vault import Vault


class ProviderAccountStore:
    """Connections of one account."""

    def __init__(self, database: Database, account: str, vault: Vault) -> None:
        self._database = database
        self._account = account
        self._vault = vault

    def connected(self) -> Mapping[str, datetime]:
        """When each provider was connected, by its id."""
        query = select(provider_accounts).where(provider_accounts.c.account_id == self._account).order_by(provider_accounts.c.provider)
        return self._database.once(
            ("connected", self._account),
            lambda connection: {row.provider: datetime.fromtimestamp(row.connected_at, UTC) for row in connection.execute(query)},
        )

    def credentials(self, provider: str) -> dict[str, str]:
        """Empty when not connected. Raises SecretUnreadable."""
        with self._database.read() as connection:
            sealed = connection.execute(select(provider_accounts.c.sealed).where(self._of(provider))).scalar()
        return {} if sealed is None else dict(json.loads(self._vault.open(sealed)))

    def keep(self, provider: str, credentials: Mapping[str, str], at: datetime) -> None:
        """Put ``credentials`` in place of those kept."""
        row = {"sealed": self._vault.seal(json.dumps(dict(credentials))), "connected_at": int(at.timestamp())}
        with self._database.write(self._account) as connection:
            if not connection.execute(provider_accounts.update().where(self._of(provider)).values(**row)).rowcount:
                connection.execute(provider_accounts.insert().values(account_id=self._account, provider=provider, **row))

    def forget(self, provider: str) -> None:
        with self._database.write(self._account) as connection:
            connection.execute(provider_accounts.delete().where(self._of(provider)))

    def _of(self, provider: str) -> Any:
        return and_(provider_accounts.c.account_id == self._account, provider_accounts.c.provider == provider)
