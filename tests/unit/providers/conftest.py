from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.providers.lab import Lab


@pytest.fixture
def lab() -> Iterator[Callable[..., Lab]]:
    """``lab("esimaccess")`` opens a provider with its emulator; all are closed afterwards."""
    opened: list[Lab] = []

    def make(provider: str, **options: Any) -> Lab:
        opened.append(Lab(provider, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
