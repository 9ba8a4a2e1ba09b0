"""The renewals of this session, and what several parts of the page need of them."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from services.model.renewal import Begun
from services.rules.renewals.run import NotNow
from services.store.renewals import NoSuchRenewal
from services.use.house import house
from services.use.operators import operator_name
from services.use.renewals import RenewalDesk, Walk
from ui import clock
from ui.language import _, language
from ui.shell import account

REFUSED = "renew_refused"
"""Set when something was pressed that no longer fits where the renewal stands."""
RUN = "run"
"""The parameter of the address that names a renewal, so that it can be taken up on another device."""


def renewal_desk() -> RenewalDesk:
    zone = clock.zone()
    return RenewalDesk(house(), account(), lambda: datetime.now(zone))


def chosen() -> Walk | None:
    """The renewal that the address names; None when it names none, or one that is gone."""
    named = st.query_params.get(RUN)
    if not named:
        return None
    try:
        return renewal_desk().walk(named)
    except NoSuchRenewal:
        st.warning(_("This renewal is not here any more. Start a new one."))
        leave()
        return None


def open_run(renewal_id: str) -> None:
    st.query_params[RUN] = renewal_id


def leave() -> None:
    st.query_params.pop(RUN, None)


def attempt(work: Callable[..., object], *facts: object) -> None:
    """Do it, unless the renewal has moved on elsewhere; the next run then says so."""
    try:
        work(*facts)
    except NotNow:
        st.session_state[REFUSED] = True


def payee(begun: Begun) -> str:
    """Who is paid, in words."""
    if begun.operator:
        return operator_name(begun.operator, language())
    return begun.operator_name or _("Another operator")
