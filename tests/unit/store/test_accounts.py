"""Every public function of every store, called for one household with the ids of another, which has a row in every table.

The judge is a second database in which the other household was never there: the answer must be the same in both, word for word. So neither
a text, nor a number, nor that something exists gets across. And no row of the other household differs afterwards.

Functions are found by looking: one that is added without a case here fails the test.
"""

import dataclasses
import importlib
import inspect
import itertools
import pkgutil
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Table
from sqlalchemy.exc import IntegrityError

from services import store
from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.model.card import CardSecrets
from services.model.clock import CardEvent
from services.model.clock import EventKind as ClockEventKind
from services.model.intent import Act, AutoMode, Decision, IntentEvent, IntentStatus, Reason
from services.model.person import Role
from services.model.plan import Origin
from services.model.reading import FailedLookUp, Reading, Source
from services.model.receipt import Receipt
from services.model.reminder import CardHabits, Habits, Slot
from services.model.renewal import EventKind, RenewalEvent
from services.store.acting import Actor, as_program, ask_when_unknown
from services.store.database import Database
from services.store.leases import lock
from services.store.orders import Change
from services.store.readings import bump
from services.store.receipts import drop_unused, let_go
from services.store.reminders import MessageStatus, ReminderStore
from services.store.sandbox_requests import Asked, Entry
from services.store.tables import accounts, metadata
from services.store.vault import Vault
from tests.households import (
    ITEM,
    LATER,
    NOW,
    TODAY,
    Of,
    a_card,
    a_draft,
    a_file,
    a_plan,
    a_rule,
    a_start,
    a_trip,
    an_intent,
    an_override,
    furnish,
)

THEIRS, OURS = "xanthe", "eve"

FOR_ALL_OF_THEM = {
    "Database.read": "gives a connection; who asks through it is judged here one by one",
    "Database.one_look": "joins the reads of one thread, each judged here by itself",
    "Database.once": "remembers what a read said under a name that holds the account; each such read is judged here by itself",
    "Database.write": "as above; what a person writes through it is judged row by row in tests/unit/people",
    "Database.require": "asks for the role of the person who acts, and for nothing else",
    "Database.require_machine": "asks who acts",
    "Database.flush": "about the file",
    "Database.answers": "says whether the database is there",
    "Database.schema": "of the database",
    "Database.migrate": "of the database",
    "Database.check": "of the file",
    "Database.upgrade": "of the database",
    "Database.ensure_local_account": "makes the account of this machine",
    "Database.ensure_account": "makes the account that it is told",
    "Database.close": "about connections",
    "Directory.find": "at the door: which household somebody belongs to, before they are in any",
    "Directory.found_household": "at the door: a new household",
    "Directory.settle": "the configuration says who belongs to which household",
    "Directory.saw": "at the door: the member it is given was found there",
    "Trail.note": "refuses rows of another household itself: tests/unit/people",
    "Trail.keep": "writes the log of the person's own household: tests/unit/people",
    "calendar_feeds.find_feed": "a secret address stands for its household; whoever has it needs no other sign",
    "counts.counts": "numbers over everybody for the metrics, with nothing that tells one from another",
    "leases.all_accounts": "the worker works for each in turn",
    "sealing.seal_anew": "a new key is for everything",
    "sealing.rotate": "a new key is for everything",
    "sealing.holds_sealed": "whether a key is needed at all",
    "snapshot.take": "a backup is of the machine, and made by whoever runs it (Database.require_machine)",
    "snapshot.put_back": "as above",
}
"""What is not of one household, each with why."""


# ----------------------------------------------------------------------------------------------------------- what there is


def _modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules(store.__path__):
        if not found.ispkg:
            yield importlib.import_module(f"services.store.{found.name}")


def _asks(function: Any) -> set[str]:
    """The names and the types of what a function is given."""
    parameters = inspect.signature(function).parameters.values()
    return {name for each in parameters for name in (each.name, getattr(each.annotation, "__name__", str(each.annotation)))}


def public_functions() -> set[str]:
    """Every public function that gets at rows: it is given a database, a connection or an account, or its object is."""
    found = set()
    for module in _modules():
        own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
        for name, value in own.items():
            if name.startswith("_"):
                continue
            if inspect.isfunction(value) and _asks(value) & {"database", "connection", "account", "Database", "Connection"}:
                found.add(f"{module.__name__.rpartition('.')[2]}.{name}")
            if inspect.isclass(value) and not issubclass(value, Exception) and not dataclasses.is_dataclass(value):
                methods = {key: each for key, each in vars(value).items() if callable(getattr(value, key)) and not key.startswith("_")}
                reaches = value is Database or _asks(value) & {"database", "connection", "account", "Database", "Connection", "actor"}
                if reaches or any(_asks(getattr(value, key)) & {"database", "connection", "account"} for key in methods):
                    found |= {f"{name}.{key}" for key in methods}
    return found


# ----------------------------------------------------------------------------------------------------------- the cases

OWN = "own"
"""The mark of what is entered in the calls."""


def _message(home: Of) -> Any:
    """A message as the other household has it, whatever this one has."""
    message = ReminderStore(home.database, THEIRS).log(1)
    return message[0] if message else MESSAGE_OF_THEIRS[0]


MESSAGE_OF_THEIRS: list[Any] = []


def _sandbox_changed(e: Any) -> list[Entry]:
    with e.SandboxRequestStore.changing("keepgo", 0) as (before, fresh):
        fresh.append(Entry(len(before), NOW, "luck", Asked("POST", "/", "", (), OWN)))
    return list(before)


def _within(home: Of, do: Callable[[Any], object]) -> object:
    with home.database.write(home.account) as connection:
        return do(connection)


def _said(done: object, *more: object) -> object:
    return (done, *more)


CASES: dict[str, Callable[[Of], object]] = {
    "AuditStore.newest": lambda e: [deed for _number, deed in e.AuditStore.newest(99)],
    "CalendarFeedStore.all": lambda e: e.CalendarFeedStore.all(),
    "CalendarFeedStore.make": lambda e: e.CalendarFeedStore.make("en", "UTC", NOW),
    "CalendarFeedStore.remove": lambda e: e.CalendarFeedStore.remove("en"),
    "CalendarFeedStore.publish": lambda e: e.CalendarFeedStore.publish(
        "en", lambda published: [PublishedEntry(CalendarEntry("u1", TODAY, f"{OWN} {sorted(published)}"), 1, NOW)]
    ),
    "CardStore.revision": lambda e: e.CardStore.revision(),
    "CardStore.all": lambda e: e.CardStore.all(),
    "CardStore.sample_ids": lambda e: e.CardStore.sample_ids(),
    "CardStore.get": lambda e: e.CardStore.get("c1"),
    "CardStore.add": lambda e: e.CardStore.add([(a_card(card, OWN), CardSecrets(pin=OWN)) for card in ("c1", "c4")], NOW),
    "CardStore.change": lambda e: e.CardStore.change(a_card("c1", OWN)),
    "CardStore.delete": lambda e: e.CardStore.delete(["c1", "c2"]),
    "CardStore.secrets": lambda e: e.CardStore.secrets("c1"),
    "CardStore.keep_secrets": lambda e: e.CardStore.keep_secrets("c1", CardSecrets(puk=OWN)),
    "CardStore.merge": lambda e: e.CardStore.merge(a_card("c1", OWN), "c2", NOW),
    "CardStore.merged_into": lambda e: e.CardStore.merged_into("c2"),
    "CardStore.merged_secrets": lambda e: e.CardStore.merged_secrets("c2", "c3"),
    "CatalogueStore.revision": lambda e: e.CatalogueStore.revision(),
    "CatalogueStore.columns": lambda e: e.CatalogueStore.columns(),
    "CatalogueStore.sources": lambda e: e.CatalogueStore.sources(),
    "CatalogueStore.replace": lambda e: _said(
        e.CatalogueStore.replace("keepgo", OWN, Origin.LIVE, [a_plan(OWN, 7)], LATER), e.CatalogueStore.prices("keepgo", "p1")
    ),
    "CatalogueStore.remove": lambda e: e.CatalogueStore.remove("keepgo"),
    "CatalogueStore.attempt": lambda e: e.CatalogueStore.attempt("keepgo", OWN, LATER, NOW - timedelta(days=1)),
    "CatalogueStore.fail": lambda e: e.CatalogueStore.fail("keepgo", {"kind": OWN}),
    "CatalogueStore.switch": lambda e: e.CatalogueStore.switch("keepgo", OWN, False),
    "CatalogueStore.prices": lambda e: e.CatalogueStore.prices("keepgo", "p1"),
    "CatalogueStore.networks": lambda e: [e.CatalogueStore.networks(number) for number in range(1, 9)],
    "ChannelStore.all": lambda e: e.ChannelStore.all(),
    "ChannelStore.get": lambda e: e.ChannelStore.get(e.ids["channel"]),
    "ChannelStore.values": lambda e: e.ChannelStore.values(e.ids["channel"]),
    "ChannelStore.add": lambda e: e.ChannelStore.add("ntfy", OWN, "en", {"topic": OWN}, NOW),
    "ChannelStore.change": lambda e: e.ChannelStore.change(e.ids["channel"], OWN, "en", {"topic": OWN}),
    "ChannelStore.switch": lambda e: e.ChannelStore.switch(e.ids["channel"], False),
    "ChannelStore.make_fallback": lambda e: e.ChannelStore.make_fallback(e.ids["channel"]),
    "ChannelStore.note_success": lambda e: e.ChannelStore.note_success(e.ids["channel"], NOW),
    "ChannelStore.note_failure": lambda e: e.ChannelStore.note_failure(e.ids["channel"], OWN, OWN, NOW),
    "ChannelStore.remove": lambda e: e.ChannelStore.remove(e.ids["channel"]),
    "ClockStore.events": lambda e: e.ClockStore.events(),
    "ClockStore.add_event": lambda e: e.ClockStore.add_event("c1", CardEvent(ClockEventKind.PURCHASED, NOW), NOW),
    "ClockStore.add_within": lambda e: _within(
        e, lambda write: e.ClockStore.add_within(write, "event", "c1", CardEvent(ClockEventKind.PURCHASED, NOW), NOW)
    ),
    "ClockStore.change_event": lambda e: e.ClockStore.change_event(e.ids["event"], CardEvent(ClockEventKind.PURCHASED, NOW)),
    "ClockStore.remove_event": lambda e: e.ClockStore.remove_event(e.ids["event"]),
    "ClockStore.readings": lambda e: (e.ClockStore.readings(), e.ClockStore.readings("c1")),
    "ClockStore.overrides": lambda e: e.ClockStore.overrides(),
    "ClockStore.put_override": lambda e: (e.ClockStore.put_override(an_override(OWN)), e.ClockStore.put_override(an_override(OWN, None))),
    "ClockStore.remove_override": lambda e: e.ClockStore.remove_override(e.ids["override"]),
    "ClockStore.seen_rules": lambda e: e.ClockStore.seen_rules(),
    "ClockStore.see_rules": lambda e: e.ClockStore.see_rules({"op": OWN}),
    "LeaseStore.take": lambda e: e.LeaseStore.take(OWN, NOW, timedelta(hours=1)),
    "LeaseStore.leave": lambda e: e.LeaseStore.leave(THEIRS),
    "LeaseStore.beat": lambda e: e.LeaseStore.beat(LATER),
    "LeaseStore.last_beat": lambda e: e.LeaseStore.last_beat(),
    "LeaseStore.looked_up": lambda e: e.LeaseStore.looked_up(LATER),
    "LeaseStore.last_look_up": lambda e: e.LeaseStore.last_look_up(),
    "ProviderTurnStore.change": lambda e: e.ProviderTurnStore.change("place", lambda kept, _now: (OWN, kept)),
    "ProviderTurnStore.look": lambda e: e.ProviderTurnStore.look("place")[0],
    "OrderStore.place": lambda e: [_placed(e, intent) for intent in ("o1", "o2")],
    "OrderStore.claim": lambda e: e.OrderStore.claim("o1", OWN, NOW),
    "OrderStore.holds": lambda e: [e.OrderStore.holds("o1", mark) for mark in (THEIRS, OURS)],
    "OrderStore.settle": lambda e: _settled(e),
    "OrderStore.note": lambda e: e.OrderStore.note("o1", IntentEvent(NOW, IntentStatus.PENDING, OWN)),
    "OrderStore.get": lambda e: e.OrderStore.get("o1"),
    "OrderStore.all": lambda e: e.OrderStore.all(),
    "OrderStore.events": lambda e: e.OrderStore.events("o1"),
    "OrderStore.pin": lambda e: e.OrderStore.pin("o1"),
    "OrderStore.rules": lambda e: e.OrderStore.rules(),
    "OrderStore.put_rule": lambda e: (e.OrderStore.put_rule("c1", a_rule(OWN)), e.OrderStore.put_rule("c1", None)),
    "OrderStore.log": lambda e: e.OrderStore.log(Decision("c1", NOW, AutoMode.ON, Act.NOTHING, Reason.ENOUGH)),
    "OrderStore.decisions": lambda e: e.OrderStore.decisions("c1", 9),
    "OwnRows.tables": lambda e: {table.name: len(rows) for table, rows in e.OwnRows.tables()},
    "OwnRows.delete": lambda e: e.OwnRows.delete(),
    "PeopleStore.all": lambda e: e.PeopleStore.all(),
    "PeopleStore.invite": lambda e: e.PeopleStore.invite(f"{OWN}@example.org", Role.EDITOR, NOW),
    "PeopleStore.change_role": lambda e: e.PeopleStore.change_role(f"{THEIRS}@example.org", Role.VIEWER),
    "PeopleStore.remove": lambda e: e.PeopleStore.remove(f"{THEIRS}@example.org"),
    "PeopleStore.leave": lambda e: _as(f"{THEIRS}@example.org", e.PeopleStore.leave),
    "PeopleStore.speak": lambda e: _as(f"{THEIRS}@example.org", lambda: e.PeopleStore.speak("zh")),
    "ProviderAccountStore.connected": lambda e: e.ProviderAccountStore.connected(),
    "ProviderAccountStore.credentials": lambda e: e.ProviderAccountStore.credentials("keepgo"),
    "ProviderAccountStore.keep": lambda e: e.ProviderAccountStore.keep("keepgo", {"key": OWN}, NOW),
    "ProviderAccountStore.forget": lambda e: e.ProviderAccountStore.forget("keepgo"),
    "ReadingStore.add": lambda e: [reading.card_id for reading in e.ReadingStore.add([Reading("c1", Source.TYPED, LATER, note=OWN)])],
    "ReadingStore.add_in": lambda e: _within(
        e, lambda write: [one.card_id for one in e.ReadingStore.add_in(write, [Reading("c1", Source.TYPED, LATER, note=OWN)])]
    ),
    "ReadingStore.fail": lambda e: e.ReadingStore.fail(FailedLookUp("c1", "keepgo", LATER, OWN)),
    "ReadingStore.states": lambda e: e.ReadingStore.states(),
    "ReadingStore.of_card": lambda e: e.ReadingStore.of_card("c1"),
    "ReadingStore.counts": lambda e: e.ReadingStore.counts(),
    "ReadingStore.settle": lambda e: _within(e, lambda write: e.ReadingStore.settle(write, "c1")),
    "ReceiptStore.all": lambda e: e.ReceiptStore.all(),
    "ReceiptStore.get": lambda e: e.ReceiptStore.get("b1"),
    "ReceiptStore.put": lambda e: (
        e.ReceiptStore.put(Receipt("b1", TODAY, note=OWN, file=a_file(OWN).file), NOW, a_file(OWN)),
        e.ReceiptStore.data("d" * 64),
    ),
    "ReceiptStore.delete": lambda e: e.ReceiptStore.delete("b1"),
    "ReceiptStore.stored": lambda e: e.ReceiptStore.stored(),
    "ReceiptStore.file": lambda e: e.ReceiptStore.file("d" * 64),
    "ReceiptStore.data": lambda e: e.ReceiptStore.data("d" * 64),
    "ReceiptStore.thumbnails": lambda e: e.ReceiptStore.thumbnails(["d" * 64]),
    "ReceiptStore.photos": lambda e: e.ReceiptStore.photos(e.ids["renewal"]),
    "ReceiptStore.add_photo": lambda e: e.ReceiptStore.add_photo(e.ids["renewal"], "s2", a_file(OWN), NOW),
    "ReceiptStore.remove_photo": lambda e: e.ReceiptStore.remove_photo(e.ids["renewal"], "s1", "d" * 64),
    "ReminderStore.habits": lambda e: e.ReminderStore.habits(),
    "ReminderStore.keep_habits": lambda e: e.ReminderStore.keep_habits(Habits(zone="UTC")),
    "ReminderStore.card_habits": lambda e: e.ReminderStore.card_habits(),
    "ReminderStore.keep_card_habits": lambda e: e.ReminderStore.keep_card_habits("c1", CardHabits()),
    "ReminderStore.episodes": lambda e: e.ReminderStore.episodes(),
    "ReminderStore.see": lambda e: _said(e.ReminderStore.see({"low_money:c1": "c1"}, LATER), e.ReminderStore.episodes()),
    "ReminderStore.acknowledge": lambda e: e.ReminderStore.acknowledge([ITEM], LATER),
    "ReminderStore.snooze": lambda e: e.ReminderStore.snooze([ITEM], LATER, NOW),
    "ReminderStore.claimed": lambda e: e.ReminderStore.claimed([ITEM.topic]),
    "ReminderStore.claim": lambda e: e.ReminderStore.claim(
        [ITEM, dataclasses.replace(ITEM, slot=Slot(2, 0, 0))],
        lambda items: [dataclasses.replace(a_draft(OWN), items=tuple(items), links={})],
        NOW,
    ),
    "ReminderStore.claim_left_out": lambda e: _said(
        e.ReminderStore.end(_message(e), MessageStatus.OBSOLETE),
        e.ReminderStore.claim_left_out(
            [ITEM], ["ch"], lambda _channel, items: [dataclasses.replace(a_draft(OWN), items=tuple(items), links={})], LATER
        ),
    ),
    "ReminderStore.end": lambda e: e.ReminderStore.end(_message(e), MessageStatus.OBSOLETE),
    "ReminderStore.said": lambda e: e.ReminderStore.said(NOW - timedelta(days=9), NOW + timedelta(days=9)),
    "ReminderStore.replace": lambda e: e.ReminderStore.replace(
        _message(e), dataclasses.replace(a_draft(OWN), links={}), LATER, MessageStatus.REPLACED
    ),
    "ReminderStore.open_messages": lambda e: e.ReminderStore.open_messages(),
    "ReminderStore.log": lambda e: e.ReminderStore.log(9),
    "ReminderStore.hand_over": lambda e: e.ReminderStore.hand_over(_message(e), LATER),
    "ReminderStore.settle": lambda e: e.ReminderStore.settle(e.ids["message"], MessageStatus.FAILED, OWN, LATER),
    "ReminderStore.link": lambda e: e.ReminderStore.link("l1"),
    "ReminderStore.use_link": lambda e: e.ReminderStore.use_link("l1", NOW),
    "ReminderStore.forget_old": lambda e: e.ReminderStore.forget_old(NOW + timedelta(days=4000)),
    "RenewalStore.start": lambda e: e.RenewalStore.start(a_start(OWN)),
    "RenewalStore.append": lambda e: e.RenewalStore.append(e.ids["renewal"], _noted),
    "RenewalStore.append_within": lambda e: _within(e, lambda write: e.RenewalStore.append_within(write, e.ids["renewal"], _noted)),
    "RenewalStore.get": lambda e: e.RenewalStore.get(e.ids["renewal"]),
    "RenewalStore.all": lambda e: e.RenewalStore.all(),
    "RenewalStore.delete": lambda e: e.RenewalStore.delete(e.ids["renewal"]),
    "SandboxRequestStore.since": lambda e: e.SandboxRequestStore.since("keepgo", 0),
    "SandboxRequestStore.changing": lambda e: _sandbox_changed(e),
    "SandboxRequestStore.forget": lambda e: e.SandboxRequestStore.forget("keepgo"),
    "SettingsStore.get": lambda e: e.SettingsStore.get("currency"),
    "SettingsStore.put": lambda e: e.SettingsStore.put("currency", OWN),
    "TripStore.all": lambda e: e.TripStore.all(),
    "TripStore.get": lambda e: e.TripStore.get("t1"),
    "TripStore.put": lambda e: e.TripStore.put(a_trip(OWN)),
    "TripStore.tick": lambda e: e.TripStore.tick("t1", ["s1"], True),
    "TripStore.delete": lambda e: e.TripStore.delete("t1"),
    "leases.lock": lambda e: _within(e, lambda write: lock(write, e.account)),
    "readings.bump": lambda e: _within(e, lambda write: bump(write, e.account)),
    "receipts.let_go": lambda e: _within(e, lambda write: let_go(write, e.account, e.ids["renewal"])),
    "receipts.drop_unused": lambda e: _within(e, lambda write: drop_unused(write, e.account, ["d" * 64])),
}


def _noted(events: Iterable[RenewalEvent]) -> list[RenewalEvent]:
    return [RenewalEvent(EventKind.NOTED, NOW, text=f"{OWN} after {[event.text for event in events]}")]


def _placed(home: Of, intent_id: str) -> object:
    seen: list[object] = []
    try:
        done = home.OrderStore.place(an_intent(OWN, intent_id), seen.extend, lambda _write: None)
    except Exception as error:  # noqa: BLE001 - an answer too
        return seen, repr(error)
    return seen, done


def _settled(home: Of) -> object:
    seen: list[object] = []

    def decide(kept: Any) -> Change:
        seen.append(kept)
        return Change(IntentStatus.CONFIRMED, IntentEvent(NOW, IntentStatus.CONFIRMED, OWN))

    return home.OrderStore.settle("o1", decide, lambda _write, kept: seen.append(kept)), seen


def _as(address: str, do: Callable[[], object]) -> object:
    """As the person of ``address``, who says that they belong to this household."""
    ask_when_unknown(lambda: Actor(OURS, address))
    try:
        return Context().run(do)
    finally:
        ask_when_unknown(lambda: None)


# ----------------------------------------------------------------------------------------------------------- the judge


def spelled(answer: object) -> object:
    """``answer`` with everything it holds, also what keeps silent about itself."""
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return (type(answer).__name__, {each.name: spelled(getattr(answer, each.name)) for each in dataclasses.fields(answer)})
    if isinstance(answer, IntegrityError):
        return "IntegrityError"  # its words are the driver's
    if isinstance(answer, Exception):
        return (type(answer).__name__, str(answer))
    if isinstance(answer, Mapping):
        return {repr(spelled(key)): spelled(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [spelled(each) for each in answer]
    if isinstance(answer, set | frozenset):
        return sorted(repr(spelled(each)) for each in answer)
    return repr(answer)


Rows = dict[str, list[tuple[Any, ...]]]
"""By table, each row as the driver gives it."""


def dump(database: Database) -> dict[str, Rows]:
    """Every row there is, by account; past the stores and past SQLAlchemy, which is much slower."""
    found: dict[str, Rows] = {THEIRS: {}, OURS: {}}
    with database.read() as connection, closing(connection.connection.cursor()) as cursor:
        for table, columns in _columns():
            cursor.execute(f"SELECT {_owner(table).name}, {columns} FROM {table.name}")
            for account, *row in cursor.fetchall():
                found.setdefault(account, {}).setdefault(table.name, []).append(tuple(row))
    return {account: {name: sorted(rows, key=repr) for name, rows in tables.items()} for account, tables in found.items()}


def put_back(database: Database, account: str, kept: Rows) -> None:
    """The account's rows as they were, with the numbers they had."""
    sign = "%s" if database.is_postgresql else "?"
    with as_program(), database.write() as connection, closing(connection.connection.cursor()) as cursor:
        connection.execute(accounts.delete().where(accounts.c.id == account))  # the rest goes with it
        for table in metadata.sorted_tables:
            if table.name in kept:
                names = ", ".join(f'"{column.name}"' for column in table.columns)
                cursor.executemany(
                    f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([sign] * len(table.columns))})", kept[table.name]
                )


def _columns() -> Iterator[tuple[Table, str]]:
    for table in metadata.sorted_tables:
        names = {f'"{column.name}"': isinstance(column.type, JSON) for column in table.columns}
        yield table, ", ".join(f"CAST({name} AS TEXT)" if is_json else name for name, is_json in names.items())


def _owner(table: Table) -> Column[Any]:
    return table.c.id if table is accounts else table.c.account_id


def answer(case: Callable[[Of], object], home: Of) -> object:
    with pytest.MonkeyPatch.context() as patch:
        numbers = itertools.count(100)
        patch.setattr(secrets, "token_hex", lambda _bytes=8: f"id{next(numbers)}")
        patch.setattr(secrets, "token_urlsafe", lambda _bytes: f"{OWN} token")
        try:
            return spelled(case(home))
        except Exception as error:  # noqa: BLE001 - "there is none" is an answer; anything else differs between the two databases, or is a bug
            return spelled(error)


def test_every_public_function_of_the_store_has_a_case() -> None:
    there = public_functions()
    assert len(there) > 120
    assert there - set(CASES) - set(FOR_ALL_OF_THEM) == set(), "has neither a case here nor a reason to be for all households"
    assert set(CASES) - there == set()
    assert not set(CASES) & set(FOR_ALL_OF_THEM)


@pytest.mark.parametrize("furnished", [False, True], ids=["empty", "with_the_same_ids"])
def test_nothing_of_another_household_is_seen_or_changed(database_url: str, tmp_path: Path, furnished: bool) -> None:
    alone_url = f"sqlite:///{tmp_path / 'alone.db'}"
    vault = Vault(tmp_path, {})
    shared, alone = Database(database_url), Database(alone_url)
    try:
        judge(shared, alone, vault, furnished)
    finally:
        shared.close()
        alone.close()


def judge(shared: Database, alone: Database, vault: Vault, furnished: bool) -> None:
    homes = []
    for database in (alone, shared):
        database.migrate()
        home = Of(database, vault, OURS)
        database.ensure_account(OURS)
        homes.append(furnish(home, OURS) if furnished else home)
    theirs = furnish(Of(shared, vault, THEIRS), THEIRS)
    MESSAGE_OF_THEIRS[:] = theirs.ReminderStore.log(1)
    before = dump(shared)[THEIRS]
    assert {table.name for table in metadata.sorted_tables} - set(before) == set(), "the other household has a row in every table"
    kept = [dump(home.database)[OURS] for home in homes]
    homes = [dataclasses.replace(home, ids=theirs.ids) for home in homes]
    wrong = []
    for name, case in CASES.items():
        without, beside = (answer(case, home) for home in homes)
        if beside != without:
            wrong.append(f"{name} says {beside!r} and not {without!r}")
        if THEIRS in repr(beside):
            wrong.append(f"{name} tells of them: {beside!r}")
        after = [dump(home.database) for home in homes]
        if after[1][THEIRS] != before:
            wrong.append(f"{name} changes {[table for table in before if before[table] != after[1][THEIRS].get(table)]}")
            put_back(shared, THEIRS, before)
        for home, rows, now in zip(homes, kept, after, strict=True):
            if now[OURS] != rows:
                put_back(home.database, OURS, rows)
    assert wrong == []
