"""Where a fact comes from, as text; a link only when it is a complete https address."""

import re

from services.rules.clocks.schema import Evidence, OperatorRule
from ui import figures
from ui.clocks import words
from ui.language import _
from ui.text import plain

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(/[^\s()<>\[\]\"'\\]*)?")


def source(text: str) -> str:
    return f"[{plain(text)}]({text})" if _ADDRESS.fullmatch(text) else plain(text)


def evidence(rule: OperatorRule, fact: Evidence) -> str:
    """How sure, as of when, and who says so."""
    parts = [words.confidence(fact.confidence)]
    if fact.as_of is not None:
        parts.append(_("undated") if fact.as_of == "undated" else _("as of {date}").format(date=plain(fact.as_of)))
    named = [source(rule.sources[key]) for key in fact.source]
    if not named:
        return figures.listing(parts)
    said_by = _("Source: {source}").format(source="; ".join(named))
    return f"{figures.listing(parts)} · {said_by}"
