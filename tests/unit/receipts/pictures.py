"""Files to hand in, good and bad, made by hand."""

import io
import struct
import zlib

from PIL import Image, ImageDraw

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def photo(width: int = 640, height: int = 480, kind: str = "JPEG", mode: str = "RGB", **more: object) -> bytes:
    """A picture whose left half is dark: which way is up can be told from it."""
    picture = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2, height), fill="black")
    out = io.BytesIO()
    picture.save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


def photo_of_a_place(width: int = 640, height: int = 480, orientation: int = 6) -> bytes:
    """A phone's photo: turned on its side, with the place, the camera and its serial number in it."""
    exif = Image.Exif()
    exif[0x0110] = "Camera of somebody"
    exif[0x0112] = orientation
    exif[0xA431] = "SERIAL-4711"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (22.0, 17.0, 4.2), "E", (114.0, 9.0, 32.1)
    return photo(width, height, exif=exif.tobytes(), comment=b"made at 22.2845 N")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that says it has billions of pixels, all of them black."""
    line = b"\0" * (1 + width // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(line) for _ in range(200)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A small PNG with a text chunk that unpacks to two hundred megabytes."""
    small = photo(8, 8, "PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9))
    return small[:33] + bomb + small[33:]


def scan_bomb() -> bytes:
    """A progressive JPEG that goes over its picture two thousand times."""
    whole = photo(2000, 2000, progressive=True)
    start = whole.rindex(b"\xff\xda")
    scan = whole[start:-2]
    return whole[:-2] + scan * 2000 + whole[-2:]
