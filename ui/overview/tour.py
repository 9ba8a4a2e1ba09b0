"""A tour of four small steps for somebody new. It stands on the first page alone, is offered and never begins by itself, and how far it
is stays with the account."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from services.model.person import Role
from services.use.house import house
from ui import door
from ui.door import for_the_machine, may
from ui.language import _, mark
from ui.pages import page_at
from ui.text import plain

OVERVIEW = ""
SETTING = "tour"
NOT_BEGUN, OVER = 0, -1
"""What is kept instead of the number of a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step says, and the ways that it shows: page, label, icon."""

    title: str
    text: str
    ways: tuple[tuple[str, str, str], ...]


STEPS = (
    Step(
        mark("Before a trip"),
        mark("Say where you go, when, and how much data you need. You get the real total for your trip, the cheapest first, and why."),
        (
            ("compare", mark("Compare plans"), ":material/travel_explore:"),
            ("trips", mark("Plan a trip"), ":material/luggage:"),
        ),
    ),
    Step(
        mark("Every card you have"),
        mark(
            "A QR code, a phone number or just a name is enough for a start. The card's page then keeps what is left on it and every date that can end something."
        ),
        (("add-card", mark("Add a card"), ":material/add:"),),
    ),
    Step(
        mark("Topping up"),
        mark(
            "One step after the other, also on a phone at the counter. At the end you enter what the card shows, so you know that it counted."
        ),
        (("renew", mark("Renew a card"), ":material/autorenew:"),),
    ),
    Step(
        mark("Reminders and your data"),
        mark(
            "Choose where reminders go: mail, Telegram, Bark, your calendar and others. A backup is one file, and everything can be deleted."
        ),
        (
            ("reminders", mark("Reminders"), ":material/notifications:"),
            ("data", mark("Backup and data"), ":material/save:"),
        ),
    ),
)


def at() -> int:
    """The step, from 1; or NOT_BEGUN, or OVER."""
    kept = st.session_state.get(SETTING, door.settings().get(SETTING))
    return kept if isinstance(kept, int) and OVER <= kept <= len(STEPS) else NOT_BEGUN


def go(step: int) -> None:
    """To ``step``. Somebody who may only look keeps it for the session alone."""
    if may(Role.EDITOR):
        door.settings().put(SETTING, step)
    else:
        st.session_state[SETTING] = step


def offer() -> None:
    """One line for somebody who has not taken the tour and not skipped it."""
    if at() != NOT_BEGUN:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="tour_offer"):
        st.markdown(_("New here? Four short steps show what is where."), width="stretch")
        _press("tour_begin", _("Show me"), 1)
        _press("tour_refuse", _("No, thanks"), OVER)


def tour() -> None:
    """The step that the tour is at; nothing before it was begun and after it is over."""
    number = at()
    if number < 1:
        return
    step, last = STEPS[number - 1], number == len(STEPS)
    with st.container(border=True, key="tour"):
        st.header(_("{n} of {all}: {title}").format(n=number, all=len(STEPS), title=_(step.title)))
        # One text in every step: a piece more would shift what follows, and the button under somebody's finger or key would be a new one.
        st.markdown("\n\n".join([_(step.text), *([_where()] if last else [])]))
        with st.container(horizontal=True):
            for page, label, icon in step.ways:
                st.page_link(page_at(page), label=_(label), icon=icon)
        with st.container(horizontal=True):
            _press("tour_next", _("Done") if last else _("Next step"), OVER if last else number + 1, "primary")
            if number > 1:
                _press("tour_back", _("Back"), number - 1)
            if not last:
                _press("tour_skip", _("Skip the tour"), OVER)


def again() -> None:
    """In the settings: the way back to the tour."""
    if st.button(_("Show the tour"), key="tour_again", icon=":material/tour:"):
        go(1)
        st.switch_page(page_at(OVERVIEW))


def _where() -> str:
    configuration = house().configuration
    if for_the_machine() and configuration.database_url.startswith("sqlite"):
        folder = plain(str(configuration.data_dir))
        return _("All of it lies on this machine, in the folder {folder}.").format(folder=folder)
    return _("All of it lies on the machine that runs this dashboard, and only your household sees it.")


def _press(key: str, label: str, step: int, kind: Literal["primary", "secondary"] = "secondary") -> None:
    st.button(label, key=key, type=kind, on_click=go, args=(step,))
