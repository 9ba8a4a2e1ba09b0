"""Many cards at once: a table to cards with a reason for each refused row, and cards to a table.

The columns are those of the export, in either language, so that an export comes back as it was. Codes (LPA, PIN, PUK) are read when a
column holds them, and written only when asked for.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.model.card import Card, CardKind, CardSecrets, DependentAccount, Identifiers
from services.rules.compare.export import plain_cell
from services.rules.identifiers import eid, findings, iccid, imei, lpa, msisdn
from services.rules.places.names import country_name, is_country
from services.rules.places.reading import read_places
from services.rules.plan_lists import Table
from services.use.cards import marks
from services.use.operators import operator_name, operator_named

LONGEST = 200


class Column(StrEnum):
    """The columns of an export, in its order."""

    NICKNAME = "nickname"
    KIND = "kind"
    OPERATOR = "operator"
    COUNTRY = "country"
    MSISDN = "msisdn"
    ICCID = "iccid"
    EID = "eid"
    IMEI = "imei"
    DEVICE = "device"
    SLOT = "slot"
    HOLDER = "holder"
    PAYER = "payer"
    TAGS = "tags"
    DEPENDENTS = "dependents"
    BOUGHT_ON = "bought_on"
    INSTALLED_ON = "installed_on"
    FIRST_USED_ON = "first_used_on"
    RETURN_BY = "return_by"
    LPA_CODE = "lpa_code"
    CONFIRMATION_CODE = "confirmation_code"
    PIN = "pin"
    PUK = "puk"


SECRET = (Column.LPA_CODE, Column.CONFIRMATION_CODE, Column.PIN, Column.PUK)

HEADINGS: Mapping[Column, tuple[str, ...]] = {
    Column.NICKNAME: ("name", "nickname", "名称", "卡名", "昵称", "备注名"),
    Column.KIND: ("kind", "type", "类型", "卡类型"),
    Column.OPERATOR: ("operator", "carrier", "运营商"),
    Column.COUNTRY: ("country", "国家", "国家或地区", "地区"),
    Column.MSISDN: ("phone number", "number", "phone", "msisdn", "手机号", "手机号码", "号码", "电话号码"),
    Column.ICCID: ("iccid", "sim number", "卡号", "iccid 卡号"),
    Column.EID: ("eid",),
    Column.IMEI: ("imei",),
    Column.DEVICE: ("device", "设备"),
    Column.SLOT: ("slot", "卡槽"),
    Column.HOLDER: ("holder", "owner", "使用人", "持有人", "机主"),
    Column.PAYER: ("payer", "who pays", "付款人", "谁付费"),
    Column.TAGS: ("tags", "标签"),
    Column.DEPENDENTS: ("accounts that depend on this number", "accounts", "依赖此号码的账户", "绑定账户"),
    Column.BOUGHT_ON: ("bought on", "bought", "购买日期"),
    Column.INSTALLED_ON: ("installed on", "installed", "安装日期"),
    Column.FIRST_USED_ON: ("first used on", "first used", "首次使用日期"),
    Column.RETURN_BY: ("to be given back by", "return by", "归还日期"),
    Column.LPA_CODE: ("activation code", "lpa", "lpa code", "激活码"),
    Column.CONFIRMATION_CODE: ("confirmation code", "确认码"),
    Column.PIN: ("pin", "pin code", "pin 码"),
    Column.PUK: ("puk", "puk code", "puk 码"),
}

KINDS: Mapping[CardKind, tuple[str, ...]] = {
    CardKind.SIM: ("sim", "sim card", "sim 卡", "sim卡", "实体卡", "手机卡"),
    CardKind.ESIM: ("esim",),
    CardKind.DATA_CARD: ("data_card", "data card", "data sim", "流量卡", "数据卡", "物联网卡"),
    CardKind.POCKET_WIFI: ("pocket_wifi", "pocket wi-fi", "pocket wifi", "mifi", "随身 wi-fi", "随身wifi", "随身 wifi"),
}


class RowProblem(StrEnum):
    """Why a row becomes no card."""

    NOTHING_TO_TELL_IT_BY = "nothing_to_tell_it_by"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_COUNTRY = "unknown_country"
    BAD_EID = "bad_eid"
    BAD_IMEI = "bad_imei"
    BAD_CODE = "bad_code"
    BAD_DATE = "bad_date"
    TOO_LONG = "too_long"
    TWICE_IN_FILE = "twice_in_file"
    ALREADY_HERE = "already_here"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class RefusedCard:
    """``number``: the row as a spreadsheet counts. ``column`` and ``cell``: where the reason lies; ``cell`` is empty for secrets."""

    number: int
    problem: RowProblem
    column: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class CardImport:
    """``unused``: columns nothing was made of."""

    cards: tuple[tuple[Card, CardSecrets], ...]
    refused: tuple[RefusedCard, ...]
    unused: tuple[str, ...]


class _Refused(Exception):
    def __init__(self, problem: RowProblem, column: Column | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.column = column


def read_cards(table: Table, known: Iterable[Card], region: str | None = None) -> CardImport:
    """Cards of ``table``, none of which is among ``known``. ``region``: country of phone numbers without a country code.

    Nothing is stored. The same file gives the same card ids, so that importing it twice adds each card once.
    """
    columns = _columns(table.columns)
    seen = {mark: RowProblem.ALREADY_HERE for card in known for mark in marks(card)}
    cards: list[tuple[Card, CardSecrets]] = []
    refused: list[RefusedCard] = []
    for row in table.rows:
        if row.problem is not None or row.problems:
            refused.append(RefusedCard(row.number, RowProblem.UNREADABLE))
            continue
        cells = {column: row.cells[at].strip().removeprefix("'") for column, at in columns.items()}
        if not any(cells.values()):
            continue
        try:
            card, secrets = _card(cells, region)
            twice = next((seen[mark] for mark in marks(card) if mark in seen), None)
            if twice is not None:
                raise _Refused(twice, Column.ICCID if card.identifiers.iccid else Column.MSISDN)
        except _Refused as error:
            at = error.column
            shown = "" if at is None or at in SECRET else cells.get(at, "")
            heading = "" if at is None or at not in columns else table.columns[columns[at]]
            refused.append(RefusedCard(row.number, error.problem, heading, shown[:60]))
            continue
        seen |= dict.fromkeys(marks(card), RowProblem.TWICE_IN_FILE)
        cards.append((card, secrets))
    unused = tuple(name for at, name in enumerate(table.columns) if at not in columns.values())
    return CardImport(tuple(cards), tuple(refused), unused)


def _columns(names: Sequence[str]) -> dict[Column, int]:
    by_heading = {heading: column for column, headings in HEADINGS.items() for heading in (column.value, *headings)}
    found: dict[Column, int] = {}
    for at, name in enumerate(names):
        column = by_heading.get(name.strip().removeprefix("'").lower())
        if column is not None:
            found.setdefault(column, at)
    return found


def _card(cells: dict[Column, str], region: str | None) -> tuple[Card, CardSecrets]:
    def get(column: Column) -> str:
        text = cells.get(column, "")
        if len(text) > LONGEST and column is not Column.DEPENDENTS:
            raise _Refused(RowProblem.TOO_LONG, column)
        return text

    numbers = Identifiers(
        iccid=iccid.compact(get(Column.ICCID)) or None,
        msisdn=msisdn.compact(get(Column.MSISDN), region) or None,
        eid=_checked(get(Column.EID), eid.compact, eid.check, RowProblem.BAD_EID, Column.EID),
        imei=_checked(get(Column.IMEI), imei.compact, imei.check, RowProblem.BAD_IMEI, Column.IMEI),
    )
    secrets = CardSecrets(
        lpa_code=_code(get(Column.LPA_CODE)),
        confirmation_code=get(Column.CONFIRMATION_CODE) or None,
        pin=get(Column.PIN) or None,
        puk=get(Column.PUK) or None,
    )
    operator = get(Column.OPERATOR)
    name = get(Column.NICKNAME) or operator or numbers.msisdn or numbers.iccid
    if not name:
        raise _Refused(RowProblem.NOTHING_TO_TELL_IT_BY)
    kind = _kind(get(Column.KIND)) or (CardKind.ESIM if secrets.lpa_code else CardKind.SIM)
    card = Card(
        card_id="",
        nickname=name,
        kind=kind,
        operator=operator_named(operator) or operator or None,
        country=_country(get(Column.COUNTRY)),
        identifiers=numbers,
        device=get(Column.DEVICE),
        slot=get(Column.SLOT),
        holder=get(Column.HOLDER),
        payer=get(Column.PAYER),
        tags=frozenset(name for name, _ in _parts(get(Column.TAGS))),
        dependents=tuple(DependentAccount(name, note) for name, note in _parts(get(Column.DEPENDENTS))),
        bought_on=_day(get(Column.BOUGHT_ON), Column.BOUGHT_ON),
        installed_on=_day(get(Column.INSTALLED_ON), Column.INSTALLED_ON),
        first_used_on=_day(get(Column.FIRST_USED_ON), Column.FIRST_USED_ON),
        return_by=_day(get(Column.RETURN_BY), Column.RETURN_BY),
    )
    told_by = "|".join(f"{kind}={value}" for kind, value in marks(card)) or repr(sorted(cells.items()))
    return replace(card, card_id=hashlib.sha256(told_by.encode()).hexdigest()[:16]), secrets


_BETWEEN = re.compile(r"(?<!\\)((?:\\\\)*)[;；、\n]")
_NOTE = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_SPECIAL = re.compile(r"[\\;；、|]|^'")
_ESCAPED = re.compile(r"\\([\\:；、|'])")


def _parts(text: str) -> list[tuple[str, str]]:
    """The parts of a cell between semicolons, ideographic commas or line breaks, each with what it says behind a ``|``.

    A backslash takes its meaning from the mark behind it, and ``\\:`` is a semicolon. An apostrophe in front of a part is the export's,
    against formulas.
    """
    found = []
    for part in _BETWEEN.sub("\\1\n", text).split("\n"):
        name, _, note = _NOTE.sub("\\1\n", part.strip().removeprefix("'"), count=1).partition("\n")
        if name.strip():
            found.append((_meant(name.strip()), _meant(note.strip())))
    return found


def _meant(text: str) -> str:
    return _ESCAPED.sub(lambda found: ";" if found[1] == ":" else found[1], text)


def _joined(parts: Iterable[tuple[str, str]]) -> str:
    """What ``_parts`` reads back as it was. No semicolon stands inside a part: some programs cut the cell there."""
    return "; ".join(" | ".join(_written(text) for text in part if text) for part in parts)


def _written(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\:" if found[0] == ";" else f"\\{found[0]}", " ".join(text.split()))


def _checked(
    text: str,
    compact: Callable[[str], str],
    check: Callable[[str], tuple[findings.Finding, ...]],
    problem: RowProblem,
    column: Column,
) -> str | None:
    if not text:
        return None
    if any(found.level is findings.Level.ERROR for found in check(text)):
        raise _Refused(problem, column)
    return compact(text)


def _code(text: str) -> str | None:
    if not text:
        return None
    try:
        return lpa.build(lpa.parse(text))
    except lpa.NotAnActivationCodeError:
        raise _Refused(RowProblem.BAD_CODE, Column.LPA_CODE) from None


def _kind(text: str) -> CardKind | None:
    if not text:
        return None
    wanted = text.lower()
    for kind, names in KINDS.items():
        if wanted in names:
            return kind
    raise _Refused(RowProblem.UNKNOWN_KIND, Column.KIND)


def _country(text: str) -> str | None:
    if not text:
        return None
    if len(text) == 2 and is_country(text.upper()):
        return text.upper()
    ids = read_places(text).ids
    if len(ids) == 1 and is_country(ids[0]):
        return ids[0]
    raise _Refused(RowProblem.UNKNOWN_COUNTRY, Column.COUNTRY)


def _day(text: str, column: Column) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10].replace("/", "-"))
    except ValueError:
        raise _Refused(RowProblem.BAD_DATE, column) from None


def export_cards(
    cards: Iterable[Card],
    headings: Mapping[Column, str],
    language: str,
    secrets_of: Callable[[str], CardSecrets] | None = None,
) -> bytes:
    """UTF-8 CSV with a byte order mark, every cell quoted and none of them a formula; with secrets only when ``secrets_of`` is given."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in _rows(cards, headings, language, secrets_of):
        writer.writerow([_kept_apostrophe(cell, plain_cell(cell)) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def export_workbook(
    cards: Iterable[Card],
    headings: Mapping[Column, str],
    language: str,
    secrets_of: Callable[[str], CardSecrets] | None = None,
) -> bytes:
    """XLSX of the same rows. Every cell is text and stays so when a person edits it: no formula, no rounded ICCID, no lost leading 0."""
    from openpyxl import Workbook  # only who exports a workbook loads its writer
    from openpyxl.cell import WriteOnlyCell

    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in _rows(cards, headings, language, secrets_of):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, _kept_apostrophe(text, _NOT_IN_XML.sub(" ", text)))
            cell.data_type, cell.number_format = "s", "@"
            cells.append(cell)
        sheet.append(cells)
    book.save(out)
    return out.getvalue()


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold: a workbook with one such sign does not open."""


def _rows(
    cards: Iterable[Card], headings: Mapping[Column, str], language: str, secrets_of: Callable[[str], CardSecrets] | None
) -> Iterable[list[str]]:
    columns = [column for column in Column if secrets_of is not None or column not in SECRET]
    yield [headings[column] for column in columns]
    for card in cards:
        cells = _cells(card, language, CardSecrets() if secrets_of is None else secrets_of(card.card_id))
        yield [cells[column] for column in columns]


def _kept_apostrophe(text: str, cell: str) -> str:
    """``cell`` with one apostrophe more than ``text`` when that has any in front: an import takes one away."""
    own = len(text) - len(text.lstrip("'"))
    return f"'{cell}" if own and len(cell) - len(cell.lstrip("'")) == own else cell


def _cells(card: Card, language: str, secrets: CardSecrets) -> dict[Column, str]:
    numbers = card.identifiers
    return {
        Column.NICKNAME: card.nickname,
        Column.KIND: card.kind.value,
        Column.OPERATOR: operator_name(card.operator, language) if card.operator else "",
        Column.COUNTRY: country_name(card.country, language) if card.country else "",
        Column.MSISDN: numbers.msisdn or "",
        Column.ICCID: numbers.iccid or "",
        Column.EID: numbers.eid or "",
        Column.IMEI: numbers.imei or "",
        Column.DEVICE: card.device,
        Column.SLOT: card.slot,
        Column.HOLDER: card.holder,
        Column.PAYER: card.payer,
        Column.TAGS: _joined((tag, "") for tag in sorted(card.tags)),
        Column.DEPENDENTS: _joined((account.name, account.note) for account in card.dependents),
        Column.BOUGHT_ON: card.bought_on.isoformat() if card.bought_on else "",
        Column.INSTALLED_ON: card.installed_on.isoformat() if card.installed_on else "",
        Column.FIRST_USED_ON: card.first_used_on.isoformat() if card.first_used_on else "",
        Column.RETURN_BY: card.return_by.isoformat() if card.return_by else "",
        Column.LPA_CODE: secrets.lpa_code or "",
        Column.CONFIRMATION_CODE: secrets.confirmation_code or "",
        Column.PIN: secrets.pin or "",
        Column.PUK: secrets.puk or "",
    }
