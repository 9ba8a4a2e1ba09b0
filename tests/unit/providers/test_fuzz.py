"""Answers with anything in them changed, a short run. ``python -m bench.provider_fuzz`` has 10,000 cases for each provider."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.providers.calls import PROVIDER_IDS
from tests.unit.providers.mutations import Player, random_change, trouble


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
