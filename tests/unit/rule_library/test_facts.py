"""Shipped figures against renewal-facts, copied by hand: each line is one statement of that note (its section in the comment)."""

from enum import Enum

import pytest

from services.model.clock import Span
from services.model.money import Money
from services.model.tri import Tri
from services.rules.clocks.library import shipped_rules
from services.rules.clocks.schema import Fact, Tier


def _words(value: object) -> str:
    """A value as the table below writes it."""
    match value:
        case Span():
            return str(value)
        case Money():
            return f"{value.amount.normalize():f} {value.currency}"
        case Tier():
            return f"{_words(value.at_least)} -> {_words(value.span)}"
        case tuple():
            return ", ".join(_words(item) for item in value)
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def _fact(rule_id: str, path: str) -> Fact[object]:
    return dict(shipped_rules()[rule_id].facts())[path]


# (file, path of the fact, value, confidence, words of a source that must stand behind it)
FACTS = [
    # 1.4 and 2.2 United Kingdom
    ("giffgaff", "use.span", "6 months", "H", "Recycling-mobile-numbers-giffgaff"),
    ("giffgaff", "use.warnings", "35 days, 5 days", "M", "giffgaff-guide"),
    ("giffgaff", "actions.0.price", "0.3 GBP", "M", "GiffGaff-Britain"),
    ("asda_mobile", "top_up.span", "180 days", "H", "mobile.asda.com"),
    ("asda_mobile", "top_up.stacking", "reset", "H", "mobile.asda.com"),
    ("asda_mobile", "top_up.ladder.1.after", "90 days", "H", "mobile.asda.com"),
    ("asda_mobile", "top_up.ladder.1.loses", "number, credit", "H", "mobile.asda.com"),
    ("ee", "use.span", "179 days", "H", "ee.co.uk"),
    ("ee", "use.ladder.0.loses", "credit", "H", "ee.co.uk"),
    ("ee", "use.ladder.0.rescue", "support", "H", "ee.co.uk"),
    ("ee", "use.warnings", "119 days", "H", "ee.co.uk"),  # the text comes at 60 days: 179 less 60
    ("vodafone_uk", "use.span", "180 days", "M", "keeping-your-pay-as-you-go-number-active"),
    ("vodafone_uk", "use.ladder.1.after", "90 days", "M", "keeping-your-pay-as-you-go-number-active"),
    ("o2_uk", "use.span", "6 months", "M", "kenstechtips.com"),
    ("tesco_mobile", "use.span", "6 months", "M", "kenstechtips.com"),
    ("three_uk", "use.span", "6 months", "M", "kenstechtips.com"),
    ("smarty", "plan.ladder.1.after", "180 days", "H", "help.smarty.co.uk"),
    ("superdrug_mobile", "plan.ladder.1.after", "180 days", "H", "help.superdrugmobile.com"),
    ("lycamobile_uk", "top_up.span", "90 days", "M", "lycamobile.co.uk"),
    # 2.3 United States
    ("ultra_mobile", "fee.fee", "3 USD", "H", "ultramobile.com"),
    ("ultra_mobile", "fee.span", "30 days", "H", "ultramobile.com"),
    ("ultra_mobile", "fee.ladder.0.works", "emergency, operator_desk", "H", "what-happens-if-i-forget"),
    ("tello", "plan.ladder.1.after", "5 days", "M", "techfyp.nl"),
    ("visible", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("metro", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("mint_mobile", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("google_fi", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("total_wireless", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("cricket", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("att_prepaid", "plan.ladder.1.after", "60 days", "M", "techfyp.nl"),
    ("verizon_prepaid", "plan.ladder.1.after", "60 days", "H", "verizon.com"),
    (
        "verizon_prepaid_old",
        "credit.tiers",
        "0.01 USD -> 30 days, 30 USD -> 90 days, 75 USD -> 180 days, 100 USD -> 365 days",
        "H",
        "verizon.com",
    ),
    # 2.4 Hong Kong and Macau
    ("cmhk", "validity.tiers", "50 HKD -> 180 days", "L", "hkyamane.com"),
    ("csl", "validity.span", "180 days", "H", "hkcsl.com"),
    ("club_sim", "data.span", "90 days", "H", "clubsim.com.hk"),
    ("club_sim", "data.stacking", "reset", "H", "clubsim.com.hk"),
    ("club_sim", "data.start", "purchase", "H", "clubsim.com.hk"),
    ("club_sim_86easy", "plan.span", "1 month", "H", "86easy"),
    ("three_hk", "validity.tiers", "50 HKD -> 90 days, 200 HKD -> 365 days", "M", "three.com.hk"),
    ("hahasim", "validity.span", "12 months", "M", "xianyu_blog"),  # one year
    ("hahasim", "actions.0.price", "10 HKD", "M", "xianyu_blog"),
    ("sosim", "start_by.span", "60 days", "H", "sosimhk.com"),
    ("value_gb", "validity.tiers", "50 HKD -> 365 days", "H", "valuegb.com"),
    ("value_gb", "validity.stacking", "reset", "H", "valuegb.com"),
    ("value_gb", "validity.ladder.0.loses", "credit", "H", "valuegb.com"),
    ("value_gb", "validity.ladder.1.after", "30 days", "H", "valuegb.com"),
    ("shine_town", "validity.stacking", "keep_later", "H", "shinetown.com.hk"),
    ("shine_town", "validity.ladder.0.loses", "number, credit", "H", "shinetown.com.hk"),
    ("shine_town", "validity.ladder.0.rescue", "", "H", "shinetown.com.hk"),
    ("ctm", "validity.span", "180 days", "H", "ctm.net"),
    ("ctm", "validity.warnings", "1 day", "H", "ctm.net"),
    ("ctm", "validity.ladder.0.loses", "number, credit, service", "H", "Important Notes"),
    # 2.5 other markets
    ("singtel", "validity.tiers", "11 SGD -> 120 days, 21 SGD -> 180 days", "M", "hiapp"),
    ("starhub", "validity.span", "15 days", "H", "starhub.com"),
    ("starhub", "validity.initial", "90 days", "H", "starhub.com"),
    ("starhub", "validity.stacking", "reset", "H", "starhub.com"),
    ("ais", "validity.span", "30 days", "L", "thailand"),
    ("dtac", "validity.cap", "365 days", "L", "thailand"),
    ("dtac", "validity.stacking", "stack", "L", "thailand"),
    ("dtac", "actions.0.price", "2 THB", "L", "thailand"),
    ("true_th", "validity.span", "30 days", "L", "thailand"),
    ("skinny_nz", "use.span", "12 months", "M", "skinny"),
    ("skinny_nz", "use.stacking", "reset", "M", "skinny"),
    ("skinny_nz", "use.warnings", "1 month", "M", "skinny"),
    ("skinny_nz", "actions.0.price", "5 NZD", "M", "skinny"),
    ("telkomsel", "credit.stacking", "stack", "M", "lyrihkaesa"),
    ("base_be", "validity.span", "12 months", "M", "base.be"),
    ("orange_lu", "validity.span", "12 months", "M", "orange.lu"),
    # 2.6 travel eSIM shops, 1.1 to 1.3
    ("airalo", "plan.start", "first_connection", "H", "airalo.com"),
    ("airalo_install", "plan.start", "install", "H", "airalo.com"),
    ("airalo", "profile.span", "90 days", "H", "recycling"),
    ("ubigi", "plan.stacking", "old_end", "H", "ubigi.com"),
    ("ubigi", "start_by.span", "6 months", "H", "ubigi.com"),
    ("nomad", "plan.stacking", "old_end_or_spent", "H", "getnomad.app"),
    ("yesim", "plan.start", "purchase", "H", "yesimsupport"),
    ("yesim_postponed", "start_by.span", "365 days", "H", "yesimsupport"),
    ("kkday", "plan.zone", "UTC+08:00", "H", "kkday.com"),
    ("kkday", "plan.day", "natural", "H", "kkday.com"),
    ("kkday", "plan.stacking", "old_end", "H", "kkday.com"),
    ("kkday", "start_by.span", "90 days", "H", "kkday.com"),
    ("trip_com", "plan.stacking", "old_end", "H", "trip.com"),
    ("uupay", "plan.start", "purchase", "H", "uupay"),
    # 2.7 pocket Wi-Fi and data cards
    ("keepgo_unlimited", "plan.start", "install", "H", "keepgo.com"),
    ("keepgo_unlimited", "start_by.span", "180 days", "H", "keepgo.com"),
    ("keepgo_unlimited", "plan.day", "24h", "H", "keepgo.com"),
    ("keepgo_unlimited_asia", "plan.zone", "UTC+08:00", "H", "keepgo.com"),
    ("glocalme", "plan.day", "24h", "H", "europe"),
    ("glocalme", "start_by.span", "90 days", "H", "glocalme"),
    ("glocalme_month", "plan.zone", "UTC-05:00", "H", "north-america"),
    ("glocalme_month", "plan.month", "calendar", "H", "north-america"),
    ("glocalme_japan_korea", "start_by.span", "7 days", "H", "japan-korea"),
    # 2.1, 3.1 and 3.6 mainland China
    ("china_mobile", "fee.ladder.2.after", "90 days", "H", "shine.cn"),
    ("china_unicom", "fee.ladder.2.after", "90 days", "H", "shine.cn"),
    ("china_telecom", "fee.ladder.2.after", "90 days", "H", "shine.cn"),
    ("china_mobile", "fee.ladder.1.rescue", "support", "H", "shine.cn"),
    ("china_mobile", "fee.settling", "12 hours", "L", "tftnews"),
    ("china_mobile", "fee.fee_day", "1", "L", "tftnews"),
]


@pytest.mark.parametrize(("rule_id", "path", "value", "confidence", "source"), FACTS, ids=lambda item: str(item)[:40])
def test_a_figure_is_that_of_the_facts(rule_id: str, path: str, value: str, confidence: str, source: str) -> None:
    fact = _fact(rule_id, path)
    assert fact.value is not None
    assert _words(fact.value) == value
    assert fact.confidence.value == confidence
    sources = shipped_rules()[rule_id].sources
    assert any(source.lower() in sources[key].lower() for key in fact.source)


# 7.1: (file, path, the cautious value in force, the others)
DISPUTED = [
    ("china_mobile", "fee.ladder.1.after", "30 days", ["3 months", "6 months"]),
    ("china_unicom", "fee.ladder.1.after", "30 days", ["3 months", "6 months"]),
    ("china_telecom", "fee.ladder.1.after", "30 days", ["3 months", "6 months"]),
    ("china_broadnet", "fee.ladder.1.after", "30 days", ["3 months", "6 months"]),
    ("ultra_mobile", "fee.ladder.1.after", "30 days", ["90 days"]),
    ("us_mobile", "plan.ladder.1.after", "30 days", ["45 days"]),
    ("t_mobile_us", "plan.ladder.1.after", "90 days", ["120 days"]),
    ("holafly", "plan.ladder.0.rescue", "", ["top_up"]),
    ("telkomsel", "credit.cap", "90 days", ["365 days"]),  # the operator's page of November 2024 against the facts' of 2023
]


@pytest.mark.parametrize(("rule_id", "path", "cautious", "others"), DISPUTED, ids=lambda item: str(item))
def test_a_disputed_figure_has_all_its_values_and_the_cautious_one_in_force(
    rule_id: str, path: str, cautious: str, others: list[str]
) -> None:
    fact = _fact(rule_id, path)
    assert fact.confidence.value == "disputed"
    assert _words(fact.value) == cautious
    assert [_words(other.value) for other in fact.others] == others


def test_no_other_figure_is_disputed() -> None:
    found = {(rule.id, path) for rule in shipped_rules().values() for path, fact in rule.facts() if fact.confidence.value == "disputed"}
    assert found == {(rule_id, path) for rule_id, path, _, _ in DISPUTED}


# 7.4 and the "U" marks of section 2: looked for and not found
UNKNOWN = [
    ("ctexcel", "use.span"),
    ("cmlink_uk", "use.span"),
    ("club_sim", "number.span"),
    ("sosim", "validity.span"),
    ("solis", "plan.span"),
    ("keepgo", "line.span"),
    ("cuniq", "plan.span"),
    ("ryoko", "plan.span"),
    ("lycamobile_uk", "top_up.ladder.0.after"),
    ("cmhk", "validity.ladder.1.after"),
    ("china_mobile", "fee.fee"),
    ("china_unicom", "fee.ladder.1.rescue"),
    ("airalo", "plan.stacking"),
    ("smarty", "plan.span"),
]


@pytest.mark.parametrize(("rule_id", "path"), UNKNOWN)
def test_what_nobody_says_stays_unknown(rule_id: str, path: str) -> None:
    fact = _fact(rule_id, path)
    assert fact.value is None
    assert fact.confidence.value == "unknown"


YES, NO, OPEN = Tri.YES, Tri.NO, Tri.UNKNOWN
ACTIVITY = [
    ("giffgaff", "use", "sms_in", NO),  # receiving is free and does not count
    ("giffgaff", "use", "free_number", NO),
    ("giffgaff", "use", "data", YES),
    ("asda_mobile", "top_up", "call_out", NO),  # use alone does not count
    ("asda_mobile", "top_up", "top_up", YES),
    ("ee", "use", "sms_out", YES),
    ("ee", "use", "sms_in", OPEN),
    ("lycamobile_uk", "top_up", "top_up", YES),
    ("skinny_nz", "use", "sms_out", YES),
    ("skinny_nz", "use", "transfer_in", YES),
    ("airalo", "profile", "install", NO),  # installed but never connected is not used
    ("airalo", "profile", "connect", YES),
    ("keepgo_unlimited", "plan", "top_up", NO),
    ("cuniq", "plan", "top_up", NO),
    ("t_mobile_us", "plan", "top_up", NO),  # a few cents short stops the service
    ("starhub", "validity", "buy_days", YES),
]


@pytest.mark.parametrize(("rule_id", "clock", "what", "counts"), ACTIVITY)
def test_what_counts_is_what_the_facts_say(rule_id: str, clock: str, what: str, counts: Tri) -> None:
    listed = {rule.what.value: rule.counts for rule in shipped_rules()[rule_id].clock(clock).activity}
    assert listed[what] is counts
