"""Fees that leave a balance, and what happens when it does not cover them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.model.clock import (
    LONGEST,
    Activity,
    CardEvent,
    ClockKind,
    EventKind,
    Missing,
    Question,
    SpanUnit,
    Stacking,
    StepCode,
    Unknown,
)
from services.model.money import Money
from services.rules.clocks.bare import BareClock, Happening
from services.rules.clocks.counting import ahead, extend
from services.rules.clocks.standing import Line, Standing, can_save, read_date

# Bound once: looking a member up on its enum is slow, and these loops run for every event of every card.
_READING = EventKind.READING
_RENEWED = EventKind.RENEWED
_SEEN_WORKING = EventKind.SEEN_WORKING
_TOPPED_UP = EventKind.TOPPED_UP
_MONTH = SpanUnit.MONTH
_DAY = timedelta(days=1)
_NOTHING = Decimal(0)
_FEE_DUE = StepCode.FEE_DUE
_READ = StepCode.READ
_STARTED = StepCode.STARTED


class Fees:
    """A fee that leaves a balance every so often (wallet), or that also falls due without one (arrears).

    ``_balance`` is a lower bound in minor units, exact while ``_exact``; None means that nothing is known of it.
    """

    def __init__(self, clock: BareClock, shown: bool, now: datetime) -> None:
        self._clock = clock
        self._shown = shown
        self._now = now
        self._arrears = clock.kind is ClockKind.ARREARS
        self._fee = clock.fee
        self._balance: Decimal | None = None if self._arrears else _NOTHING
        self._exact = False
        self._vague: CardEvent | None = None  # a payment whose amount nobody wrote down
        self._missed: datetime | None = None  # the fee that could not be paid
        self._unsure: datetime | None = None  # the first fee of which nobody knows whether it was paid
        self._gone: CardEvent | None = None  # paid in when nothing could save the card any more
        self._base: datetime | None = None
        self._first_month: int | None = None  # of a fee on a fixed day of the month; counted from the year 0
        self._lead = 0  # 1 when the first fee is one span after the base, 0 when it is at the base
        self._turn = 0  # fees since then
        self._next: datetime | None = None
        self._lines: tuple[Line, ...] = ()

    def replay(self, events: Iterable[Happening]) -> Standing:
        acting, starts = self._clock.acting, self._clock.starts
        for what, event in events:
            if what not in acting and event.balance is None:
                continue
            if event.balance is not None:
                self._schedule(event.at)
            if self._next is not None and self._next <= event.at:
                self._run_to(event.at)
            if what is _READING:
                self._reading(event)
            elif what is _TOPPED_UP:
                self._paid(event)
            elif what is _SEEN_WORKING:
                self._unsure = None
                if self._gone is not None:
                    believed, self._gone = self._gone, None
                    self._paid(believed, believed=True)
            elif what is _RENEWED:
                self._anchor(event.at)
                self._renewed()
            elif what in starts and self._base is None:
                self._anchor(event.at)
        self._schedule(self._now)
        self._run_to(self._now)
        return self._result()

    def _anchor(self, at: datetime) -> None:
        """The fee was taken at ``at``; the next one is a span later. A fee on a fixed day of the month does not move."""
        span = self._clock.span
        if span is not None and self._clock.fee_day is None:
            self._base, self._lead, self._turn = at, 1, 0
            self._next = self._instant(0)
            self._lines = ((_STARTED, at, at, span, self._next),)

    def _schedule(self, at: datetime) -> None:
        """A fee on a fixed day of the month needs no anchor: the schedule begins with the first balance, or now."""
        day = self._clock.fee_day
        if day is not None and self._first_month is None:
            local = at.astimezone(self._clock.counting.zone or UTC)
            self._first_month = local.year * 12 + local.month - (1 if local.day < day else 0)
            self._next = self._instant(0)

    def _instant(self, turn: int) -> datetime:
        clock = self._clock
        if self._first_month is not None:
            assert clock.fee_days is not None
            return clock.fee_days[self._first_month + turn]
        span = clock.span
        assert span is not None
        assert self._base is not None
        return ahead(self._base, span.amount * (turn + self._lead), span.unit, clock.counting, clock.counting.free if self._lead else 0)

    def _most_turns(self) -> int:
        """How many fees can be counted from the base: as many as fit into the longest length of time."""
        span = self._clock.span
        return LONGEST[span.unit] // span.amount - 1 if span is not None else LONGEST[SpanUnit.MONTH]

    def _run_to(self, instant: datetime) -> None:
        """Take every fee that falls due up to ``instant``. Nearly all the time of a fee clock goes by here: hence the local names."""
        due = self._next
        if due is None or due > instant:
            return
        clock, arrears, turn = self._clock, self._arrears, self._turn
        balance, missed = self._balance, self._missed
        fee = self._fee.minor if self._fee is not None else None
        fee_days, next_fee, first_month = clock.fee_days, clock.next_fee, self._first_month
        from_last = clock.span if clock.span is not None and clock.span.unit is not _MONTH else None
        while due <= instant:
            if fee is not None and balance is not None and (missed is None or arrears):
                if arrears:
                    balance -= fee
                    if missed is None and balance < 0:
                        missed = due
                elif balance >= fee:
                    balance -= fee
                elif self._exact:
                    missed = due
                else:
                    balance = _NOTHING
                    self._unsure = self._unsure or due
            elif missed is None:
                self._unsure = self._unsure or due
            turn += 1
            if next_fee is not None:
                due = next_fee[due]
            elif from_last is not None:
                following = extend(due, from_last, clock.counting)
                due = following if following > due else due + _DAY  # a daily fee where no zone is known: the day may be cut to nothing
            elif fee_days is not None and first_month is not None:
                due = fee_days[first_month + turn]
            else:
                due = self._instant(turn)  # from the base: month ends would wander
        self._next, self._turn, self._balance, self._missed = due, turn, balance, missed

    def _reading(self, event: CardEvent) -> None:
        read = read_date(self._clock, self._shown, event)
        if read is not None and self._clock.fee_day is None and self._clock.span is not None:
            self._base, self._lead, self._turn, self._next = read, 0, 0, read
            self._lines = ((_READ, event.at, read, None, read),)
            self._missed = self._unsure = self._gone = None
        if event.balance is not None and (self._fee is None or event.balance.currency == self._fee.currency):
            self._balance, self._exact, self._vague = event.balance.minor, True, None
            if self._arrears and self._balance < 0:
                self._missed = self._missed or event.at
            elif self._arrears or self._fee is None or self._balance >= self._fee.minor:
                # money that the fee could have taken and did not: no fee is open. With less, an open or doubtful fee stays so.
                self._missed = self._unsure = self._gone = None

    def _renewed(self) -> None:
        """The operator took its fee: whatever was unsure before is settled, and the balance is smaller by it."""
        self._missed = self._unsure = self._gone = None
        if self._balance is not None and self._fee is not None:
            self._balance -= self._fee.minor
            if self._balance < 0 and not self._arrears:
                self._balance, self._exact = _NOTHING, False

    def _paid(self, event: CardEvent, *, believed: bool = False) -> None:
        if self._missed is not None and not believed and not can_save(self._clock, self._missed, event, Activity.TOP_UP):
            self._gone = self._gone or event
            return
        if event.amount is None or (self._fee is not None and event.amount.currency != self._fee.currency):
            self._vague, self._exact = event, False
            return
        if self._balance is None:
            return
        self._balance += event.amount.minor
        if self._missed is None or self._fee is None:
            return
        if self._arrears:
            if self._balance >= 0:
                self._missed = None
        elif self._balance >= self._fee.minor:
            self._balance -= self._fee.minor
            self._missed = None
            if self._clock.stacking is Stacking.RESET:
                self._anchor(event.at)

    def _result(self) -> Standing:
        out = Standing(lines=self._lines)
        balance, fee = self._balance, self._fee
        if self._next is None:
            ask = Question.FEE_DAY if self._arrears else Question.VALID_UNTIL
            out.unknown = Unknown(Missing.NO_FEE_DAY if self._arrears else Missing.NO_START, ask)
        elif self._missed is not None:
            out.due = self._missed
            if self._arrears and balance is not None and fee is not None:
                out.owed = Money(max(_NOTHING, -balance), fee.currency)
            if self._gone is not None:
                out.unknown = Unknown(Missing.MAYBE_GONE, Question.STILL_WORKS, self._gone)
            elif self._vague is not None:
                out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, self._vague)
        elif fee is None:
            out.due = (self._unsure or self._next) if balance is not None and self._exact and balance >= 0 else None
            out.unknown = Unknown(Missing.NO_FEE, Question.FEE)
        elif balance is None:
            out.unknown = Unknown(Missing.NO_BALANCE, Question.BALANCE)
        else:
            most = max(0, self._most_turns() - self._turn)
            covered = most if balance >= fee.minor * most else int(max(balance, _NOTHING) // fee.minor)
            due = self._instant(self._turn + covered)
            out.due = self._unsure or due
            out.covered = covered
            if self._vague is not None:
                out.unknown = Unknown(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT, self._vague)
            elif not self._exact:
                out.unknown = Unknown(Missing.NO_BALANCE, Question.BALANCE)
            elif self._unsure is not None:
                out.unknown = Unknown(Missing.NO_BALANCE, Question.VALID_UNTIL)  # too little for a fee: was the last one paid?
            out.lines = (*self._lines, (_FEE_DUE, self._next, self._next, self._clock.span, due))
        return out
