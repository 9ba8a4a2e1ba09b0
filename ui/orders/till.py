"""Buying from the page: what can be bought, what it does, the confirmation by hand, and what became of it."""

from datetime import timedelta
from decimal import Decimal

import streamlit as st

from services.model.card import Card
from services.model.intent import IntentStatus
from services.model.money import Money
from services.model.order import TopUpProduct
from services.model.renewal import Channel
from services.providers.errors import ProviderError
from services.providers.facts import facts_of
from services.rules.orders.follow import BEFORE_PAYING
from services.rules.orders.limits import OrderNotTaken
from services.rules.orders.products import Move
from services.use.catalogue import failure_of
from services.use.orders import Effect, Offer, new_intent_id
from services.use.renewals import Walk
from ui import clock, connection_words, figures
from ui.cards.desks import reading_desk
from ui.clocks import words as clock_words
from ui.language import _, spoken
from ui.orders import words
from ui.orders.desk import order_desk, price
from ui.orders.kept import outcome
from ui.pages import page_at
from ui.text import plain
from ui.waiting import waiting
from ui.words import word

OFFER, TROUBLE, ASKING, REFUSAL = "order_offer", "order_trouble", "order_asking", "order_refusal"
FRESH = timedelta(minutes=15)
NOTHING_BOUGHT = frozenset({IntentStatus.REFUSED, IntentStatus.WITHDRAWN, IntentStatus.CLOSED})


def orders_here(walk: Walk) -> bool:
    """Whether this renewal is paid by an order from this page, so that nobody has to say by hand how it went."""
    card = _card(walk)
    if walk.run.channel is not Channel.API or card is None:
        return False
    last = order_desk().of_renewal(walk.renewal_id)
    going = last is not None and last.status not in NOTHING_BOUGHT
    return going or (order_desk().can_order(card) and walk.run.status in BEFORE_PAYING)


def order_section(walk: Walk) -> None:
    """The order of this renewal: the one there is, or the way to one."""
    if walk.run.channel is not Channel.API:
        return
    st.subheader(_("Top up from here"))
    card, last = _card(walk), order_desk().of_renewal(walk.renewal_id)
    if last is not None:
        outcome(last)
        if last.status not in NOTHING_BOUGHT:
            return
    if card is None or not order_desk().can_order(card):
        st.info(
            _(
                "A top-up from here needs a card that is linked to a connected provider which sells top-ups. Otherwise follow the steps above."
            )
        )
        st.page_link(page_at("settings"), label=_("Accounts at providers"), icon=":material/settings:")
    elif walk.run.status in BEFORE_PAYING:
        _choose(walk, card)


def _card(walk: Walk) -> Card | None:
    view = reading_desk().view(walk.card_id) if walk.card_id else None
    return None if view is None else view.card


def _choose(walk: Walk, card: Card) -> None:
    assert card.provider is not None
    facts = facts_of(card.provider.provider)
    offer = st.session_state.get(f"{OFFER}_{walk.renewal_id}")
    label = _("Ask {provider} what can be bought") if offer is None else _("Ask {provider} again")
    st.button(
        label.format(provider=facts.name), icon=":material/storefront:", key="order_ask", on_click=_ask, args=(walk, card), width="stretch"
    )
    trouble = st.session_state.get(f"{TROUBLE}_{walk.renewal_id}")
    if isinstance(trouble, str):
        st.error(trouble)
    refusal = st.session_state.pop(REFUSAL, None)
    if refusal:
        st.error(refusal)
    if offer is None:
        return
    if clock.now() - offer.asked_at > FRESH:
        st.info(_("This was asked {ago}. Prices may have changed: ask again.").format(ago=figures.ago(offer.asked_at, clock.now())))
        return
    _wallet(offer)
    if not offer.products:
        st.info(_("Nothing can be bought for this card now."))
        return
    product = _product(walk, offer)
    effect = order_desk().effect(offer, product)
    _effect(offer, effect)
    _order_button(walk, offer, effect)


def _wallet(offer: Offer) -> None:
    balance = offer.wallet.balance if offer.wallet is not None else None
    parts = [
        _("Account at {provider}: {balance}").format(provider=offer.facts.name, balance=price(balance))
        if balance is not None
        else _("{provider} does not say what the account holds.").format(provider=offer.facts.name),
        _("asked {ago}").format(ago=figures.ago(offer.asked_at, clock.now())),
    ]
    st.caption(plain(" · ".join(parts)))
    if offer.invented:
        st.markdown(":orange-badge[:material/science: " + _("Sandbox: this order is invented, no money moves") + "]")
    if offer.reading_failed is not None:
        st.caption(_("The card itself could not be read just now; what is shown of it is older."))


def _product(walk: Walk, offer: Offer) -> TopUpProduct:
    products = sorted(offer.products, key=lambda it: (it.price is None, it.price.minor if it.price is not None else 0))
    by_id = {product.product_id: product for product in products}
    chosen = st.selectbox(
        _("What to buy"),
        list(by_id),
        format_func=lambda it: words.product_line(by_id[it]),
        key=f"order_product_{walk.renewal_id}",
    )
    product = by_id[chosen]
    low, high = product.amount_from, product.amount_to
    if low is not None and high is not None:
        amount = st.number_input(
            _("Amount, {currency}").format(currency=low.currency),
            min_value=float(low.amount),
            max_value=float(high.amount),
            value=float(low.amount),
            key=f"order_amount_{walk.renewal_id}",
        )
        product = product.with_amount(Money.of(Decimal(str(round(amount, 2))), low.currency))
    if product.periods_from is not None and product.periods_to is not None:
        periods = st.number_input(
            _("How many days or periods"),
            min_value=product.periods_from,
            max_value=product.periods_to,
            value=product.periods_from,
            key=f"order_periods_{walk.renewal_id}",
        )
        product = product.for_periods(int(periods))
    return product


def _effect(offer: Offer, effect: Effect) -> None:
    """What buying it does, before it is bought."""
    with st.container(border=True):
        st.markdown("**" + _("What this does") + "**")
        lines = [word(words.GIVES, effect.gives), word(words.FIT, effect.fit), word(words.EXTENDS, effect.product.extends.value)]
        need = [
            _("left now: {data}").format(data=figures.volume(effect.need.left.bytes))
            if effect.need.left is not None
            else _("left now: not known"),
            _("your pace: {data} a day").format(data=figures.volume(effect.need.per_day.bytes))
            if effect.need.per_day is not None
            else _("your pace: not known yet"),
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in [*lines, *(_move(move) for move in effect.moves if _worth(move))]))
        st.caption(plain(" · ".join(need)))


def _worth(move: Move) -> bool:
    """A clock of which nothing is known, before and after, says nothing here."""
    return move.before is not None or move.after is not None


def _move(move: Move) -> str:
    """ "paying today moves 3 March to 30 August; paying after 20 February loses nothing"."""
    name = spoken(move.clock.rule.name)
    if move.before is None:
        assert move.after is not None
        return _("{clock}: from not known to {after}").format(clock=name, after=clock_words.day(move.after, move.clock))
    before = clock_words.day(move.before, move.clock)
    if move.after is None:
        return _("{clock}: {before} now; where buying moves it is not known").format(clock=name, before=before)
    if move.after == move.before:
        return _("{clock}: stays at {before}").format(clock=name, before=before)
    text = _("{clock}: buying today moves {before} to {after}").format(
        clock=name, before=before, after=clock_words.day(move.after, move.clock)
    )
    if move.days_lost and move.nothing_lost_from is not None:
        return text + _("; {days} would be lost, from {day} on none").format(
            days=figures.days(move.days_lost), day=figures.day(move.nothing_lost_from)
        )
    return text + _("; nothing is lost") if move.days_lost == 0 else text


def _order_button(walk: Walk, offer: Offer, effect: Effect) -> None:
    product = effect.product
    if effect.no is not None:
        st.warning(words.not_taken(effect.no, product.price.currency if product.price else ""))
        st.page_link(page_at("orders"), label=_("Orders and spending limits"), icon=":material/receipt:")
    amount = price(product.price) if product.price is not None else _("no price")
    st.button(
        _("Order for {price}").format(price=plain(amount)),
        type="primary",
        key="order_open",
        disabled=effect.no is not None,
        on_click=_open,
        args=(walk.renewal_id,),
        width="stretch",
    )
    asking = st.session_state.get(ASKING)
    if asking is not None and asking[0] == walk.renewal_id and effect.no is None:
        title = _("Try this order in the sandbox?") if offer.invented else _("Spend real money?")
        st.dialog(title, on_dismiss=_shut)(_confirm)(walk.renewal_id, offer, effect, asking[1])


def _confirm(renewal_id: str, offer: Offer, effect: Effect, intent_id: str) -> None:
    """Everything once more, in full, and the one button that orders."""
    product = effect.product
    assert product.price is not None
    rows = [
        (_("Card"), offer.card.nickname),
        (_("Provider"), offer.facts.name),
        (_("Product"), words.product_line(product)),
        (_("Price"), price(product.price)),
    ]
    balance = offer.wallet.balance if offer.wallet is not None else None
    if balance is not None and balance.currency == product.price.currency:
        after = Money(balance.minor - product.price.minor, balance.currency)
        rows.append((_("Account at the provider"), _("{before} now, {after} afterwards").format(before=price(balance), after=price(after))))
    else:
        rows.append((_("Account at the provider"), _("not known")))
    room = effect.room
    if room is not None and room.limit is not None:
        used = Money(room.spent.minor + product.price.minor, product.price.currency)
        rows.append((_("Limit this month"), _("{used} of {limit} with this order").format(used=price(used), limit=price(room.limit.month))))
    st.markdown("\n".join(f"- {plain(figures.labelled(name, value))}" for name, value in rows))
    st.markdown("\n".join(f"- {plain(_move(move))}" for move in effect.moves if _worth(move)))
    if offer.invented:
        st.markdown(":orange-badge[:material/science: " + _("Sandbox: this order is invented, no money moves") + "]")
    st.caption(_("It is sent once, however often you press. What was bought cannot be taken back here."))
    if st.button(_("Confirm the order"), type="primary", key="order_confirm", width="stretch"):
        _place(renewal_id, offer, product, intent_id)
        st.rerun()
    if st.button(_("Do not order"), key="order_cancel", width="stretch"):
        _shut()
        st.rerun()


def _place(renewal_id: str, offer: Offer, product: TopUpProduct, intent_id: str) -> None:
    """Store, then send. The number of the intent was made when the dialog opened: pressing twice is one order."""
    desk = order_desk()
    with st.spinner(_("Sending the order")):
        try:
            desk.place(offer, product, intent_id, renewal_id)
        except OrderNotTaken as error:
            st.session_state[REFUSAL] = words.not_taken(error, product.price.currency if product.price else "")
        else:
            desk.send(intent_id)
        _shut()


def _open(renewal_id: str) -> None:
    st.session_state[ASKING] = (renewal_id, new_intent_id())


def _shut() -> None:
    st.session_state.pop(ASKING, None)


def _ask(walk: Walk, card: Card) -> None:
    key, trouble = f"{OFFER}_{walk.renewal_id}", f"{TROUBLE}_{walk.renewal_id}"
    st.session_state.pop(trouble, None)
    assert card.provider is not None
    facts = facts_of(card.provider.provider)
    try:
        with waiting(_("Asking {provider}").format(provider=facts.name)):
            st.session_state[key] = order_desk().offer(card.card_id)
    except OrderNotTaken as error:
        st.session_state[trouble] = words.not_taken(error)
    except ProviderError as error:
        kind = failure_of(error)
        st.session_state[trouble] = (
            words.failed(facts.id, kind) if kind["kind"] in ("Refused", "NotFound") else connection_words.trouble(facts, kind)
        )
