"""True answers of the emulators, recorded once, and played back with one thing in them changed."""

import asyncio
import copy
import dataclasses
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import CountBalance
from services.providers.base import Capability, Provider, ProviderError
from services.providers.sandbox.faults import replay, true_answer
from tests.unit.providers.calls import Subject, call, subject_of, verbs
from tests.unit.providers.lab import Lab

Path = tuple[str | int, ...]
KEPT_OF_A_LIST = 3
NO_FIGURES = {"as_of", "taken_at", "fetched_at", "placed_at", "hidden"}
UNHEARD_OF = "UNHEARD-OF-0x7"


@dataclasses.dataclass(slots=True)
class Exchange:
    """One request's line and the JSON it was answered with."""

    method: str
    path: str
    status: int
    body: Any


class Tape:
    """An app in the emulator's place. While ``source`` is set it passes on and records; afterwards it answers from the record."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.exchanges: list[Exchange] = []
        self._left: dict[tuple[str, str], list[Exchange]] = {}

    def rewind(self, exchanges: list[Exchange]) -> None:
        """Answer from ``exchanges`` from now on, those for one path in their order and the last of them for good."""
        self.source = None
        self._left = defaultdict(list)
        for exchange in exchanges:
            self._left[exchange.method, exchange.path].append(exchange)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        line = request.method, request.url.path
        if self.source is not None:
            status, _, body = await true_answer(self.source, scope, replay(await request.body()))
            self.exchanges.append(Exchange(*line, status, json.loads(body)))
            await Response(body, status, media_type="application/json")(scope, receive, send)
            return
        left = self._left.get(line, [])
        if not left:
            await Response(b"{}", 404, media_type="application/json")(scope, receive, send)
            return
        exchange = left.pop(0) if len(left) > 1 else left[0]
        body = exchange.body if isinstance(exchange.body, bytes) else json.dumps(exchange.body).encode()
        await Response(body, exchange.status, media_type="application/json")(scope, receive, send)


class Player:
    """A provider that can be asked one verb, with its recorded answers changed or as they were."""

    def __init__(self, provider: str) -> None:
        self.lab = Lab(provider)
        self.subject: Subject = subject_of(self.lab)
        self.recorded: dict[Capability, list[Exchange]] = {}
        self.expected: dict[Capability, Any] = {}
        self.allowed: dict[Capability, set[Any]] = {}
        for verb in verbs(provider):
            self._record(verb)

    def _connect(self, tape: Tape) -> Provider:
        sandbox, self.lab.sandbox = self.lab.sandbox, tape  # type: ignore[assignment]
        try:
            return self.lab.another(self.lab.provider.id, credentials=sandbox.credentials)
        finally:
            self.lab.sandbox = sandbox

    def _record(self, verb: Capability) -> None:
        self.lab.later(minutes=1)
        tape = Tape(self.lab.sandbox.app)
        true = self.lab.run(self._closing(self._connect(tape), verb))
        short = [dataclasses.replace(exchange, body=_shortened(exchange.body)) for exchange in tape.exchanges]
        for exchanges in (short, tape.exchanges):
            self.recorded[verb] = exchanges
            self.expected[verb] = self.play(verb, exchanges)
            if type(self.expected[verb]) is type(true):
                self.allowed[verb] = may_be_stated(self.expected[verb], exchanges)
                return
        raise AssertionError(f"{self.lab.provider.id}.{verb} cannot be played back: {self.expected[verb]!r}")

    async def _closing(self, provider: Provider, verb: Capability) -> Any:
        try:
            return await call(provider, verb, self.subject)
        finally:
            await provider.aclose()

    def play(self, verb: Capability, exchanges: list[Exchange]) -> Any:
        """The result of ``verb``, or the exception it ended in, when the answers are ``exchanges``."""
        tape = Tape(None)
        tape.rewind(exchanges)

        async def work() -> Any:
            return (await asyncio.gather(self._closing(self._connect(tape), verb), return_exceptions=True))[0]

        return self.lab.run(work())

    def changed(self, verb: Capability, number: int, path: Path, value: Any) -> list[Exchange]:
        """The recorded exchanges with ``value`` at ``path`` of answer ``number``; ``MISSING`` takes the key away."""
        exchanges = list(self.recorded[verb])
        exchanges[number] = dataclasses.replace(exchanges[number], body=put(exchanges[number].body, path, value))
        return exchanges


MISSING = object()


def _shortened(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: _shortened(value) for key, value in body.items()}
    return [_shortened(value) for value in body[:KEPT_OF_A_LIST]] if isinstance(body, list) else body


def put(body: Any, path: Path, value: Any) -> Any:
    """A copy of ``body`` with ``value`` at ``path``."""
    if not path:
        return value
    made = copy.copy(body)
    if len(path) == 1 and value is MISSING:
        del made[path[0]]
    else:
        made[path[0]] = put(body[path[0]], path[1:], value)
    return made


def nodes(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in ``body`` with its path, containers before what is in them."""
    yield path, body
    if isinstance(body, dict):
        for key, value in body.items():
            yield from nodes(value, (*path, key))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from nodes(value, (*path, index))


def one_of_each(body: Any) -> list[tuple[Path, Any]]:
    """As :func:`nodes`, with one element standing for all of a list: the last."""
    found: dict[Path, tuple[Path, Any]] = {}
    for path, value in nodes(body):
        found[tuple("*" if isinstance(step, int) else step for step in path)] = path, value
    return list(found.values())


def figures(result: Any) -> set[Any]:
    """Every amount, count, length and end that a result states; when it was read or fetched is no figure of the card."""
    found: set[Any] = set()
    _gather(result, found)
    return found


def may_be_stated(expected: Any, exchanges: list[Exchange]) -> set[Any]:
    """The figures of the expected result, and what the answers say in bytes.

    A last day may be one beside: some providers say the days that are left as well as the moment.
    """
    stated = figures(expected)
    days = {each[1] for each in stated if isinstance(each, tuple) and each[0] == "last_day"}
    near = {("last_day", day + timedelta(days=n)) for day in days for n in (-1, 1)}
    return stated | near | _volumes_said(exchanges)


def _volumes_said(exchanges: list[Exchange]) -> set[DataVolume]:
    """Numbers that stand in an object of these answers as bytes, and what is left when one of it is taken from another."""
    found: set[DataVolume] = set()
    for exchange in exchanges:
        for _, value in nodes(exchange.body):
            if isinstance(value, dict):
                numbers = {n for n in value.values() if isinstance(n, int) and not isinstance(n, bool) and n > 0}
                found |= {DataVolume(n) for n in numbers} | {DataVolume(a - b) for a in numbers for b in numbers if a > b}
    return found


def _gather(value: Any, found: set[Any]) -> None:
    if isinstance(value, DataVolume | Money):
        found.add(value)
    elif isinstance(value, CountBalance):
        found.update({("count", number) for number in (value.remaining, value.total, value.used) if number is not None})
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if field.name in NO_FIGURES:
                continue
            if isinstance(inner, int | Decimal | date | datetime) and not isinstance(inner, bool):
                found.add((field.name, inner))
            else:
                _gather(inner, found)
    elif isinstance(value, Mapping):
        for inner in value.values():
            _gather(inner, found)
    elif isinstance(value, list | tuple | frozenset | set):
        for inner in value:
            _gather(inner, found)


ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 2**31, 2**63, 10**30, -(10**18), 0.1, -0.5, 1e-9, 1e18, 1e308,
    "", " ", "0", "-1", "1.5", "1e9", "NaN", "Infinity", "true", "null", "USD", "usd", "XXX", "JP", "UNKNOWN", "\ud800", "\x00", "\u202e",
    "x" * 30_000, "<script>alert(1)</script>", "=1+1", "../..", "LPA:1$", "LPA:1$a$b", "2026-13-45", "2026-11-20", "2026-11-20T12:00:00Z",
    "9999-12-31T23:59:59+14:00", "0001-01-01 00:00:00", "2026-11-20 12:00:00.123456789", "1790000000", 1790000000, 1790000000000,
    [], {}, [None], [[]], {"a": 1}, [1, "a", None],
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What was done to the answers. ``other_kind``: the new value is of another JSON type than the old, so it may say nothing."""

    exchanges: list[Exchange]
    told: str
    other_kind: bool


def random_change(luck: random.Random, recorded: list[Exchange]) -> Change:
    """One thing in one of the answers changed: a value, a key, an element, a piece of the text."""
    number = luck.randrange(len(recorded))
    body = recorded[number].body
    path, old = luck.choice(list(nodes(body)))
    where = f"{recorded[number].path} {path}"
    match luck.randrange(10):
        case 0:  # a piece of the text
            text = bytearray(json.dumps(body).encode())
            at = luck.randrange(len(text))
            made: Any = bytes(text[:at]) if luck.random() < 0.4 else bytes(text[:at]) + bytes([luck.randrange(256)]) + bytes(text[at + 1 :])
            return Change(_with(recorded, number, made), f"text of {recorded[number].path} at {at}", False)
        case 1 if path and isinstance(path[-1], str):
            return Change(_with(recorded, number, put(body, path, MISSING)), f"without {where}", True)
        case 2 if isinstance(old, list):
            made = old * luck.choice((0, 2, 50))
            return Change(_with(recorded, number, put(body, path, made)), f"{len(made)} elements in {where}", False)
        case 3:  # a value from elsewhere in the same answer
            value = luck.choice(list(nodes(body)))[1]
        case _:
            value = luck.choice(ODD_VALUES)
    kinds = {int: float, bool: bool}
    other = kinds.get(type(value), type(value)) is not kinds.get(type(old), type(old))
    plain = value is None or isinstance(value, bool) or value in ("", " ", "NaN", "Infinity", "true", "null", [], {})
    return Change(_with(recorded, number, put(body, path, value)), f"{str(value)[:60]!r} at {where}", other and plain)


def _with(recorded: list[Exchange], number: int, body: Any) -> list[Exchange]:
    made = list(recorded)
    made[number] = dataclasses.replace(made[number], body=body)
    return made


def trouble(player: Player, verb: Capability, change: Change) -> str | None:
    """What is wrong with how ``verb`` ends after ``change``: another exception than ours, or a figure out of nothing."""
    outcome = player.play(verb, change.exchanges)
    if isinstance(outcome, ProviderError):
        return None
    if isinstance(outcome, BaseException):
        return f"{player.lab.provider.id}.{verb} with {change.told}: {outcome!r}"
    if change.other_kind and (added := figures(outcome) - player.allowed[verb]):
        return f"{player.lab.provider.id}.{verb} with {change.told}: states {added}"
    return None
