"""The compare page's logic: what it says about plans whose facts are known, moved or missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Network, Origin, Plan
from services.model.tri import Tri
from services.store.catalogue import CatalogueStore
from services.use.house import house
from services.use.stage import Stage
from tests.app.driving import fresh_app

NOW = datetime.now(UTC)
SOON = (NOW + timedelta(days=30)).date()


def plan(plan_id: str, price: str = "10", **changes: object) -> Plan:
    facts: dict[str, object] = {
        "source": "seller",
        "plan_id": plan_id,
        "seller": "Seller *one*",
        "name": f"[{plan_id}](javascript:alert(1))",
        "allowance": Allowance(AllowanceKind.TOTAL, DataVolume.of(20, DataUnit.GB)),
        "validity_days": 30,
        "countries": frozenset({"JP"}),
        "price": Money.of(price, "USD"),
        "fetched_at": NOW,
    }
    return Plan(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def store(own_house: Path) -> CatalogueStore:
    return CatalogueStore(house().database, "local")


def page(**params: str) -> AppTest:
    app = fresh_app()
    app.query_params["lang"] = "en"
    app.run()
    app.switch_page("../pages/compare.py")
    question = {"lang": "en", "in": "JP", "from": SOON.isoformat(), "to": (SOON + timedelta(days=6)).isoformat(), "gb": "1", "cur": "USD"}
    for name, value in {**question, **params}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.error])


def test_side_by_side_shows_how_a_price_moved_and_the_networks(store: CatalogueStore) -> None:
    networks = (Network("JP", "Docomo", ("4G", "5G")), Network("KR", "SKT"))
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", "10")], NOW - timedelta(days=2))
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", "12.5", networks=networks)], NOW)
    said = texts(page(pick="seller~a"))
    assert "Side by side" in said
    assert r"\$10\.00" in said.split("→")[0]
    assert r"\$12\.50" in said.split("→")[1]
    assert "Docomo" in said
    assert "SKT" not in said, "a network of a country that was not asked for"


def test_unlimited_says_what_it_means_and_has_no_price_per_gb(store: CatalogueStore) -> None:
    stops = Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=DataVolume.of(2, DataUnit.GB), speed_after_kbps=384)
    silent = Allowance(AllowanceKind.UNLIMITED)
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", allowance=stops), plan("b", "11", allowance=silent)], NOW)
    app = page()
    said = texts(app)
    assert "2 GB a day, then 384 kbps" in said
    assert "speed not published" in said
    assert app.dataframe[0].value["per_gb"].isna().all()


def test_unknown_is_shown_as_not_published(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a"), plan("b", hotspot=Tri.YES), plan("c", hotspot=Tri.NO)], NOW)
    table = page().dataframe[0].value
    assert sorted(table["hotspot"]) == ["No", "Not published", "Yes"]
    needed = page(needs="hotspot").dataframe[0].value
    assert list(needed["hotspot"]) == ["Yes", "Not published"], "published first, the silent one marked, the no left out"
    assert list(page(needs="hotspot", unknown="published_only").dataframe[0].value["hotspot"]) == ["Yes"]


def test_a_plan_that_does_not_cover_every_country_comes_after_one_that_does(store: CatalogueStore) -> None:
    both = frozenset({"JP", "KR"})
    store.replace("seller", "Seller", Origin.LIVE, [plan("cheap", "1"), plan("both", "90", countries=both)], NOW)
    table = page(**{"in": "JP,KR"}).dataframe[0].value
    assert list(table["in_KR"]) == ["✓", "✗"]


def test_old_prices_read_as_old(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", fetched_at=NOW - timedelta(days=2))], NOW)
    assert "Old price: more than a day old" in texts(page()).replace("\\", "")
    assert "No plan in the catalogue fits" in texts(page(fresh="1"))


def test_what_narrows_the_answer_is_counted_while_its_fields_are_out_of_sight(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a"), plan("b", "20"), plan("c", "30")], NOW)
    assert "Sort and filter" in {panel.label for panel in page().expander}
    narrowed = page(max="25", sort="total", fresh="1")
    assert "Sort and filter, 3 chosen" in {panel.label for panel in narrowed.expander}
    assert list(narrowed.dataframe[0].value["total"]) == [10, 20]
    narrowed.number_input(key="compare_gb").set_value(2.0).run()
    assert list(narrowed.dataframe[0].value["total"]) == [10, 20], "the same filters for the next question"


def test_text_from_a_seller_is_never_markup(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a")], NOW)
    said = texts(page())
    assert r"\[a\]\(javascript\:alert\(1\)\)" in said
    assert r"Seller \*one\*" in said


def test_a_currency_without_a_rate_has_no_total_and_is_not_free(store: CatalogueStore) -> None:
    in_dollars, in_taiwan_dollars = plan("a", "300"), replace(plan("b"), price=Money.of("1", "TWD"))
    store.replace("seller", "Seller", Origin.LIVE, [in_taiwan_dollars, in_dollars], NOW)
    app = page()
    assert "No exchange rate for this currency" in "\n".join(app.dataframe[0].value["note"])
    assert app.dataframe[0].value["total"].isna().tolist() == [False, True]


def test_only_addresses_of_the_web_can_be_opened(store: CatalogueStore) -> None:
    urls = ["https://seller.example/a", "HTTP://seller.example/b", "javascript:alert(1)", "data:text/html,x", "//seller.example", "", None]
    store.replace("seller", "Seller", Origin.LIVE, [plan(f"p{n}", str(10 + n), buy_url=url) for n, url in enumerate(urls)], NOW)
    app = page(pick="seller~p2|seller~p3")
    assert app.dataframe[0].value["buy_url"].dropna().tolist() == urls[:2]
    assert [button.proto.url for button in app.get("link_button")] == urls[:2]


def test_missing_figures_are_a_dash_and_no_word_of_another_language(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", allowance=Allowance(AllowanceKind.UNLIMITED), validity_days=None)], NOW)
    table = page().dataframe[0]
    assert table.value[["total", "days", "per_gb"]].isna().to_numpy().all()
    assert table.proto.placeholder == "–"


def test_nothing_stands_over_a_chart_that_is_not_there(store: CatalogueStore) -> None:
    store.replace("seller", "Seller", Origin.LIVE, [plan("a", allowance=Allowance(AllowanceKind.UNLIMITED), validity_days=None)], NOW)
    assert "Cost against need" not in texts(page())
    store.replace("seller", "Seller", Origin.LIVE, [plan("a")], NOW)
    assert "Cost against need" in texts(page())


def test_a_path_in_a_sellers_answer_is_never_markup(store: CatalogueStore) -> None:
    store.replace("simsima", "Simsima", Origin.LIVE, [plan("a")], NOW)
    store.fail("simsima", {"kind": "Malformed", "path": "items.[x](https://evil.example)", "problem": "extra"})
    assert "\\[x\\]\\(https\\:\u2060//evil\\.example\\)" in texts(page())


def test_invented_prices_say_so_while_real_ones_are_fetched(store: CatalogueStore) -> None:
    store.replace("sandbox:simsima", "Simsima", Origin.SANDBOX, [plan("a")], NOW)
    house().stages["local", "simsima"] = Stage.FETCHING
    try:
        said = page()
    finally:
        del house().stages["local", "simsima"]
    assert "They show how this page works and cannot be bought" in texts(said)
    assert "Simsima: asking the seller" in texts(said)
