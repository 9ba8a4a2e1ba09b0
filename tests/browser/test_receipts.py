"""A person keeps receipts in a real browser: photographed, refused, found, changed, taken along; and sees what was spent."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from services.model.card import Card, CardKind
from services.model.money import Money
from services.model.reading import MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.receipt import Receipt
from services.model.renewal import Begun, Channel
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.receipts import ReceiptDesk, Wanted
from services.use.renewals import RenewalDesk
from tests.browser.conftest import Dashboard, Visitor, download, pick
from tests.unit.receipts.pictures import PDF, photo, photo_of_a_place, picture_bomb

HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 100
WORDS = {
    "zh": {
        "add": "添加凭证",
        "keep": "保存凭证",
        "kept": "凭证已保存",
        "amount": "金额",
        "number": "订单号或交易号",
        "payer": "付款人",
        "everybody": "所有人",
        "twice": "是否重复扣款？",
        "right": "两笔都没错",
        "look": "查看、修改或删除",
        "not_opened": "PDF 不会在这里打开",
        "export": "下载这些凭证的 ZIP",
        "spent": "支出",
        "no_photo": "既不是照片",
        "archive": "这是压缩包",
        "pixels": "图片像素过多",
        "format": "部分浏览器无法显示",
        "jpeg": "iPhone 直接拍成 JPEG：设置—相机—格式—兼容性最佳",
        "not_taken": "未接收这个文件",
        "product": "就买这个",
        "moves": "延到",
        "later": "起付款不浪费",
        "money": "充的是余额，不是服务",
        "promised": "承诺：HK$50.00",
        "notes": "备注与照片",
        "keep_photo": "保存照片",
        "photo": "照片：确认是不是这张卡",
        "gone": "永久移除这张照片",
        "other": "其他金额或套餐",
        "see": "看看效果",
        "first": "充值可以延长有效期",
    },
    "en": {
        "add": "Add a receipt",
        "keep": "Keep the receipt",
        "kept": "The receipt is kept",
        "amount": "Amount",
        "number": "Order or transaction number",
        "payer": "Payer",
        "everybody": "Everybody",
        "twice": "Charged twice?",
        "right": "Both are right",
        "look": "Look, change or delete",
        "not_opened": "A PDF is not opened here",
        "export": "Download these as ZIP",
        "spent": "Spent",
        "no_photo": "neither a photo",
        "archive": "This is an archive",
        "pixels": "too many pixels",
        "format": "not every browser shows",
        "jpeg": "an iPhone take JPEG photos: Settings, Camera, Formats, Most Compatible",
        "not_taken": "This file was not taken",
        "product": "This is what I buy",
        "moves": "Paying today moves",
        "later": "on loses nothing",
        "money": "Money, not service",
        "promised": "Promised: HK$50.00",
        "notes": "Notes and photos",
        "keep_photo": "Keep the photo",
        "photo": "Photo: Is it the right card?",
        "gone": "Take this photo away for good",
        "other": "Another amount or plan",
        "see": "See what it does",
        "first": "A top-up prolongs the validity",
    },
}
BOTH = pytest.mark.parametrize(("language", "width"), [("zh", "phone"), ("en", "desktop")])


def house_of(dashboard: Dashboard) -> House:
    return open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(dashboard.data_dir)}))


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def hand_in(page: Page, box: str, payload: FilePayload) -> None:
    """Choose a file, and wait until the browser has sent or refused it."""
    field = page.locator(f"[class*='st-key-{box}']")
    field.locator("input[type=file]").first.set_input_files([payload])
    expect(field.locator("[data-testid=stFileChip]").first).to_be_visible()


def unfold(page: Page, title: str) -> None:
    page.locator("[data-testid=stExpander] summary").filter(has_text=title).first.click()


def press(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=name).first.click()
    visitor.settle()


def type_number(page: Page, key: str, value: str) -> None:
    """Type, leave the field, and see that it has taken the number."""
    field = page.locator(f"[class*='st-key-{key}'] input").first
    field.fill(value)
    field.press("Tab")
    expect(field).to_have_value(re.compile(rf"^{re.escape(value)}"))


def choose(page: Page, key: str, choice: str) -> None:
    pick(page, page.locator(f"[class*='st-key-{key}']").get_by_role("combobox"), choice)


@BOTH
def test_from_the_photo_to_the_table_and_the_zip(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str, tmp_path: Path
) -> None:
    words, own, visitor = WORDS[language], open_dashboard(f"receipts-{language}"), visit(language, width)
    house = house_of(own)
    today = datetime.now(UTC).date()
    CardDesk(house, "local").add(Card("c1", "Home <b>number</b>", CardKind.SIM, operator="cmhk", country="HK", payer="Mei"))
    ReceiptDesk(house, "local").keep(Receipt("", today, Money.of(50, "HKD"), "=T-1", "Mei", "cmhk", card_id="c1"), PDF)
    ReceiptDesk(house, "local").keep(Receipt("", today, Money.of(5, "USD"), payer="Lin"))

    page = visitor.goto(f"{own.url}/receipts?card=c1")
    unfold(page, words["add"])
    hand_in(page, "receipt_new_0_file_box", file("slip.jpg", photo_of_a_place()))
    type_number(page, "receipt_new_0_amount", "50")
    page.get_by_label(words["number"], exact=True).first.fill("T-2")
    choose(page, "receipt_new_0_currency", "HKD")
    press(visitor, words["keep"])
    expect(page.get_by_text(words["kept"])).to_be_visible()
    expect(page.locator("[data-testid=stImage] img")).to_have_count(1)
    (kept,) = ReceiptDesk(house, "local").found(Wanted(text="T-2"))
    assert (kept.amount, kept.payer, kept.operator, kept.card_id) == (Money.of(50, "HKD"), "Mei", "cmhk", "c1")
    assert kept.file is not None
    stored = ReceiptDesk(house, "local").store.data(kept.file.digest)
    assert stored is not None
    assert dict(Image.open(io.BytesIO(stored)).getexif()) == {}
    assert b"SERIAL-4711" not in stored

    warning = page.locator("[data-testid=stAlert]").filter(has_text=words["twice"])
    expect(warning).to_contain_text("T-2")
    expect(warning).to_contain_text("Home <b>number</b>")
    press(visitor, words["right"])
    expect(warning).to_have_count(0)

    choose(page, "receipt_payer", "Mei")
    visitor.settle()
    expect(page.get_by_text(words["look"])).to_have_count(2)
    unfold(page, words["look"])
    visitor.settle()
    assert visitor.axe() == []
    assert visitor.sideways() == 0
    target = tmp_path / "receipts.zip"
    download(page, page.get_by_role("button", name=words["export"])).save_as(target)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["csv", "jpg", "pdf"]
        rows = list(csv.reader(io.StringIO(archive.read("receipts.csv").decode("utf-8-sig"))))
    assert words["amount"] in rows[0]
    assert any("'=T-1" in row for row in rows)
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_be_visible()
    expect(page.get_by_text(re.compile("HKD")).first).to_be_visible()
    house.close()


@BOTH
def test_bad_files_are_refused_in_words_and_nothing_typed_is_lost(
    dashboard: Dashboard, visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, visitor = WORDS[language], visit(language, width)
    page = visitor.goto(f"{dashboard.url}/receipts")
    unfold(page, words["add"])
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("slip.jpg", b"\0" * 30_000_000)
    type_number(page, "receipt_new_0_amount", "12")
    for name, data, said in (
        ("slip.jpg", b"<html><script>alert(1)</script></html>", words["no_photo"]),
        ("slip.png", zipped.getvalue(), words["archive"]),
        ("slip2.png", picture_bomb(), words["pixels"]),
        ("slip2.jpg", HEIC, words["format"]),
    ):
        hand_in(page, "receipt_new_0_file_box", file(name, data))
        press(visitor, words["keep"])
        expect(page.locator("[data-testid=stAlert]").filter(has_text=said)).to_be_visible()
        expect(page.locator("[class*='st-key-receipt_new_0_amount'] input").first).to_have_value(re.compile("^12"))
    expect(page.locator("[data-testid=stAlert]").filter(has_text=words["format"])).to_contain_text(words["jpeg"])
    for name, data in (("huge.jpg", photo() + b"\0" * 10_600_000), ("slip.exe", b"MZ"), ("slip.heic", HEIC)):
        hand_in(page, "receipt_new_0_file_box", file(name, data))
        expect(page.get_by_text(words["not_taken"])).to_be_visible()
        expect(page.get_by_text(words["not_taken"])).to_contain_text(words["jpeg"])
    house = house_of(dashboard)
    assert ReceiptDesk(house, "local").found(Wanted()) == []
    house.close()


@BOTH
def test_a_product_shows_what_it_does_and_a_step_keeps_its_photo(
    open_dashboard: Callable[..., Dashboard], visit: Callable[..., Visitor], language: str, width: str
) -> None:
    words, own, visitor = WORDS[language], open_dashboard(f"product-{language}"), visit(language, width)
    house = house_of(own)
    now = datetime.now(UTC)
    CardDesk(house, "local").add(Card("c1", "Home", CardKind.SIM, operator="value_gb", country="HK"))
    until = now.date().replace(year=now.year + 1, day=1)
    shown = (Validity(ValidityKind.NUMBER, until),)
    ReadingDesk(house, "local").record(Reading("c1", Source.TYPED, now, money=(MoneyBalance(Money.of(12, "HKD")),), validity=shown))
    renewal = RenewalDesk(house, "local").start(Begun(CardKind.SIM, Channel.WEBSITE, operator="value_gb", card_id="c1"))
    house.close()

    page = visitor.goto(f"{own.url}/renew?run={renewal}")
    expect(page.get_by_text(words["first"])).to_be_visible()
    expect(page.get_by_text(words["money"])).to_be_visible()
    effect = page.locator("[data-testid=stMarkdown] li").filter(has_text=words["later"])
    expect(effect).to_contain_text(words["moves"])
    press(visitor, words["product"])
    expect(page.get_by_text(words["promised"])).to_be_visible()
    assert visitor.axe() == []
    assert visitor.sideways() == 0

    unfold(page, words["notes"])
    hand_in(page, f"photo_before_{renewal}_0_file_box", file("screen.png", photo(400, 900, "PNG")))
    press(visitor, words["keep_photo"])
    expect(page.get_by_role("img", name=words["photo"])).to_be_visible()
    elsewhere = visit(language, "phone")
    other = elsewhere.goto(page.url)
    picture = other.get_by_role("img", name=words["photo"])
    expect(picture).to_be_visible()
    other.locator("[class*='st-key-photo_open_'] summary").click()
    elsewhere.settle()
    press(elsewhere, words["gone"])
    expect(picture).to_have_count(0)
    assert elsewhere.sideways() == 0
