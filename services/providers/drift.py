"""What a provider's answers look like, and how that differs from what they looked like in its contract.

Only shapes are kept: paths, kinds of value, sizes of numbers. No value of an answer is, because answers hold numbers of cards and codes.
"""

import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.model.data_volume import DataUnit
from services.model.order import ProviderReading, RemoteCard, TopUpProduct
from services.model.plan import Plan
from services.providers.base import Catalogue, Provider
from services.providers.errors import Malformed, ProviderError
from services.providers.http import Answer, Call

MOST_CARDS = 3
UNIT_FACTOR = 60
"""A typical figure this many times larger or smaller than in the contract's world is in another unit: 100 is cents for dollars,
1000 and 1024 the steps of data. Sellers differ by less."""
COUNTED_KEY = re.compile(r"[\d.,+-]+")
LONG_NUMBER = re.compile(r"[^/]*\d{4,}[^/]*")


class DriftKind(StrEnum):
    """MISSING, TYPE and UNIT break what we read; ERROR is an answer that could not be read; SKIPPED counts unreadable entries
    of a catalogue; NEW is a field nobody reads yet."""

    MISSING = "missing"
    NEW = "new"
    TYPE = "type"
    UNIT = "unit"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. ``where``: "GET /v2/packages data[].price", or the verb; ``expected`` and ``found`` in short words."""

    kind: DriftKind
    where: str
    expected: str = ""
    found: str = ""


@dataclass(slots=True)
class Shape:
    """Kinds of value by call and path, how often each object stood there, and typical sizes of what the adapter made of it."""

    kinds: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    times: dict[tuple[str, str], int] = field(default_factory=dict)
    sizes: dict[str, list[Decimal]] = field(default_factory=dict)
    problems: list[Drift] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)

    def watch(self, call: Call, answer: Answer) -> None:
        """Take an answer in. One that is no JSON is left to the adapter."""
        try:
            said = answer.json()
        except Malformed:
            return
        line = f"{call.method} {LONG_NUMBER.sub('{}', call.path.partition('?')[0])}"
        for path, value in _walk(said):
            self.kinds.setdefault((line, path), set()).add(_kind(value))
            self.times[line, path] = self.times.get((line, path), 0) + 1

    def measure(self, name: str, figures: Iterable[Decimal | int | None]) -> None:
        self.sizes.setdefault(name, []).extend(Decimal(figure) for figure in figures if figure)


async def observe(provider: Provider) -> Shape:
    """Ask ``provider`` everything that only reads, and keep the shape. Never orders."""
    shape = Shape()
    provider.http.watch = shape.watch
    can = provider.offers()
    if "plans" in can:
        await _try(shape, "plans", provider.plans())
    if "plans_for_trip" in can:
        await _try(shape, "plans_for_trip", provider.plans_for_trip(["JP"], 1))
    if "account" in can:
        await _try(shape, "account", provider.account())
    cards = await _try(shape, "cards", provider.cards()) if "cards" in can else None
    names = [card.remote_id for card in (cards or ())][:MOST_CARDS]
    for name in names:
        if "reading" in can:
            await _try(shape, "reading", provider.reading(name))
        if "top_ups" in can:
            await _try(shape, "top_ups", provider.top_ups(name))
        if "install" in can:
            await _try(shape, "install", provider.install(name))
    if names and "readings" in can:
        await _try(shape, "readings", provider.readings(names))
    return shape


async def _try(shape: Shape, verb: str, work: Any) -> Any:
    shape.verbs.append(verb)
    try:
        result = await work
    except ProviderError as error:
        shape.problems.append(Drift(DriftKind.ERROR, verb, found=f"{type(error).__name__} {error.detail}".strip()))
        return None
    _measure(shape, verb, result)
    return result


def _measure(shape: Shape, verb: str, result: Any) -> None:
    if isinstance(result, Catalogue):
        _measure_plans(shape, verb, result.plans)
        if result.skipped:
            first = result.skipped[0]
            shape.problems.append(Drift(DriftKind.SKIPPED, f"{verb} {first.path}", "0", f"{len(result.skipped)} ({first.problem})"))
    elif isinstance(result, ProviderReading):
        shape.measure(f"{verb} total bytes", (each.total.bytes for each in result.data if each.total))
        shape.measure(f"{verb} seconds", (each.total for each in result.voice))
    elif isinstance(result, tuple) and result and not isinstance(result[0], RemoteCard):
        products = [each for each in result if isinstance(each, TopUpProduct)]
        shape.measure(f"{verb} price", (each.price.amount for each in products if each.price))
        shape.measure(f"{verb} days", (each.validity_days for each in products))
        shape.measure(f"{verb} bytes", (each.allowance.volume.bytes for each in products if each.allowance and each.allowance.volume))


def _measure_plans(shape: Shape, verb: str, plans: Iterable[Plan]) -> None:
    for plan in plans:
        volume = plan.allowance.volume
        shape.measure(f"{verb} price", (plan.price.amount,))
        shape.measure(f"{verb} days", (plan.validity_days,))
        if volume:
            shape.measure(f"{verb} bytes", (volume.bytes,))
            shape.measure(f"{verb} price per GB", (plan.price.amount / volume.in_unit(DataUnit.GB),))


def compare(contract: Shape, live: Shape) -> list[Drift]:
    """How ``live`` differs from ``contract``; empty when it does not. Calls that were made on one side only are left out."""
    found = [problem for problem in live.problems if problem not in contract.problems]
    calls = {line for line, _ in live.kinds} & {line for line, _ in contract.kinds}
    for line, path in sorted(key for key in contract.kinds if key[0] in calls):
        parent = _parent(path)
        if (line, path) not in live.kinds and (line, parent) in live.kinds and _always(contract, line, path, parent):
            found.append(Drift(DriftKind.MISSING, f"{line} {path}", "/".join(sorted(contract.kinds[line, path]))))
    for line, path in sorted(key for key in live.kinds if key[0] in calls):
        known = contract.kinds.get((line, path))
        if known is None:
            if (line, _parent(path)) in contract.kinds and contract.kinds[line, _parent(path)] != {"null"}:
                found.append(Drift(DriftKind.NEW, f"{line} {path}", found="/".join(sorted(live.kinds[line, path]))))
        elif known != {"null"} and (strange := live.kinds[line, path] - known - {"null"} or _only_null(live.kinds[line, path], known)):
            found.append(Drift(DriftKind.TYPE, f"{line} {path}", "/".join(sorted(known)), "/".join(sorted(strange))))
    for name in sorted(contract.sizes.keys() & live.sizes.keys()):
        if contract.sizes[name] and live.sizes[name]:
            usual, now = statistics.median(contract.sizes[name]), statistics.median(live.sizes[name])
            if not usual / UNIT_FACTOR < now < usual * UNIT_FACTOR:
                found.append(Drift(DriftKind.UNIT, name, f"{usual:.3g}", f"{now:.3g}"))
    return found


def breaks(drifts: Iterable[Drift]) -> bool:
    """Whether one of them touches what is read today."""
    return any(drift.kind is not DriftKind.NEW for drift in drifts)


def _only_null(found: set[str], known: set[str]) -> set[str]:
    """Null where the contract never has it."""
    return found if found == {"null"} and "null" not in known else set()


def _always(shape: Shape, line: str, path: str, parent: str) -> bool:
    """Whether every object at ``parent`` had the field. Elements of a list are no field."""
    return not path.endswith("[]") and shape.times[line, path] == shape.times[line, parent]


def _parent(path: str) -> str:
    return path[:-2] if path.endswith("[]") else path.rpartition(".")[0]


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values with their paths: ``data[].price``. Keys that count are one key, as in a list."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}[]" if COUNTED_KEY.fullmatch(key) else f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "flag"
        case int() | Decimal():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"
