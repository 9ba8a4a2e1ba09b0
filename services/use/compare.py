"""Answering a question from the catalogue of an account."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, lru_cache

from services.model.plan import Network
from services.rules.compare.frame import PlanFrame
from services.rules.compare.question import Question
from services.rules.compare.ranking import Ranking, chosen, rank
from services.store.catalogue import CatalogueStore, PriceSeen
from services.use.house import House
from services.use.rates import rates_to

__all__ = ["CompareDesk", "PriceSeen"]


class CompareDesk:
    """Ranks plans. The columns of the catalogue stay in memory until the catalogue changes. All answers of one desk rest on the same
    revision of the catalogue, the newest when it was first asked."""

    def __init__(self, house: House, account: str) -> None:
        self._house = house
        self._account = account
        self._store = CatalogueStore(house.database, account)

    def frame(self) -> PlanFrame:
        """Every plan of the account in columns; one copy per process."""
        return self._held[1]

    def revision(self) -> int:
        """The revision of the catalogue that every answer of this desk rests on."""
        return self._held[0]

    @cached_property
    def _held(self) -> tuple[int, PlanFrame]:
        revision = self._store.revision()
        held = self._house.frames.get(self._account)
        if held is not None and held[0] == revision:
            return held
        with self._house.lock:
            held = self._house.frames.get(self._account)
            if held is None or held[0] != revision:
                revision, columns = self._store.columns()
                held = revision, PlanFrame.from_columns(columns)
                self._house.frames[self._account] = held
            return held

    def answer(self, question: Question, now: datetime) -> Ranking:
        """The plans for ``question``, best first, totals in its currency at the rates shipped with the program. Which prices are old is
        judged once a minute."""
        return _ranked(self.frame(), question, now.replace(second=0, microsecond=0))

    def prices(self, source: str, plan_id: str) -> list[PriceSeen]:
        """How the price of a plan moved, oldest first."""
        return self._store.prices(source, plan_id)

    def networks(self, plan_key: int) -> tuple[Network, ...]:
        """The networks a plan may use; empty when not published."""
        return self._store.networks(plan_key)

    def beside(self, question: Question, plans: Sequence[tuple[str, str]], now: datetime) -> Ranking:
        """The plans named by (source, plan id), in that order; those no longer in the catalogue are left out."""
        frame = self.frame()
        places = [place for plan in plans if (place := frame.place_of(*plan)) is not None]
        return chosen(frame, places, question, rates_to(question.currency), now)


@lru_cache(maxsize=4)
def _ranked(frame: PlanFrame, question: Question, minute: datetime) -> Ranking:
    """Kept for a few questions: a person who ticks plans, turns pages or goes back and forth asks the same again and again."""
    return rank(frame, question, rates_to(question.currency), minute)


def forget() -> None:
    """Drop the answers that are kept, and the plans they hold."""
    _ranked.cache_clear()
