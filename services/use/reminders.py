"""Reminders of an account: what is due, what comes next, sending it, and what the person says about it."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from services.channels.outcome import Delivery, Failure
from services.model.reading import MoneyBalance
from services.model.reminder import CardHabits, Decision, Habits, Slot, Topic
from services.rules.clocks.schema import parse_zone
from services.rules.reminders import messages
from services.rules.reminders.ladders import checked_days
from services.rules.reminders.messages import IN_ONE_MESSAGE, Links, Saying
from services.rules.reminders.schedule import (
    JUST_SENT,
    Due,
    after_quiet,
    due_slot,
    falls,
    is_overtaken,
    is_quiet,
    is_silenced,
    most_urgent_first,
    steps_of,
)
from services.rules.reminders.topics import CardFacts, topics
from services.store.acting import NotAllowed, as_program
from services.store.reminders import SEEN, Draft, Episode, Item, LinkAction, Message, MessageStatus, ReminderStore
from services.store.vault import SecretUnreadable, Vault
from services.use.channels import ChannelView
from services.use.clocks import ClockDesk
from services.use.house import House
from services.use.known_clocks import CardClocks
from services.use.readings import CardView, ReadingDesk
from services.use.renewals import RenewalDesk, facts_of

SELF_TEST = "self_test"
SNOOZE = timedelta(days=1)
LINKS_LAST = timedelta(days=30)
STUCK = timedelta(minutes=15)
"""A message handed over so long ago is in nobody's hands any more: no channel is waited for so long."""
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=6)
FALLS_BACK_AFTER, GIVES_UP_AFTER = 3, 12
"""Attempts."""
_PURPOSE = "reminder link"


class Channels(Protocol):
    """The channels of the account; ``services.use.channels.ChannelDesk`` is one."""

    def channels(self) -> list[ChannelView]: ...

    def deliver(self, channel_id: str, title: str, body: str) -> Delivery: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """A topic as it stands. ``due``: the slot that holds, None before the first step. ``overtaken``: a later slot was said a short while
    ago, before the clock was set back. ``said``: that, or this slot was claimed. ``silenced``: acknowledged or snoozed. ``next_at``: when
    something is sent next, quiet hours heeded; None: nothing more."""

    topic: Topic
    episode: str
    due: Due | None
    said: bool
    overtaken: bool
    silenced: bool
    decision: Decision
    next_at: datetime | None

    @property
    def pressing(self) -> bool:
        """Whether a person has to say something: the slot holds, and nothing was said."""
        return self.due is not None and not self.silenced

    @property
    def item(self) -> Item:
        """Raises ValueError when nothing is due."""
        if self.due is None:
            raise ValueError("nothing is due")
        return Item(self.topic.key, self.episode, self.due.slot, self.topic.card_id)


@dataclass(frozen=True, slots=True)
class Round:
    """What one run did: messages claimed, delivered, failed."""

    claimed: int = 0
    delivered: int = 0
    failed: int = 0


class ReminderDesk:
    """Reminders of one account. Every instant comes from ``now``; the person's zone is that of the habits."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._house = house
        self._account = account
        self._now = now
        self._vault = Vault(house.configuration.data_dir)
        self.store = ReminderStore(house.database, account)

    # ------------------------------------------------------------------------------------------------------- habits

    def habits(self) -> Habits:
        return self.store.habits()

    def keep_habits(self, habits: Habits) -> None:
        """Raises ValueError when a ladder or the zone makes no sense."""
        if habits.zone is not None:
            parse_zone(habits.zone)
        own = {matter: checked_days(days, matter) for matter, days in habits.ladders.items()}
        self.store.keep_habits(replace(habits, ladders=own))

    def card_habits(self) -> dict[str, CardHabits]:
        return self.store.card_habits()

    def keep_card_habits(self, card_id: str, habits: CardHabits) -> bool:
        """False when the card is gone. Raises ValueError when a ladder makes no sense."""
        own = {matter: checked_days(days, matter) for matter, days in habits.ladders.items()}
        return self.store.keep_card_habits(card_id, replace(habits, ladders=own))

    def heed_zone(self, zone: str) -> None:
        """Take over the zone that the browser of somebody shows who may change things, as long as nobody has said another one. They only
        looked, so it is no change of theirs."""
        habits = self.habits()
        if habits.zone is None:
            with suppress(NotAllowed):
                self._house.database.require()
                with as_program():
                    self.store.keep_habits(replace(habits, zone=zone))

    # ------------------------------------------------------------------------------------------------------- what stands

    def standings(self) -> list[Standing]:
        """Every topic, what presses first and then by what is sent next."""
        found = self._standings(self._now(), self.habits())
        return sorted(found, key=lambda it: (not it.pressing, it.next_at or datetime.max.replace(tzinfo=UTC), it.topic.name, it.topic.key))

    def _standings(self, now: datetime, habits: Habits) -> list[Standing]:
        zone = zone_of(habits)
        found = self._topics(now, zone)
        kept, opened = self._episodes(found, now)
        cards, ready = self.store.card_habits(), []
        for topic in found:
            name = topic.episode or opened.get(topic.key)
            steps = steps_of(topic, habits, cards.get(topic.card_id or ""))
            if name is None or not steps:
                continue
            episode = kept.get((topic.key, name))
            decision = Decision() if episode is None else episode.decision
            began = topic.since or (now if episode is None else min(episode.opened_at, now))
            ready.append((topic, name, steps, began, decision, due_slot(topic, steps, began, decision, habits.at, zone, now)))
        claimed = self.store.claimed([topic.key for topic, *_, due in ready if due is not None])
        said_of_late = self.store.said(now - JUST_SENT, now + JUST_SENT)
        standings = []
        for topic, name, steps, began, decision, due in ready:
            which = topic.key, name
            overtaken = due is not None and is_overtaken(due.slot, said_of_late.get(which, ()), now)
            said = due is not None and (overtaken or due.slot in claimed.get(which, ()))
            silenced = due is not None and is_silenced(due.slot, decision, now)
            ahead = [(step, falls(topic, step, began, habits.at, zone)) for step in steps]
            next_at = _next(due, ahead, said, decision, now)
            if next_at is not None:
                next_at = after_quiet(habits.quiet, next_at, zone)
            standings.append(Standing(topic, name, due, said, overtaken, silenced, decision, next_at))
        return standings

    def _episodes(self, found: Iterable[Topic], now: datetime) -> tuple[dict[tuple[str, str], Episode], dict[str, str]]:
        """What is kept of every episode, and the open ones of what begins with being seen: opened and closed as it comes and goes."""
        seen = {topic.key: topic.card_id for topic in found if topic.episode is None}
        kept = self.store.episodes()
        opened = _opened(kept)
        if set(opened) != set(seen):
            self.store.see(seen, now)
            kept = self.store.episodes()
            opened = _opened(kept)
        return kept, opened

    def _topics(self, now: datetime, zone: tzinfo) -> list[Topic]:
        here = now.astimezone(zone)
        clocks = {known.card.card_id: known for known in ClockDesk(self._house, self._account, lambda: here).all()}
        board = ReadingDesk(self._house, self._account, lambda: here).board()
        cards = [_facts(view, clocks.get(view.card.card_id)) for view in board if not view.card.is_sample]
        walks = RenewalDesk(self._house, self._account, lambda: here).walks()
        return topics(cards, facts_of(walks, [view.card for view in board]), now, zone)

    # ------------------------------------------------------------------------------------------------------- sending

    def run(self, channels: Channels) -> Round:
        """Claim what is due, send it, and send again what failed. Nothing is sent in quiet hours, and nothing is claimed while no channel
        is switched on. Several runs at once share the work."""
        now, habits = self._now(), self.habits()
        standings, zone = self._standings(now, habits), zone_of(habits)
        if is_quiet(habits.quiet, now, zone):
            return Round()
        live = {it.item: it for it in standings if it.pressing and not it.overtaken}
        due = [it for it in live.values() if not it.said]
        views = {view.channel_id: view for view in channels.channels() if view.enabled}
        targets = _targets(views.values())
        claimed = 0
        if targets and due:
            items = [it.item for it in due]
            claimed = self.store.claim(items, lambda fresh: self._drafts(targets, fresh, live, habits, now), now)
        if targets and habits.self_test:
            claimed += self._claim_self_test(targets, views, zone, now, habits)
        if live and views:
            claimed += self.store.claim_left_out(
                live, views, lambda channel_id, items: self._drafts([views[channel_id]], items, live, habits, now), now
            )
        return self._send(channels, views, live, habits, claimed)

    def _drafts(
        self, targets: Iterable[ChannelView], items: Sequence[Item], live: Mapping[Item, Standing], habits: Habits, now: datetime
    ) -> list[Draft]:
        """Messages for every channel of ``targets`` about ``items``, all of which are live, in the words of now."""
        by_key = {item.topic: item for item in items}
        ordered = most_urgent_first((live[item].topic, item.slot) for item in items)
        parts = [ordered[start : start + IN_ONE_MESSAGE] for start in range(0, len(ordered), IN_ONE_MESSAGE)]
        return [
            self._draft(channel, part, [by_key[topic.key] for topic, _ in part], (number, len(parts)), habits, now)
            for channel in targets
            for number, part in enumerate(parts, 1)
        ]

    def _draft(
        self,
        channel: ChannelView,
        part: Sequence[tuple[Topic, Slot]],
        items: Sequence[Item],
        which: tuple[int, int],
        habits: Habits,
        now: datetime,
    ) -> Draft:
        zone, expires = zone_of(habits), now + LINKS_LAST
        links, addresses = {}, []
        for action in (LinkAction.ACKNOWLEDGE, LinkAction.SNOOZE):
            link_id = secrets.token_hex(8)
            links[link_id] = (action, tuple(items), expires)
            addresses.append(f"{self._base}/remind/{self._token(link_id, action, channel.language, expires)}")
        saying = Saying(channel.language, zone, now.astimezone(zone).date())
        title, body = messages.message(part, Links(self._base, *addresses), saying, which)
        return Draft(channel.channel_id, tuple(items), title, body, links)

    def _claim_self_test(
        self, targets: Sequence[ChannelView], views: Mapping[str, ChannelView], zone: tzinfo, now: datetime, habits: Habits
    ) -> int:
        """Once a day; where a clock that was wrong left it out, as soon as its day is today."""
        today = now.astimezone(zone).date()
        if now.astimezone(zone).time() < habits.at:
            return 0
        item = Item(SELF_TEST, today.isoformat(), Slot(0, 0, 0))

        def draft(channel: ChannelView) -> Draft:
            title, body = messages.self_test(Saying(channel.language, zone, today))
            return Draft(channel.channel_id, (item,), title, body, {})

        if self.store.claimed([SELF_TEST]).get((SELF_TEST, item.episode)):
            return self.store.claim_left_out([item], views, lambda channel_id, _: [draft(views[channel_id])], now)
        return self.store.claim([item], lambda _: [draft(channel) for channel in targets], now)

    def _send(
        self, channels: Channels, views: Mapping[str, ChannelView], live: Mapping[Item, Standing], habits: Habits, claimed: int
    ) -> Round:
        """Every message that waits is tried once, those that a failure puts in the place of others included. ``views``: every channel that
        is switched on."""
        tried, zone = set[str](), zone_of(habits)
        delivered = failed = 0
        while waiting := [message for message in self.store.open_messages() if message.message_id not in tried]:
            for message in waiting:
                tried.add(message.message_id)
                now = self._now()
                if message.status is MessageStatus.HANDED:
                    if message.tried_at is None or abs(now - message.tried_at) > STUCK:
                        self.store.end(message, MessageStatus.UNKNOWN)
                elif not _is_live(message, live, now.astimezone(zone).date()):
                    self.store.end(message, MessageStatus.OBSOLETE)  # should this clock be wrong, the run after it makes good for it
                elif not _is_time(message, now):
                    continue
                elif message.channel_id in views and not _is_as_drafted(message, live, now, zone):
                    draft = self._redrafted(message, views[message.channel_id], live, habits, now)
                    if draft is not None:  # what does not hold now is left out, days are counted anew; it goes in this very run
                        self.store.replace(message, draft, now, MessageStatus.OBSOLETE)
                elif self.store.hand_over(message, now):
                    here = message.channel_id in views
                    outcome = channels.deliver(message.channel_id, message.title, message.body) if here else Delivery(Failure.GONE)
                    if outcome.failure is None:
                        self.store.settle(message.message_id, MessageStatus.SENT)
                        delivered += 1
                    else:
                        failed += 1
                        self._after_failure(message, outcome.failure, outcome.detail, live, list(views.values()), habits)
        return Round(claimed, delivered, failed)

    def _after_failure(
        self, message: Message, why: Failure, detail: str, live: Mapping[Item, Standing], views: Sequence[ChannelView], habits: Habits
    ) -> None:
        """Decide what follows: another attempt later, the fallback channel, or nothing.

        A time-out is no proof that nothing arrived, so the message is not sent there again; the fallback channel gets it at once.
        """
        now, attempts, failure = self._now(), message.attempts + 1, f"{why.value} {detail}".strip()
        later = now + (min(FIRST_RETRY * 4 ** (attempts - 1), LONGEST_RETRY) if why.may_pass else LONGEST_RETRY)
        self.store.settle(message.message_id, MessageStatus.FAILED, failure, later)
        over, doubtful = why is Failure.GONE or attempts >= GIVES_UP_AFTER, why is Failure.TIMEOUT
        fallback = next((view for view in views if view.is_fallback and view.channel_id != message.channel_id), None)
        if fallback is not None and (doubtful or over or attempts >= FALLS_BACK_AFTER or not why.may_pass):
            draft = self._redrafted(message, fallback, live, habits, now)
            if draft is not None and self.store.replace(replace(message, status=MessageStatus.FAILED), draft, now, MessageStatus.REPLACED):
                return
        if doubtful or over:
            self.store.settle(message.message_id, MessageStatus.UNKNOWN if doubtful else MessageStatus.GIVEN_UP, failure)

    def _redrafted(
        self, message: Message, channel: ChannelView, live: Mapping[Item, Standing], habits: Habits, now: datetime
    ) -> Draft | None:
        """The same for another channel, in its language, without what is over."""
        if _is_self_test(message):
            return Draft(channel.channel_id, message.items, message.title, message.body, {})
        items = [item for item in message.items if item in live]
        return next(iter(self._drafts([channel], items, live, habits, now)), None)

    # ------------------------------------------------------------------------------------------------------- what the person says

    def acknowledge(self, standing: Standing) -> None:
        """Repeat no more; the next step comes. Raises ValueError when nothing is due."""
        self.store.acknowledge([standing.item], self._now())

    def snooze(self, standing: Standing, length: timedelta = SNOOZE) -> None:
        """Be silent for ``length``, then say it anew. Raises ValueError when nothing is due."""
        now = self._now()
        self.store.snooze([standing.item], now + length, now)

    @property
    def _base(self) -> str:
        return self._house.configuration.base_url

    def _token(self, link_id: str, action: LinkAction, language: str, expires: datetime) -> str:
        said = [_PURPOSE, self._account, link_id, action.value, language, int(expires.timestamp())]
        return self._vault.seal(json.dumps(said)).rstrip("=")


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link from a message asks for. ``problem``: "used", "expired" or "wrong"; empty while it works."""

    action: LinkAction
    language: str
    problem: str = ""


def open_link(house: House, token: str, now: datetime) -> OpenedLink:
    """Look at a link and change nothing: mail scanners and previews open every link they find."""
    return _opened_link(house, token, now)[0]


def use_link(house: House, token: str, now: datetime) -> OpenedLink:
    """Do what a link asks for, once. ``problem`` says why nothing was done."""
    opened, account, link_id = _opened_link(house, token, now)
    if opened.problem:
        return opened
    store = ReminderStore(house.database, account)
    link = store.link(link_id)
    if link is None or not store.use_link(link_id, now):
        return replace(opened, problem="used")
    if opened.action is LinkAction.ACKNOWLEDGE:
        store.acknowledge(link.items, now)
    else:
        store.snooze(link.items, now + SNOOZE, now)
    return opened


def _opened_link(house: House, token: str, now: datetime) -> tuple[OpenedLink, str, str]:
    wrong = OpenedLink(LinkAction.ACKNOWLEDGE, "", "wrong"), "", ""
    try:
        said = json.loads(Vault(house.configuration.data_dir).open(token + "=" * (-len(token) % 4)))
    except (SecretUnreadable, ValueError):
        return wrong
    if not isinstance(said, list) or len(said) != 6 or said[0] != _PURPOSE:
        return wrong
    _, account, link_id, action, language, expires = said
    link = ReminderStore(house.database, account).link(link_id)
    if link is None:
        return wrong
    problem = "used" if link.used_at is not None else "expired" if int(now.timestamp()) >= expires else ""
    return OpenedLink(LinkAction(action), language, problem), account, link_id


def zone_of(habits: Habits) -> ZoneInfo:
    """The person's zone; UTC while nobody has said."""
    return ZoneInfo(habits.zone or "UTC")


def _opened(kept: Mapping[tuple[str, str], Episode]) -> dict[str, str]:
    return {topic: name for (topic, name), episode in kept.items() if name.startswith(SEEN) and episode.closed_at is None}


def _targets(views: Iterable[ChannelView]) -> list[ChannelView]:
    """Every channel of those that are switched on; the fallback one only where it is alone."""
    on = list(views)
    return [view for view in on if not view.is_fallback] or on


def _is_self_test(message: Message) -> bool:
    return message.items[0].topic == SELF_TEST


def _is_live(message: Message, live: Mapping[Item, Standing], today: date) -> bool:
    """Whether anything that a message says holds now: not renewed, not acknowledged, not said anew by a later slot, and not before its
    time."""
    if _is_self_test(message):
        return message.items[0].episode == today.isoformat()
    return any(item in live for item in message.items)


def _is_as_drafted(message: Message, live: Mapping[Item, Standing], now: datetime, zone: tzinfo) -> bool:
    """Whether all that a message says still holds, and is said as of today: it counts days."""
    same_day = message.made_at.astimezone(zone).date() == now.astimezone(zone).date()
    return _is_self_test(message) or (same_day and all(item in live for item in message.items))


def _is_time(message: Message, now: datetime) -> bool:
    """A next attempt that lies further ahead than any pause lasts was set by a clock that was wrong."""
    return message.next_try_at is None or message.next_try_at <= now or message.next_try_at > now + LONGEST_RETRY


def _next(due: Due | None, ahead: Sequence[tuple[int, datetime]], said: bool, decision: Decision, now: datetime) -> datetime | None:
    """When something is sent next. ``ahead``: every step with its moment."""
    coming = [(step, moment) for step, moment in ahead if moment > now]
    if due is None:
        return min((moment for _, moment in coming), default=None)
    if decision.snoozed_until is not None and now < decision.snoozed_until:
        return decision.snoozed_until
    if decision.acknowledged is not None and due.slot.step <= decision.acknowledged:
        return min((moment for step, moment in coming if step > decision.acknowledged), default=None)
    return due.next_at if said else now


def _facts(view: CardView, known: CardClocks | None) -> CardFacts:
    money = None if view.state is None else view.state.main_money()
    return CardFacts(
        card=view.card,
        states=() if known is None else known.states,
        assumed=known is not None and known.is_assumed,
        reasons=frozenset(view.urgency.reasons),
        data=None if view.data is None else view.data.remaining,
        money=money.figure.money if money is not None and isinstance(money.figure, MoneyBalance) else None,
        look_up_fails=view.state is not None and view.state.last_failure is not None,
    )


__all__ = ["Channels", "OpenedLink", "ReminderDesk", "Round", "Standing", "open_link", "use_link", "zone_of"]
