"""What was seen on the cards of an account. Readings are only ever added.

``current_readings`` names, card by card, the few that still say something; it is settled in the transaction that adds a reading, so that
the state of every card can be read without its history.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, and_, select

from services.model.reading import FailedLookUp, Reading
from services.rules.balances.state import CardState, states
from services.rules.current_readings import current_readings as still_current
from services.store.database import Database
from services.store.tables import card_revisions, cards, current_readings, failed_look_ups, readings

_READING: TypeAdapter[Reading] = TypeAdapter(Reading)
_READINGS: TypeAdapter[list[Reading]] = TypeAdapter(list[Reading])
_FAILURE: TypeAdapter[FailedLookUp] = TypeAdapter(FailedLookUp)
_COLUMNS = (readings.c.id, readings.c.card_id, readings.c.body)
BATCH = 5_000


class ReadingStore:
    """Readings and failed look-ups of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def add(self, fresh: Sequence[Reading]) -> list[Reading]:
        """Add readings, all or none; returns them with their ``sequence``. Those of cards that are gone are left out."""
        with self._database.write(self._account) as connection:
            return self.add_in(connection, fresh)

    def add_in(self, connection: Connection, fresh: Sequence[Reading]) -> list[Reading]:
        """As ``add``, inside a transaction of the caller."""
        known = set(connection.execute(select(cards.c.id).where(cards.c.account_id == self._account)).scalars())
        wanted = [reading for reading in fresh if reading.card_id in known]
        added: list[Reading] = []
        for start in range(0, len(wanted), BATCH):
            part = wanted[start : start + BATCH]
            statement = readings.insert().returning(readings.c.id, sort_by_parameter_order=True)
            ids = connection.execute(statement, [self._row(reading) for reading in part]).scalars().all()
            added += [replace(reading, sequence=number) for reading, number in zip(part, ids, strict=True)]
        by_card: dict[str, list[Reading]] = {}
        for reading in added:
            by_card.setdefault(reading.card_id, []).append(reading)
        for card_id, new in by_card.items():
            self._keep_current(connection, card_id, [*self._current(connection, card_id), *new])
            mine = and_(cards.c.account_id == self._account, cards.c.id == card_id)
            connection.execute(cards.update().where(mine).values(reading_count=cards.c.reading_count + len(new)))
        bump(connection, self._account)
        return added

    def fail(self, failure: FailedLookUp) -> None:
        """Keep the newest failed look-up of a card at one place. It touches no reading. A card that is gone is left out."""
        with self._database.write(self._account) as connection:
            exists = select(cards.c.id).where(cards.c.account_id == self._account, cards.c.id == failure.card_id)
            if connection.execute(exists).scalar() is None:
                return
            same = and_(
                failed_look_ups.c.account_id == self._account,
                failed_look_ups.c.card_id == failure.card_id,
                failed_look_ups.c.origin == failure.origin,
            )
            connection.execute(failed_look_ups.delete().where(same))
            connection.execute(
                failed_look_ups.insert().values(
                    account_id=self._account,
                    card_id=failure.card_id,
                    origin=failure.origin,
                    tried_at=int(failure.tried_at.timestamp()),
                    body=_FAILURE.dump_json(failure).decode(),
                )
            )
            bump(connection, self._account)

    def states(self) -> dict[str, CardState]:
        """The state of every card that was ever read or looked up."""
        query = (
            select(*_COLUMNS)
            .join(current_readings, current_readings.c.reading_id == readings.c.id)
            .where(current_readings.c.account_id == self._account, readings.c.account_id == self._account)
        )
        with self._database.read() as connection:
            seen = _parsed(connection.execute(query).all())
            mine = failed_look_ups.c.account_id == self._account
            failed = connection.execute(select(failed_look_ups.c.card_id, failed_look_ups.c.body).where(mine)).all()
        return states(seen, [replace(_FAILURE.validate_json(row.body), card_id=row.card_id) for row in failed])

    def of_card(self, card_id: str, newest: int | None = None) -> list[Reading]:
        """Readings of one card, the last added first; all, or the ``newest`` so many."""
        mine = and_(readings.c.account_id == self._account, readings.c.card_id == card_id)
        query = select(*_COLUMNS).where(mine).order_by(readings.c.id.desc()).limit(newest)
        with self._database.read() as connection:
            return _parsed(connection.execute(query).all())

    def counts(self) -> dict[str, int]:
        """How many readings each card has."""
        query = select(cards.c.id, cards.c.reading_count).where(cards.c.account_id == self._account)
        with self._database.read() as connection:
            return {row.id: row.reading_count for row in connection.execute(query)}

    def settle(self, connection: Connection, card_id: str) -> None:
        """Work out which readings of a card are current from all it has, after two cards became one."""
        mine = and_(readings.c.account_id == self._account, readings.c.card_id == card_id)
        query = select(*_COLUMNS).where(mine)
        history = _parsed(connection.execute(query).all())
        self._keep_current(connection, card_id, history)
        own = and_(cards.c.account_id == self._account, cards.c.id == card_id)
        connection.execute(cards.update().where(own).values(reading_count=len(history)))

    def _current(self, connection: Connection, card_id: str) -> list[Reading]:
        query = (
            select(*_COLUMNS)
            .join(current_readings, current_readings.c.reading_id == readings.c.id)
            .where(current_readings.c.account_id == self._account, current_readings.c.card_id == card_id)
        )
        return _parsed(connection.execute(query).all())

    def _keep_current(self, connection: Connection, card_id: str, known: list[Reading]) -> None:
        mine = and_(current_readings.c.account_id == self._account, current_readings.c.card_id == card_id)
        connection.execute(current_readings.delete().where(mine))
        rows = [{"account_id": self._account, "card_id": card_id, "reading_id": reading.sequence} for reading in still_current(known)]
        if rows:
            connection.execute(current_readings.insert(), rows)

    def _row(self, reading: Reading) -> dict[str, object]:
        body = _READING.dump_json(reading, exclude={"card_id", "sequence"}, exclude_defaults=True).decode()
        return {
            "account_id": self._account,
            "card_id": reading.card_id,
            "taken_at": int(reading.taken_at.timestamp()),
            "body": body,
        }


def _parsed(rows: Iterable[Row[Any, Any, Any]]) -> list[Reading]:
    # All in one go: a parse for each costs twice as much. The card is named by the row alone, for it changes when two cards become one.
    return _READINGS.validate_json(
        "[" + ",".join(f'{body[:-1]},"card_id":{json.dumps(card)},"sequence":{number}}}' for number, card, body in rows) + "]"
    )


def bump(connection: Connection, account: str) -> None:
    """Note in the transaction that something about the account's cards changed."""
    mine = card_revisions.c.account_id == account
    if not connection.execute(card_revisions.update().where(mine).values(revision=card_revisions.c.revision + 1)).rowcount:
        connection.execute(card_revisions.insert().values(account_id=account, revision=1))
