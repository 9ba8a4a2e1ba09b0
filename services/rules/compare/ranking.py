"""Filter, order and page through the plans for a question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from services.model.plan import AllowanceKind
from services.model.tri import Tri
from services.rules.compare.appraisal import (
    KNOWN as TOTAL_KNOWN,
)
from services.rules.compare.appraisal import (
    NOT_PUBLISHED,
    STATES,
    UNLIMITED_KIND,
    YES,
    Appraisal,
    appraise,
    coverage_counts,
    need_counts,
)
from services.rules.compare.countries import PLACE
from services.rules.compare.frame import (
    FEATURES,
    I64,
    KINDS,
    MICRO,
    ORIGINS,
    START_RULES,
    TRI_CODES,
    TRI_OF,
    UNKNOWN,
    Flags,
    PlanFrame,
)
from services.rules.compare.question import Preset, Question, Rates, SortKey, UnknownPolicy

LONG_STAY_DAYS = 28
SHORT_STAY_DAYS = 7


class UnlimitedMeaning(StrEnum):
    """What "unlimited" comes to, as far as the seller says. The figures stand in ``fair_use_per_day`` and ``speed_after_kbps``."""

    THEN_SLOWER = "then_slower"
    """Full speed up to the fair use of each day, then the speed given."""
    THEN_STOPS = "then_stops"
    """Full speed up to the fair use of each day, then nothing."""
    THEN_UNPUBLISHED = "then_unpublished"
    """Full speed up to the fair use of each day, then a speed that is not published."""
    FAIR_USE_UNPUBLISHED = "fair_use_unpublished"
    """How much is carried at full speed is not published; the speed after it is."""
    SPEED_NOT_PUBLISHED = "speed_not_published"
    """Neither is published."""


FACETS: tuple[str, ...] = ("seller", "source", "kind", "origin", "start_rule", *FEATURES)
"""What ``Ranking.facet`` counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Plans in order. ``order`` indexes the rows of ``appraisal``; tables are made for the slice asked for alone."""

    frame: PlanFrame
    question: Question
    rates: Rates
    appraisal: Appraisal
    order: I64
    passes: dict[str, Flags]
    """For each filter in use, which rows of the appraisal pass it."""

    def __len__(self) -> int:
        return len(self.order)

    @property
    def places(self) -> I64:
        """Rows of the frame, best first."""
        return self.appraisal.place[self.order]

    @property
    def covering_all(self) -> int:
        """How many of the ranked plans cover every country asked for; they are the first ones."""
        return int(np.count_nonzero(self.appraisal.countries_yes[self.order] == len(self.question.countries)))

    @property
    def without_total(self) -> int:
        """How many of the ranked plans have no total."""
        return int(np.count_nonzero(self.appraisal.state[self.order] != TOTAL_KNOWN))

    @property
    def stale(self) -> int:
        """How many of the ranked prices are more than a day old."""
        return int(np.count_nonzero(self.appraisal.stale[self.order]))

    def facet(self, name: str) -> dict[str, int]:
        """How many plans each value of the facet would leave, all other filters applied. Values without plans are left out.

        Most frequent first, then by value. Raises KeyError for a name outside FACETS.
        """
        codes, labels = self._coded(name)
        kept = np.ones(len(self.appraisal.place), dtype=np.bool_)
        for other, mask in self.passes.items():
            if other != name:
                kept &= mask
        counts = np.bincount(codes[self.appraisal.place[kept]], minlength=len(labels))
        found = [(label, int(count)) for label, count in zip(labels, counts, strict=True) if count]
        return dict(sorted(found, key=lambda item: (-item[1], item[0])))

    def _coded(self, name: str) -> tuple[npt.NDArray[Any], Sequence[str]]:
        frame = self.frame
        if name in FEATURES:
            return frame.features[name] + 1, [TRI_OF[code - 1].value for code in range(3)]
        categories: dict[str, tuple[npt.NDArray[Any], Sequence[str]]] = {
            "seller": (frame.seller_code, frame.sellers),
            "source": (frame.source_code, frame.sources),
            "kind": (frame.kind, KINDS),
            "origin": (frame.origin, ORIGINS),
            "start_rule": (frame.start_rule, START_RULES),
        }
        return categories[name]

    def page(self, start: int = 0, stop: int | None = None) -> pd.DataFrame:
        """Ranked plans ``start`` to ``stop`` (excluded) as a table, one row each, index = rank from 0.

        Integers are nullable (``<NA>`` is unknown, or none where the meaning allows); ``*_micro`` are millionths of a major unit
        of the question's currency unless said otherwise. Columns:
        plan_key, source, plan_id, seller, name, origin (text), kind (text), volume (bytes of the plan or of a day),
        total_micro, total_state (TotalState), purchases, meets_need (yes, no, unknown: every day's need at full speed),
        usable_bytes (inside the dates; NA when unlimited or unknown), validity_days, per_gb_micro (NA when unlimited),
        per_day_micro (total over the days of the trip), covers_all (yes, no, unknown), one ``covers_XX`` column per country asked
        (yes, no, unknown), unlimited_meaning (UnlimitedMeaning, None when metered), fair_use_per_day (bytes), speed_after_kbps
        (0: data stops), the FEATURES (yes, no, unknown), needs_unknown and needs_unmet (how many needs asked for are not
        published, and how many the seller says it lacks), start_rule,
        price_micro and promo_price_micro (of one purchase, in ``currency``), currency, fetched_at (UTC), stale (flag),
        buy_url (None when none).
        """
        rows = self.order[start:stop]
        found, frame = self.appraisal, self.frame
        place = found.place[rows]
        total, state = found.total[rows], found.state[rows]
        columns: dict[str, Any] = {
            "plan_key": frame.plan_key[place],
            "source": _picked(frame.sources, frame.source_code[place]),
            "plan_id": _texts(frame.plan_id[place].tolist()),
            "seller": _picked(frame.sellers, frame.seller_code[place]),
            "name": _texts(frame.name[place].tolist()),
            "origin": _picked(ORIGINS, frame.origin[place]),
            "kind": _picked(KINDS, frame.kind[place]),
            "volume": _nullable(frame.volume[place]),
            "total_micro": _nullable(total),
            "total_state": _picked(STATES, state),
            "purchases": _nullable(found.purchases[rows]),
            "meets_need": _tri(found.meets[rows]),
            "usable_bytes": _nullable(found.usable[rows]),
            "validity_days": _nullable(np.where(frame.validity_days[place] > 0, frame.validity_days[place], UNKNOWN)),
            "per_gb_micro": _nullable(found.per_gb[rows]),
            "per_day_micro": _nullable(np.where(total >= 0, (total + self.question.days // 2) // self.question.days, UNKNOWN)),
            "covers_all": _tri(np.where(found.countries_no[rows] > 0, 0, np.where(found.countries_unknown[rows] > 0, -1, 1))),
        }
        masks = frame.coverage_masks[frame.coverage_code[place]]
        for code in self.question.countries:
            word, bit = divmod(PLACE[code], 64)
            inside = (masks[:, word] >> np.uint64(bit)) & np.uint64(1) == 1
            columns[f"covers_{code}"] = _tri(np.where(inside, 1, np.where(frame.coverage_complete[place], 0, -1)))
        fair_use, speed = frame.fair_use_per_day[place], frame.speed_after_kbps[place]
        columns |= {
            "unlimited_meaning": _texts(
                [
                    meaning_of(int(fair), int(after)).value if kind == UNLIMITED_KIND else None
                    for kind, fair, after in zip(frame.kind[place], fair_use, speed, strict=True)
                ]
            ),
            "fair_use_per_day": _nullable(fair_use),
            "speed_after_kbps": _nullable(speed),
            **{feature: _tri(frame.features[feature][place]) for feature in FEATURES},
            "needs_unknown": found.needs_unknown[rows],
            "needs_unmet": found.needs_no[rows],
            "start_rule": _picked(START_RULES, frame.start_rule[place]),
            "price_micro": frame.price_micro[place],
            "promo_price_micro": _nullable(frame.promo_price_micro[place]),
            "currency": _picked(frame.currencies, frame.currency_code[place]),
            "fetched_at": pd.to_datetime(frame.fetched_at[place], unit="s", utc=True),
            "stale": found.stale[rows],
            "buy_url": _texts([url or None for url in frame.buy_url[place].tolist()]),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(start, start + len(rows)))


def meaning_of(fair_use_per_day: int, speed_after_kbps: int) -> UnlimitedMeaning:
    """What an unlimited plan with these published figures means (-1: not published)."""
    if fair_use_per_day == UNKNOWN:
        return UnlimitedMeaning.SPEED_NOT_PUBLISHED if speed_after_kbps == UNKNOWN else UnlimitedMeaning.FAIR_USE_UNPUBLISHED
    if speed_after_kbps == UNKNOWN:
        return UnlimitedMeaning.THEN_UNPUBLISHED
    return UnlimitedMeaning.THEN_SLOWER if speed_after_kbps else UnlimitedMeaning.THEN_STOPS


def _nullable(values: npt.NDArray[Any]) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values.astype(np.int64), values == UNKNOWN)


def _texts(values: Sequence[str | None]) -> Any:
    return pd.array(values, dtype="str")


def _picked(labels: Sequence[str], codes: npt.NDArray[Any]) -> Any:
    texts = [str(label) for label in labels]
    return _texts([texts[code] for code in codes.tolist()])


def _tri(codes: npt.NDArray[Any]) -> Any:
    words = {code: tri.value for code, tri in TRI_OF.items()}
    return _texts([words[code] for code in codes.tolist()])


def rank(frame: PlanFrame, question: Question, rates: Rates, now: datetime) -> Ranking:
    """The plans that answer ``question``, best first.

    Left out: plans that cover none of the countries, plans whose seller says that they lack a need asked for, and what the filters
    and the preset leave out. ``now`` decides which prices are stale (over a day).
    Order: more of the countries not covered comes later, then more of them not published; then plans that carry the need at full speed,
    plans for which that is not published, plans that do not; then plans without a total (no rate, validity not published, cannot be
    bought often enough); then plans that publish the needs asked for before those that do not; then the sort key (unknown last), the total,
    and seller, plan id and source. Raises ValueError as ``appraise``.
    """
    yes, open_, _ = coverage_counts(frame, question)
    unknown_needs, lacking = need_counts(frame, question)
    base = (lacking == 0) & ((yes > 0) | (open_ > 0))
    if question.unknown is UnknownPolicy.PUBLISHED_ONLY:
        base &= unknown_needs == 0
    appraisal = appraise(frame, np.flatnonzero(base), question, rates, now)
    passes = _passes(frame, appraisal, question)
    kept = np.ones(len(appraisal.place), dtype=np.bool_)
    for mask in passes.values():
        kept &= mask
    return Ranking(frame, question, rates, appraisal, _ordered(frame, appraisal, np.flatnonzero(kept), question), passes)


def chosen(frame: PlanFrame, places: Sequence[int], question: Question, rates: Rates, now: datetime) -> Ranking:
    """The plans at ``places``, in that order and unfiltered: for laying side by side. Raises ValueError as ``appraise``."""
    appraisal = appraise(frame, np.array(places, dtype=np.int64), question, rates, now)
    return Ranking(frame, question, rates, appraisal, np.arange(len(places), dtype=np.int64), {})


def _among(codes: npt.NDArray[Any], labels: Sequence[str], wanted: frozenset[Any]) -> Flags:
    table = np.array([label in wanted for label in labels], dtype=np.bool_)
    return table[codes] if len(codes) else np.zeros(0, dtype=np.bool_)


def _passes(frame: PlanFrame, found: Appraisal, question: Question) -> dict[str, Flags]:
    place, filters = found.place, question.filters
    keep_unknown = question.unknown is UnknownPolicy.KEEP
    passes: dict[str, Flags] = {}
    choices: tuple[tuple[str, frozenset[Any], Callable[[], Flags]], ...] = (
        ("seller", filters.sellers, lambda: _among(frame.seller_code[place], frame.sellers, filters.sellers)),
        ("source", filters.sources, lambda: _among(frame.source_code[place], frame.sources, filters.sources)),
        ("kind", filters.kinds, lambda: _among(frame.kind[place], KINDS, filters.kinds)),
        ("origin", filters.origins, lambda: _among(frame.origin[place], ORIGINS, filters.origins)),
        ("start_rule", filters.start_rules, lambda: _among(frame.start_rule[place], START_RULES, filters.start_rules)),
    )
    for name, wanted, mask in choices:
        if wanted:
            passes[name] = mask()
    for feature, answers in filters.features:
        if answers:
            passes[feature] = np.isin(frame.features[feature][place], [TRI_CODES[Tri(answer)] for answer in answers])
    if filters.max_total is not None:
        most = int(filters.max_total * MICRO)
        passes["max_total"] = np.where(found.total == UNKNOWN, keep_unknown, found.total <= most)
    validity = frame.validity_days[place]
    if filters.min_days is not None:
        passes["min_days"] = np.where(validity == 0, keep_unknown, validity >= filters.min_days)
    if filters.max_purchases is not None:
        passes["max_purchases"] = np.where(
            found.purchases == UNKNOWN, keep_unknown & (validity == 0), found.purchases <= filters.max_purchases
        )
    if filters.full_coverage_only:
        passes["full_coverage"] = found.countries_yes == len(question.countries)
    if filters.fresh_only:
        passes["fresh"] = ~found.stale
    if question.preset is Preset.SHORT_STAY:
        passes["preset"] = (found.purchases == 1) & (validity <= max(2 * question.days, SHORT_STAY_DAYS))
    elif question.preset is Preset.LONG_STAY:
        passes["preset"] = (validity >= LONG_STAY_DAYS) | (frame.features["top_up"][place] == YES)
    elif question.preset is Preset.UNLIMITED:
        passes["preset"] = frame.kind[place] == KINDS.index(AllowanceKind.UNLIMITED)
    return passes


def _ordered(frame: PlanFrame, found: Appraisal, rows: I64, question: Question) -> I64:
    """``rows`` of the appraisal in rank order. The frame's own order (seller, plan id, source) is what stable sorts leave."""

    def stable(keys: npt.NDArray[Any], order: I64) -> I64:
        return order[np.argsort(keys[order], kind="stable")]

    last = np.iinfo(np.int64).max
    order = stable(found.total, rows)  # plans without a total are parted from the others below
    sort = question.sort_key
    if sort is not SortKey.TOTAL or question.descending:
        value = _sort_value(frame, found, sort)
        if question.descending:
            value = last - 1 - value  # unknown, -1, becomes the last of all
        order = stable(np.where(value == UNKNOWN, last, value), order)
    known = found.state == TOTAL_KNOWN
    fit = np.where(known, np.where(found.meets == YES, 0, np.where(found.meets == NOT_PUBLISHED, 1, 2)), 2 + found.state)
    order = stable((fit * 8 + found.needs_unknown).astype(np.uint8), order)
    missing = found.countries_no.astype(np.uint16) * 256 + found.countries_unknown.astype(np.uint16)
    return stable(missing, order)


def _sort_value(frame: PlanFrame, found: Appraisal, sort: SortKey) -> I64:
    match sort:
        case SortKey.TOTAL:
            return found.total
        case SortKey.PER_GB:
            return found.per_gb
        case SortKey.DAYS:
            validity = frame.validity_days[found.place].astype(np.int64)
            return np.where(validity > 0, validity, UNKNOWN)
        case SortKey.DATA:
            return found.usable
        case SortKey.PURCHASES:
            return found.purchases
        case SortKey.SELLER:
            return frame.seller_code[found.place].astype(np.int64)
        case SortKey.PRICE_DATE:
            return frame.fetched_at[found.place]
