"""Chinese and English: which one this session speaks, and its words.

English sentences are the keys. ``locale/<language>/LC_MESSAGES/simkeeper.po`` holds both catalogues; ``make messages``
collects the keys from the code.
"""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Protocol

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"zh": "中文", "en": "English"}
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
DIRECTORIES = {"zh": "zh_CN", "en": "en"}
LOCALE_ROOT = Path(__file__).parent.parent / "locale"
STATE_KEY = "lang"


def po_file(language: str) -> Path:
    return LOCALE_ROOT / DIRECTORIES[language] / "LC_MESSAGES" / "simkeeper.po"


@cache
def catalogues() -> dict[str, gettext.GNUTranslations]:
    """Both catalogues, compiled in memory."""
    return {language: _compile(po_file(language)) for language in LANGUAGES}


def _compile(path: Path) -> gettext.GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def browser_language() -> str:
    """Chinese for any Chinese browser, English for the rest."""
    asks_for = st.context.locale or st.context.headers.get("Accept-Language") or ""
    return "zh" if asks_for.lower().startswith("zh") else "en"


_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def settle_language() -> None:
    """Look the language up once for this run of the script; a page asks for it a thousand times."""
    _spoken.set(None)
    _spoken.set(language())


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak ``code`` in the block, for work that Streamlit does outside the session, such as building a file on a click."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The language of this session: "zh" or "en"."""
    if spoken := _spoken.get():
        return spoken
    chosen = st.session_state.get(STATE_KEY)
    return chosen if chosen in LANGUAGES else browser_language()


class Bilingual(Protocol):
    """A text of the data files."""

    @property
    def en(self) -> str: ...
    @property
    def zh(self) -> str: ...


def spoken(text: Bilingual) -> str:
    """The side of ``text`` that this session reads, as itself."""
    return text.zh if language() == "zh" else text.en


def babel_locale() -> str:
    """The same for Babel."""
    return LOCALES[language()]


def _(message: str) -> str:
    """``message`` in the session's language."""
    return catalogues()[language()].gettext(message)


def n_(singular: str, plural: str, count: int) -> str:
    """The form that fits ``count``, with ``{n}`` left for ``str.format``."""
    return catalogues()[language()].ngettext(singular, plural, count)


def mark(message: str) -> str:
    """A message that is translated later, when it is shown: only the catalogue's collector takes note of it here."""
    return message
