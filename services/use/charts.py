"""The charts of the pages, built from frames: Altair without a page around it, for pages and notebooks alike.

Titles come from the caller, who knows the language. Channel objects throughout: Altair reads shorthand texts forty times slower.
"""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from services.model.data_volume import DataUnit, DataVolume
from services.rules.compare.ranking import Ranking
from services.rules.compare.steps import step_lines

LINES = 3
WIDEST = 4
"""The chart of costs reaches this many times the need."""
RULE = "#8a8a8a"
"""Seen on the background of either theme."""
ROW_PX = 44
AS_WIDE = alt.ExprRef("max(120, width - 24)")
"""How much room a word of a legend has: that of the chart, on a phone too."""
_DAY = pd.Timedelta(days=1)
_DAILY = alt.TimeIntervalStep(interval="day", step=1)


def cost_lines(plans: Ranking, names: Sequence[str]) -> pd.DataFrame:
    """What each of the first plans costs as the need grows. Columns: ``plan`` (from ``names``), ``gb``, ``cost`` in the currency of the
    question. Empty when none of them has a total."""
    most = DataVolume(max(plans.question.total_need.bytes * WIDEST, DataUnit.GB.value))
    lines = step_lines(plans.frame, [int(place) for place in plans.places[: len(names)]], plans.question, plans.rates, most)
    points = []
    for name, line in zip(names, lines, strict=True):
        reached = 0.0
        for step in line.steps:
            upto = step.up_to.bytes / DataUnit.GB
            points += [(name, reached, step.total_micro / 1_000_000), (name, upto, step.total_micro / 1_000_000)]
            reached = upto
    return pd.DataFrame(points, columns=["plan", "gb", "cost"])


def cost_against_need(lines: pd.DataFrame, need: DataVolume, *, gb: str, cost: str, plan: str) -> alt.LayerChart:
    """One step line per plan, and the need as a dashed rule. ``lines`` as :func:`cost_lines` makes them."""
    line_chart = (
        alt.Chart(lines)
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X("gb:Q", title=gb),
            y=alt.Y("cost:Q", title=cost),
            color=alt.Color("plan:N", title=plan, legend=alt.Legend(orient="bottom", columns=1, labelLimit=AS_WIDE)),
            strokeDash=alt.StrokeDash("plan:N", legend=None),
        )
    )
    needed = alt.Chart(pd.DataFrame({"gb": [need.bytes / DataUnit.GB]}))
    rule = needed.mark_rule(strokeDash=[4, 4], strokeWidth=2, color=RULE).encode(x=alt.X("gb:Q"))
    return alt.LayerChart(layer=[line_chart, rule])


def days_by_plan(valid: pd.DataFrame, used: pd.DataFrame, *, plan: str, carries: str) -> alt.LayerChart:
    """A pale band for the days on which each plan is valid, in colour those on which it carries data.

    Both frames: ``plan``, ``first`` and ``last`` (dates, both included); ``used`` also ``says``, for the pointer. Bands end a day after the
    last use, so that a long validity does not squeeze the trip.
    """
    order = valid["plan"].tolist()
    bands, bars = (
        frame.assign(begin=pd.to_datetime(frame["first"]), end=pd.to_datetime(frame["last"]) + _DAY).drop(columns=["first", "last"])
        for frame in (valid, used)
    )
    if len(bars):
        bands["end"] = bands["end"].clip(upper=bars["end"].max() + _DAY)
    rows = alt.Y("plan:N", sort=order, title=None, axis=alt.Axis(labelLimit=170, ticks=False, domain=False))
    begin, end = (
        alt.X("begin:T", title=None, axis=alt.Axis(format="%-m/%-d", labelOverlap=True, grid=True, tickCount=_DAILY)),
        alt.X2("end"),
    )
    band = alt.Chart(bands).mark_bar(height=26, opacity=0.18, color="#7a8f88").encode(x=begin, x2=end, y=rows)
    bar = (
        alt.Chart(bars if len(bars) else bands)
        .mark_bar(height=18, cornerRadius=3)
        .encode(
            x=begin,
            x2=end,
            y=rows,
            color=alt.Color("plan:N", sort=order, legend=None),
            tooltip=[alt.Tooltip("plan:N", title=plan), alt.Tooltip("says:N", title=carries)] if len(bars) else alt.Undefined,
        )
    )
    # Half a label wide on the right, so that the last day can be read.
    return alt.LayerChart(layer=[band, bar], height=max(ROW_PX * len(valid), 90), padding={"left": 5, "top": 5, "right": 18, "bottom": 5})


def over_time(points: pd.DataFrame, *, value: str) -> alt.LayerChart:
    """Lines and dots of ``value`` at the aware instants ``at``, one line for each ``what``."""
    frame = points.assign(at=pd.to_datetime(points["at"], utc=True))
    base = alt.Chart(frame).encode(
        x=alt.X("at:T", title=None),
        y=alt.Y("value:Q", title=value, scale=alt.Scale(zero=True)),
        color=alt.Color("what:N", title=None, legend=alt.Legend(orient="bottom", columns=1, labelLimit=AS_WIDE)),
    )
    return alt.LayerChart(layer=[base.mark_line(interpolate="linear"), base.mark_point(filled=True, size=60)])
