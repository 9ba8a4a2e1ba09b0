"""The launcher: ``streamlit run app.py`` or ``uvicorn app:app``. The router is ui/main.py, never beside ``pages/``."""

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from ui.compressed import CompressedStatics
from ui.web import CALENDAR, REMIND, Doorkeeper, SecurityHeaders, calendar, healthz, lifespan, metrics, remind, report, secrets_of_sign_in

app = st.App(
    "ui/main.py",
    lifespan=lifespan,
    routes=[
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route(CALENDAR, calendar),
        Route(REMIND, remind, methods=["GET", "POST"]),
    ],
    middleware=[Middleware(SecurityHeaders), Middleware(Doorkeeper), Middleware(CompressedStatics)],
    secrets=secrets_of_sign_in(),
    on_script_error=report,
)
