"""The lists that were imported, each with a way to remove it."""

import streamlit as st

from services.store.catalogue import SourceRow
from services.use.plan_lists import PlanListDesk
from ui import clock, figures
from ui.language import _, n_
from ui.text import plain

REMOVING = "list_removing"
REPORT = "list_report"
"""What the last import came to."""


def lists(desk: PlanListDesk) -> None:
    """One line per list. Removing asks once more."""
    found = desk.lists()
    if not found:
        st.caption(_("No list was imported yet."))
    for row in found:
        with st.container(border=True):
            _line(desk, row)


def _line(desk: PlanListDesk, row: SourceRow) -> None:
    plans = n_("{n} plan", "{n} plans", row.plan_count).format(n=figures.number(row.plan_count))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        parts = [f"**{plain(row.label)}**", plans]
        if row.succeeded_at is not None:
            parts.append(_("imported {ago}").format(ago=figures.ago(row.succeeded_at, clock.now())))
        st.markdown(" · ".join(parts), width="stretch")
        if st.session_state.get(REMOVING) != row.source:
            st.button(
                _("Remove"),
                key=f"list_remove_{row.source}",
                help=_("Remove “{name}”").format(name=plain(row.label)),
                on_click=_ask,
                args=(row.source,),
            )
    if st.session_state.get(REMOVING) == row.source:
        st.warning(
            _("Remove this list and its plans from the comparison? The file on your machine stays."),
            title=_("Remove “{name}”?").format(name=plain(row.label)),
        )
        with st.container(horizontal=True):
            st.button(_("Remove the list"), key="list_remove_yes", type="primary", on_click=_remove, args=(desk, row.source))
            st.button(_("Keep it"), key="list_remove_no", on_click=_ask, args=(None,))


def _ask(source: str | None) -> None:
    st.session_state[REMOVING] = source


def _remove(desk: PlanListDesk, source: str) -> None:
    desk.remove(source)
    st.session_state.pop(REPORT, None)
    _ask(None)
