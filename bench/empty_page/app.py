"""The floor: an empty page under the same launcher and the same tuning as the dashboard."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import streamlit as st
from starlette.middleware import Middleware

from ui.web import SecurityHeaders, lifespan

app = st.App("main.py", lifespan=lifespan, middleware=[Middleware(SecurityHeaders)])
