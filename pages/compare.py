"""Compare plans for a trip."""

import streamlit as st

from services.use.compare import CompareDesk
from services.use.house import house
from ui import clock, figures, words
from ui.compare import chart, form, results
from ui.language import _, n_
from ui.shell import account
from ui.sources import price_banner
from ui.text import plain
from ui.trips.link import trip_link

st.title(_("Compare plans"))
price_banner()
asked = form.ask()
for problem in asked.problems:
    if problem.kind == "no_country":
        st.info(words.word(words.PROBLEM, problem.kind.value))
    else:
        st.error(words.word(words.PROBLEM, problem.kind.value).format(value=plain(problem.value)))

if asked.question is not None:
    trip_link(asked.question)
    desk = CompareDesk(house(), account())
    # Named before it is given: an answer from older prices must never be kept under the name of newer ones.
    version = f"{account()} {desk.revision()} {asked.question}"
    ranking = desk.answer(asked.question, clock.now())
    form.sort_and_filter(ranking.facet)
    if len(ranking) == 0:
        st.info(_("No plan in the catalogue fits. Remove a filter, choose fewer countries, or fetch prices from more sellers."))
    else:
        found = n_("{n} plan, best first", "{n} plans, best first", len(ranking)).format(n=figures.number(len(ranking)))
        complete = ranking.covering_all
        works = n_("{n} works in every country", "{n} work in every country", complete).format(n=figures.number(complete))
        single = len(asked.question.countries) == 1
        st.header(found if single and complete == len(ranking) else f"{found} · {works}")
        st.caption(
            _("Totals are for {days}. Rates of {date}. The final price is the one at the seller's checkout.").format(
                days=figures.days(asked.question.days), date=figures.day(ranking.rates.on)
            )
        )
        results.tiles(ranking, version)
        named = results.picks()
        picked = desk.beside(asked.question, named, clock.now()) if named else None
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
