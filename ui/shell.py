"""The frame around every page: its title, the navigation, the language."""

from base64 import b64encode
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass
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
from ui.pages import page_at, pages_in
from ui.people.words import ROLE
from ui.samples import samples_notice
from ui.text import plain
from ui.words import word

STYLE = Path(__file__).with_name("style.css").read_text("utf-8")
ASKED = "lang_asked"  # what the address asked for, so that it is heeded once and the switch can change it
SPOKEN = "lang_spoken"  # in the last run; the switch itself may lose what it holds, or be told of it anew, when a run is cut short
LOOKING = frozenset({"", "balances", "compare", "calendar"})
"""Addresses of pages that only show what is kept: what a person does there is done before they are drawn, or beside."""
ICON = f"data:image/png;base64,{b64encode(Path(__file__).with_name('favicon.png').read_bytes()).decode()}"
SPOKEN_AS = {"zh": "zh-CN", "en": "en"}
"""What a page says its language is, for the voice that reads it."""

__all__ = ["account", "configure", "navigation", "remember_language", "run"]


def configure() -> NotIn | door.Closed | None:
    """The title of the window, who it is, the language. Returns why nobody comes in; None for somebody who does."""
    st.set_page_config(page_title="Simkeeper", page_icon=ICON, layout="wide")
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
    return st.navigation([copy(page) for page in pages_in(language()).values()], position=position)


def run(page: "st.Page", reason: NotIn | door.Closed | None = None) -> None:
    """Draw the language switch and the person, then the page; for a ``reason`` why nobody comes in, only what to do about it."""
    _above(door.person() if reason is None else None)
    st.html(_style(language()))
    st.html(_Markup(f"<script>document.documentElement.lang='{SPOKEN_AS[language()]}'</script>"), unsafe_allow_javascript=True)
    if reason is not None:
        door.turned_away(reason)
        return
    with house().database.one_look():
        invented_notice(account())
        samples_notice(account())
    # A look of its own: a page asks what is under way before it reads, so that nothing can end unseen between the two.
    with house().database.one_look() if page.url_path in LOOKING else nullcontext():
        page.run()


@dataclass(frozen=True, slots=True)
class _Markup:
    """HTML that says itself what it is: of a text Streamlit asks the disk whether it names a file."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


@cache
def _style(code: str) -> str:
    """The style sheet and the words in it; read once, for a rerun is to ask nothing of the disk."""
    with speaking(code):
        return f"<style>{STYLE}\n{field_words()}</style>"


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
        st.page_link(page_at("people"), label=_("People and sign-in"), icon=":material/group:")
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
