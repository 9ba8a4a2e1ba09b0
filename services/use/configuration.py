"""What the person or the machine decides: where the data lies, which database, other addresses for providers.

Read from the environment first, then from ``.streamlit/secrets.toml``:

    SIMKEEPER_DATA_DIR         directory of the default database         [simkeeper] data_dir
    SIMKEEPER_DATABASE_URL     SQLAlchemy URL instead of that database   [simkeeper] database_url
    SIMKEEPER_URL_<PROVIDER>   another base URL for one provider         [simkeeper.urls] <provider>
    SIMKEEPER_KEYS             keys of what is encrypted, the new first  (services.store.vault; else a file in the data directory)
    SIMKEEPER_BASE_URL         where people open the dashboard           [simkeeper] base_url   (in the links of messages)
    SIMKEEPER_WORKER           "off": no reminders from the dashboard    [simkeeper] worker     (another process sends them)

Credentials of providers can stand in the file alone: ``[simkeeper.providers.<provider>]`` with the names of its fields.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_data_path

from services.store.vault import NotAKey, keys_in

SECRETS = Path(".streamlit/secrets.toml")
LOCAL_ADDRESS = "http://127.0.0.1:8501"


class ConfigurationError(Exception):
    """A setting cannot be used. ``name`` is the setting, ``problem`` a short code."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Configuration:
    """``urls`` maps a provider's id to the base URL to use instead of the published one; ``credentials`` to the fields it asks for.
    ``base_url``: where people open the dashboard, without a slash at its end. ``worker``: whether this process sends reminders."""

    data_dir: Path
    database_url: str = field(repr=False)
    urls: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    base_url: str = LOCAL_ADDRESS
    worker: bool = True


def read_configuration(environment: Mapping[str, str] = os.environ, secrets_file: Path = SECRETS) -> Configuration:
    """Raises ConfigurationError for a file that is not TOML, for a provider address that is neither https nor on this machine, for
    credentials that are not texts by name, and for keys that are none."""
    try:
        keys_in(environment)
    except NotAKey as error:
        raise ConfigurationError(error.name, "not_a_key") from None
    secrets = _secrets(secrets_file)
    data_dir = Path(environment.get("SIMKEEPER_DATA_DIR") or secrets.get("data_dir") or user_data_path("simkeeper", appauthor=False))
    url = environment.get("SIMKEEPER_DATABASE_URL") or secrets.get("database_url") or f"sqlite:///{data_dir / 'simkeeper.db'}"
    urls = dict(secrets.get("urls", {}))
    for name, value in environment.items():
        if name.startswith("SIMKEEPER_URL_") and value:
            urls[name.removeprefix("SIMKEEPER_URL_").lower()] = value
    for provider, address in urls.items():
        parts = urlsplit(address)
        local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
        if not parts.hostname or not (parts.scheme == "https" or local):
            raise ConfigurationError(f"url of {provider}", "not_https")
    worker = str(environment.get("SIMKEEPER_WORKER") or secrets.get("worker", "on")).strip().lower()
    if worker not in {"on", "off"}:
        raise ConfigurationError("worker", "not_on_or_off")
    return Configuration(data_dir, url, urls, _credentials(secrets.get("providers", {})), _base_url(environment, secrets), worker == "on")


def _base_url(environment: Mapping[str, str], secrets: Mapping[str, Any]) -> str:
    given = str(environment.get("SIMKEEPER_BASE_URL") or secrets.get("base_url") or LOCAL_ADDRESS).strip().rstrip("/")
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError("base_url", "not_an_address")
    return given


def _credentials(said: Any) -> dict[str, dict[str, str]]:
    if not isinstance(said, dict):
        raise ConfigurationError("providers", "not_a_table")
    for provider, fields in said.items():
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise ConfigurationError(f"providers.{provider}", "not_texts_by_name")
    return {provider: dict(fields) for provider, fields in said.items()}


def _secrets(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(tomllib.loads(path.read_text("utf-8")).get("simkeeper", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), "not_toml") from error
