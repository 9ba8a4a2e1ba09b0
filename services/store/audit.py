"""Who changed what. Rows are written in the transaction of the change, and never changed.

``Database.write`` hands every statement of a person's transaction to a ``Trail``; so a table that is added later is in the log without
anybody thinking of it. Tables marked ``info={"derived": True}`` hold what follows from others, and are left out.
"""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Table, Update, select

from services.model.person import Deed
from services.store.acting import Actor, NotAllowed
from services.store.tables import accounts, audit_log

SINGLY = 20
"""Rows of one kind in a transaction that are noted one by one; more become one row with their number."""
LONGEST = 120
_THINGS = ("card_id", "renewal_id", "trip_id", "id", "provider", "source", "key", "operator")
_NAMES = ("label", "name", "key", "provider")
_NAMES_IN_BODY = {"cards": "nickname", "renewal_events": "kind"}
_NAMES_OF = {"members": "address"}


class Trail:
    """What one transaction of ``actor`` changed."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._rows: Counter[tuple[str, str, str]] = Counter()
        self._account_gone = False

    def note(self, statement: Any, parameters: list[dict[str, Any]], rows: int) -> None:
        """Take down a statement that was executed. ``rows``: as the driver counts them, -1 when it does not. Raises NotAllowed for rows of
        another account."""
        if not isinstance(statement, Insert | Update | Delete) or not isinstance(statement.table, Table):
            return
        table, action = statement.table, type(statement).__name__.lower()
        owner = "id" if table is accounts else "account_id"
        owners = [name for name in (parameters[0] if parameters else ()) if _column(name) == owner]
        if any(values[name] != self._actor.account for values in parameters for name in owners):
            raise NotAllowed(None)
        if rows == 0 or table.info.get("derived") or (parameters and action == "update" and _only_derived(table, parameters[0])):
            return
        self._account_gone |= table is accounts and action == "delete"
        for values in parameters:
            by_column = {_column(name): value for name, value in values.items()}
            self._rows[f"{table.name}.{action}", _thing(by_column), _text(table, by_column)] += 1

    def keep(self, connection: Connection) -> None:
        """Write the rows. With the account goes its log."""
        if self._account_gone or not self._rows:
            return
        singly: dict[str, int] = Counter(kind for kind, _, _ in self._rows)
        merged: Counter[tuple[str, str, str]] = Counter()
        for (kind, thing, text), count in self._rows.items():
            merged[(kind, thing, text) if singly[kind] <= SINGLY else (kind, "", "")] += count
        now = int(datetime.now(UTC).timestamp())
        rows = [
            {
                "account_id": self._actor.account,
                "at": now,
                "who": self._actor.address,
                "kind": kind,
                "thing": thing,
                "count": count,
                "text": text,
            }
            for (kind, thing, text), count in merged.items()
        ]
        connection.execute(audit_log.insert(), rows)


class AuditStore:
    """The log of one account."""

    def __init__(self, database: Any, account: str) -> None:
        self._database = database
        self._account = account

    def newest(self, limit: int, before: int | None = None) -> list[tuple[int, Deed]]:
        """The newest first, each with its number; those ``before`` a number, for going back."""
        query = select(audit_log).where(audit_log.c.account_id == self._account).order_by(audit_log.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [(row.id, Deed(datetime.fromtimestamp(row.at, UTC), row.who, row.kind, row.thing, row.count, row.text)) for row in rows]


def _column(parameter: str) -> str:
    """The column a parameter is for: comparisons are numbered, as in ``account_id_1``; rows of one statement too, as in ``id_m0``."""
    name, _, number = parameter.rpartition("_")
    return name if name and number.removeprefix("m").isdigit() else parameter


def _only_derived(table: Table, values: dict[str, Any]) -> bool:
    """Whether an update sets nothing but what follows from elsewhere."""
    columns = [table.c[name] for name in {_column(name) for name in values} if name in table.c]
    set_to = [column for column in columns if not column.primary_key and not column.foreign_keys]
    return bool(set_to) and all(column.info.get("derived") for column in set_to)


def _thing(values: dict[str, Any]) -> str:
    return next((value[:128] for name in _THINGS if isinstance(value := values.get(name), str)), "")


def _text(table: Table, values: dict[str, Any]) -> str:
    names = (_NAMES_OF[table.name],) if table.name in _NAMES_OF else _NAMES
    said: Any = next((values[name] for name in names if isinstance(values.get(name), str)), "")
    if table.name in _NAMES_IN_BODY and isinstance(values.get("body"), str):
        said = json.loads(values["body"]).get(_NAMES_IN_BODY[table.name], "")
    return str(said)[:LONGEST]
