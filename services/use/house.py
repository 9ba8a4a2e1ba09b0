"""What one process holds: its configuration, its database, its background loop. Made once, shared by every session."""

import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from services.providers.rate_limits import RATE_LIMITS, RateLimits, SharedRateLimits
from services.rules.compare.frame import PlanFrame
from services.store.database import Database, DatabaseDamaged, DatabaseTooNew, can_open
from services.store.people import Directory
from services.store.snapshot import take, write_whole
from services.use.background import Background
from services.use.configuration import Configuration, ConfigurationError, read_configuration
from services.use.kept_sandbox import KeptSandbox
from services.use.known_cards import KnownCards
from services.use.known_clocks import KnownClocks
from services.use.log_scrub import scrub_logs
from services.use.provider_turns import TurnLedger
from services.use.refresh import Refresh
from services.use.stage import Stage
from services.use.trip_pool import TripPool

__all__ = ["BACKUPS", "DatabaseDamaged", "DatabaseTooNew", "House", "house", "leave_house", "open_house"]

BACKUPS = "backups"
"""Folder of the data directory for backups that are kept without being asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """``lock`` guards what must happen once per process. ``stages``: how far the fetch of an account's source has
    come. ``frames``: the plans of an account in columns, with the revision they were read at. ``known_cards`` and ``refreshes``: of an
    account, what is kept of its cards, and their refresh under way. ``sandboxes``: the emulators an account is connected to."""

    configuration: Configuration
    database: Database
    background: Background = field(default_factory=Background)
    lock: threading.RLock = field(default_factory=threading.RLock)
    stages: dict[tuple[str, str], Stage] = field(default_factory=dict)
    frames: dict[str, tuple[int, PlanFrame]] = field(default_factory=dict)
    known_cards: dict[str, KnownCards] = field(default_factory=dict)
    known_clocks: dict[str, KnownClocks] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    trips: TripPool = field(default_factory=TripPool)
    sandboxes: dict[tuple[str, str], KeptSandbox] = field(default_factory=dict)

    def rate_limits(self) -> RateLimits:
        """What is booked of the limits of providers: kept in the database where several dashboards share one."""
        return SharedRateLimits(TurnLedger(self.database), RATE_LIMITS) if self.database.is_postgresql else RATE_LIMITS

    def close(self) -> None:
        self.trips.close()
        self.background.close()
        self.database.close()


def open_house(configuration: Configuration) -> House:
    """Open and migrate the database. Before an upgrade, a SQLite file is copied beside itself, and of any other database a backup is kept.
    Raises ConfigurationError, DatabaseTooNew, DatabaseDamaged, or SQLAlchemy's OperationalError."""
    scrub_logs()
    if not can_open(configuration.database_url):
        raise ConfigurationError("database_url", "not_a_database")
    database = Database(configuration.database_url)

    def keep(schema: str) -> None:
        if database.file is None:
            path = configuration.data_dir / BACKUPS / f"before-upgrade-from-{schema}.zip"
            write_whole(path, lambda target: take(database, target, datetime.now(UTC)))

    database.migrate(before_upgrade=keep)
    Directory(database).settle(configuration.sign_in.households, datetime.now(UTC))
    return House(configuration, database)


_opening = threading.Lock()


@cache
def _house() -> House:
    return open_house(read_configuration())


def house() -> House:
    """The house of this process."""
    with _opening:
        return _house()


def leave_house() -> None:
    """Close the house of this process; the next call of ``house`` opens it anew."""
    with _opening:
        if _house.cache_info().currsize:
            _house().close()
            _house.cache_clear()


if __name__ == "__main__":
    try:
        print(f"database ready: {house().database.engine.url.render_as_string(hide_password=True)}")
    except (ConfigurationError, DatabaseTooNew, DatabaseDamaged) as error:
        sys.exit(f"Simkeeper cannot start: {error}")
