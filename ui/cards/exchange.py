"""Many cards in and out: a table with a preview and a reason per refused row; an export without secrets unless asked for."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from services.model.card import Card
from services.rules.plan_lists import PlanListError, Table, read_table
from services.use.card_lists import SECRET, CardImport, Column, RefusedCard, export_cards, export_workbook, read_cards
from services.use.cards import marks
from ui import figures
from ui.cards import words
from ui.cards.desks import card_desk
from ui.cards.upload import one_file
from ui.language import _, language, mark, n_, speaking
from ui.plan_list_words import trouble as table_error
from ui.text import plain
from ui.words import word

PREVIEWED = 20
PROBLEM = {
    "nothing_to_tell_it_by": mark("No name, number or ICCID to tell this card by."),
    "unknown_kind": mark("This is no kind of card. Write SIM, eSIM, data card or pocket Wi-Fi."),
    "unknown_country": mark("No such country is known here. Write its name or its two letters."),
    "bad_eid": mark("This is no EID: 32 digits whose check digits fit."),
    "bad_imei": mark("This is no IMEI: 15 digits whose check digit fits."),
    "bad_code": mark("This is no activation code of an eSIM."),
    "bad_date": mark("This is no date. Write it as 2026-11-20."),
    "too_long": mark("This cell is too long."),
    "twice_in_file": mark("The same card stands further up in this file."),
    "already_here": mark("This card is here already."),
    "unreadable": mark("This row could not be read."),
}
SECRET_HEADING = {
    "lpa_code": mark("Activation code"),
    "confirmation_code": mark("Confirmation code"),
    "pin": "PIN",
    "puk": "PUK",
}


def heading(column: Column) -> str:
    return word(SECRET_HEADING if column in SECRET else words.FIELD, column.value)


def import_cards() -> None:
    """A file, its preview, and the button that keeps what was understood."""
    st.caption(_("A CSV or XLSX table with a heading row, such as: {headings}").format(headings=figures.listing(list(_known_headings()))))
    st.download_button(
        _("Download an empty table"), data=_empty(), file_name="simkeeper-cards.csv", mime="text/csv", on_click="ignore", key="empty_cards"
    )
    file = one_file(_("Table of cards"), ["csv", "tsv", "txt", "xlsx"], "cards_file")
    if file is None:
        return
    try:
        table = read_table(file.name, file.getvalue())
    except PlanListError as error:
        st.error(table_error(error))
        return
    found = read_cards(table, card_desk().all(), "CN" if language() == "zh" else None)
    _preview(table, found)
    count = len(found.cards)
    st.button(
        n_("Add {n} card", "Add {n} cards", count).format(n=figures.number(count)),
        key="import_cards",
        type="primary",
        disabled=not count,
        on_click=_keep,
        args=(found,),
    )


def _known_headings() -> list[str]:
    return [heading(column) for column in (Column.NICKNAME, Column.MSISDN, Column.ICCID, Column.OPERATOR, Column.HOLDER)]


def _empty() -> bytes:
    return export_cards([], {column: heading(column) for column in Column}, language())


def _preview(table: Table, found: CardImport) -> None:
    good = n_("{n} card understood", "{n} cards understood", len(found.cards)).format(n=figures.number(len(found.cards)))
    bad = n_("{n} row left out", "{n} rows left out", len(found.refused)).format(n=figures.number(len(found.refused)))
    st.markdown(f"**{good}** · {bad}" if found.refused else f"**{good}**")
    if found.unused:
        st.caption(_("Columns not used: {names}").format(names=plain(figures.listing(list(found.unused[:10])))))
    if found.cards:
        rows = [
            {
                _("Name"): card.nickname,
                _("Kind"): word(words.KIND, card.kind.value),
                _("Operator"): words.operator(card.operator) if card.operator else "",
                _("Number"): next((value for _kind, value in marks(card)), ""),
                _("Holder"): card.holder,
                _("Codes"): _("hidden") if secrets.lpa_code or secrets.pin or secrets.puk else "",
            }
            for card, secrets in found.cards[:PREVIEWED]
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("Cards understood"))
    if found.refused:
        st.dataframe(pd.DataFrame([_refused(row) for row in found.refused]), hide_index=True, alt=_("Rows left out, with the reason"))


def _refused(row: RefusedCard) -> dict[str, str | int]:
    return {_("Row"): row.number, _("Column"): row.column, _("Cell"): row.cell, _("Reason"): word(PROBLEM, row.problem.value)}


def _keep(found: CardImport) -> None:
    st.session_state["added_cards"] = card_desk().add_many(found.cards)


def export_panel(cards: list[Card]) -> None:
    """Download the cards that are shown."""
    panel = st.expander(_("Export these cards"), on_change="rerun", key="export_open")
    if not panel.open:
        return
    with panel:
        secret = st.checkbox(_("With activation codes, PIN and PUK: whoever has the file can take these cards"), key="export_secrets")
        spoken = language()

        def build(write: Callable[..., bytes]) -> bytes:
            with speaking(spoken):
                headings = {column: heading(column) for column in Column}
                return write(cards, headings, spoken, card_desk().secrets if secret else None)

        st.download_button(
            _("Download as CSV"),
            data=lambda: build(export_cards),
            file_name="simkeeper-cards.csv",
            mime="text/csv",
            on_click="ignore",
            key="export_cards",
        )
        st.download_button(
            _("Download as XLSX"),
            data=lambda: build(export_workbook),
            file_name="simkeeper-cards.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
            key="export_workbook",
        )
