"""Whether reminders are alive: one line, on the overview and on the page of reminders."""

import streamlit as st

from services.use.house import house
from services.use.worker import EVERY, last_run
from ui import clock, figures
from ui.language import _
from ui.reminders.desk import reminder_desk
from ui.shell import account

LATE = 6 * EVERY
"""So long without a run is no longer a pause between two."""


def heartbeat() -> None:
    """When reminders last ran, and what to do when that is long ago. Takes over the zone of the browser while nobody has said another."""
    reminder_desk().heed_zone(clock.zone().key)
    now, last = clock.now(), last_run(house(), account())
    if last is None:
        st.caption(":material/notifications: " + _("Reminders have not run yet."))
    elif now - last > LATE:
        st.warning(
            _("Start Simkeeper again, or the worker that sends its reminders. What was missed is caught up."),
            title=_("Reminders last ran {ago}").format(ago=figures.ago(last, now)),
            icon=":material/notifications_off:",
        )
    else:
        st.caption(":material/notifications: " + _("Reminders last ran {ago}").format(ago=figures.ago(min(last, now), now)))
