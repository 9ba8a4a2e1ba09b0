"""The answer to "what can be lost, and when", and the cards in the order in which to act."""

from collections.abc import Callable

import streamlit as st

from services.use.clock_answers import Answer, answer
from services.use.clocks import Moves
from services.use.known_clocks import CardClocks
from ui import clock, figures
from ui.clocks import words
from ui.clocks.desk import clock_desk
from ui.grid import grid
from ui.language import _, n_
from ui.pages import page_at
from ui.text import plain
from ui.words import word

CARD = "card"
CALENDAR = "calendar"
SHOWN = 6
MOVES = 20


def overview_answer(what_next: Callable[[], None]) -> None:
    """The sentence, ``what_next``, what newer rules moved, and the first cards. Nothing when there is no card."""
    desk = clock_desk()
    cards = desk.all()
    if not cards:
        return
    said = answer(cards)
    st.header(_sentence(said))
    more = _more(said)
    if more:
        st.markdown(more)
    what_next()
    _moves(desk.moves())
    pressing = [clocks for clocks in cards if clocks.lead is not None][:SHOWN]
    with grid("clocks"):
        for clocks in pressing:
            _card(clocks)
    st.page_link(page_at(CALENDAR), label=_("See the month"), icon=":material/calendar_month:")


def _sentence(said: Answer) -> str:
    """What comes first: what is over its date; else the day before which nothing can be lost, or is known to be."""
    if said.overdue:
        return n_("{n} card is past its date: act today", "{n} cards are past their date: act today", said.overdue).format(
            n=figures.number(said.overdue)
        )
    if said.before is None:
        if said.unknown:
            return _("Nothing is known yet of what can be lost")
        return _("Nothing is left to lose")
    day = figures.day(said.before.astimezone(clock.zone()).date())
    if said.unknown:
        return _("Nothing is known to be lost before {day}").format(day=day)
    return _("Nothing can be lost before {day}").format(day=day)


def _more(said: Answer) -> str:
    parts = []
    if said.overdue and said.before is not None:
        day = figures.day(said.before.astimezone(clock.zone()).date())
        parts.append(_("Nothing else is known to be lost before {day}.").format(day=f"**{day}**"))
    if said.unknown:
        count = n_("{n} card has a date that nobody knows.", "{n} cards have a date that nobody knows.", said.unknown)
        unsafe = _("Unknown does not mean safe: open the card and answer one question.")
        unknown = words.badge("gray", "?", _("Unknown"))
        parts.append(f"{unknown} {figures.sentences(count.format(n=figures.number(said.unknown)), unsafe)}")
    return "  \n".join(parts)


def _card(clocks: CardClocks) -> None:
    lead = clocks.lead
    assert lead is not None
    with st.container(border=True, height="stretch"):
        st.page_link(page_at(CARD), label=f"**{plain(clocks.card.nickname)}**", query_params={"id": clocks.card.card_id})
        st.metric(words.said(lead.rule.name), words.count(lead))
        st.markdown(words.urgency(lead) + words.assumed_badge(clocks.is_assumed))
        if lead.due is not None and lead.is_overdue:
            st.markdown(_("The date passed on {day}.").format(day=f"**{words.day(lead.due, lead)}**"))
            if lead.rescue_until is not None and lead.rescue_until > lead.now:
                st.markdown(_("It can be saved before {day}.").format(day=f"**{words.day(lead.rescue_until, lead)}**"))
        elif lead.due is not None:
            st.markdown(_("Ends on {day}").format(day=f"**{words.day(lead.due, lead)}**"))
        elif lead.not_before is not None:
            st.markdown(_("Nothing ends before {day}.").format(day=f"**{words.day(lead.not_before, lead)}**"))
        if lead.latest_safe_day is not None and not lead.is_overdue:
            st.caption(_("Last safe day: {day}.").format(day=figures.day(lead.latest_safe_day)))
        if lead.unknown is not None:
            st.markdown(word(words.QUESTION, lead.unknown.ask.value))
            st.page_link(page_at(CARD), label=_("Answer"), query_params={"id": clocks.card.card_id}, icon=":material/edit:")


def _moves(moves: Moves) -> None:
    if moves == Moves():
        return
    with st.container(border=True):
        st.subheader(_("Newer rules moved these dates"))
        for card, move, rule in moves.moved[:MOVES]:
            before, after = (
                figures.day(at.astimezone(clock.zone()).date()) if at is not None else _("not known") for at in (move.before, move.after)
            )
            if move.is_new:
                change = _("new: {after}").format(after=f"**{after}**")
            elif move.is_gone:
                change = _("before {before}, now no longer counted").format(before=before)
            else:
                change = _("before {before}, now {after}").format(before=before, after=f"**{after}**")
            st.page_link(page_at(CARD), label=f"**{plain(card.nickname)}**", query_params={"id": card.card_id})
            st.markdown(figures.labelled(words.said(rule.name), change))
        rest = len(moves.moved) - MOVES
        if rest > 0:
            st.caption(n_("and {n} more", "and {n} more", rest).format(n=figures.number(rest)))
        for card, kept in moves.unfit:
            st.markdown(
                _("Your figure for {card} no longer fits the newer rule and is not used: {value}").format(
                    card=plain(card.nickname), value=plain(str(kept.override.value))
                )
            )
        st.button(_("I have seen this"), key="clock_moves_seen", on_click=_dismiss)


def _dismiss() -> None:
    clock_desk().dismiss_moves()
