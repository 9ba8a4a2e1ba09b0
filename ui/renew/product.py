"""Choosing what to buy: what the operator's rules name, or anything else; whether it fits, what it is, what it does to the clocks."""

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from services.model.clock import Activity
from services.model.data_volume import DataUnit, DataVolume
from services.model.renewal import Product, RenewalStatus
from services.model.tri import Tri
from services.rules.balances.forecast import Forecast
from services.rules.renewals.product import Nature, fit, known_products, nature
from services.use.renewals import Walk
from ui import figures
from ui.cards.desks import reading_desk
from ui.language import _, mark
from ui.renew.desk import attempt, renewal_desk
from ui.renew.effects import effect_lines
from ui.renew.figures_form import amount_fields, as_money, money_text
from ui.text import plain
from ui.words import word

OTHER = -1
NATURE: Mapping[str, str] = {
    Nature.MONEY: mark("Money, not service: it stays on the card as credit. A plan or data is bought with it in a second step."),
    Nature.SERVICE: mark("Service: it is paid for and used up. Nothing of it stays as credit."),
    Nature.UNKNOWN: mark("Whether it stays as money or becomes service at once is not known. Ask before you pay."),
}
WHAT: Mapping[str, str] = {
    Activity.TOP_UP: mark("Credit top-up"),
    Activity.BUNDLE: mark("Plan"),
    Activity.BUY_DAYS: mark("Days bought with credit"),
    Activity.PAY_ARREARS: mark("What is owed"),
}
_CHOOSABLE = (RenewalStatus.DRAFT, RenewalStatus.PAYING, RenewalStatus.FAILED)


def product_text(product: Product) -> str:
    """ "Top-up · HK$50.00 · 10 GB · 30 days"."""
    data = _("unlimited data") if product.unlimited else figures.volume(product.data.bytes) if product.data else ""
    parts = [
        product.name or word(WHAT, product.what.value),
        money_text(product.amount) if product.amount else "",
        data,
        figures.days(product.days) if product.days else "",
    ]
    return " · ".join(part for part in parts if part)


def product(walk: Walk) -> None:
    """What is to be bought, and what it does; the choice fills in the promise that the proof is held against."""
    chosen = walk.run.product
    label = _("Product: {product}").format(product=plain(product_text(chosen)) if chosen else _("not chosen"))
    with st.expander(label, icon=":material/shopping_cart:", expanded=chosen is None and walk.run.status is RenewalStatus.DRAFT):
        if walk.run.status not in _CHOOSABLE:
            if chosen is not None:
                _said(walk, chosen, None)
            return
        rule = renewal_desk().rule(walk)
        known = list(known_products(rule)) if rule is not None else []
        key = f"product_{walk.renewal_id}"
        options = [*range(len(known)), OTHER]
        place = st.radio(
            _("What do you buy?"),
            options,
            index=known.index(chosen) if chosen in known else 0 if chosen is None else len(options) - 1,
            format_func=lambda it: _("Another amount or plan") if it == OTHER else plain(product_text(known[it])),
            key=f"{key}_place",
        ) if known else OTHER  # fmt: skip
        looked_at = _typed(walk, key, chosen if chosen not in known else None) if place == OTHER else known[place]
        if looked_at is None:
            return
        need = _need(walk, key) if _brings_service(looked_at) else None
        _said(walk, looked_at, need)
        st.button(
            _("This is what I buy"), key=f"{key}_choose", type="primary" if chosen is None else "secondary", on_click=_choose,
            args=(walk.renewal_id, looked_at), width="stretch", disabled=looked_at == chosen,
        )  # fmt: skip


def _typed(walk: Walk, key: str, before: Product | None) -> Product | None:
    """Another amount or plan; None until it was looked at."""
    whats = [Activity.TOP_UP, Activity.BUNDLE]
    with st.form(f"{key}_form", border=False):
        what = st.radio(
            _("Kind of product"),
            whats,
            index=whats.index(before.what) if before and before.what in whats else 0,
            format_func=lambda it: _("Money put on the card") if it is Activity.TOP_UP else _("A plan, data pack or days"),
            horizontal=True,
            key=f"{key}_what",
        )
        name = st.text_input(_("Name of the product (optional)"), value=before.name if before else "", key=f"{key}_name", max_chars=100)
        amount, currency = amount_fields(walk, f"{key}_price", before.amount if before else None, _("Amount or price"))
        left, right = st.columns(2)
        gb = left.number_input(
            _("Data, GB (optional)"), value=float(before.data.in_unit(DataUnit.GB)) if before and before.data else None, min_value=0.0,
            max_value=100_000.0, step=1.0, key=f"{key}_gb",
        )  # fmt: skip
        days = right.number_input(
            _("Days (optional)"), value=before.days if before else None, min_value=1, max_value=3650, step=1, key=f"{key}_days"
        )
        unlimited = left.checkbox(_("Unlimited data"), value=before.unlimited if before else False, key=f"{key}_unlimited")
        if st.form_submit_button(_("See what it does"), icon=":material/visibility:", width="stretch"):
            volume = DataVolume.of(Decimal(str(gb)), DataUnit.GB) if gb else None
            typed = Product(what, " ".join(name.split()), as_money(amount, currency), volume, unlimited, days)
            st.session_state[f"{key}_typed"] = typed
    looked_at = st.session_state.get(f"{key}_typed", before)
    return looked_at if isinstance(looked_at, Product) else None


def _need(walk: Walk, key: str) -> DataVolume | None:
    """What the card uses a day: from its readings, unless the person types another figure."""
    view = reading_desk().view(walk.card_id) if walk.card_id else None
    seen = view.forecast.per_day if view is not None and isinstance(view.forecast, Forecast) else None
    typed = st.number_input(
        _("Data you need a day, GB"),
        value=float(round(seen.in_unit(DataUnit.GB), 2)) if seen else None,
        min_value=0.0,
        max_value=1000.0,
        step=0.1,
        key=f"{key}_need",
        help=_("From the readings of this card; change it when your use will be another.") if seen else None,
    )
    return DataVolume.of(Decimal(str(typed)), DataUnit.GB) if typed is not None else None


def _said(walk: Walk, looked_at: Product, need: DataVolume | None) -> None:
    """Fit, nature and effect."""
    desk = renewal_desk()
    lines = [word(NATURE, nature(looked_at, desk.rule(walk)))]
    if _brings_service(looked_at):
        lines.append(_fits(looked_at, need))
    lines += effect_lines(desk.effects(walk, looked_at))
    st.markdown("\n".join(f"- {line}" for line in lines if line))


def _brings_service(looked_at: Product) -> bool:
    """Whether there is anything to hold against a need."""
    return looked_at.data is not None or looked_at.unlimited or looked_at.days is not None


def _fits(looked_at: Product, need: DataVolume | None) -> str:
    held = fit(looked_at, need)
    if looked_at.unlimited:
        return _("Fit: unlimited data. Look at its speed and fair use before you rely on it.")
    if held.enough is Tri.YES and held.needed is not None:
        return _("Fit: enough. Its days need about {needed}.").format(needed=figures.volume(held.needed.bytes))
    if held.enough is Tri.NO and held.lasts_days is not None and held.needed is not None:
        return _("Fit: too little. It lasts {days}; all of its days need about {needed}.").format(
            days=figures.days(held.lasts_days), needed=figures.volume(held.needed.bytes)
        )
    if held.lasts_days is not None:
        return _("Fit: at this pace its data lasts {days}.").format(days=figures.days(held.lasts_days))
    return _("Fit: not known. Type what you need a day, and what the product brings.")


def _choose(renewal_id: str, looked_at: Product) -> None:
    attempt(renewal_desk().choose, renewal_id, looked_at)
