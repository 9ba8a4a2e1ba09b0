"""Above every page: which providers are only a sandbox, so that nobody takes invented cards and balances for real ones."""

import streamlit as st

from services.use.connections import ConnectionDesk
from services.use.house import house
from ui import figures
from ui.language import _


def invented_notice(account: str) -> None:
    """Nothing when every connection is real."""
    names = [facts.name for facts in ConnectionDesk(house(), account).invented()]
    if names:
        st.warning(
            _("Cards, balances and orders of {providers} come from the sandbox and are invented. Disconnect it in the settings.").format(
                providers=figures.listing(names)
            )
        )
