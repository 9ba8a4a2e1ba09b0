"""A page with a title and a button that shows the time."""

import time

import streamlit as st

st.title("Empty")
st.button("Again")
st.text(f"{time.time()}")
