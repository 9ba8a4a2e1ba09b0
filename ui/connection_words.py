"""The words for connections to providers: verbs, states, where credentials come from, limits, failures."""

from collections.abc import Mapping
from typing import Any

from services.model.order import AccountBalance
from services.providers.facts import ProviderFacts, PublishedLimit
from services.use.connections import CallsLeft, Connection, CredentialProblem
from ui import clock, figures
from ui.language import _, language, mark, n_
from ui.text import plain
from ui.words import word

VERB = {
    "plans": mark("Read the plans it sells"),
    "plans_for_trip": mark("Search plans for the countries of a trip"),
    "cards": mark("List the cards of the account"),
    "reading": mark("Look up what is left on a card"),
    "readings": mark("Look up many cards in one call"),
    "top_ups": mark("Show which top-ups fit a card"),
    "top_up": mark("Buy a top-up with the money of the account, only after you confirmed it"),
    "find_order": mark("Look up an order that was placed here"),
    "install": mark("Fetch the installation code of a card"),
    "account": mark("Read the balance of the account"),
}
SOURCE = {
    "kept": mark("Key kept encrypted on this machine"),
    "file": mark("Key read from .streamlit/secrets.toml; remove it there to disconnect"),
    "sandbox": mark("Sandbox inside Simkeeper: everything it shows is invented, and nothing leaves this machine"),
}
SCOPE = {
    "account": mark("all calls"),
    "token": mark("new tokens"),
    "packages": mark("price lists"),
    "usage_of_card": mark("look-ups of one card"),
    "history_of_card": mark("purchases of one card"),
}


def state(connection: Connection) -> str:
    """A shape and a word."""
    if connection.failure is not None:
        return "▲ " + _("Does not work")
    if connection.succeeded_at is not None:
        return "● " + _("Works")
    return "○ " + _("Not tried yet")


def since(connection: Connection) -> str:
    """Where the credentials come from, since when, and when the provider last answered."""
    now, parts = clock.now(), [word(SOURCE, connection.source.value)]
    if connection.connected_at is not None:
        parts.append(_("connected {ago}").format(ago=figures.ago(connection.connected_at, now)))
    if connection.succeeded_at is not None:
        parts.append(_("last answer {ago}").format(ago=figures.ago(connection.succeeded_at, now)))
    return " · ".join(parts)


def left(calls: CallsLeft) -> str:
    """How many calls are left under a limit, and whether the provider published it."""
    limit = calls.limit
    said = _("{left} of {calls} left in {span}: {scope}").format(
        left=figures.number(calls.left), calls=figures.number(limit.calls), span=_span(limit), scope=word(SCOPE, limit.scope)
    )
    return figures.sentences(said, _("(our own caution; the provider publishes none)")) if limit.source.startswith("assumed") else said


def _span(limit: PublishedLimit) -> str:
    if limit.per_s % 60 == 0:
        return n_("{n} minute", "{n} minutes", limit.per_s // 60).format(n=limit.per_s // 60)
    return n_("{n} second", "{n} seconds", limit.per_s).format(n=limit.per_s)


def answered(facts: ProviderFacts, account: AccountBalance | None) -> str:
    """What a provider that accepts the key said of the account."""
    if account is None or account.balance is None:
        return _("{provider} accepts the key.").format(provider=facts.name)
    balance = figures.money(int(account.balance.amount * figures.MICRO), account.balance.currency)
    return _("{provider} accepts the key. Balance of the account: {balance}").format(provider=facts.name, balance=plain(balance))


def problem(facts: ProviderFacts, wrong: CredentialProblem) -> str:
    """Why a credential was not even tried."""
    label = _label(facts, wrong.name)
    if wrong.problem == "missing":
        return _("Fill in “{field}”.").format(field=label)
    return _("“{field}” has a space, a line break or a character in it that no key has. Copy it again without anything around it.").format(
        field=label
    )


def trouble(facts: ProviderFacts, failure: Mapping[str, Any]) -> str:
    """What went wrong, and what to do. ``failure`` as ``services.use.catalogue.failure_of`` makes it."""
    name = facts.name
    match failure.get("kind"), failure.get("because"):
        case "Unreachable", "timeout":
            return _("{provider} did not answer in time. Nothing was changed; try again later.").format(provider=name)
        case "Unreachable", "tls":
            return _(
                "{provider} could not prove who it is, so no key was sent. Check the date of this machine, or try another network."
            ).format(provider=name)
        case "Unreachable", "server":
            return _("{provider} has a fault of its own ({status}). Nothing was changed; try again later.").format(
                provider=name, status=failure.get("status")
            )
        case "Unreachable", _because:
            return _("{provider} could not be reached. Check the internet connection and try again.").format(provider=name)
        case "Unauthorised", _because:
            return _unauthorised(facts, str(failure.get("detail") or ""))
        case "RateLimited", _because:
            return _("{provider} asks us to wait before the next call. Try again in some minutes.").format(provider=name)
        case "Malformed", _because:
            return _("The answer of {provider} has changed or is damaged ({path}), so the key could not be tested.").format(
                provider=name, path=plain(str(failure.get("path") or failure.get("problem")))
            )
        case _kind, _because:
            return _("{provider} refused the call ({status}). The account may not be allowed to use the interface.").format(
                provider=name, status=failure.get("status") or failure.get("kind")
            )


def _unauthorised(facts: ProviderFacts, detail: str) -> str:
    if detail == "credentials unreadable":
        return _("The key that was kept cannot be read any more: the key file of this machine was changed. Disconnect, and connect again.")
    named = next((field for field in facts.credentials if detail == field.name), None)
    if named is not None:
        return _("“{field}” is not as {provider} needs it: {where}").format(
            field=_label(facts, named.name), provider=facts.name, where=named.where.in_language(language())
        )
    return _("{provider} does not accept this key. Copy it again, and check that it has not expired and belongs to this account.").format(
        provider=facts.name
    )


def _label(facts: ProviderFacts, name: str) -> str:
    return next(field.label.in_language(language()) for field in facts.credentials if field.name == name)
