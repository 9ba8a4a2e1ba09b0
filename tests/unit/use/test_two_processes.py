"""Two processes on one database: what is changed through one is what the other shows when it is next asked, whatever it kept in memory."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from services.model.card import Card, CardKind, CardSecrets
from services.model.clock import Activity
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan
from services.model.reading import DataBalance, MoneyBalance, Reading, Source
from services.providers.rate_limits import AccountLimits, Limit, RateLimits, SharedRateLimits
from services.providers.sandbox.registry import SANDBOXES
from services.store.provider_turns import ProviderTurnStore
from services.use.cards import CardDesk
from services.use.catalogue import CatalogueDesk
from services.use.clocks import ClockDesk
from services.use.compare import CompareDesk
from services.use.configuration import read_configuration
from services.use.connections import ConnectionDesk
from services.use.house import House, open_house
from services.use.readings import ReadingDesk

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=60)
ACCOUNTS = ("local", "other")


@pytest.fixture
def machines(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, House]]:
    """Each with a data directory of its own; database and key are all they share."""
    monkeypatch.setenv("SIMKEEPER_KEYS", Fernet.generate_key().decode())
    opened = []
    for name in ("one", "two"):
        environment = {"SIMKEEPER_DATA_DIR": str(tmp_path / name), "SIMKEEPER_DATABASE_URL": database_url}
        opened.append(open_house(read_configuration(environment)))
    opened[0].database.ensure_account("other")
    yield opened[0], opened[1]
    for house in opened:
        house.close()


def plan(name: str) -> Plan:
    return Plan(
        source="list:1",
        plan_id=name,
        seller="Seller",
        name=name,
        allowance=Allowance(AllowanceKind.TOTAL, DataVolume(10**9)),
        validity_days=7,
        countries=frozenset({"JP"}),
        price=Money(Decimal(5), "USD"),
        fetched_at=NOW,
    )


class Person:
    """Somebody who changes things through one of the two, by dice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.at = NOW
        self.number = 0

    def acts(self, house: House, account: str) -> None:
        self.at += timedelta(minutes=self.dice.randrange(1, 600))
        cards = CardDesk(house, account, lambda: self.at)
        there = [card.card_id for card in cards.all()]
        ways: list[Callable[[], object]] = [lambda: self._adds(cards)]
        if there:
            card = self.dice.choice(there)
            readings, clocks = ReadingDesk(house, account, lambda: self.at), ClockDesk(house, account, lambda: self.at)
            ways += [
                lambda: cards.change(replace(cards.get(card), nickname=f"renamed {self.dice.random()}")),
                lambda: cards.tag([card], frozenset({self.dice.choice("abc")})),
                lambda: readings.record(self._reading(card)),
                lambda: readings.record(self._reading(card)),
                lambda: clocks.record(card, Activity.TOP_UP, self._day(), money=Money.of(5, "GBP")),
                lambda: clocks.forget(self.dice.choice(clocks.store.events()).event_id) if clocks.store.events() else None,
                lambda: cards.merge(card, self.dice.choice([other for other in there if other != card])) if len(there) > 1 else None,
                lambda: cards.delete([card]) if len(there) > 3 else None,
                lambda: self._catalogue(house, account),
            ]
        self.dice.choice(ways)()

    def _adds(self, cards: CardDesk) -> None:
        self.number += 1
        name = f"card{self.number}"
        card = Card(name, name, CardKind.SIM, operator="giffgaff", country="GB", bought_on=date(2026, 9, 1))
        cards.add(card, CardSecrets(pin=str(self.number)))

    def _day(self) -> date:
        return self.at.date() - timedelta(days=self.dice.randrange(9))

    def _reading(self, card: str) -> Reading:
        left = DataBalance(remaining=DataVolume(self.dice.randrange(10**9)))
        return Reading(card, Source.TYPED, self.at, data=(left,), money=(MoneyBalance(Money.of(self.dice.randrange(50), "GBP")),))

    def _catalogue(self, house: House, account: str) -> None:
        fresh = [plan(f"p{number}") for number in self.dice.sample(range(20), 5)]
        CatalogueDesk(house, account, lambda: self.at).store.replace("list:1", "Mine", Origin.IMPORTED, fresh, self.at)


def laid_open(value: object) -> object:
    """A value as nested tuples: some of the objects are equal to themselves alone."""
    if is_dataclass(value):
        return (type(value).__name__, *(laid_open(getattr(value, each.name)) for each in fields(value)))
    if isinstance(value, Mapping):
        return sorted((str(key), laid_open(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(laid_open(each) for each in value)
    return value


def shown(house: House, account: str, now: datetime) -> object:
    """What the pages of ``account`` are drawn from."""
    frame = CompareDesk(house, account).frame()
    plans = sorted(frame.plan_id[place] for place in range(len(frame)))
    secrets = {card.card_id: CardDesk(house, account).secrets(card.card_id) for card in CardDesk(house, account).all()}
    return laid_open((ReadingDesk(house, account, lambda: now).board(), ClockDesk(house, account, lambda: now).all(), plans, secrets))


@pytest.mark.parametrize("seed", range(3))
def test_each_shows_what_a_process_shows_that_has_only_just_begun(machines: tuple[House, House], seed: int) -> None:
    dice = random.Random(seed)
    person = Person(dice)
    for _step in range(40):
        person.acts(dice.choice(machines), dice.choice(ACCOUNTS))
        for account in ACCOUNTS:
            begun = House(machines[0].configuration, machines[0].database)
            truth = shown(begun, account, LATER)
            for house in machines:
                assert shown(house, account, LATER) == truth
            begun.background.close()
    assert all(ReadingDesk(machines[1], account, lambda: LATER).board() for account in ACCOUNTS)


def test_a_provider_connected_through_one_is_open_to_the_other(machines: tuple[House, House]) -> None:
    one, two = (ConnectionDesk(house, "local", lambda: NOW) for house in machines)
    one.connect_sandbox("keepgo")
    assert [facts.id for facts in two.connected()] == ["keepgo"]
    assert two.is_sandbox("keepgo")
    assert set(SANDBOXES["keepgo"]().cards.values()) <= {card.remote_id for card in two.cards("keepgo")}
    two.disconnect("keepgo")
    assert one.connected() == []


def test_two_that_begin_on_an_empty_database_at_once_fill_it_once(machines: tuple[House, House]) -> None:
    desks = [CatalogueDesk(house, "local", lambda: NOW) for house in machines]
    for desk in desks:
        desk.ensure_plans()
    revision = desks[0].store.revision()
    assert revision > 0
    for desk in desks:
        desk.ensure_plans()
    assert desks[1].store.revision() == revision


class Noted(ProviderTurnStore):
    """Notes every moment that was booked: when a call arrives depends on how busy this machine is."""

    booked: set[float]

    def change(self, place: str, change: Callable[[str | None, float], tuple[str, Any]]) -> Any:
        def noted(kept: str | None, now: float) -> tuple[str, Any]:
            text, said = change(kept, now)
            self.booked.update(moment for *_, moments in json.loads(text)["windows"] for moment in moments)
            return text, said

        return super().change(place, noted)


def test_the_limits_of_a_provider_are_kept_by_both_together(machines: tuple[House, House]) -> None:
    asked = AccountLimits("desk", "account", (Limit(3, 1), Limit(1, 3600, "card")))
    ledgers = [Noted(house.database, "local") for house in machines]
    ledgers[0].booked = ledgers[1].booked = set()
    limits = [SharedRateLimits(ledger, RateLimits()) for ledger in ledgers]

    async def calls(mine: SharedRateLimits) -> None:
        for _ in range(5):
            assert await mine.wait(asked, {}, 10) == 0

    threads = [threading.Thread(target=lambda mine=mine: asyncio.run(calls(mine))) for mine in limits]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert time.monotonic() - began >= 3, "ten calls, three in a second"
    booked = sorted(ledgers[0].booked)
    assert len(booked) == 10
    assert all(later - earlier >= 1 for earlier, later in zip(booked, booked[3:], strict=False))
    asyncio.run(limits[0].wait(asked, {"card": "a"}, 10))
    assert dict(limits[1].left(asked))[Limit(1, 3600, "card")] == 0


def test_a_pause_that_a_provider_asks_one_for_is_kept_by_the_other(machines: tuple[House, House]) -> None:
    asked = AccountLimits("desk", "account", (Limit(3, 1),))
    here, there = (SharedRateLimits(ProviderTurnStore(house.database, "local"), RateLimits()) for house in machines)
    asyncio.run(here.hold(asked, 120))
    assert 100 < asyncio.run(there.wait(asked, {}, 10)) <= 120
    assert asyncio.run(there.wait(replace(asked, account="another"), {}, 10)) == 0
    inside = replace(asked, inside=True)
    assert asyncio.run(there.wait(inside, {}, 10)) == 0, "the emulator of one process is nobody else's"


def test_several_dashboards_share_their_turns_where_they_share_a_server(machines: tuple[House, House]) -> None:
    house = machines[0]
    limits = house.rate_limits()
    assert isinstance(limits, SharedRateLimits) is house.database.is_postgresql
    asyncio.run(limits.wait(AccountLimits("desk", "of all", (Limit(3, 60),)), {}, 10))
    assert machines[1].rate_limits().left(AccountLimits("desk", "of all", (Limit(3, 60),))) == [(Limit(3, 60), 2)]
    emulator = AccountLimits("desk", f"inside {id(house)}", (Limit(3, 60),), inside=True)
    asyncio.run(house.rate_limits().wait(emulator, {}, 10))
    assert house.rate_limits().left(emulator) == [(Limit(3, 60), 2)], "however often it is opened"
