"""Sample cards and a sample trip: loaded with one call, removed with one call, and never taken for anything real.

Every id begins with ``services.model.card.SAMPLE_PREFIX`` and every name says in words that it is a sample. They go into the account like
cards that a person typed, so that every page shows what it would show of real ones.
"""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from services.model.card import SAMPLE_PREFIX, Card, CardKind, DependentAccount, Identifiers
from services.model.clock import CardEvent
from services.model.clock import EventKind as ClockEventKind
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.saved_trip import SavedTrip
from services.rules.clocks.schema import Text
from services.rules.journeys.address import to_params
from services.rules.journeys.question import LegAsked, TripQuestion
from services.store.clocks import ClockStore
from services.store.trips import TripStore
from services.use.cards import CardDesk
from services.use.house import House
from services.use.readings import ReadingDesk

DATA = Path(__file__).with_name("cards.toml")
TRIP = f"{SAMPLE_PREFIX}trip"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SampleReading(_Strict):
    """What the card showed ``ago`` days back. Data in decimal gigabytes; dates in days from today."""

    ago: int
    money: str | None = None
    left_gb: Decimal | None = None
    total_gb: Decimal | None = None
    plan_in_days: int | None = None
    credit_in_days: int | None = None


class SampleEvent(_Strict):
    kind: ClockEventKind
    ago: int
    amount: str | None = None


class SampleCard(_Strict):
    id: str
    name: Text
    kind: CardKind
    operator: str | None = None
    country: str | None = None
    msisdn: str | None = None
    device: Text | None = None
    holder: Text | None = None
    payer: Text | None = None
    dependents: tuple[Text, ...] = ()
    bought_ago: int | None = None
    installed_ago: int | None = None
    first_used_ago: int | None = None
    readings: tuple[SampleReading, ...] = ()
    events: tuple[SampleEvent, ...] = ()


class SampleLeg(_Strict):
    country: str
    in_days: int
    days: int


class SampleTrip(_Strict):
    name: Text
    gb_per_day: Decimal
    legs: tuple[SampleLeg, ...]


class Samples(_Strict):
    trip: SampleTrip
    cards: tuple[SampleCard, ...]


@cache
def shipped_samples() -> Samples:
    """What ``cards.toml`` holds. Raises pydantic's ValidationError when it is not as described here."""
    return Samples.model_validate(tomllib.loads(DATA.read_text("utf-8")))


class SampleDesk:
    """Samples of one account, in the words of ``language`` ("zh" or "en")."""

    def __init__(self, house: House, account: str, language: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._cards = CardDesk(house, account, now)
        self._readings = ReadingDesk(house, account, now)
        self._clocks = ClockStore(house.database, account)
        self._trips = TripStore(house.database, account)
        self._language = language
        self._now = now

    def loaded(self) -> bool:
        """Whether a sample is among the cards."""
        return bool(self._cards.store.sample_ids())

    def load(self) -> None:
        """Add every sample. Loading twice adds once."""
        samples, now = shipped_samples(), self._now()
        there = set(self._cards.store.sample_ids())
        for sample in samples.cards:
            card = self._card(sample)
            if card.card_id in there or not self._cards.add(card):
                continue
            for reading in sample.readings:
                self._readings.record(_reading(card.card_id, reading, now))
            for event in sample.events:
                self._clocks.add_event(card.card_id, _event(event, now), now)
        self._trips.put(self._trip(samples.trip))

    def remove(self) -> None:
        """Delete every sample with all that hangs on it; what a person added stays."""
        self._cards.delete(self._cards.store.sample_ids())
        self._trips.delete(TRIP)

    def _said(self, text: Text | None) -> str:
        return "" if text is None else text.zh if self._language == "zh" else text.en

    def _card(self, sample: SampleCard) -> Card:
        today = self._now().date()

        def before(days: int | None) -> object:
            return None if days is None else today - timedelta(days)

        plain = Card(
            card_id=f"{SAMPLE_PREFIX}{sample.id}",
            nickname=self._said(sample.name),
            kind=sample.kind,
            operator=sample.operator,
            country=sample.country,
            identifiers=Identifiers(msisdn=sample.msisdn),
            device=self._said(sample.device),
            holder=self._said(sample.holder),
            payer=self._said(sample.payer),
            dependents=tuple(DependentAccount(self._said(name)) for name in sample.dependents),
        )
        dates = {"bought_on": sample.bought_ago, "installed_on": sample.installed_ago, "first_used_on": sample.first_used_ago}
        return replace(plain, **{name: before(days) for name, days in dates.items()})  # type: ignore[arg-type]

    def _trip(self, sample: SampleTrip) -> SavedTrip:
        now = self._now()
        legs = tuple(
            LegAsked(leg.country, now.date() + timedelta(leg.in_days), now.date() + timedelta(leg.in_days + leg.days))
            for leg in sample.legs
        )
        question = TripQuestion(legs, per_day=DataVolume.of(sample.gb_per_day, DataUnit.GB))
        return SavedTrip(TRIP, self._said(sample.name), tuple(to_params(question).items()), now)


def _money(text: str) -> Money:
    amount, currency = text.split()
    return Money.of(Decimal(amount), currency)


def _reading(card_id: str, sample: SampleReading, now: datetime) -> Reading:
    data: tuple[DataBalance, ...] = ()
    if sample.left_gb is not None and sample.total_gb is not None:
        data = (DataBalance(remaining=DataVolume.of(sample.left_gb, DataUnit.GB), total=DataVolume.of(sample.total_gb, DataUnit.GB)),)
    ends = ((ValidityKind.PLAN, sample.plan_in_days), (ValidityKind.CREDIT, sample.credit_in_days))
    return Reading(
        card_id,
        Source.TYPED,
        now - timedelta(sample.ago),
        money=() if sample.money is None else (MoneyBalance(_money(sample.money)),),
        data=data,
        validity=tuple(Validity(kind, now.date() + timedelta(days)) for kind, days in ends if days is not None),
    )


def _event(sample: SampleEvent, now: datetime) -> CardEvent:
    return CardEvent(sample.kind, now - timedelta(sample.ago), amount=None if sample.amount is None else _money(sample.amount))
