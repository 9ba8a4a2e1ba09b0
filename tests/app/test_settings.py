"""The settings page as its script runs: the import of a plan list, the choices an account remembers, the sources."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from services.model.plan import Origin
from services.rules import plan_lists
from services.rules.plan_lists import DEFAULT_MAX_BYTES, Field, Reason, RefusedRow
from services.store.settings import SettingsStore
from services.use.catalogue import CatalogueDesk
from services.use.house import house
from services.use.plan_lists import ImportReport, refused_csv
from tests.app.driving import fresh_app, open_page, said
from tests.unit.plan_lists.lists import workbook
from ui.language import speaking
from ui.plan_list_words import reason, trouble
from ui.shell import account

READY = "seller,plan,data_gb,days,usd_price,countries\n"
SMALL = b"seller,name,gb,days,usd_price,countries\nA,Ten,10,30,9.50,Japan\nA,,5,7,4,Japan;Thailand\nA,Bad,five,7,4,Japan\n"


@pytest.fixture
def in_chinese() -> Iterator[None]:
    """AppTest finds a choice by the words of this thread, which are outside the session."""
    with speaking("zh"):
        yield


def choose(app: AppTest, name: str, data: bytes) -> AppTest:
    app.file_uploader[0].upload(name, data).run()
    assert not app.exception
    return app


def labelled(app: AppTest, kind: str, label: str):  # type: ignore[no-untyped-def]
    return next(each for each in getattr(app, kind) if each.label == label)


def stored() -> CatalogueDesk:
    return CatalogueDesk(house(), account())


def test_a_list_is_imported_with_what_only_a_person_knows(app: AppTest) -> None:
    stored().ensure_plans()
    choose(open_page(app, "settings"), "my list.csv", SMALL)
    assert "Still needed before the list can be imported: Amount of data, or a column that says unlimited" in said(app)
    labelled(app, "selectbox", "Amount of data").select("gb").run()
    assert "Unit of the data" in said(app)
    labelled(app, "selectbox", "Unit of the data, where the cell does not say it").select("GB").run()
    preview = app.dataframe[0].value
    assert preview["Allowance"].tolist() == ["10 GB", "5 GB", "—"]
    assert preview["Price"].tolist()[:2] == ["$9.50", "$4.00"]
    assert preview["Countries"].tolist()[:2] == ["Japan", "Japan, Thailand"]
    assert preview["Outcome"].tolist() == ["Will be kept", "Will be kept", "Left out"]
    assert "Row 4, column gb: This is not a number or amount that can be read." in said(app)
    labelled(app, "button", "Import the list").click().run()
    assert not app.exception
    assert "2 plans kept" in said(app)
    assert "1 row was left out" in said(app)
    report = app.dataframe[1].value
    assert report.iloc[0].tolist() == [4, "gb", "five", "This is not a number or amount that can be read."]
    desk = stored()
    assert [(row.label, row.plan_count) for row in desk.lists()] == [("my list", 2)]
    assert all(row.origin is not Origin.SANDBOX or not row.plan_count for row in desk.store.sources())


def row(plan: str, data: str = "10", days: str = "30", price: str = "9.50", countries: str = "Japan") -> str:
    return f"A,{plan},{data},{days},{price},{countries}\n"


def test_what_0_means_is_asked_and_never_guessed(app: AppTest) -> None:
    data = (READY + row("zero data", data="0") + row("zero days", days="0") + row("full")).encode()
    choose(open_page(app, "settings"), "zeros.csv", data)
    assert app.dataframe[0].value["Outcome"].tolist() == ["Left out", "Left out", "Will be kept"]
    labelled(app, "radio", "An amount of data of 0 means").set_value("unlimited").run()
    labelled(app, "radio", "A validity of 0 days means").set_value("not_published").run()
    preview = app.dataframe[0].value
    assert preview["Outcome"].tolist() == ["Will be kept"] * 3
    assert preview["Allowance"].tolist() == ["Unlimited", "10 GB", "10 GB"]
    assert preview["Validity"].tolist() == ["30 days", "Not published", "30 days"]


def test_what_was_said_of_a_list_is_found_again_with_a_corrected_file_and_after_a_visit_elsewhere(app: AppTest) -> None:
    choose(open_page(app, "settings"), "first.csv", SMALL)
    labelled(app, "selectbox", "Amount of data").select("gb").run()
    labelled(app, "selectbox", "Unit of the data, where the cell does not say it").select("GIB").run()
    app.switch_page("../pages/overview.py").run()
    app.switch_page("../pages/settings.py").run()
    choose(app, "second.csv", SMALL.replace(b"five", b"5"))
    assert labelled(app, "selectbox", "Amount of data").value == "gb"
    assert labelled(app, "selectbox", "Unit of the data, where the cell does not say it").value == "GIB"
    assert app.dataframe[0].value["Outcome"].tolist() == ["Will be kept"] * 3
    assert labelled(app, "text_input", "Name of the list").value == "second"


def test_switching_the_language_keeps_file_and_answers(app: AppTest) -> None:
    choose(open_page(app, "settings"), "list.csv", SMALL)
    labelled(app, "selectbox", "Amount of data").select("gb").run()
    app.selectbox(key="preferred_language").select("zh").run()
    assert [each.value for each in app.title] == ["设置"]
    assert labelled(app, "selectbox", "流量").value == "gb"
    assert "导入前还需要填写：流量单位" in said(app)


def test_a_list_of_the_same_name_is_replaced_after_saying_so(app: AppTest) -> None:
    choose(open_page(app, "settings"), "mine.csv", (READY + row("one") + row("two")).encode())
    labelled(app, "button", "Import the list").click().run()
    assert "2 plans kept" in said(app)
    choose(app, "mine.csv", (READY + row("three")).encode())
    assert "A list of this name is there already, with 2 plans. It will be replaced." in said(app)
    labelled(app, "button", "Import the list").click().run()
    assert "The list of the same name was replaced." in said(app)
    assert [(each.label, each.plan_count) for each in stored().lists()] == [("mine", 1)]


def test_a_list_without_one_good_row_replaces_nothing(app: AppTest) -> None:
    choose(open_page(app, "settings"), "mine.csv", (READY + row("one")).encode())
    labelled(app, "button", "Import the list").click().run()
    choose(app, "mine.csv", (READY + row("one", price="free")).encode())
    labelled(app, "button", "Import the list").click().run()
    assert "No row could be used, so nothing was imported or replaced." in said(app)
    assert labelled(app, "button", "Import the list") is not None, "the file and its answers are still there"
    assert [(each.label, each.plan_count) for each in stored().lists()] == [("mine", 1)]


def test_a_list_needs_a_name(app: AppTest) -> None:
    choose(open_page(app, "settings"), "mine.csv", (READY + row("one")).encode())
    labelled(app, "text_input", "Name of the list").set_value("  ").run()
    labelled(app, "button", "Import the list").click().run()
    assert "Give the list a name." in said(app)
    assert stored().lists() == []


def test_the_date_of_the_prices_is_kept(app: AppTest) -> None:
    choose(open_page(app, "settings"), "old.csv", (READY + row("one")).encode())
    app.date_input(key="list_prices_of").set_value(date(2025, 12, 8)).run()
    labelled(app, "button", "Import the list").click().run()
    _revision, columns = stored().store.columns()
    assert [datetime.fromtimestamp(at, UTC).date() for at in columns["fetched_at"]] == [date(2025, 12, 8)]


def test_a_list_is_removed_only_after_asking_again(app: AppTest) -> None:
    choose(open_page(app, "settings"), "mine.csv", (READY + row("one")).encode())
    labelled(app, "button", "Import the list").click().run()
    labelled(app, "button", "Remove").click().run()
    assert "Remove “mine”?" in said(app)
    labelled(app, "button", "Keep it").click().run()
    assert len(stored().lists()) == 1
    labelled(app, "button", "Remove").click().run()
    labelled(app, "button", "Remove the list").click().run()
    assert stored().lists() == []
    assert "No list was imported yet." in said(app)


UNREADABLE = {
    "not text": (b"\x00\x01\x02" * 500, "list.csv", "这个文件不是能读取的表格", "This file is no table"),
    "a page": (b"<!doctype html><p>plans", "list.csv", "这是网页", "This is a web page"),
    "json": (b'{"plans": []}', "list.csv", "这是 JSON", "This is JSON"),
    "pdf": (b"%PDF-1.7 and so on", "list.pdf", "这是 PDF", "This is a PDF"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "list.xls", "旧版 Excel", "old Excel file"),
    "no workbook": (b"PK\x03\x04 broken", "list.xlsx", "工作簿已损坏", "workbook is damaged"),
    "empty": (b" \n ", "list.csv", "除了列名没有任何数据行", "no rows below its column names"),
    "only names": (READY.encode(), "list.csv", "除了列名没有任何数据行", "no rows below its column names"),
    "one column": (b"plans\none\ntwo\n", "list.csv", "只找到一列", "Only one column"),
    "too large": (READY.encode() + b"A" * DEFAULT_MAX_BYTES, "list.csv", "最多能读 5 MB", "at most 5 MB can be read"),
    "too wide": (
        b",".join(b"c%d" % n for n in range(300)) + b"\n1,2\n",
        "list.csv",
        "有 300 列，最多能读 200 列",
        "has 300 columns; at most 200",
    ),
    "no such encoding": (
        "国,價\n德,30\n".encode("shift_jis", "ignore") + b"\x81\xff\x81,\x8d\x8f\n",
        "list.csv",
        "无法识别文件里的文字",
        "characters of this file could not be read",
    ),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_file_that_is_no_list_is_refused_with_its_sentence(app: AppTest, language: str) -> None:
    with speaking(language):
        open_page(app, "settings", language)
        for name, (data, filename, chinese, english) in UNREADABLE.items():
            choose(app, filename, data)
            assert (chinese if language == "zh" else english) in said(app), name
            assert not app.dataframe, name


@pytest.mark.usefixtures("in_chinese")
def test_the_encoding_can_be_corrected(app: AppTest) -> None:
    data = "商家,套餐,流量GB,天数,价格人民币,国家\n远行,日本十日,10,30,68,日本\n".encode("gb18030")
    choose(open_page(app, "settings", "zh"), "套餐.csv", data)
    labelled(app, "selectbox", "文件编码").select("cp1252").run()
    assert not app.exception
    labelled(app, "selectbox", "文件编码").select("gb18030").run()
    assert app.dataframe[0].value["套餐"].tolist() == ["日本十日"]
    labelled(app, "selectbox", "文件编码").select("utf-8").run()
    assert "无法识别文件里的文字" in said(app)
    labelled(app, "selectbox", "文件编码").select("gb18030").run()
    assert app.dataframe[0].value["商家"].tolist() == ["远行"]


def test_the_sheet_of_a_workbook_is_chosen(app: AppTest) -> None:
    names = READY.strip().split(",")
    data = workbook(("old", [names, ["A", "old", 1, 30, 2, "Japan"]]), ("new", [names, ["A", "new", 2, 30, 3, "Japan"]]))
    choose(open_page(app, "settings"), "plans.xlsx", data)
    assert app.dataframe[0].value["Plan"].tolist() == ["old"]
    labelled(app, "selectbox", "Sheet of the workbook").select("new").run()
    assert app.dataframe[0].value["Plan"].tolist() == ["new"]


def test_the_currency_of_the_account_is_remembered_and_the_next_question_asked_in_it(app: AppTest) -> None:
    open_page(app, "settings")
    app.switch_page("../pages/compare.py").run()
    assert app.selectbox(key="compare_currency").value == "USD"
    app.switch_page("../pages/settings.py").run()
    app.selectbox(key="preferred_currency").select("EUR").run()
    app.query_params.clear()  # as a browser does on the way to another page
    app.switch_page("../pages/compare.py").run()
    assert app.selectbox(key="compare_currency").value == "EUR"
    again = open_page(fresh_app(), "settings")
    assert again.selectbox(key="preferred_currency").value == "EUR"


def test_the_language_of_the_account_is_remembered(app: AppTest) -> None:
    open_page(app, "settings")
    app.selectbox(key="preferred_language").select("zh").run()
    later = fresh_app().run()
    assert later.session_state["lang"] == "zh"


def test_what_the_browser_repeats_after_a_run_that_was_cut_short_is_not_a_choice_of_language(app: AppTest) -> None:
    app.run().run()
    switch = app.get("button_group")[0]
    held = app.session_state._state._state
    for kept in (held._old_state, held._new_widget_state.states):  # Streamlit forgets when a run begins before the browser has answered
        kept.pop(switch.proto.id, None)
    switch.set_value("en").run()
    assert app.session_state["lang"] == "en"
    assert SettingsStore(house().database, "local").get("language") is None
    app.get("button_group")[0].set_value("zh").run()
    assert SettingsStore(house().database, "local").get("language") == "zh"


def test_a_source_says_whether_it_is_used_and_how_its_last_fetch_went(app: AppTest) -> None:
    desk = stored()
    open_page(app, "settings")
    assert "May be asked now · never fetched" in said(app)
    app.toggle(key="source_simsima").set_value(False).run()
    assert "Switched off: it is not asked" in said(app)
    now = datetime.now(UTC)
    desk.store.attempt("pikasim", "PikaSim", now, now - timedelta(minutes=15))
    desk.store.fail("pikasim", {"kind": "Unreachable", "because": "timeout"})
    app.run()
    assert "May be asked again at" in said(app)
    assert "PikaSim: not fetched" in said(app)
    assert "did not answer in time" in said(app)


def test_plans_without_a_name_are_named_by_what_they_carry(app: AppTest) -> None:
    choose(open_page(app, "settings"), "nameless.csv", (READY + row("")).encode())
    labelled(app, "button", "Import the list").click().run()
    app.query_params["in"] = "JP"
    app.switch_page("../pages/compare.py").run()
    assert not app.exception
    assert "A** · 10 GB, 30 days" in said(app)
    assert "10 GB, 30 days" in app.dataframe[0].value["name"].tolist()


def test_the_refused_rows_as_a_file_hold_no_formula() -> None:
    refused = RefusedRow(7, Field.PRICE, "=price", Reason.NOT_A_NUMBER, {}, ("=1+1", "@SUM(A1)", "+1", "plain", "\t=2"))
    report = ImportReport("l", ("a", "-b", "c", "d", "e"), 0, (refused,), False)
    rows = list(csv.reader(io.StringIO(refused_csv(report, ["Row", "Column", "Reason"], lambda row: "=why").decode("utf-8-sig"))))
    assert rows[0] == ["Row", "Column", "Reason", "a", "'-b", "c", "d", "e"]
    assert rows[1] == ["7", "'=price", "'=why", "'=1+1", "'@SUM(A1)", "'+1", "plain", "' =2"]


@pytest.mark.parametrize("reason_code", Reason)
def test_every_reason_has_its_sentence(reason_code: Reason) -> None:
    """With the facts that convert gives for it."""
    facts = {
        Reason.CELL_TOO_LONG: {"limit": "100"},
        Reason.TOO_MANY_CELLS: {"count": "9", "columns": "8"},
        Reason.OUT_OF_RANGE: {"least": "0", "most": "1000000000"},
        Reason.CONTRADICTION: {"other": "unlimited"},
        Reason.MONTHLY_ALLOWANCE: {"month_days": "30"},
        Reason.OTHER_CURRENCY: {"currency": "USD"},
        Reason.UNKNOWN_PLACE: {"words": "Atlantis {x}"},
        Reason.REGION_NOT_COUNTRIES: {"region": "region:europe"},
        Reason.DUPLICATE: {"first_row": "2"},
    }.get(reason_code, {})
    refused = RefusedRow(3, Field.DATA, "data", reason_code, facts, ("x",))
    sentences = {}
    for code in ("zh", "en"):
        with speaking(code):
            sentences[code] = reason(refused)
    assert sentences["zh"] != sentences["en"]
    assert not any(re.search(r"region:|\{(?!x\})", sentence) for sentence in sentences.values())
    assert all(value in sentences["en"] for key, value in facts.items() if key in ("count", "currency", "words", "first_row"))


ERRORS = {
    plan_lists.FileTooLarge(52_000_000, 5_000_000): ("52 MB", "5 MB"),
    plan_lists.UnpacksTooLarge(60_000_000): ("60 MB",),
    plan_lists.TooManyRows(100_000): ("100,000",),
    plan_lists.TooManyColumns(300, 200): ("300", "200"),
    plan_lists.EmptyTable(): (),
    plan_lists.UnknownEncoding(("utf-8",), "big5"): ("UTF-8",),
    plan_lists.NoSuchSheet("old", ("new", "newer")): ("old", "new", "newer"),
    plan_lists.NoSuchColumn("gone"): ("gone",),
    plan_lists.UnknownCurrency("XQQ"): ("XQQ",),
    plan_lists.FieldsMissing(("price", "countries", "data", "data_unit", "seller", "currency")): (),
    **{plan_lists.NotATable(kind): () for kind in plan_lists.FileKind},
}


def test_every_error_of_a_list_has_its_own_sentence_in_both_languages() -> None:
    def leaves(family: type) -> set[type]:
        return {family}.union(*map(leaves, family.__subclasses__())) - ({family} if family.__subclasses__() else set())

    assert {type(error) for error in ERRORS} == leaves(plan_lists.PlanListError)
    said_before: set[str] = set()
    for language in ("zh", "en"):
        with speaking(language):
            for error, facts in ERRORS.items():
                sentence = trouble(error)
                assert sentence not in said_before, error
                assert all(fact in sentence for fact in facts), error
                said_before.add(sentence)
    assert "Price, Countries" in trouble_in_english(plan_lists.FieldsMissing(("price", "countries")))


def trouble_in_english(error: plan_lists.PlanListError) -> str:
    with speaking("en"):
        return trouble(error)
