"""Orders through real adapters at emulators on sockets, whose own books say what was bought: never two for one intent, never a lost one."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.model.intent import IntentStatus, SpendingLimit
from services.model.money import Money
from services.model.renewal import RenewalStatus
from services.model.tri import Tri
from services.providers.sandbox.faults import Fault
from services.rules.orders.limits import No, OrderNotTaken
from services.use.connections import ConnectionDesk
from services.use.orders import OrderDesk, new_intent_id
from tests.unit.orders.till import CARD, SHOPS, OpenTill, add_card, cheapest, open_shop_house

I = IntentStatus  # noqa: E741
S = RenewalStatus
SPOILT = ["lost", "broken", "500_after", "stall_after", "500_before", "refused_connection"]
DONE = {"lost", "broken", "500_after", "stall_after"}


@pytest.mark.parametrize("provider", sorted(SHOPS))
def test_an_order_that_goes_well_is_bought_once_and_its_renewal_knows(till: OpenTill, provider: str) -> None:
    at = till(provider)
    renewal = at.begin()
    intent = at.place(renewal)
    assert at.sold == 0, "the intent is stored before anything is sent"
    assert at.kept(intent).status is I.READY
    assert at.renewals.walk(renewal).run.status is S.PAYING
    done = at.desk.send_and_wait(intent)
    assert (done.status, at.sold) == (I.CONFIRMED, 1)
    at.desk.send_and_wait(intent)
    assert at.sold == 1, "sent once, however often it is asked for"
    run = at.renewals.walk(renewal).run
    assert run.status in (S.SENT, S.CONFIRMED)
    assert (run.paid, run.reference) == (done.cost, done.order_id or done.intent.reference)
    assert run.promise is not None
    assert at.desk.unsettled() == []
    assert [event.status for event in at.desk.store.events(intent)] == [I.READY, I.SENDING, I.CONFIRMED]


@pytest.mark.parametrize(
    ("provider", "spoilt"),
    [
        *((provider, spoilt) for provider in ("esimaccess", "reloadly") for spoilt in SPOILT),
        *((provider, "lost") for provider in ("airalo", "celitech", "esimgo", "keepgo")),
    ],
)
def test_whatever_happens_to_the_answer_it_is_bought_once_at_most_and_found_again(till: OpenTill, provider: str, spoilt: str) -> None:
    at = till(provider)
    renewal = at.begin()
    intent = at.place(renewal)
    at.spoiler.plan[:] = [spoilt] * 9  # however often the adapter may repeat it
    at.desk.send_and_wait(intent)
    at.spoiler.plan.clear()
    assert at.sold <= 1
    at.ahead += timedelta(minutes=6)
    at.desk.reconcile()
    kept = at.kept(intent)
    if spoilt in DONE:
        assert at.sold == 1
        assert kept.status is I.CONFIRMED, "what was bought is found"
        assert at.renewals.walk(renewal).run.status in (S.SENT, S.CONFIRMED)
    else:
        assert at.sold == 0
        assert kept.status in (I.UNKNOWN, I.REFUSED), "what was not bought is not said to be"
        assert at.renewals.walk(renewal).run.status in (S.UNKNOWN, S.FAILED)
    at.desk.reconcile()
    assert at.sold == (1 if spoilt in DONE else 0), "looking it up buys nothing"


def test_two_orders_for_one_card_whose_answers_are_both_lost_are_both_found(till: OpenTill) -> None:
    at = till()
    intents = []
    for count in (1, 2):
        at.spoiler.plan[:] = ["lost"] * 9
        intents.append(at.place())
        at.desk.send_and_wait(intents[-1])
        at.spoiler.plan.clear()
        at.ahead += timedelta(minutes=6)
        at.desk.reconcile()
        assert (at.kept(intents[-1]).status, at.sold) == (I.CONFIRMED, count)
        at.ahead -= timedelta(minutes=2)  # within what the provider takes for the present


def test_a_renewal_that_was_paid_another_way_takes_no_order(till: OpenTill) -> None:
    at = till()
    renewal = at.begin()
    at.renewals.set_status(renewal, S.PAYING)
    at.renewals.set_status(renewal, S.SENT)
    with pytest.raises(OrderNotTaken) as caught:
        at.place(renewal)
    assert caught.value.because is No.RENEWAL_OVER


def test_a_refusal_says_why_frees_the_limit_and_lets_the_person_order_again(till: OpenTill) -> None:
    at = till()
    offer, intent = at.desk.offer(CARD), new_intent_id()
    product = cheapest(offer)
    assert product.price is not None
    cheaper = replace(product, price=Money(product.price.minor - 1, "USD"))
    renewal = at.begin()
    at.desk.place(offer, cheaper, intent, renewal)
    refused = at.desk.send_and_wait(intent)
    assert (refused.status, at.sold) == (I.REFUSED, 0)
    assert refused.failure is not None
    assert refused.failure["code"] == "200006"
    assert at.renewals.walk(renewal).run.status is S.FAILED
    assert at.desk.room("USD").spent == Money.of(0, "USD")
    again = at.place(renewal)
    assert at.renewals.walk(renewal).run.status is S.PAYING, "after a failure the same renewal begins anew"
    assert at.desk.send_and_wait(again).status is I.CONFIRMED
    assert at.renewals.walk(renewal).run.status in (S.SENT, S.CONFIRMED)
    assert at.sold == 1


def test_confirmed_twice_it_is_one_order_and_in_another_tab_it_is_refused(till: OpenTill) -> None:
    at = till()
    desk = at.desk
    first, second = desk.offer(CARD), desk.offer(CARD)
    product, intent = cheapest(first), new_intent_id()
    desk.place(first, product, intent)
    desk.place(first, product, intent)  # the second click
    with pytest.raises(OrderNotTaken) as caught:
        desk.place(second, product, new_intent_id())
    assert caught.value.because is No.ORDER_OPEN
    desk.send_and_wait(intent)
    with pytest.raises(OrderNotTaken) as caught:
        desk.place(second, product, new_intent_id())
    assert caught.value.because is No.MOVED_ON, "the other tab still shows what was true before"
    assert len(desk.store.all()) == at.sold == 1


def test_two_cards_that_are_one_at_the_provider_take_one_order_at_a_time(till: OpenTill) -> None:
    at = till()
    add_card(at.house, "esimaccess", at.sandbox.cards["in use"], "roaming1")
    other = at.desk.offer("roaming1")
    at.place()
    with pytest.raises(OrderNotTaken) as caught:
        at.desk.place(other, cheapest(other), new_intent_id())
    assert caught.value.because is No.ORDER_OPEN


def test_eight_at_once_from_two_processes_worth_of_desks_buy_one(till: OpenTill, tmp_path: Path) -> None:
    at = till()
    address = at.house.configuration.urls["esimaccess"]
    replica = open_shop_house(tmp_path, address, "esimaccess", at.house.configuration.database_url)
    desks = [OrderDesk(house, "local") for house in (at.house, replica) for _ in range(4)]
    offer = at.desk.offer(CARD)
    product, errors = cheapest(offer), []
    go = threading.Barrier(len(desks))

    def race(desk: OrderDesk) -> None:
        intent = new_intent_id()
        go.wait()
        try:
            desk.place(offer, product, intent)
        except OrderNotTaken as error:
            errors.append(error.because)
        for kept in desk.store.all():
            desk.send(kept.intent.intent_id).result()

    threads = [threading.Thread(target=race, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replica.close()
    (kept,) = at.desk.store.all()
    assert (kept.status, at.sold, at.spoiler.asked) == (I.CONFIRMED, 1, 1)
    assert len(errors) == 7
    assert set(errors) <= {No.ORDER_OPEN, No.MOVED_ON, No.TOO_SOON}


def test_the_limit_of_a_month_holds_in_a_race_over_several_cards(till: OpenTill) -> None:
    at = till()
    for number, shows in enumerate(("bought, not installed", "day pass in use", "data used up"), 1):
        add_card(at.house, "esimaccess", at.sandbox.cards[shows], f"roaming{number}")
    offers = [at.desk.offer(card) for card in ("roaming0", "roaming1", "roaming3")]
    price = max(product.price.minor for offer in offers if (product := cheapest(offer)).price)
    at.desk.set_limit(SpendingLimit(Money(price, "USD"), Money(price + 1, "USD")))
    go, refused = threading.Barrier(len(offers)), []

    def race(offer: object) -> None:
        go.wait()
        try:
            at.desk.place(offer, cheapest(offer), new_intent_id())  # type: ignore[arg-type]
        except OrderNotTaken as error:
            refused.append(error)

    threads = [threading.Thread(target=race, args=(offer,)) for offer in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = at.desk.room("USD").spent
    assert spent.minor <= price + 1
    assert len(at.desk.store.all()) + len(refused) == 3
    assert {error.because for error in refused} == {No.LIMIT_MONTH}
    assert all(error.limit == Money(price + 1, "USD") for error in refused)


def test_an_order_that_nobody_began_to_send_is_sent_by_the_worker_or_withdrawn_when_it_is_old(till: OpenTill) -> None:
    at = till()
    intent = at.place()
    assert at.desk.reconcile() == [], "left to whoever stored it"
    at.ahead += timedelta(seconds=21)
    assert [kept.status for kept in at.desk.reconcile()] == [I.CONFIRMED]
    assert at.sold == 1
    at.ahead += timedelta(minutes=4)
    renewal = at.begin()
    old = at.place(renewal)
    at.ahead += timedelta(minutes=10)
    at.desk.reconcile()
    assert (at.kept(intent).status, at.kept(old).status, at.sold) == (I.CONFIRMED, I.WITHDRAWN, 1)
    assert at.renewals.walk(renewal).run.status is S.FAILED
    assert at.desk.send_and_wait(old).status is I.WITHDRAWN, "and is never sent again"
    assert at.sold == 1


def test_what_is_not_found_is_closed_by_hand_alone_and_found_after_all_it_is_told(till: OpenTill) -> None:
    at = till("reloadly")
    renewal = at.begin()
    intent = at.place(renewal)
    at.desk.store.claim(intent, "a sender that dies", at.now())
    at.ahead += timedelta(minutes=5)
    assert not at.desk.close(intent), "nobody has looked"
    at.desk.look_up(intent)
    assert (at.kept(intent).status, at.kept(intent).looks) == (I.UNKNOWN, 1)
    assert at.renewals.walk(renewal).run.status is S.UNKNOWN
    with pytest.raises(OrderNotTaken):
        at.place()
    at.desk.look_up(intent)
    assert not at.desk.close(intent), "too early: providers list an order late"
    at.ahead += timedelta(minutes=15)
    at.desk.look_up(intent)
    assert at.desk.close(intent)
    assert at.renewals.walk(renewal).run.status is S.FAILED
    assert at.desk.room("USD").spent == Money.of(0, "USD")
    # It was on its way all the same.
    kept = at.kept(intent)
    provider = ConnectionDesk(at.house, "local").open("reloadly")
    at.house.background.run(provider.top_up(kept.intent.remote_id, kept.intent.product, kept.intent.reference))
    at.house.background.run(provider.aclose())
    at.ahead += timedelta(hours=1)
    at.desk.reconcile()
    assert at.kept(intent).status is I.CONFIRMED
    assert at.desk.room("USD").spent == at.kept(intent).cost
    assert at.sold == 1


def test_a_look_up_that_fails_says_nothing_of_the_order(till: OpenTill) -> None:
    at = till()
    intent = at.place()
    at.desk.store.claim(intent, "a sender that dies", at.now())
    at.ahead += timedelta(minutes=6)
    at.sandbox.faults.append(Fault("status", status=500))
    kept = at.desk.look_up(intent)
    assert (kept.status, kept.looks) == (I.UNKNOWN, 0)
    last = at.desk.store.events(intent)[-1]
    assert last.failure is not None
    assert last.failure["kind"] == "Unreachable"


def test_another_account_at_the_provider_neither_sends_nor_finds(till: OpenTill, tmp_path: Path) -> None:
    at = till()
    intent = at.place()
    ConnectionDesk(at.house, "local").disconnect("esimaccess")
    ConnectionDesk(at.house, "local").connect_sandbox("esimaccess")
    refused = at.desk.send_and_wait(intent)
    assert (refused.status, refused.failure, at.sold) == (I.REFUSED, {"kind": "OtherAccount"}, 0)


def test_the_sandbox_says_that_its_orders_are_invented_and_spends_no_real_limit(till: OpenTill) -> None:
    at = till()
    ConnectionDesk(at.house, "local").connect_sandbox("esimaccess")
    intent = at.place()
    kept = at.desk.send_and_wait(intent)
    assert kept.status is I.CONFIRMED
    assert kept.intent.invented
    assert at.desk.room("USD").spent == Money.of(0, "USD")
    assert at.desk.room("USD", invented=True).spent == kept.cost
    assert at.sold == 0, "nothing left the machine"


def test_what_a_product_does_is_shown_before_it_is_bought(till: OpenTill) -> None:
    at = till()
    offer = at.desk.offer(CARD)
    product = cheapest(offer)
    effect = at.desk.effect(offer, product)
    assert effect.no is None
    assert effect.room is not None
    assert effect.room.limit is not None
    (plan,) = [move for move in effect.moves if move.clock.rule.id == "plan"]
    assert plan.before is not None
    assert plan.after is not None
    assert product.validity_days is not None
    gained = plan.after - plan.before
    assert timedelta(days=product.validity_days) <= gained < timedelta(days=product.validity_days + 1), "the provider adds it"
    assert plan.days_lost == 0
    (unsaid,) = [move for move in at.desk.effect(offer, replace(product, extends=Tri.UNKNOWN)).moves if move.clock.rule.id == "plan"]
    assert (unsaid.before, unsaid.after) == (plan.before, None), "nobody says what more time does to this plan"
    none = at.desk.effect(offer, replace(product, price=None))
    assert none.no is not None
    assert none.no.because is No.NO_PRICE


def test_orders_of_another_account_are_nobodys_business(till: OpenTill) -> None:
    at = till()
    at.house.database.ensure_account("other")
    intent = at.place()
    other = OrderDesk(at.house, "other")
    assert other.store.all() == []
    assert other.reconcile() == []
    assert not other.store.claim(intent, "x", at.now())
    other.send(intent).result()
    assert at.sold == 0
