"""Adding, merging, reading and refreshing cards, with a provider's emulator on a socket."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.model.card import Card, CardKind, CardSecrets, Identifiers, ProviderLink, Thresholds
from services.model.data_volume import DataVolume
from services.model.reading import DataBalance, Measure, Reading, Source, Validity, ValidityKind
from services.providers.errors import Unauthorised
from services.providers.sandbox.faults import Fault, Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.rules.balances.forecast import NoForecast, Outlook
from services.rules.balances.urgency import Level
from services.rules.identifiers.lpa import NotAnActivationCodeError
from services.use.cards import CardDesk, Difference, of_remote, secrets_of_code, twins, with_iccid, with_number
from services.use.configuration import Configuration
from services.use.connections import ConnectionDesk
from services.use.house import House, open_house
from services.use.operators import operator_country, operator_name, operator_named
from services.use.readings import ReadingDesk
from services.use.stage import Stage

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def keepgo() -> Iterator[tuple[Sandbox, str]]:
    sandbox = SANDBOXES["keepgo"]()
    with serve(sandbox) as address:
        yield sandbox, address


@pytest.fixture
def house(tmp_path: Path, database_url: str, keepgo: tuple[Sandbox, str]) -> Iterator[House]:
    keepgo[0].faults.clear()
    opened = open_house(Configuration(tmp_path, database_url, {"keepgo": keepgo[1]}))
    yield opened
    opened.close()


@pytest.fixture
def cards(house: House) -> CardDesk:
    return CardDesk(house, "local", lambda: NOW)


@pytest.fixture
def readings(house: House) -> ReadingDesk:
    return ReadingDesk(house, "local", lambda: NOW)


def card(name: str, **more: object) -> Card:
    return replace(Card(card_id=name, nickname=name, kind=CardKind.SIM), **more)  # type: ignore[arg-type]


def data(card_id: str, taken_at: datetime, gigabytes: float, **more: object) -> Reading:
    left = DataVolume(int(gigabytes * 10**9))
    return replace(Reading(card_id, Source.TYPED, taken_at, data=(DataBalance(remaining=left),)), **more)  # type: ignore[arg-type]


def wait(desk: ReadingDesk) -> None:
    end = time.monotonic() + 120
    while (refresh := desk.refreshing()) is not None and refresh.under_way:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_board_puts_the_card_to_act_on_first(cards: CardDesk, readings: ReadingDesk) -> None:
    for each in (card("fine"), card("soon"), card("unknown"), card("low", thresholds=Thresholds(data=DataVolume(10**9)))):
        assert cards.add(each)
    readings.record(data("fine", NOW, 5, validity=(Validity(ValidityKind.NUMBER, date(2027, 6, 1)),)))
    readings.record(data("soon", NOW, 5, validity=(Validity(ValidityKind.NUMBER, date(2026, 11, 22)),)))
    readings.record(data("low", NOW, 0.5))
    board = readings.board()
    assert [view.card.card_id for view in board] == ["soon", "low", "unknown", "fine"]
    assert [view.urgency.days_left for view in board] == [2, None, None, 193]
    assert board[2].state is None
    assert board[2].data is None
    assert board[2].urgency.level is Level.UNKNOWN


def test_the_days_are_counted_to_the_first_end_whoever_says_it(cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(card("a", operator="giffgaff", country="GB", first_used_on=date(2026, 6, 1)))
    cards.add(card("assumed", country="GB", first_used_on=date(2026, 6, 1)))
    view, assumed = readings.view("a"), readings.view("assumed")
    assert view is not None
    assert assumed is not None
    assert view.lead is not None
    assert view.lead.latest_safe_day is not None
    assert view.urgency.days_left == (view.lead.latest_safe_day - NOW.date()).days
    assert (assumed.lead, assumed.urgency.days_left) == (None, None)
    readings.record(Reading("a", Source.TYPED, NOW, validity=(Validity(ValidityKind.PLAN, date(2026, 11, 22)),)))
    shown = readings.board()[0]
    assert shown.lead is not None
    assert shown.lead.latest_safe_day == date(2026, 11, 21), "nobody says whether the 22nd still counts"
    assert shown.urgency.days_left == 1


def test_the_board_follows_every_change(cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(card("a"))
    assert readings.board()[0].data is None
    readings.record(data("a", NOW - timedelta(hours=1), 5))
    assert readings.board()[0].data.remaining == DataVolume(5 * 10**9)  # type: ignore[union-attr]
    cards.change(card("a", nickname="renamed"))
    assert readings.board()[0].card.nickname == "renamed"
    cards.delete(["a"])
    assert readings.board() == []
    assert not readings.record(data("a", NOW, 1))


def test_what_is_held_of_a_board_turns_with_the_day_and_the_zone(house: House, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(card("a"))
    readings.record(data("a", NOW, 5, validity=(Validity(ValidityKind.PLAN, date(2026, 11, 22)),)))

    def seen(at: datetime) -> tuple[int | None, DataVolume | None]:
        view = ReadingDesk(house, "local", lambda: at).board()[0]
        assert view == ReadingDesk(house, "local", lambda: at).view("a")
        return view.urgency.days_left, view.per_day

    days, share = seen(NOW)
    assert days == 2
    assert seen(NOW + timedelta(minutes=59)) == (days, share), "within the hour nothing moves"
    assert seen(NOW + timedelta(hours=4))[1] != share
    assert seen(NOW + timedelta(days=1))[0] == 1
    assert seen((NOW + timedelta(hours=8)).astimezone(ZoneInfo("Asia/Shanghai")))[0] == 1
    assert seen(NOW) == (days, share)


def test_pace_and_forecast_come_from_the_cards_own_history(cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(card("a"))
    end = (Validity(ValidityKind.PLAN, date(2026, 11, 29)),)  # ten days after the reading of today, counted from its midnight
    for days, left in ((10, 1), (8, 20), (6, 16), (4, 12), (2, 8), (0, 4)):
        readings.record(data("a", datetime(2026, 11, 20, tzinfo=UTC) - timedelta(days=days), left, validity=end))
    view = readings.view("a")
    assert view is not None
    assert view.pace is not None
    assert view.pace_since == datetime(2026, 11, 12, tzinfo=UTC)
    assert view.pace.ahead == round(16e9 - 20e9 * 8 / 18)
    assert not isinstance(view.forecast, NoForecast)
    assert view.forecast.expected == datetime(2026, 11, 22, tzinfo=UTC)
    assert view.outlook is Outlook.RUNS_OUT


def test_a_text_is_read_for_the_card_and_kept_as_it_was(cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(card("a", operator="giffgaff"))
    text = "Hi, your giffgaff balance is £7.25. Your goodybag has 4.5GB of data left and ends on 25/12/2026."
    message = readings.read_text(cards.get("a"), text)
    assert readings.history("a") == []
    assert readings.record_text(cards.get("a"), message)
    (kept,) = readings.history("a")
    assert kept.source is Source.PASTED
    assert kept.raw_text == text
    assert [str(purse.money.amount) for purse in kept.money] == ["7.25"]


def test_merging_fills_gaps_and_names_differences(cards: CardDesk) -> None:
    numbers = Identifiers(msisdn="+447700900123")
    cards.add(card("a", identifiers=numbers, holder="Ma", tags=frozenset({"x"})), CardSecrets(pin="1"))
    cards.add(card("b", identifiers=replace(numbers, iccid="8944110068000000000"), holder="Pa", payer="Pa", tags=frozenset({"y"})))
    assert [(one.card_id, other.card_id) for one, other in twins(cards.all())] == [("a", "b")]
    assert cards.same_as(card("new", identifiers=numbers)) is not None
    said = cards.merge("a", "b")
    assert said == [Difference("nickname", "a", "b"), Difference("holder", "Ma", "Pa")]
    (left,) = cards.all()
    assert (left.payer, left.tags, left.identifiers.iccid) == ("Pa", {"x", "y"}, "8944110068000000000")
    assert [merged.card.holder for merged in cards.merged_into("a")] == ["Pa"]
    assert twins(cards.all()) == ()
    with pytest.raises(ValueError):
        cards.merge("a", "a")


def test_what_a_number_and_an_iccid_suggest() -> None:
    mainland = with_number(card("a"), "138 0013 8000", "CN")
    assert (mainland.identifiers.msisdn, mainland.country, mainland.operator) == ("+8613800138000", "CN", "china_mobile")
    assert with_number(card("a", operator="ee"), "+447700900123").operator == "ee"
    assert with_iccid(card("a"), "8986 0012 3456 7890 1234").country == "CN"
    assert with_iccid(card("a", kind=CardKind.ESIM), "8986 0012 3456 7890 1234").country is None
    assert operator_named("中国移动") == "china_mobile"
    assert operator_name("china_mobile", "en") == "China Mobile"
    assert operator_country("giffgaff") == "GB"
    assert operator_named("") is None
    with pytest.raises(NotAnActivationCodeError):
        secrets_of_code("https://example.com")


def connect(house: House, sandbox: Sandbox) -> list[str]:
    """Connect to the emulator and add its cards. Returns our ids, in its order."""
    desk, added = ConnectionDesk(house, "local"), []
    desk.connect("keepgo", sandbox.credentials)
    for remote in desk.cards("keepgo")[:4]:
        fresh = of_remote("keepgo", remote)
        CardDesk(house, "local").add(fresh)
        added.append(fresh.card_id)
    return added


def test_wrong_credentials_are_not_kept(house: House, keepgo: tuple[Sandbox, str]) -> None:
    desk = ConnectionDesk(house, "local")
    with pytest.raises(Unauthorised):
        desk.connect("keepgo", {**keepgo[0].credentials, "api_key": "wrong"})
    assert desk.connected() == []
    with pytest.raises(Unauthorised):
        desk.open("keepgo")


def test_a_refresh_reads_every_card_and_a_failure_hides_nothing(
    house: House, keepgo: tuple[Sandbox, str], cards: CardDesk, readings: ReadingDesk
) -> None:
    sandbox, _ = keepgo
    ids = connect(house, sandbox)
    cards.add(card("by hand"))
    gone = ids[0]
    assert set(readings.start_refresh()) == set(ids)
    wait(readings)
    states = readings.store.states()
    assert set(states) == set(ids)
    assert all(state.fields and state.last_failure is None for state in states.values())
    before = states[gone].fields

    cards.change(replace(cards.get(gone), provider=ProviderLink("keepgo", "8910390000000000000")))
    sandbox.faults[:] = [Fault("html")]
    later = ReadingDesk(house, "local", lambda: NOW + timedelta(minutes=1))
    assert later.start_refresh([gone]) == [gone]
    wait(readings)
    refresh = readings.refreshing()
    assert refresh is not None
    assert refresh.stages == {gone: Stage.FAILED}
    state = readings.store.states()[gone]
    assert state.fields == before
    assert state.last_failure is not None
    assert json.loads(state.last_failure.reason)["kind"] == "Malformed"
    assert not any(secret in state.last_failure.reason for secret in sandbox.credentials.values())


def test_a_cancelled_refresh_keeps_what_came_and_fails_nothing(house: House, keepgo: tuple[Sandbox, str], readings: ReadingDesk) -> None:
    sandbox, _ = keepgo
    ids = connect(house, sandbox)
    sandbox.faults[:] = [Fault("stall_before")]
    assert set(readings.start_refresh()) == set(ids)
    assert readings.start_refresh() == [], "pressed twice"
    readings.cancel_refresh()
    wait(readings)
    states = readings.store.states()
    assert all(state.last_failure is None for state in states.values())
    sandbox.faults.clear()
    assert set(readings.start_refresh(ids)) == set(ids)
    wait(readings)
    assert all(readings.store.states()[card_id].figures(Measure.STATUS) for card_id in ids)


def test_a_provider_whose_credentials_are_gone_fails_its_cards_alone(
    house: House, keepgo: tuple[Sandbox, str], readings: ReadingDesk, tmp_path: Path
) -> None:
    (first, *_) = connect(house, keepgo[0])
    (tmp_path / "secret.key").unlink()
    readings.start_refresh([first])
    wait(readings)
    failure = readings.store.states()[first].last_failure
    assert failure is not None
    assert json.loads(failure.reason)["kind"] == "Unauthorised"


def test_install_codes_come_from_the_provider_and_are_sealed(house: House, keepgo: tuple[Sandbox, str], cards: CardDesk) -> None:
    ids = connect(house, keepgo[0])
    codes = []
    for card_id in ids:
        cards.fetch_install(card_id)
        codes.append(cards.secrets(card_id).lpa_code)
    assert any(code is not None and code.startswith("LPA:1$") for code in codes)
