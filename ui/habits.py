"""From habits to a need: hours a day in, a band of data out, every figure editable."""

from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from services.model.data_volume import DataUnit
from services.rules.habits import ActivityUnit, Figures, HabitError, assumptions, estimate
from ui.figures import volume
from ui.language import _, language

FIGURES = ("low", "typical", "high")
RESERVE_PERCENT = 25
TYPED, FROM = "habits_typed", "habits_from"
"""In the session: the figures as they stand, and those that the table on the page began with. A field that is not drawn forgets."""


def habits_panel(use: Callable[[float], None]) -> None:
    """Draw the estimator. ``use`` is called with GB a day when a person takes one of the three figures."""
    panel = st.expander(_("Not sure? Estimate from what you do with your phone"), on_change="rerun", key="habits_open")
    if not panel.open:
        return
    with panel:
        st.caption(
            _(
                "How many hours a day, or how many items? The MB per hour are our assumptions from published figures; change them if you know better."
            )
        )
        rows = assumptions()
        table = f"habits_table_{language()}"
        if table not in st.session_state:
            assumed = {"per_day": [0.0] * len(rows), **{name: [float(getattr(row.figures, name)) for row in rows] for name in FIGURES}}
            st.session_state[FROM] = st.session_state.get(TYPED, assumed)
        begun: dict[str, list[float]] = st.session_state[FROM]
        edited = st.data_editor(
            pd.DataFrame(
                {
                    "activity": [row.activity.name(language()) for row in rows],
                    "per_day": begun["per_day"],
                    "unit": [_("hours") if row.activity.unit is ActivityUnit.HOUR else _("items") for row in rows],
                    **{name: begun[name] for name in FIGURES},
                }
            ),
            hide_index=True,
            disabled=["activity", "unit"],
            column_config={
                "activity": st.column_config.TextColumn(_("Activity")),
                "per_day": st.column_config.NumberColumn(_("A day"), min_value=0.0, max_value=10_000.0, step=0.25),
                "unit": st.column_config.TextColumn(_("Unit")),
                "low": st.column_config.NumberColumn(_("MB, low"), min_value=0.0),
                "typical": st.column_config.NumberColumn(_("MB, typical"), min_value=0.0),
                "high": st.column_config.NumberColumn(_("MB, high"), min_value=0.0),
            },
            key=table,
            alt=_("Activities with hours a day and the data each needs"),
        )
        st.session_state[TYPED] = {name: edited[name].tolist() for name in begun}
        st.session_state.setdefault("habits_reserve", st.session_state.get("habits_reserve_typed", RESERVE_PERCENT))
        reserve = st.slider(_("Reserve on top, in percent"), 0, 100, step=5, key="habits_reserve")
        st.session_state["habits_reserve_typed"] = reserve
        _band(edited.to_dict("records"), [row.activity_id for row in rows], reserve, use)


def _band(records: list[dict[Hashable, Any]], ids: list[str], reserve: int, use: Callable[[float], None]) -> None:
    try:
        overrides = {
            name: Figures(*(Decimal(str(record[column])) for column in FIGURES)) for name, record in zip(ids, records, strict=True)
        }
        per_day = {name: Decimal(str(record["per_day"] or 0)) for name, record in zip(ids, records, strict=True)}
        band = estimate(per_day, reserve, overrides)
    except (HabitError, ArithmeticError):
        st.error(
            _("Each row needs at most 24 hours a day, and figures that grow from low to high. Correct the row and the estimate is back.")
        )
        return
    if band.high.bytes == 0:
        st.info(_("Enter hours for at least one activity."))
        return
    with st.container(horizontal=True):
        for label, figure in ((_("Low"), band.low), (_("Typical"), band.typical), (_("High"), band.high)):
            gigabytes = float(round(figure.in_unit(DataUnit.GB), 2)) or 0.01
            st.button(
                _("{label}: {volume} a day").format(label=label, volume=volume(figure.bytes)),
                key=f"habits_{label}",
                on_click=use,
                args=(gigabytes,),
            )
