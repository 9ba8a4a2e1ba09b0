"""Secrets at rest: which key seals, which keys open, and how a key is replaced."""

import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from services.model.card import Card, CardKind, CardSecrets
from services.store.cards import CardStore
from services.store.provider_accounts import ProviderAccountStore
from services.store.sealing import rotate, sealed_columns
from services.store.tables import metadata
from services.store.vault import KEY_FILE, KeyElsewhere, NotAKey, SecretUnreadable, Vault
from services.use.configuration import Configuration, ConfigurationError, read_configuration
from services.use.house import open_house
from services.use.secret_keys import rotate as rotate_house

NOW = datetime(2026, 11, 20, tzinfo=UTC)
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def opens(sealed: str, key: str) -> bool:
    """The oracle: the library itself with one key."""
    try:
        Fernet(key).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def test_the_key_of_the_environment_seals_and_no_file_is_made(tmp_path: Path) -> None:
    sealed = Vault(tmp_path, {"SIMKEEPER_KEYS": f"{NEW}, {OLD}"}).seal("4711")
    assert opens(sealed, NEW)
    assert not opens(sealed, OLD)
    assert list(tmp_path.iterdir()) == []
    assert Vault(tmp_path, {"SIMKEEPER_KEY": NEW}).open(sealed) == "4711"


def test_old_keys_open_and_a_lost_key_says_so(tmp_path: Path) -> None:
    sealed = Vault(tmp_path, {"SIMKEEPER_KEY": OLD}).seal("4711")
    assert Vault(tmp_path, {"SIMKEEPER_KEYS": f"{NEW},{OLD}"}).open(sealed) == "4711"
    with pytest.raises(SecretUnreadable):
        Vault(tmp_path, {"SIMKEEPER_KEYS": NEW}).open(sealed)
    with pytest.raises(SecretUnreadable):
        Vault(tmp_path, {}).open(sealed)


def test_keys_of_the_file_open_what_they_sealed_after_a_move_to_the_environment(tmp_path: Path) -> None:
    sealed = Vault(tmp_path, {}).seal("4711")
    assert Vault(tmp_path, {"SIMKEEPER_KEY": NEW}).open(sealed) == "4711"


def test_the_file_is_its_owners_alone_before_and_after_a_new_key(tmp_path: Path) -> None:
    vault = Vault(tmp_path, {})
    first = vault.seal("a")
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    vault.renew()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    second = vault.seal("b")
    newest, oldest = (line.decode() for line in (tmp_path / KEY_FILE).read_bytes().split())
    assert opens(first, oldest)
    assert opens(second, newest)
    assert not opens(second, oldest)
    assert (vault.open(first), vault.open(second)) == ("a", "b")
    with pytest.raises(KeyElsewhere):
        Vault(tmp_path, {"SIMKEEPER_KEY": NEW}).renew()


@pytest.mark.parametrize("name", ["SIMKEEPER_KEY", "SIMKEEPER_KEYS"])
def test_what_is_no_key_is_refused_at_the_start_without_a_word_of_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAKey):
        Vault(tmp_path, {name: "hunter2"}).seal("a")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({name: "hunter2"}, tmp_path / "none")
    assert caught.value.name == name
    assert "hunter2" not in str(caught.value)


def test_a_new_key_seals_every_sealed_column_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIMKEEPER_KEY", "SIMKEEPER_KEYS"):
        monkeypatch.delenv(name, raising=False)
    house = open_house(Configuration(tmp_path, f"sqlite:///{tmp_path / 'simkeeper.db'}"))
    vault = Vault(tmp_path)
    cards = CardStore(house.database, "local", vault)
    for name in ("a", "b"):
        cards.add([(Card(name, name, CardKind.ESIM), CardSecrets(pin=f"pin of {name}"))], NOW)
    cards.merge(cards.get("a"), "b", NOW)
    ProviderAccountStore(house.database, "local", vault).keep("keepgo", {"key": "token"}, NOW)
    before = everything_sealed(tmp_path / "simkeeper.db")
    assert rotate_house(house) == (3, 0)
    after = everything_sealed(tmp_path / "simkeeper.db")
    newest = (tmp_path / KEY_FILE).read_bytes().split()[0].decode()
    assert {name: len(values) for name, values in after.items()} == {"card_secrets": 1, "merged_cards": 1, "provider_accounts": 1}
    for name, values in after.items():
        assert not set(values) & set(before[name])
        assert all(opens(value, newest) for value in values), name
    assert cards.secrets("a") == CardSecrets(pin="pin of a")
    assert cards.merged_secrets("a", "b") == CardSecrets(pin="pin of b")
    house.close()


def test_what_no_key_opens_is_left_as_it_is(tmp_path: Path) -> None:
    house = open_house(Configuration(tmp_path, f"sqlite:///{tmp_path / 'simkeeper.db'}"))
    lost = Vault(tmp_path, {"SIMKEEPER_KEY": OLD})
    ProviderAccountStore(house.database, "local", lost).keep("keepgo", {"key": "token"}, NOW)
    before = everything_sealed(tmp_path / "simkeeper.db")
    assert rotate(house.database, Vault(tmp_path, {"SIMKEEPER_KEY": NEW})) == (0, 1)
    assert everything_sealed(tmp_path / "simkeeper.db") == before
    house.close()


def everything_sealed(path: Path) -> dict[str, list[str]]:
    """Every value that looks like a Fernet token in any text column of the file, by table."""
    found: dict[str, list[str]] = {}
    with sqlite3.connect(path) as raw:
        for table in metadata.sorted_tables:
            for row in raw.execute(f"SELECT * FROM {table.name}"):
                found.setdefault(table.name, []).extend(value for value in row if isinstance(value, str) and value.startswith("gAAAAA"))
    return {name: values for name, values in found.items() if values}


def test_every_column_that_is_sealed_is_known_by_its_name() -> None:
    assert {table.name for table, _column in sealed_columns()} >= {"card_secrets", "merged_cards", "provider_accounts"}
