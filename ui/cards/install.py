"""Installing an eSIM: QR drawn on this machine, Apple's link, the codes by hand. Hidden until asked for."""

import io
from dataclasses import replace

import segno
import streamlit as st

from services.model.card import Card, CardSecrets
from services.providers.errors import ProviderError
from services.rules.identifiers import lpa
from services.store.vault import SecretUnreadable
from services.use.catalogue import failure_of
from ui.cards import words
from ui.cards.desks import card_desk, connection_desk
from ui.language import _
from ui.waiting import waiting


def secrets_panel(card: Card) -> None:
    """The codes of a card. Nothing secret is in the page before the switch is turned on."""
    if card.provider is not None and card.provider.provider in {facts.id for facts in connection_desk().connected()}:
        st.button(
            _("Fetch the codes from {provider}").format(provider=words.provider(card.provider.provider)),
            key="fetch_codes",
            on_click=_fetch,
            args=(card,),
        )
        if said := st.session_state.pop("fetch_codes_said", ""):
            st.error(said)
    try:
        secrets = card_desk().secrets(card.card_id)
    except SecretUnreadable:
        st.error(
            _("The codes were sealed with another key. Put the old file secret.key back beside the database, and they can be read again.")
        )
        return
    if secrets == CardSecrets():
        st.caption(_("No code is kept for this card."))
    elif st.toggle(_("Show the codes: whoever sees them can take this card"), key="show_codes"):
        _codes(secrets)
        for merged in card_desk().merged_into(card.card_id):
            if merged.has_secrets:
                st.caption(_("From the merged card:"))
                _codes(card_desk().store.merged_secrets(card.card_id, merged.card.card_id))
    if st.toggle(_("Change the codes"), key="change_codes"):
        _change(card, secrets)


def _codes(secrets: CardSecrets) -> None:
    if secrets.lpa_code:
        code = lpa.parse(secrets.lpa_code)
        left, right = st.columns([1, 2])
        picture = io.BytesIO()
        segno.make(lpa.build(code), error="m").save(picture, kind="png", scale=6, border=4)
        left.image(picture.getvalue(), width=240, alt=_("QR code that installs this eSIM"))
        with right:
            st.link_button(_("Install on this iPhone (iOS 17.5 and later)"), lpa.apple_link(code))
            st.caption(_("By hand: Settings, mobile data, add eSIM, enter the details yourself. Server and code:"))
            st.code(code.address, language=None)
            st.code(code.matching_id or "—", language=None)
            st.caption(_("The whole code, for Android:"))
            st.code(lpa.build(code), language=None)
    for label, value in ((_("Confirmation code"), secrets.confirmation_code), ("PIN", secrets.pin), ("PUK", secrets.puk)):
        if value:
            st.caption(label)
            st.code(value, language=None)


def _change(card: Card, secrets: CardSecrets) -> None:
    with st.form("codes", clear_on_submit=True):
        st.caption(_("An empty field keeps what is there."))
        code = st.text_input(_("Activation code"), type="password", key="code_lpa", max_chars=600)
        confirmation = st.text_input(_("Confirmation code"), type="password", key="code_confirmation", max_chars=60)
        pin = st.text_input("PIN", type="password", key="code_pin", max_chars=60)
        puk = st.text_input("PUK", type="password", key="code_puk", max_chars=60)
        forget = st.checkbox(_("Forget all codes of this card"), key="code_forget")
        if not st.form_submit_button(_("Save the codes")):
            return
    typed = {"confirmation_code": confirmation, "pin": pin, "puk": puk}
    fresh = CardSecrets() if forget else replace(secrets, **{name: value.strip() for name, value in typed.items() if value.strip()})
    if code.strip() and not forget:
        try:
            fresh = replace(fresh, lpa_code=lpa.build(lpa.parse(code)))
        except lpa.NotAnActivationCodeError:
            st.error(_("This is not the code of an eSIM."))
            return
    card_desk().keep_secrets(card.card_id, fresh)
    st.rerun()


def _fetch(card: Card) -> None:
    provider = card.provider.provider if card.provider else ""
    try:
        with waiting(_("Asking {provider}").format(provider=words.provider(provider))):
            card_desk().fetch_install(card.card_id)
    except ProviderError as error:
        st.session_state["fetch_codes_said"] = words.trouble(error.provider, failure_of(error))
    except TimeoutError:
        st.session_state["fetch_codes_said"] = words.trouble(provider, {"kind": "Unreachable", "because": "timeout"})
