"""Reminders: what one is about, when its steps fall, and what a person decided about it.

A *matter* is a kind of thing to be reminded of. A *topic* is one such thing of one card, and an *episode* of it one occurrence: one due
date of a clock, one stretch of low data. A *step* is a number of days: before the last safe day of an episode with a date (35, 10, 5, 1,
0), or after its beginning where nothing ends (0, 2). A *slot* is one step, or one repeat of it: the unit of which every one is sent once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from services.model.clock import Offer
from services.model.data_volume import DataVolume
from services.model.money import Money


class Matter(StrEnum):
    """The first eight are the kinds of clock, by the same names."""

    VALIDITY = "validity"
    INACTIVITY = "inactivity"
    TOP_UP_ONLY = "top_up_only"
    WALLET_FEE = "wallet_fee"
    ARREARS = "arrears"
    BUNDLE = "bundle"
    ACTIVATE_BY = "activate_by"
    RECYCLING = "recycling"
    RESCUE = "rescue"  # a date has passed, and what is left can be saved until another one
    RETURN = "return"  # a rented pocket WiFi goes back
    REFUND = "refund"  # the last day of a step of a dispute
    RENEWAL_PENDING = "renewal_pending"  # paid, and nothing has counted yet
    LOW_DATA = "low_data"
    LOW_MONEY = "low_money"
    LOOK_UP_FAILED = "look_up_failed"


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to be reminded of, as it stands.

    ``key``: names it for good; the same thing on the same card has the same key in every run. ``card_id``: None for a renewal of a card
    that is not among the account's. ``last_day``: of an episode with a date, the last day on which acting at any hour is in time, in the
    person's zone. ``episode``: names the occurrence when its facts do (the due instant); None when it begins with being seen first.
    ``since``: when an episode without a last day began, if its facts say so. ``length_days``: how long what ends lasts as a whole, None
    when not known; steps longer than half of it would come right after every renewal and are left out, unless the person chose them.
    ``leads``: the steps that the operator's rule has for it, None for the usual ones. The rest is for the words: ``what`` names the thing
    (the clock, the step of a dispute) in English and Chinese, ``until`` is the last instant, ``offer`` the cheapest thing that serves.
    """

    key: str
    matter: Matter
    card_id: str | None
    name: str
    episode: str | None = None
    last_day: date | None = None
    since: datetime | None = None
    length_days: float | None = None
    leads: tuple[int, ...] | None = None
    renewal_id: str | None = None
    what: tuple[str, str] | None = None
    until: datetime | None = None
    offer: Offer | None = None
    data: DataVolume | None = None
    money: Money | None = None
    assumed: bool = False
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nothing is sent, by the person's wall clock. ``start`` after ``end``: across midnight. Both the same: none."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Habits:
    """How an account wants to be reminded. ``zone``: IANA name, None while nobody has said. ``at``: when steps with a date fall due.
    ``ladders``: own steps by matter; an empty one is "never". ``self_test``: a message a day that says that messages arrive."""

    zone: str | None = None
    at: time = time(9)
    quiet: Quiet | None = Quiet(time(22), time(8))
    ladders: Mapping[Matter, tuple[int, ...]] = field(default_factory=dict)
    self_test: bool = False


@dataclass(frozen=True, slots=True)
class CardHabits:
    """What differs for one card. ``silent``: no reminder at all."""

    silent: bool = False
    ladders: Mapping[Matter, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One step or one repeat of it. The order is that of urgency. ``step``: days after the last safe day (negative before it), or days
    after the beginning. ``snooze``: end of the snooze that repeats are counted from, in seconds since the epoch; 0 for none."""

    step: int
    snooze: int
    repeat: int

    def __str__(self) -> str:
        return f"{self.step}/{self.snooze}/{self.repeat}"

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """Raises ValueError on anything else than what ``str`` makes."""
        step, snooze, repeat = text.split("/")
        return cls(int(step), int(snooze), int(repeat))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about an episode. ``acknowledged``: up to this step nothing is repeated. ``snoozed_until``: nothing before."""

    acknowledged: int | None = None
    snoozed_until: datetime | None = None
