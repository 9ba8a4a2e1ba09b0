"""A photo or PDF that somebody hands in: what it is by its content, whether it is harmless, and what of it is kept.

Nothing is believed that the sender says: neither the file's name nor its declared type is looked at. A picture is decoded and written anew,
so that what is kept has no place, no camera, no hidden text and no second file behind the first. A PDF is never opened by this program: it
is kept as it came and handed back as a file.
"""

import hashlib
import io
import struct
import threading
import zlib
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image, ImageOps

from services.model.receipt import FileType, StoredFile

MOST_BYTES = 10_000_000
LONGEST_SIDE = 2400
"""A receipt photographed with this many pixels can still be read; a phone's full picture is five times as many bytes."""
THUMBNAIL_SIDE = 320
_MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 30_000_000, "WEBP": 30_000_000}
"""By the size that the header names, before a pixel is unpacked. A JPEG is unpacked at a fraction of its size, the others only whole."""
_SCAN, _MOST_SCANS = b"\xff\xda", 100
"""A progressive JPEG goes over its picture some ten times. One that does so ten thousand times only wants to keep the machine busy."""
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
)
_PHONE_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})
_DECODER_TROUBLE = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError, struct.error, zlib.error)
"""What decoders are known to raise at a damaged or hostile picture."""
_one_at_a_time = threading.Lock()
"""A large picture takes a hundred megabytes while it is decoded; several at once would take a small machine down."""


class Refusal(StrEnum):
    """Why a file is not kept."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ARCHIVE = "archive"
    PHONE_FORMAT = "phone_format"  # HEIC and AVIF, which not every browser shows
    NOT_A_PHOTO = "not_a_photo"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"
    NO_ROOM = "no_room"  # the account has kept as much as it may


class BadAttachment(Exception):
    """A file that is refused. Nothing of it is kept."""

    def __init__(self, because: Refusal) -> None:
        super().__init__(because.value)
        self.because = because


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is kept of a file. ``thumbnail``: a small JPEG; None for a PDF."""

    file: StoredFile
    data: bytes
    thumbnail: bytes | None


def examine(data: bytes) -> Attachment:
    """What to keep of ``data``. The same file gives the same result. Raises BadAttachment."""
    if not data:
        raise BadAttachment(Refusal.EMPTY)
    if len(data) > MOST_BYTES:
        raise BadAttachment(Refusal.TOO_LARGE)
    if data.startswith(_ARCHIVES):
        raise BadAttachment(Refusal.ARCHIVE)
    if data.startswith(b"%PDF-"):
        return _pdf(data)
    if data[4:8] == b"ftyp" and data[8:12] in _PHONE_BRANDS:
        raise BadAttachment(Refusal.PHONE_FORMAT)
    return _picture(data)


def _pdf(data: bytes) -> Attachment:
    if b"%%EOF" not in data[-2048:]:
        raise BadAttachment(Refusal.DAMAGED)
    return Attachment(StoredFile(_digest(data), FileType.PDF, len(data)), data, None)


def _picture(data: bytes) -> Attachment:
    if data.startswith(b"\xff\xd8") and data.count(_SCAN) > _MOST_SCANS:
        raise BadAttachment(Refusal.TOO_MANY_PIXELS)
    with _one_at_a_time:
        try:
            picture = Image.open(io.BytesIO(data), formats=tuple(_MOST_PIXELS))
        except Image.DecompressionBombError:
            raise BadAttachment(Refusal.TOO_MANY_PIXELS) from None
        except _DECODER_TROUBLE:
            raise BadAttachment(Refusal.NOT_A_PHOTO) from None
        if picture.width * picture.height > _MOST_PIXELS[picture.format or "PNG"]:
            raise BadAttachment(Refusal.TOO_MANY_PIXELS)
        try:
            upright = _decoded(picture)
            whole, small = _jpeg(upright, LONGEST_SIDE, 88), _jpeg(upright, THUMBNAIL_SIDE, 75)
        except (*_DECODER_TROUBLE, Image.DecompressionBombError, MemoryError):
            raise BadAttachment(Refusal.DAMAGED) from None
    kept, (width, height) = whole
    return Attachment(StoredFile(_digest(kept), FileType.JPEG, len(kept), width, height), kept, small[0])


def _decoded(picture: Image.Image) -> Image.Image:
    """In plain colours on white, turned as the camera was held, without anything that stood beside the pixels."""
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture.load()
    try:
        turned = ImageOps.exif_transpose(picture)
    except _DECODER_TROUBLE:
        turned = picture  # a note on how the camera was held that cannot be read is no reason to refuse the picture
    if "transparency" in turned.info or turned.mode in ("RGBA", "LA", "PA"):
        layer = turned.convert("RGBA")
        sheet = Image.new("RGB", layer.size, "white")
        sheet.paste(layer, mask=layer)
        return sheet
    return turned.convert("RGB")


def _jpeg(picture: Image.Image, side: int, quality: int) -> tuple[bytes, tuple[int, int]]:
    fitting = picture.copy()
    fitting.thumbnail((side, side))
    fitting.info.clear()
    out = io.BytesIO()
    fitting.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue(), fitting.size


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
