"""Plan a trip: which plans to buy, from which day, at least cost."""

import streamlit as st

from services.rules.journeys.address import to_params
from ui.language import _
from ui.sources import price_banner
from ui.text import plain
from ui.trips import answer, form, saved
from ui.trips.words import FAULT

st.title(_("Trip planner"))
st.markdown(_("Which plans to buy for your stays, from which day, at the least cost. Every answer is checked twice."))
price_banner()
form.desk().warm()
saved.kept_trips()
question, problems = form.ask()
for problem in problems:
    sentence = _(FAULT[problem.fault]).format(leg=problem.leg, value=plain(problem.value))
    if problem.fault in form.STILL_TO_SAY:
        st.info(sentence)
    else:
        st.error(sentence)

if form.whole(problems):
    trip = saved.opened()
    found = answer.answers_to(question)
    if found is not None:
        setting, answers = found
        answer.overview(answers, question)
        chosen = answer.choose(answers)
        if chosen is not None:
            name, best = chosen
            answer.in_full(best, answers, setting, question, answer.spoken_version(to_params(question), name, answers))
            saved.checklist(question, setting, best, trip)
    saved.keep(question, trip)
