"""What there is to be reminded of: from the clocks, figures and renewals of an account, as they stand now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.model.card import Card
from services.model.clock import ClockStatus, Span, SpanUnit, StepCode
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reminder import Matter, Topic
from services.model.renewal import RenewalStatus
from services.rules.balances.urgency import Reason
from services.rules.clocks.counting import last_whole_day
from services.rules.clocks.engine import ClockState, cheapest
from services.rules.reminders.ladders import usual_days
from services.rules.renewals.disputes import DatedStep
from services.rules.renewals.run import MONEY_MAY_BE_GONE

_DAYS = {SpanUnit.HOUR: 1 / 24, SpanUnit.DAY: 1.0, SpanUnit.MONTH: 30.0}
_LOW_DATA = frozenset({Reason.DATA_LOW, Reason.DATA_GONE, Reason.DATA_RUNS_OUT})
_LOW_MONEY = frozenset({Reason.MONEY_LOW, Reason.MONEY_OWED})
_WAITING = frozenset({RenewalStatus.SENT, RenewalStatus.UNKNOWN, RenewalStatus.PENDING})
_CLAIMED = MONEY_MAY_BE_GONE | {RenewalStatus.FAILED}
FORGOTTEN = timedelta(days=60)
"""So long after a date of which nobody knows a rescue, nothing is left to be reminded of."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One card as it stands. ``assumed``: nothing is known of its operator. ``look_up_fails``: the last look-up failed, and none at the
    same place has succeeded since."""

    card: Card
    states: tuple[ClockState, ...] = ()
    assumed: bool = False
    reasons: frozenset[Reason] = frozenset()
    data: DataVolume | None = None
    money: Money | None = None
    look_up_fails: bool = False


@dataclass(frozen=True, slots=True)
class RenewalFacts:
    """One renewal that goes on. ``name``: of its card, or of whom is paid. ``claims``: the steps of a dispute with their deadlines."""

    renewal_id: str
    card_id: str | None
    name: str
    status: RenewalStatus
    look_again_at: datetime | None
    claims: tuple[DatedStep, ...] = ()


def topics(cards: Iterable[CardFacts], renewals: Iterable[RenewalFacts], now: datetime, zone: tzinfo) -> list[Topic]:
    """Everything to be reminded of, now or later; ``zone``: the person's. In no order."""
    found: list[Topic] = []
    for facts in cards:
        for state in facts.states:
            found += _of_clock(facts, state, now, zone)
        found += _of_figures(facts)
    for renewal in renewals:
        found += _of_renewal(renewal, now, zone)
    return found


def _of_clock(facts: CardFacts, state: ClockState, now: datetime, zone: tzinfo) -> Iterator[Topic]:
    bound, last_day = state.not_before, state.latest_safe_day
    if state.is_over or bound is None or last_day is None or state.status is ClockStatus.NOT_STARTED:
        return
    uncertain = state.unknown is not None
    rescue = state.rescue_until if state.status is ClockStatus.PAST else None
    offer = cheapest(state) or next(iter(state.offers), None)
    card, name = facts.card.card_id, (state.rule.name.en, state.rule.name.zh)
    saved_by = None if rescue is None or rescue <= now else last_whole_day(rescue, zone)
    if saved_by is not None and rescue is not None:
        yield Topic(
            f"{card}/rescue/{state.rule.id}", Matter.RESCUE, card, facts.card.nickname, _instant(rescue), saved_by, what=name, until=rescue,
            offer=offer, assumed=facts.assumed, uncertain=uncertain,
        )  # fmt: skip
    if bound <= now and (uncertain or (rescue is None and now - bound > FORGOTTEN) or _near(saved_by, now, zone)):
        return
    yield Topic(
        f"{card}/clock/{state.rule.id}", Matter(state.rule.kind.value), card, facts.card.nickname, _instant(bound), last_day,
        length_days=_length(state), leads=state.rule.remind_days or None, what=name, until=bound, offer=offer, assumed=facts.assumed,
        uncertain=uncertain,
    )  # fmt: skip


def _near(saved_by: date | None, now: datetime, zone: tzinfo) -> bool:
    """Whether the ladder towards the last chance has begun, so that the one towards the date gone by is over."""
    return saved_by is not None and saved_by <= now.astimezone(zone).date() + timedelta(days=usual_days(Matter.RESCUE)[0])


def _length(state: ClockState) -> float | None:
    """Days that what ends lasts as a whole: from the event that gave the date; of a date that was read, the longest that the rule has."""
    if state.standing.lines:
        code, at, _, _, due = state.standing.lines[-1]
        if code is not StepCode.READ:
            return (due - at) / timedelta(days=1)
    return max((_days(length) for length in state.rule.lengths), default=None)


def _days(length: Span) -> float:
    return length.amount * _DAYS[length.unit]


def _of_figures(facts: CardFacts) -> Iterator[Topic]:
    card, name = facts.card.card_id, facts.card.nickname
    if facts.reasons & _LOW_DATA:
        yield Topic(f"{card}/low_data", Matter.LOW_DATA, card, name, data=facts.data)
    if facts.reasons & _LOW_MONEY:
        yield Topic(f"{card}/low_money", Matter.LOW_MONEY, card, name, money=facts.money)
    if facts.look_up_fails:
        yield Topic(f"{card}/look_up", Matter.LOOK_UP_FAILED, card, name)
    if facts.card.return_by is not None:
        day = facts.card.return_by
        yield Topic(f"{card}/return", Matter.RETURN, card, name, day.isoformat(), day)


def _of_renewal(facts: RenewalFacts, now: datetime, zone: tzinfo) -> Iterator[Topic]:
    of = {"card_id": facts.card_id, "name": facts.name, "renewal_id": facts.renewal_id}
    if facts.status in _WAITING and facts.look_again_at is not None:
        yield Topic(
            key=f"renewal/{facts.renewal_id}",
            matter=Matter.RENEWAL_PENDING,
            episode=_instant(facts.look_again_at),
            since=facts.look_again_at,
            **of,  # type: ignore[arg-type]
        )
    for claim in facts.claims if facts.status in _CLAIMED else ():
        if claim.until is not None and claim.until > now:
            yield Topic(
                key=f"renewal/{facts.renewal_id}/{claim.step.id}",
                matter=Matter.REFUND,
                episode=_instant(claim.until),
                last_day=last_whole_day(claim.until, zone),
                what=(claim.step.text.en, claim.step.text.zh),
                until=claim.until,
                **of,  # type: ignore[arg-type]
            )


def _instant(moment: datetime) -> str:
    """An instant as the name of an episode: seconds since the epoch."""
    return str(int(moment.timestamp()))
