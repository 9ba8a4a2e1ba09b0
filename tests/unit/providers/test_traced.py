"""References that say what was ordered."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.providers.base import check_reference
from services.providers.traced import SKEW, WITHIN, Trace, Traces, mark_of, traced_reference

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CARDS = st.from_regex(r"[0-9A-F]{18,22}", fullmatch=True)
TIMES = st.integers(1_700_000_000, 3_500_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(CARDS, st.text(min_size=1), TIMES)
def test_a_reference_says_card_product_and_time_and_every_provider_takes_it(card: str, product: str, at: datetime) -> None:
    reference = check_reference(traced_reference(card, product, at))
    assert Traces().of("any account", reference) == Trace(card, mark_of(product), at)


@given(CARDS, TIMES)
def test_two_references_for_the_same_are_different(card: str, at: datetime) -> None:
    made = {traced_reference(card, "1024:30", at) for _ in range(8)}
    assert len(made) > 1


@pytest.mark.parametrize("card", ["", "8" * 25, "8999-1", "8999 1"])
def test_a_card_that_does_not_fit_is_an_error_and_no_other_card(card: str) -> None:
    with pytest.raises(ValueError):
        traced_reference(card, "1024:30", NOW)


def test_other_references_are_remembered_by_account_and_the_first_trace_holds() -> None:
    traces = Traces()
    assert traces.of("a", "order-0001") is None
    first, second = Trace("8999", "aaaaaaaa", NOW), Trace("8999", "aaaaaaaa", NOW, frozenset({"12"}))
    traces.keep("a", "order-0001", first)
    traces.keep("a", "order-0001", second)
    assert traces.of("a", "order-0001") == first
    assert traces.of("b", "order-0001") is None


def test_what_fits_a_trace() -> None:
    trace = Trace("8999", mark_of("1024:30"), NOW, frozenset({"old"}))
    assert trace.fits("new", "1024:30", NOW)
    assert trace.fits("new", "1024:30", NOW - SKEW)
    assert not trace.fits("new", "1024:30", NOW - SKEW - timedelta(seconds=1))
    assert not trace.fits("new", "1024:30", NOW + WITHIN + timedelta(seconds=1))
    assert not trace.fits("new", "1024:", NOW)
    assert not trace.fits("old", "1024:30", NOW)


def test_an_order_belongs_to_the_reference_that_claimed_it_first() -> None:
    traces = Traces()
    assert traces.free_for("a", "12", "one")
    traces.claim("a", "12", "one")
    traces.claim("a", "12", "two")
    assert traces.free_for("a", "12", "one")
    assert not traces.free_for("a", "12", "two")
    assert traces.free_for("b", "12", "two")
