"""Amounts in a text: how they are written, and what they are worth. Texts are normalised (``text.normalise``)."""

import re
from dataclasses import dataclass
from decimal import Decimal

from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money, minor_digits

NUMBER = r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,6})?(?!\d)(?![.,]\d)"

_PREFIXES = {
    "HK$": "HKD", "HKD": "HKD", "NT$": "TWD", "NTD": "TWD", "TWD": "TWD", "MOP$": "MOP", "MOP": "MOP", "S$": "SGD", "SGD": "SGD",
    "NZ$": "NZD", "NZD": "NZD", "AU$": "AUD", "A$": "AUD", "AUD": "AUD", "US$": "USD", "USD": "USD", "CA$": "CAD", "C$": "CAD",
    "CAD": "CAD", "RM": "MYR", "MYR": "MYR", "RP.": "IDR", "RP": "IDR", "IDR": "IDR", "฿": "THB", "THB": "THB", "£": "GBP",
    "GBP": "GBP", "€": "EUR", "EUR": "EUR", "RMB": "CNY", "CNY": "CNY", "人民币": "CNY", "港币": "HKD", "港元": "HKD", "JPY": "JPY",
    "PHP": "PHP", "₱": "PHP", "₹": "INR", "INR": "INR", "澳门币": "MOP", "澳门元": "MOP", "葡币": "MOP", "新台币": "TWD", "$": "", "¥": "",
}  # fmt: skip
_SUFFIXES = {
    "元人民币": "CNY", "人民币": "CNY", "港元": "HKD", "港币": "HKD", "澳门元": "MOP", "澳门币": "MOP", "葡币": "MOP", "新台币": "TWD",
    "台币": "TWD", "美元": "USD", "美金": "USD", "英镑": "GBP", "欧元": "EUR", "新币": "SGD", "泰铢": "THB", "BAHT": "THB", "HKD": "HKD",
    "MOP": "MOP", "SGD": "SGD", "USD": "USD", "GBP": "GBP", "EUR": "EUR", "THB": "THB", "NZD": "NZD", "CNY": "CNY", "RMB": "CNY",
    "TWD": "TWD", "MYR": "MYR", "IDR": "IDR", "PENCE": "GBp", "P": "GBp", "元": "", "€": "EUR",
}  # fmt: skip
# What a bare sign may stand for, to be asked.
SIGN_CURRENCIES = {
    "$": ("USD", "HKD", "SGD", "MOP", "AUD", "NZD", "CAD", "TWD"),
    "¥": ("CNY", "JPY"),
    "元": ("CNY", "HKD", "MOP", "TWD"),
    "": (),
}


def _alternatives(words: dict[str, str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word) + (r"(?![A-Za-z])" if word[-1].isalpha() and word.isascii() else "") for word in ordered)


_MINUS = r"(?:(?<=[\s:为是])-\s?)?"
_PRE = f"(?<![A-Za-z])(?:{_alternatives(dict.fromkeys(_PREFIXES, ''))})"
_PRE = _PRE.replace(r"(?![A-Za-z])", "")
_SUF = f"(?:{_alternatives(_SUFFIXES)})"
_RUPIAH = r"Rp\.?\s?\d{1,3}(?:\.\d{3})+(?![\d,]|\.\d)"
MONEY = rf"(?:{_RUPIAH}|{_MINUS}{_PRE}\s?(?:-(?=\d))?{NUMBER}(?:\s?{_SUF})?|{_MINUS}{NUMBER}\s?{_SUF}(?!\d))"
AMOUNT = rf"(?:{MONEY}|{_MINUS}{NUMBER})"

_UNITS = {
    "TB": 1000**4, "GB": DataUnit.GB, "G": DataUnit.GB, "吉": DataUnit.GB, "MB": DataUnit.MB, "M": DataUnit.MB, "兆": DataUnit.MB,
    "KB": DataUnit.KB, "K": DataUnit.KB, "GIB": DataUnit.GIB, "MIB": DataUnit.MIB, "KIB": DataUnit.KIB,
}  # fmt: skip
_UNIT = r"(?:[GMK]iB|[TGMK]B|[GMK]|兆|吉)(?![A-Za-z])(?!/(?!\d))"
# "5G" beside such a word is the network, not five gigabytes.
_GENERATION = (
    r"(?![2-6]G(?![A-Za-z0-9])\s?[/+]?\s?(?:[2-6]G|套餐|用户|网|专|尊|权益|手机|畅|智|客户|会员|流量|升级|新|基|信|上网|漫游|卡|network|plan|"
    r"speed|phone|sim|lte|data|ready|pass|boost|coverage|ultra|left|remaining|available|\+))"
)
DATA = rf"(?i:{_GENERATION}{NUMBER}\s?{_UNIT}(?:\d{{1,4}}(?:\.\d{{1,3}})?(?:MB|M|KB|K)(?![A-Za-z]))?)"
VOICE = (
    r"(?i:(?:(?<![\d.,])\d{1,4}\s?(?:小时|hours?|hrs?|h)\s?(?:and\s)?)?"
    r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d{1,6})(?:\.\d{1,2})?\s?(?:分钟|分(?=\s?\d{1,2}秒)|minutes?|mins?)(?![A-Za-z])"
    r"(?:\s?\d{1,2}\s?(?:秒|seconds?|secs?)(?![A-Za-z]))?)"
)
SMS = r"(?i:(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d{1,6})\s?(?:条|则|texts?|SMS(?:es)?|messages?|msgs?)(?![A-Za-z]))"
COUNT = r"(?<![\d.,])\d{1,4}(?!\d)(?![.,]\d)"

_FIND_NUMBER = re.compile(NUMBER)
_FIND_PREFIX = re.compile(_PRE, re.IGNORECASE)
_FIND_SUFFIX = re.compile(_SUF, re.IGNORECASE)
_FIND_PART = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?([GMK]iB|[TGMK]B|[GMK]|兆|吉)", re.IGNORECASE)
_FIND_HOURS = re.compile(r"(\d+)\s?(?:小时|h)", re.IGNORECASE)
_FIND_MINUTES = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?(?:分|min)", re.IGNORECASE)
_FIND_SECONDS = re.compile(r"(\d+)\s?(?:秒|sec)", re.IGNORECASE)
_DATA_BEFORE = re.compile(r"\d\s?(?:[TGMK]i?B|[GMK]|兆|吉)\s*[/~～-]?\s*\Z", re.IGNORECASE)
_GOES_ON = re.compile(
    rf"[kKmM万千亿百](?![a-z])|\s\.\s?\d|,\d+(?:\.\d+)?\s?元|起|封顶|以[上下内]|左右|(?:\s?[/~～至]|\s?-|\s?[,，、](?!\d{{3}}))\s?(?:{MONEY}|{DATA})|"
    r"\s?/\s?(?:月|天|日|年|分|条|个|次|[a-z])|\s?每(?:月|天|日)|\s?(?:per|a|each)\s(?:day|week|month|min|text)|\s?p/m|\s?to\s[£$€\d]",
    re.IGNORECASE,
)
# Currencies written with dots between thousands and, in practice, without decimals.
_DOT_THOUSANDS = frozenset({"IDR"})
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+(?!\d)")


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """An amount whose currency the text leaves open; ``currencies`` are what its sign can mean."""

    amount: Decimal
    currencies: tuple[str, ...]


def money(text: str, currency: str | None) -> Money | OpenAmount | None:
    """What ``text`` (one match of MONEY or AMOUNT) is worth.

    ``currency``: of the operator, for signs that many countries share. None when the figure cannot be that currency's
    ("£1.234": is it a thousand?).
    """
    prefix = _FIND_PREFIX.search(text)
    dotted = _DOTTED.search(text) if prefix is not None and _PREFIXES[prefix.group().upper()] in _DOT_THOUSANDS else None
    if dotted is not None:
        return Money.of(dotted.group().replace(".", ""), _PREFIXES[prefix.group().upper()]) if prefix is not None else None
    number = _FIND_NUMBER.search(text)
    if number is None:
        return None
    suffix = _FIND_SUFFIX.match(text[number.end() :].lstrip())
    digits = number.group()
    code = ""
    if prefix is not None:
        code = _PREFIXES[prefix.group().upper()]
    if not code and suffix is not None:
        code = _SUFFIXES[suffix.group().upper()]
    negative = "-" in text[: number.start()]
    if code == "GBp":
        amount = Decimal(digits.replace(",", ""))
        return None if amount != amount.to_integral_value() else Money(-amount if negative else amount, "GBP")
    code = code or currency or ""
    if code in _DOT_THOUSANDS and "." in digits:
        return None
    amount = Decimal(digits.replace(",", ""))
    if negative:
        amount = -amount
    if code:
        decimals = -int(amount.as_tuple().exponent)
        return Money.of(amount, code) if decimals <= max(minor_digits(code), 2) else None
    sign = next((mark for mark in ("$", "¥", "元") if mark in text), "")
    return OpenAmount(amount, SIGN_CURRENCIES[sign])


def data(text: str, base: int = 1000) -> DataVolume:
    """What ``text`` (one match of DATA) is worth. ``base``: 1000 unless the operator is known to count in 1024."""
    total = Decimal(0)
    for amount, unit in _FIND_PART.findall(text):
        size = int(_UNITS[unit.upper()])
        if base == 1024:
            size = {1000: 1024, 1000**2: 1024**2, 1000**3: 1024**3, 1000**4: 1024**4}.get(size, size)
        total += Decimal(amount.replace(",", "")) * size
    return DataVolume(int(total))


def seconds(text: str) -> int:
    """What ``text`` (one match of VOICE) lasts."""
    hours, minutes, rest = _FIND_HOURS.search(text), _FIND_MINUTES.search(text), _FIND_SECONDS.search(text)
    total = Decimal(0)
    if hours:
        total += int(hours.group(1)) * 3600
    if minutes:
        total += Decimal(minutes.group(1).replace(",", "")) * 60
    if rest:
        total += int(rest.group(1))
    return int(total)


def pieces(text: str) -> int:
    """What ``text`` (one match of SMS or COUNT) counts."""
    return int("".join(mark for mark in text if mark.isdecimal()))


def is_part_of_more(before: str, after: str) -> bool:
    """Whether an amount is only a piece of what is written: a range, a rate, a fraction, a multiple ("£1.2M", "5GB-10GB", "5元/月")."""
    return _DATA_BEFORE.search(before[-14:]) is not None or _GOES_ON.match(after[:40]) is not None
