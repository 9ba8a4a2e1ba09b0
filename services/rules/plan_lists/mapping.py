"""Which column says what, and in which units: suggested from the names of the columns, decided by the person."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Annotated

from babel.numbers import list_currencies
from pydantic import StringConstraints, TypeAdapter

from services.model.data_volume import DataUnit
from services.rules.plan_lists.errors import FieldsMissing, NoSuchColumn, UnknownCurrency
from services.rules.plan_lists.table import Row, Table, clean_text

ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\W_A-Z]+$")]


class Field(StrEnum):
    """What a column of a plan list may say."""

    PLAN_ID = "plan_id"
    SELLER = "seller"
    NAME = "name"
    DATA = "data"
    DATA_PERIOD = "data_period"
    UNLIMITED = "unlimited"
    FAIR_USE_PER_DAY = "fair_use_per_day"
    SPEED_AFTER_KBPS = "speed_after_kbps"
    VALIDITY_DAYS = "validity_days"
    PRICE = "price"
    PROMO_PRICE = "promo_price"
    CURRENCY = "currency"
    COUNTRIES = "countries"
    HOTSPOT = "hotspot"
    TOP_UP = "top_up"
    ID_CHECK = "id_check"
    FIVE_G = "five_g"
    PHONE_NUMBER = "phone_number"
    NEW_USERS_ONLY = "new_users_only"
    BUY_URL = "buy_url"


class Period(StrEnum):
    """What the data amount of a row is an amount of."""

    WHOLE_PLAN = "whole_plan"
    DAY = "day"
    MONTH = "month"


class ZeroData(StrEnum):
    """What a data amount of 0 means in this list."""

    REFUSE = "refuse"
    UNLIMITED = "unlimited"


class ZeroValidity(StrEnum):
    """What a validity of 0 days means in this list."""

    REFUSE = "refuse"
    NOT_PUBLISHED = "not_published"


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What the person said about a list.

    ``columns``: the column of each field that has one. ``seller``: of every row, where there is no seller column.
    ``data_unit``: unit of a bare number in the data columns, and whether a "GB" written there counts 1000 or 1024.
    ``currency``: of every row whose currency column is absent or blank.
    ``decimal_mark``: "." or ","; the other one may group thousands.
    ``period``: of rows whose period column is absent or blank.
    ``month_days``: a monthly allowance is the whole plan's when the plan lasts no longer than this; a longer plan with
    one cannot be told exactly and is refused.
    ``list_separator``: what stands between countries; None for commas, semicolons, bars, slashes and lists in brackets.
    ``regions_as_members``: take "Europe" as this project's list of its countries, never complete; refused otherwise.
    ``coverage_complete``: False when the list names only some of the countries that a plan covers.
    """

    columns: Mapping[Field, str]
    seller: str | None = None
    data_unit: DataUnit | None = None
    currency: str | None = None
    decimal_mark: str = "."
    period: Period = Period.WHOLE_PLAN
    month_days: int = 30
    zero_data: ZeroData = ZeroData.REFUSE
    zero_validity: ZeroValidity = ZeroValidity.REFUSE
    list_separator: str | None = None
    regions_as_members: bool = False
    coverage_complete: bool = True


@lru_cache(maxsize=1)
def load_column_names() -> dict[Field, tuple[str, ...]]:
    """Usual names of the column of each field, squeezed; the data file beside this module. Raises pydantic.ValidationError."""
    text = files(__package__).joinpath("data", "column_names.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[Field, tuple[ColumnName, ...]]).validate_python(tomllib.loads(text))


@lru_cache(maxsize=1)
def known_currencies() -> frozenset[str]:
    """ISO 4217 codes that CLDR knows, those out of use included."""
    return frozenset(list_currencies())


def check_mapping(table: Table, mapping: ColumnMapping) -> None:
    """Raises NoSuchColumn, FieldsMissing or UnknownCurrency when plans cannot be made of ``table`` with ``mapping``."""
    for column in mapping.columns.values():
        if column not in table.columns:
            raise NoSuchColumn(column)
    has = mapping.columns.keys()
    missing = [field.value for field in (Field.PRICE, Field.COUNTRIES) if field not in has]
    if not has & {Field.DATA, Field.UNLIMITED}:
        missing.append(Field.DATA.value)
    if has & {Field.DATA, Field.FAIR_USE_PER_DAY} and mapping.data_unit is None:
        missing.append("data_unit")
    if Field.SELLER not in has and not clean_text(mapping.seller or ""):
        missing.append(Field.SELLER.value)
    if Field.CURRENCY not in has and mapping.currency is None:
        missing.append(Field.CURRENCY.value)
    if missing:
        raise FieldsMissing(tuple(missing))
    if mapping.currency is not None and mapping.currency not in known_currencies():
        raise UnknownCurrency(mapping.currency)


_UNITS = {"kb": DataUnit.KB, "mb": DataUnit.MB, "gb": DataUnit.GB, "kib": DataUnit.KIB, "mib": DataUnit.MIB, "gib": DataUnit.GIB}
_UNIT_AT_THE_END = re.compile(r"(?:in)?(kb|mb|gb|kib|mib|gib|bytes)$")
_WORDS = {"人民币": "CNY", "美元": "USD", "港币": "HKD", "欧元": "EUR", "英镑": "GBP"}
_SIGNS = {"€": "EUR", "£": "GBP", "us$": "USD", "hk$": "HKD", "₩": "KRW", "฿": "THB", "₹": "INR", **_WORDS}
_MONEY = frozenset({Field.PRICE, Field.PROMO_PRICE})
_AMOUNTS = frozenset({Field.DATA, Field.FAIR_USE_PER_DAY})
_COMMA_DECIMAL = re.compile(r"[^\d]*\d+,\d{1,2}[^\d]*")
_SAMPLE_ROWS = 200


@dataclass(slots=True)
class _Hints:
    columns: dict[Field, str] = field(default_factory=dict)
    unit: DataUnit | None = None
    currency: str | None = None


def suggest_mapping(columns: Iterable[str], sample: Iterable[Row] = ()) -> ColumnMapping:
    """A mapping to start from, by the names of the columns; units and currency only where a name or a sign states them.

    What 0 means, whether the coverage is complete and the unit of unnamed numbers are never suggested: only the person
    knows. ``sample``: some rows, from which the decimal mark is told.
    """
    names = tuple(columns)
    hints = _Hints()
    squeezed = {column: re.sub(r"[\W_]+", "", column.casefold()) for column in names}
    for field_id, known in load_column_names().items():
        ranked = [
            (known.index(plain), position, column)
            for position, column in enumerate(names)
            for plain in [_plain_name(squeezed[column], field_id)]
            if plain in known and column not in hints.columns.values()
        ]
        if ranked:
            hints.columns[field_id] = min(ranked)[2]
    for field_id, column in hints.columns.items():
        if field_id in _AMOUNTS and hints.unit is None:
            hints.unit = _unit_in(squeezed[column])
        if field_id in _MONEY and hints.currency is None:
            hints.currency = _currency_in(column)
    return ColumnMapping(
        columns=hints.columns,
        data_unit=hints.unit,
        currency=hints.currency,
        decimal_mark=_decimal_mark(names, sample, hints.columns),
    )


def _plain_name(squeezed: str, field_id: Field) -> str:
    """The squeezed name of a column without the unit or currency in it."""
    if field_id in _AMOUNTS:
        return _UNIT_AT_THE_END.sub("", squeezed)
    if field_id in _MONEY:
        for code in re.findall(r"^[a-z]{3}|[a-z]{3}$", squeezed):
            if code.upper() in known_currencies() and squeezed != code:
                return squeezed.removeprefix(code).removesuffix(code)
        for sign in (*_WORDS, "元"):
            squeezed = squeezed.removesuffix(sign)
    return squeezed


def _unit_in(squeezed: str) -> DataUnit | None:
    found = _UNIT_AT_THE_END.search(squeezed)
    if found is None:
        return None
    return DataUnit.BYTE if found[1] == "bytes" else _UNITS[found[1]]


def _currency_in(column: str) -> str | None:
    for word in re.findall(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])", column):
        if word.upper() in known_currencies():
            return str(word.upper())
    return next((code for sign, code in _SIGNS.items() if sign in column.casefold()), None)


def _decimal_mark(names: tuple[str, ...], sample: Iterable[Row], columns: Mapping[Field, str]) -> str:
    places = [names.index(columns[field_id]) for field_id in (Field.PRICE, Field.DATA) if field_id in columns]
    cells = [row.cells[place] for row, _ in zip(sample, range(_SAMPLE_ROWS), strict=False) for place in places]
    commas = sum(1 for cell in cells if _COMMA_DECIMAL.fullmatch(cell.strip()))
    points = sum(1 for cell in cells if "." in cell and "," not in cell)
    return "," if commas > points else "."
