"""Text from providers, files and people, made safe for Markdown."""

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")
_INVISIBLE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def plain(text: str) -> str:
    """``text`` as itself: no link, no emphasis, no HTML, no icon, no control or direction character."""
    return _MARKUP.sub(r"\\\1", _INVISIBLE.sub(" ", text))
