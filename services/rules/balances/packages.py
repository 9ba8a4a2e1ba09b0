"""Data as one figure: what is known of each package, and of all that a card can use anywhere."""

from dataclasses import dataclass
from datetime import date, datetime

from services.model.data_volume import DataVolume
from services.model.reading import DataBalance, Measure
from services.model.tri import Tri
from services.rules.balances.state import Aspect, CardState, Known


@dataclass(frozen=True, slots=True)
class Package:
    """What is known of one package. ``said_by``: the figure ``left`` rests on (what is left, or what is used), for its age and source.

    ``left`` is None when unlimited or not known. ``total`` is None too when it is smaller than what is left: that total is an old one.
    """

    name: str
    left: DataVolume | None
    total: DataVolume | None
    unlimited: bool
    restricted: bool
    last_day: date | None
    said_by: Known


@dataclass(frozen=True, slots=True)
class DataLeft:
    """All data a card can use anywhere. ``at_least``: some package did not say what it has left. ``oldest``: age of the sum."""

    remaining: DataVolume | None
    total: DataVolume | None
    unlimited: bool
    at_least: bool
    oldest: datetime


def packages(state: CardState) -> list[Package]:
    """Every package anything is known of, the line as a whole first. A newer "used" beats an older "left" where the total is known."""
    parts: dict[str, dict[Aspect, Known]] = {}
    for key in sorted(key for key in state.fields if key.measure is Measure.DATA):
        parts.setdefault(key.part, {})[key.aspect] = state.fields[key].newest
    return [_package(name, known) for name, known in parts.items()]


def _package(name: str, known: dict[Aspect, Known]) -> Package:
    left_by, used_by = known.get(Aspect.LEFT), known.get(Aspect.USED)
    left, total, used = (_volume(known.get(aspect)) for aspect in (Aspect.LEFT, Aspect.TOTAL, Aspect.USED))
    if used_by is not None and used is not None:
        newer = left_by is None or used_by.true_at > left_by.true_at
        if newer and total is not None and used <= total:
            left, left_by = DataVolume(total.bytes - used.bytes), used_by
        elif not newer and total is None and left is not None and left_by is not None and left_by.true_at == used_by.true_at:
            total = left + used
    no_end = known.get(Aspect.UNLIMITED)
    unlimited = no_end is not None and no_end.figure is Tri.YES and (left_by is None or no_end.true_at >= left_by.true_at)
    last_day = known.get(Aspect.LAST_DAY)
    return Package(
        name=name,
        left=None if unlimited else left,
        total=None if total is not None and left is not None and total < left else total,
        unlimited=unlimited,
        restricted=Aspect.RESTRICTED in known,
        last_day=last_day.figure if last_day is not None and isinstance(last_day.figure, date) else None,
        said_by=no_end if unlimited and no_end is not None else left_by or max(known.values(), key=Known.rank),
    )


def _volume(known: Known | None) -> DataVolume | None:
    return known.figure if known is not None and isinstance(known.figure, DataVolume) else None


def data_left(state: CardState, today: date) -> DataLeft | None:
    """The line's own figure if it is the newest, else the sum of its packages; None when nothing is known.

    Packages for some apps alone, and those whose last day is over, are left out.
    """
    usable = [package for package in packages(state) if not package.restricted and (package.last_day is None or package.last_day >= today)]
    line = next((package for package in usable if not package.name), None)
    named = [package for package in usable if package.name]
    if line is not None and all(package.said_by.true_at <= line.said_by.true_at for package in named):
        usable = [line]
    elif named:
        usable = named
    if not usable:
        return None
    oldest = min(package.said_by.true_at for package in usable)
    if any(package.unlimited for package in usable):
        return DataLeft(None, None, True, False, oldest)
    lefts = [package.left for package in usable if package.left is not None]
    totals = [package.total for package in usable if package.total is not None]
    return DataLeft(
        remaining=sum(lefts, DataVolume(0)) if lefts else None,
        total=sum(totals, DataVolume(0)) if len(totals) == len(usable) else None,
        unlimited=False,
        at_least=bool(lefts) and len(lefts) < len(usable),
        oldest=oldest,
    )


def remaining(package: DataBalance) -> DataVolume | None:
    """As said in one reading, or total less used; None when neither is known or they do not fit."""
    if package.remaining is not None:
        return package.remaining
    if package.total is None or package.used is None or package.used > package.total:
        return None
    return DataVolume(package.total.bytes - package.used.bytes)
