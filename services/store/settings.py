"""Small things an account remembers: language, currency, answers to "do not show again"."""

from typing import Any

from sqlalchemy import select

from services.store.database import Database
from services.store.tables import settings


class SettingsStore:
    """Settings of one account, JSON values by key."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def get(self, key: str) -> Any:
        """The value, or None when it was never set."""
        query = select(settings.c.value).where(settings.c.account_id == self._account, settings.c.key == key)
        return self._database.once(("setting", self._account, key), lambda connection: connection.execute(query).scalar())

    def put(self, key: str, value: Any) -> None:
        with self._database.write(self._account) as connection:
            mine = (settings.c.account_id == self._account) & (settings.c.key == key)
            if not connection.execute(settings.update().where(mine).values(value=value)).rowcount:
                connection.execute(settings.insert().values(account_id=self._account, key=key, value=value))
