"""The first answer: what can be lost and when, what to do next, what is low; and what all this is for when there is no card yet."""

import streamlit as st

from services.rules.balances.urgency import Reason
from ui.cards.desks import reading_desk
from ui.cards.progress import going_on, progress
from ui.cards.tile import tile
from ui.clocks.overview import overview_answer
from ui.grid import grid
from ui.language import _
from ui.overview.ahead import ahead, what_next
from ui.overview.health import health, month
from ui.overview.tour import offer, tour
from ui.overview.welcome import welcome
from ui.pages import page_at
from ui.trips.link import trip_link

SHOWN = 3
OF_DATES = {Reason.DATE_PASSED, Reason.DATE_NEAR, Reason.NOTHING_KNOWN}

st.title(_("Simkeeper"))
asking = going_on()
tour()
views = reading_desk().board()
if views:
    overview_answer(what_next)
    progress(asking)
    able = set(reading_desk().refreshable())
    low = [view for view in views if set(view.urgency.reasons) - OF_DATES][:SHOWN]
    if low:
        st.header(_("What is left"))
        with grid("low"):
            for view in low:
                tile(view, view.card.card_id in able)
    st.page_link(page_at("balances"), label=_("See all cards"), icon=":material/sim_card:")
    ahead()
    month()
    health()
    with st.container(border=True):
        st.header(_("Going somewhere?"))
        st.markdown(_("Compare what plans really cost for your dates, your countries and your data."))
        st.page_link(page_at("compare"), label=_("Compare plans"), icon=":material/travel_explore:")
        trip_link()
else:
    welcome()
    ahead()
offer()
