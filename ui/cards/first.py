"""The first answer: what is due, and what to do when there is nothing yet."""

import streamlit as st

from services.rules.balances.urgency import Level
from services.use.readings import CardView
from ui import figures
from ui.language import _, n_
from ui.pages import page_at
from ui.samples import samples_offer
from ui.shell import account
from ui.text import plain


def answer(views: list[CardView]) -> None:
    """One sentence over all cards, the most urgent first."""
    urgent = [view for view in views if view.urgency.level <= Level.LOW]
    unknown = sum(view.urgency.level is Level.UNKNOWN for view in views)
    days = [view.urgency.days_left for view in views if view.urgency.days_left is not None]
    if urgent:
        first = plain(urgent[0].card.nickname)
        said = n_("{n} card needs you. First: {name}.", "{n} cards need you. First: {name}.", len(urgent)).format(n=len(urgent), name=first)
    elif days:
        said = _("Nothing is due for {days}.").format(days=figures.days(min(days)))
    else:
        said = _("No date is known of any card yet.")
    if unknown:
        said = figures.sentences(
            said, n_("Nothing is known yet about {n} card.", "Nothing is known yet about {n} cards.", unknown).format(n=unknown)
        )
    st.markdown(f"**{said}**")


def nothing_yet() -> None:
    """What to do first."""
    with st.container(border=True):
        st.markdown(_("There is no card here yet. Add one: photograph its QR code, type its number, or take it over from a provider."))
        st.page_link(page_at("add-card"), label=_("Add a card"), icon=":material/add:")
        samples_offer(account())
