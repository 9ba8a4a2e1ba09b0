"""The renewals of an account: rows of events that are only ever added."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, select

from services.model.renewal import EventKind, RenewalEvent
from services.store.database import Database
from services.store.receipts import let_go
from services.store.tables import cards, renewal_events, renewals

_EVENT: TypeAdapter[RenewalEvent] = TypeAdapter(RenewalEvent)


class NoSuchRenewal(Exception):
    """The account has no renewal ``renewal_id`` (any more)."""

    def __init__(self, renewal_id: str) -> None:
        super().__init__(renewal_id)
        self.renewal_id = renewal_id


@dataclass(frozen=True, slots=True)
class KeptRenewal:
    """``events``: in the order of being added, each with its ``sequence``. ``card_id``: of the card it is about now, None for none."""

    renewal_id: str
    card_id: str | None
    events: tuple[RenewalEvent, ...]


class RenewalStore:
    """Renewals of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def start(self, started: RenewalEvent) -> str:
        """Begin one; ``started`` is its first event. A card that is gone is left out. Returns its id."""
        if started.kind is not EventKind.STARTED or started.begun is None:
            raise ValueError("a renewal begins with STARTED")
        renewal_id = secrets.token_hex(8)
        with self._database.write(self._account) as connection:
            mine = and_(cards.c.account_id == self._account, cards.c.id == started.begun.card_id)
            card_id = connection.execute(select(cards.c.id).where(mine)).scalar()
            at = int(started.at.timestamp())
            connection.execute(renewals.insert().values(account_id=self._account, id=renewal_id, card_id=card_id, started_at=at))
            self._insert(connection, renewal_id, replace(started, begun=replace(started.begun, card_id=None)))
        return renewal_id

    def append(self, renewal_id: str, decide: Callable[[Sequence[RenewalEvent]], Sequence[RenewalEvent]]) -> None:
        """Add what ``decide`` makes of the history as it stands, all or nothing: no other change comes between. What ``decide`` raises goes
        through. Raises NoSuchRenewal."""
        with self._database.write(self._account) as connection:
            self.append_within(connection, renewal_id, decide)

    def append_within(
        self, connection: Connection, renewal_id: str, decide: Callable[[Sequence[RenewalEvent]], Sequence[RenewalEvent]]
    ) -> None:
        """As ``append``, as a part of the write that ``connection`` is in the middle of."""
        kept = self._get(connection, renewal_id)
        for event in decide(kept.events):
            self._insert(connection, renewal_id, event)

    def get(self, renewal_id: str) -> KeptRenewal:
        """Raises NoSuchRenewal."""
        with self._database.read() as connection:
            return self._get(connection, renewal_id)

    def all(self) -> Sequence[KeptRenewal]:
        """Every renewal, the one begun last first."""
        return self._database.once(("renewals", self._account), self._all)

    def _all(self, connection: Connection) -> Sequence[KeptRenewal]:
        mine = select(renewals.c.id, renewals.c.card_id).where(renewals.c.account_id == self._account)
        newest_first = mine.order_by(renewals.c.started_at.desc(), renewals.c.id)
        rows = select(renewal_events).where(renewal_events.c.account_id == self._account).order_by(renewal_events.c.id)
        heads = connection.execute(newest_first).all()
        events: dict[str, list[RenewalEvent]] = {}
        for row in connection.execute(rows):
            events.setdefault(row.renewal_id, []).append(_event(row.id, row.body))
        return [KeptRenewal(head.id, head.card_id, tuple(events[head.id])) for head in heads]

    def delete(self, renewal_id: str) -> None:
        """Forget a renewal with its whole history and the photos of its steps; its receipts stay."""
        mine = and_(renewals.c.account_id == self._account, renewals.c.id == renewal_id)
        with self._database.write(self._account) as connection:
            let_go(connection, self._account, renewal_id)
            connection.execute(renewals.delete().where(mine))

    def _get(self, connection: Connection, renewal_id: str) -> KeptRenewal:
        head = connection.execute(
            select(renewals.c.card_id).where(renewals.c.account_id == self._account, renewals.c.id == renewal_id)
        ).first()
        if head is None:
            raise NoSuchRenewal(renewal_id)
        mine = and_(renewal_events.c.account_id == self._account, renewal_events.c.renewal_id == renewal_id)
        rows = connection.execute(select(renewal_events.c.id, renewal_events.c.body).where(mine).order_by(renewal_events.c.id))
        return KeptRenewal(renewal_id, head.card_id, tuple(_event(row.id, row.body) for row in rows))

    def _insert(self, connection: Connection, renewal_id: str, event: RenewalEvent) -> None:
        body = _EVENT.dump_json(replace(event, sequence=0), exclude_defaults=True).decode()
        connection.execute(renewal_events.insert().values(account_id=self._account, renewal_id=renewal_id, body=body))


def _event(number: int, body: str) -> RenewalEvent:
    return replace(_EVENT.validate_json(body), sequence=number)
