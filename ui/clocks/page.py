"""The part of a card's page that is about its clocks."""

import streamlit as st

from services.use.known_clocks import CardClocks
from ui.clocks import state as one
from ui.clocks import words
from ui.clocks.ask import outcome, question, record
from ui.clocks.correct import corrections
from ui.clocks.desk import clock_desk
from ui.clocks.ribbon import ribbon
from ui.language import _


def card_clocks(card_id: str) -> None:
    """Everything about what ends when on this card; nothing when the card is not there."""
    clocks = clock_desk().of_card(card_id)
    if clocks is None:
        return
    st.header(_("What ends when"))
    outcome()
    _rule(clocks)
    ribbon(clocks)
    for state in clocks.states:
        with st.container(border=True):
            one.headline(clocks, state)
            question(clocks, state)
            name = f"{card_id}_{state.rule.id}"
            if state.rule.ladder:
                panel = st.expander(
                    _("What happens after the date"), on_change="rerun", key=f"clock_ladder_{name}", expanded=state.is_overdue
                )
                if panel.open:
                    with panel:
                        one.ladder(clocks, state)
            panel = st.expander(_("Why this date"), on_change="rerun", key=f"clock_why_{name}")
            if panel.open:
                with panel:
                    one.why(clocks, state)
    for key, label, draw in (
        ("event", _("Record what happened"), record),
        ("fix", _("Correct a figure"), corrections),
    ):
        panel = st.expander(label, on_change="rerun", key=f"clock_{key}_{card_id}")
        if panel.open:
            with panel:
                draw(clocks)


def _rule(clocks: CardClocks) -> None:
    if clocks.is_assumed:
        st.warning(
            _("Nothing is known of this operator. The dates rest on an assumption, drawn from similar cards: {rule}.").format(
                rule=words.said(clocks.rule.name)
            ),
            title=_("Assumed, not known"),
        )
    else:
        st.caption(_("By the rules of {operator}").format(operator=words.said(clocks.rule.name)))
