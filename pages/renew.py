"""Renew a card, from the first question to the proof."""

import streamlit as st

from ui.language import _
from ui.renew.desk import chosen
from ui.renew.start import overview
from ui.renew.walk import walk_page

st.title(_("Renew"))
walk = chosen()
if walk is None:
    overview()
else:
    walk_page(walk)
