"""Reading the QR code of an eSIM from a photo. The picture is hostile: it is opened within limits and never kept."""

import io
import warnings

import zxingcpp
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 40_000_000
WIDEST = 2400
"""A larger photo is scaled down to this: a code that fills a corner of it is still read."""


class NotAPicture(Exception):
    """The bytes are no picture that can be opened here, or it is too large."""


def codes_in(picture: bytes) -> list[str]:
    """The texts of the codes in a picture, each once. Raises NotAPicture."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(picture)) as opened:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture
            opened.thumbnail((WIDEST, WIDEST))
            grey = opened.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture from None
    return list(dict.fromkeys(found.text for found in zxingcpp.read_barcodes(grey) if found.text))
