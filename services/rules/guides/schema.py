"""The shape of a guide: ``data/<id>.toml``.

``about``: ``operator`` (one operator or provider), ``card`` (a kind of card, for operators we do not know), ``situation`` (what makes this
renewal unusual) or ``channel`` (the steps of every channel, for anybody).

``[sources]``: what every key used in the file stands for. ``[[channels]]``: the ways of paying that the facts name, with what to open, call
or visit (``name``) and whether it works from abroad. ``[[points]]``: one fact each, in both languages, in its ``part`` of the guide, for
the ``channels`` it is about (left out: for all). ``[[steps]]``: what is ticked off, ``before`` paying, to ``pay``, ``after`` it; a step
without ``channels`` belongs to every channel, and its tick is kept when the channel is changed half-way.

Every point, channel and step carries evidence: ``source``, ``as_of``, ``confidence`` (``H``, ``M``, ``L``, ``disputed``, ``assumed`` for
the practice of this project). What is not known is left out, or said in ``[[unknowns]]``.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field, model_validator

from services.model.card import CardKind
from services.model.renewal import Channel
from services.model.tri import Tri
from services.rules.clocks.schema import Evidence, Text


class About(StrEnum):
    OPERATOR = "operator"
    CARD = "card"
    SITUATION = "situation"
    CHANNEL = "channel"


class Part(StrEnum):
    """Parts of a guide, in the order they are shown. The last five are about eSIMs."""

    READY = "ready"
    COST = "cost"
    PAYMENT = "payment"
    HOURS = "hours"
    EFFECT = "effect"
    TRAP = "trap"
    WRONG_NUMBER = "wrong_number"
    EVIDENCE = "evidence"
    FALLBACK = "fallback"
    DEVICE = "device"
    PROFILE = "profile"
    INSTALL = "install"
    ACTIVATE = "activate"
    BACKUP = "backup"


class Phase(StrEnum):
    BEFORE = "before"
    PAY = "pay"
    AFTER = "after"


class ChannelEntry(Evidence):
    """One way of paying. ``name``: the app, the host, the number to call, the platform. ``abroad``: whether it works from abroad."""

    channel: Channel
    name: Text
    abroad: Tri = Tri.UNKNOWN


class Point(Evidence):
    part: Part
    text: Text
    channels: tuple[Channel, ...] = ()

    def concerns(self, channel: Channel) -> bool:
        return not self.channels or channel in self.channels


class Step(Evidence):
    id: str = Field(pattern=r"^[a-z0-9_]+$")
    phase: Phase
    text: Text
    channels: tuple[Channel, ...] = ()
    cards: tuple[CardKind, ...] = ()

    def concerns(self, channel: Channel, card: CardKind) -> bool:
        return (not self.channels or channel in self.channels) and (not self.cards or card in self.cards)


class Guide(Evidence):
    """``country``: ISO 3166-1 alpha-2 or "any". ``avoid``: channels that fail in a situation, for a situation's guide."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    about: About
    country: str = Field(pattern=r"^([A-Z]{2}|any)$")
    cards: tuple[CardKind, ...] = Field(min_length=1)
    name: Text
    sources: dict[str, str]
    avoid: tuple[Channel, ...] = ()
    channels: tuple[ChannelEntry, ...] = ()
    points: tuple[Point, ...] = ()
    steps: tuple[Step, ...] = ()
    unknowns: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Guide":
        named = {key for entry in self.facts() for key in entry.source}
        if missing := named - set(self.sources):
            raise ValueError(f"sources without words: {sorted(missing)}")
        if unused := set(self.sources) - named:
            raise ValueError(f"sources nobody names: {sorted(unused)}")
        if len({step.id for step in self.steps}) != len(self.steps):
            raise ValueError("two steps of one id")
        return self

    def facts(self) -> Iterator[ChannelEntry | Point | Step]:
        yield from self.channels
        yield from self.points
        yield from self.steps

    def entry(self, channel: Channel) -> ChannelEntry | None:
        return next((entry for entry in self.channels if entry.channel is channel), None)
