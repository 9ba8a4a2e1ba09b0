"""The newest figure of each field of a card, its age and its source.

Readings are append-only. Each field keeps the newest figure with its own age and source; another source that says something else is
shown beside it; a failed look-up is remembered and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.model.data_volume import DataVolume
from services.model.reading import (
    CountBalance,
    DataBalance,
    FailedLookUp,
    LineStatus,
    Measure,
    MoneyBalance,
    MoneyKind,
    Reading,
    Source,
    Validity,
)
from services.model.tri import Tri

Figure = MoneyBalance | DataVolume | Validity | LineStatus | Tri | date | int


class Aspect(StrEnum):
    """Which figure of a package or of an allowance; each is a field with its own age. WHOLE: the field has but one."""

    WHOLE = ""
    LEFT = "left"
    TOTAL = "total"
    USED = "used"
    UNLIMITED = "unlimited"
    RESTRICTED = "restricted"
    LAST_DAY = "last_day"


class FieldKey(NamedTuple):
    """What one figure is about: kind of figure; which purse, package or date ("" is the line as a whole); which aspect of it."""

    measure: Measure
    part: str = ""
    aspect: Aspect = Aspect.WHOLE


class Known(NamedTuple):
    """A figure and who said it. ``true_at``: the moment it was true at, for its age."""

    figure: Figure
    source: Source
    origin: str
    true_at: datetime
    taken_at: datetime
    sequence: int

    def age(self, now: datetime) -> timedelta:
        """Never negative."""
        return max(now - self.true_at, timedelta(0))

    def rank(self) -> tuple[datetime, datetime, int]:
        """Time of a figure: when it was true, then when it was taken, then the order it was added in."""
        return self.true_at, self.taken_at, self.sequence


class FieldState(NamedTuple):
    """``newest`` wins. ``disagreeing``: the newest figure of each other source (kind and origin) where it differs, newest first."""

    newest: Known
    disagreeing: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class CardState:
    """Everything known of one card. ``last_failure``: newest failed look-up, only while no look-up at the same place succeeded since."""

    card_id: str
    fields: dict[FieldKey, FieldState] = field(default_factory=dict)
    last_failure: FailedLookUp | None = None

    def figures(self, measure: Measure) -> list[FieldState]:
        """States of one kind of figure, the line as a whole first."""
        return [self.fields[key] for key in sorted(key for key in self.fields if key.measure is measure)]

    def main_money(self) -> Known | None:
        """The main purse, newest over all currencies."""
        found = [
            state.newest
            for key, state in self.fields.items()
            if key.measure is Measure.MONEY and isinstance(state.newest.figure, MoneyBalance) and state.newest.figure.kind is MoneyKind.MAIN
        ]
        return max(found, key=Known.rank, default=None)


def states(readings: Iterable[Reading], failures: Iterable[FailedLookUp] = ()) -> dict[str, CardState]:
    """The state of every card that occurs, in one pass; the order of the input does not matter."""
    newest: dict[str, dict[FieldKey, dict[tuple[Source, str], Known]]] = {}
    cleared: dict[tuple[str, Measure, Source, str], tuple[datetime, datetime, int]] = {}
    successes: dict[tuple[str, str], datetime] = {}
    for reading in readings:
        fields = newest.setdefault(reading.card_id, {})
        # In one and the same zone, because moments of two zone objects are compared ten times slower.
        true_at, taken_at, who = reading.true_at.astimezone(UTC), reading.taken_at.astimezone(UTC), (reading.source, reading.origin)
        rank = (true_at, taken_at, reading.sequence)
        if reading.source is Source.API:
            seen = successes.get((reading.card_id, reading.origin))
            if seen is None or taken_at > seen:
                successes[reading.card_id, reading.origin] = taken_at
        for measure in reading.complete:
            at = (reading.card_id, measure, *who)
            if at not in cleared or rank > cleared[at]:
                cleared[at] = rank
        for key, figure in _figures(reading):
            sources = fields.setdefault(key, {})
            known = sources.get(who)
            if known is None or rank > known.rank():
                sources[who] = Known(figure, reading.source, reading.origin, true_at, taken_at, reading.sequence)
    failed: dict[str, FailedLookUp] = {}
    for failure in failures:
        newest.setdefault(failure.card_id, {})
        success = successes.get((failure.card_id, failure.origin))
        if success is not None and success >= failure.tried_at:
            continue
        known_failure = failed.get(failure.card_id)
        if known_failure is None or (failure.tried_at, failure.origin) > (known_failure.tried_at, known_failure.origin):
            failed[failure.card_id] = failure
    return {card_id: CardState(card_id, _settle(card_id, fields, cleared), failed.get(card_id)) for card_id, fields in newest.items()}


def _figures(reading: Reading) -> list[tuple[FieldKey, Figure]]:
    found: list[tuple[FieldKey, Figure]] = []
    for purse in reading.money:
        found.append((FieldKey(Measure.MONEY, f"{purse.kind.value}/{purse.money.currency}/{purse.name}"), purse))
    for package in reading.data:
        found += _aspects(Measure.DATA, package)
        if package.restricted:
            found.append((FieldKey(Measure.DATA, package.name, Aspect.RESTRICTED), Tri.YES))
        if package.last_day is not None:
            found.append((FieldKey(Measure.DATA, package.name, Aspect.LAST_DAY), package.last_day))
    for measure, counts in ((Measure.VOICE, reading.voice), (Measure.SMS, reading.sms)):
        for count in counts:
            found += _aspects(measure, count)
    for end in reading.validity:
        found.append((FieldKey(Measure.VALIDITY, f"{end.kind.value}/{end.name}"), end))
    if reading.status is not None:
        found.append((FieldKey(Measure.STATUS), reading.status))
    return found


def _aspects(measure: Measure, balance: DataBalance | CountBalance) -> list[tuple[FieldKey, Figure]]:
    said = ((Aspect.LEFT, balance.remaining), (Aspect.TOTAL, balance.total), (Aspect.USED, balance.used))
    found: list[tuple[FieldKey, Figure]] = [(FieldKey(measure, balance.name, aspect), value) for aspect, value in said if value is not None]
    if balance.unlimited is not Tri.UNKNOWN:
        found.append((FieldKey(measure, balance.name, Aspect.UNLIMITED), balance.unlimited))
    return found


def _order(known: Known) -> tuple[datetime, datetime, int, Source, str]:
    return known.true_at, known.taken_at, known.sequence, known.source, known.origin


def _settle(
    card_id: str,
    fields: dict[FieldKey, dict[tuple[Source, str], Known]],
    cleared: dict[tuple[str, Measure, Source, str], tuple[datetime, datetime, int]],
) -> dict[FieldKey, FieldState]:
    """Choose the newest of each field. A figure its own source has since left out of a complete list is gone."""
    settled = {}
    for key, sources in fields.items():
        standing = list(sources.values())
        if cleared:
            standing = [
                known
                for (source, origin), known in sources.items()
                if (gone := cleared.get((card_id, key.measure, source, origin))) is None or known.rank() >= gone
            ]
        if len(standing) == 1:
            settled[key] = FieldState(standing[0])
        elif standing:
            winner = max(standing, key=_order)
            others = [known for known in standing if known.figure != winner.figure]
            settled[key] = FieldState(winner, tuple(sorted(others, key=_order, reverse=True) if len(others) > 1 else others))
    return settled
