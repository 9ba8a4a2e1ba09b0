"""The answers: progress and a way to stop, totals side by side with their proofs, what to buy, and why."""

from collections.abc import Mapping

import streamlit as st

from services.model.itinerary import (
    Caution,
    Lost,
    NearMiss,
    PlanKey,
    Purchase,
    Source,
    Status,
    TripAnswer,
    TripAnswers,
    TripProblem,
    Uncovered,
)
from services.model.plan import AllowanceKind, Origin
from services.rules.journeys.question import TripQuestion
from services.rules.journeys.view import CHEAPEST, FRONT, ONE_PLAN, carried, choices, named_keys, starts_by_itself, sums, used_days
from services.use.rates import rates_to
from services.use.trip_pool import Busy, Solving
from services.use.trip_worker import Trouble
from services.use.trips import LONGER_SECONDS, SECONDS, PlanFacts
from ui import clock, figures
from ui.compare.results import link
from ui.language import _, language, n_
from ui.text import plain
from ui.trips import chart
from ui.trips.form import desk, key, leave_out
from ui.trips.words import CAUTION, CHOICE, LOST, REMEDY
from ui.turns import fragment

POLL_S, PATIENCE_S = 0.4, 0.4
SOLVING, LONGER, ANEW = "tripq_solving", "tripq_longer", "tripq_anew"
TILES = 3


def answers_to(question: TripQuestion) -> tuple[TripProblem, TripAnswers] | None:
    """Solve, or show how far it has come. None until there is something to show."""
    longer = st.session_state.get(LONGER) == question
    try:
        problem, solving = desk().ask(question, LONGER_SECONDS if longer else SECONDS, anew=st.session_state.pop(ANEW, False))
    except Busy:
        st.warning(_("Many trips are being planned at this moment. Wait a minute and change something to try again."))
        return None
    _stop_other(solving)
    if not solving.wait(PATIENCE_S):
        _progress(solving, question.currency or "")
        return None
    outcome = solving.outcome()
    if isinstance(outcome, Trouble):
        _trouble(outcome)
        return None
    if outcome is None:
        st.info(_("Stopped before it began."))
        _again()
        return None
    return problem, outcome


def _stop_other(solving: Solving) -> None:
    """A question that this session has changed since need not be answered any more."""
    before = st.session_state.get(SOLVING)
    if before is not None and before is not solving and not before.over:
        before.stop()
    st.session_state[SOLVING] = solving


@fragment(run_every=POLL_S)
def _progress(solving: Solving, currency: str) -> None:
    """Drawn alone while it solves; the whole page follows when it is over."""
    if solving.over:
        st.rerun()
    done, steps, best = solving.progress()
    text = _("Looking for the cheapest answer. You can leave this page and come back.")
    if best is not None:
        text = _("Best so far: {total}. Looking for a cheaper one, or for the proof that there is none.").format(
            total=_money(best, currency)
        )
    st.progress(0.05 if not steps else min(0.1 + 0.85 * done / steps, 0.95), text=text)
    st.button(_("Stop and show the best so far"), key=key("stop"), on_click=solving.stop)


def _money(micro: int, currency: str) -> str:
    """Two dollar signs in one Markdown text would make a formula of what is between them."""
    return plain(figures.money(micro, currency))


def _trouble(trouble: Trouble) -> None:
    if trouble.kind == "wrong_answer":
        st.error(
            _(
                "A second calculation did not agree with the answer, so it is not shown. Change the dates or the amount a little and try again."
            ),
            title=_("No answer that can be trusted"),
        )
    elif trouble.kind == "too_many_countries":
        st.error(_("That is more countries than one question can hold. Plan the trip in two parts."))
    else:
        st.error(_("The calculation ended before its time. Try again; if it happens again, plan the trip in two parts."))
        _again()


def _again() -> None:
    st.button(_("Search again"), key=key("again"), on_click=lambda: st.session_state.update({ANEW: True}))


def _look_longer(question: TripQuestion) -> None:
    st.session_state[LONGER] = question


# ------------------------------------------------------------------------------------------------------- side by side


def overview(answers: TripAnswers, question: TripQuestion) -> None:
    """The headline, and the answers side by side."""
    rates = rates_to(answers.currency)
    best = answers.cheapest
    if best.cost_micro is not None:
        st.header(_("{total} for the whole trip").format(total=_money(best.cost_micro, answers.currency)))
        st.markdown(proof(best, answers))
    else:
        _no_answer(answers)
    if best.status in (Status.BEST_FOUND, Status.UNDECIDED) and st.session_state.get(LONGER) != question:
        st.button(_("Search up to two minutes longer"), key=key("longer"), on_click=_look_longer, args=(question,))
    columns = st.columns(TILES)
    for column, (name, answer) in zip(
        columns, (("cheapest", best), ("one_plan", answers.one_plan), ("owned", answers.owned_only)), strict=True
    ):
        with column.container(border=True, height="stretch"):
            _tile(name, answer, answers)
    st.caption(
        _("Totals count the fee you set for each install. Rates of {date}. The final price is the one at the seller's checkout.").format(
            date=figures.day(rates.on)
        )
    )


def _tile(name: str, answer: TripAnswer | None, answers: TripAnswers) -> None:
    st.markdown(f"**{_(CHOICE[name])}**")
    if answer is None:
        st.markdown(_("None of your cards can take part."))
        return
    if answer.cost_micro is None:
        st.markdown(_("Not possible") if answer.status is Status.IMPOSSIBLE else _("None found in time"))
        return
    counted = sums(answer)
    st.metric(_("Total"), figures.money(answer.cost_micro, answers.currency), label_visibility="collapsed")
    lines = [n_("{n} plan to install", "{n} plans to install", counted.new).format(n=counted.new)]
    if counted.top_ups:
        lines.append(n_("{n} top-up", "{n} top-ups", counted.top_ups).format(n=counted.top_ups))
    if counted.owned:
        lines.append(n_("{n} card of yours", "{n} cards of yours", counted.owned).format(n=counted.owned))
    lines.append(
        _("to pay {price}, fees {fees}").format(price=_money(counted.plans, answers.currency), fees=_money(counted.fees, answers.currency))
    )
    best = answers.cheapest.cost_micro
    if name != CHEAPEST and best is not None and answer.cost_micro > best:
        lines.append(_("{difference} more than the cheapest").format(difference=_money(answer.cost_micro - best, answers.currency)))
    st.markdown("  \n".join(lines))
    st.caption(_single(answers) if name == ONE_PLAN else proof(answer, answers))


def _single(answers: TripAnswers) -> str:
    return _("The cheapest plan that does everything alone, of {n} plans.").format(n=figures.number(answers.considered))


def proof(answer: TripAnswer, answers: TripAnswers) -> str:
    """How sure the answer is: proved, or how far off it may be, among how many plans, at prices of which date."""
    plans = figures.number(answers.considered)
    if answers.prices_from is None or answers.prices_to is None:
        return _("No plan on sale takes part.")
    first, last = (figures.day(at.astimezone(clock.zone()).date()) for at in (answers.prices_from, answers.prices_to))
    dates = first if first == last else f"{first} – {last}"
    if answer.status is Status.PROVED:
        return _("Proved cheapest among {n} plans, prices of {dates}.").format(n=plans, dates=dates)
    if answer.gap is None:
        return _("Best found among {n} plans, prices of {dates}; how far from the optimum is not known.").format(n=plans, dates=dates)
    percent = max(1, -(-round(answer.gap * 1000) // 10))
    return _("Best found, at most {percent} % above the optimum, among {n} plans, prices of {dates}.").format(
        percent=percent, n=plans, dates=dates
    )


def _no_answer(answers: TripAnswers) -> None:
    if answers.uncovered:
        for gap in answers.uncovered:
            _uncovered(gap)
        return
    if answers.installs_needed is not None:
        st.warning(
            n_(
                "It takes at least {n} install. Allow more installs on one device.",
                "It takes at least {n} installs. Allow more installs on one device.",
                answers.installs_needed,
            ).format(n=answers.installs_needed),
            title=_("No answer with so few installs"),
        )
    elif answers.cheapest.status is Status.IMPOSSIBLE:
        st.warning(_("Allow more installs, need less data a day, or ask for less."), title=_("No plans together can do this"))
    else:
        st.warning(_("Search longer, or plan the trip in two parts."), title=_("No answer found in time"))
        _again()


def _uncovered(gap: Uncovered) -> None:
    """Which country nothing covers, and what would help."""
    helps = list(dict.fromkeys(_(REMEDY[reason]) for reason, _count in gap.turned_down if reason in REMEDY))
    parts = [_("From {day} on, no plan can be used there.").format(day=figures.day(gap.first_day))]
    if helps:
        count = sum(number for _reason, number in gap.turned_down)
        turned_down = n_("{n} plan was turned down", "{n} plans were turned down", count).format(n=figures.number(count))
        parts.append(_("{turned_down}; it would help to {ways}.").format(turned_down=turned_down, ways=figures.listing(helps)))
    parts.append(_("A local SIM bought there, prices from more sellers, or your own plan list may help too."))
    st.warning(figures.sentences(*parts), title=_("No plan for {country}").format(country=figures.country(gap.country)))


# ------------------------------------------------------------------------------------------------------- one answer in full


def choose(answers: TripAnswers) -> tuple[str, TripAnswer] | None:
    """Which answer to see in full; None when there is none."""
    found = choices(answers)
    if not found:
        return None
    st.header(_("The plan in full"))
    if st.session_state.get(key("show")) not in found:
        st.session_state[key("show")] = next(iter(found))
    shown = st.segmented_control(
        _("Which answer"), list(found), format_func=lambda name: _label(name), key=key("show"), required=True, label_visibility="collapsed"
    )
    name = shown or next(iter(found))
    return name, found[name]


def _label(name: str) -> str:
    if name.startswith(FRONT):
        count = int(name.removeprefix(FRONT))
        return n_("At most {n} install", "At most {n} installs", count).format(n=count)
    return _(CHOICE[name])


def in_full(answer: TripAnswer, answers: TripAnswers, problem: TripProblem, question: TripQuestion, version: str) -> None:
    """The ribbon of days, what to buy where and when, and what else is worth knowing."""
    facts = desk().facts(named_keys(answers), question)
    devices = len(problem.carriers)
    chart.ribbon(answer, facts, devices, version)
    st.subheader(_("What to buy, when to install and switch on"))
    for number, purchase in enumerate(answer.purchases, start=1):
        with st.container(border=True):
            _purchase(number, purchase, facts[purchase.key], answers.currency, devices)
    left, right = st.columns(2)
    with left:
        st.subheader(_("What came close"))
        _near_misses(answers, facts)
        st.subheader(_("If you need 30 % more"))
        _robustness(answers, facts)
    with right:
        st.subheader(_("Cost against number of installs"))
        chart.front(answers, version.rsplit(" ", 1)[0])


def _purchase(number: int, purchase: Purchase, about: PlanFacts, currency: str, devices: int) -> None:
    name = f"{number}. **{plain(about.seller)}** · {plain(about.name)}" if about.seller else f"{number}. **{plain(about.name)}**"
    price = _money(purchase.price_micro, currency) if purchase.source is not Source.OWNED else _("Already yours")
    of_device = f" · {_('device {n}').format(n=purchase.carrier + 1)}" if devices > 1 else ""
    text, buy = st.columns([4, 1], vertical_alignment="center")
    lines = [
        f"{name} · {price}{of_device}",
        _("{allowance}; carries {volume} of your data").format(allowance=allowance(about), volume=figures.volume(carried(purchase))),
        _when(purchase),
    ]
    text.markdown("  \n".join(line for line in lines if line))
    if about.origin is Origin.SANDBOX:
        text.markdown(f":orange-badge[{_('Invented price')}]")
    if purchase.cautions:
        text.caption(_("Before you buy: {notes}.").format(notes=listed([_(CAUTION[caution]) for caution in purchase.cautions])))
    if about.origin is Origin.SANDBOX:
        buy.caption(_("Invented: cannot be bought"))
    elif address := link(about.url, about.origin or ""):
        buy.link_button(_("Open at the seller"), address, width="stretch")
    if purchase.source is Source.NEW:
        buy.button(
            _("Leave out"),
            key=key(f"leave_{number}"),
            on_click=leave_out,
            args=(purchase.key,),
            help=_("Answer without this plan"),
            width="stretch",
        )


def listed(sentences: list[str]) -> str:
    """Sentences that may have commas of their own, in one line."""
    return ("；" if language() == "zh" else "; ").join(sentences)


def _when(purchase: Purchase) -> str:
    first, last = map(figures.day, used_days(purchase))
    if purchase.source is Source.OWNED:
        return _("Use it from {first} to {last}.").format(first=first, last=last)
    if purchase.source is Source.TOP_UP:
        return _("Top up on {first}; needed until {last}.").format(first=first, last=last)
    if Caution.STARTS_AT_PURCHASE in purchase.cautions:
        return _("On {first}: buy, install and switch on. Needed until {last}.").format(first=first, last=last)
    if starts_by_itself(purchase):
        return _("On {first}, not before: install and switch on. Needed until {last}.").format(first=first, last=last)
    return _("Install before leaving. Switch on: {first}. Needed until {last}.").format(first=first, last=last)


def allowance(about: PlanFacts) -> str:
    """What a plan carries and how long, in words."""
    if about.kind is AllowanceKind.UNLIMITED or about.volume is None:
        says = _("Unlimited")
        if about.fair_use is not None:
            says = _("Unlimited, {volume} a day at full speed").format(volume=figures.volume(about.fair_use))
    elif about.kind is AllowanceKind.PER_DAY:
        says = _("{volume} a day").format(volume=figures.volume(about.volume))
    else:
        says = figures.volume(about.volume)
    if about.speed_after:
        says = _("{allowance}, then {speed}").format(allowance=says, speed=figures.speed(about.speed_after))
    return says if about.validity_days is None else figures.listing([says, figures.days(about.validity_days)])


def _near_misses(answers: TripAnswers, facts: Mapping[PlanKey, PlanFacts]) -> None:
    if not answers.near_misses:
        st.markdown(_("Nothing comes close."))
    for miss in answers.near_misses:
        st.markdown(f"- {_near_miss(miss, facts, answers.currency)}")


def _near_miss(miss: NearMiss, facts: Mapping[PlanKey, PlanFacts], currency: str) -> str:
    short = figures.days(miss.short_of) if miss.reason is Lost.DAYS else figures.volume(miss.short_of)
    why = _(LOST[miss.reason]).format(difference=_money(miss.difference_micro, currency), short=short)
    names = {"plan": _short(facts[miss.key]), "instead": _short(facts[miss.instead_of]), "why": why}
    if miss.difference_micro < 0:
        return _("{plan} is {difference} cheaper than {instead}, but {why}.").format(
            **names, difference=_money(-miss.difference_micro, currency)
        )
    return _("{plan} instead of {instead}: {why}.").format(**names)


def _short(about: PlanFacts) -> str:
    return plain(f"{about.seller} {about.name} ({allowance(about)})".strip())


def _robustness(answers: TripAnswers, facts: Mapping[PlanKey, PlanFacts]) -> None:
    robust = answers.robustness
    if robust is None:
        st.markdown(_("Not worked out."))
    elif robust.lasts:
        st.markdown(_("The cheapest mix still carries every day."))
    else:
        day = figures.day(robust.first_day_short) if robust.first_day_short else ""
        st.markdown(_("With the cheapest mix, full-speed data runs out on {day}.").format(day=day))
        if robust.extra_micro is None:
            st.markdown(_("No plan was found that fills the gap."))
        else:
            extra = figures.listing([_short(facts[purchase.key]) for purchase in robust.extra])
            st.markdown(
                _("Filling the gap then costs {extra}, fees included: {plans}.").format(
                    extra=_money(robust.extra_micro, answers.currency), plans=extra
                )
            )


def spoken_version(params: Mapping[str, str], name: str, answers: TripAnswers) -> str:
    """Names an answer for the charts that are kept."""
    return f"{sorted(params.items())} {answers.cheapest.cost_micro} {answers.considered} {answers.prices_to} {language()} {name}"
