"""What emulators of accounts have in common: invented cards whose data runs down with the clock, and limits on calls.

Numbers are invented and pass their check digits: ICCIDs begin 89 999, a country code that is not assigned.
"""

import math
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

MIB = 1024**2
GIB = 1024**3


LUCK: ContextVar[random.Random | None] = ContextVar("luck", default=None)
"""Where set, what the numbers that an emulator invents follow from: one that does the same again invents the same."""

AGAIN: ContextVar[bool] = ContextVar("again", default=False)
"""Set while a request is done again that was let in before: it needs no token, and counts for no limit."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def fresh_id() -> uuid.UUID:
    """One that no other emulator has given out."""
    luck = LUCK.get()
    return uuid.uuid4() if luck is None else uuid.UUID(int=luck.getrandbits(128), version=4)


def invented_iccid(number: int, issuer: int = 1) -> str:
    """A 19-digit ICCID with a right Luhn digit. ``issuer`` (0 to 99) tells the providers' cards apart."""
    body = f"89999{issuer:02d}{number:011d}"
    doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(body))]
    return body + str(-sum(digit - 9 * (digit > 9) for digit in doubled) % 10)


@dataclass(slots=True)
class Line:
    """One invented card. Bytes throughout. Data runs down by ``bytes_per_hour`` from ``first_used_at`` on, never below nothing.

    ``days`` of validity count from ``first_used_at``; ``use_by`` is the end of a card that was never used.
    """

    iccid: str
    bought_at: datetime
    total: int
    days: int
    bytes_per_hour: int = 0
    installed_at: datetime | None = None
    first_used_at: datetime | None = None
    use_by: datetime | None = None
    _used: int = 0
    _counted_to: datetime | None = None

    def used(self, now: datetime) -> int:
        if self.first_used_at is None:
            return self._used
        until = min(now, self.ends_at or now)
        since = self._counted_to or self.first_used_at
        hours = max(0.0, (until - since).total_seconds()) / 3600
        return min(self.total, self._used + int(hours * self.bytes_per_hour))

    def left(self, now: datetime) -> int:
        return self.total - self.used(now)

    @property
    def ends_at(self) -> datetime | None:
        return None if self.first_used_at is None else self.first_used_at + timedelta(days=self.days)

    def over(self, now: datetime) -> bool:
        end = self.ends_at or self.use_by
        return end is not None and now >= end

    def add(self, now: datetime, more_bytes: int, more_days: int) -> None:
        """A top-up on top of what is there."""
        self._used, self._counted_to = self.used(now), now
        self.total += more_bytes
        self.days += more_days


@dataclass(slots=True)
class Window:
    """At most ``calls`` in any ``per_s`` seconds for each key, by the clock that is passed in."""

    calls: int
    per_s: int
    _made: dict[Hashable, list[float]] = field(default_factory=lambda: defaultdict(list))

    def wait_for(self, key: Hashable, now: datetime) -> int:
        """0 and the call is counted, or the whole seconds until it would be let through."""
        if AGAIN.get():
            return 0
        moment = now.timestamp()
        made = self._made[key] = [at for at in self._made[key] if moment - at < self.per_s]
        if len(made) >= self.calls:
            return max(1, math.ceil(self.per_s - (moment - made[0])))
        made.append(moment)
        return 0
