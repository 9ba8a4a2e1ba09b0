"""Cards and readings at rest: nothing lost, nothing shared between accounts, secrets sealed, states as the pure rule has them."""

import random
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.model.card import Card, CardKind, CardSecrets, DependentAccount, Identifiers, ProviderLink, Thresholds
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import (
    DataBalance,
    FailedLookUp,
    LineStatus,
    Measure,
    MoneyBalance,
    Reading,
    Source,
    Validity,
    ValidityKind,
)
from services.model.tri import Tri
from services.rules.balances.state import states
from services.rules.current_readings import current_readings
from services.store.cards import CardStore, NoSuchCard
from services.store.database import Database
from services.store.readings import ReadingStore
from services.store.vault import SecretUnreadable, Vault
from tests.servers.contents import rows_of, text_of

NOW = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
FULL = Card(
    card_id="full",
    nickname="爸爸的卡 <b>",
    kind=CardKind.ESIM,
    operator="giffgaff",
    country="GB",
    identifiers=Identifiers("8944110068000000000", "+447700900123", "89049032123451234512345678901235", None),
    device="Phone",
    slot="2",
    holder="Ma",
    payer="Pa",
    tags=frozenset({"home", "家"}),
    dependents=(DependentAccount("Bank", "codes"),),
    provider=ProviderLink("keepgo", "8910"),
    thresholds=Thresholds(DataVolume(500), Money.of("2.50", "GBP"), 10),
    bought_on=date(2026, 1, 2),
)
SECRETS = CardSecrets("LPA:1$smdp.example.com$SECRET-ID", "1234", "0000", "PUK-55512")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.migrate()
    opened.ensure_account("other")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database, tmp_path: Path) -> CardStore:
    return CardStore(database, "local", Vault(tmp_path))


def plain_card(name: str) -> Card:
    return Card(card_id=name, nickname=name, kind=CardKind.SIM)


def reading(card: str, at: int, *, left: int | None = None, money: str | None = None, source: Source = Source.TYPED) -> Reading:
    return Reading(
        card_id=card,
        source=source,
        taken_at=NOW + timedelta(hours=at),
        money=() if money is None else (MoneyBalance(Money.of(money, "GBP")),),
        data=() if left is None else (DataBalance(remaining=DataVolume(left)),),
    )


def test_a_card_comes_back_as_it_went_in(store: CardStore) -> None:
    assert store.add([(FULL, SECRETS), (plain_card("second"), CardSecrets())], NOW) == 2
    assert store.get("full") == FULL
    assert [card.card_id for card in store.all()] == ["full", "second"]
    assert store.secrets("full") == SECRETS
    assert store.secrets("second") == CardSecrets()


def test_adding_the_same_card_twice_adds_it_once(store: CardStore) -> None:
    store.add([(FULL, SECRETS)], NOW)
    assert store.add([(replace(FULL, nickname="other"), CardSecrets())], NOW) == 0
    assert store.get("full").nickname == FULL.nickname
    assert store.secrets("full") == SECRETS


def test_accounts_do_not_see_each_other(store: CardStore, database: Database, tmp_path: Path) -> None:
    store.add([(FULL, SECRETS)], NOW)
    ReadingStore(database, "local").add([reading("full", 0, left=5)])
    theirs, their_readings = CardStore(database, "other", Vault(tmp_path)), ReadingStore(database, "other")
    assert theirs.all() == []
    assert theirs.secrets("full") == CardSecrets()
    with pytest.raises(NoSuchCard):
        theirs.change(FULL)
    theirs.delete(["full"])
    assert their_readings.add([reading("full", 1, left=1)]) == []
    assert their_readings.states() == {}
    assert their_readings.of_card("full") == []
    assert store.get("full") == FULL
    assert len(ReadingStore(database, "local").of_card("full")) == 1


def test_no_secret_lies_in_the_database_and_the_key_is_the_owners_alone(store: CardStore, database: Database, tmp_path: Path) -> None:
    store.add([(FULL, SECRETS)], NOW)
    dump = text_of(database)
    assert "+447700900123" in dump
    for secret in ("SECRET-ID", "smdp.example.com", "PUK-55512"):
        assert secret not in dump
    key = tmp_path / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text() not in dump
    assert list(tmp_path.glob("secret.key.*")) == []


def test_another_key_opens_nothing_and_spoils_nothing(store: CardStore, tmp_path: Path) -> None:
    store.add([(FULL, SECRETS)], NOW)
    key = (tmp_path / "secret.key").read_bytes()
    (tmp_path / "secret.key").unlink()
    with pytest.raises(SecretUnreadable):
        store.secrets("full")
    Vault(tmp_path).seal("a new key comes to be")
    with pytest.raises(SecretUnreadable):
        store.secrets("full")
    (tmp_path / "secret.key").write_bytes(key)
    assert store.secrets("full") == SECRETS


def test_a_reading_comes_back_as_it_went_in(store: CardStore, database: Database) -> None:
    store.add([(FULL, CardSecrets())], NOW)
    whole = Reading(
        card_id="full",
        source=Source.PASTED,
        taken_at=NOW,
        as_of=NOW - timedelta(minutes=5),
        origin="giffgaff",
        money=(MoneyBalance(Money.of("12.34", "GBP")),),
        data=(DataBalance("Goodybag", DataVolume(10**10), None, DataVolume(7), Tri.NO, True, date(2026, 12, 1)),),
        validity=(Validity(ValidityKind.NUMBER, date(2027, 1, 1), "", NOW),),
        status=LineStatus.ACTIVE,
        complete=frozenset({Measure.DATA}),
        raw_text="余额 £12.34 <script>",
        note="?",
    )
    (added,) = ReadingStore(database, "local").add([whole])
    assert ReadingStore(database, "local").of_card("full") == [added]
    assert replace(added, sequence=0) == whole


def test_a_failed_look_up_changes_no_figure_and_goes_when_a_look_up_succeeds(store: CardStore, database: Database) -> None:
    store.add([(FULL, CardSecrets())], NOW)
    readings = ReadingStore(database, "local")
    readings.add([replace(reading("full", 0, left=5, source=Source.API), origin="keepgo")])
    before = readings.states()["full"].fields
    readings.fail(FailedLookUp("full", "keepgo", NOW + timedelta(microseconds=1), "down"))
    after = readings.states()["full"]
    assert after.fields == before
    assert after.last_failure is not None
    readings.add([replace(reading("full", 2, left=4, source=Source.API), origin="keepgo")])
    assert readings.states()["full"].last_failure is None


def test_deleting_a_card_leaves_nothing_of_it(store: CardStore, database: Database) -> None:
    store.add([(FULL, SECRETS), (plain_card("b"), CardSecrets())], NOW)
    readings = ReadingStore(database, "local")
    readings.add([reading("full", 0, left=5)])
    readings.fail(FailedLookUp("full", "keepgo", NOW, "down"))
    store.delete(["full"])
    left = rows_of(database)
    for table in ("readings", "current_readings", "failed_look_ups", "card_secrets"):
        assert left[table] == [], table
    assert readings.add([reading("full", 1, left=1)]) == []
    readings.fail(FailedLookUp("full", "keepgo", NOW, "down"))
    assert readings.states() == {}


def test_merging_loses_nothing(store: CardStore, database: Database) -> None:
    twin = replace(FULL, card_id="twin", nickname="Twin", holder="Somebody else")
    store.add([(FULL, SECRETS), (twin, CardSecrets(pin="9999"))], NOW)
    readings = ReadingStore(database, "local")
    added = readings.add([reading("full", 0, left=5), reading("twin", 1, left=3), reading("full", -1, money="4")])
    readings.fail(FailedLookUp("twin", "keepgo", NOW, "down"))
    store.merge(replace(FULL, nickname="Both"), "twin", NOW)
    assert [card.nickname for card in store.all()] == ["Both"]
    assert {item.sequence for item in readings.of_card("full")} == {item.sequence for item in added}
    state = readings.states()["full"]
    assert state.fields == states([replace(item, card_id="full") for item in added])["full"].fields
    assert state.last_failure is not None
    assert readings.counts() == {"full": 3}
    (merged,) = store.merged_into("full")
    assert merged.card == twin
    assert merged.has_secrets
    assert store.secrets("full") == SECRETS
    assert store.merged_secrets("full", "twin") == CardSecrets(pin="9999")


def test_secrets_move_to_a_card_that_has_none(store: CardStore) -> None:
    store.add([(plain_card("a"), CardSecrets()), (plain_card("b"), SECRETS), (plain_card("c"), CardSecrets())], NOW)
    store.merge(store.get("a"), "b", NOW)
    store.merge(store.get("c"), "a", NOW)
    assert store.secrets("c") == SECRETS
    assert [merged.card.card_id for merged in store.merged_into("c")] == ["a", "b"]


def test_an_error_half_way_leaves_no_trace(store: CardStore, database: Database) -> None:
    store.add([(plain_card("a"), CardSecrets()), (plain_card("b"), CardSecrets())], NOW)
    readings, before = ReadingStore(database, "local"), store.revision()

    class Power(Exception):
        pass

    def fails(*_: object) -> None:
        raise Power

    readings._keep_current = fails  # type: ignore[method-assign]
    with pytest.raises(Power):
        readings.add([reading("a", 0, left=1), reading("b", 0, left=1)])
    assert ReadingStore(database, "local").of_card("a") == []
    assert store.revision() == before


FIGURES = some.builds(
    lambda at, lag, source, origin, left, money, ends, complete, status: Reading(
        card_id="a",
        source=source,
        taken_at=NOW + timedelta(hours=at),
        as_of=None if lag is None else NOW + timedelta(hours=at - lag),
        origin=origin,
        money=() if money is None else (MoneyBalance(Money.of(money, "GBP")),),
        data=tuple(DataBalance(name, DataVolume(value)) for name, value in left.items()),
        validity=() if ends is None else (Validity(ValidityKind.PLAN, date(2026, 12, ends)),),
        complete=complete,
        status=status,
    ),
    at=some.integers(-5, 5),
    lag=some.none() | some.integers(0, 6),
    source=some.sampled_from(Source),
    origin=some.sampled_from(["", "x"]),
    left=some.dictionaries(some.sampled_from(["", "p", "q"]), some.integers(0, 2), max_size=2),
    money=some.none() | some.integers(0, 2),
    ends=some.none() | some.integers(1, 3),
    complete=some.frozensets(some.sampled_from([Measure.DATA, Measure.MONEY])),
    status=some.none() | some.sampled_from([LineStatus.ACTIVE, LineStatus.SUSPENDED]),
)


@settings(max_examples=300)
@given(some.lists(FIGURES, max_size=12), some.randoms(use_true_random=False))
def test_the_current_readings_say_all_that_the_history_says(history: list[Reading], luck: random.Random) -> None:
    numbered = [replace(item, sequence=at) for at, item in enumerate(history, 1)]
    failure = FailedLookUp("a", "x", NOW, "down")
    kept: list[Reading] = []
    rest = list(numbered)
    while rest:
        step = luck.randint(1, 3)
        kept = current_readings([*kept, *rest[:step]])
        rest = rest[step:]
        done = numbered[: len(numbered) - len(rest)]
        assert states(kept, [failure]) == states(done, [failure])


def test_the_stored_state_is_that_of_the_pure_rule(store: CardStore, database: Database) -> None:
    luck, readings, history = random.Random(7), ReadingStore(database, "local"), []
    store.add([(plain_card(str(number)), CardSecrets()) for number in range(5)], NOW)
    for _ in range(40):
        batch = [
            reading(
                str(luck.randrange(5)),
                luck.randrange(-50, 50),
                left=luck.choice([None, 1, 2]),
                money=luck.choice([None, "1", "2"]),
                source=luck.choice(list(Source)),
            )
            for _ in range(luck.randrange(1, 6))
        ]
        history += readings.add(batch)
        assert readings.states() == states(history)
    assert [item.sequence for item in history] == list(range(1, len(history) + 1))
    assert sum(readings.counts().values()) == len(history)
