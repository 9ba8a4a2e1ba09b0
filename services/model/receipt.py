"""A receipt: what was paid, for which card and by whom, with the picture or PDF that proves it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.model.money import Money


class FileType(StrEnum):
    """Pictures of every kind are kept as JPEG; a PDF is kept as it came."""

    JPEG = "jpeg"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is kept. ``digest``: SHA-256 of its bytes, by which it is found. ``size`` in bytes; ``width`` and ``height`` in pixels, 0
    for a PDF."""

    digest: str
    type: FileType
    size: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """One payment that is written down.

    ``on``: the day of the payment. ``amount``: None while nobody has typed it. ``reference``: the number that the payee gave it.
    ``operator``: id of rules and guide; ``payee``: who was paid, in the person's words. ``card_name``: what the card was called then, so
    that the receipt still says it when the card is gone. ``refunded``: the money came back.
    """

    receipt_id: str
    on: date
    amount: Money | None = None
    reference: str = ""
    payer: str = ""
    operator: str | None = None
    payee: str = ""
    product: str = ""
    note: str = ""
    card_id: str | None = None
    card_name: str = ""
    renewal_id: str | None = None
    file: StoredFile | None = None
    refunded: bool = False
