"""What was spent, answered first in words, then as bars and a table; prices that changed; what may have been charged twice."""

import altair as alt
import pandas as pd
import streamlit as st

from services.rules.spending import (
    By,
    Double,
    Payment,
    PriceChange,
    Sum,
    converted,
    doubles,
    in_currency,
    pair_of,
    price_changes,
    sums,
)
from services.use.operators import operator_ids, operator_name
from services.use.rates import rates_to
from ui import clock, figures
from ui.charts import localised
from ui.language import _, language, n_
from ui.preferences import preferred_currency
from ui.receipts import words
from ui.receipts.desk import money, receipt_desk
from ui.receipts.listing import month_name
from ui.text import plain
from ui.words import word

ALL = "all"
BAR = "#2a9d78"


def answer(payments: list[Payment]) -> None:
    """This month and everything, each currency by itself."""
    today = clock.today()
    now = [payment for payment in payments if (payment.on.year, payment.on.month) == (today.year, today.month)]
    st.markdown(_("This month: {amounts}").format(amounts=f"**{_amounts(now)}**"))
    st.markdown(_("Everything written down: {amounts}").format(amounts=f"**{_amounts(payments)}**"))
    missing = receipt_desk().without_amount()
    if missing:
        told = n_("{n} receipt has no amount yet and is in no sum.", "{n} receipts have no amount yet and are in no sum.", missing)
        st.caption(told.format(n=figures.number(missing)))


def _amounts(payments: list[Payment]) -> str:
    """ "50 HKD + 3 USD": side by side, never added."""
    return " + ".join(plain(money(item.total)) for item in sums(payments, By.CURRENCY)) or _("nothing")


def warnings(payments: list[Payment]) -> None:
    """What is worth a look, in words."""
    right = receipt_desk().said_right()
    for pair in doubles(payments, right)[:5]:
        _double(pair)
    changes = price_changes(payments)[:5]
    if changes:
        lines = [_change(change) for change in changes]
        st.info("\n".join(f"- {line}" for line in lines), title=_("Prices that changed"), icon=":material/price_change:")


def _double(pair: Double) -> None:
    apart = _("on one day") if pair.days == 0 else n_("{n} day apart", "{n} days apart", pair.days).format(n=figures.number(pair.days))
    why = word(words.ALIKE, pair.why.value).format(number=plain(pair.second.reference.strip()), apart=apart)
    both = [" · ".join(part for part in _about(payment) if part) for payment in (pair.first, pair.second)]
    advice = _("Look at the bank statement. If both were charged, ask for one of them back with both numbers.")
    st.warning("\n".join([f"- {plain(line)}" for line in both]) + f"\n\n{figures.sentences(why, advice)}", title=_("Charged twice?"))
    st.button(_("Both are right"), key=f"right_{'_'.join(pair_of(pair))}", on_click=receipt_desk().say_right, args=(pair_of(pair),))


def _about(payment: Payment) -> tuple[str, ...]:
    return figures.day(payment.on), money(payment.amount), payment.card, _payee(payment), payment.reference


def _payee(payment: Payment) -> str:
    return operator_name(payment.payee, language()) if payment.payee in operator_ids() else payment.payee


def _change(change: PriceChange) -> str:
    sentence = _("{product} ({payee}): {before} on {then}, {after} on {now}.")
    facts = {
        "product": plain(change.after.product),
        "payee": plain(_payee(change.after)),
        "before": plain(money(change.before.amount)),
        "then": figures.day(change.before.on),
        "after": f"**{plain(money(change.after.amount))}**",
        "now": figures.day(change.after.on),
    }
    mark = ":material/trending_up:" if change.more else ":material/trending_down:"
    return f"{mark} {sentence.format(**facts)}"


def chart_and_table(payments: list[Payment]) -> None:
    """Split as the person wants it. A picture shows one currency, or all of them converted with the day of the rates."""
    st.header(_("Spending"))
    if not payments:
        st.info(_("Nothing is written down yet. What you pay in a renewal or keep as a receipt shows here."))
        return
    currencies = [item.key for item in sums(payments, By.CURRENCY)]
    target = preferred_currency()
    with st.container(horizontal=True):
        by = st.segmented_control(
            _("Split by"), list(By), format_func=lambda it: word(words.BY, it.value), default=By.MONTH, key="spending_by", required=True
        )
        shown = currencies[0]
        if by is not By.CURRENCY and len(currencies) > 1:
            shown = st.segmented_control(
                _("Show"),
                [*currencies, ALL],
                format_func=lambda it: _("All, converted to {currency}").format(currency=target) if it == ALL else it,
                default=currencies[0],
                key="spending_currency",
                required=True,
            )
    by = by or By.MONTH
    if by is By.CURRENCY:
        _by_currency(payments)
    elif shown == ALL:
        _note_of_rates(payments, target)
        _bars(sums(in_currency(payments, rates_to(target)), by), by, target)
    else:
        _bars(sums([payment for payment in payments if payment.amount.currency == shown], by), by, shown)


def _by_currency(payments: list[Payment]) -> None:
    """Sums that no picture can lay side by side."""
    _table(sums(payments, By.CURRENCY), By.CURRENCY)
    _note_of_rates(payments, preferred_currency())


def _note_of_rates(payments: list[Payment], target: str) -> None:
    everything = converted(payments, rates_to(target))
    together = _("Together about {amount}, by the rates of the European Central Bank of {day}.")
    st.caption(together.format(amount=plain(money(everything.total)), day=figures.day(everything.on)))
    if everything.without_rate:
        left_out = figures.listing([plain(money(total)) for total in everything.without_rate])
        st.caption(_("No rate is known for {amounts}: not included.").format(amounts=left_out))


def _name(item: Sum, by: By) -> str:
    if by is By.MONTH:
        return month_name(pd.Timestamp(item.key).date())
    if by is By.CURRENCY:
        return figures.currency_name(item.key)
    return item.name or {By.CARD: _("No card of mine"), By.PAYER: _("Nobody named")}[by]


def _bars(found: tuple[Sum, ...], by: By, currency: str) -> None:
    if not found:
        return
    rows = [{"name": _name(item, by), "amount": float(item.total.amount), "says": money(item.total)} for item in found]
    frame = pd.DataFrame(rows)
    order = frame["name"].tolist()
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=150, ticks=False, domain=False))
    x = alt.X("amount:Q", title=_("Spent, {currency}").format(currency=currency), axis=alt.Axis(tickCount=4))
    tooltip = [alt.Tooltip("name:N", title=word(words.BY, by.value)), alt.Tooltip("says:N", title=_("Spent"))]
    bars = alt.Chart(frame).mark_bar(color=BAR, cornerRadius=3, height=20).encode(x=x, y=y, tooltip=tooltip)
    st.altair_chart(
        localised(alt.LayerChart(layer=[bars], height=44 * len(rows) + 40)),
        alt=_("A bar for each {what} with what was spent").format(what=word(words.BY, by.value)),
    )
    _table(found, by)


def _table(found: tuple[Sum, ...], by: By) -> None:
    rows = [{word(words.BY, by.value): _name(item, by), _("Spent"): money(item.total), _("Payments"): item.count} for item in found]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("What was spent, as a table"))
