"""The way to the trip page from elsewhere, with what was asked there already."""

import streamlit as st

from services.model.data_volume import DataVolume
from services.rules.compare.question import Question
from services.rules.journeys.address import to_params
from services.rules.journeys.question import MAX_LEGS, LegAsked, TripQuestion
from ui.language import _
from ui.pages import page_at


def trip_link(asked: Question | None = None) -> None:
    """``asked``: a question of the compare page; each of its countries may then be visited on any day, until somebody dates the stays."""
    params = {} if asked is None else to_params(_as_trip(asked))
    st.page_link(
        page_at("trips"),
        label=_("Plan the trip: several stays, several plans, and the cards you own"),
        icon=":material/luggage:",
        query_params=params,
    )


def _as_trip(asked: Question) -> TripQuestion:
    legs = tuple(LegAsked(country, asked.first_day, asked.last_day) for country in asked.countries[:MAX_LEGS])
    return TripQuestion(legs, per_day=DataVolume(-(-asked.total_need.bytes // asked.days)), needs=asked.needs, currency=asked.currency)
