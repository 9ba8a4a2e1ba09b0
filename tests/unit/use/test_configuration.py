"""Settings from the environment and from secrets.toml."""

from pathlib import Path

import pytest

from services.use.configuration import ConfigurationError, read_configuration


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
