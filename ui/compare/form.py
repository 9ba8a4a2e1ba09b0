"""The question of the compare page: its fields, and the address that holds all of them.

The fields' values live in the session under ``key(name)``. They are filled from the address when it says something that
the page did not write itself (a bookmark, a link somebody sent), and written to the address after every change. Each says
``persist_state="page"``: what code puts into a field is sent to the browser once, and would be lost when that run is cut short.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.plan import AllowanceKind, StartRule
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare.address import Address, Draft, Problem, ProblemKind, question_from_params, question_to_params
from services.rules.compare.question import Filters, NeedBasis, Preset, SortKey, UnknownPolicy
from services.rules.places.names import expand, place_options
from services.rules.places.reading import read_places
from services.use.rates import currencies
from ui import clock, words
from ui.figures import currency_name
from ui.habits import habits_panel
from ui.language import _, language
from ui.preferences import preferred_currency

WRITTEN = "compare_written"
TROUBLES = "compare_troubles"
FILLED = "compare_filled"  # from the address, in this run: what was not understood there is said
LABELLED_IN = "compare_labelled_in"
KNOWN_BY_LABEL = ("places", "currency", "sort")
"""Fields whose choice the browser sends back as the label it showed, which is another one after a switch of the language."""
NOT_OURS = frozenset({"lang", "pick"})
FIRST_PLACES = ("JP", "TH", "KR", "US", "region:europe", "region:southeast_asia")
FEATURE_FILTERS = ("hotspot", "five_g", "top_up", "id_check", "phone_number")
OF_THE_PANEL = ("sort", "sellers", "max_total", "min_days", "kinds", "start_rules", *FEATURE_FILTERS, "full", "fresh", "published_only")
FIELDS = ("places", "from", "to", "gb", "basis", "needs", "currency", "preset", *OF_THE_PANEL)
PANEL = "compare_panel"
DAYS_AHEAD, DAYS_LONG = 14, 8
OF_THE_ADDRESS = frozenset({ProblemKind.BAD_VALUE, ProblemKind.BAD_DATE, ProblemKind.BAD_NEED, ProblemKind.UNKNOWN_CURRENCY})
"""Problems that only an address can have: the fields do not let a person type them."""


def key(name: str) -> str:
    return f"compare_{name}"


def ask() -> None:
    """Draw the fields of the question."""
    st.session_state[FILLED] = _fill()
    _label_anew()
    with st.container(border=True):
        _where_and_when()
        _how_much()


def asked() -> Address:
    """What all fields say now: the question they make, or the problems in the way of one. The address says it from now on."""
    draft = _draft()
    _write(draft, keep_troubles=st.session_state.pop(FILLED, False))
    today, known = clock.today(), currencies()
    troubles = (*st.session_state[TROUBLES], *draft.problems(today, known))
    return Address(draft, troubles, draft.question(today, known))


def forget_currency() -> None:
    """Ask the next question in the currency that the account prefers, whatever the last one was asked in."""
    if WRITTEN in st.session_state:
        st.session_state[WRITTEN] = {name: value for name, value in st.session_state[WRITTEN].items() if name != "cur"}


def sort_and_filter(facet: Callable[[str], Mapping[str, int]]) -> None:
    """Draw the fields that order and narrow the answer. ``facet``: plans left by each value of a field."""
    st.segmented_control(
        _("What matters most"),
        [preset.value for preset in Preset],
        format_func=lambda code: words.word(words.PRESET, code),
        key=key("preset"),
        persist_state="page",
        required=True,
    )
    chosen = sum(bool(st.session_state.get(key(name))) for name in OF_THE_PANEL)
    label = _("Sort and filter, {n} chosen").format(n=chosen) if chosen else _("Sort and filter")
    panel = st.expander(label, on_change="rerun", key=PANEL)
    if not panel.open:
        return
    with panel:
        left, right = st.columns(2)
        with left:
            st.selectbox(
                _("Sort by"),
                [sort.value for sort in SortKey],
                format_func=lambda code: words.word(words.SORT, code),
                index=None,
                placeholder=_("As fits the choice above"),
                key=key("sort"),
                persist_state="page",
            )
            sellers = dict.fromkeys([*facet("seller"), *st.session_state.get(key("sellers"), [])])
            st.multiselect(
                _("Sellers"),
                list(sellers),
                placeholder=_("All"),
                key=key("sellers"),
                select_all=False,
                persist_state="page",
            )
            st.number_input(_("Highest total"), min_value=0.0, value=None, placeholder=_("Any"), key=key("max_total"), persist_state="page")
            st.number_input(
                _("Least validity in days"), 1, 10_000, value=None, step=1, placeholder=_("Any"), key=key("min_days"), persist_state="page"
            )
        with right:
            _answers("kinds", _("Kind of allowance"), words.KIND, facet("kind"))
            _answers("start_rules", _("Validity starts"), words.START_RULE, facet("start_rule"))
            for feature in FEATURE_FILTERS:
                _answers(feature, words.word(words.FEATURE, feature), words.ANSWER, facet(feature))
        st.checkbox(_("Only plans that cover every country"), key=key("full"), persist_state="page")
        st.checkbox(_("Only prices less than a day old"), key=key("fresh"), persist_state="page")
        st.checkbox(_("Leave out plans that do not publish what I need"), key=key("published_only"), persist_state="page")


def _answers(name: str, label: str, table: Mapping[str, str], counts: Mapping[str, int]) -> None:
    st.pills(
        label,
        list(table),
        selection_mode="multi",
        format_func=lambda code: f"{words.word(table, code)} ({counts.get(code, 0)})",
        key=key(name),
        persist_state="page",
        wrap=True,
    )


def _where_and_when() -> None:
    labels = {option.id: option.label for option in place_options(language(), both_languages=True)}
    st.multiselect(
        _("Where are you going?"),
        list(labels),
        format_func=lambda place: labels.get(place, place),
        key=key("places"),
        persist_state="page",
        placeholder=_("Type a country or region in English or Chinese"),
        accept_new_options=True,
        on_change=_read_typed_places,
        select_all=False,
    )
    if not st.session_state[key("places")]:
        with st.container(horizontal=True):
            for place in FIRST_PLACES:
                name = next(option.label for option in place_options(language()) if option.id == place)
                st.button(name, key=key(f"first_{place}"), on_click=_go_to, args=(place,))
    left, middle, right = st.columns([1, 1, 1])
    left.date_input(_("First day"), key=key("from"), persist_state="page")
    middle.date_input(_("Last day"), key=key("to"), persist_state="page")
    right.selectbox(_("Show prices in"), currencies(), format_func=currency_name, key=key("currency"), persist_state="page")


def _how_much() -> None:
    left, middle, right = st.columns([1, 1, 1])
    left.number_input(_("Data needed, in GB"), step=0.5, format="%g", key=key("gb"), persist_state="page")
    middle.segmented_control(
        _("Counted"),
        [basis.value for basis in NeedBasis],
        format_func=lambda code: _("per day") if code == NeedBasis.PER_DAY.value else _("for the whole trip"),
        key=key("basis"),
        persist_state="page",
        required=True,
    )
    right.pills(
        _("I also need"),
        list(words.NEED),
        selection_mode="multi",
        format_func=lambda code: words.word(words.NEED, code),
        key=key("needs"),
        persist_state="page",
        wrap=True,
    )
    habits_panel(_use_estimate)


def _use_estimate(gigabytes_a_day: float) -> None:
    st.session_state[key("gb")] = gigabytes_a_day
    st.session_state[key("basis")] = NeedBasis.PER_DAY.value


def _go_to(place: str) -> None:
    st.session_state[key("places")] = [place]


def _read_typed_places() -> None:
    """What was typed rather than picked may name several places at once ("Japan, 韩国")."""
    places, unread = _places_in(st.session_state[key("places")])
    st.session_state[key("places")] = places
    st.session_state[TROUBLES] = [Problem(ProblemKind.UNKNOWN_COUNTRY, "in", text[:80]) for text in unread]


def _places_in(entries: Sequence[str]) -> tuple[list[str], list[str]]:
    """Place ids, each once, and the words that name no place."""
    known = {option.id for option in place_options(language())}
    places: list[str] = []
    unread: list[str] = []
    for entry in entries:
        if entry in known:
            places.append(entry)
        elif entry:
            read = read_places(entry)
            places += read.ids
            unread += read.unread
    return list(dict.fromkeys(places)), unread


def _fill() -> bool:
    """Take the address when it is news, the last visit's values when the fields were away; otherwise leave the fields alone."""
    params = {name: value for name, value in st.query_params.to_dict().items() if name not in NOT_OURS}
    written: dict[str, str] | None = st.session_state.get(WRITTEN)
    if params and params != written:
        _fill_from(params)
        return True
    if key("places") not in st.session_state:
        _fill_from(written or {})
        return True
    return False


def _label_anew() -> None:
    """After a switch of the language, tell the browser the choices in the new words, or it would send back labels that nobody knows."""
    if st.session_state.get(LABELLED_IN) != language():
        for name in KNOWN_BY_LABEL:
            if key(name) in st.session_state:
                st.session_state[key(name)] = st.session_state[key(name)]
        st.session_state[LABELLED_IN] = language()


def _fill_from(params: dict[str, str]) -> None:
    places, unread = _places_in(params.get("in", "").split(","))
    address = question_from_params({**params, "in": ",".join(expand(places))}, clock.today(), currencies())
    for name, value in _values(address.draft, places, asked_gb="gb" in params).items():
        st.session_state[key(name)] = value
    st.session_state[TROUBLES] = [
        *(Problem(ProblemKind.UNKNOWN_COUNTRY, "in", text[:80]) for text in unread),
        *(problem for problem in address.problems if problem.kind in OF_THE_ADDRESS and problem.value),
    ]
    st.session_state[WRITTEN] = params


def _values(draft: Draft, places: list[str], *, asked_gb: bool) -> dict[str, Any]:
    filters, first_day = draft.filters, draft.first_day or clock.today() + timedelta(days=DAYS_AHEAD)
    gigabytes = float(draft.need.in_unit(DataUnit.GB)) if draft.need else None if asked_gb else 1.0
    return {
        "places": places,
        "from": first_day,
        "to": draft.last_day or first_day + timedelta(days=DAYS_LONG - 1),
        "gb": gigabytes,
        "basis": draft.need_basis.value,
        "needs": [name for name in words.NEED if getattr(draft.needs, name)],
        "published_only": draft.unknown is UnknownPolicy.PUBLISHED_ONLY,
        "currency": draft.currency if draft.currency in currencies() else preferred_currency(),
        "preset": draft.preset.value,
        "sort": draft.sort.value if draft.sort else None,
        "sellers": sorted(filters.sellers),
        "kinds": [kind.value for kind in filters.kinds],
        "start_rules": [rule.value for rule in filters.start_rules],
        "max_total": None if filters.max_total is None else float(filters.max_total),
        "min_days": filters.min_days,
        "full": filters.full_coverage_only,
        "fresh": filters.fresh_only,
        **{feature: [] for feature in FEATURE_FILTERS},
        **{feature: [answer.value for answer in answers] for feature, answers in filters.features if feature in FEATURE_FILTERS},
    }


def _draft() -> Draft:
    state: dict[str, Any] = {name: st.session_state.get(key(name)) for name in FIELDS}
    gigabytes = state["gb"]
    highest = state["max_total"]
    return Draft(
        countries=expand(state["places"]),
        first_day=state["from"],
        last_day=state["to"],
        need=None if gigabytes is None or gigabytes < 0 else DataVolume.of(Decimal(str(gigabytes)), DataUnit.GB),
        need_basis=NeedBasis(state["basis"]),
        needs=Needs(**{name: name in state["needs"] for name in words.NEED}),
        unknown=UnknownPolicy.PUBLISHED_ONLY if state["published_only"] else UnknownPolicy.KEEP,
        currency=state["currency"],
        preset=Preset(state["preset"] or Preset.BEST_VALUE),
        sort=SortKey(state["sort"]) if state["sort"] else None,
        filters=Filters(
            sellers=frozenset(state["sellers"] or ()),
            kinds=frozenset(map(AllowanceKind, state["kinds"] or ())),
            start_rules=frozenset(map(StartRule, state["start_rules"] or ())),
            features=tuple((name, frozenset(map(Tri, state[name]))) for name in FEATURE_FILTERS if state[name]),
            max_total=None if highest is None else Decimal(str(highest)),
            min_days=state["min_days"],
            full_coverage_only=bool(state["full"]),
            fresh_only=bool(state["fresh"]),
        ),
    )


def _write(draft: Draft, *, keep_troubles: bool) -> None:
    """Put the question into the address. Regions stay regions there, so that a shared link reads as it was asked."""
    params = question_to_params(draft)
    if places := st.session_state[key("places")]:
        params["in"] = ",".join(places)
    st.session_state[WRITTEN] = params
    if params == {name: value for name, value in st.query_params.to_dict().items() if name not in NOT_OURS}:
        return
    for name in st.query_params.to_dict():
        if name not in NOT_OURS and name not in params:
            del st.query_params[name]
    for name, value in params.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    if not keep_troubles and not any(problem.kind is ProblemKind.UNKNOWN_COUNTRY for problem in st.session_state[TROUBLES]):
        st.session_state[TROUBLES] = []
