"""The hostile household leaves in files: no cell is a formula, no entry of a calendar is more than itself, no message more than text."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from icalendar import Calendar
from openpyxl import load_workbook

from services.use import backup
from services.use.card_lists import Column, export_cards, export_workbook
from services.use.cards import CardDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.own_data import export
from services.use.trip_calendar import Entry, calendar_file
from tests.hostile.household import CARDS, every_text, furnish

NOW = datetime(2026, 11, 20, tzinfo=UTC)
STARTS = tuple("=+-@\t\r＝＋－＠﹦﹢﹣﹫")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    place: Path = tmp_path_factory.mktemp("hostile")
    opened = open_house(Configuration(place, f"sqlite:///{place / 'simkeeper.db'}"))
    furnish(opened)
    yield opened
    opened.close()


def runs(cell: str) -> bool:
    """As a spreadsheet looks at a cell: behind blanks and quotes, does it begin like a formula?"""
    return cell.lstrip(' \u00a0\u200b\u200d\ufeff"').startswith(STARTS)


def test_the_cards_as_csv_hold_no_formula(house: House) -> None:
    desk = CardDesk(house, "local")
    data = export_cards(desk.all(), {column: column.value for column in Column}, "en", desk.secrets)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert len(rows) == CARDS + 1
    assert [cell[:60] for row in rows for cell in row if runs(cell)] == []


def test_the_cards_as_a_workbook_hold_texts_alone(house: House) -> None:
    data = export_workbook(CardDesk(house, "local").all(), {column: column.value for column in Column}, "en")
    sheet = load_workbook(io.BytesIO(data)).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "inlineStr"}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in b"".join(archive.read(name) for name in archive.namelist())
        assert not any("external" in name.lower() for name in archive.namelist())


def test_the_export_of_everything_holds_no_formula_and_no_path(house: House) -> None:
    with zipfile.ZipFile(io.BytesIO(export(house, "local", secrets=True))) as archive:
        for name in archive.namelist():
            assert not name.startswith(("/", "\\"))
            assert ".." not in name
            if name.endswith(".csv"):
                csv.field_size_limit(10**7)
                rows = csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")))
                assert [cell[:60] for row in rows for cell in row if runs(cell)] == [], name


def test_an_entry_of_a_calendar_stays_one_entry() -> None:
    texts = every_text()
    entries = [Entry(f"e{number}", NOW.date(), text, text, text) for number, text in enumerate(texts)]
    calendar = Calendar.from_ical(calendar_file(entries, NOW))
    events = [part for part in calendar.walk() if part.name == "VEVENT"]
    assert len(events) == len(texts)
    assert {part.name for part in calendar.walk()} == {"VCALENDAR", "VEVENT", "VALARM"}
    allowed = {"UID", "DTSTAMP", "DTSTART", "DTEND", "TRANSP", "SUMMARY", "DESCRIPTION", "URL"}
    for event in events:
        assert set(event) <= allowed
        assert "<" not in str(event["SUMMARY"])
        assert str(event.get("URL", "https://")).startswith("https://")


def test_a_backup_takes_all_of_it_and_brings_it_back(house: House, tmp_path: Path) -> None:
    elsewhere = open_house(Configuration(tmp_path, f"sqlite:///{tmp_path / 'simkeeper.db'}"))
    backup.restore(elsewhere, io.BytesIO(backup.make_bytes(house, NOW)), NOW)
    assert CardDesk(elsewhere, "local").all() == CardDesk(house, "local").all()
    elsewhere.close()
