"""The whole app on a house of the test's own."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.driving import fresh_app


@pytest.fixture
def app(own_house: Path) -> AppTest:
    return fresh_app()
