"""A renewal's standing, its proof, its channels and its disputes, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.model.card import CardKind
from services.model.money import Money
from services.model.renewal import Begun, Channel, EventKind, Figures, Promise, RenewalEvent, RenewalStatus, Situation
from services.model.tri import Tri
from services.rules.renewals.disputes import dispute_steps, message
from services.rules.renewals.proof import prove
from services.rules.renewals.ranking import Why, rank
from services.rules.renewals.run import NEXT, NotNow, Run, admit, stand, undoable

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
S = RenewalStatus
HKD = lambda amount: Money.of(amount, "HKD")  # noqa: E731
BEFORE = Figures(HKD(12), date(2026, 12, 1))
PROMISE = Promise(HKD(50), date(2027, 5, 18), Tri.YES, Tri.YES)
GOOD = Figures(HKD(62), date(2027, 5, 19))


class Walk:
    """A renewal walked event by event, each admitted first."""

    def __init__(self) -> None:
        begun = Begun(CardKind.SIM, Channel.WEBSITE, Situation.HOME, "cmhk", country="HK")
        self.events = [RenewalEvent(EventKind.STARTED, START, 1, begun=begun)]

    def add(self, kind: EventKind, **facts: object) -> "Walk":
        event = RenewalEvent(kind, START + timedelta(minutes=len(self.events)), len(self.events) + 1, **facts)  # type: ignore[arg-type]
        admit(self.events, event)
        self.events.append(event)
        return self

    def to(self, *statuses: RenewalStatus) -> "Walk":
        for status in statuses:
            self.add(EventKind.STATUS, status=status)
        return self

    @property
    def run(self) -> Run:
        return stand(self.events)


def test_a_renewal_is_confirmed_by_proof_alone() -> None:
    walk = Walk().add(EventKind.BEFORE, figures=BEFORE).add(EventKind.PROMISED, promise=PROMISE).to(S.PAYING, S.SENT, S.PENDING)
    for after in (None, Figures(HKD(62)), Figures(HKD(62), date(2026, 12, 1)), Figures(HKD(12), date(2027, 5, 19))):
        if after is not None:
            walk.add(EventKind.AFTER, figures=after)
        with pytest.raises(NotNow, match="confirmed does not fit a renewal that is pending"):
            walk.to(S.CONFIRMED)
    walk.add(EventKind.AFTER, figures=GOOD).to(S.CONFIRMED)
    assert (walk.run.status, walk.run.is_open, walk.run.sent_at) == (S.CONFIRMED, False, START + timedelta(minutes=4))


@pytest.mark.parametrize(
    ("before", "after", "promise", "balance", "moved"),
    [
        (BEFORE, GOOD, PROMISE, Tri.YES, Tri.YES),
        (BEFORE, Figures(HKD("61.99"), date(2027, 5, 17)), PROMISE, Tri.NO, Tri.NO),
        (BEFORE, None, PROMISE, Tri.UNKNOWN, Tri.UNKNOWN),
        (None, GOOD, PROMISE, Tri.UNKNOWN, Tri.YES),
        (BEFORE, GOOD, None, Tri.YES, Tri.YES),
        (BEFORE, BEFORE, None, Tri.NO, Tri.NO),
        (BEFORE, Figures(Money.of(62, "CNY"), date(2027, 5, 19)), PROMISE, Tri.UNKNOWN, Tri.YES),
        (BEFORE, Figures(HKD(12), date(2027, 5, 19)), replace(PROMISE, moves_balance=Tri.NO), None, Tri.YES),
        (BEFORE, Figures(HKD(62)), replace(PROMISE, moves_date=Tri.NO), Tri.YES, None),
        (Figures(HKD(12), date(2027, 6, 1)), Figures(HKD(62), date(2027, 6, 1)), PROMISE, Tri.YES, Tri.NO),
    ],
)
def test_the_proof_asks_for_both_changes_and_takes_silence_for_neither(
    before: Figures | None, after: Figures | None, promise: Promise | None, balance: Tri | None, moved: Tri | None
) -> None:
    proof = prove(before, after, promise)
    assert (proof.balance, proof.date) == (balance, moved)
    assert proof.confirmed == (balance in (Tri.YES, None) and moved in (Tri.YES, None))
    assert proof.refuted == (Tri.NO in (balance, moved))


def test_nothing_promised_proves_nothing() -> None:
    assert not prove(BEFORE, GOOD, Promise(moves_balance=Tri.NO, moves_date=Tri.NO)).confirmed


def test_undoing_is_a_new_row_and_brings_back_what_was() -> None:
    walk = Walk().add(EventKind.TICKED, step="card").add(EventKind.TICKED, step="number").to(S.PAYING)
    last = undoable(walk.events)
    assert last is not None
    assert last.status is S.PAYING
    with pytest.raises(NotNow):
        walk.add(EventKind.UNDONE, undoes=2)  # only the last that still counts
    walk.add(EventKind.UNDONE, undoes=last.sequence)
    assert (walk.run.status, set(walk.run.ticks)) == (S.DRAFT, {"card", "number"})
    walk.add(EventKind.UNDONE, undoes=3).add(EventKind.UNDONE, undoes=2)
    assert walk.run.ticks == {}
    assert undoable(walk.events) is None
    assert len(walk.events) == 7


def test_the_channel_changes_half_way_and_keeps_what_carries_over() -> None:
    walk = Walk().add(EventKind.TICKED, step="card").add(EventKind.BEFORE, figures=BEFORE).add(EventKind.PROMISED, promise=PROMISE)
    walk.add(EventKind.LINK_CHECKED, text="hk.chinamobile.com", verdict="known_official").to(S.PAYING, S.FAILED)
    walk.add(EventKind.CHANNEL, channel=Channel.APP, text="card refused")
    run = walk.run
    assert (run.status, run.channel, run.channels) == (S.DRAFT, Channel.APP, (Channel.WEBSITE, Channel.APP))
    assert (set(run.ticks), run.before, run.promise, run.link) == ({"card"}, BEFORE, PROMISE, None)


@pytest.mark.parametrize("status", [S.SENT, S.UNKNOWN, S.PENDING])
def test_nobody_is_led_to_pay_twice(status: RenewalStatus) -> None:
    walk = Walk().to(S.PAYING, *((S.SENT, S.PENDING) if status is S.PENDING else (status,)))
    with pytest.raises(NotNow, match=f"channel does not fit a renewal that is {status.value}"):
        walk.add(EventKind.CHANNEL, channel=Channel.APP)
    with pytest.raises(NotNow):
        walk.to(S.PAYING)


def test_an_abandoned_renewal_rests_until_it_is_taken_up_again() -> None:
    walk = Walk().add(EventKind.ABANDONED, text="bought another card")
    assert (walk.run.abandoned, walk.run.is_open) == ("bought another card", False)
    with pytest.raises(NotNow):
        walk.add(EventKind.TICKED, step="card")
    walk.add(EventKind.RESUMED).add(EventKind.TICKED, step="card")
    assert walk.run.is_open
    with pytest.raises(NotNow):
        walk.add(EventKind.RESUMED)


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*S, "undo", "channel", "tick"]), max_size=25))
def test_whatever_is_tried_history_only_grows_and_every_step_was_allowed(tries: list[object]) -> None:
    walk = Walk()
    for what in tries:
        earlier, before = list(walk.events), walk.run
        try:
            if what == "undo":
                last = undoable(walk.events)
                walk.add(EventKind.UNDONE, undoes=last.sequence if last else 99)
            elif what == "channel":
                walk.add(EventKind.CHANNEL, channel=Channel.APP)
            elif what == "tick":
                walk.add(EventKind.TICKED, step="card")
            else:
                walk.to(S(what))
                assert S(what) in NEXT[before.status]
                assert what is not S.CONFIRMED
        except NotNow:
            assert walk.run == before
        assert walk.events[: len(earlier)] == earlier


def test_channels_are_ranked_for_the_card_and_the_place() -> None:
    at_home = rank("cmhk", CardKind.SIM, Situation.HOME)
    assert [item.channel for item in at_home[:3]] == [Channel.APP, Channel.WEBSITE, Channel.HOTLINE]
    assert {item.channel for item in at_home} == set(Channel)
    assert at_home[-1].why == (Why.NOT_NAMED, Why.NO_PROVIDER)
    assert [item.why for item in rank(None, CardKind.SIM, Situation.HOME)] == [()] * (len(Channel) - 1) + [(Why.NO_PROVIDER,)]
    away = rank("ultra_mobile", CardKind.SIM, Situation.ABROAD)
    assert Why.NOT_ABROAD in next(item for item in away if item.channel is Channel.PARTNER_SHOP).why
    assert [item.channel for item in away[-3:]] == [Channel.PARTNER_SHOP, Channel.OWN_SHOP, Channel.API]
    assert rank("cmhk", CardKind.SIM, Situation.HOME, failed=[Channel.APP])[0].channel is Channel.WEBSITE
    assert rank("giffgaff", CardKind.SIM, Situation.CANNOT_LOG_IN)[0].channel is not Channel.APP
    assert rank("keepgo", CardKind.ESIM, Situation.ABROAD, has_provider=True)[0].channel in (Channel.WEBSITE, Channel.API)
    assert rank(None, CardKind.POCKET_WIFI, Situation.HOME)[0].channel is Channel.APP


def test_a_dispute_has_its_steps_in_order_with_deadlines_from_the_payment() -> None:
    british = dispute_steps("GB", "giffgaff", START)
    assert [item.step.id for item in british] == ["ask_first", "gb_complaint", "gb_scheme", "chargeback"]
    assert british[2].since == START + timedelta(weeks=8)
    assert british[3].until == START + timedelta(days=90)
    assert dispute_steps("HK", "value_gb", START)[1].until == START + timedelta(days=30)
    assert {item.step.id for item in dispute_steps("CN", "china_mobile", None)} == {"ask_first", "cn_carrier", "cn_12300", "chargeback"}
    assert all(item.until is None for item in dispute_steps("CN", "china_mobile", None))


def test_the_message_is_ready_in_both_languages_and_says_what_is_missing() -> None:
    facts = {"operator": "giffgaff", "number": "+44 7400 123456", "amount": "£10.00", "reference": "A-1"}
    english, chinese = message("en", facts), message("zh", facts)
    for fact in facts.values():
        assert fact in english
        assert fact in chinese
    assert english.count("(not known)") == chinese.count("（未知）") == 4
    assert message("en", {"operator": "{number}"}).startswith("Dear {number},")
