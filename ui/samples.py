"""Loading and removing the sample cards, and the notice while they are there."""

import streamlit as st

from services.use.house import house
from services.use.samples import SampleDesk
from ui import clock
from ui.language import _, language


def _desk(account: str) -> SampleDesk:
    return SampleDesk(house(), account, language(), clock.now)


def samples_offer(account: str) -> None:
    """One press that brings the sample cards, for somebody who has no card yet."""
    st.button(
        _("Try it with sample cards"), key="samples_load", on_click=_load, args=(account,), icon=":material/science:", type="tertiary"
    )


def _load(account: str) -> None:
    _desk(account).load()


def samples_notice(account: str) -> None:
    """Above every page while sample cards are there: what they are, and the one press that takes them away."""
    if not _desk(account).loaded():
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="samples_notice"):
        st.markdown(_("**Sample cards** are among yours. They are invented, and nobody is reminded of them."), width="stretch")
        st.button(_("Remove the samples"), key="samples_remove", on_click=_remove, args=(account,), icon=":material/delete:")


def _remove(account: str) -> None:
    _desk(account).remove()
