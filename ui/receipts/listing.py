"""The receipts that are kept: found by month, card, payer and number; looked at, changed, taken along."""

from collections.abc import Callable
from datetime import date

import streamlit as st
from babel.dates import format_date

from services.model.receipt import FileType, Receipt
from services.use.receipts import MIME, Column, ReceiptDesk, Wanted, file_name, months, payers
from ui import figures
from ui.language import _, babel_locale, n_, speaking
from ui.language import language as spoken_language
from ui.receipts import words
from ui.receipts.desk import money, payee, receipt_desk, size_text
from ui.receipts.form import change
from ui.text import for_label, plain
from ui.words import word

ON_A_PAGE = 12
ANY = ""


def listing(receipts: list[Receipt]) -> None:
    """Filters, the receipts they leave, and the export of these."""
    st.header(_("Receipts"))
    if not receipts:
        st.info(_("No receipt is kept yet. Photograph the next one here, or keep it at the end of a renewal."))
        return
    wanted = _wanted(receipts)
    desk = receipt_desk()
    found = desk.found(wanted)
    st.markdown(n_("{n} receipt", "{n} receipts", len(found)).format(n=figures.number(len(found))))
    if not found:
        st.info(_("No receipt fits. Clear one of the filters."))
        return
    pages = -(-len(found) // ON_A_PAGE)
    page = min(st.pagination(pages, key="receipt_page"), pages) if pages > 1 else 1
    shown = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    small = desk.store.thumbnails(receipt.file.digest for receipt in shown if receipt.file)
    for receipt in shown:
        _one(receipt, small, desk)
    _export(found, desk)


def _wanted(receipts: list[Receipt]) -> Wanted:
    names = {receipt.card_id: receipt.card_name for receipt in reversed(receipts) if receipt.card_id}
    with st.container(horizontal=True):
        month = st.selectbox(
            _("Month"), [ANY, *months(receipts)], format_func=lambda it: month_name(it) if isinstance(it, date) else _("Every month"),
            key="receipt_month", width=220,
        )  # fmt: skip
        asked, cards = st.query_params.get("card", ANY), [ANY, *names]
        card = st.selectbox(
            _("Card"),
            cards,
            index=cards.index(asked) if asked in names else 0,
            format_func=lambda it: names.get(it) or _("Every card"),
            key="receipt_card",
            width=220,
        )
        payer = st.selectbox(
            _("Payer"), [ANY, *payers(receipts)], format_func=lambda it: it or _("Everybody"), key="receipt_payer", width=220
        )
        text = st.text_input(_("Number or word"), key="receipt_text", max_chars=100, width=220)
    return Wanted(month if isinstance(month, date) else None, card or None, payer or None, text)


def month_name(month: date) -> str:
    return str(format_date(month, "LLLL y" if spoken_language() == "en" else "y年M月", locale=babel_locale()))


def _one(receipt: Receipt, small: dict[str, bytes], desk: ReceiptDesk) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="top"):
            if receipt.file is not None and receipt.file.digest in small:
                st.image(small[receipt.file.digest], width=96, alt=_("Photo of the receipt of {day}").format(day=figures.day(receipt.on)))
            with st.container(width="stretch"):
                st.markdown("  \n".join(_lines(receipt)))
        panel = st.expander(_("Look, change or delete"), on_change="rerun", key=f"receipt_open_{receipt.receipt_id}")
        if panel.open:
            with panel:
                _inside(receipt, desk)


def _lines(receipt: Receipt) -> list[str]:
    amount = money(receipt.amount) if receipt.amount else _("Amount not typed")
    first = f"**{plain(amount)}** · {figures.day(receipt.on)}"
    if receipt.refunded:
        first += " :gray-badge[:material/undo: " + _("Refunded") + "]"
    about = [receipt.card_name, payee(receipt.operator, receipt.payee), receipt.product]
    lines = [first, plain(" · ".join(part for part in about if part))]
    if receipt.payer:
        lines.append(plain(figures.labelled(_("Payer"), receipt.payer)))
    if receipt.reference:
        lines.append(plain(figures.labelled(word(words.COLUMN, "reference"), receipt.reference)))
    if receipt.note:
        lines.append(plain(receipt.note))
    if receipt.file is not None and receipt.file.type is FileType.PDF:
        lines.append(f":material/picture_as_pdf: PDF, {size_text(receipt.file.size)}")
    return [line for line in lines if line]


def _inside(receipt: Receipt, desk: ReceiptDesk) -> None:
    file = receipt.file
    if file is not None:
        if file.type is FileType.JPEG and (data := desk.store.data(file.digest)) is not None:
            st.image(data, alt=_("Photo of the receipt of {day}").format(day=figures.day(receipt.on)))
        if file.type is FileType.PDF:
            st.caption(_("A PDF is not opened here. Download it, and open it with a program you trust."))
        st.download_button(
            _("Download the file ({size})").format(size=size_text(file.size)),
            data=_reader(desk, file.digest),
            file_name=file_name(receipt),
            mime=MIME[file.type],
            on_click="ignore",
            key=f"receipt_download_{receipt.receipt_id}",
            icon=":material/download:",
        )
        st.caption(figures.labelled("SHA-256", f"`{file.digest}`"))
    change(receipt)
    sure = st.checkbox(_("I want to delete this receipt and its file"), key=f"receipt_sure_{receipt.receipt_id}")
    st.button(_("Delete"), key=f"receipt_delete_{receipt.receipt_id}", disabled=not sure, on_click=desk.delete, args=(receipt.receipt_id,))


def _reader(desk: ReceiptDesk, digest: str) -> Callable[[], bytes]:
    return lambda: desk.store.data(digest) or b""


def _export(found: list[Receipt], desk: ReceiptDesk) -> None:
    """The receipts that the filters leave, as one file."""
    spoken = spoken_language()
    size = sum(receipt.file.size for receipt in found if receipt.file)

    def build() -> bytes:
        with speaking(spoken):
            headings = {column: word(words.COLUMN, column.value) for column in Column}
            return desk.archive(found, headings, lambda operator: payee(operator, ""), _("yes"))

    if desk.fits_one_file(found):
        label = _("Download these as ZIP, with a table ({size})").format(size=size_text(size))
        st.download_button(
            for_label(label), data=build, file_name="simkeeper-receipts.zip", mime="application/zip", on_click="ignore",
            key="receipt_export", icon=":material/folder_zip:",
        )  # fmt: skip
    else:
        st.caption(_("Too many files for one download ({size}). Choose a month or a card above.").format(size=size_text(size)))
