"""Dates worked out by hand from renewal-facts, one line each. The day counts were added up month by month, not with the engine."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.model.clock import Activity, CardEvent, ClockStatus, EventKind, Missing, Question, Span, StageCode
from services.model.money import Money
from services.rules.clocks.engine import ClockState, clock_states
from services.rules.clocks.library import shipped_rules
from services.rules.clocks.schema import OperatorRule, parse_zone
from tests.unit.clocks import rulebook as rb

LONDON, SHANGHAI, HONG_KONG, NEW_YORK = "Europe/London", "Asia/Shanghai", "Asia/Hong_Kong", "America/New_York"
JAKARTA, BANGKOK, AUCKLAND, SINGAPORE, PARIS = "Asia/Jakarta", "Asia/Bangkok", "Pacific/Auckland", "Asia/Singapore", "Europe/Paris"


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=parse_zone(zone))


def happened(kind: EventKind, text: str, zone: str, **facts: object) -> CardEvent:
    return CardEvent(kind, at(text, zone), **facts)  # type: ignore[arg-type]


def on(text: str, zone: str) -> CardEvent:
    return happened(EventKind.ACTIVATED, text, zone)


def use(what: Activity, text: str, zone: str) -> CardEvent:
    return happened(EventKind.USED, text, zone, activity=what)


def paid(money: str | None, text: str, zone: str) -> CardEvent:
    amount = None
    if money is not None:
        number, currency = money.split()
        amount = Money.of(number, currency)
    return happened(EventKind.TOPPED_UP, text, zone, amount=amount)


def plan(length: str | None, text: str, zone: str) -> CardEvent:
    return happened(EventKind.BUNDLE_BOUGHT, text, zone, span=Span.parse(length) if length else None)


def bought(text: str, zone: str) -> CardEvent:
    return happened(EventKind.PURCHASED, text, zone)


def balance(money: str, text: str, zone: str) -> CardEvent:
    number, currency = money.split()
    return happened(EventKind.READING, text, zone, balance=Money.of(number, currency))


def shows(day: str, text: str, zone: str, money: str | None = None) -> CardEvent:
    amount = Money.of(*money.split()) if money else None
    return happened(EventKind.READING, text, zone, valid_until=date.fromisoformat(day), balance=amount)


def connects(text: str, zone: str) -> CardEvent:
    return happened(EventKind.FIRST_CONNECTION, text, zone)


def installs(text: str, zone: str) -> CardEvent:
    return happened(EventKind.INSTALLED, text, zone)


def spent(text: str, zone: str) -> CardEvent:
    return happened(EventKind.DATA_SPENT, text, zone)


@dataclass(frozen=True)
class Case:
    name: str
    rule: OperatorRule
    clock: str
    events: list[CardEvent]
    due: str | None  # local time in ``zone``
    zone: str
    now: str | None = None  # local time in ``zone``; None: a day after the last event
    status: ClockStatus = ClockStatus.RUNNING
    safe: str | None = None
    person: str | None = None  # the person's zone; None: ``zone``
    stage: StageCode | None = None
    rescue_until: str | None = None
    missing: tuple[Missing, Question] | None = None
    bound: str | None = None
    owed: str | None = None
    other: dict[str, object] = field(default_factory=dict)


PAST, UNKNOWN, SETTLED, NOT_STARTED = ClockStatus.PAST, ClockStatus.UNKNOWN, ClockStatus.SETTLED, ClockStatus.NOT_STARTED
SMS, DATA, CALL = Activity.SMS_OUT, Activity.DATA, Activity.CALL_OUT
GG, ASDA, ULTRA, CN = rb.GIFFGAFF, rb.ASDA, rb.ULTRA, rb.MAINLAND
ULTRA_ON = on("2026-01-01 12:00", NEW_YORK)
TSEL_ON = on("2026-01-01 12:00", JAKARTA)
ASDA_JAN = paid("5 GBP", "2026-01-01 09:00", LONDON)
SHINE_ON = on("2026-01-01 12:00", HONG_KONG)
CN_READ = balance("30 CNY", "2026-01-10 12:00", SHANGHAI)
NOMAD_ON = [plan("30 days", "2026-03-01 00:00", "UTC"), connects("2026-03-05 08:00", "UTC")]
UBIGI_TWO = [
    plan("30 days", "2026-03-01 00:00", "UTC"),
    plan("30 days", "2026-03-01 00:05", "UTC"),
    connects("2026-03-05 08:00", "UTC"),
]
AIRALO_LATE = [
    plan("7 days", "2026-03-01 10:00", "UTC"),
    bought("2026-03-01 10:00", "UTC"),
    installs("2026-03-02 10:00", "UTC"),
    connects("2026-03-08 10:00", "UTC"),
]
KKDAY_NOON = [plan("5 days", "2026-03-01 12:00", PARIS), connects("2026-03-10 12:00", PARIS)]

CASES = [
    # giffgaff: six months (nobody says which), any chargeable use, London days
    Case("text in January", GG, "use", [use(SMS, "2026-01-10 12:00", LONDON)], "2026-07-09 00:00", LONDON, safe="2026-07-08"),
    Case("text at the end of August", GG, "use", [use(SMS, "2026-08-31 12:00", LONDON)], "2027-02-27 00:00", LONDON),
    Case("text before a leap February", GG, "use", [use(SMS, "2027-08-31 12:00", LONDON)], "2028-02-27 00:00", LONDON),
    Case(
        "a received text does not count",
        GG,
        "use",
        [on("2026-01-01 12:00", LONDON), use(Activity.SMS_IN, "2026-05-01 12:00", LONDON)],
        "2026-06-30 00:00",
        LONDON,
    ),
    Case(
        "the operator's own free number does not count",
        GG,
        "use",
        [on("2026-01-01 12:00", LONDON), use(Activity.FREE_NUMBER, "2026-05-01 12:00", LONDON)],
        "2026-06-30 00:00",
        LONDON,
    ),
    Case("data the day before summer time", GG, "use", [use(DATA, "2026-03-28 12:00", LONDON)], "2026-09-24 00:00", LONDON),
    Case(
        "180 times 24 hours over the end of summer time is an hour short of the day",
        GG,
        "use",
        [paid("10 GBP", "2026-06-10 23:30", "UTC")],
        "2026-12-07 23:30",
        LONDON,
    ),
    Case(
        "text at dawn in Shanghai is the day before in London",
        GG,
        "use",
        [use(SMS, "2026-01-10 05:00", SHANGHAI)],
        "2026-07-08 07:00",
        SHANGHAI,
        safe="2026-07-07",
    ),
    Case(
        "a person west of the operator has a day less",
        GG,
        "use",
        [use(SMS, "2026-01-10 12:00", LONDON)],
        "2026-07-09 00:00",
        LONDON,
        safe="2026-07-07",
        person="America/Los_Angeles",
    ),
    Case(
        "a received call: nobody says, so it moves nothing",
        GG,
        "use",
        [on("2026-01-01 12:00", LONDON), use(Activity.CALL_IN, "2026-05-01 12:00", LONDON)],
        "2026-06-30 00:00",
        LONDON,
        other={"doubtful": use(Activity.CALL_IN, "2026-05-01 12:00", LONDON)},
    ),
    Case("nothing known", GG, "use", [], None, LONDON, "2026-05-01 12:00", UNKNOWN, missing=(Missing.NO_START, Question.WHEN_LAST_USED)),
    Case(
        "half a month too late",
        GG,
        "use",
        [use(SMS, "2025-12-01 12:00", LONDON)],
        "2026-05-30 00:00",
        LONDON,
        "2026-06-15 12:00",
        PAST,
        stage=StageCode.DEACTIVATED,
        rescue_until="2026-05-30 00:00",
    ),
    Case(
        "a text that went out after the date is believed",
        GG,
        "use",
        [use(SMS, "2025-12-01 12:00", LONDON), use(SMS, "2026-06-10 12:00", LONDON)],
        "2026-12-07 00:00",
        LONDON,
    ),
    # ASDA Mobile: 180 days, only a top-up counts, then 90 days with outgoing barred
    Case("ASDA top-up", ASDA, "top_up", [ASDA_JAN], "2026-06-30 00:00", LONDON, safe="2026-06-29"),
    Case("ASDA call does not count", ASDA, "top_up", [ASDA_JAN, use(CALL, "2026-03-01 12:00", LONDON)], "2026-06-30 00:00", LONDON),
    Case(
        "ASDA barred",
        ASDA,
        "top_up",
        [ASDA_JAN],
        "2026-06-30 00:00",
        LONDON,
        "2026-07-15 12:00",
        PAST,
        stage=StageCode.OUTGOING_BARRED,
        rescue_until="2026-09-28 00:00",
    ),
    Case("ASDA revived in time", ASDA, "top_up", [ASDA_JAN, paid("5 GBP", "2026-07-15 12:00", LONDON)], "2027-01-11 00:00", LONDON),
    Case(
        "ASDA top-up after the account was closed",
        ASDA,
        "top_up",
        [ASDA_JAN, paid("5 GBP", "2026-10-01 12:00", LONDON)],
        "2026-06-30 00:00",
        LONDON,
        status=PAST,
        stage=StageCode.CANCELLED,
        missing=(Missing.MAYBE_GONE, Question.STILL_WORKS),
    ),
    Case("ASDA second top-up", ASDA, "top_up", [ASDA_JAN, paid("5 GBP", "2026-02-01 12:00", LONDON)], "2026-07-31 00:00", LONDON),
    Case("ASDA bundle", ASDA, "top_up", [plan("30 days", "2026-04-15 12:00", LONDON)], "2026-10-12 00:00", LONDON),
    # Ultra PayGo: 3 dollars every 30 days
    Case(
        "Ultra drifts over two years",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("72 USD", "2026-01-02 12:00", NEW_YORK)],
        "2028-01-21 00:00",
        NEW_YORK,
        other={"fees_covered": 24},
    ),
    Case("Ultra one fee", ULTRA, "fee", [ULTRA_ON, balance("3 USD", "2026-01-02 12:00", NEW_YORK)], "2026-03-02 00:00", NEW_YORK),
    Case("Ultra a cent short", ULTRA, "fee", [ULTRA_ON, balance("2.99 USD", "2026-01-02 12:00", NEW_YORK)], "2026-01-31 00:00", NEW_YORK),
    Case("Ultra across summer time", ULTRA, "fee", [ULTRA_ON, balance("6 USD", "2026-01-02 12:00", NEW_YORK)], "2026-04-01 04:00", "UTC"),
    Case(
        "Ultra suspended",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK)],
        "2026-01-31 00:00",
        NEW_YORK,
        "2026-02-10 12:00",
        PAST,
        stage=StageCode.SUSPENDED,
        rescue_until="2026-03-02 00:00",
    ),
    Case(
        "Ultra reloaded while suspended",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK), paid("5 USD", "2026-02-10 12:00", NEW_YORK)],
        "2026-03-02 00:00",
        NEW_YORK,
    ),
    Case(
        "Ultra reloaded with less than the fee",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK), paid("2 USD", "2026-02-10 12:00", NEW_YORK)],
        "2026-01-31 00:00",
        NEW_YORK,
        status=PAST,
        stage=StageCode.SUSPENDED,
    ),
    Case(
        "Ultra reloaded after the number was deleted",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK), paid("5 USD", "2026-03-10 12:00", NEW_YORK)],
        "2026-01-31 00:00",
        NEW_YORK,
        status=PAST,
        stage=StageCode.CANCELLED,
        missing=(Missing.MAYBE_GONE, Question.STILL_WORKS),
    ),
    Case(
        "Ultra still short while suspended",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK), balance("1 USD", "2026-02-10 12:00", NEW_YORK)],
        "2026-01-31 00:00",
        NEW_YORK,
        status=PAST,
        stage=StageCode.SUSPENDED,
    ),
    Case(
        "Ultra with money that no fee took",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("0 USD", "2026-01-02 12:00", NEW_YORK), balance("4 USD", "2026-02-10 12:00", NEW_YORK)],
        "2026-04-01 00:00",
        NEW_YORK,
    ),
    Case(
        "Ultra first read after a fee, with less than one left",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("1 USD", "2026-02-10 12:00", NEW_YORK)],
        None,
        NEW_YORK,
        status=UNKNOWN,
        bound="2026-01-31 00:00",
        missing=(Missing.NO_BALANCE, Question.VALID_UNTIL),
    ),
    Case(
        "mainland arrears read again",
        CN,
        "fee",
        [CN_READ, balance("-4 CNY", "2026-05-10 12:00", SHANGHAI)],
        "2026-05-01 00:00",
        SHANGHAI,
        status=PAST,
        owed="4 CNY",
    ),
    Case(
        "Ultra without a balance",
        ULTRA,
        "fee",
        [ULTRA_ON],
        None,
        NEW_YORK,
        status=UNKNOWN,
        bound="2026-01-31 00:00",
        missing=(Missing.NO_BALANCE, Question.BALANCE),
    ),
    Case(
        "Ultra's own date and balance",
        ULTRA,
        "fee",
        [shows("2026-03-15", "2026-03-01 12:00", NEW_YORK, "6.50 USD")],
        "2026-05-14 00:00",
        NEW_YORK,
    ),
    Case(
        "Ultra paid in euros",
        ULTRA,
        "fee",
        [ULTRA_ON, balance("3 USD", "2026-01-02 12:00", NEW_YORK), paid("5 EUR", "2026-01-05 12:00", NEW_YORK)],
        None,
        NEW_YORK,
        status=UNKNOWN,
        bound="2026-03-02 00:00",
        missing=(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT),
    ),
    # CMHK: HK$50 or more gives 180 days from the day it is paid
    Case("CMHK new", rb.CMHK, "validity", [on("2026-01-01 12:00", HONG_KONG)], "2026-06-30 00:00", HONG_KONG),
    Case(
        "CMHK resets",
        rb.CMHK,
        "validity",
        [on("2026-01-01 12:00", HONG_KONG), paid("50 HKD", "2026-02-01 12:00", HONG_KONG)],
        "2026-07-31 00:00",
        HONG_KONG,
    ),
    Case(
        "CMHK too small",
        rb.CMHK,
        "validity",
        [on("2026-01-01 12:00", HONG_KONG), paid("49 HKD", "2026-02-01 12:00", HONG_KONG)],
        "2026-06-30 00:00",
        HONG_KONG,
    ),
    Case(
        "CMHK at the last hour",
        rb.CMHK,
        "validity",
        [on("2026-01-01 12:00", HONG_KONG), paid("100 HKD", "2026-06-29 23:30", HONG_KONG)],
        "2026-12-26 00:00",
        HONG_KONG,
    ),
    Case(
        "CMHK amount not written down",
        rb.CMHK,
        "validity",
        [on("2026-01-01 12:00", HONG_KONG), paid(None, "2026-02-01 12:00", HONG_KONG)],
        None,
        HONG_KONG,
        status=UNKNOWN,
        bound="2026-06-30 00:00",
        missing=(Missing.NO_AMOUNT, Question.TOP_UP_AMOUNT),
    ),
    # ValueGB: HK$50 or more gives 365 days, nothing added, then 30 days of grace
    Case(
        "ValueGB before any top-up",
        rb.VALUEGB,
        "validity",
        [on("2026-01-01 12:00", HONG_KONG)],
        None,
        HONG_KONG,
        status=UNKNOWN,
        missing=(Missing.NO_START, Question.VALID_UNTIL),
    ),
    Case("ValueGB year", rb.VALUEGB, "validity", [paid("50 HKD", "2026-03-01 12:00", HONG_KONG)], "2027-03-01 00:00", HONG_KONG),
    Case(
        "ValueGB resets",
        rb.VALUEGB,
        "validity",
        [paid("50 HKD", "2026-03-01 12:00", HONG_KONG), paid("50 HKD", "2026-06-01 12:00", HONG_KONG)],
        "2027-06-01 00:00",
        HONG_KONG,
    ),
    Case(
        "ValueGB grace",
        rb.VALUEGB,
        "validity",
        [paid("50 HKD", "2026-03-01 12:00", HONG_KONG)],
        "2027-03-01 00:00",
        HONG_KONG,
        "2027-03-10 12:00",
        PAST,
        stage=StageCode.GRACE,
        rescue_until="2027-03-31 00:00",
    ),
    Case(
        "ValueGB reset that shortens",
        rb.VALUEGB,
        "validity",
        [shows("2028-01-01", "2026-05-01 12:00", HONG_KONG), paid("50 HKD", "2026-06-01 12:00", HONG_KONG)],
        "2027-06-01 00:00",
        HONG_KONG,
    ),
    Case(
        "365 days over a leap day", rb.VALUEGB, "validity", [paid("50 HKD", "2027-03-01 12:00", HONG_KONG)], "2028-02-29 00:00", HONG_KONG
    ),
    # Shine Town: from the recharge day, but the older date stays when it is later; no grace
    Case(
        "Shine Town keeps the later date",
        rb.SHINE_TOWN,
        "validity",
        [SHINE_ON, paid("100 HKD", "2026-01-10 12:00", HONG_KONG), paid("50 HKD", "2026-02-01 12:00", HONG_KONG)],
        "2026-07-09 00:00",
        HONG_KONG,
    ),
    Case(
        "Shine Town moves to the later date",
        rb.SHINE_TOWN,
        "validity",
        [SHINE_ON, paid("50 HKD", "2026-01-10 12:00", HONG_KONG), paid("50 HKD", "2026-03-01 12:00", HONG_KONG)],
        "2026-05-30 00:00",
        HONG_KONG,
    ),
    Case(
        "Shine Town has no grace",
        rb.SHINE_TOWN,
        "validity",
        [SHINE_ON],
        "2026-04-01 00:00",
        HONG_KONG,
        "2026-04-02 00:00",
        PAST,
        stage=StageCode.CANCELLED,
        rescue_until="2026-04-01 00:00",
    ),
    Case(
        "Shine Town whose older date nobody recorded",
        rb.SHINE_TOWN,
        "validity",
        [paid("50 HKD", "2026-03-01 12:00", HONG_KONG)],
        None,
        HONG_KONG,
        status=UNKNOWN,
        bound="2026-05-30 00:00",
        missing=(Missing.NO_START, Question.VALID_UNTIL),
    ),
    # Telkomsel: days by amount, added up to 90 days from the top-up; the first day is free
    Case("Telkomsel new", rb.TELKOMSEL, "credit", [TSEL_ON], "2026-02-01 00:00", JAKARTA, safe="2026-01-31"),
    Case("Telkomsel 7 days", rb.TELKOMSEL, "credit", [TSEL_ON, paid("5000 IDR", "2026-01-10 12:00", JAKARTA)], "2026-02-08 00:00", JAKARTA),
    Case("Telkomsel cap", rb.TELKOMSEL, "credit", [TSEL_ON, paid("150000 IDR", "2026-01-10 12:00", JAKARTA)], "2026-04-11 00:00", JAKARTA),
    Case(
        "Telkomsel 30 days", rb.TELKOMSEL, "credit", [TSEL_ON, paid("25000 IDR", "2026-01-10 12:00", JAKARTA)], "2026-03-03 00:00", JAKARTA
    ),
    Case("Telkomsel's own date", rb.TELKOMSEL, "credit", [shows("2026-03-05", "2026-02-01 12:00", JAKARTA)], "2026-03-06 00:00", JAKARTA),
    Case(
        "Telkomsel too late", rb.TELKOMSEL, "credit", [TSEL_ON, paid("25000 IDR", "2026-02-10 12:00", JAKARTA)], "2026-03-13 00:00", JAKARTA
    ),
    Case(
        "Telkomsel too little",
        rb.TELKOMSEL,
        "credit",
        [TSEL_ON, paid("4000 IDR", "2026-01-10 12:00", JAKARTA)],
        "2026-02-01 00:00",
        JAKARTA,
    ),
    # Thailand: 30 days per top-up, up to 365
    Case(
        "Thai stacking",
        rb.DTAC,
        "credit",
        [on("2026-01-01 12:00", BANGKOK), *(paid("20 THB", f"2026-01-0{day} 12:00", BANGKOK) for day in (2, 3, 4))],
        "2026-05-02 00:00",
        BANGKOK,
    ),
    Case(
        "Thai ceiling",
        rb.DTAC,
        "credit",
        [on("2026-01-01 12:00", BANGKOK), *(paid("20 THB", f"2026-01-02 {hour:02}:00", BANGKOK) for hour in range(6, 19))],
        "2027-01-03 00:00",
        BANGKOK,
    ),
    # Skinny: twelve months from the event
    Case("Skinny text", rb.SKINNY, "use", [use(SMS, "2026-02-28 12:00", AUCKLAND)], "2027-02-28 00:00", AUCKLAND),
    Case("Skinny on a leap day", rb.SKINNY, "use", [use(SMS, "2028-02-29 12:00", AUCKLAND)], "2029-02-28 00:00", AUCKLAND),
    Case(
        "Skinny: two top-ups do not give two years",
        rb.SKINNY,
        "use",
        [paid("5 NZD", "2026-05-01 12:00", AUCKLAND), paid("5 NZD", "2026-05-01 13:00", AUCKLAND)],
        "2027-05-01 00:00",
        AUCKLAND,
    ),
    Case("Skinny credit received", rb.SKINNY, "use", [use(Activity.TRANSFER_IN, "2026-06-15 12:00", AUCKLAND)], "2027-06-14 12:00", "UTC"),
    # Singtel: the amount decides
    Case("S$11", rb.SINGTEL, "validity", [paid("11 SGD", "2026-01-10 12:00", SINGAPORE)], "2026-05-10 00:00", SINGAPORE),
    Case("S$20.99", rb.SINGTEL, "validity", [paid("20.99 SGD", "2026-01-10 12:00", SINGAPORE)], "2026-05-10 00:00", SINGAPORE),
    Case("S$21", rb.SINGTEL, "validity", [paid("21 SGD", "2026-01-10 12:00", SINGAPORE)], "2026-07-09 00:00", SINGAPORE),
    Case("S$50", rb.SINGTEL, "validity", [paid("50 SGD", "2026-01-10 12:00", SINGAPORE)], "2026-07-09 00:00", SINGAPORE),
    Case(
        "S$21 and then S$11 moves the date earlier",
        rb.SINGTEL,
        "validity",
        [paid("21 SGD", "2026-01-10 12:00", SINGAPORE), paid("11 SGD", "2026-02-01 12:00", SINGAPORE)],
        "2026-06-01 00:00",
        SINGAPORE,
    ),
    # Mainland: 8 yuan on the first of each month; suspension, cancellation, 90 days of rest
    Case("mainland balance lasts until", CN, "fee", [CN_READ], "2026-05-01 00:00", SHANGHAI, other={"fees_covered": 3}),
    Case(
        "mainland arrears",
        CN,
        "fee",
        [CN_READ],
        "2026-05-01 00:00",
        SHANGHAI,
        "2026-05-10 12:00",
        PAST,
        stage=StageCode.SUSPENDED,
        owed="2 CNY",
    ),
    Case("mainland arrears grow", CN, "fee", [CN_READ], "2026-05-01 00:00", SHANGHAI, "2026-06-15 12:00", PAST, owed="10 CNY"),
    Case(
        "mainland cancelled",
        CN,
        "fee",
        [CN_READ],
        "2026-05-01 00:00",
        SHANGHAI,
        "2026-07-30 00:00",
        PAST,
        stage=StageCode.CANCELLED,
        rescue_until="2026-10-28 00:00",
    ),
    Case("mainland number rests", CN, "fee", [CN_READ], "2026-05-01 00:00", SHANGHAI, "2026-10-28 00:00", PAST, stage=StageCode.REISSUED),
    Case("mainland arrears paid", CN, "fee", [CN_READ, paid("2 CNY", "2026-05-10 12:00", SHANGHAI)], "2026-06-01 00:00", SHANGHAI),
    Case(
        "mainland arrears paid in part",
        CN,
        "fee",
        [CN_READ, paid("1 CNY", "2026-05-10 12:00", SHANGHAI)],
        "2026-05-01 00:00",
        SHANGHAI,
        status=PAST,
        stage=StageCode.SUSPENDED,
        owed="1 CNY",
    ),
    Case(
        "mainland paid after the cancellation",
        CN,
        "fee",
        [CN_READ, paid("100 CNY", "2026-08-10 12:00", SHANGHAI)],
        "2026-05-01 00:00",
        SHANGHAI,
        status=PAST,
        stage=StageCode.CANCELLED,
        missing=(Missing.MAYBE_GONE, Question.STILL_WORKS),
    ),
    Case(
        "mainland without a balance",
        CN,
        "fee",
        [on("2026-01-01 12:00", SHANGHAI)],
        None,
        SHANGHAI,
        status=UNKNOWN,
        missing=(Missing.NO_BALANCE, Question.BALANCE),
    ),
    Case(
        "mainland already in arrears",
        CN,
        "fee",
        [balance("-5 CNY", "2026-01-10 12:00", SHANGHAI)],
        "2026-01-10 12:00",
        SHANGHAI,
        status=PAST,
        stage=StageCode.SUSPENDED,
        owed="5 CNY",
    ),
    Case("mainland the last hour of a month", CN, "fee", [balance("8 CNY", "2026-01-31 23:00", SHANGHAI)], "2026-03-01 00:00", SHANGHAI),
    # Nomad: the add-on waits for the end of the plan or of its data
    Case("Nomad plan", rb.NOMAD, "plan", NOMAD_ON, "2026-04-04 08:00", "UTC"),
    Case("Nomad add-on waits", rb.NOMAD, "plan", [*NOMAD_ON, plan("10 days", "2026-03-20 08:00", "UTC")], "2026-04-14 08:00", "UTC"),
    Case(
        "Nomad add-on starts when the data is gone",
        rb.NOMAD,
        "plan",
        [*NOMAD_ON, plan("10 days", "2026-03-20 08:00", "UTC"), spent("2026-03-25 12:00", "UTC")],
        "2026-04-04 12:00",
        "UTC",
    ),
    Case(
        "Nomad not connected",
        rb.NOMAD,
        "plan",
        NOMAD_ON[:1],
        None,
        "UTC",
        status=NOT_STARTED,
        missing=(Missing.NOT_CONNECTED, Question.WHEN_CONNECTED),
        bound="2026-03-31 00:00",
    ),
    Case(
        "Nomad plan of unknown length",
        rb.NOMAD,
        "plan",
        [plan(None, "2026-03-01 00:00", "UTC"), NOMAD_ON[1]],
        None,
        "UTC",
        status=UNKNOWN,
        bound="2026-03-05 08:00",
        missing=(Missing.NO_PLAN_LENGTH, Question.PLAN_LENGTH),
    ),
    # Ubigi: identical plans queue; the pre-loaded code is good for six months
    Case("Ubigi queue", rb.UBIGI, "plan", UBIGI_TWO, "2026-05-04 08:00", "UTC"),
    Case(
        "Ubigi queue waits although the data is gone",
        rb.UBIGI,
        "plan",
        [*UBIGI_TWO, spent("2026-03-20 08:00", "UTC")],
        "2026-05-04 08:00",
        "UTC",
    ),
    Case("Ubigi install by", rb.UBIGI, "start_by", [bought("2026-03-01 12:00", "UTC")], "2026-08-27 12:00", "UTC"),
    Case(
        "Ubigi installed",
        rb.UBIGI,
        "start_by",
        [bought("2026-03-01 12:00", "UTC"), installs("2026-03-02 12:00", "UTC")],
        None,
        "UTC",
        status=SETTLED,
    ),
    Case("a printed date of no known zone", rb.UBIGI, "plan", [shows("2026-05-10", "2026-05-01 12:00", "UTC")], "2026-05-09 10:00", "UTC"),
    # Airalo: some packages start at installation; the profile is recycled when idle
    Case("Airalo from installation", rb.AIRALO_INSTALL, "plan", AIRALO_LATE, "2026-03-09 10:00", "UTC", status=ClockStatus.RUNNING),
    Case("Airalo from connection", rb.AIRALO, "plan", AIRALO_LATE, "2026-03-15 10:00", "UTC"),
    Case("Airalo never connected is recycled", rb.AIRALO, "profile", AIRALO_LATE[:3], "2026-05-30 10:00", "UTC"),
    Case("Airalo recycling restarts after the package", rb.AIRALO, "profile", AIRALO_LATE, "2026-06-13 10:00", "UTC"),
    # KKday: natural days in GMT+8 wherever one is
    Case(
        "KKday late evening in Paris",
        rb.KKDAY,
        "plan",
        [plan("5 days", "2026-03-01 12:00", PARIS), connects("2026-03-10 23:30", PARIS)],
        "2026-03-16 00:00",
        "UTC+08:00",
        safe="2026-03-14",
        person=PARIS,
    ),
    Case("KKday noon in Paris", rb.KKDAY, "plan", KKDAY_NOON, "2026-03-15 00:00", "UTC+08:00"),
    Case("KKday activate by", rb.KKDAY, "start_by", [bought("2026-01-01 20:00", "UTC")], "2026-04-02 00:00", "UTC+08:00"),
    Case(
        "KKday renewal waits although the data is gone",
        rb.KKDAY,
        "plan",
        [*KKDAY_NOON, plan("5 days", "2026-03-12 12:00", PARIS), spent("2026-03-13 12:00", PARIS)],
        "2026-03-20 00:00",
        "UTC+08:00",
    ),
    # GlocalMe: months in GMT-5 without summer time; Europe by 24 hours
    Case(
        "GlocalMe month from the 31st",
        rb.GLOCALME,
        "plan",
        [plan(None, "2026-01-30 10:00", "UTC-05:00"), on("2026-01-31 10:00", "UTC-05:00")],
        "2026-02-28 00:00",
        "UTC-05:00",
    ),
    Case(
        "GlocalMe in New York's summer",
        rb.GLOCALME,
        "plan",
        [plan(None, "2026-06-10 10:00", NEW_YORK), on("2026-06-15 12:00", NEW_YORK)],
        "2026-07-15 01:00",
        NEW_YORK,
    ),
    Case(
        "GlocalMe just after midnight in summer",
        rb.GLOCALME,
        "plan",
        [plan(None, "2026-06-10 10:00", NEW_YORK), on("2026-06-15 00:30", NEW_YORK)],
        "2026-07-14 00:00",
        "UTC-05:00",
    ),
    Case(
        "GlocalMe Europe, 30 times 24 hours",
        rb.GLOCALME_EUROPE,
        "plan",
        [plan(None, "2026-03-10 10:00", "Europe/Berlin"), on("2026-03-20 15:00", "Europe/Berlin")],
        "2026-04-19 16:00",
        "Europe/Berlin",
    ),
    # and the rest
    Case("Yesim from purchase", rb.YESIM, "plan", [plan("15 days", "2026-03-01 09:00", "UTC")], "2026-03-16 09:00", "UTC"),
    Case(
        "Club SIM re-extends from the purchase",
        rb.CLUBSIM,
        "data",
        [bought("2026-01-01 12:00", HONG_KONG), plan(None, "2026-02-01 12:00", HONG_KONG)],
        "2026-05-02 00:00",
        HONG_KONG,
    ),
    Case("SoSIM insert by", rb.SOSIM, "new", [bought("2026-01-01 12:00", HONG_KONG)], "2026-03-02 00:00", HONG_KONG),
    Case("CTM 180 days", rb.CTM, "validity", [on("2026-01-01 12:00", "Asia/Macau")], "2026-06-30 00:00", "Asia/Macau"),
]


def state_of(case: Case) -> ClockState:
    if case.now is not None:
        now = at(case.now, case.zone)
    else:
        last = max(event.at for event in case.events)
        now = datetime.fromtimestamp(last.timestamp() + (1 if case.clock == "plan" else 60), tz=last.tzinfo)
    states = clock_states(case.rule, case.events, now, ZoneInfo(case.person) if case.person else parse_zone(case.zone))
    return next(state for state in states if state.rule.id == case.clock)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_worked_case(case: Case) -> None:
    state = state_of(case)
    assert state.status is case.status
    assert state.due == (at(case.due, case.zone) if case.due else None)
    if case.safe is not None:
        assert state.latest_safe_day == date.fromisoformat(case.safe)
    if case.stage is not None:
        assert state.stage is not None
        assert state.stage.code is case.stage
    if case.rescue_until is not None:
        assert state.rescue_until == at(case.rescue_until, case.zone)
    if case.bound is not None:
        assert state.not_before == at(case.bound, case.zone)
    if case.missing is None:
        assert state.unknown is None
    else:
        assert state.unknown is not None
        assert (state.unknown.because, state.unknown.ask) == case.missing
    if case.owed is not None:
        assert state.owed == Money.of(*case.owed.split())
    for name, value in case.other.items():
        assert getattr(state, name) == value


@pytest.mark.parametrize(
    ("shipped", "name"),
    [
        ("giffgaff", "text in January"),
        ("asda_mobile", "ASDA barred"),
        ("asda_mobile", "ASDA revived in time"),
        ("ultra_mobile", "Ultra drifts over two years"),
        ("ultra_mobile", "Ultra suspended"),
        ("value_gb", "ValueGB resets"),
    ],
)
def test_the_shipped_file_gives_the_worked_date(shipped: str, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    test_worked_case(replace(case, rule=shipped_rules()[shipped], clock=shipped_rules()[shipped].clocks[0].id))


def test_there_are_enough_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60
