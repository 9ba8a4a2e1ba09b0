"""The ranking as CSV that no spreadsheet runs as a formula."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal

import pandas as pd

from services.model.data_volume import DataUnit
from services.rules.compare.frame import FEATURES, amount_of
from services.rules.compare.ranking import Ranking

EXPORT_COLUMNS: tuple[str, ...] = (
    "seller",
    "name",
    "plan_id",
    "origin",
    "total",
    "question_currency",
    "total_state",
    "purchases",
    "meets_need",
    "usable_gb",
    "validity_days",
    "per_gb",
    "per_day",
    "covers_all",
    "covers",
    "kind",
    "volume_gb",
    "unlimited_meaning",
    "fair_use_gb_per_day",
    "speed_after_kbps",
    *FEATURES,
    "start_rule",
    "price",
    "promo_price",
    "currency",
    "fetched_at",
    "stale",
    "buy_url",
)
"""The columns in order; "covers" stands for one column per country asked for. GB are decimal, money is in major units."""

Say = Callable[[str, str], str]
_WORDS = frozenset(
    {"origin", "total_state", "meets_need", "covers_all", "covers", "kind", "unlimited_meaning", "start_rule", "stale", *FEATURES}
)
_STARTS = "=+\\-@\u2212\u207a\u207b\u207c\u208a\u208b\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
"""What a formula may begin with, and every character that becomes one of these under NFKC, as some importers apply; for use in [...]."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SUSPECT = re.compile(f"[{_STARTS}]|{_CONTROLS.pattern}")
_START = re.compile(f"[{_STARTS}]")
_LATER_CELL = re.compile(f";(?=[\\s\"'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*[{_STARTS}])")
_INVISIBLE = frozenset(("Cf", "Cs", "Co", "Cn", "Mn", "Me"))


def plain_cell(text: str) -> str:
    """``text`` so that Excel, LibreOffice and Google Sheets show it and run nothing.

    A cell runs when it begins with ``= + - @``, also behind blanks, invisible characters or quotes, in full-width and small forms, or
    behind a tab or line break; an apostrophe in front stops that. Control characters become blanks. A sheet set to semicolons cuts cells at
    ``;``, so that what follows one is treated in the same way.
    """
    if not _SUSPECT.search(text):
        return text
    clean = _LATER_CELL.sub(";'", _CONTROLS.sub(" ", text))
    for char in clean:
        if char in "\"'" or char.isspace() or unicodedata.category(char) in _INVISIBLE:
            continue
        return f"'{clean}" if _START.match(char) else clean
    return clean


def export_csv(ranking: Ranking, headings: Mapping[str, str], say: Say = lambda column, code: code, most: int | None = None) -> bytes:
    """The first ``most`` ranked plans (all when None) as UTF-8 CSV with a byte order mark, every cell quoted.

    ``headings``: the words over each of EXPORT_COLUMNS; over a country's tick stands that of "covers", a blank and the code.
    ``say(column, code)``: the word for a coded value ("yes", "per_day", a StartRule...). Unknown numbers are empty cells.
    Raises KeyError when a heading is missing.
    """
    table = ranking.page(0, most)
    columns: list[tuple[str, list[str]]] = []
    for name in EXPORT_COLUMNS:
        if name == "covers":
            for code in ranking.question.countries:
                columns.append((f"{headings[name]} {code}", _said(table[f"covers_{code}"], name, say)))
        elif name == "question_currency":
            columns.append((headings[name], [ranking.question.currency] * len(table)))
        else:
            columns.append((headings[name], _cells(table, name, say)))
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([plain_cell(heading) for heading, _ in columns])
    writer.writerows(zip(*(cells for _, cells in columns), strict=True))
    return out.getvalue().encode("utf-8-sig")


_MONEY = {name: f"{name}_micro" for name in ("total", "per_gb", "per_day", "price", "promo_price")}
_VOLUMES = {"usable_gb": "usable_bytes", "volume_gb": "volume", "fair_use_gb_per_day": "fair_use_per_day"}


def _cells(table: pd.DataFrame, name: str, say: Say) -> list[str]:
    if name in _MONEY:
        return [_number(None if value is pd.NA else amount_of(value)) for value in table[_MONEY[name]].tolist()]
    if name in _VOLUMES:
        return [_number(None if value is pd.NA else Decimal(value) / DataUnit.GB) for value in table[_VOLUMES[name]].tolist()]
    if name == "stale":
        return _said(table["stale"].map({True: "yes", False: "no"}), name, say)
    if name == "fetched_at":
        return [moment.isoformat() for moment in table[name]]
    if name in _WORDS:
        return _said(table[name], name, say)
    return [plain_cell("" if value is None or value is pd.NA or value != value else str(value)) for value in table[name].tolist()]


def _said(values: "pd.Series[str]", name: str, say: Say) -> list[str]:
    words = {code: plain_cell(say(name, code)) for code in values.dropna().unique()}
    return [words.get(code, "") for code in values.tolist()]


def _number(value: Decimal | None) -> str:
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
