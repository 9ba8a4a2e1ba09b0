"""The events of a card from what is written down of it: its own dates, its readings, and what the person recorded."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

from services.model.card import Card
from services.model.clock import Activity, CardEvent, ClockKind, EventKind, start_of_day
from services.model.money import Money
from services.model.reading import EventKind as SeenKind
from services.model.reading import MoneyKind, Reading, Validity, ValidityKind
from services.rules.clocks.library import shown_dates
from services.rules.clocks.schema import OperatorRule

_SEEN = {SeenKind.TOPPED_UP: EventKind.TOPPED_UP, SeenKind.ACTIVATED: EventKind.ACTIVATED, SeenKind.DATA_USED_UP: EventKind.DATA_SPENT}
_OF_NUMBER = (ClockKind.VALIDITY, ClockKind.TOP_UP_ONLY, ClockKind.INACTIVITY)
_ONCE = (EventKind.PURCHASED, EventKind.INSTALLED, EventKind.ACTIVATED, EventKind.FIRST_CONNECTION)
_READING = EventKind.READING


def with_shown_dates(rule: OperatorRule, readings: Iterable[Reading]) -> OperatorRule:
    """``rule`` with a clock more for each kind of date that ``readings`` show and the rule has no clock for. A plan's end is the end of
    something although the operator's rules speak of the number alone."""
    kinds = {end.kind for reading in readings for end in reading.validity}
    missing = frozenset(kind for kind in kinds if _clock_of(rule, kind) is None)
    return _with_clocks(rule.id, rule, missing) if missing else rule


_extended: dict[tuple[str, frozenset[ValidityKind]], tuple[OperatorRule, OperatorRule]] = {}


def _with_clocks(rule_id: str, rule: OperatorRule, kinds: frozenset[ValidityKind]) -> OperatorRule:
    held = _extended.get((rule_id, kinds))
    if held is not None and held[0] is rule:
        return held[1]
    more = tuple(clock for clock in shown_dates().clocks if clock.id in {_shown_id(kind) for kind in kinds})
    more = tuple(clock.model_copy(update={"home_zone": rule.zone}) for clock in more)
    values = {name: getattr(rule, name) for name in OperatorRule.model_fields}
    longer = OperatorRule.model_construct(**{**values, "clocks": (*rule.clocks, *more)})
    _extended[rule_id, kinds] = (rule, longer)
    return longer


def _shown_id(kind: ValidityKind) -> str:
    return f"shown_{kind.value}"


def recorded_events(
    rule: OperatorRule, card: Card, readings: Iterable[Reading], typed: Sequence[CardEvent], zone: tzinfo
) -> tuple[CardEvent, ...]:
    """Everything that happened to ``card``, in order of time.

    A day that a person gave begins at its first instant in ``zone``, the cautious one. What the person recorded stands in the place of the
    same thing from elsewhere. A top-up that is told of twice on one day, with one amount, is one.
    """
    found = list(typed)
    own_kinds = {event.kind for event in typed}
    for kind, day in _own_dates(card):
        if kind not in own_kinds:
            found.append(CardEvent(kind, start_of_day(day, zone)))
    by_kind = {kind: _clock_of(rule, kind) or _shown_id(kind) for kind in ValidityKind}
    seen = {_as_one(event, zone) for event in typed}
    for reading in readings:
        for event in _of_reading(reading, by_kind):
            if event.kind is not _READING:
                if _as_one(event, zone) in seen or (event.kind in _ONCE and event.kind in own_kinds):
                    continue
                seen.add(_as_one(event, zone))
            found.append(event)
    found.sort(key=lambda event: event.at)
    return tuple(_without_repeats(found))


def event_of_day(kind: EventKind, day: date, now: datetime, *, activity: Activity | None = None, amount: Money | None = None) -> CardEvent:
    """What a person says happened on ``day``: now when that is today, so that it comes after what was read this morning; else at the first
    instant of the day. Raises ValueError for a day to come, for a year no card lives in, and for a ``now`` without a zone."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    if day > now.date():
        raise ValueError(f"still to come: {day}")
    at = now if day == now.date() else start_of_day(day, now.tzinfo)
    return CardEvent(kind, at, activity=activity, amount=amount)


def _own_dates(card: Card) -> Iterable[tuple[EventKind, date]]:
    days = (
        (EventKind.PURCHASED, card.bought_on),
        (EventKind.INSTALLED, card.installed_on),
        (EventKind.ACTIVATED, card.first_used_on),
        (EventKind.FIRST_CONNECTION, card.first_used_on),
    )
    return [(kind, day) for kind, day in days if day is not None]


def _clock_of(rule: OperatorRule, kind: ValidityKind) -> str | None:
    """The clock that a date of this kind belongs to; None when the rule has none for it."""
    match kind:
        case ValidityKind.UNSPECIFIED:
            return rule.shown_clock
        case ValidityKind.PLAN:
            return _first(rule, (ClockKind.BUNDLE,))
        case ValidityKind.ACTIVATE_BY:
            return _first(rule, (ClockKind.ACTIVATE_BY,))
        case ValidityKind.NUMBER | ValidityKind.CREDIT:
            return _first(rule, _OF_NUMBER)
        case ValidityKind.RESCUE:
            return None


def _first(rule: OperatorRule, kinds: tuple[ClockKind, ...]) -> str | None:
    return next((clock.id for clock in rule.clocks if clock.kind in kinds), None)


def _of_reading(reading: Reading, by_kind: dict[ValidityKind, str]) -> list[CardEvent]:
    at = reading.true_at
    found = [CardEvent(_SEEN[event.kind], at, amount=event.money) for event in reading.events if event.kind in _SEEN]
    ends: dict[str, Validity] = {}
    for end in sorted(reading.validity, key=lambda end: (bool(end.name), end.last_day)):
        ends.setdefault(by_kind[end.kind], end)  # the line's own date, else the first of those of its parts
    found += [CardEvent(_READING, at, valid_until=end.last_day, clock=clock) for clock, end in ends.items()]
    money = next((purse.money for purse in reading.money if purse.kind is MoneyKind.MAIN), None)
    if money is not None:
        found.append(CardEvent(_READING, at, balance=money))
    return found


def _as_one(event: CardEvent, zone: tzinfo) -> tuple[object, ...]:
    return event.kind, event.at.astimezone(zone).date(), event.amount


def _without_repeats(events: Iterable[CardEvent]) -> list[CardEvent]:
    """Of readings that say the same one after the other, with nothing else in between, the first and the last."""
    kept: list[CardEvent] = []
    runs: dict[tuple[str | None, bool], list[int]] = {}
    for event in events:
        if event.kind is not _READING:
            runs.clear()
            kept.append(event)
            continue
        what = (event.clock, event.balance is None)
        run = runs.get(what)
        if run is not None and (kept[run[-1]].valid_until, kept[run[-1]].balance) == (event.valid_until, event.balance):
            if len(run) == 2:
                kept[run[-1]] = event
                continue
            run.append(len(kept))
        else:
            runs[what] = [len(kept)]
        kept.append(event)
    return kept
