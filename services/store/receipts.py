"""Receipts of an account, and the files that prove them, each found by what it contains."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, exists, func, select

from services.model.receipt import FileType, Receipt, StoredFile
from services.rules.attachments import Attachment
from services.store.database import Database
from services.store.tables import files, receipts, renewals, step_photos

_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)


class NoSuchReceipt(Exception):
    """The account has no receipt ``receipt_id`` (any more)."""

    def __init__(self, receipt_id: str) -> None:
        super().__init__(receipt_id)
        self.receipt_id = receipt_id


class ReceiptStore:
    """Receipts and files of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    # ------------------------------------------------------------------------------------------------------- receipts

    def all(self) -> list[Receipt]:
        """Every receipt, the newest payment first."""
        mine = select(receipts).where(receipts.c.account_id == self._account)
        with self._database.read() as connection:
            rows = connection.execute(mine.order_by(receipts.c.paid_on.desc(), receipts.c.added_at.desc(), receipts.c.id)).all()
        return [_receipt(row) for row in rows]

    def get(self, receipt_id: str) -> Receipt:
        """Raises NoSuchReceipt."""
        with self._database.read() as connection:
            row = connection.execute(select(receipts).where(self._is(receipt_id))).first()
        if row is None:
            raise NoSuchReceipt(receipt_id)
        return _receipt(row)

    def put(self, receipt: Receipt, at: datetime, attachment: Attachment | None = None) -> None:
        """Add a receipt, or put it in place of the one with its id; with ``attachment``, the file that its ``file`` names. A file that
        nothing names any more goes."""
        row = {
            "card_id": receipt.card_id,
            "renewal_id": receipt.renewal_id,
            "digest": receipt.file.digest if receipt.file else None,
            "paid_on": receipt.on.isoformat(),
            "body": _RECEIPT.dump_json(receipt, exclude_defaults=True).decode(),
        }
        with self._database.write(self._account) as connection:
            before = connection.execute(select(receipts.c.digest).where(self._is(receipt.receipt_id))).scalar()
            if attachment is not None:
                self._keep(connection, attachment, at)
            if not connection.execute(receipts.update().where(self._is(receipt.receipt_id)).values(**row)).rowcount:
                added = {"account_id": self._account, "id": receipt.receipt_id, "added_at": int(at.timestamp())}
                connection.execute(receipts.insert().values(**added, **row))
            drop_unused(connection, self._account, [before])

    def delete(self, receipt_id: str) -> None:
        """Forget a receipt, and its file unless something else names it."""
        with self._database.write(self._account) as connection:
            digest = connection.execute(select(receipts.c.digest).where(self._is(receipt_id))).scalar()
            connection.execute(receipts.delete().where(self._is(receipt_id)))
            drop_unused(connection, self._account, [digest])

    # ------------------------------------------------------------------------------------------------------- files

    def stored(self) -> int:
        """Bytes of all files together."""
        with self._database.read() as connection:
            total = select(func.coalesce(func.sum(files.c.size), 0)).where(files.c.account_id == self._account)
            return int(connection.execute(total).scalar() or 0)

    def file(self, digest: str) -> StoredFile | None:
        """What is kept under ``digest``; None when nothing is."""
        with self._database.read() as connection:
            row = connection.execute(select(files.c.type, files.c.size, files.c.width, files.c.height).where(self._named(digest))).first()
        return None if row is None else StoredFile(digest, FileType(row.type), row.size, row.width, row.height)

    def data(self, digest: str) -> bytes | None:
        """The whole file; None when it is gone."""
        with self._database.read() as connection:
            found = connection.execute(select(files.c.data).where(self._named(digest))).scalar()
        return None if found is None else bytes(found)

    def thumbnails(self, digests: Iterable[str]) -> dict[str, bytes]:
        """The small pictures of those that have one."""
        wanted = list(digests)
        query = select(files.c.digest, files.c.thumbnail).where(
            files.c.account_id == self._account, files.c.digest.in_(wanted), files.c.thumbnail.is_not(None)
        )
        with self._database.read() as connection:
            return {row.digest: bytes(row.thumbnail) for row in connection.execute(query)}

    # ------------------------------------------------------------------------------------------------------- photos of steps

    def photos(self, renewal_id: str) -> dict[str, tuple[str, ...]]:
        """Of each step of a renewal the photos that lie beside it, the first one first."""
        mine = and_(step_photos.c.account_id == self._account, step_photos.c.renewal_id == renewal_id)
        query = select(step_photos.c.step, step_photos.c.digest).where(mine).order_by(step_photos.c.added_at, step_photos.c.digest)
        found: dict[str, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found[row.step] = (*found.get(row.step, ()), row.digest)
        return found

    def add_photo(self, renewal_id: str, step: str, attachment: Attachment, at: datetime) -> bool:
        """Lay a photo beside a step. False when it lies there already, or the renewal is gone."""
        digest = attachment.file.digest
        with self._database.write(self._account) as connection:
            renewal = select(renewals.c.id).where(renewals.c.account_id == self._account, renewals.c.id == renewal_id)
            there = select(step_photos.c.digest).where(self._photo(renewal_id, step, digest))
            if connection.execute(renewal).first() is None or connection.execute(there).first() is not None:
                return False
            self._keep(connection, attachment, at)
            row = {"account_id": self._account, "renewal_id": renewal_id, "step": step, "digest": digest}
            connection.execute(step_photos.insert().values(**row, added_at=int(at.timestamp())))
        return True

    def remove_photo(self, renewal_id: str, step: str, digest: str) -> bool:
        """Take a photo away; its bytes go too, unless something else names them. False when it was not there."""
        with self._database.write(self._account) as connection:
            gone = connection.execute(step_photos.delete().where(self._photo(renewal_id, step, digest))).rowcount
            drop_unused(connection, self._account, [digest])
        return bool(gone)

    def _photo(self, renewal_id: str, step: str, digest: str) -> Any:
        mine = and_(step_photos.c.account_id == self._account, step_photos.c.renewal_id == renewal_id)
        return and_(mine, step_photos.c.step == step, step_photos.c.digest == digest)

    def _keep(self, connection: Connection, attachment: Attachment, at: datetime) -> None:
        file = attachment.file
        if connection.execute(select(files.c.digest).where(self._named(file.digest))).first():
            return
        connection.execute(
            files.insert().values(
                account_id=self._account,
                digest=file.digest,
                type=file.type.value,
                size=file.size,
                width=file.width,
                height=file.height,
                data=attachment.data,
                thumbnail=attachment.thumbnail,
                added_at=int(at.timestamp()),
            )
        )

    def _is(self, receipt_id: str) -> Any:
        return and_(receipts.c.account_id == self._account, receipts.c.id == receipt_id)

    def _named(self, digest: str) -> Any:
        return and_(files.c.account_id == self._account, files.c.digest == digest)


def let_go(connection: Connection, account: str, renewal_id: str) -> None:
    """Before a renewal is forgotten: its receipts stay and stand for themselves, its photos go."""
    mine = and_(step_photos.c.account_id == account, step_photos.c.renewal_id == renewal_id)
    digests = connection.execute(select(step_photos.c.digest).where(mine)).scalars().all()
    connection.execute(step_photos.delete().where(mine))
    of_renewal = and_(receipts.c.account_id == account, receipts.c.renewal_id == renewal_id)
    connection.execute(receipts.update().where(of_renewal).values(renewal_id=None))
    drop_unused(connection, account, digests)


def drop_unused(connection: Connection, account: str, digests: Iterable[str | None]) -> None:
    """Let those of these files go that no receipt and no step of the account names."""
    for digest in {digest for digest in digests if digest}:
        used = (exists().where(table.c.account_id == account, table.c.digest == digest) for table in (receipts, step_photos))
        mine = and_(files.c.account_id == account, files.c.digest == digest)
        connection.execute(files.delete().where(mine, *(~anywhere for anywhere in used)))


def _receipt(row: Any) -> Receipt:
    """The columns have the last word: merging cards and forgetting renewals change them alone."""
    return replace(_RECEIPT.validate_json(row.body), card_id=row.card_id, renewal_id=row.renewal_id)
