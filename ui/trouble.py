"""An error nobody expected: a short code on the page, the same code and the traceback in the log."""

import logging
import secrets

import streamlit as st

from services.use.configuration import ConfigurationError
from services.use.house import DatabaseDamaged, DatabaseTooNew
from services.use.people import NotAllowed, NotIn
from services.use.storage import Trouble, trouble_of
from ui.door import Closed
from ui.language import _, mark
from ui.people.words import refusal
from ui.text import plain

log = logging.getLogger(__name__)
STORAGE: dict[Trouble, tuple[str, str]] = {
    Trouble.FULL: (
        mark("The disk is full, or takes no more data"),
        mark(
            "The last change was not saved. What was saved before is unharmed. Make room on the disk, then try again: what you typed is kept."
        ),
    ),
    Trouble.READ_ONLY: (
        mark("The data directory cannot be written to"),
        mark(
            "The last change was not saved. What was saved before is unharmed. Allow this program to write to its data directory, or set SIMKEEPER_DATA_DIR to another one, then try again."
        ),
    ),
    Trouble.DAMAGED: (
        mark("The database is damaged"),
        mark(
            "Nothing was written to it. Stop Simkeeper, move the database to another folder and keep it, start again, and restore the newest backup on the page “Backup and data”."
        ),
    ),
    Trouble.BUSY: (
        mark("The database is busy"),
        mark("Another program was writing for too long, so the last change was not saved. Try again: what you typed is kept."),
    ),
    Trouble.UNREACHABLE: (
        mark("The database server does not answer"),
        mark("The last change was not saved. Check that the server is running and can be reached, then try again: what you typed is kept."),
    ),
}


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
    storage = trouble_of(error)
    if storage is not None:
        title, what_to_do = STORAGE[storage]
        log.error("storage: %s", storage.value)
        st.error(_(what_to_do), title=_(title))
        if isinstance(error, DatabaseDamaged):
            st.code(str(error.path), language=None)
        return True
    if isinstance(error, NotAllowed):
        st.error(refusal(error), title=_("Nothing was changed"))
        return True
    if isinstance(error, NotIn | Closed):
        st.info(_("You are signed out, or somebody removed you. Reload this page to sign in."))
        return True
    code = secrets.token_hex(3).upper()
    log.error("code %s", code, exc_info=error)
    st.error(
        _("What you typed is kept. Reload the page and try again; if it happens again, send us this code: {code}").format(code=code),
        title=_("Something went wrong on this page"),
    )
    return True
