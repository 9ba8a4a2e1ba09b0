"""What an account remembers of how it wants things shown: the language, the currency."""

from collections.abc import Callable

import streamlit as st

from services.use.rates import currencies, currency_in
from ui import door
from ui.figures import currency_name
from ui.language import LANGUAGES, STATE_KEY, _, language
from ui.shell import remember_language

CURRENCY_OF_LANGUAGE = {"zh": "CNY", "en": "USD"}
CURRENCY = "currency"
LANGUAGE_KEY, CURRENCY_KEY = "preferred_language", "preferred_currency"


def preferred_currency() -> str:
    """In which totals are shown until a question says otherwise."""
    remembered = door.settings().get(CURRENCY)
    return remembered if remembered in currencies() else CURRENCY_OF_LANGUAGE[language()]


def usual_currency(country: str | None) -> str:
    """In which a person most likely pays in ``country``: the one in use there, else the one that prices are shown in."""
    return currency_in(country) or preferred_currency()


def preferences(on_currency: Callable[[], None]) -> None:
    """The fields. What is chosen is remembered at once; ``on_currency`` is called after another currency was."""
    left, right = st.columns(2)
    st.session_state[LANGUAGE_KEY] = language()
    left.selectbox(_("Language"), list(LANGUAGES), format_func=LANGUAGES.__getitem__, key=LANGUAGE_KEY, on_change=_speak)
    st.session_state[CURRENCY_KEY] = preferred_currency()
    right.selectbox(
        _("Show prices in"), currencies(), format_func=currency_name, key=CURRENCY_KEY, on_change=_count_in, args=(on_currency,)
    )


def _speak() -> None:
    if st.session_state[LANGUAGE_KEY] == language():
        return  # nobody chose: the browser repeats what it was told
    st.session_state[STATE_KEY] = st.session_state[LANGUAGE_KEY]
    remember_language(st.session_state[STATE_KEY])


def _count_in(then: Callable[[], None]) -> None:
    door.settings().put(CURRENCY, st.session_state[CURRENCY_KEY])
    then()
