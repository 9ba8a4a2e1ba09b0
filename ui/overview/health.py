"""What was spent this month, and whether providers and reminders do their work."""

import streamlit as st

from services.rules.spending import By, sums
from ui import clock, figures
from ui.cards.desks import connection_desk
from ui.language import _, n_
from ui.pages import page_at
from ui.receipts.desk import money, receipt_desk
from ui.reminders.heartbeat import heartbeat
from ui.text import plain


def month() -> None:
    """Each currency by itself; nothing while nothing was ever written down."""
    payments = receipt_desk().payments()
    if not payments:
        return
    today = clock.today()
    spent = sums([one for one in payments if (one.on.year, one.on.month) == (today.year, today.month)], By.CURRENCY)
    amounts = " + ".join(plain(money(item.total)) for item in spent) or _("nothing")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(_("Spent this month: {amounts}").format(amounts=f"**{amounts}**"), width="stretch")
        st.page_link(page_at("receipts"), label=_("Receipts and spending"), icon=":material/receipt_long:")


def health() -> None:
    """One line each; a provider that failed is named, with when."""
    connections = connection_desk().connections()
    failing = [one for one in connections if one.failure is not None and one.failed_at is not None]
    if failing:
        names = [f"{one.facts.name} ({figures.ago(one.failed_at, clock.now())})" for one in failing if one.failed_at is not None]
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                ":material/cloud_off: " + _("The last call failed at: {providers}").format(providers=figures.listing(names)),
                width="stretch",
            )
            st.page_link(page_at("settings"), label=_("Settings"), icon=":material/settings:")
    elif connections:
        answered = n_("{n} connected provider answers", "{n} connected providers answer", len(connections))
        st.caption(":material/cloud_done: " + answered.format(n=figures.number(len(connections))))
    heartbeat()
