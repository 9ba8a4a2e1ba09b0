"""Sources of prices, lists of one's own."""

import streamlit as st

from ui.language import _
from ui.sources import source_switches

st.title(_("Settings"))
st.header(_("Sellers whose public prices may be fetched"))
source_switches()
