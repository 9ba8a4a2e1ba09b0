"""How long the clocks of 500 cards take, eight clocks each; and the engine against the day-by-day simulator on 10,000 random cards.

Run with ``python -m bench.clocks``; ``python -m bench.clocks --quick`` leaves the simulator out.
"""

import gc
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from services.model.clock import Activity, CardEvent, EventKind, Span
from services.model.money import Money
from services.rules.clocks.engine import clock_states, leading, nothing_lost_before
from services.rules.clocks.library import shipped_rules
from tests.unit.clocks import rulebook
from tests.unit.clocks.random_cards import disagreement, random_card

_CARDS = 500
_ROUNDS = 15
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_HOME = ZoneInfo("Asia/Shanghai")

_LADDER = rulebook.stages(("suspended", "0 days", ["top_up"]), ("cancelled", "30 days", ["support"]), ("reissued", "90 days", []))
_DAYS = 'day = { value = "natural" }\nfirst_day = { value = "counts" }\n'
EIGHT = rulebook.rule(
    "eight",
    "GB",
    "Europe/London",
    f'id = "a"\nkind = "validity"\nstart = {{ value = "activation" }}\nspan = {{ value = "180 days" }}\nstacking = {{ value = "stack" }}\n'
    f'cap = {{ value = "365 days" }}\n{_DAYS}' + _LADDER,
    'id = "b"\nkind = "inactivity"\nstart = { value = "last_event" }\nspan = { value = "6 months" }\nstacking = { value = "reset" }\n'
    + rulebook.counted("sms_out data top_up", "sms_in")
    + _LADDER,
    f'id = "c"\nkind = "top_up_only"\nspan = {{ value = "180 days" }}\nstacking = {{ value = "reset" }}\n{_DAYS}' + _LADDER,
    f'id = "d"\nkind = "wallet_fee"\nstart = {{ value = "activation" }}\nspan = {{ value = "30 days" }}\n'
    f'fee = {{ value = "3 GBP" }}\n{_DAYS}' + _LADDER,
    'id = "e"\nkind = "arrears"\nfee_day = { value = 1 }\nfee = { value = "8 GBP" }\n' + _LADDER,
    'id = "f"\nkind = "bundle"\nstart = { value = "first_connection" }\nstacking = { value = "old_end" }\nday = { value = "24h" }\n',
    'id = "g"\nkind = "activate_by"\nstart = { value = "purchase" }\nspan = { value = "180 days" }\nended_by = { value = ["installed"] }\n',
    'id = "h"\nkind = "recycling"\nstart = { value = "plan_end" }\nspan = { value = "90 days" }\nday = { value = "24h" }\n',
)


def events_of(seed: int) -> tuple[CardEvent, ...]:
    """Twelve events of an invented card over the last year and a half."""
    random = Random(seed)
    at = _NOW - timedelta(days=random.randint(200, 500))
    events = [CardEvent(EventKind.PURCHASED, at), CardEvent(EventKind.ACTIVATED, at + timedelta(hours=2))]
    events.append(CardEvent(EventKind.READING, at + timedelta(hours=3), balance=Money.of(random.randint(20, 90), "GBP")))
    for _ in range(3):
        at += timedelta(days=random.randint(1, 50))
        events.append(CardEvent(EventKind.TOPPED_UP, at, amount=Money.of(random.randint(5, 50), "GBP")))
        events.append(CardEvent(EventKind.BUNDLE_BOUGHT, at + timedelta(hours=1), span=Span.parse("30 days")))
        events.append(
            CardEvent(EventKind.USED, at + timedelta(hours=2), activity=random.choice((Activity.SMS_OUT, Activity.DATA, Activity.SMS_IN)))
        )
    return tuple(events)


def _median_ms(work: "list[tuple[object, tuple[CardEvent, ...]]]") -> tuple[float, float, float, int]:
    times = []
    clocks = 0
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        states = [state for rule, events in work for state in clock_states(rule, events, _NOW, _HOME)]  # type: ignore[arg-type]
        leading(states)
        nothing_lost_before(states)
        times.append((time.perf_counter() - started) * 1000)
        clocks = len(states)
    return statistics.median(times), min(times), max(times), clocks


def main() -> None:
    """Print the table."""
    rules = list(shipped_rules().values())
    gc.freeze()  # as the application does once it has started
    cards = [events_of(seed) for seed in range(_CARDS)]
    rows = [
        ("500 cards, 8 clocks each", _median_ms([(EIGHT, events) for events in cards])),
        (f"500 cards, {len(rules)} shipped rules", _median_ms([(rules[index % len(rules)], events) for index, events in enumerate(cards)])),
    ]
    print(f"{'':40} {'clocks':>8} {'median ms':>10} {'best ms':>10} {'worst ms':>10}")
    for name, (median, best, worst, clocks) in rows:
        print(f"{name:40} {clocks:8} {median:10.1f} {best:10.1f} {worst:10.1f}")
    if "--quick" not in sys.argv:
        started = time.perf_counter()
        wrong = [seed for seed in range(10_000) if disagreement(random_card(seed)) is not None]
        print(f"day-by-day simulator, 10,000 random cards: {len(wrong)} differ, {time.perf_counter() - started:.0f} s")
        if wrong:
            raise SystemExit(f"seeds that differ: {wrong[:20]}")


if __name__ == "__main__":
    main()
