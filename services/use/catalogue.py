"""Where the plans come from: invented ones at first, then public prices on request, and lists of one's own."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from typing import Any

from services.model.plan import Origin, Plan
from services.providers.base import Catalogue, Provider
from services.providers.errors import Malformed, ProviderError
from services.providers.facts import ProviderFacts, facts_of
from services.providers.registry import PROVIDERS
from services.providers.sandbox.registry import SANDBOXES
from services.store.acting import as_program
from services.store.catalogue import CatalogueStore, PriceSeen, SourceRow
from services.use.house import House
from services.use.stage import Stage

log = logging.getLogger(__name__)

OLD_AFTER = timedelta(days=1)
LIST_PREFIX = "list:"
SHRUNK = 2
"""A catalogue that fell to less than one part in this many is taken for a failed refresh (contract of Simsima, trap 5)."""


@dataclass(frozen=True, slots=True)
class LiveSource:
    """A seller whose public prices can be fetched. ``row`` is what the store knows of it, None before it was ever used.
    ``next_fetch_at``: the earliest time at which it may be asked again, None when now."""

    facts: ProviderFacts
    row: SourceRow | None
    enabled: bool
    next_fetch_at: datetime | None
    stage: Stage | None


class CatalogueDesk:
    """The catalogue of one account: filling, refreshing, importing. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self.store = CatalogueStore(house.database, account)

    def ensure_plans(self) -> None:
        """At the very first start, put the sandbox's invented plans in, marked as such."""
        if self.store.revision():
            return
        with self._house.lock:
            if self.store.revision():
                return
            fetched = self._house.background.run(self._from_sandboxes(), timeout_s=60)
            for provider, catalogue in fetched.items():
                invented = [replaced(plan, origin=Origin.SANDBOX) for plan in catalogue.plans]
                label = facts_of(provider).name
                with as_program():
                    self.store.replace(f"sandbox:{provider}", label, Origin.SANDBOX, invented, self._now())

    async def _from_sandboxes(self) -> dict[str, Catalogue]:
        found = {}
        for source in keyless():
            provider = PROVIDERS[source](app=SANDBOXES[source](), now=self._now)
            try:
                found[source] = await provider.plans()
            finally:
                await provider.aclose()
        return found

    def live_sources(self, rows: Sequence[SourceRow] | None = None) -> list[LiveSource]:
        """The sellers that can be asked without a key, in the registry's order. ``rows``: what the store just said of them."""
        known = {row.source: row for row in (self.store.sources() if rows is None else rows)}
        return [self._live(source, known.get(source)) for source in keyless()]

    def _live(self, source: str, row: SourceRow | None) -> LiveSource:
        facts = facts_of(source)
        free_at = row.attempted_at + timedelta(seconds=facts.refresh_s) if row and row.attempted_at else None
        return LiveSource(
            facts=facts,
            row=row,
            enabled=row.enabled if row else facts.default_on,
            next_fetch_at=free_at if free_at and free_at > self._now() else None,
            stage=self._stage(source),
        )

    def switch(self, source: str, enabled: bool) -> None:
        self.store.switch(source, facts_of(source).name, enabled)

    def start_refresh(self, sources: Sequence[str] | None = None) -> list[str]:
        """Fetch the switched-on sources (or ``sources``) in the background; returns those started. Safe to call twice.
        Raises NotAllowed."""
        self._house.database.require()
        wanted = [live.facts.id for live in self.live_sources() if live.enabled and (sources is None or live.facts.id in sources)]
        with self._house.lock:
            idle = [source for source in wanted if source not in self._under_way()]
            for source in idle:
                self._set_stage(source, Stage.WAITING)
        for source in idle:
            self._house.background.submit(self._refresh(source))
        return idle

    def refreshing(self) -> bool:
        """Whether a fetch is under way in this process."""
        return bool(self._under_way())

    def _under_way(self) -> set[str]:
        stages = {source: self._stage(source) for source in keyless()}
        return {source for source, stage in stages.items() if stage is not None and not stage.is_over}

    async def _refresh(self, source: str) -> None:
        facts = facts_of(source)
        try:
            started = self._now()
            earliest = started - timedelta(seconds=facts.refresh_s)
            if await asyncio.to_thread(self.store.attempt, source, facts.name, started, earliest):
                self._set_stage(source, Stage.TOO_SOON)
                return
            self._set_stage(source, Stage.FETCHING)
            catalogue = await self._fetch(source)
            self._set_stage(source, Stage.STORING)
            await asyncio.to_thread(self._keep, source, facts.name, catalogue)
            self._set_stage(source, Stage.DONE)
        except ProviderError as error:
            log.warning("%s", error)
            await self._fail(source, failure_of(error))
        except Exception:  # whatever it was, the page must not wait for ever
            code = secrets.token_hex(3)
            log.exception("refresh of %s failed, code %s", source, code)
            await self._fail(source, {"kind": "Unexpected", "code": code})

    async def _fail(self, source: str, failure: dict[str, Any]) -> None:
        try:
            await asyncio.to_thread(self.store.fail, source, failure)
        finally:  # a database that cannot be written now is no reason to wait either
            self._set_stage(source, Stage.FAILED)

    async def _fetch(self, source: str) -> Catalogue:
        provider: Provider = PROVIDERS[source](
            base_url=self._house.configuration.urls.get(source), now=self._now, rate_limits=self._house.rate_limits()
        )
        try:
            return await provider.plans()
        finally:
            await provider.aclose()

    def _keep(self, source: str, label: str, catalogue: Catalogue) -> None:
        before = next((row.plan_count for row in self.store.sources() if row.source == source), 0)
        if len(catalogue.plans) * SHRUNK < before:
            raise Malformed(source, "plans", f"fell_from_{before}_to_{len(catalogue.plans)}")
        skipped = [(entry.path, entry.problem) for entry in catalogue.skipped]
        self.store.replace(source, label, Origin.LIVE, catalogue.plans, self._now(), skipped)

    def lists(self) -> list[SourceRow]:
        """The lists a person imported."""
        return [row for row in self.store.sources() if row.origin is Origin.IMPORTED]

    def add_list(self, label: str, plans: Sequence[Plan]) -> str:
        """Keep an imported list under a name of its own; a list of the same name is replaced. Returns its source id."""
        same = next((row.source for row in self.lists() if row.label == label), None)
        source = same or f"{LIST_PREFIX}{secrets.token_hex(4)}"
        self.store.replace(
            source, label, Origin.IMPORTED, [replaced(plan, source=source, origin=Origin.IMPORTED) for plan in plans], self._now()
        )
        return source

    def remove_list(self, source: str) -> None:
        """Forget an imported list. Raises ValueError for anything else."""
        if not source.startswith(LIST_PREFIX):
            raise ValueError(f"{source} is not an imported list")
        self.store.remove(source)

    def prices(self, source: str, plan_id: str) -> list[PriceSeen]:
        return self.store.prices(source, plan_id)

    def _stage(self, source: str) -> Stage | None:
        return self._house.stages.get((self._account, source))

    def _set_stage(self, source: str, stage: Stage) -> None:
        self._house.stages[self._account, source] = stage


def keyless() -> list[str]:
    """Providers whose whole catalogue can be read without a key."""
    return [name for name in PROVIDERS if facts_of(name).keyless_plans]


def failure_of(error: ProviderError) -> dict[str, Any]:
    """The facts of an error, to keep and to put into words later."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, str | int | float) and name != "may_have_arrived"}
    return {"kind": type(error).__name__, **facts}
