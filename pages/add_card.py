"""Add a card: say which it is, see what that tells, name it."""

import hashlib

import streamlit as st

from services.model.card import Card, CardKind
from services.use.cards import new_card_id
from ui.cards import form, from_provider, ways
from ui.cards.desks import card_desk
from ui.cards.exchange import import_cards
from ui.language import _, mark, n_
from ui.pages import page_at
from ui.text import plain
from ui.words import word

WAYS = {
    "code": mark("eSIM QR code"),
    "number": mark("Phone number"),
    "iccid": "ICCID",
    "device": mark("IMEI or EID"),
    "provider": mark("From a provider"),
    "file": mark("Many from a file"),
    "by_hand": mark("By hand"),
}

st.title(_("Add a card"))
if added := st.session_state.pop("added_cards", 0):
    st.success(n_("{n} card added.", "{n} cards added.", added).format(n=added))
    st.page_link(page_at("balances"), label=_("See all cards"), icon=":material/sim_card:")
asked = st.query_params.get("way", "code")
way = st.segmented_control(
    _("What do you have?"),
    list(WAYS),
    format_func=lambda code: word(WAYS, code),
    key="way",
    default=asked if asked in WAYS else "code",
    required=True,
)
blank = Card(st.session_state.setdefault("new_card_id", new_card_id()), "-", CardKind.SIM)
draft: ways.Draft | None = None
match way:
    case "provider":
        from_provider.take_over()
    case "file":
        import_cards()
    case "number":
        draft = ways.by_number(blank)
    case "iccid":
        draft = ways.by_iccid(blank)
    case "device":
        draft = ways.by_device(blank)
    case "by_hand":
        draft = ways.by_hand(blank)
    case _way:
        draft = ways.by_code(blank)

if draft is not None:
    card, secrets = draft
    twin = card_desk().same_as(card)
    if twin is not None:
        st.warning(
            _("This card is probably here already, as “{name}”. You can add it and merge the two later.").format(name=plain(twin.nickname))
        )
    # The fields are filled anew whenever something else is recognised.
    digest = hashlib.sha256(repr(card).encode()).hexdigest()[:8]
    with st.form(f"add_{digest}"):
        filled = form.card_fields(card, f"add_{digest}", ways.suggested_name(card))
        sent = st.form_submit_button(_("Add the card"), type="primary")
    for sentence in filled.warnings if sent else []:
        st.warning(sentence)
    if sent and filled.card is None:
        st.error("  \n".join(filled.problems))
    elif sent and filled.card is not None:
        card_desk().add(filled.card, secrets)
        del st.session_state["new_card_id"]
        st.switch_page(page_at("card"), query_params={"id": filled.card.card_id, "open": "typed"})
