"""The figures of the program itself in the text format of Prometheus (0.0.4): counts and ages over all accounts, nothing of anybody.

Label values come from fixed lists: what stands in the database under another name is counted as "other", so that nothing a person typed
can become a label.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from services.channels.kinds import kinds
from services.providers.registry import PROVIDERS
from services.store.counts import Counts, counts
from services.store.database import NEWEST_SCHEMA
from services.store.reminders import MessageStatus
from services.use.house import House

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = ((0, "0"), (5, "1-5"), (20, "6-20"), (100, "21-100"), (500, "101-500"))
OTHER = "other"
Sample = tuple[Mapping[str, str], float]


def metrics(house: House, now: datetime) -> str:
    """Everything that is measured, at ``now``. Raises SQLAlchemy's OperationalError when the database does not answer."""
    return written(counts(house.database), now)


def written(found: Counts, now: datetime) -> str:
    """``found`` in the text format."""
    ages = [max(0.0, (now - beat).total_seconds()) for beat in found.beats if beat is not None]
    parts = [
        _gauge("simkeeper_schema", "Schema of the database.", [({"version": NEWEST_SCHEMA}, 1)]),
        _gauge(
            "simkeeper_worker_heartbeat_age_seconds",
            "Time since the worker last ended a run well, of the account that waits least and longest.",
            [({"of": "newest"}, min(ages)), ({"of": "oldest"}, max(ages))] if ages else [],
        ),
        _gauge(
            "simkeeper_worker_accounts_without_heartbeat",
            "Accounts that the worker has never ended a run for.",
            [({}, sum(beat is None for beat in found.beats))],
        ),
        _gauge(
            "simkeeper_messages",
            "Messages with reminders that are kept, by kind of channel and status.",
            _by_two("channel", set(kinds()), "status", {status.value for status in MessageStatus}, found.messages),
        ),
        _gauge(
            "simkeeper_channels",
            "Channels by kind and by how their last message went.",
            _by_two("kind", set(kinds()), "state", _STATES, found.channels),
        ),
        _gauge(
            "simkeeper_provider_connections",
            "Connections to providers by how their last call went.",
            _by_two("provider", set(PROVIDERS), "state", _STATES, found.connections),
        ),
        _gauge(
            "simkeeper_cards_whose_look_up_fails",
            "Cards whose last look-up failed, by provider.",
            _by_one("provider", set(PROVIDERS), found.failed_look_ups),
        ),
        _gauge("simkeeper_accounts", "Accounts by how many cards they have.", _by_one("cards", _SIZES, Counter(map(_size, found.cards)))),
    ]
    return "".join(parts)


_STATES = {"works", "fails", "untried", "off"}
_SIZES = {name for _, name in BUCKETS} | {"501+"}


def _size(cards: int) -> str:
    return next((name for most, name in BUCKETS if cards <= most), "501+")


def _by_one(label: str, known: set[str], found: Mapping[str, int]) -> list[Sample]:
    summed: Counter[str] = Counter()
    for value, count in found.items():
        summed[value if value in known else OTHER] += count
    return [({label: value}, count) for value, count in sorted(summed.items())]


def _by_two(first: str, firsts: set[str], second: str, seconds: set[str], found: Mapping[tuple[str, str], int]) -> list[Sample]:
    summed: Counter[tuple[str, str]] = Counter()
    for (one, two), count in found.items():
        summed[one if one in firsts else OTHER, two if two in seconds else OTHER] += count
    return [({first: one, second: two}, count) for (one, two), count in sorted(summed.items())]


def _gauge(name: str, about: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.10g}" if inside else f"{name} {value:.10g}")
    return "\n".join(lines) + "\n"
