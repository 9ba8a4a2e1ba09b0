"""The calendar for other programs: its words, and the answer at its secret address."""

from datetime import UTC, datetime
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from services.model.reminder import Matter, Topic
from services.model.saved_trip import SavedTrip, Step
from services.use.calendar_feed import CalendarFeeds, CalendarFile, Said, feed_of
from services.use.house import House, house
from ui import figures
from ui.clocks import words as clock_words
from ui.language import _, language, speaking
from ui.trips.saved import sentence
from ui.web import CALENDAR

PRIVATE = {"cache-control": "private, no-cache", "x-robots-tag": "noindex, nofollow"}


def address(base: str, token: str) -> str:
    """Where a program finds the calendar. ``base``: of the dashboard, without a slash at its end."""
    return base + CALENDAR.format(token=token)


def calendar_at(request: Request) -> Response:
    """The calendar at a secret address; 404 without the secret. Runs in a thread of the server."""
    ours = house()
    found = feed_of(ours, str(request.path_params["token"]))
    if found is None:
        return PlainTextResponse("Not found\n", 404, headers={"cache-control": "no-store"})
    file = calendar_file(ours, found.account, found.language, found.zone)
    headers = {
        **PRIVATE,
        "etag": f'"{file.tag}"',
        "last-modified": format_datetime(file.changed_at, usegmt=True),
        "content-disposition": 'inline; filename="simkeeper.ics"',
    }
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["etag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type="text/calendar", headers=headers)


def calendar_file(ours: House, account: str, spoken: str, zone: str) -> CalendarFile:
    """The calendar of an account in the language ``spoken``."""
    with speaking(spoken):
        return CalendarFeeds(ours, account, lambda: datetime.now(UTC)).file(spoken, zone, Words())


class Words:
    """What stands in an entry, in the language spoken now. Nothing in it depends on the day on which it is said."""

    def name(self) -> str:
        return _("Simkeeper: cards")

    def cancelled(self) -> str:
        return _("No longer applies")

    def topic(self, topic: Topic, zone: ZoneInfo) -> Said:
        what = topic.what[1 if language() == "zh" else 0] if topic.what is not None else ""
        facts = {"name": topic.name, "what": what}
        if topic.matter is Matter.RETURN:
            return Said(_("{name}: give the device back").format(**facts))
        until = None if topic.until is None else topic.until.astimezone(zone)
        ends = "" if until is None else f"{figures.day(until.date())}, {figures.clock_time(until)}"
        if topic.matter is Matter.REFUND:
            return Said(_("{name}: last day of a claim").format(**facts), f"{what}\n" + _("Until {moment}.").format(moment=ends))
        if topic.matter is Matter.RESCUE:
            summary = _("{name}: {what} has run out, last chance to save it").format(**facts)
            lines = [_("It can be saved until {moment}.").format(moment=ends)]
        else:
            summary = _("{name}: {what}, last safe day").format(**facts)
            lines = [_("Ends {moment}. On this day at the latest, act.").format(moment=ends)]
        if topic.uncertain:
            lines.append(_("It may last longer; nothing ends before this date."))
        if topic.assumed:
            lines.append(_("Nothing is known of this operator, so the date is assumed. Check it with the operator."))
        if topic.offer is not None:
            lines.append(self._way(topic))
        return Said(summary, "\n".join(lines))

    def step(self, trip: SavedTrip, step: Step) -> Said:
        return Said(sentence(step), trip.name)

    def _way(self, topic: Topic) -> str:
        if topic.offer is None:
            return ""
        action, price = clock_words.value(topic.offer.what), topic.offer.price
        if price is None:
            return _("What helps: {action}.").format(action=action)
        money = figures.money(int(price.amount * figures.MICRO), price.currency)
        return _("Cheapest: {action}, {price}.").format(action=action, price=money)
