"""A card somebody owns: what it is, where it sits, who pays, and what depends on it."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.model.data_volume import DataVolume
from services.model.money import Money

SAMPLE_PREFIX = "sample-"
"""What the ids of sample cards and trips begin with, and no others."""


class CardKind(StrEnum):
    SIM = "sim"
    ESIM = "esim"
    DATA_CARD = "data_card"
    POCKET_WIFI = "pocket_wifi"


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Numbers printed on, or stored in, a card or its device; each in its compact form, None when not known.

    ``msisdn``: the phone number in E.164 ("+447700900123"), or as typed when it is no ordinary number.
    ``imei``: of the device a data card or pocket WiFi is built into.
    """

    iccid: str | None = None
    msisdn: str | None = None
    eid: str | None = None
    imei: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class CardSecrets:
    """Bearer secrets of a card. Kept apart from :class:`Card`, and silent in ``repr``, so that none reaches a page or a log by accident."""

    lpa_code: str | None = None
    confirmation_code: str | None = None
    pin: str | None = None
    puk: str | None = None

    def __repr__(self) -> str:
        return "CardSecrets(hidden)"


@dataclass(frozen=True, slots=True)
class DependentAccount:
    """Something that sends its codes to this number and is lost with it: a bank, a mailbox, a messenger."""

    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProviderLink:
    """The same card at a connected provider. ``remote_id`` is whatever that provider names a card by."""

    provider: str
    remote_id: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below these a card counts as low. None: the person set no limit of this kind."""

    data: DataVolume | None = None
    money: Money | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        if self.days is not None and self.days < 0:
            raise ValueError(f"a threshold cannot be negative: {self.days} days")


@dataclass(frozen=True, slots=True)
class Card:
    """One card.

    ``operator``: id of the operator's rules and guide; None when the operator is not known.
    ``country``: ISO 3166-1 alpha-2 of the operator's home network; None when not known.
    ``bought_on``, ``installed_on``, ``first_used_on``: what the person remembers; they anchor clocks and the lifecycle strip.
    ``return_by``: the last day on which a rented device can be given back; None when it is not rented, or is back.
    """

    card_id: str
    nickname: str
    kind: CardKind
    operator: str | None = None
    country: str | None = None
    identifiers: Identifiers = field(default_factory=Identifiers)
    device: str = ""
    slot: str = ""
    holder: str = ""
    payer: str = ""
    tags: frozenset[str] = frozenset()
    dependents: tuple[DependentAccount, ...] = ()
    provider: ProviderLink | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    bought_on: date | None = None
    installed_on: date | None = None
    first_used_on: date | None = None
    return_by: date | None = None

    def __post_init__(self) -> None:
        if not self.nickname.strip():
            raise ValueError("a card needs a name to be told apart by")
        if self.country is not None and not (len(self.country) == 2 and self.country.isascii() and self.country.isupper()):
            raise ValueError(f"not an ISO 3166-1 alpha-2 code: {self.country!r}")

    @property
    def is_sample(self) -> bool:
        """Invented to show how the pages work; nobody is reminded of it."""
        return self.card_id.startswith(SAMPLE_PREFIX)
