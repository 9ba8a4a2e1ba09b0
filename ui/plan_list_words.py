"""The words of the import of plan lists: fields, choices, and a sentence for every error and every reason."""

from decimal import Decimal

from services.rules.places.names import place_options
from services.rules.plan_lists import (
    EmptyTable,
    FieldsMissing,
    FileTooLarge,
    NoSuchColumn,
    NoSuchSheet,
    NotATable,
    PlanListError,
    RefusedRow,
    TooManyColumns,
    TooManyRows,
    UnknownCurrency,
    UnknownEncoding,
    UnpacksTooLarge,
)
from ui import figures
from ui.language import _, language, mark
from ui.words import word

FIELD = {
    "seller": mark("Seller"),
    "name": mark("Name of the plan"),
    "plan_id": mark("Plan number at the seller"),
    "countries": mark("Countries"),
    "price": mark("Price"),
    "promo_price": mark("Promotional price"),
    "currency": mark("Currency"),
    "data": mark("Amount of data"),
    "data_period": mark("Amount per day, month or plan"),
    "unlimited": mark("Unlimited (yes or no)"),
    "fair_use_per_day": mark("Fair use per day"),
    "speed_after_kbps": mark("Speed afterwards, in kbps"),
    "validity_days": mark("Validity in days"),
    "hotspot": mark("Hotspot (yes or no)"),
    "top_up": mark("Top-up (yes or no)"),
    "id_check": mark("ID check (yes or no)"),
    "five_g": mark("5G (yes or no)"),
    "phone_number": mark("Phone number (yes or no)"),
    "new_users_only": mark("New customers only (yes or no)"),
    "buy_url": mark("Address at the seller"),
}
NEEDED = {**FIELD, "data_unit": mark("Unit of the data"), "data": mark("Amount of data, or a column that says unlimited")}
"""As FIELD, for what an import cannot do without."""

ENCODING = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "gb18030": mark("GB18030 (simplified Chinese, as Excel in China saves)"),
    "cp1252": mark("Windows-1252 (western Europe)"),
    "big5": mark("Big5 (traditional Chinese)"),
    "shift_jis": mark("Shift JIS (Japanese)"),
}
PERIOD = {"whole_plan": mark("the whole plan"), "day": mark("each day"), "month": mark("each month")}
ZERO_DATA = {"refuse": mark("I do not know: leave these rows out"), "unlimited": mark("Unlimited data")}
ZERO_VALIDITY = {"refuse": mark("I do not know: leave these rows out"), "not_published": mark("Validity not published")}
SEPARATOR = {
    "": mark("Commas, semicolons, bars, slashes or a list in brackets"),
    ",": mark("Only commas"),
    ";": mark("Only semicolons"),
    "|": mark("Only bars |"),
    "/": mark("Only slashes /"),
}

_KIND = {
    "binary": mark("This file is no table that can be read here. Save it as CSV or XLSX and choose it again."),
    "one_column": mark(
        "Only one column was found. Columns have to be set apart by commas, semicolons, tabs or bars; save the list as CSV or XLSX again."
    ),
    "html": mark("This is a web page, not a table. Open it in a spreadsheet, save it as CSV or XLSX, and choose that file."),
    "json": mark("This is JSON, not a table. Turn it into CSV or XLSX first."),
    "pdf": mark("This is a PDF. Copy its table into a spreadsheet, and save that as CSV or XLSX."),
    "old_or_encrypted_office": mark(
        "This is an old Excel file (.xls), or one locked with a password. Open it, remove the password, and save it as XLSX or CSV."
    ),
    "other_zip": mark("This is a packed file, but no XLSX workbook. Unpack it and choose the table inside."),
    "broken_workbook": mark("This workbook is damaged. Open it in a spreadsheet, save it as XLSX again, and choose the new file."),
}
_REASON = {
    "cell_missing": mark("The cell is empty."),
    "cell_too_long": mark("The text is longer than {limit} characters."),
    "unclosed_quote": mark("A quotation mark in this row is never closed."),
    "too_many_cells": mark("The row has {count} cells, but there are only {columns} columns."),
    "formula_without_value": mark("The cell holds a formula whose result was not saved. Open and save the file in a spreadsheet first."),
    "error_in_cell": mark("The cell holds an error of the spreadsheet."),
    "not_a_number": mark("This is not a number or amount that can be read."),
    "out_of_range": mark("The number is not between {least} and {most}."),
    "not_whole_days": mark("This is not a whole number of days."),
    "zero_data": mark("The amount of data is 0, and what 0 means is not known."),
    "zero_validity": mark("The validity is 0 days, and what 0 means is not known."),
    "unknown_period": mark("It cannot be told whether this is an amount per day, month or plan."),
    "contradiction": mark("This cell and “{other}” say different things."),
    "monthly_allowance": mark("A monthly amount in a plan longer than {month_days} days cannot be told exactly."),
    "unknown_currency": mark("This is no currency that we know."),
    "other_currency": mark("The price shows another currency than {currency}."),
    "promo_above_price": mark("The promotional price is higher than the price."),
    "unknown_place": mark("We do not know this place: {words}"),
    "region_not_countries": mark("“{region}” is a region, and its countries are not listed."),
    "not_yes_or_no": mark("This is neither yes nor no."),
    "bad_link": mark("This is no address that can be opened safely."),
    "duplicate": mark("The same plan already stands in row {first_row}."),
}


def megabytes(size: int) -> str:
    """``size`` in bytes, rounded to a tenth of a megabyte."""
    return f"{figures.number(round(Decimal(size) / 1_000_000, 1))} MB"


def trouble(error: PlanListError) -> str:
    """Why the file or the mapping cannot be used, and what to do, in the session's language."""
    match error:
        case FileTooLarge():
            return too_large(error.limit, error.size)
        case UnpacksTooLarge():
            return _("This workbook unpacks to more than {limit}. Remove sheets and pictures that are not needed.").format(
                limit=megabytes(error.limit)
            )
        case TooManyRows():
            return _("The list has more than {limit} rows. Split it into several files.").format(limit=figures.number(error.limit))
        case TooManyColumns():
            return _("The list has {count} columns; at most {limit} can be read. Remove those that are not needed.").format(
                count=figures.number(error.count), limit=figures.number(error.limit)
            )
        case EmptyTable():
            return _("The file has no rows below its column names.")
        case UnknownEncoding():
            return _("The characters of this file could not be read. Choose its encoding below, or save it as CSV in UTF-8.")
        case NotATable():
            return word(_KIND, error.kind.value)
        case NoSuchSheet():
            return _("The workbook has no sheet “{sheet}” any more. Choose one of: {sheets}").format(
                sheet=error.name, sheets=figures.listing(list(error.sheets))
            )
        case FieldsMissing():
            needed = figures.listing([word(NEEDED, field) for field in error.fields])
            return _("Still needed before the list can be imported: {fields}").format(fields=needed)
        case NoSuchColumn():
            return _("The list has no column “{column}” any more. Choose another one.").format(column=error.column)
        case UnknownCurrency():
            return _("“{currency}” is no currency that we know. Choose one from the list.").format(currency=error.currency)
        case _other:
            return word(_KIND, "binary")


def too_large(limit: int, size: int | None = None) -> str:
    """The sentence for a file above the limit; ``size`` when it is known. Both in bytes."""
    if size is None:
        return _(
            "This file is larger than {limit} and was not uploaded. Remove columns that are not needed, or split the list into several files."
        ).format(limit=megabytes(limit))
    return _("This file has {size}; at most {limit} can be read. Remove columns that are not needed, or split the list.").format(
        size=megabytes(size), limit=megabytes(limit)
    )


def reason(row: RefusedRow) -> str:
    """Why the row was refused, in the session's language. Plain text: it may quote the file."""
    facts = dict(row.facts)
    if "other" in facts:
        facts["other"] = word(FIELD, facts["other"])
    if "region" in facts:
        facts["region"] = next((place.label for place in place_options(language()) if place.id == facts["region"]), facts["region"])
    for name in facts.keys() & {"least", "most", "limit"}:
        facts[name] = figures.number(int(facts[name]))
    return word(_REASON, row.reason.value).format(**facts)
