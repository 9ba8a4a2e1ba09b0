"""What a person reads off a phone or an app, typed in."""

from datetime import datetime, time
from decimal import Decimal

import streamlit as st

from services.model.card import Card
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reading import CountBalance, DataBalance, LineStatus, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.tri import Tri
from services.use.operators import home_country
from services.use.rates import currencies_with
from ui import clock
from ui.cards import words
from ui.cards.desks import reading_desk
from ui.language import _
from ui.preferences import usual_currency
from ui.words import word

UNITS = {"GB": DataUnit.GB, "MB": DataUnit.MB, "GiB (1024³)": DataUnit.GIB, "MiB (1024²)": DataUnit.MIB}


def typed_form(card: Card) -> None:
    """Every field may stay empty; what is empty says nothing, and is never taken for 0."""
    with st.form(f"typed_{card.card_id}", clear_on_submit=True):
        st.caption(_("Fill in what you know. An empty field says nothing; it does not mean 0."))
        one, two, three, four = st.columns([2, 1, 2, 1])
        amount = one.number_input(_("Balance"), value=None, step=0.01, key="typed_money", placeholder=_("Not known"))
        usual = usual_currency(home_country(card))
        codes = currencies_with(usual)
        currency = two.selectbox(_("Currency"), codes, index=codes.index(usual), key="typed_currency")
        minutes = three.number_input(_("Minutes left"), value=None, min_value=0, key="typed_minutes", placeholder=_("Not known"))
        texts = four.number_input(_("Texts left"), value=None, min_value=0, key="typed_texts", placeholder="—")
        one, two, three, four = st.columns([2, 1, 2, 1], vertical_alignment="bottom")
        left = one.number_input(_("Data left"), value=None, min_value=0.0, key="typed_left", placeholder=_("Not known"))
        unit = two.selectbox(_("Unit"), list(UNITS), key="typed_unit")
        total = three.number_input(_("Out of"), value=None, min_value=0.0, key="typed_total", placeholder=_("Not known"))
        unlimited = four.checkbox(_("Unlimited"), key="typed_unlimited")
        a, b, c = st.columns(3)
        kinds = [kind.value for kind in ValidityKind]
        kind = a.selectbox(_("What ends"), kinds, format_func=lambda code: word(words.VALIDITY, code), key="typed_kind")
        ends = b.date_input(_("Last day"), None, key="typed_ends")
        states = [status.value for status in LineStatus]
        status = c.selectbox(
            _("State"),
            states,
            index=None,
            format_func=lambda code: word(words.STATUS, code),
            key="typed_status",
            placeholder=_("Not known"),
        )
        seen = a.date_input(_("Seen on"), clock.today(), max_value=clock.today(), key="typed_seen")
        sent = st.form_submit_button(_("Keep this reading"), type="primary")
    if not sent:
        return
    volume = _volume(left, unit), _volume(total, unit)
    if volume[0] is not None and volume[1] is not None and volume[0] > volume[1]:
        st.error(_("More is left than there ever was. Check the two amounts of data; nothing was kept."))
        return
    now = clock.now()
    taken = now if seen is None or seen >= now.date() else datetime.combine(seen, time(12), now.tzinfo)
    package = DataBalance(remaining=None if unlimited else volume[0], total=volume[1], unlimited=Tri.YES if unlimited else Tri.UNKNOWN)
    reading = Reading(
        card_id=card.card_id,
        source=Source.TYPED,
        taken_at=taken,
        money=() if amount is None else (MoneyBalance(Money.of(Decimal(str(amount)), currency)),),
        data=() if package == DataBalance() else (package,),
        voice=() if minutes is None else (CountBalance(remaining=int(minutes) * 60),),
        sms=() if texts is None else (CountBalance(remaining=int(texts)),),
        validity=() if ends is None else (Validity(ValidityKind(kind), ends),),
        status=None if status is None else LineStatus(status),
    )
    if not (reading.money or reading.data or reading.voice or reading.sms or reading.validity or reading.status):
        st.warning(_("Every field is empty, so nothing was kept."))
        return
    reading_desk().record(reading)
    st.session_state["kept"] = True
    st.rerun()


def _volume(amount: float | None, unit: str) -> DataVolume | None:
    return None if amount is None else DataVolume.of(Decimal(str(amount)), UNITS[unit])
