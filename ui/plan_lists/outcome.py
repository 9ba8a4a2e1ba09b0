"""What the list comes to: a preview of its first rows, the import, and the rows that were left out."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, time

import pandas as pd
import streamlit as st

from services.model.plan import AllowanceKind, Plan
from services.rules.plan_lists import ColumnMapping, ImportResult, MappingError, RefusedRow, Table
from services.use.plan_lists import MAX_LABEL, ImportReport, PlanListDesk, clean_label, refused_csv
from ui import clock, figures
from ui.language import _, language, n_, speaking
from ui.pages import page_at
from ui.plan_list_words import reason, trouble
from ui.plan_lists.kept import REPORT
from ui.plan_lists.upload import Chosen, done_with_file
from ui.text import plain

SHOWN_REFUSED = 500
SHOWN_COUNTRIES = 4
PLACEHOLDER = "—"


def preview(desk: PlanListDesk, table: Table, mapping: ColumnMapping) -> None:
    """The first rows as they will be understood, or what is missing before they can be."""
    st.subheader(_("The first rows as they will be understood"))
    try:
        result = desk.preview(table, mapping)
    except MappingError as error:
        st.info(plain(trouble(error)))
        return
    kept = [
        {_("Row"): number, **_understood(plan), _("Outcome"): _("Will be kept")}
        for number, plan in zip(_numbers(table, result), result.plans, strict=True)
    ]
    left_out = [{_("Row"): row.number, _("Outcome"): _("Left out")} for row in result.refused]
    frame = pd.DataFrame([*kept, *left_out]).sort_values(_("Row"))
    st.dataframe(frame.fillna(PLACEHOLDER).astype(str), hide_index=True, alt=_("The first rows of the list as they will be understood"))
    if result.refused:
        st.markdown("\n".join(f"- {plain(_where(row))}" for row in result.refused))


def _numbers(table: Table, result: ImportResult) -> list[int]:
    """The rows that became the plans of ``result``."""
    refused = {row.number for row in result.refused}
    seen = len(result.plans) + len(result.refused)
    return [row.number for row in table.rows[:seen] if row.number not in refused]


def _understood(plan: Plan) -> dict[str, str]:
    countries = sorted(figures.country(code) for code in plan.countries)
    more = len(countries) - SHOWN_COUNTRIES
    where = figures.listing(countries[:SHOWN_COUNTRIES]) + (n_(" and {n} more", " and {n} more", more).format(n=more) if more > 0 else "")
    return {
        _("Seller"): plan.seller,
        _("Plan"): plan.name or PLACEHOLDER,
        _("Allowance"): _carries(plan),
        _("Validity"): _("Not published") if plan.validity_days is None else figures.days(plan.validity_days),
        _("Price"): figures.money(int(plan.price.amount * figures.MICRO), plan.price.currency),
        _("Countries"): where if plan.coverage_complete else _("{countries}, perhaps more").format(countries=where),
    }


def _carries(plan: Plan) -> str:
    volume = plan.allowance.volume
    if volume is None:
        return _("Unlimited")
    amount = figures.volume(volume.bytes)
    return _("{volume} a day").format(volume=amount) if plan.allowance.kind is AllowanceKind.PER_DAY else amount


def _where(row: RefusedRow) -> str:
    """ "Row 9, column data_mb: why"."""
    if row.column is None:
        return _("Row {row}: {reason}").format(row=row.number, reason=reason(row))
    return _("Row {row}, column {column}: {reason}").format(row=row.number, column=row.column, reason=reason(row))


def offer(desk: PlanListDesk, chosen: Chosen, mapping: ColumnMapping) -> None:
    """The name of the list, the date of its prices, and the button."""
    left, right = st.columns(2)
    label = left.text_input(_("Name of the list"), value=clean_label(chosen.name), max_chars=MAX_LABEL, key=f"list_label_{chosen.id}")
    noted = right.date_input(_("Date of these prices"), value=clock.today(), max_value=clock.today(), key="list_prices_of")
    same = desk.named(label)
    if same is not None:
        st.warning(
            n_(
                "A list of this name is there already, with {n} plan. It will be replaced.",
                "A list of this name is there already, with {n} plans. It will be replaced.",
                same.plan_count,
            ).format(n=figures.number(same.plan_count))
        )
    if not st.button(_("Import the list"), type="primary", key="list_import"):
        return
    if not clean_label(label):
        st.error(_("Give the list a name."))
        return
    before_today = datetime.combine(noted, time(), clock.zone()) if noted is not None and noted < clock.today() else None
    try:
        with st.spinner(_("Reading the list")):
            report = desk.import_list(label, chosen.table, mapping, before_today)
    except MappingError as error:
        st.error(plain(trouble(error)))
        return
    st.session_state[REPORT] = report
    if report.kept and not report.refused:
        done_with_file()
    st.rerun(scope="app")


def last_import() -> None:
    """How many plans were kept, and each row that was not, with its reason."""
    report: ImportReport | None = st.session_state.get(REPORT)
    if report is None:
        return
    if report.kept:
        kept = n_("{n} plan kept", "{n} plans kept", report.kept).format(n=figures.number(report.kept))
        replaced = _("The list of the same name was replaced.") if report.replaced else ""
        st.success(
            figures.sentences(_("They stand on the page “Compare plans” now."), replaced),
            title=figures.labelled(plain(report.label), kept),
        )
        st.page_link(page_at("compare"), label=_("Compare plans"), icon=":material/travel_explore:")
    else:
        st.error(
            _(
                "No row could be used, so nothing was imported or replaced. Look at the reasons below, change what the columns mean, and try again."
            ),
            title=plain(report.label),
        )
    if report.refused:
        _refused(report)


def _refused(report: ImportReport) -> None:
    count = len(report.refused)
    left_out = n_("{n} row was left out", "{n} rows were left out", count).format(n=figures.number(count))
    st.subheader(left_out)
    reasons = [reason(row) for row in report.refused]
    if report.kept:
        st.markdown(
            _("To keep more of them, change above what the columns mean, or the file itself, and import it again under the same name.")
        )
    st.markdown("\n".join(f"- {figures.number(times)} × {plain(why)}" for why, times in Counter(reasons).most_common(8)))
    shown = report.refused[:SHOWN_REFUSED]
    st.dataframe(
        pd.DataFrame(
            {
                _("Row"): [row.number for row in shown],
                _("Column"): [row.column or PLACEHOLDER for row in shown],
                _("Cell"): [_cell(report, row) for row in shown],
                _("Reason"): reasons[:SHOWN_REFUSED],
            }
        ),
        hide_index=True,
        height=min(38 + 35 * len(shown), 400),
        alt=left_out,
    )
    if count > SHOWN_REFUSED:
        st.caption(_("The first {n} are shown; the file has all of them.").format(n=figures.number(SHOWN_REFUSED)))
    st.download_button(
        _("Download the rows left out"),
        data=_refused_file(report),
        file_name="simkeeper-rows-left-out.csv",
        mime="text/csv",
        on_click="ignore",
        key="list_refused_csv",
    )


def _cell(report: ImportReport, row: RefusedRow) -> str:
    if row.column is None:
        return PLACEHOLDER
    return row.cells[report.columns.index(row.column)]


def _refused_file(report: ImportReport) -> Callable[[], bytes]:
    """Builds the file on the click, in the language that is spoken now."""
    spoken = language()

    def build() -> bytes:
        with speaking(spoken):
            return refused_csv(report, [_("Row"), _("Column"), _("Reason")], reason)

    return build
