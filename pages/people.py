"""Who belongs to the household, what each may do, and who changed what."""

import streamlit as st

from services.model.person import Role
from ui.language import _
from ui.people.household import desk, invitation, people
from ui.people.log import log

st.title(_("People and sign-in"))
me = desk().me()
if me is None:
    st.info(_("Nobody signs in here: only this machine can open this page. docs/sign-in.md says how to let your household in."))
else:
    st.header(_("Your household"))
    people()
    if me.role is Role.OWNER:
        st.header(_("Invite somebody"))
        invitation()
st.header(_("Who changed what"))
log(desk())
