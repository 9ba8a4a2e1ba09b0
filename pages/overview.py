"""The first answer: what can be lost and when, then the cards that run low; and what to do when there is no card yet."""

import streamlit as st

from services.rules.balances import Level
from ui.cards.desks import reading_desk
from ui.cards.first import nothing_yet
from ui.cards.progress import progress
from ui.cards.tile import tile
from ui.clocks.overview import overview_answer
from ui.language import _
from ui.trips.link import trip_link

SHOWN = 3

st.title(_("Simkeeper"))
views = reading_desk().board()
if views:
    overview_answer()
    progress()
    able = set(reading_desk().refreshable())
    urgent = [view for view in views if view.urgency.level <= Level.LOW][:SHOWN]
    if urgent:
        st.header(_("What is left"))
    for column, view in zip(st.columns(SHOWN), urgent, strict=False):
        with column:
            tile(view, view.card.card_id in able)
    st.page_link("../pages/balances.py", label=_("See all cards"), icon=":material/sim_card:")
else:
    st.markdown(_("For people who live on prepaid cards: travel eSIMs, pocket Wi-Fi, a home number kept alive from abroad."))
    nothing_yet()
with st.container(border=True):
    st.header(_("Going somewhere?"))
    st.markdown(_("Compare what plans really cost for your dates, your countries and your data."))
    st.page_link("../pages/compare.py", label=_("Compare plans"), icon=":material/travel_explore:")
    trip_link()
