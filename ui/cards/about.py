"""What a card is: its numbers to copy, what depends on it, what was merged into it; changing and deleting it."""

from dataclasses import replace

import streamlit as st

from services.model.card import Card
from services.rules.identifiers import eid, iccid, imei, msisdn
from services.use.cards import differences
from ui import figures
from ui.cards import form, words
from ui.cards.desks import card_desk
from ui.language import _
from ui.pages import page_at
from ui.text import plain
from ui.words import word


def numbers(card: Card) -> None:
    """Every identifier, with a button to copy it."""
    held = card.identifiers
    shown = [
        (_("Phone number"), held.msisdn, msisdn.format),
        ("ICCID", held.iccid, iccid.format),
        ("EID", held.eid, eid.format),
        ("IMEI", held.imei, imei.format),
    ]
    known = [(label, value, grouped) for label, value, grouped in shown if value]
    if not known:
        st.caption(_("No number of this card is kept."))
    for label, value, grouped in known:
        st.caption(f"{label} · {plain(grouped(value))}")
        st.code(value, language=None)
    facts = [
        (_("Holder"), card.holder),
        (_("Who pays"), card.payer),
        (_("Device"), card.device),
        (_("Slot"), card.slot),
        (_("Tags"), figures.listing(sorted(card.tags))),
        (_("Provider"), f"{words.provider(card.provider.provider)} {card.provider.remote_id}" if card.provider else ""),
    ]
    lines = [words.labelled(label, plain(value)) for label, value in facts if value]
    if card.dependents:
        lines.append(
            _("Lost with this number: {names}").format(names=figures.listing([plain(account.name) for account in card.dependents]))
        )
    if lines:
        st.markdown("  \n".join(lines))
    for merged in card_desk().merged_into(card.card_id):
        st.caption(_("Merged with “{name}” on {day}").format(name=plain(merged.card.nickname), day=figures.day(merged.merged_at.date())))
        for item in differences(card, merged.card):
            st.caption(words.labelled(word(words.FIELD, item.field), plain(item.other)))


def limits(card: Card) -> None:
    """Below which the card counts as low."""
    with st.form("limits", border=False):
        chosen = form.threshold_fields(card, f"limits_{card.card_id}")
        if st.form_submit_button(_("Save the limits")):
            card_desk().change(replace(card, thresholds=chosen))
            st.rerun()


def edit(card: Card) -> None:
    """All fields of the card."""
    with st.form("edit", border=False):
        filled = form.card_fields(card, f"edit_{card.card_id}", card.nickname)
        sent = st.form_submit_button(_("Save the changes"), type="primary")
    for sentence in filled.warnings:
        st.caption(sentence)
    if sent and filled.card is not None:
        card_desk().change(filled.card)
        st.rerun()
    elif sent:
        st.error("  \n".join(filled.problems))


def delete(card: Card) -> None:
    """Only after a second yes."""
    st.caption(_("The card goes with all its readings and codes. This cannot be undone; an export beforehand keeps what you typed."))
    sure = st.checkbox(_("Yes, delete this card"), key="delete_sure")
    if st.button(_("Delete the card"), key="delete_go", disabled=not sure):
        card_desk().delete([card.card_id])
        st.switch_page(page_at("balances"))
