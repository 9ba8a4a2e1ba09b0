"""What Simkeeper does for you, and what to do next."""

import streamlit as st

from ui.language import _

st.title(_("Simkeeper"))
st.markdown(_("For people who live on prepaid cards: travel eSIMs, pocket Wi-Fi, a home number kept alive from abroad."))
with st.container(border=True):
    st.header(_("Going somewhere?"))
    st.markdown(_("Compare what plans really cost for your dates, your countries and your data."))
    st.page_link("../pages/compare.py", label=_("Compare plans"), icon=":material/travel_explore:")
