"""When steps fall, which slot holds, and when nobody is spoken to: worked by hand, and by properties against counting one by one."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.model.clock import ClockKind
from services.model.reminder import CardHabits, Decision, Habits, Matter, Quiet, Slot, Topic
from services.rules.clocks.schema import DEFAULT_REMIND_DAYS
from services.rules.reminders.ladders import Ladders, checked_days, is_dated, read_days, shipped_ladders, usual_days
from services.rules.reminders.schedule import (
    JUST_SENT,
    after_quiet,
    due_slot,
    falls,
    is_overtaken,
    is_quiet,
    is_silenced,
    steps_of,
    wall,
)

SHANGHAI, LONDON, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
NINE = time(9)
NOTHING = Decision()


def dated(matter: Matter = Matter.INACTIVITY, last: date = date(2026, 12, 31), **facts: object) -> Topic:
    return Topic("card/clock/use", matter, "card", "Home", "1798732800", last, **facts)  # type: ignore[arg-type]


def slot_at(topic: Topic, now: datetime, zone: ZoneInfo = SHANGHAI, decision: Decision = NOTHING, began: datetime | None = None) -> str:
    found = due_slot(topic, steps_of(topic, Habits()), began or now, decision, NINE, zone, now)
    return "" if found is None else str(found.slot)


# ------------------------------------------------------------------------------------------------------------------- ladders


def test_the_shipped_ladders_are_those_of_the_facts() -> None:
    """renewal-facts 7.3: 35, 10, 5 and day 0 for clock B; 5 for clock A; 3 before each fee; half and a tenth of an activate-by."""
    assert usual_days(Matter.INACTIVITY) == (35, 10, 5, 1, 0)
    assert {5, 0} <= set(usual_days(Matter.VALIDITY))
    assert 3 in usual_days(Matter.WALLET_FEE)
    assert 3 in usual_days(Matter.ARREARS)
    assert usual_days(Matter.ACTIVATE_BY)[:2] == (45, 9)
    assert {kind: usual_days(Matter(kind.value)) for kind in ClockKind} == DEFAULT_REMIND_DAYS


def test_every_ladder_reaches_its_last_day_and_says_why() -> None:
    for matter in Matter:
        ladder = shipped_ladders().ladders[matter]
        assert usual_days(matter)[-1] == 0 or not is_dated(matter), matter
        assert ladder.why.en != ladder.why.zh


@pytest.mark.parametrize(
    "ladder",
    [
        {"before": [5, 10], "why": {"en": "a", "zh": "b"}},
        {"before": [5, 5], "why": {"en": "a", "zh": "b"}},
        {"before": [5], "after": [0], "why": {"en": "a", "zh": "b"}},
        {"why": {"en": "a", "zh": "b"}},
        {"before": [-1], "why": {"en": "a", "zh": "b"}},
        {"before": [1000], "why": {"en": "a", "zh": "b"}},
        {"before": [1], "why": {"en": "a"}},
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(ladder: dict[str, object]) -> None:
    good = {matter: shipped_ladders().ladders[matter] for matter in Matter}
    repeats = {"repeat": [{"from": 0, "every": 1}], "repeat_after": [{"from": 0, "every": 1}]}
    Ladders.model_validate({"ladders": good, **repeats})
    with pytest.raises(ValidationError):
        Ladders.model_validate({"ladders": good | {Matter.BUNDLE: ladder}, **repeats})
    with pytest.raises(ValidationError):
        Ladders.model_validate({"ladders": {}, **repeats})


@pytest.mark.parametrize(
    ("topic", "habits", "card", "steps"),
    [
        (dated(), Habits(), None, (-35, -10, -5, -1, 0)),
        (dated(leads=(20, 0)), Habits(), None, (-20, 0)),
        (dated(leads=(20, 0)), Habits(ladders={Matter.INACTIVITY: (7,)}), None, (-7,)),
        (dated(leads=(20, 0)), Habits(ladders={Matter.INACTIVITY: (7,)}), CardHabits(ladders={Matter.INACTIVITY: (3, 2)}), (-3, -2)),
        (dated(), Habits(ladders={Matter.INACTIVITY: ()}), None, ()),
        (dated(), Habits(), CardHabits(silent=True), ()),
        (dated(length_days=30.0), Habits(), None, (-10, -5, -1, 0)),
        (dated(length_days=90.0, matter=Matter.ACTIVATE_BY), Habits(), None, (-45, -9, -3, 0)),
        (dated(length_days=3.0, matter=Matter.BUNDLE), Habits(), None, (-1, 0)),
        (dated(length_days=30.0), Habits(ladders={Matter.INACTIVITY: (28, 1)}), None, (-28, -1)),
        (Topic("c/low", Matter.LOW_DATA, "c", "Home"), Habits(), None, (0,)),
        (Topic("c/fail", Matter.LOOK_UP_FAILED, "c", "Home"), Habits(), None, (3, 10)),
    ],
)
def test_whose_ladder_holds(topic: Topic, habits: Habits, card: CardHabits | None, steps: tuple[int, ...]) -> None:
    assert steps_of(topic, habits, card) == steps


def test_own_days_are_put_in_order_and_must_be_days() -> None:
    assert checked_days((1, 30, 1, 5), Matter.VALIDITY) == (30, 5, 1)
    assert checked_days((7, 0), Matter.LOW_DATA) == (0, 7)
    for wrong in ((-1,), (401,)):
        with pytest.raises(ValueError):
            checked_days(wrong, Matter.VALIDITY)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", None),
        ("  ", None),
        ("35, 10,5", (35, 10, 5)),
        ("5 10 35", (35, 10, 5)),
        ("１０、５，０", (10, 5, 0)),
        ("none", ()),
        ("不提醒", ()),
        ("0", (0,)),
    ],
)
def test_own_days_as_people_type_them(text: str, days: tuple[int, ...] | None) -> None:
    assert read_days(text, Matter.VALIDITY) == days


@pytest.mark.parametrize("text", ["ten", "5, x", "-3", "1.5", "99999", "401", "5;DROP"])
def test_what_is_no_number_of_days_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_days(text, Matter.VALIDITY)


# ------------------------------------------------------------------------------------------------------------------- slots, by hand


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        # The last safe day is 31 December; steps fall at nine in Shanghai, which is one o'clock in UTC.
        (datetime(2026, 11, 26, 0, 59, 59, tzinfo=UTC), ""),
        (datetime(2026, 11, 26, 1, 0, 0, tzinfo=UTC), "-35/0/0"),
        (datetime(2026, 12, 3, 0, 59, tzinfo=UTC), "-35/0/0"),
        (datetime(2026, 12, 3, 1, 0, tzinfo=UTC), "-35/0/1"),  # a week later, from thirty days on
        (datetime(2026, 12, 17, 1, 0, tzinfo=UTC), "-35/0/3"),
        (datetime(2026, 12, 21, 0, 59, tzinfo=UTC), "-35/0/3"),
        (datetime(2026, 12, 21, 1, 0, tzinfo=UTC), "-10/0/0"),
        (datetime(2026, 12, 24, 1, 0, tzinfo=UTC), "-10/0/1"),  # every three days with six or more left
        (datetime(2026, 12, 26, 1, 0, tzinfo=UTC), "-5/0/0"),
        (datetime(2026, 12, 27, 1, 0, tzinfo=UTC), "-5/0/1"),  # daily
        (datetime(2026, 12, 29, 23, 0, tzinfo=UTC), "-5/0/3"),
        (datetime(2026, 12, 30, 1, 0, tzinfo=UTC), "-1/0/0"),
        (datetime(2026, 12, 31, 1, 0, tzinfo=UTC), "0/0/0"),
        (datetime(2027, 1, 10, 1, 0, tzinfo=UTC), "0/0/10"),
    ],
)
def test_a_ladder_of_35_10_5_1_0(now: datetime, slot: str) -> None:
    assert slot_at(dated(), now) == slot


@pytest.mark.parametrize(
    ("zone", "day", "utc"),
    [
        (SHANGHAI, date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (LONDON, date(2026, 3, 28), datetime(2026, 3, 28, 9, 30, tzinfo=UTC)),  # the day before summer time
        (LONDON, date(2026, 3, 29), datetime(2026, 3, 29, 8, 30, tzinfo=UTC)),  # and the day it begins
        (LONDON, date(2026, 10, 25), datetime(2026, 10, 25, 9, 30, tzinfo=UTC)),
        (NEW_YORK, date(2026, 3, 8), datetime(2026, 3, 8, 13, 30, tzinfo=UTC)),
        (ZoneInfo("Pacific/Kiritimati"), date(2026, 6, 1), datetime(2026, 5, 31, 19, 30, tzinfo=UTC)),
        (ZoneInfo("Asia/Kathmandu"), date(2026, 6, 1), datetime(2026, 6, 1, 3, 45, tzinfo=UTC)),
    ],
)
def test_the_hour_is_that_of_the_persons_wall_clock(zone: ZoneInfo, day: date, utc: datetime) -> None:
    assert falls(dated(last=day), 0, utc, time(9, 30), zone) == utc


def test_an_hour_that_does_not_exist_and_one_that_comes_twice() -> None:
    assert wall(date(2026, 3, 29), time(1, 30), LONDON) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # shown as 2:30
    assert wall(date(2026, 10, 25), time(1, 30), LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of the two


def test_repeats_stay_at_the_hour_across_summer_time() -> None:
    topic = dated(last=date(2026, 3, 27), matter=Matter.BUNDLE)
    assert slot_at(topic, datetime(2026, 3, 29, 7, 59, tzinfo=UTC), LONDON) == "0/0/1"
    assert slot_at(topic, datetime(2026, 3, 29, 8, 0, tzinfo=UTC), LONDON) == "0/0/2"


def test_what_has_no_date_counts_from_its_beginning() -> None:
    topic, began = Topic("c/fail", Matter.LOOK_UP_FAILED, "c", "Home"), datetime(2026, 11, 1, 14, 20, tzinfo=UTC)
    assert slot_at(topic, began + timedelta(days=3, seconds=-1), began=began) == ""
    assert slot_at(topic, began + timedelta(days=3), began=began) == "3/0/0"
    assert slot_at(topic, began + timedelta(days=5), began=began) == "3/0/1"
    assert slot_at(topic, began + timedelta(days=10), began=began) == "10/0/0"
    assert slot_at(topic, began + timedelta(days=17), began=began) == "10/0/1"


def test_a_snooze_begins_the_slots_anew_when_it_ends() -> None:
    until = datetime(2026, 12, 28, 4, 0, tzinfo=UTC)
    decision = Decision(snoozed_until=until)
    during = datetime(2026, 12, 28, 3, 0, tzinfo=UTC)
    assert is_silenced(Slot.parse(slot_at(dated(), during, decision=decision)), decision, during)
    after = slot_at(dated(), until, decision=decision)
    assert after == f"-5/{int(until.timestamp())}/0"
    assert not is_silenced(Slot.parse(after), decision, until)
    assert slot_at(dated(), until + timedelta(days=1), decision=decision) == f"-5/{int(until.timestamp())}/1"
    assert slot_at(dated(), datetime(2026, 12, 30, 1, 0, tzinfo=UTC), decision=decision) == "-1/0/0"  # the next step came later


def test_acknowledging_silences_a_step_and_its_repeats_and_not_the_next_step() -> None:
    decision, now = Decision(acknowledged=-10), datetime(2026, 12, 20, tzinfo=UTC)
    assert is_silenced(Slot(-35, 0, 0), decision, now)
    assert is_silenced(Slot(-10, 0, 2), decision, now)
    assert not is_silenced(Slot(-5, 0, 0), decision, now)


@pytest.mark.parametrize(
    ("sent", "hours_from_now", "overtaken"),
    [
        (Slot(-5, 0, 1), 0, False),  # the very slot
        (Slot(-5, 0, 2), 3, True),  # a later one, before the clock was set back by some hours
        (Slot(-5, 0, 2), -3, True),
        (Slot(0, 0, 0), 24 * 30, False),  # a later one, by a clock that was a month ahead: this one was never said
        (Slot(-5, 0, 0), 0, False),
        (Slot(-35, 0, 9), 0, False),
    ],
)
def test_what_was_sent_by_a_clock_that_jumped(sent: Slot, hours_from_now: int, overtaken: bool) -> None:
    now = datetime(2026, 12, 27, 2, tzinfo=UTC)
    assert is_overtaken(Slot(-5, 0, 1), [(sent, now + timedelta(hours=hours_from_now))], now) is overtaken


# ------------------------------------------------------------------------------------------------------------------- quiet hours

NIGHT, NAP, NONE = Quiet(time(22), time(8)), Quiet(time(13), time(15)), Quiet(time(8), time(8))


@pytest.mark.parametrize(
    ("quiet", "moment", "zone", "then"),
    [
        (NIGHT, datetime(2026, 6, 1, 13, 59, tzinfo=UTC), SHANGHAI, None),
        (NIGHT, datetime(2026, 6, 1, 14, 0, tzinfo=UTC), SHANGHAI, datetime(2026, 6, 2, 0, 0, tzinfo=UTC)),
        (NIGHT, datetime(2026, 6, 1, 20, 0, tzinfo=UTC), SHANGHAI, datetime(2026, 6, 2, 0, 0, tzinfo=UTC)),
        (NIGHT, datetime(2026, 6, 2, 0, 0, tzinfo=UTC), SHANGHAI, None),
        (NIGHT, datetime(2026, 3, 28, 23, 0, tzinfo=UTC), LONDON, datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),  # a night of nine hours
        (NIGHT, datetime(2026, 10, 24, 22, 0, tzinfo=UTC), LONDON, datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),  # and one of eleven
        (NAP, datetime(2026, 6, 1, 12, 30, tzinfo=UTC), LONDON, datetime(2026, 6, 1, 14, 0, tzinfo=UTC)),
        (NAP, datetime(2026, 6, 1, 14, 0, tzinfo=UTC), LONDON, None),
        (NONE, datetime(2026, 6, 1, 8, 0, tzinfo=UTC), LONDON, None),
        (None, datetime(2026, 6, 1, 3, 0, tzinfo=UTC), LONDON, None),
        (Quiet(time(1, 15), time(1, 45)), datetime(2026, 3, 29, 0, 59, tzinfo=UTC), LONDON, None),  # an hour that is left out that night
        (Quiet(time(1, 15), time(1, 45)), datetime(2026, 3, 29, 1, 20, tzinfo=UTC), LONDON, None),
    ],
)
def test_quiet_hours(quiet: Quiet | None, moment: datetime, zone: ZoneInfo, then: datetime | None) -> None:
    assert is_quiet(quiet, moment, zone) is (then is not None)
    assert after_quiet(quiet, moment, zone) == (then or moment)


ZONES = st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]).map(ZoneInfo)
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so


@given(st.builds(Quiet, TIMES, TIMES), MOMENTS, ZONES)
def test_after_the_quiet_hours_it_is_not_quiet_and_not_more_than_a_day_later(quiet: Quiet, moment: datetime, zone: ZoneInfo) -> None:
    later = after_quiet(quiet, moment, zone)
    assert moment <= later <= moment + timedelta(hours=26)
    if is_quiet(quiet, moment, zone) and later.astimezone(zone).time() == quiet.end:
        assert not is_quiet(quiet, later, zone)


# ------------------------------------------------------------------------------------------------------------------- properties


@settings(max_examples=150)
@given(
    st.sampled_from([matter for matter in Matter if is_dated(matter)]),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    TIMES,
    ZONES,
    st.timedeltas(timedelta(days=-80), timedelta(days=60)),
)
def test_a_slot_is_what_walking_day_by_day_comes_to(matter: Matter, last: date, at: time, zone: ZoneInfo, apart: timedelta) -> None:
    """The oracle walks from the first step, day by day of the wall calendar, and takes the last that is over."""
    topic = dated(matter, last)
    now = datetime.combine(last, time(12), UTC) + apart
    found = due_slot(topic, steps_of(topic, Habits()), now, NOTHING, at, zone, now)
    walked = None
    for step in steps_of(topic, Habits()):
        moment = datetime.combine(last + timedelta(days=step), at, zone)
        if moment.astimezone(UTC) > now:
            break
        gap = {True: 7, False: 3 if -step >= 6 else 1}[-step >= 30]
        repeat = 0
        while datetime.combine(last + timedelta(days=step + gap * (repeat + 1)), at, zone).astimezone(UTC) <= now:
            repeat += 1
        walked = (step, 0, repeat)
    assert (None if found is None else (found.slot.step, found.slot.snooze, found.slot.repeat)) == walked
    if found is not None:
        assert found.since <= now < found.next_at


@settings(max_examples=60)
@given(st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=9)), min_size=1, max_size=40), ZONES)
def test_whatever_runs_are_missed_each_run_finds_the_newest_slot_and_none_twice(gaps: list[timedelta], zone: ZoneInfo) -> None:
    topic, now = dated(), datetime(2026, 11, 20, tzinfo=UTC)
    sent: list[tuple[Slot, datetime]] = []
    for gap in gaps:
        now += gap
        due = due_slot(topic, steps_of(topic, Habits()), now, NOTHING, NINE, zone, now)
        if due is not None and due.slot not in dict(sent) and not is_overtaken(due.slot, sent, now):
            sent.append((due.slot, now))
    slots = [slot for slot, _ in sent]
    assert len(set(slots)) == len(slots)
    assert slots == sorted(slots)
    last = due_slot(topic, steps_of(topic, Habits()), now, NOTHING, NINE, zone, now)
    assert last is None or any(slot >= last.slot for slot in slots)


def test_the_name_of_a_slot_comes_back() -> None:
    for slot in (Slot(-35, 0, 2), Slot(0, 1_800_000_000, 11)):
        assert Slot.parse(str(slot)) == slot
    with pytest.raises(ValueError):
        Slot.parse("10")
    assert timedelta(hours=1) < JUST_SENT < timedelta(days=1)
