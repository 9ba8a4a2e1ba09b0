"""What every test shares: a data directory of its own, and nothing of the person who runs the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

ROOT = Path(__file__).parent.parent


@pytest.fixture
def own_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The process's house on a fresh database. Gives the data directory."""
    from services.use.house import leave_house

    for name in ("SIMKEEPER_DATABASE_URL",):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIMKEEPER_DATA_DIR", str(tmp_path))
    leave_house()
    st.cache_data.clear()  # its keys name accounts and revisions, which begin anew in a fresh house
    yield tmp_path
    leave_house()
