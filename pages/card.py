"""One card: what is left, its life, its history, its numbers and codes."""

import streamlit as st

from ui.cards import about
from ui.cards.ask import how_to_ask
from ui.cards.desks import reading_desk
from ui.cards.history import history
from ui.cards.install import secrets_panel
from ui.cards.paste import paste_form
from ui.cards.progress import going_on, progress
from ui.cards.strip import strip
from ui.cards.tile import look_up, summary
from ui.cards.typed import typed_form
from ui.clocks.page import card_clocks
from ui.language import _
from ui.orders.auto import by_itself
from ui.pages import page_at
from ui.text import plain

card_id = st.query_params.get("id", "")
asking = going_on()
view = reading_desk().view(card_id)
if view is None:
    st.title(_("Card"))
    st.info(_("This card is not here. It may have been deleted, or merged with another one."))
    st.page_link(page_at("balances"), label=_("See all cards"), icon=":material/sim_card:")
else:
    card = view.card
    st.title(plain(card.nickname))
    st.page_link(page_at("balances"), label=_("All cards"), icon=":material/arrow_back:")
    progress(asking)
    if st.session_state.pop("kept", False):
        st.success(_("Kept."))
    with st.container(border=True):
        summary(view)
        strip(view)
        if card_id in reading_desk().refreshable():
            st.button(_("Look up now"), key="refresh_card", on_click=look_up, args=([card_id],), icon=":material/refresh:")
        st.page_link(page_at("renew"), label=_("Renew this card"), icon=":material/autorenew:", query_params={"card": card_id})
        st.page_link(page_at("receipts"), label=_("Receipts of this card"), icon=":material/receipt_long:", query_params={"card": card_id})
    card_clocks(card_id)
    opened = st.query_params.get("open", "")
    sections = [
        ("typed", _("Enter what is left"), lambda: typed_form(card)),
        ("paste", _("Paste a message"), lambda: paste_form(card)),
        ("ask", _("How to ask for the balance"), lambda: how_to_ask(card)),
        ("history", _("History"), lambda: history(card_id)),
        ("numbers", _("Numbers and people"), lambda: about.numbers(card)),
        ("codes", _("Installing it: QR code, PIN, PUK"), lambda: secrets_panel(card)),
        ("limits", _("When it counts as low"), lambda: about.limits(card)),
        ("auto", _("Renew it by itself"), lambda: by_itself(card)),
        ("edit", _("Change this card"), lambda: about.edit(card)),
        ("delete", _("Delete this card"), lambda: about.delete(card)),
    ]
    for name, label, draw in sections:
        panel = st.expander(label, expanded=name == opened, on_change="rerun", key=f"open_{name}_{card_id}")
        if panel.open:
            with panel:
                draw()
