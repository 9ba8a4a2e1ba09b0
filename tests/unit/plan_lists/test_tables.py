"""From bytes to a table: encodings, delimiters, workbooks, and files that are none."""

import contextlib
import io
import struct
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.rules import plan_lists
from services.rules.plan_lists import FileKind, Reason, read_table
from tests.unit.plan_lists.lists import workbook

CHINESE = "商家,套餐名称,流量,价格,国家\n某某通信,德国七天,5GB,30,德国\n某某通信,捷克十天,10GB,45,捷克\n"
WESTERN = "seller;name;data;price;country\nCafé Réseau;Été à Málaga;5;3,50;Germany\nGrün;Über München;1;2,00;Austria\n"


def cells(table: plan_lists.Table) -> list[tuple[str, ...]]:
    return [table.columns, *(row.cells for row in table.rows)]


def split(text: str, delimiter: str) -> list[tuple[str, ...]]:
    return [tuple(line.split(delimiter)) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("codec", "told", "guessed"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", False),
        ("gb18030", "gb18030", True),
        ("gbk", "gb18030", True),
        ("utf-16", "utf-16", False),
        ("utf-32", "utf-32", False),
    ],
)
def test_chinese_text_is_read_in_every_usual_encoding(codec: str, told: str, guessed: bool) -> None:
    table = read_table("计划.csv", CHINESE.encode(codec))
    assert cells(table) == split(CHINESE, ",")
    assert (table.encoding, table.encoding_guessed) == (told, guessed)


@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_western_text_of_one_byte_is_told_from_chinese(codec: str) -> None:
    table = read_table("plans.csv", WESTERN.encode(codec))
    assert cells(table) == split(WESTERN, ";")
    assert (table.encoding, table.encoding_guessed, table.delimiter) == ("cp1252", True, ";")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark(codec: str) -> None:
    assert cells(read_table("p.csv", "a,b\n1,2\n".encode(codec))) == [("a", "b"), ("1", "2")]


def test_a_named_encoding_overrides_the_guess() -> None:
    big5 = "國家,價格\n德國,30\n".encode("big5")
    assert cells(read_table("p.csv", big5, encoding="big5")) == [("國家", "價格"), ("德國", "30")]
    for asked in ("utf-8", "utf-7"):
        with pytest.raises(plan_lists.UnknownEncoding) as error:
            read_table("p.csv", big5, encoding=asked)
        assert error.value.asked == asked
        assert "big5" in error.value.known


def test_text_in_no_known_encoding_is_refused() -> None:
    with pytest.raises(plan_lists.UnknownEncoding):
        read_table("p.csv", "国,價\n德,30\n".encode("shift_jis", "ignore") + b"\x81\xff\x81,\x8d\x8f\n")
    with pytest.raises(plan_lists.UnknownEncoding):
        read_table("p.csv", b"\xff\xfea\x00,\x00\x00\xd8\n\x00")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    text = f'name{delimiter}price{delimiter}"countries"\n"A, B; C | D"{delimiter}3.5{delimiter}"DE, AT"\n'
    table = read_table("p.csv", text.encode())
    assert table.delimiter == delimiter
    assert cells(table) == [("name", "price", "countries"), ("A, B; C | D", "3.5", "DE, AT")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_lines_inside_cells(end: str) -> None:
    text = end.join(["a,b", '1,"x\ny"', "", " , ", "2,z"])
    table = read_table("p.csv", text.encode())
    assert [(row.number, row.cells) for row in table.rows] == [(2, ("1", "x\ny")), (5, ("2", "z"))]


def test_a_title_above_the_column_names_is_passed_over() -> None:
    for data in (b"My plans 2026\n\na;b\n1;2\n", workbook(("s", [["My plans 2026"], [], ["a", "b"], [1, 2]]))):
        table = read_table("p", data)
        assert (table.columns, [(row.number, row.cells) for row in table.rows]) == (("a", "b"), [(4, ("1", "2"))])


def test_names_of_columns() -> None:
    table = read_table("p.csv", b"price,,price,\xef\xbb\xbfx\xe2\x80\xae,\n1,2,3,4\n")
    assert table.columns == ("price", "B", "price (C)", "x")
    assert table.rows[0].cells == ("1", "2", "3", "4")


def test_short_rows_are_filled_and_long_ones_marked() -> None:
    table = read_table("p.csv", b"a,b\n1\n1,2,3\n1,2,,\n")
    assert [(row.cells, row.problem) for row in table.rows] == [
        (("1", ""), None),
        (("1", "2", "3"), Reason.TOO_MANY_CELLS),
        (("1", "2"), None),
    ]


def test_a_giant_cell_costs_its_row_and_no_other() -> None:
    table = read_table("p.csv", b"a,b\n1,2\n" + b"x" * 200_000 + b",2\n3,4\n")
    assert [(row.number, row.cells[0], row.problem) for row in table.rows] == [
        (2, "1", None),
        (3, "", Reason.CELL_TOO_LONG),
        (4, "3", None),
    ]


@pytest.mark.parametrize("filling", ["", "z" * 200_000])
def test_a_quote_left_open_costs_its_row_and_not_those_below(filling: str) -> None:
    text = f'a,b\n1,2\n"3,4\n5,6\n7,"8\n9"\n{filling},0\n11,5" tall\n'
    rows = read_table("p.csv", text.encode()).rows
    got = [row.problem or row.cells for row in rows]
    last = Reason.CELL_TOO_LONG if filling else ("", "0")
    assert got[:2] == [("1", "2"), Reason.UNCLOSED_QUOTE]
    assert got[-4:] == [("5", "6"), ("7", "8\n9"), last, ("11", '5" tall')]
    assert [row.number for row in rows] == list(range(2, 2 + len(rows)))


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("p.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR,,,,", FileKind.BINARY),
        ("p.csv", bytes(range(256)), FileKind.BINARY),
        ("p.csv", b"%PDF-1.7 ...", FileKind.PDF),
        ("p.csv", b"\xef\xbb\xbf <!DOCTYPE html><p>a,b", FileKind.HTML),
        ("p.csv", b'{"plans": [1, 2]}', FileKind.JSON),
        ("p.csv", b"just a line\nand another\n", FileKind.ONE_COLUMN),
        ("p.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, FileKind.OLD_OR_ENCRYPTED_OFFICE),
        ("p.xlsx", b"a,b\n1,2\n", FileKind.BROKEN_WORKBOOK),
        ("p.xlsx", b"PK\x03\x04 and nothing", FileKind.BROKEN_WORKBOOK),
    ],
)
def test_files_that_are_no_table(name: str, data: bytes, kind: FileKind) -> None:
    with pytest.raises(plan_lists.NotATable) as error:
        read_table(name, data)
    assert error.value.kind is kind


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"a,b\n", b"a,b\n,\n \n", b",\n,\n"])
def test_empty_files(data: bytes) -> None:
    with pytest.raises(plan_lists.EmptyTable):
        read_table("p.csv", data)


def test_limits() -> None:
    with pytest.raises(plan_lists.FileTooLarge) as large:
        read_table("p.csv", b"a,b\n" * 4, max_bytes=15)
    assert (large.value.size, large.value.limit) == (16, 15)
    with pytest.raises(plan_lists.FileTooLarge):
        read_table("p.csv", bytes(50_000_000))
    assert len(read_table("p.csv", b"a,b\n" * 11, max_rows=10).rows) == 10
    with pytest.raises(plan_lists.TooManyRows):
        read_table("p.csv", b"a,b\n" * 12, max_rows=10)
    with pytest.raises(plan_lists.TooManyColumns) as wide:
        read_table("p.csv", (",".join("a" * 201) + "\n").encode() * 2)
    assert wide.value.count == 201


def test_a_workbook_is_read_as_text_cells() -> None:
    data = workbook(("计划", [["name", "price", "days", "ok", "none"], ["日本", 3.5, 30, True, None], ["x", 0.1, 7.0, False, "5 GB"]]))
    table = read_table("p.xlsx", data)
    assert cells(table) == [
        ("name", "price", "days", "ok", "none"),
        ("日本", "3.5", "30", "true", ""),
        ("x", "0.1", "7", "false", "5 GB"),
    ]
    assert (table.sheet, table.encoding, table.rows[0].number) == ("计划", None, 2)


def test_the_first_sheet_with_content_unless_one_is_named() -> None:
    data = workbook(("empty", []), ("one", [["a", "b"], [1, 2]]), ("two", [["c", "d"], [3, 4]]))
    table = read_table("p.xlsx", data)
    assert (table.sheet, table.sheets, table.columns) == ("one", ("empty", "one", "two"), ("a", "b"))
    assert read_table("p.xlsx", data, sheet="two").rows[0].cells == ("3", "4")
    with pytest.raises(plan_lists.NoSuchSheet) as error:
        read_table("p.xlsx", data, sheet="three")
    assert error.value.sheets == ("empty", "one", "two")


def rewritten(data: bytes, change: dict[bytes, bytes], name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with some bytes of one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part)
            if part == name:
                for before, after in change.items():
                    assert before in content
                    content = content.replace(before, after)
            new.writestr(part, content)
    return out.getvalue()


def test_formulas_give_their_stored_value_or_are_marked_and_never_evaluated() -> None:
    data = workbook(("s", [["a", "b", "c", "d"], ["=1+1", "=2+2", "#DIV/0!", "=T(0)"], [1, 2, 3, 4]]))
    data = rewritten(
        data,
        {b"<f>1+1</f><v />": b"<f>1+1</f><v>77</v>", b'<c r="D2"><f>T(0)</f><v />': b'<c r="D2" t="str"><f>T(0)</f><v></v>'},
    )
    first, second = read_table("p.xlsx", data).rows
    assert first.cells[0] == "77"
    assert first.problems == {1: Reason.FORMULA_WITHOUT_VALUE, 2: Reason.ERROR_IN_CELL}
    assert second.problems == {}


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(70):
                part.write(b" " * 1_000_000)
    assert len(packed.getvalue()) < 200_000
    with pytest.raises(plan_lists.UnpacksTooLarge) as error:
        read_table("p.xlsx", packed.getvalue())
    assert error.value.limit == 60_000_000


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    data = bytearray(workbook(("s", [["a", "b"], ["x" * 50_000, 2]])))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/worksheets/sheet1.xml"))
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises(plan_lists.NotATable):
        read_table("p.xlsx", bytes(data))


@pytest.mark.parametrize("change", [{b'r="B2"': b'r="XFD1048576"'}, {b'<row r="2"': b'<row r="999999999"'}])
def test_cells_far_apart_do_not_fill_the_memory(change: dict[bytes, bytes]) -> None:
    data = rewritten(workbook(("s", [["a", "b"], [1, 2]])), change)
    with pytest.raises((plan_lists.TooManyRows, plan_lists.NotATable)):
        read_table("p.xlsx", data)


def test_cells_without_places_do_not_fill_the_memory() -> None:
    wide = b"<row>" + b"<c/>" * 3_000 + b"</row>" + b"<row><c><v>1</v></c></row>" * 3_000
    data = rewritten(workbook(("s", [["a", "b"], [1, 2]])), {b"<sheetData>": b"<sheetData>" + wide})
    with pytest.raises(plan_lists.TooManyRows):
        read_table("p.xlsx", data)


def test_entities_and_other_zips_are_refused() -> None:
    data = rewritten(workbook(("s", [["a", "b"], [1, 2]])), {b"<worksheet ": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet '})
    with pytest.raises(plan_lists.NotATable) as error:
        read_table("p.xlsx", data)
    assert error.value.kind is FileKind.BROKEN_WORKBOOK
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("plans.csv", "a,b\n1,2\n")
    with pytest.raises(plan_lists.NotATable) as other:
        read_table("p.zip", packed.getvalue())
    assert other.value.kind is FileKind.OTHER_ZIP


@given(st.binary(max_size=400))
@example(b"a,b\n\xe9,\xe8\n")
@example(b'a,"b\n1,2')
def test_arbitrary_bytes_give_a_table_or_a_typed_error(data: bytes) -> None:
    for given_bytes in (data, b"a,b\n1," + data, b"PK\x03\x04" + data):
        try:
            table = read_table("p.csv", given_bytes)
        except plan_lists.TableError:
            continue
        assert table.rows
        assert all(len(row.cells) == len(table.columns) or row.problem for row in table.rows)


BOOK = workbook(("s", [["a", "b"], [1, "x"], ["=1+1", 2]]))


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, len(BOOK) - 1), st.integers(0, 255), max_size=8), st.integers(0, len(BOOK)))
def test_a_damaged_workbook_gives_a_table_or_a_typed_error(changes: dict[int, int], cut: int) -> None:
    damaged = bytearray(BOOK)
    for place, byte in changes.items():
        damaged[place] = byte
    for data in (bytes(damaged), bytes(damaged[:cut])):
        try:
            assert read_table("p.xlsx", data).columns
        except plan_lists.TableError:
            continue


SHEET = zipfile.ZipFile(io.BytesIO(BOOK)).read("xl/worksheets/sheet1.xml")


@settings(max_examples=60)
@given(st.integers(0, len(SHEET) - 1), st.binary(max_size=6), st.integers(0, 6))
def test_a_damaged_sheet_gives_a_table_or_a_typed_error(place: int, insert: bytes, drop: int) -> None:
    damaged = SHEET[:place] + insert + SHEET[place + drop :]
    with contextlib.suppress(plan_lists.TableError):
        assert read_table("p.xlsx", rewritten(BOOK, {SHEET: damaged})).columns
