"""Finding an order again at providers that keep no reference of ours: by its card, what was ordered, and since when.

A reference made by :func:`traced_reference` says these three and can be looked up after a restart. Of any other reference this
process remembers them from the first sending on. A reference that says nothing and is not remembered cannot be looked up, and
"cannot say" is then the only safe answer.
"""

import hashlib
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SKEW = timedelta(minutes=2)
"""Their clock and ours may differ by this much. A second order of the same thing for the same card within it counts as the first, unless
this process knows that the first belongs to another reference."""

WITHIN = timedelta(days=1)
"""An order this long after its reference was made is another one, bought elsewhere."""

MOST_REMEMBERED = 10_000
_SAID = re.compile(r"([A-Za-z0-9]{1,24})-([0-9a-z]{6,7})-([0-9a-f]{8})-[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Trace:
    """``mark`` stands for the product; ``made_at``: aware; ``before``: orders that were there already, by the provider's numbers."""

    card: str
    mark: str
    made_at: datetime
    before: frozenset[str] = frozenset()

    @property
    def since(self) -> datetime:
        return self.made_at - SKEW

    @property
    def until(self) -> datetime:
        return self.made_at + WITHIN

    def fits(self, order_id: str, product_id: str, placed_at: datetime) -> bool:
        """Whether an order for this card can be the one."""
        return order_id not in self.before and mark_of(product_id) == self.mark and self.since <= placed_at <= self.until


def mark_of(product_id: str) -> str:
    return hashlib.sha256(product_id.encode()).hexdigest()[:8]


def traced_reference(card: str, product_id: str, made_at: datetime) -> str:
    """A reference of at most 50 characters that says what is ordered. ``card``: 1 to 24 letters and digits."""
    reference = f"{card}-{_base36(int(made_at.timestamp()))}-{mark_of(product_id)}-{secrets.token_hex(2)}"
    if not _SAID.fullmatch(reference):
        raise ValueError(f"not a card's number: {len(card)} characters")
    return reference


class Traces:
    """What each reference stands for: read from it, or remembered. The first that is kept holds; the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Trace] = OrderedDict()
        self._claimed: OrderedDict[tuple[str, str], str] = OrderedDict()

    def of(self, account: str, reference: str) -> Trace | None:
        said = _SAID.fullmatch(reference)
        if said is not None:
            return Trace(said[1], said[3], datetime.fromtimestamp(int(said[2], 36), UTC))
        return self._kept.get((account, reference))

    def keep(self, account: str, reference: str, trace: Trace) -> None:
        self._kept.setdefault((account, reference), trace)
        while len(self._kept) > MOST_REMEMBERED:
            self._kept.popitem(last=False)

    def claim(self, account: str, order_id: str, reference: str) -> None:
        """The provider's order ``order_id`` is the one of ``reference``, and of no other."""
        self._claimed.setdefault((account, order_id), reference)
        while len(self._claimed) > MOST_REMEMBERED:
            self._claimed.popitem(last=False)

    def free_for(self, account: str, order_id: str, reference: str) -> bool:
        """Whether ``order_id`` can be the order of ``reference``: nobody else claimed it."""
        return self._claimed.get((account, order_id), reference) == reference


TRACES = Traces()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
