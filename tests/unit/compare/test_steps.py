"""The chart's lines, the export, and plans side by side."""

import csv
import io
import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Plan
from services.model.tri import Tri
from services.rules.compare import (
    EXPORT_COLUMNS,
    NeedBasis,
    PlanFrame,
    Question,
    Rates,
    TotalState,
    chosen,
    export_csv,
    plain_cell,
    rank,
    side_by_side,
    step_lines,
)
from services.rules.compare.export import _STARTS
from tests.unit.compare.invented import GB, NOW, RATES, catalogues, plans, questions
from tests.unit.compare.oracle import judged
from tests.unit.compare.test_ranking import plan, question

HEADINGS = {name: name for name in EXPORT_COLUMNS}


@given(plans(), questions(need_basis=NeedBasis.TOTAL), st.integers(1, 60 * GB), st.integers(1, 60 * GB))
@settings(max_examples=120)
def test_a_line_says_for_any_need_what_the_oracle_says(given_plan: Plan, asked: Question, most: int, need: int) -> None:
    need = min(need, most)
    (line,) = step_lines(PlanFrame.from_plans([given_plan]), [0], asked, RATES, DataVolume(most))
    at_need = Question(asked.countries, asked.first_day, asked.last_day, DataVolume(need), NeedBasis.TOTAL)
    expected = judged(given_plan, at_need, RATES.per_unit, NOW)
    step = next((step for step in line.steps if step.up_to.bytes >= need), None)
    assert [step.up_to for step in line.steps] == sorted({step.up_to for step in line.steps})
    if step is not None:
        assert line.state is TotalState.KNOWN
        assert (step.purchases, step.total_micro, step.meets) == (expected["purchases"], expected["total"], expected["meets"])
    else:
        assert not line.complete
        beyond = expected["purchases"] is not None and line.steps and expected["purchases"] > line.steps[-1].purchases
        assert expected["state"] != "known" or beyond
    if line.complete:
        assert line.steps[-1].up_to.bytes == most


def test_the_steps_of_a_bundle_are_where_the_next_one_is_bought() -> None:
    (line,) = step_lines(PlanFrame.from_plans([plan()]), [0], question(), RATES, DataVolume.of(25, DataUnit.GB))
    assert [(step.up_to.bytes // GB, step.purchases, step.total_micro) for step in line.steps] == [
        (10, 1, 10_000_000),
        (20, 2, 20_000_000),
        (25, 3, 30_000_000),
    ]


def test_an_unlimited_line_is_flat_and_says_where_full_speed_ends() -> None:
    fair = Allowance(AllowanceKind.UNLIMITED, None, DataVolume.of(1, DataUnit.GB), 384)
    frame = PlanFrame.from_plans(
        [plan("a", allowance=fair), plan("b", allowance=Allowance(AllowanceKind.UNLIMITED)), plan("c", validity_days=None)]
    )
    told, silent, unknown = step_lines(frame, [0, 1, 2], question(), RATES, DataVolume.of(25, DataUnit.GB))
    assert [(step.up_to.bytes // GB, step.meets) for step in told.steps] == [(10, Tri.YES), (25, Tri.NO)]
    assert [(step.up_to.bytes // GB, step.meets) for step in silent.steps] == [(25, Tri.UNKNOWN)]
    assert (unknown.state, unknown.steps) == (TotalState.VALIDITY_NOT_PUBLISHED, ())


def test_a_line_refuses_nothing_and_foreign_rates() -> None:
    frame = PlanFrame.from_plans([plan()])
    with pytest.raises(ValueError):
        step_lines(frame, [0], question(), RATES, DataVolume(0))
    with pytest.raises(ValueError):
        step_lines(frame, [0], question(), Rates("EUR", date(2026, 11, 19), {}), DataVolume(1))


ATTACKS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x00=1",
    "＝1", "＋1", "－1", "＠x", "﹢1", "﹣1", "﹦1", "﹫x", "⁺1", "₌1", "−1", " ＝1", '"=1"', "\"\t=1", "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://shop.example","y")', "a;=1", "a; \t=1", 'a;"=1', "a;\u200b=1", "a\t=1", "a\n+1", "a;＝1", "\ufeff\u3000 \t-2+3",
]  # fmt: skip


def runs(cell: str) -> bool:
    """Whether some spreadsheet might take the cell, or a part that its separators cut out of it, for a formula."""
    for part in re.split(r"[;\t\r\n]", cell):
        rest = part
        while rest and (rest[0].isspace() or rest[0] == '"' or unicodedata.category(rest[0])[0] == "C"):
            rest = rest[1:]
        if unicodedata.normalize("NFKC", rest).lstrip()[:1] in tuple("=+-@−") and rest:
            return True
    return False


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_of_the_export_is_a_formula(attack: str) -> None:
    assert runs(attack)
    hostile = plan(attack, seller=attack, name=attack, buy_url=attack)
    written = export_csv(
        rank(PlanFrame.from_plans([hostile]), question(), RATES, NOW), dict.fromkeys(EXPORT_COLUMNS, attack), lambda *_: attack
    )
    table = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert len(table) == 2
    assert not [cell for line in table for cell in line if runs(cell)]
    assert not [
        cell for line in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";") for cell in line if runs(cell)
    ]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_made_plain_and_harmless_text_is_left_alone(text: str) -> None:
    assert not runs(plain_cell(text))
    if not any(unicodedata.normalize("NFKC", char)[:1] in tuple("=+-@−;") or unicodedata.category(char)[0] in "CZ" for char in text):
        assert plain_cell(text) == text


def test_every_character_that_importers_fold_into_a_formula_start_is_known() -> None:
    folded = {chr(code) for code in range(0x110000) if unicodedata.normalize("NFKC", chr(code))[:1] in tuple("=+-@−")}
    assert {char for char in folded if not re.match(f"[{_STARTS}]", char)} == set()


@given(catalogues, questions())
@settings(max_examples=20)
def test_the_export_says_what_the_page_says(given_plans: list[Plan], asked: Question) -> None:
    ranking = rank(PlanFrame.from_plans(given_plans), asked, RATES, NOW)
    written = export_csv(ranking, HEADINGS).decode("utf-8")
    assert written.startswith("\ufeff")
    lines = list(csv.DictReader(io.StringIO(written[1:], newline="")))
    page = ranking.page()
    assert len(lines) == len(page)
    for line, (_, row) in zip(lines, page.iterrows(), strict=True):
        for name, column, unit in (
            ("total", "total_micro", 10**6),
            ("per_gb", "per_gb_micro", 10**6),
            ("price", "price_micro", 10**6),
            ("promo_price", "promo_price_micro", 10**6),
            ("usable_gb", "usable_bytes", GB),
            ("fair_use_gb_per_day", "fair_use_per_day", GB),
        ):
            if pd.isna(row[column]):
                assert line[name] == ""
            else:
                assert Fraction(Decimal(line[name])) == Fraction(int(row[column]), unit)
        assert line["meets_need"] == row["meets_need"]
        assert line["question_currency"] == asked.currency
        assert [line[f"covers {code}"] for code in asked.countries] == [row[f"covers_{code}"] for code in asked.countries]
        assert line["stale"] == ("yes" if row["stale"] else "no")
    cut = export_csv(ranking, HEADINGS, most=2).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(cut, newline="")))) == 1 + min(2, len(page))


def test_the_export_speaks_the_words_it_is_given() -> None:
    ranking = rank(PlanFrame.from_plans([plan()]), question(), RATES, NOW)
    written = export_csv(ranking, {**HEADINGS, "covers": "覆盖"}, lambda column, code: f"{column}:{code}").decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(written, newline=""))
    assert line["覆盖 DE"] == "covers:yes"
    assert (line["hotspot"], line["kind"], line["total"], line["unlimited_meaning"]) == ("hotspot:unknown", "kind:total", "10", "")
    with pytest.raises(KeyError):
        export_csv(ranking, {})


def test_side_by_side_flags_what_differs_and_only_that() -> None:
    frame = PlanFrame.from_plans(
        [plan("a"), plan("b", hotspot=Tri.NO, price=Money.of(11, "USD")), plan("c", fetched_at=NOW - timedelta(days=2)), plan("d")]
    )
    facts = {fact.name: fact for fact in side_by_side(chosen(frame, [2, 0, 1], question(), RATES, NOW))}
    assert facts["plan_id"].values == ("c", "a", "b")
    assert facts["total_micro"].values == (10_000_000, 10_000_000, 11_000_000)
    assert facts["hotspot"].values == ("unknown", "unknown", "no")
    assert facts["fair_use_per_day"].values == (None, None, None)
    differing = {name for name, fact in facts.items() if fact.differs}
    assert differing == {"total_micro", "per_gb_micro", "per_day_micro", "price_micro", "hotspot", "fetched_at", "stale"}
    for places in ([], [0, 1, 2, 3]):
        with pytest.raises(ValueError):
            side_by_side(chosen(frame, places, question(), RATES, NOW))
