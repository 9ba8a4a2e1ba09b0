"""Addresses of people, and the list of those who may sign in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 254
"""Characters of an address (RFC 5321, section 4.5.3.1.3, without the angle brackets)."""
_ADDRESS = re.compile(r"[^\s@,;<>\"'()\[\]\\]+@[^\s@,;<>\"'()\[\]\\]+\.[^\s@,;<>\"'()\[\]\\.]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")


class NotAnAddress(ValueError):
    """Neither an address nor, where one is allowed, a domain. Holds nothing of what was said."""


def address_of(text: str) -> str:
    """An address as it is compared: without spaces around it, in small letters. Other alphabets are left as they are: some of their
    letters become plain ones when made small (K, the sign of the kelvin, becomes k), and another address with them. Raises NotAnAddress."""
    found = text.strip()
    if len(found) > LONGEST or not found.isprintable() or not _ADDRESS.fullmatch(found):
        raise NotAnAddress
    return found.lower() if found.isascii() else found


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who may sign in: single addresses, and everybody of a domain (not of domains below it)."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Allowed":
        """From "ann@example.org", "example.org" and "@example.org". Raises NotAnAddress."""
        addresses: set[str] = set()
        domains: set[str] = set()
        for entry in entries:
            domain = entry.strip().lower().removeprefix("@")
            if "@" in domain:
                addresses.add(address_of(entry))
            elif _DOMAIN.fullmatch(domain):
                domains.add(domain)
            else:
                raise NotAnAddress
        return cls(frozenset(addresses), frozenset(domains))

    def __bool__(self) -> bool:
        return bool(self.addresses or self.domains)

    def admits(self, address: str) -> bool:
        """Whether ``address`` (as ``address_of`` gives it) is on the list."""
        return address in self.addresses or address.rpartition("@")[2] in self.domains
