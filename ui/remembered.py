"""What pages remember of their answers so that they need not be worked out again."""

import streamlit as st

from services.use import compare


def forget() -> None:
    """Everything, of every account: the names it is remembered under begin anew with other rows, or its owner wants it gone."""
    st.cache_data.clear()
    st.cache_resource.clear()
    compare.forget()
