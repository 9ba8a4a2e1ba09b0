"""Importing a person's own plan list: good rows are kept under the list's name, the others come back with their reasons."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.rules.compare.export import plain_cell
from services.rules.plan_lists import ColumnMapping, ImportResult, RefusedRow, Table, convert, preview
from services.store.catalogue import SourceRow
from services.use.catalogue import LIST_PREFIX, CatalogueDesk
from services.use.house import House

PREVIEWED_ROWS = 20
MAX_LABEL = 80


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import. ``columns``: those of the file, as wide as each refused row's cells where the row was not too wide.
    ``replaced``: a list of the same name gave way. Nothing was stored, and nothing replaced, when ``kept`` is 0."""

    label: str
    columns: tuple[str, ...]
    kept: int
    refused: tuple[RefusedRow, ...]
    replaced: bool


class PlanListDesk:
    """The lists of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._catalogue = CatalogueDesk(house, account, now)

    def lists(self) -> list[SourceRow]:
        return self._catalogue.lists()

    def named(self, label: str) -> SourceRow | None:
        """The list that an import under ``label`` would replace."""
        wanted = clean_label(label)
        return next((row for row in self.lists() if row.label == wanted), None)

    def preview(self, table: Table, mapping: ColumnMapping) -> ImportResult:
        """How the first rows would be read. Raises MappingError."""
        return preview(table, mapping, source=LIST_PREFIX, fetched_at=self._now(), rows=PREVIEWED_ROWS)

    def import_list(self, label: str, table: Table, mapping: ColumnMapping, prices_of: datetime | None = None) -> ImportReport:
        """Keep what can be read of ``table`` in place of the list of that name.

        ``prices_of``: aware, when these prices were noted; None for now, and never later than now. Raises MappingError before anything is
        changed, ValueError for a label without a visible character.
        """
        name = clean_label(label)
        if not name:
            raise ValueError("a list needs a name")
        replaced = self.named(name) is not None
        result = convert(table, mapping, source=LIST_PREFIX, fetched_at=min(prices_of or self._now(), self._now()))
        if result.plans:
            self._catalogue.add_list(name, result.plans)
        return ImportReport(name, table.columns, len(result.plans), result.refused, replaced and bool(result.plans))

    def remove(self, source: str) -> None:
        """Forget a list and its plans. Raises ValueError for anything that is no imported list."""
        self._catalogue.remove_list(source)


def clean_label(label: str) -> str:
    """The name of a list as it is kept: one line, at most ``MAX_LABEL`` characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in label).split())[:MAX_LABEL].strip()


def refused_csv(report: ImportReport, headings: Sequence[str], say: Callable[[RefusedRow], str]) -> bytes:
    """The refused rows as UTF-8 CSV with a byte order mark, every cell quoted and none of them a formula.

    ``headings``: the words over the row's number, the column at fault and the reason; the file's own columns follow, each cell cut after
    200 characters. ``say``: the reason in words.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([plain_cell(cell) for cell in (*headings, *report.columns)])
    for row in report.refused:
        writer.writerow([plain_cell(cell) for cell in (str(row.number), row.column or "", say(row), *row.cells)])
    return out.getvalue().encode("utf-8-sig")
