"""The answer of the compare page: the plans found, best first, with what orders and narrows them."""

from collections.abc import Sequence

import streamlit as st

from services.rules.compare.address import Problem
from services.rules.compare.question import Question
from services.rules.compare.ranking import Ranking
from services.use.compare import CompareDesk
from services.use.house import house
from ui import clock, figures, words
from ui.compare import chart, form, results
from ui.language import _, n_, settle_language
from ui.shell import account
from ui.text import plain
from ui.trips.link import trip_link
from ui.turns import fragment


def answer() -> None:
    """To what the fields ask."""
    _answer(CompareDesk(house(), account()).revision())


@fragment
def _answer(revision: int) -> None:
    """Drawn alone when a field, a tick or a page of it changes: the question above stays as it is. What stands there of the prices is
    about those of ``revision``, so that with others the whole page is drawn anew."""
    settle_language()
    with house().database.one_look():
        if CompareDesk(house(), account()).revision() != revision:
            st.rerun()
        asked = form.asked()
        _problems(asked.problems)
        if asked.question is not None:
            trip_link(asked.question)
            _found(asked.question)


def _problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.kind == "no_country":
            st.info(words.word(words.PROBLEM, problem.kind.value))
        else:
            st.error(words.word(words.PROBLEM, problem.kind.value).format(value=plain(problem.value)))


def _found(question: Question) -> None:
    desk = CompareDesk(house(), account())
    # Named before it is given: an answer from older prices must never be kept under the name of newer ones.
    version = f"{account()} {desk.revision()} {question}"
    ranking = desk.answer(question, clock.now())
    form.sort_and_filter(ranking.facet)
    if len(ranking) == 0:
        st.info(_("No plan in the catalogue fits. Remove a filter, choose fewer countries, or fetch prices from more sellers."))
        return
    _headline(question, ranking)
    results.tiles(ranking, version)
    named = results.picks()
    picked = desk.beside(question, named, clock.now()) if named else None
    if picked:
        st.header(_("Side by side"))
        results.beside(picked, desk)
    chart.cost_against_need(picked or ranking, version)
    st.header(_("All plans"))
    st.caption(_("Tick up to three rows to lay them side by side. ✓ works there, ✗ does not, ? is not published."))
    page = st.pagination(max(1, -(-len(ranking) // results.ROWS)), key="compare_page") if len(ranking) > results.ROWS else 1
    results.table(ranking, (page - 1) * results.ROWS, version)
    st.download_button(
        _("Download as CSV"),
        data=results.csv_file(ranking),
        file_name="simkeeper-plans.csv",
        mime="text/csv",
        on_click="ignore",
    )


def _headline(question: Question, ranking: Ranking) -> None:
    found = n_("{n} plan, best first", "{n} plans, best first", len(ranking)).format(n=figures.number(len(ranking)))
    complete = ranking.covering_all
    works = n_("{n} works in every country", "{n} work in every country", complete).format(n=figures.number(complete))
    single = len(question.countries) == 1
    st.header(found if single and complete == len(ranking) else f"{found} · {works}")
    st.caption(
        _("Totals are for {days}. Rates of {date}. The final price is the one at the seller's checkout.").format(
            days=figures.days(question.days), date=figures.day(ranking.rates.on)
        )
    )
