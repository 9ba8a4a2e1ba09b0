"""Every field of every recorded answer of every provider: of a wrong type, null, missing, or a word nobody has heard of.

The result is an error of the family, or it states no figure that the true answer did not state.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from services.providers.base import ProviderError
from tests.unit.providers.calls import PROVIDER_IDS, verbs
from tests.unit.providers.mutations import MISSING, UNHEARD_OF, Player, figures, one_of_each

MOST_SPOTS = 40
"""In answers with more different fields than this together, each is changed in one way here."""

CASES = [(provider, verb) for provider in PROVIDER_IDS for verb in verbs(provider)]


@cache
def player(provider: str) -> Player:
    return Player(provider)


def changes(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value is replaced with, and what that is called."""
    yield "null", None
    yield "missing", MISSING
    match value:
        case bool():
            yield "wrong type", UNHEARD_OF
        case int() | float():
            yield "wrong type", [value]
        case str():
            yield "unheard of", UNHEARD_OF
            yield "wrong type", {"text": value}
        case dict() | list():
            yield "wrong type", 7


@pytest.mark.parametrize(("provider", "verb"), CASES, ids=lambda value: str(value))
def test_fields(provider, verb):
    record = player(provider)
    tried = 0
    answers = [one_of_each(exchange.body) for exchange in record.recorded[verb]]
    many = sum(map(len, answers)) > MOST_SPOTS
    for number, exchange in enumerate(record.recorded[verb]):
        for index, (path, value) in enumerate(answers[number]):
            kinds = [each for each in changes(value) if each[1] is not MISSING or (path and not isinstance(path[-1], int))]
            if many:
                kinds = [kinds[index % len(kinds)]]  # the bench run has all of them
            for name, changed in kinds:
                outcome = record.play(verb, record.changed(verb, number, path, changed))
                tried += 1
                where = f"{provider}.{verb}: {name} at {exchange.path} {path}: {outcome!r}"
                if isinstance(outcome, BaseException):
                    assert isinstance(outcome, ProviderError), where
                else:
                    added = figures(outcome) - record.allowed[verb]
                    assert not added, f"{added} by {where}"
    assert tried
