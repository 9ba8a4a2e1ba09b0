"""What the person or the machine decides: where the data lies, which database, other addresses for providers.

Read from the environment first, then from ``.streamlit/secrets.toml``:

    SIMKEEPER_DATA_DIR         directory of the default database         [simkeeper] data_dir
    SIMKEEPER_DATABASE_URL     SQLAlchemy URL instead of that database   [simkeeper] database_url
    SIMKEEPER_URL_<PROVIDER>   another base URL for one provider         [simkeeper.urls] <provider>
    SIMKEEPER_KEYS             keys of what is encrypted, the new first  (services.store.vault; else a file in the data directory)
    SIMKEEPER_BASE_URL         where people open the dashboard           [simkeeper] base_url   (in the links of messages)
    SIMKEEPER_METRICS_TOKEN    who asks for /metrics must send it       [simkeeper] metrics_token  (else: from this machine alone)
    SIMKEEPER_WORKER           "off": no reminders from the dashboard    [simkeeper] worker     (another process sends them)

Who may sign in, where others reach the dashboard (docs/sign-in.md):

    SIMKEEPER_PUBLIC_URL       address that others open                  [simkeeper] public_url
    SIMKEEPER_PEOPLE           addresses and domains, with commas        [simkeeper.people] allow
    SIMKEEPER_AUTH_<NAME>      what Streamlit's login needs              [auth] <name>
    SIMKEEPER_SECRETS_FILE     another file than .streamlit/secrets.toml

Credentials of providers can stand in the file alone: ``[simkeeper.providers.<provider>]`` with the names of its fields.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_data_path

from services.model.person import Role
from services.rules.people import Allowed, NotAnAddress, address_of
from services.store.vault import NotAKey, keys_in

SECRETS = Path(".streamlit/secrets.toml")
SHORTEST_TOKEN = 16
LOCAL_ADDRESS = "http://127.0.0.1:8501"
CALLBACK = "oauth2callback"
"""Where Streamlit's login expects the identity provider to come back to, below the public address."""
COOKIE_SECRET_LENGTH = 32
SESSION_DAYS = 7
_OF_PROVIDER = ("client_id", "client_secret", "server_metadata_url")
_ACCOUNT = re.compile(r"[a-z0-9-]{1,64}")


class ConfigurationError(Exception):
    """A setting cannot be used. ``name`` is the setting, ``problem`` a short code."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in. ``auth``: for Streamlit's login. ``households``: the role of each person that is named, by account. A sign-in is
    good for ``session_days``. ``trust_unverified``: whether an address counts that the identity provider does not call verified."""

    public_url: str | None = None
    auth: Mapping[str, Any] = field(default_factory=dict, repr=False)
    allowed: Allowed = field(default_factory=Allowed)
    households: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    session_days: int = SESSION_DAYS
    trust_unverified: bool = False

    @property
    def wanted(self) -> bool:
        """Whether the configuration says that others come here. Accounts at an identity provider alone do not: they may stand in a file
        that other dashboards use too."""
        return bool(self.public_url or self.allowed or self.households)

    @property
    def providers(self) -> tuple[str, ...]:
        """The names under which identity providers are set, "default" for one without a name."""
        named = tuple(name for name, value in self.auth.items() if isinstance(value, Mapping) and "client_id" in value)
        return (*(("default",) if "client_id" in self.auth else ()), *named)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings without which nobody can sign in."""
        lacking = [] if self.auth.get("redirect_uri") else ["auth.redirect_uri"]
        if len(str(self.auth.get("cookie_secret", ""))) < COOKIE_SECRET_LENGTH:
            lacking.append("auth.cookie_secret")
        for provider in self.providers or ("default",):
            section, where = (self.auth, "auth") if provider == "default" else (self.auth[provider], f"auth.{provider}")
            lacking += [f"{where}.{name}" for name in _OF_PROVIDER if not section.get(name)]
        if not self.allowed and not any(self.households.values()):
            lacking.append("simkeeper.people.allow")
        return tuple(lacking)

    @property
    def ready(self) -> bool:
        return not self.missing

    def admits(self, address: str) -> bool:
        """Whether the list lets ``address`` in."""
        return self.allowed.admits(address)


@dataclass(frozen=True, slots=True)
class Configuration:
    """``urls`` maps a provider's id to the base URL to use instead of the published one; ``credentials`` to the fields it asks for.
    ``base_url``: where people open the dashboard, without a slash at its end. ``worker``: whether this process sends reminders.
    ``metrics_token``: what has to be sent to read /metrics; None when only this machine may."""

    data_dir: Path
    database_url: str = field(repr=False)
    urls: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    base_url: str = LOCAL_ADDRESS
    worker: bool = True
    sign_in: SignIn = SignIn()
    metrics_token: str | None = field(default=None, repr=False)


def read_configuration(environment: Mapping[str, str] = os.environ, secrets_file: Path | None = None) -> Configuration:
    """Raises ConfigurationError for a file that is not TOML, for a provider address that is neither https nor on this machine, for
    credentials that are not texts by name, for keys that are none, and for people who are not addresses."""
    try:
        keys_in(environment)
    except NotAKey as error:
        raise ConfigurationError(error.name, "not_a_key") from None
    whole = _file(secrets_file or Path(environment.get("SIMKEEPER_SECRETS_FILE") or SECRETS))
    secrets = _table(whole.get("simkeeper", {}), "simkeeper")
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
    credentials, sign_in = _credentials(secrets.get("providers", {})), _sign_in(environment, whole, secrets)
    base_url, token = _base_url(environment, secrets, sign_in), _metrics_token(environment, secrets)
    return Configuration(data_dir, url, urls, credentials, base_url, worker == "on", sign_in, token)


def _metrics_token(environment: Mapping[str, str], secrets: Mapping[str, Any]) -> str | None:
    given = environment.get("SIMKEEPER_METRICS_TOKEN") or secrets.get("metrics_token")
    if given is None:
        return None
    if not isinstance(given, str) or len(given) < SHORTEST_TOKEN or not all("!" <= character <= "~" for character in given):
        raise ConfigurationError("metrics_token", "too_short")
    return given


def _base_url(environment: Mapping[str, str], secrets: Mapping[str, Any], sign_in: SignIn) -> str:
    given = str(environment.get("SIMKEEPER_BASE_URL") or secrets.get("base_url") or sign_in.public_url or LOCAL_ADDRESS).strip().rstrip("/")
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError("base_url", "not_an_address")
    return given


def _sign_in(environment: Mapping[str, str], whole: Mapping[str, Any], secrets: Mapping[str, Any]) -> SignIn:
    people = _table(secrets.get("people", {}), "people")
    public = environment.get("SIMKEEPER_PUBLIC_URL") or secrets.get("public_url") or None
    if public is not None and (urlsplit(str(public)).scheme not in {"http", "https"} or not urlsplit(str(public)).hostname):
        raise ConfigurationError("public_url", "not_an_address")
    auth = dict(_table(whole.get("auth", {}), "auth"))
    for name, value in environment.items():
        if name.startswith("SIMKEEPER_AUTH_") and value:
            auth[name.removeprefix("SIMKEEPER_AUTH_").lower()] = value
    if auth and public and not auth.get("redirect_uri"):
        auth["redirect_uri"] = f"{str(public).rstrip('/')}/{CALLBACK}"
    listed = environment.get("SIMKEEPER_PEOPLE")
    allow = re.split(r"[\s,;]+", listed.strip()) if listed and listed.strip() else people.get("allow", [])
    if not isinstance(allow, list) or not all(isinstance(entry, str) for entry in allow):
        raise ConfigurationError("people.allow", "not_addresses")
    days = people.get("session_days", SESSION_DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 30:  # Streamlit's cookie ends after 30
        raise ConfigurationError("people.session_days", "out_of_range")
    try:
        allowed = Allowed.of(allow)
    except NotAnAddress as error:
        raise ConfigurationError("people.allow", "not_addresses") from error
    households = _households(_table(people.get("households", {}), "people.households"))
    return SignIn(public, auth, allowed, households, days, people.get("trust_unverified") is True)


def _households(said: Mapping[str, Any]) -> dict[str, dict[str, Role]]:
    found: dict[str, dict[str, Role]] = {}
    seen: set[str] = set()
    for account, people in said.items():
        where = f"people.households.{account}"
        if not _ACCOUNT.fullmatch(account):
            raise ConfigurationError(where, "not_a_name")
        try:
            found[account] = {address_of(address): Role(role) for address, role in _table(people, where).items()}
        except ValueError as error:
            raise ConfigurationError(where, "not_roles_by_address") from error
        if seen & set(found[account]):
            raise ConfigurationError(where, "in_two_households")
        if Role.OWNER not in found[account].values():
            raise ConfigurationError(where, "no_owner")
        seen |= set(found[account])
    return found


def _table(said: Any, name: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise ConfigurationError(name, "not_a_table")
    return said


def _credentials(said: Any) -> dict[str, dict[str, str]]:
    if not isinstance(said, dict):
        raise ConfigurationError("providers", "not_a_table")
    for provider, fields in said.items():
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise ConfigurationError(f"providers.{provider}", "not_texts_by_name")
    return {provider: dict(fields) for provider, fields in said.items()}


def _file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), "not_toml") from error
