"""Trips that were kept: names, copies, the checklist with its ticks, and the calendar file."""

from collections.abc import Callable

import streamlit as st

from services.model.itinerary import TripAnswer, TripProblem
from services.model.saved_trip import SavedTrip, Step
from services.rules.journeys.address import to_params
from services.rules.journeys.question import TripQuestion
from services.use.trip_calendar import Entry, calendar_file
from services.use.trips import NoSuchTrip
from ui import clock, figures
from ui.language import _, language, n_, speaking
from ui.paper import paper_hint
from ui.text import for_label, plain
from ui.trips.form import desk, key, open_params
from ui.trips.words import STEP

TRIP = "trip"
"""Parameter of the address that names the trip that is open."""
JUST_SAVED = "tripq_saved"


def opened() -> SavedTrip | None:
    """The kept trip that is open; None for a new one."""
    name = st.query_params.get(TRIP)
    if not name:
        return None
    try:
        return desk().store.get(name)
    except NoSuchTrip:
        return None


def kept_trips() -> None:
    """The kept trips, each a button that opens it."""
    trips = desk().store.all()
    if not trips:
        return
    with st.expander(n_("{n} saved trip", "{n} saved trips", len(trips)).format(n=len(trips)), expanded=len(st.query_params) == 0):
        for trip in trips:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(plain(trip.name), key=key(f"open_{trip.trip_id}"), on_click=_open, args=(trip,))
                if trip.steps:
                    st.caption(_("{done} of {all} steps done").format(done=trip.done, all=len(trip.steps)))
                st.caption(_("saved {ago}").format(ago=figures.ago(trip.saved_at, clock.now())))
                st.button(_("Copy"), key=key(f"copy_{trip.trip_id}"), on_click=_copy, args=(trip,), help=plain(trip.name))
                st.button(_("Delete"), key=key(f"delete_{trip.trip_id}"), on_click=_delete, args=(trip,), help=plain(trip.name))


def keep(question: TripQuestion, trip: SavedTrip | None) -> None:
    """Save the question under a name."""
    st.header(_("Keep this trip"))
    name_key = key(f"name_{trip.trip_id if trip else ''}")
    st.session_state.setdefault(name_key, trip.name if trip else _suggested(question))
    name, save = st.columns([3, 1], vertical_alignment="bottom")
    name.text_input(_("Name of the trip"), key=name_key, max_chars=120)
    save.button(
        _("Save changes") if trip else _("Save"),
        key=key("save"),
        on_click=_save,
        args=(question, name_key, trip),
        width="stretch",
        disabled=not st.session_state[name_key].strip(),
    )
    if st.session_state.pop(JUST_SAVED, False):
        st.success(_("Saved. Everything about the question is in the address of this page too, so that you can share it."))
    else:
        st.caption(_("The whole question is in the address of this page: copy it to share the question. Your cards are not in it."))


def checklist(question: TripQuestion, problem: TripProblem, answer: TripAnswer, trip: SavedTrip | None) -> None:
    """Turn the answer into steps, tick them, and take them along as a calendar file."""
    st.header(_("Checklist"))
    st.button(
        _("Make the checklist anew from this answer") if trip and trip.steps else _("Turn this into a checklist"),
        key=key("checklist"),
        type="secondary" if trip and trip.steps else "primary",
        on_click=_make,
        args=(question, problem, answer, trip),
    )
    if trip is None or not trip.steps:
        st.caption(_("It is saved with the trip, with every tick."))
        return
    with st.container(key="paper_checklist"):
        st.subheader(plain(trip.name))
        st.progress(trip.done / len(trip.steps), text=_("{done} of {all} steps done").format(done=trip.done, all=len(trip.steps)))
        day = None
        for step in trip.steps:
            if step.day != day:
                day = step.day
                st.markdown(f"**{figures.day(day)}**")
            tick = key(f"step_{trip.trip_id}_{step.step_id}")
            st.session_state[tick] = step.done
            st.checkbox(sentence(step, for_label), key=tick, on_change=_tick, args=(trip.trip_id, step.step_id, tick))
    paper_hint()
    st.download_button(
        _("Download the steps as a calendar (.ics)"),
        data=calendar_of(trip),
        file_name="simkeeper-trip.ics",
        mime="text/calendar",
        on_click="ignore",
        key=key("ics"),
    )


def sentence(step: Step, safe: Callable[[str], str] = str) -> str:
    """A step in the session's language; ``safe`` is done to the names in it, text of other people."""
    until = figures.day(step.until) if step.until else ""
    said = _(STEP[step.kind]).format(what=safe(step.what), seller=safe(step.seller or step.what), until=until)
    if step.price_micro is not None:
        said = _("{step} ({price})").format(step=said, price=figures.money(step.price_micro, step.currency))
    return _("Device {n}: {step}").format(n=step.device, step=said) if step.device else said


def calendar_of(trip: SavedTrip) -> Callable[[], bytes]:
    """Builds the file on the click, in the language spoken now."""
    spoken = language()

    def build() -> bytes:
        with speaking(spoken):
            entries = [Entry(f"{trip.trip_id}-{step.step_id}", step.day, sentence(step), trip.name, step.url) for step in trip.steps]
            return calendar_file(entries, trip.saved_at)

    return build


def _suggested(question: TripQuestion) -> str:
    return figures.listing(list(dict.fromkeys(figures.country(leg.country) for leg in question.legs if leg.country)))


def _save(question: TripQuestion, name_key: str, trip: SavedTrip | None) -> None:
    kept = desk().save(st.session_state[name_key], to_params(question), trip.trip_id if trip else None)
    st.query_params[TRIP] = kept.trip_id
    st.session_state[JUST_SAVED] = True


def _make(question: TripQuestion, problem: TripProblem, answer: TripAnswer, trip: SavedTrip | None) -> None:
    kept = trip or desk().save(_suggested(question), to_params(question))
    desk().make_checklist(kept, question, problem, answer)
    st.query_params[TRIP] = kept.trip_id


def _tick(trip_id: str, step_id: str, tick: str) -> None:
    desk().store.tick(trip_id, [step_id], st.session_state[tick])


def _open(trip: SavedTrip) -> None:
    st.query_params[TRIP] = trip.trip_id
    open_params(dict(trip.params))


def _copy(trip: SavedTrip) -> None:
    kept = desk().copy(trip.trip_id, _("{trip} (copy)").format(trip=trip.name))
    _open(kept)


def _delete(trip: SavedTrip) -> None:
    desk().store.delete(trip.trip_id)
    if st.query_params.get(TRIP) == trip.trip_id:
        del st.query_params[TRIP]
