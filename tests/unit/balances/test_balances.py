"""Newest per field, pace, forecast, urgency. The rule is re-stated here by brute force, in words of its own."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.card import Thresholds
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reading import (
    DataBalance,
    Event,
    EventKind,
    FailedLookUp,
    LineStatus,
    Measure,
    MoneyBalance,
    MoneyKind,
    Reading,
    Source,
    Validity,
    ValidityKind,
)
from services.model.tri import Tri
from services.rules.balances.forecast import Forecast, NoForecast, Outlook, Point, forecast, history, outlook, pace, per_day
from services.rules.balances.packages import data_left, packages
from services.rules.balances.state import Aspect, FieldKey, states
from services.rules.balances.urgency import Level, Reason, by_urgency, urgency

START = datetime(2026, 11, 1, tzinfo=UTC)
TODAY = date(2026, 11, 20)
MAIN = FieldKey(Measure.MONEY, "main/GBP/")
LEFT = FieldKey(Measure.DATA, "", Aspect.LEFT)


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def gb(amount: int | str) -> DataVolume:
    return DataVolume.of(amount, DataUnit.GB)


def pounds(amount: int | str) -> MoneyBalance:
    return MoneyBalance(Money.of(amount, "GBP"))


@st.composite
def some_readings(draw: st.DrawFn) -> list[Reading]:
    found = []
    for sequence in range(draw(st.integers(0, 12))):
        taken = draw(st.integers(0, 30))
        lag = draw(st.one_of(st.none(), st.integers(-5, 20)))
        found.append(
            Reading(
                card_id=draw(st.sampled_from(["one", "two"])),
                source=draw(st.sampled_from(list(Source))),
                origin=draw(st.sampled_from(["", "a"])),
                taken_at=hours(taken),
                as_of=None if lag is None else hours(taken - lag),
                sequence=sequence,
                money=draw(st.sampled_from([(), (pounds(1),), (pounds(2),), (MoneyBalance(Money.of(3, "GBP"), MoneyKind.BONUS),)])),
                data=draw(st.sampled_from([(), (DataBalance(remaining=gb(1)),), (DataBalance("EU", gb(2)),), (DataBalance(used=gb(3)),)])),
                status=draw(st.sampled_from([None, LineStatus.ACTIVE, LineStatus.SUSPENDED])),
            )
        )
    return found


failures = st.lists(
    st.builds(
        FailedLookUp, st.sampled_from(["one", "two"]), st.sampled_from(["", "a"]), st.integers(0, 40).map(hours), st.just("unreachable")
    ),
    max_size=4,
)


@given(some_readings())
def test_the_newest_figure_of_each_field_wins(readings: list[Reading]) -> None:
    found = states(readings)
    for card in ("one", "two"):
        own = [reading for reading in readings if reading.card_id == card]
        by_time = sorted(own, key=lambda one: (min(one.as_of or one.taken_at, one.taken_at), one.taken_at, one.sequence))
        wanted: dict[str, object] = {}
        for reading in by_time:
            for purse in reading.money:
                wanted[f"money {purse.kind}"] = purse
            for package in reading.data:
                if package.remaining is not None:
                    wanted[f"left {package.name}"] = package.remaining
                if package.used is not None:
                    wanted[f"used {package.name}"] = package.used
            if reading.status is not None:
                wanted["status"] = reading.status
        known: dict[str, object] = {}
        if card in found:
            for key, state in found[card].fields.items():
                if key.measure is Measure.MONEY:
                    known[f"money {key.part.split('/')[0]}"] = state.newest.figure
                elif key.measure is Measure.DATA:
                    known[f"{key.aspect} {key.part}"] = state.newest.figure
                else:
                    known["status"] = state.newest.figure
        assert known == wanted


@given(some_readings(), failures, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(readings: list[Reading], failed: list[FailedLookUp], shuffle: random.Random) -> None:
    shuffled = list(readings)
    shuffle.shuffle(shuffled)
    assert states(shuffled, reversed(failed)) == states(readings, failed)


@given(some_readings(), failures)
def test_a_failed_look_up_changes_no_figure(readings: list[Reading], failed: list[FailedLookUp]) -> None:
    without, with_failures = states(readings), states(readings, failed)
    for card, state in without.items():
        assert with_failures[card].fields == state.fields
    for card in with_failures.keys() - without.keys():
        assert not with_failures[card].fields


@given(some_readings())
def test_every_figure_keeps_its_source_and_disagreement_is_between_sources(readings: list[Reading]) -> None:
    for state in states(readings).values():
        for known in state.fields.values():
            sources = [(known.newest.source, known.newest.origin)] + [(other.source, other.origin) for other in known.disagreeing]
            assert len(set(sources)) == len(sources)
            assert all(other.figure != known.newest.figure for other in known.disagreeing)
            assert all(other.true_at <= known.newest.true_at for other in known.disagreeing)
            assert known.newest.age(START - timedelta(days=1)) == timedelta(0)


def test_a_lagging_provider_does_not_beat_a_newer_text() -> None:
    api = Reading("one", Source.API, hours(12), as_of=hours(2), money=(pounds(9),), origin="p")
    text = Reading("one", Source.PASTED, hours(10), money=(pounds(4),))
    state = states([api, text])["one"].fields[MAIN]
    assert state.newest.figure == pounds(4)
    assert [other.figure for other in state.disagreeing] == [pounds(9)]


def test_an_as_of_in_the_future_counts_as_now() -> None:
    wrong = Reading("one", Source.API, hours(1), as_of=hours(500), money=(pounds(9),), origin="p")
    assert states([wrong, Reading("one", Source.TYPED, hours(2), money=(pounds(4),))])["one"].fields[MAIN].newest.figure == pounds(4)


def test_a_package_left_out_of_a_complete_list_is_gone() -> None:
    old = Reading("one", Source.API, hours(1), origin="p", data=(DataBalance("EU", gb(1)), DataBalance("US", gb(2))))
    new = Reading("one", Source.API, hours(2), origin="p", data=(DataBalance("US", gb(1)),), complete=frozenset({Measure.DATA}))
    typed = Reading("one", Source.TYPED, hours(0), data=(DataBalance("JP", gb(5)),))
    assert [package.name for package in packages(states([old, new, typed])["one"])] == ["JP", "US"]
    partial = Reading("one", Source.API, hours(2), origin="p", data=(DataBalance("US", gb(1)),))
    assert [package.name for package in packages(states([old, partial])["one"])] == ["EU", "US"]


def test_a_success_afterwards_ends_the_failure() -> None:
    failed = FailedLookUp("one", "p", hours(2), "unreachable")
    before = Reading("one", Source.API, hours(1), origin="p", money=(pounds(4),))
    after = Reading("one", Source.API, hours(3), origin="p", money=(pounds(4),))
    assert states([before], [failed])["one"].last_failure == failed
    assert states([before], [failed])["one"].main_money() is not None
    assert states([before, after], [failed])["one"].last_failure is None
    elsewhere = Reading("one", Source.API, hours(3), origin="q", money=(pounds(4),))
    assert states([elsewhere], [failed])["one"].last_failure == failed


def test_a_text_that_says_only_the_total_hides_nothing() -> None:
    first = Reading("one", Source.API, hours(1), data=(DataBalance(remaining=gb(2)),))
    second = Reading("one", Source.PASTED, hours(2), data=(DataBalance(total=gb(10)),), events=(Event(EventKind.LOW_DATA),))
    (package,) = packages(states([first, second])["one"])
    assert (package.left, package.total) == (gb(2), gb(10))
    assert package.said_by.true_at == hours(1)


def test_newer_use_beats_older_rest() -> None:
    first = Reading("one", Source.API, hours(1), data=(DataBalance(remaining=gb(8), total=gb(10)),))
    second = Reading("one", Source.PASTED, hours(2), data=(DataBalance(used=gb(7)),))
    (package,) = packages(states([first, second])["one"])
    assert package.left == gb(3)
    assert package.said_by.source is Source.PASTED


def test_an_old_total_smaller_than_the_rest_is_not_shown() -> None:
    first = Reading("one", Source.API, hours(1), data=(DataBalance(total=gb(1)),))
    second = Reading("one", Source.PASTED, hours(2), data=(DataBalance(remaining=gb(5)),))
    (package,) = packages(states([first, second])["one"])
    assert (package.left, package.total) == (gb(5), None)


def test_sum_of_packages_leaves_out_restricted_and_ended_ones_and_admits_the_unknown() -> None:
    reading = Reading(
        "one",
        Source.API,
        hours(1),
        data=(
            DataBalance("a", gb(1), gb(2)),
            DataBalance("b", gb(3), last_day=TODAY),
            DataBalance("c", gb(9), last_day=TODAY - timedelta(days=1)),
            DataBalance("d", gb(30), restricted=True),
            DataBalance("e", used=gb(1)),
        ),
    )
    left = data_left(states([reading])["one"], TODAY)
    assert left is not None
    assert (left.remaining, left.total, left.at_least, left.unlimited) == (gb(4), None, True, False)


def test_no_data_reading_is_unknown_not_zero() -> None:
    assert data_left(states([Reading("one", Source.TYPED, hours(1), money=(pounds(1),))])["one"], TODAY) is None


def test_unlimited_until_a_newer_figure() -> None:
    endless = Reading("one", Source.API, hours(1), data=(DataBalance(unlimited=Tri.YES),))
    left = data_left(states([endless])["one"], TODAY)
    assert left is not None
    assert left.unlimited
    assert left.remaining is None
    later = data_left(states([endless, Reading("one", Source.TYPED, hours(2), data=(DataBalance(remaining=gb(1)),))])["one"], TODAY)
    assert later is not None
    assert later.remaining == gb(1)


def test_pace() -> None:
    end = START + timedelta(days=10)
    even = pace(gb(5), gb(10), START, end, START + timedelta(days=5))
    assert even is not None
    assert (even.ahead, even.ratio, even.per_day_left) == (0, 1.0, gb(1))
    fast = pace(gb(2), gb(10), START, end, START + timedelta(days=5))
    assert fast is not None
    assert fast.ahead == gb(3).bytes
    assert pace(gb(2), gb(10), START, end, START) is not None
    assert pace(gb(12), gb(10), START, end, START) is None
    assert pace(gb(2), gb(10), end, START, START) is None
    assert pace(gb(2), gb(10), START, end, START - timedelta(days=1)) is None
    assert per_day(gb(2), START, end) is None
    assert per_day(gb(2), START + timedelta(hours=5), START) == gb(2)


@given(st.integers(0, 10**12), st.integers(1, 400), st.floats(0.01, 0.99))
def test_the_daily_share_never_spends_more_than_is_left(left: int, days: int, share: float) -> None:
    end = START + timedelta(days=days)
    now = START + timedelta(days=days * share)
    allowed = per_day(DataVolume(left), end, now)
    assert allowed is not None
    assert allowed.bytes * ((end - now) / timedelta(days=1)) <= left + 1


def series(lefts: list[int], step: timedelta = timedelta(days=1)) -> list[Point]:
    return [Point(START + index * step, DataVolume(left)) for index, left in enumerate(lefts)]


def test_an_even_use_is_forecast_exactly() -> None:
    prediction = forecast(series([10_000, 9_000, 8_000, 7_000, 6_000]))
    assert isinstance(prediction, Forecast)
    assert prediction.expected == START + timedelta(days=10)
    assert prediction.earliest == prediction.latest == prediction.expected
    assert prediction.per_day == DataVolume(1_000)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([], NoForecast.NOT_KNOWN),
        (series([5]), NoForecast.TOO_FEW_READINGS),
        (series([9, 7, 5]), NoForecast.TOO_FEW_READINGS),
        (series([9, 8, 7, 6], timedelta(hours=2)), NoForecast.TOO_SHORT),
        (series([9, 9, 9, 9, 9]), NoForecast.NO_USE_SEEN),
        (series([9, 8, 7, 6, 0]), NoForecast.NOTHING_LEFT),
        (series([9, 10, 11, 12, 13]), NoForecast.TOO_FEW_READINGS),
    ],
)
def test_too_little_is_said_to_be_too_little(points: list[Point], why: NoForecast) -> None:
    assert forecast(points) is why
    assert outlook(why, START) in (Outlook.UNKNOWN, Outlook.RUNS_OUT)


def test_unlimited_has_no_end() -> None:
    assert forecast(series([9, 8, 7, 6]), unlimited=True) is NoForecast.UNLIMITED


def test_a_top_up_is_not_negative_use() -> None:
    prediction = forecast(series([5_000, 4_000, 3_000, 13_000, 12_000, 11_000, 10_000]))
    assert isinstance(prediction, Forecast)
    assert prediction.per_day == DataVolume(1_000)
    assert prediction.expected == START + timedelta(days=16)


@given(st.lists(st.integers(0, 5_000), min_size=5, max_size=40), st.integers(1, 100_000))
def test_the_band_holds_the_expectation(uses: list[int], last: int) -> None:
    total = sum(uses) + last
    lefts = [total]
    for use in uses:
        lefts.append(lefts[-1] - use)
    prediction = forecast(series(lefts))
    if isinstance(prediction, Forecast):
        assert prediction.earliest <= prediction.expected + timedelta(seconds=1)
        assert prediction.latest is None or prediction.expected <= prediction.latest + timedelta(seconds=1)
        assert prediction.earliest >= START + timedelta(days=len(uses))
    else:
        assert prediction is NoForecast.NO_USE_SEEN


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5_000), min_size=5, max_size=20), st.integers(10_000, 100_000), st.integers(1, 10_000))
def test_more_left_never_ends_sooner(uses: list[int], last: int, more: int) -> None:
    def lefts(final: int) -> list[int]:
        values = [final + sum(uses)]
        for use in uses:
            values.append(values[-1] - use)
        return values

    less, plenty = forecast(series(lefts(last))), forecast(series(lefts(last + more)))
    assert isinstance(less, Forecast)
    assert isinstance(plenty, Forecast)
    assert less.earliest <= plenty.earliest
    assert less.expected <= plenty.expected


def test_the_band_is_right_about_eight_times_in_ten() -> None:
    """A card whose use of each day is drawn from one spread: how often does it truly run out inside the band?"""
    luck = random.Random(20261120)
    inside = told = 0
    for _ in range(600):
        days = luck.choice((6, 12, 25))
        uses = [int(luck.gammavariate(1.5, 300e6)) for _ in range(days)]
        left = int(luck.uniform(3e9, 12e9))
        lefts = [left + sum(uses)]
        for use in uses:
            lefts.append(lefts[-1] - use)
        prediction = forecast(series(lefts))
        assert isinstance(prediction, Forecast)
        now, rest = START + timedelta(days=days), left
        while rest > 0:
            use = int(luck.gammavariate(1.5, 300e6))
            now += timedelta(days=1.0 if use <= rest else rest / use)
            rest -= use
        told += 1
        inside += prediction.earliest <= now and (prediction.latest is None or now <= prediction.latest)
    assert 0.72 <= inside / told <= 0.90


def test_history_takes_the_last_added_of_one_moment_and_one_package() -> None:
    readings = [
        Reading("one", Source.API, hours(5), as_of=hours(1), sequence=1, data=(DataBalance(remaining=gb(3)),)),
        Reading("one", Source.API, hours(6), as_of=hours(1), sequence=2, data=(DataBalance(remaining=gb(2)), DataBalance("EU", gb(9)))),
        Reading("one", Source.PASTED, hours(7), sequence=3, data=(DataBalance(used=gb(4), total=gb(5)),)),
        Reading("one", Source.TYPED, hours(8), sequence=4, money=(pounds(1),)),
    ]
    assert history(readings) == [Point(hours(1), gb(2)), Point(hours(7), gb(1))]
    assert history(readings, "EU") == [Point(hours(1), gb(9))]


def test_outlook_needs_the_whole_band_on_one_side() -> None:
    prediction = Forecast(START + timedelta(days=5), START + timedelta(days=8), START + timedelta(days=12), DataVolume(1), 5)
    assert outlook(prediction, START + timedelta(days=4)) is Outlook.LASTS
    assert outlook(prediction, START + timedelta(days=9)) is Outlook.UNCERTAIN
    assert outlook(prediction, START + timedelta(days=13)) is Outlook.RUNS_OUT
    assert outlook(prediction, None) is Outlook.UNKNOWN


def ending(day: date, kind: ValidityKind = ValidityKind.PLAN, at: float = 1) -> Reading:
    return Reading("one", Source.TYPED, hours(at), validity=(Validity(kind, day),))


@pytest.mark.parametrize(
    ("days", "level"),
    [(-1, Level.OVERDUE), (0, Level.TODAY), (3, Level.SOON), (7, Level.SOON), (8, Level.FINE)],
)
def test_urgency_by_date(days: int, level: Level) -> None:
    found = urgency(states([ending(TODAY + timedelta(days=days))])["one"], Thresholds(), TODAY)
    assert (found.level, found.days_left) == (level, days)


def test_urgency_by_figures() -> None:
    owed = states([Reading("one", Source.TYPED, hours(1), money=(pounds(-3),))])["one"]
    assert urgency(owed, Thresholds(), TODAY).level is Level.OVERDUE
    poor = states([Reading("one", Source.TYPED, hours(1), money=(pounds(3),), data=(DataBalance(remaining=gb(1)),))])["one"]
    assert urgency(poor, Thresholds(), TODAY).level is Level.FINE
    limits = Thresholds(data=gb(2), money=Money.of(5, "GBP"))
    assert set(urgency(poor, limits, TODAY).reasons) == {Reason.MONEY_LOW, Reason.DATA_LOW}
    assert urgency(poor, Thresholds(money=Money.of(5, "USD")), TODAY).level is Level.FINE
    suspended = states([Reading("one", Source.API, hours(1), status=LineStatus.SUSPENDED)])["one"]
    assert urgency(suspended, Thresholds(), TODAY).reasons == (Reason.SUSPENDED,)


def test_nothing_known_is_neither_fine_nor_urgent() -> None:
    assert urgency(None, Thresholds(), TODAY).level is Level.UNKNOWN
    failed = states([], [FailedLookUp("one", "p", hours(1), "unreachable")])["one"]
    assert urgency(failed, Thresholds(), TODAY).level is Level.UNKNOWN
    assert urgency(failed, Thresholds(), TODAY).days_left is None


def test_without_a_date_nobody_can_say_that_all_is_well() -> None:
    money_alone = states([Reading("one", Source.TYPED, hours(1), money=(pounds(3),))])["one"]
    assert urgency(money_alone, Thresholds(), TODAY).dateless
    assert not urgency(money_alone, Thresholds(), TODAY, due=TODAY + timedelta(days=60)).dateless
    assert not urgency(money_alone, Thresholds(money=Money.of(5, "GBP")), TODAY).dateless, "its badge says what is low"
    assert not urgency(states([ending(TODAY + timedelta(days=60))])["one"], Thresholds(), TODAY).dateless
    assert not urgency(None, Thresholds(), TODAY).dateless, "of which nothing is known at all, which is a level of its own"


def test_a_date_of_no_kind_gives_way_to_a_newer_one() -> None:
    old = ending(TODAY - timedelta(days=3), ValidityKind.UNSPECIFIED, 1)
    new = ending(TODAY + timedelta(days=90), ValidityKind.CREDIT, 2)
    assert urgency(states([old, new])["one"], Thresholds(), TODAY).level is Level.FINE
    assert urgency(states([old])["one"], Thresholds(), TODAY).level is Level.OVERDUE


def test_order_of_cards() -> None:
    cards = {
        "fine": urgency(states([ending(TODAY + timedelta(days=60))])["one"], Thresholds(), TODAY),
        "unknown": urgency(None, Thresholds(), TODAY),
        "soon": urgency(states([ending(TODAY + timedelta(days=5))])["one"], Thresholds(), TODAY),
        "sooner": urgency(states([ending(TODAY + timedelta(days=2))])["one"], Thresholds(), TODAY),
        "late": urgency(states([ending(TODAY - timedelta(days=2))])["one"], Thresholds(), TODAY),
        "later": urgency(states([ending(TODAY - timedelta(days=9))])["one"], Thresholds(), TODAY),
    }
    assert by_urgency(cards) == ["later", "late", "sooner", "soon", "unknown", "fine"]
