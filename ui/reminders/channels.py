"""Where messages are sent: add a channel, try it, change it, choose the one that serves when another fails, remove it.

What is entered as a secret goes to the service and into the sealed store; it is never drawn again. The fields are emptied once it is kept.
"""

import streamlit as st

from services.use.channels import ChannelDesk, ChannelKind, ChannelProblem, ChannelView, Delivery, NoSuchChannel
from services.use.house import house
from ui import figures
from ui.language import LANGUAGES, _, language
from ui.reminders import channel_words as words
from ui.shell import account
from ui.text import for_label, plain
from ui.turns import fragment

ENTRY, LEAVING, SAID = "channel_entry", "channel_leaving", "channel_said"
"""How often the fields were emptied; the channel about to be removed; what the last act came to."""
NAME_LENGTH, LONGEST = 60, 1000


@fragment
def channels() -> None:
    """The whole section, drawn alone when something in it changes."""
    desk = ChannelDesk(house(), account())
    found = desk.channels()
    known = {kind.id: kind for kind in desk.offered()}
    _said()
    if not found:
        st.info(
            _("Nobody is reminded yet, because there is no channel to send through. Choose one below."),
            title=_("No channel yet"),
            icon=":material/notifications_off:",
        )
    for channel in found:
        with st.container(border=True):
            _channel(desk, channel, known.get(channel.kind))
    if len(found) > 1:
        _fallback(desk, found)
    _add(desk, known)


def _said() -> None:
    """What the last act came to, once."""
    if (said := st.session_state.pop(SAID, None)) is not None:
        title, text = said
        st.success(text, title=title)


def _channel(desk: ChannelDesk, channel: ChannelView, kind: ChannelKind | None) -> None:
    fallback = " · " + _("Used when another fails") if channel.is_fallback else ""
    st.markdown(f"**{plain(channel.name)}** · {words.state(channel)}{fallback}")
    st.caption(words.about(channel, kind))
    if channel.last_failure is not None:
        st.error(words.trouble(channel.last_failure.kind, channel.last_failure.detail), title=words.failed(channel.last_failure))
    name = for_label(channel.name)
    if kind is not None:
        tested = st.button(_("Test {name}").format(name=name), key=f"channel_test_{channel.channel_id}", icon=":material/send:")
        if tested:
            _test(desk, channel)
    with st.expander(_("Settings of {name}").format(name=name), expanded=channel.last_failure is not None):
        if kind is not None:
            _change(desk, channel, kind)
        with st.container(horizontal=True):
            switch = _("Switch {name} off") if channel.enabled else _("Switch {name} on")
            st.button(switch.format(name=name), key=f"channel_switch_{channel.channel_id}", on_click=_switch, args=(desk, channel))
            st.button(
                _("Remove {name}").format(name=name), key=f"channel_leave_{channel.channel_id}", on_click=_ask, args=(channel.channel_id,)
            )
        if st.session_state.get(LEAVING) == channel.channel_id:
            _confirm(desk, channel)


def _test(desk: ChannelDesk, channel: ChannelView) -> None:
    with st.spinner(_("Sending a test message")):
        try:
            delivery = desk.test(channel.channel_id)
        except NoSuchChannel:
            delivery = Delivery()  # removed elsewhere; the next drawing shows that
    if delivery.ok:
        st.session_state[SAID] = (
            _("{name} works").format(name=plain(channel.name)),
            _("The service took the test message. Look whether it is there."),
        )
    st.rerun()


def _switch(desk: ChannelDesk, channel: ChannelView) -> None:
    try:
        desk.switch(channel.channel_id, not channel.enabled)
    except NoSuchChannel:
        return  # removed elsewhere; the next drawing shows that


def _ask(channel_id: str | None) -> None:
    st.session_state[LEAVING] = channel_id


def _confirm(desk: ChannelDesk, channel: ChannelView) -> None:
    st.warning(
        _("What was entered for it is deleted from this machine, and nothing is sent through it any more."),
        title=_("Remove {name}?").format(name=plain(channel.name)),
    )
    with st.container(horizontal=True):
        st.button(_("Remove it"), key="channel_leave_yes", type="primary", on_click=_leave, args=(desk, channel))
        st.button(_("Keep it"), key="channel_leave_no", on_click=_ask, args=(None,))


def _leave(desk: ChannelDesk, channel: ChannelView) -> None:
    desk.remove(channel.channel_id)
    _ask(None)
    st.session_state[SAID] = (_("{name} is removed").format(name=plain(channel.name)), _("What was entered for it is deleted."))


def _fallback(desk: ChannelDesk, found: list[ChannelView]) -> None:
    names = {channel.channel_id: for_label(channel.name) for channel in found}
    chosen = next((channel.channel_id for channel in found if channel.is_fallback), None)
    options = [None, *names]
    key = f"channel_fallback_{chosen}"
    st.selectbox(
        _("When a channel fails, send through"),
        options,
        index=options.index(chosen),
        format_func=lambda channel_id: _("No other channel") if channel_id is None else names[channel_id],
        key=key,
        on_change=_serve,
        args=(desk, key),
    )


def _serve(desk: ChannelDesk, key: str) -> None:
    try:
        desk.make_fallback(st.session_state[key])
    except NoSuchChannel:
        return  # removed elsewhere; the next drawing shows that


def _add(desk: ChannelDesk, known: dict[str, ChannelKind]) -> None:
    entry = st.session_state.setdefault(ENTRY, 0)
    chosen = st.selectbox(
        _("Add a channel"),
        list(known),
        index=None,
        format_func=lambda kind: words.label(known[kind].name),
        placeholder=_("Choose a service"),
        key=f"channel_choice_{entry}",
    )
    if chosen is None:
        return
    kind, place = known[chosen], f"new_{chosen}_{entry}"
    with st.container(border=True):
        st.markdown(f"**{words.said(kind.name)}**")
        st.markdown(words.said(kind.about))
        if kind.hosts:
            st.caption(
                _("Messages go to {host}, with the names of your cards and their dates.").format(
                    host=plain(figures.listing(list(kind.hosts)))
                )
            )
        with st.form(f"channel_form_{place}", border=False):
            values = _fields(kind, place, {}, frozenset())
            name, spoken = _name_and_language(place, "", language())
            st.caption(_("What is secret is kept encrypted on this machine and never shown again. A test message is sent at once."))
            sent = st.form_submit_button(_("Save and send a test"), type="primary")
        if sent:
            _keep(desk, kind, name, spoken, values, place)


def _keep(desk: ChannelDesk, kind: ChannelKind, name: str, spoken: str, values: dict[str, str], place: str) -> None:
    try:
        channel_id = desk.add(kind.id, name, spoken, values)
    except ChannelProblem as wrong:
        st.error(words.problem(kind, wrong))
        return
    _forget(kind, place)
    st.session_state[ENTRY] += 1
    _test(desk, next(channel for channel in desk.channels() if channel.channel_id == channel_id))


def _change(desk: ChannelDesk, channel: ChannelView, kind: ChannelKind) -> None:
    try:
        shown, kept = desk.entered(channel.channel_id)
    except NoSuchChannel:
        return  # removed elsewhere; the next drawing shows that
    place = f"{channel.channel_id}_{st.session_state.setdefault(ENTRY, 0)}"
    with st.form(f"channel_form_{place}", border=False):
        values = _fields(kind, place, shown, kept)
        name, spoken = _name_and_language(place, channel.name, channel.language)
        sent = st.form_submit_button(_("Save and send a test"), type="primary")
    if not sent:
        return
    try:
        desk.change(channel.channel_id, name, spoken, values)
    except ChannelProblem as wrong:
        st.error(words.problem(kind, wrong))
    except NoSuchChannel:
        st.rerun()
    else:
        _forget(kind, place)
        st.session_state[ENTRY] += 1
        _test(desk, channel)


def _fields(kind: ChannelKind, place: str, shown: dict[str, str], kept: frozenset[str]) -> dict[str, str]:
    """What is entered for each field of ``kind``. ``shown``: what is there already; ``kept``: the secrets that are."""
    values: dict[str, str] = {}
    for field in kind.fields:
        label, key = words.label(field.label), _key(place, field.name)
        if not field.required:
            label = _("{field} (may stay empty)").format(field=label)
        value = shown.get(field.name, field.default)
        if field.type == "choice":
            options = {choice.value: words.label(choice.label) for choice in field.choices}
            chosen = st.selectbox(label, list(options), index=list(options).index(value), format_func=options.__getitem__, key=key)
            values[field.name] = chosen or ""
        else:
            entered = st.text_input(
                label,
                value=value,
                key=key,
                type="password" if field.secret else "default",
                autocomplete="new-password" if field.secret else "off",
                placeholder=_("Kept. Fill in only to replace it") if field.name in kept else None,
                max_chars=LONGEST,
            )
            values[field.name] = entered or ""
        if field.where is not None:
            st.caption(words.said(field.where))
    return values


def _name_and_language(place: str, name: str, spoken: str) -> tuple[str, str]:
    entered = st.text_input(_("Name in this list (may stay empty)"), value=name, key=_key(place, "its_name"), max_chars=NAME_LENGTH)
    codes = list(LANGUAGES)
    chosen = st.selectbox(
        _("Language of the messages"), codes, index=codes.index(spoken), format_func=LANGUAGES.__getitem__, key=_key(place, "its_language")
    )
    return entered or "", chosen or spoken


def _key(place: str, field: str) -> str:
    return f"channel_{place}_{field}"


def _forget(kind: ChannelKind, place: str) -> None:
    for field in kind.fields:
        st.session_state.pop(_key(place, field.name), None)
