"""How to ask this operator what is left: codes, words and numbers to copy."""

import streamlit as st

from services.model.card import Card
from services.rules.balance_queries import BalanceQuery, Way, for_operator
from ui.cards import words
from ui.language import _, language, mark
from ui.text import plain
from ui.words import word

WAY = {
    "dial": mark("Dial"),
    "text": mark("Text"),
    "call": mark("Call"),
    "app": mark("App"),
    "web": mark("Website"),
}


def how_to_ask(card: Card) -> None:
    """Every way that is known, the surest first."""
    found = for_operator(card.operator) if card.operator else ()
    if not found:
        st.info(_("We know no code or number of this operator. Its app or hotline tells what is left; type it in here afterwards."))
    for query in found:
        _way(query)


def _way(query: BalanceQuery) -> None:
    chinese = language() == "zh"
    with st.container(border=True):
        head = f"**{word(WAY, query.way.value)}**"
        if query.way is Way.TEXT:
            head += " · " + _("send this word to {number}").format(number=plain(query.to))
        st.markdown(words.labelled(head, plain(query.tells.zh if chinese else query.tells.en)))
        st.code(query.value, language=None)
        if query.note is not None:
            st.caption(plain(query.note.zh if chinese else query.note.en))
        parts = [_("Source: {source}, {day}").format(source=plain(query.source), day=query.as_of)]
        if query.conflict:
            parts.append(_("sources disagree"))
        elif query.confidence == "low":
            parts.append(_("not sure"))
        st.caption(" · ".join(parts))
