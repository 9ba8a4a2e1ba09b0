"""What a person waits for, said where they look: at the lower edge of the window, since a callback draws above the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say ``text`` until the block is over. Whatever must happen together belongs inside: a second press may end the run at its end."""
    with st.container(key="waiting"), st.spinner(text):
        yield
