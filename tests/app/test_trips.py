"""The trip page without a browser: fields and address, answers, checklist, kept trips."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.saved_trip import StepKind
from services.store.database import LOCAL_ACCOUNT
from services.store.trips import TripStore
from services.use import trips as use
from services.use.house import house
from services.use.trip_pool import Busy
from services.use.trip_worker import Trouble
from tests.app.driving import fresh_app
from ui.text import for_label

TODAY = datetime.now(UTC).date()
FIRST = TODAY + timedelta(20)


def legs(*stays: tuple[str, date, date]) -> str:
    return ",".join(f"{country}_{first}_{last}" for country, first, last in stays)


JAPAN_KOREA = legs(("JP", FIRST, FIRST + timedelta(6)), ("KR", FIRST + timedelta(6), FIRST + timedelta(11)))


@pytest.fixture
def app(own_house: Path) -> AppTest:
    app = fresh_app()
    app.query_params["lang"] = "en"
    return app


def open_trips(app: AppTest, **params: str) -> AppTest:
    app.run()
    app.switch_page("../pages/trips.py")
    for name, value in params.items():
        app.query_params[name] = value
    return answered(app.run())


def answered(app: AppTest) -> AppTest:
    """Run again until what is being solved is shown."""
    end = time.monotonic() + 300
    while "tripq_solving" in app.session_state and not app.session_state["tripq_solving"].over:
        assert time.monotonic() < end
        time.sleep(0.1)
    app.run()
    assert not app.exception
    return app


def headers(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


def test_an_empty_question_says_what_to_do_and_an_example_answers_it(app: AppTest) -> None:
    open_trips(app)
    assert "Stay 1: choose the country." in [info.value for info in app.info]
    assert not app.metric
    answered(app.button(key="trip_example").click().run())
    assert headers(app)[0].endswith("for the whole trip")
    assert app.query_params["legs"].startswith("JP_")


def test_the_address_fills_the_fields_and_every_change_goes_back_into_it(app: AppTest) -> None:
    open_trips(app, legs=JAPAN_KOREA, gb="1.5", needs="hotspot", people="1,2", installs="3", cur="EUR")
    assert app.number_input(key="trip_gb").value == 1.5
    assert app.number_input(key="trip_travellers").value == 2
    assert app.number_input(key="trip_devices_2").value == 2
    app.number_input(key="trip_gb").set_value(2.0).run()
    assert app.query_params["gb"] == "2"
    app.button(key="trip_add").click().run()
    assert app.query_params["legs"].count(",") == 2
    app.button(key="trip_remove_2").click().run()
    assert app.query_params["legs"] == JAPAN_KOREA


def test_the_answers_stand_side_by_side_with_proof_and_date(app: AppTest) -> None:
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    assert len(app.metric) == 2
    cheapest, single = (float(metric.value.strip("$")) for metric in app.metric)
    assert cheapest <= single
    said = " ".join(markdown.value for markdown in app.markdown)
    assert "Proved cheapest among" in said
    assert "None of your cards can take part." in said
    assert any("Rates of" in caption.value for caption in app.caption)
    assert "Invented price" in said


def test_a_country_without_a_plan_is_named_with_what_would_help(app: AppTest) -> None:
    open_trips(app, legs=legs(("AQ", FIRST, FIRST + timedelta(3))), gb="1", cur="USD")
    assert not app.metric
    assert any("From" in warning.value and "local SIM" in warning.value for warning in app.warning)


def test_a_plan_that_is_left_out_is_used_no_more_and_can_be_taken_back(app: AppTest) -> None:
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    before = app.metric[0].value
    answered(app.button(key="trip_leave_1").click().run())
    assert "~" in app.query_params["out"]
    assert app.metric[0].value != before
    out = next(field for field in app.multiselect if field.key and field.key.startswith("trip_out_"))
    answered(out.set_value([]).run())
    assert "out" not in app.query_params
    assert app.metric[0].value == before


def test_the_checklist_is_saved_with_the_trip_and_keeps_its_ticks(app: AppTest) -> None:
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    app.button(key="trip_checklist").click().run()
    trip = TripStore(house().database, LOCAL_ACCOUNT).all()[0]
    assert app.query_params["trip"] == trip.trip_id
    assert {StepKind.CHECK_PHONE, StepKind.HOME_ROAMING_OFF, StepKind.SWITCH_ON} <= {step.kind for step in trip.steps}
    app.checkbox(key=f"trip_step_{trip.trip_id}_{trip.steps[0].step_id}").check().run()
    assert TripStore(house().database, LOCAL_ACCOUNT).get(trip.trip_id).done == 1
    app.button(key="trip_checklist").click().run()
    assert TripStore(house().database, LOCAL_ACCOUNT).get(trip.trip_id).done == 1


def test_trips_are_saved_copied_opened_and_deleted(app: AppTest) -> None:
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    app.text_input(key="trip_name_").set_value("<b>Winter</b>").run()
    app.button(key="trip_save").click().run()
    store = TripStore(house().database, LOCAL_ACCOUNT)
    kept = store.all()[0]
    assert kept.name == "<b>Winter</b>"
    assert dict(kept.params)["legs"] == JAPAN_KOREA
    app.button(key=f"trip_copy_{kept.trip_id}").click().run()
    copied = next(trip for trip in store.all() if trip.trip_id != kept.trip_id)
    assert app.query_params["trip"] == copied.trip_id
    app.number_input(key="trip_gb").set_value(3.0).run()
    app.button(key=f"trip_open_{kept.trip_id}").click().run()
    assert app.number_input(key="trip_gb").value == 1.0
    app.button(key=f"trip_delete_{kept.trip_id}").click().run()
    assert [trip.trip_id for trip in store.all()] == [copied.trip_id]
    assert "trip" not in app.query_params


def test_a_trip_that_is_gone_and_rubbish_in_the_address_break_nothing(app: AppTest) -> None:
    open_trips(app, legs=f"{JAPAN_KOREA},ZZ_x_y", gb="1", cur="USD", trip="gone", share="[a](http://evil)")
    assert any("was left out" in error.value and "](http" not in error.value for error in app.error)


@dataclass
class Over:
    """A solving that has ended in ``trouble``."""

    trouble: Trouble
    over: bool = True

    def wait(self, seconds: float) -> bool:
        return True

    def outcome(self) -> Trouble:
        return self.trouble


def test_names_in_labels_can_form_no_markup() -> None:
    hostile = "[x](http://evil) **b** :material/home: `c` $a$ <i> \u202eq"
    shown = for_label(hostile)
    assert not set("[]*`$<>\u202e") & set(shown)
    assert ":material" not in shown


@pytest.mark.parametrize(
    ("kind", "words"),
    [("wrong_answer", "second calculation"), ("too_many_countries", "more countries"), ("lost", "ended before its time")],
)
def test_trouble_is_said_and_is_no_answer(app: AppTest, monkeypatch: pytest.MonkeyPatch, kind: str, words: str) -> None:
    monkeypatch.setattr(use.TripDesk, "ask", lambda *_, **__: (None, Over(Trouble(kind, ""))))
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    assert any(words in error.value for error in app.error)
    assert not app.metric


def test_many_waiting_questions_ask_for_patience(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise Busy

    monkeypatch.setattr(use.TripDesk, "ask", busy)
    open_trips(app, legs=JAPAN_KOREA, gb="1", cur="USD")
    assert any("Many trips" in warning.value for warning in app.warning)
