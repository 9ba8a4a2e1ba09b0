"""Invented plans in realistic shapes, from a seed: for benches and for tests that need many.

Shapes follow the real file of travel plans: 4 plans in 10 carry one country, most of the others a region; 3 in 10 are day plans, 1 in 10
unlimited; a quarter of the hotspot and top-up answers are missing; validity is mostly 1 to 30 days and missing in a few rows.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan, StartRule
from services.model.tri import Tri
from services.rules.compare import ISO_CODES

EUROPE = tuple("AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO RS SE SI SK TR UA".split())
ASIA = tuple("CN HK ID JP KH KR LA MO MY PH SG TH TW VN".split())
AMERICAS = tuple("AR BR CA CL CO CR EC MX PA PE US UY".split())
REGIONS = (EUROPE, ASIA, AMERICAS)
SIZES_MB = (100, 500, 1000, 2000, 3000, 5000, 10_000, 20_000, 50_000, 100_000)
SIZE_WEIGHTS = (2, 5, 21, 9, 15, 12, 11, 9, 5, 2)
VALIDITIES = (1, 3, 5, 7, 10, 15, 20, 30, 60, 90, 180, 365)
VALIDITY_WEIGHTS = (6, 7, 7, 13, 8, 12, 4, 34, 3, 3, 1, 1)
WORDS = ("Explorer", "Travel", "Data", "Lite", "Max", "Go", "Unlimited", "Plus", "流量卡", "Roam", "eSIM", "Daily")


def generated_plans(count: int, seed: int = 1, newest: datetime | None = None) -> Iterator[Plan]:
    """``count`` different plans; the same for the same arguments. Prices were fetched in the two days up to ``newest`` (aware)."""
    dice = random.Random(seed)
    newest = newest or datetime(2026, 11, 20, 12, tzinfo=UTC)
    sellers = [f"{first}{second}" for first in ("Nimbus", "Orbi", "Kite", "Vela", "Luma", "Terra", "北极", "Zen") for second in range(15)]
    regions = [*REGIONS, ISO_CODES] + [tuple(dice.sample(region, dice.randint(3, len(region)))) for region in REGIONS for _ in range(60)]
    for number in range(count):
        local = dice.random() < 0.4
        countries = (dice.choice(dice.choice(REGIONS)),) if local else dice.choice(regions)
        shape = dice.random()
        mb = dice.choices(SIZES_MB, SIZE_WEIGHTS)[0]
        days = dice.choices(VALIDITIES, VALIDITY_WEIGHTS)[0]
        if shape < 0.1:
            fair_use = DataVolume.of(dice.choice((1, 2, 3, 5)), DataUnit.GB) if dice.random() < 0.5 else None
            allowance = Allowance(AllowanceKind.UNLIMITED, None, fair_use, dice.choice((None, None, 0, 384, 512, 1000)))
            gigabytes = days * 2.0
        elif shape < 0.4:
            volume = DataVolume.of(min(mb, 5000), DataUnit.MB)
            allowance = Allowance(AllowanceKind.PER_DAY, volume, None, dice.choice((None, 128, 384, 512)))
            gigabytes = days * min(mb, 5000) / 1000
        else:
            allowance = Allowance(AllowanceKind.TOTAL, DataVolume.of(mb, DataUnit.MB), None, dice.choice((None, 0, 128)))
            gigabytes = mb / 1000
        price = (Decimal(str(round(0.5 + 1.1 * gigabytes**0.75 + days * 0.05 * dice.uniform(0.5, 2), 2)))).quantize(Decimal("0.01"))
        currency = dice.choices(("USD", "EUR", "GBP", "JPY", "CNY"), (80, 12, 3, 2, 3))[0]
        seller = dice.choice(sellers)
        yield Plan(
            source=dice.choice(("north", "south", "list-1")),
            plan_id=f"{dice.getrandbits(64):016x}{number:06d}",
            seller=seller,
            name=f"{seller} {' '.join(dice.sample(WORDS, 2))} {mb} MB {days} d",
            allowance=allowance,
            validity_days=None if dice.random() < 0.01 else days,
            countries=frozenset(countries),
            price=Money.of(price, currency),
            fetched_at=newest - timedelta(seconds=dice.randrange(172_800)),
            coverage_complete=dice.random() < 0.9,
            promo_price=Money.of(price * Decimal("0.9"), currency) if dice.random() < 0.5 else None,
            start_rule=dice.choice(tuple(StartRule)),
            hotspot=_answer(dice, 0.68, 0.04),
            id_check=_answer(dice, 0.05, 0.3),
            top_up=_answer(dice, 0.36, 0.4),
            five_g=_answer(dice, 0.4, 0.2),
            phone_number=_answer(dice, 0.05, 0.6),
            new_users_only=_answer(dice, 0.02, 0.9),
            consecutive_days=_answer(dice, 0.2, 0.1),
            buy_url=f"https://shop.example/{seller}/plans/{number}?currency={currency}&ref=compare",
            origin=dice.choices((Origin.LIVE, Origin.IMPORTED), (9, 1))[0],
        )


def _answer(dice: random.Random, yes: float, no: float) -> Tri:
    value = dice.random()
    return Tri.YES if value < yes else Tri.NO if value < yes + no else Tri.UNKNOWN
