"""What a person said about the clocks of the cards: events, own figures; and the rules that were in force when the cards were last seen."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, or_, select

from services.model.clock import CardEvent
from services.model.reading import Reading
from services.rules.clocks.overrides import Override
from services.store.database import Database
from services.store.readings import bump
from services.store.tables import card_events, cards, clock_overrides, readings, seen_rules

_READING: TypeAdapter[Reading] = TypeAdapter(Reading)
_PARTS = ("validity", "money", "events")
_KEPT = frozenset({*_PARTS, "source", "taken_at", "as_of", "origin"})
_EVENT: TypeAdapter[CardEvent] = TypeAdapter(CardEvent)


@dataclass(frozen=True, slots=True)
class TypedEvent:
    """An event that a person recorded."""

    event_id: str
    card_id: str
    event: CardEvent


@dataclass(frozen=True, slots=True)
class KeptOverride:
    override_id: str
    override: Override


class ClockStore:
    """Events, own figures and rules last seen of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    # ------------------------------------------------------------------------------------------------------- events

    def events(self) -> list[TypedEvent]:
        """Every recorded event of every card, in the order of being added."""
        query = (
            select(card_events.c.id, card_events.c.card_id, card_events.c.body)
            .where(card_events.c.account_id == self._account)
            .order_by(card_events.c.added_at, card_events.c.id)
        )
        with self._database.read() as connection:
            return [TypedEvent(row.id, row.card_id, _EVENT.validate_json(row.body)) for row in connection.execute(query)]

    def add_event(self, card_id: str, event: CardEvent, at: datetime) -> str | None:
        """Returns the new event's id; None when the card is gone."""
        event_id = secrets.token_hex(8)
        with self._database.write(self._account) as connection:
            return event_id if self.add_within(connection, event_id, card_id, event, at) else None

    def add_within(self, connection: Connection, event_id: str, card_id: str, event: CardEvent, at: datetime) -> bool:
        """Add the event ``event_id``, as a part of the write that ``connection`` is in the middle of. False when the card is gone."""
        known = select(cards.c.id).where(cards.c.account_id == self._account, cards.c.id == card_id)
        if connection.execute(known).scalar() is None:
            return False
        row = {"account_id": self._account, "card_id": card_id, "id": event_id, "added_at": int(at.timestamp())}
        connection.execute(card_events.insert().values(**row, body=_body(event)))
        bump(connection, self._account)
        return True

    def change_event(self, event_id: str, event: CardEvent) -> bool:
        """False when the event is gone."""
        with self._database.write(self._account) as connection:
            changed = connection.execute(card_events.update().where(self._is(card_events, event_id)).values(body=_body(event))).rowcount
            bump(connection, self._account)
        return bool(changed)

    def remove_event(self, event_id: str) -> None:
        """Take an event back."""
        with self._database.write(self._account) as connection:
            connection.execute(card_events.delete().where(self._is(card_events, event_id)))
            bump(connection, self._account)

    # ------------------------------------------------------------------------------------------------------- readings

    def readings(self, card_id: str | None = None) -> dict[str, list[Reading]]:
        """The readings that can say something of a clock, of one card or of all, oldest first: those with a date, money or an event.
        Their other figures are left out."""
        query = (
            select(readings.c.id, readings.c.card_id, readings.c.body)
            .where(readings.c.account_id == self._account, or_(*(readings.c.body.like(f'%"{part}":%') for part in _PARTS)))
            .order_by(readings.c.id)
        )
        if card_id is not None:
            query = query.where(readings.c.card_id == card_id)
        found: dict[str, list[Reading]] = {}
        with self._database.read() as connection:
            for number, card, body in connection.execute(query):
                said = {name: value for name, value in json.loads(body).items() if name in _KEPT}
                found.setdefault(card, []).append(_READING.validate_python({**said, "card_id": card, "sequence": number}))
        return found

    # ------------------------------------------------------------------------------------------------------- own figures

    def overrides(self) -> list[KeptOverride]:
        """Every own figure, in the order of being made."""
        query = select(clock_overrides).where(clock_overrides.c.account_id == self._account)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(clock_overrides.c.made_on, clock_overrides.c.id)).all()
        return [
            KeptOverride(row.id, Override(row.operator, row.path, row.value, row.note, date.fromisoformat(row.made_on), row.card_id))
            for row in rows
        ]

    def put_override(self, override: Override) -> bool:
        """Keep a figure in the place of an earlier one for the same fact and the same cards. False when its card is gone."""
        same = and_(
            clock_overrides.c.account_id == self._account,
            clock_overrides.c.operator == override.operator,
            clock_overrides.c.path == override.path,
            clock_overrides.c.card_id.is_(None) if override.card is None else clock_overrides.c.card_id == override.card,
        )
        with self._database.write(self._account) as connection:
            known = select(cards.c.id).where(cards.c.account_id == self._account, cards.c.id == override.card)
            if override.card is not None and connection.execute(known).scalar() is None:
                return False
            connection.execute(clock_overrides.delete().where(same))
            connection.execute(
                clock_overrides.insert().values(
                    account_id=self._account,
                    id=secrets.token_hex(8),
                    card_id=override.card,
                    operator=override.operator,
                    path=override.path,
                    value=override.value,
                    note=override.note,
                    made_on=override.made_on.isoformat(),
                )
            )
            bump(connection, self._account)
        return True

    def remove_override(self, override_id: str) -> None:
        """The shipped figure is in force again."""
        with self._database.write(self._account) as connection:
            connection.execute(clock_overrides.delete().where(self._is(clock_overrides, override_id)))
            bump(connection, self._account)

    # ------------------------------------------------------------------------------------------------------- rules last seen

    def seen_rules(self) -> dict[str, str]:
        """The rules that the account's cards were last shown under, as JSON, by what they were chosen by."""
        query = select(seen_rules.c.basis, seen_rules.c.body).where(seen_rules.c.account_id == self._account)
        with self._database.read() as connection:
            return {row.basis: row.body for row in connection.execute(query)}

    def see_rules(self, rules: Mapping[str, str]) -> None:
        """Put these in the place of the ones seen before; others stay."""
        if not rules:
            return
        with self._database.write(self._account) as connection:
            mine = and_(seen_rules.c.account_id == self._account, seen_rules.c.basis.in_(list(rules)))
            connection.execute(seen_rules.delete().where(mine))
            rows = [{"account_id": self._account, "basis": basis, "body": body} for basis, body in rules.items()]
            connection.execute(seen_rules.insert(), rows)

    def _is(self, table: Any, row_id: str) -> Any:
        return and_(table.c.account_id == self._account, table.c.id == row_id)


def _body(event: CardEvent) -> str:
    return _EVENT.dump_json(event, exclude_defaults=True).decode()
