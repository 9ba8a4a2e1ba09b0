"""Walking through a renewal: every tick is saved at once, on whatever device it is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from services.model.card import Card
from services.model.clock import CardEvent
from services.model.clock import EventKind as Happening
from services.model.money import Money
from services.model.reading import MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.reminder import Matter, Topic
from services.model.renewal import Begun, Channel, EventKind, Figures, Product, Promise, RenewalEvent, RenewalStatus
from services.rules.balances.packages import data_left
from services.rules.balances.state import CardState
from services.rules.clocks.library import generic_rule, shipped_rules
from services.rules.clocks.schema import CardKind, OperatorRule
from services.rules.guides import library as guides
from services.rules.guides.schema import Guide, Phase, Step
from services.rules.number_check import NumberCheck, check_number
from services.rules.payment_links import LinkCheck, check_link
from services.rules.reminders.topics import RenewalFacts, topics
from services.rules.renewals.disputes import dispute_steps
from services.rules.renewals.effect import ClockEffect, effects
from services.rules.renewals.product import payment, promise_of
from services.rules.renewals.proof import Proof, prove
from services.rules.renewals.ranking import RankedChannel, rank
from services.rules.renewals.run import NEXT, Run, admit, stand, undoable
from services.store.readings import ReadingStore
from services.store.receipts import ReceiptStore
from services.store.renewals import KeptRenewal, RenewalStore
from services.use.clocks import ClockDesk
from services.use.house import House
from services.use.operators import operator_country, operator_name

MAX_NOTE = 2_000
COUNTS_WITHIN = timedelta(days=1)
"""The longest time that operators themselves give for a payment to count (renewal-facts 3.1)."""
_UNDER_WAY = frozenset({RenewalStatus.SENT, RenewalStatus.UNKNOWN, RenewalStatus.PENDING})
_NOT_MOVED = frozenset({ValidityKind.RESCUE, ValidityKind.ACTIVATE_BY})
"""Dates that follow from others, or that paying does not move."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One renewal with all that a page shows of it. ``steps``: of its channel, in order. ``next``: statuses that may follow by hand.
    ``can_undo``: the event that would be taken back. ``channels``: every channel, the best one first. ``look_again_at``: when a payment
    under way should have counted, None when none is. ``photos``: digests of the photos beside each step."""

    renewal_id: str
    card_id: str | None
    run: Run
    events: tuple[RenewalEvent, ...]
    guides: tuple[Guide, ...]
    steps: tuple[Step, ...]
    channels: tuple[RankedChannel, ...]
    proof: Proof
    next: tuple[RenewalStatus, ...]
    can_undo: RenewalEvent | None
    look_again_at: datetime | None
    photos: Mapping[str, tuple[str, ...]]

    @property
    def done(self) -> int:
        return sum(step.id in self.run.ticks for step in self.steps)

    @property
    def paying_since(self) -> datetime | None:
        """When paying began the last time; None before. What was read earlier says nothing about the payment."""
        return max((event.at for event in self.events if event.status is RenewalStatus.PAYING), default=self.run.sent_at)


class RenewalDesk:
    """Renewals of one account. Every instant comes from ``now``. What does not fit where a renewal stands raises NotNow and changes
    nothing; a renewal that is gone raises NoSuchRenewal."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store = RenewalStore(house.database, account)
        self._clocks = ClockDesk(house, account, now)
        self._files = ReceiptStore(house.database, account)
        self._readings = ReadingStore(house.database, account)
        self._now = now

    def start(self, begun: Begun, before: Figures | None = None) -> str:
        """Begin a renewal, with what the card shows now if that is known. Returns its id."""
        renewal_id = self.store.start(RenewalEvent(EventKind.STARTED, self._now(), begun=begun))
        if before is not None and before != Figures():
            self._add(renewal_id, EventKind.BEFORE, figures=before)
        return renewal_id

    def walks(self) -> list[Walk]:
        """Every renewal, the one begun last first; without the photos of their steps."""
        return [self._walk(kept, {}) for kept in self.store.all()]

    def walk(self, renewal_id: str) -> Walk:
        kept = self.store.get(renewal_id)
        clocks = self._clocks.of_card(kept.card_id) if kept.card_id else None
        has_provider = clocks is not None and clocks.card.provider is not None
        return self._walk(kept, self._files.photos(renewal_id), has_provider)

    def claims(self, first: date, last: date) -> list[Topic]:
        """The last days of the steps of every dispute that can still be taken, from ``first`` to ``last``, the earliest first."""
        now = self._now()
        facts = facts_of(self.walks(), [clocks.card for clocks in self._clocks.all()])
        found = [
            (topic.last_day, topic.key, topic)
            for topic in topics((), facts, now, now.tzinfo or UTC)
            if topic.matter is Matter.REFUND and topic.last_day is not None and first <= topic.last_day <= last
        ]
        return [topic for _, _, topic in sorted(found, key=lambda item: item[:2])]

    def tick(self, renewal_id: str, step: str, done: bool) -> None:
        """Set or clear a step. Setting what is set, on two devices say, adds nothing."""

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            if (step in stand(events).ticks) == done:
                return []
            return self._admitted(events, EventKind.TICKED if done else EventKind.UNTICKED, step=step)

        self.store.append(renewal_id, decide)

    def note(self, renewal_id: str, step: str, text: str) -> None:
        """Keep a note beside a step; an empty one clears it. Cut after ``MAX_NOTE`` characters."""
        clean = text.strip()[:MAX_NOTE]

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            if stand(events).notes.get(step, "") == clean:
                return []
            return self._admitted(events, EventKind.NOTED, step=step, text=clean)

        self.store.append(renewal_id, decide)

    def set_status(self, renewal_id: str, status: RenewalStatus) -> None:
        self._add(renewal_id, EventKind.STATUS, status=status)

    def paid(self, renewal_id: str, paid: Money | None, reference: str) -> None:
        self._add(renewal_id, EventKind.PAID, paid=paid, reference=reference.strip()[:200])

    def saw_before(self, renewal_id: str, figures: Figures) -> None:
        self._add(renewal_id, EventKind.BEFORE, figures=figures)

    def promised(self, renewal_id: str, promise: Promise) -> None:
        self._add(renewal_id, EventKind.PROMISED, promise=promise)

    def saw_after(self, renewal_id: str, figures: Figures) -> Proof:
        """Keep what the card shows now. When that proves the renewal, and money has left, it is confirmed in the same breath."""

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            fresh = self._admitted(events, EventKind.AFTER, figures=figures)
            run = stand([*events, *fresh])
            if RenewalStatus.CONFIRMED in NEXT[run.status] and prove(run.before, run.after, run.promise).confirmed:
                fresh += self._admitted([*events, *fresh], EventKind.STATUS, status=RenewalStatus.CONFIRMED)
            return fresh

        self.store.append(renewal_id, decide)
        return self.walk(renewal_id).proof

    def typed_after(self, renewal_id: str, figures: Figures, state: CardState | None) -> Proof:
        """Keep what a person typed that the card shows now: in the renewal, and as a reading of its card, so that nobody types it twice.
        ``state``: of the card; the date is taken for one of the kind of its latest."""
        proof = self.saw_after(renewal_id, figures)
        card_id = self.store.get(renewal_id).card_id
        if card_id is not None:
            money = () if figures.money is None else (MoneyBalance(figures.money),)
            latest = max(_dates(state), key=lambda end: end.last_day, default=None) if state is not None else None
            kind = ValidityKind.UNSPECIFIED if latest is None else latest.kind
            ends = () if figures.until is None else (Validity(kind, figures.until),)
            self._readings.add([Reading(card_id, Source.TYPED, self._now(), money=money, validity=ends)])
        return proof

    def switch(self, renewal_id: str, channel: Channel, why: str = "") -> None:
        """Go on by another channel. Ticks of steps before paying that hold for every channel stay; those after paying are cleared."""

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            run = stand(events)
            fresh = self._admitted(events, EventKind.CHANNEL, channel=channel, text=why.strip()[:MAX_NOTE])
            for step in _steps(run):
                if step.id in run.ticks and (step.phase is Phase.AFTER or step.channels):
                    fresh += self._admitted([*events, *fresh], EventKind.UNTICKED, step=step.id)
            return fresh

        self.store.append(renewal_id, decide)

    def undo(self, renewal_id: str) -> None:
        """Take the last thing back, by a new row. Nothing happens when there is none."""

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            last = undoable(events)
            return [] if last is None else self._admitted(events, EventKind.UNDONE, undoes=last.sequence)

        self.store.append(renewal_id, decide)

    def abandon(self, renewal_id: str, reason: str) -> None:
        self._add(renewal_id, EventKind.ABANDONED, text=reason.strip()[:MAX_NOTE])

    def resume(self, renewal_id: str) -> None:
        self._add(renewal_id, EventKind.RESUMED)

    def delete(self, renewal_id: str) -> None:
        """Forget a renewal with its whole history."""
        self.store.delete(renewal_id)

    # ------------------------------------------------------------------------------------------------------- the product

    def rule(self, walk: Walk) -> OperatorRule | None:
        """The rule the renewal goes by: the card's, else the operator's, else the assumed one of its country and kind."""
        clocks = self._clocks.of_card(walk.card_id) if walk.card_id else None
        if clocks is not None:
            return clocks.rule
        begun = walk.run.begun
        return shipped_rules().get(begun.operator or "") or generic_rule(begun.country, CardKind(begun.kind.value))

    def effects(self, walk: Walk, product: Product) -> tuple[ClockEffect, ...]:
        """What buying ``product`` today does to each clock. Without a card, what was seen before paying is all that is known."""
        now = self._now()
        paying = payment(product, CardEvent(Happening.TOPPED_UP, now))
        if walk.card_id is not None:
            found = self._clocks.effects(walk.card_id, paying)
            if found:
                return found
        rule = self.rule(walk)
        zone = now.tzinfo
        if rule is None or zone is None:
            return ()
        seen = walk.run.before or Figures()
        at = max((event.at for event in walk.events if event.kind is EventKind.BEFORE), default=walk.run.started_at)
        shown = CardEvent(Happening.READING, at, valid_until=seen.until, balance=seen.money)
        return effects(rule, [shown] if seen != Figures() else [], paying, now, zone)

    def choose(self, renewal_id: str, product: Product) -> None:
        """Keep what is about to be bought, and with it what the operator's rule makes the card show once it counts."""
        walk = self.walk(renewal_id)
        promised = promise_of(product, self.rule(walk), self.effects(walk, product), self._now().tzinfo or UTC)

        def decide(events: Sequence[RenewalEvent]) -> list[RenewalEvent]:
            fresh = self._admitted(events, EventKind.PRODUCT, product=product)
            return fresh + self._admitted([*events, *fresh], EventKind.PROMISED, promise=promised)

        self.store.append(renewal_id, decide)

    # ------------------------------------------------------------------------------------------------------- checks

    def check_link(self, renewal_id: str, text: str) -> LinkCheck:
        """Hold a payment page against the operator's own addresses, and keep host and verdict, never the whole link."""
        found = check_link(text, self.walk(renewal_id).run.begun.operator)
        if found.host:
            self._add(renewal_id, EventKind.LINK_CHECKED, text=found.host[:253], verdict=found.verdict.value)
        return found

    def check_number(self, renewal_id: str, text: str, region: str | None) -> NumberCheck:
        """Look at a number before paying, beside the one of the last confirmed renewal of the same card or operator, and keep it."""
        walk = self.walk(renewal_id)
        begun = walk.run.begun
        country = begun.country or (operator_country(begun.operator) if begun.operator else None)
        found = check_number(text, region=region or country, operator=begun.operator, country=country, last_paid=self.last_paid(walk))
        if found.bare and walk.run.number != found.bare and walk.run.is_open:
            self._add(renewal_id, EventKind.NUMBER_CHECKED, text=found.bare[:64])
        return found

    def last_paid(self, walk: Walk) -> str | None:
        """The number of the newest confirmed renewal of this card; without a card, of this operator without one."""
        for kept in self.store.all():
            run = stand(kept.events)
            same = kept.card_id == walk.card_id if walk.card_id else kept.card_id is None and run.begun.operator == walk.run.begun.operator
            if same and kept.renewal_id != walk.renewal_id and run.status is RenewalStatus.CONFIRMED and run.number:
                return run.number
        return None

    def _add(self, renewal_id: str, kind: EventKind, **facts: object) -> None:
        self.store.append(renewal_id, lambda events: self._admitted(events, kind, **facts))

    def _admitted(self, events: Sequence[RenewalEvent], kind: EventKind, **facts: object) -> list[RenewalEvent]:
        fresh = RenewalEvent(kind, self._now(), **facts)  # type: ignore[arg-type]
        admit(events, fresh)
        return [fresh]

    def _walk(self, kept: KeptRenewal, photos: Mapping[str, tuple[str, ...]], has_provider: bool = False) -> Walk:
        run = stand(kept.events)
        begun = run.begun
        by_hand = tuple(status for status in RenewalStatus if status in NEXT[run.status] and status is not RenewalStatus.CONFIRMED)
        return Walk(
            kept.renewal_id,
            kept.card_id,
            run,
            kept.events,
            guides.guides_for(begun.operator, begun.kind, begun.situation),
            _steps(run),
            rank(begun.operator, begun.kind, begun.situation, failed=run.channels[:-1], has_provider=has_provider),
            prove(run.before, run.after, run.promise),
            by_hand if run.abandoned is None else (),
            undoable(kept.events),
            run.sent_at + COUNTS_WITHIN if run.sent_at and run.status in _UNDER_WAY else None,
            photos,
        )


def facts_of(walks: Iterable[Walk], cards: Iterable[Card]) -> list[RenewalFacts]:
    """The renewals that go on, as far as somebody is to be reminded of them; those of samples are left out."""
    known = {card.card_id: card for card in cards}
    found = []
    for walk in walks:
        card, begun = known.get(walk.card_id or ""), walk.run.begun
        if not walk.run.is_open or (card is not None and card.is_sample):
            continue
        name = card.nickname if card is not None else ""
        name = name or begun.operator_name or (operator_name(begun.operator, "en") if begun.operator else "") or walk.renewal_id
        country = begun.country or (operator_country(begun.operator) if begun.operator else None)
        steps = dispute_steps(country, begun.operator, walk.run.sent_at)
        found.append(RenewalFacts(walk.renewal_id, walk.card_id, name, walk.run.status, walk.look_again_at, steps))
    return found


def figures_of(state: CardState | None, today: date | None = None, since: datetime | None = None) -> Figures:
    """What a card shows as far as readings tell: the main purse, the latest date of the line, and, of packages not over
    ``today``, all data left; that is left out where a package does not say. ``since``: what was read before it is left out."""
    if state is None:
        return Figures()
    if since is not None:
        state = replace(state, fields={key: item for key, item in state.fields.items() if item.newest.taken_at >= since})
    known = state.main_money()
    money = known.figure.money if known is not None and isinstance(known.figure, MoneyBalance) else None
    left = None if today is None else data_left(state, today)
    volume = None if left is None or left.at_least else left.remaining
    return Figures(money, max((end.last_day for end in _dates(state)), default=None), volume)


def _dates(state: CardState) -> Iterable[Validity]:
    shown = (item.newest.figure for item in state.fields.values())
    return (figure for figure in shown if isinstance(figure, Validity) and figure.kind not in _NOT_MOVED)


def _steps(run: Run) -> tuple[Step, ...]:
    begun = run.begun
    return guides.steps(guides.guides_for(begun.operator, begun.kind, begun.situation), run.channel, begun.kind)
