"""From a table and a mapping to plans: every row is accepted or explained."""

import csv
import io
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Origin, Plan
from services.model.tri import Tri
from services.rules import places, plan_lists
from services.rules.plan_lists import (
    ColumnMapping,
    Field,
    ImportResult,
    Period,
    Reason,
    RefusedRow,
    Row,
    Table,
    ZeroData,
    ZeroValidity,
    convert,
    read_table,
    suggest_mapping,
)
from tests.unit.plan_lists.lists import generated_list, workbook

WHEN = datetime(2025, 12, 8, tzinfo=UTC)
REAL_LIST = Path(__file__).parents[4] / "shared/data/plans-central-europe.csv"
ISO = {"slovakia": "SK", "czechia": "CZ", "germany": "DE", "austria": "AT"}
BASE = ColumnMapping(
    columns={
        Field.SELLER: "seller",
        Field.NAME: "name",
        Field.DATA: "data",
        Field.VALIDITY_DAYS: "days",
        Field.PRICE: "price",
        Field.COUNTRIES: "countries",
    },
    data_unit=DataUnit.GB,
    currency="USD",
)
GOOD = {"seller": "S", "name": "N", "data": "5", "days": "30", "price": "9.50", "countries": "JP"}


def imported(rows: list[dict[str, str]], mapping: ColumnMapping = BASE, **extra: Field) -> ImportResult:
    """Converts rows given by column; ``extra`` maps further columns."""
    columns = tuple(dict.fromkeys(name for row in rows for name in [*GOOD, *row]))
    table = Table(columns, tuple(Row(number, tuple((GOOD | row).get(name, "") for name in columns)) for number, row in enumerate(rows, 2)))
    more = {field: column for column, field in extra.items()}
    return convert(table, replace(mapping, columns={**mapping.columns, **more}), source="list-1", fetched_at=WHEN)


def plan(row: dict[str, str], mapping: ColumnMapping = BASE, **extra: Field) -> Plan:
    result = imported([row], mapping, **extra)
    assert not result.refused
    return result.plans[0]


def refusal(row: dict[str, str], mapping: ColumnMapping = BASE, **extra: Field) -> tuple[Reason, Field | None, dict[str, str]]:
    result = imported([row], mapping, **extra)
    assert not result.plans
    [refused] = result.refused
    assert refused.column == (None if refused.field is None else {**mapping.columns, **{v: k for k, v in extra.items()}}[refused.field])
    return refused.reason, refused.field, dict(refused.facts)


def scraped_mapping(table: Table) -> ColumnMapping:
    """What a person who read the scraped list's README says."""
    return replace(
        suggest_mapping(table.columns, table.rows),
        zero_data=ZeroData.UNLIMITED,
        zero_validity=ZeroValidity.NOT_PUBLISHED,
        coverage_complete=False,
    )


def check_scraped_list(data: bytes) -> None:
    """Judges an import of a scraped list against the file read plainly."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"))))
    table = read_table("plans.csv", data)
    result = convert(table, scraped_mapping(table), source="list-1", fetched_at=WHEN)
    assert len(result.plans) + len(result.refused) == len(rows) == len(table.rows)
    monthly = {i for i, row in enumerate(rows, 2) if row["data_cap_per"] == "month" and not 1 <= int(row["validity_days"]) <= 30}
    assert monthly
    assert {(row.number, row.reason, row.column) for row in result.refused} == {
        (i, Reason.MONTHLY_ALLOWANCE, "data_cap_per") for i in monthly
    }
    kept = [row for i, row in enumerate(rows, 2) if i not in monthly]
    answers = {"True": Tri.YES, "False": Tri.NO, "": Tri.UNKNOWN}
    for row, got in zip(kept, result.plans, strict=True):
        assert (got.plan_id, got.seller, got.origin, got.source) == (row["plan_id"], row["provider_name"], Origin.IMPORTED, "list-1")
        assert abs(got.price.amount - Decimal(row["usd_price"])) < Decimal("0.000001")
        assert got.price.currency == "USD"
        if row["usd_promo_price"]:
            assert abs((got.promo_price or got.price).amount - Decimal(row["usd_promo_price"])) < Decimal("0.000001")
        else:
            assert got.promo_price is None
        assert got.validity_days == (int(row["validity_days"]) or None)
        assert got.countries == {ISO[name] for name in ISO if f'"{name}"' in row["countries"]}
        assert not got.coverage_complete
        assert (got.hotspot, got.top_up) == (answers[row["tethering"]], answers[row["can_top_up"]])
        assert got.new_users_only is answers[row["new_user_only"]]
        assert got.allowance.kind is (
            AllowanceKind.UNLIMITED
            if row["data_mb"] == "0"
            else AllowanceKind.PER_DAY
            if row["data_cap_per"] == "day"
            else AllowanceKind.TOTAL
        )
        assert (got.allowance.volume.bytes if got.allowance.volume else 0) == int(row["data_mb"]) * 1_000_000
        assert "&amp;" not in got.name


def test_a_generated_scraped_list_imports_whole_or_explained() -> None:
    check_scraped_list(generated_list(2_000))


def test_the_real_scraped_list_where_it_is_kept_beside_the_project_imports_whole_or_explained() -> None:
    data = REAL_LIST.read_bytes() if REAL_LIST.exists() else generated_list(10_318, seed=8)
    check_scraped_list(data)


def test_the_suggestion_for_a_scraped_list_needs_only_what_a_person_must_know() -> None:
    table = read_table("plans.csv", generated_list(20))
    suggested = suggest_mapping(table.columns, table.rows)
    assert suggested.columns == {
        Field.PLAN_ID: "plan_id",
        Field.SELLER: "provider_name",
        Field.NAME: "plan_name",
        Field.DATA: "data_mb",
        Field.DATA_PERIOD: "data_cap_per",
        Field.VALIDITY_DAYS: "validity_days",
        Field.PRICE: "usd_price",
        Field.PROMO_PRICE: "usd_promo_price",
        Field.COUNTRIES: "countries",
        Field.HOTSPOT: "tethering",
        Field.TOP_UP: "can_top_up",
        Field.NEW_USERS_ONLY: "new_user_only",
    }
    assert (suggested.data_unit, suggested.currency, suggested.decimal_mark) == (DataUnit.MB, "USD", ".")
    assert (suggested.zero_data, suggested.zero_validity) == (ZeroData.REFUSE, ZeroValidity.REFUSE)


def test_suggestions_for_chinese_and_german_lists() -> None:
    chinese = suggest_mapping(["商家", "套餐名称", "流量(GB)", "有效期（天）", "价格（人民币）", "适用国家", "热点"])
    assert chinese.columns == {
        Field.SELLER: "商家",
        Field.NAME: "套餐名称",
        Field.DATA: "流量(GB)",
        Field.VALIDITY_DAYS: "有效期（天）",
        Field.PRICE: "价格（人民币）",
        Field.COUNTRIES: "适用国家",
        Field.HOTSPOT: "热点",
    }
    assert (chinese.data_unit, chinese.currency) == (DataUnit.GB, "CNY")
    table = read_table("p.csv", b"Seller;Data MiB;Price EUR;Country\nA;1,5;3,50;DE\nB;2;4,00;AT\n")
    german = suggest_mapping(table.columns, table.rows)
    assert (german.data_unit, german.currency, german.decimal_mark) == (DataUnit.MIB, "EUR", ",")
    result = convert(table, german, source="x", fetched_at=WHEN)
    assert [got.price for got in result.plans] == [Money.of("3.50", "EUR"), Money.of("4", "EUR")]
    assert result.plans[0].allowance.volume == DataVolume(1_572_864)


def test_nothing_is_suggested_where_nothing_is_said() -> None:
    suggested = suggest_mapping(["foo", "bar", "data"])
    assert (suggested.columns, suggested.data_unit, suggested.currency) == ({Field.DATA: "data"}, None, None)


def test_the_file_of_column_names_knows_every_field_and_no_name_twice() -> None:
    file = Path(plan_lists.__file__).parent / "data/column_names.toml"
    names = tomllib.loads(file.read_text(encoding="utf-8"))
    assert set(names) == {field.value for field in Field}
    every = [name for known in names.values() for name in known]
    assert len(set(every)) == len(every)


def test_a_mapping_that_cannot_work_is_refused_before_any_row() -> None:
    table = Table(("a", "b"), (Row(2, ("1", "2")),))

    def error(mapping: ColumnMapping) -> Exception:
        with pytest.raises(plan_lists.MappingError) as caught:
            convert(table, mapping, source="x", fetched_at=WHEN)
        return caught.value

    nothing = error(ColumnMapping(columns={}))
    assert isinstance(nothing, plan_lists.FieldsMissing)
    assert nothing.fields == ("price", "countries", "data", "seller", "currency")
    no_unit = error(ColumnMapping(columns={Field.PRICE: "a", Field.COUNTRIES: "b", Field.DATA: "a"}, seller="S", currency="USD"))
    assert isinstance(no_unit, plan_lists.FieldsMissing)
    assert no_unit.fields == ("data_unit",)
    assert isinstance(error(ColumnMapping(columns={Field.PRICE: "c"})), plan_lists.NoSuchColumn)
    columns = {Field.PRICE: "a", Field.COUNTRIES: "b", Field.UNLIMITED: "a"}
    assert isinstance(error(ColumnMapping(columns=columns, seller="S", currency="QQQ")), plan_lists.UnknownCurrency)
    with pytest.raises(ValueError, match="time zone"):
        convert(table, ColumnMapping(columns=columns, seller="S", currency="USD"), source="x", fetched_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_good_rows_are_kept_beside_refused_ones_with_their_cells() -> None:
    result = imported([{}, {"price": "free!", "name": "x" * 300}, {"name": "second"}])
    assert [got.name for got in result.plans] == ["N", "second"]
    [refused] = result.refused
    assert refused == RefusedRow(3, Field.PRICE, "price", Reason.NOT_A_NUMBER, {}, ("S", "x" * 200, "5", "30", "free!", "JP"))


def test_preview_reads_only_the_first_rows() -> None:
    table = read_table("p.csv", generated_list(100))
    result = plan_lists.preview(table, scraped_mapping(table), source="x", fetched_at=WHEN, rows=7)
    assert len(result.plans) + len(result.refused) == 7


@pytest.mark.parametrize(
    ("cell", "unit", "size"),
    [
        ("5", DataUnit.GB, 5_000_000_000),
        ("5", DataUnit.GIB, 5_368_709_120),
        ("0.5", DataUnit.MB, 500_000),
        ("1,000", DataUnit.MB, 1_000_000_000),
        ("500MB", DataUnit.GB, 500_000_000),
        ("500 mb", DataUnit.GIB, 524_288_000),
        ("2 GiB", DataUnit.MB, 2_147_483_648),
        ("１０ＧＢ", DataUnit.MB, 10_000_000_000),
    ],
)
def test_amounts_of_data(cell: str, unit: DataUnit, size: int) -> None:
    got = plan({"data": cell}, replace(BASE, data_unit=unit))
    assert got.allowance == Allowance(AllowanceKind.TOTAL, DataVolume(size))


def test_what_only_looks_like_a_number_is_refused() -> None:
    for cell in ("5²", "½", "5 GB?", "five", "GB", "1 TBit", "5.5.5"):
        assert refusal({"data": cell})[:2] == (Reason.NOT_A_NUMBER, Field.DATA)


@pytest.mark.parametrize("cell", ["Unlimited", "无限流量", "∞"])
def test_unlimited_in_words(cell: str) -> None:
    assert plan({"data": cell}).allowance == Allowance(AllowanceKind.UNLIMITED)


def test_unlimited_with_fair_use_and_speed() -> None:
    row = {"data": "", "unlim": "yes", "fup": "2", "kbps": "512"}
    got = plan(row, unlim=Field.UNLIMITED, fup=Field.FAIR_USE_PER_DAY, kbps=Field.SPEED_AFTER_KBPS)
    assert got.allowance == Allowance(AllowanceKind.UNLIMITED, None, DataVolume(2_000_000_000), 512)
    stops = plan({"kbps": "0"}, kbps=Field.SPEED_AFTER_KBPS)
    assert stops.allowance.speed_after_kbps == 0
    zero = refusal(row | {"fup": "0"}, unlim=Field.UNLIMITED, fup=Field.FAIR_USE_PER_DAY)
    assert zero[:2] == (Reason.ZERO_DATA, Field.FAIR_USE_PER_DAY)


def test_zero_data_is_unlimited_only_where_the_mapping_says_so() -> None:
    said = replace(BASE, zero_data=ZeroData.UNLIMITED)
    assert refusal({"data": "0"})[:2] == (Reason.ZERO_DATA, Field.DATA)
    assert plan({"data": "0"}, said).allowance == Allowance(AllowanceKind.UNLIMITED)
    assert refusal({"data": "0", "per": "day"}, said, per=Field.DATA_PERIOD)[0] is Reason.ZERO_DATA
    assert refusal({"data": "0", "unlim": "no"}, said, unlim=Field.UNLIMITED)[0] is Reason.ZERO_DATA
    assert plan({"data": "0", "unlim": "yes"}, unlim=Field.UNLIMITED).allowance.kind is AllowanceKind.UNLIMITED


def test_columns_that_contradict_each_other_are_refused() -> None:
    for row in ({"data": "5", "unlim": "yes"}, {"data": "unlimited", "unlim": "no"}):
        assert refusal(row, unlim=Field.UNLIMITED) == (Reason.CONTRADICTION, Field.DATA, {"other": "unlimited"})
    assert refusal({"data": "5GB/day", "per": "total"}, per=Field.DATA_PERIOD) == (
        Reason.CONTRADICTION,
        Field.DATA,
        {"other": "data_period"},
    )


@pytest.mark.parametrize("word", ["day", "Daily", "每天", "per day"])
def test_amounts_per_day(word: str) -> None:
    expected = Allowance(AllowanceKind.PER_DAY, DataVolume(5_000_000_000))
    assert plan({"per": word}, per=Field.DATA_PERIOD).allowance == expected
    assert plan({}, replace(BASE, period=Period.DAY)).allowance == expected
    assert plan({"data": "5GB/day"}).allowance == expected
    assert plan({"data": "5 GB 天"}).allowance == expected
    assert plan({"per": "total"}, replace(BASE, period=Period.DAY), per=Field.DATA_PERIOD).allowance.kind is AllowanceKind.TOTAL


def test_monthly_amounts_are_exact_within_one_month_and_refused_beyond() -> None:
    assert plan({"per": "month"}, per=Field.DATA_PERIOD).allowance == Allowance(AllowanceKind.TOTAL, DataVolume(5_000_000_000))
    for days in ("31", "365", ""):
        assert refusal({"per": "month", "days": days}, per=Field.DATA_PERIOD) == (
            Reason.MONTHLY_ALLOWANCE,
            Field.DATA_PERIOD,
            {"month_days": "30"},
        )
    assert refusal({"per": "month"}, replace(BASE, month_days=28), per=Field.DATA_PERIOD)[0] is Reason.MONTHLY_ALLOWANCE
    assert refusal({"per": "week"}, per=Field.DATA_PERIOD)[:2] == (Reason.UNKNOWN_PERIOD, Field.DATA_PERIOD)


@pytest.mark.parametrize(("cell", "days"), [("30", 30), ("30 days", 30), ("30天", 30), ("1 day", 1), ("7.0", 7), ("", None), ("n/a", None)])
def test_validity(cell: str, days: int | None) -> None:
    assert plan({"days": cell}).validity_days == days


def test_validity_of_zero_and_what_is_no_count_of_days() -> None:
    assert refusal({"days": "0"})[:2] == (Reason.ZERO_VALIDITY, Field.VALIDITY_DAYS)
    assert plan({"days": "0"}, replace(BASE, zero_validity=ZeroValidity.NOT_PUBLISHED)).validity_days is None
    for cell in ("1 month", "0.5", "lifetime", "2026-01-02"):
        assert refusal({"days": cell})[:2] == (Reason.NOT_WHOLE_DAYS, Field.VALIDITY_DAYS)
    assert refusal({"days": "99999"}) == (Reason.OUT_OF_RANGE, Field.VALIDITY_DAYS, {"least": "0", "most": "36500"})
    assert refusal({"days": "-1"})[0] is Reason.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("cell", "mapping", "amount"),
    [
        ("9.5", BASE, "9.5"),
        ("$9.50", BASE, "9.5"),
        ("US$ 9.50", BASE, "9.5"),
        ("9.50 USD", BASE, "9.5"),
        ("1,234.50", BASE, "1234.5"),
        ("1.9600000000000002", BASE, "1.96"),
        ("0", BASE, "0"),
        ("1.234,50 €", replace(BASE, currency="EUR", decimal_mark=","), "1234.5"),
        ("1 234,50", replace(BASE, currency="EUR", decimal_mark=","), "1234.5"),
        ("¥25", replace(BASE, currency="CNY"), "25"),
        ("25元", replace(BASE, currency="CNY"), "25"),
        ("￥250", replace(BASE, currency="JPY"), "250"),
    ],
)
def test_prices(cell: str, mapping: ColumnMapping, amount: str) -> None:
    assert plan({"price": cell}, mapping).price == Money.of(amount, mapping.currency or "")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", Reason.CELL_MISSING),
        ("n/a", Reason.CELL_MISSING),
        ("9,50", Reason.NOT_A_NUMBER),
        ("free", Reason.NOT_A_NUMBER),
        ("=1+1", Reason.NOT_A_NUMBER),
        ("9.5.1", Reason.NOT_A_NUMBER),
        ("3-5", Reason.NOT_A_NUMBER),
        ("-1", Reason.OUT_OF_RANGE),
        ("1e50", Reason.OUT_OF_RANGE),
        ("€9.50", Reason.OTHER_CURRENCY),
        ("9.50 GBP", Reason.OTHER_CURRENCY),
    ],
)
def test_prices_that_are_refused(cell: str, reason: Reason) -> None:
    assert refusal({"price": cell})[:2] == (reason, Field.PRICE)


def test_promo_prices() -> None:
    assert plan({"promo": "8"}, promo=Field.PROMO_PRICE).promo_price == Money.of("8", "USD")
    assert plan({"promo": "0.0"}, promo=Field.PROMO_PRICE).promo_price == Money.of("0", "USD")
    for none in ("", "9.5"):
        assert plan({"promo": none}, promo=Field.PROMO_PRICE).promo_price is None
    assert refusal({"promo": "10"}, promo=Field.PROMO_PRICE)[:2] == (Reason.PROMO_ABOVE_PRICE, Field.PROMO_PRICE)


def test_the_currency_of_a_row_comes_before_that_of_the_list() -> None:
    assert plan({"cur": "eur"}, cur=Field.CURRENCY).price == Money.of("9.50", "EUR")
    assert plan({"cur": ""}, cur=Field.CURRENCY).price == Money.of("9.50", "USD")
    assert refusal({"cur": "ZZZ"}, cur=Field.CURRENCY)[:2] == (Reason.UNKNOWN_CURRENCY, Field.CURRENCY)
    assert refusal({"cur": ""}, replace(BASE, currency=None), cur=Field.CURRENCY)[:2] == (Reason.CELL_MISSING, Field.CURRENCY)


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("JP", {"JP"}),
        ("JP,KR", {"JP", "KR"}),
        ("Japan; south-korea", {"JP", "KR"}),
        ("日本、韩国", {"JP", "KR"}),
        ('["slovakia", "czechia"]', {"SK", "CZ"}),
        ("['AT', 'DE']", {"AT", "DE"}),
        ("Bosnia &amp; Herzegovina", {"BA"}),
    ],
)
def test_countries(cell: str, codes: set[str]) -> None:
    got = plan({"countries": cell})
    assert (got.countries, got.coverage_complete) == (codes, True)


def test_countries_that_are_not_clear_are_refused() -> None:
    assert refusal({"countries": "Japan, Narnia"}) == (Reason.UNKNOWN_PLACE, Field.COUNTRIES, {"words": "Narnia"})
    for empty in ("", "[]", "-"):
        assert refusal({"countries": empty})[:2] == (Reason.CELL_MISSING, Field.COUNTRIES)
    assert refusal({"countries": "DE, Europe"}) == (Reason.REGION_NOT_COUNTRIES, Field.COUNTRIES, {"region": "region:europe"})


def test_regions_where_the_person_takes_them_are_never_complete() -> None:
    got = plan({"countries": "Benelux, DE"}, replace(BASE, regions_as_members=True))
    assert (got.countries, got.coverage_complete) == ({"BE", "NL", "LU", "DE"}, False)


def test_the_separator_between_countries_and_incomplete_lists_as_the_person_says() -> None:
    got = plan({"countries": "Japan#Korea, Republic of"}, replace(BASE, list_separator="#", coverage_complete=False))
    assert (got.countries, got.coverage_complete) == ({"JP", "KR"}, False)


def test_answers_are_yes_no_or_unknown_and_nothing_else() -> None:
    for cell, answer in (("True", Tri.YES), ("是", Tri.YES), ("0", Tri.NO), ("不支持", Tri.NO), ("", Tri.UNKNOWN), ("未知", Tri.UNKNOWN)):
        assert plan({"hot": cell}, hot=Field.HOTSPOT).hotspot is answer
    assert refusal({"hot": "maybe"}, hot=Field.HOTSPOT)[:2] == (Reason.NOT_YES_OR_NO, Field.HOTSPOT)
    fields = {
        "a": Field.HOTSPOT,
        "b": Field.TOP_UP,
        "c": Field.ID_CHECK,
        "d": Field.FIVE_G,
        "e": Field.PHONE_NUMBER,
        "f": Field.NEW_USERS_ONLY,
    }
    for column, field in fields.items():
        got = plan({**dict.fromkeys(fields, ""), column: "yes"}, **fields)
        assert [name.value for name in fields.values() if getattr(got, name.value) is Tri.YES] == [field.value]


def test_text_is_text() -> None:
    hostile = "&lt;script&gt;alert(1)&lt;/script&gt; \u202eGNP.exe\u200b &#x202E;\x07 A\tB 👨\u200d👩"
    assert plan({"name": hostile}).name == "<script>alert(1)</script> GNP.exe A B 👨\u200d👩"
    assert plan({"name": "=HYPERLINK(1)"}).name == "=HYPERLINK(1)"
    assert plan({"name": ""}).name == ""
    long = plan({"name": "x" * 3_000}).name
    assert (len(long), long[-1]) == (200, "…")


def test_a_long_list_of_countries_is_read_whole() -> None:
    codes = sorted(places.country_codes())
    assert plan({"countries": ", ".join(places.country_name(code, "en") for code in codes)}).countries == set(codes)


def test_giant_cells_are_refused() -> None:
    assert refusal({"name": "x" * 5_001}) == (Reason.CELL_TOO_LONG, Field.NAME, {"limit": "5000"})
    assert refusal({"price": "1" * 101}) == (Reason.CELL_TOO_LONG, Field.PRICE, {"limit": "100"})
    assert refusal({"seller": "x" * 201}) == (Reason.CELL_TOO_LONG, Field.SELLER, {"limit": "200"})


@pytest.mark.parametrize(
    "cell",
    [
        "javascript:alert(1)",
        "ftp://a.example/x",
        "//a.example",
        "https://",
        "https://u:p@a.example",
        'https://a.example/"x',
        "https://[x",
        "a b",
    ],
)
def test_links_that_are_refused(cell: str) -> None:
    assert refusal({"url": cell}, url=Field.BUY_URL)[:2] == (Reason.BAD_LINK, Field.BUY_URL)


def test_links() -> None:
    assert plan({"url": "https://a.example/buy?x=1&amp;y=2"}, url=Field.BUY_URL).buy_url == "https://a.example/buy?x=1&y=2"
    assert plan({"url": ""}, url=Field.BUY_URL).buy_url is None


def test_a_seller_for_the_whole_list() -> None:
    columns = {field: column for field, column in BASE.columns.items() if field is not Field.SELLER}
    assert plan({}, replace(BASE, columns=columns, seller="My shop")).seller == "My shop"
    assert refusal({"seller": ""})[:2] == (Reason.CELL_MISSING, Field.SELLER)


def test_ids_name_a_plan_for_good() -> None:
    first, second = imported([{}, {"price": "8"}]).plans
    assert first.plan_id != second.plan_id
    assert imported([{"price": "8"}]).plans[0].plan_id == second.plan_id
    same = imported([{}, {"price": "8"}, {}]).refused
    assert [(row.number, row.field, row.reason, row.facts) for row in same] == [(4, None, Reason.DUPLICATE, {"first_row": "2"})]
    given_ids = imported([{"id": "a"}, {"id": "a", "price": "8"}, {"id": ""}], id=Field.PLAN_ID)
    assert [got.plan_id for got in given_ids.plans] == ["a"]
    assert [(row.number, row.field, row.reason) for row in given_ids.refused] == [
        (3, Field.PLAN_ID, Reason.DUPLICATE),
        (4, Field.PLAN_ID, Reason.CELL_MISSING),
    ]


def test_rows_that_the_table_could_not_read_are_reported() -> None:
    header = b"seller,name,data,days,price,countries\n"
    table = read_table("p.csv", header + b"S,N,5,30,9,JP,extra\n" + b"S,N,5,30,9,JP\n" + b"y" * 200_000 + b",N,5,30,9,JP\n")
    result = convert(table, BASE, source="x", fetched_at=WHEN)
    assert len(result.plans) == 1
    assert [(row.number, row.field, row.reason, row.facts) for row in result.refused] == [
        (2, None, Reason.TOO_MANY_CELLS, {"count": "7", "columns": "6"}),
        (4, None, Reason.CELL_TOO_LONG, {}),
    ]


def test_a_workbook_with_formulas_keeps_its_good_rows() -> None:
    rows: list[list[object]] = [
        ["seller", "name", "data", "days", "price", "countries", "remark"],
        ["S", "good", 5, 30, 9.5, "JP", "=NOW()"],
        ["S", "formula", 5, 30, "=9+1", "JP", ""],
        ["S", "error", 5, 30, "#DIV/0!", "JP", ""],
    ]
    result = convert(read_table("p.xlsx", workbook(("s", rows))), BASE, source="x", fetched_at=WHEN)
    assert [(got.name, got.price) for got in result.plans] == [("good", Money.of("9.5", "USD"))]
    assert [(row.number, row.column, row.reason) for row in result.refused] == [
        (3, "price", Reason.FORMULA_WITHOUT_VALUE),
        (4, "price", Reason.ERROR_IN_CELL),
    ]


CELL = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "0",
            "1e9",
            "5 GB",
            "-0",
            "NaN",
            "Infinity",
            "1,5",
            "day",
            "yes",
            "Japan",
            "Europe",
            "JP,KR",
            "USD",
            "٣",
            "²",
            "\ud800",
            "https://[",
            "&#0;",
        ]
    ),
)


@given(st.lists(st.lists(CELL, min_size=20, max_size=20), min_size=1, max_size=4), st.sampled_from([".", ","]), st.booleans())
@example([["\U000e0001" * 20] * 20], ".", True)
def test_any_cells_are_accepted_or_refused(rows: list[list[str]], mark: str, lenient: bool) -> None:
    columns = tuple(field.value for field in Field)
    table = Table(columns, tuple(Row(number, tuple(cells)) for number, cells in enumerate(rows, 2)))
    mapping = ColumnMapping(
        columns={field: field.value for field in Field},
        data_unit=DataUnit.MIB,
        currency="KWD",
        decimal_mark=mark,
        zero_data=ZeroData.UNLIMITED if lenient else ZeroData.REFUSE,
        zero_validity=ZeroValidity.NOT_PUBLISHED if lenient else ZeroValidity.REFUSE,
        regions_as_members=lenient,
    )
    result = convert(table, mapping, source="x", fetched_at=WHEN)
    assert len(result.plans) + len(result.refused) == len(rows)
    assert sorted({row.number for row in result.refused}) == [row.number for row in result.refused]


@given(st.data())
def test_rows_with_one_arbitrary_cell_are_accepted_or_refused_for_that_cell(data: st.DataObject) -> None:
    column, field = data.draw(st.sampled_from([(column, field) for field, column in BASE.columns.items()]))
    result = imported([{column: data.draw(CELL)}])
    assert len(result.plans) + len(result.refused) == 1
    assert all(row.field is field for row in result.refused)
