"""PikaSim: the whole public catalogue in two requests, no key.

Contract: pikasim.com/api-docs-for-ai and codebruinc/pikasim-mcp. Units: ``volume`` is binary bytes; ``price`` is USD
times 10,000 on this API (the reseller API uses cents), ``priceUSD`` is preferred; ``volumeGB`` is never read, because it
is sometimes megabytes. ``/packages/phone-plans`` is not read: the shape of its answer is not published.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Network, Plan
from services.model.tri import Tri
from services.providers.base import Catalogue, Provider, Wire, collect, parse
from services.providers.errors import Malformed
from services.providers.http import Call
from services.providers.wire import Count, Flag, Int, MaybeText, Name, Number, Text

PRICE_UNITS_PER_USD = 10_000
DAILY_RESET = 2
ISO2 = re.compile(r"^[A-Z]{2}$")


class _Operator(Wire):
    operatorName: Text  # noqa: N815 - the provider's spelling
    networkType: MaybeText = None  # noqa: N815


class _Location(Wire):
    locationName: MaybeText = None  # noqa: N815
    locationCode: MaybeText = None  # noqa: N815
    operatorList: tuple[_Operator, ...] = ()  # noqa: N815


class _Package(Wire):
    packageCode: Name  # noqa: N815
    name: Text
    location: MaybeText = None
    volume: Count
    duration: Int
    durationUnit: Text = "DAY"  # noqa: N815
    dataType: Int | None = None  # noqa: N815
    isUnlimited: Flag = False  # noqa: N815
    dailyDataGB: Number | None = Field(default=None, ge=0)  # noqa: N815
    price: Count | None = None
    priceUSD: Number | None = Field(default=None, ge=0)  # noqa: N815
    ipExport: MaybeText = None  # noqa: N815
    supportTopUpType: Flag | None = None  # noqa: N815
    locationNetworkList: tuple[_Location, ...] = ()  # noqa: N815


class _Envelope(Wire):
    packages: list[Any]


class PikaSim(Provider):
    """Public catalogue of PikaSim."""

    id = "pikasim"

    async def plans(self) -> Catalogue:
        """Country and region plans and the worldwide ones, which the first list leaves out."""
        entries: list[Any] = []
        for path in ("/api/packages/all-countries", "/api/packages/global"):
            answer = await self.http.send(Call("GET", path))
            packages = parse(self.id, _Envelope, answer.json()).packages
            if not packages:
                raise Malformed(self.id, "packages", "empty")
            entries += packages
        as_of = self.now()
        return collect(self.id, entries, lambda index, entry: self._plan(index, entry, as_of), as_of, "packages")

    def _plan(self, index: int, entry: Any, as_of: datetime) -> Plan:
        path = f"packages[{index}]"
        package = parse(self.id, _Package, entry, path)
        daily = package.dataType == DAILY_RESET or package.isUnlimited
        if package.durationUnit != "DAY" or package.duration <= 0:
            raise Malformed(self.id, f"{path}.duration", "not_days")
        countries = _countries(package)
        return Plan(
            source=self.id,
            plan_id=package.packageCode,
            seller=self.facts.name,
            name=package.name,
            allowance=self._allowance(path, package, daily),
            # Which period the price of a daily plan buys is not published: without it the plan has no total to compare.
            validity_days=None if daily else package.duration,
            countries=countries,
            coverage_complete=bool(countries),
            price=self._price(path, package),
            fetched_at=as_of,
            top_up=Tri.of(package.supportTopUpType),
            five_g=_five_g(package),
            breakout_country=package.ipExport if package.ipExport and ISO2.match(package.ipExport) else None,
            networks=_networks(package),
            # The address of a plan's page is not published; a link built from the slug could lead nowhere.
            buy_url=self.facts.home_url,
        )

    def _allowance(self, path: str, package: _Package, daily: bool) -> Allowance:
        if daily:
            per_day = package.dailyDataGB
            fair_use = DataVolume(int(per_day * 1024**3)) if per_day else DataVolume(package.volume) if package.volume else None
            return Allowance(AllowanceKind.UNLIMITED, fair_use_per_day=fair_use)
        if package.volume == 0:
            raise Malformed(self.id, f"{path}.volume", "no_amount")
        return Allowance(AllowanceKind.TOTAL, DataVolume(package.volume))

    def _price(self, path: str, package: _Package) -> Money:
        """``priceUSD``, checked against ``price``: two prices that disagree are no price."""
        stated = package.priceUSD
        counted = None if package.price is None else Decimal(package.price) / PRICE_UNITS_PER_USD
        if stated is None and counted is None:
            raise Malformed(self.id, f"{path}.priceUSD", "missing")
        if stated is not None and counted is not None and abs(stated - counted) > Decimal("0.01"):
            raise Malformed(self.id, f"{path}.price", "prices_disagree")
        price = stated if stated is not None else counted
        assert price is not None
        return Money.of(price, "USD")


def _countries(package: _Package) -> frozenset[str]:
    """Codes from the operator list and from ``location``; a region's supplier code is never taken for a country."""
    listed = {entry.locationCode.strip().upper() for entry in package.locationNetworkList if entry.locationCode}
    named = {part.strip().upper() for part in (package.location or "").split(",")}
    return frozenset(code for code in listed | named if ISO2.match(code))


def _five_g(package: _Package) -> Tri:
    types = {operator.networkType for entry in package.locationNetworkList for operator in entry.operatorList if operator.networkType}
    return Tri.UNKNOWN if not types else Tri.of(any("5G" in kind for kind in types))


def _networks(package: _Package) -> tuple[Network, ...]:
    return tuple(
        Network(entry.locationCode.upper(), operator.operatorName, (operator.networkType,) if operator.networkType else ())
        for entry in package.locationNetworkList
        if entry.locationCode and ISO2.match(entry.locationCode.upper())
        for operator in entry.operatorList
    )
