"""Whose turn it is at a provider: what all the dashboards of one database have booked of its published limits."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, and_, func, select

from services.store.acting import as_program
from services.store.database import Database
from services.store.tables import provider_turns

T = TypeVar("T")


class ProviderTurnStore:
    """Bookings of one account, by place: an account at a provider. Moments are seconds of the database's clock, the same for all."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def change(self, place: str, change: Callable[[str | None, float], tuple[str, T]]) -> T:
        """Put the first part of what ``change`` makes of what is kept at ``place``, and of the time, in its place; nobody comes between.
        Returns the second part."""
        here = and_(provider_turns.c.account_id == self._account, provider_turns.c.place == place)
        # A lock of its own: turns wait for turns at this place alone, not for whoever else writes.
        with as_program(), self._database.write(f"turn at {place}") as connection:
            text, said = change(*self._kept(connection, place))
            if not connection.execute(provider_turns.update().where(here).values(booked=text)).rowcount:
                connection.execute(provider_turns.insert().values(account_id=self._account, place=place, booked=text))
        return said

    def look(self, place: str) -> tuple[str | None, float]:
        """What is kept at ``place``, None when nothing is, and the time."""
        with self._database.read() as connection:
            return self._kept(connection, place)

    def _kept(self, connection: Connection, place: str) -> tuple[str | None, float]:
        here = select(provider_turns.c.booked).where(provider_turns.c.account_id == self._account, provider_turns.c.place == place)
        if not self._database.is_postgresql:  # its clock counts whole seconds, and it is on this machine
            return connection.execute(here).scalar(), time.time()
        kept, now = connection.execute(select(here.scalar_subquery(), func.extract("epoch", func.clock_timestamp()))).one()
        return kept, float(now)
