"""The cards of an account, their secrets, and the cards that were merged into them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, and_, select

from services.model.card import SAMPLE_PREFIX, Card, CardSecrets
from services.store.database import Database
from services.store.readings import ReadingStore, bump
from services.store.receipts import let_go
from services.store.tables import (
    auto_renewal_log,
    card_events,
    card_revisions,
    card_secrets,
    cards,
    clock_overrides,
    failed_look_ups,
    merged_cards,
    order_intents,
    readings,
    receipts,
    renewals,
)
from services.store.vault import Vault

_CARD: TypeAdapter[Card] = TypeAdapter(Card)
_SECRETS: TypeAdapter[CardSecrets] = TypeAdapter(CardSecrets)


class NoSuchCard(Exception):
    """The account has no card ``card_id`` (any more)."""

    def __init__(self, card_id: str) -> None:
        super().__init__(card_id)
        self.card_id = card_id


@dataclass(frozen=True, slots=True)
class MergedCard:
    """``card`` as it was when it went into another. ``has_secrets``: codes of its own that the other card did not take over."""

    card: Card
    merged_at: datetime
    has_secrets: bool


class CardStore:
    """Cards of one account."""

    def __init__(self, database: Database, account: str, vault: Vault) -> None:
        self._database = database
        self._account = account
        self._vault = vault

    def revision(self) -> int:
        """Grows with every change of a card, a reading or a failed look-up; 0 before the first."""
        query = select(card_revisions.c.revision).where(card_revisions.c.account_id == self._account)
        return self._database.once(("card revision", self._account), lambda connection: connection.execute(query).scalar() or 0)

    def all(self) -> list[Card]:
        """Every card, in the order of being added."""
        query = select(cards.c.body).where(cards.c.account_id == self._account).order_by(cards.c.created_at, cards.c.id)
        with self._database.read() as connection:
            return [_CARD.validate_json(body) for body in connection.execute(query).scalars()]

    def sample_ids(self) -> list[str]:
        """Of the cards that are samples."""
        query = select(cards.c.id).where(cards.c.account_id == self._account, cards.c.id.startswith(SAMPLE_PREFIX, autoescape=True))
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def get(self, card_id: str) -> Card:
        """Raises NoSuchCard."""
        with self._database.read() as connection:
            return self._get(connection, card_id)

    def add(self, fresh: Iterable[tuple[Card, CardSecrets]], at: datetime) -> int:
        """Add cards, all or none; one whose id is there already is left as it is, so that adding twice adds once. Returns how many came."""
        added = 0
        with self._database.write(self._account) as connection:
            known = set(connection.execute(select(cards.c.id).where(cards.c.account_id == self._account)).scalars())
            for card, secrets in fresh:
                if card.card_id in known:
                    continue
                known.add(card.card_id)
                added += 1
                row = {
                    "account_id": self._account,
                    "id": card.card_id,
                    "body": _body(card),
                    "reading_count": 0,
                    "created_at": int(at.timestamp()),
                }
                connection.execute(cards.insert().values(**row))
                self._put_secrets(connection, card.card_id, secrets)
            bump(connection, self._account)
        return added

    def change(self, card: Card) -> None:
        """Raises NoSuchCard."""
        with self._database.write(self._account) as connection:
            if not connection.execute(cards.update().where(self._is(card.card_id)).values(body=_body(card))).rowcount:
                raise NoSuchCard(card.card_id)
            bump(connection, self._account)

    def delete(self, card_ids: Iterable[str]) -> None:
        """Delete cards with their readings, secrets and renewals; what was paid for them stays written down."""
        with self._database.write(self._account) as connection:
            for card_id in card_ids:
                for renewal in connection.execute(select(renewals.c.id).where(self._of(renewals, card_id))).scalars().all():
                    let_go(connection, self._account, renewal)
                connection.execute(cards.delete().where(self._is(card_id)))
            bump(connection, self._account)

    def secrets(self, card_id: str) -> CardSecrets:
        """Empty when there are none. Raises SecretUnreadable."""
        query = select(card_secrets.c.sealed).where(self._of(card_secrets, card_id))
        with self._database.read() as connection:
            sealed = connection.execute(query).scalar()
        return CardSecrets() if sealed is None else _SECRETS.validate_json(self._vault.open(sealed))

    def keep_secrets(self, card_id: str, secrets: CardSecrets) -> None:
        """Put ``secrets`` in place of those kept. Raises NoSuchCard."""
        with self._database.write(self._account) as connection:
            self._get(connection, card_id)
            self._put_secrets(connection, card_id, secrets)

    def merge(self, stays: Card, goes: str, at: datetime) -> None:
        """Make one card of two: ``stays`` is kept as given; all readings, failures, events and own figures of ``goes`` become
        its own. What ``goes`` was is kept beside it, its secrets too. Raises NoSuchCard."""
        with self._database.write(self._account) as connection:
            self._get(connection, stays.card_id)
            gone = self._get(connection, goes)
            connection.execute(cards.update().where(self._is(stays.card_id)).values(body=_body(stays)))
            sealed = self._hand_over_secrets(connection, stays.card_id, goes)
            for table in (readings, merged_cards, card_events, clock_overrides, renewals, receipts, auto_renewal_log):
                connection.execute(table.update().where(self._of(table, goes)).values(card_id=stays.card_id))
            # What the one was due for says nothing of the other.
            connection.execute(order_intents.update().where(self._of(order_intents, goes)).values(card_id=stays.card_id, period=None))
            self._hand_over_failures(connection, stays.card_id, goes)
            connection.execute(cards.delete().where(self._is(goes)))
            connection.execute(
                merged_cards.insert().values(
                    account_id=self._account,
                    card_id=stays.card_id,
                    id=goes,
                    body=_body(gone),
                    sealed=sealed,
                    merged_at=int(at.timestamp()),
                )
            )
            ReadingStore(self._database, self._account).settle(connection, stays.card_id)
            bump(connection, self._account)

    def merged_into(self, card_id: str) -> list[MergedCard]:
        """The cards that were merged into this one, oldest first."""
        query = select(merged_cards).where(self._of(merged_cards, card_id)).order_by(merged_cards.c.merged_at, merged_cards.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            MergedCard(_CARD.validate_json(row.body), datetime.fromtimestamp(row.merged_at, UTC), row.sealed is not None) for row in rows
        ]

    def merged_secrets(self, card_id: str, merged: str) -> CardSecrets:
        """The secrets that came with the merged card. Raises SecretUnreadable."""
        query = select(merged_cards.c.sealed).where(self._of(merged_cards, card_id), merged_cards.c.id == merged)
        with self._database.read() as connection:
            sealed = connection.execute(query).scalar()
        return CardSecrets() if sealed is None else _SECRETS.validate_json(self._vault.open(sealed))

    def _hand_over_secrets(self, connection: Connection, stays: str, goes: str) -> str | None:
        """Those of ``goes`` move to a card that has none; else they are returned, to be kept with the merged card."""
        kept = connection.execute(select(card_secrets.c.sealed).where(self._of(card_secrets, stays))).scalar()
        sealed = connection.execute(select(card_secrets.c.sealed).where(self._of(card_secrets, goes))).scalar()
        if sealed is None or kept is not None:
            return sealed
        connection.execute(card_secrets.update().where(self._of(card_secrets, goes)).values(card_id=stays))
        return None

    def _hand_over_failures(self, connection: Connection, stays: str, goes: str) -> None:
        query = select(failed_look_ups.c.origin, failed_look_ups.c.tried_at).where(self._of(failed_look_ups, stays))
        known = {row.origin: row.tried_at for row in connection.execute(query)}
        for row in connection.execute(select(failed_look_ups).where(self._of(failed_look_ups, goes))).all():
            if row.tried_at > known.get(row.origin, -1):
                same = failed_look_ups.c.origin == row.origin
                connection.execute(failed_look_ups.delete().where(self._of(failed_look_ups, stays), same))
                connection.execute(failed_look_ups.update().where(self._of(failed_look_ups, goes), same).values(card_id=stays))

    def _get(self, connection: Connection, card_id: str) -> Card:
        body = connection.execute(select(cards.c.body).where(self._is(card_id))).scalar()
        if body is None:
            raise NoSuchCard(card_id)
        return _CARD.validate_json(body)

    def _put_secrets(self, connection: Connection, card_id: str, secrets: CardSecrets) -> None:
        mine = self._of(card_secrets, card_id)
        connection.execute(card_secrets.delete().where(mine))
        if secrets != CardSecrets():
            sealed = self._vault.seal(_SECRETS.dump_json(secrets, exclude_none=True).decode())
            connection.execute(card_secrets.insert().values(account_id=self._account, card_id=card_id, sealed=sealed))

    def _is(self, card_id: str) -> Any:
        return and_(cards.c.account_id == self._account, cards.c.id == card_id)

    def _of(self, table: Table, card_id: str) -> Any:
        return and_(table.c.account_id == self._account, table.c.card_id == card_id)


def _body(card: Card) -> str:
    return _CARD.dump_json(card, exclude_defaults=True).decode()
