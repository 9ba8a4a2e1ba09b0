"""Everything in open formats, and deleting everything for good."""

import streamlit as st

from services.use.house import house
from services.use.own_data import delete, export
from ui import clock
from ui.language import _, language
from ui.remembered import forget
from ui.shell import account
from ui.waiting import waiting

GONE = "data_gone"


def export_panel() -> None:
    st.caption(
        _("A ZIP with every table as CSV and as JSON, and your photos and PDFs. Any program can read it; it cannot be restored from.")
    )
    secrets = st.checkbox(
        _("With activation codes, PINs and keys, readable: whoever has the file can take these cards"), key="data_export_secrets"
    )
    mine = account()
    st.download_button(
        _("Download everything"),
        data=lambda: export(house(), mine, secrets),
        file_name=f"simkeeper-export-{clock.now():%Y-%m-%d}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        on_click="ignore",
        key="data_export",
        width="stretch",
    )


def delete_panel() -> None:
    if st.session_state.pop(GONE, False):
        st.success(_("Everything was deleted. Nothing of it is left on this machine."))
    st.markdown(
        _(
            "Cards, readings, renewals, receipts, trips, keys and settings are deleted, and every kept backup with them. Nobody can bring them back. Files that you downloaded yourself stay where you put them."
        )
    )
    wanted = _("DELETE")
    typed = st.text_input(
        _("Type {word} to confirm").format(word=wanted), key=f"delete_typed_{language()}", max_chars=20, autocomplete="off", live=True
    )
    st.button(
        _("Delete everything for good"),
        key="data_delete",
        icon=":material/delete_forever:",
        disabled=typed.strip().casefold() != wanted.casefold(),
        on_click=_delete,
        args=(account(),),
    )


def _delete(whose: str) -> None:
    with waiting(_("Deleting everything")):
        delete(house(), whose, clock.now())
        spoken = language()
        forget()
        for key in [key for key in st.session_state if key != "lang"]:
            del st.session_state[key]
        st.session_state["lang"] = spoken
        st.session_state[GONE] = True
