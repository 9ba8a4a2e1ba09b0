"""Filling and refreshing the catalogue, with emulators on sockets and a clock in the test's hand."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.model.plan import Origin
from services.providers.sandbox.faults import Fault, Sandbox
from services.providers.sandbox.registry import SANDBOXES
from services.providers.sandbox.server import serve
from services.use.catalogue import CatalogueDesk, keyless
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.stage import Stage


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sellers(clock: Clock) -> dict[str, Sandbox]:
    return {name: SANDBOXES[name]() for name in keyless()}


@pytest.fixture
def house(tmp_path: Path, database_url: str, sellers: dict[str, Sandbox]) -> Iterator[House]:
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serve(app)) for name, app in sellers.items()}
        house = open_house(Configuration(tmp_path, database_url, urls))
        stack.callback(house.close)
        yield house


@pytest.fixture
def desk(house: House, clock: Clock) -> CatalogueDesk:
    return CatalogueDesk(house, "local", clock)


def fetch(desk: CatalogueDesk) -> dict[str, Stage | None]:
    desk.start_refresh()
    end = time.monotonic() + 300
    while desk.refreshing():
        assert time.monotonic() < end
        time.sleep(0.01)
    return {source.facts.id: source.stage for source in desk.live_sources()}


def held(seller: Sandbox) -> threading.Event:
    """The seller answers nothing until the event is set."""
    answer, app = threading.Event(), seller.app

    async def later(scope: Any, receive: Any, send: Any) -> None:
        while not answer.is_set():
            await asyncio.sleep(0.01)
        await app(scope, receive, send)

    seller.app = later
    return answer


def counts(desk: CatalogueDesk) -> dict[str, int]:
    return {row.source: row.plan_count for row in desk.store.sources()}


def test_the_first_start_has_invented_plans_and_asks_nobody(desk: CatalogueDesk, sellers: dict[str, Sandbox]) -> None:
    desk.ensure_plans()
    _, columns = desk.store.columns()
    assert set(columns["origin"]) == {"sandbox"}
    assert len(columns["origin"]) > 1000
    assert all(app.log == [] for app in sellers.values())
    desk.ensure_plans()
    assert desk.store.revision() == len(sellers)


def test_real_prices_take_the_place_of_the_invented_ones(desk: CatalogueDesk) -> None:
    desk.ensure_plans()
    assert fetch(desk) == {"simsima": Stage.DONE, "pikasim": Stage.DONE}
    _, columns = desk.store.columns()
    assert set(columns["origin"]) == {"live"}
    desk.ensure_plans()
    assert set(counts(desk)) == {"simsima", "pikasim"}


def test_a_seller_is_asked_at_most_once_in_a_quarter_of_an_hour(desk: CatalogueDesk, clock: Clock, sellers: dict[str, Sandbox]) -> None:
    fetch(desk)
    clock.time += timedelta(minutes=14, seconds=59)
    assert fetch(desk) == {"simsima": Stage.TOO_SOON, "pikasim": Stage.TOO_SOON}
    assert len(sellers["simsima"].log) == 1
    assert desk.live_sources()[0].next_fetch_at == clock.time + timedelta(seconds=1)
    clock.time += timedelta(seconds=1)
    assert desk.live_sources()[0].next_fetch_at is None
    assert fetch(desk) == {"simsima": Stage.DONE, "pikasim": Stage.DONE}
    assert len(sellers["simsima"].log) == 2


def test_one_bad_seller_neither_delays_nor_hides_another(desk: CatalogueDesk, sellers: dict[str, Sandbox]) -> None:
    answer = held(sellers["simsima"])
    desk.start_refresh()
    while desk.live_sources()[1].stage is not Stage.DONE:
        assert desk.live_sources()[0].stage in {Stage.WAITING, Stage.FETCHING}, "the quick seller waited for the slow one"
        time.sleep(0.01)
    assert desk.live_sources()[0].stage in {Stage.WAITING, Stage.FETCHING}
    answer.set()


def test_a_failed_refresh_keeps_the_old_prices_and_the_reason(desk: CatalogueDesk, clock: Clock, sellers: dict[str, Sandbox]) -> None:
    fetch(desk)
    before = counts(desk)
    sellers["simsima"].faults.append(Fault("html", status=200))
    clock.time += timedelta(hours=1)
    assert fetch(desk)["simsima"] is Stage.FAILED
    assert counts(desk) == before
    row = next(row for row in desk.store.sources() if row.source == "simsima")
    assert row.failure is not None
    assert row.failure["kind"] == "Malformed"
    assert row.succeeded_at == clock.time - timedelta(hours=1)


def test_a_catalogue_that_fell_by_more_than_half_is_a_failed_refresh(
    desk: CatalogueDesk, clock: Clock, sellers: dict[str, Sandbox]
) -> None:
    fetch(desk)
    before = counts(desk)
    body = (
        '{"generatedAt":"2026-11-20T08:00:00Z","items":[{"sku":"a","destination":"japan","countryCode":"JP","dataAmountGB":1,"unlimited":false,'
        '"validityDays":7,"price":4,"currency":"USD","url":"https://simsima.io/a","availability":"in_stock"}]}'
    )
    sellers["simsima"].faults.append(Fault("status", status=200, body=body))
    clock.time += timedelta(hours=1)
    assert fetch(desk)["simsima"] is Stage.FAILED
    assert counts(desk) == before


def test_a_bug_in_an_adapter_ends_in_a_code_and_not_in_silence(desk: CatalogueDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("services.providers.simsima.Simsima.plans", broken)
    assert fetch(desk) == {"simsima": Stage.FAILED, "pikasim": Stage.DONE}
    row = next(row for row in desk.store.sources() if row.source == "simsima")
    assert row.failure is not None
    assert row.failure["kind"] == "Unexpected"
    assert len(row.failure["code"]) == 6


def test_a_source_that_is_off_is_not_asked(desk: CatalogueDesk, sellers: dict[str, Sandbox]) -> None:
    desk.switch("pikasim", False)
    assert desk.start_refresh() == ["simsima"]
    while desk.refreshing():
        time.sleep(0.01)
    assert sellers["pikasim"].log == []


def test_pressing_twice_fetches_once(desk: CatalogueDesk, sellers: dict[str, Sandbox]) -> None:
    answer = held(sellers["simsima"])
    assert desk.start_refresh() == ["simsima", "pikasim"]
    assert "simsima" not in desk.start_refresh()
    answer.set()
    while desk.refreshing():
        time.sleep(0.01)
    assert len(sellers["simsima"].log) == 1


def test_an_imported_list_of_the_same_name_replaces_the_old_one(desk: CatalogueDesk) -> None:
    desk.ensure_plans()
    _, columns = desk.store.columns()
    assert columns["origin"]
    fetched = desk._house.background.run(desk._from_sandboxes())["simsima"].plans
    first = desk.add_list("Mine", fetched[:10])
    second = desk.add_list("Mine", fetched[:4])
    assert first == second
    assert [(row.label, row.origin, row.plan_count) for row in desk.lists()] == [("Mine", Origin.IMPORTED, 4)]
    desk.remove_list(first)
    assert desk.lists() == []
    with pytest.raises(ValueError, match="simsima"):
        desk.remove_list("simsima")


def test_the_frame_follows_the_catalogue(desk: CatalogueDesk, house: House) -> None:
    from services.use.compare import CompareDesk

    desk.ensure_plans()
    compare = CompareDesk(house, "local")
    first = compare.frame()
    assert CompareDesk(house, "local").frame() is first
    fetch(desk)
    assert compare.frame() is first  # what one desk says is of one catalogue
    later = CompareDesk(house, "local").frame()
    assert {later.sources[code] for code in later.source_code} == {"simsima", "pikasim"}


def test_a_database_that_cannot_be_written_leaves_nobody_waiting(desk: CatalogueDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise OSError("database is locked")

    monkeypatch.setattr(desk.store, "attempt", locked)
    monkeypatch.setattr(desk.store, "fail", locked)
    assert fetch(desk) == {"simsima": Stage.FAILED, "pikasim": Stage.FAILED}
