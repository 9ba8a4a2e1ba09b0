"""Receipts and what they come to."""

import streamlit as st

from services.use.receipts import Wanted
from ui.language import _
from ui.receipts.desk import receipt_desk
from ui.receipts.form import add
from ui.receipts.listing import listing
from ui.receipts.spending import answer, chart_and_table, warnings

st.title(_("Receipts and spending"))
payments = receipt_desk().payments()
answer(payments)
warnings(payments)
add()
listing(receipt_desk().found(Wanted()))
chart_and_table(payments)
