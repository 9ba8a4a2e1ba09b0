"""Choosing the file, and what it does not say of itself: its encoding, its sheet."""

from dataclasses import dataclass

import streamlit as st

from services.rules.plan_lists import (
    DEFAULT_MAX_BYTES,
    ENCODINGS,
    NoSuchSheet,
    PlanListError,
    Table,
    TableError,
    UnknownEncoding,
    read_table,
)
from ui import figures
from ui.language import _
from ui.plan_list_words import ENCODING, megabytes, too_large, trouble
from ui.text import plain
from ui.words import word

HELD = "list_held"
"""What the last file, read in the last way, came to."""
NUMBER = "list_number"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that is a table. ``id``: of this upload; ``name``: of the file, without its ending."""

    id: str
    name: str
    table: Table


def choose() -> Chosen | None:
    """Draw the fields of the file. None while there is no table, with the reason on the page."""
    with st.container(key="list_box"):
        file = st.file_uploader(
            _("A list to import: CSV or XLSX, at most {limit}").format(limit=megabytes(DEFAULT_MAX_BYTES)),
            key=f"list_file_{st.session_state.get(NUMBER, 0)}",
            max_upload_size=DEFAULT_MAX_BYTES // 1_000_000,
        )
        # The browser refuses what is larger by itself, in English and only on hovering; the style sheet shows this then.
        st.container(key="list_too_large").error(too_large(DEFAULT_MAX_BYTES))
    if file is None:
        st.session_state.pop(HELD, None)
        return None
    asked = {name: st.session_state.get(_key(name, file.file_id)) for name in ("encoding", "sheet")}
    outcome = _read(file.file_id, file.name, file.getvalue(), **asked)
    if isinstance(outcome, TableError):
        st.error(plain(trouble(outcome)))
    if isinstance(outcome, UnknownEncoding) or (isinstance(outcome, Table) and outcome.encoding is not None):
        _encoding(file.file_id, outcome)
    if isinstance(outcome, NoSuchSheet) or (isinstance(outcome, Table) and len(outcome.sheets) > 1):
        _sheet(file.file_id, outcome)
    if isinstance(outcome, TableError):
        return None
    rows = figures.number(len(outcome.rows))
    st.caption(_("{rows} rows, {columns} columns").format(rows=rows, columns=len(outcome.columns)))
    return Chosen(file.file_id, file.name.rpartition(".")[0] or file.name, outcome)


def done_with_file() -> None:
    """Empty the field of the file."""
    st.session_state[NUMBER] = st.session_state.get(NUMBER, 0) + 1
    st.session_state.pop(HELD, None)


def _key(name: str, file_id: str) -> str:
    return f"list_{name}_{file_id}"


def _read(file_id: str, name: str, data: bytes, encoding: str | None, sheet: str | None) -> Table | TableError:
    """The table, read once for each way of reading it."""
    way = (file_id, encoding, sheet)
    held: tuple[tuple[str, str | None, str | None], Table | TableError] | None = st.session_state.get(HELD)
    if held is None or held[0] != way:
        try:
            outcome: Table | TableError = read_table(name, data, encoding=encoding, sheet=sheet)
        except TableError as error:
            outcome = error
        held = (way, outcome)
        st.session_state[HELD] = held
    return held[1]


def _encoding(file_id: str, outcome: Table | PlanListError) -> None:
    used = outcome.encoding if isinstance(outcome, Table) else None
    if isinstance(outcome, Table) and outcome.encoding_guessed:
        st.caption(_("The encoding of this file was guessed. If the characters below look wrong, choose another one."))
    st.selectbox(
        _("Encoding of the file"),
        ENCODINGS,
        format_func=lambda code: word(ENCODING, code),
        index=ENCODINGS.index(used) if used in ENCODINGS else None,
        placeholder=_("Choose the encoding"),
        key=_key("encoding", file_id),
    )


def _sheet(file_id: str, outcome: Table | PlanListError) -> None:
    sheets = outcome.sheets if isinstance(outcome, Table | NoSuchSheet) else ()
    used = outcome.sheet if isinstance(outcome, Table) else None
    st.selectbox(_("Sheet of the workbook"), sheets, index=sheets.index(used) if used in sheets else None, key=_key("sheet", file_id))
