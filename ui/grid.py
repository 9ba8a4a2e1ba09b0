"""Tiles beside and below each other, as many in a row as fit."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def grid(name: str) -> DeltaGenerator:
    """A container for tiles, each a container with ``height="stretch"``. ``name``: one of its own on the page. The style sheet lays them
    out: one element for all, where columns need one for each row and one for each place in it."""
    return st.container(key=f"tiles_{name}")
