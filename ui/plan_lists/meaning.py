"""What the columns of a list mean and how its cells are to be read: suggested where the list says it, asked for where it does not.

What a person said is kept in the session by the names of the columns: a corrected file of the same shape finds it again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from services.model.data_volume import DataUnit
from services.rules.plan_lists import ColumnMapping, Field, Period, Table, ZeroData, ZeroValidity, known_currencies, suggest_mapping
from services.use.rates import currencies
from ui import plan_list_words as list_words
from ui.figures import currency_name
from ui.language import _
from ui.words import word

SAID = "list_said"
FIRST_FIELDS = (
    Field.SELLER,
    Field.NAME,
    Field.COUNTRIES,
    Field.PRICE,
    Field.CURRENCY,
    Field.DATA,
    Field.DATA_PERIOD,
    Field.VALIDITY_DAYS,
)
MORE_FIELDS = tuple(field for field in Field if field not in FIRST_FIELDS)
UNITS = {
    "MB": (DataUnit.MB, "MB (1,000,000 B)"),
    "GB": (DataUnit.GB, "GB (1,000,000,000 B)"),
    "MIB": (DataUnit.MIB, "MiB (1,048,576 B)"),
    "GIB": (DataUnit.GIB, "GiB (1,073,741,824 B)"),
    "KB": (DataUnit.KB, "KB (1,000 B)"),
    "KIB": (DataUnit.KIB, "KiB (1,024 B)"),
    "BYTE": (DataUnit.BYTE, "B"),
}
MARKS = {".": "1,234.56", ",": "1.234,56"}
SAMPLE_ROWS, SAMPLE_CHARACTERS = 50, 24
MOST_MONTH_DAYS = 31


class _Answers:
    """The fields of one list: their keys, and what was said in them before."""

    def __init__(self, table: Table) -> None:
        self.table = table
        said: dict[tuple[str, ...], dict[str, Any]] = st.session_state.setdefault(SAID, {})
        if table.columns not in said:
            said[table.columns] = _values(suggest_mapping(table.columns, table.rows))
        self.said = said[table.columns]
        self.number = list(said).index(table.columns)

    def key(self, name: str) -> str:
        """The widget's key, filled with what was said unless the widget already holds something."""
        key = f"list_{self.number}_{name}"
        if key not in st.session_state:
            st.session_state[key] = self.said.get(name)
        return key

    def note(self, name: str, value: Any) -> Any:
        self.said[name] = value
        return value


def _values(suggested: ColumnMapping) -> dict[str, Any]:
    return {
        **{field.value: suggested.columns.get(field) for field in Field},
        "of_seller": "",
        "unit": suggested.data_unit.name if suggested.data_unit else None,
        "of_currency": suggested.currency,
        "mark": suggested.decimal_mark,
        "period": suggested.period.value,
        "month_days": suggested.month_days,
        "zero_data": suggested.zero_data.value,
        "zero_validity": suggested.zero_validity.value,
        "separator": suggested.list_separator or "",
        "regions": suggested.regions_as_members,
        "only_some": not suggested.coverage_complete,
    }


def ask(table: Table) -> ColumnMapping:
    """Draw the fields; what they say, whether or not it is enough."""
    answers = _Answers(table)
    st.subheader(_("Which column says what"))
    _columns(answers, FIRST_FIELDS)
    with st.expander(_("More columns")):
        _columns(answers, MORE_FIELDS)
    st.subheader(_("How the list is to be read"))
    left, right = st.columns(2)
    with left:
        _units(answers)
    with right:
        _zeros(answers)
    _coverage(answers)
    said = answers.said
    return ColumnMapping(
        columns={field: said[field.value] for field in Field if said[field.value] is not None},
        seller=said["of_seller"] or None,
        data_unit=UNITS[said["unit"]][0] if said["unit"] else None,
        currency=said["of_currency"],
        decimal_mark=said["mark"],
        period=Period(said["period"]),
        month_days=said["month_days"],
        zero_data=ZeroData(said["zero_data"]),
        zero_validity=ZeroValidity(said["zero_validity"]),
        list_separator=said["separator"] or None,
        regions_as_members=said["regions"],
        coverage_complete=not said["only_some"],
    )


def _columns(answers: _Answers, fields: Sequence[Field]) -> None:
    samples = {column: _sample(answers.table, place) for place, column in enumerate(answers.table.columns)}
    for start in range(0, len(fields), 2):
        for beside, field in zip(st.columns(2), fields[start : start + 2], strict=False):
            chosen = beside.selectbox(
                word(list_words.FIELD, field.value),
                answers.table.columns,
                index=None,
                format_func=lambda column: f"{column} · {samples[column]}" if samples[column] else column,
                placeholder=_("Not in this list"),
                key=answers.key(field.value),
            )
            answers.note(field.value, chosen)


def _sample(table: Table, place: int) -> str:
    """What the first filled cell of a column says."""
    found = next((row.cells[place].strip() for row in table.rows[:SAMPLE_ROWS] if row.cells[place].strip()), "")
    return found if len(found) <= SAMPLE_CHARACTERS else found[: SAMPLE_CHARACTERS - 1] + "…"


def _units(answers: _Answers) -> None:
    if answers.said[Field.SELLER.value] is None:
        answers.note("of_seller", st.text_input(_("Seller of every plan in the list"), max_chars=200, key=answers.key("of_seller")))
    first = currencies()
    answers.note(
        "of_currency",
        st.selectbox(
            _("Currency, where no column says it"),
            [*first, *sorted(known_currencies().difference(first))],
            index=None,
            format_func=currency_name,
            placeholder=_("Choose the currency"),
            key=answers.key("of_currency"),
        ),
    )
    answers.note(
        "unit",
        st.selectbox(
            _("Unit of the data, where the cell does not say it"),
            list(UNITS),
            index=None,
            format_func=lambda name: UNITS[name][1],
            placeholder=_("Choose the unit"),
            key=answers.key("unit"),
        ),
    )
    _choice(answers, "mark", _("Numbers are written like"), list(MARKS), MARKS.__getitem__)


def _zeros(answers: _Answers) -> None:
    _choice(answers, "period", _("An amount of data without a period is for"), list(list_words.PERIOD), _saying(list_words.PERIOD))
    if answers.said["period"] == Period.MONTH.value or answers.said[Field.DATA_PERIOD.value] is not None:
        days = st.number_input(
            _("A monthly amount is for the whole plan up to this many days"), 28, MOST_MONTH_DAYS, key=answers.key("month_days")
        )
        answers.note("month_days", days)
    if answers.said[Field.DATA.value] is not None:
        _choice(answers, "zero_data", _("An amount of data of 0 means"), list(list_words.ZERO_DATA), _saying(list_words.ZERO_DATA))
    if answers.said[Field.VALIDITY_DAYS.value] is not None:
        _choice(
            answers, "zero_validity", _("A validity of 0 days means"), list(list_words.ZERO_VALIDITY), _saying(list_words.ZERO_VALIDITY)
        )


def _coverage(answers: _Answers) -> None:
    answers.note(
        "separator",
        st.selectbox(
            _("Between countries stand"),
            list(list_words.SEPARATOR),
            format_func=_saying(list_words.SEPARATOR),
            key=answers.key("separator"),
        ),
    )
    answers.note("only_some", st.checkbox(_("The list names only some of the countries where a plan works"), key=answers.key("only_some")))
    answers.note(
        "regions",
        st.checkbox(_("Read “Europe” and other regions as the countries that usually belong to them"), key=answers.key("regions")),
    )


def _choice(answers: _Answers, name: str, label: str, codes: list[str], say: Callable[[str], str]) -> None:
    answers.note(name, st.radio(label, codes, format_func=say, key=answers.key(name)))


def _saying(table: Mapping[str, str]) -> Callable[[str], str]:
    return lambda code: word(table, code)
