"""Where a card stands in its life: bought, installed, active, low, expired, rescue window, lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.model.card import Card
from services.model.clock import Loss
from services.model.reading import LineStatus, Measure, Validity, ValidityKind
from services.rules.balances.state import CardState
from services.rules.balances.urgency import Reason, Urgency
from services.rules.clocks.counting import last_whole_day
from services.rules.clocks.engine import ClockState

_LOW = frozenset({Reason.DATA_LOW, Reason.DATA_GONE, Reason.MONEY_LOW, Reason.MONEY_OWED})
_FOR_GOOD = frozenset({Loss.NUMBER, Loss.PROFILE})


class LifeStage(StrEnum):
    """In the order of a life."""

    BOUGHT = "bought"
    INSTALLED = "installed"
    ACTIVE = "active"
    LOW = "low"
    EXPIRED = "expired"
    RESCUE = "rescue"
    LOST = "lost"


class Place(StrEnum):
    """Where a stage lies from here. UNKNOWN: nobody says whether the card was, is or will be in it."""

    BEHIND = "behind"
    HERE = "here"
    AHEAD = "ahead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LifeStep:
    """``day``: when it began; for what ends, its last good day; for the rescue window, its last day. None when not known."""

    stage: LifeStage
    place: Place
    day: date | None


def life(card: Card, state: CardState | None, urgency: Urgency, clocks: Sequence[ClockState], today: date) -> tuple[LifeStep, ...]:
    """Every stage, in order; HERE is the last that the card has reached, and no stage is when nothing of its life is known.

    ``state``: its newest figures. ``clocks``: those of its operator's rule, none when that rule is only assumed. ``today``: the person's
    day. A stage that the card has reached never carries a day that is still to come, except the last day of an open rescue window.
    """
    status, ends = _status(state), _ends(state)
    said = ends.pop(ValidityKind.RESCUE, None)
    rescue_day, saved = (said, said >= today) if said is not None else _rescue(clocks)
    lost_day, lost = _loss(ends, clocks, today, saved)
    if status is LineStatus.CLOSED and not lost:
        lost_day, lost = None, True
    days = [*ends.values(), *(clock.latest_safe_day for clock in clocks if clock.due is not None and clock.latest_safe_day is not None)]
    past = [day for day in days if day < today]
    expired = bool(past) or status in (LineStatus.EXPIRED, LineStatus.SUSPENDED)
    used = card.first_used_on is not None or status in (LineStatus.ACTIVE, LineStatus.SUSPENDED)
    known = state is not None and bool(state.fields)
    expiry_day = min(past, default=None) if expired else min(days, default=None)
    found = [
        (LifeStage.BOUGHT, card.bought_on, card.bought_on is not None, False),
        (LifeStage.INSTALLED, card.installed_on, card.installed_on is not None, False),
        (LifeStage.ACTIVE, card.first_used_on, used, status is LineStatus.NOT_ACTIVATED),
        (LifeStage.LOW, None, bool(_LOW & set(urgency.reasons)), known),
        (LifeStage.EXPIRED, expiry_day, expired, bool(days)),
        (LifeStage.RESCUE, rescue_day, expired and saved and not lost, rescue_day is not None and not lost),
        (LifeStage.LOST, lost_day, lost, lost_day is not None),
    ]
    last = max((at for at, (_stage, _day, reached, _ahead) in enumerate(found) if reached), default=-1)
    return tuple(
        LifeStep(stage, Place.HERE if at == last else Place.BEHIND if reached else Place.AHEAD if ahead else Place.UNKNOWN, day)
        for at, (stage, day, reached, ahead) in enumerate(found)
    )


def _status(state: CardState | None) -> LineStatus | None:
    said = [] if state is None else [item.newest.figure for item in state.figures(Measure.STATUS)]
    return next((status for status in said if isinstance(status, LineStatus)), None)


def _ends(state: CardState | None) -> dict[ValidityKind, date]:
    said = [] if state is None else [item.newest.figure for item in state.figures(Measure.VALIDITY)]
    return {end.kind: end.last_day for end in said if isinstance(end, Validity)}


def _rescue(clocks: Sequence[ClockState]) -> tuple[date | None, bool]:
    """The last day on which something saves the card by the rules (None when they name none), and whether something does today."""
    opened = [clock for clock in clocks if clock.stages and clock.stages[0].rescue]
    until = [last_whole_day(clock.rescue_until, clock.zone) for clock in opened if clock.rescue_until is not None]
    return min(until, default=None), any(clock.stage is not None and bool(clock.stage.rescue) for clock in clocks)


def _loss(ends: dict[ValidityKind, date], clocks: Sequence[ClockState], today: date, saved: bool) -> tuple[date | None, bool]:
    """The day on which number or profile is lost, and whether it has come."""
    taken = [
        (stage.begins.astimezone(clock.zone).date(), stage.begins <= clock.now)
        for clock in clocks
        for stage in clock.stages
        if stage.begins is not None and _FOR_GOOD & set(stage.loses or ()) and not stage.rescue
    ]
    number = ends.get(ValidityKind.NUMBER)
    if number is not None and not (number < today and saved):
        taken.append((number, number < today))
    gone = [day for day, over in taken if over]
    return (min(gone), True) if gone else (min((day for day, _over in taken), default=None), False)
