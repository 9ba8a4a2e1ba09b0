"""A till of the test's own, on each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.orders.till import OpenTill, Till, open_till


@pytest.fixture
def till(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenTill]:
    opened = []

    def at(provider: str = "esimaccess") -> Till:
        context = open_till(tmp_path, monkeypatch.setitem, provider, database_url)
        opened.append(context)
        return context.__enter__()

    yield at
    for context in opened:
        context.__exit__(None, None, None)
