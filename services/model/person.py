"""The people of a household: who belongs to one, what each may do, and what they did."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do. VIEWER looks; EDITOR changes cards, renewals, trips and settings too; OWNER also says who belongs."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what ``needed`` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Admission(StrEnum):
    """Why a person belongs. FILE: named with a household in the configuration; LIST: admitted by the list of allowed addresses, with a
    household of their own; INVITED: by an owner of the household."""

    FILE = "file"
    LIST = "list"
    INVITED = "invited"


@dataclass(frozen=True, slots=True)
class Member:
    """``account``: of the household. ``seen_at``: last time here, to the hour; None before the first. ``language``: chosen, or None."""

    account: str
    address: str
    role: Role
    admission: Admission
    added_at: datetime
    seen_at: datetime | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody changed. ``who``: an address, None for the person at this machine. ``kind``: table and action, as
    "cards.insert"; ``thing``: the id of what was changed, empty for several; ``count``: rows; ``text``: its name at that time."""

    at: datetime
    who: str | None
    kind: str
    thing: str
    count: int
    text: str
