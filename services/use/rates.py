"""Exchange rates of the European Central Bank, shipped with the CurrencyConverter package: no request, but a date."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import islice

from babel.numbers import get_territory_currencies
from currency_converter import CurrencyConverter

from services.rules.compare.question import Rates


class _NewestDay(CurrencyConverter):  # type: ignore[misc]
    """The table's header and its first row, which is the newest day: the other decades take 40 MB and a third of a second."""

    def load_lines(self, lines: Iterable[str]) -> None:
        super().load_lines(islice(lines, 2))


@cache
def _newest_per_euro() -> tuple[date, dict[str, Decimal]]:
    """Units of each currency for one euro on the newest day of the shipped table. Currencies no longer quoted are left out."""
    table = _NewestDay(decimal=True)
    newest = max(bounds.last_date for bounds in table.bounds.values())
    quoted = [code for code, bounds in table.bounds.items() if bounds.last_date == newest]
    return newest, {"EUR": Decimal(1), **{code: table.convert(1, "EUR", code, date=newest) for code in quoted}}


def currencies() -> tuple[str, ...]:
    """The currencies that can be converted, by code."""
    return tuple(sorted(_newest_per_euro()[1]))


def currencies_with(wanted: str) -> tuple[str, ...]:
    """The same to choose from, with ``wanted`` among them."""
    known = currencies()
    return known if wanted in known else (*known, wanted)


def currency_in(country: str | None) -> str | None:
    """The one in use in ``country`` (ISO 3166-1 alpha-2) today, by CLDR; of several one that can be converted. None when nobody knows."""
    in_use = get_territory_currencies(country) if country else []
    return next((code for code in in_use if code in currencies()), next(iter(in_use), None))


def rates_to(target: str) -> Rates:
    """Rates into ``target``. A currency that the table does not know converts only into itself."""
    on, per_euro = _newest_per_euro()
    if target not in per_euro:
        return Rates(target, on, {})
    return Rates(target, on, {code: per_euro[target] / value for code, value in per_euro.items()})
