"""A person imports a plan list of their own, in a real browser: the file, its columns, the report, and the comparison after it."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, Visitor, download, pick
from tests.conftest import ROOT
from tests.unit.plan_lists.lists import generated_list, workbook

REAL_LIST = ROOT.parent / "shared/data/plans-central-europe.csv"
WORDS = {
    "zh": {
        "invented": "本页所有价格都是虚构的",
        "too_large": "文件超过 5 MB，没有上传",
        "import": "导入套餐表",
        "kept": "已导入",
        "left_out": "行未导入",
        "zero_data": "流量为 0，但没有说明 0 的含义",
        "download_left_out": "下载未导入的行",
        "reason": "原因",
        "zero_means": "流量写 0 表示",
        "unlimited": "不限流量",
        "zero_days_mean": "有效期写 0 天表示",
        "not_published": "有效期未公布",
        "compare": "比套餐",
        "download": "下载 CSV",
        "origin": "来源",
        "imported": "自行导入",
        "seller": "商家",
        "plan": "套餐",
        "data": "流量",
        "price": "价格",
        "unit": "流量单位（单元格里没写时）",
        "currency": "货币（表里没写时）",
        "missing": "导入前还需要填写",
        "formula": "单元格里是公式，但没有保存计算结果",
        "encoding": "文件编码",
        "unknown_encoding": "无法识别文件里的文字",
        "column": "列",
        "remove": "删除",
        "remove_list": "删除套餐表",
        "none": "还没有导入过套餐表",
    },
    "en": {
        "invented": "All prices on this page are invented",
        "too_large": "This file is larger than 5 MB and was not uploaded",
        "import": "Import the list",
        "kept": "plans kept",
        "left_out": "rows were left out",
        "zero_data": "The amount of data is 0, and what 0 means is not known",
        "download_left_out": "Download the rows left out",
        "reason": "Reason",
        "zero_means": "An amount of data of 0 means",
        "unlimited": "Unlimited data",
        "zero_days_mean": "A validity of 0 days means",
        "not_published": "Validity not published",
        "compare": "Compare plans",
        "download": "Download as CSV",
        "origin": "Where from",
        "imported": "Imported",
        "seller": "Seller",
        "plan": "Plan",
        "data": "Amount of data",
        "price": "Price",
        "unit": "Unit of the data, where the cell does not say it",
        "currency": "Currency, where no column says it",
        "missing": "Still needed before the list can be imported",
        "formula": "The cell holds a formula whose result was not saved",
        "encoding": "Encoding of the file",
        "unknown_encoding": "The characters of this file could not be read",
        "column": "Column",
        "remove": "Remove",
        "remove_list": "Remove the list",
        "none": "No list was imported yet",
    },
}
BOTH = pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])


@pytest.fixture(scope="module")
def own(open_dashboard: Callable[..., Dashboard]) -> Dashboard:
    """One dashboard for the tests of this file that import nothing."""
    return open_dashboard("lists")


def choose(visitor: Visitor, name: str, data: bytes) -> None:
    visitor.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": data})


def downloaded(page: Page, button: str) -> list[dict[str, str]]:
    kept = download(page, page.get_by_role("button", name=button))
    return list(csv.DictReader(io.StringIO(kept.path().read_text("utf-8-sig"))))


@BOTH
def test_a_real_list_becomes_the_catalogue_and_every_row_is_kept_or_explained(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    """The whole real list on a phone, where it is there; a short one of its shape on a desk."""
    words, real = WORDS[language], width == "phone" and REAL_LIST.exists()
    data = REAL_LIST.read_bytes() if real else generated_list(10_318 if width == "phone" else 600, seed=8)
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"))))
    opened, visitor = open_dashboard(f"real-list-{language}"), visit(language, width)
    page = visitor.goto(f"{opened.url}/compare?in=DE")
    expect(page.get_by_text(words["invented"])).to_be_visible()

    visitor.goto(f"{opened.url}/settings")
    choose(visitor, "plans.csv", data)
    page.get_by_role("button", name=words["import"]).wait_for()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    page.get_by_role("button", name=words["import"]).click()
    expect(page.get_by_text(words["left_out"])).to_be_visible()
    expect(page.get_by_text(words["zero_data"]).first).to_be_visible()
    left_out = downloaded(page, words["download_left_out"])
    zero = [row for row in rows if row["data_mb"] == "0" or row["validity_days"] == "0"]
    assert len([row for row in left_out if row["data_mb"] == "0" or row["validity_days"] == "0"]) == len(zero)
    assert all(row[words["reason"]] for row in left_out)
    kept = f"{len(rows) - len(left_out):,}"
    expect(page.get_by_text(words["kept"]).filter(has_text=kept)).to_be_visible()

    for group, answer in ((words["zero_means"], words["unlimited"]), (words["zero_days_mean"], words["not_published"])):
        page.get_by_role("radiogroup", name=group).get_by_text(answer).click()
        visitor.settle()
    page.get_by_role("button", name=words["import"]).click()
    expect(page.get_by_text(words["kept"]).filter(has_not_text=kept)).to_be_visible()
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() <= 0
    still_out = downloaded(page, words["download_left_out"])
    assert len(still_out) < len(left_out)
    assert not any(row["data_mb"] == "0" and row["data_cap_per"] == "" for row in still_out)

    page = visitor.goto(f"{opened.url}/compare?in=DE")
    expect(page.get_by_text(words["invented"])).to_have_count(0)
    plans = downloaded(page, words["download"])
    assert {row[words["origin"]] for row in plans} == {words["imported"]}
    assert {row[words["seller"]] for row in plans} <= {row["provider_name"].strip() for row in rows}
    assert len(plans) > len(rows) / 2
    assert visitor.sideways() <= 0


@BOTH
def test_a_file_of_50_mb_is_refused_in_the_persons_language_and_a_smaller_one_is_taken_after_it(
    own: Dashboard, visit: Callable[..., Visitor], tmp_path: Path, language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    page = visitor.goto(f"{own.url}/settings")
    expect(page.get_by_text(words["too_large"])).to_be_hidden()
    large = tmp_path / "large.csv"
    large.write_bytes(b"seller,plan\n" + b"a,b\n" * 12_500_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "upload_file" in request.url else None)
    page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(large)
    expect(page.get_by_text(words["too_large"])).to_be_visible()
    assert sent == [], "not one byte of it leaves the browser"
    assert visitor.axe() == []
    choose(visitor, "small.csv", generated_list(20))
    expect(page.get_by_role("button", name=words["import"])).to_be_visible()


@BOTH
def test_a_wrong_encoding_is_said_and_corrected(own: Dashboard, visit: Callable[..., Visitor], language: str, width: str) -> None:
    words, visitor = WORDS[language], visit(language, width)
    page = visitor.goto(f"{own.url}/settings")
    choose(
        visitor, "plans.csv", "旅行社,方案,流量GB,天數,價格USD,國家\n遠行,歐洲,10,30,9.5,德國\n".encode("big5") + "備註\n".encode("big5")
    )
    page.get_by_role("combobox", name=words["encoding"]).wait_for()
    pick(page, words["encoding"], "shift")
    visitor.settle()
    pick(page, words["encoding"], "UTF-8")
    expect(page.get_by_text(words["unknown_encoding"])).to_be_visible()
    visitor.settle()
    pick(page, words["encoding"], "big5")
    expect(page.get_by_text(words["unknown_encoding"])).to_have_count(0)
    visitor.settle()
    pick(page, words["price"], "價格USD")


@BOTH
def test_a_workbook_with_formulas_is_asked_for_what_is_missing_and_its_rows_are_kept_or_explained(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    opened = open_dashboard(f"workbook-{language}")
    page = visitor.goto(f"{opened.url}/settings")
    names = ["seller", "plan", "how much", "days", "price", "countries"]
    book = workbook(
        ("mine", [names, ["A", "good", 10, 30, 9.5, "Germany"], ["A", "sum", 10, 30, "=9+1", "Germany"], ["=1+1", "x", 1, 1, 1, "DE"]])
    )
    choose(visitor, "formulas.xlsx", book)
    expect(page.get_by_text(words["missing"])).to_be_visible()
    page.get_by_role("button", name=words["import"]).click()
    visitor.settle()
    expect(page.get_by_text(words["missing"]).first).to_be_visible()
    pick(page, words["data"], "how much")
    visitor.settle()
    pick(page, words["unit"], "GB (1,000")
    visitor.settle()
    pick(page, words["currency"], "EUR")
    expect(page.get_by_text(words["missing"])).to_have_count(0)
    page.get_by_role("button", name=words["import"]).click()
    expect(page.get_by_role("button", name=words["download_left_out"])).to_be_visible()
    left_out = downloaded(page, words["download_left_out"])
    assert [row[words["column"]] for row in left_out] == ["price", "seller"]
    assert all(words["formula"] in row[words["reason"]] for row in left_out)

    visitor.goto(f"{opened.url}/compare?in=DE")
    assert [row[words["plan"]] for row in downloaded(page, words["download"])] == ["good"]

    visitor.goto(f"{opened.url}/settings")
    page.get_by_role("button", name=words["remove"], exact=True).click()
    visitor.settle()
    assert visitor.axe() == []
    page.get_by_role("button", name=words["remove_list"]).click()
    expect(page.get_by_text(words["none"])).to_be_visible()
