"""The shipped rules: every file of ``data/``, read once, and ``shown.toml``. The one place of this package that touches a file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from services.rules.clocks.schema import CardKind, OperatorRule


def parse_rule(text: str) -> OperatorRule:
    """One operator from the text of its TOML file. Raises ``tomllib.TOMLDecodeError`` or pydantic's ``ValidationError``."""
    return OperatorRule.model_validate(tomllib.loads(text))


@cache
def shipped_rules() -> Mapping[str, OperatorRule]:
    """Every shipped operator by id, in order of id. Raises ValueError when a file's name is not its id."""
    rules: dict[str, OperatorRule] = {}
    for entry in sorted(resources.files("services.rules.clocks").joinpath("data").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            rule = parse_rule(entry.read_text(encoding="utf-8"))
            if entry.name != f"{rule.id}.toml":
                raise ValueError(f"{entry.name} holds the rule {rule.id!r}")
            rules[rule.id] = rule
    return MappingProxyType(rules)


@cache
def shown_dates() -> OperatorRule:
    """Clocks for dates that an operator shows and its own rules have none for, one per kind of date, without any fact."""
    return parse_rule(resources.files("services.rules.clocks").joinpath("shown.toml").read_text(encoding="utf-8"))


def generic_rule(country: str | None, card: CardKind) -> OperatorRule | None:
    """The assumed rule for an operator we do not know: of its country and kind, else of the kind anywhere, else None."""
    candidates = [rule for rule in shipped_rules().values() if rule.generic and card in rule.cards]
    for wanted in (country, "any"):
        for rule in candidates:
            if rule.country == wanted:
                return rule
    return None
