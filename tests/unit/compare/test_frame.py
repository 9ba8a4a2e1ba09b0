"""The catalogue in columns: nothing lost, nothing taken on trust."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from babel import Locale
from hypothesis import given, settings

from bench.generated_plans import generated_plans
from services.model.money import Money
from services.model.plan import Plan
from services.rules.compare import COLUMN_SPEC, FEATURES, ISO_CODES, CatalogueError, PlanFrame, row_of
from services.rules.compare.countries import WORDS, codes_of, mask_of
from services.rules.compare.frame import KINDS, ORIGINS, START_RULES
from tests.unit.compare.invented import catalogues


def columns_of(plans: list[Plan]) -> dict[str, list[Any]]:
    rows = [row_of(plan, key) for key, plan in enumerate(plans)]
    return {name: [row[name] for row in rows] for name in COLUMN_SPEC}


def rows_of(frame: PlanFrame) -> list[dict[str, Any]]:
    """The frame read back, row by row, as it was given."""
    return [
        {
            "plan_key": int(frame.plan_key[i]),
            "source": frame.sources[frame.source_code[i]],
            "plan_id": frame.plan_id[i],
            "seller": frame.sellers[frame.seller_code[i]],
            "name": frame.name[i],
            "kind": KINDS[frame.kind[i]].value,
            "volume": int(frame.volume[i]),
            "fair_use_per_day": int(frame.fair_use_per_day[i]),
            "speed_after_kbps": int(frame.speed_after_kbps[i]),
            "validity_days": int(frame.validity_days[i]),
            "countries": " ".join(codes_of(frame.coverage_masks[frame.coverage_code[i]])),
            "coverage_complete": int(frame.coverage_complete[i]),
            "price_micro": int(frame.price_micro[i]),
            "currency": frame.currencies[frame.currency_code[i]],
            "promo_price_micro": int(frame.promo_price_micro[i]),
            "start_rule": START_RULES[frame.start_rule[i]].value,
            **{feature: int(frame.features[feature][i]) for feature in FEATURES},
            "buy_url": frame.buy_url[i],
            "fetched_at": int(frame.fetched_at[i]),
            "origin": ORIGINS[frame.origin[i]].value,
        }
        for i in range(len(frame))
    ]


@given(catalogues)
@settings(max_examples=60)
def test_columns_hold_every_plan_whatever_the_row_order(plans: list[Plan]) -> None:
    rows = [row_of(plan, key) for key, plan in enumerate(plans)]
    expected = sorted(rows, key=lambda row: (row["seller"], row["plan_id"], row["source"]))
    random.Random(1).shuffle(rows)
    shuffled = {name: [row[name] for row in rows] for name in COLUMN_SPEC}
    assert rows_of(PlanFrame.from_columns(shuffled)) == expected
    assert rows_of(PlanFrame.from_plans(plans)) == expected
    assert rows_of(PlanFrame.from_columns({name: tuple(row[name] for row in expected) for name in COLUMN_SPEC})) == expected


def test_a_plan_is_found_by_its_name() -> None:
    plans = list(generated_plans(40))
    frame = PlanFrame.from_plans(plans)
    for key, plan in enumerate(plans):
        place = frame.place_of(plan.source, plan.plan_id)
        assert place is not None
        assert frame.plan_key[place] == key
    assert frame.place_of("nobody", plans[0].plan_id) is None
    assert frame.place_of(plans[0].source, "nothing") is None


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("kind", "monthly", "range"),
        ("start_rule", "", "range"),
        ("origin", None, "type"),
        ("seller", None, "type"),
        ("name", None, "type"),
        ("plan_id", 7, "type"),
        ("price_micro", -1, "range"),
        ("price_micro", None, "type"),
        ("price_micro", 10**19, "type"),
        ("price_micro", 10**14 + 1, "range"),
        ("volume", -2, "range"),
        ("validity_days", -1, "range"),
        ("validity_days", 2**31, "range"),
        ("hotspot", 2, "range"),
        ("coverage_complete", -1, "range"),
        ("fetched_at", "yesterday", "type"),
        ("volume", -1, "range"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_by_name(column: str, value: Any, reason: str) -> None:
    columns = columns_of([plan for plan in generated_plans(60) if plan.allowance.volume])
    columns[column][3] = value
    with pytest.raises(CatalogueError) as caught:
        PlanFrame.from_columns(columns)
    assert (caught.value.column, caught.value.reason) == (column, reason)


def test_missing_and_short_columns_are_refused() -> None:
    columns = columns_of(list(generated_plans(3)))
    with pytest.raises(CatalogueError, match="hotspot: missing"):
        PlanFrame.from_columns({name: values for name, values in columns.items() if name != "hotspot"})
    with pytest.raises(CatalogueError, match="name: length"):
        PlanFrame.from_columns({**columns, "name": columns["name"][:2]})


def test_a_price_finer_than_a_millionth_is_rounded_half_to_even_and_a_promo_keeps_the_currency() -> None:
    plan = next(generated_plans(1))
    changed = {name: getattr(plan, name) for name in plan.__slots__}
    fine = Plan(**(changed | {"price": Money.of(Decimal("1.0000005"), "USD"), "promo_price": None}))
    assert row_of(fine, 0)["price_micro"] == 1_000_000
    with pytest.raises(CatalogueError):
        row_of(Plan(**(changed | {"price": Money.of(1, "USD"), "promo_price": Money.of(1, "EUR")})), 0)


def test_the_country_list_is_iso_3166_with_kosovo() -> None:
    # CLDR has these two-letter territories besides: exceptional reservations, groupings and private use.
    besides = set("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
    territories = {code for code in Locale("en").territories if len(code) == 2 and code.isalpha()}
    assert set(ISO_CODES) == territories - besides
    assert list(ISO_CODES) == sorted(set(ISO_CODES))
    assert len(ISO_CODES) == 250 <= 64 * WORDS


def test_a_mask_holds_exactly_its_countries() -> None:
    for codes in (ISO_CODES, ISO_CODES[::7], ("AD",), ("ZW",), ()):
        assert codes_of(mask_of(codes)) == tuple(codes)
    assert codes_of(mask_of(["DE", "EU", "de", "Germany"])) == ("DE",)


def test_generated_plans_are_the_same_for_the_same_seed() -> None:
    newest = datetime(2026, 1, 1, tzinfo=UTC)
    assert list(generated_plans(50, 3, newest)) == list(generated_plans(50, 3, newest))
    assert list(generated_plans(50, 3, newest)) != list(generated_plans(50, 4, newest))
