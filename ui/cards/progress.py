"""A refresh as it goes on: how many are done, which are being asked, and a way to stop."""

import streamlit as st

from ui import figures, words
from ui.cards import words as card_words
from ui.cards.desks import card_desk, reading_desk
from ui.language import _, mark, n_
from ui.text import plain
from ui.turns import fragment

POLL_S = 0.5
SHOWN = 6


def going_on() -> bool:
    """Ask before the figures are read: what comes in between would be missing from a page that draws itself no more."""
    refresh = reading_desk().refreshing()
    return refresh is not None and refresh.under_way


def progress(was_going_on: bool) -> None:
    """Above the cards while a refresh is under way; afterwards one line that says how it went.

    ``was_going_on``: when the figures of this page were read; if so, the page is drawn once more when all are over.
    """
    refresh = reading_desk().refreshing()
    if refresh is None or not (refresh.stages or was_going_on):
        return
    if was_going_on or refresh.under_way:
        _running()
        return
    failed = sum(stage.value == "failed" for stage in refresh.stages.values())
    good = len(refresh.stages) - failed
    parts = [n_("{n} card looked up", "{n} cards looked up", good).format(n=figures.number(good))]
    if failed:
        parts.append(n_("{n} failed; its last reading is kept", "{n} failed; their last readings are kept", failed).format(n=failed))
    st.caption(" · ".join(parts))


@fragment(run_every=POLL_S)
def _running() -> None:
    """Drawn alone; the whole page follows when all are over."""
    refresh = reading_desk().refreshing()
    if refresh is None or not refresh.under_way:
        st.rerun()
        return
    names = {card.card_id: card.nickname for card in card_desk().all()}
    stages = dict(refresh.stages)
    st.progress(
        refresh.done / max(1, len(stages)),
        text=_("Looking up: {done} of {all} done. You can go on; what comes in is kept at once.").format(
            done=refresh.done, all=len(stages)
        ),
    )
    waiting = [(card_id, stage) for card_id, stage in stages.items() if not stage.is_over]
    for card_id, stage in waiting[:SHOWN]:
        st.caption(card_words.labelled(plain(names.get(card_id, "")), words.word(STAGE, stage.value)))
    if len(waiting) > SHOWN:
        more = len(waiting) - SHOWN
        st.caption(n_("and {n} more", "and {n} more", more).format(n=more))
    st.button(_("Stop looking up"), key="cancel_refresh", on_click=reading_desk().cancel_refresh)


STAGE = {"waiting": mark("waiting"), "fetching": mark("being asked"), "storing": mark("being asked")}
