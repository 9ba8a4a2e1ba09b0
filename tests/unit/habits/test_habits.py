"""Data need from habits: the figures, the arithmetic, the person's own figures, and what is refused."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.model.data_volume import DataUnit, DataVolume
from services.rules import habits
from services.rules.habits import Figures

# Renewal-facts section 6, column "use low / typical / high", in MB; written here once more on purpose.
FIGURES = {
    "messaging": ("1", "5", "20"),
    "photo": ("0.85", "0.85", "0.85"),
    "email": ("0.5", "0.5", "0.5"),
    "maps": ("3", "10", "30"),
    "web": ("15", "50", "120"),
    "social": ("90", "400", "900"),
    "music": ("40", "80", "150"),
    "voice_call": ("25", "35", "60"),
    "video_call": ("200", "600", "1600"),
    "meeting": ("500", "1000", "2400"),
    "video_sd": ("300", "600", "1000"),
    "video_hd": ("1400", "2500", "4000"),
    "video_4k": ("7000", "7000", "14000"),
    "video_saver": ("170", "170", "170"),
}


def megabytes(amount: str) -> DataVolume:
    return DataVolume.of(amount, DataUnit.MB)


def test_every_activity_has_the_researched_figures_a_source_and_both_names() -> None:
    activities = habits.load_activities()
    assert {key: tuple(map(str, (row.low, row.typical, row.high))) for key, row in activities.items()} == FIGURES
    for row in activities.values():
        assert all(re.fullmatch(r"[\w.-]+\.[a-z]{2,}(, [\w.-]+)*", point.source) for point in row.published)
        assert re.search("[一-鿿]", row.name("zh_CN"))
        assert row.name("en").isascii()


def test_figures_marked_as_inside_the_published_points_are() -> None:
    for key, row in habits.load_activities().items():
        points = [Decimal(number) for point in row.published for number in re.findall(r"\d+(?:\.\d+)?", point.mb)]
        inside = min(points) <= row.low and row.high <= max(points)
        assert row.outside_published is not inside, key


def test_the_schema_refuses_figures_out_of_order_and_rows_without_source() -> None:
    row = {
        "en": "a",
        "zh": "甲",
        "unit": "hour",
        "low": "1",
        "typical": "2",
        "high": "3",
        "published": [{"mb": "1", "source": "a.example"}],
    }
    habits.Activity.model_validate(row)
    for change in ({"low": "4"}, {"published": []}, {"unit": "week"}, {"low": "0"}, {"hihg": "3"}):
        with pytest.raises(ValidationError):
            habits.Activity.model_validate(row | change)


def test_hours_and_items_add_up_with_the_reserve() -> None:
    band = habits.estimate({"maps": Decimal("1.5"), "video_call": Decimal("0.5"), "photo": 20}, reserve_percent=20)
    # (4.5 + 100 + 17), (15 + 300 + 17), (45 + 800 + 17), each and a fifth
    assert band == habits.Band(megabytes("145.8"), megabytes("398.4"), megabytes("1034.4"))


def test_nothing_done_needs_nothing_and_the_reserve_is_a_quarter_unless_said() -> None:
    assert habits.estimate({}) == habits.Band(DataVolume(0), DataVolume(0), DataVolume(0))
    assert habits.estimate({"web": 2}).typical == megabytes("125")


def test_own_figures_replace_the_assumptions_and_are_marked() -> None:
    own = {"web": Figures(Decimal(1), Decimal(2), Decimal(3))}
    assert habits.estimate({"web": 10}, 0, own) == habits.Band(megabytes("10"), megabytes("20"), megabytes("30"))
    shown = {row.activity_id: row for row in habits.assumptions(own)}
    assert list(shown) == list(FIGURES)
    assert shown["web"].edited
    assert shown["web"].figures.high == 3
    assert not shown["maps"].edited
    assert shown["maps"].figures == Figures(Decimal(3), Decimal(10), Decimal(30))


def test_figures_of_zero_are_figures() -> None:
    offline = {"maps": Figures(Decimal(0), Decimal(0), Decimal(0))}
    assert habits.estimate({"maps": 5}, 0, offline).high == DataVolume(0)


def test_a_part_of_a_byte_is_rounded_up() -> None:
    assert habits.estimate({"photo": Decimal("0.0000001")}, 0).low == DataVolume(1)


@pytest.mark.parametrize(
    ("per_day", "activity", "most"),
    [
        ({"web": Decimal("24.1")}, "web", 24),
        ({"web": -1}, "web", 24),
        ({"email": 10_001}, "email", 10_000),
        ({"maps": Decimal("NaN")}, "maps", 24),
        ({"maps": Decimal("Infinity")}, "maps", 24),
    ],
)
def test_amounts_out_of_range(per_day: dict[str, Decimal | int], activity: str, most: int) -> None:
    with pytest.raises(habits.AmountOutOfRange) as error:
        habits.estimate(per_day)
    assert (error.value.activity, error.value.most) == (activity, most)


def test_what_else_is_refused() -> None:
    with pytest.raises(habits.UnknownActivity) as unknown:
        habits.estimate({"knitting": 1})
    assert unknown.value.activity == "knitting"
    with pytest.raises(habits.UnknownActivity):
        habits.estimate({}, overrides={"knitting": Figures(Decimal(1), Decimal(1), Decimal(1))})
    for percent in (-1, 301):
        with pytest.raises(habits.ReserveOutOfRange):
            habits.estimate({}, reserve_percent=percent)
    for figures in (("2", "1", "3"), ("-1", "1", "1"), ("1", "NaN", "3"), ("1", "2", "Infinity"), ("1", "2", "1000001")):
        with pytest.raises(habits.FiguresOutOfOrder):
            Figures(*map(Decimal, figures))


amounts = st.dictionaries(st.sampled_from(list(FIGURES)), st.decimals(0, 24, places=3))


@given(amounts, st.integers(0, 300))
def test_a_band_is_in_order_and_more_use_never_needs_less(per_day: dict[str, Decimal], reserve: int) -> None:
    band = habits.estimate(per_day, reserve)
    assert band.low <= band.typical <= band.high
    without = habits.estimate(dict(list(per_day.items())[:-1]), 0)
    assert without.typical <= band.typical
