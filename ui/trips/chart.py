"""The ribbon of days by plan, and the front of cost against installs."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from services.model.itinerary import PlanKey, TripAnswer, TripAnswers
from services.rules.journeys.view import runs
from services.use.trips import PlanFacts
from ui import figures
from ui.charts import localised
from ui.language import _, language

DAY = pd.Timedelta(days=1)
ROW_PX = 44


def ribbon(answer: TripAnswer, facts: Mapping[PlanKey, PlanFacts], devices: int, version: str) -> None:
    """Which plan carries which day: its validity as a pale band, the days that it carries in colour."""
    st.vega_lite_chart(
        spec=_ribbon(answer, dict(facts), devices, version, language()),
        alt=_("A band for each plan: pale while it is valid, in colour on the days on which it carries your data"),
    )


@st.cache_data(max_entries=128, ttl=3600, show_spinner=False)
def _ribbon(_answer: TripAnswer, _facts: dict[PlanKey, PlanFacts], devices: int, version: str, spoken: str) -> dict[str, Any]:
    """Kept per answer and language: Altair checks a chart for longer than the page takes."""
    valid: list[dict[str, Any]] = []
    used: list[dict[str, Any]] = []
    for number, purchase in enumerate(_answer.purchases, start=1):
        about = _facts[purchase.key]
        name = f"{number}. {about.seller} {about.name}".strip()
        if devices > 1:
            name = _("{plan} (device {n})").format(plan=name, n=purchase.carrier + 1)
        valid.append({"plan": name, "from": pd.Timestamp(purchase.first_day), "to": pd.Timestamp(purchase.last_day) + DAY})
        used += [
            {
                "plan": name,
                "from": pd.Timestamp(run.first_day),
                "to": pd.Timestamp(run.last_day) + DAY,
                "says": f"{figures.day(run.first_day)} – {figures.day(run.last_day)} · {figures.volume(run.bytes)}",
            }
            for run in runs(purchase)
        ]
    order = [row["plan"] for row in valid]
    last = max((row["to"] for row in used), default=max(row["to"] for row in valid))
    for row in valid:
        row["to"] = min(row["to"], last + DAY)
    rows = alt.Y("plan:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, ticks=False, domain=False))
    begin, end = alt.X("from:T", title=None, axis=alt.Axis(format="%-m/%-d", labelOverlap=True, grid=True)), alt.X2("to")
    band = alt.Chart(pd.DataFrame(valid)).mark_bar(height=26, opacity=0.18, color="#7a8f88").encode(x=begin, x2=end, y=rows)
    bars = (
        alt.Chart(pd.DataFrame(used or valid))
        .mark_bar(height=18, cornerRadius=3)
        .encode(
            x=begin,
            x2=end,
            y=rows,
            color=alt.Color("plan:N", sort=order, legend=None),
            tooltip=[alt.Tooltip("plan:N", title=_("Plan")), alt.Tooltip("says:N", title=_("Carries"))] if used else alt.Undefined,
        )
    )
    chart = alt.LayerChart(layer=[band, bars], height=max(ROW_PX * len(valid), 90))
    return dict(localised(chart).to_dict())


def front(answers: TripAnswers, version: str) -> None:
    """Cost against the number of installs one will bear."""
    spec = _front(answers, version, language())
    if spec:
        st.vega_lite_chart(spec=spec, alt=_("Bars of the least total for one install, two installs and so on"))


@st.cache_data(max_entries=128, ttl=3600, show_spinner=False)
def _front(_answers: TripAnswers, version: str, spoken: str) -> dict[str, Any]:
    points = [
        {"installs": str(count), "cost": answer.cost_micro / figures.MICRO, "says": figures.money(answer.cost_micro, _answers.currency)}
        for count, answer in enumerate(_answers.front, start=1)
        if answer.cost_micro is not None
    ]
    if not points:
        return {}
    base = alt.Chart(pd.DataFrame(points)).encode(
        x=alt.X("installs:N", title=_("Most installs on one device"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("cost:Q", axis=None),
    )
    bars = base.mark_bar(size=28, cornerRadiusEnd=3).encode(tooltip=[alt.Tooltip("says:N", title=_("Total"))])
    said = base.mark_text(dy=-8, color="gray").encode(text=alt.Text("says:N"))
    return dict(localised(alt.LayerChart(layer=[bars, said], height=190)).to_dict())
