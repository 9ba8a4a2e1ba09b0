"""What presses most on a card, and so what a renewal of it is for: its first clock decides the words."""

from collections.abc import Mapping

import streamlit as st

from services.model.clock import ClockKind
from ui import figures
from ui.clocks import words as clock_words
from ui.clocks.desk import clock_desk
from ui.language import _, mark
from ui.words import word

PURPOSE: Mapping[str, str] = {
    ClockKind.VALIDITY: mark("A top-up prolongs the validity."),
    ClockKind.INACTIVITY: mark("Use that counts, or a top-up, starts the time anew."),
    ClockKind.TOP_UP_ONLY: mark("Only a top-up or a plan starts the time anew; use alone does not."),
    ClockKind.WALLET_FEE: mark("A fee leaves the balance. There must be enough money in it on the day."),
    ClockKind.ARREARS: mark("A fee falls due whether or not there is money. What is owed has to be paid."),
    ClockKind.BUNDLE: mark("The plan ends. The next one has to be bought."),
    ClockKind.ACTIVATE_BY: mark("What was bought has to be started. Paying again does not help."),
    ClockKind.RECYCLING: mark("An unused profile is taken back. Connect it, or buy the next plan."),
}


def first_clock(card_id: str) -> None:
    """One line on the clock that presses most; nothing for a card that is gone."""
    clocks = clock_desk().of_card(card_id)
    if clocks is None:
        return
    lead = clocks.lead
    if lead is None:
        st.caption(_("Nothing is known to end on this card."))
        return
    parts = [f"**{clock_words.said(lead.rule.name)}** · {clock_words.count(lead)}", word(PURPOSE, lead.rule.kind.value)]
    if lead.is_overdue and lead.due is not None:
        parts.append(_("The date passed on {day}.").format(day=f"**{clock_words.day(lead.due, lead)}**"))
        if lead.rescue_until is not None and lead.rescue_until > lead.now:
            parts.append(_("It can be saved before {day}.").format(day=f"**{clock_words.day(lead.rescue_until, lead)}**"))
    elif lead.latest_safe_day is not None:
        parts.append(_("Last safe day: {day}.").format(day=f"**{figures.day(lead.latest_safe_day)}**"))
    with st.container(border=True):
        st.markdown("  \n".join(parts))
