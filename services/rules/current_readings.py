"""Which readings of one card still say something: the rest may stay unread when its state is worked out.

The state of a card (``services.rules.balances.state``) is the same from these few as from its whole history, and stays so whatever is
added later. Figures that agree with the newest are kept too: they are to be shown as soon as a newer one differs from them.
"""

from collections.abc import Hashable, Iterable
from datetime import datetime

from services.model.reading import Reading, Source
from services.rules.balances.state import states

Rank = tuple[datetime, datetime, int]


def current_readings(readings: Iterable[Reading]) -> list[Reading]:
    """Those of one card's ``readings`` that hold the newest figure of some field and source, the newest full list of some kind of figure,
    or the newest answer of a provider; in the order given. Sequences must differ."""
    best: dict[Hashable, tuple[Rank, int]] = {}
    given = list(readings)
    for at, reading in enumerate(given):
        who = (reading.source, reading.origin)
        rank = (reading.true_at, reading.taken_at, reading.sequence)
        said: list[tuple[Hashable, Rank]] = [((key, who), rank) for key in states([reading])[reading.card_id].fields]
        said += [(("complete", measure, who), rank) for measure in reading.complete]
        if reading.source is Source.API:
            said.append((("answer", reading.origin), (reading.taken_at, reading.true_at, reading.sequence)))
        for subject, place in said:
            if subject not in best or place > best[subject][0]:
                best[subject] = (place, at)
    return [given[at] for at in sorted({at for _, at in best.values()})]
