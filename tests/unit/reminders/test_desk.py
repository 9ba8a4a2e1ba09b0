"""Reminders in use: claimed and sent once, again after failures, by the fallback channel, silent when asked to; links; several workers."""

import re
import threading
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.channels.outcome import Delivery, Failure
from services.model.card import Card, CardKind, CardSecrets, Thresholds
from services.model.data_volume import DataUnit, DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, FailedLookUp, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.reminder import CardHabits, Habits, Matter, Quiet
from services.model.renewal import Begun, Channel, RenewalStatus
from services.store.acting import Actor, NotAllowed, act_as
from services.store.leases import LeaseStore
from services.store.reminders import LinkAction, MessageStatus, ReminderStore
from services.use import worker
from services.use.auto_renew import AutoRenewDesk
from services.use.cards import CardDesk
from services.use.channels import ChannelView
from services.use.configuration import Configuration
from services.use.house import House, open_house
from services.use.orders import OrderDesk
from services.use.readings import ReadingDesk
from services.use.reminders import LINKS_LAST, ReminderDesk, Standing, open_link, use_link
from services.use.renewals import RenewalDesk

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Watch:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, days: float) -> datetime:
        self.now += timedelta(days=days)
        return self.now


class Post:
    """Channels in memory. ``fails``: what a channel answers, by its id."""

    def __init__(self, *views: ChannelView) -> None:
        self.views = list(views) or [view("main")]
        self.fails: dict[str, Failure] = {}
        self.arrived: list[tuple[str, str, str]] = []
        self.calls: list[str] = []

    def channels(self) -> list[ChannelView]:
        return self.views

    def deliver(self, channel_id: str, title: str, body: str) -> Delivery:
        self.calls.append(channel_id)
        if channel_id in self.fails:
            return Delivery(self.fails[channel_id], "HTTP 503")
        self.arrived.append((channel_id, title, body))
        return Delivery()

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.arrived]


def view(name: str, language: str = "en", fallback: bool = False, enabled: bool = True) -> ChannelView:
    return ChannelView(name, "webhook", name, enabled, fallback, language, None, None)


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    opened = open_house(Configuration(database_url=database_url, data_dir=tmp_path, base_url="https://sim.example"))
    opened.database.ensure_account("other")
    yield opened
    opened.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def desk(house: House, watch: Watch) -> ReminderDesk:
    opened = ReminderDesk(house, "local", watch)
    opened.keep_habits(Habits(zone="UTC", quiet=None))
    return opened


def add(house: House, name: str, ends: date | None = None, operator: str | None = "vodafone_uk", **facts: object) -> Card:
    card = Card(name, facts.pop("nickname", name), facts.pop("kind", CardKind.SIM), operator, **facts)  # type: ignore[arg-type]
    CardDesk(house, "local", lambda: NOON).add(card, CardSecrets())
    if ends is not None:
        shows(house, name, NOON, validity=(Validity(ValidityKind.UNSPECIFIED, ends),))
    return card


def shows(house: House, name: str, at: datetime, **figures: object) -> None:
    ReadingDesk(house, "local", lambda: at).record(Reading(name, Source.TYPED, at, **figures))  # type: ignore[arg-type]


def only(desk: ReminderDesk, matter: Matter) -> Standing:
    found = [standing for standing in desk.standings() if standing.topic.matter is matter]
    assert len(found) == 1
    return found[0]


# ------------------------------------------------------------------------------------------------------------------- sending


def test_a_reminder_says_which_card_what_ends_when_the_cheapest_way_and_where_to_go_on(house: House, desk: ReminderDesk) -> None:
    add(house, "home", date(2026, 11, 25), operator="giffgaff", nickname="Home number")
    post = Post(view("en"), view("zh", "zh"))
    assert desk.run(post).delivered == 2
    (_, title, body), (_, zh_title, zh_body) = post.arrived
    assert title.startswith("Home number: ")
    assert re.search(r"\d days left \(until Nov 2\d, 2026\)", title)
    assert "ends on Nov 2" in body
    assert "Cheapest: a text you send, £0.30." in body
    assert "https://sim.example/renew?card=home" in body
    assert body.count("https://sim.example/remind/") == 2
    assert "还剩" in zh_title
    assert "最便宜的办法：发一条短信" in zh_body
    assert "知道了：https://sim.example/remind/" in zh_body


def test_nothing_is_sent_twice_and_the_step_repeats_until_it_is_acknowledged(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 25))  # the last safe day is the one before
    post = Post()
    for _ in range(3):
        desk.run(post)
    assert len(post.arrived) == 1
    watch.on(1)
    desk.run(post)
    desk.run(post)
    assert len(post.arrived) == 2
    desk.acknowledge(only(desk, Matter.INACTIVITY))
    watch.on(1)
    desk.run(post)
    assert len(post.arrived) == 2
    watch.on(1)  # the step of one day before the last safe day
    desk.run(post)
    assert len(post.arrived) == 3
    assert "1 day left" in post.titles[-1]


def test_many_in_one_run_are_one_digest_the_most_urgent_first(house: House, desk: ReminderDesk) -> None:
    add(house, "later", date(2026, 11, 30))
    add(house, "first", date(2026, 11, 22))
    post = Post()
    desk.run(post)
    [(_, title, body)] = post.arrived
    assert title.startswith("2 reminders. First: first: ")
    assert body.index("1. first") < body.index("2. later")
    assert body.count("/remind/") == 2
    for number in range(30):
        add(house, f"more{number}", date(2026, 11, 24))
    desk.run(post)
    parts = post.arrived[1:]
    assert [len(re.findall(r"^\d+\. ", body, re.MULTILINE)) for _, _, body in parts] == [10, 10, 10]
    assert all(len(body) < 4096 for _, _, body in parts)
    assert "part 2 of 3" in parts[1][1]


def test_renewing_ends_the_old_ladder_at_once(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24))
    post = Post()
    desk.run(post)
    shows(house, "home", watch.on(0.1), validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 5, 20)),))
    for _ in range(20):
        watch.on(1)
        desk.run(post)
    assert len(post.arrived) == 1
    watch.now = datetime(2027, 4, 13, 12, tzinfo=UTC)
    desk.run(post)
    assert len(post.arrived) == 2
    assert "35 days left" in post.titles[-1]


def test_what_was_renewed_before_a_failed_message_could_go_is_not_sent(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24))
    post = Post()
    post.fails["main"] = Failure.UNREACHABLE
    assert desk.run(post).failed == 1
    shows(house, "home", watch.on(0.01), validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 5, 20)),))
    del post.fails["main"]
    watch.on(0.5)
    desk.run(post)
    assert post.arrived == []
    assert [message.status for message in desk.store.log(5)] == [MessageStatus.OBSOLETE]


def test_quiet_hours_in_the_persons_zone_are_kept_and_caught_up(house: House, desk: ReminderDesk, watch: Watch) -> None:
    desk.keep_habits(Habits(zone="Asia/Shanghai", quiet=Quiet(time(22), time(8))))
    add(house, "home", date(2026, 11, 24))
    post = Post()
    watch.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
    assert desk.run(post).claimed == 0
    assert only(desk, Matter.INACTIVITY).next_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    watch.now = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert desk.run(post).claimed == 0
    watch.now = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    assert desk.run(post).delivered == 1


def test_of_missed_steps_the_most_urgent_alone_is_said(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2027, 1, 31))
    post = Post()
    desk.run(post)
    watch.now = datetime(2027, 1, 29, 12, tzinfo=UTC)  # nothing ran for ten weeks
    desk.run(post)
    assert len(post.arrived) == 1
    assert "1 day left" in post.titles[0]


def test_without_a_channel_nothing_is_claimed_and_the_first_channel_catches_up(house: House, desk: ReminderDesk) -> None:
    add(house, "home", date(2026, 11, 24))
    nobody = Post(view("off", enabled=False))
    assert desk.run(nobody).claimed == 0
    assert desk.run(Post()).delivered == 1


def test_a_snooze_is_silent_and_then_says_it_anew(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2027, 1, 1))
    watch.now = datetime(2026, 12, 22, 12, tzinfo=UTC)  # ten days before, with three days between repeats
    post = Post()
    desk.run(post)
    desk.snooze(only(desk, Matter.INACTIVITY), timedelta(hours=30))
    assert only(desk, Matter.INACTIVITY).next_at == watch.now + timedelta(hours=30)
    watch.on(1)
    desk.run(post)
    assert len(post.arrived) == 1
    watch.on(0.25)
    desk.run(post)
    desk.run(post)
    assert len(post.arrived) == 2


# ------------------------------------------------------------------------------------------------------------------- failures


def test_a_failed_message_is_sent_again_later_and_later(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 25))
    post = Post()
    post.fails["main"] = Failure.SERVER
    tried = []
    for minute in range(60 * 6):
        watch.now = NOON + timedelta(minutes=minute)
        if desk.run(post).failed:
            tried.append(minute)
    assert tried == [0, 1, 5, 21, 85, 341]
    del post.fails["main"]
    watch.on(1)
    assert desk.run(post).delivered == 1
    assert desk.run(post).delivered == 0


def test_a_channel_that_keeps_failing_hands_over_to_the_fallback_once(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 25))
    post = Post(view("main", "zh"), view("spare", "en", fallback=True))
    post.fails["main"] = Failure.UNREACHABLE
    for minute in (0, 1, 5, 21, 85):
        watch.now = NOON + timedelta(minutes=minute)
        desk.run(post)
    assert post.calls == ["main", "main", "main", "spare"]
    assert "days left" in post.titles[0]
    del post.fails["main"]
    watch.on(0.5)
    desk.run(post)
    assert [channel for channel, _, _ in post.arrived] == ["spare"]


@pytest.mark.parametrize(("why", "calls"), [(Failure.UNAUTHORISED, ["main", "spare"]), (Failure.TIMEOUT, ["main", "spare"])])
def test_what_cannot_pass_by_itself_goes_to_the_fallback_at_once(house: House, desk: ReminderDesk, why: Failure, calls: list[str]) -> None:
    add(house, "home", date(2026, 12, 25))
    post = Post(view("main"), view("spare", fallback=True))
    post.fails["main"] = why
    desk.run(post)
    assert post.calls == calls


def test_a_time_out_is_not_sent_again_because_it_may_have_arrived(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 25))
    post = Post()
    post.fails["main"] = Failure.TIMEOUT
    desk.run(post)
    watch.on(1)
    desk.run(post)
    assert post.calls == ["main"]
    assert [message.status for message in desk.store.log(5)] == [MessageStatus.UNKNOWN]
    watch.on(6.5)  # the next repeat
    desk.run(post)
    assert post.calls == ["main", "main"]


def test_the_fallback_alone_serves_as_a_channel_and_beside_others_it_rests(house: House, desk: ReminderDesk) -> None:
    add(house, "home", date(2026, 11, 24))
    post = Post(view("main"), view("spare", fallback=True))
    desk.run(post)
    assert post.calls == ["main"]
    add(house, "second", date(2026, 11, 24))
    alone = Post(view("spare", fallback=True))
    desk.run(alone)
    assert alone.calls == ["spare"]


def test_a_channel_that_is_gone_gives_up_and_the_daily_test_goes_once_a_day(house: House, desk: ReminderDesk, watch: Watch) -> None:
    desk.keep_habits(Habits(zone="UTC", quiet=None, self_test=True))
    post = Post()
    watch.now = datetime(2026, 11, 20, 8, 59, tzinfo=UTC)
    assert desk.run(post).claimed == 0
    for hours in (0, 1, 9, 24):
        watch.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC) + timedelta(hours=hours)
        desk.run(post)
    assert post.titles == ["Simkeeper: reminders arrive"] * 2
    add(house, "home", date(2026, 11, 24))
    post.fails["main"] = Failure.GONE
    desk.run(post)
    assert MessageStatus.GIVEN_UP in {message.status for message in desk.store.log(5)}


# ------------------------------------------------------------------------------------------------------------------- what there is to say


def test_low_data_and_a_low_balance_are_said_once_for_each_time_they_fall_low(house: House, desk: ReminderDesk, watch: Watch) -> None:
    limits = Thresholds(data=DataVolume.of(1, DataUnit.GB), money=Money.of(5, "GBP"))
    add(house, "home", operator=None, thresholds=limits)
    shows(house, "home", watch.now, money=(MoneyBalance(Money.of(Decimal("4.20"), "GBP")),))
    shows(house, "home", watch.now, data=(DataBalance(remaining=DataVolume.of(Decimal("0.3"), DataUnit.GB)),))
    post = Post()
    desk.run(post)
    assert "£4.20" in post.arrived[0][2]
    assert "300 MB" in post.arrived[0][2]
    for standing in desk.standings():
        if standing.pressing:
            desk.acknowledge(standing)
    for _ in range(9):
        shows(house, "home", watch.on(1), money=(MoneyBalance(Money.of(4, "GBP")),))
        desk.run(post)
    assert len(post.arrived) == 1
    shows(house, "home", watch.now, money=(MoneyBalance(Money.of(20, "GBP")),))
    desk.run(post)
    watch.on(3)
    shows(house, "home", watch.now, money=(MoneyBalance(Money.of(1, "GBP")),))
    desk.run(post)
    assert len(post.arrived) == 2
    assert "£1.00" in post.titles[1]


def test_a_figure_that_flickers_at_its_limit_is_one_episode(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", operator=None, thresholds=Thresholds(money=Money.of(5, "GBP")))
    post = Post()
    for amount in (4, 6, 4, 6, 4):
        shows(house, "home", watch.on(0.1), money=(MoneyBalance(Money.of(amount, "GBP")),))
        desk.run(post)
    assert len(post.arrived) == 1


def test_look_ups_that_fail_for_three_days_are_said(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", operator=None)
    post = Post()
    ReadingDesk(house, "local", watch).store.fail(FailedLookUp("home", "airalo", watch.now, "{}"))
    desk.run(post)
    for days in (1, 1, 0.9):
        watch.on(days)
        desk.run(post)
    assert post.arrived == []
    watch.on(0.1)
    desk.run(post)
    assert post.titles == ["home: no look-up has succeeded for 3 days"]


def test_a_pending_renewal_and_the_deadline_of_a_claim(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", nickname="Home number", country="GB")
    renewals = RenewalDesk(house, "local", watch)
    run = renewals.start(Begun(CardKind.SIM, Channel.APP, operator="vodafone_uk", card_id="home", country="GB"))
    renewals.set_status(run, RenewalStatus.PAYING)
    renewals.set_status(run, RenewalStatus.SENT)
    post = Post()
    watch.on(0.9)
    desk.run(post)
    assert not any("paid" in title for title in post.titles)
    watch.on(0.1)
    desk.run(post)
    assert "Home number: paid, and nothing has counted yet" in post.titles
    assert any(f"/renew?run={run}" in body for _, _, body in post.arrived)
    claims = [it for it in desk.standings() if it.topic.matter is Matter.REFUND]
    assert claims
    assert all(it.topic.last_day is not None and it.topic.last_day > watch.now.date() for it in claims)
    renewals.abandon(run, "")
    assert not [it for it in desk.standings() if it.topic.renewal_id]


def test_a_rented_device_is_to_be_given_back_and_an_esim_to_be_activated(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "wifi", operator=None, kind=CardKind.POCKET_WIFI, return_by=date(2026, 11, 23))
    post = Post()
    assert desk.run(post).claimed == 0
    watch.on(1)
    desk.run(post)
    assert post.titles == ["wifi: give the device back, 2 days left"]


def test_what_was_bought_has_to_be_activated_in_time(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "wifi", operator="glocalme", kind=CardKind.POCKET_WIFI, bought_on=date(2026, 9, 1))
    standing = only(desk, Matter.ACTIVATE_BY)
    assert standing.topic.last_day is not None
    watch.now = datetime.combine(standing.topic.last_day - timedelta(days=9), time(9), UTC)
    post = Post()
    desk.run(post)
    assert "9 days left" in post.titles[0]


def test_own_ladders_of_a_person_and_of_a_card(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "one", date(2026, 12, 25))
    add(house, "two", date(2026, 12, 25))
    add(house, "three", date(2026, 12, 25))
    desk.keep_habits(Habits(zone="UTC", quiet=None, ladders={Matter.INACTIVITY: (3, 20)}))
    desk.keep_card_habits("two", CardHabits(ladders={Matter.INACTIVITY: (34,)}))
    desk.keep_card_habits("three", CardHabits(silent=True))
    assert desk.habits().ladders[Matter.INACTIVITY] == (20, 3)
    post = Post()
    desk.run(post)
    assert [title.split(":")[0] for title in post.titles] == ["two"]
    watch.now = datetime(2026, 12, 4, 12, tzinfo=UTC)
    desk.run(post)
    assert "one" in post.arrived[-1][2] or post.titles[-1].startswith("one")
    assert not any("three" in body or title.startswith("three") for _, title, body in post.arrived)
    for wrong in ((-1,), (999,)):
        with pytest.raises(ValueError):
            desk.keep_card_habits("one", CardHabits(ladders={Matter.INACTIVITY: wrong}))
    assert desk.keep_card_habits("gone", CardHabits(silent=True)) is False


def test_a_person_without_a_zone_is_given_that_of_the_browser_and_keeps_an_own_one(house: House, watch: Watch) -> None:
    desk = ReminderDesk(house, "local", watch)
    desk.heed_zone("Asia/Tokyo")
    desk.heed_zone("Europe/Paris")
    assert desk.habits().zone == "Asia/Tokyo"
    with pytest.raises(ValueError):
        desk.keep_habits(Habits(zone="Mars/Base"))


def test_who_may_only_look_sees_what_is_due_and_changes_nothing(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24), thresholds=Thresholds(money=Money.of(5, "GBP")))
    shows(house, "home", watch.now, money=(MoneyBalance(Money.of(1, "GBP")),))
    desk.keep_habits(Habits(zone=None, quiet=None))

    def look() -> None:
        act_as(Actor("local", "somebody@example.org"))
        desk.heed_zone("Asia/Tokyo")
        pressing = [standing for standing in desk.standings() if standing.pressing]
        assert {standing.topic.matter for standing in pressing} == {Matter.INACTIVITY, Matter.LOW_MONEY}
        with pytest.raises(NotAllowed):
            desk.acknowledge(pressing[0])

    copy_context().run(look)
    assert desk.habits().zone is None
    assert not any(standing.silenced for standing in desk.standings())


def test_another_account_is_not_reminded_of_these_cards(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24))
    other = ReminderDesk(house, "other", watch)
    other.keep_habits(Habits(zone="UTC", quiet=None))
    assert other.run(Post()).claimed == 0
    desk.run(Post())
    assert other.store.log(5) == []
    assert other.store.episodes() == {}


def test_a_deleted_card_takes_its_reminders_along(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24))
    desk.run(Post())
    desk.acknowledge(only(desk, Matter.INACTIVITY))
    CardDesk(house, "local", watch).store.delete(["home"])
    assert desk.store.episodes() == {}
    assert desk.standings() == []
    assert desk.run(Post()) == replace(desk.run(Post()), claimed=0, delivered=0)


@pytest.mark.parametrize("name", ["[Home](https://evil.example)", "a\u202eb\nc\u0000", "<b>x</b>", "=1+1", "x" * 500])
def test_hostile_names_stay_one_line_of_plain_text(house: House, desk: ReminderDesk, name: str) -> None:
    add(house, "home", date(2026, 11, 24), nickname=name)
    post = Post()
    desk.run(post)
    assert "\n" not in post.titles[0]
    assert not re.search("[\u0000-\u0009\u200b-\u200f\u202a-\u202e]", post.titles[0] + post.arrived[0][2])
    assert len(post.titles[0]) < 200


# ------------------------------------------------------------------------------------------------------------------- links


def links(body: str) -> list[str]:
    return re.findall(r"https://sim\.example/remind/(\S+)", body)


def sent_links(house: House, desk: ReminderDesk) -> list[str]:
    add(house, "home", date(2026, 11, 26))
    post = Post()
    desk.run(post)
    return links(post.arrived[0][2])


def test_a_link_acknowledges_once_and_looking_at_it_does_no_harm(house: House, desk: ReminderDesk, watch: Watch) -> None:
    seen, _ = sent_links(house, desk)
    for _ in range(5):
        assert open_link(house, seen, watch.now).problem == ""
    assert only(desk, Matter.INACTIVITY).silenced is False
    assert use_link(house, seen, watch.now).problem == ""
    assert only(desk, Matter.INACTIVITY).silenced is True
    assert use_link(house, seen, watch.now).problem == "used"
    assert open_link(house, seen, watch.now).problem == "used"


def test_a_link_snoozes_for_a_day(house: House, desk: ReminderDesk, watch: Watch) -> None:
    _, snooze = sent_links(house, desk)
    opened = use_link(house, snooze, watch.now)
    assert (opened.action, opened.language, opened.problem) == (LinkAction.SNOOZE, "en", "")
    assert only(desk, Matter.INACTIVITY).next_at == watch.now + timedelta(days=1)


def test_links_that_are_old_or_were_changed_do_nothing(house: House, desk: ReminderDesk, watch: Watch) -> None:
    seen, snooze = sent_links(house, desk)
    late = watch.now + LINKS_LAST
    assert use_link(house, seen, late).problem == "expired"
    middle = len(seen) // 2
    changed = seen[:middle] + ("A" if seen[middle] != "A" else "B") + seen[middle + 1 :]
    for wrong in (changed, seen[:-4], snooze[:20] + seen[20:], "", "x", "ü", seen + "AAAA", "%00"):
        assert use_link(house, wrong, watch.now).problem == "wrong", wrong
    assert only(desk, Matter.INACTIVITY).silenced is False


def test_a_sealed_text_of_another_kind_is_no_link(house: House, watch: Watch) -> None:
    from services.store.vault import Vault

    for text in ("{}", '["reminder link"]', '["something else", "local", "a", "snooze", "en", 9999999999]', "not json"):
        assert use_link(house, Vault(house.configuration.data_dir).seal(text), watch.now).problem == "wrong"


# ------------------------------------------------------------------------------------------------------------------- several workers


def test_many_workers_at_once_send_everything_once(house: House, desk: ReminderDesk, watch: Watch) -> None:
    for number in range(25):
        add(house, f"card{number}", date(2026, 11, 24))
    post, lock, start = Post(), threading.Lock(), threading.Barrier(4)
    deliver = post.deliver

    def slowly(channel_id: str, title: str, body: str) -> Delivery:
        with lock:
            return deliver(channel_id, title, body)

    post.deliver = slowly  # type: ignore[method-assign]

    def work() -> None:
        start.wait()
        ReminderDesk(house, "local", watch).run(post)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    named = [name for _, _, body in post.arrived for name in re.findall(r"^\d+\. (card\d+):", body, re.MULTILINE)]
    assert sorted(named) == sorted(f"card{number}" for number in range(25))


def test_a_lease_is_held_by_one_and_does_not_outlive_its_time_or_a_wrong_clock(house: House) -> None:
    lease, quarter = LeaseStore(house.database, "local"), timedelta(minutes=15)
    assert lease.take("a", NOON, quarter)
    assert lease.take("a", NOON, quarter)
    assert not lease.take("b", NOON + timedelta(minutes=14), quarter)
    assert lease.take("b", NOON + quarter, quarter)
    lease.leave("a")
    assert not lease.take("a", NOON + quarter, quarter)
    lease.leave("b")
    assert lease.take("a", NOON + timedelta(days=400), quarter)
    assert lease.take("b", NOON, quarter)  # the other one's clock was a year ahead


def test_a_run_beats_and_a_failing_account_stops_no_other(
    house: House, watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = ReminderDesk.run

    def failing(self: ReminderDesk, channels: object) -> object:
        if self._account == "local":
            raise ZeroDivisionError
        return run(self, channels)  # type: ignore[arg-type]

    monkeypatch.setattr(ReminderDesk, "run", failing)
    done = worker.run_once(house, "me", watch, lambda *_: Post())
    assert list(done) == ["other"]
    assert "code" in caplog.text
    assert worker.last_run(house, "local") is None
    assert worker.last_run(house, "other") == watch.now
    monkeypatch.undo()
    worker.run_once(house, "me", watch, lambda *_: Post())
    assert worker.last_run(house, "local") == watch.now


def test_orders_are_seen_to_in_every_run_and_their_failure_holds_no_reminder_up(
    house: House, desk: ReminderDesk, watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add(house, "home", date(2026, 11, 24))
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(OrderDesk, "reconcile", lambda self: seen.append(("reconcile", self._account)))
    monkeypatch.setattr(AutoRenewDesk, "run", lambda self: 1 / 0)
    post = Post()
    worker.run_once(house, "me", watch, lambda *_: post)
    assert seen == [("reconcile", "local"), ("reconcile", "other")]
    assert "the orders of an account failed" in caplog.text
    assert len(post.arrived) >= 1
    assert worker.last_run(house, "local") == watch.now


def test_which_cards_are_looked_up_again() -> None:
    from services.rules.balances.state import states

    card = Card("a", "a", CardKind.ESIM)
    able = dict.fromkeys(("never", "fresh", "old", "failed", "future", "typed"), card)
    seen = [
        Reading("fresh", Source.API, NOON - timedelta(hours=5), money=(MoneyBalance(Money.of(1, "USD")),)),
        Reading("old", Source.API, NOON - timedelta(hours=7), money=(MoneyBalance(Money.of(1, "USD")),)),
        Reading("future", Source.API, NOON + timedelta(days=40), money=(MoneyBalance(Money.of(1, "USD")),)),
        Reading("typed", Source.TYPED, NOON - timedelta(hours=1), money=(MoneyBalance(Money.of(1, "USD")),)),
    ]
    failed = [FailedLookUp("failed", "airalo", NOON - timedelta(hours=1), "{}")]
    assert set(worker.stale_cards(able, states(seen, failed), NOON)) == {"never", "old", "future", "typed"}
    many = {f"card{number}": card for number in range(500)}
    assert len(worker.stale_cards(many, {}, NOON)) == worker.LOOK_UPS_AT_ONCE


def test_a_run_looks_up_what_is_old_and_leaves_alone_what_is_fresh(house: House, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    card, asked = add(house, "home"), list[list[str]]()
    monkeypatch.setattr(ReadingDesk, "refreshable", lambda self: {"home": card} if self._account == "local" else {})
    monkeypatch.setattr(ReadingDesk, "start_refresh", lambda _self, cards: asked.append(list(cards)))
    monkeypatch.setattr(ReadingDesk, "refreshing", lambda _self: None)
    for hours, times in ((0, 1), (5, 1), (2, 2)):
        watch.on(hours / 24)
        worker.run_once(house, "me", watch, lambda *_: Post())
        assert asked == [["home"]] * times
        assert (LeaseStore(house.database, "local").last_look_up() == watch.now) is (hours != 5)
        if hours == 0:
            come = Reading("home", Source.API, watch.now, money=(MoneyBalance(Money.of(1, "USD")),))
            ReadingDesk(house, "local", watch).record(come)


def test_one_run_for_cron_and_a_setting_that_is_wrong(own_house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.use.house import house, leave_house

    assert worker.main(["--once"]) == 0
    assert worker.last_run(house(), "local") is not None
    leave_house()
    monkeypatch.setenv("SIMKEEPER_WORKER", "perhaps")
    assert worker.main(["--once"]) == 2


def test_the_worker_runs_again_and_again_until_it_is_stopped(house: House) -> None:
    over, runs = threading.Event(), []

    def opened() -> House:
        runs.append(1)
        if len(runs) == 2:
            raise ZeroDivisionError  # the next run comes all the same
        if len(runs) == 3:
            over.set()
        return house

    worker.work(over, opened, timedelta(0), timedelta(milliseconds=1))
    assert len(runs) == 3
    assert worker.last_run(house, "local") is not None


# ------------------------------------------------------------------------------------------------------------------- wrong clocks


class Died(BaseException):
    """The process is gone: nothing catches this."""


def dies_before_sending(desk: ReminderDesk, post: Post) -> None:
    """Everything is claimed, and no channel called."""

    def dead(*_: object) -> bool:
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReminderStore, "hand_over", dead)
        with pytest.raises(Died):
            desk.run(post)


def said(post: Post) -> list[str]:
    """Every reminder that arrived, as "card days-left", the last messages last."""
    texts = [title if "reminders. First:" not in title else body for _, title, body in post.arrived]
    return [
        f"{name} {days}" for text in texts for name, days in re.findall(r"^(?:\d+\. )?(\w+): .+?, (\d+) days? left", text, re.MULTILINE)
    ]


def test_a_digest_loses_no_line_whose_time_has_not_come(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "early", date(2026, 12, 6))  # ten days before its last safe day: 25 November
    add(house, "late", date(2026, 12, 2))  # five days before: 26 November
    post = Post()
    desk.run(post)
    watch.now = datetime(2026, 11, 26, 12, tzinfo=UTC)  # six days ahead
    dies_before_sending(desk, post)
    watch.now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    post.arrived.clear()
    desk.run(post)
    assert sorted(said(post)) == ["early 10", "late 6"]  # the latter by the step before
    watch.on(1)
    desk.run(post)
    desk.run(post)
    assert said(post)[2:] == ["late 5"]


def test_what_a_clock_ahead_saw_gone_by_comes_when_the_clock_is_right(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 2))
    post = Post()
    dies_before_sending(desk, post)
    watch.on(6)
    desk.run(post)
    assert said(post) == ["home 5"]
    watch.on(-6 + 0.1)
    desk.run(post)
    desk.run(post)
    assert said(post) == ["home 5", "home 11"]
    watch.on(6)
    desk.run(post)
    assert len(post.arrived) == 2  # said by the clock that was ahead


def daily_tests(post: Post) -> list[tuple[str, str]]:
    """Every daily test that arrived: channel and day of November."""
    return [(channel, found[1]) for channel, _, body in post.arrived if (found := re.search(r"Nov (\d+), 2026", body))]


def test_a_daily_test_that_a_clock_ahead_left_out_comes_on_its_day(desk: ReminderDesk, watch: Watch) -> None:
    desk.keep_habits(Habits(zone="UTC", quiet=None, self_test=True))
    post = Post(view("main"), view("second"))
    post.fails["second"] = Failure.UNREACHABLE
    desk.run(post)
    del post.fails["second"]
    watch.on(1)
    desk.run(post)  # a clock ahead: what the second one never had is over
    watch.on(-0.9)
    for _ in range(3):
        desk.run(post)
    assert sorted(daily_tests(post)) == [("main", "20"), ("main", "21"), ("second", "20"), ("second", "21")]
    watch.on(0.9)
    desk.run(post)
    assert len(post.arrived) == 4  # said by the clock that was ahead


def test_a_daily_test_that_a_clock_ahead_only_claimed_comes_on_its_day(desk: ReminderDesk, watch: Watch) -> None:
    desk.keep_habits(Habits(zone="UTC", quiet=None, self_test=True))
    post = Post()
    watch.on(1)
    dies_before_sending(desk, post)
    watch.on(-1)
    desk.run(post)
    assert daily_tests(post) == [("main", "20")]
    watch.on(1)
    for _ in range(3):
        desk.run(post)
    assert daily_tests(post) == [("main", "20"), ("main", "21")]


def test_a_channel_that_had_it_is_not_told_again_for_the_sake_of_one_that_had_not(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 2))
    post = Post(view("main"), view("second"))
    post.fails["second"] = Failure.UNREACHABLE
    desk.run(post)
    del post.fails["second"]
    watch.on(6)
    desk.run(post)  # a clock ahead: what the second one never had is over
    watch.on(-6 + 0.1)
    desk.run(post)
    desk.run(post)
    assert sorted((channel, title.split(", ")[1][:7]) for channel, title, _ in post.arrived) == [
        ("main", "11 days"), ("main", "5 days "), ("second", "11 days"), ("second", "5 days "),
    ]  # fmt: skip


def test_a_later_slot_that_was_claimed_and_never_said_stands_for_nothing(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 2))
    post = Post()
    desk.run(post)
    watch.now = datetime(2026, 11, 24, 14, tzinfo=UTC)  # seven hours ahead: the repeat of nine o'clock
    dies_before_sending(desk, post)
    watch.now = datetime(2026, 11, 24, 7, tzinfo=UTC)  # nothing ran since the step of the 21st
    desk.run(post)
    assert len(post.arrived) == 2
    watch.now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    desk.run(post)
    desk.run(post)
    assert len(post.arrived) == 3


def test_a_later_slot_that_was_said_stands_for_what_was_left_out(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 2))
    post = Post()
    desk.run(post)
    watch.now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    dies_before_sending(desk, post)
    watch.now = datetime(2026, 11, 24, 14, tzinfo=UTC)
    desk.run(post)
    assert len(post.arrived) == 2
    watch.now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    desk.run(post)
    assert len(post.arrived) == 2


def test_days_are_counted_anew_when_a_message_goes_on_another_day(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 25))
    post = Post()
    post.fails["main"] = Failure.UNREACHABLE
    watch.now = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
    desk.run(post)
    del post.fails["main"]
    watch.now = datetime(2026, 11, 21, 0, 10, tzinfo=UTC)
    desk.run(post)
    assert said(post) == ["home 3"]
    assert [message.attempts for message in desk.store.log(1)] == [2]  # it is the same message still


def test_the_dead_leave_what_was_in_hand_unsaid_for_good_whatever_clocks_do(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 12, 2))
    post = Post()

    def dead(*_: object) -> Delivery:
        post.calls.append("main")
        raise Died

    post.deliver = dead  # type: ignore[method-assign]
    with pytest.raises(Died):
        desk.run(post)
    del post.deliver
    for days in (0.1, 6, -6, 0.1):
        watch.on(days)
        desk.run(post)
    assert post.calls == ["main", "main"]
    assert said(post) == ["home 5"]  # by the clock that was ahead
    assert MessageStatus.UNKNOWN in {message.status for message in desk.store.log(5)}


def test_a_message_that_another_worker_has_taken_is_not_ended(house: House, desk: ReminderDesk) -> None:
    add(house, "home", date(2026, 12, 2))
    dies_before_sending(desk, Post())
    [message] = desk.store.open_messages()
    assert desk.store.hand_over(message, NOON)
    assert not desk.store.end(message, MessageStatus.OBSOLETE)
    assert [it.status for it in desk.store.open_messages()] == [MessageStatus.HANDED]


def test_a_clock_years_ahead_tidies_nothing_away_that_has_to_go_still(house: House, desk: ReminderDesk) -> None:
    add(house, "home", date(2026, 12, 2))
    dies_before_sending(desk, Post())
    desk.store.forget_old(NOON + timedelta(days=5000))
    post = Post()
    desk.run(post)
    assert said(post) == ["home 11"]


def test_a_renewal_counts_for_a_worker_whose_clock_is_behind(house: House, desk: ReminderDesk, watch: Watch) -> None:
    add(house, "home", date(2026, 11, 24))
    watch.on(-0.2)  # five hours behind
    before = only(desk, Matter.INACTIVITY).topic.last_day
    shows(house, "home", NOON, validity=(Validity(ValidityKind.UNSPECIFIED, date(2027, 2, 20)),))
    after = only(desk, Matter.INACTIVITY).topic.last_day
    watch.now = NOON + timedelta(hours=1)
    assert (before, after, only(desk, Matter.INACTIVITY).topic.last_day) == (date(2026, 11, 23), date(2027, 2, 19), date(2027, 2, 19))
