"""What is known about a provider before a word is exchanged, read from ``data/<id>.toml``."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DATA = Path(__file__).with_name("data")


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Facts):
    """The same words in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """English for ``en``, Chinese otherwise."""
        return self.en if language == "en" else self.zh


class PublishedLimit(_Facts):
    """At most ``calls`` per ``per_s`` seconds. ``scope``: "account", or what is counted (such as "card").
    ``source`` says who published it; "assumed" when nobody did and the number is our own caution."""

    calls: int = Field(gt=0)
    per_s: int = Field(gt=0)
    scope: str = "account"
    source: str = Field(min_length=1)


class CredentialField(_Facts):
    """One thing a person enters to connect. ``secret`` fields are masked and never shown again; others may be left out
    when not ``required``."""

    name: str = Field(pattern=r"^[a-z_]+$")
    label: Text
    secret: bool = True
    required: bool = True
    where: Text


class ProviderFacts(_Facts):
    """``data/<id>.toml``. Times in seconds, sizes in bytes.

    ``asks`` is the address shown to the person before the first fetch, ``sends`` what leaves the machine with it.
    ``refresh_s``: least time between two fetches of the catalogue. ``kind``: a seller of travel plans, of pocket-WiFi
    lines, or of airtime for any number. ``keyless_plans``: the whole catalogue without a key; ``keyless_trip_plans``: plans for
    a trip without a key, when the person asks for them, because it tells the seller the countries. ``auth_url``: the host of
    the token call, when it is another one. ``slow_timeout_s``: for the one answer known to take long. ``reading_lag_s``: how old
    the figures of a reading can be when the provider gives no time with them.
    """

    id: str = Field(pattern=r"^[a-z_]+$")
    name: str
    kind: Literal["travel_esim", "pocket_wifi", "airtime"]
    home_url: str = Field(pattern=r"^https://")
    base_url: str = Field(pattern=r"^https://")
    auth_url: str = Field(default="", pattern=r"^(https://.*)?$")
    asks: tuple[str, ...] = ()
    sends: Text
    keyless_plans: bool = False
    keyless_trip_plans: bool = False
    default_on: bool = False
    refresh_s: int = Field(default=900, ge=900)
    attempt_timeout_s: float = 10
    call_timeout_s: float = 25
    slow_timeout_s: float | None = None
    reading_lag_s: int | None = None
    max_body_bytes: int = 16 * 1024 * 1024
    limits: tuple[PublishedLimit, ...] = ()
    credentials: tuple[CredentialField, ...] = ()
    notes: Text | None = None


@cache
def facts_of(provider: str) -> ProviderFacts:
    """The facts of one provider. Raises FileNotFoundError for an id without a file, ValidationError for a wrong file."""
    facts = ProviderFacts.model_validate(tomllib.loads((DATA / f"{provider}.toml").read_text("utf-8")))
    if facts.id != provider:
        raise ValueError(f"{provider}.toml calls itself {facts.id}")
    return facts
