"""A pasted message: what was understood is highlighted and confirmed by the person; what was not stays a note."""

from datetime import date
from functools import partial
from html import escape

import streamlit as st

from services.model.card import Card
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.rules.messages import reader
from services.rules.messages.reader import Category, Message, Question, Understood
from ui import clock, figures
from ui.cards import words
from ui.cards.desks import reading_desk
from ui.cards.figures import money
from ui.language import _, mark
from ui.text import plain
from ui.words import word

FIELD = {
    "money.main": mark("Balance"),
    "money.bonus": mark("Bonus"),
    "money.owed": mark("Owed"),
    "money.topped_up": mark("Topped up"),
    "data.left": mark("Data left"),
    "data.total": mark("Data in all"),
    "data.used": mark("Data used"),
    "voice.left": mark("Call time left, seconds"),
    "voice.total": mark("Call time in all, seconds"),
    "voice.used": mark("Call time used, seconds"),
    "sms.left": mark("Texts left"),
    "sms.total": mark("Texts in all"),
    "sms.used": mark("Texts used"),
    "event.days": mark("Days from the message on"),
    "date.as_of": mark("As of"),
    **{f"date.{kind}": said for kind, said in words.VALIDITY.items()},
}
CATEGORY = {
    "advert": mark("This is an advert. It says nothing about what is left, so nothing is kept."),
    "code": mark("This is a code for signing in. It says nothing about what is left, and nobody else should see it. Nothing is kept."),
    "other_account": mark("This is about another account, such as a bank or a parcel. Nothing is kept."),
    "not_understood": mark("No figure was understood. You can type in what is left instead."),
}
SIGN = {
    "look_alike_sender": mark("the sender looks like the operator's, and is another"),
    "personal_sender": mark("it was sent from a private number"),
    "foreign_domain": mark("its link leads to a site that is not the operator's"),
    "look_alike_domain": mark("its link looks like the operator's, and is another"),
    "shortened_link": mark("its link hides where it leads"),
    "bare_address": mark("its link leads to a bare number address"),
    "foreign_letters": mark("its link has letters of another alphabet"),
    "link_with_pressure": mark("it presses you to follow a link"),
    "asks_for_secret": mark("it asks for a code, a password or a card number"),
    "pay_elsewhere": mark("it wants money by another way than the operator's"),
    "discounted_credit": mark("it offers credit far below its value"),
    "app_file": mark("it wants you to install a file"),
}


def paste_form(card: Card) -> None:
    """The text, what was understood of it, and the button that keeps it."""
    text = st.text_area(_("The whole text of the message"), key="paste_text", max_chars=reader.LONGEST, height=140)
    left, right = st.columns(2)
    sender = left.text_input(_("Sender, if you see it"), key="paste_sender", max_chars=40, placeholder="10086, giffgaff")
    received = right.date_input(_("Received on"), clock.today(), max_value=clock.today(), key="paste_received") or clock.today()
    st.button(_("Read the message"), key="paste_read", type="primary")
    if not text.strip():
        return
    message = reading_desk().read_text(card, text, sender, received)
    if message.category is Category.PHISHING:
        _warn(message)
        return
    if message.category.value in CATEGORY:
        st.info(word(CATEGORY, message.category.value))
        return
    message = _answered(message)
    _shown(message)
    message = _confirmed(message)
    for field in message.contradictions:
        name = field.split(" ")[0]
        st.warning(
            _("The text gives two values for “{field}”, so neither is taken.").format(
                field=word(FIELD, name) if name in FIELD else plain(name)
            )
        )
    if message.operator is not None and card.operator is not None and message.operator != card.operator:
        st.warning(
            _("This message is from {other}, and the card is one of {own}. Check that it belongs to this card.").format(
                other=words.operator(message.operator), own=words.operator(card.operator)
            )
        )
    st.button(
        _("Keep what is ticked"),
        key="paste_keep",
        type="primary",
        on_click=_keep,
        args=(card, message, received),
        disabled=bool(message.questions),
    )


def _warn(message: Message) -> None:
    signs = figures.listing([word(SIGN, found.sign.value) for found in message.suspicions])
    st.error(
        _("Because {signs}. Do not follow its link, pay or reply. Nothing of it is kept.").format(signs=signs),
        title=_("This message is probably a fraud"),
    )


def _answered(message: Message) -> Message:
    """Dates and currencies that can be meant in several ways are asked for."""
    for at, question in enumerate(message.questions):
        said = plain(message.text[question.start : question.end])
        label = word(FIELD, question.field) if question.field in FIELD else question.field
        if not question.choices:
            st.warning(_("“{said}” can be meant in several ways, so it is left out.").format(said=said))
            continue
        chosen = st.radio(
            _("What does “{said}” mean?").format(said=said) + f" ({label})",
            [*range(len(question.choices)), None],
            index=None,
            format_func=partial(_choice, question),
            key=f"paste_question_{at}_{question.start}",
        )
        if chosen is not None:
            message = reader.answer(message, question, question.choices[chosen])
    return message


def _choice(question: Question, number: int | None) -> str:
    return _("Leave it out") if number is None else _value(question.choices[number])


def _value(value: object) -> str:
    if isinstance(value, Money):
        return money(value)
    if isinstance(value, DataVolume):
        return figures.volume(value.bytes)
    return figures.day(value) if isinstance(value, date) else str(value)


def _shown(message: Message) -> None:
    """The text with the understood parts marked."""
    parts, at = [], 0
    for item in sorted(message.understood, key=lambda item: item.start):
        if item.start < at:
            continue
        parts += [escape(message.text[at : item.start]), f"<mark>{escape(message.text[item.start : item.end])}</mark>"]
        at = item.end
    parts.append(escape(message.text[at:]))
    st.html(f'<div style="white-space: pre-wrap; overflow-wrap: anywhere">{"".join(parts)}</div>')


def _confirmed(message: Message) -> Message:
    """A tick for each figure; what is not ticked is not kept."""
    for at, item in enumerate(message.understood):
        said = plain(message.text[item.start : item.end])
        label = words.labelled(_label(item), f"**{plain(_value(item.value))}** :small[:gray[“{said}”]]")
        if item.assumed:
            unwritten = _("the year was not written")
            label += f" :small[{unwritten}]"
        if not st.checkbox(label, value=True, key=f"paste_item_{at}_{item.start}_{item.field}"):
            message = reader.without(message, item)
    for event in message.events:
        st.caption(word(words.EVENT, event.kind.value))
    return message


def _label(item: Understood) -> str:
    label = word(FIELD, item.field) if item.field in FIELD else plain(item.field)
    return f"{plain(item.name)} · {label}" if item.name else label


def _keep(card: Card, message: Message, received: date) -> None:
    reading_desk().record_text(card, message, received)
    st.session_state["paste_text"] = ""
    st.session_state["kept"] = True
