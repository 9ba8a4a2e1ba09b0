"""One order that was placed: where it stands, what was found, and what to do by hand."""

import streamlit as st

from services.model.intent import IntentStatus, KeptIntent
from services.model.money import Money
from services.providers.facts import facts_of
from services.rules.orders.machine import OPEN
from services.store.orders import NoSuchIntent
from services.store.vault import SecretUnreadable
from ui import clock, figures
from ui.cards.desks import reading_desk
from ui.language import _, n_
from ui.orders import words
from ui.orders.desk import order_desk, price
from ui.text import plain
from ui.turns import fragment
from ui.words import word

I = IntentStatus  # noqa: E741 - read as "I.READY"
POLL_S = 1.0
ON_ITS_WAY = frozenset({I.READY, I.SENDING})


def outcome(kept: KeptIntent) -> None:
    """What became of an order, followed while it is on its way."""
    if kept.status in ON_ITS_WAY:
        _on_its_way(kept.intent.intent_id)
    said = {I.CONFIRMED: st.success, I.PENDING: st.warning, I.UNKNOWN: st.error, I.FAILED: st.error}.get(kept.status, st.info)
    said(_advice(kept), title=word(words.STATUS, kept.status))
    facts(kept)
    if kept.has_pin:
        _code(kept)
    if kept.status in (I.UNKNOWN, I.PENDING):
        _look(kept)
    if kept.status is I.UNKNOWN:
        _by_hand(kept)
    _history(kept)


@fragment(run_every=POLL_S)
def _on_its_way(intent_id: str) -> None:
    """Drawn alone; the whole page follows when an answer is there."""
    try:
        kept = order_desk().store.get(intent_id)
    except NoSuchIntent:
        st.rerun()
    if kept.status not in ON_ITS_WAY:
        st.rerun()
    name = facts_of(kept.intent.provider).name
    st.progress(
        0.5 if kept.status is I.SENDING else 0.2,
        text=_("Being sent to {provider}. It is sent once; you can leave this page.").format(provider=name),
    )


def _advice(kept: KeptIntent) -> str:
    reason = words.why(kept)
    match kept.status:
        case I.CONFIRMED:
            text = _("The provider has done it. The proof is that the card shows it: look at the figures below.")
        case I.PENDING:
            text = _("The provider has taken the order and is still at it. Do not order again.")
        case I.UNKNOWN:
            text = _(
                "It may have been placed. Do not order again: look it up until it is found, or until you are sure that it is not there."
            )
        case I.FAILED:
            text = _("The provider took the order and could not do it. Ask there for the money.")
        case I.REFUSED | I.WITHDRAWN | I.CLOSED:
            text = _("No money was spent by this order.")
        case I.REFUNDED:
            text = _("The money is back in the account at the provider.")
        case _:
            text = _("The answer shows here as soon as it comes.")
    return f"{text} {reason}".strip() if kept.status is not I.CONFIRMED else text


def facts(kept: KeptIntent) -> None:
    """What was ordered, for what, when, under which numbers."""
    intent = kept.intent
    view = reading_desk().view(intent.card_id)
    name = view.card.nickname if view is not None else _("a card that is gone")
    st.markdown(f"**{plain(name)}** · {plain(words.product_line(intent.product))}")
    numbers = [
        _("Our number: {number}").format(number=intent.reference),
        *(
            [_("Order number at {provider}: {number}").format(provider=facts_of(intent.provider).name, number=kept.order_id)]
            if kept.order_id
            else []
        ),
    ]
    paid = [_("Charged: {amount}").format(amount=price(kept.charged))] if kept.charged is not None else []
    when = figures.moment(intent.made_at.astimezone(clock.zone()))
    st.caption(plain(" · ".join([facts_of(intent.provider).name, when, *paid, *numbers])))
    if intent.invented:
        st.markdown(":orange-badge[:material/science: " + _("Sandbox: this order is invented, no money moves") + "]")


def _look(kept: KeptIntent) -> None:
    intent = kept.intent
    st.button(
        _("Look it up again"),
        icon=":material/search:",
        key=f"look_up_{intent.intent_id}",
        on_click=_look_up,
        args=(intent.intent_id,),
        width="stretch",
    )
    if kept.looked_at is not None:
        ago = figures.ago(kept.looked_at, clock.now())
        looked = n_("Looked for {n} time in vain, last {ago}.", "Looked for {n} times in vain, last {ago}.", kept.looks)
        st.caption(looked.format(n=kept.looks, ago=ago) if kept.looks else _("Found there, {ago}.").format(ago=ago))


def _by_hand(kept: KeptIntent) -> None:
    """What a person can do whom the provider's list does not help."""
    intent = kept.intent
    with st.expander(_("What to do by hand"), icon=":material/front_hand:", expanded=True):
        name = facts_of(intent.provider).name
        st.markdown(
            "1. "
            + _("Open your account at {provider} and look for an order of {time}.").format(
                provider=name, time=figures.moment(intent.made_at.astimezone(clock.zone()))
            )
        )
        if intent.wallet is not None and intent.wallet.currency == intent.price.currency:
            before, after = price(intent.wallet), price(Money(intent.wallet.minor - intent.price.minor, intent.price.currency))
            st.markdown(
                "2. "
                + plain(_("The balance there was {before} before. If it is {after} now, it was placed.").format(before=before, after=after))
            )
        else:
            st.markdown("2. " + _("Compare the balance there with the price of the order."))
        st.markdown("3. " + _("Look at the card: more data or a later date means that it was placed."))
        closable = order_desk().may_close(kept)
        if not closable:
            st.caption(
                _("You can say that it was not placed once it was looked for twice, the last time at least 15 minutes after it was sent.")
            )
        sure = st.checkbox(_("I have looked there: it was not placed"), key=f"sure_{intent.intent_id}", disabled=not closable)
        st.button(
            _("Close this order"),
            key=f"close_{intent.intent_id}",
            disabled=not (closable and sure),
            on_click=_close,
            args=(intent.intent_id,),
            width="stretch",
        )


def _code(kept: KeptIntent) -> None:
    shown = f"code_{kept.intent.intent_id}"
    if not st.session_state.get(shown):
        st.button(
            _("Show the code"), icon=":material/visibility:", key=f"show_{shown}", on_click=st.session_state.__setitem__, args=(shown, True)
        )
        return
    try:
        code = order_desk().store.pin(kept.intent.intent_id)
    except SecretUnreadable:
        st.error(_("The code cannot be read any more: the key file of this machine was changed. The provider can tell it again."))
        return
    if code is not None:
        st.code(code.reveal(), language=None, wrap_lines=True)


def _history(kept: KeptIntent) -> None:
    with st.expander(_("What happened to this order"), icon=":material/history:"):
        for event in order_desk().store.events(kept.intent.intent_id):
            if event.found is False:
                text = _("Looked up: not in the provider's list")
            elif event.found:
                text = _("Looked up and found: {status}").format(status=word(words.STATUS, event.status))
            else:
                text = word(words.STATUS, event.status)
            reason = f" · {words.failed(kept.intent.provider, event.failure)}" if event.failure else ""
            st.markdown(figures.labelled(plain(figures.moment(event.at.astimezone(clock.zone()))), f"{text}{reason}"))


def unsettled(kept: KeptIntent) -> None:
    """One order that somebody has to look at, in a frame of its own."""
    with st.container(border=True):
        outcome(kept)


def line(kept: KeptIntent) -> None:
    """A settled order in two lines."""
    st.markdown(f"{words.SHAPE[kept.status]} {word(words.STATUS, kept.status)}")
    facts(kept)
    if kept.status not in OPEN and kept.status is not I.CONFIRMED and words.why(kept):
        st.caption(words.why(kept))


def _look_up(intent_id: str) -> None:
    order_desk().look_up(intent_id)


def _close(intent_id: str) -> None:
    order_desk().close(intent_id)
