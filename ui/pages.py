"""The pages of the dashboard, by their addresses, which never change."""

from functools import cache

import streamlit as st

from ui.language import _, language, speaking


@cache
def pages_in(code: str) -> dict[str, "st.Page"]:
    """Every page at its address, "" the first one, with its title in the language ``code``. Made once for each: to make a page, and to find
    one by its file, the disk is asked several times."""
    with speaking(code):
        return {
            "": st.Page("../pages/overview.py", title=_("Overview"), icon=":material/home:", default=True),
            "balances": st.Page("../pages/balances.py", title=_("Cards"), icon=":material/sim_card:", url_path="balances"),
            "renew": st.Page("../pages/renew.py", title=_("Renew"), icon=":material/autorenew:", url_path="renew"),
            "card": st.Page("../pages/card.py", title=_("Card"), url_path="card", visibility="hidden"),
            "add-card": st.Page("../pages/add_card.py", title=_("Add a card"), url_path="add-card", visibility="hidden"),
            "compare": st.Page("../pages/compare.py", title=_("Compare plans"), icon=":material/travel_explore:", url_path="compare"),
            "trips": st.Page("../pages/trips.py", title=_("Trip planner"), icon=":material/luggage:", url_path="trips"),
            "calendar": st.Page("../pages/calendar.py", title=_("Calendar"), icon=":material/calendar_month:", url_path="calendar"),
            "reminders": st.Page("../pages/reminders.py", title=_("Reminders"), icon=":material/notifications:", url_path="reminders"),
            "receipts": st.Page("../pages/receipts.py", title=_("Receipts"), icon=":material/receipt_long:", url_path="receipts"),
            "orders": st.Page("../pages/orders.py", title=_("Orders"), icon=":material/receipt:", url_path="orders"),
            "settings": st.Page("../pages/settings.py", title=_("Settings"), icon=":material/settings:", url_path="settings"),
            "data": st.Page("../pages/data.py", title=_("Backup"), icon=":material/save:", url_path="data"),
            "people": st.Page("../pages/people.py", title=_("People"), icon=":material/group:", url_path="people"),
        }


def page_at(address: str) -> "st.Page":
    """The page at ``address``, to link to or to switch to. ``page_link`` and ``switch_page`` ask the disk for every file they are given."""
    return pages_in(language())[address]
