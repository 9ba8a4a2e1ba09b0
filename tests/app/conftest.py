"""The whole app on a house of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from tests.app.driving import fresh_app


@pytest.fixture(autouse=True, scope="package")
def no_components_of_others() -> Iterator[None]:
    """Streamlit reads what every installed package says of itself, for each app anew, to find components; none is used here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)
        yield


@pytest.fixture
def app(own_house: Path) -> AppTest:
    return fresh_app()
