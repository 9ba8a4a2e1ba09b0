"""The question of the trip page: its fields, and the address that holds all of them.

The fields live in the session under ``key(name)``. They are filled from the address when it says something that the page did not write
itself (a bookmark, a link somebody sent), and written to the address after every change. Each says ``persist_state="page"``: what code
puts into a field is sent to the browser once, and would be lost, and the field fall back to its default, when that run is cut short.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import PlanKey, Sharing
from services.model.trip import Needs
from services.rules.journeys.address import NAMES, NEEDS, from_params, to_params
from services.rules.journeys.question import MAX_DEVICES, MAX_INSTALLS, MAX_LEGS, MAX_TRAVELLERS, Fault, LegAsked, Problem, TripQuestion
from services.rules.places.names import is_country, place_options
from services.use.house import house
from services.use.rates import currencies
from services.use.trips import PlanFacts, TripDesk
from ui import clock, figures, words
from ui.habits import habits_panel
from ui.language import _, language
from ui.preferences import preferred_currency
from ui.shell import account
from ui.trips.cards import WORKS, cards_owned
from ui.trips.words import SHARING

WRITTEN, TROUBLES, LEGS, NEXT_LEG, OUT, FEE = "tripq_written", "tripq_troubles", "tripq_legs", "tripq_next", "tripq_out", "tripq_fee"
DAYS_AHEAD, DAYS_LONG = 14, 7
STILL_TO_SAY = frozenset({Fault.NO_LEG, Fault.NO_COUNTRY, Fault.NO_DATE, Fault.NO_NEED})
"""Nothing is wrong yet: these wait for an answer."""


def key(name: str) -> str:
    return f"trip_{name}"


def desk() -> TripDesk:
    return TripDesk(house(), account(), clock.now)


def ask() -> tuple[TripQuestion, tuple[Problem, ...]]:
    """Draw the fields. Returns the question they make, and the problems in the way of an answer."""
    filled = _fill()
    with st.container(border=True):
        st.subheader(_("Where and when"))
        for number, leg in enumerate(st.session_state[LEGS], start=1):
            _leg_row(leg, number)
        with st.container(horizontal=True):
            st.button(
                _("Add a stay"), icon=":material/add:", key=key("add"), on_click=_add_leg, disabled=len(st.session_state[LEGS]) >= MAX_LEGS
            )
            if not any(st.session_state[key(f"country_{leg}")] for leg in st.session_state[LEGS]):
                st.button(_("Try an example: Japan, then South Korea"), key=key("example"), on_click=_example)
        st.caption(_("Stays may overlap. On a day in two countries either may need all of the data. Days between stays need none."))
        _how_much()
        _choices()
    question = _question()
    _write(question, keep_troubles=filled)
    problems = question.problems(clock.today(), currencies())
    return question, (*st.session_state[TROUBLES], *problems)


def open_params(params: dict[str, str]) -> None:
    """Fill the fields, and the address with them, from a question that was kept."""
    _fill_from(params)
    _put_into_address(params)


def whole(problems: Iterable[Problem]) -> bool:
    """Whether the question can be answered: what an address said beside it may be left out."""
    return all(problem.fault is Fault.BAD_VALUE for problem in problems)


def leave_out(plan: PlanKey) -> None:
    """Answer without this plan from now on."""
    st.session_state[OUT] = [*st.session_state[OUT], plan]


def _leg_row(leg: int, number: int) -> None:
    labels = {option.id: option.label for option in place_options(language(), both_languages=True) if is_country(option.id)}
    where, first, last, need, remove = st.columns([4, 2, 2, 2, 1], vertical_alignment="bottom")
    where.selectbox(
        _("Stay {leg}: country").format(leg=number),
        list(labels),
        index=None,
        format_func=labels.__getitem__,
        placeholder=_("Type a country in English or Chinese"),
        key=key(f"country_{leg}"),
        persist_state="page",
    )
    first.date_input(_("First day"), key=key(f"from_{leg}"), persist_state="page")
    last.date_input(_("Last day"), key=key(f"to_{leg}"), persist_state="page")
    need.number_input(
        _("GB a day here"),
        min_value=0.0,
        value=None,
        step=0.5,
        format="%g",
        placeholder=_("As below"),
        key=key(f"gb_{leg}"),
        persist_state="page",
    )
    remove.button(
        _("Remove"),
        key=key(f"remove_{leg}"),
        on_click=_remove_leg,
        args=(leg,),
        disabled=len(st.session_state[LEGS]) == 1,
        width="stretch",
    )


def _how_much() -> None:
    st.subheader(_("How much, and what else"))
    left, middle, right = st.columns([1, 1, 1])
    left.number_input(_("Data a day for each device, in GB"), min_value=0.0, step=0.5, format="%g", key=key("gb"), persist_state="page")
    middle.pills(
        _("I also need"),
        list(NEEDS),
        selection_mode="multi",
        format_func=lambda code: words.word(words.NEED, code),
        key=key("needs"),
        persist_state="page",
        wrap=True,
    )
    right.selectbox(_("Show prices in"), currencies(), format_func=figures.currency_name, key=key("cur"), persist_state="page")
    habits_panel(_use_estimate)


def _choices() -> None:
    with st.expander(_("Travellers, installs, plans to leave out")):
        left, right = st.columns(2)
        left.number_input(_("Travellers"), 1, MAX_TRAVELLERS, step=1, key=key("travellers"), persist_state="page")
        for number in range(1, st.session_state[key("travellers")] + 1):
            st.session_state.setdefault(key(f"devices_{number}"), 1)
            left.number_input(
                _("Devices of traveller {n}").format(n=number), 1, MAX_DEVICES, step=1, key=key(f"devices_{number}"), persist_state="page"
            )
        left.radio(
            _("Who shares data"),
            [one.value for one in SHARING],
            format_func=lambda one: _(SHARING[Sharing(one)]),
            key=key("share"),
            persist_state="page",
        )
        right.number_input(
            _("What one install less is worth to you, in {currency}").format(currency=st.session_state[key("cur")]),
            min_value=0.0,
            value=None,
            step=0.5,
            format="%g",
            placeholder=_("One US dollar"),
            key=key("fee"),
            persist_state="page",
        )
        right.number_input(_("Most installs on one device"), 1, MAX_INSTALLS, step=1, key=key("installs"), persist_state="page")
        right.checkbox(_("Accept plans that do not publish what I need"), key=key("unknown"), persist_state="page")
        right.checkbox(_("Accept unlimited plans without published fair use"), key=key("fair"), persist_state="page")
        right.checkbox(_("Count first-order prices, once per person"), key=key("promo"), persist_state="page")
        right.checkbox(_("Use what is left on my cards"), key=key("own"), persist_state="page")
        _left_out()
    cards_owned(desk(), _question())


def _left_out() -> None:
    plans: list[PlanKey] = st.session_state[OUT]
    if not plans:
        return
    facts = desk().facts(plans, _question())
    st.multiselect(
        _("Plans left out"),
        plans,
        default=plans,
        format_func=lambda plan: plan_name(facts[plan]) if plan in facts else plan[1],
        key=f"{key('out')}_{len(plans)}",
        persist_state="page",
        on_change=_take_back,
        args=(f"{key('out')}_{len(plans)}",),
        placeholder=_("None"),
        select_all=False,
    )


def plan_name(facts: PlanFacts) -> str:
    """Seller and name, as text of other people."""
    return f"{facts.seller} · {facts.name}" if facts.seller else facts.name


def _take_back(name: str) -> None:
    st.session_state[OUT] = [tuple(plan) for plan in st.session_state[name]]


def _use_estimate(gigabytes_a_day: float) -> None:
    st.session_state[key("gb")] = gigabytes_a_day


def _add_leg() -> None:
    legs: list[int] = st.session_state[LEGS]
    after = st.session_state[key(f"to_{legs[-1]}")] or clock.today() + timedelta(days=DAYS_AHEAD)
    _new_leg(LegAsked(None, after, after + timedelta(days=DAYS_LONG - 1)))


def _new_leg(leg: LegAsked) -> None:
    number = st.session_state.get(NEXT_LEG, 0)
    st.session_state[NEXT_LEG] = number + 1
    st.session_state[LEGS] = [*st.session_state[LEGS], number]
    st.session_state[key(f"country_{number}")] = leg.country
    st.session_state[key(f"from_{number}")] = leg.first_day
    st.session_state[key(f"to_{number}")] = leg.last_day
    st.session_state[key(f"gb_{number}")] = None if leg.per_day is None else float(leg.per_day.in_unit(DataUnit.GB))


def _remove_leg(leg: int) -> None:
    st.session_state[LEGS] = [other for other in st.session_state[LEGS] if other != leg]


def _example() -> None:
    first = clock.today() + timedelta(days=DAYS_AHEAD)
    st.session_state[LEGS] = []
    _new_leg(LegAsked("JP", first, first + timedelta(days=6)))
    _new_leg(LegAsked("KR", first + timedelta(days=6), first + timedelta(days=11)))


def _fill() -> bool:
    """Take the address when it is news, the last visit's values when the fields were away; otherwise leave the fields alone."""
    params = {name: value for name, value in st.query_params.to_dict().items() if name in NAMES}
    written: dict[str, str] | None = st.session_state.get(WRITTEN)
    if params and params != written:
        _fill_from(params)
        return True
    if key("gb") not in st.session_state:
        _fill_from(written or {})
        return True
    return False


def _fill_from(params: dict[str, str]) -> None:
    question, problems = from_params(params)
    first = clock.today() + timedelta(days=DAYS_AHEAD)
    st.session_state[LEGS] = []
    for leg in question.legs or (LegAsked(None, first, first + timedelta(days=DAYS_LONG - 1)),):
        _new_leg(leg)
    values: dict[str, Any] = {
        "gb": 1.0 if question.per_day is None else float(question.per_day.in_unit(DataUnit.GB)),
        "needs": [name for name in NEEDS if getattr(question.needs, name)],
        "cur": question.currency if question.currency in currencies() else preferred_currency(),
        "travellers": len(question.devices),
        "share": question.sharing.value,
        "fee": None if question.fee is None else float(question.fee),
        "installs": question.max_installs,
        "unknown": question.accept_unknown,
        "fair": question.fair_use,
        "promo": question.promotions,
        "own": question.use_owned,
        **{f"devices_{number}": devices for number, devices in enumerate(question.devices, start=1)},
    }
    for name, value in values.items():
        st.session_state[key(name)] = value
    st.session_state[OUT] = sorted(question.left_out)
    st.session_state[WORKS] = dict(question.works_in)
    st.session_state[TROUBLES] = list(problems)
    st.session_state[WRITTEN] = params


def _question() -> TripQuestion:
    state = st.session_state
    fee = state[key("fee")]
    return TripQuestion(
        legs=tuple(
            LegAsked(
                state[key(f"country_{leg}")], state[key(f"from_{leg}")], state[key(f"to_{leg}")], _volume(state[key(f"gb_{leg}")]) or None
            )
            for leg in state[LEGS]
        ),
        per_day=_volume(state[key("gb")]),
        needs=Needs(**{name: name in state[key("needs")] for name in NEEDS}),
        accept_unknown=state[key("unknown")],
        devices=tuple(state.get(key(f"devices_{number}"), 1) for number in range(1, state[key("travellers")] + 1)),
        sharing=Sharing(state[key("share")]),
        fee=None if fee is None else Decimal(str(fee)),
        currency=state[key("cur")],
        max_installs=state[key("installs")],
        left_out=frozenset(state[OUT]),
        fair_use=state[key("fair")],
        promotions=state[key("promo")],
        use_owned=state[key("own")],
        works_in=tuple(state[WORKS].items()),
    )


def _volume(gigabytes: float | None) -> DataVolume | None:
    return None if gigabytes is None else DataVolume.of(Decimal(str(gigabytes)), DataUnit.GB)


def _write(question: TripQuestion, *, keep_troubles: bool) -> None:
    params = to_params(question)
    if params == st.session_state[WRITTEN]:
        return
    _put_into_address(params)
    st.session_state[WRITTEN] = params
    if not keep_troubles:
        st.session_state[TROUBLES] = []


def _put_into_address(params: dict[str, str]) -> None:
    for name in st.query_params.to_dict():
        if name in NAMES and name not in params:
            del st.query_params[name]
    for name, value in params.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value
