"""A house with one of everything a person keeps, and an oracle that reads any SQLite file row by row."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.model.card import Card, CardKind, CardSecrets, Identifiers
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan
from services.model.reading import DataBalance, Reading, Source
from services.model.renewal import Begun, Channel, Situation
from services.store.provider_accounts import ProviderAccountStore
from services.store.vault import Vault
from services.use.cards import CardDesk
from services.use.catalogue import CatalogueDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.renewals import RenewalDesk

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECRETS = CardSecrets("LPA:1$rsp.example.com$MATCHING", None, "4711", "87654321")
OWN_COUNTERS = ("card_revisions", "catalogue_revisions")


@pytest.fixture(autouse=True)
def _no_keys_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.store.sealed_file.COST", (10, 8, 1))  # a file says its own cost
    for name in ("SIMKEEPER_KEY", "SIMKEEPER_KEYS", "SIMKEEPER_BACKUP_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def open_at(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """``open_at("there")``: a house in a directory of its own, a machine of its own as it were; its database there, or at an address."""
    opened: list[House] = []

    def one(name: str, url: str | None = None) -> House:
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        opened.append(open_house(Configuration(place, url or f"sqlite:///{place / 'simkeeper.db'}")))
        return opened[-1]

    yield one
    for house in opened:
        house.close()


def furnish(house: House, account: str = "local") -> None:
    """Cards with secrets and readings, a merged one, a renewal, a connection, plans, settings."""
    house.database.ensure_account(account)
    cards, readings, renewals = (desk(house, account, lambda: NOW) for desk in (CardDesk, ReadingDesk, RenewalDesk))
    for name in ("a", "b", "c"):
        cards.add(Card(name, f"卡 {name} \u202e\x07'\"", CardKind.ESIM, identifiers=Identifiers(iccid="8944110068000000000")), SECRETS)
        for left in range(3):
            readings.record(Reading(name, Source.TYPED, NOW, data=(DataBalance(remaining=DataVolume(left * 10**9)),)))
    cards.store.merge(cards.store.get("a"), "b", NOW)
    renewal = renewals.start(Begun(CardKind.SIM, Channel.APP, Situation.HOME, "giffgaff", card_id="a"))
    renewals.note(renewal, "step", "a note")
    renewals.undo(renewal)
    ProviderAccountStore(house.database, account, Vault(house.configuration.data_dir)).keep("keepgo", {"key": "a token"}, NOW)
    plan = Plan(
        "own", "one", "Seller", "=Plan", Allowance(AllowanceKind.TOTAL, DataVolume(10**9)), 30, frozenset({"JP"}), Money.of(9, "USD"), NOW
    )
    CatalogueDesk(house, account).store.replace("list:own", "own", Origin.IMPORTED, [plan], NOW)


def rows_of(house: House) -> dict[str, list[Any]]:
    """Every row of every table but the counters, as SQLite itself reads them."""
    assert house.database.file is not None
    with sqlite3.connect(house.database.file) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(raw.execute(f"SELECT * FROM {name}"), key=repr) for name in names if name not in OWN_COUNTERS}


def without_sealed(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    def clean(value: object) -> object:
        return "sealed" if isinstance(value, str) and value.startswith("gAAAAA") else value

    return {name: sorted((tuple(clean(value) for value in row) for row in table), key=repr) for name, table in rows.items()}
