"""The question in the address: there and back, and never an exception."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.plan import AllowanceKind, Origin, StartRule
from services.model.tri import Tri
from services.rules.compare import (
    FEATURES,
    Draft,
    Filters,
    NeedBasis,
    Preset,
    ProblemKind,
    Question,
    question_from_params,
    question_to_params,
)
from tests.unit.compare.invented import questions

TODAY = date(2026, 11, 20)
CURRENCIES = {"USD", "EUR", "CNY"}
GOOD = {"in": "DE,AT", "from": "2026-12-01", "to": "2026-12-10", "gb": "1.5", "cur": "EUR"}
some_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
filters = st.builds(
    Filters,
    sellers=st.frozensets(some_text, max_size=4),
    sources=st.frozensets(some_text, max_size=2),
    kinds=st.frozensets(st.sampled_from(AllowanceKind)),
    origins=st.frozensets(st.sampled_from(Origin)),
    start_rules=st.frozensets(st.sampled_from(StartRule)),
    features=st.dictionaries(st.sampled_from(FEATURES), st.frozensets(st.sampled_from(Tri))).map(lambda answers: tuple(answers.items())),
    max_total=st.one_of(st.none(), st.integers(0, 10**12).map(lambda n: Decimal(n).scaleb(-6))),
    min_days=st.one_of(st.none(), st.integers(1, 400)),
    max_purchases=st.one_of(st.none(), st.integers(1, 999)),
    full_coverage_only=st.booleans(),
    fresh_only=st.booleans(),
)


@given(questions(), filters, st.sampled_from(Preset), st.sampled_from(sorted(CURRENCIES)))
@settings(max_examples=120)
def test_there_and_back(asked: Question, chosen: Filters, preset: Preset, currency: str) -> None:
    whole: dict[str, Any] = {name: getattr(asked, name) for name in asked.__slots__}
    question = Question(**(whole | {"filters": chosen, "preset": preset, "currency": currency}))
    params = question_to_params(question)
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in params.items())
    address = question_from_params(params, TODAY, CURRENCIES)
    assert address.problems == ()
    assert address.question == question
    assert question_to_params(address.draft) == params


keys = st.sampled_from(
    [*GOOD, "per", "needs", "unknown", "for", "sort", "desc", "seller", "kind", "hotspot", "max", "days", "times", "full", "x"]
)
values = st.one_of(
    st.text(), st.sampled_from(["1e999999", "NaN", "-1", "٣", "9" * 400, "2026-02-30", "0000-00-00", ",,,", "%", "%ff", "A" * 9000])
)


@given(st.dictionaries(keys, values))
@settings(max_examples=200)
def test_no_text_raises_and_either_there_is_a_question_or_a_reason(changes: dict[str, str]) -> None:
    address = question_from_params(GOOD | changes, TODAY, CURRENCIES)
    assert address.question is not None or address.problems
    assert all(len(problem.value) <= 80 for problem in address.problems)


@pytest.mark.parametrize(
    ("changes", "expected", "whole"),
    [
        ({}, [], True),
        ({"in": ""}, [(ProblemKind.NO_COUNTRY, "in")], False),
        ({"in": "DE,Atlantis"}, [(ProblemKind.UNKNOWN_COUNTRY, "in")], True),
        ({"in": "EU"}, [(ProblemKind.UNKNOWN_COUNTRY, "in")], False),
        ({"from": "2026-12-11"}, [(ProblemKind.DATES_REVERSED, "to")], False),
        ({"from": "2026-11-01", "to": "2026-11-19"}, [(ProblemKind.DATES_PAST, "to")], False),
        ({"from": "2026-11-01", "to": "2026-11-20"}, [], True),
        ({"to": "2028-12-10"}, [(ProblemKind.TRIP_TOO_LONG, "to")], False),
        ({"to": "2027-12-01"}, [], True),
        ({"to": "2027-12-02"}, [(ProblemKind.TRIP_TOO_LONG, "to")], False),
        ({"to": ""}, [(ProblemKind.NO_DATE, "to")], False),
        ({"from": "tomorrow"}, [(ProblemKind.BAD_DATE, "from")], False),
        ({"from": "2026-02-30"}, [(ProblemKind.BAD_DATE, "from")], False),
        ({"gb": "0"}, [(ProblemKind.NO_NEED, "gb")], False),
        ({"gb": ""}, [(ProblemKind.NO_NEED, "gb")], False),
        ({"gb": "0.0000000001"}, [(ProblemKind.BAD_NEED, "gb")], False),
        ({"gb": "-3"}, [(ProblemKind.BAD_NEED, "gb")], False),
        ({"gb": "10000"}, [(ProblemKind.NEED_TOO_LARGE, "gb")], False),
        ({"gb": "10000", "per": "total"}, [(ProblemKind.NEED_TOO_LARGE, "gb")], False),
        ({"gb": "5000", "per": "total"}, [], True),
        ({"cur": "XAF"}, [(ProblemKind.UNKNOWN_CURRENCY, "cur")], False),
        ({"cur": ""}, [(ProblemKind.UNKNOWN_CURRENCY, "cur")], False),
        ({"sort": "luck"}, [(ProblemKind.BAD_VALUE, "sort")], True),
        ({"per": "week", "for": "fun", "unknown": "maybe"}, [(ProblemKind.BAD_VALUE, key) for key in ("per", "unknown", "for")], True),
        ({"hotspot": "yes,perhaps"}, [(ProblemKind.BAD_VALUE, "hotspot")], True),
        ({"needs": "hotspot,wings"}, [(ProblemKind.BAD_VALUE, "needs")], True),
        ({"days": "0", "times": "1000", "max": "1e3"}, [(ProblemKind.BAD_VALUE, key) for key in ("max", "days", "times")], True),
        ({"full": "yes", "desc": "down"}, [(ProblemKind.BAD_VALUE, "full"), (ProblemKind.BAD_VALUE, "desc")], True),
        ({"in": "de,at,DE", "cur": "eur", "lang": "zh"}, [], True),
    ],
)  # fmt: skip
def test_bad_values_are_named(changes: dict[str, str], expected: list[tuple[ProblemKind, str]], whole: bool) -> None:
    address = question_from_params(GOOD | changes, TODAY, CURRENCIES)
    assert [(problem.kind, problem.key) for problem in address.problems] == expected
    assert (address.question is not None) is whole


def test_what_can_be_read_of_a_bad_address_fills_the_form() -> None:
    draft = question_from_params(GOOD | {"in": "", "to": "soon", "hotspot": "yes"}, TODAY, CURRENCIES).draft
    assert draft == Draft(
        first_day=date(2026, 12, 1),
        need=DataVolume.of("1.5", DataUnit.GB),
        currency="EUR",
        filters=Filters(features=(("hotspot", frozenset({Tri.YES})),)),
    )


def test_an_empty_address_asks_for_everything_that_is_missing_and_invents_nothing() -> None:
    address = question_from_params({}, TODAY, CURRENCIES)
    assert address.draft == Draft()
    assert [problem.kind for problem in address.problems] == [
        ProblemKind.NO_COUNTRY, ProblemKind.NO_DATE, ProblemKind.NO_DATE, ProblemKind.NO_NEED, ProblemKind.UNKNOWN_CURRENCY,
    ]  # fmt: skip


def test_a_form_is_checked_like_an_address() -> None:
    draft = Draft(("DE", "??"), TODAY, TODAY + timedelta(days=3), DataVolume.of(3, DataUnit.GB), NeedBasis.TOTAL, currency="USD")
    assert [problem.kind for problem in draft.problems(TODAY, CURRENCIES)] == [ProblemKind.UNKNOWN_COUNTRY]
    assert draft.question(TODAY, CURRENCIES) is None
