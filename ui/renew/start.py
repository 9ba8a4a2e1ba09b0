"""The beginning: which card or operator, in what situation, by which channel; and the renewals there are already."""

from collections.abc import Container

import streamlit as st

from services.model.card import Card, CardKind
from services.model.renewal import Begun, Figures, Situation
from services.rules.guides.library import operator_guide, shipped_guides
from services.rules.guides.schema import About
from services.rules.renewals.ranking import RankedChannel, rank
from services.use.operators import home_country, operator_country
from services.use.renewals import Walk, figures_of
from ui import clock, figures
from ui.cards.desks import reading_desk
from ui.cards.words import KIND
from ui.language import _, spoken
from ui.orders.listed import orders_waiting
from ui.renew import words
from ui.renew.checks import link_box
from ui.renew.desk import open_run, payee, renewal_desk
from ui.renew.first_clock import first_clock
from ui.text import plain
from ui.words import word

OTHER = ""


def overview() -> None:
    """What goes on, the form of a new one, the check of a payment page, and what is over."""
    orders_waiting()
    walks = renewal_desk().walks()
    going = [walk for walk in walks if walk.run.is_open]
    if going:
        st.header(_("Going on"))
        _list(going)
    st.header(_("Start a renewal"))
    _form({walk.card_id for walk in going})
    with st.expander(_("Only check a payment page"), icon=":material/link:"):
        link_box(None, None)
    over = [walk for walk in walks if not walk.run.is_open]
    if over:
        st.header(_("Earlier renewals"))
        _list(over)


def _list(walks: list[Walk]) -> None:
    names = {view.card.card_id: view.card.nickname for view in reading_desk().board()}
    for walk in walks:
        run = walk.run
        with st.container(border=True):
            st.markdown(f"**{plain(names.get(walk.card_id or '') or payee(run.begun))}**")
            state = _("Given up") if run.abandoned is not None else word(words.STATUS, run.status)
            parts = [state, word(words.CHANNEL, run.channel), _("{done} of {all} steps").format(done=walk.done, all=len(walk.steps))]
            st.caption(" · ".join([*parts, figures.ago(run.last_at or run.started_at, clock.now())]))
            label = _("Continue") if run.is_open else _("Look at it")
            st.button(label, key=f"open_{walk.renewal_id}", on_click=open_run, args=(walk.renewal_id,), width="stretch")


def _form(going: Container[str | None]) -> None:
    """``going``: the cards of renewals that go on."""
    card, seen = _card()
    if card is None:
        operator, name, kind, country = _operator()
    else:
        first_clock(card.card_id)
        if card.card_id in going:
            st.warning(_("A renewal of this card is going on. Continue that one above, or you may pay twice."))
        operator, name, kind = card.operator, card.nickname, card.kind
        country = home_country(card)
    situation = st.selectbox(
        _("Where are you, or what is in the way?"), list(Situation), format_func=lambda it: word(words.SITUATION, it), key="renew_situation"
    )
    situation = situation or Situation.HOME
    ranked = rank(operator, kind, situation, has_provider=card is not None and card.provider is not None)
    order = {item.channel: item for item in ranked}
    channel = st.radio(
        _("How do you want to pay? The best way for this card stands first."),
        list(order),
        format_func=lambda it: word(words.CHANNEL, it),
        captions=[_reasons(item) for item in ranked],
        key=f"renew_channel_{operator}_{kind}_{situation}",
    )
    begun = Begun(kind, channel, situation, operator, "" if operator else name.strip()[:80], card.card_id if card else None, country)
    named = card is not None or operator is not None or bool(name.strip())
    if not named:
        st.caption(_("Choose the operator first, or write its name."))
    elif operator_guide(operator) is None:
        st.caption(_("We know nothing certain about this operator: which of these ways it has is not confirmed."))
    st.button(_("Start"), type="primary", key="renew_start", on_click=_start, args=(begun, seen), disabled=not named, width="stretch")


def _start(begun: Begun, seen: Figures) -> None:
    open_run(renewal_desk().start(begun, seen))


def _card() -> tuple[Card | None, Figures]:
    """A card of the account, with what it shows; None when it is none of them."""
    views = {view.card.card_id: view for view in reading_desk().board()}
    if not views:
        return None, Figures()
    asked = st.query_params.get("card")
    options = [*views, OTHER]  # the card to act on first stands first
    chosen = st.selectbox(
        _("Card"),
        options,
        index=options.index(asked) if asked in options else 0,
        format_func=lambda it: views[it].card.nickname if it else _("A card that is not in my list"),
        key="renew_card",
    )
    return (views[chosen].card, figures_of(views[chosen].state, clock.today())) if chosen else (None, Figures())


def _operator() -> tuple[str | None, str, CardKind, str | None]:
    """An operator from the guides or one we do not know, and the kind of card."""
    known = [guide.id for guide in shipped_guides().values() if guide.about is About.OPERATOR]
    known.sort(key=lambda it: spoken(shipped_guides()[it].name).casefold())
    chosen = st.selectbox(
        _("Operator or seller"),
        [*known, OTHER],
        index=None,
        format_func=lambda it: spoken(shipped_guides()[it].name) if it else _("Another operator"),
        placeholder=_("Choose, or type a name"),
        key="renew_operator",
    )
    name = st.text_input(_("Its name"), key="renew_operator_name", max_chars=80) if chosen == OTHER else ""
    guide = shipped_guides().get(chosen or "")
    kinds = list(guide.cards) if guide else list(CardKind)
    kind = st.radio(_("Kind of card"), kinds, format_func=lambda it: word(KIND, it), horizontal=True, key=f"renew_kind_{chosen}")
    return chosen or None, name, kind, operator_country(chosen) if chosen else None


def _reasons(item: RankedChannel) -> str:
    """What to open or call, and what speaks for or against it."""
    parts = [spoken(item.entry.name)] if item.entry else []
    return plain(" · ".join([*parts, *(word(words.WHY, reason) for reason in item.why)]))
