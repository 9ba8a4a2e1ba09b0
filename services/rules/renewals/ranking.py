"""Which channel to try first for a card and where the person is, and which next when one has failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.model.card import CardKind
from services.model.renewal import Channel, Situation
from services.model.tri import Tri
from services.rules.guides.library import operator_guide, situation_guide
from services.rules.guides.schema import ChannelEntry


class Why(StrEnum):
    """What speaks for or against a channel."""

    NAMED = "named"  # the operator's guide names it
    NOT_NAMED = "not_named"
    WORKS_ABROAD = "works_abroad"
    NOT_ABROAD = "not_abroad"
    ABROAD_UNKNOWN = "abroad_unknown"
    HARD_NOW = "hard_now"  # the situation speaks against it
    FAILED_BEFORE = "failed_before"
    NO_PROVIDER = "no_provider"


@dataclass(frozen=True, slots=True)
class RankedChannel:
    """``entry``: what the operator's guide says of it, None when it says nothing."""

    channel: Channel
    entry: ChannelEntry | None
    why: tuple[Why, ...]


_USUAL = tuple(Channel)
"""Without anything known: the operator's own means first, then those that leave a receipt, a provider's interface last."""
_ONLY_THERE = frozenset({Channel.OWN_SHOP, Channel.PARTNER_SHOP})
_WEIGHT = {
    Why.NAMED: -20,
    Why.WORKS_ABROAD: -5,
    Why.ABROAD_UNKNOWN: 3,
    Why.NOT_NAMED: 0,
    Why.NOT_ABROAD: 100,
    Why.HARD_NOW: 50,
    Why.FAILED_BEFORE: 200,
    Why.NO_PROVIDER: 500,
}


def rank(
    operator: str | None,
    kind: CardKind,
    situation: Situation,
    *,
    abroad: bool = False,
    failed: Iterable[Channel] = (),
    has_provider: bool = False,
) -> tuple[RankedChannel, ...]:
    """Every channel, the best first.

    ``abroad``: the person is not where the card is at home; an eSIM or pocket WiFi for travel has no home, so it does not count there.
    ``has_provider``: the card hangs on a connected provider that can top it up. ``failed``: channels already tried for this renewal.
    """
    guide, now = operator_guide(operator), situation_guide(situation)
    tried = frozenset(failed)
    away = abroad or situation is Situation.ABROAD
    ranked = []
    for place, channel in enumerate(_USUAL):
        entry = guide.entry(channel) if guide else None
        why = [Why.NAMED if entry else Why.NOT_NAMED] if guide else []  # of an operator without a guide nothing is known, of any channel
        if away:
            why.append(_from_abroad(channel, entry))
        if channel in now.avoid and Why.NOT_ABROAD not in why:
            why.append(Why.HARD_NOW)
        if channel in tried:
            why.append(Why.FAILED_BEFORE)
        if channel is Channel.API and not has_provider:
            why.append(Why.NO_PROVIDER)
        ranked.append((sum(_WEIGHT[reason] for reason in why) + place, RankedChannel(channel, entry, tuple(why))))
    return tuple(item for _, item in sorted(ranked, key=lambda pair: pair[0]))


def _from_abroad(channel: Channel, entry: ChannelEntry | None) -> Why:
    if entry is not None and entry.abroad is not Tri.UNKNOWN:
        return Why.WORKS_ABROAD if entry.abroad is Tri.YES else Why.NOT_ABROAD
    return Why.NOT_ABROAD if channel in _ONLY_THERE else Why.ABROAD_UNKNOWN
