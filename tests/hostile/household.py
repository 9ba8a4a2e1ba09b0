"""The corpus, and a household that has its texts in every field that takes one."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from services.model.card import Card, CardKind, CardSecrets, DependentAccount, Identifiers, ProviderLink
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.plan import Allowance, AllowanceKind, Network, Origin, Plan
from services.model.reading import DataBalance, FailedLookUp, MoneyBalance, MoneyKind, Reading, Source, Validity, ValidityKind
from services.model.receipt import Receipt
from services.model.renewal import Begun, Channel, Situation
from services.use.cards import CardDesk
from services.use.catalogue import CatalogueDesk
from services.use.channels import ChannelDesk
from services.use.house import House
from services.use.readings import ReadingDesk
from services.use.receipts import ReceiptDesk
from services.use.renewals import RenewalDesk
from services.use.trips import TripDesk

NOW = datetime.now(UTC)
CORPUS = Path(__file__).with_name("corpus.toml")


def corpus() -> dict[str, list[str]]:
    """The texts by what they try; the giants at full length."""
    read = tomllib.loads(CORPUS.read_text("utf-8"))
    giants = [text * times for text, times in read.pop("giant").items()]
    return {**read, "giant": giants}


def every_text() -> list[str]:
    return [text for texts in corpus().values() for text in texts]


CARDS = 24


def furnish(house: House, account: str = "local") -> None:
    """Every text of the corpus stands in some field of a card, and every kind of field has many of them."""
    texts = cycle(every_text())

    def some() -> str:
        return next(texts)

    cards, readings = CardDesk(house, account), ReadingDesk(house, account)
    for number in range(CARDS):
        cards.add(_card(f"c{number}", some), CardSecrets(lpa_code=None, confirmation_code=some()[:200], pin=some()[:200], puk=some()[:200]))
        readings.record(_reading(f"c{number}", some))
        facts = {"kind": "Malformed", "path": some()[:200], "problem": some()[:200], "status": None, "because": some()[:200]}
        readings.store.fail(FailedLookUp(f"c{number}", "keepgo", NOW + timedelta(seconds=1), json.dumps(facts)))
    plans = [_plan(number, some) for number in range(30)]
    catalogue = CatalogueDesk(house, account)
    catalogue.store.replace("simsima", some()[:100], Origin.LIVE, plans, NOW, [(some()[:100], some()[:100])])
    catalogue.add_list(some()[:80] or "x", plans[:5])
    renewals, receipts, channels = RenewalDesk(house, account), ReceiptDesk(house, account), ChannelDesk(house, account)
    for number in range(6):
        begun = Begun(CardKind.SIM, Channel.APP, Situation.HOME, None, some()[:80] or "x", f"c{number}" if number % 2 else None)
        renewal = renewals.start(begun)
        renewals.note(renewal, renewals.walk(renewal).steps[0].id, some())
        renewals.paid(renewal, Money.of(9, "USD"), some())
        receipts.keep(
            Receipt("", NOW.date(), Money.of(number + 1, "USD"), some()[:100], some()[:100], None, some()[:100], some()[:100], some()[:500])
        )
    trips = TripDesk(house, account)
    for _ in range(6):
        trips.save(some()[:80].strip() or "x", {"in": some()[:200], "legs": some()[:200]})
    for _ in range(3):
        channels.add("ntfy", some()[:60].strip() or "x", "en", {"topic": "a-topic-of-ours-1", "server": "https://ntfy.example"})


def _card(card_id: str, some: Callable[[], str]) -> Card:
    return Card(
        card_id,
        some().strip() or "x",
        CardKind.SIM,
        operator=some()[:200].strip() or None,
        identifiers=Identifiers(iccid=some()[:40], msisdn=some()[:40]),
        device=some(),
        slot=some(),
        holder=some(),
        payer=some(),
        tags=frozenset({some(), some()}),
        dependents=(DependentAccount(some(), some()), DependentAccount(some())),
        provider=ProviderLink("keepgo", some()[:60]),
    )


def _reading(card_id: str, some: Callable[[], str]) -> Reading:
    day = (NOW + timedelta(days=20)).date()
    return Reading(
        card_id,
        Source.PASTED,
        NOW,
        origin=some()[:60],
        money=(MoneyBalance(Money.of(5, "USD")), MoneyBalance(Money.of(1, "USD"), MoneyKind.MAIN, some())),
        data=(DataBalance(remaining=DataVolume(10**9)), DataBalance(some(), DataVolume(10**8), last_day=day)),
        validity=(Validity(ValidityKind.PLAN, day, some()), Validity(ValidityKind.NUMBER, day)),
        raw_text=some(),
        note=some(),
    )


def _plan(number: int, some: Callable[[], str]) -> Plan:
    return Plan(
        "simsima",
        f"{number}",
        some(),
        some(),
        Allowance(AllowanceKind.TOTAL, DataVolume((number + 1) * 10**9)),
        30,
        frozenset({"JP", "TH"}),
        Money.of(number + 3, "USD"),
        NOW,
        networks=(Network("JP", some(), ("4G",)),),
        buy_url=some(),
    )
