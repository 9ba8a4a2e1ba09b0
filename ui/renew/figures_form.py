"""Balance and date typed in: before paying, as promised, afterwards."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import streamlit as st

from services.model.money import Money
from services.model.renewal import EventKind, Figures, Promise
from services.model.tri import Tri
from services.use.rates import currencies_with
from services.use.renewals import Walk, figures_of
from ui import clock, figures
from ui.cards.desks import reading_desk
from ui.language import _
from ui.pages import page_at
from ui.preferences import usual_currency
from ui.renew.desk import attempt, renewal_desk


def money_text(money: Money | None) -> str:
    return figures.money(int(money.amount * figures.MICRO), money.currency) if money else "?"


def figures_text(seen: Figures | None) -> str:
    shown = seen or Figures()
    if shown == Figures():
        return _("not entered")
    data = [figures.volume(shown.data.bytes)] if shown.data is not None else []
    return " · ".join((money_text(shown.money), figures.day(shown.until) if shown.until else "?", *data))


def before(walk: Walk) -> None:
    """What the card showed before."""
    with st.expander(_("Before: {figures}").format(figures=figures_text(walk.run.before)), icon=":material/photo_camera:"):
        _figures(
            walk, "before", walk.run.before, _("Keep these figures"), lambda seen: attempt(renewal_desk().saw_before, walk.renewal_id, seen)
        )


def promise(walk: Walk) -> None:
    """What the product promises, for the proof afterwards."""
    known = walk.run.promise
    shown = figures_text(Figures(known.adds, known.until)) if known else _("not entered")
    with st.expander(_("Promised: {figures}").format(figures=shown), icon=":material/shopping_bag:"), st.form("promise_form", border=False):
        amount, currency = amount_fields(walk, "promise", known.adds if known else None, _("Adds to the balance"))
        until = st.date_input(_("Valid at least until"), value=known.until if known else None, key="promise_until")
        still = st.checkbox(_("The balance does not grow: the money is spent on a plan at once"), key="promise_still")
        fixed = st.checkbox(_("The date does not move"), key="promise_fixed")
        if st.form_submit_button(_("Keep the promise"), width="stretch"):
            attempt(
                renewal_desk().promised,
                walk.renewal_id,
                Promise(
                    None if still else as_money(amount, currency),
                    None if fixed else until,
                    Tri.NO if still else Tri.YES,
                    Tri.NO if fixed else Tri.YES,
                ),
            )
            st.rerun()


def after(walk: Walk) -> None:
    """What the card shows now."""

    def keep(seen: Figures) -> None:
        attempt(renewal_desk().typed_after, walk.renewal_id, seen, view.state if view is not None else None)

    def take(seen: Figures) -> None:
        attempt(renewal_desk().saw_after, walk.renewal_id, seen)

    view = reading_desk().view(walk.card_id) if walk.card_id else None
    if view is not None:
        newest = figures_of(view.state, clock.today(), walk.paying_since)
        if newest == Figures():
            st.caption(_("The card has not been read since you paid."))
        else:
            label = _("Take the newest reading: {figures}").format(figures=figures_text(newest))
            st.button(label, key="after_reading", on_click=take, args=(newest,), width="stretch")
        st.page_link(
            page_at("card"),
            label=_("Paste the operator's message on the card's page"),
            icon=":material/content_paste:",
            query_params={"id": view.card.card_id, "open": "paste"},
        )
    turn = sum(event.kind is EventKind.AFTER for event in walk.events)
    # Fresh fields for each turn: they show what was taken, not what stood in them.
    _figures(walk, "after", walk.run.after, _("Compare with the promise"), keep, str(turn))


def _figures(walk: Walk, name: str, seen: Figures | None, label: str, keep: Callable[[Figures], None], turn: str = "") -> None:
    with st.form(f"{name}_form", border=False):
        amount, currency = amount_fields(walk, name, seen.money if seen else None, _("Balance"), turn)
        until = st.date_input(_("Valid until"), value=seen.until if seen else None, key=f"{name}_until{turn}")
        pressed = st.form_submit_button(label, width="stretch")
    typed = Figures(as_money(amount, currency), until if isinstance(until, date) else None)
    if pressed and typed == Figures():
        st.info(_("Type the balance or the date first."))
    elif pressed:
        keep(typed)
        st.rerun()


def amount_fields(walk: Walk, name: str, value: Money | None, label: str, turn: str = "") -> tuple[float | None, str]:
    """An amount, which may be left out, and its currency: until somebody says another, that of the card's balance before."""
    told = value or (walk.run.before.money if walk.run.before else None)
    choice = told.currency if told else usual_currency(walk.run.begun.country)
    known = currencies_with(choice)
    amount = st.number_input(label, value=float(value.amount) if value else None, step=1.0, format="%.2f", key=f"{name}_amount{turn}")
    currency = st.selectbox(
        _("Currency"), known, index=known.index(choice), format_func=figures.currency_name, key=f"{name}_currency{turn}"
    )
    return amount, currency


def as_money(amount: float | None, currency: str) -> Money | None:
    return None if amount is None else Money.of(Decimal(str(round(amount, 2))), currency)
