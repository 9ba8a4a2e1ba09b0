"""Invented prices for the sandbox. Real country codes, made-up everything else, the same for the same seed."""

import random
from dataclasses import dataclass

LOCAL = (
    "JP KR CN HK MO TW TH SG MY ID VN PH KH IN LK NP AE SA QA TR IL EG MA ZA KE GB IE FR DE ES PT IT CH AT NL BE LU DK SE NO "
    "FI IS PL CZ SK HU RO BG GR HR SI RS EE LV LT UA US CA MX BR AR CL PE CO CR AU NZ FJ KZ UZ GE"
).split()
REGIONS = {
    "europe": "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK TR UA".split(),
    "asia": "CN HK MO TW JP KR TH SG MY ID VN PH KH LA IN LK".split(),
    "north-america": "US CA MX".split(),
    "middle-east": "AE SA QA OM KW BH JO TR IL EG".split(),
    "global": [],
}
REGIONS["global"] = sorted({*LOCAL, *REGIONS["europe"], *REGIONS["asia"], *REGIONS["middle-east"]})
SIZES = ((1, 7), (3, 15), (3, 30), (5, 30), (10, 30), (20, 30), (50, 90))


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented plan. ``place`` is an ISO code or a region's name; ``gigabytes`` None is unlimited; price in US cents."""

    place: str
    countries: tuple[str, ...]
    gigabytes: int | None
    days: int
    cents: int
    five_g: bool


def invented_plans(seed: str) -> list[Invented]:
    """A whole shop: every place, sizes from a taster to a quarter year, and an unlimited week."""
    dice = random.Random(seed)
    plans = []
    for place, countries in [*((code, [code]) for code in LOCAL), *REGIONS.items()]:
        per_gb = dice.uniform(70, 180) * (1 + 0.35 * (len(countries) > 1) + 0.6 * (place == "global"))
        five_g = dice.random() < 0.6
        for gigabytes, days in SIZES:
            cents = 60 + per_gb * gigabytes**0.82 * (1 + days / 300) * dice.uniform(0.92, 1.08)
            plans.append(Invented(place, tuple(countries), gigabytes, days, round(cents / 10) * 10, five_g))
        plans.append(Invented(place, tuple(countries), None, 7, round(per_gb * 11 / 50) * 50, five_g))
    return plans
