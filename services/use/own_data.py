"""Everything an account has, given out in open formats or deleted for good."""

import csv
import io
import json
import mimetypes
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Table

from services.model.person import Role
from services.providers.errors import ProviderError
from services.rules.compare.export import plain_cell
from services.store.acting import as_program
from services.store.own_rows import OwnRows
from services.store.people import Directory
from services.store.sealing import SEALED, holds_sealed
from services.store.vault import SecretUnreadable, Vault
from services.use import backup
from services.use.connections import ConnectionDesk, ConnectionSource
from services.use.house import House

OWNER = "account_id"
README = """Everything Simkeeper keeps of this account, in open formats.
续卡管家为此账户保存的全部内容，均为开放格式。

Each table is there twice: as CSV for spreadsheets (no cell is a formula), and as JSON with every value as it is.
每张表各有两份：CSV 供电子表格使用（没有任何单元格是公式），JSON 保留原样的值。

Times are seconds since 1970-01-01 UTC. Money is in millionths of a unit of its currency. Data is in bytes.
时间为自 1970-01-01（UTC）起的秒数；金额以该货币单位的百万分之一计；流量以字节计。

Photos and PDFs lie in the folder "files", named by their SHA-256.
照片和 PDF 在 files 文件夹里，以其 SHA-256 命名。

{secrets}
"""
WITH_SECRETS = """Activation codes, PINs and keys are inside, readable: keep this file as you would keep them.
文件内含可直接读取的激活码、PIN 和密钥：请像保管它们本身一样保管此文件。"""
WITHOUT_SECRETS = "Activation codes, PINs and keys are not inside.\n文件内不含激活码、PIN 和密钥。"
_ENDINGS = {"jpeg": ".jpg", "jpg": ".jpg", "png": ".png", "webp": ".webp", "pdf": ".pdf"}


def export(house: House, account: str, secrets: bool = False) -> bytes:
    """A ZIP with every table of the account as CSV and JSON, and its files. What is sealed is left out, or opened when ``secrets``; what no
    key here opens is left out in any case."""
    out, vault = io.BytesIO(), Vault(house.configuration.data_dir)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README.format(secrets=WITH_SECRETS if secrets else WITHOUT_SECRETS))
        for table, rows in OwnRows(house.database, account).tables():
            _take_files_out(archive, table, rows)
            given = [_given(row, vault if secrets else None) for row in rows]
            archive.writestr(f"{table.name}.json", json.dumps(given, ensure_ascii=False, indent=1))
            archive.writestr(f"{table.name}.csv", _csv(given))
    return out.getvalue()


def _take_files_out(archive: zipfile.ZipFile, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Bytes become files of their own; the row keeps their name."""
    for column in table.columns:
        if isinstance(column.type, LargeBinary):
            for number, row in enumerate(rows):
                if (data := row[column.name]) is not None:
                    name = f"files/{_file_stem(row, number)}{'' if column.name == 'data' else f'-{column.name}'}{_ending(row)}"
                    archive.writestr(name, data)
                    row[column.name] = name


def _file_stem(row: Mapping[str, Any], number: int) -> str:
    """Letters and digits alone: a name in an archive is a path."""
    stem = "".join(character for character in str(row.get("digest", "")) if character.isascii() and character.isalnum())
    return stem or str(number)


def _ending(row: Mapping[str, Any]) -> str:
    return _ENDINGS.get(str(row.get("type", "")).lower(), mimetypes.guess_extension(str(row.get("type", ""))) or "")


def _given(row: Mapping[str, Any], vault: Vault | None) -> dict[str, Any]:
    given = {name: _parsed(name, value) for name, value in row.items() if name not in (OWNER, SEALED)}
    if vault is not None and row.get(SEALED) is not None:
        with suppress(SecretUnreadable):
            given["secrets"] = _parsed("body", vault.open(row[SEALED]))
    return given


def _parsed(name: str, value: Any) -> Any:
    """Bodies are JSON kept as a text; they are given as JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
    return value


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return plain_cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def delete(house: House, account: str, now: datetime) -> None:
    """Delete the account for good: its rows, its tokens, and every kept backup, for they hold it too. When other accounts are left, a
    backup of them is made at once. When nothing sealed is left, the key goes as well, so that no copy elsewhere can be opened. Of a
    household, its people go too; those whom the configuration names belong to it anew. Raises NotAllowed."""
    house.database.require(Role.OWNER)
    connections = ConnectionDesk(house, account)
    for connection in connections.connections():
        if connection.source is not ConnectionSource.FILE:
            with suppress(ProviderError, TimeoutError):
                connections.disconnect(connection.facts.id)
    OwnRows(house.database, account).delete()
    backup.remove_kept(house)
    if not holds_sealed(house.database):
        Vault(house.configuration.data_dir).forget()
    house.database.ensure_local_account()
    Directory(house.database).settle(house.configuration.sign_in.households, now)
    backup.forget_what_was_read(house)
    with as_program():
        backup.keep_daily(house, now)
