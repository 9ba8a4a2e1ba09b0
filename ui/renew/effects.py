"""What paying today does to each clock, in sentences."""

from collections.abc import Iterable

from services.model.clock import ClockStatus
from services.rules.renewals.effect import ClockEffect
from ui import clock, figures
from ui.clocks import words as clock_words
from ui.language import _, n_
from ui.words import word


def effect_lines(effects: Iterable[ClockEffect]) -> list[str]:
    """One line of Markdown for each clock, the most pressing first."""
    return [figures.labelled(f"**{clock_words.said(effect.rule.name)}**", _sentence(effect)) for effect in effects]


def _sentence(effect: ClockEffect) -> str:
    before, after = effect.last_day_before, effect.last_day_after
    if after is None:
        unknown = effect.after.unknown
        if effect.after.status is ClockStatus.SETTLED:
            return _("This is settled with it.")
        if unknown is None:
            return _("How long it runs after this is not known.")
        return _("How long it runs after this is not known, because {reason}.").format(
            reason=word(clock_words.MISSING, unknown.because.value)
        )
    said = {"before": f"**{figures.day(before)}**" if before else "", "after": f"**{figures.day(after)}**"}
    fees = _fees(effect)
    if before is None:
        return figures.sentences(_("Until when it runs now is not known. Paid today, it runs to {after}.").format(**said), fees)
    if before < clock.today():
        changed = before != after
        rescued = (
            _("It ended on {before}. Paid today, it runs to {after}.") if changed else _("It ended on {before}. This does not change that.")
        )
        return figures.sentences(rescued.format(**said), fees)
    if effect.loses_nothing_from is None:
        return figures.sentences(_("It runs to {before}. This does not move it.").format(**said), fees)
    if effect.days_lost_today == 0:
        return figures.sentences(_("Paying today moves {before} to {after}. No day is lost.").format(**said), fees)
    said["day"] = f"**{figures.day(effect.loses_nothing_from)}**"
    lost = n_("{n} day is lost", "{n} days are lost", effect.days_lost_today).format(n=figures.number(effect.days_lost_today))
    if before == after:
        return figures.sentences(
            _("Paying today does not move {before}: {lost}. Paying from {day} on loses nothing.").format(lost=lost, **said), fees
        )
    return figures.sentences(
        _("Paying today moves {before} to {after}, and {lost}. Paying from {day} on loses nothing.").format(lost=lost, **said), fees
    )


def _fees(effect: ClockEffect) -> str:
    covered = effect.after.fees_covered
    if covered is None:
        return ""
    return n_("The balance then pays {n} more fee.", "The balance then pays {n} more fees.", covered).format(n=figures.number(covered))
