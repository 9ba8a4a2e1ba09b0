"""The use case of reminders for this session: its account. The zone is that of the person's habits, which begin with the browser's."""

from services.use.house import house
from services.use.reminders import ReminderDesk
from ui import clock
from ui.shell import account


def reminder_desk() -> ReminderDesk:
    return ReminderDesk(house(), account(), clock.now)
