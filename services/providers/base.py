"""What every provider can be asked. A provider overrides what its contract has; the rest answers Unsupported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.types import ASGIApp

from services.model.plan import Plan
from services.providers.errors import Malformed, Unsupported
from services.providers.facts import ProviderFacts, facts_of
from services.providers.http import Endpoint, Http, Limit


class Capability(StrEnum):
    """The verbs of a provider, each the name of a method."""

    PLANS = "plans"


class Wire(BaseModel):
    """Base of the models that parse a provider's answers: unknown fields are ignored, wrong ones fail with their path."""

    model_config = ConfigDict(extra="ignore", frozen=True)


WireModel = TypeVar("WireModel", bound=BaseModel)


def parse(provider: str, model: type[WireModel], value: Any, path: str = "") -> WireModel:
    """``value`` as ``model``. Raises Malformed with the path of the first field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Malformed(provider, join_path(path, first["loc"]), str(first["type"])) from None


def join_path(path: str, loc: tuple[int | str, ...]) -> str:
    """``items`` and ``(3, "price")`` make ``items[3].price``."""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry of a catalogue that could not be read: where it stood and what was wrong with it."""

    path: str
    problem: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All plans of one seller. ``as_of``: when the seller says the prices were made, else when they were fetched.
    ``hidden`` counts entries left out on purpose, such as sold-out ones."""

    plans: tuple[Plan, ...]
    as_of: datetime
    skipped: tuple[Skipped, ...] = ()
    hidden: int = 0


MOST_SKIPPED = 0.05
"""A catalogue with a larger share of unreadable entries has changed its shape and is refused whole."""


def collect(provider: str, entries: list[Any], read: Callable[[int, Any], Plan | None], as_of: datetime, path: str) -> Catalogue:
    """Read each entry by itself, so that one bad entry costs one plan. ``read`` returns None to hide an entry and raises
    Malformed for one it cannot read. Raises Malformed when too many are unreadable."""
    plans: dict[str, Plan] = {}
    skipped: list[Skipped] = []
    hidden = 0
    for index, entry in enumerate(entries):
        try:
            plan = read(index, entry)
        except Malformed as error:
            skipped.append(Skipped(error.path, error.problem))
            continue
        except ValueError as error:
            skipped.append(Skipped(f"{path}[{index}]", str(error)))
            continue
        if plan is None:
            hidden += 1
        else:
            plans.setdefault(plan.plan_id, plan)
    if len(skipped) > MOST_SKIPPED * len(entries):
        raise Malformed(provider, skipped[0].path, f"{len(skipped)}_of_{len(entries)}_unreadable")
    return Catalogue(tuple(plans.values()), as_of, tuple(skipped), hidden)


class Provider:
    """One account at one provider, or its public side. Give ``app`` to speak to an emulator inside the process."""

    id: ClassVar[str]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        app: ASGIApp | None = None,
        credentials: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts: ProviderFacts = facts_of(self.id)
        self.credentials = dict(credentials or {})
        self.now = now
        self.http = Http(
            Endpoint(
                provider=self.id,
                base_url=base_url or self.facts.base_url,
                limits=tuple(Limit(limit.calls, limit.per_s, limit.scope) for limit in self.facts.limits),
                attempt_timeout_s=self.facts.attempt_timeout_s,
                call_timeout_s=self.facts.call_timeout_s,
                max_body_bytes=self.facts.max_body_bytes,
                account=self.account_key,
                secrets=tuple(
                    self.credentials[field.name] for field in self.facts.credentials if field.secret and field.name in self.credentials
                ),
                app=app,
            )
        )

    @property
    def account_key(self) -> str:
        """Tells two accounts at this provider apart without holding a secret."""
        return "|".join(self.credentials.get(field.name, "") for field in self.facts.credentials if not field.secret)

    @classmethod
    def capabilities(cls) -> frozenset[Capability]:
        """The verbs this provider has: those it overrides."""
        return frozenset(verb for verb in Capability if getattr(cls, verb.value) is not getattr(Provider, verb.value))

    async def aclose(self) -> None:
        await self.http.aclose()

    async def plans(self) -> Catalogue:
        """Every plan on public or account sale."""
        raise Unsupported(self.id, "plans")
