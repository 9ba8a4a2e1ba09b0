"""All orders of the account: those not settled with what to do, the limits, and the rest."""

from decimal import Decimal

import streamlit as st

from services.model.intent import SpendingLimit
from services.model.money import Money
from services.rules.orders.limits import SAFE
from services.rules.orders.machine import OPEN
from services.use.rates import currencies
from ui import figures
from ui.language import _, n_
from ui.orders.desk import order_desk, price
from ui.orders.kept import line, unsettled
from ui.pages import page_at
from ui.preferences import preferred_currency
from ui.text import plain

SHOWN = 20


def waiting() -> None:
    """Each with what was found and what to do."""
    orders = order_desk().unsettled()
    if not orders:
        st.success(_("Every order is settled."))
    for kept in orders:
        unsettled(kept)


def orders_waiting() -> None:
    """A way to the orders that are not settled, for pages where somebody would start another one."""
    count = len(order_desk().unsettled())
    if count:
        st.warning(n_("{n} order is not settled.", "{n} orders are not settled.", count).format(n=count))
        st.page_link(page_at("orders"), label=_("Look at it"), icon=":material/receipt:")


def settled() -> None:
    """The newest of them."""
    done = [kept for kept in order_desk().store.all() if kept.status not in OPEN]
    if not done:
        st.info(_("No order was placed from here yet. Start a renewal through a connected provider."))
        st.page_link(page_at("renew"), label=_("Renew"), icon=":material/autorenew:")
    everything = len(done) > SHOWN and st.toggle(_("Show all"), key="orders_all")
    for kept in done if everything else done[:SHOWN]:
        with st.container(border=True):
            line(kept)


def limits() -> None:
    """What is in force, what is used of it, and the form to change it."""
    st.markdown(_("Nothing is ordered beyond these. Orders whose outcome is not known count as paid."))
    own, used = order_desk().limits(), {kept.cost.currency for kept in order_desk().store.all()}
    for currency in sorted({*own, *used, *({preferred_currency()} & set(SAFE))}):
        there = order_desk().room(currency)
        if there.limit is None:
            continue
        text = _("{currency}: {order} an order, {month} a month; {spent} used this month").format(
            currency=currency, order=price(there.limit.order), month=price(there.limit.month), spent=price(there.spent)
        )
        st.markdown(f"- {plain(text)}" if currency in own else f"- {plain(text)} · " + _("set by us until you change it"))
    with st.expander(_("Change a limit"), icon=":material/tune:"):
        known = list(dict.fromkeys([*SAFE, *currencies()]))
        currency = st.selectbox(_("Currency"), known, format_func=figures.currency_name, key="limit_currency")
        limit = order_desk().room(currency).limit
        with st.form(f"limit_form_{currency}", border=False):
            order = st.number_input(
                _("Most for one order"), min_value=0.0, value=_amount(limit.order if limit else None), key=f"limit_order_{currency}"
            )
            month = st.number_input(
                _("Most in a month"), min_value=0.0, value=_amount(limit.month if limit else None), key=f"limit_month_{currency}"
            )
            if st.form_submit_button(_("Keep this limit"), width="stretch"):
                if order is None or month is None:
                    st.error(_("Write both amounts. Zero means that nothing is ordered in this currency."))
                else:
                    order_desk().set_limit(SpendingLimit(_money(order, currency), _money(month, currency)))
                    st.rerun()


def _amount(money: Money | None) -> float | None:
    return None if money is None else float(money.amount)


def _money(amount: float, currency: str) -> Money:
    return Money.of(Decimal(str(round(amount, 2))), currency)
