"""The catalogue in columns: what comparing needs of each plan, in numpy arrays small enough to keep in memory.

100,000 plans take about 30 MB; the same plans as ``Plan`` objects take several hundred.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from services.model.money import Money
from services.model.plan import AllowanceKind, Origin, Plan, StartRule
from services.model.tri import Tri
from services.rules.compare.countries import WORDS, mask_of

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
I8 = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[Any]  # numpy StringDType: UTF-8 in one arena, 16 bytes of header each

UNKNOWN = -1
"""Stands for "not published" (or "none") in every integer column but ``validity_days``, where it is 0."""
MICRO = 1_000_000
MAX_PRICE_MICRO = 10**14
MAX_VOLUME = 10**15

KINDS: tuple[AllowanceKind, ...] = tuple(AllowanceKind)
START_RULES: tuple[StartRule, ...] = tuple(StartRule)
ORIGINS: tuple[Origin, ...] = tuple(Origin)
TRI_CODES: dict[Tri, int] = {Tri.UNKNOWN: -1, Tri.NO: 0, Tri.YES: 1}
TRI_OF: dict[int, Tri] = {code: tri for tri, code in TRI_CODES.items()}
FEATURES: tuple[str, ...] = ("hotspot", "id_check", "top_up", "five_g", "phone_number", "new_users_only", "consecutive_days")
"""The tri-state columns, named as in ``Plan``."""

COLUMN_SPEC: dict[str, str] = {
    "plan_key": "int: the store's row id",
    "source": "text",
    "plan_id": "text",
    "seller": "text",
    "name": "text",
    "kind": "text: an AllowanceKind value (total, per_day, unlimited)",
    "volume": "int: bytes of the plan (total) or of a day (per_day); -1 when unlimited",
    "fair_use_per_day": "int: bytes; -1 not published",
    "speed_after_kbps": "int: 0 data stops; -1 not published",
    "validity_days": "int: 0 not published",
    "countries": "text: ISO-2 codes, sorted, separated by one space",
    "coverage_complete": "int: 1 or 0",
    "price_micro": "int: millionths of a major unit",
    "currency": "text: ISO 4217",
    "promo_price_micro": "int: millionths of a major unit, same currency; -1 none",
    "start_rule": "text: a StartRule value",
    **dict.fromkeys(FEATURES, "int: 1 yes, 0 no, -1 unknown"),
    "buy_url": "text: empty when there is none",
    "fetched_at": "int: seconds since the epoch, UTC",
    "origin": "text: an Origin value",
}
"""Every column of the catalogue, in the order to select them, with what a cell holds. No cell is NULL."""


class CatalogueError(ValueError):
    """The columns are not a catalogue. ``column`` is the first one at fault, ``reason`` a short code."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


def micro_of(money: Money) -> int:
    """Millionths of a major unit, half to even beyond that."""
    return int((money.amount * MICRO).to_integral_value(ROUND_HALF_EVEN))


def row_of(plan: Plan, plan_key: int) -> dict[str, int | str]:
    """``plan`` as one row of ``COLUMN_SPEC``. Raises CatalogueError when the promo price has another currency than the price."""
    if plan.promo_price is not None and plan.promo_price.currency != plan.price.currency:
        raise CatalogueError("promo_price_micro", "currency_differs")
    allowance = plan.allowance
    return {
        "plan_key": plan_key,
        "source": plan.source,
        "plan_id": plan.plan_id,
        "seller": plan.seller,
        "name": plan.name,
        "kind": allowance.kind.value,
        "volume": UNKNOWN if allowance.volume is None else allowance.volume.bytes,
        "fair_use_per_day": UNKNOWN if allowance.fair_use_per_day is None else allowance.fair_use_per_day.bytes,
        "speed_after_kbps": UNKNOWN if allowance.speed_after_kbps is None else allowance.speed_after_kbps,
        "validity_days": plan.validity_days or 0,
        "countries": " ".join(sorted(plan.countries)),
        "coverage_complete": int(plan.coverage_complete),
        "price_micro": micro_of(plan.price),
        "currency": plan.price.currency,
        "promo_price_micro": UNKNOWN if plan.promo_price is None else micro_of(plan.promo_price),
        "start_rule": plan.start_rule.value,
        **{feature: TRI_CODES[getattr(plan, feature)] for feature in FEATURES},
        "buy_url": plan.buy_url or "",
        "fetched_at": int(plan.fetched_at.timestamp()),
        "origin": plan.origin.value,
    }


@dataclass(frozen=True, slots=True, eq=False)
class PlanFrame:
    """Plans in columns, sorted by seller, plan id and source (code point order), so that a stable sort breaks ties that way.

    ``*_code`` columns index the tuple of the same name; ``coverage_code`` indexes the rows of ``coverage_masks``.
    """

    plan_key: I64
    sources: tuple[str, ...]
    source_code: I16
    plan_id: Texts
    sellers: tuple[str, ...]
    seller_code: I32
    name: Texts
    kind: I8
    volume: I64
    fair_use_per_day: I64
    speed_after_kbps: I32
    validity_days: I32
    coverage_masks: npt.NDArray[np.uint64]
    coverage_code: I32
    coverage_complete: Flags
    price_micro: I64
    currencies: tuple[str, ...]
    currency_code: I16
    promo_price_micro: I64
    start_rule: I8
    features: dict[str, I8]
    buy_url: Texts
    fetched_at: I64
    origin: I8

    def __len__(self) -> int:
        return len(self.plan_key)

    @classmethod
    def from_plans(cls, plans: Iterable[Plan]) -> "PlanFrame":
        """Columns of ``plans``; ``plan_key`` is the place of the plan in the iterable, from 0."""
        columns: dict[str, list[int | str]] = {name: [] for name in COLUMN_SPEC}
        for place, plan in enumerate(plans):
            for name, value in row_of(plan, place).items():
                columns[name].append(value)
        return cls.from_columns(columns)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> "PlanFrame":
        """The catalogue from columns as ``COLUMN_SPEC`` describes them (lists, tuples or arrays, all of one length).

        Any row order will do; rows sorted by seller, plan id and source (by code point, as SQLite sorts) are read faster.

        Raises CatalogueError: ``missing``, ``length``, ``type`` or ``range``.
        """
        for name in COLUMN_SPEC:
            if name not in columns:
                raise CatalogueError(name, "missing")
            if len(columns[name]) != len(columns["plan_key"]):
                raise CatalogueError(name, "length")
        plan_id = _texts("plan_id", columns["plan_id"])
        source_code, sources = _categories("source", columns["source"])
        seller_code, sellers = _categories("seller", columns["seller"])
        currency_code, currencies = _categories("currency", columns["currency"])
        sorting = np.argsort(source_code, kind="stable")
        sorting = sorting[np.argsort(plan_id[sorting], kind="stable")]
        sorting = sorting[np.argsort(seller_code[sorting], kind="stable")]
        order = slice(None) if bool(np.all(sorting[1:] > sorting[:-1])) else sorting
        coverage_code, country_texts = _categories("countries", columns["countries"])
        masks = np.zeros((len(country_texts), WORDS), dtype=np.uint64)
        for row, text in enumerate(country_texts):
            masks[row] = mask_of(text.split())
        kind = _members("kind", columns["kind"], KINDS)[order]
        volume = _integers("volume", columns["volume"], np.int64, UNKNOWN, MAX_VOLUME)[order]
        if bool(np.any((volume == UNKNOWN) != (kind == KINDS.index(AllowanceKind.UNLIMITED)))):
            raise CatalogueError("volume", "range")
        return cls(
            plan_key=_integers("plan_key", columns["plan_key"], np.int64)[order],
            sources=sources,
            source_code=source_code.astype(np.int16)[order],
            plan_id=plan_id[order],
            sellers=sellers,
            seller_code=seller_code.astype(np.int32)[order],
            name=_texts("name", columns["name"])[order],
            kind=kind,
            volume=volume,
            fair_use_per_day=_integers("fair_use_per_day", columns["fair_use_per_day"], np.int64, UNKNOWN, MAX_VOLUME)[order],
            speed_after_kbps=_integers("speed_after_kbps", columns["speed_after_kbps"], np.int32, UNKNOWN)[order],
            validity_days=_integers("validity_days", columns["validity_days"], np.int32, 0)[order],
            coverage_masks=masks,
            coverage_code=coverage_code.astype(np.int32)[order],
            coverage_complete=_integers("coverage_complete", columns["coverage_complete"], np.int8, 0, 1)[order].astype(np.bool_),
            price_micro=_integers("price_micro", columns["price_micro"], np.int64, 0, MAX_PRICE_MICRO)[order],
            currencies=currencies,
            currency_code=currency_code.astype(np.int16)[order],
            promo_price_micro=_integers("promo_price_micro", columns["promo_price_micro"], np.int64, UNKNOWN, MAX_PRICE_MICRO)[order],
            start_rule=_members("start_rule", columns["start_rule"], START_RULES)[order],
            features={name: _integers(name, columns[name], np.int8, -1, 1)[order] for name in FEATURES},
            buy_url=_texts("buy_url", columns["buy_url"])[order],
            fetched_at=_integers("fetched_at", columns["fetched_at"], np.int64)[order],
            origin=_members("origin", columns["origin"], ORIGINS)[order],
        )

    def place_of(self, source: str, plan_id: str) -> int | None:
        """The row of a plan named by its source and id, or None when the catalogue does not hold it."""
        if source not in self.sources:
            return None
        found = np.flatnonzero((self.plan_id == plan_id) & (self.source_code == self.sources.index(source)))
        return int(found[0]) if len(found) else None


def _texts(column: str, values: Sequence[Any]) -> Texts:
    try:
        return np.array(values, dtype=np.dtypes.StringDType(coerce=False))
    except (TypeError, ValueError) as error:
        raise CatalogueError(column, "type") from error


def _integers(column: str, values: Sequence[Any], dtype: type[Any], least: int | None = None, most: int | None = None) -> npt.NDArray[Any]:
    try:
        numbers = np.array(values, dtype=np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise CatalogueError(column, "type") from error
    if numbers.size:
        bounds = np.iinfo(dtype)
        low, high = int(numbers.min()), int(numbers.max())
        if low < (bounds.min if least is None else least) or high > (bounds.max if most is None else most):
            raise CatalogueError(column, "range")
    return numbers.astype(dtype)


def _categories(column: str, values: Sequence[Any]) -> tuple[I64, tuple[str, ...]]:
    """Codes into the sorted tuple of the different texts."""
    codes, uniques = pd.factorize(np.array(values, dtype=object), sort=False)
    if not all(isinstance(text, str) for text in uniques) or (len(codes) and int(codes.min()) < 0):
        raise CatalogueError(column, "type")
    order = sorted(range(len(uniques)), key=lambda place: str(uniques[place]))
    rank = np.empty(len(uniques), dtype=np.int64)
    rank[order] = np.arange(len(uniques))
    return rank[codes], tuple(str(uniques[place]) for place in order)


def _members(column: str, values: Sequence[Any], members: Sequence[str]) -> I8:
    """Codes into ``members`` (a tuple of StrEnum members)."""
    codes, texts = _categories(column, values)
    known = {str(member): place for place, member in enumerate(members)}
    if any(text not in known for text in texts):
        raise CatalogueError(column, "range")
    table = np.array([known[text] for text in texts], dtype=np.int8)
    return table[codes] if len(codes) else np.zeros(0, dtype=np.int8)


def amount_of(micro: int) -> Decimal:
    """Millionths of a major unit as an exact amount of major units."""
    return Decimal(micro).scaleb(-6)
