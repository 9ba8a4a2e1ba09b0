"""CheapereSIM: plans for a trip without a key; with the person's read-only token, their orders and usage.

Contract: the provider's own client (esim-mcp). Units: ``data_amount_mb`` and the MB of usage count 1024 to the GB, 0 when unlimited;
``data_gb`` is rounded and never read; ``price_cents`` in minor units. The public search is asked for regional and worldwide plans
once and for local plans country by country, because one answer holds 50 plans, cheapest first over all countries together. It names
the requested countries a plan covers, not all it covers. The token is sent to the two calls of the account and nowhere else.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.order import ProviderReading, RemoteCard, data_left
from services.model.plan import Allowance, AllowanceKind, Plan
from services.model.reading import DataBalance, LineStatus, Measure, ValidityKind
from services.providers.base import Catalogue, Provider, Readings, Wire, collect, parse
from services.providers.errors import Malformed, NotFound, ProviderError
from services.providers.http import Call
from services.providers.wire import Count, Flag, Int, MaybeInstant, MaybeText, Name, Number, Text, iso2_codes

API = "/api/v1"
MOST_COUNTRIES = 10
MOST_PLANS = 50
MOST_PAGES = 1000
UUID = re.compile(r"[0-9A-Za-z-]{1,64}")


class _Plan(Wire):
    id: Int
    name: Text
    scope: Literal["local", "regional", "global"]
    data_amount_mb: Count
    is_unlimited: Flag
    duration_days: Int = Field(gt=0)
    price_cents: Count
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    destination_count: Count | None = None
    covers_requested: tuple[Text, ...]
    buy_url: Text


class _Search(Wire):
    plans: list[Any]


class _Order(Wire):
    uuid: Name
    status: Text
    package_name: MaybeText = None
    destination_iso_code: MaybeText = None
    delivered_at: MaybeInstant = None
    expires_at: MaybeInstant = None
    activated_at: MaybeInstant = None
    data_used_bytes: Count | None = None
    data_total_bytes: Count | None = None
    last_synced_at: MaybeInstant = None
    created_at: MaybeInstant = None


class _Orders(Wire):
    data: list[Any]
    last_page: Int


class _Usage(Wire):
    data_used_mb: Number | None = Field(default=None, ge=0)
    data_remaining_mb: Number | None = Field(default=None, ge=0)
    last_checked_at: MaybeInstant = None


class _UsageAnswer(Wire):
    usage: _Usage | None


class CheapereSim(Provider):
    """Public search of CheapereSIM, and the orders of one customer."""

    id = "cheaperesim"

    async def plans_for_trip(self, countries: Sequence[str], days: int = 1, at_least: DataVolume | None = None) -> Catalogue:
        """Plans that cover one or more of ``countries``. ``complete`` is False when an answer was cut at 50 plans.

        Plans smaller than ``at_least`` are left out: the cheapest ones are tasters that would fill the answer.
        """
        wanted = list(dict.fromkeys(country.upper() for country in countries))
        terms: dict[str, str | int] = {"limit": MOST_PLANS, "days": days}
        if at_least is not None:
            terms["min_data_gb"] = f"{at_least.in_unit(DataUnit.GIB):.3f}"
        groups = [wanted[first : first + MOST_COUNTRIES] for first in range(0, len(wanted), MOST_COUNTRIES)]
        calls = [{**terms, "countries": ",".join(group), "scope": scope} for scope in ("regional", "global") for group in groups]
        calls += [{**terms, "countries": country, "scope": "local"} for country in wanted]
        said = await asyncio.gather(*(self._search(call) for call in calls), return_exceptions=True)
        for failure in said:
            if isinstance(failure, BaseException):
                raise failure
        answers = [answer for answer in said if not isinstance(answer, BaseException)]
        entries = [entry for answer in answers for entry in answer]
        as_of = self.now()
        covered: dict[str, frozenset[str]] = {}

        def read(index: int, entry: Any) -> Plan:
            plan = self._plan(index, entry, as_of)
            covered[plan.plan_id] = covered.get(plan.plan_id, frozenset()) | plan.countries
            return plan

        found = collect(self.id, entries, read, as_of, "plans")
        plans = tuple(replace(plan, countries=covered[plan.plan_id]) for plan in found.plans)
        return replace(found, plans=plans, complete=all(len(answer) < MOST_PLANS for answer in answers))

    async def cards(self) -> tuple[RemoteCard, ...]:
        """The orders of the customer; each is one eSIM."""
        now = self.now()
        return tuple([self._remote(order, now) async for _, order in self._orders()])

    async def reading(self, card: str) -> ProviderReading:
        if not UUID.fullmatch(card):
            raise NotFound(self.id, "card")
        order = {uuid: order async for uuid, order in self._orders(until={card})}.get(card) or NotFound(self.id, "card")
        if isinstance(order, ProviderError):
            raise order
        answer = await self.http.send(Call("GET", f"{API}/orders/{card}/usage", headers=self._with_token()))
        return self._reading(order, parse(self.id, _UsageAnswer, answer.json()).usage)

    async def readings(self, cards: Sequence[str]) -> Readings:
        """From the list of orders alone, which carries what was used when it was last synchronised."""
        found = {uuid: order async for uuid, order in self._orders(until=set(cards))}
        good: dict[str, ProviderReading] = {}
        failed: dict[str, ProviderError] = {}
        for card in cards:
            order = found.get(card) or found.get("") or NotFound(self.id, "card")
            if isinstance(order, ProviderError):
                failed[card] = order
            else:
                good[card] = self._reading(order, None)
        return Readings(good, failed)

    async def _search(self, terms: dict[str, str | int]) -> list[Any]:
        answer = await self.http.send(Call("GET", f"{API}/plans/search", params=terms))
        return parse(self.id, _Search, answer.json()).plans

    def _with_token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credential('token')}"}

    async def _orders(self, until: set[str] | None = None) -> AsyncIterator[tuple[str, _Order | Malformed]]:
        """Every order by its number, page by page; stops early when all of ``until`` were seen. An unreadable one spoils no other."""
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            answer = await self.http.send(Call("GET", f"{API}/orders", params={"page": page}, headers=self._with_token()))
            orders = parse(self.id, _Orders, answer.json())
            before = len(seen)
            for index, entry in enumerate(orders.data):
                uuid = entry.get("uuid") if isinstance(entry, dict) else None
                uuid = uuid if isinstance(uuid, str) else ""
                if uuid not in seen:
                    seen.add(uuid)
                    yield uuid, self._order_or_error(entry, f"data[{index}]")
            if len(seen) == before or page >= orders.last_page or (until is not None and until <= seen):
                return

    def _order_or_error(self, entry: Any, path: str) -> _Order | Malformed:
        try:
            return parse(self.id, _Order, entry, path)
        except Malformed as error:
            return error

    def _plan(self, index: int, entry: Any, as_of: datetime) -> Plan:
        wire = parse(self.id, _Plan, entry, f"plans[{index}]")
        countries, clean = iso2_codes(list(wire.covers_requested))
        if not countries:
            raise Malformed(self.id, f"plans[{index}].covers_requested", "empty")
        if not wire.is_unlimited and wire.data_amount_mb == 0:
            raise Malformed(self.id, f"plans[{index}].data_amount_mb", "no_amount")
        volume = DataVolume.of(wire.data_amount_mb, DataUnit.MIB)
        return Plan(
            source=self.id,
            plan_id=str(wire.id),
            seller=self.facts.name,
            name=wire.name,
            allowance=Allowance(AllowanceKind.UNLIMITED) if wire.is_unlimited else Allowance(AllowanceKind.TOTAL, volume),
            validity_days=wire.duration_days,
            countries=countries,
            coverage_complete=clean and (wire.scope == "local" or wire.destination_count == len(countries)),
            price=Money(Decimal(wire.price_cents), wire.currency),
            fetched_at=as_of,
            buy_url=wire.buy_url if wire.buy_url.startswith("https://") else None,
        )

    def _remote(self, order: _Order | Malformed, now: datetime) -> RemoteCard:
        if isinstance(order, Malformed):
            raise order
        return RemoteCard(
            remote_id=order.uuid,
            name=order.package_name or "",
            countries=iso2_codes([order.destination_iso_code or ""])[0],
            status=_status(order, now),
            status_said=order.status,
            created_at=order.created_at,
        )

    def _reading(self, order: _Order, usage: _Usage | None) -> ProviderReading:
        now = self.now()
        total = None if order.data_total_bytes is None else DataVolume(order.data_total_bytes)
        used = None if order.data_used_bytes is None else DataVolume(order.data_used_bytes)
        left = None if total is None or used is None else data_left(total, used)
        as_of = order.last_synced_at
        if usage is not None and (usage.data_used_mb is not None or usage.data_remaining_mb is not None):
            used = None if usage.data_used_mb is None else DataVolume.of(usage.data_used_mb, DataUnit.MIB)
            left = None if usage.data_remaining_mb is None else DataVolume.of(usage.data_remaining_mb, DataUnit.MIB)
            as_of = usage.last_checked_at
        data = () if (total, used, left) == (None, None, None) else (DataBalance(remaining=left, total=total, used=used),)
        ending = ValidityKind.UNSPECIFIED if order.activated_at is None else ValidityKind.PLAN
        validity = () if order.expires_at is None else (self.ends(ending, order.expires_at),)
        return ProviderReading(
            remote_id=order.uuid,
            taken_at=now,
            as_of=None if as_of is None else min(as_of, now),
            data=data,
            validity=validity,
            status=_status(order, now),
            status_said=order.status,
            complete=frozenset({Measure.DATA} if data else ()) | frozenset({Measure.VALIDITY} if validity else ()),
        )


def _status(order: _Order, now: datetime) -> LineStatus | None:
    """From the dates: the words of ``status`` are not published."""
    if order.expires_at is not None and order.expires_at <= now:
        return LineStatus.EXPIRED
    if order.activated_at is not None:
        return LineStatus.ACTIVE
    if order.delivered_at is not None and "activated_at" in order.model_fields_set:
        return LineStatus.NOT_ACTIVATED
    return None
