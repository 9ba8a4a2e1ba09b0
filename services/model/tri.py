"""Three-valued answers."""

from enum import StrEnum


class Tri(StrEnum):
    """Yes, no or unknown. Unknown is a value: it is never counted as yes or as no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> "Tri":
        """``None`` (not published) is unknown."""
        if value is None:
            return cls.UNKNOWN
        return cls.YES if value else cls.NO
