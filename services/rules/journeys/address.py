"""The question as the text of an address and back. What cannot be read becomes a problem, never an exception."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from urllib.parse import quote, unquote

from services.model.data_volume import DataUnit, DataVolume
from services.model.itinerary import PlanKey, Sharing
from services.model.trip import Needs
from services.rules.journeys.question import (
    DEFAULT_INSTALLS,
    MAX_DEVICES,
    MAX_FEE,
    MAX_INSTALLS,
    MAX_LEGS,
    MAX_TRAVELLERS,
    Fault,
    LegAsked,
    Problem,
    TripQuestion,
)
from services.rules.places.names import is_country

NEEDS = ("hotspot", "five_g", "phone_number", "no_id_check")
NAMES = ("legs", "gb", "needs", "unknown", "people", "share", "fee", "cur", "installs", "out", "fair", "promo", "own", "works")
"""Every parameter that a question may have."""
MAX_TEXT = 6000
MAX_NAMED = 100
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def to_params(question: TripQuestion) -> dict[str, str]:
    """The question as parameters; what is at its default is left out."""
    found = {
        "legs": ",".join(_leg(leg) for leg in question.legs),
        "gb": "" if question.per_day is None else _gigabytes(question.per_day),
        "needs": ",".join(name for name in NEEDS if getattr(question.needs, name)),
        "unknown": "ok" if question.accept_unknown else "",
        "people": "" if question.devices == (1,) else ",".join(map(str, question.devices)),
        "share": "" if question.sharing is Sharing.PERSON else question.sharing.value,
        "fee": "" if question.fee is None else _decimal(question.fee),
        "cur": question.currency or "",
        "installs": "" if question.max_installs == DEFAULT_INSTALLS else str(question.max_installs),
        "out": "|".join(f"{_escaped(source)}~{_escaped(plan)}" for source, plan in sorted(question.left_out)),
        "fair": "" if question.fair_use else "0",
        "promo": "" if question.promotions else "0",
        "own": "" if question.use_owned else "0",
        "works": "|".join(f"{_escaped(card)}~{'.'.join(sorted(countries))}" for card, countries in sorted(question.works_in)),
    }
    return {name: value for name, value in found.items() if value}


def from_params(params: Mapping[str, str]) -> tuple[TripQuestion, tuple[Problem, ...]]:
    """What an address asks, and what in it could not be read. Names that are not in NAMES are not minded."""
    read = _Reader(params)
    needs = read.choices("needs", NEEDS)
    per_day = read.number("gb")
    fee = read.number("fee")
    question = TripQuestion(
        legs=tuple(read.legs()),
        per_day=None if per_day is None else DataVolume.of(per_day, DataUnit.GB),
        needs=Needs(**{name: name in needs for name in NEEDS}),
        accept_unknown=read.switch("unknown", "ok"),
        devices=tuple(read.devices()) or (1,),
        sharing=Sharing(read.choice("share", [sharing.value for sharing in Sharing]) or Sharing.PERSON),
        fee=None if fee is None else min(fee, MAX_FEE),
        currency=read.text("cur").upper() or None,
        max_installs=int(read.choice("installs", [str(count) for count in range(1, MAX_INSTALLS + 1)]) or DEFAULT_INSTALLS),
        left_out=frozenset(read.named("out")),
        fair_use=not read.switch("fair", "0"),
        promotions=not read.switch("promo", "0"),
        use_owned=not read.switch("own", "0"),
        works_in=tuple((card, frozenset(code for code in codes.split(".") if is_country(code))) for card, codes in read.named("works")),
    )
    return question, tuple(read.problems)


class _Reader:
    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        value = self._params.get(name, "")
        if len(value) > MAX_TEXT:
            self.refuse(value)
            return ""
        return value.strip()

    def refuse(self, value: str, leg: int = 0) -> None:
        self.problems.append(Problem(Fault.BAD_VALUE, leg, value[:80]))

    def choice(self, name: str, allowed: list[str]) -> str:
        value = self.text(name)
        if value and value not in allowed:
            self.refuse(value)
            return ""
        return value

    def choices(self, name: str, allowed: tuple[str, ...]) -> list[str]:
        parts = [part for part in self.text(name).split(",") if part]
        for part in parts:
            if part not in allowed:
                self.refuse(part)
        return [part for part in parts if part in allowed]

    def switch(self, name: str, on: str) -> bool:
        return self.choice(name, [on]) == on

    def number(self, name: str) -> Decimal | None:
        value = self.text(name)
        if _NUMBER.fullmatch(value):
            return Decimal(value)
        if value:
            self.refuse(value)
        return None

    def devices(self) -> list[int]:
        parts = [part for part in self.text("people").split(",") if part]
        good = [int(part) for part in parts if part in {str(count) for count in range(1, MAX_DEVICES + 1)}]
        if len(good) < len(parts) or len(parts) > MAX_TRAVELLERS:
            self.refuse(",".join(parts))
        return good[:MAX_TRAVELLERS]

    def named(self, name: str) -> list[PlanKey]:
        parts = [part.split("~") for part in self.text(name).split("|") if part]
        for part in parts:
            if len(part) != 2:
                self.refuse("~".join(part))
        return [(unquote(part[0]), unquote(part[1])) for part in parts if len(part) == 2][:MAX_NAMED]

    def legs(self) -> list[LegAsked]:
        parts = [part for part in self.text("legs").split(",") if part]
        if len(parts) > MAX_LEGS:
            self.refuse(",".join(parts[MAX_LEGS:]))
        return [self._leg(part, number) for number, part in enumerate(parts[:MAX_LEGS], start=1)]

    def _leg(self, text: str, number: int) -> LegAsked:
        country, first, last, need, *rest = (*text.split("_"), "", "", "", "")
        if any(rest):
            self.refuse(text, number)
        code = country.upper() if country.isascii() and is_country(country.upper()) else None
        if country and code is None:
            self.refuse(country, number)
        amount = Decimal(need) if _NUMBER.fullmatch(need) else None
        if need and amount is None:
            self.refuse(need, number)
        return LegAsked(
            country=code,
            first_day=self._day(first, number),
            last_day=self._day(last, number),
            per_day=None if amount is None else DataVolume.of(amount, DataUnit.GB),
        )

    def _day(self, text: str, number: int) -> date | None:
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        if text:
            self.refuse(text, number)
        return None


def _leg(leg: LegAsked) -> str:
    days = [day.isoformat() if day else "" for day in (leg.first_day, leg.last_day)]
    need = [] if leg.per_day is None else [_gigabytes(leg.per_day)]
    return "_".join([leg.country or "", *days, *need])


def _gigabytes(volume: DataVolume) -> str:
    return _decimal(volume.in_unit(DataUnit.GB))


def _decimal(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _escaped(text: str) -> str:
    return quote(text, safe="").replace("~", "%7E")
