"""Orders placed from here: those that somebody has to look at, the spending limits, and all there were."""

import streamlit as st

from ui.language import _
from ui.orders.listed import limits, settled, waiting

st.title(_("Orders"))
st.header(_("Not settled"))
waiting()
st.header(_("Spending limits"))
limits()
st.header(_("Settled"))
settled()
