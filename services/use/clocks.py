"""What ends when on the cards of an account, and what the person says about it. ``clock_answers`` is what can be said of it at a glance."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from services.model.card import Card
from services.model.clock import Activity, CardEvent, ClockKind, EventKind, Question, Span
from services.model.money import Money
from services.model.reading import MoneyBalance, Reading, Source, Validity, ValidityKind
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.library import generic_rule, shipped_rules
from services.rules.clocks.moves import MovedClock, RuledCard, moved_clocks
from services.rules.clocks.overrides import Override, OverrideError, RawValue, applied, suggestion
from services.rules.clocks.recorded import event_of_day, recorded_events, with_shown_dates
from services.rules.clocks.schema import CardKind, ClockRule, OperatorRule
from services.rules.renewals.effect import ClockEffect, effects
from services.store.acting import as_program
from services.store.cards import CardStore
from services.store.clocks import ClockStore, KeptOverride, TypedEvent
from services.store.readings import ReadingStore
from services.store.vault import Vault
from services.use.clock_answers import Mark, MarkKind, marks_of, pressing
from services.use.house import House
from services.use.known_clocks import CardClocks, KnownClocks, Listed, Worked

MANY = 20
"""From so many cards with new readings on, the readings of all are read in one go."""
RUNNING = ".running"
"""The end of the path of a figure that says whether a clock runs on a card at all."""
_FEES = frozenset({ClockKind.WALLET_FEE, ClockKind.ARREARS})
_FEE_TURN = timedelta(minutes=1)
_WHEN = {
    Question.WHEN_ACTIVATED: EventKind.ACTIVATED,
    Question.WHEN_CONNECTED: EventKind.FIRST_CONNECTION,
    Question.WHEN_INSTALLED: EventKind.INSTALLED,
    Question.WHEN_PURCHASED: EventKind.PURCHASED,
    Question.WHEN_TOPPED_UP: EventKind.TOPPED_UP,
}
_KIND_OF = {
    Activity.TOP_UP: EventKind.TOPPED_UP,
    Activity.BUNDLE: EventKind.BUNDLE_BOUGHT,
    Activity.INSTALL: EventKind.INSTALLED,
    Activity.CONNECT: EventKind.FIRST_CONNECTION,
}


class NotPossible(StrEnum):
    """Why what a person typed cannot be kept."""

    IN_FUTURE = "in_future"
    INCOMPLETE = "incomplete"
    DOES_NOT_FIT = "does_not_fit"
    CARD_GONE = "card_gone"


class ClockInputError(Exception):
    """Something typed about a clock that cannot be kept."""

    def __init__(self, because: NotPossible) -> None:
        super().__init__(because.value)
        self.because = because


@dataclass(frozen=True, slots=True)
class Given:
    """What a person answered to the one question; only what the question asks for is looked at."""

    day: date | None = None
    activity: Activity | None = None
    money: Money | None = None
    span: Span | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """What newer shipped rules did: the clocks whose date is another one, and the own figures that fit no more."""

    moved: tuple[tuple[Card, MovedClock, ClockRule], ...] = ()
    unfit: tuple[tuple[Card, KeptOverride], ...] = ()


class ClockDesk:
    """Clocks of one account. Every instant comes from ``now``, and the person's zone with it."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._cards = CardStore(house.database, account, Vault(house.configuration.data_dir))
        self._readings = ReadingStore(house.database, account)
        self.store = ClockStore(house.database, account)

    # ------------------------------------------------------------------------------------------------------- answers

    def all(self) -> list[CardClocks]:
        """Every card: those past a date first, then by the first thing that can be lost, then those of which nothing is known."""
        return list(self.listed())

    def listed(self) -> tuple[CardClocks, ...]:
        """As ``all``; the very same tuple for as long as nothing changed and no date came."""
        known, now = self._known(), self._now()
        zone = _zone(now)
        for held in known.listed:
            if held.since <= now < held.until and held.zone == zone:
                return held.cards
        cards = tuple(sorted((self._work(card, known, now) for card in known.cards), key=pressing))
        until = min((known.worked[clocks.card.card_id].until for clocks in cards), default=now)
        known.listed[:] = [Listed(zone, now, until, cards)]
        return cards

    def of_card(self, card_id: str) -> CardClocks | None:
        """None when the card is not there."""
        known = self._known()
        card = next((card for card in known.cards if card.card_id == card_id), None)
        return None if card is None else self._work(card, known, self._now())

    def with_events(self, card_id: str, more: Iterable[CardEvent]) -> tuple[ClockState, ...]:
        """The clocks of a card as they would stand if ``more`` happened as well; empty when the card is not there. Nothing is kept."""
        clocks = self.of_card(card_id)
        if clocks is None:
            return ()
        known, now = self._known(), self._now()
        shown = with_shown_dates(clocks.rule, known.readings.get(card_id, (0, ()))[1])
        events = (*self._events(clocks.card, clocks.rule, known, now), *more)
        fit = [kept.override for kept in clocks.figures if kept.override_id not in clocks.stopped.values()]
        states = clock_states(shown, events, now, _zone(now), fit)
        return tuple(state for state in states if state.rule.id not in clocks.stopped)

    def marks(self, first: date, last: date) -> list[Mark]:
        """What happens from ``first`` to ``last``, by day, the most urgent of a day first."""
        found = [mark for clocks in self.all() for state in clocks.states for mark in marks_of(clocks.card, state)]
        order = list(MarkKind)
        return sorted((mark for mark in found if first <= mark.day <= last), key=lambda mark: (mark.day, order.index(mark.kind)))

    def effects(self, card_id: str, payment: CardEvent) -> tuple[ClockEffect, ...]:
        """What ``payment`` would do to each clock of the card; none when the card is gone, and none for a clock said not to run."""
        known, now = self._known(), self._now()
        card = next((card for card in known.cards if card.card_id == card_id), None)
        if card is None:
            return ()
        clocks = self._work(card, known, now)
        rule = with_shown_dates(clocks.rule, known.readings.get(card_id, (0, ()))[1])
        events = self._events(card, clocks.rule, known, now)
        found = effects(rule, events, payment, now, _zone(now), [kept.override for kept in clocks.figures])
        return tuple(effect for effect in found if effect.rule.id not in clocks.stopped)

    # ------------------------------------------------------------------------------------------------------- what the person says

    def record(
        self, card_id: str, activity: Activity | None, day: date, kind: EventKind | None = None, money: Money | None = None
    ) -> CardEvent:
        """Keep that ``activity`` was done, or that ``kind`` happened, on ``day``. Raises ClockInputError."""
        if activity is not None:
            kind = _KIND_OF.get(activity, EventKind.USED)
        if kind is None:
            raise ClockInputError(NotPossible.INCOMPLETE)
        done = activity if kind is EventKind.USED else None
        paid = money if kind is EventKind.TOPPED_UP else None
        try:
            event = event_of_day(kind, day, self._now(), activity=done, amount=paid)
        except ValueError as error:
            raise ClockInputError(NotPossible.IN_FUTURE if day > self._now().date() else NotPossible.DOES_NOT_FIT) from error
        return self._add(card_id, event)

    def forget(self, event_id: str) -> None:
        """Take back something that was recorded."""
        self.store.remove_event(event_id)

    def settle(self, card_id: str, state: ClockState, given: Given) -> None:
        """Keep the answer to the question that ``state`` asks. Raises ClockInputError, and ValueError when it asks nothing."""
        if state.unknown is None:
            raise ValueError("nothing is asked")
        ask, about, clock = state.unknown.ask, state.unknown.about, state.rule.id
        if ask in _WHEN or ask is Question.WHEN_LAST_USED:
            if given.day is None or (ask is Question.WHEN_LAST_USED and given.activity is None):
                raise ClockInputError(NotPossible.INCOMPLETE)
            self.record(card_id, given.activity if ask is Question.WHEN_LAST_USED else None, given.day, _WHEN.get(ask), given.money)
        elif ask is Question.STILL_WORKS:
            self._add(card_id, CardEvent(EventKind.SEEN_WORKING, self._now()))
        elif ask is Question.VALID_UNTIL and given.day is not None:
            self._read_date(card_id, clock, given.day)
        elif ask is Question.BALANCE and given.money is not None:
            self._read(card_id, Reading(card_id, Source.TYPED, self._now(), money=(MoneyBalance(given.money),)))
        elif ask is Question.PLAN_LENGTH and given.span is not None and about is not None:
            self._complete(card_id, about, replace(about, span=given.span))
        elif ask is Question.TOP_UP_AMOUNT and given.money is not None and about is not None:
            self._complete(card_id, about, replace(about, amount=given.money))
        elif ask is Question.FEE and given.money is not None:
            self.correct(card_id, f"{clock}.fee", f"{given.money.amount} {given.money.currency}", "", for_all=False)
        elif ask is Question.FEE_DAY and given.number is not None:
            self.correct(card_id, f"{clock}.fee_day", given.number, "", for_all=False)
        else:
            raise ClockInputError(NotPossible.INCOMPLETE)

    def correct(self, card_id: str, path: str, value: RawValue | None, note: str, *, for_all: bool) -> None:
        """Put the person's own figure in the place of the fact ``path``, for this card or for every card under its rule. Raises
        ClockInputError when there is no value, when it does not fit, or when the clocks could not be worked out with it."""
        clocks = self._need(card_id)
        if value is None:
            raise ClockInputError(NotPossible.INCOMPLETE)
        override = Override(clocks.rule.id, path, value, note, self._now().date(), None if for_all else card_id)
        if not path.endswith(RUNNING):
            try:
                changed = applied(clocks.rule, (*(kept.override for kept in clocks.figures), override))
                for clock in changed.clocks:
                    ClockRule.model_validate_json(clock.model_dump_json())
                now = self._now()
                clock_states(changed, self._events(clocks.card, clocks.rule, self._known(), now), now, _zone(now))
            except (OverrideError, ValidationError, ValueError, OverflowError) as error:
                raise ClockInputError(NotPossible.DOES_NOT_FIT) from error
        if not self.store.put_override(override):
            raise ClockInputError(NotPossible.CARD_GONE)

    def stop(self, card_id: str, clock: str) -> None:
        """Say that a clock does not run on this card, such as a plan that nobody bought."""
        self.correct(card_id, clock + RUNNING, "no", "", for_all=False)

    def reset(self, override_id: str) -> None:
        """The shipped figure is in force again."""
        self.store.remove_override(override_id)

    def suggestions(self, clocks: CardClocks) -> str:
        """The own figures of a card's rule as JSON to send in; nothing of the card is in it."""
        return "[" + ",\n".join(suggestion(clocks.rule, kept.override) for kept in clocks.figures) + "]"

    # ------------------------------------------------------------------------------------------------------- newer rules

    def moves(self) -> Moves:
        """What shipped rules changed since the cards were last seen, until it is dismissed. Rules seen for the first time, and changes that
        move nothing, are taken note of at once."""
        known, now = self._known(), self._now()
        if known.rules_agree:
            return Moves()
        bases = {card.card_id: _basis(card) for card in known.cards}
        seen = self.store.seen_rules()
        current = {bases[card.card_id]: rule_of(card) for card in known.cards}
        changed = {basis: rule for basis, rule in current.items() if basis in seen and seen[basis] != rule_text(rule.id)}
        moves = self._moved(known, bases, {basis: OperatorRule.model_validate_json(seen[basis]) for basis in changed}, changed, now)
        quiet = {basis: rule_text(rule.id) for basis, rule in current.items() if basis not in seen}
        if moves == Moves():
            quiet |= {basis: rule_text(rule.id) for basis, rule in changed.items()}
            known.rules_agree.append(now)
        with as_program():  # looking is no change of anybody's
            self.store.see_rules(quiet)
        return moves

    def dismiss_moves(self) -> None:
        """The person has seen what newer rules moved."""
        self.store.see_rules({_basis(card): rule_text(rule_of(card).id) for card in self._known().cards})

    def _moved(
        self,
        known: KnownClocks,
        bases: Mapping[str, str],
        before: Mapping[str, OperatorRule],
        after: Mapping[str, OperatorRule],
        now: datetime,
    ) -> Moves:
        if not after:
            return Moves()
        cards = {card.card_id: card for card in known.cards if bases[card.card_id] in after}
        ruled, kept_of = [], {}
        for card in cards.values():
            rule = after[bases[card.card_id]]
            stopped = self._stopped(card, rule, known)
            kept = [
                item for item in self._figures(card, (rule.id, before[bases[card.card_id]].id), known) if item.override_id not in stopped
            ]
            kept_of[card.card_id] = kept
            events = self._events(card, rule, known, now)
            ruled.append(RuledCard(card.card_id, bases[card.card_id], events, tuple(item.override for item in kept)))
        moved, broken = moved_clocks(ruled, before, after, now, _zone(now))
        found = []
        for move in moved:
            card, basis = cards[move.card], bases[move.card]
            if move.clock not in self._stopped(card, after[basis], known).values():
                found.append((card, move, (before if move.is_gone else after)[basis].clock(move.clock)))
        unfit = []
        for item in broken:
            kept_here = next(kept for kept in kept_of[item.card] if kept.override == item.override)
            unfit.append((cards[item.card], kept_here))
        return Moves(tuple(found), tuple(unfit))

    # ------------------------------------------------------------------------------------------------------- working it out

    def _known(self) -> KnownClocks:
        """What is kept in memory, read anew when something changed; readings only of the cards that have new ones."""
        revision = self._cards.revision()
        held = self._house.known_clocks.get(self._account)
        if held is not None and held.revision == revision:
            return held
        with self._house.lock:
            before = self._house.known_clocks.get(self._account)
            if before is not None and before.revision == revision:
                return before
            typed: dict[str, list[TypedEvent]] = {}
            for event in self.store.events():
                typed.setdefault(event.card_id, []).append(event)
            held = KnownClocks(
                revision,
                tuple(self._cards.all()),
                self._read_anew(before),
                {card_id: tuple(events) for card_id, events in typed.items()},
                tuple(self.store.overrides()),
                dict(before.worked) if before is not None else {},
            )
            self._house.known_clocks[self._account] = held
            return held

    def _read_anew(self, before: KnownClocks | None) -> dict[str, tuple[int, tuple[Reading, ...]]]:
        old = before.readings if before is not None else {}
        counts = self._readings.counts()
        kept = {card_id: old[card_id] for card_id, count in counts.items() if card_id in old and old[card_id][0] == count}
        stale = [card_id for card_id, count in counts.items() if count and card_id not in kept]
        found: dict[str, list[Reading]] = {}
        if len(stale) > MANY:
            found = self.store.readings()
        else:
            for card_id in stale:
                found |= self.store.readings(card_id)
        return kept | {card_id: (counts[card_id], tuple(found.get(card_id, ()))) for card_id in stale}

    def _events(self, card: Card, rule: OperatorRule, known: KnownClocks, now: datetime) -> tuple[CardEvent, ...]:
        """What was written down has happened, whichever clock was wrong then or is now: what lies in the future counts as of now. Of a
        card's own dates one may well be still to come."""
        readings = [_by(reading, now) for reading in known.readings.get(card.card_id, (0, ()))[1]]
        typed = [replace(item.event, at=min(item.event.at, now)) for item in known.typed.get(card.card_id, ())]
        return recorded_events(rule, card, readings, typed, _zone(now))

    def _figures(self, card: Card, rules: Iterable[str], known: KnownClocks) -> list[KeptOverride]:
        ids = frozenset(rules)
        return [kept for kept in known.figures if kept.override.operator in ids and kept.override.card in (None, card.card_id)]

    def _stopped(self, card: Card, rule: OperatorRule, known: KnownClocks) -> dict[str, str]:
        """The clocks said not to run, by the figure that says so."""
        return {
            kept.override_id: kept.override.path.removesuffix(RUNNING)
            for kept in self._figures(card, (rule.id,), known)
            if kept.override.path.endswith(RUNNING)
        }

    def _work(self, card: Card, known: KnownClocks, now: datetime) -> CardClocks:
        rule, zone = rule_of(card), _zone(now)
        figures = self._figures(card, (rule.id,), known)
        inputs = (card, rule, known.readings.get(card.card_id, (0, ())), known.typed.get(card.card_id, ()), tuple(figures))
        held = known.worked.get(card.card_id)
        same = held is not None and held.zone == zone and _same(held.inputs, inputs)
        if held is not None and same and held.since <= now < held.until:
            return held.clocks
        is_ahead = any(reading.true_at > now for reading in inputs[2][1]) or any(item.event.at > now for item in inputs[3])
        stopped = self._stopped(card, rule, known)
        fit, unfit = _fitting(rule, [kept for kept in figures if kept.override_id not in stopped])
        keeps = held is not None and same and held.since < held.until and not is_ahead
        events = held.events if held is not None and keeps else self._events(card, rule, known, now)
        shown = with_shown_dates(rule, known.readings.get(card.card_id, (0, ()))[1])
        states = clock_states(shown, events, now, zone, [kept.override for kept in fit])
        running = tuple(state for state in states if state.rule.id not in stopped.values())
        typed = known.typed.get(card.card_id, ())
        clocks = CardClocks(card, rule, running, tuple(fit), tuple(unfit), typed, {clock: key for key, clock in stopped.items()})
        known.worked[card.card_id] = Worked(inputs, zone, events, now, now if is_ahead else _good_until(running, now), clocks)
        return clocks

    def _need(self, card_id: str) -> CardClocks:
        clocks = self.of_card(card_id)
        if clocks is None:
            raise ClockInputError(NotPossible.CARD_GONE)
        return clocks

    def _add(self, card_id: str, event: CardEvent) -> CardEvent:
        if self.store.add_event(card_id, event, self._now()) is None:
            raise ClockInputError(NotPossible.CARD_GONE)
        return event

    def _complete(self, card_id: str, about: CardEvent, complete: CardEvent) -> None:
        """Put ``complete`` in the place of the event ``about``, which the person recorded or which came from elsewhere."""
        typed = next((item for item in self._need(card_id).typed if item.event == about), None)
        if typed is None:
            self._add(card_id, complete)
        elif not self.store.change_event(typed.event_id, complete):
            raise ClockInputError(NotPossible.CARD_GONE)

    def _read(self, card_id: str, reading: Reading) -> None:
        if not self._readings.add([reading]):
            raise ClockInputError(NotPossible.CARD_GONE)

    def _read_date(self, card_id: str, clock: str, day: date) -> None:
        """The date that the operator shows is a reading like any other; one of another clock is kept as an event."""
        now = self._now()
        if not 1990 <= day.year <= 2400:
            raise ClockInputError(NotPossible.DOES_NOT_FIT)
        if self._need(card_id).rule.shown_clock == clock:
            self._read(card_id, Reading(card_id, Source.TYPED, now, validity=(Validity(ValidityKind.UNSPECIFIED, day),)))
        else:
            self._add(card_id, CardEvent(EventKind.READING, now, valid_until=day, clock=clock))


# ------------------------------------------------------------------------------------------------------------------- pure parts


def rule_of(card: Card) -> OperatorRule:
    """The operator's rule, or the assumed one for its country and kind."""
    rule = shipped_rules().get(card.operator) if card.operator is not None else None
    found = rule or generic_rule(card.country, CardKind(card.kind.value))
    if found is None:
        raise LookupError(f"no rule for a card of kind {card.kind}")
    return found


@lru_cache(maxsize=512)
def rule_text(rule_id: str) -> str:
    """A shipped rule as JSON, to compare editions by."""
    return shipped_rules()[rule_id].model_dump_json(exclude_defaults=True)


def _basis(card: Card) -> str:
    """What the rule of a card is chosen by."""
    return card.operator or f"{card.country or 'any'}/{card.kind.value}"


def _zone(now: datetime) -> Any:
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    return now.tzinfo


def _fitting(rule: OperatorRule, figures: Iterable[KeptOverride]) -> tuple[list[KeptOverride], list[KeptOverride]]:
    fit: list[KeptOverride] = []
    unfit: list[KeptOverride] = []
    for kept in figures:
        try:
            applied(rule, (kept.override,))
        except OverrideError:
            unfit.append(kept)
        else:
            fit.append(kept)
    return fit, unfit


def _same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    card, rule, readings, typed, figures = now
    return (
        before[1] is rule
        and before[2][0] == readings[0]
        and before[2][1] == readings[1]
        and before[0] == card
        and before[3] == typed
        and before[4] == figures
    )


def _by(reading: Reading, now: datetime) -> Reading:
    """``reading`` as of ``now`` at the latest."""
    return reading if reading.taken_at <= now else replace(reading, taken_at=now)


def _good_until(states: Iterable[ClockState], now: datetime) -> datetime:
    """The next instant at which any of ``states`` would be another one: midnight, or a date of theirs."""
    until = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    for state in states:
        if state.rule.kind in _FEES:
            until = min(until, now + _FEE_TURN)  # every fee that falls due changes what is owed or covered
        dates = [state.due, state.not_before, *(stage.begins for stage in state.stages), *(part.start for part in state.segments)]
        until = min([until, *(at for at in (*dates, *(part.end for part in state.segments)) if at is not None and at > now)])
    return until
