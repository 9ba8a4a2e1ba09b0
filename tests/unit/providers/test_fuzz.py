"""Answers with anything in them changed, a short run. ``python -m bench.provider_fuzz`` has 10,000 cases for each provider."""

import re
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.providers.calls import PROVIDER_IDS
from tests.unit.providers.mutations import Change, Player, nodes, put, random_change, trouble

EDGES = ("0001-01-01 00:00:00", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59", "9999-12-31T23:59:59Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@cache
def player(provider: str) -> Player:
    return Player(provider)


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_no_crash_and_no_invented_figure(provider):
    record = player(provider)

    @settings(max_examples=50, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(record.recorded)), st.randoms(use_true_random=False))
    def fuzz(verb, luck):
        assert trouble(record, verb, random_change(luck, record.recorded[verb])) is None

    fuzz()


@pytest.mark.parametrize("provider", PROVIDER_IDS)
def test_a_date_at_the_edge_of_all_calendars_breaks_nothing(provider):
    record, found = player(provider), []
    for verb, exchanges in record.recorded.items():
        for number, exchange in enumerate(exchanges):
            dates = [path for path, value in nodes(exchange.body) if isinstance(value, str) and DATE.match(value)]
            for path, edge in product(
                dates, ("0001-01-01 00:00:00", "0001-01-01T00:00:00Z", "9999-12-31 23:59:59", "9999-12-31T23:59:59Z")
            ):
                changed = list(exchanges)
                changed[number] = replace(exchange, body=put(exchange.body, path, edge))
                found.append(trouble(record, verb, Change(changed, f"{edge} at {path}", False)))
    assert [one for one in found if one is not None] == []
