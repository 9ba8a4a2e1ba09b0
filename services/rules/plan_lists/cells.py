"""Reads single cells: numbers, amounts of data and money, days, yes or no, links. Whatever is not clear is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from html import unescape
from typing import Final
from urllib.parse import urlsplit

from babel.numbers import get_currency_symbol

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.tri import Tri
from services.rules.plan_lists.errors import Reason
from services.rules.plan_lists.mapping import Period, known_currencies
from services.rules.plan_lists.table import clean_text

MAX_CELL: Final = 5_000
MAX_VALUE: Final = 100
MAX_NAME: Final = 200
MAX_ID: Final = 200
MAX_URL: Final = 2_000
MOST_BYTES: Final = 10**17
MOST_DAYS: Final = 36_500
MOST_PRICE: Final = Decimal(10) ** 9
MOST_KBPS: Final = 10**8

_BLANK = frozenset({"", "-", "--", "—", "–", "/", "n/a", "na", "nan", "null", "none", "unknown", "未知", "无数据", "不详"})
_YES = frozenset({"yes", "y", "true", "t", "1", "✓", "✔", "✅", "supported", "allowed", "是", "有", "可", "可以", "支持", "允许", "需要"})
_NO = frozenset(
    {
        "no",
        "n",
        "false",
        "f",
        "0",
        "✗",
        "✘",
        "❌",
        "×",
        "not supported",
        "not allowed",
        "否",
        "无",
        "不",
        "不可",
        "不可以",
        "不支持",
        "不允许",
        "不需要",
    }
)
_PERIODS = {
    Period.WHOLE_PLAN: frozenset({"total", "plan", "whole plan", "whole", "fixed", "package", "总量", "总", "整个套餐", "套餐"}),
    Period.DAY: frozenset({"day", "daily", "per day", "/day", "a day", "d", "日", "天", "每天", "每日", "/天", "/日"}),
    Period.MONTH: frozenset({"month", "monthly", "per month", "/month", "a month", "月", "每月", "/月"}),
}
_UNLIMITED = frozenset({"unlimited", "unlimited data", "∞", "infinite", "无限", "无限量", "不限", "不限量", "无限流量", "不限流量"})
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_AMOUNT = re.compile(r"(.*?[\d.,])\s*([a-z]{1,5})?\s*(?:(?:/|per|a)?\s*(day|daily|天|日|month|monthly|月))?", re.IGNORECASE | re.DOTALL)
_DAYS = re.compile(r"(.*?\d)\s*(?:d|days?|天|日)?", re.IGNORECASE | re.DOTALL)
_MONEY = re.compile(r"([^\d+\-.,]*)([+-]?[\d.,][\d.,eE+\- ]*?)([^\d+\-.,]*)")
_DECIMAL_UNITS = {
    "b": DataUnit.BYTE,
    "kb": DataUnit.KB,
    "k": DataUnit.KB,
    "mb": DataUnit.MB,
    "m": DataUnit.MB,
    "gb": DataUnit.GB,
    "g": DataUnit.GB,
}
_BINARY_UNITS = {"kb": DataUnit.KIB, "k": DataUnit.KIB, "mb": DataUnit.MIB, "m": DataUnit.MIB, "gb": DataUnit.GIB, "g": DataUnit.GIB}
_NAMED_UNITS = {"kib": DataUnit.KIB, "mib": DataUnit.MIB, "gib": DataUnit.GIB}
_BINARY = frozenset({DataUnit.KIB, DataUnit.MIB, DataUnit.GIB})
_MORE_SIGNS = {
    "CNY": ("元", "人民币", "rmb", "¥", "￥"),
    "JPY": ("円", "日元", "¥", "￥"),
    "USD": ("美元", "us$"),
    "HKD": ("港币", "港元"),
    "TWD": ("nt$",),
    "EUR": ("欧元",),
    "GBP": ("英镑",),
}
_DOLLARS = frozenset("USD CAD AUD NZD SGD HKD TWD MXN CLP COP ARS BBD BSD BZD FJD JMD TTD".split())
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class CellRefused(Exception):
    """A cell that says nothing usable. Stays inside this package: every one ends in a refused row."""

    def __init__(self, reason: Reason, facts: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts: Mapping[str, str] = facts or {}


@dataclass(frozen=True, slots=True)
class DataCell:
    """An amount and, where the cell itself says it, the period. ``volume`` None means unlimited."""

    volume: DataVolume | None
    period: Period | None


def as_text(cell: str) -> str:
    """The text that a cell means: HTML entities as their characters, nothing unseen, one line."""
    return clean_text(unescape(cell))


def half_width(text: str) -> str:
    """ "１０ＧＢ" as "10GB". Not NFKC, which would make "5²" a 52."""
    return text.translate(_HALF_WIDTH)


def is_blank(cell: str) -> bool:
    """Whether the cell says "not published"."""
    return cell.casefold() in _BLANK


def _out_of_range(least: object, most: object) -> CellRefused:
    return CellRefused(Reason.OUT_OF_RANGE, {"least": str(least), "most": str(most)})


@lru_cache(maxsize=8192)
def number(cell: str, decimal_mark: str) -> Decimal:
    """A number, with thousands grouped by the other mark or a space if at all. Raises CellRefused."""
    plain = cell.replace("\u00a0", " ").replace("\u202f", " ").strip()
    if re.fullmatch(r"[+-]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?", plain):
        plain = plain.replace(" ", "")
    if decimal_mark == ",":
        plain = plain.translate({ord("."): ",", ord(","): "."})
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        raise CellRefused(Reason.NOT_A_NUMBER)
    try:
        return Decimal(plain)
    except InvalidOperation:
        raise CellRefused(Reason.NOT_A_NUMBER) from None


@lru_cache(maxsize=8192)
def data(cell: str, unit: DataUnit, decimal_mark: str) -> DataCell:
    """ "1000", "1.5 GB", "500MB/day", "Unlimited". Zero stays a volume of zero. Raises CellRefused."""
    if cell.casefold() in _UNLIMITED:
        return DataCell(None, None)
    parts = _AMOUNT.fullmatch(cell)
    if parts is None:
        raise CellRefused(Reason.NOT_A_NUMBER)
    amount, written, per = number(parts[1], decimal_mark), parts[2], parts[3]
    if written is not None:
        known = _NAMED_UNITS | (_BINARY_UNITS if unit in _BINARY else _DECIMAL_UNITS)
        if written.casefold() not in known:
            raise CellRefused(Reason.NOT_A_NUMBER)
        unit = known[written.casefold()]
    if not 0 <= amount * unit.value <= MOST_BYTES:
        raise _out_of_range(0, MOST_BYTES)
    return DataCell(DataVolume.of(amount, unit), None if per is None else period(per))


@lru_cache(maxsize=1024)
def period(cell: str) -> Period:
    """Raises CellRefused."""
    wanted = cell.casefold()
    for meant, words in _PERIODS.items():
        if wanted in words:
            return meant
    raise CellRefused(Reason.UNKNOWN_PERIOD)


@lru_cache(maxsize=1024)
def whole(cell: str, decimal_mark: str, most: int) -> int:
    """A whole number from 0 to ``most``. Raises CellRefused."""
    value = number(cell, decimal_mark)
    if not 0 <= value <= most:
        raise _out_of_range(0, most)
    if value != int(value):
        raise CellRefused(Reason.NOT_A_NUMBER)
    return int(value)


@lru_cache(maxsize=1024)
def days(cell: str, decimal_mark: str) -> int:
    """ "30", "30 days", "30天"; 0 is returned as 0. Raises CellRefused."""
    parts = _DAYS.fullmatch(cell)
    if parts is None:
        raise CellRefused(Reason.NOT_WHOLE_DAYS)
    try:
        return whole(parts[1], decimal_mark, MOST_DAYS)
    except CellRefused as refused:
        if refused.reason is Reason.OUT_OF_RANGE:
            raise
        raise CellRefused(Reason.NOT_WHOLE_DAYS) from None


def currency(cell: str) -> str:
    """An ISO 4217 code. Raises CellRefused."""
    code = cell.upper()
    if code not in known_currencies():
        raise CellRefused(Reason.UNKNOWN_CURRENCY)
    return code


@lru_cache(maxsize=256)
def _signs(code: str) -> frozenset[str]:
    symbols = {get_currency_symbol(code, locale).casefold() for locale in ("en", "zh_Hans", "en_US")}
    if code in _DOLLARS:
        symbols.add("$")
    return frozenset({"", code.casefold(), *symbols, *_MORE_SIGNS.get(code, ())})


@lru_cache(maxsize=16384)
def money(cell: str, code: str, decimal_mark: str) -> Money:
    """A price of 0 or more in ``code``; a sign beside it must be one of that currency. Raises CellRefused.

    More than six decimals are the noise of binary fractions and are rounded to six.
    """
    parts = _MONEY.fullmatch(cell)
    if parts is None:
        raise CellRefused(Reason.NOT_A_NUMBER)
    amount = number(parts[2], decimal_mark)
    signs = _signs(code)
    if not {parts[1].strip().casefold(), parts[3].strip().casefold()} <= signs:
        raise CellRefused(Reason.OTHER_CURRENCY, {"currency": code})
    if not 0 <= amount <= MOST_PRICE:
        raise _out_of_range(0, MOST_PRICE)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        amount = round(amount, 6)
    return Money.of(amount, code)


@lru_cache(maxsize=1024)
def yes_or_no(cell: str) -> Tri:
    """Blank is unknown. Raises CellRefused on anything that is neither."""
    folded = cell.casefold()
    if folded in _BLANK:
        return Tri.UNKNOWN
    if folded in _YES:
        return Tri.YES
    if folded in _NO:
        return Tri.NO
    raise CellRefused(Reason.NOT_YES_OR_NO)


def link(cell: str) -> str:
    """An http or https address with a host and no user name in it. Never fetched. Raises CellRefused."""
    try:
        parts = urlsplit(cell)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise CellRefused(Reason.BAD_LINK) from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or len(cell) > MAX_URL or re.search(r"[\s\"'<>\\]", cell):
        raise CellRefused(Reason.BAD_LINK)
    return cell
