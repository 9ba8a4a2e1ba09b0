"""An error nobody expected: a short code on the page, the same code and the traceback in the log."""

import logging
import secrets

import streamlit as st

from services.use.configuration import ConfigurationError
from services.use.house import DatabaseTooNew
from ui.language import _
from ui.text import plain

log = logging.getLogger(__name__)


def report(error: Exception) -> bool:
    """Draw the message for ``error``. True tells Streamlit that nothing more is to be shown."""
    if isinstance(error, DatabaseTooNew):
        st.error(
            _(
                "A newer Simkeeper has used it, so this one leaves it alone. Nothing was changed. Start the newer version, or set SIMKEEPER_DATA_DIR to an empty directory."
            ),
            title=_("This version cannot open your database"),
        )
        return True
    if isinstance(error, ConfigurationError):
        st.error(
            _(
                "Correct “{name}” in the environment or in .streamlit/secrets.toml and start again. Addresses of providers begin with https."
            ).format(name=plain(error.name)),
            title=_("A setting cannot be used"),
        )
        return True
    code = secrets.token_hex(3).upper()
    log.error("code %s", code, exc_info=error)
    st.error(
        _("What you typed is kept. Reload the page and try again; if it happens again, send us this code: {code}").format(code=code),
        title=_("Something went wrong on this page"),
    )
    return True
