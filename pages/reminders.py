"""Reminders: the channels they are sent through."""

import streamlit as st

from ui.language import _
from ui.reminders.channels import channels

st.title(_("Reminders"))
st.header(_("Channels"))
channels()
