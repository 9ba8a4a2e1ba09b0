"""Everything left on every card, the one to act on first."""

import streamlit as st

from ui.cards import board
from ui.cards.desks import reading_desk
from ui.cards.duplicates import duplicates
from ui.cards.exchange import export_panel
from ui.cards.first import answer, nothing_yet
from ui.cards.progress import going_on, progress
from ui.cards.tile import look_up
from ui.language import _
from ui.pages import page_at

st.title(_("Cards and balances"))
asking = going_on()
views = reading_desk().board()
if not views:
    nothing_yet()
else:
    answer(views)
    with st.container(horizontal=True):
        st.page_link(page_at("add-card"), label=_("Add a card"), icon=":material/add:")
        if reading_desk().refreshable():
            st.button(_("Look up all cards"), key="refresh_all", on_click=look_up, args=(None,), icon=":material/refresh:")
    progress(asking)
    duplicates()
    shown = board.filtered(views)
    if not shown:
        st.info(_("No card passes these filters. Clear one of them."))
    board.tiles(shown)
    board.several(shown)
    export_panel([view.card for view in shown])
