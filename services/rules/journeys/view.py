"""What a page shows of the answers, worked out: which there are to choose from, sums, runs of days."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.model.itinerary import Caution, PlanKey, Purchase, Source, TripAnswer, TripAnswers

CHEAPEST, ONE_PLAN, OWNED, FRONT = "cheapest", "one_plan", "owned", "front_"


@dataclass(frozen=True, slots=True)
class Sums:
    """Micro-units. ``fees``: of all installs; ``new``: plans to buy, ``top_ups``: top-ups to buy, ``owned``: cards used."""

    plans: int
    fees: int
    new: int
    top_ups: int
    owned: int


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row on which a plan carries data, and how many bytes in all."""

    first_day: date
    last_day: date
    bytes: int


def choices(answers: TripAnswers) -> dict[str, TripAnswer]:
    """The answers that can be carried out, by name: the cheapest mix, one plan for everything, what is owned, and those of the front
    that need fewer installs than the cheapest mix. An answer that says the same as one before it is not named again."""
    named = {CHEAPEST: answers.cheapest, ONE_PLAN: answers.one_plan}
    if answers.owned_only is not None:
        named[OWNED] = answers.owned_only
    for count, answer in enumerate(answers.front, start=1):
        if answer.installs < answers.cheapest.installs:
            named[f"{FRONT}{count}"] = answer
    found: dict[str, TripAnswer] = {}
    seen: set[tuple[Purchase, ...]] = set()
    for name, answer in named.items():
        if answer.cost_micro is not None and answer.purchases not in seen:
            seen.add(answer.purchases)
            found[name] = answer
    return found


def sums(answer: TripAnswer) -> Sums:
    counts = {source: sum(purchase.source is source for purchase in answer.purchases) for source in Source}
    return Sums(
        plans=sum(purchase.price_micro for purchase in answer.purchases),
        fees=sum(purchase.fee_micro for purchase in answer.purchases),
        new=counts[Source.NEW],
        top_ups=counts[Source.TOP_UP],
        owned=counts[Source.OWNED],
    )


def runs(purchase: Purchase) -> list[Run]:
    """The stretches of days that ``purchase`` carries, in order."""
    found: list[Run] = []
    for day, amount in sorted(purchase.use):
        if found and found[-1].last_day + timedelta(days=1) == day:
            found[-1] = Run(found[-1].first_day, day, found[-1].bytes + amount)
        else:
            found.append(Run(day, day, amount))
    return found


def used_days(purchase: Purchase) -> tuple[date, date]:
    """First and last day on which ``purchase`` carries anything: when to switch it on, and until when it is needed. Switched on later
    than the solver had it, it only lasts longer."""
    days = [day for day, _ in purchase.use]
    return min(days, default=purchase.first_day), max(days, default=purchase.last_day)


def carried(purchase: Purchase) -> int:
    """Bytes that ``purchase`` is to carry in all."""
    return sum(amount for _, amount in purchase.use)


def named_keys(answers: TripAnswers) -> list[PlanKey]:
    """Every plan, card and top-up that the answers speak of, each once."""
    everything = [purchase.key for answer in choices(answers).values() for purchase in answer.purchases]
    everything += [key for miss in answers.near_misses for key in (miss.key, miss.instead_of)]
    if answers.robustness is not None:
        everything += [purchase.key for purchase in answers.robustness.extra]
    return list(dict.fromkeys(everything))


def starts_by_itself(purchase: Purchase) -> bool:
    """Whether something other than switching it on may start the validity, so that it is to be installed on its first day."""
    return bool({Caution.STARTS_AT_INSTALL, Caution.STARTS_AT_PURCHASE, Caution.START_UNPUBLISHED} & set(purchase.cautions))
