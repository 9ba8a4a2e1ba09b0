"""The clocks of a card as a dated ribbon with today on it."""

from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from services.rules.clocks.engine import ClockState
from services.use.charts import AS_WIDE
from services.use.known_clocks import CardClocks
from ui.charts import localised
from ui.clocks import words
from ui.language import _, language
from ui.words import word

LEAST = timedelta(days=30)
LATEST = timedelta(days=400)
"""A step of the ladder without an end is drawn this long at the least; nothing is drawn further than this after the last date."""
TODAY = "#d9480f"
BAR_PX, ROW_PX = 22, 34
NAME_PX = alt.ExprRef("width < 400 ? 160 : 300")
"""How much of a clock's name is shown; on a phone the bars need the room."""


def ribbon(clocks: CardClocks) -> None:
    """Draw it when at least one date is known."""
    dated = [state for state in clocks.states if state.due is not None and not state.is_over]
    if dated:
        version = f"{clocks.card.card_id} {[(state.rule.id, state.due, state.rule.name) for state in dated]} {dated[0].now.date()}"
        st.vega_lite_chart(
            spec=_spec(dated, version, language()),
            width="stretch",
            alt=_("Ribbon of dates: from when each clock is counted, when it ends, the steps after it, and today"),
        )


@st.cache_data(max_entries=256, ttl=3600, show_spinner=False)
def _spec(_dated: list[ClockState], version: str, spoken: str) -> dict[str, Any]:
    """The chart as Vega-Lite. Kept, because checking it takes Altair longer than the rest of the page."""
    running, bars = _("Running"), []
    order = [running]
    for state in _dated:
        assert state.due is not None
        name = state.rule.name.zh if spoken == "zh" else state.rule.name.en
        start = min(state.steps[-1].counted_from if state.steps else state.now, state.now, state.due)
        bars.append((name, _local(start, state), _local(state.due, state), running, words.day(state.due, state)))
        for stage in state.stages:
            if stage.begins is None:
                break
            label = word(words.STAGE, stage.code.value)
            order += [label] if label not in order else []
            end = stage.ends or stage.begins + LEAST
            bars.append((name, _local(stage.begins, state), _local(end, state), label, words.day(stage.begins, state)))
    now = _dated[0].now
    frame = pd.DataFrame(bars, columns=["clock", "from", "to", "what", "since"])
    last = max(frame["from"].max(), pd.Timestamp(_local(now, _dated[0]))) + LATEST
    frame["to"] = frame["to"].clip(upper=last)
    base = alt.Chart(frame).mark_bar(height=BAR_PX, stroke="white", strokeWidth=1)
    shown = base.encode(
        x=alt.X("from:T", title=None, axis=alt.Axis(format="%Y-%m-%d", labelOverlap=True, tickCount=5)),
        x2=alt.X2("to:T"),
        y=alt.Y("clock:N", title=None, sort=None, axis=alt.Axis(labelLimit=NAME_PX)),
        color=alt.Color(
            "what:N", title=None, sort=order, legend=alt.Legend(orient="bottom", columns=1, labelLimit=AS_WIDE, symbolStrokeWidth=0)
        ),
        tooltip=[alt.Tooltip("clock:N", title=_("Clock")), alt.Tooltip("what:N", title=_("Step")), alt.Tooltip("since:N", title=_("Date"))],
    )
    today = pd.DataFrame({"at": [_local(now, _dated[0])], "word": [_("Today")]})
    rule = alt.Chart(today).mark_rule(strokeWidth=4, color=TODAY).encode(x=alt.X("at:T"))
    label = alt.Chart(today).mark_text(align="center", baseline="bottom", dy=-4, color=TODAY, fontWeight="bold", fontSize=13)
    above = label.encode(x=alt.X("at:T"), y=alt.value(0), text=alt.Text("word:N"))
    return dict(
        localised(
            (shown + rule + above).properties(height=alt.Step(ROW_PX), padding={"top": 24, "left": 5, "right": 28, "bottom": 5})
        ).to_dict()
    )


def _local(at: Any, state: ClockState) -> Any:
    """Wall time where the person is: the chart shows what it is given."""
    return at.astimezone(state.zone).replace(tzinfo=None, microsecond=0)
