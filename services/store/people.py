"""Who belongs to which household. Addresses are as ``services.rules.people.address_of`` gives them.

``Directory`` knows all households, and is asked when somebody comes in; ``PeopleStore`` knows one, for those who belong to it.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlalchemy.exc import IntegrityError

from services.model.person import Admission, Member, Role
from services.store.acting import acting, as_program
from services.store.database import Database
from services.store.tables import accounts, members

SEEN_EVERY = timedelta(hours=1)
"""That somebody was here is written down this often."""


class ElsewhereAlready(Exception):
    """The address belongs to a household already: to this one when ``here``, or to another."""

    def __init__(self, here: bool) -> None:
        super().__init__("here" if here else "elsewhere")
        self.here = here


class LastOwner(Exception):
    """A household keeps at least one owner."""


class SetInFile(Exception):
    """The configuration says that this person belongs, and as what; it is changed there."""


class Directory:
    """All households, for the program itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, address: str) -> Member | None:
        with self._database.read() as connection:
            row = connection.execute(select(members).where(members.c.address == address)).first()
        return None if row is None else _member(row)

    def found_household(self, address: str, at: datetime) -> Member:
        """A new household with ``address`` as its owner; the one they belong to when another session was faster."""
        account = secrets.token_hex(8)
        try:
            with as_program(), self._database.write() as connection:
                connection.execute(accounts.insert().values(id=account, created_at=_seconds(at)))
                _add(connection, account, address, Role.OWNER, Admission.LIST, at)
        except IntegrityError:
            there = self.find(address)
            if there is None:
                raise
            return there
        return Member(account, address, Role.OWNER, Admission.LIST, at)

    def settle(self, households: Mapping[str, Mapping[str, Role]], at: datetime) -> None:
        """Make the members that the configuration names what it says, and forget those it named and names no more."""
        wanted = {address: (account, role) for account, people in households.items() for address, role in people.items()}
        with self._database.read() as connection:
            from_file = members.c.admission == Admission.FILE.value
            kept = {row.address: (row.account_id, Role(row.role)) for row in connection.execute(select(members).where(from_file))}
        if kept == wanted:
            return
        with as_program(), self._database.write() as connection:
            for account in households:
                if not connection.execute(select(accounts.c.id).where(accounts.c.id == account)).first():
                    connection.execute(accounts.insert().values(id=account, created_at=_seconds(at)))
            connection.execute(members.delete().where(members.c.admission == Admission.FILE.value, members.c.address.not_in(list(wanted))))
            for address, (account, role) in wanted.items():
                same = members.c.address == address
                values = {"account_id": account, "role": role.value, "admission": Admission.FILE.value}
                if not connection.execute(members.update().where(same).values(**values)).rowcount:
                    _add(connection, account, address, role, Admission.FILE, at)

    def saw(self, member: Member, at: datetime) -> None:
        """Note that ``member`` was here."""
        if member.seen_at is None or at - member.seen_at >= SEEN_EVERY:
            with as_program(), self._database.write() as connection:
                connection.execute(members.update().where(members.c.address == member.address).values(seen_at=_seconds(at)))


class PeopleStore:
    """The people of one household."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def all(self) -> list[Member]:
        """Owners first, then by address."""
        query = select(members).where(members.c.account_id == self._account)
        with self._database.read() as connection:
            found = [_member(row) for row in connection.execute(query)]
        return sorted(found, key=lambda member: (-list(Role).index(member.role), member.address))

    def invite(self, address: str, role: Role, at: datetime) -> None:
        """From now on ``address`` may sign in and belongs here. Raises ElsewhereAlready, NotAllowed."""
        with self._database.write(needs=Role.OWNER) as connection:
            there = connection.execute(select(members.c.account_id).where(members.c.address == address)).scalar()
            if there is not None:
                raise ElsewhereAlready(there == self._account)
            _add(connection, self._account, address, role, Admission.INVITED, at)

    def change_role(self, address: str, role: Role) -> None:
        """Nothing happens for somebody who is gone. Raises LastOwner, SetInFile, NotAllowed."""
        with self._database.write(needs=Role.OWNER) as connection:
            if self._may_lose(connection, address, role):
                connection.execute(members.update().where(self._is(address)).values(role=role.value))

    def remove(self, address: str) -> None:
        """They belong here no more; what they entered stays. Raises LastOwner, SetInFile, NotAllowed."""
        with self._database.write(needs=Role.OWNER) as connection:
            if self._may_lose(connection, address, None):
                connection.execute(members.delete().where(self._is(address)))

    def leave(self) -> None:
        """The person who acts belongs here no more, whatever their role. Raises LastOwner, SetInFile."""
        actor = acting()
        if actor is not None and actor.address is not None:
            with self._database.write(needs=Role.VIEWER) as connection:
                if self._may_lose(connection, actor.address, None):
                    connection.execute(members.delete().where(self._is(actor.address)))

    def speak(self, language: str) -> None:
        """Keep the language that the person who acts chose for themselves, whatever their role."""
        actor = acting()
        if actor is not None and actor.address is not None:
            with self._database.write(needs=Role.VIEWER) as connection:
                connection.execute(members.update().where(self._is(actor.address)).values(language=language))

    def _may_lose(self, connection: Connection, address: str, role: Role | None) -> bool:
        """Whether ``address`` is here and its role may become ``role``. The rows stay locked, so that two owners cannot both go."""
        mine = select(members).where(members.c.account_id == self._account).with_for_update()
        here = {row.address: row for row in connection.execute(mine)}
        if address not in here:
            return False
        if here[address].admission == Admission.FILE.value:
            raise SetInFile
        owners = [name for name, row in here.items() if row.role == Role.OWNER.value]
        if owners == [address] and role is not Role.OWNER:
            raise LastOwner
        return True

    def _is(self, address: str) -> Any:
        return and_(members.c.account_id == self._account, members.c.address == address)


def _add(connection: Connection, account: str, address: str, role: Role, admission: Admission, at: datetime) -> None:
    row = {"account_id": account, "address": address, "role": role.value, "admission": admission.value, "added_at": _seconds(at)}
    connection.execute(members.insert().values(**row))


def _member(row: Any) -> Member:
    seen = None if row.seen_at is None else datetime.fromtimestamp(row.seen_at, UTC)
    added = datetime.fromtimestamp(row.added_at, UTC)
    return Member(row.account_id, row.address, Role(row.role), Admission(row.admission), added, seen, row.language)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
