"""What Streamlit's fields say in English in every language, said by the page: the style sheet shows these words in their place."""

import json

from ui.language import _


def field_words() -> str:
    """The words for the style sheet, as the properties whose names it knows."""
    said = {
        "choose-file": _("Choose a file"),
        "enter-applies": _("Press Enter to take it over"),
        "enter-sends": _("Press Enter to send the form"),
        "ctrl-enter": _("Press Ctrl+Enter to take it over"),
        "nothing-found": _("Nothing found"),
        "year": _("yyyy"),
        "month": _("mm"),
        "day": _("dd"),
        "to-content": _("Skip to the page"),
    }
    return f":root {{{' '.join(f'--{name}: {in_css(words)};' for name, words in said.items())}}}"


def in_css(words: str) -> str:
    """``words`` as a string of CSS that ends neither itself nor the element around it."""
    return json.dumps(words, ensure_ascii=False).replace("<", "\\3c ")
