"""Sample cards come and go with one call, say that they are samples, and show something of every kind."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest

from services.model.card import Card, CardKind
from services.rules.balances.forecast import Forecast
from services.rules.clocks.library import shipped_rules
from services.rules.journeys.address import from_params
from services.store.trips import TripStore
from services.use.cards import CardDesk
from services.use.clocks import ClockDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.reminders import ReminderDesk
from services.use.samples import SampleDesk, shipped_samples
from ui.calendar_feed import calendar_file

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ME = "local"


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(Configuration(tmp_path, database_url, {}))
    yield house
    house.close()


def desk(house: House, language: str = "en") -> SampleDesk:
    return SampleDesk(house, ME, language, lambda: NOW)


def test_loaded_twice_is_loaded_once_and_removed_is_removed_whole(house: House) -> None:
    cards = CardDesk(house, ME, lambda: NOW)
    mine = Card("mine", "My own card", CardKind.SIM)
    cards.add(mine)
    assert not desk(house).loaded()
    desk(house).load()
    desk(house).load()
    assert desk(house).loaded()
    assert len(cards.all()) == len(shipped_samples().cards) + 1
    assert len(ReadingDesk(house, ME, lambda: NOW).history("sample-japan")) == 5
    desk(house).remove()
    assert cards.all() == [mine]
    assert TripStore(house.database, ME).all() == []
    assert not desk(house).loaded()


@pytest.mark.parametrize(("language", "word"), [("en", "(sample)"), ("zh", "（示例）")])
def test_every_name_says_that_it_is_a_sample(house: House, language: str, word: str) -> None:
    desk(house, language).load()
    names = [card.nickname for card in CardDesk(house, ME).all()] + [trip.name for trip in TripStore(house.database, ME).all()]
    assert names
    assert all(name.endswith(word) for name in names)
    assert all(card.is_sample for card in CardDesk(house, ME).all())


def test_the_cards_page_counts_to_the_day_that_the_overview_shows(house: House) -> None:
    """Dad's number may be in arrears any day from the turn of the month: whoever lists cards by urgency must not hide that."""
    desk(house).load()
    views = {view.card.card_id: view for view in ReadingDesk(house, ME, lambda: NOW).board()}
    pressing = {
        clocks.card.card_id: clocks.lead.latest_safe_day
        for clocks in ClockDesk(house, ME, lambda: NOW).all()
        if not clocks.is_assumed and clocks.lead is not None and clocks.lead.latest_safe_day is not None
    }
    assert len(pressing) > 3
    for card_id, last_safe in pressing.items():
        days = views[card_id].urgency.days_left
        assert days is not None, card_id
        assert days <= (last_safe - NOW.date()).days, card_id


def test_they_show_a_forecast_a_date_near_a_low_card_and_one_of_which_nothing_is_known(house: House) -> None:
    desk(house).load()
    views = {view.card.card_id: view for view in ReadingDesk(house, ME, lambda: NOW).board()}
    assert isinstance(views["sample-japan"].forecast, Forecast)
    assert views["sample-unknown"].state is None
    leads = {clocks.card.card_id: clocks.lead for clocks in ClockDesk(house, ME, lambda: NOW).all()}
    bank = leads["sample-uk-bank"]
    assert bank is not None
    assert bank.due is not None
    # nobody says how long these six months are, so they count as 180 days from the top-up of 15 June 2026
    assert bank.due.date() == date(2026, 12, 12)
    assert {view.card.kind for view in views.values()} >= {CardKind.SIM, CardKind.ESIM, CardKind.POCKET_WIFI}


def test_operators_are_known_numbers_are_nobodys_and_the_trip_can_be_read(house: House) -> None:
    samples = shipped_samples()
    assert {card.operator for card in samples.cards} - {None} <= set(shipped_rules())
    for card in samples.cards:
        if card.msisdn is not None:  # Ofcom keeps 07700 900000 to 900999 for drama
            assert phonenumbers.is_possible_number(phonenumbers.parse(card.msisdn))
            assert card.msisdn.startswith("+447700900")
    desk(house).load()
    question, problems = from_params(dict(TripStore(house.database, ME).all()[0].params))
    assert problems == ()
    assert [leg.country for leg in question.legs] == ["JP", "KR"]


def test_nobody_is_reminded_of_a_sample_and_no_calendar_shows_one(house: House) -> None:
    desk(house).load()
    today = datetime.now(UTC)
    mine = Card("mine", "My own card", CardKind.SIM, "giffgaff", "GB", first_used_on=today.date() - timedelta(150))
    CardDesk(house, ME, lambda: today).add(mine)
    told = {standing.topic.card_id for standing in ReminderDesk(house, ME, lambda: today).standings()}
    assert told == {"mine"}
    content = calendar_file(house, ME, "en", "Europe/London").content.decode()
    assert "My own card" in content
    assert "(sample)" not in content
