"""The words for channels: how one does, why a value cannot be used, why a message did not arrive."""

from services.rules.clocks.schema import Text
from services.use.channels import ChannelKind, ChannelProblem, ChannelView, Failure, LastFailure
from ui import clock, figures
from ui.language import LANGUAGES, _, mark, spoken
from ui.text import for_label, plain

TROUBLE = {
    Failure.GONE: mark("This channel is not here any more."),
    Failure.UNREADABLE: mark("What was entered cannot be read any more: the key file of this machine was changed. Enter it again."),
    Failure.INCOMPLETE: mark("The service cannot be used with what was entered. Check every field."),
    Failure.FORBIDDEN_HOST: mark("The message would have gone to an address that nobody entered, so it was not sent."),
    Failure.UNREACHABLE: mark("The server could not be reached. Check its address, its port and the internet connection."),
    Failure.TIMEOUT: mark("The server did not answer in time. The message may have arrived all the same."),
    Failure.TLS: mark(
        "The server could not prove who it is, or offers no encryption, so nothing was sent. Check its address and the date of this machine."
    ),
    Failure.UNAUTHORISED: mark("The server does not accept the key or password. Copy it again, and check that it has not expired."),
    Failure.NOT_FOUND: mark(
        "The server does not know this recipient or address. It may have been deleted there; check it, or set it up again."
    ),
    Failure.RATE_LIMITED: mark("The service has had too many messages for now. Try again later."),
    Failure.SERVER: mark("The server has a fault of its own. Try again later."),
    Failure.REDIRECTED: mark(
        "The server sends us on to another address. Messages go only to the one that was entered: enter the new one if it is right."
    ),
    Failure.REFUSED: mark("The server answered, but did not take the message. Check what was entered and what the service allows."),
}


def said(text: Text) -> str:
    """A bilingual text of a data file in the session's language, for Markdown."""
    return plain(label(text))


def label(text: Text) -> str:
    """The same for the label of a field."""
    return for_label(spoken(text))


def state(channel: ChannelView) -> str:
    """A shape and a word."""
    if not channel.enabled:
        return "– " + _("Switched off")
    if channel.last_failure is not None:
        return "▲ " + _("Does not work")
    if channel.last_ok_at is not None:
        return "● " + _("Works")
    return "○ " + _("Not tried yet")


def about(channel: ChannelView, kind: ChannelKind | None) -> str:
    """What it is, in which language it writes, when a message last arrived."""
    parts = [_("Not known to this version") if kind is None else said(kind.name), plain(LANGUAGES[channel.language])]
    if channel.last_ok_at is not None:
        parts.append(_("last message arrived {ago}").format(ago=figures.ago(channel.last_ok_at, clock.now())))
    return " · ".join(parts)


def failed(failure: LastFailure) -> str:
    return _("The last message did not arrive, {ago}").format(ago=figures.ago(failure.at, clock.now()))


def trouble(failure: Failure, detail: str) -> str:
    """Why a message did not arrive, and what to do."""
    sentence = _(TROUBLE[failure])
    return figures.sentences(sentence, _("It said: {detail}").format(detail=plain(detail))) if detail else sentence


def problem(kind: ChannelKind, wrong: ChannelProblem) -> str:
    """Why a value was not kept."""
    if wrong.problem == "too_many":
        return _("There are as many channels as an account can have. Remove one first.")
    field = next(field for field in kind.fields if field.name == wrong.field)
    name = said(field.label)
    match wrong.problem:
        case "missing":
            return _("Fill in “{field}”.").format(field=name)
        case "server" if field.type == "host":
            return _("“{field}” is not the name of a server. Write it without anything around it, such as {example}.").format(
                field=name, example=plain(field.example)
            )
        case "server":
            return _("“{field}” is not the address of a server. Write it as in the browser, such as {example}.").format(
                field=name, example=plain(field.example)
            )
        case "path":
            return _("“{field}” is only the server here, without anything behind it, such as {example}.").format(
                field=name, example=plain(field.example)
            )
        case "plain":
            return _(
                "“{field}”: without encryption, everybody on the way could read along. That is possible only on your own network."
            ).format(field=name)
        case "port":
            return _("“{field}” is a number from 1 to 65535.").format(field=name)
        case "schema":
            return _(
                "“{field}” names a service that is not known, that has a form of its own here, or that does not go over the network."
            ).format(field=name)
        case _:
            return _("“{field}” does not look as it should. An example: {example}").format(field=name, example=plain(field.example))
