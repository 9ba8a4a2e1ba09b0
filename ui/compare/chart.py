"""Cost against need: one step line per plan."""

import streamlit as st

from services.rules.compare.ranking import Ranking
from services.use import charts
from services.use.charts import LINES
from ui.charts import localised
from ui.compare.results import offer, plan_name
from ui.language import _, language


def cost_against_need(plans: Ranking, version: str) -> None:
    """Draw the lines of the first ``LINES`` of ``plans``; plans without a total have none. ``version`` names the answer."""
    _drawn(plans, f"{version} {plans.places[:LINES].tolist()}", language())


@st.cache_data(max_entries=256, ttl=3600, show_spinner=False)
def _drawn(_plans: Ranking, version: str, spoken: str) -> None:
    """Kept as it was drawn, because checking a chart takes Altair longer than the rest of the page."""
    shown = _plans.page(0, LINES)
    names = [
        f"{number}. {' · '.join(dict.fromkeys((row['seller'], plan_name(row), offer(row))))}"
        for number, (_rank, row) in enumerate(shown.iterrows(), start=1)
    ]
    lines = charts.cost_lines(_plans, names)
    if lines.empty:
        return
    chart = charts.cost_against_need(
        lines,
        _plans.question.total_need,
        gb=_("Data needed in the whole trip, GB"),
        cost=_("Total, {currency}").format(currency=_plans.question.currency),
        plan=_("Plan"),
    )
    st.header(_("Cost against need"))
    st.vega_lite_chart(
        spec=localised(chart).to_dict(),
        alt=_("Lines of the total cost of each plan as the data needed grows; the dashed line is your need"),
    )
