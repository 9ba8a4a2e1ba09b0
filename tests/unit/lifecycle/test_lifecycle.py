"""Where a card stands in its life, from its dates, its figures and its operator's rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.card import Card, CardKind, Thresholds
from services.model.clock import CardEvent, EventKind
from services.model.data_volume import DataVolume
from services.model.reading import DataBalance, LineStatus, Reading, Source, Validity, ValidityKind
from services.rules.balances.state import CardState, states
from services.rules.balances.urgency import urgency
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.schema import OperatorRule
from services.rules.lifecycle import LifeStage, LifeStep, Place, life
from tests.unit.clocks.rulebook import counted, rule

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
CARD = Card("a", "A", CardKind.SIM)
FEED = 'start = { value = "last_event" }\nstacking = { value = "reset" }\n' + counted("top_up")


def stage(code: str, after: str, loses: str = "", rescue: str | None = None) -> str:
    said = f'\n[[clocks.ladder]]\ncode = "{code}"\nafter = {{ value = "{after}" }}\nloses = {{ value = {loses.split()!r} }}\n'
    return said if rescue is None else said + f"rescue = {{ value = {rescue.split()!r} }}\n"


KEPT = rule(
    "kept",
    "CN",
    "Asia/Shanghai",
    'id = "credit"\nkind = "top_up_only"\nspan = { value = "90 days" }\n'
    + FEED
    + stage("suspended", "0 days", rescue="top_up")
    + stage("cancelled", "30 days", "number", ""),
)
TAKEN = rule(
    "taken",
    "CN",
    "Asia/Shanghai",
    'id = "credit"\nkind = "top_up_only"\nspan = { value = "90 days" }\n' + FEED + stage("deactivated", "0 days", "number"),
)


def read(*ends: tuple[ValidityKind, date], status: LineStatus | None = None, left: int | None = None) -> CardState:
    data = () if left is None else (DataBalance(remaining=DataVolume(left)),)
    validity = tuple(Validity(kind, day) for kind, day in ends)
    return states([Reading("a", Source.TYPED, NOW, data=data, validity=validity, status=status)])["a"]


def clocks(law: OperatorRule, topped_up: date) -> tuple[ClockState, ...]:
    at = datetime(topped_up.year, topped_up.month, topped_up.day, 12, tzinfo=ZONE)
    return clock_states(law, [CardEvent(EventKind.TOPPED_UP, at)], NOW, ZONE)


def steps(card: Card = CARD, state: CardState | None = None, running: tuple[ClockState, ...] = (), today: date = TODAY) -> list[LifeStep]:
    return list(life(card, state, urgency(state, card.thresholds, today), running, today))


def here(found: list[LifeStep]) -> LifeStage | None:
    return next((step.stage for step in found if step.place is Place.HERE), None)


def of(found: list[LifeStep], stage: LifeStage) -> LifeStep:
    return next(step for step in found if step.stage is stage)


def test_of_a_card_nobody_knows_anything_of_every_stage_is_unknown() -> None:
    assert [(step.stage, step.place, step.day) for step in steps()] == [(stage, Place.UNKNOWN, None) for stage in LifeStage]


def test_what_a_person_remembers_is_behind_the_card() -> None:
    card = replace(CARD, bought_on=date(2026, 10, 1), installed_on=date(2026, 10, 3), first_used_on=date(2026, 10, 5))
    found = steps(card, read((ValidityKind.PLAN, date(2026, 12, 1)), left=10**9))
    assert [step.place.value for step in found] == ["behind", "behind", "here", "ahead", "ahead", "unknown", "unknown"]
    assert of(found, LifeStage.EXPIRED).day == date(2026, 12, 1)


def test_low_is_said_whatever_else_presses() -> None:
    card = replace(CARD, thresholds=Thresholds(data=DataVolume(10**9)))
    found = steps(card, read((ValidityKind.PLAN, TODAY - timedelta(days=1)), left=10**8))
    assert (of(found, LifeStage.LOW).place, here(found)) == (Place.BEHIND, LifeStage.EXPIRED)


def test_a_card_not_used_yet_is_not_called_active() -> None:
    assert of(steps(state=read(status=LineStatus.NOT_ACTIVATED)), LifeStage.ACTIVE).place is Place.AHEAD
    assert here(steps(state=read(status=LineStatus.ACTIVE))) is LifeStage.ACTIVE


def test_an_expired_card_can_be_saved_until_the_day_the_operator_says() -> None:
    ends = ((ValidityKind.PLAN, date(2026, 11, 17)), (ValidityKind.RESCUE, date(2026, 12, 10)))
    found = steps(state=read(*ends))
    assert (here(found), of(found, LifeStage.RESCUE).day) == (LifeStage.RESCUE, date(2026, 12, 10))
    assert of(found, LifeStage.EXPIRED) == LifeStep(LifeStage.EXPIRED, Place.BEHIND, date(2026, 11, 17))
    later = steps(state=read(*ends), today=date(2026, 12, 11))
    assert here(later) is LifeStage.EXPIRED, "the window is shut, and nobody says that the number is gone"


def test_a_number_past_its_date_is_lost_unless_something_saves_it() -> None:
    gone = (ValidityKind.NUMBER, date(2026, 11, 1))
    assert here(steps(state=read(gone))) is LifeStage.LOST
    assert here(steps(state=read(gone, (ValidityKind.RESCUE, date(2026, 12, 1))))) is LifeStage.RESCUE
    assert here(steps(state=read(status=LineStatus.CLOSED))) is LifeStage.LOST


def test_the_rule_of_the_operator_says_window_and_loss() -> None:
    """90 days from the top-up, then 30 in which a top-up saves it."""
    found = steps(running=clocks(KEPT, date(2026, 11, 10)))
    assert here(found) is None
    assert of(found, LifeStage.EXPIRED).place is of(found, LifeStage.RESCUE).place is of(found, LifeStage.LOST).place is Place.AHEAD
    window, loss = of(found, LifeStage.RESCUE).day, of(found, LifeStage.LOST).day
    assert window is not None
    assert loss == window + timedelta(days=1)
    assert here(steps(running=clocks(KEPT, date(2026, 8, 10)))) is LifeStage.RESCUE
    assert here(steps(running=clocks(KEPT, date(2026, 7, 1)))) is LifeStage.LOST


def test_a_number_that_the_rule_takes_at_once_is_lost_and_a_plan_to_come_changes_nothing() -> None:
    running = clocks(TAKEN, date(2026, 5, 1))
    found = steps(state=read((ValidityKind.PLAN, date(2026, 12, 7)), left=10**9), running=running)
    assert here(found) is LifeStage.LOST
    assert of(found, LifeStage.EXPIRED).day == running[0].latest_safe_day


@given(
    ends=st.dictionaries(st.sampled_from(list(ValidityKind)), st.dates(date(2026, 10, 1), date(2027, 1, 31))),
    status=st.sampled_from([None, *LineStatus]),
    topped_up=st.none() | st.dates(date(2026, 5, 1), TODAY),
    ladder=st.sampled_from([KEPT, TAKEN]),
)
def test_what_is_reached_is_not_dated_in_the_future_and_one_place_is_here(ends, status, topped_up, ladder) -> None:
    running = () if topped_up is None else clocks(ladder, topped_up)
    found = steps(state=read(*ends.items(), status=status), running=running)
    assert [step.stage for step in found] == list(LifeStage)
    assert sum(step.place is Place.HERE for step in found) <= 1
    at = [step.place for step in found].index(Place.HERE) if here(found) else -1
    assert all(step.place in (Place.AHEAD, Place.UNKNOWN) for step in found[at + 1 :])
    for step in found:
        reached = step.place in (Place.BEHIND, Place.HERE)
        if reached and step.stage is not LifeStage.RESCUE and step.day is not None:
            assert step.day <= TODAY


@pytest.mark.parametrize("status", [LineStatus.EXPIRED, LineStatus.SUSPENDED])
def test_an_operator_that_says_expired_without_a_date_is_believed_and_given_none(status: LineStatus) -> None:
    found = steps(state=read((ValidityKind.PLAN, date(2026, 12, 7)), status=status))
    assert of(found, LifeStage.EXPIRED) == LifeStep(LifeStage.EXPIRED, Place.HERE, None)
