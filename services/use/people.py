"""Coming in, and who belongs to a household."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from services.model.person import Admission, Deed, Member, Role
from services.rules.people import NotAnAddress, address_of
from services.store.acting import Actor, ForTheMachine, NotAllowed, act_as, acting, ask_when_unknown
from services.store.audit import AuditStore
from services.store.people import Directory, ElsewhereAlready, LastOwner, PeopleStore, SetInFile
from services.use.house import House

__all__ = [
    "Actor",
    "ElsewhereAlready",
    "ForTheMachine",
    "LastOwner",
    "NotAllowed",
    "NotAnAddress",
    "SetInFile",
    "act_as",
    "ask_when_unknown",
]


class Refused(StrEnum):
    """Why somebody whom the identity provider knows does not come in."""

    NO_ADDRESS = "no_address"
    UNVERIFIED = "unverified"
    NOT_LISTED = "not_listed"
    ENDED = "ended"


class NotIn(Exception):
    """Nobody who may be here sits at this session. ``refused``: why; None for somebody who has not signed in."""

    def __init__(self, refused: Refused | None, address: str | None = None) -> None:
        super().__init__(refused or "not signed in")
        self.refused = refused
        self.address = address


def come_in(house: House, claims: Mapping[str, Any], now: datetime) -> Member:
    """Who the identity provider says it is, as a member of a household; somebody on the list who has none gets one. ``claims``: of the
    ID token (OpenID Connect Core 1.0, sections 2 and 5.1), with ``is_logged_in``. Raises NotIn."""
    settings = house.configuration.sign_in
    if not claims.get("is_logged_in"):
        raise NotIn(None)
    try:
        address = address_of(str(claims.get("email") or ""))
    except NotAnAddress:
        raise NotIn(Refused.NO_ADDRESS) from None
    if claims.get("email_verified") is not True and not settings.trust_unverified:
        raise NotIn(Refused.UNVERIFIED, address)
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or now.timestamp() > issued + timedelta(days=settings.session_days).total_seconds():
        raise NotIn(Refused.ENDED, address)
    directory = Directory(house.database)
    member = directory.find(address)
    if member is None or member.admission is Admission.LIST:
        if not settings.admits(address):
            raise NotIn(Refused.NOT_LISTED, address)
        member = member or directory.found_household(address, now)
    directory.saw(member, now)
    return member


class PeopleDesk:
    """The people of one household, for whoever acts. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.store = PeopleStore(house.database, account)
        self.log = AuditStore(house.database, account)

    def all(self) -> list[Member]:
        """Owners first, then by address."""
        return self.store.all()

    def me(self) -> Member | None:
        """Who acts; None for the person at this machine."""
        actor = acting()
        return next((member for member in self.all() if actor is not None and member.address == actor.address), None)

    def invite(self, text: str, role: Role) -> str:
        """Returns the address as it is kept. Raises NotAnAddress, ElsewhereAlready, NotAllowed."""
        address = address_of(text)
        self.store.invite(address, role, self._now())
        return address

    def deeds(self, limit: int, before: int | None = None) -> list[tuple[int, Deed]]:
        """What was changed, the newest first, each with its number; those ``before`` a number, for going back."""
        return self.log.newest(limit, before)
