"""The operators' own addresses: ``data/sites.toml``, read once. The one module of this package that touches a file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from tldextract import TLDExtract


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteName(_Entry):
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Site(_Entry):
    """Where one operator takes money.

    ``hosts``: each counts with everything below it. ``brand``: operators of one name share it. ``words``: other spellings of the name
    that a copy would wear. ``country``: ISO 3166-1 alpha-2, "any" for shops that sell everywhere. ``source``, ``as_of``: of the hosts.
    """

    operator: str = Field(pattern=r"^[a-z0-9_]+$")
    brand: str = Field(pattern=r"^[a-z0-9_]+$")
    country: str = Field(pattern=r"^([A-Z]{2}|any)$")
    name: SiteName
    hosts: tuple[str, ...] = Field(min_length=1)
    words: tuple[str, ...] = ()
    source: str = Field(min_length=1)
    as_of: str = Field(pattern=r"^(\d{4}(-\d{2}){0,2}|undated)$")
    confidence: Literal["H", "M", "L"]

    def owns(self, host: str) -> bool:
        """Whether ``host`` (lower case ASCII, no port) is one of these, or below one."""
        return any(host == own or host.endswith("." + own) for own in self.hosts)


class SiteList(_Entry):
    shorteners: frozenset[str]
    site: tuple[Site, ...]

    def of(self, operator: str) -> Site | None:
        return next((site for site in self.site if site.operator == operator), None)


@cache
def shipped_sites() -> SiteList:
    return SiteList.model_validate(tomllib.loads((Path(__file__).parent / "data" / "sites.toml").read_text(encoding="utf-8")))


@cache
def registrable(host: str) -> str:
    """The part of a host somebody had to register: "pay.10086.cn" is "10086.cn". "" when there is none. Nothing is fetched."""
    return _extractor()(host).top_domain_under_public_suffix


@cache
def _extractor() -> "TLDExtract":
    # Imported here: it costs a third of a second, and most pages show no link. Its bundled list of suffixes is used.
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)
