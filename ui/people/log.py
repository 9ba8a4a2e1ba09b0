"""Who changed what, the newest first."""

import streamlit as st

from services.use.people import PeopleDesk
from ui import clock, figures
from ui.language import _
from ui.people.words import deed
from ui.text import plain

AT_ONCE = 25
BEFORE = "log_before"


def log(desk: PeopleDesk) -> None:
    """One line for each thing; older ones on request."""
    before = st.session_state.get(BEFORE)
    found = desk.deeds(AT_ONCE + 1, before)
    if not found:
        st.caption(_("Nothing was changed yet."))
    lines = []
    for _number, done in found[:AT_ONCE]:
        who = _("this machine") if done.who is None else plain(done.who)
        lines.append(f"- {figures.moment(done.at.astimezone(clock.zone()))} · **{who}** · {deed(done)}")
    st.markdown("\n".join(lines))
    with st.container(horizontal=True):
        if before is not None:
            st.button(_("Newest"), key="log_newest", on_click=_go, args=(None,))
        if len(found) > AT_ONCE:
            st.button(_("Older"), key="log_older", on_click=_go, args=(found[AT_ONCE - 1][0],))


def _go(before: int | None) -> None:
    st.session_state[BEFORE] = before
