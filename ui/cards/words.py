"""The words of cards and balances: kinds, sources, dates, urgency, forecasts, findings about numbers, failed look-ups."""

import json
from typing import Any

from services.model.reading import FailedLookUp, Validity
from services.providers.facts import facts_of
from services.providers.registry import PROVIDERS
from services.rules.balances.forecast import Forecast, NoForecast, Outlook
from services.rules.balances.urgency import Level
from services.rules.identifiers.findings import Finding
from services.rules.identifiers.findings import Level as FindingLevel
from services.use.connections import SANDBOX_PREFIX
from services.use.operators import operator_name
from ui import figures
from ui.language import _, language, mark
from ui.text import plain
from ui.words import word

KIND = {
    "sim": mark("SIM card"),
    "esim": "eSIM",
    "data_card": mark("Data card"),
    "pocket_wifi": mark("Pocket Wi-Fi"),
}
SOURCE = {"typed": mark("typed"), "pasted": mark("from a message"), "api": mark("looked up")}
STATUS = {
    "not_activated": mark("Not activated"),
    "active": mark("Active"),
    "suspended": mark("Suspended"),
    "expired": mark("Expired"),
    "closed": mark("Closed"),
}
VALIDITY = {
    "plan": mark("Plan ends on"),
    "credit": mark("Credit ends on"),
    "number": mark("Number kept until"),
    "rescue": mark("Last day to rescue it"),
    "activate_by": mark("Activate by"),
    "unspecified": mark("Valid until"),
}
EVENT = {
    "topped_up": mark("Topped up"),
    "low_money": mark("Balance is low"),
    "low_data": mark("Data is low"),
    "data_used_up": mark("Data is used up"),
    "expiring": mark("Expires soon"),
    "expired": mark("Expired"),
    "suspended": mark("Suspended"),
    "restored": mark("Restored"),
    "activated": mark("Activated"),
    "closed": mark("Closed"),
}
LEVEL = {
    Level.OVERDUE: (":red-badge[■ {word}]", mark("Overdue")),
    Level.TODAY: (":red-badge[▲ {word}]", mark("Today")),
    Level.SOON: (":orange-badge[▲ {word}]", mark("Soon")),
    Level.LOW: (":orange-badge[▼ {word}]", mark("Low")),
    Level.UNKNOWN: (":gray-badge[? {word}]", mark("Nothing known yet")),
    Level.FINE: (":green-badge[● {word}]", mark("Fine")),
}
REASON = {
    "date_passed": mark("A date has passed"),
    "date_near": mark("A date is near"),
    "suspended": mark("Suspended"),
    "closed": mark("Closed"),
    "data_low": mark("Data is low"),
    "data_gone": mark("Data is used up"),
    "data_runs_out": mark("Data will not last"),
    "money_low": mark("Balance is low"),
    "money_owed": mark("Money is owed"),
    "nothing_known": "",
}
NO_FORECAST = {
    "not_known": "",
    "unlimited": "",
    "too_few_readings": mark("No forecast yet: it needs at least four readings"),
    "too_short": mark("No forecast yet: it needs readings over at least three days"),
    "no_use_seen": mark("No forecast: no use was seen between the readings"),
    "nothing_left": mark("Data is used up"),
}
FIELD = {
    "nickname": mark("Name"),
    "kind": mark("Kind"),
    "operator": mark("Operator"),
    "country": mark("Country"),
    "msisdn": mark("Phone number"),
    "iccid": "ICCID",
    "eid": "EID",
    "imei": "IMEI",
    "device": mark("Device"),
    "slot": mark("Slot"),
    "holder": mark("Holder"),
    "payer": mark("Who pays"),
    "tags": mark("Tags"),
    "dependents": mark("Accounts that depend on this number"),
    "provider": mark("Provider"),
    "bought_on": mark("Bought on"),
    "installed_on": mark("Installed on"),
    "first_used_on": mark("First used on"),
    "return_by": mark("To be given back by"),
}
FINDING = {
    "empty": mark("Nothing was typed."),
    "character": mark("“{found}” does not belong in this number. Check it against the card."),
    "length": mark("It has {found} characters; {expected} are usual. Check that none is missing."),
    "prefix": mark("It starts with {found} instead of {expected}. Check that it is the right number."),
    "check_digit": mark("The check digit does not fit: {found} instead of {expected}. Probably one digit is mistyped."),
    "no_check_possible": mark("This kind of number has no check digit, so a slip cannot be noticed here."),
    "software_version": mark("This is an IMEISV; the last two digits are the software's version."),
    "short_code": mark("This is a short code, not the number of a card."),
    "machine_number": mark("A mainland data-card number (13 digits); it cannot be called."),
    "not_valid": mark("No country has numbers like this. Check it; you can keep it as typed."),
    "region_needed": mark("Choose the country of the number, or start it with + and the country code."),
    "several_readings": mark("This can be read as {expected}. Write it with + and the country code."),
    "version": mark("An activation code starts with LPA:1 or 1."),
    "field_count": mark("An activation code has three to five parts between $ signs; this has {found}."),
    "address": mark("The server's address in the code is damaged."),
    "matching_id": mark("The code's middle part has a character that cannot be in it."),
    "oid": mark("The fourth part of the code is damaged."),
    "confirmation_flag": mark("The fifth part of the code is damaged."),
}


def labelled(label: str, value: str) -> str:
    """What a value is of, with the colon of the language."""
    return _("{label}: {value}").format(label=label, value=value)


def operator(name: str | None) -> str:
    """The operator's name, safe for Markdown."""
    return plain(operator_name(name, language())) if name else _("Operator not known")


def provider(origin: str) -> str:
    """The provider's name; that of a sandbox is called invented."""
    name = origin.removeprefix(SANDBOX_PREFIX)
    shown = facts_of(name).name if name in PROVIDERS else plain(name)
    return _("{provider} (invented)").format(provider=shown) if origin.startswith(SANDBOX_PREFIX) else shown


def level(value: Level) -> str:
    """A badge with word, shape and colour."""
    shape, said = LEVEL[value]
    return shape.format(word=_(said))


def dateless() -> str:
    """The badge of a card of which something is known and no date."""
    return f":gray-badge[? {_('Unknown')}]"


def finding(found: Finding) -> str:
    return word(FINDING, found.oddity.value).format(found=plain(found.found), expected=plain(found.expected))


def findings(found: tuple[Finding, ...]) -> tuple[list[str], list[str]]:
    """Sentences to warn with, and sentences to know."""
    serious = [finding(item) for item in found if item.level is not FindingLevel.INFO]
    return serious, [finding(item) for item in found if item.level is FindingLevel.INFO]


def days_left(days: int | None) -> str:
    """The day count: whole days to the next date that ends something."""
    if days is None:
        return _("No date known")
    if days == 0:
        return _("Today")
    return figures.days(days) if days > 0 else _("{days} over").format(days=figures.days(-days))


def validity(end: Validity) -> str:
    name = f" ({plain(end.name)})" if end.name else ""
    return labelled(word(VALIDITY, end.kind.value) + name, figures.day(end.last_day))


def forecast(prediction: Forecast | NoForecast, outlook: Outlook) -> str:
    """When data runs out, with its uncertainty; why not, when there is no forecast."""
    if isinstance(prediction, NoForecast):
        return word(NO_FORECAST, prediction.value)
    if outlook is Outlook.LASTS:
        return _("At your pace the data lasts until the end")
    early = figures.day(prediction.earliest.date())
    if prediction.latest is None:
        return _("At your pace data runs out about {day}, {early} at the earliest; use is too uneven to say the latest").format(
            day=figures.day(prediction.expected.date()), early=early
        )
    if prediction.earliest.date() == prediction.latest.date():
        return _("At your pace data runs out on {day}").format(day=early)
    return _("At your pace data runs out about {day} (8 in 10: {early} to {late})").format(
        day=figures.day(prediction.expected.date()), early=early, late=figures.day(prediction.latest.date())
    )


def failed(failure: FailedLookUp) -> str:
    """A failed look-up in a sentence that says what to do."""
    try:
        facts: dict[str, Any] = json.loads(failure.reason)
    except ValueError:
        facts = {"kind": "Unexpected"}
    return trouble(failure.origin, facts)


def trouble(origin: str, facts: dict[str, Any]) -> str:
    """What went wrong at a provider. ``facts`` as ``services.use.catalogue.failure_of`` makes them."""
    name = provider(origin)
    match facts.get("kind"), facts.get("because"):
        case "Unreachable", "timeout":
            return _("{provider} did not answer in time. Try again later.").format(provider=name)
        case "Unreachable", "server":
            return _("{provider} has a fault of its own ({status}). Try again later.").format(provider=name, status=facts.get("status"))
        case "Unreachable", _because:
            return _("{provider} could not be reached. Check the internet connection and try again.").format(provider=name)
        case "Unauthorised", _because:
            return _("{provider} did not accept the key or token. Connect it again in the settings.").format(provider=name)
        case "NotFound", _because:
            return _("{provider} does not have this card in the connected account.").format(provider=name)
        case "RateLimited", _because:
            return _("{provider} asks us to wait. Try again in some minutes.").format(provider=name)
        case "Malformed", _because:
            return _("The answer of {provider} has changed or is damaged, so nothing of it was used ({path}).").format(
                provider=name, path=plain(str(facts.get("path") or facts.get("problem")))
            )
        case "Refused", _because:
            return _("{provider} refused the request ({status}).").format(provider=name, status=facts.get("status"))
        case "Unsupported", _because:
            return _("{provider} does not offer this.").format(provider=name)
        case _kind, _because:
            return _("Something unexpected happened. The log has the details under the code {code}.").format(code=facts.get("code", "—"))
