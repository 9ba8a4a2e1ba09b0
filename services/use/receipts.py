"""Receipts of an account: kept, found again, taken along; and what they and the renewals come to."""

import csv
import io
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from services.model.card import Card
from services.model.intent import IntentStatus
from services.model.money import Money
from services.model.receipt import FileType, Receipt
from services.model.renewal import EventKind, RenewalEvent, RenewalStatus
from services.rules.attachments import Attachment, BadAttachment, Refusal, examine
from services.rules.compare.export import plain_cell
from services.rules.renewals.run import Run, admit, stand
from services.rules.spending import Payment
from services.store.orders import OrderStore
from services.store.receipts import ReceiptStore
from services.store.renewals import RenewalStore
from services.store.settings import SettingsStore
from services.store.vault import Vault
from services.use.house import House
from services.use.readings import ReadingDesk

MOST_STORED = 1_000_000_000
"""Bytes of files that one account may keep."""
MOST_IN_ONE_FILE = 200_000_000
"""Bytes of files that go into one ZIP: it is built in memory."""
MOST_TEXT = 500
_MONEY_LEFT = frozenset({RenewalStatus.SENT, RenewalStatus.UNKNOWN, RenewalStatus.PENDING, RenewalStatus.CONFIRMED, RenewalStatus.DISPUTED})
_ORDERED = frozenset({IntentStatus.UNKNOWN, IntentStatus.PENDING, IntentStatus.CONFIRMED})
_RIGHT = "payments_that_are_two"
_ENDING = {FileType.JPEG: "jpg", FileType.PDF: "pdf"}
MIME = {FileType.JPEG: "image/jpeg", FileType.PDF: "application/pdf"}


class TooMuchForOneFile(Exception):
    """The files asked for do not fit into one ZIP. Fewer at a time do."""


class Column(StrEnum):
    """The columns of the table in an export."""

    DATE = "date"
    AMOUNT = "amount"
    CURRENCY = "currency"
    CARD = "card"
    PAYER = "payer"
    PAYEE = "payee"
    PRODUCT = "product"
    REFERENCE = "reference"
    REFUNDED = "refunded"
    NOTE = "note"
    FILE = "file"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which receipts are looked for; None: any. ``month``: any day of it. ``card``: id of the card. ``text``: part of a number or word."""

    month: date | None = None
    card: str | None = None
    payer: str | None = None
    text: str = ""


class ReceiptDesk:
    """Receipts of one account. Every instant comes from ``now``. A receipt that is gone raises NoSuchReceipt, a file that is refused
    BadAttachment; nothing is changed then."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store = ReceiptStore(house.database, account)
        self._renewals = RenewalStore(house.database, account)
        self._cards = ReadingDesk(house, account, now)
        self._placed = OrderStore(house.database, account, Vault(house.configuration.data_dir))
        self._settings = SettingsStore(house.database, account)
        self._now = now

    # ------------------------------------------------------------------------------------------------------- keeping

    def keep(self, receipt: Receipt, data: bytes | None = None) -> Receipt:
        """Add a receipt (one without an id) or change the one with its id; ``data`` becomes its file. Returns it as kept."""
        attachment = self._examined(data) if data is not None else None
        names = {card.card_id: card.nickname for card in self._cards.cards()}
        kept = replace(
            receipt,
            receipt_id=receipt.receipt_id or secrets.token_hex(8),
            reference=_clean(receipt.reference),
            payer=_clean(receipt.payer),
            payee=_clean(receipt.payee),
            product=_clean(receipt.product),
            note=receipt.note.strip()[:MOST_TEXT],
            card_name=names.get(receipt.card_id, receipt.card_name) if receipt.card_id else "",
            file=attachment.file if attachment else receipt.file,
        )
        if receipt.receipt_id:
            self.store.get(receipt.receipt_id)
        self.store.put(kept, self._now(), attachment)
        if not receipt.receipt_id and kept.renewal_id:
            self._tell(kept.renewal_id, EventKind.RECEIPT, "", kept.reference)
        return kept

    def paid(self, renewal_id: str, amount: Money | None, reference: str, data: bytes | None, payee: str = "") -> None:
        """Keep what was paid in a renewal; with ``data``, as a receipt of it. Receipts that said what was entered before say the new."""
        attachment = self._examined(data) if data is not None else None
        kept = self._renewals.get(renewal_id)
        run, clean = stand(kept.events), _clean(reference)[:200]
        event = RenewalEvent(EventKind.PAID, self._now(), paid=amount, reference=clean)

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            admit(events, event)
            return [event]

        self._renewals.append(renewal_id, decide)
        for receipt in self.of_renewal(renewal_id):
            if (receipt.amount, receipt.reference) == (run.paid, run.reference):
                self.keep(replace(receipt, amount=amount, reference=clean))
        if attachment is not None and data is not None:
            card = next((card for card in self._cards.cards() if card.card_id == kept.card_id), None)
            on = (run.sent_at or self._now()).astimezone(self._now().tzinfo).date()
            self.keep(
                Receipt(
                    "", on, amount, clean, card.payer if card else "", run.begun.operator, "" if run.begun.operator else payee,
                    _product(run), "", kept.card_id, "", renewal_id,
                ),
                data,
            )  # fmt: skip

    def delete(self, receipt_id: str) -> None:
        self.store.delete(receipt_id)

    def add_photo(self, renewal_id: str, step: str, data: bytes) -> None:
        """Lay a photo beside a step of a renewal. One that lies there already is not added again."""
        if self.store.add_photo(renewal_id, step, self._examined(data), self._now()):
            self._tell(renewal_id, EventKind.PHOTO, step)

    def remove_photo(self, renewal_id: str, step: str, digest: str) -> None:
        """Take a photo away for good."""
        if self.store.remove_photo(renewal_id, step, digest):
            self._tell(renewal_id, EventKind.PHOTO_REMOVED, step)

    def _examined(self, data: bytes) -> Attachment:
        attachment = examine(data)
        if self.store.file(attachment.file.digest) is None and self.store.stored() + attachment.file.size > MOST_STORED:
            raise BadAttachment(Refusal.NO_ROOM)
        return attachment

    def _tell(self, renewal_id: str, kind: EventKind, step: str, text: str = "") -> None:
        """The renewal's history says so too."""
        self._renewals.append(renewal_id, lambda _events: [RenewalEvent(kind, self._now(), step=step, text=text)])

    # ------------------------------------------------------------------------------------------------------- finding

    def found(self, wanted: Wanted) -> list[Receipt]:
        """The newest payment first."""
        return [receipt for receipt in self.store.all() if _fits(receipt, wanted)]

    def of_renewal(self, renewal_id: str) -> list[Receipt]:
        return [receipt for receipt in self.store.all() if receipt.renewal_id == renewal_id]

    # ------------------------------------------------------------------------------------------------------- spending

    def payments(self) -> list[Payment]:
        """Every payment with an amount that did not come back, the oldest first. A renewal counts through its receipts where one of them
        has an amount, and else by what was entered as paid."""
        receipts = self.store.all()
        cards = {card.card_id: card for card in self._cards.cards()}
        found = []
        for receipt in receipts:
            if receipt.amount is None or receipt.refunded:
                continue
            card = cards.get(receipt.card_id or "")
            found.append(
                Payment(
                    receipt.receipt_id,
                    receipt.on,
                    receipt.amount,
                    receipt.card_id,
                    card.nickname if card else receipt.card_name,
                    receipt.payer,
                    receipt.operator or receipt.payee,
                    receipt.product,
                    receipt.reference,
                )
            )
        covered = {receipt.renewal_id for receipt in receipts if receipt.amount is not None}
        for kept in self._renewals.all():
            run = stand(kept.events)
            if kept.renewal_id in covered or run.paid is None or run.sent_at is None or run.status not in _MONEY_LEFT:
                continue
            card = cards.get(kept.card_id or "")
            name, payer = (card.nickname, card.payer) if card else ("", "")
            payee = run.begun.operator or run.begun.operator_name
            on = run.sent_at.astimezone(self._now().tzinfo).date()
            found.append(Payment(kept.renewal_id, on, run.paid, kept.card_id, name, payer, payee, _product(run), run.reference))
        return sorted([*found, *self._orders(cards)], key=lambda payment: (payment.on, payment.payment_id))

    def _orders(self, cards: Mapping[str, Card]) -> Iterable[Payment]:
        """Orders through providers that belong to no renewal, such as those that a rule placed. Invented ones cost nothing."""
        renewals = {kept.renewal_id for kept in self._renewals.all()}
        for kept in self._placed.all():
            intent = kept.intent
            if intent.invented or intent.renewal_id in renewals or kept.status not in _ORDERED:
                continue
            card = cards.get(intent.card_id)
            on = intent.made_at.astimezone(self._now().tzinfo).date()
            name, payer = (card.nickname, card.payer) if card else ("", "")
            number = kept.order_id or intent.reference
            yield Payment(intent.intent_id, on, kept.cost, intent.card_id, name, payer, intent.provider, intent.product.name, number)

    def without_amount(self) -> int:
        """Receipts whose amount nobody has typed: they are in no sum."""
        return sum(receipt.amount is None for receipt in self.store.all())

    def said_right(self) -> frozenset[tuple[str, str]]:
        """Pairs of payments that the person has said are two, not one taken twice."""
        return frozenset((first, second) for first, second in self._settings.get(_RIGHT) or ())

    def say_right(self, pair: tuple[str, str]) -> None:
        self._settings.put(_RIGHT, [list(known) for known in sorted(self.said_right() | {pair})])

    # ------------------------------------------------------------------------------------------------------- taking along

    @staticmethod
    def fits_one_file(receipts: Iterable[Receipt]) -> bool:
        """Whether the files of these go into one ZIP."""
        return sum(receipt.file.size for receipt in receipts if receipt.file) <= MOST_IN_ONE_FILE

    def archive(self, receipts: Sequence[Receipt], headings: Mapping[Column, str], say_operator: Callable[[str], str], yes: str) -> bytes:
        """A ZIP with ``receipts.csv`` and every file. Raises TooMuchForOneFile."""
        if not self.fits_one_file(receipts):
            raise TooMuchForOneFile
        out = io.BytesIO()
        names = {receipt.receipt_id: file_name(receipt) for receipt in receipts if receipt.file}
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("receipts.csv", _table(receipts, names, headings, say_operator, yes), zipfile.ZIP_DEFLATED)
            for receipt in receipts:
                data = self.store.data(receipt.file.digest) if receipt.file else None
                if data is not None:
                    archive.writestr(f"files/{names[receipt.receipt_id]}", data)
        return out.getvalue()


def months(receipts: Iterable[Receipt]) -> list[date]:
    """The first day of every month there are receipts of, the newest first."""
    return sorted({receipt.on.replace(day=1) for receipt in receipts}, reverse=True)


def payers(receipts: Iterable[Receipt]) -> list[str]:
    return sorted({receipt.payer for receipt in receipts if receipt.payer}, key=str.casefold)


def file_name(receipt: Receipt) -> str:
    """A name that every system takes: small Latin letters, figures and dashes, with the day, the amount, whose it is and the receipt's id,
    which makes it the only one of its kind. Raises ValueError for a receipt without a file."""
    if receipt.file is None:
        raise ValueError("a receipt without a file")
    amount = f"{receipt.amount.amount:f}-{receipt.amount.currency}" if receipt.amount else ""
    parts = [receipt.on.isoformat(), amount, receipt.operator or receipt.payee, receipt.receipt_id]
    return "-".join(slug for slug in map(_slug, parts) if slug) + f".{_ENDING[receipt.file.type]}"


def _slug(text: str) -> str:
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", latin.lower()).strip("-")[:40]


def _table(
    receipts: Iterable[Receipt], names: Mapping[str, str], headings: Mapping[Column, str], say_operator: Callable[[str], str], yes: str
) -> bytes:
    """UTF-8 CSV with a byte order mark, every cell quoted and none of them a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([plain_cell(headings[column]) for column in Column])
    for receipt in receipts:
        cells = {
            Column.DATE: receipt.on.isoformat(),
            Column.AMOUNT: f"{receipt.amount.amount:f}" if receipt.amount else "",
            Column.CURRENCY: receipt.amount.currency if receipt.amount else "",
            Column.CARD: receipt.card_name,
            Column.PAYER: receipt.payer,
            Column.PAYEE: say_operator(receipt.operator) if receipt.operator else receipt.payee,
            Column.PRODUCT: receipt.product,
            Column.REFERENCE: receipt.reference,
            Column.REFUNDED: yes if receipt.refunded else "",
            Column.NOTE: receipt.note,
            Column.FILE: f"files/{names[receipt.receipt_id]}" if receipt.receipt_id in names else "",
            Column.DIGEST: receipt.file.digest if receipt.file else "",
        }
        writer.writerow([plain_cell(cells[column]) for column in Column])
    return out.getvalue().encode("utf-8-sig")


def _fits(receipt: Receipt, wanted: Wanted) -> bool:
    if wanted.month is not None and (receipt.on.year, receipt.on.month) != (wanted.month.year, wanted.month.month):
        return False
    if wanted.card is not None and receipt.card_id != wanted.card:
        return False
    if wanted.payer is not None and receipt.payer != wanted.payer:
        return False
    words = wanted.text.casefold().split()
    said = " ".join((receipt.reference, receipt.product, receipt.payee, receipt.operator or "", receipt.card_name, receipt.note)).casefold()
    return all(part in said for part in words)


def _product(run: Run) -> str:
    return run.product.name if run.product else ""


def _clean(text: str) -> str:
    return " ".join(text.split())[:MOST_TEXT]
