"""What is left on every card: recording readings, refreshing through providers, and the board that answers at a glance."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from services.model.card import Card
from services.model.data_volume import DataVolume
from services.model.order import ProviderReading
from services.model.reading import FailedLookUp, Measure, Reading, Validity, ValidityKind
from services.providers.base import Capability, Provider
from services.providers.errors import ProviderError
from services.providers.registry import PROVIDERS
from services.rules.balances import forecast
from services.rules.balances.forecast import Forecast, NoForecast, Outlook, Pace, Point
from services.rules.balances.packages import DataLeft, data_left, packages
from services.rules.balances.state import CardState
from services.rules.balances.urgency import Urgency, by_urgency, urgency
from services.rules.clocks.engine import ClockState
from services.rules.messages import reader
from services.store.cards import CardStore
from services.store.readings import ReadingStore
from services.store.vault import Vault
from services.use.cards import twins
from services.use.catalogue import failure_of
from services.use.clock_answers import is_soon
from services.use.clocks import ClockDesk
from services.use.connections import SANDBOX_PREFIX, ConnectionDesk
from services.use.house import House
from services.use.known_cards import HeldBoard, HeldView, KnownCards
from services.use.known_clocks import CardClocks
from services.use.refresh import Refresh
from services.use.stage import Stage

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Cards looked up at the same time at one provider; its published limits are kept below this, in its connection."""
BULK = 25
"""Cards in one call of a provider that has a bulk call: small enough that results come while the rest is asked."""
HISTORY = 200
"""Newest readings of a card that its forecast may rest on."""


@dataclass(frozen=True, slots=True)
class CardView:
    """One card as the board shows it. ``state`` is None when nothing was ever seen. ``ends_at``: end of the period that ``pace`` and
    ``outlook`` are about, None when no date is known. ``pace``: since ``pace_since``, the first reading of the present allowance.
    ``lead``: the clock that presses most, when its last safe day is known and its rule is not an assumed one."""

    card: Card
    state: CardState | None
    urgency: Urgency
    data: DataLeft | None
    forecast: Forecast | NoForecast
    outlook: Outlook
    ends_at: datetime | None
    pace: Pace | None
    pace_since: datetime | None
    per_day: DataVolume | None
    lead: ClockState | None = None


class ReadingDesk:
    """Readings of one account. Every instant comes from ``now``; the person's day is that of its time zone."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._vault = Vault(house.configuration.data_dir)
        self._cards = CardStore(house.database, account, self._vault)
        self.store = ReadingStore(house.database, account)

    # ------------------------------------------------------------------------------------------------------- the board

    def board(self) -> list[CardView]:
        """Every card, the one to act on first."""
        known, now, clocks = self._known(), self._now(), self._clocks().listed()
        hour = _hour(now)
        for held in known.board:
            if held.hour == hour and held.zone == now.tzinfo and held.clocks is clocks:
                return list(held.views)
        leads = {theirs.card.card_id: _lead(theirs) for theirs in clocks}
        views = {card.card_id: self._view(card, known, leads.get(card.card_id), now) for card in known.cards}
        ordered = tuple(views[card_id] for card_id in by_urgency({card_id: view.urgency for card_id, view in views.items()}))
        known.board[:] = [HeldBoard(hour, now.tzinfo, clocks, ordered)]
        return list(ordered)

    def cards(self) -> tuple[Card, ...]:
        """Every card, in the order of being added."""
        return self._known().cards

    def twins(self) -> tuple[tuple[Card, Card], ...]:
        """Pairs of cards that are probably one."""
        return self._known().twins

    def view(self, card_id: str) -> CardView | None:
        """One card, None when it is not there."""
        known = self._known()
        card = next((card for card in known.cards if card.card_id == card_id), None)
        clocks = self._clocks().of_card(card_id)
        return None if card is None else self._view(card, known, None if clocks is None else _lead(clocks), self._now())

    def _clocks(self) -> ClockDesk:
        return ClockDesk(self._house, self._account, self._now)

    def history(self, card_id: str, newest: int | None = None) -> list[Reading]:
        """Readings of one card, the last added first."""
        return self.store.of_card(card_id, newest)

    def _known(self) -> KnownCards:
        """What is kept in memory, read anew when a card or a reading came or went; histories only of the cards that have new readings."""
        revision = self._cards.revision()
        held = self._house.known_cards.get(self._account)
        if held is not None and held.revision == revision:
            return held
        with self._house.lock:
            before = self._house.known_cards.get(self._account)
            if before is None or before.revision != revision:
                states, counts = self.store.states(), self.store.counts()
                points = {card_id: self._points(card_id, counts.get(card_id, 0), states[card_id], before) for card_id in states}
                cards = tuple(self._cards.all())
                before = KnownCards(revision, cards, twins(cards), states, points)
                self._house.known_cards[self._account] = before
            return before

    def _points(self, card_id: str, count: int, state: CardState, before: KnownCards | None) -> tuple[int, list[Point]]:
        held = before.points.get(card_id) if before is not None else None
        if held is not None and held[0] == count:
            return held
        package = main_package(state)
        if package is None:
            return count, []
        return count, forecast.history(self.store.of_card(card_id, HISTORY), package)

    def _view(self, card: Card, known: KnownCards, lead: ClockState | None, now: datetime) -> CardView:
        """As held, or made anew: 500 forecasts at every rerun would be most of the page's time."""
        hour, held = _hour(now), known.views.get(card.card_id)
        if held is None or held.lead is not lead or held.hour != hour or held.zone != now.tzinfo:
            held = known.views[card.card_id] = HeldView(hour, now.tzinfo, lead, self._made(card, known, lead, now))
        return held.view

    def _made(self, card: Card, known: KnownCards, lead: ClockState | None, now: datetime) -> CardView:
        state = known.states.get(card.card_id)
        today = now.date()
        _, points = known.points.get(card.card_id, (0, []))
        data = None if state is None else data_left(state, today)
        prediction = forecast.forecast(points, unlimited=data is not None and data.unlimited)
        ends_at = None if state is None else period_end(state, now)
        outlook = forecast.outlook(prediction, ends_at)
        run = _since_last_rise(points)
        pace = per_day = None
        if ends_at is not None and run:
            pace = forecast.pace(run[-1].left, run[0].left, run[0].at, ends_at, run[-1].at) if len(run) > 1 else None
            per_day = forecast.per_day(run[-1].left, ends_at, now)
        return CardView(
            card=card,
            state=state,
            urgency=urgency(
                state,
                card.thresholds,
                today,
                due=None if lead is None else lead.latest_safe_day,
                due_is_near=lead is not None and is_soon(lead),
                runs_out=outlook,
            ),
            data=data,
            forecast=prediction,
            outlook=outlook,
            ends_at=ends_at,
            pace=pace,
            pace_since=run[0].at if run else None,
            per_day=per_day,
            lead=lead,
        )

    # ------------------------------------------------------------------------------------------------------- typed and pasted

    def record(self, reading: Reading) -> bool:
        """Add a reading that a person typed or confirmed. False when the card is gone."""
        return bool(self.store.add([reading]))

    def read_text(self, card: Card, text: str, sender: str = "", received: date | None = None) -> reader.Message:
        """What a pasted text says; nothing is stored. ``received``: when it came, today when not said."""
        return reader.read(text, received=received or self._now().date(), sender=sender, operator=card.operator)

    def record_text(self, card: Card, message: reader.Message, received: date | None = None) -> bool:
        """Keep what a person confirmed of a pasted text. A text that came on an earlier day was true at the end of it."""
        now = self._now()
        taken = now if received is None or received >= now.date() else datetime.combine(received, time(23, 59), now.tzinfo)
        return self.record(message.reading(card.card_id, taken))

    # ------------------------------------------------------------------------------------------------------- refresh

    def refreshable(self) -> dict[str, Card]:
        """The cards that can be looked up through a connected provider, by id."""
        able = {
            facts.id
            for facts in ConnectionDesk(self._house, self._account).connected()
            if Capability.READING in PROVIDERS[facts.id].capabilities()
        }
        return {card.card_id: card for card in self._known().cards if card.provider is not None and card.provider.provider in able}

    def start_refresh(self, card_ids: Iterable[str] | None = None) -> list[str]:
        """Look cards up in the background, all or those of ``card_ids``; returns those started. Cards under way are not started again.
        Raises NotAllowed."""
        self._house.database.require()
        cards = self.refreshable()
        with self._house.lock:
            refresh = self._house.refreshes.setdefault(self._account, Refresh())
            if not refresh.under_way:
                refresh.stages.clear()
                refresh.work.clear()
            wanted = list(cards) if card_ids is None else [card_id for card_id in card_ids if card_id in cards]
            idle = [card_id for card_id in wanted if refresh.stages.get(card_id, Stage.DONE).is_over]
            by_provider: dict[str, list[Card]] = {}
            for card_id in idle:
                refresh.stages[card_id] = Stage.WAITING
                link = cards[card_id].provider
                if link is not None:
                    by_provider.setdefault(link.provider, []).append(cards[card_id])
            for provider, theirs in by_provider.items():
                refresh.work.append(self._house.background.submit(self._refresh(refresh, provider, theirs)))
        return idle

    def refreshing(self) -> Refresh | None:
        """The refresh under way, or the last one; None when there was none in this process."""
        return self._house.refreshes.get(self._account)

    def cancel_refresh(self) -> None:
        """Ask no more. What came is kept; cards not looked up yet stay as they were."""
        refresh = self._house.refreshes.get(self._account)
        for work in refresh.work if refresh is not None else ():
            work.cancel()

    async def _refresh(self, refresh: Refresh, provider_id: str, cards: Sequence[Card]) -> None:
        by_remote: dict[str, list[str]] = {}
        for card in cards:
            if card.provider is not None:
                by_remote.setdefault(card.provider.remote_id, []).append(card.card_id)
        connections, origin = ConnectionDesk(self._house, self._account, self._now), provider_id
        try:
            origin = await asyncio.to_thread(connections.origin, provider_id)
            provider = await asyncio.to_thread(connections.open, provider_id)
            try:
                if Capability.READINGS in provider.capabilities():
                    await self._in_bulk(refresh, provider, origin, by_remote)
                else:
                    await self._one_by_one(refresh, provider, origin, by_remote)
            finally:
                await provider.aclose()
        except Exception as error:  # noqa: BLE001 - whatever it was, the page must not wait for ever
            await self._keep_failure(refresh, origin, [card.card_id for card in cards], error)
        finally:
            for card in cards:
                if not refresh.stages.get(card.card_id, Stage.DONE).is_over:
                    refresh.stages.pop(card.card_id, None)

    async def _in_bulk(self, refresh: Refresh, provider: Provider, origin: str, by_remote: dict[str, list[str]]) -> None:
        names = list(by_remote)
        for start in range(0, len(names), BULK):
            part = names[start : start + BULK]
            own = [card_id for name in part for card_id in by_remote[name]]
            for card_id in own:
                refresh.stages[card_id] = Stage.FETCHING
            try:
                found = await provider.readings(part)
            except ProviderError as error:
                await self._keep_failure(refresh, origin, own, error)
                continue
            for name, reading in found.good.items():
                await self._keep(refresh, origin, by_remote.get(name, []), reading)
            for name, reason in found.failed.items():
                await self._keep_failure(refresh, origin, by_remote.get(name, []), reason)

    async def _one_by_one(self, refresh: Refresh, provider: Provider, origin: str, by_remote: dict[str, list[str]]) -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def look_up(name: str, own: list[str]) -> None:
            async with turns:
                for card_id in own:
                    refresh.stages[card_id] = Stage.FETCHING
                try:
                    reading = await provider.reading(name)
                except ProviderError as error:
                    await self._keep_failure(refresh, origin, own, error)
                else:
                    await self._keep(refresh, origin, own, reading)

        async with asyncio.TaskGroup() as group:
            for name, own in by_remote.items():
                group.create_task(look_up(name, own))

    async def _keep(self, refresh: Refresh, origin: str, own: list[str], reading: ProviderReading) -> None:
        await asyncio.to_thread(self.store.add, [reading.of_card(card_id, origin) for card_id in own])
        await asyncio.to_thread(self._heard, origin)
        for card_id in own:
            refresh.stages[card_id] = Stage.DONE

    def _heard(self, origin: str, error: ProviderError | None = None) -> None:
        ConnectionDesk(self._house, self._account, self._now).heard(origin.removeprefix(SANDBOX_PREFIX), error)

    async def _keep_failure(self, refresh: Refresh, origin: str, own: Iterable[str], error: Exception) -> None:
        """A failure is a fact of its own; it touches no reading."""
        if isinstance(error, ProviderError):
            log.warning("%s", error)
            await asyncio.to_thread(self._heard, origin, error)
            facts: dict[str, Any] = failure_of(error)
        else:
            facts = {"kind": "Unexpected", "code": secrets.token_hex(3)}
            log.error("refresh at %s failed, code %s", origin, facts["code"], exc_info=error)
        for card_id in own:
            if refresh.stages.get(card_id, Stage.DONE).is_over:
                continue
            await asyncio.to_thread(self.store.fail, FailedLookUp(card_id, origin, self._now(), json.dumps(facts, default=str)))
            refresh.stages[card_id] = Stage.FAILED


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _lead(clocks: CardClocks) -> ClockState | None:
    """The clock to count the days to, by the day that is safe for certain; an assumed rule has none that a person should be hurried by."""
    lead = clocks.lead
    return None if clocks.is_assumed or lead is None or lead.latest_safe_day is None else lead


def main_package(state: CardState) -> str | None:
    """The package a forecast is about: the line itself, else the only one there is; None when there are several or none."""
    names = [package.name for package in packages(state) if not package.restricted]
    if "" in names:
        return ""
    return names[0] if len(names) == 1 else None


def period_end(state: CardState, now: datetime) -> datetime | None:
    """When the present allowance ends: the package's own last day, else the plan's, else a date of no stated kind."""
    name = main_package(state)
    if name is None:
        return None
    package = next(package for package in packages(state) if package.name == name)
    if package.last_day is not None:
        return _after(package.last_day, now)
    ends = [known.newest.figure for known in state.figures(Measure.VALIDITY)]
    for kind in (ValidityKind.PLAN, ValidityKind.UNSPECIFIED):
        dates = [end for end in ends if isinstance(end, Validity) and end.kind is kind]
        if dates:
            first = min(dates, key=lambda end: end.last_day)
            return first.ends_at or _after(first.last_day, now)
    return None


def _after(last_day: date, now: datetime) -> datetime:
    """Midnight after ``last_day`` where the person is."""
    return datetime.combine(last_day + timedelta(days=1), time(), now.tzinfo)


def _since_last_rise(points: Sequence[Point]) -> list[Point]:
    """The points since data was last added."""
    start = max((at for at in range(1, len(points)) if points[at].left > points[at - 1].left), default=0)
    return list(points[start:])
