"""Planning a trip: the question becomes a problem with the account's plans and cards, other processes solve it, an answer becomes steps."""

import logging
import pickle
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from services.model.data_volume import DataVolume
from services.model.itinerary import Person, PlanKey, Source, TopUp, TripAnswer, TripProblem
from services.model.order import TopUpProduct
from services.model.plan import AllowanceKind, Origin, StartRule
from services.model.saved_trip import SavedTrip
from services.model.trip import Needs
from services.providers.base import Capability, Provider
from services.providers.errors import ProviderError
from services.providers.registry import PROVIDERS
from services.rules.balances.packages import Package, packages
from services.rules.balances.state import CardState
from services.rules.compare.frame import KINDS, ORIGINS, START_RULES, PlanFrame
from services.rules.compare.question import Rates
from services.rules.journeys.offers import OwnedOffer, catalogue_of, owned_offer, top_up_offer
from services.rules.journeys.question import TripQuestion
from services.rules.journeys.steps import steps_of, ticked_as
from services.rules.trips import MICRO, Limits
from services.store.trips import NoSuchTrip, TripStore
from services.use.compare import CompareDesk
from services.use.connections import PATIENCE_S, ConnectionDesk
from services.use.house import House
from services.use.rates import rates_to
from services.use.readings import CardView, ReadingDesk
from services.use.trip_pool import Solving

log = logging.getLogger(__name__)

SECONDS = 15.0
LONGER_SECONDS = 120.0
ONE_DOLLAR = Decimal(1)

__all__ = ["LONGER_SECONDS", "SECONDS", "NoSuchTrip", "PlanFacts", "TripDesk"]


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a plan, a card or a top-up of an answer is called and where to get it. Texts are other people's. ``origin`` is None for what
    is owned. ``volume``: bytes in all or a day, None when unlimited; ``fair_use``: bytes a day, ``speed_after``: kbps, None when not
    published; ``priced_at``: date of the price."""

    key: PlanKey
    name: str
    seller: str = ""
    url: str = ""
    origin: Origin | None = None
    kind: AllowanceKind = AllowanceKind.TOTAL
    volume: int | None = None
    fair_use: int | None = None
    speed_after: int | None = None
    validity_days: int | None = None
    start_rule: StartRule = StartRule.UNKNOWN
    priced_at: datetime | None = None


class TripDesk:
    """Trips of one account. Every instant comes from ``now``; the person's day is that of its time zone."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._compare = CompareDesk(house, account)
        self.store = TripStore(house.database, account)

    # ------------------------------------------------------------------------------------------------------- solving

    def warm(self) -> None:
        """Start the solving processes beside the page."""
        self._house.trips.warm()

    def ask(self, question: TripQuestion, seconds: float = SECONDS, anew: bool = False) -> tuple[TripProblem, Solving]:
        """Begin to solve ``question``, or find the solving of it that is under way or over. ``anew``: solve again what was stopped.

        Raises ValueError for a question with problems, and Busy.
        """
        problem = self.problem(question)
        currency = question.currency or "USD"
        revision, pickled = self._catalogue(currency)
        key = (self._account, revision, currency, seconds, problem)
        if anew:
            self._house.trips.forget(key)
        limits = Limits(seconds=seconds)
        return problem, self._house.trips.solve(key, problem, f"{self._account} {revision} {currency}", pickled, limits)

    def problem(self, question: TripQuestion) -> TripProblem:
        """The question in the solver's terms, amounts in micro-units of its currency. Raises ValueError when it is not whole."""
        if question.currency is None:
            raise ValueError("a question needs a currency")
        rates = rates_to(question.currency)
        fee = self.fee(question)
        offers = [offer for offer in self.owned(question) if offer.offers] if question.use_owned else []
        needs = question.needs
        return TripProblem(
            trip=question.trip(self._now().date()),
            people=tuple(Person(str(number), devices) for number, devices in enumerate(question.devices, start=1)),
            sharing=question.sharing,
            fee_micro=int(fee * MICRO),
            max_installs=question.max_installs,
            left_out=question.left_out,
            accept_unknown=needs if question.accept_unknown else Needs(),
            accept_unpublished_fair_use=question.fair_use,
            first_order_prices=question.promotions,
            owned=tuple(card for offer in offers for card in offer.offers),
            top_ups=tuple(self._top_ups(offers, rates)),
        )

    @staticmethod
    def fee(question: TripQuestion) -> Decimal:
        """The fee of one install in the question's currency: what was typed, else one US dollar at the rates shipped, to the cent."""
        if question.fee is not None:
            return question.fee
        rate = rates_to(question.currency or "USD").of("USD")
        return ONE_DOLLAR if rate is None else (ONE_DOLLAR * rate).quantize(Decimal("0.01"))

    def _catalogue(self, currency: str) -> tuple[int, bytes]:
        frame = self._compare.frame()
        revision = self._compare.revision()
        held = self._house.trips.catalogues.get((self._account, currency))
        if held is not None and held[0] == revision:
            return held
        with self._house.lock:
            fresh = revision, pickle.dumps(catalogue_of(frame, rates_to(currency)), pickle.HIGHEST_PROTOCOL)
            self._house.trips.catalogues[self._account, currency] = fresh
            return fresh

    # ------------------------------------------------------------------------------------------------------- what is owned

    def owned(self, question: TripQuestion) -> list[OwnedOffer]:
        """Every card of the account: an offer, or why it is none."""
        said = dict(question.works_in)
        return [self._offer(view, said) for view in ReadingDesk(self._house, self._account, self._now).board()]

    def _offer(self, view: CardView, said: Mapping[str, frozenset[str]]) -> OwnedOffer:
        card, today = view.card, self._now().date()
        home = frozenset({card.country}) if card.country else frozenset()
        usable = [] if view.state is None else _usable(view.state, today)
        return owned_offer(
            card_id=card.card_id,
            nickname=card.nickname,
            packages=usable,
            plan_end=None if view.ends_at is None else _last_full_day(view.ends_at.astimezone(self._now().tzinfo)),
            countries=said.get(card.card_id, home),
            has_number=card.identifiers.msisdn is not None,
            today=today,
        )

    def can_ask_top_ups(self) -> list[str]:
        """The cards whose connected provider says what can be put on them."""
        able = {
            facts.id
            for facts in ConnectionDesk(self._house, self._account).connected()
            if Capability.TOP_UPS in PROVIDERS[facts.id].capabilities()
        }
        views = ReadingDesk(self._house, self._account, self._now).board() if able else []
        return [view.card.card_id for view in views if view.card.provider is not None and view.card.provider.provider in able]

    def ask_top_ups(self, card_ids: Sequence[str]) -> list[str]:
        """Ask the providers what can be put on these cards, and keep it for this process. Returns the cards whose provider did not say."""
        desk = ConnectionDesk(self._house, self._account, self._now)
        views = {view.card.card_id: view.card for view in ReadingDesk(self._house, self._account, self._now).board()}
        failed = []
        for card_id in card_ids:
            card = views.get(card_id)
            if card is None or card.provider is None:
                continue
            try:
                found = self._house.background.run(_top_ups(desk.open(card.provider.provider), card.provider.remote_id), PATIENCE_S)
            except (ProviderError, TimeoutError) as error:
                log.warning("top-ups of a card: %s", error)
                failed.append(card_id)
            else:
                self._house.trips.top_ups[self._account, card_id] = (self._now(), found)
        return failed

    def _top_ups(self, offers: Sequence[OwnedOffer], rates: Rates) -> list[TopUp]:
        found = []
        for offer in offers:
            seen_at, products = self._house.trips.top_ups.get((self._account, offer.card_id), (self._now(), ()))
            found += [top for product in products if (top := top_up_offer(offer, product, rates, seen_at)) is not None]
        return found

    # ------------------------------------------------------------------------------------------------------- what an answer names

    def facts(self, keys: Sequence[PlanKey], question: TripQuestion) -> dict[PlanKey, PlanFacts]:
        """What each key of an answer names; a plan that has left the catalogue since is named by its id."""
        frame = self._compare.frame()
        owned = {card.key: offer for offer in self.owned(question) for card in offer.offers}
        names = {offer.card_id: offer.nickname for offer in owned.values()}
        return {key: self._facts(key, frame, owned, names) for key in keys}

    def _facts(self, key: PlanKey, frame: PlanFrame, owned: Mapping[str, OwnedOffer], names: Mapping[str, str]) -> PlanFacts:
        source, name = key
        if source == Source.OWNED.value:
            offer = owned.get(name)
            if offer is None:
                return PlanFacts(key, name)
            card = next(card for card in offer.offers if card.key == name)
            return PlanFacts(key, offer.nickname, kind=card.allowance.kind, volume=_bytes(card.allowance.volume))
        if source == Source.TOP_UP.value:
            card_id, _, product_id = name.partition("/")
            _, products = self._house.trips.top_ups.get((self._account, card_id), (None, ()))
            product = next((product for product in products if product.product_id == product_id), None)
            if product is None or product.allowance is None:
                return PlanFacts(key, product_id, names.get(card_id, ""))
            volume = _bytes(product.allowance.volume)
            return PlanFacts(
                key, product.name, names.get(card_id, ""), kind=product.allowance.kind, volume=volume, validity_days=product.validity_days
            )
        place = frame.place_of(source, name)
        return PlanFacts(key, name) if place is None else _plan_facts(key, frame, place)

    # ------------------------------------------------------------------------------------------------------- saved trips

    def save(self, name: str, params: Mapping[str, str], trip_id: str | None = None) -> SavedTrip:
        """Keep a question under a name, in place of ``trip_id`` when that is given and still there; its checklist stays."""
        before = next((trip for trip in self.store.all() if trip.trip_id == trip_id), None)
        trip = SavedTrip(
            trip_id=before.trip_id if before else secrets.token_hex(8),
            name=name.strip()[:120],
            params=tuple(sorted(params.items())),
            saved_at=self._now(),
            steps=before.steps if before else (),
        )
        self.store.put(trip)
        return trip

    def copy(self, trip_id: str, name: str) -> SavedTrip:
        """Another trip with the same question and no checklist. Raises NoSuchTrip."""
        return self.save(name, dict(self.store.get(trip_id).params))

    def make_checklist(self, trip: SavedTrip, question: TripQuestion, problem: TripProblem, answer: TripAnswer) -> SavedTrip:
        """Put the steps of ``answer`` into a saved trip. Steps that were there before keep their ticks."""
        facts = self.facts([purchase.key for purchase in answer.purchases], question)

        def described(key: PlanKey) -> tuple[str, str, str]:
            found = facts[key]
            return found.name, found.seller, "" if found.origin is Origin.SANDBOX else found.url

        fresh = steps_of(problem, answer, question.currency or "USD", described, self._now().date())
        made = replace(trip, steps=ticked_as(fresh, trip.steps))
        self.store.put(made)
        return made


async def _top_ups(provider: Provider, card: str) -> tuple[TopUpProduct, ...]:
    try:
        return await provider.top_ups(card)
    finally:
        await provider.aclose()


def _usable(state: CardState, today: date) -> list[Package]:
    """The packages that carry data anywhere: the line's own figure when it is the newest, else each package."""
    found = [package for package in packages(state) if not package.restricted and (package.last_day is None or package.last_day >= today)]
    line = next((package for package in found if not package.name), None)
    named = [package for package in found if package.name]
    if line is not None and all(package.said_by.true_at <= line.said_by.true_at for package in named):
        return [line]
    return named or found


def _last_full_day(end: datetime) -> date:
    """The last day that is whole before ``end``: a card that ends in the afternoon does not carry that day."""
    return (end - timedelta(days=1)).date()


def _bytes(volume: DataVolume | None) -> int | None:
    return None if volume is None else volume.bytes


def _plan_facts(key: PlanKey, frame: PlanFrame, place: int) -> PlanFacts:
    def number(column: npt.NDArray[Any]) -> int | None:
        value = int(column[place])
        return None if value < 0 else value

    return PlanFacts(
        key=key,
        name=str(frame.name[place]),
        seller=frame.sellers[int(frame.seller_code[place])],
        url=str(frame.buy_url[place]),
        origin=ORIGINS[int(frame.origin[place])],
        kind=KINDS[int(frame.kind[place])],
        volume=number(frame.volume),
        fair_use=number(frame.fair_use_per_day),
        speed_after=number(frame.speed_after_kbps),
        validity_days=int(frame.validity_days[place]) or None,
        start_rule=START_RULES[int(frame.start_rule[place])],
        priced_at=datetime.fromtimestamp(int(frame.fetched_at[place]), UTC),
    )
