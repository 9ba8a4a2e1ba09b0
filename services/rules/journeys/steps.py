"""From an answer to what to do, when: buy, install on Wi-Fi before leaving, switch on."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

from services.model.itinerary import Caution, PlanKey, Purchase, Source, TripAnswer, TripProblem
from services.model.saved_trip import Step, StepKind
from services.rules.journeys.view import used_days

Described = Callable[[PlanKey], tuple[str, str, str]]
"""Name, seller and address of what a key names; empty where there is none."""

_STARTS_WHEN_BOUGHT = frozenset({Caution.STARTS_AT_PURCHASE, Caution.START_UNPUBLISHED})
_PREPARE_DAYS = 3
"""Days before leaving to buy: time to ask for help or for money back."""


def steps_of(problem: TripProblem, answer: TripAnswer, currency: str, described: Described, today: date) -> tuple[Step, ...]:
    """The steps of ``answer`` in the order to do them.

    Nothing lies before ``today``. A plan that starts when it is bought or installed, or does not say, is bought and installed on the
    first day that it is used, the cautious way; every other one some days before leaving, and installed on the day before.
    """
    leave = max(problem.trip.first_day, today)
    prepare = max(leave - timedelta(days=_PREPARE_DAYS), today)
    eve = max(leave - timedelta(days=1), today)
    many = len(problem.carriers) > 1
    found: list[Step] = []
    seen: Counter[str] = Counter()

    def add(kind: StepKind, day: date, purchase: Purchase | None = None) -> None:
        if purchase is None:
            found.append(Step(_name(kind, ""), kind, day))
            return
        what, seller, url = described(purchase.key)
        about = f"{purchase.source}/{'/'.join(purchase.key)}/{purchase.carrier}/{purchase.first_day}"
        seen[f"{kind}/{about}"] += 1
        about = f"{about}/{seen[f'{kind}/{about}']}"  # the same plan may be bought twice for the same days
        priced = kind in {StepKind.BUY, StepKind.BUY_ON_THE_DAY, StepKind.TOP_UP}
        found.append(
            Step(
                step_id=_name(kind, about),
                kind=kind,
                day=day,
                what=what,
                seller=seller,
                url=url,
                price_micro=purchase.price_micro if priced else None,
                currency=currency,
                until=used_days(purchase)[1],
                device=purchase.carrier + 1 if many else 0,
            )
        )

    new = [purchase for purchase in answer.purchases if purchase.source is Source.NEW]
    if new:
        add(StepKind.CHECK_PHONE, prepare)
    for purchase in answer.purchases:
        first = max(used_days(purchase)[0], today)
        if purchase.source is Source.TOP_UP:
            add(StepKind.TOP_UP, first, purchase)
        elif purchase.source is Source.OWNED:
            add(StepKind.TAKE_CARD, eve, purchase)
        elif _STARTS_WHEN_BOUGHT & set(purchase.cautions):
            add(StepKind.BUY_ON_THE_DAY, first, purchase)
            add(StepKind.INSTALL_ON_THE_DAY, first, purchase)
        elif Caution.STARTS_AT_INSTALL in purchase.cautions:
            add(StepKind.BUY, prepare, purchase)
            add(StepKind.INSTALL_ON_THE_DAY, first, purchase)
        else:
            add(StepKind.BUY, prepare, purchase)
            add(StepKind.INSTALL, eve, purchase)
        add(StepKind.SWITCH_ON, first, purchase)
    if answer.purchases:
        add(StepKind.HOME_ROAMING_OFF, leave)
        if any(carrier.devices > 1 for carrier in problem.carriers) or problem.trip.needs.hotspot:
            add(StepKind.HOTSPOT_ON, leave)
        add(StepKind.HOME_DATA_ON, max(problem.trip.last_day, today))
    order = list(StepKind)
    return tuple(sorted(found, key=lambda step: (step.day, order.index(step.kind))))


def ticked_as(fresh: Sequence[Step], before: Sequence[Step]) -> tuple[Step, ...]:
    """``fresh`` with the ticks that the same steps had ``before``."""
    done = {step.step_id for step in before if step.done}
    return tuple(replace(step, done=step.step_id in done) for step in fresh)


def _name(kind: StepKind, about: str) -> str:
    return sha256(f"{kind}/{about}".encode()).hexdigest()[:20]
