"""What a person asks about a trip, whole or not yet."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import PlanKey, Sharing
from services.model.trip import Leg, Needs, Trip
from services.rules.places.names import is_country

MAX_LEGS = 20
MAX_DAYS = 180
MAX_PER_DAY = DataVolume.of(200, DataUnit.GB)
MAX_TRAVELLERS = 8
MAX_DEVICES = 5
MAX_INSTALLS = 8
DEFAULT_INSTALLS = 5
MAX_FEE = Decimal(100_000)


class Fault(StrEnum):
    """Why a question cannot be answered yet. BAD_VALUE: something in an address that is no choice here; it was left out."""

    NO_LEG = "no_leg"
    NO_COUNTRY = "no_country"
    NO_DATE = "no_date"
    DATES_REVERSED = "dates_reversed"
    DATES_PAST = "dates_past"
    TOO_LONG = "too_long"
    NO_NEED = "no_need"
    NEED_TOO_LARGE = "need_too_large"
    UNKNOWN_CURRENCY = "unknown_currency"
    BAD_VALUE = "bad_value"


@dataclass(frozen=True, slots=True)
class Problem:
    """``leg`` counts from 1; 0 when it is about the whole question. ``value``: what stood there, cut to 80 characters: hostile text."""

    fault: Fault
    leg: int = 0
    value: str = ""


@dataclass(frozen=True, slots=True)
class LegAsked:
    """A stay as far as it is said. ``per_day``: data a day of this stay alone; None takes the trip's."""

    country: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    per_day: DataVolume | None = None


@dataclass(frozen=True, slots=True)
class TripQuestion:
    """A question that may not be whole yet.

    ``devices``: of each traveller, 1 to MAX_DEVICES. ``fee``: what sparing one install is worth, in major units of ``currency``; None is
    the usual one US dollar. ``accept_unknown``: a plan that does not publish what is needed is good enough.
    ``fair_use``: whether unlimited plans without published fair use may answer. ``promotions``: whether first-order prices count.
    ``use_owned``: whether cards owned are offers; ``works_in``: the countries a person said that a card works in.
    """

    legs: tuple[LegAsked, ...] = ()
    per_day: DataVolume | None = None
    needs: Needs = field(default_factory=Needs)
    accept_unknown: bool = False
    devices: tuple[int, ...] = (1,)
    sharing: Sharing = Sharing.PERSON
    fee: Decimal | None = None
    currency: str | None = None
    max_installs: int = DEFAULT_INSTALLS
    left_out: frozenset[PlanKey] = frozenset()
    fair_use: bool = True
    promotions: bool = True
    use_owned: bool = True
    works_in: tuple[tuple[str, frozenset[str]], ...] = ()

    def problems(self, today: date, currencies: Collection[str]) -> tuple[Problem, ...]:
        """Why this cannot be answered, in the order of the form; empty when it can. ``currencies``: ISO codes that can be shown."""
        found = [] if self.legs else [Problem(Fault.NO_LEG)]
        for number, leg in enumerate(self.legs, start=1):
            if leg.country is None or not is_country(leg.country):
                found.append(Problem(Fault.NO_COUNTRY, number))
            if leg.first_day is None or leg.last_day is None:
                found.append(Problem(Fault.NO_DATE, number))
            elif leg.last_day < leg.first_day:
                found.append(Problem(Fault.DATES_REVERSED, number))
            if leg.per_day is not None and leg.per_day > MAX_PER_DAY:
                found.append(Problem(Fault.NEED_TOO_LARGE, number))
        if not found:
            stays = self._stays(today)
            if not stays:
                found.append(Problem(Fault.DATES_PAST))
            elif (max(leg.last_day for leg in stays) - min(leg.first_day for leg in stays)).days >= MAX_DAYS:
                found.append(Problem(Fault.TOO_LONG))
        if self.per_day is None or self.per_day.bytes == 0:
            found.append(Problem(Fault.NO_NEED))
        elif self.per_day > MAX_PER_DAY:
            found.append(Problem(Fault.NEED_TOO_LARGE))
        if self.currency not in currencies:
            found.append(Problem(Fault.UNKNOWN_CURRENCY, value=(self.currency or "")[:80]))
        return tuple(found)

    def trip(self, today: date) -> Trip:
        """The days still to come. Raises ValueError when there is a problem."""
        if self.per_day is None:
            raise ValueError("a trip needs an amount of data a day")
        return Trip(tuple(self._stays(today)), self.per_day, self.needs)

    def _stays(self, today: date) -> list[Leg]:
        """Days that are over need nothing any more."""
        return [
            Leg(leg.country, max(leg.first_day, today), leg.last_day, leg.per_day)
            for leg in self.legs
            if leg.country is not None and leg.first_day is not None and leg.last_day is not None and leg.last_day >= today
        ]
