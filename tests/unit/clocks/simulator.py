"""A card lived through day by day: an independent check of the clock engine.

It shares no code with the engine. It keeps counters ("so many midnights left", "so many seconds left") and lets the days of the
operator's zone pass one after the other, doing what each event says. It knows lengths, amounts, stacking, fees, queues and one rescue
window.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

NEVER = "never"  # nothing ever gave the clock a date
WAITING = "waiting"  # bought, not started
GONE = "gone"  # something happened after the last rescue
DATED = "dated"


@dataclass(frozen=True)
class Rule:
    """A rule in the simulator's own words. Lengths are (amount, "day" or "month")."""

    family: str  # restart, wallet, arrears, plans
    zone: str
    length: tuple[int, str]
    natural: bool
    first_free: bool
    month_is_30: bool
    stacking: str = "reset"
    cap: tuple[int, str] | None = None
    initial: tuple[int, str] | None = None
    tiers: tuple[tuple[Decimal, tuple[int, str]], ...] = ()
    counted: frozenset[str] = frozenset()
    fee: Decimal = Decimal(0)
    fee_day: int | None = None
    starts_at_connection: bool = False
    rescue_days: int | None = None  # None: no ladder, everything is believed


@dataclass(frozen=True)
class Happening:
    """``what``: activate, top_up, use:<activity>, buy, connect, spent, balance."""

    at: datetime
    what: str
    amount: Decimal = Decimal(0)
    length: tuple[int, str] | None = None


@dataclass
class Outcome:
    kind: str
    due: datetime | None = None


def midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def days_in(length: tuple[int, str], start: date, month_is_30: bool) -> int:
    """Days from ``start`` to the end of ``length``, months walked one day at a time."""
    amount, unit = length
    if unit == "day":
        return amount
    if month_is_30:
        return 30 * amount
    probe, months = start, 0
    while True:
        probe += timedelta(days=1)
        if probe.day == 1:
            months += 1
        if months == amount and (probe.day == start.day or (probe + timedelta(days=1)).day == 1):
            return (probe - start).days


@dataclass
class Life:
    rule: Rule
    zone: ZoneInfo = field(init=False)
    left: int | None = None  # midnights (natural) or seconds until the end
    died_at: int | None = None
    gone: bool = False
    queue: list[tuple[int, str]] = field(default_factory=list)
    bought: list[tuple[int, str]] = field(default_factory=list)
    side_by_side: list[int] = field(default_factory=list)
    latest_end: int | None = None
    wallet: Decimal | None = None
    fee_anchor: date | None = None
    missed_at: int | None = None

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.rule.zone)

    # ---- time passes

    def live(self, happenings: list[Happening], days: int) -> Outcome:
        todo = sorted(happenings, key=lambda one: one.at)
        if not todo:
            return Outcome(WAITING if self.bought else NEVER)
        day = todo[0].at.astimezone(self.zone).date()
        for _ in range(days):
            begins, ends = midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone)
            clock = begins
            while todo and todo[0].at.timestamp() < ends:
                one = todo.pop(0)
                moment = int(one.at.timestamp())
                self.pass_seconds(clock, moment)
                clock = moment
                self.happen(one, day, moment)
            self.pass_seconds(clock, ends)
            day += timedelta(days=1)
            self.strike_midnight(day, ends)
            if not todo and self.finished():
                break
        return self.outcome()

    def finished(self) -> bool:
        if self.rule.family in ("wallet", "arrears"):
            return self.missed_at is not None or self.wallet is None
        return self.left is None and not self.queue and not self.side_by_side

    def pass_seconds(self, start: int, end: int) -> None:
        if self.rule.natural or self.rule.family in ("wallet", "arrears"):
            return
        self.side_by_side = [self.note_end(start, seconds, end) for seconds in self.side_by_side if seconds > 0]
        self.side_by_side = [seconds for seconds in self.side_by_side if seconds > 0]
        while self.left is not None and start < end:
            step = min(self.left, end - start)
            self.left -= step
            start += step
            if self.left == 0:
                self.die(start, None)

    def note_end(self, start: int, seconds: int, end: int) -> int:
        rest = seconds - (end - start)
        if rest <= 0:
            self.latest_end = max(self.latest_end or 0, start + seconds)
        return rest

    def strike_midnight(self, new_day: date, moment: int) -> None:
        if self.rule.family in ("wallet", "arrears"):
            self.take_fee(new_day, moment)
            return
        if not self.rule.natural:
            return
        for index in range(len(self.side_by_side)):
            self.side_by_side[index] -= 1
            if self.side_by_side[index] == 0:
                self.latest_end = max(self.latest_end or 0, moment)
        self.side_by_side = [count for count in self.side_by_side if count > 0]
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.die(moment, new_day)

    def die(self, moment: int, day: date | None) -> None:
        self.left, self.died_at = None, moment
        if self.queue:
            length = self.queue.pop(0)
            self.died_at = None
            self.left = self.measure(length, day or self.day_of(moment), first=False)

    # ---- lengths

    def day_of(self, moment: int) -> date:
        return datetime.fromtimestamp(moment, tz=self.zone).date()

    def measure(self, length: tuple[int, str], day: date, *, first: bool) -> int:
        days = days_in(length, day, self.rule.month_is_30)
        if not self.rule.natural:
            return days * 86400
        return days + (1 if first and self.rule.first_free else 0)

    # ---- what happens

    def happen(self, one: Happening, day: date, moment: int) -> None:
        family = self.rule.family
        if family == "restart":
            self.restart(one, day, moment)
        elif family == "plans":
            self.plans(one, day, moment)
        else:
            self.money(one, day)

    def restart(self, one: Happening, day: date, moment: int) -> None:
        if self.gone:
            return
        if one.what == "activate":
            length = self.rule.initial or self.rule.length
            self.left = max(self.left or 0, self.measure(length, day, first=True))
            self.died_at = None
            return
        activity = "top_up" if one.what == "top_up" else one.what.removeprefix("use:")
        if activity not in self.rule.counted:
            return
        if self.died_at is not None and self.rule.rescue_days is not None and moment >= self.end_of_rescue():
            self.gone = True
            return
        length = self.rule.length
        if self.rule.tiers:
            fits = [tier for tier in self.rule.tiers if tier[0] <= one.amount]
            if activity != "top_up" or not fits:
                return
            length = max(fits)[1]
        fresh = self.measure(length, day, first=True)
        if self.left is None or self.rule.stacking == "reset":
            self.left = fresh
        elif self.rule.stacking == "keep_later":
            self.left = max(self.left, fresh)
        else:
            end_day = day + timedelta(days=self.left) if self.rule.natural else self.day_of(moment + self.left)
            longer = self.left + self.measure(length, end_day, first=False)
            if self.rule.cap is not None:
                longer = min(longer, max(self.left, self.measure(self.rule.cap, day, first=True)))
            self.left = longer
        self.died_at = None

    def end_of_rescue(self) -> int:
        assert self.died_at is not None
        assert self.rule.rescue_days is not None
        if not self.rule.natural:
            return self.died_at + self.rule.rescue_days * 86400
        return midnight(self.day_of(self.died_at) + timedelta(days=self.rule.rescue_days), self.zone)

    def plans(self, one: Happening, day: date, moment: int) -> None:
        queues = self.rule.stacking in ("old_end", "old_end_or_spent")
        if one.what == "buy":
            length = one.length or self.rule.length
            if queues and self.left is not None:
                self.queue.append(length)
            elif self.rule.starts_at_connection:
                self.bought.append(length)
            else:
                self.begin([length], day, queues)
        elif one.what == "connect" and self.bought and not (queues and self.left is not None):
            waiting, self.bought = self.bought, []
            self.begin(waiting, day, queues)
        elif one.what == "spent" and self.rule.stacking == "old_end_or_spent" and self.queue and self.left is not None:
            self.left = self.measure(self.queue.pop(0), day, first=True)

    def begin(self, lengths: list[tuple[int, str]], day: date, queues: bool) -> None:
        if queues:
            self.left = self.measure(lengths[0], day, first=True)
            self.died_at = None
            self.queue += lengths[1:]
        else:
            self.side_by_side += [self.measure(length, day, first=True) for length in lengths]

    def money(self, one: Happening, day: date) -> None:
        if one.what == "activate" and self.fee_anchor is None:
            self.fee_anchor = day
        elif one.what == "balance":
            self.wallet = one.amount
            if self.wallet >= 0 or self.rule.family == "wallet":
                self.missed_at = None
            else:
                self.missed_at = self.missed_at or int(one.at.timestamp())
        elif one.what == "top_up" and self.wallet is not None and not self.gone:
            if self.missed_at is not None and self.rule.rescue_days is not None:
                over = midnight(self.day_of(self.missed_at) + timedelta(days=self.rule.rescue_days), self.zone)
                if one.at.timestamp() >= over:
                    self.gone = True
                    return
            self.wallet += one.amount
            if self.missed_at is not None and self.rule.family == "arrears" and self.wallet >= 0:
                self.missed_at = None
            elif self.missed_at is not None and self.rule.family == "wallet" and self.wallet >= self.rule.fee:
                self.wallet -= self.rule.fee
                self.missed_at = None

    def take_fee(self, day: date, moment: int) -> None:
        if self.wallet is None or not self.is_fee_day(day):
            return
        if self.rule.family == "arrears":
            self.wallet -= self.rule.fee
            if self.wallet < 0 and self.missed_at is None:
                self.missed_at = moment
        elif self.missed_at is None:
            if self.wallet >= self.rule.fee:
                self.wallet -= self.rule.fee
            else:
                self.missed_at = moment

    def is_fee_day(self, day: date) -> bool:
        if self.rule.fee_day is not None:
            return day.day == self.rule.fee_day
        anchor, (amount, unit) = self.fee_anchor, self.rule.length
        if anchor is None or day <= anchor:
            return False
        if unit == "day" or self.rule.month_is_30:
            return (day - anchor).days % (amount * (30 if unit == "month" else 1)) == 0
        months = (day.year - anchor.year) * 12 + day.month - anchor.month
        is_last = (day + timedelta(days=1)).day == 1
        return months > 0 and months % amount == 0 and (day.day == anchor.day or (is_last and day.day < anchor.day))

    # ---- the end

    def outcome(self) -> Outcome:
        if self.rule.family in ("wallet", "arrears"):
            if self.missed_at is None:
                return Outcome(NEVER)
            return Outcome(GONE if self.gone else DATED, datetime.fromtimestamp(self.missed_at, tz=self.zone))
        end = self.died_at if self.died_at is not None else self.latest_end
        if self.bought and not self.side_by_side and self.left is None:
            return Outcome(WAITING)
        if end is None:
            return Outcome(NEVER)
        return Outcome(GONE if self.gone else DATED, datetime.fromtimestamp(end, tz=self.zone))
