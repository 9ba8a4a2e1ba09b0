"""The words of receipts: why a file is refused, what sums are split by, why two payments are alike, columns of the table."""

from collections.abc import Mapping

from services.rules.attachments import Refusal
from services.rules.spending import Alike, By
from services.use.receipts import Column
from ui.language import mark

REFUSAL: Mapping[str, str] = {
    Refusal.EMPTY: mark("This file is empty. Nothing was kept."),
    Refusal.TOO_LARGE: mark("This file is larger than {limit}. Nothing was kept; a smaller photo is enough."),
    Refusal.ARCHIVE: mark("This is an archive, such as a ZIP. Take the photo or PDF out of it first."),
    Refusal.PHONE_FORMAT: mark(
        "This photo is in a format that not every browser shows (HEIC or AVIF). Take a screenshot of it and choose that, or save it as JPEG."
        " To have an iPhone take JPEG photos: Settings, Camera, Formats, Most Compatible."
    ),
    Refusal.NOT_A_PHOTO: mark("This is neither a photo (JPEG, PNG or WebP) nor a PDF, whatever its name says. Nothing was kept."),
    Refusal.TOO_MANY_PIXELS: mark("This picture has too many pixels to be opened safely. A screenshot of it is enough."),
    Refusal.DAMAGED: mark("This file is damaged or incomplete. Save or photograph it again."),
    Refusal.NO_ROOM: mark("There is no room for more files. Export old receipts and delete them first."),
}
BY: Mapping[str, str] = {
    By.MONTH: mark("Month"),
    By.CARD: mark("Card"),
    By.PAYER: mark("Payer"),
    By.CURRENCY: mark("Currency"),
}
ALIKE: Mapping[str, str] = {
    Alike.SAME_REFERENCE: mark("Both carry the number {number}. It may be one payment written down twice, or charged twice."),
    Alike.SAME_AMOUNT: mark("The same amount for the same card, {apart}. It may have been charged twice."),
}
COLUMN: Mapping[str, str] = {
    Column.DATE: mark("Paid on"),
    Column.AMOUNT: mark("Amount"),
    Column.CURRENCY: mark("Currency"),
    Column.CARD: mark("Card"),
    Column.PAYER: mark("Payer"),
    Column.PAYEE: mark("Paid to"),
    Column.PRODUCT: mark("What was bought"),
    Column.REFERENCE: mark("Order or transaction number"),
    Column.REFUNDED: mark("Refunded"),
    Column.NOTE: mark("Note"),
    Column.FILE: mark("File"),
    Column.DIGEST: mark("SHA-256 of the file"),
}
