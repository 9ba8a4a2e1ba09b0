"""The frame around every page: its title, the navigation, the language."""

from contextlib import nullcontext
from copy import copy
from functools import cache
from pathlib import Path
from typing import Literal

import streamlit as st

from services.model.person import Member, Role
from services.use.house import house
from services.use.people import NotIn, PeopleDesk
from ui import door
from ui.door import account
from ui.field_words import field_words
from ui.invented import invented_notice
from ui.language import LANGUAGES, STATE_KEY, _, browser_language, language, settle_language, speaking
from ui.people.words import ROLE
from ui.samples import samples_notice
from ui.text import plain
from ui.words import word

STYLE = Path(__file__).with_name("style.css")
ASKED = "lang_asked"  # what the address asked for, so that it is heeded once and the switch can change it
SPOKEN = "lang_spoken"  # in the last run; the switch itself may lose what it holds, or be told of it anew, when a run is cut short
LOOKING = frozenset({"", "balances", "compare", "calendar"})
"""Addresses of pages that only show what is kept: what a person does there is done before they are drawn, or beside."""
ICON = Path(__file__).with_name("favicon.png")


__all__ = ["account", "configure", "navigation", "remember_language", "run"]


def configure() -> NotIn | door.Closed | None:
    """The title of the window, who it is, the language. Returns why nobody comes in; None for somebody who does."""
    st.set_page_config(page_title="Simkeeper", page_icon=str(ICON), layout="wide")
    reason, member = _arrive()
    asked = st.query_params.get(STATE_KEY)
    if asked in LANGUAGES and asked != st.session_state.get(ASKED):
        st.session_state[ASKED] = st.session_state[STATE_KEY] = asked
    elif STATE_KEY not in st.session_state:
        st.session_state[STATE_KEY] = st.session_state.get(SPOKEN) or _first_language(reason, member)
    settle_language()
    st.session_state[SPOKEN] = language()
    return reason


def _first_language(reason: NotIn | door.Closed | None, member: Member | None) -> str:
    """The one that was chosen once, else the one of the browser."""
    remembered = None if reason is not None else member.language if member is not None else door.settings().get("language")
    return remembered if remembered in LANGUAGES else browser_language()


def _arrive() -> tuple[NotIn | door.Closed | None, Member | None]:
    """Ask anew who it is: somebody may have been removed since the last run."""
    try:
        return None, door.person(anew=True)
    except (NotIn, door.Closed) as reason:
        return reason, None


def navigation(reason: NotIn | door.Closed | None = None) -> "st.Page":
    """The pages with translated titles at addresses that never change. With a ``reason`` why nobody comes in, nothing of them is shown."""
    position: Literal["top", "hidden"] = "top" if reason is None else "hidden"
    # Copies: a page notes whether it was run, and other sessions run theirs meanwhile.
    return st.navigation([copy(page) for page in _pages(language())], position=position)


@cache
def _pages(code: str) -> tuple["st.Page", ...]:
    """With titles in the language ``code``. Made once for each: making them looks for fourteen files on the disk."""
    with speaking(code):
        return (
            st.Page("../pages/overview.py", title=_("Overview"), icon=":material/home:", default=True),
            st.Page("../pages/balances.py", title=_("Cards"), icon=":material/sim_card:", url_path="balances"),
            st.Page("../pages/renew.py", title=_("Renew"), icon=":material/autorenew:", url_path="renew"),
            st.Page("../pages/card.py", title=_("Card"), url_path="card", visibility="hidden"),
            st.Page("../pages/add_card.py", title=_("Add a card"), url_path="add-card", visibility="hidden"),
            st.Page("../pages/compare.py", title=_("Compare plans"), icon=":material/travel_explore:", url_path="compare"),
            st.Page("../pages/trips.py", title=_("Trip planner"), icon=":material/luggage:", url_path="trips"),
            st.Page("../pages/calendar.py", title=_("Calendar"), icon=":material/calendar_month:", url_path="calendar"),
            st.Page("../pages/reminders.py", title=_("Reminders"), icon=":material/notifications:", url_path="reminders"),
            st.Page("../pages/receipts.py", title=_("Receipts"), icon=":material/receipt_long:", url_path="receipts"),
            st.Page("../pages/orders.py", title=_("Orders"), icon=":material/receipt:", url_path="orders"),
            st.Page("../pages/settings.py", title=_("Settings"), icon=":material/settings:", url_path="settings"),
            st.Page("../pages/data.py", title=_("Backup"), icon=":material/save:", url_path="data"),
            st.Page("../pages/people.py", title=_("People"), icon=":material/group:", url_path="people"),
        )


def run(page: "st.Page", reason: NotIn | door.Closed | None = None) -> None:
    """Draw the language switch and the person, then the page; for a ``reason`` why nobody comes in, only what to do about it."""
    _above(door.person() if reason is None else None)
    st.html(STYLE)
    field_words()
    st.html(f"<script>document.documentElement.lang='{'zh-CN' if language() == 'zh' else 'en'}'</script>", unsafe_allow_javascript=True)
    if reason is not None:
        door.turned_away(reason)
        return
    with house().database.one_look():
        invented_notice(account())
        samples_notice(account())
    # A look of its own: a page asks what is under way before it reads, so that nothing can end unseen between the two.
    with house().database.one_look() if page.url_path in LOOKING else nullcontext():
        page.run()


def _above(member: Member | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if member is not None:
            _person(member)
        st.segmented_control(
            _("Language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key=STATE_KEY,
            label_visibility="collapsed",
            required=True,
            on_change=_speak,
        )
    if member is not None and member.role is Role.VIEWER:
        st.info(_("You can look at everything here and change nothing. An owner of the household can give you another role."))


def _person(member: Member) -> None:
    with st.popover(_("Signed in"), icon=":material/account_circle:", key="person"):
        st.markdown(plain(member.address))
        st.caption(word(ROLE, member.role.value))
        st.page_link("../pages/people.py", label=_("People and sign-in"), icon=":material/group:")
        st.button(_("Sign out"), key="sign_out", icon=":material/logout:", on_click=st.logout, width="stretch")


def _speak() -> None:
    settle_language()
    if language() == st.session_state.get(SPOKEN):
        return  # nobody pressed: the browser repeats what it was told, after a run that was cut short
    st.query_params.pop(STATE_KEY, None)
    try:
        remember_language(language())
    except (NotIn, door.Closed):
        return  # nobody to remember it for


def remember_language(code: str) -> None:
    """For this person; where nobody signs in, for this machine."""
    mine = account()
    if door.person() is None:
        door.settings().put("language", code)
    else:
        PeopleDesk(house(), mine).store.speak(code)
