"""A month: a table of its days on a wide screen, and a list per day on every screen."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from pathlib import Path

import streamlit as st
from babel import Locale
from babel.dates import format_date

from services.model.reminder import Topic
from services.use.clock_answers import Mark, MarkKind
from ui import clock, figures
from ui.clocks import words
from ui.clocks.desk import clock_desk
from ui.language import _, babel_locale, language, n_, spoken
from ui.pages import page_at
from ui.renew.desk import RUN, renewal_desk
from ui.text import plain
from ui.words import word

STYLE = Path(__file__).with_name("month.css")
CARD, RENEWAL = "card", "renew"
PARAMETER = "month"
IN_A_CELL = 3
LISTED = 80
FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing on one day. ``kind``: for the colour; ``word``: of the legend; ``what``: says the same or more; ``about``: the clock, or the
    step of a claim; ``page`` and ``query``: where it leads."""

    day: date
    kind: str
    shape: str
    word: str
    what: str
    about: str
    name: str
    page: str
    query: dict[str, str]


def chosen_month() -> date:
    """The first day of the month in the address; of this month when there is none or it is no month."""
    try:
        first = date.fromisoformat(f"{st.query_params.get(PARAMETER, '')}-01")
    except ValueError:
        first = clock.today().replace(day=1)
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else clock.today().replace(day=1)


def month_title(first: date) -> str:
    return str(format_date(first, "yyyy年M月" if language() == "zh" else "MMMM yyyy", locale=babel_locale()))


def month_view(first: date) -> None:
    """The way to other months, the table, the list."""
    _turn(first)
    last = _next(first) - timedelta(days=1)
    marks = [_of_mark(mark) for mark in clock_desk().marks(first, last)] + [_of_claim(it) for it in renewal_desk().claims(first, last)]
    marks.sort(key=lambda it: it.day)
    st.html(STYLE)
    st.html(_table(first, marks))
    st.caption(" · ".join(f"{shape} {_(name)}" for shape, name in (*words.MARK.values(), words.CLAIM)))
    if not marks:
        st.info(_("Nothing that is known ends in this month."))
    _list(marks)


def _of_mark(mark: Mark) -> Shown:
    shape, name = words.MARK[mark.kind.value]
    what = _(name) if mark.kind is not MarkKind.STAGE or mark.stage is None else word(words.STAGE, mark.stage.code.value)
    about = spoken(mark.state.rule.name)
    query = {"id": mark.card.card_id}
    return Shown(mark.day, mark.kind.value, shape, _(name), what, about, mark.card.nickname, CARD, query)


def _of_claim(claim: Topic) -> Shown:
    (shape, name), (english, chinese) = words.CLAIM, claim.what or ("", "")
    about, query = chinese if language() == "zh" else english, {RUN: claim.renewal_id or ""}
    return Shown(claim.last_day or date.max, "claim", shape, _(name), _(name), about, claim.name, RENEWAL, query)


def _turn(first: date) -> None:
    before, after = (first - timedelta(days=1)).replace(day=1), _next(first)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Month before"), key="month_before", on_click=_go, args=(before,), icon=":material/chevron_left:")
        st.button(_("This month"), key="month_this", on_click=_go, args=(clock.today().replace(day=1),))
        st.button(_("Month after"), key="month_after", on_click=_go, args=(after,), icon=":material/chevron_right:")


def _go(first: date) -> None:
    st.query_params[PARAMETER] = f"{first:%Y-%m}"


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _table(first: date, marks: Sequence[Shown]) -> str:
    """Every text in it is escaped: names come from people."""
    locale = Locale.parse(babel_locale())
    first_weekday = locale.first_week_day if language() == "zh" else 0
    names = [locale.days["format"]["abbreviated"][(first_weekday + at) % 7] for at in range(7)]
    by_day: dict[date, list[Shown]] = {}
    for mark in marks:
        by_day.setdefault(mark.day, []).append(mark)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for week in Calendar(first_weekday).monthdatescalendar(first.year, first.month):
        rows.append("<tr>" + "".join(_cell(day, first, by_day.get(day, [])) for day in week) + "</tr>")
    caption = escape(month_title(first))
    return f'<table class="month"><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _cell(day: date, first: date, marks: Sequence[Shown]) -> str:
    if day.month != first.month:
        return '<td class="outside"></td>'
    is_today = day == clock.today()
    number = f"<strong>{day.day} · {escape(_('Today'))}</strong>" if is_today else str(day.day)
    items = "".join(f'<li class="{mark.kind}">{_text(mark)}</li>' for mark in marks[:IN_A_CELL])
    rest = len(marks) - IN_A_CELL
    if rest > 0:
        items += f"<li>{escape(n_('and {n} more', 'and {n} more', rest).format(n=figures.number(rest)))}</li>"
    return f"<td{' class=today' if is_today else ''}><span>{number}</span>{f'<ul>{items}</ul>' if items else ''}</td>"


def _text(mark: Shown) -> str:
    return escape(figures.labelled(f"{mark.shape} {mark.word}", mark.name))


def _list(marks: Sequence[Shown]) -> None:
    shown: date | None = None
    pages = -(-len(marks) // LISTED)
    page = st.pagination(pages, key="month_page") if pages > 1 else 1
    for mark in marks[(page - 1) * LISTED : page * LISTED]:
        if mark.day != shown:
            shown = mark.day
            st.subheader(str(format_date(shown, "full", locale=babel_locale())))
        with st.container(gap="xsmall"):
            st.markdown(f"{mark.shape} **{mark.what}** · {plain(mark.about)}")
            st.page_link(page_at(mark.page), label=plain(mark.name), icon="", query_params=mark.query)
