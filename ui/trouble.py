"""An error nobody expected: a short code on the page, the same code and the traceback in the log."""

import logging
import secrets

import streamlit as st

from ui.language import _

log = logging.getLogger(__name__)


def report(error: Exception) -> bool:
    """Draw the message for ``error``. True tells Streamlit that nothing more is to be shown."""
    code = secrets.token_hex(3).upper()
    log.error("code %s", code, exc_info=error)
    st.error(
        _("What you typed is kept. Reload the page and try again; if it happens again, send us this code: {code}").format(code=code),
        title=_("Something went wrong on this page"),
    )
    return True
