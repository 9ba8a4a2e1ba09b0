"""Making a backup to download."""

import streamlit as st

from services.use.backup import SHORTEST_PASSPHRASE, file_name, make_bytes
from services.use.house import house
from ui import clock
from ui.language import _, n_


def make() -> None:
    """The passphrase, what it changes, and the button."""
    st.caption(_("One file with every card, reading, renewal, receipt, trip and setting, as it is at this moment."))
    typed = st.text_input(
        _("Passphrase (optional)"), type="password", key="backup_passphrase", max_chars=200, autocomplete="new-password", live=True
    )
    passphrase = typed or None
    too_short = passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE
    if too_short:
        text = n_("Use at least {n} character.", "Use at least {n} characters.", SHORTEST_PASSPHRASE).format(n=SHORTEST_PASSPHRASE)
        st.warning(text, icon=":material/password:")
    elif passphrase is None:
        st.caption(
            _(
                "Without a passphrase, anybody who has the file can read it, apart from activation codes, PINs and keys: these stay locked and can be read on this machine alone."
            )
        )
    else:
        st.caption(
            _(
                "The whole file is encrypted, and activation codes, PINs and keys travel inside. Nobody can open it without the passphrase, and nobody can tell you the passphrase if you forget it."
            )
        )
    name = file_name(clock.now(), passphrase)
    now = clock.now()
    st.download_button(
        _("Make a backup and download it"),
        data=lambda: make_bytes(house(), now, passphrase),
        file_name=name,
        mime="application/octet-stream",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        disabled=too_short,
        key="backup_make",
        width="stretch",
    )
