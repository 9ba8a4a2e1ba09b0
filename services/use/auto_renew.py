"""Renewing a card by itself: off until a person sets a rule, within its price and the spending limits, everything written down."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from services.model.data_volume import DataVolume
from services.model.intent import Act, AutoMode, AutoRule, Decision, Reason
from services.model.money import Money
from services.model.order import TopUpProduct
from services.model.reading import Reading
from services.model.renewal import Begun, Channel, Situation
from services.providers.errors import ProviderError
from services.rules.balances.packages import data_left, remaining
from services.rules.orders import auto
from services.rules.orders.limits import No, OrderNotTaken
from services.use.house import House
from services.use.orders import Offer, OrderDesk, good_until, new_intent_id
from services.use.readings import HISTORY, ReadingDesk
from services.use.renewals import RenewalDesk

log = logging.getLogger(__name__)
_REASON = {
    No.NO_PRICE: Reason.PRICE_UNKNOWN,
    No.NO_LIMIT: Reason.NO_LIMIT,
    No.LIMIT_ORDER: Reason.LIMIT_ORDER,
    No.LIMIT_MONTH: Reason.LIMIT_MONTH,
    No.WALLET: Reason.WALLET,
    No.ORDER_OPEN: Reason.ORDER_OPEN,
    No.MOVED_ON: Reason.MOVED_ON,
    No.TOO_SOON: Reason.MOVED_ON,
    No.CARD_GONE: Reason.NOT_CONNECTED,
    No.NOT_CONNECTED: Reason.NOT_CONNECTED,
    No.PERIOD_SERVED: Reason.AWAITING_EFFECT,
    No.RENEWAL_OVER: Reason.MOVED_ON,
}


class AutoRenewDesk:
    """The rules of one account, and what they decide. Every instant comes from ``now``."""

    def __init__(self, house: House, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._orders = OrderDesk(house, account, now)
        self._readings = ReadingDesk(house, account, now)
        self._renewals = RenewalDesk(house, account, now)

    def rule(self, card_id: str) -> AutoRule | None:
        return self._orders.store.rules().get(card_id)

    def set_rule(self, card_id: str, rule: AutoRule | None) -> None:
        """Off until a person sets one. None forgets it; what was decided stays in the log."""
        self._orders.store.put_rule(card_id, rule)

    def decided(self, card_id: str, newest: int) -> list[Decision]:
        """The last ``newest`` decisions about the card, the last one first."""
        return self._orders.store.decisions(card_id, newest)

    def dry_run(self, card_id: str, rule: AutoRule) -> Decision:
        """What ``rule`` would do now, by what is known; nobody is asked, nothing is ordered or written down."""
        return self._decide(card_id, replace(rule, mode=AutoMode.DRY_RUN))

    def run(self) -> list[Decision]:
        """Let every rule decide, and order where one says so. Each decision is written down; the same one again, once a day. Safe to run in
        any number of processes: what is due once is ordered once."""
        made = []
        for card_id, rule in self._orders.store.rules().items():
            if rule.mode is AutoMode.OFF:
                continue
            decision = self._decide(card_id, rule)
            if decision.act is Act.ORDER:
                decision = self._by_rule(card_id, rule, decision)
            if decision.intent_id is None and not self._is_known(decision):
                self._orders.store.log(decision)
            made.append(decision)
        return made

    def _decide(self, card_id: str, rule: AutoRule) -> Decision:
        view, now = self._readings.view(card_id), self._now()
        if view is None:
            return Decision(card_id, now, rule.mode, Act.NOTHING, Reason.NOT_CONNECTED)
        left = None if view.state is None else data_left(view.state, now.date())
        volume = None if left is None or left.at_least else left.remaining
        rose = None
        if rule.data_left is not None:
            rose = max((seen.true_at for seen in self._readings.history(card_id, HISTORY) if _above(seen, rule.data_left)), default=None)
        known = auto.Known(now, good_until(view, now), volume, rose, tuple(self._orders.of_card(view.card)))
        return auto.decide(card_id, rule, known)

    def _by_rule(self, card_id: str, rule: AutoRule, due: Decision) -> Decision:
        """What is due, at the provider: read afresh, priced, checked, and, unless it is only a dry run, ordered."""

        def no(reason: Reason, price: Money | None = None) -> Decision:
            return replace(due, act=Act.NOTHING, reason=reason, price=price)

        try:
            offer = self._orders.offer(card_id)
        except OrderNotTaken:
            return no(Reason.NOT_CONNECTED)
        except ProviderError as error:
            log.warning("automatic renewal: %s", error)
            return no(Reason.LOOK_UP_FAILED)
        if offer.reading_failed is not None:
            return no(Reason.LOOK_UP_FAILED)
        fresh = self._decide(card_id, rule)
        if fresh.act is not Act.ORDER:
            return fresh
        product = next((one for one in offer.products if one.product_id == rule.product_id), None)
        if product is None:
            return replace(fresh, act=Act.NOTHING, reason=Reason.PRODUCT_GONE)
        if product.price is None:
            return replace(fresh, act=Act.NOTHING, reason=Reason.PRICE_UNKNOWN)
        priced = replace(fresh, price=product.price)
        if product.price.currency != rule.at_most.currency or product.price.minor > rule.at_most.minor:
            return replace(priced, act=Act.NOTHING, reason=Reason.PRICE_TOO_HIGH)
        try:
            self._orders.check(offer, product)
        except OrderNotTaken as refused:
            return replace(priced, act=Act.NOTHING, reason=_REASON[refused.because])
        return priced if rule.mode is AutoMode.DRY_RUN else self._order(offer, product, priced)

    def _order(self, offer: Offer, product: TopUpProduct, due: Decision) -> Decision:
        card, intent_id = offer.card, new_intent_id()
        name = "" if card.operator else card.nickname
        begun = Begun(card.kind, Channel.API, Situation.HOME, card.operator, name, card.card_id, card.country)
        renewal = self._renewals.start(begun)
        try:
            self._orders.place(offer, product, intent_id, renewal, due.period)
        except OrderNotTaken as refused:
            self._renewals.delete(renewal)
            return replace(due, act=Act.NOTHING, reason=_REASON[refused.because])
        decision = replace(due, intent_id=intent_id)
        self._orders.store.log(decision)  # before it is sent: whatever happens then, it is known why
        self._orders.send_and_wait(intent_id)
        return decision

    def _is_known(self, decision: Decision) -> bool:
        """Whether the log has it: as the last one of the card, on the same day."""
        last = next(iter(self._orders.store.decisions(decision.card_id, 1)), None)
        if last is None:
            return False
        same_day = last.at.astimezone(decision.at.tzinfo).date() == decision.at.date()
        return same_day and replace(last, at=decision.at, data_left=decision.data_left) == decision


def _above(seen: Reading, limit: DataVolume) -> bool:
    lefts = [left for package in seen.data if not package.restricted and (left := remaining(package)) is not None]
    return bool(lefts) and sum(lefts, DataVolume(0)) > limit
