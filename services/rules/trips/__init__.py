"""Which plans to buy for a trip, from which day, at least cost: proved, and checked by other code before it is shown.

``Catalogue.of`` takes the plans, ``solve`` answers a ``TripProblem``. docs/trip-solver.md explains the method.
"""

from services.rules.trips.catalogue import MICRO, Catalogue, MissingRate, micro
from services.rules.trips.demand import TooManyCountries
from services.rules.trips.limits import Limits
from services.rules.trips.solve import solve
from services.rules.trips.verify import WrongAnswer, verify

__all__ = ["MICRO", "Catalogue", "Limits", "MissingRate", "TooManyCountries", "WrongAnswer", "micro", "solve", "verify"]
