"""Renewing a card by itself: the rule, what it would do today, and everything it decided."""

from decimal import Decimal

import streamlit as st

from services.model.card import Card
from services.model.data_volume import DataUnit, DataVolume
from services.model.intent import AutoMode, AutoRule
from services.model.money import Money
from services.model.order import TopUpProduct
from services.providers.errors import ProviderError
from services.providers.facts import facts_of
from services.rules.orders.limits import OrderNotTaken
from services.use.catalogue import failure_of
from ui import clock, connection_words, figures
from ui.language import _
from ui.orders import words
from ui.orders.desk import auto_desk, order_desk, price
from ui.text import plain
from ui.waiting import waiting
from ui.words import word

SOLD, TROUBLE = "auto_sold", "auto_trouble"
LOG = 30
USUAL_DAYS = 3


def by_itself(card: Card) -> None:
    """Off until the person sets a rule, and never without limits."""
    rule = auto_desk().rule(card.card_id)
    if not order_desk().can_order(card):
        st.info(_("This needs a card that is linked to a connected provider which sells top-ups."))
    else:
        st.markdown(_("Off unless you switch it on. It keeps to your spending limits, buys once for what is due, and writes down why."))
        if rule is not None:
            _state(card, rule)
        _form(card, rule)
    _log(card)


def _state(card: Card, rule: AutoRule) -> None:
    most = plain(_("at most {price}").format(price=price(rule.at_most)))
    st.markdown(f"**{word(words.MODE, rule.mode)}** · {plain(rule.product_name)} · {most}")
    st.info(plain(words.today(auto_desk().dry_run(card.card_id, rule))), icon=":material/today:")


def _form(card: Card, rule: AutoRule | None) -> None:
    assert card.provider is not None
    name, key = facts_of(card.provider.provider).name, f"{SOLD}_{card.card_id}"
    st.button(
        _("Ask {provider} what can be bought").format(provider=name),
        icon=":material/storefront:",
        key=f"auto_ask_{card.card_id}",
        on_click=_ask,
        args=(card,),
        width="stretch",
    )
    trouble = st.session_state.get(f"{TROUBLE}_{card.card_id}")
    if trouble:
        st.error(trouble)
    sold: dict[str, TopUpProduct] = st.session_state.get(key, {})
    names = {product.product_id: words.product_line(product) for product in sold.values()}
    if rule is not None:
        names.setdefault(rule.product_id, rule.product_name)
    if not names:
        st.caption(_("Ask first: the rule names one product."))
        return
    with st.form(f"auto_form_{card.card_id}", border=False):
        ids = list(names)
        product = st.selectbox(
            _("What to buy"),
            ids,
            index=ids.index(rule.product_id) if rule is not None else 0,
            format_func=names.__getitem__,
            key=f"auto_product_{card.card_id}",
        )
        days = st.number_input(
            _("When so many days are left (empty: do not look at days)"),
            min_value=0,
            max_value=365,
            value=rule.days_left if rule is not None else USUAL_DAYS,
            step=1,
            key=f"auto_days_{card.card_id}",
        )
        data = st.number_input(
            _("When so many GB are left (empty: do not look at data)"),
            min_value=0.0,
            value=float(rule.data_left.in_unit(DataUnit.GB)) if rule is not None and rule.data_left is not None else None,
            key=f"auto_data_{card.card_id}",
        )
        most = st.number_input(
            _("Most that it may cost (empty: the price of today)"),
            min_value=0.0,
            value=float(rule.at_most.amount) if rule is not None else None,
            key=f"auto_most_{card.card_id}",
        )
        mode = st.radio(
            _("What it does"),
            list(AutoMode),
            index=list(AutoMode).index(rule.mode) if rule is not None else 0,
            format_func=lambda it: word(words.MODE, it),
            key=f"auto_mode_{card.card_id}",
        )
        mode = mode or AutoMode.OFF
        pressed = st.form_submit_button(_("Keep this rule"), width="stretch")
    if pressed:
        chosen = sold.get(product)
        problem = _keep(card, rule, product, chosen.name if chosen is not None else names[product], chosen, days, data, most, mode)
        if problem:
            st.error(problem)
        else:
            st.rerun()


def _keep(
    card: Card,
    before: AutoRule | None,
    product_id: str,
    name: str,
    product: TopUpProduct | None,
    days: int | None,
    data: float | None,
    most: float | None,
    mode: AutoMode,
) -> str:
    """Keep the rule; returns what is wrong with it, empty when nothing is."""
    known = product.price if product is not None and product.price is not None else before.at_most if before is not None else None
    if days is None and data is None:
        return _("Say when: at so many days left, at so many GB left, or both.")
    if known is None:
        return _("The provider does not say the price of this product, so no rule can buy it.")
    length = product.validity_days if product is not None else None
    if days is not None and length is not None and length <= days:
        return _("The product lasts {length}, so it would be due again at once. Choose fewer days, or a longer product.").format(
            length=figures.days(length)
        )
    at_most = known if most is None else Money.of(Decimal(str(round(most, 2))), known.currency)
    if at_most.minor <= 0:
        return _("Write how much it may cost at most: more than zero.")
    volume = None if data is None else DataVolume.of(Decimal(str(data)), DataUnit.GB)
    auto_desk().set_rule(card.card_id, AutoRule(mode, product_id, name, at_most, days, volume))
    return ""


def _log(card: Card) -> None:
    decisions = auto_desk().decided(card.card_id, LOG)
    if not decisions:
        return
    with st.expander(_("What it decided"), icon=":material/history:"):
        st.caption(_("The same decision is written down once a day."))
        for decision in decisions:
            when = figures.moment(decision.at.astimezone(clock.zone()))
            tried = f" ({word(words.MODE, decision.mode)})" if decision.mode is AutoMode.DRY_RUN else ""
            st.markdown(plain(figures.labelled(when, f"{words.decided(decision)}{tried}")))


def _ask(card: Card) -> None:
    key, trouble = f"{SOLD}_{card.card_id}", f"{TROUBLE}_{card.card_id}"
    st.session_state.pop(trouble, None)
    assert card.provider is not None
    try:
        with waiting(_("Asking {provider}").format(provider=facts_of(card.provider.provider).name)):
            offer = order_desk().offer(card.card_id)
    except OrderNotTaken as error:
        st.session_state[trouble] = words.not_taken(error)
    except ProviderError as error:
        st.session_state[trouble] = connection_words.trouble(facts_of(error.provider), failure_of(error))
    else:
        st.session_state[key] = {product.product_id: product for product in offer.products}
