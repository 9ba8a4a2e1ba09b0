"""XLSX workbooks: unpacked under a limit, looked through for what is not plain, then read by calamine."""

import datetime as dt
import posixpath
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from xml.etree import ElementTree

import python_calamine

from services.rules.plan_lists.errors import EmptyTable, FileKind, NoSuchSheet, NotATable, Reason, TableError, TooManyRows, UnpacksTooLarge
from services.rules.plan_lists.table import MAX_COLUMNS, Table, build

MAX_UNPACKED_BYTES: Final = 60_000_000
_MAX_PARTS: Final = 1_000
_CHUNK: Final = 256 * 1024
MAX_CELLS: Final = 5_000_000
# Where a row or cell says it stands, and those that do not say it.
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)(\d+)\s*["']""")
_ROW = re.compile(rb"<(?:[^\s<>/:]+:)?row\b")
_UNPLACED_ROW = re.compile(rb"<(?:[^\s<>/:]+:)?row\b(?![^>]*\br\s*=)")
_UNPLACED_CELL = re.compile(rb"<(?:[^\s<>/:]+:)?c\b(?![^>]*\br\s*=)")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_workbook(data: bytes, *, max_rows: int, sheet: str | None = None) -> Table:
    """The asked sheet of an XLSX file, or its first visible one with content.

    Formulas give the value stored beside them; a formula without one, and a cell that holds an error, are marked in
    Row.problems. Raises a TableError.
    """
    parts = _unpack(data)
    for part in parts.values():
        _refuse_far_cells(part, max_rows)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(BytesIO(_repack(parts))) as workbook:
            return _read(workbook, parts, max_rows, sheet)
    except TableError:
        raise
    except (python_calamine.CalamineError, ElementTree.ParseError, KeyError, OSError, ValueError):
        raise NotATable(FileKind.BROKEN_WORKBOOK) from None
    except BaseException as error:
        # A panic in the reader is no Exception: it would pass every handler of the page.
        if type(error).__name__ != "PanicException":
            raise
        raise NotATable(FileKind.BROKEN_WORKBOOK) from None


def _unpack(data: bytes) -> dict[str, bytes]:
    """Parts of the workbook, never more than MAX_UNPACKED_BYTES of them, whatever the archive's own sizes say."""
    parts: dict[str, bytes] = {}
    left = MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MAX_PARTS:
                raise UnpacksTooLarge(MAX_UNPACKED_BYTES)
            for entry in entries:
                if not entry.filename.endswith((".xml", ".rels")):
                    continue
                chunks = []
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise UnpacksTooLarge(MAX_UNPACKED_BYTES)
                        chunks.append(chunk)
                parts[entry.filename] = b"".join(chunks)
    except UnpacksTooLarge:
        raise
    except Exception:  # noqa: BLE001  zipfile raises from half a dozen families on a hostile archive
        raise NotATable(FileKind.BROKEN_WORKBOOK) from None
    if "xl/workbook.xml" not in parts:
        raise NotATable(FileKind.OTHER_ZIP)
    return parts


def _repack(parts: dict[str, bytes]) -> bytes:
    """An archive of exactly the parts that were counted, so that the reader unpacks nothing else."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def _refuse_far_cells(part: bytes, max_rows: int) -> None:
    """The reader makes room for every cell between the first and the last: two cells far apart would fill the memory."""
    # UTF-16, which the look below would not see through, and entities, which no spreadsheet writes.
    if b"\x00" in part or b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise NotATable(FileKind.BROKEN_WORKBOOK)
    rows = columns = 0
    for letters, digits in set(_PLACE.findall(part)):
        if len(letters) > 3 or len(digits) > 9:
            raise NotATable(FileKind.BROKEN_WORKBOOK)
        rows = max(rows, int(digits))
        columns = max(columns, _column_number(letters.decode().upper()))
    # Rows and cells that do not say where they stand follow the one before.
    unplaced = _UNPLACED_ROW.findall(part)
    widest = max(len(_UNPLACED_CELL.findall(row)) for row in _ROW.split(part))
    if (rows + len(unplaced)) * (columns + widest) > MAX_CELLS:
        raise TooManyRows(max_rows)


def _column_number(letters: str) -> int:
    """1 for A, 27 for AA, 0 for no letters."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _read(workbook: python_calamine.CalamineWorkbook, parts: dict[str, bytes], max_rows: int, sheet: str | None) -> Table:
    visible = tuple(
        meta.name
        for meta in workbook.sheets_metadata
        if meta.visible == python_calamine.SheetVisibleEnum.Visible and meta.typ == python_calamine.SheetTypeEnum.WorkSheet
    )
    if sheet is not None and sheet not in visible:
        raise NoSuchSheet(sheet, visible)
    for name in visible if sheet is None else (sheet,):
        problems = _cell_problems(parts, name)
        cells = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if not cells:
            continue
        columns, rows = build(_records(cells, problems), max_rows)
        return Table(columns, rows, sheet=name, sheets=visible)
    raise EmptyTable


def _records(
    cells: list[list[Any]], problems: dict[tuple[int, int], Reason]
) -> Iterator[tuple[int, list[str] | Reason, dict[int, Reason]]]:
    by_row: dict[int, dict[int, Reason]] = {}
    for (row, column), reason in problems.items():
        by_row.setdefault(row, {})[column] = reason
    for index, row_cells in enumerate(cells):
        yield index + 1, [_text(cell) for cell in row_cells], by_row.get(index, {})


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without ".0", dates as ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _cell_problems(parts: dict[str, bytes], sheet: str) -> dict[tuple[int, int], Reason]:
    """Cells of a sheet with an error or with a formula whose result was never stored, by row and column from 0."""
    part = parts[_part_name(parts, sheet)]
    if b"<f" not in part and b":f" not in part and b"#" not in part:
        return {}
    found: dict[tuple[int, int], Reason] = {}
    row = column = -1
    for event, element in ElementTree.iterparse(BytesIO(part), ("start", "end")):  # noqa: S314  no DOCTYPE gets here
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            if tag == "row":
                row, column = _place(element.get("r"), row + 1, -1)
            elif tag == "c":
                row, column = _place(element.get("r"), row, column + 1)
        elif tag == "c":
            kinds = {child.tag.rpartition("}")[2]: child for child in element}
            value = kinds.get("v")
            stored = value is not None and (bool(value.text) or element.get("t") == "str")
            if element.get("t") == "e":
                found[row, column] = Reason.ERROR_IN_CELL
            elif "f" in kinds and not stored:
                found[row, column] = Reason.FORMULA_WITHOUT_VALUE
            element.clear()
        elif tag == "row":
            element.clear()
    return {place: reason for place, reason in found.items() if place[1] <= MAX_COLUMNS}


def _place(reference: str | None, row: int, column: int) -> tuple[int, int]:
    """Row and column from 0 of "B7", or of a row's "7"; the given ones for what is left out."""
    found = re.fullmatch(r"([A-Z]{0,3})(\d{1,7})", reference or "")
    if found is None:
        return row, column
    letters, digits = found.groups()
    return int(digits) - 1, _column_number(letters) - 1 if letters else column


def _part_name(parts: dict[str, bytes], sheet: str) -> str:
    """The part that holds a sheet. Raises KeyError when the workbook does not say."""
    # No DOCTYPE, so no entity, gets here: _refuse_far_cells.
    relations = {each.get("Id"): each.get("Target", "") for each in ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])}  # noqa: S314
    for element in ElementTree.fromstring(parts["xl/workbook.xml"]).iter():  # noqa: S314
        if element.tag.rpartition("}")[2] == "sheet" and element.get("name") == sheet:
            target = relations[element.get(_RELATION)]
            return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
    raise KeyError(sheet)
