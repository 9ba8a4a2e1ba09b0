"""One card, the same everywhere: name, operator, day count, what is left and how old that is, one action."""

import streamlit as st

from services.model.reading import Measure, Validity
from services.rules.balances.urgency import Level
from services.use.readings import CardView
from ui import clock, figures
from ui.cards import figures as card_figures
from ui.cards import words
from ui.cards.desks import reading_desk
from ui.language import _, spoken
from ui.pages import page_at
from ui.text import plain
from ui.words import word

PAGE = "card"


def tile(view: CardView, refreshable: bool) -> None:
    """A tile that leads to the card's page."""
    card = view.card
    with st.container(border=True, height="stretch"):
        st.page_link(page_at(PAGE), label=f"**{plain(card.nickname)}**", query_params={"id": card.card_id})
        summary(view)
        if refreshable:
            st.button(_("Look up now"), key=f"refresh_{card.card_id}", on_click=look_up, args=([card.card_id],), width="stretch")
        else:
            st.page_link(page_at(PAGE), label=_action(view), query_params={"id": card.card_id, "open": "typed"}, icon=":material/edit:")


def summary(view: CardView) -> None:
    """What is known, the day count largest."""
    card = view.card
    place = [figures.country(card.country)] if card.country else []
    st.caption(" · ".join([words.operator(card.operator), word(words.KIND, card.kind.value), *place]))
    st.metric(_counted(view), words.days_left(view.urgency.days_left))
    reasons = [word(words.REASON, reason.value) for reason in view.urgency.reasons]
    badge = words.dateless() if view.urgency.dateless else words.level(view.urgency.level)
    urgency = f"{badge} {' · '.join(reason for reason in reasons if reason)}"
    known = card_figures.lines(view)
    extra = [text for text in (card_figures.pace(view), words.forecast(view.forecast, view.outlook)) if text and known]
    st.markdown("\n\n".join([urgency, "  \n".join([*known, *extra])]).rstrip())
    if view.state is not None and view.state.last_failure is not None:
        failure = view.state.last_failure
        tried = _("Looked up {ago}, without an answer.").format(ago=figures.ago(failure.tried_at, clock.now()))
        kept = _("The figures above are the last good ones.") if known else ""
        failed = _("Look-up failed")
        st.markdown(f":orange-badge[! {failed}] {figures.sentences(tried, words.failed(failure), kept)}")


def _counted(view: CardView) -> str:
    """What the days are counted to: the first date of its readings, or the last safe day of its clock."""
    ends = [item.newest.figure for item in view.state.figures(Measure.VALIDITY)] if view.state is not None else []
    dates = [(end.last_day, words.validity(end)) for end in ends if isinstance(end, Validity)]
    if view.lead is not None and view.lead.latest_safe_day is not None:
        name = spoken(view.lead.rule.name)
        dates.append(
            (
                view.lead.latest_safe_day,
                _("{clock}, last safe day {day}").format(clock=plain(name), day=figures.day(view.lead.latest_safe_day)),
            )
        )
    return min(dates)[1] if dates else _("Days left")


def look_up(card_ids: list[str] | None) -> None:
    """Start a refresh; cards under way are not asked twice."""
    reading_desk().start_refresh(card_ids)


def _action(view: CardView) -> str:
    return _("Enter what is left") if view.urgency.level is Level.UNKNOWN else _("Update the figures")
