"""The plans of an account in the store."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy.exc import IntegrityError

from bench.generated_plans import generated_plans
from services.model.money import Money
from services.model.plan import Network, Origin, Plan
from services.rules.compare import PlanFrame, row_of
from services.store.catalogue import CatalogueStore
from services.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    database.migrate()
    database.ensure_account("other")
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> CatalogueStore:
    return CatalogueStore(database, "local")


def some(count: int = 50, source: str = "seller") -> list[Plan]:
    return [replace(plan, source=source, plan_id=f"p{number}") for number, plan in enumerate(islice(generated_plans(count), count))]


def stored(store: CatalogueStore) -> dict[str, dict[str, object]]:
    _, columns = store.columns()
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return {str(row["plan_id"]): row for row in rows}


def test_plans_come_back_as_they_went_in(store: CatalogueStore) -> None:
    plans = some()
    store.replace("seller", "Seller", Origin.LIVE, plans, NOW)
    found = stored(store)
    for plan in plans:
        expected = row_of(replace(plan, origin=Origin.LIVE), 0)
        assert {**found[plan.plan_id], "plan_key": 0} == expected
    revision, columns = store.columns()
    assert len(PlanFrame.from_columns(columns)) == len(plans)
    assert revision == store.revision() == 1


def test_an_empty_catalogue_loads_as_an_empty_frame(store: CatalogueStore) -> None:
    revision, columns = store.columns()
    assert revision == 0
    assert len(PlanFrame.from_columns(columns)) == 0


def test_a_refresh_replaces_the_source_and_nothing_else(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, some(20), NOW)
    store.replace("list:1", "Mine", Origin.IMPORTED, [replace(plan, plan_id=f"m{plan.plan_id}") for plan in some(5, "list:1")], NOW)
    store.replace("seller", "Seller", Origin.LIVE, some(3), NOW)
    assert set(stored(store)) == {"p0", "p1", "p2", "mp0", "mp1", "mp2", "mp3", "mp4"}


def test_a_refresh_that_breaks_half_way_leaves_the_old_prices(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, some(20), NOW)
    twice = [*some(5), *some(1)]
    with pytest.raises(IntegrityError):
        store.replace("seller", "Seller", Origin.LIVE, twice, NOW)
    assert len(stored(store)) == 20
    assert store.revision() == 1


@pytest.mark.parametrize("origin", [Origin.LIVE, Origin.IMPORTED])
def test_the_first_plans_that_are_not_invented_drive_the_invented_ones_out(store: CatalogueStore, origin: Origin) -> None:
    store.replace("sandbox:seller", "Seller", Origin.SANDBOX, some(10, "sandbox:seller"), NOW)
    store.replace("real", "Real", origin, [], NOW)
    assert len(stored(store)) == 10, "an empty answer drives nothing out"
    store.replace("real", "Real", origin, [replace(plan, plan_id=f"r{plan.plan_id}") for plan in some(2, "real")], NOW)
    assert set(stored(store)) == {"rp0", "rp1"}
    assert [row.source for row in store.sources()] == ["real"]


def test_only_prices_that_moved_become_history(store: CatalogueStore) -> None:
    plan = some(1)[0]
    prices = ["4", "4", "5.125", "4"]
    for hour, price in enumerate(prices):
        store.replace(
            "seller", "Seller", Origin.LIVE, [replace(plan, price=Money.of(price, "USD"), promo_price=None)], NOW + timedelta(hours=hour)
        )
    seen = store.prices("seller", plan.plan_id)
    assert [(moment.seen_at, moment.price.amount) for moment in seen] == [
        (NOW, Money.of("4", "USD").amount),
        (NOW + timedelta(hours=2), Money.of("5.125", "USD").amount),
        (NOW + timedelta(hours=3), Money.of("4", "USD").amount),
    ]
    assert [moment.promo_price for moment in seen] == [None, None, None]


def test_history_outlives_a_plan_that_is_away_for_a_while(store: CatalogueStore) -> None:
    plans = some(2)
    store.replace("seller", "Seller", Origin.LIVE, plans, NOW)
    store.replace("seller", "Seller", Origin.LIVE, plans[:1], NOW + timedelta(hours=1))
    store.replace("seller", "Seller", Origin.LIVE, plans, NOW + timedelta(hours=2))
    assert len(store.prices("seller", plans[1].plan_id)) == 1


def test_a_source_may_be_asked_again_only_after_its_time(store: CatalogueStore) -> None:
    quarter = timedelta(minutes=15)
    assert store.attempt("seller", "Seller", NOW, NOW - quarter) is None
    later = NOW + timedelta(minutes=14)
    assert store.attempt("seller", "Seller", later, later - quarter) == NOW
    again = NOW + quarter
    assert store.attempt("seller", "Seller", again, again - quarter) is None


def test_a_failure_is_kept_and_hides_no_plan(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, some(7), NOW)
    store.fail("seller", {"kind": "Malformed", "path": "items[0]"})
    assert len(stored(store)) == 7
    assert store.sources()[0].failure == {"kind": "Malformed", "path": "items[0]"}
    store.replace("seller", "Seller", Origin.LIVE, some(7), NOW)
    assert store.sources()[0].failure is None


def test_switching_a_source_off_hides_its_plans_and_on_shows_them(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, some(7), NOW)
    store.switch("seller", "Seller", False)
    assert stored(store) == {}
    store.switch("seller", "Seller", True)
    assert len(stored(store)) == 7
    assert store.revision() == 3


def test_accounts_do_not_see_each_other(database: Database, store: CatalogueStore) -> None:
    other = CatalogueStore(database, "other")
    store.replace("seller", "Seller", Origin.LIVE, some(4), NOW)
    other.replace("seller", "Seller", Origin.LIVE, some(2), NOW)
    other.switch("seller", "Seller", False)
    other.remove("seller")
    assert (len(stored(store)), len(stored(other))) == (4, 0)
    assert other.sources() == []
    assert other.prices("seller", "p0") == []
    assert len(store.prices("seller", "p0")) == 1
    assert (store.revision(), other.revision()) == (1, 3)


def test_networks_come_back(store: CatalogueStore) -> None:
    networks = (Network("JP", "Docomo", ("4G", "5G")), Network("KR", "SKT"))
    store.replace("seller", "Seller", Origin.LIVE, [replace(some(1)[0], networks=networks)], NOW)
    _, columns = store.columns()
    assert store.networks(columns["plan_key"][0]) == networks
