"""The data a carrying device must be able to deliver, day by day and country by country, as integers."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from services.model.itinerary import Carrier, TripProblem
from services.model.trip import Trip
from services.rules.trips.catalogue import Ints

MOST_COUNTRIES = 62
"""Sets of countries are bits of a signed 64-bit integer."""


class TooManyCountries(ValueError):
    """The trip has more countries than one question can hold."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} countries, at most {MOST_COUNTRIES}")
        self.count = count


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """``need[day, country]`` in bytes, from the first to the last day of the trip, days at home included as zeros.

    A day's need may arise in any of its countries, and wholly in any one: a plan that covers two countries of a day keeps one reserve for
    both. ``need`` is that of all the devices of the carrier.
    """

    first: date
    countries: tuple[str, ...]
    need: Ints

    @property
    def days(self) -> int:
        return int(self.need.shape[0])

    def day(self, offset: int) -> date:
        return self.first + timedelta(days=offset)

    def offset(self, day: date) -> int:
        return (day - self.first).days

    def mask(self, covered: frozenset[str]) -> int:
        """The countries of the trip within ``covered``, as bits."""
        return sum(1 << bit for bit, country in enumerate(self.countries) if country in covered)

    def reach(self, mask: int) -> Ints:
        """Per day, the most that a plan covering ``mask`` can be asked for: bytes, shape (days,)."""
        chosen = [bit for bit in range(len(self.countries)) if mask >> bit & 1]
        if not chosen:
            return np.zeros(self.days, np.int64)
        most: Ints = self.need[:, chosen].max(axis=1)
        return most

    def scaled(self, percent: int) -> "Demand":
        """``percent`` % of this demand, rounded up to whole bytes."""
        return Demand(self.first, self.countries, -(-self.need * percent // 100))


def demand_of(trip: Trip, devices: int) -> Demand:
    """The demand of ``devices`` devices on ``trip``. Raises TooManyCountries."""
    countries = tuple(sorted(trip.countries))
    if len(countries) > MOST_COUNTRIES:
        raise TooManyCountries(len(countries))
    need = np.zeros((trip.days, len(countries)), np.int64)
    for offset in range(trip.days):
        for country, volume in trip.need_on(trip.first_day + timedelta(days=offset)).items():
            need[offset, countries.index(country)] = volume.bytes * devices
    return Demand(trip.first_day, countries, need)


def demand_for(problem: TripProblem, carrier: Carrier) -> Demand:
    """The demand that ``carrier`` must meet. Raises TooManyCountries."""
    return demand_of(problem.trip, carrier.devices)
