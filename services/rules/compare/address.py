"""A question as the text of an address and back, strictly checked: a bad value becomes a problem, never an exception."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from services.model.data_volume import DataUnit, DataVolume
from services.model.plan import AllowanceKind, Origin, StartRule
from services.model.tri import Tri
from services.model.trip import Needs
from services.rules.compare.countries import PLACE
from services.rules.compare.frame import FEATURES
from services.rules.compare.question import (
    MAX_DAYS,
    MAX_NEED_PER_DAY,
    MAX_NEED_TOTAL,
    MAX_PURCHASES,
    Filters,
    NeedBasis,
    Preset,
    Question,
    SortKey,
    UnknownPolicy,
)

MAX_CHOICES = 300
MAX_TEXT = 8000


class ProblemKind(StrEnum):
    NO_COUNTRY = "no_country"
    UNKNOWN_COUNTRY = "unknown_country"
    NO_DATE = "no_date"
    BAD_DATE = "bad_date"
    DATES_REVERSED = "dates_reversed"
    DATES_PAST = "dates_past"
    TRIP_TOO_LONG = "trip_too_long"
    NO_NEED = "no_need"
    """No amount of data, or 0."""
    BAD_NEED = "bad_need"
    NEED_TOO_LARGE = "need_too_large"
    UNKNOWN_CURRENCY = "unknown_currency"
    BAD_VALUE = "bad_value"
    """A choice or figure that does not exist; it was left out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``key`` is the name of the part of the address at fault, ``value`` what stood there (cut to 80 characters): hostile text."""

    kind: ProblemKind
    key: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that may not be whole yet: what of an address, or of a form, could be understood."""

    countries: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    need: DataVolume | None = None
    need_basis: NeedBasis = NeedBasis.PER_DAY
    needs: Needs = field(default_factory=Needs)
    unknown: UnknownPolicy = UnknownPolicy.KEEP
    currency: str | None = None
    preset: Preset = Preset.BEST_VALUE
    sort: SortKey | None = None
    descending: bool = False
    filters: Filters = field(default_factory=Filters)

    def problems(self, today: date, currencies: Collection[str]) -> tuple[Problem, ...]:
        """Why this is not a question that can be answered, in the order of the form.

        ``currencies``: ISO codes that can be shown.
        """
        found: list[Problem] = []
        if not self.countries:
            found.append(Problem(ProblemKind.NO_COUNTRY, "in"))
        found += [Problem(ProblemKind.UNKNOWN_COUNTRY, "in", code[:80]) for code in self.countries if code not in PLACE]
        for key, day in (("from", self.first_day), ("to", self.last_day)):
            if day is None:
                found.append(Problem(ProblemKind.NO_DATE, key))
        if self.first_day is not None and self.last_day is not None:
            if self.last_day < self.first_day:
                found.append(Problem(ProblemKind.DATES_REVERSED, "to", self.last_day.isoformat()))
            elif self.last_day < today:
                found.append(Problem(ProblemKind.DATES_PAST, "to", self.last_day.isoformat()))
            elif (self.last_day - self.first_day).days >= MAX_DAYS:
                found.append(Problem(ProblemKind.TRIP_TOO_LONG, "to", self.last_day.isoformat()))
        most = MAX_NEED_PER_DAY if self.need_basis is NeedBasis.PER_DAY else MAX_NEED_TOTAL
        if self.need is None or self.need.bytes == 0:
            found.append(Problem(ProblemKind.NO_NEED, "gb"))
        elif self.need > most:
            found.append(Problem(ProblemKind.NEED_TOO_LARGE, "gb", _gb(self.need)))
        if self.currency is None or self.currency not in currencies:
            found.append(Problem(ProblemKind.UNKNOWN_CURRENCY, "cur", (self.currency or "")[:80]))
        return tuple(found)

    def question(self, today: date, currencies: Collection[str]) -> Question | None:
        """The question, or None when there is a problem."""
        if self.problems(today, currencies):
            return None
        return Question(**{part.name: getattr(self, part.name) for part in fields(Question)})


@dataclass(frozen=True, slots=True)
class Address:
    """What an address says: the draft to fill the form with, the problems, and the question when it is whole."""

    draft: Draft
    problems: tuple[Problem, ...]
    question: Question | None


Member = TypeVar("Member", bound=StrEnum)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ESCAPED = re.compile(r"[%,]|^\s|\s$")
_NEEDS = tuple(part.name for part in fields(Needs))
_SETS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("kind", "kinds", AllowanceKind),
    ("origin", "origins", Origin),
    ("start", "start_rules", StartRule),
)
_TEXTS = (("seller", "sellers"), ("source", "sources"))
_FLAGS = (("full", "full_coverage_only"), ("fresh", "fresh_only"))


def _escape(found: re.Match[str]) -> str:
    return quote(found.group(), safe="")


def _gb(volume: DataVolume) -> str:
    return _plain(volume.in_unit(DataUnit.GB))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def question_to_params(question: Question | Draft) -> dict[str, str]:
    """The question as parameters of an address. What is at its default is left out, so that addresses stay short."""
    params: dict[str, str] = {}
    if question.countries:
        params["in"] = ",".join(question.countries)
    if question.first_day is not None:
        params["from"] = question.first_day.isoformat()
    if question.last_day is not None:
        params["to"] = question.last_day.isoformat()
    if question.need is not None:
        params["gb"] = _gb(question.need)
    if question.need_basis is not NeedBasis.PER_DAY:
        params["per"] = question.need_basis.value
    if wanted := [name for name in _NEEDS if getattr(question.needs, name)]:
        params["needs"] = ",".join(wanted)
    if question.unknown is not UnknownPolicy.KEEP:
        params["unknown"] = question.unknown.value
    if question.currency is not None:
        params["cur"] = question.currency
    if question.preset is not Preset.BEST_VALUE:
        params["for"] = question.preset.value
    if question.sort is not None:
        params["sort"] = question.sort.value
    if question.descending:
        params["desc"] = "1"
    filters = question.filters
    for key, attribute in _TEXTS:
        if texts := getattr(filters, attribute):
            params[key] = ",".join(_ESCAPED.sub(_escape, text) for text in sorted(texts))
    for key, attribute, _ in _SETS:
        if members := getattr(filters, attribute):
            params[key] = ",".join(sorted(member.value for member in members))
    for feature, answers in filters.features:
        if answers:
            params[feature] = ",".join(sorted(answer.value for answer in answers))
    if filters.max_total is not None:
        params["max"] = _plain(filters.max_total)
    if filters.min_days is not None:
        params["days"] = str(filters.min_days)
    if filters.max_purchases is not None:
        params["times"] = str(filters.max_purchases)
    for key, attribute in _FLAGS:
        if getattr(filters, attribute):
            params[key] = "1"
    return params


class _Reader:
    """Reads one parameter at a time; what cannot be read is noted and left out."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self.params = params
        self.problems: list[Problem] = []

    def text(self, key: str) -> str:
        value = self.params.get(key, "")
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self.note(ProblemKind.BAD_VALUE, key, str(value))
            return ""
        return value.strip()

    def note(self, kind: ProblemKind, key: str, value: str) -> None:
        self.problems.append(Problem(kind, key, value[:80]))

    def parts(self, key: str) -> list[str]:
        found = [part.strip() for part in self.text(key).split(",") if part.strip()]
        if len(found) > MAX_CHOICES:
            self.note(ProblemKind.BAD_VALUE, key, self.params[key])
        return found[:MAX_CHOICES]

    def member(self, key: str, kind: type[Member], default: Member) -> Member:
        value = self.text(key)
        if value in set(kind):
            return kind(value)
        if value:
            self.note(ProblemKind.BAD_VALUE, key, value)
        return default

    def members(self, key: str, kind: Callable[[str], Any]) -> frozenset[Any]:
        found = set()
        for part in self.parts(key):
            try:
                found.add(kind(part))
            except ValueError:
                self.note(ProblemKind.BAD_VALUE, key, part)
        return frozenset(found)

    def day(self, key: str) -> date | None:
        value = self.text(key)
        if not value:
            return None
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.note(ProblemKind.BAD_DATE, key, value)
        return None

    def number(self, key: str, kind: ProblemKind = ProblemKind.BAD_VALUE) -> Decimal | None:
        value = self.text(key)
        if _NUMBER.fullmatch(value):
            return Decimal(value)
        if value:
            self.note(kind, key, value)
        return None

    def count(self, key: str, most: int) -> int | None:
        number = self.number(key)
        if number is None:
            return None
        if number == number.to_integral_value() and 1 <= number <= most:
            return int(number)
        self.note(ProblemKind.BAD_VALUE, key, self.text(key))
        return None

    def flag(self, key: str) -> bool:
        value = self.text(key)
        if value not in ("", "0", "1"):
            self.note(ProblemKind.BAD_VALUE, key, value)
        return value == "1"


def _need_named(text: str) -> str:
    if text not in _NEEDS:
        raise ValueError(text)
    return text


def question_from_params(params: Mapping[str, str], today: date, currencies: Collection[str]) -> Address:
    """What the parameters of an address ask. Unknown parameter names are ignored (they may belong to the page); the letter case of
    country and currency codes is not minded.

    ``currencies``: ISO codes that can be shown. Never raises for any text.
    """
    read = _Reader(params)
    countries: list[str] = []
    for code in read.parts("in"):
        if code.upper() in PLACE and code.isascii():
            countries.append(code.upper())
        else:
            read.note(ProblemKind.UNKNOWN_COUNTRY, "in", code)
    sort = read.text("sort")
    wanted = read.members("needs", _need_named)
    choices: dict[str, Any] = {
        **{attribute: frozenset(unquote(part) for part in read.parts(key)) for key, attribute in _TEXTS},
        **{attribute: read.members(key, kind) for key, attribute, kind in _SETS},
        **{attribute: read.flag(key) for key, attribute in _FLAGS},
    }
    filters = Filters(
        features=tuple((feature, answers) for feature in FEATURES if (answers := read.members(feature, Tri))),
        max_total=read.number("max"),
        min_days=read.count("days", 10_000),
        max_purchases=read.count("times", MAX_PURCHASES),
        **choices,
    )
    need = read.number("gb", ProblemKind.BAD_NEED)
    draft = Draft(
        countries=tuple(dict.fromkeys(countries)),
        first_day=read.day("from"),
        last_day=read.day("to"),
        need=None if need is None else DataVolume.of(need, DataUnit.GB),
        need_basis=read.member("per", NeedBasis, NeedBasis.PER_DAY),
        needs=Needs(**{name: name in wanted for name in _NEEDS}),
        unknown=read.member("unknown", UnknownPolicy, UnknownPolicy.KEEP),
        currency=read.text("cur").upper() or None,
        preset=read.member("for", Preset, Preset.BEST_VALUE),
        sort=read.member("sort", SortKey, SortKey.TOTAL) if sort in set(SortKey) else None,
        descending=read.flag("desc"),
        filters=filters,
    )
    if sort and draft.sort is None:
        read.note(ProblemKind.BAD_VALUE, "sort", sort)
    # What could not be read is named as such, not as missing.
    unread = {problem.key for problem in read.problems}
    missing = {ProblemKind.NO_COUNTRY, ProblemKind.NO_DATE, ProblemKind.NO_NEED}
    rest = [problem for problem in draft.problems(today, currencies) if not (problem.kind in missing and problem.key in unread)]
    return Address(draft, (*read.problems, *rest), draft.question(today, currencies))
