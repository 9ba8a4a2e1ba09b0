"""Receipts in a real database: kept once, found again, nobody else's, taken along in a ZIP that harms nobody."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.model.card import Card, CardKind
from services.model.intent import Intent, IntentEvent, IntentStatus
from services.model.money import Money
from services.model.order import TopUpProduct
from services.model.receipt import FileType, Receipt
from services.model.renewal import Begun, Channel, EventKind, RenewalStatus
from services.rules.attachments import BadAttachment, Refusal
from services.store.orders import Change, OrderStore
from services.store.receipts import NoSuchReceipt
from services.store.tables import files
from services.store.vault import Vault
from services.use import receipts as module
from services.use.cards import CardDesk
from services.use.configuration import read_configuration
from services.use.house import House, open_house
from services.use.receipts import Column, ReceiptDesk, TooMuchForOneFile, Wanted, file_name, months, payers
from services.use.renewals import RenewalDesk
from tests.unit.receipts.pictures import PDF, photo, photo_of_a_place

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
DAY = date(2026, 11, 19)
NEW = ""


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(read_configuration({"SIMKEEPER_DATA_DIR": str(tmp_path), "SIMKEEPER_DATABASE_URL": database_url}))
    yield house
    house.close()


def desk(house: House, account: str = "local") -> ReceiptDesk:
    return ReceiptDesk(house, account, lambda: NOW)


def hkd(amount: int) -> Money:
    return Money.of(amount, "HKD")


def kept_files(house: House) -> int:
    with house.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(files)).scalar() or 0)


def test_a_receipt_with_its_photo_is_there_on_another_machine(opened: House) -> None:
    kept = desk(opened).keep(Receipt(NEW, DAY, hkd(50), "  T-1  ", payer="Mei"), photo_of_a_place())
    elsewhere = open_house(opened.configuration)
    (found,) = desk(elsewhere).found(Wanted())
    assert (found, found.reference, found.amount) == (kept, "T-1", hkd(50))
    assert found.file is not None
    assert found.file.type is FileType.JPEG
    data = desk(elsewhere).store.data(found.file.digest)
    assert data is not None
    assert b"SERIAL-4711" not in data
    assert found.file.digest in desk(elsewhere).store.thumbnails([found.file.digest])
    elsewhere.close()


def test_one_file_on_two_receipts_is_kept_once_and_goes_with_the_last(opened: House) -> None:
    own = desk(opened)
    one, two = (own.keep(Receipt(NEW, DAY, hkd(50)), photo()) for _ in range(2))
    assert (one.file, kept_files(opened)) == (two.file, 1)
    own.delete(one.receipt_id)
    assert kept_files(opened) == 1
    own.keep(Receipt(two.receipt_id, DAY, hkd(50), file=two.file), PDF)
    assert kept_files(opened) == 1
    own.delete(two.receipt_id)
    assert kept_files(opened) == 0


def test_what_is_refused_changes_nothing(opened: House, monkeypatch: pytest.MonkeyPatch) -> None:
    own = desk(opened)
    kept = own.keep(Receipt(NEW, DAY, hkd(50)), photo())
    with pytest.raises(BadAttachment):
        own.keep(Receipt(kept.receipt_id, DAY, hkd(60)), b"PK\x03\x04")
    with pytest.raises(NoSuchReceipt):
        own.keep(Receipt("gone", DAY, hkd(60)))
    monkeypatch.setattr(module, "MOST_STORED", 1)
    with pytest.raises(BadAttachment) as full:
        own.keep(Receipt(NEW, DAY), PDF)
    assert full.value.because is Refusal.NO_ROOM
    own.keep(Receipt(NEW, DAY), photo())  # it is there already and takes no room
    assert {receipt.amount for receipt in own.found(Wanted())} == {None, hkd(50)}


def test_found_by_month_card_payer_and_number(opened: House) -> None:
    CardDesk(opened, "local").add(Card("c1", "Home number", CardKind.SIM))
    own = desk(opened)
    own.keep(Receipt(NEW, DAY, hkd(50), "TX-900", payer="Mei", card_id="c1"))
    own.keep(Receipt(NEW, date(2026, 10, 2), hkd(20), payer="Lin", product="Data pack"))
    everything = own.found(Wanted())
    assert (months(everything), payers(everything)) == ([date(2026, 11, 1), date(2026, 10, 1)], ["Lin", "Mei"])
    for wanted in (Wanted(month=date(2026, 11, 30)), Wanted(card="c1"), Wanted(payer="Mei"), Wanted(text="tx-9"), Wanted(text="home tx")):
        assert [receipt.reference for receipt in own.found(wanted)] == ["TX-900"]
    assert [receipt.product for receipt in own.found(Wanted(text="PACK"))] == ["Data pack"]
    assert own.found(Wanted(month=date(2025, 11, 1))) == []


def test_a_receipt_outlives_its_card_and_its_renewal_and_follows_a_merged_card(opened: House) -> None:
    cards, renewals, own = CardDesk(opened, "local"), RenewalDesk(opened, "local", lambda: NOW), desk(opened)
    for card in ("c1", "c2"):
        cards.add(Card(card, f"Card {card}", CardKind.SIM))
    renewal = renewals.start(Begun(CardKind.SIM, Channel.APP, card_id="c2"))
    kept = own.keep(Receipt(NEW, DAY, hkd(50), card_id="c2", renewal_id=renewal), photo())
    own.add_photo(renewal, "card", photo(300, 300))
    assert kept_files(opened) == 2
    cards.merge("c1", "c2")
    assert [receipt.card_id for receipt in own.of_renewal(renewal)] == ["c1"]
    cards.delete(["c1"])
    (found,) = own.found(Wanted())
    assert (found.card_name, found.renewal_id, found.file == kept.file, kept_files(opened)) == ("Card c2", None, True, 1)


def test_photos_lie_beside_steps_and_their_bytes_go_when_they_are_taken_away(opened: House) -> None:
    renewals, own = RenewalDesk(opened, "local", lambda: NOW), desk(opened)
    renewal = renewals.start(Begun(CardKind.SIM, Channel.APP))
    own.add_photo(renewal, "card", photo())
    own.add_photo(renewal, "card", photo())
    own.add_photo(renewal, "pay", photo())
    photos = own.store.photos(renewal)
    assert [(step, len(found)) for step, found in sorted(photos.items())] == [("card", 1), ("pay", 1)]
    (digest,) = photos["card"]
    own.remove_photo(renewal, "card", digest)
    own.remove_photo(renewal, "card", digest)
    assert kept_files(opened) == 1
    own.remove_photo(renewal, "pay", digest)
    assert (own.store.photos(renewal), kept_files(opened)) == ({}, 0)
    assert [event.kind for event in renewals.walk(renewal).events][1:] == [
        EventKind.PHOTO, EventKind.PHOTO, EventKind.PHOTO_REMOVED, EventKind.PHOTO_REMOVED,
    ]  # fmt: skip
    assert renewals.walk(renewal).can_undo is None
    own.add_photo("gone", "card", photo())
    assert kept_files(opened) == 0
    with pytest.raises(BadAttachment):
        own.add_photo(renewal, "card", b"no photo")


def test_receipts_of_one_account_are_closed_to_another(opened: House) -> None:
    opened.database.ensure_account("other")
    renewal = RenewalDesk(opened, "local", lambda: NOW).start(Begun(CardKind.SIM, Channel.APP))
    kept = desk(opened).keep(Receipt(NEW, DAY, hkd(50), renewal_id=renewal), photo())
    stranger = desk(opened, "other")
    assert kept.file is not None
    assert stranger.found(Wanted()) == []
    assert stranger.store.data(kept.file.digest) is None
    assert stranger.store.thumbnails([kept.file.digest]) == {}
    with pytest.raises(NoSuchReceipt):
        stranger.keep(Receipt(kept.receipt_id, DAY))
    stranger.add_photo(renewal, "card", photo(200, 200))
    stranger.delete(kept.receipt_id)
    assert desk(opened).store.photos(renewal) == {}
    assert desk(opened).of_renewal(renewal) == [kept]
    assert kept_files(opened) == 1


def test_a_renewal_counts_once_whether_by_its_receipt_or_by_what_was_entered(opened: House) -> None:
    CardDesk(opened, "local").add(Card("c1", "Home", CardKind.SIM, payer="Mei"))
    renewals, own = RenewalDesk(opened, "local", lambda: NOW), desk(opened)
    renewal = renewals.start(Begun(CardKind.SIM, Channel.APP, operator="cmhk", card_id="c1"))
    renewals.paid(renewal, hkd(50), "T-1")
    assert own.payments() == []  # nothing has left yet
    for status in (RenewalStatus.PAYING, RenewalStatus.SENT):
        renewals.set_status(renewal, status)
    (entered,) = own.payments()
    assert (entered.amount, entered.card, entered.payer, entered.payee, entered.reference) == (hkd(50), "Home", "Mei", "cmhk", "T-1")
    kept = own.keep(Receipt(NEW, DAY, None, card_id="c1", renewal_id=renewal), PDF)
    assert (len(own.payments()), own.without_amount()) == (1, 1)
    own.keep(Receipt(kept.receipt_id, DAY, hkd(49), card_id="c1", renewal_id=renewal, file=kept.file))
    assert [payment.amount for payment in own.payments()] == [hkd(49)]
    own.keep(Receipt(kept.receipt_id, DAY, hkd(49), card_id="c1", renewal_id=renewal, file=kept.file, refunded=True))
    assert own.payments() == []


def test_two_payments_that_are_right_stay_said(opened: House) -> None:
    desk(opened).say_right(("a", "b"))
    desk(opened).say_right(("a", "b"))
    desk(opened).say_right(("a", "c"))
    assert desk(opened).said_right() == {("a", "b"), ("a", "c")}


def test_the_zip_has_safe_names_and_no_formula(opened: House, monkeypatch: pytest.MonkeyPatch) -> None:
    own = desk(opened)
    evil = '=HYPERLINK("x")'
    first = own.keep(Receipt(NEW, DAY, Money.of("49.9", "HKD"), evil, payee="../../etc/續卡 <Shop>:*?\\", note="+1\n=2"), photo())
    own.keep(Receipt(NEW, DAY, None, "-1+1", operator="cmhk", refunded=True), PDF)
    own.keep(Receipt(NEW, DAY, hkd(5), product="@SUM(A1)"))
    headings = {column: column.value for column in Column}
    kept = own.found(Wanted())
    archive = zipfile.ZipFile(io.BytesIO(own.archive(kept, headings, str.upper, "yes")))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[0] == "receipts.csv"
    assert len(names) == len(set(names)) == 3
    for name in names[1:]:
        assert name.isascii()
        assert set(name.removeprefix("files/")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert name.count(".") == name.count("/") == 1
    assert f"files/{file_name(first)}" in names
    assert file_name(first).startswith("2026-11-19-49-9-hkd-etc-shop-")
    text = archive.read("receipts.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
        if row["file"]:
            assert row["file"] in names
    by_product = {row["reference"]: row for row in rows}
    assert (by_product["'" + evil]["amount"], by_product["'-1+1"]["payee"], by_product["'-1+1"]["refunded"]) == ("49.9", "CMHK", "yes")
    monkeypatch.setattr(module, "MOST_IN_ONE_FILE", 10)
    with pytest.raises(TooMuchForOneFile):
        own.archive(kept, headings, str, "yes")


def test_the_payment_of_a_renewal_and_its_receipt_say_the_same(opened: House) -> None:
    CardDesk(opened, "local").add(Card("c1", "Home", CardKind.SIM, payer="Mei"))
    renewals, own = RenewalDesk(opened, "local", lambda: NOW), desk(opened)
    renewal = renewals.start(Begun(CardKind.SIM, Channel.APP, operator="cmhk", card_id="c1"))
    for status in (RenewalStatus.PAYING, RenewalStatus.SENT):
        renewals.set_status(renewal, status)
    own.paid(renewal, hkd(50), " T-1 ", photo())
    (kept,) = own.of_renewal(renewal)
    assert (kept.amount, kept.reference, kept.payer, kept.operator, kept.card_name, kept.on) == (
        hkd(50),
        "T-1",
        "Mei",
        "cmhk",
        "Home",
        NOW.date(),
    )
    own.paid(renewal, hkd(49), "T-2", None)
    (kept,) = own.of_renewal(renewal)
    assert (kept.amount, kept.reference) == (hkd(49), "T-2")
    run = renewals.walk(renewal).run
    assert (run.paid, run.reference) == (hkd(49), "T-2")
    with pytest.raises(BadAttachment):
        own.paid(renewal, hkd(1), "T-3", b"no photo")
    assert renewals.walk(renewal).run.paid == hkd(49)
    assert [payment.amount for payment in own.payments()] == [hkd(49)]


def test_an_order_that_a_rule_placed_counts_and_an_invented_one_does_not(opened: House) -> None:
    CardDesk(opened, "local").add(Card("c1", "Travel", CardKind.ESIM, payer="Mei"))
    store = OrderStore(opened.database, "local", Vault(opened.configuration.data_dir))
    price = Money.of("4.5", "USD")
    for number, invented, status in (
        ("a", False, IntentStatus.CONFIRMED),
        ("b", True, IntentStatus.CONFIRMED),
        ("c", False, IntentStatus.FAILED),
    ):
        product = TopUpProduct("p1", "1 GB", price)
        intent = Intent(number, f"ref-{number}", "c1", "airalo", "8900", product, price, NOW, invented, f"purse-{number}")
        assert store.place(intent, lambda kept: None, lambda connection: None)
        assert store.claim(number, "me", NOW)
        outcome = IntentEvent(NOW, status, order_id=f"order-{number}", charged=price)
        assert store.settle(number, lambda kept, status=status, outcome=outcome: Change(status, outcome), lambda connection, kept: None)
    (payment,) = desk(opened).payments()
    assert (payment.payment_id, payment.amount, payment.card, payment.payer, payment.payee) == ("a", price, "Travel", "Mei", "airalo")
    assert (payment.product, payment.reference) == ("1 GB", "order-a")
