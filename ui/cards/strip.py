"""Where a card stands in its life: bought, installed, active, low, expired, rescue window, lost."""

import streamlit as st

from services.model.reading import LineStatus, Measure, Validity, ValidityKind
from services.rules.balances import Level
from services.use.readings import CardView
from ui import clock, figures
from ui.language import _


def strip(view: CardView) -> None:
    """One line; a tick for what is behind the card, a dot for where it stands, a question mark for what is not known."""
    card, state = view.card, view.state
    today = clock.today()
    status = next((item.newest.figure for item in state.figures(Measure.STATUS)), None) if state is not None else None
    ends = {
        item.newest.figure.kind: item.newest.figure.last_day
        for item in (state.figures(Measure.VALIDITY) if state is not None else [])
        if isinstance(item.newest.figure, Validity)
    }
    over = view.urgency.days_left is not None and view.urgency.days_left < 0
    number_ends, rescue_ends = ends.get(ValidityKind.NUMBER), ends.get(ValidityKind.RESCUE)
    lost = (
        status is LineStatus.CLOSED
        or (number_ends is not None and number_ends < today)
        or (rescue_ends is not None and rescue_ends < today)
    )
    expired = over or status in (LineStatus.EXPIRED, LineStatus.SUSPENDED)
    grace = expired and not lost and rescue_ends is not None
    used = bool(card.first_used_on) or status not in (None, LineStatus.NOT_ACTIVATED)
    next_end = min((day for day in ends.values() if day >= today), default=None)
    stages = [
        (_("Bought"), card.bought_on, bool(card.bought_on), False),
        (_("Installed"), card.installed_on, bool(card.installed_on), False),
        (_("Active"), card.first_used_on, used, status is not None),
        (_("Low"), None, view.urgency.level is Level.LOW, state is not None),
        (_("Expired"), next_end if not over else min(ends.values(), default=None), expired, bool(ends) or expired),
        (_("Rescue window"), rescue_ends, grace, rescue_ends is not None),
        (_("Lost"), number_ends, lost, number_ends is not None or lost),
    ]
    reached = max((at for at, (_name, _day, there, _known) in enumerate(stages) if there), default=-1)
    parts = []
    for at, (name, day, there, known) in enumerate(stages):
        when = f" {figures.day(day)}" if day is not None else ""
        if at == reached:
            parts.append(f"**● {name}{when}**")
        elif there:
            parts.append(f"✓ {name}{when}")
        else:
            parts.append(f":gray[{'○' if known else '?'} {name}{when}]")
    st.markdown(" → ".join(parts))
    if reached < 0:
        st.caption(_("Nothing of its life is known yet. Enter what is left, or the dates you remember."))
