"""The pages about cards as their scripts run: what they say of what is known, unknown and failed."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from services.model.card import Card, CardKind, CardSecrets, Identifiers, ProviderLink, Thresholds
from services.model.data_volume import DataVolume
from services.model.money import Money
from services.model.reading import DataBalance, Event, EventKind, FailedLookUp, MoneyBalance, Reading, Source, Validity, ValidityKind
from services.use.cards import CardDesk
from services.use.house import house
from services.use.readings import ReadingDesk
from tests.app.driving import open_page, press, said

NOW = datetime.now(UTC)


@pytest.fixture
def cards(own_house: Path) -> CardDesk:
    return CardDesk(house(), "local")


@pytest.fixture
def readings(own_house: Path) -> ReadingDesk:
    return ReadingDesk(house(), "local")


def with_data(readings: ReadingDesk, card_id: str, left: int) -> None:
    end = (Validity(ValidityKind.PLAN, (NOW + timedelta(days=12)).date()),)
    readings.record(Reading(card_id, Source.TYPED, NOW, data=(DataBalance(remaining=DataVolume(left)),), validity=end))


@pytest.mark.parametrize(("language", "first"), [("en", "There is no card here yet"), ("zh", "这里还没有卡")])
def test_an_empty_house_says_what_to_do(app: AppTest, language: str, first: str) -> None:
    assert first in said(open_page(app, "balances", language))


def test_unknown_is_said_and_is_no_zero(app: AppTest, cards: CardDesk) -> None:
    cards.add(Card("a", "A card", CardKind.SIM))
    text = said(open_page(app, "balances"))
    assert "No date known" in text
    assert "Nothing known yet" in text
    assert "Operator not known" in text
    assert not re.search(r"\b0 (?:GB|MB|days)", text)


def test_a_failure_is_shown_beside_the_last_good_figure(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(Card("a", "A card", CardKind.ESIM, provider=ProviderLink("keepgo", "1")))
    with_data(readings, "a", 3 * 10**9)
    facts = json.dumps({"kind": "Unreachable", "because": "server", "status": 503})
    readings.store.fail(FailedLookUp("a", "keepgo", NOW + timedelta(seconds=1), facts))
    text = said(open_page(app, "balances"))
    assert "3 GB" in text
    assert any(f"{days} days" in text for days in (12, 11)), "eleven when midnight has passed since these tests were collected"
    assert "Keepgo has a fault of its own (503)" in text
    assert "The figures above are the last good ones." in text


def test_names_of_people_are_shown_as_they_are(app: AppTest, cards: CardDesk) -> None:
    nasty = "[x](javascript:1) <b> *y* :material/home: $z$"
    cards.add(Card("a", nasty, CardKind.SIM, holder=nasty, tags=frozenset({nasty})))
    for page in ("balances", "card"):
        open_page(app, page, id="a")
        shown = "\n".join(each.value for each in [*app.markdown, *app.caption, *app.title])
        assert "](javascript" not in shown.replace("\\]\\(", "")
        assert "<b>" not in shown.replace("\\<b\\>", "")


def test_secrets_are_not_in_the_page_until_asked_for(app: AppTest, cards: CardDesk) -> None:
    cards.add(Card("a", "A", CardKind.ESIM), CardSecrets("LPA:1$smdp.example.com$HIDDEN-1", None, "4711"))
    open_page(app, "card", id="a", open="codes")
    assert not any("HIDDEN-1" in each.value or "4711" in each.value for each in app.code)
    toggle = next(each for each in app.toggle if each.label.startswith("Show the codes"))
    toggle.set_value(True).run()
    assert any("HIDDEN-1" in each.value for each in app.code)
    assert any(each.value == "4711" for each in app.code)


def test_a_typed_reading_with_empty_fields_keeps_nothing(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(Card("a", "A", CardKind.SIM))
    open_page(app, "card", id="a", open="typed")
    next(each for each in app.button if each.label == "Keep this reading").click().run()
    assert "Every field is empty, so nothing was kept." in said(app)
    assert readings.history("a") == []
    app.number_input(key="typed_left").set_value(2.0)
    app.number_input(key="typed_total").set_value(1.0)
    next(each for each in app.button if each.label == "Keep this reading").click().run()
    assert "More is left than there ever was" in said(app)
    assert readings.history("a") == []


def test_a_question_of_the_reader_is_the_persons_to_answer(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(Card("a", "A", CardKind.SIM))
    open_page(app, "card", id="a", open="paste")
    app.text_area(key="paste_text").set_value("Your plan with 2GB data left expires on 03/04/2027.").run()
    keep = next(each for each in app.button if each.key == "paste_keep")
    assert keep.disabled
    app.radio[0].set_value(1).run()
    next(each for each in app.button if each.key == "paste_keep").click().run()
    assert not app.exception
    (kept,) = readings.history("a")
    assert kept.source is Source.PASTED
    assert len(kept.validity) == 1


def test_a_card_that_is_gone_is_said_to_be_gone(app: AppTest) -> None:
    assert "This card is not here." in said(open_page(app, "card", id="nothing"))


def test_deleting_needs_a_second_yes(app: AppTest, cards: CardDesk) -> None:
    cards.add(Card("a", "A", CardKind.SIM))
    open_page(app, "card", id="a", open="delete")
    assert next(each for each in app.button if each.key == "delete_go").disabled
    app.checkbox(key="delete_sure").check().run()
    next(each for each in app.button if each.key == "delete_go").click().run()
    assert cards.all() == []


def test_two_entries_of_one_card_are_found_and_merged(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    for name in ("a", "b"):
        cards.add(Card(name, name, CardKind.SIM, identifiers=Identifiers(iccid="8944110068000000000"), holder=f"holder {name}"))
        with_data(readings, name, 10**9)
    open_page(app, "balances")
    app.button(key="merge_b_a").click().run()
    assert [card.card_id for card in cards.all()] == ["b"]
    assert len(readings.history("b")) == 2
    assert "holder a" in said(open_page(app, "card", id="b", open="numbers"))


CHIP = "89049032000000000000000000000163"
DEVICE = "490154203237518"


def test_an_eid_and_an_imei_are_checked_as_they_are_typed_and_kept_without_their_blanks(app: AppTest, cards: CardDesk) -> None:
    cards.add(Card("a", "A", CardKind.ESIM))
    open_page(app, "card", id="a", open="edit")
    app.text_input(key="edit_a_eid").set_value(CHIP[:-1] + "5")
    app.text_input(key="edit_a_imei").set_value(DEVICE[:-1] + "9")
    press(app, "Save the changes")
    refused = [line.split(":")[0] for each in app.error for line in each.value.split("  \n")]
    assert refused == ["EID", "IMEI"]
    assert cards.all()[0].identifiers == Identifiers()
    app.text_input(key="edit_a_eid").set_value(" ".join(CHIP[at : at + 4] for at in range(0, 32, 4)))
    app.text_input(key="edit_a_imei").set_value("49-015420-323751-8")
    press(app, "Save the changes")
    assert cards.all()[0].identifiers == Identifiers(eid=CHIP, imei=DEVICE)


def test_a_card_counts_as_low_below_the_limits_its_person_sets(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(Card("a", "A", CardKind.SIM, country="GB"))
    with_data(readings, "a", 2 * 10**9)
    low = "Data is low"
    assert low not in said(open_page(app, "card", id="a", open="limits"))
    app.number_input(key="limits_a_data").set_value(2.5)
    app.number_input(key="limits_a_money").set_value(5.0)
    app.number_input(key="limits_a_days").set_value(3)
    press(app, "Save the limits")
    assert cards.all()[0].thresholds == Thresholds(DataVolume(2_500_000_000), Money.of(5, "GBP"), 3)
    assert low in said(open_page(app, "card", id="a"))


def charts(app: AppTest) -> list[str]:
    return [each.proto.alt for each in app.get("vega_lite_chart")]


def test_the_history_has_charts_of_data_money_and_events(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    cards.add(Card("a", "A", CardKind.SIM, "giffgaff", "GB"))
    for days, left in ((3, 5), (1, 4)):
        readings.record(
            Reading(
                "a",
                Source.TYPED,
                NOW - timedelta(days=days),
                money=(MoneyBalance(Money.of(left, "GBP")),),
                data=(DataBalance(remaining=DataVolume(left * 10**9)),),
                events=(Event(EventKind.TOPPED_UP, Money.of(10, "GBP")),),
            )
        )
    open_page(app, "card", id="a", open="history")
    assert [name for name in charts(app) if name.endswith("over time")] == [
        "Data left over time",
        "Balance over time",
        "What happened, over time",
    ]


def test_a_stage_that_is_reached_is_never_dated_in_the_future(app: AppTest, cards: CardDesk, readings: ReadingDesk) -> None:
    """A number that its operator took long ago, with a plan that was said to last for days to come."""
    cards.add(Card("a", "A", CardKind.SIM, "giffgaff", "GB", first_used_on=NOW.date() - timedelta(days=400)))
    with_data(readings, "a", 10**9)
    line = next(each.value for each in open_page(app, "card", id="a").markdown if "→" in each.value)
    assert "**● Lost" in line
    assert "✓ Expired" in line
    future = (NOW + timedelta(days=12)).date()
    assert f"{future:%b} {future.day}, {future.year}" not in line
