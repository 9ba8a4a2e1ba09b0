"""The shipped guides: every file of ``data/``, read once. The one module of this package that touches a file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from services.model.card import CardKind
from services.model.renewal import Channel, Situation
from services.rules.guides.schema import About, Guide, Part, Phase, Point, Step

CHANNELS = "channels"


def parse_guide(text: str) -> Guide:
    """One guide from the text of its file. Raises ``tomllib.TOMLDecodeError`` or pydantic's ``ValidationError``."""
    return Guide.model_validate(tomllib.loads(text))


@cache
def shipped_guides() -> Mapping[str, Guide]:
    """Every shipped guide by id. Raises ValueError when a file's name is not its id."""
    guides = {}
    for entry in sorted(resources.files("services.rules.guides").joinpath("data").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            guide = parse_guide(entry.read_text(encoding="utf-8"))
            if entry.name != f"{guide.id}.toml":
                raise ValueError(f"{entry.name} holds the guide {guide.id!r}")
            guides[guide.id] = guide
    return MappingProxyType(guides)


def operator_guide(operator: str | None) -> Guide | None:
    """None for an operator without a guide of its own."""
    guide = shipped_guides().get(operator or "")
    return guide if guide is not None and guide.about is About.OPERATOR else None


def card_guide(kind: CardKind) -> Guide:
    return shipped_guides()[f"card_{kind.value}"]


def situation_guide(situation: Situation) -> Guide:
    return shipped_guides()[f"situation_{situation.value}"]


def guides_for(operator: str | None, kind: CardKind, situation: Situation) -> tuple[Guide, ...]:
    """The guides that speak about one renewal, the most particular first."""
    own = operator_guide(operator)
    return (*((own,) if own else ()), situation_guide(situation), card_guide(kind), shipped_guides()[CHANNELS])


def points(guides: tuple[Guide, ...], channel: Channel, part: Part) -> tuple[tuple[Guide, Point], ...]:
    """What the guides say in one part about one channel, the most particular first."""
    return tuple((guide, point) for guide in guides for point in guide.points if point.part is part and point.concerns(channel))


def steps(guides: tuple[Guide, ...], channel: Channel, kind: CardKind) -> tuple[Step, ...]:
    """What is ticked off, in order: of each phase the situation's steps first, then those of everybody."""
    found = [step for guide in guides for step in guide.steps if step.concerns(channel, kind)]
    return tuple(step for phase in Phase for step in found if step.phase is phase)
