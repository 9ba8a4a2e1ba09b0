"""Exchange rates that ship with the program."""

from datetime import date
from decimal import Decimal

from currency_converter import CurrencyConverter

from services.use.rates import currencies, currencies_with, currency_in, rates_to


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


def test_the_currency_of_a_country_is_the_one_in_use_today() -> None:
    found = {country: currency_in(country) for country in ("CN", "HK", "MO", "GB", "HR", "TW", "PA", "AQ")}
    assert found == {"CN": "CNY", "HK": "HKD", "MO": "MOP", "GB": "GBP", "HR": "EUR", "TW": "TWD", "PA": "USD", "AQ": None}
    assert currency_in(None) is None


def test_a_currency_without_a_rate_can_be_chosen_all_the_same() -> None:
    assert currencies_with("GBP") == currencies()
    assert currencies_with("MOP") == (*currencies(), "MOP")
