"""How long comparing takes: 100,000 generated plans, and the real file of plans when it is there. ``python -m bench.compare``.

Aim: filter and rank for a trip in 50 ms at 100,000 plans, whose columns take well under 60 MB.
"""

import csv
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.generated_plans import EUROPE, generated_plans
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare import COLUMN_SPEC, EXPORT_COLUMNS, PlanFrame, Preset, Question, Rates, export_csv, rank, row_of, step_lines

REAL_FILE = Path(__file__).parents[2] / "shared" / "data" / "plans-central-europe.csv"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RATES = Rates(
    "USD",
    date(2026, 11, 19),
    {"EUR": Decimal("1.0873"), "GBP": Decimal("1.2651"), "JPY": Decimal("0.0064731"), "CNY": Decimal("0.13921")},
)
ISO = {"germany": "DE", "austria": "AT", "czechia": "CZ", "slovakia": "SK"}


def real_plans(path: Path = REAL_FILE) -> Iterable[Plan]:
    """The plans of the real file; its countries are only those of the four that it was made for, so that coverage is not complete."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            volume = DataVolume.of(row["data_mb"], DataUnit.MB)
            kind = AllowanceKind.PER_DAY if row["data_cap_per"] == "day" else AllowanceKind.TOTAL
            promo = row["usd_promo_price"]
            yield Plan(
                source="file",
                plan_id=row["plan_id"],
                seller=row["provider_name"],
                name=unescape(row["plan_name"]),
                allowance=Allowance(kind, volume) if volume.bytes else Allowance(AllowanceKind.UNLIMITED),
                validity_days=int(row["validity_days"]) or None,
                countries=frozenset(ISO[name] for name in json.loads(row["countries"])),
                coverage_complete=False,
                price=Money.of(row["usd_price"], "USD"),
                promo_price=Money.of(promo, "USD") if promo else None,
                fetched_at=datetime(2025, 12, 8, tzinfo=UTC),
                hotspot=Tri.of({"True": True, "False": False}.get(row["tethering"])),
                top_up=Tri.of({"True": True, "False": False}.get(row["can_top_up"])),
                new_users_only=Tri.of(row["new_user_only"] == "True"),
                origin=Origin.IMPORTED,
            )


def median_ms(work: Callable[[], Any], times: int) -> tuple[float, float]:
    """Median and worst of ``times`` runs, after one that is not counted."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), max(taken)


def held_mb(frame: PlanFrame) -> float:
    """Megabytes of the arrays of ``frame``, texts included (numpy keeps up to 15 bytes of a text in its header, the rest apart)."""
    arrays = [value for name in frame.__slots__ for value in _arrays(getattr(frame, name))]
    apart = sum(len(text.encode()) for array in arrays if array.dtype.kind == "T" for text in array.tolist() if len(text.encode()) > 15)
    return (sum(array.nbytes for array in arrays) + apart) / 1e6


def _arrays(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value] if isinstance(value, np.ndarray) else []


def measure(label: str, plans: Iterable[Plan], question: Question) -> None:
    """Prints the table for one catalogue."""
    rows = [row_of(plan, key) for key, plan in enumerate(plans)]
    columns = {name: [row[name] for row in rows] for name in COLUMN_SPEC}
    del rows
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    frame = PlanFrame.from_columns(columns)
    gc.collect()
    grown = (process.memory_info().rss - before) / 1e6
    order = sorted(range(len(frame)), key=lambda i: (columns["seller"][i], columns["plan_id"][i], columns["source"][i]))
    in_order = {name: tuple(values[i] for i in order) for name, values in columns.items()}
    three = Question(("DE", "FR", "IT"), question.first_day, question.last_day, question.need)
    europe = Question(EUROPE, question.first_day, question.last_day, question.need)
    wide = Question(
        question.countries, question.first_day, question.last_day, question.need, needs=Needs(hotspot=True), preset=Preset.LONG_STAY
    )
    ranking = rank(frame, question, RATES, NOW)
    headings = {name: name for name in EXPORT_COLUMNS}
    places = [int(place) for place in ranking.places[:3]]
    print(f"\n{label}: {len(frame):,} plans, {len(ranking):,} ranked, columns {held_mb(frame):.1f} MB (process grew by {grown:.0f} MB)")
    print(f"  {'step':<44}{'median ms':>10}{'worst ms':>10}")
    for step, work, times in (
        ("build from columns in any order", lambda: PlanFrame.from_columns(columns), 5),
        ("build from columns sorted by the store", lambda: PlanFrame.from_columns(in_order), 5),
        (f"filter and rank, {' '.join(question.countries)}", lambda: rank(frame, question, RATES, NOW), 25),
        ("filter and rank, DE FR IT", lambda: rank(frame, three, RATES, NOW), 25),
        (f"filter and rank, {len(EUROPE)} countries", lambda: rank(frame, europe, RATES, NOW), 25),
        ("filter and rank, hotspot, long stay", lambda: rank(frame, wide, RATES, NOW), 25),
        ("page of 50 rows", lambda: ranking.page(0, 50), 25),
        ("count sellers", lambda: ranking.facet("seller"), 25),
        ("three step lines to 100 GB", lambda: step_lines(frame, places, question, RATES, DataVolume.of(100, DataUnit.GB)), 25),
        ("export 1,000 rows", lambda: export_csv(ranking, headings, most=1000), 5),
        ("export all rows", lambda: export_csv(ranking, headings), 3),
    ):
        median, worst = median_ms(work, times)
        print(f"  {step:<44}{median:>10.1f}{worst:>10.1f}")


def main() -> None:
    """Prints one table for each catalogue. An argument sets the number of generated plans."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    day = DataVolume.of(1, DataUnit.GB)
    measure("generated", generated_plans(count, newest=NOW), Question(("DE",), date(2026, 12, 1), date(2026, 12, 14), day))
    if REAL_FILE.exists():
        measure("real file", real_plans(), Question(("DE", "AT"), date(2026, 12, 1), date(2026, 12, 14), day))


if __name__ == "__main__":
    main()
