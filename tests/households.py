"""A household with a row in every table, made by the stores themselves."""

import dataclasses
import inspect
import io
import itertools
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert

from services.model.calendar_entry import CalendarEntry, PublishedEntry
from services.model.card import Card, CardKind, CardSecrets, DependentAccount, ProviderLink
from services.model.clock import CardEvent
from services.model.clock import EventKind as ClockEventKind
from services.model.data_volume import DataVolume
from services.model.intent import Act, AutoMode, AutoRule, Decision, Intent, IntentEvent, IntentStatus, Reason
from services.model.money import Money
from services.model.order import Secret, TopUpProduct
from services.model.person import Role
from services.model.plan import Allowance, AllowanceKind, Network, Origin, Plan
from services.model.reading import FailedLookUp, MoneyBalance, Reading, Source
from services.model.receipt import FileType, Receipt, StoredFile
from services.model.reminder import CardHabits, Habits, Slot
from services.model.renewal import Begun, Channel, EventKind, RenewalEvent
from services.model.saved_trip import SavedTrip, Step, StepKind
from services.rules.attachments import Attachment
from services.rules.clocks.overrides import Override
from services.store.acting import as_program
from services.store.audit import AuditStore
from services.store.calendar_feeds import CalendarFeedStore
from services.store.cards import CardStore
from services.store.catalogue import CatalogueStore
from services.store.channels import ChannelStore
from services.store.clocks import ClockStore
from services.store.database import Database
from services.store.leases import LeaseStore
from services.store.orders import Change, OrderStore
from services.store.own_rows import OwnRows
from services.store.people import PeopleStore
from services.store.provider_accounts import ProviderAccountStore
from services.store.provider_turns import ProviderTurnStore
from services.store.readings import ReadingStore
from services.store.receipts import ReceiptStore
from services.store.reminders import Draft, Item, LinkAction, ReminderStore
from services.store.renewals import RenewalStore
from services.store.sandbox_requests import Asked, Entry, SandboxRequestStore
from services.store.settings import SettingsStore
from services.store.tables import metadata
from services.store.trips import TripStore
from services.store.vault import Vault
from services.use.catalogue import LIST_PREFIX

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
TODAY = date(2026, 5, 1)
ITEM = Item("low_data:c1", "seen-1", Slot(0, 0, 0), "c1")


@dataclasses.dataclass(frozen=True)
class Of:
    """The stores of one account, and the ids that its rows got."""

    database: Database
    vault: Vault
    account: str
    ids: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        kind = STORES[name]
        given = {"database": self.database, "account": self.account, "vault": self.vault}
        return kind(**{each: given[each] for each in inspect.signature(kind).parameters})


STORES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        AuditStore,
        CalendarFeedStore,
        CardStore,
        CatalogueStore,
        ChannelStore,
        ClockStore,
        LeaseStore,
        OrderStore,
        OwnRows,
        PeopleStore,
        ProviderAccountStore,
        ProviderTurnStore,
        ReadingStore,
        ReceiptStore,
        ReminderStore,
        RenewalStore,
        SandboxRequestStore,
        SettingsStore,
        TripStore,
    )
}


def a_card(card_id: str, mark: str) -> Card:
    rest = {"device": mark, "slot": mark, "holder": mark, "payer": mark, "dependents": (DependentAccount(mark, mark),)}
    link = ProviderLink("keepgo", f"{mark} {card_id}")
    return Card(card_id, f"{mark} card", CardKind.SIM, tags=frozenset({mark}), provider=link, **rest)


def a_plan(mark: str, price: int) -> Plan:
    allowance = Allowance(AllowanceKind.TOTAL, DataVolume(10**9))
    return Plan("keepgo", "p1", mark, mark, allowance, 7, frozenset({"JP"}), Money.of(price, "USD"), NOW, networks=(Network("JP", mark),))


def a_file(mark: str) -> Attachment:
    """Under one digest whoever has it, as a file that two households hand in is."""
    written = io.BytesIO()
    Image.new("RGB", (2, 2)).save(written, "JPEG")
    return Attachment(StoredFile("d" * 64, FileType.JPEG, 4, 2, 2), written.getvalue() + mark.encode(), written.getvalue() + mark.encode())


def an_intent(mark: str, intent_id: str = "o1") -> Intent:
    product = TopUpProduct("t1", mark, Money.of(9, "USD"))
    return Intent(intent_id, f"r-{intent_id}", "c1", "keepgo", "remote", product, Money.of(9, "USD"), NOW, True, mark, period="p")


def a_rule(mark: str) -> AutoRule:
    return AutoRule(AutoMode.ON, "t1", mark, Money.of(9, "USD"), days_left=3)


def a_trip(mark: str) -> SavedTrip:
    return SavedTrip("t1", mark, (("in", mark),), NOW, (Step("s1", StepKind.BUY, TODAY, mark),))


def a_start(mark: str) -> RenewalEvent:
    return RenewalEvent(EventKind.STARTED, NOW, begun=Begun(CardKind.SIM, Channel.APP, operator_name=mark, card_id="c1"), text=mark)


def an_override(mark: str, card: str | None = "c1") -> Override:
    return Override("op", "clocks.validity.length", "90 days", mark, TODAY, card)


def a_draft(mark: str) -> Draft:
    return Draft("ch", (ITEM,), mark, mark, {"l1": (LinkAction.SNOOZE, (ITEM,), LATER)})


def furnish(home: Of, mark: str) -> Of:
    """A row in every table, made by the stores themselves; every text that takes one has ``mark``. What the stores number with chance
    comes out the same for every household, so that two have the same ids."""
    with pytest.MonkeyPatch.context() as patch:
        numbers = itertools.count(1)
        patch.setattr(secrets, "token_hex", lambda _bytes=8: f"id{next(numbers)}")
        patch.setattr(secrets, "token_urlsafe", lambda _bytes: f"{mark} token")
        cards, readings, reminders, orders = home.CardStore, home.ReadingStore, home.ReminderStore, home.OrderStore
        secret = CardSecrets(pin=f"{mark} pin", puk=f"{mark} puk")
        home.database.ensure_account(home.account)
        cards.add([(a_card(card_id, mark), secret) for card_id in ("c1", "c2", "c3")], NOW)
        for card_id in ("c1", "c2", "c3"):
            readings.add([Reading(card_id, Source.TYPED, NOW, money=(MoneyBalance(Money.of(5, "USD")),), note=mark)])
            readings.fail(FailedLookUp(card_id, "keepgo", NOW, json.dumps({"kind": "Malformed", "path": mark, "problem": mark})))
        home.CatalogueStore.replace("keepgo", mark, Origin.LIVE, [a_plan(mark, 5)], NOW, [(mark, mark)])
        home.CatalogueStore.replace(f"{LIST_PREFIX}1", f"{mark} list", Origin.IMPORTED, [], NOW)
        home.SettingsStore.put("currency", mark)
        home.PeopleStore.invite(f"{mark}@example.org", Role.OWNER, NOW)
        home.ProviderAccountStore.keep("keepgo", {"key": mark}, NOW)
        event = home.ClockStore.add_event("c1", CardEvent(ClockEventKind.TOPPED_UP, NOW), NOW)
        home.ClockStore.put_override(an_override(mark))
        override = home.ClockStore.overrides()[0].override_id
        home.ClockStore.see_rules({"op": mark})
        cards.merge(a_card("c2", mark), "c3", NOW)
        home.TripStore.put(a_trip(mark))
        renewal = home.RenewalStore.start(a_start(mark))
        channel = home.ChannelStore.add("ntfy", mark, "en", {"topic": mark}, NOW)
        reminders.keep_habits(Habits(zone="Asia/Tokyo"))
        reminders.keep_card_habits("c1", CardHabits(silent=True))
        reminders.see({"low_data:c1": "c1"}, NOW)
        reminders.claim([ITEM], lambda _items: [a_draft(mark)], NOW)
        home.LeaseStore.take(mark, NOW, timedelta(hours=1))
        home.ProviderTurnStore.change("place", lambda _kept, _now: (mark, None))
        with home.SandboxRequestStore.changing("keepgo", 0) as (_, fresh):
            fresh.append(Entry(0, NOW, "luck", Asked("POST", "/", "", (), mark)))
        message = reminders.log(1)[0].message_id
        paid = Receipt("b1", TODAY, Money.of(9, "USD"), mark, file=a_file(mark).file, renewal_id=renewal, card_id="c1")
        home.ReceiptStore.put(paid, NOW, a_file(mark))
        home.ReceiptStore.add_photo(renewal, "s1", a_file(mark), NOW)
        orders.place(an_intent(mark), lambda _all: None, lambda _write: None)
        orders.claim("o1", mark, NOW)
        orders.settle("o1", lambda _kept: a_change(mark), lambda _write, _kept: None)
        orders.put_rule("c1", a_rule(mark))
        orders.log(Decision("c1", NOW, AutoMode.ON, Act.NOTHING, Reason.ENOUGH, period=mark))
        home.CalendarFeedStore.make("en", "Asia/Tokyo", NOW)
        home.CalendarFeedStore.publish("en", lambda _published: [PublishedEntry(CalendarEntry("u1", TODAY, mark), 0, NOW)])
        with as_program(), home.database.write(home.account) as connection:  # in truth a person's own writes are what is noted
            log = metadata.tables["audit_log"]
            said = {"at": 1, "who": mark, "kind": "cards.insert", "thing": "c1", "count": 1, "text": mark}
            connection.execute(insert(log).values(account_id=home.account, **said))
    ids = {"event": str(event), "override": override, "renewal": renewal, "channel": channel, "message": message}
    return dataclasses.replace(home, ids=ids)


def a_change(mark: str) -> Change:
    return Change(IntentStatus.PENDING, IntentEvent(NOW, IntentStatus.PENDING, mark, mark), Secret(f"{mark} code"))
