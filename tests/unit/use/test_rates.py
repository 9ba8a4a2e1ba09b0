"""Exchange rates that ship with the program."""

from datetime import date
from decimal import Decimal

from currency_converter import CurrencyConverter

from services.use.rates import currencies, rates_to


def test_rates_are_those_of_the_newest_day_of_the_table() -> None:
    table = CurrencyConverter()
    rates = rates_to("CNY")
    assert rates.on == table.bounds["CNY"].last_date
    assert rates.on > date(2026, 1, 1)
    expected = table.convert(100, "USD", "CNY", date=rates.on)
    assert abs(rates.of("USD") * 100 - Decimal(str(expected))) < Decimal("0.0001")
    assert rates.of("CNY") == 1


def test_a_currency_no_longer_quoted_has_no_rate() -> None:
    assert "RUB" not in currencies()
    assert rates_to("USD").of("RUB") is None
    assert rates_to("RUB").of("USD") is None
    assert rates_to("RUB").of("RUB") == 1
