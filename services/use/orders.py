"""Top-ups placed from the page, each exactly once: decided, stored, taken by one sender, sent, and looked up where the answer was lost.

Whoever confirms stores an intent with a reference of its own (``place``). One sender in the whole life of the intent takes it and sends it
(``send``). Whoever finds it without an answer looks it up by its reference (``look_up``, ``reconcile``); nothing is sent again.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from services.model.card import Card
from services.model.intent import (
    Intent,
    IntentEvent,
    IntentStatus,
    KeptIntent,
    SpendingLimit,
)
from services.model.money import Money
from services.model.order import AccountBalance, OrderOutcome, TopUpProduct
from services.model.reading import Reading
from services.model.renewal import Promise, RenewalEvent, RenewalStatus
from services.model.tri import Tri
from services.providers.base import Capability, Provider
from services.providers.errors import Because, ProviderError, RateLimited, Unreachable
from services.providers.facts import ProviderFacts, facts_of
from services.providers.registry import PROVIDERS
from services.rules.balances.forecast import Forecast
from services.rules.clocks.engine import ClockState
from services.rules.orders.follow import BEFORE_PAYING, begin, follow
from services.rules.orders.limits import No, OrderNotTaken, Room, check_card, check_price, check_wallet, room
from services.rules.orders.machine import COUNTS, OPEN, OUTCOME, STALE_CLAIM, is_dead, is_stale, may_close, to_look_up
from services.rules.orders.products import Fit, Gives, Move, Need, event_of, fit, gives, moves, promise_of, what_if
from services.rules.renewals.proof import prove
from services.rules.renewals.run import NotNow
from services.store.clocks import ClockStore
from services.store.orders import AlreadyOpen, Change, OrderStore, Write
from services.store.readings import ReadingStore
from services.store.renewals import NoSuchRenewal, RenewalStore
from services.store.settings import SettingsStore
from services.store.vault import Vault
from services.use.catalogue import failure_of
from services.use.clocks import ClockDesk
from services.use.connections import ConnectionDesk
from services.use.house import House
from services.use.readings import CardView, ReadingDesk
from services.use.renewals import COUNTS_WITHIN, RenewalDesk, figures_of

log = logging.getLogger(__name__)
I = IntentStatus  # noqa: E741 - read as "I.READY"

Answer = TypeVar("Answer")
PATIENCE_S = 90
LONGEST_WAIT_S = 5.0
LIMITS = "order_limits"
SENDER_HAS_TIME = timedelta(seconds=20)
"""An order that was stored a moment ago is left to whoever stored it."""
LOOK_EVERY = (timedelta(minutes=1), timedelta(hours=1))
"""Between two look-ups of one order, the first time and at the most; doubled each time."""
VERIFY_FOR = timedelta(days=7)
VERIFY_EVERY = timedelta(minutes=30)
NEEDED = frozenset({Capability.TOP_UPS, Capability.TOP_UP, Capability.FIND_ORDER})


class OtherAccount(Exception):
    """The connection is not the one that the order belongs to."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be bought for a card now, asked for a moment ago. ``wallet``: None when it was not said; ``reading_failed``: the card could
    not be read afresh. ``newest``: the last order of the card that counts, None when there is none. ``purse``: which account pays."""

    card: Card
    facts: ProviderFacts
    invented: bool
    purse: str
    products: tuple[TopUpProduct, ...]
    wallet: AccountBalance | None
    reading_failed: Mapping[str, Any] | None
    newest: str | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What one product does. ``moves``: clock by clock. ``room``: what may still be spent in its currency. ``no``: why it cannot be ordered
    now, None when it can."""

    product: TopUpProduct
    gives: Gives
    fit: Fit
    need: Need
    moves: tuple[Move, ...]
    promise: Promise
    room: Room | None
    no: OrderNotTaken | None


@dataclass(slots=True)
class _Asked:
    """Answers of one provider, asked in one go."""

    products: tuple[TopUpProduct, ...] = ()
    wallet: AccountBalance | None = None
    readings: list[Reading] = field(default_factory=list)
    failed: Mapping[str, Any] | None = None


class OrderDesk:
    """Orders of one account. Every instant comes from ``now``; its zone says when a month begins."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        vault = Vault(house.configuration.data_dir)
        self.store = OrderStore(house.database, account, vault)
        self._renewals = RenewalStore(house.database, account)
        self._settings = SettingsStore(house.database, account)
        self._connections = ConnectionDesk(house, account, now)
        self._readings = ReadingDesk(house, account, now)

    # ------------------------------------------------------------------------------------------------------- what can be bought

    def can_order(self, card: Card) -> bool:
        """Whether the card hangs on a connected provider that tops it up."""
        link = card.provider
        if link is None or not PROVIDERS[link.provider].capabilities() >= NEEDED:
            return False
        return any(facts.id == link.provider for facts in self._connections.connected())

    def offer(self, card_id: str) -> Offer:
        """Ask the provider what can be bought, what the account holds, and what the card shows; the reading is kept. Raises ProviderError,
        and OrderNotTaken when the card cannot be topped up from here."""
        view = self._readings.view(card_id)
        if view is None or view.card.provider is None:
            raise OrderNotTaken(No.CARD_GONE)
        if not self.can_order(view.card):
            raise OrderNotTaken(No.NOT_CONNECTED)
        link, newest = view.card.provider, _newest(self.of_card(view.card))
        provider = self._connections.open(link.provider)
        origin = self._connections.origin(link.provider)
        asked = self._run(link.provider, _ask(provider, link.remote_id, card_id, origin))
        ReadingStore(self._house.database, self._account).add(asked.readings)
        return Offer(
            view.card,
            facts_of(link.provider),
            self._connections.is_sandbox(link.provider),
            self._purse(provider),
            asked.products,
            asked.wallet,
            asked.failed,
            newest,
            self._now(),
        )

    def effect(self, offer: Offer, product: TopUpProduct) -> Effect:
        """What buying ``product`` now does to the card, and whether it may be bought."""
        view = self._readings.view(offer.card.card_id)
        now, card_id = self._now(), offer.card.card_id
        before = figures_of(None if view is None else view.state, now.date())
        clocks = ClockDesk(self._house, self._account, self._now)
        known = clocks.of_card(card_id)
        added: tuple[ClockState, ...] = ()
        if known is not None and product.extends is Tri.YES:
            added = clocks.with_events(card_id, what_if(product, known.states, now, before.until))
        need = _need(view)
        no, there = None, None
        if product.price is not None:
            there = self.room(product.price.currency, invented=offer.invented)
        try:
            self.check(offer, product)
        except OrderNotTaken as refused:
            no = refused
        shown = moves(product, clocks.effects(card_id, event_of(product, now)), added)
        return Effect(product, gives(product), fit(product, need), need, shown, promise_of(product, before), there, no)

    # ------------------------------------------------------------------------------------------------------- exactly once

    def place(self, offer: Offer, product: TopUpProduct, intent_id: str, renewal_id: str | None = None, period: str | None = None) -> None:
        """Store the intent to buy; nothing is sent yet. ``intent_id``: made when the person was shown it (``new_intent_id``); the same one
        a second time is the same order and changes nothing. ``period``: what an automatic renewal is due for. Raises OrderNotTaken."""
        if any(kept.intent.intent_id == intent_id for kept in self.store.all()):
            return
        now, card_id, link = self._now(), offer.card.card_id, offer.card.provider
        view = self._readings.view(card_id)
        if view is None or link is None:
            raise OrderNotTaken(No.CARD_GONE)
        if renewal_id is not None and not self._may_pay(renewal_id):
            raise OrderNotTaken(No.RENEWAL_OVER)
        price = check_price(product.price, self.room(product.price.currency if product.price else "USD", invented=offer.invented))
        figures = figures_of(view.state, now.date())
        try:
            provider = self._connections.open(link.provider)
        except ProviderError:
            raise OrderNotTaken(No.NOT_CONNECTED) from None
        reference = provider.new_reference(link.remote_id, product)
        purse = self._purse(provider)
        self._house.background.run(provider.aclose(), PATIENCE_S)
        if purse != offer.purse:
            raise OrderNotTaken(No.NOT_CONNECTED)
        wallet = offer.wallet.balance if offer.wallet is not None else None
        due = good_until(view, now)
        intent = Intent(
            intent_id, reference, card_id, link.provider, link.remote_id, product, price, now, offer.invented, purse,
            wallet, renewal_id, period, due, figures.data,
        )  # fmt: skip

        def tell(connection: Write) -> None:
            if renewal_id is not None:
                self._append(connection, renewal_id, lambda events: begin(events, figures, promise_of(product, figures), now))

        try:
            self.store.place(intent, lambda kept: self._check(offer, product, renewal_id, kept), tell)
        except AlreadyOpen:
            raise OrderNotTaken(No.PERIOD_SERVED if period is not None else No.ORDER_OPEN) from None

    def _may_pay(self, renewal_id: str) -> bool:
        """Whether nothing was paid for the renewal, nor may have been."""
        try:
            run = RenewalDesk(self._house, self._account, self._now).walk(renewal_id).run
        except NoSuchRenewal:
            return False
        return run.abandoned is None and run.status in BEFORE_PAYING

    def send(self, intent_id: str) -> Future[None]:
        """Send it, in the background, if nobody else has taken it. The answer is kept whoever waits for it."""
        return self._house.background.submit(self._send(intent_id))

    def send_and_wait(self, intent_id: str) -> KeptIntent:
        """Send it and wait for what becomes of it."""
        self.send(intent_id).result()
        return self.store.get(intent_id)

    async def _send(self, intent_id: str) -> None:
        claim = secrets.token_hex(8)
        if not await asyncio.to_thread(self.store.claim, intent_id, claim, self._now()):
            return
        taken_at = self._now()
        kept = await asyncio.to_thread(self.store.get, intent_id)
        intent = kept.intent
        try:
            provider = await asyncio.to_thread(self._open_for, intent)
        except ProviderError as error:
            await asyncio.to_thread(self._settle, intent_id, self._nothing(I.REFUSED, failure_of(error)))
            return
        except OtherAccount:
            await asyncio.to_thread(self._settle, intent_id, self._nothing(I.REFUSED, {"kind": "OtherAccount"}))
            return
        try:
            still_mine = await asyncio.to_thread(self.store.holds, intent_id, claim)
            if not still_mine or self._now() - taken_at > STALE_CLAIM:
                await asyncio.to_thread(self._settle, intent_id, self._nothing(I.REFUSED, {"kind": "HeldUp"}))
                return
            change = await self._sent(provider, intent)
            await asyncio.to_thread(self._settle, intent_id, change)
            await self._heard(intent, change)
            if change.status in (I.CONFIRMED, I.PENDING):
                await self._read_after(provider, intent)
        finally:
            await provider.aclose()

    async def _sent(self, provider: Provider, intent: Intent) -> Change:
        """The one sending. An error of the family means that nothing was bought; whatever else happens, nobody knows."""
        try:
            outcome = await provider.top_up(intent.remote_id, intent.product, intent.reference)
        except ProviderError as error:
            log.warning("order refused: %s", error)
            return self._nothing(I.REFUSED, failure_of(error))
        except Exception as error:
            log.error("order with unknown outcome", exc_info=error)
            return self._nothing(I.UNKNOWN, {"kind": "Unexpected"})
        return self._answered(outcome, None)

    def _answered(self, outcome: OrderOutcome, found: bool | None) -> Change:
        event = IntentEvent(
            self._now(), OUTCOME[outcome.status], outcome.said[:200], outcome.order_id, outcome.charged, found=found
        )  # fmt: skip
        return Change(event.status, event, outcome.pin)

    def _nothing(self, status: IntentStatus, failure: Mapping[str, Any]) -> Change:
        return Change(status, IntentEvent(self._now(), status, failure=dict(failure)))

    def _settle(self, intent_id: str, change: Change) -> bool:
        return self.store.settle(intent_id, lambda kept: change, self._tell)

    def _tell(self, connection: Write, kept: KeptIntent) -> None:
        """What became of the order, told to its renewal and to the clocks of the card, in the same write."""
        now, intent = self._now(), kept.intent
        if intent.renewal_id is not None:
            self._append(connection, intent.renewal_id, lambda events: follow(events, kept, now))
        if kept.status is I.CONFIRMED:
            event = event_of(intent.product, intent.made_at)
            ClockStore(self._house.database, self._account).add_within(connection, intent.intent_id, intent.card_id, event, now)

    def _append(self, connection: Write, renewal_id: str, decide: Callable[[Sequence[RenewalEvent]], Sequence[RenewalEvent]]) -> None:
        with suppress(NoSuchRenewal):  # deleted meanwhile; the order itself is kept
            self._renewals.append_within(connection, renewal_id, decide)

    # ------------------------------------------------------------------------------------------------------- looking it up

    def look_up(self, intent_id: str) -> KeptIntent:
        """Ask the provider what became of an order whose outcome is not known or not final. Nothing is ever sent again by this."""
        kept = self.store.get(intent_id)
        if is_dead(kept, self._now()):
            self._settle(intent_id, self._nothing(I.UNKNOWN, {"kind": "SenderDied"}))
            kept = self.store.get(intent_id)
        if to_look_up(kept, self._now()):
            try:
                self._house.background.run(self._look(kept), PATIENCE_S)
            except TimeoutError:
                self._could_not_look(kept, {"kind": "Unreachable", "because": Because.TIMEOUT.value})
        return self.store.get(intent_id)

    async def _look(self, kept: KeptIntent) -> None:
        intent = kept.intent
        try:
            provider = await asyncio.to_thread(self._open_for, intent)
        except ProviderError as error:
            await asyncio.to_thread(self._could_not_look, kept, failure_of(error))
            return
        except OtherAccount:
            await asyncio.to_thread(self._could_not_look, kept, {"kind": "OtherAccount"})
            return
        try:
            found = await provider.find_order(intent.reference)
        except ProviderError as error:
            await asyncio.to_thread(self._could_not_look, kept, failure_of(error))
        else:
            by_trace = type(provider).new_reference is not Provider.new_reference
            there = await asyncio.to_thread(self._judge, kept, found, by_trace=by_trace)
            await asyncio.to_thread(self._settle, intent.intent_id, there)
            if there.status in (I.CONFIRMED, I.PENDING):
                await self._read_after(provider, intent)
        finally:
            await provider.aclose()

    def _judge(self, kept: KeptIntent, found: OrderOutcome | None, *, by_trace: bool) -> Change:
        """``by_trace``: the provider keeps no reference of ours; what is known to be the order of another intent is not this one then."""
        if found is None or OUTCOME[found.status] is I.UNKNOWN or (by_trace and self._belongs_elsewhere(kept.intent, found)):
            return Change(kept.status, IntentEvent(self._now(), kept.status, found=False))
        return self._answered(found, True)

    def _belongs_elsewhere(self, intent: Intent, found: OrderOutcome) -> bool:
        others = (kept for kept in self.store.all() if kept.intent.intent_id != intent.intent_id)
        return found.order_id is not None and any(
            (kept.order_id, kept.intent.provider, kept.intent.purse) == (found.order_id, intent.provider, intent.purse) for kept in others
        )

    def _could_not_look(self, kept: KeptIntent, failure: Mapping[str, Any]) -> None:
        """A look-up that failed is remembered, and says nothing of the order."""
        self.store.note(kept.intent.intent_id, IntentEvent(self._now(), kept.status, failure=dict(failure)))

    def close(self, intent_id: str) -> bool:
        """The person has looked, and says that nothing was bought. False when it is too early to be sure, or settled meanwhile."""
        now = self._now()

        def decide(kept: KeptIntent) -> Change | None:
            return Change(I.CLOSED, IntentEvent(now, I.CLOSED)) if may_close(kept, now) else None

        return self.store.settle(intent_id, decide, self._tell)

    def may_close(self, kept: KeptIntent) -> bool:
        return may_close(kept, self._now())

    def reconcile(self) -> list[KeptIntent]:
        """Bring every order up to date that is not settled: those nobody began to send are sent or withdrawn, those without an answer are
        looked up, those that were placed are held against what the card shows. Returns those that were touched. Safe to run any number of
        times and in any number of processes."""
        touched = []
        for kept in self.store.all():
            now, intent_id = self._now(), kept.intent.intent_id
            if is_stale(kept, now):
                self._settle(intent_id, self._nothing(I.WITHDRAWN, {"kind": "TooLate"}))
            elif kept.status is I.READY and now - kept.intent.made_at >= SENDER_HAS_TIME:
                self.send_and_wait(intent_id)
            elif is_dead(kept, now) or (to_look_up(kept, now) and self._is_time(kept, now)):
                self.look_up(intent_id)
            elif not self._to_verify(kept, now):
                continue
            else:
                self._verify(kept)
            touched.append(self.store.get(intent_id))
        return touched

    def _is_time(self, kept: KeptIntent, now: datetime) -> bool:
        first, most = LOOK_EVERY
        return kept.looked_at is None or now - kept.looked_at >= min(most, first * 2 ** min(kept.looks, 12))

    def unsettled(self) -> list[KeptIntent]:
        """The orders that somebody has to look at, the one decided last first."""
        return [kept for kept in self.store.all() if kept.status in OPEN]

    def of_renewal(self, renewal_id: str) -> KeptIntent | None:
        """The last order of a renewal; None when there was none."""
        return next((kept for kept in self.store.all() if kept.intent.renewal_id == renewal_id), None)

    # ------------------------------------------------------------------------------------------------------- the proof

    async def _read_after(self, provider: Provider, intent: Intent) -> None:
        """What the card shows now, for the proof. It may still be the old figures; then the next look brings it."""
        if Capability.READING not in provider.capabilities():
            return
        try:
            seen = await provider.reading(intent.remote_id)
        except ProviderError as error:
            log.warning("reading after an order: %s", error)
            return
        origin = await asyncio.to_thread(self._connections.origin, intent.provider)
        await asyncio.to_thread(ReadingStore(self._house.database, self._account).add, [seen.of_card(intent.card_id, origin)])
        await asyncio.to_thread(self._prove, intent)

    def _prove(self, intent: Intent) -> None:
        """Hold what the card shows now against what was promised. Old figures say nothing until a payment must have counted."""
        view, now = self._readings.view(intent.card_id), self._now()
        if view is None or intent.renewal_id is None:
            return
        renewals = RenewalDesk(self._house, self._account, self._now)
        seen = figures_of(view.state, now.date())
        with suppress(NoSuchRenewal, NotNow):  # deleted, or given up by the person; the order itself is kept
            run = renewals.walk(intent.renewal_id).run
            early = now - intent.made_at < COUNTS_WITHIN and prove(run.before, seen, run.promise).refuted
            if seen != run.after and not early:
                renewals.saw_after(intent.renewal_id, seen)

    def _to_verify(self, kept: KeptIntent, now: datetime) -> bool:
        """Whether the card of a placed order is to be read again: its renewal still waits for the proof."""
        settled, renewal = kept.settled_at, kept.intent.renewal_id
        if kept.status is not I.CONFIRMED or renewal is None or settled is None or now - settled >= VERIFY_FOR:
            return False
        try:
            run = RenewalDesk(self._house, self._account, self._now).walk(renewal).run
        except NoSuchRenewal:
            return False
        waits = run.abandoned is None and run.status in (RenewalStatus.SENT, RenewalStatus.PENDING)
        view = self._readings.view(kept.intent.card_id)
        newest = max((reading.taken_at for reading in self._readings.history(kept.intent.card_id, 1)), default=None)
        return waits and view is not None and (newest is None or now - newest >= VERIFY_EVERY or newest < settled)

    def _verify(self, kept: KeptIntent) -> None:
        try:
            provider = self._open_for(kept.intent)
        except (ProviderError, OtherAccount):
            return
        self._run(kept.intent.provider, _closing(provider, self._read_after(provider, kept.intent)))

    # ------------------------------------------------------------------------------------------------------- limits

    def limits(self) -> dict[str, SpendingLimit]:
        """The person's own limits by currency."""
        kept = self._settings.get(LIMITS) or {}
        return {code: SpendingLimit(Money.of(both["order"], code), Money.of(both["month"], code)) for code, both in kept.items()}

    def set_limit(self, limit: SpendingLimit) -> None:
        code = limit.order.currency
        kept = dict(self._settings.get(LIMITS) or {})
        self._settings.put(LIMITS, {**kept, code: {"order": str(limit.order.amount), "month": str(limit.month.amount)}})

    def room(self, currency: str, *, invented: bool = False) -> Room:
        """What may still be spent this month."""
        return room(self.store.all(), currency, self.limits(), self._now(), invented=invented)

    def check(self, offer: Offer, product: TopUpProduct) -> None:
        """Whether the product may be ordered now. Raises OrderNotTaken when not."""
        self._check(offer, product, None, self.store.all())

    def _check(self, offer: Offer, product: TopUpProduct, renewal_id: str | None, kept: Sequence[KeptIntent]) -> None:
        """Every rule that an order has to keep, at the sight of all orders. Raises OrderNotTaken."""
        now, currency = self._now(), product.price.currency if product.price is not None else ""
        if not currency:
            raise OrderNotTaken(No.NO_PRICE)
        price = check_price(product.price, room(kept, currency, self.limits(), now, invented=offer.invented))
        check_card([one for one in kept if _same_card(one, offer.card)], offer.newest, product, renewal_id, now)
        check_wallet(price, offer.wallet)

    # ------------------------------------------------------------------------------------------------------- parts

    def of_card(self, card: Card) -> list[KeptIntent]:
        """The orders of the card at the provider, whatever it was called when they were placed; the one decided last first."""
        return [kept for kept in self.store.all() if _same_card(kept, card)]

    def _open_for(self, intent: Intent) -> Provider:
        """The connection that the order belongs to. Raises ProviderError, and OtherAccount."""
        provider = self._connections.open(intent.provider)
        if self._purse(provider) != intent.purse:
            self._house.background.submit(provider.aclose())
            raise OtherAccount
        return provider

    def _purse(self, provider: Provider) -> str:
        """Tells accounts apart without holding a secret; the sandbox is one and the same whenever it was opened."""
        if self._connections.is_sandbox(provider.id):
            return "sandbox"
        return hashlib.sha256(provider.account_key.encode()).hexdigest()[:16]

    async def _heard(self, intent: Intent, change: Change) -> None:
        if change.status is not I.REFUSED:
            await asyncio.to_thread(self._connections.heard, intent.provider)

    def _run(self, provider: str, work: Any) -> Any:
        try:
            return self._house.background.run(work, PATIENCE_S)
        except TimeoutError:
            raise Unreachable(provider, Because.TIMEOUT) from None


# ------------------------------------------------------------------------------------------------------------------- pure parts


def new_intent_id() -> str:
    """For one order as it is shown to a person."""
    return secrets.token_hex(8)


def good_until(view: CardView, now: datetime) -> date | None:
    """The last day a card is good for: by what its provider or operator shows, else by the clock that presses most. None: not known."""
    shown = figures_of(view.state, now.date()).until
    return shown if shown is not None else None if view.lead is None else view.lead.latest_safe_day


def _same_card(kept: KeptIntent, card: Card) -> bool:
    """Two cards of the account can be one at the provider."""
    link = card.provider
    same_there = link is not None and (kept.intent.provider, kept.intent.remote_id) == (link.provider, link.remote_id)
    return kept.intent.card_id == card.card_id or same_there


def _newest(of_card: Sequence[KeptIntent]) -> str | None:
    counted = [kept for kept in of_card if kept.status in COUNTS]
    return max(counted, key=lambda kept: (kept.intent.made_at, kept.intent.intent_id)).intent.intent_id if counted else None


def _need(view: CardView | None) -> Need:
    if view is None:
        return Need()
    left = None if view.data is None or view.data.at_least else view.data.remaining
    return Need(left, view.forecast.per_day if isinstance(view.forecast, Forecast) else None)


async def _ask(provider: Provider, remote_id: str, card_id: str, origin: str) -> _Asked:
    """Everything an order is decided by. What the account holds and what the card shows may fail without stopping it."""
    asked = _Asked()
    try:
        asked.products = await _patiently(lambda: provider.top_ups(remote_id))
        if Capability.ACCOUNT in provider.capabilities():
            try:
                asked.wallet = await _patiently(provider.account)
            except ProviderError as error:
                log.warning("purse before an order: %s", error)
        if Capability.READING in provider.capabilities():
            try:
                asked.readings.append((await _patiently(lambda: provider.reading(remote_id))).of_card(card_id, origin))
            except ProviderError as error:
                asked.failed = failure_of(error)
    finally:
        await provider.aclose()
    return asked


async def _patiently(question: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer to a question that changes nothing; asked once more where the provider only wants us to wait a moment."""
    try:
        return await question()
    except RateLimited as limited:
        if (limited.retry_after_s or 0) > LONGEST_WAIT_S:
            raise
        await asyncio.sleep(limited.retry_after_s or 1.0)
        return await question()


async def _closing(provider: Provider, work: Any) -> None:
    try:
        await work
    finally:
        await provider.aclose()
