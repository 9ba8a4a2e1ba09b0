"""The words of reminders: what one is about, and how its message fared."""

from collections.abc import Mapping
from datetime import datetime

from services.model.reminder import Matter, Slot
from services.rules.reminders import messages
from services.rules.reminders.messages import Saying
from services.store.reminders import MessageStatus
from services.use.reminders import Standing, zone_of
from ui import clock, figures
from ui.language import language, mark
from ui.reminders.desk import reminder_desk
from ui.text import plain

MATTER: Mapping[str, str] = {
    Matter.VALIDITY: mark("Valid until a date"),
    Matter.INACTIVITY: mark("Has to be used"),
    Matter.TOP_UP_ONLY: mark("Has to be topped up"),
    Matter.WALLET_FEE: mark("Fee taken from the credit"),
    Matter.ARREARS: mark("Fee that falls due anyway"),
    Matter.BUNDLE: mark("End of a plan"),
    Matter.ACTIVATE_BY: mark("Has to be activated"),
    Matter.RECYCLING: mark("Profile that is taken back"),
    Matter.RESCUE: mark("Last chance after the date"),
    Matter.RETURN: mark("Device to be given back"),
    Matter.REFUND: mark("Last day of a claim"),
    Matter.RENEWAL_PENDING: mark("Paid, and nothing has counted yet"),
    Matter.LOW_DATA: mark("Little data left"),
    Matter.LOW_MONEY: mark("Low balance"),
    Matter.LOOK_UP_FAILED: mark("Look-ups that fail"),
}
STATUS: Mapping[str, str] = {
    MessageStatus.CLAIMED: mark("is about to be sent"),
    MessageStatus.HANDED: mark("is being sent"),
    MessageStatus.SENT: mark("sent"),
    MessageStatus.FAILED: mark("failed, and is tried again"),
    MessageStatus.UNKNOWN: mark("may have arrived, and is not sent again"),
    MessageStatus.REPLACED: mark("failed, and went through the other channel"),
    MessageStatus.GIVEN_UP: mark("failed for good"),
    MessageStatus.OBSOLETE: mark("no longer needed"),
}
SHAPE: Mapping[str, str] = {
    MessageStatus.SENT: "●",
    MessageStatus.FAILED: "▲",
    MessageStatus.GIVEN_UP: "▲",
    MessageStatus.REPLACED: "▲",
    MessageStatus.UNKNOWN: "◆",
}


def saying() -> Saying:
    zone = zone_of(reminder_desk().habits())
    return Saying(language(), zone, clock.now().astimezone(zone).date())


def head(standing: Standing, said: Saying) -> str:
    """The line that the message itself begins with."""
    return plain(messages.head(standing.topic, standing.due.slot if standing.due is not None else Slot(0, 0, 0), said))


def moment(at: datetime) -> str:
    """When, by the clock of the person's zone."""
    here = at.astimezone(zone_of(reminder_desk().habits()))
    return f"{figures.day(here.date())} {figures.clock_time(here)}"
