"""A clock's rule without its evidence: the bare values that a replay reads for every event of every card, worked out once per rule.

Reading ``rule.stacking.value`` through two models costs more than what is then done with it, and most events mean nothing to most clocks:
``acting`` tells them apart with one look into a set.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto

from services.model.clock import Activity, Anchor, CardEvent, ClockKind, DayMeaning, EventKind, Span, SpanUnit, Stacking
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.counting import Counting, extend, midnight

What = EventKind | Activity
"""What an event is to a clock: the activity of a use, else the kind."""
Happening = tuple[What, CardEvent]

assert not {*EventKind} & {*Activity}, "members are strings: a kind and an activity of one spelling would be taken for each other"

CONNECTIONS = frozenset({EventKind.FIRST_CONNECTION, EventKind.ROAMED})
ON_NETWORK: frozenset[What] = CONNECTIONS | {Activity.DATA, Activity.CONNECT}
"""The card was on a network for data."""
ACTIVITY_OF = {
    EventKind.TOPPED_UP: Activity.TOP_UP,
    EventKind.BUNDLE_BOUGHT: Activity.BUNDLE,
    EventKind.RENEWED: Activity.BUNDLE,
    EventKind.INSTALLED: Activity.INSTALL,
    EventKind.FIRST_CONNECTION: Activity.CONNECT,
    EventKind.ROAMED: Activity.SWITCHED_ON,
}
START_EVENTS = {
    Anchor.ACTIVATION: frozenset({EventKind.ACTIVATED}),
    Anchor.LAST_EVENT: frozenset({EventKind.ACTIVATED}),
    Anchor.FIRST_CONNECTION: CONNECTIONS,
    Anchor.INSTALL: frozenset({EventKind.INSTALLED}),
    Anchor.PURCHASE: frozenset({EventKind.PURCHASED}),
    Anchor.PLAN_END: frozenset({EventKind.PURCHASED}),
    None: frozenset({EventKind.PURCHASED, EventKind.INSTALLED, EventKind.ACTIVATED, EventKind.FIRST_CONNECTION}),
}
_ONE_END = frozenset({Stacking.RESET, Stacking.KEEP_LATER, Stacking.STACK})
_QUEUES = frozenset({Stacking.OLD_END, Stacking.OLD_END_OR_SPENT})
PLAN_EVENTS: frozenset[What] = frozenset({EventKind.PURCHASED, EventKind.BUNDLE_BOUGHT, EventKind.RENEWED, EventKind.DATA_SPENT})
FEE_EVENTS: frozenset[What] = frozenset({EventKind.TOPPED_UP, EventKind.SEEN_WORKING, EventKind.RENEWED})
_ENDS_ACTIVATE_BY = (EventKind.ACTIVATED, EventKind.FIRST_CONNECTION)
_MARGIN = timedelta(days=2)
_SHORTEST = {SpanUnit.HOUR: timedelta(hours=1), SpanUnit.DAY: timedelta(days=1), SpanUnit.MONTH: timedelta(days=28)}
_NOTHING = timedelta(0)


def happenings(events: Iterable[CardEvent]) -> list[Happening]:
    """Each event with what it is to a clock, worked out once for all clocks of a card."""
    return [(event.activity or event.kind, event) for event in events]


def at_least(span: Span) -> timedelta:
    """Less than any way of counting can make of ``span``: the shortest months, and room for a day cut at both ends and a clock change."""
    return max(_NOTHING, _SHORTEST[span.unit] * span.amount - _MARGIN)


class Family(Enum):
    """Clocks that are replayed alike."""

    ONE_END = auto()
    QUEUE = auto()
    PARALLEL = auto()
    FEES = auto()
    ACTIVATE_BY = auto()
    RECYCLING = auto()


_FAMILIES = {
    ClockKind.WALLET_FEE: Family.FEES,
    ClockKind.ARREARS: Family.FEES,
    ClockKind.ACTIVATE_BY: Family.ACTIVATE_BY,
    ClockKind.RECYCLING: Family.RECYCLING,
}


class FeeDays(dict[int, datetime]):
    """The instants at which a fee on a fixed day of the month falls due, by month (years * 12 + months since January)."""

    def __init__(self, day: int, counting: Counting) -> None:
        super().__init__()
        self._day = day
        self._counting = counting

    def __missing__(self, month: int) -> datetime:
        self[month] = found = midnight(date(month // 12, month % 12 + 1, self._day), self._counting.zone or UTC)
        return found


class NextFees(dict[datetime, datetime]):
    """From a fee that falls due at a midnight to the one after it. Cards share these midnights, so that each is counted once."""

    def __init__(self, span: Span, counting: Counting) -> None:
        super().__init__()
        self._span = span
        self._counting = counting

    def __missing__(self, at: datetime) -> datetime:
        self[at] = found = extend(at, self._span, self._counting)
        return found


@dataclass(frozen=True, slots=True)
class BareTier:
    """A top-up of ``minor`` units or more gives ``span``."""

    minor: Decimal
    currency: str
    span: Span


@dataclass(frozen=True, slots=True)
class BareStage:
    """A step of the ladder: when it begins after the one before, and what still saves the card; None is "nobody says"."""

    after: Span | None
    rescue: tuple[Activity, ...] | None


@dataclass(slots=True, eq=False)
class BareClock:
    """The values of one clock's facts (None: unknown), and below them what follows from them for a replay."""

    id: str
    kind: ClockKind
    start: Anchor | None
    span: Span | None
    initial: Span | None
    tiers: tuple[BareTier, ...] | None
    stacking: Stacking | None
    cap: Span | None
    counting: Counting
    shows_last_day: bool
    fee: Money | None
    fee_day: int | None
    settling: timedelta | None
    ended_by: tuple[EventKind, ...] | None
    counts: Mapping[Activity, Tri]
    ladder: tuple[BareStage, ...]

    family: Family = field(init=False)
    starts: frozenset[What] = field(init=False)
    """What starts the clock. Of plans: what starts one that was bought."""
    counted: frozenset[What] = field(init=False)
    """What restarts the clock."""
    ends: frozenset[What] = field(init=False)
    """What ends an activate-by clock for good."""
    acting: frozenset[What] = field(init=False)
    """Everything that can change the clock at all."""
    is_plan: bool = field(init=False)
    is_reset: bool = field(init=False)
    """Stacking by reset, or by nobody knows what."""
    adds_up: bool = field(init=False)
    """An end from before can matter to the next."""
    usual: tuple[Span | None, ...] = field(init=False)
    """What a counted event gives when there are no tiers."""
    surely_within: timedelta | None = field(init=False)
    """Of two counted events less than this apart, the first leaves no trace; None where it always can."""
    surely_below_cap: timedelta | None = field(init=False)
    """An end that lies no further than this after the event is not cut by the cap."""
    reaches_last_stage: timedelta | None = field(init=False)
    """The last stage, in which nothing saves any more, does not begin sooner after the end than this; None: there is none, or no date."""
    next_fee: NextFees | None = field(init=False)
    fee_days: FeeDays | None = field(init=False)

    def __post_init__(self) -> None:
        self.is_plan = self.kind is ClockKind.BUNDLE
        self.is_reset = self.stacking in (Stacking.RESET, None)
        self.adds_up = self.stacking in (Stacking.KEEP_LATER, Stacking.STACK)
        self.usual = (self.span,)
        self.surely_within = at_least(self.span) if self.is_reset and self.span is not None and self.tiers is None else None
        self.surely_below_cap = at_least(self.cap) if self.cap is not None else None
        self.family = self._family()
        self.starts = self._starts()
        self.ends = self._ends()
        self.counted = frozenset(what for what in (*EventKind, *Activity) if self._counts(what) is Tri.YES)
        self.acting = self._acting()
        self.reaches_last_stage = self._reaches_last_stage()
        natural = self.counting.midnights is not None and self.counting.day is DayMeaning.NATURAL
        in_days = self.span is not None and self.span.unit is SpanUnit.DAY
        self.next_fee = NextFees(self.span, self.counting) if natural and in_days and self.span is not None else None
        self.fee_days = FeeDays(self.fee_day, self.counting) if self.fee_day is not None else None

    def gives(self, activity: Activity, amount: Money | None) -> Span | None:
        """The length that ``activity`` for ``amount`` gives; None when the rule does not say or the amount is too small."""
        tiers = self.tiers
        if tiers is None or activity is not Activity.TOP_UP:
            return self.span
        if amount is None or amount.currency != tiers[0].currency:
            return None
        reached = [tier for tier in tiers if tier.minor <= amount.minor]
        return max(reached, key=lambda tier: tier.minor).span if reached else None

    def _family(self) -> Family:
        if self.is_plan and self.stacking not in _ONE_END:
            # nobody says how plans add up: they run side by side, so that nothing is added to anything
            return Family.QUEUE if self.stacking in _QUEUES else Family.PARALLEL
        return _FAMILIES.get(self.kind, Family.ONE_END)

    def _starts(self) -> frozenset[What]:
        if self.family in (Family.QUEUE, Family.PARALLEL):
            if self.start is Anchor.FIRST_CONNECTION:
                return ON_NETWORK
            return frozenset({EventKind.INSTALLED if self.start is Anchor.INSTALL else EventKind.ACTIVATED})
        if self.family is Family.ACTIVATE_BY:
            return START_EVENTS[self.start or Anchor.PURCHASE]
        return START_EVENTS[self.start]

    def _ends(self) -> frozenset[What]:
        ends: frozenset[What] = frozenset(self.ended_by or _ENDS_ACTIVATE_BY)
        if EventKind.FIRST_CONNECTION in ends:
            ends |= ON_NETWORK
        return ends | frozenset(Activity) if EventKind.USED in ends else ends

    def _counts(self, what: What) -> Tri:
        activity = what if isinstance(what, Activity) else ACTIVITY_OF.get(what)
        return Tri.NO if activity is None else self.counts.get(activity, Tri.UNKNOWN)

    def _acting(self) -> frozenset[What]:
        read = frozenset({EventKind.READING})
        match self.family:
            case Family.QUEUE | Family.PARALLEL:
                return read | PLAN_EVENTS | self.starts
            case Family.FEES:
                return read | FEE_EVENTS | self.starts
            case Family.ACTIVATE_BY:
                return read | self.starts | self.ends
            case _:
                doubtful = {activity for activity in Activity if self._counts(activity) is Tri.UNKNOWN}
                return read | {EventKind.SEEN_WORKING} | self.starts | self.counted | doubtful

    def _reaches_last_stage(self) -> timedelta | None:
        if not self.ladder or self.ladder[-1].rescue != ():
            return None
        afters = [stage.after for stage in self.ladder]
        known = [after for after in afters if after is not None]
        return sum((at_least(after) for after in known), _NOTHING) if len(known) == len(afters) else None
