"""When a person wants to be reminded: zone, hour, quiet hours, days before each date; and what differs for one card."""

from collections.abc import Iterable, Mapping
from datetime import time
from zoneinfo import available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from services.model.reminder import CardHabits, Habits, Matter, Quiet
from services.rules.reminders.ladders import is_dated, read_days, shipped_ladders, usual_days
from services.rules.reminders.schedule import steps_of
from ui import clock, figures
from ui.cards.desks import reading_desk
from ui.language import _, spoken
from ui.reminders.desk import reminder_desk
from ui.reminders.words import MATTER
from ui.text import plain
from ui.words import word

REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
KEPT = "habits_kept"
NIGHT = Quiet(time(22), time(8))


def habits() -> None:
    """The fields for every card, kept with one button, so that half of a change is never in force."""
    desk = reminder_desk()
    now = desk.habits()
    if st.session_state.pop(f"{KEPT}_all", False):
        st.success(_("Kept."))
    with st.form("habits"):
        zones = _zones(now.zone)
        left, right = st.columns(2)
        zone = left.selectbox(_("Time zone"), zones, index=zones.index(now.zone or clock.zone().key), key="habits_zone")
        at = _hour(right, _("Hour of reminders"), now.at, "habits_at")
        quiet = now.quiet or NIGHT
        hours = st.checkbox(_("Send nothing in quiet hours"), now.quiet is not None, key="habits_quiet")
        one, other = st.columns(2)
        start = _hour(one, _("Quiet from"), quiet.start, "habits_quiet_from")
        end = _hour(other, _("Quiet until"), quiet.end, "habits_quiet_until")
        test = st.checkbox(_("Send a message every day that says that reminders arrive"), now.self_test, key="habits_test")
        with st.expander(_("Days for each kind of reminder")):
            st.caption(_("Days before the date, such as 35, 10, 5. Leave a field empty for the usual days; write “none” for no reminder."))
            typed = _ladder_fields(tuple(Matter), now.ladders, {}, "habits")
        if st.form_submit_button(_("Keep this"), type="primary", key="habits_keep"):
            ladders = _read(typed)
            if ladders is not None:
                desk.keep_habits(Habits(zone, at, Quiet(start, end) if hours else None, ladders, test))
                _done("all")


def card_habits() -> None:
    """What differs for one card."""
    cards = {view.card.card_id: view.card for view in reading_desk().board()}
    if not cards:
        st.markdown(_("There is no card yet."))
        return
    if st.session_state.pop(f"{KEPT}_card", False):
        st.success(_("Kept."))
    chosen = st.selectbox(
        _("Card"), list(cards), format_func=lambda card_id: cards[card_id].nickname, key="habits_card", persist_state="page"
    )
    desk = reminder_desk()
    own, general = desk.card_habits().get(chosen, CardHabits()), desk.habits()
    topics = [it.topic for it in desk.standings() if it.topic.card_id == chosen]
    used = {topic.matter: tuple(abs(step) for step in steps_of(topic, general)) for topic in topics}
    shown = [matter for matter in Matter if matter in used or matter in own.ladders or matter in (Matter.LOW_DATA, Matter.LOW_MONEY)]
    with st.form(f"card_habits_{chosen}"):
        silent = st.checkbox(_("No reminders for this card"), own.silent, key=f"habits_silent_{chosen}")
        typed = _ladder_fields(shown, own.ladders, used, f"habits_{chosen}")
        if st.form_submit_button(_("Keep this"), key=f"habits_keep_{chosen}"):
            ladders = _read(typed)
            if ladders is not None:
                if desk.keep_card_habits(chosen, CardHabits(silent, ladders)):
                    _done("card")
                st.error(_("This card is not here any more."))


def _hour(place: DeltaGenerator, label: str, value: time, key: str) -> time:
    """A choice of half hours: the hands of a time field are too small for a finger."""
    hours = sorted({time(minute // 60, minute % 60) for minute in range(0, 24 * 60, 30)} | {value})
    return place.selectbox(label, hours, index=hours.index(value), format_func=lambda it: f"{it:%H:%M}", key=key)


def _done(what: str) -> None:
    st.session_state[f"{KEPT}_{what}"] = True
    st.rerun()


def _ladder_fields(
    matters: Iterable[Matter], own: Mapping[Matter, tuple[int, ...]], used: Mapping[Matter, tuple[int, ...]], key: str
) -> dict[Matter, str]:
    """One field for each matter: what was typed, empty for the usual days, which stand in it faintly."""
    typed: dict[Matter, str] = {}
    columns = st.columns(2)
    for number, matter in enumerate(matters):
        usual = used.get(matter, usual_days(matter))
        note = _("days before") if is_dated(matter) else _("days after it begins")
        why = shipped_ladders().ladders[matter].why
        typed[matter] = columns[number % 2].text_input(
            f"{word(MATTER, matter)} ({note})",
            _as_text(own[matter]) if matter in own else "",
            key=f"{key}_{matter.value}",
            max_chars=80,
            placeholder=_as_text(usual),
            help=plain(spoken(why)),
        )
    return typed


def _read(typed: Mapping[Matter, str]) -> dict[Matter, tuple[int, ...]] | None:
    """The ladders that were typed; None, with a sentence for each field that cannot be read, when there is one."""
    found: dict[Matter, tuple[int, ...]] = {}
    wrong = []
    for matter, text in typed.items():
        try:
            days = read_days(text, matter)
        except ValueError:
            wrong.append(word(MATTER, matter))
        else:
            if days is not None:
                found[matter] = days
    if wrong:
        sentence = _("Write whole numbers of days from 0 to 400, such as 35, 10, 5. This cannot be read: {fields}. Nothing was changed.")
        st.error(sentence.format(fields=figures.listing(wrong)))
        return None
    return found


def _as_text(days: tuple[int, ...]) -> str:
    return ", ".join(str(day) for day in days) if days else _("none")


def _zones(chosen: str | None) -> list[str]:
    known = {name for name in available_timezones() if name.startswith(REGIONS)} | {"UTC", clock.zone().key}
    return sorted(known | ({chosen} if chosen else set()))
