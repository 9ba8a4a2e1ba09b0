"""Every verb of every provider as one call, with a card and a product of its emulator that the call works for."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from services.model.order import TopUpProduct
from services.providers.base import Capability, Provider, ProviderError
from services.providers.registry import PROVIDERS
from tests.unit.providers.lab import REFERENCE, Lab

PROVIDER_IDS = sorted(PROVIDERS)


@dataclass(frozen=True, slots=True)
class Subject:
    """``card`` can be read and topped up with ``product``, as far as the provider has that. ``reference``: of that purchase."""

    card: str
    product: TopUpProduct | None
    reference: str = REFERENCE


def subject_of(lab: Lab) -> Subject:
    """A card of the emulator that all calls of the provider work for."""
    can = lab.provider.capabilities()
    for card in lab.sandbox.cards.values():
        try:
            if Capability.READING in can:
                lab.run(lab.provider.reading(card))
            product = _buyable(lab.run(lab.provider.top_ups(card))) if Capability.TOP_UPS in can else None
            if Capability.INSTALL in can and lab.run(lab.provider.install(card)).lpa_code is None:
                continue
        except ProviderError:
            continue
        if product is not None:
            return Subject(card, product, lab.provider.new_reference(card, product))
        if Capability.TOP_UPS not in can:
            return Subject(card, None)
    return Subject("nothing", None)


def _buyable(products: tuple[TopUpProduct, ...]) -> TopUpProduct | None:
    for product in products:
        if product.price is not None:
            return product
        if product.amount_from is not None:
            return product.with_amount(product.amount_from)
    return None


def verbs(provider: str) -> list[Capability]:
    return [verb for verb in Capability if verb in PROVIDERS[provider].capabilities()]


def call(provider: Provider, verb: Capability, subject: Subject) -> Awaitable[Any]:
    match verb:
        case Capability.PLANS:
            return provider.plans()
        case Capability.PLANS_FOR_TRIP:
            return provider.plans_for_trip(["JP"], 1)
        case Capability.CARDS:
            return provider.cards()
        case Capability.READING:
            return provider.reading(subject.card)
        case Capability.READINGS:
            return provider.readings([subject.card])
        case Capability.TOP_UPS:
            return provider.top_ups(subject.card)
        case Capability.TOP_UP:
            assert subject.product is not None
            return provider.top_up(subject.card, subject.product, subject.reference)
        case Capability.FIND_ORDER:
            return provider.find_order(subject.reference)
        case Capability.INSTALL:
            return provider.install(subject.card)
        case Capability.ACCOUNT:
            return provider.account()


async def outcomes(provider: Provider, wanted: list[Capability], subject: Subject) -> dict[Capability, Any]:
    """All ``wanted`` calls at once: their results, or the exceptions they ended in."""
    found = await asyncio.gather(*(call(provider, verb, subject) for verb in wanted), return_exceptions=True)
    return dict(zip(wanted, found, strict=True))
