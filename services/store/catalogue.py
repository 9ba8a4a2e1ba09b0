"""The plans an account can compare, where they came from, and how their prices moved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, func, select

from services.model.money import Money
from services.model.plan import Network, Origin, Plan
from services.rules.compare.frame import COLUMN_SPEC, MICRO, UNKNOWN, micro_of, row_of
from services.store.database import Database
from services.store.tables import catalogue_revisions, catalogue_sources, plan_prices, plans

AT_ONCE = 2_000
"""Rows in one statement: more save no time, and take memory."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source of plans. ``failure`` holds the facts of the last attempt when it failed; ``skipped`` the entries that
    could not be read, as (path, problem)."""

    source: str
    label: str
    origin: Origin
    enabled: bool
    attempted_at: datetime | None
    succeeded_at: datetime | None
    failure: dict[str, Any] | None
    plan_count: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PriceSeen:
    """A price from ``seen_at`` on."""

    seen_at: datetime
    price: Money
    promo_price: Money | None


class CatalogueStore:
    """Catalogue of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def revision(self) -> int:
        """Grows with every change of the plans; 0 before the first."""
        return self._database.once(("catalogue revision", self._account), self._revision)

    def columns(self) -> tuple[int, dict[str, Sequence[Any]]]:
        """The revision and every plan of a source that is not switched off, as the columns of ``COLUMN_SPEC``."""
        with self._database.read() as connection:
            revision = self._revision(connection)
            chosen = [plans.c.id.label(name) if name == "plan_key" else plans.c[name] for name in COLUMN_SPEC]
            off = select(catalogue_sources.c.source).where(
                catalogue_sources.c.account_id == self._account, catalogue_sources.c.enabled == 0
            )
            rows = connection.execute(select(*chosen).where(plans.c.account_id == self._account, plans.c.source.not_in(off))).fetchall()
        by_column: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ([] for _ in COLUMN_SPEC)
        return revision, dict(zip(COLUMN_SPEC, by_column, strict=True))

    def sources(self) -> list[SourceRow]:
        """Every source ever used or switched, by label."""
        with self._database.read() as connection:
            query = select(catalogue_sources).where(catalogue_sources.c.account_id == self._account)
            rows = connection.execute(query.order_by(catalogue_sources.c.label, catalogue_sources.c.source)).mappings().all()
        return [
            SourceRow(
                source=row["source"],
                label=row["label"],
                origin=Origin(row["origin"]),
                enabled=bool(row["enabled"]),
                attempted_at=_instant(row["attempted_at"]),
                succeeded_at=_instant(row["succeeded_at"]),
                failure=row["failure"],
                plan_count=row["plan_count"],
                skipped=tuple((path, problem) for path, problem in row["skipped"]),
            )
            for row in rows
        ]

    def replace(
        self, source: str, label: str, origin: Origin, fresh: Sequence[Plan], at: datetime, skipped: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Put ``fresh`` in place of the source's plans, all or nothing. Prices that moved are kept as history. The first
        plans that are not invented drive the invented ones out."""
        with self._database.write(self._account) as connection:
            self._keep_prices(connection, source, fresh, at)
            connection.execute(plans.delete().where(plans.c.account_id == self._account, plans.c.source == source))
            for first in range(0, len(fresh), AT_ONCE):
                connection.execute(plans.insert(), [self._row(plan, origin) for plan in fresh[first : first + AT_ONCE]])
            if origin is not Origin.SANDBOX and fresh:
                self._drop_sandbox(connection)
            count, moment = len(fresh), int(at.timestamp())
            self._write_source(
                connection,
                source,
                {
                    "attempted_at": moment,
                    "succeeded_at": moment,
                    "failure": None,
                    "plan_count": count,
                    "skipped": [list(s) for s in skipped],
                },
                label=label,
                origin=origin,
            )
            self._bump(connection)

    def remove(self, source: str) -> None:
        """Forget a source, its plans and their price history."""
        with self._database.write(self._account) as connection:
            for table in (plans, plan_prices, catalogue_sources):
                connection.execute(table.delete().where(table.c.account_id == self._account, table.c.source == source))
            self._bump(connection)

    def attempt(self, source: str, label: str, at: datetime, not_before: datetime) -> datetime | None:
        """Note that a fetch starts now. Two processes cannot both get one: returns None when this one may go ahead, else
        the time of the attempt that came after ``not_before``."""
        with self._database.write(self._account) as connection:
            query = select(catalogue_sources.c.attempted_at).where(self._of(source))
            before = connection.execute(query).scalar()
            if before is not None and before > not_before.timestamp():
                return _instant(before)
            self._write_source(connection, source, {"attempted_at": int(at.timestamp())}, label=label, origin=Origin.LIVE)
            return None

    def fail(self, source: str, failure: dict[str, Any]) -> None:
        """Keep the facts of a failed fetch; the plans stay as they were."""
        with self._database.write(self._account) as connection:
            connection.execute(catalogue_sources.update().where(self._of(source)).values(failure=failure))

    def switch(self, source: str, label: str, enabled: bool) -> None:
        """Switch a source on or off. Off hides its plans; they are there again when it is switched on."""
        with self._database.write(self._account) as connection:
            self._write_source(connection, source, {"enabled": int(enabled)}, label=label, origin=Origin.LIVE)
            self._bump(connection)

    def prices(self, source: str, plan_id: str) -> list[PriceSeen]:
        """How the price of a plan moved, oldest first."""
        mine = and_(plan_prices.c.account_id == self._account, plan_prices.c.source == source, plan_prices.c.plan_id == plan_id)
        with self._database.read() as connection:
            rows = connection.execute(select(plan_prices).where(mine).order_by(plan_prices.c.seen_at, plan_prices.c.id)).all()
        return [
            PriceSeen(
                datetime.fromtimestamp(row.seen_at, UTC),
                _money(row.price_micro, row.currency),
                None if row.promo_price_micro == UNKNOWN else _money(row.promo_price_micro, row.currency),
            )
            for row in rows
        ]

    def networks(self, plan_key: int) -> tuple[Network, ...]:
        """The networks a plan may use, as published; empty when not."""
        query = select(plans.c.networks).where(plans.c.account_id == self._account, plans.c.id == plan_key)
        with self._database.read() as connection:
            listed = connection.execute(query).scalar() or []
        return tuple(Network(country, operator, tuple(generations)) for country, operator, generations in listed)

    def _of(self, source: str) -> Any:
        return and_(catalogue_sources.c.account_id == self._account, catalogue_sources.c.source == source)

    def _revision(self, connection: Connection) -> int:
        query = select(catalogue_revisions.c.revision).where(catalogue_revisions.c.account_id == self._account)
        return connection.execute(query).scalar() or 0

    def _bump(self, connection: Connection) -> None:
        mine = catalogue_revisions.c.account_id == self._account
        if not connection.execute(catalogue_revisions.update().where(mine).values(revision=catalogue_revisions.c.revision + 1)).rowcount:
            connection.execute(catalogue_revisions.insert().values(account_id=self._account, revision=1))

    def _write_source(self, connection: Connection, source: str, values: dict[str, Any], *, label: str, origin: Origin) -> None:
        if connection.execute(catalogue_sources.update().where(self._of(source)).values(**values)).rowcount:
            return
        first: dict[str, Any] = {"attempted_at": None, "succeeded_at": None, "failure": None, "plan_count": 0, "skipped": [], "enabled": 1}
        row = {"account_id": self._account, "source": source, "label": label, "origin": origin.value, **first, **values}
        connection.execute(catalogue_sources.insert().values(**row))

    def _drop_sandbox(self, connection: Connection) -> None:
        for table in (plans, catalogue_sources):
            connection.execute(table.delete().where(table.c.account_id == self._account, table.c.origin == Origin.SANDBOX.value))

    def _keep_prices(self, connection: Connection, source: str, fresh: Sequence[Plan], at: datetime) -> None:
        mine = and_(plan_prices.c.account_id == self._account, plan_prices.c.source == source)
        newest = select(func.max(plan_prices.c.id)).where(mine).group_by(plan_prices.c.plan_id)
        known = {
            row.plan_id: (row.price_micro, row.promo_price_micro, row.currency)
            for row in connection.execute(select(plan_prices).where(plan_prices.c.id.in_(newest)))
        }
        moved = []
        for plan in fresh:
            price = (micro_of(plan.price), UNKNOWN if plan.promo_price is None else micro_of(plan.promo_price), plan.price.currency)
            if known.get(plan.plan_id) != price:
                moved.append(
                    {
                        "account_id": self._account,
                        "source": source,
                        "plan_id": plan.plan_id,
                        "seen_at": int(at.timestamp()),
                        "price_micro": price[0],
                        "promo_price_micro": price[1],
                        "currency": price[2],
                    }
                )
        for first in range(0, len(moved), AT_ONCE):
            connection.execute(plan_prices.insert(), moved[first : first + AT_ONCE])

    def _row(self, plan: Plan, origin: Origin) -> dict[str, Any]:
        row: dict[str, Any] = row_of(plan, 0)
        del row["plan_key"]
        networks = [[network.country, network.operator, list(network.generations)] for network in plan.networks]
        return {**row, "account_id": self._account, "origin": origin.value, "breakout_country": plan.breakout_country, "networks": networks}


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _money(micro: int, currency: str) -> Money:
    return Money.of(Decimal(micro) / MICRO, currency)
