"""From the bytes of a file to a table of text cells. Nothing in the file is trusted, and nothing is evaluated."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from services.rules.plan_lists.errors import (
    EmptyTable,
    FileKind,
    FileTooLarge,
    NotATable,
    Reason,
    TooManyColumns,
    TooManyRows,
    UnknownEncoding,
)

DEFAULT_MAX_BYTES: Final = 5_000_000
DEFAULT_MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 200
ENCODINGS: Final = ("utf-8", "utf-16", "gb18030", "cp1252", "big5", "shift_jis")
DELIMITERS: Final = (",", ";", "\t", "|")

_MOST_READ_AGAIN: Final = 20_000_000
_SNIFFED_ROWS: Final = 50
_SNIFFED_CHARACTERS: Final = 100_000
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row below the column names.

    ``number``: as a spreadsheet counts, the column names being row 1 unless a title or blank rows stand above them.
    ``cells``: as many as there are columns. ``problems``: cells that cannot be used, by column index.
    ``problem``: why the whole row cannot be used.
    """

    number: int
    cells: tuple[str, ...]
    problems: dict[int, Reason] = field(default_factory=dict)
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Column names, each once, and rows. ``encoding`` and ``delimiter`` are None for a workbook, ``sheet`` for a text.

    ``encoding_guessed``: the encoding was told from the look of the text; the person may have to correct it.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str | None = None
    encoding_guessed: bool = False
    delimiter: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()


def read_table(
    name: str,
    data: bytes,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_rows: int = DEFAULT_MAX_ROWS,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Table:
    """Reads a CSV or XLSX file; what it is is told from its bytes, ``name`` decides only between text and nothing.

    ``encoding``: one of ENCODINGS when the person corrects the guess. ``sheet``: of a workbook; the first with content
    otherwise. Blank rows are passed over. Raises a TableError: FileTooLarge, UnpacksTooLarge, EmptyTable, NotATable,
    UnknownEncoding, TooManyRows, TooManyColumns, NoSuchSheet.
    """
    if len(data) > max_bytes:
        raise FileTooLarge(len(data), max_bytes)
    if not data.strip():
        raise EmptyTable
    if data.startswith(b"PK\x03\x04"):
        from services.rules.plan_lists.workbook import read_workbook  # only who imports a workbook loads its reader

        return read_workbook(data, max_rows=max_rows, sheet=sheet)
    _refuse_other_kinds(name, data)
    text, used, guessed = _decode(data, encoding)
    return _read_text(text, used, guessed, max_rows)


def _refuse_other_kinds(name: str, data: bytes) -> None:
    start = data[:512].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise NotATable(FileKind.OLD_OR_ENCRYPTED_OFFICE)
    if start.startswith(b"%pdf-"):
        raise NotATable(FileKind.PDF)
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise NotATable(FileKind.HTML)
    if start.startswith((b"{", b"[{")):
        raise NotATable(FileKind.JSON)
    if name.lower().endswith((".xlsx", ".xlsm", ".xls", ".ods", ".numbers")):
        raise NotATable(FileKind.BROKEN_WORKBOOK)


def _decode(data: bytes, asked: str | None) -> tuple[str, str, bool]:
    """Text, encoding, and whether it was guessed. Raises UnknownEncoding, NotATable."""
    if asked is not None:
        if asked not in ENCODINGS:
            raise UnknownEncoding(ENCODINGS, asked)
        try:
            return _checked(data.decode(asked).removeprefix("\ufeff")), asked, False
        except UnicodeError:
            raise UnknownEncoding(ENCODINGS, asked) from None
    for bom, codec, named in _BOMS:
        if data.startswith(bom):
            try:
                return _checked(data.decode(codec)), named, False
            except UnicodeError:
                raise UnknownEncoding(ENCODINGS) from None
    if b"\x00" in data:
        return _utf16_without_bom(data), "utf-16", True
    with suppress(UnicodeError):
        return _checked(data.decode("utf-8")), "utf-8", False
    for codec, looks_like in (("gb18030", _looks_chinese), ("cp1252", _looks_western)):
        if looks_like(data):
            with suppress(UnicodeError):
                return _checked(data.decode(codec)), codec, True
    raise UnknownEncoding(ENCODINGS)


def _checked(text: str) -> str:
    if _CONTROLS.search(text):
        raise NotATable(FileKind.BINARY)
    return text


def _utf16_without_bom(data: bytes) -> str:
    """UTF-16 whose zero bytes stand all on one side, as those of commas and digits do. Raises NotATable."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    codec = "utf-16-le" if even == 0 else "utf-16-be" if odd == 0 else None
    if codec is None or len(data) % 2:
        raise NotATable(FileKind.BINARY)
    try:
        return _checked(data.decode(codec))
    except UnicodeError:
        raise NotATable(FileKind.BINARY) from None


def _looks_chinese(data: bytes) -> bool:
    """Bytes above ASCII come in pairs, most of them in the GB 2312 square where the common characters are."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    high = sum(len(run) for run in runs)
    common = sum(len(pairs) for pairs in re.findall(rb"(?:[\xa1-\xa9\xb0-\xf7][\xa1-\xfe])+", data))
    lone = sum(1 for run in runs if len(run) == 1)
    return bool(runs) and common >= 0.8 * high and lone <= 0.2 * len(runs)


def _looks_western(data: bytes) -> bool:
    """Accented letters and signs: at most a third of the bytes are above ASCII, and most of these stand alone."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    lone = sum(1 for run in runs if len(run) <= 2)
    return bool(runs) and sum(len(run) for run in runs) <= len(data) / 3 and lone >= 0.8 * len(runs)


def _records(text: str, delimiter: str) -> Iterator[list[str] | Reason]:
    """Records of a CSV text; a reason for one that cannot be read: a giant cell, or a quote that nothing closes.

    A quote left open would swallow the rows behind it: only its own line is given up, and reading goes on below.
    Raises NotATable when quotes are so wrong that reading again and again comes to nothing.
    """
    # With their ends, as csv wants them; splitlines() would also split at separators that stand inside a cell.
    lines = list(io.StringIO(text, newline=""))
    at, left = 0, _MOST_READ_AGAIN

    def feed() -> Iterator[str]:
        nonlocal at
        while at < len(lines):
            at += 1
            yield lines[at - 1]

    while left > 0:
        reader = csv.reader(feed(), delimiter=delimiter, skipinitialspace=True)
        while True:
            first = at
            record: list[str] | Reason
            try:
                record = next(reader)
            except csv.Error:
                record = Reason.CELL_TOO_LONG
            except StopIteration:
                return
            if at > first + 1 and (record is Reason.CELL_TOO_LONG or not _closes_its_quotes(lines[first:at], delimiter)):
                break
            yield record
        yield Reason.UNCLOSED_QUOTE
        left -= sum(len(line) for line in lines[first:at])
        at = first + 1
    raise NotATable(FileKind.BINARY)


def _closes_its_quotes(lines: list[str], delimiter: str) -> bool:
    """Whether csv's strict reading has nothing against a record of several lines."""
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))) == 1
    except csv.Error:
        return False


def _sniff(text: str) -> str:
    """The delimiter under which the first rows have the same number of cells, above one. Raises NotATable."""
    best, chosen = (0.0, 0), None
    head = text[:_SNIFFED_CHARACTERS]
    for delimiter in DELIMITERS:
        widths: list[int] = []
        for record in _records(head, delimiter):
            # A title above the column names is no row yet.
            if isinstance(record, list) and any(cell.strip() for cell in record) and (widths or len(record) > 1):
                widths.append(len(record))
                if len(widths) == _SNIFFED_ROWS:
                    break
        if not widths:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    if chosen is None:
        raise NotATable(FileKind.ONE_COLUMN)
    return chosen


def _read_text(text: str, encoding: str, guessed: bool, max_rows: int) -> Table:
    if not text.strip(' \r\n"' + "".join(DELIMITERS)):
        raise EmptyTable
    delimiter = _sniff(text)
    columns, rows = build(((number, record, {}) for number, record in enumerate(_records(text, delimiter), 1)), max_rows)
    return Table(columns, rows, encoding=encoding, encoding_guessed=guessed, delimiter=delimiter)


def build(records: Iterable[tuple[int, list[str] | Reason, dict[int, Reason]]], max_rows: int) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Column names and rows from numbered records: the names stand in the first record with two cells or more.

    Raises EmptyTable, TooManyRows, TooManyColumns.
    """
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    for number, record, problems in records:
        if isinstance(record, list) and not problems and not any(cell.strip() for cell in record):
            continue
        if not columns:
            if isinstance(record, list) and sum(1 for cell in record if cell.strip()) > 1:
                columns = _column_names(record)
            continue
        if len(rows) == max_rows:
            raise TooManyRows(max_rows)
        rows.append(_row(number, record, problems, len(columns)))
    if not columns or not rows:
        raise EmptyTable
    return columns, tuple(rows)


def _row(number: int, record: list[str] | Reason, problems: dict[int, Reason], width: int) -> Row:
    if isinstance(record, Reason):
        return Row(number, ("",) * width, problem=record)
    extra = any(cell.strip() for cell in record[width:])
    cells = tuple(record) if extra else (*record[:width], *[""] * (width - len(record)))
    return Row(number, cells, problems, Reason.TOO_MANY_CELLS if extra else None)


def _column_names(record: list[str]) -> tuple[str, ...]:
    """Names as written; a nameless column gets its spreadsheet letter, a second one of a name its letter in brackets."""
    while record and not record[-1].strip():
        record = record[:-1]
    if len(record) > MAX_COLUMNS:
        raise TooManyColumns(len(record), MAX_COLUMNS)
    names: dict[str, None] = {}
    for index, cell in enumerate(record):
        name = clean_text(cell)[:100]
        letter = _letter(index)
        name = name or letter
        while name in names:
            name = f"{name} ({letter})"
        names[name] = None
    return tuple(names)


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


_SPACES = re.compile(r"\s+")
# Controls, format characters (bidi overrides, zero width, tags; not the joiner inside emoji), surrogates, private use.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def clean_text(text: str) -> str:
    """``text`` without characters that cannot be seen or turn the writing direction, spaces collapsed."""
    return _SPACES.sub(" ", _UNSEEN.sub("", text)).strip()
