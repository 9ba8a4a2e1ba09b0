"""The history of a card: charts of data, money and events, and every reading as it came."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from services.model.reading import MoneyKind, Reading, Source
from services.rules.balances.packages import remaining
from services.use import charts
from ui import clock, figures
from ui.cards import words
from ui.cards.desks import reading_desk
from ui.cards.figures import money
from ui.charts import localised
from ui.clocks import words as clock_words
from ui.clocks.desk import clock_desk
from ui.language import _
from ui.words import word

NEWEST, LISTED = 500, 50


def history(card_id: str) -> None:
    """Draw what there is."""
    readings = reading_desk().history(card_id, NEWEST)
    events = _events(readings, card_id)
    if not readings:
        st.info(_("There is no reading yet."))
        _what_happened(events)
        return
    _chart(_data(readings), _("Data left, GB"), _("Data left over time"))
    _chart(_money(readings), _("Balance"), _("Balance over time"))
    _what_happened(events)
    rows = [
        {
            _("When"): figures.moment(reading.true_at.astimezone(clock.zone())),
            _("Source"): _source(reading),
            _("What it said"): _said(reading),
            _("Not understood"): reading.note,
            _("Original text"): reading.raw_text or "",
        }
        for reading in readings[:LISTED]
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("Readings, the newest first"))


def _data(readings: Sequence[Reading]) -> list[tuple[object, float, str]]:
    return [
        (reading.true_at, left.bytes / figures.GB, package.name or _("Data"))
        for reading in readings
        for package in reading.data
        if (left := remaining(package)) is not None
    ]


def _money(readings: Sequence[Reading]) -> list[tuple[object, float, str]]:
    return [
        (
            reading.true_at,
            float(purse.money.amount),
            purse.name or f"{_('Balance') if purse.kind is MoneyKind.MAIN else _('Bonus')}, {purse.money.currency}",
        )
        for reading in readings
        for purse in reading.money
    ]


def _chart(points: list[tuple[object, float, str]], title: str, alt_text: str) -> None:
    if len(points) < 2:
        return
    chart = charts.over_time(pd.DataFrame(points, columns=["at", "value", "what"]), value=title)
    st.altair_chart(localised(chart), alt=alt_text)


def _events(readings: Sequence[Reading], card_id: str) -> list[tuple[object, str]]:
    """What texts told of and what the person recorded, each with its moment."""
    told = [(reading.true_at, word(words.EVENT, event.kind.value)) for reading in readings for event in reading.events]
    clocks = clock_desk().of_card(card_id)
    recorded = [] if clocks is None else [(item.event.at, clock_words.happened(item.event)) for item in clocks.typed]
    return [*told, *recorded]


def _what_happened(events: list[tuple[object, str]]) -> None:
    """One line per kind of event, a mark for each time."""
    if not events:
        return
    frame = pd.DataFrame(events, columns=["at", "what"])
    frame["at"] = pd.to_datetime(frame["at"], utc=True)
    base = alt.Chart(frame, height={"step": 32}).encode(
        x=alt.X("at:T", title=None),
        y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
    )
    st.altair_chart(
        localised(base.mark_point(filled=True, size=90, shape="diamond") + base.mark_tick(size=20)), alt=_("What happened, over time")
    )


def _source(reading: Reading) -> str:
    said = word(words.SOURCE, reading.source.value)
    if not reading.origin:
        return said
    return words.labelled(said, words.provider(reading.origin) if reading.source is Source.API else reading.origin)


def _said(reading: Reading) -> str:
    parts = [money(purse.money) for purse in reading.money]
    for package in reading.data:
        left = remaining(package)
        said = _("Unlimited") if package.unlimited.value == "yes" else "" if left is None else figures.volume(left.bytes)
        parts += [f"{package.name} {said}".strip()] if said else []
    parts += [_("{n} min").format(n=figures.number(count.remaining // 60)) for count in reading.voice if count.remaining is not None]
    parts += [_("{n} texts").format(n=figures.number(count.remaining)) for count in reading.sms if count.remaining is not None]
    parts += [words.validity(end) for end in reading.validity]
    parts += [word(words.STATUS, reading.status.value)] if reading.status is not None else []
    parts += [word(words.EVENT, event.kind.value) for event in reading.events]
    return figures.listing(parts)
