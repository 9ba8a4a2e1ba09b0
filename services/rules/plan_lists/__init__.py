"""A person's own plan list: CSV or XLSX bytes to a table, a mapping of its columns, plans and refused rows.

``read_table`` -> ``suggest_mapping`` -> the person corrects it -> ``preview`` -> ``convert``.
"""

from services.rules.plan_lists.convert import ImportResult, RefusedRow, convert, preview
from services.rules.plan_lists.errors import (
    EmptyTable,
    FieldsMissing,
    FileKind,
    FileTooLarge,
    MappingError,
    NoSuchColumn,
    NoSuchSheet,
    NotATable,
    PlanListError,
    Reason,
    TableError,
    TooManyColumns,
    TooManyRows,
    UnknownCurrency,
    UnknownEncoding,
    UnpacksTooLarge,
)
from services.rules.plan_lists.mapping import (
    ColumnMapping,
    Field,
    Period,
    ZeroData,
    ZeroValidity,
    check_mapping,
    known_currencies,
    suggest_mapping,
)
from services.rules.plan_lists.table import DEFAULT_MAX_BYTES, DEFAULT_MAX_ROWS, ENCODINGS, Row, Table, read_table

__all__ = [
    "DEFAULT_MAX_BYTES",
    "DEFAULT_MAX_ROWS",
    "ENCODINGS",
    "ColumnMapping",
    "EmptyTable",
    "Field",
    "FieldsMissing",
    "FileKind",
    "FileTooLarge",
    "ImportResult",
    "MappingError",
    "NoSuchColumn",
    "NoSuchSheet",
    "NotATable",
    "Period",
    "PlanListError",
    "Reason",
    "RefusedRow",
    "Row",
    "Table",
    "TableError",
    "TooManyColumns",
    "TooManyRows",
    "UnknownCurrency",
    "UnknownEncoding",
    "UnpacksTooLarge",
    "ZeroData",
    "ZeroValidity",
    "check_mapping",
    "convert",
    "known_currencies",
    "preview",
    "read_table",
    "suggest_mapping",
]
