"""The receipts of this session, and what several parts of the page need of them."""

from datetime import datetime

import streamlit as st

from services.model.money import Money
from services.rules.attachments import MOST_BYTES, BadAttachment
from services.use.house import house
from services.use.operators import operator_name
from services.use.receipts import ReceiptDesk
from ui import clock, figures
from ui.cards.upload import one_file
from ui.language import _, language
from ui.plan_list_words import megabytes
from ui.receipts import words
from ui.shell import account
from ui.words import word

ENDINGS = ["jpg", "jpeg", "png", "webp", "pdf"]
PICTURES = ["jpg", "jpeg", "png", "webp"]


def receipt_desk() -> ReceiptDesk:
    zone = clock.zone()
    return ReceiptDesk(house(), account(), lambda: datetime.now(zone))


def money(value: Money) -> str:
    return figures.money(int(value.amount * figures.MICRO), value.currency)


def size_text(size: int) -> str:
    """Bytes as a person reads them: small files in kB, so that none is "0 MB"."""
    return megabytes(size) if size >= 1_000_000 else f"{figures.number(-(-size // 1000))} kB"


def payee(operator: str | None, typed: str) -> str:
    return operator_name(operator, language()) if operator else typed


def proof_file(label: str, key: str, endings: list[str] = ENDINGS) -> bytes | None:
    """A field for a photo or PDF; its bytes as they came."""
    sentence = _("This file was not taken. A photo (JPEG, PNG or WebP) or a PDF of at most {limit} can be kept.")
    if endings == PICTURES:
        sentence = _("This file was not taken. A photo (JPEG, PNG or WebP) of at most {limit} can be kept.")
    refusal = figures.sentences(
        sentence.format(limit=megabytes(MOST_BYTES)),
        _(
            "If it is a HEIC photo, take a screenshot of it and choose that, or save it as JPEG."
            " To have an iPhone take JPEG photos: Settings, Camera, Formats, Most Compatible."
        ),
    )
    file = one_file(label, endings, key, MOST_BYTES // 1_000_000, refusal)
    return file.getvalue() if file is not None else None


def refused(error: BadAttachment) -> None:
    """Why a file is not kept; what was typed stays."""
    st.error(word(words.REFUSAL, error.because.value).format(limit=megabytes(MOST_BYTES)))
