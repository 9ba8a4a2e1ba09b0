"""Compare plans for a trip."""

import streamlit as st

from ui.compare import form
from ui.compare.answer import answer
from ui.language import _
from ui.sources import price_banner

st.title(_("Compare plans"))
price_banner()
form.ask()
answer()
