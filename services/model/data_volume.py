"""Amounts of data. One unit inside the program: the byte."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import IntEnum


class DataUnit(IntEnum):
    """Bytes per unit. A provider's own unit is stated once, in its adapter."""

    BYTE = 1
    KB = 1000
    MB = 1000**2
    GB = 1000**3
    KIB = 1024
    MIB = 1024**2
    GIB = 1024**3


@dataclass(frozen=True, slots=True, order=True)
class DataVolume:
    """An amount of data in whole bytes, never negative."""

    bytes: int

    def __post_init__(self) -> None:
        if self.bytes < 0:
            raise ValueError(f"a data volume cannot be negative: {self.bytes} bytes")

    @classmethod
    def of(cls, amount: Decimal | int | str, unit: DataUnit) -> "DataVolume":
        """``amount`` of ``unit``, rounded down to a whole byte. Raises ValueError if negative or not finite."""
        number = Decimal(amount)
        if not number.is_finite():
            raise ValueError(f"not an amount of data: {amount}")
        return cls(int((number * unit.value).to_integral_value(ROUND_FLOOR)))

    def in_unit(self, unit: DataUnit) -> Decimal:
        """This volume counted in ``unit``, exact."""
        return Decimal(self.bytes) / unit.value

    def __add__(self, other: "DataVolume") -> "DataVolume":
        return DataVolume(self.bytes + other.bytes)

    def __mul__(self, times: int) -> "DataVolume":
        return DataVolume(self.bytes * times)
