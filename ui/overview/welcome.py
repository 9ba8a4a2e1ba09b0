"""For somebody who has no card here yet: the three jobs, each one press away, and cards to try them with."""

import streamlit as st

from ui.grid import grid
from ui.language import _
from ui.pages import page_at
from ui.samples import samples_offer
from ui.shell import account


def welcome() -> None:
    st.markdown(_("For people who live on prepaid cards: travel eSIMs, pocket Wi-Fi, a home number kept alive from abroad."))
    with grid("jobs"):
        with st.container(border=True, height="stretch"):
            st.header(_("Before a trip"))
            st.markdown(_("See what each plan really costs for your dates, your countries and your data, and which mix is the cheapest."))
            st.page_link(page_at("compare"), label=_("Compare plans"), icon=":material/travel_explore:")
            st.page_link(page_at("trips"), label=_("Plan a trip"), icon=":material/luggage:")
        with st.container(border=True, height="stretch"):
            st.header(_("Every card you have"))
            st.markdown(_("See what is left on each card, how we know, and the day on which its number, money or data would be lost."))
            st.page_link(page_at("add-card"), label=_("Add a card"), icon=":material/add:")
            samples_offer(account())
        with st.container(border=True, height="stretch"):
            st.header(_("Topping up"))
            st.markdown(_("Walk through a renewal step by step, check the payment page and the number, and keep the proof."))
            st.page_link(page_at("renew"), label=_("Renew a card"), icon=":material/autorenew:")
    st.caption(_("Nothing you enter leaves this machine until you connect a provider or set up a channel for reminders. No key is needed."))
