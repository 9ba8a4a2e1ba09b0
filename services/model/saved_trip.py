"""A trip that was kept: its question, and the steps to carry out what was chosen."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from services.model.card import SAMPLE_PREFIX


class StepKind(StrEnum):
    CHECK_PHONE = "check_phone"
    BUY = "buy"
    BUY_ON_THE_DAY = "buy_on_the_day"
    """Buying or installing starts the validity, or the seller does not say what does."""
    INSTALL = "install"
    INSTALL_ON_THE_DAY = "install_on_the_day"
    TOP_UP = "top_up"
    TAKE_CARD = "take_card"
    HOME_ROAMING_OFF = "home_roaming_off"
    SWITCH_ON = "switch_on"
    HOTSPOT_ON = "hotspot_on"
    HOME_DATA_ON = "home_data_on"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on ``day``, the person's own. ``step_id`` is the same whenever the same step is made again.

    ``what``: name of the plan or card it is about, ``seller`` and ``url`` where to get it: text of other people. ``price_micro`` in
    micro-units of ``currency``; ``until``: last day on which it is used; ``device`` counts from 1, 0 when there is only one.
    """

    step_id: str
    kind: StepKind
    day: date
    what: str = ""
    seller: str = ""
    url: str = ""
    price_micro: int | None = None
    currency: str = ""
    until: date | None = None
    device: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class SavedTrip:
    """``params``: the question as its address has it. ``steps``: the checklist, empty until an answer was chosen.

    ``saved_at``: of the last change of the question, aware.
    """

    trip_id: str
    name: str
    params: tuple[tuple[str, str], ...]
    saved_at: datetime
    steps: tuple[Step, ...] = ()

    @property
    def done(self) -> int:
        """How many steps are ticked."""
        return sum(step.done for step in self.steps)

    @property
    def is_sample(self) -> bool:
        """Invented to show how the pages work."""
        return self.trip_id.startswith(SAMPLE_PREFIX)
