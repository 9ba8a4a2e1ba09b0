"""Reminders: what is due, what comes next, the channels they are sent through, when and how often."""

import streamlit as st

from ui.language import _
from ui.reminders.channels import channels
from ui.reminders.habits import card_habits, habits
from ui.reminders.heartbeat import heartbeat
from ui.reminders.log import log
from ui.reminders.upcoming import upcoming

st.title(_("Reminders"))
heartbeat()
upcoming()
st.header(_("Channels"))
channels()
st.header(_("When you are reminded"))
habits()
for name, label, draw in (("card", _("Other days for one card"), card_habits), ("log", _("What was sent"), log)):
    panel = st.expander(label, on_change="rerun", key=f"reminders_{name}")
    if panel.open:
        with panel:
            draw()
