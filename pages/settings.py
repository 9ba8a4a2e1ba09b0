"""Language and currency, accounts at providers, sources of prices, lists of one's own."""

import streamlit as st

from ui.compare.form import forget_currency
from ui.connections import connections
from ui.language import _
from ui.overview.tour import again
from ui.plan_lists import plan_lists
from ui.preferences import preferences
from ui.sources import source_switches

st.title(_("Settings"))
st.header(_("Language and currency"))
preferences(on_currency=forget_currency)
again()
st.header(_("Accounts at providers"))
connections()
st.header(_("Your own plan lists"))
plan_lists()
st.header(_("Sellers whose public prices may be fetched"))
source_switches()
