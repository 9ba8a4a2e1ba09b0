"""Who sits at this session, and what somebody sees who may not come in."""

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from services.model.person import Member, Role
from services.store.database import LOCAL_ACCOUNT
from services.store.settings import SettingsStore
from services.use.house import house
from services.use.people import Actor, NotIn, Refused, act_as, ask_when_unknown, come_in
from ui import clock, closed
from ui.language import _, mark
from ui.text import plain
from ui.web import is_local

REMEMBERED_S = 1.0
"""Within a run the answer is asked for dozens of times. Every run begins by asking anew, and every write asks the database itself."""
MOST = 1_000
REFUSED = {
    Refused.NO_ADDRESS: mark("Your identity provider gave no address of yours, so nobody can tell who you are here."),
    Refused.UNVERIFIED: mark(
        "Your identity provider does not say that this address is really yours. Whoever runs this dashboard can help."
    ),
    Refused.NOT_LISTED: mark("This address is not among those who may sign in. An owner of a household can invite it."),
    Refused.ENDED: mark("You signed in some days ago. Sign in again to go on."),
}
_remembered: dict[tuple[object, ...], tuple[float, Member]] = {}


class Closed(Exception):
    """Nobody comes in here until sign-in is set up."""


def person(*, anew: bool = False) -> Member | None:
    """Who sits here; None on a dashboard of this machine alone, where nobody signs in. Raises NotIn and Closed."""
    sign_in = house().configuration.sign_in
    if not sign_in.wanted:
        if not is_local(st.get_option("server.address")):
            raise Closed
        return None
    if not sign_in.ready:
        raise Closed
    claims = st.user.to_dict()
    key = (*tuple(claims.get(name) for name in ("is_logged_in", "email", "email_verified", "iat")), id(house()))
    at, member = _remembered.get(key, (0.0, None))
    if anew or member is None or time.monotonic() - at > REMEMBERED_S:
        _remembered.pop(key, None)
        member = come_in(house(), claims, clock.now())
        if len(_remembered) >= MOST:
            _remembered.clear()
        _remembered[key] = (time.monotonic(), member)
    return member


def actor() -> Actor:
    """Who acts in this session. Raises NotIn and Closed."""
    member = person()
    return Actor(LOCAL_ACCOUNT) if member is None else Actor(member.account, member.address)


def for_the_machine() -> bool:
    """Whether whoever runs this machine sits here, to whom all of it belongs. Raises NotIn and Closed."""
    return person() is None


def may(needed: Role) -> bool:
    """Whether the person may do what takes the role ``needed``: to draw no button that would be refused. Raises NotIn and Closed."""
    member = person()
    return member is None or member.role.covers(needed)


def account() -> str:
    """Whose rows this session reads and writes: those of the person's household. Raises NotIn and Closed."""
    who = actor()
    if get_script_run_ctx(suppress_warning=True) is not None:
        act_as(who)
    return who.account


def settings() -> SettingsStore:
    """What the account keeps of how it wants things. Raises NotIn and Closed."""
    return SettingsStore(house().database, account())


def _of_session() -> Actor | None:
    return None if get_script_run_ctx(suppress_warning=True) is None else actor()


ask_when_unknown(_of_session)


def turned_away(reason: NotIn | Closed) -> None:
    """All that is drawn for somebody who is not in."""
    if isinstance(reason, Closed):
        _closed()
    elif reason.refused is None:
        st.title(_("Simkeeper"))
        st.markdown(_("Sign in to see the cards of your household."))
        _sign_in(_("Sign in"))
    else:
        st.title(_("Sign in again") if reason.refused is Refused.ENDED else _("No access"))
        if reason.address:
            st.markdown(_("Signed in as {address}").format(address=plain(reason.address)))
        sentence = _(REFUSED[reason.refused])
        if reason.refused is Refused.ENDED:
            st.info(sentence)
            _sign_in(_("Sign in"))
        else:
            st.error(sentence)
        st.button(_("Sign out"), key="sign_out", on_click=st.logout)


def _closed() -> None:
    sign_in = house().configuration.sign_in
    st.title(closed.title())
    st.error(closed.why(sign_in))
    st.markdown("\n".join(f"- `{name}` {meaning}" for name, meaning in closed.to_set(sign_in)))
    for sentence in closed.where():
        st.markdown(plain(sentence))


def _sign_in(label: str) -> None:
    """A button for each identity provider; only those with a name say it."""
    providers = house().configuration.sign_in.providers
    for provider in providers:
        text = label if len(providers) == 1 else _("Sign in with {provider}").format(provider=provider.capitalize())
        args = () if provider == "default" else (provider,)
        st.button(text, key=f"sign_in_{provider}", type="primary", on_click=st.login, args=args)
