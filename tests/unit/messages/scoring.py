"""What a reader's answer says, in the words of the corpus. Shares no arithmetic with the reader."""

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from services.rules.messages.reader import Category, Message, read

RECEIVED = date(2026, 11, 20)
_SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "GiB": 2**30, "MiB": 2**20}


@dataclass(frozen=True)
class Sample:
    text: str
    sender: str
    operator: str | None
    category: str | None
    expect: frozenset[str]


def corpus(name: str) -> list[Sample]:
    """The texts of one file beside this module."""
    rows = tomllib.loads((Path(__file__).parent / "corpus" / f"{name}.toml").read_text(encoding="utf-8"))["text"]
    return [
        Sample(
            row["text"], row.get("sender", ""), row.get("operator"), row.get("category"), frozenset(map(canonical, row.get("expect", [])))
        )
        for row in rows
    ]


def answer(sample: Sample) -> Message:
    return read(sample.text, received=RECEIVED, sender=sample.sender, operator=sample.operator)


def canonical(line: str) -> str:
    """One expectation with its amount in base units: "data.left=1.5GB" is "data.left=1500000000"."""
    if "=" not in line:
        return line
    field, value = line.split("=", 1)
    kind = field.split(".")[0]
    if kind == "money":
        currency, amount = value.split()
        return f"{field}={currency} {Decimal(amount).normalize():f}"
    if kind == "data" and not value[-1].isdigit():
        unit = next(unit for unit in ("GiB", "MiB", "GB", "MB", "KB") if value.endswith(unit))
        return f"{field}={int(Decimal(value.removesuffix(unit)) * _SIZES[unit])}"
    if kind == "voice" and value.endswith("min"):
        return f"{field}={int(value.removesuffix('min')) * 60}"
    return line


def said(message: Message) -> frozenset[str]:
    """Everything the message would put on a card, as canonical expectations."""
    lines = set()
    for purse in message.money:
        lines.add(f"money.{purse.kind.value}={purse.money.currency} {purse.money.amount.normalize():f}")
    for package in message.data:
        name = f"[{package.name}]" if package.name else ""
        for label, volume in (("left", package.remaining), ("total", package.total), ("used", package.used)):
            if volume is not None:
                lines.add(f"data.{label}{name}={volume.bytes}")
        if package.unlimited.value == "yes":
            lines.add(f"data{name}=unlimited")
    for kind, counts in (("voice", message.voice), ("sms", message.sms)):
        for count in counts:
            for label, number in (("left", count.remaining), ("total", count.total), ("used", count.used)):
                if number is not None:
                    lines.add(f"{kind}.{label}={number}")
            if count.unlimited.value == "yes":
                lines.add(f"{kind}=unlimited")
    lines |= {f"date.{end.kind.value}={end.last_day.isoformat()}" for end in message.validity}
    for event in message.events:
        lines.add(f"event={event.kind.value}")
        if event.money is not None:
            lines.add(f"money.topped_up={event.money.currency} {event.money.amount.normalize():f}")
    lines |= {f"ask={question.field.split('.')[0]}" for question in message.questions}
    return frozenset(lines)


@dataclass
class Score:
    """``wrong``: said and not expected. ``missed``: expected and not said. ``misnamed``: of another category than the corpus demands."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    misnamed: int = 0

    def add(self, sample: Sample, message: Message) -> None:
        lines = said(message)
        self.right += len(lines & sample.expect)
        self.wrong += len(lines - sample.expect)
        self.missed += len(sample.expect - lines)
        self.misnamed += sample.category is not None and Category(sample.category) is not message.category

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0
