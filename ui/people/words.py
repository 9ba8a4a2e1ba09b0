"""The words for roles, refusals, and what was changed."""

from services.model.person import Deed, Role
from services.use.people import ForTheMachine, NotAllowed
from ui.language import _, mark, n_
from ui.text import plain
from ui.words import word

ROLE = {"owner": mark("Owner"), "editor": mark("Editor"), "viewer": mark("Viewer")}
MAY = {
    "owner": mark("changes everything, and says who belongs to the household"),
    "editor": mark("changes cards, renewals, trips and settings"),
    "viewer": mark("looks, and changes nothing"),
}
ACTION = {"insert": mark("{what}: added"), "update": mark("{what}: changed"), "delete": mark("{what}: removed")}
THING = {
    "accounts": mark("Household"),
    "settings": mark("Setting"),
    "catalogue_sources": mark("Source of prices"),
    "cards": mark("Card"),
    "card_secrets": mark("Codes of a card"),
    "merged_cards": mark("Merged card"),
    "readings": mark("Reading of a card"),
    "provider_accounts": mark("Account at a provider"),
    "card_events": mark("Event of a card"),
    "clock_overrides": mark("Own figure of a clock"),
    "trips": mark("Trip"),
    "renewals": mark("Renewal"),
    "renewal_events": mark("Step of a renewal"),
    "members": mark("Person"),
    "delivery_channels": mark("Way for messages"),
    "card_reminders": mark("Reminders of a card"),
    "reminder_episodes": mark("Reminder"),
    "order_intents": mark("Order"),
    "order_events": mark("Step of an order"),
    "auto_renewals": mark("Automatic renewal"),
    "calendar_feeds": mark("Address of a calendar"),
    "files": mark("File"),
    "receipts": mark("Receipt"),
    "step_photos": mark("Photo of a step"),
}
REFUSAL = {
    Role.OWNER: mark("Only an owner of the household can do this."),
    Role.EDITOR: mark("You can look here, and change nothing. An owner of the household can give you another role."),
    None: mark("You do not belong to this household any more, or this is another household's."),
}


def refusal(error: NotAllowed) -> str:
    if isinstance(error, ForTheMachine):
        return _("It touches every household of this dashboard, so only whoever runs it can do this, on its machine.")
    return _(REFUSAL[error.needed if error.needed is Role.OWNER or error.needed is None else Role.EDITOR])


def deed(done: Deed) -> str:
    """What was done, as Markdown."""
    table, _dot, action = done.kind.rpartition(".")
    sentence = _(ACTION[action]).format(what=word(THING, table) if table in THING else plain(table))
    parts = [sentence, plain(done.text)] if done.text else [sentence]
    if done.count > 1:
        parts.append(n_("{n} time", "{n} times", done.count).format(n=done.count))
    return " · ".join(parts)
