"""Adding, changing, merging and deleting cards."""

import secrets as randomness
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.model.card import Card, CardKind, CardSecrets, Identifiers, ProviderLink
from services.model.order import InstallInfo, RemoteCard
from services.providers.base import Provider
from services.providers.facts import facts_of
from services.rules.identifiers import eid, iccid, imei, lpa, msisdn
from services.store.cards import CardStore, MergedCard
from services.store.vault import Vault
from services.use.connections import PATIENCE_S, ConnectionDesk
from services.use.house import House
from services.use.operators import operator_country, operator_named

NAMES = ("operator", "country", "device", "slot", "holder", "payer", "provider", "bought_on", "installed_on", "first_used_on", "return_by")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which two cards to be merged say different things; ``kept`` stays with the card, ``other`` is kept beside it."""

    field: str
    kept: str
    other: str


def new_card_id() -> str:
    """An id for a card that is about to be added; adding twice under one id adds once."""
    return randomness.token_hex(8)


class CardDesk:
    """Cards of one account. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self.store = CardStore(house.database, account, Vault(house.configuration.data_dir))

    def all(self) -> list[Card]:
        return self.store.all()

    def get(self, card_id: str) -> Card:
        """Raises NoSuchCard."""
        return self.store.get(card_id)

    def add(self, card: Card, secrets: CardSecrets | None = None) -> bool:
        """False when a card of this id is there already."""
        return self.add_many([(card, secrets or CardSecrets())]) == 1

    def add_many(self, cards: Iterable[tuple[Card, CardSecrets]]) -> int:
        """All or none; returns how many were new."""
        return self.store.add(cards, self._now())

    def change(self, card: Card) -> None:
        """Raises NoSuchCard."""
        self.store.change(card)

    def tag(self, card_ids: Iterable[str], add: frozenset[str], take: frozenset[str] = frozenset()) -> None:
        """Put tags on cards and take others off; cards that are gone are left out."""
        wanted = set(card_ids)
        for card in self.all():
            tags = card.tags - take | add
            if card.card_id in wanted and tags != card.tags:
                self.store.change(replace(card, tags=tags))

    def delete(self, card_ids: Iterable[str]) -> None:
        """Delete cards with everything that hangs on them."""
        self.store.delete(card_ids)

    def secrets(self, card_id: str) -> CardSecrets:
        """Raises SecretUnreadable."""
        return self.store.secrets(card_id)

    def keep_secrets(self, card_id: str, secrets: CardSecrets) -> None:
        self.store.keep_secrets(card_id, secrets)

    def merged_into(self, card_id: str) -> list[MergedCard]:
        return self.store.merged_into(card_id)

    def same_as(self, card: Card) -> Card | None:
        """A card of the account that is probably the same one."""
        wanted = set(marks(card))
        return next((other for other in self.all() if other.card_id != card.card_id and wanted & set(marks(other))), None)

    def merge(self, stays: str, goes: str) -> list[Difference]:
        """Make one card of two. What ``stays`` does not say is taken from ``goes``; where both say something, the differences are returned
        and kept with the merged card. Raises NoSuchCard, ValueError for a card and itself."""
        if stays == goes:
            raise ValueError("a card cannot be merged with itself")
        one, other = self.get(stays), self.get(goes)
        self.store.merge(joined(one, other), goes, self._now())
        return differences(one, other)

    def fetch_install(self, card_id: str) -> InstallInfo:
        """Ask the card's provider how it is installed, and keep the codes with the card. Raises ProviderError, NoSuchCard, TimeoutError."""
        card = self.get(card_id)
        if card.provider is None:
            raise ValueError("this card has no provider")
        provider = ConnectionDesk(self._house, self._account, self._now).open(card.provider.provider)
        info = self._house.background.run(_install(provider, card.provider.remote_id), PATIENCE_S)
        kept = self.secrets(card_id)
        codes = {name: getattr(info, name) for name in ("lpa_code", "confirmation_code", "pin", "puk")}
        self.keep_secrets(card_id, replace(kept, **{name: code.reveal() for name, code in codes.items() if code is not None}))
        return info


def twins(cards: Iterable[Card]) -> tuple[tuple[Card, Card], ...]:
    """Pairs that are probably one card: the same ICCID, the same number, or the same card at a provider; each card in one pair."""
    seen: dict[tuple[str, str], Card] = {}
    pairs: list[tuple[Card, Card]] = []
    paired: set[str] = set()
    for card in cards:
        same = next((seen[mark] for mark in marks(card) if mark in seen and seen[mark].card_id not in paired), None)
        if same is not None:
            pairs.append((same, card))
            paired |= {same.card_id, card.card_id}
        for mark in marks(card):
            seen.setdefault(mark, card)
    return tuple(pairs)


async def _install(provider: Provider, remote_id: str) -> InstallInfo:
    try:
        return await provider.install(remote_id)
    finally:
        await provider.aclose()


def marks(card: Card) -> list[tuple[str, str]]:
    """What names one card and no other. An EID or an IMEI is that of a device, which may hold many cards."""
    found = [("iccid", card.identifiers.iccid), ("msisdn", card.identifiers.msisdn)]
    link = card.provider
    return [(kind, value) for kind, value in found if value] + ([("provider", f"{link.provider}/{link.remote_id}")] if link else [])


def joined(one: Card, other: Card) -> Card:
    """``one`` with its gaps filled from ``other``."""
    filled = {name: getattr(one, name) or getattr(other, name) for name in NAMES}
    numbers = {name: getattr(one.identifiers, name) or getattr(other.identifiers, name) for name in Identifiers.__slots__}
    limits = {name: _first(getattr(one.thresholds, name), getattr(other.thresholds, name)) for name in one.thresholds.__slots__}
    return replace(
        one,
        **filled,
        identifiers=Identifiers(**numbers),
        tags=one.tags | other.tags,
        dependents=(*one.dependents, *(account for account in other.dependents if account not in one.dependents)),
        thresholds=replace(one.thresholds, **limits),
    )


def differences(one: Card, other: Card) -> list[Difference]:
    """Where both say something, and not the same."""
    pairs = [(name, getattr(one, name), getattr(other, name)) for name in ("nickname", "kind", *NAMES)]
    pairs += [(name, getattr(one.identifiers, name), getattr(other.identifiers, name)) for name in Identifiers.__slots__]
    return [Difference(name, str(kept), str(gone)) for name, kept, gone in pairs if kept and gone and kept != gone]


def _first(one: Any, other: Any) -> Any:
    return other if one is None else one


# ------------------------------------------------------------------------------------------------------------------- drafts


def with_number(card: Card, text: str, region: str | None = None) -> Card:
    """``card`` with a phone number, and with country and operator as the number suggests where the card does not say."""
    hint = msisdn.hint(text, region)
    known = replace(card, identifiers=replace(card.identifiers, msisdn=msisdn.compact(text, region) or None))
    if hint is None:
        return known
    return _guessed(known, operator_named(hint.operator_en, hint.operator_zh), hint.country or None)


def with_iccid(card: Card, text: str) -> Card:
    """``card`` with an ICCID; a travel eSIM shows the network upstream, so only a SIM takes operator and country from it."""
    hint = iccid.hint(text)
    known = replace(card, identifiers=replace(card.identifiers, iccid=iccid.compact(text) or None))
    if hint is None or card.kind is CardKind.ESIM:
        return known
    return _guessed(known, operator_named(hint.en, hint.zh), hint.country or None)


def with_devices(card: Card, eid_text: str = "", imei_text: str = "") -> Card:
    """``card`` with the numbers of its chip and its device."""
    numbers = replace(card.identifiers, eid=eid.compact(eid_text) or None, imei=imei.compact(imei_text) or None)
    return replace(card, identifiers=numbers)


def secrets_of_code(text: str) -> CardSecrets:
    """The activation code as it is kept. Raises NotAnActivationCodeError."""
    return CardSecrets(lpa_code=lpa.build(lpa.parse(text)))


def of_remote(provider: str, remote: RemoteCard) -> Card:
    """A card as its provider lists it."""
    kind = CardKind.POCKET_WIFI if facts_of(provider).kind == "pocket_wifi" else CardKind.ESIM
    name = remote.name.strip() or f"{facts_of(provider).name} {(remote.iccid or remote.remote_id)[-4:]}"
    country = next(iter(remote.countries)) if len(remote.countries) == 1 else None
    return Card(
        card_id=new_card_id(),
        nickname=name[:120],
        kind=kind,
        operator=operator_named(provider),
        country=country,
        identifiers=Identifiers(iccid=remote.iccid, msisdn=remote.msisdn),
        provider=ProviderLink(provider, remote.remote_id),
    )


def _guessed(card: Card, operator: str | None, country: str | None) -> Card:
    chosen = card.operator or operator
    return replace(card, operator=chosen, country=card.country or country or (operator_country(chosen) if chosen else None))
