"""Why a file is no table, why a mapping cannot be used, and why a row was refused. Facts only; pages make sentences."""

from enum import StrEnum


class PlanListError(ValueError):
    """The file or the mapping cannot be used as it is."""


class TableError(PlanListError):
    """The file cannot be read as a table."""


class FileTooLarge(TableError):
    """The file has ``size`` bytes, more than ``limit``."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size, self.limit = size, limit


class UnpacksTooLarge(TableError):
    """A workbook that unpacks to more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class TooManyRows(TableError):
    """More than ``limit`` rows."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class TooManyColumns(TableError):
    """``count`` columns, more than ``limit``."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(count, limit)
        self.count, self.limit = count, limit


class EmptyTable(TableError):
    """Nothing in it, or nothing below the column names."""


class UnknownEncoding(TableError):
    """Text in an encoding that could not be told; the person can name one of ``known``. ``asked``: the one they named."""

    def __init__(self, known: tuple[str, ...], asked: str | None = None) -> None:
        super().__init__(known, asked)
        self.known, self.asked = known, asked


class FileKind(StrEnum):
    """What a file that is no table looks like."""

    BINARY = "binary"
    ONE_COLUMN = "one_column"
    HTML = "html"
    JSON = "json"
    PDF = "pdf"
    OLD_OR_ENCRYPTED_OFFICE = "old_or_encrypted_office"
    OTHER_ZIP = "other_zip"
    BROKEN_WORKBOOK = "broken_workbook"


class NotATable(TableError):
    """Neither CSV nor XLSX; ``kind`` says what it looks like."""

    def __init__(self, kind: FileKind) -> None:
        super().__init__(kind)
        self.kind = kind


class NoSuchSheet(TableError):
    """The workbook has no sheet of this name; ``sheets`` are those it has."""

    def __init__(self, name: str, sheets: tuple[str, ...]) -> None:
        super().__init__(name, sheets)
        self.name, self.sheets = name, sheets


class MappingError(PlanListError):
    """The mapping cannot be applied to this table."""


class FieldsMissing(MappingError):
    """Plans cannot be made without ``fields`` (ids of fields, or "currency", "seller", "data_unit")."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(fields)
        self.fields = fields


class NoSuchColumn(MappingError):
    """The table has no column of this name."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


class UnknownCurrency(MappingError):
    """``currency`` is no ISO 4217 code."""

    def __init__(self, currency: str) -> None:
        super().__init__(currency)
        self.currency = currency


class Reason(StrEnum):
    """Why a row was refused. In brackets: the facts that go with it, beside the column and its cell."""

    CELL_MISSING = "cell_missing"
    CELL_TOO_LONG = "cell_too_long"  # limit
    UNCLOSED_QUOTE = "unclosed_quote"
    TOO_MANY_CELLS = "too_many_cells"  # count, columns
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    ERROR_IN_CELL = "error_in_cell"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"  # least, most
    NOT_WHOLE_DAYS = "not_whole_days"
    ZERO_DATA = "zero_data"
    ZERO_VALIDITY = "zero_validity"
    UNKNOWN_PERIOD = "unknown_period"
    CONTRADICTION = "contradiction"  # other: the field that says otherwise
    MONTHLY_ALLOWANCE = "monthly_allowance"  # month_days
    UNKNOWN_CURRENCY = "unknown_currency"
    OTHER_CURRENCY = "other_currency"  # currency
    PROMO_ABOVE_PRICE = "promo_above_price"
    UNKNOWN_PLACE = "unknown_place"  # words
    REGION_NOT_COUNTRIES = "region_not_countries"  # region
    NOT_YES_OR_NO = "not_yes_or_no"
    BAD_LINK = "bad_link"
    DUPLICATE = "duplicate"  # first_row
