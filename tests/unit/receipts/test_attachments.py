"""What is handed in as a photo or PDF: judged by its content, written anew, and refused when it is anything else."""

import hashlib
import io
import random
import zipfile

import pytest
from PIL import Image, ImageFile

from services.model.receipt import FileType
from services.rules.attachments import LONGEST_SIDE, MOST_BYTES, THUMBNAIL_SIDE, BadAttachment, Refusal, examine
from tests.unit.receipts.pictures import PDF, photo, photo_of_a_place, picture_bomb, scan_bomb, text_bomb


def refused(data: bytes) -> Refusal:
    with pytest.raises(BadAttachment) as caught:
        examine(data)
    return caught.value.because


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_as_a_jpeg_that_every_browser_shows(kind: str) -> None:
    kept = examine(photo(kind=kind))
    shown = Image.open(io.BytesIO(kept.data))
    assert (shown.format, shown.size, kept.file.type) == ("JPEG", (640, 480), FileType.JPEG)
    assert (kept.file.size, kept.file.width, kept.file.height) == (len(kept.data), 640, 480)
    assert kept.file.digest == hashlib.sha256(kept.data).hexdigest()
    assert kept.thumbnail is not None
    assert Image.open(io.BytesIO(kept.thumbnail)).size == (THUMBNAIL_SIDE, 240)


def test_where_it_was_taken_and_by_which_camera_is_gone_and_it_stands_upright() -> None:
    handed_in = photo_of_a_place()
    assert Image.open(io.BytesIO(handed_in)).getexif().get_ifd(0x8825)[2] == (22.0, 17.0, 4.2)
    kept = examine(handed_in)
    for data in (kept.data, kept.thumbnail):
        assert data is not None
        shown = Image.open(io.BytesIO(data))
        assert dict(shown.getexif()) == {}
        assert not {"exif", "comment", "xmp", "icc_profile", "photoshop"} & set(shown.info)
        for trace in (b"Camera of somebody", b"SERIAL-4711", b"22.2845", b"Exif"):
            assert trace not in data
    upright = Image.open(io.BytesIO(kept.data)).convert("L")
    assert upright.size == (480, 640)  # the camera was held sideways: what was left is now on top
    assert upright.getpixel((240, 100)) < 50 < 200 < upright.getpixel((240, 600))


def test_the_same_file_comes_to_the_same() -> None:
    data = photo_of_a_place()
    assert examine(data).file == examine(data).file
    assert examine(data).file.digest != examine(photo(641)).file.digest


def test_what_shines_through_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    out = io.BytesIO()
    clear.save(out, "PNG")
    shown = Image.open(io.BytesIO(examine(out.getvalue()).data))
    assert all(level > 250 for level in shown.getpixel((10, 10)))
    for mode in ("L", "1", "P", "LA", "RGBA", "I;16"):
        picture = Image.new(mode, (30, 20))
        out = io.BytesIO()
        picture.save(out, "PNG")
        assert examine(out.getvalue()).file.type is FileType.JPEG


def test_a_large_photo_becomes_smaller() -> None:
    kept = examine(photo(6000, 4000))
    assert (kept.file.width, kept.file.height) == (LONGEST_SIDE, 1600)
    strip = examine(photo(20_000, 3))
    assert (strip.file.width, strip.file.height) == (LONGEST_SIDE, 1)


def test_a_pdf_is_kept_as_it_came_and_never_opened() -> None:
    kept = examine(PDF)
    assert (kept.data, kept.thumbnail, kept.file.type, kept.file.width) == (PDF, None, FileType.PDF, 0)
    assert refused(PDF.replace(b"%%EOF", b"")) is Refusal.DAMAGED


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (b"", Refusal.EMPTY),
        (b"\xff\xd8\xff" + b"\0" * MOST_BYTES, Refusal.TOO_LARGE),
        (b"<html><script>alert(1)</script></html>", Refusal.NOT_A_PHOTO),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", Refusal.NOT_A_PHOTO),
        (b"MZ\x90\0" + b"\0" * 100, Refusal.NOT_A_PHOTO),
        (b"GIF89a" + b"\0" * 100, Refusal.NOT_A_PHOTO),
        (b"\n%PDF-1.4 %%EOF", Refusal.NOT_A_PHOTO),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, Refusal.PHONE_FORMAT),
        (b"\0\0\0\x18ftypavif" + b"\0" * 100, Refusal.PHONE_FORMAT),
        (b"\x1f\x8b\x08" + b"\0" * 100, Refusal.ARCHIVE),
        (b"Rar!\x1a\x07\0" + b"\0" * 100, Refusal.ARCHIVE),
        (photo()[:2000], Refusal.DAMAGED),
        (photo(kind="PNG")[:200], Refusal.DAMAGED),
    ],
)
def test_what_is_no_photo_is_refused_whatever_it_is_called(data: bytes, because: Refusal) -> None:
    assert refused(data) is because


def test_a_zip_bomb_is_not_even_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("receipt.jpg", b"\0" * 50_000_000)
    assert len(out.getvalue()) < 100_000
    assert refused(out.getvalue()) is Refusal.ARCHIVE


def test_bombs_are_refused_before_a_pixel_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpacked(picture: ImageFile.ImageFile) -> None:
        raise AssertionError(f"{picture.size} was unpacked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", unpacked)
    bombs = {
        picture_bomb(): Refusal.TOO_MANY_PIXELS,
        picture_bomb(40_000, 1000): Refusal.TOO_MANY_PIXELS,
        scan_bomb(): Refusal.TOO_MANY_PIXELS,
    }
    for bomb, because in bombs.items():
        assert len(bomb) < MOST_BYTES
        assert refused(bomb) is because


def test_a_text_that_unpacks_to_two_hundred_megabytes_is_refused() -> None:
    assert len(text_bomb()) < 1_000_000
    assert refused(text_bomb()) in (Refusal.DAMAGED, Refusal.NOT_A_PHOTO)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_whatever_comes_in_it_is_kept_whole_or_refused_in_words() -> None:
    """Good files with a few bytes changed, cut or doubled: never an error that a page would have to show."""
    chance = random.Random(7)
    good = [photo(200, 100, kind, **more) for kind, more in (("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("JPEG", {"progressive": True}))]
    good.append(photo_of_a_place(200, 100))
    outcomes = set()
    for turn in range(1500):
        data = bytearray(good[turn % len(good)])
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 40)]
                case _:
                    data[at:at] = data[at : at + chance.randint(1, 40)]
            if not data:
                break
        try:
            kept = examine(bytes(data))
        except BadAttachment as refusal:
            outcomes.add(refusal.because)
        else:
            outcomes.add(None)
            assert kept.thumbnail is not None
            assert dict(Image.open(io.BytesIO(kept.data)).getexif()) == {}
    assert {None, Refusal.DAMAGED} <= outcomes
