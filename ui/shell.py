"""The frame around every page: its title, the navigation, the language."""

from pathlib import Path

import streamlit as st

from services.store.database import LOCAL_ACCOUNT
from services.store.settings import SettingsStore
from services.use.house import house
from ui.invented import invented_notice
from ui.language import LANGUAGES, STATE_KEY, _, browser_language, language, settle_language
from ui.samples import samples_notice
from ui.web import is_local

STYLE = Path(__file__).with_name("style.css")
ASKED = "lang_asked"  # what the address asked for, so that it is heeded once and the switch can change it
ICON = Path(__file__).with_name("favicon.png")


def account() -> str:
    """Whose rows this session reads and writes."""
    return LOCAL_ACCOUNT


def configure() -> None:
    st.set_page_config(page_title="Simkeeper", page_icon=str(ICON), layout="wide")
    asked = st.query_params.get(STATE_KEY)
    if asked in LANGUAGES and asked != st.session_state.get(ASKED):
        st.session_state[ASKED] = st.session_state[STATE_KEY] = asked
    elif STATE_KEY not in st.session_state:
        remembered = _settings().get("language")
        st.session_state[STATE_KEY] = remembered if remembered in LANGUAGES else browser_language()
    settle_language()


def navigation() -> "st.Page":
    """The pages with translated titles at addresses that never change."""
    groups = {
        "": [
            st.Page("../pages/overview.py", title=_("Overview"), icon=":material/home:", default=True),
            st.Page("../pages/balances.py", title=_("Cards and balances"), icon=":material/sim_card:", url_path="balances"),
            st.Page("../pages/renew.py", title=_("Renew"), icon=":material/autorenew:", url_path="renew"),
            st.Page("../pages/card.py", title=_("Card"), url_path="card", visibility="hidden"),
            st.Page("../pages/add_card.py", title=_("Add a card"), url_path="add-card", visibility="hidden"),
            st.Page("../pages/compare.py", title=_("Compare plans"), icon=":material/travel_explore:", url_path="compare"),
            st.Page("../pages/trips.py", title=_("Trip planner"), icon=":material/luggage:", url_path="trips"),
            st.Page("../pages/settings.py", title=_("Settings"), icon=":material/settings:", url_path="settings"),
        ],
        _("More"): [
            st.Page("../pages/calendar.py", title=_("Calendar"), icon=":material/calendar_month:", url_path="calendar"),
            st.Page("../pages/reminders.py", title=_("Reminders"), icon=":material/notifications:", url_path="reminders"),
            st.Page("../pages/receipts.py", title=_("Receipts and spending"), icon=":material/receipt_long:", url_path="receipts"),
            st.Page("../pages/data.py", title=_("Backup and data"), icon=":material/save:", url_path="data"),
        ],
    }
    # One list: on a phone Streamlit draws named groups as lists that a screen reader cannot read out.
    return st.navigation([page for group in groups.values() for page in group], position="top")


def run(page: "st.Page") -> None:
    """Draw the language switch, then the page; or, on an address open to others, only what has to be set first."""
    if not is_local(st.get_option("server.address")):
        _refuse()
        return
    _language_switch()
    st.html(STYLE)
    st.html(f"<script>document.documentElement.lang='{'zh-CN' if language() == 'zh' else 'en'}'</script>", unsafe_allow_javascript=True)
    invented_notice(account())
    samples_notice(account())
    page.run()


def _refuse() -> None:
    st.title(_("Simkeeper is closed here"))
    st.error(
        _("This address can be reached from other machines, and nobody has to sign in. Set server.address to 127.0.0.1 and start again."),
    )


def _language_switch() -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.segmented_control(
            _("Language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            key=STATE_KEY,
            label_visibility="collapsed",
            required=True,
            on_change=_remember_language,
        )


def _remember_language() -> None:
    settle_language()
    st.query_params.pop(STATE_KEY, None)
    _settings().put("language", language())


def _settings() -> SettingsStore:
    return SettingsStore(house().database, account())
