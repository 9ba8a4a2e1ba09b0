"""What was sent, through which channel, and how it fared."""

import streamlit as st

from services.use.channels import ChannelDesk, Failure
from services.use.house import house
from ui.language import _
from ui.reminders import channel_words, words
from ui.reminders.desk import reminder_desk
from ui.shell import account
from ui.text import plain
from ui.words import word

NEWEST = 30


def log() -> None:
    """The last messages, the last one first."""
    found = reminder_desk().store.log(NEWEST)
    if not found:
        st.markdown(_("Nothing was sent yet."))
        return
    names = {channel.channel_id: channel.name for channel in ChannelDesk(house(), account()).channels()}
    for message in found:
        channel = plain(names.get(message.channel_id, _("a channel that was removed")))
        state = f"{words.SHAPE.get(message.status, '○')} {word(words.STATUS, message.status)}"
        st.markdown(f"**{plain(words.moment(message.made_at))}** · {channel} · {state}  \n{plain(message.title)}")
        if message.failure:
            kind, _sep, detail = message.failure.partition(" ")
            st.caption(channel_words.trouble(Failure(kind), detail))
