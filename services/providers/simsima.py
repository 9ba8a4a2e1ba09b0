"""Simsima: the whole public catalogue in one request, no key.

Contract: https://simsima.io/{locale}/agent/catalog as read by the provider's own client (simsima-connectivity).
Units: ``dataAmountGB`` is taken as decimal gigabytes (the feed does not say 1000 or 1024; the smaller is the cautious
one). ``price`` is in major units of the item's currency; locale ``en`` is priced in USD.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Network, Plan
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Wire, collect, parse
from services.providers.errors import Malformed
from services.providers.http import Call
from services.providers.wire import Flag, Instant, Int, MaybeText, Name, Number, Text

LOCALE = "en"


class _NetworkWire(Wire):
    name: Text
    types: tuple[Text, ...] = ()


class _Destination(Wire):
    destination: Text
    coverage: tuple[Text, ...] = ()
    networks: tuple[_NetworkWire, ...] = ()


class _Item(Wire):
    sku: Name
    destination: Text
    countryCode: MaybeText = None  # noqa: N815 - the provider's spelling
    dataAmountGB: Number | None = None  # noqa: N815
    unlimited: Flag
    validityDays: Int = Field(gt=0)  # noqa: N815
    price: Number = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    url: Text
    checkoutUrl: MaybeText = None  # noqa: N815
    topUp: Flag | None = None  # noqa: N815
    availability: Text


class _Feed(Wire):
    generatedAt: Instant  # noqa: N815
    items: list[Any]
    destinations: tuple[Any, ...] = ()


class Simsima(Provider):
    """Public catalogue of Simsima."""

    id = "simsima"

    async def plans(self) -> Catalogue:
        """All plans in stock. Raises Malformed when the answer has no ``items`` (their own client shows an empty shop then)."""
        # Megabytes of answer are not kept beside what was read of them.
        feed = parse(self.id, _Feed, (await self.http.send(Call("GET", f"/{LOCALE}/agent/catalog"))).json())
        if not feed.items:
            raise Malformed(self.id, "items", "empty")
        destinations: dict[str, _Destination] = {}
        for index, entry in enumerate(feed.destinations):
            destination = parse(self.id, _Destination, entry, f"destinations[{index}]")
            destinations[destination.destination] = destination
        as_of = min(feed.generatedAt, self.now())
        return collect(self.id, feed.items, lambda index, entry: self._plan(index, entry, destinations, as_of), as_of, "items")

    def _plan(self, index: int, entry: Any, destinations: Mapping[str, _Destination], as_of: datetime) -> Plan | None:
        item = parse(self.id, _Item, entry, f"items[{index}]")
        if item.availability != "in_stock":
            return None
        destination = destinations.get(item.destination)
        countries, complete = _coverage(item, destination)
        return Plan(
            source=self.id,
            plan_id=item.sku,
            seller=self.facts.name,
            name=item.destination.replace("-", " ").title(),
            allowance=self._allowance(index, item),
            validity_days=item.validityDays,
            countries=countries,
            coverage_complete=complete,
            price=Money.of(item.price, item.currency),
            fetched_at=as_of,
            top_up=Tri.of(item.topUp),
            five_g=_five_g(destination),
            networks=_networks(item, destination),
            buy_url=next((url for url in (item.checkoutUrl, item.url) if url and url.startswith("https://")), None),
        )

    def _allowance(self, index: int, item: _Item) -> Allowance:
        if item.unlimited:
            return Allowance(AllowanceKind.UNLIMITED)
        if item.dataAmountGB is None or item.dataAmountGB <= 0:
            raise Malformed(self.id, f"items[{index}].dataAmountGB", "no_amount")
        return Allowance(AllowanceKind.TOTAL, DataVolume.of(item.dataAmountGB, DataUnit.GB))


def _coverage(item: _Item, destination: _Destination | None) -> tuple[frozenset[str], bool]:
    """Only ``destinations[].coverage`` lists countries; without it a single country's plan still says its own."""
    if destination is not None and destination.coverage:
        return frozenset(code.upper() for code in destination.coverage), True
    if item.countryCode:
        return frozenset({item.countryCode.upper()}), True
    return frozenset(), False


def _five_g(destination: _Destination | None) -> Tri:
    """Networks are published for single countries only; a list of generations without 5G is a no."""
    types = {kind for network in (destination.networks if destination else ()) for kind in network.types}
    return Tri.UNKNOWN if not types else Tri.of("5G" in types)


def _networks(item: _Item, destination: _Destination | None) -> tuple[Network, ...]:
    if destination is None or item.countryCode is None:
        return ()
    return tuple(Network(item.countryCode.upper(), network.name, network.types) for network in destination.networks)
