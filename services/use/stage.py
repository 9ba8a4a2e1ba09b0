"""How far a fetch has come."""

from enum import StrEnum


class Stage(StrEnum):
    """How far a fetch has come. TOO_SOON: the source was asked less than its refresh time ago."""

    WAITING = "waiting"
    FETCHING = "fetching"
    STORING = "storing"
    DONE = "done"
    FAILED = "failed"
    TOO_SOON = "too_soon"

    @property
    def is_over(self) -> bool:
        return self in {Stage.DONE, Stage.FAILED, Stage.TOO_SOON}
