"""How long and how far to look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds``: then the best so far is given with its gap. ``robust_percent``: the need to test the answer with; None tests nothing."""

    seconds: float = 20.0
    robust_percent: int | None = 130
    near_misses: bool = True
    dominance: bool = True
    """Whether dominated plans are dropped first. The answers cost the same either way; a test holds it to that."""
