"""The ribbon of days by plan, and the front of cost against installs."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from services.model.itinerary import PlanKey, TripAnswer, TripAnswers
from services.rules.journeys.view import runs
from services.use import charts
from services.use.trips import PlanFacts
from ui import figures
from ui.charts import localised
from ui.language import _, language


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
        valid.append({"plan": name, "first": purchase.first_day, "last": purchase.last_day})
        used += [
            {
                "plan": name,
                "first": run.first_day,
                "last": run.last_day,
                "says": f"{figures.day(run.first_day)} – {figures.day(run.last_day)} · {figures.volume(run.bytes)}",
            }
            for run in runs(purchase)
        ]
    columns = ["plan", "first", "last"]
    frames = pd.DataFrame(valid, columns=columns), pd.DataFrame(used, columns=[*columns, "says"])
    return dict(localised(charts.days_by_plan(*frames, plan=_("Plan"), carries=_("Carries"))).to_dict())


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
