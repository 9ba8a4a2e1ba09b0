"""What all charts share: numbers and dates in the session's language."""

from functools import cache
from typing import Any

import altair as alt
from babel import Locale

from ui.language import babel_locale


@cache
def _formats(locale: str) -> alt.Locale:
    found = Locale.parse(locale)
    days, months = found.days["format"], found.months["format"]
    names: dict[str, Any] = {
        "days": [days["wide"][at] for at in (6, 0, 1, 2, 3, 4, 5)],
        "shortDays": [days["abbreviated"][at] for at in (6, 0, 1, 2, 3, 4, 5)],
        "months": [months["wide"][at] for at in range(1, 13)],
        "shortMonths": [months["abbreviated"][at] for at in range(1, 13)],
    }
    periods = [found.day_periods["format"]["abbreviated"][name] for name in ("am", "pm")]
    chinese = found.language == "zh"
    time = alt.TimeLocale(
        dateTime="%x %X",
        date="%Y年%-m月%-d日" if chinese else "%d %b %Y",
        time="%H:%M",
        periods=periods,
        **names,
    )
    return alt.Locale(time=time)


def localised(chart: alt.LayerChart) -> alt.LayerChart:
    """``chart`` with the axis words of the session's language. Vega's own words about axes and legends for screen readers are English: what the
    page says of the chart takes their place."""
    configured: alt.LayerChart = chart.configure(
        locale=_formats(babel_locale()), axis=alt.AxisConfig(aria=False), legend=alt.LegendConfig(aria=False)
    )
    return configured
