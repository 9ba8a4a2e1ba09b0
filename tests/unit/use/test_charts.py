"""What the charts draw is seen on the background of either theme."""

import pandas as pd
import pytest

from services.model.data_volume import DataUnit, DataVolume
from services.use import charts
from ui.clocks.ribbon import TODAY
from ui.receipts.spending import BAR

BACKGROUNDS = ("#ffffff", "#1a1a17")


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("colour", [charts.RULE, TODAY, BAR])
def test_a_line_stands_out_as_three_to_one(colour: str, background: str) -> None:
    lighter, darker = sorted((luminance(colour), luminance(background)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_the_line_of_the_need_has_a_colour_of_its_own() -> None:
    lines = pd.DataFrame({"plan": ["a"], "gb": [1.0], "cost": [2.0]})
    drawn = charts.cost_against_need(lines, DataVolume.of(3, DataUnit.GB), gb="gb", cost="cost", plan="plan").to_dict()
    (rule,) = [layer["mark"] for layer in drawn["layer"] if layer["mark"]["type"] == "rule"]
    assert rule["color"] == charts.RULE, "black when nothing is said, whatever the theme"
