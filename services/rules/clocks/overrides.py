"""The person's own figures in the place of shipped ones, and what a changed shipped rule moves.

An override names a fact by its path (``use.span``, ``use.activity.sms_in``, ``actions.0.price``) and holds the value as a rule file
words it. It belongs to one card or to every card of an operator, stays when the shipped rules change, and marks the fact ``own``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.model.clock import Confidence
from services.model.money import Money
from services.rules.clocks.schema import ActivityRule, ClockRule, Evidence, Fact, OperatorRule, Tier

M = TypeVar("M", bound=BaseModel)
RawValue = str | int | list[Any]


@dataclass(frozen=True, slots=True)
class Override:
    """``value`` as in a rule file: ``"90 days"``, ``"keep_later"``, ``["number"]``. ``card``: None for every card of the operator."""

    operator: str
    path: str
    value: RawValue
    note: str
    made_on: date
    card: str | None = None


class OverrideError(ValueError):
    """An override that does not fit the rule: its path or its value."""

    def __init__(self, override: Override, reason: str) -> None:
        super().__init__(f"{override.operator}: {override.path}: {reason}")
        self.override = override
        self.reason = reason


def applied(rule: OperatorRule, overrides: Iterable[Override]) -> OperatorRule:
    """``rule`` with the figures of the person in force; those of one card win over those of the operator, later ones over earlier ones.

    Overrides of other operators are left out. Raises OverrideError for a path that the rule does not have or a value that does not fit it.
    """
    for override in sorted(overrides, key=lambda item: item.card is not None):
        if override.operator == rule.id:
            rule = _with(rule, override)
    return rule


def _with(rule: OperatorRule, override: Override) -> OperatorRule:
    head, _, rest = override.path.partition(".")
    try:
        if head == "actions":
            index, _, name = rest.partition(".")
            position = int(index)
            actions = list(rule.actions)
            actions[position] = _replaced(actions[position], {name: _fact(actions[position], name, override.value)})
            return _replaced(rule, {"actions": tuple(actions)})
        clock = rule.clock(head)
        changed = _with_clock(clock, rest, override.value)
        return _replaced(rule, {"clocks": tuple(changed if item is clock else item for item in rule.clocks)})
    except (KeyError, IndexError, ValidationError, ValueError) as error:
        raise OverrideError(override, str(error)) from error


def _with_clock(clock: ClockRule, path: str, value: RawValue) -> ClockRule:
    head, _, rest = path.partition(".")
    if head == "activity":
        own = ActivityRule.model_validate({"what": rest, "counts": value, "confidence": Confidence.OWN})
        others = tuple(item for item in clock.activity if item.what is not own.what)
        return _replaced(clock, {"activity": (*others, own)})
    if head == "ladder":
        index, _, name = rest.partition(".")
        ladder = list(clock.ladder)
        position = int(index)
        ladder[position] = _replaced(ladder[position], {name: _fact(ladder[position], name, value)})
        return _replaced(clock, {"ladder": tuple(ladder)})
    changes: dict[str, Any] = {head: _fact(clock, path, value)}
    if head == "span":
        changes["tiers"] = type(clock.tiers)()  # one length now, whatever is paid
    elif head == "tiers":
        changes["span"] = type(clock.span)()
    return _replaced(clock, changes)


def _fact(owner: BaseModel, name: str, value: RawValue) -> Fact[Any]:
    current = getattr(owner, name, None)
    if not isinstance(current, Fact):
        raise KeyError(name)
    return type(current).model_validate({"value": value, "confidence": Confidence.OWN})


def _replaced(model: M, changes: Mapping[str, Any]) -> M:
    """A copy without what the original had worked out about itself."""
    values = {name: getattr(model, name) for name in type(model).model_fields} | dict(changes)
    return type(model).model_construct(**values)


def suggestion(rule: OperatorRule, override: Override) -> str:
    """The override as JSON to send in: the fact, its shipped value and sources, the person's value and note; nothing of the card.

    ``rule`` is the shipped one. Raises OverrideError when the override does not fit it.
    """
    applied(rule, [override])
    shipped = dict(rule.evidence()).get(override.path)
    body = {
        "operator": rule.id,
        "fact": override.path,
        "shipped_value": None if shipped is None else _value(shipped),
        "shipped_sources": [] if shipped is None else [rule.sources[key] for key in shipped.source],
        "shipped_as_of": None if shipped is None else shipped.as_of,
        "suggested_value": override.value,
        "note": override.note,
        "made_on": override.made_on.isoformat(),
    }
    return json.dumps(body, ensure_ascii=False, indent=2)


def _worded(value: object) -> object:
    """A value of a fact the way a rule file writes it."""
    match value:
        case None | int():
            return value
        case Money():
            return f"{value.amount} {value.currency}"
        case Tier():
            return {"at_least": _worded(value.at_least), "span": str(value.span)}
        case tuple():
            return [_worded(item) for item in value]
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """A fact that differs between two editions of a rule. None where an edition does not have it."""

    operator: str
    path: str
    before: object
    after: object


def changed_facts(before: Mapping[str, OperatorRule], after: Mapping[str, OperatorRule]) -> tuple[ChangedFact, ...]:
    """Every value that differs between two editions of the library, by operator and path. Sources and dates alone are no change."""
    changes = []
    for operator in sorted(before.keys() | after.keys()):
        old = _values(before[operator]) if operator in before else {}
        new = _values(after[operator]) if operator in after else {}
        changes += [
            ChangedFact(operator, path, old.get(path), new.get(path))
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        ]
    return tuple(changes)


def _values(rule: OperatorRule) -> dict[str, object]:
    return {path: _value(evidence) for path, evidence in rule.evidence()}


def _value(evidence: Evidence) -> object:
    return _worded(evidence.value if isinstance(evidence, Fact) else getattr(evidence, "counts", None))
