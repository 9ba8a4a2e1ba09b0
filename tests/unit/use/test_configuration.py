"""Settings from the environment and from secrets.toml."""

from pathlib import Path

import pytest

from services.model.person import Role
from services.use.configuration import ConfigurationError, read_configuration
from services.use.house import open_house


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[simkeeper]\ndata_dir = "/from/file"\n[simkeeper.urls]\nsimsima = "https://mirror.example"\n')
    found = read_configuration({"SIMKEEPER_DATA_DIR": "/from/environment", "SIMKEEPER_URL_PIKASIM": "http://127.0.0.1:9"}, secrets)
    assert found.data_dir == Path("/from/environment")
    assert found.database_url == "sqlite:////from/environment/simkeeper.db"
    assert found.urls == {"simsima": "https://mirror.example", "pikasim": "http://127.0.0.1:9"}


def test_without_settings_the_database_is_in_the_users_data_directory(tmp_path: Path) -> None:
    found = read_configuration({}, tmp_path / "none.toml")
    assert found.data_dir.name == "simkeeper"
    assert found.database_url == f"sqlite:///{found.data_dir / 'simkeeper.db'}"


def test_a_database_url_is_not_shown() -> None:
    found = read_configuration({"SIMKEEPER_DATABASE_URL": "postgresql+psycopg://me:canary@db/x"}, Path("none.toml"))
    assert found.database_url.endswith("@db/x")
    assert "canary" not in repr(found)


@pytest.mark.parametrize("address", ["http://example.com", "ftp://127.0.0.1.example.com", "https:/x", "javascript:alert(1)"])
def test_an_address_that_others_could_read_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        read_configuration({"SIMKEEPER_URL_SIMSIMA": address}, tmp_path / "none.toml")


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "postgresql:/secret@host",
        "mysql://me:secret@host/simkeeper",
        "sqlite+nothing:///x",
        "postgresql://me:secret@host:port/x",
    ],
)
def test_the_address_of_no_database_is_a_setting_that_cannot_be_used(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="database_url") as caught:
        open_house(read_configuration({"SIMKEEPER_DATABASE_URL": address}, tmp_path / "none.toml"))
    assert "secret" not in str(caught.value)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("[simkeeper\n")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({}, secrets)
    assert caught.value.name == str(secrets)


def test_credentials_stand_in_the_file_and_are_not_shown(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[simkeeper.providers.airalo]\nclient_id = "me"\nclient_secret = "canary"\n')
    found = read_configuration({}, secrets)
    assert found.credentials == {"airalo": {"client_id": "me", "client_secret": "canary"}}
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "said", ['providers = "canary"', "[simkeeper.providers]\nairalo = 7", "[simkeeper.providers.airalo]\nclient_secret = 7"]
)
def test_credentials_of_another_shape_are_refused_without_showing_them(said: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f"[simkeeper]\n{said}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({}, secrets)
    assert "providers" in caught.value.name
    assert "canary" not in str(caught.value)


def test_sign_in_is_read_from_the_file(tmp_path: Path) -> None:
    secrets = tmp_path / "other.toml"
    secrets.write_text(
        '[auth]\ncookie_secret = "canary"\nclient_id = "me"\n'
        '[simkeeper]\npublic_url = "https://cards.example/"\n'
        '[simkeeper.people]\nallow = ["Ann@Example.org", "example.net"]\nsession_days = 3\n'
        '[simkeeper.people.households.home]\n"ann@example.org" = "owner"\n"bob@example.org" = "viewer"\n'
    )
    found = read_configuration({"SIMKEEPER_SECRETS_FILE": str(secrets)}).sign_in
    assert found.public_url == "https://cards.example/"
    assert found.auth["redirect_uri"] == "https://cards.example/oauth2callback"
    assert found.admits("ann@example.org")
    assert found.admits("x@example.net")
    assert found.households == {"home": {"ann@example.org": Role.OWNER, "bob@example.org": Role.VIEWER}}
    assert found.session_days == 3
    assert not found.trust_unverified
    assert found.missing == ("auth.cookie_secret", "auth.client_secret", "auth.server_metadata_url")
    assert "canary" not in repr(read_configuration({"SIMKEEPER_SECRETS_FILE": str(secrets)}))


def test_sign_in_can_stand_in_the_environment_alone(tmp_path: Path) -> None:
    environment = {
        "SIMKEEPER_PUBLIC_URL": "https://cards.example",
        "SIMKEEPER_PEOPLE": "ann@example.org, example.net",
        "SIMKEEPER_AUTH_CLIENT_ID": "me",
        "SIMKEEPER_AUTH_CLIENT_SECRET": "s",
        "SIMKEEPER_AUTH_SERVER_METADATA_URL": "https://id.example/.well-known/openid-configuration",
        "SIMKEEPER_AUTH_COOKIE_SECRET": "0123456789" * 4,
    }
    found = read_configuration(environment, tmp_path / "none.toml").sign_in
    assert found.ready
    assert found.providers == ("default",)


def test_named_identity_providers_each_need_their_settings(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nredirect_uri = "https://x.example/oauth2callback"\n[auth.google]\nclient_id = "me"\n')
    found = read_configuration({"SIMKEEPER_PEOPLE": "example.net"}, secrets).sign_in
    assert found.providers == ("google",)
    assert found.missing == ("auth.cookie_secret", "auth.google.client_secret", "auth.google.server_metadata_url")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('[simkeeper.people]\nallow = "ann@example.org"', "people.allow"),
        ('[simkeeper.people]\nallow = ["*"]', "people.allow"),
        ("[simkeeper.people]\nallow = [7]", "people.allow"),
        ("[simkeeper.people]\nsession_days = 31", "people.session_days"),
        ("[simkeeper.people]\nsession_days = true", "people.session_days"),
        ('[simkeeper]\npublic_url = "cards.example"', "public_url"),
        ('[simkeeper.people.households]\nhome = "ann@example.org"', "people.households.home"),
        ('[simkeeper.people.households.home]\n"ann@example.org" = "king"', "people.households.home"),
        ('[simkeeper.people.households.home]\n"ann" = "owner"', "people.households.home"),
        ('[simkeeper.people.households.home]\n"ann@example.org" = "viewer"', "people.households.home"),
        ('[simkeeper.people.households."../x"]\n"ann@example.org" = "owner"', "people.households.../x"),
        ('[simkeeper.people.households]\na = {"ann@e.org" = "owner"}\nb = {"Ann@e.org" = "owner"}', "people.households.b"),
        ("auth = 7", "auth"),
        ("simkeeper = 7", "simkeeper"),
    ],
)
def test_people_of_another_shape_are_refused(said: str, name: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(said)
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({}, secrets)
    assert caught.value.name == name


def test_where_links_lead_and_whether_this_process_sends_reminders(tmp_path: Path) -> None:
    nothing = tmp_path / "none.toml"
    assert (read_configuration({}, nothing).base_url, read_configuration({}, nothing).worker) == ("http://127.0.0.1:8501", True)
    found = read_configuration({"SIMKEEPER_BASE_URL": "https://cards.example.org/sim/", "SIMKEEPER_WORKER": "OFF"}, nothing)
    assert (found.base_url, found.worker) == ("https://cards.example.org/sim", False)
    for wrong in (
        {"SIMKEEPER_BASE_URL": "cards.example.org"},
        {"SIMKEEPER_BASE_URL": "javascript:alert(1)"},
        {"SIMKEEPER_WORKER": "maybe"},
    ):
        with pytest.raises(ConfigurationError):
            read_configuration(wrong, nothing)
