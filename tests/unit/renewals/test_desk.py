"""Renewals in a real database: saved at once, taken up elsewhere, never changed in hindsight, and nobody else's."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.model.card import Card, CardKind, ProviderLink
from services.model.money import Money
from services.model.reading import Measure, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.model.renewal import Begun, Channel, EventKind, Figures, Promise, RenewalStatus, Situation
from services.model.tri import Tri
from services.rules.number_check import Difference, Doubt
from services.rules.payment_links import Verdict
from services.rules.renewals.ranking import Why
from services.rules.renewals.run import NotNow
from services.store.renewals import NoSuchRenewal
from services.use.cards import CardDesk
from services.use.configuration import Configuration, read_configuration
from services.use.house import House, open_house
from services.use.readings import ReadingDesk
from services.use.renewals import RenewalDesk, figures_of

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CMHK = Begun(CardKind.SIM, Channel.WEBSITE, Situation.HOME, "cmhk", country="HK")
S = RenewalStatus


def configuration(folder: Path, database_url: str) -> Configuration:
    return read_configuration({"SIMKEEPER_DATA_DIR": str(folder), "SIMKEEPER_DATABASE_URL": database_url})


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[House]:
    house = open_house(configuration(tmp_path, database_url))
    yield house
    house.close()


def desk(house: House, account: str = "local") -> RenewalDesk:
    return RenewalDesk(house, account, lambda: NOW)


def hkd(amount: int) -> Money:
    return Money.of(amount, "HKD")


def test_every_tick_is_there_on_another_device_at_once(opened: House, tmp_path: Path, database_url: str) -> None:
    renewal = desk(opened).start(CMHK, Figures(hkd(12), date(2026, 12, 1)))
    desk(opened).tick(renewal, "card", True)
    desk(opened).note(renewal, "card", " slot 2 ")
    elsewhere = open_house(configuration(tmp_path, database_url))
    walk = desk(elsewhere).walk(renewal)
    assert (set(walk.run.ticks), walk.run.notes, walk.done) == ({"card"}, {"card": "slot 2"}, 1)
    assert walk.run.before == Figures(hkd(12), date(2026, 12, 1))
    assert (walk.run.begun.operator, walk.guides[0].id, walk.steps[0].id) == ("cmhk", "cmhk", "card")
    desk(elsewhere).tick(renewal, "card", True)
    elsewhere.close()
    assert [event.kind for event in desk(opened).walk(renewal).events] == [
        EventKind.STARTED,
        EventKind.BEFORE,
        EventKind.TICKED,
        EventKind.NOTED,
    ]


def test_from_the_first_tick_to_the_proof(opened: House) -> None:
    own = desk(opened)
    renewal = own.start(CMHK, Figures(hkd(12), date(2026, 12, 1)))
    own.promised(renewal, Promise(hkd(50), None, Tri.YES, Tri.YES))
    for status in (S.PAYING, S.SENT):
        own.set_status(renewal, status)
    own.paid(renewal, hkd(50), " T-1 ")
    half = own.saw_after(renewal, Figures(hkd(62), date(2026, 12, 1)))
    assert (half.balance, half.date, own.walk(renewal).run.status) == (Tri.YES, Tri.NO, S.SENT)
    whole = own.saw_after(renewal, Figures(hkd(62), date(2027, 5, 19)))
    run = own.walk(renewal).run
    assert (whole.confirmed, run.status, run.paid, run.reference) == (True, S.CONFIRMED, hkd(50), "T-1")


def test_what_is_read_before_money_left_confirms_nothing(opened: House) -> None:
    renewal = desk(opened).start(CMHK, Figures(hkd(12), date(2026, 12, 1)))
    desk(opened).saw_after(renewal, Figures(hkd(62), date(2027, 5, 19)))
    assert desk(opened).walk(renewal).run.status is S.DRAFT


def test_switching_channel_keeps_the_ticks_that_carry_over(opened: House) -> None:
    own = desk(opened)
    renewal = own.start(CMHK)
    for step in ("card", "number", "site_open", "receipt"):
        own.tick(renewal, step, True)
    own.switch(renewal, Channel.THIRD_PARTY, "card refused")
    walk = own.walk(renewal)
    assert set(walk.run.ticks) == {"card", "number"}
    assert {"third_open", "third_pay"} <= {step.id for step in walk.steps}
    assert walk.channels[0].channel is not Channel.WEBSITE
    own.set_status(renewal, S.PAYING)
    own.set_status(renewal, S.UNKNOWN)
    with pytest.raises(NotNow):
        own.switch(renewal, Channel.APP)
    assert own.walk(renewal).run.channel is Channel.THIRD_PARTY


def test_undo_adds_a_row_and_stops_at_the_beginning(opened: House) -> None:
    own = desk(opened)
    renewal = own.start(CMHK)
    own.tick(renewal, "card", True)
    own.undo(renewal)
    own.undo(renewal)
    walk = own.walk(renewal)
    assert (walk.run.ticks, walk.can_undo) == ({}, None)
    assert [event.kind for event in walk.events] == [EventKind.STARTED, EventKind.TICKED, EventKind.UNDONE]


def test_links_and_numbers_are_checked_against_the_operator_and_the_last_success(opened: House) -> None:
    own = desk(opened)
    first = own.start(CMHK, Figures(hkd(12), date(2026, 12, 1)))
    assert own.check_number(first, "5123 4567", None).difference is Difference.FIRST
    own.set_status(first, S.PAYING)
    own.set_status(first, S.SENT)
    own.saw_after(first, Figures(hkd(62), date(2027, 5, 19)))
    assert own.walk(first).run.status is S.CONFIRMED
    second = own.start(CMHK)
    found = own.check_number(second, "51234576", None)
    assert (found.difference, found.recognised.country, Doubt.NOT_THE_LAST in found.doubts) == (Difference.TWO_SWAPPED, "HK", True)
    assert own.check_link(second, "https://hk.chinamobile.com.pay.top/?card=1").verdict is Verdict.SUSPICIOUS
    assert own.walk(second).run.link == ("hk.chinamobile.com.pay.top", "suspicious")
    assert own.check_link(second, "https://eshop.hk.chinamobile.com/prepaid?n=51234567").verdict is Verdict.KNOWN_OFFICIAL
    assert "51234567" not in str([event.text for event in own.walk(second).events if event.kind is EventKind.LINK_CHECKED])


def test_abandoned_with_its_reason_and_taken_up_again(opened: House) -> None:
    own = desk(opened)
    renewal = own.start(CMHK)
    own.abandon(renewal, "card lost")
    walk = own.walk(renewal)
    assert (walk.run.abandoned, walk.next) == ("card lost", ())
    with pytest.raises(NotNow):
        own.tick(renewal, "card", True)
    own.resume(renewal)
    own.tick(renewal, "card", True)
    assert own.walk(renewal).run.is_open


def test_two_devices_at_once_never_write_what_does_not_fit(opened: House) -> None:
    own = desk(opened)
    renewal = own.start(CMHK)
    outcomes: list[str] = []

    def press() -> None:
        try:
            desk(opened).set_status(renewal, S.PAYING)
            outcomes.append("done")
        except NotNow:
            outcomes.append("refused")

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", *["refused"] * 5]
    assert [event.kind for event in own.walk(renewal).events] == [EventKind.STARTED, EventKind.STATUS]


def test_renewals_of_one_account_are_closed_to_another(opened: House) -> None:
    opened.database.ensure_account("other")
    renewal = desk(opened).start(CMHK)
    assert desk(opened, "other").walks() == []
    with pytest.raises(NoSuchRenewal):
        desk(opened, "other").tick(renewal, "card", True)
    desk(opened, "other").delete(renewal)
    assert [walk.renewal_id for walk in desk(opened).walks()] == [renewal]
    desk(opened).delete(renewal)
    with pytest.raises(NoSuchRenewal):
        desk(opened).walk(renewal)


def test_a_card_brings_its_figures_and_takes_its_renewals_along(opened: House) -> None:
    cards, readings = CardDesk(opened, "local", lambda: NOW), ReadingDesk(opened, "local", lambda: NOW)
    for card_id in ("one", "two"):
        cards.add(Card(card_id, f"Card {card_id}", CardKind.SIM, "cmhk", "HK"))
    readings.store.add(
        [
            Reading(
                card_id="one",
                source=Source.TYPED,
                taken_at=NOW - timedelta(hours=1),
                money=(MoneyBalance(hkd(12)),),
                validity=(Validity(ValidityKind.NUMBER, date(2026, 12, 1)),),
            )
        ]
    )
    view = readings.view("one")
    assert view is not None
    assert figures_of(view.state) == Figures(hkd(12), date(2026, 12, 1))
    assert figures_of(None) == Figures()
    own = desk(opened)
    renewal = own.start(Begun(CardKind.SIM, Channel.APP, operator="cmhk", card_id="one", country="HK"), figures_of(view.state))
    assert own.walk(renewal).card_id == "one"
    cards.store.merge(cards.get("two"), "one", NOW)
    assert own.walk(renewal).card_id == "two"
    cards.delete(["two"])
    assert own.walks() == []


def test_what_is_typed_as_proof_is_a_reading_of_the_card_and_what_was_read_before_paying_proves_nothing(opened: House) -> None:
    cards, readings = CardDesk(opened, "local", lambda: NOW), ReadingDesk(opened, "local", lambda: NOW)
    cards.add(Card("one", "Card one", CardKind.SIM, "cmhk", "HK"))
    old = Reading(
        "one",
        Source.TYPED,
        NOW - timedelta(hours=1),
        money=(MoneyBalance(hkd(12)),),
        validity=(Validity(ValidityKind.NUMBER, date(2026, 12, 1)), Validity(ValidityKind.RESCUE, date(2027, 1, 1))),
    )
    readings.record(old)
    own = desk(opened)
    renewal = own.start(replace(CMHK, card_id="one"), Figures(hkd(12), date(2026, 12, 1)))
    assert own.walk(renewal).paying_since is None
    own.set_status(renewal, S.PAYING)
    own.set_status(renewal, S.SENT)
    own.promised(renewal, Promise(hkd(50), date(2027, 5, 19)))
    before = readings.view("one")
    assert before is not None
    assert own.walk(renewal).paying_since == NOW
    assert figures_of(before.state, since=NOW) == Figures()
    assert figures_of(before.state, since=NOW - timedelta(hours=1)) == Figures(hkd(12), date(2026, 12, 1))

    assert own.typed_after(renewal, Figures(hkd(62), date(2027, 5, 19)), before.state).confirmed
    after = readings.view("one")
    assert after is not None
    assert after.state is not None
    assert figures_of(after.state, since=NOW) == Figures(hkd(62), date(2027, 5, 19))
    ends = [item.newest.figure for item in after.state.figures(Measure.VALIDITY)]
    assert Validity(ValidityKind.NUMBER, date(2027, 5, 19)) in ends

    alone = own.start(CMHK)
    own.typed_after(alone, Figures(hkd(99), None), None)
    again = readings.view("one")
    assert again is not None
    assert figures_of(again.state) == figures_of(after.state)


def test_a_card_at_a_connected_provider_is_offered_that_way_half_way_too(opened: House) -> None:
    cards, own = CardDesk(opened, "local"), desk(opened)
    cards.add(Card("c1", "Travel", CardKind.ESIM, operator="airalo", provider=ProviderLink("airalo", "8900")))
    cards.add(Card("c2", "Other", CardKind.ESIM, operator="airalo"))
    told = {}
    for card in ("c1", "c2"):
        walk = own.walk(own.start(Begun(CardKind.ESIM, Channel.APP, operator="airalo", card_id=card)))
        told[card] = next(item for item in walk.channels if item.channel is Channel.API).why
    assert Why.NO_PROVIDER not in told["c1"]
    assert Why.NO_PROVIDER in told["c2"]
