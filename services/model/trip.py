"""A journey: where, when, and what the phone has to do there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.model.data_volume import DataVolume


@dataclass(frozen=True, slots=True)
class Leg:
    """A stay in one country, ISO 3166-1 alpha-2. Both dates are days of the stay.

    ``per_day``: the data needed on each day of this leg; None takes the trip's.
    """

    country: str
    first_day: date
    last_day: date
    per_day: DataVolume | None = None

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError("a leg cannot end before it starts")

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan must be able to do. False means "does not matter", not "must not have"."""

    hotspot: bool = False
    five_g: bool = False
    phone_number: bool = False
    no_id_check: bool = False


@dataclass(frozen=True, slots=True)
class Trip:
    """Legs in order, the data needed on each day of the trip, and what else is needed.

    Legs may overlap and may leave gaps (days at home, on which nothing is needed).
    """

    legs: tuple[Leg, ...]
    per_day: DataVolume
    needs: Needs = field(default_factory=Needs)

    def __post_init__(self) -> None:
        if not self.legs:
            raise ValueError("a trip needs at least one leg")

    @classmethod
    def everywhere(cls, countries: Sequence[str], first_day: date, last_day: date, per_day: DataVolume, needs: Needs) -> "Trip":
        """A trip whose countries are not dated one by one: each may be visited on any day."""
        return cls(tuple(Leg(country, first_day, last_day) for country in countries), per_day, needs)

    @property
    def countries(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(leg.country for leg in self.legs))

    @property
    def first_day(self) -> date:
        return min(leg.first_day for leg in self.legs)

    @property
    def last_day(self) -> date:
        return max(leg.last_day for leg in self.legs)

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    def need_on(self, day: date) -> dict[str, DataVolume]:
        """Country to the data that must be available there on ``day``; empty on a day at home.

        Where legs overlap or a border is crossed, every country of the day is in: the whole of its need may arise in any one of them.
        Two legs in the same country count once, with the larger need.
        """
        found: dict[str, DataVolume] = {}
        for leg in self.legs:
            if leg.first_day <= day <= leg.last_day:
                need = self.per_day if leg.per_day is None else leg.per_day
                found[leg.country] = max(need, found.get(leg.country, need))
        return found
