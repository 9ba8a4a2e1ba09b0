"""One renewal: its steps in three phases, the checks where they belong, and what may come next."""

import streamlit as st

from services.model.renewal import Channel, RenewalStatus
from services.rules.guides.library import points
from services.rules.guides.schema import Guide, Part, Phase, Point, Step
from services.rules.renewals.run import MONEY_MAY_BE_GONE
from services.use.renewals import MAX_NOTE, Walk
from ui import clock, figures
from ui.cards.desks import reading_desk
from ui.language import _, spoken
from ui.orders.till import order_section, orders_here
from ui.pages import page_at
from ui.paper import paper_hint
from ui.renew import words
from ui.renew.after import PROOF, dispute, payment, proof
from ui.renew.checks import as_of, link_box, number_box, uses_a_page
from ui.renew.desk import REFUSED, attempt, leave, payee, renewal_desk
from ui.renew.figures_form import before, promise
from ui.renew.first_clock import first_clock
from ui.renew.photos import beside, photos
from ui.renew.product import product
from ui.text import plain
from ui.words import word

S = RenewalStatus


def walk_page(walk: Walk) -> None:
    run = walk.run
    with st.container(key="paper_head"):
        _head(walk)
    paper_hint()
    if run.abandoned is not None:
        st.warning(_("Given up: {reason}").format(reason=plain(run.abandoned) or _("no reason given")))
        st.button(
            _("Take it up again"), type="primary", key="renew_resume", on_click=_do, args=("resume", walk.renewal_id), width="stretch"
        )
    else:
        _status(walk)
        _phase(walk, Phase.BEFORE)
        before(walk)
        if not orders_here(walk):  # an order shows its own products, with what they do and promise
            product(walk)
            promise(walk)
        number_box(walk)
        _phase(walk, Phase.PAY)
        if uses_a_page(run.channel):
            link_box(walk, run.begun.operator)
        order_section(walk)
        if not orders_here(walk):
            _go_on(walk)
        _phase(walk, Phase.AFTER)
        if run.status not in (S.DRAFT, S.PAYING):
            payment(walk)
        proof(walk)
    if run.sent_at is not None and run.status is not S.CONFIRMED:
        dispute(walk)
    if run.abandoned is None:
        _other_channel(walk)
    _guide(walk)
    _end(walk)


def _head(walk: Walk) -> None:
    begun = walk.run.begun
    view = reading_desk().view(walk.card_id) if walk.card_id else None
    name = view.card.nickname if view else payee(begun)
    st.header(plain(name))
    parts = [payee(begun)] if view else []
    st.markdown(" · ".join(plain(part) for part in [*parts, word(words.CHANNEL, walk.run.channel), word(words.SITUATION, begun.situation)]))
    if walk.card_id and (walk.run.is_open or walk.run.status is S.CONFIRMED):
        first_clock(walk.card_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("All renewals"), icon=":material/arrow_back:", key="renew_leave", on_click=leave)
        if view:
            st.page_link(page_at("card"), label=_("Open the card"), icon=":material/sim_card:", query_params={"id": view.card.card_id})
    done = _("{done} of {all} steps").format(done=walk.done, all=len(walk.steps))
    st.progress(walk.done / max(1, len(walk.steps)), text=f"**{done}**")
    if st.session_state.pop(REFUSED, False):
        st.info(_("This renewal has moved on meanwhile, perhaps on another device. Look at where it stands now."))


def _status(walk: Walk) -> None:
    run = walk.run
    shown = {S.CONFIRMED: st.success, S.FAILED: st.error, S.UNKNOWN: st.error, S.DISPUTED: st.warning, S.PENDING: st.warning}
    advice = word(words.ADVICE, run.status)
    if run.status is S.SENT and run.paid is not None:
        advice = _("Look at the card again, and enter what it shows now.")
    shown.get(run.status, st.info)(advice, title=word(words.STATUS, run.status))
    if walk.look_again_at is not None and walk.proof.refuted:
        st.warning(
            _("It may still count: do not pay again, and look at the card once more later. If it stays so, say that it failed."),
            title=_("The card does not show what was promised"),
        )
    if (below := _below(walk)) is not None:
        anchor, heading = below
        label = _("Down to “{heading}”").format(heading=heading)
        st.markdown(f"[{label}](#{anchor})")
    if walk.look_again_at is not None:
        moment = figures.minute(walk.look_again_at.astimezone(clock.zone()))
        late = _("It should have counted by {time}. Ask where the money is: the steps are below.")
        due = _("Most payments count within a day. If nothing has changed by {time}, ask.")
        st.caption((late if clock.now() >= walk.look_again_at else due).format(time=moment))


def _below(walk: Walk) -> tuple[str, str] | None:
    """The part of the page where it goes on, by its anchor and heading: it can lie many screens below on a phone."""
    match walk.run.status:
        case S.PAYING:
            return Phase.PAY.value, word(words.PHASE, Phase.PAY)
        case S.SENT if walk.run.paid is None:
            return Phase.AFTER.value, word(words.PHASE, Phase.AFTER)
        case S.SENT | S.UNKNOWN | S.PENDING:
            return PROOF, _("Proof: two changes")
        case _:
            return None


def _phase(walk: Walk, phase: Phase) -> None:
    """The steps of one phase, each a line to tick; notes on them together below."""
    steps = [step for step in walk.steps if step.phase is phase]
    with st.container(key=f"paper_{phase.value}"):
        st.subheader(word(words.PHASE, phase), anchor=phase.value)
        for step in steps:
            _step(walk, step)
    with st.expander(_("Notes and photos"), icon=":material/edit_note:"):
        photos(walk, phase, steps)
        for step in steps:
            key = f"note_{walk.renewal_id}_{step.id}"
            st.session_state[key] = walk.run.notes.get(step.id, "")
            st.text_area(
                spoken(step.text), key=key, on_change=_note, args=(walk.renewal_id, step.id, key), max_chars=MAX_NOTE, height="content"
            )


def _step(walk: Walk, step: Step) -> None:
    key = f"step_{walk.renewal_id}_{step.id}"
    st.session_state[key] = step.id in walk.run.ticks
    st.checkbox(spoken(step.text), key=key, on_change=_tick, args=(walk.renewal_id, step.id, key))
    if note := walk.run.notes.get(step.id):
        st.caption(_("Note: {note}").format(note=plain(note)))
    if digests := walk.photos.get(step.id):
        beside(walk, step, digests)


def _go_on(walk: Walk) -> None:
    """One button for each way it can have gone."""
    if not walk.next:
        return
    asked = {S.DRAFT: _("Ready to pay?"), S.CONFIRMED: _("Is something wrong after all?")}.get(walk.run.status, _("How did it go?"))
    st.markdown(f"**{asked}**")
    if walk.look_again_at is not None:
        st.caption(_("It went through? Enter what the card shows now under “{heading}”.").format(heading=_("Proof: two changes")))
    for place, status in enumerate(walk.next):
        st.button(
            word(words.GO_TO, status),
            key=f"go_{status.value}",
            type="primary" if place == 0 and walk.run.status is S.DRAFT else "secondary",
            on_click=_do,
            args=("set_status", walk.renewal_id, status),
            width="stretch",
        )


def _other_channel(walk: Walk) -> None:
    run = walk.run
    if run.status in (S.CONFIRMED, S.REFUNDED):
        return
    with st.expander(_("Another channel"), icon=":material/alt_route:", expanded=run.status is S.FAILED):
        if run.status in MONEY_MAY_BE_GONE:
            st.info(_("The first payment may still arrive. Settle it before you pay elsewhere, or you may pay twice."))
            return
        others = [item for item in walk.channels if item.channel is not run.channel]
        st.markdown(_("The card, its figures, the product and the steps ticked before paying carry over."))
        chosen = st.radio(
            _("Next best first"),
            [item.channel for item in others],
            format_func=lambda it: word(words.CHANNEL, it),
            captions=[plain(" · ".join(word(words.WHY, reason) for reason in item.why)) for item in others],
            key="renew_other",
        )
        why = st.text_input(_("Why (optional)"), key="renew_other_why", max_chars=200)
        st.button(_("Go on this way"), key="renew_switch", on_click=_do, args=("switch", walk.renewal_id, chosen, why), width="stretch")


def _guide(walk: Walk) -> None:
    """What is known about this way of paying, part by part, each line with its source."""
    st.subheader(_("Good to know"))
    entry = next((item.entry for item in walk.channels if item.channel is walk.run.channel and item.entry), None)
    if entry is not None:
        st.markdown(f"**{plain(spoken(entry.name))}**")
        st.caption(_evidence(walk.guides[0], entry.source, entry.as_of, words.CONFIDENCE[entry.confidence]))
    for part in Part:
        found = points(walk.guides, walk.run.channel, part)
        if found:
            with st.expander(word(words.PART, part)):
                for guide, point in found:
                    _point(guide, point)
    unknowns = [text for guide in walk.guides for text in guide.unknowns]
    if unknowns:
        with st.expander(_("Not known")):
            for text in unknowns:
                st.markdown(f"- {plain(spoken(text))}")


def _point(guide: Guide, point: Point) -> None:
    st.markdown(plain(spoken(point.text)))
    st.caption(_evidence(guide, point.source, point.as_of, words.CONFIDENCE[point.confidence]))


def _evidence(guide: Guide, sources: tuple[str, ...], stamp: str | None, sure: str) -> str:
    if sources == ("P",):
        return _(sure)
    named = figures.listing([guide.sources[key] for key in sources])
    return plain(_("{source} · {date} · {sure}").format(source=named, date=as_of(stamp or "undated"), sure=_(sure)))


def _end(walk: Walk) -> None:
    """Taking the last thing back, giving up, what happened, forgetting it."""
    if walk.can_undo is not None and walk.run.abandoned is None:
        status = walk.can_undo.status
        what = word(words.STATUS, status) if status is not None else word(words.EVENT, walk.can_undo.kind)
        label = _("Undo: {what}").format(what=what)
        st.button(label, icon=":material/undo:", key="renew_undo", on_click=_do, args=("undo", walk.renewal_id), width="stretch")
    if walk.run.is_open:
        with st.expander(_("Give up"), icon=":material/cancel:"):
            reason = st.text_input(_("Why?"), key="renew_reason", max_chars=500)
            st.button(
                _("Give this renewal up"), key="renew_abandon", on_click=_do, args=("abandon", walk.renewal_id, reason), width="stretch"
            )
    with st.expander(_("What happened"), icon=":material/history:"):
        for event in walk.events:
            detail = event.text
            if event.status is not None:
                detail = word(words.STATUS, event.status)
            elif event.channel is not None:
                detail = word(words.CHANNEL, Channel(event.channel))
            elif event.step:
                detail = next((spoken(step.text) for step in walk.steps if step.id == event.step), "")
            line = " · ".join(part for part in (figures.moment(event.at.astimezone(clock.zone())), word(words.EVENT, event.kind)) if part)
            st.markdown(plain(figures.labelled(line, detail) if detail else line))
        sure = st.checkbox(_("I want to delete this renewal, its history and its photos. Receipts stay."), key="renew_delete_sure")
        st.button(_("Delete"), key="renew_delete", disabled=not sure, on_click=_delete, args=(walk.renewal_id,))


def _tick(renewal_id: str, step: str, key: str) -> None:
    _do("tick", renewal_id, step, st.session_state[key])


def _note(renewal_id: str, step: str, key: str) -> None:
    _do("note", renewal_id, step, st.session_state[key])


def _delete(renewal_id: str) -> None:
    renewal_desk().delete(renewal_id)
    leave()


def _do(what: str, *facts: object) -> None:
    attempt(getattr(renewal_desk(), what), *facts)
