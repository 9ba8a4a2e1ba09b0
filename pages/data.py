"""Backups made, kept and put back; everything given out in open formats, or deleted for good."""

import streamlit as st

from services.model.person import Role
from ui.data.kept import answer, kept_list, kept_ones
from ui.data.make import make
from ui.data.own import delete_panel, export_panel
from ui.data.restore import restore_panel
from ui.door import for_the_machine, may
from ui.language import _

st.title(_("Backup and data"))
if for_the_machine():
    there = kept_ones()
    answer(there)
    st.header(_("Make a backup"))
    make()
    st.header(_("Restore a backup"))
    restore_panel(there)
    st.header(_("Kept backups"))
    kept_list(there)
else:
    st.info(_("A backup holds every household of this dashboard, so whoever runs it makes and restores backups on its machine."))
st.header(_("Take everything with you"))
export_panel()
if may(Role.OWNER):
    st.header(_("Delete everything"))
    delete_panel()
