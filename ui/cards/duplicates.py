"""Two cards that are probably one: what differs, and the merge that loses nothing."""

import streamlit as st

from services.model.card import Card
from services.use.cards import differences
from ui.cards import words
from ui.cards.desks import card_desk, reading_desk
from ui.language import _, n_
from ui.text import plain
from ui.words import word


def duplicates() -> None:
    """Shown only while there are any."""
    pairs = reading_desk().twins()
    if not pairs:
        return
    with st.expander(n_("{n} card is probably here twice", "{n} cards are probably here twice", len(pairs)).format(n=len(pairs))):
        for one, other in pairs[:10]:
            _pair(one, other)


def _pair(one: Card, other: Card) -> None:
    st.markdown(f"**{plain(one.nickname)}** = **{plain(other.nickname)}**")
    for item in differences(one, other):
        if item.field != "nickname":
            st.caption(words.labelled(word(words.FIELD, item.field), f"{plain(item.kept)} ≠ {plain(item.other)}"))
    st.caption(_("Merging keeps all readings of both. What the second says otherwise stays readable on the card's page."))
    with st.container(horizontal=True):
        for stays, goes in ((one, other), (other, one)):
            st.button(
                _("Merge into “{name}”").format(name=plain(stays.nickname)),
                key=f"merge_{stays.card_id}_{goes.card_id}",
                on_click=_merge,
                args=(stays.card_id, goes.card_id),
            )


def _merge(stays: str, goes: str) -> None:
    card_desk().merge(stays, goes)
