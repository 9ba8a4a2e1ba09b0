"""The page of backups and one's own data as its script runs."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.card import Card, CardKind, CardSecrets
from services.store.database import DatabaseDamaged
from services.use import backup
from services.use.cards import CardDesk
from services.use.house import house
from tests.app.driving import fresh_app, open_page, said
from ui.language import speaking
from ui.trouble import STORAGE

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PASSPHRASE = "a long passphrase"


@pytest.fixture
def app(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("services.store.sealed_file.COST", (10, 8, 1))
    CardDesk(house(), "local").add(Card("a", "Home number", CardKind.SIM), CardSecrets(pin="4711"))
    return fresh_app()


def names() -> list[str]:
    return sorted(card.nickname for card in CardDesk(house(), "local").all())


def choose(app: AppTest, data: bytes) -> AppTest:
    app.get("file_uploader")[0].upload("backup.zip", data)
    app.run()
    assert not app.exception
    return app


def test_it_says_first_whether_there_is_a_backup(app: AppTest) -> None:
    assert "No backup has been kept yet" in said(open_page(app, "data"))
    backup.keep_daily(house(), datetime.now(UTC))
    text = said(open_page(app, "data"))
    assert "Last kept backup: just now. 1 day is kept." in text


def test_it_says_so_in_chinese(app: AppTest) -> None:
    backup.keep_daily(house(), datetime.now(UTC))
    with speaking("zh"):
        assert "最近一份自动备份：刚刚。已留存 1 天。" in said(open_page(app, "data", "zh"))


def test_what_a_passphrase_changes_is_said_beside_it(app: AppTest) -> None:
    assert "these stay locked and can be read on this machine alone" in said(open_page(app, "data"))
    app.text_input(key="backup_passphrase").set_value("short").run()
    assert "at least 8 characters" in said(app)
    app.text_input(key="backup_passphrase").set_value(PASSPHRASE).run()
    assert "travel inside" in said(app)


def test_a_file_is_looked_into_before_anything_is_replaced(app: AppTest) -> None:
    file = backup.make_bytes(house(), NOW)
    CardDesk(house(), "local").add(Card("late", "Added later", CardKind.SIM))
    choose(open_page(app, "data"), file)
    assert "Complete and readable" in said(app)
    assert "Cards: 1" in said(app)
    assert app.button(key="restore_go").disabled
    assert names() == ["Added later", "Home number"]
    app.checkbox(key="restore_sure").check().run()
    app.button(key="restore_go").click().run()
    assert not app.exception
    assert names() == ["Home number"]
    assert "was restored" in said(app)
    assert "Before a restore" in said(app)


def test_an_encrypted_file_asks_for_its_passphrase(app: AppTest) -> None:
    file = backup.make_bytes(house(), NOW, PASSPHRASE)
    choose(open_page(app, "data"), file)
    assert "Enter its passphrase" in said(app)
    app.text_input(key="restore_passphrase").set_value("something else").run()
    assert "The passphrase does not fit" in said(app)
    app.text_input(key="restore_passphrase").set_value(PASSPHRASE).run()
    assert "Complete and readable" in said(app)
    app.checkbox(key="restore_sure").check().run()
    app.button(key="restore_go").click().run()
    assert "was restored" in said(app)
    assert CardDesk(house(), "local").secrets("a").pin == "4711"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        (lambda: b"hello", "不是续卡管家的备份", "is no backup of Simkeeper"),
        (lambda: backup.make_bytes(house(), NOW)[:-40], "已损坏或不完整", "damaged or incomplete"),
        (lambda: newer(backup.make_bytes(house(), NOW)), "更新版本", "A newer Simkeeper wrote this"),
    ],
)
def test_what_cannot_be_restored_has_its_sentence(app: AppTest, language: str, data: Callable[[], bytes], zh: str, en: str) -> None:
    with speaking(language):
        choose(open_page(app, "data", language), data())
        assert (zh if language == "zh" else en) in said(app)
    assert names() == ["Home number"]


def newer(file: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(out, "w") as fresh:
        for name in old.namelist():
            fresh.writestr(name, old.read(name).replace(b'"format": 1', b'"format": 99'))
    return out.getvalue()


def test_secrets_locked_elsewhere_are_counted_before_the_restore(app: AppTest, own_house: Path) -> None:
    file = backup.make_bytes(house(), NOW)
    (own_house / "secret.key").unlink()
    choose(open_page(app, "data"), file)
    assert "1 set of codes or keys was locked on another machine" in said(app)


def test_a_kept_backup_is_chosen_from_the_list(app: AppTest) -> None:
    path = backup.keep_daily(house(), NOW - timedelta(days=1))
    assert path is not None
    CardDesk(house(), "local").delete(["a"])
    open_page(app, "data")
    app.selectbox(key="restore_from").select(path.name).run()
    assert "Complete and readable" in said(app)
    app.checkbox(key="restore_sure").check().run()
    app.button(key="restore_go").click().run()
    assert names() == ["Home number"]


@pytest.mark.parametrize(("language", "word"), [("en", "delete"), ("zh", "删除")])
def test_deleting_everything_needs_the_word(app: AppTest, own_house: Path, language: str, word: str) -> None:
    backup.keep_daily(house(), NOW)
    with speaking(language):
        open_page(app, "data", language)
        assert app.button(key="data_delete").disabled
        field = app.text_input(key=f"delete_typed_{language}")
        field.set_value("yes").run()
        assert app.button(key="data_delete").disabled
        field.set_value(word).run()
        app.button(key="data_delete").click().run()
        assert not app.exception
        assert names() == []
        assert backup.kept(house()) == []
        assert ("Everything was deleted" if language == "en" else "已全部删除") in said(app)


def test_every_trouble_of_storage_has_its_own_sentence_in_both_languages() -> None:
    from ui.language import _

    for trouble in STORAGE:
        title, text = STORAGE[trouble]
        for each in (title, text):
            with speaking("zh"):
                chinese = _(each)
            assert re.search("[\u4e00-\u9fff]", chinese), trouble
    assert len({text for _title, text in STORAGE.values()}) == len(STORAGE)


def test_a_damaged_database_gets_a_sentence_and_the_place_of_the_file(own_house: Path) -> None:
    def page() -> None:
        from pathlib import Path

        from services.use.house import DatabaseDamaged
        from ui.trouble import report

        report(DatabaseDamaged(Path("/somewhere/simkeeper.db")))

    app = AppTest.from_function(page)
    app.session_state["lang"] = "en"
    app.run()
    assert "restore the newest backup" in app.error[0].value
    assert app.code[0].value == "/somewhere/simkeeper.db"
    assert isinstance(DatabaseDamaged(Path("x")), Exception)


def test_a_broken_file_on_the_disk_is_said_on_the_page_and_left_alone(app: AppTest, own_house: Path) -> None:
    from services.use.house import leave_house

    leave_house()
    for path in own_house.glob("simkeeper.db*"):
        path.unlink()
    (own_house / "simkeeper.db").write_bytes(b"no database" * 1_000)
    app.session_state["lang"] = "en"
    app.run()
    assert (own_house / "simkeeper.db").read_bytes() == b"no database" * 1_000
    leave_house()
    (own_house / "simkeeper.db").unlink()
