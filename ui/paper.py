"""A checklist on paper: what lies in a container whose key begins with ``paper_`` is printed, the rest of its page is not (style.css)."""

import streamlit as st

from ui.language import _


def paper_hint() -> None:
    """One line on how a checklist gets onto paper."""
    st.caption(_("Print this page with your browser: only the steps are printed."))
