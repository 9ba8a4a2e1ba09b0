"""The life of a card in one line: bought, installed, active, low, expired, rescue window, lost."""

import streamlit as st

from services.rules.lifecycle import LifeStage, Place, life
from services.use.readings import CardView
from ui import clock, figures
from ui.clocks.desk import clock_desk
from ui.language import _, mark
from ui.words import word

STAGE: dict[str, str] = {
    LifeStage.BOUGHT: mark("Bought"),
    LifeStage.INSTALLED: mark("Installed"),
    LifeStage.ACTIVE: mark("Active"),
    LifeStage.LOW: mark("Low"),
    LifeStage.EXPIRED: mark("Expired"),
    LifeStage.RESCUE: mark("Rescue window"),
    LifeStage.LOST: mark("Lost"),
}
LOOK = {Place.BEHIND: "✓ {text}", Place.HERE: "**● {text}**", Place.AHEAD: ":gray[○ {text}]", Place.UNKNOWN: ":gray[? {text}]"}


def strip(view: CardView) -> None:
    """A tick for what is behind the card, a dot for where it stands, a circle for what is to come, a question mark for what is not known."""
    clocks = clock_desk().of_card(view.card.card_id)
    states = () if clocks is None or clocks.is_assumed else clocks.states
    steps = life(view.card, view.state, view.urgency, states, clock.today())
    parts = []
    for step in steps:
        name, day = word(STAGE, step.stage), "" if step.day is None else figures.day(step.day)
        if day and step.stage is LifeStage.RESCUE:
            day = _("until {day}").format(day=day)
        parts.append(LOOK[step.place].format(text=f"{name} {day}".strip()))
    st.markdown(" → ".join(parts))
    if all(step.place is not Place.HERE for step in steps):
        known = view.state is not None and bool(view.state.fields)
        if any(step.day is not None for step in steps):
            st.caption(
                _("Whether this card is in use already is not known. Enter the day of its first use under “{heading}”.").format(
                    heading=_("Change this card")
                )
            )
        elif known:
            st.caption(_("Nobody has entered a date of this card, so where it stands is not known. Enter the dates you remember."))
        else:
            st.caption(_("Nothing is known about this card yet. Enter what is left, or the dates you remember."))
