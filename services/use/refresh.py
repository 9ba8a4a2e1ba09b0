"""A refresh under way: which cards, and how far each has come."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from services.use.stage import Stage


@dataclass(slots=True)
class Refresh:
    """``stages``: of every card asked for since nothing was under way; a cancelled card is taken out. ``work``: one per provider."""

    stages: dict[str, Stage] = field(default_factory=dict)
    work: list[Future[None]] = field(default_factory=list)

    @property
    def under_way(self) -> bool:
        return any(not stage.is_over for stage in self.stages.values())

    @property
    def done(self) -> int:
        """How many cards are over, well or badly."""
        return sum(stage.is_over for stage in self.stages.values())
