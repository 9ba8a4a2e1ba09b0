"""A person's own figures, and what a changed shipped rule moves."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.model.clock import Activity, CardEvent, Confidence, EventKind, Span
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.engine import clock_states
from services.rules.clocks.library import parse_rule, shipped_rules
from services.rules.clocks.moves import RuledCard, moved_clocks
from services.rules.clocks.overrides import Override, OverrideError, RawValue, applied, changed_facts, suggestion
from services.rules.clocks.schema import OperatorRule
from tests.unit.clocks import rulebook as rb

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = CardEvent(EventKind.USED, datetime(2026, 1, 10, 12, tzinfo=LONDON), activity=Activity.SMS_OUT)
RECEIVED = CardEvent(EventKind.USED, datetime(2026, 2, 10, 12, tzinfo=LONDON), activity=Activity.SMS_IN)


def own(path: str, value: RawValue, operator: str = "giffgaff", card: str | None = None) -> Override:
    return Override(operator, path, value, "the hotline said so", date(2026, 2, 1), card)


def due(rule: OperatorRule, events: tuple[CardEvent, ...], *overrides: Override) -> datetime | None:
    return clock_states(rule, events, NOW, LONDON, overrides)[0].due


def test_an_own_length_moves_the_date_and_is_marked() -> None:
    one = clock_states(rb.GIFFGAFF, [TEXT], NOW, LONDON, [own("use.span", "90 days")])[0]
    assert one.due == datetime(2026, 4, 10, tzinfo=LONDON)
    assert one.overridden == ("span",)
    assert one.rule.span.confidence is Confidence.OWN
    shipped = clock_states(rb.GIFFGAFF, [TEXT], NOW, LONDON)[0]
    assert shipped.overridden == ()
    assert shipped.due == datetime(2026, 7, 9, tzinfo=LONDON)


def test_an_own_word_on_what_counts() -> None:
    events = (TEXT, RECEIVED)
    assert due(rb.GIFFGAFF, events) == datetime(2026, 7, 9, tzinfo=LONDON)
    assert due(rb.GIFFGAFF, events, own("use.activity.sms_in", "yes")) == datetime(2026, 8, 9, tzinfo=LONDON)
    one = clock_states(rb.GIFFGAFF, events, NOW, LONDON, [own("use.activity.sms_in", "yes")])[0]
    assert Activity.SMS_IN in one.activities(Tri.YES)
    assert one.overridden == ("activity.sms_in",)


def test_the_figure_of_one_card_wins_over_that_of_the_operator() -> None:
    operator, card = own("use.span", "100 days"), own("use.span", "90 days", card="card-1")
    assert due(rb.GIFFGAFF, (TEXT,), card, operator) == datetime(2026, 4, 10, tzinfo=LONDON)
    assert due(rb.GIFFGAFF, (TEXT,), operator) == datetime(2026, 4, 20, tzinfo=LONDON)


def test_overrides_of_other_operators_do_nothing() -> None:
    assert due(rb.GIFFGAFF, (TEXT,), own("top_up.span", "1 day", "asda")) == due(rb.GIFFGAFF, (TEXT,))


def test_an_own_length_takes_the_place_of_the_tiers() -> None:
    paid = CardEvent(EventKind.TOPPED_UP, datetime(2026, 1, 10, 4, tzinfo=UTC), amount=Money.of(1, "HKD"))
    rule = applied(rb.VALUEGB, [own("validity.span", "10 days", "valuegb")])
    assert rule.clock("validity").tiers.value is None
    assert rule.clock("validity").span.value == Span.parse("10 days")
    assert due(rb.VALUEGB, (paid,), own("validity.span", "10 days", "valuegb")) == datetime(2026, 1, 20, tzinfo=ZoneInfo("Asia/Hong_Kong"))


def test_own_ladder_and_price() -> None:
    rule = applied(shipped_rules()["giffgaff"], [own("use.ladder.0.after", "7 days"), own("actions.0.price", "0.40 GBP")])
    assert rule.clock("use").ladder[0].after.value == Span.parse("7 days")
    assert rule.offers["use"][0].price == Money.of("0.40", "GBP")
    assert shipped_rules()["giffgaff"].offers["use"][0].price == Money.of("0.30", "GBP")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("use.length", "90 days"),
        ("nothing.span", "90 days"),
        ("use.span", "soon"),
        ("use.stacking", "sometimes"),
        ("use.activity.dancing", "yes"),
        ("use.activity.sms_in", "unknown"),
        ("use.ladder.9.after", "1 day"),
        ("use.ladder.x.after", "1 day"),
        ("actions.0.what", "top_up"),
        ("use.kind", "arrears"),
        ("use", "90 days"),
        ("", "90 days"),
    ],
)
def test_an_override_that_does_not_fit_is_refused(path: str, value: RawValue) -> None:
    with pytest.raises(OverrideError) as caught:
        applied(shipped_rules()["giffgaff"], [own(path, value)])
    assert caught.value.override.path == path


def test_a_suggestion_tells_the_fact_and_nothing_of_the_card() -> None:
    text = suggestion(shipped_rules()["giffgaff"], own("use.span", "90 days", card="card-1"))
    told = json.loads(text)
    assert told["operator"] == "giffgaff"
    assert told["fact"] == "use.span"
    assert (told["shipped_value"], told["suggested_value"]) == ("6 months", "90 days")
    assert told["shipped_sources"] == ["community.giffgaff.com/t5/Blog/Recycling-mobile-numbers-giffgaff (staff blog)"]
    assert told["note"] == "the hotline said so"
    assert "card-1" not in text
    activity = json.loads(suggestion(shipped_rules()["giffgaff"], own("use.activity.sms_in", "yes")))
    assert (activity["shipped_value"], activity["suggested_value"]) == ("no", "yes")


_EDITION = """
id = "moving"
country = "GB"
zone = "Europe/London"
cards = ["sim"]
name = {{ en = "Moving", zh = "变化" }}
[sources]
S1 = "a page that exists"
[[clocks]]
id = "use"
kind = "inactivity"
name = {{ en = "Use", zh = "使用" }}
source = ["S1"]
as_of = "{as_of}"
confidence = "H"
span = {{ value = "{span}" }}
[[clocks.activity]]
what = "sms_out"
counts = "yes"
{more}
"""


def edition(span: str = "180 days", as_of: str = "2024", more: str = "") -> dict[str, OperatorRule]:
    rule = parse_rule(_EDITION.format(span=span, as_of=as_of, more=more))
    return {rule.id: rule, "asda": rb.ASDA}


CARDS = [
    RuledCard("one", "moving", (TEXT,)),
    RuledCard("two", "moving", (TEXT,), (Override("moving", "use.span", "90 days", "", date(2026, 1, 1)),)),
    RuledCard("three", "asda", (CardEvent(EventKind.TOPPED_UP, TEXT.at),)),
    RuledCard("four", "moving", ()),
    RuledCard("five", "of no rule", (TEXT,)),
]


def test_a_changed_length_moves_the_cards_without_an_own_one() -> None:
    moved, broken = moved_clocks(CARDS, edition(), edition("100 days"), NOW, LONDON)
    assert [(item.card, item.clock) for item in moved] == [("one", "use")]
    assert moved[0].before == datetime(2026, 7, 9, tzinfo=LONDON)
    assert moved[0].after == datetime(2026, 4, 20, tzinfo=LONDON)
    assert broken == ()
    assert [(change.path, change.before, change.after) for change in changed_facts(edition(), edition("100 days"))] == [
        ("use.span", "180 days", "100 days")
    ]


def test_a_newer_source_alone_moves_nothing() -> None:
    assert moved_clocks(CARDS, edition(), edition(as_of="2026"), NOW, LONDON) == ((), ())
    assert changed_facts(edition(), edition(as_of="2026")) == ()


def test_a_new_clock_and_a_lost_one_are_listed() -> None:
    more = '[[clocks]]\nid = "credit"\nkind = "top_up_only"\nname = { en = "Credit", zh = "余额" }\n'
    moved, _ = moved_clocks(CARDS[:1], edition(), edition(more=more), NOW, LONDON)
    assert [(item.clock, item.is_new, item.is_gone) for item in moved] == [("credit", True, False)]
    moved, _ = moved_clocks(CARDS[:1], edition(more=more), edition(), NOW, LONDON)
    assert [(item.clock, item.is_new, item.is_gone) for item in moved] == [("credit", False, True)]
    moved, _ = moved_clocks(CARDS[:1], {}, edition(), NOW, LONDON)
    assert [(item.clock, item.is_new) for item in moved] == [("use", True)]


def test_an_own_figure_whose_fact_is_gone_is_reported_not_lost() -> None:
    renamed = {"moving": parse_rule(_EDITION.format(span="180 days", as_of="2024", more="").replace('id = "use"', 'id = "idle"'))}
    moved, broken = moved_clocks(CARDS[1:2], edition(), renamed, NOW, LONDON)
    assert [item.override.path for item in broken] == ["use.span"]
    assert {(item.clock, item.is_new, item.is_gone) for item in moved} == {("use", False, True), ("idle", True, False)}
