"""Every figure and the whole order against the oracle, and what must hold of any ranking."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan, StartRule
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare import (
    FACETS,
    FEATURES,
    Filters,
    NeedBasis,
    PlanFrame,
    Preset,
    Question,
    Rates,
    SortKey,
    UnknownPolicy,
    chosen,
    rank,
)
from services.rules.compare.appraisal import converted
from services.rules.compare.purchases import purchases_of_bundles
from tests.unit.compare.invented import GB, NOW, RATES, catalogues, plans, questions
from tests.unit.compare.oracle import bought, fewest, judged, ordered

QUICK = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def plan(plan_id: str = "p", **changes: Any) -> Plan:
    whole: dict[str, Any] = {
        "source": "s",
        "plan_id": plan_id,
        "seller": "Orbi",
        "name": "Invented",
        "allowance": Allowance(AllowanceKind.TOTAL, DataVolume.of(10, DataUnit.GB)),
        "validity_days": 30,
        "countries": frozenset({"DE", "AT"}),
        "price": Money.of("10", "USD"),
        "fetched_at": NOW,
    }
    return Plan(**(whole | changes))


def question(**changes: Any) -> Question:
    whole: dict[str, Any] = {
        "countries": ("DE", "AT"),
        "first_day": date(2026, 12, 1),
        "last_day": date(2026, 12, 10),
        "need": DataVolume.of(1, DataUnit.GB),
    }
    return Question(**(whole | changes))


def ids(plans_: list[Plan], asked: Question, now: datetime = NOW) -> list[str]:
    return list(rank(PlanFrame.from_plans(plans_), asked, RATES, now).page()["plan_id"])


def known(value: Any) -> Any:
    return None if pd.isna(value) else value


@settings(QUICK, max_examples=120)
@given(plans(), questions())
def test_every_figure_of_a_row_is_the_oracles(given_plan: Plan, asked: Question) -> None:
    row = chosen(PlanFrame.from_plans([given_plan]), [0], asked, RATES, NOW).page().iloc[0]
    expected = judged(given_plan, asked, RATES.per_unit, NOW)
    assert row["total_state"] == expected["state"]
    assert known(row["purchases"]) == expected["purchases"]
    assert known(row["total_micro"]) == expected["total"]
    assert row["meets_need"] == expected["meets"]
    assert known(row["usable_bytes"]) == expected["usable"]
    assert known(row["validity_days"]) == given_plan.validity_days
    for name, column in (("per_gb", "per_gb_micro"), ("per_day", "per_day_micro")):
        if expected[name] is None:
            assert known(row[column]) is None
        else:
            assert abs(Fraction(int(row[column])) - expected[name]) <= Fraction(1, 2) + abs(expected[name]) / 10**12
    assert {code: row[f"covers_{code}"] for code in asked.countries} == expected["ticks"]
    assert row["covers_all"] == expected["covers_all"]
    assert (row["needs_unknown"], row["needs_unmet"]) == (expected["needs_unknown"], expected["needs_unmet"])
    assert bool(row["stale"]) == expected["stale"]
    assert {feature: row[feature] for feature in FEATURES} == {feature: getattr(given_plan, feature) for feature in FEATURES}
    assert (row["seller"], row["name"], row["plan_id"]) == (given_plan.seller, given_plan.name, given_plan.plan_id)
    assert (row["start_rule"], row["origin"], row["kind"]) == (given_plan.start_rule, given_plan.origin, given_plan.allowance.kind)
    assert known(row["buy_url"]) == given_plan.buy_url
    assert row["fetched_at"].to_pydatetime() == given_plan.fetched_at
    promo = given_plan.promo_price
    assert known(row["promo_price_micro"]) == (None if promo is None else round(promo.amount * 10**6))


@QUICK
@given(catalogues, questions())
def test_the_order_is_the_oracles(given_plans: list[Plan], asked: Question) -> None:
    table = rank(PlanFrame.from_plans(given_plans), asked, RATES, NOW).page()
    found = list(zip(table["source"], table["plan_id"], strict=True))
    assert found == [(p.source, p.plan_id) for p in ordered(given_plans, asked, RATES.per_unit, NOW)]


@QUICK
@given(catalogues, questions(), st.sampled_from(Preset))
def test_what_holds_of_any_ranking(given_plans: list[Plan], asked: Question, preset: Preset) -> None:
    asked = Question(**{name: getattr(asked, name) for name in asked.__slots__} | {"preset": preset})
    ranking = rank(PlanFrame.from_plans(given_plans), asked, RATES, NOW)
    table = ranking.page()
    full = (table["covers_all"] == "yes").tolist()
    assert full == sorted(full, reverse=True), "full coverage comes first"
    assert ranking.covering_all == sum(full)
    lacking = table[table["covers_all"] == "yes"]["total_micro"].isna().tolist()
    assert lacking == sorted(lacking), "plans without a total come after those with one"
    assert table.loc[table["kind"] == "unlimited", "per_gb_micro"].isna().all()
    assert table.loc[table["validity_days"].isna(), "total_micro"].isna().all()
    assert (table.loc[table["validity_days"].isna(), "meets_need"] == "unknown").all()
    assert not any(np.isinf(table["per_gb_micro"].to_numpy(float, na_value=0)))


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 24), st.integers(1, 40), st.booleans())
@settings(max_examples=400)
def test_counting_bundles_is_buying_them_day_by_day(volume: int, validity: int, days: int, need: int, in_total: bool) -> None:
    scale = days if in_total else 1
    counted = purchases_of_bundles(np.array([volume]), np.array([validity]), days, need, scale)[0]
    assert counted == bought(volume, validity, days, Fraction(need, scale))


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=80)
def test_nobody_can_do_with_fewer(volume: int, validity: int, days: int, need: int) -> None:
    if -(-days * need // volume) > 7:
        volume += 6
    assert purchases_of_bundles(np.array([volume]), np.array([validity]), days, need, 1)[0] == fewest(volume, validity, days, need)


@given(
    st.one_of(st.integers(0, 10**13), st.integers(0, 10**17)),
    st.one_of(
        st.integers(1, 10**18).map(lambda n: Decimal(n).scaleb(-12)), st.sampled_from([Decimal(1), Decimal("25400.5"), Decimal("1E-12")])
    ),
)
@settings(max_examples=300)
def test_money_is_converted_exactly(micro: int, rate: Decimal) -> None:
    exact = int(Fraction(micro) * Fraction(rate) + Fraction(1, 2))
    assert converted(np.array([micro]), rate)[0] == (exact if exact <= 9 * 10**18 else -1)


def test_a_plan_that_misses_a_country_is_behind_one_that_covers_all_whatever_it_costs() -> None:
    catalogue = [
        plan("free", countries=frozenset({"DE"}), price=Money.of(0, "USD")),
        plan("perhaps", countries=frozenset({"DE"}), coverage_complete=False, price=Money.of(0, "USD")),
        plan("unknown-validity", validity_days=None),
        plan("no-rate", price=Money.of(1, "XAF")),
        plan("dear", price=Money.of(500, "USD")),
        plan("elsewhere", countries=frozenset({"JP"})),
    ]
    assert ids(catalogue, question()) == ["dear", "no-rate", "unknown-validity", "perhaps", "free"]
    assert ids(catalogue, question(filters=Filters(full_coverage_only=True))) == ["dear", "no-rate", "unknown-validity"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SortKey)
def test_fitting_comes_before_perhaps_before_not_before_no_total_under_every_sort(sort: SortKey, descending: bool) -> None:
    silent = Allowance(AllowanceKind.UNLIMITED)
    short = Allowance(AllowanceKind.UNLIMITED, None, DataVolume.of("0.5", DataUnit.GB), 512)
    tiny = Allowance(AllowanceKind.TOTAL, DataVolume(1))
    yes = Tri.YES
    catalogue = [
        plan("fits", hotspot=yes, price=Money.of(90, "USD"), seller="Zen"),
        plan("fits-but-silent-on-hotspot", price=Money.of(80, "USD"), seller="Zen"),
        plan("perhaps", hotspot=yes, allowance=silent, price=Money.of(7, "USD")),
        plan("perhaps-and-silent", allowance=silent, price=Money.of(100, "USD")),
        plan("not", hotspot=yes, allowance=short, price=Money.of(1, "USD")),
        plan("not-and-silent", allowance=short, price=Money.of(200, "USD"), validity_days=365),
        plan("no-rate", hotspot=yes, price=Money.of(1, "XAF")),
        plan("validity", hotspot=yes, validity_days=None, price=Money.of(1, "USD")),
        plan("once", hotspot=yes, validity_days=7, new_users_only=yes, price=Money.of(0, "USD")),
        plan("too-many", hotspot=yes, allowance=tiny, price=Money.of(0, "USD")),
        plan("misses-a-country", hotspot=yes, countries=frozenset({"DE"}), price=Money.of(50, "USD"), fetched_at=NOW - timedelta(days=3)),
    ]
    asked = question(needs=Needs(hotspot=True), sort=sort, descending=descending)
    assert ids(catalogue, asked) == [p.plan_id for p in catalogue]


def test_limits_are_where_they_are_said_to_be() -> None:
    day_old = [plan("day", fetched_at=NOW - timedelta(days=1)), plan("older", fetched_at=NOW - timedelta(days=1, seconds=1))]
    stale = rank(PlanFrame.from_plans(day_old), question(), RATES, NOW).page().set_index("plan_id")["stale"]
    assert stale.to_dict() == {"day": False, "older": True}

    small = [plan(str(share), allowance=Allowance(AllowanceKind.TOTAL, DataVolume(GB // share))) for share in (999, 1000)]
    table = rank(PlanFrame.from_plans(small), question(need=DataVolume(999 * (GB // 999)), need_basis=NeedBasis.TOTAL), RATES, NOW).page()
    assert table.set_index("plan_id")["total_state"].to_dict() == {"999": "known", "1000": "too_many"}

    thirds = question(need=DataVolume(10), need_basis=NeedBasis.TOTAL, last_day=date(2026, 12, 3))  # 3 1/3 bytes a day
    fair = [plan(str(fair), allowance=Allowance(AllowanceKind.UNLIMITED, None, DataVolume(fair))) for fair in (3, 4)]
    meets = rank(PlanFrame.from_plans(fair), thirds, RATES, NOW).page().set_index("plan_id")["meets_need"]
    assert meets.to_dict() == {"3": "no", "4": "yes"}


def test_unknown_needs_are_kept_and_marked_or_left_out_but_never_taken_for_yes() -> None:
    catalogue = [
        plan("silent", price=Money.of(1, "USD")),
        plan("yes", hotspot=Tri.YES, price=Money.of(9, "USD")),
        plan("no", hotspot=Tri.NO, price=Money.of(1, "USD")),
    ]
    needs = Needs(hotspot=True)
    assert ids(catalogue, question(needs=needs)) == ["yes", "silent"]
    assert ids(catalogue, question(needs=needs, unknown=UnknownPolicy.PUBLISHED_ONLY)) == ["yes"]
    identity = Needs(no_id_check=True)
    assert ids([plan("asked", id_check=Tri.YES), plan("free", id_check=Tri.NO)], question(needs=identity)) == ["free"]


def test_what_unlimited_means_is_told_by_what_is_published() -> None:
    day = DataVolume.of(2, DataUnit.GB)
    told = {
        "then_slower": Allowance(AllowanceKind.UNLIMITED, None, day, 512),
        "then_stops": Allowance(AllowanceKind.UNLIMITED, None, day, 0),
        "then_unpublished": Allowance(AllowanceKind.UNLIMITED, None, day, None),
        "fair_use_unpublished": Allowance(AllowanceKind.UNLIMITED, None, None, 512),
        "speed_not_published": Allowance(AllowanceKind.UNLIMITED, None, None, None),
    }
    catalogue = [plan(meaning, allowance=allowance) for meaning, allowance in told.items()] + [plan("metered")]
    table = rank(PlanFrame.from_plans(catalogue), question(), RATES, NOW).page().set_index("plan_id")
    assert {name: known(table.loc[name, "unlimited_meaning"]) for name in table.index} == {**{name: name for name in told}, "metered": None}
    assert table.loc["then_slower", ["fair_use_per_day", "speed_after_kbps"]].tolist() == [day.bytes, 512]
    assert table["meets_need"].to_dict() == {
        "metered": "yes",
        "then_slower": "yes",
        "then_stops": "yes",
        "then_unpublished": "yes",
        "fair_use_unpublished": "unknown",
        "speed_not_published": "unknown",
    }


PRESET_PLANS = [
    plan("week", validity_days=7, allowance=Allowance(AllowanceKind.TOTAL, DataVolume.of(1, DataUnit.GB)), price=Money.of(1, "USD")),
    plan("twenty", validity_days=20),
    plan("twenty-one", validity_days=21),
    plan("month", validity_days=28, price=Money.of(30, "USD")),
    plan("topped", validity_days=3, top_up=Tri.YES, allowance=Allowance(AllowanceKind.PER_DAY, DataVolume.of(5, DataUnit.GB))),
    plan("endless", validity_days=30, allowance=Allowance(AllowanceKind.UNLIMITED), price=Money.of(9, "USD")),
    plan(
        "fair",
        validity_days=10,
        allowance=Allowance(AllowanceKind.UNLIMITED, None, DataVolume.of(1, DataUnit.GB), 0),
        price=Money.of(50, "USD"),
    ),
    plan("silent", validity_days=None),
]


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        (Preset.BEST_VALUE, ["twenty", "twenty-one", "week", "month", "topped", "fair", "endless", "silent"]),
        (Preset.SHORT_STAY, ["twenty", "fair"]),
        (Preset.LONG_STAY, ["topped", "month", "endless"]),
        (Preset.UNLIMITED, ["fair", "endless"]),
    ],
)
def test_each_preset_is_what_its_docstring_says(preset: Preset, expected: list[str]) -> None:
    assert ids(PRESET_PLANS, question(preset=preset)) == expected


def test_a_week_is_short_even_for_a_trip_of_a_day() -> None:
    catalogue = [plan("week", validity_days=7), plan("eight", validity_days=8)]
    assert ids(catalogue, question(preset=Preset.SHORT_STAY, last_day=date(2026, 12, 1))) == ["week"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(sellers=frozenset({"Kite"})), {"kite"}),
        (Filters(sources=frozenset({"t"})), {"kite"}),
        (Filters(kinds=frozenset({AllowanceKind.UNLIMITED})), {"endless"}),
        (Filters(origins=frozenset({Origin.SANDBOX})), {"sandbox"}),
        (Filters(start_rules=frozenset({StartRule.INSTALL})), {"install"}),
        (Filters(features=(("top_up", frozenset({Tri.UNKNOWN})),)), {"kite", "endless", "sandbox", "install", "silent", "old"}),
        (Filters(features=(("top_up", frozenset({Tri.YES, Tri.NO})),)), {"yes", "no", "tiny"}),
        (Filters(max_total=Decimal("10")), {"kite", "endless", "sandbox", "install", "silent", "old", "yes", "tiny"}),
        (Filters(max_total=Decimal("9.999999")), {"silent", "tiny"}),
        (Filters(min_days=31), {"silent", "no"}),
        (Filters(max_purchases=1), {"kite", "endless", "sandbox", "install", "silent", "old", "yes", "no"}),
        (Filters(fresh_only=True), {"kite", "endless", "sandbox", "install", "silent", "yes", "no"}),
    ],
)
def test_filters(filters: Filters, expected: set[str]) -> None:
    catalogue = [
        plan("kite", seller="Kite", source="t"),
        plan("endless", allowance=Allowance(AllowanceKind.UNLIMITED)),
        plan("sandbox", origin=Origin.SANDBOX),
        plan("install", start_rule=StartRule.INSTALL),
        plan("yes", top_up=Tri.YES),
        plan("no", top_up=Tri.NO, validity_days=31, price=Money.of("10.01", "USD")),
        plan("silent", validity_days=None),
        plan("old", fetched_at=NOW - timedelta(days=1, seconds=1)),
        plan("tiny", allowance=Allowance(AllowanceKind.TOTAL, DataVolume(1)), top_up=Tri.NO, fetched_at=NOW - timedelta(days=2)),
    ]
    assert set(ids(catalogue, question(filters=filters))) == expected
    strict = question(filters=filters, unknown=UnknownPolicy.PUBLISHED_ONLY)
    bounded = filters.max_total is not None or filters.min_days is not None or filters.max_purchases is not None
    without = {"silent", "tiny"} if filters.max_total is not None else {"silent"} if bounded else set()
    assert set(ids(catalogue, strict)) == expected - without


@settings(QUICK, max_examples=20)
@given(catalogues, questions(), st.sampled_from(FACETS))
def test_a_facet_counts_what_each_choice_would_leave(given_plans: list[Plan], asked: Question, name: str) -> None:
    def filtered(filters: Filters) -> Any:
        whole = {part: getattr(asked, part) for part in asked.__slots__}
        return rank(PlanFrame.from_plans(given_plans), Question(**(whole | {"filters": filters})), RATES, NOW)

    others = Filters(kinds=frozenset({AllowanceKind.TOTAL, AllowanceKind.PER_DAY}), min_days=3)
    parts = {"seller": "sellers", "source": "sources", "kind": "kinds", "origin": "origins", "start_rule": "start_rules"}
    for value, count in filtered(others).facet(name).items():
        changed: dict[str, Any] = {"kinds": others.kinds, "min_days": 3}
        if name in parts:
            changed[parts[name]] = frozenset({value})
        else:
            changed["features"] = ((name, frozenset({Tri(value)})),)
        assert count == len(filtered(Filters(**changed))) > 0


def test_pages_are_slices_of_the_whole_and_totals_are_counted() -> None:
    ranking = rank(PlanFrame.from_plans(PRESET_PLANS), question(), RATES, NOW + timedelta(days=3))
    whole = ranking.page()
    pd.testing.assert_frame_equal(ranking.page(2, 5), whole.iloc[2:5])
    assert len(ranking.page(50, 60)) == 0
    assert (len(ranking), ranking.covering_all, ranking.without_total, ranking.stale) == (8, 8, 1, 8)


def test_a_sale_for_new_users_cannot_be_bought_twice() -> None:
    week = plan(validity_days=7, new_users_only=Tri.YES)
    row = rank(PlanFrame.from_plans([week]), question(), RATES, NOW).page().iloc[0]
    assert (row["total_state"], row["meets_need"]) == ("once_only", "no")
    assert pd.isna(row["total_micro"])
    once = rank(PlanFrame.from_plans([week]), question(last_day=date(2026, 12, 7)), RATES, NOW).page().iloc[0]
    assert once["total_micro"] == 10_000_000


def test_a_free_trial_is_not_taken_again_and_again() -> None:
    free = plan("free", price=Money.of(0, "USD"), allowance=Allowance(AllowanceKind.TOTAL, DataVolume.of(1, DataUnit.GB)))
    catalogue = [free, plan("paid")]
    assert ids(catalogue, question()) == ["paid", "free"]
    assert ids(catalogue, question(last_day=date(2026, 12, 1))) == ["free", "paid"]


def test_rates_must_be_for_the_currency_asked_and_a_useless_rate_is_none() -> None:
    frame = PlanFrame.from_plans([plan(price=Money.of(1, "EUR"))])
    with pytest.raises(ValueError, match="EUR"):
        rank(frame, question(), Rates("EUR", date(2026, 11, 19), {}), NOW)
    for rate in ("0", "-1", "NaN", "Infinity", "1E-13", "1E+13"):
        row = rank(frame, question(), Rates("USD", date(2026, 11, 19), {"EUR": Decimal(rate)}), NOW).page().iloc[0]
        assert row["total_state"] == "no_rate", rate


def test_an_empty_catalogue_ranks_nothing() -> None:
    ranking = rank(PlanFrame.from_plans([]), question(sort=SortKey.PER_GB), RATES, NOW)
    assert len(ranking) == 0
    assert ranking.page().empty
    assert ranking.facet("seller") == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"countries": ()},
        {"countries": ("EUROPE",)},
        {"last_day": date(2026, 11, 30)},
        {"last_day": date(2028, 1, 1)},
        {"need": DataVolume(0)},
        {"need": DataVolume.of(201, DataUnit.GB)},
        {"need": DataVolume.of(10_000, DataUnit.GB), "need_basis": NeedBasis.TOTAL},
    ],
)
def test_a_question_outside_its_bounds_does_not_exist(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        question(**changes)
