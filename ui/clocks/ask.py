"""The one question that settles a clock, and what a person can record."""

from datetime import date
from decimal import Decimal

import streamlit as st

from services.model.clock import Activity, EventKind, Question, Span, SpanUnit
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.engine import ClockState
from services.use.clocks import ClockInputError, Given
from services.use.known_clocks import CardClocks
from services.use.operators import home_country
from services.use.rates import currencies_with
from ui import clock, figures
from ui.clocks import words
from ui.clocks.desk import clock_desk
from ui.language import _
from ui.preferences import usual_currency
from ui.words import word

KEPT, REFUSED = "clocks_kept", "clocks_refused"
EARLIEST = date(2000, 1, 1)
_HAPPENED = ("purchased", "installed", "activated", "first_connection", "renewed", "data_spent", "roamed")


def outcome() -> None:
    """What became of the last thing a person typed."""
    if st.session_state.pop(KEPT, False):
        st.success(_("Kept. The dates are worked out anew."))
    refused = st.session_state.pop(REFUSED, "")
    if refused:
        st.error(word(words.NOT_POSSIBLE, refused))


def attempt(work: object, *args: object, **named: object) -> None:
    """Do something that a person asked for, and remember what became of it for ``outcome``."""
    try:
        work(*args, **named)  # type: ignore[operator]
    except ClockInputError as error:
        st.session_state[REFUSED] = error.because.value
    else:
        st.session_state[KEPT] = True


def money_field(label: str, key: str, wanted: str) -> None:
    """An amount and its currency, which is ``wanted`` until another one is chosen."""
    left, right = st.columns([2, 1])
    left.number_input(label, min_value=0.0, max_value=10_000_000.0, value=None, step=1.0, key=f"{key}_amount")
    options = currencies_with(wanted)
    right.selectbox(_("Currency"), options, index=options.index(wanted), format_func=figures.currency_name, key=f"{key}_currency")


def money_of(key: str) -> Money | None:
    amount = st.session_state.get(f"{key}_amount")
    return None if amount is None else Money.of(Decimal(str(amount)), st.session_state[f"{key}_currency"])


def span_field(label: str, key: str, value: Span | None = None) -> None:
    left, right = st.columns([2, 1])
    left.number_input(
        label, min_value=1, max_value=3650, value=value.amount if value and value.amount else None, step=1, key=f"{key}_count"
    )
    units = list(words.UNIT)
    index = units.index(value.unit.value) if value is not None else 0
    right.selectbox(_("Unit"), units, index=index, format_func=lambda unit: word(words.UNIT, unit), key=f"{key}_unit")


def span_of(key: str) -> Span | None:
    count = st.session_state.get(f"{key}_count")
    return None if count is None else Span(int(count), SpanUnit(st.session_state[f"{key}_unit"]))


def question(clocks: CardClocks, state: ClockState) -> None:
    """The question and the field that settles it."""
    if state.unknown is None:
        return
    ask, key = state.unknown.ask, f"clock_ask_{clocks.card.card_id}_{state.rule.id}"
    st.markdown(f"**{word(words.QUESTION, ask.value)}**")
    if state.unknown.about is not None and ask in (Question.PLAN_LENGTH, Question.TOP_UP_AMOUNT):
        about = state.unknown.about
        st.caption(_("This is about: {event}, {day}").format(event=word(words.EVENT, about.kind.value), day=words.day(about.at, state)))
    if ask is Question.STILL_WORKS:
        st.button(_("Yes, it works"), key=f"{key}_yes", on_click=_settle, args=(clocks, state, key))
        return
    with st.form(f"{key}_form", border=False):
        _field(ask, clocks, state, key)
        st.form_submit_button(_("Keep"), type="primary", on_click=_settle, args=(clocks, state, key))
    if state.not_before is None and state.rule.kind.value in ("bundle", "activate_by", "recycling"):
        st.button(_("This card has no such thing running"), key=f"{key}_off", on_click=_stop, args=(clocks, state))


def _field(ask: Question, clocks: CardClocks, state: ClockState, key: str) -> None:
    fee = state.rule.fee.value
    currency = fee.currency if fee is not None else _currency(clocks, state)
    match ask:
        case Question.PLAN_LENGTH:
            span_field(_("Length"), key)
        case Question.BALANCE | Question.FEE | Question.TOP_UP_AMOUNT:
            money_field(_("Amount"), key, currency)
        case Question.FEE_DAY:
            st.number_input(_("Day of the month"), min_value=1, max_value=28, value=None, step=1, key=f"{key}_number")
        case Question.VALID_UNTIL:
            st.date_input(_("Date"), value=None, min_value=EARLIEST, max_value=date(2100, 1, 1), key=f"{key}_day")
        case _:
            if ask is Question.WHEN_LAST_USED:
                counted = state.activities(Tri.YES)
                st.selectbox(_("What was done"), counted, format_func=words.value, key=f"{key}_activity")
            st.date_input(_("Day"), value=None, min_value=EARLIEST, max_value=clock.today(), key=f"{key}_day")
            if ask is Question.WHEN_TOPPED_UP and state.rule.tiers.value is not None:
                money_field(_("Amount"), key, currency)


def _currency(clocks: CardClocks, *states: ClockState) -> str:
    """That of the prices in the rules of ``states``, else that of the card's country."""
    tiers = [tier.at_least for state in states for tier in state.rule.tiers.value or ()]
    offers = [offer.price for state in states for offer in state.offers if offer.price is not None]
    return next((price.currency for price in [*tiers, *offers]), usual_currency(home_country(clocks.card)))


def _settle(clocks: CardClocks, state: ClockState, key: str) -> None:
    given = Given(
        day=st.session_state.get(f"{key}_day"),
        activity=st.session_state.get(f"{key}_activity"),
        money=money_of(key),
        span=span_of(key),
        number=st.session_state.get(f"{key}_number"),
    )
    attempt(clock_desk().settle, clocks.card.card_id, state, given)


def _stop(clocks: CardClocks, state: ClockState) -> None:
    attempt(clock_desk().stop, clocks.card.card_id, state.rule.id)


def record(clocks: CardClocks) -> None:
    """Something that was done with the card, and what was recorded so far."""
    key = f"clock_event_{clocks.card.card_id}"
    about = [activity for activity in Activity if any(state.rule.is_about(activity) for state in clocks.states)]
    options = [f"did:{activity.value}" for activity in about] + [f"was:{name}" for name in _HAPPENED]
    with st.form(f"{key}_form", border=False):
        st.selectbox(_("What happened"), options, format_func=_happened, key=f"{key}_what")
        st.date_input(_("Day"), value=clock.today(), min_value=EARLIEST, max_value=clock.today(), key=f"{key}_day")
        money_field(_("Amount, for a top-up"), key, _currency(clocks, *clocks.states))
        st.form_submit_button(_("Record it"), on_click=_record, args=(clocks.card.card_id, key))
    for item in sorted(clocks.typed, key=lambda item: item.event.at, reverse=True):
        event = item.event
        facts = [words.happened(event), figures.day(event.at.astimezone(clock.zone()).date())]
        facts += [words.money(event.amount)] if event.amount is not None else []
        facts += [words.span(event.span)] if event.span is not None else []
        facts += [figures.day(event.valid_until)] if event.valid_until is not None else []
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("✎ " + " · ".join(facts), width="content")
            st.button(_("Take back"), key=f"clock_forget_{item.event_id}", on_click=_forget, args=(item.event_id,), type="tertiary")


def _happened(option: str) -> str:
    kind, _sep, code = option.partition(":")
    return words.value(Activity(code)) if kind == "did" else word(words.EVENT, code)


def _record(card_id: str, key: str) -> None:
    kind, _sep, code = st.session_state[f"{key}_what"].partition(":")
    activity = Activity(code) if kind == "did" else None
    happened = EventKind(code) if kind == "was" else None
    attempt(clock_desk().record, card_id, activity, st.session_state[f"{key}_day"], happened, money_of(key))


def _forget(event_id: str) -> None:
    attempt(clock_desk().forget, event_id)
