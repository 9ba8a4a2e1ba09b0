"""Who comes in, who belongs where, what each may do, and what is written down of it."""

import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.model.card import Card, CardKind, CardSecrets
from services.model.person import Admission, Deed, Role
from services.model.reading import Reading, Source
from services.rules.people import Allowed, NotAnAddress, address_of
from services.store.acting import Actor, ForTheMachine, NotAllowed, acting, as_program, ask_when_unknown
from services.store.cards import CardStore
from services.store.database import Database
from services.store.people import Directory, ElsewhereAlready, LastOwner, PeopleStore, SetInFile
from services.store.readings import ReadingStore
from services.store.settings import SettingsStore
from services.store.snapshot import put_back, stage
from services.store.vault import Vault
from services.use import backup
from services.use.configuration import Configuration, SignIn
from services.use.house import House, open_house
from services.use.people import NotIn, PeopleDesk, Refused, come_in
from tests.servers.contents import text_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.net"


@contextmanager
def doing(account: str, address: str | None) -> Iterator[None]:
    """In the block a person acts, as the frame around the pages says it."""
    token = acting.__globals__["_acting"].set((Actor(account, address),))
    try:
        yield
    finally:
        acting.__globals__["_acting"].reset(token)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    households = {"home": {ANN: Role.OWNER, BOB: Role.VIEWER}}
    sign_in = SignIn(allowed=Allowed.of(["example.net", "solo@example.org"]), households=households, session_days=7)
    found = open_house(Configuration(tmp_path, database_url, sign_in=sign_in))
    yield found
    found.close()


def claims(email: str = ANN, **more: Any) -> dict[str, Any]:
    return {"is_logged_in": True, "email": email, "email_verified": True, "iat": NOW.timestamp() - 60, **more}


def cards_of(house: House, account: str) -> CardStore:
    return CardStore(house.database, account, Vault(house.configuration.data_dir))


def card(card_id: str = "c1", name: str = "Home number") -> tuple[Card, CardSecrets]:
    return Card(card_id, name, CardKind.SIM), CardSecrets(pin="4711")


# ----------------------------------------------------------------------------------------------------------- addresses


def test_addresses_are_compared_without_case_and_spaces() -> None:
    assert address_of("  Ann@Example.ORG ") == ANN


@pytest.mark.parametrize(
    "text", ["", "ann", "@example.org", "ann@", "ann@example", "a b@example.org", "ann@@example.org", "a@b.c\n", "x" * 250 + "@e.org"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(NotAnAddress):
        address_of(text + "\x00" if text.endswith("\n") else text)


def test_a_letter_that_only_looks_plain_when_made_small_is_another_address() -> None:
    """K, the sign of the kelvin, is k in small letters; so would be somebody who registered it at a provider of addresses."""
    kelvin = "mar\u212a@example.org"
    assert kelvin.lower() == "mark@example.org"
    assert not Allowed.of(["mark@example.org"]).admits(address_of(kelvin))


def test_the_list_takes_addresses_and_domains_but_no_domain_below() -> None:
    allowed = Allowed.of([ANN, "@Example.net"])
    assert allowed.admits(ANN)
    assert allowed.admits(EVE)
    assert not allowed.admits(BOB)
    assert not allowed.admits("eve@mail.example.net")
    assert not allowed.admits("eve@evilexample.net")


@pytest.mark.parametrize("entry", ["", "*", "org", "ann@", "http://example.org", "example..org"])
def test_an_entry_that_would_let_in_others_than_meant_is_refused(entry: str) -> None:
    with pytest.raises(NotAnAddress):
        Allowed.of([entry])


def test_a_role_covers_those_below_it() -> None:
    covered = {role: {needed for needed in Role if role.covers(needed)} for role in Role}
    assert covered == {Role.VIEWER: {Role.VIEWER}, Role.EDITOR: {Role.VIEWER, Role.EDITOR}, Role.OWNER: set(Role)}


# ----------------------------------------------------------------------------------------------------------- coming in


def test_a_person_of_the_file_comes_into_their_household(house: House) -> None:
    member = come_in(house, claims("ANN@example.org"), NOW)
    assert (member.account, member.role, member.admission) == ("home", Role.OWNER, Admission.FILE)


def test_somebody_of_the_list_gets_a_household_of_their_own_once(house: House) -> None:
    first, again = come_in(house, claims(EVE), NOW), come_in(house, claims(EVE), NOW)
    assert first.account == again.account not in {"home", "local"}
    assert first.role is Role.OWNER


def test_two_sessions_at_once_found_one_household(house: House) -> None:
    accounts: set[str] = set()
    threads = [threading.Thread(target=lambda: accounts.add(come_in(house, claims(EVE), NOW).account)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accounts) == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"is_logged_in": False}, None),
        ({}, None),
        (claims("stranger@example.org"), Refused.NOT_LISTED),
        (claims("eve@mail.example.net"), Refused.NOT_LISTED),
        (claims(email=""), Refused.NO_ADDRESS),
        ({**claims(), "email": None}, Refused.NO_ADDRESS),
        (claims(email_verified=False), Refused.UNVERIFIED),
        (claims(email_verified="true"), Refused.UNVERIFIED),
        ({name: value for name, value in claims().items() if name != "email_verified"}, Refused.UNVERIFIED),
        (claims(iat=NOW.timestamp() - 7 * 86_400 - 1), Refused.ENDED),
        (claims(iat=None), Refused.ENDED),
    ],
)
def test_who_does_not_come_in(house: House, said: dict[str, Any], why: Refused | None) -> None:
    with pytest.raises(NotIn) as caught:
        come_in(house, said, NOW)
    assert caught.value.refused is why


def test_a_sign_in_is_good_for_as_long_as_set(house: House) -> None:
    assert come_in(house, claims(iat=NOW.timestamp() - 7 * 86_400 + 1), NOW).address == ANN


def test_an_unverified_address_counts_only_where_the_configuration_says_so(tmp_path: Path) -> None:
    sign_in = SignIn(allowed=Allowed.of([ANN]), trust_unverified=True)
    house = open_house(Configuration(tmp_path, f"sqlite:///{tmp_path / 'y.db'}", sign_in=sign_in))
    assert come_in(house, claims(email_verified=None), NOW).address == ANN
    house.close()


def test_somebody_taken_off_the_list_comes_in_no_more_and_their_household_stays(tmp_path: Path, database_url: str) -> None:
    url = database_url
    first = open_house(Configuration(tmp_path, url, sign_in=SignIn(allowed=Allowed.of([EVE]))))
    account = come_in(first, claims(EVE), NOW).account
    first.close()
    later = open_house(Configuration(tmp_path, url, sign_in=SignIn(allowed=Allowed.of([ANN]))))
    with pytest.raises(NotIn):
        come_in(later, claims(EVE), NOW)
    later.close()
    again = open_house(Configuration(tmp_path, url, sign_in=SignIn(allowed=Allowed.of([EVE]))))
    assert come_in(again, claims(EVE), NOW).account == account
    again.close()


def test_the_file_says_who_belongs_and_a_later_file_takes_it_back(tmp_path: Path, database_url: str) -> None:
    url = database_url

    def members(households: dict[str, dict[str, Role]]) -> dict[str, tuple[str, Role]]:
        house = open_house(Configuration(tmp_path, url, sign_in=SignIn(households=households)))
        found = {m.address: (account, m.role) for account in ("home", "local") for m in PeopleStore(house.database, account).all()}
        house.close()
        return found

    assert members({"home": {ANN: Role.OWNER, BOB: Role.VIEWER}}) == {ANN: ("home", Role.OWNER), BOB: ("home", Role.VIEWER)}
    assert members({"local": {ANN: Role.OWNER}}) == {ANN: ("local", Role.OWNER)}
    assert members({}) == {}


def test_when_somebody_was_here_is_known_to_the_hour(house: House) -> None:
    come_in(house, claims(), NOW)
    come_in(house, claims(), NOW + timedelta(minutes=59))
    member = Directory(house.database).find(ANN)
    assert member is not None
    assert member.seen_at == NOW
    come_in(house, claims(), NOW + timedelta(minutes=61))
    member = Directory(house.database).find(ANN)
    assert member is not None
    assert member.seen_at == NOW + timedelta(minutes=61)


# ----------------------------------------------------------------------------------------------------------- roles


def test_a_viewer_reads_and_changes_nothing(house: House) -> None:
    with doing("home", ANN):
        cards_of(house, "home").add([card()], NOW)
    with doing("home", BOB):
        assert [found.nickname for found in cards_of(house, "home").all()] == ["Home number"]
        with pytest.raises(NotAllowed) as caught:
            cards_of(house, "home").delete(["c1"])
        with pytest.raises(NotAllowed):
            SettingsStore(house.database, "home").put("currency", "EUR")
        with pytest.raises(NotAllowed):
            house.database.require()
    assert caught.value.needed is Role.EDITOR
    assert len(cards_of(house, "home").all()) == 1
    assert SettingsStore(house.database, "home").get("currency") is None


def test_an_editor_changes_cards_and_not_who_belongs(house: House) -> None:
    with doing("home", ANN):
        PeopleDesk(house, "home").invite("carl@example.org", Role.EDITOR)
    with doing("home", "carl@example.org"):
        cards_of(house, "home").add([card()], NOW)
        for change in (
            lambda store: store.invite("x@example.org", Role.OWNER, NOW),
            lambda store: store.change_role("carl@example.org", Role.OWNER),
            lambda store: store.remove(BOB),
        ):
            with pytest.raises(NotAllowed) as caught:
                change(PeopleStore(house.database, "home"))
            assert caught.value.needed is Role.OWNER
    assert {m.address: m.role for m in PeopleStore(house.database, "home").all()} == {
        ANN: Role.OWNER,
        "carl@example.org": Role.EDITOR,
        BOB: Role.VIEWER,
    }


def test_a_role_that_was_taken_away_is_gone_at_the_very_next_write(house: House) -> None:
    with doing("home", ANN):
        PeopleDesk(house, "home").invite("carl@example.org", Role.EDITOR)
    with doing("home", "carl@example.org"):
        cards_of(house, "home").add([card()], NOW)
        with doing("home", ANN):
            PeopleStore(house.database, "home").remove("carl@example.org")
        with pytest.raises(NotAllowed) as caught:
            cards_of(house, "home").add([card("c2")], NOW)
    assert caught.value.needed is None
    with pytest.raises(NotIn):
        come_in(house, claims("carl@example.org"), NOW)


def test_nobody_writes_rows_of_another_household(house: House) -> None:
    """Even if a page asked for it."""
    with as_program():
        cards_of(house, "local").add([card("c9", "Theirs")], NOW)
    with doing("home", ANN):
        for change in (
            lambda: cards_of(house, "local").delete(["c9"]),
            lambda: cards_of(house, "local").add([card("c8")], NOW),
            lambda: SettingsStore(house.database, "local").put("currency", "EUR"),
        ):
            with pytest.raises(NotAllowed):
                change()
    assert [found.card_id for found in cards_of(house, "local").all()] == ["c9"]


def test_a_household_keeps_an_owner(house: House) -> None:
    eve = come_in(house, claims(EVE), NOW)
    store = PeopleStore(house.database, eve.account)
    with doing(eve.account, EVE):
        for change in (lambda: store.remove(EVE), store.leave, lambda: store.change_role(EVE, Role.EDITOR)):
            with pytest.raises(LastOwner):
                change()
        store.invite("second@example.org", Role.OWNER, NOW)
        store.change_role(EVE, Role.EDITOR)
        store.leave()
    assert [member.address for member in store.all()] == ["second@example.org"]


def test_people_of_the_file_are_changed_in_the_file(house: House) -> None:
    with doing("home", ANN), pytest.raises(SetInFile):
        PeopleStore(house.database, "home").remove(BOB)
    with doing("home", BOB), pytest.raises(SetInFile):
        PeopleStore(house.database, "home").leave()


def test_a_person_belongs_to_one_household(house: House) -> None:
    come_in(house, claims(EVE), NOW)
    with doing("home", ANN):
        with pytest.raises(ElsewhereAlready) as here:
            PeopleDesk(house, "home").invite(BOB, Role.OWNER)
        with pytest.raises(ElsewhereAlready) as elsewhere:
            PeopleDesk(house, "home").invite(EVE, Role.OWNER)
    assert (here.value.here, elsewhere.value.here) == (True, False)


def test_an_invited_person_comes_in_though_no_list_names_them(house: House) -> None:
    with doing("home", ANN):
        PeopleDesk(house, "home").invite("Friend@Example.com", Role.VIEWER)
    member = come_in(house, claims("friend@example.com"), NOW)
    assert (member.account, member.role, member.admission) == ("home", Role.VIEWER, Admission.INVITED)


def test_everybody_has_a_language_of_their_own(house: House) -> None:
    with doing("home", BOB):
        PeopleStore(house.database, "home").speak("zh")
    found = {member.address: member.language for member in PeopleStore(house.database, "home").all()}
    assert found == {ANN: None, BOB: "zh"}


def test_work_handed_to_the_background_is_done_by_the_person_who_started_it(house: House) -> None:
    async def work() -> Actor | None:
        return acting()

    with doing("home", BOB):
        future = house.background.submit(work())
    assert future.result(30) == Actor("home", BOB)
    assert house.background.run(work(), 30) is None


def test_a_session_is_asked_who_acts_where_nobody_said(house: House) -> None:
    """A callback that kept a desk from an earlier run comes to the store without passing the frame around the pages."""
    kept = list(acting.__globals__["_ask"])
    try:
        ask_when_unknown(lambda: Actor("home", BOB))
        caught: list[BaseException] = []

        def callback() -> None:
            try:
                cards_of(house, "home").add([card()], NOW)
            except NotAllowed as error:
                caught.append(error)

        thread = threading.Thread(target=callback)
        thread.start()
        thread.join()
        assert len(caught) == 1
        with as_program():
            assert acting() is None
    finally:
        acting.__globals__["_ask"][:] = kept


# ----------------------------------------------------------------------------------------------------------- the log


def log(house: House, account: str = "home") -> list[Deed]:
    return [deed for _, deed in PeopleDesk(house, account).deeds(100)]


def test_the_log_says_who_changed_what_and_holds_no_secret(house: House) -> None:
    with doing("home", ANN):
        cards_of(house, "home").add([card()], NOW)
    with doing("home", ANN):
        cards_of(house, "home").change(Card("c1", "Home number, kept", CardKind.SIM))
        cards_of(house, "home").delete(["c1"])
    assert [(deed.who, deed.kind, deed.thing, deed.text) for deed in reversed(log(house))] == [
        (ANN, "cards.insert", "c1", "Home number"),
        (ANN, "card_secrets.insert", "c1", ""),
        (ANN, "cards.update", "c1", "Home number, kept"),
        (ANN, "cards.delete", "c1", ""),
    ]
    assert "4711" not in text_of(house.database)


def test_what_fails_is_not_in_the_log(house: House) -> None:
    with doing("home", ANN), pytest.raises(ZeroDivisionError):
        cards_of(house, "home").add((card(f"c{1 // (2 - n)}") for n in range(3)), NOW)
    assert log(house) == []


def test_what_changes_nothing_is_not_in_the_log(house: House) -> None:
    with doing("home", ANN):
        cards_of(house, "home").delete(["gone"])
    assert log(house) == []


def test_many_rows_of_one_kind_are_one_line(house: House) -> None:
    with doing("home", ANN):
        cards_of(house, "home").add([(Card(f"c{n}", f"Card {n}", CardKind.SIM), CardSecrets()) for n in range(30)], NOW)
        ReadingStore(house.database, "home").add([Reading("c1", Source.TYPED, NOW)])
    newest, before = log(house)
    assert (before.kind, before.thing, before.count) == ("cards.insert", "", 30)
    assert (newest.kind, newest.thing) == ("readings.insert", "c1")


def test_the_program_leaves_no_line_and_this_machine_has_no_address(house: House) -> None:
    with as_program():
        cards_of(house, "local").add([card()], NOW)
    with doing("local", None):
        cards_of(house, "local").add([card("c2")], NOW)
    assert {(deed.who, deed.thing) for deed in log(house, "local")} == {(None, "c2")}
    assert log(house) == []


def test_older_lines_follow_the_newest(house: House) -> None:
    with doing("home", ANN):
        for n in range(5):
            SettingsStore(house.database, "home").put("currency", f"C{n}")
    desk = PeopleDesk(house, "home")
    first = desk.deeds(3)
    rest = desk.deeds(3, first[-1][0])
    assert [len(first), len(rest)] == [3, 2]
    assert not {number for number, _ in first} & {number for number, _ in rest}


def test_an_account_that_is_deleted_takes_its_log_along(house: House) -> None:
    from services.store.tables import accounts

    with doing("home", ANN):
        cards_of(house, "home").add([card()], NOW)
        with house.database.write(needs=Role.OWNER) as connection:
            connection.execute(accounts.delete().where(accounts.c.id == "home"))
    assert log(house) == []


def test_a_database_of_the_version_before_gains_both_tables(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    database.migrate()
    with sqlite3.connect(tmp_path / "old.db") as raw:
        names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"members", "audit_log"} <= names


def test_a_backup_is_put_back_by_whoever_runs_the_machine_and_its_rows_by_no_lesser_role(house: House) -> None:
    """Every household's rows go; so nobody who signed in may ask for it, and the store itself refuses all but an owner."""
    kept = backup.make_bytes(house, NOW)
    CardStore(house.database, "home", Vault(house.configuration.data_dir)).add([(Card("later", "Later", CardKind.SIM), CardSecrets())], NOW)
    for address in (ANN, BOB):
        with doing("home", address), pytest.raises(ForTheMachine):
            backup.restore(house, io.BytesIO(kept), NOW)
    with stage(io.BytesIO(kept), Vault(house.configuration.data_dir)) as staged, doing("home", BOB), pytest.raises(NotAllowed):
        put_back(staged, house.database)
    assert [card.card_id for card in CardStore(house.database, "home", Vault(house.configuration.data_dir)).all()] == ["later"]
