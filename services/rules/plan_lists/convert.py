"""From a table and a mapping to plans. Every row ends as a plan or as a refused row that says why."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan
from services.model.tri import Tri
from services.rules import places
from services.rules.plan_lists import cells
from services.rules.plan_lists.cells import CellRefused
from services.rules.plan_lists.errors import Reason
from services.rules.plan_lists.mapping import ColumnMapping, Field, Period, ZeroData, ZeroValidity, check_mapping
from services.rules.plan_lists.table import Row, Table

SHOWN_CELL: Final = 200
T = TypeVar("T")
_FREE_TEXT: Final = frozenset({Field.PLAN_ID, Field.SELLER, Field.NAME, Field.BUY_URL})
_LONG_TEXT: Final = _FREE_TEXT | {Field.COUNTRIES}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that became no plan.

    ``number``: row as a spreadsheet counts. ``field`` and ``column``: what was read when it failed; None when the row
    as a whole is at fault. ``facts``: what belongs to ``reason`` (see Reason). ``cells``: as in the file, each cut
    after 200 characters; hostile text, to be shown as text only.
    """

    number: int
    field: Field | None
    column: str | None
    reason: Reason
    facts: Mapping[str, str]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """``plans`` in the order of the file, and the rows that became none: together as many as the table has rows."""

    plans: tuple[Plan, ...]
    refused: tuple[RefusedRow, ...]


class _RowRefused(Exception):
    def __init__(self, field: Field | None, reason: Reason, facts: Mapping[str, str]) -> None:
        super().__init__(reason)
        self.field, self.reason, self.facts = field, reason, facts


class _Reader:
    """Reads the fields of one row after another."""

    def __init__(self, table: Table, mapping: ColumnMapping) -> None:
        self.mapping = mapping
        self.places = {field: table.columns.index(column) for field, column in mapping.columns.items()}
        self.row = Row(0, ())

    def text(self, field: Field) -> str:
        """The cell as text, "" where there is no such column or the cell says "not published"."""
        place = self.places.get(field)
        if place is None:
            return ""
        problem = self.row.problems.get(place)
        if problem is not None:
            raise _RowRefused(field, problem, {})
        cell = self.row.cells[place]
        limit = cells.MAX_CELL if field in _LONG_TEXT else cells.MAX_VALUE
        if len(cell) > limit:
            raise _RowRefused(field, Reason.CELL_TOO_LONG, {"limit": str(limit)})
        text = cells.as_text(cell)
        if field not in _FREE_TEXT:
            text = cells.half_width(text)
        return "" if cells.is_blank(text) else text

    def required(self, field: Field) -> str:
        text = self.text(field)
        if not text:
            raise _RowRefused(field, Reason.CELL_MISSING, {})
        return text

    def short(self, field: Field, limit: int) -> str:
        text = self.text(field)
        if len(text) > limit:
            raise _RowRefused(field, Reason.CELL_TOO_LONG, {"limit": str(limit)})
        return text


def convert(table: Table, mapping: ColumnMapping, *, source: str, fetched_at: datetime) -> ImportResult:
    """Plans of a list, with Origin.IMPORTED, and every row that became none with its reason.

    ``source``: id of the list; ``fetched_at``: aware, the date of its prices. A plan id that the list does not give is
    made of the row's cells. Raises MappingError before any row is read, ValueError when ``fetched_at`` has no zone.
    """
    check_mapping(table, mapping)
    if fetched_at.tzinfo is None:
        raise ValueError("fetched_at needs a time zone")
    reader = _Reader(table, mapping)
    plans: list[Plan] = []
    refused: list[RefusedRow] = []
    rows_by_id: dict[str, int] = {}
    for row in table.rows:
        reader.row = row
        try:
            if row.problem is not None:
                facts = {"count": str(len(row.cells)), "columns": str(len(table.columns))} if row.problem is Reason.TOO_MANY_CELLS else {}
                raise _RowRefused(None, row.problem, facts)
            plan = _plan(reader, source, fetched_at)
            first = rows_by_id.setdefault(plan.plan_id, row.number)
            if first != row.number:
                has_id = Field.PLAN_ID in mapping.columns
                raise _RowRefused(Field.PLAN_ID if has_id else None, Reason.DUPLICATE, {"first_row": str(first)})
            plans.append(plan)
        except _RowRefused as why:
            column = None if why.field is None else mapping.columns.get(why.field)
            shown = tuple(cell[:SHOWN_CELL] for cell in row.cells)
            refused.append(RefusedRow(row.number, why.field, column, why.reason, why.facts, shown))
    return ImportResult(tuple(plans), tuple(refused))


def preview(table: Table, mapping: ColumnMapping, *, source: str, fetched_at: datetime, rows: int = 20) -> ImportResult:
    """What :func:`convert` makes of the first ``rows`` rows. Raises as it does."""
    return convert(replace(table, rows=table.rows[:rows]), mapping, source=source, fetched_at=fetched_at)


def _plan(reader: _Reader, source: str, fetched_at: datetime) -> Plan:
    mapping = reader.mapping
    seller = reader.short(Field.SELLER, cells.MAX_NAME) or cells.as_text(mapping.seller or "")
    if not seller:
        raise _RowRefused(Field.SELLER, Reason.CELL_MISSING, {})
    validity_days = _validity(reader)
    allowance = _allowance(reader, validity_days)
    price, promo_price = _prices(reader)
    countries, complete = _countries(reader)
    return Plan(
        source=source,
        plan_id=reader.short(Field.PLAN_ID, cells.MAX_ID) or _made_id(reader),
        seller=seller,
        name=_name(reader),
        allowance=allowance,
        validity_days=validity_days,
        countries=countries,
        price=price,
        promo_price=promo_price,
        fetched_at=fetched_at,
        coverage_complete=complete,
        buy_url=_read(reader, Field.BUY_URL, cells.link),
        origin=Origin.IMPORTED,
        hotspot=_answer(reader, Field.HOTSPOT),
        id_check=_answer(reader, Field.ID_CHECK),
        top_up=_answer(reader, Field.TOP_UP),
        five_g=_answer(reader, Field.FIVE_G),
        phone_number=_answer(reader, Field.PHONE_NUMBER),
        new_users_only=_answer(reader, Field.NEW_USERS_ONLY),
    )


def _made_id(reader: _Reader) -> str:
    if Field.PLAN_ID in reader.places:
        raise _RowRefused(Field.PLAN_ID, Reason.CELL_MISSING, {})
    return hashlib.sha256("\x1f".join(reader.row.cells).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _name(reader: _Reader) -> str:
    """The name, cut where it is advertising without end; "" where the list gives none."""
    name = reader.text(Field.NAME)
    return name if len(name) <= cells.MAX_NAME else name[: cells.MAX_NAME - 1] + "…"


def _read(reader: _Reader, field: Field, read: Callable[[str], T]) -> T | None:
    """``read`` of the field's cell, None when blank."""
    text = reader.text(field)
    if not text:
        return None
    try:
        return read(text)
    except CellRefused as why:
        raise _RowRefused(field, why.reason, why.facts) from None


def _answer(reader: _Reader, field: Field) -> Tri:
    return _read(reader, field, cells.yes_or_no) or Tri.UNKNOWN


def _validity(reader: _Reader) -> int | None:
    days = _read(reader, Field.VALIDITY_DAYS, lambda text: cells.days(text, reader.mapping.decimal_mark))
    if days == 0:
        if reader.mapping.zero_validity is ZeroValidity.REFUSE:
            raise _RowRefused(Field.VALIDITY_DAYS, Reason.ZERO_VALIDITY, {})
        return None
    return days


def _allowance(reader: _Reader, validity_days: int | None) -> Allowance:
    mapping = reader.mapping
    unit, mark = mapping.data_unit or DataUnit.BYTE, mapping.decimal_mark
    speed = _read(reader, Field.SPEED_AFTER_KBPS, lambda text: cells.whole(text, mark, cells.MOST_KBPS))
    fair_use = _read(reader, Field.FAIR_USE_PER_DAY, lambda text: cells.data(text, unit, mark).volume)
    said_unlimited = _answer(reader, Field.UNLIMITED)
    said_period = _read(reader, Field.DATA_PERIOD, cells.period)
    amount = _read(reader, Field.DATA, lambda text: cells.data(text, unit, mark))
    if amount is not None and amount.period is not None:
        if said_period is not None and said_period is not amount.period:
            raise _RowRefused(Field.DATA, Reason.CONTRADICTION, {"other": Field.DATA_PERIOD.value})
        said_period = amount.period
    if amount is None:
        if said_unlimited is not Tri.YES:
            raise _RowRefused(Field.DATA, Reason.CELL_MISSING, {})
    elif amount.volume is None or amount.volume.bytes:
        if said_unlimited is not Tri.UNKNOWN and (said_unlimited is Tri.YES) != (amount.volume is None):
            raise _RowRefused(Field.DATA, Reason.CONTRADICTION, {"other": Field.UNLIMITED.value})
        if amount.volume is not None:
            return _limited(reader, amount.volume, said_period or mapping.period, validity_days, speed)
    elif said_unlimited is not Tri.YES and (
        mapping.zero_data is ZeroData.REFUSE or said_unlimited is Tri.NO or said_period in (Period.DAY, Period.MONTH)
    ):
        raise _RowRefused(Field.DATA, Reason.ZERO_DATA, {})
    if fair_use is not None and not fair_use.bytes:
        raise _RowRefused(Field.FAIR_USE_PER_DAY, Reason.ZERO_DATA, {})
    return Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=fair_use, speed_after_kbps=speed)


def _limited(reader: _Reader, volume: DataVolume, period: Period, validity_days: int | None, speed: int | None) -> Allowance:
    if period is Period.DAY:
        return Allowance(AllowanceKind.PER_DAY, volume, speed_after_kbps=speed)
    month_days = reader.mapping.month_days
    if period is Period.MONTH and (validity_days is None or validity_days > month_days):
        raise _RowRefused(Field.DATA_PERIOD, Reason.MONTHLY_ALLOWANCE, {"month_days": str(month_days)})
    return Allowance(AllowanceKind.TOTAL, volume, speed_after_kbps=speed)


def _prices(reader: _Reader) -> tuple[Money, Money | None]:
    mapping = reader.mapping
    code = _read(reader, Field.CURRENCY, cells.currency) or mapping.currency
    if code is None:
        raise _RowRefused(Field.CURRENCY, Reason.CELL_MISSING, {})
    price = _read(reader, Field.PRICE, lambda text: cells.money(text, code, mapping.decimal_mark))
    promo = _read(reader, Field.PROMO_PRICE, lambda text: cells.money(text, code, mapping.decimal_mark))
    if price is None:
        raise _RowRefused(Field.PRICE, Reason.CELL_MISSING, {})
    if promo is not None and promo.minor > price.minor:
        raise _RowRefused(Field.PROMO_PRICE, Reason.PROMO_ABOVE_PRICE, {})
    return price, None if promo == price else promo


def _countries(reader: _Reader) -> tuple[frozenset[str], bool]:
    """ISO codes, and whether these are all. A word that is no place refuses the row: it could be a country."""
    mapping = reader.mapping
    text = reader.required(Field.COUNTRIES)
    ids: list[str] = []
    for item in [text] if mapping.list_separator is None else text.split(mapping.list_separator):
        read = places.read_places(item)
        if read.unread:
            raise _RowRefused(Field.COUNTRIES, Reason.UNKNOWN_PLACE, {"words": ", ".join(read.unread)[:SHOWN_CELL]})
        ids += read.ids
    if not ids:
        raise _RowRefused(Field.COUNTRIES, Reason.CELL_MISSING, {})
    regions = [place for place in ids if not places.is_country(place)]
    if regions and not mapping.regions_as_members:
        raise _RowRefused(Field.COUNTRIES, Reason.REGION_NOT_COUNTRIES, {"region": regions[0]})
    return frozenset(places.expand(ids)), mapping.coverage_complete and not regions
