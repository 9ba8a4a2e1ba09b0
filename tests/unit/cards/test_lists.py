"""Many cards in and out, and codes read from pictures."""

import csv
import io
import zipfile

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as some
from openpyxl import Workbook, load_workbook

from services.model.card import Card, CardKind, CardSecrets, DependentAccount, Identifiers
from services.rules.plan_lists import read_table
from services.use.card_lists import SECRET, Column, RowProblem, export_cards, export_workbook, read_cards
from services.use.qr import NotAPicture, codes_in

HEADINGS = {
    Column.NICKNAME: "Name",
    Column.KIND: "Kind",
    Column.OPERATOR: "Operator",
    Column.COUNTRY: "Country",
    Column.MSISDN: "Phone number",
    Column.DEPENDENTS: "Accounts that depend on this number",
    Column.PAYER: "Who pays",
    Column.BOUGHT_ON: "Bought on",
    Column.INSTALLED_ON: "Installed on",
    Column.FIRST_USED_ON: "First used on",
    Column.LPA_CODE: "Activation code",
    Column.CONFIRMATION_CODE: "Confirmation code",
}
SAID = {column: HEADINGS.get(column, column.value) for column in Column}


def read(text: str, known: list[Card] | None = None, region: str | None = None):  # type: ignore[no-untyped-def]
    return read_cards(read_table("cards.csv", text.encode()), known or [], region)


def test_each_refused_row_has_its_reason() -> None:
    found = read(
        "名称,类型,国家,手机号,EID,IMEI,激活码,购买日期\n"
        "好卡,SIM 卡,中国,+86 138 0013 8000,,,,2026/01/02\n"
        ",,,,,,,2026-01-02\n"
        "坏一,卡片,,,,,,\n"
        "坏二,,亚特兰蒂斯,,,,,\n"
        "坏三,,,,123,,,\n"
        "坏四,,,,,490154203237510,,\n"
        "坏五,,,,,,https://example.com,\n"
        "坏六,,,,,,,昨天\n"
        "孪生,,,138 0013 8000,,,,\n",
        region="CN",
    )
    ((card, _secrets),) = found.cards
    assert (card.nickname, card.country, card.identifiers.msisdn, str(card.bought_on)) == ("好卡", "CN", "+8613800138000", "2026-01-02")
    assert [(row.number, row.problem) for row in found.refused] == [
        (3, RowProblem.NOTHING_TO_TELL_IT_BY),
        (4, RowProblem.UNKNOWN_KIND),
        (5, RowProblem.UNKNOWN_COUNTRY),
        (6, RowProblem.BAD_EID),
        (7, RowProblem.BAD_IMEI),
        (8, RowProblem.BAD_CODE),
        (9, RowProblem.BAD_DATE),
        (10, RowProblem.TWICE_IN_FILE),
    ]
    assert all("example.com" not in row.cell for row in found.refused), "no secret in a report"


def test_cards_that_are_here_already_are_not_added_again() -> None:
    known = Card("a", "a", CardKind.SIM, identifiers=Identifiers(iccid="8944110068000000000"))
    found = read("name,iccid,colour\nAgain,8944 1100 6800 0000 000,red\n", [known])
    assert [row.problem for row in found.refused] == [RowProblem.ALREADY_HERE]
    assert found.unused == ("colour",)


def test_the_same_file_gives_the_same_ids() -> None:
    text = "name,phone number\nA,+447700900123\nB,+447700900124\n"
    first, second = read(text), read(text)
    assert [card.card_id for card, _ in first.cards] == [card.card_id for card, _ in second.cards]
    assert len({card.card_id for card, _ in first.cards}) == 2


def test_a_workbook_is_read_too() -> None:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (("Name", "ICCID", "Tags"), ("Ten", "8944110068000000000", "home; travel")):
        sheet.append(row)
    book.save(out)
    ((card, _),) = read_cards(read_table("cards.xlsx", out.getvalue()), []).cards
    assert (card.nickname, card.identifiers.iccid, card.tags) == ("Ten", "8944110068000000000", {"home", "travel"})


def one_blank(text: str) -> str:
    return " ".join(text.split())


NAMES = some.text(some.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(lambda name: name.strip())
PLAIN = NAMES.filter(lambda name: not set(name) & set(";；、'\""))
MARKS = some.text(some.sampled_from("a=+'\\;；、| -"), min_size=1, max_size=8).map(one_blank).filter(bool)


def exported(card: Card, language: str) -> list[tuple[str, bytes]]:
    return [("cards.csv", export_cards([card], SAID, language)), ("cards.xlsx", export_workbook([card], SAID, language))]


@settings(max_examples=25)
@given(PLAIN, PLAIN, some.frozensets(NAMES, max_size=3), some.sampled_from(CardKind), some.sampled_from(["GB", "CN", "HK", None]))
def test_an_export_comes_back_as_it_was(name: str, holder: str, tags: frozenset[str], kind: CardKind, country: str | None) -> None:
    card = Card(
        "id",
        name,
        kind,
        operator="giffgaff",
        country=country,
        identifiers=Identifiers("8944110068000000000", "+447700900123"),
        holder=holder,
        tags=tags,
        dependents=(DependentAccount("Bank", "codes by SMS; last one"), DependentAccount("Mail")),
    )
    for language in ("en", "zh"):
        for file, data in exported(card, language):
            ((again, secrets),) = read_cards(read_table(file, data), []).cards
            assert secrets == CardSecrets()
            for field in ("nickname", "kind", "operator", "country", "identifiers", "holder", "tags", "dependents"):
                assert getattr(again, field) == getattr(card, field), (file, field)


@settings(max_examples=25)
@given(some.lists(some.tuples(MARKS, MARKS | some.just("")), min_size=1, max_size=3), some.frozensets(MARKS, max_size=3))
def test_accounts_keep_their_notes_whatever_marks_stand_in_them(accounts: list[tuple[str, str]], tags: frozenset[str]) -> None:
    card = Card("id", "'A'", CardKind.SIM, tags=tags, dependents=tuple(DependentAccount(*account) for account in accounts))
    for file, data in exported(card, "en"):
        ((again, _),) = read_cards(read_table(file, data), []).cards
        assert (again.nickname, again.tags, again.dependents) == (card.nickname, card.tags, card.dependents), file


def test_every_cell_of_a_workbook_is_text() -> None:
    secrets = CardSecrets("LPA:1$smdp.example.com$X-1", None, "0012")
    card = Card("id", "=1+1", CardKind.SIM, identifiers=Identifiers("8944110068000000000"), holder="#N/A", payer="a\x01b", device="007")
    data = export_workbook([card], SAID, "en", lambda card_id: secrets)
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert {"=1+1", "#N/A", "a b", "007", "0012"} <= {cell.value for cell in cells}
    ((again, found),) = read_cards(read_table("cards.xlsx", data), []).cards
    assert (again.nickname, again.holder, again.device, found) == ("=1+1", "#N/A", "007", secrets)
    assert b"smdp" not in b"".join(part for part in unpacked(export_workbook([card], SAID, "en")))


def unpacked(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_secrets_leave_only_when_asked_for_and_no_cell_is_a_formula() -> None:
    card = Card("id", "=HYPERLINK(1)", CardKind.ESIM, identifiers=Identifiers(msisdn="+447700900123"))
    secrets = CardSecrets("LPA:1$smdp.example.com$X-1", None, "1234")
    plain = export_cards([card], SAID, "en").decode("utf-8-sig")
    assert "smdp" not in plain
    assert not any(column in plain for column in SECRET)
    (row,) = csv.DictReader(io.StringIO(plain))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
    whole = export_cards([card], SAID, "en", lambda card_id: secrets)
    ((_, again),) = read_cards(read_table("cards.csv", whole), []).cards
    assert again == secrets


def test_codes_are_read_from_pictures_and_nothing_else() -> None:
    picture = io.BytesIO()
    segno.make("LPA:1$smdp.example.com$X-1").save(picture, kind="png", scale=4)
    assert codes_in(picture.getvalue()) == ["LPA:1$smdp.example.com$X-1"]
    blank = io.BytesIO()
    from PIL import Image

    Image.new("L", (200, 200), 255).save(blank, "PNG")
    assert codes_in(blank.getvalue()) == []
    huge = io.BytesIO()
    Image.new("1", (9000, 9000)).save(huge, "PNG")
    for bad in (b"", b"no picture", picture.getvalue()[:60], huge.getvalue()):
        with pytest.raises(NotAPicture):
            codes_in(bad)
