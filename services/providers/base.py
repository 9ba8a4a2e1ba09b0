"""What every provider can be asked. A provider overrides what its contract has; the rest answers Unsupported."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.types import ASGIApp

from services.model.data_volume import DataVolume
from services.model.order import AccountBalance, InstallInfo, OrderOutcome, ProviderReading, RemoteCard, TopUpProduct
from services.model.plan import Plan
from services.model.reading import Validity, ValidityKind
from services.providers.errors import Malformed, ProviderError, Refused, Unauthorised, Unsupported
from services.providers.facts import ProviderFacts, facts_of
from services.providers.http import Answer, Call, Endpoint, Http
from services.providers.ordering import LOOK_AGAIN_S, place_once
from services.providers.rate_limits import RATE_LIMITS, Limit, RateLimits
from services.providers.tokens import TOKENS, Token, TokenCache


class Capability(StrEnum):
    """The verbs of a provider, each the name of a method of :class:`Provider`."""

    PLANS = "plans"
    PLANS_FOR_TRIP = "plans_for_trip"
    CARDS = "cards"
    READING = "reading"
    READINGS = "readings"
    TOP_UPS = "top_ups"
    TOP_UP = "top_up"
    FIND_ORDER = "find_order"
    INSTALL = "install"
    ACCOUNT = "account"


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
    ``hidden`` counts entries left out on purpose, such as sold-out ones. ``complete``: False when the seller cut the list."""

    plans: tuple[Plan, ...]
    as_of: datetime
    skipped: tuple[Skipped, ...] = ()
    hidden: int = 0
    complete: bool = True


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


@dataclass(frozen=True, slots=True)
class Readings:
    """Many cards looked up at once. A card is in one of the two: its reading, or what went wrong with it alone."""

    good: Mapping[str, ProviderReading]
    failed: Mapping[str, ProviderError]


class Provider:
    """One account at one provider, or its public side.

    A card is named by its ``remote_id`` throughout (see :class:`RemoteCard`). Every method raises the family of
    ``services.providers.errors``; one that a provider does not override raises Unsupported.

    ``app``: speak to an emulator inside the process. ``adjust``: change the endpoint (shorter time limits in tests).
    Token, rate limits and orders under way are shared by all instances of one account, whatever their threads.
    """

    id: ClassVar[str]

    def __init__(
        self,
        *,
        base_url: str | None = None,
        app: ASGIApp | None = None,
        credentials: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        adjust: Callable[[Endpoint], Endpoint] = lambda endpoint: endpoint,
        rate_limits: RateLimits = RATE_LIMITS,
        tokens: TokenCache = TOKENS,
    ) -> None:
        self.facts: ProviderFacts = facts_of(self.id)
        self.credentials = dict(credentials or {})
        self.now = now
        self.tokens = tokens
        self.look_again_s: tuple[float, ...] = LOOK_AGAIN_S
        self.account_key = self._account_key(base_url, app)
        endpoint = Endpoint(
            provider=self.id,
            base_url=base_url or self.facts.base_url,
            # An address of one's own (an emulator, a relay) answers for tokens too.
            auth_url="" if base_url or app else self.facts.auth_url,
            limits=tuple(Limit(limit.calls, limit.per_s, limit.scope) for limit in self.facts.limits),
            attempt_timeout_s=self.facts.attempt_timeout_s,
            call_timeout_s=self.facts.call_timeout_s,
            slow_timeout_s=self.facts.slow_timeout_s,
            max_body_bytes=self.facts.max_body_bytes,
            account=self.account_key,
            secrets=tuple(
                self.credentials[field.name] for field in self.facts.credentials if field.secret and field.name in self.credentials
            ),
            app=app,
        )
        self.http = Http(adjust(endpoint), rate_limits)

    def _account_key(self, base_url: str | None, app: ASGIApp | None) -> str:
        """Tells two accounts at this provider apart without holding a secret."""
        shown = [self.credentials.get(field.name, "") for field in self.facts.credentials if not field.secret]
        hidden = "|".join(self.credentials.get(field.name, "") for field in self.facts.credentials if field.secret)
        place = f"inside {id(app)}" if app is not None else base_url or ""
        return "|".join([place, *shown, hashlib.sha256(hidden.encode()).hexdigest()[:8]])

    @classmethod
    def capabilities(cls) -> frozenset[Capability]:
        """The verbs this provider has: those it overrides."""
        return frozenset(verb for verb in Capability if getattr(cls, verb.value) is not getattr(Provider, verb.value))

    @property
    def connected(self) -> bool:
        """Whether every credential the provider asks for is there."""
        return all(self.credentials.get(field.name) for field in self.facts.credentials if field.required)

    def offers(self) -> frozenset[Capability]:
        """The verbs that can be used now, with the credentials at hand."""
        if self.connected and self.facts.credentials:
            return self.capabilities()
        keyless = {Capability.PLANS: self.facts.keyless_plans, Capability.PLANS_FOR_TRIP: self.facts.keyless_trip_plans}
        return frozenset(verb for verb in self.capabilities() if keyless.get(verb))

    def credential(self, name: str) -> str:
        """The credential ``name``. Raises Unauthorised when it was not given."""
        value = self.credentials.get(name, "")
        if not value:
            raise Unauthorised(self.id, f"{name} missing")
        return value

    async def aclose(self) -> None:
        await self.http.aclose()

    def calls_left(self) -> list[int]:
        """Calls left now under each limit of the facts, in their order."""
        return self.http.calls_left()

    async def check(self) -> None:
        """One cheap read with the credentials at hand. Returns when they work, raises what went wrong when they do not."""
        if Capability.ACCOUNT in self.capabilities():
            await self.account()
        else:
            await self.cards()

    async def send_with_token(self, call: Call) -> Answer:
        """Send ``call`` with the account's token; when it is refused, renew the token once for all callers and send again.

        A 401 says that nothing was done, so this is safe for orders too. Providers with tokens override ``fetch_token``.
        """
        token = await self.tokens.get(self.account_key, self.fetch_token)
        try:
            return await self._send_as(token, call)
        except Unauthorised as error:
            if error.may_have_arrived:
                raise
        token = await self.tokens.get(self.account_key, self.fetch_token, refused=token)
        return await self._send_as(token, call)

    async def _send_as(self, token: str, call: Call) -> Answer:
        self.http.keep_secret(token)
        return await self.http.send(replace(call, headers={**(call.headers or {}), "Authorization": f"Bearer {token}"}))

    async def fetch_token(self) -> Token:
        """A fresh token for the account."""
        raise Unsupported(self.id, "token")

    async def place_once(
        self,
        reference: str,
        send: Callable[[], Awaitable[OrderOutcome]],
        *,
        search_first: bool,
        is_duplicate: Callable[[Refused], bool] = lambda refusal: False,
    ) -> OrderOutcome:
        """``send`` an order under ``reference`` exactly once; see :mod:`services.providers.ordering`. For ``top_up``."""
        return await place_once(
            f"{self.id}|{self.account_key}",
            reference,
            send,
            self.find_order,
            search_first=search_first,
            is_duplicate=is_duplicate,
            look_again_s=self.look_again_s,
        )

    def earliest(self, taken_at: datetime) -> datetime:
        """The earliest time that figures read at ``taken_at`` can be from, by the lag this provider is known for."""
        return taken_at - timedelta(seconds=self.facts.reading_lag_s or 0)

    def ends(self, kind: ValidityKind, moment: datetime, name: str = "") -> Validity:
        """Something that ends at ``moment``. Its last day is counted in UTC, and is the day before when it ends at midnight.
        Raises Malformed for a moment at the edge of all calendars."""
        try:
            last_day = (moment - timedelta(seconds=1)).astimezone(UTC).date()
        except OverflowError:
            raise Malformed(self.id, name or kind.value, "date_out_of_range") from None
        return Validity(kind, last_day, name, moment)

    async def plans(self) -> Catalogue:
        """Every plan on public or account sale."""
        raise Unsupported(self.id, "plans")

    async def plans_for_trip(self, countries: Sequence[str], days: int, at_least: DataVolume | None = None) -> Catalogue:
        """Plans for ``countries`` (ISO 3166-1 alpha-2) lasting at least ``days``; the provider learns the countries."""
        raise Unsupported(self.id, "plans_for_trip")

    async def cards(self) -> tuple[RemoteCard, ...]:
        """The account's cards, newest first where the provider dates them."""
        raise Unsupported(self.id, "cards")

    async def reading(self, card: str) -> ProviderReading:
        """What is left on one card. Raises NotFound for a card that is not there; never an empty reading for it."""
        raise Unsupported(self.id, "reading")

    async def readings(self, cards: Sequence[str]) -> Readings:
        """Many cards in few calls. Only providers with a bulk call override it; for the rest see ``read_many``."""
        raise Unsupported(self.id, "readings")

    async def top_ups(self, card: str) -> tuple[TopUpProduct, ...]:
        """What can be put on this card now; empty when nothing fits. Raises Refused when the card cannot be topped up any more."""
        raise Unsupported(self.id, "top_ups")

    def new_reference(self, card: str, product: TopUpProduct) -> str:
        """A reference for one intended purchase, to be stored before :meth:`top_up` is called.

        Where a provider keeps no reference of ours, this one says what was bought for which card and when, so that
        :meth:`find_order` can find it after a restart too.
        """
        return secrets.token_hex(16)

    async def top_up(self, card: str, product: TopUpProduct, reference: str) -> OrderOutcome:
        """Put ``product`` on ``card``, paid from the account. Store ``reference`` before calling; use it again after a failure.

        ``reference``: unique for the intended purchase, ``REFERENCE`` says which. An outcome that nobody can be sure of is
        returned with status UNKNOWN. Raises only errors that mean: nothing was bought.
        """
        raise Unsupported(self.id, "top_up")

    async def find_order(self, reference: str) -> OrderOutcome | None:
        """The order placed under ``reference``; None when the provider's list does not have it (now)."""
        raise Unsupported(self.id, "find_order")

    async def install(self, card: str) -> InstallInfo:
        """How to put the card into a phone."""
        raise Unsupported(self.id, "install")

    async def account(self) -> AccountBalance:
        """The purse that top-ups are paid from; the cheapest way to test credentials."""
        raise Unsupported(self.id, "account")


REFERENCE = re.compile(r"[A-Za-z0-9_-]{8,50}")
"""References that every provider takes: 50 characters at most, no spaces or signs that would need quoting."""


def check_reference(reference: str) -> str:
    """``reference``, if every provider takes it. Raises ValueError otherwise."""
    if not REFERENCE.fullmatch(reference):
        raise ValueError("a reference has 8 to 50 letters, digits, - and _")
    return reference


async def read_many(provider: Provider, cards: Sequence[str], at_once: int = 8) -> Readings:
    """The readings of ``cards``: by the bulk call where there is one, else one by one, ``at_once`` at a time, within the limits."""
    if Capability.READINGS in provider.capabilities():
        return await provider.readings(cards)
    good: dict[str, ProviderReading] = {}
    failed: dict[str, ProviderError] = {}
    turns = asyncio.Semaphore(at_once)

    async def one(card: str) -> None:
        async with turns:
            try:
                good[card] = await provider.reading(card)
            except ProviderError as error:
                failed[card] = error

    async with asyncio.TaskGroup() as group:
        for card in dict.fromkeys(cards):
            group.create_task(one(card))
    return Readings(good, failed)
