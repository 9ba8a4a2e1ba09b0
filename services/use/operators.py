"""Operators by their ids: names in both languages, countries, and who is meant by a name."""

from functools import cache

from services.model.card import Card
from services.rules.clocks.library import shipped_rules
from services.rules.messages.patterns import library


@cache
def _names() -> dict[str, tuple[str, str]]:
    """English and Chinese name of every operator that rules or texts are known of."""
    found = {entry.id: (_first_latin(entry.names), _first_han(entry.names)) for entry in library().operators.values()}
    found |= {rule.id: (rule.name.en, rule.name.zh) for rule in shipped_rules().values() if not rule.generic}
    return found


def _first_latin(names: tuple[str, ...]) -> str:
    return next((name for name in names if name.isascii() and not name.isdigit()), names[0])


def _first_han(names: tuple[str, ...]) -> str:
    return next((name for name in names if not name.isascii()), _first_latin(names))


def operator_ids() -> list[str]:
    """Every known operator."""
    return list(_names())


def operator_name(operator: str, language: str) -> str:
    """The name in ``language`` ("en", else Chinese); an id that nothing is known of is its own name."""
    found = _names().get(operator)
    return operator if found is None else found[0 if language == "en" else 1]


def operator_country(operator: str) -> str | None:
    """ISO 3166-1 alpha-2, None for sellers everywhere and for operators that nothing is known of."""
    rule = shipped_rules().get(operator)
    if rule is not None:
        return None if rule.country == "any" else rule.country
    entry = library().operators.get(operator)
    return entry.country or None if entry is not None else None


def home_country(card: Card) -> str | None:
    """Where a card is from: the country that it says itself, else that of its operator. None when neither is known."""
    return card.country or (operator_country(card.operator) if card.operator else None)


def operator_named(*names: str) -> str | None:
    """The operator one of ``names`` is a name or the id of, whatever the case; None when there is none."""
    for name in names:
        wanted = name.strip().lower()
        if wanted and (found := _by_name().get(wanted)):
            return found
    return None


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = dict(library().by_name)
    for operator, both in _names().items():
        for name in (operator, *both):
            found.setdefault(name.lower(), operator)
    return found
