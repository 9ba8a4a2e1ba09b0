"""Random cards, each told twice: in the words of the simulator and in those of the engine."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from services.model.clock import Activity, CardEvent, ClockStatus, EventKind, Missing, Span, SpanUnit
from services.model.money import Money
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.schema import OperatorRule
from tests.unit.clocks import rulebook
from tests.unit.clocks.simulator import DATED, GONE, WAITING, Happening, Life, Rule

ZONES = (
    "Europe/London",
    "America/New_York",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Shanghai",
    "America/St_Johns",
)
_FIRST = datetime(2023, 11, 1, tzinfo=UTC)
_KINDS = {"restart": "validity", "wallet": "wallet_fee", "arrears": "arrears", "plans": "bundle"}


@dataclass(frozen=True)
class RandomCard:
    simulated: Rule
    happenings: tuple[Happening, ...]
    ruled: OperatorRule
    events: tuple[CardEvent, ...]
    now: datetime


def _length(random: Random, longest_days: int) -> tuple[int, str]:
    if random.random() < 0.3:
        return random.choice((1, 2, 3, 6, 12)), "month"
    return random.randint(1, longest_days), "day"


def _rule(random: Random) -> Rule:
    family = random.choice(("restart", "restart", "restart", "wallet", "arrears", "plans", "plans"))
    tiers: tuple[tuple[Decimal, tuple[int, str]], ...] = ()
    stacking = "reset"
    natural = random.random() < 0.6
    initial = fee_day = cap = rescue = None
    length = _length(random, 200)
    if family == "restart":
        stacking = random.choice(("reset", "keep_later", "stack"))
        initial = _length(random, 100) if random.random() < 0.4 else None
        rescue = random.randint(1, 120) if random.random() < 0.5 else None
        if random.random() < 0.4:
            amounts = random.sample(range(5, 100), 3)
            tiers = tuple((Decimal(amount), _length(random, 200)) for amount in sorted(amounts))
            initial = initial or _length(random, 100)
        if stacking == "stack" and random.random() < 0.6:
            cap = (random.randint(200, 500), "day")
    elif family == "plans":
        stacking = random.choice(("old_end", "old_end_or_spent", "parallel"))
        length = _length(random, 60)
    else:
        natural = True
        length = random.choice(((30, "day"), (28, "day"), (1, "month"), (7, "day"), (3, "month")))
        fee_day = random.randint(1, 28) if family == "arrears" else None
        rescue = random.randint(1, 120) if random.random() < 0.5 else None
    return Rule(
        family=family,
        zone=random.choice(ZONES),
        length=length,
        natural=natural,
        first_free=family in ("restart", "plans") and natural and random.random() < 0.4,
        month_is_30=random.random() < 0.4,
        stacking=stacking,
        cap=cap,
        initial=initial,
        tiers=tiers,
        counted=frozenset(() if tiers else random.sample(("sms_out", "data", "call_out"), 2)) | {"top_up"},
        fee=Decimal(random.randint(3, 30)),
        fee_day=fee_day,
        starts_at_connection=random.random() < 0.6,
        rescue_days=rescue,
    )


def _moment(random: Random, after: datetime, within_days: int) -> datetime:
    return after + timedelta(minutes=random.randint(1, within_days * 1440))


def _happenings(random: Random, rule: Rule) -> list[Happening]:
    at = _moment(random, _FIRST, 800)
    out: list[Happening] = []
    if rule.family == "plans":
        kinds = ["buy", "buy", "connect", "connect", "spent"]
    elif rule.family == "restart":
        out.append(Happening(at, "activate"))
        kinds = ["top_up", "top_up", "use:sms_out", "use:data", "use:sms_in"]
    else:
        out.append(Happening(at, "activate"))
        at = _moment(random, at, 5)
        out.append(Happening(at, "balance", Decimal(random.randint(0, 120))))
        kinds = ["top_up"]
    for _ in range(random.randint(0, 7)):
        at = _moment(random, at, 120)
        what = random.choice(kinds)
        length = _length(random, 40) if what == "buy" and random.random() < 0.5 else None
        out.append(Happening(at, what, Decimal(random.randint(1, 110)), length))
    return out


def _text(length: tuple[int, str]) -> str:
    return f'"{length[0]} {length[1]}{"" if length[0] == 1 else "s"}"'


def _ruled(rule: Rule) -> OperatorRule:
    lines = [
        'id = "clock"',
        f'kind = "{_KINDS[rule.family]}"',
        f'day = {{ value = "{"natural" if rule.natural else "24h"}" }}',
        f'first_day = {{ value = "{"free" if rule.first_free else "counts"}" }}',
        f'month = {{ value = "{"30_days" if rule.month_is_30 else "calendar"}" }}',
    ]
    start = "activation"
    if rule.family == "plans":
        start = "first_connection" if rule.starts_at_connection else "purchase"
    lines.append(f'start = {{ value = "{start}" }}')
    if rule.family in ("restart", "plans"):
        lines.append(f'stacking = {{ value = "{rule.stacking}" }}')
    else:
        lines.append(f'fee = {{ value = "{rule.fee} GBP" }}')
    if rule.fee_day is not None:
        lines.append(f"fee_day = {{ value = {rule.fee_day} }}")
    elif rule.tiers:
        tiers = ", ".join(f'{{ at_least = "{amount} GBP", span = {_text(length)} }}' for amount, length in rule.tiers)
        lines.append(f"tiers = {{ value = [ {tiers} ] }}")
    else:
        lines.append(f"span = {{ value = {_text(rule.length)} }}")
    if rule.initial is not None:
        lines.append(f"initial = {{ value = {_text(rule.initial)} }}")
    if rule.cap is not None:
        lines.append(f"cap = {{ value = {_text(rule.cap)} }}")
    body = "\n".join(lines) + "\n"
    if rule.family == "restart":
        body += rulebook.counted(" ".join(sorted(rule.counted)))
    if rule.rescue_days is not None:
        ladder = [("suspended", "0 days", ["top_up", "sms_out", "data", "call_out"]), ("cancelled", f"{rule.rescue_days} days", [])]
        body += rulebook.stages(*ladder)
    return rulebook.rule("random", "GB", rule.zone, body)


def _event(one: Happening) -> CardEvent:
    span = Span(one.length[0], SpanUnit(one.length[1])) if one.length else None
    match one.what.partition(":"):
        case ("use", _, activity):
            return CardEvent(EventKind.USED, one.at, activity=Activity(activity))
        case ("activate", _, _):
            return CardEvent(EventKind.ACTIVATED, one.at)
        case ("top_up", _, _):
            return CardEvent(EventKind.TOPPED_UP, one.at, amount=Money.of(one.amount, "GBP"))
        case ("buy", _, _):
            return CardEvent(EventKind.BUNDLE_BOUGHT, one.at, span=span)
        case ("connect", _, _):
            return CardEvent(EventKind.USED, one.at, activity=Activity.DATA)
        case ("spent", _, _):
            return CardEvent(EventKind.DATA_SPENT, one.at)
        case _:
            return CardEvent(EventKind.READING, one.at, balance=Money.of(one.amount, "GBP"))


def random_card(seed: int) -> RandomCard:
    """The card of that seed, always the same."""
    random = Random(seed)
    rule = _rule(random)
    happenings = _happenings(random, rule)
    last = happenings[-1].at if happenings else _FIRST
    now = _moment(random, last, 400) if random.random() < 0.5 else last
    return RandomCard(rule, tuple(happenings), _ruled(rule), tuple(_event(one) for one in happenings), now)


def judged(card: RandomCard) -> ClockState:
    """What the engine says of the card's one clock."""
    return clock_states(card.ruled, card.events, card.now, ZoneInfo("UTC"))[0]


def disagreement(card: RandomCard) -> str | None:
    """What engine and simulator do not agree on, in words; None when they agree."""
    state = judged(card)
    life = Life(card.simulated)
    outcome = life.live(list(card.happenings), 40_000)
    if outcome.kind == WAITING and life.latest_end is not None and life.latest_end > card.now.timestamp():
        return (
            None
            if state.due is not None and state.due.timestamp() == life.latest_end
            else f"running until {life.latest_end}, not {state.due}"
        )
    if outcome.kind == WAITING:
        return None if state.status is ClockStatus.NOT_STARTED else f"waiting, not {state.status}"
    if outcome.kind in (DATED, GONE):
        if state.due != outcome.due:
            return f"{outcome.due} (simulated), {state.due} (engine)"
        past = outcome.due is not None and outcome.due <= card.now
        if state.status is not (ClockStatus.PAST if past else ClockStatus.RUNNING):
            return f"status {state.status}"
        gone = state.unknown is not None and state.unknown.because is Missing.MAYBE_GONE
        return None if gone == (outcome.kind == GONE) else f"{outcome.kind}, but {state.unknown}"
    return None if state.due is None else f"never, not {state.due}"
