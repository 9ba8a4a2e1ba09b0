"""Turns at providers, kept in the database that several dashboards share."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from services.providers.rate_limits import LedgerUnreachable
from services.store.database import LOCAL_ACCOUNT, Database
from services.store.provider_turns import ProviderTurnStore

T = TypeVar("T")


class TurnLedger:
    """One for everybody: a provider counts the calls that come from here, whichever household they are for, and a place says which of its
    accounts is meant. Both methods raise LedgerUnreachable."""

    def __init__(self, database: Database) -> None:
        self._store = ProviderTurnStore(database, LOCAL_ACCOUNT)

    def change(self, place: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """As the store does."""
        try:
            return self._store.change(place, change)
        except SQLAlchemyError as error:
            raise LedgerUnreachable from error

    def look(self, place: str) -> tuple[str | None, float]:
        """As the store does."""
        try:
            return self._store.look(place)
        except SQLAlchemyError as error:
            raise LedgerUnreachable from error
