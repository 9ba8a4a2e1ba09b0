"""The use cases of cards for this session: its account, its clock."""

from collections.abc import Callable
from datetime import datetime

from services.use.cards import CardDesk
from services.use.connections import ConnectionDesk
from services.use.house import house
from services.use.readings import ReadingDesk
from ui import clock
from ui.shell import account


def card_desk() -> CardDesk:
    return CardDesk(house(), account(), _clock())


def reading_desk() -> ReadingDesk:
    """Its time zone is that of this run: a refresh goes on in a thread that has no session."""
    return ReadingDesk(house(), account(), _clock())


def connection_desk() -> ConnectionDesk:
    return ConnectionDesk(house(), account(), _clock())


def _clock() -> Callable[[], datetime]:
    zone = clock.zone()
    return lambda: datetime.now(zone)
