"""Numbers, money, data, dates and places as a person of the session's language writes them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, get_currency_name

from services.rules.places.names import country_name
from ui.language import _, babel_locale, language, n_

MICRO = 1_000_000
GB = 1000**3


@lru_cache(maxsize=20_000)
def _money(micro: int, currency: str, locale: str) -> str:
    return format_currency(Decimal(micro) / MICRO, currency, locale=locale)


@lru_cache(maxsize=20_000)
def _currency_name(code: str, locale: str) -> str:
    return f"{code} · {get_currency_name(code, locale=locale)}"


@lru_cache(maxsize=20_000)
def _decimal(value: Decimal, pattern: str, locale: str) -> str:
    return format_decimal(value, pattern, locale=locale)


@lru_cache(maxsize=20_000)
def _day(value: date, locale: str) -> str:
    return str(format_date(value, "medium", locale=locale))


@lru_cache(maxsize=20_000)
def _minutes_ago(minutes: int, locale: str) -> str:
    return str(format_timedelta(timedelta(minutes=-minutes), add_direction=True, granularity="minute", locale=locale))


def number(value: Decimal | int) -> str:
    """Grouped, at most two decimals."""
    return _decimal(Decimal(value), "#,##0.##", babel_locale())


def money(micro: int, currency: str) -> str:
    """``micro`` millionths of a major unit."""
    return _money(micro, currency, babel_locale())


def currency_name(code: str) -> str:
    """ "USD · US dollar" in the session's language."""
    return _currency_name(code, babel_locale())


def volume(bytes_: int) -> str:
    """Decimal units: GB from half a gigabyte on, else MB."""
    if bytes_ * 2 >= GB:
        return f"{_decimal(Decimal(bytes_) / GB, '#,##0.##', babel_locale())} GB"
    return f"{_decimal(Decimal(bytes_) / 1_000_000, '#,##0.#', babel_locale())} MB"


def speed(kbps: int) -> str:
    if kbps >= 1000:
        return f"{_decimal(Decimal(kbps) / 1000, '#,##0.#', babel_locale())} Mbps"
    return f"{kbps} kbps"


def days(count: int) -> str:
    return n_("{n} day", "{n} days", count).format(n=number(count))


def day(value: date) -> str:
    return _day(value, babel_locale())


def moment(value: datetime) -> str:
    """In the time zone of the value."""
    return str(format_datetime(value, "medium", locale=babel_locale()))


def minute(value: datetime) -> str:
    """The same without seconds, which nobody plans by."""
    return f"{day(value.date())} {clock_time(value)}"


def clock_time(value: datetime) -> str:
    """Hours and minutes in the time zone of the value."""
    return str(format_time(value, "short", locale=babel_locale()))


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in the largest fitting unit."""
    minutes = int((now - then).total_seconds() // 60)
    return _("just now") if minutes < 1 else _minutes_ago(minutes, babel_locale())


def country(code: str) -> str:
    return country_name(code, language())


def labelled(label: str, value: str) -> str:
    """ "Japan: yes", with the colon of the language."""
    return _("{label}: {value}").format(label=label, value=value)


def sentences(*said: str) -> str:
    """One after the other; Chinese leaves no gap between two sentences."""
    return ("" if language() == "zh" else " ").join(sentence for sentence in said if sentence)


def listing(items: list[str]) -> str:
    """Joined as the language does."""
    return ("、" if language() == "zh" else ", ").join(items)
