"""Text from providers, files and people, made safe for Markdown."""

import re

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")
_INVISIBLE = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


_LINKED_ANYWAY = re.compile(r"(?i)(https?:)(?=//)|(www)(?=\.)|(@)(?=[-\w])")
_JOINER = "\u2060"


def _unlinked(text: str) -> str:
    """Addresses become links in GitHub's Markdown even where every sign of them is escaped. An invisible sign that joins words, put inside
    them, stops that."""
    return _LINKED_ANYWAY.sub(lambda found: found[0] + _JOINER, text)


def plain(text: str) -> str:
    """``text`` as itself: no link, no emphasis, no HTML, no icon, no control or direction character."""
    return _MARKUP.sub(r"\\\1", _unlinked(_INVISIBLE.sub(" ", text)))


_FORMING = re.compile(r"[\\`*_\[\]<>$|~]")
_SHORTCODE = re.compile(r":(?=\w)")


def for_label(text: str) -> str:
    """``text`` for the label of a field, whose very characters are its name to a screen reader: what could become markup is taken out,
    not escaped."""
    return _unlinked(_SHORTCODE.sub(": ", _FORMING.sub(" ", _INVISIBLE.sub(" ", text))))
