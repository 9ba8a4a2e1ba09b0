"""Cards that are owned, as offers for a trip: what is left, where each works, and why one cannot take part."""

from collections.abc import Sequence

import streamlit as st

from services.rules.journeys.offers import OwnedOffer
from services.rules.journeys.question import TripQuestion
from services.rules.places.names import is_country, place_options
from services.use.trips import TripDesk
from ui import figures
from ui.language import _, language, n_
from ui.text import for_label, plain
from ui.trips.words import NOT_OFFERED

WORKS, FAILED = "tripq_works", "tripq_top_ups_failed"
MOST_SHOWN = 30


def cards_owned(desk: TripDesk, question: TripQuestion) -> None:
    """Draw the cards of the account, the ones that can take part first; only while somebody looks."""
    panel = st.expander(_("My cards on this trip"), on_change="rerun", key="tripq_cards")
    if not panel.open:
        return
    with panel:
        offers = sorted(desk.owned(question), key=lambda offer: offer.reason is not None)
        if not offers:
            st.info(_("Cards that you own take part for nothing once they are in Simkeeper with a reading."))
        if not question.use_owned:
            st.info(_("Your cards are not used now. You can change that above."))
        labels = {option.id: option.label for option in place_options(language(), both_languages=True) if is_country(option.id)}
        for offer in offers[:MOST_SHOWN]:
            name = f"tripq_works_{offer.card_id}"
            st.session_state[name] = sorted(offer.countries)
            st.markdown(f"**{plain(offer.nickname)}** · {_state(offer)}")
            st.multiselect(
                _("{card} works in").format(card=for_label(offer.nickname)),
                list(labels),
                format_func=labels.__getitem__,
                key=name,
                on_change=_say_where,
                args=(offer.card_id, name),
                placeholder=_("Choose the countries"),
                select_all=False,
            )
        _top_ups(desk)


def _say_where(card_id: str, name: str) -> None:
    st.session_state[WORKS] = {**st.session_state[WORKS], card_id: frozenset(st.session_state[name])}


def _top_ups(desk: TripDesk) -> None:
    able = desk.can_ask_top_ups()
    if able:
        st.button(_("Ask my sellers for top-ups of these cards"), key="tripq_top_ups", on_click=_ask, args=(desk, able))
    failed = len(st.session_state.get(FAILED, ()))
    if failed:
        st.warning(
            n_(
                "The seller of {n} card did not answer. Try again later.",
                "The sellers of {n} cards did not answer. Try again later.",
                failed,
            ).format(n=failed)
        )


def _ask(desk: TripDesk, cards: Sequence[str]) -> None:
    st.session_state[FAILED] = desk.ask_top_ups(cards)


def _state(offer: OwnedOffer) -> str:
    if offer.reason is not None:
        return _("takes no part: {reason}").format(reason=_(NOT_OFFERED[offer.reason]))
    left = _("Unlimited") if offer.unlimited or offer.left is None else _("{volume} left").format(volume=figures.volume(offer.left.bytes))
    return left if offer.last_day is None else f"{left} · {_('until {day}').format(day=figures.day(offer.last_day))}"
