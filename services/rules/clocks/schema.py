"""The shape of one operator's rules: ``data/<id>.toml``. How to write one, with examples: docs/rules.md.

**File.** ``id`` (the file's name), ``country`` (ISO 3166-1 alpha-2, or ``"any"`` for shops that sell everywhere), ``zone`` (the IANA zone
in which the operator counts its days as far as nobody says otherwise; left out when it is not known), ``cards`` (``sim``, ``esim``,
``data_card``, ``pocket_wifi``), ``name`` (``en``, ``zh``), ``generic = true`` for the assumed rules of operators we do not know, ``note``,
and four parts:

``[sources]``: what every key used in the file stands for, in full words (``S11 = "mobile.asda.com/help/topping-up/top-up-expire"``).

``[[clocks]]``: one per clock. ``id``, ``kind`` (``validity`` A, ``inactivity`` B, ``top_up_only`` C, ``wallet_fee`` D, ``arrears`` E,
``bundle`` F, ``activate_by``, ``recycling``), ``name``, ``remind_days`` (lead days of reminders: a choice of this project, so without a
source; left out, the usual ones of the kind), ``note``, and facts.

``[[actions]]``: what a person can do to keep the card, with its price. ``[[unknowns]]``: what was looked for and not found.

**Fact.** A table ``{ value = ..., source = ["S1"], as_of = "2024-05", confidence = "H" }``, with a ``note`` if it needs one.

- ``confidence`` is ``"H"``, ``"M"``, ``"L"``, ``"disputed"``, ``"assumed"`` (generic files only) or ``"unknown"``.
- ``source``: keys of ``[sources]``, at least one unless unknown. ``as_of``: a year, a month, a day, or ``"undated"``.
- disputed: ``value`` is the cautious one, which is in force; ``others = [ { value = ..., source = [...], as_of = "..." } ]`` has the rest.
- unknown: no ``value``. A fact that is left out is unknown too.
- a fact takes the ``source``, ``as_of`` and ``confidence`` it does not name from the ``[[clocks]]`` or ``[[actions]]`` entry it stands in.

**Values.** Length of time ``"180 days"``, ``"6 months"``, ``"1 year"``, ``"24 hours"``. Money ``"10.00 GBP"``. Zone: IANA name or
``"UTC+08:00"``. Text for people ``{ en = "...", zh = "..." }``.

**Facts of a clock.**

``start``      what it is first counted from: ``activation``, ``first_connection``, ``install``, ``purchase``, ``last_event``, ``plan_end``
               (recycling: the purchase, then the end of the last plan)
``span``       how long; left out for a bundle whose length is the plan's own
``initial``    length before the first counted event, when it differs from ``span``
``tiers``      instead of ``span``: ``[ { at_least = "11 SGD", span = "120 days" }, ... ]``; a smaller amount moves nothing
``stacking``   what a counted event does to time left: ``reset``, ``keep_later``, ``stack``, ``old_end``, ``old_end_or_spent``, ``parallel``
``cap``        with ``stack``: no more than this from the day of the event
``day``        ``natural`` (ends at midnight of the zone) or ``24h``
``zone``       only when a source names it; else the file's holds
``first_day``  natural days: ``counts`` (the day of the event is day 1) or ``free``
``month``      ``calendar`` or ``30_days``
``shown_date`` the date the operator prints is the ``last_day`` of validity or the ``day_after``
``fee``        wallet fee and arrears: money taken every ``span``
``fee_day``    arrears: day of the month the fee is taken (1 to 28), in which case ``span`` is left out
``warnings``   how long before the end the operator itself writes: ``["35 days", "5 days"]``
``settling``   how long a payment may take to count
``ended_by``   activate_by: events that end the clock for good: ``["installed"]`` (codes of ``EventKind``)

Where a fact of counting is unknown the engine takes the earlier date: natural days whose first day counts, the shorter month, the earliest
zone, reset.

``[[clocks.activity]]``: what restarts the clock and what does not: ``what`` (codes of ``Activity``), ``counts`` (``yes``, ``no``),
``note``, and the evidence ``source``, ``as_of``, ``confidence`` beside them. ``confidence = "unknown"``: no ``counts``. What is not listed
is unknown and moves nothing, except what makes the clock its kind: a top-up for ``validity``, ``top_up_only``, ``wallet_fee`` and
``arrears``, a bundle for ``bundle``. ``TOPPED_UP`` events are ``top_up``, ``BUNDLE_BOUGHT`` and ``RENEWED`` are ``bundle``, ``ROAMED`` is
``switched_on``.

``[[clocks.ladder]]``: the stages after the due instant in order. ``code`` (``StageCode``), ``after`` (counted from the stage before; the
first from the due instant, ``"0 days"``), ``works``, ``loses`` (lists of ``Works`` and ``Loss``), ``rescue`` (list of ``Activity`` that
still saves the number in this stage; ``[]`` means that nothing does). All but ``code`` are facts. ``note`` in both languages.

**Action.** ``what`` (``Activity``), ``price`` (fact), ``keeps_value`` (``yes``: the money stays as credit; ``no``: it is spent; fact),
``note``, ``clocks``: ids of the clocks it serves; left out, every clock whose ``activity`` counts it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from services.model.clock import (
    Activity,
    Anchor,
    ClockKind,
    Confidence,
    DayMeaning,
    EventKind,
    FirstDay,
    Loss,
    MonthMeaning,
    Offer,
    Span,
    SpanUnit,
    Stacking,
    StageCode,
    Works,
)
from services.model.money import Money
from services.model.reminder import Matter
from services.model.tri import Tri
from services.rules.clocks.bare import BareClock, BareStage, BareTier
from services.rules.clocks.counting import Counting
from services.rules.reminders.ladders import usual_days

V = TypeVar("V")

_MONEY = re.compile(r"(\d+(?:\.\d+)?) ([A-Z]{3})")
_OFFSET = re.compile(r"UTC([+-])(\d{2}):(\d{2})")
_AS_OF = re.compile(r"(19|20)\d{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?|undated")


def _span(value: object) -> object:
    return Span.parse(value) if isinstance(value, str) else value


def parse_money(value: object) -> object:
    """``"10.00 GBP"`` as Money; anything that is not a string is handed through. Raises ValueError on other strings."""
    if not isinstance(value, str):
        return value
    match = _MONEY.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"not money such as '10.00 GBP': {value!r}")
    return Money.of(Decimal(match[1]), match[2])


def parse_zone(name: str) -> tzinfo:
    """The zone behind an IANA name or ``UTC+08:00``. Raises ValueError when there is none."""
    match = _OFFSET.fullmatch(name)
    if match is not None:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"not a time zone: {name!r}") from error


def _zone_name(name: str) -> str:
    parse_zone(name)
    return name


SpanValue = Annotated[Span, BeforeValidator(_span)]
MoneyValue = Annotated[Money, BeforeValidator(parse_money)]
ZoneName = Annotated[str, BeforeValidator(_zone_name)]


class CardKind(StrEnum):
    SIM = "sim"
    ESIM = "esim"
    DATA_CARD = "data_card"
    POCKET_WIFI = "pocket_wifi"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Text(_Entry):
    """A text for people, in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Evidence(_Entry):
    """Who says so (keys of the file's ``sources``), as of when, and how sure it is."""

    source: tuple[str, ...] = ()
    as_of: str | None = None
    confidence: Confidence = Confidence.UNKNOWN

    @field_validator("as_of")
    @classmethod
    def _dated(cls, value: str | None) -> str | None:
        if value is not None and _AS_OF.fullmatch(value) is None:
            raise ValueError(f"a year, a month, a day or 'undated' is needed, not {value!r}")
        return value

    @model_validator(mode="after")
    def _sourced(self) -> "Evidence":
        if self.confidence not in (Confidence.UNKNOWN, Confidence.OWN) and (not self.source or self.as_of is None):
            raise ValueError("a fact needs a source and an as-of date")
        return self


class Other(_Entry, Generic[V]):
    """A value that somebody else gives for a disputed fact."""

    value: V
    source: tuple[str, ...] = Field(min_length=1)
    as_of: str

    @field_validator("as_of")
    @classmethod
    def _dated(cls, value: str) -> str:
        if _AS_OF.fullmatch(value) is None:
            raise ValueError(f"a year, a month, a day or 'undated' is needed, not {value!r}")
        return value


class Fact(Evidence, Generic[V]):
    """A value and its evidence. ``value`` is None when, and only when, ``confidence`` is unknown."""

    value: V | None = None
    others: tuple[Other[V], ...] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Fact[V]":
        if (self.value is None) != (self.confidence is Confidence.UNKNOWN):
            raise ValueError("a fact has a value, or its confidence is unknown")
        if bool(self.others) != (self.confidence is Confidence.DISPUTED):
            raise ValueError("a disputed fact names the other values, and no other fact does")
        return self


_EVIDENCE = ("source", "as_of", "confidence")


def _inherit(entry: Any, facts: tuple[str, ...]) -> Any:
    """``entry`` whose fact tables carry the entry's own evidence where they name none; the evidence itself is taken out."""
    if not isinstance(entry, Mapping):
        return entry
    own = {key: entry[key] for key in _EVIDENCE if key in entry}
    filled = {key: value for key, value in entry.items() if key not in _EVIDENCE}
    for name in facts:
        value = filled.get(name)
        if isinstance(value, Mapping):
            filled[name] = {**({} if value.get("confidence") == "unknown" else own), **value}
    return filled


class Tier(_Entry):
    """A top-up of ``at_least`` this much gives ``span``."""

    at_least: MoneyValue
    span: SpanValue


class ActivityRule(Evidence):
    """Whether ``what`` restarts the clock. ``counts`` is unknown when nobody says."""

    what: Activity
    counts: Tri = Tri.UNKNOWN
    note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "ActivityRule":
        if (self.counts is Tri.UNKNOWN) != (self.confidence is Confidence.UNKNOWN):
            raise ValueError("an activity counts or not, or its confidence is unknown")
        return self


_STAGE_FACTS = ("after", "works", "loses", "rescue")


class StageRule(_Entry):
    """One step of the ladder after the due instant."""

    code: StageCode
    after: Fact[SpanValue] = Fact[SpanValue]()
    works: Fact[tuple[Works, ...]] = Fact[tuple[Works, ...]]()
    loses: Fact[tuple[Loss, ...]] = Fact[tuple[Loss, ...]]()
    rescue: Fact[tuple[Activity, ...]] = Fact[tuple[Activity, ...]]()
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_evidence(cls, entry: Any) -> Any:
        return _inherit(entry, _STAGE_FACTS)


_CLOCK_FACTS = (
    "start",
    "span",
    "initial",
    "tiers",
    "stacking",
    "cap",
    "day",
    "zone",
    "first_day",
    "month",
    "shown_date",
    "fee",
    "fee_day",
    "warnings",
    "settling",
    "ended_by",
)

DEFAULT_REMIND_DAYS: Mapping[ClockKind, tuple[int, ...]] = {kind: usual_days(Matter(kind.value)) for kind in ClockKind}
"""The usual lead days of each kind (services/rules/reminders/data/ladders.toml)."""


class ShownDate(StrEnum):
    """What the date that an operator prints means."""

    LAST_DAY = "last_day"
    DAY_AFTER = "day_after"


_LONGEST = {SpanUnit.HOUR: timedelta(hours=1), SpanUnit.DAY: timedelta(days=1), SpanUnit.MONTH: timedelta(days=31)}
_DAYS = {SpanUnit.HOUR: 1 / 24, SpanUnit.DAY: 1, SpanUnit.MONTH: 30}
_BY_NATURE: Mapping[ClockKind, tuple[Activity, ...]] = {
    ClockKind.VALIDITY: (Activity.TOP_UP,),
    ClockKind.TOP_UP_ONLY: (Activity.TOP_UP,),
    ClockKind.WALLET_FEE: (Activity.TOP_UP,),
    ClockKind.ARREARS: (Activity.TOP_UP, Activity.PAY_ARREARS),
    ClockKind.BUNDLE: (Activity.BUNDLE,),
}
_DECISIVE = ("start", "span", "initial", "tiers", "stacking", "cap", "day", "month", "fee", "fee_day", "ended_by")
_WEAKNESS = (
    Confidence.OWN,
    Confidence.HIGH,
    Confidence.MEDIUM,
    Confidence.LOW,
    Confidence.ASSUMED,
    Confidence.DISPUTED,
    Confidence.UNKNOWN,
)


class ClockRule(_Entry):
    """One clock of an operator; every fact of it is described in the module's docstring."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: ClockKind
    name: Text
    start: Fact[Anchor] = Fact[Anchor]()
    span: Fact[SpanValue] = Fact[SpanValue]()
    initial: Fact[SpanValue] = Fact[SpanValue]()
    tiers: Fact[tuple[Tier, ...]] = Fact[tuple[Tier, ...]]()
    stacking: Fact[Stacking] = Fact[Stacking]()
    cap: Fact[SpanValue] = Fact[SpanValue]()
    day: Fact[DayMeaning] = Fact[DayMeaning]()
    zone: Fact[ZoneName] = Fact[ZoneName]()
    first_day: Fact[FirstDay] = Fact[FirstDay]()
    month: Fact[MonthMeaning] = Fact[MonthMeaning]()
    shown_date: Fact[ShownDate] = Fact[ShownDate]()
    fee: Fact[MoneyValue] = Fact[MoneyValue]()
    fee_day: Fact[int] = Fact[int]()
    warnings: Fact[tuple[SpanValue, ...]] = Fact[tuple[SpanValue, ...]]()
    settling: Fact[SpanValue] = Fact[SpanValue]()
    ended_by: Fact[tuple[EventKind, ...]] = Fact[tuple[EventKind, ...]]()
    activity: tuple[ActivityRule, ...] = ()
    ladder: tuple[StageRule, ...] = ()
    remind_days: tuple[int, ...] = ()
    home_zone: ZoneName | None = None  # the file's ``zone``, handed down by the operator's rule
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_evidence(cls, entry: Any) -> Any:
        if not isinstance(entry, Mapping):
            return entry
        own = {key: entry[key] for key in _EVIDENCE if key in entry}
        filled = dict(_inherit(entry, _CLOCK_FACTS))
        if isinstance(filled.get("activity"), list):
            filled["activity"] = [
                item if not isinstance(item, Mapping) or item.get("confidence") == "unknown" else {**own, **item}
                for item in filled["activity"]
            ]
        if isinstance(filled.get("ladder"), list):
            filled["ladder"] = [{**own, **item} if isinstance(item, Mapping) else item for item in filled["ladder"]]
        if filled.get("kind") in DEFAULT_REMIND_DAYS:
            filled.setdefault("remind_days", DEFAULT_REMIND_DAYS[ClockKind(filled["kind"])])
        return filled

    @model_validator(mode="after")
    def _coherent(self) -> "ClockRule":
        if self.tiers.value is not None and self.span.value is not None:
            raise ValueError(f"{self.id}: a clock has tiers or one span")
        if self.tiers.value is not None and len({tier.at_least.currency for tier in self.tiers.value}) != 1:
            raise ValueError(f"{self.id}: the tiers of a clock are in one currency")
        if self.fee.value is not None and self.fee.value.minor <= 0:
            raise ValueError(f"{self.id}: a fee is more than nothing")
        if self.kind in (ClockKind.WALLET_FEE, ClockKind.ARREARS) and self.span.value is not None and self.span.value.amount == 0:
            raise ValueError(f"{self.id}: a fee recurs after some time")
        if self.fee_day.value is not None and not 1 <= self.fee_day.value <= 28:
            raise ValueError(f"{self.id}: a fee day lies between 1 and 28")
        whats = [rule.what for rule in self.activity]
        if len(whats) != len(set(whats)):
            raise ValueError(f"{self.id}: an activity is listed once")
        if list(self.remind_days) != sorted(set(self.remind_days), reverse=True) or any(lead < 0 for lead in self.remind_days):
            raise ValueError(f"{self.id}: lead days go down from the longest, each once")
        return self

    @cached_property
    def counting(self) -> Counting:
        """How this clock counts."""
        zone = self.zone.value or self.home_zone
        return Counting(self.day.value, self.first_day.value, self.month.value, parse_zone(zone) if zone is not None else None)

    @cached_property
    def _counted(self) -> Mapping[Activity, Tri]:
        return {**dict.fromkeys(_BY_NATURE.get(self.kind, ()), Tri.YES), **{rule.what: rule.counts for rule in self.activity}}

    def counts(self, activity: Activity) -> Tri:
        """Whether ``activity`` restarts this clock. What makes a clock the kind it is (a top-up, for validity) counts unless denied."""
        return self._counted.get(activity, Tri.UNKNOWN)

    def is_about(self, activity: Activity) -> bool:
        """Whether the rule says anything of ``activity``, be it that nobody knows."""
        return activity in self._counted

    def gives(self, activity: Activity, amount: Money | None) -> Span | None:
        """The length that ``activity`` for ``amount`` gives; None when the rule does not say or the amount is too small."""
        return self.bare.gives(activity, amount)

    @cached_property
    def bare(self) -> BareClock:
        """The values alone, for the replay of a card's events."""
        tiers, settling = self.tiers.value, self.settling.value
        return BareClock(
            id=self.id,
            kind=self.kind,
            start=self.start.value,
            span=self.span.value,
            initial=self.initial.value,
            tiers=tuple(BareTier(tier.at_least.minor, tier.at_least.currency, tier.span) for tier in tiers) if tiers is not None else None,
            stacking=self.stacking.value,
            cap=self.cap.value,
            counting=self.counting,
            shows_last_day=self.shown_date.value is ShownDate.LAST_DAY,
            fee=self.fee.value,
            fee_day=self.fee_day.value,
            settling=settling.amount * _LONGEST[settling.unit] if settling is not None else None,
            ended_by=self.ended_by.value,
            counts=self._counted,
            ladder=tuple(BareStage(stage.after.value, stage.rescue.value) for stage in self.ladder),
        )

    @cached_property
    def confidence(self) -> Confidence:
        """The weakest of the facts that the date rests on; unknown when the length itself is."""
        used = [fact.confidence for fact in (getattr(self, name) for name in _DECISIVE) if fact.value is not None]
        return max(used, key=_WEAKNESS.index, default=Confidence.UNKNOWN)

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """Facts of counting that nobody states, so that the earlier date is taken: start, stacking, day, first_day, month, zone."""
        open_facts = []
        if self.start.value is None and self.kind is not ClockKind.ARREARS:
            open_facts.append("start")
        if self.stacking.value is None and self.kind not in (ClockKind.ACTIVATE_BY, ClockKind.RECYCLING, ClockKind.ARREARS):
            open_facts.append("stacking")
        if self.day.value is None:
            open_facts.append("day")
        if self.day.value is not DayMeaning.PERIOD_24H and self.first_day.value is None:
            open_facts.append("first_day")
        months = any(length.unit is SpanUnit.MONTH for length in self.lengths)
        if self.month.value is None and months:
            open_facts.append("month")
        if self.zone.value is None and self.home_zone is None and (months or self.day.value is not DayMeaning.PERIOD_24H):
            open_facts.append("zone")
        return tuple(open_facts)

    @cached_property
    def lengths(self) -> tuple[Span, ...]:
        """Every length of time that the clock itself gives."""
        known = (self.span.value, self.initial.value, *(tier.span for tier in self.tiers.value or ()))
        return tuple(length for length in known if length is not None)

    @cached_property
    def margin_days(self) -> int:
        """How long before the end it is sensible to act: the longest reminder lead within a quarter of the shortest length."""
        quarter = min((_DAYS[length.unit] * length.amount for length in self.lengths), default=40) / 4
        return max((lead for lead in self.remind_days if lead <= quarter), default=0)

    @cached_property
    def overridden(self) -> tuple[str, ...]:
        """Paths of the facts that carry the person's own figure."""
        facts = tuple(path for path, fact in self.facts() if fact.confidence is Confidence.OWN)
        return facts + tuple(f"activity.{rule.what.value}" for rule in self.activity if rule.confidence is Confidence.OWN)

    def facts(self) -> Iterator[tuple[str, Fact[Any]]]:
        """Every fact of the clock with its path: ``span``, ``ladder.0.after``."""
        for name in _CLOCK_FACTS:
            yield name, getattr(self, name)
        for index, stage in enumerate(self.ladder):
            for name in _STAGE_FACTS:
                yield f"ladder.{index}.{name}", getattr(stage, name)


_ACTION_FACTS = ("price", "keeps_value")
_SHOWN = (ClockKind.VALIDITY, ClockKind.TOP_UP_ONLY, ClockKind.INACTIVITY, ClockKind.WALLET_FEE, ClockKind.BUNDLE)


class ActionRule(_Entry):
    """Something that keeps the card alive, and what it costs."""

    what: Activity
    price: Fact[MoneyValue] = Fact[MoneyValue]()
    keeps_value: Fact[Tri] = Fact[Tri]()
    clocks: tuple[str, ...] = ()
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_evidence(cls, entry: Any) -> Any:
        return _inherit(entry, _ACTION_FACTS)


class OperatorRule(_Entry):
    """One operator: its clocks, what keeps them going, and where every fact of them comes from."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    country: str = Field(pattern=r"^([A-Z]{2}|any)$")
    zone: ZoneName | None = None
    cards: tuple[CardKind, ...] = Field(min_length=1)
    name: Text
    generic: bool = False
    note: Text | None = None
    sources: dict[str, str] = Field(default_factory=dict)
    clocks: tuple[ClockRule, ...] = ()
    actions: tuple[ActionRule, ...] = ()
    unknowns: tuple[Text, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _hand_down_zone(cls, entry: Any) -> Any:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("clocks"), list):
            return entry
        clocks = [{**clock, "home_zone": entry.get("zone")} if isinstance(clock, Mapping) else clock for clock in entry["clocks"]]
        return {**entry, "clocks": clocks}

    @model_validator(mode="after")
    def _coherent(self) -> "OperatorRule":
        ids = [clock.id for clock in self.clocks]
        if len(ids) != len(set(ids)):
            raise ValueError(f"{self.id}: clock ids are unique")
        if any(not text.strip() for text in self.sources.values()):
            raise ValueError(f"{self.id}: a source says in words what it is")
        used = {key for _, evidence in self.evidence() for key in evidence.source}
        used |= {key for _, fact in self.facts() for other in fact.others for key in other.source}
        if used != set(self.sources):
            raise ValueError(f"{self.id}: sources used and sources named differ: {sorted(used ^ set(self.sources))}")
        for action in self.actions:
            if not set(action.clocks) <= set(ids):
                raise ValueError(f"{self.id}: an action names a clock that is not there: {action.clocks}")
        if any(evidence.confidence is Confidence.OWN for _, evidence in self.evidence()):
            raise ValueError(f"{self.id}: a person's own figure belongs to an override, not to a file")
        assumed = [path for path, evidence in self.evidence() if evidence.confidence is Confidence.ASSUMED]
        if assumed and not self.generic:
            raise ValueError(f"{self.id}: only a generic rule assumes: {assumed}")
        return self

    def facts(self) -> Iterator[tuple[str, Fact[Any]]]:
        """Every fact with its path: ``<clock>.span``, ``<clock>.ladder.0.after``, ``actions.0.price``."""
        for clock in self.clocks:
            for path, fact in clock.facts():
                yield f"{clock.id}.{path}", fact
        for index, action in enumerate(self.actions):
            for name in _ACTION_FACTS:
                yield f"actions.{index}.{name}", getattr(action, name)

    def evidence(self) -> Iterator[tuple[str, Evidence]]:
        """Every fact and every activity with its path (``<clock>.activity.<what>``)."""
        yield from self.facts()
        for clock in self.clocks:
            for rule in clock.activity:
                yield f"{clock.id}.activity.{rule.what.value}", rule

    @cached_property
    def shown_clock(self) -> str | None:
        """The clock whose date the operator shows to its customers: the first that ends with a date of its own."""
        return next((clock.id for clock in self.clocks if clock.kind in _SHOWN), None)

    @cached_property
    def replays(self) -> tuple[tuple[ClockRule, BareClock, bool, tuple[Offer, ...]], ...]:
        """Every clock with its bare values, whether it is the shown one, and its offers."""
        return tuple((clock, clock.bare, clock.id == self.shown_clock, self.offers[clock.id]) for clock in self.clocks)

    @cached_property
    def plan_clock(self) -> BareClock | None:
        """The first clock of plans, which recycling waits for."""
        return next((clock.bare for clock in self.clocks if clock.kind is ClockKind.BUNDLE), None)

    @cached_property
    def offers(self) -> Mapping[str, tuple[Offer, ...]]:
        """What serves each clock, by its id: cheapest first (a file has one currency), what has no known price last."""
        return {clock.id: self._offers(clock) for clock in self.clocks}

    def _offers(self, clock: ClockRule) -> tuple[Offer, ...]:
        offers = []
        for action in self.actions:
            if clock.id in action.clocks or (not action.clocks and clock.counts(action.what) is Tri.YES):
                price = action.price
                gives = clock.gives(action.what, price.value)
                offers.append(Offer(action.what, price.value, action.keeps_value.value or Tri.UNKNOWN, gives, price.confidence))
        if clock.counts(Activity.TOP_UP) is Tri.YES and not any(offer.what is Activity.TOP_UP and offer.price for offer in offers):
            for tier in clock.tiers.value or ():
                offers.append(Offer(Activity.TOP_UP, tier.at_least, Tri.UNKNOWN, tier.span, clock.tiers.confidence))
        return tuple(sorted(offers, key=lambda offer: (offer.price is None, offer.price.minor if offer.price else 0)))

    def clock(self, clock_id: str) -> ClockRule:
        """The clock of that id. Raises KeyError when there is none."""
        for clock in self.clocks:
            if clock.id == clock_id:
                return clock
        raise KeyError(clock_id)
