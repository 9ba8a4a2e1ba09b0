"""Writing a receipt down, and changing it. Everything travels with the button, so that nothing typed is missed or lost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import streamlit as st

from services.model.card import Card
from services.model.money import Money
from services.model.receipt import Receipt
from services.rules.attachments import BadAttachment
from services.store.receipts import NoSuchReceipt
from services.use.rates import currencies_with
from ui import clock, figures
from ui.cards.desks import card_desk
from ui.language import _
from ui.preferences import preferred_currency
from ui.receipts import words
from ui.receipts.desk import payee, proof_file, receipt_desk, refused
from ui.words import word

TURN = "receipt_turn"
"""Grows with every receipt kept, so that the form of the next one is empty."""
KEPT = "receipt_kept"
NEW = ""


def add() -> None:
    """The form of a new receipt."""
    if st.session_state.pop(KEPT, False):
        st.success(_("The receipt is kept."))
    asked = st.query_params.get("card")
    with st.expander(_("Add a receipt"), icon=":material/add_a_photo:", key="receipt_add"):
        turn = st.session_state.get(TURN, 0)
        kept = _form(Receipt(NEW, clock.today(), card_id=asked), f"receipt_new_{turn}", _("Keep the receipt"))
        if kept:
            st.session_state[TURN] = turn + 1
            st.session_state[KEPT] = True
            st.rerun()


def change(receipt: Receipt) -> None:
    """The form of one that is kept already."""
    if _form(receipt, f"receipt_{receipt.receipt_id}", _("Keep the changes")):
        st.rerun()


def _form(receipt: Receipt, key: str, label: str) -> bool:
    """Whether it was kept."""
    cards = {card.card_id: card for card in card_desk().all()}
    with st.form(f"{key}_form", border=False):
        data = proof_file(_("Photo or PDF"), f"{key}_file")
        left, right = st.columns(2)
        with left:
            amount, currency = _amount(receipt, key)
        with right:
            on = st.date_input(word(words.COLUMN, "date"), value=receipt.on, max_value=clock.today(), key=f"{key}_on")
            reference = st.text_input(word(words.COLUMN, "reference"), value=receipt.reference, key=f"{key}_reference", max_chars=200)
        card = _card(receipt, cards, key)
        left, right = st.columns(2)
        named = payee(receipt.operator, receipt.payee)
        paid_to = left.text_input(word(words.COLUMN, "payee"), value=named, key=f"{key}_payee", max_chars=200)
        product = right.text_input(word(words.COLUMN, "product"), value=receipt.product, key=f"{key}_product", max_chars=200)
        payer = left.text_input(word(words.COLUMN, "payer"), value=receipt.payer, key=f"{key}_payer", max_chars=200)
        note = right.text_input(word(words.COLUMN, "note"), value=receipt.note, key=f"{key}_note", max_chars=500)
        back = st.checkbox(_("The money came back"), value=receipt.refunded, key=f"{key}_refunded") if receipt.receipt_id else False
        pressed = st.form_submit_button(label, type="primary", width="stretch")
    if not pressed:
        return False
    if data is None and amount is None and not reference.strip() and receipt.file is None:
        st.error(_("Add a photo or PDF, or type the amount or the number of the payment."))
        return False
    own = cards.get(card)
    typed = replace(
        receipt,
        on=on if isinstance(on, date) else receipt.on,
        amount=None if amount is None else Money.of(Decimal(str(round(amount, 3))), currency),
        reference=reference,
        payer=payer.strip() or (own.payer if own else ""),
        operator=_operator(receipt, own, named, paid_to),
        payee=paid_to,
        product=product,
        note=note,
        card_id=card or None,
        refunded=back,
    )
    try:
        receipt_desk().keep(typed, data)
    except BadAttachment as error:
        refused(error)
        return False
    except NoSuchReceipt:
        st.warning(_("This receipt is not here any more."))
        return False
    return True


def _amount(receipt: Receipt, key: str) -> tuple[float | None, str]:
    value = receipt.amount
    currency = value.currency if value else preferred_currency()
    known = currencies_with(currency)
    amount = st.number_input(
        word(words.COLUMN, "amount"), value=float(value.amount) if value else None, min_value=0.0, max_value=1e9, step=1.0, format="%.2f",
        key=f"{key}_amount",
    )  # fmt: skip
    chosen = st.selectbox(
        word(words.COLUMN, "currency"), known, index=known.index(currency), format_func=figures.currency_name, key=f"{key}_currency"
    )
    return amount, chosen


def _card(receipt: Receipt, cards: dict[str, Card], key: str) -> str:
    """The id of the card, "" for none. One that is gone keeps its name."""
    names = {"": _("No card of mine"), **{card_id: card.nickname for card_id, card in cards.items()}}
    if receipt.card_id and receipt.card_id not in names and receipt.card_name:
        names[receipt.card_id] = receipt.card_name
    options = list(names)
    at = options.index(receipt.card_id) if receipt.card_id in options else 0
    return st.selectbox(word(words.COLUMN, "card"), options, index=at, format_func=names.__getitem__, key=f"{key}_card")


def _operator(receipt: Receipt, card: Card | None, named: str, typed: str) -> str | None:
    """Who was paid: the operator as long as its name stands there, that of the card when nothing was typed, else the words alone."""
    if typed.strip() == named and receipt.operator:
        return receipt.operator
    return card.operator if card is not None and not typed.strip() else None
