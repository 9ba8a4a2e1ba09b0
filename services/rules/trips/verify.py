"""An answer is checked again before it is shown. Nothing here comes from the solver: only the question, the plans and the answer."""

from collections import defaultdict
from datetime import date, timedelta

from services.model.itinerary import OwnedCard, Purchase, Source, TripAnswer, TripProblem
from services.model.plan import Allowance, AllowanceKind
from services.model.tri import Tri
from services.rules.trips.catalogue import NO_LIMIT, Catalogue


class WrongAnswer(RuntimeError):
    """An answer that does not hold. ``fault`` names the rule that it breaks; ``about`` the purchase or the day."""

    def __init__(self, fault: str, about: str) -> None:
        super().__init__(f"{fault}: {about}")
        self.fault = fault
        self.about = about


def verify(problem: TripProblem, catalogue: Catalogue, answer: TripAnswer) -> None:
    """Check cost, days, data, coverage, properties and once-only prices of ``answer``. Raises WrongAnswer at the first fault."""
    rows = {catalogue.keys[row]: row for row in _rows(catalogue, answer)}
    cost = 0
    installs: dict[int, int] = defaultdict(int)
    seen: set[tuple[str, str]] = set()
    counted: dict[tuple[tuple[str, ...], int], int] = defaultdict(int)
    for purchase in answer.purchases:
        about = f"{purchase.key} from {purchase.first_day}"
        carrier = problem.carriers[purchase.carrier]
        cost += purchase.price_micro + purchase.fee_micro
        if any(not purchase.first_day <= day <= purchase.last_day or amount < 0 for day, amount in purchase.use):
            raise WrongAnswer("used outside its days", about)
        if len({day for day, _ in purchase.use}) != len(purchase.use):
            raise WrongAnswer("a day counted twice", about)
        if purchase.source is Source.NEW:
            row = rows.get(purchase.key)
            if row is None:
                raise WrongAnswer("no such plan", about)
            installs[purchase.carrier] += 1
            if _check_new(problem, catalogue, row, purchase, carrier.devices, about):
                counted[carrier.people, int(catalogue.seller[row])] += 1
                if counted[carrier.people, int(catalogue.seller[row])] > len(carrier.people):
                    raise WrongAnswer("a price that holds once, taken more often", about)
            continue
        if purchase.fee_micro != 0:
            raise WrongAnswer("a fee without an install", about)
        if purchase.source is Source.OWNED:
            if purchase.key in seen:
                raise WrongAnswer("a card used twice", about)
            seen.add(purchase.key)
            _check_card(problem, purchase, about)
        else:
            _check_top_up(problem, purchase, about)
    if cost != answer.cost_micro:
        raise WrongAnswer("the sum is not the cost", f"{cost} against {answer.cost_micro}")
    if max(installs.values(), default=0) > problem.max_installs:
        raise WrongAnswer("too many installs", str(max(installs.values())))
    _check_days(problem, catalogue, rows, answer)


def _rows(catalogue: Catalogue, answer: TripAnswer) -> list[int]:
    wanted = {purchase.key for purchase in answer.purchases if purchase.source is Source.NEW}
    return [row for row, key in enumerate(catalogue.keys) if key in wanted]


def _check_new(problem: TripProblem, catalogue: Catalogue, row: int, purchase: Purchase, devices: int, about: str) -> bool:
    """True when the price holds once per person."""
    if purchase.key in problem.left_out:
        raise WrongAnswer("a plan that was left out", about)
    if purchase.fee_micro != problem.fee_micro:
        raise WrongAnswer("not the fee of an install", about)
    if (purchase.last_day - purchase.first_day).days + 1 > int(catalogue.validity[row]):
        raise WrongAnswer("longer than its validity", about)
    amounts = [amount for _, amount in purchase.use]
    if sum(amounts) > int(catalogue.total[row]) or max(amounts, default=0) > int(catalogue.per_day[row]):
        raise WrongAnswer("more data than it has", about)
    unlimited_unpublished = catalogue.KINDS[int(catalogue.kind[row])] is AllowanceKind.UNLIMITED and int(catalogue.per_day[row]) == NO_LIMIT
    if unlimited_unpublished and not problem.accept_unpublished_fair_use:
        raise WrongAnswer("fair use is not published", about)
    columns = (catalogue.hotspot, catalogue.five_g, catalogue.phone_number, catalogue.id_check)
    _check_properties(problem, devices, [catalogue.tri(column, row) for column in columns], about)
    regular, promo = int(catalogue.price[row]), int(catalogue.promo[row])
    if purchase.price_micro == regular:
        return regular == 0 or catalogue.tri(catalogue.new_users_only, row) is Tri.YES
    if promo < 0 or purchase.price_micro != promo or not problem.first_order_prices:
        raise WrongAnswer("not its price", about)
    return True


def _check_properties(problem: TripProblem, devices: int, values: list[Tri], about: str) -> None:
    needs, accept = problem.trip.needs, problem.accept_unknown
    hotspot, five_g, number, id_check = values
    unidentified = {Tri.YES: Tri.NO, Tri.NO: Tri.YES, Tri.UNKNOWN: Tri.UNKNOWN}[id_check]
    for needed, accepts, value in (
        (needs.hotspot or devices > 1, accept.hotspot, hotspot),
        (needs.five_g, accept.five_g, five_g),
        (needs.phone_number, accept.phone_number, number),
        (needs.no_id_check, accept.no_id_check, unidentified),
    ):
        if needed and value is not Tri.YES and not (accepts and value is Tri.UNKNOWN):
            raise WrongAnswer("does not do what is needed", about)


def _check_allowance(problem: TripProblem, allowance: Allowance, purchase: Purchase, about: str) -> None:
    if allowance.kind is AllowanceKind.UNLIMITED and allowance.fair_use_per_day is None and not problem.accept_unpublished_fair_use:
        raise WrongAnswer("fair use is not published", about)
    amounts = [amount for _, amount in purchase.use]
    limit = allowance.volume.bytes if allowance.volume is not None else None
    fair = allowance.fair_use_per_day.bytes if allowance.fair_use_per_day is not None else None
    each = limit if allowance.kind is AllowanceKind.PER_DAY else fair if allowance.kind is AllowanceKind.UNLIMITED else None
    if allowance.kind is AllowanceKind.TOTAL and limit is not None and sum(amounts) > limit:
        raise WrongAnswer("more data than is left", about)
    if each is not None and max(amounts, default=0) > each:
        raise WrongAnswer("more data than a day has", about)


def _check_card(problem: TripProblem, purchase: Purchase, about: str) -> None:
    card = _card(problem, purchase.key[1], about)
    if purchase.price_micro != 0:
        raise WrongAnswer("a card that is owned costs nothing", about)
    if card.first_day is not None and purchase.first_day < card.first_day:
        raise WrongAnswer("before the card works", about)
    if card.last_day is not None and purchase.last_day > card.last_day:
        raise WrongAnswer("after the card has ended", about)
    if card.validity_days is not None:
        if (purchase.last_day - purchase.first_day).days + 1 > card.validity_days:
            raise WrongAnswer("longer than its validity", about)
        if card.activate_by is not None and purchase.first_day > card.activate_by:
            raise WrongAnswer("activated too late", about)
    _check_place(problem, card, purchase, about)
    _check_allowance(problem, card.allowance, purchase, about)


def _check_top_up(problem: TripProblem, purchase: Purchase, about: str) -> None:
    top = next((top for top in problem.top_ups if top.key == purchase.key[1]), None)
    if top is None:
        raise WrongAnswer("no such top-up", about)
    if purchase.price_micro != top.price_micro:
        raise WrongAnswer("not its price", about)
    if (purchase.last_day - purchase.first_day).days + 1 > top.validity_days:
        raise WrongAnswer("longer than its validity", about)
    if top.buy_by is not None and purchase.first_day > top.buy_by:
        raise WrongAnswer("bought too late", about)
    _check_place(problem, _card(problem, top.card, about), purchase, about)
    _check_allowance(problem, top.allowance, purchase, about)


def _card(problem: TripProblem, key: str, about: str) -> OwnedCard:
    for card in problem.owned:
        if card.key == key:
            return card
    raise WrongAnswer("no such card", about)


def _check_place(problem: TripProblem, card: OwnedCard, purchase: Purchase, about: str) -> None:
    carrier = problem.carriers[purchase.carrier]
    first = next(other.index for other in problem.carriers if card.holder is None or card.holder in other.people)
    if carrier.index != first:
        raise WrongAnswer("a card in somebody else's device", about)
    _check_properties(problem, carrier.devices, [card.hotspot, card.five_g, card.phone_number, card.id_check], about)


def _check_days(problem: TripProblem, catalogue: Catalogue, rows: dict[tuple[str, str], int], answer: TripAnswer) -> None:
    """On every day, in every country of the day, the plans that work there carry the whole need."""
    cards = {("owned", card.key): card.countries for card in problem.owned}
    tops = {("top_up", top.key): top.countries for top in problem.top_ups}
    carried: dict[tuple[int, date, str], int] = defaultdict(int)
    wanted = {leg.country for leg in problem.trip.legs}
    for purchase in answer.purchases:
        if purchase.source is Source.NEW:
            covers = catalogue.areas[int(catalogue.coverage[rows[purchase.key]])]
        else:
            covers = (cards if purchase.source is Source.OWNED else tops)[purchase.key]
        for day, amount in purchase.use:
            for country in wanted & covers:
                carried[purchase.carrier, day, country] += amount
    for carrier in problem.carriers:
        for leg in problem.trip.legs:
            need = (problem.trip.per_day if leg.per_day is None else leg.per_day).bytes * carrier.devices
            for offset in range((leg.last_day - leg.first_day).days + 1):
                day = leg.first_day + timedelta(days=offset)
                if carried[carrier.index, day, leg.country] < need:
                    raise WrongAnswer("not enough data", f"{leg.country} on {day}, device {carrier.index}")
