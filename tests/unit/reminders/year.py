"""A simulated year of cards, people, workers and accidents on a fake clock, and a judge of what arrived.

The judge knows nothing of how reminders are worked out. It has the last safe days of the cards (from the clocks, as they were when a
date was typed), what people did, when each run took place by the clock of its worker, which runs died and where, and the texts that
arrived. From these it walks step by step, day by day, and says what each run had to bring: exactly that, once, and in the first run after
it fell due, or, when that one died before it called the channel, in the next.
"""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.channels.outcome import Delivery
from services.model.card import Card, CardKind, CardSecrets
from services.model.reading import Reading, Source, Validity, ValidityKind
from services.model.reminder import Habits
from services.store.leases import LeaseStore
from services.store.reminders import Message, ReminderStore
from services.use import worker
from services.use.cards import CardDesk
from services.use.channels import ChannelView
from services.use.clocks import ClockDesk
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.reminders import ReminderDesk

ZONE = ZoneInfo("Europe/London")
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LADDERS = {"vodafone_uk": (35, 10, 5, 1, 0), "csl": (30, 10, 5, 1, 0), "att_prepaid": (10, 5, 2, 1, 0)}
LINE = re.compile(r"^(?:\d+\. )?(card\d+): (.+), (?:(\d+) days? left|today is the last safe day) \(until (.+)\)$")
LATE = re.compile(r"^(?:\d+\. )?(card\d+): (.+), (\d+) days? too late \(until (.+)\)$")


class Died(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class Arrived:
    title: str
    body: str

    def lines(self) -> Iterator[str]:
        yield from ([self.title] if not re.match(r"\d+ reminders", self.title) else self.body.splitlines())


@dataclass
class Run:
    """``at``: by the clock of its worker. ``died``: empty when it ended well. ``doubtful``: cards of the message in hand when it died."""

    at: datetime
    died: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)


@dataclass
class Said:
    """What a person did about a card between two runs."""

    card: str
    what: str  # "date", "acknowledge", "snooze"
    at: datetime
    last_day: date | None = None


@dataclass
class Story:
    """Everything that happened, in the order in which it happened."""

    operators: dict[str, str] = field(default_factory=dict)
    things: list[Run | Said] = field(default_factory=list)


class Accidents:
    """Where the process dies next: before or after the note that a message is handed over, or when the channel has taken it; "" nowhere.
    What is planned waits for its place to be come by. ``dead``: between the accident and the next run, when nothing is tidied up."""

    def __init__(self) -> None:
        self.planned, self.skip, self.dead = "", 0, False

    def plan(self, place: str, skip: int) -> None:
        if not self.planned:
            self.planned, self.skip = place, skip

    def strikes(self, place: str) -> bool:
        if self.planned != place or self.skip:
            self.skip = max(0, self.skip - (self.planned == place))
            return False
        self.planned, self.dead = "", True
        return True


class Receiver:
    """One channel that always works, and counts."""

    def __init__(self, run: Run, accidents: Accidents, between: Callable[[], None]) -> None:
        self.run, self.accidents, self.between = run, accidents, between

    def channels(self) -> list[ChannelView]:
        return [ChannelView("one", "webhook", "One", True, False, "en", None, None)]

    def deliver(self, channel_id: str, title: str, body: str) -> Delivery:
        assert channel_id == "one"
        self.run.arrived.append(Arrived(title, body))
        if self.accidents.strikes("arrived"):
            raise Died
        self.between()
        return Delivery()


@contextmanager
def mortal(accidents: Accidents, current: list[Run]) -> Iterator[None]:
    """While this lasts, processes die at the store where ``accidents`` says so."""
    hand_over, leave = ReminderStore.hand_over, LeaseStore.leave

    def dying(self: ReminderStore, message: Message, now: datetime) -> bool:
        if accidents.strikes("before_hand_over"):
            raise Died
        done = hand_over(self, message, now)
        if done and accidents.strikes("after_hand_over"):
            current[-1].doubtful |= {item.topic.split("/")[0] for item in message.items}
            raise Died
        return done

    def left(self: LeaseStore, holder: str) -> None:
        if not accidents.dead:  # the dead leave nothing
            leave(self, holder)

    ReminderStore.hand_over = dying  # type: ignore[method-assign]
    LeaseStore.leave = left  # type: ignore[method-assign]
    try:
        yield
    finally:
        ReminderStore.hand_over = hand_over  # type: ignore[method-assign]
        LeaseStore.leave = leave  # type: ignore[method-assign]


class World:
    """The cards, their people and two workers."""

    def __init__(self, folder: Path, cards: int, seed: int) -> None:
        self.luck, self.folder, self.now = random.Random(seed), folder, START
        self.story, self.accidents, self.current = Story(), Accidents(), list[Run]()
        self.house = self.opened()
        names = [f"card{number}" for number in range(cards)]
        self.story.operators = {name: list(LADDERS)[number % len(LADDERS)] for number, name in enumerate(names)}
        CardDesk(self.house, "local", lambda: START).add_many(
            (Card(name, name, CardKind.SIM, operator), CardSecrets()) for name, operator in self.story.operators.items()
        )
        ReminderDesk(self.house, "local", lambda: START).keep_habits(Habits(zone="Europe/London"))
        self.renews_on: dict[str, date] = {}
        for name in names:
            self.type_date(name)

    def opened(self) -> House:
        return open_house(Configuration(database_url=f"sqlite:///{self.folder}/simkeeper.db", data_dir=self.folder))

    def restart(self) -> None:
        self.house.close()
        self.house = self.opened()

    def type_date(self, name: str) -> None:
        """The person renews: a new date is on the card. When next is a matter of character, sometimes too late."""
        here = self.now.astimezone(ZONE)
        end = here.date() + timedelta(days=self.luck.randrange(20, 120))
        ReadingDesk(self.house, "local", lambda: here).record(
            Reading(name, Source.TYPED, here, validity=(Validity(ValidityKind.UNSPECIFIED, end),))
        )
        clocks = ClockDesk(self.house, "local", lambda: here).of_card(name)
        assert clocks is not None
        days = [state.latest_safe_day for state in clocks.states if state.latest_safe_day is not None]
        assert len(days) == 1
        self.renews_on[name] = days[0] + timedelta(days=self.luck.choice((-20, -8, -4, -3, -1, 0, 0, 1, 2)))
        self.story.things.append(Said(name, "date", self.now, days[0]))

    def people(self) -> None:
        """Between two runs: renewals, and answers to reminders."""
        today = self.now.astimezone(ZONE).date()
        for name, day in self.renews_on.items():
            if day <= today:
                self.type_date(name)
        desk = ReminderDesk(self.house, "local", lambda: self.now)
        if self.luck.random() < 0.15:
            for standing in [it for it in desk.standings() if it.pressing and it.said][:4]:
                answer = self.luck.choice(("acknowledge", "snooze", ""))
                if answer == "acknowledge":
                    desk.acknowledge(standing)
                elif answer == "snooze":
                    desk.snooze(standing)
                if answer and standing.topic.card_id is not None:
                    self.story.things.append(Said(standing.topic.card_id, answer, self.now, standing.topic.last_day))

    def work(self, holder: str, ahead: timedelta = timedelta(0), accident: str = "", beside: bool = False) -> None:
        """One run of a worker whose clock is ``ahead`` of the people's. ``beside``: another worker, whose clock is ahead of the lease,
        works at the same time."""
        at = self.now + ahead
        run = Run(at)
        self.story.things.append(run)
        self.current.append(run)
        self.accidents.dead = False
        if accident:
            self.accidents.plan(accident, self.luck.randrange(2))

        def interrupt() -> None:
            nonlocal beside
            if beside:
                beside = False
                other = Receiver(run, Accidents(), lambda: None)
                worker.run_once(self.house, "another", lambda: at + worker.LEASE + timedelta(minutes=1), lambda *_: other)

        receiver = Receiver(run, self.accidents, interrupt)
        try:
            worker.run_once(self.house, holder, lambda: at, lambda *_: receiver)
        except Died:
            run.died = "died"
            self.restart()

    def live(self, days: int, runs_a_day: int, rough: int = 1) -> Story:
        """Go through ``days``. Of every hundred runs some die, some are missed for days, some follow a jump of the clock; ``rough`` times
        as many."""
        every = timedelta(days=1) / runs_a_day
        end, number, jumped = self.now + timedelta(days=days), 0, timedelta(0)
        with mortal(self.accidents, self.current):
            while self.now < end:
                self.now += every
                number += 1
                self.people()
                luck = self.luck.random()
                chance, accident = luck / rough, ""
                if chance < 0.02:
                    self.now += timedelta(hours=self.luck.randrange(10, 80))  # nothing runs for a while
                    self.people()
                elif chance < 0.08:
                    accident = self.luck.choice(("before_hand_over", "after_hand_over", "arrived"))
                elif chance < 0.09:
                    self.restart()
                elif chance < 0.10 and not jumped:
                    jumped = self.luck.choice((timedelta(hours=-5), timedelta(hours=7), timedelta(days=9), timedelta(days=-3)))
                elif luck < 0.4:
                    jumped = timedelta(0)  # the clock is right again
                self.work(("a", "b")[number % 2], jumped, accident, beside=luck > 0.9)
        self.house.close()
        return self.story


# ------------------------------------------------------------------------------------------------------------------- the judge


@dataclass
class Verdict:
    """``wrong``: sentences on everything that was not as it had to be."""

    runs: int = 0
    died: int = 0
    delivered: int = 0
    doubtful: int = 0
    wrong: list[str] = field(default_factory=list)


Window = tuple[str, date, int, datetime, int]
"""A card, its last safe day, days before it, what repeats are counted from, how many."""


@dataclass
class _Card:
    ladder: tuple[int, ...]
    last_day: date | None = None
    acknowledged: int | None = None
    snoozed: datetime | None = None

    def window(self, name: str, at: datetime, late: bool = False) -> Window | None:
        """What has to have been said at ``at``, by walking on from step to step and from repeat to repeat; with ``late`` also what may be
        said when the last safe day is over."""
        if self.last_day is None or (at.astimezone(ZONE).date() > self.last_day and not late):
            return None
        lead, since = None, None
        for days in self.ladder:
            falls = datetime.combine(self.last_day - timedelta(days=days), time(9), ZONE).astimezone(UTC)
            if falls <= at:
                lead, since = days, falls
        if lead is None or since is None or (self.acknowledged is not None and lead >= self.acknowledged):
            return None
        if self.snoozed is not None and at < self.snoozed:
            return None
        if self.snoozed is not None and since < self.snoozed:
            since = self.snoozed
        gap = timedelta(days=7 if lead >= 30 else 3 if lead >= 6 else 1)
        count, local = 0, since.astimezone(ZONE)
        while (local + gap * (count + 1)).astimezone(UTC) <= at:
            count += 1
        return name, self.last_day, lead, since, count


def judge(story: Story) -> Verdict:
    verdict, done = Verdict(), dict[Window, datetime]()
    cards = {name: _Card(LADDERS[operator]) for name, operator in story.operators.items()}
    owed: set[Window] = set()
    for thing in story.things:
        if isinstance(thing, Said):
            _hear(cards[thing.card], thing)
            continue
        verdict.runs += 1
        verdict.died += bool(thing.died)
        quiet = not time(8) <= thing.at.astimezone(ZONE).time() < time(22)
        wanted = set[Window]()
        for name, card in cards.items():
            window = None if quiet else card.window(name, thing.at)
            if window is not None and window not in done and not _stands_for(done, window, thing.at):
                wanted.add(window)
        came = [window for arrived in thing.arrived for window in _read(arrived, cards, thing.at, verdict)]
        verdict.delivered += len(came)
        for window in came:
            if window in done:
                verdict.wrong.append(f"{thing.at}: twice: {window}")
            elif window not in wanted and window not in owed and thing.at.astimezone(ZONE).date() <= window[1]:
                verdict.wrong.append(f"{thing.at}: not due: {window}")
            done[window] = thing.at
        missing = wanted - set(came)
        if not thing.died:
            verdict.wrong += [f"{thing.at}: did not come: {window}" for window in missing]
            owed = owed if quiet else set()
            continue
        owed |= missing
        for window in missing:
            if window[0] in thing.doubtful:  # called or not, nobody can know: never again, the next repeat says it
                verdict.doubtful += 1
                done[window] = thing.at
    return verdict


def _hear(card: _Card, said: Said) -> None:
    if said.what == "date":
        card.last_day, card.acknowledged, card.snoozed = said.last_day, None, None
    elif said.last_day != card.last_day:
        return
    elif said.what == "snooze":
        card.snoozed, card.acknowledged = said.at + timedelta(days=1), None
    else:
        leads = [
            days
            for days in card.ladder
            if card.last_day is not None
            and datetime.combine(card.last_day - timedelta(days=days), time(9), ZONE).astimezone(UTC) <= said.at
        ]
        card.acknowledged = min([*leads, *([card.acknowledged] if card.acknowledged is not None else [])])
        card.snoozed = None


def _stands_for(done: dict[Window, datetime], window: Window, at: datetime) -> bool:
    """Whether something later about the same was said less than twenty hours from now: the clock was set back by that."""
    return any(
        other[:2] == window[:2]
        and (-other[2], other[3], other[4]) > (-window[2], window[3], window[4])
        and abs(when - at) < timedelta(hours=20)
        for other, when in done.items()
        if other[0] == window[0]
    )


def _read(arrived: Arrived, cards: dict[str, _Card], at: datetime, verdict: Verdict) -> Iterator[Window]:
    """The windows that a message is about, by its words.

    Words alone do not tell two reminders apart: what fell due on the last safe day and could not be said before eight o'clock of the next
    one is "1 day too late", and so is, from nine on, the repeat of that day. Both are due, each once; so they are told apart by windows.
    """
    today = at.astimezone(ZONE).date()
    for line in arrived.lines():
        late = LATE.match(line)
        found = late or LINE.match(line)
        if found is None:
            continue
        name, last = found[1], datetime.strptime(found[4], "%b %d, %Y").replace(tzinfo=UTC).date()
        if int(found[3] or 0) != ((today - last) if late else (last - today)).days:
            verdict.wrong.append(f"{at}: counts days wrongly: {line}")
        if cards[name].last_day != last:
            verdict.wrong.append(f"{at}: of another date: {line}")
            continue
        window = cards[name].window(name, at, late=late is not None)
        if window is None:
            verdict.wrong.append(f"{at}: nothing was due: {line}")
        else:
            yield window
