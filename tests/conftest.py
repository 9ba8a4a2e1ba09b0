"""What every test shares: a data directory of its own, databases on both engines, and nothing of the person who runs the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.postgresql import Cluster, cluster

ROOT = Path(__file__).parent.parent
ENGINES = ("sqlite", "postgresql")

settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


@pytest.fixture
def own_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The process's house on a fresh database. Gives the data directory."""
    from services.use.house import leave_house
    from ui.remembered import forget

    for name in ("SIMKEEPER_DATABASE_URL",):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIMKEEPER_DATA_DIR", str(tmp_path))
    leave_house()
    forget()
    yield tmp_path
    leave_house()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL for all tests of this process, started at the first that asks for it."""
    with cluster() as running:
        running.make_template()
        yield running


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of the test's own; the test runs once on each engine."""
    yield from _database(request, tmp_path / "simkeeper.db", Cluster.migrated)


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As ``database_url``, with no table in it yet."""
    yield from _database(request, tmp_path / "deep" / "simkeeper.db", Cluster.empty)


def _database(request: pytest.FixtureRequest, file: Path, made: Callable[[Cluster], str]) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{file}"
        return
    running: Cluster = request.getfixturevalue("postgresql")
    url = made(running)
    yield url
    running.drop(url)
