"""One clock: when it ends, what counts, what it costs, the steps after the date, and why this date."""

from enum import StrEnum

import streamlit as st

from services.model.clock import Offer, SpanUnit, Stage
from services.model.tri import Tri
from services.rules.clocks.engine import ClockState
from services.rules.clocks.schema import ClockRule, Fact, OperatorRule
from services.use.clock_answers import Cost, cheapest_way, waste
from services.use.known_clocks import CardClocks
from ui import figures
from ui.clocks import words
from ui.clocks.sources import evidence, source
from ui.language import _, n_
from ui.preferences import preferred_currency
from ui.words import word

_MAIN = (
    "start",
    "span",
    "initial",
    "tiers",
    "stacking",
    "cap",
    "fee",
    "fee_day",
    "day",
    "zone",
    "first_day",
    "month",
    "shown_date",
    "settling",
    "warnings",
    "ended_by",
)


def headline(clocks: CardClocks, state: ClockState) -> None:
    """Days left as the largest figure, then dates and what to do."""
    st.metric(words.said(state.rule.name), words.count(state))
    own = " " + words.own_badge() if state.overridden else ""
    st.markdown(words.urgency(state) + own + words.assumed_badge(clocks.is_assumed))
    for line in (*_dates(state), *_early(state), *_counting(state), _cheapest(state)):
        if line:
            st.markdown(line)


def _dates(state: ClockState) -> list[str]:
    if state.unknown is not None:
        because = _("Unknown, because {reason}.").format(reason=word(words.MISSING, state.unknown.because.value))
        if state.not_before is None:
            return [because, _("It could end at any time: this is not a sign that all is well.")]
        return [because, _("Nothing ends before {day}.").format(day=f"**{words.day(state.not_before, state)}**")]
    if state.due is None:
        return []
    lines = []
    if state.is_overdue:
        lines.append(_("The date passed on {day}.").format(day=f"**{words.day(state.due, state)}**"))
        if state.rescue_until is not None and state.rescue_until > state.now:
            lines.append(_("It can be saved before {day}.").format(day=f"**{words.day(state.rescue_until, state)}**"))
        if state.owed is not None:
            lines.append(_("Owed: {amount}").format(amount=words.money(state.owed)))
    elif not state.is_over and state.latest_safe_day is not None:
        end = _("Ends on {day} at {time}.").format(
            day=f"**{words.day(state.due, state)}**", time=figures.clock_time(state.due.astimezone(state.zone))
        )
        left = state.days_left
        safe = _("Last safe day: {day}.").format(day=f"**{figures.day(state.latest_safe_day)}**")
        lines.append(figures.sentences(end, safe) if left is not None and left >= 0 else end)
    if state.fees_covered is not None:
        paid = n_("The balance pays {n} more fee.", "The balance pays {n} more fees.", state.fees_covered)
        lines.append(paid.format(n=figures.number(state.fees_covered)))
    if state.doubtful is not None and state.doubtful.activity is not None:
        lines.append(
            _("No source says whether {activity} counts. What was done on {day} moved no date.").format(
                activity=words.value(state.doubtful.activity), day=words.day(state.doubtful.at, state)
            )
        )
    return lines


def _early(state: ClockState) -> list[str]:
    early = state.early
    if early is None or state.is_over or state.is_overdue:
        return []
    if early.days_lost_today == 0:
        return [_("Acting today wastes no days.")]
    cost = waste(state, preferred_currency())
    lost = n_("Acting today would waste {n} day.", "Acting today would waste {n} days.", early.days_lost_today)
    line = lost.format(n=figures.number(early.days_lost_today))
    if cost is not None:
        line = figures.sentences(line, _("That is about {amount} of what you pay.").format(amount=_priced(cost)))
    return [figures.sentences(_("Earliest sensible day: {day}.").format(day=f"**{figures.day(early.day)}**"), line)]


def _counting(state: ClockState) -> list[str]:
    if state.is_over:
        return []
    said = [
        ("✓", _("Counts"), state.activities(Tri.YES)),
        ("✗", _("Does not count"), state.activities(Tri.NO)),
        ("?", _("Nobody is sure"), state.activities(Tri.UNKNOWN)),
    ]
    return ["  \n".join(figures.labelled(f"{shape} {name}", words.listed(found)) for shape, name, found in said if found)]


def _priced(cost: Cost) -> str:
    """In the operator's currency, and in the person's with the date of the rate."""
    own = words.money(cost.price)
    if cost.converted is None or cost.rate_of is None:
        return own
    about = _("about {amount}, rate of {date}").format(amount=words.money(cost.converted), date=figures.day(cost.rate_of))
    return _("{price} ({converted})").format(price=own, converted=about)


def _cheapest(state: ClockState) -> str:
    if state.is_over:
        return ""
    found = cheapest_way(state, preferred_currency())
    if found is None:
        return _("What the cheapest way costs is not known.") if state.offers else ""
    offer, cost = found
    line = _("Cheapest way: {activity}, {price}.").format(activity=f"**{words.value(offer.what)}**", price=f"**{_priced(cost)}**")
    return figures.sentences(line, _after(offer))


def _after(offer: Offer) -> str:
    if offer.keeps_value is Tri.UNKNOWN:
        return ""
    return _("The money stays as credit.") if offer.keeps_value is Tri.YES else _("The money is spent.")


def ladder(clocks: CardClocks, state: ClockState) -> None:
    """The steps after the date, with the dates that are known; the one that holds now is marked."""
    if not state.rule.ladder:
        return
    undated = (Stage(step.code, None, None, step.works.value, step.loses.value, step.rescue.value) for step in state.rule.ladder)
    stages = state.stages or tuple(undated)
    for at, (stage, rule) in enumerate(zip(stages, state.rule.ladder, strict=True), start=1):
        here = stage is state.stage
        when = words.day(stage.begins, state) if stage.begins is not None else _("date not known")
        title = f"{at}. {'●' if here else '○'} **{figures.labelled(when, word(words.STAGE, stage.code.value))}**"
        lines = [title + " " + words.badge("red", "◀", _("You are here")) if here else title]
        lines.append(_("Still works: {things}").format(things=_maybe(stage.works)))
        lines.append(_("Lost: {things}").format(things=_maybe(stage.loses)))
        lines.append(_("Saved by: {things}").format(things=_maybe(stage.rescue)))
        if rule.note is not None:
            lines.append(words.said(rule.note))
        lines.append(f":small[({evidence(clocks.rule, rule.after)})]")
        st.markdown("  \n".join(lines))


def _maybe(codes: tuple[StrEnum, ...] | None) -> str:
    return _("nobody says") if codes is None else words.value(codes)


def why(clocks: CardClocks, state: ClockState) -> None:
    """The arithmetic, then each fact with who says so."""
    if state.steps:
        st.markdown("\n".join(f"{at}. {_step(state, at - 1)}" for at, _line in enumerate(state.steps, start=1)))
    else:
        st.markdown(_("No date was worked out yet."))
    st.markdown(_("The weakest fact behind this date: {confidence}.").format(confidence=words.confidence(state.confidence)))
    if state.assumed:
        open_facts = figures.listing([word(words.ASSUMED, name) for name in state.assumed])
        st.markdown(_("No source states {facts}, so the earlier date was taken.").format(facts=open_facts))
    lines = [_fact(clocks.rule, state.rule, name) for name in _MAIN]
    lines += [_activity(clocks.rule, state.rule, index) for index in range(len(state.rule.activity))]
    st.markdown("\n".join(f"- {line}" for line in lines if line))
    for note in (state.rule.note, clocks.rule.note):
        if note is not None:
            st.markdown(words.said(note))
    if clocks.rule.unknowns:
        sought = _("Looked for and not found")
        st.markdown(f"**{sought}**\n" + "\n".join(f"- {words.said(text)}" for text in clocks.rule.unknowns))
    st.caption(_("Operators change their terms. Check the operator's own page before you rely on a date."))


def _step(state: ClockState, index: int) -> str:
    step = state.steps[index]
    due = words.day(step.due, state)
    if step.span is None:
        return figures.labelled(words.day(step.at, state), f"{word(words.STEP, step.code.value)} → **{due}**")
    length = words.span(step.span)
    if step.span.unit is SpanUnit.MONTH:
        counted_as = figures.days((words.day_of(step.due, state) - words.day_of(step.counted_from, state)).days)
        length = _("{months}, counted as {days}").format(months=length, days=counted_as)
    counted = _("{start} + {length} = {end}").format(start=words.day(step.counted_from, state), length=length, end=f"**{due}**")
    return figures.labelled(words.day(step.at, state), figures.listing([word(words.STEP, step.code.value), counted]))


def _fact(rule: OperatorRule, clock: ClockRule, name: str) -> str:
    fact: Fact[object] = getattr(clock, name)
    if fact.value is None:
        return ""
    line = figures.labelled(word(words.FACT, name), f"**{words.value(fact.value)}** :small[({evidence(rule, fact)})]")
    others = [f"{words.value(other.value)} ({_named(rule, other.source)})" for other in fact.others]
    if others:
        line += " " + _("Others say: {values}").format(values="; ".join(others))
    return line + (f" {words.said(fact.note)}" if fact.note is not None else "")


def _named(rule: OperatorRule, keys: tuple[str, ...]) -> str:
    return "; ".join(source(rule.sources[key]) for key in keys)


def _activity(rule: OperatorRule, clock: ClockRule, index: int) -> str:
    item = clock.activity[index]
    shape = {Tri.YES: _("counts"), Tri.NO: _("does not count"), Tri.UNKNOWN: _("unknown")}[item.counts]
    note = f" {words.said(item.note)}" if item.note is not None else ""
    return figures.labelled(words.value(item.what), f"**{shape}** :small[({evidence(rule, item)})]{note}")
