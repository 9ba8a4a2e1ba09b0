"""Intended purchases: each stored before it is sent, taken by one sender, settled by what the provider answers. And the rules of renewing
by itself, with what they decided."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, select
from sqlalchemy.exc import IntegrityError

from services.model.intent import AutoRule, Decision, Intent, IntentEvent, IntentStatus, KeptIntent
from services.model.order import Secret
from services.rules.orders.machine import OPEN, may_follow
from services.store.database import Database
from services.store.tables import auto_renewal_log, auto_renewals, cards, order_events, order_intents
from services.store.vault import Vault

_INTENT: TypeAdapter[Intent] = TypeAdapter(Intent)
_EVENT: TypeAdapter[IntentEvent] = TypeAdapter(IntentEvent)
_RULE: TypeAdapter[AutoRule] = TypeAdapter(AutoRule)
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)
_NOTHING_BOUGHT = frozenset({IntentStatus.REFUSED, IntentStatus.WITHDRAWN, IntentStatus.CLOSED})

Write = Connection
"""A write in the middle of which something is told."""
Tell = Callable[[Write], None]
"""What else is written in the same breath."""


class NoSuchIntent(Exception):
    """The account has no order ``intent_id``."""


class AlreadyOpen(Exception):
    """The provider's card has an order that is not settled, or what this one is due for was served; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer makes of an intent. ``found``: of a look-up. ``pin``: a code to keep sealed."""

    status: IntentStatus
    event: IntentEvent
    pin: Secret | None = None


class OrderStore:
    """Orders of one account."""

    def __init__(self, database: Database, account: str, vault: Vault) -> None:
        self._database = database
        self._account = account
        self._vault = vault

    # ------------------------------------------------------------------------------------------------------- one purchase

    def place(self, intent: Intent, decide: Callable[[Sequence[KeptIntent]], None], tell: Tell) -> bool:
        """Store ``intent``, if ``decide`` raises nothing at the sight of all orders of the account; no other order comes between. ``tell``
        writes along. False when this intent is there already. Raises AlreadyOpen."""
        with self._database.write(self._account) as connection:
            if connection.execute(select(order_intents.c.id).where(self._is(intent.intent_id))).first():
                return False
            decide(self._all(connection))
            try:
                connection.execute(
                    order_intents.insert().values(
                        account_id=self._account,
                        id=intent.intent_id,
                        card_id=intent.card_id,
                        provider=intent.provider,
                        reference=intent.reference,
                        status=IntentStatus.READY,
                        made_at=_seconds(intent.made_at),
                        body=_INTENT.dump_json(intent, exclude_defaults=True).decode(),
                        looks=0,
                        open_card=_line(intent),
                        period=intent.period,
                    )
                )
            except IntegrityError as error:
                raise AlreadyOpen from error
            self._note(connection, intent.intent_id, IntentEvent(intent.made_at, IntentStatus.READY))
            tell(connection)
        self._database.flush()
        return True

    def claim(self, intent_id: str, claim: str, at: datetime) -> bool:
        """Take the intent for sending. True for one caller in its whole life."""
        ready = and_(self._is(intent_id), order_intents.c.status == IntentStatus.READY)
        with self._database.write(self._account) as connection:
            taken = connection.execute(
                order_intents.update().where(ready).values(status=IntentStatus.SENDING, claim=claim, claimed_at=_seconds(at))
            ).rowcount
            if taken:
                self._note(connection, intent_id, IntentEvent(at, IntentStatus.SENDING))
        self._database.flush()
        return bool(taken)

    def holds(self, intent_id: str, claim: str) -> bool:
        """Whether the sender with this claim may send: nobody has given it up for dead."""
        mine = and_(self._is(intent_id), order_intents.c.claim == claim, order_intents.c.status == IntentStatus.SENDING)
        with self._database.read() as connection:
            return connection.execute(select(order_intents.c.id).where(mine)).first() is not None

    def settle(self, intent_id: str, decide: Callable[[KeptIntent], Change | None], tell: Callable[[Connection, KeptIntent], None]) -> bool:
        """Let what ``decide`` makes of the intent as it stands follow, if it may; ``tell`` writes along with what it then is. A look-up
        that found nothing is counted. Returns whether the status changed. Raises NoSuchIntent."""
        with self._database.write(self._account) as connection:
            kept = self._get(connection, intent_id)
            change = decide(kept)
            if change is None:
                return False
            at = _seconds(change.event.at)
            values: dict[str, Any] = {}
            if change.event.found is not None:
                values = {"looked_at": at, "looks": kept.looks + (0 if change.event.found else 1)}
            follows = may_follow(kept.status, change.status)
            if follows:
                answer = _EVENT.dump_json(change.event, exclude_defaults=True).decode()
                values |= {"status": change.status, "settled_at": at, "outcome": answer}
                if change.status not in OPEN:
                    values["open_card"] = None
                elif kept.status not in OPEN:
                    values["open_card"] = None if self._has_open(connection, kept.intent) else _line(kept.intent)
                if change.status in _NOTHING_BOUGHT:
                    values["period"] = None
                if change.pin is not None:
                    values["sealed"] = self._vault.seal(change.pin.reveal())
            elif change.event.found is None:
                return False
            connection.execute(order_intents.update().where(self._is(intent_id)).values(**values))
            self._note(connection, intent_id, change.event)
            if follows:
                tell(connection, self._get(connection, intent_id))
        return follows

    def note(self, intent_id: str, event: IntentEvent) -> None:
        """Write down what happened to an order without changing where it stands."""
        with self._database.write(self._account) as connection:
            self._note(connection, intent_id, event)

    def get(self, intent_id: str) -> KeptIntent:
        """Raises NoSuchIntent."""
        with self._database.read() as connection:
            return self._get(connection, intent_id)

    def all(self) -> list[KeptIntent]:
        """Every order, the one decided last first."""
        with self._database.read() as connection:
            return self._all(connection)

    def events(self, intent_id: str) -> list[IntentEvent]:
        """What became of an order, oldest first."""
        mine = and_(order_events.c.account_id == self._account, order_events.c.intent_id == intent_id)
        with self._database.read() as connection:
            rows = connection.execute(select(order_events.c.body).where(mine).order_by(order_events.c.id)).scalars()
            return [_EVENT.validate_json(body) for body in rows]

    def pin(self, intent_id: str) -> Secret | None:
        """The code that came with an order. Raises SecretUnreadable."""
        with self._database.read() as connection:
            sealed = connection.execute(select(order_intents.c.sealed).where(self._is(intent_id))).scalar()
        return None if sealed is None else Secret(self._vault.open(sealed))

    # ------------------------------------------------------------------------------------------------------- renewing by itself

    def rules(self) -> dict[str, AutoRule]:
        """The rules by card."""
        query = select(auto_renewals).where(auto_renewals.c.account_id == self._account).order_by(auto_renewals.c.card_id)
        with self._database.read() as connection:
            return {row.card_id: _RULE.validate_json(row.body) for row in connection.execute(query)}

    def put_rule(self, card_id: str, rule: AutoRule | None) -> None:
        """Put ``rule`` in place of the card's; None forgets it. Nothing happens for a card that is gone."""
        mine = and_(auto_renewals.c.account_id == self._account, auto_renewals.c.card_id == card_id)
        with self._database.write(self._account) as connection:
            connection.execute(auto_renewals.delete().where(mine))
            if rule is not None and self._has_card(connection, card_id):
                body = _RULE.dump_json(rule).decode()
                connection.execute(auto_renewals.insert().values(account_id=self._account, card_id=card_id, body=body))

    def log(self, decision: Decision) -> None:
        """Write a decision down. Rows are never changed."""
        with self._database.write(self._account) as connection:
            if self._has_card(connection, decision.card_id):
                body = _DECISION.dump_json(decision, exclude_defaults=True).decode()
                connection.execute(auto_renewal_log.insert().values(account_id=self._account, card_id=decision.card_id, body=body))

    def decisions(self, card_id: str, newest: int) -> list[Decision]:
        """What was decided for a card, the newest first, at most ``newest`` of them."""
        mine = and_(auto_renewal_log.c.account_id == self._account, auto_renewal_log.c.card_id == card_id)
        query = select(auto_renewal_log.c.body).where(mine).order_by(auto_renewal_log.c.id.desc()).limit(newest)
        with self._database.read() as connection:
            return [_DECISION.validate_json(body) for body in connection.execute(query).scalars()]

    # ------------------------------------------------------------------------------------------------------- rows

    def _get(self, connection: Connection, intent_id: str) -> KeptIntent:
        row = connection.execute(select(order_intents).where(self._is(intent_id))).first()
        if row is None:
            raise NoSuchIntent(intent_id)
        return _kept(row)

    def _all(self, connection: Connection) -> list[KeptIntent]:
        mine = select(order_intents).where(order_intents.c.account_id == self._account)
        rows = connection.execute(mine.order_by(order_intents.c.made_at.desc(), order_intents.c.id))
        return [_kept(row) for row in rows]

    def _has_open(self, connection: Connection, intent: Intent) -> bool:
        open_now = and_(order_intents.c.account_id == self._account, order_intents.c.open_card == _line(intent))
        return connection.execute(select(order_intents.c.id).where(open_now)).first() is not None

    def _has_card(self, connection: Connection, card_id: str) -> bool:
        mine = and_(cards.c.account_id == self._account, cards.c.id == card_id)
        return connection.execute(select(cards.c.id).where(mine)).first() is not None

    def _note(self, connection: Connection, intent_id: str, event: IntentEvent) -> None:
        body = _EVENT.dump_json(event, exclude_defaults=True).decode()
        connection.execute(order_events.insert().values(account_id=self._account, intent_id=intent_id, body=body))

    def _is(self, intent_id: str) -> Any:
        return and_(order_intents.c.account_id == self._account, order_intents.c.id == intent_id)


def _line(intent: Intent) -> str:
    """Stands for the card as the provider knows it: two cards of the account may be one there."""
    return hashlib.sha256(f"{intent.provider} {intent.remote_id}".encode()).hexdigest()[:32]


def _kept(row: Any) -> KeptIntent:
    outcome = None if row.outcome is None else _EVENT.validate_json(row.outcome)
    return KeptIntent(
        replace(_INTENT.validate_json(row.body), card_id=row.card_id),
        IntentStatus(row.status),
        _moment(row.claimed_at),
        row.looks,
        _moment(row.looked_at),
        _moment(row.settled_at),
        None if outcome is None else outcome.order_id,
        None if outcome is None else outcome.charged,
        "" if outcome is None else outcome.said,
        None if outcome is None else outcome.failure,
        row.sealed is not None,
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
