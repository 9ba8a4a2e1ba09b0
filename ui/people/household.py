"""Who belongs to the household; for an owner, the ways to change that."""

import streamlit as st

from services.model.person import Admission, Member, Role
from services.rules.people import LONGEST
from services.use.house import house
from services.use.people import ElsewhereAlready, LastOwner, NotAnAddress, PeopleDesk, SetInFile
from ui import clock, figures
from ui.language import _
from ui.people.words import MAY, ROLE
from ui.shell import account
from ui.text import for_label, plain
from ui.words import word

ASKED = "people_asked"
"""Whose removal is being asked about once more; the person's own address when they leave."""
SAID = "people_said"


def desk() -> PeopleDesk:
    return PeopleDesk(house(), account())


def people() -> None:
    """Everybody, the person at this session marked, each with what an owner can do."""
    found, me = desk().all(), desk().me()
    said = st.session_state.pop(SAID, None)
    if said is not None:
        good, sentence = said
        (st.success if good else st.error)(sentence)
    for member in found:
        with st.container(border=True):
            _one(member, me)
    for role in reversed(Role):
        st.caption(figures.labelled(word(ROLE, role.value), word(MAY, role.value)))


def _one(member: Member, me: Member | None) -> None:
    mine = me is not None and member.address == me.address
    name = f"**{plain(member.address)}**"
    st.markdown(_("{name} · you").format(name=name) if mine else name)
    st.caption(" · ".join(_about(member)))
    if member.admission is Admission.FILE:
        return
    owner = me is not None and me.role is Role.OWNER
    if st.session_state.get(ASKED) == member.address:
        _ask_again(member, mine)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if owner:
            key = f"role_{member.address}"
            st.session_state[key] = member.role.value
            st.selectbox(
                _("Role of {name}").format(name=for_label(member.address)),
                [role.value for role in reversed(Role)],
                format_func=lambda code: word(ROLE, code),
                key=key,
                on_change=_change_role,
                args=(member.address, key),
                width=220,
            )
        if mine:
            st.button(_("Leave this household"), key="people_leave", on_click=_ask, args=(member.address,))
        elif owner:
            help_ = _("Remove {name}").format(name=for_label(member.address))
            st.button(_("Remove"), key=f"remove_{member.address}", help=help_, on_click=_ask, args=(member.address,))


def _about(member: Member) -> list[str]:
    parts = [word(ROLE, member.role.value)]
    if member.admission is Admission.FILE:
        parts.append(_("set in secrets.toml"))
    if member.seen_at is None:
        parts.append(_("has not been here yet"))
    else:
        parts.append(_("last here {ago}").format(ago=figures.ago(member.seen_at, clock.now())))
    return parts


def _ask_again(member: Member, mine: bool) -> None:
    if mine:
        st.warning(_("You will no longer see the cards of this household. What you entered stays with it."))
    else:
        st.warning(_("From their next click on, they no longer see the cards of this household. What they entered stays."))
    with st.container(horizontal=True):
        st.button(
            _("Leave") if mine else _("Remove this person"), key="people_yes", type="primary", on_click=_go, args=(member.address, mine)
        )
        st.button(_("Keep it as it is"), key="people_no", on_click=_ask, args=(None,))


def invitation() -> None:
    """For owners alone."""
    with st.form("invite", clear_on_submit=False):
        address = st.text_input(_("Address they sign in with"), key="invite_address", max_chars=LONGEST, type="email")
        role = st.selectbox(
            _("Role"), [role.value for role in reversed(Role)], index=1, format_func=lambda code: word(ROLE, code), key="invite_role"
        )
        sent = st.form_submit_button(_("Invite"), type="primary")
    st.caption(_("No message is sent. Tell them the address of this page; they can sign in from now on."))
    if sent:
        _invite(address or "", Role(role))


def _invite(address: str, role: Role) -> None:
    try:
        invited = desk().invite(address, role)
    except NotAnAddress:
        st.error(_("This is not an address. One looks like name@example.org."))
    except ElsewhereAlready as there:
        st.error(
            _("This person belongs to the household already.")
            if there.here
            else _("This address cannot be invited: it belongs to another household of this dashboard, and must be removed there first.")
        )
    else:
        st.session_state[SAID] = True, _("{name} can sign in from now on.").format(name=plain(invited))
        st.session_state.pop("invite_address", None)
        st.rerun()


def _ask(address: str | None) -> None:
    st.session_state[ASKED] = address


def _change_role(address: str, key: str) -> None:
    try:
        desk().store.change_role(address, Role(st.session_state[key]))
    except (LastOwner, SetInFile) as error:
        st.session_state[SAID] = False, _trouble(error)


def _go(address: str, mine: bool) -> None:
    st.session_state[ASKED] = None
    try:
        if mine:
            desk().store.leave()
        else:
            desk().store.remove(address)
    except (LastOwner, SetInFile) as error:
        st.session_state[SAID] = False, _trouble(error)


def _trouble(error: LastOwner | SetInFile) -> str:
    if isinstance(error, LastOwner):
        return _("A household keeps at least one owner. Make somebody else an owner first.")
    return _("This person is set in secrets.toml, and is changed there.")
