"""The calendar in other programs: a file, and a secret address to subscribe to that can be revoked."""

from collections.abc import Callable
from urllib.parse import urlsplit

import streamlit as st

from services.use.calendar_feed import CalendarFeeds
from services.use.configuration import LOCAL_ADDRESS
from services.use.house import house
from ui import clock, figures
from ui.calendar_feed import address, calendar_file
from ui.language import LANGUAGES, _, language
from ui.shell import account
from ui.text import plain
from ui.turns import fragment

ASKED, SHOWN = "feed_asked", "feed_shown"
"""Which step is about to be taken; whether the address is to be seen."""


@fragment
def calendar_feed() -> None:
    """The whole section, drawn alone when something in it changes."""
    st.markdown(_("Every last safe day, every day a device goes back, and every step of your trips, each with reminders of its own."))
    st.download_button(
        _("Download the calendar (.ics)"),
        data=_file(account(), language(), clock.zone().key),
        file_name="simkeeper.ics",
        mime="text/calendar",
        on_click="ignore",
        icon=":material/download:",
        key="feed_download",
    )
    st.subheader(_("Subscribe at a secret address"))
    feed = CalendarFeeds(house(), account()).feeds().get(language())
    if feed is None:
        st.markdown(
            _(
                "A calendar program that subscribes follows every change by itself. Whoever has the address can read the names of your cards and their dates."
            )
        )
        st.button(_("Make a secret address"), key="feed_make", on_click=_make, icon=":material/link:")
        return
    spoken, since = LANGUAGES[feed.language], figures.ago(feed.made_at, clock.now())
    st.caption(_("Entries in {language}, address made {ago}").format(language=plain(spoken), ago=since))
    if feed.token is None:
        st.error(_("The address cannot be read any more: the key file of this machine was changed. Make a new one."))
    elif st.toggle(_("Show the address"), key=SHOWN):
        st.code(address(_base(), feed.token), language=None, wrap_lines=True)
        st.caption(
            _(
                "Paste it in the calendar program under “subscribe” or “add by address”. The program must reach this dashboard: an address with 127.0.0.1 works on this machine alone."
            )
        )
    with st.container(horizontal=True):
        st.button(_("Make a new address"), key="feed_renew", on_click=_ask, args=("renew",))
        st.button(_("Close the address"), key="feed_close", on_click=_ask, args=("close",))
    _confirm()


def _file(whose: str, spoken: str, zone: str) -> Callable[[], bytes]:
    """Builds the file on the click."""
    return lambda: calendar_file(house(), whose, spoken, zone).content


def _base() -> str:
    """Where the dashboard is opened: as configured, else as this browser has it."""
    configured = house().configuration.base_url
    if configured != LOCAL_ADDRESS or not st.context.url:
        return configured
    parts = urlsplit(st.context.url)
    return f"{parts.scheme}://{parts.netloc}"


def _confirm() -> None:
    asked = st.session_state.get(ASKED)
    if asked is None:
        return
    st.warning(
        _("Programs that subscribed no longer get anything from the address. The entries they have stay until they are removed there."),
        title=_("Make a new address?") if asked == "renew" else _("Close the address?"),
    )
    with st.container(horizontal=True):
        yes = _("Make it") if asked == "renew" else _("Close it")
        st.button(yes, key="feed_yes", type="primary", on_click=_make if asked == "renew" else _close)
        st.button(_("Keep it"), key="feed_no", on_click=_ask, args=(None,))


def _ask(what: str | None) -> None:
    st.session_state[ASKED] = what


def _make() -> None:
    CalendarFeeds(house(), account()).open(language(), clock.zone().key)
    _ask(None)


def _close() -> None:
    CalendarFeeds(house(), account()).close(language())
    st.session_state[SHOWN] = False
    _ask(None)
