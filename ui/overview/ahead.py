"""What comes next, and the trips that lie ahead."""

import streamlit as st

from services.model.saved_trip import SavedTrip
from services.use.next_thing import NextKind, NextThing, next_thing, trips_ahead
from ui import clock, figures
from ui.clocks.desk import clock_desk
from ui.language import _
from ui.pages import page_at
from ui.renew.desk import RUN, renewal_desk
from ui.text import plain
from ui.trips.form import desk as trip_desk
from ui.trips.saved import TRIP, sentence

SHOWN = 3


def what_next() -> None:
    """One sentence and the way to do it; nothing when nothing waits."""
    thing = next_thing(clock_desk().all(), renewal_desk().walks(), trip_desk().store.all(), clock.now())
    if thing is None:
        return
    with st.container(border=True, key="next_thing"):
        st.subheader(_("What to do next"))
        st.markdown(_sentence(thing))
        _link(thing)


def _sentence(thing: NextThing) -> str:
    name = f"**{plain(thing.name)}**" if thing.name else _("a card that is not in your list")
    match thing.kind:
        case NextKind.LOOK_AGAIN:
            return _("The payment for {name} should have counted by now. Look at the card and enter what it shows.").format(name=name)
        case NextKind.OVERDUE:
            return _("{name} is past its date. Something can still be saved: renew it today.").format(name=name)
        case NextKind.RENEW if thing.days == 0:
            return _("Today is the last safe day for {name}.").format(name=name)
        case NextKind.RENEW:
            return _("{name}: {days} left. Renew it in good time.").format(days=figures.days(thing.days or 0), name=name)
        case NextKind.TRIP_STEP:
            assert thing.step is not None
            step = sentence(thing.step, plain)
            return _("For {name}, on {day}: {step}").format(name=name, day=figures.day(thing.step.day), step=step)
        case NextKind.GO_ON:
            return _("The renewal of {name} has been begun and is not over.").format(name=name)
        case NextKind.ANSWER:
            return _("One date of {name} is not known. One answer on its page would settle it.").format(name=name)


def _link(thing: NextThing) -> None:
    match thing.kind:
        case NextKind.LOOK_AGAIN | NextKind.GO_ON:
            label, page, params = _("Go on with the renewal"), "renew", {RUN: thing.renewal_id or ""}
        case NextKind.OVERDUE | NextKind.RENEW:
            label, page, params = _("Renew this card"), "renew", {"card": thing.card_id or ""}
        case NextKind.TRIP_STEP:
            assert thing.trip is not None
            label, page, params = _("Open the trip"), "trips", _address(thing.trip)
        case NextKind.ANSWER:
            label, page, params = _("Open the card"), "card", {"id": thing.card_id or ""}
    st.page_link(page_at(page), label=label, query_params=params, icon=":material/arrow_forward:")


def ahead() -> None:
    """The next trips, each with its first day and how far its checklist is."""
    trips = trips_ahead(trip_desk().store.all(), clock.now().date())
    if not trips:
        return
    st.header(_("Trips ahead"))
    for first, trip in trips[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.page_link(page_at("trips"), label=f"**{plain(trip.name)}**", query_params=_address(trip), icon=":material/luggage:")
            parts = [_("from {day}").format(day=figures.day(first))]
            if trip.steps:
                parts.append(_("{done} of {all} steps done").format(done=trip.done, all=len(trip.steps)))
            st.caption(" · ".join(parts))


def _address(trip: SavedTrip) -> dict[str, str]:
    return {**dict(trip.params), TRIP: trip.trip_id}
