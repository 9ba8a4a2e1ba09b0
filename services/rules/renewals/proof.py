"""Whether a renewal is proved: the balance changed and the date changed, each as promised."""

from dataclasses import dataclass

from services.model.data_volume import DataVolume
from services.model.renewal import Figures, Promise
from services.model.tri import Tri

USED_MEANWHILE = 0.25


@dataclass(frozen=True, slots=True)
class Proof:
    """``balance``, ``date``: whether each is as promised; UNKNOWN while it was not read or cannot be compared.
    None for one that this product does not move."""

    balance: Tri | None
    date: Tri | None

    @property
    def confirmed(self) -> bool:
        """Both as promised, and at least one of them had to move."""
        told = [answer for answer in (self.balance, self.date) if answer is not None]
        return bool(told) and all(answer is Tri.YES for answer in told)

    @property
    def refuted(self) -> bool:
        """Something was read, and it is not what was promised."""
        return Tri.NO in (self.balance, self.date)


def prove(before: Figures | None, after: Figures | None, promise: Promise | None) -> Proof:
    """Hold what the card shows now against what it showed and what was promised. What is not known is waited for, never assumed."""
    promised = promise or Promise()
    old, new = before or Figures(), after or Figures()
    return Proof(
        None
        if promised.moves_balance is Tri.NO
        else _data(old, new, promised.adds_data)
        if promised.adds_data
        else _balance(old, new, promised),
        None if promised.moves_date is Tri.NO else _date(old, new, promised),
    )


def _balance(old: Figures, new: Figures, promise: Promise) -> Tri:
    if old.money is None or new.money is None or old.money.currency != new.money.currency:
        return Tri.UNKNOWN
    gained = new.money.minor - old.money.minor
    if promise.adds is None:
        return Tri.YES if gained > 0 else Tri.NO
    if promise.adds.currency != new.money.currency:
        return Tri.UNKNOWN
    return Tri.YES if gained >= promise.adds.minor and gained > 0 else Tri.NO


def _data(old: Figures, new: Figures, adds: DataVolume) -> Tri:
    """Data goes on being used: what is missing of the promise by less than ``USED_MEANWHILE`` of it was used since."""
    if old.data is None or new.data is None:
        return Tri.UNKNOWN
    gained = new.data.bytes - old.data.bytes
    if gained <= 0:
        return Tri.NO
    return Tri.YES if gained >= adds.bytes * (1 - USED_MEANWHILE) else Tri.UNKNOWN


def _date(old: Figures, new: Figures, promise: Promise) -> Tri:
    if new.until is None:
        return Tri.UNKNOWN
    if promise.until is not None:
        return Tri.YES if new.until >= promise.until and new.until != old.until else Tri.NO
    if old.until is None:
        return Tri.UNKNOWN
    return Tri.YES if new.until > old.until else Tri.NO
