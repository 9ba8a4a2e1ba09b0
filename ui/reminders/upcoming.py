"""What asks for an answer now, and what is sent next."""

import hashlib
from collections.abc import Sequence

import streamlit as st

from services.model.reminder import Matter
from services.rules.reminders import messages
from services.rules.reminders.messages import Saying
from services.use.channels import ChannelDesk
from services.use.house import house
from services.use.reminders import Standing
from ui import figures
from ui.language import _, n_
from ui.pages import page_at
from ui.reminders import words
from ui.reminders.desk import reminder_desk
from ui.shell import account
from ui.text import for_label, plain

SHOWN, NEXT = 8, 12


def upcoming() -> None:
    """Both lists. The second one leaves out look-ups that have failed for less than their days: nothing is to be said of them yet."""
    found, said = reminder_desk().standings(), words.saying()
    pressing = [standing for standing in found if standing.pressing]
    coming = [it for it in found if not it.pressing and it.next_at is not None and it.topic.matter is not Matter.LOOK_UP_FAILED]
    st.header(_("Due now"))
    if not pressing:
        st.markdown(_("Nothing is due."))
    sendable = any(channel.enabled for channel in ChannelDesk(house(), account()).channels())
    if pressing and not sendable:
        st.info(_("Nothing is sent: there is no channel that is on. Add one below, under “{heading}”.").format(heading=_("Channels")))
    for standing in pressing[:SHOWN]:
        _pressing(standing, said, sendable)
    if len(pressing) > SHOWN:
        with st.expander(n_("and {n} more", "and {n} more", len(pressing) - SHOWN).format(n=figures.number(len(pressing) - SHOWN))):
            for standing in pressing[SHOWN:]:
                st.markdown(f"- {words.head(standing, said)}")
    if len(pressing) > 1:
        st.button(_("I have seen all of these"), key="remind_all_seen", on_click=_acknowledge, args=(pressing,), icon=":material/done_all:")
    st.header(_("Next"))
    if not coming:
        st.markdown(_("Nothing is planned. Reminders come from the dates and limits of your cards."))
    _coming(coming[:NEXT], said)
    if len(coming) > NEXT:
        with st.expander(n_("and {n} more", "and {n} more", len(coming) - NEXT).format(n=figures.number(len(coming) - NEXT))):
            _coming(coming[NEXT:], said)


def _pressing(standing: Standing, said: Saying, sendable: bool) -> None:
    key, name = _key(standing), for_label(messages.shown(standing.topic.name))
    with st.container(border=True):
        st.markdown(f"**{words.head(standing, said)}**")
        st.markdown("  \n".join(plain(line) for line in messages.details(standing.topic, said)))
        if standing.next_at is not None and sendable:
            label = _("Repeated {when} unless you answer.") if standing.said else _("Is sent with the next run, from {when} on.")
            st.caption(label.format(when=words.moment(standing.next_at)))
        with st.container(horizontal=True, vertical_alignment="center"):
            seen = _("Seen: {name}").format(name=name)
            st.button(seen, key=f"seen_{key}", on_click=_acknowledge, args=([standing],), icon=":material/check:")
            later = _("Again tomorrow: {name}").format(name=name)
            st.button(later, key=f"later_{key}", on_click=_snooze, args=(standing,), icon=":material/snooze:")
            _go_on(standing)


def _go_on(standing: Standing) -> None:
    topic = standing.topic
    if topic.renewal_id is not None:
        st.page_link(page_at("renew"), label=_("Open the renewal"), icon=":material/autorenew:", query_params={"run": topic.renewal_id})
    elif topic.card_id is not None and topic.matter in (Matter.RETURN, Matter.LOOK_UP_FAILED):
        st.page_link(page_at("card"), label=_("Open the card"), icon=":material/sim_card:", query_params={"id": topic.card_id})
    elif topic.card_id is not None:
        st.page_link(page_at("renew"), label=_("Renew this card"), icon=":material/autorenew:", query_params={"card": topic.card_id})


def _coming(coming: Sequence[Standing], said: Saying) -> None:
    for standing in coming:
        assert standing.next_at is not None
        note = ""
        if standing.silenced:
            note = " · " + (_("snoozed") if standing.decision.snoozed_until is not None else _("seen"))
        st.markdown(f"**{plain(words.moment(standing.next_at))}**{note}  \n{words.head(standing, said)}")


def _acknowledge(standings: Sequence[Standing]) -> None:
    desk = reminder_desk()
    for standing in standings:
        desk.acknowledge(standing)


def _snooze(standing: Standing) -> None:
    reminder_desk().snooze(standing)


def _key(standing: Standing) -> str:
    return hashlib.sha256(f"{standing.topic.key} {standing.episode}".encode()).hexdigest()[:12]
