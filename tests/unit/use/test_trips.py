"""Planning trips in use: kept trips, the question and its address, offers, solving in other processes, steps and their calendar."""

import os
import pickle
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import icalendar
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.generated_plans import EUROPE, generated_plans
from services.model.card import Card, CardKind, Identifiers
from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import Caution, OwnedCard, Purchase, Sharing, Source, Status, TripAnswer, TripAnswers, TripProblem
from services.model.money import Money
from services.model.order import TopUpProduct
from services.model.plan import Allowance, AllowanceKind, Origin, Plan, StartRule
from services.model.reading import DataBalance, Reading, Validity, ValidityKind
from services.model.reading import Source as ReadingSource
from services.model.saved_trip import SavedTrip, Step, StepKind
from services.model.tri import Tri
from services.model.trip import Leg, Needs, Trip
from services.rules.compare.frame import PlanFrame
from services.rules.compare.question import Rates
from services.rules.journeys.address import from_params, to_params
from services.rules.journeys.offers import NotOffered, catalogue_of
from services.rules.journeys.question import Fault, LegAsked, TripQuestion
from services.rules.journeys.steps import steps_of, ticked_as
from services.rules.journeys.view import choices, runs
from services.rules.trips import Catalogue, Limits, WrongAnswer, solve
from services.store.catalogue import CatalogueStore
from services.store.trips import NoSuchTrip, TripStore
from services.use import trip_worker
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.rates import currencies, rates_to
from services.use.readings import ReadingDesk
from services.use.trip_calendar import Entry, calendar_file
from services.use.trip_pool import PLACES, TripPool
from services.use.trip_worker import Trouble
from services.use.trips import TripDesk
from tests.unit.use.held_solving import held_answer

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
GB = 10**9
RATES = Rates("USD", date(2026, 11, 19), {"EUR": Decimal("1.0873"), "GBP": Decimal("1.2651"), "JPY": Decimal("0.0064731")})


def volume(gigabytes: float) -> DataVolume:
    return DataVolume(int(gigabytes * GB))


def plan(plan_id: str, countries: str, gigabytes: float, days: int, price: str, **more: object) -> Plan:
    whole = Plan(
        source="test",
        plan_id=plan_id,
        seller="Nimbus",
        name=f"Plan {plan_id}",
        allowance=Allowance(AllowanceKind.TOTAL, volume(gigabytes)),
        validity_days=days,
        countries=frozenset(countries.split()),
        price=Money.of(Decimal(price), "USD"),
        fetched_at=NOW,
        start_rule=StartRule.FIRST_CONNECTION,
        hotspot=Tri.YES,
        new_users_only=Tri.NO,
    )
    return replace(whole, **more)  # type: ignore[arg-type]


PLANS = [plan("JP5", "JP", 5, 7, "5"), plan("KR5", "KR", 5, 7, "6"), plan("ASIA20", "JP KR", 20, 30, "30"), plan("JP10", "JP", 10, 15, "9")]


def asked(**more: object) -> TripQuestion:
    legs = (LegAsked("JP", date(2026, 12, 1), date(2026, 12, 5)), LegAsked("KR", date(2026, 12, 6), date(2026, 12, 10)))
    whole = TripQuestion(legs=legs, per_day=volume(1), currency="USD")
    return replace(whole, **more)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(Configuration(tmp_path, database_url, {}))
    CatalogueStore(house.database, "local").replace("test", "Test", Origin.IMPORTED, PLANS, NOW)
    yield house
    house.close()


@pytest.fixture
def desk(house: House) -> TripDesk:
    return TripDesk(house, "local", lambda: NOW)


@pytest.fixture(scope="module")
def pool() -> Iterator[TripPool]:
    pool = TripPool(workers=1)
    yield pool
    pool.close()


# ------------------------------------------------------------------------------------------------------------------- kept trips


def saved(trip_id: str = "a", steps: tuple[Step, ...] = ()) -> SavedTrip:
    return SavedTrip(trip_id, "=冬天 <b>", (("gb", "1"), ("legs", "JP__")), NOW, steps)


STEPS = (Step("1", StepKind.BUY, TODAY, "Plan", "Nimbus", "https://example.com", 5, "USD", TODAY, 2), Step("2", StepKind.SWITCH_ON, TODAY))


def test_a_trip_comes_back_as_it_was_kept_and_goes_when_deleted(house: House) -> None:
    store = TripStore(house.database, "local")
    store.put(saved(steps=STEPS))
    assert store.get("a") == saved(steps=STEPS)
    store.put(replace(saved(steps=STEPS), name="Other"))
    assert [trip.name for trip in store.all()] == ["Other"]
    store.delete("a")
    assert store.all() == []
    with pytest.raises(NoSuchTrip):
        store.get("a")


def test_trips_of_another_account_are_out_of_reach(house: House) -> None:
    house.database.ensure_account("other")
    mine, theirs = TripStore(house.database, "local"), TripStore(house.database, "other")
    mine.put(saved(steps=STEPS))
    assert theirs.all() == []
    with pytest.raises(NoSuchTrip):
        theirs.tick("a", ["1"], True)
    theirs.delete("a")
    theirs.put(replace(saved(), name="Theirs"))
    assert mine.get("a").name == "=冬天 <b>"


def test_two_devices_tick_different_steps_and_both_ticks_stay(house: House) -> None:
    one, other = TripStore(house.database, "local"), TripStore(house.database, "local")
    one.put(saved(steps=STEPS))
    one.tick("a", ["1"], True)
    other.tick("a", ["2"], True)
    assert [step.done for step in one.get("a").steps] == [True, True]
    other.tick("a", ["1"], False)
    assert one.get("a").done == 1


def test_saving_again_changes_the_question_and_keeps_the_checklist(desk: TripDesk) -> None:
    kept = desk.save("Winter", {"gb": "1"})
    desk.store.put(replace(kept, steps=STEPS))
    again = desk.save("Winter 2", {"gb": "2"}, kept.trip_id)
    assert (again.trip_id, again.steps, dict(again.params)) == (kept.trip_id, STEPS, {"gb": "2"})
    copied = desk.copy(kept.trip_id, "Copy")
    assert copied.trip_id != kept.trip_id
    assert (copied.params, copied.steps) == (again.params, ())


# ------------------------------------------------------------------------------------------------------------------- question

days = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
amounts = st.one_of(st.none(), st.integers(0, 900_000).map(lambda megabytes: DataVolume.of(megabytes, DataUnit.MB)))
legs = st.builds(LegAsked, st.sampled_from([None, "JP", "KR", "DE", "XK"]), days, days, amounts)
texts = st.text(min_size=1, max_size=6).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
questions = st.builds(
    TripQuestion,
    legs=st.lists(legs, max_size=5).map(tuple),
    per_day=amounts,
    needs=st.builds(Needs, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    accept_unknown=st.booleans(),
    devices=st.lists(st.integers(1, 5), min_size=1, max_size=8).map(tuple),
    sharing=st.sampled_from(Sharing),
    fee=st.one_of(st.none(), st.decimals(0, 1000, places=2)),
    currency=st.sampled_from([None, "USD", "CNY"]),
    max_installs=st.integers(1, 8),
    left_out=st.frozensets(st.tuples(texts, texts), max_size=3),
    fair_use=st.booleans(),
    promotions=st.booleans(),
    use_owned=st.booleans(),
    works_in=st.lists(st.tuples(texts, st.frozensets(st.sampled_from(["JP", "KR"]))), max_size=2, unique_by=lambda pair: pair[0]).map(
        lambda pairs: tuple(sorted(pairs, key=lambda pair: pair[0]))
    ),
)


@given(questions)
def test_a_question_comes_back_from_its_address(question: TripQuestion) -> None:
    legs = tuple(leg for leg in question.legs if leg != LegAsked())
    again, problems = from_params(to_params(replace(question, legs=legs)))
    assert problems == ()
    assert again == replace(question, legs=legs)


@given(st.dictionaries(st.sampled_from(["legs", "gb", "needs", "people", "share", "fee", "cur", "installs", "out", "works"]), st.text()))
def test_no_address_breaks_the_reader(params: dict[str, str]) -> None:
    question, _ = from_params(params)
    question.problems(TODAY, currencies())
    assert len(question.legs) <= 20


def test_what_cannot_be_read_is_named() -> None:
    question, problems = from_params({"legs": "JP_2026-12-01_2026-13-01_x,QQ_2026-12-01_2026-12-02", "share": "none of it", "people": "9"})
    assert [(problem.fault, problem.value) for problem in problems] == [
        (Fault.BAD_VALUE, "x"),
        (Fault.BAD_VALUE, "2026-13-01"),
        (Fault.BAD_VALUE, "QQ"),
        (Fault.BAD_VALUE, "9"),
        (Fault.BAD_VALUE, "none of it"),
    ]
    assert question.legs == (LegAsked("JP", date(2026, 12, 1), None), LegAsked(None, date(2026, 12, 1), date(2026, 12, 2)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"legs": ()}, Fault.NO_LEG),
        ({"legs": (LegAsked(None, TODAY, TODAY),)}, Fault.NO_COUNTRY),
        ({"legs": (LegAsked("JP", TODAY, None),)}, Fault.NO_DATE),
        ({"legs": (LegAsked("JP", TODAY, TODAY - timedelta(1)),)}, Fault.DATES_REVERSED),
        ({"legs": (LegAsked("JP", TODAY - timedelta(9), TODAY - timedelta(1)),)}, Fault.DATES_PAST),
        ({"legs": (LegAsked("JP", TODAY, TODAY + timedelta(180)),)}, Fault.TOO_LONG),
        ({"per_day": None}, Fault.NO_NEED),
        ({"per_day": DataVolume(0)}, Fault.NO_NEED),
        ({"per_day": volume(201)}, Fault.NEED_TOO_LARGE),
        ({"currency": "XXX"}, Fault.UNKNOWN_CURRENCY),
    ],
)
def test_each_thing_in_the_way_of_an_answer_is_named(change: dict[str, object], fault: Fault) -> None:
    assert [problem.fault for problem in asked(**change).problems(TODAY, currencies())] == [fault]
    assert asked().problems(TODAY, currencies()) == ()


def test_days_that_are_over_need_nothing_any_more() -> None:
    trip = asked().trip(date(2026, 12, 4))
    assert [(leg.country, leg.first_day.day) for leg in trip.legs] == [("JP", 4), ("KR", 6)]


# ------------------------------------------------------------------------------------------------------------------- offers


def test_the_catalogue_from_columns_is_the_catalogue_from_plans() -> None:
    plans = list(generated_plans(3000))
    usable = [plan for plan in plans if plan.price.currency in {"USD", *RATES.per_unit}]
    expected, found = Catalogue.of(usable, "USD", RATES.per_unit), catalogue_of(PlanFrame.from_plans(plans), RATES)
    assert found.left_out == len(plans) - len(found)
    order = [expected.keys.index(key) for key in found.keys]
    assert sorted(order) == list(range(len(expected)))
    for column in fields(Catalogue):
        here, there = getattr(found, column.name), getattr(expected, column.name)
        if isinstance(here, np.ndarray) and column.name not in {"seller", "coverage"}:
            assert np.array_equal(here, there[order]), column.name
    assert [found.sellers[code] for code in found.seller] == [expected.sellers[expected.seller[row]] for row in order]
    assert [found.areas[code] for code in found.coverage] == [expected.areas[expected.coverage[row]] for row in order]


def test_the_usual_fee_is_a_dollar_in_the_persons_currency(desk: TripDesk) -> None:
    assert desk.problem(asked()).fee_micro == 1_000_000
    yuan = rates_to("CNY").per_unit["USD"].quantize(Decimal("0.01"))
    assert desk.problem(asked(currency="CNY")).fee_micro == int(yuan * 1_000_000)
    assert desk.problem(asked(currency="CNY", fee=Decimal("2.5"))).fee_micro == 2_500_000


def own(house: House, card_id: str, *readings: Reading, country: str | None = "JP") -> None:
    CardDesk(house, "local", lambda: NOW).add(Card(card_id, f"Card {card_id}", CardKind.SIM, country=country, identifiers=Identifiers()))
    for reading in readings:
        ReadingDesk(house, "local", lambda: NOW).record(reading)


def seen(card_id: str, gigabytes: float | None, last_day: date | None, **more: object) -> Reading:
    balance = DataBalance(remaining=None if gigabytes is None else volume(gigabytes), unlimited=Tri.UNKNOWN)
    ends = (Validity(ValidityKind.PLAN, last_day),) if last_day else ()
    return Reading(card_id, ReadingSource.TYPED, NOW, data=(balance,), validity=ends, **more)  # type: ignore[arg-type]


def test_a_card_is_an_offer_only_with_what_is_known(house: House, desk: TripDesk) -> None:
    own(house, "good", seen("good", 3, date(2026, 12, 4)))
    own(house, "silent")
    own(house, "empty", seen("empty", 0, date(2026, 12, 4)))
    own(house, "endless", seen("endless", 3, None))
    own(house, "over", seen("over", 3, date(2026, 11, 19)))
    own(house, "nowhere", seen("nowhere", 3, date(2026, 12, 4)), country=None)
    offers = {offer.card_id: offer for offer in desk.owned(asked())}
    assert {card: offer.reason for card, offer in offers.items()} == {
        "good": None,
        "silent": NotOffered.DATA_UNKNOWN,
        "empty": NotOffered.NOTHING_LEFT,
        "endless": NotOffered.END_UNKNOWN,
        "over": NotOffered.ENDED,
        "nowhere": NotOffered.COUNTRY_UNKNOWN,
    }
    assert desk.problem(asked()).owned == (
        OwnedCard("good", Allowance(AllowanceKind.TOTAL, volume(3)), frozenset({"JP"}), last_day=date(2026, 12, 4)),
    )
    assert desk.problem(asked(use_owned=False)).owned == ()
    told = desk.problem(asked(works_in=(("nowhere", frozenset({"KR"})),))).owned
    assert {card.key: card.countries for card in told} == {"good": frozenset({"JP"}), "nowhere": frozenset({"KR"})}


def test_top_ups_that_a_provider_gave_are_offers_in_the_questions_currency(house: House, desk: TripDesk) -> None:
    own(house, "good", seen("good", 3, date(2026, 12, 30)))
    product = TopUpProduct("p1", "1 GB", Money.of(2, "USD"), Allowance(AllowanceKind.TOTAL, volume(1)), 7)
    unpriced = replace(product, product_id="p2", price=None)
    house.trips.top_ups["local", "good"] = (NOW, (product, unpriced))
    problem = desk.problem(asked(currency="EUR"))
    assert [(top.key, top.card, top.countries) for top in problem.top_ups] == [("good/p1", "good", frozenset({"JP"}))]
    assert problem.top_ups[0].price_micro == round(2 * rates_to("EUR").per_unit["USD"] * 1_000_000)


# ------------------------------------------------------------------------------------------------------------------- solving


def test_the_answer_of_the_other_process_is_that_of_this_one(desk: TripDesk) -> None:
    problem, solving = desk.ask(asked())
    assert solving.wait(60)
    found = solving.outcome()
    assert isinstance(found, TripAnswers)
    here = solve(problem, Catalogue.of(PLANS, "USD"))
    assert replace(found, seconds=0) == replace(here, seconds=0)
    assert found.cheapest.cost_micro == 13_000_000
    assert desk.ask(asked())[1] is solving


def test_a_card_with_enough_left_wins_and_needs_no_install(house: House, desk: TripDesk) -> None:
    own(house, "good", seen("good", 50, date(2026, 12, 30)))
    question = asked(legs=(LegAsked("JP", date(2026, 12, 1), date(2026, 12, 5)),))
    _, solving = desk.ask(question)
    assert solving.wait(60)
    found = solving.outcome()
    assert isinstance(found, TripAnswers)
    assert (found.cheapest.cost_micro, found.cheapest.installs) == (0, 0)
    facts = desk.facts([purchase.key for purchase in found.cheapest.purchases], question)
    assert [fact.name for fact in facts.values()] == ["Card good"]


def test_the_solving_process_imports_neither_pages_nor_database(pool: TripPool) -> None:
    pool.warm()
    modules = set(pool._started().submit(eval, "list(__import__('sys').modules)").result(60))
    assert "services.rules.trips.solve" in modules
    assert not {"streamlit", "sqlalchemy", "httpx", "altair", "pytest"} & modules


HARD = TripProblem(
    Trip(
        tuple(
            Leg(code, date(2026, 12, 1) + timedelta(15 * at), date(2026, 12, 16) + timedelta(15 * at))
            for at, code in enumerate(EUROPE[:11])
        ),
        volume(3),
    ),
    max_installs=8,
)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A catalogue, while the solving processes hold every question until it is stopped: how fast a machine solves plays no part."""
    monkeypatch.setattr(trip_worker, "answer", held_answer)
    return pickle.dumps(Catalogue.of(PLANS, "USD"))


def until(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not told():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_solving_is_stopped_and_its_place_is_free_again(pool: TripPool, held: bytes) -> None:
    begun = pool.solve("hard", HARD, "held", held, Limits())
    behind = [pool.solve(f"behind {place}", HARD, "held", held, Limits()) for place in range(4)]
    until(lambda: begun.progress()[1] > 0)
    assert not begun.wait(0)
    behind[-1].stop()
    assert behind[-1].wait(0)
    assert behind[-1].outcome() is None
    for solving in (begun, *behind):
        solving.stop()
    until(lambda: begun.wait(1))
    assert isinstance(begun.outcome(), TripAnswers)
    until(lambda: len(pool._free) == PLACES)


def test_stopped_before_the_proof_the_best_so_far_has_a_gap() -> None:
    plans = [replace(one, promo_price=None, new_users_only=Tri.NO) for one in generated_plans(4000) if one.price.currency == "USD"]
    everywhere = plan("ALL", " ".join(EUROPE), 800, 180, "900")
    best = solve(HARD, Catalogue.of([*plans, everywhere], "USD"), Limits(), cancelled=lambda: True).cheapest
    assert best.status is Status.BEST_FOUND
    assert best.cost_micro is not None
    assert best.bound_micro is not None
    assert 0 < best.bound_micro < best.cost_micro <= 901_000_000


def test_an_answer_that_fails_verification_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object, **__: object) -> TripAnswers:
        raise WrongAnswer("not enough data", "JP")

    monkeypatch.setattr(trip_worker, "solve", wrong)
    monkeypatch.setattr(trip_worker, "_board", [0, 0, 0, -1])
    outcome = trip_worker.answer(0, HARD, "x", pickle.dumps(Catalogue.of(PLANS, "USD")), Limits())
    assert outcome == Trouble("wrong_answer", "not enough data: JP")


def test_a_process_that_died_is_an_error_and_the_next_question_is_answered(
    desk: TripDesk, house: House, held: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    solving = house.trips.solve("hard", HARD, "held", held, Limits())
    until(lambda: solving.progress()[1] > 0)
    executor = house.trips._started()
    for process in list(executor._processes):
        os.kill(process, signal.SIGKILL)
    until(lambda: solving.wait(1))
    assert isinstance(solving.outcome(), Trouble)
    monkeypatch.undo()
    _, after = desk.ask(asked())
    until(lambda: after.wait(1))
    assert isinstance(after.outcome(), TripAnswers)


# ------------------------------------------------------------------------------------------------------------------- steps


def bought(start: Caution | None, first: date, **more: object) -> Purchase:
    use = tuple((first + timedelta(offset), GB) for offset in range(3))
    cautions = (start,) if start else ()
    whole = Purchase(Source.NEW, ("test", "P"), 0, first, first + timedelta(6), 5_000_000, 1_000_000, use, cautions=cautions)
    return replace(whole, **more)  # type: ignore[arg-type]


def steps(*purchases: Purchase, today: date = TODAY) -> list[tuple[StepKind, date]]:
    problem = TripProblem(asked().trip(today))
    answer = TripAnswer(Status.PROVED, 0, 0, 1, purchases)
    return [(step.kind, step.day) for step in steps_of(problem, answer, "USD", lambda key: ("Plan", "Nimbus", ""), today)]


def test_a_plan_that_waits_is_bought_and_installed_before_leaving() -> None:
    leave = date(2026, 12, 1)
    assert steps(bought(None, date(2026, 12, 2))) == [
        (StepKind.CHECK_PHONE, leave - timedelta(3)),
        (StepKind.BUY, leave - timedelta(3)),
        (StepKind.INSTALL, leave - timedelta(1)),
        (StepKind.HOME_ROAMING_OFF, leave),
        (StepKind.SWITCH_ON, date(2026, 12, 2)),
        (StepKind.HOME_DATA_ON, date(2026, 12, 10)),
    ]


@pytest.mark.parametrize(
    ("caution", "kinds"),
    [
        (Caution.STARTS_AT_PURCHASE, {StepKind.BUY_ON_THE_DAY, StepKind.INSTALL_ON_THE_DAY}),
        (Caution.START_UNPUBLISHED, {StepKind.BUY_ON_THE_DAY, StepKind.INSTALL_ON_THE_DAY}),
        (Caution.STARTS_AT_INSTALL, {StepKind.INSTALL_ON_THE_DAY}),
    ],
)
def test_a_plan_that_starts_by_itself_waits_for_its_first_day(caution: Caution, kinds: set[StepKind]) -> None:
    first = date(2026, 12, 6)
    found = steps(bought(caution, first))
    assert {kind for kind, day in found if day == first} == kinds | {StepKind.SWITCH_ON}


def test_no_step_lies_in_the_past() -> None:
    for today in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 4)):
        assert all(day >= today for _, day in steps(bought(None, date(2026, 12, 2)), today=today))


def test_ticks_stay_when_the_same_steps_are_made_again_and_twins_are_told_apart() -> None:
    twins = (bought(None, date(2026, 12, 2)), bought(None, date(2026, 12, 2)))
    problem = TripProblem(asked().trip(TODAY))

    def made(*purchases: Purchase) -> tuple[Step, ...]:
        return steps_of(problem, TripAnswer(Status.PROVED, 0, 0, 1, purchases), "USD", lambda key: ("Plan", "Nimbus", ""), TODAY)

    before = made(*twins)
    assert len({step.step_id for step in before}) == len(before)
    ticked = tuple(replace(step, done=step.kind is StepKind.BUY) for step in before)
    assert [step.done for step in ticked_as(made(twins[0]), ticked)].count(True) == 1


def test_the_days_of_a_plan_are_runs() -> None:
    first = date(2026, 12, 2)
    split = bought(None, first, use=((first, 1), (first + timedelta(1), 2), (first + timedelta(4), 5)))
    assert [(run.first_day.day, run.last_day.day, run.bytes) for run in runs(split)] == [(2, 3, 3), (6, 6, 5)]


def test_answers_that_say_the_same_are_named_once() -> None:
    one, two = (TripAnswer(Status.PROVED, cost, cost, 1, (bought(None, TODAY, price_micro=cost),)) for cost in (5, 7))
    none = TripAnswer(Status.IMPOSSIBLE)
    answers = TripAnswers("USD", 1, 1, NOW, NOW, cheapest=one, one_plan=two, owned_only=none, front=(two, one))
    assert list(choices(answers)) == ["cheapest", "one_plan"]
    # an answer with as many installs that is cheaper by less than a coin is none to choose from
    other = replace(two, purchases=(bought(None, TODAY, price_micro=4),))
    assert list(choices(replace(answers, front=(two, other)))) == ["cheapest", "one_plan"]
    fewer = replace(answers, cheapest=replace(one, installs=2), front=(other, one))
    assert list(choices(fewer)) == ["cheapest", "one_plan", "front_1"]


def test_the_calendar_is_stable_and_carries_neither_markup_nor_formulas() -> None:
    entries = [
        Entry("x-1", TODAY, '=HYPERLINK("http://evil") <script>', "+1 \u202eabc", "javascript:alert(1)"),
        Entry("x-2", TODAY, "买；卡, a\nb"),
    ]
    written = calendar_file(entries, NOW)
    assert written == calendar_file(entries, NOW)
    events = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert [str(event["uid"]) for event in events] == ["x-1@simkeeper", "x-2@simkeeper"]
    assert [event["dtstart"].dt for event in events] == [TODAY, TODAY]
    first = events[0]
    assert str(first["summary"]).startswith("'=")
    assert "<" not in str(first["summary"])
    assert str(first["description"]) == "'+1 abc"
    assert "url" not in first
    assert str(events[1]["summary"]) == "买；卡, a b"
