"""What ends in a month, day by day; and the same in other calendar programs."""

import streamlit as st

from ui.clocks.feed import calendar_feed
from ui.clocks.month import chosen_month, month_title, month_view
from ui.language import _

first = chosen_month()
st.title(_("Calendar"))
st.header(month_title(first))
month_view(first)
st.header(_("In your own calendar program"))
calendar_feed()
