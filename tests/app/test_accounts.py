"""Every page across households and roles: one household sees nothing of another, and a viewer sees everything and changes nothing."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest

from services.model.person import Admission, Member, Role
from services.store.acting import as_program
from services.store.database import Database
from services.store.people import PeopleStore
from services.store.vault import Vault
from services.use.house import house
from tests.app.driving import fresh_app, open_page
from tests.conftest import ROOT
from tests.households import NOW, Of, furnish
from tests.servers.contents import rows_of
from ui.people.words import REFUSAL
from ui.trouble import report

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
MARK, HOME, OTHER = "quokka", "home", "other"
OWNER, VIEWER, STRANGER = f"{MARK}@example.org", "viewer@example.org", "stranger@example.net"
CARD_PARTS = ("typed", "paste", "ask", "history", "numbers", "codes", "limits", "auto", "edit", "delete")
KEPT_BY_THE_PROGRAM = {"seen_rules", "reminder_episodes"}
"""What it notes of itself while somebody only looks."""
WITHOUT_NAMES = {"add_card", "data"}
"""Pages that show nothing that a household entered."""
PRESSED: list[tuple[str, dict[str, str], str]] = [
    ("trips", {}, "trip_copy_t1"),
    ("reminders", {}, "channel_switch_id4"),
    ("reminders", {}, "channel_test_id4"),
    ("reminders", {}, "habits_keep"),
    ("card", {"id": "c1", "open": "limits"}, "FormSubmitter:limits-Save the limits"),
    ("card", {"id": "c1", "open": "edit"}, "FormSubmitter:edit-Save the changes"),
    ("renew", {"card": "c1"}, "renew_start"),
    ("renew", {"run": "id3"}, "go_paying"),
    ("renew", {"run": "id3"}, "renew_abandon"),
    ("balances", {}, "refresh_all"),
]
"""Buttons that change something, one of every kind."""


@pytest.fixture
def home(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> Of:
    """A household with the mark in every table, a viewer of it, and another household with somebody of its own."""
    monkeypatch.setenv("SIMKEEPER_WORKER", "off")
    # A page under test has no app around it; app.py gives the real one the same.
    monkeypatch.setattr(ScriptRunner, "_on_script_error", property(lambda _self: report, lambda _self, _value: None), raising=False)
    database = house().database
    made = furnish(Of(database, Vault(house().configuration.data_dir), HOME), MARK)
    with as_program():
        PeopleStore(database, HOME).invite(VIEWER, Role.VIEWER, NOW)
        database.ensure_account(OTHER)
        PeopleStore(database, OTHER).invite(STRANGER, Role.OWNER, NOW)
    return made


@pytest.fixture
def sit(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, Role], None]:
    """Have somebody sit at every session, as if they had signed in."""

    def sit_down(account: str, address: str, role: Role) -> None:
        member = Member(account, address, role, Admission.INVITED, NOW)
        monkeypatch.setattr("ui.door.person", lambda *, anew=False: member)

    return sit_down


def addresses(home: Of) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page as it is, and with every id of the household that a link can name."""
    for page in PAGES:
        yield page, {}
    for part in CARD_PARTS:
        yield "card", {"id": "c1", "open": part}
    yield "renew", {"run": home.ids["renewal"]}
    yield "renew", {"card": "c1"}
    yield "receipts", {"card": "c1"}
    yield "trips", {"trip": "t1"}
    yield "compare", {"in": "JP", "from": "2027-03-01", "to": "2027-03-08", "gb": "1", "pick": "keepgo~p1"}
    yield "calendar", {"month": "2026-05"}


def drawn(node: Any) -> Iterator[str]:
    """All that is sent to the browser, element by element: texts, labels, options, tables, addresses of links."""
    if getattr(node, "proto", None) is not None:
        yield str(node.proto)
    for child in getattr(node, "children", {}).values():
        yield from drawn(child)


def everything(app: AppTest) -> str:
    return "\n".join(drawn(app._tree))


def kept(database: Database) -> dict[str, Any]:
    return {name: rows for name, rows in rows_of(database).items() if name not in KEPT_BY_THE_PROGRAM}


@pytest.mark.parametrize("furnished", [False, True], ids=["empty", "with_the_same_ids"])
def test_nothing_of_another_household_is_on_any_page(home: Of, sit: Callable[[str, str, Role], None], furnished: bool) -> None:
    if furnished:
        furnish(dataclasses.replace(home, account=OTHER), "wombat")
    before = [row for rows in rows_of(home.database).values() for row in rows if HOME in row]
    sit(OTHER, STRANGER, Role.OWNER)
    found = []
    for page, query in addresses(home):
        app = open_page(fresh_app(), page, **query)
        assert "Something went wrong" not in everything(app), (page, query)
        assert len(app.title) == 1, (page, query)
        found += [(page, query, text[:300]) for text in drawn(app._tree) if MARK in text]
    assert found == []
    assert [row for rows in rows_of(home.database).values() for row in rows if HOME in row] == before


def test_a_viewer_opens_every_page_and_changes_nothing_by_looking(home: Of, sit: Callable[[str, str, Role], None]) -> None:
    sit(HOME, VIEWER, Role.VIEWER)
    before, marked = kept(home.database), set()
    for page, query in addresses(home):
        app = open_page(fresh_app(), page, **query)
        text = everything(app)
        assert "Nothing was changed" not in text, (page, query)
        assert "Something went wrong" not in text, (page, query)
        if MARK in text:
            marked.add(page)
        after = kept(home.database)
        assert [name for name in after if after[name] != before[name]] == [], (page, query)
    assert set(PAGES) - marked == WITHOUT_NAMES, "what the other household must not see is there for this one"


def test_an_owner_who_only_looks_is_not_in_the_log(home: Of, sit: Callable[[str, str, Role], None]) -> None:
    sit(HOME, OWNER, Role.OWNER)
    before = rows_of(home.database)["audit_log"]
    for page in PAGES:
        open_page(fresh_app(), page)
        assert rows_of(home.database)["audit_log"] == before, page


@pytest.mark.parametrize(("page", "query", "button"), PRESSED, ids=[f"{page}-{button}" for page, _query, button in PRESSED])
def test_what_a_viewer_presses_is_answered_with_a_sentence(
    home: Of, sit: Callable[[str, str, Role], None], page: str, query: dict[str, str], button: str
) -> None:
    sit(HOME, VIEWER, Role.VIEWER)
    app = open_page(fresh_app(), page, **query)
    before = kept(home.database)
    app.button(key=button).click().run()
    assert "Something went wrong" not in everything(app)
    assert [error.value for error in app.error] == [REFUSAL[Role.EDITOR]]
    assert kept(home.database) == before
