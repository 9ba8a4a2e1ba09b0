"""Taking cards over from a provider's list."""

import streamlit as st

from services.model.card import CardSecrets
from services.model.order import RemoteCard
from services.providers.errors import ProviderError
from services.providers.facts import ProviderFacts
from services.use.cards import of_remote
from services.use.catalogue import failure_of
from ui.cards import words
from ui.cards.desks import card_desk, connection_desk
from ui.language import _, n_
from ui.pages import page_at
from ui.waiting import waiting
from ui.words import word

LISTED = "provider_cards"


def take_over() -> None:
    """The lists of the connected providers."""
    connected = connection_desk().connected()
    if not connected:
        st.info(
            _(
                "No account at a provider is connected yet. Connect one in the settings: its cards are listed here, and their balances can be looked up."
            )
        )
    for facts in connected:
        _list(facts)
    st.page_link(page_at("settings"), label=_("Connect an account in the settings"), icon=":material/settings:")


def _list(facts: ProviderFacts) -> None:
    with st.container(border=True):
        st.markdown(f"**{facts.name}**")
        st.button(_("Show its cards"), key=f"list_{facts.id}", on_click=_fetch, args=(facts,))
        found = st.session_state.get(LISTED, {}).get(facts.id)
        if isinstance(found, str):
            st.error(found)
        elif found is not None:
            _choose(facts, found)


def _fetch(facts: ProviderFacts) -> None:
    listed = st.session_state.setdefault(LISTED, {})
    try:
        with waiting(_("Asking {provider}").format(provider=facts.name)):
            listed[facts.id] = connection_desk().cards(facts.id)
    except ProviderError as error:
        listed[facts.id] = words.trouble(facts.id, failure_of(error))


def _choose(facts: ProviderFacts, found: tuple[RemoteCard, ...]) -> None:
    known = {card.provider.remote_id for card in card_desk().all() if card.provider is not None and card.provider.provider == facts.id}
    fresh = {card.remote_id: card for card in found if card.remote_id not in known}
    if not fresh:
        st.caption(_("Every card of this account is here already.") if found else _("This account has no cards."))
        return
    chosen = st.multiselect(
        _("Cards to add"),
        list(fresh),
        format_func=lambda name: _named(fresh[name]),
        key=f"choose_{facts.id}",
        placeholder=_("Choose cards"),
        select_all=False,
    )
    st.button(
        n_("Add {n} card", "Add {n} cards", len(chosen)).format(n=len(chosen)),
        key=f"add_from_{facts.id}",
        type="primary",
        disabled=not chosen,
        on_click=_add,
        args=(facts.id, [fresh[name] for name in chosen]),
    )
    st.button(_("Add all"), key=f"add_all_{facts.id}", on_click=_add, args=(facts.id, list(fresh.values())))


def _named(card: RemoteCard) -> str:
    status = [word(words.STATUS, card.status.value)] if card.status is not None else []
    return " · ".join([card.name or card.remote_id, *([card.iccid] if card.iccid and card.iccid != card.name else []), *status])


def _add(provider: str, chosen: list[RemoteCard]) -> None:
    added = card_desk().add_many([(of_remote(provider, remote), CardSecrets()) for remote in chosen])
    st.session_state["added_cards"] = added
