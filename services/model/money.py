"""Money: an exact count of minor units and an ISO 4217 currency."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision


def minor_digits(currency: str) -> int:
    """Decimal places of the minor unit of ``currency`` (CLDR): 2 for USD, 0 for JPY, 3 for KWD."""
    return int(get_currency_precision(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` counts minor units (cents, fen) and may be fractional: sellers publish tenths of a cent."""

    minor: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.minor.is_finite():
            raise ValueError(f"not an amount of money: {self.minor}")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> "Money":
        """``amount`` in major units (dollars, yuan). Raises ValueError when it is not a finite number."""
        return cls(Decimal(amount).scaleb(minor_digits(currency)), currency)

    @property
    def amount(self) -> Decimal:
        """The same money in major units, exact."""
        return self.minor.scaleb(-minor_digits(self.currency))

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{other.currency} cannot be added to {self.currency} without a rate and its date")
        return Money(self.minor + other.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)
