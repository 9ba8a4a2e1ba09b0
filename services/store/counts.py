"""Counts over all accounts, for the figures of the program itself. Nothing in them tells one person, card or message from another."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select

from services.store.database import Database
from services.store.tables import (
    accounts,
    cards,
    delivery_channels,
    failed_look_ups,
    provider_accounts,
    reminder_messages,
    settings,
    worker_leases,
)

CONNECTION = "connection:"
"""Before a provider's id in the setting that says how the connection does."""


@dataclass(frozen=True, slots=True)
class Counts:
    """``beats``: when the worker last ended a run well, of each account; None for one it never ran for. ``messages``: by kind of channel
    ("" when the channel is gone) and status. ``channels``: by kind and state. ``connections``: by provider and state.
    ``failed_look_ups``: cards by origin. ``cards``: how many each account has."""

    beats: tuple[datetime | None, ...]
    messages: dict[tuple[str, str], int]
    channels: dict[tuple[str, str], int]
    connections: dict[tuple[str, str], int]
    failed_look_ups: dict[str, int]
    cards: tuple[int, ...]


def counts(database: Database) -> Counts:
    """As they stand now."""
    with database.read() as connection:

        def rows(query: Any) -> list[Any]:
            return list(connection.execute(query).all())

        beats = rows(
            select(worker_leases.c.beat_at).select_from(accounts.outerjoin(worker_leases, worker_leases.c.account_id == accounts.c.id))
        )
        of_channel = and_(
            delivery_channels.c.account_id == reminder_messages.c.account_id, delivery_channels.c.id == reminder_messages.c.channel_id
        )
        kind = func.coalesce(delivery_channels.c.kind, "")
        messages = rows(
            select(kind, reminder_messages.c.status, func.count())
            .select_from(reminder_messages.outerjoin(delivery_channels, of_channel))
            .group_by(kind, reminder_messages.c.status)
        )
        state = _channel_state()
        channels = rows(select(delivery_channels.c.kind, state, func.count()).group_by(delivery_channels.c.kind, state))
        connected = rows(select(provider_accounts.c.account_id, provider_accounts.c.provider))
        said = {
            (row.account_id, row.key.removeprefix(CONNECTION)): row.value
            for row in rows(select(settings).where(settings.c.key.startswith(CONNECTION, autoescape=True)))
        }
        failing = rows(select(failed_look_ups.c.origin, func.count()).group_by(failed_look_ups.c.origin))
        of_account = select(func.count(cards.c.id)).select_from(accounts.outerjoin(cards, cards.c.account_id == accounts.c.id))
        owned = rows(of_account.group_by(accounts.c.id))
    return Counts(
        beats=tuple(None if row[0] is None else datetime.fromtimestamp(row[0], UTC) for row in beats),
        messages={(row[0], row[1]): row[2] for row in messages},
        channels={(row[0], row[1]): row[2] for row in channels},
        connections=dict(Counter((row.provider, _connection_state(said.get((row.account_id, row.provider)))) for row in connected)),
        failed_look_ups={row[0]: row[1] for row in failing},
        cards=tuple(row[0] for row in owned),
    )


def _channel_state() -> ColumnElement[str]:
    table = delivery_channels.c
    return case(
        (table.enabled == 0, "off"), (table.failed_at.is_not(None), "fails"), (table.succeeded_at.is_not(None), "works"), else_="untried"
    )


def _connection_state(said: Any) -> str:
    if not isinstance(said, dict):
        return "untried"
    return "fails" if said.get("failure") else "works" if said.get("succeeded_at") is not None else "untried"
