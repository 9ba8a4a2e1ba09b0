"""Loads the data files beside this module: regions, aliases and the names that differ from CLDR."""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class Region(BaseModel):
    """A region of ``regions.toml``. ``members``: ISO 3166-1 alpha-2 codes; ``unites``: keys of other regions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: Text
    zh: Text
    aliases: tuple[Text, ...] = ()
    members: tuple[CountryCode, ...] = ()
    unites: tuple[Text, ...] = ()
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]


class NameOverride(BaseModel):
    """Names of one country in ``names.toml``; a language left out keeps its CLDR name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: Text | None = None
    zh: Text | None = None


_REGIONS = TypeAdapter(dict[str, Region])
_OVERRIDES = TypeAdapter(dict[CountryCode, NameOverride])
_ALIASES = TypeAdapter(dict[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(\+[A-Z]{2})*$")], tuple[Text, ...]])


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("data", name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def load_regions() -> dict[str, Region]:
    """Regions by key ("europe"), in the order of the file. Raises pydantic.ValidationError on a wrong file."""
    return _REGIONS.validate_python(_toml("regions.toml"))


@lru_cache(maxsize=1)
def load_name_overrides() -> dict[str, NameOverride]:
    """Names that differ from CLDR, by country code. Raises pydantic.ValidationError on a wrong file."""
    return _OVERRIDES.validate_python(_toml("names.toml"))


@lru_cache(maxsize=1)
def load_aliases() -> dict[str, tuple[str, ...]]:
    """Other names by country code, or by codes joined with "+". Raises pydantic.ValidationError on a wrong file."""
    return _ALIASES.validate_python(_toml("aliases.toml"))
