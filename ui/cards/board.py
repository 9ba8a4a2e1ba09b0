"""All cards: filters, groups, tiles, and what can be done to several at once."""

from collections.abc import Iterable

import streamlit as st

from services.use.operators import operator_name
from services.use.readings import CardView
from ui import figures, words
from ui.cards.desks import card_desk, reading_desk
from ui.cards.tile import look_up, tile
from ui.grid import grid
from ui.language import _, language, mark, n_
from ui.text import plain

PER_PAGE, NAMED = 12, 12
GROUP = {"urgency": mark("By urgency"), "country": mark("By country"), "holder": mark("By holder")}
ACTION = {
    "refresh": mark("Look up"),
    "tag": mark("Put a tag on"),
    "untag": mark("Take a tag off"),
    "delete": mark("Delete"),
}


def filtered(board: list[CardView]) -> list[CardView]:
    """The filters, and the cards that pass them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(_("Find a card"), key="q", bind="query-params", placeholder=_("Name or number"), max_chars=120).strip().lower()
        tags = st.multiselect(
            _("Tags"), sorted({tag for view in board for tag in view.card.tags}), key="tags", placeholder=_("Any tag"), select_all=False
        )
        st.segmented_control(
            _("Order"), list(GROUP), format_func=lambda code: words.word(GROUP, code), key="group", default="urgency", required=True
        )
    return [view for view in board if (not text or text in _searched(view)) and set(tags) <= view.card.tags]


def _searched(view: CardView) -> str:
    card = view.card
    numbers = (card.identifiers.msisdn, card.identifiers.iccid, card.identifiers.imei)
    operator = operator_name(card.operator, language()) if card.operator else ""
    return " ".join(
        [card.nickname, operator, card.holder, card.payer, card.device, *card.tags, *(text for text in numbers if text)]
    ).lower()


def tiles(views: list[CardView]) -> None:
    """One page of tiles, grouped as chosen."""
    by = st.session_state.get("group") or "urgency"
    views = sorted(views, key=lambda view: _group(view, by)) if by != "urgency" else views
    pages = -(-len(views) // PER_PAGE)
    page = st.pagination(pages, key="cards_page") if pages > 1 else 1
    shown = views[(page - 1) * PER_PAGE : page * PER_PAGE]
    able = set(reading_desk().refreshable())
    for number, name in enumerate(dict.fromkeys(_group(view, by) for view in shown)):
        if by != "urgency":
            st.subheader(plain(name[1]))
        with grid(f"cards_{number}"):
            for view in shown:
                if _group(view, by) == name:
                    tile(view, view.card.card_id in able)


def _group(view: CardView, by: str) -> tuple[bool, str]:
    """What the card is listed under; those that say nothing come last."""
    if by == "country":
        return (False, figures.country(view.card.country)) if view.card.country else (True, _("Country not known"))
    if by == "holder":
        return (False, view.card.holder) if view.card.holder else (True, _("Holder not known"))
    return False, ""


def several(views: list[CardView]) -> None:
    """An action on every card that the filters show, with their names before it is done."""
    panel = st.expander(_("Several cards at once"), on_change="rerun", key="several_open")
    if not panel.open:
        return
    with panel:
        able = set(reading_desk().refreshable())
        action = st.segmented_control(
            _("What to do"), list(ACTION), format_func=lambda code: words.word(ACTION, code), key="several_action"
        )
        if action is None:
            st.caption(_("It applies to every card that the filters above show."))
            return
        touched = [view for view in views if action != "refresh" or view.card.card_id in able]
        tag = ""
        if action in ("tag", "untag"):
            tag = st.text_input(_("Tag"), key="several_tag", max_chars=40).strip()
            touched = [view for view in touched if (tag in view.card.tags) is (action == "untag")] if tag else []
        _preview(touched)
        sure = action != "delete" or st.checkbox(_("Delete them with all their readings and codes"), key="several_sure")
        ids = [view.card.card_id for view in touched]
        st.button(
            words.word(ACTION, action),
            key="several_go",
            disabled=not ids or not sure,
            on_click=_do,
            args=(action, ids, tag),
            type="primary",
        )


def _preview(touched: list[CardView]) -> None:
    if not touched:
        st.caption(_("No card is affected."))
        return
    names = figures.listing([plain(view.card.nickname) for view in touched[:NAMED]])
    more = len(touched) - NAMED
    tail = n_(" and {n} more", " and {n} more", more).format(n=more) if more > 0 else ""
    st.markdown(
        n_("{n} card is affected: {names}", "{n} cards are affected: {names}", len(touched)).format(n=len(touched), names=names + tail)
    )


def _do(action: str, ids: Iterable[str], tag: str) -> None:
    if action == "refresh":
        look_up(list(ids))
    elif action == "delete":
        card_desk().delete(ids)
        st.session_state["several_sure"] = False
    else:
        put, off = (frozenset({tag}), frozenset()) if action == "tag" else (frozenset(), frozenset({tag}))
        card_desk().tag(ids, put, off)
