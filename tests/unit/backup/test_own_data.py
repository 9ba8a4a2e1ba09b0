"""Everything of one account given out in open formats, or deleted so that no byte of it is left."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from services.model.card import Card, CardKind, CardSecrets
from services.rules.compare.export import plain_cell
from services.store.database import Database
from services.store.tables import accounts, metadata
from services.use import backup
from services.use.cards import CardDesk
from services.use.house import House
from services.use.own_data import delete, export
from services.use.renewals import RenewalDesk
from tests.unit.backup.conftest import NOW, furnish, rows_of

CANARY = "CANARY-b7f3"
SECRET_TEXTS = ("4711", "87654321", "MATCHING", "a token")


@pytest.fixture
def house(open_at: Callable[..., House]) -> House:
    opened = open_at("here")
    furnish(opened)
    return opened


def unzipped(file: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist() if not name.startswith("files/")}


def test_an_export_has_every_table_twice_and_no_secret_unless_asked(house: House) -> None:
    furnish(house, "another account")
    CardDesk(house, "another account").add(Card("theirs", "Somebody else's", CardKind.SIM))
    plain, with_secrets = unzipped(export(house, "local")), unzipped(export(house, "local", secrets=True))
    filled = {name for name, rows in rows_of(house).items() if rows} - {"alembic_version", "accounts", "current_readings"}
    for name in filled:
        assert {f"{name}.csv", f"{name}.json"} <= set(plain), name
    assert {card["body"]["card_id"] for card in json.loads(plain["cards.json"])} == {"a", "c"}
    every = "\n".join(plain.values())
    assert "Somebody else's" not in every
    assert "sealed" not in every
    assert not any(text in every for text in SECRET_TEXTS)
    assert "gAAAAA" not in every
    assert all(text in "\n".join(with_secrets.values()) for text in SECRET_TEXTS)
    assert "gAAAAA" not in "\n".join(with_secrets.values())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "＝"])
def test_no_cell_of_an_export_is_a_formula(house: House, start: str) -> None:
    RenewalDesk(house, "local").note(RenewalDesk(house, "local").walks()[0].renewal_id, "x", f"{start}HYPERLINK(1)")
    CardDesk(house, "local").add(Card("f", f"{start}cmd", CardKind.SIM))
    for name, text in unzipped(export(house, "local")).items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(text)):
                assert all(cell == "" or cell[0] not in "=+-@\t＝" for cell in row), (name, row)
                assert all(plain_cell(cell) == cell for cell in row if not cell.startswith("'"))


def traces(place: Path, text: str) -> list[str]:
    """Files below ``place`` that hold ``text``, whatever they are."""
    return [path.name for path in place.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_what_is_deleted_is_gone_from_every_byte_of_the_directory(house: House) -> None:
    desk = CardDesk(house, "local")
    for number in range(200):
        desk.add(Card(f"k{number}", f"{CANARY} {number}", CardKind.SIM, holder=CANARY), CardSecrets(pin=CANARY))
    backup.keep_daily(house, NOW)
    place = house.configuration.data_dir
    assert traces(place, CANARY), "the canary is in the file before"
    delete(house, "local", NOW)
    assert traces(place, CANARY) == []
    assert backup.kept(house) == []
    assert not (place / "secret.key").exists()
    assert {name: rows for name, rows in rows_of(house).items() if rows and name not in ("accounts", "alembic_version")} == {}
    desk.add(Card("new", "A new beginning", CardKind.SIM), CardSecrets(pin="1"))
    assert desk.secrets("new") == CardSecrets(pin="1")


def test_nobody_else_loses_anything(house: House) -> None:
    furnish(house, "another account")
    theirs = mine("another account", house)
    CardDesk(house, "local").add(Card("x", CANARY, CardKind.SIM))
    backup.keep_daily(house, NOW)
    delete(house, "local", NOW)
    assert mine("another account", house) == theirs
    assert CardDesk(house, "another account").secrets("a").pin == "4711"
    assert traces(house.configuration.data_dir, CANARY) == []
    (kept,) = backup.kept(house)
    with kept.path.open("rb") as source:
        assert backup.look(house, source).rows["cards"] == 2, "what is left is backed up at once"


def mine(account: str, house: House) -> dict[str, list[object]]:
    with house.database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().where(table.c.account_id == account))]
            for table in metadata.sorted_tables
            if table is not accounts
        }


def test_a_deletion_that_fails_deletes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows_of(house)
    monkeypatch.setattr("services.store.own_rows.accounts", None)  # the last table to go raises
    with pytest.raises(Exception, match="account_id"):
        delete(house, "local", NOW)
    left = rows_of(house)
    assert {name: left[name] for name in ("cards", "readings", "renewals", "renewal_events")} == {
        name: before[name] for name in ("cards", "readings", "renewals", "renewal_events")
    }


def test_on_postgresql_every_row_goes_too(open_at: Callable[..., House], postgresql: object) -> None:
    house = open_at("server", postgresql.migrated())  # type: ignore[attr-defined]
    furnish(house)
    furnish(house, "another account")
    theirs = mine("another account", house)
    delete(house, "local", NOW)
    assert not any(mine("local", house).values())
    assert mine("another account", house) == theirs


def test_other_processes_go_on_while_the_file_is_written_anew(house: House) -> None:
    other = Database(f"sqlite:///{house.database.file}")
    other.migrate()
    delete(house, "local", NOW)
    with other.read() as connection:
        assert connection.execute(accounts.select()).all()
    other.close()
