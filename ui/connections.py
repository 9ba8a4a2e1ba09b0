"""Accounts at providers: connect one with its key or with the sandbox, see how it does, test it, disconnect it.

What is entered goes to the provider and into the sealed store; it is never drawn again. The fields are emptied once it is kept.
"""

import streamlit as st

from services.providers.base import Capability
from services.providers.errors import ProviderError
from services.providers.facts import CredentialField, ProviderFacts
from services.providers.registry import PROVIDERS
from services.use.catalogue import failure_of
from services.use.connections import Connection, ConnectionDesk, ConnectionSource, CredentialProblem
from services.use.house import house
from ui import clock, connection_words, figures
from ui.language import _, language
from ui.shell import account
from ui.turns import fragment
from ui.words import word

ENTRY, LEAVING, SAID, LEFT = "connect_entry", "connection_leaving", "connection_said", "connection_left"
"""How often the fields were emptied; the connection about to be disconnected; what the last act came to; whether one just went."""
LONGEST = 500


@fragment
def connections() -> None:
    """The whole room, drawn alone when something in it changes."""
    if st.session_state.pop(LEFT, False):
        st.rerun()  # the whole page: the notice above it speaks of sandboxes
    desk = ConnectionDesk(house(), account())
    _said()
    found = desk.connections()
    if not found:
        st.caption(_("No account is connected. Without one, you can still compare public prices and type or paste balances."))
    for connection in found:
        with st.container(border=True):
            _connection(desk, connection)
    _connect(desk, {connection.facts.id for connection in found})


def _said() -> None:
    """What the last act came to, once."""
    if (said := st.session_state.pop(SAID, None)) is not None:
        title, text = said
        st.success(text, title=title)


def _connection(desk: ConnectionDesk, connection: Connection) -> None:
    facts = connection.facts
    invented = " · " + _("Invented") if connection.source is ConnectionSource.SANDBOX else ""
    st.markdown(f"**{facts.name}**{invented} · {connection_words.state(connection)}")
    st.caption(connection_words.since(connection))
    if connection.failure is not None and connection.failed_at is not None:
        st.error(
            connection_words.trouble(facts, connection.failure),
            title=_("{provider}: last call failed {ago}").format(provider=facts.name, ago=figures.ago(connection.failed_at, clock.now())),
        )
    with st.expander(_("What it may do, and calls left")):
        _permissions(connection.verbs)
        _limits(desk, facts.id)
    with st.container(horizontal=True):
        tested = st.button(_("Test {provider}").format(provider=facts.name), key=f"connection_test_{facts.id}")
        if connection.source is not ConnectionSource.FILE and st.session_state.get(LEAVING) != facts.id:
            st.button(
                _("Disconnect {provider}").format(provider=facts.name),
                key=f"connection_leave_{facts.id}",
                on_click=_ask,
                args=(facts.id,),
            )
    if st.session_state.get(LEAVING) == facts.id:
        _confirm(desk, connection)
    if tested:
        _test(desk, facts)


def _permissions(verbs: frozenset[Capability]) -> None:
    st.markdown("\n".join(f"- {word(connection_words.VERB, verb.value)}" for verb in Capability if verb in verbs))


def _limits(desk: ConnectionDesk, provider: str) -> None:
    try:
        left = desk.calls_left(provider)
    except ProviderError:
        return  # the failure is said above
    st.caption(_("Calls left under the limits of the provider"))
    st.markdown("\n".join(f"- {connection_words.left(calls)}" for calls in left))


def _ask(provider: str | None) -> None:
    st.session_state[LEAVING] = provider


def _confirm(desk: ConnectionDesk, connection: Connection) -> None:
    facts, invented = connection.facts, connection.source is ConnectionSource.SANDBOX
    st.warning(
        _("The sandbox forgets what was done in it. Cards and readings that came from it stay until you delete them.")
        if invented
        else _(
            "The key is deleted from this machine. Cards, readings and receipts stay; they are no longer looked up until you connect again."
        ),
        title=_("Disconnect {provider}?").format(provider=facts.name),
    )
    with st.container(horizontal=True):
        label = _("Leave the sandbox") if invented else _("Delete the key")
        st.button(label, key="connection_leave_yes", type="primary", on_click=_leave, args=(desk, connection))
        st.button(_("Keep it"), key="connection_leave_no", on_click=_ask, args=(None,))


def _leave(desk: ConnectionDesk, connection: Connection) -> None:
    desk.disconnect(connection.facts.id)
    _ask(None)
    st.session_state[LEFT] = True
    left = _("Nothing is looked up there any more.") if connection.source is ConnectionSource.SANDBOX else _("Its key is deleted.")
    st.session_state[SAID] = (_("{provider} is disconnected").format(provider=connection.facts.name), left)


def _test(desk: ConnectionDesk, facts: ProviderFacts) -> None:
    with st.spinner(_("Asking {provider}").format(provider=facts.name)):
        try:
            said = desk.test(facts.id)
        except ProviderError:
            pass  # kept with the connection, and drawn from there
        else:
            st.session_state[SAID] = (_("{provider} works").format(provider=facts.name), connection_words.answered(facts, said))
    st.rerun()


def _connect(desk: ConnectionDesk, there: set[str]) -> None:
    offered = {facts.id: facts for facts in desk.connectable() if facts.id not in there}
    if not offered:
        return
    entry = st.session_state.setdefault(ENTRY, 0)
    chosen = st.selectbox(
        _("Connect an account"),
        list(offered),
        index=None,
        format_func=lambda provider: offered[provider].name,
        placeholder=_("Choose a provider"),
        key=f"connect_choice_{entry}",
    )
    if chosen is None:
        return
    facts = offered[chosen]
    with st.container(border=True):
        st.markdown(f"**[{facts.name}]({facts.home_url})**")
        st.markdown(_("What is sent to it: {what}").format(what=facts.sends.in_language(language())))
        if facts.notes is not None:
            st.info(facts.notes.in_language(language()))
        with st.expander(_("What it may do")):
            _permissions(PROVIDERS[chosen].capabilities())
        _form(desk, facts, entry)
        _sandbox(desk, facts)


def _form(desk: ConnectionDesk, facts: ProviderFacts, entry: int) -> None:
    with st.form(f"connect_{facts.id}", border=False):
        given = {field.name: _field(facts, field, entry) for field in facts.credentials}
        st.caption(_("The key is tested with one call that only reads, and then kept encrypted on this machine. It is never shown again."))
        sent = st.form_submit_button(_("Test and connect"), type="primary")
    if not sent:
        return
    try:
        with st.spinner(_("Asking {provider}").format(provider=facts.name)):
            said = desk.connect(facts.id, given)
    except CredentialProblem as wrong:
        st.error(connection_words.problem(facts, wrong))
    except ProviderError as error:
        st.error(
            connection_words.trouble(facts, failure_of(error)),
            title=_("{provider} is not connected").format(provider=facts.name),
        )
    else:
        for field in facts.credentials:
            st.session_state.pop(_key(facts, field, entry), None)
        _connected(facts, connection_words.answered(facts, said))


def _field(facts: ProviderFacts, field: CredentialField, entry: int) -> str:
    label = field.label.in_language(language())
    value = st.text_input(
        label if field.required else _("{field} (may stay empty)").format(field=label),
        key=_key(facts, field, entry),
        type="password" if field.secret else "default",
        autocomplete="new-password" if field.secret else "off",
        max_chars=LONGEST,
    )
    st.caption(_("Where to find it: {where}").format(where=field.where.in_language(language())))
    return value or ""


def _key(facts: ProviderFacts, field: CredentialField, entry: int) -> str:
    return f"connect_{facts.id}_{field.name}_{entry}"


def _sandbox(desk: ConnectionDesk, facts: ProviderFacts) -> None:
    st.markdown(_("No key yet? The sandbox shows how it works, with invented cards, balances and orders. Nothing is sent or paid."))
    if st.button(_("Try with the sandbox"), key=f"connect_sandbox_{facts.id}"):
        try:
            desk.connect_sandbox(facts.id)
        except ProviderError as error:
            st.error(connection_words.trouble(facts, failure_of(error)))
        else:
            _connected(facts, _("Everything it shows is invented."))


def _connected(facts: ProviderFacts, text: str) -> None:
    st.session_state[ENTRY] += 1
    st.session_state[SAID] = (_("{provider} is connected").format(provider=facts.name), text)
    st.rerun()
