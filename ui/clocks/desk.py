"""The use case of clocks for this session: its account, its clock."""

from datetime import datetime

from services.use.clocks import ClockDesk
from services.use.house import house
from ui import clock
from ui.shell import account


def clock_desk() -> ClockDesk:
    zone = clock.zone()
    return ClockDesk(house(), account(), lambda: datetime.now(zone))
