"""Cost against need: one step line per plan."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from services.model.data_volume import DataUnit, DataVolume
from services.rules.compare.ranking import Ranking
from services.rules.compare.steps import step_lines
from ui.charts import localised
from ui.compare.results import offer, plan_name
from ui.language import _, language

LINES = 3
WIDEST = 4
"""The chart reaches this many times the need."""


def cost_against_need(plans: Ranking, version: str) -> None:
    """Draw the lines of the first ``LINES`` of ``plans``; plans without a total have none. ``version`` names the answer."""
    spec = _spec(plans, f"{version} {plans.places[:LINES].tolist()}", language())
    if spec:
        st.header(_("Cost against need"))
        st.vega_lite_chart(
            spec=spec,
            alt=_("Lines of the total cost of each plan as the data needed grows; the dashed line is your need"),
        )


@st.cache_data(max_entries=256, ttl=3600, show_spinner=False)
def _spec(_plans: Ranking, version: str, spoken: str) -> dict[str, Any]:
    """The chart as Vega-Lite, empty when no plan has a total. Kept, because checking it takes Altair longer than the rest of the page."""
    plans = _plans
    need = plans.question.total_need
    most = DataVolume(max(need.bytes * WIDEST, DataUnit.GB.value))
    lines = step_lines(plans.frame, [int(place) for place in plans.places[:LINES]], plans.question, plans.rates, most)
    shown = plans.page(0, LINES)
    points = []
    for number, (line, (_rank, row)) in enumerate(zip(lines, shown.iterrows(), strict=True), start=1):
        label, reached = f"{number}. {' · '.join(dict.fromkeys((row['seller'], plan_name(row), offer(row))))}", 0.0
        for step in line.steps:
            upto = step.up_to.bytes / DataUnit.GB
            points += [(label, reached, step.total_micro / 1_000_000), (label, upto, step.total_micro / 1_000_000)]
            reached = upto
    if not points:
        return {}
    frame = pd.DataFrame(points, columns=["plan", "gb", "cost"])
    line_chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X("gb:Q", title=_("Data needed in the whole trip, GB")),
            y=alt.Y("cost:Q", title=_("Total, {currency}").format(currency=plans.question.currency)),
            color=alt.Color("plan:N", title=_("Plan"), legend=alt.Legend(orient="bottom", columns=1, labelLimit=600)),
            strokeDash=alt.StrokeDash("plan:N", legend=None),
        )
    )
    rule = alt.Chart(pd.DataFrame({"gb": [need.bytes / DataUnit.GB]})).mark_rule(strokeDash=[4, 4]).encode(x=alt.X("gb:Q"))
    return dict(localised(line_chart + rule).to_dict())
